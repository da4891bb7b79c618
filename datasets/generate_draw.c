/* Draws of the random graphs, from named streams and exact arithmetic. */
#include "datasets/generate.h"

#include <math.h>

gx_rng gx__generate_rng(const gx_job *job, uint8_t purpose, uint64_t number) {
    return gx_rng_at(gx_mix64(job->seed) ^ (uint64_t)purpose << 56, number);
}

/* Fisher and Yates. */
gx_status gx__permutation(uint32_t **out, uint32_t n, gx_rng rng, gx_job *job, gx_error *err) {
    uint32_t *order;
    gx_status status = gx_job_alloc(job, &order, (size_t)n + 1, sizeof *order, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)gx_rng_below(&rng, (uint64_t)i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    *out = order;
    return GX_OK;
}

/* ln m = 2 artanh((m − 1) / (m + 1)) for m near 1. */
double gx__ln(double x) {
    int exponent;
    double m = frexp(x, &exponent); /* [.5, 1) */
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int k = 25; k >= 1; k -= 2) {
        sum = sum * square + 1.0 / k;
    }
    return exponent * 0.69314718055994531 + 2 * s * sum;
}

double gx__exp(double x) {
    double whole = floor(x * 1.4426950408889634 + 0.5);
    double r = x - whole * 0.693147180369123816490 - whole * 1.90821492927058770002e-10, sum = 1;
    for (int k = 18; k >= 1; k--) {
        sum = 1 + sum * r / k;
    }
    return ldexp(sum, (int)whole);
}

uint64_t gx__geometric(gx_rng *rng, double ln_not_p, uint64_t most) {
    double skip = gx__ln(1 - gx_rng_real(rng)) / ln_not_p;
    return skip < (double)most ? (uint64_t)skip : most;
}

gx_status gx__power_law_make(gx__power_law *out, uint32_t low, uint32_t high, double exponent,
                             gx_job *job, gx_error *err) {
    gx__power_law law = {.low = low, .high = high};
    gx_status status =
        gx_job_alloc(job, &law.up_to, (size_t)(high - low) + 1, sizeof *law.up_to, err);
    if (status != GX_OK) {
        return status;
    }
    double sum = 0, weighted = 0;
    for (uint32_t k = low; k <= high; k++) {
        double weight = gx__exp(-exponent * gx__ln(k));
        sum += weight;
        weighted += weight * k;
        law.up_to[k - low] = sum;
    }
    for (uint32_t k = low; k <= high; k++) {
        law.up_to[k - low] /= sum;
    }
    law.mean = weighted / sum;
    *out = law;
    return GX_OK;
}

void gx__power_law_finish(gx__power_law *law, gx_job *job) {
    gx_job_free(job, law->up_to);
    law->up_to = NULL;
}

uint32_t gx__power_law_draw(const gx__power_law *law, gx_rng *rng) {
    double at = gx_rng_real(rng);
    uint32_t low = 0, high = law->high - law->low;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (law->up_to[middle] > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return law->low + low;
}
