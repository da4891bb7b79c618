/* Of nobody who did not agree to be named follows from what is told that they did it: of small
 * circles of people every set of them is told, and the sets of which the same is told are laid side
 * by side, as one who knows the ties, who agreed and the rules could. Only where there is nobody
 * else to have done it does the reason itself say so, and it says nothing. */
#include "api/lists/around.h"
#include "api/testing.h"

enum { MOST = 9, CIRCLES = 3000 };

static bool is_same(const gx_around_told *a, const gx_around_told *b) {
    return a->count == b->count && a->hidden == b->hidden && a->shown == b->shown &&
           memcmp(a->named, b->named, a->shown * sizeof *a->named) == 0 &&
           a->tied_as == b->tied_as && a->nothing == b->nothing;
}

static gx_around_told tell(const gx_around *around, uint32_t did) {
    for (uint32_t k = 0; k < around->count; k++) {
        around->one[k].did = did >> k & 1;
    }
    return gx_around_tell(around);
}

/* What is told is true. */
static void assert_true_of(const gx_around *around, const gx_around_told *told) {
    uint32_t named = 0, silent = 0;
    uint8_t one = 0, each = UINT8_MAX, each_named = UINT8_MAX;
    for (uint32_t k = 0; k < around->count; k++) {
        if (around->one[k].did) {
            const bool agreed = around->one[k].agreed == GX_AROUND_AGREED;
            named += agreed;
            silent += !agreed;
            one |= around->one[k].tied_as;
            each &= around->one[k].tied_as;
            each_named &= agreed ? around->one[k].tied_as : UINT8_MAX;
        }
    }
    for (uint32_t k = 0; k < told->shown; k++) {
        const gx_around_one *who = &around->one[told->named[k]];
        assert_true(who->did && who->agreed == GX_AROUND_AGREED);
    }
    assert_true(told->count == 0 || told->count >= around->min_count);
    assert_true(told->hidden == 0 || told->hidden >= around->min_count);
    assert_true(told->hidden == 0 || (told->hidden == silent && told->count == named + silent));
    assert_true(told->shown == 0 || told->hidden > 0 || told->count == named);
    assert_true(told->count == 0 || told->shown > 0 || told->count == named + silent);
    const bool of_named = told->shown > 0 && told->hidden == 0;
    const uint8_t words = told->count == 0 ? one : of_named ? each_named : each;
    assert_true((told->tied_as & words) == told->tied_as);
    assert_true(told->nothing <= (told->count == 0));
    assert_true(named < around->min_count || told->count > 0);
}

static void nobody_follows_from_what_is_told(void **state) {
    (void)state;
    static gx_around_told told[1 << MOST];
    static bool seen[1 << MOST];
    uint32_t forms[4] = {0};
    for (uint64_t seed = 0; seed < CIRCLES; seed++) {
        gx_rng rng = gx_rng_at(seed, 99);
        gx_around_one one[MOST];
        gx_around around = {.one = one};
        around.count = 1 + (uint32_t)gx_rng_below(&rng, seed % 8 ? 6 : MOST);
        around.min_count = 1 + (uint32_t)gx_rng_below(&rng, 4);
        const uint64_t agree = gx_rng_below(&rng, 4), kinds = 1 + gx_rng_below(&rng, 4);
        uint32_t silent = 0;
        for (uint32_t k = 0; k < around.count; k++) {
            const bool agreed = gx_rng_below(&rng, 4) < agree;
            silent |= agreed ? 0 : 1u << k;
            one[k] = (gx_around_one){.user = k, .tied_as = (uint8_t)gx_rng_below(&rng, kinds)};
            one[k].agreed = agreed ? GX_AROUND_AGREED : GX_AROUND_SILENT;
        }
        const uint32_t sets = 1u << around.count;
        for (uint32_t did = 1; did < sets; did++) {
            told[did] = tell(&around, did);
            assert_true_of(&around, &told[did]);
            forms[told[did].nothing ? 0 : told[did].count == 0 ? 1 : told[did].hidden ? 2 : 3]++;
            seen[did] = false;
        }
        for (uint32_t did = 1; did < sets; did++) {
            uint32_t sure = silent;
            for (uint32_t other = did; other < sets && !seen[did]; other++) {
                if (is_same(&told[did], &told[other])) {
                    sure &= other;
                    seen[other] = other != did;
                }
            }
            if (!seen[did] && sure && !told[did].nothing) {
                fail_msg("seed %u: of %u people and min_count %u it follows that %#x did it",
                         (unsigned)seed, around.count, around.min_count, sure);
            }
        }
    }
    for (size_t k = 0; k < GX_COUNT(forms); k++) {
        assert_true(forms[k] > 50);
    }
}

/* A leader who did not agree is called what another is too who did not. */
static void an_unnamed_leader_is_one_of_several(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < CIRCLES; seed++) {
        gx_rng rng = gx_rng_at(seed, 98);
        gx_around_one one[MOST];
        gx_around around = {.one = one, .min_count = 3};
        uint8_t word[MOST];
        bool nothing[MOST] = {false};
        around.count = 1 + (uint32_t)gx_rng_below(&rng, MOST);
        for (uint32_t k = 0; k < around.count; k++) {
            one[k] = (gx_around_one){.user = k, .tied_as = (uint8_t)gx_rng_below(&rng, 4)};
            one[k].agreed = gx_rng_below(&rng, 3) ? GX_AROUND_AGREED : GX_AROUND_SILENT;
        }
        for (uint32_t k = 0; k < around.count; k++) {
            word[k] = gx_around_word(&nothing[k], &around, one[k].tied_as, GX_TIED_FOLLOWED);
        }
        for (uint32_t k = 0; k < around.count; k++) {
            uint32_t like = 0;
            for (uint32_t j = 0; j < around.count; j++) {
                like += one[j].agreed == GX_AROUND_SILENT && word[j] == word[k];
            }
            assert_true((word[k] & one[k].tied_as) == word[k]);
            assert_true(one[k].agreed == GX_AROUND_AGREED || like > 1 || nothing[k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_follows_from_what_is_told),
        cmocka_unit_test(an_unnamed_leader_is_one_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
