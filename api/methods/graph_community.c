/* graph.community: the card of one circle, by its name or by one of its members. */
#include "api/people/community.h"

static const gx_param params[] = {
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "which one, like c-17"},
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "the one this member is in"},
    {"n", GX_PARAM_INT, "10", 1, 1000, NULL, NULL, 0, "how many top items and leaders"},
};

static gx_status which(uint32_t *out, gx_call_env *call, const gx_circles *circles, gx_error *err) {
    gx_slice name = gx_arg_text(call->args, "community"), user = gx_arg_text(call->args, "user");
    if ((name.size != 0) == (user.size != 0)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "community",
                          "accepted is either a community (like c-17) or a user");
    }
    if (name.size) {
        gx_status status = gx_community_parse(out, "community", name, call->state, err);
        return status == GX_OK && *out >= circles->count
                   ? gx_fail_at(err, GX_CORRUPT, "community", "circle.size has no circle %u", *out)
                   : status;
    }
    uint32_t id;
    gx_status status = gx_need_word(&id, call->txn, GX_SPACE_USER, user, err);
    if (status == GX_OK && (id >= circles->members || circles->community[id] >= circles->count)) {
        char shown[80];
        return gx_fail_at(err, GX_NOT_FOUND, "user", "user %s is in no community of this snapshot",
                          gx_quote(shown, sizeof shown, user.data, user.size));
    }
    if (status == GX_OK) {
        *out = circles->community[id];
    }
    return status;
}

/* The circle's members by leader score, where there is one. */
static gx_value leaders_of(gx_call_env *call, const gx_circles *circles, uint32_t community) {
    gx_arena *arena = call->arena;
    gx_value list = gx_list(arena, 8);
    const double *score =
        gx_result_get(call->state->arrays, "leaders", "score", GX_F64, circles->members);
    uint8_t *keep = gx_arena_get(arena, (size_t)circles->members + 1);
    if (!score || !keep) {
        return list;
    }
    for (uint32_t u = 0; u < circles->members; u++) {
        keep[u] = circles->community[u] == community;
    }
    uint32_t count;
    uint32_t *top = gx_top_f64(arena, &count, score, circles->members,
                               (uint32_t)gx_arg_int(call->args, "n"), keep);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_value row = gx_map(arena, 2);
        gx_map_put(arena, &row, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, top[i]));
        gx_map_put(arena, &row, "score", gx_real(score[top[i]]));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_circles circles;
    uint32_t community;
    gx_status status = GX_OK;
    GX_TRY(gx_circles_resolve(&circles, call->state, err));
    GX_TRY(which(&community, call, &circles, err));
    gx_value card = gx_circle_row(call->arena, &circles, community);
    gx_map_put(call->arena, &card, "leaders", leaders_of(call, &circles, community));
    gx_map_put(call->arena, &card, "top_items",
               gx_circle_items(call->arena, call->txn, &circles, community,
                               (uint32_t)gx_arg_int(call->args, "n")));
    *out = card;
done:
    return status;
}

const gx_method gx_method_graph_community = {
    .name = "graph.community",
    .summary = "the profile of one circle",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{community, size, density, conductance, leaders: [{user, score}], top_items: [{item, "
        "title, count, share, lift}]}",
    .run = run,
};
