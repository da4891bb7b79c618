/* The judge of leader scores: rank correlations and NDCG with what came later, and how sure one is
 * that one score tells it better than another (paired bootstrap over members, percentile
 * intervals: Efron and Tibshirani 1993, chapter 13).
 *
 * A resample is drawn from a stream of its own number, so that threads do not matter. O(n log n)
 * for each score and resample; memory 80 bytes a member and thread. */
#include "engine/leaders/judge.h"

#include "engine/kernel/parallel.h"
#include "engine/kernel/rank.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdlib.h>

const char *const gx_tellings[GX_TELLING_COUNT] = {
#define X(name, text, help) text,
    GX_TELLING_MAP(X)
#undef X
};

/* What one thread works on. */
typedef struct desk {
    double *score, *came;
    uint32_t *order;
    uint32_t *draw; /* members of the resample */
} desk;

/* The gain of the first k in the order of scores; equal scores share theirs. */
static double gain(const double *score, const double *came, const uint32_t *order, uint32_t n,
                   uint32_t k) {
    double sum = 0;
    for (uint32_t i = 0, end; i < n && i < k; i = end) {
        double all = 0, places = 0;
        for (end = i; end < n && score[order[end]] == score[order[i]]; end++) {
            all += log2(1 + came[order[end]]);
            places += end < k ? 1 / log2((double)end + 2) : 0;
        }
        sum += all / (end - i) * places;
    }
    return sum;
}

/* `order`: room for n. */
static gx_status measure(double value[GX_TELLING_COUNT], const double *score, const double *came,
                         uint32_t *order, uint32_t n, uint32_t k, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx__rank_kendall(&value[GX_TELLING_KENDALL], score, came, n, job, err));
    GX_TRY(gx__rank_spearman(&value[GX_TELLING_SPEARMAN], score, came, n, job, err));
    GX_TRY(gx__rank_falling(order, came, n, job, err));
    const double best = gain(came, came, order, n, k);
    GX_TRY(gx__rank_falling(order, score, n, job, err));
    value[GX_TELLING_NDCG] = best > 0 ? gain(score, came, order, n, k) / best : 0;
done:
    return status;
}

static void desk_finish(desk *d, gx_job *job) {
    gx_job_free(job, d->score);
    gx_job_free(job, d->came);
    gx_job_free(job, d->order);
    gx_job_free(job, d->draw);
}

static gx_status desk_init(desk *d, uint32_t n, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &d->score, n, sizeof *d->score, err));
    GX_TRY(gx_job_alloc(job, &d->came, n, sizeof *d->came, err));
    GX_TRY(gx_job_alloc(job, &d->order, n, sizeof *d->order, err));
    GX_TRY(gx_job_alloc(job, &d->draw, n, sizeof *d->draw, err));
done:
    return status;
}

/* ---- resamples ------------------------------------------------------------------------------- */

typedef struct trial {
    const double *const *score;
    const double *came;
    size_t scores;
    uint32_t n, stride, drawn; /* every stride-th of n members: `drawn` of them */
    const gx_judge_options *options;
    uint64_t seed;
    double *gap; /* resamples × scores × tellings */
} trial;

static gx_status resample(const trial *t, desk *d, uint32_t r, gx_job *job, gx_error *err) {
    gx_rng rng = gx_rng_at(t->seed, r);
    double first[GX_TELLING_COUNT], value[GX_TELLING_COUNT];
    for (uint32_t i = 0; i < t->drawn; i++) {
        d->draw[i] = (uint32_t)gx_rng_below(&rng, t->drawn) * t->stride;
    }
    for (size_t s = 0; s < t->scores; s++) {
        for (uint32_t i = 0; i < t->drawn; i++) {
            d->score[i] = t->score[s][d->draw[i]];
            d->came[i] = t->came[d->draw[i]];
        }
        const gx_status status = measure(s == 0 ? first : value, d->score, d->came, d->order,
                                         t->drawn, t->options->k, job, err);
        if (status != GX_OK) {
            return status;
        }
        double *gap = t->gap + ((size_t)r * t->scores + s) * GX_TELLING_COUNT;
        for (int m = 0; s > 0 && m < GX_TELLING_COUNT; m++) {
            gap[m] = first[m] - value[m];
        }
    }
    return GX_OK;
}

/* The percentiles of each difference, of the resamples in which it is defined. */
static void read_intervals(gx_judged *out, const trial *t, double *sorted) {
    const uint32_t resamples = t->options->resamples;
    const double tail = (1 - t->options->level) / 2;
    for (size_t s = 1; s < t->scores; s++) {
        for (int m = 0; m < GX_TELLING_COUNT; m++) {
            uint32_t count = 0;
            for (uint32_t r = 0; r < resamples; r++) {
                const double gap =
                    t->gap[((size_t)r * t->scores + s) * GX_TELLING_COUNT + (size_t)m];
                if (!isnan(gap)) {
                    sorted[count++] = gap;
                }
            }
            out[s].low[m] = out[s].high[m] = NAN;
            if (count > 0) {
                qsort(sorted, count, sizeof *sorted, gx_by_f64);
                out[s].low[m] = sorted[(uint32_t)(tail * (count - 1))];
                out[s].high[m] = sorted[(uint32_t)ceil((1 - tail) * (count - 1))];
            }
        }
    }
}

gx_status gx_leaders_judge(gx_judged *out, const double *const *score, size_t scores,
                           const double *came, uint32_t n, const gx_judge_options *options,
                           gx_job *job, gx_error *err) {
    trial t = {score, came,    scores,    n,   (n ? n - 1 : 0) / options->most + 1,
               0,     options, job->seed, NULL};
    desk *desks = NULL;
    double *sorted = NULL;
    gx_error why = {0};
    const int threads = job->threads;
    gx_status status;
    t.drawn = n / t.stride + (n % t.stride > 0);
    gx_job_stage(job, "judging", options->resamples);
    GX_TRY(gx_job_alloc(job, &desks, (size_t)threads, sizeof *desks, err));
    for (int i = 0; i < threads; i++) {
        GX_TRY(desk_init(&desks[i], n, job, err));
    }
    GX_TRY(gx_job_alloc(job, &t.gap, (size_t)options->resamples * scores,
                        GX_TELLING_COUNT * sizeof *t.gap, err));
    GX_TRY(gx_job_alloc(job, &sorted, options->resamples, sizeof *sorted, err));
    for (size_t s = 0; s < scores; s++) {
        out[s] = (gx_judged){.value = {0}};
        GX_TRY(measure(out[s].value, score[s], came, desks[0].order, n, options->k, job, err));
        for (int m = 0; m < GX_TELLING_COUNT; m++) {
            out[s].gap[m] = out[0].value[m] - out[s].value[m];
        }
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (uint32_t r = 0; r < options->resamples; r++) {
        gx_error mine = {0};
        const gx_status failed = resample(&t, &desks[gx_thread()], r, job, &mine);
#pragma omp critical(gx__leaders_judge)
        if (failed != GX_OK && status == GX_OK) { /* any of them is told */
            status = failed;
            why = mine;
        }
    }
    if (status != GX_OK) {
        status = gx_fail(err, status, "%s", why.message);
        goto done;
    }
    GX_TRY(gx_job_check(job, err));
    if (options->resamples > 0) {
        read_intervals(out, &t, sorted);
    }
done:
    gx_job_free(job, sorted);
    gx_job_free(job, t.gap);
    for (int i = 0; desks && i < threads; i++) {
        desk_finish(&desks[i], job);
    }
    gx_job_free(job, desks);
    return status;
}
