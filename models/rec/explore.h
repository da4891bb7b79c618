/* Showing, now and then, what the scores would not: with chances that are known exactly, so that
 * what came of it can be judged (docs/evaluation.md, off-policy). Internal to models/rec.
 *
 * Every place is open with chance ε, each by itself. An open place shows an item drawn evenly, none
 * twice, from those of the pool that stand for the same group as its own item; the others show
 * their own. So of m such items each has the chance ε / m to be in that place, and the place's own
 * item 1 − ε, whatever happens at the other places: propensities of a place need no other place.
 * Where a group has more places than m, those behind its first m stay closed. */
#ifndef GX_MODELS_REC_EXPLORE_H
#define GX_MODELS_REC_EXPLORE_H

#include "models/rec/rec_parts.h"

/* place_group[k] and pool_group[k]: equal where an item may stand for another. Pinned places stay
 * closed. O(places × pool). */
GX_MUST_CHECK gx_status gx__explore(gx__pick *picks, const uint64_t *place_group, uint32_t places,
                                    const gx__pick *pool, const uint64_t *pool_group,
                                    uint32_t pool_count, double share, gx_rng *rng, gx_error *err);

#endif
