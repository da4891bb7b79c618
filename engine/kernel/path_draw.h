/* A shortest path between two given members, each of them equally likely.
 *
 * Without lengths, two searches grow towards each other by whole levels, always the one with fewer
 * ties ahead, until a level of one meets the last of the other; a member is drawn where they meet
 * and the path from there to both ends, all in proportion to numbers of paths (Borassi, Natale:
 * KADABRA, 2019, section 3). In a small world that looks at some √m ties instead of m.
 *
 * With lengths, two searches of Dijkstra's, until no shorter path can be found and whoever is
 * nearer to an end than where they met is settled. On each shortest path there is then one tie
 * that leaves those settled from the first end, and it leads to one settled from the other: a tie
 * is drawn, and from it a path to both ends.
 *
 * A workspace serves one thread. 32 bytes a member, with lengths 104. */
#ifndef GX_KERNEL_PATH_DRAW_H
#define GX_KERNEL_PATH_DRAW_H

#include "engine/kernel/brandes.h"

typedef struct gx__path_side {
    uint32_t *level; /* GX_NONE: not reached */
    uint32_t *queue;
    double *count; /* of shortest paths from this end, scaled level by level */
    uint32_t reached, first, depth;
    uint64_t ahead; /* ties of queue[first..reached) */
} gx__path_side;

typedef struct gx__path_draw {
    gx__path_side side[2];
    gx__brandes end[2]; /* with lengths: from the first, to the second */
    uint64_t looked_at; /* ties, by all draws so far */
} gx__path_draw;

GX_MUST_CHECK gx_status gx__path_draw_init(gx__path_draw *out, const gx__paths *paths, gx_job *job,
                                           gx_error *err);
uint64_t gx__path_draw_bytes(uint32_t n, bool weighted);
void gx__path_draw_finish(gx__path_draw *work, gx_job *job); /* safe on a cleared one */

/* Draws one from s to t, which are not the same, and adds 1 to `hits` of each member between them;
 * threads may share `hits`. Nothing where no path leads there, or the job should stop. */
void gx__path_draw_one(gx__path_draw *work, const gx__paths *paths, uint32_t s, uint32_t t,
                       gx_rng *rng, uint64_t *hits, gx_job *job);

#endif
