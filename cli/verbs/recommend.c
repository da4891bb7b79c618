/* guanxi recommend: each member's list, with reasons. */
#include "cli/verb.h"

const gx_verb gx_verb_recommend = {
    .name = "recommend",
    .group = "products",
    .summary = "products for members, each with its reasons",
    .method = "rec.user",
    .examples =
        "  guanxi recommend shop.gx u1204 -n 10\n"
        "  guanxi recommend shop.gx u1204 u7 --where 'price < 200 and stock > 0' --format json\n"
        "  guanxi recommend shop.gx u1204 --channels friends=1 --channels interest=0\n",
};
