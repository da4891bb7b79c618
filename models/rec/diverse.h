/* Which of a pool of candidates goes next where likeness to what is taken already counts against
 * it. Internal to models/rec.
 *
 *   mmr  (1 − d) × r(i) − d × max over the taken j of likeness(i, j)     (Carbonell, Goldstein
 * 1998) dpp  (1 − d) × r(i) + d × log of what i adds to det(S of the taken), by the incremental
 * Cholesky factor of Chen, Zhang and Zhou 2018
 *
 * r is the score by the largest of the pool, d the diversity. Likeness by fields: ½ for the same
 * category, ¼ for the same first level of it, ¼ for the same brand: sums of block matrices, so S is
 * positive semidefinite. mmr takes the larger of that and the likeness of the interest model. */
#ifndef GX_MODELS_REC_DIVERSE_H
#define GX_MODELS_REC_DIVERSE_H

#include "models/rec/rec_parts.h"

typedef struct gx__diverse gx__diverse;

/* `pool` by falling score; `n`: at most so many are taken. O(pool) and, of dpp, n × pool floats. */
GX_MUST_CHECK gx_status gx__diverse_open(gx__diverse **out, const gx_rec *rec,
                                         const gx_slate *rules, const gx_scored *pool,
                                         uint32_t count, uint32_t n, gx_error *err);
void gx__diverse_close(gx__diverse *d);                     /* accepts NULL */
double gx__diverse_value(const gx__diverse *d, uint32_t k); /* the larger goes first */
/* pool[k] is taken. O(pool), of dpp O(taken × pool), and the model's likeness. */
GX_MUST_CHECK gx_status gx__diverse_take(gx__diverse *d, uint32_t k, gx_error *err);
/* An item that need not be of the pool was taken before: counts for mmr. */
GX_MUST_CHECK gx_status gx__diverse_beside(gx__diverse *d, uint32_t item, gx_error *err);

#endif
