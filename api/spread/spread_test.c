/* Intervals of what is reached: within what it can be, and as often right as they say. */
#include "api/spread/spread.h"
#include "api/testing.h"
#include "engine/influence/simulate.h"

#include <math.h>

static void ends(double *low, double *high, const gx_spread_average *average) {
    gx_arena *arena = gx_arena_create();
    const gx_value pair = gx_spread_interval(arena, average);
    assert_int_equal(pair.size, 2);
    *low = pair.as.items[0].as.real;
    *high = pair.as.items[1].as.real;
    gx_arena_destroy(arena);
}

static void an_interval_is_within_what_can_be(void **state) {
    (void)state;
    static const double means[] = {0, 4, 4.0001, 5, 50, 99.99, 100, 120};
    static const double errors[] = {0, 1e-9, 0.3, 5, 1e6}, runs[] = {2, 3, 50, INFINITY};
    for (size_t m = 0; m < GX_COUNT(means); m++) {
        for (size_t e = 0; e < GX_COUNT(errors); e++) {
            for (size_t r = 0; r < GX_COUNT(runs); r++) {
                const gx_spread_average a = {means[m], errors[e], runs[r], 4, 100, 0};
                double low, high;
                ends(&low, &high, &a);
                assert_true(low >= 4 && low <= high && high <= 100);
                if (means[m] >= 4 && means[m] <= 100) {
                    assert_true(low <= means[m] && means[m] <= high);
                }
                assert_true(errors[e] > 0 || low == high);
            }
        }
    }
}

static void far_from_the_bounds_it_is_the_usual_one(void **state) {
    (void)state;
    double low, high;
    ends(&low, &high, &(gx_spread_average){1000, 1, INFINITY, 10, 90000, 0});
    assert_true(fabs(low - 998.04) < 0.01 && fabs(high - 1001.96) < 0.01);
    ends(&low, &high, &(gx_spread_average){-2, 1, 5, -INFINITY, INFINITY, 0});
    assert_true(fabs(low + 2 + 2.7764) < 1e-3 && fabs(high + 2 - 2.7764) < 1e-3);
}

/* Of sets of which few or none are hit: Wilson's, of the share of all but the seeds. */
static void few_sets_hit_are_told_honestly(void **state) {
    (void)state;
    enum { SETS = 2000, TIMES = 4000 };
    static const double share[] = {0, 0.0002, 0.001, 0.01, 0.5, 1};
    for (size_t k = 0; k < GX_COUNT(share); k++) {
        const double truth = 5 + 995 * share[k];
        uint32_t held = 0;
        for (uint32_t t = 0; t < TIMES; t++) {
            gx_rng rng = gx_rng_at(31 + k, t);
            double hit = 0, low, high;
            for (uint32_t s = 0; s < SETS; s++) {
                hit += (double)gx_rng_below(&rng, 1000000) < 1e6 * share[k];
            }
            const double q = hit / SETS;
            const gx_spread_average a = {
                5 + 995 * q, 995 * sqrt(q * (1 - q) / SETS), INFINITY, 5, 1000, SETS};
            ends(&low, &high, &a);
            assert_true(5 <= low && low <= a.mean && a.mean <= high && high <= 1000);
            assert_true(low < high && high - low < 2 + 8 * a.error);
            held += low <= truth && truth <= high;
        }
        assert_in_range(held, TIMES * 92 / 100, TIMES);
    }
}

/* Members brought by one seed where each brings half a member on average, its own not counted. */
static double brought(gx_rng *rng, double least) {
    double all = 0;
    for (double now = 1; now > 0;) {
        double next = 0;
        for (; now > 0; now--) {
            for (int child = 0; child < 4; child++) {
                next += gx_rng_below(rng, 1000) < (uint64_t)(1000 * least / 4);
            }
        }
        all += now = next;
    }
    return all;
}

/* With a normal interval it is 90 and 91 of 100, and of the first 35 reach below the seed. */
static void few_runs_are_told_honestly(void **state) {
    (void)state;
    enum { RUNS = 50, TIMES = 4000 };
    static const double each[] = {0.1, 0.5};
    for (size_t k = 0; k < GX_COUNT(each); k++) {
        const double truth = 1 + each[k] / (1 - each[k]);
        uint32_t held = 0;
        for (uint32_t t = 0; t < TIMES; t++) {
            gx_rng rng = gx_rng_at(11 + k, t);
            gx_spread_average a = {.runs = RUNS, .low = 1, .high = 5000};
            double reached[RUNS], low, high;
            for (uint32_t r = 0; r < RUNS; r++) {
                reached[r] = 1 + brought(&rng, each[k]);
            }
            gx_runs_mean(&a.mean, &a.error, reached, RUNS);
            ends(&low, &high, &a);
            assert_true(low >= 1 && (low > 1 || a.error == 0));
            held += low <= truth && truth <= high;
        }
        assert_in_range(held, TIMES * 92 / 100, TIMES * 98 / 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_is_within_what_can_be),
        cmocka_unit_test(far_from_the_bounds_it_is_the_usual_one),
        cmocka_unit_test(few_sets_hit_are_told_honestly),
        cmocka_unit_test(few_runs_are_told_honestly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
