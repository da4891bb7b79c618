/* The store: opening, words, records, ties, events, memberships, impressions, settings. */
#include "graph/store/testing.h"

#include <sys/stat.h>
#include <unistd.h>

static gx_slice text(const char *s) {
    return gx_slice_of(s);
}

/* ---- opening ----------------------------------------------------------------------------- */

static void opening_says_what_is_wrong(void **state) {
    (void)state;
    char path[256], file[300];
    gx_error err;
    gx_store *store = NULL;
    test_directory(path);
    assert_int_equal(gx_store_open(&store, path, NULL, &err), GX_NOT_FOUND);
    assert_non_null(strstr(err.message, "guanxi init"));
    snprintf(file, sizeof file, "%s/none", path);
    assert_int_equal(gx_store_open(&store, file, NULL, &err), GX_NOT_FOUND);
    snprintf(file, sizeof file, "%s/notes.txt", path);
    FILE *f = fopen(file, "w");
    fputs("not a store", f);
    fclose(f);
    const gx_store_options create = {.create = true, .exclusive = true};
    assert_int_equal(gx_store_open(&store, file, &create, &err), GX_CONFLICT);
    assert_int_equal(gx_store_open(&store, path, &create, &err), GX_CONFLICT);
    assert_non_null(strstr(err.message, "other files"));
    remove(file);
    must(gx_store_open(&store, path, &create, &err), &err);
    gx_store *second = NULL;
    assert_int_equal(gx_store_open(&second, path, NULL, &err), GX_BUSY);
    gx_store_close(store);
    assert_int_equal(gx_store_open(&store, path, &create, &err), GX_CONFLICT);
    const gx_store_options reading = {.read_only = true};
    must(gx_store_open(&store, path, &reading, &err), &err);
    gx_txn *txn = NULL;
    assert_int_equal(gx_txn_write(&txn, store, &err), GX_BAD_REQUEST);
    gx_store_close(store);
    gx_store_close(NULL);
    test_remove(path);
}

static void a_foreign_or_newer_or_cut_file_is_refused(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_store *store = NULL;
    gx_txn *txn = write_txn(&t);
    for (uint32_t i = 0; i < 3000; i++) {
        char name[32];
        uint32_t id;
        snprintf(name, sizeof name, "user %u", i);
        must(gx_word_intern(&id, NULL, txn, GX_SPACE_USER, text(name), &err), &err);
    }
    must(gx_txn_commit(txn, &err), &err);
    uint32_t schema = GX_STORE_SCHEMA + 1;
    raw_put(&t, "meta", "schema", 6, &schema, sizeof schema);
    gx_store_close(t.store);
    t.store = NULL;
    assert_int_equal(gx_store_open(&store, t.path, NULL, &err), GX_CONFLICT);
    assert_non_null(strstr(err.message, "schema 2"));
    char file[300];
    snprintf(file, sizeof file, "%s/data.mdb", t.path);
    assert_int_equal(truncate(file, 16384), 0);
    assert_int_equal(gx_store_open(&store, t.path, NULL, &err), GX_CORRUPT);
    assert_int_equal(truncate(file, 0), 0);
    assert_int_equal(gx_store_open(&store, t.path, NULL, &err), GX_NOT_FOUND);
    FILE *f = fopen(file, "w");
    for (int i = 0; i < 10000; i++) {
        fputc(i * 7 & 0xff, f);
    }
    fclose(f);
    assert_int_equal(gx_store_open(&store, t.path, NULL, &err), GX_CORRUPT);
    test_close(&t);
}

/* ---- words ------------------------------------------------------------------------------- */

static void words_get_dense_numbers_once(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    uint32_t id = 99;
    bool created = false;
    must(gx_word_intern(&id, &created, txn, GX_SPACE_USER, text("ann"), &err), &err);
    assert_true(created && id == 0);
    must(gx_word_intern(&id, &created, txn, GX_SPACE_USER, text("bob"), &err), &err);
    assert_true(created && id == 1);
    must(gx_word_intern(&id, &created, txn, GX_SPACE_USER, text("ann"), &err), &err);
    assert_true(!created && id == 0);
    must(gx_word_intern(&id, &created, txn, GX_SPACE_ITEM, text("ann"), &err), &err);
    assert_true(created && id == 0);
    char longest[300];
    memset(longest, 'x', sizeof longest);
    must(gx_word_intern(&id, &created, txn, GX_SPACE_USER, (gx_slice){longest, 255}, &err), &err);
    const gx_slice bad[] = {{"", 0}, {longest, 256}, {"a\0b", 3}, {"\xff\xfe", 2}, {"\xc3", 1}};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_int_equal(gx_word_intern(&id, &created, txn, GX_SPACE_USER, bad[i], &err),
                         GX_BAD_REQUEST);
    }
    assert_int_equal(gx_word_count(txn, GX_SPACE_USER), 3);
    must(gx_txn_commit(txn, &err), &err);
    txn = read_txn(&t);
    assert_int_equal(gx_word_find(&id, txn, GX_SPACE_USER, text("bob")), GX_OK);
    assert_int_equal(id, 1);
    assert_int_equal(gx_word_find(&id, txn, GX_SPACE_USER, text("carl")), GX_NOT_FOUND);
    assert_int_equal(gx_word_find(&id, txn, GX_SPACE_USER, (gx_slice){longest, 300}), GX_NOT_FOUND);
    assert_true(gx_slice_is(gx_word_name(txn, GX_SPACE_USER, 1), "bob"));
    assert_int_equal(gx_word_name(txn, GX_SPACE_USER, 77).size, 0);
    assert_int_equal(gx_word_intern(&id, NULL, txn, GX_SPACE_USER, text("new"), &err),
                     GX_BAD_REQUEST);
    gx_txn_abort(txn);
    test_close(&t);
}

typedef struct listed {
    uint32_t count;
    uint32_t next;
} listed;

static gx_status count_word(void *ctx, uint32_t id, gx_slice word, gx_error *err) {
    listed *l = ctx;
    (void)err;
    assert_true(word.size > 0);
    assert_int_equal(id, l->next);
    l->next = id + 1;
    l->count++;
    return GX_OK;
}

static void words_are_appended_in_runs(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    test_store t = test_open();
    gx_error err;
    static char names[COUNT][24];
    static gx_slice words[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        int size = snprintf(names[i], sizeof names[i], "member-%u", i * 2654435761u % 1000003u);
        words[i] = (gx_slice){names[i], (size_t)size};
    }
    gx_txn *txn = write_txn(&t);
    uint32_t first = 99;
    must(gx_word_append(&first, txn, GX_SPACE_USER, words, 2000, NULL, &err), &err);
    assert_int_equal(first, 0);
    must(gx_word_append(&first, txn, GX_SPACE_USER, words, 0, NULL, &err), &err);
    must(gx_word_append(&first, txn, GX_SPACE_USER, words + 2000, COUNT - 2000, NULL, &err), &err);
    assert_int_equal(first, 2000);
    must(gx_txn_commit(txn, &err), &err);
    txn = read_txn(&t);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t id = 0;
        assert_int_equal(gx_word_find(&id, txn, GX_SPACE_USER, words[i]), GX_OK);
        assert_int_equal(id, i);
        assert_true(gx_slice_equal(gx_word_name(txn, GX_SPACE_USER, i), words[i]));
    }
    listed l = {0, 0};
    must(gx_word_each(txn, GX_SPACE_USER, count_word, &l, &err), &err);
    assert_int_equal(l.count, COUNT);
    gx_txn_abort(txn);
    const gx_slice twice[] = {text("z"), text("y"), text("z")};
    txn = write_txn(&t);
    assert_int_equal(gx_word_append(&first, txn, GX_SPACE_USER, twice, 3, NULL, &err), GX_CONFLICT);
    gx_txn_abort(txn);
    txn = write_txn(&t);
    assert_int_equal(gx_word_append(&first, txn, GX_SPACE_USER, words + 7, 1, NULL, &err),
                     GX_CONFLICT);
    assert_non_null(strstr(err.message, "member-"));
    gx_txn_abort(txn);
    test_close(&t);
}

/* ---- records and settings ---------------------------------------------------------------- */

static void records_merge_field_by_field(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_arena *arena = gx_arena_create();
    gx_txn *txn = write_txn(&t);
    uint32_t id = intern(txn, GX_SPACE_ITEM, "sku-1");
    bool changed = false;
    gx_value fields = gx_map(arena, 2), got;
    gx_map_put(arena, &fields, "price", gx_real(9.5));
    gx_map_put(arena, &fields, "title", gx_str("soap"));
    must(gx_record_merge(&changed, txn, GX_SPACE_ITEM, id, &fields, &err), &err);
    assert_true(changed);
    must(gx_record_merge(&changed, txn, GX_SPACE_ITEM, id, &fields, &err), &err);
    assert_false(changed);
    gx_value more = gx_map(arena, 2);
    gx_map_put(arena, &more, "price", gx_nil());
    gx_map_put(arena, &more, "stock", gx_int(4));
    must(gx_record_merge(&changed, txn, GX_SPACE_ITEM, id, &more, &err), &err);
    assert_true(changed);
    must(gx_record_get(&got, txn, arena, GX_SPACE_ITEM, id, &err), &err);
    assert_int_equal(got.size, 2);
    assert_null(gx_map_get(&got, "price"));
    assert_int_equal(gx_map_get(&got, "stock")->as.integer, 4);
    gx_value none = gx_map(arena, 2);
    gx_map_put(arena, &none, "title", gx_nil());
    gx_map_put(arena, &none, "stock", gx_nil());
    must(gx_record_merge(&changed, txn, GX_SPACE_ITEM, id, &none, &err), &err);
    must(gx_record_get(&got, txn, arena, GX_SPACE_ITEM, id, &err), &err);
    assert_true(got.type == GX_MAP && got.size == 0);
    assert_int_equal(gx_record_merge(NULL, txn, GX_SPACE_ITEM, 7, &fields, &err), GX_BAD_REQUEST);
    const gx_value number = gx_int(3);
    assert_int_equal(gx_record_merge(NULL, txn, GX_SPACE_ITEM, id, &number, &err), GX_BAD_REQUEST);
    must(gx_setting_put(txn, "weights", &fields, &err), &err);
    must(gx_setting_get(&got, txn, arena, "weights", &err), &err);
    assert_true(gx_value_equal(&got, &fields));
    must(gx_setting_get(&got, txn, arena, "other", &err), &err);
    assert_int_equal(got.type, GX_NIL);
    gx_txn_abort(txn);
    gx_arena_destroy(arena);
    test_close(&t);
}

/* ---- ties -------------------------------------------------------------------------------- */

typedef struct seen_ties {
    size_t count;
    gx_tie ties[16];
} seen_ties;

static gx_status see_tie(void *ctx, const gx_tie *tie, gx_error *err) {
    seen_ties *s = ctx;
    (void)err;
    assert_true(s->count < GX_COUNT(s->ties));
    s->ties[s->count++] = *tie;
    return GX_OK;
}

static void ties_are_seen_from_both_ends(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    uint32_t ann = intern(txn, GX_SPACE_USER, "ann"), bob = intern(txn, GX_SPACE_USER, "bob");
    uint32_t friends = intern(txn, GX_SPACE_TIE_KIND, "friend");
    gx_tie tie = {bob, ann, friends, 1.0f, GX_TIME_UNKNOWN, false};
    bool created = false;
    must(gx_tie_put(&created, txn, &tie, &err), &err);
    assert_true(created);
    tie.weight = 2.5f;
    must(gx_tie_put(&created, txn, &tie, &err), &err);
    assert_false(created);
    gx_tie arrow = {bob, ann, friends, 1.0f, 1000, true};
    must(gx_tie_put(&created, txn, &arrow, &err), &err);
    assert_true(created); /* ann—bob lies under (ann, bob), bob→ann under (bob, ann) */
    assert_int_equal(gx_tie_count(txn), 2);
    seen_ties out = {0}, in = {0}, all = {0};
    must(gx_tie_out(txn, bob, see_tie, &out, &err), &err);
    assert_int_equal(out.count, 2);
    assert_true(out.ties[0].src == bob && out.ties[1].src == bob);
    must(gx_tie_in(txn, bob, see_tie, &in, &err), &err);
    assert_int_equal(in.count, 1);
    assert_true(in.ties[0].dst == bob && in.ties[0].weight == 2.5f && !in.ties[0].directed);
    must(gx_tie_each(txn, see_tie, &all, &err), &err);
    assert_int_equal(all.count, 2);
    const gx_tie bad[] = {
        {9, ann, friends, 1, 0, true},     {ann, 9, friends, 1, 0, true},
        {ann, bob, 9, 1, 0, true},         {ann, bob, friends, -1, 0, true},
        {ann, bob, friends, NAN, 0, true}, {ann, bob, friends, INFINITY, 0, true}};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_int_equal(gx_tie_put(&created, txn, &bad[i], &err), GX_BAD_REQUEST);
    }
    must(gx_tie_del(txn, bob, ann, friends, &err), &err);
    must(gx_tie_del(txn, bob, ann, friends, &err), &err); /* the undirected one, from its end */
    assert_int_equal(gx_tie_del(txn, bob, ann, friends, &err), GX_NOT_FOUND);
    assert_int_equal(gx_tie_count(txn), 0);
    gx_txn_abort(txn);
    test_close(&t);
}

/* ---- events ------------------------------------------------------------------------------ */

typedef struct seen_events {
    size_t count;
    gx_event events[16];
    char ids[16][8];
} seen_events;

static gx_status see_event(void *ctx, const gx_event *event, gx_error *err) {
    seen_events *s = ctx;
    (void)err;
    assert_true(s->count < GX_COUNT(s->events));
    assert_true(event->event_id.size < sizeof s->ids[0]);
    if (event->event_id.size) {
        memcpy(s->ids[s->count], event->event_id.data, event->event_id.size);
    }
    s->events[s->count++] = *event;
    return GX_OK;
}

static void events_are_idempotent_and_read_three_ways(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    event_words(txn, 3, 3);
    gx_event plain = test_event(1, 2, 5000), named = test_event(0, 1, 4000);
    named.event_id = text("e1");
    named.amount = 12.5;
    named.via = 2;
    named.extra = (gx_slice){"\x81\xa1s\xa1x", 5};
    bool created = false;
    must(gx_event_put(&created, txn, &plain, &err), &err);
    assert_true(created);
    must(gx_event_put(&created, txn, &plain, &err), &err);
    assert_false(created);
    must(gx_event_put(&created, txn, &named, &err), &err);
    assert_true(created);
    gx_event again = named;
    again.ts_ms = 9999; /* the same event_id: nothing changes */
    again.user = 2;
    must(gx_event_put(&created, txn, &again, &err), &err);
    assert_false(created);
    gx_event later = test_event(1, 0, 6000);
    must(gx_event_put(&created, txn, &later, &err), &err);
    must(gx_txn_commit(txn, &err), &err);
    txn = read_txn(&t);
    assert_int_equal(gx_event_count(txn), 3);
    seen_events all = {0}, mine = {0}, between = {0};
    must(gx_event_each(txn, see_event, &all, &err), &err);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.events[0].user, 0);
    assert_string_equal(all.ids[0], "e1");
    assert_true(all.events[0].amount == 12.5 && all.events[0].via == 2);
    assert_int_equal(all.events[0].extra.size, 5);
    assert_true(isnan(all.events[1].value) && all.events[1].channel == GX_NONE);
    must(gx_event_of_user(txn, 1, 0, see_event, &mine, &err), &err);
    assert_true(mine.count == 2 && mine.events[0].ts_ms == 6000);
    mine.count = 0;
    must(gx_event_of_user(txn, 1, 1, see_event, &mine, &err), &err);
    assert_int_equal(mine.count, 1);
    must(gx_event_between(txn, 4000, 6000, see_event, &between, &err), &err);
    assert_true(between.count == 2 && between.events[0].ts_ms == 4000);
    gx_event found;
    assert_int_equal(gx_event_find(&found, txn, text("e1")), GX_OK);
    assert_int_equal(found.ts_ms, 4000);
    assert_int_equal(gx_event_find(&found, txn, text("e2")), GX_NOT_FOUND);
    gx_event_core last[4];
    size_t count = 0;
    must(gx_event_recent(last, &count, txn, 1, 1, &err), &err);
    assert_true(count == 1 && last[0].ts_ms == 6000 && last[0].item == 0);
    must(gx_event_recent(last, &count, txn, 2, 4, &err), &err);
    assert_int_equal(count, 0);
    gx_txn_abort(txn);
    test_close(&t);
}

static void bad_events_are_refused(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    event_words(txn, 3, 3);
    gx_event bad[8];
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        bad[i] = test_event(1, 1, 1000);
    }
    bad[0].user = 3;
    bad[1].item = 3;
    bad[2].action = 9;
    bad[3].value = INFINITY;
    bad[4].extra = (gx_slice){"\xa1s", 2}; /* no map */
    bad[5].extra = (gx_slice){"\x81\xa1s", 3};
    bad[6].ts_ms = GX_TIME_UNKNOWN;
    bad[7].via = 3;
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_int_equal(gx_event_put(NULL, txn, &bad[i], &err), GX_BAD_REQUEST);
    }
    assert_int_equal(gx_event_count(txn), 0);
    gx_txn_abort(txn);
    test_close(&t);
}

/* ---- memberships, impressions, forgetting ------------------------------------------------ */

static gx_status count_member(void *ctx, const gx_membership *m, gx_error *err) {
    (void)err;
    assert_true(m->role.size == 0 || gx_slice_is(m->role, "owner"));
    ++*(size_t *)ctx;
    return GX_OK;
}

static gx_status sum_times(void *ctx, const gx_impression *i, gx_error *err) {
    (void)err;
    assert_int_equal(i->user, 1);
    *(int64_t *)ctx += i->ts_ms;
    return GX_OK;
}

/* One member's of [from, to), whoever else has some. */
static int64_t times_of(gx_txn *txn, uint32_t user, int64_t from_ms, int64_t to_ms) {
    int64_t sum = 0;
    gx_error err;
    must(gx_impression_of_user(txn, user, from_ms, to_ms, sum_times, &sum, &err), &err);
    return sum;
}

static void members_and_impressions(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    event_words(txn, 3, 3);
    uint32_t club = intern(txn, GX_SPACE_GROUP, "club");
    gx_membership m = {club, 1, 100, GX_TIME_UNKNOWN, {"owner", 5}};
    bool created = false;
    must(gx_member_put(&created, txn, &m, &err), &err);
    assert_true(created);
    m = (gx_membership){club, 1, GX_TIME_UNKNOWN, 900, {"", 0}};
    must(gx_member_put(&created, txn, &m, &err), &err);
    assert_false(created);
    size_t count = 0;
    must(gx_member_of_group(txn, club, count_member, &count, &err), &err);
    must(gx_member_of_user(txn, 1, count_member, &count, &err), &err);
    must(gx_member_each(txn, count_member, &count, &err), &err);
    must(gx_member_of_user(txn, 0, count_member, &count, &err), &err);
    assert_int_equal(count, 3);
    gx_impression shown = {1000, 1, 2, 0, GX_NONE, 0.5f, text("r1"), text("a"), {"", 0}};
    must(gx_impression_put(&created, txn, &shown, &err), &err);
    assert_true(created);
    shown.ts_ms = 2000;
    must(gx_impression_put(&created, txn, &shown, &err), &err);
    assert_false(created);
    shown.pos = 1;
    must(gx_impression_put(&created, txn, &shown, &err), &err);
    assert_true(created);
    assert_int_equal(gx_impression_count(txn), 2);
    shown = (gx_impression){-5, 1, 0, 0, GX_NONE, NAN, text("r0"), {"", 0}, {"", 0}};
    must(gx_impression_put(&created, txn, &shown, &err), &err);
    shown.user = 2;
    shown.request_id = text("r2");
    must(gx_impression_put(&created, txn, &shown, &err), &err);
    assert_int_equal(times_of(txn, 1, INT64_MIN + 1, INT64_MAX), 2995);
    assert_int_equal(times_of(txn, 1, 1000, 2000), 1000);
    assert_int_equal(times_of(txn, 1, -5, 1000), -5);
    assert_int_equal(times_of(txn, 1, -4, 1000), 0);
    assert_int_equal(times_of(txn, 0, INT64_MIN + 1, INT64_MAX), 0);
    gx_txn_abort(txn);
    test_close(&t);
}

static void a_forgotten_user_leaves_nothing(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_arena *arena = gx_arena_create();
    gx_txn *txn = write_txn(&t);
    event_words(txn, 3, 3);
    uint32_t friends = intern(txn, GX_SPACE_TIE_KIND, "friend");
    uint32_t club = intern(txn, GX_SPACE_GROUP, "club");
    gx_tie ties[] = {{0, 1, friends, 1, 0, true},
                     {1, 2, friends, 1, 0, true},
                     {1, 2, friends, 1, 0, false},
                     {0, 2, friends, 1, 0, true},
                     {1, 1, friends, 1, 0, true}};
    for (size_t i = 0; i < GX_COUNT(ties); i++) {
        must(gx_tie_put(NULL, txn, &ties[i], &err), &err);
    }
    gx_event e = test_event(1, 1, 1000), other = test_event(0, 1, 1000);
    e.event_id = text("e1");
    must(gx_event_put(NULL, txn, &e, &err), &err);
    must(gx_event_put(NULL, txn, &other, &err), &err);
    gx_membership m = {club, 1, 1, 2, {"", 0}};
    must(gx_member_put(NULL, txn, &m, &err), &err);
    gx_impression shown = {1000, 1, 2, 0, GX_NONE, NAN, text("r1"), {"", 0}, {"", 0}};
    must(gx_impression_put(NULL, txn, &shown, &err), &err);
    gx_value fields = gx_map(arena, 1), got;
    gx_map_put(arena, &fields, "invited_by", gx_str("user1"));
    must(gx_record_merge(NULL, txn, GX_SPACE_USER, 0, &fields, &err), &err);
    must(gx_record_merge(NULL, txn, GX_SPACE_USER, 1, &fields, &err), &err);
    must(gx_user_forget(txn, 1, &err), &err);
    assert_int_equal(gx_user_forget(txn, 1, &err), GX_NOT_FOUND);
    must(gx_txn_commit(txn, &err), &err);
    assert_int_equal(problems(&t), 0);
    txn = write_txn(&t);
    uint32_t id = 0;
    assert_int_equal(gx_word_find(&id, txn, GX_SPACE_USER, text("user1")), GX_NOT_FOUND);
    assert_int_equal(gx_word_name(txn, GX_SPACE_USER, 1).size, 0);
    assert_int_equal(gx_tie_count(txn), 1);
    assert_int_equal(gx_event_count(txn), 1);
    assert_int_equal(gx_member_count(txn), 0);
    assert_int_equal(gx_impression_count(txn), 0);
    gx_event found;
    assert_int_equal(gx_event_find(&found, txn, text("e1")), GX_NOT_FOUND);
    must(gx_record_get(&got, txn, arena, GX_SPACE_USER, 0, &err), &err);
    assert_null(gx_map_get(&got, "invited_by"));
    assert_int_equal(intern(txn, GX_SPACE_USER, "user1"), 3); /* never number 1 again */
    assert_int_equal(gx_word_live(txn, GX_SPACE_USER), 3);
    gx_txn_abort(txn);
    gx_arena_destroy(arena);
    test_close(&t);
}

/* ---- transactions ------------------------------------------------------------------------ */

static void savepoints_and_states(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = read_txn(&t);
    uint64_t before = gx_txn_state(txn);
    gx_txn_abort(txn);
    txn = write_txn(&t);
    intern(txn, GX_SPACE_USER, "kept");
    gx_txn *point = NULL;
    must(gx_txn_nest(&point, txn, &err), &err);
    intern(point, GX_SPACE_USER, "undone");
    gx_txn_abort(point);
    must(gx_txn_nest(&point, txn, &err), &err);
    intern(point, GX_SPACE_USER, "kept too");
    must(gx_txn_commit(point, &err), &err);
    must(gx_txn_commit(txn, &err), &err);
    txn = read_txn(&t);
    assert_int_equal(gx_word_count(txn, GX_SPACE_USER), 2);
    assert_int_equal(gx_txn_state(txn), before + 1);
    gx_txn_abort(txn);
    txn = write_txn(&t); /* what changes nothing leaves the state as it is */
    intern(txn, GX_SPACE_USER, "kept");
    must(gx_txn_commit(txn, &err), &err);
    gx_store_stats stats;
    must(gx_store_stat(&stats, t.store, &err), &err);
    assert_int_equal(stats.state, before + 1);
    assert_int_equal(stats.users, 2);
    txn = read_txn(&t);
    for (int i = 0; i < 3; i++) {
        gx_txn *w = write_txn(&t);
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        intern(w, GX_SPACE_USER, name);
        must(gx_txn_commit(w, &err), &err);
    }
    must(gx_store_stat(&stats, t.store, &err), &err);
    assert_int_equal(stats.readers, 1);
    assert_int_equal(stats.oldest_reader_lag, 3);
    assert_int_equal(gx_word_count(txn, GX_SPACE_USER), 2); /* a reader sees what it began with */
    gx_txn_abort(txn);
    test_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_says_what_is_wrong),
        cmocka_unit_test(a_foreign_or_newer_or_cut_file_is_refused),
        cmocka_unit_test(words_get_dense_numbers_once),
        cmocka_unit_test(words_are_appended_in_runs),
        cmocka_unit_test(records_merge_field_by_field),
        cmocka_unit_test(ties_are_seen_from_both_ends),
        cmocka_unit_test(events_are_idempotent_and_read_three_ways),
        cmocka_unit_test(bad_events_are_refused),
        cmocka_unit_test(members_and_impressions),
        cmocka_unit_test(a_forgotten_user_leaves_nothing),
        cmocka_unit_test(savepoints_and_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
