/* Forests and cascades against definitions over all pairs, cycles against walks, coins against
 * whole numbers: on thousands of small seeded cases. */
#include "engine/referral/cascade.h"
#include "engine/referral/coins.h"
#include "graph/csr/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 24, CASES = 2000 };

static void must(gx_status status, const gx_error *err) {
    if (status != GX_OK) {
        fail_msg("%s", err->message);
    }
}

/* ---- forests ------------------------------------------------------------------------------- */

static uint32_t up(const uint32_t *parent, uint32_t v, uint32_t steps) {
    while (steps-- > 0 && v != GX_NONE) {
        v = parent[v];
    }
    return v;
}

static uint32_t height(const uint32_t *parent, uint32_t v) {
    uint32_t h = 0;
    for (v = parent[v]; v != GX_NONE; v = parent[v]) {
        h++;
    }
    return h;
}

static bool above(const uint32_t *parent, uint32_t u, uint32_t v) { /* or the same */
    for (uint32_t h = 0; h <= MOST; h++) {
        if (up(parent, v, h) == u) {
            return true;
        }
    }
    return false;
}

/* Steps between two of one tree, the long way: to the first that is above both. */
static uint32_t distance(const uint32_t *parent, uint32_t u, uint32_t v) {
    uint32_t steps = 0;
    while (!above(parent, u, v)) {
        u = parent[u];
        steps++;
    }
    return steps + height(parent, v) - height(parent, u);
}

static void check_forest(const gx_forest *f) {
    bool taken[MOST] = {false};
    for (uint32_t v = 0; v < f->count; v++) {
        const uint32_t h = height(f->parent, v);
        uint32_t below = 0, children = 0;
        for (uint32_t w = 0; w < f->count; w++) {
            below += above(f->parent, v, w);
            children += f->parent[w] == v;
            assert_int_equal(gx_forest_below(f, w, v), above(f->parent, v, w));
        }
        assert_int_equal(f->generation[v], h);
        assert_int_equal(f->root[v], up(f->parent, v, h));
        assert_int_equal(f->size[v], below);
        assert_int_equal(f->children[v], children);
        assert_true(f->place[v] < f->count && !taken[f->place[v]]);
        taken[f->place[v]] = true;
    }
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check_cascade(const gx_forest *f, const gx_cascade_facts *facts) {
    uint32_t nodes[MOST];
    int64_t scratch_times[MOST], times[MOST];
    uint32_t known = 0, crossed = 0, compared = 0;
    double sum = 0, pairs = 0;
    gx_cascade c;
    const gx_cascade_scratch scratch = {scratch_times};
    for (uint32_t v = 0; v < f->count; v++) {
        nodes[v] = f->count - 1 - v;
        const uint32_t p = f->parent[v];
        if (facts->ts_ms[v] != INT64_MIN) {
            times[known++] = facts->ts_ms[v];
        }
        if (p != GX_NONE && facts->circle[v] != GX_NONE && facts->circle[p] != GX_NONE) {
            compared++;
            crossed += facts->circle[v] != facts->circle[p];
        }
        for (uint32_t w = 0; w < v; w++) {
            if (f->root[v] == f->root[w]) {
                sum += distance(f->parent, v, w);
                pairs++;
            }
        }
    }
    gx_cascade_measure(&c, f, facts, nodes, f->count, &scratch);
    if (pairs > 0) {
        assert_true(fabs(c.virality - sum / pairs) < 1e-12);
    } else {
        assert_true(isnan(c.virality));
    }
    assert_int_equal(c.crossed, crossed);
    assert_int_equal(c.compared, compared);
    qsort(times, known, sizeof *times, compare);
    assert_int_equal(c.first_ms, known ? times[0] : INT64_MIN);
    uint32_t there = 0; /* by then, at least half */
    for (uint32_t i = 0; known && i < known; i++) {
        there += times[i] <= times[0] + c.half_ms;
    }
    assert_true(2 * there >= known);
}

static void trees_are_what_they_are_defined_as(void **state) {
    (void)state;
    gx_error err;
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t seed = 0; seed < CASES; seed++) {
        gx_rng rng = gx_rng_at(seed, 7);
        const uint32_t count = (uint32_t)gx_rng_below(&rng, MOST + 1);
        const uint64_t roots = 1 + gx_rng_below(&rng, 8);
        uint32_t parent[MOST], circle[MOST];
        int64_t ts[MOST];
        for (uint32_t v = 0; v < count; v++) {
            parent[v] = v == 0 || gx_rng_below(&rng, 8) < roots ? GX_NONE
                        : gx_rng_below(&rng, 3)                 ? (uint32_t)gx_rng_below(&rng, v)
                                                                : v - 1;
            circle[v] = gx_rng_below(&rng, 6) ? (uint32_t)gx_rng_below(&rng, 3) : GX_NONE;
            ts[v] = gx_rng_below(&rng, 6) ? (int64_t)gx_rng_below(&rng, 50) - 10 : INT64_MIN;
        }
        gx_forest f;
        must(gx_forest_make(&f, parent, count, &job, &err), &err);
        check_forest(&f);
        const gx_cascade_facts facts = {.ts_ms = ts, .circle = circle};
        check_cascade(&f, &facts);
        gx_forest_finish(&f, &job);
    }
    assert_int_equal(job.mem_used, 0);
}

/* Any parents at all: what is left has no cycle, only members of cycles lost theirs, one a cycle,
 * and parents come first. */
static void cycles_are_cut_once_each(void **state) {
    (void)state;
    gx_error err;
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t seed = 0; seed < CASES; seed++) {
        gx_rng rng = gx_rng_at(seed, 8);
        const uint32_t count = 1 + (uint32_t)gx_rng_below(&rng, MOST);
        uint32_t given[MOST], parent[MOST], order[MOST], place[MOST], lost = 0;
        int64_t ts[MOST];
        uint64_t cycles;
        for (uint32_t v = 0; v < count; v++) {
            given[v] = parent[v] =
                gx_rng_below(&rng, 4) ? (uint32_t)gx_rng_below(&rng, count) : GX_NONE;
            ts[v] = gx_rng_below(&rng, 4) ? (int64_t)gx_rng_below(&rng, 5) : INT64_MIN;
        }
        must(gx_parents_settle(parent, order, &cycles, ts, count, &job, &err), &err);
        for (uint32_t i = 0; i < count; i++) {
            place[order[i]] = i;
        }
        for (uint32_t v = 0; v < count; v++) {
            assert_true(place[v] < count && order[place[v]] == v);
            assert_true(parent[v] == GX_NONE || place[parent[v]] < place[v]);
            if (parent[v] == given[v]) {
                continue;
            }
            lost++;
            assert_int_equal(parent[v], GX_NONE);
            uint32_t w = given[v]; /* it was on a cycle, and came first of it */
            for (uint32_t steps = 0; w != v; w = given[w]) {
                assert_true(w != GX_NONE && ++steps <= count);
                assert_false(ts[w] != INT64_MIN && (ts[v] == INT64_MIN || ts[w] < ts[v]));
                assert_true(ts[w] != ts[v] || v < w);
            }
        }
        assert_int_equal(lost, cycles);
    }
    assert_int_equal(job.mem_used, 0);
}

/* ---- coins --------------------------------------------------------------------------------- */

static void amounts_are_read_as_they_were_written(void **state) {
    (void)state;
    gx_rng rng = gx_rng_at(3, 9);
    for (int i = 0; i < 200000; i++) {
        const int64_t want = (int64_t)gx_rng_below(&rng, i % 2 ? 100000 : 1000000000000);
        char text[GX_COINS_TEXT];
        int64_t got;
        gx_coins_text(text, want, 2);
        assert_true(gx_coins_of(&got, strtod(text, NULL), 2));
        assert_int_equal(got, want);
        assert_true(gx_coins_parse(&got, gx_slice_of(text), 2));
        assert_int_equal(got, want);
        assert_true(gx_coins_exact(&got, strtod(text, NULL), 2));
        assert_int_equal(got, want);
    }
    const struct {
        double amount;
        int decimals;
        int64_t coins;
    } cases[] = {{19.99, 2, 1999},         {1.005, 2, 101},    {0.005, 2, 1},       {0.0049, 2, 0},
                 {-1.005, 2, -101},        {0, 2, 0},          {5e-324, 2, 0},      {2.5, 0, 3},
                 {1e9, 4, 10000000000000}, {0.1 + 0.2, 2, 30}, {12.3456, 4, 123456}};
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        int64_t got;
        assert_true(gx_coins_of(&got, cases[i].amount, cases[i].decimals));
        assert_int_equal(got, cases[i].coins);
    }
    int64_t got;
    assert_false(gx_coins_of(&got, (double)NAN, 2));
    assert_false(gx_coins_of(&got, (double)INFINITY, 2));
    assert_false(gx_coins_of(&got, 1e300, 2));
    assert_false(gx_coins_of(&got, 1e14, 2));
    const char *const bad[] = {"",
                               ".",
                               "1.",
                               ".5",
                               "-1",
                               "1.234",
                               "1e3",
                               " 1",
                               "1 ",
                               "1.2.3",
                               "10000000000000000",
                               "99999999999999999999",
                               "1,5"};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_false(gx_coins_parse(&got, gx_slice_of(bad[i]), 2));
    }
    const double fine[] = {1000.505, 0.001, 1e-7,        5e-324,           0.1 + 0.2,
                           12.3456,  -1,    (double)NAN, (double)INFINITY, 1e300};
    for (size_t i = 0; i < GX_COUNT(fine); i++) {
        assert_false(gx_coins_exact(&got, fine[i], 2));
    }
    assert_false(gx_coins_exact(&got, 0.5, 0));
    assert_true(gx_coins_exact(&got, 12.3456, 4) && got == 123456);
    assert_true(gx_coins_exact(&got, 1e12, 2) && got == 100000000000000);
    assert_true(gx_coins_exact(&got, -0.0, 2) && got == 0);
    assert_true(gx_coins_parse(&got, gx_slice_of("1.500"), 2) && got == 150);
    assert_true(gx_coins_parse(&got, gx_slice_of("7"), 0) && got == 7);
    assert_true(gx_coins_parse(&got, gx_slice_of("7.0"), 0) && got == 7);
}

static void parts_sum_to_the_whole(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        gx_rng rng = gx_rng_at(seed, 10);
        const uint32_t count = 1 + (uint32_t)gx_rng_below(&rng, MOST);
        const uint64_t most = UINT64_C(1) << gx_rng_below(&rng, 40);
        const int64_t total = (int64_t)gx_rng_below(&rng, (uint64_t)1 << gx_rng_below(&rng, 50));
        uint64_t weight[MOST], sum = 0;
        int64_t out[MOST], paid = 0;
        gx_remainder scratch[MOST];
        for (uint32_t i = 0; i < count; i++) {
            sum += weight[i] = gx_rng_below(&rng, most);
        }
        gx_apportion(out, total, weight, count, scratch);
        for (uint32_t i = 0; i < count; i++) {
            const long double exact = sum ? (long double)total * weight[i] / sum : 0;
            assert_true(out[i] >= 0 && fabsl((long double)out[i] - exact) < 1.0001L);
            assert_true(weight[i] || out[i] == 0);
            paid += out[i];
        }
        assert_int_equal(paid, sum ? total : 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_what_they_are_defined_as),
        cmocka_unit_test(cycles_are_cut_once_each),
        cmocka_unit_test(amounts_are_read_as_they_were_written),
        cmocka_unit_test(parts_sum_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
