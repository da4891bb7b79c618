/* MessagePack-RPC frames. The head of a request is read with a cursor of our own, so that a frame
 * with arguments we cannot take (an extension type, say) still gets an answer by its msgid. */
#include "server/wire/frame.h"

#include <ctype.h>
#include <stdio.h>

/* ---- a cursor over MessagePack -------------------------------------------------------------- */

typedef struct cursor {
    const unsigned char *at, *end;
} cursor;

/* A tag and the big-endian number of 0 to 8 bytes after it. */
static bool take(cursor *c, unsigned field, uint64_t *out) {
    if ((size_t)(c->end - c->at) < 1u + field) {
        return false;
    }
    *out = 0;
    for (unsigned i = 1; i <= field; i++) {
        *out = *out << 8 | c->at[i];
    }
    c->at += 1 + field;
    return true;
}

static bool take_list(cursor *c, uint64_t *out_count) {
    if (c->at == c->end) {
        return false;
    }
    unsigned tag = *c->at;
    if (tag >= 0x90 && tag <= 0x9f) {
        *out_count = tag & 0x0f;
        c->at++;
        return true;
    }
    return (tag == 0xdc && take(c, 2, out_count)) || (tag == 0xdd && take(c, 4, out_count));
}

static bool take_u32(cursor *c, uint32_t *out) {
    if (c->at == c->end) {
        return false;
    }
    unsigned tag = *c->at;
    uint64_t number = tag;
    if (tag < 0x80) {
        c->at++;
    } else if (tag < 0xcc || tag > 0xd3 || !take(c, 1u << (tag & 3), &number)) {
        return false;
    } else if (tag >= 0xd0 && number >> ((8u << (tag & 3)) - 1)) {
        return false; /* negative */
    }
    *out = (uint32_t)number;
    return number <= UINT32_MAX;
}

/* str, and bin from clients that have no other text. */
static bool take_text(cursor *c, gx_slice *out) {
    if (c->at == c->end) {
        return false;
    }
    unsigned tag = *c->at;
    uint64_t size = tag & 0x1f;
    bool short_text = tag >= 0xa0 && tag <= 0xbf;
    if (short_text) {
        c->at++;
    } else if (tag >= 0xd9 && tag <= 0xdb) {
        if (!take(c, 1u << (tag - 0xd9), &size)) {
            return false;
        }
    } else if (tag < 0xc4 || tag > 0xc6 || !take(c, 1u << (tag - 0xc4), &size)) {
        return false;
    }
    if ((uint64_t)(c->end - c->at) < size) {
        return false;
    }
    *out = (gx_slice){(const char *)c->at, (size_t)size};
    c->at += size;
    return true;
}

/* ---- requests ------------------------------------------------------------------------------- */

bool gx_frame_peek(uint32_t *out_msgid, const void *data, size_t size) {
    cursor c = {data, (const unsigned char *)data + size};
    uint64_t count;
    uint32_t kind;
    return take_list(&c, &count) && count == 4 && take_u32(&c, &kind) && kind == GX_FRAME_REQUEST &&
           take_u32(&c, out_msgid);
}

bool gx_frame_peek_answer(uint32_t *out_msgid, bool *out_failed, const void *data, size_t size) {
    enum { NIL = 0xc0 };
    cursor c = {data, (const unsigned char *)data + size};
    uint64_t count;
    uint32_t kind;
    if (!take_list(&c, &count) || count != 4 || !take_u32(&c, &kind) || kind != GX_FRAME_ANSWER ||
        !take_u32(&c, out_msgid) || c.at == c.end) {
        return false;
    }
    *out_failed = *c.at != NIL;
    return true;
}

gx_status gx_frame_read(gx_frame *out, const void *data, size_t size, gx_error *err) {
    cursor c = {data, (const unsigned char *)data + size};
    uint64_t count = 0;
    uint32_t kind = 0;
    gx_frame frame = {.msgid = 0};
    bool good = take_list(&c, &count) && take_u32(&c, &kind);
    if (good && kind == GX_FRAME_REQUEST) {
        good = count == 4 && take_u32(&c, &frame.msgid) && take_text(&c, &frame.method);
    } else {
        good = good && kind == GX_FRAME_NOTIFICATION && count == 3 && take_text(&c, &frame.method);
    }
    if (!good) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "not MessagePack-RPC: [0, msgid, method, [params]] and "
                       "[2, method, [params]] are accepted");
    }
    frame.kind = (gx_frame_kind)kind;
    frame.params = (gx_slice){(const char *)c.at, (size_t)(c.end - c.at)};
    *out = frame;
    return GX_OK;
}

static gx_status fail_params(gx_error *err) {
    return gx_fail_at(err, GX_BAD_REQUEST, "params",
                      "params must be [] or a list of one map of named arguments");
}

gx_status gx_frame_args(gx_value *out, gx_arena *arena, gx_slice params, gx_error *err) {
    gx_value value;
    gx_status status = gx_pack_decode(&value, arena, params.data, params.size, err);
    if (status != GX_OK) {
        return status;
    }
    if (value.type == GX_LIST) {
        if (value.size > 1) {
            return fail_params(err);
        }
        value = value.size ? value.as.items[0] : gx_nil();
    }
    if (value.type != GX_MAP && value.type != GX_NIL) {
        return fail_params(err);
    }
    *out = value;
    return GX_OK;
}

void gx_frame_write_request(gx_buffer *out, uint32_t msgid, const char *method,
                            const gx_value *args) {
    gx_value kind = gx_int(GX_FRAME_REQUEST), id = gx_int(msgid), name = gx_str(method);
    gx_pack_write_list(out, 4);
    gx_pack_write(out, &kind);
    gx_pack_write(out, &id);
    gx_pack_write(out, &name);
    gx_pack_write_list(out, args ? 1 : 0);
    if (args) {
        gx_pack_write(out, args);
    }
}

/* [2, method, [params]] */
void gx_frame_write_notification(gx_buffer *out, const char *method, const gx_value *params) {
    gx_value kind = gx_int(GX_FRAME_NOTIFICATION), name = gx_str(method);
    gx_pack_write_list(out, 3);
    gx_pack_write(out, &kind);
    gx_pack_write(out, &name);
    gx_pack_write_list(out, 1);
    gx_pack_write(out, params);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void write_head(gx_buffer *out, uint32_t msgid) {
    gx_value kind = gx_int(GX_FRAME_ANSWER), id = gx_int(msgid);
    gx_pack_write_list(out, 4);
    gx_pack_write(out, &kind);
    gx_pack_write(out, &id);
}

void gx_frame_write_answer(gx_buffer *out, uint32_t msgid, const gx_value *result) {
    gx_value nil = gx_nil();
    write_head(out, msgid);
    gx_pack_write(out, &nil);
    gx_pack_write(out, result);
}

static void write_error_text(gx_buffer *out, const gx_error *error) {
    char text[sizeof error->message + 40];
    int size = snprintf(text, sizeof text, "%s: %s", gx_status_name(error->code), error->message);
    for (char *at = text; *at && *at != ':'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    gx_value value = gx_text(text, size < 0 ? 0 : (size_t)size);
    gx_pack_write(out, &value);
}

static void write_entry(gx_buffer *out, const char *key, gx_value value) {
    gx_value name = gx_str(key);
    gx_pack_write(out, &name);
    gx_pack_write(out, &value);
}

static void write_error_map(gx_buffer *out, const gx_error *error, int64_t retry_after_ms) {
    gx_pack_write_map(out, 6);
    write_entry(out, "code", gx_int(error->code));
    write_entry(out, "name", gx_str(gx_status_name(error->code)));
    write_entry(out, "message", gx_str(error->message));
    write_entry(out, "retryable", gx_bool(gx_status_is_retryable(error->code)));
    write_entry(out, "retry_after_ms", retry_after_ms < 0 ? gx_nil() : gx_int(retry_after_ms));
    write_entry(out, "at", error->at[0] ? gx_str(error->at) : gx_nil());
}

void gx_frame_write_error(gx_buffer *out, uint32_t msgid, const gx_error *error,
                          int64_t retry_after_ms, gx_error_shape shape) {
    gx_value nil = gx_nil();
    write_head(out, msgid);
    if (shape == GX_ERROR_MAP) {
        write_error_map(out, error, retry_after_ms);
    } else {
        write_error_text(out, error);
    }
    gx_pack_write(out, &nil);
}

/* ---- the other end -------------------------------------------------------------------------- */

static gx_status status_by_name(const char *name, size_t size) {
    for (int i = 1; i < GX_STATUS_COUNT; i++) {
        const char *known = gx_status_name((gx_status)i);
        if (strlen(known) == size && strncasecmp(known, name, size) == 0) {
            return (gx_status)i;
        }
    }
    return GX_INTERNAL;
}

static gx_status said(const gx_value *map, gx_error *err) {
    const gx_value *name = gx_map_get(map, "name"), *message = gx_map_get(map, "message");
    const gx_value *at = gx_map_get(map, "at");
    gx_status code =
        name && name->type == GX_TEXT ? status_by_name(name->as.text, name->size) : GX_INTERNAL;
    bool text = message && message->type == GX_TEXT, place = at && at->type == GX_TEXT;
    return gx_fail_at(err, code, place ? at->as.text : "", "%.*s", text ? (int)message->size : 0,
                      text ? message->as.text : "");
}

/* "NOT_FOUND: message", as every server of ours says it without sys.hello. */
static gx_status said_as_text(const gx_value *text, gx_error *err) {
    const char *colon = memchr(text->as.text, ':', text->size);
    size_t name = colon ? (size_t)(colon - text->as.text) : 0;
    size_t skip = colon ? name + 1 + (name + 1 < text->size && colon[1] == ' ') : 0;
    return gx_fail(err, status_by_name(text->as.text, name), "%.*s", (int)(text->size - skip),
                   text->as.text + skip);
}

gx_status gx_frame_read_answer(uint32_t *out_msgid, gx_status *out_status, gx_value *out,
                               gx_arena *arena, const void *data, size_t size, gx_error *err) {
    gx_value frame;
    gx_status status = gx_pack_decode(&frame, arena, data, size, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_value *part = frame.as.items;
    if (frame.type != GX_LIST || frame.size != 4 || part[0].type != GX_INT ||
        part[0].as.integer != GX_FRAME_ANSWER || part[1].type != GX_INT || part[1].as.integer < 0 ||
        part[1].as.integer > UINT32_MAX) {
        return gx_fail(err, GX_BAD_REQUEST, "not a MessagePack-RPC answer");
    }
    *out_msgid = (uint32_t)part[1].as.integer;
    if (part[2].type == GX_NIL) {
        *out = part[3];
        *out_status = GX_OK;
    } else if (part[2].type == GX_TEXT) {
        *out_status = said_as_text(&part[2], err);
    } else {
        *out_status = said(&part[2], err);
    }
    return GX_OK;
}
