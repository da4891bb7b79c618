/* Dijkstra's search along ties with lengths of 0 or more, from one member or from several at once,
 * member by member, so that whoever asks may stop where it will (Dijkstra 1959), with a heap of
 * four children a node and each member in it at most once.
 *
 * A workspace serves any number of searches, one thread at a time; a search costs the ties of those
 * it reaches, O(ties · log reached), not n. 20 bytes a member. */
#ifndef GX_KERNEL_DIJKSTRA_H
#define GX_KERNEL_DIJKSTRA_H

#include "engine/kernel/degrees.h"
#include "engine/kernel/heap.h"
#include "engine/kernel/paths.h"

typedef struct gx__dijkstra {
    double *distance; /* n; INFINITY: not reached; final for those settled */
    uint32_t *order;  /* those settled, nearest first */
    gx__heap waiting; /* its keys are the distances */
    uint32_t n, settled;
} gx__dijkstra;

GX_MUST_CHECK gx_status gx__dijkstra_init(gx__dijkstra *out, uint32_t n, gx_job *job,
                                          gx_error *err);
uint64_t gx__dijkstra_bytes(uint32_t n);
/* Of a search that reaches everybody, on one core. */
double gx__dijkstra_seconds(const gx__degrees *degrees);
void gx__dijkstra_finish(gx__dijkstra *search, gx_job *job); /* safe on a cleared one */

/* Forgets the last search; `sources` are at distance 0. */
void gx__dijkstra_start(gx__dijkstra *search, const uint32_t *sources, uint32_t count);
/* Settles the nearest member waiting, and follows its ties: its number, or GX_NONE at the end. */
uint32_t gx__dijkstra_next(gx__dijkstra *search, const gx__paths *paths);
/* Settles all. */
GX_MUST_CHECK gx_status gx__dijkstra_run(gx__dijkstra *search, const gx__paths *paths,
                                         const uint32_t *sources, uint32_t count, gx_job *job,
                                         gx_error *err);

#endif
