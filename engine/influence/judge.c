#include "engine/influence/judge.h"

#include "engine/influence/draws.h"
#include "engine/kernel/parallel.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdlib.h>

enum { RANKS = 4096, LOOK = 1 << 12 };

/* ---- trials ---------------------------------------------------------------------------------- */

static uint64_t find_item(const gx_first_rows *rows, uint32_t v, uint32_t item) {
    const uint64_t end = rows->ptr[v + 1], at = gx_place_u32(rows->item, rows->ptr[v], end, item);
    return at < end && rows->item[at] == item ? at : UINT64_MAX;
}

typedef struct finding {
    gx_influence_trials *out; /* its arrays NULL while counting */
    const gx_graph *graph;
    const gx_firsts *firsts;
    const gx_first_rows *passed;
    int64_t from_ms, to_ms, window_ms;
} finding;

static bool is_trial(const finding *f, uint32_t a, int64_t ms) {
    const int64_t *since = f->firsts->since;
    return ms >= f->from_ms && ms < f->to_ms && ms <= f->firsts->to_ms &&
           (uint64_t)f->firsts->to_ms - (uint64_t)ms >= (uint64_t)f->window_ms &&
           (!since || since[a] <= ms);
}

static void find_of_arc(const finding *f, uint32_t a, uint64_t arc, uint64_t *at) {
    const gx_first_rows *took = &f->firsts->took;
    const uint32_t b = f->graph->out_dst[arc];
    for (uint64_t y = f->passed->ptr[b]; b != a && y < f->passed->ptr[b + 1]; y++) {
        const int64_t ms = f->passed->ts[y];
        if (!is_trial(f, a, ms)) {
            continue;
        }
        const uint64_t x = find_item(took, a, f->passed->item[y]);
        if (x != UINT64_MAX && took->ts[x] <= ms) {
            continue;
        }
        if (f->out->arc) {
            f->out->arc[*at] = arc;
            f->out->member[*at] = a;
            f->out->acted[*at] =
                x != UINT64_MAX && (uint64_t)took->ts[x] - (uint64_t)ms <= (uint64_t)f->window_ms;
        }
        ++*at;
    }
}

static gx_status scan(const finding *f, gx_job *job, gx_error *err) {
    uint64_t at = 0;
    for (uint32_t a = 0; a < f->graph->n; a++) {
        if (a % LOOK == 0 && gx_job_should_stop(job)) {
            break;
        }
        for (uint64_t arc = f->graph->out_ptr[a]; arc < f->graph->out_ptr[a + 1]; arc++) {
            find_of_arc(f, a, arc, &at);
        }
    }
    f->out->count = at;
    return gx_job_check(job, err);
}

gx_status gx_influence_trials_find(gx_influence_trials *out, const gx_graph *graph,
                                   const gx_firsts *firsts, int64_t from_ms, int64_t to_ms,
                                   int64_t window_ms, bool by_acts, gx_job *job, gx_error *err) {
    gx_status status;
    const finding f = {out,     graph, firsts,   by_acts ? &firsts->took : &firsts->passed,
                       from_ms, to_ms, window_ms};
    *out = (gx_influence_trials){0};
    GX_TRY(scan(&f, job, err));
    GX_TRY(gx_job_alloc(job, &out->member, out->count, sizeof *out->member, err));
    GX_TRY(gx_job_alloc(job, &out->acted, out->count, sizeof *out->acted, err));
    GX_TRY(gx_job_alloc(job, &out->arc, out->count, sizeof *out->arc, err));
    GX_TRY(scan(&f, job, err));
done:
    if (status != GX_OK) {
        gx_influence_trials_finish(out, job);
    }
    return status;
}

void gx_influence_trials_finish(gx_influence_trials *trials, gx_job *job) {
    gx_job_free(job, trials->arc);
    gx_job_free(job, trials->member);
    gx_job_free(job, trials->acted);
    *trials = (gx_influence_trials){0};
}

/* ---- figures --------------------------------------------------------------------------------- */

typedef struct told {
    double chance;
    uint64_t trial;
} told;

typedef struct judging {
    const gx_influence_judging *how;
    const float *const *chance;
    uint32_t count;
    told *order;      /* trials, of the one at hand */
    double *told;     /* count × trials */
    uint16_t *rank;   /* count × trials: those told alike are alike */
    double *resample; /* resamples × count × figures */
    double *room;     /* threads × 2 × RANKS */
    gx_job *job;
} judging;

static double chance_of(const float *chance, uint64_t arc) {
    return chance ? (double)chance[arc] : 0;
}

/* So that the earlier trials come off as often as they did, and never below 0. */
static double fit_anyway(const float *chance, const gx_influence_trials *earlier) {
    double not_acted = 0, not_moved = 0;
    for (uint64_t i = 0; i < earlier->count; i++) {
        not_acted += !earlier->acted[i];
        not_moved += 1 - chance_of(chance, earlier->arc[i]);
    }
    return not_moved > 0 ? fmax(0, 1 - not_acted / not_moved) : 0;
}

static int by_chance(const void *a, const void *b) {
    const told *x = a, *y = b;
    if (x->chance != y->chance) {
        return x->chance < y->chance ? -1 : 1;
    }
    return x->trial < y->trial ? -1 : x->trial > y->trial;
}

/* Chances of the trials, their ranks, and how far they come true by bins. */
static void tell(gx_influence_judged *out, judging *j, uint32_t k) {
    const gx_influence_trials *later = j->how->later;
    const uint64_t n = later->count;
    double *chance = j->told + k * n;
    out->anyway = fit_anyway(j->chance[k], j->how->earlier);
    for (uint64_t i = 0; i < n; i++) {
        const double p = 1 - (1 - out->anyway) * (1 - chance_of(j->chance[k], later->arc[i]));
        chance[i] = fmin(fmax(p, 1e-6), 1 - 1e-6);
        j->order[i] = (told){chance[i], i};
    }
    qsort(j->order, n, sizeof *j->order, by_chance);
    uint64_t rank = 0, bin = 0;
    for (uint64_t at = 0; at < n; at++) {
        const uint64_t i = j->order[at].trial;
        if (at == 0 || j->order[at].chance > j->order[at - 1].chance) {
            rank = at * RANKS / n;
            bin = at * GX_CALIBRATION_BINS / n;
        }
        j->rank[k * n + i] = (uint16_t)rank;
        out->bin[bin].trials++;
        out->bin[bin].told += chance[i];
        out->bin[bin].came += later->acted[i];
    }
    for (int b = 0; b < GX_CALIBRATION_BINS; b++) {
        const double trials = (double)out->bin[b].trials;
        out->bin[b].told = trials > 0 ? out->bin[b].told / trials : NAN;
        out->bin[b].came = trials > 0 ? out->bin[b].came / trials : NAN;
    }
}

/* Poisson(1), by (seed, resample, member); resample 0: all as they are, 1 each. */
static double times_of(const judging *j, uint32_t resample, uint32_t member) {
    if (resample == 0) {
        return 1;
    }
    gx__draws d = gx__draws_of(gx__world_of(j->job->seed, resample), member);
    double left = gx__draws_real(&d), chance = 0.36787944117144233;
    int times = 0;
    for (; left > chance && times < 12; times++) {
        left -= chance;
        chance /= times + 1;
    }
    return times;
}

/* Rank sums by counts of each rank: pairs in the right order, half for those alike. */
static double auc_of(const double *acted, const double *not_acted) {
    double below = 0, right = 0, all = 0;
    for (int r = 0; r < RANKS; r++) {
        right += acted[r] * (below + not_acted[r] / 2);
        below += not_acted[r];
        all += acted[r];
    }
    return all > 0 && below > 0 ? right / all / below : NAN;
}

static void figure(double *out, const judging *j, uint32_t k, uint32_t resample, double *room) {
    const gx_influence_trials *later = j->how->later;
    double weight = 0, loss = 0, square = 0;
    memset(room, 0, 2 * RANKS * sizeof *room);
    for (uint64_t i = 0; i < later->count; i++) {
        const double times = times_of(j, resample, later->member[i]);
        const double p = j->told[k * later->count + i], came = later->acted[i];
        weight += times;
        loss -= times * log(later->acted[i] ? p : 1 - p);
        square += times * (p - came) * (p - came);
        room[(later->acted[i] ? 0 : RANKS) + j->rank[k * later->count + i]] += times;
    }
    out[GX_FIGURE_LOG_LOSS] = weight > 0 ? loss / weight : NAN;
    out[GX_FIGURE_BRIER] = weight > 0 ? square / weight : NAN;
    out[GX_FIGURE_AUC] = auc_of(room, room + RANKS);
}

/* The middle `level` of what the resamples say; those that say nothing are left out. */
static void interval(double *low, double *high, double *value, uint32_t count, double level) {
    uint32_t known = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!isnan(value[i])) {
            value[known++] = value[i];
        }
    }
    qsort(value, known, sizeof *value, gx_by_f64);
    const double tail = (1 - level) / 2 * (known - 1.0);
    *low = known > 1 ? value[(uint32_t)tail] : NAN;
    *high = known > 1 ? value[known - 1 - (uint32_t)tail] : NAN;
}

static void sum_up(gx_influence_judged *out, const judging *j, double *value) {
    const uint32_t resamples = j->how->resamples, stride = j->count * GX_FIGURES;
    for (uint32_t k = 0; k < j->count; k++) {
        for (uint32_t f = 0; f < GX_FIGURES; f++) {
            const uint32_t at = k * GX_FIGURES + f;
            out[k].figure[f] = j->resample[at];
            out[k].gap[f] = j->resample[at] - j->resample[f];
            for (int gap = 0; gap < 2; gap++) {
                for (uint32_t r = 1; r <= resamples; r++) {
                    const double *row = j->resample + (size_t)r * stride;
                    value[r - 1] = row[at] - (gap ? row[f] : 0);
                }
                interval(gap ? &out[k].gap_low[f] : &out[k].low[f],
                         gap ? &out[k].gap_high[f] : &out[k].high[f], value, resamples,
                         j->how->level);
            }
        }
    }
}

gx_status gx_influence_judge(gx_influence_judged *out, const float *const *chance, uint32_t count,
                             const gx_influence_judging *how, gx_job *job, gx_error *err) {
    gx_status status;
    const uint64_t n = how->later->count;
    const size_t rows = (size_t)how->resamples + 1;
    double *value = NULL;
    judging j = {.how = how, .chance = chance, .count = count, .job = job};
    memset(out, 0, count * sizeof *out);
    GX_TRY(gx_job_alloc(job, &j.order, n, sizeof *j.order, err));
    GX_TRY(gx_job_alloc(job, &j.told, n, count * sizeof *j.told, err));
    GX_TRY(gx_job_alloc(job, &j.rank, n, count * sizeof *j.rank, err));
    GX_TRY(gx_job_alloc(job, &j.resample, rows, count * GX_FIGURES * sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &j.room, (size_t)job->threads, 2 * RANKS * sizeof *j.room, err));
    GX_TRY(gx_job_alloc(job, &value, rows, sizeof *value, err));
    for (uint32_t k = 0; k < count; k++) {
        tell(&out[k], &j, k);
        GX_TRY(gx_job_check(job, err));
    }
    gx_job_stage(job, "judging", rows);
#pragma omp parallel for schedule(dynamic) num_threads(job->threads)
    for (uint32_t r = 0; r < (uint32_t)rows; r++) {
        if (gx_thread() == 0) {
            gx_job_tick(job, r);
        }
        for (uint32_t k = 0; k < count && !gx_job_should_stop(job); k++) {
            figure(j.resample + ((size_t)r * count + k) * GX_FIGURES, &j, k, r,
                   j.room + (size_t)gx_thread() * 2 * RANKS);
        }
    }
    GX_TRY(gx_job_step(job, rows, err));
    sum_up(out, &j, value);
done:
    gx_job_free(job, value);
    gx_job_free(job, j.room);
    gx_job_free(job, j.resample);
    gx_job_free(job, j.rank);
    gx_job_free(job, j.told);
    gx_job_free(job, j.order);
    return status;
}
