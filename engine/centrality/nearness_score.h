/* What is asked of closeness or harmonic centrality, and a score of what distances come to. */
#ifndef GX_CENTRALITY_NEARNESS_SCORE_H
#define GX_CENTRALITY_NEARNESS_SCORE_H

#include "engine/kernel/paths.h"

typedef struct gx__nearness {
    gx__paths paths, back; /* from the member on; to the member */
    bool harmonic;         /* otherwise closeness */
    bool scaled;           /* as a share of all others */
    uint32_t n, samples, top;
    double delta;
    gx_job *job;
    int threads;
} gx__nearness;

/* Harmonic: `sum` is that of 1 / distance. Closeness: `sum` is that of the distances to `reached`
 * others. */
static inline double gx__nearness_score(const gx__nearness *a, double sum, double reached) {
    double others = a->n > 1 ? a->n - 1 : 1;
    if (a->harmonic) {
        return a->scaled ? sum / others : sum;
    }
    return sum > 0 ? reached / sum * (a->scaled ? reached / others : 1) : 0;
}

/* Length of the shortest tie that leads on from v, to another; INFINITY: none. */
static inline double gx__nearness_shortest(const gx__nearness *a, uint32_t v) {
    const gx__rows_view *out = &a->paths.out;
    double shortest = (double)INFINITY;
    for (uint64_t i = out->ptr[v]; i < out->ptr[v + 1]; i++) {
        double length = gx__path_length(&a->paths, out, i);
        shortest = out->end[i] != v && length < shortest ? length : shortest;
    }
    return shortest;
}

#endif
