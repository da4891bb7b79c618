/* Measures that iterate over arcs, against naive twins on small seeded graphs and against igraph. */
#include "tests/registry/sample.h"

#include "engine/kernel/leading.h"

/* ---- a dense twin ------------------------------------------------------------------------------ */

typedef double matrix[N_MAX][N_MAX];

/* a[v][u]: what comes to v from u. */
static void dense_in(matrix a, const gx_graph *g, bool weighted) {
    memset(a, 0, sizeof(matrix));
    for (uint32_t u = 0; u < g->n; u++) {
        for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
            a[g->out_dst[i]][u] = weighted && g->out_weight ? (double)g->out_weight[i] : 1;
        }
    }
}

static double largest(const double *x, uint32_t n) {
    double most = 0;
    for (uint32_t v = 0; v < n; v++) {
        most = fmax(most, fabs(x[v]));
    }
    return most;
}

/* ---- eigenvectors -------------------------------------------------------------------------------- */

static void test_small_eigenproblems(void **state) {
    (void)state;
    enum { K = 7, STRIDE = 9 };
    for (uint64_t seed = 0; seed < 200; seed++) {
        gx_rng rng = gx_rng_at(seed, 41);
        double a[K * STRIDE], b[K * STRIDE], vector[K * STRIDE], value[K];
        int k = 1 + (int)(seed % K);
        for (int i = 0; i < k; i++) {
            for (int j = 0; j <= i; j++) {
                a[i * STRIDE + j] = a[j * STRIDE + i] = (double)gx_rng_below(&rng, 9) - 4;
            }
        }
        memcpy(b, a, sizeof b);
        gx__eigen_small(value, vector, b, k, STRIDE);
        for (int c = 0; c < k; c++) {
            assert_true(c == 0 || value[c] <= value[c - 1]);
            for (int i = 0; i < k; i++) {
                double product = 0;
                for (int j = 0; j < k; j++) {
                    product += a[i * STRIDE + j] * vector[j * STRIDE + c];
                }
                assert_true(fabs(product - value[c] * vector[i * STRIDE + c]) < 1e-12 * 30);
            }
        }
    }
}

/* Power iteration on the matrix with 1 added to its diagonal. */
static double naive_leading(double *x, matrix a, uint32_t n) {
    double value = 0;
    for (uint32_t v = 0; v < n; v++) {
        x[v] = 1;
    }
    for (int k = 0; k < 3000; k++) {
        double y[N_MAX];
        for (uint32_t v = 0; v < n; v++) {
            y[v] = x[v];
            for (uint32_t u = 0; u < n; u++) {
                y[v] += a[v][u] * x[u];
            }
        }
        value = largest(y, n);
        for (uint32_t v = 0; v < n; v++) {
            x[v] = y[v] / value;
        }
    }
    return value - 1;
}

/* The twin comes to a vector as slowly as a graph of parts in a row makes it, and then says so. */
static double naive_residual(const double *x, matrix a, uint32_t n, double value) {
    double apart = 0;
    for (uint32_t v = 0; v < n; v++) {
        double y = 0;
        for (uint32_t u = 0; u < n; u++) {
            y += a[v][u] * x[u];
        }
        apart = fmax(apart, fabs(y - value * x[v]));
    }
    return apart;
}

static void test_directed_eigenvector(void **state) {
    (void)state;
    uint32_t compared = 0, acyclic = 0;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        matrix a;
        double x[N_MAX];
        sample_make(&s, seed, seed % 2);
        bool weighted = seed / 2 % 2;
        run_result r = run("eigenvector", &s.input, 2,
                           PARAMS("directed", "1", "weighted", weighted ? "1" : "0",
                                  "max_iterations", "3000"));
        const double *score = score_of(&r, "eigenvector", &s.input);
        const double *value = gx_result_get(r.arrays, "eigenvector", "value", GX_F64, 1);
        const double *residual = gx_result_get(r.arrays, "eigenvector", "residual", GX_F64, 1);
        dense_in(a, &s.graph, weighted);
        double expected = naive_leading(x, a, s.graph.n);
        if (*value == 0) {
            acyclic++;
            assert_true(expected < 0.01);
        } else if (*residual <= 1e-9 && naive_residual(x, a, s.graph.n, expected) < 1e-9) {
            compared++;
            assert_true(fabs(*value - expected) <= 1e-6 * expected);
            double sum = 0, again = 0; /* of a shared value each has its own part: compare products */
            for (uint32_t v = 0; v < s.graph.n; v++) {
                sum += score[v];
                again += x[v];
            }
            assert_true(naive_residual(score, a, s.graph.n, *value) <= 1e-6 * *value);
            assert_true(sum > 0 && again > 0);
        }
        run_free(&r);
        sample_free(&s);
    }
    assert_true(compared > SEEDS / 8 && acyclic > 20);
}

/* igraph's, where the leading value belongs to one strong part and so to one vector. */
static void test_eigenvector_as_igraph_has_it(void **state) {
    (void)state;
    uint32_t compared[2] = {0};
    igraph_set_warning_handler(igraph_warning_handler_ignore); /* of weights with directions */
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        igraph_t graph;
        igraph_vector_t weights, expected;
        igraph_vector_int_t part;
        igraph_integer_t parts;
        igraph_real_t value;
        igraph_arpack_options_t options;
        sample_make(&s, seed, seed % 2);
        bool directed = seed / 2 % 2;
        igraph_of(&graph, &weights, directed ? &s.graph : &s.undirected);
        igraph_vector_init(&expected, 0);
        igraph_vector_int_init(&part, 0);
        igraph_connected_components(&graph, &part, NULL, &parts, IGRAPH_STRONG);
        if (parts == 1 && s.graph.n > 3) {
            igraph_arpack_options_init(&options);
            assert_int_equal(igraph_eigenvector_centrality(&graph, &expected, &value, directed, true,
                                                           &weights, &options),
                             IGRAPH_SUCCESS);
            run_result r =
                run("eigenvector", &s.input, 1, PARAMS("directed", directed ? "1" : "0"));
            const double *score = score_of(&r, "eigenvector", &s.input);
            for (uint32_t v = 0; v < s.graph.n; v++) {
                assert_true(fabs(score[v] - VECTOR(expected)[v]) <= 1e-6);
            }
            compared[directed]++;
            run_free(&r);
        }
        igraph_vector_int_destroy(&part);
        igraph_vector_destroy(&weights);
        igraph_vector_destroy(&expected);
        igraph_destroy(&graph);
        sample_free(&s);
    }
    assert_true(compared[0] > 80 && compared[1] > 15);
}

/* Trees and grids have −λ beside λ: what would not settle for powers of the matrix alone. */
static void test_eigenvector_of_bipartite_graphs(void **state) {
    (void)state;
    enum { SIDE = 40, LEAVES = 5000 };
    arc_list star = {.n = LEAVES + 1}, grid = {.n = SIDE * SIDE};
    for (uint32_t v = 1; v <= LEAVES; v++) {
        arcs_add(&star, 0, v);
    }
    for (uint32_t v = 0; v < grid.n; v++) {
        if (v % SIDE + 1 < SIDE) {
            arcs_add(&grid, v, v + 1);
        }
        if (v + SIDE < grid.n) {
            arcs_add(&grid, v, v + SIDE);
        }
    }
    const arc_list *both[] = {&star, &grid};
    const double expected[] = {sqrt(LEAVES), 4 * cos(acos(-1) / (SIDE + 1))};
    for (int i = 0; i < 2; i++) {
        gx_graph graph;
        graph_of(&graph, both[i], GX_GRAPH_UNDIRECTED, 1);
        gx_input input = {.graph = &graph, .undirected = &graph, .users = graph.n};
        for (int directed = 0; directed < 2; directed++) {
            run_result r = run("eigenvector", &input, 2, PARAMS("directed", directed ? "1" : "0"));
            const double *score = score_of(&r, "eigenvector", &input);
            const double *value = gx_result_get(r.arrays, "eigenvector", "value", GX_F64, 1);
            assert_true(fabs(*value - expected[i]) <= 1e-7 * expected[i]);
            assert_true(i == 1 || fabs(score[1] - 1 / sqrt(LEAVES)) < 1e-7);
            run_free(&r);
        }
        gx_graph_finish(&graph);
    }
    arcs_free(&star);
    arcs_free(&grid);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_eigenproblems),
        cmocka_unit_test(test_directed_eigenvector),
        cmocka_unit_test(test_eigenvector_as_igraph_has_it),
        cmocka_unit_test(test_eigenvector_of_bipartite_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
