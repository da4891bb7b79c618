/* The judge of leader scores against its definitions, over small arrays with many ties. */
#include "engine/leaders/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N_MAX = 40, SEEDS = 500 };

static double sign(double x) {
    return (x > 0) - (x < 0);
}

static double naive_kendall(const double *a, const double *b, uint32_t n) {
    double sum = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const double x = sign(a[i] - a[j]), y = sign(b[i] - b[j]);
            sum += x * y;
            aa += x * x;
            bb += y * y;
        }
    }
    return aa > 0 && bb > 0 ? sum / sqrt(aa * bb) : NAN;
}

static double naive_rank(const double *a, uint32_t n, uint32_t i) {
    double rank = 0.5;
    for (uint32_t j = 0; j < n; j++) {
        rank += a[j] < a[i] ? 1 : a[j] == a[i] ? 0.5 : 0;
    }
    return rank;
}

static double naive_spearman(const double *a, const double *b, uint32_t n) {
    double ab = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double x = naive_rank(a, n, i) - (n + 1) / 2.0;
        const double y = naive_rank(b, n, i) - (n + 1) / 2.0;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

/* Equal scores share their places evenly: each member gets the mean discount of them. */
static double naive_gain(const double *score, const double *came, uint32_t n, uint32_t k) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t above = 0, equal = 0;
        double places = 0;
        for (uint32_t j = 0; j < n; j++) {
            above += score[j] > score[i];
            equal += score[j] == score[i];
        }
        for (uint32_t place = above; place < above + equal && place < k; place++) {
            places += 1 / log2(place + 2.0);
        }
        sum += log2(1 + came[i]) * places / equal;
    }
    return sum;
}

/* Or both not defined. */
static void assert_same(double got, double want) {
    assert_true(isnan(want) ? isnan(got) : fabs(got - want) < 1e-9);
}

static void test_figures_against_definitions(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        gx_rng rng = gx_rng_at(seed, 3);
        double a[N_MAX], b[N_MAX], came[N_MAX];
        const uint32_t n = (uint32_t)gx_rng_below(&rng, N_MAX), k = 1 + (uint32_t)seed % 12;
        for (uint32_t i = 0; i < n; i++) {
            a[i] = (double)gx_rng_below(&rng, 12);
            b[i] = gx_rng_real(&rng);
            came[i] = gx_rng_below(&rng, 2) ? (double)gx_rng_below(&rng, 5) / 2 : 0;
        }
        const double *score[] = {a, b};
        gx_judge_options options = {.k = k, .level = 0.9};
        gx_judged out[2];
        gx_job job;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_leaders_judge(out, score, 2, came, n, &options, &job, NULL), GX_OK);
        assert_int_equal(job.mem_used, 0);
        for (int s = 0; s < 2; s++) {
            const double best = naive_gain(came, came, n, k);
            const double ndcg = best > 0 ? naive_gain(score[s], came, n, k) / best : 0;
            const double *value = out[s].value;
            assert_same(value[GX_TELLING_KENDALL], naive_kendall(score[s], came, n));
            assert_same(value[GX_TELLING_SPEARMAN], naive_spearman(score[s], came, n));
            assert_true(fabs(value[GX_TELLING_NDCG] - ndcg) < 1e-9);
        }
    }
}

/* One score for all is no ranking: its correlations are not defined, nor is what is better by them;
 * resamples in which one is not are left out of the interval. */
static void test_constants(void **state) {
    (void)state;
    enum { FEW = 4 };
    const double good[FEW] = {3, 2, 1, 0}, same[FEW] = {1, 1, 1, 1}, one[FEW] = {1, 0, 0, 0};
    const double *score[] = {good, same, one};
    gx_judge_options options = {.k = 2, .resamples = 200, .level = 0.9};
    gx_judged out[3];
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_leaders_judge(out, score, 3, good, FEW, &options, &job, NULL), GX_OK);
    for (int m = GX_TELLING_KENDALL; m <= GX_TELLING_SPEARMAN; m++) {
        assert_true(isnan(out[1].value[m]) && isnan(out[1].gap[m]));
        assert_true(isnan(out[1].low[m]) && isnan(out[1].high[m]));
        assert_true(out[2].low[m] <= out[2].gap[m] && out[2].gap[m] <= out[2].high[m]);
    }
    assert_true(out[1].low[GX_TELLING_NDCG] <= out[1].high[GX_TELLING_NDCG]);
}

/* A score that tells and one that does not: the interval says so; nothing beats itself; threads do
 * not matter. */
static void test_intervals(void **state) {
    (void)state;
    enum { MANY = 600 };
    static double good[MANY], bad[MANY], came[MANY];
    gx_rng rng = gx_rng_at(5, 5);
    for (uint32_t i = 0; i < MANY; i++) {
        good[i] = gx_rng_real(&rng);
        bad[i] = gx_rng_real(&rng);
        came[i] = good[i] + gx_rng_real(&rng);
    }
    const double *score[] = {good, bad, good};
    gx_judged out[2][3];
    for (int threads = 1; threads <= 2; threads++) {
        gx_job job;
        gx_judge_options options = {.k = 50, .resamples = 100, .level = 0.95};
        gx_job_init(&job, threads, 1);
        assert_int_equal(
            gx_leaders_judge(out[threads - 1], score, 3, came, MANY, &options, &job, NULL), GX_OK);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    for (int m = 0; m < GX_TELLING_COUNT; m++) {
        assert_true(out[0][1].low[m] > 0 && out[0][1].low[m] <= out[0][1].gap[m]);
        assert_true(out[0][1].high[m] >= out[0][1].gap[m]);
        assert_true(out[0][2].low[m] == 0 && out[0][2].high[m] == 0);
    }
}

/* Of many members too the interval is of the figure that is told: NDCG of the first k is another
 * one where fewer are ranked. */
static void test_intervals_hold_their_figures(void **state) {
    (void)state;
    enum { MANY = 12000 };
    static double good[MANY], bad[MANY], came[MANY];
    gx_rng rng = gx_rng_at(7, 5);
    for (uint32_t i = 0; i < MANY; i++) {
        good[i] = gx_rng_real(&rng);
        bad[i] = gx_rng_real(&rng);
        came[i] = gx_rng_real(&rng) < pow(good[i], 200) ? 1 + (double)gx_rng_below(&rng, 50) : 0;
    }
    const double *score[] = {good, bad};
    const gx_judge_options options = {.k = 100, .resamples = 100, .level = 0.95};
    gx_judged out[2];
    gx_job job;
    gx_job_init(&job, 2, 1);
    assert_int_equal(gx_leaders_judge(out, score, 2, came, MANY, &options, &job, NULL), GX_OK);
    assert_int_equal(job.mem_used, 0);
    for (int m = 0; m < GX_TELLING_COUNT; m++) {
        assert_true(out[1].low[m] < out[1].gap[m] && out[1].gap[m] < out[1].high[m]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_against_definitions),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_intervals_hold_their_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
