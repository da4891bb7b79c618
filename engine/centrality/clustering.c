/* The local clustering coefficient: the share of a member's pairs of neighbours who are tied to
 * each other (Watts and Strogatz 1998), t / (k (k − 1) / 2). With `weighted` each such pair counts
 * as much as the two ties that lead to it weigh (Barrat et al. 2004, equation 5):
 *
 *     C_i = 1 / (s_i (k_i − 1)) · Σ over triangles {i, j, h} of (w_ij + w_ih)
 *         = 1 / (s_i (k_i − 1)) · Σ over ties ij of w_ij · triangles with the tie ij
 *
 * s_i is the weight of all ties of i; equal weights give the unweighted coefficient. A member with
 * fewer than two ties, or whose ties all weigh 0, has 0. Direction and self-loops do not count.
 *
 * Time is that of counting triangles. Weights are summed by one thread in the order of the edges:
 * the same bytes at any thread count. Beyond the triangles: 8 bytes a member, with weights 8 an
 * edge.
 */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/triangles.h"

enum { BLOCK = 4096 };

static const gx_param params[] = {
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     GX_PARAM_UNCHECKED,
     .help = "count a pair of neighbours by the weight of the two ties to it"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "share of the pairs of neighbours who are tied, 0 to 1"},
    {"transitivity", GX_F64, GX_LEN_OTHER,
     "one number: share of the paths of two ties that are closed, without weights"},
    {"mean", GX_F64, GX_LEN_OTHER, "one number: mean score, of members without a pair 0"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_graph *g = input->undirected;
    uint64_t m = g ? g->m : 0;
    bool weighted = gx_arg_bool(args, "weighted") && (!g || g->out_weight);
    out->mem_bytes = gx__triangles_bytes(input->users, m, weighted, weighted, threads) +
                     sizeof(double) * ((uint64_t)input->users + 2);
    out->cpu_s = gx__triangles_cpu_s(input->users, m) * (weighted ? 1.6 : 1) + 1e-6;
}

/* Σ over the member's ties of weight · triangles, at both ends of each edge. */
static gx_status add_weights(double *score, const gx__oriented *o, const uint32_t *support,
                             gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t p = 0; p < o->n && status == GX_OK; p++) {
        double sum = 0;
        for (uint64_t i = o->ptr[p]; i < o->ptr[p + 1]; i++) {
            double part = (double)o->weight[i] * support[i];
            score[o->member[o->dst[i]]] += part;
            sum += part;
        }
        score[o->member[p]] += sum;
        if (p % BLOCK == 0) {
            status = gx_job_check(job, err);
        }
    }
    return status;
}

static double strength_of(const gx_graph *g, uint32_t v) {
    double sum = 0;
    for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
        sum += g->out_dst[i] != v ? (double)g->out_weight[i] : 0;
    }
    return sum;
}

/* Scores hold what the weighted sums came to, or nothing yet; then they are coefficients. */
static void divide(double *score, double *transitivity, double *mean, const uint64_t *count,
                   const uint32_t *member, const gx_graph *g, bool weighted, gx_job *job) {
    const gx__rows_view rows = gx__rows_out(g);
    double closed = 0, paths = 0, sum = 0;
    for (uint32_t p = 0; p < g->n; p++) {
        uint32_t v = member[p];
        if (p % BLOCK == 0 && gx_job_should_stop(job)) {
            break;
        }
        double k = (double)gx__others(&rows, v), pairs = k * (k - 1) / 2;
        double part = weighted ? score[v] : (double)count[p];
        double whole = weighted ? strength_of(g, v) * (k - 1) : pairs;
        score[v] = part > 0 ? part / whole : 0;
        closed += (double)count[p];
        paths += pairs;
        sum += score[v];
    }
    *transitivity = paths > 0 ? closed / paths : 0;
    *mean = g->n ? sum / g->n : 0;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx_graph *g = input->undirected;
    const bool weighted = gx_arg_bool(args, "weighted") && g->out_weight;
    double *score, *transitivity, *mean;
    uint64_t *count = NULL;
    uint32_t *support = NULL;
    gx__oriented oriented = {0};
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&transitivity, out, "transitivity", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&mean, out, "mean", GX_F64, 1, 0, err));
    GX_TRY(gx__orient(&oriented, g, weighted, job, err));
    GX_TRY(gx_job_alloc(job, &count, g->n, sizeof *count, err));
    if (weighted) {
        GX_TRY(gx_job_alloc(job, &support, oriented.m, sizeof *support, err));
    }
    GX_TRY(gx__triangles_count(count, support, &oriented, job, err));
    if (weighted) {
        GX_TRY(add_weights(score, &oriented, support, job, err));
    }
    divide(score, transitivity, mean, count, oriented.member, g, weighted, job);
    status = gx_job_check(job, err);
done:
    gx_job_free(job, count);
    gx_job_free(job, support);
    gx__oriented_free(&oriented, job);
    return status;
}

/* Shares: between 0 and 1 but for what rounding adds. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *score, most = 1 + 1e-9;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        if (score[v] > most) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, over 1", instance, v,
                           score[v]);
        }
    }
    for (int i = 0; status == GX_OK && i < 2; i++) {
        const char *name = i ? "mean" : "transitivity";
        const double *share = gx_result_get(result, instance, name, GX_F64, 1);
        if (!share || !(*share >= 0 && *share <= most)) {
            return gx_fail(err, GX_INTERNAL, "%s.%s is not between 0 and 1", instance, name);
        }
    }
    return status;
}

const gx_pass gx_pass_clustering = {
    .name = "clustering",
    .kind = GX_KIND_CENTRALITY,
    .summary = "how many of a member's neighbours are tied to each other",
    .paper = "Watts, Strogatz: Collective dynamics of small-world networks, Nature 393, 1998; "
             "Barrat et al.: The architecture of complex weighted networks, PNAS 101, 2004, eq. 5",
    .complexity = "O(m sqrt(m)) time at worst; 32 bytes a member, 4 an edge (12 weighted), 4 a "
                  "member and thread",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
