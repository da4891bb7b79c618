/* guanxi tune: better values for a model's parameters, for a store, a server or a file. */
#include "cli/files.h"

static const gx_param params[] = {
    {"target", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "a store, a server, or a file of events"},
    {"train", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "the file of events, in place of a target"},
};

static gx_value entry(const gx_value *list, uint32_t i) {
    return list->as.items[i];
}

/* A row a trial, a column a parameter. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    const gx_value *trials = gx_map_get(result, "trials");
    const uint32_t count = trials && trials->type == GX_LIST ? trials->size : 0;
    gx_value list = gx_list(arena, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        const gx_value trial = entry(trials, i);
        gx_value row = gx_map(arena, 24);
        for (uint32_t k = 0; k < trial.size; k++) {
            const gx_pair *pair = &trial.as.pairs[k];
            for (uint32_t p = 0; pair->value.type == GX_MAP && p < pair->value.size; p++) {
                const gx_pair *value = &pair->value.as.pairs[p];
                gx_map_put_text(arena, &row, value->key, value->value);
            }
            if (pair->value.type != GX_MAP) {
                gx_map_put_text(arena, &row, pair->key, pair->value);
            }
        }
        gx_list_add(arena, &list, row);
    }
    return list;
}

static void say(const gx_command *command, const gx_value *result) {
    const gx_value *params_found = gx_map_get(result, "params");
    const gx_value *verdict = gx_map_get(result, "verdict"), *ended = gx_map_get(result, "ended");
    for (uint32_t m = 0; params_found && params_found->type == GX_MAP && m < params_found->size;
         m++) {
        const gx_pair *model = &params_found->as.pairs[m];
        for (uint32_t p = 0; model->value.type == GX_MAP && p < model->value.size; p++) {
            gx_buffer text = {0};
            const gx_pair *pair = &model->value.as.pairs[p];
            gx_json_write(&text, &pair->value, GX_JSON_COMPACT);
            gx_say(command, "%.*s.%.*s=%.*s", (int)model->key.size, model->key.as.text,
                   (int)pair->key.size, pair->key.as.text, (int)text.size,
                   (const char *)text.bytes);
            gx_buffer_finish(&text);
        }
    }
    if (ended && ended->type == GX_TEXT &&
        (gx_slice_is((gx_slice){ended->as.text, ended->size}, "cancelled") ||
         gx_slice_is((gx_slice){ended->as.text, ended->size}, "deadline"))) {
        gx_say(command, "stopped (%.*s): this is the best so far", (int)ended->size,
               ended->as.text);
    }
    if (verdict && verdict->type == GX_TEXT) {
        gx_say(command, "%.*s", (int)verdict->size, verdict->as.text);
    }
}

static gx_status read_train(gx_store *store, gx_command *command, gx_error *err) {
    return gx_file_read(store, command, gx_arg_word(&command->args, "train"), "events",
                        GX_TRAIN_ACTION, false, err);
}

/* What a throwaway store would keep is lost with it. */
static gx_status ask(gx_value *out, gx_command *command, gx_error *err) {
    gx_value args = gx_method_args(command, gx_method_find("model.tune"));
    const bool train = gx_arg_has(&command->args, "train");
    if (train || (!gx_is_address(command->target) && !gx_is_store(command->target))) {
        gx_map_put(command->arena, &args, "write", gx_bool(false));
    }
    return gx_ask(out, command, "model.tune", &args, err);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_value result;
    const bool train = gx_arg_has(&command->args, "train");
    if (!train && !command->target) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "tune needs a store, a server, a file of events, or --train FILE");
    }
    gx_status status =
        train ? gx_with_files(&result, command, read_train, ask, err) : ask(&result, command, err);
    if (status != GX_OK) {
        return status;
    }
    if (gx_map_get(&result, "steps")) {
        return gx_print(command, &result, "steps", NULL, false, err);
    }
    say(command, &result);
    if (command->format == GX_FORMAT_JSON) {
        return gx_print(command, &result, NULL, NULL, false, err);
    }
    const gx_value list = rows(command->arena, &result);
    return gx_print(command, &list, NULL, NULL, true, err);
}

/* "--output tuned.json" is to be read by --params: JSON, unless a format was asked for. */
static void choose_format(gx_command *command) {
    const char *path = gx_arg_word(&command->common, "output");
    const size_t size = path ? strlen(path) : 0;
    if (command->format == GX_FORMAT_TABLE && size > 5 && strcmp(path + size - 5, ".json") == 0) {
        command->format = GX_FORMAT_JSON;
    }
}

static gx_status prepare(gx_command *command, gx_error *err) {
    const char *target = gx_given_text(command, "target");
    const char *train = gx_given_text(command, "train");
    const gx_value *write = gx_map_get(&command->given, "write");
    if (target && train) {
        return gx_fail(err, GX_BAD_REQUEST, "accepted is either a target or --train FILE");
    }
    if (train && write && !gx_slice_is((gx_slice){write->as.text, write->size}, "false")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "write",
                          "%s is no store to keep anything in; -o FILE.json writes what was found",
                          train);
    }
    command->target = target;
    choose_format(command);
    return GX_OK;
}

const gx_verb gx_verb_tune = {
    .name = "tune",
    .group = "quality",
    .summary = "search a model's parameters on members held out, and keep what is better",
    .method = "model.tune",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET | GX_VERB_WRITES,
    .run = run,
    .prepare = prepare,
    .examples =
        "  guanxi tune shop.gx --model linear --budget 10m\n"
        "  guanxi tune shop.gx --model ials --estimate\n"
        "  guanxi tune shop.gx --model ials --parameters regularisation,unobserved --trials 20\n"
        "  guanxi tune shop.gx --model linear --params linear.neighbours=500 --metric recall@10\n"
        "  guanxi tune --preset lightgcn --train train.txt.gz --model linear -o tuned.json\n"
        "  guanxi eval --preset lightgcn --train train.txt.gz --test test.txt.gz --model linear "
        "--params tuned.json\n",
};
