/* What the files of this room share: the trees of the environment, transactions, and the byte order
 * of what is on disk. Nothing outside graph/store includes it. docs/store.md has the layout. */
#ifndef GX_STORE_INNER_H
#define GX_STORE_INNER_H

#include "graph/store/packed.h"
#include "graph/store/store.h"

#include <lmdb.h>
#include <pthread.h>

/* X(NAME, name of the tree in the environment). Three trees a space follow these. */
#define GX__TREE_MAP(X)                                                                            \
    X(META, "meta")                                                                                \
    X(SETTING, "setting")                                                                          \
    X(TIE_OUT, "tie_out")                                                                          \
    X(TIE_IN, "tie_in")                                                                            \
    X(EVENT_CORE, "event_core")                                                                    \
    X(EVENT_LOG, "event_log")                                                                      \
    X(EVENT_ID, "event_id")                                                                        \
    X(MEMBER, "member")                                                                            \
    X(MEMBER_OF, "member_of")                                                                      \
    X(IMPRESSION, "impression")                                                                    \
    X(IMPRESSION_KEY, "impression_key")

enum {
#define X(name, text) GX__TREE_##name,
    GX__TREE_MAP(X)
#undef X
        GX__TREE_FIXED,
    GX__TREE_COUNT = GX__TREE_FIXED + 3 * GX_SPACE_COUNT
};

/* Trees of a space: word → id, id → word, id → record. */
enum { GX__TREE_WORD, GX__TREE_NAME, GX__TREE_RECORD };

static inline unsigned gx__tree_of(unsigned which, gx_space space) {
    return GX__TREE_FIXED + 3 * (unsigned)space + which;
}

enum { GX__IDLE_MAX = 32, GX__PAGE_BYTES = 4096 };

struct gx_store {
    MDB_env *env;
    char *path;
    gx_sync sync;
    bool read_only;
    int64_t busy_wait_ms;   /* for writer.lock; negative: not at all */
    uint64_t device, inode; /* of the directory: a process opens a store once */
    int64_t process;        /* that opened it: a forked child has to open it anew */
    struct gx_store *next;  /* in the list of open stores */
    MDB_dbi trees[GX__TREE_COUNT];
    int lock_file;          /* writer.lock; -1 where read-only, and lock.mdb can be written */
    pthread_mutex_t writer; /* held for the life of a write transaction */
    pthread_mutex_t idle_lock;
    MDB_txn *idle[GX__IDLE_MAX]; /* reset read transactions: each keeps its reader slot */
    unsigned idle_count;
};

/* LOCK_EX or LOCK_SH on writer.lock: 0 or an errno, EWOULDBLOCK after busy_wait_ms. */
int gx__wait_for_lock(const gx_store *store, int how);

/* The one row of numbers that LMDB does not keep itself. */
typedef struct gx__counts {
    uint64_t state; /* + 1 at every commit that changed something */
    uint64_t ties;
} gx__counts;

struct gx_txn {
    gx_store *store;
    gx_txn *parent; /* of a savepoint */
    MDB_txn *mdb;
    bool writes, dirty;
    bool tied; /* a tie was put, changed or taken away */
    gx__counts counts;
    gx__counts stored; /* as read at the start */
};

/* LMDB takes keys and values it only reads without const. */
static inline MDB_val gx__val(const void *data, size_t size) {
    MDB_val val = {.mv_size = size};
    memcpy(&val.mv_data, &data, sizeof data);
    return val;
}

static inline MDB_dbi gx__dbi(const gx_txn *txn, unsigned tree) {
    return txn->store->trees[tree];
}

/* A status and message for a code of LMDB or errno; `what` is a phrase like "writing a tie". */
GX_MUST_CHECK gx_status gx__mdb_fail(const gx_store *store, int code, const char *what,
                                     gx_error *err);

#define GX__MDB(store, call, what)                                                                 \
    do {                                                                                           \
        int code_ = (call);                                                                        \
        if (code_ != 0) {                                                                          \
            status = gx__mdb_fail(store, code_, what, err);                                        \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

/* bad_request where the transaction only reads. */
GX_MUST_CHECK gx_status gx__check_writes(const gx_txn *txn, gx_error *err);
/* bad_request where `id` was never given in `space`. */
GX_MUST_CHECK gx_status gx__check_id(gx_txn *txn, gx_space space, uint32_t id, gx_error *err);
GX_MUST_CHECK gx_status gx__check_word(gx_slice word, const char *what, gx_error *err);
uint64_t gx__tree_entries(gx_txn *txn, unsigned tree);

/* As `mdb_get` and `mdb_put`, by tree. Absent: an empty value with NULL data and GX_NOT_FOUND. */
GX_MUST_CHECK gx_status gx__get(MDB_val *out, gx_txn *txn, unsigned tree, MDB_val key,
                                gx_error *err);
GX_MUST_CHECK gx_status gx__put(gx_txn *txn, unsigned tree, MDB_val key, MDB_val value,
                                gx_error *err);
/* Deletes where it is there; *out_was (may be NULL) says so. */
GX_MUST_CHECK gx_status gx__del(bool *out_was, gx_txn *txn, unsigned tree, MDB_val key,
                                gx_error *err);

/* Sets of fixed-size records (packed.h). */
extern const gx__set gx__tie_out_set, gx__tie_in_set, gx__event_core_set, gx__event_id_set,
    gx__impression_key_set;

/* The record of a tie in tie_out, or `turned` in tie_in. */
void gx__tie_encode(uint8_t *to, const gx_tie *tie, bool turned);
gx_tie gx__tie_decode(const uint8_t *from, bool turned);

/* Every row of a plain tree with `from` ≤ key, up to the first key that does not start with
 * `prefix` bytes of it. */
typedef gx_status (*gx__row_fn)(void *ctx, MDB_val key, MDB_val value, gx_error *err);
GX_MUST_CHECK gx_status gx__each(gx_txn *txn, unsigned tree, MDB_val from, size_t prefix,
                                 gx__row_fn fn, void *ctx, gx_error *err);

/* ---- bytes ------------------------------------------------------------------------------- */

/* Numbers in keys are big-endian, so that memcmp sorts them; in values they are little-endian. */

static inline uint64_t gx__time_bits(int64_t ts_ms) {
    return (uint64_t)ts_ms ^ (UINT64_C(1) << 63);
}

static inline int64_t gx__time_of(uint64_t bits) {
    return (int64_t)(bits ^ (UINT64_C(1) << 63));
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "guanxi stores are little-endian; this machine is not"
#endif

static inline void gx__put_be32(void *to, uint32_t x) {
    x = __builtin_bswap32(x);
    memcpy(to, &x, sizeof x);
}

static inline void gx__put_be64(void *to, uint64_t x) {
    x = __builtin_bswap64(x);
    memcpy(to, &x, sizeof x);
}

static inline uint32_t gx__be32(const void *from) {
    uint32_t x;
    memcpy(&x, from, sizeof x);
    return __builtin_bswap32(x);
}

static inline uint64_t gx__be64(const void *from) {
    uint64_t x;
    memcpy(&x, from, sizeof x);
    return __builtin_bswap64(x);
}

#endif
