/* What is asked of OpenMP beyond its pragmas; a build without it runs everything on one thread. */
#ifndef GX_KERNEL_PARALLEL_H
#define GX_KERNEL_PARALLEL_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* This thread's number in its team, 0 outside a parallel region. */
static inline int gx_thread(void) {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#endif
