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

/* ---- one side of the ties -------------------------------------------------------------------- */

static const char *const directions[] = {"all", "in", "out"};

/* What counts for a member stands in its row. */
static void side_of(square *out, const sample *s, const char *direction) {
    square m;
    square_of(&m, *direction == 'a' ? &s->undirected : &s->graph);
    *out = m;
    for (uint32_t u = 0; u < m.n && *direction == 'i'; u++) {
        for (uint32_t v = 0; v < m.n; v++) {
            out->a[u][v] = m.a[v][u];
            out->w[u][v] = m.w[v][u];
        }
    }
}

/* Ties from u to v on the shortest way, more than n where there is none; past those gone. */
static void distances_of(uint32_t d[N_MAX][N_MAX], const square *m, const bool *gone) {
    for (uint32_t u = 0; u < m->n; u++) {
        for (uint32_t v = 0; v < m->n; v++) {
            bool tied = m->a[u][v] > 0 && !gone[u] && !gone[v];
            d[u][v] = u == v ? 0 : tied ? 1 : 2 * N_MAX;
        }
    }
    for (uint32_t k = 0; k < m->n; k++) {
        for (uint32_t u = 0; u < m->n; u++) {
            for (uint32_t v = 0; v < m->n; v++) {
                d[u][v] = d[u][k] + d[k][v] < d[u][v] ? d[u][k] + d[k][v] : d[u][v];
            }
        }
    }
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

static void test_directed_gravity(void **state) {
    (void)state;
    const bool gone[N_MAX] = {false};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        uint32_t d[N_MAX][N_MAX], radius = 1 + (uint32_t)(seed / 3 % 4);
        double mass[N_MAX] = {0};
        bool weighted = seed / 12 % 2;
        char text[8];
        sample_make(&s, seed, seed / 24 % 2);
        side_of(&m, &s, directions[seed % 3]);
        distances_of(d, &m, gone);
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

/* ---- members chosen one after the other --------------------------------------------------------
 */

static void expect_order(const run_result *r, const char *array, const uint32_t *order,
                         uint32_t count, uint64_t seed) {
    const gx_array *found = gx_arrays_find(r->arrays, array);
    assert_non_null(found);
    if (found->shape[0] != count) {
        fail_msg("seed %llu: %llu are chosen, expected %u", (unsigned long long)seed,
                 (unsigned long long)found->shape[0], count);
    }
    for (uint32_t k = 0; k < count; k++) {
        uint32_t v = ((const uint32_t *)found->data)[k];
        if (v != order[k]) {
            fail_msg("seed %llu: %u is chosen at %u, expected %u", (unsigned long long)seed, v, k,
                     order[k]);
        }
    }
}

/* WVoteRank's steps, votes in units of 1 / arcs: quarters of whole numbers, exact. */
static uint32_t naive_wvoterank(uint32_t *order, const square *m) {
    double arcs = 0, give[N_MAX], degree[N_MAX] = {0};
    bool out[N_MAX] = {false};
    uint32_t count = 0;
    for (uint32_t v = 0; v < m->n; v++) {
        for (uint32_t w = 0; w < m->n; w++) {
            degree[v] += m->a[v][w];
        }
        arcs += degree[v];
    }
    for (uint32_t v = 0; v < m->n; v++) {
        give[v] = arcs;
    }
    for (;;) {
        double best = 0;
        uint32_t elected = GX_NONE;
        for (uint32_t v = 0; v < m->n; v++) {
            double votes = 0;
            for (uint32_t w = 0; w < m->n; w++) {
                votes += m->w[v][w] * give[w];
            }
            if (!out[v] && degree[v] * votes > best) {
                best = degree[v] * votes;
                elected = v;
            }
        }
        if (elected == GX_NONE) {
            return count;
        }
        out[elected] = true;
        give[elected] = 0;
        order[count++] = elected;
        for (uint32_t w = 0; w < m->n; w++) {
            give[w] = m->a[elected][w] > 0 ? fmax(0, give[w] - m->n) : give[w];
        }
    }
}

static void test_weighted_voterank(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        uint32_t order[N_MAX];
        sample_make(&s, seed, seed / 3 % 4 != 0);
        side_of(&m, &s, directions[seed % 3]);
        uint32_t count = naive_wvoterank(order, &m);
        run_result r = run("voterank", &s.input, 2,
                           PARAMS("direction", directions[seed % 3], "weighted", "true"));
        expect_order(&r, "voterank.order", order, count, seed);
        run_free(&r);
        sample_free(&s);
    }
}

/* Influence of each among those still there; strengths of the ties to those. */
static double influences(double *influence, const square *m, const bool *gone, uint32_t radius,
                         bool weighted, double unit) {
    uint32_t d[N_MAX][N_MAX];
    double strength[N_MAX] = {0}, all = 0;
    distances_of(d, m, gone);
    for (uint32_t u = 0; u < m->n; u++) {
        for (uint32_t v = 0; v < m->n; v++) {
            strength[u] += gone[v] ? 0 : weighted ? m->w[u][v] : m->a[u][v];
        }
    }
    for (uint32_t u = 0; u < m->n; u++) {
        double sum = 0, count = 0, own = strength[u] - unit;
        for (uint32_t v = 0; v < m->n; v++) {
            bool there = d[u][v] == radius && !gone[v] && strength[v] > unit;
            sum += there ? strength[v] : 0;
            count += there;
        }
        influence[u] = own > 0 && !gone[u] ? own * fmax(0, sum - count * unit) : 0;
        all += influence[u];
    }
    return all;
}

static uint32_t naive_collective(uint32_t *order, const square *m, uint32_t radius, bool weighted,
                                 double *influence) {
    bool gone[N_MAX] = {false};
    double all = 0, arcs = 0;
    uint32_t count = 0;
    for (uint32_t u = 0; u < m->n; u++) {
        for (uint32_t v = 0; v < m->n; v++) {
            all += weighted ? m->w[u][v] : m->a[u][v];
            arcs += m->a[u][v];
        }
    }
    double unit = all > 0 ? all / arcs : 1;
    for (;;) {
        double now[N_MAX];
        double sum = influences(now, m, gone, radius, weighted, unit);
        uint32_t best = 0;
        if (count == 0) {
            memcpy(influence, now, sizeof now);
        }
        if (sum <= unit * all) {
            return count;
        }
        for (uint32_t v = 0; v < m->n; v++) {
            best = now[v] > now[best] ? v : best;
        }
        gone[best] = true;
        order[count++] = best;
    }
}

static void test_collective_variants(void **state) {
    (void)state;
    uint32_t some = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        uint32_t order[N_MAX], radius = (uint32_t)(seed / 6 % 4);
        double influence[N_MAX];
        bool weighted = seed / 3 % 2;
        const char *direction = directions[seed % 3];
        char text[8];
        sample_make(&s, seed, seed / 24 % 2);
        side_of(&m, &s, direction);
        uint32_t count = naive_collective(order, &m, radius, weighted, influence);
        snprintf(text, sizeof text, "%u", radius);
        const char *const params[] = {
            "radius", text, "weighted", flag(weighted), "direction", direction, "batch", "0", NULL};
        const char *const at_once[] = {"radius",       text,        "weighted",
                                       flag(weighted), "direction", direction,
                                       "adaptive",     "0",         NULL};
        run_result r = run("collective_influence", &s.input, 2, params);
        run_result o = run("collective_influence", &s.input, 2, at_once);
        expect_order(&r, "collective_influence.order", order, count, seed);
        for (uint32_t v = 0; v < m.n; v++) {
            expect_near(score_of(&o, "collective_influence", &s.input)[v], influence[v], seed, v);
        }
        run_free(&r);
        run_free(&o);
        sample_free(&s);
        some += count > 2;
    }
    assert_true(some > 50); /* the comparison is not of empty lists */
}

/* Where all weights are alike, none of what they are shows. */
static void test_even_weights_are_none(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 4; seed++) {
        sample s;
        const char *radius = seed % 2 ? "1" : "2";
        sample_make(&s, seed, false);
        s.arcs.weight = gx_alloc(s.arcs.m, sizeof *s.arcs.weight);
        uint64_t kept = 0; /* parallel ties would add up */
        for (uint64_t i = 0; i < s.arcs.m; i++) {
            bool again = false;
            for (uint64_t k = 0; k < kept && !again; k++) {
                again = s.arcs.src[k] == s.arcs.src[i] && s.arcs.dst[k] == s.arcs.dst[i];
            }
            if (!again) {
                s.arcs.src[kept] = s.arcs.src[i];
                s.arcs.dst[kept] = s.arcs.dst[i];
                s.arcs.weight[kept++] = 4;
            }
        }
        s.arcs.m = kept;
        gx_graph_finish(&s.undirected);
        graph_of(&s.undirected, &s.arcs, GX_GRAPH_UNDIRECTED, 1);
        run_result plain =
            run("collective_influence", &s.input, 1, PARAMS("radius", radius, "batch", "0"));
        run_result even = run("collective_influence", &s.input, 1,
                              PARAMS("radius", radius, "batch", "0", "weighted", "1"));
        assert_memory_equal(score_of(&plain, "collective_influence", &s.input),
                            score_of(&even, "collective_influence", &s.input),
                            s.input.users * sizeof(double));
        run_free(&plain);
        run_free(&even);
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
        cmocka_unit_test(test_directed_gravity),
        cmocka_unit_test(test_weighted_voterank),
        cmocka_unit_test(test_collective_variants),
        cmocka_unit_test(test_even_weights_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
