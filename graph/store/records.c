/* Records and settings: open maps of fields as MessagePack, by number and by name. */
#include "graph/store/inner.h"

#include <assert.h>

enum { RECORD_BYTES_MAX = 1 << 20 };

static gx_status check_map(const gx_value *fields, gx_error *err) {
    return fields->type == GX_MAP ? GX_OK
                                  : gx_fail(err, GX_BAD_REQUEST, "a record is a map of fields");
}

static gx_status read_map(gx_value *out, gx_arena *arena, MDB_val row, gx_space space, uint32_t id,
                          gx_error *err) {
    const gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    gx_error inner;
    gx_status status = gx_pack_read(out, arena, row.mv_data, row.mv_size, &limits, &inner);
    if (status == GX_NO_MEMORY) {
        return gx_fail(err, status, "%s", inner.message);
    }
    if (status != GX_OK || out->type != GX_MAP) {
        return gx_fail(err, GX_CORRUPT, "record %u of %s is damaged: %s", id, gx_space_name(space),
                       status != GX_OK ? inner.message : "it is no map");
    }
    return GX_OK;
}

static gx_status get_row(MDB_val *out, gx_txn *txn, gx_space space, uint32_t id, gx_error *err) {
    MDB_val key = {sizeof id, &id};
    return gx__get(out, txn, gx__tree_of(GX__TREE_RECORD, space), key, err);
}

gx_status gx_record_get(gx_value *out, gx_txn *txn, gx_arena *arena, gx_space space, uint32_t id,
                        gx_error *err) {
    MDB_val row;
    gx_status status = get_row(&row, txn, space, id, err);
    if (status == GX_NOT_FOUND) {
        *out = gx_map(arena, 0);
        return GX_OK;
    }
    return status != GX_OK ? status : read_map(out, arena, row, space, id, err);
}

/* ---- merge ------------------------------------------------------------------------------- */

static gx_pair *pair_of(gx_value *map, const gx_value *key) {
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_value *k = &map->as.pairs[i].key;
        if (k->size == key->size && memcmp(k->as.text, key->as.text, key->size) == 0) {
            return &map->as.pairs[i];
        }
    }
    return NULL;
}

static void drop_pair(gx_value *map, const gx_pair *pair) {
    size_t at = (size_t)(pair - map->as.pairs);
    memmove(&map->as.pairs[at], &map->as.pairs[at + 1], (map->size - at - 1) * sizeof *pair);
    map->size--;
}

/* `into` has room for all. Keys keep their place, new ones come at the end. */
static void merge_fields(gx_value *into, const gx_value *fields) {
    for (uint32_t i = 0; i < fields->size; i++) {
        const gx_pair *given = &fields->as.pairs[i];
        gx_pair *there = pair_of(into, &given->key);
        if (given->value.type == GX_NIL) {
            if (there) {
                drop_pair(into, there);
            }
        } else if (there) {
            there->value = given->value;
        } else {
            into->as.pairs[into->size++] = *given;
        }
    }
}

static gx_status merged(gx_value *out, gx_arena *arena, const gx_value *old, const gx_value *fields,
                        gx_error *err) {
    gx_value map = gx_map(arena, old->size + fields->size);
    if (gx_arena_status(arena) != GX_OK) {
        return gx_fail_memory(err, gx_arena_bytes(arena));
    }
    assert(map.capacity >= old->size + fields->size);
    merge_fields(&map, old);
    merge_fields(&map, fields);
    *out = map;
    return GX_OK;
}

static gx_status pack(gx_buffer *out, const gx_value *value, const char *what, gx_error *err) {
    gx_pack_write(out, value);
    if (out->failed) {
        return gx_fail_memory(err, out->capacity * 2);
    }
    return out->size <= RECORD_BYTES_MAX
               ? GX_OK
               : gx_fail(err, GX_OVER_LIMIT, "%s is %zu bytes long, at most %d", what, out->size,
                         RECORD_BYTES_MAX);
}

static gx_status put_row(bool *out_changed, gx_txn *txn, unsigned tree, MDB_val key,
                         const gx_value *value, MDB_val old, gx_error *err) {
    gx_buffer bytes = {0};
    gx_status status = pack(&bytes, value, "a record", err);
    bool same = status == GX_OK && old.mv_data && old.mv_size == bytes.size &&
                memcmp(old.mv_data, bytes.bytes, bytes.size) == 0;
    if (status == GX_OK && !same) {
        status = gx__put(txn, tree, key, (MDB_val){bytes.size, bytes.bytes}, err);
    }
    gx_buffer_finish(&bytes);
    *out_changed = !same;
    return status;
}

gx_status gx_record_merge(bool *out_changed, gx_txn *txn, gx_space space, uint32_t id,
                          const gx_value *fields, gx_error *err) {
    gx_status status;
    gx_arena *arena = NULL;
    bool changed = false;
    GX_TRY(gx__check_writes(txn, err));
    GX_TRY(check_map(fields, err));
    GX_TRY(gx__check_id(txn, space, id, err));
    unsigned tree = gx__tree_of(GX__TREE_RECORD, space);
    MDB_val key = {sizeof id, &id}, row;
    status = get_row(&row, txn, space, id, err);
    if (status != GX_OK && status != GX_NOT_FOUND) {
        goto done;
    }
    arena = gx_arena_create();
    if (!arena) {
        status = gx_fail_memory(err, 0);
        goto done;
    }
    gx_value old = gx_map(arena, 0), whole;
    if (row.mv_data) {
        GX_TRY(read_map(&old, arena, row, space, id, err));
    }
    GX_TRY(merged(&whole, arena, &old, fields, err));
    if (whole.size > 0) {
        GX_TRY(put_row(&changed, txn, tree, key, &whole, row, err));
    } else {
        GX_TRY(gx__del(&changed, txn, tree, key, err));
    }
    status = GX_OK;
done:
    gx_arena_destroy(arena);
    if (status == GX_OK && out_changed) {
        *out_changed = changed;
    }
    return status;
}

/* ---- each -------------------------------------------------------------------------------- */

typedef struct each_record {
    gx_record_fn fn;
    void *user;
    gx_space space;
    gx_arena *arena;
} each_record;

static gx_status each_row(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    each_record *each = ctx;
    uint32_t id;
    gx_value fields;
    memcpy(&id, key.mv_data, sizeof id);
    gx_arena_reset(each->arena);
    gx_status status = read_map(&fields, each->arena, row, each->space, id, err);
    return status != GX_OK ? status : each->fn(each->user, id, &fields, err);
}

gx_status gx_record_each(gx_txn *txn, gx_space space, gx_record_fn fn, void *user, gx_error *err) {
    each_record each = {fn, user, space, gx_arena_create()};
    if (!each.arena) {
        return gx_fail_memory(err, 0);
    }
    gx_status status = gx__each(txn, gx__tree_of(GX__TREE_RECORD, space), (MDB_val){0, NULL}, 0,
                                each_row, &each, err);
    gx_arena_destroy(each.arena);
    return status;
}

/* ---- settings ---------------------------------------------------------------------------- */

static gx_status setting_key(MDB_val *out, const char *name, gx_error *err) {
    gx_slice word = gx_slice_of(name);
    *out = gx__val(word.data, word.size);
    return gx__check_word(word, "the name of a setting", err);
}

gx_status gx_setting_put(gx_txn *txn, const char *name, const gx_value *value, gx_error *err) {
    gx_status status;
    MDB_val key, old;
    bool changed;
    GX_TRY(gx__check_writes(txn, err));
    GX_TRY(setting_key(&key, name, err));
    if (value->type == GX_NIL) {
        return gx__del(NULL, txn, GX__TREE_SETTING, key, err);
    }
    status = gx__get(&old, txn, GX__TREE_SETTING, key, err);
    if (status == GX_OK || status == GX_NOT_FOUND) {
        status = put_row(&changed, txn, GX__TREE_SETTING, key, value, old, err);
    }
done:
    return status;
}

gx_status gx_setting_get(gx_value *out, gx_txn *txn, gx_arena *arena, const char *name,
                         gx_error *err) {
    MDB_val key, row;
    const gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    gx_error inner;
    gx_status status = setting_key(&key, name, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx__get(&row, txn, GX__TREE_SETTING, key, err);
    if (status == GX_NOT_FOUND) {
        *out = gx_nil();
        return GX_OK;
    }
    if (status == GX_OK) {
        status = gx_pack_read(out, arena, row.mv_data, row.mv_size, &limits, &inner);
        if (status != GX_OK) {
            return gx_fail(err, status == GX_NO_MEMORY ? status : GX_CORRUPT,
                           "setting `%s` cannot be read: %s", name, inner.message);
        }
    }
    return status;
}
