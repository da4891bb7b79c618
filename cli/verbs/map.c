/* guanxi map: the circles as bubbles. */
#include "cli/verb.h"

static const gx_graph_keys graph = {
    .nodes = "circles", .id = "community", .edges = "links", .src = "src", .dst = "dst"};

const gx_verb gx_verb_map = {
    .name = "map",
    .group = "graph",
    .summary = "the circles as bubbles, and the ties between them",
    .method = "graph.map",
    .list = "circles",
    .graph = &graph,
    .examples = "  guanxi map shop.gx --format svg -o circles.svg\n"
                "  guanxi map shop.gx -n 10\n",
};
