/* What the tests of this room share: a store in a directory of its own, and short ways to fill it.
 */
#ifndef GX_STORE_TESTING_H
#define GX_STORE_TESTING_H

#include "graph/store/inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct test_store {
    char path[256];
    gx_store *store;
} test_store;

static inline void must(gx_status status, const gx_error *err) {
    if (status != GX_OK) {
        fail_msg("%s: %s", gx_status_name(status), err->message);
    }
}

static inline void test_directory(char path[256]) {
    const char *root = getenv("TMPDIR");
    snprintf(path, 256, "%s/gx_store_XXXXXX", root && strlen(root) < 200 ? root : "/tmp");
    assert_non_null(mkdtemp(path));
}

static inline int test_remove_one(const char *path, const struct stat *info, int type,
                                  struct FTW *ftw) {
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void test_remove(const char *path) {
    nftw(path, test_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* `sync = none`: the tests ask what is read back, not what a power cut leaves. */
static inline void test_reopen(test_store *t) {
    gx_error err;
    const gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    gx_store_close(t->store);
    t->store = NULL;
    must(gx_store_open(&t->store, t->path, &options, &err), &err);
}

static inline test_store test_open(void) {
    test_store t = {.store = NULL};
    test_directory(t.path);
    test_reopen(&t);
    return t;
}

static inline void test_close(test_store *t) {
    gx_store_close(t->store);
    test_remove(t->path);
}

static inline gx_txn *write_txn(test_store *t) {
    gx_error err;
    gx_txn *txn = NULL;
    must(gx_txn_write(&txn, t->store, &err), &err);
    return txn;
}

static inline gx_txn *read_txn(test_store *t) {
    gx_error err;
    gx_txn *txn = NULL;
    must(gx_txn_read(&txn, t->store, &err), &err);
    return txn;
}

static inline uint32_t intern(gx_txn *txn, gx_space space, const char *word) {
    gx_error err;
    uint32_t id = GX_NONE;
    must(gx_word_intern(&id, NULL, txn, space, gx_slice_of(word), &err), &err);
    return id;
}

/* user0 …, item0 … and the action "view". */
static inline void event_words(gx_txn *txn, uint32_t users, uint32_t items) {
    char name[24];
    for (uint32_t i = 0; i < users || i < items; i++) {
        if (i < users) {
            snprintf(name, sizeof name, "user%u", i);
            intern(txn, GX_SPACE_USER, name);
        }
        if (i < items) {
            snprintf(name, sizeof name, "item%u", i);
            intern(txn, GX_SPACE_ITEM, name);
        }
    }
    intern(txn, GX_SPACE_ACTION, "view");
}

static inline gx_event test_event(uint32_t user, uint32_t item, int64_t ts_ms) {
    return (gx_event){.ts_ms = ts_ms,
                      .user = user,
                      .item = item,
                      .channel = GX_NONE,
                      .group = GX_NONE,
                      .via = GX_NONE,
                      .campaign = GX_NONE,
                      .coupon = GX_NONE,
                      .value = NAN,
                      .qty = NAN,
                      .amount = NAN};
}

/* Writes past the store, to plant damage. */
static inline void raw_put(test_store *t, const char *tree, const void *key, size_t key_size,
                           const void *value, size_t value_size) {
    MDB_txn *mdb = NULL;
    MDB_dbi dbi = 0;
    MDB_val k = {key_size, (void *)(uintptr_t)key}, v = {value_size, (void *)(uintptr_t)value};
    assert_int_equal(mdb_txn_begin(t->store->env, NULL, 0, &mdb), 0);
    assert_int_equal(mdb_dbi_open(mdb, tree, 0, &dbi), 0);
    assert_int_equal(mdb_put(mdb, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(mdb), 0);
}

static inline void print_problem(void *user, const char *line) {
    if (user) {
        print_message("  %s\n", line);
    }
}

static inline uint64_t problems(test_store *t) {
    gx_error err;
    uint64_t count = 0;
    must(gx_store_check(&count, t->store, NULL, print_problem, t, &err), &err);
    return count;
}

#endif
