/* A sum of many parts, each an array of doubles, computed in parallel and added up in the order of
 * the parts: the same bytes at any number of threads, in one array a thread beside the sum. */
#ifndef GX_KERNEL_ORDERED_H
#define GX_KERNEL_ORDERED_H

#include "graph/base/job.h"

/* Adds part number `part` to `into`, which is all 0; `worker` is below the number of threads. */
typedef void (*gx__part_fn)(void *user, int worker, uint64_t part, double *into);

/* `sum` is `length` long and starts as it is. Parts take their turn as threads become free, and are
 * skipped once the job should stop. Ticks the job's stage by the part. */
GX_MUST_CHECK gx_status gx__ordered_sum(double *sum, uint64_t length, uint64_t parts, int threads,
                                        gx__part_fn fn, void *user, gx_job *job, gx_error *err);
uint64_t gx__ordered_bytes(uint64_t length, int threads);

#endif
