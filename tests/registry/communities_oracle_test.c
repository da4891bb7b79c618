/* Louvain and Leiden against naive definitions and igraph, on thousands of small seeded graphs,
 * weighted and not. */
#include "tests/registry/sample.h"

enum { GRAPHS = 1000 };

static const double TINY = 1e-9;

static double weight_between(const gx_graph *graph, uint32_t u, uint32_t v) {
    for (uint64_t i = graph->out_ptr[u]; i < graph->out_ptr[u + 1]; i++) {
        if (graph->out_dst[i] == v) {
            return graph->out_weight ? (double)graph->out_weight[i] : 1;
        }
    }
    return 0;
}

/* From the definition, over all pairs. */
static double naive_modularity(const gx_graph *graph, const uint32_t *community,
                               double resolution) {
    double degree[N_MAX] = {0}, all = 0, sum = 0;
    for (uint32_t u = 0; u < graph->n; u++) {
        for (uint32_t v = 0; v < graph->n; v++) {
            degree[u] += weight_between(graph, u, v);
        }
        all += degree[u];
    }
    for (uint32_t u = 0; all > 0 && u < graph->n; u++) {
        for (uint32_t v = 0; v < graph->n; v++) {
            if (community[u] == community[v]) {
                sum += weight_between(graph, u, v) - resolution * degree[u] * degree[v] / all;
            }
        }
    }
    return all > 0 ? sum / all : 0;
}

/* No two communities gain by being one: the last level of either algorithm leaves none. */
static void assert_nothing_to_merge(const gx_graph *graph, const uint32_t *community,
                                    double resolution) {
    uint32_t merged[N_MAX];
    double modularity = naive_modularity(graph, community, resolution);
    for (uint32_t a = 0; a < graph->n; a++) {
        for (uint32_t b = 0; b < a; b++) {
            for (uint32_t v = 0; v < graph->n; v++) {
                merged[v] = community[v] == a ? b : community[v];
            }
            assert_true(naive_modularity(graph, merged, resolution) <= modularity + TINY);
        }
    }
}

static double igraph_louvain(const gx_graph *graph, bool weighted, double resolution) {
    igraph_t other;
    igraph_vector_t weights;
    igraph_vector_int_t membership;
    uint32_t community[N_MAX];
    igraph_of(&other, &weights, graph);
    igraph_vector_int_init(&membership, 0);
    assert_int_equal(igraph_community_multilevel(&other, weighted ? &weights : NULL, resolution,
                                                 &membership, NULL, NULL),
                     IGRAPH_SUCCESS);
    for (uint32_t v = 0; v < graph->n; v++) {
        community[v] = (uint32_t)VECTOR(membership)[v];
    }
    igraph_vector_int_destroy(&membership);
    igraph_vector_destroy(&weights);
    igraph_destroy(&other);
    return naive_modularity(graph, community, resolution);
}

static void test_louvain(void **state) {
    (void)state;
    static const char *const resolutions[] = {"1", "0.5", "2"};
    double ours = 0, theirs = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        sample s;
        sample_make(&s, seed, seed % 2);
        const char *text = resolutions[seed / 2 % 3];
        const double resolution = strtod(text, NULL);
        run_result r = run("louvain", &s.input, 2, PARAMS("resolution", text));
        const uint32_t *community =
            gx_result_get(r.arrays, "louvain", "community", GX_U32, s.input.users);
        const double *given = gx_result_get(r.arrays, "louvain", "modularity", GX_F64, 1);
        double modularity = naive_modularity(&s.undirected, community, resolution);
        assert_true(fabs(*given - modularity) < TINY);
        assert_nothing_to_merge(&s.undirected, community, resolution);
        ours += modularity;
        theirs += igraph_louvain(&s.undirected, seed % 2, resolution);
        run_free(&r);
        sample_free(&s);
    }
    print_message("modularity, mean: %.5f, igraph %.5f\n", ours / GRAPHS, theirs / GRAPHS);
    assert_true(ours >= theirs - 0.001 * GRAPHS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_louvain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
