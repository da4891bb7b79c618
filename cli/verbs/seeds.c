/* guanxi seeds: whom to begin with so that the most members are reached. */
#include "cli/verb.h"

#include <stdio.h>

static const char *const COLUMNS = "user_id,gain,cumulative";

/* ---- words on stderr ---------------------------------------------------------------------------
 */

static void say_methods(const gx_command *command, const gx_value *result) {
    const gx_value *methods = gx_map_get(result, "methods");
    const gx_value *method = gx_map_get(result, "method");
    char text[300] = "";
    size_t at = 0;
    for (uint32_t i = 0; methods && i < methods->size && at + 60 < sizeof text; i++) {
        const gx_value *row = &methods->as.items[i], *name = gx_map_get(row, "method");
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s %.1f", i ? ", " : "",
                               (int)name->size, name->as.text, gx_map_real(row, "spread"));
    }
    gx_say(command, "chosen by %.*s (%s)", (int)method->size, method->as.text, text);
}

static void say(const gx_command *command, const gx_value *result) {
    const gx_value *bound = gx_map_get(result, "bound");
    const gx_value *played = gx_map_get(result, "simulated");
    const gx_value *upper = bound ? gx_map_get(bound, "upper") : NULL;
    gx_say(command, "spread %.1f of %.0f members", gx_map_real(result, "spread"),
           gx_map_real(result, "members"));
    if (played && played->type == GX_MAP) {
        gx_say(command, "simulated %.1f ± %.1f in %.0f runs of its own",
               gx_map_real(played, "mean"), 1.96 * gx_map_real(played, "error"),
               gx_map_real(played, "runs"));
    }
    if (upper && upper->type != GX_NIL) {
        gx_say(command, "certified: at least %.1f, no choice more than %.1f, ratio %.3f",
               gx_map_real(bound, "lower"), gx_map_real(bound, "upper"),
               gx_map_real(bound, "ratio"));
    }
    say_methods(command, result);
    gx_say_list(command, result);
}

static gx_status run(gx_command *command, gx_error *err) {
    static const char *const numbers[] = {"cost", "weight"}, *const ids[] = {"include", "exclude"};
    gx_status status = GX_OK;
    gx_value result;
    gx_value args = gx_method_args(command, gx_method_find(command->verb->method));
    for (size_t i = 0; i < 2; i++) {
        GX_TRY(gx_numbers_from_file(&args, command, numbers[i], err));
        GX_TRY(gx_ids_from_files(&args, command, ids[i], err));
    }
    GX_TRY(gx_ask(&result, command, command->verb->method, &args, err));
    if (gx_map_get(&result, "steps")) {
        return gx_print(command, &result, "steps", NULL, false, err);
    }
    if (command->format != GX_FORMAT_JSON && command->format != GX_FORMAT_TABLE) {
        say(command, &result); /* those two tell it all */
    }
    GX_TRY(gx_print(command, &result, "seeds", command->format == GX_FORMAT_CSV ? COLUMNS : NULL,
                    false, err));
done:
    return status;
}

const gx_verb gx_verb_seeds = {
    .name = "seeds",
    .group = "spread",
    .summary = "whom to begin with so that the most members are reached",
    .method = "seed.select",
    .list = "seeds",
    .run = run,
    .examples =
        "  guanxi seeds shop.gx -k 20\n"
        "  guanxi seeds edges.txt -k 50 --preset snap --undirected --format csv -o seeds.csv\n"
        "  guanxi seeds shop.gx -k 20 --most-each 2 --exclude staff.txt --min-activity 5\n"
        "  guanxi seeds shop.gx --budget 500 --cost fees.csv --category skincare\n"
        "  guanxi seeds shop.gx -k 10 --include u12,u40 --by region --least north=3 --fair 0.5\n"
        "  guanxi seeds edges.txt -k 50 --chances constant --p 0.01 --format json\n",
};
