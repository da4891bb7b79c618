/* How something spread from member to member: measures of trees (docs/cascades.md). */
#ifndef GX_ENGINE_CASCADE_H
#define GX_ENGINE_CASCADE_H

#include "engine/referral/forest.h"

/* Of each node of a forest; any may be NULL. */
typedef struct gx_cascade_facts {
    const int64_t *ts_ms;   /* when it joined; INT64_MIN: not known */
    const uint32_t *circle; /* GX_NONE: not known */
    const uint32_t *sales;  /* purchases */
    const int64_t *revenue; /* of them, in the smallest coin */
} gx_cascade_facts;

/* Of some whole trees of a forest. */
typedef struct gx_cascade {
    uint32_t members, roots;
    uint32_t trees;     /* roots that brought somebody */
    uint32_t largest;   /* members of the largest tree */
    uint32_t depth;     /* the last generation; roots are generation 0 */
    uint32_t spreaders; /* members who brought somebody */
    double k;           /* members brought a member: (members − roots) / members */
    double virality; /* mean distance of two members of one tree (Goel, Anderson, Hofman and Watts
                      * 2016, equation 1), over all such pairs; NaN: there is none */
    uint64_t compared,
        crossed; /* steps from member to member whose circles are known; between two */
    int64_t first_ms, last_ms; /* INT64_MIN: no time is known */
    int64_t half_ms;  /* from the first until half of those with a time had joined; −1: none */
    int64_t delay_ms; /* median time from a member to one they brought; −1: none is known */
    uint64_t sales;
    int64_t revenue;
} gx_cascade;

/* Room for `count` nodes, so that many can be measured with one. */
typedef struct gx_cascade_scratch {
    int64_t *times;
} gx_cascade_scratch;

/* `nodes`: `count` of them, whole trees, in any order. `scratch->times` has room for `count`.
 * O(count log count). */
void gx_cascade_measure(gx_cascade *out, const gx_forest *forest, const gx_cascade_facts *facts,
                        const uint32_t *nodes, uint32_t count, const gx_cascade_scratch *scratch);

/* One generation of those trees: whom they brought is the next. */
typedef struct gx_generation {
    uint32_t members, spreaders, brought;
    uint64_t sales;
    int64_t revenue;
} gx_generation;

/* Adds the nodes to generations[0 … depth]. */
void gx_generations_add(gx_generation *generations, const gx_forest *forest,
                        const gx_cascade_facts *facts, const uint32_t *nodes, uint32_t count);

#endif
