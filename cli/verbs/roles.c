/* guanxi roles: who plays which role, and why. */
#include "cli/verb.h"

const gx_verb gx_verb_roles = {
    .name = "roles",
    .group = "graph",
    .summary = "the role each member plays, with the rule that fired and its numbers",
    .method = "graph.roles",
    .list = "roles",
    .examples = "  guanxi roles shop.gx --counts\n  guanxi roles shop.gx --role bridge -n 10\n"
                "  guanxi roles shop.gx u12 --format json\n",
};
