#include "engine/influence/unsure.h"

#include <math.h>

static const double SURE = 1e6;    /* a shape of which no draw is away from 1 */
static const double AT_MOST = 0.5; /* κ of who is heeded */
static const double BEFORE = 0.5;  /* acts that the scale was held by (shrink.c) */

/* Σ E² / κ of counts S, kept as S + κ. */
static double spread_of(const double *sums, uint32_t n, double kappa) {
    double sum = 0;
    for (uint32_t v = 0; v < n; v++) {
        const double acts = sums[v] - kappa;
        sum += acts > 1 ? acts * (acts - 1) : 0;
    }
    return sum / kappa;
}

static void find_scale(gx_unsure *u, double heeding, double heeded, double acts) {
    const uint32_t n = u->graph->n;
    const double variance =
        acts + spread_of(u->heeding, n, heeding) + spread_of(u->heeded, n, heeded);
    u->scale = BEFORE + (acts > 0 ? acts * acts / variance : 0);
}

gx_status gx_unsure_make(gx_unsure *out, const gx_graph *graph, const float *shared,
                         const float *acts, const double *fit, gx_job *job, gx_error *err) {
    gx_status status;
    const size_t n = (size_t)graph->n + 1;
    const double heeding = fit[GX_FIT_HEEDING], heeded = fmin(fit[GX_FIT_HEEDED], AT_MOST);
    *out = (gx_unsure){.graph = graph, .shared = shared, .acts = acts, .pair = fit[GX_FIT_PAIR]};
    GX_TRY(gx_job_alloc(job, &out->heeding, n, sizeof *out->heeding, err));
    GX_TRY(gx_job_alloc(job, &out->heeded, n, sizeof *out->heeded, err));
    GX_TRY(gx_job_alloc(job, &out->a, n, sizeof *out->a, err));
    GX_TRY(gx_job_alloc(job, &out->b, n, sizeof *out->b, err));
    for (uint32_t v = 0; v < graph->n; v++) {
        out->heeding[v] = heeding;
        out->heeded[v] = heeded;
    }
    for (uint32_t a = 0; a < graph->n; a++) {
        for (uint64_t e = graph->out_ptr[a]; e < graph->out_ptr[a + 1]; e++) {
            out->heeding[a] += (double)acts[e];
            out->heeded[graph->out_dst[e]] += (double)acts[e];
        }
    }
    find_scale(out, heeding, heeded, fit[GX_FIT_ACTS]);
done:
    return status;
}

void gx_unsure_finish(gx_unsure *unsure, gx_job *job) {
    gx_job_free(job, unsure->heeding);
    gx_job_free(job, unsure->heeded);
    gx_job_free(job, unsure->a);
    gx_job_free(job, unsure->b);
    *unsure = (gx_unsure){0};
}

/* Marsaglia and Tsang, A simple method for generating gamma variables, ACM TOMS 2000; below 1 by a
 * shape one higher, times a power of a uniform number. */
double gx_unsure_gamma(double shape, gx_rng *rng) {
    const double up = shape < 1 ? shape + 1 : shape, d = up - 1.0 / 3, c = 1 / sqrt(9 * d);
    double x, v;
    if (!(shape < SURE)) {
        return 1;
    }
    do {
        do {
            x = gx_rng_normal(rng);
            v = 1 + c * x;
        } while (v <= 0);
        v = v * v * v;
    } while (log(1 - gx_rng_real(rng)) >= x * x / 2 + d * (1 - v + log(v)));
    const double less = shape < 1 ? pow(1 - gx_rng_real(rng), 1 / shape) : 1;
    return fmax(d * v * less / shape, 1e-12);
}

void gx_unsure_draw(float *chance, gx_unsure *u, uint64_t seed, uint32_t draw) {
    const gx_graph *g = u->graph;
    gx_rng rng = gx_rng_at(seed ^ UINT64_C(0x756e73757265), draw);
    const double scale = gx_unsure_gamma(u->scale, &rng);
    for (uint32_t v = 0; v < g->n; v++) {
        u->a[v] = gx_unsure_gamma(u->heeding[v], &rng);
        u->b[v] = gx_unsure_gamma(u->heeded[v], &rng);
    }
    for (uint32_t a = 0; a < g->n; a++) {
        for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
            const double pair = gx_unsure_gamma(u->pair + (double)u->acts[e], &rng);
            const double p = scale * (double)u->shared[e] * u->a[a] * u->b[g->out_dst[e]] * pair;
            chance[e] = (float)fmin(p, 1);
        }
    }
}
