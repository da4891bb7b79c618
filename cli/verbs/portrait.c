/* guanxi portrait: what is known about a member. */
#include "cli/verb.h"

/* A row an interest, strongest first within its kind. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    static const char *const kinds[] = {"categories", "brands", "sellers", "tags"};
    const gx_value *interests = gx_map_get(result, "interests");
    gx_value list = gx_list(arena, 16);
    for (size_t k = 0; interests && k < GX_COUNT(kinds); k++) {
        const gx_value *of = gx_map_get(interests, kinds[k]);
        for (uint32_t i = 0; of && i < of->size; i++) {
            gx_value row = gx_map(arena, 5);
            gx_map_put(arena, &row, "kind", gx_str(kinds[k]));
            gx_row_copy(arena, &row, "value", &of->as.items[i], "value");
            gx_row_copy(arena, &row, "weight", &of->as.items[i], "weight");
            gx_row_copy(arena, &row, "items", &of->as.items[i], "items");
            gx_row_copy(arena, &row, "last", &of->as.items[i], "last");
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

const gx_verb gx_verb_portrait = {
    .name = "portrait",
    .group = "products",
    .summary = "what a member likes, pays and does when, and what moves them",
    .method = "user.portrait",
    .list = "interests",
    .columns = "kind,value,weight,items,last",
    .rows = rows,
    .examples = "  guanxi portrait shop.gx u1204\n"
                "  guanxi portrait shop.gx u1204 --utc-offset 480 --format json\n",
};
