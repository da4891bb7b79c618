/* What holds for every list, on thousands of random shops: the parts of the score are its true
 * parts, filters hold, ranks agree, the same question has the same answer. */
#include "models/rec/testing.h"

/* ---- the parts are the true parts ----------------------------------------------------------- */

enum { SHOPS = 2000 };

static void shares_sum_to_one_or_nothing(void **state) {
    (void)state;
    uint32_t rungs[GX_RUNG_COUNT] = {0};
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        shop s;
        shop_open(&s, seed);
        gx_rec_list list = list_of(&s);
        rungs[list.rung]++;
        for (uint32_t k = 0; k < list.count; k++) {
            const gx_rec_item *item = &list.items[k];
            double sum = share_sum(item);
            bool earned = list.rung != GX_RUNG_POPULAR && item->score > 0;
            assert_true(fabs(sum - (earned ? 1 : 0)) < 1e-9);
            assert_true(item->score >= 0 && isfinite(item->score));
            double why = 0;
            for (uint32_t w = 0; w < item->why_count; w++) {
                why += item->why[w].share;
                assert_true(item->why[w].share == item->channel[item->why[w].channel]);
            }
            assert_true(fabs(why - sum) < 1e-9);
        }
        shop_close(&s);
    }
    assert_true(rungs[GX_RUNG_FOLD_IN] > SHOPS / 3);
    assert_true(rungs[GX_RUNG_FRIENDS_ONLY] > SHOPS / 50);
    assert_true(rungs[GX_RUNG_POPULAR] > SHOPS / 100);
}

/* The property the explanation stands on: without a channel, every score is lower by exactly its
 * share. */
static void taking_a_channel_away_takes_its_share(void **state) {
    (void)state;
    uint64_t judged[GX_CHANNEL_COUNT] = {0};
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        shop s;
        shop_open(&s, seed);
        gx_rec_list list = list_of(&s);
        gx_rec_request whole = s.request;
        gx_channel gone = (gx_channel)(seed % GX_CHANNEL_COUNT);
        s.request.weights[gone] = 0;
        for (uint32_t k = 0; list.rung != GX_RUNG_POPULAR && k < list.count; k++) {
            const gx_rec_item *before = &list.items[k];
            uint32_t rank = 0;
            gx_rec_item after = explained(&s, before->item, &rank);
            double lost = before->score - after.score;
            assert_true(fabs(lost - before->channel[gone] * before->score) < 1e-6);
            judged[gone] += before->channel[gone] > 0.01 ? 1 : 0;
        }
        /* What stays in the shorter blend is scored the same in a list as alone. */
        gx_rec_list less = list_of(&s);
        s.request = whole;
        for (uint32_t k = 0; less.rung != GX_RUNG_POPULAR && k < less.count; k++) {
            uint32_t rank = 0;
            gx_rec_item full = explained(&s, less.items[k].item, &rank);
            double lost = full.score - less.items[k].score;
            assert_true(fabs(lost - full.channel[gone] * full.score) < 1e-6);
        }
        shop_close(&s);
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        assert_true(judged[c] > 300);
    }
}

/* ---- order, filters, ranks ------------------------------------------------------------------ */

static void filters_hold_and_lists_are_as_long_as_they_can_be(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        shop s;
        shop_open(&s, seed);
        gx_rec_list list = list_of(&s);
        uint32_t passing = 0;
        for (uint32_t i = 0; i < s.request.items; i++) {
            passing += !s.request.pass || s.pass[i];
        }
        assert_int_equal(list.passing, passing);
        assert_int_equal(list.count, passing < s.request.n ? passing : s.request.n);
        uint8_t seen[ITEMS + NEW_ITEMS] = {0};
        for (uint32_t k = 0; k < list.count; k++) {
            const gx_rec_item *item = &list.items[k];
            assert_true(item->item < s.request.items);
            assert_true(!s.request.pass || s.pass[item->item]);
            assert_int_equal(seen[item->item]++, 0);
            assert_int_equal(item->rank, k + 1);
            if (k > 0 && item->score == item[-1].score && item->score > 0) {
                assert_true(item->item > item[-1].item);
            } else if (k > 0) {
                assert_true(item->score <= item[-1].score);
            }
        }
        shop_close(&s);
    }
}

static void an_item_has_the_rank_that_the_list_gives_it(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 150; seed++) {
        shop s;
        shop_open(&s, seed);
        s.request.n = ITEMS + NEW_ITEMS;
        gx_rec_list list = list_of(&s);
        uint32_t place[ITEMS + NEW_ITEMS] = {0};
        for (uint32_t k = 0; k < list.count; k++) {
            place[list.items[k].item] = k + 1;
        }
        for (uint32_t i = 0; i < s.request.items; i++) {
            uint32_t rank = 99999;
            gx_rec_item item = explained(&s, i, &rank);
            assert_int_equal(rank, place[i]);
            assert_int_equal(item.rank, place[i]);
            if (place[i] && list.rung != GX_RUNG_POPULAR) {
                assert_true(item.score == list.items[place[i] - 1].score);
            }
        }
        shop_close(&s);
    }
}

static void the_same_question_has_the_same_answer(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        shop s;
        shop_open(&s, seed);
        gx_rec_list one = list_of(&s);
        gx_job_init(&s.job, 2, 7);
        gx_rec_list two = list_of(&s);
        assert_int_equal(one.count, two.count);
        for (uint32_t k = 0; k < one.count; k++) {
            assert_int_equal(one.items[k].item, two.items[k].item);
            assert_memory_equal(&one.items[k].score, &two.items[k].score, sizeof(double));
            assert_memory_equal(one.items[k].channel, two.items[k].channel,
                                sizeof one.items[k].channel);
        }
        shop_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_sum_to_one_or_nothing),
        cmocka_unit_test(taking_a_channel_away_takes_its_share),
        cmocka_unit_test(filters_hold_and_lists_are_as_long_as_they_can_be),
        cmocka_unit_test(an_item_has_the_rank_that_the_list_gives_it),
        cmocka_unit_test(the_same_question_has_the_same_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
