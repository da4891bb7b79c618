/* The space of parameters, and the search on a function whose best point is known. */
#include "models/eval/tune.h"

#include "models/model.h"
#include "models/testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const gx_param params[] = {
    {.name = "share", .type = GX_PARAM_REAL, .fallback = "0.5", .high = 1},
    {.name = "lambda", .type = GX_PARAM_REAL, .fallback = "100", .low = 1e-3, .high = 1e9},
    {.name = "weight", .type = GX_PARAM_REAL, .fallback = "0.03", .low = 1e-6, .high = 10},
    {.name = "count", .type = GX_PARAM_INT, .fallback = "8", .low = 1, .high = 1000},
    {.name = "width", .type = GX_PARAM_INT, .fallback = "0", .low = 0, .high = 1024},
    {.name = "way", .type = GX_PARAM_CHOICE, .fallback = "b", .low = 1, .choices = "a|b|c"},
    {.name = "deep", .type = GX_PARAM_BOOL, .fallback = "true", .low = 1},
    {.name = "fades", .type = GX_PARAM_DURATION, .fallback = "0", .low = 0, .high = 3.2e12},
    {.name = "learnt", .type = GX_PARAM_REAL, .low = 0, .high = 1},
    {.name = "note", .type = GX_PARAM_TEXT, .low = 1},
};

static const gx_pass pass = {.name = "made_up", .params = params, .param_count = GX_COUNT(params)};

static gx_value list_of(gx_arena *arena, const char *const *names) {
    gx_value list = gx_list(arena, 8);
    for (; *names; names++) {
        gx_list_add(arena, &list, gx_str(*names));
    }
    return list;
}

static gx_tune_space space_of(gx_arena *arena, const char *const *names) {
    gx_tune_space space;
    gx_error err = {0};
    const gx_value list = list_of(arena, names), none = gx_nil();
    must(gx_tune_space_make(&space, arena, &pass, &list, &none, &err), &err);
    return space;
}

static void ranges_come_from_the_table(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        bool log;
        double low, high;
    } want[] = {{"share", false, 0, 1}, {"lambda", true, 10, 1000},    {"weight", true, .003, .3},
                {"count", true, 2, 32}, {"width", true, 64, 1024},     {"way", false, 0, 2},
                {"deep", false, 0, 1},  {"fades", true, 864e5, 864e8}, {"learnt", false, 0, 1}};
    gx_arena *arena = gx_arena_create();
    for (size_t k = 0; k < GX_COUNT(want); k++) {
        const char *const names[] = {want[k].name, NULL};
        const gx_tune_space space = space_of(arena, names);
        assert_int_equal(space.count, 1);
        assert_int_equal(space.axis[0].log, want[k].log);
        assert_true(fabs(space.axis[0].low - want[k].low) < 1e-9 * (1 + want[k].low));
        assert_true(fabs(space.axis[0].high - want[k].high) < 1e-9 * (1 + want[k].high));
    }
    gx_arena_destroy(arena);
}

/* Every value is accepted by the table, and lies where it came from. */
static void values_are_accepted(void **unused) {
    (void)unused;
    static const char *const names[] = {"share", "lambda", "weight", "count",  "width",
                                        "way",   "deep",   "fades",  "learnt", NULL};
    gx_arena *arena = gx_arena_create();
    const gx_tune_space space = space_of(arena, names);
    for (int step = 0; step <= 1000; step++) {
        gx_tune_point point = gx_tune_usual();
        gx_value map = gx_map(arena, 16);
        gx_args args;
        gx_error err = {0};
        for (size_t k = 0; k < space.count; k++) {
            point.at[k] = step / 1000.0;
        }
        gx_tune_put(&map, arena, &space, &point);
        assert_true(map.size == space.count);
        must(gx_args_parse(&args, arena, params, GX_COUNT(params), &map, &err), &err);
        for (size_t k = 0; k < space.count; k++) {
            const gx_value value = gx_tune_value(&space.axis[k], point.at[k], arena);
            const double place = gx_tune_place(&space.axis[k], &value);
            const gx_value again = gx_tune_value(&space.axis[k], place, arena);
            double a = 0, b = 0;
            assert_true(place >= 0);
            if (gx_value_as_real(&value, &a) && gx_value_as_real(&again, &b)) {
                assert_true(fabs(a - b) <= 1e-9 * fabs(a));
            }
        }
    }
    gx_arena_destroy(arena);
}

static void mistakes_are_named(void **unused) {
    (void)unused;
    static const struct {
        const char *names[3];
        bool fixed;
        const char *word;
    } cases[] = {{{"shar"}, false, "share, lambda"},
                 {{"note"}, false, "note is a text"},
                 {{"share", "share"}, false, "twice"},
                 {{"share"}, true, "given a value too"}};
    gx_arena *arena = gx_arena_create();
    for (size_t k = 0; k < GX_COUNT(cases); k++) {
        gx_tune_space space;
        gx_error err = {0};
        gx_value fixed = gx_nil();
        const gx_value names = list_of(arena, cases[k].names);
        if (cases[k].fixed) {
            fixed = gx_map(arena, 1);
            gx_map_put(arena, &fixed, "share", gx_real(0.1));
        }
        assert_int_equal(gx_tune_space_make(&space, arena, &pass, &names, &fixed, &err),
                         GX_BAD_REQUEST);
        if (!strstr(err.message, cases[k].word)) {
            fail_msg("%s: no %s", err.message, cases[k].word);
        }
    }
    gx_arena_destroy(arena);
}

/* What is searched of its own accord is sound for every model there is. */
static void every_model_has_a_space(void **unused) {
    (void)unused;
    gx_arena *arena = gx_arena_create();
    for (size_t m = 0; m < gx_models()->count; m++) {
        const gx_pass *of = &gx_models()->rows[m]->pass;
        const gx_value none = gx_nil();
        gx_tune_space space;
        gx_error err = {0};
        const gx_status status = gx_tune_space_make(&space, arena, of, &none, &none, &err);
        if (status != GX_OK) {
            assert_int_equal(status, GX_BAD_REQUEST);
            assert_non_null(strstr(err.message, of->name));
            continue;
        }
        for (int step = 0; step <= 20; step++) {
            gx_tune_point point = gx_tune_usual();
            gx_value map = gx_map(arena, 16);
            gx_args args;
            for (size_t k = 0; k < space.count; k++) {
                point.at[k] = step / 20.0;
            }
            gx_tune_put(&map, arena, &space, &point);
            must(gx_args_parse(&args, arena, of->params, of->param_count, &map, &err), &err);
        }
    }
    gx_arena_destroy(arena);
}

/* ---- the search -------------------------------------------------------------------------------
 */

typedef struct game {
    const gx_tune_space *space;
    uint32_t calls, stop_at, fail_every;
    uint32_t wholes, smalls, time;
} game;

/* Best at share .8 and lambda 300; by a part of the data a little beside it. */
static gx_status play(double *out, void *user, uint32_t trial, const gx_tune_point *point,
                      bool small, gx_error *err) {
    game *g = user;
    (void)trial;
    if (++g->calls == g->stop_at) {
        return gx_fail(err, GX_CANCELLED, "stopped");
    }
    *(small ? &g->smalls : &g->wholes) += 1;
    const double x = isnan(point->at[0]) ? 0.5 : point->at[0];
    const double y = isnan(point->at[1]) ? 0.5 : point->at[1];
    *out = 1 - (x - 0.8) * (x - 0.8) - (y - 0.74) * (y - 0.74) + (small ? 0.01 * x : 0);
    if (g->fail_every && g->calls % g->fail_every == 0) {
        *out = NAN;
    }
    return GX_OK;
}

static bool in_time(void *user, bool small) {
    const game *g = user;
    (void)small;
    return g->time == 0 || g->calls < g->time;
}

static gx_status search(gx_tune_trial *trials, uint32_t *count, uint32_t *best, gx_tune_end *end,
                        game *g, uint32_t most, bool has_small, uint64_t seed) {
    gx_error err = {0};
    const gx_tune_search s = {.space = g->space,
                              .most = most,
                              .has_small = has_small,
                              .seed = seed,
                              .judge = play,
                              .may_go_on = in_time,
                              .user = g};
    return gx_tune_run(trials, count, best, end, &s, &err);
}

static void the_best_is_found(void **unused) {
    (void)unused;
    static const char *const names[] = {"share", "lambda", NULL};
    gx_arena *arena = gx_arena_create();
    const gx_tune_space space = space_of(arena, names);
    gx_tune_trial trials[60], again[60];
    for (int has_small = 0; has_small < 2; has_small++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            game g = {.space = &space}, h = g;
            uint32_t count, best, count2, best2;
            gx_tune_end end;
            assert_int_equal(search(trials, &count, &best, &end, &g, 60, has_small, seed), GX_OK);
            assert_int_equal(search(again, &count2, &best2, &end, &h, 60, has_small, seed), GX_OK);
            assert_int_equal(count, 60);
            assert_int_equal(end, GX_TUNE_END_TRIALS);
            assert_int_equal(best, best2);
            assert_true(isnan(trials[0].point.at[0]) && !isnan(trials[0].whole));
            for (uint32_t t = 0; t < count; t++) {
                assert_true(isnan(trials[t].whole) || trials[t].whole <= trials[best].whole);
                for (size_t k = 0; k < 2 && t > 0; k++) {
                    assert_true(trials[t].point.at[k] == again[t].point.at[k] ||
                                (isnan(trials[t].point.at[k]) && isnan(again[t].point.at[k])));
                }
            }
            assert_true(trials[best].whole > 0.99);
            assert_true(has_small ? g.wholes < 25 && g.smalls == 59 : g.wholes == 60);
        }
    }
    gx_arena_destroy(arena);
}

static void it_ends_where_it_must(void **unused) {
    (void)unused;
    static const char *const names[] = {"share", "lambda", NULL}, *const few[] = {"way", "deep",
                                                                                  NULL};
    gx_arena *arena = gx_arena_create();
    const gx_tune_space space = space_of(arena, names), small_space = space_of(arena, few);
    gx_tune_trial trials[60];
    uint32_t count, best;
    gx_tune_end end;
    game all = {.space = &small_space}; /* 3 × 2 points in all */
    assert_int_equal(search(trials, &count, &best, &end, &all, 60, false, 1), GX_OK);
    assert_int_equal(count, 6);
    assert_int_equal(end, GX_TUNE_END_EXHAUSTED);
    for (uint32_t time = 1; time < 40; time++) {
        for (int has_small = 0; has_small < 2; has_small++) {
            game g = {.space = &space, .time = time};
            assert_int_equal(search(trials, &count, &best, &end, &g, 60, has_small, 1), GX_OK);
            assert_int_equal(end, GX_TUNE_END_TIME);
            assert_int_equal(g.calls, time);
            assert_true(best < count);
            game stopped = {.space = &space, .stop_at = time};
            assert_int_equal(search(trials, &count, &best, &end, &stopped, 60, has_small, 1),
                             GX_CANCELLED);
            assert_int_equal(end, GX_TUNE_END_STOPPED);
            assert_true(time == 1 ? best == GX_NONE : best < count);
            for (uint32_t t = 0; t < count && time > 1; t++) { /* none that was not tried */
                assert_false(isnan(trials[t].small) && isnan(trials[t].whole));
            }
        }
    }
    game failing = {.space = &space, .fail_every = 3};
    assert_int_equal(search(trials, &count, &best, &end, &failing, 60, true, 1), GX_OK);
    assert_int_equal(count, 60);
    game none = {.space = &space, .fail_every = 1};
    assert_int_equal(search(trials, &count, &best, &end, &none, 60, true, 1), GX_INTERNAL);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_come_from_the_table), cmocka_unit_test(values_are_accepted),
        cmocka_unit_test(mistakes_are_named),         cmocka_unit_test(every_model_has_a_space),
        cmocka_unit_test(the_best_is_found),          cmocka_unit_test(it_ends_where_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
