/* What models share when they score: the state that `open` leaves, rows of a matrix as histories,
 * and likeness of items. */
#ifndef GX_MODELS_SCORING_H
#define GX_MODELS_SCORING_H

#include "models/model.h"

/* A copy of `found` (`bytes` of it, no pointers owned) as the opened state; freed with gx_free. */
GX_MUST_CHECK gx_status gx__state_keep(void **out_state, const void *found, size_t bytes,
                                       gx_error *err);

/* The data of an array of exactly rows × cols (1 column where its rank is 1); NULL: there is none.
 */
const void *gx__result_table(const gx_arrays *arrays, const char *instance, const char *suffix,
                             gx_dtype dtype, uint64_t rows, uint64_t cols);

/* not_found for an item that is not among the `items` of the fit. */
GX_MUST_CHECK gx_status gx__item_check(uint32_t item, uint32_t items, gx_error *err);
/* Likeness to an item as the scores of a history that is this item alone. */
typedef gx_status gx__score_one(float *scores, bool *folded, const void *state,
                                const gx_history *history, gx_error *err);
GX_MUST_CHECK gx_status gx__similar_alone(float *scores, gx__score_one *score, const void *state,
                                          uint32_t item, uint32_t items, gx_error *err);

/* The parts of `count` items, a row each of as many as the history has entries. */
GX_MUST_CHECK gx_status gx__explain_items(float *parts, const gx_model *model, const void *state,
                                          const gx_history *history, const uint32_t *items,
                                          uint32_t count, gx_error *err);

/* Events of the longest of rows first … first + count − 1; at least 1. */
uint64_t gx__longest_row(const gx_matrix *matrix, uint32_t first, uint32_t count);
/* Floats of 1 (of the job, to be freed): weights where a matrix has no values. */
GX_MUST_CHECK gx_status gx__ones_make(float **out, uint64_t count, gx_job *job, gx_error *err);

/* A row as the history of that member; `ones` as many as the row is long. */
static inline gx_history gx__row_history(const gx_matrix *matrix, uint32_t row, const float *ones) {
    const uint64_t from = matrix->ptr[row];
    return (gx_history){.user = row,
                        .count = (uint32_t)(matrix->ptr[row + 1] - from),
                        .item = matrix->col + from,
                        .weight = matrix->value ? matrix->value + from : ones,
                        .ts = matrix->ts ? matrix->ts + from : NULL};
}

#endif
