/* One connection: bytes in, frames out of them, bytes out.
 *
 * Reading goes into the loop's scratch and frames are taken from there; only what is left of a
 * frame that is not whole is copied to the connection, so that an idle connection holds no buffer.
 * Answers are packed straight into the output buffer, which an idle connection borrows from the
 * loop, and are sent once for all the frames of a read.
 *
 * Three things make it stop reading until they are over (the kernel's buffers then push back on the
 * peer): as many calls in flight as are allowed or their arguments as large, half of the output
 * buffer full, draining. */
#include "server/rpc/rpc.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FRAMES_A_TURN = 64,    /* then the loop's other connections have theirs; */
    TURN_NS = 2000000,     /* after this long too */
    READ_STEP = 16384,     /* room at least, when the rest of a frame is read */
    KEPT_CAPACITY = 65536, /* of an output buffer that is empty */
    LINGER_MS = 2000,
    LINGER_FRAMES = 4 /* thrown away at most, in times the largest frame */
};

gx_rpc_conn *gx_rpc_conn_create(int fd) {
    gx_rpc_conn *conn = gx_alloc0(1, sizeof *conn);
    if (conn) {
        conn->fd = fd;
        conn->subscriber = (gx_subscriber){.notify = gx_rpc_notify, .user = conn};
    }
    return conn;
}

void gx_rpc_conn_release(gx_rpc_conn *conn) {
    if (conn->fd < 0 && conn->in_flight == 0 && !conn->dirty && atomic_load(&conn->notes) == 0) {
        gx_free(conn);
    }
}

size_t gx_rpc_conn_backlog(const gx_rpc_conn *conn) {
    return conn->out.size - conn->sent;
}

static bool is_paused(const gx_rpc_conn *conn) {
    const gx_server *server = conn->loop->server;
    return conn->in_flight >= server->options.in_flight_max ||
           conn->held >= server->options.arguments_max ||
           gx_rpc_conn_backlog(conn) >= server->options.output_max / 2 ||
           atomic_load_explicit(&server->draining, memory_order_relaxed);
}

/* ---- frames --------------------------------------------------------------------------------- */

typedef struct taking {
    const char *data;
    size_t size, taken;
    const char *fault; /* the connection ends for it */
} taking;

static bool take_frame(gx_rpc_conn *conn, taking *t) {
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    limits.bytes_max = conn->loop->server->options.frame_max;
    const char *at = t->data + t->taken;
    size_t left = t->size - t->taken, size;
    gx_error why;
    switch (gx_guard_walk(&size, at, left, &limits, &why)) {
    case GX_GUARD_PARTIAL:
        conn->needed = size;
        return false;
    case GX_GUARD_REFUSED:
        conn->lingers = gx_rpc_refuse(conn, at, left, &why);
        t->fault = "a frame over a limit";
        return false;
    case GX_GUARD_WHOLE:
        break;
    }
    if (!gx_rpc_dispatch(conn, at, size)) {
        t->fault = "a frame that is not MessagePack-RPC";
        return false;
    }
    t->taken += size;
    conn->partial_since_ns = 0;
    return true;
}

/* Takes whole frames until there is none, the connection is paused, or its turn is over. */
static void take_frames(gx_rpc_conn *conn, taking *t) {
    conn->needed = 0;
    conn->more = false;
    int64_t begun = conn->loop->now_ns; /* which short calls move on */
    for (int frames = 0; t->taken < t->size; frames++) {
        if (frames == FRAMES_A_TURN || conn->loop->now_ns - begun > TURN_NS || is_paused(conn)) {
            conn->more = true;
            return;
        }
        if (!take_frame(conn, t)) {
            if (conn->needed && !conn->partial_since_ns) {
                conn->partial_since_ns = conn->loop->now_ns;
            }
            return;
        }
    }
}

/* Those that wait in `in`. */
static const char *take_waiting(gx_rpc_conn *conn) {
    taking t = {conn->in.bytes, conn->in.size, 0, NULL};
    take_frames(conn, &t);
    if (t.taken == conn->in.size) {
        gx_buffer_finish(&conn->in);
    } else if (t.taken) {
        memmove(conn->in.bytes, conn->in.bytes + t.taken, conn->in.size - t.taken);
        conn->in.size -= t.taken;
    }
    return t.fault;
}

static const char *take_fresh(gx_rpc_conn *conn, size_t size) {
    taking t = {conn->loop->scratch, size, 0, NULL};
    take_frames(conn, &t);
    gx_buffer_append(&conn->in, t.data + t.taken, t.size - t.taken);
    return t.fault ? t.fault : conn->in.failed ? "out of memory" : NULL;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* False: the peer is gone. */
static bool flush(gx_rpc_conn *conn) {
    while (conn->sent < conn->out.size) {
        ssize_t n =
            send(conn->fd, conn->out.bytes + conn->sent, conn->out.size - conn->sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                return false;
            }
            if (!conn->unwritten_since_ns) {
                conn->unwritten_since_ns = conn->loop->now_ns;
            }
            break;
        }
        conn->sent += (size_t)n;
        conn->unwritten_since_ns = 0;
        gx_rpc_count(&conn->loop->stats.bytes_out, (uint64_t)n);
    }
    if (conn->sent == conn->out.size) {
        conn->sent = conn->out.size = 0;
        conn->unwritten_since_ns = 0;
    } else if (conn->sent > conn->out.size / 2) {
        memmove(conn->out.bytes, conn->out.bytes + conn->sent, conn->out.size - conn->sent);
        conn->out.size -= conn->sent;
        conn->sent = 0;
    }
    return true;
}

/* An empty output buffer is the loop's spare for the time of one turn. */
static void borrow_output(gx_rpc_conn *conn) {
    if (!conn->out.bytes) {
        gx_buffer spare = conn->loop->spare;
        conn->loop->spare = (gx_buffer){0};
        conn->out = (gx_buffer){.bytes = spare.bytes, .capacity = spare.capacity};
        /* A backstop: what may be added is decided by the backlog, before an answer is packed;
         * errors, and what is sent and not yet moved out, come on top. */
        conn->out.limit = 2 * conn->loop->server->options.output_max + (1u << 20);
    }
}

static void return_output(gx_rpc_conn *conn) {
    if (conn->out.size || !conn->out.bytes) {
        return;
    }
    if (!conn->loop->spare.bytes && conn->out.capacity <= KEPT_CAPACITY) {
        conn->loop->spare = conn->out;
        conn->out = (gx_buffer){0};
    } else {
        gx_buffer_finish(&conn->out);
    }
}

/* ---- events --------------------------------------------------------------------------------- */

static void set_event(struct event *event, bool *set, bool wanted) {
    if (*set != wanted) {
        *set = wanted;
        if (wanted) {
            event_add(event, NULL);
        } else {
            event_del(event);
        }
    }
}

static void set_interest(gx_rpc_conn *conn) {
    bool paused = is_paused(conn);
    set_event(&conn->hangup_event, &conn->watching, paused && !conn->hung_up);
    set_event(&conn->read_event, &conn->reading, !paused);
    set_event(&conn->write_event, &conn->writing, gx_rpc_conn_backlog(conn) > 0);
    if (conn->more && !paused) {
        event_active(&conn->read_event, EV_READ, 1);
    }
}

static bool is_done(const gx_rpc_conn *conn) {
    return atomic_load_explicit(&conn->loop->server->draining, memory_order_relaxed) &&
           conn->in_flight == 0 && gx_rpc_conn_backlog(conn) == 0;
}

void gx_rpc_conn_cancel(gx_rpc_conn *conn) {
    for (gx_rpc_call *call = conn->calls; call; call = call->conn_next) {
        gx_job_cancel(&call->job);
    }
}

/* A connection that is not read would not notice that its peer is gone, and its long calls would
 * run for nobody. What the peer has sent before is still taken: it may be notifications. */
static void on_hangup(int fd, short what, void *user) {
    (void)fd, (void)what;
    gx_rpc_conn *conn = user;
    conn->hung_up = true;
    gx_rpc_conn_cancel(conn);
    set_event(&conn->hangup_event, &conn->watching, false);
}

static void count_drop(gx_rpc_conn *conn, const char *why) {
    gx_rpc_count(&conn->loop->stats.dropped, 1);
    gx_rpc_log(conn->loop->server, 2, "event=connection_dropped fd=%d reason=\"%s\"", conn->fd,
               why);
}

/* To close at once while the peer is still writing would reset the connection, and the error that
 * says why would be lost. So the end is said, and what comes is thrown away for a moment. */
static void begin_linger(gx_rpc_conn *conn, const char *why) {
    if (gx_rpc_conn_backlog(conn) > 0) {
        gx_rpc_conn_close(conn, why);
        return;
    }
    count_drop(conn, why);
    gx_rpc_conn_cancel(conn);
    shutdown(conn->fd, SHUT_WR);
    conn->lingers_since_ns = conn->loop->now_ns;
    conn->partial_since_ns = 0;
    conn->more = false;
    gx_buffer_finish(&conn->in);
    gx_buffer_finish(&conn->out);
    set_event(&conn->read_event, &conn->reading, true);
    set_event(&conn->write_event, &conn->writing, false);
    set_event(&conn->hangup_event, &conn->watching, false);
}

static void discard(gx_rpc_conn *conn) {
    ssize_t n = recv(conn->fd, conn->loop->scratch, GX_RPC_SCRATCH, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    conn->discarded += n > 0 ? (size_t)n : 0;
    if (n <= 0 || conn->discarded > LINGER_FRAMES * conn->loop->server->options.frame_max) {
        gx_rpc_conn_close(conn, NULL);
    }
}

/* Ends a turn: what was answered goes out, and the connection waits for what it needs. */
static void end_turn(gx_rpc_conn *conn, const char *fault) {
    bool alive = flush(conn) && !conn->out.failed;
    if (alive && fault && conn->lingers) {
        begin_linger(conn, fault);
        return;
    }
    if (!alive || fault) {
        gx_rpc_conn_close(conn, fault);
        return;
    }
    if (is_done(conn)) {
        gx_rpc_conn_close(conn, NULL);
        return;
    }
    return_output(conn);
    set_interest(conn);
}

void gx_rpc_conn_continue(gx_rpc_conn *conn) {
    if (conn->fd < 0) {
        return;
    }
    if (conn->lingers) {
        if (atomic_load(&conn->loop->server->draining)) {
            gx_rpc_conn_close(conn, NULL);
        }
        return;
    }
    borrow_output(conn);
    const char *fault = conn->more ? take_waiting(conn) : NULL;
    end_turn(conn, fault);
}

/* Reads once: into the scratch, or behind what there is of a frame. Level-triggered: what is left
 * comes with the next event. */
static void on_readable(int fd, short what, void *user) {
    (void)what;
    gx_rpc_conn *conn = user;
    conn->loop->now_ns = gx_clock_ns();
    if (conn->lingers) {
        discard(conn);
        return;
    }
    if (conn->more) {
        gx_rpc_conn_continue(conn);
        return;
    }
    bool fresh = conn->in.size == 0;
    char *into = conn->loop->scratch;
    size_t room = GX_RPC_SCRATCH;
    if (!fresh) {
        size_t missing = conn->needed > conn->in.size ? conn->needed - conn->in.size : 0;
        room = missing < READ_STEP ? READ_STEP : missing < GX_RPC_SCRATCH ? missing : room;
        if (!gx_buffer_reserve(&conn->in, room)) {
            gx_rpc_conn_close(conn, "out of memory");
            return;
        }
        into = conn->in.bytes + conn->in.size;
    }
    ssize_t n = recv(fd, into, room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        gx_rpc_conn_close(conn, NULL);
        return;
    }
    gx_rpc_count(&conn->loop->stats.bytes_in, (uint64_t)n);
    borrow_output(conn);
    const char *fault = NULL;
    if (fresh) {
        fault = take_fresh(conn, (size_t)n);
    } else {
        conn->in.size += (size_t)n;
        fault = conn->in.size >= conn->needed ? take_waiting(conn) : NULL;
    }
    end_turn(conn, fault);
}

static void on_writable(int fd, short what, void *user) {
    (void)fd, (void)what;
    gx_rpc_conn *conn = user;
    conn->loop->now_ns = gx_clock_ns();
    end_turn(conn, NULL);
}

/* ---- life ----------------------------------------------------------------------------------- */

void gx_rpc_conn_start(gx_rpc_conn *conn, gx_rpc_loop *loop) {
    conn->loop = loop;
    conn->next = loop->conns;
    conn->before = NULL;
    if (loop->conns) {
        loop->conns->before = conn;
    }
    loop->conns = conn;
    gx_rpc_count(&loop->stats.accepted, 1);
    event_assign(&conn->read_event, loop->base, conn->fd, EV_READ | EV_PERSIST, on_readable, conn);
    event_assign(&conn->write_event, loop->base, conn->fd, EV_WRITE | EV_PERSIST, on_writable,
                 conn);
    event_assign(&conn->hangup_event, loop->base, conn->fd, EV_CLOSED | EV_PERSIST, on_hangup,
                 conn);
    set_interest(conn);
}

static void unlink_conn(gx_rpc_conn *conn) {
    if (conn->before) {
        conn->before->next = conn->next;
    } else {
        conn->loop->conns = conn->next;
    }
    if (conn->next) {
        conn->next->before = conn->before;
    }
}

/* Long calls of a peer that is gone are cancelled; writes that it was not told about may or may not
 * have happened, and go on. Freed here, or with the last of its calls and notes to come back. */
void gx_rpc_conn_close(gx_rpc_conn *conn, const char *why) {
    gx_rpc_loop *loop = conn->loop;
    if (why) {
        count_drop(conn, why);
    }
    event_del(&conn->read_event);
    event_del(&conn->write_event);
    event_del(&conn->hangup_event);
    close(conn->fd);
    conn->fd = -1;
    atomic_fetch_sub(&loop->server->connections, 1);
    unlink_conn(conn);
    gx_rpc_conn_cancel(conn);
    gx_buffer_finish(&conn->in);
    gx_buffer_finish(&conn->out);
    gx_db_unsubscribe(loop->server->db, &conn->subscriber);
    gx_rpc_conn_release(conn);
    if (atomic_load(&loop->server->draining)) {
        gx_rpc_loop_wake(loop); /* perhaps it was the last */
    }
}

void gx_rpc_conn_tick(gx_rpc_conn *conn, int64_t now_ns) {
    const gx_server_options *options = &conn->loop->server->options;
    if (conn->partial_since_ns && is_paused(conn)) {
        conn->partial_since_ns = now_ns; /* it is us who do not read */
    }
    if (conn->partial_since_ns &&
        now_ns - conn->partial_since_ns > options->partial_frame_ms * 1000000) {
        gx_rpc_conn_close(conn, "a frame that was not finished in time");
    } else if (conn->unwritten_since_ns &&
               now_ns - conn->unwritten_since_ns > options->unread_answer_ms * 1000000) {
        gx_rpc_conn_close(conn, "answers that were not read in time");
    } else if (conn->lingers && now_ns - conn->lingers_since_ns > LINGER_MS * INT64_C(1000000)) {
        gx_rpc_conn_close(conn, NULL);
    }
}
