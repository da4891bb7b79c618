/* Triangles that count by their ties: with direction, with weights, or both. */
#ifndef GX_KERNEL_TRIANGLE_SUMS_H
#define GX_KERNEL_TRIANGLE_SUMS_H

#include "engine/kernel/contacts.h"

/* How ties count where a pass has the parameters `directed` and `weighted`, by the views that are
 * there; before there are any, by the parameters alone. */
typedef struct gx__tie_ways {
    bool directed, weighted;
} gx__tie_ways;

gx__tie_ways gx__tie_ways_of(const gx_input *input, const gx_args *args);

/* sum[v] += Σ over the triangles of v, without direction, of the product of what its three ties
 * count. Without weights a tie counts 1, or with `directed` 2 where it goes both ways, so that the
 * sum is ((A + Aᵀ)³)_vv / 2, the directed triangles of Fagiolo (2007). With `weighted` a tie counts
 * the cube root of its weight, or with `directed` of both its weights: the intensities of the
 * triangles (Onnela et al. 2005, Fagiolo 2007). The same bytes at any thread count. By the forward
 * algorithm where nothing is weighed, else as gx__contacts_pairs. */
GX_MUST_CHECK gx_status gx__triangles_sum(double *sum, const gx_input *input, gx__tie_ways ways,
                                          gx_job *job, gx_error *err);
double gx__triangles_sum_cpu_s(const gx__degrees *degrees, gx__tie_ways ways);
uint64_t gx__triangles_sum_bytes(const gx_input *input, gx__tie_ways ways, int threads);

#endif
