/* What two sorted rows have in common, in rising order. Where one of them is much longer than the
 * other it is searched, not walked: O(the shorter · log) in place of O(both). */
#ifndef GX_KERNEL_COMMON_H
#define GX_KERNEL_COMMON_H

#include "graph/base/sorted.h"

#include <stdbool.h>

enum { GX__SEARCH_RATIO = 8 };

typedef struct gx__common {
    const uint32_t *a, *b;
    uint64_t at_a, at_b; /* where both hold the same, after gx__common_next */
    uint64_t i, i_end, k, k_end;
    bool search_a, search_b;
} gx__common;

/* Of a[i, i_end) and b[k, k_end), each value at most once in each. */
static inline gx__common gx__common_of(const uint32_t *a, uint64_t i, uint64_t i_end,
                                       const uint32_t *b, uint64_t k, uint64_t k_end) {
    return (gx__common){.a = a,
                        .b = b,
                        .i = i,
                        .i_end = i_end,
                        .k = k,
                        .k_end = k_end,
                        .search_a = (i_end - i) / GX__SEARCH_RATIO > k_end - k,
                        .search_b = (k_end - k) / GX__SEARCH_RATIO > i_end - i};
}

static inline bool gx__common_next(gx__common *c) {
    while (c->i < c->i_end && c->k < c->k_end) {
        const uint32_t x = c->a[c->i], y = c->b[c->k];
        if (x == y) {
            c->at_a = c->i++;
            c->at_b = c->k++;
            return true;
        }
        if (x < y) {
            c->i = c->search_a ? gx_place_u32(c->a, c->i + 1, c->i_end, y) : c->i + 1;
        } else {
            c->k = c->search_b ? gx_place_u32(c->b, c->k + 1, c->k_end, x) : c->k + 1;
        }
    }
    return false;
}

#endif
