/* guanxi seeds: whom to begin with so that the most members are reached. */
#include "cli/verb.h"

#include <stdio.h>

static const char *const COLUMNS = "user_id,gain,cumulative";

/* ---- words on stderr ---------------------------------------------------------------------------
 */

/* "greedy 12.3, degree 12.1" of those that have the figure; "" where none has. */
static void list_methods(char *text, size_t room, const gx_value *methods, const char *figure) {
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; methods && i < methods->size && at + 60 < room; i++) {
        const gx_value *row = &methods->as.items[i], *name = gx_map_get(row, "method");
        const gx_value *number = gx_map_get(row, figure);
        if (number && number->type == GX_REAL) {
            at += (size_t)snprintf(text + at, room - at, "%s%.*s %.1f", at ? ", " : "",
                                   (int)name->size, name->as.text, number->as.real);
        }
    }
}

/* Spreads are all by the same sets or worlds; what was played is told as such. */
static void say_methods(const gx_command *command, const gx_value *result) {
    const gx_value *methods = gx_map_get(result, "methods");
    const gx_value *method = gx_map_get(result, "method");
    char spread[300], played[300];
    list_methods(spread, sizeof spread, methods, "spread");
    list_methods(played, sizeof played, methods, "played");
    gx_say(command, "chosen by %.*s (spread of each choice: %s%s%s)", (int)method->size,
           method->as.text, spread,
           played[0] ? "; too near each other to tell, so played in the same worlds: " : "",
           played);
}

static void say(const gx_command *command, const gx_value *result) {
    const gx_value *bound = gx_map_get(result, "bound");
    const gx_value *played = gx_map_get(result, "simulated");
    const gx_value *upper = bound ? gx_map_get(bound, "upper") : NULL;
    gx_say(command, "spread %.1f of %.0f members, by %s that judged the choice",
           gx_map_real(result, "spread"), gx_map_real(result, "members"),
           gx_map_real(result, "worlds") > 0 ? "worlds" : "sets");
    if (played && played->type == GX_MAP) {
        gx_say(command, "simulated %.1f%s in %.0f runs that had no part in the choice",
               gx_map_real(played, "mean"), gx_interval_text(command, played),
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
        "  guanxi seeds shop.gx -k 10 --include u12,u40 --by region --least Zhejiang=3 --fair 0.5\n"
        "  guanxi seeds edges.txt -k 50 --chances constant --p 0.01 --format json\n",
};
