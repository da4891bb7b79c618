/* How weak the communities of a graph are, for estimates of time. */
#ifndef GX_COMMUNITY_WEAKNESS_H
#define GX_COMMUNITY_WEAKNESS_H

#include "graph/csr/graph.h"

/* From 0, where neighbours of a member know each other, to 1, where next to none do: there passes
 * that move members between communities go on for several times as many sweeps. Of 1,024 members
 * drawn at random two neighbours each are looked at, always the same ones: O(1024 log n) time, no
 * memory. 0 for a graph that is not there. */
double gx__community_weakness(const gx_graph *graph);

#endif
