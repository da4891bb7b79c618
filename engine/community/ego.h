/* Groups in the ego network of a member: the ties among the neighbours, the member left out, parted
 * by propagating labels (Raghavan, Albert and Kumara 2007), one neighbour after the other, until
 * hardly anybody changes; among equals the own label stays, or a hash decides.
 *
 * A tie of the ego network is a triangle. With the oriented graph each is found once, from its end
 * of lower degree, as triangles are counted (engine/kernel/triangles.h): O(Σ over ties of the
 * smaller degree) for the ego networks of all members together. Without it the rows of the
 * neighbours are read whole, for a few members drawn. Both give the same groups, up to the rounding
 * of sums of weights. */
#ifndef GX_COMMUNITY_EGO_H
#define GX_COMMUNITY_EGO_H

#include "engine/kernel/scores.h"
#include "engine/kernel/triangles.h"

/* One thread's, for one member after the other. */
typedef struct gx__ego {
    /* The caller's, before gx__ego_init: */
    const gx_graph *graph;        /* undirected */
    const gx__oriented *oriented; /* NULL: rows are read whole */
    const uint32_t *place_of;     /* n: places in it */
    bool weighted;                /* where the graph has weights */
    /* Its own: */
    uint32_t u, degree;
    const uint32_t *row;
    uint32_t *mark;  /* n: 1 + place in the row, 0 elsewhere; by places in the oriented graph */
    uint64_t *start; /* of each neighbour, and the end: its ties in `tie` */
    uint32_t *found; /* of each neighbour: ties found from there */
    uint32_t *half;  /* those, one after the other: the other end */
    float *half_weight;
    uint32_t *end;   /* all ties, from both ends */
    float *weight;   /* NULL: all 1 */
    uint32_t *label; /* of each neighbour: a place */
    double *towards; /* by label: what one neighbour has towards it; 0 between neighbours */
    uint32_t *touched;
    uint32_t touched_count;
    uint32_t *size; /* by label */
    uint8_t *waits; /* of each neighbour: somebody near it has changed */
    uint64_t steps; /* row entries and ties looked at */
} gx__ego;

/* For members of up to `longest` ties and `ties` in their ego networks. */
GX_MUST_CHECK gx_status gx__ego_init(gx__ego *ego, uint64_t longest, uint64_t ties, gx_job *job,
                                     gx_error *err);
void gx__ego_finish(gx__ego *ego, gx_job *job); /* safe on a cleared one */
uint64_t gx__ego_bytes(uint32_t n, uint64_t longest, uint64_t ties, bool weighted);

/* part[i]: the group of u's i-th neighbour, numbered in order of their first member; returns how
 * many there are, one at least. Groups of fewer than `least` join the largest. */
uint32_t gx__ego_groups(gx__ego *ego, uint32_t *part, uint32_t u, uint32_t least, gx_job *job);

#endif
