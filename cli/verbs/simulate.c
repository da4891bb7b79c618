/* guanxi simulate: how far a campaign goes from given seeds. */
#include "cli/verb.h"

/* clang-format off */
static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "plans", GX_PARAM_UNCHECKED, NULL, "plans|steps|days|circles", 0,
     "in a table: each plan and their difference, or the first by step, day (with --delay) or circle"},
};
/* clang-format on */

/* A row a plan, and their difference; intervals in two columns. */
static gx_value plan_rows(gx_arena *arena, const gx_value *result) {
    static const char *const keys[] = {"reach", "against", "difference"};
    static const char *const names[] = {"plan", "against", "difference"};
    static const char *const same[] = {"seeds",  "raise", "mean", "error", "low",
                                       "median", "high",  "k",    "k_all", "per_seed"};
    gx_value list = gx_list(arena, GX_COUNT(keys));
    for (size_t i = 0; i < GX_COUNT(keys); i++) {
        const gx_value *from = gx_map_get(result, keys[i]);
        if (from && from->type == GX_MAP) {
            const gx_value *interval = gx_map_get(from, "interval");
            gx_value row = gx_map(arena, 14);
            gx_map_put(arena, &row, "plan", gx_str(names[i]));
            for (size_t k = 0; k < GX_COUNT(same); k++) {
                gx_row_copy(arena, &row, same[k], from, same[k]);
                if (k == 3 && interval && interval->size == 2) {
                    gx_map_put(arena, &row, "from", interval->as.items[0]);
                    gx_map_put(arena, &row, "to", interval->as.items[1]);
                }
            }
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

enum { WORTH_DIGITS = 10 };

static const char *what_is_reached(const gx_command *command) {
    const gx_value *given = &command->given;
    return gx_map_get(given, "weight") ? "that all are worth"
           : gx_map_get(given, "audience") || gx_map_get(given, "category")
               ? "members of the audience"
               : "members";
}

static void say(const gx_command *command, const gx_value *result) {
    gx_say_notes(command, result);
    const gx_value *reach = gx_map_get(result, "reach"), *more = gx_map_get(result, "difference");
    const gx_value *unknown = gx_map_get(result, "unknown");
    if (unknown && unknown->type == GX_LIST && unknown->size > 0) {
        const gx_value *first = &unknown->as.items[0];
        gx_say(command, "%u %s not in this store, the first is '%.*s'", unknown->size,
               gx_plural(unknown->size, "seed is", "seeds are"), (int)first->size, first->as.text);
    }
    const gx_value *departed = gx_map_get(result, "departed");
    if (departed && departed->type == GX_LIST && departed->size > 0) {
        const gx_value *first = &departed->as.items[0];
        gx_say(command, "%u %s departed, the first is '%.*s': %s nobody", departed->size,
               gx_plural(departed->size, "seed has", "seeds have"), (int)first->size,
               first->as.text, gx_plural(departed->size, "it reaches", "they reach"));
    }
    gx_say(command, "reaches %.1f of %.*g %s on average%s; one campaign %.0f to %.0f",
           gx_map_real(reach, "mean"), WORTH_DIGITS, gx_map_real(result, "worth"),
           what_is_reached(command), gx_interval_text(command, reach), gx_map_real(reach, "low"),
           gx_map_real(reach, "high"));
    if (gx_map_real(result, "delays_seen") > 0) {
        const gx_value *from = gx_map_get(result, "delay_from");
        const bool pass = from && gx_slice_is((gx_slice){from->as.text, from->size}, "influence");
        gx_say(command, "from one to the next it took %.1f days on average, %.0f times (%s)",
               gx_map_real(result, "delay_days"), gx_map_real(result, "delays_seen"),
               pass ? "as the pass influence learnt it" : "from shares to who came by them");
    }
    if (more && more->type == GX_MAP) {
        gx_say(command, "%+.1f%s over the other plan in the same worlds; more in %.0f%% of them",
               gx_map_real(more, "mean"), gx_interval_text(command, more),
               100 * gx_map_real(more, "more_in"));
    }
}

static gx_status run(gx_command *command, gx_error *err) {
    const gx_method *method = gx_method_find(command->verb->method);
    const char *show = gx_arg_word(&command->args, "show");
    gx_value args = gx_method_args(command, method), result, rows;
    gx_status status = GX_OK;
    const bool plans = strcmp(show, "plans") == 0;
    GX_TRY(gx_refuse_show(command, err));
    if (strcmp(show, "days") == 0 && !gx_map_get(&args, "delay")) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "delay",
                          "--show days needs --delay DAYS, or --delay learned"));
    }
    if (gx_map_get(&args, "days") && !gx_map_get(&args, "delay")) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "days", "--days goes with --delay"));
    }
    GX_TRY(gx_ids_from_files(&args, command, "seeds", err));
    GX_TRY(gx_ids_from_files(&args, command, "against", err));
    GX_TRY(gx_numbers_from_file(&args, command, "weight", err));
    GX_TRY(gx_ask(&result, command, method->name, &args, err));
    if (!gx_map_get(&result, "reach") || command->format == GX_FORMAT_JSON) {
        return gx_print(command, &result, NULL, NULL, false, err);
    }
    say(command, &result);
    if (strcmp(show, "circles") == 0) {
        gx_say_circles(command, &result);
    }
    rows = plans ? plan_rows(command->arena, &result) : *gx_map_get(&result, show);
    if (rows.type != GX_LIST) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "show",
                          "--show %s: there are no circles: run `guanxi build` first, or say --by",
                          show));
    }
    GX_TRY(gx_print(command, &rows, NULL, NULL, false, err));
done:
    return status;
}

const gx_verb gx_verb_simulate = {
    .name = "simulate",
    .group = "spread",
    .summary = "how far a campaign goes from given seeds, and what another plan changes",
    .method = "seed.simulate",
    .params = params,
    .param_count = GX_COUNT(params),
    .list = "steps",
    .run = run,
    .examples = "  guanxi simulate shop.gx u1204 u7 --show circles\n"
                "  guanxi simulate shop.gx seeds.csv --runs 10000 --format json\n"
                "  guanxi simulate shop.gx seeds.csv --against other.csv\n"
                "  guanxi simulate shop.gx seeds.csv --against-raise 2\n"
                "  guanxi simulate shop.gx seeds.csv --delay learned --show days\n"
                "  guanxi simulate shop.gx seeds.csv --weight worth.csv\n"
                "  guanxi simulate shop.gx u7 --chances constant --p 0.05 --audience c-17\n",
};
