/* guanxi similar: items like an item. */
#include "cli/verb.h"

/* A row a likeness. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 32);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *items = gx_map_get(entry, "items");
        for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
            const gx_value *item = &items->as.items[i];
            gx_value row = gx_map(arena, 8);
            gx_row_copy(arena, &row, "of", entry, "item");
            for (uint32_t k = 0; item->type == GX_MAP && k < item->size; k++) {
                gx_map_put_text(arena, &row, item->as.pairs[k].key, item->as.pairs[k].value);
            }
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

const gx_verb gx_verb_similar = {
    .name = "similar",
    .group = "products",
    .summary = "items like an item",
    .method = "rec.similar",
    .rows = rows,
    .columns = "of,id,title,score",
    .examples = "  guanxi similar shop.gx sku-12 -n 5\n",
};
