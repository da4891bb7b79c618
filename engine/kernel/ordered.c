#include "engine/kernel/ordered.h"

#include "engine/kernel/parallel.h"

uint64_t gx__ordered_bytes(uint64_t length, int threads) {
    return length * (uint64_t)threads * sizeof(double);
}

static void add(double *sum, double *part, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) {
        sum[i] += part[i];
        part[i] = 0;
    }
}

gx_status gx__ordered_sum(double *sum, uint64_t length, uint64_t parts, int threads, gx__part_fn fn,
                          void *user, gx_job *job, gx_error *err) {
    double *own;
    gx_status status = gx_job_alloc(job, &own, length * (uint64_t)threads, sizeof *own, err);
    if (status != GX_OK) {
        return status;
    }
#pragma omp parallel for ordered schedule(dynamic, 1) num_threads(threads) if (threads > 1)
    for (uint64_t part = 0; part < parts; part++) {
        int worker = gx_thread();
        double *into = own + (uint64_t)worker * length;
        if (!gx_job_should_stop(job)) {
            fn(user, worker, part, into);
        }
#pragma omp ordered
        add(sum, into, length);
        if (worker == 0) {
            gx_job_tick(job, part + 1);
        }
    }
    gx_job_free(job, own);
    return gx_job_check(job, err);
}
