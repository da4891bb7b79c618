/* What the models share about threads and vector units. */
#ifndef GX_MODELS_PARALLEL_H
#define GX_MODELS_PARALLEL_H

#include "graph/base/job.h"

#ifdef _OPENMP
#include <omp.h>
static inline int gx__worker(void) {
    return omp_get_thread_num();
}
#else
static inline int gx__worker(void) {
    return 0;
}
#endif

/* The released binary runs on any x86-64; the few loops that gain from wider vectors are compiled
 * again for them and chosen when the program is loaded. Every copy does the same operations on the
 * same lanes (no fused multiply-add, no re-association), so results do not depend on the choice.
 * Sanitizers run before the choice could be made, so they get the plain copy. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GX__PLAIN_ONLY 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GX__PLAIN_ONLY 1
#endif
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__AVX2__) && !defined(GX__PLAIN_ONLY)
#define GX__CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GX__CLONES
#endif

#endif
