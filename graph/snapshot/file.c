/* Writing beside, syncing and renaming. */
#include "graph/snapshot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

gx_status gx__path_join(char out[PATH_MAX], const char *folder, const char *name, gx_error *err) {
    int size = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (size < 0 || size >= PATH_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "the path %.60s… is longer than %d bytes", folder,
                       PATH_MAX - 1);
    }
    return GX_OK;
}

gx_status gx__file_begin(gx__file *out, const char *path, gx_error *err) {
    gx__file file = {.fd = -1};
    if (strlen(path) + sizeof GX__TEMP_SUFFIX > PATH_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "the path %.60s… is longer than %zu bytes", path,
                       PATH_MAX - sizeof GX__TEMP_SUFFIX);
    }
    snprintf(file.path, sizeof file.path, "%s", path);
    snprintf(file.temp, sizeof file.temp, "%.*s%s",
             (int)(sizeof file.temp - sizeof GX__TEMP_SUFFIX), path, GX__TEMP_SUFFIX);
    file.fd = open(file.temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (file.fd < 0) {
        return gx_fail_errno(err, errno, "cannot create", file.temp);
    }
    *out = file;
    return GX_OK;
}

gx_status gx__file_write(gx__file *file, const void *bytes, size_t size, gx_error *err) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t done = write(file->fd, at, size);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return gx_fail_errno(err, errno, "cannot write", file->temp);
        }
        at += done;
        size -= (size_t)done;
    }
    return GX_OK;
}

/* A rename is only durable once the directory that holds the name is. */
static gx_status sync_directory_of(const char *path, gx_error *err) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash == NULL ? 1 : (int)(slash - path) + 1;
    snprintf(folder, sizeof folder, "%.*s", size, slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return gx_fail_errno(err, errno, "cannot open", folder);
    }
    int result = fsync(fd), number = errno;
    close(fd);
    return result == 0 ? GX_OK : gx_fail_errno(err, number, "cannot sync", folder);
}

gx_status gx__file_commit(gx__file *file, gx_error *err) {
    if (fsync(file->fd) != 0) {
        return gx_fail_errno(err, errno, "cannot sync", file->temp);
    }
    int result = close(file->fd);
    file->fd = -1;
    if (result != 0 || rename(file->temp, file->path) != 0) {
        int number = errno;
        unlink(file->temp);
        return gx_fail_errno(err, number, "cannot put in place", file->path);
    }
    return sync_directory_of(file->path, err);
}

void gx__file_abandon(gx__file *file) {
    if (file->fd >= 0) {
        close(file->fd);
        file->fd = -1;
        unlink(file->temp);
    }
}
