/* A job is one piece of heavy work as seen by what does it: how many threads it may use, the seed,
 * the memory it may hold, whether it should stop, and where its progress goes. Every pass, model,
 * import and build gets one; none of them reads a clock, an environment or a global. */
#ifndef GX_BASE_JOB_H
#define GX_BASE_JOB_H

#include "graph/base/base.h"

#include <stdatomic.h>

/* `done` and `total` count the same unit (rows, nodes, iterations); total 0: not known. */
typedef void (*gx_progress_fn)(void *user, const char *stage, uint64_t done, uint64_t total,
                               uint64_t mem_bytes);

typedef struct gx_job {
    int threads; /* 1 or more: what OpenMP regions are given, explicitly */
    uint64_t seed;
    uint64_t mem_limit; /* bytes; 0: none */
    _Atomic uint64_t mem_used;
    _Atomic uint64_t mem_peak;
    _Atomic uint64_t mem_call; /* of mem_used: what the call now running holds until it ends */
    atomic_bool cancelled;
    int64_t deadline_ns;     /* gx_clock_ns; 0: none */
    gx_progress_fn progress; /* called from the job's own thread, at most every 50 ms */
    void *progress_user;
    int64_t progress_last_ns;
    const char *stage;
    uint64_t total;
    struct gx_job *whole; /* of an aside: whose memory and stops are meant */
    /* At every look at whether to stop, before it, from whatever thread looks; it may cancel. For
     * tests, which stop a run at its k-th look; NULL: nobody is told. */
    void (*looked)(struct gx_job *job);
} gx_job;

/* Defaults: every processor, seed 1, no limits. threads 0: one a processor. */
void gx_job_init(gx_job *job, int threads, uint64_t seed);
/* One thread's share of a job, for what it does beside the others of a parallel region: memory is
 * counted as the job's, which must live as long, and so are stops; progress is not told. */
void gx_job_aside(gx_job *aside, gx_job *job);
void gx_job_cancel(gx_job *job); /* from any thread or a signal handler */

/* Call at least every 50 ms of work, from any thread. GX_CANCELLED, GX_DEADLINE or GX_OK. */
GX_MUST_CHECK gx_status gx_job_check(gx_job *job, gx_error *err);
/* The same without an error to fill: for the inside of a parallel loop. */
bool gx_job_should_stop(gx_job *job);

/* Begins a stage of `total` steps, and tells how far it is (job's own thread only). */
void gx_job_stage(gx_job *job, const char *stage, uint64_t total);
void gx_job_tick(gx_job *job, uint64_t done);
/* gx_job_tick and gx_job_check: for readers that go through many rows. */
GX_MUST_CHECK gx_status gx_job_step(gx_job *job, uint64_t done, gx_error *err);

/* Memory counted against the job's cap: GX_OVER_LIMIT names the stage, the need and the cap.
 * 64-byte aligned and cleared; NULL where there is none. Given back with gx_job_free. */
GX_MUST_CHECK gx_status gx_job_alloc(gx_job *job, void *out_pointer, size_t count, size_t size,
                                     gx_error *err);
void gx_job_free(gx_job *job, void *block);
/* Takes over, or lets go of, the account of a block that outlives or predates the job. */
GX_MUST_CHECK gx_status gx_job_charge(gx_job *job, uint64_t bytes, gx_error *err);
void gx_job_refund(gx_job *job, uint64_t bytes);

#endif
