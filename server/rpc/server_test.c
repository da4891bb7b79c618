/* The server as its clients see it: calls, errors, pipelining, group commit, deadlines, cancel,
 * reload, drain, sockets. */
#include "server/rpc/fake_api.h"

static void calls_and_errors(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    for (size_t i = 0; i < 2; i++) { /* Unix socket, TCP */
        gx_client *client;
        gx_error err;
        assert_int_equal(gx_client_open(&client, gx_server_address(r.server, i), 20000, NULL, &err),
                         GX_OK);
        gx_value args = map_of(arena, "k", 7), out = gx_nil();
        assert_int_equal(gx_client_call(&out, client, "test.echo", &args, arena, &err), GX_OK);
        assert_true(gx_value_equal(&args, &out));
        assert_int_equal(gx_client_call(&out, client, "test.fail", NULL, arena, &err),
                         GX_NOT_FOUND);
        assert_int_equal(err.code, GX_NOT_FOUND);
        assert_string_equal(err.message, "user u9 is not in this store");
        assert_string_equal(err.at, "user");
        assert_int_equal(gx_client_call(&out, client, "no.such", NULL, arena, &err), GX_NOT_FOUND);
        gx_client_close(client);
    }
    gx_arena_destroy(arena);
    rig_stop(&r);
}

/* Byte for byte, as any standard client sees it. */
static void errors_are_strings_by_default(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    int fd = rig_socket(&r);
    static const char request[] = "\x94\x00\x05\xa9test.fail\x90";
    static const char expected[] =
        "\x94\x01\x05\xd9\x27NOT_FOUND: user u9 is not in this store\xc0";
    char got[256];
    put(fd, request, sizeof request - 1);
    assert_int_equal(recv(fd, got, sizeof expected - 1, MSG_WAITALL), sizeof expected - 1);
    assert_memory_equal(got, expected, sizeof expected - 1);
    close(fd);
    rig_stop(&r);
}

/* [map], [], [nil], and, forgivingly, a bare map and nil; anything else is a bad request. */
static void shapes_of_params(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } cases[] = {{"\x90", 1, true},
                 {"\x91\x80", 2, true},
                 {"\x91\xc0", 2, true},
                 {"\x80", 1, true},
                 {"\xc0", 1, true},
                 {"\x92\x80\x80", 3, false},
                 {"\x91\x01", 2, false},
                 {"\xa1x", 2, false},
                 {"\x91\x81\x01\x02", 4, false},
                 {"\x91\xd4\x01\x00", 4, false}};
    rig r;
    rig_start(&r, rig_options(), false);
    int fd = rig_socket(&r);
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        char frame[64] = "\x94\x00\x07\xa9test.echo", got[512];
        memcpy(frame + 13, cases[i].bytes, cases[i].size);
        put(fd, frame, 13 + cases[i].size);
        ssize_t n = recv(fd, got, sizeof got, 0);
        assert_in_range(n, 5, sizeof got);
        bool good = (unsigned char)got[3] == 0xc0;
        if (good != cases[i].good || memcmp(got, "\x94\x01\x07", 3) != 0) {
            fail_msg("case %zu", i);
        }
    }
    close(fd);
    rig_stop(&r);
}

static void pipelining(void **state) {
    (void)state;
    enum { CALLS = 5000 };
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    static bool seen[CALLS + 1];
    memset(seen, 0, sizeof seen);
    uint32_t base = 0, msgid;
    for (int i = 0; i < CALLS; i++) {
        gx_value args = map_of(arena, "i", i);
        assert_int_equal(gx_client_send(&msgid, client, "test.echo", &args, NULL), GX_OK);
        base = i == 0 ? msgid : base;
    }
    for (int i = 0; i < CALLS; i++) {
        gx_value out;
        assert_int_equal(gx_client_receive(&msgid, &out, client, arena, NULL), GX_OK);
        assert_int_equal(arg_int(&out, "i", -1), msgid - base);
        assert_false(seen[msgid - base]);
        seen[msgid - base] = true;
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void a_long_call_holds_up_nobody(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value args = map_of(arena, "ms", 300), out;
    uint32_t slow, quick, got;
    assert_int_equal(gx_client_send(&slow, client, "test.sleep", &args, NULL), GX_OK);
    assert_int_equal(gx_client_send(&quick, client, "test.echo", &args, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_equal(got, quick);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_equal(got, slow);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

/* A method that is short as a rule: what its arguments say decides. */
static void a_short_method_with_much_to_do_goes_to_the_pool(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value much = map_of(arena, "ms", 300), little = map_of(arena, "ms", 5), out;
    uint32_t first, quick, got;
    assert_int_equal(gx_client_send(&first, client, "test.nap", &much, NULL), GX_OK);
    assert_int_equal(gx_client_send(&quick, client, "test.echo", &much, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_equal(got, quick);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_equal(got, first);
    assert_int_equal(gx_client_send(&first, client, "test.nap", &little, NULL), GX_OK);
    assert_int_equal(gx_client_send(&quick, client, "test.echo", &little, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_equal(got, first); /* on the loop, one after the other */
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_equal(got, quick);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void notifications_get_no_answer(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    int fd = rig_socket(&r);
    static const char frames[] = "\x93\x02\xa9test.echo\x91\x80"
                                 "\x93\x02\xa8test.put\x91\x80"
                                 "\x93\x02\xa9test.fail\x90"
                                 "\x93\x02\xa7no.such\x90"
                                 "\x94\x00\x09\xa9test.echo\x90";
    char got[64];
    put(fd, frames, sizeof frames - 1);
    assert_int_equal(recv(fd, got, sizeof got, 0), 5);
    assert_memory_equal(got, "\x94\x01\x09\xc0\xc0", 5);
    WAIT_UNTIL(atomic_load(&r.db.puts) == 1);
    assert_int_equal(atomic_load(&r.db.notes), 2);
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), -1);
    close(fd);
    rig_stop(&r);
}

static void writes_share_commits(void **state) {
    (void)state;
    enum { PUTS = 500 };
    rig r;
    rig_start(&r, rig_options(), false);
    atomic_store(&r.db.commit_ms, 5);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value out;
    uint32_t msgid;
    int conflicts = 0;
    for (int i = 0; i < PUTS; i++) {
        gx_value args = map_of(arena, "value", i % 20);
        assert_int_equal(gx_client_send(&msgid, client, "test.put", &args, NULL), GX_OK);
    }
    for (int i = 0; i < PUTS; i++) {
        gx_error err;
        gx_status status = gx_client_receive(&msgid, &out, client, arena, &err);
        assert_true(status == GX_OK || status == GX_CONFLICT);
        conflicts += status == GX_CONFLICT;
    }
    assert_int_equal(conflicts, PUTS / 20);
    assert_int_equal(atomic_load(&r.db.puts), PUTS - PUTS / 20);
    assert_in_range(atomic_load(&r.db.commits), 1, PUTS / 5);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void deadlines(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.long_threads = 1;
    rig r;
    rig_start(&r, options, false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value args = map_of(arena, "ms", 60000), out;
    gx_map_put(arena, &args, "deadline_ms", gx_int(30));
    gx_error err;
    assert_int_equal(gx_client_call(&out, client, "test.sleep", &args, arena, &err), GX_DEADLINE);
    /* The pool now knows what a call takes: with one at work and one waiting, a deadline that
     * would pass in the queue is refused at once. */
    gx_value slow = map_of(arena, "ms", 400), hasty = map_of(arena, "ms", 1);
    uint32_t first, second, third, got;
    assert_int_equal(gx_client_call(&out, client, "test.sleep", &slow, arena, &err), GX_OK);
    gx_map_put(arena, &hasty, "deadline_ms", gx_int(2));
    assert_int_equal(gx_client_send(&first, client, "test.sleep", &slow, NULL), GX_OK);
    assert_int_equal(gx_client_send(&second, client, "test.sleep", &slow, NULL), GX_OK);
    assert_int_equal(gx_client_send(&third, client, "test.sleep", &hasty, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_DEADLINE);
    assert_int_equal(got, third);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    /* A write whose deadline passed while a commit was under way is not begun. */
    atomic_store(&r.db.commit_ms, 100);
    gx_value late = map_of(arena, "deadline_ms", 20), plain = map_of(arena, "value", 1);
    assert_int_equal(gx_client_send(&first, client, "test.put", &plain, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    assert_int_equal(gx_client_send(&first, client, "test.put", &plain, NULL), GX_OK);
    uint64_t before = atomic_load(&r.db.puts);
    gx_client *other = rig_client(&r);
    assert_int_equal(gx_client_send(&got, client, "test.echo", &plain, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    WAIT_UNTIL(atomic_load(&r.db.puts) == before + 1);
    assert_int_equal(gx_client_call(&out, other, "test.put", &late, arena, &err), GX_DEADLINE);
    assert_int_equal(atomic_load(&r.db.puts), before + 1);
    gx_client_close(other);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void a_lost_client_cancels_its_long_calls(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r), *other = rig_client(&r);
    gx_value args = map_of(arena, "ms", 60000), out;
    uint32_t msgid, got;
    gx_error err;
    for (int i = 0; i < 2; i++) { /* both threads of the pool */
        assert_int_equal(gx_client_send(&msgid, client, "test.sleep", &args, NULL), GX_OK);
    }
    assert_int_equal(gx_client_send(&msgid, client, "test.echo", &args, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    WAIT_UNTIL(atomic_load(&r.db.sleeping) == 2);
    gx_client_close(client);
    gx_value brief = map_of(arena, "ms", 1);
    assert_int_equal(gx_client_call(&out, other, "test.sleep", &brief, arena, &err), GX_OK);
    WAIT_UNTIL(atomic_load(&r.db.cancelled) == 2);
    gx_client_close(other);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void *cancel_soon(void *user) {
    usleep(50000);
    gx_job_cancel(user);
    return NULL;
}

/* Before it asks, while it waits, and while it is greeted by nobody. */
static void a_client_whose_job_is_cancelled_waits_no_more(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_value args = map_of(arena, "ms", 60000), out;
    gx_client *client = NULL;
    gx_error err;
    gx_job job;
    pthread_t thread;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_client_open(&client, gx_server_address(r.server, 0), 20000, &job, &err),
                     GX_OK);
    assert_int_equal(gx_client_call(&out, client, "test.echo", &args, arena, &err), GX_OK);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &job), 0);
    assert_int_equal(gx_client_call(&out, client, "test.sleep", &args, arena, &err), GX_CANCELLED);
    pthread_join(thread, NULL);
    assert_int_equal(gx_client_call(&out, client, "test.echo", &args, arena, &err), GX_CANCELLED);
    gx_client_close(client);
    WAIT_UNTIL(atomic_load(&r.db.cancelled) == 1);
    client = NULL;
    assert_int_equal(gx_client_open(&client, gx_server_address(r.server, 0), 20000, &job, &err),
                     GX_CANCELLED);
    assert_null(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void what_is_counted(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value out;
    gx_error err;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(gx_client_call(&out, client, "test.fail", NULL, arena, &err),
                         GX_NOT_FOUND);
    }
    assert_int_equal(gx_client_call(&out, client, "sys.stats", NULL, arena, &err), GX_OK);
    const gx_value *server = gx_map_get(&out, "server");
    assert_int_equal(arg_int(server, "connections", -1), 1);
    assert_int_equal(arg_int(server, "calls", -1), 11); /* with sys.hello */
    assert_int_equal(arg_int(server, "errors", -1), 10);
    const gx_value *methods = gx_map_get(server, "methods");
    assert_int_equal(methods->size, 2);
    const gx_value *row = &methods->as.items[1];
    assert_int_equal(arg_int(row, "calls", -1), 10);
    double p50 = gx_map_get(row, "p50_us")->as.real, p99 = gx_map_get(row, "p99_us")->as.real;
    assert_true(p50 > 0 && p50 <= p99 && p99 < 1e6);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void signals(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), true);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value out;
    gx_error err;
    kill(getpid(), SIGHUP);
    WAIT_UNTIL(atomic_load(&r.server->reloaded) == 1);
    atomic_store(&r.db.broken, true);
    kill(getpid(), SIGHUP);
    WAIT_UNTIL(atomic_load(&r.server->reload_failures) >= 1);
    assert_int_equal(gx_client_call(&out, client, "test.list", NULL, arena, &err), GX_OK);
    kill(getpid(), SIGTERM);
    rig_join(&r);
    assert_int_equal(gx_client_call(&out, client, "test.list", NULL, arena, &err), GX_UNREACHABLE);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_check(&r);
}

static void draining_finishes_what_is_in_flight(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value args = map_of(arena, "ms", 150), out;
    uint32_t msgid, got;
    gx_error err;
    assert_int_equal(gx_client_send(&msgid, client, "test.sleep", &args, NULL), GX_OK);
    assert_int_equal(gx_client_send(&msgid, client, "test.echo", &args, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    gx_server_stop(r.server, 20000);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    assert_int_equal(out.type, GX_BOOL);
    rig_join(&r);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_check(&r);
}

static void draining_has_an_end(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    gx_value args = map_of(arena, "ms", 60000), out;
    uint32_t msgid, got;
    gx_error err;
    assert_int_equal(gx_client_send(&msgid, client, "test.sleep", &args, NULL), GX_OK);
    assert_int_equal(gx_client_send(&msgid, client, "test.echo", &args, NULL), GX_OK);
    assert_int_equal(gx_client_receive(&got, &out, client, arena, &err), GX_OK);
    WAIT_UNTIL(atomic_load(&r.db.sleeping) == 1);
    gx_server_stop(r.server, 50);
    rig_join(&r);
    assert_int_equal(atomic_load(&r.db.cancelled), 1);
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_check(&r);
}

static gx_status try_open(const char *address, gx_error *err) {
    static gx_db db;
    const char *listen[] = {address, NULL};
    gx_server_options options = rig_options();
    options.listen = listen;
    gx_server *server = NULL;
    gx_status status = gx_server_open(&server, &db, &options, err);
    gx_server_close(server);
    return status;
}

static void addresses(void **state) {
    (void)state;
    static const struct {
        const char *text;
        gx_status status;
    } cases[] = {{"tcp:127.0.0.1:0", GX_OK},
                 {"tcp://localhost:0", GX_OK},
                 {"tcp:127.1.2.3:0", GX_OK},
                 {"tcp:0.0.0.0:0", GX_BAD_REQUEST},
                 {"tcp:192.0.2.1:7000", GX_BAD_REQUEST},
                 {"tcp:[::]:0", GX_BAD_REQUEST},
                 {"tcp:example.org:1", GX_BAD_REQUEST},
                 {"tcp:127.0.0.1:65536", GX_BAD_REQUEST},
                 {"tcp:127.0.0.1", GX_BAD_REQUEST},
                 {"unix:", GX_BAD_REQUEST},
                 {"127.0.0.1:80", GX_BAD_REQUEST}};
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_error err;
        if (try_open(cases[i].text, &err) != cases[i].status) {
            fail_msg("%s", cases[i].text);
        }
    }
    gx_error err;
    char longer[200] = "unix:";
    memset(longer + 5, 'x', 150);
    assert_int_equal(try_open(longer, &err), GX_BAD_REQUEST);
    gx_status six = try_open("tcp:[::1]:0", &err);
    if (six != GX_OK) {
        print_message("skipped: no IPv6 loopback here (%s)\n", err.message);
    }
}

static void unix_sockets(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    struct stat info;
    gx_error err;
    char address[96], other[80];
    assert_int_equal(stat(r.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    snprintf(address, sizeof address, "unix:%s", r.path);
    assert_int_equal(try_open(address, &err), GX_BUSY); /* alive */
    assert_int_equal(access(r.path, F_OK), 0);
    rig_stop(&r);
    /* Left over from a crash: nobody answers. */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", r.path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    assert_int_equal(access(r.path, F_OK), 0);
    assert_int_equal(try_open(address, &err), GX_OK);
    assert_int_equal(access(r.path, F_OK), -1);
    /* Somebody's file. */
    snprintf(other, sizeof other, "%s.txt", r.path);
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    fclose(file);
    snprintf(address, sizeof address, "unix:%s", other);
    assert_int_equal(try_open(address, &err), GX_CONFLICT);
    assert_int_equal(access(other, F_OK), 0);
    unlink(other);
}

static void nobody_there(void **state) {
    (void)state;
    gx_client *client = NULL;
    gx_error err;
    assert_int_equal(gx_client_open(&client, "unix:/tmp/gx-nobody", 1000, NULL, &err),
                     GX_UNREACHABLE);
    assert_int_equal(gx_client_open(&client, "tcp:127.0.0.1:1", 1000, NULL, &err), GX_UNREACHABLE);
    assert_null(client);
}

/* As a server that stands still with all who may wait for it. */
static int full_listener(char *address, size_t size, int waiting[8]) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/tmp/gx-full-%d", (int)getpid());
    snprintf(address, size, "unix:%s", at.sun_path);
    unlink(at.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 0), 0);
    for (int i = 0; i < 8; i++) { /* until there is no room: EAGAIN */
        waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[i], (struct sockaddr *)&at, sizeof at);
    }
    return fd;
}

/* A signal wakes who waits already; one that came just before is heard of all the same. */
static void connecting_is_stopped_at_once(void **state) {
    (void)state;
    char address[160];
    int waiting[8], listener = full_listener(address, sizeof address, waiting);
    gx_client *client = NULL;
    gx_error err;
    gx_job job;
    int64_t begun = gx_clock_ns();
    gx_job_init(&job, 1, 1);
    gx_job_cancel(&job);
    assert_int_equal(gx_client_open(&client, address, 5000, &job, &err), GX_CANCELLED);
    gx_job_init(&job, 1, 1);
    job.deadline_ns = gx_clock_ns() + 100000000;
    assert_int_equal(gx_client_open(&client, address, 5000, &job, &err), GX_DEADLINE);
    assert_non_null(strstr(err.message, address));
    assert_int_equal(gx_client_open(&client, address, 200, NULL, &err), GX_UNREACHABLE);
    assert_true(gx_clock_ns() - begun < 2000000000);
    assert_null(client);
    for (int i = 0; i < 8; i++) {
        close(waiting[i]);
    }
    close(listener);
    unlink(address + strlen("unix:"));
}

static void every_failing_allocation_of_open(void **state) {
    (void)state;
    uint64_t before = gx_alloc_live_blocks(), k = 1;
    gx_status status = GX_NO_MEMORY;
    for (; status != GX_OK && k < 200; k++) {
        gx_alloc_fail_at(k);
        status = try_open("tcp:127.0.0.1:0", NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), before);
    }
    assert_int_equal(status, GX_OK);
    assert_in_range(k, 8, 199);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_and_errors),
        cmocka_unit_test(errors_are_strings_by_default),
        cmocka_unit_test(shapes_of_params),
        cmocka_unit_test(pipelining),
        cmocka_unit_test(a_long_call_holds_up_nobody),
        cmocka_unit_test(a_short_method_with_much_to_do_goes_to_the_pool),
        cmocka_unit_test(notifications_get_no_answer),
        cmocka_unit_test(writes_share_commits),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(a_lost_client_cancels_its_long_calls),
        cmocka_unit_test(a_client_whose_job_is_cancelled_waits_no_more),
        cmocka_unit_test(what_is_counted),
        cmocka_unit_test(signals),
        cmocka_unit_test(draining_finishes_what_is_in_flight),
        cmocka_unit_test(draining_has_an_end),
        cmocka_unit_test(addresses),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(connecting_is_stopped_at_once),
        cmocka_unit_test(every_failing_allocation_of_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
