/* Learning the blend: the gain against a plain twin, what was planted, and the same at any number
 * of threads. */
#include "models/rec/blend_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

enum { USERS = 300, A_MEMBER = 6, TAKES = USERS * A_MEMBER, ITEMS = 400, RIVALS = 20 };

typedef struct log {
    gx_blend_take *take;
    gx_blend_cell *cell;
    uint32_t *likes, *taken;
    float *own;     /* what is learnt of each member */
    double *chance; /* users × channels: what was planted */
    uint32_t cause[TAKES];
} log_t;

static void log_init(log_t *log) {
    log->take = gx_alloc0(TAKES, sizeof *log->take);
    log->cell = gx_alloc0((size_t)TAKES * (RIVALS + 1), sizeof *log->cell);
    log->likes = gx_alloc0(USERS, sizeof *log->likes);
    log->taken = gx_alloc0(USERS, sizeof *log->taken);
    log->own = gx_alloc0(USERS * GX_CHANNEL_COUNT, sizeof *log->own);
    log->chance = gx_alloc0(USERS * GX_CHANNEL_COUNT, sizeof *log->chance);
    assert_true(log->take && log->cell && log->likes && log->taken && log->own && log->chance);
}

static void log_finish(log_t *log) {
    gx_free(log->take);
    gx_free(log->cell);
    gx_free(log->likes);
    gx_free(log->taken);
    gx_free(log->own);
    gx_free(log->chance);
}

static uint32_t draw(gx_rng *rng, const double *weight, uint32_t count) {
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        sum += weight[k];
    }
    double at = gx_rng_real(rng) * sum;
    for (uint32_t k = 0; k + 1 < count; k++) {
        at -= weight[k];
        if (at < 0) {
            return k;
        }
    }
    return count - 1;
}

/* Each take from one channel, drawn by the member's own chances; within it an item by s². Every
 * channel speaks for a few of the items, at random. The first cell is what was taken. */
static void plant(log_t *log, const double mix[GX_CHANNEL_COUNT], double own, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 0);
    for (uint32_t u = 0; u < USERS; u++) {
        uint32_t most = draw(&rng, mix, GX_CHANNEL_COUNT);
        log->likes[u] = 1 + u % 60;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            log->chance[u * GX_CHANNEL_COUNT + c] = (1 - own) * mix[c] + (c == most ? own : 0);
        }
    }
    for (uint32_t k = 0; k < TAKES; k++) {
        gx_blend_take *take = &log->take[k];
        gx_blend_cell *cells = log->cell + (size_t)k * (RIVALS + 1);
        uint32_t user = k / A_MEMBER;
        const gx_blend_list list = {.from = (uint64_t)k * (RIVALS + 1),
                                    .count = RIVALS + 1,
                                    .likes = log->likes[user],
                                    .popular_rank = GX_NONE};
        *take =
            (gx_blend_take){.user = user, .some_time = list, .just = list, .taste = 1.0 / ITEMS};
        double mass[GX_BLEND_POWERS][GX_CHANNEL_COUNT] = {0};
        for (uint32_t i = 0; i <= RIVALS; i++) {
            for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
                double s = gx_rng_real(&rng) < 0.3 ? gx_rng_real(&rng) : 0;
                cells[i].s[c] = (float)s;
                for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
                    mass[p][c] += pow((double)cells[i].s[c], p + 1.0);
                }
            }
        }
        double weight[RIVALS + 1];
        uint32_t c = draw(&rng, log->chance + (size_t)user * GX_CHANNEL_COUNT, GX_CHANNEL_COUNT);
        for (uint32_t i = 0; i <= RIVALS; i++) {
            weight[i] = (double)cells[i].s[c] * (double)cells[i].s[c];
        }
        uint32_t taken = draw(&rng, weight, RIVALS + 1);
        gx_blend_cell moved = cells[0];
        cells[0] = cells[taken];
        cells[taken] = moved;
        for (uint32_t other = 0; other < GX_CHANNEL_COUNT; other++) {
            for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
                take->chance[other][p] =
                    mass[p][other] > 0 ? pow((double)cells[0].s[other], p + 1.0) / mass[p][other]
                                       : 0;
            }
        }
        log->cause[k] = c;
    }
}

static void learn(gx_blend *out, log_t *log, int threads) {
    gx_job job;
    gx_job_init(&job, threads, 1);
    assert_int_equal(gx_blend_learn(out, log->own, log->taken, log->likes, USERS, ITEMS, log->take,
                                    TAKES, log->cell, &job, NULL),
                     GX_OK);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

/* Sorts nothing and counts one by one. */
static double plain_gain(const gx_blend_take *take, const gx_blend_cell *cells, const float *w) {
    float own = 0;
    double before = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        own += w[c] * cells[take->some_time.from].s[c];
    }
    for (uint64_t i = take->some_time.from + 1; i < take->some_time.from + take->some_time.count;
         i++) {
        float score = 0;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            score += w[c] * cells[i].s[c];
        }
        before += score > own ? 1 : score == own ? 0.5 : 0;
    }
    return own > 0 && before + 1 <= GX_BLEND_TOP ? 1 / log2(2 + before) : 0;
}

static void test_gain(void **state) {
    (void)state;
    log_t log;
    const double mix[] = {0.25, 0.25, 0.25, 0.25};
    log_init(&log);
    plant(&log, mix, 0, 3);
    gx_rng rng = gx_rng_at(5, 5);
    for (uint32_t k = 0; k < TAKES; k++) {
        float w[GX_CHANNEL_COUNT];
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            w[c] = (float)gx_rng_below(&rng, 4) / 4;
        }
        double told = gx_blend_gain(&log.take[k].some_time, log.cell, w);
        assert_true(fabs(told - plain_gain(&log.take[k], log.cell, w)) < 1e-12);
        assert_true(told >= 0 && told <= 1);
    }
    log_finish(&log);
}

static void test_buckets(void **state) {
    (void)state;
    for (uint32_t likes = 0; likes < 300; likes++) {
        uint32_t b = gx_blend_bucket(likes);
        assert_true(likes >= gx_blend_least[b]);
        assert_true(b + 1 == GX_BLEND_BUCKETS || likes < gx_blend_least[b + 1]);
    }
}

/* The share of takes by each channel within .04, and members whom one channel moves are told. */
static void test_planted_mix(void **state) {
    (void)state;
    static const double mixes[][GX_CHANNEL_COUNT] = {
        {0.25, 0.20, 0.20, 0.35}, {0.05, 0.05, 0.10, 0.80}, {0.60, 0.10, 0.20, 0.10}};
    log_t log;
    log_init(&log);
    for (size_t m = 0; m < GX_COUNT(mixes); m++) {
        gx_blend blend;
        double right = 0, told[GX_CHANNEL_COUNT] = {0}, planted[GX_CHANNEL_COUNT] = {0};
        plant(&log, mixes[m], 0.7, 11 + m);
        learn(&blend, &log, 1);
        for (uint32_t u = 0; u < USERS; u++) {
            uint32_t most = 0, said = 0;
            const double *chance = log.chance + (size_t)u * GX_CHANNEL_COUNT;
            const float *own = log.own + (size_t)u * GX_CHANNEL_COUNT;
            double sum = 0;
            for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
                most = chance[c] > chance[most] ? c : most;
                said = own[c] > own[said] ? c : said;
                sum += (double)own[c];
                told[c] += (double)own[c] / USERS;
                assert_true(own[c] >= 0);
            }
            assert_true(fabs(sum - 1) < 1e-5);
            assert_int_equal(log.taken[u], A_MEMBER);
            right += most == said ? 1.0 / USERS : 0;
        }
        for (uint32_t k = 0; k < TAKES; k++) {
            planted[log.cause[k]] += 1.0 / TAKES;
        }
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            if (fabs(told[c] - planted[c]) > 0.04) {
                fail_msg("mix %zu, %s: %.3f, planted %.3f", m, gx_channel_name((gx_channel)c),
                         told[c], planted[c]);
            }
        }
        assert_true(right >= 0.85);
        assert_true(blend.personal > 0);
    }
    log_finish(&log);
}

/* Nobody is moved by ties: interest alone in every bucket with a history, whatever the seed.
 * Without one (nobody here) the configured weights. */
static void test_ties_are_left_out(void **state) {
    (void)state;
    const double mix[] = {0, 0, 0, 1};
    log_t log;
    gx_blend blend;
    log_init(&log);
    for (uint64_t seed = 21; seed < 29; seed++) {
        plant(&log, mix, 0, seed);
        learn(&blend, &log, 1);
        assert_int_equal(blend.part[0].source, GX_BLEND_SOURCE_CONFIGURED);
        assert_true(blend.part[0].weight[GX_CHANNEL_FRIENDS] > 0);
        for (uint32_t b = 1; b < GX_BLEND_BUCKETS; b++) {
            assert_int_equal(blend.part[b].source, GX_BLEND_SOURCE_INTEREST);
            assert_true(blend.part[b].weight[GX_CHANNEL_INTEREST] == 1);
        }
    }
    log_finish(&log);
}

/* The first `members` have no history, and what is popular stands at `rank` of their lists. */
static void forget(log_t *log, uint32_t members, uint32_t rank) {
    for (uint32_t k = 0; k < members * A_MEMBER; k++) {
        gx_blend_take *take = &log->take[k];
        take->some_time.likes = take->just.likes = 0;
        take->some_time.popular_rank = take->just.popular_rank = rank;
        for (uint32_t i = 0; i <= RIVALS; i++) {
            log->cell[take->some_time.from + i].s[GX_CHANNEL_INTEREST] = 0;
        }
    }
}

/* Without a history: the ladder holds where few tell of it; where more do and popularity is better
 * it is shown, where ties are better by far they are learnt. */
static void test_without_history(void **state) {
    (void)state;
    static const struct {
        double mix[GX_CHANNEL_COUNT];
        uint32_t members, rank;
        gx_blend_source source;
    } cases[] = {{{0, 0, 0, 1}, 26, 1, GX_BLEND_SOURCE_CONFIGURED},
                 {{0, 0, 0, 1}, 120, 1, GX_BLEND_SOURCE_INTEREST},
                 {{1, 0, 0, 0}, 120, 300, GX_BLEND_SOURCE_LEARNT}};
    log_t log;
    gx_blend blend;
    log_init(&log);
    for (size_t k = 0; k < GX_COUNT(cases); k++) {
        plant(&log, cases[k].mix, 0, 71);
        forget(&log, cases[k].members, cases[k].rank);
        learn(&blend, &log, 1);
        assert_int_equal(blend.part[0].members, cases[k].members);
        assert_int_equal(blend.part[0].source, cases[k].source);
    }
    log_finish(&log);
}

/* What no channel speaks for stands where popularity puts it, behind what they speak for. */
static void test_popular_behind(void **state) {
    (void)state;
    gx_blend_cell cells[] = {{{0}}, {{0.5F}}, {{0.2F}}, {{0}}};
    gx_blend_list list = {.count = GX_COUNT(cells), .popular_rank = 3};
    const float friends[GX_CHANNEL_COUNT] = {1}, circle[GX_CHANNEL_COUNT] = {0, 1};
    assert_true(fabs(gx_blend_gain(&list, cells, friends) - 1 / log2(1 + 5)) < 1e-12);
    assert_true(fabs(gx_blend_gain(&list, cells, circle) - 1 / log2(1 + 3)) < 1e-12);
    list.popular_rank = 32;
    assert_true(gx_blend_gain(&list, cells, friends) == 0);
    list.popular_rank = GX_NONE;
    assert_true(gx_blend_gain(&list, cells, friends) == 0);
}

static void test_learnt_beats_interest(void **state) {
    (void)state;
    const double mix[] = {0.4, 0.1, 0.2, 0.3};
    log_t log;
    gx_blend blend;
    log_init(&log);
    plant(&log, mix, 0.5, 31);
    learn(&blend, &log, 1);
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        const gx_blend_part *part = &blend.part[b];
        float sum = 0;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            assert_true(part->weight[c] >= 0);
            sum += part->weight[c];
        }
        assert_true(fabsf(sum - 1) < 1e-5F);
        if (part->members >= 50) {
            assert_int_equal(part->source, GX_BLEND_SOURCE_LEARNT);
            assert_true(part->learnt > 1.2 * part->interest);
        }
    }
    log_finish(&log);
}

static void test_threads(void **state) {
    (void)state;
    const double mix[] = {0.3, 0.2, 0.2, 0.3};
    log_t log;
    gx_blend one, more;
    float *own = gx_alloc0(USERS * GX_CHANNEL_COUNT, sizeof *own);
    assert_non_null(own);
    log_init(&log);
    plant(&log, mix, 0.5, 41);
    memset(&one, 0, sizeof one);
    learn(&one, &log, 1);
    memcpy(own, log.own, USERS * GX_CHANNEL_COUNT * sizeof *own);
    for (int threads = 2; threads <= 16; threads += 14) {
        memset(&more, 0, sizeof more);
        learn(&more, &log, threads);
        for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
            assert_memory_equal(one.part[b].weight, more.part[b].weight, sizeof one.part[b].weight);
            assert_memory_equal(one.part[b].mix, more.part[b].mix, sizeof one.part[b].mix);
        }
        assert_memory_equal(own, log.own, USERS * GX_CHANNEL_COUNT * sizeof *own);
        assert_true(one.personal == more.personal && one.prior == more.prior);
    }
    gx_free(own);
    log_finish(&log);
}

static void test_too_little(void **state) {
    (void)state;
    log_t log;
    gx_blend blend;
    gx_job job;
    const double mix[] = {0.3, 0.2, 0.2, 0.3};
    log_init(&log);
    plant(&log, mix, 0.5, 51);
    gx_job_init(&job, 1, 1);
    for (uint32_t count = 0; count < 200; count += 199) {
        assert_int_equal(gx_blend_learn(&blend, log.own, log.taken, log.likes, USERS, ITEMS,
                                        log.take, count, log.cell, &job, NULL),
                         GX_OK);
        for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
            assert_int_equal(blend.part[b].source, GX_BLEND_SOURCE_CONFIGURED);
        }
        assert_true(log.own[0] == 0.25F);
    }
    gx_job_cancel(&job);
    assert_int_equal(gx_blend_learn(&blend, log.own, log.taken, log.likes, USERS, ITEMS, log.take,
                                    TAKES, log.cell, &job, NULL),
                     GX_CANCELLED);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    log_finish(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gain),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_planted_mix),
        cmocka_unit_test(test_ties_are_left_out),
        cmocka_unit_test(test_without_history),
        cmocka_unit_test(test_popular_behind),
        cmocka_unit_test(test_learnt_beats_interest),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
