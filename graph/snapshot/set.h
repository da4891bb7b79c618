/* Inside the room only: what a set of arrays is made of. */
#ifndef GX_SNAPSHOT_SET_H
#define GX_SNAPSHOT_SET_H

#include "graph/snapshot/arrays.h"

typedef struct gx_note {
    char *key, *text;
} gx_note;

typedef struct gx_row {
    gx_array array;
    bool borrowed; /* the data lie in the mapped file */
} gx_row;

/* Rows and notes are kept sorted by name; rows are pointers so that a gx_array stays where it is
 * while the set grows. A set that maps a file owns the mapping and takes no new rows. */
struct gx_arrays {
    gx_row **rows;
    size_t count, capacity;
    gx_note *notes;
    size_t note_count, note_capacity;
    void *map; /* NULL: the set lives in memory */
    size_t map_bytes;
};

#define GX__ARRAYS_MAX 4096 /* in one set */
#define GX__ARRAY_NAME_MAX 255
#define GX__PAD_PREFIX '~' /* of the filler tensors in a file */
/* Keys of the file's metadata that are not notes: the hash of the header, and of each array. */
#define GX__HASH_KEY "xxh3"
#define GX__HASH_PREFIX GX__HASH_KEY "."

/* A new row that borrows `data`, or where that is NULL owns cleared memory. */
GX_MUST_CHECK gx_status gx__arrays_insert(gx_array **out, gx_arrays *arrays, const char *name,
                                          gx_dtype dtype, uint32_t rank, const uint64_t shape[2],
                                          void *data, gx_error *err);
/* Bytes of an array of this shape; false where they do not fit a size_t. */
bool gx__array_bytes(uint64_t *out, gx_dtype dtype, uint32_t rank, const uint64_t shape[2]);
GX_MUST_CHECK gx_status gx__array_name_check(const char *name, size_t size, gx_error *err);

/* Whether the key of a file's metadata holds a hash. */
bool gx__key_is_hash(const char *key, size_t size);

#endif
