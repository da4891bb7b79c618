/* guanxi reach: how many members are within k steps. */
#include "cli/verb.h"

const gx_verb gx_verb_reach = {
    .name = "reach",
    .group = "graph",
    .summary = "how many members are within so many steps of one",
    .method = "graph.reach",
    .list = "levels",
    .columns = "steps,members,within,share",
    .examples = "  guanxi reach shop.gx u1204 --steps 4\n"
                "  guanxi reach shop.gx u1204 --along strong\n",
};
