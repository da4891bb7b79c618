/* graph.ppr: who is near a member, as it is at this moment. */
#include "api/testing.h"

#include <math.h>

static const gx_value *row_of(const gx_value *answer, const char *user) {
    const gx_value *members = gx_map_get(answer, "members");
    for (uint32_t i = 0; i < members->size; i++) {
        const gx_value *name = gx_map_get(&members->as.items[i], "user");
        if (name->size == strlen(user) && memcmp(name->as.text, user, name->size) == 0) {
            return &members->as.items[i];
        }
    }
    return NULL;
}

static double number(const gx_value *map, const char *key) {
    return gx_map_get(map, key)->as.real;
}

/* a – b – c and d → a: from a, b has more than c, and d is found against its direction only. */
static void test_near_a_member(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_call(&s, "tie.put",
              "{'ties': [{'src': 'a', 'dst': 'b'}, {'src': 'b', 'dst': 'c'}, {'src': 'd', 'dst': "
              "'a', 'kind': 'follow'}, {'src': 'a', 'dst': 'x', 'kind': 'block'}]}");
    gx_value answer = test_call(&s, "graph.ppr", "{'user': 'a', 'epsilon': 1e-9}");
    const gx_value *b = row_of(&answer, "b"), *c = row_of(&answer, "c"), *d = row_of(&answer, "d");
    assert_true(b && c && d && number(b, "score") > number(c, "score"));
    assert_null(row_of(&answer, "a"));
    assert_null(row_of(&answer, "x"));
    double sum = number(&answer, "own") + number(b, "score") + number(c, "score") +
                 number(d, "score") + number(&answer, "bound");
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(number(&answer, "bound") < 1e-8);
    answer = test_call(&s, "graph.ppr", "{'user': 'a', 'directed': true}");
    assert_non_null(row_of(&answer, "c"));
    assert_null(row_of(&answer, "d"));
    answer = test_call(&s, "graph.ppr", "{'user': 'a', 'kinds': ['follow'], 'n': 1}");
    assert_int_equal(gx_map_get(&answer, "members")->size, 1);
    assert_non_null(row_of(&answer, "d"));
    test_call(&s, "tie.put", "{'ties': [{'src': 'a', 'dst': 'e'}]}");
    answer = test_call(&s, "graph.ppr", "{'user': 'a'}");
    assert_non_null(row_of(&answer, "e")); /* what was written a moment ago is there */
    test_shop_close(&s);
}

static void test_member_without_ties(void **state) {
    (void)state;
    test_shop s;
    gx_error err = {0};
    gx_value args, out;
    test_shop_open(&s);
    test_call(&s, "tie.put", "{'ties': [{'src': 'a', 'dst': 'b'}]}");
    test_call(&s, "graph.ppr", "{'user': 'a'}"); /* the graph is kept from here on */
    test_call(&s, "user.put", "{'users': [{'user_id': 'new'}]}");
    gx_value answer = test_call(&s, "graph.ppr", "{'user': 'new'}");
    assert_int_equal(gx_map_get(&answer, "members")->size, 0);
    assert_true(number(&answer, "own") == 1 && number(&answer, "bound") == 0);
    const char *nobody = "{\"user\": \"nobody\"}";
    assert_int_equal(gx_json_read(&args, s.arena, nobody, strlen(nobody), &err), GX_OK);
    assert_int_equal(gx_call(&out, s.db, "graph.ppr", &args, s.arena, &err), GX_NOT_FOUND);
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_a_member),
        cmocka_unit_test(test_member_without_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
