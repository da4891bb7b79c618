/* guanxi roles: who plays which role, and why. */
#include "cli/format.h"

/* Of one member where there is one list only: the role in the shop, then those by community. */
static gx_value one_list(gx_arena *arena, const gx_value *result, const gx_value *circles) {
    gx_value list = gx_list(arena, circles->size + 1), made = gx_map(arena, 1);
    const gx_value *shop = gx_map_get(result, "roles");
    const gx_value *user = NULL;
    for (uint32_t i = 0; shop && shop->type == GX_LIST && i < shop->size; i++) {
        gx_value row = gx_map(arena, 8);
        gx_map_put(arena, &row, "of", gx_str("shop"));
        gx_row_add(arena, &row, &shop->as.items[i]);
        user = gx_map_get(&shop->as.items[i], "user");
        gx_list_add(arena, &list, row);
    }
    for (uint32_t i = 0; i < circles->size; i++) {
        gx_value row = gx_map(arena, 10);
        gx_map_put(arena, &row, "of", gx_str("community"));
        gx_map_put(arena, &row, "user", user ? *user : gx_nil());
        gx_row_add(arena, &row, &circles->as.items[i]);
        gx_list_add(arena, &list, row);
    }
    gx_map_put(arena, &made, "roles", list);
    return made;
}

static gx_status run(gx_command *command, gx_error *err) {
    const gx_method *method = gx_method_find(command->verb->method);
    const bool whole = command->format == GX_FORMAT_TABLE || command->format == GX_FORMAT_JSON;
    gx_value args = gx_method_args(command, method), result;
    const gx_status status = gx_ask(&result, command, method->name, &args, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_value *circles = gx_map_get(&result, "communities");
    if (whole || !circles || circles->type != GX_LIST) {
        return gx_print(command, &result, "roles", NULL, false, err);
    }
    gx_value one = one_list(command->arena, &result, circles);
    return gx_print(command, &one, "roles",
                    "user,of,community,home,size,followers,follows,role,rule,figures,fired", false,
                    err);
}

const gx_verb gx_verb_roles = {
    .name = "roles",
    .group = "graph",
    .summary = "the role each member plays, with the rule that fired and its numbers",
    .method = "graph.roles",
    .list = "roles",
    .run = run,
    .examples = "  guanxi roles shop.gx --counts\n  guanxi roles shop.gx --role bridge -n 10\n"
                "  guanxi roles shop.gx u12 --format json\n",
};
