/* Randomised subspace iteration (svd.h). Time is in the sparse products, each of which reads a row
 * of b floats for every entry: they go over the entries once for each strip of columns, so that the
 * strips of the rows read stay in the caches longer and the sums stay in the first-level cache. */
#include "models/svd.h"

#include "models/blas.h"
#include "models/dense.h"

#include <math.h>

enum {
    STRIP = 128, /* columns of a product summed at once */
    ROWS_A_TURN = 64,
    SOLVE_ROWS = 256,
    EXTRA_LEAST = 16,
    SWEEPS = 4,
    AGAIN_MOST = 4 /* orthonormalisations of one basis */
};

#define PIVOT_SOUND 0.25 /* of a scaled Gramian: the basis is orthonormal after one pass */
#define PIVOT_LEAST 1e-5 /* below this the Gramian in floats says nothing any more */
#define EIGEN_LEAST 1e-5 /* a direction this weak beside the strongest is noise */

/* ---- sparse × dense ---------------------------------------------------------------------------
 */

typedef struct product {
    const gx_matrix *matrix;
    const float *out_scale, *in_scale;
    gx__svd_entry entry;
    const float *x;
    uint32_t width;
} product;

static inline float entry_of(const product *p, uint64_t k) {
    const float value = p->matrix->value ? p->matrix->value[k] : 1;
    const float counted = p->entry == GX__SVD_ONES ? 1 : value;
    return value > 0 ? counted : 0;
}

/* Columns from … from + count − 1 of one row. */
GX__CLONES static void multiply_row(float *restrict out, const product *p, uint32_t r,
                                    uint32_t from, uint32_t count) {
    float sum[STRIP] = {0};
    for (uint64_t k = p->matrix->ptr[r]; k < p->matrix->ptr[r + 1]; k++) {
        const uint32_t col = p->matrix->col[k];
        const float by = entry_of(p, k) * (p->in_scale ? p->in_scale[col] : 1);
        const float *restrict x = p->x + (size_t)col * p->width + from;
        if (count == STRIP) {
            for (uint32_t j = 0; j < STRIP; j++) {
                sum[j] += by * x[j];
            }
        } else {
            for (uint32_t j = 0; j < count; j++) {
                sum[j] += by * x[j];
            }
        }
    }
    const float scale = p->out_scale ? p->out_scale[r] : 1;
    for (uint32_t j = 0; j < count; j++) {
        out[j] = scale * sum[j];
    }
}

static void multiply(float *out, const product *p, gx_job *job) {
    const uint32_t rows = p->matrix->rows, width = p->width;
    for (uint32_t from = 0; from < width; from += STRIP) {
        const uint32_t count = width - from < STRIP ? width - from : STRIP;
#pragma omp parallel for schedule(dynamic, ROWS_A_TURN) num_threads(job->threads)
        for (uint32_t r = 0; r < rows; r++) {
            if ((r % ROWS_A_TURN != 0 && p->matrix->ptr[r + 1] - p->matrix->ptr[r] < 1024) ||
                !gx_job_should_stop(job)) {
                multiply_row(out + (size_t)r * width + from, p, r, from, count);
            }
        }
    }
}

gx_status gx__svd_times(float *out, const gx__svd_input *a, const float *x, uint32_t width,
                        gx_job *job, gx_error *err) {
    const product p = {a->rows, a->row_scale, a->col_scale, a->entry, x, width};
    multiply(out, &p, job);
    return gx_job_check(job, err);
}

gx_status gx__svd_times_turned(float *out, const gx__svd_input *a, const float *x, uint32_t width,
                               gx_job *job, gx_error *err) {
    const product p = {a->cols, a->col_scale, a->row_scale, a->entry, x, width};
    multiply(out, &p, job);
    return gx_job_check(job, err);
}

/* ---- an orthonormal basis ---------------------------------------------------------------------
 */

typedef struct svd {
    const gx__svd_input *a;
    uint32_t n, m, b;
    uint64_t drawn; /* times the basis was refilled */
    float *v;       /* m × b: the basis */
    float *w;       /* n × b: A v */
    float *part;    /* for Gramians */
    float *axes;    /* b × b */
    float *value;   /* b */
    float *room;    /* for products in place */
    double *system; /* b × b: a Gramian scaled to a diagonal of 1, and its Cholesky factor */
    double *length; /* b */
} svd;

/* The Gramian of the basis, scaled; false where it is not finite. A column of zeros stays one. */
static bool scale_gram(svd *s) {
    const size_t b = s->b;
    for (size_t i = 0; i < b; i++) {
        const double square = (double)s->part[i * b + i];
        if (!isfinite(square)) {
            return false;
        }
        s->length[i] = sqrt(square);
    }
    for (size_t i = 0; i < b; i++) {
        for (size_t j = 0; j <= i; j++) {
            const double both = s->length[i] * s->length[j];
            const double cosine = both > 0 ? (double)s->part[i * b + j] / both : 0;
            s->system[i * b + j] = i == j ? 1 : cosine;
        }
    }
    return true;
}

/* The least pivot of the Cholesky factor L of the scaled Gramian; 0: there is none. */
static double factorise(svd *s) {
    const int size = (int)s->b;
    int info = 0;
    dpotrf_("U", &size, s->system, &size, &info);
    double least = info == 0 ? 1 : 0;
    for (size_t i = 0; i < s->b && info == 0; i++) {
        const double pivot = s->system[i * s->b + i];
        least = fmin(least, pivot * pivot);
    }
    return least;
}

/* V ← V (L ᵀ)^−1, L the factor with its scale put back. */
static void divide(svd *s, gx_job *job) {
    const size_t b = s->b;
    const uint32_t blocks = s->m / SOLVE_ROWS + 1;
    for (size_t i = 0; i < b; i++) {
        for (size_t j = 0; j <= i; j++) {
            const double length = s->length[i] > 0 ? s->length[i] : 1;
            s->axes[i * b + j] = (float)(length * s->system[i * b + j]);
        }
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t k = 0; k < blocks; k++) {
        const uint32_t from = k * SOLVE_ROWS, left = s->m - from;
        const uint32_t rows = left < SOLVE_ROWS ? left : SOLVE_ROWS;
        if (rows > 0 && !gx_job_should_stop(job)) {
            cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)rows,
                        (int)b, 1, s->axes, (int)b, s->v + (size_t)from * b, (int)b);
        }
    }
}

/* Even numbers in (−1, 1): as good as normal ones here, and four of them a draw. */
static void draw_row(float *row, uint32_t count, uint64_t seed, uint32_t r) {
    gx_rng rng = gx_rng_at(seed, r);
    uint64_t bits = 0;
    for (uint32_t j = 0; j < count; j++) {
        bits = j % 4 == 0 ? gx_rng_next(&rng) : bits >> 16;
        row[j] = ((float)(bits & 0xFFFF) - 32767.5F) / 32768;
    }
}

/* Columns from `kept` on are drawn anew: what they were lay within the others. */
static void refill(svd *s, uint32_t kept, const gx_job *job) {
    s->drawn++;
    const size_t b = s->b;
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < s->m; r++) {
        draw_row(s->v + r * b + kept, s->b - kept, job->seed + s->drawn, r);
    }
}

/* By eigenvectors of the scaled Gramian, the strongest first; weak ones are drawn anew. */
static gx_status divide_weak(svd *s, gx_job *job, gx_error *err) {
    const size_t b = s->b;
    float *const vectors = s->part;
    for (size_t i = 0; i < b; i++) {
        for (size_t j = 0; j <= i; j++) {
            vectors[i * b + j] = (float)s->system[i * b + j];
        }
    }
    gx_status status = gx__eigen(vectors, s->value, s->b, job, err);
    if (status != GX_OK) {
        return status;
    }
    const double most = (double)s->value[b - 1];
    uint32_t kept = 0;
    for (size_t i = 0; i < b; i++) {
        const float *vector = vectors + (b - 1 - i) * b;
        const double value = (double)s->value[b - 1 - i];
        const double by = value > EIGEN_LEAST * most ? 1 / sqrt(value) : 0;
        kept += by > 0;
        for (size_t j = 0; j < b; j++) {
            s->axes[i * b + j] =
                s->length[j] > 0 ? (float)(by * (double)vector[j] / s->length[j]) : 0;
        }
    }
    gx__axes(s->v, s->v, s->m, s->b, s->axes, s->b, s->room, job);
    refill(s, kept, job);
    return GX_OK;
}

static gx_status orthonormalise(svd *s, bool fully, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    for (int pass = 0; pass < AGAIN_MOST; pass++) {
        gx__gram(s->part, s->v, s->m, s->b, job);
        GX_TRY(gx_job_check(job, err));
        if (!scale_gram(s)) {
            GX_TRY(gx_fail(err, GX_INTERNAL, "singular vectors: a product is not finite"));
        }
        const double pivot = factorise(s);
        if (pivot >= PIVOT_LEAST) {
            divide(s, job);
        } else {
            scale_gram(s);
            GX_TRY(divide_weak(s, job, err));
        }
        GX_TRY(gx_job_check(job, err));
        if (pivot >= (fully ? PIVOT_SOUND : PIVOT_LEAST)) {
            break;
        }
    }
done:
    return status;
}

/* ---- the iteration ----------------------------------------------------------------------------
 */

static gx__svd_options filled(const gx__svd_options *given, uint32_t k) {
    gx__svd_options o = given ? *given : (gx__svd_options){0};
    if (o.extra == 0) {
        o.extra = k / 8 > EXTRA_LEAST ? k / 8 : EXTRA_LEAST;
    }
    o.sweeps = o.sweeps ? o.sweeps : SWEEPS;
    return o;
}

static uint32_t breadth(uint32_t n, uint32_t m, uint32_t k, const gx__svd_options *given) {
    const uint64_t wanted = (uint64_t)k + filled(given, k).extra;
    const uint32_t least = n < m ? n : m;
    return wanted < least ? (uint32_t)wanted : least;
}

static void draw(float *x, uint32_t n, uint32_t b, const gx_job *job) {
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < n; r++) {
        draw_row(x + (size_t)r * b, b, job->seed, r);
    }
}

/* The Ritz vectors of the basis: eigenvectors of (A V)ᵀ(A V). */
static gx_status ritz(float *vectors, float *values, svd *s, uint32_t k, gx_job *job,
                      gx_error *err) {
    gx_status status = GX_OK;
    const size_t b = s->b, kept = k < s->b ? k : s->b;
    GX_TRY(gx__svd_times(s->w, s->a, s->v, s->b, job, err));
    gx__gram(s->part, s->w, s->n, s->b, job);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx__eigen(s->part, s->value, s->b, job, err));
    memset(values, 0, k * sizeof *values);
    for (size_t i = 0; i < kept; i++) {
        memcpy(s->axes + i * b, s->part + (b - 1 - i) * b, b * sizeof *s->axes);
        values[i] = sqrtf(s->value[b - 1 - i]);
        if (!(values[i] > 1e-3F * values[0])) { /* the noise of floats */
            values[i] = 0;
            memset(s->axes + i * b, 0, b * sizeof *s->axes);
        }
    }
    memset(s->axes + kept * b, 0, (k - kept) * b * sizeof *s->axes);
    gx__axes(vectors, s->v, s->m, s->b, s->axes, k, s->room, job);
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

static gx_status iterate(float *vectors, float *values, svd *s, uint32_t k, uint32_t sweeps,
                         gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    draw(s->w, s->n, s->b, job);
    for (uint32_t i = 0; i <= sweeps; i++) {
        if (i > 0) {
            GX_TRY(gx__svd_times(s->w, s->a, s->v, s->b, job, err));
        }
        GX_TRY(gx__svd_times_turned(s->v, s->a, s->w, s->b, job, err));
        GX_TRY(orthonormalise(s, i == sweeps, job, err));
    }
    status = ritz(vectors, values, s, k, job, err);
done:
    return status;
}

/* Floats of the parts of `svd`, in its order. */
typedef struct sizes {
    size_t v, w, part, axes, room;
} sizes;

static sizes sizes_of(uint32_t n, uint32_t m, uint32_t b, uint32_t k, int threads) {
    const size_t by_rows = gx__gram_floats(n, b), by_cols = gx__gram_floats(m, b);
    return (sizes){.v = (size_t)m * b,
                   .w = (size_t)n * b,
                   .part = by_rows > by_cols ? by_rows : by_cols,
                   .axes = (size_t)(k > b ? k : b) * b,
                   .room = gx__axes_floats(b, threads)};
}

gx_status gx__svd(float *vectors, float *values, const gx__svd_input *a, uint32_t k,
                  const gx__svd_options *options, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    svd s = {.a = a, .n = a->rows->rows, .m = a->rows->cols};
    s.b = breadth(s.n, s.m, k, options);
    if (s.b == 0) {
        memset(values, 0, k * sizeof *values);
        memset(vectors, 0, (size_t)s.m * k * sizeof *vectors);
        return GX_OK;
    }
    const sizes z = sizes_of(s.n, s.m, s.b, k, job->threads);
    const int before = gx__blas_enter();
    GX_TRY(gx_job_alloc(job, &s.v, z.v, sizeof *s.v, err));
    GX_TRY(gx_job_alloc(job, &s.w, z.w, sizeof *s.w, err));
    GX_TRY(gx_job_alloc(job, &s.part, z.part, sizeof *s.part, err));
    GX_TRY(gx_job_alloc(job, &s.axes, z.axes, sizeof *s.axes, err));
    GX_TRY(gx_job_alloc(job, &s.room, z.room, sizeof *s.room, err));
    GX_TRY(gx_job_alloc(job, &s.value, s.b, sizeof *s.value, err));
    GX_TRY(gx_job_alloc(job, &s.length, s.b, sizeof *s.length, err));
    GX_TRY(gx_job_alloc(job, &s.system, (size_t)s.b * s.b, sizeof *s.system, err));
    GX_TRY(iterate(vectors, values, &s, k, filled(options, k).sweeps, job, err));
done:
    gx_job_free(job, s.v);
    gx_job_free(job, s.w);
    gx_job_free(job, s.part);
    gx_job_free(job, s.axes);
    gx_job_free(job, s.room);
    gx_job_free(job, s.value);
    gx_job_free(job, s.length);
    gx_job_free(job, s.system);
    gx__blas_leave(before);
    return status;
}

uint64_t gx__svd_bytes(uint32_t n, uint32_t m, uint32_t k, const gx__svd_options *options,
                       int threads) {
    const uint32_t b = breadth(n, m, k, options);
    if (b == 0) {
        return 0;
    }
    const sizes z = sizes_of(n, m, b, k, threads);
    const uint64_t floats = z.v + z.w + z.part + z.axes + z.room + b + gx__eigen_floats(b);
    return floats * sizeof(float) + ((uint64_t)b * b + b) * sizeof(double);
}

void gx__svd_cost(double *dense, double *sparse, uint64_t nnz, uint32_t n, uint32_t m, uint32_t k,
                  const gx__svd_options *options) {
    const double b = breadth(n, m, k, options), sweeps = filled(options, k).sweeps;
    *dense = (sweeps + 1) * (2 * m * b * b + b * b * b) + (double)n * b * b + 2.0 * m * b * k +
             30 * b * b * b;
    *sparse = (2 * sweeps + 2) * (double)nnz * b;
}
