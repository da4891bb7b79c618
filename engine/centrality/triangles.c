/* Triangles: how many pairs of a member's neighbours are tied to each other (Watts and Strogatz
 * 1998, the numerator of their coefficient). Direction, weights and self-loops do not count. Exact,
 * by the forward algorithm on edges laid towards the higher degree: see engine/kernel/triangles.h.
 */
#include "engine/kernel/triangles.h"
#include "engine/kernel/scores.h"

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "triangles the member is part of"},
    {"total", GX_F64, GX_LEN_OTHER, "one number: triangles of the whole graph"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    uint64_t m = input->undirected ? input->undirected->m : 0;
    out->mem_bytes = gx__triangles_bytes(input->users, m, false, false, threads) +
                     sizeof(double) * ((uint64_t)input->users + 1);
    out->cpu_s = gx__triangles_cpu_s(input->users, m) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    (void)args;
    gx_status status = GX_OK;
    double *score, *total, sum = 0;
    uint64_t *count = NULL;
    gx__oriented oriented = {0};
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&total, out, "total", GX_F64, 1, 0, err));
    GX_TRY(gx__orient(&oriented, input->undirected, false, job, err));
    GX_TRY(gx_job_alloc(job, &count, input->users, sizeof *count, err));
    GX_TRY(gx__triangles_count(count, NULL, &oriented, job, err));
    for (uint32_t p = 0; p < input->users; p++) {
        score[oriented.member[p]] = (double)count[p];
        sum += (double)count[p];
    }
    *total = sum / 3;
done:
    gx_job_free(job, count);
    gx__oriented_free(&oriented, job);
    return status;
}

/* No more than the pairs of neighbours; three corners a triangle. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *score, *total = gx_result_get(result, instance, "total", GX_F64, 1);
    const gx_graph *g = input->undirected;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    double sum = 0;
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double ties = (double)(g->out_ptr[v + 1] - g->out_ptr[v]);
        sum += score[v];
        if (score[v] > ties * (ties - 1) / 2) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g ties", instance,
                           v, score[v], ties);
        }
    }
    if (status == GX_OK && (!total || *total * 3 != sum)) {
        return gx_fail(err, GX_INTERNAL, "%s.total is %g, and the scores sum to %g", instance,
                       total ? *total : 0, sum);
    }
    return status;
}

const gx_pass gx_pass_triangles = {
    .name = "triangles",
    .kind = GX_KIND_CENTRALITY,
    .summary = "pairs of neighbours who are tied to each other",
    .paper = "Watts, Strogatz: Collective dynamics of small-world networks, Nature 393, 1998; "
             "Latapy: Main-memory triangle computations for very large graphs, 2008",
    .complexity = "O(m sqrt(m)) time at worst; 32 bytes a member, 4 an edge, 4 a member and thread",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .estimate = estimate,
    .run = run,
    .check = check,
};
