/* Opening and closing: the directory, the environment, its trees, the schema. */
#include "graph/store/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READERS_MAX = 1022, DIRECTORY_MODE = 0755, FILE_MODE = 0644, BUSY_WAIT_MS = 5000 };

/* Address space, not memory: the file grows as it is written. A sanitizer's shadow leaves less. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAP_BYTES (UINT64_C(16) << 30)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAP_BYTES (UINT64_C(16) << 30)
#endif
#endif
#ifndef MAP_BYTES
#define MAP_BYTES (UINT64_C(1) << 40)
#endif
#define MAP_BYTES_MIN (UINT64_C(1) << 20)

const char *gx_space_name(gx_space space) {
    static const char *const names[] = {
#define X(name, text) text,
        GX_SPACE_MAP(X)
#undef X
    };
    return (unsigned)space < GX_SPACE_COUNT ? names[space] : "unknown";
}

const char *gx_store_path(const gx_store *store) {
    return store->path;
}

/* ---- one handle a store and process ------------------------------------------------------ */

/* LMDB's file locks belong to the process: a second environment on the same file would drop the
 * locks of the first when it is closed. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static gx_store *open_stores;

static gx_status claim(gx_store *store, gx_error *err) {
    struct stat info;
    if (stat(store->path, &info) != 0) {
        return gx_fail_errno(err, errno, "opening", store->path);
    }
    store->device = (uint64_t)info.st_dev;
    store->inode = (uint64_t)info.st_ino;
    store->process = getpid();
    bool taken = false;
    pthread_mutex_lock(&open_lock);
    for (const gx_store *s = open_stores; s; s = s->next) {
        taken |=
            s->process == store->process && s->device == store->device && s->inode == store->inode;
    }
    if (!taken) {
        store->next = open_stores;
        open_stores = store;
    }
    pthread_mutex_unlock(&open_lock);
    return taken ? gx_fail(err, GX_BUSY, "store %s is open in this process already", store->path)
                 : GX_OK;
}

static void unclaim(gx_store *store) {
    pthread_mutex_lock(&open_lock);
    for (gx_store **at = &open_stores; *at; at = &(*at)->next) {
        if (*at == store) {
            *at = store->next;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

/* ---- the directory ----------------------------------------------------------------------- */

static bool is_there(const char *directory, const char *name) {
    char path[4096];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return stat(path, &info) == 0;
}

static bool is_empty(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) {
        return false;
    }
    size_t others = 0;
    for (const struct dirent *e; (e = readdir(directory));) {
        others += e->d_name[0] != '.' && strcmp(e->d_name, "lock.mdb") != 0 &&
                  strcmp(e->d_name, "writer.lock") != 0;
    }
    closedir(directory);
    return others == 0;
}

static gx_status no_store(const char *path, const char *why, gx_error *err) {
    return gx_fail(err, GX_NOT_FOUND, "%s %s; `guanxi init %s` makes a store", path, why, path);
}

/* Makes the directory where it may, and refuses what is no store. */
static gx_status prepare(const char *path, const gx_store_options *options, gx_error *err) {
    struct stat info;
    bool create = options->create && !options->read_only;
    if (strlen(path) > 3800) {
        return gx_fail(err, GX_BAD_REQUEST, "the path of the store is %zu bytes long, at most 3800",
                       strlen(path));
    }
    if (stat(path, &info) != 0) {
        if (errno != ENOENT) {
            return gx_fail_errno(err, errno, "opening", path);
        }
        if (!create) {
            return no_store(path, "does not exist", err);
        }
        return mkdir(path, DIRECTORY_MODE) == 0 ? GX_OK : gx_fail_errno(err, errno, "making", path);
    }
    if (!S_ISDIR(info.st_mode)) {
        return create ? gx_fail(err, GX_CONFLICT, "%s is a file; a store is a directory", path)
                      : no_store(path, "is a file, not a store", err);
    }
    if (is_there(path, "data.mdb")) {
        return create && options->exclusive
                   ? gx_fail(err, GX_CONFLICT, "%s is a store already", path)
                   : GX_OK;
    }
    if (!create) {
        return no_store(path, "is a directory without a store", err);
    }
    return is_empty(path) ? GX_OK
                          : gx_fail(err, GX_CONFLICT,
                                    "%s holds other files; a store is made in a new or empty "
                                    "directory",
                                    path);
}

static gx_status open_lock_file(gx_store *store, gx_error *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/writer.lock", store->path);
    store->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    return store->lock_file >= 0 ? GX_OK : gx_fail_errno(err, errno, "opening", path);
}

/* ---- the environment --------------------------------------------------------------------- */

static int open_env(gx_store *store, uint64_t map_bytes, unsigned flags) {
    flags |= MDB_NOTLS;
    flags |= store->read_only ? MDB_RDONLY : 0;
    flags |= store->sync != GX_SYNC_ALWAYS ? MDB_NOSYNC : 0;
    int code = mdb_env_create(&store->env);
    if (code == 0) {
        code = mdb_env_set_maxdbs(store->env, GX__TREE_COUNT);
    }
    if (code == 0) {
        code = mdb_env_set_maxreaders(store->env, READERS_MAX);
    }
    if (code == 0) {
        code = mdb_env_set_mapsize(store->env, map_bytes);
    }
    if (code == 0) {
        code = mdb_env_open(store->env, store->path, flags, FILE_MODE);
    }
    if (code != 0) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    return code;
}

/* A file shorter than its pages would be a bus error at the first touch of what is missing. */
static gx_status check_length(gx_store *store, gx_error *err) {
    gx_status status = GX_OK;
    MDB_envinfo info;
    MDB_stat stat_;
    struct stat file;
    char path[4096];
    snprintf(path, sizeof path, "%s/data.mdb", store->path);
    GX__MDB(store, mdb_env_info(store->env, &info), "opening");
    GX__MDB(store, mdb_env_stat(store->env, &stat_), "opening");
    if (stat(path, &file) != 0) {
        return gx_fail_errno(err, errno, "opening", path);
    }
    uint64_t needed = ((uint64_t)info.me_last_pgno + 1) * stat_.ms_psize;
    if ((uint64_t)file.st_size < needed && info.me_last_pgno > 1) {
        return gx_fail(err, GX_CORRUPT, "%s is cut short: %llu bytes, of %llu", path,
                       (unsigned long long)file.st_size, (unsigned long long)needed);
    }
done:
    return status;
}

/* Readers enter themselves in lock.mdb, so that a writer leaves alone the pages they look at. Who
 * may not write there reads without that, and so no writer may be at work: a shared lock on
 * writer.lock, which takes no right to write, keeps them out while the store is open. Where there
 * is no such file, nobody has written there yet, as in a backup. */
static gx_status keep_writers_out(gx_store *store, gx_error *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/writer.lock", store->path);
    store->lock_file = open(path, O_RDONLY | O_CLOEXEC);
    if (store->lock_file < 0) {
        return errno == ENOENT ? GX_OK : gx_fail_errno(err, errno, "opening", path);
    }
    int code = gx__wait_for_lock(store, LOCK_SH);
    if (code == EWOULDBLOCK) {
        return gx_fail(err, GX_BUSY,
                       "another process is writing to store %s; who may not write there reads only "
                       "while nobody writes",
                       store->path);
    }
    return code ? gx_fail_errno(err, code, "locking", path) : GX_OK;
}

static gx_status map_env(gx_store *store, uint64_t map_bytes, gx_error *err) {
    uint64_t bytes = map_bytes ? map_bytes : MAP_BYTES;
    unsigned flags = 0;
    int code = open_env(store, bytes, flags);
    if (code == EACCES && store->read_only && access(store->path, W_OK) != 0) {
        gx_status status = keep_writers_out(store, err);
        if (status != GX_OK) {
            return status;
        }
        flags = MDB_NOLOCK;
        code = open_env(store, bytes, flags);
    }
    while (code == ENOMEM && !map_bytes && bytes > MAP_BYTES_MIN) {
        bytes /= 2;
        code = open_env(store, bytes, flags);
    }
    if (code != 0) {
        return gx__mdb_fail(store, code, "opening", err);
    }
    int dead;
    code = mdb_reader_check(store->env, &dead);
    return code ? gx__mdb_fail(store, code, "clearing dead readers", err)
                : check_length(store, err);
}

static const char *tree_name(unsigned tree, char out[64]) {
    static const char *const fixed[] = {
#define X(name, text) text,
        GX__TREE_MAP(X)
#undef X
    };
    static const char *const kinds[] = {"word", "name", "record"};
    if (tree < GX__TREE_FIXED) {
        return fixed[tree];
    }
    unsigned which = (tree - GX__TREE_FIXED) % 3;
    gx_space space = (gx_space)((tree - GX__TREE_FIXED) / 3);
    snprintf(out, 64, "%s.%s", kinds[which], gx_space_name(space));
    return out;
}

static unsigned tree_flags(unsigned tree) {
    bool by_number = tree >= GX__TREE_FIXED && (tree - GX__TREE_FIXED) % 3 != GX__TREE_WORD;
    return by_number ? MDB_INTEGERKEY : 0;
}

static gx_status open_trees(gx_store *store, MDB_txn *mdb, unsigned create, gx_error *err) {
    for (unsigned tree = 0; tree < GX__TREE_COUNT; tree++) {
        char name[64];
        int code = mdb_dbi_open(mdb, tree_name(tree, name), tree_flags(tree) | create,
                                &store->trees[tree]);
        if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE) {
            return gx_fail(err, GX_CORRUPT, "store %s has no proper tree `%s`", store->path,
                           tree_name(tree, name));
        }
        if (code != 0) {
            return gx__mdb_fail(store, code, "opening a tree", err);
        }
    }
    return GX_OK;
}

/* ---- the schema -------------------------------------------------------------------------- */

/* upgrades[i] takes a store from schema i + 1 to i + 2, inside the transaction it is given; a new
 * schema is one more row here and GX_STORE_SCHEMA raised by one. */
typedef gx_status (*upgrade_fn)(gx_store *store, MDB_txn *mdb, gx_error *err);
static const upgrade_fn upgrades[GX_STORE_SCHEMA] = {NULL};

static MDB_val schema_key(void) {
    static const char key[] = "schema";
    return gx__val(key, sizeof key - 1);
}

static int write_schema(MDB_txn *mdb, MDB_dbi meta, uint32_t schema) {
    MDB_val key = schema_key(), value = {sizeof schema, &schema};
    return mdb_put(mdb, meta, &key, &value, 0);
}

/* 0 where the environment is empty, as it is when making it was cut short. */
static gx_status read_schema(uint32_t *out, gx_store *store, MDB_txn *mdb, gx_error *err) {
    MDB_dbi meta, root;
    MDB_stat stat_;
    MDB_val key = schema_key(), value;
    gx_status status = GX_OK;
    GX__MDB(store, mdb_dbi_open(mdb, NULL, 0, &root), "opening");
    GX__MDB(store, mdb_stat(mdb, root, &stat_), "opening");
    if (stat_.ms_entries == 0) {
        *out = 0;
        return GX_OK;
    }
    if (mdb_dbi_open(mdb, "meta", 0, &meta) != 0 || mdb_get(mdb, meta, &key, &value) != 0 ||
        value.mv_size != sizeof *out) {
        return gx_fail(err, GX_CONFLICT, "%s/data.mdb is an LMDB file, but no guanxi store",
                       store->path);
    }
    memcpy(out, value.mv_data, sizeof *out);
done:
    return status;
}

static gx_status check_schema(uint32_t schema, const gx_store *store, bool create, gx_error *err) {
    if (schema > GX_STORE_SCHEMA) {
        return gx_fail(
            err, GX_CONFLICT,
            "store %s has schema %u, this guanxi knows schemas up to %u: use a newer one",
            store->path, schema, GX_STORE_SCHEMA);
    }
    if (schema == 0 && !create) {
        return no_store(store->path, "was never finished", err);
    }
    if (schema && schema < GX_STORE_SCHEMA && store->read_only) {
        return gx_fail(err, GX_CONFLICT,
                       "store %s has schema %u and has to be upgraded to %u: open it once for "
                       "writing",
                       store->path, schema, GX_STORE_SCHEMA);
    }
    return GX_OK;
}

/* Makes an empty store, or brings an older one up to this schema: in one transaction. */
static gx_status make_or_upgrade(gx_store *store, uint32_t schema, gx_error *err) {
    gx_txn *txn;
    gx_status status = gx_txn_write(&txn, store, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t s = schema ? schema : GX_STORE_SCHEMA; s < GX_STORE_SCHEMA; s++) {
        GX_TRY(upgrades[s - 1](store, txn->mdb, err));
    }
    GX_TRY(open_trees(store, txn->mdb, MDB_CREATE, err));
    GX__MDB(store, write_schema(txn->mdb, store->trees[GX__TREE_META], GX_STORE_SCHEMA),
            "writing the schema");
    txn->dirty = true;
    return gx_txn_commit(txn, err);
done:
    gx_txn_abort(txn);
    return status;
}

static gx_status open_schema(gx_store *store, bool create, gx_error *err) {
    uint32_t schema = 0;
    MDB_txn *mdb = NULL;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &mdb);
    if (code != 0) {
        return gx__mdb_fail(store, code, "opening", err);
    }
    gx_status status = read_schema(&schema, store, mdb, err);
    if (status == GX_OK) {
        status = check_schema(schema, store, create, err);
    }
    if (status == GX_OK && schema == GX_STORE_SCHEMA) {
        status = open_trees(store, mdb, 0, err);
        /* The handles outlive a transaction that is committed, not one that is aborted. */
        code = status == GX_OK ? mdb_txn_commit(mdb) : 0;
        mdb = status == GX_OK ? NULL : mdb;
        status = code ? gx__mdb_fail(store, code, "opening", err) : status;
    }
    mdb_txn_abort(mdb);
    return status == GX_OK && schema != GX_STORE_SCHEMA ? make_or_upgrade(store, schema, err)
                                                        : status;
}

/* ---- open and close ---------------------------------------------------------------------- */

static gx_status open_whole(gx_store *store, const gx_store_options *options, bool *claimed,
                            gx_error *err) {
    gx_status status;
    GX_TRY(prepare(store->path, options, err));
    GX_TRY(claim(store, err));
    *claimed = true;
    if (!store->read_only) {
        GX_TRY(open_lock_file(store, err));
    }
    GX_TRY(map_env(store, options->map_bytes, err));
    GX_TRY(open_schema(store, options->create && !options->read_only, err));
done:
    return status;
}

static void let_go(gx_store *store, bool claimed) {
    for (unsigned i = 0; i < store->idle_count; i++) {
        mdb_txn_abort(store->idle[i]);
    }
    if (store->env) {
        mdb_env_close(store->env);
    }
    if (store->lock_file >= 0) {
        close(store->lock_file);
    }
    if (claimed) {
        unclaim(store);
    }
    pthread_mutex_destroy(&store->writer);
    pthread_mutex_destroy(&store->idle_lock);
    gx_free(store->path);
    gx_free(store);
}

gx_status gx_store_open(gx_store **out, const char *path, const gx_store_options *options,
                        gx_error *err) {
    const gx_store_options none = {0};
    options = options ? options : &none;
    gx_store *store = gx_alloc0(1, sizeof *store);
    char *copy = gx_strdup(path);
    if (!store || !copy) {
        gx_free(store);
        gx_free(copy);
        return gx_fail_memory(err, sizeof *store);
    }
    store->path = copy;
    store->sync = options->sync;
    store->read_only = options->read_only;
    store->busy_wait_ms = options->busy_wait_ms ? options->busy_wait_ms : BUSY_WAIT_MS;
    store->lock_file = -1;
    pthread_mutex_init(&store->writer, NULL);
    pthread_mutex_init(&store->idle_lock, NULL);
    bool claimed = false;
    gx_status status = open_whole(store, options, &claimed, err);
    if (status != GX_OK) {
        let_go(store, claimed);
        return status;
    }
    *out = store;
    return GX_OK;
}

void gx_store_close(gx_store *store) {
    if (store) {
        if (!store->read_only && store->sync != GX_SYNC_ALWAYS) {
            mdb_env_sync(store->env, 1); /* nobody is left to hear that it failed */
        }
        let_go(store, true);
    }
}

gx_status gx_store_sync(gx_store *store, gx_error *err) {
    int code = store->read_only ? 0 : mdb_env_sync(store->env, 1);
    return code ? gx__mdb_fail(store, code, "syncing", err) : GX_OK;
}
