/* guanxi layout: in which order categories stand on a member's page. */
#include "cli/verb.h"

/* A row a category. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 16);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *all = gx_map_get(entry, "categories");
        for (uint32_t i = 0; all && all->type == GX_LIST && i < all->size; i++) {
            const gx_value *category = &all->as.items[i];
            gx_value row = gx_map(arena, 7);
            gx_row_copy(arena, &row, "user", entry, "user");
            gx_row_copy(arena, &row, "rank", category, "rank");
            gx_row_copy(arena, &row, "category", category, "category");
            gx_row_copy(arena, &row, "share", category, "share");
            gx_row_copy(arena, &row, "items", category, "items");
            gx_row_copy(arena, &row, "first", category, "first");
            gx_row_copy(arena, &row, "rung", entry, "rung");
            gx_row_rest(arena, &row, category, "");
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

/* Of a member with no category, who has no row. */
static void say(const gx_command *command, const gx_value *result) {
    if (result->type == GX_LIST && result->size > 0) {
        gx_say_notes(command, &result->as.items[0]); /* of the call: all have the same */
    }
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *user = gx_map_get(entry, "user");
        const gx_value *all = gx_map_get(entry, "categories"), *why = gx_map_get(entry, "short");
        if (user && all && all->size == 0 && why && why->type == GX_TEXT) {
            gx_say(command, "%.*s: %.*s", (int)user->size, user->as.text, (int)why->size,
                   why->as.text);
        }
    }
}

const gx_verb gx_verb_layout = {
    .name = "layout",
    .group = "products",
    .summary = "the order of categories for a member's page",
    .method = "rec.layout",
    .say = say,
    .rows = rows,
    .columns = "user,rank,category,share,items,first,rung",
    .examples = "  guanxi layout shop.gx u1204\n"
                "  guanxi layout shop.gx u1204 u7 --level 2 -n 5 --format json\n",
};
