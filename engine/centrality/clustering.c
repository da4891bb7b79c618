/* The local clustering coefficient: the share of a member's pairs of neighbours who are tied to
 * each other (Watts and Strogatz 1998), t / (k (k − 1) / 2). With `weighted` each such pair counts
 * as much as the two ties that lead to it weigh (Barrat et al. 2004, equation 5):
 *
 *     C_i = 1 / (s_i (k_i − 1)) · Σ over triangles {i, j, h} of (w_ij + w_ih)
 *         = 1 / (s_i (k_i − 1)) · Σ over ties ij of w_ij · triangles with the tie ij
 *
 * s_i is the weight of all ties of i; equal weights give the unweighted coefficient. A member with
 * fewer than two ties, or whose ties all weigh 0, has 0. Self-loops do not count.
 *
 * `formula` onnela takes all three ties of a triangle, by the geometric mean of their weights in
 * parts of the largest. With `directed` triangles and pairs are counted as often as they are there
 * (Fagiolo 2007), weighted by Clemente and Grassi (2018), or with onnela by Fagiolo:
 * engine/centrality/clustering_variants.h. The transitivity is always that without either.
 *
 * Time is that of counting triangles. Weights are summed by one thread in the order of the edges:
 * the same bytes at any thread count. Beyond the triangles: 8 bytes a member, with weights 8 an
 * edge.
 */
#include "engine/centrality/clustering_variants.h"
#include "engine/kernel/triangles.h"

enum { BLOCK = 4096 };

static const gx_param params[] = {
    GX__PARAM_BOOL("weighted", "false",
                   "count a pair of neighbours by the weight of the two ties to it"),
    GX__PARAM_BOOL("directed", "false",
                   "a tie that goes both ways counts as two: Fagiolo's coefficient"),
    {.name = "formula",
     .type = GX_PARAM_CHOICE,
     .fallback = "barrat",
     GX_PARAM_UNCHECKED,
     .choices = "barrat|onnela",
     .help =
         "what a weighted triangle counts: the two ties of the member, or the geometric mean of "
         "all three"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "share of the pairs of neighbours who are tied, 0 to 1"},
    {"transitivity", GX_F64, GX_LEN_OTHER,
     "one number: share of the paths of two ties that are closed, without weight or direction"},
    {"mean", GX_F64, GX_LEN_OTHER, "one number: mean score, of members without a pair 0"},
};

/* Barrat's and the plain coefficient come with counting triangles, the others do not. */
static bool by_intensity(const gx_args *args) {
    return gx_arg_is(args, "formula", "onnela");
}

static bool is_variant(gx__tie_ways ways, const gx_args *args) {
    return ways.directed || (ways.weighted && by_intensity(args));
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_graph *g = input->undirected;
    const gx__tie_ways ways = gx__tie_ways_of(input, args);
    const bool variant = is_variant(ways, args), weighted = ways.weighted && !variant;
    uint64_t m = g ? g->m : 0, more = 0;
    out->mem_bytes = gx__triangles_bytes(input->users, m, weighted, weighted, threads);
    gx__degrees degrees = gx__degrees_of(g, input->users);
    out->cpu_s = gx__triangles_cpu_s(&degrees) + (weighted ? 1.3e-8 * degrees.arcs : 0) + 1e-6;
    if (variant) {
        more = gx__clustering_variant_bytes(input, ways, by_intensity(args), threads);
        out->cpu_s += gx__clustering_variant_cpu_s(&degrees, ways, by_intensity(args));
    }
    out->mem_bytes = (more > out->mem_bytes ? more : out->mem_bytes) +
                     sizeof(double) * ((uint64_t)input->users + 2);
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

/* Scores hold what the weighted sums came to, or nothing yet; then they are coefficients. */
static void divide(double *score, double *transitivity, const uint64_t *count,
                   const uint32_t *member, const gx_graph *g, bool weighted, gx_job *job) {
    const gx__rows_view rows = gx__rows_out(g);
    double closed = 0, paths = 0;
    for (uint32_t p = 0; p < g->n; p++) {
        uint32_t v = member[p];
        if (p % BLOCK == 0 && gx_job_should_stop(job)) {
            break;
        }
        double k = (double)gx__others(&rows, v), pairs = k * (k - 1) / 2;
        double part = weighted ? score[v] : (double)count[p];
        double whole = weighted ? gx__others_strength(&rows, v) * (k - 1) : pairs;
        score[v] = part > 0 ? part / whole : 0;
        closed += (double)count[p];
        paths += pairs;
    }
    *transitivity = paths > 0 ? closed / paths : 0;
}

static gx_status by_counting(double *score, double *transitivity, const gx_graph *g, bool weighted,
                             gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t *count = NULL;
    uint32_t *support = NULL;
    gx__oriented oriented = {0};
    GX_TRY(gx__orient(&oriented, g, weighted, job, err));
    GX_TRY(gx_job_alloc(job, &count, g->n, sizeof *count, err));
    if (weighted) {
        GX_TRY(gx_job_alloc(job, &support, oriented.m, sizeof *support, err));
    }
    GX_TRY(gx__triangles_count(count, support, &oriented, job, err));
    if (weighted) {
        GX_TRY(add_weights(score, &oriented, support, job, err));
    }
    divide(score, transitivity, count, oriented.member, g, weighted, job);
    status = gx_job_check(job, err);
done:
    gx_job_free(job, count);
    gx_job_free(job, support);
    gx__oriented_free(&oriented, job);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    const gx__tie_ways ways = gx__tie_ways_of(input, args);
    const bool variant = is_variant(ways, args);
    double *score, *transitivity, *mean, sum = 0;
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&transitivity, out, "transitivity", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&mean, out, "mean", GX_F64, 1, 0, err));
    GX_TRY(
        by_counting(score, transitivity, input->undirected, ways.weighted && !variant, job, err));
    if (variant && n > 0) {
        memset(score, 0, n * sizeof *score);
        GX_TRY(gx__clustering_variant(score, input, ways, by_intensity(args), job, err));
    }
    for (uint32_t v = 0; v < n; v++) {
        sum += score[v];
    }
    *mean = n ? sum / n : 0;
done:
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
    .paper =
        "Watts, Strogatz: Collective dynamics of small-world networks, Nature 393, 1998; "
        "Barrat et al.: The architecture of complex weighted networks, PNAS 101, 2004, eq. 5; "
        "Onnela et al.: Intensity and coherence of motifs, Physical Review E 71, 2005; Fagiolo: "
        "Clustering in complex directed networks, Physical Review E 76, 2007; Clemente, Grassi: "
        "Directed clustering in weighted networks, Chaos, Solitons & Fractals 107, 2018",
    .complexity = "O(m sqrt(m)) time at worst; 32 bytes a member, 4 an edge (12 weighted), 4 a "
                  "member and thread",
    .needs = GX__NEED_TIES,
    .reads = gx__contacts_reads,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
