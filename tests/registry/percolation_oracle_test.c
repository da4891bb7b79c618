/* Spreading power against all subsets of ties of thousands of tiny graphs: what a subset reaches
 * from each member, by the chance of the subset. Sampled scores are within six standard errors, of
 * a variance that is exact too; epidemics that are played through, likewise, and those in which
 * recovery takes its time against the formula for trees. */
#include "engine/influence/epidemic.h"

#include "tests/registry/sample.h"

enum {
    GRAPHS = 1200,
    MEMBERS_MAX = 6,
    TIES_MAX = 9,
    SAMPLES = 2000,
    DIRECTED_SAMPLES = 320,
    TREES = 300,
    RUNS = 800
};

/* ---- tiny graphs ------------------------------------------------------------------------------
 */

typedef struct tiny {
    uint32_t n, m;
    uint32_t from[2 * TIES_MAX], to[2 * TIES_MAX];
    double chance[2 * TIES_MAX];
    bool both_ways;
    double mean[MEMBERS_MAX], variance[MEMBERS_MAX]; /* of members reached */
} tiny;

static void tiny_make(sample *s, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 31);
    *s = (sample){.arcs.n = 1 + (uint32_t)gx_rng_below(&rng, MEMBERS_MAX)};
    const uint64_t m = gx_rng_below(&rng, TIES_MAX + 1);
    for (uint64_t i = 0; i < m; i++) {
        const uint32_t u = (uint32_t)gx_rng_below(&rng, s->arcs.n);
        arcs_add(&s->arcs, u, (uint32_t)gx_rng_below(&rng, s->arcs.n));
    }
    if (seed % 2 && s->arcs.m > 0) {
        sample_weigh(s, &rng);
    }
    sample_settle(s, seed % 3 == 0 ? GX_GRAPH_LOOPS : 0, 1);
}

/* What each tie's chance is, by the definition. */
static void tiny_list(tiny *out, const sample *s, const char *direction, bool weighted,
                      double rate) {
    const gx_graph *g = *direction == 'a' ? &s->undirected : &s->graph;
    double sum = 0, weight[2 * TIES_MAX];
    *out = (tiny){.n = g->n, .both_ways = *direction == 'a'};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            const uint32_t u = g->out_dst[i];
            if (u == v || (out->both_ways && u < v)) {
                continue;
            }
            out->from[out->m] = *direction == 'i' ? u : v;
            out->to[out->m] = *direction == 'i' ? v : u;
            weight[out->m] = weighted && g->out_weight ? (double)g->out_weight[i] : 1;
            sum += weight[out->m++];
        }
    }
    for (uint32_t i = 0; i < out->m; i++) {
        out->chance[i] = 1 - pow(1 - rate, weight[i] * out->m / sum);
    }
}

/* Members that v reaches along the ties of `kept`. */
static uint32_t reach(const tiny *t, uint32_t kept, uint32_t v) {
    uint32_t seen = 1u << v, before = 0;
    while (seen != before) {
        before = seen;
        for (uint32_t i = 0; i < t->m; i++) {
            const uint32_t from = 1u << t->from[i], to = 1u << t->to[i];
            if (kept >> i & 1) {
                seen |= seen & from ? to : 0;
                seen |= t->both_ways && seen & to ? from : 0;
            }
        }
    }
    return (uint32_t)__builtin_popcount(seen);
}

static void tiny_solve(tiny *t) {
    for (uint32_t kept = 0; kept < 1u << t->m; kept++) {
        double p = 1;
        for (uint32_t i = 0; i < t->m; i++) {
            p *= kept >> i & 1 ? t->chance[i] : 1 - t->chance[i];
        }
        for (uint32_t v = 0; v < t->n; v++) {
            const double reached = reach(t, kept, v);
            t->mean[v] += p * reached;
            t->variance[v] += p * reached * reached;
        }
    }
    for (uint32_t v = 0; v < t->n; v++) {
        t->variance[v] -= t->mean[v] * t->mean[v];
    }
}

static void expect_within(double found, const tiny *t, uint32_t v, double runs, uint64_t seed) {
    const double error = sqrt((t->variance[v] > 0 ? t->variance[v] : 0) / runs);
    if (!(fabs(found - t->mean[v]) <= 6 * error + 1e-6)) {
        fail_msg("graph %llu, member %u: %g reached, not %g within six times %g",
                 (unsigned long long)seed, v, found, t->mean[v], error);
    }
}

static const char *const directions[] = {"all", "in", "out"};
static const double rates[] = {0, 0.1, 0.35, 0.8, 1};

static void test_against_all_subsets(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const char *direction = directions[seed % GX_COUNT(directions)];
        const double rate = rates[seed / 3 % GX_COUNT(rates)];
        const bool weighted = seed / 2 % 2;
        const int count = *direction == 'a' ? SAMPLES : DIRECTED_SAMPLES; /* worlds take longer */
        char rate_text[16], samples[16];
        sample s;
        tiny t;
        tiny_make(&s, seed);
        tiny_list(&t, &s, direction, weighted, rate);
        tiny_solve(&t);
        snprintf(rate_text, sizeof rate_text, "%g", rate);
        snprintf(samples, sizeof samples, "%d", count);
        run_result r = run_seeded("percolation", &s.input, 1 + (int)(seed % 2), seed,
                                  PARAMS("rate", rate_text, "samples", samples, "direction",
                                         direction, "weighted", weighted ? "true" : "false"));
        const double *score = score_of(&r, "percolation", &s.input);
        for (uint32_t v = 0; v < t.n; v++) {
            expect_within(score[v], &t, v, count, seed);
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- epidemics played through -----------------------------------------------------------------
 */

static void play(uint64_t *sum, const sample *s, const char *direction, double rate,
                 double recovery, uint64_t seed) {
    const gx__spreading spreading = {.graph = *direction == 'a' ? &s->undirected : &s->graph,
                                     .directed = *direction != 'a',
                                     .along = *direction == 'o',
                                     .chance = rate};
    gx_job job;
    gx_job_init(&job, 1, seed);
    memset(sum, 0, s->graph.n * sizeof *sum);
    assert_int_equal(gx__outbreaks(sum, &spreading, recovery, RUNS, &job, NULL), GX_OK);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

static void test_outbreaks(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS / 2; seed++) {
        const char *direction = directions[seed % GX_COUNT(directions)];
        const double rate = rates[seed / 3 % GX_COUNT(rates)];
        uint64_t sum[MEMBERS_MAX];
        sample s;
        tiny t;
        tiny_make(&s, seed + 5 * GRAPHS);
        tiny_list(&t, &s, direction, false, rate);
        tiny_solve(&t);
        play(sum, &s, direction, rate, 1, seed);
        for (uint32_t v = 0; v < t.n; v++) {
            expect_within(1 + (double)sum[v] / RUNS, &t, v, RUNS, seed);
        }
        sample_free(&s);
    }
}

/* In a tree each tie on the way passes it on by itself: Σ over members of T^distance. */
static double in_tree(const uint32_t *parent, uint32_t n, uint32_t v, double passed) {
    double sum = 0;
    for (uint32_t u = 0; u < n; u++) {
        uint32_t a = u, b = v, steps = 0;
        while (a != b) { /* a parent has a lower number */
            if (a > b) {
                a = parent[a];
            } else {
                b = parent[b];
            }
            steps++;
        }
        sum += pow(passed, steps);
    }
    return sum;
}

static void test_slow_recovery(void **state) {
    (void)state;
    double off = 0, count = 0;
    for (uint64_t seed = 0; seed < TREES; seed++) {
        gx_rng rng = gx_rng_at(seed, 32);
        sample s = {.arcs.n = 2 + (uint32_t)gx_rng_below(&rng, 8)};
        uint32_t parent[10] = {0};
        uint64_t sum[10];
        for (uint32_t v = 1; v < s.arcs.n; v++) {
            parent[v] = (uint32_t)gx_rng_below(&rng, v);
            arcs_add(&s.arcs, v, parent[v]);
        }
        sample_settle(&s, 0, 1);
        const double rate = 0.05 + 0.9 * gx_rng_real(&rng);
        const double recovery = 0.1 + 0.9 * gx_rng_real(&rng);
        const double passed = gx__epidemic_passed(rate, recovery);
        assert_true(fabs(gx__epidemic_rate(passed, recovery) - rate) < 1e-12);
        play(sum, &s, "all", rate, recovery, seed);
        for (uint32_t v = 0; v < s.graph.n; v++) {
            const double found = 1 + (double)sum[v] / RUNS;
            const double wrong = found - in_tree(parent, s.graph.n, v, passed);
            assert_true(fabs(wrong) <= 6 * s.graph.n / 2.0 / sqrt(RUNS));
            off += wrong;
            count++;
        }
        sample_free(&s);
    }
    assert_true(fabs(off / count) < 0.01);
}

/* A tie that passes it on for sure does so whatever the recovery: nobody in reach is left out. */
static void test_sure_ties(void **state) {
    (void)state;
    sample s = {.arcs.n = 9};
    uint64_t sum[9];
    for (uint32_t v = 1; v < s.arcs.n; v++) {
        arcs_add(&s.arcs, v, (v - 1) / 2);
    }
    sample_settle(&s, 0, 1);
    for (int k = 1; k <= 1000; k++) {
        const double recovery = k / 1000.0, rate = gx__epidemic_rate(1, recovery);
        assert_true(rate == 1 && gx__epidemic_passed(1, recovery) == 1);
        if (k % 100 == 0) {
            play(sum, &s, "all", rate, recovery, 3);
            for (uint32_t v = 0; v < s.arcs.n; v++) {
                assert_int_equal(sum[v], RUNS * (s.arcs.n - 1));
            }
        }
    }
    assert_true(fabs(gx__epidemic_passed(1e-17, 1e-17) - 0.5) < 1e-15);
    sample_free(&s);
}

static int looks;

static void stop_at_the_eighth_look(gx_job *job) {
    if (++looks == 8) {
        gx_job_cancel(job);
    }
}

/* Of a graph so dense that one step makes a million draws, the first outbreak is not played out. */
static void test_it_stops_within_a_step(void **state) {
    (void)state;
    enum { DENSE = 1000 };
    uint32_t *src = gx_alloc(DENSE * DENSE, sizeof *src), *dst = gx_alloc(DENSE * DENSE, 4);
    uint64_t sum[DENSE] = {0};
    gx_graph graph;
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t i = 0; i < DENSE * DENSE; i++) {
        src[i] = i / DENSE;
        dst[i] = i % DENSE;
    }
    assert_int_equal(gx_graph_build(&graph, DENSE, DENSE * DENSE, src, dst, NULL,
                                    GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
    looks = 0;
    job.looked = stop_at_the_eighth_look;
    const gx__spreading spreading = {.graph = &graph, .chance = 0.9};
    assert_int_equal(gx__outbreaks(sum, &spreading, 1, 1, &job, NULL), GX_CANCELLED);
    assert_int_equal(sum[1], 0);
    gx_graph_finish(&graph);
    gx_free(src);
    gx_free(dst);
}

/* ---- the rest ----------------------------------------------------------------------------------
 */

/* ⟨k⟩ / (⟨k²⟩ − ⟨k⟩) of a star: 2 d / (d² + d − 2 d); with directions nobody has both. */
static void test_threshold(void **state) {
    (void)state;
    sample s = {.arcs.n = 8};
    for (uint32_t v = 1; v < 8; v++) {
        arcs_add(&s.arcs, v, 0);
    }
    arcs_add(&s.arcs, 3, 3);
    sample_settle(&s, GX_GRAPH_LOOPS, 1);
    gx__spreading spreading = {.graph = &s.undirected};
    assert_true(fabs(gx__spreading_threshold(&spreading) - 14.0 / 42) < 1e-12);
    spreading = (gx__spreading){.graph = &s.graph, .directed = true};
    assert_true(gx__spreading_threshold(&spreading) == 1);
    sample_free(&s);
}

/* The truth's halves are of different draws, and tell each other about as well as the pass tells
 * them. */
static void test_truth(void **state) {
    (void)state;
    sample s = {.arcs.n = 300};
    gx_rng rng = gx_rng_at(5, 33);
    for (int i = 0; i < 900; i++) {
        const uint32_t u = (uint32_t)(gx_rng_real(&rng) * gx_rng_real(&rng) * 300);
        arcs_add(&s.arcs, u, (uint32_t)gx_rng_below(&rng, 300));
    }
    sample_settle(&s, 0, 1);
    run_result r = run("percolation", &s.input, 1, PARAMS("samples", "4000"));
    const double *rate = gx_result_get(r.arrays, "percolation", "rate", GX_F64, 1);
    const double *score = score_of(&r, "percolation", &s.input);
    for (int outbreaks = 0; outbreaks < 2; outbreaks++) {
        const gx_spreading_options options = {
            .spreading = {.graph = &s.undirected, .chance = *rate},
            .recovery = 1,
            .runs = 4000,
            .outbreaks = outbreaks};
        gx_spreading_truth truth;
        gx_job job;
        double tau, spearman;
        gx_job_init(&job, 2, 1);
        assert_int_equal(gx_spreading_play(&truth, &options, &job, NULL), GX_OK);
        assert_int_equal(gx_spreading_judge(&tau, &spearman, &truth, score, &job, NULL), GX_OK);
        assert_true(memcmp(truth.reached[0], truth.reached[1], 300 * sizeof(double)) != 0);
        assert_true(truth.ceiling > 0.9 && truth.ceiling < 1);
        assert_true(fabs(tau - truth.ceiling) < 0.02 && spearman > tau);
        assert_int_equal(job.seed, 1);
        gx_spreading_truth_finish(&truth, &job);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    run_free(&r);
    sample_free(&s);
}

static void test_estimates(void **state) {
    (void)state;
    sample s = {.arcs.n = 20000};
    gx_rng rng = gx_rng_at(6, 33);
    for (int i = 0; i < 80000; i++) {
        const uint32_t u = (uint32_t)gx_rng_below(&rng, 20000);
        arcs_add(&s.arcs, u, (uint32_t)gx_rng_below(&rng, 20000));
    }
    sample_weigh(&s, &rng);
    sample_settle(&s, 0, 1);
    assert_estimate_true("percolation", &s.input, PARAMS("samples", "40"));
    assert_estimate_true("percolation", &s.input, PARAMS("samples", "40", "weighted", "true"));
    /* Below the threshold, where hardly two members reach each other: knots of many take less. */
    assert_estimate_true("percolation", &s.input,
                         PARAMS("samples", "40", "direction", "in", "rate", "0.2"));
    assert_estimate_true("percolation", &s.input,
                         PARAMS("samples", "40", "direction", "out", "weighted", "true"));
    sample_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_all_subsets),
        cmocka_unit_test(test_outbreaks),
        cmocka_unit_test(test_slow_recovery),
        cmocka_unit_test(test_sure_ties),
        cmocka_unit_test(test_it_stops_within_a_step),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_estimates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
