/* Every allocation of the methods about ties may fail: a clean error, and nothing is left behind.
 */
#include "api/testing.h"

enum { USERS = 30 };

static gx_status call_once(test_shop *s, const char *method, const char *json) {
    gx_arena *arena = gx_arena_create();
    gx_value args, out;
    gx_error err = {0};
    if (!arena) {
        return GX_NO_MEMORY;
    }
    gx_status status = gx_json_read(&args, arena, json, strlen(json), &err);
    if (status == GX_OK) {
        status = gx_call(&out, s->db, method, &args, arena, &err);
    }
    gx_arena_destroy(arena);
    return status;
}

static void fail_each(test_shop *s, const char *method, const char *json) {
    assert_int_equal(call_once(s, method, json), GX_OK); /* what is kept between calls is made */
    const uint64_t blocks = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    uint64_t k = 0;
    while (status != GX_OK) {
        gx_alloc_fail_at(++k);
        status = call_once(s, method, json);
        gx_alloc_fail_at(0);
        if (status != GX_OK && status != GX_NO_MEMORY) {
            fail_msg("%s, allocation %u: %s", method, (unsigned)k, gx_status_name(status));
        }
        assert_int_equal(gx_alloc_live_blocks(), blocks);
        assert_true(k < 5000);
    }
    assert_true(k > 2);
}

static void ask_all(test_shop *s) {
    fail_each(s, "graph.path", "{\"src\": \"u1\", \"dst\": \"u17\", \"n\": 3}");
    fail_each(s, "graph.path", "{\"src\": \"u1\", \"dst\": \"u17\", \"by\": \"strength\"}");
    fail_each(s, "graph.ties", "{\"of\": \"u1\"}");
    fail_each(s, "graph.tie", "{\"src\": \"u1\", \"dst\": \"u17\"}");
    fail_each(s, "graph.reach", "{\"of\": \"u1\"}");
    fail_each(s, "rec.friends", "{\"users\": [\"u1\", \"u2\"]}");
}

static void test_every_allocation_may_fail(void **unused) {
    (void)unused;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 6, USERS, 3);
    ask_all(&s);
    test_call(&s, "model.build", "{}");
    ask_all(&s);
    fail_each(&s, "graph.reach", "{\"of\": \"u1\", \"along\": \"strong\"}");
    fail_each(&s, "rec.friends", "{\"users\": [\"u1\"], \"mode\": \"expert\"}");
    fail_each(&s, "rec.friends", "{\"users\": [\"u1\"], \"mode\": \"cross-circle\"}");
    fail_each(&s, "eval.friends", "{\"hide\": 0.3, \"threads\": 1}");
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
