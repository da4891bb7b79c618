/* Variants of measures for weighted and directed ties against twins that write the definitions down
 * as sums over a matrix, on thousands of small seeded graphs. Tolerance: exact where the result is
 * a count, 1e-12 relative elsewhere. */
#include "tests/registry/sample.h"

/* ---- a graph as a matrix ----------------------------------------------------------------------
 */

typedef struct square {
    uint32_t n;
    double a[N_MAX][N_MAX], w[N_MAX][N_MAX]; /* 1 and the weight where a tie is */
} square;

static void square_of(square *out, const gx_graph *g) {
    *out = (square){.n = g->n};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            out->a[v][g->out_dst[i]] = 1;
            out->w[v][g->out_dst[i]] = g->out_weight ? (double)g->out_weight[i] : 1;
        }
    }
}

static void expect_near(double found, double expected, uint64_t seed, uint32_t v) {
    if (!(fabs(found - expected) <= 1e-12 * (1 + fabs(expected)))) {
        fail_msg("seed %llu, member %u: %.17g, expected %.17g", (unsigned long long)seed, v, found,
                 expected);
    }
}

static const char *flag(bool on) {
    return on ? "true" : "false";
}

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
    graph_of(&s.graph, &s.arcs, GX_GRAPH_IN, 1);
    graph_of(&s.undirected, &s.arcs, GX_GRAPH_UNDIRECTED, 1);
    s.input = (gx_input){.graph = &s.graph, .undirected = &s.undirected, .users = 5};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triangles),
        cmocka_unit_test(test_clustering),
        cmocka_unit_test(test_clustering_as_networkx_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
