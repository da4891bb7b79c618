/* Jobs: memory account, stop signals, progress. */
#include "graph/base/job.h"

#include <unistd.h>

enum { PROGRESS_EVERY_NS = 50000000 };

/* Asked once: the C library opens and reads a file for it, and every call of a server has a job. */
static int processor_count(void) {
    static _Atomic int known;
    int count = atomic_load_explicit(&known, memory_order_relaxed);
    if (count == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (int)online : 1;
        atomic_store_explicit(&known, count, memory_order_relaxed);
    }
    return count;
}

void gx_job_init(gx_job *job, int threads, uint64_t seed) {
    memset(job, 0, sizeof *job);
    job->threads = threads > 0 ? threads : processor_count();
    job->seed = seed;
}

static gx_job *whole_of(gx_job *job) {
    return job->whole ? job->whole : job;
}

void gx_job_aside(gx_job *aside, gx_job *job) {
    memset(aside, 0, sizeof *aside);
    aside->threads = 1;
    aside->seed = job->seed;
    aside->whole = whole_of(job);
}

void gx_job_cancel(gx_job *job) {
    atomic_store(&whole_of(job)->cancelled, true);
}

static void tell_look(gx_job *job) {
    if (job->looked) {
        job->looked(job);
    }
}

bool gx_job_should_stop(gx_job *job) {
    job = whole_of(job);
    tell_look(job);
    return atomic_load_explicit(&job->cancelled, memory_order_relaxed) ||
           (job->deadline_ns && gx_clock_ns() > job->deadline_ns);
}

gx_status gx_job_check(gx_job *job, gx_error *err) {
    job = whole_of(job);
    const char *stage = job->stage ? job->stage : "start";
    tell_look(job);
    if (atomic_load_explicit(&job->cancelled, memory_order_relaxed)) {
        return gx_fail(err, GX_CANCELLED, "cancelled during %s", stage);
    }
    if (job->deadline_ns && gx_clock_ns() > job->deadline_ns) {
        return gx_fail(err, GX_DEADLINE, "the deadline passed during %s", stage);
    }
    return GX_OK;
}

static void report(gx_job *job, uint64_t done, bool always) {
    if (!job->progress) {
        return;
    }
    int64_t now = gx_clock_ns();
    if (always || now - job->progress_last_ns >= PROGRESS_EVERY_NS) {
        job->progress_last_ns = now;
        job->progress(job->progress_user, job->stage, done, job->total,
                      atomic_load_explicit(&job->mem_used, memory_order_relaxed));
    }
}

void gx_job_stage(gx_job *job, const char *stage, uint64_t total) {
    job->stage = stage;
    job->total = total;
    report(job, 0, true);
}

void gx_job_tick(gx_job *job, uint64_t done) {
    report(job, done, job->total && done == job->total);
}

gx_status gx_job_step(gx_job *job, uint64_t done, gx_error *err) {
    gx_job_tick(job, done);
    return gx_job_check(job, err);
}

gx_status gx_job_charge(gx_job *job, uint64_t bytes, gx_error *err) {
    job = whole_of(job);
    uint64_t used = atomic_fetch_add(&job->mem_used, bytes) + bytes;
    if (job->mem_limit && used > job->mem_limit) {
        atomic_fetch_sub(&job->mem_used, bytes);
        char more[GX_BYTES_TEXT], held[GX_BYTES_TEXT], limit[GX_BYTES_TEXT];
        return gx_fail(err, GX_OVER_LIMIT,
                       "memory: %s needs %s more on top of %s, over the limit of %s",
                       job->stage ? job->stage : "start", gx_bytes_text(more, bytes),
                       gx_bytes_text(held, used - bytes), gx_bytes_text(limit, job->mem_limit));
    }
    uint64_t peak = atomic_load(&job->mem_peak);
    while (used > peak && !atomic_compare_exchange_weak(&job->mem_peak, &peak, used)) {
    }
    return GX_OK;
}

void gx_job_refund(gx_job *job, uint64_t bytes) {
    atomic_fetch_sub(&whole_of(job)->mem_used, bytes);
}

gx_status gx_job_alloc(gx_job *job, void *out_pointer, size_t count, size_t size, gx_error *err) {
    void *block = NULL;
    memcpy(out_pointer, &block, sizeof block);
    if (gx_mul_overflows(count, size)) {
        return gx_fail(err, GX_OVER_LIMIT, "%zu × %zu bytes is more than there can be", count,
                       size);
    }
    gx_status status = gx_job_charge(job, count * size, err);
    if (status != GX_OK) {
        return status;
    }
    block = gx_alloc0(count, size);
    if (!block) {
        gx_job_refund(job, count * size);
        return gx_fail_memory(err, count * size);
    }
    memcpy(out_pointer, &block, sizeof block);
    return GX_OK;
}

void gx_job_free(gx_job *job, void *block) {
    if (block) {
        gx_job_refund(job, gx_alloc_size(block));
        gx_free(block);
    }
}
