/* Walktrap: communities that short random walks do not leave.
 *
 * Pons and Latapy: Computing communities in large networks using random walks, Journal of Graph
 * Algorithms and Applications 10, 2006, by igraph: from every member alone, the two communities are
 * merged whose walks of `steps` ties differ least, and the merging is cut where modularity is
 * largest. The paper defines it for undirected graphs and igraph leaves directions out, so ties
 * count without direction, and `directed` is refused; those of weight 0 carry nothing and are left
 * out. O(m n h) time at worst, h the depth of the merges, on one thread; igraph's copy of the graph
 * and a vector of probabilities a community, up to 8 bytes for every pair of members: for thousands
 * of members, not for millions.
 */
#include "engine/community/no_direction.h"
#include "engine/community/partition.h"
#include "engine/community/quality.h"
#include "engine/kernel/igraph_adapter.h"
#include "graph/pass/pass.h"

static const gx_param params[] = {
    {.name = "steps",
     .type = GX_PARAM_INT,
     .fallback = "4",
     .low = 1,
     .high = 100,
     .unit = "ties",
     .help = "length of the walks; longer ones see larger communities"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     .low = 1,
     .help = "walks follow ties in proportion to their weights, and either way: without direction"},
    GX__PARAM_NO_DIRECTION,
};

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "number of the community, 0 the largest"},
    {"modularity", GX_F64, GX_LEN_OTHER, "one number: of the partition, by the ties' weights"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    (void)args;
    uint64_t n = input->users, m = input->undirected ? input->undirected->m / 2 : 0;
    out->mem_bytes =
        gx__igraph_graph_bytes(n, m) + gx__igraph_walktrap_bytes(n, m) + sizeof(uint32_t) * n + 64;
    out->cpu_s = 1e-8 * (double)m * (double)n + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx_graph *g = input->undirected;
    uint32_t *community, count;
    double *modularity;
    GX_TRY(
        gx__refuse_direction(args, "walktrap",
                             "Pons and Latapy define it for undirected graphs, and igraph leaves "
                             "directions out",
                             err));
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, g->n, 0, err));
    GX_TRY(gx_output_add(&modularity, out, "modularity", GX_F64, 1, 0, err));
    GX_TRY(gx_job_check(job, err));
    if (g->n == 0) {
        goto done;
    }
    GX_TRY(gx__igraph_walktrap(community, g, gx_arg_bool(args, "weighted"),
                               (uint32_t)gx_arg_int(args, "steps"), job, err));
    GX_TRY(gx_partition_split(community, g, &count, job, err));
    GX_TRY(gx_partition_order(community, g->n, &count, job, err));
    GX_TRY(gx_quality_modularity(modularity, g, community, 1, job, err));
done:
    return status;
}

/* Numbers fall by size and every community is connected. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *g = input->undirected;
    return gx_quality_check(gx_result_get(result, instance, "community", GX_U32, g->n), g, err);
}

const gx_pass gx_pass_walktrap = {
    .name = "walktrap",
    .kind = GX_KIND_COMMUNITY,
    .summary = "communities that short random walks over ties, either way, do not leave",
    .paper = "Pons, Latapy: Computing communities in large networks using random walks, JGAA 10, "
             "2006",
    .complexity = "O(m n h) time at worst, one thread; igraph's copy of the graph and up to 8 n² "
                  "bytes",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .serial = true,
    .label_dependent = true, /* merges that differ equally little are taken by number */
    .estimate = estimate,
    .run = run,
    .check = check,
};
