/* guanxi stats: figures of the structure of a community. */
#include "cli/verb.h"

/* One row is easier read as lines of names and figures than as a table of twenty columns. */
static gx_status run(gx_command *command, gx_error *err) {
    gx_value result, args = gx_method_args(command, gx_method_find(command->verb->method));
    gx_status status = gx_ask(&result, command, command->verb->method, &args, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_value *rows = gx_map_get(&result, "stats");
    bool single =
        command->format == GX_FORMAT_TABLE && rows && rows->type == GX_LIST && rows->size == 1;
    return single ? gx_print(command, &rows->as.items[0], NULL, NULL, false, err)
                  : gx_print(command, &result, "stats", NULL, false, err);
}

const gx_verb gx_verb_stats = {
    .name = "stats",
    .group = "graph",
    .summary = "figures of the structure: the whole, each circle, and over time",
    .method = "graph.stats",
    .list = "stats",
    .run = run,
    .examples = "  guanxi stats shop.gx\n  guanxi stats shop.gx circles -n 10\n"
                "  guanxi stats shop.gx time --community c-17 --format csv\n",
};
