/* The other end: a blocking client over one connection, for the command line, the bench and tests.
 * It asks for errors as maps, so that what the server said comes back as it was. */
#include "server/rpc/rpc.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_STEP = 65536, OUTPUT_STEP = 65536 };

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
};

static gx_status fail_lost(gx_client *client, const char *doing, gx_error *err) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return gx_fail(err, GX_UNREACHABLE, "no answer from %s within %lld ms", client->address,
                       (long long)client->timeout_ms);
    }
    return gx_fail(err, GX_UNREACHABLE, "%s %s failed: %s", doing, client->address,
                   strerror(errno));
}

/* Writes what is waiting. */
static gx_status send_all(gx_client *client, gx_error *err) {
    size_t sent = 0;
    while (sent < client->out.size) {
        ssize_t n =
            send(client->fd, client->out.bytes + sent, client->out.size - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return fail_lost(client, "writing to", err);
        }
        sent += n > 0 ? (size_t)n : 0;
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
    ssize_t n;
    do {
        n = recv(client->fd, client->in.bytes + client->in.size,
                 client->in.capacity - client->in.size, 0);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        return gx_fail(err, GX_UNREACHABLE, "%s closed the connection", client->address);
    }
    if (n < 0) {
        return fail_lost(client, "reading from", err);
    }
    client->in.size += (size_t)n;
    return GX_OK;
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

static gx_status say_hello(gx_client *client, gx_error *err) {
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof *client);
    }
    gx_value args = gx_map(arena, 1), result;
    gx_map_put(arena, &args, "errors", gx_str("map"));
    gx_status status = gx_client_call(&result, client, "sys.hello", &args, arena, err);
    gx_arena_destroy(arena);
    return status;
}

/* Greeted, a call takes as long as it takes: how long it may is its own deadline_ms. */
static void wait_without_end(const gx_client *client) {
    struct timeval never = {0};
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never);
}

gx_status gx_client_open(gx_client **out, const char *address, int64_t timeout_ms, gx_error *err) {
    gx_client *client = gx_alloc0(1, sizeof *client);
    if (!client) {
        return gx_fail_memory(err, sizeof *client);
    }
    gx_status status = GX_OK;
    client->fd = -1;
    client->timeout_ms = timeout_ms;
    strncpy(client->address, address, sizeof client->address - 1);
    GX_TRY(gx_rpc_connect(&client->fd, address, timeout_ms, err));
    GX_TRY(say_hello(client, err));
    wait_without_end(client);
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
    gx_frame_write_request(&client->out, msgid, method, args);
    if (client->out.failed) {
        return gx_fail_memory(err, client->out.size);
    }
    if (client->out.size >= OUTPUT_STEP) {
        gx_status status = send_all(client, err);
        if (status != GX_OK) {
            return status;
        }
    }
    *out_msgid = msgid;
    return GX_OK;
}

/* Those that job.watch asked for: this client waits for answers, and passes them by. */
static bool is_notification(gx_slice bytes) {
    gx_frame frame;
    return gx_frame_read(&frame, bytes.data, bytes.size, NULL) == GX_OK &&
           frame.kind == GX_FRAME_NOTIFICATION;
}

gx_status gx_client_receive(uint32_t *out_msgid, gx_value *out, gx_client *client, gx_arena *arena,
                            gx_error *err) {
    gx_slice frame = {NULL, 0};
    gx_error broken;
    gx_status status = send_all(client, err), said = GX_OK;
    do {
        status = status == GX_OK ? next_frame(&frame, client, err ? err : &broken) : status;
    } while (status == GX_OK && is_notification(frame));
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
