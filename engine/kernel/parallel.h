/* What is asked of OpenMP beyond its pragmas; a build without it runs everything on one thread. */
#ifndef GX_KERNEL_PARALLEL_H
#define GX_KERNEL_PARALLEL_H

#include <stdint.h>

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

/* Of so many threads those worth waking, where each is to have `least` of the work or more. */
static inline int gx__threads_worth(uint64_t work, uint64_t least, int threads) {
    uint64_t worth = work / least + 1;
    return worth < (uint64_t)threads ? (int)worth : threads;
}

#endif
