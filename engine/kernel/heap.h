/* A heap of members by a key of each, lowest first, in which a key may fall: four children a node,
 * each member in it at most once, and its place known. Storage is the caller's, 16 bytes a member.
 */
#ifndef GX_KERNEL_HEAP_H
#define GX_KERNEL_HEAP_H

#include "graph/base/base.h"

enum { GX__HEAP_CHILDREN = 4 };

typedef struct gx__heap {
    double *key;     /* by member */
    uint32_t *item;  /* the heap */
    uint32_t *place; /* by member; GX_NONE: not in it */
    uint32_t count;
} gx__heap;

static inline void gx__heap_put(gx__heap *heap, uint32_t at, uint32_t v) {
    heap->item[at] = v;
    heap->place[v] = at;
}

/* Moves v, which belongs at `at` or nearer to the root, to its place. */
static inline void gx__heap_rise(gx__heap *heap, uint32_t at, uint32_t v) {
    double key = heap->key[v];
    while (at > 0) {
        uint32_t parent = (at - 1) / GX__HEAP_CHILDREN, u = heap->item[parent];
        if (heap->key[u] <= key) {
            break;
        }
        gx__heap_put(heap, at, u);
        at = parent;
    }
    gx__heap_put(heap, at, v);
}

/* Moves v, put at `at`, down to its own place. */
static inline void gx__heap_sink(gx__heap *heap, uint32_t at, uint32_t v) {
    double key = heap->key[v];
    for (;;) {
        uint64_t child = (uint64_t)at * GX__HEAP_CHILDREN + 1, end = child + GX__HEAP_CHILDREN;
        uint32_t best = at;
        double lowest = key;
        for (; child < end && child < heap->count; child++) {
            double there = heap->key[heap->item[child]];
            best = there < lowest ? (uint32_t)child : best;
            lowest = there < lowest ? there : lowest;
        }
        if (best == at) {
            break;
        }
        gx__heap_put(heap, at, heap->item[best]);
        at = best;
    }
    gx__heap_put(heap, at, v);
}

/* Gives v a key that is not above the one it has, and puts it into the heap if it is not there. */
static inline void gx__heap_lower(gx__heap *heap, uint32_t v, double key) {
    bool waits = heap->place[v] != GX_NONE;
    heap->key[v] = key;
    gx__heap_rise(heap, waits ? heap->place[v] : heap->count++, v);
}

/* Takes out the member of the lowest key; there is one. */
static inline uint32_t gx__heap_take(gx__heap *heap) {
    uint32_t v = heap->item[0], last = heap->item[--heap->count];
    heap->place[v] = GX_NONE;
    if (heap->count) {
        gx__heap_sink(heap, 0, last);
    }
    return v;
}

#endif
