/* From a frame to its answer: short calls here and now, writes by the one writer in groups, long
 * calls in the pool. */
#include "server/rpc/rpc.h"

enum {
    FREE_CALLS_KEPT = 256,
    RETRY_MIN_MS = 5,
    RETRY_MAX_MS = 10000,
    RETRY_UNKNOWN_MS = 100,
    SLOW_MS = 1000 /* and the log says so */
};

static const int64_t NS_A_MS = 1000000;

static int64_t retry_after_ms(gx_status status, int64_t wait_ns) {
    if (status != GX_BUSY) {
        return -1;
    }
    int64_t ms = wait_ns < 0 ? RETRY_UNKNOWN_MS : wait_ns / NS_A_MS;
    return ms < RETRY_MIN_MS ? RETRY_MIN_MS : ms > RETRY_MAX_MS ? RETRY_MAX_MS : ms;
}

/* ---- answers into a connection -------------------------------------------------------------- */

static void add_error(gx_rpc_conn *conn, uint32_t msgid, const gx_error *err, int64_t wait_ns,
                      gx_error_shape shape) {
    gx_frame_write_error(&conn->out, msgid, err, retry_after_ms(err->code, wait_ns), shape);
}

/* An answer that does not fit is taken back and an error put in its place: over_limit where no
 * reading would make it fit. */
static gx_status check_room(const gx_rpc_conn *conn, size_t answer, size_t backlog, gx_error *err) {
    size_t max = conn->loop->server->options.output_max;
    if (answer > max) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "the answer has %zu bytes, over the limit of %zu; ask for less at once",
                       answer, max);
    }
    if (answer > max - (backlog < max ? backlog : max)) {
        return gx_fail(err, GX_BUSY, "%zu bytes of answers wait to be read on this connection",
                       backlog);
    }
    return GX_OK;
}

static gx_status fail_packing(gx_buffer *buffer, gx_error *err) {
    bool over_limit = buffer->over_limit;
    buffer->failed = buffer->over_limit = false;
    return over_limit ? gx_fail(err, GX_OVER_LIMIT, "the answer is too large; ask for less at once")
                      : gx_fail_memory(err, buffer->size);
}

static gx_status add_answer(gx_rpc_conn *conn, uint32_t msgid, const gx_value *result,
                            gx_error *err) {
    size_t mark = conn->out.size, backlog = gx_rpc_conn_backlog(conn);
    gx_frame_write_answer(&conn->out, msgid, result);
    if (conn->out.failed) {
        conn->out.size = mark;
        return fail_packing(&conn->out, err);
    }
    gx_status status = check_room(conn, conn->out.size - mark, backlog, err);
    if (status != GX_OK) {
        conn->out.size = mark;
    }
    return status;
}

/* ---- the log ----------------------------------------------------------------------------------
 */

/* Faults of ours, and calls that took long: with the caller's request_id, so that both ends can
 * find the same call. Other errors are the caller's business, and are counted only. */
static void log_call(const gx_server *server, const gx_method *method, const gx_value *args,
                     gx_status status, const gx_error *err, int64_t took_ns) {
    bool fault =
        status == GX_INTERNAL || status == GX_IO || status == GX_CORRUPT || status == GX_NO_MEMORY;
    if (!fault && took_ns < SLOW_MS * NS_A_MS) {
        return;
    }
    char id[80] = "-", message[300] = "-";
    const gx_value *given = gx_map_get(args, "request_id");
    if (given && given->type == GX_TEXT) {
        gx_quote(id, sizeof id, given->as.text, given->size);
    }
    if (status != GX_OK) {
        gx_quote(message, sizeof message, err->message, strlen(err->message));
    }
    gx_rpc_log(server, fault ? 0 : 2,
               "event=%s method=%s code=%s took_ms=%lld request_id=%s message=%s",
               fault ? "call_failed" : "slow_call", method->name, gx_status_name(status),
               (long long)(took_ns / NS_A_MS), id, message);
}

/* ---- short calls ------------------------------------------------------------------------------
 */

static int64_t deadline_of(const gx_value *args, int64_t now_ns) {
    const gx_value *ms = gx_map_get(args, "deadline_ms");
    bool given = ms && ms->type == GX_INT && ms->as.integer > 0 && ms->as.integer <= 86400000;
    return given ? now_ns + ms->as.integer * NS_A_MS : 0;
}

/* The store's settings; gx_db_call then lets the arguments go before them. */
static void set_job(gx_job *job, const gx_server *server, int threads, int64_t deadline_ns) {
    const gx_db_options *options = gx_db_get_options(server->db);
    gx_job_init(job, threads, options->seed);
    job->mem_limit = options->mem_bytes;
    job->deadline_ns = deadline_ns;
}

/* What sys.hello agreed on holds for this connection from the next answer on. */
static void note_hello(gx_rpc_conn *conn, const gx_method *method, const gx_value *result) {
    if (strcmp(method->name, "sys.hello") != 0) {
        return;
    }
    const gx_value *errors = gx_map_get(result, "errors");
    if (errors && errors->type == GX_TEXT) {
        bool map = gx_slice_is((gx_slice){errors->as.text, errors->size}, "map");
        conn->shape = map ? GX_ERROR_MAP : GX_ERROR_TEXT;
    }
    const gx_value *progress = gx_map_get(result, "progress");
    conn->progress = progress && progress->type == GX_BOOL && progress->as.boolean;
}

/* False where the arguments make it a call for the pool: then nothing was done. */
static bool answer_now(gx_rpc_conn *conn, const gx_frame *frame, const gx_method *method,
                       size_t row) {
    gx_rpc_loop *loop = conn->loop;
    gx_error err = {0};
    gx_value args = gx_nil(), result;
    gx_status status = gx_frame_args(&args, loop->arena, frame->params, &err);
    if (status == GX_OK && gx_method_is_long(method, &args)) {
        gx_arena_reset(loop->arena);
        return false;
    }
    if (status == GX_OK) {
        gx_job *job = &loop->job;
        set_job(job, loop->server, loop->threads, deadline_of(&args, loop->now_ns));
        gx_call_options options = {.job = job, .subscriber = &conn->subscriber};
        status = gx_db_call(&result, loop->server->db, method, &args, &options, loop->arena, &err);
    }
    if (frame->kind == GX_FRAME_REQUEST) {
        if (status == GX_OK) {
            note_hello(conn, method, &result);
            status = add_answer(conn, frame->msgid, &result, &err);
        }
        if (status != GX_OK) {
            add_error(conn, frame->msgid, &err, -1, conn->shape);
        }
    }
    int64_t ended = gx_clock_ns(); /* and the beginning of what comes next on this loop */
    log_call(loop->server, method, &args, status, &err, ended - loop->now_ns);
    gx_arena_reset(loop->arena);
    gx_rpc_stats_call(&loop->stats, row, status, ended - loop->now_ns);
    loop->now_ns = ended;
    return true;
}

/* ---- calls that leave the loop ----------------------------------------------------------------
 */

static gx_rpc_call *get_call(gx_rpc_loop *loop) {
    gx_rpc_call *call = loop->free_calls;
    if (call) {
        loop->free_calls = call->next;
        loop->free_count--;
        return call;
    }
    call = gx_alloc0(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    call->loop = loop;
    call->arena = gx_arena_create();
    if (!call->arena) {
        gx_free(call);
        return NULL;
    }
    return call;
}

void gx_rpc_call_free(gx_rpc_call *call) {
    gx_arena_destroy(call->arena);
    gx_buffer_finish(&call->answer);
    gx_free(call);
}

static void put_call(gx_rpc_loop *loop, gx_rpc_call *call) {
    if (loop->free_count == FREE_CALLS_KEPT) {
        gx_rpc_call_free(call);
        return;
    }
    gx_arena_reset(call->arena);
    if (call->answer.capacity > GX_RPC_SCRATCH) {
        gx_buffer_finish(&call->answer);
    }
    call->next = loop->free_calls;
    loop->free_calls = call;
    loop->free_count++;
}

static void link_call(gx_rpc_conn *conn, gx_rpc_call *call) {
    call->conn = conn;
    call->conn_before = NULL;
    call->conn_next = conn->calls;
    if (conn->calls) {
        conn->calls->conn_before = call;
    }
    conn->calls = call;
    conn->in_flight++;
    conn->held += call->held;
    conn->loop->calls_out++;
}

static void unlink_call(gx_rpc_conn *conn, gx_rpc_call *call) {
    if (call->conn_before) {
        call->conn_before->conn_next = call->conn_next;
    } else {
        conn->calls = call->conn_next;
    }
    if (call->conn_next) {
        call->conn_next->conn_before = call->conn_before;
    }
    conn->in_flight--;
    conn->held -= call->held;
    conn->loop->calls_out--;
}

/* Into the queue, unless it is full, or so long that the deadline would pass in it. */
static gx_status enqueue(gx_rpc_call *call, gx_rpc_queue *queue, int64_t *out_wait_ns,
                         gx_error *err) {
    if (call->job.deadline_ns) {
        int64_t wait = gx_rpc_queue_wait_ns(queue);
        if (call->arrived_ns + wait > call->job.deadline_ns) {
            return gx_fail_at(err, GX_DEADLINE, "deadline_ms",
                              "refused early: calls before this one take about %lld ms",
                              (long long)(wait / NS_A_MS));
        }
    }
    if (gx_rpc_queue_push(queue, call, out_wait_ns)) {
        return GX_OK;
    }
    return gx_fail(err, GX_BUSY, "%u calls wait already; try again in about %lld ms", queue->max,
                   (long long)retry_after_ms(GX_BUSY, *out_wait_ns));
}

static void send_away(gx_rpc_conn *conn, const gx_frame *frame, const gx_method *method,
                      size_t row) {
    gx_rpc_loop *loop = conn->loop;
    gx_server *server = loop->server;
    gx_error err = {0};
    int64_t wait_ns = -1;
    gx_rpc_call *call = get_call(loop);
    gx_status status = call ? GX_OK : gx_fail_memory(&err, sizeof *call);
    if (call) {
        call->method = method;
        call->method_row = row;
        call->msgid = frame->msgid;
        call->notification = frame->kind == GX_FRAME_NOTIFICATION;
        call->shape = conn->shape;
        call->arrived_ns = loop->now_ns;
        call->status = GX_OK;
        call->answer.size = 0;
        call->answer.failed = call->answer.over_limit = false;
        call->answer.limit = server->options.output_max + 1;
        status = gx_frame_args(&call->args, call->arena, frame->params, &err);
    }
    if (status == GX_OK) {
        set_job(&call->job, server, loop->threads, deadline_of(&call->args, call->arrived_ns));
        if (conn->progress && !call->notification) {
            call->told_ns = call->arrived_ns;
            call->job.progress = gx_rpc_call_tell;
            call->job.progress_user = call;
        }
        if (conn->hung_up) {
            gx_job_cancel(&call->job);
        }
        call->held = gx_arena_bytes(call->arena);
        link_call(conn, call); /* before the push: a worker may be done with it at once */
        bool write = method->cost == GX_COST_WRITE;
        status = enqueue(call, write ? &server->writes : &server->longs, &wait_ns, &err);
        if (status == GX_OK) {
            return;
        }
        unlink_call(conn, call);
    }
    if (call) {
        put_call(loop, call);
    }
    if (frame->kind == GX_FRAME_REQUEST) {
        add_error(conn, frame->msgid, &err, wait_ns, conn->shape);
    }
    gx_rpc_stats_call(&loop->stats, row, status, 0);
}

void gx_rpc_call_return(gx_rpc_call *call) {
    gx_rpc_loop *loop = call->loop;
    gx_rpc_conn *conn = call->conn;
    unlink_call(conn, call);
    gx_rpc_stats_call(&loop->stats, call->method_row, call->status,
                      loop->now_ns - call->arrived_ns);
    if (conn->fd >= 0 && !conn->lingers && !call->notification) {
        gx_error err;
        gx_status status = check_room(conn, call->answer.size, gx_rpc_conn_backlog(conn), &err);
        if (call->answer.failed) {
            status = fail_packing(&call->answer, &err);
        }
        if (status == GX_OK) {
            gx_buffer_append(&conn->out, call->answer.bytes, call->answer.size);
        } else {
            add_error(conn, call->msgid, &err, -1, call->shape);
        }
    }
    put_call(loop, call);
}

/* ---- dispatch ---------------------------------------------------------------------------------
 */

static void answer_unknown(gx_rpc_conn *conn, const gx_frame *frame) {
    char name[GX_ID_BYTES_MAX + 1];
    size_t size = frame->method.size < sizeof name - 1 ? frame->method.size : sizeof name - 1;
    memcpy(name, frame->method.data, size);
    name[size] = '\0';
    gx_error err;
    gx_rpc_count(&conn->loop->stats.unknown_methods, 1);
    if (gx_method_missing(name, &err) != GX_OK && frame->kind == GX_FRAME_REQUEST) {
        add_error(conn, frame->msgid, &err, -1, conn->shape);
    }
}

bool gx_rpc_dispatch(gx_rpc_conn *conn, const void *data, size_t size) {
    gx_frame frame;
    if (gx_frame_read(&frame, data, size, NULL) != GX_OK) {
        return false;
    }
    if (frame.kind == GX_FRAME_NOTIFICATION) {
        gx_rpc_count(&conn->loop->stats.notifications, 1);
    }
    size_t row;
    if (!gx_rpc_find_method(conn->loop->server, frame.method, &row)) {
        answer_unknown(conn, &frame);
        return true;
    }
    const gx_method *method = gx_methods()->rows[row];
    if (method->cost != GX_COST_SHORT || !answer_now(conn, &frame, method, row)) {
        send_away(conn, &frame, method, row);
    }
    return true;
}

bool gx_rpc_refuse(gx_rpc_conn *conn, const void *data, size_t size, const gx_error *why) {
    uint32_t msgid;
    bool readable = gx_frame_peek(&msgid, data, size);
    if (readable) {
        add_error(conn, msgid, why, -1, conn->shape);
    }
    return readable;
}

/* ---- the workers ------------------------------------------------------------------------------
 */

static void pack_answer(gx_rpc_call *call, const gx_value *result, const gx_error *err) {
    if (call->notification) {
        return;
    }
    if (call->status == GX_OK) {
        gx_frame_write_answer(&call->answer, call->msgid, result);
    } else {
        gx_frame_write_error(&call->answer, call->msgid, err, retry_after_ms(call->status, -1),
                             call->shape);
    }
}

void *gx_rpc_pool_main(void *user) {
    gx_server *server = user;
    gx_rpc_call *call;
    while ((call = gx_rpc_queue_take(&server->longs, 1)) != NULL) {
        int64_t started = gx_clock_ns();
        gx_error err = {0};
        gx_value result;
        gx_call_options options = {.job = &call->job, .listed = true};
        call->status = gx_job_check(&call->job, &err);
        if (call->status == GX_OK) {
            call->status = gx_db_call(&result, server->db, call->method, &call->args, &options,
                                      call->arena, &err);
        }
        pack_answer(call, &result, &err);
        int64_t took = gx_clock_ns() - started;
        log_call(server, call->method, &call->args, call->status, &err, took);
        gx_rpc_queue_served(&server->longs, took, 1);
        gx_rpc_loop_finished(call->loop, call, call);
    }
    return NULL;
}

/* The calls of one commit, those whose deadline has passed left out. */
static uint32_t gather(gx_write_call *writes, gx_rpc_call **owners, gx_rpc_call *first) {
    uint32_t count = 0;
    for (gx_rpc_call *call = first; call; call = call->next) {
        gx_error err;
        call->status = GX_OK;
        if (call->job.deadline_ns && gx_clock_ns() > call->job.deadline_ns) {
            call->status = gx_fail_at(&err, GX_DEADLINE, "deadline_ms",
                                      "the deadline passed before the write began");
            pack_answer(call, NULL, &err);
            continue;
        }
        owners[count] = call;
        writes[count++] =
            (gx_write_call){.method = call->method, .args = &call->args, .arena = call->arena};
    }
    return count;
}

/* Gives each call back to its loop, runs of the same loop at once. */
static void give_back(gx_rpc_call *first) {
    while (first) {
        gx_rpc_call *last = first;
        while (last->next && last->next->loop == first->loop) {
            last = last->next;
        }
        gx_rpc_call *rest = last->next;
        gx_rpc_loop_finished(first->loop, first, last);
        first = rest;
    }
}

/* Whatever has come while the last commit was under way goes into the next: nobody waits for a
 * timer, and the busier it is, the fewer commits a write costs. */
void *gx_rpc_writer_main(void *user) {
    gx_server *server = user;
    gx_rpc_call *first;
    while ((first = gx_rpc_queue_take(&server->writes, GX_RPC_WRITES_A_COMMIT)) != NULL) {
        int64_t started = gx_clock_ns();
        gx_write_call *writes = server->batch;
        gx_rpc_call **owners = server->batch_owners;
        uint32_t count = gather(writes, owners, first);
        if (count) {
            gx_db_write(server->db, writes, count);
        }
        int64_t took = gx_clock_ns() - started;
        for (uint32_t i = 0; i < count; i++) {
            owners[i]->status = writes[i].status;
            pack_answer(owners[i], &writes[i].result, &writes[i].error);
            log_call(server, owners[i]->method, &owners[i]->args, writes[i].status,
                     &writes[i].error, took);
        }
        gx_rpc_queue_served(&server->writes, took, count);
        give_back(first);
    }
    return NULL;
}
