/* gx_top against sorting everything. */
#include "models/model.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COUNT_MAX = 1500 };

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
        const uint32_t count = (uint32_t)gx_rng_below(&rng, round % 7 == 0 ? COUNT_MAX : 200);
        const uint32_t ns[] = {0, 1, 2, 20, 100, count, count + 1};
        draw(scores, count, &rng);
        for (uint32_t i = 0; i < count; i++) {
            skip[i] = gx_rng_below(&rng, 3) == 0;
        }
        const float floors[] = {-INFINITY, 0, 1, -FLT_MAX, INFINITY};
        assert_same(scores, count, ns[gx_rng_below(&rng, GX_COUNT(ns))], round % 2 ? skip : NULL,
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_sorting),
        cmocka_unit_test(nothing_to_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
