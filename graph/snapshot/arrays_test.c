/* Sets of arrays in memory. */
#include "graph/snapshot/arrays.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static gx_arrays *make(void) {
    gx_arrays *arrays;
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    return arrays;
}

static void rows_are_cleared_aligned_and_in_name_order(void **state) {
    (void)state;
    static const char *const names[] = {"m.b", "z", "a.long", "m.a", "a"};
    gx_arrays *arrays = make();
    for (uint32_t i = 0; i < GX_COUNT(names); i++) {
        uint32_t *data;
        assert_int_equal(gx_arrays_add(&data, arrays, names[i], GX_U32, 10, 0, NULL, NULL), GX_OK);
        assert_int_equal((uintptr_t)data % GX_CACHE_LINE, 0);
        for (int k = 0; k < 10; k++) {
            assert_int_equal(data[k], 0);
        }
        data[0] = i;
    }
    assert_int_equal(gx_arrays_count(arrays), GX_COUNT(names));
    assert_int_equal(gx_arrays_bytes(arrays), 5 * 40);
    for (size_t i = 1; i < gx_arrays_count(arrays); i++) {
        assert_true(strcmp(gx_arrays_at(arrays, i - 1)->name, gx_arrays_at(arrays, i)->name) < 0);
    }
    assert_null(gx_arrays_at(arrays, GX_COUNT(names)));
    for (uint32_t i = 0; i < GX_COUNT(names); i++) {
        const uint32_t *data = gx_arrays_get(arrays, names[i], GX_U32, 10);
        assert_non_null(data);
        assert_int_equal(data[0], i);
    }
    gx_arrays_destroy(arrays);
}

static void shapes(void **state) {
    (void)state;
    gx_arrays *arrays = make();
    double *flat, *square;
    uint8_t *empty;
    assert_int_equal(gx_arrays_add(&flat, arrays, "flat", GX_F64, 3, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&square, arrays, "square", GX_F64, 3, 4, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&empty, arrays, "empty", GX_U8, 0, 0, NULL, NULL), GX_OK);
    const gx_array *row = gx_arrays_find(arrays, "square");
    assert_int_equal(row->rank, 2);
    assert_int_equal(row->shape[0], 3);
    assert_int_equal(row->shape[1], 4);
    assert_int_equal(row->bytes, 96);
    row = gx_arrays_find(arrays, "flat");
    assert_int_equal(row->rank, 1);
    assert_int_equal(row->shape[1], 1);
    /* Empty is not the same as absent. */
    assert_non_null(gx_arrays_get(arrays, "empty", GX_U8, 0));
    gx_arrays_destroy(arrays);
}

static void what_is_followed_is_checked_first(void **state) {
    (void)state;
    const uint64_t good[] = {0, 2, 2, 5}, late[] = {1, 2, 2, 5}, falls[] = {0, 3, 2, 5};
    const uint32_t number[] = {4, 0, 9};
    gx_arrays *arrays = make();
    uint64_t *data;
    assert_true(gx_row_ptr_is_valid(good, 3, 5));
    assert_true(gx_row_ptr_is_valid(good, 0, 0));
    assert_false(gx_row_ptr_is_valid(good, 3, 4));
    assert_false(gx_row_ptr_is_valid(good, 3, 6));
    assert_false(gx_row_ptr_is_valid(late, 3, 5));
    assert_false(gx_row_ptr_is_valid(falls, 3, 5));
    assert_true(gx_all_below(number, 3, 10));
    assert_false(gx_all_below(number, 3, 9));
    assert_true(gx_all_below(NULL, 0, 0));
    assert_int_equal(gx_arrays_add(&data, arrays, "x.ptr", GX_U64, 4, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_rows(arrays, "x.ptr"), 4);
    assert_int_equal(gx_arrays_rows(arrays, "x"), 0);
    gx_arrays_destroy(arrays);
}

static void asking_for_what_is_not_there(void **state) {
    (void)state;
    gx_error err = {0};
    gx_arrays *arrays = make();
    float *data, *got = NULL;
    assert_int_equal(gx_arrays_add(&data, arrays, "x.score", GX_F32, 7, 0, NULL, NULL), GX_OK);
    assert_null(gx_arrays_get(arrays, "x", GX_F32, 7));
    assert_null(gx_arrays_get(arrays, "x.score", GX_F64, 7));
    assert_null(gx_arrays_get(arrays, "x.score", GX_F32, 8));
    assert_ptr_equal(gx_arrays_get(arrays, "x.score", GX_F32, 0), data);
    assert_int_equal(gx_arrays_need(&got, arrays, "x.score", GX_F32, 7, &err), GX_OK);
    assert_ptr_equal(got, data);
    assert_int_equal(gx_arrays_need(&got, arrays, "y.score", GX_F32, 7, &err), GX_NOT_FOUND);
    assert_non_null(strstr(err.message, "y.score"));
    assert_int_equal(gx_arrays_need(&got, arrays, "x.score", GX_F64, 9, &err), GX_CORRUPT);
    assert_non_null(strstr(err.message, "7 rows of F32"));
    assert_non_null(strstr(err.message, "9 rows of F64"));
    assert_ptr_equal(got, data);
    gx_arrays_destroy(arrays);
}

static void names_that_are_refused(void **state) {
    (void)state;
    char longest[257];
    memset(longest, 'n', sizeof longest);
    longest[256] = '\0';
    const char *const bad[] = {"", "~pad", "__metadata__", "tab\there", "\xff\xfe", longest};
    gx_arrays *arrays = make();
    int32_t *data;
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_int_equal(gx_arrays_add(&data, arrays, bad[i], GX_I32, 1, 0, NULL, NULL),
                         GX_BAD_REQUEST);
    }
    longest[255] = '\0';
    assert_int_equal(gx_arrays_add(&data, arrays, longest, GX_I32, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&data, arrays, longest, GX_F32, 2, 0, NULL, NULL), GX_CONFLICT);
    assert_int_equal(gx_arrays_add(&data, arrays, "关系.分", GX_I32, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_count(arrays), 2);
    gx_arrays_destroy(arrays);
}

static void sizes_that_overflow(void **state) {
    (void)state;
    gx_arrays *arrays = make();
    double *data;
    assert_int_equal(gx_arrays_add(&data, arrays, "a", GX_F64, UINT64_MAX / 4, 0, NULL, NULL),
                     GX_OVER_LIMIT);
    assert_int_equal(
        gx_arrays_add(&data, arrays, "a", GX_F64, UINT64_C(1) << 32, UINT64_C(1) << 32, NULL, NULL),
        GX_OVER_LIMIT);
    assert_int_equal(gx_arrays_count(arrays), 0);
    gx_arrays_destroy(arrays);
}

static void memory_is_charged_to_the_job(void **state) {
    (void)state;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = make();
    double *data;
    gx_job_init(&job, 1, 1);
    job.mem_limit = 1000;
    gx_job_stage(&job, "test", 1);
    assert_int_equal(gx_arrays_add(&data, arrays, "a", GX_F64, 100, 0, &job, &err), GX_OK);
    assert_int_equal(job.mem_used, 800);
    assert_int_equal(gx_arrays_add(&data, arrays, "b", GX_F64, 100, 0, &job, &err), GX_OVER_LIMIT);
    assert_int_equal(gx_arrays_add(&data, arrays, "a", GX_F64, 10, 0, &job, &err), GX_CONFLICT);
    assert_int_equal(job.mem_used, 800);
    gx_arrays_drop(arrays, &job);
    assert_int_equal(job.mem_used, 0);
    gx_arrays_drop(NULL, &job);
}

static void moving(void **state) {
    (void)state;
    gx_arrays *into = make(), *from = make();
    int64_t *a, *b, *c, *b2;
    uint64_t live = gx_alloc_live_blocks();
    assert_int_equal(gx_arrays_add(&a, into, "a", GX_I64, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&b, into, "b", GX_I64, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&b2, from, "b", GX_I64, 2, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&c, from, "c", GX_I64, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_note(into, "k", "old", NULL), GX_OK);
    assert_int_equal(gx_arrays_note(from, "k", "new", NULL), GX_OK);
    assert_int_equal(gx_arrays_note(from, "other", "", NULL), GX_OK);
    assert_int_equal(gx_arrays_move(into, from, NULL), GX_OK);
    assert_int_equal(gx_arrays_count(from), 0);
    assert_int_equal(gx_arrays_count(into), 3);
    assert_ptr_equal(gx_arrays_get(into, "a", GX_I64, 1), a);
    assert_ptr_equal(gx_arrays_get(into, "b", GX_I64, 2), b2);
    assert_ptr_equal(gx_arrays_get(into, "c", GX_I64, 1), c);
    assert_string_equal(gx_arrays_noted(into, "k"), "new");
    assert_string_equal(gx_arrays_noted(into, "other"), "");
    assert_null(gx_arrays_noted(from, "k"));
    assert_int_equal(gx_arrays_move(into, into, NULL), GX_OK);
    assert_int_equal(gx_arrays_count(into), 3);
    assert_true(gx_alloc_live_blocks() > live);
    gx_arrays_destroy(from);
    gx_arrays_destroy(into);
}

static void removing(void **state) {
    (void)state;
    gx_arrays *arrays = make();
    uint64_t *data;
    assert_int_equal(gx_arrays_add(&data, arrays, "a", GX_U64, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&data, arrays, "b", GX_U64, 1, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_remove(arrays, "a", NULL), GX_OK);
    assert_int_equal(gx_arrays_remove(arrays, "a", NULL), GX_NOT_FOUND);
    assert_null(gx_arrays_find(arrays, "a"));
    assert_ptr_equal(gx_arrays_get(arrays, "b", GX_U64, 1), data);
    gx_arrays_destroy(arrays);
}

static void notes(void **state) {
    (void)state;
    gx_arrays *arrays = make();
    assert_null(gx_arrays_noted(arrays, "seed"));
    assert_int_equal(gx_arrays_note(arrays, "seed", "1", NULL), GX_OK);
    assert_int_equal(gx_arrays_note(arrays, "recipe", "{\"passes\": []}", NULL), GX_OK);
    assert_int_equal(gx_arrays_note(arrays, "seed", "2", NULL), GX_OK);
    assert_string_equal(gx_arrays_noted(arrays, "seed"), "2");
    assert_int_equal(gx_arrays_note(arrays, "", "x", NULL), GX_BAD_REQUEST);
    assert_int_equal(gx_arrays_note(arrays, "xxh3", "x", NULL), GX_BAD_REQUEST);
    assert_int_equal(gx_arrays_note(arrays, "xxh3.a", "x", NULL), GX_BAD_REQUEST);
    assert_int_equal(gx_arrays_note(arrays, "xxh32", "x", NULL), GX_OK);
    assert_int_equal(gx_arrays_note(arrays, "bad", "\xc3", NULL), GX_BAD_REQUEST);
    gx_arrays_destroy(arrays);
}

/* Adds, notes and moves with the k-th allocation failing: what failed changed nothing. */
static gx_status exercise(gx_arrays *into, gx_arrays *from) {
    double *data;
    char name[16];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "row.%d", i);
        size_t before = gx_arrays_count(from);
        gx_status status = gx_arrays_add(&data, from, name, GX_F64, 4, 2, NULL, NULL);
        assert_int_equal(gx_arrays_count(from), before + (status == GX_OK));
        if (status != GX_OK) {
            return status;
        }
    }
    gx_status status = gx_arrays_note(from, "key", "text", NULL);
    if (status != GX_OK) {
        assert_null(gx_arrays_noted(from, "key"));
        return status;
    }
    status = gx_arrays_move(into, from, NULL);
    assert_int_equal(gx_arrays_count(into), status == GX_OK ? 12 : 0);
    assert_int_equal(gx_arrays_count(from), status == GX_OK ? 0 : 12);
    return status;
}

static void failing_allocator(void **state) {
    (void)state;
    uint64_t live = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_arrays *into = make(), *from = make();
        gx_alloc_fail_at(k);
        status = exercise(into, from);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_arrays_destroy(from);
        gx_arrays_destroy(into);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_true(k < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_cleared_aligned_and_in_name_order),
        cmocka_unit_test(shapes),
        cmocka_unit_test(what_is_followed_is_checked_first),
        cmocka_unit_test(asking_for_what_is_not_there),
        cmocka_unit_test(names_that_are_refused),
        cmocka_unit_test(sizes_that_overflow),
        cmocka_unit_test(memory_is_charged_to_the_job),
        cmocka_unit_test(moving),
        cmocka_unit_test(removing),
        cmocka_unit_test(notes),
        cmocka_unit_test(failing_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
