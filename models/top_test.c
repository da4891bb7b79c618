/* gx_top against sorting everything. */
#include "models/top.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COUNT_MAX = 12000, FEW_MAX = 1500 };

static int by_rank(const void *a, const void *b) {
    const gx_scored *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static uint32_t top_by_sorting(gx_scored *out, uint32_t n, const float *scores, uint32_t count,
                               const uint8_t *skip, float floor) {
    static gx_scored all[COUNT_MAX];
    uint32_t held = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (isfinite(scores[i]) && scores[i] > floor && !(skip && skip[i])) {
            all[held++] = (gx_scored){i, scores[i]};
        }
    }
    qsort(all, held, sizeof *all, by_rank);
    held = held < n ? held : n;
    memcpy(out, all, held * sizeof *out);
    return held;
}

static void assert_same(const float *scores, uint32_t count, uint32_t n, const uint8_t *skip,
                        float floor) {
    static gx_scored got[COUNT_MAX + 1], want[COUNT_MAX + 1];
    const uint32_t length = gx_top(got, n, scores, count, skip, floor);
    assert_int_equal(length, top_by_sorting(want, n, scores, count, skip, floor));
    for (uint32_t k = 0; k < length; k++) {
        assert_int_equal(got[k].item, want[k].item);
        assert_true(got[k].score == want[k].score);
    }
}

static int by_item(const void *a, const void *b) {
    const gx_scored *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

static void assert_same_set(const float *scores, uint32_t count, uint32_t n, float floor) {
    static gx_scored got[2 * COUNT_MAX + 2], want[COUNT_MAX + 1];
    const uint32_t length = gx__top_set(got, n, scores, count, floor);
    assert_int_equal(length, top_by_sorting(want, n, scores, count, NULL, floor));
    qsort(want, length, sizeof *want, by_item);
    for (uint32_t k = 0; k < length; k++) {
        assert_int_equal(got[k].item, want[k].item);
        assert_true(got[k].score == want[k].score);
    }
}

/* Few distinct values (many ties), rising, falling, and with values that must not count. */
static void draw(float *scores, uint32_t count, gx_rng *rng) {
    const uint64_t shape = gx_rng_below(rng, 5);
    for (uint32_t i = 0; i < count; i++) {
        const float real = (float)gx_rng_normal(rng);
        scores[i] = shape == 0   ? (float)gx_rng_below(rng, 4)
                    : shape == 1 ? (float)i
                    : shape == 2 ? -(float)i
                                 : real;
        if (shape == 4 && gx_rng_below(rng, 10) == 0) {
            const float odd[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, 0};
            scores[i] = odd[gx_rng_below(rng, GX_COUNT(odd))];
        }
    }
}

static void same_as_sorting(void **unused) {
    (void)unused;
    static float scores[COUNT_MAX];
    static uint8_t skip[COUNT_MAX];
    for (uint64_t round = 0; round < 3000; round++) {
        gx_rng rng = gx_rng_at(5, round);
        const uint32_t count = (uint32_t)gx_rng_below(&rng, round % 35 == 0  ? COUNT_MAX
                                                            : round % 7 == 0 ? FEW_MAX
                                                                             : 200);
        const uint32_t ns[] = {0, 1, 2, 20, 100, count, count + 1};
        draw(scores, count, &rng);
        for (uint32_t i = 0; i < count; i++) {
            skip[i] = gx_rng_below(&rng, 3) == 0;
        }
        const float floors[] = {-INFINITY, 0, 1, -FLT_MAX, INFINITY};
        assert_same(scores, count, ns[gx_rng_below(&rng, GX_COUNT(ns))], round % 2 ? skip : NULL,
                    floors[gx_rng_below(&rng, GX_COUNT(floors))]);
        assert_same_set(scores, count,
                        1 + (uint32_t)gx_rng_below(&rng, round % 2 ? 100 : count + 1),
                        floors[gx_rng_below(&rng, GX_COUNT(floors))]);
    }
}

static void nothing_to_rank(void **unused) {
    (void)unused;
    const float none[] = {NAN, INFINITY, -INFINITY};
    gx_scored out[3];
    assert_int_equal(gx_top(out, 3, none, 3, NULL, -INFINITY), 0);
    assert_int_equal(gx_top(out, 3, none, 0, NULL, -INFINITY), 0);
    assert_int_equal(gx_top(out, 0, (float[]){1}, 1, NULL, -INFINITY), 0);
}

/* ---- everybody, by factors ---------------------------------------------------------------------
 */

enum { MEMBERS = 600, ITEMS = 1100, D = 5, EACH = 30, N = 20 };

static float user_factor[MEMBERS * D], item_factor[ITEMS * D];

static void factors(gx_factors *out, const void *state) {
    (void)state;
    *out = (gx_factors){user_factor, item_factor, MEMBERS, ITEMS, D};
}

/* Whole numbers, so that products are exact and there are many ties, and several blocks of members
 * and tiles of items. */
static void lists_by_factors(void **unused) {
    (void)unused;
    static gx_scored lists[MEMBERS * N], want[N];
    static uint32_t length[MEMBERS], row[MEMBERS * EACH], col[MEMBERS * EACH];
    static float scores[ITEMS];
    static uint8_t skip[ITEMS];
    const gx_model model = {.factors = factors};
    gx_rng rng = gx_rng_at(8, 0);
    for (uint32_t k = 0; k < MEMBERS * D; k++) {
        user_factor[k] = (float)gx_rng_below(&rng, 5) - 2;
    }
    for (uint32_t k = 0; k < ITEMS * D; k++) {
        item_factor[k] = (float)gx_rng_below(&rng, 5) - 2;
    }
    for (uint32_t k = 0; k < MEMBERS * EACH; k++) {
        row[k] = k / EACH;
        col[k] = (uint32_t)gx_rng_below(&rng, ITEMS);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        skip[i] = gx_rng_below(&rng, 6) == 0;
    }
    gx_job job;
    gx_matrix m;
    gx_job_init(&job, 1, 1);
    assert_int_equal(
        gx_matrix_build(&m, MEMBERS, ITEMS, MEMBERS * EACH, row, col, NULL, NULL, &job, NULL),
        GX_OK);
    for (int threads = 1; threads <= 16; threads *= 4) {
        gx_job_init(&job, threads, 1);
        assert_int_equal(gx_top_members(lists, length, N, &model, NULL, &m, ITEMS, 40, MEMBERS - 40,
                                        skip, &job, NULL),
                         GX_OK);
        for (uint32_t u = 40; u < MEMBERS; u++) {
            for (uint32_t i = 0; i < ITEMS; i++) {
                scores[i] = 0;
                for (uint32_t j = 0; j < D; j++) {
                    scores[i] += user_factor[u * D + j] * item_factor[i * D + j];
                }
            }
            for (uint64_t k = m.ptr[u]; k < m.ptr[u + 1]; k++) {
                scores[m.col[k]] = -INFINITY;
            }
            assert_int_equal(length[u - 40], gx_top(want, N, scores, ITEMS, skip, -INFINITY));
            assert_memory_equal(want, lists + (size_t)(u - 40) * N, sizeof want);
        }
    }
    gx_job_init(&job, 2, 1);
    gx_job_cancel(&job);
    assert_int_equal(
        gx_top_members(lists, length, N, &model, NULL, &m, ITEMS, 0, MEMBERS, NULL, &job, NULL),
        GX_CANCELLED);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_sorting),
        cmocka_unit_test(nothing_to_rank),
        cmocka_unit_test(lists_by_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
