#include "engine/kernel/neighbours.h"

/* Below so many entries a team of threads costs more than it saves. */
enum { MEMBERS_CHUNK = 256, SMALL = 1 << 14 };

void gx__others_all(uint32_t *others, const gx__rows_view *rows, uint32_t n, gx_job *job) {
#pragma omp parallel for num_threads(job->threads) schedule(static) if (n > SMALL)
    for (uint32_t v = 0; v < n; v++) {
        others[v] = gx_job_should_stop(job) ? 0 : (uint32_t)gx__others(rows, v);
    }
}

void gx__row_strengths(double *out, const gx__rows_view *rows, uint32_t n, gx_job *job) {
#pragma omp parallel for num_threads(job->threads)                                                 \
    schedule(dynamic, MEMBERS_CHUNK) if (rows->ptr[n] > SMALL)
    for (uint32_t v = 0; v < n; v++) {
        out[v] = gx_job_should_stop(job) ? 0 : gx__row_strength(rows, v);
    }
}

void gx__neighbour_sums(double *out, const double *in, const gx__rows_view *rows, uint32_t n,
                        gx_job *job) {
#pragma omp parallel for num_threads(job->threads)                                                 \
    schedule(dynamic, MEMBERS_CHUNK) if (rows->ptr[n] > SMALL)
    for (uint32_t v = 0; v < n; v++) {
        double sum = 0;
        uint64_t end = gx_job_should_stop(job) ? 0 : rows->ptr[v + 1];
        for (uint64_t i = rows->ptr[v]; i < end; i++) {
            uint32_t u = rows->end[i];
            sum += u == v ? 0 : gx__row_weight(rows, i) * in[u];
        }
        out[v] = sum;
    }
}
