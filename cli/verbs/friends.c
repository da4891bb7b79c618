/* guanxi friends: whom members could meet. */
#include "cli/verb.h"

static gx_value reasons(gx_arena *arena, const gx_value *why) {
    const char *text = "";
    for (uint32_t i = 0; why && why->type == GX_LIST && i < why->size; i++) {
        const gx_value *en = gx_map_get(&why->as.items[i], "en");
        if (en && en->type == GX_TEXT) {
            const char *longer = gx_arena_printf(arena, "%s%s%.*s", text, *text ? "; " : "",
                                                 (int)en->size, en->as.text);
            text = longer ? longer : text;
        }
    }
    return gx_str(text);
}

static void copy(gx_arena *arena, gx_value *row, const char *as, const gx_value *from,
                 const char *key) {
    const gx_value *value = gx_map_get(from, key);
    gx_map_put(arena, row, as, value ? *value : gx_nil());
}

/* A row a person, with reasons unless they were not asked for; one more where the list is short of
 * what was asked. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 32);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *people = gx_map_get(entry, "people");
        for (uint32_t i = 0; people && people->type == GX_LIST && i < people->size; i++) {
            gx_value row = gx_map(arena, 5);
            copy(arena, &row, "user", entry, "user");
            copy(arena, &row, "rank", &people->as.items[i], "rank");
            copy(arena, &row, "friend", &people->as.items[i], "id");
            copy(arena, &row, "score", &people->as.items[i], "score");
            if (gx_map_get(&people->as.items[i], "why")) {
                gx_map_put(arena, &row, "why",
                           reasons(arena, gx_map_get(&people->as.items[i], "why")));
            }
            gx_list_add(arena, &list, row);
        }
        const gx_value *missing = gx_map_get(entry, "short");
        if (missing && missing->type != GX_NIL) {
            gx_value row = gx_map(arena, 5);
            copy(arena, &row, "user", entry, "user");
            gx_map_put(arena, &row, "rank", gx_nil());
            gx_map_put(arena, &row, "friend", gx_nil());
            gx_map_put(arena, &row, "score", gx_nil());
            gx_map_put(arena, &row, "why", *missing);
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

const gx_verb gx_verb_friends = {
    .name = "friends",
    .group = "graph",
    .summary = "whom members could meet, each with reasons",
    .method = "rec.friends",
    .rows = rows,
    .examples = "  guanxi friends shop.gx u1204\n"
                "  guanxi friends shop.gx u1204 --mode cross-circle -n 5\n"
                "  guanxi friends shop.gx u1204 --mode expert --category tea\n",
};
