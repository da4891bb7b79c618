#include "models/scoring.h"

gx_status gx__state_keep(void **out_state, const void *found, size_t bytes, gx_error *err) {
    void *state = gx_alloc(1, bytes);
    if (!state) {
        return gx_fail_memory(err, bytes);
    }
    memcpy(state, found, bytes);
    *out_state = state;
    return GX_OK;
}

const void *gx__result_table(const gx_arrays *arrays, const char *instance, const char *suffix,
                             gx_dtype dtype, uint64_t rows, uint64_t cols) {
    const gx_array *array = gx_result_find(arrays, instance, suffix);
    const bool fits =
        array && array->dtype == dtype && array->shape[0] == rows && array->shape[1] == cols;
    return fits ? array->data : NULL;
}

gx_status gx__item_check(uint32_t item, uint32_t items, gx_error *err) {
    return item < items ? GX_OK
                        : gx_fail_at(err, GX_NOT_FOUND, "item",
                                     "item %u is not among the %u of the fit", item, items);
}

gx_status gx__similar_alone(float *scores, gx__score_one *score, const void *state, uint32_t item,
                            uint32_t items, gx_error *err) {
    const float one = 1;
    bool folded;
    const gx_history alone = {.user = GX_NONE, .count = 1, .item = &item, .weight = &one};
    gx_status status = gx__item_check(item, items, err);
    return status == GX_OK ? score(scores, &folded, state, &alone, err) : status;
}

gx_status gx__explain_items(float *parts, const gx_model *model, const void *state,
                            const gx_history *history, const uint32_t *items, uint32_t count,
                            gx_error *err) {
    if (model->explain_items) {
        return model->explain_items(parts, state, history, items, count, err);
    }
    gx_status status = GX_OK;
    for (uint32_t c = 0; status == GX_OK && c < count; c++) {
        status = model->explain(parts + (size_t)c * history->count, state, history, items[c], err);
    }
    return status;
}

uint64_t gx__longest_row(const gx_matrix *matrix, uint32_t first, uint32_t count) {
    uint64_t longest = 1;
    for (uint32_t r = first; r < first + count; r++) {
        const uint64_t n = matrix->ptr[r + 1] - matrix->ptr[r];
        longest = n > longest ? n : longest;
    }
    return longest;
}

gx_status gx__ones_make(float **out, uint64_t count, gx_job *job, gx_error *err) {
    gx_status status = gx_job_alloc(job, out, count, sizeof **out, err);
    for (uint64_t k = 0; status == GX_OK && k < count; k++) {
        (*out)[k] = 1;
    }
    return status;
}
