/* `check` finds what was broken on purpose; copies of a store are whole; memory may end anywhere.
 */
#include "graph/store/event.h"
#include "graph/store/testing.h"

#include <sys/stat.h>
#include <unistd.h>

/* A little of everything. */
static gx_status fill(gx_txn *txn, gx_error *err) {
    gx_status status;
    uint32_t id;
    uint64_t created;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    static const struct {
        gx_space space;
        const char *word;
    } words[] = {{GX_SPACE_USER, "user0"},      {GX_SPACE_USER, "user1"}, {GX_SPACE_USER, "user2"},
                 {GX_SPACE_ITEM, "item0"},      {GX_SPACE_ITEM, "item1"}, {GX_SPACE_ACTION, "view"},
                 {GX_SPACE_TIE_KIND, "friend"}, {GX_SPACE_GROUP, "club"}};
    for (size_t i = 0; i < GX_COUNT(words); i++) {
        GX_TRY(gx_word_intern(&id, NULL, txn, words[i].space, gx_slice_of(words[i].word), err));
    }
    const gx_slice more[] = {gx_slice_of("user3"), gx_slice_of("user4")};
    GX_TRY(gx_word_append(&id, txn, GX_SPACE_USER, more, GX_COUNT(more), NULL, err));
    gx_value fields = gx_map(arena, 1);
    gx_map_put(arena, &fields, "city", gx_str("Hangzhou"));
    if (gx_arena_status(arena) != GX_OK) {
        status = gx_fail_memory(err, 0);
        goto done;
    }
    GX_TRY(gx_record_merge(NULL, txn, GX_SPACE_USER, 0, &fields, err));
    GX_TRY(gx_setting_put(txn, "weights", &fields, err));
    const gx_tie ties[] = {{0, 1, 0, 1, 5, true}, {2, 1, 0, 1, GX_TIME_UNKNOWN, false}};
    GX_TRY(gx_tie_put_many(&created, NULL, txn, ties, GX_COUNT(ties), NULL, err));
    gx_event events[] = {test_event(0, 0, 1000), test_event(1, 1, 2000), test_event(0, 1, 3000)};
    events[1].event_id = gx_slice_of("e1");
    GX_TRY(gx_event_put_many(&created, NULL, txn, events, GX_COUNT(events), NULL, err));
    const gx_membership member = {0, 1, 100, GX_TIME_UNKNOWN, {"owner", 5}};
    GX_TRY(gx_member_put(NULL, txn, &member, err));
    const gx_impression shown = {1000, 0, 1, 0, GX_NONE, NAN, {"r1", 2}, {"", 0}, {"", 0}};
    GX_TRY(gx_impression_put(NULL, txn, &shown, err));
done:
    gx_arena_destroy(arena);
    return status;
}

static test_store filled(void) {
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    must(fill(txn, &err), &err);
    must(gx_txn_commit(txn, &err), &err);
    assert_int_equal(problems(&t), 0);
    return t;
}

/* ---- planted damage ---------------------------------------------------------------------- */

typedef enum plant { PUT, DELETE, FLIP_VALUE, FLIP_KEY } plant;

/* Does something to the first row of a tree that no call of the store would do. */
static void damage(test_store *t, const char *tree, plant what) {
    MDB_txn *mdb = NULL;
    MDB_dbi dbi = 0;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    char keys[512], values[4096];
    assert_int_equal(mdb_txn_begin(t->store->env, NULL, 0, &mdb), 0);
    assert_int_equal(mdb_dbi_open(mdb, tree, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(mdb, dbi, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    memcpy(keys, key.mv_data, key.mv_size);
    memcpy(values, value.mv_data, value.mv_size);
    MDB_val new_key = {key.mv_size, keys}, new_value = {value.mv_size, values};
    if (what != PUT) {
        assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    }
    if (what == FLIP_VALUE) {
        values[value.mv_size - 1] ^= 0x40;
    } else if (what == FLIP_KEY || what == PUT) {
        keys[key.mv_size - 1] ^= 0x40;
    }
    if (what != DELETE) {
        assert_int_equal(mdb_cursor_put(cursor, &new_key, &new_value, 0), 0);
    }
    mdb_cursor_close(cursor);
    assert_int_equal(mdb_txn_commit(mdb), 0);
}

static void check_finds_planted_damage(void **state) {
    (void)state;
    static const struct {
        const char *tree;
        plant what;
    } plants[] = {
        {"word.users", DELETE},
        {"word.users", FLIP_VALUE},
        {"word.users", PUT},
        {"name.users", DELETE},
        {"name.users", FLIP_VALUE},
        {"name.users", FLIP_KEY},
        {"record.users", FLIP_KEY},
        {"record.users", FLIP_VALUE},
        {"tie_out", DELETE},
        {"tie_out", FLIP_VALUE},
        {"tie_out", FLIP_KEY},
        {"tie_in", DELETE},
        {"tie_in", FLIP_VALUE},
        {"tie_in", PUT},
        {"event_core", DELETE},
        {"event_core", FLIP_VALUE},
        {"event_core", PUT},
        {"event_log", DELETE},
        {"event_log", FLIP_VALUE},
        {"event_log", FLIP_KEY},
        {"event_log", PUT},
        {"event_id", DELETE},
        {"event_id", FLIP_VALUE},
        {"member", DELETE},
        {"member", PUT},
        {"member_of", DELETE},
        {"member_of", FLIP_KEY},
        {"impression", DELETE},
        {"impression", FLIP_VALUE},
        {"impression", FLIP_KEY},
        {"impression_key", DELETE},
        {"impression_key", FLIP_VALUE},
    };
    for (size_t i = 0; i < GX_COUNT(plants); i++) {
        test_store t = filled();
        damage(&t, plants[i].tree, plants[i].what);
        gx_error err;
        uint64_t count = 0;
        /* Some damage of MessagePack is still a record: the last byte of a text, say. */
        must(gx_store_check(&count, t.store, NULL, NULL, NULL, &err), &err);
        if (count == 0 && strcmp(plants[i].tree, "record.users") != 0) {
            fail_msg("damage %d to %s was not found", plants[i].what, plants[i].tree);
        }
        test_close(&t);
    }
}

static void check_counts_ties_and_can_be_stopped(void **state) {
    (void)state;
    test_store t = filled();
    gx__counts counts = {1, 77};
    raw_put(&t, "meta", "counts", 6, &counts, sizeof counts);
    assert_int_equal(problems(&t), 1);
    test_close(&t);
    t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    event_words(txn, 5000, 1);
    must(gx_txn_commit(txn, &err), &err);
    gx_job job;
    uint64_t count;
    gx_job_init(&job, 1, 1);
    gx_job_cancel(&job);
    assert_int_equal(gx_store_check(&count, t.store, &job, NULL, NULL, &err), GX_CANCELLED);
    test_close(&t);
}

/* ---- copies ------------------------------------------------------------------------------ */

static void write_file(const char *directory, const char *name, const char *text) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool file_is(const char *directory, const char *name, const char *text) {
    char path[600], line[64] = "";
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "r");
    bool same = f && fgets(line, sizeof line, f) && strcmp(line, text) == 0;
    if (f) {
        fclose(f);
    }
    return same;
}

static uint64_t state_of(const char *path) {
    gx_error err;
    gx_store *store = NULL;
    gx_store_stats stats;
    const gx_store_options reading = {.read_only = true};
    must(gx_store_open(&store, path, &reading, &err), &err);
    must(gx_store_stat(&stats, store, &err), &err);
    assert_int_equal(stats.events, 3);
    assert_int_equal(stats.ties, 2);
    gx_store_close(store);
    return stats.state;
}

static void a_backup_is_a_store_with_its_models(void **state) {
    (void)state;
    test_store t = filled();
    char models[300], root[256], copy[300], again[300], models2[400];
    gx_error err;
    test_directory(root);
    snprintf(models, sizeof models, "%s/models", t.path);
    snprintf(copy, sizeof copy, "%s/copy.gx", root);
    snprintf(again, sizeof again, "%s/again.gx/", root);
    assert_int_equal(mkdir(models, 0755), 0);
    write_file(models, "000001.safetensors", "arrays");
    write_file(models, "CURRENT", "1");
    must(gx_store_backup(t.store, copy, NULL, &err), &err);
    assert_int_equal(gx_store_backup(t.store, copy, NULL, &err), GX_CONFLICT);
    assert_int_equal(gx_store_backup(t.store, "/none/there/x", NULL, &err), GX_NOT_FOUND);
    snprintf(models2, sizeof models2, "%s/models", copy);
    assert_true(file_is(models2, "CURRENT", "1"));
    assert_true(file_is(models2, "000001.safetensors", "arrays"));
    must(gx_store_restore(copy, again, NULL, &err), &err);
    gx_store_stats stats;
    must(gx_store_stat(&stats, t.store, &err), &err);
    assert_int_equal(state_of(copy), stats.state); /* snapshots made from it still fit */
    assert_int_equal(state_of(again), stats.state);
    test_store damaged = {.store = NULL};
    snprintf(damaged.path, sizeof damaged.path, "%.250s", copy);
    test_reopen(&damaged);
    damage(&damaged, "tie_in", DELETE);
    gx_store_close(damaged.store);
    char third[300];
    snprintf(third, sizeof third, "%s/third.gx", root);
    assert_int_equal(gx_store_restore(copy, third, NULL, &err), GX_CORRUPT);
    assert_int_not_equal(access(third, F_OK), 0);
    test_remove(root);
    test_close(&t);
}

static void compacting_gives_pages_back(void **state) {
    (void)state;
    test_store t = filled();
    gx_error err;
    gx_store_stats before, after;
    char text[200];
    memset(text, 'x', sizeof text);
    for (int round = 0; round < 2; round++) {
        gx_txn *txn = write_txn(&t);
        gx_arena *arena = gx_arena_create();
        for (uint32_t i = 0; i < 3000; i++) {
            char name[32];
            snprintf(name, sizeof name, "extra%u", i);
            uint32_t id = intern(txn, GX_SPACE_ITEM, name);
            gx_value fields = gx_map(arena, 1);
            gx_map_put(arena, &fields, "text", round ? gx_nil() : gx_text(text, sizeof text));
            must(gx_record_merge(NULL, txn, GX_SPACE_ITEM, id, &fields, &err), &err);
        }
        gx_arena_destroy(arena);
        must(gx_txn_commit(txn, &err), &err);
    }
    must(gx_store_stat(&before, t.store, &err), &err);
    assert_int_equal(gx_store_compact(t.path, NULL, &err), GX_BUSY);
    gx_store_close(t.store);
    t.store = NULL;
    must(gx_store_compact(t.path, NULL, &err), &err);
    test_reopen(&t);
    must(gx_store_stat(&after, t.store, &err), &err);
    assert_true(after.file_bytes < before.file_bytes / 2);
    assert_int_equal(after.state, before.state);
    assert_int_equal(problems(&t), 0);
    test_close(&t);
}

/* ---- memory ends ------------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    uint64_t live = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        assert_true(k < 5000);
        gx_txn *txn = NULL;
        gx_alloc_fail_at(k);
        status = gx_txn_write(&txn, t.store, &err);
        if (status == GX_OK) {
            status = fill(txn, &err);
        }
        if (status == GX_OK) {
            status = gx_user_forget(txn, 0, &err);
        }
        if (status == GX_OK) {
            status = gx_txn_commit(txn, &err);
        } else {
            assert_int_equal(status, GX_NO_MEMORY);
            gx_txn_abort(txn);
        }
        gx_alloc_fail_at(0);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_int_equal(problems(&t), 0);
    }
    gx_store *store = NULL;
    gx_store_close(t.store);
    t.store = NULL;
    status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_alloc_fail_at(k);
        status = gx_store_open(&store, t.path, NULL, &err);
        gx_alloc_fail_at(0);
    }
    t.store = store;
    test_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_finds_planted_damage),
        cmocka_unit_test(check_counts_ties_and_can_be_stopped),
        cmocka_unit_test(a_backup_is_a_store_with_its_models),
        cmocka_unit_test(compacting_gives_pages_back),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
