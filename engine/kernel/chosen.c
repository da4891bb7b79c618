#include "engine/kernel/chosen.h"

#include <stdio.h>

gx_status gx__chosen_add(gx_output *out, double *score, const uint32_t *order, uint32_t count,
                         gx_error *err) {
    uint32_t *given;
    gx_status status = gx_output_add(&given, out, "order", GX_U32, count, 0, err);
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        given[k] = order[k];
        score[order[k]] = 1 - (double)k / count;
    }
    return status;
}

gx_status gx__chosen_check(const gx_arrays *result, const char *instance, const gx_input *input,
                           gx_error *err) {
    char name[256];
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    if (status != GX_OK) {
        return status;
    }
    snprintf(name, sizeof name, "%s.order", instance);
    const gx_array *array = gx_arrays_find(result, name);
    const uint32_t *order = array ? array->data : NULL;
    uint64_t count = array ? array->shape[0] : 0, scored = 0;
    for (uint64_t k = 0; k < count; k++) {
        if (order[k] >= input->users || score[order[k]] != 1 - (double)k / (double)count) {
            return gx_fail(err, GX_INTERNAL, "%s holds member %u at %llu, whose score is %g", name,
                           order[k], (unsigned long long)k,
                           order[k] < input->users ? score[order[k]] : 0);
        }
    }
    for (uint32_t v = 0; v < input->users; v++) {
        scored += score[v] > 0;
    }
    if (!array || scored != count) {
        return gx_fail(err, GX_INTERNAL, "%s holds %llu members, and %llu have a score", name,
                       (unsigned long long)count, (unsigned long long)scored);
    }
    return GX_OK;
}
