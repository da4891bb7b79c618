/* What is near an item, and how much a member likes such things.
 *
 * Near is what the interest model finds like the item where 5 members or more chose it; else what
 * shares its attributes: the category (as far as a/b/c agree), brand, seller, tags, a price within
 * a quarter. A member's taste is Σ nearness over what they chose, over the root of how much they
 * chose, x / (x + ½). */
#ifndef GX_API_NEAR_H
#define GX_API_NEAR_H

#include "api/lists/audience.h"

typedef struct gx_near {
    gx_call_env *call;
    const gx_columns *columns; /* held */
    const gx_matrix *matrix;   /* members × items */
    uint32_t item;
    gx_arena *own;   /* what is read and found of the item, until the next */
    gx_arena *other; /* of one it is set beside */
    gx_scored *near; /* those near it, nearest first; in `own` */
    uint32_t count;
    bool by_history;  /* else by attributes */
    float *nearness;  /* matrix->cols: 1 of the nearest; of the item itself 0 */
    uint32_t *chosen; /* matrix->cols: members who chose it */
} gx_near;

/* Of no item yet. O(events); gx_near_close in any case. */
GX_MUST_CHECK gx_status gx_near_open(gx_near *out, gx_call_env *call, const gx_columns *columns,
                                     const gx_matrix *matrix, gx_error *err);
void gx_near_close(gx_near *near); /* safe on zeros */
/* Of this item from now on. O(items). */
GX_MUST_CHECK gx_status gx_near_find(gx_near *near, uint32_t item, gx_error *err);
/* 0 … 1; *out_has: the member has the item. */
double gx_near_taste(bool *out_has, const gx_near *near, uint32_t user);
/* The channel interest of an audience out of it, and base: that, or 1 for who has the item. */
void gx_near_audience(gx_audience *audience, const gx_near *near);
/* Of what the member chose the nearest; GX_NONE: nothing near. */
uint32_t gx_near_best(const gx_near *near, uint32_t user);

#endif
