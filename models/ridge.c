/* Ridge regression of each item on all the others, in closed form (EASE; Steck 2019, eq. 8):
 *
 *   P = (Xᵀ D X + λ I)^−1     B[i,j] = −P[i,j] / P[j,j], i ≠ j     score(u, j) = Σ_{i in history}
 * h_i B[i,j]
 *
 * X are the positive values of the matrix over their largest. D weighs members by d_u^−a, d_u the
 * sum of a member's values: a = 0 is Steck's model, above it members who do everything count less.
 *
 * A dense matrix of all items is held, so the model covers the most popular `items` of the
 * catalogue; the others have no row and are nobody's answer. Of each row the N largest by size
 * stay, those below 0 among them: what speaks against an item is what tells this model from
 * counting.
 *
 * The inverse is made in place, in the lower half alone, by sweeping blocks of pivots (the operator
 * of Goodnight 1979; each pivot block by Cholesky), which needs as many operations as a Cholesky
 * inversion, n³, and has one inner loop: a product of matrices for each row of blocks. No pivot is
 * looked for: the matrix is positive definite. Time O(Σ_u d_u² + n³), memory 2 n² bytes and the
 * rows. Every product is one thread's: the same bytes at any number of them.
 *
 * Dislikes (values ≤ 0) take no part in the fit; in a history they subtract the item's row. */
#include "models/item_rows.h"

#include "models/blas.h"

#include <math.h>

enum { BLOCK_LEAST = 8, BLOCK_MOST = 256, BLOCKS_WANTED = 8, COVERED_MAX = 1 << 16 };

static const gx_param params[] = {
    {.name = "items",
     .type = GX_PARAM_INT,
     .fallback = "8000",
     .low = 0,
     .high = 1e9,
     .unit = "items",
     .help = "the most popular so many are in the model, the others never recommended; 0: all"},
    {.name = "regularisation",
     .type = GX_PARAM_REAL,
     .fallback = "100",
     .low = 1e-3,
     .high = 1e9,
     .flags = GX_PARAM_SEARCH,
     .help = "lambda: how much weights are held near zero"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "a: how much members with many events are held back"},
    {.name = "neighbours",
     .type = GX_PARAM_INT,
     .fallback = "1000",
     .low = 1,
     .high = 1e6,
     .unit = "items",
     .help = "how many of the largest weights, by size, each item keeps"},
};

static const gx_gives gives[] = {GX__ITEM_ROWS_GIVES};

/* ---- the size of it ------------------------------------------------------------------------- */

typedef struct size {
    uint32_t covered, block, blocks;
} size;

static size size_of(uint64_t covered) {
    size s = {.covered = (uint32_t)covered, .block = BLOCK_LEAST};
    while (s.block < BLOCK_MOST && s.block * BLOCKS_WANTED < covered) {
        s.block *= 2;
    }
    s.blocks = (uint32_t)((covered + s.block - 1) / s.block);
    return s;
}

static uint64_t wanted(const gx_input *input, const gx_args *args) {
    const uint64_t most = (uint64_t)gx_arg_int(args, "items");
    return most > 0 && most < input->items ? most : input->items;
}

/* Floats of the lower half, by rows of blocks: block row r is a panel of block × (r + 1) block. */
static size_t half_floats(const size *s) {
    return (size_t)s->block * s->block * s->blocks * (s->blocks + 1) / 2;
}

static size_t side_floats(const size *s) {
    return (size_t)s->block * s->block * s->blocks;
}

/* ---- fit ------------------------------------------------------------------------------------ */

typedef struct fit {
    gx_matrix history, members; /* and its transpose */
    float *value;               /* of history; NULL: all 1 */
    double *member_scale;       /* d_u^−a */
    uint32_t *covered, *place;  /* items of the model, rising; the place of an item among them */
    float *half;                /* the lower half, then of −P */
    float *side, *product;      /* the columns of the pivots, and times the pivots' inverse */
    float *pivot;               /* block × block */
    float *diagonal;            /* of −P */
    size size;
} fit;

static float *panel(const fit *f, uint32_t row) {
    const size_t square = (size_t)f->size.block * f->size.block;
    return f->half + square * row * (row + 1) / 2;
}

/* Row `i` of the lower half: the first entries up to its own, and those of its block after it. */
static float *half_row(const fit *f, uint32_t i) {
    const uint32_t row = i / f->size.block;
    return panel(f, row) + (size_t)(i % f->size.block) * (row + 1) * f->size.block;
}

/* The most popular items that anybody did. */
static gx_status choose_items(fit *f, uint64_t most, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t items = f->history.cols;
    double *degree = NULL;
    float *score = NULL;
    gx_scored *best = NULL;
    uint32_t count = 0;
    GX_TRY(gx_job_alloc(job, &f->place, items, sizeof *f->place, err));
    GX_TRY(gx_job_alloc(job, &f->covered, most, sizeof *f->covered, err));
    GX_TRY(gx_job_alloc(job, &degree, items, sizeof *degree, err));
    GX_TRY(gx_job_alloc(job, &score, items, sizeof *score, err));
    GX_TRY(gx_job_alloc(job, &best, most, sizeof *best, err));
    gx__column_sums(degree, &f->history);
    for (uint32_t i = 0; i < items; i++) {
        score[i] = (float)degree[i];
        f->place[i] = GX_NONE;
    }
    count = gx_top(best, (uint32_t)most, score, items, NULL, 0);
    for (uint32_t k = 0; k < count; k++) {
        f->place[best[k].item] = 0;
    }
    count = 0;
    for (uint32_t i = 0; i < items; i++) {
        if (f->place[i] != GX_NONE) {
            f->place[i] = count;
            f->covered[count++] = i;
        }
    }
    f->size = size_of(count);
done:
    gx_job_free(job, degree);
    gx_job_free(job, score);
    gx_job_free(job, best);
    return status;
}

/* Row `a` of Xᵀ D X up to its diagonal. Places rise with items, so a history is read in order. */
static void gram_row(const fit *f, uint32_t a) {
    const gx_matrix *h = &f->history, *m = &f->members;
    const uint32_t item = f->covered[a];
    float *restrict row = half_row(f, a);
    for (uint64_t k = m->ptr[item]; k < m->ptr[item + 1]; k++) {
        const uint32_t u = m->col[k];
        const float w = (float)(gx_matrix_value(m, k) * f->member_scale[u]);
        for (uint64_t l = h->ptr[u]; l < h->ptr[u + 1] && h->col[l] <= item; l++) {
            const uint32_t b = f->place[h->col[l]];
            if (b != GX_NONE) {
                row[b] += w * (h->value ? h->value[l] : 1);
            }
        }
    }
}

/* The diagonal blocks are whole, and what fills the last one up is apart from all else. */
static void close_half(const fit *f, float lambda) {
    const uint32_t end = f->size.blocks * f->size.block;
    for (uint32_t a = 0; a < end; a++) {
        half_row(f, a)[a] += a < f->size.covered ? lambda : 1;
        for (uint32_t b = a / f->size.block * f->size.block; b < a; b++) {
            half_row(f, b)[a] = half_row(f, a)[b];
        }
    }
}

static gx_status make_gram(fit *f, double lambda, gx_job *job, gx_error *err) {
    gx_job_stage(job, "ridge: counting", f->size.covered);
#pragma omp parallel for schedule(dynamic, 16) num_threads(job->threads)
    for (uint32_t a = 0; a < f->size.covered; a++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        gram_row(f, a);
        if (gx__worker() == 0) {
            gx_job_tick(job, a);
        }
    }
    close_half(f, (float)lambda);
    return gx_job_check(job, err);
}

/* ---- the inverse ---------------------------------------------------------------------------- */

/* The inverse of pivot block k into f->pivot, whole. */
static gx_status invert_pivot(fit *f, uint32_t k, gx_error *err) {
    const uint32_t n = f->size.block;
    const int order = (int)n;
    const float *from = panel(f, k) + (size_t)k * n;
    int info;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(f->pivot + (size_t)i * n, from + (size_t)i * (k + 1) * n, n * sizeof(float));
    }
    spotrf_("U", &order, f->pivot, &order, &info);
    if (info == 0) {
        spotri_("U", &order, f->pivot, &order, &info);
    }
    if (info != 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "regularisation",
                          "the items of ridge are too much alike for its regularisation: take a "
                          "larger one");
    }
    /* LAPACK's upper half of a column-major matrix is the lower of this one. */
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            f->pivot[(size_t)j * n + i] = f->pivot[(size_t)i * n + j];
        }
    }
    return GX_OK;
}

/* Block r of the pivots' columns into f->side, and times the pivots' inverse into f->product. Those
 * of the pivots themselves are 0, so that products leave their column as it is. */
static void take_side(const fit *f, uint32_t k, uint32_t r) {
    const uint32_t n = f->size.block;
    const int order = (int)n;
    float *side = f->side + (size_t)r * n * n, *product = f->product + (size_t)r * n * n;
    if (r == k) {
        memset(side, 0, (size_t)n * n * sizeof *side);
        return;
    }
    const float *from = r > k ? panel(f, r) + (size_t)k * n : panel(f, k) + (size_t)r * n;
    const size_t stride = (size_t)(r > k ? r + 1 : k + 1) * n;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            side[(size_t)i * n + j] = r > k ? from[i * stride + j] : from[j * stride + i];
        }
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, order, order, order, 1, side, order,
                f->pivot, order, 0, product, order);
}

/* What sweeping block k makes of block row r. */
static void sweep_row(const fit *f, uint32_t k, uint32_t r) {
    const uint32_t n = f->size.block;
    const int order = (int)n, wide = (int)((r + 1) * n);
    float *row = panel(f, r);
    const float *product = f->product + (size_t)r * n * n;
    if (r != k) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, order, wide, order, -1, product, order,
                    f->side, order, 1, row, wide);
        for (uint32_t i = 0; i < n && r > k; i++) {
            memcpy(row + (size_t)i * (size_t)wide + (size_t)k * n, product + (size_t)i * n,
                   n * sizeof *row);
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < k * n; j++) {
            row[(size_t)i * (size_t)wide + j] =
                f->product[(size_t)(j / n) * n * n + (size_t)(j % n) * n + i];
        }
        for (uint32_t j = 0; j < n; j++) {
            row[(size_t)i * (size_t)wide + (size_t)k * n + j] = -f->pivot[(size_t)i * n + j];
        }
    }
}

static gx_status invert(fit *f, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t blocks = f->size.blocks;
    const int before = gx__blas_enter();
    gx_job_stage(job, "ridge: inverting", blocks);
    for (uint32_t k = 0; k < blocks; k++) {
        gx_job_tick(job, k);
        GX_TRY(gx_job_check(job, err));
        GX_TRY(invert_pivot(f, k, err));
#pragma omp parallel num_threads(job->threads)
        {
#pragma omp for schedule(dynamic, 1)
            for (uint32_t r = 0; r < blocks; r++) {
                take_side(f, k, r);
            }
#pragma omp for schedule(dynamic, 1)
            for (uint32_t below = 0; below < blocks; below++) {
                if (!gx_job_should_stop(job)) {
                    sweep_row(f, k, blocks - 1 - below); /* the longest first */
                }
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx__blas_leave(before);
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* The row of the item at place `a`: −P[a,b] over P[b,b], with P held as −P. */
static void make_row(const fit *f, gx__row_scratch *s, uint32_t a, uint64_t length, uint32_t *item,
                     float *weight) {
    const float *row = half_row(f, a);
    uint32_t count = 0;
    for (uint32_t b = 0; b < f->size.covered; b++) {
        const float entry = b <= a ? row[b] : half_row(f, b)[a];
        if (b != a) {
            const uint32_t j = f->covered[b];
            s->sum[j] = entry / -f->diagonal[b];
            s->touched[count++] = j;
        }
    }
    gx__row_take(s, count, length, item, weight, f->history.cols);
}

static gx_status give_rows(gx_output *out, fit *f, uint64_t keep, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__row_scratch *all = NULL;
    const uint32_t items = f->history.cols, covered = f->size.covered;
    const uint64_t others = covered > 0 ? covered - 1 : 0;
    const uint64_t length = others < keep ? others : keep;
    uint64_t *ptr;
    uint32_t *item;
    float *weight;
    GX_TRY(gx__row_scratch_make(&all, items, job, err));
    GX_TRY(gx_output_add(&ptr, out, "ptr", GX_U64, (uint64_t)items + 1, 0, err));
    GX_TRY(gx_output_add(&item, out, "item", GX_U32, length * covered, 0, err));
    GX_TRY(gx_output_add(&weight, out, "weight", GX_F32, length * covered, 0, err));
    for (uint32_t i = 0; i < items; i++) {
        ptr[i + 1] = ptr[i] + (f->place[i] != GX_NONE ? length : 0);
    }
    gx_job_stage(job, "ridge: rows", covered);
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t a = 0; a < covered; a++) {
        if (!gx_job_should_stop(job)) {
            make_row(f, &all[gx__worker()], a, length, item + a * length, weight + a * length);
        }
        if (gx__worker() == 0) {
            gx_job_tick(job, a);
        }
    }
    status = gx_job_check(job, err);
done:
    gx__row_scratch_free(all, job);
    return status;
}

static gx_status prepare(fit *f, const gx_input *input, const gx_args *args, gx_job *job,
                         gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t most = wanted(input, args);
    if (most > COVERED_MAX) {
        return gx_fail_at(err, GX_OVER_LIMIT, "items",
                          "ridge of %llu items would hold %llu GiB; at most %d items are accepted",
                          (unsigned long long)most, (unsigned long long)((2 * most * most) >> 30),
                          COVERED_MAX);
    }
    GX_TRY(gx__positive_values(&f->history, &f->value, input->matrix, job, err));
    GX_TRY(gx_matrix_transpose(&f->members, &f->history, job, err));
    GX_TRY(choose_items(f, most, job, err));
    GX_TRY(gx_job_alloc(job, &f->member_scale, input->users, sizeof(double), err));
    for (uint32_t u = 0; u < input->users; u++) {
        f->member_scale[u] =
            gx__degree_scale(gx__row_sum(&f->history, u), gx_arg_real(args, "member_exponent"));
    }
    GX_TRY(gx_job_alloc(job, &f->half, half_floats(&f->size), sizeof *f->half, err));
    GX_TRY(gx_job_alloc(job, &f->side, side_floats(&f->size), sizeof *f->side, err));
    GX_TRY(gx_job_alloc(job, &f->product, side_floats(&f->size), sizeof *f->product, err));
    GX_TRY(
        gx_job_alloc(job, &f->pivot, (size_t)f->size.block * f->size.block, sizeof *f->pivot, err));
    GX_TRY(gx_job_alloc(job, &f->diagonal, f->size.covered, sizeof *f->diagonal, err));
done:
    return status;
}

static void drop(void *pointer, gx_job *job) {
    void **block = pointer;
    gx_job_free(job, *block);
    *block = NULL;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    fit f = {0};
    GX_TRY(prepare(&f, input, args, job, err));
    GX_TRY(make_gram(&f, gx_arg_real(args, "regularisation"), job, err));
    gx_matrix_finish(&f.members);
    GX_TRY(invert(&f, job, err));
    for (uint32_t a = 0; a < f.size.covered; a++) {
        f.diagonal[a] = half_row(&f, a)[a];
    }
    drop(&f.side, job);
    drop(&f.product, job);
    GX_TRY(give_rows(out, &f, (uint64_t)gx_arg_int(args, "neighbours"), job, err));
done:
    gx_matrix_finish(&f.members);
    gx_job_free(job, f.value);
    gx_job_free(job, f.member_scale);
    gx_job_free(job, f.covered);
    gx_job_free(job, f.place);
    gx_job_free(job, f.half);
    gx_job_free(job, f.side);
    gx_job_free(job, f.product);
    gx_job_free(job, f.pivot);
    gx_job_free(job, f.diagonal);
    return status;
}

/* Its largest moments: with the sides of the pivots, or with the rows. */
static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    const uint64_t most = wanted(input, args);
    const size s = size_of(most < COVERED_MAX ? most : COVERED_MAX);
    const uint64_t keep = (uint64_t)gx_arg_int(args, "neighbours");
    const uint64_t before = 2 * side_floats(&s) * sizeof(float) + m->nnz * (m->value ? 8 : 4) +
                            (uint64_t)input->items * 8;
    const uint64_t after = (keep < most ? keep : most) * most * 8 + (uint64_t)input->items * 8 +
                           (uint64_t)threads * gx__row_scratch_bytes(input->items);
    double pairs = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        const double n = (double)(m->ptr[u + 1] - m->ptr[u]);
        pairs += n * n;
    }
    out->mem_bytes = half_floats(&s) * sizeof(float) + m->nnz * (m->value ? 4 : 0) +
                     (uint64_t)s.block * s.block * 4 + most * 8 + (uint64_t)input->items * 4 +
                     (uint64_t)input->users * 8 + (before > after ? before : after);
    out->cpu_s = 2e-9 * pairs + 1.3e-11 * (double)most * (double)most * (double)most +
                 4e-9 * (double)most * (double)most;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    return gx__item_rows_check(result, instance, input, (uint64_t)gx_arg_int(args, "neighbours"),
                               -GX__WEIGHT_MAX, err);
}

const gx_model gx_model_ridge = {
    .pass = {.name = "ridge",
             .kind = GX_KIND_MODEL,
             .summary = "ridge regression of each item on the others, for the most popular items",
             .paper = "Steck, Embarrassingly Shallow Autoencoders for Sparse Data, 2019, eq. 8",
             .complexity = "O(sum of squared history lengths + n^3) time, 2 n^2 bytes and 8 a kept "
                           "weight for n items",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .item_arrays = (const char *const[]){"item", NULL},
             .params = params,
             .param_count = GX_COUNT(params),
             .label_dependent = true,
             .estimate = estimate,
             .run = run,
             .check = check},
    GX__ITEM_ROWS_SERVE,
};
