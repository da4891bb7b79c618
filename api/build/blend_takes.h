/* What members took: the first thing a member does with an item, where they come to have it and do
 * not dislike it (docs/blend.md). */
#ifndef GX_API_BLEND_TAKES_H
#define GX_API_BLEND_TAKES_H

#include "api/build/blend_crowd.h"
#include "api/db.h"
#include "graph/csr/view.h"

enum { GX_TAKE_ROUNDS = 4, GX_TAKES_LEAST = 200, GX_TAKES_MOST = 10000 };
/* Of all events before the end, that precede each round. */
extern const double gx_take_shares[GX_TAKE_ROUNDS];

typedef struct gx_taken {
    uint32_t user, item;
    int64_t ts_ms; /* of the first touch */
    uint64_t draw;
    uint32_t round;
} gx_taken;

typedef struct gx_takes {
    int64_t cut_ms[GX_TAKE_ROUNDS];
    uint32_t
        first_round; /* the last rounds that have takes enough: what is served is fresh there */
    gx_taken *take;  /* `count` of them, drawn, by member, then by time */
    uint32_t count;
    uint64_t found;       /* before the draw; below GX_TAKES_LEAST: too few, and count is 0 */
    gx_crowd_take *crowd; /* everybody's, from the longest window before the first round on */
    size_t crowd_count;
    gx_job *job;
    uint64_t held; /* counted against the job */
} gx_takes;

/* Takes before `to_ms`. O(events log events of a member); memory 32 bytes a take from the first
 * round on and 24 a take of the crowd. */
GX_MUST_CHECK gx_status gx_takes_find(gx_takes *out, gx_txn *txn, const gx_rules *rules,
                                      int64_t to_ms, gx_job *job, gx_error *err);
void gx_takes_finish(gx_takes *takes); /* safe on zeros */

#endif
