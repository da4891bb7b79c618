/* rec.batch on random shops: the lists of rec.user, the same bytes at any number of threads and in
 * pages of any size, and what holds of pushes: holdout, arms, caps, quiet hours, consent. */
#include "api/lists/push.h"
#include "api/testing.h"

#include <math.h>
#include <stdlib.h>

enum { USERS = 120 };

static const int64_t DAY = 86400000, MINUTE = 60000;

static int64_t count_of(const gx_value *page, const char *name) {
    return test_key(test_key(page, "counts"), name)->as.integer;
}

static const char *text_of(const gx_value *value, char *out, size_t size) {
    assert_int_equal(value->type, GX_TEXT);
    snprintf(out, size, "%.*s", (int)value->size, value->as.text);
    return out;
}

static int64_t time_of(const gx_value *list) {
    const gx_value *time = test_key(list, "time");
    int64_t ms = 0;
    assert_true(gx_parse_time_ms((gx_slice){time->as.text, time->size}, &ms));
    return ms;
}

static void open_filled(test_shop *s, uint64_t seed) {
    test_shop_open(s);
    s->db->threads_max = 8;
    test_shop_fill(s, seed, USERS, 6);
    test_call(s, "model.build", "{'blend': false}");
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void same_list(test_shop *s, const gx_value *list, const char *flags) {
    char user[64];
    text_of(test_key(list, "user"), user, sizeof user);
    gx_value one = test_call(s, "rec.user", "{'users': ['%s'], 'n': 6%s}", user, flags);
    const gx_value *want = test_key(&one.as.items[0], "items"), *got = test_key(list, "items");
    assert_int_equal(got->size, want->size);
    assert_true(gx_value_equal(test_key(list, "rung"), test_key(&one.as.items[0], "rung")));
    static const char *const missing[] = {"short", "not_pinned"};
    for (size_t i = 0; i < GX_COUNT(missing); i++) { /* told of the same lists in the same words */
        const gx_value *said = gx_map_get(list, missing[i]), nil = gx_nil();
        const gx_value *says = gx_map_get(&one.as.items[0], missing[i]);
        assert_true(gx_value_equal(said ? said : &nil, says ? says : &nil));
    }
    for (uint32_t k = 0; k < got->size; k++) {
        static const char *const keys[] = {"id", "rank", "score"};
        for (size_t i = 0; i < GX_COUNT(keys); i++) {
            if (!gx_value_equal(test_key(&got->as.items[k], keys[i]),
                                test_key(&want->as.items[k], keys[i]))) {
                fail_msg("%s: another %s in place %u", user, keys[i], k);
            }
        }
    }
}

static void test_as_rec_user(void **state) {
    static const char *const flags[] = {
        "",
        ", 'where': 'category = \\\"c1\\\"'",
        ", 'seen': 'all', 'caps': {'category': 2}",
        ", 'kind': ['content'], 'why': true",
        ", 'diversity': 0.5, 'pin': {'i3': 1}",
        ", 'pin': ['i3', 'nosuch', 'i5'], 'seen': 'all', 'caps': {'category': 1}"};
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        test_shop s;
        open_filled(&s, seed);
        for (size_t f = 0; f < GX_COUNT(flags); f++) {
            gx_value page = test_call(&s, "rec.batch", "{'n': 6, 'threads': 3%s}", flags[f]);
            const gx_value *lists = test_key(&page, "lists");
            assert_int_equal(lists->size + count_of(&page, "nothing"), USERS);
            int64_t less = 0, pins = 0;
            for (uint32_t k = 0; k < lists->size; k++) {
                const gx_value *list = &lists->as.items[k], *out = gx_map_get(list, "not_pinned");
                same_list(&s, list, flags[f]);
                less += gx_map_get(list, "short") != NULL;
                pins += out ? out->size : 0;
            }
            assert_int_equal(count_of(&page, "short"), less);
            const gx_value *told = gx_map_get(&page, "not_pinned");
            for (uint32_t k = 0; told && k < told->size; k++) {
                pins -= test_key(&told->as.items[k], "lists")->as.integer;
            }
            assert_int_equal(pins, 0);
        }
        test_shop_close(&s);
    }
}

static void test_threads_and_pages(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 9);
    gx_value one =
        test_call(&s, "rec.batch",
                  "{'n': 5, 'explore': 0.4, 'send': 1800000000, 'over': '2h', 'threads': 1}");
    for (int threads = 2; threads <= 8; threads *= 2) {
        gx_value more = test_call(&s, "rec.batch",
                                  "{'n': 5, 'explore': 0.4, 'send': 1800000000, 'over': '2h', "
                                  "'threads': %d}",
                                  threads);
        assert_true(gx_value_equal(&one, &more));
    }
    const gx_value *all = test_key(&one, "lists");
    for (int size = 1; size < 2 * USERS; size = size * 3 + 1) {
        char after[64] = "";
        uint32_t at = 0;
        for (bool more = true; more;) {
            gx_value page =
                test_call(&s, "rec.batch",
                          "{'n': 5, 'explore': 0.4, 'send': 1800000000, 'over': '2h', 'members': "
                          "%d%s%s%s}",
                          size, after[0] ? ", 'after': '" : "", after, after[0] ? "'" : "");
            const gx_value *lists = test_key(&page, "lists"), *next = test_key(&page, "next");
            for (uint32_t k = 0; k < lists->size; k++) {
                assert_true(gx_value_equal(&lists->as.items[k], &all->as.items[at++]));
            }
            more = next->type == GX_TEXT;
            if (more) {
                text_of(next, after, sizeof after);
            }
        }
        assert_int_equal(at, all->size);
    }
    test_shop_close(&s);
}

static void test_segments(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 4);
    gx_value page = test_call(&s, "rec.batch", "{'n': 1, 'segment': 'city = \\\"city2\\\"'}");
    assert_true(count_of(&page, "members") > 0 && count_of(&page, "members") < USERS);
    const gx_value *lists = test_key(&page, "lists");
    for (uint32_t k = 0; k < lists->size; k++) {
        char user[64];
        text_of(test_key(&lists->as.items[k], "user"), user, sizeof user);
        gx_value got = test_call(&s, "user.get", "{'users': ['%s']}", user);
        assert_true(test_is(gx_map_get(&test_key(&got, "users")->as.items[0], "city"), "city2"));
    }
    page = test_call(&s, "rec.batch", "{'n': 1, 'segment': 'g3'}");
    assert_true(count_of(&page, "members") > 0);
    page = test_call(&s, "rec.batch", "{'n': 1, 'segment': 'c-0'}");
    assert_true(count_of(&page, "members") > 0);
    page = test_call(&s, "rec.batch", "{'n': 1, 'users': ['u5', 'nobody', 'u3']}");
    assert_int_equal(count_of(&page, "unknown"), 1);
    assert_int_equal(test_key(&page, "lists")->size, 2);
    assert_true(test_is(test_key(&test_key(&page, "lists")->as.items[0], "user"), "u5"));
    /* Whoever is named is in one of the two. */
    page =
        test_call(&s, "rec.batch", "{'n': 1, 'users': ['u1', 'u2', 'u3', 'u4'], 'segment': 'g3'}");
    assert_int_equal(test_key(&page, "lists")->size + test_key(&page, "left_out")->size, 4);
    assert_int_equal(count_of(&page, "members"), 4);
    assert_true(count_of(&page, "segment") > 0);
    page = test_call(&s, "rec.batch", "{'n': 1, 'segment': 'g3'}");
    assert_int_equal(count_of(&page, "segment"), 0);
    test_shop_close(&s);
}

/* ---- pushes --------------------------------------------------------------------------------- */

static void test_rules_by_hash(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value nothing = gx_map(arena, 0);
    gx_zones *zones = NULL;
    assert_int_equal(gx_zones_create(&zones, NULL), GX_OK);
    for (uint64_t seed = 0; seed < 40; seed++) {
        gx_rng rng = gx_rng_at(seed, 1);
        const double share = 0.05 + 0.4 * gx_rng_real(&rng);
        gx_push_rules rules = {.name = "p",
                               .holdout = {.salt = seed % 2 ? "a" : "b", .holdout = share},
                               .arm = GX_NONE,
                               .send_ms = (int64_t)gx_rng_below(&rng, 1000000000) * 1000,
                               .over_ms = (int64_t)gx_rng_below(&rng, 6) * 1800000,
                               .quiet_from = (int)gx_rng_below(&rng, 1440),
                               .quiet_to = (int)gx_rng_below(&rng, 1440),
                               .zones = zones,
                               .zone = gx_zones_find(zones, gx_slice_of("+05:45"))};
        uint32_t out = 0;
        for (uint32_t u = 0; u < 2000; u++) {
            char id[32];
            uint32_t arm;
            bool moved, again;
            snprintf(id, sizeof id, "member %llu", (unsigned long long)gx_rng_next(&rng));
            const gx_slice user = gx_slice_of(id);
            gx_push_left who = gx_push_who(&arm, &rules, user, &nothing);
            assert_int_equal(who, gx_push_who(&arm, &rules, user, &nothing));
            out += who == GX_PUSH_LEFT_HOLDOUT;
            gx_push_rules wider = rules; /* a larger holdout holds out those of the smaller one */
            wider.holdout.holdout = share + 0.2;
            assert_true(who != GX_PUSH_LEFT_HOLDOUT ||
                        gx_push_who(&arm, &wider, user, &nothing) == GX_PUSH_LEFT_HOLDOUT);
            const int64_t at = gx_push_time(&moved, &rules, user, &nothing);
            assert_int_equal(at, gx_push_time(&again, &rules, user, &nothing));
            assert_int_equal(at % MINUTE, 0);
            assert_true(at >= rules.send_ms);
            const int from = rules.quiet_from, to = rules.quiet_to;
            const int minute = (int)((at + 20700000) % DAY / MINUTE);
            const bool quiet =
                from <= to ? minute >= from && minute < to : minute >= from || minute < to;
            assert_false(quiet);
            assert_true(moved ? minute == to : at < rules.send_ms + MINUTE + rules.over_ms);
        }
        assert_true(fabs(out / 2000.0 - share) < 4.5 * sqrt(share * (1 - share) / 2000));
    }
    gx_zones_destroy(zones);
    gx_arena_destroy(arena);
}

static void test_own_zone_and_consent(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 2);
    test_call(&s, "user.put",
              "{'users': [{'user_id': 'u1', 'tz': '+08:00'}, {'user_id': 'u2', 'tz': 'nowhere'}, "
              "{'user_id': 'u3', 'push': 'no'}, {'user_id': 'u4', 'push': false}, {'user_id': "
              "'u5', 'ok': 'yes'}, {'user_id': 'u6', 'ok': true}]}");
    gx_value page = test_call(&s, "rec.batch",
                              "{'n': 1, 'users': ['u1', 'u2', 'u3', 'u4', 'u5'], 'send': "
                              "'2026-12-01T15:00:00Z', 'quiet': '22:00-08:00'}");
    const gx_value *lists = test_key(&page, "lists");
    assert_int_equal(lists->size, 3);
    assert_true(
        test_is(test_key(&lists->as.items[0], "time"), "2026-12-02T00:00:00Z")); /* 23:00 there */
    assert_true(test_is(test_key(&lists->as.items[1], "time"), "2026-12-01T15:00:00Z"));
    assert_int_equal(count_of(&page, "no_consent"), 2);
    assert_int_equal(count_of(&page, "moved"), 1);
    page = test_call(&s, "rec.batch", "{'n': 1, 'consent': 'ok'}");
    assert_int_equal(count_of(&page, "lists"), 2);
    assert_int_equal(count_of(&page, "no_consent"), USERS - 2);
    test_call(&s, "user.put", "{'users': [{'user_id': 'u7', 'ok': 'perhaps', 'mood': 'perhaps'}]}");
    page = test_call(&s, "rec.batch", "{'n': 1, 'consent': 'ok'}");
    assert_int_equal(count_of(&page, "lists"), 2);
    assert_int_equal(count_of(&page, "no_consent"), USERS - 3);
    assert_int_equal(count_of(&page, "unclear_consent"), 1);
    test_refused(&s, "rec.batch", "{'consent': 'mood'}", GX_BAD_REQUEST,
                 "no member says yes or no in the field 'mood' ('perhaps' of 'u7')");
    test_refused(&s, "rec.batch", "{'consent': 'none'}", GX_NOT_FOUND,
                 "no member has the field 'none'; members have ");
    test_shop_close(&s);
}

/* Whatever does not read as a yes is a no, also what an older store may hold. */
static void test_a_push_is_refused_in_many_words(void **state) {
    (void)state;
    static const char *const no[] = {
        "'no'", "'No'",  "'FALSE'", "'False'",        "' n '", "'off'", "'否'", "'0'",
        "0",    "false", "'never'", "'unsubscribed'", "2",     "0.5",   "' '",  "['yes']"};
    static const char *const yes[] = {"'yes'", "'Y'",  "'TRUE'", "'on'", "'是'",
                                      "1",     "true", "''",     "null"};
    char text[64];
    gx_arena *arena = gx_arena_create();
    for (size_t k = 0; k < GX_COUNT(no) + GX_COUNT(yes); k++) {
        const bool says_no = k < GX_COUNT(no);
        snprintf(text, sizeof text, "{\"push\": %s}", says_no ? no[k] : yes[k - GX_COUNT(no)]);
        for (char *at = text; (at = strchr(at, '\'')) != NULL; at++) {
            *at = '"';
        }
        gx_value record;
        assert_int_equal(gx_json_read(&record, arena, text, strlen(text), NULL), GX_OK);
        if ((gx_push_answer(NULL, &record) == GX_ANSWER_YES) == says_no) {
            fail_msg("%s", text);
        }
        assert_true(gx_push_answer("other", &record) != GX_ANSWER_YES);
    }
    gx_arena_destroy(arena);
    test_shop s;
    open_filled(&s, 2);
    test_refused(&s, "user.put", "{'users': [{'user_id': 'u3', 'push': 'never'}]}", GX_BAD_REQUEST,
                 "push: neither yes nor no 'never'");
    test_refused(&s, "event.put",
                 "{'events': [{'user_id': 'u1', 'item_id': 'i1', 'action': 'view', 'ts': "
                 "'2099-01-01'}]}",
                 GX_BAD_REQUEST, "ts: time after tomorrow '2099-01-01'");
    test_shop_close(&s);
}

static void test_experiment(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 3);
    test_call(&s, "exp.define", "{'name': 'x', 'arms': ['a', 'b'], 'holdout': 0.2}");
    gx_value arms = test_call(&s, "exp.assign", "{'name': 'x'}");
    const gx_value *assigned = test_key(&arms, "assignments");
    gx_value page = test_call(&s, "rec.batch", "{'n': 1, 'experiment': 'x', 'arm': 'b'}");
    const gx_value *lists = test_key(&page, "lists");
    int64_t held = 0, other = 0;
    uint32_t at = 0;
    for (uint32_t k = 0; k < assigned->size; k++) {
        const gx_value *row = &assigned->as.items[k], *arm = test_key(row, "arm");
        held += test_is(arm, "holdout");
        other += test_is(arm, "a");
        if (test_is(arm, "b")) {
            assert_true(
                gx_value_equal(test_key(row, "user"), test_key(&lists->as.items[at++], "user")));
        }
    }
    assert_int_equal(at, lists->size);
    assert_int_equal(held, count_of(&page, "holdout"));
    assert_int_equal(other, count_of(&page, "arm"));
    test_shop_close(&s);
}

/* A push of one experiment shows nothing of another whose arms are called the same. An arm that the
 * caller of rec.user gives is logged as given. */
static void test_experiment_logged(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 3);
    test_call(&s, "exp.define", "{'name': 'x', 'arms': ['a', 'b'], 'start': '2020-01-01'}");
    test_call(&s, "exp.define", "{'name': 'y', 'arms': ['a', 'b'], 'start': '2020-01-01'}");
    test_call(&s, "rec.batch",
              "{'n': 1, 'experiment': 'x', 'log': true, 'send': '2027-01-01T00:00:00Z'}");
    gx_value x = test_call(&s, "exp.report", "{'name': 'x'}");
    gx_value y = test_call(&s, "exp.report", "{'name': 'y'}");
    assert_true(test_is(test_key(&x, "among"), "exposed"));
    assert_int_equal(test_key(&x, "crossed")->as.integer, 0);
    assert_true(test_is(test_key(&y, "among"), "all"));
    assert_int_equal(test_key(&y, "crossed")->as.integer, 0);
    test_call(&s, "rec.user", "{'users': ['u1'], 'n': 1, 'log': true, 'arm': 'a'}");
    y = test_call(&s, "exp.report", "{'name': 'y'}");
    assert_true(test_is(test_key(&y, "among"), "exposed"));
    test_shop_close(&s);
}

typedef struct pushed {
    int64_t at_ms;
    char user[16], item[16];
} pushed;

/* Pushes at random times, logged: in no window are there more than the cap, no item comes again. */
static void test_caps(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        test_shop s;
        gx_rng rng = gx_rng_at(seed, 8);
        pushed *all = NULL;
        size_t count = 0, capped = 0;
        open_filled(&s, seed);
        for (int push = 0; push < 40; push++) {
            const int64_t send = 1800000000000 + (int64_t)gx_rng_below(&rng, 20 * 24) * 3600000;
            gx_value page =
                test_call(&s, "rec.batch",
                          "{'n': 2, 'push': 'p%d', 'send': %lld, 'over': '3h', 'cap': 2, "
                          "'cap_window': '4d', 'again': '9d', 'log': true, 'threads': 2}",
                          push, (long long)send);
            const gx_value *lists = test_key(&page, "lists");
            assert_int_equal(test_key(&page, "logged")->as.integer, count_of(&page, "items"));
            capped += (size_t)count_of(&page, "cap");
            for (uint32_t k = 0; k < lists->size; k++) {
                const gx_value *items = test_key(&lists->as.items[k], "items");
                for (uint32_t i = 0; i < items->size; i++) {
                    pushed *grown = realloc(all, (count + 1) * sizeof *all);
                    assert_non_null(grown);
                    all = grown;
                    all[count].at_ms = time_of(&lists->as.items[k]);
                    text_of(test_key(&lists->as.items[k], "user"), all[count].user,
                            sizeof all->user);
                    text_of(test_key(&items->as.items[i], "id"), all[count++].item,
                            sizeof all->item);
                }
            }
            gx_value same =
                test_call(&s, "rec.batch",
                          "{'n': 2, 'push': 'p%d', 'send': %lld, 'over': '3h', 'cap': 2, "
                          "'cap_window': '4d', 'again': '9d', 'log': true}",
                          push, (long long)send);
            assert_true(gx_value_equal(test_key(&same, "lists"), lists)); /* the same push again */
            assert_int_equal(test_key(&same, "logged")->as.integer, 0);
        }
        assert_true(capped > 0 && count > 0);
        for (size_t a = 0; a < count; a++) {
            size_t within = 0;
            for (size_t b = 0; b < count; b++) {
                const int64_t later = all[b].at_ms - all[a].at_ms;
                const bool same = strcmp(all[a].user, all[b].user) == 0;
                within += same && later >= 0 && later < 4 * DAY;
                if (same && b != a && llabs(later) < 9 * DAY &&
                    strcmp(all[a].item, all[b].item) == 0) {
                    fail_msg("%s got %s twice", all[a].user, all[a].item);
                }
            }
            assert_true(within <= 4); /* 2 pushes of 2 items */
        }
        free(all);
        test_shop_close(&s);
    }
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void test_bad_arguments(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 5);
    test_refused(&s, "rec.batch", "{'holdout': 1}", GX_BAD_REQUEST, "holdout");
    test_refused(&s, "rec.batch", "{'quiet': '22-22'}", GX_BAD_REQUEST, "22-22");
    test_refused(&s, "rec.batch", "{'quiet': '25:00-08:00'}", GX_BAD_REQUEST, "22:00-08:00");
    test_refused(&s, "rec.batch", "{'quiet': 'night'}", GX_BAD_REQUEST, "night");
    test_refused(&s, "rec.batch", "{'tz': 'Mars/Olympus'}", GX_BAD_REQUEST, "Mars/Olympus");
    test_refused(&s, "rec.batch", "{'segment': 'no such thing'}", GX_BAD_REQUEST,
                 "neither a group");
    test_refused(&s, "rec.batch", "{'segment': 'c-999'}", GX_NOT_FOUND, "c-999");
    test_refused(&s, "rec.batch", "{'experiment': 'none'}", GX_NOT_FOUND, "none");
    test_refused(&s, "rec.batch", "{'after': 'nobody'}", GX_NOT_FOUND, "nobody");
    test_refused(&s, "rec.batch", "{'users': ['u1'], 'after': 'u1'}", GX_BAD_REQUEST, "one page");
    test_refused(&s, "rec.batch", "{'n': 1000}", GX_OVER_LIMIT, "100000");
    test_refused(&s, "rec.batch", "{'push': ''}", GX_BAD_REQUEST, "push");
    test_refused(&s, "rec.batch", "{'where': 'price <'}", GX_BAD_REQUEST, "where");
    test_call(&s, "exp.define", "{'name': 'x', 'arms': ['a', 'b']}");
    test_refused(&s, "rec.batch", "{'experiment': 'x', 'arm': 'c'}", GX_BAD_REQUEST, "no arm");
    test_shop_close(&s);
}

static void stop_later(gx_job *job) {
    static int looks;
    if (++looks % 5 == 0) {
        gx_job_cancel(job);
    }
}

static void test_cancel_and_memory(void **state) {
    (void)state;
    test_shop s;
    open_filled(&s, 6);
    const gx_method *method = gx_method_find("rec.batch");
    for (int threads = 1; threads <= 4; threads *= 4) {
        gx_error err = {0};
        gx_value out;
        gx_job job;
        gx_job_init(&job, threads, 1);
        job.looked = stop_later;
        gx_call_options options = {.job = &job};
        assert_int_equal(gx_db_call(&out, s.db, method, NULL, &options, s.arena, &err),
                         GX_CANCELLED);
    }
    for (uint64_t k = 1; k < 4000; k += 1 + k / 8) { /* nothing is left behind, whatever fails */
        gx_error err = {0};
        gx_value out;
        gx_arena *arena = gx_arena_create();
        gx_alloc_fail_at(k);
        gx_status status = gx_call(&out, s.db, "rec.batch", NULL, arena, &err);
        gx_alloc_fail_at(0);
        gx_arena_destroy(arena);
        if (status != GX_OK && status != GX_NO_MEMORY) {
            fail_msg("request %llu: %s", (unsigned long long)k, err.message);
        }
    }
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_rec_user),
                                       cmocka_unit_test(test_threads_and_pages),
                                       cmocka_unit_test(test_segments),
                                       cmocka_unit_test(test_rules_by_hash),
                                       cmocka_unit_test(test_own_zone_and_consent),
                                       cmocka_unit_test(test_a_push_is_refused_in_many_words),
                                       cmocka_unit_test(test_experiment),
                                       cmocka_unit_test(test_experiment_logged),
                                       cmocka_unit_test(test_caps),
                                       cmocka_unit_test(test_bad_arguments),
                                       cmocka_unit_test(test_cancel_and_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
