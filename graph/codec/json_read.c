/* JSON text as a value: jansson parses and says where it fails, its tree is copied into the arena.
 * jansson's own memory is the C library's: its allocator hooks are one pair a process, and the
 * process is not ours alone. */
#include "graph/codec/codec.h"

#include <jansson.h>
#include <stdio.h>

enum { DEPTH_MAX = 64 };

static gx_status convert(gx_value *out, gx_arena *arena, json_t *json, unsigned depth,
                         gx_error *err);

static gx_status convert_list(gx_value *out, gx_arena *arena, const json_t *json, unsigned depth,
                              gx_error *err) {
    gx_status status = GX_OK;
    size_t count = json_array_size(json);
    gx_value list = gx_list(arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        gx_value item;
        GX_TRY(convert(&item, arena, json_array_get(json, i), depth + 1, err));
        gx_list_add(arena, &list, item);
    }
    *out = list;
done:
    return status;
}

static gx_status convert_map(gx_value *out, gx_arena *arena, json_t *json, unsigned depth,
                             gx_error *err) {
    gx_status status = GX_OK;
    gx_value map = gx_map(arena, (uint32_t)json_object_size(json));
    const char *key;
    json_t *entry;
    json_object_foreach(json, key, entry) {
        gx_value value, name = gx_text_copy(arena, key, strlen(key));
        GX_TRY(convert(&value, arena, entry, depth + 1, err));
        gx_map_add(arena, &map, name, value); /* jansson has refused repeated keys */
    }
    *out = map;
done:
    return status;
}

static gx_status convert(gx_value *out, gx_arena *arena, json_t *json, unsigned depth,
                         gx_error *err) {
    bool container = json_is_array(json) || json_is_object(json);
    if (container && depth >= DEPTH_MAX) {
        return gx_fail(err, GX_BAD_REQUEST, "JSON nested deeper than %d levels", DEPTH_MAX);
    }
    switch (json_typeof(json)) {
    case JSON_NULL:
        *out = gx_nil();
        return GX_OK;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = gx_bool(json_is_true(json));
        return GX_OK;
    case JSON_INTEGER:
        *out = gx_int(json_integer_value(json));
        return GX_OK;
    case JSON_REAL:
        *out = gx_real(json_real_value(json));
        return GX_OK;
    case JSON_STRING:
        *out = gx_text_copy(arena, json_string_value(json), json_string_length(json));
        return GX_OK;
    case JSON_ARRAY:
        return convert_list(out, arena, json, depth, err);
    case JSON_OBJECT:
        return convert_map(out, arena, json, depth, err);
    }
    return gx_fail(err, GX_INTERNAL, "a JSON type that does not exist");
}

static gx_status fail_parse(const json_error_t *why, gx_error *err) {
    if (json_error_code(why) == json_error_out_of_memory) {
        return gx_fail_memory(err, 0);
    }
    char at[64];
    snprintf(at, sizeof at, "line %d, column %d", why->line, why->column);
    return gx_fail_at(err, GX_BAD_REQUEST, at, "not JSON at %s: %s", at, why->text);
}

gx_status gx_json_read(gx_value *out, gx_arena *arena, const char *data, size_t size,
                       gx_error *err) {
    json_error_t why;
    /* jansson passes over a NUL that follows a number; in a text it has to be written \u0000. */
    if (size && memchr(data, '\0', size)) {
        return gx_fail(err, GX_BAD_REQUEST, "not JSON: there is a NUL byte in it");
    }
    json_t *json = json_loadb(data ? data : "", size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!json) {
        return fail_parse(&why, err);
    }
    gx_value value;
    gx_status status = convert(&value, arena, json, 0, err);
    json_decref(json);
    if (status == GX_OK && gx_arena_status(arena) != GX_OK) {
        status = gx_fail_memory(err, gx_arena_bytes(arena));
    }
    if (status == GX_OK) {
        *out = value;
    }
    return status;
}
