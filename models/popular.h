/* What the models of popularity share: how an event fades. */
#ifndef GX_MODELS_POPULAR_H
#define GX_MODELS_POPULAR_H

#include "graph/pass/pass.h"

#include <math.h>

/* Ages count back from the newest event of the matrix. */
typedef struct gx__fading {
    double half_life, now; /* ms; half_life 0: nothing fades */
} gx__fading;

gx__fading gx__fading_of(const gx_matrix *matrix, double half_life);

/* value × 2^(−age / half-life) of entry k. */
static inline double gx__faded(const gx__fading *f, const gx_matrix *m, uint64_t k) {
    const double value = gx_matrix_value(m, k);
    return f->half_life > 0 ? value * exp2(((double)m->ts[k] - f->now) / f->half_life) : value;
}

#define GX__HALF_LIFE_PARAM                                                                        \
    {.name = "half_life",                                                                          \
     .type = GX_PARAM_DURATION,                                                                    \
     .fallback = "0",                                                                              \
     .low = 0,                                                                                     \
     .high = 3.2e12,                                                                               \
     .unit = "ms",                                                                                 \
     .help = "an event counts half after this time; 0: as the matrix weighs it"}

#endif
