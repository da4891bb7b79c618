/* The invariants of events, memberships and impressions. */
#include "graph/store/check.h"
#include "graph/store/event.h"
#include "graph/store/members.h"

static unsigned long long number(uint64_t x) {
    return (unsigned long long)x;
}

/* ---- events ------------------------------------------------------------------------------ */

static gx_status each_core(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    checker *c = ctx;
    gx_status status = GX_OK;
    for (size_t i = 0; i < count && status == GX_OK; i++) {
        const uint8_t *record = records + i * GX__CORE_BYTES;
        uint8_t log[GX__LOG_KEY_BYTES], twin[GX__CORE_BYTES];
        gx__event_key key = gx__core_key(record);
        MDB_val row;
        gx__log_key(log, key);
        status = gx__get(&row, c->txn, GX__TREE_EVENT_LOG, (MDB_val){sizeof log, log}, err);
        if (status != GX_OK && status != GX_NOT_FOUND) {
            return status;
        }
        gx_event event;
        bool whole = status == GX_OK && gx__event_decode(&event, key, row.mv_data, row.mv_size);
        if (whole) {
            gx__core_encode(twin, key, row.mv_data);
        }
        if (!whole || memcmp(record, twin, sizeof twin) != 0) {
            gx__problem(c, "event %016llx of user %u is not the same by time", number(key.key),
                        gx__be32(record));
        }
        status = gx__check_poll(c, err);
    }
    return status;
}

static bool names_all(checker *c, const gx_event *e) {
    gx_txn *txn = c->txn;
    return gx_word_name(txn, GX_SPACE_USER, e->user).size > 0 &&
           (e->item == GX_NONE || e->item < gx_word_count(txn, GX_SPACE_ITEM)) &&
           e->action < gx_word_count(txn, GX_SPACE_ACTION) &&
           (e->channel == GX_NONE || e->channel < gx_word_count(txn, GX_SPACE_CHANNEL)) &&
           (e->group == GX_NONE || e->group < gx_word_count(txn, GX_SPACE_GROUP)) &&
           (e->via == GX_NONE || e->via < gx_word_count(txn, GX_SPACE_USER)) &&
           (e->campaign == GX_NONE || e->campaign < gx_word_count(txn, GX_SPACE_CAMPAIGN)) &&
           (e->coupon == GX_NONE || e->coupon < gx_word_count(txn, GX_SPACE_COUPON));
}

typedef struct log_check {
    checker *c;
    uint64_t with_id;
} log_check;

static gx_status check_id(log_check *l, gx__event_key key, gx_error *err) {
    uint8_t record[GX__EVENT_ID_BYTES], found[GX__EVENT_ID_BYTES];
    l->with_id++;
    gx__put_be64(record, key.key);
    gx__put_be64(record + 8, key.time);
    gx_status status = gx__set_find(found, l->c->txn, &gx__event_id_set, record, err);
    if (status == GX_NOT_FOUND) {
        gx__problem(l->c, "event %016llx is not found by its event_id", number(key.key));
        return GX_OK;
    }
    return status;
}

static gx_status each_log(void *ctx, MDB_val at, MDB_val row, gx_error *err) {
    log_check *l = ctx;
    gx_event event;
    gx_status status = GX_OK;
    if (at.mv_size != GX__LOG_KEY_BYTES) {
        gx__problem(l->c, "events by time: a key of %zu bytes", at.mv_size);
        return GX_OK;
    }
    gx__event_key key = gx__log_key_of(at.mv_data);
    if (!gx__event_decode(&event, key, row.mv_data, row.mv_size)) {
        gx__problem(l->c, "event %016llx cannot be read", number(key.key));
        return GX_OK;
    }
    if (gx__event_key_of(&event, row.mv_data, row.mv_size).key != key.key) {
        gx__problem(l->c, "event %016llx is not what its key was made from", number(key.key));
    }
    if (!names_all(l->c, &event)) {
        gx__problem(l->c, "event %016llx of user %u names what is not there", number(key.key),
                    event.user);
    }
    if (event.event_id.size) {
        status = check_id(l, key, err);
    }
    return status == GX_OK ? gx__check_poll(l->c, err) : status;
}

gx_status gx__check_events(checker *c, gx_error *err) {
    uint64_t core = 0, ids = 0, log = gx_event_count(c->txn);
    log_check l = {c, 0};
    gx_status status;
    GX_TRY(gx__check_set(&core, c, &gx__event_core_set, "event_core", err));
    GX_TRY(gx__check_set(&ids, c, &gx__event_id_set, "event_id", err));
    GX_TRY(gx__set_each(c->txn, &gx__event_core_set, NULL, 0, each_core, c, err));
    GX_TRY(gx__each(c->txn, GX__TREE_EVENT_LOG, (MDB_val){0, NULL}, 0, each_log, &l, err));
    if (core != log || ids != l.with_id) {
        gx__problem(c,
                    "events: %llu by user, %llu by time; %llu with an event_id, %llu found by it",
                    number(core), number(log), number(l.with_id), number(ids));
    }
done:
    return status;
}

/* ---- memberships and impressions --------------------------------------------------------- */

static gx_status each_member(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    checker *c = ctx;
    gx_membership m;
    uint8_t back[8];
    if (key.mv_size != 8 || !gx__member_decode(&m, key.mv_data, row.mv_data, row.mv_size)) {
        gx__problem(c, "a membership cannot be read");
        return GX_OK;
    }
    gx__put_be32(back, m.user);
    gx__put_be32(back + 4, m.group);
    gx_status status = gx__get(&row, c->txn, GX__TREE_MEMBER_OF, (MDB_val){8, back}, err);
    if (status == GX_NOT_FOUND) {
        gx__problem(c, "user %u is in group %u from one side only", m.user, m.group);
        status = GX_OK;
    }
    if (gx_word_name(c->txn, GX_SPACE_USER, m.user).size == 0 ||
        m.group >= gx_word_count(c->txn, GX_SPACE_GROUP)) {
        gx__problem(c, "membership of user %u in group %u names what is not there", m.user,
                    m.group);
    }
    return status == GX_OK ? gx__check_poll(c, err) : status;
}

static gx_status each_impression(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    checker *c = ctx;
    gx_impression i;
    uint8_t turned[GX__IMPRESSION_KEY_BYTES], found[GX__IMPRESSION_KEY_BYTES];
    if (key.mv_size != sizeof turned ||
        !gx__impression_decode(&i, key.mv_data, row.mv_data, row.mv_size)) {
        gx__problem(c, "an impression cannot be read");
        return GX_OK;
    }
    memcpy(turned, (const uint8_t *)key.mv_data + 12, 8);
    memcpy(turned + 8, key.mv_data, 12);
    gx_status status = gx__set_find(found, c->txn, &gx__impression_key_set, turned, err);
    if (status == GX_NOT_FOUND || gx__be64(turned) != gx__impression_hash(i.request_id, i.pos)) {
        gx__problem(c, "an impression of user %u is not found by its request_id", i.user);
        status = status == GX_NOT_FOUND ? GX_OK : status;
    }
    if (gx_word_name(c->txn, GX_SPACE_USER, i.user).size == 0 ||
        i.item >= gx_word_count(c->txn, GX_SPACE_ITEM)) {
        gx__problem(c, "an impression of user %u names what is not there", i.user);
    }
    return status == GX_OK ? gx__check_poll(c, err) : status;
}

gx_status gx__check_members(checker *c, gx_error *err) {
    uint64_t keys = 0, members = gx_member_count(c->txn);
    uint64_t back = gx__tree_entries(c->txn, GX__TREE_MEMBER_OF);
    uint64_t impressions = gx_impression_count(c->txn);
    gx_status status;
    GX_TRY(gx__each(c->txn, GX__TREE_MEMBER, (MDB_val){0, NULL}, 0, each_member, c, err));
    if (members != back) {
        gx__problem(c, "memberships: %llu by group, %llu by user", number(members), number(back));
    }
    GX_TRY(gx__check_set(&keys, c, &gx__impression_key_set, "impression_key", err));
    GX_TRY(gx__each(c->txn, GX__TREE_IMPRESSION, (MDB_val){0, NULL}, 0, each_impression, c, err));
    if (keys != impressions) {
        gx__problem(c, "impressions: %llu, %llu found by their request_id", number(impressions),
                    number(keys));
    }
done:
    return status;
}
