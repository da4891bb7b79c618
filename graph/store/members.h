/* Memberships and impressions as bytes, shared by what writes, forgets and checks them. */
#ifndef GX_STORE_MEMBERS_H
#define GX_STORE_MEMBERS_H

#include "graph/store/inner.h"

enum { GX__IMPRESSION_KEY_BYTES = 20 };

/* Slices are borrowed from `row`. false: damaged. Keys have 8 and 20 bytes. */
bool gx__member_decode(gx_membership *out, const uint8_t *key, const uint8_t *row, size_t size);
bool gx__impression_decode(gx_impression *out, const uint8_t *key, const uint8_t *row, size_t size);
uint64_t gx__impression_hash(gx_slice request_id, uint32_t pos);

#endif
