/* rec.layout: the order of categories on a member's page, each with its share of what suits them.
 *
 * A category earns the scores of its items among the member's best DEPTH, each divided by
 * log2(1 + rank): what would be seen first counts most; where nothing scores (no history, nothing
 * popular) each item scores 1, and the reason says so. Shares are of all that have a category. */
#include "api/lists/listing.h"
#include "api/lists/lists.h"
#include "api/lists/now.h"
#include "api/support.h"

#include <math.h>
#include <stdlib.h>

enum { DEPTH = 300, AT_ONCE = 4 };

/* clang-format off */
static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 200, "members", NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "for whom, by id"},
    {"n", GX_PARAM_INT, "20", 1, 1000, "categories", NULL, 0, "how many for each"},
    {"level", GX_PARAM_INT, "1", 1, 8, NULL, NULL, 0,
     "of a category a/b/c: 1 is a, 2 is a/b and so on"},
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_CHANNELS_PARAM,
    GX_CONTEXT_PARAM,
};
/* clang-format on */

typedef struct block {
    gx_slice name;
    double score;
    uint32_t items, first; /* first: the best item, by its place in the list */
} block;

typedef struct request {
    gx_call_env *call;
    const gx_filter *filter;
    gx_now now;
    gx_weighing weighing;
    gx_rec_request rec; /* weights: of no member yet */
    uint8_t *mask;
    uint32_t n, level;
} request;

static gx_slice category_of(const request *r, uint32_t item) {
    gx_value value = gx_columns_get(r->filter->columns, r->call->arena, item, "category");
    gx_slice name = {"", 0};
    if (value.type == GX_TEXT) {
        name = (gx_slice){value.as.text, value.size};
    }
    uint32_t level = 0;
    for (size_t k = 0; k < name.size; k++) {
        level += name.data[k] == '/';
        if (level == r->level) {
            name.size = k;
        }
    }
    return name;
}

static int by_name(const void *a, const void *b) {
    const block *x = a, *y = b;
    const int order = gx_slice_order(x->name, y->name);
    return order ? order : (x->first > y->first) - (x->first < y->first);
}

static int by_score(const void *a, const void *b) {
    const block *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

/* Nothing speaks for any item, not even that it is popular. */
static bool is_silent(const gx_rec_list *list) {
    for (uint32_t k = 0; k < list->count; k++) {
        if (list->items[k].score > 0) {
            return false;
        }
    }
    return true;
}

/* Of a list: its categories, the best first; *out_sum is what they earned together. */
static block *blocks_of(uint32_t *out_count, double *out_sum, const request *r,
                        const gx_rec_list *list) {
    block *all = gx_arena_get(r->call->arena, ((size_t)list->count + 1) * sizeof *all);
    uint32_t count = 0, made = 0;
    const bool silent = is_silent(list);
    *out_sum = 0;
    for (uint32_t k = 0; all && k < list->count; k++) {
        const gx_slice name = category_of(r, list->items[k].item);
        if (name.size > 0) {
            const double score = silent ? 1 : list->items[k].score;
            all[count++] = (block){name, score / log2(k + 2.0), 1, k};
        }
    }
    if (count > 0) {
        qsort(all, count, sizeof *all, by_name);
    }
    for (uint32_t k = 0; k < count; k++) {
        block *last = made ? &all[made - 1] : NULL;
        *out_sum += all[k].score;
        if (last && gx_slice_equal(last->name, all[k].name)) {
            last->score += all[k].score;
            last->items++;
        } else {
            all[made++] = all[k];
        }
    }
    if (made > 0) {
        qsort(all, made, sizeof *all, by_score);
    }
    *out_count = made;
    return all;
}

static gx_value block_value(const request *r, const block *b, const gx_rec_list *list, double sum,
                            uint32_t rank) {
    gx_call_env *call = r->call;
    gx_arena *arena = call->arena;
    const uint32_t item = list->items[b->first].item;
    const double share = sum > 0 ? b->score / sum : 0;
    const gx_slice title = gx_lists_title(call, r->filter->columns, item);
    const gx_hole holes[] = {{"item", title, title}, gx_lists_share(arena, "share", share)};
    gx_value row = gx_map(arena, 7);
    gx_map_put(arena, &row, "category", gx_text_copy(arena, b->name.data, b->name.size));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "share", gx_real(share));
    gx_map_put(arena, &row, "items", gx_int(b->items));
    gx_map_put(arena, &row, "first", gx_word_value(arena, call->txn, GX_SPACE_ITEM, item));
    gx_lists_say(&row, arena,
                 share == 0                      ? GX_SAYS_GROUP_REST
                 : is_silent(list)               ? GX_SAYS_LAYOUT_REST
                 : list->rung == GX_RUNG_POPULAR ? GX_SAYS_LAYOUT_POPULAR
                                                 : GX_SAYS_LAYOUT,
                 holes, GX_COUNT(holes));
    return row;
}

static gx_status one_member(gx_value *out, const request *r, const gx_value *user, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = r->call;
    gx_arena *arena = call->arena;
    gx_member_live live;
    gx_rec_list list;
    gx_slice id = {user->as.text, user->size};
    GX_TRY(gx_now_member_named(&live, &r->now, call, r->filter->columns, id, err));
    gx_filter_member(r->mask, r->filter, &live);
    gx_rec_request rec = r->rec;
    (void)gx_listing_weights_of(rec.weights, &r->weighing, call->state->rec, &live.rec);
    GX_TRY(gx_rec_list_make(&list, call->state->rec, &live.rec, &rec, arena, call->job, err));
    double sum;
    uint32_t count = 0;
    block *blocks = blocks_of(&count, &sum, r, &list);
    if (!blocks) {
        return gx_fail_memory(err, list.count * sizeof *blocks);
    }
    const uint32_t shown = count < r->n ? count : r->n;
    gx_value row = gx_map(arena, 5), categories = gx_list(arena, shown);
    for (uint32_t k = 0; k < shown; k++) {
        gx_list_add(arena, &categories, block_value(r, &blocks[k], &list, sum, k + 1));
    }
    gx_map_put(arena, &row, "user", gx_text_copy(arena, id.data, id.size));
    gx_map_put(arena, &row, "known", gx_bool(live.rec.user != GX_NONE));
    gx_map_put(arena, &row, "categories", categories);
    gx_map_put(arena, &row, "rung", gx_str(gx_rung_name(list.rung)));
    char *less = shown < r->n ? gx_arena_printf(arena,
                                                "%u of %u: the first %u items that pass are of no "
                                                "other category",
                                                shown, r->n, list.count)
                              : NULL;
    gx_map_put(arena, &row, "short", gx_filter_short(arena, r->filter, less));
    gx_filter_note(&row, r->filter, arena);
    *out = row;
done:
    return status;
}

static gx_status make(gx_value *out, gx_call_env *call, const gx_columns *columns, gx_error *err) {
    gx_status status = GX_OK;
    gx_filter filter;
    const gx_value *users = gx_arg_value(call->args, "users");
    request r = {.call = call,
                 .filter = &filter,
                 .rec = {.n = DEPTH},
                 .n = (uint32_t)gx_arg_int(call->args, "n"),
                 .level = (uint32_t)gx_arg_int(call->args, "level")};
    gx_value lists = gx_list(call->arena, users->size);
    GX_TRY(gx_listing_weigh(&r.weighing, call, err));
    GX_TRY(gx_filter_make(&filter, call, columns, true, err));
    GX_TRY(gx_now_read(&r.now, call, 0, err));
    r.mask = gx_arena_get(call->arena, (size_t)filter.items + 1);
    if (!r.mask) {
        return gx_fail_memory(err, filter.items);
    }
    r.rec.pass = r.mask;
    r.rec.items = filter.items;
    for (uint32_t u = 0; u < users->size; u++) {
        gx_value row;
        GX_TRY(one_member(&row, &r, &users->as.items[u], err));
        gx_list_add(call->arena, &lists, row);
        GX_TRY(gx_call_bill(call, err));
    }
    *out = lists;
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_lists_held(out, call, make, err);
}

static bool is_long(const gx_value *args) {
    const gx_value *users = gx_map_get(args, "users");
    return users && users->type == GX_LIST && users->size > AT_ONCE;
}

const gx_method gx_method_rec_layout = {
    .name = "rec.layout",
    .summary = "the order of categories for a member's page, with their shares",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = is_long,
    .result = "[{user, known, categories: [{category, rank, share, items, first, en, zh}], rung, "
              "short, notes?: [text]}]",
    .run = run,
};
