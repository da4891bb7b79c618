/* Where a walker on the ties spends the time: the fixed point that PageRank and LeaderRank share,
 *
 *     x = damping · (Aᵀ W⁻¹ x) + (1 − damping + damping · leak) · start
 *
 * W is what a member's out-arcs weigh, and `ground` besides; the leak is what of x goes to the
 * ground, or is with members who lead nowhere. x and start are distributions. */
#ifndef GX_KERNEL_WALK_H
#define GX_KERNEL_WALK_H

#include "engine/kernel/sweep.h"

typedef struct gx__walk {
    /* The caller's, before gx__walk_begin: */
    double damping, ground;
    double *score;       /* the output */
    const double *start; /* a distribution; NULL: uniform */

    gx__rows_view in;
    gx__sweep sweep;
    double *share[2]; /* score / W: what one unit of weight carries; old and new */
    double *inverse;  /* 1 / W, 0 where that is 0 */
    double strongest; /* the largest weight of anybody's out-arcs */
    double leak, refill;
} gx__walk;

/* Where the walk starts again: v's share of it. */
static inline double gx__walk_start(const gx__walk *walk, uint32_t v) {
    return walk->start ? walk->start[v] : 1.0 / walk->sweep.n;
}

/* The score becomes the start. The graph has in-arrays and outlives the walk. */
GX_MUST_CHECK gx_status gx__walk_begin(gx__walk *walk, const gx_graph *graph, bool weighted,
                                       gx_job *job, gx_error *err);
void gx__walk_finish(gx__walk *walk); /* safe twice, and after a begin that failed */
uint64_t gx__walk_bytes(uint32_t n);

/* Pulls once over all in-arcs; returns Σ |new − old|. Look at gx_job_check before anything else. */
double gx__walk_step(gx__walk *walk);

/* The score at the fixed point where ties have no direction, so that the walk is reversible, in a
 * fraction of the steps (conjugate gradients; see reversible.c): until *out_bound, which is proved
 * to be at least Σ |score − fixed point|, is within the tolerance, or after `most` products. The
 * graph is that of `begin`, undirected, with members; ground is 0, damping below 1. *out_products
 * is how many products it took. Holds gx__walk_reversible_bytes meanwhile. For steps after it the
 * walk must be settled first. */
GX_MUST_CHECK gx_status gx__walk_reversible(uint32_t *out_products, double *out_bound,
                                            gx__walk *walk, double tolerance, uint32_t most,
                                            gx_error *err);
uint64_t gx__walk_reversible_bytes(uint32_t n);
/* The score near the fixed point where ties have directions, until the next step is estimated to be
 * no longer than `length`: Gauss–Seidel between some parts of the members (see relax.c); `most`
 * counts sweeps over all of them. Holds nothing besides the walk, which must be settled after it.
 */
GX_MUST_CHECK gx_status gx__walk_relax(uint32_t *out_sweeps, gx__walk *walk, double length,
                                       uint32_t most, gx_error *err);
/* Scales the score to sum to 1, and makes the rest of the walk follow from it. */
void gx__walk_settle(gx__walk *walk);

/* For estimates: whether every tie may be there both ways. Where it is everybody has as many out as
 * in, elsewhere hardly ever; a graph that is not there yet may, unless it has directions. */
static inline bool gx__may_be_reversible(const gx_graph *graph) {
    return !graph || !graph->directed ||
           (graph->in_ptr && memcmp(graph->in_ptr, graph->out_ptr,
                                    ((size_t)graph->n + 1) * sizeof *graph->in_ptr) == 0);
}

#endif
