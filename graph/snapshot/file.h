/* Inside the room only: a file that appears whole or not at all. What is written goes to a
 * temporary name in the same directory; commit syncs it, renames it and syncs the directory, so
 * that after a crash at any moment the name holds either the old content or all of the new. */
#ifndef GX_SNAPSHOT_FILE_H
#define GX_SNAPSHOT_FILE_H

#include "graph/base/base.h"

#include <limits.h>

#define GX__TEMP_SUFFIX ".tmp"

typedef struct gx__file {
    int fd; /* -1: closed */
    char path[PATH_MAX], temp[PATH_MAX];
} gx__file;

GX_MUST_CHECK gx_status gx__file_begin(gx__file *out, const char *path, gx_error *err);
GX_MUST_CHECK gx_status gx__file_write(gx__file *file, const void *bytes, size_t size,
                                       gx_error *err);
GX_MUST_CHECK gx_status gx__file_commit(gx__file *file, gx_error *err);
void gx__file_abandon(gx__file *file); /* after a commit: does nothing */

/* snprintf of a path; GX_OVER_LIMIT where it is too long for the system. */
GX_MUST_CHECK gx_status gx__path_join(char out[PATH_MAX], const char *folder, const char *name,
                                      gx_error *err);

#endif
