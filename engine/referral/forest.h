/* Who came by whom: members in trees. */
#ifndef GX_ENGINE_FOREST_H
#define GX_ENGINE_FOREST_H

#include "graph/base/job.h"

/* Nodes 0 … count − 1; a node's parent has a smaller number. */
typedef struct gx_forest {
    uint32_t count;
    const uint32_t *parent; /* borrowed; GX_NONE: a root */
    uint32_t *root;
    uint32_t *generation; /* of a root 0 */
    uint32_t *children;
    uint32_t *size;  /* of the node and all below it */
    uint32_t *place; /* depth first, children in the order of their numbers: those of v's tree are
                      * place[v] … place[v] + size[v] − 1 */
} gx_forest;

/* `parent` (borrowed until gx_forest_finish) has count entries, each GX_NONE or less than its own
 * number. O(count) time, 20 bytes a node. */
GX_MUST_CHECK gx_status gx_forest_make(gx_forest *out, const uint32_t *parent, uint32_t count,
                                       gx_job *job, gx_error *err);
void gx_forest_finish(gx_forest *forest, gx_job *job); /* safe on zeros */
/* Whether v is below u, or is u. */
static inline bool gx_forest_below(const gx_forest *f, uint32_t v, uint32_t u) {
    return f->place[v] - f->place[u] < f->size[u];
}

/* Parents as they were claimed, in any order and with cycles, made fit for gx_forest_make. Of every
 * cycle (also a member who is their own parent) the one who came first becomes a root: by time,
 * those without one (INT64_MIN) last, then by number. `order` (count entries) is the numbers with
 * parents before their children: by time, then by number, as far as parents let them.
 * *out_cycles: how many were cut. O(count log count). */
GX_MUST_CHECK gx_status gx_parents_settle(uint32_t *parent, uint32_t *order, uint64_t *out_cycles,
                                          const int64_t *ts_ms, uint32_t count, gx_job *job,
                                          gx_error *err);

#endif
