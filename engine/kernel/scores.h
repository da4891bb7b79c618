/* What every centrality shares: the array it gives and the checks on it. */
#ifndef GX_KERNEL_SCORES_H
#define GX_KERNEL_SCORES_H

#include "graph/pass/pass.h"

/* Adds "instance.score", f64, one a member. */
GX_MUST_CHECK gx_status gx__scores_add(double **out_score, gx_output *out, const gx_input *input,
                                       gx_error *err);
/* Finds it in a result and checks that every score is finite and 0 or more; internal with the
 * member. */
GX_MUST_CHECK gx_status gx__scores_check(const double **out_score, const gx_arrays *result,
                                         const char *instance, const gx_input *input,
                                         gx_error *err);

/* The same of a pass that scores `top` of the members, or all where there are fewer: NaN is the
 * score of the others. */
GX_MUST_CHECK gx_status gx__scores_check_top(const double **out_score, const gx_arrays *result,
                                             const char *instance, const gx_input *input,
                                             uint32_t top, gx_error *err);

/* Rows of a graph, whichever direction. */
typedef struct gx__rows_view {
    const uint64_t *ptr;
    const uint32_t *end;
    const float *weight; /* NULL: all 1 */
} gx__rows_view;

static inline gx__rows_view gx__rows_out(const gx_graph *graph) {
    return (gx__rows_view){graph->out_ptr, graph->out_dst, graph->out_weight};
}

static inline gx__rows_view gx__rows_in(const gx_graph *graph) {
    return (gx__rows_view){graph->in_ptr, graph->in_src, graph->in_weight};
}

/* The view of a parameter `directed`; NULL where it is not there yet. */
static inline const gx_graph *gx__graph_by(const gx_input *input, const gx_args *args) {
    return gx_arg_bool(args, "directed") ? input->graph : input->undirected;
}

/* `reads` of a pass with the parameter `directed`: `views` where it is true, else the undirected
 * view alone. */
static inline unsigned gx__reads_directed(const gx_args *args, unsigned views) {
    return gx_arg_bool(args, "directed") ? views : (unsigned)GX_NEED_UNDIRECTED;
}

/* Of the i-th entry of all rows. */
static inline double gx__row_weight(const gx__rows_view *rows, uint64_t i) {
    return rows->weight ? (double)rows->weight[i] : 1.0;
}

/* Σ weight over the row of v. */
static inline double gx__row_strength(const gx__rows_view *rows, uint32_t v) {
    uint64_t first = rows->ptr[v], end = rows->ptr[v + 1];
    double sum = rows->weight ? 0 : (double)(end - first);
    for (uint64_t i = first; rows->weight && i < end; i++) {
        sum += (double)rows->weight[i];
    }
    return sum;
}

#endif
