/* Passes that choose members one after the other, against naive twins that compute everything anew
 * at each step: the same order, ties by the lowest number. */
#include "tests/registry/twins.h"

static void expect_order(const run_result *r, const char *pass, const gx_input *input,
                         const uint32_t *order, uint32_t count, uint64_t seed) {
    char name[64];
    snprintf(name, sizeof name, "%s.order", pass);
    const gx_array *found = gx_arrays_find(r->arrays, name);
    const double *score = score_of(r, pass, input);
    double sum = 0;
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
        assert_true(score[v] == 1 - (double)k / count);
    }
    for (uint32_t v = 0; v < input->users; v++) {
        sum += score[v];
    }
    assert_true(fabs(sum - (count + 1) / 2.0) < 1e-9 || count == 0);
}

/* ---- VoteRank ------------------------------------------------------------------------------- */

/* The paper's steps, in whole numbers: 1 is `arcs`, 1 / mean degree is n. */
static uint32_t naive_voterank(uint32_t *order, const square *m, uint32_t most) {
    uint64_t arcs = 0, give[N_MAX];
    bool out[N_MAX] = {false};
    uint32_t count = 0;
    for (uint32_t v = 0; v < m->n; v++) {
        for (uint32_t w = 0; w < m->n; w++) {
            arcs += m->a[v][w];
        }
    }
    for (uint32_t v = 0; v < m->n; v++) {
        give[v] = arcs;
    }
    while (count < most) {
        uint64_t best = 0;
        uint32_t elected = GX_NONE;
        for (uint32_t v = 0; v < m->n; v++) {
            uint64_t votes = 0;
            for (uint32_t w = 0; w < m->n; w++) {
                votes += m->a[v][w] ? give[w] : 0;
            }
            if (!out[v] && votes > best) {
                best = votes;
                elected = v;
            }
        }
        if (elected == GX_NONE) {
            break;
        }
        out[elected] = true;
        give[elected] = 0;
        order[count++] = elected;
        for (uint32_t w = 0; w < m->n; w++) {
            if (m->a[elected][w]) {
                give[w] = give[w] > m->n ? give[w] - m->n : 0;
            }
        }
    }
    return count;
}

static void test_voterank(void **state) {
    (void)state;
    static const char *const counts[] = {"0", "3", "100"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        uint32_t order[N_MAX], most = seed / 3 % 3 == 1 ? 3 : N_MAX;
        sample_make(&s, seed, seed % 2);
        side_of(&m, &s, directions[seed % 3]);
        uint32_t count = naive_voterank(order, &m, most);
        run_result r =
            run("voterank", &s.input, 2,
                PARAMS("direction", directions[seed % 3], "count", counts[seed / 3 % 3]));
        expect_order(&r, "voterank", &s.input, order, count, seed);
        run_free(&r);
        sample_free(&s);
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
        expect_order(&r, "voterank", &s.input, order, count, seed);
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- collective influence ---------------------------------------------------------------------
 */

/* Influence of each among those still there; strengths of the ties to those. */
static double influences(double *influence, const square *m, const bool *gone, uint32_t radius,
                         bool weighted, double unit) {
    uint32_t d[N_MAX][N_MAX];
    double strength[N_MAX] = {0}, all = 0;
    steps_of(d, m, gone);
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

/* `first`: the influences before anybody is taken. */
static uint32_t naive_collective(uint32_t *order, double *first, const square *m, uint32_t radius,
                                 bool weighted, uint32_t batch, uint32_t most) {
    bool gone[N_MAX] = {false};
    double all = 0, arcs = 0;
    uint32_t count = 0;
    for (uint32_t u = 0; u < m->n; u++) {
        for (uint32_t v = 0; v < m->n; v++) {
            all += weighted ? m->w[u][v] : m->a[u][v];
            arcs += m->a[u][v];
        }
    }
    double unit = all > 0 ? all / arcs : 1, influence[N_MAX];
    influences(first, m, gone, radius, weighted, unit);
    while (count < most && influences(influence, m, gone, radius, weighted, unit) > unit * all) {
        for (uint32_t i = 0; i < batch && count < most; i++) {
            uint32_t best = 0;
            for (uint32_t v = 1; v < m->n; v++) {
                best = influence[v] > influence[best] ? v : best;
            }
            if (influence[best] <= 0) {
                break;
            }
            influence[best] = 0;
            gone[best] = true;
            order[count++] = best;
        }
    }
    return count;
}

static void test_collective_influence(void **state) {
    (void)state;
    static const char *const batches[] = {"0", "0.2", "0.5"}, *const counts[] = {"0", "2"};
    uint64_t some = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        square m;
        uint32_t order[N_MAX], radius = (uint32_t)(seed % 4);
        double first[N_MAX];
        char text[8];
        sample_make(&s, seed, seed / 2 % 2);
        side_of(&m, &s, "all");
        double share = strtod(batches[seed / 4 % 3], NULL) * m.n;
        uint32_t most = seed / 12 % 2 ? 2 : N_MAX;
        uint32_t count = naive_collective(order, first, &m, radius, false,
                                          share > 1 ? (uint32_t)share : 1, most);
        snprintf(text, sizeof text, "%u", radius);
        run_result r = run(
            "collective_influence", &s.input, 2,
            PARAMS("radius", text, "batch", batches[seed / 4 % 3], "count", counts[seed / 12 % 2]));
        expect_order(&r, "collective_influence", &s.input, order, count, seed);
        run_free(&r);
        sample_free(&s);
        some += count > 2;
    }
    assert_true(some > 50); /* the comparison is not of empty lists */
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
        uint32_t count = naive_collective(order, influence, &m, radius, weighted, 1, N_MAX);
        snprintf(text, sizeof text, "%u", radius);
        const char *const params[] = {
            "radius", text, "weighted", flag(weighted), "direction", direction, "batch", "0", NULL};
        const char *const at_once[] = {"radius",       text,        "weighted",
                                       flag(weighted), "direction", direction,
                                       "adaptive",     "0",         NULL};
        run_result r = run("collective_influence", &s.input, 2, params);
        run_result o = run("collective_influence", &s.input, 2, at_once);
        expect_order(&r, "collective_influence", &s.input, order, count, seed);
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

/* ---- a network in which one change may reach all ------------------------------------------------
 */

enum { CROWD = 400, CROWD_TIES = 9000, CROWD_TAKEN = 24 };

/* Influence at a radius of 2, by marks. */
static uint64_t influence_in_crowd(const gx_graph *g, const bool *gone, uint32_t v) {
    uint8_t near[CROWD] = {0};
    uint32_t degree[CROWD] = {0};
    uint64_t ring = 0;
    for (uint32_t u = 0; u < g->n; u++) {
        for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
            degree[u] += !gone[u] && !gone[g->out_dst[i]];
        }
    }
    near[v] = 1;
    for (uint8_t d = 1; d <= 2; d++) {
        for (uint32_t u = 0; u < g->n; u++) {
            for (uint64_t i = g->out_ptr[u]; near[u] == d && i < g->out_ptr[u + 1]; i++) {
                uint32_t w = g->out_dst[i];
                near[w] = !near[w] && !gone[w] ? d + 1 : near[w];
            }
        }
    }
    for (uint32_t u = 0; u < g->n; u++) {
        ring += near[u] == 3 ? degree[u] - 1 : 0;
    }
    return gone[v] || degree[v] < 2 ? 0 : (degree[v] - 1) * ring;
}

static void naive_in_crowd(uint32_t *order, const gx_graph *g, uint32_t batch) {
    bool gone[CROWD] = {false};
    for (uint32_t count = 0; count < CROWD_TAKEN;) {
        uint64_t influence[CROWD];
        for (uint32_t v = 0; v < g->n; v++) {
            influence[v] = influence_in_crowd(g, gone, v);
        }
        for (uint32_t i = 0; i < batch && count < CROWD_TAKEN; i++) {
            uint32_t best = 0;
            for (uint32_t v = 1; v < g->n; v++) {
                best = influence[v] > influence[best] ? v : best;
            }
            influence[best] = 0;
            gone[best] = true;
            order[count++] = best;
        }
    }
}

static void test_crowd(void **state) {
    (void)state;
    static const char *const batches[] = {"0", "0.02"};
    arc_list arcs = {.n = CROWD};
    gx_rng rng = gx_rng_at(7, 33);
    for (uint32_t i = 0; i < CROWD_TIES; i++) {
        double x = gx_rng_real(&rng);
        arcs_add(&arcs, (uint32_t)(CROWD * x * x), (uint32_t)gx_rng_below(&rng, CROWD));
    }
    gx_graph graph;
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 1);
    gx_input input = {.graph = &graph, .undirected = &graph, .users = graph.n};
    for (int k = 0; k < 2; k++) {
        uint32_t order[CROWD_TAKEN];
        naive_in_crowd(order, &graph, k ? CROWD / 50 : 1);
        run_result r =
            run("collective_influence", &input, 2, PARAMS("batch", batches[k], "count", "24"));
        expect_order(&r, "collective_influence", &input, order, CROWD_TAKEN, (uint64_t)k);
        run_free(&r);
    }
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

/* ---- sizes at which threads really share the work ---------------------------------------------
 */

static void test_many(void **state) {
    (void)state;
    arc_list arcs = {.n = 3000};
    gx_rng rng = gx_rng_at(5, 32);
    for (uint32_t i = 0; i < 9000; i++) {
        double x = gx_rng_real(&rng);
        arcs_add(&arcs, (uint32_t)(arcs.n * x * x), (uint32_t)gx_rng_below(&rng, arcs.n));
    }
    gx_graph graph;
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 2);
    gx_input input = {.graph = &graph, .undirected = &graph, .users = graph.n};
    run_result one = run("collective_influence", &input, 1, NULL);
    for (int threads = 2; threads <= 16; threads *= 8) {
        run_result more = run("collective_influence", &input, threads, NULL);
        assert_memory_equal(score_of(&one, "collective_influence", &input),
                            score_of(&more, "collective_influence", &input),
                            graph.n * sizeof(double));
        run_free(&more);
    }
    run_free(&one);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_voterank),
        cmocka_unit_test(test_weighted_voterank),
        cmocka_unit_test(test_collective_influence),
        cmocka_unit_test(test_collective_variants),
        cmocka_unit_test(test_even_weights_are_none),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
