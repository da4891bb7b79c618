/* Snapshots on disk: `models/NNNNNN.safetensors` in the store's directory, and `models/CURRENT`
 * that names the one served. Written beside, synced, renamed; each array's xxHash (XXH3-64) and the
 * recipe are in the header's metadata. The file format is safetensors, with arrays at 64-byte
 * offsets. */
#ifndef GX_SNAPSHOT_SNAPSHOT_H
#define GX_SNAPSHOT_SNAPSHOT_H

#include "graph/snapshot/arrays.h"

/* Writes `arrays` to `path` as one safetensors file (temporary name, fsync, rename). */
GX_MUST_CHECK gx_status gx_safetensors_write(const char *path, const gx_arrays *arrays, gx_job *job,
                                             gx_error *err);
/* Maps a file read-only. `verify` reads it all and compares the hashes; without it only the header
 * is checked (sizes, offsets, overlaps, holes, names). corrupt says which array. A file of another
 * writer has no hashes to compare, and arrays of it that are not at a multiple of 64 are copied. */
GX_MUST_CHECK gx_status gx_safetensors_open(gx_arrays **out, const char *path, bool verify,
                                            gx_error *err);

/* A published snapshot in use. Counted: the file stays mapped until the last holder lets go. */
typedef struct gx_snapshot gx_snapshot;

typedef struct gx_snapshot_info {
    uint32_t number; /* 1, 2, … */
    bool current;
    int64_t made_ms;
    uint64_t bytes;
    char version[32]; /* of guanxi */
    uint64_t state;   /* of the store it was made from */
} gx_snapshot_info;

/* Writes the next number and makes it CURRENT where `promote`. Notes the version as "guanxi"; the
 * caller notes the "state" of the store (a decimal number) and, where the time the file was written
 * should not be the file's own, "made" (Unix milliseconds). busy: another process publishes. On any
 * failure (a full disk is GX_IO) the old CURRENT stands and no partial file is left. */
GX_MUST_CHECK gx_status gx_snapshot_publish(uint32_t *out_number, const char *store_path,
                                            gx_arrays *arrays, bool promote, gx_job *job,
                                            gx_error *err);
/* number 0: CURRENT. not_found where there is none; corrupt. Verifies the hashes. */
GX_MUST_CHECK gx_status gx_snapshot_open(gx_snapshot **out, const char *store_path, uint32_t number,
                                         gx_error *err);
gx_snapshot *gx_snapshot_hold(gx_snapshot *snapshot);
void gx_snapshot_release(gx_snapshot *snapshot); /* accepts NULL */
const gx_arrays *gx_snapshot_arrays(const gx_snapshot *snapshot);
uint32_t gx_snapshot_number(const gx_snapshot *snapshot);

/* Newest first; allocated with gx_alloc, the caller frees it. Damaged files are listed with bytes
 * and an empty version. */
GX_MUST_CHECK gx_status gx_snapshot_list(gx_snapshot_info **out, size_t *out_count,
                                         const char *store_path, gx_error *err);
GX_MUST_CHECK gx_status gx_snapshot_promote(const char *store_path, uint32_t number, gx_error *err);
/* To the snapshot that was current before; conflict where there is none. */
GX_MUST_CHECK gx_status gx_snapshot_rollback(uint32_t *out_number, const char *store_path,
                                             gx_error *err);
/* 0 where there is none. */
uint32_t gx_snapshot_current(const char *store_path);
/* Removes all but the newest `keep` (at least one), the current one and the one before it. Who
 * holds one that is removed keeps it until release. */
GX_MUST_CHECK gx_status gx_snapshot_prune(size_t *out_removed, const char *store_path,
                                          uint32_t keep, gx_error *err);

#endif
