/* The rules of a shop in the lists of several members: rec.group and rec.starters show nothing that
 * any one of them must not be shown, and nothing else is left out. Judged by what the test itself
 * put into random shops. And nobody's part of a group's list can be worked out who gave no
 * consent. */
#include "api/testing.h"

#include <math.h>
#include <stdlib.h>

enum { USERS = 30, ITEMS = 60, SHOPS = 8, GROUPS = 150, ASKED = 6, MIN_COUNT = 3 };
enum { SELLERS = 6, BRANDS = 12, CATEGORIES = 5, CROWD = 300 };

typedef enum deed { NOTHING, VIEW, BUY, DISLIKE, RETURN } deed;

typedef struct item {
    int age_min, seller, brand, category, kind; /* −1: none */
    bool off;
} item;

typedef struct person {
    int age, brand, seller, tie, dislike; /* −1: none */
    bool consents;
    deed did[ITEMS];
} person;

typedef struct world {
    test_shop shop;
    gx_rng rng;
    item items[ITEMS];
    person people[USERS];
} world;

static const char *const kinds[] = {"product", "content", "event"};
static const char *const hows[] = {"average", "least_misery", "fair"};
static const char *const seens[] = {"bought", "all", "none"};

static int below(world *w, int bound) {
    return (int)gx_rng_below(&w->rng, (uint64_t)bound);
}

/* A number below `bound`, or −1, which comes `none` times in a hundred. */
static int some(world *w, int bound, int none) {
    return below(w, 100) < none ? -1 : below(w, bound);
}

static void put_named(world *w, gx_value *row, const char *key, const char *head, int number) {
    if (number >= 0) {
        test_put_int(&w->shop, row, key, head, (uint64_t)number);
    }
}

/* ---- the shop ------------------------------------------------------------------------------- */

static void make_items(world *w) {
    gx_arena *a = w->shop.arena;
    gx_value rows = gx_list(a, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        item *it = &w->items[i];
        *it = (item){.age_min = below(w, 5) ? -1 : 18,
                     .seller = some(w, SELLERS, 50),
                     .brand = some(w, BRANDS, 20),
                     .category = below(w, CATEGORIES),
                     .kind = below(w, 3),
                     .off = below(w, 15) == 0};
        gx_value row = gx_map(a, 8);
        put_named(w, &row, "item_id", "i", i);
        put_named(w, &row, "category", i % 2 ? "c" : "all/c", it->category);
        put_named(w, &row, "brand", "b", it->brand);
        put_named(w, &row, "seller", "u", it->seller);
        gx_map_put(a, &row, "kind", gx_str(kinds[it->kind]));
        gx_map_put(a, &row, "status", gx_str(it->off ? "hidden" : "on"));
        if (it->age_min > 0) {
            gx_map_put(a, &row, i % 4 ? "age_min" : "attr_age_min", gx_int(it->age_min));
        }
        gx_list_add(a, &rows, row);
    }
    test_put(&w->shop, "item.put", "items", rows);
}

static void make_people(world *w) {
    gx_arena *a = w->shop.arena;
    gx_value rows = gx_list(a, USERS), ties = gx_list(a, (size_t)USERS * 4);
    for (int u = 0; u < USERS; u++) {
        person *p = &w->people[u];
        *p = (person){.age = below(w, 8) ? 25 : 13 * below(w, 2),
                      .brand = some(w, BRANDS, 80),
                      .seller = some(w, SELLERS, 90),
                      .tie = some(w, SELLERS, 90),
                      .dislike = some(w, BRANDS, 85),
                      .consents = u % 3 != 0};
        p->tie = p->tie == u ? -1 : p->tie;
        gx_value row = gx_map(a, 6);
        put_named(w, &row, "user_id", "u", u);
        put_named(w, &row, "blocked_brands", "b", p->brand);
        put_named(w, &row, "blocked_sellers", "u", p->seller);
        put_named(w, &row, "dislikes", "b", p->dislike);
        gx_map_put(a, &row, "consent", gx_str(p->consents ? "true" : "false"));
        if (p->age > 0) {
            gx_map_put(a, &row, "age_band", gx_str(p->age > 18 ? "25-34" : "13-17"));
        }
        gx_list_add(a, &rows, row);
        for (int k = 0; k < 3; k++) {
            const bool block = k == 0 && p->tie >= 0;
            const int other = block ? p->tie : (u + 1 + below(w, USERS - 1)) % USERS;
            gx_value tie = gx_map(a, 3);
            put_named(w, &tie, "src", "u", block && u % 2 ? other : u);
            put_named(w, &tie, "dst", "u", block && u % 2 ? u : other);
            gx_map_put(a, &tie, "kind", gx_str(block ? "block" : "friend"));
            gx_list_add(a, &ties, tie);
        }
    }
    test_put(&w->shop, "user.put", "users", rows);
    test_put(&w->shop, "tie.put", "ties", ties);
}

static void add_event(world *w, gx_value *rows, int u, int i, const char *action, int day) {
    gx_arena *a = w->shop.arena;
    gx_value row = gx_map(a, 4);
    put_named(w, &row, "user_id", "u", u);
    put_named(w, &row, "item_id", "i", i);
    gx_map_put(a, &row, "action", gx_str(action));
    gx_map_put(a, &row, "ts", gx_int(1700000000000 + (int64_t)day * 86400000));
    gx_list_add(a, rows, row);
}

static void make_events(world *w) {
    gx_value rows = gx_list(w->shop.arena, 1024);
    for (int u = 0; u < USERS; u++) {
        for (int k = 0; k < 14; k++) {
            const int i = below(w, ITEMS), day = below(w, 100), what = below(w, 40);
            const deed did = what < 18 ? VIEW : what < 38 ? BUY : what < 39 ? DISLIKE : RETURN;
            if (w->people[u].did[i] != NOTHING) {
                continue;
            }
            w->people[u].did[i] = did;
            add_event(w, &rows, u, i,
                      did == VIEW      ? "view"
                      : did == DISLIKE ? "dislike"
                                       : "buy",
                      day);
            if (did == RETURN) {
                add_event(w, &rows, u, i, "return", day + 1);
            }
        }
    }
    test_put(&w->shop, "event.put", "events", rows);
}

static void open_world(world *w, uint64_t seed) {
    *w = (world){.rng = gx_rng_at(seed, 99)};
    test_shop_open(&w->shop);
    make_items(w);
    make_people(w);
    make_events(w);
    test_call(&w->shop, "admin.config", "{'name': 'min_count', 'value': %d}", MIN_COUNT);
    test_call(&w->shop, "model.build", "{'blend': false}");
}

/* ---- the judge ------------------------------------------------------------------------------ */

/* Whether a rule keeps the item from u, be they alone or with others. */
static bool bars(const world *w, int u, int i, bool disliked_too) {
    const item *it = &w->items[i];
    const person *p = &w->people[u];
    const bool blocked = it->seller >= 0 && (it->seller == p->seller || it->seller == p->tie ||
                                             w->people[it->seller].tie == u);
    return it->age_min > p->age || it->seller == u || blocked ||
           (it->brand >= 0 && (it->brand == p->brand || it->brand == p->dislike)) ||
           (disliked_too && p->did[i] >= DISLIKE);
}

typedef struct group {
    int user[ASKED], count, how, seen;
    char names[ASKED * 8];
} group;

static group draw(world *w) {
    group g = {.count = 1 + below(w, ASKED), .how = below(w, 3), .seen = below(w, 3)};
    size_t at = 0;
    for (int k = 0, u = below(w, 5); k < g.count; k++, u += 1 + below(w, 5)) {
        g.user[k] = u;
        at += (size_t)snprintf(g.names + at, sizeof g.names - at, "%s'u%d'", k ? ", " : "", u);
    }
    return g;
}

static bool may_be_shown(const world *w, const group *g, int i, int seen, bool disliked_too) {
    int had = 0;
    for (int k = 0; k < g->count; k++) {
        const deed did = w->people[g->user[k]].did[i];
        had += (seen == 0 && did >= BUY) || (seen == 1 && did != NOTHING);
        if (bars(w, g->user[k], i, disliked_too)) {
            return false;
        }
    }
    return !w->items[i].off && 2 * had < g->count;
}

static int number_of(const gx_value *row) {
    return (int)strtol(test_key(row, "id")->as.text + 1, NULL, 10);
}

static void mark(bool shown[ITEMS], const gx_value *list) {
    memset(shown, 0, ITEMS * sizeof *shown);
    for (uint32_t k = 0; k < list->size; k++) {
        shown[number_of(&list->as.items[k])] = true;
    }
}

/* ---- consent -------------------------------------------------------------------------------- */

/* What is told of an item is what those who agreed make of it: with the others' numbers nothing is
 * left over for those who did not. */
static void nothing_is_left_over(const world *w, const group *g, const gx_value *row) {
    const gx_value *members = test_key(row, "members"), *liked = gx_map_get(row, "liked");
    double sum = 0, least = INFINITY;
    uint32_t named = 0, like = 0;
    for (int k = 0; k < g->count; k++) {
        named += w->people[g->user[k]].consents;
    }
    assert_int_equal(members->size, named);
    for (uint32_t m = 0; m < named; m++) {
        const double likes = test_key(&members->as.items[m], "likes")->as.real;
        sum += likes;
        least = fmin(least, likes);
        like += likes >= 0.5 && !test_is(test_key(&members->as.items[m], "rung"), "popular");
    }
    const bool hidden = named < (uint32_t)g->count;
    assert_int_equal(test_key(row, "score")->type, hidden ? GX_NIL : GX_REAL);
    assert_int_equal(test_key(row, "average")->type, named ? GX_REAL : GX_NIL);
    assert_int_equal(test_key(row, "least")->type, named ? GX_REAL : GX_NIL);
    if (named > 0) {
        assert_true(fabs(test_key(row, "average")->as.real - sum / named) < 1e-6);
        assert_true(fabs(test_key(row, "least")->as.real - least) < 1e-6);
    }
    const bool some = test_is(gx_map_get(row, "en"), "Some of you would like it");
    assert_true(some == (like > 0 && like < MIN_COUNT));
    assert_true(like >= MIN_COUNT ? liked && liked->as.integer == like : !liked);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_rules(void **state) {
    (void)state;
    uint32_t items = 0, empty = 0, attacked = 0;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        world w;
        open_world(&w, seed);
        for (int c = 0; c < GROUPS; c++) {
            const group g = draw(&w);
            bool shown[ITEMS];
            gx_value answer = test_call(&w.shop, "rec.group",
                                        "{'users': [%s], 'n': 200, 'how': '%s', 'seen': '%s'}",
                                        g.names, hows[g.how], seens[g.seen]);
            const gx_value *list = test_key(&answer, "items");
            mark(shown, list);
            for (int i = 0; i < ITEMS; i++) {
                if (shown[i] != may_be_shown(&w, &g, i, g.seen, g.seen < 2)) {
                    fail_msg("shop %d, %s, seen %s: i%d is %s", (int)seed, g.names, seens[g.seen],
                             i, shown[i] ? "shown" : "left out");
                }
            }
            for (uint32_t k = 0; k < list->size; k++) {
                nothing_is_left_over(&w, &g, &list->as.items[k]);
                attacked++;
            }
            assert_non_null(strstr(test_key(&answer, "short")->as.text, "no rule keeps"));
            items += list->size;
            empty += list->size == 0;
        }
        test_shop_close(&w.shop);
    }
    print_message("%u items shown, %u lists empty\n", items, empty);
    assert_true(items > 5000 && attacked > 5000 && empty < SHOPS * GROUPS / 10);
}

static void test_starters_rules(void **state) {
    (void)state;
    uint32_t items = 0, contents = 0;
    for (uint64_t seed = 20; seed < 20 + SHOPS; seed++) {
        world w;
        open_world(&w, seed);
        for (int c = 0; c < GROUPS; c++) {
            const group g = draw(&w);
            bool shown[ITEMS], content[ITEMS];
            gx_value answer =
                test_call(&w.shop, "rec.starters", "{'users': [%s], 'n': 200}", g.names);
            const gx_value *topics = test_key(&answer, "topics");
            mark(shown, test_key(&answer, "items"));
            mark(content, test_key(&answer, "content"));
            for (int i = 0; i < ITEMS; i++) {
                char category[16];
                const item *it = &w.items[i];
                const bool may = may_be_shown(&w, &g, i, 2, true);
                snprintf(category, sizeof category, i % 2 ? "c%d" : "all/c%d", it->category);
                const bool told = test_find(topics, "category", category) != NULL;
                assert_true(!shown[i] || may);
                if (content[i] != (may && told && it->kind > 0)) {
                    fail_msg("shop %d, %s: content i%d is %s", (int)seed, g.names, i,
                             content[i] ? "shown" : "left out");
                }
                items += shown[i];
                contents += content[i];
            }
        }
        test_shop_close(&w.shop);
    }
    print_message("%u items, %u pieces of content\n", items, contents);
    assert_true(items > 20 && contents > 500);
}

/* Of a group larger than is heard, one who is young, sells, blocks and dislikes bars for all,
 * whether the seed draws them or not. */
static void test_crowd(void **state) {
    (void)state;
    static const char *const barred[] = {"wine", "own", "foe", "brand", "declared", "disliked"};
    test_shop s;
    test_shop_open(&s);
    gx_arena *a = s.arena;
    gx_value users = gx_list(a, CROWD), members = gx_list(a, CROWD), events = gx_list(a, CROWD * 8);
    for (uint32_t u = 0; u < CROWD; u++) {
        gx_value row = gx_map(a, 3), member = gx_map(a, 2);
        test_put_int(&s, &row, "user_id", "u", u);
        gx_map_put(a, &row, "age_band", gx_str("25-34"));
        gx_list_add(a, &users, row);
        test_put_int(&s, &member, "user_id", "u", u);
        gx_map_put(a, &member, "group_id", gx_str("all"));
        gx_list_add(a, &members, member);
    }
    test_put(&s, "user.put", "users", users);
    test_call(&s, "item.put",
              "{'items': [{'item_id': 'wine', 'category': 'c', 'age_min': 18}, "
              "{'item_id': 'own', 'category': 'c', 'seller': 'u7'}, "
              "{'item_id': 'foe', 'category': 'c', 'seller': 'v3'}, "
              "{'item_id': 'brand', 'category': 'c', 'brand': 'b'}, "
              "{'item_id': 'declared', 'category': 'd/e', 'brand': 'x'}, "
              "{'item_id': 'disliked', 'category': 'c'}, {'item_id': 'good', 'category': 'c'}, "
              "{'item_id': 'read', 'category': 'c', 'kind': 'content'}]}");
    test_call(&s, "group.put", "{'groups': [{'group_id': 'all'}]}");
    test_put(&s, "member.put", "members", members);
    for (uint32_t u = 0; u < CROWD; u++) {
        for (size_t k = 0; k < GX_COUNT(barred) + 2; k++) {
            gx_value event = gx_map(a, 4);
            test_put_int(&s, &event, "user_id", u % 3 ? "u" : "v", u);
            gx_map_put(a, &event, "item_id",
                       gx_str(k < GX_COUNT(barred)    ? barred[k]
                              : k == GX_COUNT(barred) ? "good"
                                                      : "read"));
            gx_map_put(a, &event, "action", gx_str("view"));
            gx_map_put(a, &event, "ts", gx_int(1700000000000 + u));
            if (u % 3 || u % 2) { /* fewer outside the group choose */
                gx_list_add(a, &events, event);
            }
        }
    }
    for (uint32_t u = 0; u < CROWD; u++) { /* who are nothing to it */
        gx_value event = gx_map(a, 4);
        test_put_int(&s, &event, "user_id", "w", u);
        gx_map_put(a, &event, "item_id", gx_str("elsewhere"));
        gx_map_put(a, &event, "action", gx_str("view"));
        gx_map_put(a, &event, "ts", gx_int(1700000000000 + u));
        gx_list_add(a, &events, event);
    }
    test_put(&s, "event.put", "events", events);
    test_call(&s, "model.build", "{'blend': false}");
    for (int protect = 0; protect < 2; protect++) {
        for (int seed = 0; seed < 8; seed++) {
            const gx_value lists[] = {
                test_call(&s, "rec.group", "{'group': 'all', 'seed': %d}", seed),
                test_call(&s, "rec.starters", "{'group': 'all', 'seed': %d}", seed)};
            for (size_t l = 0; l < GX_COUNT(lists); l++) {
                const gx_value *items = test_key(&lists[l], "items");
                assert_non_null(test_find(items, "id", "good"));
                for (size_t k = 0; k < GX_COUNT(barred); k++) {
                    const bool there = test_find(items, "id", barred[k]) != NULL;
                    const bool sold = strcmp(barred[k], "own") == 0; /* by u7, ever */
                    if (there == (protect > 0 || sold)) {
                        fail_msg("list %d: %s is %s", (int)l, barred[k],
                                 there ? "shown" : "left out");
                    }
                }
            }
            assert_non_null(test_find(test_key(&lists[1], "content"), "id", "read"));
        }
        test_call(
            &s, "user.put",
            "{'users': [{'user_id': 'u3', 'age_band': '13-17'}, {'user_id': 'u7', 'age_band': "
            "'25-34', 'blocked_brands': 'b', 'dislikes': 'd'}]}");
        test_call(&s, "tie.put", "{'ties': [{'src': 'u9', 'dst': 'v3', 'kind': 'block'}]}");
        test_call(&s, "event.put",
                  "{'events': [{'user_id': 'u11', 'item_id': 'disliked', 'action': 'dislike', "
                  "'ts': 1700000009999}]}");
    }
    test_shop_close(&s);
}

/* Whom the store does not know: a stranger where the answer is of one member, left out and told
 * where it is of several, and no answer where there is nobody else. */
static void test_strangers(void **state) {
    (void)state;
    static const char *const several[] = {"rec.group", "rec.starters"};
    world w;
    open_world(&w, 1);
    for (size_t k = 0; k < GX_COUNT(several); k++) {
        test_refused(&w.shop, several[k], "{'users': ['none', 'such']}", GX_NOT_FOUND,
                     "user 'none' is not in this store");
        gx_value some = test_call(&w.shop, several[k], "{'users': ['none', 'u1', 'u2']}");
        const gx_value *unknown = test_key(&some, "unknown");
        assert_int_equal(unknown->size, 1);
        assert_true(test_is(&unknown->as.items[0], "none"));
    }
    test_call(&w.shop, "rec.user", "{'users': ['none']}");
    test_call(&w.shop, "rec.layout", "{'users': ['none']}");
    test_call(&w.shop, "rec.rank", "{'user': 'none', 'items': ['i1']}");
    test_call(&w.shop, "rec.bundle", "{'user': 'none', 'items': ['i1']}");
    test_shop_close(&w.shop);
}

/* Who is not told apart from everybody is nobody. */
static void test_nobody(void **state) {
    (void)state;
    static const char *const lists[] = {"rec.user",  "rec.group",    "rec.friends",    "rec.layout",
                                        "rec.batch", "rec.starters", "audience.expand"};
    static const char *const single[] = {"rec.explain", "rec.rank", "rec.bundle", "user.portrait"};
    world w;
    open_world(&w, 1);
    for (size_t k = 0; k < GX_COUNT(lists); k++) {
        test_refused(&w.shop, lists[k], "{'users': ['']}", GX_BAD_REQUEST,
                     "users: '' was given; accepted is a member's id");
        test_refused(&w.shop, lists[k], "{'users': ['u1', '']}", GX_BAD_REQUEST, "'' was given");
    }
    for (size_t k = 0; k < GX_COUNT(single); k++) {
        test_refused(&w.shop, single[k],
                     k == 0   ? "{'user': '', 'item': 'i1'}"
                     : k == 3 ? "{'user': ''}"
                              : "{'user': '', 'items': ['i1']}",
                     GX_BAD_REQUEST, "user: '' was given; accepted is a member's id");
    }
    test_refused(&w.shop, "rec.similar", "{'items': ['none', 'such']}", GX_NOT_FOUND,
                 "item 'none' is not in this store");
    const gx_value some = test_call(&w.shop, "rec.similar", "{'items': ['none', 'i1']}");
    assert_non_null(gx_map_get(&some.as.items[0], "error"));
    assert_non_null(gx_map_get(&some.as.items[1], "items"));
    test_shop_close(&w.shop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_starters_rules),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
