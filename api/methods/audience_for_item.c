/* audience.for_item: whom to show an item first (R52): those who took to what is near it, those
 * tied to them, their circles, and leaders among them.
 *
 * Near is what the interest model finds like the item where LEAST members or more chose it; else
 * what shares its attributes: the category (as far as a/b/c agree), brand, seller, tags, a price
 * within a quarter. A member's taste is Σ nearness over what they chose, over the root of how much
 * they chose, x / (x + ½). Who has the item, or dislikes it, is out as in a list. Whom to invite to
 * an event (R46) is the same question, with api/lists/invite.h on top. O(events + items + ties). */
#include "api/lists/invite.h"
#include "api/support.h"

#include <math.h>
#include <stdlib.h>

enum { NEAR = 50, LEAST = 5, SHOWN = 10 };

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
    uint32_t item;
    gx_scored *near;
    uint32_t near_count;
    bool by_history;
    float *nearness; /* items; of the item itself 0 */
} launch;

/* ---- what is near --------------------------------------------------------------------------- */

static gx_slice text_of(const launch *l, uint32_t item, const char *field) {
    gx_value value = gx_columns_get(l->columns, l->a.call->arena, item, field);
    return (gx_slice){value.type == GX_TEXT ? value.as.text : "",
                      value.type == GX_TEXT ? value.size : 0};
}

static bool same_text(gx_slice a, gx_slice b) {
    return a.size > 0 && a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Of the levels of the first those in which the second agrees. */
static double path_share(gx_slice a, gx_slice b) {
    double levels = 0, agree = 0;
    bool same = b.size > 0;
    for (size_t k = 0; a.size > 0 && k <= a.size; k++) {
        if (k == a.size || a.data[k] == '/') {
            same = same && (k == b.size || (k < b.size && b.data[k] == '/'));
            levels++;
            agree += same;
        } else {
            same = same && k < b.size && b.data[k] == a.data[k];
        }
    }
    return levels > 0 ? agree / levels : 0;
}

static double shared_tags(const gx_value *a, const gx_value *b) {
    double shared = 0;
    for (uint32_t i = 0; a->type == GX_LIST && i < a->size; i++) {
        for (uint32_t k = 0; b->type == GX_LIST && k < b->size; k++) {
            shared += gx_value_equal(&a->as.items[i], &b->as.items[k]);
        }
    }
    return shared / (shared + 1);
}

/* 0 … 4½; below ½ it is another thing. */
static double attribute_nearness(const launch *l, uint32_t other) {
    gx_arena *arena = l->a.call->arena;
    double near = 2 * path_share(text_of(l, l->item, "category"), text_of(l, other, "category"));
    near += same_text(text_of(l, l->item, "brand"), text_of(l, other, "brand")) ? 1 : 0;
    near += same_text(text_of(l, l->item, "seller"), text_of(l, other, "seller")) ? 0.25 : 0;
    gx_value mine = gx_columns_get(l->columns, arena, l->item, "tags");
    gx_value theirs = gx_columns_get(l->columns, arena, other, "tags");
    near +=
        mine.type == GX_TEXT && gx_value_equal(&mine, &theirs) ? 0.5 : shared_tags(&mine, &theirs);
    double price = 0, beside = 0;
    gx_value p = gx_columns_get(l->columns, arena, l->item, "price");
    gx_value q = gx_columns_get(l->columns, arena, other, "price");
    if (near > 0 && gx_value_as_real(&p, &price) && gx_value_as_real(&q, &beside) &&
        fabs(price - beside) <= fabs(price) / 4) {
        near += 0.25;
    }
    return near >= 0.5 ? near : 0;
}

static gx_status near_by_attributes(launch *l, gx_error *err) {
    gx_arena *arena = l->a.call->arena;
    const uint32_t items = gx_columns_rows(l->columns);
    float *score = gx_alloc0((size_t)items + 1, sizeof *score);
    l->near = gx_arena_get(arena, NEAR * sizeof *l->near);
    if (!score || !l->near) {
        gx_free(score);
        return gx_fail_memory(err, items * sizeof *score);
    }
    for (uint32_t i = 0; i < items; i++) {
        score[i] = i == l->item ? 0 : (float)attribute_nearness(l, i);
    }
    l->near_count = gx_top(l->near, NEAR, score, items, NULL, 0);
    gx_free(score);
    return GX_OK;
}

static gx_status find_near(launch *l, gx_error *err) {
    gx_call_env *call = l->a.call;
    const gx_matrix *m = &l->a.views.matrix;
    uint32_t chosen = 0;
    for (uint64_t k = 0; k < m->nnz; k++) {
        chosen += m->col[k] == l->item;
    }
    if (chosen >= LEAST && gx_rec_interest_model(call->state->rec) &&
        l->item < call->state->items) {
        gx_status status =
            gx_rec_similar(&l->near, &l->near_count, call->state->rec, l->item, NEAR, NULL,
                           gx_columns_rows(l->columns), l->columns, call->arena, err);
        if (status != GX_OK) {
            return status;
        }
        l->by_history = l->near_count > 0;
    }
    return l->by_history ? GX_OK : near_by_attributes(l, err);
}

/* ---- whom it suits -------------------------------------------------------------------------- */

static gx_status make_taste(launch *l, gx_error *err) {
    gx_audience *a = &l->a;
    const gx_matrix *m = &a->views.matrix;
    l->nearness = gx_arena_get(a->call->arena, ((size_t)m->cols + 1) * sizeof *l->nearness);
    if (!l->nearness) {
        return gx_fail_memory(err, m->cols * sizeof *l->nearness);
    }
    memset(l->nearness, 0, ((size_t)m->cols + 1) * sizeof *l->nearness);
    for (uint32_t k = 0; k < l->near_count; k++) {
        if (l->near[k].item < m->cols) {
            l->nearness[l->near[k].item] = l->near[k].score / l->near[0].score;
        }
    }
    for (uint32_t u = 0; u < a->users; u++) {
        double sum = 0;
        bool has = false;
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            sum += (double)l->nearness[m->col[k]];
            has = has || m->col[k] == l->item;
        }
        const double count = (double)(m->ptr[u + 1] - m->ptr[u]);
        const double x = count > 0 ? sum / sqrt(count) : 0;
        a->s[GX_CHANNEL_INTEREST][u] = (float)(x / (x + 0.5));
        a->base[u] = has ? 1 : a->s[GX_CHANNEL_INTEREST][u];
    }
    return GX_OK;
}

/* Of what the member chose the nearest; GX_NONE: nothing near. */
static uint32_t nearest_of(const launch *l, uint32_t user) {
    const gx_matrix *m = &l->a.views.matrix;
    uint32_t best = GX_NONE;
    for (uint64_t k = m->ptr[user]; k < m->ptr[user + 1]; k++) {
        const float near = l->nearness[m->col[k]];
        if (near > 0 && (best == GX_NONE || near > l->nearness[best])) {
            best = m->col[k];
        }
    }
    return best;
}

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
        const uint32_t near = nearest_of(l, user);
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

/* Why there are fewer than n. */
static const char *missing(const launch *l, const gx_value *why_not) {
    const bool narrowed = l->invite.asks || l->invite.per_circle > 0;
    return why_not->type != GX_NIL ? "the item may not be shown"
           : l->near_count == 0
               ? "nothing is near the item: it has neither events nor attributes that others have"
           : narrowed ? "it suits no more members who may be asked; left_out tells who may not"
                      : "it suits no more members who do not have it";
}

static gx_status answer(gx_value *out, launch *l, gx_error *err) {
    gx_call_env *call = l->a.call;
    gx_arena *arena = call->arena;
    const uint32_t n = gx_invite_wanted(&l->invite);
    gx_value row = gx_lists_item(call, l->columns, l->item, 11), users = gx_list(arena, 1);
    gx_value near = gx_list(arena, SHOWN), less = gx_nil();
    gx_value why_not = gx_filter_reason(&l->filter, NULL, l->item, arena);
    why_not = why_not.type == GX_NIL ? gx_invite_over(&l->invite, gx_time_ms()) : why_not;
    if (why_not.type == GX_NIL) {
        gx_status status = list_members(&users, l, n, err);
        if (status != GX_OK) {
            return status;
        }
    }
    for (uint32_t k = 0; k < l->near_count && k < SHOWN; k++) {
        gx_value one = gx_lists_item(call, l->columns, l->near[k].item, 1);
        gx_map_put(arena, &one, "nearness", gx_real((double)(l->near[k].score / l->near[0].score)));
        gx_list_add(arena, &near, one);
    }
    if (n == 0) {
        less = gx_str("every place is taken; n invites more than there is room for");
    } else if (users.size < n) {
        char *text = gx_arena_printf(arena, "%u of %u: %s", users.size, n, missing(l, &why_not));
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "from", gx_str(l->by_history ? "history" : "attributes"));
    gx_map_put(arena, &row, "near", near);
    gx_map_put(arena, &row, "count", gx_int(l->a.count));
    gx_map_put(arena, &row, "users", users);
    gx_invite_tell(&row, &l->invite);
    gx_map_put(arena, &row, "why_not", why_not);
    gx_map_put(arena, &row, "short", less);
    *out = row;
    return GX_OK;
}

static gx_status make(gx_value *out, launch *l, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_filter_make(&l->filter, l->a.call, l->columns, true, err));
    GX_TRY(gx_invite_read(&l->invite, &l->a, l->columns, l->item, err));
    GX_TRY(find_near(l, err));
    GX_TRY(make_taste(l, err));
    GX_TRY(gx_audience_score(&l->a, true, err));
    GX_TRY(gx_invite_choose(&l->invite, l->columns, l->item,
                            gx_slice_is(gx_arg_text(l->a.call->args, "seen"), "none"), err));
    GX_TRY(answer(out, l, err));
done:
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
        "left_out: {joined, segment, no_place, far, no_consent, departed, circle, rule}, why_not, "
        "short}",
    .run = run,
};
