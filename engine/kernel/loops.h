/* Ties of a member without the one to itself, which a view may keep (GX_GRAPH_LOOPS). */
#ifndef GX_KERNEL_LOOPS_H
#define GX_KERNEL_LOOPS_H

#include "graph/csr/graph.h"

/* Index of column v in the sorted row [from, to), or `to`. */
static inline uint64_t gx__row_find(const uint32_t *row, uint64_t from, uint64_t to, uint32_t v) {
    uint64_t low = from, high = to;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (row[middle] < v) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < to && row[low] == v ? low : to;
}

/* Others that v's row of out-arcs names. */
static inline uint64_t gx__others_out(const gx_graph *graph, uint32_t v) {
    uint64_t from = graph->out_ptr[v], to = graph->out_ptr[v + 1];
    return to - from - (gx__row_find(graph->out_dst, from, to, v) < to);
}

#endif
