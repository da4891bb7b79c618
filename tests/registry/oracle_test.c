/* The engine's measures against igraph and naive twins, on thousands of small seeded graphs;
 * PageRank also on every real graph of the data folder. Tolerances: exact where the result is a
 * count, 1e-8 of the whole for PageRank, 1e-9 relative for betweenness, 1e-6 for eigenvectors. */
#include "tests/registry/sample.h"

#include <glob.h>

/* ---- degree and strength
 * -------------------------------------------------------------------------- */

static void expect_degree(const sample *s, const char *direction, bool weighted) {
    double w[N_MAX][N_MAX] = {{0}};
    bool there[N_MAX][N_MAX] = {{false}};
    for (uint64_t i = 0; i < s->arcs.m; i++) {
        uint32_t u = s->arcs.src[i], v = s->arcs.dst[i];
        w[u][v] += u == v ? 0 : s->arcs.weight ? (double)s->arcs.weight[i] : 1;
        there[u][v] |= u != v;
    }
    run_result r = run("degree", &s->input, 2,
                       PARAMS("direction", direction, "weighted", weighted ? "true" : "false"));
    const double *score = score_of(&r, "degree", &s->input);
    for (uint32_t u = 0; u < s->graph.n; u++) {
        double sum = 0;
        for (uint32_t v = 0; v < s->graph.n; v++) {
            bool out = there[u][v] && *direction != 'i', in = there[v][u] && *direction != 'o';
            double p = out ? w[u][v] : 0, q = in ? w[v][u] : 0;
            sum += weighted ? fmax(p, q) : out || in;
        }
        assert_true(score[u] == sum); /* quarters: exact */
    }
    run_free(&r);
}

static void test_degree(void **state) {
    (void)state;
    static const char *const directions[] = {"all", "in", "out"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed / 6 % 2);
        expect_degree(&s, directions[seed % 3], seed / 3 % 2);
        sample_free(&s);
    }
}

/* ---- PageRank
 * ------------------------------------------------------------------------------------- */

static void expect_igraph_pagerank(const gx_input *input, bool weighted, double damping,
                                   const double *reset, const double *score) {
    igraph_t graph;
    igraph_vector_t weights, expected, start;
    igraph_of(&graph, &weights, input->graph);
    igraph_vector_init(&expected, 0);
    igraph_vector_init(&start, input->users);
    for (uint32_t v = 0; reset && v < input->users; v++) {
        VECTOR(start)[v] = reset[v];
    }
    assert_int_equal(igraph_personalized_pagerank(&graph, IGRAPH_PAGERANK_ALGO_PRPACK, &expected,
                                                  NULL, igraph_vss_all(), input->graph->directed,
                                                  damping, reset ? &start : NULL,
                                                  weighted ? &weights : NULL, NULL),
                     IGRAPH_SUCCESS);
    for (uint32_t v = 0; v < input->users; v++) {
        if (!(fabs(score[v] - VECTOR(expected)[v]) <= 1e-8)) {
            fail_msg("member %u: %.12g, igraph %.12g", v, score[v], VECTOR(expected)[v]);
        }
    }
    igraph_vector_destroy(&weights);
    igraph_vector_destroy(&expected);
    igraph_vector_destroy(&start);
    igraph_destroy(&graph);
}

static void test_pagerank(void **state) {
    (void)state;
    static const char *const dampings[] = {"0.85", "0.5", "0.99", "0.05"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        bool weighted = seed % 2;
        const char *damping = dampings[seed / 2 % 4];
        sample_make(&s, seed, seed / 8 % 2);
        gx_input input = s.input;
        const bool directed = seed / 16 % 2;
        const char *const params[] = {"damping",  damping,
                                      "weighted", weighted ? "true" : "false",
                                      "directed", directed ? "true" : "false",
                                      NULL};
        run_result r = run("pagerank", &input, 2, params);
        input.graph = directed ? &s.graph : &s.undirected;
        expect_igraph_pagerank(&input, weighted, strtod(damping, NULL), NULL,
                               score_of(&r, "pagerank", &input));
        run_free(&r);
        sample_free(&s);
    }
}

/* Members as a list and weights as an array, at once. */
static void test_personalised_pagerank(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed % 2);
        gx_rng rng = gx_rng_at(seed, 22);
        uint32_t n = s.graph.n, first = (uint32_t)gx_rng_below(&rng, n);
        char members[32];
        double reset[N_MAX] = {0}, *teleport;
        gx_arrays *arrays;
        assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
        assert_int_equal(gx_arrays_add(&teleport, arrays, "taste.score", GX_F64, n, 0, NULL, NULL),
                         GX_OK);
        for (uint32_t v = 0; v < n; v++) {
            teleport[v] = reset[v] = (double)gx_rng_below(&rng, 3);
        }
        teleport[first] = reset[first] = 2;
        bool list = seed / 2 % 2;
        snprintf(members, sizeof members, "%u", first);
        reset[first] += list;
        gx_input input = s.input;
        input.arrays = arrays;
        run_result r = run("pagerank", &input, 1,
                           list ? PARAMS("teleport", "taste.score", "members", members)
                                : PARAMS("teleport", "taste.score"));
        expect_igraph_pagerank(&input, true, 0.85, reset, score_of(&r, "pagerank", &input));
        run_free(&r);
        gx_arrays_destroy(arrays);
        sample_free(&s);
    }
}

static void expect_refused(const gx_input *input, const char *const *params, const char *at) {
    gx_arena *arena = gx_arena_create();
    gx_arrays *arrays;
    gx_error err;
    gx_job job;
    gx_value map = gx_map(arena, 1);
    gx_map_put(arena, &map, params[0], gx_str(params[1]));
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "pagerank");
    assert_int_equal(gx_pass_run(arrays, pass, NULL, input, &map, &job, &err), GX_BAD_REQUEST);
    assert_string_equal(err.at, at);
    assert_int_equal(gx_arrays_count(arrays), 0);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
}

static void test_pagerank_refuses(void **state) {
    (void)state;
    sample s;
    sample_make(&s, 3, false);
    gx_input input = s.input;
    double *zero, *bad;
    gx_arrays *arrays;
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    uint32_t n = s.graph.n;
    assert_int_equal(gx_arrays_add(&zero, arrays, "zero.score", GX_F64, n, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&bad, arrays, "bad.score", GX_F64, n, 0, NULL, NULL), GX_OK);
    bad[0] = NAN;
    input.arrays = arrays;
    expect_refused(&input, PARAMS("members", "99"), "members");
    expect_refused(&input, PARAMS("members", "-1"), "members");
    expect_refused(&input, PARAMS("members", "x"), "members");
    expect_refused(&input, PARAMS("teleport", "no.score"), "teleport");
    expect_refused(&input, PARAMS("teleport", "zero.score"), "teleport");
    expect_refused(&input, PARAMS("teleport", "bad.score"), "teleport");
    expect_refused(&input, PARAMS("damping", "1"), "damping");
    expect_refused(&input, PARAMS("tolerance", "0"), "tolerance");
    gx_arrays_destroy(arrays);
    sample_free(&s);
}

/* On real graphs, at two threads. */
static void test_pagerank_on_real_graphs(void **state) {
    (void)state;
    glob_t files;
    if (glob(DATA_GRAPHS "/*/edges*.txt.gz", 0, NULL, &files) != 0) {
        print_message("skipped: no data in %s\n", DATA_GRAPHS);
        skip();
    }
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *path = files.gl_pathv[i];
        bool directed = strstr(path, "polblogs") || strstr(path, "email-eu");
        arc_list arcs;
        gx_graph graph;
        assert_true(arcs_read(&arcs, path));
        graph_of(&graph, &arcs, directed ? GX_GRAPH_IN : GX_GRAPH_UNDIRECTED, 2);
        gx_input input = {.graph = &graph, .users = graph.n};
        print_message("    %s: %u members, %llu arcs\n", path, graph.n,
                      (unsigned long long)graph.m);
        run_result r = run("pagerank", &input, 2, NULL);
        expect_igraph_pagerank(&input, false, 0.85, NULL, score_of(&r, "pagerank", &input));
        run_free(&r);
        gx_graph_finish(&graph);
        arcs_free(&arcs);
    }
    globfree(&files);
}

/* ---- components and coreness
 * ----------------------------------------------------------------------- */

static void expect_components(const gx_input *input, int threads) {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_vector_int_t expected;
    igraph_integer_t count;
    igraph_of(&graph, &weights, input->undirected);
    igraph_vector_int_init(&expected, 0);
    igraph_connected_components(&graph, &expected, NULL, &count, IGRAPH_WEAK);
    run_result r = run("components", input, threads, NULL);
    const uint32_t *found =
        gx_result_get(r.arrays, "components", "community", GX_U32, input->users);
    uint32_t *name = gx_alloc0(input->users, sizeof *name);
    igraph_integer_t seen = 0;
    for (uint32_t v = 0; v < input->users; v++) {
        name[VECTOR(expected)[v]] = found[v]; /* one of ours for each of theirs … */
        assert_true(found[v] < count);        /* … and no more of them */
        seen = found[v] >= seen ? found[v] + 1 : seen;
    }
    for (uint32_t v = 0; v < input->users; v++) {
        assert_int_equal(name[VECTOR(expected)[v]], found[v]);
    }
    assert_int_equal(seen, count);
    gx_free(name);
    run_free(&r);
    igraph_vector_destroy(&weights);
    igraph_vector_int_destroy(&expected);
    igraph_destroy(&graph);
}

static void expect_coreness(const gx_input *input) {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_vector_int_t expected;
    igraph_of(&graph, &weights, input->undirected);
    igraph_vector_int_init(&expected, 0);
    igraph_coreness(&graph, &expected, IGRAPH_ALL);
    run_result r = run("kcore", input, 2, NULL);
    const double *score = score_of(&r, "kcore", input);
    for (uint32_t v = 0; v < input->users; v++) {
        assert_true(score[v] == (double)VECTOR(expected)[v]);
    }
    run_free(&r);
    igraph_vector_destroy(&weights);
    igraph_vector_int_destroy(&expected);
    igraph_destroy(&graph);
}

static void test_components_and_coreness(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, false);
        expect_components(&s.input, 2);
        expect_coreness(&s.input);
        sample_free(&s);
    }
}

/* Sizes at which several threads really link and sample at once. */
static void test_components_of_many(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        gx_rng rng = gx_rng_at(seed, 23);
        arc_list arcs = {.n = 40000};
        for (uint32_t i = 0; i < 10000 + 10000 * seed; i++) {
            arcs_add(&arcs, (uint32_t)gx_rng_below(&rng, arcs.n),
                     (uint32_t)gx_rng_below(&rng, arcs.n));
        }
        gx_graph graph;
        graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 2);
        gx_input input = {.graph = &graph, .undirected = &graph, .users = graph.n};
        expect_components(&input, 4);
        expect_coreness(&input);
        gx_graph_finish(&graph);
        arcs_free(&arcs);
    }
}

/* ---- betweenness
 * ----------------------------------------------------------------------------------- */

/* Lengths and numbers of shortest paths from every member to every other. */
static void count_paths(const gx_graph *g, uint32_t length[N_MAX][N_MAX],
                        double count[N_MAX][N_MAX]) {
    for (uint32_t s = 0; s < g->n; s++) {
        uint32_t queue[N_MAX], head = 0, tail = 0;
        for (uint32_t v = 0; v < g->n; v++) {
            length[s][v] = GX_NONE;
            count[s][v] = 0;
        }
        length[s][s] = 0;
        count[s][s] = 1;
        queue[tail++] = s;
        while (head < tail) {
            uint32_t v = queue[head++];
            for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
                uint32_t u = g->out_dst[i];
                if (length[s][u] == GX_NONE) {
                    length[s][u] = length[s][v] + 1;
                    queue[tail++] = u;
                }
                count[s][u] += length[s][u] == length[s][v] + 1 ? count[s][v] : 0;
            }
        }
    }
}

static double naive_betweenness(const gx_graph *g, uint32_t v, uint32_t length[N_MAX][N_MAX],
                                double count[N_MAX][N_MAX]) {
    double sum = 0;
    for (uint32_t s = 0; s < g->n; s++) {
        for (uint32_t t = 0; t < g->n; t++) {
            bool through = s != v && t != v && s != t && length[s][v] != GX_NONE &&
                           length[v][t] != GX_NONE && length[s][v] + length[v][t] == length[s][t];
            sum += through ? count[s][v] * count[v][t] / count[s][t] : 0;
        }
    }
    return g->directed ? sum : sum / 2;
}

static void test_betweenness(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        static uint32_t length[N_MAX][N_MAX];
        static double count[N_MAX][N_MAX];
        sample_make(&s, seed, seed % 2);
        bool directed = seed / 2 % 2;
        const gx_graph *g = directed ? &s.graph : &s.undirected;
        count_paths(g, length, count);
        run_result r = run("betweenness", &s.input, 1, PARAMS("directed", directed ? "1" : "0"));
        const double *score = score_of(&r, "betweenness", &s.input);
        for (uint32_t v = 0; v < g->n; v++) {
            double expected = naive_betweenness(g, v, length, count);
            assert_true(fabs(score[v] - expected) <= 1e-9 * (1 + expected));
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* Sampled sums are right on average: over many seeds their mean comes near the exact value. */
static void test_sampled_betweenness(void **state) {
    (void)state;
    enum { ROUNDS = 400 };
    sample s;
    sample_make(&s, 2, false);
    uint32_t n = s.graph.n;
    double mean[N_MAX] = {0}, total = 0, apart = 0;
    run_result exact = run("betweenness", &s.input, 1, PARAMS("samples", "0"));
    const double *expected = score_of(&exact, "betweenness", &s.input);
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "betweenness");
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        gx_arena *arena = gx_arena_create();
        gx_arrays *arrays;
        gx_job job;
        gx_value map = gx_map(arena, 1);
        gx_map_put(arena, &map, "samples", gx_int(5));
        gx_job_init(&job, 1, seed);
        assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
        assert_int_equal(gx_pass_run(arrays, pass, NULL, &s.input, &map, &job, NULL), GX_OK);
        const double *score = gx_result_get(arrays, "betweenness", "score", GX_F64, n);
        for (uint32_t v = 0; v < n; v++) {
            mean[v] += score[v] / ROUNDS;
        }
        gx_arrays_destroy(arrays);
        gx_arena_destroy(arena);
    }
    for (uint32_t v = 0; v < n; v++) {
        total += expected[v];
        apart += fabs(mean[v] - expected[v]);
    }
    assert_true(n > 5 && total > 10);
    assert_true(apart < 0.1 * total);
    run_free(&exact);
    sample_free(&s);
}

/* ---- eigenvector
 * ------------------------------------------------------------------------------------- */

/* Power iteration on A + I, from the degrees: slow, and right for any graph that is connected. */
static double naive_eigenvector(const gx_graph *g, double *x) {
    double norm = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        x[v] = 1;
    }
    for (int k = 0; k < 3000; k++) {
        double y[N_MAX];
        norm = 0;
        for (uint32_t v = 0; v < g->n; v++) {
            y[v] = x[v];
            for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
                y[v] += (g->out_weight ? (double)g->out_weight[i] : 1) * x[g->out_dst[i]];
            }
            norm = fmax(norm, y[v]);
        }
        for (uint32_t v = 0; v < g->n; v++) {
            x[v] = y[v] / norm;
        }
    }
    return norm - 1;
}

static void test_eigenvector(void **state) {
    (void)state;
    uint32_t connected = 0;
    for (uint64_t seed = 0; seed < SEEDS / 4; seed++) {
        sample s;
        double x[N_MAX] = {0};
        sample_make(&s, seed, seed % 2);
        run_result r = run("eigenvector", &s.input, 2, NULL);
        run_result parts = run("components", &s.input, 1, NULL);
        const double *score = score_of(&r, "eigenvector", &s.input);
        const double *value = gx_result_get(r.arrays, "eigenvector", "value", GX_F64, 1);
        const uint32_t *part =
            gx_result_get(parts.arrays, "components", "community", GX_U32, s.graph.n);
        double expected = naive_eigenvector(&s.undirected, x);
        bool whole = s.graph.n > 1;
        for (uint32_t v = 0; v < s.graph.n; v++) {
            whole &= part[v] == 0;
        }
        assert_true(s.undirected.m == 0 || fabs(*value - expected) <= 1e-5 * expected);
        for (uint32_t v = 0; whole && v < s.graph.n; v++) {
            assert_true(fabs(score[v] - x[v]) <= 1e-6);
        }
        connected += whole;
        run_free(&r);
        run_free(&parts);
        sample_free(&s);
    }
    assert_true(connected > 50);
}

/* ---- Infomap
 * ------------------------------------------------------------------------------------------ */

/* Cliques in a ring are what everybody agrees on. */
static void test_infomap_finds_cliques(void **state) {
    (void)state;
    enum { CLIQUES = 8, SIZE = 6 };
    arc_list arcs = {.n = CLIQUES * SIZE};
    for (uint32_t c = 0; c < CLIQUES; c++) {
        for (uint32_t i = 0; i < SIZE; i++) {
            for (uint32_t j = 0; j < i; j++) {
                arcs_add(&arcs, c * SIZE + i, c * SIZE + j);
            }
        }
        arcs_add(&arcs, c * SIZE, (c * SIZE + SIZE + 1) % arcs.n);
    }
    gx_graph graph;
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 1);
    gx_input input = {.graph = &graph, .undirected = &graph, .users = graph.n};
    run_result r = run("infomap", &input, 1, NULL);
    const uint32_t *found = gx_result_get(r.arrays, "infomap", "community", GX_U32, graph.n);
    const double *length = gx_result_get(r.arrays, "infomap", "length", GX_F64, 1);
    for (uint32_t v = 0; v < graph.n; v++) {
        assert_int_equal(found[v], found[v / SIZE * SIZE]);
        assert_int_equal(found[v], v / SIZE); /* equal sizes: by the smallest member */
    }
    assert_true(*length > 0 && *length < log2(graph.n));
    run_free(&r);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_degree),
        cmocka_unit_test(test_pagerank),
        cmocka_unit_test(test_personalised_pagerank),
        cmocka_unit_test(test_pagerank_refuses),
        cmocka_unit_test(test_pagerank_on_real_graphs),
        cmocka_unit_test(test_components_and_coreness),
        cmocka_unit_test(test_components_of_many),
        cmocka_unit_test(test_betweenness),
        cmocka_unit_test(test_sampled_betweenness),
        cmocka_unit_test(test_eigenvector),
        cmocka_unit_test(test_infomap_finds_cliques),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
