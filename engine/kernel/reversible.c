/* The fixed point of a walk on ties without direction, by conjugate gradients.
 *
 * Up to its length the fixed point is the solution of (I − d P) y = (1 − d) start with P = A W⁻¹
 * (members who lead nowhere have their start: what they give back goes to everybody's start alike).
 * P is self-adjoint in the inner product Σ x y / W, so conjugate gradients apply, and need about
 * the square root of the steps of plain iteration. With u = W⁻¹ y, of which a product gathers, the
 * residual is W r with r = W⁻¹ (1 − d) start − u + d W⁻¹ A u. Products and updates are ordered so
 * that one step is two passes (Chronopoulos and Gear: s-step iterative methods for symmetric linear
 * systems, 1989): the product of r with both of the step's inner products, and all updates of
 * vectors.
 *
 * It begins at y = (1 − d) start + d W / Σ W, the second part being where a walk that never starts
 * again ends. O(n + m) a product, 24 bytes a member besides the walk's own. */
#include "engine/kernel/walk.h"

#include <math.h>

enum { GAMMA, DELTA, SIZE, WEIGHT };

typedef struct solver {
    gx__walk *walk;
    double *u, *r, *inverse;          /* the walk's own arrays; inverse is of W */
    double *product, *along, *onward; /* W (I − d P) r; the direction; its product */
    double alpha, beta;
    double weight; /* Σ W */
} solver;

static void weight_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const solver *s = user;
    for (uint32_t v = first; v < end; v++) {
        sums->of[WEIGHT] += s->inverse[v] > 0 ? 1 / s->inverse[v] : 0;
    }
}

static double base_of(const solver *s, uint32_t v) {
    const gx__walk *w = s->walk;
    return (1 - w->damping) * (w->start ? w->start[v] : 1.0 / w->sweep.n);
}

static void guess_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    (void)sums;
    for (uint32_t v = first; v < end; v++) {
        bool tied = s->inverse[v] > 0;
        s->u[v] = tied ? base_of(s, v) * s->inverse[v] + s->walk->damping / s->weight : 0;
    }
}

/* `product` is room for the residual meanwhile, since the pass reads u of all. */
static void residual_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    (void)sums;
    for (uint32_t v = first; v < end; v++) {
        double inverse = s->inverse[v];
        double flow = base_of(s, v) + s->walk->damping * gx__pull(&s->walk->in, s->u, v);
        s->r[v] = inverse > 0 ? flow * inverse - s->u[v] : 0;
    }
}

static void product_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    const gx__rows_view *in = &s->walk->in;
    const double *r = s->r, *inverse = s->inverse;
    double damping = s->walk->damping, gamma = 0, delta = 0, size = 0;
    for (uint32_t v = first; v < end; v++) {
        double whole = inverse[v] > 0 ? r[v] / inverse[v] : 0; /* W r */
        double product = whole - damping * gx__pull(in, r, v);
        s->product[v] = product;
        gamma += whole * r[v];
        delta += product * r[v];
        size += fabs(whole);
    }
    sums->of[GAMMA] = gamma;
    sums->of[DELTA] = delta;
    sums->of[SIZE] = size;
}

static void update_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    (void)sums;
    double alpha = s->alpha, beta = s->beta;
    for (uint32_t v = first; v < end; v++) {
        s->along[v] = s->r[v] + beta * s->along[v];
        s->onward[v] = s->product[v] + beta * s->onward[v];
        s->u[v] += alpha * s->along[v];
        s->r[v] -= alpha * s->onward[v] * s->inverse[v];
    }
}

/* y out of u. */
static void answer_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const solver *s = user;
    (void)sums;
    for (uint32_t v = first; v < end; v++) {
        double inverse = s->inverse[v];
        s->walk->score[v] = inverse > 0 ? fmax(s->u[v] / inverse, 0) : base_of(s, v);
    }
}

static gx_status iterate(uint32_t *out_products, solver *s, double length, uint32_t most,
                         gx_error *err) {
    const gx__sweep *sweep = &s->walk->sweep;
    double before = 0;
    for (*out_products = 1; *out_products < most; ++*out_products) {
        gx__sums sums = gx__sweep_run(sweep, product_block, s);
        gx_status status = gx_job_check(sweep->job, err);
        if (status != GX_OK) {
            return status;
        }
        gx_job_tick(sweep->job, *out_products);
        if (sums.of[SIZE] <= length || !(sums.of[DELTA] > 0)) {
            break;
        }
        s->beta = before > 0 ? sums.of[GAMMA] / before : 0;
        s->alpha = sums.of[GAMMA] /
                   (sums.of[DELTA] - (before > 0 ? s->beta * sums.of[GAMMA] / s->alpha : 0));
        before = sums.of[GAMMA];
        gx__sweep_run(sweep, update_block, s);
    }
    return GX_OK;
}

uint64_t gx__walk_reversible_bytes(uint32_t n) {
    return 3 * (uint64_t)n * sizeof(double);
}

gx_status gx__walk_reversible(uint32_t *out_products, gx__walk *walk, double length, uint32_t most,
                              gx_error *err) {
    gx_status status = GX_OK;
    const gx__sweep *sweep = &walk->sweep;
    gx_job *job = sweep->job;
    solver s = {.walk = walk, .u = walk->share[0], .r = walk->share[1], .inverse = walk->inverse};
    *out_products = 0;
    s.weight = gx__sweep_run(sweep, weight_block, &s).of[WEIGHT];
    if (!(s.weight > 0)) {
        return gx_job_check(job, err);
    }
    GX_TRY(gx_job_alloc(job, &s.product, sweep->n, sizeof *s.product, err));
    GX_TRY(gx_job_alloc(job, &s.along, sweep->n, sizeof *s.along, err));
    GX_TRY(gx_job_alloc(job, &s.onward, sweep->n, sizeof *s.onward, err));
    gx__sweep_run(sweep, guess_block, &s);
    gx__sweep_run(sweep, residual_block, &s);
    GX_TRY(iterate(out_products, &s, length, most, err));
    gx__sweep_run(sweep, answer_block, &s);
    gx__walk_settle(walk);
    GX_TRY(gx_job_check(job, err));
done:
    gx_job_free(job, s.product);
    gx_job_free(job, s.along);
    gx_job_free(job, s.onward);
    return status;
}
