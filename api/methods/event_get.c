/* event.get: events by their id, or the latest of a member. */
#include "api/support.h"

#include <math.h>

static const gx_param params[] = {
    {"events", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, 0, "by event_id"},
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of this member, newest first"},
    {"n", GX_PARAM_INT, "100", 1, 10000, "events", NULL, 0, "at most so many of a member's"},
};

typedef struct rows {
    gx_call_env *call;
    gx_value list;
} rows;

static void put_word(gx_call_env *call, gx_value *row, const char *key, gx_space space,
                     uint32_t id) {
    if (id != GX_NONE) {
        gx_map_put(call->arena, row, key, gx_word_value(call->arena, call->txn, space, id));
    }
}

static void put_number(gx_call_env *call, gx_value *row, const char *key, double number) {
    if (isfinite(number)) {
        gx_map_put(call->arena, row, key, gx_real(number));
    }
}

static gx_value row_of(gx_call_env *call, const gx_event *event) {
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 12), extra;
    if (event->event_id.size) {
        gx_map_put(arena, &row, "event_id",
                   gx_text_copy(arena, event->event_id.data, event->event_id.size));
    }
    put_word(call, &row, "user_id", GX_SPACE_USER, event->user);
    put_word(call, &row, "item_id", GX_SPACE_ITEM, event->item);
    put_word(call, &row, "action", GX_SPACE_ACTION, event->action);
    gx_map_put(arena, &row, "ts", gx_int(event->ts_ms));
    put_word(call, &row, "channel", GX_SPACE_CHANNEL, event->channel);
    put_word(call, &row, "group_id", GX_SPACE_GROUP, event->group);
    put_word(call, &row, "via", GX_SPACE_USER, event->via);
    put_word(call, &row, "campaign", GX_SPACE_CAMPAIGN, event->campaign);
    put_word(call, &row, "coupon", GX_SPACE_COUPON, event->coupon);
    put_number(call, &row, "value", (double)event->value);
    put_number(call, &row, "qty", (double)event->qty);
    put_number(call, &row, "amount", event->amount);
    if (event->extra.size && gx_pack_read(&extra, arena, event->extra.data, event->extra.size,
                                          &GX_PACK_LIMITS_DEFAULT, NULL) == GX_OK) {
        for (uint32_t i = 0; extra.type == GX_MAP && i < extra.size; i++) {
            gx_map_put_text(arena, &row, extra.as.pairs[i].key, extra.as.pairs[i].value);
        }
    }
    return row;
}

static gx_status add(void *user, const gx_event *event, gx_error *err) {
    (void)err;
    rows *r = user;
    gx_list_add(r->call->arena, &r->list, row_of(r->call, event));
    return GX_OK;
}

static void by_ids(rows *r, const gx_value *ids) {
    gx_arena *arena = r->call->arena;
    for (uint32_t i = 0; i < ids->size; i++) {
        gx_event event;
        gx_error missing;
        gx_slice id = {ids->as.items[i].as.text, ids->as.items[i].size};
        if (gx_event_find(&event, r->call->txn, id) == GX_OK) {
            gx_list_add(arena, &r->list, row_of(r->call, &event));
            continue;
        }
        char shown[80];
        gx_status status =
            gx_fail_at(&missing, GX_NOT_FOUND, "event", "event %s is not in this store",
                       gx_quote(shown, sizeof shown, id.data, id.size));
        (void)status;
        gx_value row = gx_map(arena, 2);
        gx_map_put(arena, &row, "event_id", gx_text_copy(arena, id.data, id.size));
        gx_map_put(arena, &row, "error", gx_error_value(arena, &missing));
        gx_list_add(arena, &r->list, row);
    }
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    rows r = {call, gx_list(call->arena, 16)};
    const gx_value *ids = gx_arg_value(call->args, "events");
    gx_slice name = gx_arg_text(call->args, "user");
    gx_status status = GX_OK;
    if ((ids->type == GX_LIST) == (name.size != 0)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "events",
                          "accepted is either events (their ids) or a user");
    }
    if (name.size) {
        uint32_t user;
        status = gx_need_word(&user, call->txn, GX_SPACE_USER, name, err);
        if (status == GX_OK) {
            status = gx_event_of_user(call->txn, user, (size_t)gx_arg_int(call->args, "n"), add, &r,
                                      err);
        }
    } else {
        by_ids(&r, ids);
    }
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "events", r.list);
    }
    return status;
}

const gx_method gx_method_event_get = {
    .name = "event.get",
    .summary = "events by id, or the latest of a member",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{events: [{event_id, user_id, item_id, action, ts, …} or {event_id, error}]}",
    .run = run,
};
