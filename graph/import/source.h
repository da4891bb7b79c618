/* Bytes of a file, standard input or memory, unpacked on the way where they are packed. */
#ifndef GX_IMPORT_SOURCE_H
#define GX_IMPORT_SOURCE_H

#include "graph/base/base.h"

typedef struct gx__source gx__source;

/* "-" is standard input. How it is packed is read from the first bytes, never from the name.
 * not_found, io. */
GX_MUST_CHECK gx_status gx__source_open(gx__source **out, const char *path, gx_error *err);
/* Borrows `data` until closed: tests, fuzzing, and what a client sends over the wire. */
GX_MUST_CHECK gx_status gx__source_open_memory(gx__source **out, const char *data, size_t size,
                                               gx_error *err);
void gx__source_close(gx__source *source);

/* Fills `out` as far as there is anything: fewer than `size` bytes only at the end. corrupt where
 * packed bytes are damaged or end too early. */
GX_MUST_CHECK gx_status gx__source_read(size_t *out_size, gx__source *source, char *out,
                                        size_t size, gx_error *err);

const char *gx__source_path(const gx__source *source);
uint64_t gx__source_used(const gx__source *source);  /* bytes of the file read so far, as packed */
uint64_t gx__source_total(const gx__source *source); /* its size; 0: not known */

#endif
