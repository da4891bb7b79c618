/* The one door to igraph. Debian's build of it is not thread-safe, so one call runs at a time, and
 * whoever waits for it can be cancelled. igraph never ends the process: its errors come back as a
 * gx_status with its own words. A cancel or a deadline is heard within some 10 ms, whatever igraph
 * is doing; a call left behind in that way goes on alone until igraph notices, in memory that is no
 * longer counted, and others wait for its end. */
#ifndef GX_KERNEL_IGRAPH_ADAPTER_H
#define GX_KERNEL_IGRAPH_ADAPTER_H

#include "graph/csr/graph.h"

/* Bytes that igraph holds for a copy of a graph with n nodes and m arcs, and what it needs to make
 * one. */
uint64_t gx__igraph_graph_bytes(uint64_t n, uint64_t m);

/* Communities by Infomap, numbered below n in no particular order; *out_length is in bits. */
GX_MUST_CHECK gx_status gx__igraph_infomap(uint32_t *out_community, double *out_length,
                                           const gx_graph *graph, bool weighted, uint32_t trials,
                                           gx_job *job, gx_error *err);

/* Communities by Walktrap, cut where modularity is largest; numbered like Infomap's. */
GX_MUST_CHECK gx_status gx__igraph_walktrap(uint32_t *out_community, const gx_graph *graph,
                                            bool weighted, uint32_t steps, gx_job *job,
                                            gx_error *err);
/* What it holds beside the graph of n nodes and m edges: an upper guess. */
uint64_t gx__igraph_walktrap_bytes(uint64_t n, uint64_t m);

/* Positions by Fruchterman and Reingold's forces: out_xy[2v] and out_xy[2v + 1] of node v, in
 * igraph's own unit, from a random start of the job's seed. Direction does not matter; with
 * `weighted`, stronger ties pull more and ties of weight 0 not at all. */
GX_MUST_CHECK gx_status gx__igraph_layout(double *out_xy, const gx_graph *graph, bool weighted,
                                          uint32_t iterations, gx_job *job, gx_error *err);
/* What it holds beyond igraph's copy of the graph. */
uint64_t gx__igraph_layout_bytes(uint64_t n, uint64_t m);

#endif
