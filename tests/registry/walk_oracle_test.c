/* Measures that iterate over arcs, against naive twins on small seeded graphs and igraph. */
#include "tests/registry/sample.h"

#include "engine/kernel/leading.h"
#include "engine/kernel/push.h"

/* ---- a dense twin ---------------------------------------------------------------------------- */

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

/* ---- eigenvectors ---------------------------------------------------------------------------- */

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
    for (int k = 0; k < 1500; k++) {
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
        run_result r = run(
            "eigenvector", &s.input, 2,
            PARAMS("directed", "1", "weighted", weighted ? "1" : "0", "max_iterations", "3000"));
        const double *score = score_of(&r, "eigenvector", &s.input);
        const double *value = gx_result_get(r.arrays, "eigenvector", "value", GX_F64, 1);
        const double *residual = gx_result_get(r.arrays, "eigenvector", "residual", GX_F64, 1);
        dense_in(a, &s.graph, weighted);
        double expected = naive_leading(x, a, s.graph.n);
        if (*value == 0) {
            acyclic++;
            assert_true(expected < 0.02); /* a path of 24: the twin's sum grows as k²³ */
        } else if (*residual <= 1e-9 && naive_residual(x, a, s.graph.n, expected) < 1e-9) {
            compared++;
            assert_true(fabs(*value - expected) <= 1e-6 * expected);
            /* Of a shared value each has its own part, so it is the products that are compared. */
            assert_true(naive_residual(score, a, s.graph.n, *value) <= 1e-6 * *value);
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
        bool directed = seed / 2 % 2, weighted = seed / 4 % 2;
        igraph_of(&graph, &weights, directed ? &s.graph : &s.undirected);
        igraph_vector_init(&expected, 0);
        igraph_vector_int_init(&part, 0);
        igraph_connected_components(&graph, &part, NULL, &parts, IGRAPH_STRONG);
        if (parts == 1 && s.graph.n > 3) {
            igraph_arpack_options_init(&options);
            assert_int_equal(igraph_eigenvector_centrality(&graph, &expected, &value, directed,
                                                           true, weighted ? &weights : NULL,
                                                           &options),
                             IGRAPH_SUCCESS);
            const char *const params[] = {"directed",
                                          directed ? "1" : "0",
                                          "weighted",
                                          weighted ? "1" : "0",
                                          "max_iterations",
                                          "20000",
                                          NULL};
            run_result r = run("eigenvector", &s.input, 1, params);
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

/* ---- solved as linear systems ---------------------------------------------------------------- */

enum { ROWS = N_MAX + 1 };

/* a x = b by elimination with the largest pivot; b becomes x. */
static void solve_dense(double a[ROWS][ROWS], double *b, uint32_t n) {
    for (uint32_t c = 0; c < n; c++) {
        uint32_t pivot = c;
        for (uint32_t r = c + 1; r < n; r++) {
            pivot = fabs(a[r][c]) > fabs(a[pivot][c]) ? r : pivot;
        }
        for (uint32_t k = 0; k < n; k++) {
            double swap = a[c][k];
            a[c][k] = a[pivot][k];
            a[pivot][k] = swap;
        }
        double swap = b[c];
        b[c] = b[pivot];
        b[pivot] = swap;
        for (uint32_t r = 0; r < n; r++) {
            double factor = r == c ? 0 : a[r][c] / a[c][c];
            for (uint32_t k = c; factor != 0 && k < n; k++) {
                a[r][k] -= factor * a[c][k];
            }
            b[r] -= factor * b[c];
        }
    }
    for (uint32_t c = 0; c < n; c++) {
        b[c] /= a[c][c];
    }
}

/* 0.85 / the largest singular value, by powers of Aᵀ A where those have settled. */
static void expect_alpha(matrix a, uint32_t n, double alpha) {
    matrix gram;
    double x[N_MAX];
    static uint32_t calls;
    if (alpha == 0 || calls++ % 7) {
        return; /* dense powers are slow */
    }
    for (uint32_t v = 0; v < n; v++) {
        for (uint32_t u = 0; u < n; u++) {
            gram[v][u] = 0;
            for (uint32_t k = 0; k < n; k++) {
                gram[v][u] += a[k][v] * a[k][u];
            }
        }
    }
    double value = naive_leading(x, gram, n);
    if (value > 0.1 && naive_residual(x, gram, n, value) < 1e-9 * value) {
        assert_true(fabs(alpha * sqrt(value) - 0.85) < 1e-6);
    }
}

static void test_katz(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        matrix a;
        double system[ROWS][ROWS], x[ROWS];
        sample_make(&s, seed, seed % 2);
        bool weighted = seed / 2 % 2, directed = seed / 4 % 2, given = seed / 8 % 2;
        uint32_t n = s.graph.n;
        const char *alpha = given ? "0.005" : "0"; /* no row of these weighs 200 */
        const char *const params[] = {
            "directed", directed ? "1" : "0", "weighted", weighted ? "1" : "0", "alpha", alpha,
            NULL};
        run_result r = run("katz", &s.input, 2, params);
        const double *score = score_of(&r, "katz", &s.input);
        const double *used = gx_result_get(r.arrays, "katz", "alpha", GX_F64, 1);
        dense_in(a, directed ? &s.graph : &s.undirected, weighted);
        for (uint32_t v = 0; v < n; v++) {
            x[v] = 1;
            for (uint32_t u = 0; u < n; u++) {
                system[v][u] = (u == v) - *used * a[v][u];
            }
        }
        solve_dense(system, x, n);
        for (uint32_t v = 0; v < n; v++) {
            if (!(fabs(score[v] - x[v]) <= 2e-9 * x[v])) {
                fail_msg("seed %d, member %u: %.12g, not %.12g", (int)seed, v, score[v], x[v]);
            }
        }
        expect_alpha(a, n, given ? 0 : *used);
        run_free(&r);
        sample_free(&s);
    }
}

/* An alpha that is too large is refused, with what it must be below. */
static void test_katz_without_end(void **state) {
    (void)state;
    arc_list arcs = {.n = 9};
    for (uint32_t v = 1; v < 9; v++) {
        arcs_add(&arcs, v - 1, v);
        arcs_add(&arcs, v, v - 1);
    }
    gx_graph graph;
    graph_of(&graph, &arcs, GX_GRAPH_IN, 1);
    gx_input input = {.graph = &graph, .users = graph.n};
    gx_arena *arena = gx_arena_create();
    gx_arrays *arrays;
    gx_error err = {0};
    gx_job job;
    gx_value map = gx_map(arena, 1);
    gx_map_put(arena, &map, "alpha", gx_str("0.6"));
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "katz");
    input.undirected = &graph;
    assert_int_equal(gx_pass_run(arrays, pass, NULL, &input, &map, &job, &err), GX_BAD_REQUEST);
    assert_string_equal(err.at, "alpha");
    assert_non_null(strstr(err.message, "about 0.52")); /* 1 / (2 cos 18°) = 0.5257 */
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

static void test_leaderrank(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        matrix a;
        double system[ROWS][ROWS], x[ROWS], sum = 0, out[N_MAX] = {0};
        uint32_t count = 0;
        sample_make(&s, seed, seed % 2);
        bool weighted = seed / 2 % 2;
        uint32_t n = s.graph.n;
        bool directed = seed / 4 % 2;
        run_result r =
            run("leaderrank", &s.input, 2,
                PARAMS("weighted", weighted ? "1" : "0", "directed", directed ? "1" : "0"));
        const double *score = score_of(&r, "leaderrank", &s.input);
        dense_in(a, directed ? &s.graph : &s.undirected, weighted);
        for (uint32_t v = 0; v < n; v++) {
            for (uint32_t u = 0; u < n; u++) {
                out[u] += a[v][u];
                sum += a[v][u];
                count += a[v][u] > 0;
            }
        }
        double ground = count ? sum / count : 1;
        memset(system, 0, sizeof system);
        for (uint32_t u = 0; u < n; u++) { /* column u: where u's time goes; row n: all sum to n */
            for (uint32_t v = 0; v < n; v++) {
                system[v][u] = a[v][u] / (out[u] + ground) - (u == v);
            }
            system[u][n] = 1.0 / n;
            system[n][u] = 1;
            x[u] = 0;
        }
        system[n][n] = 1;
        x[n] = n;
        solve_dense(system, x, n + 1);
        for (uint32_t v = 0; v < n; v++) {
            double expected = x[v] + x[n] / n;
            if (!(fabs(score[v] - expected) <= 1e-6 * expected)) {
                fail_msg("seed %d, member %u: %.12g, not %.12g", (int)seed, v, score[v], expected);
            }
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- HITS ------------------------------------------------------------------------------------ */

/* Powers of Aᵀ A, from what comes to each; whether they have settled. */
static bool naive_hits(double *authority, double *hub, matrix in, uint32_t n) {
    double before[N_MAX], apart = 0;
    for (uint32_t v = 0; v < n; v++) {
        authority[v] = 0;
        for (uint32_t u = 0; u < n; u++) {
            authority[v] += in[v][u];
        }
    }
    for (int k = 0; k < 800; k++) {
        if (k == 400) {
            memcpy(before, authority, sizeof before);
        }
        for (int half = 0; half < 2; half++) {
            double *from = half ? hub : authority, *to = half ? authority : hub;
            for (uint32_t v = 0; v < n; v++) {
                to[v] = 0;
                for (uint32_t u = 0; u < n; u++) {
                    to[v] += (half ? in[v][u] : in[u][v]) * from[u];
                }
            }
            double most = largest(to, n);
            for (uint32_t v = 0; v < n; v++) {
                to[v] = most > 0 ? to[v] / most : 1;
            }
        }
    }
    for (uint32_t v = 0; v < n; v++) {
        apart = fmax(apart, fabs(authority[v] - before[v]));
    }
    return apart < 1e-12;
}

static void test_hits(void **state) {
    (void)state;
    uint32_t compared = 0;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        matrix a;
        double authority[N_MAX], hub[N_MAX];
        sample_make(&s, seed, seed % 2);
        bool weighted = seed / 2 % 2;
        bool directed = seed / 4 % 2;
        run_result r =
            run("hits", &s.input, 2,
                PARAMS("weighted", weighted ? "1" : "0", "directed", directed ? "1" : "0"));
        const double *score = score_of(&r, "hits", &s.input);
        const double *hubs = gx_result_get(r.arrays, "hits", "hub", GX_F64, s.graph.n);
        dense_in(a, directed ? &s.graph : &s.undirected, weighted);
        bool settled = naive_hits(authority, hub, a, s.graph.n);
        for (uint32_t v = 0; settled && v < s.graph.n; v++) {
            if (!(fabs(score[v] - authority[v]) <= 1e-6 && fabs(hubs[v] - hub[v]) <= 1e-6)) {
                fail_msg("seed %d, member %u: %.9g %.9g, not %.9g %.9g", (int)seed, v, score[v],
                         hubs[v], authority[v], hub[v]);
            }
        }
        compared += settled;
        run_free(&r);
        sample_free(&s);
    }
    assert_true(compared > SEEDS / 4);
}

/* igraph's, on real graphs with directions. */
static void test_hits_as_igraph_has_it(void **state) {
    (void)state;
    static const char *const paths[] = {DATA_GRAPHS "/polblogs/edges_directed.txt.gz",
                                        DATA_GRAPHS "/email-eu-core/edges_directed.txt.gz"};
    for (size_t i = 0; i < GX_COUNT(paths); i++) {
        arc_list arcs;
        gx_graph graph;
        igraph_t twin;
        igraph_vector_t weights, hub, authority;
        igraph_real_t value;
        igraph_arpack_options_t options;
        if (!arcs_read(&arcs, paths[i])) {
            print_message("skipped: no data in %s\n", paths[i]);
            skip();
        }
        graph_of(&graph, &arcs, GX_GRAPH_IN, 2);
        gx_input input = {.graph = &graph, .users = graph.n};
        run_result r = run("hits", &input, 2, NULL);
        const double *score = score_of(&r, "hits", &input);
        const double *hubs = gx_result_get(r.arrays, "hits", "hub", GX_F64, graph.n);
        igraph_of(&twin, &weights, &graph);
        igraph_vector_init(&hub, 0);
        igraph_vector_init(&authority, 0);
        igraph_arpack_options_init(&options);
        assert_int_equal(
            igraph_hub_and_authority_scores(&twin, &hub, &authority, &value, true, NULL, &options),
            IGRAPH_SUCCESS);
        for (uint32_t v = 0; v < graph.n; v++) {
            assert_true(fabs(score[v] - VECTOR(authority)[v]) <= 1e-7);
            assert_true(fabs(hubs[v] - VECTOR(hub)[v]) <= 1e-7);
        }
        igraph_vector_destroy(&hub);
        igraph_vector_destroy(&authority);
        igraph_vector_destroy(&weights);
        igraph_destroy(&twin);
        run_free(&r);
        gx_graph_finish(&graph);
        arcs_free(&arcs);
    }
}

/* ---- PageRank's bound is proved -------------------------------------------------------------- */

/* Against plain iteration until nothing moves: the told bound holds at every tolerance, and is
 * itself within the tolerance. */
static void expect_bound(const gx_input *input, const char *tolerance, const char *damping,
                         const char *member) {
    const gx_graph *g = input->graph;
    const char *const params[] = {"tolerance", tolerance, "damping", damping,
                                  "members",   member,    NULL};
    run_result r = run("pagerank", input, 1, params);
    const double *score = score_of(&r, "pagerank", input);
    const double *told = gx_result_get(r.arrays, "pagerank", "bound", GX_F64, 1);
    double bound = *told, d = strtod(damping, NULL), old[N_MAX], fresh[N_MAX], apart = 0;
    uint32_t only = (uint32_t)strtoul(member, NULL, 10);
    for (uint32_t v = 0; v < g->n; v++) {
        old[v] = v == only;
    }
    for (int step = 0; step < 3000; step++) {
        double refill = 1 - d;
        memset(fresh, 0, sizeof fresh);
        for (uint32_t u = 0; u < g->n; u++) {
            double strength = 0;
            for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
                strength += g->out_weight ? (double)g->out_weight[i] : 1;
            }
            refill += strength > 0 ? 0 : d * old[u];
            for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
                double weight = g->out_weight ? (double)g->out_weight[i] : 1;
                fresh[g->out_dst[i]] += d * old[u] * weight / strength;
            }
        }
        fresh[only] += refill;
        memcpy(old, fresh, sizeof old);
    }
    for (uint32_t v = 0; v < g->n; v++) {
        apart += fabs(score[v] - old[v]);
    }
    assert_true(apart <= bound + 1e-14);
    assert_true(bound <= strtod(tolerance, NULL));
    run_free(&r);
}

static void test_pagerank_bound(void **state) {
    static const char *const tolerances[] = {"0.1", "1e-3", "1e-6", "1e-9", "1e-12", "1e-13"};
    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++) {
        sample s;
        char member[16];
        sample_make(&s, seed, seed % 2);
        snprintf(member, sizeof member, "%u", (uint32_t)(seed % s.graph.n));
        gx_input input = s.input;
        input.graph = seed % 3 ? &s.undirected : &s.graph;
        expect_bound(&input, tolerances[seed % 6], seed % 5 ? "0.85" : "0.97", member);
        sample_free(&s);
    }
}

/* ---- PageRank of graphs large enough for parts and threads ----------------------------------- */

static void expect_same_at_threads(const gx_input *input, const double *score) {
    run_result r = run("pagerank", input, 3, NULL);
    assert_memory_equal(score_of(&r, "pagerank", input), score, input->users * sizeof *score);
    run_free(&r);
}

static void test_pagerank_in_parts(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        gx_rng rng = gx_rng_at(seed, 43);
        arc_list arcs = {.n = 20000 + 7000 * (uint32_t)seed};
        bool both = seed % 3 == 2; /* every tie both ways, but the graph is kept with directions */
        for (uint32_t i = 0; i < 3 * arcs.n; i++) { /* a third of all lead nowhere */
            uint32_t u = (uint32_t)gx_rng_below(&rng, arcs.n * 2 / 3);
            uint32_t v = (uint32_t)gx_rng_below(&rng, arcs.n);
            arcs_add(&arcs, u, v);
            if (both) {
                arcs_add(&arcs, v, u);
            }
        }
        gx_graph graph;
        igraph_t twin;
        igraph_vector_t weights, expected;
        graph_of(&graph, &arcs, GX_GRAPH_IN, 2);
        gx_input input = {.graph = &graph, .users = graph.n};
        run_result r = run("pagerank", &input, 1, NULL);
        const double *score = score_of(&r, "pagerank", &input);
        expect_same_at_threads(&input, score);
        igraph_of(&twin, &weights, &graph);
        igraph_vector_init(&expected, 0);
        assert_int_equal(igraph_pagerank(&twin, IGRAPH_PAGERANK_ALGO_PRPACK, &expected, NULL,
                                         igraph_vss_all(), true, 0.85, &weights, NULL),
                         IGRAPH_SUCCESS);
        double apart = 0;
        for (uint32_t v = 0; v < graph.n; v++) {
            apart += fabs(score[v] - VECTOR(expected)[v]);
        }
        assert_true(apart <= 2e-9);
        igraph_vector_destroy(&weights);
        igraph_vector_destroy(&expected);
        igraph_destroy(&twin);
        run_free(&r);
        gx_graph_finish(&graph);
        arcs_free(&arcs);
    }
}

/* ---- forward push ---------------------------------------------------------------------------- */

/* PageRank that starts again from one member is what push comes to from below, by its bound. */
static void expect_push(const sample *s, uint32_t source, bool undirected, bool weighted,
                        double epsilon) {
    gx_input input = s->input;
    char member[16];
    gx__push push;
    gx_job job;
    uint32_t n = s->graph.n;
    double short_of = 0;
    input.graph = undirected ? &s->undirected : &s->graph;
    snprintf(member, sizeof member, "%u", source);
    const char *const params[] = {"members",   member,  "weighted", weighted ? "1" : "0",
                                  "tolerance", "1e-12", "damping",  "0.8",
                                  NULL};
    run_result r = run("pagerank", &input, 1, params);
    const double *expected = score_of(&r, "pagerank", &input);
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx__push_run(&push, input.graph, weighted, source, 0.2, epsilon, &job, NULL),
                     GX_OK);
    uint32_t above = 0;
    for (uint32_t v = 0; v < n; v++) {
        double gap = expected[v] - push.score[v];
        double ties = (double)(input.graph->out_ptr[v + 1] - input.graph->out_ptr[v]);
        assert_true(gap >= -1e-11);
        assert_true(gap <= gx__push_short(&push, input.graph, weighted, v) + 1e-11);
        assert_true(push.residual[v] < epsilon * fmax(ties, 1));
        short_of += gap;
        above += push.score[v] > 0;
    }
    assert_true(fabs(short_of - push.bound) <= 1e-10);
    assert_int_equal(above, push.count);
    assert_true((double)push.arcs <= 1 / (0.2 * epsilon));
    gx__push_finish(&push, &job);
    assert_true(atomic_load(&job.mem_used) == 0);
    run_free(&r);
}

static void test_push(void **state) {
    (void)state;
    static const double epsilons[] = {0.5, 1e-2, 1e-4, 1e-9};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed % 2);
        expect_push(&s, (uint32_t)(seed * 7) % s.graph.n, seed / 2 % 2, seed / 4 % 2,
                    epsilons[seed / 8 % 4]);
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_eigenproblems),
        cmocka_unit_test(test_directed_eigenvector),
        cmocka_unit_test(test_eigenvector_as_igraph_has_it),
        cmocka_unit_test(test_eigenvector_of_bipartite_graphs),
        cmocka_unit_test(test_katz),
        cmocka_unit_test(test_katz_without_end),
        cmocka_unit_test(test_leaderrank),
        cmocka_unit_test(test_hits),
        cmocka_unit_test(test_hits_as_igraph_has_it),
        cmocka_unit_test(test_pagerank_bound),
        cmocka_unit_test(test_pagerank_in_parts),
        cmocka_unit_test(test_push),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
