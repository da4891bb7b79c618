/* The half-step of implicit ALS: given the factors of one side, the best rows of the other. */
#ifndef GX_MODELS_IALS_SOLVE_H
#define GX_MODELS_IALS_SOLVE_H

#include "graph/csr/graph.h"

/* What a half-step minimises, for each row w of the side that is solved,
 *
 *   Σ_k c_k (w·f_k − y_k)² + unobserved · Σ_all (w·f)² + λ |w|²,
 *   λ = regularisation · (Σ_k c_k + unobserved · others)^frequency
 *
 * over the entries k of its row in the matrix: c_k = |value_k| / unit, y_k = 1 where value_k > 0,
 * else 0. */
typedef struct gx__ials_loss {
    double unobserved, regularisation, frequency, unit;
} gx__ials_loss;

/* The fixed side: n × d factors, rotated so that their Gramian is diag(gram). */
typedef struct gx__ials_side {
    float *factor;
    float *gram; /* d */
    uint32_t n, d;
} gx__ials_side;

/* Rotates the factors in place and fills `gram`; scores do not change by it, as long as the other
 * side is solved afterwards. O(n d² + d³) time. */
GX_MUST_CHECK gx_status gx__ials_rotate(gx__ials_side *side, gx_job *job, gx_error *err);

/* out[r] = the minimiser for every row r of `matrix`, whose columns are rows of `fixed`. */
GX_MUST_CHECK gx_status gx__ials_half_step(float *out, const gx_matrix *matrix,
                                           const gx__ials_side *fixed, const gx__ials_loss *loss,
                                           gx_job *job, gx_error *err);
uint64_t gx__ials_work_bytes(uint32_t n, uint32_t d, int threads);

/* λ of a row whose c_k sum to `total`. */
double gx__ials_lambda(const gx__ials_loss *loss, double total, uint32_t others);

#endif
