/* Bounds of the scores of all items for the factors of one history, from a copy of the factors in
 * bytes: a quarter of the memory is read, and nearly every item of a list is told from the others.
 * Exact scores are then made of the few that matter.
 *
 *   f_i ≈ s_i q_i (q bytes, s_i = max |f_i| / 127),  w ≈ ŵ = s v (v of 14 bits)
 *   w · f_i  ≤  s s_i (v · q_i) + ‖f_i − s_i q_i‖ ‖w‖ + ‖s_i q_i‖ ‖w − ŵ‖ + rounding
 *
 * by Cauchy and Schwarz; v · q_i is an integer and exact. */
#ifndef GX_MODELS_REC_SKETCH_H
#define GX_MODELS_REC_SKETCH_H

#include "models/model.h"

typedef struct gx__sketch gx__sketch;

/* Of f->item, f->items rows of f->d floats, which outlive it; f->user is not looked at. *out is
 * NULL where a factor is not finite or there are too many of them for sums of 32 bits (d > 1024).
 * Time and memory O(items × d), gx__sketch_bytes. */
GX_MUST_CHECK gx_status gx__sketch_create(gx__sketch **out, const gx_factors *f, gx_error *err);
void gx__sketch_destroy(gx__sketch *sketch); /* accepts NULL */
uint64_t gx__sketch_bytes(uint32_t items, uint32_t d);
/* upper[i] ≥ gx__factors_exact(f, w, i), for all items; 0 where the factors of an item are all 0.
 * false: a factor of w is not finite, and nothing is written. */
bool gx__sketch_bounds(float *upper, const gx__sketch *sketch, const float *w);

#endif
