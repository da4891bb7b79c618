/* rec.starters: what to talk about in a group (R42): categories and items that its members chose
 * more than the shop did, and content to begin with.
 *
 * With k of the group's K members who chose something and p the share of all members, `lift` is
 * k / K / p, as counted; what lifts is listed by k times the lift shrunk as circles are profiled,
 *
 *   (k + 10 p) / (K + 10) / p
 *
 *  from max(2, min_count) members up. The
 * content is items of the kind `content` or `event` in a topic, by the topic's lift × ln(2 + how
 * many chose them, from min_count up). What a rule keeps from any one of the members (age, blocks,
 * dislikes, what they sell) is neither. O(events + members × own ties). */
#include "api/lists/context.h"
#include "api/lists/group.h"
#include "api/support.h"
#include "api/views.h"

#include <math.h>
#include <stdlib.h>

static const double PRIOR = 10;
enum { CONTENTS = 10 };

/* clang-format off */
static const gx_param params[] = {
    GX_GROUP_PARAMS,
    {"n", GX_PARAM_INT, "10", 1, 200, NULL, NULL, 0, "how many topics, items and pieces of content"},
    GX_FILTER_PARAMS,
    GX_CONTEXT_PLACE_PARAM,
};
/* clang-format on */

typedef struct topic {
    uint32_t id, count;        /* of a category or an item; members of the group */
    double lift, times, score; /* times: the lift as counted, which is told */
} topic;

typedef struct talk {
    gx_call_env *call;
    const gx_columns *columns;
    gx_group group;
    gx_views views;
    double members;                   /* of the shop who chose anything */
    uint32_t *all, *own;              /* items: who chose each; of the group */
    uint32_t *all_of, *own_of, *seen; /* categories likewise; last member + 1 who counted */
    bool *heard;                      /* users: of the group */
    topic *topics, *items;
    uint32_t topic_count, item_count, least;
} talk;

static gx_status make_room(talk *t, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = t->call->job;
    const uint32_t items = t->views.input.items, categories = t->views.category.count;
    GX_TRY(gx_job_alloc(job, &t->all, items, sizeof *t->all, err));
    GX_TRY(gx_job_alloc(job, &t->own, items, sizeof *t->own, err));
    GX_TRY(gx_job_alloc(job, &t->all_of, categories, sizeof *t->all_of, err));
    GX_TRY(gx_job_alloc(job, &t->own_of, categories, sizeof *t->own_of, err));
    GX_TRY(gx_job_alloc(job, &t->seen, categories, sizeof *t->seen, err));
    GX_TRY(gx_job_alloc(job, &t->heard, t->views.input.users, sizeof *t->heard, err));
    GX_TRY(gx_job_alloc(job, &t->topics, categories, sizeof *t->topics, err));
    GX_TRY(gx_job_alloc(job, &t->items, items, sizeof *t->items, err));
done:
    return status;
}

static void finish(talk *t) {
    gx_job *job = t->call->job;
    gx_job_free(job, t->all);
    gx_job_free(job, t->own);
    gx_job_free(job, t->all_of);
    gx_job_free(job, t->own_of);
    gx_job_free(job, t->seen);
    gx_job_free(job, t->heard);
    gx_job_free(job, t->topics);
    gx_job_free(job, t->items);
    gx_views_finish(&t->views);
}

static void count_member(talk *t, uint32_t user) {
    const gx_matrix *m = &t->views.matrix;
    t->members += m->ptr[user + 1] > m->ptr[user];
    for (uint64_t k = m->ptr[user]; k < m->ptr[user + 1]; k++) {
        const uint32_t item = m->col[k];
        const uint32_t category =
            item < t->views.category.n ? t->views.category.label[item] : GX_NONE;
        t->all[item]++;
        t->own[item] += t->heard[user];
        if (category < t->views.category.count && t->seen[category] != user + 1) {
            t->seen[category] = user + 1;
            t->all_of[category]++;
            t->own_of[category] += t->heard[user];
        }
    }
}

static int by_score(const void *a, const void *b) {
    const topic *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->id > y->id) - (x->id < y->id);
}

/* What lifts, the best first; `pass` (may be NULL) says what may be shown. */
static uint32_t choose(topic *out, const talk *t, const uint32_t *all, const uint32_t *own,
                       uint32_t count, const uint8_t *pass) {
    uint32_t made = 0;
    for (uint32_t i = 0; i < count; i++) {
        const double p = t->members > 0 ? all[i] / t->members : 0;
        const double lift = p > 0 ? (own[i] + PRIOR * p) / (t->group.count + PRIOR) / p : 0;
        if (own[i] >= t->least && lift > 1 && (!pass || pass[i])) {
            const double times = own[i] / (p * t->group.count);
            out[made++] = (topic){i, own[i], lift, times, lift * own[i]};
        }
    }
    if (made > 0) {
        qsort(out, made, sizeof *out, by_score);
    }
    return made;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void tell(gx_value *row, const talk *t, const topic *one) {
    gx_arena *arena = t->call->arena;
    const gx_hole holes[] = {gx_lists_count(arena, "n", one->count),
                             gx_lists_times(arena, "lift", one->times)};
    gx_map_put(arena, row, "n", gx_int(one->count));
    gx_map_put(arena, row, "lift", gx_real(one->times));
    gx_lists_say(row, arena, GX_SAYS_TOPIC_COUNTED, holes, GX_COUNT(holes));
}

static gx_value topics_value(const talk *t, uint32_t n) {
    gx_arena *arena = t->call->arena;
    gx_value list = gx_list(arena, n);
    for (uint32_t k = 0; k < t->topic_count && k < n; k++) {
        const gx_slice name = gx_label_name(&t->views.category, t->topics[k].id);
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "category", gx_text_copy(arena, name.data, name.size));
        tell(&row, t, &t->topics[k]);
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value items_value(const talk *t, uint32_t n) {
    gx_value list = gx_list(t->call->arena, n);
    for (uint32_t k = 0; k < t->item_count && k < n; k++) {
        gx_value row = gx_lists_item(t->call, t->columns, t->items[k].id, 4);
        tell(&row, t, &t->items[k]);
        gx_list_add(t->call->arena, &list, row);
    }
    return list;
}

static bool is_content(const talk *t, uint32_t item) {
    const gx_value kind = gx_columns_get(t->columns, t->call->arena, item, "kind");
    const gx_slice text = {kind.type == GX_TEXT ? kind.as.text : "",
                           kind.type == GX_TEXT ? kind.size : 0};
    return gx_slice_is(text, "content") || gx_slice_is(text, "event");
}

/* Overwrites the items. */
static gx_value content_value(talk *t, const uint8_t *pass, uint32_t n) {
    gx_arena *arena = t->call->arena;
    const gx_labels *category = &t->views.category;
    gx_value list = gx_list(arena, n);
    uint32_t made = 0;
    for (uint32_t i = 0; i < t->views.input.items && i < category->n; i++) {
        double lift = 0;
        for (uint32_t k = 0; k < t->topic_count && k < CONTENTS; k++) {
            lift = t->topics[k].id == category->label[i] ? t->topics[k].lift : lift;
        }
        if (lift > 0 && pass[i] && is_content(t, i)) {
            const uint32_t chose = t->all[i] >= t->group.min_count ? t->all[i] : 0;
            t->items[made++] = (topic){i, 0, lift, 0, lift * log(2.0 + chose)};
        }
    }
    if (made > 0) {
        qsort(t->items, made, sizeof *t->items, by_score);
    }
    for (uint32_t k = 0; k < made && k < n; k++) {
        const uint32_t item = t->items[k].id;
        const gx_slice name = gx_label_name(category, category->label[item]);
        gx_value row = gx_lists_item(t->call, t->columns, item, 2);
        gx_map_put(arena, &row, "category", gx_text_copy(arena, name.data, name.size));
        gx_map_put(arena, &row, "score", gx_real(t->items[k].score));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_status make(gx_value *out, talk *t, gx_error *err) {
    gx_filter filter;
    gx_arena *arena = t->call->arena;
    const uint32_t n = (uint32_t)gx_arg_int(t->call->args, "n");
    gx_status status = gx_filter_make(&filter, t->call, t->columns, false, err);
    if (status != GX_OK) {
        return status;
    }
    filter.hide_bought = true; /* what somebody dislikes; what they had stays */
    status = gx_group_bar(filter.pass, &t->group, &filter, t->call, err);
    if (status != GX_OK) {
        return status;
    }
    const uint32_t items =
        t->views.input.items < filter.items ? t->views.input.items : filter.items;
    t->topic_count = choose(t->topics, t, t->all_of, t->own_of, t->views.category.count, NULL);
    t->item_count = choose(t->items, t, t->all, t->own, items, filter.pass);
    gx_value row = gx_map(arena, 8);
    gx_group_tell(&row, &t->group, t->call);
    gx_map_put(arena, &row, "topics", topics_value(t, n));
    gx_map_put(arena, &row, "items", items_value(t, n));
    gx_map_put(arena, &row, "content", content_value(t, filter.pass, n));
    char *less = t->topic_count == 0
                     ? gx_arena_printf(arena,
                                       "no category that %u members or more of this group chose "
                                       "is chosen more than elsewhere",
                                       t->least)
                     : NULL;
    gx_map_put(arena, &row, "short", gx_filter_short(arena, &filter, less));
    gx_filter_note(&row, &filter, arena);
    *out = row;
    return GX_OK;
}

/* The events are read before the item columns are held: that is what takes long. */
static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    talk t = {.call = call};
    GX_TRY(gx_context_place_only(call->args, err));
    GX_TRY(gx_group_find(&t.group, call, UINT32_MAX, err));
    GX_TRY(gx_group_stay(&t.group, call, err));
    t.least = t.group.min_count > 2 ? t.group.min_count : 2;
    GX_TRY(gx_views_make(&t.views, call->db->store, &call->state->rules,
                         GX_NEED_MATRIX | GX_NEED_CATEGORY, NULL, call->job, err));
    GX_TRY(make_room(&t, err));
    for (uint32_t m = 0; m < t.group.count; m++) {
        if (t.group.user[m] < t.views.input.users) {
            t.heard[t.group.user[m]] = true;
        }
    }
    for (uint32_t u = 0; u < t.views.input.users; u++) {
        count_member(&t, u);
    }
    GX_TRY(gx_filter_lock(&t.columns, call, err));
    status = make(out, &t, err);
    gx_db_items_unlock(call->db);
done:
    finish(&t);
    return status;
}

const gx_method gx_method_rec_starters = {
    .name = "rec.starters",
    .summary =
        "what to talk about in a group: topics, items and content it shares more than others",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{members, of, unknown, departed?, topics: [{category, n, lift, en, zh}], items: "
              "[{id, title, n, lift, en, zh}], content: [{id, title, category, score}], short, "
              "notes?: [text]}",
    .run = run,
};
