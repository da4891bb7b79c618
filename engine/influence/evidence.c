#include "engine/influence/evidence.h"

#include "engine/kernel/common.h"
#include "engine/kernel/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 16, LOOK = 1 << 12, HELD = 3 };

static const double DAY_MS = 86400000;

/* What is known of one take while the arcs of its member are walked. */
typedef struct taking {
    int64_t after;  /* since the latest open trial; INT64_MAX: none is open */
    int64_t before; /* until the next trial that it was too early for; the same */
    double sum;     /* of the weights of those whose trials are open */
} taking;

typedef struct finding {
    gx__evidence *out;
    const gx_graph *graph;
    const gx_firsts *firsts;
    const gx_first_rows *passed; /* trials begin with these */
    const gx_evidence_options *options;
    gx_job *job;
    int64_t *over;     /* times of what each passed on of which the window is over, rising */
    uint64_t *over_at; /* n + 1 */
    taking *room;      /* threads × longest */
    uint64_t longest;
    uint64_t (*seen)[2][GX_DELAY_CLASSES]; /* threads: after, before */
    bool decayed;                          /* this time weights are by the pair's delay */
    uint64_t done;                         /* members gone through, all times together */
} finding;

/* ---- pairs of histories ---------------------------------------------------------------------- */

/* Of an item that a took and b passed on. */
typedef struct meeting {
    uint64_t take; /* the entry of `took` */
    uint64_t arc;  /* a → b */
    uint32_t a, b;
    int64_t passed_ms;
    taking *at;
} meeting;

typedef void (*meeting_fn)(const finding *f, const meeting *met);

/* Whether the log goes on to the end of the window. */
static bool is_over(const finding *f, int64_t passed_ms) {
    const uint64_t left = (uint64_t)f->firsts->to_ms - (uint64_t)passed_ms;
    return passed_ms <= f->firsts->to_ms && left >= (uint64_t)f->options->window_ms;
}

/* Whether a had joined by then. */
static bool is_there(const finding *f, uint32_t a, int64_t passed_ms) {
    return !f->firsts->since || f->firsts->since[a] <= passed_ms;
}

/* Every item that a took and b passed on when a was there. */
static void meet(const finding *f, uint32_t a, uint64_t arc, taking *room, meeting_fn fn) {
    const gx_first_rows *took = &f->firsts->took, *passed = f->passed;
    const uint32_t b = f->graph->out_dst[arc];
    gx__common both = gx__common_of(took->item, took->ptr[a], took->ptr[a + 1], passed->item,
                                    passed->ptr[b], passed->ptr[b + 1]);
    while (gx__common_next(&both)) {
        const int64_t passed_ms = passed->ts[both.at_b];
        if (is_over(f, passed_ms) && is_there(f, a, passed_ms)) {
            fn(f, &(meeting){both.at_a, arc, a, b, passed_ms, &room[both.at_a - took->ptr[a]]});
        }
    }
}

static void meet_all(const finding *f, uint32_t a, taking *room, meeting_fn fn) {
    for (uint64_t arc = f->graph->out_ptr[a]; arc < f->graph->out_ptr[a + 1]; arc++) {
        if (f->graph->out_dst[arc] != a) {
            meet(f, a, arc, room, fn);
        }
    }
}

static void clear(const finding *f, uint32_t a, taking *room) {
    const uint64_t count = f->firsts->took.ptr[a + 1] - f->firsts->took.ptr[a];
    for (uint64_t i = 0; i < count; i++) {
        room[i] = (taking){INT64_MAX, INT64_MAX, 0};
    }
}

/* How long after it was passed on it was taken, where that is within the window; 0: it is not. */
static int64_t delay_of(const finding *f, const meeting *met) {
    const int64_t took = f->firsts->took.ts[met->take];
    const uint64_t apart = (uint64_t)took - (uint64_t)met->passed_ms;
    return took > met->passed_ms && apart <= (uint64_t)f->options->window_ms ? (int64_t)apart : 0;
}

/* ---- what chance would do -------------------------------------------------------------------- */

static int class_of(const finding *f, int64_t delay_ms) {
    int64_t edge = f->options->window_ms;
    int at = GX_DELAY_CLASSES - 1;
    for (; at > 0 && delay_ms <= edge / 2; at--) {
        edge /= 2;
    }
    return at;
}

/* Whether a had passed the item on before `ms`. */
static bool had_passed(const finding *f, uint32_t a, uint32_t item, int64_t ms) {
    const gx_first_rows *own = f->passed;
    const uint64_t at = gx_place_u32(own->item, own->ptr[a], own->ptr[a + 1], item);
    return at < own->ptr[a + 1] && own->item[at] == item && own->ts[at] < ms;
}

static void note_nearest(const finding *f, const meeting *met) {
    const gx_first_rows *took = &f->firsts->took;
    const int64_t delay = delay_of(f, met);
    const uint64_t early = (uint64_t)met->passed_ms - (uint64_t)took->ts[met->take];
    if (delay > 0) {
        met->at->after = delay < met->at->after ? delay : met->at->after;
    } else if (took->ts[met->take] < met->passed_ms && early <= (uint64_t)f->options->window_ms &&
               !(!f->options->by_acts &&
                 had_passed(f, met->a, took->item[met->take], met->passed_ms))) {
        met->at->before = (int64_t)early < met->at->before ? (int64_t)early : met->at->before;
    }
}

static void count_classes(const finding *f, uint32_t a, const taking *room,
                          uint64_t seen[2][GX_DELAY_CLASSES]) {
    const gx_first_rows *took = &f->firsts->took;
    for (uint64_t x = took->ptr[a]; x < took->ptr[a + 1]; x++) {
        const taking *t = &room[x - took->ptr[a]];
        if (took->via[x] != GX_NONE) {
            continue;
        }
        if (t->after != INT64_MAX) {
            seen[0][class_of(f, t->after)]++;
        }
        if (t->before != INT64_MAX) {
            seen[1][class_of(f, t->before)]++;
        }
    }
}

/* Counts that differ by no more than one standard deviation are taken to be chance alone. */
static void keep_what_is_beyond(finding *f, double passed_on) {
    gx__evidence *e = f->out;
    for (int c = 0; c < GX_DELAY_CLASSES; c++) {
        uint64_t before = 0;
        for (int t = 0; t < f->job->threads; t++) {
            e->after[c] += f->seen[t][0][c];
            before += f->seen[t][1][c];
        }
        e->before[c] = (double)before / (1 - fmin(passed_on, 0.9));
        const double after = (double)e->after[c], beyond = after - e->before[c];
        const bool clear = beyond > sqrt(after + e->before[c]);
        e->kept[c] = !f->options->beyond ? 1 : clear ? beyond / after : 0;
    }
}

/* ---- what is put down to whom ---------------------------------------------------------------- */

static double weight_of(const finding *f, const meeting *met, int64_t delay_ms) {
    if (!f->decayed) {
        return 1;
    }
    const double days = fmax((double)f->out->delay[met->arc], 1e-6);
    return exp(-(double)delay_ms / DAY_MS / days) / days;
}

static void note_open(const finding *f, const meeting *met) {
    const int64_t delay = delay_of(f, met);
    if (delay > 0) {
        met->at->after = delay < met->at->after ? delay : met->at->after;
        met->at->sum += weight_of(f, met, delay);
    }
}

/* What of the take is the pair's. */
static double share_of(const finding *f, const meeting *met, int64_t delay_ms) {
    const uint32_t via = f->firsts->took.via[met->take];
    if (via != GX_NONE) {
        return via == met->b ? 1 : 0;
    }
    if (f->options->named) {
        return 0;
    }
    const double kept = f->out->kept[class_of(f, met->at->after)];
    if (f->options->rule == GX_CREDIT_BERNOULLI || f->options->rule == GX_CREDIT_JACCARD) {
        return kept;
    }
    /* So late that all weights are 0: nobody's. */
    return met->at->sum > 0 ? kept * weight_of(f, met, delay_ms) / met->at->sum : 0;
}

/* `trials` of the arc begin as all that b passed on; of a Jaccard index, as what either did. */
static void give(const finding *f, const meeting *met) {
    gx__evidence *e = f->out;
    const int64_t delay = delay_of(f, met);
    const bool too_late = f->firsts->took.ts[met->take] <= met->passed_ms;
    if (!f->decayed) {
        e->trials[met->arc] -= too_late || f->options->rule == GX_CREDIT_JACCARD;
    }
    if (delay > 0) {
        const double share = share_of(f, met, delay);
        e->acts[met->arc] += (float)share;
        e->delay[met->arc] += f->decayed ? 0 : (float)(share * (double)delay / DAY_MS);
    }
}

/* How often b passed something on, to the end of the window, since a joined. */
static uint32_t count_over(const finding *f, uint32_t a, uint32_t b) {
    const uint64_t from = f->over_at[b], to = f->over_at[b + 1];
    const int64_t *since = f->firsts->since;
    return (uint32_t)(to - (since ? gx_place_i64(f->over, from, to, since[a]) : from));
}

static void begin_trials(const finding *f, uint32_t a) {
    const gx_graph *g = f->graph;
    const uint64_t own = f->firsts->took.ptr[a + 1] - f->firsts->took.ptr[a];
    for (uint64_t arc = g->out_ptr[a]; arc < g->out_ptr[a + 1]; arc++) {
        const uint32_t b = g->out_dst[arc], some = b == a ? 0 : count_over(f, a, b);
        const bool both = f->options->rule == GX_CREDIT_JACCARD && some > 0;
        f->out->trials[arc] = some + (both ? (uint32_t)own : 0);
    }
}

/* ---- all members ----------------------------------------------------------------------------- */

static void look_around(const finding *f, uint32_t a, taking *room) {
    meet_all(f, a, room, note_nearest);
    count_classes(f, a, room, f->seen[gx_thread()]);
}

static void share_out(const finding *f, uint32_t a, taking *room) {
    if (!f->decayed) {
        begin_trials(f, a);
    }
    meet_all(f, a, room, note_open);
    meet_all(f, a, room, give);
}

static gx_status for_all(finding *f, void (*fn)(const finding *f, uint32_t a, taking *room),
                         gx_error *err) {
#pragma omp parallel num_threads(f->job->threads)
    {
        taking *room = f->room + (size_t)gx_thread() * f->longest;
#pragma omp for schedule(dynamic, CHUNK)
        for (uint32_t a = 0; a < f->graph->n; a++) {
            if (!gx_job_should_stop(f->job)) {
                clear(f, a, room);
                fn(f, a, room);
            }
            if (a % CHUNK == 0 && gx_thread() == 0) {
                gx_job_tick(f->job, f->done + a);
            }
        }
    }
    f->done += f->graph->n;
    return gx_job_step(f->job, f->done, err);
}

/* How much of what each took, and is long enough ago, it passed on within the window. */
static double find_passes(const finding *f) {
    const gx_first_rows *took = &f->firsts->took, *passed = f->passed;
    gx__evidence *e = f->out;
    double all = 0, of = 0;
    for (uint32_t v = 0; v < f->graph->n; v++) {
        uint64_t y = passed->ptr[v];
        if (v % LOOK == 0 && gx_job_should_stop(f->job)) {
            break;
        }
        for (uint64_t x = took->ptr[v]; x < took->ptr[v + 1]; x++) {
            y = gx_place_u32(passed->item, y, passed->ptr[v + 1], took->item[x]);
            const bool did =
                y < passed->ptr[v + 1] && passed->item[y] == took->item[x] &&
                passed->ts[y] >= took->ts[x] &&
                (uint64_t)passed->ts[y] - (uint64_t)took->ts[x] <= (uint64_t)f->options->window_ms;
            const bool counts = is_over(f, took->ts[x]);
            e->passes[v] += counts && did ? 1.0f : 0.0f;
            e->chances_to_pass[v] += counts;
        }
        all += (double)e->passes[v];
        of += e->chances_to_pass[v];
    }
    return of > 0 ? all / of : 0;
}

static gx_status find_over(finding *f, gx_error *err) {
    const gx_first_rows *passed = f->passed;
    gx_status status;
    uint64_t at = 0;
    GX_TRY(gx_job_alloc(f->job, &f->over, passed->count, sizeof *f->over, err));
    GX_TRY(gx_job_alloc(f->job, &f->over_at, (size_t)f->graph->n + 1, sizeof *f->over_at, err));
    for (uint32_t v = 0; v < f->graph->n; v++) {
        if (v % LOOK == 0) {
            GX_TRY(gx_job_check(f->job, err));
        }
        for (uint64_t y = passed->ptr[v]; y < passed->ptr[v + 1]; y++) {
            if (is_over(f, passed->ts[y])) {
                f->over[at++] = passed->ts[y];
            }
        }
        f->over_at[v + 1] = at;
        qsort(f->over + f->over_at[v], at - f->over_at[v], sizeof *f->over, gx_by_i64);
    }
done:
    return status;
}

/* Σ over arcs, in their order. */
static void sum_up(gx__evidence *e, uint64_t m, const gx_evidence_options *options, bool delays) {
    double days = 0;
    e->all_trials = e->all_acts = 0;
    for (uint64_t i = 0; i < m; i++) {
        e->all_trials += e->trials[i];
        e->all_acts += (double)e->acts[i];
        days += (double)e->delay[i];
    }
    if (delays) {
        e->mean_days =
            e->all_acts > 0 ? days / e->all_acts : (double)options->window_ms / DAY_MS / 4;
        for (uint64_t i = 0; i < m; i++) {
            e->delay[i] =
                (float)(((double)e->delay[i] + HELD * e->mean_days) / ((double)e->acts[i] + HELD));
        }
    }
}

gx_status gx__evidence_find(gx__evidence *io, const gx_graph *graph, const gx_firsts *firsts,
                            const gx_evidence_options *options, gx_job *job, gx_error *err) {
    gx_status status;
    const gx_first_rows *took = &firsts->took;
    finding f = {.out = io,
                 .graph = graph,
                 .firsts = firsts,
                 .passed = options->by_acts ? took : &firsts->passed,
                 .options = options,
                 .job = job};
    for (uint32_t v = 0; v < graph->n; v++) {
        const uint64_t length = took->ptr[v + 1] - took->ptr[v];
        f.longest = length > f.longest ? length : f.longest;
    }
    const size_t threads = (size_t)job->threads;
    GX_TRY(find_over(&f, err));
    GX_TRY(gx_job_alloc(job, &f.room, f.longest, threads * sizeof *f.room, err));
    GX_TRY(gx_job_alloc(job, &f.seen, threads, sizeof *f.seen, err));
    const double passed_on = find_passes(&f);
    const unsigned times = options->rule == GX_CREDIT_DECAYED ? 3 : 2;
    gx_job_stage(job, "influence", (uint64_t)times * graph->n);
    GX_TRY(for_all(&f, look_around, err));
    keep_what_is_beyond(&f, options->by_acts ? 0 : passed_on);
    GX_TRY(for_all(&f, share_out, err));
    sum_up(io, graph->m, options, true);
    if (options->rule == GX_CREDIT_DECAYED) {
        f.decayed = true;
        memset(io->acts, 0, graph->m * sizeof *io->acts);
        GX_TRY(for_all(&f, share_out, err));
        sum_up(io, graph->m, options, false);
    }
done:
    gx_job_free(job, f.seen);
    gx_job_free(job, f.room);
    gx_job_free(job, f.over_at);
    gx_job_free(job, f.over);
    return status;
}
