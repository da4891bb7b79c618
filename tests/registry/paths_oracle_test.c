/* Shortest paths against naive twins: distances by relaxing every tie until nothing changes. */
#include "engine/kernel/bfs.h"
#include "engine/kernel/dijkstra.h"
#include "tests/registry/twins.h"

static void expect_distances(const double *found, const double *expected, uint32_t n) {
    for (uint32_t v = 0; v < n; v++) {
        assert_int_equal(isinf(found[v]), isinf(expected[v]));
        assert_true(isinf(found[v]) || fabs(found[v] - expected[v]) <= 1e-12 * (1 + expected[v]));
    }
}

static void test_distances(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        gx_rng rng = gx_rng_at(seed, 31);
        sample_make(&s, seed, seed % 2);
        bool weighted = seed / 4 % 2, inverse = seed / 8 % 2;
        const gx_graph *g = seed / 2 % 2 ? &s.graph : &s.undirected;
        uint32_t sources[2] = {(uint32_t)gx_rng_below(&rng, g->n),
                               (uint32_t)gx_rng_below(&rng, g->n)};
        char text[16];
        double expected[N_MAX];
        snprintf(text, sizeof text, "%u", sources[0]);
        naive_distances(expected, g, sources, 1, weighted, inverse);
        run_result r =
            run("distances", &s.input, 1,
                PARAMS("sources", text, "directed", g == &s.graph ? "1" : "0", "weighted",
                       weighted ? "1" : "0", "length", inverse ? "inverse" : "weight"));
        expect_distances(gx_result_get(r.arrays, "distances", "distance", GX_F64, g->n), expected,
                         g->n);
        run_free(&r);
        /* Several sources, by the kernels themselves. */
        gx_job job;
        gx__bfs bfs;
        gx__dijkstra search;
        gx__paths paths = gx__paths_of(g);
        double found[N_MAX];
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx__bfs_init(&bfs, g->n, &job, NULL), GX_OK);
        assert_int_equal(gx__dijkstra_init(&search, g->n, &job, NULL), GX_OK);
        for (uint32_t count = 0; count <= 2; count++) {
            naive_distances(expected, g, sources, count, false, false);
            assert_int_equal(gx__bfs_run(&bfs, &paths, sources, count, &job, NULL), GX_OK);
            for (uint32_t v = 0; v < g->n; v++) {
                found[v] = bfs.level[v] == GX_NONE ? (double)INFINITY : bfs.level[v];
            }
            expect_distances(found, expected, g->n);
            paths.weighted = true;
            naive_distances(expected, g, sources, count, true, false);
            assert_int_equal(gx__dijkstra_run(&search, &paths, sources, count, &job, NULL), GX_OK);
            expect_distances(search.distance, expected, g->n);
            for (uint32_t i = 1; i < search.settled; i++) {
                assert_true(expected[search.order[i - 1]] <= expected[search.order[i]]);
            }
        }
        gx__bfs_finish(&bfs, &job);
        gx__dijkstra_finish(&search, &job);
        assert_int_equal(job.mem_used, 0);
        sample_free(&s);
    }
}

/* Graphs of every density and skew in which a search turns backwards and forwards again. */
static void random_graph(gx_graph *out, uint64_t seed, unsigned flags) {
    gx_rng rng = gx_rng_at(seed, 32);
    arc_list arcs = {.n = 200 + (uint32_t)gx_rng_below(&rng, 1800)};
    uint64_t m = arcs.n * (1 + gx_rng_below(&rng, 6));
    for (uint64_t i = 0; i < m; i++) {
        double skew = gx_rng_real(&rng);
        uint32_t u = (uint32_t)(skew * skew * skew * arcs.n);
        arcs_add(&arcs, seed % 3 ? u : (uint32_t)gx_rng_below(&rng, arcs.n),
                 (uint32_t)gx_rng_below(&rng, arcs.n));
    }
    graph_of(out, &arcs, flags, 1);
    arcs_free(&arcs);
}

static void test_search_both_ways(void **state) {
    (void)state;
    uint32_t turned = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        gx_graph g;
        gx_job job;
        gx__bfs bfs;
        gx_rng rng = gx_rng_at(seed, 33);
        random_graph(&g, seed, seed % 2 ? GX_GRAPH_IN : GX_GRAPH_UNDIRECTED);
        gx__paths paths = gx__paths_of(&g);
        double *expected = gx_alloc(g.n, sizeof *expected);
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx__bfs_init(&bfs, g.n, &job, NULL), GX_OK);
        for (int k = 0; k < 6; k++) {
            uint32_t source = (uint32_t)gx_rng_below(&rng, g.n);
            naive_distances(expected, &g, &source, 1, false, false);
            gx__bfs_start(&bfs, &paths, &source, 1);
            while (gx__bfs_step(&bfs, &paths, &job)) {
                turned += bfs.backwards;
            }
            for (uint32_t v = 0; v < g.n; v++) {
                assert_true(isinf(expected[v]) ? bfs.level[v] == GX_NONE
                                               : bfs.level[v] == (uint32_t)expected[v]);
            }
        }
        gx__bfs_finish(&bfs, &job);
        gx_graph_finish(&g);
        gx_free(expected);
    }
    assert_true(turned > 50);
}

static void test_distances_without_sources(void **state) {
    (void)state;
    arc_list arcs = {.n = 6};
    arcs_add(&arcs, 0, 1);
    arcs_add(&arcs, 2, 1);
    arcs_add(&arcs, 2, 3);
    arcs_add(&arcs, 2, 4);
    gx_graph graph;
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 1);
    gx_input input = {.graph = &graph, .undirected = &graph, .users = graph.n};
    run_result r = run("distances", &input, 1, NULL);
    const double *distance = gx_result_get(r.arrays, "distances", "distance", GX_F64, graph.n);
    const double expected[] = {2, 1, 0, 1, 1, (double)INFINITY};
    expect_distances(distance, expected, graph.n);
    assert_int_equal(*(const uint64_t *)gx_result_get(r.arrays, "distances", "reached", GX_U64, 1),
                     5);
    run_free(&r);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distances),
        cmocka_unit_test(test_search_both_ways),
        cmocka_unit_test(test_distances_without_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
