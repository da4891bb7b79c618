/* Tall matrices, n × d row by row: their Gramian, its eigenvectors, and products with something
 * small. Threads of the job; the same bytes at any number of them. Called between gx__blas_enter
 * and gx__blas_leave. Where the job should stop they return early with nothing of use: look with
 * gx_job_check afterwards. */
#ifndef GX_MODELS_DENSE_H
#define GX_MODELS_DENSE_H

#include "graph/base/job.h"

/* Floats that gx__gram wants. */
size_t gx__gram_floats(uint32_t n, uint32_t d);
/* XᵀX, its lower triangle row by row (which LAPACK calls the upper one), into the first d × d of
 * `part`. Summed over a fixed number of blocks of rows. n d² operations. */
void gx__gram(float *part, const float *x, uint32_t n, uint32_t d, gx_job *job);

/* Eigenvectors of the symmetric `a`, given as gx__gram leaves it, into its rows; eigenvalues, by
 * rising value and none below 0, into `values`. About 9 d³ operations. internal: LAPACK gives up.
 */
GX_MUST_CHECK gx_status gx__eigen(float *a, float *values, uint32_t d, gx_job *job, gx_error *err);
/* Floats that gx__eigen takes from the job while it runs, at most. */
size_t gx__eigen_floats(uint32_t d);

/* out = X Aᵀ, n × k, for k axes of length d. `out` may be X itself where k = d: only then is `room`
 * used, gx__axes_floats of it. 2 n d k operations. */
void gx__axes(float *out, const float *x, uint32_t n, uint32_t d, const float *axes, uint32_t k,
              float *room, gx_job *job);
size_t gx__axes_floats(uint32_t k, int threads);

#endif
