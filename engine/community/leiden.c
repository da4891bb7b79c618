/* The pass `leiden`; how it works is told in leiden_rounds.c. */
#include "engine/community/leiden.h"
#include "engine/community/leiden_parts.h"
#include "engine/community/quality.h"

static const gx_param params[] = {
    {"resolution", GX_PARAM_REAL, "1", 1e-6, 1e6, NULL, NULL, 0,
     "above 1 finds more and smaller circles, below 1 fewer and larger"},
    {"rounds", GX_PARAM_INT, "10", 1, 1000, "rounds", NULL, 0,
     "at most so many rounds of moving, refining and aggregating"},
    {"tolerance", GX_PARAM_REAL, "1e-4", 0, 1, "modularity", NULL, 0,
     "a round that adds less is the last"},
};

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "circle of each member, 0.. by falling size"},
    {"size", GX_U32, GX_LEN_OTHER, "members of each circle"},
    {"modularity", GX_F64, GX_LEN_OTHER, "of the partition, at the resolution given"},
};

void gx__leiden_estimate(gx_estimate *out, const gx_input *input, const gx_args *args,
                         int threads) {
    (void)args;
    const uint64_t n = input->users, m = input->undirected ? input->undirected->m : 0;
    out->mem_bytes = gx__leiden_bytes(n, m, threads);
    out->cpu_s = 4e-7 * (double)n + 1.5e-7 * (double)m;
}

gx_status gx__leiden_give(gx_output *out, const gx_input *input, const gx_leiden_options *options,
                          gx_job *job, gx_error *err) {
    const gx_graph *graph = input->undirected;
    uint32_t *community, *size, count;
    double *modularity;
    gx_status status;
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, graph->n, 0, err));
    GX_TRY(gx_leiden_find(community, &count, graph, options, job, err));
    GX_TRY(gx_output_add(&size, out, "size", GX_U32, count, 0, err));
    GX_TRY(gx_output_add(&modularity, out, "modularity", GX_F64, 1, 0, err));
    for (uint32_t v = 0; v < graph->n; v++) {
        size[community[v]]++;
    }
    GX_TRY(gx_quality_modularity(modularity, graph, community, options->resolution, job, err));
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    const gx_leiden_options options = {.resolution = gx_arg_real(args, "resolution"),
                                       .rounds = (uint32_t)gx_arg_int(args, "rounds"),
                                       .tolerance = gx_arg_real(args, "tolerance")};
    return gx__leiden_give(out, input, &options, job, err);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *graph = input->undirected;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, graph->n);
    return gx_quality_check(community, graph, err);
}

const gx_pass gx_pass_leiden = {
    .name = "leiden",
    .kind = GX_KIND_COMMUNITY,
    .summary = "circles: connected communities of high modularity",
    .paper = "Traag, Waltman, van Eck, From Louvain to Leiden, Sci. Rep. 9:5233 (2019), alg. A.2",
    .complexity = "time O(m) a sweep, some ten sweeps a round; memory 140 n + 14 m bytes",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true,
    .estimate = gx__leiden_estimate,
    .run = run,
    .check = check,
};
