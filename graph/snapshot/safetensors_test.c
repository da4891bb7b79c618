/* The file format: what is written is read back, and nothing else is. */
#include "graph/snapshot/snapshot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* A disk that is full after so many bytes: our own write() comes before the C library's. */
static uint64_t disk_left = UINT64_MAX;

ssize_t write(int fd, const void *bytes, size_t size) {
    if (fd > 2) {
        if (disk_left == 0) {
            errno = ENOSPC;
            return -1;
        }
        size = size < disk_left ? size : (size_t)disk_left;
        disk_left -= disk_left == UINT64_MAX ? 0 : size;
    }
    return syscall(SYS_write, fd, bytes, size);
}

static char folder[64], path[128];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gx-safetensors-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_bytes(const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static char *read_bytes(size_t *out_size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = test_malloc(1 << 20);
    *out_size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* Arrays of every type, sizes that are and are not multiples of 64, ranks 1 and 2, an empty one. */
static gx_arrays *sample(void) {
    gx_arrays *arrays;
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    for (int type = 0; type < GX_DTYPE_COUNT; type++) {
        char name[32];
        uint8_t *data;
        snprintf(name, sizeof name, "type.%s", gx_dtype_name((gx_dtype)type));
        assert_int_equal(gx_arrays_add(&data, arrays, name, (gx_dtype)type, 5,
                                       (uint64_t)type % 2 * 3, NULL, NULL),
                         GX_OK);
        for (uint64_t i = 0; i < gx_arrays_find(arrays, name)->bytes; i++) {
            data[i] = (uint8_t)(i * 7 + (uint64_t)type);
        }
    }
    void *data;
    assert_int_equal(gx_arrays_add(&data, arrays, "empty", GX_F64, 0, 0, NULL, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&data, arrays, "quote\"d 圈子", GX_U8, 64, 0, NULL, NULL),
                     GX_OK);
    assert_int_equal(gx_arrays_note(arrays, "recipe", "{\"seed\": 1, \"x\": \"\\n\"}\n", NULL),
                     GX_OK);
    assert_int_equal(gx_arrays_note(arrays, "state", "42", NULL), GX_OK);
    return arrays;
}

static void write_sample(void) {
    gx_error err = {0};
    gx_arrays *arrays = sample();
    if (gx_safetensors_write(path, arrays, NULL, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    gx_arrays_destroy(arrays);
}

static void assert_same(const gx_arrays *a, const gx_arrays *b) {
    assert_int_equal(gx_arrays_count(a), gx_arrays_count(b));
    for (size_t i = 0; i < gx_arrays_count(a); i++) {
        const gx_array *left = gx_arrays_at(a, i), *right = gx_arrays_at(b, i);
        assert_string_equal(left->name, right->name);
        assert_int_equal(left->dtype, right->dtype);
        assert_int_equal(left->rank, right->rank);
        assert_int_equal(left->shape[0], right->shape[0]);
        assert_int_equal(left->shape[1], right->shape[1]);
        assert_int_equal(left->bytes, right->bytes);
        assert_int_equal((uintptr_t)right->data % GX_CACHE_LINE, 0);
        assert_memory_equal(left->data, right->data, left->bytes);
    }
}

static void what_is_written_is_read(void **state) {
    (void)state;
    gx_error err = {0};
    gx_arrays *arrays = sample(), *back = NULL;
    write_sample();
    for (int verify = 0; verify < 2; verify++) {
        assert_int_equal(gx_safetensors_open(&back, path, verify, &err), GX_OK);
        assert_same(arrays, back);
        assert_string_equal(gx_arrays_noted(back, "recipe"), gx_arrays_noted(arrays, "recipe"));
        assert_string_equal(gx_arrays_noted(back, "state"), "42");
        assert_null(gx_arrays_noted(back, "xxh3"));
        gx_arrays_destroy(back);
    }
    gx_arrays_destroy(arrays);
}

static void a_mapped_set_is_read_only(void **state) {
    (void)state;
    gx_arrays *back, *other;
    int32_t *data;
    write_sample();
    assert_int_equal(gx_arrays_create(&other, NULL), GX_OK);
    assert_int_equal(gx_safetensors_open(&back, path, true, NULL), GX_OK);
    assert_int_equal(gx_arrays_add(&data, back, "new", GX_I32, 1, 0, NULL, NULL), GX_CONFLICT);
    assert_int_equal(gx_arrays_remove(back, "empty", NULL), GX_CONFLICT);
    assert_int_equal(gx_arrays_move(other, back, NULL), GX_CONFLICT);
    assert_int_equal(gx_arrays_move(back, other, NULL), GX_CONFLICT);
    gx_arrays_destroy(back);
    gx_arrays_destroy(other);
}

static void the_same_set_gives_the_same_bytes(void **state) {
    (void)state;
    size_t first_size, second_size;
    write_sample();
    char *first = read_bytes(&first_size);
    write_sample();
    char *second = read_bytes(&second_size);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    test_free(first);
    test_free(second);
}

static void an_empty_set(void **state) {
    (void)state;
    gx_arrays *arrays, *back;
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    assert_int_equal(gx_safetensors_write(path, arrays, NULL, NULL), GX_OK);
    assert_int_equal(gx_safetensors_open(&back, path, true, NULL), GX_OK);
    assert_int_equal(gx_arrays_count(back), 0);
    gx_arrays_destroy(back);
    gx_arrays_destroy(arrays);
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* Reads every byte of every array: under ASan, a wrong offset would show. */
static uint64_t touch(const gx_arrays *arrays) {
    uint64_t sum = 0;
    for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
        const gx_array *array = gx_arrays_at(arrays, i);
        for (uint64_t k = 0; k < array->bytes; k++) {
            sum += ((const uint8_t *)array->data)[k];
        }
    }
    return sum;
}

static void every_changed_byte_is_found(void **state) {
    (void)state;
    size_t size;
    write_sample();
    char *bytes = read_bytes(&size);
    static const uint8_t flips[] = {0x01, 0x20, 0xff};
    for (size_t at = 0; at < size; at++) {
        for (size_t f = 0; f < GX_COUNT(flips); f++) {
            gx_arrays *back;
            gx_error err = {0};
            bytes[at] = (char)(bytes[at] ^ (char)flips[f]);
            write_bytes(bytes, size);
            if (gx_safetensors_open(&back, path, true, &err) != GX_CORRUPT) {
                fail_msg("byte %zu of %zu changed by %02x went unseen", at, size, flips[f]);
            }
            assert_true(err.message[0] != '\0');
            if (gx_safetensors_open(&back, path, false, NULL) == GX_OK) {
                (void)touch(back);
                gx_arrays_destroy(back);
            }
            bytes[at] = (char)(bytes[at] ^ (char)flips[f]);
        }
    }
    test_free(bytes);
}

static void every_truncation_is_found(void **state) {
    (void)state;
    size_t size;
    write_sample();
    char *bytes = read_bytes(&size);
    for (size_t left = 0; left <= size + 1; left++) {
        gx_arrays *back;
        bytes[size] = 0;
        write_bytes(bytes, left);
        gx_status status = gx_safetensors_open(&back, path, false, NULL);
        assert_int_equal(status, left == size ? GX_OK : GX_CORRUPT);
        if (status == GX_OK) {
            gx_arrays_destroy(back);
        }
    }
    test_free(bytes);
}

static void damage_names_the_array(void **state) {
    (void)state;
    size_t size;
    gx_arrays *back;
    gx_error err = {0};
    write_sample();
    char *bytes = read_bytes(&size);
    bytes[size - 1] = (char)(bytes[size - 1] ^ 1); /* the last array in name order */
    write_bytes(bytes, size);
    assert_int_equal(gx_safetensors_open(&back, path, true, &err), GX_CORRUPT);
    assert_non_null(strstr(err.message, "type.U8"));
    assert_string_equal(err.at, path);
    test_free(bytes);
}

/* ---- headers made by hand ---------------------------------------------------------------------
 */

static void write_header(const char *header, uint64_t said, size_t data) {
    char bytes[4096] = {0};
    size_t size = strlen(header);
    assert_true(8 + size + data <= sizeof bytes);
    memcpy(bytes, &said, 8);
    memcpy(bytes + 8, header, size);
    write_bytes(bytes, 8 + size + data);
}

static void hostile_headers(void **state) {
    (void)state;
#define ONE(dtype, shape, offsets)                                                                 \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define AND(first, second) "{" first "," second "}"
#define A "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}"
    static const struct {
        const char *header;
        size_t data;
        const char *why;
    } cases[] = {
        {"", 0, "JSON"},
        {"{", 0, "JSON"},
        {"[]", 0, "not a JSON object"},
        {"{\"a\":1}", 0, "needs dtype"},
        {"{\"a\":{}}", 0, "needs dtype"},
        {ONE("\"F32\"", "[1]", "[0,4]") " x", 4, "JSON"},
        {ONE("\"F16\"", "[2]", "[0,4]"), 4, "dtype"},
        {ONE("5", "[2]", "[0,4]"), 4, "dtype"},
        {ONE("\"U8\"", "[]", "[0,1]"), 1, "shape"},
        {ONE("\"U8\"", "[1,1,1]", "[0,1]"), 1, "shape"},
        {ONE("\"U8\"", "[-1]", "[0,1]"), 1, "shape"},
        {ONE("\"U8\"", "[1.0]", "[0,1]"), 1, "shape"},
        {ONE("\"U8\"", "\"1\"", "[0,1]"), 1, "shape"},
        {ONE("\"U8\"", "[1e30]", "[0,1]"), 1, "shape"},
        {ONE("\"U8\"", "[99999999999999999999]", "[0,1]"), 1, "JSON"},
        {ONE("\"F64\"", "[2305843009213693952]", "[0,0]"), 0, "disagree"},
        {ONE("\"F64\"", "[4294967296,4294967296]", "[0,0]"), 0, "disagree"},
        {ONE("\"U8\"", "[4]", "[0,5]"), 5, "disagree"},
        {ONE("\"U8\"", "[4]", "[4,0]"), 4, "data_offsets"},
        {ONE("\"U8\"", "[4]", "[0,4]"), 3, "data_offsets"},
        {ONE("\"U8\"", "[4]", "[0]"), 4, "data_offsets"},
        {ONE("\"U8\"", "[4]", "[-4,0]"), 4, "data_offsets"},
        {ONE("\"U8\"", "[4]", "[9223372036854775803,9223372036854775807]"), 4, "data_offsets"},
        {ONE("\"U8\"", "[4]", "[0,4]"), 5, "after the last"},
        {ONE("\"U8\"", "[4]", "[1,5]"), 5, "hole"},
        {AND(A, "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}"), 6, "overlaps"},
        {AND(A, "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}"), 4, "overlaps"},
        {AND(A, A), 4, "JSON"},
        {AND(A, "\"\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}"), 4, "name"},
        {AND(A, "\"__x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}"), 4, "name"},
        {AND(A, "\"b\\u0000\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}"), 4, ""},
        {AND(A, "\"\xff\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}"), 4, "JSON"},
        {AND(A, "\"__metadata__\":[]"), 4, "metadata"},
        {AND(A, "\"__metadata__\":{\"k\":1}"), 4, "metadata"},
        {AND(A, "\"__metadata__\":{\"k\":\"a\\u0000b\"}"), 4, "metadata"},
        {AND(A, "\"__metadata__\":{\"\":\"a\"}"), 4, "metadata"},
        {AND(A, "\"__metadata__\":{\"xxh3.b\":\"0\"}"), 4, "hash of nothing"},
        {AND(A, "\"__metadata__\":{\"xxh3.a\":\"0\"}"), 4, "XXH3"},
        {AND(A, "\"__metadata__\":{\"xxh3\":\"0\"}"), 4, "no hash"},
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_arrays *back;
        gx_error err = {0};
        write_header(cases[i].header, strlen(cases[i].header), cases[i].data);
        gx_status status = gx_safetensors_open(&back, path, true, &err);
        if (status != GX_CORRUPT || strstr(err.message, cases[i].why) == NULL) {
            fail_msg("%s: %s, %s", cases[i].header, gx_status_name(status), err.message);
        }
    }
    static const uint64_t lies[] = {1000, UINT64_C(1) << 40, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < GX_COUNT(lies); i++) {
        gx_arrays *back;
        write_header("{}", lies[i], 0);
        assert_int_equal(gx_safetensors_open(&back, path, false, NULL), GX_CORRUPT);
    }
}

static void deep_and_crowded_headers(void **state) {
    (void)state;
    gx_arrays *back;
    size_t size = 600000;
    char *header = test_malloc(size + 8);
    uint64_t length = size;
    memcpy(header, &length, 8);
    memset(header + 8, '[', size);
    write_bytes(header, size + 8);
    assert_int_equal(gx_safetensors_open(&back, path, false, NULL), GX_CORRUPT);
    size_t at = 9;
    header[8] = '{';
    for (int i = 0; at + 80 < size; i++) {
        at += (size_t)sprintf(header + at,
                              "\"%d\":{\"dtype\":\"U8\",\"shape\":[0],"
                              "\"data_offsets\":[0,0]},",
                              i);
    }
    header[at - 1] = '}';
    length = at - 8;
    memcpy(header, &length, 8);
    write_bytes(header, at);
    gx_error err = {0};
    assert_int_equal(gx_safetensors_open(&back, path, false, &err), GX_CORRUPT);
    assert_non_null(strstr(err.message, "more arrays"));
    test_free(header);
}

/* Other writers order by type and align to 8 at best, in any order, without hashes. */
static void files_of_other_writers(void **state) {
    (void)state;
    gx_arrays *back;
    gx_error err = {0};
    static const char header[] = "{\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[3,11]},"
                                 "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                                 "\"__metadata__\":{\"format\":\"np\"}}     ";
    write_header(header, strlen(header), 11);
    if (gx_safetensors_open(&back, path, true, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    const double *b = gx_arrays_get(back, "b", GX_F64, 1);
    assert_non_null(b);
    assert_int_equal((uintptr_t)b % GX_CACHE_LINE, 0);
    assert_true(*b == 0);
    assert_non_null(gx_arrays_get(back, "a", GX_U8, 3));
    assert_string_equal(gx_arrays_noted(back, "format"), "np");
    gx_arrays_destroy(back);
}

static void what_is_no_file(void **state) {
    (void)state;
    gx_arrays *back;
    assert_int_equal(gx_safetensors_open(&back, "/tmp/gx-no-such-file", true, NULL), GX_NOT_FOUND);
    assert_int_equal(gx_safetensors_open(&back, folder, true, NULL), GX_CORRUPT);
}

/* ---- failure -----------------------------------------------------------------------------------
 */

static void a_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    size_t before_size, after_size;
    write_sample();
    char *before = read_bytes(&before_size);
    gx_arrays *arrays = sample();
    for (uint64_t room = 0; room < before_size; room += 97) {
        gx_error err = {0};
        disk_left = room;
        assert_int_equal(gx_safetensors_write(path, arrays, NULL, &err), GX_IO);
        disk_left = UINT64_MAX;
        assert_non_null(strstr(err.message, "full"));
        char temp[140];
        snprintf(temp, sizeof temp, "%s.tmp", path);
        assert_int_not_equal(access(temp, F_OK), 0);
    }
    char *after = read_bytes(&after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, before_size);
    gx_arrays_destroy(arrays);
    test_free(before);
    test_free(after);
}

static void a_cancelled_job_writes_nothing(void **state) {
    (void)state;
    gx_job job;
    gx_arrays *arrays = sample();
    unlink(path);
    gx_job_init(&job, 1, 1);
    gx_job_cancel(&job);
    assert_int_equal(gx_safetensors_write(path, arrays, &job, NULL), GX_CANCELLED);
    assert_int_not_equal(access(path, F_OK), 0);
    gx_arrays_destroy(arrays);
}

static void failing_allocator(void **state) {
    (void)state;
    gx_arrays *arrays = sample();
    uint64_t live = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_alloc_fail_at(k);
        status = gx_safetensors_write(path, arrays, NULL, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_true(k < 1000);
    }
    status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_arrays *back = NULL;
        gx_alloc_fail_at(k);
        status = gx_safetensors_open(&back, path, true, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_arrays_destroy(back);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_true(k < 1000);
    }
    gx_arrays_destroy(arrays);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_mapped_set_is_read_only),
        cmocka_unit_test(the_same_set_gives_the_same_bytes),
        cmocka_unit_test(an_empty_set),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(damage_names_the_array),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(deep_and_crowded_headers),
        cmocka_unit_test(files_of_other_writers),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(a_cancelled_job_writes_nothing),
        cmocka_unit_test(failing_allocator),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
