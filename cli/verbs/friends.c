/* guanxi friends: whom members could meet. */
#include "cli/verb.h"

/* A row a person, with reasons unless they were not asked for; one more where the list is short of
 * what was asked. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 32);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *people = gx_map_get(entry, "people");
        for (uint32_t i = 0; people && people->type == GX_LIST && i < people->size; i++) {
            const gx_value *person = &people->as.items[i], *why = gx_map_get(person, "why");
            gx_value row = gx_map(arena, 5);
            gx_row_copy(arena, &row, "user", entry, "user");
            gx_row_copy(arena, &row, "rank", person, "rank");
            gx_row_copy(arena, &row, "friend", person, "id");
            gx_row_copy(arena, &row, "score", person, "score");
            if (why) {
                gx_map_put(arena, &row, "why", gx_row_join(arena, why, "en", "; "));
            }
            gx_list_add(arena, &list, row);
        }
        const gx_value *missing = gx_map_get(entry, "short");
        if (missing && missing->type != GX_NIL) {
            gx_value row = gx_map(arena, 5);
            gx_row_copy(arena, &row, "user", entry, "user");
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
