/* A map of the command line that is in a file: `--params tuned.json`. */
#include "cli/verb.h"

#include <errno.h>

enum { FILE_BYTES_MOST = 16 << 20 };

static gx_status read_text(gx_buffer *out, const char *path, gx_error *err) {
    char block[65536];
    FILE *file = fopen(path, "rb");
    if (!file) {
        return gx_fail_errno(err, errno, "reading", path);
    }
    size_t size;
    while (out->size <= FILE_BYTES_MOST && (size = fread(block, 1, sizeof block, file)) > 0) {
        gx_buffer_append(out, block, size);
    }
    const int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed) {
        return gx_fail_errno(err, failed, "reading", path);
    }
    if (out->failed) {
        return gx_fail_memory(err, out->size);
    }
    return out->size > FILE_BYTES_MOST
               ? gx_fail(err, GX_OVER_LIMIT, "%s: over %d bytes, the most a map may have", path,
                         FILE_BYTES_MOST)
               : GX_OK;
}

gx_status gx_map_file_read(gx_value *out, const char *path, const char *key, gx_arena *arena,
                           gx_error *err) {
    gx_buffer text = {0};
    gx_value read;
    gx_error why = {0};
    gx_status status = read_text(&text, path, err);
    const gx_slice json = gx_slice_unmarked((gx_slice){(const char *)text.bytes, text.size});
    if (status == GX_OK && gx_json_read(&read, arena, json.data, json.size, &why) != GX_OK) {
        status = gx_fail(err, GX_BAD_REQUEST, "%s: not JSON: %s", path, why.message);
    }
    gx_buffer_finish(&text);
    if (status != GX_OK) {
        return status;
    }
    if (read.type != GX_MAP) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s: a %s; accepted is a map, {\"NAME\": …}, also as {\"%s\": {…}}", path,
                       gx_type_name(read.type), key);
    }
    const gx_value *inner = gx_map_get(&read, key);
    *out = inner && inner->type == GX_MAP ? *inner : read;
    return GX_OK;
}

static gx_value copy_of(const gx_value *map, gx_arena *arena) {
    gx_value copy = gx_map(arena, map->size + 4);
    for (uint32_t i = 0; i < map->size; i++) {
        gx_map_put_text(arena, &copy, map->as.pairs[i].key, map->as.pairs[i].value);
    }
    return copy;
}

gx_value gx_map_over(const gx_value *over, const gx_value *under, gx_arena *arena) {
    gx_value map = copy_of(under, arena);
    for (uint32_t i = 0; i < over->size; i++) {
        const gx_pair *pair = &over->as.pairs[i];
        const gx_value *old = NULL;
        for (uint32_t k = 0; k < map.size && !old; k++) {
            const gx_value *key = &map.as.pairs[k].key;
            old = gx_slice_equal((gx_slice){key->as.text, key->size},
                                 (gx_slice){pair->key.as.text, pair->key.size})
                      ? &map.as.pairs[k].value
                      : NULL;
        }
        const bool both = old && old->type == GX_MAP && pair->value.type == GX_MAP;
        gx_map_put_text(arena, &map, pair->key,
                        both ? gx_map_over(&pair->value, old, arena) : pair->value);
    }
    return map;
}
