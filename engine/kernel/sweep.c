#include "engine/kernel/sweep.h"

#include <math.h>

enum { SMALL = 1 << 14 };

static uint32_t blocks_of(uint32_t n) {
    return (uint32_t)(((uint64_t)n + GX__SWEEP_BLOCK - 1) / GX__SWEEP_BLOCK);
}

uint64_t gx__sweep_bytes(uint32_t n) {
    return (uint64_t)blocks_of(n) * sizeof(gx__sums);
}

double gx__sweep_seconds(const gx__degrees *degrees, bool weighted) {
    const gx__pace plain = {4, 0.85, 1.8, 5}, heavy = {4, 1.1, 2.2, 6};
    return gx__ties_seconds(degrees, 8, weighted ? heavy : plain);
}

gx_status gx__sweep_init(gx__sweep *out, uint32_t n, uint64_t m, gx_job *job, gx_error *err) {
    *out = (gx__sweep){.n = n, .threads = m + n > SMALL ? job->threads : 1, .job = job};
    return gx_job_alloc(job, &out->partial, blocks_of(n), sizeof *out->partial, err);
}

void gx__sweep_finish(gx__sweep *sweep) {
    if (sweep->job) {
        gx_job_free(sweep->job, sweep->partial);
        sweep->partial = NULL;
    }
}

gx__sums gx__sweep_run(const gx__sweep *sweep, gx__block_fn fn, void *user) {
    uint32_t blocks = blocks_of(sweep->n), n = sweep->n;
    gx__sums total = {{0}, {0}};
#pragma omp parallel for num_threads(sweep->threads) schedule(dynamic) if (sweep->threads > 1)
    for (uint32_t b = 0; b < blocks; b++) {
        gx__sums sums = {{0}, {0}};
        uint32_t first = b * GX__SWEEP_BLOCK;
        if (!gx_job_should_stop(sweep->job)) {
            fn(user, &sums, first, b + 1 < blocks ? first + GX__SWEEP_BLOCK : n);
        }
        sweep->partial[b] = sums;
    }
    for (uint32_t b = 0; b < blocks; b++) {
        for (int k = 0; k < GX__SWEEP_SUMS; k++) {
            total.of[k] += sweep->partial[b].of[k];
        }
        for (int k = 0; k < 2; k++) {
            total.most[k] = fmax(total.most[k], sweep->partial[b].most[k]);
        }
    }
    return total;
}
