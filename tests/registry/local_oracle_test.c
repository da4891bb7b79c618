/* Measures of a member's neighbourhood against igraph and naive twins, on thousands of small seeded
 * graphs. Tolerances: exact where the result is a count, 1e-12 relative for coefficients. */
#include "tests/registry/twins.h"

static double value_of(const run_result *r, const char *pass, const char *suffix) {
    const double *value = gx_result_get(r->arrays, pass, suffix, GX_F64, 1);
    assert_non_null(value);
    return *value;
}

/* ---- triangles and clustering -----------------------------------------------------------------
 */

/* Barrat's sum over ordered pairs of neighbours, as the paper writes it. */
static double naive_clustering(const square *s, uint32_t i, double *out_triangles) {
    double sum = 0, strength = 0, ties = 0, triangles = 0;
    for (uint32_t j = 0; j < s->n; j++) {
        strength += s->w[i][j];
        ties += s->a[i][j];
        for (uint32_t h = 0; h < s->n; h++) {
            bool closed = s->a[i][j] && s->a[i][h] && s->a[j][h];
            sum += closed ? (s->w[i][j] + s->w[i][h]) / 2 : 0;
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

/* ---- H-index, walks ---------------------------------------------------------------------------
 */

/* By trying every h. */
static uint32_t naive_h(const square *m, const uint32_t *value, uint32_t v) {
    for (uint32_t h = m->n; h > 0; h--) {
        uint32_t reach = 0;
        for (uint32_t u = 0; u < m->n; u++) {
            reach += m->a[v][u] && value[u] >= h;
        }
        if (reach >= h) {
            return h;
        }
    }
    return 0;
}

static void test_hindex(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        char text[8];
        uint32_t order = seed / 3 % 4, value[N_MAX] = {0}, next[N_MAX];
        sample_make(&s, seed, false);
        side_of(&m, &s, directions[seed % 3]);
        for (uint32_t v = 0; v < m.n; v++) {
            for (uint32_t u = 0; u < m.n; u++) {
                value[v] += m.a[v][u];
            }
        }
        for (uint32_t k = 0; k < order; k++) {
            for (uint32_t v = 0; v < m.n; v++) {
                next[v] = naive_h(&m, value, v);
            }
            memcpy(value, next, sizeof value);
        }
        snprintf(text, sizeof text, "%u", order);
        run_result r =
            run("hindex", &s.input, 2, PARAMS("order", text, "direction", directions[seed % 3]));
        const double *score = score_of(&r, "hindex", &s.input);
        for (uint32_t v = 0; v < m.n; v++) {
            assert_true(score[v] == value[v]);
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* Applied until nothing changes, the operator comes to the coreness. */
static void expect_hindex_ends_at_coreness(const gx_input *input, int threads) {
    run_result h = run("hindex", input, threads, PARAMS("order", "1000"));
    run_result k = run("kcore", input, threads, NULL);
    assert_memory_equal(score_of(&h, "hindex", input), score_of(&k, "kcore", input),
                        input->users * sizeof(double));
    run_free(&h);
    run_free(&k);
}

/* All walks, one tie after the other. */
static double walks_from(const square *m, uint32_t v, uint32_t steps, bool weighted) {
    double sum = 0;
    for (uint32_t u = 0; steps > 0 && u < m->n; u++) {
        if (m->a[v][u]) {
            sum += (weighted ? m->w[v][u] : 1) * walks_from(m, u, steps - 1, weighted);
        }
    }
    return steps > 0 ? sum : 1;
}

static void test_neighbour_sum(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        char text[8];
        uint32_t steps = 1 + (uint32_t)(seed / 3 % 4);
        bool weighted = seed / 12 % 2;
        sample_make(&s, seed, seed / 24 % 2);
        side_of(&m, &s, directions[seed % 3]);
        snprintf(text, sizeof text, "%u", steps);
        run_result r = run("neighbour_sum", &s.input, 2,
                           PARAMS("steps", text, "direction", directions[seed % 3], "weighted",
                                  weighted ? "true" : "false"));
        const double *score = score_of(&r, "neighbour_sum", &s.input);
        for (uint32_t v = 0; v < m.n; v++) {
            expect_near(score[v], walks_from(&m, v, steps, weighted), seed, v);
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- Burt ---------------------------------------------------------------------------------------
 */

/* Makes a + aᵀ, or of the undirected view itself. */
static void contacts_of(square *m, const sample *s, bool directed, bool weighted) {
    square a;
    square_of(&a, directed ? &s->graph : &s->undirected);
    *m = a;
    for (uint32_t i = 0; i < a.n; i++) {
        for (uint32_t j = 0; j < a.n; j++) {
            m->a[i][j] = a.a[i][j] || a.a[j][i];
            m->w[i][j] = weighted ? a.w[i][j] + a.w[j][i] : (double)a.a[i][j] + a.a[j][i];
        }
    }
}

static void shares_of(double p[N_MAX][N_MAX], const square *m) {
    for (uint32_t i = 0; i < m->n; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < m->n; j++) {
            sum += m->w[i][j];
        }
        for (uint32_t j = 0; j < m->n; j++) {
            p[i][j] = sum > 0 ? m->w[i][j] / sum : 0;
        }
    }
}

static double naive_constraint(const square *m, double p[N_MAX][N_MAX], uint32_t i) {
    double sum = 0;
    for (uint32_t j = 0; j < m->n; j++) {
        double part = p[i][j];
        for (uint32_t q = 0; q < m->n; q++) {
            part += q != i && q != j ? p[i][q] * p[q][j] : 0;
        }
        sum += j != i && m->a[i][j] ? part * part : 0;
    }
    return sum;
}

static double naive_effective_size(const square *m, double p[N_MAX][N_MAX], uint32_t i) {
    double size = 0;
    for (uint32_t j = 0; j < m->n; j++) {
        double largest = 0, redundant = 0;
        for (uint32_t k = 0; k < m->n; k++) {
            largest = fmax(largest, m->w[j][k]);
        }
        for (uint32_t q = 0; q < m->n && m->a[i][j]; q++) {
            redundant += q != i && q != j ? p[i][q] * m->w[j][q] / largest : 0;
        }
        size += m->a[i][j] ? 1 - redundant : 0;
    }
    return size;
}

static void test_burt(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        static double p[N_MAX][N_MAX];
        bool directed = seed % 2, weighted = seed / 2 % 2;
        const char *is_directed = directed ? "1" : "0", *is_weighted = weighted ? "1" : "0";
        sample_make(&s, seed, seed / 4 % 2);
        contacts_of(&m, &s, directed, weighted);
        shares_of(p, &m);
        run_result c = run("constraint", &s.input, 2,
                           PARAMS("directed", is_directed, "weighted", is_weighted));
        run_result e = run("effective_size", &s.input, 2,
                           PARAMS("directed", is_directed, "weighted", is_weighted));
        const double *constraint = score_of(&c, "constraint", &s.input);
        const double *size = score_of(&e, "effective_size", &s.input);
        const double *efficiency =
            gx_result_get(e.arrays, "effective_size", "efficiency", GX_F64, m.n);
        for (uint32_t v = 0; v < m.n; v++) {
            double ties = 0, expected = naive_effective_size(&m, p, v);
            for (uint32_t u = 0; u < m.n; u++) {
                ties += m.a[v][u];
            }
            expect_near(constraint[v], naive_constraint(&m, p, v), seed, v);
            expect_near(size[v], expected, seed, v);
            expect_near(efficiency[v], ties > 0 ? expected / ties : 0, seed, v);
        }
        run_free(&c);
        run_free(&e);
        sample_free(&s);
    }
}

/* igraph has no number for a member without ties; ours is 0. */
static void expect_igraph_constraint(const gx_input *input, bool directed, bool weighted,
                                     int threads, uint64_t seed) {
    igraph_t graph;
    igraph_vector_t weights, expected;
    igraph_of(&graph, &weights, directed ? input->graph : input->undirected);
    igraph_vector_init(&expected, 0);
    igraph_constraint(&graph, &expected, igraph_vss_all(), weighted ? &weights : NULL);
    run_result r = run("constraint", input, threads,
                       PARAMS("directed", directed ? "1" : "0", "weighted", weighted ? "1" : "0"));
    const double *score = score_of(&r, "constraint", input);
    for (uint32_t v = 0; v < input->users; v++) {
        double theirs = VECTOR(expected)[v];
        expect_near(score[v], isnan(theirs) ? 0 : theirs, seed, v);
    }
    run_free(&r);
    igraph_vector_destroy(&weights);
    igraph_vector_destroy(&expected);
    igraph_destroy(&graph);
}

static void test_constraint_against_igraph(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        sample_make(&s, seed, seed / 4 % 2);
        expect_igraph_constraint(&s.input, seed % 2, seed / 2 % 2, 2, seed);
        sample_free(&s);
    }
}

/* ---- degree, strength, order of cores -------------------------------------------------------- */

/* Of a directed graph igraph counts a mutual tie twice, so `all` is compared on the undirected
 * view.
 */
static void expect_igraph_degree(const gx_input *input, const char *direction, bool weighted,
                                 int threads) {
    igraph_t graph;
    igraph_vector_t weights, expected;
    igraph_neimode_t mode = *direction == 'i'   ? IGRAPH_IN
                            : *direction == 'o' ? IGRAPH_OUT
                                                : IGRAPH_ALL;
    igraph_of(&graph, &weights, mode == IGRAPH_ALL ? input->undirected : input->graph);
    igraph_vector_init(&expected, 0);
    igraph_strength(&graph, &expected, igraph_vss_all(), mode, IGRAPH_LOOPS,
                    weighted ? &weights : NULL);
    run_result r = run("degree", input, threads,
                       PARAMS("direction", direction, "weighted", weighted ? "true" : "false"));
    const double *score = score_of(&r, "degree", input);
    for (uint32_t v = 0; v < input->users; v++) {
        assert_true(score[v] == VECTOR(expected)[v]); /* quarters: exact */
    }
    run_free(&r);
    igraph_vector_destroy(&weights);
    igraph_vector_destroy(&expected);
    igraph_destroy(&graph);
}

static void test_degree_against_igraph(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed / 6 % 2);
        expect_igraph_degree(&s.input, directions[seed % 3], seed / 3 % 2, 2);
        sample_free(&s);
    }
}

/* Also nobody is tied to more of those after it than its coreness says, which is the pass's own
 * check. */
static void check_cores(const run_result *r, const gx_input *input, const char *direction,
                        bool weighted) {
    gx_arena *arena = gx_arena_create();
    gx_value map = gx_map(arena, 2);
    gx_args args;
    gx_error err = {0};
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "kcore");
    gx_map_put(arena, &map, "direction", gx_str(direction));
    gx_map_put(arena, &map, "weighted", gx_bool(weighted));
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, &map, &err),
                     GX_OK);
    gx_status status = pass->check(r->arrays, "kcore", input, &args, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    gx_arena_destroy(arena);
}

static void expect_igraph_cores(const gx_input *input, const char *direction) {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_vector_int_t expected;
    igraph_neimode_t mode = *direction == 'i'   ? IGRAPH_IN
                            : *direction == 'o' ? IGRAPH_OUT
                                                : IGRAPH_ALL;
    igraph_of(&graph, &weights, mode == IGRAPH_ALL ? input->undirected : input->graph);
    igraph_vector_int_init(&expected, 0);
    igraph_coreness(&graph, &expected, mode);
    run_result r = run("kcore", input, 1, PARAMS("direction", direction));
    const double *score = score_of(&r, "kcore", input);
    for (uint32_t v = 0; v < input->users; v++) {
        assert_true(score[v] == (double)VECTOR(expected)[v]);
    }
    check_cores(&r, input, direction, false);
    run_free(&r);
    igraph_vector_destroy(&weights);
    igraph_vector_int_destroy(&expected);
    igraph_destroy(&graph);
}

/* Whoever has least of those left is the next to go; all strengths anew each time. */
static void naive_strength_cores(double *core, const square *m) {
    bool gone[N_MAX] = {false};
    double level = 0;
    for (uint32_t k = 0; k < m->n; k++) {
        uint32_t least = GX_NONE;
        double lowest = 0;
        for (uint32_t v = 0; v < m->n; v++) {
            double strength = 0;
            for (uint32_t u = 0; u < m->n; u++) {
                strength += gone[u] ? 0 : m->w[v][u];
            }
            if (!gone[v] && (least == GX_NONE || strength < lowest)) {
                least = v;
                lowest = strength;
            }
        }
        gone[least] = true;
        level = fmax(level, lowest);
        core[least] = level;
    }
}

static void test_cores(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        double expected[N_MAX];
        const char *direction = directions[seed % 3];
        sample_make(&s, seed, seed / 3 % 2);
        side_of(&m, &s, direction);
        naive_strength_cores(expected, &m);
        run_result r = run("kcore", &s.input, 1, PARAMS("direction", direction, "weighted", "1"));
        const double *score = score_of(&r, "kcore", &s.input);
        for (uint32_t v = 0; v < m.n; v++) {
            assert_true(score[v] == expected[v]); /* quarters: exact */
        }
        check_cores(&r, &s.input, direction, true);
        expect_igraph_cores(&s.input, direction);
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- sizes at which threads really share the work ---------------------------------------------
 */

/* Members drawn with a heavy tail: hubs, and members without ties. */
static void hubs_make(sample *s, uint64_t seed, uint32_t n, uint64_t m) {
    gx_rng rng = gx_rng_at(seed, 31);
    *s = (sample){.arcs.n = n};
    for (uint64_t i = 0; i < m; i++) {
        double x = gx_rng_real(&rng), y = gx_rng_real(&rng);
        arcs_add(&s->arcs, (uint32_t)(n * x * x * x), (uint32_t)(n * y * y));
    }
    sample_weigh(s, &rng);
    sample_settle(s, 0, 2);
}

static void test_many(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        sample s;
        hubs_make(&s, seed, 4000, 40000);
        for (int threads = 1; threads <= 16; threads *= 4) {
            expect_igraph_clustering(&s.input, seed % 2, threads, seed);
            expect_hindex_ends_at_coreness(&s.input, threads);
            expect_igraph_degree(&s.input, directions[seed % 3], true, threads);
            expect_igraph_constraint(&s.input, seed % 2, seed / 2 % 2, threads, seed);
        }
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triangles_and_clustering),
        cmocka_unit_test(test_clustering_against_igraph),
        cmocka_unit_test(test_hindex),
        cmocka_unit_test(test_neighbour_sum),
        cmocka_unit_test(test_burt),
        cmocka_unit_test(test_constraint_against_igraph),
        cmocka_unit_test(test_degree_against_igraph),
        cmocka_unit_test(test_cores),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
