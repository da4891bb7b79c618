/* Immutable views: ties as compressed sparse rows, events as a member × item matrix. What is
 * computed sees these and nothing of the store. */
#ifndef GX_CSR_GRAPH_H
#define GX_CSR_GRAPH_H

#include "graph/base/job.h"

/* n nodes, m arcs. Rows are sorted by target, parallel arcs merged (weights summed), self-loops
 * kept only where asked for. Weights are NULL where all are 1. For an undirected graph each edge is
 * two arcs and the in-arrays are the out-arrays themselves. 8 bytes an arc and direction, with
 * weights. */
typedef struct gx_graph {
    uint32_t n;
    uint64_t m;
    bool directed;
    const uint64_t *out_ptr; /* n + 1 */
    const uint32_t *out_dst; /* m */
    const float *out_weight; /* m or NULL */
    const uint64_t *in_ptr;  /* NULL where not asked for */
    const uint32_t *in_src;
    const float *in_weight;
    void *owner; /* the csr room's own */
} gx_graph;

enum {
    GX_GRAPH_UNDIRECTED = 1, /* each given arc counts both ways; (u,v) and (v,u) both given: one
                                edge, the larger weight */
    GX_GRAPH_IN = 2,         /* the transpose too */
    GX_GRAPH_LOOPS = 4,      /* keep self-loops */
    GX_GRAPH_UNWEIGHTED = 8  /* ignore weights */
};

/* From arrays of arcs (weight may be NULL). Parallel radix sort; O(n + m) time, the arrays
 * themselves plus 8 bytes an arc while it runs (some 40 for the arcs of the largest buckets of
 * rows, one a thread); for an undirected graph also the directed form and its transpose.
 * bad_request: an end ≥ n, a weight NaN, infinite or negative. The same bytes for the same multiset
 * of arcs at any thread count. */
GX_MUST_CHECK gx_status gx_graph_build(gx_graph *out, uint32_t n, uint64_t m, const uint32_t *src,
                                       const uint32_t *dst, const float *weight, unsigned flags,
                                       gx_job *job, gx_error *err);
/* The same ties without direction; a copy of the handle where `graph` is undirected already. */
GX_MUST_CHECK gx_status gx_graph_undirected(gx_graph *out, const gx_graph *graph, gx_job *job,
                                            gx_error *err);
/* Without the arcs from members marked in `from` and those to members marked in `to` (NULL: none);
 * built anew with `flags`. */
GX_MUST_CHECK gx_status gx_graph_without(gx_graph *out, const gx_graph *graph, const uint8_t *from,
                                         const uint8_t *to, unsigned flags, gx_job *job,
                                         gx_error *err);
void gx_graph_finish(gx_graph *graph); /* leaves it empty; safe twice */
uint64_t gx_graph_bytes(const gx_graph *graph);
/* Of the arcs and their order, not of weights: what numbers by arc fit where it is the same. Others
 * have it with chance 2^-53, since readers of JSON have so many bits. O(n + m). */
uint64_t gx_graph_digest(const gx_graph *graph);

/* rows × cols, values float, columns sorted within a row. */
typedef struct gx_matrix {
    uint32_t rows, cols;
    uint64_t nnz;
    const uint64_t *ptr; /* rows + 1 */
    const uint32_t *col; /* nnz */
    const float *value;  /* nnz or NULL: all 1 */
    const int64_t *ts;   /* nnz or NULL: time of the latest event, ms */
    void *owner;
} gx_matrix;

/* Same (row, col) given twice: values summed, latest time kept. */
GX_MUST_CHECK gx_status gx_matrix_build(gx_matrix *out, uint32_t rows, uint32_t cols, uint64_t nnz,
                                        const uint32_t *row, const uint32_t *col,
                                        const float *value, const int64_t *ts, gx_job *job,
                                        gx_error *err);
GX_MUST_CHECK gx_status gx_matrix_transpose(gx_matrix *out, const gx_matrix *matrix, gx_job *job,
                                            gx_error *err);
void gx_matrix_finish(gx_matrix *matrix);
uint64_t gx_matrix_bytes(const gx_matrix *matrix);
static inline double gx_matrix_value(const gx_matrix *matrix, uint64_t i) {
    return matrix->value ? (double)matrix->value[i] : 1.0;
}
/* Index of (row, col), or UINT64_MAX. */
uint64_t gx_matrix_find(const gx_matrix *matrix, uint32_t row, uint32_t col);

enum { GX_RUSH = 30 }; /* so much said within an hour is a burst */

/* What one member did, counted. */
typedef struct gx_fact {
    int64_t joined_ms;           /* of its record; INT64_MIN: it does not say */
    int64_t first_ms, last_ms;   /* of its events; INT64_MAX, INT64_MIN: there are none */
    uint32_t events, looks;      /* all; of those that only looked */
    uint32_t purchases, coupons; /* those with a coupon are among the purchases */
    uint32_t shares;
    uint32_t answers; /* replies and comments to other members */
    uint32_t invites; /* members it invited, referred or shared with */
    uint32_t said;    /* events that neither looked nor bought: shares, reviews, posts */
    uint32_t peak;    /* most of them within one hour of the clock */
    uint32_t rushed;  /* those within hours that have GX_RUSH or more */
    uint32_t quarter; /* those at a full quarter of an hour, as times that say the day alone are */
    uint32_t same;    /* shares of the one item that has most of them, less those of others: at most
                         that (the majority vote of Boyer and Moore 1981); 0 where none has half */
    uint32_t brought; /* purchases of others by way of it */
} gx_fact;

typedef struct gx_facts {
    uint32_t n;
    int64_t end_ms; /* of the newest event; INT64_MIN: there is none */
    gx_fact *of;    /* n */
} gx_facts;

/* The label of each node by one text field (an item's category, a user's region), as dense numbers;
 * GX_NONE where there is none. Names lie one after the other: name k is [name_at[k], name_at[k+1]).
 */
typedef struct gx_labels {
    uint32_t n, count;
    uint32_t *label;   /* n */
    uint32_t *name_at; /* count + 1 */
    char *names;
} gx_labels;

gx_slice gx_label_name(const gx_labels *labels, uint32_t label);
void gx_labels_finish(gx_labels *labels);

#endif
