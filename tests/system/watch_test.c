/* job.watch from end to end: the real api and a real server, with a job that goes as far as the
 * test lets it. */
#include "api/db.h"
#include "graph/codec/codec.h"
#include "server/rpc/rpc.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a job on a lead --------------------------------------------------------------------------
 */

static _Atomic uint64_t steps; /* that the job may go */

/* Ten steps, each a stage of its own, since those are told to the job's progress at once. */
static gx_status go_when_told(gx_value *out, gx_call_env *call, gx_error *err) {
    static const char *const stages[] = {"s0", "s1", "s2", "s3", "s4",
                                         "s5", "s6", "s7", "s8", "s9"};
    for (uint64_t i = 0; i < GX_COUNT(stages); i++) {
        while (atomic_load(&steps) <= i) {
            gx_status status = gx_job_check(call->job, err);
            if (status != GX_OK) {
                return status;
            }
            usleep(1000);
        }
        gx_job_stage(call->job, stages[i], 100 + i);
    }
    *out = gx_str("there");
    return GX_OK;
}

static const gx_method slow = {
    .name = "test.slow", .summary = "goes when told", .cost = GX_COST_LONG, .run = go_when_told};

/* ---- a store, a server, a connection ----------------------------------------------------------
 */

typedef struct bed {
    char folder[64];
    gx_db *db;
    gx_server *server;
    pthread_t thread;
    gx_arena *arena;
} bed;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static void *serve(void *user) {
    bed *b = user;
    gx_error err;
    if (gx_server_run(b->server, false, &err) != GX_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return NULL;
}

static int set_up(void **state) {
    bed *b = calloc(1, sizeof *b);
    strcpy(b->folder, "/tmp/gx-watch-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    gx_db_options options = {.create = true, .threads = 1};
    assert_int_equal(gx_db_open(&b->db, b->folder, &options, NULL), GX_OK);
    const char *listen[] = {"tcp:127.0.0.1:0", NULL};
    gx_server_options server;
    gx_server_options_init(&server);
    server.listen = listen;
    server.loops = 2;
    assert_int_equal(gx_server_open(&b->server, b->db, &server, NULL), GX_OK);
    assert_int_equal(pthread_create(&b->thread, NULL, serve, b), 0);
    b->arena = gx_arena_create();
    atomic_store(&steps, 0);
    *state = b;
    return 0;
}

static void stop_server(bed *b) {
    if (b->server) {
        gx_server_stop(b->server, 5000);
        pthread_join(b->thread, NULL);
        gx_server_close(b->server);
        b->server = NULL;
    }
}

static int tear_down(void **state) {
    bed *b = *state;
    stop_server(b);
    gx_db_close(b->db);
    gx_arena_destroy(b->arena);
    nftw(b->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(b);
    return 0;
}

typedef struct line {
    bed *bed;
    int fd;
    gx_buffer in;
} line;

static line line_open(bed *b) {
    line l = {.bed = b};
    assert_int_equal(gx_rpc_connect(&l.fd, gx_server_address(b->server, 0), 20000, NULL, NULL),
                     GX_OK);
    return l;
}

static void line_close(line *l) {
    close(l->fd);
    gx_buffer_finish(&l->in);
}

/* The next message, whatever it is. */
static gx_value receive(line *l) {
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    for (;;) {
        size_t size;
        if (l->in.size &&
            gx_guard_walk(&size, l->in.bytes, l->in.size, &limits, NULL) == GX_GUARD_WHOLE) {
            gx_value message;
            assert_int_equal(gx_pack_decode(&message, l->bed->arena, l->in.bytes, size, NULL),
                             GX_OK);
            memmove(l->in.bytes, l->in.bytes + size, l->in.size - size);
            l->in.size -= size;
            return message;
        }
        char bytes[4096];
        ssize_t n = recv(l->fd, bytes, sizeof bytes, 0);
        assert_true(n > 0);
        gx_buffer_append(&l->in, bytes, (size_t)n);
    }
}

static gx_value call(line *l, const char *method, uint64_t job) {
    gx_value args = gx_map(l->bed->arena, 1);
    gx_map_put(l->bed->arena, &args, "job", gx_int((int64_t)job));
    gx_buffer out = {0};
    gx_frame_write_request(&out, 9, method, &args);
    assert_int_equal(send(l->fd, out.bytes, out.size, MSG_NOSIGNAL), out.size);
    gx_buffer_finish(&out);
    gx_value answer = receive(l);
    assert_int_equal(answer.size, 4);
    assert_int_equal(answer.as.items[0].as.integer, GX_FRAME_ANSWER);
    return answer;
}

static bool is_text(const gx_value *map, const char *key, const char *text) {
    const gx_value *value = gx_map_get(map, key);
    assert_non_null(value);
    assert_int_equal(value->type, GX_TEXT);
    return gx_slice_is((gx_slice){value->as.text, value->size}, text);
}

static int64_t number(const gx_value *map, const char *key) {
    const gx_value *value = gx_map_get(map, key);
    assert_non_null(value);
    assert_int_equal(value->type, GX_INT);
    return value->as.integer;
}

static gx_value watch(line *l, uint64_t job) {
    gx_value answer = call(l, "job.watch", job);
    assert_int_equal(answer.as.items[2].type, GX_NIL);
    assert_int_equal(number(&answer.as.items[3], "job"), job);
    return answer.as.items[3];
}

/* What the next notification says. */
static gx_value hear(line *l) {
    gx_value message = receive(l);
    const gx_value *part = message.as.items;
    assert_int_equal(message.size, 3);
    assert_int_equal(part[0].as.integer, GX_FRAME_NOTIFICATION);
    assert_true(gx_slice_is((gx_slice){part[1].as.text, part[1].size}, "job.progress"));
    assert_int_equal(part[2].size, 1);
    return part[2].as.items[0];
}

static uint64_t start(bed *b) {
    uint64_t id = 0;
    assert_int_equal(gx_jobs_start(&id, b->db->jobs, &slow, NULL, NULL), GX_OK);
    return id;
}

/* ---- the tests ---------------------------------------------------------------------------------
 */

/* Hears a job to its end: stages come in order, a running one only before the end. The job goes on
 * by a step whenever it was heard of. */
static int hear_out(line *l, uint64_t job, const char *end) {
    int64_t before = -1;
    for (int heard = 1;; heard++) {
        gx_value news = hear(l);
        assert_int_equal(number(&news, "job"), job);
        assert_true(is_text(&news, "method", "test.slow"));
        assert_int_equal(number(&news, "done"), 0);
        int64_t total = number(&news, "total");
        if (!is_text(&news, "state", "running")) {
            assert_true(is_text(&news, "state", end));
            assert_true(total >= before);
            return heard;
        }
        char stage[24];
        snprintf(stage, sizeof stage, "s%lld", (long long)(total - 100));
        assert_true(is_text(&news, "stage", stage));
        assert_true(total > before);
        before = total;
        atomic_store(&steps, 10);
    }
}

static void progress_comes_in_order_and_ends_with_done(void **state) {
    bed *b = *state;
    uint64_t job = start(b);
    line l = line_open(b);
    gx_value now = watch(&l, job);
    assert_true(is_text(&now, "state", "running"));
    assert_true(is_text(&now, "stage", ""));
    watch(&l, job); /* is to watch once */
    atomic_store(&steps, 1);
    assert_true(hear_out(&l, job, "done") >= 2);
    now = watch(&l, job); /* of one that is over: how it ended, and nothing after */
    assert_true(is_text(&now, "state", "done"));
    assert_true(is_text(&now, "result", "there"));
    gx_value pong = call(&l, "job.get", job);
    assert_true(is_text(&pong.as.items[3], "state", "done"));
    line_close(&l);
}

static void two_watch_and_one_cancels(void **state) {
    bed *b = *state;
    uint64_t job = start(b);
    line one = line_open(b), two = line_open(b);
    watch(&one, job);
    watch(&two, job);
    assert_int_equal(gx_jobs_cancel(b->db->jobs, job, NULL), GX_OK);
    assert_int_equal(hear_out(&one, job, "cancelled"), 1);
    assert_int_equal(hear_out(&two, job, "cancelled"), 1);
    line_close(&one);
    line_close(&two);
}

static void what_cannot_be_watched_is_refused(void **state) {
    bed *b = *state;
    line l = line_open(b);
    gx_value answer = call(&l, "job.watch", 77);
    assert_int_equal(answer.as.items[2].type, GX_TEXT);
    assert_int_equal(strncmp(answer.as.items[2].as.text, "NOT_FOUND: there is no job 77", 29), 0);
    line_close(&l);
    gx_value args = gx_map(b->arena, 1), out;
    gx_map_put(b->arena, &args, "job", gx_int(1));
    assert_int_equal(gx_call(&out, b->db, "job.watch", &args, b->arena, NULL), GX_BAD_REQUEST);
}

static void who_goes_in_mid_watch_does_no_harm(void **state) {
    bed *b = *state;
    uint64_t job = start(b);
    line stays = line_open(b);
    watch(&stays, job);
    for (int i = 0; i < 50; i++) {
        line goes = line_open(b);
        watch(&goes, job);
        line_close(&goes);
        atomic_store(&steps, (uint64_t)i / 10);
    }
    atomic_store(&steps, 10);
    hear_out(&stays, job, "done");
    line_close(&stays);
}

static void a_server_may_go_before_the_job(void **state) {
    bed *b = *state;
    uint64_t job = start(b);
    line l = line_open(b);
    watch(&l, job);
    stop_server(b);
    atomic_store(&steps, 10);
    gx_value now = gx_nil();
    int64_t until = gx_clock_ns() + 20000000000;
    do {
        usleep(1000);
        assert_int_equal(gx_jobs_describe(&now, b->db->jobs, job, b->arena, NULL), GX_OK);
    } while (is_text(&now, "state", "running") && gx_clock_ns() < until);
    assert_true(is_text(&now, "state", "done"));
    line_close(&l);
}

static void note(void *user, const char *method, const gx_value *params) {
    (void)method, (void)params;
    atomic_fetch_add((_Atomic int *)user, 1);
}

static void without_memory_nobody_watches(void **state) {
    bed *b = *state;
    uint64_t job = start(b);
    _Atomic int told = 0;
    gx_subscriber subscriber = {.notify = note, .user = &told};
    gx_value out = gx_nil();
    gx_error err;
    uint64_t before = gx_alloc_live_blocks();
    gx_alloc_fail_at(1);
    gx_status status = gx_jobs_watch(&out, b->db->jobs, job, &subscriber, b->arena, &err);
    gx_alloc_fail_at(0);
    assert_int_equal(status, GX_NO_MEMORY);
    assert_int_equal(err.code, GX_NO_MEMORY);
    assert_false(subscriber.subscribed);
    assert_int_equal(gx_alloc_live_blocks(), before);

    assert_int_equal(gx_jobs_watch(&out, b->db->jobs, job, &subscriber, b->arena, NULL), GX_OK);
    assert_true(subscriber.subscribed);
    gx_db_unsubscribe(b->db, &subscriber);
    assert_false(subscriber.subscribed);
    atomic_store(&steps, 10);
    gx_jobs_destroy(b->db->jobs); /* waits for the job */
    assert_int_equal(gx_jobs_create(&b->db->jobs, b->db, NULL), GX_OK);
    assert_int_equal(atomic_load(&told), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(progress_comes_in_order_and_ends_with_done),
        TEST(two_watch_and_one_cancels),
        TEST(what_cannot_be_watched_is_refused),
        TEST(who_goes_in_mid_watch_does_no_harm),
        TEST(a_server_may_go_before_the_job),
        TEST(without_memory_nobody_watches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
