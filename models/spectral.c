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
 * The singular vectors come from randomised subspace iteration (Halko, Martinsson and Tropp,
 * Finding Structure with Randomness, 2011, algorithm 4.4) with a few columns more than are kept:
 * each iteration multiplies by R and Rᵀ and makes the columns orthonormal through the eigenvectors
 * of their Gramian. In the last one the members' side is orthonormal, so that the eigenvectors on
 * the items' side are the Rayleigh–Ritz vectors. Time O(q (events n + (members + items) n² + n³))
 * for q iterations of n columns; memory n floats a member and an item. A row is one thread's work
 * from end to end, and Gramians are summed over fixed blocks: the same bytes at any thread count.
 *
 * Dislikes (values ≤ 0) take no part in the fit; in a history they subtract. */
#include "models/model.h"

#include "models/blas.h"
#include "models/ials_solve.h"

#include <math.h>
#include <stdio.h>

enum { FACTORS_MAX = 1024, MORE_COLUMNS = 64, TILE_ITEMS = 256, ROWS_A_TURN = 16 };

static const double DEGREE_LEAST = 1e-6; /* keeps powers of it finite */
static const float GRAM_LEAST = 1e-6F;   /* of the largest: below it a column is noise */

static const gx_param params[] = {
    {.name = "factors",
     .type = GX_PARAM_INT,
     .fallback = "512",
     .low = 1,
     .high = FACTORS_MAX,
     .help = "k: how many of the smoothest signals pass, at most a quarter of all"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .help = "a: how much members with many events are held back"},
    {.name = "item_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .help = "b: how much popular items are held back in the graph"},
    {.name = "degree_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.45",
     .low = 0,
     .high = 1,
     .help = "beta: how much popular items of a history are held back, and popular answers lifted"},
    {.name = "sharpness",
     .type = GX_PARAM_REAL,
     .fallback = "0",
     .low = 0,
     .high = 4,
     .help = "s: how much the smoothest signals count above the others; 0 is the ideal low-pass"},
    {.name = "iterations",
     .type = GX_PARAM_INT,
     .fallback = "3",
     .low = 1,
     .high = 100,
     .help = "q: sweeps of the subspace iteration"},
};

static const gx_gives gives[] = {
    {"item_factor", GX_F32, GX_LEN_ITEMS, "d_j^beta sigma^s V, the smoothest signal first"},
    {"item_scale", GX_F32, GX_LEN_ITEMS, "what an entry of a history counts, d_i^(-2 beta)"},
    {"spectrum", GX_F32, GX_LEN_OTHER, "singular values, falling"},
};

/* ---- fit ------------------------------------------------------------------------------------ */

typedef struct fit {
    gx_matrix history; /* members × items, values in [0, 1] */
    gx_matrix members; /* its transpose */
    float *value;      /* of history; NULL: all 1 */
    double unit;       /* mean of the positive values */
    double *degree;    /* items */
    float *user_scale; /* d_u^−a */
    float *item_scale; /* d_i^−b */
    gx__ials_side users, items;
} fit;

/* The positive part of the values, divided by the largest. */
static gx_status take_values(fit *f, const gx_matrix *matrix, gx_job *job, gx_error *err) {
    f->history = *matrix;
    f->history.ts = NULL;
    f->unit = 1;
    if (!matrix->value) {
        return GX_OK;
    }
    gx_status status = gx_job_alloc(job, &f->value, matrix->nnz, sizeof *f->value, err);
    if (status != GX_OK) {
        return status;
    }
    double sum = 0, count = 0;
    float largest = 0;
    for (uint64_t k = 0; k < matrix->nnz; k++) {
        largest = fmaxf(largest, matrix->value[k]);
        sum += fmax((double)matrix->value[k], 0);
        count += matrix->value[k] > 0;
    }
    for (uint64_t k = 0; k < matrix->nnz && largest > 0; k++) {
        f->value[k] = fmaxf(matrix->value[k] / largest, 0);
    }
    f->unit = sum > 0 ? sum / count : 1;
    f->history.value = f->value;
    return GX_OK;
}

static double row_sum(const gx_matrix *m, uint32_t row) {
    double sum = 0;
    for (uint64_t k = m->ptr[row]; k < m->ptr[row + 1]; k++) {
        sum += m->value ? (double)m->value[k] : 1;
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
    GX_TRY(gx_job_alloc(job, &f->degree, f->items.n, sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &f->user_scale, f->users.n, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &f->item_scale, f->items.n, sizeof(float), err));
    for (uint32_t u = 0; u < f->users.n; u++) {
        f->user_scale[u] = (float)power_of(row_sum(&f->history, u), -a);
    }
    for (uint32_t i = 0; i < f->items.n; i++) {
        f->degree[i] = row_sum(&f->members, i);
        f->item_scale[i] = (float)power_of(f->degree[i], -b);
    }
done:
    return status;
}

GX__CLONES static void add_scaled(float *restrict out, const float *restrict in, float by,
                                  uint32_t n) {
    for (uint32_t j = 0; j < n; j++) {
        out[j] += by * in[j];
    }
}

/* out[r] = row_scale[r] Σ_c m[r,c] col_scale[c] in[c] */
static gx_status multiply(gx__ials_side *out, const gx_matrix *m, const float *row_scale,
                          const float *col_scale, const gx__ials_side *in, gx_job *job,
                          gx_error *err) {
    const uint32_t rows = m->rows, d = out->d;
#pragma omp parallel for schedule(dynamic, ROWS_A_TURN) num_threads(job->threads)
    for (uint32_t r = 0; r < rows; r++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        float *row = out->factor + (size_t)r * d;
        memset(row, 0, d * sizeof *row);
        for (uint64_t k = m->ptr[r]; k < m->ptr[r + 1]; k++) {
            const uint32_t c = m->col[k];
            const float value = m->value ? m->value[k] : 1;
            add_scaled(row, in->factor + (size_t)c * d, value * row_scale[r] * col_scale[c], d);
        }
    }
    return gx_job_check(job, err);
}

/* Columns become orthonormal; what is but noise becomes 0. The squared lengths stay in `gram`,
 * rising. */
static gx_status orthonormalise(gx__ials_side *side, gx_job *job, gx_error *err) {
    gx_status status = gx__ials_rotate(side, job, err);
    if (status != GX_OK) {
        return status;
    }
    float root[FACTORS_MAX + MORE_COLUMNS];
    const uint32_t d = side->d, n = side->n;
    const float least = GRAM_LEAST * side->gram[d - 1];
    for (uint32_t j = 0; j < d; j++) {
        root[j] = side->gram[j] > least ? 1 / sqrtf(side->gram[j]) : 0;
    }
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < n; r++) {
        for (uint32_t j = 0; j < d; j++) {
            side->factor[(size_t)r * d + j] *= root[j];
        }
    }
    return GX_OK;
}

static void start(gx__ials_side *side, const gx_job *job) {
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < side->n; r++) {
        gx_rng rng = gx_rng_at(job->seed, r);
        for (uint32_t j = 0; j < side->d; j++) {
            side->factor[(size_t)r * side->d + j] = (float)gx_rng_normal(&rng);
        }
    }
}

static gx_status iterate(fit *f, uint32_t iterations, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_job_stage(job, "spectral: iterations", iterations);
    start(&f->items, job);
    for (uint32_t i = 0; i < iterations; i++) {
        GX_TRY(multiply(&f->users, &f->history, f->user_scale, f->item_scale, &f->items, job, err));
        if (i + 1 == iterations) {
            GX_TRY(orthonormalise(&f->users, job, err));
        }
        GX_TRY(multiply(&f->items, &f->members, f->item_scale, f->user_scale, &f->users, job, err));
        GX_TRY(orthonormalise(&f->items, job, err));
        gx_job_tick(job, i + 1);
    }
done:
    return status;
}

/* The k last columns, the largest singular value first. */
static void take_factors(float *factor, float *scale, float *spectrum, const fit *f, uint32_t k,
                         const gx_args *args, const gx_job *job) {
    const double beta = gx_arg_real(args, "degree_exponent");
    const double sharpness = gx_arg_real(args, "sharpness");
    const uint32_t n = f->items.d;
    float weight[FACTORS_MAX];
    for (uint32_t t = 0; t < k; t++) {
        spectrum[t] = sqrtf(fmaxf(f->items.gram[n - 1 - t], 0));
        weight[t] = spectrum[t] > 0 ? (float)pow((double)spectrum[t], sharpness) : 0;
    }
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t i = 0; i < f->items.n; i++) {
        const float lift = (float)power_of(f->degree[i], beta);
        for (uint32_t t = 0; t < k; t++) {
            factor[(size_t)i * k + t] =
                lift * weight[t] * f->items.factor[(size_t)i * n + n - 1 - t];
        }
        scale[i] = (float)(power_of(f->degree[i], -2 * beta) / f->unit);
    }
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Of the rank that the matrix can have, one at least. */
static uint32_t columns(const gx_input *input, uint64_t wanted, uint32_t share) {
    const uint32_t most = least(input->users, input->items) / share;
    return wanted < most ? (uint32_t)wanted : most > 0 ? most : 1;
}

/* A filter that lets nearly everything pass filters nothing: a quarter of the signals at most. */
static uint32_t kept_columns(const gx_input *input, const gx_args *args) {
    return columns(input, (uint64_t)gx_arg_int(args, "factors"), 4);
}

static uint32_t all_columns(const gx_input *input, const gx_args *args) {
    return columns(input, (uint64_t)kept_columns(input, args) + MORE_COLUMNS, 1);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t k = kept_columns(input, args), n = all_columns(input, args);
    float *factor, *scale, *spectrum;
    fit f = {.users = {.n = input->users, .d = n}, .items = {.n = input->items, .d = n}};
    GX_TRY(gx_output_add(&factor, out, "item_factor", GX_F32, input->items, k, err));
    GX_TRY(gx_output_add(&scale, out, "item_scale", GX_F32, input->items, 0, err));
    GX_TRY(gx_output_add(&spectrum, out, "spectrum", GX_F32, k, 0, err));
    GX_TRY(take_values(&f, input->matrix, job, err));
    GX_TRY(gx_matrix_transpose(&f.members, &f.history, job, err));
    GX_TRY(make_scales(&f, args, job, err));
    GX_TRY(gx_job_alloc(job, &f.users.factor, (size_t)input->users * n, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &f.items.factor, (size_t)input->items * n, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &f.users.gram, n, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &f.items.gram, n, sizeof(float), err));
    GX_TRY(iterate(&f, (uint32_t)gx_arg_int(args, "iterations"), job, err));
    take_factors(factor, scale, spectrum, &f, k, args, job);
done:
    gx_matrix_finish(&f.members);
    gx_job_free(job, f.value);
    gx_job_free(job, f.degree);
    gx_job_free(job, f.user_scale);
    gx_job_free(job, f.item_scale);
    gx_job_free(job, f.users.factor);
    gx_job_free(job, f.items.factor);
    gx_job_free(job, f.users.gram);
    gx_job_free(job, f.items.gram);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    const uint64_t k = kept_columns(input, args);
    const uint32_t n = all_columns(input, args);
    const uint64_t users = input->users, items = input->items;
    const uint32_t larger = input->users > input->items ? input->users : input->items;
    out->mem_bytes = 4 * (items * k + items + k) +              /* what is given */
                     m->nnz * (m->value ? 12 : 4) +             /* values, the transpose */
                     8 * (items + 1) + 12 * items + 4 * users + /* its pointers, scales */
                     4 * (users + items + 2) * n + gx__ials_rotate_bytes(larger, n, threads);
    const double width = n, rows = (double)users + (double)items;
    const double sweeps = (double)gx_arg_int(args, "iterations");
    out->cpu_s =
        sweeps * (4 * (double)m->nnz * width / 3e9 +
                  (3 * (double)items * width * width + 15 * width * width * width) / 5e10) +
        3 * rows * width * width / 5e10;
}

/* ---- what was learnt ------------------------------------------------------------------------ */

typedef struct state {
    const float *factor, *scale, *spectrum;
    uint32_t items, k;
} state;

static const gx_array *find(const gx_arrays *arrays, const char *instance, const char *suffix) {
    char name[160];
    snprintf(name, sizeof name, "%s.%s", instance, suffix);
    const gx_array *array = gx_arrays_find(arrays, name);
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
    if (status != GX_OK) {
        return status;
    }
    state *s = gx_alloc(1, sizeof *s);
    if (!s) {
        return gx_fail_memory(err, sizeof *s);
    }
    *s = found;
    *out_state = s;
    return GX_OK;
}

/* ---- scoring -------------------------------------------------------------------------------- */

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
    if (s->items > 0) {
        const int before = gx__blas_enter();
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)s->items, (int)s->k, 1, s->factor, (int)s->k,
                    signal, 1, 0, scores, 1);
        gx__blas_leave(before);
    }
    *folded = false; /* nothing is fitted on a member: any history is scored exactly */
    return GX_OK;
}

/* The signals of the block, then tiles of items that stay in the second-level cache. */
static gx_status score_block(float *scores, const void *opaque, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    const state *s = opaque;
    const uint32_t items = s->items, tiles = items / TILE_ITEMS + 1;
    const int k = (int)s->k;
    float *signal;
    gx_status status = gx_job_alloc(job, &signal, (size_t)count * s->k, sizeof *signal, err);
    if (status != GX_OK) {
        return status;
    }
    const int before = gx__blas_enter();
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t b = 0; b < count; b++) {
        for (uint64_t e = history->ptr[first + b]; e < history->ptr[first + b + 1]; e++) {
            add_entry(signal + (size_t)b * s->k, s, history->col[e],
                      history->value ? history->value[e] : 1);
        }
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t t = 0; t < tiles; t++) {
        const uint32_t from = t * TILE_ITEMS;
        const uint32_t width = least(items - from, TILE_ITEMS);
        if (width > 0 && count > 0 && !gx_job_should_stop(job)) {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)width, k, 1,
                        signal, k, row_of(s, from), k, 0, scores + from, (int)items);
        }
    }
    gx__blas_leave(before);
    gx_job_free(job, signal);
    return gx_job_check(job, err);
}

static gx_status similar(float *scores, const void *opaque, uint32_t item, gx_error *err) {
    const state *s = opaque;
    if (item >= s->items) {
        return gx_fail_at(err, GX_NOT_FOUND, "item", "item %u is not among the %u of the fit", item,
                          s->items);
    }
    const float one = 1;
    bool folded;
    const gx_history alone = {.user = GX_NONE, .count = 1, .item = &item, .weight = &one};
    return score_one(scores, &folded, s, &alone, err);
}

static gx_status explain(float *parts, const void *opaque, const gx_history *history, uint32_t item,
                         gx_error *err) {
    (void)err;
    const state *s = opaque;
    for (uint32_t e = 0; e < history->count; e++) {
        const uint32_t from = history->item[e];
        double dot = 0;
        for (uint32_t t = 0; from < s->items && item < s->items && t < s->k; t++) {
            dot += (double)row_of(s, from)[t] * (double)row_of(s, item)[t];
        }
        parts[e] = from < s->items ? (float)(history->weight[e] * s->scale[from] * dot) : 0;
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
    .similar = similar,
    .explain = explain,
};
