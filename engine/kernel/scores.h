/* What every centrality shares: the array it gives, the checks on it, and the rows it walks. */
#ifndef GX_KERNEL_SCORES_H
#define GX_KERNEL_SCORES_H

#include "engine/kernel/params.h"
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

/* The same with their weights where those count; else all weigh 1. */
static inline gx__rows_view gx__rows_weighed(gx__rows_view rows, bool weighted) {
    rows.weight = weighted ? rows.weight : NULL;
    return rows;
}

/* The view of a parameter `directed`; NULL where it is not there yet. */
static inline const gx_graph *gx__graph_by(const gx_input *input, const gx_args *args) {
    return gx_arg_bool(args, "directed") ? input->graph : input->undirected;
}

/* Needs of a pass that takes ties with their directions or without, as its parameters say. */
enum { GX__NEED_TIES = GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_UNDIRECTED };

/* For estimates: whether a pass with the parameter `weighted` finds weights; of a graph that is not
 * there it does. */
static inline bool gx__weighs(const gx_graph *graph, const gx_args *args) {
    return gx_arg_bool(args, "weighted") && (!graph || !graph->out_ptr || graph->out_weight);
}

/* `reads` of a pass with the parameter `directed`: `views` where it is true, else the undirected
 * view alone. */
static inline unsigned gx__reads_directed(const gx_args *args, unsigned views) {
    return gx_arg_bool(args, "directed") ? views : (unsigned)GX_NEED_UNDIRECTED;
}

/* The directed view and its transpose, or the undirected one. */
static inline unsigned gx__reads_ties(const gx_args *args) {
    return gx__reads_directed(args, GX_NEED_GRAPH | GX_NEED_IN);
}

/* Entries of the row of v. */
static inline uint64_t gx__row_length(const gx__rows_view *rows, uint32_t v) {
    return rows->ptr[v + 1] - rows->ptr[v];
}

/* The most entries that any of n rows has. */
static inline uint64_t gx__row_longest(const gx__rows_view *rows, uint32_t n) {
    uint64_t longest = 0;
    for (uint32_t v = 0; v < n; v++) {
        uint64_t length = gx__row_length(rows, v);
        longest = length > longest ? length : longest;
    }
    return longest;
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

/* Σ weight × x over the row of v. Two running sums, since one would wait for itself at every
 * addition. */
static inline double gx__pull(const gx__rows_view *rows, const double *x, uint32_t v) {
    const uint32_t *end_of = rows->end;
    const float *weight = rows->weight;
    uint64_t i = rows->ptr[v], end = rows->ptr[v + 1];
    double even = 0, odd = 0;
    if (weight) {
        for (; i + 1 < end; i += 2) {
            even += (double)weight[i] * x[end_of[i]];
            odd += (double)weight[i + 1] * x[end_of[i + 1]];
        }
        return even + odd + (i < end ? (double)weight[i] * x[end_of[i]] : 0);
    }
    for (; i + 1 < end; i += 2) {
        even += x[end_of[i]];
        odd += x[end_of[i + 1]];
    }
    return even + odd + (i < end ? x[end_of[i]] : 0);
}

#endif
