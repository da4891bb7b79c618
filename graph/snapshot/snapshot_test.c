/* Publishing: numbers, CURRENT, rollback, and what survives damage, a full disk and a kill. */
#include "graph/snapshot/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static char store[64];

static int make_store(void **state) {
    (void)state;
    snprintf(store, sizeof store, "/tmp/gx-snapshot-XXXXXX");
    return mkdtemp(store) == NULL ? -1 : 0;
}

static int remove_store(void **state) {
    (void)state;
    char path[128];
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "%s/models/%06d.safetensors", store, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/models/CURRENT", store);
    unlink(path);
    snprintf(path, sizeof path, "%s/models", store);
    rmdir(path);
    return rmdir(store);
}

static const char *path_in(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/models/%s", store, name);
    return path;
}

static bool is_there(const char *name) {
    return access(path_in(name), F_OK) == 0;
}

static void write_text(const char *name, const char *text) {
    FILE *file = fopen(path_in(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void assert_current_is(const char *text) {
    char got[256] = {0};
    FILE *file = fopen(path_in("CURRENT"), "r");
    assert_non_null(file);
    size_t size = fread(got, 1, sizeof got - 1, file);
    fclose(file);
    assert_int_equal(size, strlen(text));
    assert_string_equal(got, text);
}

static gx_status try_publish(uint32_t *out, uint64_t value, uint64_t rows, bool promote,
                             gx_error *err) {
    gx_arrays *arrays;
    uint64_t *data;
    gx_status status = gx_arrays_create(&arrays, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx_arrays_add(&data, arrays, "test.value", GX_U64, rows, 0, NULL, err));
    for (uint64_t i = 0; i < rows; i++) {
        data[i] = value;
    }
    GX_TRY(gx_arrays_note(arrays, "state", "77", err));
    GX_TRY(gx_snapshot_publish(out, store, arrays, promote, NULL, err));
done:
    gx_arrays_destroy(arrays);
    return status;
}

static uint32_t publish(uint64_t value, bool promote) {
    gx_error err = {0};
    uint32_t number = 0;
    if (try_publish(&number, value, 100, promote, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    return number;
}

static uint64_t value_of(const gx_snapshot *snapshot) {
    const uint64_t *data = gx_arrays_get(gx_snapshot_arrays(snapshot), "test.value", GX_U64, 0);
    assert_non_null(data);
    return data[0];
}

static uint64_t served(void) {
    gx_snapshot *snapshot;
    gx_error err = {0};
    if (gx_snapshot_open(&snapshot, store, 0, &err) != GX_OK) {
        fail_msg("%s: %s", err.at, err.message);
    }
    uint64_t value = value_of(snapshot);
    assert_int_equal(gx_snapshot_number(snapshot), gx_snapshot_current(store));
    gx_snapshot_release(snapshot);
    return value;
}

static void nothing_is_there_yet(void **state) {
    (void)state;
    gx_snapshot *snapshot;
    gx_snapshot_info *infos;
    size_t count = 9;
    uint32_t number;
    assert_int_equal(gx_snapshot_current(store), 0);
    assert_int_equal(gx_snapshot_open(&snapshot, store, 0, NULL), GX_NOT_FOUND);
    assert_int_equal(gx_snapshot_open(&snapshot, store, 1, NULL), GX_NOT_FOUND);
    assert_int_equal(gx_snapshot_list(&infos, &count, store, NULL), GX_OK);
    assert_int_equal(count, 0);
    gx_free(infos);
    assert_int_equal(gx_snapshot_promote(store, 1, NULL), GX_NOT_FOUND);
    assert_int_equal(gx_snapshot_promote(store, 0, NULL), GX_BAD_REQUEST);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_CONFLICT);
    assert_int_equal(gx_snapshot_open(&snapshot, "/tmp/gx-no-such-store", 0, NULL), GX_NOT_FOUND);
}

static void publish_promote_rollback(void **state) {
    (void)state;
    uint32_t number;
    assert_int_equal(publish(10, true), 1);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_CONFLICT);
    assert_int_equal(publish(20, true), 2);
    assert_int_equal(publish(30, false), 3);
    assert_int_equal(served(), 20);
    assert_current_is("000002\n000001\n");
    assert_int_equal(gx_snapshot_promote(store, 3, NULL), GX_OK);
    assert_int_equal(served(), 30);
    assert_current_is("000003\n000002\n000001\n");
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_OK);
    assert_int_equal(number, 2);
    assert_int_equal(served(), 20);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_OK);
    assert_int_equal(number, 1);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_CONFLICT);
    assert_int_equal(served(), 10);
    /* Promoting what is further down takes it out there; promoting what is served changes nothing.
     */
    assert_int_equal(gx_snapshot_promote(store, 2, NULL), GX_OK);
    assert_int_equal(gx_snapshot_promote(store, 1, NULL), GX_OK);
    assert_int_equal(gx_snapshot_promote(store, 1, NULL), GX_OK);
    assert_current_is("000001\n000002\n");
    assert_int_equal(gx_snapshot_promote(store, 9, NULL), GX_NOT_FOUND);
}

static void the_list(void **state) {
    (void)state;
    gx_snapshot_info *infos;
    size_t count;
    publish(1, true);
    publish(2, false);
    publish(3, false);
    write_text("000003.safetensors", "not what it was");
    write_text("7.safetensors", "no number of ours");
    write_text("0000012.safetensors", "nor this");
    write_text("notes.txt", "nor this");
    assert_int_equal(gx_snapshot_list(&infos, &count, store, NULL), GX_OK);
    assert_int_equal(count, 3);
    assert_int_equal(infos[0].number, 3);
    assert_string_equal(infos[0].version, "");
    assert_int_equal(infos[0].bytes, 15);
    assert_int_equal(infos[1].number, 2);
    assert_false(infos[1].current);
    assert_int_equal(infos[2].number, 1);
    assert_true(infos[2].current);
    assert_string_equal(infos[2].version, gx_version());
    assert_int_equal(infos[2].state, 77);
    assert_true(infos[2].made_ms > INT64_C(1500000000000));
    assert_true(infos[2].bytes > 800);
    gx_free(infos);
    unlink(path_in("7.safetensors"));
    unlink(path_in("0000012.safetensors"));
    unlink(path_in("notes.txt"));
}

static void what_is_damaged_is_not_served(void **state) {
    (void)state;
    gx_snapshot *snapshot;
    uint32_t number;
    publish(1, true);
    publish(2, true);
    publish(3, false);
    FILE *file = fopen(path_in("000003.safetensors"), "r+");
    assert_non_null(file);
    fseek(file, -3, SEEK_END);
    fputc(0x55, file);
    fclose(file);
    assert_int_equal(gx_snapshot_open(&snapshot, store, 3, NULL), GX_CORRUPT);
    assert_int_equal(gx_snapshot_promote(store, 3, NULL), GX_CORRUPT);
    assert_int_equal(served(), 2);
    write_text("000001.safetensors", "");
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_CORRUPT);
    assert_int_equal(served(), 2);
}

static void a_damaged_current(void **state) {
    (void)state;
    gx_snapshot *snapshot;
    uint32_t number;
    size_t removed;
    publish(1, true);
    publish(2, true);
    static const char *const bad[] = {
        "", "2\n", "000002", "0000002\n", "99999999999\n", "000000\n", "../../x\n", "-00001\n"};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        write_text("CURRENT", bad[i]);
        assert_int_equal(gx_snapshot_current(store), 0);
        assert_int_equal(gx_snapshot_open(&snapshot, store, 0, NULL), GX_CORRUPT);
        assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_CORRUPT);
        assert_int_equal(gx_snapshot_prune(&removed, store, 1, NULL), GX_CORRUPT);
    }
    assert_int_equal(gx_snapshot_promote(store, 1, NULL), GX_OK);
    assert_int_equal(served(), 1);
    write_text("CURRENT", "junk\n");
    assert_int_equal(publish(3, true), 3);
    assert_int_equal(served(), 3);
    /* A list that is whole for two lines is a list of two. */
    write_text("CURRENT", "000003\n000001\nju");
    assert_int_equal(served(), 3);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_OK);
    assert_int_equal(served(), 1);
}

static void pruning(void **state) {
    (void)state;
    gx_snapshot *held;
    size_t removed;
    uint32_t number;
    for (uint64_t i = 1; i <= 6; i++) {
        publish(i, true);
    }
    assert_int_equal(gx_snapshot_promote(store, 2, NULL), GX_OK); /* 2 6 5 4 3 1 */
    assert_int_equal(gx_snapshot_open(&held, store, 3, NULL), GX_OK);
    assert_int_equal(gx_snapshot_prune(&removed, store, 0, NULL), GX_OK);
    assert_int_equal(removed, 4);
    assert_true(is_there("000002.safetensors"));
    assert_true(is_there("000006.safetensors"));
    assert_false(is_there("000003.safetensors"));
    assert_int_equal(value_of(held), 3);
    gx_snapshot_release(held);
    assert_current_is("000002\n000006\n");
    assert_int_equal(gx_snapshot_prune(&removed, store, 5, NULL), GX_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(publish(7, false), 7);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_OK);
    assert_int_equal(number, 6);
}

static void holding(void **state) {
    (void)state;
    gx_snapshot *snapshot;
    uint64_t live = gx_alloc_live_blocks();
    publish(5, true);
    assert_int_equal(gx_snapshot_open(&snapshot, store, 0, NULL), GX_OK);
    gx_snapshot *same = gx_snapshot_hold(snapshot);
    assert_ptr_equal(same, snapshot);
    publish(6, true);
    gx_snapshot_release(snapshot);
    assert_int_equal(value_of(same), 5);
    assert_int_equal(gx_snapshot_number(same), 1);
    gx_snapshot_release(same);
    gx_snapshot_release(NULL);
    assert_int_equal(gx_alloc_live_blocks(), live);
}

static void two_writers(void **state) {
    (void)state;
    uint32_t number;
    size_t removed;
    gx_error err = {0};
    publish(1, true);
    int fd = open(path_in("."), O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(try_publish(&number, 2, 1, true, &err), GX_BUSY);
    assert_int_equal(gx_snapshot_promote(store, 1, NULL), GX_BUSY);
    assert_int_equal(gx_snapshot_rollback(&number, store, NULL), GX_BUSY);
    assert_int_equal(gx_snapshot_prune(&removed, store, 1, NULL), GX_BUSY);
    assert_int_equal(served(), 1);
    close(fd);
    assert_int_equal(publish(2, true), 2);
}

static void a_full_disk_leaves_the_old_current(void **state) {
    (void)state;
    publish(1, true);
    gx_status status = GX_IO;
    uint64_t room = 0;
    for (; status != GX_OK; room += 301) {
        uint32_t number;
        gx_error err = {0};
        disk_left = room;
        status = try_publish(&number, 2, 100, true, &err);
        disk_left = UINT64_MAX;
        assert_true(status == GX_OK || status == GX_IO);
        assert_int_equal(served(), status == GX_OK ? 2 : 1);
        assert_false(is_there("CURRENT.tmp"));
    }
    assert_true(room > 1000);
}

/* A child publishes on and on and is killed at any moment: what CURRENT names is always whole. */
static void killed_at_any_moment(void **state) {
    (void)state;
    publish(1, true);
    write_text("000009.safetensors.tmp", "left over");
    gx_rng rng = gx_rng_at(3, 0);
    for (int round = 0; round < 30; round++) {
        size_t removed;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            uint32_t number;
            for (uint64_t value = 2;; value++) {
                if (try_publish(&number, value, 50000, true, NULL) != GX_OK ||
                    gx_snapshot_prune(&removed, store, 2, NULL) != GX_OK) {
                    _exit(1);
                }
            }
        }
        usleep((useconds_t)gx_rng_below(&rng, 20000));
        kill(child, SIGKILL);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        assert_true(served() >= 1);
        assert_int_equal(gx_snapshot_prune(&removed, store, 2, NULL), GX_OK);
    }
    assert_false(is_there("000009.safetensors.tmp"));
    gx_snapshot_info *infos;
    size_t count;
    assert_int_equal(gx_snapshot_list(&infos, &count, store, NULL), GX_OK);
    for (size_t i = 0; i < count; i++) {
        char name[40];
        assert_string_equal(infos[i].version, gx_version());
        snprintf(name, sizeof name, "%06u.safetensors", infos[i].number);
        unlink(path_in(name));
    }
    gx_free(infos);
}

static void failing_allocator(void **state) {
    (void)state;
    publish(1, true);
    uint64_t live = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_snapshot *snapshot = NULL;
        uint32_t number;
        gx_alloc_fail_at(k);
        status = try_publish(&number, 2, 10, true, NULL);
        if (status == GX_OK) {
            status = gx_snapshot_open(&snapshot, store, 0, NULL);
        }
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_snapshot_release(snapshot);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_true(served() >= 1);
        assert_true(k < 100);
    }
    status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) { /* opens every one of those there are by now */
        gx_snapshot_info *infos = NULL;
        size_t count = 0;
        gx_alloc_fail_at(k);
        status = gx_snapshot_list(&infos, &count, store, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK ? count >= 2 : status == GX_NO_MEMORY);
        gx_free(infos);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_true(k < 10000);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_store, remove_store)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_there_yet),
        CASE(publish_promote_rollback),
        CASE(the_list),
        CASE(what_is_damaged_is_not_served),
        CASE(a_damaged_current),
        CASE(pruning),
        CASE(holding),
        CASE(two_writers),
        CASE(a_full_disk_leaves_the_old_current),
        CASE(killed_at_any_moment),
        CASE(failing_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
