/* The neighbours of a member: by direction, and without the member itself, whom a view may keep
 * (GX_GRAPH_LOOPS). */
#ifndef GX_KERNEL_NEIGHBOURS_H
#define GX_KERNEL_NEIGHBOURS_H

#include "engine/kernel/degrees.h"
#include "engine/kernel/scores.h"
#include "graph/base/sorted.h"

/* Index of column v in the sorted row [from, to), or `to`. */
static inline uint64_t gx__row_find(const uint32_t *row, uint64_t from, uint64_t to, uint32_t v) {
    const uint64_t at = gx_place_u32(row, from, to, v);
    return at < to && row[at] == v ? at : to;
}

/* Others that v's row names. */
static inline uint64_t gx__others(const gx__rows_view *rows, uint32_t v) {
    uint64_t from = rows->ptr[v], to = rows->ptr[v + 1];
    return to - from - (gx__row_find(rows->end, from, to, v) < to);
}

/* What the ties to others that v's row names weigh, or their number where there are no weights. */
static inline double gx__others_strength(const gx__rows_view *rows, uint32_t v) {
    double sum = 0;
    for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
        sum += rows->end[i] != v ? gx__row_weight(rows, i) : 0;
    }
    return sum;
}

/* What it reads, as `reads` of a pass. */
static inline unsigned gx__reads_by_direction(const gx_args *args) {
    return gx_arg_is(args, "direction", "in")    ? GX_NEED_GRAPH | GX_NEED_IN
           : gx_arg_is(args, "direction", "out") ? GX_NEED_GRAPH
                                                 : GX_NEED_UNDIRECTED;
}

/* The same of a pass that walks the rows of the other direction too. */
static inline unsigned gx__reads_both_sides(const gx_args *args) {
    return gx_arg_is(args, "direction", "all") ? GX_NEED_UNDIRECTED : GX_NEED_GRAPH | GX_NEED_IN;
}

static inline gx__rows_view gx__rows_by(const gx_input *input, const gx_args *args) {
    return gx_arg_is(args, "direction", "in")    ? gx__rows_in(input->graph)
           : gx_arg_is(args, "direction", "out") ? gx__rows_out(input->graph)
                                                 : gx__rows_out(input->undirected);
}

/* The same ties seen from their other ends. */
static inline gx__rows_view gx__rows_against(const gx_input *input, const gx_args *args) {
    return gx_arg_is(args, "direction", "in")    ? gx__rows_out(input->graph)
           : gx_arg_is(args, "direction", "out") ? gx__rows_in(input->graph)
                                                 : gx__rows_out(input->undirected);
}

/* Arcs that a pass with that parameter reads; 0 where the view is not there yet. */
static inline uint64_t gx__arcs_by(const gx_input *input, const gx_args *args) {
    const gx_graph *graph = gx_arg_is(args, "direction", "all") ? input->undirected : input->graph;
    return graph ? graph->m : 0;
}

static inline gx__degrees gx__degrees_by(const gx_input *input, const gx_args *args) {
    return gx__degrees_of(gx_arg_is(args, "direction", "all") ? input->undirected : input->graph,
                          input->users);
}

/* others[v] = gx__others, for every member. */
void gx__others_all(uint32_t *others, const gx__rows_view *rows, uint32_t n, gx_job *job);
/* out[v] = gx__row_strength, for every member. */
void gx__row_strengths(double *out, const gx__rows_view *rows, uint32_t n, gx_job *job);

/* out[v] = Σ over v's row, in its order, of in[u], times the weight where there are any; not of v
 * itself. The same bytes at any thread count. */
void gx__neighbour_sums(double *out, const double *in, const gx__rows_view *rows, uint32_t n,
                        gx_job *job);

#endif
