/* Intervals and tests on synthetic figures: how often they hold, and how often they are wrong. */
#include "models/eval/testing.h"

enum { SAMPLE = 300, TRIALS = 400 };

static void fill(double *figure, uint32_t *user, gx_rng *rng, double zeros, double mean) {
    for (uint32_t i = 0; i < SAMPLE; i++) {
        user[i] = 3 * i;
        /* Skewed, and often nothing, as a member's recall is. */
        figure[i] = gx_rng_real(rng) < zeros ? 0 : -mean / (1 - zeros) * log(1 - gx_rng_real(rng));
    }
}

/* In TRIALS draws of a known mean the interval has it about as often as it says. */
static void intervals_cover(void **unused) {
    (void)unused;
    static double figure[SAMPLE];
    static uint32_t user[SAMPLE];
    const double levels[] = {0.8, 0.95};
    for (size_t l = 0; l < GX_COUNT(levels); l++) {
        int held = 0;
        for (uint64_t trial = 0; trial < TRIALS; trial++) {
            gx_rng rng = gx_rng_at(17, trial);
            gx_error err = {0};
            gx_job job = job_of(1, 1);
            gx_interval of;
            const gx_resampling how = {400, levels[l], trial};
            fill(figure, user, &rng, 0.6, 0.2);
            must(gx_bootstrap(&of, figure, user, SAMPLE, 1, &how, &job, &err), &err);
            assert_true(of.low <= of.mean && of.mean <= of.high);
            held += of.low <= 0.2 && 0.2 <= of.high;
        }
        /* Four standard deviations of the count, and a little for 300 skewed figures. */
        const double spread = sqrt(levels[l] * (1 - levels[l]) / TRIALS);
        assert_near((double)held / TRIALS, levels[l], 4 * spread + 0.015);
    }
}

/* The spread is that of the mean: the interval of a normal approximation, about. */
static void interval_is_as_wide_as_it_should(void **unused) {
    (void)unused;
    static double figure[2 * SAMPLE];
    static uint32_t user[SAMPLE];
    gx_rng rng = gx_rng_at(19, 1);
    gx_error err = {0};
    gx_interval one[2], two[2];
    const gx_resampling how = {2000, 0.95, 5}, none = {0, 0.95, 5};
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < SAMPLE; i++) {
        user[i] = i;
        figure[2 * i] = gx_rng_normal(&rng);
        figure[2 * i + 1] = 0;
        sum += figure[2 * i];
        squares += figure[2 * i] * figure[2 * i];
    }
    const double mean = sum / SAMPLE, error = sqrt((squares / SAMPLE - mean * mean) / SAMPLE);
    gx_job job = job_of(1, 1), more = job_of(2, 1);
    must(gx_bootstrap(one, figure, user, SAMPLE, 2, &how, &job, &err), &err);
    must(gx_bootstrap(two, figure, user, SAMPLE, 2, &how, &more, &err), &err);
    assert_memory_equal(one, two, sizeof one);
    assert_near(one[0].mean, mean, 1e-12);
    assert_near(one[0].low, mean - 1.96 * error, 0.2 * error);
    assert_near(one[0].high, mean + 1.96 * error, 0.2 * error);
    assert_near(one[1].low, 0, 0);
    assert_near(one[1].high, 0, 0);
    must(gx_bootstrap(two, figure, user, SAMPLE, 2, &none, &job, &err), &err);
    assert_true(isnan(two[0].low) && two[0].mean == one[0].mean);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

/* Where two models do not differ the test says so about as seldom as its level, and where they do
 * it finds it. */
static void paired_test_is_honest(void **unused) {
    (void)unused;
    static double a[SAMPLE], b[SAMPLE];
    static uint32_t user[SAMPLE];
    int wrong = 0, found = 0, outside = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        gx_rng rng = gx_rng_at(23, trial);
        gx_error err = {0};
        gx_job job = job_of(1, 1);
        gx_paired of;
        const gx_resampling how = {400, 0.95, trial};
        fill(a, user, &rng, 0.5, 0.2);
        for (uint32_t i = 0; i < SAMPLE; i++) {
            b[i] = a[i] + 0.1 * gx_rng_normal(&rng);
        }
        must(gx_paired_test(&of, a, b, user, SAMPLE, 1, &how, &job, &err), &err);
        wrong += of.p <= 0.05;
        outside += of.low > 0 || of.high < 0;
        for (uint32_t i = 0; i < SAMPLE; i++) {
            b[i] -= 0.025;
        }
        must(gx_paired_test(&of, a, b, user, SAMPLE, 1, &how, &job, &err), &err);
        found += of.p <= 0.05;
        assert_true(of.difference > 0 && of.low < of.difference && of.difference < of.high);
    }
    assert_near(wrong / (double)TRIALS, 0.05, 4 * sqrt(0.05 * 0.95 / TRIALS));
    assert_near(outside / (double)TRIALS, 0.05, 4 * sqrt(0.05 * 0.95 / TRIALS) + 0.01);
    assert_true(found > 0.95 * TRIALS);
}

/* Against all 2^n sign patterns. */
static void permutation_is_exact_where_it_can_be(void **unused) {
    (void)unused;
    enum { FEW = 8 };
    const double a[FEW] = {.5, .1, .9, .4, .3, .8, .2, .6};
    const double b[FEW] = {.2, .2, .5, .1, .3, .3, .4, .5};
    uint32_t user[FEW], far = 0;
    double sum = 0;
    for (uint32_t i = 0; i < FEW; i++) {
        user[i] = i;
        sum += a[i] - b[i];
    }
    for (uint32_t pattern = 0; pattern < 1U << FEW; pattern++) {
        double other = 0;
        for (uint32_t i = 0; i < FEW; i++) {
            other += pattern >> i & 1 ? a[i] - b[i] : b[i] - a[i];
        }
        far += fabs(other) >= fabs(sum) - 1e-12;
    }
    gx_error err = {0};
    gx_job job = job_of(2, 1);
    gx_paired of;
    const gx_resampling how = {20000, 0.95, 1};
    must(gx_paired_test(&of, a, b, user, FEW, 1, &how, &job, &err), &err);
    assert_near(of.p, far / 256.0, 0.012);
    must(gx_paired_test(&of, a, a, user, FEW, 1, &how, &job, &err), &err);
    assert_near(of.p, 1, 0);
    assert_near(of.difference, 0, 0);
}

static void holm_by_hand(void **unused) {
    (void)unused;
    double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.2}, nan_too[] = {0.01, (double)NAN};
    gx_holm(p, 4);
    assert_near(p[3], 0.02, 1e-15);
    assert_near(p[0], 0.03, 1e-15);
    assert_near(p[2], 0.06, 1e-15);
    assert_near(p[1], 0.06, 1e-15);
    gx_holm(one, 1);
    assert_near(one[0], 0.2, 1e-15);
    gx_holm(nan_too, 2);
    assert_near(nan_too[0], 0.02, 1e-15);
    assert_true(isnan(nan_too[1]));
    double tiny[] = {1e-30, 0, 0.5};
    gx_holm(tiny, 3);
    assert_near(tiny[0], 2e-30, 1e-40);
    assert_near(tiny[1], 0, 0);
    gx_holm(NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover),
        cmocka_unit_test(interval_is_as_wide_as_it_should),
        cmocka_unit_test(paired_test_is_honest),
        cmocka_unit_test(permutation_is_exact_where_it_can_be),
        cmocka_unit_test(holm_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
