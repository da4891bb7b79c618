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

/* Means 2 and 5 of 12 and 16: three and four values, four times over. */
static void welch_by_hand(void **unused) {
    (void)unused;
    const double x[] = {3, 5, 5, 7}, y[] = {1, 2, 3};
    const double a = 32 / 15.0 / 16, b = 8 / 11.0 / 12;
    gx_arm_sums arm = sums_of(x, 4), control = sums_of(y, 3);
    gx_arm_test of;
    gx_arm_compare(&of, &arm, &control, false, 0.95); /* 4 and 3 members tell nothing */
    assert_true(of.difference == 3 && of.by == GX_ARM_TOO_FEW && isnan(of.p) && isnan(of.low));
    arm = (gx_arm_sums){4 * arm.count, 4 * arm.sum, 4 * arm.squares};
    control = (gx_arm_sums){4 * control.count, 4 * control.sum, 4 * control.squares};
    gx_arm_compare(&of, &arm, &control, false, 0.95);
    const double freedom = (a + b) * (a + b) / (a * a / 15 + b * b / 11);
    assert_near(of.difference, 3, 1e-12);
    assert_near(of.p, gx_student_p(3 / sqrt(a + b), freedom), 1e-12);
    assert_near(of.high - of.difference, gx_student_t(0.05, freedom) * sqrt(a + b), 1e-9);
    assert_near(of.lift, 1.5, 1e-12);
    assert_true(of.lift_low < 1.5 && 1.5 < of.lift_high && of.by == GX_ARM_WELCH);
    const gx_arm_sums none = {0}, one = {1, 2, 4}, still = {50, 0, 0};
    gx_arm_compare(&of, &none, &control, false, 0.95);
    assert_true(isnan(of.difference) && isnan(of.p));
    gx_arm_compare(&of, &one, &control, false, 0.95);
    assert_true(of.difference == 0 && isnan(of.p) && isnan(of.low));
    gx_arm_compare(&of, &still, &control, false, 0.95); /* all alike: no spread to measure by */
    assert_true(of.difference == -2 && of.by == GX_ARM_TOO_FEW && isnan(of.p) && isnan(of.low));
}

/* Counted by hand: sums of binomial coefficients over all of them. */
static void fisher_by_hand(void **unused) {
    (void)unused;
    assert_near(gx_fisher_p(3, 4, 1, 4), 34 / 70.0, 1e-12); /* the lady tasting tea */
    assert_near(gx_fisher_p(4, 4, 0, 4), 2 / 70.0, 1e-12);
    assert_near(gx_fisher_p(2, 4, 2, 4), 1, 1e-12);
    assert_near(gx_fisher_p(5, 5, 10, 14), (15 + 420 + 2730 + 3003) / 11628.0, 1e-12);
    assert_near(gx_fisher_p(10, 14, 5, 5), (15 + 420 + 2730 + 3003) / 11628.0, 1e-12);
    assert_near(gx_fisher_p(1, 1, 0, 999999), 1e-6, 1e-18);
    assert_near(gx_fisher_p(0, 0, 3, 7), 1, 0);
    assert_near(gx_fisher_p(0, 9, 0, 7), 1, 0);
    assert_true(isnan(gx_fisher_p(3, 2, 1, 4)));
    /* Every table of two arms of up to 9 against the sum of all of its margins. */
    for (int n = 1; n <= 9; n++) {
        for (int m = 1; m <= 9; m++) {
            for (int cell = 0; cell < (n + 1) * (m + 1); cell++) {
                const int a = cell % (n + 1), b = cell / (n + 1);
                double seen = 0, whole = 0, part = 0;
                for (int pass = 0; pass < 2; pass++) {
                    for (int k = 0; k <= n && k <= a + b; k++) {
                        double ways = a + b - k <= m;
                        for (int i = 0; i < k; i++) {
                            ways = ways * (n - i) / (i + 1);
                        }
                        for (int i = 0; i < a + b - k; i++) {
                            ways = ways * (m - i) / (i + 1);
                        }
                        seen = k == a ? ways : seen;
                        whole += pass ? ways : 0;
                        part += pass && ways <= seen + 1e-6 ? ways : 0;
                    }
                }
                assert_near(gx_fisher_p(a, n, b, m), part / whole, 1e-12);
            }
        }
    }
}

static gx_arm_sums share_of(double yes, double count) {
    return (gx_arm_sums){count, yes, yes};
}

/* Newcombe (1998), table II, method 10. */
static void shares_by_table(void **unused) {
    (void)unused;
    static const struct {
        double yes, count, other, other_count, low, high;
    } known[] = {
        {56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090},
        {6, 7, 2, 7, 0.0582, 0.8062},     {5, 56, 0, 29, -0.0381, 0.1926},
        {0, 10, 0, 20, -0.1611, 0.2775},  {0, 10, 0, 10, -0.2775, 0.2775},
        {10, 10, 0, 20, 0.6791, 1.0},     {10, 10, 0, 10, 0.6075, 1.0},
    };
    gx_arm_test of;
    for (size_t k = 0; k < GX_COUNT(known); k++) {
        const gx_arm_sums arm = share_of(known[k].yes, known[k].count);
        const gx_arm_sums other = share_of(known[k].other, known[k].other_count);
        gx_arm_compare(&of, &arm, &other, true, 0.95);
        assert_near(of.low, known[k].low, 5.1e-5);
        assert_near(of.high, known[k].high, 5.1e-5);
        assert_int_equal(of.by, k == 0 ? GX_ARM_WELCH : GX_ARM_FISHER);
    }
    /* Five of five are not better than ten of fourteen. */
    const gx_arm_sums all = share_of(5, 5), most = share_of(10, 14);
    gx_arm_compare(&of, &all, &most, true, 0.95);
    assert_true(of.by == GX_ARM_FISHER && isnan(of.lift_low));
    assert_near(of.p, 0.5304, 5e-5);
    assert_true(of.low < 0 && 0 < of.high);
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
        gx_arm_compare(&of, &share[0], &share[1], true, 0.95);
        wrong += of.p <= 0.05;
        lift_held += of.lift_low <= 0 && 0 <= of.lift_high;
        gx_interval rate = gx_arm_mean(&share[0], true, 0.95);
        rate_held += rate.low <= 0.15 && 0.15 <= rate.high;
        rate = gx_arm_mean(&spent[0], false, 0.95);
        mean_held += rate.low <= 3 && 3 <= rate.high;
    }
    int small_wrong = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) { /* 5 and 14 members, of whom most buy */
        gx_rng rng = gx_rng_at(37, trial);
        gx_arm_sums few[2] = {{0, 0, 0}, {0, 0, 0}};
        for (int k = 0; k < 19; k++) {
            const double bought = gx_rng_real(&rng) < 0.8;
            few[k < 5] = (gx_arm_sums){few[k < 5].count + 1, few[k < 5].sum + bought,
                                       few[k < 5].squares + bought};
        }
        gx_arm_test of;
        gx_arm_compare(&of, &few[1], &few[0], true, 0.95);
        small_wrong += of.p <= 0.05;
    }
    const double spread = 4 * sqrt(0.05 * 0.95 / TRIALS);
    assert_true(small_wrong <= 0.05 * TRIALS); /* exact: never more often than said */
    assert_near(wrong / (double)TRIALS, 0.05, spread);
    assert_near(lift_held / (double)TRIALS, 0.95, spread + 0.01);
    assert_near(rate_held / (double)TRIALS, 0.95, spread);
    assert_near(mean_held / (double)TRIALS, 0.95, spread + 0.02); /* few and skewed */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions_are_known), cmocka_unit_test(welch_by_hand),
        cmocka_unit_test(wilson_by_hand),          cmocka_unit_test(fisher_by_hand),
        cmocka_unit_test(shares_by_table),         cmocka_unit_test(ratios_are_checked),
        cmocka_unit_test(experiments_are_honest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
