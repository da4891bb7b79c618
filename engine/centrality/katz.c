/* Katz: walks of any length that end at a member, each tie further away counting alpha times less:
 *
 *     x = 1 + α Aᵀ x = Σ (α Aᵀ)ᵏ 1
 *
 * (Katz, A new status index derived from sociometric analysis, 1953, equation 1; with the walk of
 * length 0 counted, so that nobody is at 0). It exists for α below 1 / λ, the largest eigenvalue of
 * A. Unless it is given, α is 0.85 / σ, the largest singular value: that is λ where ties go both
 * ways, and never below it, and where ties hardly run in circles it keeps long chains from
 * outweighing everything, as no part of λ does.
 *
 * Terms are added one at a time. With δ the next one and x their sum so far, α Aᵀ x = x − 1 + δ ≤ ρ
 * x for ρ = max (1 − (1 − δ) / x), and δ ≤ c x for c = max δ / x, so where ρ < 1 all that is
 * missing from any x is at most c / (1 − ρ) of it: iteration stops when that is within the
 * tolerance, and the bound is given. O(n + m) a term, 104 bytes a member with the search for σ, 24
 * without.
 */
#include "engine/kernel/leading.h"
#include "engine/kernel/neighbours.h"

#include <float.h>
#include <math.h>

static const double PART = 0.85, ENDLESS = 1e100;

static const gx_param params[] = {
    {.name = "alpha",
     .type = GX_PARAM_REAL,
     .fallback = "0",
     .low = 0,
     .high = 1e40,
     .help = "what a tie further away counts; below 1 / the largest eigenvalue. 0: 0.85 / the "
             "largest singular value"},
    GX__PARAM_BOOL("weighted", "true", "ties count by their weight"),
    GX__PARAM_BOOL("directed", "true", "walks go the way ties point, or either way"),
    GX__PARAM_TOLERANCE("1e-9", "stop when the error of every score is at most this share of it"),
    GX__PARAM_STEPS("10000", "bound given"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "walks that end here, each by its length; 1 or more"},
    {"alpha", GX_F64, GX_LEN_OTHER, "one number: what a tie further away counted"},
    {"bound", GX_F64, GX_LEN_OTHER,
     "one number: the error of every score is at most this share of it"},
};

static gx__rows_view rows_of(const gx_graph *graph, const gx_args *args) {
    return gx__rows_weighed(gx__rows_in(graph), gx_arg_bool(args, "weighted"));
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    const gx_graph *g = gx__graph_by(input, args);
    const gx__degrees degrees = gx__degrees_of(g, input->users);
    const double sweep_s = gx__sweep_seconds(&degrees, gx__weighs(g, args)), n = input->users;
    uint64_t search = 0, terms = 16 * (uint64_t)input->users;
    double tolerance = gx_arg_real(args, "tolerance"), steps, products = 0;
    const double alpha = gx_arg_real(args, "alpha");
    if (alpha == 0) {
        search = gx__leading_bytes(input->users) + 8 * (uint64_t)input->users;
        /* Where ties go both ways a term is PART of the one before in the end; elsewhere what the
         * largest eigenvalue is of the largest singular one, a third or so. */
        bool both_ways = !gx_arg_bool(args, "directed") || !g || !g->directed ||
                         (g->in_ptr && g->in_ptr == g->out_ptr);
        steps = log(tolerance * (1 - PART)) / log(both_ways ? PART : PART / 3);
        products = gx__gram_steps(g, input->users, 1e-9);
    } else { /* each term is the one before by alpha and the largest eigenvalue, about */
        const double value = degrees.arcs > 0 ? degrees.square / degrees.arcs : 0;
        const double rate = alpha * fmax(value, sqrt(degrees.most));
        steps = 1.5 + log(tolerance) / log(fmin(fmax(rate, 1e-9), 0.97));
    }
    out->mem_bytes = (search > terms ? search : terms) + gx__sweep_bytes(input->users) +
                     8 * (uint64_t)input->users + 192;
    out->cpu_s = (steps + 2 * products) * sweep_s + products * gx__leading_seconds(&degrees) +
                 8e-9 * n + 1e-6;
}

/* ---- how much a tie counts ------------------------------------------------------------------- */

/* `x` is scratch. */
static gx_status choose_alpha(double *out, double *x, const gx_graph *graph, const gx__sweep *sweep,
                              const gx_args *args, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = sweep->job;
    gx__leading found = {0};
    gx__gram gram = {.in = rows_of(graph, args), .sweep = sweep};
    gram.out = gx__rows_weighed(gx__rows_out(graph), gram.in.weight != NULL);
    gx_job_stage(job, "katz: largest singular value", 0);
    gx__row_strengths(x, &gram.in, graph->n, job);
    GX_TRY(gx_job_alloc(job, &gram.hub, graph->n, sizeof *gram.hub, err));
    gx__operator matrix = gx__gram_operator(&gram);
    GX_TRY(gx__leading_find(&found, x, &matrix, sweep, 1e-9, 3000, err));
    *out = found.value > 0 ? PART / sqrt(found.value) : PART;
done:
    gx_job_free(job, gram.hub);
    return status;
}

/* ---- the sum --------------------------------------------------------------------------------- */

enum { TERM, RATIO, REST };

typedef struct series {
    gx__rows_view rows;
    double alpha, *score, *term, *fresh;
} series;

static void begin_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    series *s = user;
    (void)sums;
    for (uint32_t v = first; v < end; v++) {
        s->score[v] = s->term[v] = 1;
    }
}

static void term_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    series *s = user;
    double sum = 0, ratio = 0, rest = 0;
    for (uint32_t v = first; v < end; v++) {
        double term = s->alpha * gx__pull(&s->rows, s->term, v), x = s->score[v];
        s->fresh[v] = term;
        ratio = fmax(ratio, term / x);
        rest = fmax(rest, 1 - (1 - term) / x);
        s->score[v] = x + term;
        sum += term;
    }
    sums->of[TERM] = sum;
    sums->most[0] = ratio;
    sums->most[1] = rest;
}

static gx_status add_terms(double *bound, series *s, const gx__sweep *sweep, const gx_args *args,
                           gx_error *err) {
    gx_job *job = sweep->job;
    double tolerance = gx_arg_real(args, "tolerance"), before = sweep->n;
    uint64_t most = (uint64_t)gx_arg_int(args, "max_iterations");
    *bound = sweep->n ? (double)FLT_MAX : 0;
    gx_job_stage(job, "katz", most);
    gx__sweep_run(sweep, begin_block, s);
    for (uint64_t k = 0; k < most && *bound > tolerance; k++) {
        gx__sums sums = gx__sweep_run(sweep, term_block, s);
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        if (!(sums.of[TERM] < ENDLESS)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "alpha",
                              "alpha is %g; it must be below 1 / the largest eigenvalue, about %g "
                              "here",
                              s->alpha, s->alpha * before / sums.of[TERM]);
        }
        /* The bound is for the sum before this term: for what follows, the term is in it. */
        *bound = sums.most[1] < 1 ? fmin(sums.most[0] / (1 - sums.most[1]), *bound) : *bound;
        before = sums.of[TERM];
        double *fresh = s->fresh;
        s->fresh = s->term;
        s->term = fresh;
        gx_job_tick(job, k + 1);
    }
    return GX_OK;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx_graph *graph = gx__graph_by(input, args);
    series s = {.rows = rows_of(graph, args), .alpha = gx_arg_real(args, "alpha")};
    double *alpha, *bound;
    gx__sweep sweep = {0};
    GX_TRY(gx__scores_add(&s.score, out, input, err));
    GX_TRY(gx_output_add(&alpha, out, "alpha", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&bound, out, "bound", GX_F64, 1, 0, err));
    GX_TRY(gx__sweep_init(&sweep, graph->n, graph->m, job, err));
    if (s.alpha == 0) {
        GX_TRY(choose_alpha(&s.alpha, s.score, graph, &sweep, args, err));
    }
    GX_TRY(gx_job_alloc(job, &s.term, graph->n, sizeof *s.term, err));
    GX_TRY(gx_job_alloc(job, &s.fresh, graph->n, sizeof *s.fresh, err));
    GX_TRY(add_terms(bound, &s, &sweep, args, err));
    *alpha = s.alpha;
done:
    gx_job_free(job, s.term);
    gx_job_free(job, s.fresh);
    gx__sweep_finish(&sweep);
    return status;
}

/* x − α Aᵀ x is 1, but for the bound. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const double *alpha = gx_result_get(result, instance, "alpha", GX_F64, 1);
    const double *bound = gx_result_get(result, instance, "bound", GX_F64, 1);
    if (status != GX_OK || !alpha || !bound) {
        return status;
    }
    const gx_graph *graph = gx__graph_by(input, args);
    gx__rows_view rows = rows_of(graph, args);
    for (uint32_t v = 0; v < graph->n; v++) {
        double gap = score[v] - 1 - *alpha * gx__pull(&rows, score, v);
        if (!(fabs(gap) <= (*bound + 1e-12) * score[v])) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is off by %g of %g", instance,
                           v, gap, score[v]);
        }
    }
    return GX_OK;
}

const gx_pass gx_pass_katz = {
    .name = "katz",
    .kind = GX_KIND_CENTRALITY,
    .summary = "walks that end at a member, long ones counting less",
    .paper = "Katz: A new status index derived from sociometric analysis, 1953, eq. 1",
    .complexity = "O(n + m) a term, some 150 terms; 104 bytes a member",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_ties,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
