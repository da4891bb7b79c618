/* Where the members of a graph lie in a picture. */
#ifndef GX_ENGINE_OPERATIONS_LAYOUT_H
#define GX_ENGINE_OPERATIONS_LAYOUT_H

#include "graph/csr/graph.h"

/* Positions by forces (Fruchterman and Reingold 1991, through igraph): out_xy[2v], out_xy[2v + 1]
 * of node v, moved so that the middle of the box around them all is 0 and its longer half side 1.
 * The job's seed chooses the start. A graph of one node has it at 0, 0. O(iterations · (n + m))
 * from a thousand nodes on, O(iterations · n²) below. */
GX_MUST_CHECK gx_status gx_layout_find(double *out_xy, const gx_graph *graph, bool weighted,
                                       uint32_t iterations, gx_job *job, gx_error *err);

/* Pushes discs of the given radii (one a node, in the unit of xy) apart until none overlaps, or for
 * `rounds`: a pair that overlaps moves apart along the line between the centres, the smaller disc
 * more. Two at the very same place part sideways. O(rounds · n²). Returns the overlaps that are
 * left.
 */
uint64_t gx_layout_separate(double *in_out_xy, const double *radius, uint32_t n, uint32_t rounds);

#endif
