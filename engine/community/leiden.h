/* Leiden as a function, for the pass, for warm starts and for tests. */
#ifndef GX_COMMUNITY_LEIDEN_H
#define GX_COMMUNITY_LEIDEN_H

#include "graph/csr/graph.h"

/* How parts were merged, level by level. Level 0 holds the members; entry i of parent in
 * [level_ptr[l], level_ptr[l + 1]) is the part of level l + 1 that holds part i − level_ptr[l] of
 * level l, and for the last level its community. Every part is connected and lies in one part of
 * the next level. */
typedef struct gx_leiden_tree {
    uint32_t levels;
    uint32_t *level_ptr; /* levels + 1 */
    uint32_t *parent;    /* level_ptr[levels] */
} gx_leiden_tree;

typedef struct gx_leiden_options {
    double resolution;     /* γ, > 0; 1 is Newman and Girvan's modularity */
    uint32_t rounds;       /* at most this many; 0: 10, from 4,194,304 arcs on 3; louvain: 2 */
    double tolerance;      /* a round that adds less quality is the last */
    uint32_t trials;       /* the best of so many; 0: 4 below 65,536 arcs without a start, else 1 */
    const uint32_t *start; /* a partition to start from, numbers below n; NULL: everybody alone */
    double inertia;        /* of a start: a node moves only if it gains this share of its degree */
    bool louvain;          /* without refinement: a community may turn out to be disconnected */
    bool cpm;              /* the constant Potts model in place of modularity */
    bool unweighted;
    const gx_graph *directed; /* the same ties with their directions, each arc to count once */
    gx_leiden_tree *tree;     /* filled on success, to be finished; NULL: not asked for */
} gx_leiden_options;

/* Fills community[0 … n), 0.. by falling size, ties by smallest member; every community is
 * connected, but for Louvain. `graph` is undirected; a self-loop counts once in its node's degree.
 * *out_count communities. */
GX_MUST_CHECK gx_status gx_leiden_find(uint32_t *community, uint32_t *out_count,
                                       const gx_graph *graph, const gx_leiden_options *options,
                                       gx_job *job, gx_error *err);

void gx_leiden_tree_finish(gx_leiden_tree *tree, gx_job *job);

enum { GX__LEIDEN_LARGE = 1 << 22 }; /* arcs of a graph of which rounds take seconds */

/* Bytes held at the peak for n nodes and so many arcs at level 0. */
uint64_t gx__leiden_bytes(uint64_t n, uint64_t arcs, bool directed, int threads);

#endif
