/* The hierarchy that Leiden and Louvain leave beside a partition: parts within circles. */
#ifndef GX_API_LEVELS_H
#define GX_API_LEVELS_H

#include "api/support.h"

/* The parts of one level. All arrays are in the arena or the arrays it was found in. */
typedef struct gx_level {
    const uint32_t *part;   /* one a member */
    const uint32_t *parent; /* one a part: that of the next level; NULL on the last */
    const uint32_t *order;  /* parts by falling size, then number */
    const uint32_t *rank;   /* of each part in `order` */
    uint32_t level, levels, count;
} gx_level;

/* How many levels there are above the members, the last being the communities themselves; 0: the
 * arrays "INSTANCE.…" have no hierarchy. */
uint32_t gx_levels_count(const gx_arrays *arrays, const char *instance);

/* Level 1 has the smallest parts. bad_request, at `level`: there is no hierarchy, or no such level;
 * corrupt: the arrays do not fit together. O(levels × members). */
GX_MUST_CHECK gx_status gx_level_find(gx_level *out, gx_arena *arena, const gx_arrays *arrays,
                                      const char *instance, uint32_t members, uint32_t level,
                                      gx_error *err);

#endif
