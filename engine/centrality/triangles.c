/* Triangles: how many pairs of a member's neighbours are tied to each other (Watts and Strogatz
 * 1998, the numerator of their coefficient). Exact, by the forward algorithm on edges laid towards
 * the higher degree: see engine/kernel/triangles.h. Self-loops do not count.
 *
 * With `directed` a tie that goes both ways counts as two, so that three members all tied both ways
 * make 8 triangles: ((A + Aᵀ)³)_ii / 2 (Fagiolo 2007). With `weighted` a triangle counts its
 * intensity, the geometric mean of the weights of its ties (Onnela et al. 2005), which is 1 where
 * all weigh 1; with both, every directed triangle counts its own. Weights take the time of
 * `constraint` and 8 bytes an arc (engine/kernel/triangle_sums.h).
 */
#include "engine/kernel/triangle_sums.h"

#include <math.h>

static const gx_param params[] = {
    GX__PARAM_BOOL("directed", "false",
                   "a tie that goes both ways counts as two: Fagiolo's directed triangles"),
    GX__PARAM_BOOL("weighted", "false",
                   "count a triangle by the geometric mean of the weights of its ties"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "triangles the member is part of, or their intensity together"},
    {"total", GX_F64, GX_LEN_OTHER, "one number: triangles of the whole graph"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx__tie_ways ways = gx__tie_ways_of(input, args);
    const gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->mem_bytes = gx__triangles_sum_bytes(input, ways, threads) +
                     sizeof(double) * ((uint64_t)input->users + 1);
    out->cpu_s = gx__triangles_sum_cpu_s(&degrees, ways) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx__tie_ways ways = gx__tie_ways_of(input, args);
    double *score, *total, sum = 0;
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&total, out, "total", GX_F64, 1, 0, err));
    GX_TRY(gx__triangles_sum(score, input, ways, job, err));
    for (uint32_t v = 0; v < input->users; v++) {
        sum += score[v];
    }
    *total = sum / 3;
done:
    return status;
}

/* No more than the pairs of neighbours; three corners a triangle. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const gx__tie_ways ways = gx__tie_ways_of(input, args);
    const double *score, *total = gx_result_get(result, instance, "total", GX_F64, 1);
    const gx_graph *g = input->undirected;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    double sum = 0;
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double ties = (double)(g->out_ptr[v + 1] - g->out_ptr[v]);
        sum += score[v];
        double most = (ways.directed ? 4 : 0.5) * ties * (ties - 1);
        if (!ways.weighted && score[v] > most) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g ties", instance,
                           v, score[v], ties);
        }
    }
    if (status == GX_OK && (!total || !(fabs(*total * 3 - sum) <= 1e-9 * sum))) {
        return gx_fail(err, GX_INTERNAL, "%s.total is %g, and the scores sum to %g", instance,
                       total ? *total : 0, sum);
    }
    return status;
}

const gx_pass gx_pass_triangles = {
    .name = "triangles",
    .kind = GX_KIND_CENTRALITY,
    .summary = "pairs of neighbours who are tied to each other",
    .paper =
        "Watts, Strogatz: Collective dynamics of small-world networks, Nature 393, 1998; "
        "Latapy: Main-memory triangle computations for very large graphs, 2008; Fagiolo: "
        "Clustering in complex directed networks, Physical Review E 76, 2007; Onnela et al.: "
        "Intensity and coherence of motifs in weighted complex networks, Physical Review E 71, "
        "2005",
    .complexity = "O(m sqrt(m)) time at worst; 32 bytes a member, 4 an edge, 4 a member and thread",
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
