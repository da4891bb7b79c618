/* What holds for every slate, on thousands of random shops: it is what a naive twin makes of the
 * whole order, factors leave shares the true parts, and nothing that is filtered out comes back. */
#include "models/rec/testing.h"

enum { SHOPS = 1500, ALL = ITEMS + NEW_ITEMS };

typedef struct rules {
    gx_slate slate;
    gx_columns *columns;
    gx_slate_pin pins[4];
    gx_slate_limit limits[2];
    gx_slice values[2];
    uint32_t quotas[2];
    float factor[ALL];
} rules;

static const char *const categories[] = {"a", "b", "c/d", "e"};

/* A value by item; NULL: the item has none. */
static const char *value_of(const char *field, uint32_t item) {
    if (strcmp(field, "category") == 0) {
        return item % 9 == 8 ? NULL : categories[item % 7 % 4];
    }
    return item % 5 < 2 ? "event" : item % 5 == 2 ? "product" : NULL; /* kind */
}

static gx_columns *columns_of(gx_arena *arena) {
    gx_columns *columns = NULL;
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    for (uint32_t i = 0; i < ALL; i++) {
        static const char *const fields[] = {"category", "kind"};
        gx_value row = gx_map(arena, 2);
        for (size_t f = 0; f < 2; f++) {
            const char *value = value_of(fields[f], i);
            gx_value text = value ? gx_str(value) : gx_nil();
            if (value && i % 3 == 0 && f == 0) { /* a list goes by its first entry */
                gx_value list = gx_list(arena, 2);
                gx_list_add(arena, &list, text);
                gx_list_add(arena, &list, gx_str("other"));
                text = list;
            }
            gx_map_put(arena, &row, fields[f], text);
        }
        assert_int_equal(gx_columns_set(columns, i, &row, NULL), GX_OK);
    }
    return columns;
}

static void rules_open(rules *r, shop *s) {
    gx_rng *rng = &s->rng;
    *r = (rules){.columns = columns_of(s->arena)};
    r->slate = (gx_slate){.columns = r->columns, .watch = GX_NONE, .limits = r->limits};
    if (gx_rng_below(rng, 2)) {
        r->slate.factor = r->factor;
        for (uint32_t i = 0; i < ALL; i++) {
            r->factor[i] = gx_rng_below(rng, 3) ? 1 : 0.01F + 3 * (float)gx_rng_real(rng);
        }
    }
    r->slate.novelty = gx_rng_below(rng, 3) ? 0 : (float)gx_rng_real(rng);
    if (gx_rng_below(rng, 2)) {
        r->limits[r->slate.limit_count++] =
            (gx_slate_limit){.field = "category", .most = 1 + (uint32_t)gx_rng_below(rng, 6)};
    }
    if (gx_rng_below(rng, 2)) {
        r->values[0] = gx_slice_of("product");
        r->values[1] = gx_slice_of("event");
        r->quotas[0] = (uint32_t)gx_rng_below(rng, 12);
        r->quotas[1] = (uint32_t)gx_rng_below(rng, 12);
        r->limits[r->slate.limit_count++] = (gx_slate_limit){.field = "kind",
                                                             .absent = "product",
                                                             .value = r->values,
                                                             .quota = r->quotas,
                                                             .quotas = 2};
    }
    uint32_t place = 0;
    for (uint64_t k = gx_rng_below(rng, 5); k > 0; k--) {
        uint32_t item = (uint32_t)gx_rng_below(rng, ALL / 4) * 4 + r->slate.pin_count % 4;
        place += 1 + (uint32_t)gx_rng_below(rng, 5);
        if (place <= s->request.n) {
            r->pins[r->slate.pin_count++] = (gx_slate_pin){item, place};
        }
    }
    r->slate.pins = r->pins;
    s->request.slate = &r->slate;
}

/* ---- the naive twin ------------------------------------------------------------------------- */

static bool same_value(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool twin_has_room(const rules *r, const uint32_t *chosen, uint32_t count, uint32_t item) {
    for (uint32_t l = 0; l < r->slate.limit_count; l++) {
        const gx_slate_limit *limit = &r->limits[l];
        const char *own = value_of(limit->field, item);
        own = own ? own : limit->absent;
        uint32_t used = 0, most = limit->most;
        for (uint32_t q = 0; q < limit->quotas; q++) {
            most = own && gx_slice_is(limit->value[q], own) ? limit->quota[q] : most;
        }
        for (uint32_t k = 0; k < count; k++) {
            const char *other = value_of(limit->field, chosen[k]);
            used += same_value(own, other ? other : limit->absent) ? 1 : 0;
        }
        if (own && used >= most) {
            return false;
        }
    }
    return true;
}

static bool is_passing(const shop *s, uint32_t item) {
    return item < s->request.items && (!s->request.pass || s->pass[item]);
}

static bool is_among(const uint32_t *list, uint32_t count, uint32_t item) {
    for (uint32_t k = 0; k < count; k++) {
        if (list[k] == item) {
            return true;
        }
    }
    return false;
}

static uint32_t twin(uint32_t out[ALL], const rules *r, const shop *s, const gx_rec_list *order) {
    uint32_t chosen[ALL], places[ALL], pins = 0, count = 0, made = 0;
    for (uint32_t k = 0; k < r->slate.pin_count; k++) {
        if (is_passing(s, r->pins[k].item)) {
            places[pins] = r->pins[k].place;
            chosen[pins++] = r->pins[k].item;
        }
    }
    count = pins;
    for (uint32_t k = 0; k < order->count && count < s->request.n; k++) {
        uint32_t item = order->items[k].item;
        if (!is_among(chosen, pins, item) && twin_has_room(r, chosen, count, item)) {
            chosen[count++] = item;
        }
    }
    for (uint32_t p = 0, other = pins; made < count; made++) {
        bool pin = p < pins && (places[p] <= made + 1 || other == count);
        out[made] = pin ? chosen[p++] : chosen[other++];
    }
    return count;
}

static void a_slate_is_what_the_twin_makes_of_the_whole_order(void **state) {
    (void)state;
    uint32_t limited = 0, pinned = 0;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        shop s;
        rules r;
        uint32_t expected[ALL];
        shop_open(&s, seed);
        rules_open(&r, &s);
        gx_rec_list list = list_of(&s);
        gx_rec_request asked = s.request;
        gx_slate scores_only = {.factor = r.slate.factor,
                                .novelty = r.slate.novelty,
                                .columns = r.columns,
                                .watch = GX_NONE};
        s.request.n = ALL;
        s.request.slate = &scores_only;
        gx_rec_list order = list_of(&s);
        s.request = asked;
        uint32_t count = twin(expected, &r, &s, &order);
        assert_int_equal(list.count, count);
        for (uint32_t k = 0; k < count; k++) {
            assert_int_equal(list.items[k].item, expected[k]);
            assert_true(is_passing(&s, list.items[k].item));
            assert_int_equal(list.items[k].rank, k + 1);
            pinned += list.items[k].flags >> GX_SLATE_PINNED & 1;
        }
        limited += count < s.request.n && count < list.passing;
        gx_columns_destroy(r.columns);
        shop_close(&s);
    }
    assert_true(limited > SHOPS / 50);
    assert_true(pinned > SHOPS / 2);
}

/* A factor scales all parts alike: a channel taken away still lowers the score by its share. */
static void shares_stay_the_true_parts(void **state) {
    (void)state;
    uint32_t judged = 0;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        shop s;
        rules r;
        shop_open(&s, seed);
        rules_open(&r, &s);
        gx_rec_list list = list_of(&s);
        gx_channel gone = (gx_channel)(seed % GX_CHANNEL_COUNT);
        s.request.weights[gone] = 0;
        for (uint32_t k = 0; list.rung != GX_RUNG_POPULAR && k < list.count; k++) {
            const gx_rec_item *before = &list.items[k];
            uint32_t rank = 0;
            gx_rec_item after = explained(&s, before->item, &rank);
            double sum = share_sum(before), lost = before->score - after.score;
            assert_true(fabs(lost - before->channel[gone] * before->score) < 1e-5);
            assert_true(fabs(sum - (before->score > 0 ? 1 : 0)) < 1e-9);
            assert_true(before->factor > 0);
            judged += before->factor != 1 && before->channel[gone] > 0.01 ? 1 : 0;
        }
        gx_columns_destroy(r.columns);
        shop_close(&s);
    }
    assert_true(judged > SHOPS / 4);
}

static void the_rank_of_a_score_counts_factors(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        shop s;
        rules r;
        shop_open(&s, seed);
        rules_open(&r, &s);
        r.slate.pin_count = r.slate.limit_count = 0;
        s.request.n = ALL;
        gx_rec_list list = list_of(&s);
        for (uint32_t k = 0; k < list.count; k++) {
            uint32_t rank = 0;
            gx_rec_item item = explained(&s, list.items[k].item, &rank);
            assert_int_equal(rank, k + 1);
            assert_true(list.rung == GX_RUNG_POPULAR || item.score == list.items[k].score);
        }
        gx_columns_destroy(r.columns);
        shop_close(&s);
    }
}

/* ---- diversity ------------------------------------------------------------------------------ */

static double like(uint32_t i, uint32_t j) {
    const char *a = value_of("category", i), *b = value_of("category", j);
    return i == j ? 1 : !a || !b || strcmp(a, b) != 0 ? 0 : 0.75; /* ½, and ¼ for the first level */
}

/* By Gaussian elimination. */
static double determinant(const uint32_t *item, uint32_t count) {
    double m[32][32], det = 1;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            m[i][j] = like(item[i], item[j]);
        }
    }
    for (uint32_t k = 0; k < count; k++) {
        det *= m[k][k];
        for (uint32_t i = k + 1; i < count; i++) {
            double factor = m[k][k] > 1e-12 ? m[i][k] / m[k][k] : 0;
            for (uint32_t j = k; j < count; j++) {
                m[i][j] -= factor * m[k][j];
            }
        }
    }
    return det;
}

/* Every place of a list by determinants is the best by the definition. */
static void determinants_are_those_of_the_definition(void **state) {
    (void)state;
    uint32_t judged = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        shop s;
        shop_open(&s, seed);
        gx_columns *columns = columns_of(s.arena);
        gx_slate none = {.columns = columns, .watch = GX_NONE};
        gx_slate slate = {.columns = columns, .diversity = 0.5F, .dpp = true, .watch = GX_NONE};
        s.request.n = 12;
        s.request.slate = &slate;
        gx_rec_list list = list_of(&s);
        s.request.n = ALL;
        s.request.slate = &none;
        gx_rec_list order = list_of(&s);
        uint32_t taken[32], earned = 0;
        while (earned < order.count && order.items[earned].score > 0) {
            earned++;
        }
        for (uint32_t k = 0; list.rung != GX_RUNG_POPULAR && k < list.count && k < earned; k++) {
            double before = determinant(taken, k), most = -INFINITY, got = -INFINITY;
            for (uint32_t c = 0; c < earned; c++) {
                uint32_t item = order.items[c].item;
                if (is_among(taken, k, item)) {
                    continue;
                }
                taken[k] = item;
                double gain = fmax(determinant(taken, k + 1) / before, 1e-6);
                double value = 0.5 * order.items[c].score / order.items[0].score + 0.5 * log(gain);
                most = fmax(most, value);
                got = item == list.items[k].item ? value : got;
            }
            assert_true(got > most - 1e-4);
            taken[k] = list.items[k].item;
            judged++;
        }
        gx_columns_destroy(columns);
        shop_close(&s);
    }
    assert_true(judged > 1000);
}

static double sameness(const gx_rec_list *list) {
    double sum = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            sum += like(list->items[i].item, list->items[j].item);
        }
    }
    return sum;
}

static void diversity_makes_lists_less_alike_and_breaks_no_rule(void **state) {
    (void)state;
    double plain = 0, diverse = 0;
    uint32_t flagged = 0;
    for (uint64_t seed = 0; seed < 600; seed++) {
        shop s;
        rules r;
        shop_open(&s, seed);
        rules_open(&r, &s);
        gx_rec_list before = list_of(&s);
        r.slate.diversity = 0.6F;
        r.slate.dpp = seed % 2;
        gx_rec_list list = list_of(&s), again = list_of(&s);
        /* Two limits at once may leave room for one more or less, by which items came first. */
        assert_true(r.slate.limit_count > 1 || list.count == before.count);
        uint32_t chosen[ALL];
        for (uint32_t k = 0; k < list.count; k++) {
            bool pinned = list.items[k].flags >> GX_SLATE_PINNED & 1;
            assert_true(is_passing(&s, list.items[k].item));
            assert_false(is_among(chosen, k, list.items[k].item));
            assert_int_equal(list.items[k].item, again.items[k].item);
            assert_true(pinned || r.slate.pin_count > 0 ||
                        twin_has_room(&r, chosen, k, list.items[k].item));
            flagged += list.items[k].flags >> GX_SLATE_DIVERSE & 1;
            chosen[k] = list.items[k].item;
        }
        plain += sameness(&before);
        diverse += sameness(&list);
        gx_columns_destroy(r.columns);
        shop_close(&s);
    }
    assert_true(diverse < plain * 0.95);
    assert_true(flagged > 600);
}

/* ---- exploring ------------------------------------------------------------------------------ */

/* How often an item is in a place is what its propensity says; every rule still holds. */
static void propensities_are_the_chances(void **state) {
    (void)state;
    enum { SHOWN = 3000, PLACES = 10 };
    static uint32_t times[PLACES][ALL];
    static double chance[PLACES][ALL];
    uint32_t judged = 0, drawn = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        shop s;
        rules r;
        shop_open(&s, seed);
        rules_open(&r, &s);
        s.request.n = PLACES;
        s.request.why = false;
        r.slate.pin_count = r.slate.pin_count > 1 ? 1 : r.slate.pin_count;
        r.slate.explore = 0.3;
        r.slate.seed = seed;
        memset(times, 0, sizeof times);
        memset(chance, 0, sizeof chance);
        uint32_t count = 0;
        for (uint32_t t = 0; t < SHOWN; t++) {
            r.slate.stream = t;
            gx_rec_list list = list_of(&s);
            uint32_t chosen[ALL];
            count = list.count;
            for (uint32_t k = 0; k < list.count; k++) {
                const gx_rec_item *item = &list.items[k];
                bool pinned = item->flags >> GX_SLATE_PINNED & 1;
                assert_true(is_passing(&s, item->item));
                assert_false(is_among(chosen, k, item->item));
                assert_true(pinned || r.slate.pin_count > 0 ||
                            twin_has_room(&r, chosen, k, item->item));
                assert_true(chance[k][item->item] == 0 ||
                            chance[k][item->item] == item->propensity);
                assert_true(!pinned || item->propensity == 1);
                chance[k][item->item] = item->propensity;
                times[k][item->item]++;
                drawn += item->flags >> GX_SLATE_EXPLORED & 1;
                chosen[k] = item->item;
            }
        }
        for (uint32_t k = 0; k < count; k++) {
            for (uint32_t i = 0; i < ALL; i++) {
                double p = chance[k][i], spread = sqrt(SHOWN * p * (1 - p));
                assert_true(fabs(times[k][i] - SHOWN * p) <= 5 * spread + 1);
                judged += p > 0 && p < 1;
            }
        }
        gx_columns_destroy(r.columns);
        shop_close(&s);
    }
    assert_true(judged > 200 && drawn > 20000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slate_is_what_the_twin_makes_of_the_whole_order),
        cmocka_unit_test(shares_stay_the_true_parts),
        cmocka_unit_test(the_rank_of_a_score_counts_factors),
        cmocka_unit_test(determinants_are_those_of_the_definition),
        cmocka_unit_test(diversity_makes_lists_less_alike_and_breaks_no_rule),
        cmocka_unit_test(propensities_are_the_chances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
