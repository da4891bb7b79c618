/* Strata: whom to measure distances to. */
#ifndef GX_CENTRALITY_NEARNESS_STRATA_H
#define GX_CENTRALITY_NEARNESS_STRATA_H

#include "engine/centrality/nearness_score.h"

/* Where direction does not matter, a component is a stratum: its members are measured to up to
 * `samples` drawn of them, the j-th of every component in one search. Otherwise all members are one
 * stratum. */
typedef struct gx__strata {
    uint32_t *part;   /* of each member; NULL: all in part 0 */
    uint32_t *size;   /* of each part */
    uint32_t *pivot;  /* members drawn, by their number within their part */
    uint64_t *at;     /* those numbered j are pivot[at[j] .. at[j + 1]) */
    double *reach;    /* closeness: no distance from a member is more; NULL where not known */
    uint32_t numbers; /* most drawn of a part */
    uint32_t parts;
} gx__strata;

GX_MUST_CHECK gx_status gx__strata_init(gx__strata *out, const gx__nearness *a, gx_error *err);
/* What they hold; *out_peak: while they are made. */
uint64_t gx__strata_bytes(const gx__nearness *a, uint64_t *out_peak);
void gx__strata_finish(gx__strata *strata, gx_job *job);

static inline uint32_t gx__strata_size(const gx__strata *s, uint32_t v) {
    return s->size[s->part ? s->part[v] : 0];
}

#endif
