/* Sorted sets of fixed-size records in blocks: reading. packed_merge.c writes. */
#include "graph/store/inner.h"

enum walk { FORWARD, BACK };

/* The first record of [low, high) that is not below the key, or above it where `past`. */
static size_t bound(const gx__set *set, const uint8_t *records, size_t low, size_t high,
                    const void *key, size_t prefix, bool past) {
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(records + middle * set->record, key, prefix) < (past ? 1 : 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The block that holds the first record ≥ `key` padded with `fill`, or would. */
static int seek(MDB_cursor *cursor, MDB_val *block_key, MDB_val *block, const gx__set *set,
                const void *key, size_t prefix, uint8_t fill) {
    uint8_t whole[GX__IDENTITY_MAX];
    memset(whole, fill, sizeof whole);
    if (prefix) {
        memcpy(whole, key, prefix);
    }
    *block_key = (MDB_val){set->identity, whole};
    int code = mdb_cursor_get(cursor, block_key, block, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) {
        return mdb_cursor_get(cursor, block_key, block, MDB_LAST);
    }
    if (code == 0 && memcmp(block_key->mv_data, whole, set->identity) > 0) {
        code = mdb_cursor_get(cursor, block_key, block, MDB_PREV);
        if (code == MDB_NOTFOUND) {
            code = mdb_cursor_get(cursor, block_key, block, MDB_FIRST);
        }
    }
    return code;
}

static gx_status walk(gx_txn *txn, const gx__set *set, const void *key, size_t prefix,
                      enum walk way, gx__run_fn fn, void *ctx, gx_error *err) {
    gx_status status = GX_OK;
    MDB_cursor *cursor = NULL;
    MDB_val block_key, block;
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, gx__dbi(txn, set->tree), &cursor),
            "opening a cursor");
    int code = seek(cursor, &block_key, &block, set, key, prefix, way == FORWARD ? 0x00 : 0xff);
    for (bool first = true; code == 0; first = false) {
        const uint8_t *records = block.mv_data;
        size_t from = 0, to = block.mv_size / set->record;
        size_t whole = to;
        if (prefix) {
            from = bound(set, records, 0, whole, key, prefix, false);
            to = bound(set, records, from, whole, key, prefix, true);
        }
        if (from < to) {
            GX_TRY(fn(ctx, records + from * set->record, to - from, err));
        }
        /* The first block may end below the prefix or begin above it; later ones decide. */
        bool ended = way == FORWARD ? to < whole : from > 0;
        if (ended && !(first && from == to)) {
            break;
        }
        code = mdb_cursor_get(cursor, &block_key, &block, way == FORWARD ? MDB_NEXT : MDB_PREV);
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

gx_status gx__set_each(gx_txn *txn, const gx__set *set, const void *key, size_t prefix,
                       gx__run_fn fn, void *ctx, gx_error *err) {
    return walk(txn, set, key, prefix, FORWARD, fn, ctx, err);
}

gx_status gx__set_each_back(gx_txn *txn, const gx__set *set, const void *key, size_t prefix,
                            gx__run_fn fn, void *ctx, gx_error *err) {
    return walk(txn, set, key, prefix, BACK, fn, ctx, err);
}

typedef struct finder {
    void *out;
    size_t bytes;
    bool found;
} finder;

static gx_status take_first(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    finder *f = ctx;
    (void)count;
    (void)err;
    memcpy(f->out, records, f->bytes);
    f->found = true;
    return GX_OK;
}

gx_status gx__set_find(void *out_record, gx_txn *txn, const gx__set *set, const void *identity,
                       gx_error *err) {
    finder f = {.out = out_record, .bytes = set->record};
    gx_status status = walk(txn, set, identity, set->identity, FORWARD, take_first, &f, err);
    return status != GX_OK ? status : f.found ? GX_OK : GX_NOT_FOUND;
}

/* ---- many at once -----------------------------------------------------------------------------
 */

typedef struct prober {
    const gx__set *set;
    MDB_cursor *cursor;
    const uint8_t *keys;
    size_t prefix, count, next; /* the next key to look for */
    MDB_val block;
    size_t at; /* in the block */
} prober;

/* The block after, or the one that the next key belongs to where that is further on. */
static int advance(prober *p) {
    MDB_val key;
    const uint8_t *wanted = p->keys + p->next * p->prefix;
    int code = mdb_cursor_get(p->cursor, &key, &p->block, MDB_NEXT);
    p->at = 0;
    if (code == 0) {
        const uint8_t *last = (const uint8_t *)p->block.mv_data + p->block.mv_size - p->set->record;
        if (memcmp(last, wanted, p->prefix) < 0) {
            code = seek(p->cursor, &key, &p->block, p->set, wanted, p->prefix, 0x00);
        }
    }
    return code;
}

/* Looks for keys in the block at hand until one lies beyond it. */
static gx_status probe_block(prober *p, gx__probe_fn fn, void *ctx, gx_error *err) {
    const uint8_t *records = p->block.mv_data;
    size_t count = p->block.mv_size / p->set->record;
    while (p->next < p->count) {
        const uint8_t *key = p->keys + p->next * p->prefix;
        p->at = bound(p->set, records, p->at, count, key, p->prefix, false);
        for (; p->at < count; p->at++) {
            const uint8_t *record = records + p->at * p->set->record;
            if (memcmp(record, key, p->prefix) != 0) {
                break;
            }
            gx_status status = fn(ctx, p->next, record, err);
            if (status != GX_OK) {
                return status;
            }
        }
        if (p->at == count) {
            return GX_OK; /* the next block may have more of this key */
        }
        p->next++;
    }
    return GX_OK;
}

gx_status gx__set_probe(gx_txn *txn, const gx__set *set, const void *keys, size_t prefix,
                        size_t count, gx__probe_fn fn, void *ctx, gx_error *err) {
    gx_status status = GX_OK;
    prober p = {.set = set, .keys = keys, .prefix = prefix, .count = count};
    MDB_val key;
    if (count == 0) {
        return GX_OK;
    }
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, gx__dbi(txn, set->tree), &p.cursor),
            "opening a cursor");
    int code = seek(p.cursor, &key, &p.block, set, keys, prefix, 0x00);
    while (code == 0) {
        GX_TRY(probe_block(&p, fn, ctx, err));
        code = p.next < p.count ? advance(&p) : MDB_NOTFOUND;
    }
    if (code != MDB_NOTFOUND) {
        status = gx__mdb_fail(txn->store, code, "reading", err);
    }
done:
    if (p.cursor) {
        mdb_cursor_close(p.cursor);
    }
    return status;
}
