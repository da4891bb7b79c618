/* guanxi friends: whom members could meet. */
#include "cli/format.h"

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

/* Of many members those whom the store does not know say so in their row; where it knows none, that
 * is the answer. */
static gx_status run(gx_command *command, gx_error *err) {
    gx_value answer;
    const gx_value *unknown = NULL;
    gx_value args = gx_method_args(command, gx_method_find(command->verb->method));
    gx_status status = gx_ask(&answer, command, command->verb->method, &args, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t i = answer.type == GX_LIST ? answer.size : 0; i-- > 0;) {
        const gx_value *known = gx_map_get(&answer.as.items[i], "known");
        if (!known || known->type != GX_BOOL || known->as.boolean) {
            unknown = NULL;
            break;
        }
        unknown = gx_map_get(&answer.as.items[i], "user");
    }
    if (unknown && unknown->type == GX_TEXT) {
        char shown[80];
        return gx_fail_at(err, GX_NOT_FOUND, "user", "user %s is not in this store",
                          gx_quote(shown, sizeof shown, unknown->as.text, unknown->size));
    }
    if (gx_form_of(command->format)->flat) {
        answer = rows(command->arena, &answer);
    }
    return gx_print(command, &answer, NULL, NULL, false, err);
}

const gx_verb gx_verb_friends = {
    .name = "friends",
    .group = "graph",
    .summary = "whom members could meet, each with reasons",
    .method = "rec.friends",
    .rows = rows,
    .run = run,
    .examples = "  guanxi friends shop.gx u1204\n"
                "  guanxi friends shop.gx u1204 --mode cross-circle -n 5\n"
                "  guanxi friends shop.gx u1204 --mode expert --category tea\n",
};
