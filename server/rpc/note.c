/* Notifications from the server: what job.watch asked for.
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
