/* MessagePack as a value. The parser is msgpack-c's, with callbacks that build in our arena instead
 * of its zone: one pass, no malloc, no second tree. It is only ever given what the guard has
 * walked, so that a count in a header can be believed. */
#include "graph/codec/codec.h"

#include <msgpack.h>
#include <msgpack/unpack_define.h>
#include <stdlib.h>

typedef struct reader {
    gx_arena *arena;
    gx_error *err;
    gx_status status;
} reader;

enum { GOES_ON = 0, FAILS = -1, SMALL_MAP = 16 };

static int fail(reader *r, const char *message) {
    r->status = gx_fail(r->err, GX_BAD_REQUEST, "%s", message);
    return FAILS;
}

static int fail_memory(reader *r) {
    r->status = gx_fail_memory(r->err, gx_arena_bytes(r->arena));
    return FAILS;
}

static gx_value on_root(reader *r) {
    (void)r;
    return gx_nil();
}

static int on_nil(reader *r, gx_value *out) {
    *out = on_root(r);
    return GOES_ON;
}

static int on_true(reader *r, gx_value *out) {
    (void)r;
    *out = gx_bool(true);
    return GOES_ON;
}

static int on_false(reader *r, gx_value *out) {
    (void)r;
    *out = gx_bool(false);
    return GOES_ON;
}

static int on_int64(reader *r, int64_t number, gx_value *out) {
    (void)r;
    *out = gx_int(number);
    return GOES_ON;
}

static int on_uint64(reader *r, uint64_t number, gx_value *out) {
    if (number > INT64_MAX) {
        return fail(r, "an integer beyond 9223372036854775807");
    }
    return on_int64(r, (int64_t)number, out);
}

static int on_double(reader *r, double number, gx_value *out) {
    (void)r;
    *out = gx_real(number);
    return GOES_ON;
}

static int on_str(reader *r, const char *base, const char *bytes, unsigned size, gx_value *out) {
    (void)base;
    if (!gx_utf8_is_valid(bytes, size)) {
        char quoted[96];
        r->status = gx_fail(r->err, GX_BAD_REQUEST, "text that is not UTF-8: %s",
                            gx_quote(quoted, sizeof quoted, bytes, size));
        return FAILS;
    }
    *out = gx_text_copy(r->arena, bytes, size);
    return gx_arena_status(r->arena) == GX_OK ? GOES_ON : fail_memory(r);
}

static int on_ext(reader *r, const char *base, const char *bytes, unsigned size, gx_value *out) {
    (void)base, (void)bytes, (void)size, (void)out;
    return fail(r, "a MessagePack extension type; nil, booleans, numbers, text, lists and maps are "
                   "accepted");
}

static int on_array(reader *r, size_t count, gx_value *out) {
    *out = gx_list(r->arena, (uint32_t)count);
    return out->capacity == count ? GOES_ON : fail_memory(r);
}

static int on_array_item(reader *r, gx_value *list, gx_value item) {
    (void)r;
    list->as.items[list->size++] = item;
    return GOES_ON;
}

static int on_map(reader *r, size_t count, gx_value *out) {
    *out = gx_map(r->arena, (uint32_t)count);
    return out->capacity == count ? GOES_ON : fail_memory(r);
}

static int compare_keys(const void *a, const void *b) {
    const gx_value *x = a, *y = b;
    if (x->size != y->size) {
        return x->size < y->size ? -1 : 1;
    }
    return memcmp(x->as.text, y->as.text, x->size);
}

/* A key that is there twice means one thing to one reader and another to the next. Maps are short
 * as a rule; a long one is sorted, so that no map costs quadratic time. */
static int refuse_repeated_keys(reader *r, const gx_value *map) {
    const gx_pair *pairs = map->as.pairs;
    if (map->size <= SMALL_MAP) {
        for (uint32_t i = 1; i < map->size; i++) {
            for (uint32_t j = 0; j < i; j++) {
                if (compare_keys(&pairs[i].key, &pairs[j].key) == 0) {
                    return fail(r, "a map holds the same key twice");
                }
            }
        }
        return GOES_ON;
    }
    gx_value *keys = gx_arena_get(r->arena, map->size * sizeof *keys);
    if (!keys) {
        return fail_memory(r);
    }
    for (uint32_t i = 0; i < map->size; i++) {
        keys[i] = pairs[i].key;
    }
    qsort(keys, map->size, sizeof *keys, compare_keys);
    for (uint32_t i = 1; i < map->size; i++) {
        if (compare_keys(&keys[i], &keys[i - 1]) == 0) {
            return fail(r, "a map holds the same key twice");
        }
    }
    return GOES_ON;
}

static int on_map_item(reader *r, gx_value *map, gx_value key, gx_value value) {
    if (key.type != GX_TEXT) {
        return fail(r, "a map key that is not text");
    }
    map->as.pairs[map->size++] = (gx_pair){key, value};
    return map->size == map->capacity ? refuse_repeated_keys(r, map) : GOES_ON;
}

/* What the template calls, by its names. */
#define on_bin on_str
#define on_uint8 on_int64
#define on_uint16 on_int64
#define on_uint32 on_int64
#define on_int8 on_int64
#define on_int16 on_int64
#define on_int32 on_int64
#define on_float on_double

#define msgpack_unpack_struct(name) struct parser##name
#define msgpack_unpack_func(ret, name) static inline ret parser##name
#define msgpack_unpack_callback(name) on##name
#define msgpack_unpack_object gx_value
#define msgpack_unpack_user reader
#include <msgpack/unpack_template.h>

gx_status gx_pack_decode(gx_value *out, gx_arena *arena, const void *data, size_t size,
                         gx_error *err) {
    struct parser_context parser;
    parser.user = (reader){.arena = arena, .err = err, .status = GX_OK};
    parser_init(&parser);
    size_t offset = 0;
    int ended = parser_execute(&parser, data, size, &offset);
    if (parser.user.status != GX_OK) {
        return parser.user.status;
    }
    if (ended != 1 || offset != size) {
        return gx_fail(err, GX_BAD_REQUEST, "not one whole MessagePack object of %zu bytes", size);
    }
    *out = parser_data(&parser);
    return GX_OK;
}

gx_status gx_pack_read(gx_value *out, gx_arena *arena, const void *data, size_t size,
                       const gx_pack_limits *limits, gx_error *err) {
    size_t whole;
    gx_error why;
    switch (gx_guard_walk(&whole, data, size, limits, &why)) {
    case GX_GUARD_REFUSED:
        return gx_fail(err, why.code, "%s", why.message);
    case GX_GUARD_PARTIAL:
        return gx_fail(err, GX_BAD_REQUEST,
                       "MessagePack that ends early: %zu bytes, at least %zu needed", size, whole);
    case GX_GUARD_WHOLE:
        break;
    }
    if (whole != size) {
        return gx_fail(err, GX_BAD_REQUEST, "%zu bytes after the MessagePack object", size - whole);
    }
    return gx_pack_decode(out, arena, data, size, err);
}
