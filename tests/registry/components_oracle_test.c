/* Strong components and Walktrap against igraph, on thousands of small seeded graphs. */
#include "tests/registry/sample.h"

static void test_strong_components(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        igraph_t graph;
        igraph_vector_t weights;
        igraph_vector_int_t expected;
        sample_make(&s, seed, false);
        gx_input input = s.input;
        input.graph = seed % 8 ? &s.graph : &s.undirected;
        igraph_of(&graph, &weights, input.graph);
        igraph_vector_int_init(&expected, 0);
        igraph_connected_components(&graph, &expected, NULL, NULL, IGRAPH_STRONG);
        run_result r = run("strong_components", &input, 1, NULL);
        expect_same_parts(community_of(&r, "strong_components", &input), &expected, input.users);
        run_free(&r);
        igraph_vector_int_destroy(&expected);
        igraph_vector_destroy(&weights);
        igraph_destroy(&graph);
        sample_free(&s);
    }
}

/* A path and a ring of many members: as deep as a search can get. */
static void test_strong_components_in_depth(void **state) {
    (void)state;
    enum { MANY = 300000 };
    for (uint32_t ring = 0; ring < 2; ring++) {
        arc_list arcs = {.n = MANY};
        gx_graph graph;
        for (uint32_t v = 0; v + 1 - ring < MANY; v++) {
            arcs_add(&arcs, v, (v + 1) % MANY);
        }
        graph_of(&graph, &arcs, 0, 1);
        gx_input input = {.graph = &graph, .users = MANY};
        run_result r = run("strong_components", &input, 1, NULL);
        const uint32_t *community = community_of(&r, "strong_components", &input);
        for (uint32_t v = 0; v < MANY; v++) {
            assert_int_equal(community[v], ring ? 0 : v);
        }
        run_free(&r);
        gx_graph_finish(&graph);
        arcs_free(&arcs);
    }
}

/* igraph's own call on the same graph, and no worse where pieces were split. */
static void test_walktrap(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        igraph_t graph;
        igraph_vector_t weights, modularity;
        igraph_vector_int_t expected;
        igraph_matrix_int_t merges;
        bool weighted = seed % 2;
        sample_make(&s, seed, weighted);
        igraph_of(&graph, &weights, &s.undirected);
        igraph_vector_int_init(&expected, 0);
        igraph_vector_init(&modularity, 0);
        igraph_matrix_int_init(&merges, 0, 0);
        igraph_community_walktrap(&graph, weighted ? &weights : NULL, 4, &merges, &modularity,
                                  &expected);
        run_result r =
            run("walktrap", &s.input, 1, PARAMS("weighted", weighted ? "true" : "false"));
        const double *found = gx_result_get(r.arrays, "walktrap", "modularity", GX_F64, 1);
        expect_same_parts(community_of(&r, "walktrap", &s.input), &expected, s.input.users);
        if (weighted && s.undirected.m > 0) {
            double best = igraph_vector_max(&modularity);
            if (!(fabs(*found - best) <= 1e-9)) {
                fail_msg("seed %u: modularity %.12g, igraph %.12g", (unsigned)seed, *found, best);
            }
        }
        run_free(&r);
        igraph_matrix_int_destroy(&merges);
        igraph_vector_int_destroy(&expected);
        igraph_vector_destroy(&modularity);
        igraph_vector_destroy(&weights);
        igraph_destroy(&graph);
        sample_free(&s);
    }
}

/* What knows no direction says so, and who does. */
static void test_direction_is_refused(void **state) {
    (void)state;
    static const char *const passes[] = {"walktrap", "overlapping"};
    sample s;
    sample_make(&s, 5, true);
    for (size_t i = 0; i < GX_COUNT(passes); i++) {
        gx_error err = {0};
        gx_job job;
        gx_arrays *arrays;
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 1);
        gx_map_put(arena, &params, "directed", gx_bool(true));
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
        const gx_pass *pass = gx_pass_find(gx_engine_passes(), passes[i]);
        assert_int_equal(gx_pass_run(arrays, pass, NULL, &s.input, &params, &job, &err),
                         GX_BAD_REQUEST);
        assert_string_equal(err.at, "directed");
        assert_non_null(strstr(err.message, "no direction"));
        assert_non_null(strstr(err.message, "infomap"));
        gx_arrays_destroy(arrays);
        gx_arena_destroy(arena);
    }
    sample_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strong_components),
        cmocka_unit_test(test_strong_components_in_depth),
        cmocka_unit_test(test_walktrap),
        cmocka_unit_test(test_direction_is_refused),
    };
    return cmocka_run_group_tests_name("components", tests, NULL, NULL);
}
