/* What must hold when things end badly: the writer is killed, the disk is full, the map is full, a
 * second process writes. */
#include "graph/store/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint32_t user_count(test_store *t) {
    gx_txn *txn = read_txn(t);
    uint32_t count = gx_word_count(txn, GX_SPACE_USER);
    gx_txn_abort(txn);
    return count;
}

/* ---- killed ------------------------------------------------------------------------------ */

enum { GROUP = 20, KILLS = 25 };

/* One transaction: GROUP users, each with a tie to the one before and an event. All or none. */
static gx_status write_group(gx_store *store, gx_error *err) {
    gx_txn *txn;
    gx_status status = gx_txn_write(&txn, store, err);
    if (status != GX_OK) {
        return status;
    }
    for (int i = 0; i < GROUP; i++) {
        char name[24];
        uint32_t id;
        snprintf(name, sizeof name, "user%u", gx_word_count(txn, GX_SPACE_USER));
        GX_TRY(gx_word_intern(&id, NULL, txn, GX_SPACE_USER, gx_slice_of(name), err));
        const gx_tie tie = {id, id ? id - 1 : 0, 0, 1, GX_TIME_UNKNOWN, true};
        const gx_event event = test_event(id, 0, 1000 + (int64_t)id);
        GX_TRY(gx_tie_put(NULL, txn, &tie, err));
        GX_TRY(gx_event_put(NULL, txn, &event, err));
    }
    return gx_txn_commit(txn, err);
done:
    gx_txn_abort(txn);
    return status;
}

static test_store with_words(void) {
    test_store t = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    event_words(txn, 0, 1);
    intern(txn, GX_SPACE_TIE_KIND, "friend");
    must(gx_txn_commit(txn, &err), &err);
    return t;
}

/* In the child: writes groups until it is killed, telling each that was committed. */
static _Noreturn void write_for_ever(const char *path, int told) {
    gx_store *store;
    gx_error err;
    if (gx_store_open(&store, path, NULL, &err) != GX_OK) {
        _exit(2);
    }
    while (write_group(store, &err) == GX_OK) {
        if (write(told, "x", 1) != 1) {
            break;
        }
    }
    _exit(3);
}

static void a_killed_writer_leaves_whole_transactions(void **state) {
    (void)state;
    test_store t = with_words();
    gx_rng rng = gx_rng_at(5, 5);
    uint32_t before = 0;
    for (int i = 0; i < KILLS; i++) {
        int pipes[2];
        gx_store_close(t.store);
        t.store = NULL;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
            close(pipes[0]);
            write_for_ever(t.path, pipes[1]);
        }
        close(pipes[1]);
        char byte;
        uint32_t told = 0;
        assert_int_equal(read(pipes[0], &byte, 1), 1); /* it is writing now */
        struct timespec pause = {0, (long)gx_rng_below(&rng, 8000000)};
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        for (told = 1; read(pipes[0], &byte, 1) == 1; told++) {
        }
        close(pipes[0]);
        test_reopen(&t);
        uint32_t users = user_count(&t);
        assert_int_equal(users % GROUP, 0);
        assert_true(users >= before + told * GROUP); /* what was told is there */
        assert_true(users <= before + (told + 1) * GROUP);
        assert_int_equal(problems(&t), 0);
        gx_error err;
        must(write_group(t.store, &err), &err); /* and it can be written on */
        before = users + GROUP;
    }
    test_close(&t);
}

/* ---- a second process -------------------------------------------------------------------- */

static int64_t in_child_waits_ms = -1; /* for the lock; -1: not at all */

/* Runs `work` in a child, on the store opened anew; returns its exit code. */
static int in_child(test_store *t, int (*work)(gx_store *store)) {
    pid_t child = fork();
    if (child == 0) {
        gx_store *store;
        gx_error err;
        const gx_store_options options = {.busy_wait_ms = in_child_waits_ms};
        gx_status status = gx_store_open(&store, t->path, &options, &err);
        _exit(status == GX_OK ? work(store) : 90 + (int)status);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

static int try_to_write(gx_store *store) {
    gx_error err;
    gx_txn *txn;
    gx_status status = gx_txn_write(&txn, store, &err);
    if (status == GX_OK) {
        gx_txn_abort(txn);
    }
    return (int)status;
}

static int count_users(gx_store *store) {
    gx_error err;
    gx_txn *txn;
    return gx_txn_read(&txn, store, &err) == GX_OK ? (int)gx_word_count(txn, GX_SPACE_USER) : 99;
}

static void a_second_process_reads_or_is_told_busy(void **state) {
    (void)state;
    test_store t = with_words();
    gx_error err;
    must(write_group(t.store, &err), &err);
    assert_int_equal(in_child(&t, try_to_write), GX_OK);
    gx_txn *txn = write_txn(&t);
    intern(txn, GX_SPACE_USER, "not yet");
    assert_int_equal(in_child(&t, try_to_write), GX_BUSY);
    assert_int_equal(in_child(&t, count_users), GROUP);
    must(gx_txn_commit(txn, &err), &err);
    assert_int_equal(in_child(&t, try_to_write), GX_OK);
    assert_int_equal(in_child(&t, count_users), GROUP + 1);
    /* The child left without closing: its reader's place is taken back at the next open. */
    test_reopen(&t);
    gx_store_stats stats;
    must(gx_store_stat(&stats, t.store, &err), &err);
    assert_int_equal(stats.readers, 0);
    test_close(&t);
}

static int is_busy_and_says_how_long(gx_store *store) {
    gx_error err;
    gx_txn *txn;
    int64_t start = gx_clock_ns();
    bool told = gx_txn_write(&txn, store, &err) == GX_BUSY &&
                strstr(err.message, "not done after 30 ms") && gx_clock_ns() - start >= 30000000;
    return told ? 0 : 1;
}

/* The parent writes until the child has asked for the lock in vain, and then lets go. */
static void a_second_process_waits_for_a_while(void **state) {
    (void)state;
    test_store t = with_words();
    gx_error err;
    gx_txn *txn = write_txn(&t);
    in_child_waits_ms = 30;
    assert_int_equal(in_child(&t, is_busy_and_says_how_long), 0);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        const gx_store_options patient = {.busy_wait_ms = 600000};
        gx_store *store;
        gx_txn *second;
        gx_status status = gx_store_open(&store, t.path, &patient, &err);
        bool went = status == GX_OK && write(pipes[1], "o", 1) == 1;
        status = went ? gx_txn_write(&second, store, &err) : status;
        _exit(went ? (int)status : 90);
    }
    close(pipes[1]);
    char byte;
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    const struct timespec nap = {.tv_nsec = 20000000};
    nanosleep(&nap, NULL);
    intern(txn, GX_SPACE_USER, "first");
    must(gx_txn_commit(txn, &err), &err);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), GX_OK);
    close(pipes[0]);
    in_child_waits_ms = -1;
    test_close(&t);
}

/* As somebody who may read the store, but not write: its exit code is the status of opening, or 99
 * where it could be opened and reads wrong. */
static int as_somebody_else(const test_store *t, bool read_only) {
    pid_t child = fork();
    if (child == 0) {
        const gx_store_options options = {.read_only = read_only, .busy_wait_ms = -1};
        gx_store *store = NULL;
        gx_error err;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(98);
        }
        gx_status status = gx_store_open(&store, t->path, &options, &err);
        bool wrong = status == GX_OK && count_users(store) != GROUP;
        _exit(wrong ? 99 : (int)status);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

static void who_may_not_write_reads_while_nobody_writes(void **state) {
    (void)state;
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    test_store t = with_words();
    gx_error err;
    must(write_group(t.store, &err), &err);
    for (size_t i = 0; i < GX_COUNT(files); i++) {
        char file[300];
        snprintf(file, sizeof file, "%s/%s", t.path, files[i]);
        assert_int_equal(chmod(file, 0444), 0);
    }
    assert_int_equal(chmod(t.path, 0555), 0);
    assert_int_equal(as_somebody_else(&t, true), GX_OK);
    assert_int_equal(as_somebody_else(&t, false), GX_IO);
    gx_txn *txn = write_txn(&t);
    assert_int_equal(as_somebody_else(&t, true), GX_BUSY);
    gx_txn_abort(txn);
    assert_int_equal(as_somebody_else(&t, true), GX_OK);
    must(write_group(t.store, &err), &err); /* whom it kept out while it read */
    assert_int_equal(chmod(t.path, 0755), 0);
    test_close(&t);
}

/* ---- a second thread waits --------------------------------------------------------------- */

enum { THREADS = 4, WRITES = 25 };

static void *write_some(void *store) {
    gx_error err;
    for (int i = 0; i < WRITES; i++) {
        if (write_group(store, &err) != GX_OK) {
            return store;
        }
    }
    return NULL;
}

static void threads_take_turns(void **state) {
    (void)state;
    test_store t = with_words();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, t.store), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        user_count(&t);
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(user_count(&t), THREADS * WRITES * GROUP);
    assert_int_equal(problems(&t), 0);
    test_close(&t);
}

/* ---- no room ----------------------------------------------------------------------------- */

/* Writes until it fails; what was committed before is whole, and can be read and written on once
 * `make_room` has been called. */
static void fill_up(test_store *t, gx_status expected, const char *message) {
    gx_error err;
    gx_status status = GX_OK;
    uint32_t groups = 0;
    for (; status == GX_OK; groups += status == GX_OK) {
        assert_true(groups < 100000);
        status = write_group(t->store, &err);
    }
    assert_int_equal(status, expected);
    if (!strstr(err.message, message)) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, message);
    }
    assert_int_equal(user_count(t), groups * GROUP);
    assert_int_equal(write_group(t->store, &err), expected);
    assert_int_equal(user_count(t), groups * GROUP);
    assert_int_equal(problems(t), 0);
}

static void a_full_map_is_an_error(void **state) {
    (void)state;
    test_store t = with_words();
    gx_error err;
    gx_store_close(t.store);
    const gx_store_options small = {.map_bytes = 1 << 20, .sync = GX_SYNC_NONE};
    must(gx_store_open(&t.store, t.path, &small, &err), &err);
    fill_up(&t, GX_IO, "map_bytes");
    test_reopen(&t); /* with a larger map it goes on */
    must(write_group(t.store, &err), &err);
    assert_int_equal(problems(&t), 0);
    test_close(&t);
}

/* A limit on the size of files stands in for a disk that refuses to grow one. */
static void a_file_that_may_not_grow_is_an_error(void **state) {
    (void)state;
    test_store t = with_words();
    gx_error err;
    struct rlimit old, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 1 << 20;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fill_up(&t, GX_IO, t.path);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    must(write_group(t.store, &err), &err);
    assert_int_equal(problems(&t), 0);
    test_close(&t);
}

/* A store on a disk of 2 MiB. */
static test_store on_small_disk(char disk[256]) {
    test_store t = {.store = NULL};
    gx_error err;
    test_directory(disk);
    if (mount("none", disk, "tmpfs", 0, "size=2m") != 0) {
        print_message("skipped: no full disk, mounting a tmpfs is not permitted (%s)\n",
                      strerror(errno));
        test_remove(disk);
        skip();
    }
    snprintf(t.path, sizeof t.path, "%.240s/shop.gx", disk);
    const gx_store_options options = {.create = true};
    must(gx_store_open(&t.store, t.path, &options, &err), &err);
    return t;
}

/* LMDB writes many pages at once; the disk takes some of them, which LMDB calls an I/O error. */
static void a_transaction_larger_than_the_disk_says_so(void **state) {
    (void)state;
    gx_error err;
    char disk[256];
    test_store t = on_small_disk(disk);
    gx_txn *txn = write_txn(&t);
    event_words(txn, 50000, 0);
    assert_int_equal(gx_txn_commit(txn, &err), GX_IO);
    if (!strstr(err.message, "disk is full")) {
        fail_msg("\"%s\"", err.message);
    }
    assert_int_equal(user_count(&t), 0);
    assert_int_equal(problems(&t), 0);
    gx_store_close(t.store);
    umount(disk);
    test_remove(disk);
}

static void a_full_disk_is_an_error(void **state) {
    (void)state;
    gx_error err;
    char disk[256];
    test_store t = on_small_disk(disk);
    gx_txn *txn = write_txn(&t);
    event_words(txn, 0, 1);
    intern(txn, GX_SPACE_TIE_KIND, "friend");
    must(gx_txn_commit(txn, &err), &err);
    fill_up(&t, GX_IO, "disk is full");
    assert_int_equal(gx_store_backup(t.store, t.path, NULL, &err), GX_CONFLICT);
    char copy[300];
    snprintf(copy, sizeof copy, "%s/copy.gx", disk);
    assert_int_equal(gx_store_backup(t.store, copy, NULL, &err), GX_IO);
    assert_int_not_equal(access(copy, F_OK), 0); /* nothing half-made is left */
    gx_store_close(t.store);
    umount(disk);
    test_remove(disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_writer_leaves_whole_transactions),
        cmocka_unit_test(a_second_process_reads_or_is_told_busy),
        cmocka_unit_test(a_second_process_waits_for_a_while),
        cmocka_unit_test(who_may_not_write_reads_while_nobody_writes),
        cmocka_unit_test(threads_take_turns),
        cmocka_unit_test(a_full_map_is_an_error),
        cmocka_unit_test(a_file_that_may_not_grow_is_an_error),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(a_transaction_larger_than_the_disk_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
