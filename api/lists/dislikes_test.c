/* What a member dislikes or has returned is recommended to them by nobody: every method that makes
 * lists for a member, on random shops, said before the build and after it. */
#include "api/testing.h"

#include <stdlib.h>

enum { USERS = 50, ITEMS = 40, SHOPS = 4, SAID = 120 };

typedef struct world {
    test_shop shop;
    bool against[USERS][ITEMS];
    uint64_t shown; /* items looked at, so that the test is not of empty lists */
    const char *method;
} world;

/* The last word on the item, and no purchase before it that stands. */
static void say_against(world *w, gx_rng *rng, uint64_t count) {
    for (uint64_t k = 0; k < count; k++) {
        static const char *const words[] = {"dislike", "hide", "complain", "refund"};
        const uint32_t u = (uint32_t)gx_rng_below(rng, USERS),
                       i = (uint32_t)gx_rng_below(rng, ITEMS);
        const uint64_t which = gx_rng_below(rng, GX_COUNT(words));
        const long long at = 1790000000000 + (long long)k;
        if (which == 3) { /* bought and returned; a refund takes back one purchase alone */
            test_call(&w->shop, "event.put",
                      "{'events': [{'user_id': 'u%u', 'item_id': 'i%u', 'action': 'dislike', 'ts': "
                      "%lld}, {'user_id': 'u%u', 'item_id': 'i%u', 'action': 'buy', 'ts': %lld}, "
                      "{'user_id': 'u%u', 'item_id': 'i%u', 'action': 'refund', 'ts': %lld}]}",
                      u, i, at, u, i, at + 1000, u, i, at + 2000);
        } else {
            test_call(
                &w->shop, "event.put",
                "{'events': [{'user_id': 'u%u', 'item_id': 'i%u', 'action': '%s', 'ts': %lld}]}", u,
                i, words[which], at);
        }
        w->against[u][i] = true;
    }
}

static uint32_t number_of(const gx_value *id) {
    return (uint32_t)strtoul(id->as.text + 1, NULL, 10);
}

/* The items of a list, by their `id`. */
static void look(world *w, uint32_t user, const gx_value *items) {
    for (uint32_t k = 0; k < items->size; k++) {
        const uint32_t i = number_of(test_key(&items->as.items[k], "id"));
        w->shown++;
        if (w->against[user][i]) {
            fail_msg("%s: i%u is shown to u%u, who is against it", w->method, i, user);
        }
    }
}

static void ask_of(world *w, uint32_t u, gx_rng *rng) {
    static const char *const lists[] = {
        "{'users': ['u%u'], 'n': 40}",
        "{'users': ['u%u'], 'n': 40, 'seen': 'all'}",
        "{'users': ['u%u'], 'n': 40, 'channels': {'friends': 1}}",
        "{'users': ['u%u'], 'n': 40, 'channels': {'circle': 1}}",
        "{'users': ['u%u'], 'n': 40, 'channels': {'leader': 1}}",
        "{'users': ['u%u'], 'n': 40, 'repeat': 'on'}",
        "{'users': ['u%u'], 'n': 20, 'explore': 1, 'seed': 3, 'diversity': 0.7}"};
    const uint32_t i = (uint32_t)gx_rng_below(rng, ITEMS), j = (i + 1) % ITEMS;
    gx_value out;
    for (size_t k = 0; k < GX_COUNT(lists); k++) {
        w->method = "rec.user";
        out = test_call(&w->shop, w->method, lists[k], u);
        look(w, u, test_key(&out.as.items[0], "items"));
    }
    w->method = "rec.user with a pin";
    out = test_call(&w->shop, "rec.user",
                    "{'users': ['u%u'], 'pin': {'i%u': 1}, 'boost': '9 item i%u'}", u, i, j);
    look(w, u, test_key(&out.as.items[0], "items"));
    w->method = "rec.rank";
    out = test_call(&w->shop, w->method, "{'user': 'u%u', 'items': ['i%u', 'i%u']}", u, i, j);
    look(w, u, test_key(&out, "items"));
    w->method = "rec.bundle";
    out = test_call(&w->shop, w->method, "{'items': ['i%u', 'i%u'], 'user': 'u%u', 'n': 40}", i, j,
                    u);
    look(w, u, test_key(&out, "items"));
    w->method = "rec.group";
    const uint32_t v = (uint32_t)gx_rng_below(rng, USERS);
    out = test_call(&w->shop, w->method, "{'users': ['u%u', 'u%u'], 'n': 40}", u, v);
    look(w, u, test_key(&out, "items"));
    look(w, v, test_key(&out, "items"));
    w->method = "rec.layout";
    out = test_call(&w->shop, w->method, "{'users': ['u%u']}", u);
    const gx_value *parts = test_key(&out.as.items[0], "categories");
    for (uint32_t k = 0; k < parts->size; k++) {
        const gx_value *first = test_key(&parts->as.items[k], "first");
        if (first->type == GX_LIST) {
            look(w, u, first);
        }
        if (first->type == GX_MAP) {
            assert_false(w->against[u][number_of(test_key(first, "id"))]);
        }
    }
    w->method = "rec.explain";
    out = test_call(&w->shop, w->method, "{'user': 'u%u', 'item': 'i%u'}", u, i);
    assert_true(!w->against[u][i] || !test_key(&out, "listed")->as.boolean);
}

static void ask_all(world *w) {
    gx_value out = test_call(&w->shop, "rec.batch", "{'n': 40}");
    const gx_value *lists = test_key(&out, "lists");
    w->method = "rec.batch";
    for (uint32_t k = 0; k < lists->size; k++) {
        look(w, number_of(test_key(&lists->as.items[k], "user")),
             test_key(&lists->as.items[k], "items"));
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        out = test_call(&w->shop, "audience.for_item", "{'item': 'i%u', 'n': 100}", i);
        const gx_value *users = test_key(&out, "users");
        for (uint32_t k = 0; k < users->size; k++) {
            const uint32_t u = number_of(test_key(&users->as.items[k], "user"));
            w->shown++;
            if (w->against[u][i]) {
                fail_msg("audience.for_item: i%u is for u%u, who is against it", i, u);
            }
        }
    }
}

static void nobody_is_recommended_what_they_are_against(void **state) {
    (void)state;
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        gx_rng rng = gx_rng_at(seed, 99);
        memset(w->against, 0, sizeof w->against);
        test_shop_open(&w->shop);
        test_shop_fill(&w->shop, seed + 7, USERS, 0);
        say_against(w, &rng, SAID);
        test_call(&w->shop, "model.build", "{}");
        for (int after = 0; after < 2; after++) {
            for (uint32_t u = 0; u < USERS; u++) {
                ask_of(w, u, &rng);
                gx_arena_reset(w->shop.arena);
            }
            ask_all(w);
            if (after == 0) {
                say_against(w, &rng, SAID); /* folded in at the next call */
            }
        }
        test_shop_close(&w->shop);
    }
    assert_true(w->shown > 20000);
    free(w);
}

/* One text or a list, in any case, with blanks: what is blocked by it is in no list. */
static void a_block_list_is_read_as_people_write_it(void **state) {
    (void)state;
    static const struct {
        const char *field, *value;
        bool out[6];
    } asks[] = {
        {"blocked_brands", "'Silk;lantern'", {true, true, false, false, false, false}},
        {"attr_blocked_brands", "' SILK , Lantern'", {true, true, false, false, false, false}},
        {"blocked_brands", "['silk', ' LANTERN ']", {true, true, false, false, false, false}},
        {"blocked_brands", "'fire, works'", {false, false, true, false, false, false}},
        {"blocked_brands", "['Silk;Lantern']", {false, false, false, false, false, false}},
        {"blocked_sellers", "'green basket|corner'", {false, false, false, true, true, false}},
        {"dislikes", "'TEA; silk'", {true, false, false, false, false, true}},
    };
    test_shop s;
    test_shop_open(&s);
    test_call(&s, "item.put",
              "{'items': [{'item_id': 'i0', 'brand': 'Silk'}, {'item_id': 'i1', 'brand': "
              "'Lantern'}, {'item_id': 'i2', 'brand': 'Fire, Works'}, {'item_id': 'i3', 'seller': "
              "'Green Basket'}, {'item_id': 'i4', 'seller': 'corner'}, {'item_id': 'i5', "
              "'category': 'Tea/green'}]}");
    for (size_t k = 0; k < GX_COUNT(asks); k++) {
        test_call(&s, "user.put", "{'users': [{'user_id': 'u%d', '%s': %s}]}", (int)k,
                  asks[k].field, asks[k].value);
        const gx_value got =
            test_call(&s, "rec.user", "{'users': ['u%d'], 'n': 20, 'why': false}", (int)k);
        const gx_value *list = test_key(&got.as.items[0], "items");
        bool shown[6] = {false};
        for (uint32_t i = 0; i < list->size; i++) {
            shown[number_of(test_key(&list->as.items[i], "id"))] = true;
        }
        for (int i = 0; i < 6; i++) {
            if (shown[i] == asks[k].out[i]) {
                fail_msg("%s %s: i%d", asks[k].field, asks[k].value, i);
            }
        }
    }
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_recommended_what_they_are_against),
        cmocka_unit_test(a_block_list_is_read_as_people_write_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
