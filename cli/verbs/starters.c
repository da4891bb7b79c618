/* guanxi starters: what to talk about in a group. */
#include "cli/verb.h"

/* A row a topic, an item, a piece of content. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    static const char *const lists[] = {"topics", "items", "content"};
    static const char *const kinds[] = {"topic", "item", "content"};
    gx_value out = gx_list(arena, 32);
    for (size_t l = 0; l < GX_COUNT(lists); l++) {
        const gx_value *list = gx_map_get(result, lists[l]);
        for (uint32_t i = 0; list && list->type == GX_LIST && i < list->size; i++) {
            const gx_value *one = &list->as.items[i];
            gx_value row = gx_map(arena, 6);
            gx_map_put(arena, &row, "kind", gx_str(kinds[l]));
            gx_row_copy(arena, &row, "id", one, l == 0 ? "category" : "id");
            gx_row_copy(arena, &row, "title", one, "title");
            gx_row_copy(arena, &row, "members", one, "n");
            gx_row_copy(arena, &row, "lift", one, "lift");
            gx_row_copy(arena, &row, "why", one, "en");
            gx_row_rest(arena, &row, one, l == 0 ? "category,n,en" : "n,en");
            gx_list_add(arena, &out, row);
        }
    }
    return out;
}

const gx_verb gx_verb_starters = {
    .name = "starters",
    .group = "products",
    .summary = "what to talk about in a group: topics, items and content it shares",
    .method = "rec.starters",
    .say = gx_say_group,
    .rows = rows,
    .columns = "kind,id,title,members,lift,why",
    .examples = "  guanxi starters shop.gx --circle c-3\n"
                "  guanxi starters shop.gx --group g12 --kind content -n 5\n",
};
