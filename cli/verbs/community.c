/* guanxi community: the card of one circle. */
#include "cli/verb.h"

const gx_verb gx_verb_community = {
    .name = "community",
    .group = "graph",
    .summary = "the profile of one circle: size, density, leaders, top items",
    .method = "graph.community",
    .examples = "  guanxi community shop.gx c-17\n  guanxi community shop.gx --user u1204\n",
};
