/* HITS: an authority is followed by good hubs, a hub follows good authorities:
 *
 *     a ∝ Aᵀ h,  h ∝ A a,  so a is the leading eigenvector of Aᵀ A
 *
 * (Kleinberg, Authoritative sources in a hyperlinked environment, 1999, section 3). Found by
 * Lanczos' method, whose product is a pull over out-arcs and then one over in-arcs; it begins at
 * the weight of in-arcs, so that where several parts of the graph share the largest value, each has
 * its part of the result. The largest score of each kind is 1; where no tie has weight, everybody's
 * is. O(n + m) a product, 104 bytes a member.
 */
#include "engine/kernel/leading.h"
#include "engine/kernel/neighbours.h"

#include <math.h>

static const gx_param params[] = {
    GX__PARAM_BOOL("weighted", "true", "ties count by their weight"),
    GX__PARAM_BOOL("directed", "true",
                   "ties count the way they point; else either way, where hubs and "
                   "authorities are the same"),
    GX__PARAM_TOLERANCE("1e-9", "stop when the residual is at most this"),
    GX__PARAM_STEPS("10000", "residual"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "as an authority; the largest is 1"},
    {"hub", GX_F64, GX_LEN_USERS, "as a hub; the largest is 1"},
    {"value", GX_F64, GX_LEN_OTHER, "one number: the largest eigenvalue"},
    {"residual", GX_F64, GX_LEN_OTHER, "one number: |Aᵀ A a - value a| / (value |a|)"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    const gx_graph *g = gx__graph_by(input, args);
    const gx__degrees degrees = gx__degrees_of(g, input->users);
    const double sweep_s = gx__sweep_seconds(&degrees, gx__weighs(g, args));
    out->mem_bytes = gx__leading_bytes(input->users) + gx__sweep_bytes(input->users) +
                     16 * (uint64_t)input->users + 192;
    double products = gx__gram_steps(g, input->users, gx_arg_real(args, "tolerance"));
    out->cpu_s = products * (2 * sweep_s + gx__leading_seconds(&degrees)) + 1e-6;
}

static gx_status find(gx__leading *found, double *authority, gx__gram *p, const gx_args *args,
                      gx_error *err) {
    uint32_t n = p->sweep->n;
    gx__operator matrix = gx__gram_operator(p);
    gx__row_strengths(authority, &p->in, n, p->sweep->job);
    gx_status status =
        gx__leading_find(found, authority, &matrix, p->sweep, gx_arg_real(args, "tolerance"),
                         (uint32_t)gx_arg_int(args, "max_iterations"), err);
    if (status != GX_OK) {
        return status;
    }
    double most = found->value > 0 ? gx__gram_hubs(p, authority) : 0;
    for (uint32_t v = 0; v < n; v++) {
        authority[v] = found->value > 0 ? authority[v] : 1;
        p->hub[v] = most > 0 ? p->hub[v] / most : 1;
    }
    return gx_job_check(p->sweep->job, err);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *authority, *value, *residual;
    gx__leading found = {0};
    gx__sweep sweep = {0};
    const gx_graph *g = gx__graph_by(input, args);
    bool weighted = gx_arg_bool(args, "weighted");
    gx__gram p = {.in = gx__rows_weighed(gx__rows_in(g), weighted),
                  .out = gx__rows_weighed(gx__rows_out(g), weighted),
                  .sweep = &sweep};
    GX_TRY(gx__scores_add(&authority, out, input, err));
    GX_TRY(gx_output_add(&p.hub, out, "hub", GX_F64, input->users, 0, err));
    GX_TRY(gx_output_add(&value, out, "value", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&residual, out, "residual", GX_F64, 1, 0, err));
    GX_TRY(gx__sweep_init(&sweep, input->users, g->m, job, err));
    gx_job_stage(job, "hits", 0);
    GX_TRY(find(&found, authority, &p, args, err));
    *value = found.value;
    *residual = found.residual;
done:
    gx__sweep_finish(&sweep);
    return status;
}

/* Aᵀ h is along a, and A a along h. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    uint32_t n = input->users;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const double *hub = gx_result_get(result, instance, "hub", GX_F64, n);
    const double *value = gx_result_get(result, instance, "value", GX_F64, 1);
    const double *said = gx_result_get(result, instance, "residual", GX_F64, 1);
    if (status != GX_OK || !hub || !value || !said || *value == 0) {
        return status;
    }
    gx__rows_view in =
        gx__rows_weighed(gx__rows_in(gx__graph_by(input, args)), gx_arg_bool(args, "weighted"));
    double along = 0, length = 0, whole = 0;
    for (uint32_t v = 0; v < n; v++) {
        double flow = gx__pull(&in, hub, v);
        along += flow * score[v];
        length += score[v] * score[v];
        whole += flow * flow;
    }
    double apart = sqrt(fmax(0, 1 - along / length * along / whole)); /* the sine between them */
    if (!(apart <= 1e-6 + *said)) {
        return gx_fail(err, GX_INTERNAL, "%s.score is off what its hubs give by %g, and says %g",
                       instance, apart, *said);
    }
    return GX_OK;
}

const gx_pass gx_pass_hits = {
    .name = "hits",
    .kind = GX_KIND_CENTRALITY,
    .summary = "authorities, whom good hubs follow, and hubs, who follow good authorities",
    .paper = "Kleinberg: Authoritative sources in a hyperlinked environment, 1999, section 3",
    .complexity = "O(n + m) a product, some 15 products; 104 bytes a member",
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
