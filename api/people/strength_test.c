/* graph.tie, graph.ties and graph.reach: the look-up of one tie says what the pass said of it. */
#include "api/testing.h"

#include <math.h>

enum { USERS = 80 };

static double real(const gx_value *map, const char *key) {
    double value = -1;
    const gx_value *given = gx_map_get(map, key);
    assert_true(given && gx_value_as_real(given, &value));
    return value;
}

/* Everybody's list against the snapshot's row. */
static void assert_like_the_pass(test_shop *s) {
    gx_state *state = gx_db_hold_state(s->db);
    const uint64_t *ptr = gx_arrays_get(state->arrays, "strength.ptr", GX_U64, USERS + 1);
    const float *weight = gx_arrays_get(state->arrays, "strength.weight", GX_F32, 0);
    const uint32_t *degree = gx_arrays_get(state->arrays, "strength.degree", GX_U32, USERS);
    assert_true(ptr && weight && degree);
    for (uint32_t u = 0; u < USERS; u++) {
        gx_value found = test_call(s, "graph.ties", "{'of': 'u%u', 'n': 200}", u);
        const gx_value *ties = gx_map_get(&found, "ties");
        assert_int_equal(ties->size, ptr[u + 1] - ptr[u]);
        assert_int_equal(gx_map_get(&found, "degree")->as.integer, degree[u]);
        for (uint32_t i = 0; i < ties->size; i++) {
            assert_true(fabs(real(&ties->as.items[i], "strength") - (double)weight[ptr[u] + i]) <
                        1e-6);
        }
    }
    gx_state_release(state);
}

static void test_ties_are_those_of_the_pass(void **unused) {
    (void)unused;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 1, USERS, 5);
    gx_value before = test_call(&s, "graph.ties", "{'of': 'u1'}");
    test_call(&s, "model.build", "{}");
    assert_like_the_pass(&s);
    gx_value after = test_call(&s, "graph.ties", "{'of': 'u1'}");
    const gx_value *a = gx_map_get(&before, "ties"), *b = gx_map_get(&after, "ties");
    assert_int_equal(a->size, b->size);
    test_shop_close(&s);
}

static void test_one_tie_and_its_parts(void **unused) {
    (void)unused;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 2, USERS, 0);
    gx_value ties = test_call(&s, "graph.ties", "{'of': 'u3'}");
    const gx_value *first = &gx_map_get(&ties, "ties")->as.items[0];
    const gx_value *user = gx_map_get(first, "user");
    gx_value tie =
        test_call(&s, "graph.tie", "{'src': 'u3', 'dst': '%.*s'}", (int)user->size, user->as.text);
    gx_value back =
        test_call(&s, "graph.tie", "{'src': '%.*s', 'dst': 'u3'}", (int)user->size, user->as.text);
    /* Without a snapshot recency counts from the moment of the call. */
    assert_true(fabs(real(&tie, "strength") - real(first, "strength")) < 1e-6);
    assert_true(fabs(real(&tie, "strength") - real(&back, "strength")) < 1e-6);
    const gx_value *parts = gx_map_get(&tie, "parts"), *shares = gx_map_get(&tie, "shares");
    assert_int_equal(parts->size, 6);
    double sum = 0;
    for (uint32_t p = 0; p < parts->size; p++) {
        sum += parts->as.pairs[p].value.as.real * shares->as.pairs[p].value.as.real;
    }
    assert_true(fabs(sum - real(&tie, "strength")) < 1e-12);
    const gx_value *standing = &gx_map_get(&tie, "standing")->as.items[0];
    assert_int_equal(gx_map_get(standing, "place")->as.integer, 1);
    assert_true(gx_map_get(standing, "strong")->as.boolean);
    test_call(&s, "user.put", "{'users': [{'user_id': 'alone'}]}");
    gx_value none = test_call(&s, "graph.tie", "{'src': 'u3', 'dst': 'alone'}");
    assert_false(gx_map_get(&none, "tied")->as.boolean);
    assert_true(test_is(gx_map_get(&none, "says"), "u3 and alone have no tie"));
    gx_value nobody = test_call(&s, "graph.ties", "{'of': 'alone'}");
    assert_int_equal(gx_map_get(&nobody, "ties")->size, 0);
    test_shop_close(&s);
}

static void test_strong_and_weak(void **unused) {
    (void)unused;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 3, USERS, 0);
    for (uint32_t u = 0; u < USERS; u++) {
        gx_value all = test_call(&s, "graph.ties", "{'of': 'u%u'}", u);
        gx_value strong = test_call(&s, "graph.ties", "{'of': 'u%u', 'which': 'strong'}", u);
        gx_value weak = test_call(&s, "graph.ties", "{'of': 'u%u', 'which': 'weak'}", u);
        uint32_t count = gx_map_get(&all, "ties")->size;
        uint32_t strong_count = gx_map_get(&strong, "ties")->size;
        assert_int_equal(strong_count, count ? (uint32_t)fmax(ceil(0.2 * count), 1) : 0);
        assert_int_equal(gx_map_get(&all, "strong")->as.integer, strong_count);
        assert_int_equal(gx_map_get(&weak, "ties")->size, count - strong_count);
    }
    test_shop_close(&s);
}

/* A chain a → b → c → d, and e apart. */
static void test_reach(void **unused) {
    (void)unused;
    test_shop s;
    test_shop_open(&s);
    test_call(&s, "tie.put",
              "{'ties': [{'src': 'a', 'dst': 'b', 'kind': 'follow'},"
              "{'src': 'b', 'dst': 'c', 'kind': 'follow'}, {'src': 'c', 'dst': 'd', 'kind': "
              "'follow'}, {'src': 'e', 'dst': 'f', 'kind': 'friend'}]}");
    gx_value all = test_call(&s, "graph.reach", "{'of': 'b', 'steps': 9}");
    const gx_value *levels = gx_map_get(&all, "levels");
    assert_int_equal(levels->size, 2);
    assert_int_equal(gx_map_get(&levels->as.items[0], "members")->as.integer, 2);
    assert_int_equal(gx_map_get(&levels->as.items[1], "within")->as.integer, 3);
    assert_true(real(&levels->as.items[1], "share") == 3.0 / 5);
    gx_value out = test_call(&s, "graph.reach", "{'of': 'c', 'along': 'directed'}");
    assert_int_equal(gx_map_get(&out, "levels")->size, 1);
    test_call(&s, "model.build", "{}");
    gx_value strong = test_call(&s, "graph.reach", "{'of': 'a', 'along': 'strong', 'steps': 1}");
    assert_int_equal(gx_map_get(&strong, "levels")->size, 1);
    test_shop_close(&s);
}

/* b and c are friends and block each other; d knows both. */
static void test_blocks(void **unused) {
    (void)unused;
    test_shop s;
    test_shop_open(&s);
    test_call(&s, "tie.put",
              "{'ties': [{'src': 'b', 'dst': 'c', 'kind': 'friend'},"
              "{'src': 'c', 'dst': 'd', 'kind': 'friend'},"
              "{'src': 'b', 'dst': 'd', 'kind': 'friend'}]}");
    gx_value reach = test_call(&s, "graph.reach", "{'of': 'c', 'steps': 1}");
    const gx_value *first = &gx_map_get(&reach, "levels")->as.items[0];
    assert_int_equal(gx_map_get(first, "members")->as.integer, 2);
    gx_value tie = test_call(&s, "graph.tie", "{'src': 'b', 'dst': 'c'}");
    assert_false(gx_map_get(&tie, "blocked")->as.boolean);
    test_call(&s, "tie.put",
              "{'ties': [{'src': 'c', 'dst': 'b', 'kind': 'block'},"
              "{'src': 'c', 'dst': 'x', 'kind': 'block'}]}");
    for (int way = 0; way < 2; way++) {
        const char *src = way ? "b" : "c", *dst = way ? "c" : "b";
        gx_value path = test_call(&s, "graph.path", "{'src': '%s', 'dst': '%s'}", src, dst);
        assert_int_equal(gx_map_get(&path, "hops")->as.integer, 2);
        reach = test_call(&s, "graph.reach", "{'of': '%s', 'steps': 2}", src);
        assert_int_equal(gx_map_get(&reach, "levels")->size, 2); /* as far as by the path */
        tie = test_call(&s, "graph.tie", "{'src': '%s', 'dst': '%s'}", src, dst);
        assert_true(gx_map_get(&tie, "tied")->as.boolean);
        assert_true(gx_map_get(&tie, "blocked")->as.boolean);
        assert_non_null(gx_map_get(&tie, "says"));
        gx_value ties = test_call(&s, "graph.ties", "{'of': '%s'}", src);
        for (uint32_t i = 0; i < gx_map_get(&ties, "ties")->size; i++) {
            const gx_value *row = &gx_map_get(&ties, "ties")->as.items[i];
            assert_int_equal(gx_map_get(row, "blocked")->as.boolean,
                             test_is(gx_map_get(row, "user"), dst));
        }
        assert_int_equal(gx_map_get(&ties, "degree")->as.integer, 2); /* the tie is stored */
    }
    /* Asked for by name, it is a tie as any other. */
    gx_value named = test_call(&s, "graph.path", "{'src': 'c', 'dst': 'x', 'kinds': ['block']}");
    assert_int_equal(gx_map_get(&named, "hops")->as.integer, 1);
    named = test_call(&s, "graph.reach", "{'of': 'c', 'steps': 1, 'kinds': ['block']}");
    first = &gx_map_get(&named, "levels")->as.items[0];
    assert_int_equal(gx_map_get(first, "members")->as.integer, 2);
    gx_value none = test_call(&s, "graph.tie", "{'src': 'c', 'dst': 'x'}");
    assert_false(gx_map_get(&none, "tied")->as.boolean);
    assert_true(gx_map_get(&none, "blocked")->as.boolean);
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ties_are_those_of_the_pass),
        cmocka_unit_test(test_one_tie_and_its_parts),
        cmocka_unit_test(test_strong_and_weak),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
