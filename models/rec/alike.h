/* Members alike: what is popular among those of the same region, age band and so on, for a member
 * of whom nothing else is known.
 *
 *   score(i) = popular(i) Π_v lift_v(i),   lift_v(i) = (k + 20 p) / ((K + 20) p)
 *
 * over the values v of the member's record: k of the K members with the value who chose anything
 * chose i, p the share of all. A value of fewer than `least` such members says nothing, nor does a
 * lift above 1 from fewer than three of them, so no single choice shows. */
#ifndef GX_MODELS_REC_ALIKE_H
#define GX_MODELS_REC_ALIKE_H

#include "graph/csr/graph.h"
#include "graph/pass/pass.h"
#include "graph/snapshot/arrays.h"

enum { GX_ALIKE_MAX = 8, GX_ALIKE_LEAST = 10 }; /* values of one member; members of a value */

/* A member carries a value. */
typedef struct gx_alike_entry {
    uint64_t hash;
    uint32_t user;
} gx_alike_entry;

/* Of an attribute's name and its value. */
uint64_t gx_alike_hash(gx_slice field, gx_slice value);

/* Adds alike.hash u64 [values] (rising), alike.ptr u64 [values + 1], alike.item u32, alike.lift
 * f32: at most 128 items of each value. Sorts `entries`. O(entries × choices). */
GX_MUST_CHECK gx_status gx_alike_add(gx_arrays *results, gx_alike_entry *entries, size_t count,
                                     const gx_matrix *history, uint32_t least, gx_job *job,
                                     gx_error *err);

/* What that would take, its arrays with it; sorts `entries`. */
gx_estimate gx_alike_estimate(gx_alike_entry *entries, size_t count, const gx_matrix *history,
                              uint32_t least);

typedef struct gx_alike {
    uint32_t count, items;
    const uint64_t *hash, *ptr;
    const uint32_t *item;
    const float *lift;
} gx_alike;

/* corrupt where the arrays do not fit together; count 0 where there are none. */
GX_MUST_CHECK gx_status gx_alike_open(gx_alike *out, const gx_arrays *arrays, uint32_t items,
                                      gx_error *err);
/* Multiplies score[0 … items) by the lifts of the values; false: none of them says anything. */
bool gx_alike_apply(float *score, const gx_alike *a, const uint64_t *hash, uint32_t count);

#endif
