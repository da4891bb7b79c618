/* rec.user: the n best items for each member, by the four channels, with reasons. Reads the store
 * at this moment, so what was written a moment ago counts. */
#include "api/context.h"
#include "api/exposure.h"
#include "api/listing.h"
#include "api/support.h"

#include <stdio.h>

enum {
    ITEMS_A_CALL = 10000,
    ITEMS_AT_ONCE = 400, /* users × n: more than that would keep a loop's other callers waiting */
    ITEMS_A_USER = 20
};

/* clang-format off */
static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 200, "members", NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "for whom, by id"},
    {"n", GX_PARAM_INT, "20", 1, 1000, "items", NULL, 0, "how many for each"},
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_CHANNELS_PARAM,
    GX_SLATE_PARAMS,
    GX_CONTEXT_PARAM,
    GX_EXPOSURE_PARAMS,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why, with evidence"},
};
/* clang-format on */

typedef struct request {
    const gx_filter *filter;
    const gx_asked_slate *slate;
    gx_exposure exposure;
    gx_context context;
    uint8_t *mask;
    gx_rec_request rec;
    gx_weighing weighing;
    uint32_t min_count;
    int64_t clock_ms;
} request;

/* Said where fewer items came back than were asked for; nil otherwise. */
static gx_value short_of(gx_arena *arena, const request *r, const gx_rec_list *list) {
    if (list->count >= r->rec.n) {
        return gx_nil();
    }
    char *text = gx_arena_printf(
        arena,
        "%u of %u: of %u items %u are shown, of the right kind and pass where and exclude, "
        "and %u of them this member has not seen%s",
        list->count, r->rec.n, r->filter->items, r->filter->passing, list->passing,
        list->count < list->passing ? "; caps and kinds leave no room for more" : "");
    return gx_str(text ? text : "");
}

static gx_value list_value(gx_why_writer *writer, const request *r, const gx_rec_list *list,
                           gx_value user) {
    gx_arena *arena = writer->call->arena;
    gx_value row = gx_map(arena, 10), items = gx_list(arena, list->count);
    for (uint32_t k = 0; k < list->count; k++) {
        gx_value item = gx_listing_item(writer, &list->items[k], r->rec.why);
        if (r->exposure.explore > 0 || r->exposure.log) {
            gx_map_put(arena, &item, "propensity", gx_real(list->items[k].propensity));
        }
        gx_list_add(arena, &items, item);
    }
    gx_map_put(arena, &row, "user", user);
    gx_map_put(arena, &row, "known", gx_bool(writer->live->rec.user != GX_NONE));
    gx_map_put(arena, &row, "items", items);
    gx_map_put(arena, &row, "rung", gx_str(gx_rung_name(list->rung)));
    gx_map_put(arena, &row, "circle", gx_community_value(arena, writer->call->state, list->circle));
    gx_map_put(arena, &row, "short", short_of(arena, r, list));
    if (r->slate->pin_count > 0) {
        gx_map_put(arena, &row, "not_pinned",
                   gx_slate_missing_pins(r->slate, r->filter, writer->live, r->mask, arena));
    }
    return row;
}

static gx_status one_member(gx_value *out, gx_call_env *call, const request *r, uint32_t index,
                            gx_error *err) {
    gx_status status = GX_OK;
    const gx_value *user = &gx_arg_value(call->args, "users")->as.items[index];
    gx_rec_request asked = r->rec;
    gx_slate slate = r->slate->slate;
    gx_member_live live;
    gx_rec_list list;
    uint32_t id = GX_NONE;
    gx_slice word = {user->as.text, user->size};
    gx_status found = gx_word_find(&id, call->txn, GX_SPACE_USER, word);
    if (found != GX_OK && found != GX_NOT_FOUND) {
        return gx_fail(err, found, "the store could not be read");
    }
    GX_TRY(gx_member_read(&live, call->txn, call->state, r->filter->columns,
                          found == GX_OK ? id : GX_NONE, r->clock_ms, call->arena, err));
    GX_TRY(gx_context_apply(&live, &r->context, call->arena, err));
    gx_filter_member(r->mask, r->filter, &live);
    (void)gx_listing_weights_of(asked.weights, &r->weighing, call->state->rec, &live.rec);
    gx_exposure_member(&slate, &r->exposure, word);
    asked.slate = r->slate->plain && !(slate.explore > 0) ? NULL : &slate;
    GX_TRY(
        gx_rec_list_make(&list, call->state->rec, &live.rec, &asked, call->arena, call->job, err));
    gx_why_writer writer = {
        .call = call, .columns = r->filter->columns, .live = &live, .min_count = r->min_count};
    *out = list_value(&writer, r, &list, gx_text_copy(call->arena, word.data, word.size));
done:
    return status;
}

static gx_status all_members(gx_value *out, gx_call_env *call, const gx_columns *columns,
                             gx_error *err) {
    gx_status status = GX_OK;
    gx_filter filter;
    gx_asked_slate slate;
    const gx_value *users = gx_arg_value(call->args, "users");
    request r = {.filter = &filter, .slate = &slate, .clock_ms = gx_time_ms()};
    r.rec.n = (uint32_t)gx_arg_int(call->args, "n");
    r.rec.why = gx_arg_bool(call->args, "why");
    GX_TRY(gx_listing_weigh(&r.weighing, call, err));
    GX_TRY(gx_why_min_count(&r.min_count, call->txn, call->arena, err));
    GX_TRY(gx_filter_make(&filter, call, columns, true, err));
    GX_TRY(gx_slate_read(&slate, call, &filter, r.rec.n, err));
    GX_TRY(gx_exposure_read(&r.exposure, call, err));
    GX_TRY(gx_context_read(&r.context, call, err));
    r.rec.n = slate.n;
    r.mask = gx_arena_get(call->arena, (size_t)filter.items + 1);
    if (!r.mask) {
        return gx_fail_memory(err, filter.items);
    }
    r.rec.pass = r.mask;
    r.rec.items = filter.items;
    gx_value lists = gx_list(call->arena, users->size);
    for (uint32_t i = 0; i < users->size; i++) {
        gx_value row;
        GX_TRY(one_member(&row, call, &r, i, err));
        if (r.exposure.request_id && (r.exposure.explore > 0 || r.exposure.log)) {
            gx_map_put(call->arena, &row, "request_id",
                       gx_exposure_id(call->arena, &r.exposure, i));
        }
        gx_list_add(call->arena, &lists, row);
    }
    *out = lists;
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    uint64_t asked =
        (uint64_t)gx_arg_value(call->args, "users")->size * (uint64_t)gx_arg_int(call->args, "n");
    if (asked > ITEMS_A_CALL) {
        return gx_fail_at(err, GX_OVER_LIMIT, "users",
                          "users × n is %llu items; at most %d in one call",
                          (unsigned long long)asked, ITEMS_A_CALL);
    }
    const gx_columns *columns;
    gx_status status = gx_filter_lock(&columns, call, err);
    if (status != GX_OK) {
        return status;
    }
    status = all_members(out, call, columns, err);
    gx_db_items_unlock(call->db);
    if (status == GX_OK && gx_arg_bool(call->args, "log")) {
        status = gx_exposure_log(out, call, err);
    }
    return status;
}

/* From arguments that are not checked yet. */
static bool is_long(const gx_value *args) {
    const gx_value *users = gx_map_get(args, "users"), *n = gx_map_get(args, "n");
    const gx_value *log = gx_map_get(args, "log");
    double each = ITEMS_A_USER;
    if (log && (log->type != GX_BOOL || log->as.boolean)) {
        return true; /* it writes */
    }
    if (n && n->type == GX_TEXT) {
        (void)gx_parse_real((gx_slice){n->as.text, n->size}, &each); /* what is none is refused */
    } else if (n) {
        (void)gx_value_as_real(n, &each);
    }
    return (users && users->type == GX_LIST ? users->size : 1) * each > ITEMS_AT_ONCE;
}

const gx_method gx_method_rec_user = {
    .name = "rec.user",
    .summary = "items for members, by friends, circle, leaders and interest, with reasons",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = is_long,
    .result = "[{user, known, items: [{id, title, score, rank, channels, why: [{channel, share, "
              "en, zh, evidence}], flags, propensity}], rung, circle, short, not_pinned: [{id, "
              "place, why_not}], request_id, logged}]",
    .run = run,
};
