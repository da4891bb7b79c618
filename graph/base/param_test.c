/* Parameters and jobs. */
#include "graph/base/job.h"
#include "graph/base/param.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const gx_param table[] = {
    {"n", GX_PARAM_INT, "20", 1, 1000, "items", NULL, 0, "how many"},
    {"damping", GX_PARAM_REAL, "0.85", 0, 1, NULL, NULL, 0, "share that follows ties"},
    {"mode", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "in|out|all", 0, "which"},
    {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "from"},
    {"mem", GX_PARAM_BYTES, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "memory"},
    {"wait", GX_PARAM_DURATION, "5s", 0, 60000, "ms", NULL, 0, "how long"},
    {"users", GX_PARAM_LIST, NULL, 1, 3, NULL, NULL, GX_PARAM_REQUIRED, "who"},
    {"deep", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "deep"},
};

static gx_status parse(gx_args *args, gx_arena *arena, const char *name, gx_value value,
                       gx_error *err) {
    gx_value map = gx_map(arena, 2);
    gx_map_put(arena, &map, "users", gx_str("u1"));
    gx_map_put(arena, &map, name, value);
    return gx_args_parse(args, arena, table, GX_COUNT(table), &map, err);
}

static void defaults_and_texts_become_typed(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_args args;
    assert_int_equal(parse(&args, arena, "n", gx_str("7"), NULL), GX_OK);
    assert_int_equal(gx_arg_int(&args, "n"), 7);
    assert_true(gx_arg_real(&args, "damping") == 0.85);
    assert_true(gx_arg_is(&args, "mode", "all"));
    assert_false(gx_arg_has(&args, "since"));
    assert_int_equal(gx_arg_int(&args, "wait"), 5000);
    assert_int_equal(gx_arg_value(&args, "users")->size, 1);
    assert_false(gx_arg_bool(&args, "deep"));
    assert_int_equal(parse(&args, arena, "mem", gx_str("1MiB"), NULL), GX_OK);
    assert_int_equal(gx_arg_int(&args, "mem"), 1048576);
    assert_int_equal(parse(&args, arena, "since", gx_int(959670000), NULL), GX_OK);
    assert_true(gx_arg_int(&args, "since") == 959670000000);
    gx_arena_destroy(arena);
}

static void refusals_name_what_was_given_and_what_is_accepted(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    const struct {
        const char *name;
        gx_value value;
        const char *expected;
    } cases[] = {
        {"n", gx_int(0), "0 was given; accepted is a whole number from 1 to 1000"},
        {"n", gx_str("many"), "'many' was given"},
        {"n", gx_real(1.5), "1.5 was given"},
        {"damping", gx_real(0.0 / 1.0 - 1), "-1 was given; accepted is a number from 0 to 1"},
        {"mode", gx_str("both"), "accepted is one of in|out|all"},
        {"since", gx_str("soon"), "accepted is a time"},
        {"deep", gx_int(1), "accepted is true or false"},
        {"dampin", gx_int(1), "did you mean damping?"},
        {"zzz", gx_int(1), "there is no parameter 'zzz'"},
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_error err;
        gx_args args;
        assert_int_equal(parse(&args, arena, cases[i].name, cases[i].value, &err), GX_BAD_REQUEST);
        assert_non_null(strstr(err.message, cases[i].expected));
        assert_string_equal(err.at, cases[i].name);
    }
    gx_error err;
    gx_args args;
    assert_int_equal(gx_args_parse(&args, arena, table, GX_COUNT(table), NULL, &err),
                     GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "users is missing"));
    gx_arena_destroy(arena);
}

static void jobs_hold_their_account(void **state) {
    (void)state;
    gx_job job;
    gx_job_init(&job, 0, 1);
    assert_true(job.threads >= 1);
    job.mem_limit = 1000;
    char *a = NULL, *b = NULL;
    gx_error err;
    assert_int_equal(gx_job_alloc(&job, &a, 600, 1, NULL), GX_OK);
    assert_int_equal(gx_job_alloc(&job, &b, 600, 1, &err), GX_OVER_LIMIT);
    assert_null(b);
    assert_int_equal(job.mem_used, 600);
    gx_job_free(&job, a);
    assert_int_equal(job.mem_used, 0);
    assert_int_equal(job.mem_peak, 600);
    assert_int_equal(gx_job_check(&job, NULL), GX_OK);
    job.deadline_ns = 1;
    assert_int_equal(gx_job_check(&job, &err), GX_DEADLINE);
    gx_job_cancel(&job);
    assert_int_equal(gx_job_check(&job, &err), GX_CANCELLED);
}

/* What is held aside is the job's, and stops where it stops; progress is told by nobody aside. */
static void told(void *user, const char *stage, uint64_t done, uint64_t total, uint64_t mem_bytes) {
    (void)stage, (void)done, (void)total, (void)mem_bytes;
    (*(int *)user)++;
}

static void what_is_aside_is_the_jobs(void **state) {
    (void)state;
    gx_job job, aside, further;
    int times = 0;
    char *a = NULL, *b = NULL;
    gx_job_init(&job, 3, 7);
    job.mem_limit = 1000;
    job.progress = told;
    job.progress_user = &times;
    gx_job_aside(&aside, &job);
    gx_job_aside(&further, &aside);
    assert_int_equal(aside.threads, 1);
    assert_int_equal(aside.seed, 7);
    assert_int_equal(gx_job_alloc(&aside, &a, 600, 1, NULL), GX_OK);
    assert_int_equal(gx_job_alloc(&further, &b, 600, 1, NULL), GX_OVER_LIMIT);
    assert_int_equal(job.mem_used, 600);
    gx_job_free(&job, a);
    assert_int_equal(job.mem_used, 0);
    gx_job_stage(&further, "aside", 2);
    gx_job_tick(&further, 2);
    assert_int_equal(times, 0);
    assert_int_equal(gx_job_check(&further, NULL), GX_OK);
    job.deadline_ns = 1;
    assert_int_equal(gx_job_check(&further, NULL), GX_DEADLINE);
    assert_true(gx_job_should_stop(&aside));
    job.deadline_ns = 0;
    gx_job_cancel(&further);
    assert_int_equal(gx_job_check(&job, NULL), GX_CANCELLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_and_texts_become_typed),
        cmocka_unit_test(refusals_name_what_was_given_and_what_is_accepted),
        cmocka_unit_test(jobs_hold_their_account),
        cmocka_unit_test(what_is_aside_is_the_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
