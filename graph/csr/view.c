/* Views of a store: its ties as a graph, its events as a member × item matrix.
 *
 * Both scan the store twice, first to count and to find the newest time, then to fill arrays of
 * exactly that size; graph.c and matrix.c compress them. Time O(records), memory 12 bytes an arc
 * and 20 bytes a cell on top of the result. The same store state and spec give the same bytes: the
 * scans run in key order and sums are taken in that order.
 */
#include "graph/csr/signal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLL_EVERY = 1 << 14 };

/* 2^(−age / half-life); what is dated later than the reference has not aged. */
static double fade(int64_t ts_ms, int64_t now_ms, double half_life_ms) {
    double age = (double)now_ms - (double)ts_ms;
    return half_life_ms > 0 && age > 0 ? exp2(-age / half_life_ms) : 1;
}

/* ---- names: which kinds or actions are asked for ----------------------------------------- */

/* "friend, follow", as many as there is room for. */
static void list_names(char *out, size_t size, gx_txn *txn, gx_space space, uint32_t count) {
    size_t at = (size_t)snprintf(out, size, "%s", count ? "" : "none");
    for (uint32_t id = 0; id < count; id++) {
        gx_slice name = gx_word_name(txn, space, id);
        if (at + name.size + 8 > size) {
            snprintf(out + at, size - at, ", …");
            return;
        }
        at += (size_t)snprintf(out + at, size - at, "%s%.*s", id ? ", " : "", (int)name.size,
                               name.data);
    }
}

/* wanted[id] for a NULL-ended list of names. A name that neither the store nor the built-in table
 * knows is not_found: a typing error should not look like an empty graph. */
static gx_status want_names(bool *wanted, uint32_t count, gx_txn *txn, gx_space space,
                            const char *const *names, gx_error *err) {
    for (size_t i = 0; names[i]; i++) {
        gx_slice name = gx_slice_of(names[i]);
        uint32_t id;
        char quoted[64];
        bool built_in = space == GX_SPACE_TIE_KIND ? gx_kind_rule_default(name)->name[0] != 0
                                                   : gx_action_rule_default(name)->name[0] != 0;
        gx_status status = gx_word_find(&id, txn, space, name);
        if (status == GX_OK) {
            wanted[id] = true;
        } else if (status == GX_NOT_FOUND && !built_in) {
            char known[300];
            list_names(known, sizeof known, txn, space, count);
            return gx_fail(err, GX_NOT_FOUND, "%s is not one of the store's %s; it has %s",
                           gx_quote(quoted, sizeof quoted, name.data, name.size),
                           gx_space_name(space), known);
        } else if (status != GX_NOT_FOUND) {
            return gx_fail(err, status, "looking for %s failed",
                           gx_quote(quoted, sizeof quoted, name.data, name.size));
        }
    }
    return GX_OK;
}

/* ---- ties -------------------------------------------------------------------------------- */

gx_status gx_tie_filter_make(gx_tie_filter *out, gx_txn *txn, const char *const *kinds,
                             int64_t from_ms, int64_t to_ms, gx_error *err) {
    *out = (gx_tie_filter){.from_ms = from_ms, .to_ms = to_ms};
    if (!kinds) {
        return GX_OK;
    }
    out->kind_count = gx_word_count(txn, GX_SPACE_TIE_KIND);
    out->kind = gx_alloc0((size_t)out->kind_count + 1, sizeof *out->kind);
    return out->kind ? want_names(out->kind, out->kind_count, txn, GX_SPACE_TIE_KIND, kinds, err)
                     : gx_fail_memory(err, (size_t)out->kind_count + 1);
}

bool gx_tie_filter_takes(const gx_tie_filter *filter, const gx_tie *tie) {
    return (!filter->kind || (tie->kind < filter->kind_count && filter->kind[tie->kind])) &&
           (tie->ts_ms == GX_TIME_UNKNOWN ||
            gx__in_window(tie->ts_ms, filter->from_ms, filter->to_ms));
}

void gx_tie_filter_finish(gx_tie_filter *filter) {
    gx_free(filter->kind);
    *filter = (gx_tie_filter){0};
}

typedef struct ties {
    const gx_tie_view *view;
    gx_tie_filter filter;
    double *kind_weight; /* by kind id; 0: not social, and not asked for */
    uint32_t kind_count;
    gx_job *job;
    uint64_t seen;
    int64_t newest; /* GX_TIME_UNKNOWN: no tie has a time */
    bool mixed;     /* a tie without direction is among them: see one_way */
    bool weighted;  /* some weight is not 1 */
    uint64_t m;
    uint32_t *src, *dst;
    float *weight;
} ties;

/* A kind given after `rules` were read has the rule of its name. */
static gx_status weigh_kinds(ties *t, gx_txn *txn, const gx_rules *rules, gx_error *err) {
    const gx_tie_view *view = t->view;
    gx_status status =
        gx_tie_filter_make(&t->filter, txn, view->kinds, view->from_ms, view->to_ms, err);
    if (status != GX_OK) {
        return status;
    }
    t->kind_weight = gx_alloc0((size_t)t->kind_count + 1, sizeof *t->kind_weight);
    if (!t->kind_weight) {
        return gx_fail_memory(err, (size_t)t->kind_count * sizeof *t->kind_weight);
    }
    for (uint32_t id = 0; id < t->kind_count; id++) {
        double weight = (double)gx_kind_rule_of(rules, txn, id)->weight;
        /* A kind asked for by name counts, even one that is not social by default. */
        t->kind_weight[id] = t->filter.kind && !(weight > 0) ? 1 : weight;
    }
    return GX_OK;
}

static bool takes_tie(const ties *t, const gx_tie *tie) {
    return tie->kind < t->kind_count && t->kind_weight[tie->kind] > 0 &&
           gx_tie_filter_takes(&t->filter, tie);
}

/* An undirected tie is an arc either way, unless the graph is to be undirected itself. */
static unsigned arcs_of(const ties *t, const gx_tie *tie) {
    bool both = !tie->directed && tie->src != tie->dst && !(t->view->flags & GX_GRAPH_UNDIRECTED);
    return both ? 2 : 1;
}

static gx_status poll(ties *t, gx_error *err) {
    return ++t->seen % POLL_EVERY == 0 ? gx_job_step(t->job, t->seen, err) : GX_OK;
}

static gx_status count_tie(void *ctx, const gx_tie *tie, gx_error *err) {
    ties *t = ctx;
    if (takes_tie(t, tie)) {
        t->m += arcs_of(t, tie);
        t->mixed |= !tie->directed;
        t->newest = tie->ts_ms > t->newest ? tie->ts_ms : t->newest;
    }
    return poll(t, err);
}

/* In an undirected graph a tie with a direction counts half: it says half of what a friendship
 * does, and the many who follow one leader must not look like friends of hers, which would join
 * their circles. Where all ties have a direction the half is left out, since it would only change
 * the unit. */
static double one_way(const ties *t, const gx_tie *tie) {
    bool undirected = (t->view->flags & GX_GRAPH_UNDIRECTED) != 0;
    return undirected && t->mixed && tie->directed ? 0.5 : 1.0;
}

static void add_arc(ties *t, uint32_t src, uint32_t dst, float weight) {
    t->src[t->m] = src;
    t->dst[t->m] = dst;
    t->weight[t->m++] = weight;
}

static gx_status fill_tie(void *ctx, const gx_tie *tie, gx_error *err) {
    ties *t = ctx;
    if (takes_tie(t, tie)) {
        double weight = (double)tie->weight * t->kind_weight[tie->kind] * one_way(t, tie);
        if (tie->ts_ms != GX_TIME_UNKNOWN) {
            int64_t now = t->view->to_ms ? t->view->to_ms : t->newest;
            weight *= fade(tie->ts_ms, now, t->view->half_life_ms);
        }
        t->weighted |= weight != 1;
        add_arc(t, tie->src, tie->dst, (float)weight);
        if (arcs_of(t, tie) == 2) {
            add_arc(t, tie->dst, tie->src, (float)weight);
        }
    }
    return poll(t, err);
}

gx_status gx_view_ties(gx_graph *out, gx_txn *txn, const gx_rules *rules, const gx_tie_view *view,
                       gx_job *job, gx_error *err) {
    gx_status status;
    ties t = {.view = view,
              .kind_count = gx_word_count(txn, GX_SPACE_TIE_KIND),
              .job = job,
              .newest = GX_TIME_UNKNOWN};
    gx_job_stage(job, "reading ties", 2 * gx_tie_count(txn)); /* counted, then taken */
    GX_TRY(weigh_kinds(&t, txn, rules, err));
    GX_TRY(gx_tie_each(txn, count_tie, &t, err));
    uint64_t arcs = t.m;
    GX_TRY(gx_job_alloc(job, &t.src, arcs, sizeof *t.src, err));
    GX_TRY(gx_job_alloc(job, &t.dst, arcs, sizeof *t.dst, err));
    GX_TRY(gx_job_alloc(job, &t.weight, arcs, sizeof *t.weight, err));
    t.m = 0;
    GX_TRY(gx_tie_each(txn, fill_tie, &t, err));
    gx_job_tick(job, 2 * gx_tie_count(txn));
    GX_TRY(gx_graph_build(out, gx_word_count(txn, GX_SPACE_USER), arcs, t.src, t.dst,
                          t.weighted ? t.weight : NULL, view->flags, job, err));
done:
    gx_free(t.kind_weight);
    gx_tie_filter_finish(&t.filter);
    gx_job_free(job, t.src);
    gx_job_free(job, t.dst);
    gx_job_free(job, t.weight);
    return status;
}

/* ---- events ------------------------------------------------------------------------------ */

typedef struct events {
    const gx_event_view *view;
    gx_action_rule *rules; /* by action id */
    bool *wanted;
    uint32_t action_count;
    gx_job *job;
    int64_t now;          /* what decay counts back from */
    uint64_t seen, count; /* events; of those taken, then of cells filled */
    uint32_t *row, *col;
    float *value;
    int64_t *ts;
    gx_deed *deeds; /* of the user at hand */
    size_t deed_count, deed_capacity;
    uint32_t user;
} events;

/* Purchases are those that stand, so what may speak against them is read with them. */
static bool wants_rule(const gx_event_view *view, const gx_action_rule *rule) {
    return !view->purchases || gx_action_is_against(rule) ||
           (rule->is_purchase && rule->weight > 0);
}

static gx_status read_actions(events *e, gx_txn *txn, const gx_rules *rules, gx_error *err) {
    const char *const *names = e->view->actions;
    e->rules = gx_alloc((size_t)e->action_count + 1, sizeof *e->rules);
    e->wanted = gx_alloc0((size_t)e->action_count + 1, sizeof *e->wanted);
    if (!e->rules || !e->wanted) {
        return gx_fail_memory(err, (size_t)e->action_count * sizeof *e->rules);
    }
    for (uint32_t id = 0; id < e->action_count; id++) {
        e->rules[id] = *gx_action_rule_of(rules, txn, id);
        e->wanted[id] = !names && wants_rule(e->view, &e->rules[id]);
    }
    return names ? want_names(e->wanted, e->action_count, txn, GX_SPACE_ACTION, names, err) : GX_OK;
}

static bool takes_event(const events *e, const gx_event_core *event) {
    return event->item != GX_NONE && event->action < e->action_count && e->wanted[event->action] &&
           gx__in_window(event->ts_ms, e->view->from_ms, e->view->to_ms);
}

static gx_status count_events(void *ctx, const gx_event_core *run, size_t count, gx_error *err) {
    events *e = ctx;
    for (size_t i = 0; i < count; i++) {
        if (takes_event(e, &run[i])) {
            e->now = run[i].ts_ms > e->now ? run[i].ts_ms : e->now;
            e->count++;
        }
    }
    e->seen += count;
    return gx_job_step(e->job, e->seen, err);
}

static void add_to_item(gx_item_sums *sums, uint32_t item, const gx_signal *signal) {
    if (item < sums->count && signal->value < 0) {
        sums->against[item] -= signal->value;
        sums->any_against = true;
    }
    if (item < sums->count && signal->times > 1) {
        sums->gap_ms[item] +=
            ((double)signal->again_ms - (double)signal->first_ms) / (signal->times - 1);
        sums->again[item]++;
    }
}

/* What the events of one user come to, item by item. */
static void close_user(events *e) {
    const gx_event_view *view = e->view;
    gx_deeds_sort(e->deeds, e->deed_count);
    for (size_t from = 0, to; from < e->deed_count; from = to) {
        gx_signal signal;
        const uint32_t item = e->deeds[from].item;
        to = gx_deeds_run(e->deeds, from, e->deed_count);
        gx_signal_make(&signal, e->deeds + from, to - from, e->now, view->decay);
        if (view->items) {
            add_to_item(view->items, item, &signal);
        }
        const bool kept = view->purchases ? signal.bought > 0 && (signal.value > 0 || view->opposed)
                                          : signal.value > 0 || view->keep_negative;
        if (kept) {
            e->row[e->count] = e->user;
            e->col[e->count] = item;
            e->value[e->count] = (float)(view->purchases ? signal.bought : signal.value);
            e->ts[e->count++] = view->first       ? e->deeds[from].ts_ms
                                : view->purchases ? signal.bought_ms
                                                  : signal.last_ms;
        }
    }
    e->deed_count = 0;
}

static gx_status add_deed(events *e, const gx_event_core *event, gx_error *err) {
    if (e->deed_count == e->deed_capacity) {
        size_t capacity = e->deed_capacity ? e->deed_capacity * 2 : 256;
        gx_deed *deeds = gx_realloc(e->deeds, capacity, sizeof *deeds);
        if (!deeds) {
            return gx_fail_memory(err, capacity * sizeof *deeds);
        }
        e->deeds = deeds;
        e->deed_capacity = capacity;
    }
    e->deeds[e->deed_count] = gx_deed_of(event, &e->rules[event->action], (uint32_t)e->deed_count);
    e->deed_count++;
    return GX_OK;
}

static gx_status fill_events(void *ctx, const gx_event_core *run, size_t count, gx_error *err) {
    events *e = ctx;
    for (size_t i = 0; i < count; i++) {
        if (!takes_event(e, &run[i])) {
            continue;
        }
        if (run[i].user != e->user) {
            close_user(e);
            e->user = run[i].user;
        }
        gx_status status = add_deed(e, &run[i], err);
        if (status != GX_OK) {
            return status;
        }
    }
    e->seen += count;
    return gx_job_step(e->job, e->seen, err);
}

static gx_status take_arrays(events *e, uint64_t count, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(e->job, &e->row, count, sizeof *e->row, err));
    GX_TRY(gx_job_alloc(e->job, &e->col, count, sizeof *e->col, err));
    GX_TRY(gx_job_alloc(e->job, &e->value, count, sizeof *e->value, err));
    GX_TRY(gx_job_alloc(e->job, &e->ts, count, sizeof *e->ts, err));
done:
    return status;
}

static gx_status take_sums(gx_item_sums *sums, uint32_t items, gx_job *job, gx_error *err) {
    gx_status status;
    *sums = (gx_item_sums){.count = items};
    GX_TRY(gx_job_alloc(job, &sums->against, items, sizeof *sums->against, err));
    GX_TRY(gx_job_alloc(job, &sums->gap_ms, items, sizeof *sums->gap_ms, err));
    GX_TRY(gx_job_alloc(job, &sums->again, items, sizeof *sums->again, err));
done:
    if (status != GX_OK) {
        gx_item_sums_finish(sums, job);
    }
    return status;
}

void gx_item_sums_finish(gx_item_sums *sums, gx_job *job) {
    gx_job_free(job, sums->against);
    gx_job_free(job, sums->gap_ms);
    gx_job_free(job, sums->again);
    *sums = (gx_item_sums){0};
}

static void finish_events(events *e) {
    gx_free(e->rules);
    gx_free(e->wanted);
    gx_free(e->deeds);
    gx_job_free(e->job, e->row);
    gx_job_free(e->job, e->col);
    gx_job_free(e->job, e->value);
    gx_job_free(e->job, e->ts);
}

gx_status gx_view_events(gx_matrix *out, gx_txn *txn, const gx_rules *rules,
                         const gx_event_view *view, gx_job *job, gx_error *err) {
    gx_status status;
    events e = {.view = view,
                .action_count = gx_word_count(txn, GX_SPACE_ACTION),
                .job = job,
                .now = INT64_MIN,
                .user = GX_NONE};
    gx_job_stage(job, "reading events", 2 * gx_event_count(txn));
    GX_TRY(read_actions(&e, txn, rules, err));
    GX_TRY(gx_event_scan(txn, count_events, &e, err));
    GX_TRY(take_arrays(&e, e.count, err));
    if (view->items) {
        GX_TRY(take_sums(view->items, gx_word_count(txn, GX_SPACE_ITEM), job, err));
    }
    e.now = view->now_ms ? view->now_ms : e.now;
    e.count = 0;
    GX_TRY(gx_event_scan(txn, fill_events, &e, err));
    close_user(&e);
    GX_TRY(gx_matrix_build(out, gx_word_count(txn, GX_SPACE_USER),
                           gx_word_count(txn, GX_SPACE_ITEM), e.count, e.row, e.col, e.value, e.ts,
                           job, err));
done:
    finish_events(&e);
    return status;
}

/* ---- events for others ------------------------------------------------------------------- */

typedef struct reading {
    gx_event_run_fn run;
    gx_event_fn each;
    void *user;
    gx_job *job;
    uint64_t seen;
} reading;

static gx_status pass_run(void *context, const gx_event_core *run, size_t count, gx_error *err) {
    reading *r = context;
    const gx_status status = r->run(r->user, run, count, err);
    r->seen += count;
    return status == GX_OK ? gx_job_step(r->job, r->seen, err) : status;
}

static gx_status pass_event(void *context, const gx_event *event, gx_error *err) {
    reading *r = context;
    const gx_status status = r->each(r->user, event, err);
    return status == GX_OK && ++r->seen % POLL_EVERY == 0 ? gx_job_step(r->job, r->seen, err)
                                                          : status;
}

gx_status gx_view_scan(gx_txn *txn, const char *stage, gx_event_run_fn run, void *user, gx_job *job,
                       gx_error *err) {
    reading r = {.run = run, .user = user, .job = job};
    gx_job_stage(job, stage, gx_event_count(txn));
    const gx_status status = gx_event_scan(txn, pass_run, &r, err);
    return status == GX_OK ? gx_job_step(job, gx_event_count(txn), err) : status;
}

gx_status gx_view_each(gx_txn *txn, int64_t from_ms, int64_t to_ms, const char *stage,
                       gx_event_fn each, void *user, gx_job *job, gx_error *err) {
    const bool whole = from_ms == INT64_MIN && to_ms == INT64_MAX;
    reading r = {.each = each, .user = user, .job = job};
    gx_job_stage(job, stage, whole ? gx_event_count(txn) : 0);
    const gx_status status = gx_event_between(txn, from_ms, to_ms, pass_event, &r, err);
    return status == GX_OK ? gx_job_step(job, whole ? gx_event_count(txn) : r.seen, err) : status;
}
