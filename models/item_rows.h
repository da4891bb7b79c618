/* Item–item models: what they remember is a sparse row of weights for each item, and a score is
 * Σ over the history of weight × row. A model that fits the form gives its parameters and formula;
 * rows, the cut to the largest, scores, likeness and reasons are here.
 *
 * Items the fit has not seen have no row and add nothing. A weight below 0 in a history (a dislike)
 * subtracts the item's row. Nothing is fitted on a member: any history is scored exactly. */
#ifndef GX_MODELS_ITEM_ROWS_H
#define GX_MODELS_ITEM_ROWS_H

#include "models/model.h"

#include <float.h>

#define GX__WEIGHT_MAX 1e30F /* keeps sums of rows finite whatever the values were */

/* ---- what is remembered --------------------------------------------------------------------- */

/* For `gives` and `item_arrays` of such a model. */
#define GX__ITEM_ROWS_GIVES                                                                        \
    {"ptr", GX_U64, GX_LEN_OTHER, "where each item's row begins, items + 1"},                      \
        {"item", GX_U32, GX_LEN_OTHER, "items of the rows, rising within a row"},                  \
        {"weight", GX_F32, GX_LEN_OTHER, "weights of the rows"}

/* For the contract of a gx_model; the state is freed with gx_free. not_found, corrupt. */
GX_MUST_CHECK gx_status gx__item_rows_open(void **out_state, const gx_arrays *arrays,
                                           const char *instance, uint32_t users, uint32_t items,
                                           gx_error *err);
GX_MUST_CHECK gx_status gx__item_rows_score(float *scores, bool *folded, const void *state,
                                            const gx_history *history, gx_error *err);
GX_MUST_CHECK gx_status gx__item_rows_score_block(float *scores, const void *state,
                                                  const gx_matrix *history, uint32_t first,
                                                  uint32_t count, gx_job *job, gx_error *err);
GX_MUST_CHECK gx_status gx__item_rows_similar(float *scores, const void *state, uint32_t item,
                                              gx_error *err);
GX_MUST_CHECK gx_status gx__item_rows_like_items(float *scores, const void *state, uint32_t item,
                                                 const uint32_t *items, uint32_t count,
                                                 gx_error *err);
GX_MUST_CHECK gx_status gx__item_rows_explain(float *parts, const void *state,
                                              const gx_history *history, uint32_t item,
                                              gx_error *err);
/* For a gx_model, all that is beside its pass. */
#define GX__ITEM_ROWS_SERVE                                                                        \
    .open = gx__item_rows_open, .close = gx_free, .score = gx__item_rows_score,                    \
    .score_block = gx__item_rows_score_block, .similar = gx__item_rows_similar,                    \
    .like_items = gx__item_rows_like_items, .explain = gx__item_rows_explain

/* Rows are at most `keep` rising items with weights from `low` to GX__WEIGHT_MAX. */
GX_MUST_CHECK gx_status gx__item_rows_check(const gx_arrays *result, const char *instance,
                                            const gx_input *input, uint64_t keep, float low,
                                            gx_error *err);
/* The check of a model with weights of 0 or more that keeps as many of a row as its parameter
 * `neighbours` says. */
GX_MUST_CHECK gx_status gx__item_rows_check_neighbours(const gx_arrays *result,
                                                       const char *instance, const gx_input *input,
                                                       const gx_args *args, gx_error *err);
/* The same where `keep` is of each item as a target: it is in at most so many rows. */
GX_MUST_CHECK gx_status gx__item_rows_check_targets(const gx_arrays *result, const char *instance,
                                                    const gx_input *input, uint64_t keep,
                                                    gx_error *err);

/* ---- one row -------------------------------------------------------------------------------- */

/* One thread's own: the dense accumulator, what it touched, and sets of items as bits. */
typedef struct gx__row_scratch {
    float *sum;        /* items, all 0 between rows */
    uint32_t *touched; /* items */
    uint64_t *bits;    /* one an item, all 0 between rows */
    uint64_t *summary; /* one a word of bits */
    uint32_t histogram[2048];
} gx__row_scratch;

uint64_t gx__row_scratch_bytes(uint32_t items);
/* One a thread of the job; NULL where there was none to free. */
GX_MUST_CHECK gx_status gx__row_scratch_make(gx__row_scratch **out, uint32_t items, gx_job *job,
                                             gx_error *err);
void gx__row_scratch_free(gx__row_scratch *all, gx_job *job);
/* Takes the `length` largest by size of the `count` sums touched out by rising
 * item, equal ones by rising item first; leaves the scratch cleared. Returns how many there are. */
uint64_t gx__row_take(gx__row_scratch *s, uint32_t count, uint64_t length, uint32_t *item,
                      float *weight, uint32_t items);

static inline float gx__weight_between(float x, float low, float high) {
    return x < low ? low : x > high ? high : x; /* fminf and fmaxf are calls that mind NaN */
}

/* ---- rows from what members have in common -------------------------------------------------- */

/* row[i][j] = finish(i, weigh(i, j, Σ_u x_ui · c_u · x_uj)), the largest kept before `finish`. */
typedef struct gx__item_rows_plan {
    const char *counting, *filling; /* names of the two stages, for good */
    gx_matrix history;              /* members × items: x, none below 0 */
    const double *member_scale;     /* c; NULL: all 1 */
    uint64_t keep;                  /* of each row, at most */
    bool diagonal;                  /* an item is in its own row */
    bool of_target; /* `keep` is of each column instead: weigh and finish are given the target as
                       `item` and those of the history as j, and what they make is turned round */
    /* Sums of the items touched into weights above 0, in place. */
    void (*weigh)(const void *model, uint32_t item, float *sum, const uint32_t *touched,
                  uint32_t count);
    /* What changes no order; NULL: nothing. */
    float (*finish)(const void *model, uint32_t item, float weight);
    const void *model;
} gx__item_rows_plan;

/* Adds ptr, item and weight. Each row is summed in the order of member ids: the same bytes at any
 * thread count. O(Σ_u d_u²) time, twice. */
GX_MUST_CHECK gx_status gx__item_rows_make(gx_output *out, const gx__item_rows_plan *plan,
                                           gx_job *job, gx_error *err);
/* What that takes, results and `history` with values of its own (where the input has some, or
 * `values`) counted. */
void gx__item_rows_estimate(gx_estimate *out, const gx_input *input, uint64_t keep, bool values,
                            bool of_target, int threads);

/* The matrix with its positive values divided by the largest and the others 0, in *out_value (of
 * the job, to be freed; NULL where all are 1): no model here changes by it, and nothing that
 * follows can overflow. */
GX_MUST_CHECK gx_status gx__positive_values(gx_matrix *out, float **out_value,
                                            const gx_matrix *matrix, gx_job *job, gx_error *err);
double gx__row_sum(const gx_matrix *matrix, uint32_t row);
/* Sums of columns, added up in the order of rows. */
void gx__column_sums(double *sum, const gx_matrix *matrix);
/* degree^−exponent; 0 where the degree is 0. */
double gx__degree_scale(double degree, double exponent);

#endif
