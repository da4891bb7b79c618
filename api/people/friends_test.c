/* rec.friends: never a present tie, a blocked or departed member, nor oneself, whatever is written
 * between calls; and reasons that tell no more than they may. */
#include "api/people/friends.h"
#include "api/testing.h"

#include <math.h>
#include <stdlib.h>

enum { USERS = 40, CALLS = 10000, CHANGES = 120 };

/* What the test knows of the shop, beside the store. */
typedef struct known {
    bool apart[USERS][USERS]; /* tied, blocked, or the same */
    bool gone[USERS];
} known;

static gx_status see_tie(void *context, const gx_tie *tie, gx_error *err) {
    (void)err;
    known *k = context;
    k->apart[tie->src][tie->dst] = k->apart[tie->dst][tie->src] = true;
    return GX_OK;
}

static void see(known *k, test_shop *s) {
    gx_txn *txn;
    memset(k->apart, 0, sizeof k->apart);
    assert_int_equal(gx_txn_read(&txn, s->db->store, NULL), GX_OK);
    assert_int_equal(gx_tie_each(txn, see_tie, k, NULL), GX_OK);
    for (uint32_t u = 0; u < USERS; u++) {
        k->apart[u][u] = true;
    }
    gx_txn_abort(txn);
}

/* Ids are given in order, so that u17 has the number 17. */
static uint32_t number_of(const gx_value *id) {
    assert_true(id && id->type == GX_TEXT && id->size > 1 && id->as.text[0] == 'u');
    int64_t number = -1;
    assert_true(gx_parse_int((gx_slice){id->as.text + 1, id->size - 1}, &number));
    return (uint32_t)number;
}

static void change(known *k, test_shop *s, gx_rng *rng) {
    static const char *const kinds[] = {"friend", "follow", "block", "distrust"};
    uint32_t u = (uint32_t)gx_rng_below(rng, USERS), v = (uint32_t)gx_rng_below(rng, USERS);
    uint64_t what = gx_rng_below(rng, 40);
    if (what == 0 && !k->gone[u]) {
        test_call(s, "user.forget", "{'user': 'u%u'}", u);
        k->gone[u] = true;
    } else if (what == 1 && !k->gone[u]) {
        test_call(s, "user.put", "{'users': [{'user_id': 'u%u', 'status': 'left'}]}", u);
        k->gone[u] = true;
    } else if (what == 2) {
        test_call(s, "model.build", "{}");
    } else if (u != v && !k->gone[u] && !k->gone[v]) {
        const char *kind = kinds[gx_rng_below(rng, GX_COUNT(kinds))];
        test_call(s, "tie.put", "{'ties': [{'src': 'u%u', 'dst': 'u%u', 'kind': '%s'}]}", u, v,
                  kind);
        if (gx_rng_below(rng, 3)) {
            test_call(s, "tie.del", "{'src': 'u%u', 'dst': 'u%u', 'kind': '%s'}", u, v, kind);
        }
    }
}

static uint32_t assert_list(const known *k, const gx_value *lists, uint32_t u) {
    const gx_value *people = gx_map_get(&lists->as.items[0], "people");
    double before = HUGE_VAL;
    bool listed[USERS] = {false};
    for (uint32_t i = 0; i < people->size; i++) {
        const gx_value *row = &people->as.items[i];
        uint32_t v = number_of(gx_map_get(row, "id"));
        double score = gx_map_get(row, "score")->as.real, sum = 0;
        assert_true(v < USERS && !k->apart[u][v] && !k->gone[v] && !listed[v]);
        assert_true(v % 3 != 0); /* each third did not agree to be named */
        assert_true(score >= 0 && score <= before);
        listed[v] = true;
        before = score;
        const gx_value *why = gx_map_get(row, "why");
        for (uint32_t r = 0; why && r < why->size; r++) {
            sum += gx_map_get(&why->as.items[r], "share")->as.real;
            assert_true(gx_map_get(&why->as.items[r], "en")->size > 5);
            assert_true(gx_map_get(&why->as.items[r], "zh")->size > 5);
        }
        assert_true(!why || score == 0 || fabs(sum - 1) < 1e-9);
    }
    return people->size;
}

static void test_never_who_may_not_be_shown(void **unused) {
    (void)unused;
    static const char *const modes[] = {"close", "cross-circle", "expert"};
    test_shop s;
    known k = {0};
    gx_rng rng = gx_rng_at(4, 4);
    uint32_t shown[3] = {0};
    test_shop_open(&s);
    test_shop_fill(&s, 4, USERS, 20);
    test_call(&s, "model.build", "{}");
    see(&k, &s);
    for (uint32_t i = 0; i < CALLS; i++) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, USERS);
        if (i % (CALLS / CHANGES) == 0) {
            change(&k, &s, &rng);
            see(&k, &s);
        }
        uint64_t mode = gx_rng_below(&rng, 3);
        gx_value lists = test_call(&s, "rec.friends",
                                   "{'users': ['u%u'], 'n': %u, 'mode': '%s', 'same_city': %s, "
                                   "'why': %s}",
                                   u, 1 + (uint32_t)gx_rng_below(&rng, 12), modes[mode],
                                   gx_rng_below(&rng, 4) ? "false" : "true",
                                   gx_rng_below(&rng, 4) ? "false" : "true");
        shown[mode] += assert_list(&k, &lists, u);
        gx_arena_reset(s.arena);
    }
    assert_true(shown[0] > CALLS && shown[1] > CALLS / 2 && shown[2] > CALLS / 2);
    test_shop_close(&s);
}

/* ---- what is told -------------------------------------------------------------------------------
 */

static const gx_value *person(const gx_value *lists, const char *id) {
    const gx_value *people = gx_map_get(&lists->as.items[0], "people");
    for (uint32_t i = 0; i < people->size; i++) {
        if (test_is(gx_map_get(&people->as.items[i], "id"), id)) {
            return &people->as.items[i];
        }
    }
    return NULL;
}

static const gx_value *reason(const gx_value *row, const char *name) {
    const gx_value *why = row ? gx_map_get(row, "why") : NULL;
    for (uint32_t i = 0; why && i < why->size; i++) {
        if (test_is(gx_map_get(&why->as.items[i], "reason"), name)) {
            return &why->as.items[i];
        }
    }
    return NULL;
}

/* a and b know z0 … z3, of whom z0 agreed to be named, as a, b, c and `lone` did; a and c share z0
 * alone. */
static void small_shop(test_shop *s) {
    test_shop_open(s);
    test_call(s, "user.put",
              "{'users': [{'user_id': 'a', 'city': 'Xi', 'consent': true},"
              "{'user_id': 'b', 'city': 'Xi', 'consent': 'yes'}, {'user_id': 'c', 'consent': 1},"
              "{'user_id': 'lone', 'consent': 'true'}, {'user_id': 'z0', 'consent': 'true'},"
              "{'user_id': 'z1'}]}");
    for (int z = 0; z < 4; z++) {
        test_call(s, "tie.put",
                  "{'ties': [{'src': 'a', 'dst': 'z%d', 'kind': 'friend'},"
                  "{'src': 'b', 'dst': 'z%d', 'kind': 'friend'}]}",
                  z, z);
    }
    test_call(s, "tie.put", "{'ties': [{'src': 'c', 'dst': 'z0', 'kind': 'friend'}]}");
}

static void test_mutual_friends_are_told_as_they_may_be(void **unused) {
    (void)unused;
    test_shop s;
    small_shop(&s);
    gx_value lists = test_call(&s, "rec.friends", "{'users': ['a']}");
    const gx_value *many = reason(person(&lists, "b"), "mutual");
    /* A count would say that each of the three who did not agree is tied to b. */
    assert_true(test_is(gx_map_get(many, "en"), "You are both tied to some of the same people"));
    assert_null(gx_map_get(gx_map_get(many, "evidence"), "hidden"));
    test_call(&s, "tie.put",
              "{'ties': [{'src': 'a', 'dst': 'far', 'kind': 'follow'},"
              "{'src': 'c', 'dst': 'far', 'kind': 'follow'}]}");
    lists = test_call(&s, "rec.friends", "{'users': ['a']}");
    many = reason(person(&lists, "b"), "mutual");
    const gx_value *one = reason(person(&lists, "c"), "mutual");
    assert_true(test_is(gx_map_get(many, "en"), "4 people you are both tied to"));
    assert_true(test_is(gx_map_get(many, "zh"), "与你们都有联系的 4 人"));
    const gx_value *evidence = gx_map_get(many, "evidence");
    assert_int_equal(gx_map_get(evidence, "people")->size, 1);
    assert_true(test_is(&gx_map_get(evidence, "people")->as.items[0], "z0"));
    assert_int_equal(gx_map_get(evidence, "hidden")->as.integer, 3);
    assert_true(test_is(gx_map_get(one, "en"), "You are both tied to some of the same people"));
    assert_null(gx_map_get(gx_map_get(one, "evidence"), "hidden"));
    assert_null(gx_map_get(gx_map_get(one, "evidence"), "people")); /* of fewer than three */
    assert_true(test_is(gx_map_get(reason(person(&lists, "b"), "city"), "en"), "Also in Xi"));
    assert_null(reason(person(&lists, "c"), "city"));
    test_shop_close(&s);
}

/* z0 … z3 have the same two neighbours. Who takes the word back is gone at once, and counted. */
static void test_nobody_is_shown_who_did_not_agree(void **unused) {
    (void)unused;
    test_shop s;
    small_shop(&s);
    for (int built = 0; built < 2; built++) {
        gx_value lists = test_call(&s, "rec.friends", "{'users': ['z0', 'a', 'nobody']}");
        const gx_value *row = &lists.as.items[0];
        assert_int_equal(test_key(row, "people")->size, 0);
        assert_int_equal(test_key(row, "hidden")->as.integer, 3);
        const gx_value *less = test_key(row, "short");
        assert_true(test_is(less, "0 of 10: nobody else is near whom this member has no tie to; 3 "
                                  "did not agree to be named"));
        assert_int_equal(test_key(&lists.as.items[1], "hidden")->as.integer, 0);
        assert_int_equal(test_key(&lists.as.items[2], "hidden")->as.integer, 0);
        test_call(&s, "user.put", "{'users': [{'user_id': 'b', 'consent': false}]}");
        lists = test_call(&s, "rec.friends", "{'users': ['a']}");
        assert_null(person(&lists, "b"));
        assert_non_null(person(&lists, "c"));
        assert_int_equal(test_key(&lists.as.items[0], "hidden")->type, GX_NIL);
        test_call(&s, "user.put", "{'users': [{'user_id': 'b', 'consent': true}]}");
        test_call(&s, "model.build", "{}");
    }
    test_shop_close(&s);
}

/* By hand: who may stand in a list, of six. */
static void test_who_is_ranked_when_it_is_judged(void **unused) {
    (void)unused;
    test_shop s;
    gx_txn *txn;
    uint8_t mark[16];
    gx_job job;
    uint32_t id;
    static const struct {
        const char *id;
        bool shown;
    } of[] = {{"a", false}, {"b", true}, {"c", false}, {"lone", true}, {"z0", true}, {"z1", false}};
    small_shop(&s);
    test_call(&s, "user.put", "{'users': [{'user_id': 'a', 'status': 'left'}]}");
    test_call(&s, "user.forget", "{'user': 'c'}");
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_txn_read(&txn, s.db->store, NULL), GX_OK);
    assert_int_equal(gx_meeting_mark(mark, GX_COUNT(mark), txn, &job, NULL), GX_OK);
    for (size_t i = 0; i < GX_COUNT(of); i++) {
        if (gx_word_find(&id, txn, GX_SPACE_USER, gx_slice_of(of[i].id)) == GX_OK) {
            assert_int_equal(mark[id], of[i].shown);
        }
    }
    gx_txn_abort(txn);
    test_refused(&s, "eval.friends", "{'hide': 0.000001}", GX_CONFLICT,
                 "none was hidden that leads");
    gx_value judged = test_call(&s, "eval.friends", "{'hide': 0.5, 'cutoff': 2}");
    assert_int_equal(test_key(&judged, "ranked")->as.integer, 3);
    test_shop_close(&s);
}

static void test_what_was_written_counts_at_once(void **unused) {
    (void)unused;
    test_shop s;
    small_shop(&s);
    test_call(&s, "model.build", "{}");
    test_call(&s, "tie.put", "{'ties': [{'src': 'new', 'dst': 'z0', 'kind': 'follow'}]}");
    gx_value lists = test_call(&s, "rec.friends", "{'users': ['new', 'nobody'], 'n': 3}");
    assert_non_null(person(&lists, "a"));
    assert_non_null(person(&lists, "b"));
    assert_false(gx_map_get(&lists.as.items[1], "known")->as.boolean);
    assert_int_equal(gx_map_get(&lists.as.items[1], "people")->size, 0);
    test_call(&s, "tie.put", "{'ties': [{'src': 'a', 'dst': 'new', 'kind': 'block'}]}");
    test_call(&s, "user.put", "{'users': [{'user_id': 'b', 'status': 'departed'}]}");
    lists = test_call(&s, "rec.friends", "{'users': ['new'], 'n': 3}");
    assert_null(person(&lists, "a"));
    assert_null(person(&lists, "b"));
    assert_non_null(person(&lists, "c"));
    test_call(&s, "group.put", "{'groups': [{'group_id': 'g', 'name': 'Tea lovers'}]}");
    test_call(
        &s, "member.put",
        "{'members': [{'group_id': 'g', 'user_id': 'c'}, {'group_id': 'g', 'user_id': 'lone'}]}");
    lists = test_call(&s, "rec.friends", "{'users': ['lone']}");
    assert_true(test_is(gx_map_get(reason(person(&lists, "c"), "group"), "en"),
                        "In the same group as you: Tea lovers"));
    test_shop_close(&s);
}

/* Leaders are few, and told by their rank. */
static void test_experts_are_leaders(void **unused) {
    (void)unused;
    test_shop s;
    uint32_t told = 0;
    test_shop_open(&s);
    test_shop_fill(&s, 7, 400, 0);
    test_call(&s, "model.build", "{}");
    gx_value leaders = test_call(&s, "graph.leaders", "{'n': 20}");
    const gx_value *best = gx_map_get(&leaders, "leaders");
    for (uint32_t u = 0; u < 400; u += 13) {
        gx_value lists =
            test_call(&s, "rec.friends", "{'users': ['u%u'], 'mode': 'expert', 'n': 200}", u);
        const gx_value *people = gx_map_get(&lists.as.items[0], "people");
        assert_true(people->size > 5 && people->size <= 20); /* of 400 a twentieth */
        for (uint32_t i = 0; i < best->size; i++) {
            const gx_value *id = gx_map_get(&best->as.items[i], "user");
            char name[20];
            snprintf(name, sizeof name, "%.*s", (int)id->size, id->as.text);
            const gx_value *why = reason(person(&lists, name), "expert");
            if (why) {
                const gx_value *rank = gx_map_get(gx_map_get(why, "evidence"), "rank");
                char text[60];
                assert_int_equal(rank->as.integer, i + 1);
                snprintf(text, sizeof text, "No. %u of the leaders of this shop", i + 1);
                assert_true(test_is(gx_map_get(why, "en"), text));
                told++;
            }
        }
        told -= people->size; /* each of the list is a leader */
    }
    assert_int_equal(told, 0);
    gx_value tea = test_call(&s, "rec.friends",
                             "{'users': ['u1'], 'mode': 'expert', 'n': 200, 'category': 'c1'}");
    const gx_value *people = gx_map_get(&tea.as.items[0], "people");
    assert_true(people->size > 0 && people->size <= 20);
    assert_non_null(gx_map_get(&tea.as.items[0], "short"));
    test_shop_close(&s);
}

static void test_wrong_questions(void **unused) {
    (void)unused;
    static const struct {
        const char *json;
        gx_status code;
    } wrong[] = {
        {"{\"users\": [\"a\"], \"mode\": \"expert\"}", GX_CONFLICT},
        {"{\"users\": [\"a\"], \"mode\": \"cross-circle\"}", GX_CONFLICT},
        {"{\"users\": [\"a\"], \"category\": \"tea\"}", GX_BAD_REQUEST},
        {"{\"users\": [\"a\"], \"mode\": \"far\"}", GX_BAD_REQUEST},
        {"{\"users\": []}", GX_BAD_REQUEST},
    };
    test_shop s;
    small_shop(&s);
    for (size_t i = 0; i < GX_COUNT(wrong); i++) {
        gx_value args, out;
        gx_error err = {0};
        assert_int_equal(gx_json_read(&args, s.arena, wrong[i].json, strlen(wrong[i].json), NULL),
                         GX_OK);
        assert_int_equal(gx_call(&out, s.db, "rec.friends", &args, s.arena, &err), wrong[i].code);
        assert_true(strlen(err.message) > 10);
    }
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_who_may_not_be_shown),
        cmocka_unit_test(test_mutual_friends_are_told_as_they_may_be),
        cmocka_unit_test(test_nobody_is_shown_who_did_not_agree),
        cmocka_unit_test(test_who_is_ranked_when_it_is_judged),
        cmocka_unit_test(test_what_was_written_counts_at_once),
        cmocka_unit_test(test_experts_are_leaders),
        cmocka_unit_test(test_wrong_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
