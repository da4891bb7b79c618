/* Scoring by factors, as models of factors share it. */
#include "models/factors.h"

#include "models/blas.h"
#include "models/scoring.h"

#include <math.h>

enum { TILE_ITEMS = 256 };

gx_status gx__factors_check(const gx_factors *f, const char *instance, gx_error *err) {
    bool finite = true;
    for (size_t k = 0; k < (size_t)f->users * f->d; k++) {
        finite &= isfinite(f->user[k]) != 0;
    }
    for (size_t k = 0; k < (size_t)f->items * f->d; k++) {
        finite &= isfinite(f->item[k]) != 0;
    }
    return finite ? GX_OK : gx_fail(err, GX_INTERNAL, "a factor of %s is not finite", instance);
}

gx_status gx__factors_block(float *scores, const gx_factors *f, uint32_t first, uint32_t count,
                            gx_job *job, gx_error *err) {
    const uint32_t tiles = f->items / TILE_ITEMS + 1;
    const int d = (int)f->d;
    const int before = gx__blas_enter();
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t t = 0; t < tiles; t++) {
        const uint32_t from = t * TILE_ITEMS;
        const uint32_t width = f->items - from < TILE_ITEMS ? f->items - from : TILE_ITEMS;
        if (width > 0 && count > 0 && !gx_job_should_stop(job)) {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)width, d, 1,
                        f->user + (size_t)first * f->d, d, f->item + (size_t)from * f->d, d, 0,
                        scores + from, (int)f->items);
        }
    }
    gx__blas_leave(before);
    return gx_job_check(job, err);
}

void gx__factors_score(float *scores, const gx_factors *f, const float *w) {
    if (f->items > 0) {
        const int before = gx__blas_enter();
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)f->items, (int)f->d, 1, f->item, (int)f->d, w,
                    1, 0, scores, 1);
        gx__blas_leave(before);
    }
}

static float length_of(const gx_factors *f, uint32_t item) {
    const float *row = f->item + (size_t)item * f->d;
    double sum = 0;
    for (uint32_t j = 0; j < f->d; j++) {
        sum += (double)row[j] * (double)row[j];
    }
    return (float)sqrt(sum);
}

gx_status gx__factors_similar(float *scores, const gx_factors *f, uint32_t item, gx_error *err) {
    gx_status status = gx__item_check(item, f->items, err);
    if (status != GX_OK) {
        return status;
    }
    gx__factors_score(scores, f, f->item + (size_t)item * f->d);
    const float own = length_of(f, item);
    for (uint32_t i = 0; i < f->items; i++) {
        const float both = own * length_of(f, i);
        scores[i] = both > 0 ? scores[i] / both : 0;
    }
    return GX_OK;
}

void gx__factors_like_items(float *scores, const gx_factors *f, uint32_t item,
                            const uint32_t *items, uint32_t count) {
    const float own = item < f->items ? length_of(f, item) : 0;
    const int before = gx__blas_enter();
    for (uint32_t c = 0; c < count; c++) {
        const float both = own > 0 ? own * length_of(f, items[c]) : 0;
        const float *a = f->item + (size_t)item * f->d, *b = f->item + (size_t)items[c] * f->d;
        scores[c] = both > 0 ? cblas_sdot((int)f->d, a, 1, b, 1) / both : 0;
    }
    gx__blas_leave(before);
}

uint64_t gx__history_hash(const uint32_t *item, const float *weight, uint64_t count) {
    uint64_t sum = count;
    for (uint64_t k = 0; k < count; k++) {
        sum += gx_mix64(2 * (uint64_t)item[k] + (!weight || weight[k] > 0));
    }
    return sum;
}
