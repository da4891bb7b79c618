/* rec.bundle: what goes with an item or a cart: complements by lift and order of purchase, from the
 * snapshot's pass `bundle`; what stands in for an item of the cart is held out and told. */
#include "api/lists/context.h"
#include "api/lists/lists.h"
#include "api/support.h"
#include "api/vector.h"

#include <stdlib.h>

enum { REASONS = 3 };

/* clang-format off */
static const gx_param params[] = {
    {"items", GX_PARAM_LIST, NULL, 1, 100, "items", NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "the item, or all items of the cart, by id"},
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_WHOM,
     "for whom: what they have seen stays out"},
    {"n", GX_PARAM_INT, "10", 1, 1000, "items", NULL, 0, "how many"},
    GX_FILTER_PARAMS,
    GX_CONTEXT_PLACE_PARAM,
    GX_SEEN_PARAM,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why, with evidence"},
};
/* clang-format on */

/* The arrays of the pass. Rows are checked where they are read. */
typedef struct rows {
    const uint64_t *ptr, *like_ptr;
    const uint32_t *item, *count, *after, *buyers, *like_item;
    const float *lift, *expected, *like; /* expected: NULL in an older snapshot */
    double days;
    uint64_t entries, likes;
    uint32_t items;
    bool taken; /* not bought: the log has no purchases */
} rows;

/* One item of the cart leading to one other. */
typedef struct lead {
    uint32_t item, of, count, after, buyers;
    double share, times, gain; /* times chance, as counted (0: not known); gain: the share beyond
                                  what is average */
} lead;

typedef struct answer {
    gx_call_env *call;
    const gx_columns *columns;
    gx_filter filter;
    uint8_t *mask;
    gx_lists_ids cart;
    rows rows;
    uint32_t min_count;
    lead *leads; /* by item, then by falling gain */
    uint32_t lead_count;
    gx_value unknown, held;
} answer;

typedef struct candidate {
    double score;
    uint32_t item, from, to; /* its leads */
} candidate;

static gx_status open_rows(rows *r, const gx_state *state, gx_error *err) {
    gx_status status = GX_OK;
    const double *window;
    const uint64_t items = state->items;
    r->items = state->items;
    GX_TRY(gx_need_array(&r->ptr, state, "bundle.ptr", GX_U64, items + 1, err));
    r->entries = r->ptr[items];
    GX_TRY(gx_need_array(&r->item, state, "bundle.item", GX_U32, r->entries, err));
    GX_TRY(gx_need_array(&r->count, state, "bundle.count", GX_U32, r->entries, err));
    GX_TRY(gx_need_array(&r->after, state, "bundle.after", GX_U32, r->entries, err));
    GX_TRY(gx_need_array(&r->lift, state, "bundle.lift", GX_F32, r->entries, err));
    r->expected = gx_arrays_get(state->arrays, "bundle.expected", GX_F32, r->entries);
    GX_TRY(gx_need_array(&r->buyers, state, "bundle.buyers", GX_U32, items, err));
    GX_TRY(gx_need_array(&r->like_ptr, state, "bundle.like_ptr", GX_U64, items + 1, err));
    r->likes = r->like_ptr[items];
    GX_TRY(gx_need_array(&r->like_item, state, "bundle.like_item", GX_U32, r->likes, err));
    GX_TRY(gx_need_array(&r->like, state, "bundle.like", GX_F32, r->likes, err));
    GX_TRY(gx_need_array(&window, state, "bundle.window", GX_F64, 1, err));
    r->days = window[0];
    const uint32_t *bought = gx_arrays_get(state->arrays, "bundle.bought", GX_U32, 1);
    r->taken = bought && !bought[0]; /* older snapshots do not say */
done:
    return status;
}

static bool row_is_good(const uint64_t *ptr, uint64_t entries, uint32_t item) {
    return ptr[item] <= ptr[item + 1] && ptr[item + 1] <= entries;
}

static gx_status damaged(gx_error *err) {
    return gx_fail(err, GX_CORRUPT,
                   "the snapshot's bundle: its rows do not fit; `guanxi build` "
                   "makes another");
}

/* ---- what leads where ----------------------------------------------------------------------- */

static int by_item(const void *a, const void *b) {
    const lead *x = a, *y = b;
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    if (x->gain != y->gain) {
        return x->gain > y->gain ? -1 : 1;
    }
    return (x->of > y->of) - (x->of < y->of);
}

static gx_status add_leads(vector *leads, const rows *r, uint32_t of, gx_error *err) {
    if (of >= r->items) {
        return GX_OK; /* newer than the snapshot */
    }
    if (!row_is_good(r->ptr, r->entries, of)) {
        return damaged(err);
    }
    for (uint64_t k = r->ptr[of]; k < r->ptr[of + 1]; k++) {
        const double lift = (double)r->lift[k];
        if (r->item[k] >= r->items || r->buyers[of] == 0 || !(lift >= 1)) {
            return damaged(err);
        }
        lead *l = vector_add(leads);
        if (!l) {
            return gx_fail_memory(err, leads->capacity * sizeof *l);
        }
        const double expected = r->expected ? (double)r->expected[k] : 0;
        const double share = (double)r->count[k] / r->buyers[of];
        *l = (lead){.item = r->item[k],
                    .of = of,
                    .count = r->count[k],
                    .after = r->after[k],
                    .buyers = r->buyers[of],
                    .share = share,
                    .times = expected > 0 ? r->count[k] / expected : 0,
                    .gain = share * (1 - 1 / lift)};
    }
    return GX_OK;
}

static gx_status make_leads(answer *a, gx_error *err) {
    vector leads = {.size = sizeof(lead)};
    gx_status status = GX_OK;
    for (uint32_t k = 0; k < a->cart.count; k++) {
        GX_TRY(add_leads(&leads, &a->rows, a->cart.id[k], err));
    }
    a->leads = gx_arena_get(a->call->arena, leads.count * sizeof *a->leads + 1);
    if (!a->leads) {
        status = gx_fail_memory(err, leads.count * sizeof *a->leads);
        goto done;
    }
    if (leads.count > 0) {
        memcpy(a->leads, leads.data, leads.count * sizeof *a->leads);
        qsort(a->leads, leads.count, sizeof *a->leads, by_item);
    }
    a->lead_count = (uint32_t)leads.count;
done:
    gx_free(leads.data);
    return status;
}

/* ---- what stands in ------------------------------------------------------------------------- */

static double likeness(const rows *r, uint32_t a, uint32_t b) {
    for (uint64_t k = r->like_ptr[a]; k < r->like_ptr[a + 1]; k++) {
        if (r->like_item[k] == b) {
            return (double)r->like[k];
        }
    }
    return 0;
}

/* The item of the cart that `item` stands in for most; GX_NONE: none. Rows are cut, so that either
 * may list the other. */
static gx_status stands_in_for(uint32_t *out, double *out_like, const answer *a, uint32_t item,
                               gx_error *err) {
    const rows *r = &a->rows;
    uint32_t best = GX_NONE;
    *out_like = 0;
    for (uint32_t k = 0; k < a->cart.count; k++) {
        const uint32_t of = a->cart.id[k];
        if (of >= r->items) {
            continue;
        }
        if (!row_is_good(r->like_ptr, r->likes, of) || !row_is_good(r->like_ptr, r->likes, item)) {
            return damaged(err);
        }
        double like = likeness(r, of, item), back = likeness(r, item, of);
        like = like > back ? like : back;
        if (like > *out_like) {
            *out_like = like;
            best = of;
        }
    }
    *out = best;
    return GX_OK;
}

static void tell_held(answer *a, uint32_t item, uint32_t of, double like) {
    gx_arena *arena = a->call->arena;
    gx_value row = gx_lists_item(a->call, a->columns, item, 2);
    gx_map_put(arena, &row, "of", gx_word_value(arena, a->call->txn, GX_SPACE_ITEM, of));
    gx_map_put(arena, &row, "likeness", gx_real(like));
    gx_list_add(arena, &a->held, row);
}

/* ---- the list ------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* What passes, once an item: the chance that one of the leads at least brings it. */
static gx_status choose(candidate **out, uint32_t *out_count, answer *a, gx_error *err) {
    candidate *all = gx_arena_get(a->call->arena, ((size_t)a->lead_count + 1) * sizeof *all);
    uint32_t made = 0;
    if (!all) {
        return gx_fail_memory(err, a->lead_count * sizeof *all);
    }
    for (uint32_t from = 0, to; from < a->lead_count; from = to) {
        const uint32_t item = a->leads[from].item;
        double missed = 1, like = 0;
        uint32_t stands = GX_NONE;
        for (to = from; to < a->lead_count && a->leads[to].item == item; to++) {
            missed *= 1 - a->leads[to].gain;
        }
        if (item >= a->filter.items || !a->mask[item]) {
            continue;
        }
        gx_status status = stands_in_for(&stands, &like, a, item, err);
        if (status != GX_OK) {
            return status;
        }
        if (stands != GX_NONE) {
            tell_held(a, item, stands, like);
            continue;
        }
        all[made++] = (candidate){.score = 1 - missed, .item = item, .from = from, .to = to};
    }
    if (made > 0) {
        qsort(all, made, sizeof *all, by_score);
    }
    *out = all;
    *out_count = made;
    return GX_OK;
}

static gx_value reason(const answer *a, const lead *l) {
    gx_arena *arena = a->call->arena;
    gx_value row = gx_map(arena, 4), evidence = gx_map(arena, 4);
    const bool counted = l->count >= a->min_count && l->times > 0;
    const gx_slice title = gx_lists_title(a->call, a->columns, l->of);
    const gx_hole holes[] = {
        {"item", title, title},
        gx_lists_share(arena, "share", l->share),
        gx_lists_times(arena, "lift", l->times),
        gx_lists_hole("days", gx_arena_printf(arena, "%.3g", a->rows.days)),
    };
    gx_map_put(arena, &row, "of", gx_word_value(arena, a->call->txn, GX_SPACE_ITEM, l->of));
    const gx_lists_sentence plain = a->rows.taken ? GX_SAYS_TAKEN_PLAIN : GX_SAYS_BUNDLE_PLAIN;
    const gx_lists_sentence after = a->rows.taken ? GX_SAYS_TAKEN_AFTER : GX_SAYS_BUNDLE_AFTER;
    const gx_lists_sentence with = a->rows.taken ? GX_SAYS_TAKEN_WITH : GX_SAYS_BUNDLE_WITH;
    gx_lists_say(&row, arena,
                 !counted       ? plain
                 : l->after > 0 ? after
                                : with,
                 holes, GX_COUNT(holes));
    if (counted) {
        gx_map_put(arena, &evidence, "share", gx_real(l->share));
        gx_map_put(arena, &evidence, "lift", gx_real(l->times));
        gx_map_put(arena, &evidence, "n", gx_int(l->count));
        if (l->after >= a->min_count) {
            gx_map_put(arena, &evidence, "after", gx_int(l->after));
        }
    }
    gx_map_put(arena, &row, "evidence", evidence);
    return row;
}

static gx_value item_value(const answer *a, const candidate *c, uint32_t rank, bool why) {
    gx_arena *arena = a->call->arena;
    gx_value row = gx_lists_item(a->call, a->columns, c->item, 3);
    gx_map_put(arena, &row, "score", gx_real(c->score));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    if (why) {
        gx_value list = gx_list(arena, REASONS);
        for (uint32_t k = c->from; k < c->to && k - c->from < REASONS; k++) {
            gx_list_add(arena, &list, reason(a, &a->leads[k]));
        }
        gx_map_put(arena, &row, "why", list);
    }
    return row;
}

static gx_value short_of(const answer *a, uint32_t count, uint32_t n) {
    if (count >= n) {
        return gx_nil();
    }
    uint32_t fresh = 0;
    for (uint32_t k = 0; k < a->cart.count; k++) {
        fresh += a->cart.id[k] >= a->rows.items;
    }
    char *text = gx_arena_printf(
        a->call->arena, "%u of %u: no more that goes with the cart passes%s", count, n,
        fresh ? "; what of it is newer than the snapshot is known after the next build" : "");
    return gx_filter_short(a->call->arena, &a->filter, text ? text : "");
}

/* What a member has seen, and the cart itself, stay out. */
static gx_status make_mask(answer *a, gx_value *row, gx_error *err) {
    gx_call_env *call = a->call;
    a->mask = gx_arena_get(call->arena, (size_t)a->filter.items + 1);
    if (!a->mask) {
        return gx_fail_memory(err, a->filter.items);
    }
    memcpy(a->mask, a->filter.pass, a->filter.items);
    if (gx_arg_has(call->args, "user")) {
        gx_member_live live;
        gx_slice id = gx_arg_text(call->args, "user");
        gx_status status = gx_lists_member(&live, call, a->columns, id, err);
        if (status != GX_OK) {
            return status;
        }
        gx_filter_member(a->mask, &a->filter, &live);
        gx_map_put(call->arena, row, "user", gx_text_copy(call->arena, id.data, id.size));
        gx_map_put(call->arena, row, "known", gx_bool(live.rec.user != GX_NONE));
    }
    for (uint32_t k = 0; k < a->cart.count; k++) {
        a->mask[a->cart.id[k]] = 0;
    }
    return GX_OK;
}

static gx_status make(gx_value *out, gx_call_env *call, const gx_columns *columns, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = call->arena;
    answer a = {.call = call, .columns = columns, .held = gx_list(arena, 4)};
    candidate *chosen = NULL;
    uint32_t count = 0, n = (uint32_t)gx_arg_int(call->args, "n");
    gx_value row = gx_map(arena, 6), items;
    GX_TRY(gx_min_count(&a.min_count, call->txn, arena, err));
    GX_TRY(open_rows(&a.rows, call->state, err));
    GX_TRY(gx_lists_find(&a.cart, call, GX_SPACE_ITEM, "items", err));
    GX_TRY(gx_context_place_only(call->args, err));
    GX_TRY(gx_filter_make(&a.filter, call, columns, true, err));
    GX_TRY(make_mask(&a, &row, err));
    GX_TRY(make_leads(&a, err));
    GX_TRY(choose(&chosen, &count, &a, err));
    count = count < n ? count : n;
    items = gx_list(arena, count);
    for (uint32_t k = 0; k < count; k++) {
        gx_list_add(arena, &items,
                    item_value(&a, &chosen[k], k + 1, gx_arg_bool(call->args, "why")));
    }
    gx_map_put(arena, &row, "items", items);
    gx_map_put(arena, &row, "held", a.held);
    gx_map_put(arena, &row, "unknown", a.cart.unknown);
    gx_map_put(arena, &row, "short", short_of(&a, count, n));
    gx_filter_note(&row, &a.filter, arena);
    *out = row;
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = gx_need_snapshot(call->state, err);
    return status == GX_OK ? gx_lists_held(out, call, make, err) : status;
}

const gx_method gx_method_rec_bundle = {
    .name = "rec.bundle",
    .summary = "what goes with an item or a cart: bought with or after it more often than chance",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{user?, known?, items: [{id, title, score, rank, why: [{of, en, zh, evidence: {share, "
        "lift, n, after}}]}], held: [{id, title, of, likeness}], unknown, short, notes?: [text]}",
    .run = run,
};
