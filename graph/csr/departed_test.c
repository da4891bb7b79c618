/* Who has left: by status and time, now and at a time that is past. */
#include "graph/csr/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMBERS = 6, DAY = 86400000 };

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw) {
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static void put(gx_txn *txn, gx_arena *arena, const char *name, const char *status, int64_t left) {
    gx_error err = {0};
    uint32_t id;
    gx_value fields = gx_map(arena, 2);
    if (status) {
        gx_map_put(arena, &fields, "status", gx_str(status));
    }
    if (left > 0) {
        gx_map_put(arena, &fields, "left_at", gx_int(left));
    }
    assert_int_equal(gx_word_intern(&id, NULL, txn, GX_SPACE_USER, gx_slice_of(name), &err), GX_OK);
    assert_int_equal(gx_record_merge(NULL, txn, GX_SPACE_USER, id, &fields, &err), GX_OK);
}

static void test_who_is_gone_now_and_then(void **state) {
    (void)state;
    char path[] = "/tmp/gx_departed_XXXXXX";
    const gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    gx_store *store;
    gx_txn *txn;
    gx_job job;
    gx_error err = {0};
    uint8_t *gone;
    gx_arena *arena = gx_arena_create();
    gx_job_init(&job, 1, 1);
    assert_non_null(mkdtemp(path));
    assert_int_equal(gx_store_open(&store, path, &options, &err), GX_OK);
    assert_int_equal(gx_txn_write(&txn, store, &err), GX_OK);
    put(txn, arena, "a", "active", 0);
    assert_int_equal(gx_view_departed(&gone, txn, 0, &job, &err), GX_OK);
    assert_null(gone); /* nobody */
    put(txn, arena, "b", "Left", 0);
    put(txn, arena, "c", NULL, 5 * (int64_t)DAY);
    put(txn, arena, "d", "banned", 9 * (int64_t)DAY);
    put(txn, arena, "e", NULL, gx_time_ms() + DAY);
    put(txn, arena, "f", NULL, 0);
    static const struct {
        int64_t to_ms;
        uint8_t gone[MEMBERS];
    } cases[] = {{0, {0, 1, 1, 1, 0, 0}},
                 {5 * (int64_t)DAY, {0, 0, 1, 0, 0, 0}},
                 {10 * (int64_t)DAY, {0, 0, 1, 1, 0, 0}}};
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        assert_int_equal(gx_view_departed(&gone, txn, cases[i].to_ms, &job, &err), GX_OK);
        assert_memory_equal(gone, cases[i].gone, MEMBERS);
        gx_job_free(&job, gone);
    }
    assert_int_equal(gx_view_departed(&gone, txn, 4 * (int64_t)DAY, &job, &err), GX_OK);
    assert_null(gone);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    gx_txn_abort(txn);
    gx_store_close(store);
    gx_arena_destroy(arena);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_is_gone_now_and_then)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
