/* The half-step of implicit ALS: given the factors of one side, the best rows of the other. */
#ifndef GX_MODELS_IALS_SOLVE_H
#define GX_MODELS_IALS_SOLVE_H

#include "graph/csr/graph.h"

/* Defaults of the parameters, of the model ials and of that part of fusion. */
#define GX__IALS_FACTORS "0" /* by the size of the shop */
#define GX__IALS_ITERATIONS "2"
#define GX__IALS_REGULARISATION "2.2"
#define GX__IALS_UNOBSERVED "0.03"

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

/* One row of the matrix. */
typedef struct gx__ials_row {
    const uint32_t *col;
    const float *value; /* NULL: all 1 */
    uint64_t count;
} gx__ials_row;

/* Rotates the factors in place and fills `gram`; `other` (others × d, or NULL: it is about to be
 * solved from nothing) is turned alike, so that no score changes. O(n d² + d³) time. */
GX_MUST_CHECK gx_status gx__ials_rotate(gx__ials_side *side, float *other, uint32_t others,
                                        gx_job *job, gx_error *err);

/* out[r] = the minimiser for every row r of `matrix`, whose columns are rows of `fixed`. With
 * steps = 0 exactly, whatever `out` held; else by so many steps of conjugate gradients from what it
 * holds, none of which raises the objective. */
GX_MUST_CHECK gx_status gx__ials_half_step(float *out, const gx_matrix *matrix,
                                           const gx__ials_side *fixed, const gx__ials_loss *loss,
                                           uint32_t steps, gx_job *job, gx_error *err);
/* Of a rotation or a half-step, whichever takes more; n: rows of the larger side. */
uint64_t gx__ials_work_bytes(uint32_t n, uint32_t d, int threads);

/* λ of a row whose c_k sum to `total`. */
double gx__ials_lambda(const gx__ials_loss *loss, double total, uint32_t others);

/* One row by conjugate gradients (ials_cg.c), while the factors of the row that is solved next are
 * fetched; `room` is gx__ials_approach_floats, on a cache line. */
void gx__ials_approach(float *w, float *room, const gx__ials_side *fixed, const gx__ials_row *row,
                       const gx__ials_row *next, const gx__ials_loss *loss, float lambda,
                       uint32_t steps);
size_t gx__ials_approach_floats(uint32_t d);

/* How many factors suit a shop of that size. */
uint32_t gx__ials_width(uint32_t users, uint32_t items);

#endif
