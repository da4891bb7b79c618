/* Notifications from the server: what job.watch asked for, and how far the long calls are of a
 * connection that asked for that by sys.hello.
 *
 * A note is packed by whoever has the news and goes through the mailbox of the connection's loop.
 * It points at its connection, which is why one that is closed stays until its notes have come, as
 * it does for its calls; closing it unsubscribes it first, so that no more can be made.
 *
 * News that nobody reads is worth nothing, so it is never kept for long: a note is dropped where
 * the loop has many of this connection before it, and where the peer is behind with its answers by
 * half of the output buffer, which leaves the other half to answers. */
#include "server/rpc/rpc.h"

enum { NOTES_WAITING_MAX = 64 };

static const int64_t TELL_EVERY_NS =
    200000000; /* so a call that is over before that tells nothing */

void gx_rpc_notify(void *user, const char *method, const gx_value *params) {
    gx_rpc_conn *conn = user;
    bool room = atomic_load_explicit(&conn->notes, memory_order_relaxed) < NOTES_WAITING_MAX;
    gx_rpc_note *note = room ? gx_alloc0(1, sizeof *note) : NULL;
    if (!note) {
        return;
    }
    note->conn = conn;
    note->frame.limit = conn->loop->server->options.output_max;
    gx_frame_write_notification(&note->frame, method, params);
    atomic_fetch_add(&conn->notes, 1);
    gx_rpc_loop_note(conn->loop, note);
}

/* The connection is there as long as one of its calls is in flight. */
void gx_rpc_call_tell(void *user, const char *stage, uint64_t done, uint64_t total,
                      uint64_t mem_bytes) {
    gx_rpc_call *call = user;
    const int64_t now = gx_clock_ns();
    gx_arena *arena = now - call->told_ns >= TELL_EVERY_NS ? gx_arena_create() : NULL;
    if (!arena) {
        return;
    }
    call->told_ns = now;
    gx_value map = gx_map(arena, 5);
    gx_map_put(arena, &map, "msgid", gx_int(call->msgid));
    gx_map_put(arena, &map, "stage", gx_str(stage ? stage : ""));
    gx_map_put(arena, &map, "done", gx_int((int64_t)done));
    gx_map_put(arena, &map, "total", gx_int((int64_t)total));
    gx_map_put(arena, &map, "mem_bytes", gx_int((int64_t)mem_bytes));
    if (gx_arena_status(arena) == GX_OK) {
        gx_rpc_notify(call->conn, "call.progress", &map);
    }
    gx_arena_destroy(arena);
}

void gx_rpc_note_deliver(gx_rpc_note *note) {
    gx_rpc_conn *conn = note->conn;
    size_t max = conn->loop->server->options.output_max / 2;
    size_t backlog = conn->fd >= 0 ? gx_rpc_conn_backlog(conn) : 0;
    bool fits = !note->frame.failed && backlog <= max && note->frame.size <= max - backlog;
    if (conn->fd >= 0 && !conn->lingers && fits) {
        gx_buffer_append(&conn->out, note->frame.bytes, note->frame.size);
    }
    gx_rpc_note_drop(note);
}

void gx_rpc_note_drop(gx_rpc_note *note) {
    atomic_fetch_sub(&note->conn->notes, 1);
    gx_buffer_finish(&note->frame);
    gx_free(note);
}
