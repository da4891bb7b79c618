/* Measures of a member's neighbourhood against igraph and naive twins, on thousands of small seeded
 * graphs. Tolerances: exact where the result is a count, 1e-12 relative for coefficients. */
#include "tests/registry/sample.h"

/* ---- a graph as a matrix ---------------------------------------------------------------------- */

typedef struct square {
    uint32_t n;
    bool there[N_MAX][N_MAX];
    double weight[N_MAX][N_MAX]; /* 0 where nothing is */
} square;

static void square_of(square *out, const gx_graph *g) {
    *out = (square){.n = g->n};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            out->there[v][g->out_dst[i]] = true;
            out->weight[v][g->out_dst[i]] = g->out_weight ? (double)g->out_weight[i] : 1;
        }
    }
}

static void expect_near(double found, double expected, uint64_t seed, uint32_t v) {
    if (!(fabs(found - expected) <= 1e-12 * (1 + fabs(expected)))) {
        fail_msg("seed %llu, member %u: %.17g, expected %.17g", (unsigned long long)seed, v, found,
                 expected);
    }
}

static double value_of(const run_result *r, const char *pass, const char *suffix) {
    const double *value = gx_result_get(r->arrays, pass, suffix, GX_F64, 1);
    assert_non_null(value);
    return *value;
}

/* ---- triangles and clustering ----------------------------------------------------------------- */

/* Barrat's sum over ordered pairs of neighbours, as the paper writes it. */
static double naive_clustering(const square *s, uint32_t i, double *out_triangles) {
    double sum = 0, strength = 0, ties = 0, triangles = 0;
    for (uint32_t j = 0; j < s->n; j++) {
        strength += s->weight[i][j];
        ties += s->there[i][j];
        for (uint32_t h = 0; h < s->n; h++) {
            bool closed = s->there[i][j] && s->there[i][h] && s->there[j][h];
            sum += closed ? (s->weight[i][j] + s->weight[i][h]) / 2 : 0;
            triangles += closed ? 0.5 : 0;
        }
    }
    *out_triangles = triangles;
    return sum > 0 ? sum / (strength * (ties - 1)) : 0;
}

static void test_triangles_and_clustering(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        sample_make(&s, seed, seed % 2);
        square_of(&m, &s.undirected);
        run_result t = run("triangles", &s.input, 2, NULL);
        run_result c = run("clustering", &s.input, 2, PARAMS("weighted", "true"));
        const double *triangles = score_of(&t, "triangles", &s.input);
        const double *clustering = score_of(&c, "clustering", &s.input);
        double corners = 0;
        for (uint32_t v = 0; v < m.n; v++) {
            double count, expected = naive_clustering(&m, v, &count);
            assert_true(triangles[v] == count);
            expect_near(clustering[v], expected, seed, v);
            corners += count;
        }
        assert_true(value_of(&t, "triangles", "total") == corners / 3);
        run_free(&t);
        run_free(&c);
        sample_free(&s);
    }
}

static void expect_igraph_clustering(const gx_input *input, bool weighted, int threads,
                                     uint64_t seed) {
    igraph_t graph;
    igraph_vector_t weights, expected;
    igraph_real_t global, mean;
    igraph_of(&graph, &weights, input->undirected);
    igraph_vector_init(&expected, 0);
    if (weighted) {
        igraph_transitivity_barrat(&graph, &expected, igraph_vss_all(), &weights,
                                   IGRAPH_TRANSITIVITY_ZERO);
    } else {
        igraph_transitivity_local_undirected(&graph, &expected, igraph_vss_all(),
                                             IGRAPH_TRANSITIVITY_ZERO);
    }
    igraph_transitivity_undirected(&graph, &global, IGRAPH_TRANSITIVITY_ZERO);
    igraph_transitivity_avglocal_undirected(&graph, &mean, IGRAPH_TRANSITIVITY_ZERO);
    run_result r =
        run("clustering", input, threads, PARAMS("weighted", weighted ? "true" : "false"));
    const double *score = score_of(&r, "clustering", input);
    for (uint32_t v = 0; v < input->users; v++) {
        expect_near(score[v], VECTOR(expected)[v], seed, v);
    }
    expect_near(value_of(&r, "clustering", "transitivity"), global, seed, GX_NONE);
    if (!weighted && input->users > 0) {
        expect_near(value_of(&r, "clustering", "mean"), mean, seed, GX_NONE);
    }
    run_free(&r);
    igraph_vector_destroy(&weights);
    igraph_vector_destroy(&expected);
    igraph_destroy(&graph);
}

static void test_clustering_against_igraph(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        sample_make(&s, seed, seed / 2 % 2);
        expect_igraph_clustering(&s.input, seed % 2, 2, seed);
        sample_free(&s);
    }
}

/* ---- sizes at which threads really share the work --------------------------------------------- */

/* Members drawn with a heavy tail: hubs, and members without ties. */
static void hubs_make(sample *s, uint64_t seed, uint32_t n, uint64_t m) {
    gx_rng rng = gx_rng_at(seed, 31);
    *s = (sample){.arcs.n = n};
    for (uint64_t i = 0; i < m; i++) {
        double x = gx_rng_real(&rng), y = gx_rng_real(&rng);
        arcs_add(&s->arcs, (uint32_t)(n * x * x * x), (uint32_t)(n * y * y));
    }
    s->arcs.weight = gx_alloc(m, sizeof *s->arcs.weight);
    for (uint64_t i = 0; i < m; i++) {
        s->arcs.weight[i] = (float)(1 + gx_rng_below(&rng, 16)) / 4;
    }
    graph_of(&s->graph, &s->arcs, GX_GRAPH_IN, 2);
    graph_of(&s->undirected, &s->arcs, GX_GRAPH_UNDIRECTED, 2);
    s->input = (gx_input){.graph = &s->graph, .undirected = &s->undirected, .users = n};
}

static void test_many(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        sample s;
        hubs_make(&s, seed, 4000, 40000);
        for (int threads = 1; threads <= 16; threads *= 4) {
            expect_igraph_clustering(&s.input, seed % 2, threads, seed);
        }
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triangles_and_clustering),
        cmocka_unit_test(test_clustering_against_igraph),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
