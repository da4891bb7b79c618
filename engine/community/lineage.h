/* What became of circles between two partitions of the same members: which newer circle carries the
 * id of which older one, what was merged, split off, born and gone. */
#ifndef GX_COMMUNITY_LINEAGE_H
#define GX_COMMUNITY_LINEAGE_H

#include "graph/csr/graph.h"

/* Members who are in both the older circle `from` and the newer one `to`. */
typedef struct gx_overlap {
    uint32_t from, to, members;
} gx_overlap;

/* The four indexes point into `overlap`, GX_NONE: none. */
typedef struct gx_lineage {
    uint32_t from_count, to_count; /* circles */
    uint32_t from_members, to_members;
    uint32_t *from_size, *to_size;
    gx_overlap *overlap; /* every pair with a member in common, by older circle */
    uint32_t overlap_count;
    uint32_t *heir;   /* [from_count] the newer circle that carries the id on */
    uint32_t *parent; /* [to_count] the older circle whose id it carries */
    uint32_t *into;   /* [from_count] the newer circle that more than half of it is in */
    uint32_t *out_of; /* [to_count] the older circle that more than half of it was in */
    gx_job *job;
} gx_lineage;

/* Compares a partition of the members 0 … n0-1 with a later one of 0 … n1-1; members of both are
 * those below the smaller. Ids are carried on by maximum overlap: pairs by falling number of common
 * members, then by rising size of their union, then by number, each circle once, so long as the
 * common members are at least a quarter of the smaller circle and a twentieth of the larger. O(n)
 * time, 28 bytes a member at most while it runs. corrupt: a number that is not below its n. */
GX_MUST_CHECK gx_status gx_lineage_find(gx_lineage *out, const uint32_t *before, uint32_t n0,
                                        const uint32_t *after, uint32_t n1, gx_job *job,
                                        gx_error *err);
void gx_lineage_finish(gx_lineage *lineage);

/* id[to_count]: that of the parent, or the next one not used yet. `before_id` NULL: the older
 * circles' numbers are their ids. *in_out_next is the first id never used, before and after. */
void gx_lineage_ids(uint32_t *id, uint32_t *in_out_next, const gx_lineage *lineage,
                    const uint32_t *before_id);

#endif
