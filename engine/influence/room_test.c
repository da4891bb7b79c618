/* Choices where memory is short, and where no choice that keeps to its limits comes near the bound:
 * they end, and what they say of themselves is so. */
#include "engine/influence/seeds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 3000, TIES = 12000, SEEDS = 10, RUNS = 4000 };

typedef struct ground {
    gx_graph graph;
    gx_job job;
} ground;

/* Some are heard by many. */
static void lay(ground *g, uint64_t seed, int threads) {
    gx_rng rng = gx_rng_at(seed, 91);
    uint32_t *src = gx_alloc(TIES, sizeof *src), *dst = gx_alloc(TIES, sizeof *dst);
    for (uint32_t i = 0; i < TIES; i++) {
        const double x = gx_rng_real(&rng);
        src[i] = (uint32_t)gx_rng_below(&rng, N);
        dst[i] = (uint32_t)(x * x * N);
    }
    gx_job_init(&g->job, threads, seed);
    assert_int_equal(gx_graph_build(&g->graph, N, TIES, src, dst, NULL, GX_GRAPH_IN, &g->job, NULL),
                     GX_OK);
    gx_free(src);
    gx_free(dst);
}

static gx_seed_options asked_for(double p, double eps) {
    return (gx_seed_options){.chance = {.model = GX_SPREAD_CASCADE,
                                        .rule = GX_CHANCE_CONSTANT,
                                        .constant = p,
                                        .raise = 1},
                             .limits = {.n = N, .count = SEEDS},
                             .eps = eps,
                             .heuristics = true};
}

static void play(gx_simulation *out, ground *g, const gx_seed_options *o, const gx_seeds *seeds) {
    gx_chances chances;
    const gx_simulation_options with = {
        .seed = seeds->seed, .count = seeds->count, .runs = RUNS, .weight = o->weight};
    g->job.mem_limit = 0;
    assert_int_equal(gx_chances_make(&chances, &g->graph, &o->chance, true, &g->job, NULL), GX_OK);
    assert_int_equal(gx_simulate(out, &chances, &with, &g->job, NULL), GX_OK);
    gx_chances_finish(&chances, &g->job);
}

/* A choice that memory ended was judged, by no fewer sets than the room for them holds. */
static void little_memory_is_enough_to_judge(void **state) {
    (void)state;
    const gx_seed_options o = asked_for(0.08, 0.001);
    uint32_t made = 0;
    for (uint64_t k = 0; k < 30; k++) {
        ground g;
        gx_seeds seeds;
        gx_simulation played;
        lay(&g, k % 4, 1);
        g.job.mem_limit = 500000 + k * k * 6800;
        if (gx_seeds_choose(&seeds, &g.graph, &o, &g.job, NULL) == GX_OK) {
            assert_string_equal(seeds.ended, "memory");
            assert_int_equal(seeds.worlds, 0);
            assert_true(seeds.judges > 0.04 * (double)seeds.sets);
            play(&played, &g, &o, &seeds);
            const double error = hypot(seeds.error, played.error);
            assert_true(seeds.error > 0 && fabs(seeds.spread - played.mean) < 5 * error);
            gx_simulation_finish(&played, &g.job);
            gx_seeds_finish(&seeds, &g.job);
            made++;
        }
        gx_graph_finish(&g.graph);
        assert_int_equal(g.job.mem_used, 0);
    }
    assert_true(made > 20);
}

static void memory_is_shared_out_alike_by_any_threads(void **state) {
    (void)state;
    const gx_seed_options o = asked_for(0.2, 0.001);
    for (uint64_t k = 0; k < 12; k++) {
        ground g;
        gx_seeds of[3];
        lay(&g, k, 1);
        for (int t = 0; t < 3; t++) {
            g.job.threads = 1 << t;
            g.job.mem_limit = g.job.mem_used + 3000000 + k * 400000;
            assert_int_equal(gx_seeds_choose(&of[t], &g.graph, &o, &g.job, NULL), GX_OK);
            assert_int_equal(of[t].sets, of[0].sets);
            assert_memory_equal(of[t].seed, of[0].seed, SEEDS * sizeof *of[t].seed);
            assert_true(of[t].spread == of[0].spread);
        }
        for (int t = 0; t < 3; t++) {
            gx_seeds_finish(&of[t], &g.job);
        }
        gx_graph_finish(&g.graph);
    }
}

/* Two circles of members whom few hear must have most of the seeds. */
static void quotas_far_from_the_bound_end_by_eps(void **state) {
    (void)state;
    static const uint32_t least[] = {0, SEEDS / 2, SEEDS / 2};
    uint32_t circle[N];
    for (uint64_t seed = 0; seed < 4; seed++) {
        ground g;
        gx_seeds seeds;
        lay(&g, seed, 2);
        for (uint32_t v = 0; v < N; v++) {
            const uint64_t hear = g.graph.in_ptr[v + 1] - g.graph.in_ptr[v];
            circle[v] = hear <= 1 ? 1 + v % 2 : 0;
        }
        gx_seed_options o = asked_for(0.1, 0.1);
        o.limits.circle = circle;
        o.limits.circles = 3;
        o.limits.least = least;
        assert_int_equal(gx_seeds_choose(&seeds, &g.graph, &o, &g.job, NULL), GX_OK);
        assert_string_equal(seeds.ended, "eps");
        assert_true(seeds.entries < 8000000);
        assert_true(seeds.lower < 0.5 * seeds.upper); /* no proof could have ended it */
        gx_seeds_finish(&seeds, &g.job);
        gx_graph_finish(&g.graph);
        assert_int_equal(g.job.mem_used, 0);
    }
}

/* One member is worth more than all others to the twelfth digit; what those reach still varies. */
static void what_varies_little_still_varies(void **state) {
    (void)state;
    ground g;
    gx_seeds seeds;
    gx_simulation played;
    double weight[N];
    static const uint32_t given[] = {0};
    lay(&g, 7, 2);
    for (uint32_t v = 0; v < N; v++) {
        weight[v] = v == 0 ? 1e12 : 1;
    }
    gx_seed_options o = asked_for(0.5, 0.1);
    o.weight = weight;
    o.limits = (gx_seed_limits){.n = N, .count = 1, .given = given, .given_count = 1};
    assert_int_equal(gx_seeds_choose(&seeds, &g.graph, &o, &g.job, NULL), GX_OK);
    assert_true(seeds.worlds > 0);
    play(&played, &g, &o, &seeds);
    const double error = played.error * sqrt((double)RUNS / (seeds.worlds / 3.0));
    assert_true(seeds.error > error / 3 && seeds.error < 3 * error);
    gx_simulation_finish(&played, &g.job);
    gx_seeds_finish(&seeds, &g.job);
    weight[5] = 1e101;
    gx_error err;
    assert_int_equal(gx_seeds_choose(&seeds, &g.graph, &o, &g.job, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "1e+101"));
    gx_graph_finish(&g.graph);
    assert_int_equal(g.job.mem_used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_memory_is_enough_to_judge),
        cmocka_unit_test(memory_is_shared_out_alike_by_any_threads),
        cmocka_unit_test(quotas_far_from_the_bound_end_by_eps),
        cmocka_unit_test(what_varies_little_still_varies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
