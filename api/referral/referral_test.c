/* Cascades and credit of random logs with everything odd in them: members via themselves, via each
 * other at the same moment, via nobody known, returns, invites in cycles, no times, no amounts. */
#include "api/testing.h"

#include <math.h>
#include <string.h>

enum { SHOPS = 40, USERS = 14, ITEMS = 3, EVENTS = 60 };

static void put_user(test_shop *s, gx_value *row, const char *key, uint64_t u) {
    test_put_int(s, row, key, "u", u);
}

static void fill(test_shop *s, uint64_t seed) {
    static const char *const actions[] = {"buy", "buy", "buy", "share", "view", "refund", "like"};
    gx_rng rng = gx_rng_at(seed, 31);
    gx_arena *a = s->arena;
    gx_value users = gx_list(a, USERS), events = gx_list(a, EVENTS), ties = gx_list(a, USERS);
    for (uint32_t u = 0; u < USERS; u++) {
        gx_value row = gx_map(a, 3);
        put_user(s, &row, "user_id", u);
        if (gx_rng_below(&rng, 3)) {
            put_user(s, &row, "invited_by", gx_rng_below(&rng, USERS + 2));
        }
        if (gx_rng_below(&rng, 4)) {
            gx_map_put(a, &row, "joined_at",
                       gx_int(1700000000000 + (int64_t)gx_rng_below(&rng, 20) * 86400000));
        }
        gx_list_add(a, &users, row);
        if (gx_rng_below(&rng, 3) == 0) {
            gx_value tie = gx_map(a, 3);
            put_user(s, &tie, "src", (u + 2 + gx_rng_below(&rng, USERS - 1)) % USERS);
            put_user(s, &tie, "dst", (u + 1) % USERS);
            gx_map_put(a, &tie, "kind", gx_str("invite"));
            gx_list_add(a, &ties, tie);
        }
    }
    const uint64_t moments = gx_rng_below(&rng, 2) ? 5 : 400; /* many at the same, or few */
    for (uint32_t e = 0; e < EVENTS; e++) {
        gx_value row = gx_map(a, 7);
        put_user(s, &row, "user_id", gx_rng_below(&rng, USERS));
        test_put_int(s, &row, "item_id", "i", gx_rng_below(&rng, ITEMS));
        gx_map_put(a, &row, "action", gx_str(actions[gx_rng_below(&rng, GX_COUNT(actions))]));
        gx_map_put(a, &row, "ts",
                   gx_int(1700000000000 + (int64_t)gx_rng_below(&rng, moments) * 3600000));
        if (gx_rng_below(&rng, 3)) {
            put_user(s, &row, "via", gx_rng_below(&rng, USERS + 2));
        }
        if (gx_rng_below(&rng, 5)) {
            gx_map_put(a, &row, "amount", gx_real((double)gx_rng_below(&rng, 5000) / 100 - 2));
        }
        if (gx_rng_below(&rng, 2)) {
            test_put_int(s, &row, "event_id", "e", e);
        }
        if (gx_rng_below(&rng, 2)) {
            test_put_int(s, &row, "campaign", "c", gx_rng_below(&rng, 2));
        }
        gx_list_add(a, &events, row);
    }
    test_put(s, "user.put", "users", users);
    test_put(s, "tie.put", "ties", ties);
    test_put(s, "event.put", "events", events);
    if (gx_rng_below(&rng, 3) == 0) {
        test_call(s, "user.forget", "{'user': 'u%u'}", (unsigned)gx_rng_below(&rng, USERS));
    }
}

static int64_t number(const gx_value *map, const char *key) {
    const gx_value *value = test_key(map, key);
    assert_int_equal(value->type, GX_INT);
    return value->as.integer;
}

static int64_t sum(const gx_value *list, const char *key) {
    int64_t all = 0;
    for (uint32_t i = 0; i < list->size; i++) {
        all += number(&list->as.items[i], key);
    }
    return all;
}

static void check_cascades(test_shop *s, const char *by) {
    gx_value stats = test_call(s, "cascade.stats", "{'by': '%s', 'min_size': 1, 'n': 1000}", by);
    const gx_value *total = test_key(&stats, "total"), *rows = test_key(&stats, "cascades");
    static const char *const adds[] = {"members",   "roots", "brought",      "trees",
                                       "spreaders", "sales", "revenue_minor"};
    for (size_t k = 0; k < GX_COUNT(adds); k++) {
        assert_int_equal(sum(rows, adds[k]), number(total, adds[k]));
    }
    gx_value generations =
        test_call(s, "cascade.report", "{'by': '%s', 'show': 'generations', 'n': 1000}", by);
    rows = test_key(&generations, "rows");
    assert_int_equal(sum(rows, "members"), number(total, "members"));
    assert_int_equal(sum(rows, "brought"), number(total, "brought"));
    assert_int_equal(sum(rows, "revenue_minor"), number(total, "revenue_minor"));
    assert_int_equal(rows->size, number(total, "members") ? number(total, "depth") + 1 : 0);
    gx_value members =
        test_call(s, "cascade.report", "{'by': '%s', 'show': 'members', 'n': 1000}", by);
    assert_int_equal(sum(test_key(&members, "rows"), "brought"), number(total, "brought"));
    gx_value trees = test_call(s, "cascade.report", "{'by': '%s', 'show': 'trees', 'n': 1000}", by);
    rows = test_key(&trees, "rows");
    assert_int_equal(rows->size, number(total, "trees"));
    assert_int_equal(sum(rows, "brought"), number(total, "brought"));
    gx_value nodes = test_call(s, "cascade.report", "{'by': '%s', 'show': 'nodes', 'n': 1000}", by);
    assert_int_equal(sum(test_key(&nodes, "rows"), "brought"), number(total, "brought"));
}

static void check_credit(test_shop *s, const char *tree) {
    static const char *const rules[] = {"last",    "first",     "linear",    "decay",
                                        "shapley", "geometric", "recursive", "split-proof"};
    gx_value stats = test_call(s, "credit.stats", "{'tree': '%s', 'n': 1000}", tree);
    const gx_value *total = test_key(&stats, "total"), *rows = test_key(&stats, "members");
    const int64_t referred = number(total, "referred_minor");
    static const char *const sums[] = {"last_minor", "first_minor", "linear_minor", "decay_minor",
                                       "shapley_minor"};
    for (size_t k = 0; k < GX_COUNT(sums); k++) {
        assert_int_equal(sum(rows, sums[k]), referred);
    }
    for (size_t k = 0; k < GX_COUNT(rules); k++) {
        gx_value ledger = test_call(
            s, "credit.report", "{'tree': '%s', 'rule': '%s', 'budget': 12.34}", tree, rules[k]);
        gx_value members = test_call(
            s, "credit.report",
            "{'tree': '%s', 'rule': '%s', 'budget': '12.34', 'show': 'members', 'hold': true}",
            tree, rules[k]);
        const gx_value *all = test_key(&ledger, "total"), *held = test_key(&members, "total");
        const int64_t paid = sum(test_key(&ledger, "lines"), "amount_minor");
        assert_int_equal(number(all, "budget_minor"), 1234);
        assert_int_equal(number(all, "paid_minor"), paid);
        assert_int_equal(paid + number(all, "kept_minor"), 1234);
        assert_int_equal(sum(test_key(&members, "lines"), "amount_minor"), paid);
        assert_int_equal(number(held, "paid_minor") + number(held, "held_minor"), paid);
        assert_int_equal(sum(test_key(&members, "lines"), "held_minor"),
                         number(held, "held_minor"));
        if (k < 6 && referred > 0) {
            assert_int_equal(paid, 1234);
        }
    }
    test_call(s, "credit.report", "{'tree': '%s', 'show': 'suspicious'}", tree);
}

static void sums_hold_in_odd_logs(void **state) {
    (void)state;
    static const char *const bys[] = {"item", "campaign", "all", "invite"};
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        test_shop s;
        test_shop_open(&s);
        fill(&s, seed);
        for (size_t k = 0; k < GX_COUNT(bys); k++) {
            check_cascades(&s, bys[k]);
        }
        check_credit(&s, "via");
        check_credit(&s, "invite");
        test_shop_close(&s);
    }
}

/* Budgets are texts or numbers, and nothing else. */
static void budgets_are_amounts(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    fill(&s, 1);
    test_refused(&s, "credit.report", "{'budget': 'much'}", GX_BAD_REQUEST, "'much' was given");
    test_refused(&s, "credit.report", "{'budget': -1}", GX_BAD_REQUEST, "-1 was given");
    test_refused(&s, "credit.report", "{'budget': [1]}", GX_BAD_REQUEST, "accepted is an amount");
    test_refused(&s, "credit.report", "{'budget': 1e300}", GX_BAD_REQUEST, "accepted is an amount");
    static const char *const fine[] = {"{'budget': 1000.505}",
                                       "{'budget': 0.001}",
                                       "{'budget': 1e-7}",
                                       "{'budget': 0.30000000000000004}",
                                       "{'budget': 10.5, 'decimals': 0}",
                                       "{'budget': 10, 'cap_sale': 0.555}",
                                       "{'budget': 10, 'cap_member': 1.001}"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        test_refused(&s, "credit.report", fine[i], GX_BAD_REQUEST, "decimals");
    }
    test_refused(&s, "credit.report", "{'budget': 1000.505}", GX_BAD_REQUEST, "1000.505 was given");
    test_refused(&s, "credit.report", "{'per': 'sale'}", GX_BAD_REQUEST, "goes with a budget");
    test_refused(&s, "credit.report", "{'user': 'nobody'}", GX_NOT_FOUND, "nobody");
    gx_value out = test_call(&s, "credit.report", "{'budget': 7, 'decimals': 0}");
    assert_int_equal(number(test_key(&out, "total"), "budget_minor"), 7);
    static const struct {
        const char *args;
        int64_t minor;
    } exact[] = {
        {"{'budget': 1000.5}", 100050},    {"{'budget': 19.99}", 1999},
        {"{'budget': 0.29}", 29},          {"{'budget': 1e3}", 100000},
        {"{'budget': 8.0e-2}", 8},         {"{'budget': 1000.505, 'decimals': 3}", 1000505},
        {"{'budget': '1000.50'}", 100050}, {"{'budget': 9999999999.99}", 999999999999}};
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        out = test_call(&s, "credit.report", exact[i].args);
        assert_int_equal(number(test_key(&out, "total"), "budget_minor"), exact[i].minor);
    }
    out = test_call(&s, "credit.report", "{'budget': 0}");
    assert_int_equal(number(test_key(&out, "total"), "paid_minor"), 0);
    test_shop_close(&s);
}

/* An empty name is no item and no campaign, and never all of them. */
static void empty_filters_are_refused(void **state) {
    (void)state;
    static const char *const methods[] = {"credit.report", "credit.stats", "cascade.report",
                                          "cascade.stats"};
    test_shop s;
    test_shop_open(&s);
    fill(&s, 1);
    for (size_t i = 0; i < GX_COUNT(methods); i++) {
        test_refused(&s, methods[i], "{'item': ''}", GX_NOT_FOUND, "item '' is not in this store");
        test_refused(&s, methods[i], "{'campaign': ''}", GX_NOT_FOUND, "campaign '' is not");
    }
    test_refused(&s, "cascade.predict", "{'item': ''}", GX_NOT_FOUND, "item '' is not");
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_hold_in_odd_logs),
        cmocka_unit_test(budgets_are_amounts),
        cmocka_unit_test(empty_filters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
