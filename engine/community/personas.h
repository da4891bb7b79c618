/* The persona graph of ego splitting: every member stands once for each group of their neighbours.
 *
 * Epasto, Lattanzi and Paes Leme: Ego-splitting framework: from non-overlapping to overlapping
 * clusters, KDD 2017, steps 1 and 2. */
#ifndef GX_COMMUNITY_PERSONAS_H
#define GX_COMMUNITY_PERSONAS_H

#include "graph/csr/graph.h"

typedef struct gx__personas {
    gx_graph graph;  /* of personas, undirected: every tie of the members' graph once, self-loops
                      * left out; its arrays are those below */
    uint32_t *first; /* n + 1: of v are first[v] … first[v + 1] − 1, one at least */
    uint64_t *ptr;
    uint32_t *dst;
    float *weight; /* NULL: all 1 */
} gx__personas;

typedef struct gx__personas_options {
    uint32_t least; /* neighbours a group has at least; smaller ones join the largest */
    bool weighted;
} gx__personas_options;

/* `graph` is undirected. Groups are found by label propagation among the neighbours (ego.h), on the
 * job's threads, the same at any number. O(Σ over ties of the smaller degree + triangles). Held by
 * the job until gx__personas_finish. */
GX_MUST_CHECK gx_status gx__personas_make(gx__personas *out, const gx_graph *graph,
                                          const gx__personas_options *options, gx_job *job,
                                          gx_error *err);
void gx__personas_finish(gx__personas *personas, gx_job *job);

/* A guess at how many personas there will be, from some members drawn at random: exact where there
 * are few. */
double gx__personas_guess(const gx_graph *graph, const gx__personas_options *options);
/* Seconds on one core, a guess. */
double gx__personas_cpu_s(const gx_graph *graph);
/* Bytes held while they are made, and after. */
uint64_t gx__personas_bytes(const gx_graph *graph, bool weighted, uint64_t personas, int threads);
uint64_t gx__personas_held(const gx_graph *graph, uint64_t personas);

#endif
