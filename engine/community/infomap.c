/* Infomap: the communities that make the shortest description of a random walk over ties.
 *
 * Rosvall and Bergstrom, Maps of random walks on complex networks reveal community structure, PNAS
 * 105 (2008), by igraph, on the undirected graph or along directed ties. Ties of weight 0 carry
 * nothing and are left out. About O(m) a sweep, on one thread; igraph's copy of the graph and
 * Infomap's own, in memory. The description length, in bits a step, is given beside the
 * communities.
 */
#include "engine/community/partition.h"
#include "engine/community/quality.h"
#include "engine/kernel/igraph_adapter.h"
#include "engine/kernel/scores.h"

#include <math.h>

static const gx_param params[] = {
    {.name = "trials",
     .type = GX_PARAM_INT,
     .fallback = "1",
     .low = 1,
     .high = 1000,
     .help = "start this often and keep the shortest description"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     .low = 1,
     .help = "the walk follows ties in proportion to their weights"},
    {.name = "directed",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     .low = 1,
     .help = "the walk follows ties only the way they point"},
};

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "number of the community, 0 the largest"},
    {"length", GX_F64, GX_LEN_OTHER, "one number: description length, in bits a step"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    const bool directed = gx_arg_bool(args, "directed");
    const gx_graph *graph = directed ? input->graph : input->undirected;
    uint64_t n = input->users, m = !graph ? 0 : directed ? graph->m : graph->m / 2;
    double trials = (double)gx_arg_int(args, "trials");
    out->mem_bytes = gx__igraph_graph_bytes(n, m) + 64 * m + 400 * n + 1024;
    out->cpu_s = trials * (directed ? 0.75 : 1.6) * (1e-6 * (double)m + 4.4e-5 * (double)n) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    uint32_t *community, count, n = input->users;
    double *length;
    const gx_graph *graph = gx_arg_bool(args, "directed") ? input->graph : input->undirected;
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, n, 0, err));
    GX_TRY(gx_output_add(&length, out, "length", GX_F64, 1, 0, err));
    if (n == 0) {
        goto done;
    }
    GX_TRY(gx__igraph_infomap(community, length, graph, gx_arg_bool(args, "weighted"),
                              (uint32_t)gx_arg_int(args, "trials"), job, err));
    *length = isfinite(*length) && *length > 0 ? *length : 0; /* no walk where there are no ties */
    GX_TRY(gx_partition_order(community, n, &count, job, err));
done:
    return status;
}

/* Numbers are dense and fall by size. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, input->users);
    const double *length = gx_result_get(result, instance, "length", GX_F64, 1);
    if (!length || !(*length >= 0)) {
        return gx_fail(err, GX_INTERNAL, "%s.length is not there, or below 0", instance);
    }
    return gx_quality_check_order(community, input->users, err);
}

static unsigned reads(const gx_args *args) {
    return gx__reads_directed(args, GX_NEED_GRAPH);
}

const gx_pass gx_pass_infomap = {
    .name = "infomap",
    .kind = GX_KIND_COMMUNITY,
    .summary = "communities that a random walk over ties stays in for long",
    .paper =
        "Rosvall, Bergstrom: Maps of random walks on complex networks reveal community structure, "
        "PNAS 105, 2008",
    .complexity = "about O(m) a sweep, one thread; igraph's copy of the graph and Infomap's own",
    .needs = GX_NEED_GRAPH | GX_NEED_UNDIRECTED,
    .reads = reads,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .serial = true,
    .label_dependent = true, /* members are visited in a random order of their numbers */
    .estimate = estimate,
    .run = run,
    .check = check,
};
