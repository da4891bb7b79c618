/* Clustering coefficients of ties with direction, and of whole triangles' weights. */
#ifndef GX_CENTRALITY_CLUSTERING_VARIANTS_H
#define GX_CENTRALITY_CLUSTERING_VARIANTS_H

#include "engine/kernel/triangle_sums.h"

/* score[v] = the coefficient of v, of cleared scores:
 *
 *     by intensity   Σ over triangles of (w_ij w_jh w_hi)^(1/3) / max w, by the pairs of neighbours
 *                    (Onnela et al. 2005), directed by Fagiolo (2007); needs weights
 *     else           directed, each triangle as 1 (Fagiolo 2007), or with weights as much as the
 *                    two ties that lead to it (Clemente and Grassi 2018)
 *
 * Of n ties at v, in and out, of which b pairs go both ways, n (n − 1) − 2 b pairs could be closed
 * in one way each (Fagiolo); weighted their mean ties are s (n − 1) − 2 s_b (Clemente and Grassi),
 * s what all of v's ties weigh and s_b half of what those both ways do. */
GX_MUST_CHECK gx_status gx__clustering_variant(double *score, const gx_input *input,
                                               gx__tie_ways ways, bool by_intensity, gx_job *job,
                                               gx_error *err);
uint64_t gx__clustering_variant_bytes(const gx_input *input, gx__tie_ways ways, bool by_intensity,
                                      int threads);
double gx__clustering_variant_cpu_s(const gx__degrees *degrees, gx__tie_ways ways,
                                    bool by_intensity);

#endif
