/* What the registry-wide tests share: seeded graphs, real edge lists, and igraph's view of a graph.
 */
#ifndef GX_TESTS_REGISTRY_SUPPORT_H
#define GX_TESTS_REGISTRY_SUPPORT_H

#include "graph/csr/graph.h"
#include "graph/snapshot/arrays.h"

#include <igraph/igraph.h>
#include <zlib.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define DATA_GRAPHS "../shared/data/graphs"

typedef struct arc_list {
    uint32_t n;
    uint64_t m, capacity;
    uint32_t *src, *dst;
    float *weight; /* NULL: all 1 */
} arc_list;

static inline void arcs_add(arc_list *list, uint32_t u, uint32_t v) {
    if (list->m == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->src = gx_realloc(list->src, list->capacity, sizeof *list->src);
        list->dst = gx_realloc(list->dst, list->capacity, sizeof *list->dst);
        assert_true(list->src && list->dst);
    }
    list->src[list->m] = u;
    list->dst[list->m++] = v;
}

static inline void arcs_free(arc_list *list) {
    gx_free(list->src);
    gx_free(list->dst);
    gx_free(list->weight);
    *list = (arc_list){0};
}

/* Reads "u v" a line; false where the file is not there. Node numbers as they are, n one more than
 * the largest. */
static inline bool arcs_read(arc_list *out, const char *path) {
    char line[256];
    gzFile file = gzopen(path, "rb");
    *out = (arc_list){0};
    if (!file) {
        return false;
    }
    while (gzgets(file, line, sizeof line)) {
        unsigned u, v;
        if (sscanf(line, "%u %u", &u, &v) == 2) {
            arcs_add(out, u, v);
            out->n = u >= out->n ? u + 1 : out->n;
            out->n = v >= out->n ? v + 1 : out->n;
        }
    }
    gzclose(file);
    return true;
}

static inline void graph_of(gx_graph *out, const arc_list *list, unsigned flags, int threads) {
    gx_job job;
    gx_job_init(&job, threads, 1);
    gx_error err = {0};
    gx_status status = gx_graph_build(out, list->n, list->m, list->src, list->dst, list->weight,
                                      flags, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

static inline double element(const gx_array *array, uint64_t i) {
    return array->dtype == GX_F64   ? ((const double *)array->data)[i]
           : array->dtype == GX_F32 ? (double)((const float *)array->data)[i]
                                    : (double)((const uint32_t *)array->data)[i];
}

/* The same graph for igraph; each edge of an undirected one once. Weights in arc order. */
static inline void igraph_of(igraph_t *out, igraph_vector_t *weights, const gx_graph *graph) {
    igraph_vector_int_t edges;
    igraph_vector_int_init(&edges, 0);
    igraph_vector_init(weights, 0);
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            if (graph->directed || v <= graph->out_dst[i]) {
                igraph_vector_int_push_back(&edges, v);
                igraph_vector_int_push_back(&edges, graph->out_dst[i]);
                igraph_vector_push_back(weights,
                                        graph->out_weight ? (double)graph->out_weight[i] : 1);
            }
        }
    }
    igraph_create(out, &edges, graph->n, graph->directed);
    igraph_vector_int_destroy(&edges);
}

/* The same members together, whatever the numbers are. */
static inline void expect_same_parts(const uint32_t *community, const igraph_vector_int_t *expected,
                                     uint32_t n) {
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < u; v++) {
            assert_int_equal(community[u] == community[v],
                             VECTOR(*expected)[u] == VECTOR(*expected)[v]);
        }
    }
}

#endif
