/* The low-pass graph filter.
 *
 *   R[u,i] = d_u^−a r_ui d_i^−b = U Σ Vᵀ,  the k largest singular values
 *   score(u, j) = d_j^β Σ_{i in history} h_i d_i^−β Σ_t σ_t^(2 s) V[i,t] V[j,t]
 *
 * r are the positive values of the matrix, d_u and d_i their sums by member and by item. What a
 * member did is a signal on the items; the filter keeps the part of it that varies smoothly along
 * the graph of members and items and drops the rest. With s = 0 and a = b = β = ½ it is the ideal
 * low-pass of GF-CF (Shen, Wu, Zhang, Shan, Zhang, Letaief and Li, How Powerful is Graph
 * Convolution for Recommendation?, 2021); the exponents follow Peng, Liu, Sugiyama and Mine (How
 * Powerful is Graph Filtering for Recommendation?, 2024).
 *
 * The singular vectors come from randomised subspace iteration (svd.h). Memory 4 k bytes an item
 * after the fit and about 4 k bytes a member and item while it runs.
 *
 * Dislikes (values ≤ 0) take no part in the fit; in a history they subtract. */
#include "models/spectral.h"

#include "models/blas.h"
#include "models/factors.h"
#include "models/scoring.h"
#include "models/svd.h"

#include <math.h>

enum { FACTORS_MAX = 1024 };

static const double DEGREE_LEAST = 1e-6; /* keeps powers of it finite */

static const gx_param params[] = {
    {.name = "factors",
     .type = GX_PARAM_INT,
     .fallback = "512",
     .low = 1,
     .high = FACTORS_MAX,
     .help = "k: how many of the smoothest signals pass, at most an eighth of all"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.35",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "a: how much members with many events are held back"},
    {.name = "item_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.4",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "b: how much popular items are held back in the graph"},
    {.name = "degree_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.25",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "beta: how much popular items of a history are held back, and popular answers lifted"},
    {.name = "sharpness",
     .type = GX_PARAM_REAL,
     .fallback = "0",
     .low = 0,
     .high = 4,
     .flags = GX_PARAM_SEARCH,
     .help = "s: how much the smoothest signals count above the others; 0 is the ideal low-pass"},
    {.name = "sweeps",
     .type = GX_PARAM_INT,
     .fallback = "3",
     .low = 1,
     .high = 100,
     .help = "sweeps of the subspace iteration"},
};

static const gx_gives gives[] = {
    {"item_factor", GX_F32, GX_LEN_ITEMS, "d_j^beta sigma^s V, the smoothest signal first"},
    {"item_scale", GX_F32, GX_LEN_ITEMS, "what an entry of a history counts, d_i^(-2 beta)"},
    {"spectrum", GX_F32, GX_LEN_OTHER, "singular values, falling"},
};

/* ---- fit ------------------------------------------------------------------------------------ */

typedef struct fit {
    gx_matrix history; /* members × items */
    gx_matrix members; /* its transpose */
    double largest;    /* of the values, and the mean of those above 0 */
    double unit;
    double *degree;    /* items, of values over the largest */
    float *user_scale; /* d_u^−a over the largest value */
    float *item_scale; /* d_i^−b */
} fit;

static void measure_values(fit *f) {
    double sum = 0, count = 0;
    f->largest = f->unit = 1;
    const gx_matrix *m = &f->history;
    for (uint64_t k = 0; m->value && k < m->nnz; k++) {
        if (m->value[k] > 0) {
            f->largest = count > 0 ? fmax(f->largest, (double)m->value[k]) : (double)m->value[k];
            sum += (double)m->value[k];
            count++;
        }
    }
    f->unit = count > 0 ? sum / count : 1;
}

static double row_sum(const fit *f, const gx_matrix *m, uint32_t row) {
    double sum = 0;
    for (uint64_t k = m->ptr[row]; k < m->ptr[row + 1]; k++) {
        sum += m->value ? fmax((double)m->value[k], 0) / f->largest : 1;
    }
    return sum;
}

static double power_of(double degree, double exponent) {
    return degree > 0 ? pow(fmax(degree, DEGREE_LEAST), exponent) : 0;
}

static gx_status make_scales(fit *f, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const double a = gx_arg_real(args, "member_exponent");
    const double b = gx_arg_real(args, "item_exponent");
    const uint32_t users = f->history.rows, items = f->history.cols;
    GX_TRY(gx_job_alloc(job, &f->degree, items, sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &f->user_scale, users, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &f->item_scale, items, sizeof(float), err));
    for (uint32_t u = 0; u < users; u++) {
        f->user_scale[u] = (float)(power_of(row_sum(f, &f->history, u), -a) / f->largest);
    }
    for (uint32_t i = 0; i < items; i++) {
        f->degree[i] = row_sum(f, &f->members, i);
        f->item_scale[i] = (float)power_of(f->degree[i], -b);
    }
done:
    return status;
}

/* Vectors, scaled for scoring. */
static void take_factors(float *factor, float *scale, const float *spectrum, const fit *f,
                         uint32_t k, const gx_args *args, const gx_job *job) {
    const double beta = gx_arg_real(args, "degree_exponent");
    const double sharpness = gx_arg_real(args, "sharpness");
    float weight[FACTORS_MAX];
    for (uint32_t t = 0; t < k; t++) {
        weight[t] = spectrum[t] > 0 ? (float)pow((double)spectrum[t], sharpness) : 0;
    }
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t i = 0; i < f->history.cols; i++) {
        const float lift = (float)power_of(f->degree[i], beta);
        for (uint32_t t = 0; t < k; t++) {
            factor[(size_t)i * k + t] *= lift * weight[t];
        }
        scale[i] = (float)(power_of(f->degree[i], -2 * beta) / f->unit);
    }
}

/* A filter that lets nearly everything pass filters nothing: an eighth of the signals at most
 * (docs/models.md). */
uint32_t gx__spectral_width(const gx_input *input, uint64_t wanted) {
    const uint32_t most = (input->users < input->items ? input->users : input->items) / 8;
    return wanted < most ? (uint32_t)wanted : most > 0 ? most : 1;
}

static uint32_t columns(const gx_input *input, const gx_args *args) {
    return gx__spectral_width(input, (uint64_t)gx_arg_int(args, "factors"));
}

static gx__svd_options options_of(const gx_args *args) {
    return (gx__svd_options){.sweeps = (uint32_t)gx_arg_int(args, "sweeps")};
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t k = columns(input, args);
    float *factor, *scale, *spectrum;
    fit f = {.history = *input->matrix};
    f.history.ts = NULL;
    GX_TRY(gx_output_add(&factor, out, "item_factor", GX_F32, input->items, k, err));
    GX_TRY(gx_output_add(&scale, out, "item_scale", GX_F32, input->items, 0, err));
    GX_TRY(gx_output_add(&spectrum, out, "spectrum", GX_F32, k, 0, err));
    GX_TRY(gx_matrix_transpose(&f.members, &f.history, job, err));
    measure_values(&f);
    GX_TRY(make_scales(&f, args, job, err));
    const gx__svd_input a = {.rows = &f.history,
                             .cols = &f.members,
                             .row_scale = f.user_scale,
                             .col_scale = f.item_scale,
                             .entry = GX__SVD_POSITIVE};
    const gx__svd_options options = options_of(args);
    GX_TRY(gx__svd(factor, spectrum, &a, k, &options, job, err));
    take_factors(factor, scale, spectrum, &f, k, args, job);
done:
    gx_matrix_finish(&f.members);
    gx_job_free(job, f.degree);
    gx_job_free(job, f.user_scale);
    gx_job_free(job, f.item_scale);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    const uint64_t k = columns(input, args), users = input->users, items = input->items;
    const gx__svd_options options = options_of(args);
    out->mem_bytes = 4 * (items * k + items + k) +              /* what is given */
                     m->nnz * (m->value ? 8 : 4) +              /* the transpose */
                     8 * (items + 1) + 12 * items + 4 * users + /* its pointers, scales */
                     gx__svd_bytes(input->users, input->items, (uint32_t)k, &options, threads);
    out->kept_bytes = k > 0 ? 4 * (items * (k - 1) + k) : 0;
    double dense, sparse;
    gx__svd_cost(&dense, &sparse, m->nnz, input->users, input->items, (uint32_t)k, &options);
    out->cpu_s = dense / 6e10 + sparse / 3e9;
}

/* ---- what was learnt ------------------------------------------------------------------------ */

typedef struct state {
    const float *factor, *scale, *spectrum;
    uint32_t items, k;
} state;

static const gx_array *find(const gx_arrays *arrays, const char *instance, const char *suffix) {
    const gx_array *array = gx_result_find(arrays, instance, suffix);
    return array && array->dtype == GX_F32 ? array : NULL;
}

static gx_status find_state(state *out, const gx_arrays *arrays, const char *instance,
                            uint32_t items, gx_error *err) {
    const gx_array *factor = find(arrays, instance, "item_factor");
    const gx_array *scale = find(arrays, instance, "item_scale");
    const gx_array *spectrum = find(arrays, instance, "spectrum");
    if (!factor || !scale || !spectrum) {
        return gx_fail_at(err, GX_NOT_FOUND, instance, "there are no signals %s.* of %u items",
                          instance, items);
    }
    const uint64_t k = spectrum->shape[0];
    if (factor->shape[0] != items || factor->shape[1] != k || scale->shape[0] != items || k == 0 ||
        k > FACTORS_MAX) {
        return gx_fail_at(err, GX_CORRUPT, instance, "the arrays of %s do not fit %u items",
                          instance, items);
    }
    *out = (state){.factor = factor->data,
                   .scale = scale->data,
                   .spectrum = spectrum->data,
                   .items = items,
                   .k = (uint32_t)k};
    return GX_OK;
}

gx_status gx__spectral_band(gx_output *out, const gx_arrays *arrays, const char *instance,
                            uint32_t items, uint32_t from, uint32_t to, gx_error *err) {
    state s;
    float *factor, *scale, *spectrum;
    gx_status status = find_state(&s, arrays, instance, items, err);
    if (status != GX_OK) {
        return status;
    }
    to = to < s.k ? to : s.k;
    const uint32_t k = from < to ? to - from : 1; /* a band of nothing is a signal of zeros */
    GX_TRY(gx_output_add(&factor, out, "item_factor", GX_F32, items, k, err));
    GX_TRY(gx_output_add(&scale, out, "item_scale", GX_F32, items, 0, err));
    GX_TRY(gx_output_add(&spectrum, out, "spectrum", GX_F32, k, 0, err));
    for (uint32_t i = 0; i < items; i++) {
        scale[i] = s.scale[i];
        for (uint32_t t = from; t < to; t++) {
            factor[(size_t)i * k + t - from] = s.factor[(size_t)i * s.k + t];
        }
    }
    for (uint32_t t = from; t < to; t++) {
        spectrum[t - from] = s.spectrum[t];
    }
done:
    return status;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    state s;
    gx_status status = find_state(&s, result, instance, input->items, err);
    if (status != GX_OK) {
        return status;
    }
    bool good = true;
    for (uint32_t t = 0; t < s.k; t++) {
        good &= s.spectrum[t] >= 0 && (t == 0 || s.spectrum[t] <= s.spectrum[t - 1]);
    }
    for (size_t c = 0; c < (size_t)s.items * s.k; c++) {
        good &= isfinite(s.factor[c]) != 0;
    }
    for (uint32_t i = 0; i < s.items; i++) {
        good &= isfinite(s.scale[i]) && s.scale[i] >= 0;
    }
    return good ? GX_OK
                : gx_fail(err, GX_INTERNAL, "%s has values that are not finite, or do not fall",
                          instance);
}

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    (void)users;
    state found;
    gx_status status = find_state(&found, arrays, instance, items, err);
    return status == GX_OK ? gx__state_keep(out_state, &found, sizeof found, err) : status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

GX__CLONES static void add_scaled(float *restrict out, const float *restrict in, float by,
                                  uint32_t n) {
    for (uint32_t j = 0; j < n; j++) {
        out[j] += by * in[j];
    }
}

static const float *row_of(const state *s, uint32_t item) {
    return s->factor + (size_t)item * s->k;
}

/* Adds an entry of a history to the member's signal; items the fit has not seen add nothing. */
static void add_entry(float *signal, const state *s, uint32_t item, float weight) {
    if (item < s->items) {
        add_scaled(signal, row_of(s, item), weight * s->scale[item], s->k);
    }
}

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    (void)err;
    const state *s = opaque;
    float signal[FACTORS_MAX] = {0};
    for (uint32_t k = 0; k < history->count; k++) {
        add_entry(signal, s, history->item[k], history->weight[k]);
    }
    const gx_factors factors = {.item = s->factor, .items = s->items, .d = s->k};
    gx__factors_score(scores, &factors, signal);
    *folded = false; /* nothing is fitted on a member: any history is scored exactly */
    return GX_OK;
}

static gx_status fold_history(gx_factors *out, float *w, bool *folded, const void *opaque,
                              const gx_history *history, bool fitted, gx_error *err) {
    (void)fitted;
    (void)err;
    const state *s = opaque;
    *out = (gx_factors){.item = s->factor, .items = s->items, .d = s->k};
    if (w) {
        memset(w, 0, s->k * sizeof *w);
        for (uint32_t k = 0; k < history->count; k++) {
            add_entry(w, s, history->item[k], history->weight[k]);
        }
        *folded = false;
    }
    return GX_OK;
}

static gx_status score_items(float *scores, bool *folded, const void *opaque,
                             const gx_history *history, bool fitted, const uint32_t *items,
                             uint32_t count, gx_error *err) {
    gx_factors f;
    float signal[FACTORS_MAX];
    gx_status status = fold_history(&f, signal, folded, opaque, history, fitted, err);
    if (status == GX_OK) {
        gx__factors_exact_of(scores, &f, signal, items, count);
    }
    return status;
}

static gx_status score_block(float *scores, const void *opaque, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    const state *s = opaque;
    float *signal;
    gx_status status = gx_job_alloc(job, &signal, (size_t)count * s->k, sizeof *signal, err);
    if (status != GX_OK) {
        return status;
    }
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t b = 0; b < count; b++) {
        for (uint64_t e = history->ptr[first + b]; e < history->ptr[first + b + 1]; e++) {
            add_entry(signal + (size_t)b * s->k, s, history->col[e],
                      history->value ? history->value[e] : 1);
        }
    }
    const gx_factors factors = {signal, s->factor, count, s->items, s->k};
    status = gx__factors_block(scores, &factors, 0, count, job, err);
    gx_job_free(job, signal);
    return status;
}

static gx_status similar(float *scores, const void *opaque, uint32_t item, gx_error *err) {
    const state *s = opaque;
    return gx__similar_alone(scores, score_one, s, item, s->items, err);
}

static gx_status like_items(float *scores, const void *opaque, uint32_t item, const uint32_t *items,
                            uint32_t count, gx_error *err) {
    const state *s = opaque;
    const float one = 1;
    bool folded;
    const gx_history alone = {
        .user = GX_NONE, .count = item < s->items ? 1 : 0, .item = &item, .weight = &one};
    return score_items(scores, &folded, s, &alone, false, items, count, err);
}

/* Products of one row with TOGETHER others, each summed in the same order as alone: a sum waits for
 * its last addition, so others are taken meanwhile. */
enum { TOGETHER = 8 };

static void products(double *out, const float *const *rows, const float *own, uint32_t width) {
    double sum[TOGETHER] = {0};
    for (uint32_t t = 0; t < width; t++) {
        for (uint32_t l = 0; l < TOGETHER; l++) {
            sum[l] += (double)rows[l][t] * (double)own[t];
        }
    }
    memcpy(out, sum, sizeof sum);
}

static gx_status explain(float *parts, const void *opaque, const gx_history *history, uint32_t item,
                         gx_error *err) {
    (void)err;
    const state *s = opaque;
    for (uint32_t first = 0; first < history->count; first += TOGETHER) {
        const uint32_t left = history->count - first, count = left < TOGETHER ? left : TOGETHER;
        double dot[TOGETHER] = {0};
        const float *rows[TOGETHER];
        for (uint32_t l = 0; item < s->items && l < TOGETHER; l++) {
            const uint32_t from = l < count ? history->item[first + l] : GX_NONE;
            rows[l] = row_of(s, from < s->items ? from : item);
        }
        if (item < s->items) {
            products(dot, rows, row_of(s, item), s->k);
        }
        for (uint32_t l = 0; l < count; l++) {
            const uint32_t from = history->item[first + l];
            parts[first + l] =
                from < s->items ? (float)(history->weight[first + l] * s->scale[from] * dot[l]) : 0;
        }
    }
    return GX_OK;
}

const gx_model gx_model_spectral = {
    .pass = {.name = "spectral",
             .kind = GX_KIND_MODEL,
             .summary =
                 "low-pass graph filter: what is smooth along the graph of members and items",
             .paper = "Shen, Wu, Zhang, Shan, Zhang, Letaief and Li, How Powerful is Graph "
                      "Convolution for Recommendation?, 2021; Halko, Martinsson and Tropp, Finding "
                      "Structure with Randomness, 2011",
             .complexity =
                 "a sweep O(events n + items n^2 + n^3) for n columns; 4 n bytes a member "
                 "and item",
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
    .fold = fold_history,
    .similar = similar,
    .like_items = like_items,
    .explain = explain,
};
