/* Copies of a whole store: backup, restore, compact. All three write beside and rename at the end,
 * so that a copy is whole or not there.
 */
#include "graph/store/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4352, COPY_BYTES = 1 << 18 };

/* ---- files ------------------------------------------------------------------------------- */

/* A path too long for the system comes out empty, and is then not found. */
static void join(char out[PATH_BYTES], const char *directory, const char *name) {
    int size = snprintf(out, PATH_BYTES, "%s/%s", directory, name);
    if (size < 0 || size >= PATH_BYTES) {
        out[0] = 0;
    }
}

static gx_status sync_path(const char *path, gx_error *err) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return gx_fail_errno(err, errno, "opening", path);
    }
    int code = fsync(file) == 0 ? 0 : errno;
    close(file);
    return code ? gx_fail_errno(err, code, "syncing", path) : GX_OK;
}

static gx_status copy_bytes(int to, int from, const char *path, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    char *bytes = gx_alloc(COPY_BYTES, 1);
    if (!bytes) {
        return gx_fail_memory(err, COPY_BYTES);
    }
    for (ssize_t size; (size = read(from, bytes, COPY_BYTES)) != 0;) {
        if (size < 0) {
            status = gx_fail_errno(err, errno, "reading", path);
            goto done;
        }
        for (ssize_t done = 0, wrote; done < size; done += wrote) {
            wrote = write(to, bytes + done, (size_t)(size - done));
            if (wrote < 0) {
                status = gx_fail_errno(err, errno, "copying", path);
                goto done;
            }
        }
        if (job) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    status = fsync(to) == 0 ? GX_OK : gx_fail_errno(err, errno, "copying", path);
done:
    gx_free(bytes);
    return status;
}

static gx_status copy_file(const char *to, const char *from, gx_job *job, gx_error *err) {
    gx_status status;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return gx_fail_errno(err, errno, "opening", from);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out < 0) {
        status = gx_fail_errno(err, errno, "making", to);
    } else {
        status = copy_bytes(out, in, to, job, err);
        close(out);
    }
    close(in);
    return status;
}

/* The files of a flat directory; what is no plain file is left. `first` (may be NULL) goes first.
 */
static gx_status copy_files(const char *to, const char *from, const char *first, gx_job *job,
                            gx_error *err) {
    char source[PATH_BYTES], target[PATH_BYTES];
    struct stat info;
    gx_status status = GX_OK;
    DIR *directory = opendir(from);
    if (!directory) {
        return errno == ENOENT ? GX_OK : gx_fail_errno(err, errno, "opening", from);
    }
    if (mkdir(to, 0755) != 0) {
        status = gx_fail_errno(err, errno, "making", to);
        goto done;
    }
    join(source, from, first);
    if (stat(source, &info) == 0) {
        join(target, to, first);
        GX_TRY(copy_file(target, source, job, err));
    }
    for (const struct dirent *e; (e = readdir(directory));) {
        join(source, from, e->d_name);
        join(target, to, e->d_name);
        if (strcmp(e->d_name, first) != 0 && stat(source, &info) == 0 && S_ISREG(info.st_mode)) {
            GX_TRY(copy_file(target, source, job, err));
        }
    }
    status = sync_path(to, err);
done:
    closedir(directory);
    return status;
}

static void remove_files(const char *path) {
    char file[PATH_BYTES];
    DIR *directory = opendir(path);
    if (!directory) {
        return;
    }
    for (const struct dirent *e; (e = readdir(directory));) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            join(file, path, e->d_name);
            unlink(file);
        }
    }
    closedir(directory);
    rmdir(path);
}

/* A copy that was not finished: its models, then the rest. */
static void remove_copy(const char *path) {
    char models[PATH_BYTES];
    join(models, path, "models");
    remove_files(models);
    remove_files(path);
}

static gx_status sync_parent(const char *path, gx_error *err) {
    char parent[PATH_BYTES];
    snprintf(parent, sizeof parent, "%s", path);
    size_t size = strlen(parent);
    while (size > 1 && parent[size - 1] == '/') {
        parent[--size] = 0;
    }
    char *slash = strrchr(parent, '/');
    if (!slash) {
        snprintf(parent, sizeof parent, ".");
    } else {
        slash[slash == parent] = 0;
    }
    return sync_path(parent, err);
}

/* ---- backup ------------------------------------------------------------------------------ */

static gx_status check_target(const char *path, gx_error *err) {
    struct stat info;
    if (strlen(path) > 3800 || !*path) {
        return gx_fail(err, GX_BAD_REQUEST, "a path has 1 to 3800 bytes, this one %zu",
                       strlen(path));
    }
    if (stat(path, &info) != 0) {
        return errno == ENOENT ? GX_OK : gx_fail_errno(err, errno, "looking at", path);
    }
    size_t entries = 0;
    DIR *directory = S_ISDIR(info.st_mode) ? opendir(path) : NULL;
    while (directory && readdir(directory)) {
        entries++;
    }
    if (directory) {
        closedir(directory);
    }
    return entries == 2
               ? GX_OK /* "." and ".." */
               : gx_fail(err, GX_CONFLICT,
                         "%s is there already; a copy goes to a new or empty directory", path);
}

/* Store first, models after: a snapshot is never older than it has to be, and CURRENT is read
 * before the list of files, so that what it names is among them. */
static gx_status fill_copy(gx_store *store, const char *copy, gx_job *job, gx_error *err) {
    char from[PATH_BYTES], to[PATH_BYTES];
    gx_status status = GX_OK;
    GX__MDB(store, mdb_env_copy2(store->env, copy, MDB_CP_COMPACT), "copying");
    join(to, copy, "data.mdb");
    GX_TRY(sync_path(to, err));
    if (job) {
        GX_TRY(gx_job_check(job, err));
    }
    join(from, store->path, "models");
    join(to, copy, "models");
    GX_TRY(copy_files(to, from, "CURRENT", job, err));
    GX_TRY(sync_path(copy, err));
done:
    return status;
}

gx_status gx_store_backup(gx_store *store, const char *to_path, gx_job *job, gx_error *err) {
    char copy[PATH_BYTES];
    gx_status status = check_target(to_path, err);
    if (status != GX_OK) {
        return status;
    }
    if (job) {
        gx_job_stage(job, "copying the store", 0);
    }
    size_t size = strlen(to_path);
    while (size > 1 && to_path[size - 1] == '/') {
        size--;
    }
    snprintf(copy, sizeof copy, "%.*s.partial-%ld", (int)size, to_path, (long)getpid());
    if (mkdir(copy, 0755) != 0) {
        return gx_fail_errno(err, errno, "making", copy);
    }
    GX_TRY(fill_copy(store, copy, job, err));
    if (rename(copy, to_path) != 0) {
        status = gx_fail_errno(err, errno, "renaming", copy);
        goto done;
    }
    status = sync_parent(to_path, err);
done:
    if (status != GX_OK) {
        remove_copy(copy);
    }
    return status;
}

/* ---- restore ----------------------------------------------------------------------------- */

static void keep_first(void *user, const char *line) {
    char *first = user;
    if (!*first) {
        snprintf(first, 300, "%s", line);
    }
}

gx_status gx_store_restore(const char *from_path, const char *to_path, gx_job *job, gx_error *err) {
    const gx_store_options reading = {.read_only = true};
    char first[300] = "";
    uint64_t problems = 0;
    gx_store *store;
    gx_status status = check_target(to_path, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_store_open(&store, from_path, &reading, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx_store_check(&problems, store, job, keep_first, first, err));
    if (problems) {
        status = gx_fail(err, GX_CORRUPT, "backup %s has %llu problem%s; the first: %s", from_path,
                         (unsigned long long)problems, gx_plural(problems, "", "s"), first);
        goto done;
    }
    GX_TRY(gx_store_backup(store, to_path, job, err));
done:
    gx_store_close(store);
    return status;
}

/* ---- compact ----------------------------------------------------------------------------- */

/* LMDB keeps a shared lock on the first byte of lock.mdb in every process that has the store open;
 * to take it alone is to know that nobody has. */
static gx_status lock_alone(int *out, const char *path, gx_error *err) {
    char name[PATH_BYTES];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    join(name, path, "lock.mdb");
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) {
        return gx_fail_errno(err, errno, "opening", name);
    }
    if (fcntl(file, F_SETLK, &whole) != 0) {
        int code = errno;
        close(file);
        return code == EACCES || code == EAGAIN
                   ? gx_fail(err, GX_BUSY, "another process has store %s open", path)
                   : gx_fail_errno(err, code, "locking", name);
    }
    *out = file;
    return GX_OK;
}

/* The copy takes the place of data.mdb while nobody can open the store, if nobody wrote since. */
static gx_status swap_in(const char *path, const char *copy, uint64_t state, gx_error *err) {
    char from[PATH_BYTES], to[PATH_BYTES];
    const gx_store_options reading = {.read_only = true};
    gx_store_stats stats;
    gx_store *store;
    int lock = -1;
    gx_status status = gx_store_open(&store, path, &reading, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_store_stat(&stats, store, err);
    gx_store_close(store);
    if (status != GX_OK) {
        return status;
    }
    if (stats.state != state) {
        return gx_fail(err, GX_BUSY, "another process wrote to store %s meanwhile", path);
    }
    GX_TRY(lock_alone(&lock, path, err));
    join(from, copy, "data.mdb");
    join(to, path, "data.mdb");
    if (rename(from, to) != 0) {
        status = gx_fail_errno(err, errno, "renaming", from);
        goto done;
    }
    status = sync_path(path, err);
done:
    if (lock >= 0) {
        close(lock);
    }
    return status;
}

gx_status gx_store_compact(const char *path, gx_job *job, gx_error *err) {
    char copy[PATH_BYTES], file[PATH_BYTES];
    gx_store_stats stats;
    gx_store *store = NULL;
    gx_txn *txn = NULL;
    gx_status status = gx_store_open(&store, path, NULL, err);
    if (status != GX_OK) {
        return status;
    }
    join(copy, path, "compact");
    remove_files(copy); /* of one that was killed */
    GX_TRY(gx_txn_write(&txn, store, err));
    GX_TRY(gx_store_stat(&stats, store, err));
    if (mkdir(copy, 0755) != 0) {
        status = gx_fail_errno(err, errno, "making", copy);
        goto done;
    }
    if (job) {
        gx_job_stage(job, "compacting", 0);
    }
    GX__MDB(store, mdb_env_copy2(store->env, copy, MDB_CP_COMPACT), "compacting");
    join(file, copy, "data.mdb");
    GX_TRY(sync_path(file, err));
    gx_txn_abort(txn);
    gx_store_close(store);
    txn = NULL;
    store = NULL;
    status = swap_in(path, copy, stats.state, err);
done:
    gx_txn_abort(txn);
    gx_store_close(store);
    remove_files(copy);
    return status;
}
