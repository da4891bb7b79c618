/* For the tests of this room only: a small api of its own in place of the real one (a test's own
 * objects come before those of a library), with methods that echo, fail, write, sleep and answer at
 * length. So these tests need no store, and ThreadSanitizer sees nothing but the server. Included
 * by one file of each test program. */
#ifndef GX_SERVER_RPC_FAKE_API_H
#define GX_SERVER_RPC_FAKE_API_H

#include "server/rpc/rpc.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct gx_db {
    gx_db_options options;
    _Atomic uint64_t puts, commits, sleeping, cancelled, reloads, notes;
    _Atomic int64_t commit_ms; /* how long a commit takes */
    atomic_bool broken;        /* reloading fails */
    pthread_mutex_t lock;
    gx_stats_fn stats;
    void *stats_user;
    gx_subscriber *watcher; /* who called test.watch last; under the lock */
};

static int64_t arg_int(const gx_value *args, const char *name, int64_t fallback) {
    const gx_value *value = gx_map_get(args, name);
    return value && value->type == GX_INT ? value->as.integer : fallback;
}

static gx_status run_hello(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                           gx_arena *arena, gx_error *err) {
    (void)db, (void)job, (void)err;
    const gx_value *errors = gx_map_get(args, "errors");
    const gx_value *progress = gx_map_get(args, "progress");
    *out = gx_map(arena, 2);
    gx_map_put(arena, out, "errors", errors ? *errors : gx_str("string"));
    gx_map_put(arena, out, "progress", progress ? *progress : gx_bool(false));
    return GX_OK;
}

static gx_status run_echo(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                          gx_arena *arena, gx_error *err) {
    (void)job, (void)arena, (void)err;
    atomic_fetch_add(&db->notes, 1);
    *out = *args;
    return GX_OK;
}

static gx_status run_fail(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                          gx_arena *arena, gx_error *err) {
    (void)out, (void)db, (void)args, (void)job, (void)arena;
    return gx_fail_at(err, GX_NOT_FOUND, "user", "user u9 is not in this store");
}

/* `n` texts of 8 bytes: with 20 of them an answer has some 230 bytes, counting the scores. */
static gx_status run_list(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                          gx_arena *arena, gx_error *err) {
    (void)db, (void)job, (void)err;
    int64_t n = arg_int(args, "n", 20);
    *out = gx_list(arena, (uint32_t)n);
    for (int64_t i = 0; i < n; i++) {
        gx_list_add(arena, out, gx_text("itemitem12", 10));
    }
    return GX_OK;
}

static gx_status run_sleep(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                           gx_arena *arena, gx_error *err) {
    (void)arena;
    int64_t until = gx_clock_ns() + arg_int(args, "ms", 10) * 1000000;
    atomic_fetch_add(&db->sleeping, 1);
    while (gx_clock_ns() < until) {
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            atomic_fetch_add(&db->cancelled, status == GX_CANCELLED);
            return status;
        }
        gx_job_stage(job, "sleeping", 1000);
        usleep(1000);
    }
    *out = gx_bool(true);
    return GX_OK;
}

/* As long as it is told; a nap of more than a few milliseconds is for the pool. */
static bool nap_is_long(const gx_value *args) {
    return arg_int(args, "ms", 10) > 50;
}

static gx_status run_put(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                         gx_arena *arena, gx_error *err) {
    (void)job, (void)arena;
    if (arg_int(args, "value", 0) == 13) {
        return gx_fail(err, GX_CONFLICT, "13 is not liked");
    }
    atomic_fetch_add(&db->puts, 1);
    *out = gx_bool(true);
    return GX_OK;
}

static gx_status run_stats(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                           gx_arena *arena, gx_error *err) {
    (void)args, (void)job, (void)err;
    gx_value map = gx_map(arena, 0);
    pthread_mutex_lock(&db->lock);
    gx_stats_fn fn = db->stats;
    pthread_mutex_unlock(&db->lock);
    if (fn) {
        fn(db->stats_user, arena, &map);
    }
    *out = map;
    return GX_OK;
}

static gx_status run_watch(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                           gx_arena *arena, gx_error *err) {
    (void)db, (void)args, (void)job, (void)arena, (void)err; /* gx_db_call has done it */
    *out = gx_bool(true);
    return GX_OK;
}

typedef gx_status (*fake_run)(gx_value *out, gx_db *db, const gx_value *args, gx_job *job,
                              gx_arena *arena, gx_error *err);

typedef struct fake_method {
    gx_method row;
    fake_run run;
} fake_method;

static const fake_method fakes[] = {
    {{.name = "sys.hello", .cost = GX_COST_SHORT}, run_hello},
    {{.name = "sys.stats", .cost = GX_COST_SHORT}, run_stats},
    {{.name = "test.echo", .cost = GX_COST_SHORT}, run_echo},
    {{.name = "test.fail", .cost = GX_COST_SHORT}, run_fail},
    {{.name = "test.list", .cost = GX_COST_SHORT}, run_list},
    {{.name = "test.list_long", .cost = GX_COST_LONG}, run_list},
    {{.name = "test.nap", .cost = GX_COST_SHORT, .is_long = nap_is_long}, run_sleep},
    {{.name = "test.put", .cost = GX_COST_WRITE}, run_put},
    {{.name = "test.sleep", .cost = GX_COST_LONG}, run_sleep},
    {{.name = "test.watch", .cost = GX_COST_SHORT}, run_watch},
};

static const gx_method *fake_rows[GX_COUNT(fakes)];
static gx_method_table fake_table = {fake_rows, GX_COUNT(fakes)};

const gx_method_table *gx_methods(void) {
    return &fake_table;
}

gx_status gx_method_missing(const char *name, gx_error *err) {
    return gx_fail_at(err, GX_NOT_FOUND, "method", "there is no method %s", name);
}

static fake_run run_of(const gx_method *method) {
    for (size_t i = 0; i < GX_COUNT(fakes); i++) {
        if (&fakes[i].row == method) {
            return fakes[i].run;
        }
    }
    return NULL;
}

gx_status gx_db_call(gx_value *out, gx_db *db, const gx_method *method, const gx_value *args,
                     const gx_call_options *options, gx_arena *arena, gx_error *err) {
    gx_status status = gx_job_check(options->job, err);
    if (run_of(method) == run_watch) {
        pthread_mutex_lock(&db->lock);
        db->watcher = options->subscriber;
        db->watcher->subscribed = true;
        pthread_mutex_unlock(&db->lock);
    }
    return status != GX_OK ? status : run_of(method)(out, db, args, options->job, arena, err);
}

void gx_db_write(gx_db *db, gx_write_call *calls, size_t count) {
    atomic_fetch_add(&db->commits, 1);
    for (size_t i = 0; i < count; i++) {
        calls[i].status = run_of(calls[i].method)(&calls[i].result, db, calls[i].args, NULL,
                                                  calls[i].arena, &calls[i].error);
    }
    usleep((useconds_t)(atomic_load(&db->commit_ms) * 1000));
}

void gx_db_unsubscribe(gx_db *db, gx_subscriber *subscriber) {
    pthread_mutex_lock(&db->lock);
    db->watcher = db->watcher == subscriber ? NULL : db->watcher;
    pthread_mutex_unlock(&db->lock);
}

gx_status gx_db_reload(gx_db *db, gx_error *err) {
    atomic_fetch_add(&db->reloads, 1);
    return atomic_load(&db->broken) ? gx_fail(err, GX_CORRUPT, "the snapshot is broken") : GX_OK;
}

void gx_db_set_stats_source(gx_db *db, gx_stats_fn fn, void *user) {
    pthread_mutex_lock(&db->lock);
    db->stats = fn;
    db->stats_user = user;
    pthread_mutex_unlock(&db->lock);
}

const gx_db_options *gx_db_get_options(const gx_db *db) {
    return &db->options;
}

/* ---- a server that runs, and ways to talk to it --------------------------------------------- */

typedef struct rig {
    gx_db db;
    gx_server *server;
    pthread_t thread;
    gx_status ended;
    bool signals;
    char path[64];
    uint64_t blocks_before;
} rig;

static void *rig_main(void *user) {
    rig *r = user;
    r->ended = gx_server_run(r->server, r->signals, NULL);
    return NULL;
}

static gx_server_options rig_options(void) {
    gx_server_options options;
    gx_server_options_init(&options);
    options.loops = 2;
    options.long_threads = 2;
    return options;
}

static void rig_start(rig *r, gx_server_options options, bool signals) {
    static int number;
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < GX_COUNT(fakes); i++) {
        fake_rows[i] = &fakes[i].row;
    }
    r->blocks_before = gx_alloc_live_blocks();
    r->db.options.threads = 1;
    r->db.options.seed = 1;
    pthread_mutex_init(&r->db.lock, NULL);
    snprintf(r->path, sizeof r->path, "/tmp/gx-%d-%d.sock", (int)getpid(), number++);
    char address[80];
    snprintf(address, sizeof address, "unix:%s", r->path);
    const char *listen[] = {address, "tcp:127.0.0.1:0", NULL};
    options.listen = listen;
    gx_error err;
    if (gx_server_open(&r->server, &r->db, &options, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    r->signals = signals;
    assert_int_equal(pthread_create(&r->thread, NULL, rig_main, r), 0);
}

static void rig_join(rig *r) {
    pthread_join(r->thread, NULL);
    assert_int_equal(r->ended, GX_OK);
    gx_server_close(r->server);
    pthread_mutex_destroy(&r->db.lock);
    assert_int_equal(access(r->path, F_OK), -1);
}

/* Nothing is left of it; after the test's own clients and arenas are gone. */
static void rig_check(const rig *r) {
    assert_int_equal(gx_alloc_live_blocks(), r->blocks_before);
}

__attribute__((unused)) static void rig_stop(rig *r) {
    gx_server_stop(r->server, 5000);
    rig_join(r);
    rig_check(r);
}

__attribute__((unused)) static gx_client *rig_client(rig *r) {
    gx_client *client = NULL;
    gx_error err;
    if (gx_client_open(&client, gx_server_address(r->server, 0), 20000, NULL, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    return client;
}

/* A bare socket, for what no client of ours would send. */
__attribute__((unused)) static int rig_socket(rig *r) {
    int fd = -1;
    assert_int_equal(gx_rpc_connect(&fd, gx_server_address(r->server, 0), 20000, NULL, NULL),
                     GX_OK);
    return fd;
}

__attribute__((unused)) static void put(int fd, const void *bytes, size_t size) {
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

/* Reads to the end of the connection; the bytes that came, at most `max`. */
__attribute__((unused)) static size_t drink(int fd, char *bytes, size_t max) {
    size_t size = 0;
    ssize_t n;
    while ((n = recv(fd, bytes + size, max - size, 0)) > 0) {
        size += (size_t)n;
    }
    return size;
}

#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int64_t until_ns = gx_clock_ns() + 20000000000;                                            \
        while (!(condition) && gx_clock_ns() < until_ns) {                                         \
            usleep(1000);                                                                          \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

__attribute__((unused)) static gx_value map_of(gx_arena *arena, const char *name, int64_t value) {
    gx_value map = gx_map(arena, 1);
    gx_map_put(arena, &map, name, gx_int(value));
    return map;
}

#endif
