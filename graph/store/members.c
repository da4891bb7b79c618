/* Memberships, sorted by group and by user, and impressions.
 *
 *   member          group u32 | user u32 → joined i64 | left i64 | role
 *   member_of       user u32 | group u32 → nothing
 *   impression      user u32 | time u64 | hash u64 → row
 *   impression_key  hash u64 | user u32 | time u64   (a set)
 *
 * The hash is the XXH3 of (request_id, pos). An impression's row is
 *   item u32 | pos u32 | channel u32 | propensity f32 | three lengths u8 | request_id arm model.
 */
#include "graph/store/members.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <math.h>

const gx__set gx__impression_key_set = {GX__TREE_IMPRESSION_KEY, GX__IMPRESSION_KEY_BYTES,
                                        GX__IMPRESSION_KEY_BYTES};

/* ---- memberships ------------------------------------------------------------------------- */

enum { MEMBER_HEAD = 16, MEMBER_MAX = MEMBER_HEAD + GX_ID_BYTES_MAX };

static MDB_val pair_key(uint8_t bytes[8], uint32_t first, uint32_t second) {
    gx__put_be32(bytes, first);
    gx__put_be32(bytes + 4, second);
    return (MDB_val){8, bytes};
}

bool gx__member_decode(gx_membership *out, const uint8_t *key, const uint8_t *row, size_t size) {
    gx_membership m = {.group = gx__be32(key), .user = gx__be32(key + 4)};
    if (size < MEMBER_HEAD) {
        return false;
    }
    memcpy(&m.joined_ms, row, 8);
    memcpy(&m.left_ms, row + 8, 8);
    m.role = (gx_slice){(const char *)row + MEMBER_HEAD, size - MEMBER_HEAD};
    *out = m;
    return true;
}

/* What the new row does not say, the old one still does. */
static size_t encode_member(uint8_t *to, const gx_membership *m, const gx_membership *old) {
    int64_t joined = m->joined_ms == GX_TIME_UNKNOWN ? old->joined_ms : m->joined_ms;
    int64_t left = m->left_ms == GX_TIME_UNKNOWN ? old->left_ms : m->left_ms;
    gx_slice role = m->role.size ? m->role : old->role;
    memcpy(to, &joined, 8);
    memcpy(to + 8, &left, 8);
    if (role.size) {
        memcpy(to + MEMBER_HEAD, role.data, role.size);
    }
    return MEMBER_HEAD + role.size;
}

gx_status gx_member_put(bool *out_created, gx_txn *txn, const gx_membership *member,
                        gx_error *err) {
    gx_status status;
    uint8_t key[8], back[8], bytes[MEMBER_MAX];
    MDB_val row;
    gx_membership old = {.joined_ms = GX_TIME_UNKNOWN, .left_ms = GX_TIME_UNKNOWN};
    GX_TRY(gx__check_writes(txn, err));
    GX_TRY(gx__check_id(txn, GX_SPACE_GROUP, member->group, err));
    GX_TRY(gx__check_id(txn, GX_SPACE_USER, member->user, err));
    if (member->role.size) {
        GX_TRY(gx__check_word(member->role, "role", err));
    }
    MDB_val at = pair_key(key, member->group, member->user);
    status = gx__get(&row, txn, GX__TREE_MEMBER, at, err);
    bool created = status == GX_NOT_FOUND;
    if (status != GX_OK && !created) {
        goto done;
    }
    if (!created && !gx__member_decode(&old, key, row.mv_data, row.mv_size)) {
        return gx_fail(err, GX_CORRUPT, "a membership of group %u is damaged", member->group);
    }
    size_t size = encode_member(bytes, member, &old);
    if (created || row.mv_size != size || memcmp(row.mv_data, bytes, size) != 0) {
        GX_TRY(gx__put(txn, GX__TREE_MEMBER, at, (MDB_val){size, bytes}, err));
    }
    if (created) {
        GX_TRY(gx__put(txn, GX__TREE_MEMBER_OF, pair_key(back, member->user, member->group),
                       (MDB_val){0, back}, err));
    }
    status = GX_OK;
done:
    if (status == GX_OK && out_created) {
        *out_created = created;
    }
    return status;
}

typedef struct each_member {
    gx_txn *txn;
    gx_member_fn fn;
    void *user;
} each_member;

static gx_status each_row(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    const each_member *each = ctx;
    gx_membership m;
    if (key.mv_size != 8 || !gx__member_decode(&m, key.mv_data, row.mv_data, row.mv_size)) {
        return gx_fail(err, GX_CORRUPT, "a membership is damaged");
    }
    return each->fn(each->user, &m, err);
}

gx_status gx_member_each(gx_txn *txn, gx_member_fn fn, void *user, gx_error *err) {
    each_member each = {txn, fn, user};
    return gx__each(txn, GX__TREE_MEMBER, (MDB_val){0, NULL}, 0, each_row, &each, err);
}

gx_status gx_member_of_group(gx_txn *txn, uint32_t group, gx_member_fn fn, void *ctx,
                             gx_error *err) {
    uint8_t key[8];
    each_member each = {txn, fn, ctx};
    return gx__each(txn, GX__TREE_MEMBER, pair_key(key, group, 0), 4, each_row, &each, err);
}

static gx_status each_back(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    const each_member *each = ctx;
    uint8_t bytes[8];
    (void)row;
    if (key.mv_size != 8) {
        return gx_fail(err, GX_CORRUPT, "a membership is damaged");
    }
    const uint8_t *at = key.mv_data;
    MDB_val turned = pair_key(bytes, gx__be32(at + 4), gx__be32(at));
    gx_status status = gx__get(&row, each->txn, GX__TREE_MEMBER, turned, err);
    if (status == GX_NOT_FOUND) {
        return gx_fail(err, GX_CORRUPT, "user %u is in group %u from one side only", gx__be32(at),
                       gx__be32(at + 4));
    }
    return status != GX_OK ? status : each_row(ctx, turned, row, err);
}

gx_status gx_member_of_user(gx_txn *txn, uint32_t user, gx_member_fn fn, void *ctx, gx_error *err) {
    uint8_t key[8];
    each_member each = {txn, fn, ctx};
    return gx__each(txn, GX__TREE_MEMBER_OF, pair_key(key, user, 0), 4, each_back, &each, err);
}

uint64_t gx_member_count(gx_txn *txn) {
    return gx__tree_entries(txn, GX__TREE_MEMBER);
}

/* ---- impressions ------------------------------------------------------------------------- */

enum { IMPRESSION_HEAD = 19, IMPRESSION_MAX = IMPRESSION_HEAD + 3 * GX_ID_BYTES_MAX };

uint64_t gx__impression_hash(gx_slice request_id, uint32_t pos) {
    return XXH3_64bits_withSeed(request_id.data, request_id.size, pos);
}

static void encode_key(uint8_t *key, uint8_t *record, uint32_t user, int64_t ts_ms, uint64_t hash) {
    gx__put_be32(key, user);
    gx__put_be64(key + 4, gx__time_bits(ts_ms));
    gx__put_be64(key + 12, hash);
    memcpy(record, key + 12, 8);
    memcpy(record + 8, key, 12);
}

static size_t encode_impression(uint8_t *to, const gx_impression *i) {
    const gx_slice texts[] = {i->request_id, i->arm, i->model};
    size_t size = IMPRESSION_HEAD;
    memcpy(to, &i->item, 4);
    memcpy(to + 4, &i->pos, 4);
    memcpy(to + 8, &i->channel, 4);
    memcpy(to + 12, &i->propensity, 4);
    for (size_t t = 0; t < GX_COUNT(texts); t++) {
        to[16 + t] = (uint8_t)texts[t].size;
        if (texts[t].size) {
            memcpy(to + size, texts[t].data, texts[t].size);
            size += texts[t].size;
        }
    }
    return size;
}

bool gx__impression_decode(gx_impression *out, const uint8_t *key, const uint8_t *row,
                           size_t size) {
    gx_impression i = {.user = gx__be32(key), .ts_ms = gx__time_of(gx__be64(key + 4))};
    gx_slice *texts[] = {&i.request_id, &i.arm, &i.model};
    size_t at = IMPRESSION_HEAD;
    if (size < IMPRESSION_HEAD) {
        return false;
    }
    memcpy(&i.item, row, 4);
    memcpy(&i.pos, row + 4, 4);
    memcpy(&i.channel, row + 8, 4);
    memcpy(&i.propensity, row + 12, 4);
    for (size_t t = 0; t < GX_COUNT(texts); t++) {
        if (size - at < row[16 + t]) {
            return false;
        }
        *texts[t] = (gx_slice){(const char *)row + at, row[16 + t]};
        at += row[16 + t];
    }
    *out = i;
    return at == size;
}

typedef struct shown {
    gx_txn *txn;
    const gx_impression *wanted;
    bool found;
} shown;

static gx_status each_candidate(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    shown *s = ctx;
    for (size_t i = 0; i < count && !s->found; i++) {
        const uint8_t *record = records + i * GX__IMPRESSION_KEY_BYTES;
        uint8_t key[GX__IMPRESSION_KEY_BYTES];
        gx_impression there;
        MDB_val row;
        memcpy(key, record + 8, 12);
        memcpy(key + 12, record, 8);
        gx_status status =
            gx__get(&row, s->txn, GX__TREE_IMPRESSION, (MDB_val){sizeof key, key}, err);
        if (status != GX_OK || !gx__impression_decode(&there, key, row.mv_data, row.mv_size)) {
            return gx_fail(err, GX_CORRUPT, "an impression of user %u is damaged", gx__be32(key));
        }
        s->found =
            there.pos == s->wanted->pos && gx_slice_equal(there.request_id, s->wanted->request_id);
    }
    return GX_OK;
}

static gx_status check_impression(gx_txn *txn, const gx_impression *i, gx_error *err) {
    gx_status status;
    GX_TRY(gx__check_writes(txn, err));
    GX_TRY(gx__check_word(i->request_id, "request_id", err));
    if (i->arm.size) {
        GX_TRY(gx__check_word(i->arm, "arm", err));
    }
    if (i->model.size) {
        GX_TRY(gx__check_word(i->model, "model", err));
    }
    GX_TRY(gx__check_id(txn, GX_SPACE_USER, i->user, err));
    GX_TRY(gx__check_id(txn, GX_SPACE_ITEM, i->item, err));
    if (i->channel != GX_NONE) {
        GX_TRY(gx__check_id(txn, GX_SPACE_CHANNEL, i->channel, err));
    }
    if (isinf(i->propensity)) {
        status = gx_fail(err, GX_BAD_REQUEST, "the propensity of an impression is finite");
    }
done:
    return status;
}

gx_status gx_impression_put(bool *out_created, gx_txn *txn, const gx_impression *impression,
                            gx_error *err) {
    uint8_t key[GX__IMPRESSION_KEY_BYTES], record[GX__IMPRESSION_KEY_BYTES], row[IMPRESSION_MAX];
    uint64_t hash = gx__impression_hash(impression->request_id, impression->pos), created = 0;
    shown s = {txn, impression, false};
    gx_status status;
    GX_TRY(check_impression(txn, impression, err));
    encode_key(key, record, impression->user, impression->ts_ms, hash);
    GX_TRY(gx__set_each(txn, &gx__impression_key_set, record, 8, each_candidate, &s, err));
    if (!s.found) {
        GX_TRY(gx__set_merge(&created, NULL, txn, &gx__impression_key_set, record, 1, false, err));
        if (created == 0) {
            return gx_fail(err, GX_CONFLICT,
                           "two impressions of user %u at one time share a 64-bit hash",
                           impression->user);
        }
        size_t size = encode_impression(row, impression);
        GX_TRY(gx__put(txn, GX__TREE_IMPRESSION, (MDB_val){sizeof key, key}, (MDB_val){size, row},
                       err));
    }
    if (out_created) {
        *out_created = !s.found;
    }
done:
    return status;
}

typedef struct each_impression {
    gx_impression_fn fn;
    void *user;
    int64_t to_ms; /* of one member: nothing from here on */
    bool over;
} each_impression;

static gx_status decode_shown(gx_impression *out, MDB_val key, MDB_val row, gx_error *err) {
    return key.mv_size == GX__IMPRESSION_KEY_BYTES &&
                   gx__impression_decode(out, key.mv_data, row.mv_data, row.mv_size)
               ? GX_OK
               : gx_fail(err, GX_CORRUPT, "an impression is damaged");
}

static gx_status each_shown(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    const each_impression *each = ctx;
    gx_impression i;
    gx_status status = decode_shown(&i, key, row, err);
    return status == GX_OK ? each->fn(each->user, &i, err) : status;
}

static gx_status each_before(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    each_impression *each = ctx;
    gx_impression i;
    gx_status status = decode_shown(&i, key, row, err);
    if (status == GX_OK && i.ts_ms >= each->to_ms) {
        each->over = true;
        return GX_CANCELLED; /* ends the walk */
    }
    return status == GX_OK ? each->fn(each->user, &i, err) : status;
}

gx_status gx_impression_each(gx_txn *txn, gx_impression_fn fn, void *user, gx_error *err) {
    each_impression each = {.fn = fn, .user = user};
    return gx__each(txn, GX__TREE_IMPRESSION, (MDB_val){0, NULL}, 0, each_shown, &each, err);
}

gx_status gx_impression_of_user(gx_txn *txn, uint32_t user, int64_t from_ms, int64_t to_ms,
                                gx_impression_fn fn, void *ctx, gx_error *err) {
    each_impression each = {.fn = fn, .user = ctx, .to_ms = to_ms};
    uint8_t from[12];
    gx__put_be32(from, user);
    gx__put_be64(from + 4, gx__time_bits(from_ms));
    gx_status status = gx__each(txn, GX__TREE_IMPRESSION, (MDB_val){sizeof from, from}, 4,
                                each_before, &each, err);
    return each.over ? GX_OK : status;
}

uint64_t gx_impression_count(gx_txn *txn) {
    return gx__tree_entries(txn, GX__TREE_IMPRESSION);
}
