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
#include "models/dense.h"

#include <math.h>

enum {
    CHUNK_ROWS = 256, /* entries gathered at once for a long row */
    ROWS_A_TURN = 16
};

/* ---- the Gramian and the rotation -------------------------------------------------------------
 */

static size_t turn_floats(uint32_t n, uint32_t d, int threads) {
    return gx__gram_floats(n, d) + gx__axes_floats(d, threads) + gx__eigen_floats(d);
}

gx_status gx__ials_rotate(gx__ials_side *side, float *other, uint32_t others, gx_job *job,
                          gx_error *err) {
    gx_status status = GX_OK;
    float *part = NULL, *room = NULL;
    const uint32_t d = side->d;
    const int before = gx__blas_enter();
    GX_TRY(gx_job_alloc(job, &part, gx__gram_floats(side->n, d), sizeof *part, err));
    GX_TRY(gx_job_alloc(job, &room, gx__axes_floats(d, job->threads), sizeof *room, err));
    gx__gram(part, side->factor, side->n, d, job);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx__eigen(part, side->gram, d, job, err));
    gx__axes(side->factor, side->factor, side->n, d, part, d, room, job);
    if (other) {
        gx__axes(other, other, others, d, part, d, room, job);
    }
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
    const uint64_t step = (uint64_t)threads * work_floats(d), turn = turn_floats(n, d, threads);
    return (step > turn ? step : turn) * sizeof(float);
}

double gx__ials_lambda(const gx__ials_loss *loss, double total, uint32_t others) {
    return loss->regularisation * pow(total + loss->unobserved * others, loss->frequency);
}

GX__CLONES static void scale_row(float *restrict out, const float *restrict in,
                                 const float *restrict by, float root, uint32_t d) {
    for (uint32_t j = 0; j < d; j++) {
        out[j] = root * in[j] * by[j];
    }
}

/* S and C^½ y of entries first … first + count − 1. */
static void gather(work *w, const gx__ials_side *fixed, const gx__ials_row *e, uint64_t first,
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

static void solve_short(float *out, work *w, const gx__ials_side *fixed, const gx__ials_row *e,
                        float unit) {
    const int m = (int)e->count, d = (int)fixed->d;
    gather(w, fixed, e, 0, (uint32_t)m, unit);
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, m, d, 1, w->s, d, 0, w->system, m);
    solve_system(w->system, w->target, (uint32_t)m);
    cblas_sgemv(CblasRowMajor, CblasTrans, m, d, 1, w->s, d, w->target, 1, 0, out, 1);
}

static void solve_long(float *out, work *w, const gx__ials_side *fixed, const gx__ials_row *e,
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

static void solve_exactly(float *out, work *w, const gx__ials_side *fixed, const gx__ials_row *e,
                          const gx__ials_loss *loss, float lambda) {
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

static void solve_row(float *out, float *floats, const gx__ials_side *fixed, const gx__ials_row *e,
                      const gx__ials_row *next, const gx__ials_loss *loss, uint32_t steps) {
    double total = e->value ? 0 : (double)e->count;
    bool wanted = !e->value && e->count > 0;
    for (uint64_t k = 0; e->value && k < e->count; k++) {
        const double value = (double)e->value[k] / loss->unit;
        total += fabs(value);
        wanted |= value > 0;
    }
    const float lambda = (float)gx__ials_lambda(loss, total, fixed->n);
    if (!wanted) { /* nothing pulls the row away from zero */
        memset(out, 0, fixed->d * sizeof *out);
    } else if (steps > 0) {
        gx__ials_approach(out, floats, fixed, e, next, loss, lambda, steps);
    } else {
        work w = work_at(floats, fixed->d);
        solve_exactly(out, &w, fixed, e, loss, lambda);
    }
}

static gx__ials_row row_of(const gx_matrix *m, uint32_t r) {
    const uint64_t from = m->ptr[r];
    return (gx__ials_row){.col = m->col + from,
                          .value = m->value ? m->value + from : NULL,
                          .count = m->ptr[r + 1] - from};
}

gx_status gx__ials_half_step(float *out, const gx_matrix *matrix, const gx__ials_side *fixed,
                             const gx__ials_loss *loss, uint32_t steps, gx_job *job,
                             gx_error *err) {
    float *floats;
    const size_t each = steps > 0 ? gx__ials_approach_floats(fixed->d) : work_floats(fixed->d);
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
        const gx__ials_row e = row_of(matrix, r), none = {0};
        const gx__ials_row next = r + 1 < rows ? row_of(matrix, r + 1) : none;
        solve_row(out + (size_t)r * fixed->d, floats + (size_t)gx__worker() * each, fixed, &e,
                  &next, loss, steps);
    }
    gx__blas_leave(before);
    gx_job_free(job, floats);
    return gx_job_check(job, err);
}
