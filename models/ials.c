/* Implicit alternating least squares: factors of members and items whose product is 1 where
 * something happened and, much more weakly, 0 everywhere else (Hu, Koren and Volinsky 2008), with
 * the weight of the zeros and a regularisation that grows with a row's events as Rendle et al.
 * ("Revisiting the Performance of iALS", 2022, eq. 4 with ν) found it to matter:
 *
 *   Σ_observed c (w·h − y)² + a0 Σ_all (w·h)² + λ Σ_u (s_u / s)^ν |w_u|² + the same for items,
 *   s_u = Σ c + a0 I,  s its mean over members and items
 *
 * c are the values of the matrix divided by their mean, and s_u is divided by its own, so that a0
 * and λ mean the same in every shop; a dislike (value < 0) is an observation with weight |c| whose
 * target is y = 0.
 *
 * Items start from the strongest singular vectors of the matrix scaled by the roots of its degrees
 * (svd.c), from where two iterations are enough, or at random. An iteration solves all members,
 * then all items, each row by a few steps of conjugate gradients from what it was (ials_cg.c), or
 * exactly (ials_solve.c): neither ever raises the objective. The fit ends with an exact half-step
 * for the members: a member's factors are then the exact answer to their history given the items,
 * and folding in the same history later gives the same row. Time an iteration O(steps d events +
 * d² rows), or exactly O(Σ min(m, d)² max(m, d)) over the rows of m entries; memory d floats a
 * member and an item, the transpose, and while it starts another d floats a member and an item. */
#include "models/model.h"

#include "models/blas.h"
#include "models/factors.h"
#include "models/ials_solve.h"
#include "models/scoring.h"
#include "models/svd.h"

#include <math.h>

enum { FACTORS_MAX = 1024, FACTORS_BYTES = 320 << 20 };

static const gx_param params[] = {
    {.name = "factors",
     .type = GX_PARAM_INT,
     .fallback = GX__IALS_FACTORS,
     .low = 0,
     .high = FACTORS_MAX,
     .help = "length of a member's and an item's vector; 0: by the size of the shop, 32 to 512"},
    {.name = "factors_most",
     .type = GX_PARAM_INT,
     .fallback = "512",
     .low = 32,
     .high = FACTORS_MAX,
     .help = "by the size of the shop no more than so many"},
    {.name = "iterations",
     .type = GX_PARAM_INT,
     .fallback = GX__IALS_ITERATIONS,
     .low = 1,
     .high = 1000,
     .flags = GX_PARAM_SEARCH,
     .help = "sweeps over all members and items; 8 or more from a random start"},
    {.name = "regularisation",
     .type = GX_PARAM_REAL,
     .fallback = GX__IALS_REGULARISATION,
     .low = 1e-6,
     .high = 1e6,
     .flags = GX_PARAM_SEARCH,
     .help = "lambda: how much the factors of an average row are held near zero"},
    {.name = "unobserved",
     .type = GX_PARAM_REAL,
     .fallback = GX__IALS_UNOBSERVED,
     .low = 1e-6,
     .high = 10,
     .flags = GX_PARAM_SEARCH,
     .help = "a0: weight of what did not happen against an average event"},
    {.name = "frequency",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 2,
     .flags = GX_PARAM_SEARCH,
     .help = "nu: how the regularisation grows with the events of a member or item"},
    {"solver", GX_PARAM_CHOICE, "cg", GX_PARAM_UNCHECKED, NULL, "cg|exact", 0,
     "how a row is solved: by a few steps of conjugate gradients, or exactly"},
    {.name = "steps",
     .type = GX_PARAM_INT,
     .fallback = "4",
     .low = 1,
     .high = 100,
     .help = "steps of conjugate gradients a row, at most"},
    {"start", GX_PARAM_CHOICE, "svd", GX_PARAM_UNCHECKED, NULL, "svd|random", 0,
     "where factors start from: singular vectors, or drawn from the seed"},
};

/* A start, not an answer: ALS does the rest. */
static const gx__svd_options start_options = {.sweeps = 2};

static const gx_gives gives[] = {
    {"user_factor", GX_F32, GX_LEN_USERS, "factors of members"},
    {"item_factor", GX_F32, GX_LEN_ITEMS,
     "factors of items, in the basis where their Gramian is diagonal"},
    {"gram", GX_F32, GX_LEN_OTHER, "that diagonal"},
    {"loss", GX_F64, GX_LEN_OTHER,
     "unobserved, regularisation, frequency, mean value: for folding in"},
    {"seen", GX_U64, GX_LEN_USERS, "hash of the items of each member's history at the fit"},
};

/* ---- fit ------------------------------------------------------------------------------------- */

/* An eighth of the smaller side, from 32 to 512, as far as all fit into FACTORS_BYTES. */
uint32_t gx__ials_width(uint32_t users, uint32_t items) {
    const uint64_t least = users < items ? users : items;
    const uint64_t fit = FACTORS_BYTES / (((uint64_t)users + items + 1) * sizeof(float));
    const uint64_t eighth = least / 8 < 512 ? least / 8 : 512;
    const uint64_t wanted = fit < eighth ? fit : eighth;
    return wanted > 32 ? (uint32_t)(wanted / 16 * 16) : 32;
}

static uint32_t width_of(const gx_args *args, uint32_t users, uint32_t items) {
    const int64_t given = gx_arg_int(args, "factors"), most = gx_arg_int(args, "factors_most");
    const uint32_t width = gx__ials_width(users, items);
    return given > 0 ? (uint32_t)given : most < width ? (uint32_t)most : width;
}

static double mean_value(const gx_matrix *m) {
    double sum = 0, count = 0;
    for (uint64_t k = 0; m->value && k < m->nnz; k++) {
        sum += fmax((double)m->value[k], 0);
        count += m->value[k] > 0;
    }
    return sum > 0 ? sum / count : 1;
}

/* The mean over members and items of what the regularisation grows with, to the power of ν: divided
 * by it, λ is that of an average row in every shop. */
static double mean_size(const gx_matrix *m, double unobserved, double frequency, double unit) {
    double total = 0;
    for (uint64_t k = 0; k < m->nnz; k++) {
        total += m->value ? fabs((double)m->value[k]) / unit : 1;
    }
    const double rows = (double)m->rows + m->cols, cells = (double)m->rows * m->cols;
    const double mean = rows > 0 ? 2 * (total + unobserved * cells) / rows : 0;
    return mean > 0 ? pow(mean, frequency) : 1;
}

/* Small and random: nothing but the direction matters, the first half-step sets the size. */
static void start_at_random(float *factor, uint32_t n, uint32_t d, const gx_job *job) {
    const double size = 0.1 / sqrt(d);
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < n; r++) {
        gx_rng rng = gx_rng_at(job->seed, r);
        for (uint32_t j = 0; j < d; j++) {
            factor[(size_t)r * d + j] = (float)(size * gx_rng_normal(&rng));
        }
    }
}

/* (entries of row r above 0)^−½; 1 for an empty row. */
static void scale_rows(float *scale, const gx_matrix *m) {
    for (uint32_t r = 0; r < m->rows; r++) {
        uint64_t count = 0;
        for (uint64_t k = m->ptr[r]; k < m->ptr[r + 1]; k++) {
            count += !m->value || m->value[k] > 0;
        }
        scale[r] = (float)(1 / sqrt(count > 0 ? (double)count : 1));
    }
}

/* Items' factors D_i^½ V Σ^½, where D_u^−½ R D_i^−½ = U Σ Vᵀ for R of ones. */
static gx_status start_from_svd(float *factor, uint32_t d, const gx_matrix *history,
                                const gx_matrix *members, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    float *row_scale = NULL, *col_scale = NULL, *value = NULL;
    GX_TRY(gx_job_alloc(job, &row_scale, history->rows, sizeof *row_scale, err));
    GX_TRY(gx_job_alloc(job, &col_scale, history->cols, sizeof *col_scale, err));
    GX_TRY(gx_job_alloc(job, &value, d, sizeof *value, err));
    scale_rows(row_scale, history);
    scale_rows(col_scale, members);
    const gx__svd_input a = {.rows = history,
                             .cols = members,
                             .row_scale = row_scale,
                             .col_scale = col_scale,
                             .entry = GX__SVD_ONES};
    GX_TRY(gx__svd(factor, value, &a, d, &start_options, job, err));
    for (uint32_t i = 0; i < history->cols; i++) {
        for (uint32_t j = 0; j < d; j++) {
            factor[(size_t)i * d + j] *= sqrtf(value[j]) / col_scale[i];
        }
    }
done:
    gx_job_free(job, row_scale);
    gx_job_free(job, col_scale);
    gx_job_free(job, value);
    return status;
}

typedef struct fit {
    const gx_matrix *history; /* members × items */
    const gx_matrix *members; /* its transpose */
    gx__ials_side users, items;
    gx__ials_loss loss;
    uint32_t steps; /* of conjugate gradients; 0: rows are solved exactly */
    uint32_t iterations;
} fit;

static gx_status solve_users(fit *f, bool first, uint32_t steps, gx_job *job, gx_error *err) {
    float *warm = first || steps == 0 ? NULL : f->users.factor;
    gx_status status = gx__ials_rotate(&f->items, warm, f->users.n, job, err);
    return status != GX_OK ? status
                           : gx__ials_half_step(f->users.factor, f->history, &f->items, &f->loss,
                                                steps, job, err);
}

static gx_status solve_items(fit *f, gx_job *job, gx_error *err) {
    float *warm = f->steps == 0 ? NULL : f->items.factor;
    gx_status status = gx__ials_rotate(&f->users, warm, f->items.n, job, err);
    return status != GX_OK ? status
                           : gx__ials_half_step(f->items.factor, f->members, &f->users, &f->loss,
                                                f->steps, job, err);
}

static gx_status iterate(fit *f, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_job_stage(job, "ials: iterations", f->iterations);
    for (uint32_t i = 0; i < f->iterations; i++) {
        GX_TRY(solve_users(f, i == 0, f->steps, job, err));
        GX_TRY(solve_items(f, job, err));
        gx_job_tick(job, i + 1);
    }
    status = solve_users(f, false, 0, job, err);
done:
    return status;
}

static gx_status start(fit *f, bool svd, gx_job *job, gx_error *err) {
    if (!svd) {
        start_at_random(f->items.factor, f->items.n, f->items.d, job);
        return GX_OK;
    }
    gx_job_stage(job, "ials: singular vectors", 0);
    return start_from_svd(f->items.factor, f->items.d, f->history, f->members, job, err);
}

static void remember(double *loss, uint64_t *seen, const fit *f) {
    loss[0] = f->loss.unobserved;
    loss[1] = f->loss.regularisation;
    loss[2] = f->loss.frequency;
    loss[3] = f->loss.unit;
    for (uint32_t u = 0; u < f->users.n; u++) {
        const uint64_t from = f->history->ptr[u];
        seen[u] = gx__history_hash(f->history->col + from,
                                   f->history->value ? f->history->value + from : NULL,
                                   f->history->ptr[u + 1] - from);
    }
}

/* A row of factors is fetched for every event, from anywhere. */
static gx_status add_factors(gx__ials_side *side, gx_output *out, const char *name, gx_error *err) {
    gx_status status = gx_output_add(&side->factor, out, name, GX_F32, side->n, side->d, err);
    if (status == GX_OK) {
        gx_wide_pages(side->factor, (size_t)side->n * side->d * sizeof *side->factor);
    }
    return status;
}

/* The members' factors are made room for only when the start, which takes as much, is over. */
static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t d = width_of(args, input->users, input->items);
    gx_matrix history = *input->matrix, members = {0};
    history.ts = NULL;
    float *turned = NULL;
    double *loss;
    uint64_t *seen, held = 0;
    fit f = {.history = &history,
             .members = &members,
             .users = {.n = input->users, .d = d},
             .items = {.n = input->items, .d = d},
             .loss = {.unobserved = gx_arg_real(args, "unobserved"),
                      .regularisation = gx_arg_real(args, "regularisation"),
                      .frequency = gx_arg_real(args, "frequency"),
                      .unit = mean_value(input->matrix)},
             .steps = gx_arg_is(args, "solver", "cg") ? (uint32_t)gx_arg_int(args, "steps") : 0,
             .iterations = (uint32_t)gx_arg_int(args, "iterations")};
    f.loss.regularisation /= mean_size(&history, f.loss.unobserved, f.loss.frequency, f.loss.unit);
    GX_TRY(add_factors(&f.items, out, "item_factor", err));
    GX_TRY(gx_matrix_transpose(&members, &history, job, err));
    GX_TRY(gx_job_charge(job, gx_matrix_bytes(&members), err));
    held = gx_matrix_bytes(&members);
    GX_TRY(start(&f, gx_arg_is(args, "start", "svd"), job, err));
    GX_TRY(add_factors(&f.users, out, "user_factor", err));
    GX_TRY(gx_output_add(&f.items.gram, out, "gram", GX_F32, d, 0, err));
    GX_TRY(gx_output_add(&loss, out, "loss", GX_F64, 4, 0, err));
    GX_TRY(gx_output_add(&seen, out, "seen", GX_U64, input->users, 0, err));
    GX_TRY(gx_job_alloc(job, &turned, d, sizeof *turned, err));
    f.users.gram = turned;
    GX_TRY(iterate(&f, job, err));
    remember(loss, seen, &f);
done:
    gx_job_refund(job, held);
    gx_matrix_finish(&members);
    gx_job_free(job, turned);
    return status;
}

/* Floating-point operations of the rows of one side. */
static double row_flops(const uint64_t *ptr, uint32_t rows, double d) {
    double flops = 0;
    for (uint32_t r = 0; r < rows; r++) {
        const double m = (double)(ptr[r + 1] - ptr[r]);
        const double low = fmin(m, d), high = fmax(m, d);
        flops += low * low * high + low * low * low / 3 + 4 * m * d;
    }
    return flops;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    const uint32_t d = width_of(args, input->users, input->items);
    const uint32_t larger = input->users > input->items ? input->users : input->items;
    const double rows = (double)input->users + input->items, width = d;
    const bool svd = gx_arg_is(args, "start", "svd");
    /* Being turned an entry has its row beside it, and those of a bucket more; that is given back
     * before the rest begins. */
    const uint64_t entry = m->value ? 8 : 4, rest = m->nnz * 10;
    const uint64_t turned = ((uint64_t)input->items + 1) * sizeof(uint64_t) + m->nnz * entry;
    const uint64_t start =
        svd ? gx__svd_bytes(input->users, input->items, d, &start_options, threads) +
                  4 * (uint64_t)d + ((uint64_t)input->users + input->items) * sizeof(float)
            : 0;
    const uint64_t users = (uint64_t)input->users * (d * sizeof(float) + sizeof(uint64_t)) +
                           2 * (uint64_t)d * sizeof(float) + 32 +
                           gx__ials_work_bytes(larger, d, threads);
    const uint64_t later = start > users ? start : users;
    out->mem_bytes =
        (uint64_t)input->items * d * sizeof(float) + turned + (later > rest ? later : rest);
    out->kept_bytes =
        (((uint64_t)input->users + input->items) * (d - 1) + d) * sizeof(float); /* d columns */
    /* Items are taken as if their events were spread as those of members are. */
    const double exact = row_flops(m->ptr, m->rows, width);
    const double steps = gx_arg_is(args, "solver", "cg") ? (double)gx_arg_int(args, "steps") : 0;
    const double pass = 4 * (double)m->nnz * width;
    const double half = steps > 0 ? (steps + 1) * pass / 1e10 : exact / 2.5e10;
    const double turn =
        ((steps > 0 ? 5 : 3) * rows * width * width / 2 + 15 * width * width * width) / 5e10;
    double dense = 0, sparse = 0;
    if (svd) {
        gx__svd_cost(&dense, &sparse, m->nnz, input->users, input->items, d, &start_options);
    }
    out->cpu_s = (double)gx_arg_int(args, "iterations") * (2 * half + 2 * turn + 1e-6 * rows) +
                 exact / 2.5e10 + turn + dense / 5e10 + sparse / 1.7e9;
}

/* ---- what was learnt ----------------------------------------------------------------------------
 */

typedef struct state {
    const float *user_factor, *item_factor, *gram;
    const uint64_t *seen;
    gx__ials_loss loss;
    uint32_t users, items, d;
} state;

/* The array "instance.suffix" of rows × cols; NULL where there is none. */
static uint32_t find_width(const gx_arrays *arrays, const char *instance) {
    const gx_array *gram = gx_result_find(arrays, instance, "gram");
    return gram && gram->shape[0] <= FACTORS_MAX ? (uint32_t)gram->shape[0] : 0;
}

static gx_status find_state(state *out, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    const uint32_t d = find_width(arrays, instance);
    state s = {.users = users, .items = items, .d = d};
    s.user_factor = gx__result_table(arrays, instance, "user_factor", GX_F32, users, d);
    s.item_factor = gx__result_table(arrays, instance, "item_factor", GX_F32, items, d);
    s.gram = gx__result_table(arrays, instance, "gram", GX_F32, d, 1);
    s.seen = gx__result_table(arrays, instance, "seen", GX_U64, users, 1);
    const double *loss = gx__result_table(arrays, instance, "loss", GX_F64, 4, 1);
    if (d == 0 || !s.user_factor || !s.item_factor || !s.seen || !loss) {
        return gx_fail_at(err, GX_NOT_FOUND, instance,
                          "there are no factors %s.* of %u members and %u items", instance, users,
                          items);
    }
    bool good = true;
    for (int i = 0; i < 4; i++) {
        good &= isfinite(loss[i]) && loss[i] >= 0;
    }
    for (uint32_t j = 0; j < d; j++) {
        good &= isfinite(s.gram[j]) && s.gram[j] >= 0;
    }
    if (!good || loss[1] <= 0 || loss[3] <= 0) {
        return gx_fail_at(err, GX_CORRUPT, instance, "%s.loss or %s.gram is not what a fit gives",
                          instance, instance);
    }
    s.loss = (gx__ials_loss){loss[0], loss[1], loss[2], loss[3]};
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
    const gx_factors f = {s.user_factor, s.item_factor, s.users, s.items, s.d};
    return gx__factors_check(&f, instance, err);
}

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    state found;
    gx_status status = find_state(&found, arrays, instance, users, items, err);
    return status == GX_OK ? gx__state_keep(out_state, &found, sizeof found, err) : status;
}

/* ---- folding in ---------------------------------------------------------------------------------
 */

/* The normal equations of one history, A = D + Fᵀ C F, in double and factored once, for any
 * right-hand side: the same two forms as in ials_solve.c. Entries of items the fit has not seen are
 * left out. */
typedef struct fold {
    double *memory;
    double *s;       /* m × d: C^½ F D^−½ */
    double *factor;  /* Cholesky factor of I + S Sᵀ (m × m) or I + Sᵀ S (d × d) */
    double *middle;  /* m */
    double *inverse; /* d: D^−½ */
    uint32_t m, d;
} fold;

static double entry_weight(const state *s, const gx_history *history, uint32_t k) {
    return history->item[k] < s->items ? fabs((double)history->weight[k]) / s->loss.unit : 0;
}

static const float *item_row(const state *s, uint32_t item) {
    return s->item_factor + (size_t)item * s->d;
}

static void fold_scale(fold *f, const state *s, const gx_history *history) {
    double total = 0;
    for (uint32_t k = 0; k < history->count; k++) {
        total += entry_weight(s, history, k);
    }
    const double lambda = gx__ials_lambda(&s->loss, total, s->items);
    for (uint32_t j = 0; j < s->d; j++) {
        f->inverse[j] = 1 / sqrt(s->loss.unobserved * (double)s->gram[j] + lambda);
    }
    for (uint32_t k = 0; k < history->count; k++) {
        const double root = sqrt(entry_weight(s, history, k));
        if (root > 0) {
            const float *row = item_row(s, history->item[k]);
            double *at = f->s + (size_t)f->m++ * s->d;
            for (uint32_t j = 0; j < s->d; j++) {
                at[j] = root * (double)row[j] * f->inverse[j];
            }
        }
    }
}

static gx_status fold_make(fold *f, const state *s, const gx_history *history, gx_error *err) {
    const size_t d = s->d, m = history->count, n = m < d ? m : d;
    const size_t need = m * d + n * n + m + d;
    *f = (fold){.d = s->d, .memory = gx_alloc(need, sizeof(double))};
    if (!f->memory) {
        return gx_fail_memory(err, need * sizeof(double));
    }
    f->s = f->memory;
    f->factor = f->s + m * d;
    f->middle = f->factor + n * n;
    f->inverse = f->middle + m;
    fold_scale(f, s, history);
    const bool is_short = f->m <= f->d;
    const int size = (int)(is_short ? f->m : f->d);
    int info = 0;
    if (size == 0) {
        return GX_OK;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, is_short ? CblasNoTrans : CblasTrans, size,
                (int)(is_short ? f->d : f->m), 1, f->s, (int)f->d, 0, f->factor, size);
    for (int i = 0; i < size; i++) {
        f->factor[(size_t)i * (size_t)size + (size_t)i] += 1;
    }
    dpotrf_("U", &size, f->factor, &size, &info);
    return info == 0 ? GX_OK
                     : gx_fail(err, GX_INTERNAL, "a history of %u items: dpotrf says %d",
                               history->count, info);
}

/* x ← A^−1 x */
static void fold_solve(fold *f, double *x) {
    const bool is_short = f->m <= f->d;
    const int size = (int)(is_short ? f->m : f->d), m = (int)f->m, d = (int)f->d;
    double *y = is_short ? f->middle : x;
    for (int j = 0; j < d; j++) {
        x[j] *= f->inverse[j];
    }
    if (size > 0) {
        if (is_short) {
            cblas_dgemv(CblasRowMajor, CblasNoTrans, m, d, 1, f->s, d, x, 1, 0, y, 1);
        }
        cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, size, f->factor, size, y,
                    1);
        cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, size, f->factor, size, y,
                    1);
        if (is_short) {
            cblas_dgemv(CblasRowMajor, CblasTrans, m, d, -1, f->s, d, y, 1, 1, x, 1);
        }
    }
    for (int j = 0; j < d; j++) {
        x[j] *= f->inverse[j];
    }
}

static bool is_fitted(const state *s, const gx_history *history) {
    return history->user < s->users &&
           s->seen[history->user] ==
               gx__history_hash(history->item, history->weight, history->count);
}

/* Σ_k c_k y_k f_k */
static void add_targets(double *x, const state *s, const gx_history *history) {
    for (uint32_t k = 0; k < history->count; k++) {
        const double c = entry_weight(s, history, k);
        if (c > 0 && history->weight[k] > 0) {
            const float *row = item_row(s, history->item[k]);
            for (uint32_t j = 0; j < s->d; j++) {
                x[j] += c * (double)row[j];
            }
        }
    }
}

/* The factors that the history has, given the items. */
static gx_status fold_in(float *w, const state *s, const gx_history *history, gx_error *err) {
    double x[FACTORS_MAX] = {0};
    fold f = {0};
    gx_status status = fold_make(&f, s, history, err);
    if (status == GX_OK) {
        add_targets(x, s, history);
        fold_solve(&f, x);
        for (uint32_t j = 0; j < s->d; j++) {
            w[j] = (float)x[j];
        }
    }
    gx_free(f.memory);
    return status;
}

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    const state *s = opaque;
    float w[FACTORS_MAX];
    const gx_factors f = {s->user_factor, s->item_factor, s->users, s->items, s->d};
    const int before = gx__blas_enter();
    gx_status status = fold_in(w, s, history, err);
    gx__blas_leave(before);
    if (status == GX_OK) {
        gx__factors_score(scores, &f, w);
    }
    *folded = !is_fitted(s, history);
    return status;
}

static gx_status fold_history(gx_factors *out, float *w, bool *folded, const void *opaque,
                              const gx_history *history, bool fitted, gx_error *err) {
    const state *s = opaque;
    *out = (gx_factors){NULL, s->item_factor, s->users, s->items, s->d};
    if (!w) {
        return GX_OK;
    }
    *folded = !is_fitted(s, history);
    if (fitted && !*folded) {
        memcpy(w, s->user_factor + (size_t)history->user * s->d, s->d * sizeof *w);
        return GX_OK;
    }
    const int before = gx__blas_enter();
    gx_status status = fold_in(w, s, history, err);
    gx__blas_leave(before);
    return status;
}

static gx_status score_items(float *scores, bool *folded, const void *opaque,
                             const gx_history *history, bool fitted, const uint32_t *items,
                             uint32_t count, gx_error *err) {
    gx_factors f;
    float w[FACTORS_MAX];
    gx_status status = fold_history(&f, w, folded, opaque, history, fitted, err);
    if (status == GX_OK) {
        gx__factors_exact_of(scores, &f, w, items, count);
    }
    return status;
}

/* The score of an item is h·A^−1 Σ_k c_k y_k f_k: with x = A^−1 h each entry's part is c_k y_k
 * f_k·x (Hu, Koren and Volinsky 2008, section 5). The rows of f->s are √c_k f_k D^−½. */
static void explain_one(float *parts, fold *f, const state *s, const gx_history *history,
                        uint32_t item) {
    double x[FACTORS_MAX];
    for (uint32_t j = 0; j < s->d; j++) {
        x[j] = (double)item_row(s, item)[j];
    }
    fold_solve(f, x);
    for (uint32_t j = 0; j < s->d; j++) {
        x[j] /= f->inverse[j];
    }
    if (f->m > 0) {
        cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)f->m, (int)f->d, 1, f->s, (int)f->d, x, 1, 0,
                    f->middle, 1);
    }
    for (uint32_t k = 0, row = 0; k < history->count; k++) {
        const double c = entry_weight(s, history, k);
        const bool has_row = sqrt(c) > 0;
        parts[k] = has_row && history->weight[k] > 0 ? (float)(sqrt(c) * f->middle[row]) : 0;
        row += has_row;
    }
}

static gx_status explain_items(float *parts, const void *opaque, const gx_history *history,
                               const uint32_t *items, uint32_t count, gx_error *err) {
    const state *s = opaque;
    fold f = {0};
    const int before = gx__blas_enter();
    gx_status status = fold_make(&f, s, history, err);
    for (uint32_t c = 0; status == GX_OK && c < count; c++) {
        float *own = parts + (size_t)c * history->count;
        if (items[c] < s->items) {
            explain_one(own, &f, s, history, items[c]);
        } else {
            memset(own, 0, history->count * sizeof *own);
        }
    }
    gx__blas_leave(before);
    gx_free(f.memory);
    return status;
}

static gx_status explain(float *parts, const void *opaque, const gx_history *history, uint32_t item,
                         gx_error *err) {
    return explain_items(parts, opaque, history, &item, 1, err);
}

/* ---- scoring everybody, and likeness
 * -------------------------------------------------------------- */

static void factors_of(gx_factors *out, const void *opaque) {
    const state *s = opaque;
    *out = (gx_factors){s->user_factor, s->item_factor, s->users, s->items, s->d};
}

/* Fitted rows: `history` is the matrix of the fit, so there is nothing to fold in. */
static gx_status score_block(float *scores, const void *opaque, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    (void)history;
    gx_factors f;
    factors_of(&f, opaque);
    return gx__factors_block(scores, &f, first, count, job, err);
}

/* The cosine of the factors. */
static gx_status similar(float *scores, const void *opaque, uint32_t item, gx_error *err) {
    gx_factors f;
    factors_of(&f, opaque);
    return gx__factors_similar(scores, &f, item, err);
}

static gx_status like_items(float *scores, const void *opaque, uint32_t item, const uint32_t *items,
                            uint32_t count, gx_error *err) {
    (void)err;
    gx_factors f;
    factors_of(&f, opaque);
    gx__factors_like_items(scores, &f, item, items, count);
    return GX_OK;
}

const gx_model gx_model_ials = {
    .pass = {.name = "ials",
             .kind = GX_KIND_MODEL,
             .summary =
                 "implicit alternating least squares: taste as vectors, new events folded in",
             .paper = "Hu, Koren and Volinsky, Collaborative Filtering for Implicit Feedback "
                      "Datasets, 2008; Rendle, Krichene, Zhang and Koren, Revisiting the "
                      "Performance of iALS on Item Recommendation Benchmarks, 2022",
             .complexity =
                 "an iteration O(d events + d^2 rows) with d factors, exactly O(sum of "
                 "min(m,d)^2 max(m,d)) over rows of m events; 4 d bytes a member and item",
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
    .like_items = like_items,
    .explain = explain,
    .explain_items = explain_items,
};
