/* guanxi similar: items like an item. */
#include "cli/verb.h"

const gx_verb gx_verb_similar = {
    .name = "similar",
    .group = "products",
    .summary = "items like an item",
    .method = "rec.similar",
    .examples = "  guanxi similar shop.gx sku-12 -n 5\n",
};
