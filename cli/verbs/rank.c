/* guanxi rank: candidates of one's own in the order they suit a member. */
#include "cli/verb.h"

/* A row an item: those that are ranked, then those that are not, with what keeps them out. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_rows_of_items(arena, result);
    const gx_value *out = gx_map_get(result, "left_out");
    for (uint32_t i = 0; out && out->type == GX_LIST && i < out->size; i++) {
        const gx_value *item = &out->as.items[i], *why = gx_map_get(item, "why_not");
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "rank", gx_nil());
        gx_row_copy(arena, &row, "item", item, "id");
        gx_map_put(arena, &row, "title", gx_nil());
        gx_map_put(arena, &row, "score", gx_nil());
        gx_row_copy(arena, &row, "why", why, "rule");
        gx_list_add(arena, &list, row);
    }
    return list;
}

const gx_verb gx_verb_rank = {
    .name = "rank",
    .group = "products",
    .summary = "your own candidates in the order they suit a member",
    .method = "rec.rank",
    .say = gx_say_list,
    .rows = rows,
    .columns = "rank,item,title,score,why",
    .examples = "  guanxi rank shop.gx u1204 sku-12 sku-40 sku-7\n"
                "  guanxi rank shop.gx u1204 sku-12 sku-40 --seen none --format json\n",
};
