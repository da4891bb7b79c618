/* The contract of a model: a pass that learns (kind GX_KIND_MODEL), and how what it learnt scores
 * items for a member's history. A history is always given by the caller, so folding in what
 * happened after the fit is the normal case, not a special one. */
#ifndef GX_MODELS_MODEL_H
#define GX_MODELS_MODEL_H

#include "graph/pass/pass.h"

/* What a member did: distinct items, their weights (by action, rating, decay) and latest times. */
typedef struct gx_history {
    uint32_t user; /* GX_NONE: not a member the model was fitted on */
    uint32_t count;
    const uint32_t *item;
    const float *weight;
    const int64_t *ts; /* may be NULL */
} gx_history;

/* score(u, i) = user[u] · item[i], rows of d floats. */
typedef struct gx_factors {
    const float *user, *item;
    uint32_t users, items, d;
} gx_factors;

typedef struct gx_model gx_model;

struct gx_model {
    gx_pass pass; /* fit: its arrays are all the model remembers */

    /* Resolves the arrays once; `arrays` outlives the state. */
    gx_status (*open)(void **out_state, const gx_arrays *arrays, const char *instance,
                      uint32_t users, uint32_t items, gx_error *err);
    void (*close)(void *state);

    /* Dense scores, one an item, for one history; any thread. `folded` is set where the member's
     * own fitted row could not be used as it is. An empty history gives all zeros, except for
     * models that need none (popular). */
    gx_status (*score)(float *scores, bool *folded, const void *state, const gx_history *history,
                       gx_error *err);
    /* count rows of items scores for members first … first + count − 1 of `history` (a matrix of
     * the fit): the fast way for everybody; threads of the job. NULL: `score` one by one. */
    gx_status (*score_block)(float *scores, const void *state, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err);
    /* The scores of `count` items only, in the order of `items`, all of the fit; any thread. With
     * `fitted` the history is the member's in the fit, weights included, and their fitted row may
     * stand for it. NULL: `score`. */
    gx_status (*score_items)(float *scores, bool *folded, const void *state,
                             const gx_history *history, bool fitted, const uint32_t *items,
                             uint32_t count, gx_error *err);
    /* The factors whose products are the scores of score_block: lists for everybody are then made
     * without writing the scores down. NULL: scores are no such products. */
    void (*factors)(gx_factors *out, const void *state);
    /* The items' factors (out->user is NULL), and unless `w` is NULL those of the history, out->d
     * floats: their products are what `score` gives, or score_items with `fitted`, but for
     * rounding. So a list need not score what cannot be in it (rec/sketch.h). NULL: scores are no
     * such products. */
    gx_status (*fold)(gx_factors *out, float *w, bool *folded, const void *state,
                      const gx_history *history, bool fitted, gx_error *err);
    /* Likeness of every item to `item`; NULL: the model has no notion of it. */
    gx_status (*similar)(float *scores, const void *state, uint32_t item, gx_error *err);
    /* Likeness to `item` of `count` items only, all of the fit, for keeping a list from being made
     * of near-twins: that of `similar`, or a part of it that costs little. NULL: `similar`. */
    gx_status (*like_items)(float *scores, const void *state, uint32_t item, const uint32_t *items,
                            uint32_t count, gx_error *err);
    /* How much each history entry adds to the score of `item`: parts[k] sum to it (±1e-5 of it).
     * NULL: the score does not come from the history. */
    gx_status (*explain)(float *parts, const void *state, const gx_history *history, uint32_t item,
                         gx_error *err);
    /* The same for `count` items at once, a row of parts each: for models that have work to do for
     * the history first. NULL: `explain` one by one. */
    gx_status (*explain_items)(float *parts, const void *state, const gx_history *history,
                               const uint32_t *items, uint32_t count, gx_error *err);
    /* Of a model that knows no taste of the member's own: the circle of `leiden` that speaks for
     * the item, GX_NONE where everybody does. NULL: the score comes from the history. */
    uint32_t (*spoken_by)(const void *state, const gx_history *history, uint32_t item);
};

typedef struct gx_model_table {
    const gx_model *const *rows;
    size_t count;
} gx_model_table;

const gx_model_table *gx_models(void);
const gx_pass_table *gx_model_passes(void); /* the same rows, as passes */
const gx_model *gx_model_find(const char *name);

/* ---- top-n ---------------------------------------------------------------------------------- */

typedef struct gx_scored {
    uint32_t item;
    float score;
} gx_scored;

/* The n largest of scores[0 … count), by falling score, then by rising item; skip[i] ≠ 0 leaves i
 * out (may be NULL). Only finite scores above `floor` count. Returns how many there are. */
uint32_t gx_top(gx_scored *out, uint32_t n, const float *scores, uint32_t count,
                const uint8_t *skip, float floor);

/* Lists of members first … first + count − 1 of `history`, the matrix of the fit (or one that only
 * has other columns left out): out[k · n …] and its length for the k-th, as gx_top would make it of
 * all items but those of the member's own row and those with skip[i] ≠ 0 (NULL: none). n ≥ 1. Equal
 * bytes at any number of threads for the same `first` and `count`; memory gx_top_members_bytes,
 * beside what a score_block takes itself. */
GX_MUST_CHECK gx_status gx_top_members(gx_scored *out, uint32_t *out_length, uint32_t n,
                                       const gx_model *model, const void *state,
                                       const gx_matrix *history, uint32_t items, uint32_t first,
                                       uint32_t count, const uint8_t *skip, gx_job *job,
                                       gx_error *err);
uint64_t gx_top_members_bytes(const gx_model *model, uint32_t items, uint32_t count, int threads);

/* ---- evaluation ------------------------------------------------------------------------------ */

typedef struct gx_eval_result {
    uint32_t users, cutoff; /* members with at least one test item */
    double recall, ndcg, precision, hit_rate, mrr, map, coverage;
    double fit_cpu_s, fit_wall_s, score_cpu_s, score_wall_s;
    uint64_t rss_bytes;
} gx_eval_result;

/* Ranks all items for every member with a test item, train items left out (full ranking). Recall =
 * hits / |test|, NDCG binary with the ideal over min(cutoff, |test|), averaged over members. */
GX_MUST_CHECK gx_status gx_eval(gx_eval_result *out, const gx_model *model, const gx_value *params,
                                const gx_input *train, const gx_matrix *test, uint32_t cutoff,
                                gx_job *job, gx_error *err);

#endif
