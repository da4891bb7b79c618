/* rec.explain: one item for one member: the parts of its score, the rank it has or would have, and
 * what keeps it out of the list: a rule, the failing part of `where`, or its rank. */
#include "api/lists/exposure.h"
#include "api/lists/listing.h"
#include "api/lists/now.h"
#include "api/support.h"

/* clang-format off */
static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "for whom"},
    {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which item"},
    {"n", GX_PARAM_INT, "20", 1, 1000, "items", NULL, 0, "the length of the list it would stand in"},
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_REPEAT_PARAM,
    GX_CHANNELS_PARAM,
    GX_CONTEXT_PARAM,
    GX_SLATE_PARAMS,
    GX_EXPLORE_PARAM,
};
/* clang-format on */

typedef struct answer {
    gx_filter filter;
    gx_asked_slate slate;
    gx_member_live live;
    gx_rec_item item;            /* its rank is 0 where it is kept out */
    uint32_t rank_without_rules; /* by its score, if nothing kept it out */
    float weights[GX_CHANNEL_COUNT];
    bool learnt; /* the weights were */
    gx_exposure exposure;
    gx_rec_list list; /* of length n: the rung and the score that was just enough; of one with draws
                         that the item is not in, what it was before them */
    gx_against against; /* what of the history pulls it down */
    bool listed;        /* it is in the list */
    bool drawn_over;    /* it was, and another was drawn for its place */
} answer;

/* Whether it is in the list, and where. */
static bool find(answer *a, uint32_t item) {
    for (uint32_t k = 0; k < a->list.count; k++) {
        if (a->list.items[k].item == item) {
            a->item.rank = k + 1;
            a->item.flags = a->list.items[k].flags;
            a->item.propensity = a->list.items[k].propensity;
            return true;
        }
    }
    return false;
}

/* The rank the item would have if nothing kept it out. */
static gx_status explain(answer *a, gx_call_env *call, uint32_t item, uint32_t least,
                         gx_error *err) {
    gx_status status = GX_OK;
    gx_slate slate;
    gx_rec_request request = {
        .n = (uint32_t)gx_arg_int(call->args, "n"), .items = a->filter.items, .why_least = least};
    gx_weighing weighing;
    uint8_t *mask = gx_arena_get(call->arena, (size_t)a->filter.items + 1);
    if (!mask) {
        return gx_fail_memory(err, a->filter.items);
    }
    gx_filter_member(mask, &a->filter, &a->live);
    request.pass = mask;
    GX_TRY(gx_listing_weigh(&weighing, call, err));
    a->learnt = gx_listing_weights_of(request.weights, &weighing, call->state->rec, &a->live.rec);
    memcpy(a->weights, request.weights, sizeof a->weights);
    GX_TRY(gx_slate_read(&a->slate, call, &a->filter, request.n, err));
    GX_TRY(gx_exposure_again(&a->exposure, call, err));
    slate = a->slate.slate;
    slate.watch = item;
    gx_exposure_member(&slate, &a->exposure, gx_arg_text(call->args, "user"));
    request.slate = a->slate.plain && !(slate.explore > 0) ? NULL : &slate;
    request.n = a->slate.n;
    GX_TRY(gx_rec_list_make(&a->list, call->state->rec, &a->live.rec, &request, call->arena,
                            call->job, err));
    uint8_t passes = mask[item];
    mask[item] = 1;
    GX_TRY(gx_rec_explain(&a->item, &a->rank_without_rules, call->state->rec, &a->live.rec,
                          &request, item, call->job, err));
    GX_TRY(gx_rec_against(&a->against, call->state->rec, &a->live.rec, item, call->arena, err));
    a->item.rank = passes ? a->rank_without_rules : 0;
    mask[item] = passes;
    a->listed = find(a, item);
    if (!a->listed && slate.explore > 0) {
        slate.explore = 0;
        request.slate = a->slate.plain ? NULL : &slate;
        GX_TRY(gx_rec_list_make(&a->list, call->state->rec, &a->live.rec, &request, call->arena,
                                call->job, err));
        a->drawn_over = find(a, item);
        a->item.rank = passes ? a->rank_without_rules : 0;
        a->item.propensity = 0;
    }
    if (a->list.rung == GX_RUNG_POPULAR && !(a->item.score > 0)) { /* as in the list */
        a->item.score = gx_rec_popular_score(call->state->rec, item, a->item.factor);
    }
done:
    return status;
}

/* What keeps the item out of a list of n; nil where it is in. */
static gx_value reason_of(const answer *a, uint32_t item, uint32_t n, gx_arena *arena) {
    gx_value reason = gx_filter_reason(&a->filter, &a->live, item, arena);
    if (a->drawn_over) {
        return gx_filter_why(arena, "explored", (gx_slice){"", 0},
                             "Another was drawn for its place, to find out what suits",
                             "为了试探喜好,它的位置抽给了别的商品");
    }
    if (reason.type == GX_NIL && !a->listed) {
        reason = gx_slate_reason(&a->slate, &a->list, &a->item, a->rank_without_rules, n,
                                 a->filter.columns, arena);
    }
    return reason;
}

static gx_value answer_value(const gx_why_writer *writer, const answer *a, uint32_t item,
                             gx_value user) {
    gx_call_env *call = writer->call;
    gx_arena *arena = call->arena;
    gx_value reason = reason_of(a, item, a->slate.n, arena);
    gx_value row = gx_map(arena, 19);
    gx_map_put(arena, &row, "user", user);
    gx_map_put(arena, &row, "known", gx_bool(a->live.rec.user != GX_NONE));
    gx_map_put(arena, &row, "item", gx_word_value(arena, call->txn, GX_SPACE_ITEM, item));
    gx_map_put(arena, &row, "listed", gx_bool(reason.type == GX_NIL));
    gx_map_put(arena, &row, "why_not", reason);
    gx_map_put(arena, &row, "rank", a->item.rank ? gx_int(a->item.rank) : gx_nil());
    gx_map_put(arena, &row, "rank_if_allowed", gx_int(a->rank_without_rules));
    gx_map_put(arena, &row, "score", gx_real(a->item.score));
    gx_map_put(arena, &row, "factor", gx_real(a->item.factor));
    gx_map_put(arena, &row, "channels", gx_listing_shares(arena, &a->item));
    gx_map_put(arena, &row, "flags", gx_listing_flags(writer, &a->item));
    if (a->exposure.explore > 0 && a->listed) {
        gx_map_put(arena, &row, "propensity", gx_real(a->item.propensity));
    }
    gx_map_put(arena, &row, "weights", gx_listing_channels(arena, a->weights));
    gx_map_put(arena, &row, "weights_from", gx_str(a->learnt ? "learnt" : "configured"));
    gx_map_put(arena, &row, "susceptibility", gx_listing_susceptibility(call, a->live.rec.user));
    gx_map_put(arena, &row, "why", gx_why_list(writer, &a->item));
    gx_map_put(arena, &row, "against", gx_why_against(writer, &a->against));
    gx_map_put(arena, &row, "rung", gx_str(gx_rung_name(a->list.rung)));
    gx_map_put(arena, &row, "circle", gx_community_value(arena, call->state, a->list.circle));
    return row;
}

static gx_status run_held(gx_value *out, gx_call_env *call, const gx_columns *columns,
                          gx_error *err) {
    gx_status status = GX_OK;
    answer a = {0};
    gx_around around = {0};
    gx_why_writer writer = {.call = call, .columns = columns, .live = &a.live, .around = &around};
    gx_now now;
    uint32_t item;
    gx_slice word = gx_arg_text(call->args, "user");
    GX_TRY(gx_need_word(&item, call->txn, GX_SPACE_ITEM, gx_arg_text(call->args, "item"), err));
    GX_TRY(gx_min_count(&writer.min_count, call->txn, call->arena, err));
    GX_TRY(gx_filter_make(&a.filter, call, columns, true, err));
    GX_TRY(gx_now_read(&now, call, 0, err));
    GX_TRY(gx_now_member_named(&a.live, &now, call, columns, word, err));
    GX_TRY(explain(&a, call, item, writer.min_count, err));
    *out = answer_value(&writer, &a, item, gx_text_copy(call->arena, word.data, word.size));
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    const gx_columns *columns;
    gx_status status = gx_filter_lock(&columns, call, err);
    if (status != GX_OK) {
        return status;
    }
    status = run_held(out, call, columns, err);
    gx_db_items_unlock(call->db);
    return status == GX_OK ? gx_call_bill(call, err) : status;
}

const gx_method gx_method_rec_explain = {
    .name = "rec.explain",
    .summary = "why an item is in a member's list, or why not",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{user, known, item, listed, why_not: {rule, test, en, zh, most, n, score_needed}, rank, "
        "rank_if_allowed, score, factor, channels, flags, propensity?, weights, weights_from, "
        "susceptibility: "
        "{friends, circle, leader, interest, takes}, why, against: [{item, action, part, en, zh}], "
        "rung, circle}",
    .run = run,
};
