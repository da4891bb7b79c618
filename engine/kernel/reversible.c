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
 * It begins at y = c W, where a walk that never starts again ends, with c such that y has the
 * length of the answer. P leaves c W as it is, so the residual W r = (1 − d) (start − c W) costs no
 * product, and sums to 0, as do all that follow: every y has the answer's length, which is known.
 * The last step is one of plain iteration, y + W r, which costs no product either. ‖y − answer‖₁ is
 * at most ‖W r‖₁ / (1 − d), since ‖(I − d P)⁻¹‖₁ ≤ 1 / (1 − d), and that step makes it d of it: the
 * residual proves the bound. O(n + m) a product, 24 bytes a member besides the walk's own. */
#include "engine/kernel/walk.h"

#include <float.h>
#include <math.h>

enum { GAMMA, DELTA, SIZE, WEIGHT, TIED, LONE, CUT };

/* What rounding adds to Σ |W r| in a step, in units of DBL_EPSILON and of the length of y: u and r
 * are each rounded twice, and I − d P makes at most twice as much of what is lost of u. */
enum { ROUNDING = 6 };

typedef struct solver {
    gx__walk *walk;
    double *u, *r, *inverse;          /* the walk's own arrays; inverse is of W */
    double *product, *along, *onward; /* W (I − d P) r; the direction; its product */
    double alpha, beta;
    double level;  /* c */
    double length; /* of y: Σ y */
} solver;

static void weigh_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const solver *s = user;
    for (uint32_t v = first; v < end; v++) {
        bool tied = s->inverse[v] > 0;
        sums->of[WEIGHT] += tied ? 1 / s->inverse[v] : 0;
        sums->of[tied ? TIED : LONE] += gx__walk_start(s->walk, v);
    }
}

static void begin_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    double rest = 1 - s->walk->damping, size = 0;
    for (uint32_t v = first; v < end; v++) {
        double inverse = s->inverse[v];
        double residual =
            inverse > 0 ? rest * (gx__walk_start(s->walk, v) - s->level / inverse) : 0;
        s->u[v] = inverse > 0 ? s->level : 0;
        s->r[v] = residual * inverse;
        size += fabs(residual);
    }
    sums->of[SIZE] = size;
}

static void product_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    const gx__rows_view *in = &s->walk->in;
    const double *r = s->r, *inverse = s->inverse;
    double damping = s->walk->damping, gamma = 0, delta = 0;
    for (uint32_t v = first; v < end; v++) {
        double whole = inverse[v] > 0 ? r[v] / inverse[v] : 0; /* W r */
        double product = whole - damping * gx__pull(in, r, v);
        s->product[v] = product;
        gamma += whole * r[v];
        delta += product * r[v];
    }
    sums->of[GAMMA] = gamma;
    sums->of[DELTA] = delta;
}

static void update_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    solver *s = user;
    double alpha = s->alpha, beta = s->beta, size = 0;
    for (uint32_t v = first; v < end; v++) {
        double inverse = s->inverse[v];
        s->along[v] = s->r[v] + beta * s->along[v];
        s->onward[v] = s->product[v] + beta * s->onward[v];
        s->u[v] += alpha * s->along[v];
        s->r[v] -= alpha * s->onward[v] * inverse;
        size += inverse > 0 ? fabs(s->r[v]) / inverse : 0;
    }
    sums->of[SIZE] = size;
}

/* The score out of u and a last step, scaled to sum to 1. What rounding or an early end left below
 * 0 is cut. */
static void answer_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const solver *s = user;
    const gx__walk *w = s->walk;
    double rest = 1 - w->damping, cut = 0;
    for (uint32_t v = first; v < end; v++) {
        double inverse = s->inverse[v];
        double y = inverse > 0 ? (s->u[v] + s->r[v]) / inverse : rest * gx__walk_start(w, v);
        w->score[v] = fmax(y, 0) / s->length;
        cut += fmax(-y, 0);
    }
    sums->of[CUT] = cut;
}

/* Until Σ |W r| is at most `enough`; *size is what it is at the end. */
static gx_status iterate(uint32_t *out_products, double *size, solver *s, double enough,
                         uint32_t most, gx_error *err) {
    const gx__sweep *sweep = &s->walk->sweep;
    double before = 0;
    while (*out_products < most && *size > enough) {
        gx__sums sums = gx__sweep_run(sweep, product_block, s);
        gx_status status = gx_job_check(sweep->job, err);
        if (status != GX_OK) {
            return status;
        }
        gx_job_tick(sweep->job, ++*out_products);
        if (!(sums.of[DELTA] > 0)) {
            break;
        }
        s->beta = before > 0 ? sums.of[GAMMA] / before : 0;
        s->alpha = sums.of[GAMMA] /
                   (sums.of[DELTA] - (before > 0 ? s->beta * sums.of[GAMMA] / s->alpha : 0));
        before = sums.of[GAMMA];
        *size = gx__sweep_run(sweep, update_block, s).of[SIZE];
    }
    return GX_OK;
}

uint64_t gx__walk_reversible_bytes(uint32_t n) {
    return 3 * (uint64_t)n * sizeof(double);
}

gx_status gx__walk_reversible(uint32_t *out_products, double *out_bound, gx__walk *walk,
                              double tolerance, uint32_t most, gx_error *err) {
    gx_status status = GX_OK;
    const gx__sweep *sweep = &walk->sweep;
    gx_job *job = sweep->job;
    double d = walk->damping, rest = 1 - d;
    solver s = {.walk = walk, .u = walk->share[0], .r = walk->share[1], .inverse = walk->inverse};
    *out_products = 0;
    gx__sums all = gx__sweep_run(sweep, weigh_block, &s);
    s.level = all.of[WEIGHT] > 0 ? all.of[TIED] / all.of[WEIGHT] : 0;
    s.length = all.of[TIED] + rest * all.of[LONE];
    GX_TRY(gx_job_alloc(job, &s.product, sweep->n, sizeof *s.product, err));
    GX_TRY(gx_job_alloc(job, &s.along, sweep->n, sizeof *s.along, err));
    GX_TRY(gx_job_alloc(job, &s.onward, sweep->n, sizeof *s.onward, err));
    double size = gx__sweep_run(sweep, begin_block, &s).of[SIZE];
    GX_TRY(gx_job_check(job, err));
    GX_TRY(iterate(out_products, &size, &s, tolerance * rest / d * s.length, most, err));
    double cut = gx__sweep_run(sweep, answer_block, &s).of[CUT];
    GX_TRY(gx_job_check(job, err));
    *out_bound = (size * d / rest + cut) / s.length + ROUNDING * DBL_EPSILON * *out_products / rest;
done:
    gx_job_free(job, s.product);
    gx_job_free(job, s.along);
    gx_job_free(job, s.onward);
    return status;
}
