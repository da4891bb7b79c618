/* Maps a safetensors file (format.h). The header is not trusted: every number in it is checked
 * against the size of the file before anything is read through it. Files written by others are
 * welcome as long as their arrays are of rank 1 or 2 and of a type we have; arrays that do not lie
 * at a multiple of 64 are copied, the others stay in the page cache. Time: the header, and with
 * `verify` one walk over the data. */
#include "graph/codec/codec.h"
#include "graph/snapshot/format.h"
#include "graph/snapshot/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file while it is read. */
typedef struct reader {
    const char *path;
    const char *map;
    uint64_t map_bytes;
    const char *header;
    uint64_t header_bytes;
    const char *data;
    uint64_t data_bytes;
    gx_error *err;
} reader;

typedef struct tensor {
    gx_slice name;
    gx_dtype dtype;
    uint32_t rank;
    uint64_t shape[2];
    uint64_t begin, end;
} tensor;

static gx_status corrupt(const reader *file, const char *why) {
    return gx_fail_at(file->err, GX_CORRUPT, file->path, "damaged file: %s", why);
}

static gx_status corrupt_tensor(const reader *file, gx_slice name, const char *why) {
    char quoted[120];
    return gx_fail_at(file->err, GX_CORRUPT, file->path, "array %s: %s",
                      gx_quote(quoted, sizeof quoted, name.data, name.size), why);
}

static gx_slice slice_of(const gx_value *text) {
    return (gx_slice){text->as.text, text->size};
}

static bool is_pad(gx_slice name) {
    return name.size > 0 && name.data[0] == GX__PAD_PREFIX;
}

/* ---- the header ----------------------------------------------------------------------------- */

static gx_status map_file(reader *file) {
    struct stat about;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT
                   ? gx_fail_at(file->err, GX_NOT_FOUND, file->path, "there is no such file")
                   : gx_fail_errno(file->err, errno, "cannot open", file->path);
    }
    gx_status status = GX_OK;
    if (fstat(fd, &about) != 0) {
        status = gx_fail_errno(file->err, errno, "cannot look at", file->path);
    } else if (!S_ISREG(about.st_mode)) {
        status = corrupt(file, "not a regular file");
    } else if (about.st_size < GX__LENGTH_BYTES) {
        status = corrupt(file, "shorter than the 8 bytes of its header's length");
    } else {
        void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            status = gx_fail_errno(file->err, errno, "cannot map", file->path);
        } else {
            file->map = map;
            file->map_bytes = (uint64_t)about.st_size;
        }
    }
    close(fd);
    return status;
}

static gx_status find_header(reader *file) {
    uint64_t size;
    memcpy(&size, file->map, sizeof size);
    if (size > file->map_bytes - GX__LENGTH_BYTES) {
        return corrupt(file, "its header is said to be longer than the file");
    }
    if (size > GX__HEADER_MAX) {
        return corrupt(file, "its header is longer than 16 MiB");
    }
    file->header = file->map + GX__LENGTH_BYTES;
    file->header_bytes = size;
    file->data = file->header + size;
    file->data_bytes = file->map_bytes - GX__LENGTH_BYTES - size;
    return GX_OK;
}

static bool read_count(uint64_t *out, const gx_value *value) {
    if (value->type != GX_INT || value->as.integer < 0) {
        return false;
    }
    *out = (uint64_t)value->as.integer;
    return true;
}

static bool read_dtype(gx_dtype *out, const gx_value *value) {
    for (int i = 0; value->type == GX_TEXT && i < GX_DTYPE_COUNT; i++) {
        if (gx_slice_is(slice_of(value), gx_dtype_name((gx_dtype)i))) {
            *out = (gx_dtype)i;
            return true;
        }
    }
    return false;
}

static bool read_shape(tensor *out, const gx_value *shape) {
    if (shape->type != GX_LIST || shape->size < 1 || shape->size > 2) {
        return false;
    }
    out->rank = shape->size;
    out->shape[1] = 1;
    return read_count(&out->shape[0], &shape->as.items[0]) &&
           (out->rank == 1 || read_count(&out->shape[1], &shape->as.items[1]));
}

static gx_status check_name(const reader *file, gx_slice name) {
    gx_status status = is_pad(name) ? GX_OK : gx__array_name_check(name.data, name.size, NULL);
    return status == GX_OK ? GX_OK : corrupt_tensor(file, name, "not a name that is allowed");
}

static gx_status read_tensor(tensor *out, const reader *file, const gx_pair *pair) {
    const gx_value *about = &pair->value, *dtype, *shape, *offsets;
    uint64_t bytes;
    out->name = slice_of(&pair->key);
    gx_status status = check_name(file, out->name);
    if (status != GX_OK) {
        return status;
    }
    dtype = gx_map_get(about, "dtype");
    shape = gx_map_get(about, "shape");
    offsets = gx_map_get(about, "data_offsets");
    if (dtype == NULL || shape == NULL || offsets == NULL || about->size != 3) {
        return corrupt_tensor(file, out->name, "needs dtype, shape and data_offsets, and no more");
    }
    if (!read_dtype(&out->dtype, dtype)) {
        return corrupt_tensor(file, out->name,
                              "its dtype is not U8, I32, U32, I64, U64, F32 or F64");
    }
    if (!read_shape(out, shape)) {
        return corrupt_tensor(file, out->name, "its shape is not one or two counts");
    }
    if (offsets->type != GX_LIST || offsets->size != 2 ||
        !read_count(&out->begin, &offsets->as.items[0]) ||
        !read_count(&out->end, &offsets->as.items[1]) || out->begin > out->end ||
        out->end > file->data_bytes) {
        return corrupt_tensor(file, out->name, "its data_offsets do not lie in the file");
    }
    if (!gx__array_bytes(&bytes, out->dtype, out->rank, out->shape) ||
        bytes != out->end - out->begin) {
        return corrupt_tensor(file, out->name, "its shape and its data_offsets disagree");
    }
    return GX_OK;
}

static int tensor_order(const void *left, const void *right) {
    const tensor *a = left, *b = right;
    if (a->begin != b->begin) {
        return a->begin < b->begin ? -1 : 1;
    }
    return a->end < b->end ? -1 : a->end > b->end;
}

/* The data must be covered from end to end, each byte once: no overlap, no hole, no rest. */
static gx_status check_cover(const reader *file, const tensor *tensors, size_t count) {
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (tensors[i].begin != at) {
            return corrupt_tensor(file, tensors[i].name,
                                  tensors[i].begin < at ? "overlaps the one before it"
                                                        : "leaves a hole before it");
        }
        at = tensors[i].end;
    }
    return at == file->data_bytes ? GX_OK : corrupt(file, "bytes after the last array");
}

static gx_status read_tensors(tensor **out, size_t *out_count, const reader *file,
                              const gx_value *header) {
    size_t count = 0;
    gx_status status = GX_OK;
    if (header->size > GX__TENSORS_MAX) {
        return corrupt(file, "more arrays than are allowed");
    }
    tensor *tensors = gx_alloc0(header->size + 1u, sizeof *tensors);
    if (tensors == NULL) {
        return gx_fail_memory(file->err, header->size * sizeof *tensors);
    }
    for (uint32_t i = 0; i < header->size && status == GX_OK; i++) {
        const gx_pair *pair = &header->as.pairs[i];
        if (!gx_slice_is(slice_of(&pair->key), GX__METADATA)) {
            status = read_tensor(&tensors[count++], file, pair);
        }
    }
    if (status == GX_OK) {
        qsort(tensors, count, sizeof *tensors, tensor_order);
        status = check_cover(file, tensors, count);
    }
    if (status != GX_OK) {
        gx_free(tensors);
        return status;
    }
    *out = tensors;
    *out_count = count;
    return GX_OK;
}

/* ---- arrays and notes ---------------------------------------------------------------------------
 */

static gx_status add_tensor(gx_arrays *arrays, const reader *file, const tensor *from) {
    char name[GX__ARRAY_NAME_MAX + 1];
    gx_array *row;
    const char *data = file->data + from->begin;
    bool aligned = (uintptr_t)data % GX__ALIGNMENT == 0;
    snprintf(name, sizeof name, "%.*s", (int)from->name.size, from->name.data);
    gx_status status = gx__arrays_insert(&row, arrays, name, from->dtype, from->rank, from->shape,
                                         aligned ? (void *)(uintptr_t)data : NULL, file->err);
    if (status == GX_CONFLICT) {
        return corrupt_tensor(file, from->name, "is there twice");
    }
    if (status == GX_OK && !aligned) {
        memcpy(row->data, data, (size_t)row->bytes);
    }
    return status;
}

static gx_status add_note(gx_arrays *arrays, const reader *file, const gx_pair *pair) {
    gx_slice key = slice_of(&pair->key);
    if (pair->value.type != GX_TEXT || memchr(key.data, 0, key.size) != NULL ||
        memchr(pair->value.as.text, 0, pair->value.size) != NULL) {
        return corrupt(file, "its metadata are not all text");
    }
    char *copy = gx_alloc(key.size + pair->value.size + 2, 1);
    if (copy == NULL) {
        return gx_fail_memory(file->err, pair->value.size);
    }
    char *text = copy + key.size + 1;
    snprintf(copy, key.size + 1, "%.*s", (int)key.size, key.data);
    snprintf(text, pair->value.size + 1u, "%.*s", (int)pair->value.size, pair->value.as.text);
    gx_status status = gx_arrays_note(arrays, copy, text, file->err);
    gx_free(copy);
    return status == GX_BAD_REQUEST ? corrupt(file, "its metadata hold a key that is not allowed")
                                    : status;
}

static gx_status add_notes(gx_arrays *arrays, const reader *file, const gx_value *metadata) {
    if (metadata->type != GX_MAP || metadata->size > GX__TENSORS_MAX) {
        return corrupt(file, "its metadata are not a map of moderate size");
    }
    for (uint32_t i = 0; i < metadata->size; i++) {
        const gx_pair *pair = &metadata->as.pairs[i];
        if (!gx__key_is_hash(pair->key.as.text, pair->key.size)) {
            gx_status status = add_note(arrays, file, pair);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    return GX_OK;
}

/* ---- hashes -----------------------------------------------------------------------------------
 */

static bool hash_is(const void *data, uint64_t bytes, gx_slice wanted) {
    char hex[GX__HASH_DIGITS + 1];
    uint64_t ignored = 0;
    return gx__hash_hex(hex, data, bytes, NULL, &ignored, NULL) == GX_OK &&
           gx_slice_is(wanted, hex);
}

static gx_status verify_header(const reader *file) {
    size_t start = strlen(GX__HEADER_START);
    if (file->header_bytes < start + GX__HASH_DIGITS ||
        memcmp(file->header, GX__HEADER_START, start) != 0) {
        return corrupt(file, "arrays have hashes but its header has none");
    }
    char *copy = gx_alloc((size_t)file->header_bytes, 1);
    if (copy == NULL) {
        return gx_fail_memory(file->err, (size_t)file->header_bytes);
    }
    memcpy(copy, file->header, (size_t)file->header_bytes);
    memcpy(copy + start, GX__HEADER_ZEROS, GX__HASH_DIGITS);
    bool same =
        hash_is(copy, file->header_bytes, (gx_slice){file->header + start, GX__HASH_DIGITS});
    gx_free(copy);
    return same ? GX_OK : corrupt(file, "the hash of its header is not what was written");
}

static gx_status verify_pads(const reader *file, const tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (uint64_t at = tensors[i].begin; is_pad(tensors[i].name) && at < tensors[i].end; at++) {
            if (file->data[at] != 0) {
                return corrupt_tensor(file, tensors[i].name, "a filler that is not all zeros");
            }
        }
    }
    return GX_OK;
}

/* Compares every hash there is. A file without any (written by somebody else) passes; one where
 * some are missing does not. */
static gx_status verify_hashes(const gx_arrays *arrays, const reader *file,
                               const gx_value *metadata) {
    size_t hashes = 0, prefix = strlen(GX__HASH_PREFIX);
    bool own = false;
    for (uint32_t i = 0; metadata != NULL && i < metadata->size; i++) {
        const gx_pair *pair = &metadata->as.pairs[i];
        char name[GX__ARRAY_NAME_MAX + 1];
        gx_slice key = slice_of(&pair->key);
        if (!gx__key_is_hash(key.data, key.size)) {
            continue;
        }
        own = true;
        if (key.size <= prefix) {
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(key.size - prefix), key.data + prefix);
        const gx_array *array = gx_arrays_find(arrays, name);
        if (array == NULL || pair->value.type != GX_TEXT) {
            return corrupt_tensor(file, key, "a hash of nothing");
        }
        if (!hash_is(array->data, array->bytes, slice_of(&pair->value))) {
            return corrupt_tensor(file, gx_slice_of(array->name),
                                  "its data are not what was written (XXH3-64 differs)");
        }
        hashes++;
    }
    if (own && hashes != arrays->count) {
        return corrupt(file, "some arrays have no hash");
    }
    return own ? verify_header(file) : GX_OK;
}

static gx_status verify_all(const gx_arrays *arrays, const reader *file, const tensor *tensors,
                            size_t count, const gx_value *metadata) {
    gx_status status = verify_hashes(arrays, file, metadata);
    return status == GX_OK ? verify_pads(file, tensors, count) : status;
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

static gx_status read_header(gx_value *out, gx_arena *arena, const reader *file) {
    gx_error why = {0};
    gx_status status = gx_json_read(out, arena, file->header, (size_t)file->header_bytes, &why);
    if (status == GX_NO_MEMORY) {
        return gx_fail_memory(file->err, (size_t)file->header_bytes);
    }
    if (status != GX_OK) {
        return corrupt(file, why.message);
    }
    return out->type == GX_MAP ? GX_OK : corrupt(file, "its header is not a JSON object");
}

static gx_status read_all(gx_arrays *arrays, reader *file, bool verify, gx_arena *arena) {
    gx_value header;
    tensor *tensors = NULL;
    size_t count = 0;
    gx_status status;
    GX_TRY(find_header(file));
    GX_TRY(read_header(&header, arena, file));
    GX_TRY(read_tensors(&tensors, &count, file, &header));
    for (size_t i = 0; i < count; i++) {
        if (!is_pad(tensors[i].name)) {
            GX_TRY(add_tensor(arrays, file, &tensors[i]));
        }
    }
    const gx_value *metadata = gx_map_get(&header, GX__METADATA);
    if (metadata != NULL) {
        GX_TRY(add_notes(arrays, file, metadata));
    }
    if (verify) {
        GX_TRY(verify_all(arrays, file, tensors, count, metadata));
    }
done:
    gx_free(tensors);
    return status;
}

gx_status gx_safetensors_open(gx_arrays **out, const char *path, bool verify, gx_error *err) {
    reader file = {.path = path, .err = err};
    gx_arrays *arrays = NULL;
    gx_status status;
    gx_arena *arena = gx_arena_create();
    if (arena == NULL) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(gx_arrays_create(&arrays, err));
    GX_TRY(map_file(&file));
    arrays->map = (void *)(uintptr_t)file.map;
    arrays->map_bytes = (size_t)file.map_bytes;
    GX_TRY(read_all(arrays, &file, verify, arena));
    *out = arrays;
    arrays = NULL;
done:
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    return status;
}
