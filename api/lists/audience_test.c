/* audience.for_item, audience.expand and rec.starters on a shop of two kinds of members. */
#include "api/testing.h"

#include <math.h>
#include <stdlib.h>

#define DAY INT64_C(86400000)
#define NOW INT64_C(1790000000000)

enum { MEMBERS = 60 }; /* even ones drink tea, odd ones coffee */

static void fill(test_shop *s) {
    gx_rng rng = gx_rng_at(3, 90);
    test_shop_open(s);
    gx_value events = gx_list(s->arena, 512), ties = gx_list(s->arena, 512);
    gx_value members = gx_list(s->arena, 64);
    for (uint32_t i = 0; i < 20; i++) {
        test_call(s, "item.put",
                  "{'items': [{'item_id': '%s%u', 'category': '%s', 'brand': 'b%u', 'price': 20}]}",
                  i % 2 ? "coffee" : "tea", i, i % 2 ? "coffee/bean" : "tea/green", i % 2);
    }
    test_call(s, "item.put",
              "{'items': [{'item_id': 'tea-new', 'category': 'tea/green', 'brand': 'b0'}, "
              "{'item_id': 'odd', 'category': 'bolts'}, {'item_id': 'how-to-brew', 'kind': "
              "'content', 'category': 'tea/green'}, {'item_id': 'how-to-grind', 'kind': 'content', "
              "'category': 'coffee'}]}");
    for (uint32_t u = 0; u < MEMBERS; u++) {
        for (uint32_t k = 0; k < 6; k++) {
            gx_value row = gx_map(s->arena, 4);
            uint64_t item = gx_rng_below(&rng, 10) * 2 + u % 2;
            test_put_int(s, &row, "user_id", "u", u);
            test_put_int(s, &row, "item_id", u % 2 ? "coffee" : "tea", item);
            gx_map_put(s->arena, &row, "action", gx_str("buy"));
            gx_map_put(s->arena, &row, "ts", gx_int(NOW - (int64_t)gx_rng_below(&rng, 300) * DAY));
            gx_list_add(s->arena, &events, row);
            row = gx_map(s->arena, 3);
            test_put_int(s, &row, "src", "u", u);
            test_put_int(s, &row, "dst", "u", (u + 2 + 2 * gx_rng_below(&rng, 20)) % MEMBERS);
            gx_map_put(s->arena, &row, "kind", gx_str("friend"));
            gx_list_add(s->arena, &ties, row);
        }
        gx_value row = gx_map(s->arena, 2);
        test_put_int(s, &row, "user_id", "u", u);
        gx_map_put(s->arena, &row, "group_id", gx_str(u % 2 ? "grinders" : "brewers"));
        gx_list_add(s->arena, &members, row);
    }
    test_put(s, "event.put", "events", events);
    test_put(s, "tie.put", "ties", ties);
    test_put(s, "member.put", "members", members);
    test_call(s, "tie.put",
              "{'ties': [{'src': 'friendly', 'dst': 'u0', 'kind': 'friend'}, {'src': 'friendly', "
              "'dst': 'u2', 'kind': 'friend'}, {'src': 'friendly', 'dst': 'u4', 'kind': "
              "'friend'}]}");
    test_call(s, "model.build", "{}");
}

static uint32_t number(const gx_value *row) {
    return (uint32_t)strtoul(test_key(row, "user")->as.text + 1, NULL, 10);
}

static void test_for_item(void **state) {
    (void)state;
    test_shop s;
    fill(&s);
    gx_value answer = test_call(&s, "audience.for_item", "{'item': 'tea-new', 'n': 20}");
    const gx_value *users = test_key(&answer, "users");
    assert_true(test_is(test_key(&answer, "from"), "attributes"));
    assert_int_equal(users->size, 20);
    double last = INFINITY;
    for (uint32_t k = 0; k < users->size; k++) {
        const gx_value *one = &users->as.items[k], *channels = test_key(one, "channels");
        double sum = 0;
        assert_int_equal(number(one) % 2, 0);
        for (uint32_t c = 0; c < channels->size; c++) {
            sum += channels->as.pairs[c].value.as.real;
        }
        assert_true(fabs(sum - 1) < 1e-6 && test_key(one, "score")->as.real <= last);
        last = test_key(one, "score")->as.real;
        assert_int_equal(test_key(one, "rank")->as.integer, k + 1);
        assert_true(test_key(one, "why")->size > 0);
    }
    /* Nothing of their own, but friends. */
    answer = test_call(&s, "audience.for_item", "{'item': 'tea-new', 'n': 1000}");
    const gx_value *friendly = test_find(test_key(&answer, "users"), "user", "friendly");
    assert_non_null(friendly);
    assert_true(test_key(test_key(friendly, "channels"), "interest")->as.real == 0);
    assert_non_null(test_find(test_key(friendly, "why"), "en", "Tied to members it suits"));
    assert_int_equal(test_key(&answer, "short")->type, GX_TEXT);
    /* Who has it needs no showing; what is hidden is shown to nobody; what is near nothing says so.
     */
    test_call(&s, "event.put",
              "{'events': [{'user_id': 'u0', 'item_id': 'tea-new', 'action': 'buy', 'ts': %lld}]}",
              (long long)NOW);
    answer = test_call(&s, "audience.for_item", "{'item': 'tea-new', 'n': 1000}");
    assert_null(test_find(test_key(&answer, "users"), "user", "u0"));
    answer = test_call(&s, "audience.for_item",
                       "{'item': 'tea-new', 'n': 1000, 'seen': 'none', 'why': false}");
    assert_non_null(test_find(test_key(&answer, "users"), "user", "u0"));
    test_call(&s, "item.put", "{'items': [{'item_id': 'tea-new', 'status': 'hidden'}]}");
    answer = test_call(&s, "audience.for_item", "{'item': 'tea-new'}");
    assert_int_equal(test_key(&answer, "users")->size, 0);
    assert_true(test_is(test_key(test_key(&answer, "why_not"), "rule"), "hidden"));
    answer = test_call(&s, "audience.for_item", "{'item': 'odd'}");
    assert_int_equal(test_key(&answer, "users")->size, 0);
    answer = test_call(&s, "audience.for_item", "{'item': 'tea0', 'n': 5}");
    assert_true(test_is(test_key(&answer, "from"), "history"));
    for (uint32_t k = 0; k < test_key(&answer, "users")->size; k++) {
        assert_int_equal(number(&test_key(&answer, "users")->as.items[k]) % 2, 0);
    }
    /* A model that knows no likeness leaves it to the attributes. */
    test_call(&s, "model.build", "{'passes': ['leiden', 'circle', 'popular_circle']}");
    answer = test_call(&s, "audience.for_item", "{'item': 'tea0', 'n': 5}");
    assert_true(test_is(test_key(&answer, "from"), "attributes"));
    assert_int_equal(test_key(&answer, "users")->size, 5);
    test_shop_close(&s);
}

/* What is read of all items to find those near one is not kept until the answer is out. */
static void test_for_item_drops_what_it_read(void **state) {
    (void)state;
    enum { ITEMS = 4000 };
    test_shop s;
    fill(&s);
    gx_value items = gx_list(s.arena, ITEMS), tags = gx_list(s.arena, 4);
    for (uint32_t k = 0; k < 4; k++) {
        gx_list_add(s.arena, &tags, gx_str(gx_arena_printf(s.arena, "tag%u", k)));
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        gx_value row = gx_map(s.arena, 2);
        test_put_int(&s, &row, "item_id", "bolt", i);
        gx_map_put(s.arena, &row, "tags", tags);
        gx_list_add(s.arena, &items, row);
    }
    test_put(&s, "item.put", "items", items);
    const size_t before = gx_arena_bytes(s.arena);
    const gx_value answer = test_call(&s, "audience.for_item", "{'item': 'bolt7', 'n': 5}");
    assert_true(test_is(test_key(&answer, "from"), "attributes"));
    assert_int_equal(test_key(&answer, "near")->size, 10);
    assert_true(gx_arena_bytes(s.arena) - before < ITEMS * sizeof(gx_value));
    test_shop_close(&s);
}

/* Nor what is read of everybody ranked to find those who may be asked. */
static void test_experts_drop_what_they_read(void **state) {
    (void)state;
    enum { FIELDS = 100 };
    test_shop s;
    fill(&s);
    gx_value users = gx_list(s.arena, MEMBERS);
    for (uint32_t u = 0; u < MEMBERS; u++) {
        gx_value row = gx_map(s.arena, FIELDS + 2);
        test_put_int(&s, &row, "user_id", "u", u);
        gx_map_put(s.arena, &row, "consent", gx_str("yes"));
        for (uint32_t f = 0; f < FIELDS; f++) {
            gx_map_put(s.arena, &row, gx_arena_printf(s.arena, "f%u", f), gx_int(f));
        }
        gx_list_add(s.arena, &users, row);
    }
    test_put(&s, "user.put", "users", users);
    test_call(&s, "model.build", "{'passes': ['leaders', 'strength', 'leiden']}");
    const size_t before = gx_arena_bytes(s.arena);
    const gx_value answer =
        test_call(&s, "rec.experts", "{'user': 'u0', 'category': 'tea/green', 'n': 2}");
    assert_int_equal(test_key(&answer, "experts")->size, 2);
    assert_true(gx_arena_bytes(s.arena) - before < 10 * FIELDS * sizeof(gx_pair));
    test_shop_close(&s);
}

static void test_expand(void **state) {
    (void)state;
    test_shop s;
    fill(&s);
    gx_value answer = test_call(&s, "audience.expand",
                                "{'users': ['u0', 'u2', 'u4', 'u6', 'u8', 'gone'], 'n': 20}");
    const gx_value *users = test_key(&answer, "users");
    assert_int_equal(users->size, 20);
    assert_int_equal(test_key(&answer, "seeds")->as.integer, 5);
    assert_true(test_is(&test_key(&answer, "unknown")->as.items[0], "gone"));
    for (uint32_t k = 0; k < users->size; k++) {
        if (!test_is(test_key(&users->as.items[k], "user"), "friendly")) {
            assert_true(number(&users->as.items[k]) % 2 == 0 && number(&users->as.items[k]) > 8);
        }
    }
    for (uint32_t k = 0; k < test_key(&answer, "users")->size; k++) { /* there is no item */
        const gx_value *why = test_key(&test_key(&answer, "users")->as.items[k], "why");
        for (uint32_t r = 0; r < why->size; r++) {
            assert_null(strstr(test_key(&why->as.items[r], "en")->as.text, " it"));
            assert_null(strstr(test_key(&why->as.items[r], "zh")->as.text, "它"));
        }
    }
    answer = test_call(&s, "audience.expand", "{'group': 'brewers', 'n': 1}");
    assert_int_equal(test_key(&answer, "seeds")->as.integer, 30);
    assert_true(test_is(test_key(&test_key(&answer, "users")->as.items[0], "user"), "friendly"));
    test_shop_close(&s);
}

static void test_starters(void **state) {
    (void)state;
    test_shop s;
    fill(&s);
    gx_value answer = test_call(&s, "rec.starters", "{'group': 'brewers'}");
    const gx_value *topics = test_key(&answer, "topics"), *content = test_key(&answer, "content");
    assert_int_equal(topics->size, 1);
    assert_true(test_is(test_key(&topics->as.items[0], "category"), "tea"));
    assert_int_equal(test_key(&topics->as.items[0], "n")->as.integer, 30);
    assert_true(test_key(&topics->as.items[0], "lift")->as.real > 1.5);
    assert_int_equal(content->size, 1);
    assert_true(test_is(test_key(&content->as.items[0], "id"), "how-to-brew"));
    for (uint32_t k = 0; k < test_key(&answer, "items")->size; k++) {
        const gx_value *one = &test_key(&answer, "items")->as.items[k];
        assert_true(test_key(one, "n")->as.integer >= 3);
        assert_true(strncmp(test_key(one, "id")->as.text, "tea", 3) == 0);
    }
    answer = test_call(&s, "rec.starters", "{'users': ['u1', 'u3'], 'n': 5}");
    assert_int_equal(test_key(&answer, "topics")->size, 0); /* two are fewer than min_count */
    assert_int_equal(test_key(&answer, "short")->type, GX_TEXT);
    answer = test_call(&s, "rec.starters",
                       "{'group': 'grinders', 'exclude': ['how-to-grind'], 'where': 'price > 30'}");
    assert_int_equal(test_key(&answer, "content")->size + test_key(&answer, "items")->size, 0);
    test_shop_close(&s);
}

static void test_fit(void **state) {
    (void)state;
    test_shop s;
    fill(&s);
    gx_value answer = test_call(&s, "audience.fit", "{'group': 'brewers', 'n': 1000}");
    const gx_value *users = test_key(&answer, "users"), *stands = test_key(&answer, "portrait");
    assert_int_equal(test_key(&answer, "size")->as.integer, 30);
    assert_int_equal(users->size, 30);
    assert_non_null(test_find(stands, "value", "tea"));
    assert_non_null(test_find(stands, "value", "b0"));
    assert_null(test_find(stands, "value", "coffee"));
    double last = 1;
    for (uint32_t k = 0; k < users->size; k++) {
        const gx_value *one = &users->as.items[k];
        assert_int_equal(number(one) % 2, 0);
        assert_true(test_key(one, "inside")->as.boolean);
        assert_true(test_key(one, "score")->as.real <= last + 1e-12);
        last = test_key(one, "score")->as.real;
        assert_true(test_key(one, "why")->size > 0 && test_key(one, "why")->size <= 3);
    }
    /* One who joins tomorrow: outside, and fits. */
    test_call(
        &s, "event.put",
        "{'events': [{'user_id': 'fresh', 'item_id': 'tea-new', 'action': 'buy', 'ts': %lld}]}",
        (long long)NOW);
    answer = test_call(&s, "audience.fit", "{'group': 'brewers', 'who': 'outside'}");
    users = test_key(&answer, "users");
    assert_true(test_is(test_key(&users->as.items[0], "user"), "fresh"));
    assert_true(test_key(&users->as.items[0], "score")->as.real > 0.5);
    for (uint32_t k = 1; k < users->size; k++) { /* they pay the same, that is all */
        assert_true(test_key(&users->as.items[k], "score")->as.real < 0.1);
    }
    assert_non_null(
        test_find(test_key(&users->as.items[0], "why"), "en", "Chooses b0, which it stands for"));
    answer = test_call(&s, "audience.fit", "{'likes': ['coffee/bean'], 'n': 5, 'why': false}");
    for (uint32_t k = 0; k < 5; k++) {
        assert_int_equal(number(&test_key(&answer, "users")->as.items[k]) % 2, 1);
    }
    answer = test_call(&s, "audience.fit", "{'group': 'brewers', 'who': 'inside', 'n': 10}");
    assert_int_equal(test_key(&answer, "users")->size, 10);
    test_shop_close(&s);
}

static void test_portrait(void **state) {
    (void)state;
    test_shop s;
    fill(&s);
    test_call(&s, "user.put",
              "{'users': [{'user_id': 'u0', 'age_band': '25-34', 'prefers': ['tea'], 'dislikes': "
              "['bolts']}]}");
    test_call(&s, "event.put",
              "{'events': [{'user_id': 'u0', 'item_id': 'tea0', 'action': 'view', 'ts': "
              "'2026-09-21T20:30:00Z', 'channel': 'app', 'scene': 'morning'}]}");
    gx_value one = test_call(&s, "user.portrait", "{'user': 'u0', 'utc_offset': 480}");
    const gx_value *interests = test_key(&one, "interests"), *habits = test_key(&one, "habits");
    const gx_value *tea = test_find(test_key(interests, "categories"), "value", "tea");
    assert_non_null(tea);
    assert_true(fabs(test_key(tea, "weight")->as.real - 1) < 1e-9);
    assert_int_equal(test_key(tea, "items")->as.integer, test_key(&one, "items")->as.integer);
    assert_non_null(test_find(test_key(interests, "brands"), "value", "b0"));
    assert_true(test_key(test_key(&one, "price"), "median")->as.real == 20);
    assert_int_equal(test_key(habits, "events")->as.integer, 7);
    double hours = 0, days = 0;
    for (uint32_t k = 0; k < 24; k++) {
        hours += test_key(habits, "hours")->as.items[k].as.real;
    }
    for (uint32_t k = 0; k < 7; k++) {
        days += test_key(habits, "days")->as.items[k].as.real;
    }
    assert_true(fabs(hours - 1) < 1e-9 && fabs(days - 1) < 1e-9);
    assert_true(test_key(habits, "hours")->as.items[4].as.real > 0); /* 20:30 is 04:30 there */
    assert_non_null(test_find(test_key(habits, "scenes"), "value", "morning"));
    assert_non_null(test_find(test_key(habits, "channels"), "value", "app"));
    assert_int_equal(test_key(test_key(&one, "declared"), "prefers")->size, 1);
    assert_true(test_is(test_key(test_key(&one, "life"), "age_band"), "25-34"));
    /* Nobody without a history has any. */
    one = test_call(&s, "user.portrait", "{'user': 'friendly'}");
    assert_int_equal(test_key(&one, "items")->as.integer, 0);
    assert_int_equal(test_key(test_key(&one, "interests"), "categories")->size, 0);
    assert_int_equal(test_key(&one, "price")->type, GX_NIL);
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_for_item),
        cmocka_unit_test(test_for_item_drops_what_it_read),
        cmocka_unit_test(test_experts_drop_what_they_read),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_starters),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_portrait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
