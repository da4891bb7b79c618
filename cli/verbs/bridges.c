/* guanxi bridges: who and what holds circles together. */
#include "cli/verb.h"

const gx_verb gx_verb_bridges = {
    .name = "bridges",
    .group = "graph",
    .summary = "members who span circles, pairs of circles, ties that hold the graph together",
    .method = "graph.bridges",
    .list = "bridges",
    .examples = "  guanxi bridges shop.gx -n 10\n  guanxi bridges shop.gx pairs --community c-17\n"
                "  guanxi bridges shop.gx ties --min-ties 5\n",
};
