/* A set of named arrays in memory: a vector of rows sorted by name, so that a look-up is a binary
 * search, and every walk and every file is in the same order whatever order the rows came in.
 * Adding is O(count) pointer moves; sets hold tens to a few hundred arrays. */
#include "graph/snapshot/set.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[GX_DTYPE_COUNT] = {
#define X(name, text, bytes) {text, bytes},
    GX_DTYPE_MAP(X)
#undef X
};

size_t gx_dtype_bytes(gx_dtype dtype) {
    return dtypes[dtype].bytes;
}

const char *gx_dtype_name(gx_dtype dtype) {
    return dtypes[dtype].name;
}

gx_status gx_arrays_create(gx_arrays **out, gx_error *err) {
    gx_arrays *arrays = gx_alloc0(1, sizeof *arrays);
    if (arrays == NULL) {
        return gx_fail_memory(err, sizeof *arrays);
    }
    *out = arrays;
    return GX_OK;
}

static void row_destroy(gx_row *row) {
    if (!row->borrowed) {
        gx_free(row->array.data);
    }
    gx_free((void *)(uintptr_t)row->array.name);
    gx_free(row);
}

void gx_arrays_destroy(gx_arrays *arrays) {
    if (arrays == NULL) {
        return;
    }
    for (size_t i = 0; i < arrays->count; i++) {
        row_destroy(arrays->rows[i]);
    }
    for (size_t i = 0; i < arrays->note_count; i++) {
        gx_free(arrays->notes[i].key);
        gx_free(arrays->notes[i].text);
    }
    gx_free(arrays->rows);
    gx_free(arrays->notes);
    if (arrays->map != NULL) {
        munmap(arrays->map, arrays->map_bytes);
    }
    gx_free(arrays);
}

void gx_arrays_drop(gx_arrays *arrays, gx_job *job) {
    if (arrays && job) {
        gx_job_refund(job, gx_arrays_bytes(arrays));
    }
    gx_arrays_destroy(arrays);
}

size_t gx_arrays_count(const gx_arrays *arrays) {
    return arrays->count;
}

const gx_array *gx_arrays_at(const gx_arrays *arrays, size_t i) {
    return i < arrays->count ? &arrays->rows[i]->array : NULL;
}

uint64_t gx_arrays_bytes(const gx_arrays *arrays) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < arrays->count; i++) {
        bytes += arrays->rows[i]->array.bytes;
    }
    return bytes;
}

/* Where `name` is, or would go. */
static size_t row_lower_bound(const gx_arrays *arrays, const char *name, bool *found) {
    size_t low = 0, high = arrays->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(arrays->rows[middle]->array.name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < arrays->count && strcmp(arrays->rows[low]->array.name, name) == 0;
    return low;
}

const gx_array *gx_arrays_find(const gx_arrays *arrays, const char *name) {
    bool found;
    size_t at = row_lower_bound(arrays, name, &found);
    return found ? &arrays->rows[at]->array : NULL;
}

bool gx__array_bytes(uint64_t *out, gx_dtype dtype, uint32_t rank, const uint64_t shape[2]) {
    uint64_t cells = shape[0];
    if (rank == 2 && __builtin_mul_overflow(cells, shape[1], &cells)) {
        return false;
    }
    return !__builtin_mul_overflow(cells, (uint64_t)gx_dtype_bytes(dtype), out) &&
           *out <= SIZE_MAX / 2;
}

gx_status gx__array_name_check(const char *name, size_t size, gx_error *err) {
    char quoted[80];
    bool plain = size >= 1 && size <= GX__ARRAY_NAME_MAX && gx_utf8_is_valid(name, size);
    for (size_t i = 0; plain && i < size; i++) {
        plain = (unsigned char)name[i] >= ' ' && name[i] != 0x7f;
    }
    if (!plain || name[0] == GX__PAD_PREFIX || (size >= 2 && memcmp(name, "__", 2) == 0)) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "array name %s is not 1 to %d bytes of UTF-8 without control characters, "
                       "not beginning with ~ or __",
                       gx_quote(quoted, sizeof quoted, name, size), GX__ARRAY_NAME_MAX);
    }
    return GX_OK;
}

/* Room for `more` rows beyond those that are there. */
static gx_status rows_reserve(gx_arrays *arrays, size_t more, gx_error *err) {
    size_t need = arrays->count + more;
    if (need > GX__ARRAYS_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "%zu arrays in one set, at most %d are allowed", need,
                       GX__ARRAYS_MAX);
    }
    if (need <= arrays->capacity) {
        return GX_OK;
    }
    size_t capacity = need + need / 2 + 8;
    gx_row **rows = gx_realloc(arrays->rows, capacity, sizeof *rows);
    if (rows == NULL) {
        return gx_fail_memory(err, capacity * sizeof *rows);
    }
    arrays->rows = rows;
    arrays->capacity = capacity;
    return GX_OK;
}

static void row_place(gx_arrays *arrays, size_t at, gx_row *row) {
    memmove(arrays->rows + at + 1, arrays->rows + at, (arrays->count - at) * sizeof *arrays->rows);
    arrays->rows[at] = row;
    arrays->count++;
}

gx_status gx__arrays_insert(gx_array **out, gx_arrays *arrays, const char *name, gx_dtype dtype,
                            uint32_t rank, const uint64_t shape[2], void *data, gx_error *err) {
    uint64_t bytes;
    bool found;
    size_t at = row_lower_bound(arrays, name, &found);
    if (found) {
        return gx_fail(err, GX_CONFLICT, "array \"%s\" is there already", name);
    }
    if (!gx__array_bytes(&bytes, dtype, rank, shape)) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "array \"%s\" of %" PRIu64 " × %" PRIu64 " %s is more than memory can hold",
                       name, shape[0], rank == 2 ? shape[1] : 1, gx_dtype_name(dtype));
    }
    gx_status status = rows_reserve(arrays, 1, err);
    if (status != GX_OK) {
        return status;
    }
    gx_row *row = gx_alloc0(1, sizeof *row);
    char *copy = gx_strdup(name);
    /* An empty array has a data pointer too, since NULL means "not there" to gx_arrays_get. */
    void *block = data != NULL ? data : gx_alloc0(bytes > 0 ? (size_t)bytes : 1, 1);
    if (row == NULL || copy == NULL || block == NULL) {
        gx_free(row);
        gx_free(copy);
        if (data == NULL) {
            gx_free(block);
        }
        return gx_fail_memory(err, (size_t)bytes);
    }
    row->borrowed = data != NULL;
    row->array = (gx_array){.name = copy,
                            .dtype = dtype,
                            .rank = rank,
                            .shape = {shape[0], rank == 2 ? shape[1] : 1},
                            .data = block,
                            .bytes = bytes};
    row_place(arrays, at, row);
    *out = &row->array;
    return GX_OK;
}

static gx_status check_writable(const gx_arrays *arrays, gx_error *err) {
    if (arrays->map != NULL) {
        return gx_fail(err, GX_CONFLICT, "the arrays are a file mapped read-only");
    }
    return GX_OK;
}

gx_status gx_arrays_add(void *out_data, gx_arrays *arrays, const char *name, gx_dtype dtype,
                        uint64_t rows, uint64_t cols, gx_job *job, gx_error *err) {
    uint32_t rank = cols > 0 ? 2 : 1;
    uint64_t shape[2] = {rows, cols > 0 ? cols : 1};
    uint64_t bytes = 0;
    gx_array *row;
    gx_status status = check_writable(arrays, err);
    if (status == GX_OK) {
        status = gx__array_name_check(name, strlen(name), err);
    }
    if (status != GX_OK) {
        return status;
    }
    bool counted = job != NULL && gx__array_bytes(&bytes, dtype, rank, shape);
    if (counted) {
        status = gx_job_charge(job, bytes, err);
        if (status != GX_OK) {
            return status;
        }
    }
    status = gx__arrays_insert(&row, arrays, name, dtype, rank, shape, NULL, err);
    if (status != GX_OK) {
        if (counted) {
            gx_job_refund(job, bytes);
        }
        return status;
    }
    memcpy(out_data, &row->data, sizeof row->data);
    return GX_OK;
}

gx_status gx_arrays_remove(gx_arrays *arrays, const char *name, gx_error *err) {
    bool found;
    gx_status status = check_writable(arrays, err);
    if (status != GX_OK) {
        return status;
    }
    size_t at = row_lower_bound(arrays, name, &found);
    if (!found) {
        return gx_fail(err, GX_NOT_FOUND, "there is no array \"%s\"", name);
    }
    row_destroy(arrays->rows[at]);
    arrays->count--;
    memmove(arrays->rows + at, arrays->rows + at + 1, (arrays->count - at) * sizeof *arrays->rows);
    return GX_OK;
}

/* ---- notes ------------------------------------------------------------------------------ */

static size_t note_lower_bound(const gx_arrays *arrays, const char *key, bool *found) {
    size_t low = 0, high = arrays->note_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(arrays->notes[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < arrays->note_count && strcmp(arrays->notes[low].key, key) == 0;
    return low;
}

static gx_status notes_reserve(gx_arrays *arrays, size_t more, gx_error *err) {
    size_t need = arrays->note_count + more;
    if (need <= arrays->note_capacity) {
        return GX_OK;
    }
    size_t capacity = need + need / 2 + 8;
    gx_note *notes = gx_realloc(arrays->notes, capacity, sizeof *notes);
    if (notes == NULL) {
        return gx_fail_memory(err, capacity * sizeof *notes);
    }
    arrays->notes = notes;
    arrays->note_capacity = capacity;
    return GX_OK;
}

/* Takes over key and text; there is room. */
static void note_place(gx_arrays *arrays, gx_note note) {
    bool found;
    size_t at = note_lower_bound(arrays, note.key, &found);
    if (found) {
        gx_free(arrays->notes[at].key);
        gx_free(arrays->notes[at].text);
    } else {
        memmove(arrays->notes + at + 1, arrays->notes + at,
                (arrays->note_count - at) * sizeof *arrays->notes);
        arrays->note_count++;
    }
    arrays->notes[at] = note;
}

bool gx__key_is_hash(const char *key, size_t size) {
    size_t prefix = strlen(GX__HASH_KEY);
    return size >= prefix && memcmp(key, GX__HASH_KEY, prefix) == 0 &&
           (size == prefix || key[prefix] == '.');
}

gx_status gx_arrays_note(gx_arrays *arrays, const char *key, const char *text, gx_error *err) {
    char quoted[80];
    if (key[0] == '\0' || gx__key_is_hash(key, strlen(key)) ||
        !gx_utf8_is_valid(key, strlen(key))) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "note key %s is empty, not UTF-8, " GX__HASH_KEY
                       " or begins with " GX__HASH_PREFIX,
                       gx_quote(quoted, sizeof quoted, key, strlen(key)));
    }
    if (!gx_utf8_is_valid(text, strlen(text))) {
        return gx_fail(err, GX_BAD_REQUEST, "note \"%s\" is not UTF-8", key);
    }
    gx_status status = notes_reserve(arrays, 1, err);
    if (status != GX_OK) {
        return status;
    }
    gx_note note = {.key = gx_strdup(key), .text = gx_strdup(text)};
    if (note.key == NULL || note.text == NULL) {
        gx_free(note.key);
        gx_free(note.text);
        return gx_fail_memory(err, strlen(text));
    }
    note_place(arrays, note);
    return GX_OK;
}

const char *gx_arrays_noted(const gx_arrays *arrays, const char *key) {
    bool found;
    size_t at = note_lower_bound(arrays, key, &found);
    return found ? arrays->notes[at].text : NULL;
}

/* ---- moving and reading --------------------------------------------------------------------- */

gx_status gx_arrays_move(gx_arrays *into, gx_arrays *from, gx_error *err) {
    if (into == from) {
        return GX_OK;
    }
    gx_status status = check_writable(into, err);
    if (status == GX_OK) {
        status = check_writable(from, err);
    }
    /* All room is made first, so that what follows cannot fail half-way. */
    if (status == GX_OK) {
        status = rows_reserve(into, from->count, err);
    }
    if (status == GX_OK) {
        status = notes_reserve(into, from->note_count, err);
    }
    if (status != GX_OK) {
        return status;
    }
    for (size_t i = 0; i < from->count; i++) {
        bool found;
        size_t at = row_lower_bound(into, from->rows[i]->array.name, &found);
        if (found) {
            row_destroy(into->rows[at]);
            into->rows[at] = from->rows[i];
        } else {
            row_place(into, at, from->rows[i]);
        }
    }
    for (size_t i = 0; i < from->note_count; i++) {
        note_place(into, from->notes[i]);
    }
    from->count = from->note_count = 0;
    return GX_OK;
}

const void *gx_arrays_get(const gx_arrays *arrays, const char *name, gx_dtype dtype,
                          uint64_t rows) {
    const gx_array *row = gx_arrays_find(arrays, name);
    if (row == NULL || row->dtype != dtype || (rows != 0 && row->shape[0] != rows)) {
        return NULL;
    }
    return row->data;
}

uint64_t gx_arrays_rows(const gx_arrays *arrays, const char *name) {
    const gx_array *row = gx_arrays_find(arrays, name);
    return row ? row->shape[0] : 0;
}

bool gx_row_ptr_is_valid(const uint64_t *ptr, uint64_t rows, uint64_t entries) {
    bool valid = ptr[0] == 0 && ptr[rows] == entries;
    for (uint64_t r = 0; r < rows; r++) {
        valid &= ptr[r] <= ptr[r + 1];
    }
    return valid;
}

bool gx_all_below(const uint32_t *number, uint64_t count, uint32_t limit) {
    bool below = true;
    for (uint64_t k = 0; k < count; k++) {
        below &= number[k] < limit;
    }
    return below;
}

gx_status gx_arrays_need(void *out_data, const gx_arrays *arrays, const char *name, gx_dtype dtype,
                         uint64_t rows, gx_error *err) {
    const gx_array *row = gx_arrays_find(arrays, name);
    if (row == NULL) {
        return gx_fail(err, GX_NOT_FOUND, "array \"%s\" is not there", name);
    }
    if (row->dtype != dtype || (rows != 0 && row->shape[0] != rows)) {
        char wanted[32] = "any number of";
        if (rows != 0) {
            snprintf(wanted, sizeof wanted, "%" PRIu64, rows);
        }
        return gx_fail(err, GX_CORRUPT,
                       "array \"%s\" has %" PRIu64 " rows of %s where %s rows of %s are needed",
                       name, row->shape[0], gx_dtype_name(row->dtype), wanted,
                       gx_dtype_name(dtype));
    }
    /* A void ** in disguise: the caller's pointer has its own type. */
    memcpy(out_data, &row->data, sizeof row->data);
    return GX_OK;
}
