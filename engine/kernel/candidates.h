/* Candidates for a choice of one after the other: a heap of members by a worth each, most first,
 * among equals the lowest number. Worth that only falls need not be kept up to date: whoever is
 * first is looked at anew, and goes back to its place, until the first is right (Minoux,
 * Accelerated greedy algorithms for maximizing submodular set functions, 1978). Storage is the
 * caller's, 16 bytes a member; what was taken out lies behind the heap. */
#ifndef GX_KERNEL_CANDIDATES_H
#define GX_KERNEL_CANDIDATES_H

#include "graph/base/base.h"

typedef struct gx__candidate {
    uint64_t worth; /* when it was looked at last */
    uint32_t member;
} gx__candidate;

typedef struct gx__candidates {
    gx__candidate *heap;
    uint32_t count;
} gx__candidates;

static inline bool gx__candidate_before(gx__candidate a, gx__candidate b) {
    return a.worth > b.worth || (a.worth == b.worth && a.member < b.member);
}

/* What is at `at` moves down to its place. */
static inline void gx__candidates_sink(gx__candidates *c, uint32_t at) {
    gx__candidate moving = c->heap[at];
    for (uint64_t child; (child = 2 * (uint64_t)at + 1) < c->count; at = (uint32_t)child) {
        if (child + 1 < c->count && gx__candidate_before(c->heap[child + 1], c->heap[child])) {
            child++;
        }
        if (!gx__candidate_before(c->heap[child], moving)) {
            break;
        }
        c->heap[at] = c->heap[child];
    }
    c->heap[at] = moving;
}

/* Makes a heap of entries in any order. */
static inline void gx__candidates_order(gx__candidates *c) {
    for (uint32_t i = c->count / 2; i-- > 0;) {
        gx__candidates_sink(c, i);
    }
}

/* Takes out the first; there is one. It is put behind those left, at heap[count]. */
static inline gx__candidate gx__candidates_take(gx__candidates *c) {
    gx__candidate first = c->heap[0];
    c->heap[0] = c->heap[--c->count];
    c->heap[c->count] = first;
    if (c->count > 1) {
        gx__candidates_sink(c, 0);
    }
    return first;
}

/* Puts what lies behind the heap, at heap[count], into it. */
static inline void gx__candidates_put_back(gx__candidates *c) {
    gx__candidate moving = c->heap[c->count];
    uint32_t at = c->count++;
    while (at > 0 && gx__candidate_before(moving, c->heap[(at - 1) / 2])) {
        c->heap[at] = c->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    c->heap[at] = moving;
}

#endif
