/* The strongest singular vectors of a sparse matrix of members and items, and its products with
 * blocks of vectors.
 *
 *   A[r,c] = row_scale[r] · v(M[r,c]) · col_scale[c]
 *
 * Dense blocks lie row by row (a row of `width` floats for each member or item). Everything runs on
 * the threads of the job and gives the same bytes at any number of them; gx__svd brackets OpenBLAS
 * itself. */
#ifndef GX_MODELS_SVD_H
#define GX_MODELS_SVD_H

#include "graph/csr/graph.h"

typedef enum gx__svd_entry {
    GX__SVD_ONES,    /* v = 1 for an entry above 0, else 0: dislikes do not count */
    GX__SVD_POSITIVE /* v = max(value, 0) */
} gx__svd_entry;

typedef struct gx__svd_input {
    const gx_matrix *rows;  /* M: members × items, n × m */
    const gx_matrix *cols;  /* its transpose, m × n (gx_matrix_transpose) */
    const float *row_scale; /* n; NULL: all 1 */
    const float *col_scale; /* m; NULL: all 1 */
    gx__svd_entry entry;
} gx__svd_input;

typedef struct gx__svd_options {
    uint32_t extra;  /* vectors iterated beyond those asked for; 0: an eighth, 16 at least */
    uint32_t sweeps; /* products with AᵀA; 0: 4 */
} gx__svd_options;

/* vectors: m × k, right singular vectors as columns, by falling singular value; values: k of them.
 * Where the matrix has fewer than k (k > its rank), the rest are columns of zeros with value 0.
 * k ≥ 1. The start is drawn from the job's seed. Left vectors are A v / value (gx__svd_times).
 *
 * Halko, Martinsson and Tropp, Finding Structure with Randomness, 2011, algorithm 4.4 (randomised
 * subspace iteration) with b = k + extra vectors; the basis is made orthonormal by Cholesky of its
 * Gramian, or where that is too near singular by its eigenvectors, which drops what is dependent
 * (Stathopoulos and Wu 2002); Rayleigh–Ritz at the end. A sweep costs 4 nnz b + 2 m b² operations,
 * the end n b² + 2 m b k + 9 b³. Memory: gx__svd_bytes.
 *
 * over_limit, cancelled, deadline; internal where the scales make something that is not finite. */
GX_MUST_CHECK gx_status gx__svd(float *vectors, float *values, const gx__svd_input *a, uint32_t k,
                                const gx__svd_options *options, gx_job *job, gx_error *err);
/* Held at the peak beyond the input and `vectors`. */
uint64_t gx__svd_bytes(uint32_t n, uint32_t m, uint32_t k, const gx__svd_options *options,
                       int threads);
/* Operations, for an estimate of time: dense ones (at the rate of sgemm) and entries read times
 * vectors (at the rate of memory). */
void gx__svd_cost(double *dense, double *sparse, uint64_t nnz, uint32_t n, uint32_t m, uint32_t k,
                  const gx__svd_options *options);

/* out = A x: n × width from m × width. */
GX_MUST_CHECK gx_status gx__svd_times(float *out, const gx__svd_input *a, const float *x,
                                      uint32_t width, gx_job *job, gx_error *err);
/* out = Aᵀ x: m × width from n × width. */
GX_MUST_CHECK gx_status gx__svd_times_turned(float *out, const gx__svd_input *a, const float *x,
                                             uint32_t width, gx_job *job, gx_error *err);

#endif
