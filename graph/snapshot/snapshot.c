/* Published snapshots: a folder `models` in the store's directory with numbered files and CURRENT.
 *
 * CURRENT is a short text, one number a line: the snapshot served, then those that were served
 * before it, newest first. Promoting puts a line on top, rolling back takes one off. It is replaced
 * by a rename, so a reader sees the old list or the new one. Whoever changes anything holds a lock
 * on the folder (flock on the directory itself: nothing to clean up after a crash); readers take
 * none. */
#include "graph/snapshot/snapshot.h"
#include "graph/snapshot/file.h"
#include "graph/snapshot/set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".safetensors"
enum { HISTORY_MAX = 16, NAME_BYTES = 32, DIGITS = 6 };

struct gx_snapshot {
    gx_arrays *arrays;
    uint32_t number;
    atomic_uint holders;
};

/* What CURRENT says: numbers[0] is served. */
typedef struct history {
    uint32_t numbers[HISTORY_MAX];
    size_t count;
} history;

/* ---- names ---------------------------------------------------------------------------------- */

static gx_status path_of(char out[PATH_MAX], const char *store_path, const char *name,
                         gx_error *err) {
    char relative[NAME_BYTES + 16];
    snprintf(relative, sizeof relative, "models/%s", name);
    return gx__path_join(out, store_path, relative, err);
}

static gx_status path_of_number(char out[PATH_MAX], const char *store_path, uint32_t number,
                                gx_error *err) {
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%0*" PRIu32 SUFFIX, DIGITS, number);
    return path_of(out, store_path, name, err);
}

/* A number as it is written, "000007" and no other way; 0 where it is none. */
static uint32_t parse_number(const char *text, size_t size) {
    char again[NAME_BYTES];
    uint64_t number = 0;
    if (size < DIGITS || size > 10) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    int length = snprintf(again, sizeof again, "%0*" PRIu64, DIGITS, number);
    return number < UINT32_MAX && (size_t)length == size ? (uint32_t)number : 0;
}

static uint32_t number_of_name(const char *name) {
    size_t size = strlen(name), suffix = strlen(SUFFIX);
    if (size <= suffix || strcmp(name + size - suffix, SUFFIX) != 0) {
        return 0;
    }
    return parse_number(name, size - suffix);
}

/* ---- the folder ------------------------------------------------------------------------------ */

static int newest_first(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a > b ? -1 : a < b;
}

static gx_status numbers_add(uint32_t **io_numbers, size_t *io_count, uint32_t number,
                             gx_error *err) {
    size_t room = gx_alloc_size(*io_numbers) / sizeof **io_numbers;
    if (*io_count == room) {
        uint32_t *more = gx_realloc(*io_numbers, room * 2 + 16, sizeof *more);
        if (more == NULL) {
            return gx_fail_memory(err, room * sizeof *more);
        }
        *io_numbers = more;
    }
    (*io_numbers)[(*io_count)++] = number;
    return GX_OK;
}

/* The numbers of all snapshot files, newest first; none where the folder is not there. */
static gx_status find_numbers(uint32_t **out, size_t *out_count, const char *store_path,
                              gx_error *err) {
    char folder[PATH_MAX];
    uint32_t *numbers = NULL;
    size_t count = 0;
    gx_status status = gx__path_join(folder, store_path, "models", err);
    if (status != GX_OK) {
        return status;
    }
    DIR *dir = opendir(folder);
    if (dir == NULL && errno != ENOENT) {
        return gx_fail_errno(err, errno, "cannot open", folder);
    }
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        uint32_t number = number_of_name(entry->d_name);
        if (number != 0) {
            GX_TRY(numbers_add(&numbers, &count, number, err));
        }
    }
    if (count > 0) {
        qsort(numbers, count, sizeof *numbers, newest_first);
    }
    *out = numbers;
    *out_count = count;
    numbers = NULL;
done:
    if (dir != NULL) {
        closedir(dir);
    }
    gx_free(numbers);
    return status;
}

/* Opens and locks the folder, making it where needed. */
static gx_status lock_folder(int *out_fd, const char *store_path, gx_error *err) {
    char folder[PATH_MAX];
    gx_status status = gx__path_join(folder, store_path, "models", err);
    if (status != GX_OK) {
        return status;
    }
    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        return gx_fail_errno(err, errno, "cannot make", folder);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return gx_fail_errno(err, errno, "cannot open", folder);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int number = errno;
        close(fd);
        return number == EWOULDBLOCK
                   ? gx_fail_at(err, GX_BUSY, folder, "another process is changing the snapshots")
                   : gx_fail_errno(err, number, "cannot lock", folder);
    }
    *out_fd = fd;
    return GX_OK;
}

static void unlock_folder(int fd) {
    if (fd >= 0) {
        close(fd);
    }
}

/* Under the lock nobody writes, so what is half-written is left over from a crash. */
static void remove_leftovers(int folder_fd) {
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t size = strlen(entry->d_name), suffix = strlen(GX__TEMP_SUFFIX);
        if (size > suffix && strcmp(entry->d_name + size - suffix, GX__TEMP_SUFFIX) == 0) {
            unlinkat(folder_fd, entry->d_name, 0);
        }
    }
    closedir(dir);
}

/* ---- CURRENT --------------------------------------------------------------------------------- */

/* Lines that are not numbers end the list: a damaged CURRENT is read as far as it is whole. */
static history history_parse(const char *text, size_t size) {
    history out = {.count = 0};
    size_t at = 0;
    while (at < size && out.count < HISTORY_MAX) {
        const char *end = memchr(text + at, '\n', size - at);
        uint32_t number = end == NULL ? 0 : parse_number(text + at, (size_t)(end - text) - at);
        if (number == 0) {
            break;
        }
        out.numbers[out.count++] = number;
        at = (size_t)(end - text) + 1;
    }
    return out;
}

static gx_status history_read(history *out, const char *store_path, gx_error *err) {
    char path[PATH_MAX], text[HISTORY_MAX * 12];
    gx_status status = path_of(path, store_path, "CURRENT", err);
    if (status != GX_OK) {
        return status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        *out = (history){.count = 0};
        return GX_OK;
    }
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);
    int number = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (size < 0) {
        return gx_fail_errno(err, number, "cannot read", path);
    }
    *out = history_parse(text, (size_t)size);
    if (out->count == 0) {
        return gx_fail_at(err, GX_CORRUPT, path, "does not begin with the number of a snapshot");
    }
    return GX_OK;
}

static gx_status history_write(const char *store_path, const history *list, gx_error *err) {
    char path[PATH_MAX], text[HISTORY_MAX * 12];
    size_t size = 0;
    gx__file file = {.fd = -1};
    gx_status status;
    for (size_t i = 0; i < list->count; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%0*" PRIu32 "\n", DIGITS,
                                 list->numbers[i]);
    }
    GX_TRY(path_of(path, store_path, "CURRENT", err));
    GX_TRY(gx__file_begin(&file, path, err));
    GX_TRY(gx__file_write(&file, text, size, err));
    GX_TRY(gx__file_commit(&file, err));
done:
    gx__file_abandon(&file);
    return status;
}

/* Puts `number` on top; where it was further down it is not there twice. */
static void history_push(history *list, uint32_t number) {
    history out = {.numbers = {number}, .count = 1};
    for (size_t i = 0; i < list->count && out.count < HISTORY_MAX; i++) {
        if (list->numbers[i] != number) {
            out.numbers[out.count++] = list->numbers[i];
        }
    }
    *list = out;
}

uint32_t gx_snapshot_current(const char *store_path) {
    history list;
    return history_read(&list, store_path, NULL) == GX_OK && list.count > 0 ? list.numbers[0] : 0;
}

/* ---- publishing -------------------------------------------------------------------------------
 */

/* One more than any that is there or was named by CURRENT, so that a number is never used twice. */
static gx_status next_number(uint32_t *out, const char *store_path, const history *list,
                             gx_error *err) {
    uint32_t *numbers = NULL, largest = 0;
    size_t count = 0;
    gx_status status = find_numbers(&numbers, &count, store_path, err);
    if (status != GX_OK) {
        return status;
    }
    if (count > 0) {
        largest = numbers[0];
    }
    for (size_t i = 0; i < list->count; i++) {
        largest = list->numbers[i] > largest ? list->numbers[i] : largest;
    }
    gx_free(numbers);
    *out = largest + 1;
    return GX_OK;
}

gx_status gx_snapshot_publish(uint32_t *out_number, const char *store_path, gx_arrays *arrays,
                              bool promote, gx_job *job, gx_error *err) {
    char path[PATH_MAX];
    history list = {.count = 0};
    uint32_t number;
    int lock = -1;
    gx_status status;
    GX_TRY(lock_folder(&lock, store_path, err));
    remove_leftovers(lock);
    status = history_read(&list, store_path, err);
    if (status == GX_CORRUPT) {
        list.count = 0; /* a new snapshot is the way out of a damaged CURRENT */
    } else if (status != GX_OK) {
        goto done;
    }
    GX_TRY(next_number(&number, store_path, &list, err));
    GX_TRY(path_of_number(path, store_path, number, err));
    GX_TRY(gx_arrays_note(arrays, "guanxi", gx_version(), err));
    GX_TRY(gx_safetensors_write(path, arrays, job, err));
    if (promote) {
        history_push(&list, number);
        GX_TRY(history_write(store_path, &list, err));
    }
    *out_number = number;
done:
    unlock_folder(lock);
    return status;
}

/* ---- opening ----------------------------------------------------------------------------------
 */

gx_status gx_snapshot_open(gx_snapshot **out, const char *store_path, uint32_t number,
                           gx_error *err) {
    char path[PATH_MAX];
    history list;
    if (number == 0) {
        gx_status status = history_read(&list, store_path, err);
        if (status != GX_OK) {
            return status;
        }
        if (list.count == 0) {
            return gx_fail(err, GX_NOT_FOUND, "the store %s has no snapshot yet; build one",
                           store_path);
        }
        number = list.numbers[0];
    }
    gx_status status = path_of_number(path, store_path, number, err);
    if (status != GX_OK) {
        return status;
    }
    gx_snapshot *snapshot = gx_alloc0(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return gx_fail_memory(err, sizeof *snapshot);
    }
    status = gx_safetensors_open(&snapshot->arrays, path, true, err);
    if (status != GX_OK) {
        gx_free(snapshot);
        return status == GX_NOT_FOUND
                   ? gx_fail_at(err, GX_NOT_FOUND, path, "there is no snapshot %u: no file %s",
                                (unsigned)number, path)
                   : status;
    }
    snapshot->number = number;
    atomic_init(&snapshot->holders, 1);
    *out = snapshot;
    return GX_OK;
}

gx_snapshot *gx_snapshot_hold(gx_snapshot *snapshot) {
    atomic_fetch_add_explicit(&snapshot->holders, 1, memory_order_relaxed);
    return snapshot;
}

void gx_snapshot_release(gx_snapshot *snapshot) {
    if (snapshot != NULL &&
        atomic_fetch_sub_explicit(&snapshot->holders, 1, memory_order_acq_rel) == 1) {
        gx_arrays_destroy(snapshot->arrays);
        gx_free(snapshot);
    }
}

const gx_arrays *gx_snapshot_arrays(const gx_snapshot *snapshot) {
    return snapshot->arrays;
}

uint32_t gx_snapshot_number(const gx_snapshot *snapshot) {
    return snapshot->number;
}

/* ---- listing, promoting, rolling back
 * ------------------------------------------------------------ */

static int64_t note_int(const gx_arrays *arrays, const char *key, int64_t otherwise) {
    const char *text = gx_arrays_noted(arrays, key);
    int64_t value;
    return text != NULL && gx_parse_int(gx_slice_of(text), &value) ? value : otherwise;
}

/* *there is false where the file went away meanwhile. One that is damaged is told by what the file
 * system knows; no_memory is not. */
static gx_status describe(gx_snapshot_info *out, bool *there, const char *path, uint32_t number,
                          gx_error *err) {
    struct stat about;
    gx_arrays *arrays;
    *there = stat(path, &about) == 0;
    if (!*there) {
        return GX_OK;
    }
    *out = (gx_snapshot_info){.number = number,
                              .bytes = (uint64_t)about.st_size,
                              .made_ms = (int64_t)about.st_mtim.tv_sec * 1000 +
                                         about.st_mtim.tv_nsec / 1000000};
    const gx_status status = gx_safetensors_open(&arrays, path, false, err);
    if (status == GX_OK) {
        const char *version = gx_arrays_noted(arrays, "guanxi");
        snprintf(out->version, sizeof out->version, "%s", version != NULL ? version : "unknown");
        out->state = (uint64_t)note_int(arrays, "state", 0);
        out->made_ms = note_int(arrays, "made", out->made_ms);
        gx_arrays_destroy(arrays);
    }
    return status == GX_NO_MEMORY ? status : GX_OK;
}

gx_status gx_snapshot_list(gx_snapshot_info **out, size_t *out_count, const char *store_path,
                           gx_error *err) {
    char path[PATH_MAX];
    uint32_t *numbers = NULL, current = gx_snapshot_current(store_path);
    gx_snapshot_info *infos = NULL;
    size_t count = 0, kept = 0;
    gx_status status;
    GX_TRY(find_numbers(&numbers, &count, store_path, err));
    infos = gx_alloc0(count + 1, sizeof *infos);
    if (infos == NULL) {
        status = gx_fail_memory(err, count * sizeof *infos);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        bool there;
        GX_TRY(path_of_number(path, store_path, numbers[i], err));
        GX_TRY(describe(&infos[kept], &there, path, numbers[i], err));
        if (there) {
            infos[kept].current = numbers[i] == current;
            kept++;
        }
    }
    *out = infos;
    *out_count = kept;
    infos = NULL;
done:
    gx_free(infos);
    gx_free(numbers);
    return status;
}

/* What is to be served must be whole. */
static gx_status check_whole(const char *store_path, uint32_t number, gx_error *err) {
    gx_snapshot *snapshot;
    gx_status status = gx_snapshot_open(&snapshot, store_path, number, err);
    if (status == GX_OK) {
        gx_snapshot_release(snapshot);
    } else if (status == GX_NOT_FOUND) {
        return gx_fail(err, GX_NOT_FOUND, "there is no snapshot %" PRIu32 " in %s", number,
                       store_path);
    }
    return status;
}

gx_status gx_snapshot_promote(const char *store_path, uint32_t number, gx_error *err) {
    history list = {.count = 0};
    int lock = -1;
    gx_status status;
    if (number == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "number", "snapshots are numbered from 1");
    }
    GX_TRY(check_whole(store_path, number, err));
    GX_TRY(lock_folder(&lock, store_path, err));
    status = history_read(&list, store_path, err);
    if (status == GX_CORRUPT) {
        list.count = 0;
    } else if (status != GX_OK) {
        goto done;
    }
    history_push(&list, number);
    GX_TRY(history_write(store_path, &list, err));
done:
    unlock_folder(lock);
    return status;
}

gx_status gx_snapshot_rollback(uint32_t *out_number, const char *store_path, gx_error *err) {
    history list = {.count = 0};
    int lock = -1;
    gx_status status;
    GX_TRY(lock_folder(&lock, store_path, err));
    GX_TRY(history_read(&list, store_path, err));
    if (list.count < 2) {
        status = gx_fail(err, GX_CONFLICT, "no snapshot was served before the present one in %s",
                         store_path);
        goto done;
    }
    memmove(list.numbers, list.numbers + 1, (list.count - 1) * sizeof *list.numbers);
    list.count--;
    GX_TRY(check_whole(store_path, list.numbers[0], err));
    GX_TRY(history_write(store_path, &list, err));
    *out_number = list.numbers[0];
done:
    unlock_folder(lock);
    return status;
}

/* Which of the snapshots stay: the newest `keep` (at least one, so that its number is not given
 * again), the one that is served and the one before it. */
static bool is_kept(const history *list, size_t place, uint32_t number, uint32_t keep) {
    return place == 0 || place < keep || (list->count > 0 && number == list->numbers[0]) ||
           (list->count > 1 && number == list->numbers[1]);
}

static gx_status remove_number(const char *store_path, uint32_t number, gx_error *err) {
    char path[PATH_MAX];
    gx_status status = path_of_number(path, store_path, number, err);
    if (status == GX_OK && unlink(path) != 0) {
        status = gx_fail_errno(err, errno, "cannot remove", path);
    }
    return status;
}

/* Takes the numbers that go out of CURRENT first: a rollback never meets one that is gone. */
static gx_status forget_numbers(const char *store_path, history *list, const uint32_t *numbers,
                                size_t count, uint32_t keep, gx_error *err) {
    history left = {.count = 0};
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (numbers[k] == list->numbers[i] && is_kept(list, k, numbers[k], keep)) {
                left.numbers[left.count++] = numbers[k];
            }
        }
    }
    return left.count == 0 || left.count == list->count ? GX_OK
                                                        : history_write(store_path, &left, err);
}

gx_status gx_snapshot_prune(size_t *out_removed, const char *store_path, uint32_t keep,
                            gx_error *err) {
    history list = {.count = 0};
    uint32_t *numbers = NULL;
    size_t count = 0, removed = 0;
    int lock = -1;
    gx_status status;
    GX_TRY(lock_folder(&lock, store_path, err));
    remove_leftovers(lock);
    /* A damaged CURRENT is an error here: not knowing what is served, nothing may go. */
    GX_TRY(history_read(&list, store_path, err));
    GX_TRY(find_numbers(&numbers, &count, store_path, err));
    GX_TRY(forget_numbers(store_path, &list, numbers, count, keep, err));
    for (size_t i = 0; i < count; i++) {
        if (!is_kept(&list, i, numbers[i], keep)) {
            GX_TRY(remove_number(store_path, numbers[i], err));
            removed++;
        }
    }
    *out_removed = removed;
done:
    gx_free(numbers);
    unlock_folder(lock);
    return status;
}
