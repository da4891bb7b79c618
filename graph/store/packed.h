/* Sorted sets of fixed-size records, kept in an LMDB tree as blocks of up to two kilobytes.
 *
 * A record is `record` bytes, the first `identity` of which name it and order the set (memcmp). A
 * block is a run of consecutive records under a key of `identity` bytes that is not above its
 * first record and above the last record of the block before. So one node of the tree holds some
 * sixty records: a scan touches memory in sequence, and a sorted batch is merged block by block,
 * however many records fall into each.
 */
#ifndef GX_STORE_PACKED_H
#define GX_STORE_PACKED_H

#include "graph/store/store.h"

/* Two blocks fill a page of 4,096 bytes: (4096 − 16) / 2 less a node's header, slot and key. */
enum { GX__BLOCK_BYTES = 2008, GX__IDENTITY_MAX = 20, GX__RECORD_MAX = 32 };

typedef struct gx__set {
    unsigned tree;
    unsigned record, identity; /* bytes; identity is even */
} gx__set;

/* Consecutive records that lie in the map: valid until the transaction writes or ends. */
typedef gx_status (*gx__run_fn)(void *ctx, const uint8_t *records, size_t count, gx_error *err);

/* Every record that starts with the `prefix` bytes at `key` (prefix 0: all), in runs, in order. */
GX_MUST_CHECK gx_status gx__set_each(gx_txn *txn, const gx__set *set, const void *key,
                                     size_t prefix, gx__run_fn fn, void *ctx, gx_error *err);
/* The same runs from the last to the first; within a run the records ascend as ever. */
GX_MUST_CHECK gx_status gx__set_each_back(gx_txn *txn, const gx__set *set, const void *key,
                                          size_t prefix, gx__run_fn fn, void *ctx, gx_error *err);
/* Copies the record of that identity; GX_NOT_FOUND without a message. */
GX_MUST_CHECK gx_status gx__set_find(void *out_record, gx_txn *txn, const gx__set *set,
                                     const void *identity, gx_error *err);

/* For each of `count` keys of `prefix` bytes, strictly ascending, every record that starts with it,
 * told with the index of the key. Dense keys cost a scan of the set, sparse ones a descent each. */
typedef gx_status (*gx__probe_fn)(void *ctx, size_t index, const uint8_t *record, gx_error *err);
GX_MUST_CHECK gx_status gx__set_probe(gx_txn *txn, const gx__set *set, const void *keys,
                                      size_t prefix, size_t count, gx__probe_fn fn, void *ctx,
                                      gx_error *err);

/* Merges `count` records, strictly ascending by identity. known[i] (may be NULL) is set to 1 where
 * that identity was there, 2 where it was there and the record will differ, else 0; such a record
 * replaces the old one where `replace`, and is dropped otherwise. O(count + blocks touched ×
 * records a block). */
GX_MUST_CHECK gx_status gx__set_merge(uint64_t *out_created, uint8_t *known, gx_txn *txn,
                                      const gx__set *set, const void *records, size_t count,
                                      bool replace, gx_error *err);
/* Takes the record of that identity out; *out_was (may be NULL) says whether it was there. */
GX_MUST_CHECK gx_status gx__set_del(bool *out_was, gx_txn *txn, const gx__set *set,
                                    const void *identity, gx_error *err);

#endif
