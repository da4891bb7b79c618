/* guanxi detractors: who speaks against items and is listened to. */
#include "cli/verb.h"

static gx_value words(gx_arena *arena, const gx_value *result) {
    const gx_value *list = gx_map_get(result, "members");
    return list ? *list : gx_list(arena, 0);
}

const gx_verb gx_verb_detractors = {
    .name = "detractors",
    .group = "spread",
    .summary = "members who speak against items and are listened to, and what it is about",
    .method = "audience.detractors",
    .list = "members",
    .words = words,
    .say = gx_say_list,
    .columns = "rank,user,priority,against,words,reach,listeners,buyers,about",
    .examples = "  guanxi detractors shop.gx -n 20\n"
                "  guanxi detractors shop.gx --since 2026-10-01 --where 'brand = \"Lantern\"'\n"
                "  guanxi detractors shop.gx --format json\n",
};
