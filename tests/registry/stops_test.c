/* A job that is told to stop while a pass is at work: at whichever look at the job it is told, the
 * pass ends with `cancelled` and leaves nothing behind; and it looks often for the work it has.
 * Looks are counted, not timed: on one thread the same run takes the same ones, but for passes of
 * igraph, which runs on a thread of its own while the pass looks every few milliseconds. */
#include "engine/engine.h"
#include "models/model.h"
#include "tests/registry/world.h"

enum { MEMBERS = 3000, TIES = 20000, MANY_MEMBERS = 60000, MANY_TIES = 500000 };
#define LOOK_EVERY_S 0.005 /* of the work told: a tenth of what job.h allows */
#define LONG_S 1           /* what takes longer is held to it on the small world only */

static world small, large;

/* igraph 0.10 forgets some of its own objects where Walktrap is interrupted: 72 bytes an edge that
 * was not merged yet. The leak checker is told, by the name it looks for. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) {
    return "leak:igraph_community_walktrap";
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static _Atomic uint64_t looks, stop_at; /* of the one job that is told to */

static void count_look(gx_job *job) {
    if (atomic_fetch_add(&looks, 1) + 1 == atomic_load(&stop_at)) {
        gx_job_cancel(job);
    }
}

/* What the pass stands on is in `results`. Stopped at look `at`; 0: it is not. */
static gx_status run_at(gx_arrays *results, const gx_pass *pass, const gx_input *input, int threads,
                        uint64_t at, gx_job *job) {
    gx_error err = {0};
    gx_input given = *input;
    given.arrays = results;
    atomic_store(&looks, 0);
    atomic_store(&stop_at, at);
    gx_job_init(job, threads, 1);
    job->looked = count_look;
    gx_status status = gx_pass_run(results, pass, NULL, &given, NULL, job, &err);
    assert_int_equal(status == GX_OK, err.message[0] == '\0');
    return status;
}

/* Everything that it stands on: the arrays of others, run to their end. */
static gx_arrays *give(const gx_pass *pass, const gx_input *input) {
    const gx_pass_table *all[] = {gx_engine_passes(), gx_model_passes()};
    gx_plan plan = {0};
    gx_plan_step wanted = {.pass = pass};
    gx_input given = *input;
    gx_arrays *results;
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_plan_make(&plan, all, GX_COUNT(all), &wanted, 1, NULL), GX_OK);
    assert_ptr_equal(plan.steps[plan.count - 1].pass, pass);
    plan.count--;
    assert_int_equal(gx_arrays_create(&results, NULL), GX_OK);
    assert_int_equal(gx_plan_run(results, &plan, &given, &job, NULL), GX_OK);
    gx_plan_finish(&plan);
    return results;
}

/* What a run that came to its end added. */
static void take_away(gx_arrays *results, const gx_pass *pass) {
    char name[128];
    for (size_t i = 0; i < pass->give_count; i++) {
        snprintf(name, sizeof name, "%s.%s", pass->name, pass->gives[i].suffix);
        assert_int_equal(gx_arrays_remove(results, name, NULL), GX_OK);
    }
}

/* A run that is stopped at look `at`, if it comes to that: on threads and in igraph it may end
 * before. */
static void expect_stop(gx_arrays *results, const gx_pass *pass, const gx_input *input, int threads,
                        uint64_t at) {
    gx_job job;
    size_t given = gx_arrays_count(results);
    uint64_t before = gx_alloc_live_blocks();
    gx_status status = run_at(results, pass, input, threads, at, &job);
    if (status == GX_OK && atomic_load(&looks) < at) {
        take_away(results, pass);
    } else if (status != GX_CANCELLED) {
        fail_msg("%s was told to stop at look %llu with %d threads and ended with status %d",
                 pass->name, (unsigned long long)at, threads, status);
    } else {
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    assert_int_equal(gx_arrays_count(results), given);
    assert_int_equal(gx_alloc_live_blocks(), before);
}

/* At the first looks, at the last ones, and between. */
static void try_stops(gx_arrays *results, const gx_pass *pass, const gx_input *input, int threads,
                      uint64_t most) {
    enum { ENDS = 4, BETWEEN = 6 };
    for (uint64_t i = 1; i <= ENDS && i <= most; i++) {
        expect_stop(results, pass, input, threads, i);
        expect_stop(results, pass, input, threads, most + 1 - i);
    }
    for (uint64_t i = 1; i < BETWEEN; i++) {
        uint64_t at = most * i / BETWEEN;
        if (at > ENDS) {
            expect_stop(results, pass, input, threads, at);
        }
    }
}

static double told_s(const gx_pass *pass, const gx_input *input, const gx_arrays *results) {
    gx_arena *arena = gx_arena_create();
    gx_args args;
    gx_estimate estimate = {0};
    gx_input given = *input;
    given.arrays = results;
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, NULL, NULL),
                     GX_OK);
    pass->estimate(&estimate, &given, &args, 1);
    gx_arena_destroy(arena);
    return estimate.cpu_s;
}

/* igraph's, of whom the pass does not know how far they are: it looks by the clock. */
static bool is_by_clock(const gx_pass *pass) {
    static const char *const names[] = {"infomap", "walktrap", "layout"};
    bool is = false;
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        is = is || strcmp(names[i], pass->name) == 0;
    }
    return is;
}

/* How often a whole run looks, which is often enough for its work. */
static uint64_t count_looks(gx_arrays *results, const gx_pass *pass, const gx_input *input) {
    gx_job job;
    double work_s = told_s(pass, input, results);
    assert_int_equal(run_at(results, pass, input, 1, 0, &job), GX_OK);
    take_away(results, pass);
    uint64_t count = atomic_load(&looks);
    if (!is_by_clock(pass) && (double)count < work_s / LOOK_EVERY_S) {
        fail_msg("%s looked %llu times in %g s of work", pass->name, (unsigned long long)count,
                 work_s);
    }
    return count;
}

static void test_pass(void **state) {
    const gx_pass *pass = *state;
    gx_arrays *results = give(pass, &small.input);
    uint64_t most = count_looks(results, pass, &small.input);
    assert_true(most > 1); /* beyond the one of whoever calls it */
    try_stops(results, pass, &small.input, 1, most);
    if (!is_by_clock(pass)) { /* what is left behind has to end before the next may start */
        try_stops(results, pass, &small.input, 2, most);
    }
    gx_arrays_destroy(results);
    if (told_s(pass, &large.input, NULL) < LONG_S) {
        results = give(pass, &large.input);
        count_looks(results, pass, &large.input);
        gx_arrays_destroy(results);
    }
}

static int make(void **state) {
    (void)state;
    world_draw(&small, MEMBERS, TIES);
    world_draw(&large, MANY_MEMBERS, MANY_TIES);
    return 0;
}

static int finish(void **state) {
    (void)state;
    world_finish(&small);
    world_finish(&large);
    return 0;
}

int main(void) {
    enum { TESTS_MAX = 256 };
    static struct CMUnitTest tests[TESTS_MAX];
    size_t used = 0;
    const gx_pass_table *all[] = {gx_engine_passes(), gx_model_passes()};
    for (size_t t = 0; t < GX_COUNT(all); t++) {
        for (size_t i = 0; i < all[t]->count; i++) {
            assert_true(used < TESTS_MAX);
            tests[used++] =
                (struct CMUnitTest){.name = all[t]->rows[i]->name,
                                    .test_func = test_pass,
                                    .initial_state = (void *)(uintptr_t)all[t]->rows[i]};
        }
    }
    return cmocka_run_group_tests_name("stops", tests, make, finish);
}
