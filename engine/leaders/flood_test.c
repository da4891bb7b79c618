/* Floods are found where they are planted, and heavy sharers are none. */
#include "engine/leaders/measures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HONEST = 500, RUSHED = 12, ADS = 12, N = HONEST + RUSHED + ADS };

typedef struct shop {
    gx_fact fact[N];
    float flag[N * GX_LEADER_FLAG_COUNT];
    uint32_t count[N * GX_LEADER_FLAG_COUNT];
} shop;

static uint32_t heavy(gx_rng *rng, double least, double most) {
    return (uint32_t)fmin(most, least / (1.0 - gx_rng_real(rng))); /* P(> x) = least / x */
}

/* Honest members share by a heavy tail, some the same item often, and sell; of those planted the
 * first rush, the others share one item. Every fourth of these does something else beside. */
static void draw(shop *s, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 61);
    memset(s, 0, sizeof *s);
    for (uint32_t v = 0; v < N; v++) {
        gx_fact *f = &s->fact[v];
        if (v < HONEST) {
            f->shares = heavy(&rng, 2, 400);
            f->said = f->shares + (uint32_t)gx_rng_below(&rng, 10);
            f->purchases = (uint32_t)gx_rng_below(&rng, 20);
            f->peak = 1 + (uint32_t)gx_rng_below(&rng, f->said < 6 ? f->said : 6);
            f->same = (uint32_t)gx_rng_below(&rng, f->shares / 5 + 2);
            f->brought = f->shares / 4;
        } else if (v < HONEST + RUSHED) {
            f->rushed = 60 + (uint32_t)gx_rng_below(&rng, 200);
            f->peak = f->rushed < 120 ? f->rushed : 120;
            f->said = f->rushed + (v % 4 ? 0 : f->rushed / 2);
        } else {
            f->shares = 40 + (uint32_t)gx_rng_below(&rng, 100);
            f->same = f->shares - (uint32_t)gx_rng_below(&rng, 4);
            f->said = f->shares + (v % 4 ? 0 : f->shares / 4);
            f->peak = 2;
        }
        f->looks = (uint32_t)gx_rng_below(&rng, 200);
        f->events = f->said + f->purchases + f->looks;
    }
}

static void look(shop *s) {
    static double authentic[N];
    const gx_facts facts = {.n = N, .of = s->fact};
    const gx__leaders_signs out = {authentic, s->flag, s->count};
    memset(s->flag, 0, sizeof s->flag);
    memset(s->count, 0, sizeof s->count);
    gx__leaders_flood(&out, &facts);
}

static double flood_of(const shop *s, uint32_t v) {
    return (double)s->flag[(size_t)v * GX_LEADER_FLAG_COUNT + GX_FLAG_FLOOD];
}

static uint32_t flagged(const shop *s, uint32_t from, uint32_t to) {
    uint32_t count = 0;
    for (uint32_t v = from; v < to; v++) {
        count += flood_of(s, v) > 0;
    }
    return count;
}

static void test_all_that_is_planted_and_nobody_else(void **state) {
    (void)state;
    static shop s;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        draw(&s, seed);
        look(&s);
        assert_int_equal(flagged(&s, 0, HONEST), 0);
        for (uint32_t v = HONEST; v < N; v++) {
            const size_t at = (size_t)v * GX_LEADER_FLAG_COUNT + GX_FLAG_FLOOD;
            assert_true(flood_of(&s, v) >= 0.6);
            assert_int_equal(s.count[at], v < HONEST + RUSHED ? s.fact[v].rushed : s.fact[v].same);
        }
    }
}

/* Who shares one item and sells it is no ad; half as many sales as usual halve the share. */
static void test_sales_speak_for_a_sharer(void **state) {
    (void)state;
    static shop s;
    double brought = 0, shares = 0;
    draw(&s, 3);
    const uint32_t v = N - 1;
    for (uint32_t u = 0; u < N; u++) {
        brought += u == v ? 0 : s.fact[u].brought;
        shares += u == v ? 0 : s.fact[u].shares;
    }
    look(&s);
    const double before = flood_of(&s, v);
    s.fact[v].brought = (uint32_t)ceil(brought / shares * s.fact[v].shares) + 1;
    look(&s);
    assert_true(before > 0.6 && flood_of(&s, v) == 0.0);
    s.fact[v].brought /= 2;
    look(&s);
    assert_true(flood_of(&s, v) > 0.3 * before && flood_of(&s, v) < 0.7 * before);
}

/* Where everybody's acts lie on a few hours or on days, the log was imported so. */
static void test_an_import_is_no_flood(void **state) {
    (void)state;
    static shop s;
    draw(&s, 4);
    for (uint32_t v = 0; v < N; v++) {
        s.fact[v].peak = s.fact[v].rushed = s.fact[v].said;
        s.fact[v].quarter = s.fact[v].said;
    }
    look(&s);
    assert_int_equal(flagged(&s, 0, HONEST + RUSHED), 0);
    for (uint32_t v = 0; v < N; v++) { /* a fifth of all at once, at any time */
        s.fact[v].quarter = 0;
        s.fact[v].said += v % 5 ? 0 : 500;
        s.fact[v].peak = s.fact[v].rushed = v % 5 ? 0 : 500;
        s.fact[v].peak += 1;
    }
    look(&s);
    assert_int_equal(flagged(&s, 0, HONEST + RUSHED), 0);
    memset(s.fact, 0, sizeof s.fact);
    look(&s);
    assert_int_equal(flagged(&s, 0, N), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_is_planted_and_nobody_else),
        cmocka_unit_test(test_sales_speak_for_a_sharer),
        cmocka_unit_test(test_an_import_is_no_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
