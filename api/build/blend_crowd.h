/* How likely a member's circle alone makes each take: what others of the circle took around the
 * same time, before or after, beyond what the circle's taste in categories explains
 * (docs/blend.md). It looks back with hindsight: a fashion shows only when it has spread. So it
 * tells what moved a member and is no evidence for the weights of a list, which could not know. */
#ifndef GX_API_BLEND_CROWD_H
#define GX_API_BLEND_CROWD_H

#include "graph/csr/graph.h"
#include "models/rec/blend.h"

typedef struct gx_crowd_take {
    int64_t ts_ms;
    uint32_t user, item, circle; /* circle: filled by gx_crowd_look */
} gx_crowd_take;

typedef struct gx_crowd {
    gx_crowd_take *take; /* of everybody; reordered */
    size_t count;
    const uint32_t *circle; /* one of `users`; GX_NONE: none. NULL: there are no circles */
    uint32_t users, items;
    const gx_labels *category; /* of items */
} gx_crowd;

/* Fills chance[GX_CHANNEL_CIRCLE] of the takes. O(crowd log crowd + takes × what their circle took
 * within the longest window on either side); memory 4 bytes a member and 12 an item and thread. */
GX_MUST_CHECK gx_status gx_crowd_look(gx_blend_take *takes, uint32_t count, gx_crowd *crowd,
                                      gx_job *job, gx_error *err);

#endif
