/* guanxi cascade: how things spread, and who came by whom. */
#include "cli/format.h"

/* clang-format off */
static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "stats", GX_PARAM_UNCHECKED, NULL,
     "stats|members|trees|generations|nodes|predict", GX_PARAM_POSITIONAL,
     "each item or campaign; what each member brought; trees; generations; who came by whom; what was to be expected, by generation"},
    {"order", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL,
     "brought|members|largest|depth|k|virality|revenue", 0, "stats: the largest first, by (brought)"},
    {"min_size", GX_PARAM_INT, NULL, 1, 1e9, "members", NULL, 0,
     "stats: leave out what fewer members joined (2)"},
    {"runs", GX_PARAM_INT, NULL, 2, 1e6, "runs", NULL, 0, "predict: how often it is played (1000)"},
    {"within", GX_PARAM_REAL, NULL, 0.01, 0.999, NULL, NULL, 0,
     "predict: one campaign ends between low and high with this chance (0.9)"},
};
/* clang-format on */

static gx_status reject(const gx_command *command, const char *flag, const char *takes,
                        gx_error *err) {
    char name[40];
    if (!gx_given_text(command, flag)) {
        return GX_OK;
    }
    gx_flag_name(name, sizeof name, flag);
    return gx_fail_at(err, GX_BAD_REQUEST, flag, "--%s goes with `guanxi cascade STORE %s` alone",
                      name, takes);
}

static void tell_times(gx_arena *arena, gx_value *row) {
    static const char *const times[] = {"first", "last", "ts"};
    for (size_t i = 0; i < GX_COUNT(times); i++) {
        gx_row_time(arena, row, times[i]);
    }
}

static void tell_all_times(gx_arena *arena, gx_value *result, const char *list) {
    const gx_value *all = gx_map_get(result, list);
    gx_value rows = gx_list(arena, 32);
    for (uint32_t i = 0; all && all->type == GX_LIST && i < all->size; i++) {
        gx_value row = all->as.items[i];
        tell_times(arena, &row);
        gx_list_add(arena, &rows, row);
    }
    gx_map_put(arena, result, list, rows);
    gx_row_time(arena, result, "began");
    const gx_value *total = gx_map_get(result, "total");
    if (total) {
        gx_value row = *total;
        tell_times(arena, &row);
        gx_map_put(arena, result, "total", row);
    }
}

static int64_t number(const gx_value *map, const char *key) {
    const gx_value *value = map ? gx_map_get(map, key) : NULL;
    return value && value->type == GX_INT ? value->as.integer : 0;
}

static void say_prediction(const gx_command *command, const gx_value *result) {
    const gx_value *p = gx_map_get(result, "predicted");
    const gx_value *low = gx_map_get(p, "low");
    char within[80] = "";
    if (low && low->type != GX_NIL) {
        snprintf(within, sizeof within, ", of one campaign %.0f to %.0f", gx_map_real(p, "low"),
                 gx_map_real(p, "high"));
    }
    gx_say(command, "%lld began it and brought %lld; expected were %.1f%s",
           (long long)number(result, "roots"), (long long)number(result, "brought"),
           gx_map_real(p, "mean"), within);
    gx_say_list(command, result);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_value result;
    gx_status status;
    const bool stats = gx_arg_is(&command->args, "show", "stats");
    const bool predict = gx_arg_is(&command->args, "show", "predict");
    const char *name = predict ? "cascade.predict" : stats ? "cascade.stats" : "cascade.report";
    const char *list = predict ? "generations" : stats ? "cascades" : "rows";
    gx_value args = gx_method_args(command, gx_method_find(name));
    if (!predict) {
        GX_TRY(reject(command, "runs", "predict", err));
        GX_TRY(reject(command, "within", "predict", err));
    }
    if (predict) {
        GX_TRY(reject(command, "decimals", "stats (or members, trees, generations, nodes)", err));
    }
    if (stats || predict) {
        GX_TRY(reject(command, "user", "members (or trees, generations, nodes)", err));
    }
    if (!stats) {
        GX_TRY(reject(command, "order", "stats", err));
        GX_TRY(reject(command, "min_size", "stats", err));
    }
    GX_TRY(gx_ask(&result, command, name, &args, err));
    if (gx_form_of(command->format)->flat) {
        tell_all_times(command->arena, &result, list);
    }
    GX_TRY(gx_print(command, &result, list, NULL, false, err));
    gx_say_odd(command, gx_map_get(&result, "told"));
    if (predict) {
        say_prediction(command, &result);
    }
done:
    return status;
}

const gx_verb gx_verb_cascade = {
    .name = "cascade",
    .group = "spread",
    .summary = "how items, campaigns and invites spread from member to member",
    .method = "cascade.report",
    .params = params,
    .param_count = GX_COUNT(params),
    .run = run,
    .examples = "  guanxi cascade shop.gx --order k -n 10\n"
                "  guanxi cascade shop.gx generations --campaign tea-spring --by campaign\n"
                "  guanxi cascade shop.gx members --by invite --format csv\n"
                "  guanxi cascade shop.gx nodes --item sku-12 --user u1204\n"
                "  guanxi cascade shop.gx predict --item sku-12 --since 2026-03-01\n",
};
