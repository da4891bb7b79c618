/* MessagePack-RPC frames: [0, msgid, method, params], [1, msgid, error, result] and
 * [2, method, params]. Everything here is given bytes that gx_guard_walk has found whole, except
 * gx_frame_peek. */
#ifndef GX_SERVER_WIRE_FRAME_H
#define GX_SERVER_WIRE_FRAME_H

#include "graph/codec/codec.h"

typedef enum gx_frame_kind {
    GX_FRAME_REQUEST = 0,
    GX_FRAME_ANSWER = 1,
    GX_FRAME_NOTIFICATION = 2
} gx_frame_kind;

typedef struct gx_frame {
    gx_frame_kind kind;
    uint32_t msgid;  /* 0 of a notification */
    gx_slice method; /* borrowed from the bytes, as params */
    gx_slice params; /* still MessagePack */
} gx_frame;

/* A request or a notification; anything else is bad_request. */
GX_MUST_CHECK gx_status gx_frame_read(gx_frame *out, const void *data, size_t size, gx_error *err);
/* The msgid of a request of which perhaps only the head is there: for the error of a frame that the
 * guard refused. */
bool gx_frame_peek(uint32_t *out_msgid, const void *data, size_t size);
/* The msgid of an answer, and whether it is an error, without reading the rest. */
bool gx_frame_peek_answer(uint32_t *out_msgid, bool *out_failed, const void *data, size_t size);
/* The arguments in `params`: [map], [] and [nil] (nil then), and, forgivingly, a bare map or nil.
 */
GX_MUST_CHECK gx_status gx_frame_args(gx_value *out, gx_arena *arena, gx_slice params,
                                      gx_error *err);

/* How a connection wants errors: "NOT_FOUND: message" (some standard clients break on any other
 * shape), or {code, name, message, retryable, retry_after_ms, at}. */
typedef enum gx_error_shape { GX_ERROR_TEXT, GX_ERROR_MAP } gx_error_shape;

void gx_frame_write_request(gx_buffer *out, uint32_t msgid, const char *method,
                            const gx_value *args); /* args NULL: [] */
void gx_frame_write_notification(gx_buffer *out, const char *method, const gx_value *params);
void gx_frame_write_answer(gx_buffer *out, uint32_t msgid, const gx_value *result);
/* `retry_after_ms` below 0: not known. */
void gx_frame_write_error(gx_buffer *out, uint32_t msgid, const gx_error *error,
                          int64_t retry_after_ms, gx_error_shape shape);

/* The other end: *out_status and *error are what the server said; *out is set where it said OK.
 * The return value is of the frame itself: bad_request where it is no answer. */
GX_MUST_CHECK gx_status gx_frame_read_answer(uint32_t *out_msgid, gx_status *out_status,
                                             gx_value *out, gx_arena *arena, const void *data,
                                             size_t size, gx_error *err);

#endif
