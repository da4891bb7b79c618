/* What an item–item model remembers, and what it says: arrays checked and opened, scores, likeness
 * and reasons. A score costs the kept weights of the rows of its history. */
#include "models/item_rows.h"

#include "models/parallel.h"
#include "models/scoring.h"

typedef struct rows {
    const uint64_t *ptr;
    const uint32_t *item;
    const float *weight;
    uint32_t items;
} rows;

/* Arrays may come from a file that somebody else wrote: nothing is followed before it is checked.
 */
static gx_status find_rows(rows *out, const gx_arrays *arrays, const char *instance, uint32_t items,
                           gx_error *err) {
    rows r = {.items = items,
              .ptr = gx_result_get(arrays, instance, "ptr", GX_U64, (uint64_t)items + 1)};
    if (!r.ptr) {
        return gx_fail_at(err, GX_NOT_FOUND, instance, "there is no %s.ptr of %u items", instance,
                          items);
    }
    const uint64_t nnz = r.ptr[items];
    r.item = gx_result_get(arrays, instance, "item", GX_U32, nnz);
    r.weight = gx_result_get(arrays, instance, "weight", GX_F32, nnz);
    if (!r.item || !r.weight || !gx_row_ptr_is_valid(r.ptr, items, nnz) ||
        !gx_all_below(r.item, nnz, items)) {
        return gx_fail_at(err, GX_CORRUPT, instance, "the rows of %s do not fit %u items", instance,
                          items);
    }
    *out = r;
    return GX_OK;
}

gx_status gx__item_rows_check(const gx_arrays *result, const char *instance, const gx_input *input,
                              uint64_t keep, float low, gx_error *err) {
    rows r;
    gx_status status = find_rows(&r, result, instance, input->items, err);
    for (uint32_t i = 0; status == GX_OK && i < r.items; i++) {
        bool good = r.ptr[i + 1] - r.ptr[i] <= keep;
        for (uint64_t k = r.ptr[i]; k < r.ptr[i + 1]; k++) {
            good &= r.weight[k] >= low && r.weight[k] <= GX__WEIGHT_MAX;
            good &= k == r.ptr[i] || r.item[k - 1] < r.item[k];
        }
        if (!good) {
            status = gx_fail(err, GX_INTERNAL,
                             "row %u of %s is not at most %llu rising items with weights from %g",
                             i, instance, (unsigned long long)keep, (double)low);
        }
    }
    return status;
}

gx_status gx__item_rows_check_neighbours(const gx_arrays *result, const char *instance,
                                         const gx_input *input, const gx_args *args,
                                         gx_error *err) {
    return gx__item_rows_check(result, instance, input, (uint64_t)gx_arg_int(args, "neighbours"), 0,
                               err);
}

gx_status gx__item_rows_check_targets(const gx_arrays *result, const char *instance,
                                      const gx_input *input, uint64_t keep, gx_error *err) {
    rows r;
    gx_status status = gx__item_rows_check(result, instance, input, input->items, 0, err);
    if (status != GX_OK || (status = find_rows(&r, result, instance, input->items, err)) != GX_OK) {
        return status;
    }
    uint32_t *count = gx_alloc0((size_t)r.items + 1, sizeof *count);
    if (!count) {
        return gx_fail_memory(err, ((size_t)r.items + 1) * sizeof *count);
    }
    for (uint64_t k = 0; k < r.ptr[r.items]; k++) {
        if (++count[r.item[k]] > keep) {
            status = gx_fail(err, GX_INTERNAL, "item %u of %s is in more than %llu rows", r.item[k],
                             instance, (unsigned long long)keep);
            break;
        }
    }
    gx_free(count);
    return status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

gx_status gx__item_rows_open(void **out_state, const gx_arrays *arrays, const char *instance,
                             uint32_t users, uint32_t items, gx_error *err) {
    (void)users;
    rows found;
    gx_status status = find_rows(&found, arrays, instance, items, err);
    return status == GX_OK ? gx__state_keep(out_state, &found, sizeof found, err) : status;
}

/* Items the fit has not seen have no row. */
static void add_row(float *scores, const rows *r, uint32_t item, float weight) {
    if (item >= r->items) {
        return;
    }
    for (uint64_t k = r->ptr[item]; k < r->ptr[item + 1]; k++) {
        scores[r->item[k]] += weight * r->weight[k];
    }
}

gx_status gx__item_rows_score(float *scores, bool *folded, const void *state,
                              const gx_history *history, gx_error *err) {
    (void)err;
    const rows *r = state;
    for (uint32_t i = 0; i < r->items; i++) {
        scores[i] = 0;
    }
    for (uint32_t k = 0; k < history->count; k++) {
        add_row(scores, r, history->item[k], history->weight[k]);
    }
    *folded = false; /* nothing is fitted on a member: any history is scored exactly */
    return GX_OK;
}

gx_status gx__item_rows_score_block(float *scores, const void *state, const gx_matrix *history,
                                    uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    const rows *r = state;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < count; b++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        float *row = scores + (size_t)b * r->items;
        memset(row, 0, r->items * sizeof *row);
        const uint32_t u = first + b;
        for (uint64_t k = history->ptr[u]; k < history->ptr[u + 1]; k++) {
            add_row(row, r, history->col[k], history->value ? history->value[k] : 1);
        }
    }
    return gx_job_check(job, err);
}

gx_status gx__item_rows_similar(float *scores, const void *state, uint32_t item, gx_error *err) {
    const rows *r = state;
    gx_status status = gx__item_check(item, r->items, err);
    if (status == GX_OK) {
        memset(scores, 0, r->items * sizeof *scores);
        add_row(scores, r, item, 1);
    }
    return status;
}

static float weight_of(const rows *r, uint32_t from, uint32_t to) {
    uint64_t low = r->ptr[from], high = r->ptr[from + 1];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (r->item[middle] < to) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < r->ptr[from + 1] && r->item[low] == to ? r->weight[low] : 0;
}

gx_status gx__item_rows_like_items(float *scores, const void *state, uint32_t item,
                                   const uint32_t *items, uint32_t count, gx_error *err) {
    (void)err;
    const rows *r = state;
    for (uint32_t c = 0; c < count; c++) {
        scores[c] = item < r->items ? weight_of(r, item, items[c]) : 0;
    }
    return GX_OK;
}

gx_status gx__item_rows_explain(float *parts, const void *state, const gx_history *history,
                                uint32_t item, gx_error *err) {
    (void)err;
    const rows *r = state;
    for (uint32_t k = 0; k < history->count; k++) {
        const uint32_t from = history->item[k];
        const bool known = from < r->items && item < r->items;
        parts[k] = known ? history->weight[k] * weight_of(r, from, item) : 0;
    }
    return GX_OK;
}
