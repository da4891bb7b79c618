/* Inside the room only: what generators of random graphs share. Pairs are collected as keys, in any
 * order and with repeats, and settled into edges at the end. Streams are named by (seed, purpose,
 * number); nothing is computed with functions of libm that are not exact. */
#ifndef GX_DATASETS_GENERATE_H
#define GX_DATASETS_GENERATE_H

#include "datasets/datasets.h"

/* Unordered pairs, the smaller end in the high half. */
typedef struct gx__pairs {
    uint64_t *key;
    uint64_t count, room;
} gx__pairs;

static inline uint64_t gx__pair(uint32_t u, uint32_t v) {
    return u < v ? (uint64_t)u << 32 | v : (uint64_t)v << 32 | u;
}

static inline uint32_t gx__pair_low(uint64_t key) {
    return (uint32_t)(key >> 32);
}

static inline uint32_t gx__pair_high(uint64_t key) {
    return (uint32_t)key;
}

/* Makes room for `count` more. */
GX_MUST_CHECK gx_status gx__pairs_grow(gx__pairs *pairs, uint64_t count, gx_job *job,
                                       gx_error *err);
void gx__pairs_finish(gx__pairs *pairs, gx_job *job);
/* Sorts the pairs, drops repeats and pairs of one member, gives each a direction. `pairs` is empty
 * afterwards; out->label is not touched. */
GX_MUST_CHECK gx_status gx__edges_settle(gx_edges *out, uint32_t n, gx__pairs *pairs, gx_job *job,
                                         gx_error *err);

/* ---- draws (generate_draw.c) ----------------------------------------------------------------- */

/* Of a stream of the job's seed; generators tell their purposes apart. */
gx_rng gx__generate_rng(const gx_job *job, uint8_t purpose, uint64_t number);
/* The numbers below n in random order, on the job's account. */
GX_MUST_CHECK gx_status gx__permutation(uint32_t **out, uint32_t n, gx_rng rng, gx_job *job,
                                        gx_error *err);
/* The natural logarithm and its inverse to about 1e-15, the same bits on any machine. */
double gx__ln(double x);
double gx__exp(double x);
/* Failures before the first success of chance p, drawn with ln_not_p = gx__ln(1 - p); at most
 * `most`. */
uint64_t gx__geometric(gx_rng *rng, double ln_not_p, uint64_t most);

/* Whole numbers from low to high with chance in proportion to k^-exponent. */
typedef struct gx__power_law {
    uint32_t low, high;
    double mean;
    double *up_to; /* high - low + 1: chance of at most this */
} gx__power_law;

GX_MUST_CHECK gx_status gx__power_law_make(gx__power_law *out, uint32_t low, uint32_t high,
                                           double exponent, gx_job *job, gx_error *err);
void gx__power_law_finish(gx__power_law *law, gx_job *job);
uint32_t gx__power_law_draw(const gx__power_law *law, gx_rng *rng);

#endif
