/* Transactions: who may write, what a commit leaves, and the small calls on trees. */
#include "graph/store/inner.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>

/* LMDB writes many pages at once, and calls it an I/O error when the disk takes only some of them.
 */
static bool has_no_room(const gx_store *store) {
    enum { FEW_PAGES = 16 };
    struct statvfs disk;
    return statvfs(store->path, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < FEW_PAGES * GX__PAGE_BYTES;
}

gx_status gx__mdb_fail(const gx_store *store, int code, const char *what, gx_error *err) {
    const char *path = store->path;
    switch (code) {
    case MDB_MAP_FULL:
        return gx_fail(err, GX_IO,
                       "%s: store %s is full: the address space reserved at open is used up; open "
                       "it with a larger map_bytes",
                       what, path);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return gx_fail(err, GX_CORRUPT, "%s: store %s is damaged (%s); restore a backup", what,
                       path, mdb_strerror(code));
    case MDB_READERS_FULL:
        return gx_fail(err, GX_BUSY, "%s: store %s has as many readers as it can", what, path);
    case MDB_TXN_FULL:
        return gx_fail(err, GX_OVER_LIMIT, "%s: too much for one transaction of store %s", what,
                       path);
    case MDB_MAP_RESIZED:
        return gx_fail(err, GX_BUSY, "%s: another process made store %s larger; open it again",
                       what, path);
    case MDB_BAD_TXN:
        return gx_fail(err, GX_IO,
                       "%s: an earlier write of this transaction on store %s failed; abort it",
                       what, path);
    case ENOMEM:
        return gx_fail(err, GX_NO_MEMORY, "%s: out of memory for store %s", what, path);
    case EIO:
        return gx_fail_errno(err, has_no_room(store) ? ENOSPC : EIO, what, path);
    default:
        return code > 0 ? gx_fail_errno(err, code, what, path)
                        : gx_fail(err, GX_IO, "%s: store %s: %s", what, path, mdb_strerror(code));
    }
}

/* ---- counts ------------------------------------------------------------------------------ */

static MDB_val counts_key(void) {
    static const char key[] = "counts";
    return gx__val(key, sizeof key - 1);
}

static MDB_val tie_state_key(void) {
    static const char key[] = "tie_state";
    return gx__val(key, sizeof key - 1);
}

static gx_status read_counts(gx_txn *txn, gx_error *err) {
    MDB_val value;
    if (gx__dbi(txn, GX__TREE_META) == 0) { /* the store is being made */
        return GX_OK;
    }
    gx_status status = gx__get(&value, txn, GX__TREE_META, counts_key(), err);
    if (status == GX_OK && value.mv_size == sizeof txn->counts) {
        memcpy(&txn->counts, value.mv_data, sizeof txn->counts);
        txn->stored = txn->counts;
    }
    return status == GX_NOT_FOUND ? GX_OK : status;
}

/* ---- begin ------------------------------------------------------------------------------- */

static MDB_txn *take_idle(gx_store *store) {
    pthread_mutex_lock(&store->idle_lock);
    MDB_txn *mdb = store->idle_count ? store->idle[--store->idle_count] : NULL;
    pthread_mutex_unlock(&store->idle_lock);
    return mdb;
}

/* A reset transaction keeps its slot among the readers, so that the next one need not look for one.
 */
static void give_idle(gx_store *store, MDB_txn *mdb) {
    mdb_txn_reset(mdb);
    pthread_mutex_lock(&store->idle_lock);
    bool kept = store->idle_count < GX__IDLE_MAX;
    if (kept) {
        store->idle[store->idle_count++] = mdb;
    }
    pthread_mutex_unlock(&store->idle_lock);
    if (!kept) {
        mdb_txn_abort(mdb);
    }
}

gx_status gx_txn_read(gx_txn **out, gx_store *store, gx_error *err) {
    gx_txn *txn = gx_alloc0(1, sizeof *txn);
    if (!txn) {
        return gx_fail_memory(err, sizeof *txn);
    }
    txn->store = store;
    txn->mdb = take_idle(store);
    int code =
        txn->mdb ? mdb_txn_renew(txn->mdb) : mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->mdb);
    gx_status status = code ? gx__mdb_fail(store, code, "reading", err) : GX_OK;
    if (status == GX_OK) {
        status = read_counts(txn, err);
    }
    if (status != GX_OK) {
        mdb_txn_abort(txn->mdb);
        gx_free(txn);
        return status;
    }
    *out = txn;
    return GX_OK;
}

/* 0, EWOULDBLOCK when `busy_wait_ms` have passed, or what else went wrong. The system can wait for
 * the lock itself, but only without a limit, so it is asked again and again: at first soon, since
 * most writes take no longer than a sync, and never more than LONGEST_NAP_MS late. */
int gx__wait_for_lock(const gx_store *store, int how) {
    enum { LONGEST_NAP_MS = 8, MILLION = 1000000 };
    const int64_t start = gx_clock_ns();
    for (int64_t nap_ms = 1;;) {
        int code = flock(store->lock_file, how | LOCK_NB) == 0 ? 0 : errno;
        if (code != EWOULDBLOCK && code != EINTR) {
            return code;
        }
        if (code == EWOULDBLOCK) {
            if ((gx_clock_ns() - start) / MILLION >= store->busy_wait_ms) {
                return code;
            }
            struct timespec nap = {.tv_nsec = (long)(nap_ms * MILLION)};
            nanosleep(&nap, NULL);
            nap_ms = nap_ms < LONGEST_NAP_MS ? nap_ms * 2 : LONGEST_NAP_MS;
        }
    }
}

/* A second thread waits until it is its turn. A second process waits for a while only: what the
 * other does may take any time (the import of a file is one transaction), and a server whose
 * writer waits for it has to answer at last that it is busy. */
static gx_status lock_writer(gx_store *store, gx_error *err) {
    if (store->read_only) {
        return gx_fail(err, GX_BAD_REQUEST, "store %s is open for reading only", store->path);
    }
    pthread_mutex_lock(&store->writer);
    int code = gx__wait_for_lock(store, LOCK_EX);
    if (code == 0) {
        return GX_OK;
    }
    pthread_mutex_unlock(&store->writer);
    if (code != EWOULDBLOCK) {
        return gx_fail_errno(err, code, "locking", store->path);
    }
    return store->busy_wait_ms < 0
               ? gx_fail(err, GX_BUSY, "another process is writing to store %s", store->path)
               : gx_fail(err, GX_BUSY,
                         "another process is writing to store %s, and was not done after %lld ms",
                         store->path, (long long)store->busy_wait_ms);
}

static void unlock_writer(gx_store *store) {
    flock(store->lock_file, LOCK_UN);
    pthread_mutex_unlock(&store->writer);
}

gx_status gx_txn_write(gx_txn **out, gx_store *store, gx_error *err) {
    gx_txn *txn = gx_alloc0(1, sizeof *txn);
    if (!txn) {
        return gx_fail_memory(err, sizeof *txn);
    }
    txn->store = store;
    txn->writes = true;
    gx_status status = lock_writer(store, err);
    if (status != GX_OK) {
        gx_free(txn);
        return status;
    }
    int code = mdb_txn_begin(store->env, NULL, 0, &txn->mdb);
    status = code ? gx__mdb_fail(store, code, "starting to write", err) : read_counts(txn, err);
    if (status != GX_OK) {
        gx_txn_abort(txn);
        return status;
    }
    *out = txn;
    return GX_OK;
}

gx_status gx_txn_nest(gx_txn **out, gx_txn *parent, gx_error *err) {
    gx_status status = gx__check_writes(parent, err);
    if (status != GX_OK) {
        return status;
    }
    gx_txn *txn = gx_alloc0(1, sizeof *txn);
    if (!txn) {
        return gx_fail_memory(err, sizeof *txn);
    }
    *txn = (gx_txn){.store = parent->store,
                    .parent = parent,
                    .writes = true,
                    .dirty = parent->dirty,
                    .tied = parent->tied,
                    .counts = parent->counts,
                    .stored = parent->stored};
    int code = mdb_txn_begin(parent->store->env, parent->mdb, 0, &txn->mdb);
    if (code) {
        gx_free(txn);
        return gx__mdb_fail(parent->store, code, "starting a savepoint", err);
    }
    *out = txn;
    return GX_OK;
}

/* ---- end --------------------------------------------------------------------------------- */

void gx_txn_abort(gx_txn *txn) {
    if (!txn) {
        return;
    }
    if (!txn->writes) {
        give_idle(txn->store, txn->mdb);
    } else {
        mdb_txn_abort(txn->mdb);
        if (!txn->parent) {
            unlock_writer(txn->store);
        }
    }
    gx_free(txn);
}

static gx_status write_counts(gx_txn *txn, gx_error *err) {
    txn->counts.state++;
    MDB_val value = {sizeof txn->counts, &txn->counts};
    gx_status status = gx__put(txn, GX__TREE_META, counts_key(), value, err);
    if (status == GX_OK && txn->tied) {
        value = (MDB_val){sizeof txn->counts.state, &txn->counts.state};
        status = gx__put(txn, GX__TREE_META, tie_state_key(), value, err);
    }
    return status;
}

gx_status gx_txn_commit(gx_txn *txn, gx_error *err) {
    gx_status status = GX_OK;
    /* What changed nothing leaves no trace, not even a new state. */
    if (txn->writes && txn->dirty) {
        if (!txn->parent) {
            GX_TRY(write_counts(txn, err));
        }
        MDB_txn *mdb = txn->mdb;
        txn->mdb = NULL; /* LMDB frees it in either case */
        GX__MDB(txn->store, mdb_txn_commit(mdb), "committing");
        if (txn->parent) {
            txn->parent->dirty = true;
            txn->parent->tied |= txn->tied;
            txn->parent->counts = txn->counts;
        }
    }
done:
    gx_txn_abort(txn);
    return status;
}

uint64_t gx_txn_state(const gx_txn *txn) {
    return txn->counts.state + (txn->dirty ? 1 : 0);
}

uint64_t gx_txn_tie_state(gx_txn *txn) {
    uint64_t state = 0;
    MDB_val value;
    if (txn->tied) {
        return gx_txn_state(txn);
    }
    gx_status status = gx__get(&value, txn, GX__TREE_META, tie_state_key(), NULL);
    if (status == GX_OK && value.mv_size == sizeof state) {
        memcpy(&state, value.mv_data, sizeof state);
    }
    return state;
}

/* ---- trees ------------------------------------------------------------------------------- */

gx_status gx__check_writes(const gx_txn *txn, gx_error *err) {
    return txn->writes ? GX_OK
                       : gx_fail(err, GX_BAD_REQUEST, "the transaction on store %s only reads",
                                 txn->store->path);
}

uint64_t gx__tree_entries(gx_txn *txn, unsigned tree) {
    MDB_stat stat;
    return mdb_stat(txn->mdb, gx__dbi(txn, tree), &stat) == 0 ? stat.ms_entries : 0;
}

gx_status gx__get(MDB_val *out, gx_txn *txn, unsigned tree, MDB_val key, gx_error *err) {
    int code = mdb_get(txn->mdb, gx__dbi(txn, tree), &key, out);
    if (code == 0) {
        return GX_OK;
    }
    *out = (MDB_val){0, NULL};
    return code == MDB_NOTFOUND ? GX_NOT_FOUND : gx__mdb_fail(txn->store, code, "reading", err);
}

gx_status gx__put(gx_txn *txn, unsigned tree, MDB_val key, MDB_val value, gx_error *err) {
    int code = mdb_put(txn->mdb, gx__dbi(txn, tree), &key, &value, 0);
    txn->dirty = true;
    return code ? gx__mdb_fail(txn->store, code, "writing", err) : GX_OK;
}

gx_status gx__del(bool *out_was, gx_txn *txn, unsigned tree, MDB_val key, gx_error *err) {
    int code = mdb_del(txn->mdb, gx__dbi(txn, tree), &key, NULL);
    if (code != 0 && code != MDB_NOTFOUND) {
        return gx__mdb_fail(txn->store, code, "deleting", err);
    }
    txn->dirty |= code == 0;
    if (out_was) {
        *out_was = code == 0;
    }
    return GX_OK;
}

gx_status gx__each(gx_txn *txn, unsigned tree, MDB_val from, size_t prefix, gx__row_fn fn,
                   void *ctx, gx_error *err) {
    gx_status status = GX_OK;
    MDB_cursor *cursor = NULL;
    MDB_val key = from, value;
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, gx__dbi(txn, tree), &cursor), "opening a cursor");
    int code = mdb_cursor_get(cursor, &key, &value, from.mv_size ? MDB_SET_RANGE : MDB_FIRST);
    while (code == 0 && (prefix == 0 || (key.mv_size >= prefix &&
                                         memcmp(key.mv_data, from.mv_data, prefix) == 0))) {
        GX_TRY(fn(ctx, key, value, err));
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) {
        status = gx__mdb_fail(txn->store, code, "reading", err);
    }
done:
    if (cursor) {
        mdb_cursor_close(cursor);
    }
    return status;
}
