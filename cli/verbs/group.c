/* guanxi group: one list for several members. */
#include "cli/verb.h"

/* A row an item. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 16);
    const gx_value *items = gx_map_get(result, "items");
    for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
        const gx_value *item = &items->as.items[i];
        gx_value row = gx_map(arena, 8);
        gx_row_copy(arena, &row, "rank", item, "rank");
        gx_row_copy(arena, &row, "item", item, "id");
        gx_row_copy(arena, &row, "title", item, "title");
        gx_row_copy(arena, &row, "score", item, "score");
        gx_row_copy(arena, &row, "average", item, "average");
        gx_row_copy(arena, &row, "least", item, "least");
        gx_row_copy(arena, &row, "rung", result, "rung");
        gx_row_copy(arena, &row, "why", item, "en");
        gx_row_rest(arena, &row, item, "id,en");
        gx_list_add(arena, &list, row);
    }
    return list;
}

const gx_verb gx_verb_group = {
    .name = "group",
    .group = "products",
    .summary = "one list for several members, a group or a circle",
    .method = "rec.group",
    .say = gx_say_group,
    .rows = rows,
    .columns = "rank,item,title,score,average,least,rung,why",
    .examples = "  guanxi group shop.gx u1204 u7 u31\n"
                "  guanxi group shop.gx --circle c-3 --how fair -n 10\n"
                "  guanxi group shop.gx --group g12 --how least_misery --format json\n",
};
