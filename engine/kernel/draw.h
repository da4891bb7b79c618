/* Members drawn at random. */
#ifndef GX_KERNEL_DRAW_H
#define GX_KERNEL_DRAW_H

#include "graph/base/job.h"

/* `count` different numbers below n, each set of them equally likely, in random order; all of them
 * in their own order where count is n. O(n) time; 4 bytes a member on the job's account, given back
 * with gx_job_free. */
GX_MUST_CHECK gx_status gx__draw(uint32_t **out, uint32_t count, uint32_t n, uint64_t seed,
                                 gx_job *job, gx_error *err);

#endif
