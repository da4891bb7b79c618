/* guanxi teams: who could buy an item together. */
#include "cli/verb.h"

/* "Wuhan 2, none 1" */
static gx_value mix(gx_arena *arena, const gx_value *list) {
    const char *text = NULL;
    for (uint32_t i = 0; list && list->type == GX_LIST && i < list->size; i++) {
        const gx_value *value = gx_map_get(&list->as.items[i], "value");
        const bool none = value->type != GX_TEXT;
        text = gx_arena_printf(arena, "%s%s%.*s %lld", text ? text : "", text ? ", " : "",
                               none ? 4 : (int)value->size, none ? "none" : value->as.text,
                               (long long)gx_map_get(&list->as.items[i], "members")->as.integer);
    }
    return text ? gx_str(text) : gx_nil();
}

static gx_value words(gx_arena *arena, const gx_value *result) {
    const gx_value *teams = gx_map_get(result, "teams");
    gx_value list = gx_list(arena, 32);
    for (uint32_t i = 0; teams && i < teams->size; i++) {
        gx_value row = gx_map(arena, 12);
        gx_row_add(arena, &row, &teams->as.items[i]);
        gx_map_put(arena, &row, "mix", mix(arena, gx_map_get(&row, "mix")));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static const char *const ids[] = {"taken", NULL};

const gx_verb gx_verb_teams = {
    .name = "teams",
    .group = "spread",
    .summary = "teams for a group buy of an item: willing members, close to each other",
    .method = "audience.teams",
    .list = "teams",
    .ids = ids,
    .say = gx_say_list,
    .words = words,
    .columns = "rank,members,value,willing,close,ties,mix,even",
    .examples = "  guanxi teams shop.gx sku-12 --size 3 -n 20\n"
                "  guanxi teams shop.gx sku-12 --size 5 --segment c-3 --close 0.8\n"
                "  guanxi teams shop.gx sku-12 --size 4 --balance-by gender\n"
                "  guanxi teams shop.gx sku-12 --segment c-3 --not-in g7,g9 --taken teams.csv\n"
                "  guanxi teams shop.gx sku-12 --pool 5000 -n 1000 --size 5 --estimate\n"
                "  guanxi teams shop.gx sku-12 --format json\n",
};
