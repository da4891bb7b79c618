/* guanxi guide: who should share what with whom. */
#include "cli/verb.h"

/* clang-format off */
static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "shares", GX_PARAM_UNCHECKED, NULL, "shares|audience", 0,
     "in a table: a row a share, or a row for each member it is for"},
};
/* clang-format on */

/* A share for each member it is for. */
static void add_members(gx_arena *arena, gx_value *list, const gx_value *share) {
    const gx_value *audience = gx_map_get(share, "audience");
    for (uint32_t k = 0; audience && k < audience->size; k++) {
        gx_value row = gx_map(arena, 8);
        gx_row_copy(arena, &row, "rank", share, "rank");
        gx_row_copy(arena, &row, "sharer", share, "sharer");
        gx_row_copy(arena, &row, "kind", share, "kind");
        gx_row_copy(arena, &row, "item", share, "item");
        gx_row_add(arena, &row, &audience->as.items[k]);
        gx_list_add(arena, list, row);
    }
}

/* For people: of those it is for, how many. */
static void count_members(gx_arena *arena, gx_value *list, const gx_value *share) {
    const gx_value *audience = gx_map_get(share, "audience");
    gx_value row = gx_map(arena, 12);
    gx_row_add(arena, &row, share);
    gx_map_put(arena, &row, "audience", gx_int(audience ? audience->size : 0));
    gx_list_add(arena, list, row);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_arena *arena = command->arena;
    const gx_method *method = gx_method_find(command->verb->method);
    gx_value args = gx_method_args(command, method), result, rows = gx_list(arena, 32);
    const bool members = gx_arg_is(&command->args, "show", "audience");
    gx_status status = GX_OK;
    GX_TRY(gx_refuse_show(command, err));
    GX_TRY(gx_ids_from_files(&args, command, "sharers", err));
    GX_TRY(gx_ask(&result, command, method->name, &args, err));
    if (gx_map_get(&result, "steps")) {
        return gx_print(command, &result, "steps", NULL, false, err);
    }
    gx_say_rate(command, &result);
    gx_say_list(command, &result);
    const gx_value *departed = gx_map_get(&result, "departed");
    if (departed && departed->size > 0) {
        const gx_value *first = &departed->as.items[0];
        gx_say(command, "%u sharers have departed, the first is '%.*s': they share nothing",
               departed->size, (int)first->size, first->as.text);
    }
    const gx_value *shares = gx_map_get(&result, "shares");
    for (uint32_t i = 0; shares && i < shares->size; i++) {
        const gx_value *share = &shares->as.items[i];
        if (members) {
            add_members(arena, &rows, share);
        } else if (command->format == GX_FORMAT_TABLE) {
            count_members(arena, &rows, share);
        } else {
            gx_list_add(arena, &rows, *share);
        }
    }
    if (command->format == GX_FORMAT_JSON) {
        return gx_print(command, &result, NULL, NULL, false, err);
    }
    GX_TRY(gx_print(command, &rows, NULL,
                    members ? "rank,sharer,item.id,user,p"
                            : "rank,sharer,kind,item.id,audience,expected,prompt.en,prompt.zh",
                    false, err));
done:
    return status;
}

const gx_verb gx_verb_guide = {
    .name = "guide",
    .group = "spread",
    .summary = "who should share what with whom, and what to say to them",
    .method = "audience.guide",
    .params = params,
    .param_count = GX_COUNT(params),
    .list = "shares",
    .run = run,
    .examples = "  guanxi guide shop.gx -n 20\n"
                "  guanxi guide shop.gx --where 'category = \"tea/*\"' --per-sharer 1\n"
                "  guanxi guide shop.gx u1204 u7 --show audience --format csv -o shares.csv\n"
                "  guanxi guide shop.gx --items sku-17,sku-40 --segment c-3 --chances constant --p 0.1\n",
};
