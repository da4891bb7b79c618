/* Tall matrices through OpenBLAS, shared out by blocks of rows here. */
#include "models/dense.h"

#include "models/blas.h"

#include <math.h>

enum {
    GRAM_BLOCKS = 32, /* at most; partial Gramians, whatever the number of threads */
    GRAM_ROWS = 1024, /* at least, a block */
    AXES_ROWS = 256
};

static uint32_t gram_blocks(uint32_t n) {
    const uint32_t blocks = n / GRAM_ROWS + 1;
    return blocks < GRAM_BLOCKS ? blocks : GRAM_BLOCKS;
}

size_t gx__gram_floats(uint32_t n, uint32_t d) {
    return (size_t)gram_blocks(n) * d * d;
}

void gx__gram(float *part, const float *x, uint32_t n, uint32_t d, gx_job *job) {
    const uint32_t blocks = gram_blocks(n);
    const size_t cells = (size_t)d * d;
    const uint32_t rows = n / blocks + 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < blocks; b++) {
        const uint32_t from = b * rows, left = from < n ? n - from : 0;
        const uint32_t count = left < rows ? left : rows;
        if (count == 0) {
            memset(part + b * cells, 0, cells * sizeof *part);
        } else if (!gx_job_should_stop(job)) {
            cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, (int)d, (int)count, 1,
                        x + (size_t)from * d, (int)d, 0, part + b * cells, (int)d);
        }
    }
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < d; r++) {
        for (uint32_t c = 0; c <= r; c++) {
            double sum = 0;
            for (uint32_t b = 0; b < blocks; b++) {
                sum += (double)part[b * cells + (size_t)r * d + c];
            }
            part[(size_t)r * d + c] = (float)sum;
        }
    }
}

/* As LAPACK tells them for all eigenvectors of ssyevd. */
static size_t eigen_work(size_t d) {
    return 1 + 6 * d + 2 * d * d + 64;
}

static size_t eigen_iwork(size_t d) {
    return 3 + 5 * d;
}

size_t gx__eigen_floats(uint32_t d) {
    return eigen_work(d) + eigen_iwork(d);
}

gx_status gx__eigen(float *a, float *values, uint32_t d, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    float *work = NULL;
    int *iwork = NULL;
    int n = (int)d, lwork = (int)eigen_work(d), liwork = (int)eigen_iwork(d), info = 0;
    GX_TRY(gx_job_alloc(job, &work, (size_t)lwork, sizeof *work, err));
    GX_TRY(gx_job_alloc(job, &iwork, (size_t)liwork, sizeof *iwork, err));
    ssyevd_("V", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, &info);
    if (info != 0) {
        status = gx_fail(err, GX_INTERNAL, "eigenvectors of a %u × %u Gramian: ssyevd says %d", d,
                         d, info);
        goto done;
    }
    for (uint32_t j = 0; j < d; j++) {
        values[j] = fmaxf(values[j], 0);
    }
done:
    gx_job_free(job, work);
    gx_job_free(job, iwork);
    return status;
}

size_t gx__axes_floats(uint32_t k, int threads) {
    return (size_t)threads * AXES_ROWS * k;
}

void gx__axes(float *out, const float *x, uint32_t n, uint32_t d, const float *axes, uint32_t k,
              float *room, gx_job *job) {
    const uint32_t blocks = n / AXES_ROWS + 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < blocks; b++) {
        const uint32_t from = b * AXES_ROWS, left = n - from;
        const uint32_t rows = left < AXES_ROWS ? left : AXES_ROWS;
        float *at = out + (size_t)from * k;
        float *turned = out == x ? room + (size_t)gx__worker() * AXES_ROWS * k : at;
        if (rows == 0 || gx_job_should_stop(job)) {
            continue;
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)k, (int)d, 1,
                    x + (size_t)from * d, (int)d, axes, (int)d, 0, turned, (int)k);
        if (turned != at) {
            memcpy(at, turned, (size_t)rows * k * sizeof *at);
        }
    }
}
