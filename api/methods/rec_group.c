/* rec.group: one list for several members: those named, a group of the store, or a circle.
 *
 * u(m, i) is what item i scores for member m as in rec.user, over the member's best score among
 * what the group may have, so that nobody's word weighs more for a longer history; 0 for what the
 * member has seen. What half of the members or more have seen is out, and what any other rule keeps
 * from any one of them (age, blocks, dislikes, what they sell). The list is made of the DEPTH best
 * of each:
 *
 *   average       mean over m of u(m, i)
 *   least_misery  least u(m, i), ties by the mean (O'Connor et al., PolyLens, 2001)
 *   fair          one after the other the item that adds most to Σ_m log(ε + U_m), U_m what the
 *                 items before it came to for m: the product of what members get (Nash 1950),
 *                 greedily, so that who got little so far is heard next
 *
 * The order is made of everybody; what is told of it is told of those who agreed to be named, so
 * that nobody else's part can be worked out, from one answer or from several.
 *
 * O(members × items) twice, and for `fair` n × members × candidates. */
#include "api/lists/group.h"
#include "api/lists/listing.h"
#include "api/lists/now.h"
#include "api/support.h"

#include <math.h>
#include <stdlib.h>

enum { DEPTH = 200, CANDIDATES = 2000, SHOWN = 20, AT_ONCE = 4 };
static const double EPSILON = 0.1, LIKED = 0.5;

/* clang-format off */
static const gx_param params[] = {
    GX_GROUP_PARAMS,
    {"n", GX_PARAM_INT, "20", 1, 200, "items", NULL, 0, "how many"},
    {"how", GX_PARAM_CHOICE, "average", GX_PARAM_UNCHECKED, NULL, "average|least_misery|fair", 0,
     "what most like, what nobody minds, or each in turn"},
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_CHANNELS_PARAM,
    GX_CONTEXT_PARAM,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say how each likes it"},
};
/* clang-format on */

typedef struct candidate {
    uint32_t item;
    double score, mean, least;
    double named_mean, named_least; /* of those who agreed to be named */
    bool taken;
} candidate;

typedef struct council {
    gx_call_env *call;
    const gx_columns *columns;
    gx_filter filter;
    gx_now now;
    gx_weighing weighing;
    gx_group group;
    gx_member_live *live; /* one a member */
    gx_rec_request rec;
    uint8_t *mask, *wanted;
    uint32_t *place; /* items: the candidate's number + 1, 0: none */
    candidate *all;
    uint32_t count, passing; /* of the items, those that may be shown */
    float *u;                /* members × count */
    gx_rung *rung;           /* one a member: what their u is from */
} council;

/* ---- candidates ----------------------------------------------------------------------------- */

static gx_status make_room(council *c, gx_error *err) {
    const size_t items = (size_t)c->filter.items + 1;
    gx_arena *arena = c->call->arena;
    c->mask = gx_arena_get(arena, items);
    c->wanted = gx_arena_get(arena, items);
    c->place = gx_arena_get(arena, items * sizeof *c->place);
    c->live = gx_arena_get(arena, ((size_t)c->group.count + 1) * sizeof *c->live);
    if (!c->mask || !c->wanted || !c->place || !c->live) {
        return gx_fail_memory(err, items * 6);
    }
    memset(c->wanted, 0, items);
    memset(c->place, 0, items * sizeof *c->place);
    return gx_call_bill(c->call, err);
}

/* Reads the members, and leaves what no rule keeps from any of them and half have not seen. */
static gx_status leave_out(council *c, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = c->call;
    gx_filter *filter = &c->filter;
    uint32_t *seen = NULL;
    GX_TRY(gx_job_alloc(call->job, &seen, (size_t)filter->items + 1, sizeof *seen, err));
    for (uint32_t m = 0; m < c->group.count; m++) {
        GX_TRY(gx_now_member(&c->live[m], &c->now, call, c->columns, c->group.user[m], err));
        gx_filter_member(c->mask, filter, &c->live[m]);
        for (uint32_t i = 0; i < filter->items; i++) {
            seen[i] += !c->mask[i];
        }
        gx_filter_bar(filter->pass, filter, &c->live[m], true);
        GX_TRY(gx_call_bill(call, err));
    }
    if (c->group.size > c->group.count) {
        GX_TRY(gx_group_bar(filter->pass, &c->group, filter, call, err));
    }
    for (uint32_t i = 0; i < filter->items; i++) {
        filter->pass[i] = filter->pass[i] && 2 * seen[i] < c->group.count;
        c->passing += filter->pass[i];
    }
done:
    gx_job_free(call->job, seen);
    return status;
}

/* Those of the best of each. */
static gx_status find_candidates(council *c, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = c->call;
    const uint32_t most = CANDIDATES < c->filter.items ? CANDIDATES : c->filter.items;
    c->all = gx_arena_get(call->arena, ((size_t)most + 1) * sizeof *c->all);
    if (!c->all) {
        return gx_fail_memory(err, most * sizeof *c->all);
    }
    GX_TRY(leave_out(c, err));
    /* Fewer of each where there are many, so that everybody's have room. */
    uint32_t depth = CANDIDATES / c->group.count;
    depth = depth > DEPTH ? DEPTH : depth;
    c->rec.n = depth;
    for (uint32_t m = 0; m < c->group.count; m++) {
        gx_rec_list list;
        gx_filter_member(c->mask, &c->filter, &c->live[m]);
        c->rec.pass = c->mask;
        (void)gx_listing_weights_of(c->rec.weights, &c->weighing, call->state->rec,
                                    &c->live[m].rec);
        GX_TRY(gx_rec_list_make(&list, call->state->rec, &c->live[m].rec, &c->rec, call->arena,
                                call->job, err));
        GX_TRY(gx_call_bill(call, err));
        for (uint32_t k = 0; k < list.count; k++) {
            const uint32_t item = list.items[k].item;
            if (!c->wanted[item] && c->count < most) {
                c->wanted[item] = 1;
                c->all[c->count++] = (candidate){.item = item};
            }
        }
    }
done:
    return status;
}

static int by_item(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* ---- what each gets ------------------------------------------------------------------------- */

static gx_status score_all(council *c, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = c->call;
    c->u = gx_arena_get(call->arena, ((size_t)c->group.count * c->count + 1) * sizeof *c->u);
    c->rung = gx_arena_get(call->arena, (size_t)c->group.count * sizeof *c->rung);
    if (!c->u || !c->rung) {
        return gx_fail_memory(err, (size_t)c->group.count * (c->count + 1) * sizeof *c->u);
    }
    GX_TRY(gx_call_bill(call, err));
    memset(c->u, 0, (size_t)c->group.count * c->count * sizeof *c->u);
    if (c->count > 0) {
        qsort(c->all, c->count, sizeof *c->all, by_item);
    }
    for (uint32_t k = 0; k < c->count; k++) {
        c->place[c->all[k].item] = k + 1;
        c->all[k].least = c->all[k].named_least = INFINITY;
    }
    c->rec.n = c->count;
    for (uint32_t m = 0; m < c->group.count; m++) {
        gx_rec_list list;
        float *row = c->u + (size_t)m * c->count;
        gx_filter_member(c->mask, &c->filter, &c->live[m]);
        for (uint32_t i = 0; i < c->filter.items; i++) {
            c->mask[i] = c->mask[i] && c->wanted[i];
        }
        c->rec.pass = c->mask;
        (void)gx_listing_weights_of(c->rec.weights, &c->weighing, call->state->rec,
                                    &c->live[m].rec);
        GX_TRY(gx_rec_list_make(&list, call->state->rec, &c->live[m].rec, &c->rec, call->arena,
                                call->job, err));
        c->rung[m] = list.rung;
        for (uint32_t k = 0; k < list.count; k++) {
            const double best = list.items[0].score;
            row[c->place[list.items[k].item] - 1] =
                best > 0 ? (float)(list.items[k].score / best) : 0;
        }
        for (uint32_t k = 0; k < c->count; k++) {
            const double u = (double)row[k];
            c->all[k].mean += u / c->group.count;
            c->all[k].least = fmin(u, c->all[k].least);
            if (c->group.named[m]) {
                c->all[k].named_mean += u / (c->group.count - c->group.hidden);
                c->all[k].named_least = fmin(u, c->all[k].named_least);
            }
        }
    }
done:
    return status;
}

/* ---- the order ------------------------------------------------------------------------------ */

static int by_score(const void *a, const void *b) {
    const candidate *x = *(const candidate *const *)a, *y = *(const candidate *const *)b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    if (x->mean != y->mean) {
        return x->mean > y->mean ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* What an item adds to Σ_m log(ε + U_m). */
static double adds(const council *c, const double *got, uint32_t k) {
    double sum = 0;
    for (uint32_t m = 0; m < c->group.count; m++) {
        sum += log1p((double)c->u[(size_t)m * c->count + k] / (EPSILON + got[m]));
    }
    return sum;
}

static gx_status order_fair(candidate **chosen, uint32_t n, council *c, gx_error *err) {
    gx_status status = GX_OK;
    double *got = gx_alloc0((size_t)c->group.count + 1, sizeof *got);
    if (!got) {
        return gx_fail_memory(err, c->group.count * sizeof *got);
    }
    for (uint32_t r = 0; r < n; r++) {
        candidate *best = NULL;
        GX_TRY(gx_job_check(c->call->job, err));
        for (uint32_t k = 0; k < c->count; k++) {
            candidate *one = &c->all[k];
            if (one->taken) {
                continue;
            }
            one->score = adds(c, got, k) / c->group.count;
            if (!best || one->score > best->score ||
                (one->score == best->score && one->mean > best->mean)) {
                best = one;
            }
        }
        best->taken = true;
        chosen[r] = best;
        for (uint32_t m = 0; m < c->group.count; m++) {
            got[m] += (double)c->u[(size_t)m * c->count + (size_t)(best - c->all)];
        }
    }
done:
    gx_free(got);
    return status;
}

static gx_status order_all(candidate ***out, uint32_t n, council *c, gx_error *err) {
    candidate **chosen = gx_arena_get(c->call->arena, ((size_t)c->count + 1) * sizeof *chosen);
    const bool least = gx_arg_is(c->call->args, "how", "least_misery");
    if (!chosen) {
        return gx_fail_memory(err, c->count * sizeof *chosen);
    }
    *out = chosen;
    if (gx_arg_is(c->call->args, "how", "fair")) {
        return order_fair(chosen, n, c, err);
    }
    for (uint32_t k = 0; k < c->count; k++) {
        chosen[k] = &c->all[k];
        chosen[k]->score = least ? chosen[k]->least : chosen[k]->mean;
    }
    if (c->count > 0) {
        qsort(chosen, c->count, sizeof(candidate *), by_score);
    }
    return GX_OK;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* Those who agreed to be named, each with how they like it. */
static void tell_members(gx_value *row, const council *c, const candidate *one) {
    gx_arena *arena = c->call->arena;
    gx_value list = gx_list(arena, SHOWN);
    for (uint32_t m = 0; m < c->group.count && list.size < SHOWN; m++) {
        if (c->group.named[m]) {
            gx_value member = gx_map(arena, 3);
            const float u = c->u[(size_t)m * c->count + (size_t)(one - c->all)];
            gx_map_put(arena, &member, "user",
                       gx_word_value(arena, c->call->txn, GX_SPACE_USER, c->group.user[m]));
            gx_map_put(arena, &member, "likes", gx_real((double)u));
            gx_map_put(arena, &member, "rung", gx_str(gx_rung_name(c->rung[m])));
            gx_list_add(arena, &list, member);
        }
    }
    gx_map_put(arena, row, "members", list);
    if (c->group.hidden >= c->group.min_count) {
        gx_map_put(arena, row, "hidden", gx_int(c->group.hidden));
    }
}

/* The best step that answered for any of those who agreed to be named; nil: for none of them. */
static gx_value rung_value(const council *c) {
    gx_rung best = GX_RUNG_COUNT;
    for (uint32_t m = 0; m < c->group.count; m++) {
        if (c->group.named[m] && c->rung[m] < best) {
            best = c->rung[m];
        }
    }
    return best < GX_RUNG_COUNT ? gx_str(gx_rung_name(best)) : gx_nil();
}

/* What is said of an item nobody named would like, `near` where one of them is near it. Of members
 * without consent nothing may follow: whether it is theirs is not told. */
static gx_lists_sentence nobodys(const council *c, const candidate *one, bool near) {
    if (near) {
        return GX_SAYS_GROUP_NEAR;
    }
    if (c->group.hidden > 0) {
        return GX_SAYS_GROUP_WHOLE;
    }
    return gx_rec_popular_score(c->call->state->rec, one->item, 1) > 0 ? GX_SAYS_GROUP_POPULAR
                                                                       : GX_SAYS_GROUP_REST;
}

static gx_value item_value(const council *c, const candidate *one, uint32_t rank, bool why) {
    gx_arena *arena = c->call->arena;
    gx_value row = gx_lists_item(c->call, c->columns, one->item, 8);
    const uint32_t hidden = c->group.hidden;
    const bool told = hidden < c->group.count;
    uint32_t liked = 0;
    bool near = false;
    for (uint32_t m = 0; m < c->group.count; m++) {
        const double u = (double)c->u[(size_t)m * c->count + (size_t)(one - c->all)];
        const bool known = c->group.named[m] && c->rung[m] != GX_RUNG_POPULAR;
        liked += known && u >= LIKED;
        near |= known && u > 0;
    }
    gx_map_put(arena, &row, "score", hidden == 0 ? gx_real(one->score) : gx_nil());
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "average", told ? gx_real(one->named_mean) : gx_nil());
    gx_map_put(arena, &row, "least", told ? gx_real(one->named_least) : gx_nil());
    if (why) {
        const bool counted = liked >= c->group.min_count;
        const gx_hole holes[] = {gx_lists_count(arena, "n", liked),
                                 gx_lists_count(arena, "all", c->group.count)};
        gx_lists_say(&row, arena,
                     liked == 0                ? nobodys(c, one, near)
                     : !counted                ? GX_SAYS_GROUP_SOME
                     : hidden > 0              ? GX_SAYS_GROUP_NAMED
                     : liked == c->group.count ? GX_SAYS_GROUP_ALL
                                               : GX_SAYS_GROUP_MANY,
                     holes, GX_COUNT(holes));
        if (counted) {
            gx_map_put(arena, &row, "liked", gx_int(liked));
        }
        tell_members(&row, c, one);
    }
    return row;
}

static gx_status make(gx_value *out, gx_call_env *call, const gx_columns *columns, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = call->arena;
    council c = {.call = call, .columns = columns};
    candidate **chosen = NULL;
    uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    gx_value row = gx_map(arena, 9), items, less = gx_nil();
    GX_TRY(gx_listing_weigh(&c.weighing, call, err));
    GX_TRY(gx_group_find(&c.group, call, GX_GROUP_MEMBERS, err));
    GX_TRY(gx_group_stay(&c.group, call, err));
    GX_TRY(gx_group_names(&c.group, call, err));
    GX_TRY(gx_filter_make(&c.filter, call, columns, true, err));
    GX_TRY(gx_now_read(&c.now, call, 0, err));
    c.rec.items = c.filter.items;
    GX_TRY(make_room(&c, err));
    GX_TRY(find_candidates(&c, err));
    GX_TRY(score_all(&c, err));
    const uint32_t shown = n < c.count ? n : c.count;
    GX_TRY(order_all(&chosen, shown, &c, err));
    items = gx_list(arena, shown);
    for (uint32_t k = 0; k < shown; k++) {
        gx_list_add(arena, &items,
                    item_value(&c, chosen[k], k + 1, gx_arg_bool(call->args, "why")));
    }
    if (shown < n) {
        char *text =
            c.passing > c.count
                ? gx_arena_printf(arena, "%u of %u: no more are among the best of any member",
                                  shown, n)
                : gx_arena_printf(arena,
                                  "%u of %u: no more that pass where and exclude, that no rule "
                                  "keeps from any of the members (age, blocks, dislikes, what they "
                                  "sell) and that half of them have not seen",
                                  shown, n);
        less = gx_filter_short(arena, &c.filter, text ? text : "");
    }
    gx_group_tell(&row, &c.group, call);
    gx_map_put(arena, &row, "items", items);
    gx_map_put(arena, &row, "rung", rung_value(&c));
    gx_map_put(arena, &row, "short", less);
    gx_filter_note(&row, &c.filter, arena);
    *out = row;
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_lists_held(out, call, make, err);
}

static bool is_long(const gx_value *args) {
    const gx_value *users = gx_map_get(args, "users");
    return !users || users->type != GX_LIST || users->size > AT_ONCE;
}

const gx_method gx_method_rec_group = {
    .name = "rec.group",
    .summary =
        "one list for several members, a group or a circle: by average, least misery or fair",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = is_long,
    .result = "{members, of, unknown, departed?, items: [{id, title, score, rank, average, least, "
              "en, zh, liked, members: [{user, likes, rung}], hidden}], rung, short, "
              "notes?: [text]}",
    .run = run,
};
