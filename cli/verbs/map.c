/* guanxi map: the circles as bubbles. */
#include "cli/format.h"

static const gx_graph_keys graph = {
    .nodes = "circles", .id = "community", .edges = "links", .src = "src", .dst = "dst"};

static const gx_param params[] = {GX_PART_PARAM};

const gx_verb gx_verb_map = {
    .name = "map",
    .group = "graph",
    .summary = "the circles as bubbles, and the ties between them",
    .method = "graph.map",
    .params = params,
    .param_count = GX_COUNT(params),
    .list = "circles",
    .graph = &graph,
    .examples = "  guanxi map shop.gx --format svg -o circles.svg\n"
                "  guanxi map shop.gx -n 10\n",
};
