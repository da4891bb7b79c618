/* Inputs of the benchmarks, read by the import into a throwaway store, so that what is measured was
 * read as users' files are. */
#include "api/build/build.h"
#include "bench/bench.h"
#include "datasets/datasets.h"
#include "graph/import/import.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

/* ---- a store for a moment
 * ------------------------------------------------------------------------ */

typedef gx_status (*txn_fn)(void *user, gx_txn *txn, gx_error *err);

/* Hands a read transaction on the store to `fn`. */
static gx_status with_own_store(const char *path, txn_fn fn, void *user, gx_error *err) {
    gx_status status = GX_OK;
    gx_store *store = NULL;
    gx_txn *txn = NULL;
    gx_store_options options = {.read_only = true};
    GX_TRY(gx_store_open(&store, path, &options, err));
    GX_TRY(gx_txn_read(&txn, store, err));
    GX_TRY(fn(user, txn, err));
done:
    gx_txn_abort(txn);
    gx_store_close(store);
    return status;
}

/* The same with what the import makes of `path` under `preset`. */
static gx_status with_store(const char *path, const char *preset, const char *action, txn_fn fn,
                            void *user, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_store *store = NULL;
    gx_import_report report;
    char folder[GX_FOLDER_MAX];
    status = gx_folder_make(folder, sizeof folder, err);
    if (status != GX_OK) {
        return status;
    }
    gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    gx_import_options how = {
        .preset = preset, .action = action, .rejects = "/dev/null", .tie_kind = "follow"};
    GX_TRY(gx_store_open(&store, folder, &options, err));
    GX_TRY(gx_import_file(&report, store, path, &how, job, err));
    gx_store_close(store);
    store = NULL;
    GX_TRY(with_own_store(folder, fn, user, err));
done:
    gx_store_close(store);
    gx_folder_remove(folder);
    return status;
}

static bool is_store(const char *path) {
    char file[4096];
    struct stat info;
    int size = snprintf(file, sizeof file, "%s/data.mdb", path);
    return size > 0 && (size_t)size < sizeof file && stat(file, &info) == 0;
}

/* ---- graphs
 * -------------------------------------------------------------------------------------- */

typedef struct collect {
    gx_bench_arcs *arcs;
    uint64_t capacity;
} collect;

static gx_status add_arc(void *user, const gx_tie *tie, gx_error *err) {
    collect *c = user;
    if (c->arcs->m == c->capacity) {
        return gx_fail(err, GX_INTERNAL, "more ties than were counted");
    }
    c->arcs->src[c->arcs->m] = tie->src;
    c->arcs->dst[c->arcs->m++] = tie->dst;
    return GX_OK;
}

enum { LABEL_NAMES_MAX = 1024, LABEL_BYTES_MAX = 48 };

typedef struct label_names {
    char name[LABEL_NAMES_MAX][LABEL_BYTES_MAX];
    uint32_t count;
} label_names;

/* A number below n is itself; other text is numbered as it comes. */
static bool number_label(uint32_t *out, label_names *names, gx_slice text, uint32_t n) {
    int64_t number;
    if (gx_parse_int(text, &number)) {
        *out = (uint32_t)number;
        return number >= 0 && number < n;
    }
    if (text.size == 0 || text.size >= LABEL_BYTES_MAX) {
        return false;
    }
    uint32_t at = 0;
    while (at < names->count && !gx_slice_is(text, names->name[at])) {
        at++;
    }
    if (at == names->count) {
        if (at == LABEL_NAMES_MAX || at >= n) {
            return false;
        }
        memcpy(names->name[at], text.data, text.size);
        names->name[at][text.size] = '\0';
        names->count++;
    }
    *out = at;
    return true;
}

/* labels.txt or labels.txt.gz in the folder of `path`, "node label" a line, labels numbers below n
 * or names. A node without a line has GX_NONE; where no node has a label, there are none. */
static gx_status read_labels(gx_bench_arcs *arcs, const char *path, gx_txn *txn, gx_error *err) {
    char name[4200], line[256];
    label_names names = {.count = 0};
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    snprintf(name, sizeof name, "%.*slabels.txt.gz", folder, path);
    gzFile file = gzopen(name, "rb"); /* reads plain text too */
    if (!file) {
        snprintf(name, sizeof name, "%.*slabels.txt", folder, path);
        file = gzopen(name, "rb");
    }
    if (!file) {
        return GX_OK;
    }
    uint32_t *labels = gx_alloc(arcs->n + 1u, sizeof *labels);
    if (!labels) {
        gzclose(file);
        return gx_fail_memory(err, arcs->n * sizeof *labels);
    }
    memset(labels, 0xff, (arcs->n + 1u) * sizeof *labels);
    bool any = false;
    while (gzgets(file, line, sizeof line)) {
        uint32_t node, label;
        gx_slice word = {line, strcspn(line, " \t,")};
        const char *rest = line + word.size + strspn(line + word.size, " \t,");
        if (number_label(&label, &names, (gx_slice){rest, strcspn(rest, " \t\r\n")}, arcs->n) &&
            gx_word_find(&node, txn, GX_SPACE_USER, word) == GX_OK) {
            labels[node] = label;
            any = true;
        }
    }
    gzclose(file);
    if (!any) {
        gx_free(labels);
        labels = NULL;
    }
    arcs->label = labels;
    return GX_OK;
}

typedef struct arcs_take {
    gx_bench_arcs *arcs;
    const char *path;
} arcs_take;

static gx_status take_arcs(void *user, gx_txn *txn, gx_error *err) {
    const arcs_take *take = user;
    gx_bench_arcs *arcs = take->arcs;
    collect c = {arcs, gx_tie_count(txn)};
    arcs->n = gx_word_count(txn, GX_SPACE_USER);
    arcs->src = gx_alloc(c.capacity + 1, sizeof *arcs->src);
    arcs->dst = gx_alloc(c.capacity + 1, sizeof *arcs->dst);
    if (!arcs->src || !arcs->dst) {
        return gx_fail_memory(err, c.capacity * 8);
    }
    gx_status status = gx_tie_each(txn, add_arc, &c, err);
    if (status == GX_OK) {
        arcs->hash = gx_bench_hash(gx_bench_hash(arcs->n, arcs->src, arcs->m * sizeof *arcs->src),
                                   arcs->dst, arcs->m * sizeof *arcs->dst);
        status = read_labels(arcs, take->path, txn, err);
    }
    return status;
}

/* The folder's name for edges.txt.gz, else the file's own. */
static void name_graph(char *out, size_t size, const char *path) {
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    char *slash = strrchr(copy, '/');
    char *base = slash ? slash + 1 : copy;
    if (strncmp(base, "edges", 5) == 0 && slash) {
        for (*slash = '\0'; slash > copy && slash[-1] == '/'; slash--) {
            slash[-1] = '\0'; /* of "folder/" */
        }
        char *parent = strrchr(copy, '/');
        base = parent ? parent + 1 : copy;
    } else {
        base[strcspn(base, ".")] = '\0';
    }
    snprintf(out, size, "%.60s", base);
}

static gx_status one_graph(const char *path, gx_bench_arcs_fn fn, void *user, gx_job *job,
                           gx_error *err) {
    gx_bench_arcs arcs = {0};
    name_graph(arcs.name, sizeof arcs.name, path);
    arcs_take take = {&arcs, path};
    gx_status status = is_store(path) ? with_own_store(path, take_arcs, &take, err)
                                      : with_store(path, "snap", NULL, take_arcs, &take, job, err);
    if (status == GX_OK) {
        status = fn(user, &arcs, err);
    }
    gx_free(arcs.src);
    gx_free(arcs.dst);
    gx_free(arcs.label);
    return status;
}

static int is_wanted(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

gx_status gx_bench_each_graph(const char *path, gx_bench_arcs_fn fn, void *user, gx_job *job,
                              gx_error *err) {
    struct stat info;
    if (stat(path, &info) != 0) {
        return gx_fail_errno(err, errno, "reading", path);
    }
    if (!S_ISDIR(info.st_mode) || is_store(path)) {
        return one_graph(path, fn, user, job, err);
    }
    struct dirent **entries;
    int count = scandir(path, &entries, is_wanted, alphasort);
    if (count < 0) {
        return gx_fail_errno(err, errno, "reading", path);
    }
    gx_status status = GX_OK;
    for (int i = 0; i < count; i++) {
        char below[4096];
        int size = snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        bool fits = size > 0 && (size_t)size < sizeof below;
        if (status == GX_OK && fits && stat(below, &info) == 0 &&
            (S_ISDIR(info.st_mode) || strncmp(entries[i]->d_name, "edges", 5) == 0)) {
            status = gx_bench_each_graph(below, fn, user, job, err);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* ---- matrices and shops
 * ------------------------------------------------------------------------------ */

typedef struct matrix_take {
    gx_matrix *out;
    gx_job *job;
} matrix_take;

static gx_status take_matrix(void *user, gx_txn *txn, gx_error *err) {
    matrix_take *take = user;
    gx_rules rules;
    gx_event_view view = {0};
    gx_status status = gx_rules_load(&rules, txn, err);
    if (status == GX_OK) {
        status = gx_view_events(take->out, txn, &rules, &view, take->job, err);
        gx_rules_finish(&rules);
    }
    return status;
}

gx_status gx_bench_matrix(gx_matrix *out, const char *path, gx_job *job, gx_error *err) {
    matrix_take take = {out, job};
    return with_store(path, "lightgcn", "buy", take_matrix, &take, job, err);
}

gx_status gx_bench_shop(const char *folder, uint32_t users, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_db *db = NULL;
    char data[4096], path[4096];
    gx_shop_options shop = {.users = users, .seed = 1};
    gx_db_options options = {.create = true};
    gx_build_options build = {.promote = true};
    gx_build_result built;
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(path, sizeof path, "%s/shop.gx", folder);
    GX_TRY(gx_shop_write(data, &shop, job, err));
    GX_TRY(gx_db_open(&db, path, &options, err));
    GX_TRY(gx_import_folder(gx_db_store(db), data, &(gx_import_options){0}, NULL, NULL, job, err));
    GX_TRY(gx_build(&built, db, &build, job, err));
done:
    gx_db_close(db);
    return status;
}
