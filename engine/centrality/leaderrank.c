/* LeaderRank: PageRank without a parameter. A ground member is tied to everybody both ways, and a
 * walker follows ties at random; what the ground has at the end is shared among all (Lü, Zhang,
 * Yeung, Zhou: Leaders in social networks, the Delicious case, 2011, equations 1 and 2). So a
 * member with few ties out restarts often and one with many hardly ever.
 *
 * The ground is taken out of the walk: of a member with ties of weight W the share g / (W + g) goes
 * through the ground to everybody alike, which has the same fixed point and does not swing between
 * the ground and the rest. A tie to the ground weighs as much as the mean tie (1 where there are no
 * weights, as in the paper). Scores sum to the number of members: 1 is the mean.
 *
 * A step shrinks the L1 error by at least W / (W + g) with the largest W, so after a step of length
 * s the error is at most s · W / g: iteration stops when that is within the tolerance, and the
 * bound is given. It begins at the weight of ties in, which is the answer where ties go both ways;
 * elsewhere far fewer steps are taken than the bound would allow, since real graphs mix. O(n + m) a
 * step, 32 bytes a member.
 */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/walk.h"

#include <math.h>

enum { LOOK = 1 << 20 }; /* ties between two looks at whether to stop */

static const gx_param params[] = {
    GX__PARAM_BOOL("weighted", "true", "follow ties in proportion to their weights"),
    GX__PARAM_BOOL("directed", "true", "follow ties the way they point; else either way"),
    GX__PARAM_TOLERANCE(
        "1e-8", "stop when the error of all scores together is at most this share of their sum"),
    GX__PARAM_STEPS("10000", "bound given"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "time of the walker; the mean is 1"},
    {"bound", GX_F64, GX_LEN_OTHER,
     "one number: the error of all scores together is at most this share of their sum"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    const gx_graph *g = gx__graph_by(input, args);
    const gx__degrees degrees = gx__degrees_of(g, input->users);
    double digits = -log(gx_arg_real(args, "tolerance"));
    double steps =
        !gx_arg_bool(args, "directed") || gx__may_be_reversible(g) ? 2 : 2 + 1.15 * digits;
    out->mem_bytes = (uint64_t)input->users * sizeof(double) + gx__walk_bytes(input->users) + 64;
    out->cpu_s = 1.15 * steps * gx__sweep_seconds(&degrees, gx__weighs(g, args)) + 1e-6;
}

/* Of the ties that weigh anything; 1 where there are none. */
static double mean_weight(const gx_graph *graph, bool weighted, gx_job *job) {
    double sum = 0;
    uint64_t count = 0;
    for (uint64_t i = 0; weighted && graph->out_weight && i < graph->m; i++) {
        if (i % LOOK == 0 && gx_job_should_stop(job)) {
            break;
        }
        sum += (double)graph->out_weight[i];
        count += graph->out_weight[i] > 0;
    }
    return count ? sum / (double)count : 1;
}

static gx_status iterate(gx__walk *w, double *bound, const gx_args *args, gx_job *job,
                         gx_error *err) {
    double tolerance = gx_arg_real(args, "tolerance");
    uint64_t most = (uint64_t)gx_arg_int(args, "max_iterations");
    gx_status status = GX_OK;
    *bound = w->sweep.n ? 2 : 0;
    gx_job_stage(job, "leaderrank", most);
    for (uint64_t k = 0; k < most && *bound > tolerance; k++) {
        double length = gx__walk_step(w);
        GX_TRY(gx_job_check(job, err));
        *bound = fmin(2, length * w->strongest / w->ground);
        gx_job_tick(job, k + 1);
    }
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    bool weighted = gx_arg_bool(args, "weighted");
    const gx_graph *g = gx__graph_by(input, args);
    uint32_t n = input->users;
    gx__walk w = {.damping = 1, .ground = mean_weight(g, weighted, job)};
    double *bound;
    GX_TRY(gx__scores_add(&w.score, out, input, err));
    GX_TRY(gx_output_add(&bound, out, "bound", GX_F64, 1, 0, err));
    GX_TRY(gx__walk_begin(&w, g, weighted, job, err));
    gx__row_strengths(w.score, &w.in, n, job);
    for (uint32_t v = 0; v < n; v++) { /* where ties go both ways, this is the answer */
        w.score[v] += w.ground;
    }
    gx__walk_settle(&w);
    GX_TRY(iterate(&w, bound, args, job, err));
    double scale = n / (1 + w.leak);
    for (uint32_t v = 0; v < n; v++) {
        w.score[v] = scale * (w.score[v] + w.leak / n);
    }
done:
    gx__walk_finish(&w);
    return status;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    (void)args;
    double sum = 0, n = input->users;
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        sum += score[v];
    }
    if (status == GX_OK && fabs(sum - n) > 1e-9 * n) {
        return gx_fail(err, GX_INTERNAL, "%s.score sums to %.17g and not to %.0f", instance, sum,
                       n);
    }
    return status;
}

const gx_pass gx_pass_leaderrank = {
    .name = "leaderrank",
    .kind = GX_KIND_CENTRALITY,
    .summary = "share of a walker's time with a ground that everybody is tied to",
    .paper = "Lü, Zhang, Yeung, Zhou: Leaders in social networks, the Delicious case, 2011, "
             "eq. 1, 2",
    .complexity = "O(n + m) a step, some 30 steps; 32 bytes a member",
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
