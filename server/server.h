/* One door: MessagePack-RPC over TCP and Unix sockets, on libevent. */
#ifndef GX_SERVER_SERVER_H
#define GX_SERVER_SERVER_H

#include "api/api.h"

typedef struct gx_server_options {
    const char *const *listen; /* "unix:PATH", "tcp:HOST:PORT" (port 0: any), NULL-ended */
    int loops;                 /* worker loops; 0: one a processor */
    int long_threads;          /* pool of long calls; 0: one a processor */
    uint32_t connections_max;  /* 1,024 */
    uint32_t in_flight_max;    /* a connection: 128 */
    size_t arguments_max;      /* held by those calls: 4 MiB */
    size_t output_max;         /* buffered a connection: 8 MiB */
    size_t frame_max;          /* 1 MiB */
    int64_t partial_frame_ms;  /* 10 s */
    uint32_t queue_max;        /* calls waiting for the pool: 1,024; beyond: busy */
    uint32_t write_queue_max;  /* writes waiting for the writer: 8,192; beyond: busy */
    int64_t unread_answer_ms;  /* answers that the peer does not read: 30 s, then it is dropped */
    int64_t drain_ms;          /* of SIGTERM: 10 s */
} gx_server_options;

void gx_server_options_init(gx_server_options *options);

typedef struct gx_server gx_server;

/* Binds and listens; nothing is served yet. */
GX_MUST_CHECK gx_status gx_server_open(gx_server **out, gx_db *db, const gx_server_options *options,
                                       gx_error *err);
/* Serves until gx_server_stop: SIGTERM and SIGINT drain, SIGHUP reloads, when `signals`. */
GX_MUST_CHECK gx_status gx_server_run(gx_server *server, bool signals, gx_error *err);
/* From any thread: stop accepting, finish what is in flight (at most `drain_ms`), return from run.
 */
void gx_server_stop(gx_server *server, int64_t drain_ms);
/* The address really bound, "tcp:127.0.0.1:40123"; NULL beyond the last. */
const char *gx_server_address(const gx_server *server, size_t i);
void gx_server_close(gx_server *server);

/* ---- the other end: a blocking client, for the CLI and the bench
 * ---------------------------------- */

typedef struct gx_client gx_client;

/* "unix:PATH" or "tcp://HOST:PORT" ("tcp:HOST:PORT" too). unreachable. `timeout_ms` is for
 * connecting and the server's greeting; a call then has as long as its own deadline_ms says.
 *
 * Where `job` is given, gx_job_cancel (of a signal handler too) ends what the client waits for with
 * `cancelled`, at once by a signal and within a tenth of a second by a thread. Then close the
 * client: that cancels on the server what it asked for, but for writes. A job with a progress
 * function is told how far long calls are, while they are waited for. */
GX_MUST_CHECK gx_status gx_client_open(gx_client **out, const char *address, int64_t timeout_ms,
                                       gx_job *job, gx_error *err);
void gx_client_close(gx_client *client);
/* One call, one answer; the server's error comes back as it was. A connection that is gone is
 * unreachable: then close the client. */
GX_MUST_CHECK gx_status gx_client_call(gx_value *out, gx_client *client, const char *method,
                                       const gx_value *args, gx_arena *arena, gx_error *err);
/* Pipelined: send without waiting, then receive in any order; *out_msgid tells which call it is
 * that was answered, or refused; it is untouched where the connection failed. Receive before a few
 * thousand are outstanding: the server stops reading from who does not read. Notifications are
 * passed by. */
GX_MUST_CHECK gx_status gx_client_send(uint32_t *out_msgid, gx_client *client, const char *method,
                                       const gx_value *args, gx_error *err);
GX_MUST_CHECK gx_status gx_client_receive(uint32_t *out_msgid, gx_value *out, gx_client *client,
                                          gx_arena *arena, gx_error *err);

/* ---- load, for the bench: many connections from one thread
 * ---------------------------------------- */

/* A call with a time of its own. */
typedef struct gx_load_step {
    int64_t at_ns; /* after the start */
    const char *method;
    const gx_value *args; /* NULL: none */
} gx_load_step;

typedef struct gx_load {
    const char *address;
    uint32_t connections, depth; /* each keeps `depth` calls in flight */
    uint64_t calls;              /* in all */
    const char *method;
    const gx_value *args; /* `args_count` maps, sent in turn; 0: without arguments */
    size_t args_count;
    /* Or by the clock: `calls` steps by rising time, over the connections in turn, each sent at its
     * time whether or not others were answered (or as soon as one of `depth` places is free). What
     * a call takes counts from its time, so that a server that stands still is charged for all it
     * kept waiting. NULL: as fast as answers come. */
    const gx_load_step *steps;
    float *step_us; /* of steps: what each took; may be NULL */
} gx_load;

typedef struct gx_load_result {
    uint64_t calls, errors, bytes; /* bytes of answers */
    double wall_s, mean_us, p50_us, p99_us;
    double own_cpu_s; /* of the thread that makes the calls */
} gx_load_result;

GX_MUST_CHECK gx_status gx_load_run(gx_load_result *out, const gx_load *load, gx_error *err);

#endif
