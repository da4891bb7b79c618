/* rec.user: the n best items for each member, by the four channels, with reasons. Reads the store
 * at this moment, so what was written a moment ago counts. */
#include "api/lists/member_list.h"
#include "api/support.h"

#include <stdio.h>

enum {
    ITEMS_A_CALL = 10000,
    ITEMS_AT_ONCE = 400, /* users × n: more than that would keep a loop's other callers waiting */
    ITEMS_A_USER = 20
};

/* clang-format off */
static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 200, "members", NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "for whom, by id"},
    GX_LIST_N_PARAM,
    GX_LIST_PARAMS,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why, with evidence"},
};
/* clang-format on */

static gx_value list_value(gx_call_env *call, const gx_list_asked *asked,
                           const gx_member_list *made, const uint8_t *mask) {
    gx_arena *arena = call->arena;
    const gx_rec_list *list = &made->list;
    gx_around around = {0};
    const gx_why_writer writer = {.call = call,
                                  .columns = asked->filter.columns,
                                  .live = &made->live,
                                  .around = &around,
                                  .min_count = asked->min_count};
    gx_value row = gx_map(arena, 10), items = gx_list(arena, list->count);
    for (uint32_t k = 0; k < list->count; k++) {
        gx_value item = gx_listing_item(&writer, &list->items[k], asked->why);
        if (asked->exposure.explore > 0 || asked->exposure.log) {
            gx_map_put(arena, &item, "propensity", gx_real(list->items[k].propensity));
        }
        gx_list_add(arena, &items, item);
    }
    gx_map_put(arena, &row, "user", gx_text_copy(arena, made->word.data, made->word.size));
    gx_map_put(arena, &row, "known", gx_bool(made->live.rec.user != GX_NONE));
    gx_map_put(arena, &row, "items", items);
    gx_map_put(arena, &row, "rung", gx_str(gx_rung_name(list->rung)));
    gx_map_put(arena, &row, "circle", gx_community_value(arena, call->state, list->circle));
    gx_map_put(arena, &row, "short", gx_member_list_short(made, asked, mask, arena));
    if (asked->slate.pin_count > 0) {
        gx_map_put(arena, &row, "not_pinned",
                   gx_slate_missing_pins(&asked->slate, &asked->filter, &made->live, mask, arena));
    }
    if (asked->slate.idle.type == GX_LIST) {
        gx_map_put(arena, &row, "not_boosted", asked->slate.idle);
    }
    gx_filter_note(&row, &asked->filter, arena);
    return row;
}

static gx_status one_member(gx_value *out, gx_call_env *call, const gx_list_asked *asked,
                            uint8_t *mask, uint32_t index, gx_error *err) {
    gx_status status = GX_OK;
    const gx_value *user = &gx_arg_value(call->args, "users")->as.items[index];
    const gx_slice word = {user->as.text, user->size};
    gx_member_list made;
    uint32_t id = GX_NONE;
    gx_status found = gx_word_find(&id, call->txn, GX_SPACE_USER, word);
    if (found != GX_OK && found != GX_NOT_FOUND) {
        return gx_fail(err, found, "the store could not be read");
    }
    GX_TRY(gx_member_list_read(&made, asked, call, found == GX_OK ? id : GX_NONE, word, err));
    GX_TRY(gx_member_list_make(&made, asked, call, mask, NULL, 0, err));
    *out = list_value(call, asked, &made, mask);
done:
    return status;
}

static gx_status all_members(gx_value *out, gx_call_env *call, const gx_columns *columns,
                             gx_error *err) {
    gx_status status = GX_OK;
    gx_list_asked asked;
    const gx_value *users = gx_arg_value(call->args, "users");
    GX_TRY(gx_list_asked_read(&asked, call, columns, 0, err));
    uint8_t *mask = gx_arena_get(call->arena, (size_t)asked.filter.items + 1);
    if (!mask) {
        return gx_fail_memory(err, asked.filter.items);
    }
    gx_value lists = gx_list(call->arena, users->size);
    for (uint32_t i = 0; i < users->size; i++) {
        gx_value row;
        GX_TRY(one_member(&row, call, &asked, mask, i, err));
        if (asked.exposure.request_id && (asked.exposure.explore > 0 || asked.exposure.log)) {
            gx_map_put(call->arena, &row, "request_id",
                       gx_exposure_id(call->arena, &asked.exposure, i));
        }
        gx_list_add(call->arena, &lists, row);
        GX_TRY(gx_call_bill(call, err));
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
    (void)gx_value_as_number(n, &each); /* what is none is refused */
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
              "place, why_not}], not_boosted?: [text], notes?: [text], request_id, logged}]",
    .run = run,
};
