#include "engine/kernel/draw.h"

gx_status gx__draw(uint32_t **out, uint32_t count, uint32_t n, uint64_t seed, gx_job *job,
                   gx_error *err) {
    uint32_t *order;
    gx_status status = gx_job_alloc(job, &order, n, sizeof *order, err);
    if (status != GX_OK) {
        return status;
    }
    gx_rng rng = gx_rng_at(seed, 0);
    for (uint32_t v = 0; v < n; v++) {
        order[v] = v;
    }
    for (uint32_t i = 0; i < count && count < n; i++) { /* a shuffle that ends early */
        uint32_t k = i + (uint32_t)gx_rng_below(&rng, n - i);
        uint32_t v = order[i];
        order[i] = order[k];
        order[k] = v;
    }
    *out = order;
    return GX_OK;
}
