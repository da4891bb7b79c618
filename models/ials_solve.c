/* The half-step of implicit ALS, solved exactly.
 *
 * The Gramian of the fixed side is made once and its factors are rotated into its eigenvectors, so
 * that the normal equations of a row with m entries, F the m × d factors of the entries, are
 *
 *   (D + Fᵀ C F) w = Fᵀ C y,     D = unobserved · diag(gram) + λ I
 *
 * with a diagonal D that may differ from row to row. With S = C^½ F D^−½ that is w = D^−½ v and
 * either
 *
 *   (I + Sᵀ S) v = Sᵀ C^½ y          d × d, where m > d, or by the push-through identity
 *   v = Sᵀ (I + S Sᵀ)^−1 C^½ y       m × m, where m ≤ d
 *
 * Most rows of a shop are short: a row costs min(m, d)² max(m, d) + min(m, d)³ / 3 instead of m d²
 * + d³ / 3. Both systems have no eigenvalue below 1, so single precision and Cholesky are enough.
 * Time of the Gramian and the rotation 3 n d², of the eigenvectors about 9 d³.
 *
 * Each row is solved by one thread; the Gramian is summed over a fixed number of blocks in order:
 * the same bytes at any thread count. */
#include "models/ials_solve.h"

#include "models/blas.h"

#include <math.h>

enum {
    GRAM_BLOCKS = 32, /* at most; partial Gramians, whatever the number of threads */
    GRAM_ROWS = 1024, /* at least, a block */
    ROTATE_ROWS = 256,
    CHUNK_ROWS = 256, /* entries gathered at once for a long row */
    ROWS_A_TURN = 16
};

/* ---- the Gramian and the rotation -------------------------------------------------------------
 */

static uint32_t gram_blocks(uint32_t n) {
    const uint32_t blocks = n / GRAM_ROWS + 1;
    return blocks < GRAM_BLOCKS ? blocks : GRAM_BLOCKS;
}

/* Upper triangle (column-major) of FᵀF into the first of `part`. */
static void make_gram(float *part, const gx__ials_side *side, gx_job *job) {
    const uint32_t blocks = gram_blocks(side->n), d = side->d;
    const size_t cells = (size_t)d * d;
    const uint32_t rows = side->n / blocks + 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < blocks; b++) {
        const uint32_t from = b * rows;
        const uint32_t to = side->n - from < rows ? side->n : from + rows;
        if (from < side->n && !gx_job_should_stop(job)) {
            cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, (int)d, (int)(to - from), 1,
                        side->factor + (size_t)from * d, (int)d, 0, part + b * cells, (int)d);
        }
    }
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t r = 0; r < d; r++) {
        for (uint32_t c = 0; c <= r; c++) {
            double sum = 0;
            for (uint32_t b = 0; b < blocks; b++) {
                sum += (double)part[b * cells + (size_t)r * d + c];
            }
            part[(size_t)r * d + c] = (float)sum;
        }
    }
}

/* Eigenvectors of the symmetric `a` into its columns (column-major), eigenvalues into `gram`. */
static gx_status make_eigen(float *a, float *gram, uint32_t d, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    float *work = NULL, best;
    int *iwork = NULL, ibest, n = (int)d, query = -1, info = 0;
    ssyevd_("V", "U", &n, a, &n, gram, &best, &query, &ibest, &query, &info);
    int lwork = (int)best + 64, liwork = ibest; /* a size told as a float is rounded */
    GX_TRY(gx_job_alloc(job, &work, (size_t)lwork, sizeof *work, err));
    GX_TRY(gx_job_alloc(job, &iwork, (size_t)liwork, sizeof *iwork, err));
    ssyevd_("V", "U", &n, a, &n, gram, work, &lwork, iwork, &liwork, &info);
    if (info != 0) {
        status = gx_fail(err, GX_INTERNAL, "eigenvectors of the %u × %u Gramian: ssyevd says %d", d,
                         d, info);
        goto done;
    }
    for (uint32_t j = 0; j < d; j++) {
        gram[j] = fmaxf(gram[j], 0);
    }
done:
    gx_job_free(job, work);
    gx_job_free(job, iwork);
    return status;
}

/* F ← F Q in blocks of rows; `room` holds a block a thread. */
static void rotate(gx__ials_side *side, const float *q, float *room, gx_job *job) {
    const uint32_t d = side->d, blocks = side->n / ROTATE_ROWS + 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < blocks; b++) {
        const uint32_t from = b * ROTATE_ROWS;
        const uint32_t rows = side->n - from < ROTATE_ROWS ? side->n - from : ROTATE_ROWS;
        float *block = side->factor + (size_t)from * d;
        float *turned = room + (size_t)gx__worker() * ROTATE_ROWS * d;
        if (rows > 0 && !gx_job_should_stop(job)) {
            /* q is column-major: its transpose in the row-major sense. */
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)d, (int)d, 1,
                        block, (int)d, q, (int)d, 0, turned, (int)d);
            memcpy(block, turned, (size_t)rows * d * sizeof *block);
        }
    }
}

gx_status gx__ials_rotate(gx__ials_side *side, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    float *part = NULL, *room = NULL;
    const size_t cells = (size_t)side->d * side->d;
    const int before = gx__blas_enter();
    GX_TRY(gx_job_alloc(job, &part, gram_blocks(side->n) * cells, sizeof *part, err));
    GX_TRY(
        gx_job_alloc(job, &room, (size_t)job->threads * ROTATE_ROWS * side->d, sizeof *room, err));
    make_gram(part, side, job);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(make_eigen(part, side->gram, side->d, job, err));
    rotate(side, part, room, job);
    GX_TRY(gx_job_check(job, err));
done:
    gx_job_free(job, part);
    gx_job_free(job, room);
    gx__blas_leave(before);
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* One thread's own. */
typedef struct work {
    float *s;            /* chunk × d: gathered and scaled factors */
    float *system;       /* d × d */
    float *inverse_root; /* d: D^−½ */
    float *target;       /* max(chunk, d): C^½ y, then the solution */
    float *root;         /* chunk: C^½ */
} work;

static uint32_t chunk_rows(uint32_t d) {
    return d > CHUNK_ROWS ? d : CHUNK_ROWS;
}

/* Each part begins on a cache line of its own. */
static size_t whole_lines(size_t floats) {
    return (floats + 15) / 16 * 16;
}

static size_t work_floats(uint32_t d) {
    const size_t chunk = chunk_rows(d);
    return whole_lines(chunk * d) + whole_lines((size_t)d * d) + whole_lines(d) +
           2 * whole_lines(chunk);
}

static float *take(float **from, size_t count) {
    float *at = *from;
    *from += whole_lines(count);
    return at;
}

static work work_at(float *floats, uint32_t d) {
    work w;
    w.s = take(&floats, (size_t)chunk_rows(d) * d);
    w.system = take(&floats, (size_t)d * d);
    w.inverse_root = take(&floats, d);
    w.target = take(&floats, chunk_rows(d));
    w.root = take(&floats, chunk_rows(d));
    return w;
}

uint64_t gx__ials_work_bytes(uint32_t n, uint32_t d, int threads) {
    const uint64_t step = (uint64_t)threads * work_floats(d);
    const uint64_t turn = (uint64_t)gram_blocks(n) * d * d + (uint64_t)threads * ROTATE_ROWS * d +
                          2 * (uint64_t)d * d + 16 * (uint64_t)d;
    return (step > turn ? step : turn) * sizeof(float);
}

double gx__ials_lambda(const gx__ials_loss *loss, double total, uint32_t others) {
    return loss->regularisation * pow(total + loss->unobserved * others, loss->frequency);
}

/* The entries of one row. */
typedef struct entries {
    const uint32_t *col;
    const float *value; /* NULL: all 1 */
    uint64_t count;
} entries;

GX__CLONES static void scale_row(float *restrict out, const float *restrict in,
                                 const float *restrict by, float root, uint32_t d) {
    for (uint32_t j = 0; j < d; j++) {
        out[j] = root * in[j] * by[j];
    }
}

/* S and C^½ y of entries first … first + count − 1. */
static void gather(work *w, const gx__ials_side *fixed, const entries *e, uint64_t first,
                   uint32_t count, float unit) {
    const uint32_t d = fixed->d;
    for (uint32_t k = 0; k < count; k++) {
        const float value = e->value ? e->value[first + k] / unit : 1;
        const float root = sqrtf(fabsf(value));
        w->target[k] = value > 0 ? root : 0;
        scale_row(w->s + (size_t)k * d, fixed->factor + (size_t)e->col[first + k] * d,
                  w->inverse_root, root, d);
    }
}

/* x ← (I + A)^−1 x for the n × n lower triangle of A (row-major). */
static void solve_system(float *a, float *x, uint32_t n) {
    const int size = (int)n;
    int info = 0;
    for (uint32_t i = 0; i < n; i++) {
        a[(size_t)i * n + i] += 1;
    }
    spotrf_("U", &size, a, &size, &info);
    cblas_strsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, size, a, size, x, 1);
    cblas_strsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, size, a, size, x, 1);
}

static void solve_short(float *out, work *w, const gx__ials_side *fixed, const entries *e,
                        float unit) {
    const int m = (int)e->count, d = (int)fixed->d;
    gather(w, fixed, e, 0, (uint32_t)m, unit);
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, m, d, 1, w->s, d, 0, w->system, m);
    solve_system(w->system, w->target, (uint32_t)m);
    cblas_sgemv(CblasRowMajor, CblasTrans, m, d, 1, w->s, d, w->target, 1, 0, out, 1);
}

static void solve_long(float *out, work *w, const gx__ials_side *fixed, const entries *e,
                       float unit) {
    const int d = (int)fixed->d;
    const uint32_t chunk = chunk_rows(fixed->d);
    for (uint64_t first = 0; first < e->count; first += chunk) {
        const uint64_t left = e->count - first;
        const int m = (int)(left < chunk ? left : chunk);
        const float add = first == 0 ? 0 : 1;
        gather(w, fixed, e, first, (uint32_t)m, unit);
        cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, d, m, 1, w->s, d, add, w->system, d);
        cblas_sgemv(CblasRowMajor, CblasTrans, m, d, 1, w->s, d, w->target, 1, add, out, 1);
    }
    solve_system(w->system, out, fixed->d);
}

static void solve_row(float *out, work *w, const gx__ials_side *fixed, const entries *e,
                      const gx__ials_loss *loss) {
    double total = 0;
    bool wanted = false;
    for (uint64_t k = 0; k < e->count; k++) {
        const double value = e->value ? (double)e->value[k] / loss->unit : 1;
        total += fabs(value);
        wanted |= value > 0;
    }
    memset(out, 0, fixed->d * sizeof *out);
    if (!wanted) {
        return; /* nothing pulls the row away from zero */
    }
    const float lambda = (float)gx__ials_lambda(loss, total, fixed->n);
    for (uint32_t j = 0; j < fixed->d; j++) {
        w->inverse_root[j] = 1 / sqrtf((float)loss->unobserved * fixed->gram[j] + lambda);
    }
    if (e->count <= fixed->d) {
        solve_short(out, w, fixed, e, (float)loss->unit);
    } else {
        solve_long(out, w, fixed, e, (float)loss->unit);
    }
    for (uint32_t j = 0; j < fixed->d; j++) {
        out[j] *= w->inverse_root[j];
    }
}

gx_status gx__ials_half_step(float *out, const gx_matrix *matrix, const gx__ials_side *fixed,
                             const gx__ials_loss *loss, gx_job *job, gx_error *err) {
    float *floats;
    const size_t each = work_floats(fixed->d);
    gx_status status = gx_job_alloc(job, &floats, (size_t)job->threads * each, sizeof *floats, err);
    if (status != GX_OK) {
        return status;
    }
    const int before = gx__blas_enter();
    const uint32_t rows = matrix->rows;
#pragma omp parallel for schedule(dynamic, ROWS_A_TURN) num_threads(job->threads)
    for (uint32_t r = 0; r < rows; r++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        work w = work_at(floats + (size_t)gx__worker() * each, fixed->d);
        const uint64_t from = matrix->ptr[r];
        const entries e = {.col = matrix->col + from,
                           .value = matrix->value ? matrix->value + from : NULL,
                           .count = matrix->ptr[r + 1] - from};
        solve_row(out + (size_t)r * fixed->d, &w, fixed, &e, loss);
    }
    gx__blas_leave(before);
    gx_job_free(job, floats);
    return gx_job_check(job, err);
}
