/* Breadth-first search from one member or from several at once, level by level, so that whoever
 * asks may stop at any level. A level is found forwards, along the ties of the level before, or
 * backwards, by whoever is not reached yet looking for somebody of the level before, whichever
 * looks at fewer ties (Beamer, Asanović, Patterson: Direction-optimizing breadth-first search,
 * 2012).
 *
 * A workspace serves any number of searches, one thread at a time; a search costs the ties of those
 * it reaches, not n, so short ones in a large graph are cheap. 8 bytes a member and a bit. */
#ifndef GX_KERNEL_BFS_H
#define GX_KERNEL_BFS_H

#include "engine/kernel/paths.h"

typedef struct gx__bfs {
    uint32_t *level; /* n; GX_NONE: not reached */
    uint32_t *queue; /* those reached, by level; within a level in no particular order */
    uint64_t *front; /* a bit a member: the last level, while searching backwards */
    uint32_t reached;
    uint32_t first;      /* queue[first..reached) is the last level */
    uint32_t depth;      /* the number of the last level, 0 for the sources */
    uint64_t arcs_ahead; /* out-ties of the last level */
    uint64_t arcs_left;  /* in-ties of whoever is not reached */
    uint32_t n;
    bool backwards;
} gx__bfs;

GX_MUST_CHECK gx_status gx__bfs_init(gx__bfs *out, uint32_t n, gx_job *job, gx_error *err);
uint64_t gx__bfs_bytes(uint32_t n);
void gx__bfs_finish(gx__bfs *bfs, gx_job *job); /* safe on a cleared one */

/* Forgets the last search; `sources` are level 0, repeats count once. */
void gx__bfs_start(gx__bfs *bfs, const gx__paths *paths, const uint32_t *sources, uint32_t count);
/* One level more; false where it is empty or the job should stop. */
bool gx__bfs_step(gx__bfs *bfs, const gx__paths *paths, gx_job *job);
/* All levels. */
GX_MUST_CHECK gx_status gx__bfs_run(gx__bfs *bfs, const gx__paths *paths, const uint32_t *sources,
                                    uint32_t count, gx_job *job, gx_error *err);

/* Of all members and ties, what a search from one of them goes through, the mean of a few; all
 * where direction does not matter, or the graph is not there. For estimates: takes no longer than
 * two searches through everything. */
typedef struct gx__reach {
    double members, ties;
} gx__reach;
gx__reach gx__bfs_reach(const gx__paths *paths);

#endif
