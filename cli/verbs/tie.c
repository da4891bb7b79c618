/* guanxi tie: how strong one tie is, and why. */
#include "cli/verb.h"

const gx_verb gx_verb_tie = {
    .name = "tie",
    .group = "graph",
    .summary = "how strong the tie of two members is, and what it is made of",
    .method = "graph.tie",
    .examples = "  guanxi tie shop.gx u1204 u77\n",
};
