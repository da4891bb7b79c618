/* guanxi recommend: each member's list, with reasons. */
#include "cli/verb.h"

static void copy(gx_arena *arena, gx_value *row, const char *as, const gx_value *from,
                 const char *key) {
    const gx_value *value = gx_map_get(from, key);
    gx_map_put(arena, row, as, value ? *value : gx_nil());
}

/* The reasons in one cell, the weightiest first. */
static gx_value reasons(gx_arena *arena, const gx_value *item) {
    const gx_value *why = gx_map_get(item, "why");
    const char *text = "";
    bool used[16] = {false};
    uint32_t count = why && why->type == GX_LIST && why->size < 16 ? why->size : 0;
    for (uint32_t k = 0; k < count; k++) {
        double most = -1, share = 0;
        uint32_t best = 0;
        for (uint32_t i = 0; i < count; i++) {
            const gx_value *value = gx_map_get(&why->as.items[i], "share");
            if (!used[i] && value && gx_value_as_real(value, &share) && share > most) {
                most = share;
                best = i;
            }
        }
        used[best] = true;
        const gx_value *en = gx_map_get(&why->as.items[best], "en");
        if (en && en->type == GX_TEXT) {
            const char *longer = gx_arena_printf(arena, "%s%s%.*s", text, *text ? "; " : "",
                                                 (int)en->size, en->as.text);
            text = longer ? longer : text;
        }
    }
    return gx_str(text);
}

/* A row an item: what an operator reads. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 32);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *items = gx_map_get(entry, "items");
        for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
            const gx_value *item = &items->as.items[i];
            gx_value row = gx_map(arena, 8);
            copy(arena, &row, "user", entry, "user");
            copy(arena, &row, "rank", item, "rank");
            copy(arena, &row, "item", item, "id");
            if (gx_map_get(item, "title")) {
                copy(arena, &row, "title", item, "title");
            }
            copy(arena, &row, "score", item, "score");
            copy(arena, &row, "rung", entry, "rung");
            gx_map_put(arena, &row, "why", reasons(arena, item));
            gx_list_add(arena, &list, row);
        }
        const gx_value *missing = gx_map_get(entry, "short"); /* why the list is no longer */
        if (missing && missing->type != GX_NIL) {
            gx_value row = gx_map(arena, 4);
            copy(arena, &row, "user", entry, "user");
            copy(arena, &row, "rung", entry, "rung");
            gx_map_put(arena, &row, "why", *missing);
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

const gx_verb gx_verb_recommend = {
    .name = "recommend",
    .group = "products",
    .summary = "products for members, each with its reasons",
    .method = "rec.user",
    .rows = rows,
    .columns = "user,rank,item,title,score,rung,why",
    .examples =
        "  guanxi recommend shop.gx u1204 -n 10\n"
        "  guanxi recommend shop.gx u1204 u7 --where 'price < 200 and stock > 0' --format json\n"
        "  guanxi recommend shop.gx u1204 --channels friends=1 --channels interest=0\n",
};
