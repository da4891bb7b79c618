/* Events: reading. By user from the core set, by time from the log, by event_id from its hash. */
#include "graph/store/event.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static gx_status damaged(const gx_txn *txn, gx__event_key key, gx_error *err) {
    char time[32];
    return gx_fail(err, GX_CORRUPT, "store %s: the event of %s with key %016llx is damaged",
                   gx_store_path(txn->store), gx_format_time_ms(time, gx__time_of(key.time)),
                   (unsigned long long)key.key);
}

gx_status gx__event_get_row(gx_event *out, gx_slice *out_row, gx_txn *txn, gx__event_key key,
                            gx_error *err) {
    uint8_t bytes[GX__LOG_KEY_BYTES];
    MDB_val row;
    gx__log_key(bytes, key);
    gx_status status = gx__get(&row, txn, GX__TREE_EVENT_LOG, (MDB_val){sizeof bytes, bytes}, err);
    if (status == GX_OK && !gx__event_decode(out, key, row.mv_data, row.mv_size)) {
        return damaged(txn, key, err);
    }
    *out_row = (gx_slice){row.mv_data, row.mv_size};
    return status;
}

gx_status gx__event_get(gx_event *out, gx_txn *txn, gx__event_key key, gx_error *err) {
    gx_slice row;
    return gx__event_get_row(out, &row, txn, key, err);
}

uint64_t gx_event_count(gx_txn *txn) {
    return gx__tree_entries(txn, GX__TREE_EVENT_LOG);
}

/* ---- by event_id ------------------------------------------------------------------------- */

/* Different ids may share a hash: the log decides. */
typedef struct id_finder {
    gx_txn *txn;
    gx_slice event_id;
    gx__event_key key;
    bool found;
} id_finder;

static gx_status each_candidate(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    id_finder *f = ctx;
    for (size_t i = 0; i < count && !f->found; i++) {
        const uint8_t *record = records + i * GX__EVENT_ID_BYTES;
        gx_event event;
        f->key = (gx__event_key){gx__be64(record + 8), gx__be64(record)};
        gx_status status = gx__event_get(&event, f->txn, f->key, err);
        if (status != GX_OK) {
            return status == GX_NOT_FOUND ? damaged(f->txn, f->key, err) : status;
        }
        f->found = gx_slice_equal(event.event_id, f->event_id);
    }
    return GX_OK;
}

gx_status gx__event_find_id(gx__event_key *out, gx_txn *txn, uint64_t hash, gx_slice event_id,
                            gx_error *err) {
    uint8_t prefix[8];
    id_finder f = {.txn = txn, .event_id = event_id};
    gx__put_be64(prefix, hash);
    gx_status status =
        gx__set_each(txn, &gx__event_id_set, prefix, sizeof prefix, each_candidate, &f, err);
    if (status == GX_OK && f.found) {
        *out = f.key;
    }
    return status != GX_OK ? status : f.found ? GX_OK : GX_NOT_FOUND;
}

gx_status gx_event_find(gx_event *out, gx_txn *txn, gx_slice event_id) {
    gx__event_key key;
    if (event_id.size == 0) {
        return GX_NOT_FOUND;
    }
    gx_status status =
        gx__event_find_id(&key, txn, XXH3_64bits(event_id.data, event_id.size), event_id, NULL);
    return status == GX_OK ? gx__event_get(out, txn, key, NULL) : status;
}

/* ---- by user ----------------------------------------------------------------------------- */

typedef struct each_event {
    gx_txn *txn;
    gx_event_fn fn;
    void *user;
    size_t left; /* how many more; SIZE_MAX: all */
} each_event;

static gx_status one(each_event *each, const uint8_t *record, gx_error *err) {
    gx_event event;
    gx__event_key key = gx__core_key(record);
    gx_status status = gx__event_get(&event, each->txn, key, err);
    if (status == GX_NOT_FOUND) {
        return damaged(each->txn, key, err);
    }
    each->left -= each->left != SIZE_MAX;
    return status != GX_OK ? status : each->fn(each->user, &event, err);
}

static gx_status forward(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    gx_status status = GX_OK;
    for (size_t i = 0; i < count && status == GX_OK; i++) {
        status = one(ctx, records + i * GX__CORE_BYTES, err);
    }
    return status;
}

/* GX_INTERRUPTED ends a walk that has what it wants; it does not leave this file. */
static gx_status backward(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    each_event *each = ctx;
    gx_status status = GX_OK;
    for (size_t i = count; i-- > 0 && status == GX_OK && each->left;) {
        status = one(each, records + i * GX__CORE_BYTES, err);
    }
    return status == GX_OK && each->left == 0 ? GX_INTERRUPTED : status;
}

gx_status gx_event_each(gx_txn *txn, gx_event_fn fn, void *user, gx_error *err) {
    each_event each = {txn, fn, user, SIZE_MAX};
    return gx__set_each(txn, &gx__event_core_set, NULL, 0, forward, &each, err);
}

gx_status gx_event_of_user(gx_txn *txn, uint32_t user, size_t limit, gx_event_fn fn, void *ctx,
                           gx_error *err) {
    uint8_t key[4];
    each_event each = {txn, fn, ctx, limit ? limit : SIZE_MAX};
    gx__put_be32(key, user);
    gx_status status =
        gx__set_each_back(txn, &gx__event_core_set, key, sizeof key, backward, &each, err);
    return status == GX_INTERRUPTED && each.left == 0 ? GX_OK : status;
}

/* ---- the core alone ---------------------------------------------------------------------- */

typedef struct scan {
    gx_event_run_fn fn;
    void *user;
} scan;

static gx_status each_run(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    const scan *s = ctx;
    gx_event_core run[GX__BLOCK_BYTES / GX__CORE_BYTES];
    for (size_t i = 0; i < count; i++) {
        run[i] = gx__core_decode(records + i * GX__CORE_BYTES);
    }
    return s->fn(s->user, run, count, err);
}

gx_status gx_event_scan(gx_txn *txn, gx_event_run_fn fn, void *user, gx_error *err) {
    scan s = {fn, user};
    return gx__set_each(txn, &gx__event_core_set, NULL, 0, each_run, &s, err);
}

typedef struct recent {
    gx_event_core *out;
    size_t count, limit;
} recent;

static gx_status take_back(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    recent *r = ctx;
    (void)err;
    for (size_t i = count; i-- > 0 && r->count < r->limit;) {
        r->out[r->count++] = gx__core_decode(records + i * GX__CORE_BYTES);
    }
    return r->count < r->limit ? GX_OK : GX_INTERRUPTED;
}

gx_status gx_event_recent(gx_event_core *out, size_t *out_count, gx_txn *txn, uint32_t user,
                          size_t limit, gx_error *err) {
    uint8_t key[4];
    recent r = {out, 0, limit};
    gx__put_be32(key, user);
    gx_status status =
        gx__set_each_back(txn, &gx__event_core_set, key, sizeof key, take_back, &r, err);
    if (status == GX_OK || status == GX_INTERRUPTED) {
        *out_count = r.count;
        return GX_OK;
    }
    return status;
}

/* ---- by time ----------------------------------------------------------------------------- */

typedef struct window {
    gx_txn *txn;
    gx_event_fn fn;
    void *user;
    int64_t to_ms;
    bool ended;
} window;

static gx_status each_row(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    window *w = ctx;
    gx_event event;
    gx__event_key k = gx__log_key_of(key.mv_data);
    w->ended = gx__time_of(k.time) >= w->to_ms;
    if (w->ended) {
        return GX_INTERRUPTED;
    }
    return gx__event_decode(&event, k, row.mv_data, row.mv_size) ? w->fn(w->user, &event, err)
                                                                 : damaged(w->txn, k, err);
}

gx_status gx_event_between(gx_txn *txn, int64_t from_ms, int64_t to_ms, gx_event_fn fn, void *ctx,
                           gx_error *err) {
    uint8_t from[GX__LOG_KEY_BYTES];
    window w = {txn, fn, ctx, to_ms, false};
    gx__log_key(from, (gx__event_key){gx__time_bits(from_ms), 0});
    gx_status status =
        gx__each(txn, GX__TREE_EVENT_LOG, (MDB_val){sizeof from, from}, 0, each_row, &w, err);
    return w.ended ? GX_OK : status;
}
