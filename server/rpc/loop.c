/* A worker loop: an event base, its connections, and a mailbox for what other threads bring: new
 * sockets, finished calls, notifications, and the news that the server drains or is killed. */
#include "server/rpc/rpc.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- the mailbox, from any thread -------------------------------------------------------------
 */

void gx_rpc_loop_wake(gx_rpc_loop *loop) {
    uint64_t one = 1;
    ssize_t n;
    do {
        n = write(loop->wake_fd, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
}

void gx_rpc_loop_adopt(gx_rpc_loop *loop, gx_rpc_conn *conn) {
    pthread_mutex_lock(&loop->lock);
    conn->next = loop->arrived;
    loop->arrived = conn;
    pthread_mutex_unlock(&loop->lock);
    gx_rpc_loop_wake(loop);
}

void gx_rpc_loop_finished(gx_rpc_loop *loop, gx_rpc_call *first, gx_rpc_call *last) {
    last->next = NULL;
    pthread_mutex_lock(&loop->lock);
    bool first_mail = !loop->finished_last;
    if (first_mail) {
        loop->finished_first = first;
    } else {
        loop->finished_last->next = first;
    }
    loop->finished_last = last;
    pthread_mutex_unlock(&loop->lock);
    if (first_mail) {
        gx_rpc_loop_wake(loop);
    }
}

void gx_rpc_loop_note(gx_rpc_loop *loop, gx_rpc_note *note) {
    pthread_mutex_lock(&loop->lock);
    bool first_mail = !loop->notes_last;
    if (first_mail) {
        loop->notes_first = note;
    } else {
        loop->notes_last->next = note;
    }
    loop->notes_last = note;
    pthread_mutex_unlock(&loop->lock);
    if (first_mail) {
        gx_rpc_loop_wake(loop);
    }
}

/* ---- the loop's own thread --------------------------------------------------------------------
 */

static void start_arrived(gx_rpc_loop *loop, gx_rpc_conn *conn) {
    while (conn) {
        gx_rpc_conn *next = conn->next;
        gx_rpc_conn_start(conn, loop);
        conn = next;
    }
}

static void mark(gx_rpc_conn **dirty, gx_rpc_conn *conn) {
    if (!conn->dirty) {
        conn->dirty = true;
        conn->dirty_next = *dirty;
        *dirty = conn;
    }
}

/* All that goes to a connection goes out by one write: it is marked while it is added. How far a
 * call was goes before its answer. */
static void deliver(gx_rpc_call *call, gx_rpc_note *note) {
    gx_rpc_conn *dirty = NULL;
    for (gx_rpc_note *next; note; note = next) {
        next = note->next;
        mark(&dirty, note->conn);
        gx_rpc_note_deliver(note);
    }
    for (gx_rpc_call *next; call; call = next) {
        next = call->next;
        mark(&dirty, call->conn);
        gx_rpc_call_return(call);
    }
    while (dirty) {
        gx_rpc_conn *conn = dirty;
        dirty = conn->dirty_next;
        conn->dirty = false;
        if (conn->fd >= 0) {
            gx_rpc_conn_continue(conn);
        } else {
            gx_rpc_conn_release(conn);
        }
    }
}

static void drain(gx_rpc_loop *loop) {
    bool kill = atomic_load(&loop->server->killing);
    bool cancel = atomic_load(&loop->server->cancelling);
    for (gx_rpc_conn *conn = loop->conns, *next; conn; conn = next) {
        next = conn->next;
        if (kill) {
            gx_rpc_conn_close(conn, "the server stops");
        } else {
            if (cancel) {
                gx_rpc_conn_cancel(conn);
            }
            gx_rpc_conn_continue(conn);
        }
    }
    if (!loop->conns && !loop->calls_out) {
        event_base_loopbreak(loop->base);
    }
}

static void on_wake(int fd, short what, void *user) {
    (void)what;
    gx_rpc_loop *loop = user;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0) {
        return; /* somebody's later wake is already read */
    }
    loop->now_ns = gx_clock_ns();
    pthread_mutex_lock(&loop->lock);
    gx_rpc_conn *arrived = loop->arrived;
    gx_rpc_call *finished = loop->finished_first;
    loop->arrived = NULL;
    gx_rpc_note *notes = loop->notes_first;
    loop->finished_first = loop->finished_last = NULL;
    loop->notes_first = loop->notes_last = NULL;
    pthread_mutex_unlock(&loop->lock);
    start_arrived(loop, arrived);
    deliver(finished, notes);
    if (atomic_load(&loop->server->draining)) {
        drain(loop);
    }
}

static void on_tick(int fd, short what, void *user) {
    (void)fd, (void)what;
    gx_rpc_loop *loop = user;
    loop->now_ns = gx_clock_ns();
    for (gx_rpc_conn *conn = loop->conns, *next; conn; conn = next) {
        next = conn->next;
        gx_rpc_conn_tick(conn, loop->now_ns);
    }
    if (atomic_load(&loop->server->draining)) {
        drain(loop);
    }
}

static void *loop_main(void *user) {
    gx_rpc_loop *loop = user;
    event_base_loop(loop->base, 0);
    if (atomic_fetch_sub(&loop->server->loops_running, 1) == 1) {
        gx_server_stop(loop->server, 0); /* wakes the acceptor, which ends with the last loop */
    }
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */

/* A quarter of the shortest time that is watched, from 10 ms to a second. */
static struct timeval tick_of(const gx_server_options *options) {
    int64_t ms = options->partial_frame_ms < options->unread_answer_ms ? options->partial_frame_ms
                                                                       : options->unread_answer_ms;
    ms /= 4;
    ms = ms < 10 ? 10 : ms > 1000 ? 1000 : ms;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static struct event_base *make_base(void) {
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0) {
        base = event_base_new_with_config(config);
    }
    if (config) {
        event_config_free(config);
    }
    return base;
}

gx_status gx_rpc_loop_open(gx_rpc_loop *loop, gx_server *server, gx_error *err) {
    loop->server = server;
    loop->wake_fd = -1;
    pthread_mutex_init(&loop->lock, NULL);
    gx_job_init(&loop->job, gx_db_get_options(server->db)->threads, 0);
    loop->threads = loop->job.threads;
    loop->now_ns = gx_clock_ns();
    size_t methods = gx_methods()->count;
    loop->stats.methods = gx_alloc0(methods, sizeof *loop->stats.methods);
    loop->scratch = gx_alloc(GX_RPC_SCRATCH, 1);
    loop->arena = gx_arena_create();
    if (!loop->stats.methods || !loop->scratch || !loop->arena) {
        return gx_fail_memory(err, GX_RPC_SCRATCH);
    }
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0) {
        return gx_fail_errno(err, errno, "making", "an eventfd");
    }
    loop->base = make_base();
    if (!loop->base) {
        return gx_fail(err, GX_INTERNAL, "libevent gave no event base");
    }
    struct timeval tick = tick_of(&server->options);
    loop->wake_event = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    loop->tick_event = event_new(loop->base, -1, EV_PERSIST, on_tick, loop);
    if (!loop->wake_event || !loop->tick_event || event_add(loop->wake_event, NULL) != 0 ||
        event_add(loop->tick_event, &tick) != 0) {
        return gx_fail_memory(err, sizeof(struct event));
    }
    return GX_OK;
}

gx_status gx_rpc_loop_start(gx_rpc_loop *loop, gx_error *err) {
    atomic_fetch_add(&loop->server->loops_running, 1);
    int number = pthread_create(&loop->thread, NULL, loop_main, loop);
    if (number) {
        atomic_fetch_sub(&loop->server->loops_running, 1);
        return gx_fail_errno(err, number, "starting", "a worker loop");
    }
    return GX_OK;
}

void gx_rpc_loop_close(gx_rpc_loop *loop) {
    for (gx_rpc_conn *conn = loop->arrived, *next; conn; conn = next) {
        next = conn->next;
        close(conn->fd);
        gx_free(conn);
    }
    for (gx_rpc_note *note = loop->notes_first, *next; note; note = next) {
        next = note->next; /* their connections are closed */
        gx_rpc_conn *conn = note->conn;
        gx_rpc_note_drop(note);
        gx_rpc_conn_release(conn);
    }
    while (loop->free_calls) {
        gx_rpc_call *call = loop->free_calls;
        loop->free_calls = call->next;
        gx_rpc_call_free(call);
    }
    if (loop->wake_event) {
        event_free(loop->wake_event);
    }
    if (loop->tick_event) {
        event_free(loop->tick_event);
    }
    if (loop->base) {
        event_base_free(loop->base);
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
    gx_buffer_finish(&loop->spare);
    gx_arena_destroy(loop->arena);
    gx_free(loop->scratch);
    gx_free(loop->stats.methods);
    pthread_mutex_destroy(&loop->lock);
}
