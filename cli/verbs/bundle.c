/* guanxi bundle: what goes with an item or a cart. */
#include "cli/verb.h"

/* A row an item. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 16);
    const gx_value *items = gx_map_get(result, "items");
    for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
        const gx_value *item = &items->as.items[i];
        gx_value row = gx_map(arena, 5);
        gx_row_copy(arena, &row, "rank", item, "rank");
        gx_row_copy(arena, &row, "item", item, "id");
        gx_row_copy(arena, &row, "title", item, "title");
        gx_row_copy(arena, &row, "score", item, "score");
        gx_map_put(arena, &row, "why", gx_row_join(arena, gx_map_get(item, "why"), "en", "; "));
        gx_list_add(arena, &list, row);
    }
    return list;
}

const gx_verb gx_verb_bundle = {
    .name = "bundle",
    .group = "products",
    .summary = "what goes with an item or a cart",
    .method = "rec.bundle",
    .say = gx_say_list,
    .rows = rows,
    .columns = "rank,item,title,score,why",
    .examples = "  guanxi bundle shop.gx sku-12\n"
                "  guanxi bundle shop.gx sku-12 sku-40 --user u1204 --where 'price < 50' -n 5\n",
};
