/* rec.bundle, rec.rank, rec.group and rec.layout: on a shop with planted complements, and on random
 * shops where filters and consent must hold whatever is asked. */
#include "api/lists/lists.h"
#include "api/testing.h"

#include <math.h>
#include <stdlib.h>

#define DAY INT64_C(86400000)
#define NOW INT64_C(1790000000000)

/* ---- a shop with complements ---------------------------------------------------------------- */

static void add_event(test_shop *s, gx_value *list, uint64_t user, const char *item,
                      const char *action, int64_t day) {
    gx_value row = gx_map(s->arena, 4);
    test_put_int(s, &row, "user_id", "u", user);
    gx_map_put(s->arena, &row, "item_id", gx_str(gx_arena_printf(s->arena, "%s", item)));
    gx_map_put(s->arena, &row, "action", gx_str(action));
    gx_map_put(s->arena, &row, "ts", gx_int(NOW - 400 * DAY + day * DAY));
    gx_list_add(s->arena, list, row);
}

/* Two phones of which a member buys one, and looks at both; cases and glass follow; forty other
 * things at any time. */
static void plant(test_shop *s) {
    gx_rng rng = gx_rng_at(9, 1);
    gx_value items = gx_list(s->arena, 44), events = gx_list(s->arena, 2048);
    static const char *const names[] = {"phone-a", "phone-b", "case", "glass"};
    for (uint32_t i = 0; i < 44; i++) {
        gx_value row = gx_map(s->arena, 4);
        gx_map_put(s->arena, &row, "item_id",
                   gx_str(i < 4 ? names[i] : gx_arena_printf(s->arena, "x%u", i)));
        gx_map_put(s->arena, &row, "category",
                   gx_str(i < 2   ? "phones/new"
                          : i < 4 ? "parts"
                                  : "other"));
        gx_map_put(s->arena, &row, "price", gx_int(i));
        gx_list_add(s->arena, &items, row);
    }
    test_put(s, "item.put", "items", items);
    for (uint32_t u = 0; u < 300; u++) {
        for (uint32_t k = 0; k < 5; k++) {
            add_event(s, &events, u,
                      gx_arena_printf(s->arena, "x%u", 4 + (uint32_t)gx_rng_below(&rng, 40)), "buy",
                      (int64_t)gx_rng_below(&rng, 360));
        }
        if (u % 2 == 0) {
            int64_t day = (int64_t)gx_rng_below(&rng, 300);
            add_event(s, &events, u, names[u / 2 % 2], "buy", day);
            add_event(s, &events, u, names[1 - u / 2 % 2], "view", day);
            if (gx_rng_below(&rng, 2)) {
                add_event(s, &events, u, "case", "buy", day + 1 + (int64_t)gx_rng_below(&rng, 20));
            }
            if (gx_rng_below(&rng, 10) < 3) {
                add_event(s, &events, u, "glass", "buy", day + 1 + (int64_t)gx_rng_below(&rng, 20));
            }
        }
    }
    test_put(s, "event.put", "events", events);
    test_call(s, "model.build", "{}");
}

static void test_bundle(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_refused(&s, "rec.bundle", "{'items': ['case']}", GX_CONFLICT, "no snapshot yet");
    plant(&s);
    gx_value answer = test_call(&s, "rec.bundle", "{'items': ['phone-a', 'no-such']}");
    const gx_value *items = test_key(&answer, "items");
    assert_true(test_is(test_key(&items->as.items[0], "id"), "case"));
    assert_non_null(test_find(items, "id", "glass"));
    assert_null(test_find(items, "id", "phone-b"));
    assert_null(test_find(items, "id", "phone-a"));
    assert_true(test_is(&test_key(&answer, "unknown")->as.items[0], "no-such"));
    const gx_value *why = &test_key(&items->as.items[0], "why")->as.items[0];
    const gx_value *evidence = test_key(why, "evidence");
    double share = test_key(evidence, "share")->as.real, lift = test_key(evidence, "lift")->as.real;
    assert_true(share > 0.3 && share < 0.7 && lift > 2);
    /* The lift told is the count over chance; the score is by the same shrunk, (n + 1) / (e + 1).
     */
    const double n = (double)test_key(evidence, "n")->as.integer, chance = n / lift;
    assert_true(fabs(test_key(&items->as.items[0], "score")->as.real -
                     share * (1 - (chance + 1) / (n + 1))) < 1e-6);
    assert_non_null(
        strstr(test_key(why, "en")->as.text, "who bought phone-a bought it within 30 days"));
    answer = test_call(&s, "rec.bundle", "{'items': ['case']}");
    assert_null(test_find(test_key(&answer, "items"), "id", "phone-a"));
    assert_null(test_find(test_key(&answer, "items"), "id", "phone-b"));
    assert_int_equal(test_key(&answer, "short")->type, GX_TEXT);
    answer = test_call(&s, "rec.bundle", "{'items': ['phone-a', 'case']}");
    assert_true(test_is(test_key(&test_key(&answer, "items")->as.items[0], "id"), "glass"));
    /* What the member has, and what a filter keeps out. */
    answer = test_call(&s, "rec.bundle", "{'items': ['phone-a'], 'where': 'price > 2'}");
    assert_null(test_find(test_key(&answer, "items"), "id", "case"));
    assert_non_null(test_find(test_key(&answer, "items"), "id", "glass"));
    answer = test_call(&s, "rec.bundle", "{'items': ['phone-a'], 'exclude': ['glass'], 'n': 1}");
    assert_int_equal(test_key(&answer, "items")->size, 1);
    test_call(&s, "event.put",
              "{'events': [{'user_id': 'new', 'item_id': 'case', 'action': 'buy', 'ts': %lld}]}",
              (long long)NOW);
    answer = test_call(&s, "rec.bundle", "{'items': ['phone-a'], 'user': 'new'}");
    assert_null(test_find(test_key(&answer, "items"), "id", "case"));
    answer = test_call(&s, "rec.bundle", "{'items': ['phone-a'], 'user': 'new', 'seen': 'none'}");
    assert_non_null(test_find(test_key(&answer, "items"), "id", "case"));
    /* Counts from min_count up. */
    test_call(&s, "admin.config", "{'name': 'min_count', 'value': 100000}");
    answer = test_call(&s, "rec.bundle", "{'items': ['phone-a']}");
    why = &test_key(&test_key(&answer, "items")->as.items[0], "why")->as.items[0];
    assert_true(test_is(test_key(why, "en"), "Often bought with or after phone-a"));
    assert_int_equal(test_key(why, "evidence")->size, 0);
    test_refused(&s, "rec.bundle", "{'items': ['no-such']}", GX_NOT_FOUND, "no-such");
    test_call(&s, "model.build", "{'passes': ['popular']}");
    test_refused(&s, "rec.bundle", "{'items': ['case']}", GX_CONFLICT, "without the pass bundle");
    test_shop_close(&s);
}

/* A substitute of what is in the cart is held out of what goes with the rest of it. */
static void test_substitutes_are_held(void **state) {
    (void)state;
    test_shop s;
    gx_rng rng = gx_rng_at(10, 1);
    test_shop_open(&s);
    gx_value events = gx_list(s.arena, 2048);
    for (uint32_t u = 0; u < 400; u++) { /* sauce first, then one of two kinds of pasta */
        int64_t day = (int64_t)gx_rng_below(&rng, 300);
        for (uint32_t k = 0; k < 5; k++) {
            add_event(&s, &events, u,
                      gx_arena_printf(s.arena, "x%u", (uint32_t)gx_rng_below(&rng, 40)), "buy",
                      (int64_t)gx_rng_below(&rng, 360));
        }
        if (u % 2 == 0) {
            const char *pasta = u / 2 % 2 ? "penne" : "fusilli";
            add_event(&s, &events, u, "sauce", "buy", day);
            add_event(&s, &events, u, pasta, "buy", day + 2);
            if (u % 3) {
                add_event(&s, &events, u, "cheese", "buy", day + 4);
            }
        }
    }
    test_put(&s, "event.put", "events", events);
    test_call(&s, "model.build", "{}");
    gx_value answer = test_call(&s, "rec.bundle", "{'items': ['sauce']}");
    assert_non_null(test_find(test_key(&answer, "items"), "id", "penne"));
    assert_int_equal(test_key(&answer, "held")->size, 0);
    answer = test_call(&s, "rec.bundle", "{'items': ['sauce', 'fusilli']}");
    assert_null(test_find(test_key(&answer, "items"), "id", "penne"));
    assert_non_null(test_find(test_key(&answer, "items"), "id", "cheese"));
    const gx_value *held = test_find(test_key(&answer, "held"), "id", "penne");
    assert_true(held && test_is(test_key(held, "of"), "fusilli"));
    assert_true(test_key(held, "likeness")->as.real >= 0.4);
    test_shop_close(&s);
}

/* ---- rank, group, layout on a random shop --------------------------------------------------- */

static void random_shop(test_shop *s, uint64_t seed) {
    test_shop_open(s);
    test_shop_fill(s, seed, 60, 4);
    test_call(s, "item.put",
              "{'items': [{'item_id': 'i3', 'status': 'hidden'}, {'item_id': 'i7', 'stock': 0}]}");
    test_call(s, "model.build", "{}");
}

/* Candidates come in the order of the whole list, with the same scores. */
static void test_rank(void **state) {
    (void)state;
    test_shop s;
    random_shop(&s, 1);
    for (uint32_t u = 0; u < 20; u++) {
        gx_value whole = test_call(&s, "rec.user", "{'users': ['u%u'], 'n': 40}", u);
        gx_value ranked = test_call(&s, "rec.rank",
                                    "{'user': 'u%u', 'items': ['i1', 'i2', 'i3', 'i5', 'i9', "
                                    "'i20', 'i1', 'nothing', 'i31']}",
                                    u);
        const gx_value *all = test_key(&whole.as.items[0], "items"),
                       *items = test_key(&ranked, "items");
        assert_int_equal(items->size + test_key(&ranked, "left_out")->size, 7);
        assert_true(test_is(&test_key(&ranked, "unknown")->as.items[0], "nothing"));
        assert_true(test_is(
            test_key(test_key(test_find(test_key(&ranked, "left_out"), "id", "i3"), "why_not"),
                     "rule"),
            "hidden"));
        uint32_t at = 0;
        for (uint32_t k = 0; k < items->size; k++) {
            const gx_value *one = &items->as.items[k];
            while (at < all->size &&
                   !gx_value_equal(test_key(&all->as.items[at], "id"), test_key(one, "id"))) {
                at++;
            }
            assert_true(at < all->size);
            if (test_key(&all->as.items[at], "score")->as.real > 0 && k > 0) {
                assert_true(gx_value_equal(test_key(&all->as.items[at], "channels"),
                                           test_key(one, "channels")));
            }
            assert_int_equal(test_key(one, "rank")->as.integer, k + 1);
        }
    }
    gx_value two = test_call(&s, "rec.rank", "{'user': 'stranger', 'items': ['i1', 'i2'], 'n': 1}");
    assert_int_equal(test_key(&two, "items")->size, 1);
    assert_false(test_key(&two, "known")->as.boolean);
    test_refused(&s, "rec.rank", "{'user': 'u1', 'items': ['no-such']}", GX_NOT_FOUND, "no-such");
    test_refused(&s, "rec.rank", "{'user': 'u1', 'items': []}", GX_BAD_REQUEST, "items");
    test_shop_close(&s);
}

/* Whatever is asked, nothing comes that a rule keeps out. */
static void test_bundle_keeps_the_rules(void **state) {
    (void)state;
    uint32_t shown = 0;
    for (uint64_t seed = 0; seed < 4; seed++) {
        test_shop s;
        test_shop_open(&s);
        test_shop_fill(&s, seed, 200, 4);
        test_call(&s, "item.put",
                  "{'items': [{'item_id': 'i3', 'status': 'hidden'}, {'item_id': 'i8', 'stock': "
                  "0}]}");
        test_call(
            &s, "model.build",
            "{'params': {'bundle': {'window': 900, 'support': 1, 'evidence': 0, 'likes': 0}}}");
        gx_rng rng = gx_rng_at(seed, 78);
        for (uint32_t k = 0; k < 100; k++) {
            uint32_t a = (uint32_t)gx_rng_below(&rng, 40), b = (uint32_t)gx_rng_below(&rng, 40);
            uint32_t user = (uint32_t)gx_rng_below(&rng, 200);
            char gone[8];
            snprintf(gone, sizeof gone, "i%u", (a + 4) % 40);
            gx_value answer = test_call(&s, "rec.bundle",
                                        "{'items': ['i%u', 'i%u'], 'user': 'u%u', 'exclude': "
                                        "['%s'], 'where': 'category != \\\"c1\\\"', 'seen': 'all'}",
                                        a, b, user, gone);
            const gx_value *items = test_key(&answer, "items");
            for (uint32_t i = 0; i < items->size; i++) {
                const gx_value *id = test_key(&items->as.items[i], "id");
                const uint32_t item = (uint32_t)strtoul(id->as.text + 1, NULL, 10);
                assert_true(item != 3 && item != 8 && item % 4 != 1);
                assert_true(item != a && item != b && item != (a + 4) % 40);
                gx_value why =
                    test_call(&s, "rec.explain",
                              "{'user': 'u%u', 'item': 'i%u', 'seen': 'all', 'n': 40}", user, item);
                assert_int_equal(test_key(&why, "why_not")->type, GX_NIL);
                shown++;
            }
        }
        test_shop_close(&s);
    }
    print_message("%u items shown\n", shown);
    assert_true(shown > 100);
}

static void test_layout(void **state) {
    (void)state;
    test_shop s;
    random_shop(&s, 2);
    for (uint32_t u = 0; u < 20; u++) {
        gx_value answer = test_call(&s, "rec.layout", "{'users': ['u%u', 'stranger']}", u);
        for (uint32_t k = 0; k < 2; k++) {
            const gx_value *all = test_key(&answer.as.items[k], "categories");
            double sum = 0, last = 2;
            assert_int_equal(all->size, 4);
            for (uint32_t c = 0; c < all->size; c++) {
                double share = test_key(&all->as.items[c], "share")->as.real;
                assert_true(share <= last);
                sum += share;
                last = share;
            }
            assert_true(fabs(sum - 1) < 1e-9);
        }
    }
    gx_value one =
        test_call(&s, "rec.layout", "{'users': ['u1'], 'where': 'category = \\\"c2\\\"', 'n': 1}");
    assert_true(test_is(
        test_key(&test_key(&one.as.items[0], "categories")->as.items[0], "category"), "c2"));
    test_shop_close(&s);
}

/* Nothing that must not be shown is; nobody is named without consent; a count is never below
 * min_count. */
static void holds(const gx_value *answer, const char *banned) {
    const gx_value *items = test_key(answer, "items");
    for (uint32_t k = 0; k < items->size; k++) {
        const gx_value *item = &items->as.items[k];
        assert_false(test_is(test_key(item, "id"), "i3") || test_is(test_key(item, "id"), "i7"));
        assert_false(test_is(test_key(item, "id"), banned));
        const gx_value *members = test_key(item, "members");
        for (uint32_t m = 0; m < members->size; m++) {
            const gx_value *user = test_key(&members->as.items[m], "user");
            assert_true(strtol(user->as.text + 1, NULL, 10) % 3 != 0);
            double likes = test_key(&members->as.items[m], "likes")->as.real;
            assert_true(likes >= 0 && likes <= 1 + 1e-6);
        }
        const gx_value *hidden = gx_map_get(item, "hidden"), *liked = gx_map_get(item, "liked");
        assert_true(!hidden || hidden->as.integer >= 3);
        assert_true(!liked || liked->as.integer >= 3);
        assert_true(test_key(item, "least")->as.real <= test_key(item, "average")->as.real + 1e-6);
    }
}

static void test_group(void **state) {
    (void)state;
    static const char *const how[] = {"average", "least_misery", "fair"};
    for (uint64_t seed = 0; seed < 6; seed++) {
        test_shop s;
        random_shop(&s, seed);
        gx_rng rng = gx_rng_at(seed, 77);
        for (uint32_t k = 0; k < 30; k++) {
            uint32_t a = (uint32_t)gx_rng_below(&rng, 60), b = (uint32_t)gx_rng_below(&rng, 60);
            char banned[16];
            snprintf(banned, sizeof banned, "i%u", (uint32_t)gx_rng_below(&rng, 40));
            gx_value answer =
                k % 3 ? test_call(&s, "rec.group",
                                  "{'users': ['u%u', 'u%u', 'u%u', 'gone'], 'how': '%s', "
                                  "'exclude': ['%s'], 'n': 10}",
                                  a, b, (a + 7) % 60, how[k % 3], banned)
                      : test_call(&s, "rec.group",
                                  "{'group': 'g%u', 'how': '%s', 'exclude': ['%s'], 'n': 10}",
                                  a % 8, how[k / 3 % 3], banned);
            holds(&answer, banned);
        }
        test_refused(&s, "rec.group", "{'users': ['u1'], 'group': 'g1'}", GX_BAD_REQUEST,
                     "exactly one");
        test_refused(&s, "rec.group", "{}", GX_BAD_REQUEST, "0 of users");
        test_refused(&s, "rec.group", "{'group': 'g99'}", GX_NOT_FOUND, "g99");
        test_refused(&s, "rec.group", "{'circle': 'c-99999'}", GX_NOT_FOUND, "c-99999");
        test_shop_close(&s);
    }
}

/* Two members who like what they each bought of one kind, and two of another: fair serves both in
 * turn; the list of one alone is that member's own. */
static void test_group_of_known_answer(void **state) {
    (void)state;
    test_shop s;
    random_shop(&s, 3);
    gx_value one = test_call(&s, "rec.group", "{'users': ['u5'], 'n': 5}");
    gx_value own = test_call(&s, "rec.user", "{'users': ['u5'], 'n': 5}");
    for (uint32_t k = 0; k < 5; k++) {
        assert_true(
            gx_value_equal(test_key(&test_key(&one, "items")->as.items[k], "id"),
                           test_key(&test_key(&own.as.items[0], "items")->as.items[k], "id")));
    }
    double least[2] = {0};
    for (int fair = 0; fair < 2; fair++) {
        gx_value answer = test_call(
            &s, "rec.group", "{'users': ['u1', 'u2', 'u4', 'u5', 'u7'], 'n': 6, 'how': '%s'}",
            fair ? "fair" : "average");
        double got[5] = {0};
        const gx_value *items = test_key(&answer, "items");
        for (uint32_t k = 0; k < items->size; k++) {
            const gx_value *members = test_key(&items->as.items[k], "members");
            assert_int_equal(members->size, 5);
            for (uint32_t m = 0; m < 5; m++) {
                got[m] += test_key(&members->as.items[m], "likes")->as.real;
            }
        }
        least[fair] = INFINITY;
        for (int m = 0; m < 5; m++) {
            least[fair] = fmin(least[fair], got[m]);
        }
    }
    assert_true(least[1] >= least[0]);
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_substitutes_are_held),
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_bundle_keeps_the_rules),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_group_of_known_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
