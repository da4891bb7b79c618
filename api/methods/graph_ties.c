/* graph.ties: the ties of a member at this moment, strongest first, each strong or weak. */
#include "api/people/people.h"
#include "api/people/strength.h"
#include "api/support.h"

static const gx_param params[] = {
    {"of", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "whose ties"},
    {"which", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "all|strong|weak",
     GX_PARAM_POSITIONAL, "the strong ones, the weak ones, or all"},
    {"strong_share", GX_PARAM_REAL, "0.2", 0, 1, NULL, NULL, 0,
     "this share of a member's ties, the strongest and at least one, are strong"},
    {"n", GX_PARAM_INT, "50", 1, 100000, "ties", NULL, 0, "at most so many"},
};

/* A weak tie between members with nobody in common is a local bridge (Granovetter 1973). */
static gx_value tie_value(const gx_ties *ties, const gx_tie_measure *m, gx_value user, bool strong,
                          bool blocked) {
    gx_arena *arena = ties->call->arena;
    gx_value row = gx_map(arena, 8);
    gx_map_put(arena, &row, "user", user);
    gx_map_put(arena, &row, "strength", gx_real(m->strength));
    gx_map_put(arena, &row, "strong", gx_bool(strong));
    gx_map_put(arena, &row, "bridge", gx_bool(!strong && m->common == 0));
    gx_map_put(arena, &row, "blocked", gx_bool(blocked));
    gx_map_put(arena, &row, "common", gx_int(m->common));
    gx_map_put(arena, &row, "parts", gx_ties_parts_value(arena, ties, m->part));
    return row;
}

static gx_status answer(gx_value *out, const gx_ties *ties, const gx_people *people,
                        gx_error *err) {
    gx_call_env *call = ties->call;
    gx_arena *arena = call->arena;
    const double share = gx_arg_real(call->args, "strong_share");
    const uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    const bool all = gx_arg_is(call->args, "which", "all");
    const bool want = gx_arg_is(call->args, "which", "strong");
    gx_tie_measure *measured;
    uint32_t count, strong_count = 0;
    gx_status status = gx_ties_measure_all(&measured, &count, ties, err);
    if (status != GX_OK) {
        return status;
    }
    gx_value list = gx_list(arena, 16);
    for (uint32_t i = 0; i < count; i++) {
        bool strong = gx_tie_is_strong(i, count, share);
        gx_value user = gx_word_value(arena, call->txn, GX_SPACE_USER, measured[i].user);
        strong_count += strong;
        if ((all || strong == want) && user.type != GX_NIL && list.size < n) {
            const gx_person *other = gx_people_find(people, measured[i].user);
            gx_list_add(arena, &list,
                        tie_value(ties, &measured[i], user, strong, other && other->blocked));
        }
    }
    *out = gx_map(arena, 4);
    gx_map_put(arena, out, "degree", gx_int(count));
    gx_map_put(arena, out, "strong", gx_int(strong_count));
    gx_map_put(arena, out, "ties", list);
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_ties ties = {0};
    gx_people people = {0};
    uint32_t user;
    GX_TRY(gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "of"), err));
    GX_TRY(gx_ties_open(&ties, call, user, err));
    GX_TRY(gx_people_read(&people, call->txn, &call->state->rules, user, err));
    GX_TRY(answer(out, &ties, &people, err));
done:
    gx_people_finish(&people);
    gx_ties_close(&ties);
    return status;
}

const gx_method gx_method_graph_ties = {
    .name = "graph.ties",
    .summary = "the ties of a member, strongest first, each strong or weak",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{degree, strong, ties: [{user, strength, strong, bridge, blocked, common, parts: "
              "{NAME: 0-1}}]}",
    .run = run,
};
