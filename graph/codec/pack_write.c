/* A value as MessagePack. The bytes are msgpack-c's: its packing template is set to append to a
 * gx_buffer directly instead of through a function pointer an element. */
#include "graph/codec/codec.h"

#include <msgpack.h>

static inline int put_bytes(gx_buffer *out, const void *bytes, size_t size) {
    if (out->capacity - out->size >= size && !out->failed) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    } else {
        gx_buffer_append(out, bytes, size);
    }
    return 0;
}

#define msgpack_pack_inline_func(name) static inline int put##name
#define msgpack_pack_user gx_buffer *
#define msgpack_pack_append_buffer(user, bytes, size) return put_bytes(user, bytes, size)
#include <msgpack/pack_template.h>

static void put_text(gx_buffer *out, const gx_value *text) {
    put_str(out, text->size);
    if (text->size) {
        put_str_body(out, text->as.text, text->size);
    }
}

void gx_pack_write_list(gx_buffer *out, uint32_t count) {
    put_array(out, count);
}

void gx_pack_write_map(gx_buffer *out, uint32_t count) {
    put_map(out, count);
}

void gx_pack_write(gx_buffer *out, const gx_value *value) {
    switch (value->type) {
    case GX_NIL:
        put_nil(out);
        return;
    case GX_BOOL:
        value->as.boolean ? put_true(out) : put_false(out);
        return;
    case GX_INT:
        put_int64(out, value->as.integer);
        return;
    case GX_REAL:
        put_double(out, value->as.real);
        return;
    case GX_TEXT:
        put_text(out, value);
        return;
    case GX_LIST:
        put_array(out, value->size);
        for (uint32_t i = 0; i < value->size; i++) {
            gx_pack_write(out, &value->as.items[i]);
        }
        return;
    case GX_MAP:
        put_map(out, value->size);
        for (uint32_t i = 0; i < value->size; i++) {
            put_text(out, &value->as.pairs[i].key);
            gx_pack_write(out, &value->as.pairs[i].value);
        }
        return;
    }
}
