/* What events say is the same to everybody: the matrix of a build, a member's history at a call,
 * and the acts of those they know, on random shops whose members buy, return, dislike and change
 * their minds; and what is due again. */
#include "api/people/member.h"
#include "api/testing.h"
#include "graph/csr/signal.h"

#include <math.h>

enum { SHOPS = 40, USERS = 12, ITEMS = 10, EVENTS = 160 };

static const char *const actions[] = {"buy",    "view", "refund", "dislike", "like",
                                      "unlike", "rate", "cancel", "return",  "odd"};

static void fill(test_shop *s, gx_rng *rng, uint32_t events) {
    gx_arena *a = s->arena;
    gx_value rows = gx_list(a, events), ties = gx_list(a, USERS);
    for (uint32_t k = 0; k < events; k++) {
        gx_value row = gx_map(a, 5);
        test_put_int(s, &row, "user_id", "u", gx_rng_below(rng, USERS));
        test_put_int(s, &row, "item_id", "i", gx_rng_below(rng, ITEMS));
        gx_map_put(a, &row, "action", gx_str(actions[gx_rng_below(rng, GX_COUNT(actions))]));
        gx_map_put(a, &row, "value", gx_int((int64_t)gx_rng_below(rng, 6)));
        gx_map_put(a, &row, "ts",
                   gx_int(1700000000000 + (int64_t)gx_rng_below(rng, 400) * 43200000));
        gx_list_add(a, &rows, row);
    }
    for (uint32_t u = 0; u < USERS; u++) {
        gx_value row = gx_map(a, 3);
        test_put_int(s, &row, "src", "u", u);
        test_put_int(s, &row, "dst", "u", (u + 1) % USERS);
        gx_map_put(a, &row, "kind", gx_str("friend"));
        gx_list_add(a, &ties, row);
    }
    test_put(s, "event.put", "events", rows);
    test_put(s, "tie.put", "ties", ties);
}

static float value_in(const gx_matrix *m, uint32_t user, uint32_t item) {
    const uint64_t at = gx_matrix_find(m, user, item);
    return at == UINT64_MAX ? 0 : m->value[at];
}

/* Whether the item is in the member's list, whatever is asked of it. */
static bool is_listed(test_shop *s, uint32_t user, uint32_t item, const char *how) {
    const gx_value lists =
        test_call(s, "rec.user", "{'users': ['u%u'], 'n': %d, 'why': false%s}", user, ITEMS, how);
    const gx_value *items = gx_map_get(&lists.as.items[0], "items");
    char name[16];
    snprintf(name, sizeof name, "i%u", item);
    for (uint32_t k = 0; k < items->size; k++) {
        if (test_is(gx_map_get(&items->as.items[k], "id"), name)) {
            return true;
        }
    }
    return false;
}

static uint32_t number_of(gx_txn *txn, gx_space space, uint32_t id) {
    const gx_slice name = gx_word_name(txn, space, id);
    int64_t number = -1;
    assert_true(gx_parse_int((gx_slice){name.data + 1, name.size - 1}, &number));
    return (uint32_t)number;
}

static uint32_t against, acts; /* that were looked at */

static void check_member(test_shop *s, gx_txn *txn, const gx_state *state, const gx_matrix *all,
                         uint32_t user) {
    gx_member_live live;
    gx_error err = {0};
    assert_int_equal(gx_member_read(&live, txn, state, NULL, user, 1800000000000, s->arena, &err),
                     GX_OK);
    const gx_history *h = &live.rec.history;
    for (uint32_t k = 0; k < h->count; k++) {
        const float value = value_in(all, user, h->item[k]);
        assert_true(fabsf(h->weight[k] - value) <= 1e-5F * (1 + fabsf(value)));
        assert_int_equal((live.did[k] & GX_DID_DISLIKE) != 0, value < 0);
        if (value < 0 && gx_word_name(txn, GX_SPACE_USER, user).size > 0) {
            const uint32_t u = number_of(txn, GX_SPACE_USER, user);
            const uint32_t i = number_of(txn, GX_SPACE_ITEM, h->item[k]);
            against++;
            assert_false(is_listed(s, u, i, ""));
            assert_false(is_listed(s, u, i, ", 'seen': 'all', 'repeat': 'on'"));
        }
    }
    for (uint32_t f = 0; f < live.rec.friend_count; f++) {
        const gx_friend *person = &live.rec.friends[f];
        for (uint32_t a = person->act_from; a < person->act_to; a++) {
            const gx_act *act = &live.rec.acts[a];
            assert_true(act->weight > 0);
            acts++;
            assert_true(value_in(all, person->user, act->item) > 0);
        }
    }
}

static void all_readers_agree(void **unused) {
    (void)unused;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        test_shop s;
        gx_rng rng = gx_rng_at(seed, 11);
        gx_matrix all = {0};
        gx_error err = {0};
        gx_job job;
        gx_txn *txn;
        test_shop_open(&s);
        fill(&s, &rng, EVENTS);
        if (seed % 2) { /* and what the snapshot has not seen */
            test_call(&s, "model.build", "{}");
            fill(&s, &rng, EVENTS / 4);
        }
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_txn_read(&txn, s.db->store, NULL), GX_OK);
        gx_state *state = gx_db_hold_state(s.db);
        for (uint32_t u = 0; u < gx_word_count(txn, GX_SPACE_USER); u++) {
            gx_member_live live;
            assert_int_equal(
                gx_member_read(&live, txn, state, NULL, u, 1800000000000, s.arena, &err), GX_OK);
            const gx_event_view view = {
                .decay = true, .keep_negative = true, .now_ms = live.rec.now_ms};
            assert_int_equal(gx_view_events(&all, txn, &state->rules, &view, &job, &err), GX_OK);
            check_member(&s, txn, state, &all, u);
            gx_matrix_finish(&all);
        }
        gx_state_release(state);
        gx_txn_abort(txn);
        test_shop_close(&s);
    }
    assert_true(against > 1000 && acts > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_readers_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
