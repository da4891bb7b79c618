/* A random shop written down as arrays, for the tests of the recommender. */
#ifndef GX_MODELS_REC_TESTING_H
#define GX_MODELS_REC_TESTING_H

#include "models/rec/rec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#define DAY INT64_C(86400000)

enum { USERS = 60, ITEMS = 80, CIRCLES = 4, CATEGORIES = 3, NEW_ITEMS = 5 };

typedef struct shop {
    gx_arena *arena;
    gx_arrays *arrays;
    gx_rec *rec;
    gx_rng rng;
    gx_rec_member member;
    gx_rec_request request;
    uint8_t *pass;
    gx_job job;
} shop;

static inline void *array(gx_arrays *arrays, const char *name, gx_dtype dtype, uint64_t rows) {
    void *data = NULL;
    assert_int_equal(gx_arrays_add(&data, arrays, name, dtype, rows, 0, NULL, NULL), GX_OK);
    return data;
}

static inline void make_linear(gx_arrays *arrays, gx_rng *rng) {
    enum { ROW = 12 };
    uint64_t *ptr = array(arrays, "linear.ptr", GX_U64, ITEMS + 1);
    uint32_t *item = array(arrays, "linear.item", GX_U32, ITEMS * ROW);
    float *weight = array(arrays, "linear.weight", GX_F32, ITEMS * ROW);
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t at = (uint32_t)gx_rng_below(rng, ITEMS / ROW);
        ptr[i + 1] = (uint64_t)(i + 1) * ROW;
        for (uint32_t k = 0; k < ROW; k++) {
            item[i * ROW + k] = at;
            weight[i * ROW + k] = (float)gx_rng_real(rng);
            at += 1 + (uint32_t)gx_rng_below(rng, ITEMS / ROW - 1);
        }
    }
}

static inline void make_circles(gx_arrays *arrays, gx_rng *rng) {
    enum { ROW = 10 };
    uint32_t *community = array(arrays, "leiden.community", GX_U32, USERS);
    uint32_t *size = array(arrays, "circle.size", GX_U32, CIRCLES);
    for (uint32_t u = 0; u < USERS; u++) {
        community[u] = u % CIRCLES;
        size[u % CIRCLES]++;
    }
    uint64_t *ptr = array(arrays, "circle.ptr", GX_U64, CIRCLES + 1);
    uint32_t *item = array(arrays, "circle.item", GX_U32, CIRCLES * ROW);
    uint32_t *count = array(arrays, "circle.count", GX_U32, CIRCLES * ROW);
    float *lift = array(arrays, "circle.lift", GX_F32, CIRCLES * ROW);
    for (uint32_t c = 0; c < CIRCLES; c++) {
        ptr[c + 1] = (uint64_t)(c + 1) * ROW;
        for (uint32_t k = 0; k < ROW; k++) {
            item[c * ROW + k] = k * (ITEMS / ROW) + (uint32_t)gx_rng_below(rng, ITEMS / ROW);
            count[c * ROW + k] = 1 + (uint32_t)gx_rng_below(rng, size[c]);
            lift[c * ROW + k] = (float)(gx_rng_real(rng) * 5);
        }
    }
}

static inline void make_leaders(gx_arrays *arrays, gx_rng *rng) {
    double *score = array(arrays, "leaders.score", GX_F64, USERS);
    uint32_t *rank = array(arrays, "leaders.rank", GX_U32, USERS);
    uint64_t *ptr = array(arrays, "leaders.category_ptr", GX_U64, CATEGORIES + 1);
    uint32_t *user = array(arrays, "leaders.category_user", GX_U32, CATEGORIES * 2);
    float *expert = array(arrays, "leaders.category_score", GX_F32, CATEGORIES * 2);
    uint32_t *label = array(arrays, "category.label", GX_U32, ITEMS);
    for (uint32_t u = 0; u < USERS; u++) {
        score[u] = 100.0 - u;
        rank[u] = u + 1;
    }
    for (uint32_t c = 0; c < CATEGORIES; c++) {
        ptr[c + 1] = (c + 1) * 2;
        for (uint32_t k = 0; k < 2; k++) {
            user[c * 2 + k] = (uint32_t)gx_rng_below(rng, USERS);
            expert[c * 2 + k] = 60 + (float)gx_rng_below(rng, 40);
        }
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        label[i] = i % (CATEGORIES + 1) == CATEGORIES ? GX_NONE : i % (CATEGORIES + 1);
    }
}

/* Each member is tied to the next two. */
static inline void make_strength(gx_arrays *arrays) {
    uint64_t *ptr = array(arrays, "strength.ptr", GX_U64, USERS + 1);
    uint32_t *dst = array(arrays, "strength.dst", GX_U32, USERS * 2);
    float *weight = array(arrays, "strength.weight", GX_F32, USERS * 2);
    for (uint32_t u = 0; u < USERS; u++) {
        ptr[u + 1] = (u + 1) * 2;
        for (uint32_t k = 0; k < 2; k++) {
            dst[u * 2 + k] = (u + 1 + k) % USERS;
            weight[u * 2 + k] = 0.9F - 0.4F * (float)k;
        }
    }
}

static inline gx_arrays *make_arrays(gx_rng *rng) {
    gx_arrays *arrays = NULL;
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    make_linear(arrays, rng);
    make_circles(arrays, rng);
    make_leaders(arrays, rng);
    make_strength(arrays);
    float *popular = array(arrays, "popular.score", GX_F32, ITEMS);
    uint32_t *count = array(arrays, "history.count", GX_U32, USERS);
    int64_t *last = array(arrays, "history.last", GX_I64, USERS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        popular[i] = (float)gx_rng_below(rng, 50);
    }
    for (uint32_t u = 0; u < USERS; u++) {
        count[u] = 0;
        last[u] = INT64_MIN;
    }
    return arrays;
}

/* A member with up to 6 items of history and up to 12 friends of up to 5 acts. */
static inline gx_rec_member make_member(gx_arena *arena, gx_rng *rng) {
    gx_rec_member m = {.now_ms = 1000 * DAY, .recent_from_ms = 970 * DAY};
    m.user = gx_rng_below(rng, 6) == 0 ? GX_NONE : (uint32_t)gx_rng_below(rng, USERS);
    uint32_t items = (uint32_t)gx_rng_below(rng, 7);
    uint32_t *item = gx_arena_get(arena, 7 * sizeof *item);
    float *weight = gx_arena_get(arena, 7 * sizeof *weight);
    int64_t *ts = gx_arena_get(arena, 7 * sizeof *ts);
    for (uint32_t k = 0; k < items; k++) {
        item[k] = k * 11 + (uint32_t)gx_rng_below(rng, 11);
        weight[k] = (float)gx_rng_real(rng) - 0.1F;
        ts[k] = (int64_t)gx_rng_below(rng, 1000) * DAY;
    }
    m.history = (gx_history){m.user, items, item, weight, ts};
    m.friend_count = (uint32_t)gx_rng_below(rng, 13);
    gx_friend *friends = gx_arena_get(arena, 13 * sizeof *friends);
    gx_act *acts = gx_arena_get(arena, 13 * 5 * sizeof *acts);
    uint32_t end = 0;
    float strength = 1;
    for (uint32_t f = 0; f < m.friend_count; f++) {
        strength = f + 1 == m.friend_count ? 0 : strength * (float)gx_rng_real(rng);
        friends[f] = (gx_friend){.user = f * 4 + (uint32_t)gx_rng_below(rng, 4),
                                 .strength = strength,
                                 .followed = strength > 0 && gx_rng_below(rng, 2) == 0,
                                 .act_from = end};
        for (uint64_t k = gx_rng_below(rng, 6); k > 0; k--) {
            acts[end++] = (gx_act){.user = friends[f].user,
                                   .item = (uint32_t)gx_rng_below(rng, ITEMS + NEW_ITEMS),
                                   .action = (uint32_t)gx_rng_below(rng, 3),
                                   .weight = (float)gx_rng_real(rng) + 0.01F,
                                   .ts_ms = (int64_t)gx_rng_below(rng, 1000) * DAY};
        }
        friends[f].act_to = end;
    }
    m.friends = friends;
    m.acts = acts;
    return m;
}

static inline gx_rec_request make_request(gx_arena *arena, gx_rng *rng, uint8_t **out_pass) {
    gx_rec_request request = {.n = 1 + (uint32_t)gx_rng_below(rng, 30),
                              .items = ITEMS + (uint32_t)gx_rng_below(rng, NEW_ITEMS + 1),
                              .why = true};
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        request.weights[c] = gx_rng_below(rng, 5) == 0 ? 0 : (float)gx_rng_real(rng);
    }
    uint8_t *pass = gx_arena_get(arena, ITEMS + NEW_ITEMS);
    uint64_t share = gx_rng_below(rng, 10);
    for (uint32_t i = 0; i < ITEMS + NEW_ITEMS; i++) {
        pass[i] = gx_rng_below(rng, 9) < share;
    }
    request.pass = gx_rng_below(rng, 4) == 0 ? NULL : pass;
    *out_pass = pass;
    return request;
}

static inline void shop_open(shop *s, uint64_t seed) {
    *s = (shop){.arena = gx_arena_create(), .rng = gx_rng_at(seed, 0)};
    gx_job_init(&s->job, 1, 1);
    s->arrays = make_arrays(&s->rng);
    assert_int_equal(gx_rec_open(&s->rec, s->arrays, NULL, USERS, ITEMS, NULL), GX_OK);
    s->member = make_member(s->arena, &s->rng);
    s->request = make_request(s->arena, &s->rng, &s->pass);
}

static inline void shop_close(shop *s) {
    gx_rec_close(s->rec);
    gx_arrays_destroy(s->arrays);
    gx_arena_destroy(s->arena);
}

static inline gx_rec_list list_of(shop *s) {
    gx_rec_list list = {0};
    assert_int_equal(
        gx_rec_list_make(&list, s->rec, &s->member, &s->request, s->arena, &s->job, NULL), GX_OK);
    return list;
}

static inline gx_rec_item explained(shop *s, uint32_t item, uint32_t *rank) {
    gx_rec_item made = {0};
    assert_int_equal(
        gx_rec_explain(&made, rank, s->rec, &s->member, &s->request, item, &s->job, NULL), GX_OK);
    return made;
}

static inline double share_sum(const gx_rec_item *item) {
    double sum = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        assert_true(item->channel[c] >= 0 && item->channel[c] <= 1 + 1e-12);
        sum += item->channel[c];
    }
    return sum;
}

#endif
