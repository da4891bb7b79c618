#include "engine/influence/shrink.h"

#include <math.h>

const char *const gx_shape_names[GX_SHAPE_COUNT] = {"constant", "weighted", "strength", "weight"};

enum { ROUNDS = 4, FEW = 10 };

static const double ENDLESS = 1e9;

typedef struct shrinking {
    const gx_graph *graph;
    const gx__evidence *e;
    double *a, *b;           /* n: factors of those who heed, of those heeded */
    double *acts, *expected; /* n: sums */
    gx__shrunk *out;
} shrinking;

/* ---- the fallback ---------------------------------------------------------------------------- */

static double weight_of(const gx_graph *g, uint64_t arc) {
    return g->out_weight ? (double)g->out_weight[arc] : 1;
}

/* What row a's arcs are measured by. */
static double unit_of(const gx_graph *g, gx_chance_shape shape, uint32_t a) {
    double sum = 0;
    if (shape == GX_SHAPE_WEIGHTED) {
        return (double)(g->out_ptr[a + 1] - g->out_ptr[a]);
    }
    if (shape != GX_SHAPE_STRENGTH) {
        return 1;
    }
    for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
        sum += weight_of(g, i);
    }
    return sum;
}

static double shape_of(const gx_graph *g, gx_chance_shape shape, uint32_t a, uint64_t arc,
                       double unit) {
    const bool weighs = shape == GX_SHAPE_STRENGTH || shape == GX_SHAPE_WEIGHT;
    if (g->out_dst[arc] == a || unit <= 0) {
        return 0;
    }
    return (weighs ? weight_of(g, arc) : 1) / unit;
}

/* How the log bears out a shape: its scale, and the log-likelihood of the acts up to what is the
 * same for all shapes. */
static double fit_scale(double *out_scale, const shrinking *s, gx_chance_shape shape,
                        double constant) {
    const gx_graph *g = s->graph;
    double sum = 0, trials = 0, logs = 0, acts = s->e->all_acts;
    for (uint32_t a = 0; a < g->n; a++) {
        const double unit = unit_of(g, shape, a);
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            const double x = shape_of(g, shape, a, i, unit);
            sum += x;
            trials += s->e->trials[i] * x;
            if (s->e->acts[i] > 0) {
                logs += (double)s->e->acts[i] * log(x);
            }
        }
    }
    const double mean = g->m ? sum / (double)g->m : 0;
    const bool own = shape == GX_SHAPE_WEIGHTED || shape == GX_SHAPE_STRENGTH;
    const double usual = own ? 1 : mean > 0 ? constant / mean : 0;
    *out_scale = mean > 0 ? (acts + FEW * usual * mean) / (trials + FEW * mean) : usual;
    return acts * log(fmax(*out_scale, 1e-300)) + logs - *out_scale * trials;
}

static void choose_shape(shrinking *s, const gx_shrink_options *options, gx_job *job) {
    const bool free = options->shape == GX_SHAPE_AUTO;
    double best = -INFINITY;
    s->out->shape = free ? GX_SHAPE_WEIGHTED : options->shape;
    (void)fit_scale(&s->out->scale, s, s->out->shape, options->constant);
    for (int shape = 0; free && s->e->all_trials > 0 && shape < GX_SHAPE_COUNT; shape++) {
        double scale;
        if (gx_job_should_stop(job)) {
            return;
        }
        const double likely = fit_scale(&scale, s, (gx_chance_shape)shape, options->constant);
        if (likely > best) {
            best = likely;
            s->out->shape = (gx_chance_shape)shape;
            s->out->scale = scale;
        }
    }
}

/* ---- factors --------------------------------------------------------------------------------- */

/* κ of the gamma that makes counts differ as they do. */
static double moments(double excess, double square) {
    return excess > 0 && square > 0 ? fmin(square / excess, ENDLESS) : ENDLESS;
}

static double factor_of(double acts, double expected, double kappa) {
    return kappa >= ENDLESS ? 1 : (acts + kappa) / (expected + kappa);
}

/* Factors from sums of n; κ. */
static double learn_factors(double *factor, const shrinking *s) {
    double excess = 0, square = 0;
    for (uint32_t v = 0; v < s->graph->n; v++) {
        const double apart = s->acts[v] - s->expected[v];
        excess += apart * apart - s->expected[v];
        square += s->expected[v] * s->expected[v];
    }
    const double kappa = moments(excess, square);
    for (uint32_t v = 0; v < s->graph->n; v++) {
        factor[v] = factor_of(s->acts[v], s->expected[v], kappa);
    }
    return kappa;
}

/* Acts, and those expected with the factors of the other side alone, by one side of the arcs. */
static void add_sides(shrinking *s, bool heeded) {
    const gx_graph *g = s->graph;
    memset(s->acts, 0, g->n * sizeof *s->acts);
    memset(s->expected, 0, g->n * sizeof *s->expected);
    for (uint32_t a = 0; a < g->n; a++) {
        const double unit = unit_of(g, s->out->shape, a);
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            const uint32_t b = g->out_dst[i], side = heeded ? b : a;
            const double base = s->out->scale * shape_of(g, s->out->shape, a, i, unit);
            s->acts[side] += (double)s->e->acts[i];
            s->expected[side] += s->e->trials[i] * base * (heeded ? s->a[a] : s->b[b]);
        }
    }
}

static double before_pair(const shrinking *s, uint32_t a, uint64_t arc, double unit) {
    return s->out->scale * shape_of(s->graph, s->out->shape, a, arc, unit) * s->a[a] *
           s->b[s->graph->out_dst[arc]];
}

static void learn_pair(shrinking *s) {
    const gx_graph *g = s->graph;
    double excess = 0, square = 0;
    for (uint32_t a = 0; a < g->n; a++) {
        const double unit = unit_of(g, s->out->shape, a);
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            const double expected = s->e->trials[i] * before_pair(s, a, i, unit);
            const double apart = (double)s->e->acts[i] - expected;
            excess += apart * apart - expected;
            square += expected * expected;
        }
    }
    s->out->pair = moments(excess, square);
}

/* Without a prior what was seen is the chance; where nothing was, the fallback. */
static double pair_chance(const shrinking *s, uint64_t arc, double fallback) {
    const double acts = (double)s->e->acts[arc], trials = s->e->trials[arc];
    if (s->out->pair <= 0) {
        return trials > 0 ? acts / trials : fallback;
    }
    return fallback * factor_of(acts, trials * fallback, s->out->pair);
}

static void fill_chances(float *chance, const shrinking *s) {
    const gx_graph *g = s->graph;
    for (uint32_t a = 0; a < g->n; a++) {
        const double unit = unit_of(g, s->out->shape, a);
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            const double p = pair_chance(s, i, before_pair(s, a, i, unit));
            chance[i] = g->out_dst[i] == a ? 0 : (float)fmin(fmax(p, 0), 1);
        }
    }
}

/* The same for how likely members pass on, where the shape is the mean. */
static void fill_passes(float *passes, const shrinking *s, bool by_acts) {
    const gx__evidence *e = s->e;
    double all = 0, of = 0, excess = 0, square = 0;
    for (uint32_t v = 0; v < s->graph->n; v++) {
        all += (double)e->passes[v];
        of += e->chances_to_pass[v];
    }
    const double mean = of > 0 ? all / of : 1;
    for (uint32_t v = 0; v < s->graph->n; v++) {
        const double expected = mean * e->chances_to_pass[v];
        const double apart = (double)e->passes[v] - expected;
        /* Of a binomial count, not a Poisson one. */
        excess += apart * apart - expected * (1 - mean);
        square += expected * expected;
    }
    const double kappa = moments(excess, square);
    for (uint32_t v = 0; v < s->graph->n; v++) {
        const double p =
            mean * factor_of((double)e->passes[v], mean * e->chances_to_pass[v], kappa);
        passes[v] = by_acts ? 1 : (float)fmin(p, 1);
    }
}

gx_status gx__shrink(gx__shrunk *out, float *chance, float *passes, const gx_graph *graph,
                     const gx__evidence *evidence, const gx_shrink_options *options, bool by_acts,
                     gx_job *job, gx_error *err) {
    gx_status status;
    const uint32_t n = graph->n;
    shrinking s = {.graph = graph, .e = evidence, .out = out};
    *out = (gx__shrunk){.heeding = ENDLESS, .heeded = ENDLESS, .pair = options->prior};
    GX_TRY(gx_job_alloc(job, &s.a, n, sizeof *s.a, err));
    GX_TRY(gx_job_alloc(job, &s.b, n, sizeof *s.b, err));
    GX_TRY(gx_job_alloc(job, &s.acts, n, sizeof *s.acts, err));
    GX_TRY(gx_job_alloc(job, &s.expected, n, sizeof *s.expected, err));
    choose_shape(&s, options, job);
    GX_TRY(gx_job_check(job, err));
    for (uint32_t v = 0; v < n; v++) {
        s.a[v] = s.b[v] = 1;
    }
    for (int round = 0; options->prior < 0 && round < ROUNDS; round++) {
        add_sides(&s, false);
        out->heeding = learn_factors(s.a, &s);
        GX_TRY(gx_job_check(job, err));
        add_sides(&s, true);
        out->heeded = learn_factors(s.b, &s);
        GX_TRY(gx_job_check(job, err));
    }
    if (options->prior < 0) {
        learn_pair(&s);
        GX_TRY(gx_job_check(job, err));
    }
    fill_chances(chance, &s);
    fill_passes(passes, &s, by_acts);
    GX_TRY(gx_job_check(job, err));
done:
    gx_job_free(job, s.expected);
    gx_job_free(job, s.acts);
    gx_job_free(job, s.b);
    gx_job_free(job, s.a);
    return status;
}
