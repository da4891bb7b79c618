/* guanxi detractors: who speaks against items and is listened to. */
#include "cli/verb.h"

static gx_value rows(gx_arena *arena, const gx_value *result) {
    const gx_value *members = gx_map_get(result, "members");
    gx_value list = gx_list(arena, 32);
    for (uint32_t i = 0; members && i < members->size; i++) {
        const gx_value *one = &members->as.items[i];
        static const char *const same[] = {"rank",  "user",  "priority",  "against",
                                           "words", "reach", "listeners", "buyers"};
        gx_value row = gx_map(arena, 9);
        for (size_t k = 0; k < GX_COUNT(same); k++) {
            gx_row_copy(arena, &row, same[k], one, same[k]);
        }
        gx_map_put(arena, &row, "about", gx_row_join(arena, gx_map_get(one, "about"), "id", " "));
        gx_list_add(arena, &list, row);
    }
    return list;
}

const gx_verb gx_verb_detractors = {
    .name = "detractors",
    .group = "spread",
    .summary = "members who speak against items and are listened to, and what it is about",
    .method = "audience.detractors",
    .list = "members",
    .rows = rows,
    .say = gx_say_list,
    .columns = "rank,user,priority,against,words,reach,listeners,buyers,about",
    .examples = "  guanxi detractors shop.gx -n 20\n"
                "  guanxi detractors shop.gx --since 2026-10-01 --where 'brand = \"Lantern\"'\n"
                "  guanxi detractors shop.gx --format json\n",
};
