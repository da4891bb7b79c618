/* The methods of evaluation and of experiments when memory ends, when they are stopped, and what
 * they give back: on a small live shop with impressions, two snapshots and an experiment. */
#include "api/api.h"
#include "api/testing.h"

static const char *const calls[][2] = {
    {"eval.run", "{'models': ['linear', 'popular'], 'split': 'random:0.7', 'cutoff': '2,5', "
                 "'resamples': 70, 'lists': {'mine': {'u1': ['i1', 'i2'], 'u2': ['i3'], 'none': "
                 "['i0', 'nowhere']}}}"},
    {"eval.run", "{'models': ['popular'], 'split': 'member:0.5', 'resamples': 0}"},
    {"eval.run", "{'models': ['popular'], 'split': 'leave-one-out', 'history': [0, 3]}"},
    {"eval.run", "{'models': ['popular'], 'split': 'time:0.6'}"},
    {"eval.offpolicy", "{'models': ['popular'], 'lists': {'mine': {'u1': ['i1'], 'u9': ['i2']}}, "
                       "'window': '900d', 'resamples': 70}"},
    {"eval.trend", "{'cutoff': 5, 'models': ['popular'], 'snapshots': [1, 2]}"},
    {"model.tune", "{'trials': 3, 'split': 'random:0.6', 'resamples': 100, 'write': false}"},
    {"model.tune", "{'model': 'popular', 'parameters': ['half_life'], 'split': 'member:0.1', "
                   "'trials': 2, 'metric': 'recall@5', 'resamples': 100}"},
    {"model.tune", "{'split': 'random:0.6', 'estimate': true, 'params': {'linear': {'power': 2}}}"},
    {"exp.report", "{'name': 'price', 'among': 'all'}"},
    {"exp.report", "{'name': 'price', 'among': 'exposed'}"},
    {"exp.report", "{}"},
    {"exp.assign", "{'name': 'price'}"},
};

static void fill(test_shop *s) {
    gx_rng rng = gx_rng_at(3, 9);
    test_shop_open(s);
    gx_value shown = gx_list(s->arena, 64);
    test_shop_fill(s, 5, 40, 0);
    for (uint32_t k = 0; k < 60; k++) {
        gx_value row = gx_map(s->arena, 8);
        test_put_int(s, &row, "request_id", "r", k / 2);
        test_put_int(s, &row, "user_id", "u", (k / 2) % 40);
        test_put_int(s, &row, "item_id", "i", gx_rng_below(&rng, 40));
        gx_map_put(s->arena, &row, "pos", gx_int(k % 2));
        gx_map_put(s->arena, &row, "ts", gx_int(1740000000000 + k * 1000));
        gx_map_put(s->arena, &row, "arm", gx_str(k % 3 ? "price:a" : "b"));
        gx_map_put(s->arena, &row, "propensity", gx_real(0.1 + 0.01 * k));
        gx_list_add(s->arena, &shown, row);
    }
    test_put(s, "impression.put", "impressions", shown);
    for (int n = 0; n < 2; n++) {
        test_call(s, "model.build", "{'passes': ['popular', 'linear']}");
    }
    test_call(s, "exp.define",
              "{'name': 'price', 'arms': 'a,b:2', 'holdout': 0.1, 'start': "
              "1700000000000, 'action': ['buy', 'view']}");
}

static gx_status try_call(test_shop *s, size_t c, gx_job *job) {
    char text[1024];
    gx_error err = {0};
    gx_value args, out;
    const gx_call_options options = {.job = job};
    gx_arena *arena = gx_arena_create();
    const gx_method *method = gx_method_find(calls[c][0]);
    gx_status status = GX_NO_MEMORY;
    snprintf(text, sizeof text, "%s", calls[c][1]);
    for (char *at = text; *at; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    assert_non_null(method);
    if (arena) {
        status = gx_json_read(&args, arena, text, strlen(text), &err);
    }
    if (arena && status == GX_OK) {
        status = gx_db_call(&out, s->db, method, &args, &options, arena, &err);
    }
    gx_arena_destroy(arena);
    return status;
}

static void assert_call(test_shop *s, size_t c) {
    gx_job job;
    gx_job_init(&job, 1, 1);
    const gx_status status = try_call(s, c, &job);
    if (status != GX_OK) {
        fail_msg("%s %s: %s", calls[c][0], calls[c][1], gx_status_name(status));
    }
    if (atomic_load(&job.mem_used) != 0) {
        fail_msg("%s %s keeps %llu bytes", calls[c][0], calls[c][1],
                 (unsigned long long)atomic_load(&job.mem_used));
    }
}

static void they_give_back(void **unused) {
    (void)unused;
    test_shop s = {0};
    fill(&s);
    for (size_t c = 0; c < GX_COUNT(calls); c++) {
        assert_call(&s, c); /* what the database keeps from its first call on is there */
        const uint64_t blocks = gx_alloc_live_blocks();
        assert_call(&s, c);
        assert_int_equal(gx_alloc_live_blocks(), blocks);
    }
    test_shop_close(&s);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void memory_ends(void **unused) {
    (void)unused;
    test_shop s = {0};
    fill(&s);
    for (size_t c = 0; c < GX_COUNT(calls); c++) {
        gx_status status = GX_NO_MEMORY;
        assert_call(&s, c);
        const uint64_t blocks = gx_alloc_live_blocks();
        /* Every one of the first hundred, then ever fewer. */
        uint64_t k = 1;
        for (; status != GX_OK; k += 1 + k / 100) {
            gx_job job;
            gx_job_init(&job, 1, 1);
            gx_alloc_fail_at(k);
            status = try_call(&s, c, &job);
            gx_alloc_fail_at(0);
            if (status != GX_OK && status != GX_NO_MEMORY) {
                fail_msg("%s, request %llu: %s", calls[c][0], (unsigned long long)k,
                         gx_status_name(status));
            }
            if (gx_alloc_live_blocks() != blocks) {
                fail_msg("%s %s, request %llu: %lld blocks stay", calls[c][0], calls[c][1],
                         (unsigned long long)k, (long long)(gx_alloc_live_blocks() - blocks));
            }
        }
        assert_true(k > 4); /* no failure was passed over */
    }
    test_shop_close(&s);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static uint64_t looks, stop_at;

static void count_look(gx_job *job) {
    if (++looks == stop_at) {
        gx_job_cancel(job);
    }
}

/* At every look at whether to stop. */
static void they_stop(void **unused) {
    (void)unused;
    test_shop s = {0};
    fill(&s);
    for (size_t c = 0; c < GX_COUNT(calls); c++) {
        gx_status status = GX_CANCELLED;
        assert_call(&s, c);
        const uint64_t blocks = gx_alloc_live_blocks();
        for (stop_at = 1; status != GX_OK; stop_at++) {
            gx_job job;
            gx_job_init(&job, 1, 1);
            job.looked = count_look;
            looks = 0;
            status = try_call(&s, c, &job);
            assert_true(status == GX_OK || status == GX_CANCELLED);
            assert_int_equal(gx_alloc_live_blocks(), blocks);
            if (looks < stop_at) {
                assert_int_equal(status, GX_OK);
            }
        }
    }
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_give_back),
        cmocka_unit_test(memory_ends),
        cmocka_unit_test(they_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
