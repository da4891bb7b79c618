#include "api/referral/foresight.h"

#include "api/build/compute.h"
#include "api/people/member_rules.h"

#include <math.h>
#include <stdlib.h>

static const double DAY_MS = 86400000;
static const int64_t DAY = INT64_C(86400000);

/* ---- when it began, and what was known then ---------------------------------------------------
 */

static gx_status find_beginning(gx_foresight *f, gx_error *err) {
    const gx_trees *t = f->trees;
    f->began_ms = INT64_MAX;
    for (uint32_t v = 0; v < t->count; v++) {
        if (t->ts_ms[v] != INT64_MIN && t->ts_ms[v] < f->began_ms) {
            f->began_ms = t->ts_ms[v];
        }
    }
    if (t->forests != 1 || f->began_ms == INT64_MAX) {
        return gx_fail_at(err, GX_CONFLICT, t->by == GX_TREE_CAMPAIGN ? "campaign" : "item",
                          "nobody joined it at a time that is known: there is nothing to predict");
    }
    return GX_OK;
}

static gx_status first_time(void *user, const gx_event *event, gx_error *err) {
    (void)err;
    if (event->ts_ms == GX_TIME_UNKNOWN) {
        return GX_OK;
    }
    *(int64_t *)user = event->ts_ms;
    return GX_NOT_FOUND; /* enough */
}

/* What the log before it says, of shares whose window was over by then. */
static gx_status learn_within(gx_foresight *f, int64_t window_ms, gx_error *err) {
    gx_call_env *call = f->call;
    const gx_view_spec before = {.from_ms = INT64_MIN, .to_ms = f->began_ms};
    gx_value given = gx_map(call->arena, 2);
    gx_status status;
    gx_map_put(call->arena, &given, "named", gx_bool(true));
    if (window_ms > 0) {
        gx_map_put(call->arena, &given, "window", gx_int(window_ms));
    }
    gx_arrays_drop(f->learnt, call->job);
    f->learnt = NULL;
    GX_TRY(gx_compute(&f->learnt, call->db, gx_any_pass_find("influence"), "influence", &given,
                      &before, call->job, err));
    f->fit = gx_arrays_get(f->learnt, "influence.fit", GX_F64, GX_FITS);
    if (!f->fit) {
        GX_TRY(gx_fail(err, GX_INTERNAL, "the pass influence gave no fit"));
    }
done:
    return status;
}

/* Ties and what they were worth, as the store knew them before. Shares of the last days, whose
 * window is not over, tell nothing; a log of few weeks has little else. So the window is as long as
 * nearly all takes: DELAYS mean delays, after which 1 of 55 is still to come were they exponential.
 */
static gx_status learn(gx_foresight *f, gx_error *err) {
    enum { DELAYS = 4, PART = 8 };
    gx_call_env *call = f->call;
    const gx_view_spec before = {.from_ms = INT64_MIN, .to_ms = f->began_ms};
    gx_status status = GX_OK;
    GX_TRY(gx_graph_hold(&f->held, call->db, &call->state->rules, GX_GRAPH_IN, &before, call->job,
                         err));
    f->log_ms = INT64_MAX;
    status = gx_event_between(call->txn, INT64_MIN, f->began_ms, first_time, &f->log_ms, NULL);
    GX_TRY(status == GX_NOT_FOUND ? GX_OK : status);
    GX_TRY(learn_within(f, 0, err));
    f->mean_days = f->fit[GX_FIT_DAYS];
    const double log_days =
        f->log_ms < f->began_ms ? ((double)f->began_ms - (double)f->log_ms) / DAY_MS : 0;
    const double window = fmax(fmax(DELAYS * f->mean_days, log_days / PART), 1);
    if (window < GX_INFLUENCE_DAYS) {
        GX_TRY(learn_within(f, (int64_t)(window * DAY_MS), err));
    }
    const uint64_t m = f->held->graph.m;
    const float *shared = gx_arrays_get(f->learnt, "influence.shared", GX_F32, m);
    const float *acts = gx_arrays_get(f->learnt, "influence.acts", GX_F32, m);
    if (m > 0 && (!shared || !acts)) {
        GX_TRY(gx_fail(err, GX_CONFLICT, "the store was written to meanwhile: ask again"));
    }
    GX_TRY(gx_unsure_make(&f->unsure, &f->held->graph, shared, acts, f->fit, call->job, err));
done:
    return status;
}

/* ---- shares -----------------------------------------------------------------------------------
 */

/* Shares of a day are one. Of one near the end of the time asked for less can have come yet. */
static void add_shares(gx_foresight *f, const gx_log_pass *all, uint64_t count, int64_t end_ms,
                       double mean_days) {
    int64_t open_ms = 0;
    for (uint64_t i = 0; i < count; i++) {
        const bool same = i > 0 && all[i].user == all[i - 1].user && all[i].item == all[i - 1].item;
        if (same && (uint64_t)all[i].ts_ms - (uint64_t)open_ms < (uint64_t)DAY) {
            continue;
        }
        open_ms = all[i].ts_ms;
        const double days = ((double)end_ms - (double)open_ms) / DAY_MS;
        f->shares[all[i].user] += mean_days > 0 ? 1 - exp(-fmax(days, 0) / mean_days) : 1;
    }
}

static bool is_of(const gx_log_act *act, const gx_log_spec *spec) {
    return (spec->item == GX_NONE || act->item == spec->item) &&
           (spec->campaign == GX_NONE || act->campaign == spec->campaign);
}

/* Acts in a campaign's name. What comes once the campaign is over does not bear it, and when that
 * is the acts tell: it lasts by a step longer than from the first to the last of them. */
typedef struct named_acts {
    int64_t first_ms, last_ms;
    uint64_t count;
} named_acts;

static void add_named(named_acts *acts, int64_t ts_ms) {
    acts->first_ms = acts->count == 0 || ts_ms < acts->first_ms ? ts_ms : acts->first_ms;
    acts->last_ms = acts->count == 0 || ts_ms > acts->last_ms ? ts_ms : acts->last_ms;
    acts->count++;
}

static int64_t end_of(const named_acts *acts, int64_t log_end_ms) {
    if (acts->count < 2) {
        return log_end_ms;
    }
    const double span = (double)acts->last_ms - (double)acts->first_ms;
    const double end = (double)acts->last_ms + span / (double)(acts->count - 1);
    return end < (double)log_end_ms ? (int64_t)end : log_end_ms;
}

/* Also who had joined before the time asked for. */
static gx_status count_shares(gx_foresight *f, const gx_log_spec *spec, gx_error *err) {
    const uint32_t n = f->held->graph.n;
    gx_job *job = f->call->job;
    gx_log_spec all_acts = *spec;
    gx_log log = {0};
    gx_log_pass *all = NULL;
    uint64_t count = 0;
    gx_status status;
    const bool by_acts = f->fit[GX_FIT_BY_ACTS] > 0;
    int64_t end_ms = INT64_MIN;
    named_acts named = {0};
    all_acts.actions = NULL;
    GX_TRY(gx_job_alloc(job, &f->had, (size_t)n + 1, 1, err));
    GX_TRY(gx_job_alloc(job, &f->shares, (size_t)n + 1, sizeof *f->shares, err));
    GX_TRY(gx_log_read(&log, f->call, &all_acts, err));
    GX_TRY(gx_job_alloc(job, &all, log.count + 1, sizeof *all, err));
    for (uint64_t i = 0; i < log.count; i++) {
        const gx_log_act *act = &log.acts[i];
        end_ms = act->ts_ms > end_ms ? act->ts_ms : end_ms;
        if (act->joins && act->user < n && act->ts_ms < spec->from_ms && is_of(act, spec)) {
            f->had[act->user] = 1;
        }
        if (spec->campaign != GX_NONE && act->campaign == spec->campaign &&
            (!spec->to_ms || act->ts_ms < spec->to_ms)) {
            add_named(&named, act->ts_ms);
        }
        if (act->inside && act->user < n && (act->share || (by_acts && act->joins))) {
            all[count++] = (gx_log_pass){act->user, act->item, act->ts_ms};
        }
    }
    if (count > 1) {
        qsort(all, count, sizeof *all, gx_log_pass_order);
    }
    end_ms = spec->to_ms && spec->to_ms <= end_ms ? spec->to_ms - 1 : end_ms;
    f->end_ms = end_ms = end_of(&named, end_ms);
    add_shares(f, all, count, end_ms, f->mean_days);
done:
    gx_job_free(job, all);
    gx_log_finish(&log);
    return status;
}

/* How often those who came share, by the trees of as long a time before: over some months a member
 * takes a thing again and shares it again, and what a campaign brought is seldom shared in the
 * campaign's name. Shares over those that `passes` tells of. */
static gx_status learn_carried(gx_foresight *f, const float *passes, gx_error *err) {
    const int64_t long_ms = f->end_ms - f->began_ms;
    const gx_log_spec before = {.item = GX_NONE,
                                .campaign = GX_NONE,
                                .from_ms = f->began_ms > long_ms ? f->began_ms - long_ms : 0,
                                .to_ms = f->began_ms};
    gx_trees t = {0};
    double told = 0, shares = 0;
    gx_status status = gx_trees_make(&t, f->call, f->trees->by, &before, err);
    for (uint32_t v = 0; status == GX_OK && v < t.count; v++) {
        if (t.parent[v] != GX_NONE && t.user[v] < f->held->graph.n) {
            told += (double)passes[t.user[v]];
            shares += t.shares[v];
        }
    }
    f->carried = (shares + 1) / (told + 1);
    gx_trees_finish(&t);
    return status;
}

static gx_status fill_passes(gx_foresight *f, gx_error *err) {
    const uint32_t n = f->held->graph.n;
    const float *passes = gx_arrays_get(f->learnt, "influence.passes", GX_F32, n);
    gx_status status =
        gx_job_alloc(f->call->job, &f->passes, (size_t)n + 1, sizeof *f->passes, err);
    f->carried = 1;
    if (status == GX_OK && passes && !(f->fit[GX_FIT_BY_ACTS] > 0)) {
        status = learn_carried(f, passes, err);
    }
    for (uint32_t v = 0; status == GX_OK && v < n; v++) {
        f->passes[v] = (float)fmin(passes ? f->carried * (double)passes[v] : 1, 1);
    }
    return status;
}

/* ---- who had left by then ---------------------------------------------------------------------
 */

typedef struct leaving {
    gx_foresight *f;
    const uint8_t *since; /* n: acted since it began */
    int64_t now_ms;
} leaving;

/* Who has left without a date, and did nothing since it began, had left by then. */
static gx_status note_leaving(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    const leaving *l = user;
    int64_t at;
    if (id < l->f->held->graph.n && !l->since[id]) {
        const bool left =
            gx_left_at(&at, fields) ? at <= l->f->began_ms : gx_is_departed(fields, l->now_ms);
        l->f->had[id] = left ? 1 : l->f->had[id];
    }
    (void)err;
    return GX_OK;
}

static gx_status leave_departed(gx_foresight *f, gx_error *err) {
    gx_call_env *call = f->call;
    const gx_log_spec all_acts = {.item = GX_NONE, .campaign = GX_NONE};
    const uint32_t n = f->held->graph.n;
    leaving l = {.f = f, .now_ms = gx_time_ms()};
    uint8_t *since = NULL;
    gx_log log = {0};
    gx_status status;
    GX_TRY(gx_job_alloc(call->job, &since, (size_t)n + 1, 1, err));
    GX_TRY(gx_log_read(&log, call, &all_acts, err));
    for (uint64_t i = 0; i < log.count; i++) {
        if (log.acts[i].user < n && log.acts[i].ts_ms >= f->began_ms) {
            since[log.acts[i].user] = 1;
        }
    }
    for (uint32_t v = 0; v < f->trees->count; v++) {
        since[f->trees->user[v] < n ? f->trees->user[v] : n] = 1;
    }
    l.since = since;
    GX_TRY(gx_record_each(call->txn, GX_SPACE_USER, note_leaving, &l, err));
done:
    gx_job_free(call->job, since);
    gx_log_finish(&log);
    return status;
}

/* ---- from whom it is played -------------------------------------------------------------------
 */

static bool heeds(const gx_graph *g, uint32_t a, uint32_t b) {
    bool found = false;
    for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1] && !found; e++) {
        found = g->out_dst[e] == b;
    }
    return found;
}

/* Roots, and those who came where no chance was known: without a tie to whom they came by, or by a
 * root whose share the log does not have, or for another time. */
static gx_status find_roots(gx_foresight *f, gx_error *err) {
    const gx_trees *t = f->trees;
    const gx_graph *g = &f->held->graph;
    gx_job *job = f->call->job;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &f->root, (size_t)t->count + 1, sizeof *f->root, err));
    GX_TRY(gx_job_alloc(job, &f->is_root, (size_t)g->n + 1, 1, err));
    GX_TRY(gx_job_alloc(job, &f->generation, (size_t)t->count + 1, sizeof *f->generation, err));
    for (uint32_t v = 0; v < t->count; v++) {
        const uint32_t u = t->user[v], p = t->parent[v];
        const uint32_t by = p == GX_NONE ? GX_NONE : t->user[p];
        const bool known = u < g->n;
        const bool along = p != GX_NONE && known && by < g->n && !f->had[u] &&
                           (f->generation[p] > 0 || f->shares[by] > 0) && heeds(g, u, by);
        f->generation[v] = along ? f->generation[p] + 1 : 0;
        f->along += along;
        f->beyond += p != GX_NONE && !along;
        if (known && !along) {
            f->root[f->roots++] = u;
            f->is_root[u] = 1;
        }
    }
done:
    return status;
}

/* ---- chances ----------------------------------------------------------------------------------
 */

void gx_foresight_draw(float *out, gx_foresight *f, uint32_t draw) {
    const gx_graph *g = &f->held->graph;
    gx_unsure_draw(out, &f->unsure, f->call->job->seed, draw);
    for (uint64_t e = 0; e < g->m; e++) {
        const double shares = f->shares[g->out_dst[e]];
        if (f->is_root[g->out_dst[e]]) {
            out[e] = (float)(1 - pow(1 - (double)out[e], shares));
        }
    }
    for (uint32_t a = 0; a < g->n; a++) {
        for (uint64_t e = g->out_ptr[a]; f->had[a] && e < g->out_ptr[a + 1]; e++) {
            out[e] = 0;
        }
    }
}

gx_status gx_foresight_make(gx_foresight *out, gx_call_env *call, const gx_trees *trees,
                            const gx_log_spec *spec, gx_error *err) {
    gx_status status;
    *out = (gx_foresight){.call = call, .trees = trees};
    GX_TRY(find_beginning(out, err));
    GX_TRY(learn(out, err));
    GX_TRY(count_shares(out, spec, err));
    GX_TRY(leave_departed(out, err));
    GX_TRY(fill_passes(out, err));
    GX_TRY(find_roots(out, err));
done:
    return status;
}

void gx_foresight_finish(gx_foresight *f) {
    if (f->call) {
        gx_job *job = f->call->job;
        gx_unsure_finish(&f->unsure, job);
        gx_job_free(job, f->generation);
        gx_job_free(job, f->is_root);
        gx_job_free(job, f->had);
        gx_job_free(job, f->root);
        gx_job_free(job, f->passes);
        gx_job_free(job, f->shares);
        gx_arrays_drop(f->learnt, job);
        gx_graph_release(f->call->db, f->held);
    }
    *f = (gx_foresight){0};
}
