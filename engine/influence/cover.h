/* Seeds as a cover: whoever is in most of the reverse-reachable sets that nobody chosen is in yet
 * comes next (Nemhauser, Wolsey, Fisher 1978: at least 1 − 1/e of the best cover; the fair aim and
 * the costs keep the greedy order but not that share).
 *
 * Fairness f in 0 … 1 takes Σ over circles of size · share^(1 − f) for the share of all: 0 counts
 * members, 1 (the logarithm) gives every circle's relative gain the same worth, so that no circle
 * is left out (Rahmattalabi et al., Fair influence maximization: a welfare optimization approach,
 * AAAI 2021). */
#ifndef GX_INFLUENCE_COVER_H
#define GX_INFLUENCE_COVER_H

#include "engine/influence/greedy.h"
#include "engine/influence/sets.h"

typedef struct gx__aim {
    double fairness;        /* 0 … 1 */
    const uint32_t *circle; /* n, below `circles` or GX_NONE; read where fairness is above 0 */
    uint32_t circles;
} gx__aim;

/* Which sets are covered. */
typedef struct gx__cover {
    const gx__sets *sets; /* several, one after the other */
    size_t count;
    uint64_t total; /* sets in all */
    uint64_t covered_count;
    uint64_t **covered; /* a bit a numbered set, for each of `sets` */
    uint64_t *taken;    /* a bit a member: then its sets of one are covered */
    const gx__aim *aim;
    uint64_t *in, *hit; /* sets that begin in each circle, and those of them covered: circles + 1 */
    uint64_t *more;     /* circles + 1, all 0 between calls */
    uint32_t *touched;
    double *known; /* n: nobody adds more sets; NULL until the bound is looked at */
    double most;   /* the bound so far */
} gx__cover;

GX_MUST_CHECK gx_status gx__cover_make(gx__cover *out, const gx__sets *sets, size_t count,
                                       const gx__aim *aim, gx_job *job, gx_error *err);
void gx__cover_finish(gx__cover *cover, gx_job *job);
/* Goes on from what is chosen to the end of the limits; gain[i]: sets that the i-th covered beyond
 * those before. No choice within the limits covers more than `out_most` sets: at any moment what is
 * covered and what those who would add most to it add each alone (OPIM-C's bound, which looks after
 * every seed; here after none, half of them, a quarter …, and all). Without fairness, that is. */
GX_MUST_CHECK gx_status gx__cover_choose(double *out_most, gx__chosen_so_far *chosen, double *gain,
                                         gx__cover *cover, gx_job *job, gx_error *err);
/* Covers the sets that v is in; how many were not. */
uint64_t gx__cover_take(gx__cover *cover, uint32_t v);

#endif
