/* Words: external ids and names as dense numbers, one numbering a space.
 *
 * Two trees a space: word → id, and id → word by number. The second has a row for every id ever
 * given, empty where the word was forgotten, so that the next id is the number of its rows and no
 * id is ever given twice.
 */
#include "graph/store/inner.h"
#include "graph/store/sort.h"

gx_status gx__check_word(gx_slice word, const char *what, gx_error *err) {
    char quoted[96];
    if (word.size == 0) {
        return gx_fail(err, GX_BAD_REQUEST, "%s is empty", what);
    }
    if (word.size > GX_ID_BYTES_MAX) {
        return gx_fail(err, GX_BAD_REQUEST, "%s %s is %zu bytes long, at most %d", what,
                       gx_quote(quoted, sizeof quoted, word.data, word.size), word.size,
                       GX_ID_BYTES_MAX);
    }
    if (memchr(word.data, 0, word.size)) {
        return gx_fail(err, GX_BAD_REQUEST, "%s %s has a NUL byte", what,
                       gx_quote(quoted, sizeof quoted, word.data, word.size));
    }
    if (!gx_utf8_is_valid(word.data, word.size)) {
        return gx_fail(err, GX_BAD_REQUEST, "%s %s is not UTF-8", what,
                       gx_quote(quoted, sizeof quoted, word.data, word.size));
    }
    return GX_OK;
}

gx_status gx__check_id(gx_txn *txn, gx_space space, uint32_t id, gx_error *err) {
    uint32_t count = gx_word_count(txn, space);
    return id < count ? GX_OK
                      : gx_fail(err, GX_BAD_REQUEST, "number %u is not one of the %u %s", id, count,
                                gx_space_name(space));
}

static MDB_val word_val(gx_slice word) {
    return gx__val(word.data, word.size);
}

static gx_status find(uint32_t *out, gx_txn *txn, gx_space space, gx_slice word, gx_error *err) {
    MDB_val value;
    if (word.size == 0 || word.size > GX_ID_BYTES_MAX) {
        return GX_NOT_FOUND;
    }
    gx_status status = gx__get(&value, txn, gx__tree_of(GX__TREE_WORD, space), word_val(word), err);
    if (status == GX_OK && value.mv_size != sizeof *out) {
        return gx_fail(err, GX_CORRUPT, "a word of %s has a number of %zu bytes",
                       gx_space_name(space), value.mv_size);
    }
    if (status == GX_OK) {
        memcpy(out, value.mv_data, sizeof *out);
    }
    return status;
}

gx_status gx_word_find(uint32_t *out, gx_txn *txn, gx_space space, gx_slice word) {
    return find(out, txn, space, word, NULL);
}

static gx_status add(gx_txn *txn, gx_space space, gx_slice word, uint32_t id, gx_error *err) {
    MDB_val number = {sizeof id, &id};
    gx_status status = gx__put(txn, gx__tree_of(GX__TREE_WORD, space), word_val(word), number, err);
    return status != GX_OK
               ? status
               : gx__put(txn, gx__tree_of(GX__TREE_NAME, space), number, word_val(word), err);
}

static gx_status check_room(uint32_t count, size_t more, gx_space space, gx_error *err) {
    return more < GX_NONE - count
               ? GX_OK
               : gx_fail(err, GX_OVER_LIMIT, "more than %u %s", GX_NONE - 1, gx_space_name(space));
}

gx_status gx_word_intern(uint32_t *out, bool *out_created, gx_txn *txn, gx_space space,
                         gx_slice word, gx_error *err) {
    uint32_t id = 0;
    gx_status status = find(&id, txn, space, word, err);
    bool created = status == GX_NOT_FOUND;
    if (created) {
        id = gx_word_count(txn, space);
        GX_TRY(gx__check_writes(txn, err));
        GX_TRY(gx__check_word(word, "the id", err));
        GX_TRY(check_room(id, 1, space, err));
        GX_TRY(add(txn, space, word, id, err));
    }
done:
    if (status == GX_OK) {
        *out = id;
        if (out_created) {
            *out_created = created;
        }
    }
    return status;
}

gx_slice gx_word_name(gx_txn *txn, gx_space space, uint32_t id) {
    MDB_val key = {sizeof id, &id}, value;
    gx_status status = gx__get(&value, txn, gx__tree_of(GX__TREE_NAME, space), key, NULL);
    return status == GX_OK ? (gx_slice){value.mv_data, value.mv_size} : (gx_slice){"", 0};
}

uint32_t gx_word_count(gx_txn *txn, gx_space space) {
    return (uint32_t)gx__tree_entries(txn, gx__tree_of(GX__TREE_NAME, space));
}

uint32_t gx_word_live(gx_txn *txn, gx_space space) {
    return (uint32_t)gx__tree_entries(txn, gx__tree_of(GX__TREE_WORD, space));
}

typedef struct each_word {
    gx_word_fn fn;
    void *user;
} each_word;

static gx_status each_name(void *ctx, MDB_val key, MDB_val value, gx_error *err) {
    const each_word *each = ctx;
    uint32_t id;
    memcpy(&id, key.mv_data, sizeof id);
    gx_slice word = {value.mv_data, value.mv_size};
    return word.size ? each->fn(each->user, id, word, err) : GX_OK;
}

gx_status gx_word_each(gx_txn *txn, gx_space space, gx_word_fn fn, void *user, gx_error *err) {
    each_word each = {fn, user};
    return gx__each(txn, gx__tree_of(GX__TREE_NAME, space), (MDB_val){0, NULL}, 0, each_name, &each,
                    err);
}

/* ---- many at once ------------------------------------------------------------------------ */

enum { CHECK_EVERY = 1 << 14 };

static gx_status poll(gx_job *job, size_t i, gx_error *err) {
    return job && i % CHECK_EVERY == 0 ? gx_job_check(job, err) : GX_OK;
}

static gx_status append_names(gx_txn *txn, gx_space space, uint32_t first, const gx_slice *words,
                              size_t count, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    MDB_cursor *cursor = NULL;
    unsigned tree = gx__tree_of(GX__TREE_NAME, space);
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, gx__dbi(txn, tree), &cursor), "opening a cursor");
    for (size_t i = 0; i < count; i++) {
        GX_TRY(poll(job, i, err));
        uint32_t id = first + (uint32_t)i;
        MDB_val key = {sizeof id, &id}, value = word_val(words[i]);
        GX__MDB(txn->store, mdb_cursor_put(cursor, &key, &value, MDB_APPEND), "writing words");
    }
done:
    if (cursor) {
        mdb_cursor_close(cursor);
    }
    return status;
}

static gx_status twice(gx_space space, gx_slice word, gx_error *err) {
    char quoted[96];
    return gx_fail(err, GX_CONFLICT, "%s %s is given twice, or is there already",
                   gx_space_name(space), gx_quote(quoted, sizeof quoted, word.data, word.size));
}

/* In key order; appended where the whole run lies above what is there. */
static gx_status insert_words(gx_txn *txn, gx_space space, uint32_t first, const gx_slice *words,
                              const uint32_t *order, size_t count, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    MDB_cursor *cursor = NULL;
    MDB_dbi dbi = gx__dbi(txn, gx__tree_of(GX__TREE_WORD, space));
    MDB_val last, ignored, lowest = word_val(words[order[0]]);
    GX__MDB(txn->store, mdb_cursor_open(txn->mdb, dbi, &cursor), "opening a cursor");
    int code = mdb_cursor_get(cursor, &last, &ignored, MDB_LAST);
    bool above = code == MDB_NOTFOUND || mdb_cmp(txn->mdb, dbi, &lowest, &last) > 0;
    for (size_t i = 0; i < count; i++) {
        GX_TRY(poll(job, i, err));
        uint32_t id = first + order[i];
        MDB_val key = word_val(words[order[i]]), value = {sizeof id, &id};
        code = mdb_cursor_put(cursor, &key, &value, above ? MDB_APPEND : MDB_NOOVERWRITE);
        if (code == MDB_KEYEXIST) {
            status = twice(space, words[order[i]], err);
            goto done;
        }
        GX__MDB(txn->store, code, "writing words");
    }
done:
    if (cursor) {
        mdb_cursor_close(cursor);
    }
    return status;
}

gx_status gx_word_append(uint32_t *out_first, gx_txn *txn, gx_space space, const gx_slice *words,
                         size_t count, gx_job *job, gx_error *err) {
    gx_status status = gx__check_writes(txn, err);
    uint32_t *order = NULL;
    uint32_t first = gx_word_count(txn, space);
    if (status != GX_OK || count == 0) {
        *out_first = first;
        return status;
    }
    GX_TRY(check_room(first, count, space, err));
    for (size_t i = 0; i < count; i++) {
        GX_TRY(gx__check_word(words[i], "the id", err));
    }
    GX_TRY(gx__sort_words(&order, words, (uint32_t)count, err));
    txn->dirty = true;
    GX_TRY(insert_words(txn, space, first, words, order, count, job, err));
    GX_TRY(append_names(txn, space, first, words, count, job, err));
    *out_first = first;
done:
    gx_free(order);
    return status;
}
