/* What is judged is what is served: lists of a time, made from the whole store, are those that
 * rec.user answers on a store of what was before that time alone. */
#include "api/build/blend_lists.h"
#include "api/testing.h"

enum { USERS = 160, ITEMS = 80, EVENTS = 3200, TIES = 700, N = 15, CUT = EVENTS / 5 * 4 };
static const int64_t START = INT64_C(1700000000000), STEP = INT64_C(9000000); /* 2.5 hours */

/* Rows are put, and members asked for, in calls of so many. */
enum { AT_ONCE = 400, AT_A_CALL = 20 };

typedef struct putting {
    test_shop *s;
    const char *method, *list;
    gx_value rows;
} putting;

static void put_all(putting *p) {
    if (p->rows.type == GX_LIST && p->rows.size > 0) {
        test_put(p->s, p->method, p->list, p->rows);
    }
    p->rows = gx_list(p->s->arena, AT_ONCE);
}

static void put_row(putting *p, gx_value row) {
    gx_list_add(p->s->arena, &p->rows, row);
    if (p->rows.size == AT_ONCE) {
        put_all(p);
    }
}

static putting begin(test_shop *s, const char *method, const char *list) {
    return (putting){s, method, list, gx_list(s->arena, AT_ONCE)};
}

/* Records of one kind, each as `fields` has it. */
static void put_records(test_shop *s, const char *method, const char *list, uint32_t count,
                        void (*fields)(gx_value *row, test_shop *s, uint32_t number)) {
    putting p = begin(s, method, list);
    for (uint32_t k = 0; k < count; k++) {
        gx_value row = gx_map(s->arena, 8);
        fields(&row, s, k);
        put_row(&p, row);
    }
    put_all(&p);
}

/* Items of a category, a brand and a price each, one in eight bought again and again; the last
 * tenth nobody has touched before the cut. */
static void item_fields(gx_value *row, test_shop *s, uint32_t i) {
    test_put_int(s, row, "item_id", "i", i);
    test_put_int(s, row, "category", "c", i % 8);
    test_put_int(s, row, "brand", "b", i % 5);
    gx_map_put(s->arena, row, "price", gx_int(10 + i * 7 % 90));
    if (i % 8 == 3) {
        gx_map_put(s->arena, row, "repeat", gx_str("30d"));
    }
}

/* Some declared what they like or dislike; of the last twenty nothing happened but to their record.
 */
static void user_fields(gx_value *row, test_shop *s, uint32_t u) {
    test_put_int(s, row, "user_id", "u", u);
    test_put_int(s, row, "city", "city", u % 4);
    if (u % 6 == 1) {
        test_put_int(s, row, "prefers", "c", u % 8);
    }
    if (u % 7 == 1) {
        test_put_int(s, row, "dislikes", "b", u % 5);
    }
}

static void group_fields(gx_value *row, test_shop *s, uint32_t g) {
    test_put_int(s, row, "group_id", "g", g);
}

static void put_members(test_shop *s, int64_t until_ms) {
    gx_rng rng = gx_rng_at(5, 6);
    putting p = begin(s, "member.put", "members");
    for (uint32_t u = 0; u < USERS; u++) {
        const int64_t joined_ms = START + (int64_t)gx_rng_below(&rng, EVENTS) * STEP;
        gx_value row = gx_map(s->arena, 3);
        test_put_int(s, &row, "group_id", "g", gx_rng_below(&rng, 12));
        test_put_int(s, &row, "user_id", "u", u);
        gx_map_put(s->arena, &row, "joined_at", gx_int(joined_ms));
        if (joined_ms < until_ms) {
            put_row(&p, row);
        }
    }
    put_all(&p);
}

/* One between two members at the most: a tie put again is as it was put last. */
static void put_ties(test_shop *s, int64_t until_ms) {
    static const char *const kinds[] = {"friend", "follow", "family", "block"};
    static uint8_t tied[USERS][USERS];
    gx_rng rng = gx_rng_at(5, 7);
    putting p = begin(s, "tie.put", "ties");
    memset(tied, 0, sizeof tied);
    for (uint32_t k = 0; k < TIES; k++) {
        const uint32_t a = (uint32_t)gx_rng_below(&rng, USERS - 10);
        const uint32_t b = (a + 8 * (1 + (uint32_t)gx_rng_below(&rng, 6))) % USERS;
        const uint64_t kind = gx_rng_below(&rng, 20);
        const int64_t ts_ms = START + (int64_t)gx_rng_below(&rng, EVENTS) * STEP;
        const bool timed = gx_rng_below(&rng, 4) > 0;
        gx_value row = gx_map(s->arena, 8);
        test_put_int(s, &row, "src", "u", a);
        test_put_int(s, &row, "dst", "u", b);
        gx_map_put(s->arena, &row, "kind",
                   gx_str(kinds[kind < 12   ? 0
                                : kind < 17 ? 1
                                            : 2 + kind % 2]));
        gx_map_put(s->arena, &row, "weight", gx_real((double)(1 + gx_rng_below(&rng, 8)) / 4));
        if (timed) {
            gx_map_put(s->arena, &row, "ts", gx_int(ts_ms));
        }
        if ((!timed || ts_ms < until_ms) && !tied[a][b]) {
            put_row(&p, row);
        }
        tied[a][b] = tied[b][a] = 1;
    }
    put_all(&p);
}

static void put_events(test_shop *s, int64_t until_ms) {
    static const char *const actions[] = {"buy", "buy", "buy", "view", "view", "like", "dislike"};
    gx_rng rng = gx_rng_at(5, 8);
    putting p = begin(s, "event.put", "events");
    for (uint32_t k = 0; k < EVENTS; k++) {
        const uint32_t user = (uint32_t)gx_rng_below(&rng, k < CUT ? USERS - 20 : USERS);
        const uint32_t items = k < CUT ? ITEMS / 10 * 9 : ITEMS;
        const uint32_t item = gx_rng_below(&rng, 3)
                                  ? (user % 8 * 9 + (uint32_t)gx_rng_below(&rng, 12)) % items
                                  : (uint32_t)gx_rng_below(&rng, items);
        gx_value row = gx_map(s->arena, 4);
        test_put_int(s, &row, "user_id", "u", user);
        test_put_int(s, &row, "item_id", "i", item);
        gx_map_put(s->arena, &row, "action",
                   gx_str(actions[gx_rng_below(&rng, GX_COUNT(actions))]));
        gx_map_put(s->arena, &row, "ts", gx_int(START + k * STEP));
        if (START + k * STEP < until_ms) {
            put_row(&p, row);
        }
    }
    put_all(&p);
}

static void fill(test_shop *s, int64_t until_ms) {
    test_shop_open(s);
    put_records(s, "item.put", "items", ITEMS, item_fields);
    put_records(s, "user.put", "users", USERS, user_fields);
    put_records(s, "group.put", "groups", 12, group_fields);
    put_members(s, until_ms);
    put_ties(s, until_ms);
    put_events(s, until_ms);
}

static void assert_same(const gx_lists *judged, uint32_t u, const gx_value *items,
                        const char *name) {
    const uint64_t from = judged->ptr[u], count = judged->ptr[u + 1] - from;
    if (count != items->size) {
        fail_msg("%s: u%u has %llu items and not %u", name, u, (unsigned long long)count,
                 items->size);
    }
    for (uint32_t k = 0; k < items->size; k++) {
        char id[16];
        snprintf(id, sizeof id, "i%u", judged->item[from + k]);
        if (!test_is(test_key(&items->as.items[k], "id"), id)) {
            fail_msg("%s: u%u has %s in place %u", name, u, id, k + 1);
        }
    }
}

/* By what rec.user answers, as the call has the channels. */
static void assert_served(test_shop *then, const gx_lists *judged, const char *name,
                          const char *seen, const char *channels) {
    for (uint32_t from = 0; from < USERS; from += AT_A_CALL) {
        char users[16 * AT_A_CALL] = "";
        for (uint32_t u = from; u < from + AT_A_CALL; u++) {
            const size_t size = strlen(users);
            snprintf(users + size, sizeof users - size, "%s'u%u'", size ? ", " : "", u);
        }
        const gx_value lists =
            test_call(then, "rec.user", "{'users': [%s], 'n': %d, 'why': false, 'seen': '%s'%s}",
                      users, N, seen, channels);
        for (uint32_t k = 0; k < AT_A_CALL; k++) {
            assert_same(judged, from + k, test_key(&lists.as.items[k], "items"), name);
        }
    }
}

static void test_what_is_judged_is_served(void **state) {
    (void)state;
    static const char *const names[] = {"blend", "interest", "friends", "circle", "leader"};
    static const char *const channels[] = {
        "", ", 'channels': {'friends': 0, 'circle': 0, 'leader': 0, 'interest': 1}",
        ", 'channels': {'friends': 1, 'circle': 0, 'leader': 0, 'interest': 0}",
        ", 'channels': {'friends': 0, 'circle': 1, 'leader': 0, 'interest': 0}",
        ", 'channels': {'friends': 0, 'circle': 0, 'leader': 1, 'interest': 0}"};
    static const char *const seen[] = {"all", "bought"};
    const int64_t cut_ms = START + CUT * STEP;
    uint8_t wanted[USERS];
    gx_weighing how[GX_COUNT(names)];
    test_shop whole = {0}, then = {0};
    fill(&whole, INT64_MAX);
    fill(&then, cut_ms);
    (void)test_call(&then, "model.build", "{'seed': 3}");
    memset(wanted, 1, sizeof wanted);
    for (size_t h = 0; h < GX_COUNT(names); h++) {
        assert_true(gx_blend_list_find(&how[h], gx_slice_of(names[h])));
    }
    for (size_t k = 0; k < GX_COUNT(seen); k++) {
        gx_lists lists[GX_COUNT(names)];
        gx_job job;
        gx_error err = {0};
        gx_job_init(&job, 1, 3);
        if (gx_blend_lists_make(lists, how, GX_COUNT(names), whole.db, gx_slice_of(seen[k]), cut_ms,
                                wanted, USERS, N, &job, &err) != GX_OK) {
            fail_msg("%s", err.message);
        }
        for (size_t h = 0; h < GX_COUNT(names); h++) {
            assert_served(&then, &lists[h], names[h], seen[k], channels[h]);
            gx_lists_finish(&lists[h], &job);
        }
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    test_shop_close(&whole);
    test_shop_close(&then);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_judged_is_served)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
