/* Variants of measures for weighted and directed ties against twins that write the definitions down
 * as sums over a matrix, on thousands of small seeded graphs. Tolerance: exact where the result is
 * a count, 1e-12 relative elsewhere. */
#include "tests/registry/twins.h"

/* ---- triangles and clustering -----------------------------------------------------------------
 */

/* ((X + Xᵀ)³)_ii / 2 of a directed graph, (X³)_ii / 2 of another; X is A, or the cube roots of W.
 */
static double cube(const square *m, bool directed, bool weighted, uint32_t i) {
    double x[N_MAX][N_MAX], sum = 0;
    for (uint32_t u = 0; u < m->n; u++) {
        for (uint32_t v = 0; v < m->n; v++) {
            x[u][v] = weighted ? cbrt(m->w[u][v]) : m->a[u][v];
            if (directed) {
                x[u][v] += weighted ? cbrt(m->w[v][u]) : m->a[v][u];
            }
        }
    }
    for (uint32_t j = 0; j < m->n; j++) {
        for (uint32_t h = 0; h < m->n; h++) {
            sum += x[i][j] * x[j][h] * x[h][i];
        }
    }
    return sum / 2;
}

static void test_triangles(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        bool directed = seed % 2, weighted = seed / 2 % 2;
        double corners = 0;
        sample_make(&s, seed, seed / 4 % 2);
        square_of(&m, directed ? &s.graph : &s.undirected);
        run_result r = run("triangles", &s.input, 2,
                           PARAMS("directed", flag(directed), "weighted", flag(weighted)));
        const double *score = score_of(&r, "triangles", &s.input);
        const double *total = gx_result_get(r.arrays, "triangles", "total", GX_F64, 1);
        for (uint32_t v = 0; v < m.n; v++) {
            double expected = cube(&m, directed, weighted, v);
            assert_true(weighted || score[v] == expected);
            expect_near(score[v], expected, seed, v);
            corners += expected;
        }
        expect_near(*total, corners / 3, seed, GX_NONE);
        run_free(&r);
        sample_free(&s);
    }
}

/* Where threads share the work: counted in one way by number, in another by weights of 8, whose
 * roots are 2. */
static void test_directed_triangles_of_many(void **state) {
    (void)state;
    enum { MEMBERS = 4000, TIES = 60000 };
    sample s = {.arcs.n = MEMBERS};
    arc_list once = {.n = MEMBERS};
    gx_rng rng = gx_rng_at(7, 33);
    gx_graph graph;
    for (uint32_t i = 0; i < TIES; i++) {
        double x = gx_rng_real(&rng), y = gx_rng_real(&rng);
        arcs_add(&s.arcs, (uint32_t)(MEMBERS * x * x), (uint32_t)(MEMBERS * y * y));
    }
    graph_of(&graph, &s.arcs, 0, 1); /* parallel ties are one */
    once.weight = gx_alloc(graph.m, sizeof *once.weight);
    for (uint32_t v = 0; v < MEMBERS; v++) {
        for (uint64_t i = graph.out_ptr[v]; i < graph.out_ptr[v + 1]; i++) {
            once.weight[once.m] = 8;
            arcs_add(&once, v, graph.out_dst[i]);
        }
    }
    graph_of(&s.graph, &once, GX_GRAPH_IN, 2);
    graph_of(&s.undirected, &once, GX_GRAPH_UNDIRECTED, 2);
    s.input = (gx_input){.graph = &s.graph, .undirected = &s.undirected, .users = MEMBERS};
    run_result one = run("triangles", &s.input, 1, PARAMS("directed", "1"));
    run_result weighed = run("triangles", &s.input, 2, PARAMS("directed", "1", "weighted", "1"));
    const double *score = score_of(&one, "triangles", &s.input);
    const double *expected = score_of(&weighed, "triangles", &s.input);
    for (uint32_t v = 0; v < MEMBERS; v++) {
        expect_near(score[v], expected[v] / 8, 7, v);
    }
    for (int threads = 2; threads <= 16; threads *= 8) {
        run_result more = run("triangles", &s.input, threads, PARAMS("directed", "1"));
        assert_memory_equal(score_of(&more, "triangles", &s.input), score, MEMBERS * sizeof *score);
        run_free(&more);
    }
    run_free(&one);
    run_free(&weighed);
    gx_graph_finish(&graph);
    arcs_free(&once);
    sample_free(&s);
}

/* Ties of i in and out, those there both ways, and the weights of both. */
typedef struct ties {
    double count, mutual, strength, mutual_strength;
} ties;

static ties ties_of(const square *m, uint32_t i) {
    ties t = {0};
    for (uint32_t j = 0; j < m->n; j++) {
        t.count += m->a[i][j] + m->a[j][i];
        t.mutual += m->a[i][j] * m->a[j][i];
        t.strength += m->w[i][j] + m->w[j][i];
        t.mutual_strength += m->a[i][j] * m->a[j][i] * (m->w[i][j] + m->w[j][i]) / 2;
    }
    return t;
}

/* Clemente and Grassi: ((W + Wᵀ) (A + Aᵀ)²)_ii / 2 by s (d − 1) − 2 s_both. */
static double naive_clemente(const square *m, uint32_t i) {
    double sum = 0;
    ties t = ties_of(m, i);
    for (uint32_t j = 0; j < m->n; j++) {
        for (uint32_t h = 0; h < m->n; h++) {
            sum += (m->w[i][j] + m->w[j][i]) * (m->a[j][h] + m->a[h][j]) *
                   (m->a[h][i] + m->a[i][h]) / 2;
        }
    }
    return sum > 0 ? sum / (t.strength * (t.count - 1) - 2 * t.mutual_strength) : 0;
}

/* Barrat: of each tie its weight for each triangle with it. */
static double naive_barrat(const square *m, uint32_t i) {
    double sum = 0, strength = 0, count = 0;
    for (uint32_t j = 0; j < m->n; j++) {
        strength += m->w[i][j];
        count += m->a[i][j];
        for (uint32_t h = 0; h < m->n; h++) {
            sum += m->w[i][j] * m->a[i][j] * m->a[j][h] * m->a[h][i];
        }
    }
    return sum > 0 ? sum / (strength * (count - 1)) : 0;
}

/* As NetworkX's clustering(G, weight=...) has it, which is Onnela's, directed by Fagiolo. */
static double naive_onnela(const square *m, bool directed, bool weighted, uint32_t i) {
    double largest = 0, degree = 0, sum = cube(m, directed, weighted, i);
    ties t = ties_of(m, i);
    for (uint32_t u = 0; u < m->n; u++) {
        degree += m->a[i][u];
        for (uint32_t v = 0; v < m->n; v++) {
            largest = fmax(largest, weighted ? m->w[u][v] : m->a[u][v]);
        }
    }
    double pairs = directed ? t.count * (t.count - 1) - 2 * t.mutual : degree * (degree - 1) / 2;
    return sum > 0 ? sum / largest / pairs : 0;
}

static void test_clustering(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        bool directed = seed % 2, weighted = seed / 2 % 2, onnela = seed / 4 % 2;
        double sum = 0;
        sample_make(&s, seed, seed / 8 % 2);
        square_of(&m, directed ? &s.graph : &s.undirected);
        const char *const params[] = {"directed", flag(directed),
                                      "weighted", flag(weighted),
                                      "formula",  onnela ? "onnela" : "barrat",
                                      NULL};
        run_result r = run("clustering", &s.input, 2, params);
        run_result plain = run("clustering", &s.input, 1, NULL);
        const double *score = score_of(&r, "clustering", &s.input);
        const double *mean = gx_result_get(r.arrays, "clustering", "mean", GX_F64, 1);
        const double *closed = gx_result_get(r.arrays, "clustering", "transitivity", GX_F64, 1);
        for (uint32_t v = 0; v < m.n; v++) {
            double expected = onnela || !weighted ? naive_onnela(&m, directed, weighted, v)
                              : directed          ? naive_clemente(&m, v)
                                                  : naive_barrat(&m, v);
            expect_near(score[v], expected, seed, v);
            sum += expected;
        }
        expect_near(*mean, sum / m.n, seed, GX_NONE);
        assert_true(*closed == *(const double *)gx_result_get(plain.arrays, "clustering",
                                                              "transitivity", GX_F64, 1));
        run_free(&r);
        run_free(&plain);
        sample_free(&s);
    }
}

/* What NetworkX 3.6 says of one small graph: nx.clustering(DiGraph, weight=None and "weight"), and
 * of the graph without direction, with the larger weight of a mutual tie. */
static void test_clustering_as_networkx_has_it(void **state) {
    (void)state;
    static const uint32_t src[] = {0, 1, 1, 2, 2, 3, 0, 4, 3}, dst[] = {1, 0, 2, 0, 3, 1, 3, 2, 4};
    static const float weight[] = {1, 2, 4, 1, 0.5f, 3, 1, 2, 8};
    static const double expected[2][2][5] = {
        {{1.0, 1.0, 0.6666666666666666, 0.6666666666666666, 1.0},
         {0.19211754661734334, 0.23476004940267833, 0.13772543997533832, 0.1339154523260079, 0.25}},
        {{0.5, 0.5, 0.4166666666666667, 0.4166666666666667, 0.5},
         {0.0955058967636481, 0.1082986475992486, 0.08539814761233792, 0.08198115918703945,
          0.125}}};
    sample s = {.arcs.n = 5};
    s.arcs.weight = gx_alloc(GX_COUNT(src), sizeof *weight);
    for (uint32_t i = 0; i < GX_COUNT(src); i++) {
        arcs_add(&s.arcs, src[i], dst[i]);
        s.arcs.weight[i] = weight[i];
    }
    sample_settle(&s, 0, 1);
    for (int directed = 0; directed < 2; directed++) {
        for (int weighted = 0; weighted < 2; weighted++) {
            const char *const params[] = {"directed", flag(directed), "weighted", flag(weighted),
                                          "formula",  "onnela",       NULL};
            run_result r = run("clustering", &s.input, 1, params);
            for (uint32_t v = 0; v < 5; v++) {
                expect_near(score_of(&r, "clustering", &s.input)[v],
                            expected[directed][weighted][v], 0, v);
            }
            run_free(&r);
        }
    }
    sample_free(&s);
}

/* ---- H-index -----------------------------------------------------------------------------------
 */

/* The largest x among all sums and values it can be, by trying each. */
static double naive_weighted_h(const square *m, const double *value, uint32_t v) {
    double best = 0;
    for (uint32_t k = 0; k < m->n; k++) {
        double reach = 0;
        for (uint32_t u = 0; u < m->n; u++) {
            reach += value[u] >= value[k] ? m->w[v][u] : 0;
        }
        best = m->a[v][k] > 0 ? fmax(best, fmin(reach, value[k])) : best;
    }
    return best;
}

static void test_weighted_hindex(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        double value[N_MAX] = {0}, next[N_MAX] = {0};
        uint32_t order = seed / 3 % 4;
        char text[8];
        sample_make(&s, seed, seed / 12 % 2);
        side_of(&m, &s, directions[seed % 3]);
        for (uint32_t v = 0; v < m.n; v++) {
            for (uint32_t u = 0; u < m.n; u++) {
                value[v] += m.w[v][u];
            }
        }
        for (uint32_t k = 0; k < order; k++) {
            for (uint32_t v = 0; v < m.n; v++) {
                next[v] = naive_weighted_h(&m, value, v);
            }
            memcpy(value, next, sizeof value);
        }
        snprintf(text, sizeof text, "%u", order);
        run_result r =
            run("hindex", &s.input, 2,
                PARAMS("order", text, "direction", directions[seed % 3], "weighted", "true"));
        const double *score = score_of(&r, "hindex", &s.input);
        for (uint32_t v = 0; v < m.n; v++) {
            assert_true(score[v] == value[v]); /* quarters: exact */
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* Applied until nothing changes it comes to the s-core, which another algorithm finds. */
static void test_weighted_hindex_ends_at_the_core(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        const char *direction = directions[seed % 3];
        sample_make(&s, seed, true);
        run_result h = run("hindex", &s.input, 1,
                           PARAMS("order", "1000", "direction", direction, "weighted", "true"));
        run_result k =
            run("kcore", &s.input, 1, PARAMS("direction", direction, "weighted", "true"));
        assert_memory_equal(score_of(&h, "hindex", &s.input), score_of(&k, "kcore", &s.input),
                            s.input.users * sizeof(double));
        run_free(&h);
        run_free(&k);
        sample_free(&s);
    }
}

/* ---- local gravity -----------------------------------------------------------------------------
 */

static void test_local_gravity(void **state) {
    (void)state;
    const bool gone[N_MAX] = {false};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        uint32_t d[N_MAX][N_MAX], radius = 1 + (uint32_t)(seed / 3 % 5);
        double mass[N_MAX] = {0};
        bool weighted = seed / 15 % 2;
        char text[8];
        sample_make(&s, seed, seed / 30 % 2);
        side_of(&m, &s, directions[seed % 3]);
        steps_of(d, &m, gone);
        for (uint32_t v = 0; v < m.n; v++) {
            for (uint32_t u = 0; u < m.n; u++) {
                mass[v] += weighted ? m.w[v][u] : m.a[v][u];
            }
        }
        snprintf(text, sizeof text, "%u", radius);
        const char *const params[] = {
            "radius", text, "weighted", flag(weighted), "direction", directions[seed % 3], NULL};
        run_result r = run("local_gravity", &s.input, 2, params);
        for (uint32_t v = 0; v < m.n; v++) {
            double expected = 0;
            for (uint32_t u = 0; u < m.n; u++) {
                bool near = u != v && d[v][u] <= radius;
                expected += near ? mass[v] * mass[u] / (d[v][u] * d[v][u]) : 0;
            }
            expect_near(score_of(&r, "local_gravity", &s.input)[v], expected, seed, v);
        }
        run_free(&r);
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triangles),
        cmocka_unit_test(test_directed_triangles_of_many),
        cmocka_unit_test(test_clustering),
        cmocka_unit_test(test_clustering_as_networkx_has_it),
        cmocka_unit_test(test_weighted_hindex),
        cmocka_unit_test(test_weighted_hindex_ends_at_the_core),
        cmocka_unit_test(test_local_gravity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
