/* What an experiment is told by: means, shares, Welch's test and Fisher's, the sample-ratio check,
 * and the two distributions they need. The incomplete beta is evaluated by its continued fraction
 * (DLMF 8.17.22), the incomplete gamma by its series or its continued fraction (DLMF 8.7.1, 8.9.2),
 * both fractions by Lentz's method. Beyond a million degrees Student's t is taken as normal; errors
 * of p are below 1e-7 of it. */
#include "models/eval/eval.h"

#include <math.h>

enum { TERMS = 10000, NORMAL_FROM = 1000000, MEMBERS_MIN = 10, EXPECTED_MIN = 5 };

static const double TINY = 1e-300, ENOUGH = 1e-15, TIED = 1e-7;

/* ---- distributions ----------------------------------------------------------------------------
 */

/* lgamma itself writes a global. */
static double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

/* The continued fraction of I_x(a, b). */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < TINY ? TINY : d);
    double f = d;
    for (int m = 1; m <= TERMS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + even * d;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = 1 + even / c;
        c = fabs(c) < TINY ? TINY : c;
        f *= d * c;
        d = 1 + odd * d;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = 1 + odd / c;
        c = fabs(c) < TINY ? TINY : c;
        f *= d * c;
        if (fabs(d * c - 1) < ENOUGH) {
            break;
        }
    }
    return f;
}

/* The regularised incomplete beta function; x_rest is 1 − x, which may be known more exactly. */
static double beta_share(double a, double b, double x, double x_rest) {
    if (!(x > 0)) {
        return 0;
    }
    if (!(x_rest > 0)) {
        return 1;
    }
    const double front =
        exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(x_rest));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                     : 1 - front * beta_fraction(b, a, x_rest) / b;
}

double gx_student_p(double t, double freedom) {
    const double both = freedom + t * t;
    return isnan(t) || !(freedom > 0) ? (double)NAN
           : isinf(t)                 ? 0
           : freedom > NORMAL_FROM    ? erfc(fabs(t) / sqrt(2))
                                      : beta_share(freedom / 2, 0.5, freedom / both, t * t / both);
}

/* By halving: p falls with t. */
double gx_student_t(double p, double freedom) {
    double low = 0, high = 1;
    if (!(p > 0 && p < 1) || !(freedom > 0)) {
        return (double)NAN;
    }
    while (gx_student_p(high, freedom) > p && high < 1e12) {
        high *= 2;
    }
    for (int step = 0; step < 200 && high - low > 1e-13 * high; step++) {
        const double middle = low + (high - low) / 2;
        if (gx_student_p(middle, freedom) > p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + (high - low) / 2;
}

/* The upper regularised incomplete gamma function. */
static double gamma_rest(double a, double x) {
    const double front = exp(a * log(x) - x - log_gamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int k = 1; k <= TERMS && term > sum * ENOUGH; k++) {
            term *= x / (a + k);
            sum += term;
        }
        return 1 - front * sum;
    }
    double b = x + 1 - a, c = 1 / TINY, d = 1 / b, f = d;
    for (int k = 1; k <= TERMS; k++) {
        const double an = -k * (k - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = b + an / c;
        c = fabs(c) < TINY ? TINY : c;
        f *= d * c;
        if (fabs(d * c - 1) < ENOUGH) {
            break;
        }
    }
    return front * f;
}

double gx_chi_squared_p(double x, double freedom) {
    return isnan(x) || !(freedom > 0) ? (double)NAN : x > 0 ? gamma_rest(freedom / 2, x / 2) : 1;
}

/* ---- arms -------------------------------------------------------------------------------------
 */

static double variance_of(const gx_arm_sums *arm) {
    const double mean = arm->sum / arm->count;
    return arm->count > 1 ? fmax(arm->squares - arm->sum * mean, 0) / (arm->count - 1)
                          : (double)NAN;
}

gx_interval gx_arm_mean(const gx_arm_sums *arm, bool is_share, double level) {
    const double n = arm->count;
    gx_interval of = {(double)NAN, (double)NAN, (double)NAN};
    if (!(n > 0)) {
        return of;
    }
    of.mean = arm->sum / n;
    if (is_share) {
        const double z = gx_student_t(1 - level, 1e9), zz = z * z / n;
        const double centre = (of.mean + zz / 2) / (1 + zz);
        const double half = z / (1 + zz) * sqrt(of.mean * (1 - of.mean) / n + zz / (4 * n));
        of.low = fmax(0, centre - half);
        of.high = fmin(1, centre + half);
    } else if (n > 1) {
        const double half = gx_student_t(1 - level, n - 1) * sqrt(variance_of(arm) / n);
        of.low = of.mean - half;
        of.high = of.mean + half;
    }
    return of;
}

double gx_fisher_p(double yes, double count, double other_yes, double other_count) {
    const double all = count + other_count, sum = yes + other_yes;
    const double first = fmax(0, sum - other_count), last = fmin(sum, count);
    if (!(count >= 0) || !(other_count >= 0) || !(yes >= 0) || !(other_yes >= 0) || yes > count ||
        other_yes > other_count) {
        return (double)NAN;
    }
    /* Over the chance of the likeliest table; from it they fall to both sides. */
    const double mode = fmin(last, fmax(first, floor((sum + 1) * (count + 1) / (all + 2))));
    double seen = 1, part[2] = {0, 0}, whole = 0;
    for (int pass = 0; pass < 2; pass++) { /* the first finds the chance of what is seen */
        double chance = 1;
        whole = part[0] = part[1] = 0;
        for (double k = mode; k <= last; k++) {
            seen = pass == 0 && k == yes ? chance : seen;
            whole += chance;
            part[0] += chance <= seen * (1 + TIED) ? chance : 0;
            chance *= (sum - k) * (count - k) / ((k + 1) * (other_count - sum + k + 1));
        }
        chance = 1;
        for (double k = mode; k > first;) {
            chance *= k * (other_count - sum + k) / ((sum - k + 1) * (count - k + 1));
            k--;
            seen = pass == 0 && k == yes ? chance : seen;
            whole += chance;
            part[1] += chance <= seen * (1 + TIED) ? chance : 0;
        }
    }
    return fmin(1, (part[0] + part[1]) / whole);
}

/* Below five expected in a cell of the arms' yes and no (Cochran 1954), or in an arm all alike, the
 * normal is no measure. */
static bool is_sparse(const gx_arm_sums *arm, const gx_arm_sums *control) {
    const double all = arm->count + control->count, yes = arm->sum + control->sum;
    return fmin(arm->count, control->count) * fmin(yes, all - yes) / all < EXPECTED_MIN ||
           !(variance_of(arm) > 0) || !(variance_of(control) > 0);
}

/* Welch's test; and Katz's interval of the ratio, by the same t. */
static void compare_means(gx_arm_test *out, const gx_arm_sums *arm, const gx_arm_sums *control,
                          double level) {
    const double x = arm->sum / arm->count, y = control->sum / control->count;
    const double a = variance_of(arm) / arm->count, b = variance_of(control) / control->count;
    const double error = sqrt(a + b);
    const double freedom =
        (a + b) * (a + b) / (a * a / (arm->count - 1) + b * b / (control->count - 1));
    const double t = gx_student_t(1 - level, freedom);
    out->by = GX_ARM_WELCH;
    out->low = out->difference - t * error;
    out->high = out->difference + t * error;
    out->p = gx_student_p(out->difference / error, freedom);
    if (x > 0 && y > 0) {
        const double spread = t * sqrt(a / (x * x) + b / (y * y));
        out->lift_low = x / y * exp(-spread) - 1;
        out->lift_high = x / y * exp(spread) - 1;
    }
}

void gx_arm_compare(gx_arm_test *out, const gx_arm_sums *arm, const gx_arm_sums *control,
                    bool is_share, double level) {
    const double nan = (double)NAN;
    *out = (gx_arm_test){nan, nan, nan, nan, nan, nan, nan, GX_ARM_TOO_FEW};
    if (!(arm->count > 0) || !(control->count > 0)) {
        return;
    }
    const double x = arm->sum / arm->count, y = control->sum / control->count;
    out->difference = x - y;
    out->lift = y > 0 ? x / y - 1 : nan;
    const bool sparse = is_share && is_sparse(arm, control);
    if (sparse) {
        out->by = GX_ARM_FISHER;
        out->p = gx_fisher_p(arm->sum, arm->count, control->sum, control->count);
    } else if (fmin(arm->count, control->count) >= MEMBERS_MIN && variance_of(arm) > 0 &&
               variance_of(control) > 0) {
        compare_means(out, arm, control, level);
    }
    if (is_share) {
        const gx_interval of = gx_arm_mean(arm, true, level);
        const gx_interval against = gx_arm_mean(control, true, level);
        out->low = out->difference - hypot(x - of.low, against.high - y);
        out->high = out->difference + hypot(of.high - x, y - against.low);
    }
}

double gx_sample_ratio(const uint64_t *members, const double *weight, uint32_t count) {
    double all = 0, weights = 0, far = 0, arms = 0;
    for (uint32_t k = 0; k < count; k++) {
        all += (double)members[k];
        weights += weight[k];
    }
    for (uint32_t k = 0; k < count && all > 0 && weights > 0; k++) {
        const double expected = all * weight[k] / weights, off = (double)members[k] - expected;
        if (!(expected > 0) && members[k] > 0) {
            return 0;
        }
        far += expected > 0 ? off * off / expected : 0;
        arms += expected > 0;
    }
    return arms > 1 ? gx_chi_squared_p(far, arms - 1) : (double)NAN;
}
