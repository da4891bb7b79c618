/* What a circle took around a take: against a plain twin, the same at any number of threads, and a
 * circle's fashion told from its taste. */
#include "api/build/blend_crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

enum { USERS = 24, ITEMS = 40, CATEGORIES = 5, CROWD = 300, TAKES = 60, ROUNDS = 40 };
static const double DAY_MS = 86400000.0;

typedef struct world {
    gx_crowd_take crowd[CROWD];
    uint32_t circle[USERS], label[ITEMS];
    gx_blend_take take[TAKES];
    gx_labels category;
} world;

/* Members without a circle, items without a category, and items beyond the snapshot are among them.
 */
static void draw(world *w, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 1);
    for (uint32_t u = 0; u < USERS; u++) {
        uint32_t circle = (uint32_t)gx_rng_below(&rng, 5);
        w->circle[u] = circle == 4 ? GX_NONE : circle;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t label = (uint32_t)gx_rng_below(&rng, CATEGORIES + 1);
        w->label[i] = label == CATEGORIES ? GX_NONE : label;
    }
    for (uint32_t k = 0; k < CROWD; k++) {
        w->crowd[k] = (gx_crowd_take){.ts_ms = (int64_t)(gx_rng_real(&rng) * 500 * DAY_MS),
                                      .user = (uint32_t)gx_rng_below(&rng, USERS + 1),
                                      .item = (uint32_t)gx_rng_below(&rng, ITEMS + 1)};
    }
    for (uint32_t k = 0; k < TAKES; k++) {
        const gx_crowd_take *of = &w->crowd[gx_rng_below(&rng, CROWD)];
        w->take[k] = (gx_blend_take){.user = of->user, .item = of->item, .ts_ms = of->ts_ms};
    }
    w->category = (gx_labels){.n = ITEMS, .count = CATEGORIES, .label = w->label};
}

static void look(world *w, int threads) {
    gx_job job;
    gx_crowd crowd = {.take = w->crowd,
                      .count = CROWD,
                      .circle = w->circle,
                      .users = USERS,
                      .items = ITEMS,
                      .category = &w->category};
    gx_job_init(&job, threads, 1);
    assert_int_equal(gx_crowd_look(w->take, TAKES, &crowd, &job, NULL), GX_OK);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

/* x of one item, by a walk over everything. */
static double plain_beyond(const world *w, const gx_blend_take *take, double days, uint32_t item) {
    double own = 0, category = 0, all = 0, all_category = 0;
    for (uint32_t k = 0; k < CROWD; k++) {
        const gx_crowd_take *t = &w->crowd[k];
        if (t->item >= ITEMS) {
            continue;
        }
        bool same = w->label[t->item] == w->label[item];
        bool near = t->user < USERS && t->user != take->user &&
                    w->circle[t->user] == w->circle[take->user] &&
                    (double)t->ts_ms >= (double)take->ts_ms - days * DAY_MS &&
                    (double)t->ts_ms < (double)take->ts_ms + days * DAY_MS;
        all += t->item == item;
        all_category += same;
        own += near && t->item == item;
        category += near && same;
    }
    return own > 0 ? fmax(own - category * all / all_category, 0) : 0;
}

static double plain_chance(const world *w, const gx_blend_take *take, double days, double power) {
    double sum = 0;
    if (take->user >= USERS || w->circle[take->user] == GX_NONE || take->item >= ITEMS) {
        return 0;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        sum += pow(plain_beyond(w, take, days, i), power);
    }
    return sum > 0 ? pow(plain_beyond(w, take, days, take->item), power) / sum : 0;
}

static void test_twin(void **state) {
    (void)state;
    static world w;
    uint32_t told = 0;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        draw(&w, seed);
        look(&w, 1);
        for (uint32_t k = 0; k < TAKES; k++) {
            for (uint32_t s = 0; s < GX_BLEND_SHAPES; s++) {
                double plain =
                    plain_chance(&w, &w.take[k], gx_blend_window_days[s / GX_BLEND_POWERS],
                                 s % GX_BLEND_POWERS + 1.0);
                double chance = w.take[k].chance[GX_CHANNEL_CIRCLE][s];
                assert_true(fabs(chance - plain) < 1e-9);
                told += chance > 0;
            }
        }
    }
    assert_true(told > ROUNDS * TAKES);
}

static void test_threads(void **state) {
    (void)state;
    static world one, more;
    draw(&one, 7);
    look(&one, 1);
    for (int threads = 2; threads <= 16; threads += 14) {
        draw(&more, 7);
        look(&more, threads);
        assert_memory_equal(one.take, more.take, sizeof one.take);
    }
}

/* Everybody buys item 0 of a category of two, and the circle as much as anybody: its taste. Item 1
 * is bought in the circle alone: its fashion. */
static void test_taste_is_no_fashion(void **state) {
    (void)state;
    enum { MEMBERS = 40, OWN = 8 };
    static gx_crowd_take crowd[2 * MEMBERS];
    static uint32_t circle[MEMBERS], label[3] = {0, 0, 1};
    gx_labels category = {.n = 3, .count = 2, .label = label};
    gx_blend_take take[2] = {{.user = 0, .item = 0, .ts_ms = 1},
                             {.user = 0, .item = 1, .ts_ms = 1}};
    size_t count = 0;
    gx_job job;
    for (uint32_t u = 0; u < MEMBERS; u++) {
        circle[u] = u < OWN ? 0 : 1;
        crowd[count++] = (gx_crowd_take){.ts_ms = u, .user = u, .item = 0};
        if (u < OWN) {
            crowd[count++] = (gx_crowd_take){.ts_ms = u, .user = u, .item = 1};
        }
    }
    gx_crowd all = {crowd, count, circle, MEMBERS, 3, &category};
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_crowd_look(take, 2, &all, &job, NULL), GX_OK);
    assert_true(take[0].chance[GX_CHANNEL_CIRCLE][0] == 0);
    assert_true(take[1].chance[GX_CHANNEL_CIRCLE][0] == 1);
}

static void test_nothing(void **state) {
    (void)state;
    gx_job job;
    gx_crowd none = {0};
    gx_blend_take take = {.user = 3, .item = 2};
    gx_job_init(&job, 2, 1);
    assert_int_equal(gx_crowd_look(&take, 1, &none, &job, NULL), GX_OK);
    assert_true(take.chance[GX_CHANNEL_CIRCLE][0] == 0);
    gx_job_cancel(&job);
    assert_int_equal(gx_crowd_look(&take, 1, &none, &job, NULL), GX_CANCELLED);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_taste_is_no_fashion),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
