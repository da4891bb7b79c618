/* Named arrays: the one form in which everything computed is handed on. A pass gives them, a later
 * pass needs them, a snapshot file is a set of them, and what is served reads them. */
#ifndef GX_SNAPSHOT_ARRAYS_H
#define GX_SNAPSHOT_ARRAYS_H

#include "graph/base/job.h"

/* X(NAME, safetensors name, bytes) */
#define GX_DTYPE_MAP(X)                                                                            \
    X(U8, "U8", 1)                                                                                 \
    X(I32, "I32", 4)                                                                               \
    X(U32, "U32", 4)                                                                               \
    X(I64, "I64", 8)                                                                               \
    X(U64, "U64", 8)                                                                               \
    X(F32, "F32", 4)                                                                               \
    X(F64, "F64", 8)

typedef enum gx_dtype {
#define X(name, text, bytes) GX_##name,
    GX_DTYPE_MAP(X)
#undef X
        GX_DTYPE_COUNT
} gx_dtype;

size_t gx_dtype_bytes(gx_dtype dtype);
const char *gx_dtype_name(gx_dtype dtype);

typedef struct gx_array {
    const char *name; /* "pagerank.score": instance of the pass, dot, what it is */
    gx_dtype dtype;
    uint32_t rank;     /* 1 or 2 */
    uint64_t shape[2]; /* shape[1] is 1 where the rank is 1 */
    void *data;        /* 64-byte aligned; read-only where the set is a mapped file */
    uint64_t bytes;
} gx_array;

typedef struct gx_arrays gx_arrays;

GX_MUST_CHECK gx_status gx_arrays_create(gx_arrays **out, gx_error *err);
void gx_arrays_destroy(gx_arrays *arrays); /* accepts NULL */
/* The same while the job goes on that they were charged to (may be NULL): it gets back what they
 * held. */
void gx_arrays_drop(gx_arrays *arrays, gx_job *job);
size_t gx_arrays_count(const gx_arrays *arrays);
const gx_array *gx_arrays_at(const gx_arrays *arrays, size_t i);           /* in name order */
const gx_array *gx_arrays_find(const gx_arrays *arrays, const char *name); /* NULL: none */

uint64_t gx_arrays_bytes(const gx_arrays *arrays); /* of the data of all arrays together */

/* Adds a cleared array; `out_data` is the address of the caller's typed pointer. conflict: the name
 * is taken, or the set is a mapped file. cols 0 makes it rank 1 (shape[1] is then 1). The memory is
 * charged to the job (may be NULL) and stays charged, since arrays outlive their job, until
 * gx_arrays_drop. */
GX_MUST_CHECK gx_status gx_arrays_add(void *out_data, gx_arrays *arrays, const char *name,
                                      gx_dtype dtype, uint64_t rows, uint64_t cols, gx_job *job,
                                      gx_error *err);
GX_MUST_CHECK gx_status gx_arrays_remove(gx_arrays *arrays, const char *name, gx_error *err);
/* Moves every array and note of `from` into `into` (replacing those of the same name) and empties
 * it: all of them, or on failure none. */
GX_MUST_CHECK gx_status gx_arrays_move(gx_arrays *into, gx_arrays *from, gx_error *err);

/* The data where the array is there with this type and, unless 0, this many rows; else NULL. */
const void *gx_arrays_get(const gx_arrays *arrays, const char *name, gx_dtype dtype, uint64_t rows);
/* How many rows the array has; 0: it is not there. */
uint64_t gx_arrays_rows(const gx_arrays *arrays, const char *name);
/* The same as a requirement: not_found or corrupt, with the name, type and shape in the message. */
GX_MUST_CHECK gx_status gx_arrays_need(void *out_data, const gx_arrays *arrays, const char *name,
                                       gx_dtype dtype, uint64_t rows, gx_error *err);

/* What is followed is checked first, since arrays may come from a file that somebody else wrote:
 * whether ptr[0 … rows] begins at 0, never falls and ends at `entries`, */
bool gx_row_ptr_is_valid(const uint64_t *ptr, uint64_t rows, uint64_t entries);
/* and whether every number is below the limit. */
bool gx_all_below(const uint32_t *number, uint64_t count, uint32_t limit);

/* Small text beside the arrays: the recipe, seeds, versions. Copied; replaces what was noted under
 * the key. The keys "xxh3" and "xxh3.…" are the file format's own. */
GX_MUST_CHECK gx_status gx_arrays_note(gx_arrays *arrays, const char *key, const char *text,
                                       gx_error *err);
const char *gx_arrays_noted(const gx_arrays *arrays, const char *key); /* NULL: none */

#endif
