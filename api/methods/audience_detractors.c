/* audience.detractors: members who speak against items and are listened to (R73), with what it is
 * about, so that somebody can answer. docs/detractors.md. */
#include "api/build/estimate.h"
#include "api/lists/filter.h"
#include "api/lists/known.h"
#include "api/lists/lists.h"
#include "api/spread/spread.h"
#include "api/vector.h"
#include "graph/csr/signal.h"

#include <math.h>
#include <stdlib.h>

enum { ABOUT = 5 };

/* clang-format off */
static const gx_param params[] = {
    {"n", GX_PARAM_INT, "20", 1, 1e6, "members", NULL, 0, "how many"},
    {"where", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only what is said against these items: an expression, like: seller = \"acme\""},
    {"min_words", GX_PARAM_INT, "1", 1, 1e9, NULL, NULL, 0, "only who said so much against them"},
    GX_SPREAD_TOLD_PARAMS,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

typedef struct word {
    uint32_t user, item;
    double against;
    int64_t ts_ms;
} word;

typedef struct detractor {
    uint32_t user, listeners, buyers;
    size_t from, to; /* of the words */
    double against, reach, priority;
} detractor;

typedef struct hearing {
    gx_call_env *call;
    gx_spread spread;
    gx_views views;
    gx_chances chances;
    const gx_columns *columns;
    gx_where *where;
    const char *rule, *unheard;
    vector words, found;
    uint64_t looked;
} hearing;

/* How much an event speaks against its item, 0: it does not. One and two stars do, though the
 * table's centre may take them as a word for it, as ranking wants: then as from a centre of 2.5. */
static double against(const gx_action_rule *rule, float value) {
    const double few = 2, middle = 2.5, weight = gx_event_weight(rule, value);
    const bool is_few = rule->scaled && rule->weight > 0 && (double)value <= few;
    return weight < 0 ? -weight
           : is_few   ? (double)rule->weight * (middle - (double)value) / middle
                      : 0;
}

static gx_status take_run(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    hearing *h = user;
    for (size_t k = 0; k < count; k++) {
        const gx_event_core *e = &events[k];
        const gx_action_rule *rule =
            gx_action_rule_of(&h->call->state->rules, h->call->txn, e->action);
        const double weight = against(rule, e->value);
        if (!(weight > 0) || e->item == GX_NONE || e->user >= h->spread.n ||
            !gx__in_window(e->ts_ms, h->spread.spec.from_ms, h->spread.spec.to_ms) ||
            (h->where && (e->item >= gx_columns_rows(h->columns) ||
                          !gx_where_row(h->where, h->columns, e->item)))) {
            continue;
        }
        word *w;
        const gx_status status = vector_push(&w, &h->words, h->call->job, err);
        if (status != GX_OK) {
            return status;
        }
        *w = (word){e->user, e->item, weight, e->ts_ms};
    }
    return GX_OK;
}

/* By member, then by item. */
static int by_member(const void *a, const void *b) {
    const word *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    return (x->ts_ms > y->ts_ms) - (x->ts_ms < y->ts_ms);
}

static int by_priority(const void *a, const void *b) {
    const detractor *x = a, *y = b;
    if (x->priority != y->priority) {
        return x->priority > y->priority ? -1 : 1;
    }
    if (x->against != y->against) {
        return x->against > y->against ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

static bool has_bought(const hearing *h, uint32_t user, uint32_t item) {
    const gx_matrix *m = &h->views.owned;
    return user < m->rows && item < m->cols && gx_matrix_find(m, user, item) != UINT64_MAX;
}

/* Who listens, and who of them bought what it is about. */
static void weigh(detractor *d, const hearing *h) {
    const gx__chance_rows *rows = &h->chances.heard;
    const word *all = h->words.data;
    for (size_t k = d->from; k < d->to; k++) {
        d->against += all[k].against;
    }
    for (uint64_t i = rows->ptr[d->user]; i < rows->ptr[d->user + 1]; i++) {
        bool buyer = false;
        for (size_t k = d->from; k < d->to && !buyer; k++) {
            buyer = has_bought(h, rows->node[i], all[k].item);
        }
        d->reach += (double)gx__chance_at(rows, d->user, i);
        d->listeners++;
        d->buyers += buyer;
    }
    d->priority = d->against * d->reach;
}

static void sort_words(hearing *h) {
    if (h->words.count) {
        qsort(h->words.data, h->words.count, sizeof(word), by_member);
    }
}

static gx_status find(hearing *h, gx_error *err) {
    const size_t least = (size_t)gx_arg_int(h->call->args, "min_words");
    const word *all = h->words.data;
    gx_status status = GX_OK;
    sort_words(h);
    for (size_t from = 0, to = 0; from < h->words.count; from = to) {
        while (to < h->words.count && all[to].user == all[from].user) {
            to++;
        }
        if (to - from < least ||
            gx_word_name(h->call->txn, GX_SPACE_USER, all[from].user).size == 0) {
            continue;
        }
        detractor *d;
        GX_TRY(vector_push(&d, &h->found, h->call->job, err));
        GX_TRY(gx_job_check(h->call->job, err));
        *d = (detractor){.user = all[from].user, .from = from, .to = to};
        weigh(d, h);
    }
    if (h->found.count) {
        qsort(h->found.data, h->found.count, sizeof(detractor), by_priority);
    }
done:
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static int by_against(const void *a, const void *b) {
    const word *x = a, *y = b;
    if (x->against != y->against) {
        return x->against > y->against ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* What it is about, and whose it is: who has to answer. */
static gx_value about(const hearing *h, const detractor *d, int64_t *last_ms) {
    static const char *const fields[] = {"seller", "brand", "category"};
    gx_arena *arena = h->call->arena;
    const word *all = h->words.data;
    gx_value list = gx_list(arena, ABOUT);
    word *sum = gx_arena_get(arena, (d->to - d->from) * sizeof *sum);
    size_t count = 0;
    *last_ms = INT64_MIN;
    for (size_t k = d->from; sum && k < d->to; k++) {
        *last_ms = all[k].ts_ms > *last_ms ? all[k].ts_ms : *last_ms;
        if (count > 0 && sum[count - 1].item == all[k].item) {
            sum[count - 1].against += all[k].against;
            sum[count - 1].ts_ms = all[k].ts_ms;
        } else {
            sum[count++] = all[k];
        }
    }
    if (sum) {
        qsort(sum, count, sizeof *sum, by_against);
    }
    for (size_t k = 0; k < count && k < ABOUT; k++) {
        gx_value row = gx_lists_item(h->call, h->columns, sum[k].item, 5);
        gx_map_put(arena, &row, "against", gx_real(sum[k].against));
        gx_map_put(arena, &row, "last", gx_int(sum[k].ts_ms));
        for (size_t f = 0; f < GX_COUNT(fields); f++) {
            const gx_value value = gx_columns_get(h->columns, arena, sum[k].item, fields[f]);
            gx_map_put(arena, &row, fields[f],
                       value.type == GX_TEXT ? gx_text_copy(arena, value.as.text, value.size)
                                             : gx_nil());
        }
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value detractor_row(const hearing *h, const detractor *d, uint32_t rank) {
    gx_arena *arena = h->call->arena;
    const gx_state *state = h->call->state;
    const double *score =
        state->arrays ? gx_arrays_get(state->arrays, "leaders.score", GX_F64, state->users) : NULL;
    gx_value row = gx_map(arena, 11);
    int64_t last_ms;
    const gx_value items = about(h, d, &last_ms);
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "user", gx_word_value(arena, h->call->txn, GX_SPACE_USER, d->user));
    gx_map_put(arena, &row, "priority", gx_real(d->priority));
    gx_map_put(arena, &row, "against", gx_real(d->against));
    gx_map_put(arena, &row, "words", gx_int((int64_t)(d->to - d->from)));
    gx_map_put(arena, &row, "reach", gx_real(d->reach));
    gx_map_put(arena, &row, "listeners", gx_int(d->listeners));
    gx_map_put(arena, &row, "buyers", gx_int(d->buyers));
    gx_map_put(arena, &row, "leader_score",
               score && d->user < state->users ? gx_real(score[d->user]) : gx_nil());
    gx_map_put(arena, &row, "last", gx_int(last_ms));
    gx_map_put(arena, &row, "about", items);
    return row;
}

/* What an expression that no item passes looks for, and none has. */
static gx_status find_unheard(hearing *h, gx_error *err) {
    const uint32_t items = gx_columns_rows(h->columns);
    uint32_t i = 0;
    while (i < items && !gx_where_row(h->where, h->columns, i)) {
        i++;
    }
    return i < items ? GX_OK
                     : gx_known_item_texts(&h->unheard, h->call->arena, h->columns, "where",
                                           h->where, err);
}

/* ---- beforehand -------------------------------------------------------------------------------
 */

/* Everything is read and timed; whom it is about is told from the words and who listens, by figures
 * that were measured with 2,000, 20,000 and 60,000 members: docs/detractors.md. */
static gx_value estimate(hearing *h, int64_t begun_ns) {
    static const double look_s = 4e-8, row_s = 8e-6;
    const gx_job *job = h->call->job;
    const uint64_t peak = atomic_load(&job->mem_peak), held = atomic_load(&job->mem_used);
    const double n = (double)gx_arg_int(h->call->args, "n");
    const uint64_t *ptr = h->chances.heard.ptr;
    const word *all = h->words.data;
    double looks = 0, members = 0;
    sort_words(h);
    for (size_t k = 0; k < h->words.count; k++) {
        looks += (double)(ptr[all[k].user + 1] - ptr[all[k].user]);
        members += k == 0 || all[k].user != all[k - 1].user;
    }
    const gx_part_estimate steps[] = {
        {"words", {.mem_bytes = peak, .cpu_s = (double)(gx_clock_thread_ns() - begun_ns) / 1e9}},
        {"listeners",
         {.mem_bytes = held + vector_bytes(members, sizeof(detractor)), .cpu_s = look_s * looks}},
        {"rows",
         {.mem_bytes = held + vector_bytes(members, sizeof(detractor)),
          .cpu_s = row_s * fmin(n, members)}}};
    return gx_estimate_steps(h->call->arena, steps, GX_COUNT(steps), 1);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static gx_status make(gx_value *out, hearing *h, gx_error *err) {
    gx_call_env *call = h->call;
    const int64_t begun = gx_clock_thread_ns();
    gx_status status = GX_OK;
    const uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    gx_value list = gx_list(call->arena, n < 64 ? n : 64);
    GX_TRY(gx_spread_open_told(&h->spread, &h->rule, call, err));
    GX_TRY(gx_chances_make(&h->chances, h->spread.graph, &h->spread.chance, true, call->job, err));
    GX_TRY(gx_views_make(&h->views, call->db->store, &call->state->rules, 0, NULL, call->job, err));
    GX_TRY(gx_views_own(&h->views, call->db->store, &call->state->rules, err));
    if (gx_arg_has(call->args, "where")) {
        GX_TRY(gx_where_compile(&h->where, call->arena, gx_arg_text(call->args, "where"), err));
    }
    GX_TRY(gx_filter_lock(&h->columns, call, err));
    if (h->where) {
        GX_TRY(gx_known_item_fields(call->arena, h->columns, "where", h->where, err));
        GX_TRY(find_unheard(h, err));
    }
    GX_TRY(gx_view_scan(call->txn, "reading events", take_run, h, call->job, err));
    if (gx_arg_bool(call->args, "estimate")) {
        *out = estimate(h, begun);
        goto done;
    }
    GX_TRY(find(h, err));
    for (uint32_t i = 0; i < h->found.count && i < n; i++) {
        gx_list_add(call->arena, &list,
                    detractor_row(h, (const detractor *)h->found.data + i, i + 1));
    }
    gx_value notes = gx_list(call->arena, 1);
    gx_spread_note(&notes, &h->spread);
    if (h->unheard) {
        gx_list_add(call->arena, &notes, gx_str(h->unheard));
    }
    *out = gx_map(call->arena, 4);
    gx_map_put(call->arena, out, "members", list);
    gx_map_put(call->arena, out, "all", gx_int((int64_t)h->found.count));
    gx_map_put(call->arena, out, "chances", gx_str(h->rule));
    gx_map_put(call->arena, out, "notes", notes);
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    hearing h = {.call = call, .words.size = sizeof(word), .found.size = sizeof(detractor)};
    const gx_status status = make(out, &h, err);
    if (h.columns) {
        gx_db_items_unlock(call->db);
    }
    vector_finish(&h.words, call->job);
    vector_finish(&h.found, call->job);
    gx_views_finish(&h.views);
    gx_chances_finish(&h.chances, call->job);
    gx_spread_close(&h.spread);
    return status;
}

const gx_method gx_method_audience_detractors = {
    .name = "audience.detractors",
    .summary = "members who speak against items and are listened to, and what it is about",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{members: [{rank, user, priority, against, words, reach, listeners, buyers, "
              "leader_score, last, about: [{id, title, against, last, seller, brand, category}]}], "
              "all, chances, notes: [text]}; with estimate {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
