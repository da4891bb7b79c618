/* guanxi bundle: what goes with an item or a cart. */
#include "cli/verb.h"

const gx_verb gx_verb_bundle = {
    .name = "bundle",
    .group = "products",
    .summary = "what goes with an item or a cart",
    .method = "rec.bundle",
    .say = gx_say_list,
    .rows = gx_rows_of_items,
    .columns = "rank,item,title,score,why",
    .examples = "  guanxi bundle shop.gx sku-12\n"
                "  guanxi bundle shop.gx sku-12 sku-40 --user u1204 --where 'price < 50' -n 5\n",
};
