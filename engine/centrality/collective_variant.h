/* Collective influence along ties of one direction, or by the weight of ties. */
#ifndef GX_CENTRALITY_COLLECTIVE_VARIANT_H
#define GX_CENTRALITY_COLLECTIVE_VARIANT_H

#include "engine/kernel/neighbours.h"

/* What the parameters of collective_influence come to. */
typedef struct gx__collective {
    gx__rows_view rows;    /* ties along which rings lie */
    gx__rows_view against; /* the same from their other ends */
    bool weighted;
    uint32_t n, radius;
    uint32_t batch; /* members taken away at a time; 0: nobody, the score is the influence */
    uint32_t most;  /* how many are taken away at most */
} gx__collective;

/* Whether the parameters ask for a direction or for weights. */
bool gx__collective_is_variant(const gx_args *args);

/* Gives `score` and `order`, as the pass says, of
 *
 *     CI(i) = (s_i − u) · Σ over j at distance l from i of (s_j − u),   s_i, s_j > u, else 0
 *
 * s is what a member's ties weigh, or how many there are, and u is the mean weight of a tie, or 1:
 * a member's own tie back along the way counts as a mean tie, so that the unit of weights does not
 * matter, and weights that are all alike give the order that none give. Ends where Σ CI ≤ u · Σ s
 * of the whole network. Only members that come to those taken within l + 1 ties are computed anew.
 * The same bytes at any thread count. */
GX_MUST_CHECK gx_status gx__collective_variant(gx_output *out, const gx_input *input,
                                               const gx__collective *asked, gx_job *job,
                                               gx_error *err);
uint64_t gx__collective_variant_bytes(uint32_t n, uint32_t batch, int threads);

#endif
