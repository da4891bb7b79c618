/* The splits of a store: a row each. What is cut by time or by action is two views of the events;
 * the others draw from the matrix of all of them. */
#include "api/eval/eval.h"

#include <stdlib.h>

typedef struct splitter {
    gx_call_env *call;
    gx_txn *txn;
    const gx_rules *rules;
    double share;
    gx_slice rest;          /* after the colon */
    int64_t from_ms, to_ms; /* of the events */
} splitter;

/* ---- views of the events ----------------------------------------------------------------------
 */

typedef struct times {
    int64_t *ms, to_ms;
    size_t count, capacity;
} times;

static gx_status take_times(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    times *t = user;
    if (t->capacity - t->count < count) {
        size_t capacity = 2 * t->capacity + count + 4096;
        int64_t *grown = gx_realloc(t->ms, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        t->ms = grown;
        t->capacity = capacity;
    }
    for (size_t i = 0; i < count; i++) {
        t->ms[t->count] = events[i].ts_ms;
        t->count += events[i].ts_ms < t->to_ms ? 1 : 0;
    }
    return GX_OK;
}

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

gx_status gx_eval_cuts(int64_t *out, const double *share, uint32_t count, int64_t to_ms,
                       gx_txn *txn, gx_job *job, gx_error *err) {
    times t = {.to_ms = to_ms};
    gx_status status = gx_view_scan(txn, "reading times", take_times, &t, job, err);
    if (status == GX_OK && t.count < 2) {
        status = gx_fail(err, GX_CONFLICT, "there %s %zu event%s; a split needs two",
                         gx_plural(t.count, "is", "are"), t.count, gx_plural(t.count, "", "s"));
    }
    if (status == GX_OK) {
        qsort(t.ms, t.count, sizeof *t.ms, by_time);
        if (t.ms[0] == t.ms[t.count - 1]) {
            status =
                gx_fail_at(err, GX_CONFLICT, "split",
                           "all %zu events have the same time, so that no split by time tells "
                           "what came later; the splits random:SHARE and member:SHARE of `guanxi "
                           "eval` need no times",
                           t.count);
        }
        for (uint32_t k = 0; status == GX_OK && k < count; k++) {
            size_t at = (size_t)(share[k] * (double)t.count);
            out[k] = t.ms[at < t.count ? at : t.count - 1];
        }
    }
    gx_free(t.ms);
    return status;
}

static gx_status two_views(gx_split *out, const splitter *s, const gx_event_view *fit,
                           const gx_event_view *test, gx_error *err) {
    gx_status status = gx_view_events(&out->fit, s->txn, s->rules, fit, s->call->job, err);
    return status == GX_OK ? gx_view_events(&out->test, s->txn, s->rules, test, s->call->job, err)
                           : status;
}

static gx_status split_time(gx_eval_data *out, const splitter *s, gx_error *err) {
    gx_status status =
        gx_eval_cuts(&out->cut_ms, &s->share, 1, s->to_ms, s->txn, s->call->job, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_event_view fit = {
        .from_ms = s->from_ms, .to_ms = out->cut_ms, .decay = true, .items = &out->sums};
    const gx_event_view test = {.from_ms = out->cut_ms, .to_ms = s->to_ms};
    return two_views(&out->split, s, &fit, &test, err);
}

/* Every action of the store but one, NULL-ended; NULL: no memory. */
static const char **other_actions(const splitter *s, gx_slice but) {
    gx_arena *arena = s->call->arena;
    const uint32_t count = gx_word_count(s->txn, GX_SPACE_ACTION);
    const char **names = gx_arena_get(arena, ((size_t)count + 1) * sizeof *names);
    uint32_t found = 0;
    for (uint32_t a = 0; names && a < count; a++) {
        const gx_slice name = gx_word_name(s->txn, GX_SPACE_ACTION, a);
        if (name.size == 0 || gx_slice_equal(name, but)) {
            continue;
        }
        names[found] = gx_arena_printf(arena, "%.*s", (int)name.size, name.data);
        if (!names[found++]) {
            return NULL;
        }
    }
    if (names) {
        names[found] = NULL;
    }
    return names;
}

static gx_status split_actions(gx_eval_data *out, const splitter *s, gx_error *err) {
    const char *slash = memchr(s->rest.data, '/', s->rest.size); /* it is there: make_split */
    const size_t size = (size_t)(slash - s->rest.data);
    const gx_slice from = {s->rest.data, size}, to = {slash + 1, s->rest.size - size - 1};
    const bool others = gx_slice_is(from, "*");
    const char *const one[] = {gx_arena_printf(s->call->arena, "%.*s", (int)size, from.data), NULL};
    const char *const test_actions[] = {
        gx_arena_printf(s->call->arena, "%.*s", (int)to.size, to.data), NULL};
    const char *const *fit_actions = others ? other_actions(s, to) : one;
    if (!fit_actions || !one[0] || !test_actions[0]) {
        return gx_fail_memory(err, s->rest.size);
    }
    const gx_event_view fit = {.actions = fit_actions, .from_ms = s->from_ms, .to_ms = s->to_ms};
    gx_event_view test = fit;
    test.actions = test_actions;
    return two_views(&out->split, s, &fit, &test, err);
}

/* ---- draws from all events --------------------------------------------------------------------
 */

typedef gx_status (*draw_fn)(gx_split *out, const gx_matrix *all, const splitter *s, gx_error *err);

static gx_status draw_random(gx_split *out, const gx_matrix *all, const splitter *s,
                             gx_error *err) {
    return gx_split_random(out, all, s->share, s->call->job, err);
}

static gx_status draw_last(gx_split *out, const gx_matrix *all, const splitter *s, gx_error *err) {
    return gx_split_last(out, all, s->call->job, err);
}

static gx_status draw_members(gx_split *out, const gx_matrix *all, const splitter *s,
                              gx_error *err) {
    return gx_split_members(out, all, s->share, s->call->job, err);
}

static gx_status draw_cold(gx_split *out, const gx_matrix *all, const splitter *s, gx_error *err) {
    return gx_split_cold_items(out, all, s->share, s->call->job, err);
}

static gx_status split_drawn(gx_eval_data *out, const splitter *s, draw_fn draw, gx_error *err) {
    gx_matrix all = {0};
    const gx_event_view view = {
        .decay = true, .items = &out->sums, .from_ms = s->from_ms, .to_ms = s->to_ms};
    gx_status status = gx_view_events(&all, s->txn, s->rules, &view, s->call->job, err);
    if (status == GX_OK) {
        status = draw(&out->split, &all, s, err);
    }
    for (uint32_t i = 0; status == GX_OK && out->split.cold && i < out->sums.count; i++) {
        out->sums.against[i] = out->split.cold[i] ? 0 : out->sums.against[i]; /* nobody knows it */
    }
    gx_matrix_finish(&all);
    return status;
}

/* ---- the table --------------------------------------------------------------------------------
 */

typedef enum takes { TAKES_NOTHING, TAKES_SHARE, TAKES_TEXT } takes;

/* Those by whose lists a model's parameters may be chosen, and all. */
#define SPLITS_TO_TUNE(X)                                                                          \
    X("time", TAKES_SHARE, split_time, NULL,                                                       \
      "time:SHARE fits on that share of the events, the earliest")                                 \
    X("random", TAKES_SHARE, NULL, draw_random,                                                    \
      "random:SHARE on that share of each member's items, drawn")                                  \
    X("leave-one-out", TAKES_NOTHING, NULL, draw_last,                                             \
      "leave-one-out looks for each member's latest item")                                         \
    X("member", TAKES_SHARE, NULL, draw_members,                                                   \
      "member:SHARE fits on that share of the members, and looks for items of the others")         \
    X("actions", TAKES_TEXT, split_actions, NULL,                                                  \
      "actions:FIT/TEST fits on one action (*: on all others) and looks for another")
#define SPLITS(X)                                                                                  \
    SPLITS_TO_TUNE(X)                                                                              \
    X("cold-items", TAKES_SHARE, NULL, draw_cold,                                                  \
      "cold-items:SHARE holds that share of the items out whole, drawn, and looks for them among " \
      "each other by what they are like")

static const struct {
    const char *name;
    takes takes;
    gx_status (*make)(gx_eval_data *out, const splitter *s, gx_error *err);
    draw_fn draw;
} splits[] = {
#define X(name, takes, make, draw, help) {name, takes, make, draw},
    SPLITS(X)
#undef X
};

#define X(name, takes, make, draw, help) help "; "
const char gx_eval_split_help[] = "" SPLITS(X) "SHARE is between 0 and 1";
const char gx_tune_split_help[] = "" SPLITS_TO_TUNE(X) "SHARE is between 0 and 1";
#undef X

static gx_status bad_split(gx_slice text, gx_error *err) {
    char shown[80];
    return gx_fail_at(err, GX_BAD_REQUEST, "split",
                      "split: %s was given; accepted is time:SHARE, random:SHARE, member:SHARE, "
                      "cold-items:SHARE (0 < SHARE < 1), leave-one-out, or actions:FIT/TEST",
                      gx_quote(shown, sizeof shown, text.data, text.size));
}

static gx_status make_split(gx_eval_data *out, splitter *s, gx_slice how, gx_error *err) {
    const char *colon = memchr(how.data, ':', how.size);
    const gx_slice name = {how.data, colon ? (size_t)(colon - how.data) : how.size};
    size_t k = 0;
    while (k < GX_COUNT(splits) && !gx_slice_is(name, splits[k].name)) {
        k++;
    }
    s->rest = colon ? (gx_slice){colon + 1, how.size - name.size - 1} : (gx_slice){"", 0};
    if (k == GX_COUNT(splits) || (colon != NULL) != (splits[k].takes != TAKES_NOTHING)) {
        return bad_split(how, err);
    }
    if (splits[k].takes == TAKES_SHARE &&
        (!gx_parse_real(s->rest, &s->share) || !(s->share > 0 && s->share < 1))) {
        return bad_split(how, err);
    }
    if (splits[k].takes == TAKES_TEXT) {
        const char *slash = memchr(s->rest.data, '/', s->rest.size);
        if (!slash || slash == s->rest.data || slash + 1 == s->rest.data + s->rest.size) {
            return bad_split(how, err);
        }
    }
    return splits[k].make ? splits[k].make(out, s, err) : split_drawn(out, s, splits[k].draw, err);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* Ties of the time that the fit knows; the events are the split's own. */
static gx_status make_views(gx_eval_data *out, gx_call_env *call, unsigned needs, uint64_t state,
                            gx_error *err) {
    const gx_view_spec spec = {.from_ms = out->cut_ms ? INT64_MIN + 1 : 0, .to_ms = out->cut_ms};
    gx_status status = gx_views_make(&out->views, call->db->store, &call->state->rules,
                                     needs & ~(unsigned)GX_NEED_MATRIX, &spec, call->job, err);
    if (status == GX_OK && out->views.state != state) {
        status = gx_fail(err, GX_BUSY, "the store was written to while it was read; try again");
    }
    return status;
}

/* What the items are like, by those that the fit knows. */
static gx_status make_attributes(gx_eval_data *out, gx_call_env *call, gx_txn *txn, gx_error *err) {
    gx_error why = {0};
    gx_status status;
    if (!out->split.cold) {
        return GX_OK;
    }
    GX_TRY(gx_arrays_create(&out->arrays, err));
    const gx_columns *columns = gx_db_items_lock(call->db, txn, &why);
    if (!columns) {
        return gx_fail(err, why.code == GX_OK ? GX_NO_MEMORY : why.code, "%s", why.message);
    }
    status = gx_attributes_add(out->arrays, columns, &out->split.fit, call->job, err);
    gx_db_items_unlock(call->db);
    GX_TRY(status);
    GX_TRY(gx_attributes_open(&out->attributes, out->arrays, out->split.fit.cols, err));
    if (out->attributes.count == 0) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "split",
                          "no item has a category, brand, seller, tag or price: nothing tells what "
                          "an item is like that nobody has chosen"));
    }
    GX_TRY(gx_attributes_plan(&out->plan, &out->attributes, err));
    out->attributes.plan = out->plan;
done:
    return status;
}

static gx_status add_expected(float *scores, uint32_t items, const void *with, gx_error *err) {
    return gx_attributes_fill(scores, NULL, NULL, items, with, NULL, err);
}

void gx_eval_data_judged(gx_judged *what, const gx_eval_data *data) {
    if (data->split.cold) {
        what->only = data->split.cold;
        what->adjust = add_expected;
        what->with = &data->attributes;
    }
}

/* The split counts against the cap until it is given back; then the fit's input. */
static gx_status join(gx_eval_data *out, gx_job *job, gx_error *err) {
    const gx_matrix *const parts[] = {&out->split.fit, &out->split.past, &out->split.test};
    uint64_t bytes = 0;
    for (size_t i = 0; i < GX_COUNT(parts); i++) {
        bytes += gx_matrix_bytes(parts[i]);
    }
    bytes += out->split.cold ? out->split.fit.cols : 0;
    gx_status status = gx_job_charge(job, bytes, err);
    if (status != GX_OK) {
        return status;
    }
    out->held = bytes;
    out->input = out->views.input;
    out->input.users = out->split.fit.rows;
    out->input.items = out->split.fit.cols;
    out->input.matrix = &out->split.fit;
    out->input.against = out->sums.any_against ? out->sums.against : NULL;
    return GX_OK;
}

gx_status gx_eval_data_make(gx_eval_data *out, gx_call_env *call, gx_slice how, unsigned needs,
                            gx_error *err) {
    return gx_eval_data_between(out, call, how, needs, INT64_MIN + 1, INT64_MAX, err);
}

gx_status gx_eval_data_between(gx_eval_data *out, gx_call_env *call, gx_slice how, unsigned needs,
                               int64_t from_ms, int64_t to_ms, gx_error *err) {
    splitter s = {.call = call, .rules = &call->state->rules, .from_ms = from_ms, .to_ms = to_ms};
    gx_status status = gx_txn_read(&s.txn, call->db->store, err);
    *out = (gx_eval_data){.job = call->job};
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(make_split(out, &s, how, err));
    if (out->split.fit.nnz == 0) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "split", "the split leaves nothing to fit on"));
    }
    if (out->split.test.nnz == 0) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "split", "the split leaves nothing to look for"));
    }
    GX_TRY(make_views(out, call, needs, gx_txn_state(s.txn), err));
    GX_TRY(join(out, call->job, err));
    GX_TRY(make_attributes(out, call, s.txn, err));
done:
    gx_txn_abort(s.txn);
    if (status != GX_OK) {
        gx_eval_data_finish(out);
    }
    return status;
}

gx_status gx_eval_data_check(const gx_eval_data *data, gx_error *err) {
    const gx_matrix *test = &data->split.test, *known = gx_split_history(&data->split);
    for (uint32_t u = 0; u < test->rows; u++) {
        for (uint64_t k = test->ptr[u]; k < test->ptr[u + 1]; k++) {
            if (u >= known->rows || gx_matrix_find(known, u, test->col[k]) == UINT64_MAX) {
                return GX_OK;
            }
        }
    }
    return gx_fail_at(err, GX_CONFLICT, "split",
                      "the split looks only for items that its members are known for already (%llu "
                      "pairs), and no model lists what a member had",
                      (unsigned long long)test->nnz);
}

gx_status gx_eval_data_until(gx_eval_data *out, gx_call_env *call, int64_t cut_ms, unsigned needs,
                             gx_error *err) {
    const gx_event_view fit = {
        .from_ms = INT64_MIN + 1, .to_ms = cut_ms, .decay = true, .items = &out->sums};
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    *out = (gx_eval_data){.cut_ms = cut_ms, .job = call->job};
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx_view_events(&out->split.fit, txn, &call->state->rules, &fit, call->job, err));
    GX_TRY(make_views(out, call, needs, gx_txn_state(txn), err));
    GX_TRY(join(out, call->job, err));
done:
    gx_txn_abort(txn);
    if (status != GX_OK) {
        gx_eval_data_finish(out);
    }
    return status;
}

void gx_eval_data_finish(gx_eval_data *data) {
    gx_split_finish(&data->split);
    gx_views_finish(&data->views);
    gx_attributes_plan_destroy(data->plan);
    data->plan = NULL;
    gx_arrays_drop(data->arrays, data->job);
    data->arrays = NULL;
    data->attributes = (gx_attributes){0};
    data->input = (gx_input){0};
    if (data->job) {
        gx_item_sums_finish(&data->sums, data->job);
        gx_job_refund(data->job, data->held);
        data->held = 0;
    }
}
