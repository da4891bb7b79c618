/* exp.define: an experiment, or a change of one. What is not given stays as it is; what would move
 * members between arms is refused unless it is said to be meant. */
#include "api/eval/experiment.h"

#include <math.h>
#include <stdio.h>

/* clang-format off */
static const gx_param params[] = {
    {"name", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "what it is called"},
    {"arms", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "NAME or NAME:WEIGHT of two arms to 16, the control first (control,treatment)"},
    {"holdout", GX_PARAM_REAL, NULL, 0, 0.9, NULL, NULL, 0,
     "share of the members kept out of every arm (0)"},
    {"salt", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of the hash; experiments of one salt put members alike (the name)"},
    {"action", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0, "what counts (purchases)"},
    {"start", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "from when it runs (now)"},
    {"end", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "until when (open)"},
    {"note", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "what it is about"},
    {"replace", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "change arms, weights, holdout or salt of one that is there: members move between arms"},
    {"remove", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "take it out"},
};
/* clang-format on */

/* ---- arms -------------------------------------------------------------------------------------
 */

static gx_status bad_arm(gx_slice given, gx_error *err) {
    char shown[80];
    return gx_fail_at(err, GX_BAD_REQUEST, "arms",
                      "arms: %s was given; accepted are 2 to %d of NAME or NAME:WEIGHT, each name "
                      "once, of at most %d bytes and not holdout, each weight above 0",
                      gx_quote(shown, sizeof shown, given.data, given.size), GX_ARMS_MAX,
                      GX_ARM_BYTES_MAX);
}

static gx_status add_arm(gx_experiment *e, gx_arena *arena, gx_slice name, double weight,
                         gx_slice given, gx_error *err) {
    bool good = name.size > 0 && name.size <= GX_ARM_BYTES_MAX && e->arms < GX_ARMS_MAX &&
                weight > 0 && weight <= 1e9 && !gx_slice_is(name, "holdout") &&
                gx_utf8_is_valid(name.data, name.size);
    for (uint32_t a = 0; a < e->arms; a++) {
        good = good && !gx_slice_is(name, e->arm[a]);
    }
    if (!good) {
        return bad_arm(given, err);
    }
    e->arm[e->arms] = gx_arena_printf(arena, "%.*s", (int)name.size, name.data);
    e->weight[e->arms++] = weight;
    return e->arm[e->arms - 1] ? GX_OK : gx_fail_memory(err, name.size);
}

/* "linear:2" */
static gx_status add_text(gx_experiment *e, gx_arena *arena, gx_slice text, gx_error *err) {
    const char *colon = memrchr(text.data, ':', text.size);
    const size_t size = colon ? (size_t)(colon - text.data) : text.size;
    double weight = 1;
    if (colon && !gx_parse_real((gx_slice){colon + 1, text.size - size - 1}, &weight)) {
        return bad_arm(text, err);
    }
    return add_arm(e, arena, (gx_slice){text.data, size}, weight, text, err);
}

static gx_status add_texts(gx_experiment *e, gx_arena *arena, gx_slice text, gx_error *err) {
    gx_status status = GX_OK;
    const char *at = text.data, *end = text.data + text.size;
    while (status == GX_OK && at <= end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        status = add_text(e, arena, (gx_slice){at, (size_t)(stop - at)}, err);
        at = stop + 1;
    }
    return status;
}

static gx_status read_arms(gx_experiment *e, gx_arena *arena, const gx_value *given,
                           gx_error *err) {
    gx_status status = GX_OK;
    e->arms = 0;
    if (given->type == GX_TEXT) {
        status = add_texts(e, arena, (gx_slice){given->as.text, given->size}, err);
    } else if (given->type != GX_LIST && given->type != GX_MAP) {
        status = bad_arm(gx_slice_of(gx_type_name(given->type)), err);
    }
    for (uint32_t i = 0; given->type == GX_LIST && status == GX_OK && i < given->size; i++) {
        const gx_value *one = &given->as.items[i];
        status = one->type == GX_TEXT
                     ? add_texts(e, arena, (gx_slice){one->as.text, one->size}, err)
                     : bad_arm(gx_slice_of(gx_type_name(one->type)), err);
    }
    for (uint32_t i = 0; given->type == GX_MAP && status == GX_OK && i < given->size; i++) {
        const gx_pair *pair = &given->as.pairs[i];
        const gx_slice name = {pair->key.as.text, pair->key.size};
        double weight = 0;
        status = gx_value_as_real(&pair->value, &weight)
                     ? add_arm(e, arena, name, weight, name, err)
                     : bad_arm(name, err);
    }
    return status == GX_OK && e->arms < 2 ? bad_arm(gx_slice_of("one arm"), err) : status;
}

/* ---- the definition ---------------------------------------------------------------------------
 */

static bool same_arms(const gx_experiment *a, const gx_experiment *b) {
    bool same = a->arms == b->arms && a->holdout == b->holdout && strcmp(a->salt, b->salt) == 0;
    for (uint32_t k = 0; same && k < a->arms; k++) {
        same = strcmp(a->arm[k], b->arm[k]) == 0 && a->weight[k] == b->weight[k];
    }
    return same;
}

static const char *text_arg(gx_call_env *call, const char *name, const char *otherwise) {
    const gx_slice text = gx_arg_text(call->args, name);
    return text.size ? gx_arena_printf(call->arena, "%.*s", (int)text.size, text.data) : otherwise;
}

static gx_status take_args(gx_experiment *e, gx_call_env *call, gx_error *err) {
    const gx_args *args = call->args;
    gx_status status = GX_OK;
    if (gx_arg_has(args, "arms")) {
        status = read_arms(e, call->arena, gx_arg_value(args, "arms"), err);
    }
    e->holdout = gx_arg_has(args, "holdout") ? gx_arg_real(args, "holdout") : e->holdout;
    e->salt = text_arg(call, "salt", e->salt);
    e->note = text_arg(call, "note", e->note);
    e->actions = gx_arg_has(args, "action") ? *gx_arg_value(args, "action") : e->actions;
    e->start_ms = gx_arg_has(args, "start") ? gx_arg_int(args, "start") : e->start_ms;
    e->end_ms = gx_arg_has(args, "end") ? gx_arg_int(args, "end") : e->end_ms;
    return status == GX_OK ? gx_times_in_order(args, "start", e->start_ms, "end", e->end_ms, err)
                           : status;
}

static gx_status check_name(gx_slice name, gx_error *err) {
    if (name.size > 0 && name.size <= GX_EXPERIMENT_BYTES_MAX &&
        !memchr(name.data, ':', name.size) && gx_utf8_is_valid(name.data, name.size)) {
        return GX_OK;
    }
    char shown[80];
    return gx_fail_at(err, GX_BAD_REQUEST, "name",
                      "name: %s was given; accepted are 1 to %d bytes without a colon",
                      gx_quote(shown, sizeof shown, name.data, name.size), GX_EXPERIMENT_BYTES_MAX);
}

static gx_status define(gx_experiment *out, gx_call_env *call, gx_slice name, bool exists,
                        gx_error *err) {
    const char *text = gx_arena_printf(call->arena, "%.*s", (int)name.size, name.data);
    gx_experiment before = *out;
    const int64_t now = gx_time_ms();
    if (!text) {
        return gx_fail_memory(err, name.size);
    }
    if (!exists) {
        *out = (gx_experiment){.name = text,
                               .salt = text,
                               .arm = {"control", "treatment"},
                               .weight = {1, 1},
                               .arms = 2,
                               .actions = gx_nil(),
                               .start_ms = now,
                               .end_ms = INT64_MAX,
                               .created_ms = now};
    }
    gx_status status = take_args(out, call, err);
    if (status == GX_OK && exists && !same_arms(&before, out) &&
        !gx_arg_bool(call->args, "replace")) {
        status = gx_fail_at(err, GX_CONFLICT, "name",
                            "experiment %s is there with other arms, weights, holdout or salt: to "
                            "change them moves members between arms; give it another name, or "
                            "replace",
                            text);
    }
    return status;
}

/* `all` without the name. */
static gx_value without(gx_arena *arena, const gx_value *all, gx_slice name) {
    gx_value map = gx_map(arena, all->size);
    for (uint32_t i = 0; i < all->size; i++) {
        const gx_pair *pair = &all->as.pairs[i];
        if (!gx_slice_equal((gx_slice){pair->key.as.text, pair->key.size}, name)) {
            gx_map_add(arena, &map, pair->key, pair->value);
        }
    }
    return map;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    const gx_slice name = gx_arg_text(call->args, "name");
    const bool remove = gx_arg_bool(call->args, "remove");
    gx_experiment e = {0};
    gx_value all, kept = gx_nil(), known, notes = gx_nil();
    gx_status status;
    GX_TRY(gx_experiments_read(&all, call->txn, arena, err));
    const bool exists = without(arena, &all, name).size < all.size;
    if (!exists && !remove) {
        GX_TRY(check_name(name, err));
    }
    if (exists || remove) {
        GX_TRY(gx_experiment_find(&e, call->txn, arena, "name", name, err));
    }
    if (remove) {
        all = without(arena, &all, name);
    } else {
        GX_TRY(define(&e, call, name, exists, err));
        GX_TRY(gx_experiment_actions(&known, &notes, &e, call->txn, arena, err));
        kept = gx_experiment_value(arena, &e);
        gx_map_put(arena, &all, e.name, kept);
    }
    GX_TRY(gx_setting_put(call->txn, "experiments", &all, err));
    *out = gx_map(arena, 12);
    gx_map_put(arena, out, "experiment", gx_text_copy(arena, name.data, name.size));
    gx_map_put(arena, out, "state", gx_str(remove ? "removed" : exists ? "changed" : "defined"));
    for (uint32_t i = 0; kept.type == GX_MAP && i < kept.size; i++) {
        gx_map_put_text(arena, out, kept.as.pairs[i].key, kept.as.pairs[i].value);
    }
    if (notes.type == GX_LIST && notes.size > 0) {
        gx_map_put(arena, out, "notes", notes);
    }
done:
    return status;
}

const gx_method gx_method_exp_define = {
    .name = "exp.define",
    .summary = "an experiment: its arms, holdout and times; what is not given stays",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{experiment, state, arms: [{arm, weight}], holdout, salt, action, start, end, "
              "created, note, notes?: [text]}",
    .run = run,
};
