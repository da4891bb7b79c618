/* Every limit of the server, with a test that passes it. */
#include "server/rpc/fake_api.h"

static const char echo[] = "\x94\x00\x09\xa9test.echo\x90";
static const char echoed[] = "\x94\x01\x09\xc0\xc0";

static void expect_echo(int fd) {
    char got[16];
    put(fd, echo, sizeof echo - 1);
    assert_int_equal(recv(fd, got, 5, MSG_WAITALL), 5);
    assert_memory_equal(got, echoed, 5);
}

static void connections(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.connections_max = 4;
    rig r;
    rig_start(&r, options, false);
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = rig_socket(&r);
        expect_echo(fds[i]);
    }
    int extra = rig_socket(&r);
    char byte;
    assert_int_equal(recv(extra, &byte, 1, 0), 0); /* closed at the door */
    close(extra);
    close(fds[0]);
    WAIT_UNTIL(atomic_load(&r.server->connections) == 3);
    fds[0] = rig_socket(&r);
    expect_echo(fds[0]);
    assert_int_equal(atomic_load(&r.server->refused), 1);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
    rig_stop(&r);
}

/* With as many calls in flight as are allowed the connection is not read: its next call waits, and
 * nobody else does. */
static void calls_in_flight(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.in_flight_max = 2;
    rig r;
    rig_start(&r, options, false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r), *other = rig_client(&r);
    gx_value args = map_of(arena, "ms", 200), out;
    uint32_t ids[4], got;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            gx_client_send(&ids[i], client, i < 3 ? "test.sleep" : "test.echo", &args, NULL),
            GX_OK);
    }
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_not_equal(got, ids[3]); /* though an echo takes no time */
    assert_in_range(atomic_load(&r.db.sleeping), 2, 3);
    assert_int_equal(gx_client_call(&out, other, "test.echo", NULL, arena, NULL), GX_OK);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    }
    assert_int_equal(atomic_load(&r.db.sleeping), 3);
    gx_client_close(client);
    gx_client_close(other);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

/* Large arguments are held for each call in flight: the same, by their bytes. */
static void arguments_in_flight(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.arguments_max = 100000;
    rig r;
    rig_start(&r, options, false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    static char large[60000];
    memset(large, 'x', sizeof large);
    gx_value args = map_of(arena, "ms", 100), out;
    gx_map_put(arena, &args, "text", gx_text(large, sizeof large));
    uint32_t ids[4], got;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            gx_client_send(&ids[i], client, i < 3 ? "test.sleep" : "test.echo", &args, NULL),
            GX_OK);
    }
    assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    assert_int_not_equal(got, ids[3]); /* it was not read while two were held */
    for (int i = 1; i < 4; i++) {
        assert_int_equal(gx_client_receive(&got, &out, client, arena, NULL), GX_OK);
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void waiting_calls(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.long_threads = 1;
    options.queue_max = 2;
    options.write_queue_max = 2;
    rig r;
    rig_start(&r, options, false);
    atomic_store(&r.db.commit_ms, 100);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    static const char *const methods[] = {"test.sleep", "test.put"};
    for (size_t m = 0; m < 2; m++) {
        gx_value args = map_of(arena, "ms", 50), out;
        uint32_t msgid;
        int busy = 0, good = 0;
        for (int i = 0; i < 20; i++) {
            assert_int_equal(gx_client_send(&msgid, client, methods[m], &args, NULL), GX_OK);
        }
        for (int i = 0; i < 20; i++) {
            gx_error err;
            gx_status status = gx_client_receive(&msgid, &out, client, arena, &err);
            assert_true(status == GX_OK || status == GX_BUSY);
            busy += status == GX_BUSY;
            good += status == GX_OK;
        }
        assert_in_range(good, 2, 6);
        assert_in_range(busy, 14, 18);
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

/* The map of a busy error says when to come back. */
static void busy_says_when(void **state) {
    (void)state;
    gx_error busy = {.code = GX_BUSY, .message = "full", .at = "queue"};
    gx_buffer out = {0};
    gx_frame_write_error(&out, 7, &busy, 120, GX_ERROR_MAP);
    gx_arena *arena = gx_arena_create();
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    gx_value frame;
    assert_int_equal(gx_pack_read(&frame, arena, out.bytes, out.size, &limits, NULL), GX_OK);
    const gx_value *map = &frame.as.items[2];
    assert_int_equal(arg_int(map, "code", -1), GX_BUSY);
    assert_int_equal(arg_int(map, "retry_after_ms", -1), 120);
    assert_true(gx_map_get(map, "retryable")->as.boolean);
    gx_buffer_finish(&out);
    gx_arena_destroy(arena);
}

/* The error answers the call it belongs to; then the connection ends. */
static void frames(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.frame_max = 1000;
    static const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } cases[] = {
        {"\x94\x00\x07\xa9test.echo\x91\x81\xa1k\xda\x04\x00", 20, "at most 1000"},
        {"\x94\x00\x07\xa9test.echo\x91\xdd\xff\xff\xff\xff", 19, "OVER_LIMIT"},
        {"\x94\x00\x07\xa9test.echo\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
         "\x91\x91",
         30, "nested deeper than 16"},
        {"\x94\x00\x07\xc1", 4, "0xc1"},
        {"\x94\x01\x07\xc0\xc0", 5, NULL}, /* an answer nobody asked for */
        {"\x94\x00\xff\xa4test\x90", 9, NULL},
        {"GET / HTTP/1.1\r\n\r\n", 18, NULL},
    };
    rig r;
    rig_start(&r, options, false);
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        int fd = rig_socket(&r);
        char got[512];
        put(fd, cases[i].bytes, cases[i].size);
        size_t size = drink(fd, got, sizeof got - 1);
        got[size] = '\0';
        if (cases[i].says ? size < 10 || memcmp(got, "\x94\x01\x07", 3) != 0 ||
                                !memmem(got, size, cases[i].says, strlen(cases[i].says))
                          : size != 0) {
            fail_msg("case %zu: %zu bytes: %s", i, size, got);
        }
        close(fd);
    }
    int fd = rig_socket(&r);
    expect_echo(fd);
    close(fd);
    rig_stop(&r);
}

static void a_frame_of_the_limit_is_taken(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    for (size_t over = 0; over < 2; over++) {
        static char text[1 << 20];
        memset(text, 'x', sizeof text);
        /* list, kind, msgid, method, [ {"k": str 32} ] */
        size_t head = 1 + 1 + 1 + 10 + 1 + 1 + 2 + 5;
        gx_value args = gx_map(arena, 1), out;
        gx_map_put(arena, &args, "k", gx_text(text, sizeof text - head + over));
        gx_error err;
        gx_status status = gx_client_call(&out, client, "test.echo", &args, arena, &err);
        assert_int_equal(status, over ? GX_OVER_LIMIT : GX_OK);
        if (!over) {
            assert_true(gx_value_equal(&args, &out));
        }
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

static void an_answer_that_is_too_large(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.output_max = 100000;
    rig r;
    rig_start(&r, options, false);
    gx_arena *arena = gx_arena_create();
    gx_client *client = rig_client(&r);
    static const char *const methods[] = {"test.list", "test.list_long"};
    for (size_t m = 0; m < 2; m++) {
        gx_value args = map_of(arena, "n", 20000), out;
        gx_error err;
        assert_int_equal(gx_client_call(&out, client, methods[m], &args, arena, &err),
                         GX_OVER_LIMIT);
        args = map_of(arena, "n", 8000);
        assert_int_equal(gx_client_call(&out, client, methods[m], &args, arena, &err), GX_OK);
        assert_int_equal(out.size, 8000);
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    rig_stop(&r);
}

/* A peer that asks and never reads: the server stops reading, holds no more than it may, and ends
 * the connection in time. */
static void answers_nobody_reads(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.output_max = 200000;
    options.unread_answer_ms = 300;
    rig r;
    rig_start(&r, options, false);
    uint64_t before = gx_alloc_live_bytes(), most = 0;
    int fd = rig_socket(&r);
    static const char ask[] = "\x94\x00\x09\xa9test.list\x91\x81\xa1n\xcd\x03\xe8";
    int64_t until = gx_clock_ns() + 20000000000;
    ssize_t n = 0;
    while (gx_clock_ns() < until) {
        n = send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
            break;
        }
        if (n < 0) {
            usleep(1000);
        } else if ((size_t)n != sizeof ask - 1) {
            break; /* a torn frame is another test */
        }
        uint64_t now = gx_alloc_live_bytes();
        most = now > before && now - before > most ? now - before : most;
    }
    WAIT_UNTIL(atomic_load(&r.server->connections) == 0);
    assert_in_range(most, 1, 1500000);
    close(fd);
    fd = rig_socket(&r);
    expect_echo(fd);
    close(fd);
    rig_stop(&r);
}

/* Any allocation may fail while calls are served: a call or a connection is lost, nothing else. The
 * client here allocates nothing. */
static void memory_that_ends(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    static const char calls[] = "\x94\x00\x01\xa9test.echo\x90"
                                "\x94\x00\x02\xa8test.put\x91\x81\xa5value\x01"
                                "\x94\x00\x03\xaetest.list_long\x91\x81\xa1n\xcd\x01\x00"
                                "\x94\x00\x04\xa9test.list\x91\x81\xa1n\xcd\x01\x00"
                                "\x94\x00";
    for (uint64_t k = 1; k <= 40; k++) {
        int fd = rig_socket(&r);
        char got[8192];
        size_t size = 0;
        gx_alloc_fail_at(k);
        put(fd, calls, sizeof calls - 1);
        struct timeval brief = {.tv_usec = 20000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
        size = drink(fd, got, sizeof got);
        gx_alloc_fail_at(0);
        assert_in_range(size, 0, sizeof got);
        close(fd);
        fd = rig_socket(&r);
        expect_echo(fd);
        close(fd);
    }
    rig_stop(&r);
}

static void a_frame_that_is_never_finished(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.partial_frame_ms = 200;
    rig r;
    rig_start(&r, options, false);
    int slow = rig_socket(&r), idle = rig_socket(&r);
    char byte;
    expect_echo(slow);
    expect_echo(idle);
    put(slow, echo, 5);
    int64_t started = gx_clock_ns();
    assert_int_equal(recv(slow, &byte, 1, 0), 0); /* closed */
    assert_in_range(gx_clock_ns() - started, 150000000, 10000000000);
    expect_echo(idle); /* no frame at all is no fault */
    close(slow);
    close(idle);
    rig_stop(&r);
}

/* Bytes that come one by one, and many frames in one write, are the same frames. */
static void any_cut_of_the_stream(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    int fd = rig_socket(&r);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i + 1 < sizeof echo; i++) {
            put(fd, echo + i, 1);
            usleep(200);
        }
        char got[8];
        assert_int_equal(recv(fd, got, 5, MSG_WAITALL), 5);
        assert_memory_equal(got, echoed, 5);
    }
    enum { MANY = 3000 };
    static char stream[MANY * (sizeof echo - 1)], answers[MANY * 5];
    for (size_t i = 0; i < MANY; i++) {
        memcpy(stream + i * (sizeof echo - 1), echo, sizeof echo - 1);
    }
    for (size_t at = 0, step = 1; at < sizeof stream; at += step, step = step * 7 % 5003) {
        step = step < sizeof stream - at ? step : sizeof stream - at;
        put(fd, stream + at, step);
    }
    assert_int_equal(recv(fd, answers, sizeof answers, MSG_WAITALL), sizeof answers);
    for (size_t i = 0; i < MANY; i++) {
        assert_memory_equal(answers + 5 * i, echoed, 5);
    }
    close(fd);
    rig_stop(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections),
        cmocka_unit_test(calls_in_flight),
        cmocka_unit_test(arguments_in_flight),
        cmocka_unit_test(waiting_calls),
        cmocka_unit_test(busy_says_when),
        cmocka_unit_test(frames),
        cmocka_unit_test(a_frame_of_the_limit_is_taken),
        cmocka_unit_test(an_answer_that_is_too_large),
        cmocka_unit_test(answers_nobody_reads),
        cmocka_unit_test(memory_that_ends),
        cmocka_unit_test(a_frame_that_is_never_finished),
        cmocka_unit_test(any_cut_of_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
