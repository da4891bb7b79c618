/* Ranks and the best k against a plain sort, on many seeded lists with many ties. */
#include "engine/kernel/rank.h"

#include "engine/kernel/top.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_MAX = 50 };

typedef struct scored {
    double score;
    uint32_t number;
} scored;

static int compare(const void *a, const void *b) {
    const scored *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return x->number < y->number ? -1 : 1;
}

static uint32_t draw(double *score, scored *sorted, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 8);
    uint32_t n = (uint32_t)gx_rng_below(&rng, N_MAX);
    for (uint32_t v = 0; v < n; v++) {
        double x = (double)gx_rng_below(&rng, 10);
        score[v] = seed % 3 == 0 ? x : x * ldexp(gx_rng_real(&rng), (int)gx_rng_below(&rng, 900));
        sorted[v] = (scored){score[v], v};
    }
    qsort(sorted, n, sizeof *sorted, compare);
    return n;
}

static void test_orders_as_a_plain_sort_does(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        double score[N_MAX];
        scored sorted[N_MAX];
        uint32_t order[N_MAX], n = draw(score, sorted, seed);
        gx_job job;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx__rank_falling(order, score, n, &job, NULL), GX_OK);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(order[i], sorted[i].number);
        }
    }
}

static void test_keeps_the_best(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        double score[N_MAX];
        scored sorted[N_MAX];
        gx__top_entry entry[N_MAX];
        uint32_t n = draw(score, sorted, seed);
        gx__top top = {entry, 0, (uint32_t)(seed % 12)};
        for (uint32_t v = 0; v < n; v++) {
            gx__top_offer(&top, score[v], v, v + 1);
        }
        gx__top_sort(&top);
        assert_int_equal(top.count, n < top.capacity ? n : top.capacity);
        for (uint32_t i = 0; i < top.count; i++) {
            assert_int_equal(entry[i].id, sorted[i].number);
            assert_int_equal(entry[i].count, sorted[i].number + 1);
            assert_true(entry[i].score == sorted[i].score);
        }
    }
}

static void test_places(void **state) {
    (void)state;
    const double score[] = {0, 7, 3, 3, 0, 9, -0.0};
    double place[7];
    uint32_t order[7];
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx__rank_falling(order, score, 7, &job, NULL), GX_OK);
    gx__rank_places(place, score, order, 7);
    const double third = 1 - log(3.5) / log(8);
    const double expected[] = {0, 1 - log(2) / log(8), third, third, 0, 1, 0};
    for (size_t v = 0; v < GX_COUNT(expected); v++) {
        assert_true(fabs(place[v] - expected[v]) < 1e-15);
    }
}

static double spearman(const double *a, const double *b, uint32_t n) {
    gx_job job;
    double out = NAN;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx__rank_spearman(&out, a, b, n, &job, NULL), GX_OK);
    return out;
}

static void test_spearman(void **state) {
    (void)state;
    const double a[] = {1, 2, 3, 4, 5}, cubes[] = {1, 8, 27, 64, 125}, down[] = {5, 4, 3, 2, 1};
    const double one[] = {4, 4, 4, 4, 4}, other[] = {2, 1, 4, 3, 5}, ties[] = {1, 1, 2, 2, 2};
    assert_true(fabs(spearman(a, cubes, 5) - 1) < 1e-12);
    assert_true(fabs(spearman(a, down, 5) + 1) < 1e-12);
    assert_true(isnan(spearman(a, one, 5)) && isnan(spearman(one, a, 5)));
    assert_true(isnan(spearman(a, a, 1)));
    assert_true(isnan(spearman(a, a, 0)));
    /* Without ties: 1 − 6 Σ d² / (n (n² − 1)), Σ d² = 4. */
    assert_true(fabs(spearman(a, other, 5) - 0.8) < 1e-12);
    /* Places 1.5 1.5 4 4 4 against 1 … 5: 7.5 / √(7.5 · 10). */
    assert_true(fabs(spearman(a, ties, 5) - 7.5 / sqrt(75)) < 1e-12);
}

/* Pair by pair. */
static double naive_kendall(const double *a, const double *b, uint32_t n) {
    double agree = 0, a_apart = 0, b_apart = 0;
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < u; v++) {
            const int x = (a[u] > a[v]) - (a[u] < a[v]), y = (b[u] > b[v]) - (b[u] < b[v]);
            agree += x * y;
            a_apart += x * x;
            b_apart += y * y;
        }
    }
    return a_apart > 0 && b_apart > 0 ? agree / sqrt(a_apart * b_apart) : NAN;
}

static void test_kendall(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        double a[N_MAX], b[N_MAX], tau = NAN;
        gx_rng rng = gx_rng_at(seed, 9);
        const uint32_t n = (uint32_t)gx_rng_below(&rng, N_MAX);
        const uint64_t values = 1 + gx_rng_below(&rng, 2 + seed % 90);
        for (uint32_t v = 0; v < n; v++) {
            a[v] = (double)gx_rng_below(&rng, values);
            b[v] = seed % 3 ? (double)gx_rng_below(&rng, values) : a[v] + gx_rng_real(&rng);
        }
        gx_job job;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx__rank_kendall(&tau, a, b, n, &job, NULL), GX_OK);
        const double want = naive_kendall(a, b, n);
        assert_true(isnan(want) ? isnan(tau) : fabs(tau - want) < 1e-12);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
}

/* A resample is the same as its members written out as often as they were drawn. */
static void test_resamples(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        static double a[N_MAX], b[N_MAX], x[4 * N_MAX], y[4 * N_MAX];
        uint32_t times[N_MAX], count = 0;
        gx_rng rng = gx_rng_at(seed, 11);
        const uint32_t n = (uint32_t)gx_rng_below(&rng, N_MAX);
        const uint64_t values = 1 + gx_rng_below(&rng, 2 + seed % 90);
        for (uint32_t v = 0; v < n; v++) {
            a[v] = (double)gx_rng_below(&rng, values);
            b[v] = gx_rng_below(&rng, 2) ? (double)gx_rng_below(&rng, values) : 0;
            times[v] = (uint32_t)gx_rng_below(&rng, 4);
            for (uint32_t k = 0; k < times[v]; k++, count++) {
                x[count] = a[v];
                y[count] = b[v];
            }
        }
        gx_job job;
        gx__rank_pair pair;
        gx__rank_room room;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx__rank_pair_make(&pair, a, b, n, &job, NULL), GX_OK);
        assert_int_equal(gx__rank_room_make(&room, n, &job, NULL), GX_OK);
        const double tau = gx__rank_pair_kendall(&pair, times, &room);
        const double rho = gx__rank_pair_spearman(&pair, times, &room);
        const double want_tau = naive_kendall(x, y, count), want_rho = spearman(x, y, count);
        assert_true(isnan(want_tau) ? isnan(tau) : fabs(tau - want_tau) < 1e-12);
        assert_true(isnan(want_rho) ? isnan(rho) : fabs(rho - want_rho) < 1e-12);
        gx__rank_room_finish(&room, &job);
        gx__rank_pair_finish(&pair, &job);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_as_a_plain_sort_does),
        cmocka_unit_test(test_keeps_the_best),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_spearman),
        cmocka_unit_test(test_kendall),
        cmocka_unit_test(test_resamples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
