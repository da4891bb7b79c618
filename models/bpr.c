/* Bayesian personalised ranking of matrix factors (Rendle, Freudenthaler, Gantner and
 * Schmidt-Thieme 2009): what a member did is to score above what they did not do,
 *
 *   max  Σ c ln σ(w_u·h_i − w_u·h_j) − λ (|w_u|² + |h_i|² + |h_j|²) / 2
 *
 * over events (u, i) and drawn items j, c the value over the mean value (8 at most), by stochastic
 * gradient descent (bpr_train.c). A dislike (value < 0) is to score below the drawn item.
 *
 * The fit ends by folding every member's history in, the items' factors standing (bpr_fold.c): a
 * member's row is what their history gives, and folding in the same history later gives the same.
 * There is no bias of items: their popularity is a direction of the factors like any other, which
 * keeps a score a sum over the history. Time O(epochs events (candidates + 3) d); memory d floats a
 * member and item, 4 bytes an event while it runs. */
#include "models/bpr.h"

#include "models/factors.h"
#include "models/parallel.h"
#include "models/scoring.h"

#include <math.h>

static const gx_param params[] = {
    {.name = "factors",
     .type = GX_PARAM_INT,
     .fallback = "64",
     .low = 1,
     .high = GX__BPR_FACTORS_MAX,
     .help = "length of a member's and an item's vector"},
    {.name = "epochs",
     .type = GX_PARAM_INT,
     .fallback = "40",
     .low = 1,
     .high = 10000,
     .help = "sweeps over all events"},
    {.name = "rate",
     .type = GX_PARAM_REAL,
     .fallback = "0.1",
     .low = 1e-6,
     .high = 1,
     .help = "step of the first epoch; falls to 0 in a straight line"},
    {.name = "regularisation",
     .type = GX_PARAM_REAL,
     .fallback = "0.02",
     .low = 0,
     .high = 1,
     .help = "lambda: how much factors are held near zero"},
    {.name = "candidates",
     .type = GX_PARAM_INT,
     .fallback = "8",
     .low = 1,
     .high = 1000,
     .unit = "items",
     .help = "items drawn to compare an event with; the one hardest to tell apart is taken"},
};

static const gx_gives gives[] = {
    {"user_factor", GX_F32, GX_LEN_USERS, "factors of members"},
    {"item_factor", GX_F32, GX_LEN_ITEMS, "factors of items"},
    {"training", GX_F64, GX_LEN_OTHER,
     "rate, regularisation, mean value, epochs, candidates: for folding in"},
    {"seen", GX_U64, GX_LEN_USERS, "hash of the items of each member's history at the fit"},
};

enum { TRAINING = 5 };

/* ---- fit ------------------------------------------------------------------------------------ */

static uint32_t width_of(const gx_args *args) {
    const uint32_t factors = (uint32_t)gx_arg_int(args, "factors");
    return (factors + GX__BPR_LANES - 1) / GX__BPR_LANES * GX__BPR_LANES;
}

static double mean_value(const gx_matrix *m) {
    double sum = 0, count = 0;
    for (uint64_t k = 0; m->value && k < m->nnz; k++) {
        sum += fabs((double)m->value[k]);
        count += m->value[k] != 0;
    }
    return sum > 0 ? sum / count : 1;
}

static gx__bpr_row row_of(const gx_matrix *m, uint32_t u) {
    return (gx__bpr_row){.item = m->col + m->ptr[u],
                         .value = m->value ? m->value + m->ptr[u] : NULL,
                         .count = (uint32_t)(m->ptr[u + 1] - m->ptr[u])};
}

/* Every member's row from their history. */
static gx_status fold_members(float *user, uint64_t *seen, const float *item, const gx_matrix *m,
                              const gx__bpr *how, gx_job *job, gx_error *err) {
    const size_t words = gx__bpr_had_words(m->cols);
    uint64_t *had;
    gx_status status = gx_job_alloc(job, &had, (size_t)job->threads * words, sizeof *had, err);
    if (status != GX_OK) {
        return status;
    }
    gx_job_stage(job, "bpr: members", 0);
#pragma omp parallel for schedule(dynamic, 16) num_threads(job->threads)
    for (uint32_t u = 0; u < m->rows; u++) {
        if (!gx_job_should_stop(job)) {
            const gx__bpr_row row = row_of(m, u);
            gx__bpr_fold(user + (size_t)u * how->d, NULL, had + (size_t)gx__worker() * words, item,
                         m->cols, &row, NULL, how);
            seen[u] = gx__history_hash(row.item, row.value, row.count);
        }
    }
    gx_job_free(job, had);
    return gx_job_check(job, err);
}

static void remember(double training[TRAINING], const gx__bpr *how) {
    training[0] = how->rate;
    training[1] = how->regularisation;
    training[2] = how->unit;
    training[3] = how->epochs;
    training[4] = how->candidates;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *m = input->matrix;
    const gx__bpr how = {.rate = gx_arg_real(args, "rate"),
                         .regularisation = gx_arg_real(args, "regularisation"),
                         .unit = mean_value(m),
                         .epochs = (uint32_t)gx_arg_int(args, "epochs"),
                         .candidates = (uint32_t)gx_arg_int(args, "candidates"),
                         .d = width_of(args),
                         .seed = job->seed};
    float *user, *item;
    double *training;
    uint64_t *seen;
    GX_TRY(gx_output_add(&user, out, "user_factor", GX_F32, input->users, how.d, err));
    GX_TRY(gx_output_add(&item, out, "item_factor", GX_F32, input->items, how.d, err));
    GX_TRY(gx_output_add(&training, out, "training", GX_F64, TRAINING, 0, err));
    GX_TRY(gx_output_add(&seen, out, "seen", GX_U64, input->users, 0, err));
    remember(training, &how);
    gx__bpr_start(user, input->users, how.d, gx_mix64(how.seed), job);
    gx__bpr_start(item, input->items, how.d, gx_mix64(how.seed ^ 1), job);
    GX_TRY(gx__bpr_train(user, item, m, &how, 0, job, err));
    GX_TRY(fold_members(user, seen, item, m, &how, job, err));
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    const gx__bpr how = {.epochs = (uint32_t)gx_arg_int(args, "epochs")};
    const double d = width_of(args), candidates = (double)gx_arg_int(args, "candidates");
    double steps = (double)how.epochs * (double)m->nnz;
    for (uint32_t u = 0; u < m->rows; u++) {
        steps += (double)gx__bpr_fold_steps(m->ptr[u + 1] - m->ptr[u], &how);
    }
    const uint64_t rows = (uint64_t)input->users + input->items;
    const uint64_t training = gx__bpr_train_bytes(m);
    const uint64_t folding = (uint64_t)threads * gx__bpr_had_words(input->items) * 8;
    out->mem_bytes = rows * width_of(args) * sizeof(float) + (uint64_t)input->users * 8 +
                     TRAINING * 8 + (training > folding ? training : folding);
    out->kept_bytes = rows * (width_of(args) - 1) * sizeof(float) + TRAINING * 8;
    out->cpu_s = steps * (candidates + 3) * (1.5e-8 + 2.5e-10 * d);
}

/* ---- what was learnt ------------------------------------------------------------------------ */

typedef struct state {
    gx_factors factors;
    const uint64_t *seen;
    gx__bpr how;
} state;

/* What training holds is what a fit gives. */
static bool read_training(gx__bpr *out, const double training[TRAINING]) {
    const double *t = training;
    const bool good = t[0] > 0 && t[0] <= 1 && t[1] >= 0 && t[1] <= 1 && t[2] > 0 &&
                      isfinite(t[2]) && t[3] >= 1 && t[3] <= 10000 && t[4] >= 1 && t[4] <= 1000;
    if (good) {
        *out = (gx__bpr){.rate = t[0],
                         .regularisation = t[1],
                         .unit = t[2],
                         .epochs = (uint32_t)t[3],
                         .candidates = (uint32_t)t[4]};
    }
    return good;
}

static gx_status find_state(state *out, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    const gx_array *rows = gx_result_find(arrays, instance, "item_factor");
    const uint64_t d = rows && rows->rank == 2 ? rows->shape[1] : 0;
    state s = {.factors = {.users = users, .items = items, .d = (uint32_t)d}};
    s.factors.user = gx__result_table(arrays, instance, "user_factor", GX_F32, users, d);
    s.factors.item = gx__result_table(arrays, instance, "item_factor", GX_F32, items, d);
    s.seen = gx__result_table(arrays, instance, "seen", GX_U64, users, 1);
    const double *training = gx__result_table(arrays, instance, "training", GX_F64, TRAINING, 1);
    if (d == 0 || d > GX__BPR_FACTORS_MAX || d % GX__BPR_LANES != 0 || !s.factors.user ||
        !s.factors.item || !s.seen || !training) {
        return gx_fail_at(err, GX_NOT_FOUND, instance,
                          "there are no factors %s.* of %u members and %u items", instance, users,
                          items);
    }
    if (!read_training(&s.how, training)) {
        return gx_fail_at(err, GX_CORRUPT, instance, "%s.training is not what a fit gives",
                          instance);
    }
    s.how.d = (uint32_t)d;
    *out = s;
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    state s;
    gx_status status = find_state(&s, result, instance, input->users, input->items, err);
    if (status != GX_OK) {
        return status;
    }
    return gx__factors_check(&s.factors, instance, err);
}

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    state found;
    gx_status status = find_state(&found, arrays, instance, users, items, err);
    return status == GX_OK ? gx__state_keep(out_state, &found, sizeof found, err) : status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

static gx_status fold_in(float *w, double *parts, const state *s, const gx_history *history,
                         const float *against, gx_error *err) {
    const size_t words = gx__bpr_had_words(s->factors.items);
    const gx__bpr_row row = {history->item, history->weight, history->count};
    uint64_t *had = gx_alloc0(words, sizeof *had);
    if (!had) {
        return gx_fail_memory(err, words * sizeof *had);
    }
    gx__bpr_fold(w, parts, had, s->factors.item, s->factors.items, &row, against, &s->how);
    gx_free(had);
    return GX_OK;
}

static bool is_fitted(const state *s, const gx_history *h) {
    return h->user < s->factors.users &&
           s->seen[h->user] == gx__history_hash(h->item, h->weight, h->count);
}

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    const state *s = opaque;
    float w[GX__BPR_FACTORS_MAX];
    gx_status status = fold_in(w, NULL, s, history, NULL, err);
    if (status == GX_OK) {
        gx__factors_score(scores, &s->factors, w);
        *folded = !is_fitted(s, history);
    }
    return status;
}

static gx_status fold_history(gx_factors *out, float *w, bool *folded, const void *opaque,
                              const gx_history *history, bool fitted, gx_error *err) {
    const state *s = opaque;
    *out = s->factors;
    out->user = NULL;
    if (!w) {
        return GX_OK;
    }
    *folded = !is_fitted(s, history);
    if (fitted && !*folded) {
        memcpy(w, s->factors.user + (size_t)history->user * s->how.d, s->how.d * sizeof *w);
        return GX_OK;
    }
    return fold_in(w, NULL, s, history, NULL, err);
}

static gx_status score_items(float *scores, bool *folded, const void *opaque,
                             const gx_history *history, bool fitted, const uint32_t *items,
                             uint32_t count, gx_error *err) {
    gx_factors f;
    float w[GX__BPR_FACTORS_MAX];
    gx_status status = fold_history(&f, w, folded, opaque, history, fitted, err);
    for (uint32_t c = 0; status == GX_OK && c < count; c++) {
        scores[c] = gx__bpr_dot(w, f.item + (size_t)items[c] * f.d, f.d);
    }
    return status;
}

/* What rounding leaves of the score goes to the largest part. */
static void settle(float *parts, const double *exact, uint32_t count, double score) {
    uint32_t largest = 0;
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        sum += exact[k];
        parts[k] = (float)exact[k];
        largest = fabs(exact[k]) > fabs(exact[largest]) ? k : largest;
    }
    if (count > 0 && sum != 0) {
        parts[largest] = (float)(exact[largest] + (score - sum));
    }
}

static gx_status explain(float *parts, const void *opaque, const gx_history *history, uint32_t item,
                         gx_error *err) {
    const state *s = opaque;
    float w[GX__BPR_FACTORS_MAX];
    double *exact;
    memset(parts, 0, history->count * sizeof *parts);
    if (item >= s->factors.items || history->count == 0) {
        return GX_OK;
    }
    exact = gx_alloc(history->count, sizeof *exact);
    if (!exact) {
        return gx_fail_memory(err, history->count * sizeof *exact);
    }
    const float *against = s->factors.item + (size_t)item * s->how.d;
    gx_status status = fold_in(w, exact, s, history, against, err);
    if (status == GX_OK) {
        settle(parts, exact, history->count, (double)gx__bpr_dot(w, against, s->how.d));
    }
    gx_free(exact);
    return status;
}

static gx_status score_block(float *scores, const void *opaque, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    (void)history;
    const state *s = opaque;
    return gx__factors_block(scores, &s->factors, first, count, job, err);
}

static void factors_of(gx_factors *out, const void *opaque) {
    const state *s = opaque;
    *out = s->factors;
}

static gx_status similar(float *scores, const void *opaque, uint32_t item, gx_error *err) {
    const state *s = opaque;
    return gx__factors_similar(scores, &s->factors, item, err);
}

const gx_model gx_model_bpr = {
    .pass = {.name = "bpr",
             .kind = GX_KIND_MODEL,
             .summary = "Bayesian personalised ranking: taste as vectors, learnt from what was "
                        "preferred to what",
             .paper = "Rendle, Freudenthaler, Gantner and Schmidt-Thieme, BPR: Bayesian "
                      "Personalized Ranking from Implicit Feedback, 2009; Zhang, Chen, Wang and "
                      "Yu, Optimizing Top-N Collaborative Filtering via Dynamic Negative Item "
                      "Sampling, 2013",
             .complexity = "O(epochs events (candidates + 3) d) time with d factors; 4 d bytes a "
                           "member and item",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .params = params,
             .param_count = GX_COUNT(params),
             .label_dependent = true,
             .estimate = estimate,
             .run = run,
             .check = check},
    .open = open_state,
    .close = gx_free,
    .score = score_one,
    .score_block = score_block,
    .score_items = score_items,
    .factors = factors_of,
    .fold = fold_history,
    .similar = similar,
    .explain = explain,
};
