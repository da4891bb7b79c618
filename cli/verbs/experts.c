/* guanxi experts: whom a member could ask. */
#include "cli/verb.h"

static gx_value rows(gx_arena *arena, const gx_value *result) {
    const gx_value *experts = gx_map_get(result, "experts");
    gx_value list = gx_list(arena, 8);
    for (uint32_t i = 0; experts && i < experts->size; i++) {
        const gx_value *one = &experts->as.items[i];
        gx_value row = gx_map(arena, 8);
        gx_row_copy(arena, &row, "rank", one, "rank");
        gx_row_copy(arena, &row, "user", one, "user");
        gx_row_copy(arena, &row, "authority", one, "authority");
        gx_row_copy(arena, &row, "trust", one, "trust");
        gx_row_copy(arena, &row, "steps", one, "steps");
        gx_row_copy(arena, &row, "score", one, "score");
        gx_row_copy(arena, &row, "why", gx_map_get(one, "why"), "en");
        gx_list_add(arena, &list, row);
    }
    return list;
}

static void say(const gx_command *command, const gx_value *result) {
    const gx_value *category = gx_map_get(result, "category");
    if (category && category->type == GX_TEXT) {
        gx_say(command, "about %.*s", (int)category->size, category->as.text);
    }
    gx_say_list(command, result);
}

const gx_verb gx_verb_experts = {
    .name = "experts",
    .group = "products",
    .summary = "whom a member could ask: the nearest trusted experts for a category or question",
    .method = "rec.experts",
    .list = "experts",
    .rows = rows,
    .say = say,
    .columns = "rank,user,authority,trust,steps,score,why",
    .examples = "  guanxi experts shop.gx u1204 --category tea\n"
                "  guanxi experts shop.gx u7 --question 'which oolong for a beginner?' -n 3\n"
                "  guanxi experts shop.gx u7 --question '哪款面膜适合敏感肌' --format json\n",
};
