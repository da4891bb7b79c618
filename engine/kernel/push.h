/* Random walk with restart from one member, near that member only: forward push (Andersen, Chung,
 * Lang: Local graph partitioning using PageRank vectors, 2006, figure 1, without its lazy
 * half-steps). */
#ifndef GX_KERNEL_PUSH_H
#define GX_KERNEL_PUSH_H

#include "engine/kernel/scores.h"

/* The scores are too low, by Σ residual in all: a residual is a walk that was not followed on. */
typedef struct gx__push {
    double *score, *residual; /* n of each; 0 for whoever was not reached */
    uint32_t *reached;        /* whose score is above 0, in the order found */
    uint32_t count;
    double bound; /* what all scores together are short of 1 */
    /* Without direction a score is short by at most this for each unit of weight of the member's
     * ties; with directions 0, and not known. */
    double worst;
    uint64_t arcs; /* looked at */
} gx__push;

/* The time of a walker who follows out-arcs by their weight, and with probability `alpha`, or where
 * no arc leads on, starts again from `source` (below n). A member's residual is followed on while
 * it is at least `epsilon` for each of their arcs, so at most 1 / (alpha · epsilon) arcs are looked
 * at, whatever the size of the graph. 25 bytes a member reserved, of which only what is reached is
 * touched. Finish it also on failure. */
GX_MUST_CHECK gx_status gx__push_run(gx__push *out, const gx_graph *graph, bool weighted,
                                     uint32_t source, double alpha, double epsilon, gx_job *job,
                                     gx_error *err);
/* The most that the score of v may be too low: of a walk without direction the time at v from u is
 * to that at u from v as their strengths are. */
double gx__push_short(const gx__push *push, const gx_graph *graph, bool weighted, uint32_t v);
void gx__push_finish(gx__push *push, gx_job *job);

#endif
