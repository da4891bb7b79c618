/* Sorted sets of fixed-size records in blocks: merging a sorted batch in, and taking records out.
 *
 * A batch is merged block by block: find the block that the next record belongs to, find how many
 * records of the batch fall below the block after it, and write the union back as one block or
 * several. Blocks in the middle of the tree are split evenly, the last one is filled to the brim,
 * so that what is imported in order lies dense. A block that does not change is not written.
 */
#include "graph/store/inner.h"

#include <assert.h>

typedef struct merger {
    const gx__set *set;
    MDB_cursor *cursor;
    bool replace;
    size_t capacity;  /* records a block */
    uint64_t changed; /* new or replaced */
    /* The block at hand, copied out of the map because writing moves pages. */
    uint8_t old[GX__BLOCK_BYTES];
    size_t old_count;
    uint8_t key[GX__IDENTITY_MAX]; /* what the block is, or will be, found under */
    bool in_place;                 /* the cursor is on it and its key stays */
    bool is_last;
    uint8_t next_key[GX__IDENTITY_MAX];
    /* The block being filled. */
    uint8_t out[GX__BLOCK_BYTES];
    size_t out_count, out_wanted;
} merger;

static int compare(const merger *m, const uint8_t *a, const uint8_t *b) {
    return memcmp(a, b, m->set->identity);
}

/* Copies the block under the cursor and learns where the next one begins. */
static int load_block(merger *m, MDB_val key, MDB_val block, bool next_is_known) {
    if (key.mv_size != m->set->identity || block.mv_size > sizeof m->old ||
        block.mv_size % m->set->record) {
        return MDB_CORRUPTED;
    }
    memcpy(m->key, key.mv_data, m->set->identity);
    memcpy(m->old, block.mv_data, block.mv_size);
    m->old_count = block.mv_size / m->set->record;
    m->in_place = true;
    if (next_is_known) {
        return 0;
    }
    int code = mdb_cursor_get(m->cursor, &key, &block, MDB_NEXT);
    m->is_last = code == MDB_NOTFOUND;
    if (code == 0) {
        memcpy(m->next_key, key.mv_data, m->set->identity);
    }
    key = (MDB_val){m->set->identity, m->key};
    return code == 0 || m->is_last ? mdb_cursor_get(m->cursor, &key, &block, MDB_SET_KEY) : code;
}

/* The record comes before every block: the first block is taken out and will come back under the
 * lower key. */
static int lower_first_block(merger *m, const uint8_t *record) {
    MDB_val key, block;
    int code = mdb_cursor_get(m->cursor, &key, &block, MDB_FIRST);
    if (code == 0) {
        code = load_block(m, key, block, false);
    }
    memcpy(m->key, record, m->set->identity);
    m->in_place = false;
    return code;
}

/* Finds the block that `record` belongs to. */
static int locate(merger *m, const uint8_t *record) {
    uint8_t wanted[GX__IDENTITY_MAX];
    memcpy(wanted, record, m->set->identity);
    MDB_val key = {m->set->identity, wanted}, block;
    m->old_count = 0;
    m->is_last = false;
    int code = mdb_cursor_get(m->cursor, &key, &block, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) {
        m->is_last = true;
        code = mdb_cursor_get(m->cursor, &key, &block, MDB_LAST);
        if (code == MDB_NOTFOUND) { /* an empty tree */
            memcpy(m->key, record, m->set->identity);
            m->in_place = false;
            return 0;
        }
        return code ? code : load_block(m, key, block, true);
    }
    if (code) {
        return code;
    }
    if (memcmp(key.mv_data, record, m->set->identity) == 0) {
        return load_block(m, key, block, false);
    }
    memcpy(m->next_key, key.mv_data, m->set->identity);
    code = mdb_cursor_get(m->cursor, &key, &block, MDB_PREV);
    if (code == MDB_NOTFOUND) {
        return lower_first_block(m, record);
    }
    return code ? code : load_block(m, key, block, true);
}

/* How many of the batch belong to the block at hand: doubling steps, then halving. */
static size_t reach(const merger *m, const uint8_t *in, size_t count) {
    if (m->is_last) {
        return count;
    }
    size_t record = m->set->record, low = 0, step = 1;
    while (low + step < count && compare(m, in + (low + step) * record, m->next_key) < 0) {
        low += step;
        step *= 2;
    }
    size_t high = low + step < count ? low + step : count;
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (compare(m, in + middle * record, m->next_key) < 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

/* What the merge will do, before anything is written: marks `known`, returns how many are new. */
static size_t survey(merger *m, const uint8_t *in, size_t count, uint8_t *known,
                     size_t *out_replaced) {
    size_t created = 0, a = 0, record = m->set->record, identity = m->set->identity;
    *out_replaced = 0;
    for (size_t b = 0; b < count; b++) {
        const uint8_t *at = in + b * record;
        assert(b == 0 || compare(m, at - record, at) < 0);
        int order = -1;
        while (a < m->old_count && (order = compare(m, m->old + a * record, at)) < 0) {
            a++;
        }
        bool is_known = a < m->old_count && order == 0;
        created += !is_known;
        bool differs =
            is_known && m->replace &&
            memcmp(m->old + a * record + identity, at + identity, record - identity) != 0;
        *out_replaced += differs;
        if (known) {
            known[b] = (uint8_t)(is_known + differs);
        }
    }
    return created;
}

static int flush(merger *m) {
    if (m->out_count == 0) {
        return 0;
    }
    MDB_val key = {m->set->identity, m->key};
    MDB_val block = {m->out_count * m->set->record, m->out};
    unsigned flags = m->in_place ? MDB_CURRENT : m->is_last ? MDB_APPEND : 0;
    m->out_count = 0;
    m->in_place = false;
    return mdb_cursor_put(m->cursor, &key, &block, flags);
}

static int emit(merger *m, const uint8_t *record) {
    if (m->out_count == m->out_wanted) {
        int code = flush(m);
        if (code) {
            return code;
        }
        memcpy(m->key, record, m->set->identity);
    }
    memcpy(m->out + m->out_count++ * m->set->record, record, m->set->record);
    return 0;
}

/* The union of the old block and `count` of the batch, as blocks. */
static int rewrite(merger *m, const uint8_t *in, size_t count, size_t created) {
    size_t record = m->set->record, total = m->old_count + created;
    size_t blocks = (total + m->capacity - 1) / m->capacity;
    m->out_wanted = m->is_last ? m->capacity : (total + blocks - 1) / blocks;
    size_t a = 0, b = 0;
    int code = 0;
    while (code == 0 && (a < m->old_count || b < count)) {
        const uint8_t *old = m->old + a * record, *fresh = in + b * record;
        int order = a == m->old_count ? 1 : b == count ? -1 : compare(m, old, fresh);
        code = emit(m, order < 0 || (order == 0 && !m->replace) ? old : fresh);
        a += order <= 0;
        b += order >= 0;
    }
    return code ? code : flush(m);
}

/* Merges the records that belong to one block; *out_taken says how many they were. */
static int merge_one(merger *m, const uint8_t *in, size_t count, uint8_t *known, size_t *out_taken,
                     uint64_t *created) {
    int code = locate(m, in);
    if (code) {
        return code;
    }
    *out_taken = reach(m, in, count);
    size_t replaced, fresh = survey(m, in, *out_taken, known, &replaced);
    *created += fresh;
    if (fresh + replaced == 0) {
        return 0;
    }
    m->changed += fresh + replaced;
    if (!m->in_place && m->old_count > 0) {
        code = mdb_cursor_del(m->cursor, 0);
    }
    return code ? code : rewrite(m, in, *out_taken, fresh);
}

static void touch(gx_txn *txn, const gx__set *set, bool changed) {
    txn->dirty |= changed;
    txn->tied |= changed && set->tree == GX__TREE_TIE_OUT;
}

gx_status gx__set_merge(uint64_t *out_created, uint8_t *known, gx_txn *txn, const gx__set *set,
                        const void *records, size_t count, bool replace, gx_error *err) {
    gx_status status = GX_OK;
    merger m = {.set = set, .replace = replace, .capacity = GX__BLOCK_BYTES / set->record};
    uint64_t created = 0;
    size_t taken = 0;
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, gx__dbi(txn, set->tree), &m.cursor),
            "opening a cursor");
    for (size_t i = 0; i < count; i += taken) {
        GX__MDB(txn->store,
                merge_one(&m, (const uint8_t *)records + i * set->record, count - i,
                          known ? known + i : NULL, &taken, &created),
                "writing");
    }
    touch(txn, set, m.changed > 0);
    *out_created = created;
done:
    if (m.cursor) {
        mdb_cursor_close(m.cursor);
    }
    return status;
}

gx_status gx__set_del(bool *out_was, gx_txn *txn, const gx__set *set, const void *identity,
                      gx_error *err) {
    gx_status status = GX_OK;
    merger m = {.set = set};
    bool was = false;
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, gx__dbi(txn, set->tree), &m.cursor),
            "opening a cursor");
    GX__MDB(txn->store, locate(&m, identity), "reading");
    size_t at = 0;
    while (at < m.old_count && compare(&m, m.old + at * set->record, identity) < 0) {
        at++;
    }
    was = at < m.old_count && compare(&m, m.old + at * set->record, identity) == 0;
    if (was) {
        uint8_t *record = m.old + at * set->record;
        size_t after = (m.old_count - at - 1) * set->record;
        memmove(record, record + set->record, after);
        MDB_val key = {set->identity, m.key};
        MDB_val block = {(m.old_count - 1) * set->record, m.old};
        GX__MDB(txn->store,
                block.mv_size ? mdb_cursor_put(m.cursor, &key, &block, MDB_CURRENT)
                              : mdb_cursor_del(m.cursor, 0),
                "writing");
        touch(txn, set, true);
    }
done:
    if (m.cursor) {
        mdb_cursor_close(m.cursor);
    }
    if (status == GX_OK && out_was) {
        *out_was = was;
    }
    return status;
}
