/* Inside of the RPC server: who owns what.
 *
 *   acceptor (the thread of gx_server_run): listening sockets, signals
 *       └─ hands a new socket to a loop ─► loops (N threads): connections, short calls
 *                                              │ write calls        │ long calls
 *                                              ▼                    ▼
 *                                          writer (1 thread)     pool (N threads)
 *                                              └── finished calls go back to their loop ──┘
 *
 * A connection, its buffers and its events belong to one loop and are touched by no other thread. A
 * call in flight belongs to the thread that has it: the loop, a queue, a worker, the mailbox, the
 * loop again. The only shared things are the queues, the mailboxes (each a mutex around a list),
 * counters with one writer each, and of a connection how many notifications are on their way to it.
 * libevent is used without its locks: nothing but eventfd and these lists crosses threads. */
#ifndef GX_SERVER_RPC_RPC_H
#define GX_SERVER_RPC_RPC_H

#include "server/server.h"
#include "server/wire/frame.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>

typedef struct gx_rpc_conn gx_rpc_conn;
typedef struct gx_rpc_loop gx_rpc_loop;
typedef struct gx_rpc_call gx_rpc_call;
typedef struct gx_rpc_note gx_rpc_note;

/* ---- counters (stats.c) --------------------------------------------------------------------- */

enum { GX_RPC_BUCKETS = 128 }; /* of latency: four an octave from 128 ns */

typedef struct gx_rpc_method_stats {
    _Atomic uint64_t calls, errors, total_ns;
    _Atomic uint64_t bucket[GX_RPC_BUCKETS];
} gx_rpc_method_stats;

/* Of one loop; only its thread writes, anybody reads. */
typedef struct gx_rpc_stats {
    _Atomic uint64_t accepted,
        dropped; /* connections; dropped: ended by us for a fault of theirs */
    _Atomic uint64_t bytes_in, bytes_out, notifications, unknown_methods;
    gx_rpc_method_stats *methods; /* one a row of the table of methods */
} gx_rpc_stats;

/* One writer a counter, so that no bus lock is needed. */
static inline void gx_rpc_count(_Atomic uint64_t *counter, uint64_t by) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

void gx_rpc_stats_call(gx_rpc_stats *stats, size_t method, gx_status status, int64_t ns);
/* What sys.stats shows; a gx_stats_fn over the server. */
void gx_rpc_stats_show(void *user, gx_arena *arena, gx_value *out);

/* ---- calls that leave the loop (call.c) --------------------------------------------------------
 */

struct gx_rpc_call {
    gx_rpc_call *next;                    /* in a queue, a mailbox or the free list */
    gx_rpc_call *conn_next, *conn_before; /* in flight on its connection; the loop's */
    gx_rpc_loop *loop;
    gx_rpc_conn *conn; /* the loop's */
    const gx_method *method;
    size_t method_row;
    uint32_t msgid;
    bool notification;
    gx_error_shape shape;
    gx_arena *arena;
    gx_value args;
    size_t held; /* bytes of args, as counted on the connection */
    gx_job job;
    int64_t arrived_ns, told_ns; /* told: how far it is; of the worker's */
    gx_status status;
    gx_buffer answer; /* the whole frame */
};

enum { GX_RPC_WRITES_A_COMMIT = 1024 };

/* ---- queues and their workers (queue.c) --------------------------------------------------------
 */

typedef struct gx_rpc_queue {
    pthread_mutex_t lock;
    pthread_cond_t some;
    gx_rpc_call *first, *last;
    uint32_t size, max;
    bool closed;
    uint32_t workers;
    _Atomic int64_t service_ns; /* moving mean of one call */
} gx_rpc_queue;

void gx_rpc_queue_init(gx_rpc_queue *queue, uint32_t max, uint32_t workers);
void gx_rpc_queue_finish(gx_rpc_queue *queue);
/* False: full. *out_wait_ns is about how long a call at the end of the queue waits. */
bool gx_rpc_queue_push(gx_rpc_queue *queue, gx_rpc_call *call, int64_t *out_wait_ns);
int64_t gx_rpc_queue_wait_ns(gx_rpc_queue *queue);
/* The oldest calls, at most `max`, as a list; waits for one. NULL: closed and empty. */
gx_rpc_call *gx_rpc_queue_take(gx_rpc_queue *queue, uint32_t max);
void gx_rpc_queue_served(gx_rpc_queue *queue, int64_t ns, uint32_t calls);
void gx_rpc_queue_close(gx_rpc_queue *queue);
uint32_t gx_rpc_queue_size(gx_rpc_queue *queue);

/* ---- connections (conn.c) ------------------------------------------------------------------- */

struct gx_rpc_conn {
    gx_rpc_conn *next, *before; /* of the loop, or next alone in the mailbox */
    gx_rpc_conn *dirty_next;
    gx_rpc_loop *loop;
    int fd; /* -1: closed, waiting for its calls and notes to come back */
    gx_error_shape shape;
    bool progress; /* is told how far its long calls are */
    bool dirty;
    bool reading, writing, watching; /* events that are set */
    bool more;                       /* `in` may hold whole frames that were not taken yet */
    bool hung_up; /* the peer closed its side; what it sent before is still taken */
    bool lingers; /* refused and told so: what still comes is thrown away for a while */
    struct event read_event, write_event, hangup_event;
    gx_buffer in;  /* bytes of a frame that is not whole, or of frames that wait */
    size_t needed; /* `in` holds no whole frame before it is this long */
    gx_buffer out;
    size_t sent;                /* of `out` */
    int64_t partial_since_ns;   /* 0: no partial frame */
    int64_t unwritten_since_ns; /* 0: everything is written */
    int64_t lingers_since_ns;
    size_t discarded;   /* bytes, while it lingers */
    gx_rpc_call *calls; /* in flight */
    uint32_t in_flight;
    size_t held; /* bytes of their arguments */
    gx_subscriber subscriber;
    _Atomic uint32_t notes; /* in the mailbox; counted up by any thread */
};

gx_rpc_conn *gx_rpc_conn_create(int fd);
/* In the loop's thread. */
void gx_rpc_conn_start(gx_rpc_conn *conn, gx_rpc_loop *loop);
/* Goes on after something changed: takes frames that wait, writes, sets events, or closes. */
void gx_rpc_conn_continue(gx_rpc_conn *conn);
void gx_rpc_conn_close(gx_rpc_conn *conn, const char *why); /* why NULL: the peer's own wish */
void gx_rpc_conn_cancel(gx_rpc_conn *conn); /* its calls in flight; they answer so */
/* Ends those whose time is over. */
void gx_rpc_conn_tick(gx_rpc_conn *conn, int64_t now_ns);
size_t gx_rpc_conn_backlog(const gx_rpc_conn *conn);
/* Frees it, if it is closed and nothing points at it any more. */
void gx_rpc_conn_release(gx_rpc_conn *conn);

/* ---- answering (call.c) ---------------------------------------------------------------------- */

/* One whole frame. False: the connection ends. */
bool gx_rpc_dispatch(gx_rpc_conn *conn, const void *data, size_t size);
/* A frame the guard refused: an error where its head can be read (then true). */
bool gx_rpc_refuse(gx_rpc_conn *conn, const void *data, size_t size, const gx_error *why);
/* A call came back: its answer goes out, and it to the free list. In the loop's thread. */
void gx_rpc_call_return(gx_rpc_call *call);
void gx_rpc_call_free(gx_rpc_call *call);
/* The threads of the writer and of the pool; `user` is the gx_server. */
void *gx_rpc_writer_main(void *user);
void *gx_rpc_pool_main(void *user);

/* ---- notifications (note.c) -------------------------------------------------------------------
 */

/* One on its way to its connection. */
struct gx_rpc_note {
    gx_rpc_note *next; /* in the mailbox */
    gx_rpc_conn *conn;
    gx_buffer frame;
};

/* What a gx_subscriber of a connection does, from any thread; `conn` is a gx_rpc_conn. */
void gx_rpc_notify(void *user, const char *method, const gx_value *params);
/* A gx_progress_fn: how far a gx_rpc_call is. In the thread of the worker that has it. */
void gx_rpc_call_tell(void *user, const char *stage, uint64_t done, uint64_t total,
                      uint64_t mem_bytes);
/* Into the output of its connection, if there is room, and away. In the loop's thread. */
void gx_rpc_note_deliver(gx_rpc_note *note);
void gx_rpc_note_drop(gx_rpc_note *note);

/* ---- loops (loop.c) ------------------------------------------------------------------------- */

enum { GX_RPC_SCRATCH = 65536 };

struct gx_rpc_loop {
    struct gx_server *server;
    struct event_base *base;
    struct event *wake_event, *tick_event;
    int wake_fd;
    pthread_t thread;
    gx_rpc_stats stats;

    pthread_mutex_t lock; /* around the mailbox */
    gx_rpc_conn *arrived;
    gx_rpc_call *finished_first, *finished_last;
    gx_rpc_note *notes_first, *notes_last;

    /* From here the loop's own. */
    gx_rpc_conn *conns;
    uint32_t calls_out; /* in a queue, with a worker or in the mailbox */
    gx_rpc_call *free_calls;
    uint32_t free_count;
    gx_arena *arena; /* of the short call that runs */
    gx_job job;      /* the same */
    int threads;     /* of a call that does not say */
    gx_buffer spare; /* an output buffer lent to the connection that is being served */
    char *scratch;   /* GX_RPC_SCRATCH bytes to read into */
    int64_t now_ns;  /* of the last event */
};

GX_MUST_CHECK gx_status gx_rpc_loop_open(gx_rpc_loop *loop, struct gx_server *server,
                                         gx_error *err);
GX_MUST_CHECK gx_status gx_rpc_loop_start(gx_rpc_loop *loop, gx_error *err);
void gx_rpc_loop_close(gx_rpc_loop *loop);
/* From any thread. */
void gx_rpc_loop_wake(gx_rpc_loop *loop);
void gx_rpc_loop_adopt(gx_rpc_loop *loop, gx_rpc_conn *conn);
void gx_rpc_loop_finished(gx_rpc_loop *loop, gx_rpc_call *first, gx_rpc_call *last);
void gx_rpc_loop_note(gx_rpc_loop *loop, gx_rpc_note *note);

/* ---- sockets (socket.c) --------------------------------------------------------------------- */

enum { GX_RPC_ADDRESS_MAX = 160 };

/* Binds and listens, non-blocking. `out_text` (GX_RPC_ADDRESS_MAX bytes) is the address really
 * bound. */
GX_MUST_CHECK gx_status gx_rpc_listen(int *out_fd, char *out_text, const char *address,
                                      gx_error *err);
/* Connects, blocking, with timeouts on connect, read and write. `job`: cancelled and deadline while
 * it waits, heard of within a twentieth of a second; NULL: nobody stops it. */
GX_MUST_CHECK gx_status gx_rpc_connect(int *out_fd, const char *address, int64_t timeout_ms,
                                       gx_job *job, gx_error *err);
/* May the peer of this accepted socket talk to us? Unix sockets: our own user, or root. */
bool gx_rpc_peer_is_trusted(int fd, bool is_unix);

/* ---- the whole (server.c) ------------------------------------------------------------------- */

enum { GX_RPC_SLOTS = 1024 };

typedef struct gx_rpc_listener {
    struct gx_server *server;
    int fd;
    bool is_unix;
    char address[GX_RPC_ADDRESS_MAX];
    uint64_t inode[2]; /* device and inode of the Unix socket's file: what may be removed */
    struct event *event;
} gx_rpc_listener;

struct gx_server {
    gx_db *db;
    gx_server_options options;

    gx_rpc_listener *listeners;
    size_t listener_count;
    gx_rpc_loop *loops;
    uint32_t loop_count, loops_started, next_loop;
    _Atomic uint32_t loops_running;
    pthread_t *workers; /* the writer, then the pool */
    uint32_t worker_count;
    gx_rpc_queue writes, longs;
    gx_write_call *batch; /* the writer's: GX_RPC_WRITES_A_COMMIT of them */
    gx_rpc_call **batch_owners;

    uint16_t slots[GX_RPC_SLOTS]; /* names of methods, hashed; row + 1 */

    _Atomic uint32_t connections;               /* open now */
    _Atomic uint64_t refused;                   /* at the door: too many, or not trusted */
    _Atomic bool draining, cancelling, killing; /* one after the other */

    struct event_base *base; /* the acceptor's */
    struct event *stop_event, *drain_event, *signal_events[3];
    int stop_fd;
    _Atomic int64_t drain_ms;
    _Atomic uint32_t reloads; /* asked for and not done */
    _Atomic uint64_t reloaded, reload_failures;
    bool reload_started;
    pthread_t reload_thread;
};

GX_MUST_CHECK bool gx_rpc_find_method(const gx_server *server, gx_slice name, size_t *out_row);
/* Level 0 error … 3 debug, to the log of the gx_db. */
void gx_rpc_log(const gx_server *server, int level, const char *format, ...) GX_PRINTF(3, 4);

#endif
