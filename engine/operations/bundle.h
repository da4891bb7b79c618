/* What the two halves of the pass `bundle` share: purchases in order of time, by member and by
 * item, and the test that both make. */
#ifndef GX_OPERATIONS_BUNDLE_H
#define GX_OPERATIONS_BUNDLE_H

#include "engine/kernel/top.h"
#include "graph/pass/pass.h"

typedef struct gx__deed {
    int64_t ts_ms;
    uint32_t item;
} gx__deed;

/* One purchase of an item: by whom, and at which place of their row. */
typedef struct gx__place {
    uint32_t user, at;
} gx__place;

/* Members with more than `busy` items have no deeds here. */
typedef struct gx__purchases {
    uint32_t users, items;
    uint32_t buyers; /* members with a deed */
    uint64_t *begin; /* users + 1: a member's row of deeds, by rising time, then item */
    gx__deed *deed;
    uint64_t *ptr; /* items + 1: an item's row of places, by rising member */
    gx__place *place;
} gx__purchases;

/* Rows of up to `keep` entries an item, each where its room begins. */
typedef struct gx__kept {
    uint64_t *room; /* items + 1 */
    uint32_t *count;
    gx__top_entry *entry;
} gx__kept;

/* G², twice the log-likelihood ratio of a two by two table against independence, of `both` out of
 * `all` beside the sums of its row and column (Dunning 1993, equation 4 of section 4). */
double gx__bundle_evidence(double both, double row, double col, double all);

/* Complements as they stand in the arrays. */
typedef struct gx__complements {
    const uint64_t *ptr;
    const uint32_t *item;
    const float *lift;
} gx__complements;

/* Adds like_ptr, like_item and like. */
GX_MUST_CHECK gx_status gx__bundle_likes(gx_output *out, const gx__purchases *p,
                                         const gx__complements *rows, const gx_args *args,
                                         gx_job *job, gx_error *err);

#endif
