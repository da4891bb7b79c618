#include "engine/kernel/ordered.h"

#include "engine/kernel/parallel.h"

enum { SLICE = 256 };

uint64_t gx__ordered_bytes(uint64_t length, int threads) {
    return length * (uint64_t)threads * sizeof(double);
}

static void add(double *sum, double *part, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) {
        sum[i] += part[i];
        part[i] = 0;
    }
}

typedef struct sum_of_parts {
    double *sum, *own; /* `own` one a thread */
    uint64_t length;
    int threads;
    gx__part_fn fn;
    void *user;
    gx_job *job;
} sum_of_parts;

static void add_parts(const sum_of_parts *s, uint64_t first, uint64_t end) {
#pragma omp parallel for ordered schedule(dynamic, 1) num_threads(s -> threads) if (s->threads > 1)
    for (uint64_t part = first; part < end; part++) {
        int worker = gx_thread();
        double *into = s->own + (uint64_t)worker * s->length;
        if (gx_job_should_stop(s->job)) {
            continue; /* the sum is of no use any more */
        }
        s->fn(s->user, worker, part, into);
#pragma omp ordered
        add(s->sum, into, s->length);
        if (worker == 0) {
            gx_job_tick(s->job, part + 1);
        }
    }
}

gx_status gx__ordered_sum(double *sum, uint64_t length, uint64_t parts, int threads, gx__part_fn fn,
                          void *user, gx_job *job, gx_error *err) {
    sum_of_parts s = {.sum = sum, .length = length, .threads = threads, .fn = fn, .user = user};
    s.job = job;
    gx_status status = gx_job_alloc(job, &s.own, length * (uint64_t)threads, sizeof *s.own, err);
    if (status != GX_OK) {
        return status;
    }
    /* In slices, since threads take turns at the rest of a loop even where nothing is left to do.
     */
    for (uint64_t first = 0; first < parts && !gx_job_should_stop(job); first += SLICE) {
        add_parts(&s, first, first + SLICE < parts ? first + SLICE : parts);
    }
    gx_job_free(job, s.own);
    return gx_job_check(job, err);
}
