/* Bayesian personalised ranking in parts: how factors are learnt (bpr_train.c) and how a history is
 * folded in (bpr_fold.c); the model is bpr.c. */
#ifndef GX_MODELS_BPR_H
#define GX_MODELS_BPR_H

#include "models/model.h"

enum {
    GX__BPR_LANES = 16,       /* floats that are added at once; widths are a multiple of it */
    GX__BPR_BLOCKS = 16,      /* of items, and stripes of members, at most */
    GX__BPR_BLOCK_LEAST = 64, /* items a block, or there are fewer blocks */
    GX__BPR_FACTORS_MAX = 1024
};

/* How it is learnt. */
typedef struct gx__bpr {
    double rate;           /* of the first step; falls to 0 in a straight line */
    double regularisation; /* lambda */
    double unit;           /* the value of an event that counts once */
    uint32_t epochs;       /* sweeps over all events */
    uint32_t candidates;   /* items drawn to compare with, the hardest is taken */
    uint32_t d;            /* floats a row */
    uint64_t seed;
} gx__bpr;

/* One history. */
typedef struct gx__bpr_row {
    const uint32_t *item;
    const float *value; /* NULL: all 1 */
    uint32_t count;
} gx__bpr_row;

/* Learns `user` (rows × d) and `item` (cols × d), which hold where they start from. Blocks and
 * stripes: see bpr_train.c; `blocks` 0: as many as suit the items. */
GX_MUST_CHECK gx_status gx__bpr_train(float *user, float *item, const gx_matrix *history,
                                      const gx__bpr *how, uint32_t blocks, gx_job *job,
                                      gx_error *err);
uint64_t gx__bpr_train_bytes(const gx_matrix *history);
/* Rows drawn from the seed, uniform, of standard deviation 0.1. */
void gx__bpr_start(float *factor, uint32_t rows, uint32_t d, uint64_t seed, gx_job *job);

/* The factors `w` of a history, given those of the items: steps of the same kind from nothing, so
 * that they are a sum over the entries. Items that are not of the fit and values of 0 take no part.
 * `had`: a bit an item, all clear, and clear again afterwards. With `parts` (one an entry; NULL:
 * not wanted) also what each entry adds to the product with the row `against`. */
void gx__bpr_fold(float *w, double *parts, uint64_t *had, const float *item, uint32_t items,
                  const gx__bpr_row *row, const float *against, const gx__bpr *how);
/* How many steps a history of so many entries takes. */
uint64_t gx__bpr_fold_steps(uint64_t count, const gx__bpr *how);
static inline size_t gx__bpr_had_words(uint32_t items) {
    return (size_t)items / 64 + 1;
}

/* How much an event of that value counts. */
float gx__bpr_weight(const gx__bpr *how, double value);

/* ---- rows of floats, in lanes whose order does not depend on the machine -------------------- */

/* A step is compiled into each copy of the loop it is in, for that copy's vectors. */
#define GX__BPR_INLINE __attribute__((always_inline)) static inline

typedef float gx__bpr_lanes __attribute__((vector_size(64), aligned(4), __may_alias__));

GX__BPR_INLINE float gx__bpr_dot(const float *a, const float *b, uint32_t d) {
    gx__bpr_lanes sum = {0};
    for (uint32_t j = 0; j < d; j += GX__BPR_LANES) {
        sum += *(const gx__bpr_lanes *)(a + j) * *(const gx__bpr_lanes *)(b + j);
    }
    float lane[GX__BPR_LANES];
    memcpy(lane, &sum, sizeof lane);
    for (uint32_t half = GX__BPR_LANES / 2; half > 0; half /= 2) {
        for (uint32_t l = 0; l < half; l++) {
            lane[l] += lane[l + half];
        }
    }
    return lane[0];
}

#endif
