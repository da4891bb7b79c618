/* guanxi ego: who is around a member. */
#include "cli/verb.h"

const gx_verb gx_verb_ego = {
    .name = "ego",
    .group = "graph",
    .summary = "who is around a member, and their ties",
    .method = "graph.ego",
    .list = "members",
    .examples = "  guanxi ego shop.gx u1204 --depth 2\n",
};
