/* What choices of seeds reach, by reverse-reachable sets that none of them has seen, read as they
 * were drawn: every set is looked at once, for all choices together. */
#ifndef GX_INFLUENCE_REACH_H
#define GX_INFLUENCE_REACH_H

#include "engine/influence/sets.h"

enum { GX__CHOICES_MOST = 8 }; /* at once: a bit each */

typedef struct gx__choice {
    const uint32_t *seed; /* members, none twice */
    uint32_t count;
} gx__choice;

/* Sets that hold a seed, and of them those that begin at one. */
typedef struct gx__reached {
    uint64_t covered, begun;
} gx__reached;

/* Of each of at most GX__CHOICES_MOST choices. Memory: a byte a member. */
GX_MUST_CHECK gx_status gx__reach_count(gx__reached *out, const gx__sets *sets, size_t chunks,
                                        const gx__choice *choice, size_t choices, gx_job *job,
                                        gx_error *err);

/* gain[i]: what the sets are worth that hold the i-th seed and none before. A set that begins
 * elsewhere is worth `each`; those that begin at a seed its weight together, and where there is
 * none, that weight is the seed's own gain. weight: n; NULL: 1. Memory: 20 bytes a member at the
 * most, and 8 to 20 a set that begins at a seed and holds an earlier one. */
GX_MUST_CHECK gx_status gx__reach_gains(double *gain, const gx__sets *sets, size_t chunks,
                                        const gx__choice *choice, double each, const double *weight,
                                        gx_job *job, gx_error *err);

#endif
