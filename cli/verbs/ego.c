/* guanxi ego: who is around a member. */
#include "cli/format.h"

static const gx_graph_keys graph = {
    .nodes = "members", .id = "user", .edges = "ties", .src = "src", .dst = "dst"};

static const gx_param params[] = {GX_PART_PARAM};

/* A picture needs positions. */
static gx_status prepare(gx_command *command, gx_error *err) {
    (void)err;
    if (!gx_form_of(command->format)->write && !gx_map_get(&command->given, "layout")) {
        gx_map_put(command->arena, &command->given, "layout", gx_bool(true));
    }
    return GX_OK;
}

const gx_verb gx_verb_ego = {
    .name = "ego",
    .group = "graph",
    .summary = "who is around a member, and their ties",
    .method = "graph.ego",
    .params = params,
    .param_count = GX_COUNT(params),
    .list = "members",
    .graph = &graph,
    .prepare = prepare,
    .examples = "  guanxi ego shop.gx u1204 --depth 2\n"
                "  guanxi ego shop.gx u1204 --depth 2 --format svg -o u1204.svg\n"
                "  guanxi ego shop.gx u1204 --format gexf -o u1204.gexf\n"
                "  guanxi ego shop.gx u1204 --format csv -o edges.csv\n",
};
