/* The two outside forms of a gx_value: JSON (jansson) and MessagePack (msgpack-c, behind a guard).
 * Records in the store and frames on the wire share this one path. */
#ifndef GX_CODEC_CODEC_H
#define GX_CODEC_CODEC_H

#include "graph/base/base.h"

/* A growing byte buffer. `bytes` may move at every append; a failed append sets `failed` and drops
 * what comes after, so that one check at the end is enough. */
typedef struct gx_buffer {
    char *bytes;
    size_t size, capacity;
    size_t limit; /* 0: none; passing it sets failed */
    bool failed;
    bool over_limit; /* failed since the limit would be passed, not since memory ended */
} gx_buffer;

void gx_buffer_finish(gx_buffer *buffer);
/* Room for `size` more bytes at bytes + size; false (and failed) where there is none. */
bool gx_buffer_reserve(gx_buffer *buffer, size_t size);
void gx_buffer_append(gx_buffer *buffer, const void *bytes, size_t size);
void gx_buffer_text(gx_buffer *buffer, const char *text);
void gx_buffer_printf(gx_buffer *buffer, const char *format, ...) GX_PRINTF(2, 3);

/* ---- JSON ---------------------------------------------------------------------------- */

typedef enum gx_json_style { GX_JSON_COMPACT, GX_JSON_INDENTED } gx_json_style;

/* Doubles are written with the fewest digits that read back the same; NaN and infinity as null. */
void gx_json_write(gx_buffer *out, const gx_value *value, gx_json_style style);
void gx_json_write_text(gx_buffer *out, const char *data, size_t size); /* quoted and escaped */
void gx_json_write_real(gx_buffer *out, double value);
/* One JSON text, depth ≤ 64, duplicate keys refused. Errors name the line and column. */
GX_MUST_CHECK gx_status gx_json_read(gx_value *out, gx_arena *arena, const char *data, size_t size,
                                     gx_error *err);

/* ---- MessagePack ------------------------------------------------------------------------ */

typedef struct gx_pack_limits {
    size_t bytes_max;      /* of one object, default 1 MiB */
    uint32_t depth_max;    /* default 16, at most GX_PACK_DEPTH_CAP */
    uint32_t elements_max; /* of all arrays and maps together, default 65,536 */
} gx_pack_limits;

#define GX_PACK_DEPTH_CAP 32 /* what msgpack-c's own stack holds */
#define GX_PACK_LIMITS_DEFAULT ((gx_pack_limits){1u << 20, 16, 65536})

typedef enum gx_guard_verdict {
    GX_GUARD_WHOLE,   /* *out_size is the length of the first object */
    GX_GUARD_PARTIAL, /* *out_size is the least length the object can have: walk again from there */
    GX_GUARD_REFUSED  /* malformed or over a limit: the connection ends */
} gx_guard_verdict;

/* Walks the first object of `data` without allocating: length, depth, element counts against the
 * bytes that are there. msgpack-c is only ever given what this has passed. `err` says which limit.
 * A list or map one level inside another is depth 2; a pair of a map counts as two elements. */
gx_guard_verdict gx_guard_walk(size_t *out_size, const void *data, size_t size,
                               const gx_pack_limits *limits, gx_error *err);

void gx_pack_write(gx_buffer *out, const gx_value *value);
/* The head alone, where the entries follow by gx_pack_write or otherwise. */
void gx_pack_write_list(gx_buffer *out, uint32_t count);
void gx_pack_write_map(gx_buffer *out, uint32_t count);
/* One whole object of exactly `size` bytes; walks the guard first. Text is copied into the arena.
 * Map keys must be text and differ; bin is read as text; text that is not UTF-8, ext, and integers
 * beyond int64 are bad_request. */
GX_MUST_CHECK gx_status gx_pack_read(gx_value *out, gx_arena *arena, const void *data, size_t size,
                                     const gx_pack_limits *limits, gx_error *err);
/* The same for bytes that gx_guard_walk has found whole: never call it on others. */
GX_MUST_CHECK gx_status gx_pack_decode(gx_value *out, gx_arena *arena, const void *data,
                                       size_t size, gx_error *err);

#endif
