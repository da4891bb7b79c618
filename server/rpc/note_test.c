/* Notifications from the server: in order, never more than fit, and none for who is gone. */
#include "server/rpc/fake_api.h"

/* Tells whoever watches; false: nobody does. */
static bool tell(rig *r, int64_t number) {
    gx_arena *arena = gx_arena_create();
    gx_value map = map_of(arena, "number", number);
    pthread_mutex_lock(&r->db.lock);
    gx_subscriber *watcher = r->db.watcher;
    if (watcher) {
        watcher->notify(watcher->user, "test.news", &map);
    }
    pthread_mutex_unlock(&r->db.lock);
    gx_arena_destroy(arena);
    return watcher != NULL;
}

static bool is_watched(rig *r) {
    pthread_mutex_lock(&r->db.lock);
    bool watched = r->db.watcher != NULL;
    pthread_mutex_unlock(&r->db.lock);
    return watched;
}

static const char watch_request[] = "\x94\x00\x05\xaatest.watch\x90";
static const char watch_answer[] = "\x94\x01\x05\xc0\xc3";
static const char news_head[] = "\x93\x02\xa9test.news\x91\x81\xa6number"; /* then the number */

/* A connection that watches, and has been told so. */
static int watching_socket(rig *r) {
    int fd = rig_socket(r);
    char got[sizeof watch_answer - 1];
    put(fd, watch_request, sizeof watch_request - 1);
    assert_int_equal(recv(fd, got, sizeof got, MSG_WAITALL), sizeof got);
    assert_memory_equal(got, watch_answer, sizeof got);
    return fd;
}

/* The number of the next notification: of one byte, or 0xcd and two. */
static int64_t hear(int fd) {
    unsigned char got[sizeof news_head + 2], first;
    assert_int_equal(recv(fd, got, sizeof news_head, MSG_WAITALL), sizeof news_head);
    assert_memory_equal(got, news_head, sizeof news_head - 1);
    first = got[sizeof news_head - 1];
    if (first < 0x80) {
        return first;
    }
    assert_int_equal(first, 0xcd);
    assert_int_equal(recv(fd, got, 2, MSG_WAITALL), 2);
    return got[0] << 8 | got[1];
}

static void news_come_in_order(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    int fd = watching_socket(&r);
    for (int64_t i = 0; i < 100; i++) {
        assert_true(tell(&r, i));
        if (i % 2) {
            assert_int_equal(hear(fd), i - 1);
            assert_int_equal(hear(fd), i);
        }
    }
    close(fd);
    WAIT_UNTIL(!is_watched(&r));
    assert_false(tell(&r, 0));
    rig_stop(&r);
}

/* Some 2 MB of news for a peer that reads nothing, over a limit of 64 kB: what does not fit is
 * lost, the connection and its order are not. */
static void news_that_do_not_fit_are_lost(void **state) {
    (void)state;
    enum { NEWS = 60000, FIRST = 1000 }; /* from 1,000 on, each is as long */
    rig r;
    gx_server_options options = rig_options();
    options.output_max = 65536;
    rig_start(&r, options, false);
    int fd = watching_socket(&r);
    for (int64_t i = FIRST; i < NEWS; i++) {
        assert_true(tell(&r, i));
    }
    gx_client *other = rig_client(&r);
    gx_arena *arena = gx_arena_create();
    gx_value args = map_of(arena, "k", 1), out;
    assert_int_equal(gx_client_call(&out, other, "test.echo", &args, arena, NULL), GX_OK);
    gx_client_close(other);
    gx_arena_destroy(arena);

    int64_t before = FIRST - 1, heard = 0;
    unsigned char kind;
    put(fd, watch_request, sizeof watch_request - 1);
    while (recv(fd, &kind, 1, MSG_PEEK) == 1 && kind == 0x93) {
        int64_t number = hear(fd);
        assert_true(number > before);
        before = number;
        heard++;
    }
    assert_int_equal(kind, (unsigned char)watch_answer[0]);
    assert_in_range(heard, 1, NEWS - FIRST - 1);
    close(fd);
    rig_stop(&r);
}

static void the_blocking_client_passes_them_by(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_client *client = rig_client(&r);
    gx_arena *arena = gx_arena_create();
    gx_value args = map_of(arena, "k", 1), out;
    assert_int_equal(gx_client_call(&out, client, "test.watch", &args, arena, NULL), GX_OK);
    for (int64_t i = 0; i < 20; i++) {
        assert_true(tell(&r, i));
        assert_int_equal(gx_client_call(&out, client, "test.echo", &args, arena, NULL), GX_OK);
        assert_true(gx_value_equal(&args, &out));
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    WAIT_UNTIL(!is_watched(&r));
    rig_stop(&r);
}

typedef struct told {
    int times;
    const char *stage;
    uint64_t total;
} told;

static void note_told(void *user, const char *stage, uint64_t done, uint64_t total,
                      uint64_t mem_bytes) {
    told *t = user;
    (void)done, (void)mem_bytes;
    t->times++;
    t->stage = stage;
    t->total = total;
}

/* Only who asked for it, of calls that take a while, before their answer. */
static void a_long_call_tells_how_far_it_is(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    gx_arena *arena = gx_arena_create();
    gx_value much = map_of(arena, "ms", 700), little = map_of(arena, "ms", 100), out;
    gx_value forever = map_of(arena, "ms", 60000), some = map_of(arena, "ms", 300);
    gx_client *client = NULL;
    told t = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    job.progress = note_told;
    job.progress_user = &t;
    assert_int_equal(gx_client_open(&client, gx_server_address(r.server, 0), 20000, &job, NULL),
                     GX_OK);
    assert_int_equal(gx_client_call(&out, client, "test.sleep", &little, arena, NULL), GX_OK);
    assert_int_equal(gx_client_call(&out, client, "test.sleep", &much, arena, NULL), GX_OK);
    assert_in_range(t.times, 1, 4);
    assert_string_equal(t.stage, "sleeping");
    assert_int_equal(t.total, 1000);
    gx_client_close(client);

    /* Who goes while it is told does no harm. */
    for (int i = 0; i < 3; i++) {
        uint32_t msgid;
        assert_int_equal(gx_client_open(&client, gx_server_address(r.server, 0), 20000, &job, NULL),
                         GX_OK);
        assert_int_equal(gx_client_send(&msgid, client, "test.sleep", &forever, NULL), GX_OK);
        assert_int_equal(gx_client_call(&out, client, "test.sleep", &some, arena, NULL), GX_OK);
        gx_client_close(client);
    }
    gx_arena_destroy(arena);
    rig_stop(&r);
}

typedef struct teller {
    rig *rig;
    atomic_bool stop;
    pthread_t thread;
} teller;

static void *teller_main(void *user) {
    teller *t = user;
    for (int64_t i = 0; !atomic_load(&t->stop); i++) {
        tell(t->rig, i % 100);
    }
    return NULL;
}

static void teller_start(teller *t, rig *r) {
    t->rig = r;
    atomic_init(&t->stop, false);
    assert_int_equal(pthread_create(&t->thread, NULL, teller_main, t), 0);
}

static void teller_stop(teller *t) {
    atomic_store(&t->stop, true);
    pthread_join(t->thread, NULL);
}

static void who_goes_while_being_told_does_no_harm(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    teller t;
    teller_start(&t, &r);
    for (int i = 0; i < 100; i++) {
        int fd = watching_socket(&r);
        if (i % 2) {
            hear(fd);
        }
        close(fd);
    }
    WAIT_UNTIL(!is_watched(&r));
    teller_stop(&t);
    rig_stop(&r);
}

static void a_server_that_stops_tells_nobody_any_more(void **state) {
    (void)state;
    rig r;
    rig_start(&r, rig_options(), false);
    teller t;
    teller_start(&t, &r);
    int fd = watching_socket(&r);
    hear(fd);
    gx_server_stop(r.server, 5000);
    char rest[4096];
    while (drink(fd, rest, sizeof rest) == sizeof rest) {
    }
    close(fd);
    pthread_join(r.thread, NULL);
    assert_false(is_watched(&r));
    teller_stop(&t);
    gx_server_close(r.server);
    pthread_mutex_destroy(&r.db.lock);
    rig_check(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_come_in_order),
        cmocka_unit_test(news_that_do_not_fit_are_lost),
        cmocka_unit_test(the_blocking_client_passes_them_by),
        cmocka_unit_test(a_long_call_tells_how_far_it_is),
        cmocka_unit_test(who_goes_while_being_told_does_no_harm),
        cmocka_unit_test(a_server_that_stops_tells_nobody_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
