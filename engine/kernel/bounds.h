/* How far the mean of a sample may be from the mean of all: bounds that hold for any distribution
 * within a range, with a probability that is stated. */
#ifndef GX_KERNEL_BOUNDS_H
#define GX_KERNEL_BOUNDS_H

#include <stdint.h>

/* Of `drawn` values in [0, 1] drawn without replacement from `all`: the mean is farther from that
 * of all, on either side, with probability `delta` at most (Hoeffding 1963, theorem 2; Serfling
 * 1974, corollary 1.1). 0 where all were drawn, 1 where none was. */
double gx__bound_hoeffding(uint64_t drawn, uint64_t all, double delta);

/* Of `drawn` independent draws `hits` were 1 and the others 0: the true probability is farther from
 * hits / drawn, on either side, with probability `delta` at most (Hoeffding 1963, theorem 1, solved
 * for the probability by bisection; far narrower than theorem 2 where hits are few or many). */
double gx__bound_hits(uint64_t hits, uint64_t drawn, double delta);

#endif
