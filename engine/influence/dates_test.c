/* Days against what they must be on a chain, where the times of arcs add up; what is true of any
 * graph: all that is reached is reached on some day, and more seeds are never later or fewer. */
#include "engine/influence/simulate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DAYS = 12 };

/* Whoever heeds 0 has it after Exp(delay) days, whoever heeds those after two of them: Erlang. */
static void times_of_a_chain_add_up(void **state) {
    (void)state;
    const uint32_t src[] = {1, 2}, dst[] = {0, 1}, seed = 0;
    for (int threads = 1; threads <= 2; threads++) {
        for (int model = 0; model < 2; model++) {
            gx_job job;
            gx_graph graph;
            gx_chances chances;
            gx_simulation out;
            gx_job_init(&job, threads, 5);
            assert_int_equal(gx_graph_build(&graph, 3, 2, src, dst, NULL, GX_GRAPH_IN, &job, NULL),
                             GX_OK);
            const gx_chance_options o = {.model = (gx_spread_model)model,
                                         .rule = GX_CHANCE_CONSTANT,
                                         .constant = 1,
                                         .raise = 1};
            const gx_simulation_options with = {
                .seed = &seed, .count = 1, .runs = 40000, .days = DAYS, .delay = 2.5};
            assert_int_equal(gx_chances_make(&chances, &graph, &o, true, &job, NULL), GX_OK);
            assert_int_equal(gx_simulate(&out, &chances, &with, &job, NULL), GX_OK);
            assert_true(fabs(out.mean - 3) < 1e-9);
            for (uint32_t d = 0; d <= DAYS; d++) {
                double by[2]; /* reached before day d and d + 1 */
                for (int k = 0; k < 2; k++) {
                    const double x = (double)(d + (uint32_t)k) / with.delay;
                    const bool all = k == 1 && d == DAYS;
                    by[k] = all ? 2 : 1 - exp(-x) + 1 - exp(-x) * (1 + x);
                }
                const double expected = by[1] - by[0] + (d == 0);
                assert_true(fabs(out.by_day[d] - expected) < 0.02);
            }
            gx_simulation_finish(&out, &job);
            gx_chances_finish(&chances, &job);
            gx_graph_finish(&graph);
            assert_int_equal(job.mem_used, 0);
        }
    }
}

enum { N = 60, M = 200, RUNS = 200 };

static void play(gx_simulation *out, uint64_t number, uint32_t count, int threads) {
    static const uint32_t seed[] = {3, 17, 3, 44, 51};
    uint32_t src[M], dst[M];
    gx_rng rng = gx_rng_at(number, 9);
    gx_job job;
    gx_graph graph;
    gx_chances chances;
    for (uint32_t i = 0; i < M; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, N);
        dst[i] = (uint32_t)gx_rng_below(&rng, N);
    }
    gx_job_init(&job, threads, number);
    assert_int_equal(gx_graph_build(&graph, N, M, src, dst, NULL, GX_GRAPH_IN, &job, NULL), GX_OK);
    const gx_chance_options o = {.model = (gx_spread_model)(number % 2),
                                 .rule = (gx_chance_rule)(number / 2 % 3),
                                 .constant = 0.3,
                                 .raise = 1};
    const gx_simulation_options with = {
        .seed = seed, .count = count, .runs = RUNS, .days = DAYS, .delay = 1.5};
    assert_int_equal(gx_chances_make(&chances, &graph, &o, true, &job, NULL), GX_OK);
    assert_int_equal(gx_simulate(out, &chances, &with, &job, NULL), GX_OK);
    gx_chances_finish(&chances, &job);
    gx_graph_finish(&graph);
}

static void days_hold_all_that_is_reached(void **state) {
    (void)state;
    for (uint64_t number = 0; number < 48; number++) {
        gx_simulation few, many, again;
        gx_job any;
        double sum = 0, earlier[2] = {0};
        gx_job_init(&any, 1, 1);
        play(&few, number, 3, 1);
        play(&many, number, 5, 2);
        play(&again, number, 5, 1);
        for (uint32_t d = 0; d <= DAYS; d++) {
            sum += many.by_day[d];
            earlier[0] += few.by_day[d];
            earlier[1] += many.by_day[d];
            assert_true(earlier[1] >= earlier[0] - 1e-9);
            assert_true(many.by_day[d] == again.by_day[d]);
        }
        assert_true(fabs(sum - many.mean) < 1e-9);
        for (uint32_t r = 0; r < RUNS; r++) {
            assert_true(many.reached[r] >= few.reached[r]);
        }
        gx_simulation_finish(&few, &any);
        gx_simulation_finish(&many, &any);
        gx_simulation_finish(&again, &any);
    }
}

/* 1 heeds 0 and 2 heeds 1, surely; 1 passes it on three times in ten, and the seed always. */
static void members_pass_on_as_often_as_they_do(void **state) {
    (void)state;
    const uint32_t src[] = {1, 2}, dst[] = {0, 1}, seed = 0;
    const float passes[] = {0, 0.3f, 0};
    gx_job job;
    gx_graph graph;
    gx_chances chances;
    gx_simulation out;
    double sum = 0;
    gx_job_init(&job, 2, 7);
    assert_int_equal(gx_graph_build(&graph, 3, 2, src, dst, NULL, GX_GRAPH_IN, &job, NULL), GX_OK);
    const gx_chance_options o = {
        .rule = GX_CHANCE_CONSTANT, .constant = 1, .passes = passes, .raise = 1};
    const gx_simulation_options with = {
        .seed = &seed, .count = 1, .runs = 40000, .days = DAYS, .delay = 2.5};
    assert_int_equal(gx_chances_make(&chances, &graph, &o, true, &job, NULL), GX_OK);
    assert_int_equal(gx_simulate(&out, &chances, &with, &job, NULL), GX_OK);
    assert_true(fabs(out.mean - 2.3) < 5 * sqrt(0.3 * 0.7 / 40000));
    for (uint32_t d = 0; d <= DAYS; d++) {
        sum += out.by_day[d];
    }
    assert_true(fabs(sum - out.mean) < 1e-9);
    gx_simulation_finish(&out, &job);
    gx_chances_finish(&chances, &job);
    gx_graph_finish(&graph);
}

/* Runs with days are played forwards, those of thresholds without them by chains from the other
 * end: each reaches the same, whoever passes on. */
static void chains_reach_what_is_played(void **state) {
    (void)state;
    enum { DENSE = 600 };
    static const uint32_t seed[] = {3, 17, 44};
    for (uint64_t number = 0; number < 40; number++) {
        uint32_t src[DENSE], dst[DENSE];
        float passes[N];
        gx_rng rng = gx_rng_at(number, 10);
        gx_job job;
        gx_graph graph;
        gx_chances chances;
        gx_simulation played[2];
        for (uint32_t i = 0; i < DENSE; i++) {
            src[i] = (uint32_t)gx_rng_below(&rng, N);
            dst[i] = (uint32_t)gx_rng_below(&rng, N);
        }
        for (uint32_t v = 0; v < N; v++) {
            passes[v] = (float)gx_rng_below(&rng, 5) / 4;
        }
        gx_job_init(&job, 1, number);
        assert_int_equal(gx_graph_build(&graph, N, DENSE, src, dst, NULL, GX_GRAPH_IN, &job, NULL),
                         GX_OK);
        const gx_chance_options o = {
            .model = GX_SPREAD_THRESHOLD, .passes = number % 2 ? passes : NULL, .raise = 1};
        assert_int_equal(gx_chances_make(&chances, &graph, &o, true, &job, NULL), GX_OK);
        for (uint32_t days = 0; days < 2; days++) {
            const gx_simulation_options with = {
                .seed = seed, .count = 3, .runs = RUNS, .days = days, .delay = 1};
            assert_int_equal(gx_simulate(&played[days], &chances, &with, &job, NULL), GX_OK);
        }
        for (uint32_t r = 0; r < RUNS; r++) {
            assert_true(played[0].reached[r] == played[1].reached[r]);
        }
        assert_memory_equal(played[0].by_step, played[1].by_step, sizeof played[0].by_step);
        gx_simulation_finish(&played[0], &job);
        gx_simulation_finish(&played[1], &job);
        gx_chances_finish(&chances, &job);
        gx_graph_finish(&graph);
        assert_int_equal(job.mem_used, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_a_chain_add_up),
        cmocka_unit_test(days_hold_all_that_is_reached),
        cmocka_unit_test(members_pass_on_as_often_as_they_do),
        cmocka_unit_test(chains_reach_what_is_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
