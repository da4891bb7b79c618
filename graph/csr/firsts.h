/* The log as influence reads it: when each member first took each item, by way of whom, and when
 * each member first passed an item on. */
#ifndef GX_CSR_FIRSTS_H
#define GX_CSR_FIRSTS_H

#include "graph/csr/graph.h"

/* One row a member, items rising within it; each item at most once. */
typedef struct gx_first_rows {
    uint64_t count;
    const uint64_t *ptr;  /* users + 1 */
    const uint32_t *item; /* count */
    const int64_t *ts;    /* count: of the first time, ms */
    const uint32_t *via;  /* count: by way of whom, or GX_NONE */
} gx_first_rows;

typedef struct gx_firsts {
    uint32_t users, items;
    int64_t from_ms, to_ms; /* times of the oldest and of the newest event given; none: 0, 0 */
    gx_first_rows took, passed;
    const int64_t *since; /* users: when each joined, INT64_MIN: not known; NULL: of nobody */
    void *owner;          /* the csr room's own */
} gx_firsts;

typedef struct gx_first_event {
    int64_t ts_ms;
    uint32_t user, item;
    uint32_t via; /* GX_NONE: nobody is named */
    bool passes;  /* passed on; else taken */
} gx_first_event;

/* `since` (users, or NULL) is copied. From events in any order: of several of one member with one
 * item the first counts, of several at one time the one with the smallest `via`. A `via` of the
 * member itself is nobody. The events are sorted where they are. O(events log events of one
 * member), 24 bytes an entry of the result. bad_request: a member or an item out of range. */
GX_MUST_CHECK gx_status gx_firsts_build(gx_firsts *out, uint32_t users, uint32_t items,
                                        const int64_t *since, uint64_t count,
                                        gx_first_event *events, gx_job *job, gx_error *err);
void gx_firsts_finish(gx_firsts *firsts); /* leaves it empty; safe twice */
uint64_t gx_firsts_bytes(const gx_firsts *firsts);

#endif
