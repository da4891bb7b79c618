/* Passes that choose members one after the other, against naive twins that compute everything anew
 * at each step: the same order, ties by the lowest number. */
#include "tests/registry/sample.h"

typedef struct twin {
    uint32_t n;
    bool voter[N_MAX][N_MAX]; /* [v][w]: w votes for v */
} twin;

static void twin_of(twin *t, const sample *s, const char *direction) {
    const gx_graph *g = *direction == 'a' ? &s->undirected : &s->graph;
    *t = (twin){.n = g->n};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            uint32_t u = g->out_dst[i];
            t->voter[*direction == 'i' ? u : v][*direction == 'i' ? v : u] = true;
        }
    }
}

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
static uint32_t naive_voterank(uint32_t *order, const twin *t, uint32_t most) {
    uint64_t arcs = 0, give[N_MAX];
    bool out[N_MAX] = {false};
    uint32_t count = 0;
    for (uint32_t v = 0; v < t->n; v++) {
        for (uint32_t w = 0; w < t->n; w++) {
            arcs += t->voter[v][w];
        }
    }
    for (uint32_t v = 0; v < t->n; v++) {
        give[v] = arcs;
    }
    while (count < most) {
        uint64_t best = 0;
        uint32_t elected = GX_NONE;
        for (uint32_t v = 0; v < t->n; v++) {
            uint64_t votes = 0;
            for (uint32_t w = 0; w < t->n; w++) {
                votes += t->voter[v][w] ? give[w] : 0;
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
        for (uint32_t w = 0; w < t->n; w++) {
            if (t->voter[elected][w]) {
                give[w] = give[w] > t->n ? give[w] - t->n : 0;
            }
        }
    }
    return count;
}

static void test_voterank(void **state) {
    (void)state;
    static const char *const directions[] = {"all", "in", "out"};
    static const char *const counts[] = {"0", "3", "100"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        twin t;
        uint32_t order[N_MAX], most = seed / 3 % 3 == 1 ? 3 : N_MAX;
        sample_make(&s, seed, seed % 2);
        twin_of(&t, &s, directions[seed % 3]);
        uint32_t count = naive_voterank(order, &t, most);
        run_result r =
            run("voterank", &s.input, 2,
                PARAMS("direction", directions[seed % 3], "count", counts[seed / 3 % 3]));
        expect_order(&r, "voterank", &s.input, order, count, seed);
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- collective influence ---------------------------------------------------------------------
 */

/* Distances by relaxing every pair until nothing gets shorter. */
static void influences(double *influence, const twin *t, const bool *gone, uint32_t radius) {
    uint32_t d[N_MAX][N_MAX], degree[N_MAX] = {0};
    for (uint32_t u = 0; u < t->n; u++) {
        for (uint32_t v = 0; v < t->n; v++) {
            bool tied = t->voter[u][v] && !gone[u] && !gone[v];
            d[u][v] = u == v ? 0 : tied ? 1 : 2 * N_MAX;
            degree[u] += tied;
        }
    }
    for (uint32_t k = 0; k < t->n; k++) {
        for (uint32_t u = 0; u < t->n; u++) {
            for (uint32_t v = 0; v < t->n; v++) {
                d[u][v] = d[u][k] + d[k][v] < d[u][v] ? d[u][k] + d[k][v] : d[u][v];
            }
        }
    }
    for (uint32_t u = 0; u < t->n; u++) {
        double ring = 0;
        for (uint32_t v = 0; v < t->n; v++) {
            ring += d[u][v] == radius ? (double)degree[v] - 1 : 0;
        }
        influence[u] = degree[u] > 0 && !gone[u] ? ((double)degree[u] - 1) * ring : 0;
    }
}

static uint32_t naive_collective(uint32_t *order, const twin *t, uint32_t radius, uint32_t batch,
                                 uint32_t most) {
    bool gone[N_MAX] = {false};
    double ties = 0;
    uint32_t count = 0;
    for (uint32_t v = 0; v < t->n; v++) {
        for (uint32_t w = 0; w < t->n; w++) {
            ties += t->voter[v][w];
        }
    }
    while (count < most) {
        double influence[N_MAX], sum = 0;
        influences(influence, t, gone, radius);
        for (uint32_t v = 0; v < t->n; v++) {
            sum += influence[v];
        }
        if (sum <= ties) {
            break;
        }
        for (uint32_t i = 0; i < batch && count < most; i++) {
            uint32_t best = GX_NONE;
            for (uint32_t v = 0; v < t->n; v++) {
                bool better = influence[v] > (best == GX_NONE ? 0 : influence[best]);
                best = better ? v : best;
            }
            if (best == GX_NONE) {
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
        twin t;
        uint32_t order[N_MAX], radius = (uint32_t)(seed % 4);
        char text[8];
        sample_make(&s, seed, seed / 2 % 2);
        twin_of(&t, &s, "all");
        double share = strtod(batches[seed / 4 % 3], NULL) * t.n;
        uint32_t most = seed / 12 % 2 ? 2 : N_MAX;
        uint32_t count = naive_collective(order, &t, radius, share > 1 ? (uint32_t)share : 1, most);
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

static void test_influence_at_once(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s;
        twin t;
        const bool gone[N_MAX] = {false};
        double influence[N_MAX];
        char text[8];
        sample_make(&s, seed, false);
        twin_of(&t, &s, "all");
        influences(influence, &t, gone, (uint32_t)(seed % 4));
        snprintf(text, sizeof text, "%u", (uint32_t)(seed % 4));
        run_result r =
            run("collective_influence", &s.input, 2, PARAMS("radius", text, "adaptive", "0"));
        const double *score = score_of(&r, "collective_influence", &s.input);
        for (uint32_t v = 0; v < t.n; v++) {
            assert_true(score[v] == influence[v]);
        }
        run_free(&r);
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
        cmocka_unit_test(test_collective_influence),
        cmocka_unit_test(test_influence_at_once),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
