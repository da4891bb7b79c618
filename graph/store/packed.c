/* Sorted sets of fixed-size records in blocks: reading. packed_merge.c writes. */
#include "graph/store/inner.h"

enum walk { FORWARD, BACK };

/* The records of a block that start with the prefix: [*from, *to). */
static void clip(size_t *from, size_t *to, const gx__set *set, const uint8_t *records, size_t count,
                 const void *key, size_t prefix) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(records + middle * set->record, key, prefix) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *from = low;
    high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(records + middle * set->record, key, prefix) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *to = low;
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
            clip(&from, &to, set, records, whole, key, prefix);
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
