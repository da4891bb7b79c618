/* guanxi ties: the ties of a member, strongest first. */
#include "cli/verb.h"

const gx_verb gx_verb_ties = {
    .name = "ties",
    .group = "graph",
    .summary = "the ties of a member, strongest first, each strong or weak",
    .method = "graph.ties",
    .list = "ties",
    .columns = "user,strength,strong,bridge,blocked,common,parts",
    .examples = "  guanxi ties shop.gx u1204\n"
                "  guanxi ties shop.gx --of u1204 --which strong\n"
                "  guanxi ties shop.gx u1204 weak --strong-share 0.1\n",
};
