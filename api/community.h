/* A community as the snapshot knows it: for the list and for the profile card. */
#ifndef GX_API_COMMUNITY_H
#define GX_API_COMMUNITY_H

#include "api/support.h"

typedef struct gx_circles {
    const gx_state *state;
    const uint32_t *community;           /* one a member */
    const uint32_t *size;                /* one a community */
    const double *density, *conductance; /* may be NULL */
    const uint64_t *ptr;                 /* top items; may be NULL */
    const uint32_t *item, *item_count;
    const float *lift;
    uint32_t members, count;
} gx_circles;

GX_MUST_CHECK gx_status gx_circles_resolve(gx_circles *out, const gx_state *state, gx_error *err);
/* {community, size, density, conductance}: a row of the list. */
gx_value gx_circle_row(gx_arena *arena, const gx_circles *circles, uint32_t community);
/* [{item, title, count, share, lift}], at most n. */
gx_value gx_circle_items(gx_arena *arena, gx_txn *txn, const gx_circles *circles,
                         uint32_t community, uint32_t n);

#endif
