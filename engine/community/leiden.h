/* Leiden as a function, for the pass, for warm starts and for tests. */
#ifndef GX_COMMUNITY_LEIDEN_H
#define GX_COMMUNITY_LEIDEN_H

#include "graph/csr/graph.h"

typedef struct gx_leiden_options {
    double resolution;     /* γ of modularity, > 0; 1 is Newman and Girvan's */
    uint32_t rounds;       /* at most this many, 1 or more */
    double tolerance;      /* a round that adds less modularity is the last */
    const uint32_t *start; /* a partition to start from, numbers below n; NULL: everybody alone */
    bool louvain; /* without refinement: a community may turn out to be disconnected */
} gx_leiden_options;

/* Fills community[0 … n), 0.. by falling size, ties by smallest member; every community is
 * connected, but for Louvain. `graph` is undirected; a self-loop counts once in its node's degree. *out_count
 * communities. */
GX_MUST_CHECK gx_status gx_leiden_find(uint32_t *community, uint32_t *out_count,
                                       const gx_graph *graph, const gx_leiden_options *options,
                                       gx_job *job, gx_error *err);

#endif
