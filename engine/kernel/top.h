/* The best k of many, kept in a heap whose root is the worst kept: O(log k) for one that gets in,
 * O(1) for one that does not. Better is a higher score, then a lower number: one order, however
 * they were offered. */
#ifndef GX_KERNEL_TOP_H
#define GX_KERNEL_TOP_H

#include "graph/base/base.h"

typedef struct gx__top_entry {
    double score;
    uint32_t id;
    uint32_t count; /* the caller's own */
} gx__top_entry;

typedef struct gx__top {
    gx__top_entry *entry; /* the caller's, room for `capacity` */
    uint32_t count, capacity;
} gx__top;

void gx__top_offer(gx__top *top, double score, uint32_t id, uint32_t count);
void gx__top_sort(gx__top *top); /* best first; nothing may be offered afterwards */

#endif
