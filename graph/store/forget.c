/* Forgetting a user (R81): word, record, ties both ways, events from all three trees, memberships,
 * impressions, and the fields of other records that name them. The number stays spent: what still
 * holds it (`via` of somebody else's event, an older snapshot) names nobody.
 *
 * Cost: what the user has, and one pass over the records of users and groups.
 */
#include "graph/store/event.h"
#include "graph/store/members.h"

/* Fixed-size keys gathered from a tree before it is written to. */
typedef struct keys {
    gx_buffer bytes;
    size_t size;
} keys;

static gx_status gather_row(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    keys *k = ctx;
    (void)row;
    gx_buffer_append(&k->bytes, key.mv_data, key.mv_size);
    return k->bytes.failed ? gx_fail_memory(err, k->bytes.size) : GX_OK;
}

static gx_status gather_records(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    keys *k = ctx;
    gx_buffer_append(&k->bytes, records, count * k->size);
    return k->bytes.failed ? gx_fail_memory(err, k->bytes.size) : GX_OK;
}

static size_t key_count(const keys *k) {
    return k->bytes.size / k->size;
}

static const uint8_t *key_at(const keys *k, size_t i) {
    return (const uint8_t *)k->bytes.bytes + i * k->size;
}

/* ---- events ------------------------------------------------------------------------------ */

static gx_status forget_event(gx_txn *txn, const uint8_t *record, gx_error *err) {
    uint8_t log[GX__LOG_KEY_BYTES], id[GX__EVENT_ID_BYTES];
    gx__event_key key = gx__core_key(record);
    gx_event event;
    gx_status status;
    GX_TRY(gx__event_get(&event, txn, key, err));
    if (event.event_id.size) {
        gx__put_be64(id, key.key);
        gx__put_be64(id + 8, key.time);
        GX_TRY(gx__set_del(NULL, txn, &gx__event_id_set, id, err));
    }
    gx__log_key(log, key);
    GX_TRY(gx__del(NULL, txn, GX__TREE_EVENT_LOG, (MDB_val){sizeof log, log}, err));
    GX_TRY(gx__set_del(NULL, txn, &gx__event_core_set, record, err));
done:
    return status == GX_NOT_FOUND
               ? gx_fail(err, GX_CORRUPT, "an event of user %u is in one tree only",
                         gx__be32(record))
               : status;
}

static gx_status forget_events(gx_txn *txn, const uint8_t user[4], gx_error *err) {
    keys k = {.size = GX__CORE_BYTES};
    gx_status status = gx__set_each(txn, &gx__event_core_set, user, 4, gather_records, &k, err);
    for (size_t i = 0; status == GX_OK && i < key_count(&k); i++) {
        status = forget_event(txn, key_at(&k, i), err);
    }
    gx_buffer_finish(&k.bytes);
    return status;
}

/* ---- ties -------------------------------------------------------------------------------- */

/* Takes the user's records out of `mine` and their turned twins out of `other`. */
static gx_status forget_side(gx_txn *txn, const uint8_t user[4], const gx__set *mine,
                             const gx__set *other, gx_error *err) {
    keys k = {.size = mine->record};
    gx_status status = gx__set_each(txn, mine, user, 4, gather_records, &k, err);
    for (size_t i = 0; status == GX_OK && i < key_count(&k); i++) {
        const uint8_t *record = key_at(&k, i);
        uint8_t turned[GX__IDENTITY_MAX];
        memcpy(turned, record + 8, 4);
        memcpy(turned + 4, record + 4, 4);
        memcpy(turned + 8, record, 4);
        GX_TRY(gx__set_del(NULL, txn, mine, record, err));
        GX_TRY(gx__set_del(NULL, txn, other, turned, err));
        txn->counts.ties--;
    }
done:
    gx_buffer_finish(&k.bytes);
    return status;
}

/* ---- memberships and impressions --------------------------------------------------------- */

static gx_status forget_memberships(gx_txn *txn, const uint8_t user[4], gx_error *err) {
    keys k = {.size = 8};
    gx_status status = gx__each(txn, GX__TREE_MEMBER_OF, gx__val(user, 4), 4, gather_row, &k, err);
    for (size_t i = 0; status == GX_OK && i < key_count(&k); i++) {
        uint8_t back[8], key[8];
        memcpy(back, key_at(&k, i), 8);
        memcpy(key, back + 4, 4);
        memcpy(key + 4, back, 4);
        GX_TRY(gx__del(NULL, txn, GX__TREE_MEMBER, (MDB_val){8, key}, err));
        GX_TRY(gx__del(NULL, txn, GX__TREE_MEMBER_OF, (MDB_val){8, back}, err));
    }
done:
    gx_buffer_finish(&k.bytes);
    return status;
}

static gx_status forget_impressions(gx_txn *txn, const uint8_t user[4], gx_error *err) {
    keys k = {.size = GX__IMPRESSION_KEY_BYTES};
    gx_status status = gx__each(txn, GX__TREE_IMPRESSION, gx__val(user, 4), 4, gather_row, &k, err);
    for (size_t i = 0; status == GX_OK && i < key_count(&k); i++) {
        uint8_t key[GX__IMPRESSION_KEY_BYTES], turned[GX__IMPRESSION_KEY_BYTES];
        memcpy(key, key_at(&k, i), sizeof key);
        memcpy(turned, key + 12, 8);
        memcpy(turned + 8, key, 12);
        GX_TRY(gx__set_del(NULL, txn, &gx__impression_key_set, turned, err));
        GX_TRY(gx__del(NULL, txn, GX__TREE_IMPRESSION, (MDB_val){sizeof key, key}, err));
    }
done:
    gx_buffer_finish(&k.bytes);
    return status;
}

/* ---- fields of others that name the user ------------------------------------------------- */

typedef struct search {
    const char *word, *field;
    size_t size;
    keys found; /* numbers of records */
} search;

/* A look at the bytes first: few records hold the word at all. */
static gx_status gather_naming(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    search *s = ctx;
    return memmem(row.mv_data, row.mv_size, s->word, s->size) ? gather_row(&s->found, key, row, err)
                                                              : GX_OK;
}

static gx_status scrub_record(gx_txn *txn, gx_space space, uint32_t id, const search *s,
                              gx_error *err) {
    gx_value record;
    gx_status status;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(gx_record_get(&record, txn, arena, space, id, err));
    const gx_value *value = gx_map_get(&record, s->field);
    if (value && value->type == GX_TEXT && value->size == s->size &&
        memcmp(value->as.text, s->word, s->size) == 0) {
        gx_value without = gx_map(arena, 1);
        gx_map_put(arena, &without, s->field, gx_nil());
        status = gx_arena_status(arena) == GX_OK
                     ? gx_record_merge(NULL, txn, space, id, &without, err)
                     : gx_fail_memory(err, 0);
    }
done:
    gx_arena_destroy(arena);
    return status;
}

static gx_status scrub(gx_txn *txn, gx_space space, const char *field, gx_slice word,
                       gx_error *err) {
    search s = {word.data, field, word.size, {.size = sizeof(uint32_t)}};
    gx_status status = gx__each(txn, gx__tree_of(GX__TREE_RECORD, space), (MDB_val){0, NULL}, 0,
                                gather_naming, &s, err);
    for (size_t i = 0; status == GX_OK && i < key_count(&s.found); i++) {
        uint32_t id;
        memcpy(&id, key_at(&s.found, i), sizeof id);
        status = scrub_record(txn, space, id, &s, err);
    }
    gx_buffer_finish(&s.found.bytes);
    return status;
}

/* ---- the user ---------------------------------------------------------------------------- */

static gx_status forget_word(gx_txn *txn, uint32_t user, gx_slice word, gx_error *err) {
    gx_status status;
    MDB_val id = {sizeof user, &user}, key = gx__val(word.data, word.size);
    GX_TRY(gx__del(NULL, txn, gx__tree_of(GX__TREE_RECORD, GX_SPACE_USER), id, err));
    GX_TRY(gx__del(NULL, txn, gx__tree_of(GX__TREE_WORD, GX_SPACE_USER), key, err));
    /* The row of the number stays, empty, so that the number is never given again. */
    GX_TRY(gx__put(txn, gx__tree_of(GX__TREE_NAME, GX_SPACE_USER), id, (MDB_val){0, &user}, err));
done:
    return status;
}

gx_status gx_user_forget(gx_txn *txn, uint32_t user, gx_error *err) {
    gx_status status = gx__check_writes(txn, err);
    if (status != GX_OK) {
        return status;
    }
    char copy[GX_ID_BYTES_MAX];
    gx_slice name = gx_word_name(txn, GX_SPACE_USER, user);
    if (name.size == 0 || name.size > sizeof copy) {
        return gx_fail(err, GX_NOT_FOUND, "user number %u is not in the store", user);
    }
    memcpy(copy, name.data, name.size);
    gx_slice word = {copy, name.size};
    uint8_t key[4];
    gx__put_be32(key, user);
    GX_TRY(forget_events(txn, key, err));
    GX_TRY(forget_side(txn, key, &gx__tie_out_set, &gx__tie_in_set, err));
    GX_TRY(forget_side(txn, key, &gx__tie_in_set, &gx__tie_out_set, err));
    GX_TRY(forget_memberships(txn, key, err));
    GX_TRY(forget_impressions(txn, key, err));
    GX_TRY(scrub(txn, GX_SPACE_USER, "invited_by", word, err));
    GX_TRY(scrub(txn, GX_SPACE_GROUP, "owner", word, err));
    GX_TRY(forget_word(txn, user, word, err));
done:
    return status;
}
