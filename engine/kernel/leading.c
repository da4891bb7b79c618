/* Thick-restart Lanczos: see the header.
 *
 * The basis V holds up to BASIS vectors besides the one at hand. They are kept unscaled, each with
 * the factor that makes its length 1, since that factor is known only after the pass that makes the
 * vector. A step is two passes over the members: the product, with its inner products with all of V
 * while the block is in the cache, and the subtraction of those parts, with the length of what is
 * left. When V is full it is replaced by its KEPT best Ritz vectors, and goes on from there. */
#include "engine/kernel/leading.h"

#include <assert.h>
#include <math.h>

enum { BASIS = 10, KEPT = 4, WIDTH = BASIS + 1 };

static_assert((int)WIDTH <= (int)GX__SWEEP_SUMS, "an inner product a vector");

typedef struct lanczos {
    const gx__operator *matrix;
    const gx__sweep *sweep;
    double *v[WIDTH];    /* v[at] is the one at hand, v[at + 1] what its product becomes */
    double scale[WIDTH]; /* 1 / length */
    int at;
    double h[WIDTH];         /* parts of the product along v[0..at], for the second pass */
    double t[WIDTH * BASIS]; /* the matrix in the basis, row-major, stride BASIS */
    double value[BASIS], ritz[BASIS * BASIS];
    double *x;
} lanczos;

/* ---- a small dense problem ------------------------------------------------------------------- */

static void rotate(double *a, double *vector, int k, int stride, int p, int q) {
    double apq = a[p * stride + q];
    if (apq == 0) {
        return;
    }
    double theta = (a[q * stride + q] - a[p * stride + p]) / (2 * apq);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int i = 0; i < k; i++) {
        double x = a[i * stride + p], y = a[i * stride + q];
        a[i * stride + p] = c * x - s * y;
        a[i * stride + q] = s * x + c * y;
    }
    for (int i = 0; i < k; i++) {
        double x = a[p * stride + i], y = a[q * stride + i];
        a[p * stride + i] = c * x - s * y;
        a[q * stride + i] = s * x + c * y;
    }
    for (int i = 0; i < k; i++) {
        double x = vector[i * stride + p], y = vector[i * stride + q];
        vector[i * stride + p] = c * x - s * y;
        vector[i * stride + q] = s * x + c * y;
    }
}

void gx__eigen_small(double *value, double *vector, double *a, int k, int stride) {
    for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) {
            vector[i * stride + j] = i == j;
        }
    }
    for (int round = 0; round < 30; round++) {
        double off = 0, all = 0;
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < k; j++) {
                double square = a[i * stride + j] * a[i * stride + j];
                all += square;
                off += i == j ? 0 : square;
            }
        }
        if (off <= 1e-32 * all) {
            break;
        }
        for (int p = 0; p < k; p++) {
            for (int q = p + 1; q < k; q++) {
                rotate(a, vector, k, stride, p, q);
            }
        }
    }
    for (int j = 0; j < k; j++) {
        value[j] = a[j * stride + j];
    }
    for (int j = 0; j < k; j++) { /* by falling value */
        int best = j;
        for (int i = j + 1; i < k; i++) {
            best = value[i] > value[best] ? i : best;
        }
        double swap = value[j];
        value[j] = value[best];
        value[best] = swap;
        for (int i = 0; i < k; i++) {
            swap = vector[i * stride + j];
            vector[i * stride + j] = vector[i * stride + best];
            vector[i * stride + best] = swap;
        }
    }
}

/* ---- passes over the members ----------------------------------------------------------------- */

static void length_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const double *x = user;
    for (uint32_t i = first; i < end; i++) {
        sums->of[0] += x[i] * x[i];
    }
}

static double dot(const double *a, const double *b, uint32_t first, uint32_t end) {
    double even = 0, odd = 0;
    uint32_t i = first;
    for (; i + 1 < end; i += 2) {
        even += a[i] * b[i];
        odd += a[i + 1] * b[i + 1];
    }
    return even + odd + (i < end ? a[i] * b[i] : 0);
}

static void product_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    lanczos *l = user;
    double *w = l->v[l->at + 1];
    l->matrix->apply(l->matrix->user, w, l->v[l->at], first, end);
    for (int j = 0; j <= l->at; j++) {
        sums->of[j] = dot(l->v[j], w, first, end);
    }
}

/* Of the scaled product, what is not along the basis, and its length. */
static void subtract_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    lanczos *l = user;
    double *w = l->v[l->at + 1], scale = l->scale[l->at];
    for (uint32_t i = first; i < end; i++) {
        w[i] *= scale;
    }
    for (int j = 0; j <= l->at; j++) {
        const double *v = l->v[j];
        double part = l->h[j] * l->scale[j];
        for (uint32_t i = first; i < end; i++) {
            w[i] -= part * v[i];
        }
    }
    sums->of[0] = dot(w, w, first, end);
}

/* Replaces v[0 .. KEPT) by Ritz vectors; their lengths are 1. */
static void restart_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    lanczos *l = user;
    (void)sums;
    for (uint32_t i = first; i < end; i++) {
        double fresh[KEPT] = {0};
        for (int j = 0; j < BASIS; j++) {
            double x = l->v[j][i] * l->scale[j];
            for (int k = 0; k < KEPT; k++) {
                fresh[k] += l->ritz[j * BASIS + k] * x;
            }
        }
        for (int k = 0; k < KEPT; k++) {
            l->v[k][i] = fresh[k];
        }
    }
}

static void answer_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    lanczos *l = user;
    (void)sums;
    for (uint32_t i = first; i < end; i++) {
        double x = 0;
        for (int j = 0; j <= l->at; j++) {
            x += l->ritz[j * BASIS] * l->scale[j] * l->v[j][i];
        }
        l->x[i] = x;
    }
}

/* ---- the method ------------------------------------------------------------------------------ */

/* A product with the vector at hand; the length of what is new in it. */
static double step(lanczos *l) {
    if (l->matrix->before) {
        l->matrix->before(l->matrix->user, l->v[l->at]);
    }
    gx__sums sums = gx__sweep_run(l->sweep, product_block, l);
    for (int j = 0; j <= l->at; j++) {
        l->h[j] = sums.of[j] * l->scale[j] * l->scale[l->at];
        l->t[j * BASIS + l->at] = l->t[l->at * BASIS + j] = l->h[j];
    }
    return sqrt(gx__sweep_run(l->sweep, subtract_block, l).of[0]);
}

static void solve_small(lanczos *l) {
    double a[BASIS * BASIS];
    memcpy(a, l->t, sizeof a);
    gx__eigen_small(l->value, l->ritz, a, l->at + 1, BASIS);
}

/* The basis is full: its best part and the newest vector are a basis again. */
static void restart(lanczos *l) {
    gx__sweep_run(l->sweep, restart_block, l);
    double *newest = l->v[BASIS];
    l->v[BASIS] = l->v[KEPT];
    l->v[KEPT] = newest;
    l->scale[KEPT] = l->scale[BASIS];
    memset(l->t, 0, sizeof l->t);
    for (int k = 0; k < KEPT; k++) {
        l->scale[k] = 1;
        l->t[k * BASIS + k] = l->value[k];
    }
    l->at = KEPT;
}

static gx_status iterate(gx__leading *out, lanczos *l, double tolerance, uint32_t most,
                         gx_error *err) {
    gx_job *job = l->sweep->job;
    for (;;) {
        double beta = step(l);
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        gx_job_tick(job, ++out->products);
        solve_small(l);
        out->value = l->value[0];
        double error = beta * fabs(l->ritz[l->at * BASIS]);
        out->residual = out->value > 0 ? error / out->value : 0;
        if (out->residual <= tolerance || beta <= 1e-15 * out->value || out->products >= most) {
            return GX_OK;
        }
        l->scale[l->at + 1] = 1 / beta;
        if (l->at + 1 == BASIS) {
            restart(l);
        } else {
            l->at++;
        }
    }
}

void gx__leading_normalise(double *x, uint32_t n) {
    double most = 0;
    for (uint32_t v = 0; v < n; v++) {
        most = fabs(x[v]) > fabs(most) ? x[v] : most;
    }
    for (uint32_t v = 0; v < n; v++) {
        x[v] = x[v] / most;
        x[v] = x[v] < 1e-14 ? 0 : x[v];
    }
}

gx_status gx__leading_find(gx__leading *out, double *in_out_x, const gx__operator *matrix,
                           const gx__sweep *sweep, double tolerance, uint32_t most, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = sweep->job;
    lanczos l = {.matrix = matrix, .sweep = sweep, .x = in_out_x};
    *out = (gx__leading){0};
    double length = sqrt(gx__sweep_run(sweep, length_block, in_out_x).of[0]);
    if (!(length > 0)) {
        return gx_job_check(job, err);
    }
    for (int j = 0; j < WIDTH; j++) {
        GX_TRY(gx_job_alloc(job, &l.v[j], sweep->n, sizeof *l.v[j], err));
    }
    memcpy(l.v[0], in_out_x, sweep->n * sizeof *in_out_x);
    l.scale[0] = 1 / length;
    GX_TRY(iterate(out, &l, tolerance, most, err));
    if (out->value > 0) {
        gx__sweep_run(sweep, answer_block, &l);
        GX_TRY(gx_job_check(job, err));
        gx__leading_normalise(in_out_x, sweep->n);
    }
done:
    for (int j = 0; j < WIDTH; j++) {
        gx_job_free(job, l.v[j]);
    }
    return status;
}

uint64_t gx__leading_bytes(uint32_t n) {
    return (uint64_t)WIDTH * n * sizeof(double);
}

/* Every vector of the basis is read, and of those that a cache does not hold, twice. */
double gx__leading_seconds(const gx__degrees *degrees) {
    return gx__reads_seconds(degrees, degrees->n, 88, (gx__pace){0, 1, 20, 8});
}
