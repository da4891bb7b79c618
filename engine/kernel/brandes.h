/* Shortest paths from one source, counted, and what Brandes calls the source's dependency on each
 * member v: the sum over all targets of the share of shortest paths that lead through v (Brandes:
 * A faster algorithm for betweenness centrality, 2001, theorem 6). Betweenness is the sum over all
 * sources.
 *
 * Without lengths, levels are found forwards or backwards as in kernel/bfs.h, and path counts with
 * them: a member that is not reached yet has no ties from any level but the last, so the sum of the
 * counts of all who lead to it is its own count, without a look at levels. Dependencies come back
 * in the same two ways, from the farther level or from the nearer, whichever has fewer ties.
 *
 * With lengths, two paths are equally long within 1e-10 of their length, since sums of the same
 * lengths in different order differ in their last digits. A count beyond 1e250 is kept scaled.
 *
 * A workspace serves one thread. 32 bytes a member and a bit, with lengths 52. */
#ifndef GX_KERNEL_BRANDES_H
#define GX_KERNEL_BRANDES_H

#include "engine/kernel/dijkstra.h"

typedef struct gx__brandes {
    uint32_t *level;  /* GX_NONE: not reached; with lengths the place in dijkstra.order */
    uint32_t *queue;  /* by level; without lengths */
    double *count;    /* of shortest paths; 0: not reached */
    double *share;    /* (1 + dependency) / count, 0 until it is known */
    double *through;  /* the dependency */
    uint64_t *scaled; /* a bit a level: counts from here on were scaled down */
    uint32_t *power;  /* with lengths: how often a member's count was */
    gx__dijkstra dijkstra;
    uint32_t n, reached;
} gx__brandes;

GX_MUST_CHECK gx_status gx__brandes_init(gx__brandes *out, const gx__paths *paths, gx_job *job,
                                         gx_error *err);
uint64_t gx__brandes_bytes(uint32_t n, bool weighted);
void gx__brandes_finish(gx__brandes *work, gx_job *job); /* safe on a cleared one */

/* Adds the dependency of `source` on everybody else to `into`. Stops early, with nothing of use,
 * where the job should stop. */
void gx__brandes_add(gx__brandes *work, const gx__paths *paths, uint32_t source, double *into,
                     gx_job *job);

/* With lengths: begins work->dijkstra afresh at `source`, … */
void gx__brandes_start(gx__brandes *work, uint32_t source);
/* … counts paths to everybody whom it has settled since, … */
void gx__brandes_count(gx__brandes *work, const gx__paths *paths, gx_job *job);
/* … tells whether the i-th tie of `rows`, from u on to v, is the last of a shortest path to v. */
bool gx__brandes_leads(const gx__brandes *work, const gx__paths *paths, const gx__rows_view *rows,
                       uint64_t i, uint32_t u, uint32_t v);
/* … and which share of the paths to v. */
double gx__brandes_share(const gx__brandes *work, uint32_t u, uint32_t v);

#endif
