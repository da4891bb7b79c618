/* Hostile clients: thousands of seeded byte streams, lying heads, and slow, greedy and vanishing
 * peers, while a good client is answered all the time. A hostile one may cost its connection, under
 * 2 MiB, and nothing else. */
#include "server/rpc/fake_api.h"

enum { COST_MAX = 2 << 20 };

/* A good client and what the server held before its hostile neighbours came. */
typedef struct neighbour {
    rig r;
    gx_arena *arena;
    gx_client *good;
    uint64_t bytes_before, most;
} neighbour;

static void meet(neighbour *n, gx_server_options options) {
    rig_start(&n->r, options, false);
    n->arena = gx_arena_create();
    n->good = rig_client(&n->r);
    n->most = 0;
    n->bytes_before = gx_alloc_live_bytes();
}

/* Is the good one still answered, and rightly? */
static void greet(neighbour *n, int64_t i) {
    uint64_t bytes = gx_alloc_live_bytes();
    uint64_t cost = bytes > n->bytes_before ? bytes - n->bytes_before : 0;
    n->most = cost > n->most ? cost : n->most;
    gx_value args = map_of(n->arena, "i", i), out;
    gx_error err;
    if (gx_client_call(&out, n->good, "test.echo", &args, n->arena, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(arg_int(&out, "i", -1), i);
    gx_arena_reset(n->arena);
}

static void part(neighbour *n, uint64_t cost_max) {
    WAIT_UNTIL(atomic_load(&n->r.server->connections) == 1);
    greet(n, 1);
    assert_in_range(n->most, 0, cost_max);
    gx_client_close(n->good);
    gx_arena_destroy(n->arena);
    rig_stop(&n->r);
}

/* Sends what the server takes; it may close at any moment. */
static void spit(int fd, const char *bytes, size_t size) {
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        bytes += n;
        size -= (size_t)n;
    }
}

static size_t random_bytes(char *out, gx_rng *rng) {
    size_t size = 1 + (size_t)gx_rng_below(rng, 300);
    for (size_t i = 0; i < size; i++) {
        out[i] = (char)gx_rng_next(rng);
    }
    return size;
}

/* Some good requests with bytes changed, left out, or cut off at the end. */
static size_t broken_requests(char *out, gx_rng *rng) {
    static const char good[] =
        "\x94\x00\x05\xa9test.echo\x91\x82\xa1k\x93\x01\x02\x03\xa1v\xcb@\x01"
        "\x00\x00\x00\x00\x00\x00";
    size_t size = 0;
    for (uint64_t frames = 1 + gx_rng_below(rng, 6); frames > 0; frames--) {
        memcpy(out + size, good, sizeof good - 1);
        size += sizeof good - 1;
    }
    for (uint64_t edits = gx_rng_below(rng, 5); edits > 0; edits--) {
        out[gx_rng_below(rng, size)] = (char)gx_rng_next(rng);
    }
    return gx_rng_below(rng, 2) ? size : 1 + (size_t)gx_rng_below(rng, size);
}

/* A head that promises what does not come, behind a good beginning. */
static size_t lying_heads(char *out, gx_rng *rng) {
    static const char head[] = "\x94\x00\x05\xa9test.echo\x91";
    static const unsigned char tags[] = {0xdd, 0xdf, 0xdb, 0xc6, 0xc9, 0xdc, 0xde, 0xda};
    memcpy(out, head, sizeof head - 1);
    size_t size = sizeof head - 1;
    for (uint64_t i = gx_rng_below(rng, 20); i > 0; i--) {
        out[size++] = (char)0x91;
    }
    out[size++] = (char)tags[gx_rng_below(rng, sizeof tags)];
    for (int i = 0; i < 4; i++) {
        out[size++] = gx_rng_below(rng, 2) ? (char)0xff : (char)gx_rng_next(rng);
    }
    return size;
}

static void thousands_of_streams(void **state) {
    (void)state;
    enum { STREAMS = 6000 };
    neighbour n;
    meet(&n, rig_options());
    for (uint64_t seed = 0; seed < STREAMS; seed++) {
        gx_rng rng = gx_rng_at(23, seed);
        char stream[512];
        int fd = rig_socket(&n.r);
        size_t size = seed % 3 == 0   ? random_bytes(stream, &rng)
                      : seed % 3 == 1 ? broken_requests(stream, &rng)
                                      : lying_heads(stream, &rng);
        size_t cut = (size_t)gx_rng_below(&rng, size + 1);
        spit(fd, stream, cut);
        spit(fd, stream + cut, size - cut);
        if (gx_rng_below(&rng, 2)) {
            char answers[4096];
            recv(fd, answers, sizeof answers, MSG_DONTWAIT);
        }
        close(fd);
        if (seed % 20 == 0) {
            greet(&n, (int64_t)seed);
        }
    }
    part(&n, COST_MAX); /* one at a time, give or take those not yet seen to be gone */
}

/* Many at once that begin a large frame and stop: what has come is held, not what was promised. */
static void promises(void **state) {
    (void)state;
    enum { PEERS = 60 };
    gx_server_options options = rig_options();
    options.partial_frame_ms = 300;
    neighbour n;
    meet(&n, options);
    static const char begin[] = "\x94\x00\x05\xa9test.echo\x91\x81\xa1k\xdb\x00\x0f\xff\x00some";
    int fds[PEERS];
    for (int i = 0; i < PEERS; i++) {
        fds[i] = rig_socket(&n.r);
        spit(fds[i], begin, sizeof begin - 1);
        greet(&n, i);
    }
    for (int i = 0; i < PEERS; i++) {
        char byte;
        assert_int_equal(recv(fds[i], &byte, 1, 0), 0); /* not finished in time */
        close(fds[i]);
    }
    part(&n, PEERS * 4096);
}

/* One that sends a frame of nearly the limit in small pieces, one that never reads, one that asks
 * for all the long calls there may be and goes: each with the good one beside it. */
static void a_large_frame_in_pieces(void **state) {
    (void)state;
    neighbour n;
    meet(&n, rig_options());
    enum { COUNT = 60000 };
    static char frame[COUNT * 16];
    static const char head[] = "\x94\x00\x05\xa9test.echo\x91\x81\xa1k\xdd\x00\x00\xea\x60";
    memcpy(frame, head, sizeof head - 1);
    size_t size = sizeof head - 1;
    for (int i = 0; i < COUNT; i++) {
        memcpy(frame + size,
               "\xaf"
               "fifteen letters",
               16);
        size += i + 1 < COUNT ? 16 : 0; /* the last element is missing: never whole */
        if (size + 16 > sizeof frame) {
            break;
        }
    }
    int fd = rig_socket(&n.r);
    for (size_t at = 0; at < size; at += 1500) {
        spit(fd, frame + at, size - at < 1500 ? size - at : 1500);
        if (at % 60000 == 0) {
            greet(&n, (int64_t)at);
        }
    }
    greet(&n, 0);
    close(fd);
    part(&n, COST_MAX);
}

static void a_peer_that_never_reads(void **state) {
    (void)state;
    gx_server_options options = rig_options();
    options.unread_answer_ms = 300;
    options.output_max = 1 << 20;
    neighbour n;
    meet(&n, options);
    int fd = rig_socket(&n.r);
    static const char ask[] = "\x94\x00\x09\xa9test.list\x91\x81\xa1n\xcd\x01\x00";
    for (int64_t i = 0; atomic_load(&n.r.server->connections) == 2 || i == 0; i++) {
        for (int k = 0; k < 50; k++) {
            send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        greet(&n, i);
    }
    close(fd);
    part(&n, COST_MAX);
}

static void a_peer_that_asks_for_everything_and_goes(void **state) {
    (void)state;
    neighbour n;
    meet(&n, rig_options());
    for (int round = 0; round < 10; round++) {
        int fd = rig_socket(&n.r);
        static const char ask[] = "\x94\x00\x09\xaatest.sleep\x91\x81\xa2ms\xcd\xea\x60";
        for (int i = 0; i < 200; i++) {
            send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        greet(&n, round);
        close(fd);
    }
    gx_value args = map_of(n.arena, "ms", 1), out;
    gx_status status = GX_BUSY; /* until the pool has seen that the others are gone */
    for (int tries = 0; status == GX_BUSY && tries < 10000; tries++) {
        usleep(1000);
        status = gx_client_call(&out, n.good, "test.sleep", &args, n.arena, NULL);
    }
    assert_int_equal(status, GX_OK);
    part(&n, 10 * COST_MAX); /* ten of them, whose calls come back cancelled */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_streams),
        cmocka_unit_test(promises),
        cmocka_unit_test(a_large_frame_in_pieces),
        cmocka_unit_test(a_peer_that_never_reads),
        cmocka_unit_test(a_peer_that_asks_for_everything_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
