/* Bootstrap intervals and the paired permutation test. Resamples are worked on LANES at a time: a
 * thread walks all members once for them, with sums that stay in the first-level cache. What a
 * member counts is drawn by (seed, member, lanes), so the result depends on neither threads nor
 * which other columns are asked for. */
#include "models/eval/eval.h"

#include "graph/base/sorted.h"
#include "models/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { LANES = 64, POLL_EVERY = 4096 };

static const uint64_t BOOTSTRAP_STREAM = 0x424f4f54, SIGN_STREAM = 0x5349474e;

/* One walk: sums[c][lane] of `columns` columns, and with a bootstrap the counts as one more. */
typedef struct walk {
    const double *a, *b; /* figures; b NULL: a alone, else a − b */
    const uint32_t *user;
    uint32_t count, columns;
    uint64_t seed;
} walk;

static double value_of(const walk *w, uint32_t i, uint32_t c) {
    const size_t at = (size_t)i * w->columns + c;
    return w->b ? w->a[at] - w->b[at] : w->a[at];
}

static gx_rng stream(uint64_t seed, uint64_t kind, uint32_t user, uint32_t block) {
    return gx_rng_at(gx_mix64(seed ^ kind), (uint64_t)block << 32 | user);
}

/* Poisson(1) by 16 random bits: how many of the cumulative probabilities, in 2^-16, are at or below
 * them. Beyond 7 the chance is 1e-5 and is cut. */
GX__CLONES static void poisson(double *restrict out, gx_rng *rng) {
    static const uint16_t below[] = {24109, 48219, 60273, 64292, 65296, 65497, 65531};
    uint16_t bits[LANES];
    for (int k = 0; k < LANES; k += 4) {
        const uint64_t word = gx_rng_next(rng);
        memcpy(bits + k, &word, sizeof word);
    }
    for (int k = 0; k < LANES; k++) {
        int times = 0;
        for (size_t t = 0; t < GX_COUNT(below); t++) {
            times += bits[k] >= below[t];
        }
        out[k] = times;
    }
}

GX__CLONES static void add_lanes(double *restrict sum, const double *restrict times, double value) {
    for (int k = 0; k < LANES; k++) {
        sum[k] += times[k] * value;
    }
}

static void walk_counts(double *sums, const walk *w, uint32_t block, gx_job *job) {
    double times[LANES];
    for (uint32_t i = 0; i < w->count; i++) {
        if (i % POLL_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        gx_rng rng = stream(w->seed, BOOTSTRAP_STREAM, w->user[i], block);
        poisson(times, &rng);
        add_lanes(sums + (size_t)w->columns * LANES, times, 1);
        for (uint32_t c = 0; c < w->columns; c++) {
            const double value = value_of(w, i, c);
            if (value != 0) {
                add_lanes(sums + (size_t)c * LANES, times, value);
            }
        }
    }
}

static void walk_signs(double *sums, const walk *w, uint32_t block, gx_job *job) {
    double sign[LANES];
    for (uint32_t i = 0; i < w->count; i++) {
        if (i % POLL_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        gx_rng rng = stream(w->seed, SIGN_STREAM, w->user[i], block);
        const uint64_t bits = gx_rng_next(&rng);
        for (int k = 0; k < LANES; k++) {
            sign[k] = bits >> k & 1 ? 1 : -1;
        }
        for (uint32_t c = 0; c < w->columns; c++) {
            const double value = value_of(w, i, c);
            if (value != 0) {
                add_lanes(sums + (size_t)c * LANES, sign, value);
            }
        }
    }
}

/* sums[block][column][lane], the blocks shared out. */
static gx_status walk_all(double **out, const walk *w, uint32_t blocks, uint32_t columns,
                          void (*one)(double *, const walk *, uint32_t, gx_job *), gx_job *job,
                          gx_error *err) {
    gx_status status;
    double *sums = NULL;
    GX_TRY(gx_job_alloc(job, &sums, (uint64_t)blocks * columns * LANES, sizeof *sums, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t block = 0; block < blocks; block++) {
        one(sums + (size_t)block * columns * LANES, w, block, job);
    }
    GX_TRY(gx_job_check(job, err));
    *out = sums;
    sums = NULL;
done:
    gx_job_free(job, sums);
    return status;
}

static double mean_of(const walk *w, uint32_t c) {
    double sum = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        sum += value_of(w, i, c);
    }
    return w->count ? sum / w->count : (double)NAN;
}

/* Between the order statistics around q (n − 1). */
static double quantile(const double *sorted, uint32_t n, double q) {
    const double at = q * (n - 1);
    const uint32_t below = (uint32_t)at;
    const uint32_t above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/* Of each column over another one; `over` NULL: over the number of members. */
static gx_status intervals(gx_interval *out, const walk *w, const uint32_t *over,
                           const gx_resampling *how, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t columns = w->columns + 1, blocks = (how->resamples + LANES - 1) / LANES;
    double *sums = NULL, *means = NULL;
    for (uint32_t c = 0; c < w->columns; c++) {
        const double below = over ? mean_of(w, over[c]) : 1;
        out[c] = (gx_interval){.mean = below != 0 ? mean_of(w, c) / below : (double)NAN,
                               .low = (double)NAN,
                               .high = (double)NAN};
    }
    if (how->resamples == 0 || w->count < 2) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &means, how->resamples, sizeof *means, err));
    GX_TRY(walk_all(&sums, w, blocks, columns, walk_counts, job, err));
    for (uint32_t c = 0; c < w->columns; c++) {
        const uint32_t below = over ? over[c] : w->columns; /* the last column counts members */
        for (uint32_t r = 0; r < how->resamples && !isnan(out[c].mean); r++) {
            const double *block = sums + (size_t)(r / LANES) * columns * LANES;
            const double times = block[below * LANES + r % LANES];
            /* Of very few members a resample may count none. */
            means[r] = times != 0 ? block[c * LANES + r % LANES] / times : out[c].mean;
        }
        if (!isnan(out[c].mean)) {
            qsort(means, how->resamples, sizeof *means, gx_by_f64);
            out[c].low = quantile(means, how->resamples, (1 - how->level) / 2);
            out[c].high = quantile(means, how->resamples, (1 + how->level) / 2);
        }
    }
done:
    gx_job_free(job, sums);
    gx_job_free(job, means);
    return status;
}

gx_status gx_bootstrap(gx_interval *out, const double *figure, const uint32_t *user, uint32_t count,
                       uint32_t columns, const gx_resampling *how, gx_job *job, gx_error *err) {
    const walk w = {figure, NULL, user, count, columns, how->seed};
    gx_job_stage(job, "eval: intervals", 0);
    return intervals(out, &w, NULL, how, job, err);
}

gx_status gx_bootstrap_ratios(gx_interval *out, const double *figure, const uint32_t *over,
                              const uint32_t *user, uint32_t count, uint32_t columns,
                              const gx_resampling *how, gx_job *job, gx_error *err) {
    const walk w = {figure, NULL, user, count, columns, how->seed};
    gx_job_stage(job, "eval: intervals", 0);
    return intervals(out, &w, over, how, job, err);
}

static gx_status permute(gx_paired *out, const walk *w, const gx_resampling *how, gx_job *job,
                         gx_error *err) {
    const uint32_t blocks = (how->resamples + LANES - 1) / LANES;
    double *sums = NULL;
    gx_status status = walk_all(&sums, w, blocks, w->columns, walk_signs, job, err);
    for (uint32_t c = 0; status == GX_OK && c < w->columns; c++) {
        /* Sums of the same figures in another order differ by rounding. */
        const double reached = fabs(out[c].difference) * w->count * (1 - 1e-12);
        uint32_t far = 0;
        for (uint32_t r = 0; r < how->resamples; r++) {
            const size_t at = ((size_t)(r / LANES) * w->columns + c) * LANES + r % LANES;
            far += fabs(sums[at]) >= reached;
        }
        out[c].p = (1.0 + far) / (1.0 + how->resamples);
    }
    gx_job_free(job, sums);
    return status;
}

gx_status gx_paired_test(gx_paired *out, const double *a, const double *b, const uint32_t *user,
                         uint32_t count, uint32_t columns, const gx_resampling *how, gx_job *job,
                         gx_error *err) {
    const walk w = {a, b, user, count, columns, how->seed};
    gx_interval *of = NULL;
    gx_status status;
    gx_job_stage(job, "eval: paired test", 0);
    GX_TRY(gx_job_alloc(job, &of, columns, sizeof *of, err));
    GX_TRY(intervals(of, &w, NULL, how, job, err));
    for (uint32_t c = 0; c < columns; c++) {
        out[c] = (gx_paired){of[c].mean, of[c].low, of[c].high, (double)NAN};
    }
    if (how->resamples && count) {
        GX_TRY(permute(out, &w, how, job, err));
    }
done:
    gx_job_free(job, of);
    return status;
}

void gx_holm(double *p, uint32_t count) {
    double least = 0; /* no test is surer than a smaller one */
    for (uint32_t done = 0; done < count; done++) {
        uint32_t next = GX_NONE;
        for (uint32_t i = 0; i < count; i++) { /* those done carry a minus, zero too */
            const bool open = !isnan(p[i]) && !signbit(p[i]);
            next = open && (next == GX_NONE || p[i] < p[next]) ? i : next;
        }
        if (next == GX_NONE) {
            break; /* what is left is NaN */
        }
        least = fmax(least, fmin(1, p[next] * (count - done)));
        p[next] = -least;
    }
    for (uint32_t i = 0; i < count; i++) {
        p[i] = fabs(p[i]);
    }
}
