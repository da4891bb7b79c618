/* Eigenvector centrality: a member's score is proportional to the sum of the scores of those tied
 * to it, by weight: A x = λ x for the largest λ (Bonacich, Factoring and weighting approaches to
 * status scores and clique identification, 1972).
 *
 * Over the undirected graph by Lanczos' method, which begins at the degrees: where several
 * components share the largest λ, each has its part of the result. With `directed` a member has its
 * score from those whose ties point to it, by power iteration. Scores are scaled so that the
 * largest is 1; where no tie has weight, or directed ties run in no circle, everybody's is 1.
 */
#include "engine/kernel/leading.h"
#include "engine/kernel/neighbours.h"

#include <math.h>

static const gx_param params[] = {
    GX__PARAM_BOOL("weighted", "true", "ties count by their weight"),
    GX__PARAM_BOOL("directed", "false", "score comes from those whose ties point to the member"),
    GX__PARAM_TOLERANCE("1e-9", "stop when the residual is at most this"),
    GX__PARAM_STEPS("2000", "residual"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "share in the leading eigenvector, the largest is 1"},
    {"value", GX_F64, GX_LEN_OTHER, "one number: the largest eigenvalue"},
    {"residual", GX_F64, GX_LEN_OTHER, "one number: |A x - value x| / (value |x|)"},
};

static void multiply(void *user, double *to, const double *from, uint32_t first, uint32_t end) {
    const gx__rows_view *rows = user;
    for (uint32_t v = first; v < end; v++) {
        to[v] = gx__pull(rows, from, v);
    }
}

/* Whether no tie of some members leads to one of a lower number, or none to a higher: then there
 * are no circles, and all are taken off one by one. */
static bool may_be_acyclic(const gx_graph *g) {
    enum { LOOKS = 256 };
    bool up = true, down = true;
    for (uint64_t i = 0; g && g->out_ptr && g->n > 0 && i < LOOKS && (up || down); i++) {
        const uint32_t v = (uint32_t)(gx_mix64(i) % g->n);
        const uint64_t from = g->out_ptr[v], end = g->out_ptr[v + 1];
        up = up && (from == end || g->out_dst[from] >= v);
        down = down && (from == end || g->out_dst[end - 1] <= v);
    }
    return (up || down) && g && g->out_ptr;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    bool directed = gx_arg_bool(args, "directed");
    const gx_graph *g = gx__graph_by(input, args);
    uint64_t scratch = directed ? gx__perron_bytes(input->users) : gx__leading_bytes(input->users);
    out->mem_bytes = scratch + gx__sweep_bytes(input->users) + 8 * (uint64_t)input->users + 128;
    const gx__degrees degrees = gx__degrees_of(g, input->users);
    const double tolerance = gx_arg_real(args, "tolerance");
    const double steps = directed ? 1 - log(tolerance) : gx__leading_steps(&degrees, tolerance);
    const double sweep_s = gx__sweep_seconds(&degrees, gx__weighs(g, args));
    out->cpu_s = directed && may_be_acyclic(g)
                     ? gx__ties_seconds(&degrees, 64, (gx__pace){8, 3.5, 2, 10}) + 1e-6
                     : steps * sweep_s + 1e-6;
    out->cpu_s += directed ? 0 : steps * gx__leading_seconds(&degrees);
}

static gx_status undirected(gx__leading *out, double *score, const gx_graph *g, bool weighted,
                            const gx__sweep *sweep, const gx_args *args, gx_error *err) {
    gx__rows_view rows = gx__rows_weighed(gx__rows_out(g), weighted);
    gx__operator matrix = {.apply = multiply, .user = &rows};
    gx__row_strengths(score, &rows, g->n, sweep->job);
    gx_status status = gx__leading_find(out, score, &matrix, sweep, gx_arg_real(args, "tolerance"),
                                        (uint32_t)gx_arg_int(args, "max_iterations"), err);
    for (uint32_t v = 0; status == GX_OK && out->value <= 0 && v < g->n; v++) {
        score[v] = 1;
    }
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score, *value, *residual;
    gx__leading found;
    bool directed = gx_arg_bool(args, "directed"), weighted = gx_arg_bool(args, "weighted");
    const gx_graph *g = gx__graph_by(input, args);
    gx__sweep sweep = {0};
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&value, out, "value", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&residual, out, "residual", GX_F64, 1, 0, err));
    GX_TRY(gx__sweep_init(&sweep, g->n, g->m, job, err));
    gx_job_stage(job, "eigenvector", 0);
    GX_TRY(directed
               ? gx__perron_find(&found, score, g, weighted, &sweep, gx_arg_real(args, "tolerance"),
                                 (uint32_t)gx_arg_int(args, "max_iterations"), err)
               : undirected(&found, score, g, weighted, &sweep, args, err));
    *value = found.value;
    *residual = found.residual;
done:
    gx__sweep_finish(&sweep);
    return status;
}

/* |A x − λ x| / (λ |x|) of the result. */
static double residual_of(const gx_graph *g, const gx__rows_view *rows, const double *score,
                          double value) {
    double apart = 0, length = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        double gap = gx__pull(rows, score, v) / value - score[v];
        apart += gap * gap;
        length += score[v] * score[v];
    }
    return sqrt(apart / length);
}

/* What it says of its residual is true, up to a factor for the two ways to measure it. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const double *value = gx_result_get(result, instance, "value", GX_F64, 1);
    const double *said = gx_result_get(result, instance, "residual", GX_F64, 1);
    if (status != GX_OK || !value || !said || *value == 0) {
        return status;
    }
    bool directed = gx_arg_bool(args, "directed");
    const gx_graph *g = gx__graph_by(input, args);
    gx__rows_view rows = gx__rows_weighed(directed ? gx__rows_in(g) : gx__rows_out(g),
                                          gx_arg_bool(args, "weighted"));
    double found = residual_of(g, &rows, score, *value);
    if (!(found <= 1e-9 + *said * (directed ? sqrt(g->n) : 1.01))) {
        return gx_fail(err, GX_INTERNAL, "%s.score is off an eigenvector by %g, and says %g",
                       instance, found, *said);
    }
    return GX_OK;
}

const gx_pass gx_pass_eigenvector = {
    .name = "eigenvector",
    .kind = GX_KIND_CENTRALITY,
    .summary = "tied to members who are themselves well tied",
    .paper =
        "Bonacich: Factoring and weighting approaches to status scores and clique identification, "
        "1972; Wu, Simon: Thick-restart Lanczos method, 2000",
    .complexity = "O(n + m) a product with the matrix; 96 bytes a member",
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
