/* Every data file of a folder. The kind of each is read from its header first, so that the files
 * can be taken in the order in which they name each other: users and items before the ties and
 * events between them. Files of one kind go by name.
 */
#include "graph/import/columns.h"
#include "graph/import/import.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct file {
    char *path;
    size_t order; /* of its kind; gx__kind_count: of none */
    gx_error why; /* none */
} file;

typedef struct folder {
    const char *path;
    const gx_import_options *options;
    file *files;
    size_t count, capacity;
} folder;

static bool ends_with(const char *name, size_t size, const char *suffix) {
    size_t length = strlen(suffix);
    return size > length && memcmp(name + size - length, suffix, length) == 0;
}

/* By its name: not hidden, not our own file of rejects, and of an ending that tables have. */
static bool is_data(const char *name) {
    static const char *const endings[] = {".csv", ".tsv", ".jsonl", ".ndjson", ".txt"};
    size_t size = strlen(name);
    if (name[0] == '.' || ends_with(name, size, ".rejects.csv")) {
        return false;
    }
    if (ends_with(name, size, ".gz")) {
        size -= strlen(".gz");
    } else if (ends_with(name, size, ".zst")) {
        size -= strlen(".zst");
    }
    for (size_t i = 0; i < GX_COUNT(endings); i++) {
        if (ends_with(name, size, endings[i])) {
            return true;
        }
    }
    return false;
}

static gx_status add_file(folder *in, const char *name, gx_error *err) {
    if (in->count == in->capacity) {
        size_t capacity = in->capacity ? in->capacity * 2 : 16;
        file *grown = gx_realloc(in->files, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        in->files = grown;
        in->capacity = capacity;
    }
    size_t size = strlen(in->path) + strlen(name) + 2;
    char *path = gx_alloc(size, 1);
    if (!path) {
        return gx_fail_memory(err, size);
    }
    snprintf(path, size, "%s/%s", in->path, name);
    in->files[in->count++] = (file){.path = path, .order = gx__kind_count};
    return GX_OK;
}

static gx_status list_files(folder *in, gx_error *err) {
    gx_status status = GX_OK;
    DIR *dir = opendir(in->path);
    if (!dir) {
        return errno == ENOENT
                   ? gx_fail_at(err, GX_NOT_FOUND, in->path, "there is no folder by this name")
                   : gx_fail_errno(err, errno, "open the folder", in->path);
    }
    for (const struct dirent *entry; status == GX_OK && (entry = readdir(dir)) != NULL;) {
        if (is_data(entry->d_name)) {
            status = add_file(in, entry->d_name, err);
        }
    }
    closedir(dir);
    return status;
}

/* Reads the header, or the first row, and no more. A file that cannot be read has no kind here. */
static gx_status find_kind(file *of, const gx_import_options *options, gx_error *err) {
    gx__source *source;
    gx__reader reader = {0};
    gx__row row;
    gx__fallback action = {"events", "action", options->action};
    const gx__format *format = NULL;
    gx__binding *binding = gx_alloc(1, sizeof *binding);
    if (!binding) {
        return gx_fail_memory(err, sizeof *binding);
    }
    if (options->preset || options->format) {
        format = gx__format_find(options->preset ? options->preset : options->format,
                                 options->preset != NULL);
    }
    gx_status status = gx__source_open(&source, of->path, &of->why);
    if (status == GX_OK) {
        status = gx__reader_open(&reader, source, format, &of->why);
    }
    if (status == GX_OK && reader.name_count == 0) {
        status = gx__reader_next(&row, &reader, &of->why);
    }
    if (status == GX_OK) {
        const char *kind = options->kind || !format ? options->kind : format->kind;
        status = gx__binding_open(binding, &reader, kind, options->map, &action,
                                  options->action ? 1 : 0, false, &of->why);
    }
    if (status == GX_OK) {
        of->order = (size_t)(binding->kind - gx__kinds);
    }
    gx__reader_finish(&reader);
    gx_free(binding);
    return status == GX_NO_MEMORY ? gx_fail_memory(err, sizeof *binding) : GX_OK;
}

static int compare_files(const void *a, const void *b) {
    const file *x = a, *y = b;
    if (x->order != y->order) {
        return x->order < y->order ? -1 : 1;
    }
    return strcmp(x->path, y->path);
}

/* Goes on after a file with rejected rows, so that one run names all that is wrong; stops at any
 * other failure. */
static gx_status import_files(const folder *in, gx_store *store, gx_import_each_fn each, void *user,
                              gx_job *job, gx_error *err) {
    gx_status result = GX_OK;
    for (size_t i = 0; i < in->count; i++) {
        const file *next = &in->files[i];
        gx_import_report report = {0};
        gx_error why = next->why;
        gx_status status = GX_OK;
        if (next->order < gx__kind_count) {
            why = (gx_error){0};
            status = gx_import_file(&report, store, next->path, in->options, job, &why);
        }
        if (each) {
            each(user, next->path, &report, status, &why);
        }
        if (status != GX_OK && err && (result == GX_OK || status != GX_REJECTED)) {
            *err = why;
        }
        if (status != GX_OK && status != GX_REJECTED) {
            return status;
        }
        result = status == GX_OK ? result : status;
    }
    return result;
}

gx_status gx_import_folder(gx_store *store, const char *path, const gx_import_options *options,
                           gx_import_each_fn each, void *user, gx_job *job, gx_error *err) {
    static const gx_import_options none = {0};
    gx_status status = GX_OK;
    folder in = {.path = path, .options = options ? options : &none};
    size_t known = 0;
    GX_TRY(list_files(&in, err));
    for (size_t i = 0; i < in.count; i++) {
        GX_TRY(find_kind(&in.files[i], in.options, err));
        known += in.files[i].order < gx__kind_count;
    }
    if (known == 0) {
        GX_TRY(gx_fail_at(err, GX_NOT_FOUND, path,
                          "no file here that can be imported: wanted are .csv, .tsv, .jsonl or "
                          ".txt, plain, .gz or .zst, with a header that names the columns of a "
                          "kind; %s",
                          in.count ? in.files[0].why.message : "there is none"));
    }
    qsort(in.files, in.count, sizeof *in.files, compare_files);
    status = import_files(&in, store, each, user, job, err);
done:
    for (size_t i = 0; i < in.count; i++) {
        gx_free(in.files[i].path);
    }
    gx_free(in.files);
    return status;
}
