/* Sorting for bulk writes: stable, by counting, in memory. */
#ifndef GX_STORE_SORT_H
#define GX_STORE_SORT_H

#include "graph/base/base.h"

typedef struct gx__pair {
    uint64_t key;
    uint32_t index;
} gx__pair;

/* Stable, by key. `scratch` holds as many. Only digits that differ are counted, and what is sorted
 * already costs one look: O(count × differing digits of 11 bits). */
void gx__sort_pairs(gx__pair *pairs, gx__pair *scratch, size_t count);

/* The order of `words` by memcmp (a prefix first), as indices; the caller frees it. Words hold no
 * NUL byte. Groups by eight bytes at a time, past what all have in common. */
GX_MUST_CHECK gx_status gx__sort_words(uint32_t **out, const gx_slice *words, uint32_t count,
                                       gx_error *err);

#endif
