/* Folders for a moment: throwaway stores, benchmarks. */
#include "graph/base/base.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

gx_status gx_folder_make(char *out, size_t out_size, gx_error *err) {
    const char *base = getenv("TMPDIR");
    int size = snprintf(out, out_size, "%s/guanxi-XXXXXX", base && *base ? base : "/tmp");
    if (size < 0 || (size_t)size >= out_size) {
        return gx_fail(err, GX_BAD_REQUEST, "TMPDIR is too long a path");
    }
    return mkdtemp(out) ? GX_OK : gx_fail_errno(err, errno, "making", out);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void gx_folder_remove(const char *path) {
    enum { FOLDERS_OPEN = 16 };
    nftw(path, remove_entry, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}
