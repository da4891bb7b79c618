/* OpenBLAS as the models use it: always on one thread, since they share out rows themselves. */
#ifndef GX_MODELS_BLAS_H
#define GX_MODELS_BLAS_H

#include "models/parallel.h"

#include <cblas.h>

/* LAPACK, as OpenBLAS brings it: column-major, everything by pointer. */
extern void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
extern void spotri_(const char *uplo, const int *n, float *a, const int *lda, int *info);
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void ssyevd_(const char *jobz, const char *uplo, const int *n, float *a, const int *lda,
                    float *w, float *work, const int *lwork, int *iwork, const int *liwork,
                    int *info);

/* The OpenMP build of OpenBLAS takes as many threads as OpenMP would give the calling thread,
 * except inside a region of several threads. Both are settings of the calling thread alone, so this
 * brackets every use without touching anybody else: a region of one thread, or none, calls it on
 * one thread too. Regions name their own number of threads and are not held back by it. */
static inline int gx__blas_enter(void) {
#ifdef _OPENMP
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
#else
    return 1;
#endif
}

static inline void gx__blas_leave(int before) {
#ifdef _OPENMP
    omp_set_num_threads(before);
#else
    (void)before;
#endif
}

#endif
