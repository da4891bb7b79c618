/* Distributions against known values, arms by hand and on synthetic experiments. */
#include "models/eval/testing.h"

/* Closed forms: t of 1 degree is Cauchy's, of 2 has 1 − t / sqrt(2 + t²); of very many it is
 * normal; chi-squared of 2 degrees is exponential, of 1 the square of a normal. */
static void distributions_are_known(void **unused) {
    (void)unused;
    const double at[] = {0, 1e-6, 0.1, 0.5, 1, 1.96, 3, 7, 40};
    for (size_t k = 0; k < GX_COUNT(at); k++) {
        const double t = at[k];
        assert_near(gx_student_p(t, 1), 1 - 2 * atan(t) / acos(-1), 1e-12);
        assert_near(gx_student_p(t, 2), 1 - t / sqrt(2 + t * t), 1e-12);
        assert_near(gx_student_p(t, 1e9), erfc(t / sqrt(2)), 1e-8);
        assert_near(gx_student_p(-t, 5), gx_student_p(t, 5), 0);
        assert_near(gx_chi_squared_p(t, 2), exp(-t / 2), 1e-13);
        assert_near(gx_chi_squared_p(t * t, 1), erfc(t / sqrt(2)), 1e-12);
    }
    /* Tables. */
    assert_near(gx_student_t(0.05, 10), 2.228138852, 1e-8);
    assert_near(gx_student_t(0.01, 3), 5.840909310, 1e-8);
    assert_near(gx_student_t(0.05, 1e9), 1.959963985, 1e-7);
    assert_near(gx_chi_squared_p(11.0705, 5), 0.05, 1e-6);
    assert_near(gx_chi_squared_p(0, 3), 1, 0);
    assert_true(isnan(gx_student_p((double)NAN, 3)) && isnan(gx_student_t(2, 3)));
    assert_true(isnan(gx_chi_squared_p(1, 0)));
    assert_near(gx_student_p(INFINITY, 3), 0, 0);
}

static gx_arm_sums sums_of(const double *x, size_t count) {
    gx_arm_sums sums = {0};
    for (size_t k = 0; k < count; k++) {
        sums.count++;
        sums.sum += x[k];
        sums.squares += x[k] * x[k];
    }
    return sums;
}

/* Welch's own kind of example: means 2 and 5, variances 1 and 4, of 3 and 4. */
static void welch_by_hand(void **unused) {
    (void)unused;
    const double x[] = {3, 5, 5, 7}, y[] = {1, 2, 3};
    const double a = (4 + 0 + 0 + 4) / 3.0 / 4, b = 1 / 3.0;
    const gx_arm_sums arm = sums_of(x, 4), control = sums_of(y, 3);
    gx_arm_test of;
    gx_arm_compare(&of, &arm, &control, 0.95);
    const double freedom = (a + b) * (a + b) / (a * a / 3 + b * b / 2);
    assert_near(of.difference, 3, 1e-12);
    assert_near(of.p, gx_student_p(3 / sqrt(a + b), freedom), 1e-12);
    assert_near(of.high - of.difference, gx_student_t(0.05, freedom) * sqrt(a + b), 1e-9);
    assert_near(of.lift, 1.5, 1e-12);
    assert_true(of.lift_low < 1.5 && 1.5 < of.lift_high);
    const gx_arm_sums none = {0}, one = {1, 2, 4};
    gx_arm_compare(&of, &none, &control, 0.95);
    assert_true(isnan(of.difference) && isnan(of.p));
    gx_arm_compare(&of, &one, &control, 0.95);
    assert_true(of.difference == 0 && isnan(of.p) && isnan(of.low));
    const gx_arm_sums still = {5, 0, 0};
    gx_arm_compare(&of, &still, &still, 0.95);
    assert_true(of.p == 1 && of.low == 0 && isnan(of.lift));
}

static void wilson_by_hand(void **unused) {
    (void)unused;
    /* 8 of 10 at 0.95: .4902 to .9433 (Newcombe 1998 gives such to four digits). */
    const gx_arm_sums arm = {10, 8, 8}, none = {20, 0, 0};
    gx_interval of = gx_arm_mean(&arm, true, 0.95);
    assert_near(of.mean, 0.8, 0);
    assert_near(of.low, 0.4902, 5e-5);
    assert_near(of.high, 0.9433, 5e-5);
    of = gx_arm_mean(&none, true, 0.95);
    assert_true(of.low == 0 && of.high > 0.1 && of.high < 0.2);
    of = gx_arm_mean(&(gx_arm_sums){0}, true, 0.95);
    assert_true(isnan(of.mean));
    of = gx_arm_mean(&(gx_arm_sums){1, 3, 9}, false, 0.95);
    assert_true(of.mean == 3 && isnan(of.low));
}

static void ratios_are_checked(void **unused) {
    (void)unused;
    const double even[] = {1, 1}, uneven[] = {9, 1}, shut[] = {1, 0};
    const uint64_t good[] = {5021, 4979}, bad[] = {5300, 4700}, tenth[] = {9000, 1000},
                   none[] = {0, 0};
    assert_near(gx_sample_ratio(good, even, 2), gx_chi_squared_p(42.0 * 42 / 10000, 1), 1e-12);
    assert_true(gx_sample_ratio(bad, even, 2) < 1e-8);
    assert_near(gx_sample_ratio(tenth, uneven, 2), 1, 1e-12);
    assert_near(gx_sample_ratio(good, shut, 2), 0, 0);
    assert_true(isnan(gx_sample_ratio(none, even, 2)) && isnan(gx_sample_ratio(good, even, 1)));
}

/* Two arms alike are told apart as seldom as the level says, and intervals hold what they should.
 */
static void experiments_are_honest(void **unused) {
    (void)unused;
    enum { TRIALS = 2000, MEMBERS = 400 };
    int wrong = 0, rate_held = 0, lift_held = 0, mean_held = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        gx_rng rng = gx_rng_at(31, trial);
        gx_arm_sums share[2] = {{0, 0, 0}, {0, 0, 0}}, spent[2] = {{0, 0, 0}, {0, 0, 0}};
        for (uint32_t k = 0; k < 2 * MEMBERS; k++) {
            gx_arm_sums *s = &share[k % 2], *a = &spent[k % 2];
            const double bought = gx_rng_real(&rng) < 0.15;
            const double amount = bought * -20 * log(1 - gx_rng_real(&rng));
            s->count++;
            s->sum += bought;
            s->squares += bought;
            a->count++;
            a->sum += amount;
            a->squares += amount * amount;
        }
        gx_arm_test of;
        gx_arm_compare(&of, &share[0], &share[1], 0.95);
        wrong += of.p <= 0.05;
        lift_held += of.lift_low <= 0 && 0 <= of.lift_high;
        gx_interval rate = gx_arm_mean(&share[0], true, 0.95);
        rate_held += rate.low <= 0.15 && 0.15 <= rate.high;
        rate = gx_arm_mean(&spent[0], false, 0.95);
        mean_held += rate.low <= 3 && 3 <= rate.high;
    }
    const double spread = 4 * sqrt(0.05 * 0.95 / TRIALS);
    assert_near(wrong / (double)TRIALS, 0.05, spread);
    assert_near(lift_held / (double)TRIALS, 0.95, spread + 0.01);
    assert_near(rate_held / (double)TRIALS, 0.95, spread);
    assert_near(mean_held / (double)TRIALS, 0.95, spread + 0.02); /* few and skewed */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions_are_known), cmocka_unit_test(welch_by_hand),
        cmocka_unit_test(wilson_by_hand),          cmocka_unit_test(ratios_are_checked),
        cmocka_unit_test(experiments_are_honest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
