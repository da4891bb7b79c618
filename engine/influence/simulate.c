#include "engine/influence/simulate.h"

#include "engine/influence/dates.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/room.h"

#include <math.h>

enum { BLOCK = 8, LOOK = 1 << 16 };

/* A thread's own: its lines of the cache are no other's. */
typedef struct player {
    _Alignas(GX_CACHE_LINE) uint64_t *seen; /* a bit a member */
    const gx_chances *chances;
    uint32_t *queue; /* those reached, in order */
    uint32_t *depth; /* where chains are walked: of each member 1 + its step, UNKNOWN, … */
    uint64_t step[GX_SPREAD_STEPS];
    uint64_t *circle; /* circles + 1 */
    uint64_t *gain;   /* seeds: worth over runs, in quanta; where asked for */
    gx__dates dates;  /* where days are asked for */
    uint64_t looked, arcs;
} player;

typedef struct playing {
    const gx_chances *chances;
    const gx_simulation_options *options;
    gx_simulation *out;
    gx_job *job;
    player *players;
    uint32_t thread_count;
    bool by_chains; /* of thresholds */
    double quanta;  /* of worth 1: whole numbers, whose sum does not hang on the order of threads */
} playing;

static bool take(player *p, uint32_t v) {
    return gx__bit_take(p->seen, v);
}

/* Adds whom v reaches in one step behind queue[end]; the new end. */
static uint32_t pass_on(player *p, uint32_t v, uint32_t end, uint64_t world) {
    const gx__chance_rows *rows = &p->chances->heard;
    gx__kept kept = gx__kept_of(rows, v);
    p->looked += kept.to - kept.at;
    p->arcs += kept.to - kept.at;
    if (p->chances->model == GX_SPREAD_THRESHOLD) {
        for (uint64_t i = kept.at; i < kept.to; i++) {
            const uint32_t a = rows->node[i];
            if (!gx__bit_is_set(p->seen, a) && gx__kept_is(&p->chances->heeds, a, v, world)) {
                (void)take(p, a);
                p->queue[end++] = a;
            }
        }
        return end;
    }
    gx__draws d = gx__draws_of(world, v);
    for (uint64_t arc; (arc = gx__kept_next(&kept, rows, &d)) < kept.to;) {
        if (take(p, rows->node[arc])) {
            p->queue[end++] = rows->node[arc];
        }
    }
    return end;
}

/* The worth of those in the queue; they are no longer seen. */
static double leave(const playing *w, player *p, uint32_t end) {
    const gx_simulation_options *o = w->options;
    double worth = 0;
    for (uint32_t i = 0; i < end; i++) {
        const uint32_t v = p->queue[i];
        worth += o->weight ? o->weight[v] : 1;
        p->seen[v / 64] = 0;
        if (p->circle) {
            p->circle[o->circle[v] == GX_NONE ? o->circles : o->circle[v]]++;
        }
    }
    return worth;
}

static uint32_t begin(const playing *w, player *p) {
    const gx_simulation_options *o = w->options;
    uint32_t end = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        if (take(p, o->seed[i])) {
            p->queue[end++] = o->seed[i];
        }
    }
    p->step[0] += end;
    return end;
}

static void play(const playing *w, player *p, uint32_t run) {
    const gx_simulation_options *o = w->options;
    const uint64_t world = gx__world_of(w->job->seed, run);
    uint32_t end = begin(w, p), step = 0;
    const uint32_t seeds = end;
    for (uint32_t at = 0, until = end; at < end; at++) {
        if (at < seeds || gx__passes_on(p->chances, p->queue[at], world)) {
            end = pass_on(p, p->queue[at], end, world);
        }
        if (at + 1 == until && end > until) { /* a step is through */
            step += step + 1 < GX_SPREAD_STEPS;
            p->step[step] += end - until;
            until = end;
        }
        if (p->looked >= LOOK) {
            p->looked = 0;
            if (gx_job_should_stop(w->job)) {
                break;
            }
        }
    }
    if (o->days) {
        gx__dates_add(&p->dates, p->chances, p->queue, seeds, end, world, w->job);
    }
    w->out->reached[run] = leave(w, p, end);
}

/* The same world, seed by seed: whom each reaches beyond those before it. A seed whom others have
 * reached already passes on now, if it did not do so of itself. */
static void play_seeds(const playing *w, player *p, uint32_t run) {
    const gx_simulation_options *o = w->options;
    const uint64_t world = gx__world_of(w->job->seed, run);
    uint32_t end = 0;
    bool stop = false;
    for (uint32_t i = 0; i < o->count && !stop; i++) {
        const uint32_t seed = o->seed[i], from = end;
        double worth = 0;
        const bool fresh = take(p, seed);
        if (fresh) {
            p->queue[end++] = seed;
        }
        if (fresh || !gx__passes_on(p->chances, seed, world)) {
            end = pass_on(p, seed, end, world);
        }
        for (uint32_t at = from; at < end && !stop; at++) {
            const uint32_t v = p->queue[at];
            worth += o->weight ? o->weight[v] : 1;
            if (v != seed && gx__passes_on(p->chances, v, world)) {
                end = pass_on(p, v, end, world);
            }
            if (p->looked >= LOOK) {
                p->looked = 0;
                stop = gx_job_should_stop(w->job);
            }
        }
        p->gain[i] += (uint64_t)(worth * w->quanta + 0.5);
    }
    w->out->reached[run] = leave(w, p, end);
}

/* ---- thresholds, from the other end ---------------------------------------------------------- */

/* Of a threshold everybody keeps one arc at the most, so a world is a forest of chains, and whoever
 * stands on one that leads to a seed is reached. Where most of the graph is touched anyway, finding
 * each one's arc once is cheaper than asking at each arc of those reached whether it is the one. */
enum { UNKNOWN = 0, SEED = 1 };
static const uint32_t ON_THE_WAY = UINT32_MAX, NEVER = UINT32_MAX - 1;

/* Walks from v until its end is known; the chain then knows too. `path` has room for n. */
static void walk(uint32_t *depth, uint32_t *path, const gx_chances *chances, uint32_t v,
                 uint64_t world) {
    const gx__chance_rows *heeds = &chances->heeds;
    uint32_t length = 0, u = v;
    while (depth[u] == UNKNOWN) {
        gx__draws d = gx__draws_of(world, u);
        const uint64_t arc = gx__kept_one(heeds, u, &d);
        depth[u] = ON_THE_WAY;
        path[length++] = u;
        if (arc == heeds->ptr[u + 1] ||
            (depth[heeds->node[arc]] != SEED && !gx__passes_on(chances, heeds->node[arc], world))) {
            break;
        }
        u = heeds->node[arc];
    }
    uint32_t at = depth[u] == ON_THE_WAY ? NEVER : depth[u]; /* it ends there, or goes round */
    while (length-- > 0) {
        at += at != NEVER;
        depth[path[length]] = at;
    }
}

static void play_chains(const playing *w, player *p, uint32_t run) {
    const uint32_t n = p->chances->n;
    const uint64_t world = gx__world_of(w->job->seed, run);
    uint32_t end = begin(w, p);
    memset(p->depth, 0, n * sizeof *p->depth);
    for (uint32_t i = 0; i < end; i++) {
        p->depth[p->queue[i]] = SEED;
    }
    for (uint32_t v = 0; v < n; v++) {
        if (p->depth[v] == UNKNOWN) { /* the rest of the queue holds the path */
            walk(p->depth, p->queue + end, p->chances, v, world);
        }
        if (p->depth[v] != NEVER && p->depth[v] != SEED) {
            const uint32_t step = p->depth[v] - 1;
            p->step[step < GX_SPREAD_STEPS ? step : GX_SPREAD_STEPS - 1]++;
            p->queue[end++] = v;
        }
        if (v % LOOK == 0 && gx_job_should_stop(w->job)) {
            break;
        }
    }
    w->out->reached[run] = leave(w, p, end);
}

/* Plays the first run, and sees from it how the others are best played. */
static gx_status play_first(playing *w, gx_error *err) {
    gx_status status = GX_OK;
    player *p = &w->players[0];
    if (w->options->seeds) {
        play_seeds(w, p, 0);
        return GX_OK;
    }
    play(w, p, 0);
    w->by_chains = w->chances->model == GX_SPREAD_THRESHOLD && !w->options->days &&
                   p->arcs > 2 * (uint64_t)w->chances->n;
    for (uint32_t t = 0; w->by_chains && t < w->thread_count; t++) {
        GX_TRY(gx_job_alloc(w->job, &w->players[t].depth, w->chances->n,
                            sizeof *w->players[t].depth, err));
    }
done:
    return status;
}

static void find_bounds(playing *w) {
    const gx_simulation_options *o = w->options;
    player *p = &w->players[0];
    for (uint32_t i = 0; i < o->count; i++) {
        if (take(p, o->seed[i])) {
            w->out->least += o->weight ? o->weight[o->seed[i]] : 1;
        }
    }
    for (uint32_t i = 0; i < o->count; i++) {
        p->seen[o->seed[i] / 64] = 0;
    }
    for (uint32_t v = 0; v < w->chances->n; v++) {
        w->out->most += o->weight ? o->weight[v] : 1;
    }
}

/* All worth in all runs is below 2^62 of them. */
static double quanta_of(double all, uint32_t runs) {
    return all > 0 ? ldexp(1, 62) / (all + 1) / runs : 1;
}

static gx_status playing_init(playing *w, gx_error *err) {
    const uint32_t n = w->chances->n;
    gx_status status = GX_OK;
    w->thread_count = (uint32_t)gx__threads_worth(w->options->runs, 2 * BLOCK, w->job->threads);
    GX_TRY(gx_job_alloc(w->job, &w->players, w->thread_count, sizeof *w->players, err));
    for (uint32_t t = 0; t < w->thread_count; t++) {
        player *p = &w->players[t];
        p->chances = gx__chances_of(w->chances, t);
        GX_TRY(gx_job_alloc(w->job, &p->seen, n / 64 + 1, sizeof *p->seen, err));
        GX_TRY(gx_job_alloc(w->job, &p->queue, n, sizeof *p->queue, err));
        if (w->options->circle) {
            GX_TRY(gx_job_alloc(w->job, &p->circle, (size_t)w->options->circles + 1,
                                sizeof *p->circle, err));
        }
        if (w->options->seeds) {
            GX_TRY(gx_job_alloc(w->job, &p->gain, w->options->count, sizeof *p->gain, err));
        }
        if (w->options->days) {
            GX_TRY(gx__dates_init(&p->dates, n, w->options->days, w->options->delay, w->job, err));
        }
    }
    GX_TRY(gx_job_alloc(w->job, &w->out->reached, w->options->runs, sizeof(double), err));
    if (w->options->circle) {
        GX_TRY(gx_job_alloc(w->job, &w->out->by_circle, (size_t)w->options->circles + 1,
                            sizeof(double), err));
    }
    if (w->options->days) {
        GX_TRY(gx_job_alloc(w->job, &w->out->by_day, (size_t)w->options->days + 1, sizeof(double),
                            err));
    }
    if (w->options->seeds) {
        GX_TRY(gx_job_alloc(w->job, &w->out->by_seed, w->options->count, sizeof(double), err));
    }
    find_bounds(w);
    w->quanta = quanta_of(w->out->most, w->options->runs);
done:
    return status;
}

static void playing_finish(playing *w) {
    for (uint32_t t = 0; w->players && t < w->thread_count; t++) {
        gx_job_free(w->job, w->players[t].seen);
        gx_job_free(w->job, w->players[t].queue);
        gx_job_free(w->job, w->players[t].depth);
        gx_job_free(w->job, w->players[t].circle);
        gx_job_free(w->job, w->players[t].gain);
        gx__dates_finish(&w->players[t].dates, w->job);
    }
    gx_job_free(w->job, w->players);
}

static void add(double *sum, const uint64_t *count, size_t n) {
    for (size_t i = 0; sum && i < n; i++) {
        sum[i] += (double)count[i];
    }
}

static void divide(double *sum, size_t n, double by) {
    for (size_t i = 0; sum && i < n; i++) {
        sum[i] /= by;
    }
}

void gx_runs_mean(double *out_mean, double *out_error, const double *number, uint32_t runs) {
    double sum = 0, square = 0;
    bool same = true; /* then there is no error, not that of rounding the mean */
    for (uint32_t r = 0; r < runs; r++) {
        same = same && number[r] == number[0];
        sum += number[r];
    }
    *out_mean = runs == 0 ? 0 : same ? number[0] : sum / runs;
    for (uint32_t r = 0; r < runs; r++) {
        square += (number[r] - *out_mean) * (number[r] - *out_mean);
    }
    *out_error = runs > 1 && !same ? sqrt(square / (runs - 1.0) / runs) : 0;
}

/* Counts are whole, so the order of threads does not matter; runs are summed in theirs. */
static void sum_up(playing *w) {
    gx_simulation *out = w->out;
    const double runs = w->options->runs;
    gx_runs_mean(&out->mean, &out->error, out->reached, w->options->runs);
    for (uint32_t t = 0; t < w->thread_count; t++) { /* whole numbers until all are in */
        const player *p = &w->players[t];
        add(out->by_step, p->step, GX_SPREAD_STEPS);
        add(out->by_circle, p->circle, (size_t)w->options->circles + 1);
        add(out->by_day, p->dates.day, (size_t)w->options->days + 1);
    }
    for (uint32_t i = 0; out->by_seed && i < w->options->count; i++) {
        uint64_t sum = 0;
        for (uint32_t t = 0; t < w->thread_count; t++) {
            sum += w->players[t].gain[i];
        }
        out->by_seed[i] = (double)sum / w->quanta / runs;
    }
    divide(out->by_step, GX_SPREAD_STEPS, runs);
    divide(out->by_circle, (size_t)w->options->circles + 1, runs);
    divide(out->by_day, (size_t)w->options->days + 1, runs);
}

gx_status gx_simulate(gx_simulation *out, const gx_chances *chances,
                      const gx_simulation_options *options, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    playing w = {.chances = chances, .options = options, .out = out, .job = job};
    *out = (gx_simulation){.runs = options->runs};
    if (options->runs == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "runs", "runs is 0; accepted is 1 or more");
    }
    if (options->days && !(options->delay > 0 && options->delay < INFINITY)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "delay", "delay is %g; accepted is above 0",
                          options->delay);
    }
    for (uint32_t i = 0; i < options->count; i++) {
        if (options->seed[i] >= chances->n) {
            return gx_fail(err, GX_BAD_REQUEST, "seed %u is not one of %u members",
                           options->seed[i], chances->n);
        }
    }
    GX_TRY(playing_init(&w, err));
    gx_job_stage(job, "simulate", options->runs);
    GX_TRY(play_first(&w, err));
#pragma omp parallel for schedule(dynamic, BLOCK) num_threads(w.thread_count)
    for (uint32_t r = 1; r < options->runs; r++) {
        if (!gx_job_should_stop(job)) {
            player *p = &w.players[gx_thread()];
            options->seeds ? play_seeds(&w, p, r)
            : w.by_chains  ? play_chains(&w, p, r)
                           : play(&w, p, r);
        }
        if (gx_thread() == 0) {
            gx_job_tick(job, r);
        }
    }
    GX_TRY(gx_job_check(job, err));
    sum_up(&w);
done:
    playing_finish(&w);
    if (status != GX_OK) {
        gx_simulation_finish(out, job);
    }
    return status;
}

void gx_simulation_finish(gx_simulation *simulation, gx_job *job) {
    gx_job_free(job, simulation->reached);
    gx_job_free(job, simulation->by_circle);
    gx_job_free(job, simulation->by_day);
    gx_job_free(job, simulation->by_seed);
    simulation->reached = simulation->by_circle = simulation->by_day = simulation->by_seed = NULL;
}
