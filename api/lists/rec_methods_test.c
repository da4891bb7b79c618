/* rec.user, rec.explain and rec.similar over a small live store: what was written a moment ago
 * counts, filters hold, reasons tell no more than they may. */
#include "api/db.h"
#include "api/lists/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY INT64_C(86400000)

/* ---- a shop ---- */

typedef struct shop {
    char path[64];
    gx_db *db;
    gx_arena *arena;
} shop;

static gx_status try_call(gx_value *out, shop *s, const char *method, const char *json,
                          gx_error *err) {
    gx_value args, result = gx_nil();
    assert_int_equal(gx_json_read(&args, s->arena, json, strlen(json), err), GX_OK);
    gx_status status = gx_call(&result, s->db, method, &args, s->arena, err);
    if (out && status == GX_OK) {
        *out = result;
    }
    return status;
}

/* JSON with ' for ": readable in C. */
GX_PRINTF(3, 4)
static gx_value call(shop *s, const char *method, const char *format, ...) {
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    gx_error err = {0};
    gx_value out = gx_nil();
    if (try_call(&out, s, method, text, &err) != GX_OK) {
        fail_msg("%s %s: %s", method, text, err.message);
    }
    return out;
}

static void refused(shop *s, const char *method, const char *json, gx_status code,
                    const char *says) {
    char text[1024];
    snprintf(text, sizeof text, "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    gx_error err = {0};
    assert_int_equal(try_call(NULL, s, method, text, &err), code);
    if (!strstr(err.message, says)) {
        fail_msg("%s says '%s', expected '%s'", text, err.message, says);
    }
}

static void buys(shop *s, const char *user, const char *item, const char *action, int64_t days) {
    call(s, "event.put",
         "{'events': [{'user_id': '%s', 'item_id': '%s', 'action': '%s', 'ts': %lld}]}", user, item,
         action, (long long)(gx_time_ms() - days * DAY));
}

/* Two circles of twelve, a (skincare) and b (books), each tied among itself; members 0–7 of a
 * circle bought items 0–5 of it, so that 6–11 have something to discover. */
static void fill(shop *s) {
    for (int c = 0; c < 2; c++) {
        char side = c ? 'b' : 'a';
        for (int i = 0; i < 8; i++) {
            call(s, "item.put",
                 "{'items': [{'item_id': '%c-i%d', 'title': 'Thing %c%d', 'category': '%s', "
                 "'price': %d, 'stock': 5}]}",
                 side, i, side, i, c ? "book/novel" : "skincare/cream", 10 * (i + 1));
        }
        for (int u = 0; u < 12; u++) {
            call(s, "user.put", "{'users': [{'user_id': '%c%d', 'consent': %s}]}", side, u,
                 u % 3 == 0 ? "true" : "false");
        }
        for (int u = 0; u < 12; u++) {
            for (int v = u + 1; v < 12; v++) {
                if ((u + v) % 2 == 1) {
                    call(s, "tie.put",
                         "{'ties': [{'src': '%c%d', 'dst': '%c%d', 'kind': 'friend'}]}", side, u,
                         side, v);
                }
            }
        }
        for (int u = 0; u < 8; u++) {
            for (int i = 0; i < 6; i++) {
                if ((u + i) % 4 != 0) {
                    char user[16], item[16];
                    snprintf(user, sizeof user, "%c%d", side, u);
                    snprintf(item, sizeof item, "%c-i%d", side, i);
                    buys(s, user, item, "buy", 100 + u);
                }
            }
        }
    }
}

static void shop_open(shop *s, bool build) {
    snprintf(s->path, sizeof s->path, "/tmp/gx-rec-XXXXXX");
    assert_non_null(mkdtemp(s->path));
    char store[80];
    snprintf(store, sizeof store, "%s/shop.gx", s->path);
    gx_db_options options = {.create = true, .threads = 1};
    gx_error err = {0};
    if (gx_db_open(&s->db, store, &options, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    s->arena = gx_arena_create();
    fill(s);
    if (build) {
        call(s, "model.build", "{}");
    }
}

static void shop_close(shop *s) {
    char command[128];
    gx_db_close(s->db);
    gx_arena_destroy(s->arena);
    snprintf(command, sizeof command, "rm -rf '%s'", s->path);
    assert_int_equal(system(command), 0);
}

/* ---- reading answers ---- */

static bool is(const gx_value *value, const char *text) {
    return value && value->type == GX_TEXT &&
           gx_slice_is((gx_slice){value->as.text, value->size}, text);
}

static bool starts(const gx_value *value, const char *text) {
    return value && value->type == GX_TEXT && value->size >= strlen(text) &&
           memcmp(value->as.text, text, strlen(text)) == 0;
}

static const gx_value *items_of(const gx_value *lists) {
    assert_int_equal(lists->type, GX_LIST);
    return gx_map_get(&lists->as.items[0], "items");
}

static const gx_value *find_item(const gx_value *lists, const char *id) {
    const gx_value *items = items_of(lists);
    for (uint32_t k = 0; k < items->size; k++) {
        if (is(gx_map_get(&items->as.items[k], "id"), id)) {
            return &items->as.items[k];
        }
    }
    return NULL;
}

static const gx_value *find_why(const gx_value *item, const char *channel) {
    const gx_value *why = item ? gx_map_get(item, "why") : NULL;
    for (uint32_t k = 0; why && k < why->size; k++) {
        if (is(gx_map_get(&why->as.items[k], "channel"), channel)) {
            return &why->as.items[k];
        }
    }
    return NULL;
}

static void rung_is(const gx_value *lists, const char *rung) {
    const gx_value *is_now = gx_map_get(&lists->as.items[0], "rung");
    if (!is(is_now, rung)) {
        fail_msg("rung %.*s, expected %s", (int)is_now->size, is_now->as.text, rung);
    }
}

/* ---- lists ---- */

static void a_list_changes_with_the_next_event(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value before = call(&s, "rec.user", "{'users': ['a1'], 'n': 4}");
    rung_is(&before, "full");
    assert_int_equal(items_of(&before)->size, 4);
    assert_null(find_item(&before, "a-i0")); /* bought */
    assert_non_null(find_item(&before, "a-i3"));
    const gx_value *first = &items_of(&before)->as.items[0];
    const gx_value *shares = gx_map_get(first, "channels");
    double sum = 0;
    for (uint32_t c = 0; c < shares->size; c++) {
        sum += shares->as.pairs[c].value.as.real;
    }
    assert_true(fabs(sum - 1) < 1e-9);
    buys(&s, "a1", "b-i0", "buy", 0);
    gx_value after = call(&s, "rec.user", "{'users': ['a1'], 'n': 8}");
    rung_is(&after, "fold_in");
    assert_null(find_item(&after, "b-i0"));
    assert_non_null(find_item(&after, "a-i3"));
    assert_true(gx_map_get(gx_map_get(find_item(&after, "b-i1"), "channels"), "interest")->as.real >
                0.9);
    gx_value same = call(&s, "rec.user", "{'users': ['a1'], 'n': 8, 'threads': 2}");
    assert_true(gx_value_equal(&after, &same));
    shop_close(&s);
}

static void hidden_items_vanish_and_new_ones_come_at_once(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value list = call(&s, "rec.user", "{'users': ['a9'], 'n': 16}");
    assert_non_null(find_item(&list, "a-i1"));
    call(&s, "item.put", "{'items': [{'item_id': 'a-i1', 'status': 'Hidden'}]}");
    call(&s, "item.put", "{'items': [{'item_id': 'a-i2', 'stock': 0}]}");
    refused(&s, "item.put", "{'items': [{'item_id': 'a-i3', 'status': 'sold_out'}]}",
            GX_BAD_REQUEST, "status: not on, active, hidden, off or deleted 'sold_out'");
    refused(&s, "item.put", "{'items': [{'item_id': 'a-i3', 'price': -1}]}", GX_BAD_REQUEST,
            "price: negative number '-1'");
    refused(&s, "item.put", "{'items': [{'item_id': 'a-i3', 'stock': -2}]}", GX_BAD_REQUEST,
            "stock: negative number '-2'");
    call(&s, "item.put", "{'items': [{'item_id': 'fresh', 'title': 'Just in'}]}");
    buys(&s, "a8", "fresh", "buy", 1);
    list = call(&s, "rec.user", "{'users': ['a9'], 'n': 16}");
    assert_null(find_item(&list, "a-i1"));
    assert_null(find_item(&list, "a-i2"));
    const gx_value *fresh = find_item(&list, "fresh");
    assert_non_null(fresh);
    assert_true(is(gx_map_get(fresh, "title"), "Just in"));
    assert_true(is(&gx_map_get(fresh, "flags")->as.items[0], "new"));
    assert_true(gx_map_get(gx_map_get(fresh, "channels"), "friends")->as.real > 0.99);
    call(&s, "item.put", "{'items': [{'item_id': 'a-i1', 'status': 'on'}]}");
    list = call(&s, "rec.user", "{'users': ['a9'], 'n': 16}");
    assert_non_null(find_item(&list, "a-i1"));
    shop_close(&s);
}

/* As a store has it that was written before such words were refused. */
static void put_old_status(shop *s, const char *item, const char *json) {
    gx_txn *txn;
    gx_value fields;
    uint32_t id;
    bool changed;
    assert_int_equal(gx_json_read(&fields, s->arena, json, strlen(json), NULL), GX_OK);
    assert_int_equal(gx_txn_write(&txn, s->db->store, NULL), GX_OK);
    assert_int_equal(gx_word_find(&id, txn, GX_SPACE_ITEM, gx_slice_of(item)), GX_OK);
    assert_int_equal(gx_record_merge(&changed, txn, GX_SPACE_ITEM, id, &fields, NULL), GX_OK);
    assert_int_equal(gx_txn_commit(txn, NULL), GX_OK);
}

static void a_status_of_old_that_nobody_knows_hides_the_item(void **state) {
    (void)state;
    static const char *const unknown[] = {"{\"status\": \"sold_out\"}", "{\"status\": \"\"}",
                                          "{\"status\": 1}", "{\"status\": false}",
                                          "{\"status\": [\"gone\"]}"};
    shop s;
    shop_open(&s, true);
    for (size_t k = 0; k < GX_COUNT(unknown); k++) {
        put_old_status(&s, "a-i1", unknown[k]);
        gx_value list = call(&s, "rec.user", "{'users': ['a9'], 'n': 16}");
        if (find_item(&list, "a-i1")) {
            fail_msg("%s is shown", unknown[k]);
        }
        gx_value told = call(&s, "rec.explain", "{'user': 'a9', 'item': 'a-i1'}");
        assert_true(is(gx_map_get(gx_map_get(&told, "why_not"), "rule"), "hidden"));
        put_old_status(&s, "a-i1", k % 2 ? "{\"status\": \"active\"}" : "{\"status\": null}");
        list = call(&s, "rec.user", "{'users': ['a9'], 'n': 16}");
        assert_non_null(find_item(&list, "a-i1"));
    }
    shop_close(&s);
}

static void what_was_declared_counts_at_once(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    call(&s, "user.put",
         "{'users': [{'user_id': 'new', 'prefers': ['book/novel'], 'dislikes': 'skincare'}]}");
    gx_value list = call(&s, "rec.user", "{'users': ['new'], 'n': 20}");
    rung_is(&list, "attributes");
    assert_int_equal(items_of(&list)->size, 8);
    const gx_value *first = &items_of(&list)->as.items[0];
    const gx_value *why = find_why(first, "interest");
    assert_true(is(gx_map_get(why, "en"), "Because you told us you like book/novel"));
    assert_true(is(gx_map_get(why, "zh"), "因为你告诉我们你喜欢 book/novel"));
    assert_true(is(gx_map_get(gx_map_get(why, "evidence"), "declared"), "book/novel"));
    gx_value told = call(&s, "rec.explain", "{'user': 'new', 'item': 'a-i1'}");
    assert_true(is(gx_map_get(gx_map_get(&told, "why_not"), "rule"), "declared"));
    call(&s, "item.put", "{'items': [{'item_id': 'b-new', 'category': 'book/novel'}]}");
    list = call(&s, "rec.user", "{'users': ['new'], 'n': 20}");
    assert_non_null(find_item(&list, "b-new"));
    buys(&s, "early", "b-new", "buy", 1);
    list = call(&s, "rec.user", "{'users': ['early'], 'n': 5}");
    rung_is(&list, "fold_in");
    for (uint32_t k = 0; k < 5; k++) {
        assert_true(starts(gx_map_get(&items_of(&list)->as.items[k], "id"), "b-"));
    }
    call(&s, "item.put", "{'items': [{'item_id': 'b-new', 'status': 'hidden'}]}");
    list = call(&s, "rec.user", "{'users': ['new'], 'n': 20}");
    assert_null(find_item(&list, "b-new"));
    shop_close(&s);
}

static void the_ladder_is_told(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value list = call(&s, "rec.user", "{'users': ['a9', 'stranger'], 'n': 3}");
    rung_is(&list, "friends_only");
    assert_true(gx_map_get(&list.as.items[0], "known")->as.boolean);
    const gx_value *stranger = &list.as.items[1];
    assert_true(is(gx_map_get(stranger, "user"), "stranger"));
    assert_false(gx_map_get(stranger, "known")->as.boolean);
    assert_true(is(gx_map_get(stranger, "rung"), "popular"));
    const gx_value *first = &gx_map_get(stranger, "items")->as.items[0];
    assert_true(is(&gx_map_get(first, "flags")->as.items[0], "popular"));
    assert_int_equal(gx_map_get(first, "why")->size, 0);

    call(&s, "user.put", "{'users': [{'user_id': 'shy', 'tags': ['book', 'odd \\\"*']}]}");
    list = call(&s, "rec.user", "{'users': ['shy'], 'n': 3}");
    rung_is(&list, "attributes");
    const gx_value *why = find_why(&items_of(&list)->as.items[0], "interest");
    assert_true(is(gx_map_get(why, "en"), "Because you told us you like book"));
    for (uint32_t k = 0; k < 3; k++) {
        assert_true(starts(gx_map_get(&items_of(&list)->as.items[k], "id"), "b-"));
    }
    call(&s, "tie.put", "{'ties': [{'src': 'shy', 'dst': 'a1', 'kind': 'friend'}]}");
    list = call(&s, "rec.user", "{'users': ['shy'], 'n': 3}");
    rung_is(&list, "friends_only");
    assert_non_null(gx_map_get(&list.as.items[0], "circle")->as.text); /* placed by the tie */
    shop_close(&s);
}

static void filters_hold(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value list = call(&s, "rec.user",
                         "{'users': ['a9'], 'n': 9, 'where': 'price < 45 and category in "
                         "(\\\"skincare/*\\\")', 'exclude': ['a-i0', 'no-such-item']}");
    assert_int_equal(items_of(&list)->size, 3);
    assert_non_null(find_item(&list, "a-i1"));
    assert_null(find_item(&list, "a-i0"));
    assert_true(starts(gx_map_get(&list.as.items[0], "short"), "3 of 9: of 16 items 3 are shown"));
    list = call(&s, "rec.user", "{'users': ['a9'], 'kind': ['event']}");
    assert_int_equal(items_of(&list)->size, 0);
    list = call(&s, "rec.user", "{'users': ['a9'], 'kind': ['product'], 'n': 16}");
    assert_int_equal(items_of(&list)->size, 16);
    assert_int_equal(gx_map_get(&list.as.items[0], "short")->type, GX_NIL);

    buys(&s, "a1", "b-i7", "view", 0);
    buys(&s, "a1", "b-i6", "dislike", 0);
    list = call(&s, "rec.user", "{'users': ['a1'], 'n': 16}");
    assert_null(find_item(&list, "a-i0"));
    assert_null(find_item(&list, "b-i6"));
    assert_non_null(find_item(&list, "b-i7"));
    list = call(&s, "rec.user", "{'users': ['a1'], 'n': 16, 'seen': 'all'}");
    assert_null(find_item(&list, "b-i7"));
    list = call(&s, "rec.user", "{'users': ['a1'], 'n': 16, 'seen': 'none', 'why': false}");
    assert_int_equal(items_of(&list)->size, 16);
    assert_null(gx_map_get(&items_of(&list)->as.items[0], "why"));
    shop_close(&s);
}

/* Every field there is a cap for, beside kinds. */
static void kinds_leave_room_for_all_caps(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value list =
        call(&s, "rec.user",
             "{'users': ['a9'], 'n': 9, 'kinds': {'product': 9}, 'caps': {'category': 9, "
             "'category/1': 9, 'category/2': 9, 'category/3': 9, 'category/4': 9, 'category/5': 9, "
             "'category/6': 9, 'category/7': 9, 'category/8': 9, 'brand': 9, 'seller': 2}}");
    assert_int_equal(items_of(&list)->size, 9);
    shop_close(&s);
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    refused(&s, "rec.user", "{'users': ['a1'], 'where': 'price <'}", GX_BAD_REQUEST, "position 8");
    refused(&s, "rec.user", "{'users': ['a1'], 'kind': ['hat']}", GX_BAD_REQUEST,
            "product, content and event");
    refused(&s, "rec.user", "{'users': ['a1'], 'channels': {'fiends': 1}}", GX_BAD_REQUEST,
            "friends, circle, leader and interest");
    refused(&s, "rec.user", "{'users': ['a1'], 'channels': {'friends': -1}}", GX_BAD_REQUEST,
            "from 0");
    refused(
        &s, "rec.user",
        "{'users': ['a1'], 'channels': {'friends': 0, 'circle': 0, 'leader': 0, 'interest': 0}}",
        GX_BAD_REQUEST, "at least one");
    refused(&s, "rec.user", "{'users': []}", GX_BAD_REQUEST, "users");
    refused(&s, "rec.user", "{'users': ['a1'], 'n': -1}", GX_BAD_REQUEST, "n");
    refused(&s, "rec.explain", "{'user': 'a1', 'item': 'nothing'}", GX_NOT_FOUND, "nothing");
    shop_close(&s);
}

/* ---- channels and reasons ---- */

static gx_value friends_list(shop *s, const char *user) {
    return call(s, "rec.user",
                "{'users': ['%s'], 'n': 16, 'channels': {'friends': 1, 'circle': 0, 'leader': 0, "
                "'interest': 0}}",
                user);
}

static void a_blocked_person_is_nobody(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    call(&s, "item.put", "{'items': [{'item_id': 'fresh'}]}");
    buys(&s, "a8", "fresh", "buy", 1);
    gx_value list = friends_list(&s, "a9");
    assert_non_null(find_why(find_item(&list, "fresh"), "friends"));
    call(&s, "tie.put", "{'ties': [{'src': 'a8', 'dst': 'a9', 'kind': 'block'}]}");
    list = friends_list(&s, "a9");
    assert_null(find_why(find_item(&list, "fresh"), "friends"));
    shop_close(&s);
}

/* a9 is tied to a0 a2 a4 a6 a8 a10; of them a0 and a6 agreed to be named. */
static void a_reason_tells_no_more_than_it_may(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    call(&s, "item.put", "{'items': [{'item_id': 'fresh'}]}");
    buys(&s, "a0", "fresh", "buy", 2);
    buys(&s, "a2", "fresh", "buy", 90);
    gx_value list = friends_list(&s, "a9");
    const gx_value *why = find_why(find_item(&list, "fresh"), "friends");
    const gx_value *evidence = gx_map_get(why, "evidence");
    assert_true(is(gx_map_get(why, "en"), "A friend bought it"));
    assert_true(is(gx_map_get(why, "zh"), "有好友买过"));
    assert_null(gx_map_get(evidence, "hidden")); /* two are fewer than three: no count, no day */
    assert_null(gx_map_get(evidence, "last"));
    assert_int_equal(gx_map_get(evidence, "people")->size, 0);

    buys(&s, "a4", "fresh", "buy", 100);
    list = friends_list(&s, "a9");
    why = find_why(find_item(&list, "fresh"), "friends");
    evidence = gx_map_get(why, "evidence");
    assert_true(is(gx_map_get(why, "en"), "3 friends bought it, some in the last 30 days"));
    assert_true(is(gx_map_get(why, "zh"), "3 位好友买过,近 30 天也有"));
    assert_null(gx_map_get(evidence, "hidden")); /* two are hidden: no names either */
    assert_int_equal(gx_map_get(evidence, "people")->size, 0);
    assert_true(is(gx_map_get(evidence, "action"), "buy"));
    assert_int_equal(gx_map_get(evidence, "last")->size, strlen("2026-11-02"));

    gx_txn *txn = NULL;
    gx_value two = gx_int(2);
    buys(&s, "a4", "fresh", "buy", 0);
    assert_int_equal(gx_txn_write(&txn, gx_db_store(s.db), NULL), GX_OK);
    assert_int_equal(gx_setting_put(txn, "min_count", &two, NULL), GX_OK);
    assert_int_equal(gx_txn_commit(txn, NULL), GX_OK);
    list = friends_list(&s, "a9");
    why = find_why(find_item(&list, "fresh"), "friends");
    assert_true(is(gx_map_get(why, "en"), "3 friends bought it, 2 in the last 30 days"));
    assert_true(is(gx_map_get(why, "zh"), "3 位好友买过,其中 2 位在近 30 天"));
    evidence = gx_map_get(why, "evidence");
    assert_int_equal(gx_map_get(evidence, "hidden")->as.integer, 2);
    assert_int_equal(gx_map_get(evidence, "people")->size, 1);
    assert_true(is(&gx_map_get(evidence, "people")->as.items[0], "a0"));
    shop_close(&s);
}

static void circle_and_interest_say_why(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value list = call(&s, "rec.user", "{'users': ['a1'], 'n': 8}");
    const gx_value *item = find_item(&list, "a-i3");
    const gx_value *why = find_why(item, "interest");
    assert_non_null(why);
    assert_true(starts(gx_map_get(why, "en"), "Goes with Thing a"));
    assert_non_null(strstr(gx_map_get(why, "en")->as.text, ", which you bought"));
    assert_true(starts(gx_map_get(why, "zh"), "与你买过的 Thing a"));
    const gx_value *evidence = gx_map_get(why, "evidence");
    assert_int_equal(gx_map_get(evidence, "items")->size, gx_map_get(evidence, "parts")->size);
    why = find_why(item, "circle");
    assert_non_null(why);
    assert_true(starts(gx_map_get(why, "en"), "Popular in your circle: "));
    assert_true(gx_map_get(gx_map_get(why, "evidence"), "lift")->as.real > 1);
    shop_close(&s);
}

/* ---- explain ---- */

static void rule_is(shop *s, const char *args, const char *rule, const char *test) {
    gx_value answer = call(s, "rec.explain", "%s", args);
    const gx_value *why_not = gx_map_get(&answer, "why_not");
    if (!rule) {
        assert_true(gx_map_get(&answer, "listed")->as.boolean);
        assert_int_equal(why_not->type, GX_NIL);
        return;
    }
    assert_false(gx_map_get(&answer, "listed")->as.boolean);
    if (!is(gx_map_get(why_not, "rule"), rule)) {
        fail_msg("%s: not by the rule %s", args, rule);
    }
    if (test && !is(gx_map_get(why_not, "test"), test)) {
        fail_msg("%s: not by the test %s", args, test);
    }
}

static void explain_says_why_not(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    rule_is(&s, "{'user': 'a1', 'item': 'a-i3'}", NULL, NULL);
    rule_is(&s, "{'user': 'a1', 'item': 'a-i3', 'kind': ['event']}", "kind", NULL);
    rule_is(&s, "{'user': 'a1', 'item': 'a-i3', 'exclude': ['a-i3']}", "excluded", NULL);
    rule_is(&s, "{'user': 'a1', 'item': 'a-i3', 'where': 'stock > 0 and price < 20'}", "where",
            "price < 20");
    rule_is(&s, "{'user': 'a1', 'item': 'a-i0'}", "seen", NULL);
    rule_is(&s, "{'user': 'a1', 'item': 'a-i0', 'seen': 'none'}", NULL, NULL);
    rule_is(&s, "{'user': 'a1', 'item': 'b-i7', 'n': 2}", "rank", NULL);
    buys(&s, "a1", "b-i7", "dislike", 0);
    rule_is(&s, "{'user': 'a1', 'item': 'b-i7', 'n': 16}", "disliked", NULL);
    call(&s, "item.put", "{'items': [{'item_id': 'a-i3', 'stock': 0}]}");
    rule_is(&s, "{'user': 'a1', 'item': 'a-i3'}", "hidden", "not stock <= 0");

    /* The ranks of explain are the ranks of the list. */
    gx_value list = call(&s, "rec.user", "{'users': ['a1'], 'n': 16}");
    const gx_value *items = items_of(&list);
    for (uint32_t k = 0; k < items->size; k++) {
        const gx_value *id = gx_map_get(&items->as.items[k], "id");
        gx_value answer =
            call(&s, "rec.explain", "{'user': 'a1', 'item': '%.*s'}", (int)id->size, id->as.text);
        assert_int_equal(gx_map_get(&answer, "rank")->as.integer, k + 1);
        assert_true(gx_value_equal(gx_map_get(&answer, "channels"),
                                   gx_map_get(&items->as.items[k], "channels")));
    }

    /* And so are the scores where only popularity speaks: */
    list = call(&s, "rec.user", "{'users': ['stranger'], 'n': 16, 'boost': '3 item b-i7'}");
    items = items_of(&list);
    assert_true(gx_map_get(&items->as.items[0], "score")->as.real > 0);
    for (uint32_t k = 0; k < items->size; k++) {
        const gx_value *id = gx_map_get(&items->as.items[k], "id");
        gx_value answer =
            call(&s, "rec.explain", "{'user': 'stranger', 'item': '%.*s', 'boost': '3 item b-i7'}",
                 (int)id->size, id->as.text);
        assert_true(
            gx_value_equal(gx_map_get(&answer, "score"), gx_map_get(&items->as.items[k], "score")));
    }
    shop_close(&s);
}

/* ---- similar ---- */

static void similar_answers_entry_by_entry(void **state) {
    (void)state;
    shop s;
    shop_open(&s, true);
    gx_value lists = call(&s, "rec.similar", "{'items': ['a-i1', 'nothing'], 'n': 3}");
    assert_int_equal(lists.size, 2);
    assert_int_equal(items_of(&lists)->size, 3);
    assert_null(find_item(&lists, "a-i1"));
    for (uint32_t k = 0; k < 3; k++) {
        assert_true(starts(gx_map_get(&items_of(&lists)->as.items[k], "id"), "a-"));
    }
    const gx_value *error = gx_map_get(&lists.as.items[1], "error");
    assert_true(is(gx_map_get(error, "name"), "not_found"));
    lists = call(
        &s, "rec.similar",
        "{'items': ['a-i1'], 'n': 3, 'where': 'price < 15 and category in (\\\"skincare/*\\\")'}");
    assert_int_equal(items_of(&lists)->size, 1);
    assert_true(starts(gx_map_get(&lists.as.items[0], "short"), "1 of 3"));
    call(&s, "item.put", "{'items': [{'item_id': 'fresh'}]}");
    lists = call(&s, "rec.similar", "{'items': ['fresh']}");
    error = gx_map_get(&lists.as.items[0], "error");
    assert_non_null(strstr(gx_map_get(error, "message")->as.text, "newer than the snapshot"));
    call(&s, "item.put",
         "{'items': [{'item_id': 'a-new', 'category': 'skincare/cream', 'price': 30}]}");
    lists = call(&s, "rec.similar", "{'items': ['a-new', 'a-i1'], 'n': 20}");
    assert_true(items_of(&lists)->size >= 8);
    for (uint32_t k = 0; k < 6; k++) {
        assert_true(starts(gx_map_get(&items_of(&lists)->as.items[k], "id"), "a-"));
    }
    gx_value like = lists.as.items[1];
    bool found = false;
    for (uint32_t k = 0; k < gx_map_get(&like, "items")->size; k++) {
        found |= is(gx_map_get(&gx_map_get(&like, "items")->as.items[k], "id"), "a-new");
    }
    assert_true(found);
    shop_close(&s);
}

/* ---- without a snapshot, and without memory ---- */

static void friends_count_before_the_first_build(void **state) {
    (void)state;
    shop s;
    shop_open(&s, false);
    gx_value list = call(&s, "rec.user", "{'users': ['a9', 'stranger'], 'n': 3}");
    rung_is(&list, "friends_only");
    assert_true(starts(gx_map_get(&items_of(&list)->as.items[0], "id"), "a-"));
    refused(&s, "rec.similar", "{'items': ['a-i1']}", GX_CONFLICT, "no snapshot yet");
    shop_close(&s);
}

static void memory_that_ends_is_told_and_nothing_leaks(void **state) {
    (void)state;
    static const char *const calls[][2] = {
        {"rec.user", "{\"users\": [\"a1\", \"a9\"], \"n\": 16, \"where\": \"price < 75\"}"},
        {"rec.explain", "{\"user\": \"a1\", \"item\": \"a-i3\"}"},
        {"rec.similar", "{\"items\": [\"a-i1\"]}"},
    };
    shop s;
    shop_open(&s, true);
    for (size_t c = 0; c < GX_COUNT(calls); c++) {
        gx_status status = GX_NO_MEMORY;
        gx_value args, out;
        uint64_t warm = 0; /* with what stays between calls: columns, scratch */
        for (uint64_t k = 0; status != GX_OK && k < 2000; k++) {
            gx_arena_reset(s.arena);
            assert_int_equal(gx_json_read(&args, s.arena, calls[c][1], strlen(calls[c][1]), NULL),
                             GX_OK);
            gx_alloc_fail_at(k); /* 0: never */
            status = gx_call(&out, s.db, calls[c][0], &args, s.arena, NULL);
            gx_alloc_fail_at(0);
            assert_true(status == GX_OK || (k > 0 && status == GX_NO_MEMORY));
            gx_arena_reset(s.arena);
            if (k == 0) {
                warm = gx_alloc_live_blocks();
                status = GX_NO_MEMORY;
            }
            assert_true(gx_alloc_live_blocks() <= warm);
        }
        assert_int_equal(status, GX_OK);
    }
    shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_changes_with_the_next_event),
        cmocka_unit_test(hidden_items_vanish_and_new_ones_come_at_once),
        cmocka_unit_test(a_status_of_old_that_nobody_knows_hides_the_item),
        cmocka_unit_test(what_was_declared_counts_at_once),
        cmocka_unit_test(the_ladder_is_told),
        cmocka_unit_test(filters_hold),
        cmocka_unit_test(kinds_leave_room_for_all_caps),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_blocked_person_is_nobody),
        cmocka_unit_test(a_reason_tells_no_more_than_it_may),
        cmocka_unit_test(circle_and_interest_say_why),
        cmocka_unit_test(explain_says_why_not),
        cmocka_unit_test(similar_answers_entry_by_entry),
        cmocka_unit_test(friends_count_before_the_first_build),
        cmocka_unit_test(memory_that_ends_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
