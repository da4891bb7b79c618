/* audience.for_item: whom to show an item first (R52): those who took to what is near it, those
 * tied to them, their circles, and leaders among them.
 *
 * What is near, and how much a member likes it, is api/lists/near.h's. Who has the item, or
 * dislikes it, is out as in a list. Whom to invite to an event (R46) is the same question, with
 * api/lists/invite.h on top. O(events + items + ties). */
#include "api/lists/invite.h"
#include "api/lists/near.h"
#include "api/support.h"

#include <math.h>
#include <stdlib.h>

enum { SHOWN = 10 };

/* clang-format off */
static const gx_param params[] = {
    {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which item, by id"},
    {"n", GX_PARAM_INT, NULL, 1, 10000, "members", NULL, 0,
     "how many members (100; of an event with a capacity the places left)"},
    GX_INVITE_PARAMS,
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_CHANNELS_PARAM,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why"},
};
/* clang-format on */

typedef struct launch {
    gx_audience a;
    const gx_columns *columns;
    gx_filter filter;
    gx_invite invite;
    gx_near near;
    uint32_t item;
} launch;

/* ---- whom it suits -------------------------------------------------------------------------- */

/* How far it is, as a reason: of no channel, so of no share. */
static gx_value distance_why(gx_arena *arena, double km) {
    gx_value why = gx_map(arena, 4);
    const gx_hole hole = gx_lists_hole("km", gx_arena_printf(arena, km < 10 ? "%.1f" : "%.0f", km));
    gx_map_put(arena, &why, "channel", gx_str("place"));
    gx_map_put(arena, &why, "share", gx_real(0));
    gx_lists_say(&why, arena, GX_SAYS_AUDIENCE_NEAR, &hole, 1);
    return why;
}

static gx_status add_member(gx_value *list, const launch *l, uint32_t user, gx_error *err) {
    gx_call_env *call = l->a.call;
    gx_value row = gx_audience_row(&l->a, user, list->size + 1);
    double km;
    gx_status status = gx_invite_distance(&km, &l->invite, user, err);
    if (status == GX_OK && !isnan(km)) {
        gx_map_put(call->arena, &row, "distance", gx_real(km));
    }
    if (status == GX_OK && gx_arg_bool(call->args, "why")) {
        const uint32_t near = gx_near_best(&l->near, user);
        const gx_slice title =
            near == GX_NONE ? gx_slice_of("") : gx_lists_title(call, l->columns, near);
        const gx_hole hole = {"item", title, title};
        gx_value why = gx_audience_why(&l->a, user, GX_SAYS_AUDIENCE_TASTE, &hole, 1);
        if (!isnan(km)) {
            gx_list_add(call->arena, &why, distance_why(call->arena, km));
        }
        gx_map_put(call->arena, &row, "why", why);
    }
    gx_list_add(call->arena, list, row);
    return status;
}

/* Whether the rules of a list leave the item to the member, as they are now. */
static gx_status may_have(bool *out, const launch *l, uint32_t user, gx_error *err) {
    const gx_call_env *call = l->a.call;
    gx_member_live live;
    gx_arena *scratch = gx_arena_create();
    if (!scratch) {
        return gx_fail_memory(err, 0);
    }
    gx_status status = gx_job_check(call->job, err);
    if (status == GX_OK) {
        status = gx_member_read(&live, call->txn, call->state, l->columns, user, gx_time_ms(),
                                scratch, err);
    }
    *out = status == GX_OK && gx_filter_reason(&l->filter, &live, l->item, scratch).type == GX_NIL;
    gx_arena_destroy(scratch);
    return status;
}

/* The n best whom the rules leave the item to; further down the audience as long as some are
 * missing. */
static gx_status list_members(gx_value *list, launch *l, uint32_t n, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = l->a.call;
    uint32_t done = 0, count = 0, room = n < l->a.users / 2 ? 2 * n + 100 : l->a.users;
    *list = gx_list(call->arena, n < 64 ? n : 64);
    for (uint32_t u = 0; u < l->a.users; u++) {
        l->a.out[u] = !l->a.out[u]; /* for gx_top_f64, which keeps */
    }
    for (bool more = n > 0; more; room = room < l->a.users / 4 ? 4 * room : l->a.users) {
        uint32_t *best = gx_top_f64(call->arena, &count, l->a.score, l->a.users, room, l->a.out);
        if (!best) {
            return gx_fail_memory(err, room * sizeof *best);
        }
        for (; done < count && list->size < n; done++) {
            bool kept = false;
            if (gx_invite_circle_full(&l->invite, best[done])) {
                continue;
            }
            GX_TRY(may_have(&kept, l, best[done], err));
            if (kept) {
                GX_TRY(add_member(list, l, best[done], err));
            } else {
                l->invite.left[GX_INVITE_LEFT_RULE]++;
            }
        }
        more = list->size < n && count == room && room < l->a.users;
    }
done:
    return status;
}

/* Why there are fewer than n of what may be shown. */
static const char *missing(const launch *l) {
    const bool narrowed = l->invite.asks || l->invite.per_circle > 0;
    return l->near.count == 0
               ? "nothing is near the item: it has neither events nor attributes that others have"
           : narrowed ? "it suits no more members who may be asked; left_out tells who may not"
                      : "it suits no more members who do not have it";
}

static gx_status answer(gx_value *out, launch *l, gx_error *err) {
    gx_call_env *call = l->a.call;
    gx_arena *arena = call->arena;
    const uint32_t n = gx_invite_wanted(&l->invite);
    gx_value row = gx_lists_item(call, l->columns, l->item, 12), users = gx_list(arena, 1);
    gx_value near = gx_list(arena, SHOWN), less = gx_nil();
    gx_value why_not = gx_filter_reason(&l->filter, NULL, l->item, arena);
    why_not = why_not.type == GX_NIL ? gx_invite_over(&l->invite, gx_time_ms()) : why_not;
    if (why_not.type == GX_NIL) {
        gx_status status = list_members(&users, l, n, err);
        if (status != GX_OK) {
            return status;
        }
    }
    for (uint32_t k = 0; k < l->near.count && k < SHOWN; k++) {
        gx_value one = gx_lists_item(call, l->columns, l->near.near[k].item, 1);
        gx_map_put(arena, &one, "nearness",
                   gx_real((double)(l->near.near[k].score / l->near.near[0].score)));
        gx_list_add(arena, &near, one);
    }
    if (why_not.type != GX_NIL) {
        char *text = gx_arena_printf(arena, "0 of %u: %s", n, gx_filter_not_shown(arena, &why_not));
        less = gx_str(text ? text : "");
    } else if (n == 0) {
        less = gx_str("every place is taken; n invites more than there is room for");
    } else if (users.size < n) {
        char *text = gx_arena_printf(arena, "%u of %u: %s", users.size, n, missing(l));
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "from", gx_str(l->near.by_history ? "history" : "attributes"));
    gx_map_put(arena, &row, "near", near);
    gx_map_put(arena, &row, "count", gx_int(l->a.count));
    gx_map_put(arena, &row, "users", users);
    gx_invite_tell(&row, &l->invite);
    gx_value notes = gx_list(arena, 3);
    gx_audience_note(&notes, &l->a, true, "score");
    gx_map_put(arena, &row, "notes", notes);
    gx_filter_note(&row, &l->filter, arena);
    gx_map_put(arena, &row, "why_not", why_not);
    gx_map_put(arena, &row, "short", less);
    *out = row;
    return GX_OK;
}

static gx_status make(gx_value *out, launch *l, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_filter_make(&l->filter, l->a.call, l->columns, true, err));
    GX_TRY(gx_invite_read(&l->invite, &l->a, l->columns, l->item, err));
    GX_TRY(gx_near_open(&l->near, l->a.call, l->columns, &l->a.views.matrix, err));
    GX_TRY(gx_near_find(&l->near, l->item, err));
    gx_near_audience(&l->a, &l->near);
    GX_TRY(gx_audience_score(&l->a, true, err));
    GX_TRY(gx_invite_choose(&l->invite, l->columns, l->item,
                            gx_slice_is(gx_arg_text(l->a.call->args, "seen"), "none"), err));
    GX_TRY(answer(out, l, err));
done:
    gx_near_close(&l->near);
    return status;
}

/* The events are read before the item columns are held: that is what takes long. */
static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    launch l = {.a = {.call = call}};
    GX_TRY(gx_need_word(&l.item, call->txn, GX_SPACE_ITEM, gx_arg_text(call->args, "item"), err));
    GX_TRY(gx_audience_init(&l.a, call, err));
    GX_TRY(gx_listing_weights(l.a.weights, call, err));
    GX_TRY(gx_filter_lock(&l.columns, call, err));
    status = make(out, &l, err);
    gx_db_items_unlock(call->db);
done:
    gx_audience_finish(&l.a);
    return status;
}

const gx_method gx_method_audience_for_item = {
    .name = "audience.for_item",
    .summary = "whom to show an item first, or invite to an event: by taste, ties, circle and lead",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{id, title, from, near: [{id, title, nearness}], count, users: [{user, score, rank, "
        "channels, distance?, why: [{channel, share, en, zh}]}], joined?, capacity?, places?, "
        "left_out: {joined, segment, no_place, far, no_consent, departed, circle, unclear_consent, "
        "rule}, notes: [text], why_not, "
        "short}",
    .run = run,
};
