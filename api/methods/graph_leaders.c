/* graph.leaders: opinion leaders with the parts of their score, over the whole shop, in a community
 * or in a category; always beside their rank by plain follower count. */
#include "api/people/leader.h"
#include "api/people/member_rules.h"

#include <math.h>

static const gx_param params[] = {
    {"n", GX_PARAM_INT, "20", 1, 1e6, "members", NULL, 0, "how many"},
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only members of this community, like c-17"},
    {"category", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "leaders in this item category"},
    {"flagged", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "those who carry a flag instead, of the greatest risk first, excluded ones too"},
    {"card", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "the card of this member instead: who they are, who listens, what they sell"},
};

static gx_value row_of(gx_call_env *call, const gx_leaders *l, uint32_t user, double score,
                       uint32_t rank, gx_value name, bool of_category) {
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 11);
    gx_map_put(arena, &row, "user", name);
    gx_map_put(arena, &row, "score", gx_real(score));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "follower_rank", gx_int(l->follower_rank[user]));
    const uint32_t *community =
        gx_result_get(call->state->arrays, "leiden", "community", GX_U32, l->count);
    if (community) {
        gx_map_put(arena, &row, "community",
                   gx_community_value(arena, call->state, community[user]));
    }
    if (of_category) { /* score = √(100 · shop_score) · in_category; the parts are of shop_score */
        const double shop = l->score[user], most = sqrt(100 * shop);
        gx_map_put(arena, &row, "shop_score", gx_real(shop));
        gx_map_put(arena, &row, "in_category", gx_real(most > 0 ? fmin(score / most, 1) : 0));
    }
    gx_map_put(arena, &row, "parts", gx_leader_parts_value(arena, l, user));
    gx_map_put(arena, &row, "risk", gx_real((double)l->risk[user]));
    gx_map_put(arena, &row, "excluded", gx_bool(l->excluded[user]));
    gx_map_put(arena, &row, "flags", gx_leader_flags_value(arena, l, user));
    return row;
}

/* The list, and how many departed were passed over on the way to its end. */
typedef struct listing {
    gx_value rows;
    uint32_t n, departed;
    int64_t now_ms;
} listing;

static void add(gx_value *list, gx_call_env *call, const gx_leaders *l, uint32_t user, double score,
                uint32_t rank, bool of_category) {
    gx_value name = gx_word_value(call->arena, call->txn, GX_SPACE_USER, user);
    if (name.type != GX_NIL) {
        gx_list_add(call->arena, list, row_of(call, l, user, score, rank, name, of_category));
    }
}

/* The next of a ranking: who has departed is counted, anybody else added. */
static gx_status offer(listing *list, gx_call_env *call, const gx_leaders *l, uint32_t user,
                       double score, uint32_t rank, bool of_category, gx_error *err) {
    gx_value record;
    const gx_status status =
        gx_record_get(&record, call->txn, call->arena, GX_SPACE_USER, user, err);
    if (status != GX_OK) {
        return status;
    }
    if (gx_is_departed(&record, list->now_ms)) {
        list->departed++;
    } else {
        add(&list->rows, call, l, user, score, rank, of_category);
    }
    return GX_OK;
}

/* Those who are ranked, or (`flagged`) who carry a flag, by the whole shop's score or by risk;
 * everybody, or those of one community. */
static gx_status by_score(listing *list, gx_call_env *call, const gx_leaders *l, gx_error *err) {
    const bool flagged = gx_arg_bool(call->args, "flagged");
    const uint32_t *community = NULL;
    uint32_t which = 0, count = 0, seen = 0, most = list->n;
    gx_status status = GX_OK;
    gx_slice wanted = gx_arg_text(call->args, "community");
    if (wanted.size) {
        GX_TRY(gx_need_array(&community, call->state, "leiden.community", GX_U32, l->count, err));
        GX_TRY(gx_community_parse(&which, wanted, call->state, err));
    }
    uint8_t *keep = gx_arena_get(call->arena, l->count + 1u);
    double *by = gx_arena_get(call->arena, (l->count + 1u) * sizeof *by);
    if (!keep || !by) {
        return gx_fail_memory(err, l->count * sizeof *by);
    }
    for (uint32_t u = 0; u < l->count; u++) {
        keep[u] = (!community || community[u] == which) &&
                  (flagged ? l->risk[u] > 0.0f : !l->excluded[u]);
        by[u] = flagged ? (double)l->risk[u] : l->score[u];
    }
    /* More are looked at until so many stay that have not departed. */
    do {
        const uint32_t *top = gx_top_f64(call->arena, &count, by, l->count, most, keep);
        for (; top && seen < count && list->rows.size < list->n; seen++) {
            const uint32_t v = top[seen];
            GX_TRY(offer(list, call, l, v, l->score[v],
                         wanted.size && !flagged ? seen + 1 : l->rank[v], false, err));
        }
        most = count < most || most > l->count ? 0 : 2 * most;
    } while (most > 0 && list->rows.size < list->n);
done:
    return status;
}

static gx_status by_category(listing *list, gx_call_env *call, const gx_leaders *l, gx_error *err) {
    gx_status status = GX_OK;
    const gx_arrays *arrays = call->state->arrays;
    const uint64_t *ptr;
    const uint32_t *user;
    const float *score;
    uint32_t category = 0;
    GX_TRY(gx_need_array(&ptr, call->state, "leaders.category_ptr", GX_U64, 0, err));
    GX_TRY(gx_need_array(&user, call->state, "leaders.category_user", GX_U32, 0, err));
    GX_TRY(gx_need_array(&score, call->state, "leaders.category_score", GX_F32, 0, err));
    uint32_t count = (uint32_t)gx_arrays_find(arrays, "leaders.category_ptr")->shape[0] - 1;
    GX_TRY(gx_category_find(&category, call->arena, arrays, gx_arg_text(call->args, "category"),
                            count, err));
    for (uint64_t k = ptr[category]; k < ptr[category + 1] && list->rows.size < list->n; k++) {
        GX_TRY(offer(list, call, l, user[k], (double)score[k], (uint32_t)(k - ptr[category]) + 1,
                     true, err));
    }
done:
    return status;
}

/* The row of one member, and its card beside it. */
static gx_status one_card(gx_value *list, gx_value *card, gx_call_env *call, const gx_leaders *l,
                          gx_error *err) {
    uint32_t user;
    gx_status status =
        gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "card"), err);
    if (status == GX_OK && user >= l->count) {
        status = gx_fail_at(err, GX_NOT_FOUND, "card",
                            "the snapshot does not know this member yet: `guanxi build`");
    }
    if (status == GX_OK) {
        add(list, call, l, user, l->score[user], l->rank[user], false);
        status = gx_leader_card(card, call, l, user, (uint32_t)gx_arg_int(call->args, "n"), err);
    }
    gx_value record;
    if (status == GX_OK) {
        status = gx_record_get(&record, call->txn, call->arena, GX_SPACE_USER, user, err);
    }
    if (status == GX_OK) {
        gx_map_put(call->arena, card, "departed", gx_bool(gx_is_departed(&record, gx_time_ms())));
    }
    return status;
}

static bool is_long(const gx_value *args) {
    const gx_value *card = gx_map_get(args, "card");
    return card && card->type != GX_NIL;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_leaders l;
    listing list = {.rows = gx_list(call->arena, 32),
                    .n = (uint32_t)gx_arg_int(call->args, "n"),
                    .now_ms = gx_time_ms()};
    gx_value card = gx_nil();
    const bool one = gx_arg_has(call->args, "card");
    if (one && (gx_arg_has(call->args, "community") || gx_arg_has(call->args, "category"))) {
        return gx_fail_at(err, GX_BAD_REQUEST, "card",
                          "card was given with community or category; accepted is one of them");
    }
    if (gx_arg_has(call->args, "community") && gx_arg_has(call->args, "category")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "category",
                          "community and category were both given; accepted is one of them");
    }
    if (gx_arg_bool(call->args, "flagged") && (one || gx_arg_has(call->args, "category"))) {
        return gx_fail_at(err, GX_BAD_REQUEST, "flagged",
                          "flagged was given with card or category; accepted is one of them");
    }
    GX_TRY(gx_leaders_resolve(&l, call->state, err));
    if (one) {
        GX_TRY(one_card(&list.rows, &card, call, &l, err));
    } else if (gx_arg_has(call->args, "category")) {
        GX_TRY(by_category(&list, call, &l, err));
    } else {
        GX_TRY(by_score(&list, call, &l, err));
    }
    *out = gx_map(call->arena, 8);
    if (one) {
        gx_map_put(call->arena, out, "card", card);
    }
    gx_map_put(call->arena, out, "leaders", list.rows);
    if (!one) {
        gx_value left_out = gx_map(call->arena, 1);
        gx_map_put(call->arena, &left_out, "departed", gx_int(list.departed));
        gx_map_put(call->arena, out, "left_out", left_out);
    }
    gx_leaders_put_about(call->arena, out, &l);
done:
    return status;
}

const gx_method gx_method_graph_leaders = {
    .name = "graph.leaders",
    .summary = "opinion leaders, with the parts of their score",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .is_long = is_long,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{leaders: [{user, score, rank, follower_rank, community, shop_score?, in_category? "
              "(of a category), parts, risk, excluded, flags: [{flag, share, "
              "members or acts}]}], left_out: {departed} (who would stand in the list), "
              "follower_correlation, fitted, weights, fit, card (where "
              "asked for): {user, departed, attributes, interests, leads_in, audience: {followers, "
              "asked, "
              "listening, communities, regions, categories}, sells, hidden, measures}}",
    .run = run,
};
