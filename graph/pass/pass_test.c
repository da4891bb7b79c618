/* Running passes and making plans, with passes made for it. */
#include "graph/pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- passes -------------------------------------------------------------------------------- */

/* What `run` of the passes below is to do. */
static enum { WELL, FAIL, FORGET, WRONG_TYPE } mood;

static const gx_gives score_given[] = {{"score", GX_F64, GX_LEN_USERS, "a number"}};
static const gx_param add_param[] = {
    {.name = "add", .type = GX_PARAM_REAL, .fallback = "1", .low = 0, .high = 10, .help = "added"}};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    *out = (gx_estimate){.mem_bytes = 1000 + 8 * (uint64_t)input->users, .cpu_s = 0.5};
}

/* score(v) = v + add, plus the score of "base" where that is there. */
static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    (void)job;
    double *score;
    gx_status status = GX_OK;
    if (mood == FORGET) {
        return GX_OK;
    }
    gx_dtype dtype = mood == WRONG_TYPE ? GX_I64 : GX_F64;
    GX_TRY(gx_output_add(&score, out, "score", dtype, input->users, 0, err));
    if (mood == FAIL) {
        GX_TRY(gx_fail(err, GX_INTERNAL, "made to fail"));
    }
    const double *base = gx_result_get(input->arrays, "base", "score", GX_F64, input->users);
    for (uint32_t v = 0; mood == WELL && v < input->users; v++) {
        score[v] = v + gx_arg_real(args, "add") + (base ? base[v] : 0);
    }
done:
    return status;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)result, (void)instance, (void)input, (void)args, (void)err;
    return GX_OK;
}

#define A_PASS(name_, needs_, arrays_)                                                             \
    static const gx_pass name_ = {.name = #name_,                                                  \
                                  .needs = (needs_),                                               \
                                  .arrays = (arrays_),                                             \
                                  .gives = score_given,                                            \
                                  .give_count = 1,                                                 \
                                  .params = add_param,                                             \
                                  .param_count = 1,                                                \
                                  .estimate = estimate,                                            \
                                  .run = run,                                                      \
                                  .check = check}

static const char *const wants_base[] = {"base.score", NULL};
static const char *const wants_both[] = {"middle.score", "base.score", NULL};
static const char *const wants_nothing_there[] = {"base.rank", NULL};
static const char *const wants_egg[] = {"egg.score", NULL};
static const char *const wants_hen[] = {"hen.score", NULL};

A_PASS(base, 0, NULL);
A_PASS(middle, GX_NEED_GRAPH, wants_base);
A_PASS(top, GX_NEED_MATRIX, wants_both);
A_PASS(stray, 0, wants_nothing_there);
A_PASS(hen, 0, wants_egg);
A_PASS(egg, 0, wants_hen);
A_PASS(transposed, GX_NEED_GRAPH | GX_NEED_IN, NULL);

static const gx_pass *const low_rows[] = {&middle, &base, &transposed};
static const gx_pass *const high_rows[] = {&top, &stray, &hen, &egg};
static const gx_pass_table low = {low_rows, GX_COUNT(low_rows)};
static const gx_pass_table high = {high_rows, GX_COUNT(high_rows)};
static const gx_pass_table *const both[] = {&low, &high};

static gx_status plan_of(gx_plan *out, const gx_plan_step *wanted, size_t count, gx_error *err) {
    return gx_plan_make(out, both, GX_COUNT(both), wanted, count, err);
}

/* ---- one pass ------------------------------------------------------------------------------ */

typedef struct setting {
    gx_arrays *results;
    gx_job job;
    gx_error err;
    gx_input input;
} setting;

static setting setting_make(uint32_t users) {
    setting s = {.input.users = users};
    gx_job_init(&s.job, 1, 1);
    mood = WELL;
    assert_int_equal(gx_arrays_create(&s.results, NULL), GX_OK);
    return s;
}

static gx_status run_base(setting *s, const char *instance, const gx_value *params) {
    s->err = (gx_error){0};
    return gx_pass_run(s->results, &base, instance, &s->input, params, &s->job, &s->err);
}

static void results_come_under_their_name(void **state) {
    (void)state;
    setting s = setting_make(3);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "add", gx_str("2.5"));
    assert_int_equal(run_base(&s, NULL, NULL), GX_OK);
    assert_int_equal(run_base(&s, "other", &params), GX_OK);
    const double *plain = gx_result_get(s.results, "base", "score", GX_F64, 3);
    const double *other = gx_result_get(s.results, "other", "score", GX_F64, 3);
    assert_true(plain[2] == 3 && other[2] == 4.5);
    assert_null(gx_result_get(s.results, "base", "score", GX_F32, 3));
    assert_null(gx_result_get(s.results, "base", "score", GX_F64, 4));
    assert_null(gx_result_get(NULL, "base", "score", GX_F64, 3));
    assert_int_equal(atomic_load(&s.job.mem_used), 48);
    gx_map_put(arena, &params, "add", gx_int(11));
    assert_int_equal(run_base(&s, "third", &params), GX_BAD_REQUEST);
    assert_string_equal(s.err.at, "add");
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(run_base(&s, longest, NULL), GX_BAD_REQUEST);
    assert_int_equal(gx_arrays_count(s.results), 2);
    gx_arena_destroy(arena);
    gx_arrays_destroy(s.results);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void a_failure_leaves_nothing(void **state) {
    (void)state;
    setting s = setting_make(3);
    for (mood = FAIL; mood <= WRONG_TYPE; mood++) {
        assert_int_equal(run_base(&s, NULL, NULL), GX_INTERNAL);
        assert_int_equal(gx_arrays_count(s.results), 0);
        assert_int_equal(atomic_load(&s.job.mem_used), 0);
    }
    mood = WELL;
    s.job.mem_limit = 1023;
    assert_int_equal(run_base(&s, NULL, NULL), GX_OVER_LIMIT);
    s.job.mem_limit = 1024;
    assert_int_equal(run_base(&s, NULL, NULL), GX_OK);
    gx_job_cancel(&s.job);
    s.job.mem_limit = 0;
    assert_int_equal(run_base(&s, "late", NULL), GX_CANCELLED);
    gx_arrays_destroy(s.results);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void needs_are_checked(void **state) {
    (void)state;
    static const uint64_t ptr[4] = {0};
    setting s = setting_make(3);
    gx_graph graph = {.n = 3, .directed = true, .out_ptr = ptr};
    gx_input *in = &s.input;
    assert_int_equal(gx_pass_run(s.results, &transposed, NULL, in, NULL, &s.job, &s.err),
                     GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "the graph"));
    in->graph = &graph;
    assert_int_equal(gx_pass_run(s.results, &transposed, NULL, in, NULL, &s.job, &s.err),
                     GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "in-arrays"));
    graph.in_ptr = ptr;
    assert_int_equal(gx_pass_run(s.results, &transposed, NULL, in, NULL, &s.job, &s.err), GX_OK);
    assert_int_equal(gx_pass_run(s.results, &middle, NULL, in, NULL, &s.job, &s.err), GX_NOT_FOUND);
    assert_non_null(strstr(s.err.message, "base.score"));
    graph.n = 2; /* not what the input says */
    assert_int_equal(gx_pass_run(s.results, &transposed, NULL, in, NULL, &s.job, &s.err),
                     GX_INTERNAL);
    gx_arrays_destroy(s.results);
}

/* ---- plans --------------------------------------------------------------------------------- */

static void assert_order(const gx_plan *plan, const char *const *names, size_t count) {
    assert_int_equal(plan->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(plan->steps[i].instance, names[i]);
    }
}

static void what_is_needed_comes_first(void **state) {
    (void)state;
    gx_plan plan;
    gx_plan_step wanted[] = {{.instance = "top"}, {.pass = &transposed}, {.instance = "top"}};
    assert_int_equal(plan_of(&plan, wanted, GX_COUNT(wanted), NULL), GX_OK);
    const char *const names[] = {"base", "middle", "top", "transposed"};
    assert_order(&plan, names, GX_COUNT(names));
    assert_int_equal(plan.needs, GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_MATRIX);
    gx_input input = {.users = 100};
    gx_estimate estimate = gx_plan_estimate(&plan, &input, 2);
    assert_true(estimate.cpu_s == 2);
    /* The largest step, and what three steps before it left. */
    assert_int_equal(estimate.mem_bytes, 1000 + 800 + 3 * 800);
    gx_plan_finish(&plan);
    gx_plan_finish(&plan);
    assert_int_equal(plan_of(&plan, NULL, 0, NULL), GX_OK);
    assert_int_equal(plan.count, 0);
    gx_plan_finish(&plan);
}

/* A step asked for under the name that another needs is what that one gets. */
static void an_instance_stands_in(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "add", gx_int(5));
    static const uint64_t ptr[2] = {0};
    gx_graph graph = {.n = 1, .out_ptr = ptr};
    gx_plan plan;
    gx_plan_step wanted[] = {{.pass = &middle}, {.pass = &base, .params = &params}};
    assert_int_equal(plan_of(&plan, wanted, 2, NULL), GX_OK);
    const char *const names[] = {"base", "middle"};
    assert_order(&plan, names, 2);
    setting s = setting_make(1);
    s.input.graph = &graph;
    assert_int_equal(gx_plan_run(s.results, &plan, &s.input, &s.job, &s.err), GX_OK);
    const double *score = gx_result_get(s.results, "middle", "score", GX_F64, 1);
    assert_true(score[0] == 6);
    gx_plan_finish(&plan);
    gx_arrays_destroy(s.results);
    gx_arena_destroy(arena);
}

static void expect_no_plan(const gx_plan_step *wanted, size_t count, const char *words) {
    gx_plan plan = {.count = 9};
    gx_error err = {0};
    assert_int_equal(plan_of(&plan, wanted, count, &err), GX_BAD_REQUEST);
    assert_int_equal(plan.count, 9);
    if (!strstr(err.message, words)) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
}

static void impossible_plans_are_refused(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "add", gx_int(5));
    const gx_plan_step unknown = {.instance = "midle"}, nothing = {0};
    const gx_plan_step twice[] = {{.pass = &base}, {.pass = &base, .params = &params}};
    expect_no_plan(&unknown, 1, "did you mean middle?");
    expect_no_plan(&nothing, 1, "there is no pass");
    expect_no_plan(twice, 2, "twice");
    expect_no_plan(&(gx_plan_step){.pass = &stray}, 1, "which no pass gives");
    expect_no_plan(&(gx_plan_step){.pass = &egg}, 1, "circle");
    gx_arena_destroy(arena);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void plans_survive_a_failing_allocator(void **state) {
    (void)state;
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_plan plan = {0};
        gx_plan_step wanted = {.pass = &top};
        gx_alloc_fail_at(k);
        status = plan_of(&plan, &wanted, 1, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_plan_finish(&plan);
        assert_int_equal(gx_alloc_live_blocks(), 0);
    }
}

static void kinds_have_names(void **state) {
    (void)state;
    for (int kind = 0; kind < GX_KIND_COUNT; kind++) {
        assert_true(strlen(gx_kind_name((gx_kind)kind)) > 2);
    }
    assert_string_equal(gx_kind_name(GX_KIND_CENTRALITY), "centrality");
    assert_string_equal(gx_kind_name((gx_kind)99), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_under_their_name),
        cmocka_unit_test(a_failure_leaves_nothing),
        cmocka_unit_test(needs_are_checked),
        cmocka_unit_test(what_is_needed_comes_first),
        cmocka_unit_test(an_instance_stands_in),
        cmocka_unit_test(impossible_plans_are_refused),
        cmocka_unit_test(plans_survive_a_failing_allocator),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
