/* rec.rank: the caller's own candidates in the order they suit a member, by the same score and the
 * same reasons as rec.user; what may not be shown, or is not there, is told and not ranked. */
#include "api/lists/listing.h"
#include "api/lists/lists.h"
#include "api/lists/now.h"
#include "api/support.h"

/* clang-format off */
static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "for whom, by id"},
    {"items", GX_PARAM_LIST, NULL, 1, 10000, "items", NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "the candidates, by id"},
    {"n", GX_PARAM_INT, NULL, 1, 10000, "items", NULL, 0, "how many of them; all where it is not given"},
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_REPEAT_PARAM,
    GX_CHANNELS_PARAM,
    GX_CONTEXT_PARAM,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why, with evidence"},
};
/* clang-format on */

/* The candidates that pass are all that does. */
static gx_status narrow(uint8_t **out, gx_value *left_out, gx_call_env *call,
                        const gx_filter *filter, const gx_member_live *live,
                        const gx_lists_ids *ids, gx_error *err) {
    gx_arena *arena = call->arena;
    uint8_t *own = gx_arena_get(arena, (size_t)filter->items + 1);
    uint8_t *mask = gx_arena_get(arena, (size_t)filter->items + 1);
    if (!own || !mask) {
        return gx_fail_memory(err, (size_t)filter->items * 2);
    }
    gx_filter_member(own, filter, live);
    memset(mask, 0, (size_t)filter->items + 1);
    for (uint32_t k = 0; k < ids->count; k++) {
        const uint32_t item = ids->id[k];
        mask[item] = own[item];
        if (!own[item]) {
            gx_value row = gx_map(arena, 2);
            gx_map_put(arena, &row, "id", gx_word_value(arena, call->txn, GX_SPACE_ITEM, item));
            gx_map_put(arena, &row, "why_not", gx_filter_reason(filter, live, item, arena));
            gx_list_add(arena, left_out, row);
        }
    }
    *out = mask;
    return GX_OK;
}

static gx_value answer(const gx_why_writer *writer, const gx_rec_list *list,
                       const gx_lists_ids *ids, gx_value left_out, bool why) {
    gx_call_env *call = writer->call;
    gx_arena *arena = call->arena;
    gx_slice user = gx_arg_text(call->args, "user");
    gx_value row = gx_map(arena, 8), items = gx_list(arena, list->count);
    for (uint32_t k = 0; k < list->count; k++) {
        gx_list_add(arena, &items, gx_listing_item(writer, &list->items[k], why));
    }
    gx_map_put(arena, &row, "user", gx_text_copy(arena, user.data, user.size));
    gx_map_put(arena, &row, "known", gx_bool(writer->live->rec.user != GX_NONE));
    gx_map_put(arena, &row, "items", items);
    gx_map_put(arena, &row, "left_out", left_out);
    gx_map_put(arena, &row, "unknown", ids->unknown);
    gx_map_put(arena, &row, "rung", gx_str(gx_rung_name(list->rung)));
    gx_map_put(arena, &row, "circle", gx_community_value(arena, call->state, list->circle));
    return row;
}

static gx_status make(gx_value *out, gx_call_env *call, const gx_columns *columns, gx_error *err) {
    gx_status status = GX_OK;
    gx_filter filter;
    gx_member_live live;
    gx_lists_ids ids;
    gx_now now;
    gx_weighing weighing;
    gx_rec_list list;
    gx_rec_request request = {.why = gx_arg_bool(call->args, "why")};
    gx_around around = {0};
    gx_why_writer writer = {.call = call, .columns = columns, .live = &live, .around = &around};
    gx_value left_out = gx_list(call->arena, 4);
    uint8_t *mask = NULL;
    GX_TRY(gx_listing_weigh(&weighing, call, err));
    GX_TRY(gx_min_count(&writer.min_count, call->txn, call->arena, err));
    request.why_least = writer.min_count;
    GX_TRY(gx_lists_find(&ids, call, GX_SPACE_ITEM, "items", err));
    GX_TRY(gx_filter_make(&filter, call, columns, true, err));
    GX_TRY(gx_now_read(&now, call, 0, err));
    GX_TRY(gx_now_member_named(&live, &now, call, columns, gx_arg_text(call->args, "user"), err));
    GX_TRY(narrow(&mask, &left_out, call, &filter, &live, &ids, err));
    (void)gx_listing_weights_of(request.weights, &weighing, call->state->rec, &live.rec);
    request.pass = mask;
    request.items = filter.items;
    request.n = gx_arg_has(call->args, "n") ? (uint32_t)gx_arg_int(call->args, "n") : ids.count;
    GX_TRY(gx_rec_list_make(&list, call->state->rec, &live.rec, &request, call->arena, call->job,
                            err));
    *out = answer(&writer, &list, &ids, left_out, request.why);
    gx_map_put(call->arena, out, "short", gx_filter_short(call->arena, &filter, NULL));
    gx_filter_note(out, &filter, call->arena);
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_lists_held(out, call, make, err);
}

/* Reasons of more than that keep a loop's other callers waiting. */
static bool is_long(const gx_value *args) {
    enum { AT_ONCE = 400 };
    const gx_value *items = gx_map_get(args, "items");
    return items && items->type == GX_LIST && items->size > AT_ONCE;
}

const gx_method gx_method_rec_rank = {
    .name = "rec.rank",
    .summary = "your own candidates in the order they suit a member, with channels and reasons",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = is_long,
    .result = "{user, known, items: [{id, title, score, rank, channels, why, flags}], left_out: "
              "[{id, why_not}], unknown, rung, circle, short, notes?: [text]}",
    .run = run,
};
