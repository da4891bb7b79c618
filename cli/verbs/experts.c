/* guanxi experts: whom a member could ask. */
#include "cli/verb.h"

static gx_value words(gx_arena *arena, const gx_value *result) {
    const gx_value *list = gx_map_get(result, "experts");
    return list ? *list : gx_list(arena, 0);
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
    .words = words,
    .say = say,
    .columns = "rank,user,authority,trust,steps,score,why.en",
    .examples = "  guanxi experts shop.gx u1204 --category tea\n"
                "  guanxi experts shop.gx u7 --question 'which oolong for a beginner?' -n 3\n"
                "  guanxi experts shop.gx u7 --question '哪款面膜适合敏感肌' --format json\n",
};
