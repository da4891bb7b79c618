/* An event as bytes, shared by what writes, reads, forgets and checks events.
 *
 *   event_core  user u32 | time u64 | key u64 ‖ item u32 | action u32 | value f32      (a set)
 *   event_log   time u64 | key u64 → row                                               (a tree)
 *   event_id    hash u64 | time u64                                                    (a set)
 *
 * `key` is the 64-bit XXH3 of the event_id, or of the whole row where it has none. The row is
 *   flags u16 | user u32 | item u32 | action u32 | then what the flags name, in their order;
 *   event_id as length u8 and bytes; extra last, to the end.
 */
#ifndef GX_STORE_EVENT_H
#define GX_STORE_EVENT_H

#include "graph/store/inner.h"

enum {
    GX__CORE_BYTES = 32,
    GX__CORE_IDENTITY = 20,
    GX__LOG_KEY_BYTES = 16,
    GX__EVENT_ID_BYTES = 16,
    GX__ROW_HEAD_BYTES = 14,
    GX__EXTRA_MAX = 60000,
    GX__ROW_MAX = GX__ROW_HEAD_BYTES + 36 + 1 + GX_ID_BYTES_MAX + GX__EXTRA_MAX
};

/* What an event is found by. */
typedef struct gx__event_key {
    uint64_t time; /* gx__time_bits */
    uint64_t key;
} gx__event_key;

/* The row into `row` (GX__ROW_MAX bytes are enough); returns its length. */
size_t gx__event_encode(uint8_t *row, const gx_event *event);
/* Slices are borrowed from `row`. false: the row is damaged. */
bool gx__event_decode(gx_event *out, gx__event_key key, const uint8_t *row, size_t size);
gx__event_key gx__event_key_of(const gx_event *event, const uint8_t *row, size_t size);

GX_MUST_CHECK gx_status gx__event_check(const gx_event *event, gx_error *err);

void gx__core_encode(uint8_t *to, gx__event_key key, const uint8_t *row);
gx_event_core gx__core_decode(const uint8_t *record);
gx__event_key gx__core_key(const uint8_t *record);

static inline void gx__log_key(uint8_t *to, gx__event_key key) {
    gx__put_be64(to, key.time);
    gx__put_be64(to + 8, key.key);
}

static inline gx__event_key gx__log_key_of(const void *bytes) {
    return (gx__event_key){gx__be64(bytes), gx__be64((const uint8_t *)bytes + 8)};
}

/* The event under that key; GX_NOT_FOUND without a message. Slices as long as the transaction
 * neither writes nor ends. */
GX_MUST_CHECK gx_status gx__event_get(gx_event *out, gx_txn *txn, gx__event_key key, gx_error *err);
/* The same, with the bytes of its row. */
GX_MUST_CHECK gx_status gx__event_get_row(gx_event *out, gx_slice *out_row, gx_txn *txn,
                                          gx__event_key key, gx_error *err);
/* The key of the event with that event_id, whose hash is `hash`; GX_NOT_FOUND without a message. */
GX_MUST_CHECK gx_status gx__event_find_id(gx__event_key *out, gx_txn *txn, uint64_t hash,
                                          gx_slice event_id, gx_error *err);

#endif
