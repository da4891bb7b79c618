/* Events as bytes. */
#include "graph/store/event.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <math.h>

const gx__set gx__event_core_set = {GX__TREE_EVENT_CORE, GX__CORE_BYTES, GX__CORE_IDENTITY};
const gx__set gx__event_id_set = {GX__TREE_EVENT_ID, GX__EVENT_ID_BYTES, GX__EVENT_ID_BYTES};

enum {
    HAS_VALUE = 1,
    HAS_CHANNEL = 2,
    HAS_GROUP = 4,
    HAS_VIA = 8,
    HAS_CAMPAIGN = 16,
    HAS_COUPON = 32,
    HAS_QTY = 64,
    HAS_AMOUNT = 128,
    HAS_EVENT_ID = 256,
    HAS_EXTRA = 512,
    FLAGS_KNOWN = 1023
};

/* ---- row --------------------------------------------------------------------------------- */

static uint8_t *add(uint8_t *to, unsigned *flags, unsigned flag, bool given, const void *from,
                    size_t size) {
    if (!given) {
        return to;
    }
    *flags |= flag;
    memcpy(to, from, size);
    return to + size;
}

size_t gx__event_encode(uint8_t *row, const gx_event *event) {
    const gx_event *e = event;
    unsigned flags = 0;
    uint8_t *to = row + GX__ROW_HEAD_BYTES;
    memcpy(row + 2, &e->user, 4);
    memcpy(row + 6, &e->item, 4);
    memcpy(row + 10, &e->action, 4);
    to = add(to, &flags, HAS_VALUE, !isnan(e->value), &e->value, 4);
    to = add(to, &flags, HAS_CHANNEL, e->channel != GX_NONE, &e->channel, 4);
    to = add(to, &flags, HAS_GROUP, e->group != GX_NONE, &e->group, 4);
    to = add(to, &flags, HAS_VIA, e->via != GX_NONE, &e->via, 4);
    to = add(to, &flags, HAS_CAMPAIGN, e->campaign != GX_NONE, &e->campaign, 4);
    to = add(to, &flags, HAS_COUPON, e->coupon != GX_NONE, &e->coupon, 4);
    to = add(to, &flags, HAS_QTY, !isnan(e->qty), &e->qty, 4);
    to = add(to, &flags, HAS_AMOUNT, !isnan(e->amount), &e->amount, 8);
    if (e->event_id.size) {
        *to++ = (uint8_t)e->event_id.size;
        to = add(to, &flags, HAS_EVENT_ID, true, e->event_id.data, e->event_id.size);
    }
    to = add(to, &flags, HAS_EXTRA, e->extra.size > 0, e->extra.data, e->extra.size);
    uint16_t flags16 = (uint16_t)flags;
    memcpy(row, &flags16, 2);
    return (size_t)(to - row);
}

typedef struct cursor {
    const uint8_t *at, *end;
    bool failed;
} cursor;

static void take(cursor *c, bool given, void *to, size_t size) {
    if (!given || c->failed) {
        return;
    }
    c->failed = (size_t)(c->end - c->at) < size;
    if (!c->failed) {
        memcpy(to, c->at, size);
        c->at += size;
    }
}

static void take_id(cursor *c, gx_slice *out) {
    uint8_t size = 0;
    take(c, true, &size, 1);
    c->failed |= size == 0 || (size_t)(c->end - c->at) < size;
    if (!c->failed) {
        *out = (gx_slice){(const char *)c->at, size};
        c->at += size;
    }
}

bool gx__event_decode(gx_event *out, gx__event_key key, const uint8_t *row, size_t size) {
    cursor c = {row, row + size, false};
    gx_event e = {.ts_ms = gx__time_of(key.time),
                  .channel = GX_NONE,
                  .group = GX_NONE,
                  .via = GX_NONE,
                  .campaign = GX_NONE,
                  .coupon = GX_NONE,
                  .value = NAN,
                  .qty = NAN,
                  .amount = NAN};
    uint16_t flags = 0;
    take(&c, true, &flags, 2);
    take(&c, true, &e.user, 4);
    take(&c, true, &e.item, 4);
    take(&c, true, &e.action, 4);
    take(&c, flags & HAS_VALUE, &e.value, 4);
    take(&c, flags & HAS_CHANNEL, &e.channel, 4);
    take(&c, flags & HAS_GROUP, &e.group, 4);
    take(&c, flags & HAS_VIA, &e.via, 4);
    take(&c, flags & HAS_CAMPAIGN, &e.campaign, 4);
    take(&c, flags & HAS_COUPON, &e.coupon, 4);
    take(&c, flags & HAS_QTY, &e.qty, 4);
    take(&c, flags & HAS_AMOUNT, &e.amount, 8);
    if (flags & HAS_EVENT_ID) {
        take_id(&c, &e.event_id);
    }
    size_t left = (size_t)(c.end - c.at);
    if (flags & HAS_EXTRA) {
        e.extra = (gx_slice){(const char *)c.at, left};
    }
    *out = e;
    return !c.failed && (flags & ~FLAGS_KNOWN) == 0 && (left > 0) == ((flags & HAS_EXTRA) != 0);
}

gx__event_key gx__event_key_of(const gx_event *event, const uint8_t *row, size_t size) {
    uint64_t time = gx__time_bits(event->ts_ms);
    uint64_t key = event->event_id.size ? XXH3_64bits(event->event_id.data, event->event_id.size)
                                        : XXH3_64bits_withSeed(row, size, time);
    return (gx__event_key){time, key};
}

gx_status gx__event_check(const gx_event *e, gx_error *err) {
    const gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    size_t whole = 0;
    if (e->ts_ms == GX_TIME_UNKNOWN) {
        return gx_fail(err, GX_BAD_REQUEST, "an event has a time");
    }
    if (isinf(e->value) || isinf(e->qty) || isinf(e->amount)) {
        return gx_fail(err, GX_BAD_REQUEST, "value, qty and amount of an event are finite");
    }
    if (e->event_id.size) {
        gx_status status = gx__check_word(e->event_id, "event_id", err);
        if (status != GX_OK) {
            return status;
        }
    }
    if (e->extra.size > GX__EXTRA_MAX) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "the further fields of an event take %zu bytes, at most %d", e->extra.size,
                       GX__EXTRA_MAX);
    }
    if (e->extra.size) {
        uint8_t first = (uint8_t)e->extra.data[0];
        bool is_map = (first & 0xf0) == 0x80 || first == 0xde || first == 0xdf;
        if (!is_map ||
            gx_guard_walk(&whole, e->extra.data, e->extra.size, &limits, NULL) != GX_GUARD_WHOLE ||
            whole != e->extra.size) {
            return gx_fail(err, GX_BAD_REQUEST,
                           "the further fields of an event are one MessagePack map");
        }
    }
    return GX_OK;
}

/* ---- core -------------------------------------------------------------------------------- */

void gx__core_encode(uint8_t *to, gx__event_key key, const uint8_t *row) {
    uint16_t flags;
    uint32_t user;
    float value = NAN;
    memcpy(&flags, row, 2);
    memcpy(&user, row + 2, 4);
    if (flags & HAS_VALUE) {
        memcpy(&value, row + GX__ROW_HEAD_BYTES, 4);
    }
    gx__put_be32(to, user);
    gx__put_be64(to + 4, key.time);
    gx__put_be64(to + 12, key.key);
    memcpy(to + 20, row + 6, 8); /* item, action */
    memcpy(to + 28, &value, 4);
}

gx_event_core gx__core_decode(const uint8_t *record) {
    gx_event_core core = {.ts_ms = gx__time_of(gx__be64(record + 4)), .user = gx__be32(record)};
    memcpy(&core.item, record + 20, 4);
    memcpy(&core.action, record + 24, 4);
    memcpy(&core.value, record + 28, 4);
    return core;
}

gx__event_key gx__core_key(const uint8_t *record) {
    return (gx__event_key){gx__be64(record + 4), gx__be64(record + 12)};
}
