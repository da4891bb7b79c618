/* Inside the room only: the constants of the file format that writer and reader share.
 *
 *   8 bytes   length of the header, little-endian
 *   header    JSON, padded with spaces so that the data begin at a multiple of 64
 *   data      every array at a multiple of 64; between them filler tensors "~pad.N" of zeros, since
 *             the official readers accept no holes
 *
 * The header begins with `{"__metadata__":{"xxh3":"<16 hex digits>"`: XXH3-64 of the header with
 * those digits as zeros. "xxh3.NAME" is XXH3-64 of the array's bytes. */
#ifndef GX_SNAPSHOT_FORMAT_H
#define GX_SNAPSHOT_FORMAT_H

#include "graph/snapshot/set.h"

enum {
    GX__LENGTH_BYTES = 8,
    GX__ALIGNMENT = 64,
    GX__HASH_DIGITS = 16,
    GX__CHUNK_BYTES = 1 << 22, /* hashed or written between two looks at the job */
    GX__HEADER_MAX = 16 << 20, /* a few hundred arrays take 100 kB */
    GX__TENSORS_MAX = 2 * GX__ARRAYS_MAX
};

#define GX__METADATA "__metadata__"
#define GX__HEADER_START "{\"" GX__METADATA "\":{\"" GX__HASH_KEY "\":\""
#define GX__HEADER_ZEROS "0000000000000000"

/* XXH3-64 as in Python's xxhash.xxh3_64(data).hexdigest(). `job` may be NULL. */
GX_MUST_CHECK gx_status gx__hash_hex(char out[GX__HASH_DIGITS + 1], const void *data,
                                     uint64_t bytes, gx_job *job, uint64_t *io_done, gx_error *err);

#endif
