/* One pass over all members in fixed blocks, on all threads: what every iteration over the arcs of
 * a graph is made of. Sums are taken in each block and then in the order of blocks, so they are the
 * same bytes at any number of threads. */
#ifndef GX_KERNEL_SWEEP_H
#define GX_KERNEL_SWEEP_H

#include "engine/kernel/degrees.h"
#include "engine/kernel/scores.h"

enum { GX__SWEEP_BLOCK = 1024, GX__SWEEP_SUMS = 12 };

typedef struct gx__sums {
    double of[GX__SWEEP_SUMS]; /* what each is, the caller knows */
    double most[2];            /* not sums but the largest, of numbers of 0 or more */
} gx__sums;

/* Does members [first, end), and adds to `sums`, where all begin at 0. Touches nothing that another
 * block reads. */
typedef void (*gx__block_fn)(void *user, gx__sums *sums, uint32_t first, uint32_t end);

typedef struct gx__sweep {
    uint32_t n;
    int threads;
    gx_job *job;
    gx__sums *partial; /* of each block */
} gx__sweep;

/* `m` arcs decide with n whether threads are worth their start. */
GX_MUST_CHECK gx_status gx__sweep_init(gx__sweep *out, uint32_t n, uint64_t m, gx_job *job,
                                       gx_error *err);
void gx__sweep_finish(gx__sweep *sweep); /* accepts a cleared one; safe twice */
uint64_t gx__sweep_bytes(uint32_t n);
/* About how long a pull over all ties with some vectors takes on one core: for estimates. */
double gx__sweep_seconds(const gx__degrees *degrees, bool weighted);

/* Leaves blocks out once the job is to stop: look at gx_job_check before the result is used. */
gx__sums gx__sweep_run(const gx__sweep *sweep, gx__block_fn fn, void *user);

#endif
