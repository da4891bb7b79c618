/* What passes give that choose members one after the other: "order", u32, first to last, and a
 * score that falls evenly along it, 1 for the first and 0 for whoever is not chosen. */
#ifndef GX_KERNEL_CHOSEN_H
#define GX_KERNEL_CHOSEN_H

#include "engine/kernel/scores.h"

/* Adds "instance.order" and fills `score`, which is the cleared "instance.score". */
GX_MUST_CHECK gx_status gx__chosen_add(gx_output *out, double *score, const uint32_t *order,
                                       uint32_t count, gx_error *err);
/* That the two say the same; internal with what broke. */
GX_MUST_CHECK gx_status gx__chosen_check(const gx_arrays *result, const char *instance,
                                         const gx_input *input, gx_error *err);

#endif
