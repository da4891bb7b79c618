/* The other end: a blocking client over one connection, for the command line, the bench and tests.
 * It asks for errors as maps, so that what the server said comes back as it was. */
#include "server/rpc/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_STEP = 65536,
    OUTPUT_STEP = 65536,
    LOOK_EVERY_MS = 100 /* a signal wakes who waits at once, unless it came just before */
};

/* Answers may be long: the server bounds them, and this end trusts it more than it trusts us. */
static const gx_pack_limits answer_limits = {1u << 30, 32, 1u << 28};

struct gx_client {
    int fd;
    uint32_t next_msgid;
    gx_buffer in, out;
    size_t taken;  /* of `in` */
    size_t needed; /* `in` holds no whole answer before it is this long */
    char address[GX_RPC_ADDRESS_MAX];
    int64_t timeout_ms;
    bool greeted;       /* an answer then takes as long as it takes */
    gx_job *job;        /* the caller's; NULL: nobody stops it, or is told how far a call is */
    char stages[2][80]; /* of the call: the one now and the one before, since who is told goes by
                           the pointer */
    int stage;
};

/* After the greeting a deadline is the server's to keep. */
static gx_status check_stopped(const gx_client *client, gx_error *err) {
    const gx_job *job = client->job;
    if (job && atomic_load(&job->cancelled)) {
        return gx_fail(err, GX_CANCELLED, "cancelled while %s was at it", client->address);
    }
    if (job && !client->greeted && job->deadline_ns && gx_clock_ns() > job->deadline_ns) {
        return gx_fail(err, GX_DEADLINE, "the deadline passed before %s said anything",
                       client->address);
    }
    return GX_OK;
}

/* After a send or recv that gave nothing: GX_OK where it is to be tried again. */
static gx_status go_on(const gx_client *client, const char *doing, int64_t begun_ns,
                       int64_t limit_ms, gx_error *err) {
    const int number = errno;
    gx_status status = check_stopped(client, err);
    if (status != GX_OK || number == EINTR) {
        return status;
    }
    if (number != EAGAIN && number != EWOULDBLOCK) {
        return gx_fail(err, GX_UNREACHABLE, "%s %s failed: %s", doing, client->address,
                       strerror(number));
    }
    if (limit_ms && gx_clock_ns() - begun_ns >= limit_ms * 1000000) {
        return gx_fail(err, GX_UNREACHABLE, "no answer from %s within %lld ms", client->address,
                       (long long)limit_ms);
    }
    return GX_OK;
}

/* Writes what is waiting. */
static gx_status send_all(gx_client *client, gx_error *err) {
    size_t sent = 0;
    int64_t begun = gx_clock_ns();
    while (sent < client->out.size) {
        ssize_t n =
            send(client->fd, client->out.bytes + sent, client->out.size - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            begun = gx_clock_ns();
            continue;
        }
        gx_status status = go_on(client, "writing to", begun, client->timeout_ms, err);
        if (status != GX_OK) {
            return status;
        }
    }
    client->out.size = 0;
    return GX_OK;
}

static gx_status read_more(gx_client *client, size_t missing, gx_error *err) {
    if (client->taken) {
        memmove(client->in.bytes, client->in.bytes + client->taken,
                client->in.size - client->taken);
        client->in.size -= client->taken;
        client->taken = 0;
    }
    if (!gx_buffer_reserve(&client->in, missing > READ_STEP ? missing : READ_STEP)) {
        return gx_fail_memory(err, missing);
    }
    const int64_t begun = gx_clock_ns();
    gx_status status = check_stopped(client, err);
    while (status == GX_OK) {
        ssize_t n = recv(client->fd, client->in.bytes + client->in.size,
                         client->in.capacity - client->in.size, 0);
        if (n == 0) {
            return gx_fail(err, GX_UNREACHABLE, "%s closed the connection", client->address);
        }
        if (n > 0) {
            client->in.size += (size_t)n;
            return GX_OK;
        }
        status =
            go_on(client, "reading from", begun, client->greeted ? 0 : client->timeout_ms, err);
    }
    return status;
}

/* The bytes of the next whole frame, borrowed until the next read. */
static gx_status next_frame(gx_slice *out, gx_client *client, gx_error *err) {
    for (;;) {
        const char *at = client->in.bytes + client->taken;
        size_t left = client->in.size - client->taken, size = 1;
        if (left && left >= client->needed) {
            switch (gx_guard_walk(&size, at, left, &answer_limits, err)) {
            case GX_GUARD_WHOLE:
                client->taken += size;
                client->needed = 0;
                *out = (gx_slice){at, size};
                return GX_OK;
            case GX_GUARD_REFUSED:
                return err ? err->code : GX_BAD_REQUEST;
            case GX_GUARD_PARTIAL:
                client->needed = size;
                break;
            }
        }
        gx_status status = read_more(client, size > left ? size - left : 0, err);
        if (status != GX_OK) {
            return status;
        }
    }
}

static gx_status ask_hello(gx_client *client, bool progress, gx_error *err) {
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof *client);
    }
    gx_value args = gx_map(arena, 2), result;
    gx_map_put(arena, &args, "errors", gx_str("map"));
    if (progress) {
        gx_map_put(arena, &args, "progress", gx_bool(true));
    }
    gx_status status = gx_client_call(&result, client, "sys.hello", &args, arena, err);
    gx_arena_destroy(arena);
    return status;
}

/* A server from before call.progress refuses to be asked for it: then nothing is told of how far
 * calls are. */
static gx_status say_hello(gx_client *client, gx_error *err) {
    const bool progress = client->job && client->job->progress;
    const gx_status status = ask_hello(client, progress, err);
    return status == GX_BAD_REQUEST && progress ? ask_hello(client, false, err) : status;
}

/* How long a send or recv waits before it looks whether it is to go on. */
static void look_often(const gx_client *client) {
    struct timeval step = {.tv_usec = LOOK_EVERY_MS * 1000};
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof step);
}

gx_status gx_client_open(gx_client **out, const char *address, int64_t timeout_ms, gx_job *job,
                         gx_error *err) {
    gx_client *client = gx_alloc0(1, sizeof *client);
    if (!client) {
        return gx_fail_memory(err, sizeof *client);
    }
    gx_status status = GX_OK;
    client->fd = -1;
    client->timeout_ms = timeout_ms;
    client->job = job;
    strncpy(client->address, address, sizeof client->address - 1);
    GX_TRY(gx_rpc_connect(&client->fd, address, timeout_ms, job, err));
    look_often(client);
    GX_TRY(say_hello(client, err));
    client->greeted = true;
    *out = client;
    client = NULL;
done:
    gx_client_close(client);
    return status;
}

void gx_client_close(gx_client *client) {
    if (client) {
        if (client->fd >= 0) {
            close(client->fd);
        }
        gx_buffer_finish(&client->in);
        gx_buffer_finish(&client->out);
        gx_free(client);
    }
}

/* Requests are gathered and go out before the next answer is waited for, or when there are many. */
gx_status gx_client_send(uint32_t *out_msgid, gx_client *client, const char *method,
                         const gx_value *args, gx_error *err) {
    uint32_t msgid = client->next_msgid++;
    gx_status status = check_stopped(client, err);
    if (status != GX_OK) {
        return status;
    }
    gx_frame_write_request(&client->out, msgid, method, args);
    if (client->out.failed) {
        return gx_fail_memory(err, client->out.size);
    }
    if (client->out.size >= OUTPUT_STEP) {
        status = send_all(client, err);
        if (status != GX_OK) {
            return status;
        }
    }
    *out_msgid = msgid;
    return GX_OK;
}

static uint64_t count_of(const gx_value *map, const char *key) {
    const gx_value *value = gx_map_get(map, key);
    return value && value->type == GX_INT && value->as.integer > 0 ? (uint64_t)value->as.integer
                                                                   : 0;
}

/* How far the call is, told on to the caller's job. */
static void tell_progress(gx_client *client, const gx_frame *frame) {
    gx_arena *arena = gx_arena_create();
    gx_value map;
    if (arena && gx_frame_args(&map, arena, frame->params, NULL) == GX_OK) {
        const gx_value *stage = gx_map_get(&map, "stage");
        char name[sizeof client->stages[0]] = "";
        if (stage && stage->type == GX_TEXT) {
            snprintf(name, sizeof name, "%.*s", (int)stage->size, stage->as.text);
        }
        if (strcmp(name, client->stages[client->stage]) != 0) {
            client->stage = !client->stage;
            memcpy(client->stages[client->stage], name, sizeof name);
        }
        client->job->progress(client->job->progress_user, client->stages[client->stage],
                              count_of(&map, "done"), count_of(&map, "total"),
                              count_of(&map, "mem_bytes"));
    }
    gx_arena_destroy(arena);
}

/* This client waits for answers; what job.watch asked for it passes by. */
static bool is_notification(gx_client *client, gx_slice bytes) {
    gx_frame frame;
    if (gx_frame_read(&frame, bytes.data, bytes.size, NULL) != GX_OK ||
        frame.kind != GX_FRAME_NOTIFICATION) {
        return false;
    }
    if (client->job && client->job->progress && gx_slice_is(frame.method, "call.progress")) {
        tell_progress(client, &frame);
    }
    return true;
}

gx_status gx_client_receive(uint32_t *out_msgid, gx_value *out, gx_client *client, gx_arena *arena,
                            gx_error *err) {
    gx_slice frame = {NULL, 0};
    gx_error broken;
    gx_status status = send_all(client, err), said = GX_OK;
    do {
        status = status == GX_OK ? next_frame(&frame, client, err ? err : &broken) : status;
    } while (status == GX_OK && is_notification(client, frame));
    if (status == GX_OK) {
        status = gx_frame_read_answer(out_msgid, &said, out, arena, frame.data, frame.size, err);
    }
    return status != GX_OK ? status : said;
}

gx_status gx_client_call(gx_value *out, gx_client *client, const char *method, const gx_value *args,
                         gx_arena *arena, gx_error *err) {
    uint32_t sent, got;
    gx_value result;
    gx_status status = gx_client_send(&sent, client, method, args, err);
    if (status == GX_OK) {
        status = gx_client_receive(&got, &result, client, arena, err);
    }
    if (status == GX_OK && got != sent) {
        return gx_fail(err, GX_INTERNAL, "an answer to call %u came for call %u", got, sent);
    }
    if (status == GX_OK) {
        *out = result;
    }
    return status;
}
