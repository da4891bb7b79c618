/* igraph's C library as a peer, called as its users call it. One thread, one call at a time: the
 * benchmark runs nothing beside it. */
#include "bench/bench.h"

#include <igraph/igraph.h>

struct gx_peer_graph {
    igraph_t graph;
};

static gx_status said(igraph_error_t code, gx_error *err) {
    return code == IGRAPH_SUCCESS ? GX_OK
                                  : gx_fail(err, GX_INTERNAL, "igraph: %s", igraph_strerror(code));
}

/* Duplicates and loops are left out first, as the view leaves them out. */
gx_status gx_peer_open(gx_peer_graph **out, const gx_bench_arcs *arcs, bool directed,
                       gx_error *err) {
    igraph_vector_int_t edges;
    gx_peer_graph *made = gx_alloc0(1, sizeof *made);
    if (!made) {
        return gx_fail_memory(err, sizeof *made);
    }
    igraph_set_error_handler(igraph_error_handler_ignore);
    igraph_error_t code = igraph_vector_int_init(&edges, (igraph_integer_t)(2 * arcs->m));
    if (code != IGRAPH_SUCCESS) {
        gx_free(made);
        return said(code, err);
    }
    for (uint64_t k = 0; k < arcs->m; k++) {
        VECTOR(edges)[2 * k] = arcs->src[k];
        VECTOR(edges)[2 * k + 1] = arcs->dst[k];
    }
    code = igraph_create(&made->graph, &edges, (igraph_integer_t)arcs->n, directed);
    igraph_vector_int_destroy(&edges);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_simplify(&made->graph, true, true, NULL);
    }
    if (code != IGRAPH_SUCCESS) {
        gx_free(made);
        return said(code, err);
    }
    *out = made;
    return GX_OK;
}

void gx_peer_close(gx_peer_graph *graph) {
    if (graph) {
        igraph_destroy(&graph->graph);
        gx_free(graph);
    }
}

gx_status gx_peer_pagerank(double *score, const gx_peer_graph *graph, gx_error *err) {
    igraph_vector_t result;
    igraph_real_t value;
    igraph_error_t code = igraph_vector_init(&result, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_pagerank(&graph->graph, IGRAPH_PAGERANK_ALGO_PRPACK, &result, &value,
                               igraph_vss_all(), true, 0.85, NULL, NULL);
        for (igraph_integer_t v = 0; code == IGRAPH_SUCCESS && v < igraph_vector_size(&result);
             v++) {
            score[v] = VECTOR(result)[v];
        }
        igraph_vector_destroy(&result);
    }
    return said(code, err);
}

gx_status gx_peer_leiden(double *out_modularity, const gx_peer_graph *graph, gx_error *err) {
    igraph_vector_int_t membership;
    igraph_vector_t degree;
    igraph_integer_t clusters;
    igraph_real_t quality;
    igraph_integer_t edges = igraph_ecount(&graph->graph);
    igraph_error_t code = igraph_vector_int_init(&membership, 0);
    if (code != IGRAPH_SUCCESS) {
        return said(code, err);
    }
    code = igraph_vector_init(&degree, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_strength(&graph->graph, &degree, igraph_vss_all(), IGRAPH_ALL, true, NULL);
        if (code == IGRAPH_SUCCESS) {
            code =
                igraph_community_leiden(&graph->graph, NULL, &degree, 1.0 / (2.0 * (double)edges),
                                        0.01, false, 2, &membership, &clusters, &quality);
        }
        if (code == IGRAPH_SUCCESS) {
            code = igraph_modularity(&graph->graph, &membership, NULL, 1, false, &quality);
            *out_modularity = quality;
        }
        igraph_vector_destroy(&degree);
    }
    igraph_vector_int_destroy(&membership);
    return said(code, err);
}

gx_status gx_peer_components(uint32_t *out_count, const gx_peer_graph *graph, gx_error *err) {
    igraph_vector_int_t membership;
    igraph_integer_t count = 0;
    igraph_error_t code = igraph_vector_int_init(&membership, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_connected_components(&graph->graph, &membership, NULL, &count, IGRAPH_WEAK);
        igraph_vector_int_destroy(&membership);
    }
    *out_count = (uint32_t)count;
    return said(code, err);
}

gx_status gx_peer_kcore(double *score, const gx_peer_graph *graph, gx_error *err) {
    igraph_vector_int_t cores;
    igraph_error_t code = igraph_vector_int_init(&cores, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_coreness(&graph->graph, &cores, IGRAPH_ALL);
        for (igraph_integer_t v = 0; code == IGRAPH_SUCCESS && v < igraph_vector_int_size(&cores);
             v++) {
            score[v] = (double)VECTOR(cores)[v];
        }
        igraph_vector_int_destroy(&cores);
    }
    return said(code, err);
}
