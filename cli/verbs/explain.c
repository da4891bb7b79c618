/* guanxi explain: why this item for this member, or why not. */
#include "cli/verb.h"

const gx_verb gx_verb_explain = {
    .name = "explain",
    .group = "products",
    .summary = "why an item is on a member's list, or why not",
    .method = "rec.explain",
    .examples = "  guanxi explain shop.gx u1204 sku-12\n",
};
