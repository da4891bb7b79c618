/* What the blend is learnt from: the same bytes at any number of threads, nothing of later, and
 * what a build makes of it. */
#include "api/api.h"
#include "api/build/blend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY INT64_C(86400000)

enum { USERS = 150, ITEMS = 60, EVENTS = 4000 };
static const int64_t START = INT64_C(1700000000000);

typedef struct shop {
    char path[64];
    gx_db *db;
} shop;

static gx_slice word(char *text, size_t size, char kind, uint32_t number) {
    int length = snprintf(text, size, "%c%u", kind, number);
    return (gx_slice){text, (size_t)length};
}

static uint32_t intern(gx_txn *txn, gx_space space, char kind, uint32_t number) {
    char text[16];
    uint32_t id;
    bool created;
    assert_int_equal(
        gx_word_intern(&id, &created, txn, space, word(text, sizeof text, kind, number), NULL),
        GX_OK);
    return id;
}

/* Events a quarter of an hour apart. Those from `after` on have their items shuffled by `seed`
 * (0: not); an item is drawn from the few of the member's eighth of the shop, or any. */
static void fill(gx_store *store, uint64_t seed, uint32_t after) {
    gx_txn *txn;
    gx_rng rng = gx_rng_at(7, 7), other = gx_rng_at(seed, 9);
    gx_slice buy = {"buy", 3}, friend = {"friend", 6};
    uint32_t kind, action;
    bool created;
    assert_int_equal(gx_txn_write(&txn, store, NULL), GX_OK);
    assert_int_equal(gx_word_intern(&action, &created, txn, GX_SPACE_ACTION, buy, NULL), GX_OK);
    assert_int_equal(gx_word_intern(&kind, &created, txn, GX_SPACE_TIE_KIND, friend, NULL), GX_OK);
    for (uint32_t u = 0; u < USERS; u++) {
        assert_int_equal(intern(txn, GX_SPACE_USER, 'u', u), u);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(intern(txn, GX_SPACE_ITEM, 'i', i), i);
    }
    for (uint32_t k = 0; k < 4 * USERS; k++) {
        uint32_t a = (uint32_t)gx_rng_below(&rng, USERS);
        uint32_t b = (a + 8 * (1 + (uint32_t)gx_rng_below(&rng, 10))) % USERS;
        gx_tie tie = {.src = a, .dst = b, .kind = kind, .weight = 1, .ts_ms = GX_TIME_UNKNOWN};
        assert_int_equal(gx_tie_put(&created, txn, &tie, NULL), GX_OK);
    }
    for (uint32_t k = 0; k < EVENTS; k++) {
        uint32_t user = (uint32_t)gx_rng_below(&rng, USERS);
        uint32_t item = gx_rng_below(&rng, 3)
                            ? (user % 8 * 7 + (uint32_t)gx_rng_below(&rng, 10)) % ITEMS
                            : (uint32_t)gx_rng_below(&rng, ITEMS);
        if (seed && k >= after) {
            item = (uint32_t)gx_rng_below(&other, ITEMS);
        }
        gx_event event = {.ts_ms = START + (int64_t)k * DAY / 96,
                          .user = user,
                          .item = item,
                          .action = action,
                          .channel = GX_NONE,
                          .group = GX_NONE,
                          .via = GX_NONE,
                          .campaign = GX_NONE,
                          .coupon = GX_NONE,
                          .value = NAN,
                          .qty = NAN,
                          .amount = NAN};
        assert_int_equal(gx_event_put(&created, txn, &event, NULL), GX_OK);
    }
    assert_int_equal(gx_txn_commit(txn, NULL), GX_OK);
}

static void shop_open(shop *s, uint64_t seed, uint32_t after) {
    gx_db_options options = {.create = true};
    char store[80];
    snprintf(s->path, sizeof s->path, "/tmp/gx-blend-XXXXXX");
    assert_non_null(mkdtemp(s->path));
    snprintf(store, sizeof store, "%s/shop.gx", s->path);
    assert_int_equal(gx_db_open(&s->db, store, &options, NULL), GX_OK);
    fill(gx_db_store(s->db), seed, after);
}

static void shop_close(shop *s) {
    char command[128];
    gx_db_close(s->db);
    snprintf(command, sizeof command, "rm -rf '%s'", s->path);
    assert_int_equal(system(command), 0);
}

static void gather(gx_blend_evidence *out, shop *s, gx_job *job, int threads) {
    gx_build_options options = {.blend = true};
    gx_error err = {0};
    gx_job_init(job, threads, 1);
    if (gx_blend_gather(out, s->db, &options, job, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
}

static bool same_list(const gx_blend_evidence *a, const gx_blend_list *x,
                      const gx_blend_evidence *b, const gx_blend_list *y) {
    return x->likes == y->likes && x->count == y->count && x->popular_rank == y->popular_rank &&
           memcmp(a->cell + x->from, b->cell + y->from, x->count * sizeof *a->cell) == 0;
}

static bool same_evidence(const gx_blend_evidence *a, uint32_t i, const gx_blend_evidence *b,
                          uint32_t k) {
    const gx_blend_take *x = &a->take[i], *y = &b->take[k];
    return same_list(a, &x->some_time, b, &y->some_time) && same_list(a, &x->just, b, &y->just) &&
           x->taste == y->taste && memcmp(x->chance, y->chance, sizeof x->chance) == 0;
}

static void test_threads(void **state) {
    (void)state;
    shop s;
    gx_job one, more;
    gx_blend_evidence a, b;
    shop_open(&s, 0, 0);
    gather(&a, &s, &one, 1);
    assert_true(a.count >= 200);
    for (int threads = 2; threads <= 16; threads += 14) {
        gather(&b, &s, &more, threads);
        assert_int_equal(a.count, b.count);
        for (uint32_t k = 0; k < a.count; k++) {
            assert_int_equal(a.take[k].user, b.take[k].user);
            assert_int_equal(a.take[k].item, b.take[k].item);
            assert_true(same_evidence(&a, k, &b, k));
        }
        gx_blend_evidence_finish(&b);
        assert_int_equal(atomic_load(&more.mem_used), 0);
    }
    gx_blend_evidence_finish(&a);
    assert_int_equal(atomic_load(&one.mem_used), 0);
    shop_close(&s);
}

/* Whatever happens from some time on: the evidence on takes before it is the same to the byte. The
 * events of the last tenth get other items; takes of the rounds before are looked for in both. */
static void test_nothing_of_later(void **state) {
    (void)state;
    const uint32_t after = EVENTS * 9 / 10;
    shop plain, changed;
    gx_job one, other;
    gx_blend_evidence a, b;
    uint32_t same = 0, later = 0, differ = 0;
    shop_open(&plain, 0, 0);
    shop_open(&changed, 5, after);
    gather(&a, &plain, &one, 2);
    gather(&b, &changed, &other, 2);
    for (uint32_t i = 0; i < a.count; i++) {
        for (uint32_t k = 0; k < b.count; k++) {
            if (a.take[i].user == b.take[k].user && a.take[i].item == b.take[k].item &&
                a.take[i].ts_ms == b.take[k].ts_ms) {
                bool is_later = a.take[i].ts_ms >= START + (int64_t)after * DAY / 96;
                bool equal = same_evidence(&a, i, &b, k);
                if (!is_later && !equal) {
                    fail_msg("u%u i%u saw what came later", a.take[i].user, a.take[i].item);
                }
                same += !is_later;
                later += is_later;
                differ += is_later && !equal;
            }
        }
    }
    assert_true(same >= 100);
    assert_true(later == 0 || differ > 0); /* what was changed is seen where it may be */
    gx_blend_evidence_finish(&a);
    gx_blend_evidence_finish(&b);
    shop_close(&plain);
    shop_close(&changed);
}

static const gx_value *get(const gx_value *map, const char *name) {
    const gx_value *value = gx_map_get(map, name);
    if (!value) {
        fail_msg("no %s", name);
    }
    return value;
}

static gx_value ask(shop *s, gx_arena *arena, const char *method, const char *json) {
    gx_value args, result = gx_nil();
    gx_error err = {0};
    assert_int_equal(gx_json_read(&args, arena, json, strlen(json), &err), GX_OK);
    if (gx_call(&result, s->db, method, &args, arena, &err) != GX_OK) {
        fail_msg("%s %s: %s", method, json, err.message);
    }
    return result;
}

/* A build learns; what is configured or asked for goes before it; without `blend` nothing is. */
static void test_build(void **state) {
    (void)state;
    static const char *const plain = "{\"user\": \"u3\", \"item\": \"i5\"}";
    static const char *const given =
        "{\"user\": \"u3\", \"item\": \"i5\", \"channels\": {\"friends\": 0.4}}";
    shop s;
    gx_arena *arena = gx_arena_create();
    assert_non_null(arena);
    shop_open(&s, 0, 0);
    (void)ask(&s, arena, "model.build", "{\"blend\": false}");
    gx_value told = ask(&s, arena, "rec.explain", plain);
    assert_string_equal(get(&told, "weights_from")->as.text, "configured");
    assert_int_equal(get(&told, "susceptibility")->type, GX_NIL);
    (void)ask(&s, arena, "model.build", "{}");
    told = ask(&s, arena, "rec.explain", plain);
    assert_string_equal(get(&told, "weights_from")->as.text, "learnt");
    const gx_value *own = get(&told, "susceptibility");
    double sum = 0, one;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        assert_true(gx_value_as_real(get(own, gx_channel_name((gx_channel)c)), &one));
        assert_true(one >= 0);
        sum += one;
    }
    assert_true(sum > 0.999 && sum < 1.001);
    told = ask(&s, arena, "rec.explain", given);
    assert_string_equal(get(&told, "weights_from")->as.text, "configured");
    assert_true(gx_value_as_real(get(get(&told, "weights"), "friends"), &one));
    assert_true(one > 0.399 && one < 0.401);
    (void)ask(&s, arena, "admin.config", "{\"name\": \"channels\", \"value\": {\"friends\": 0.3}}");
    told = ask(&s, arena, "rec.explain", plain);
    assert_string_equal(get(&told, "weights_from")->as.text, "configured");
    gx_arena_destroy(arena);
    shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_nothing_of_later),
        cmocka_unit_test(test_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
