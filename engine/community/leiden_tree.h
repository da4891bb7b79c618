/* The levels of a round of Leiden, collected while it runs. Private to engine/community/leiden*.c.
 */
#ifndef GX_COMMUNITY_LEIDEN_TREE_H
#define GX_COMMUNITY_LEIDEN_TREE_H

#include "engine/community/leiden.h"

enum { GX__TREE_LEVELS_MAX = 64 };

typedef struct gx__tree_levels {
    bool wanted; /* else everything here does nothing */
    uint32_t count;
    uint32_t *part[GX__TREE_LEVELS_MAX]; /* per node of the level: its part */
    uint32_t nodes[GX__TREE_LEVELS_MAX];
} gx__tree_levels;

/* Adds a level of n nodes: node[i] is in part[i]. */
GX_MUST_CHECK gx_status gx__tree_push(gx__tree_levels *tree, const uint32_t *part,
                                      const uint32_t *node, uint32_t n, gx_job *job, gx_error *err);
void gx__tree_clear(gx__tree_levels *tree, gx_job *job);
void gx__tree_swap(gx__tree_levels *a, gx__tree_levels *b);

/* The levels as they are given away, with the communities on top. */
GX_MUST_CHECK gx_status gx__tree_close(gx_leiden_tree *out, const gx__tree_levels *tree,
                                       const uint32_t *community, uint32_t n, gx_job *job,
                                       gx_error *err);

#endif
