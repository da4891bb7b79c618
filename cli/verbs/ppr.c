/* guanxi ppr: members near one member, by a random walk with restart. */
#include "cli/verb.h"

const gx_verb gx_verb_ppr = {
    .name = "ppr",
    .group = "graph",
    .summary = "members near one member, by a random walk with restart",
    .method = "graph.ppr",
    .list = "members",
    .columns = "user,score,short",
    .examples = "  guanxi ppr shop.gx u1204\n"
                "  guanxi ppr shop.gx u1204 -n 5 --alpha 0.3 --directed\n"
                "  guanxi ppr edges.txt 17 --preset snap --epsilon 1e-8 --format json\n",
};
