/* guanxi path: how two members are connected. */
#include "cli/verb.h"

static void add_path(gx_arena *arena, gx_value *list, uint32_t number, const gx_value *path) {
    const gx_value *members = gx_map_get(path, "members"), *steps = gx_map_get(path, "steps");
    for (uint32_t i = 0; members && members->type == GX_LIST && i < members->size; i++) {
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "path", gx_int(number));
        gx_map_put(arena, &row, "step", gx_int(i));
        gx_map_put(arena, &row, "user", members->as.items[i]);
        if (i > 0 && steps && steps->type == GX_LIST && i <= steps->size) {
            const gx_value *step = &steps->as.items[i - 1];
            gx_row_copy(arena, &row, "strength", step, "strength");
            gx_map_put(arena, &row, "by",
                       gx_row_join(arena, gx_map_get(step, "ties"), "kind", " "));
        }
        gx_list_add(arena, list, row);
    }
}

/* A row a member of each path; a row that says so where there is none: in the last column, which is
 * not cut. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 8);
    const gx_value *paths = gx_map_get(result, "paths"), *says = gx_map_get(result, "says");
    for (uint32_t i = 0; paths && paths->type == GX_LIST && i < paths->size; i++) {
        add_path(arena, &list, i + 1, &paths->as.items[i]);
    }
    if (says && says->type == GX_TEXT) {
        gx_value row = gx_map(arena, 1);
        gx_map_put(arena, &row, "by", *says);
        gx_list_add(arena, &list, row);
    }
    return list;
}

const gx_verb gx_verb_path = {
    .name = "path",
    .group = "graph",
    .summary = "how two members are connected",
    .method = "graph.path",
    .rows = rows,
    .columns = "path,step,user,strength,by",
    .examples = "  guanxi path shop.gx u1204 u77\n"
                "  guanxi path shop.gx u1204 u77 --by strength\n"
                "  guanxi path shop.gx u1204 u77 -n 5 --directed --format json\n",
};
