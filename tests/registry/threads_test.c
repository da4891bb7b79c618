/* Every pass of the engine that uses threads, on a graph large enough that it does: the same bytes
 * at 1, 2 and 16, and its own check holds. */
#include "engine/engine.h"
#include "tests/registry/world.h"

enum { MEMBERS = 12000, TIES = 70000 };

static int make(void **state) {
    static world w;
    world_draw(&w, MEMBERS, TIES);
    *state = &w;
    return 0;
}

static int finish(void **state) {
    world_finish(*state);
    return 0;
}

/* Parameters of a pass: NULL, its defaults; or `weighted` and `directed` other than they are. False
 * where it has neither. */
static bool flipped(gx_value *out, const gx_pass *pass, gx_arena *arena) {
    *out = gx_map(arena, 3);
    for (size_t i = 0; i < pass->param_count; i++) {
        const gx_param *k = &pass->params[i];
        const bool shown = !(k->flags & GX_PARAM_HIDDEN); /* else refused */
        if (shown && (strcmp(k->name, "weighted") == 0 || strcmp(k->name, "directed") == 0)) {
            gx_map_put(arena, out, k->name, gx_bool(strcmp(k->fallback, "true") != 0));
        }
    }
    bool some = out->size > 0;
    for (size_t i = 0; some && i < pass->param_count; i++) {
        if (strcmp(pass->params[i].name, "samples") == 0) { /* searches by length take long */
            gx_map_put(arena, out, "samples", gx_int(40));
        }
    }
    return some;
}

/* Into `results`, which hold what the pass needs. */
static void run_at(gx_arrays *results, const gx_pass *pass, const gx_input *input,
                   const gx_value *params, int threads) {
    gx_error err = {0};
    gx_job job;
    gx_input given = *input;
    given.arrays = results;
    gx_job_init(&job, threads, 1);
    gx_status status = gx_pass_run(results, pass, NULL, &given, params, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

static void expect_invariant(const gx_arrays *results, const gx_pass *pass, const gx_input *input,
                             const gx_value *params, gx_arena *arena) {
    gx_args args;
    gx_error err = {0};
    gx_input given = *input;
    given.arrays = results;
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, params, &err),
                     GX_OK);
    gx_status status = pass->check(results, pass->name, &given, &args, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

/* Its own arrays; what it stands on is given to both. */
static void expect_same_bytes(const gx_arrays *a, const gx_arrays *b, const gx_pass *pass,
                              int threads) {
    size_t own = strlen(pass->name);
    for (size_t i = 0; i < gx_arrays_count(a); i++) {
        const gx_array *x = gx_arrays_at(a, i), *y = gx_arrays_find(b, x->name);
        bool is_own = strncmp(x->name, pass->name, own) == 0 && x->name[own] == '.';
        if (is_own && (!y || x->bytes != y->bytes || memcmp(x->data, y->data, x->bytes) != 0)) {
            fail_msg("%s is not the same bytes at %d threads", x->name, threads);
        }
    }
}

/* Everything that others stand on, on one thread. */
static void give(gx_arrays *results, const gx_pass *pass, const gx_input *input) {
    for (const char *const *name = pass->arrays; name && *name; name++) {
        char giver[64] = {0};
        snprintf(giver, sizeof giver, "%.*s", (int)strcspn(*name, "."), *name);
        const gx_pass *by = gx_pass_find(gx_engine_passes(), giver);
        assert_non_null(by);
        if (!gx_arrays_find(results, *name)) {
            give(results, by, input);
            run_at(results, by, input, NULL, 1);
        }
    }
}

static void try_pass(const gx_pass *pass, const gx_input *input, const gx_value *params,
                     gx_arena *arena) {
    gx_arrays *one;
    assert_int_equal(gx_arrays_create(&one, NULL), GX_OK);
    give(one, pass, input);
    run_at(one, pass, input, params, 1);
    expect_invariant(one, pass, input, params, arena);
    for (int threads = params ? 16 : 2; threads <= 16; threads *= 8) {
        gx_arrays *more;
        assert_int_equal(gx_arrays_create(&more, NULL), GX_OK);
        give(more, pass, input);
        run_at(more, pass, input, params, threads);
        expect_same_bytes(one, more, pass, threads);
        gx_arrays_destroy(more);
    }
    gx_arrays_destroy(one);
}

static void test_threads(void **state) {
    const world *w = *state;
    const gx_pass_table *all = gx_engine_passes();
    for (size_t p = 0; p < all->count; p++) {
        gx_arena *arena = gx_arena_create();
        gx_value other;
        if (!all->rows[p]->serial) {
            try_pass(all->rows[p], &w->input, NULL, arena);
            if (flipped(&other, all->rows[p], arena)) {
                try_pass(all->rows[p], &w->input, &other, arena);
            }
        }
        gx_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("threads", tests, make, finish);
}
