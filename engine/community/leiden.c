/* The pass `leiden`; how it works is told in leiden_rounds.c. */
#include "engine/community/leiden.h"
#include "engine/community/leiden_pass.h"
#include "engine/community/quality.h"
#include "engine/community/weakness.h"
#include "engine/kernel/neighbours.h"

#include <math.h>

static const gx_param params[] = {GX__LEIDEN_PARAMS};

const gx_gives gx__leiden_gives[GX__LEIDEN_GIVES] = {
    {"community", GX_U32, GX_LEN_USERS, "circle of each member, 0.. by falling size"},
    {"size", GX_U32, GX_LEN_OTHER, "members of each circle"},
    {"modularity", GX_F64, GX_LEN_OTHER, "of the partition; at the resolution given, but for cpm"},
    {"quality", GX_F64, GX_LEN_OTHER, "the objective at the resolution given, over all weight"},
    {"level_ptr", GX_U32, GX_LEN_OTHER,
     "where each level begins in parent; level 0 holds the members; one more than levels"},
    {"parent", GX_U32, GX_LEN_OTHER,
     "for each part of a level, the part of the next that holds it; at last its circle"},
    GX__CARRY_GIVES,
};

unsigned gx__leiden_reads(const gx_args *args) {
    return gx__reads_directed(args, GX_NEED_GRAPH | GX_NEED_UNDIRECTED);
}

void gx__leiden_estimate(gx_estimate *out, const gx_input *input, const gx_args *args,
                         int threads) {
    const uint64_t n = input->users, m = input->undirected ? input->undirected->m : 0;
    const bool directed = gx_arg_bool(args, "directed") && input->graph && input->graph->directed;
    out->mem_bytes = gx__leiden_bytes(n, directed ? 2 * input->graph->m : m, directed, threads);
    out->kept_bytes = 8 * n; /* the tree: levels of fewer circles each */
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__leiden_estimate(out, input, args, threads);
    const gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    const double uneven = log(gx__unevenness(&degrees));
    const double weak = 500 * gx__community_weakness(input->undirected);
    out->cpu_s = gx__weighs(input->undirected, args)
                     ? gx__ties_seconds(&degrees, 24, (gx__pace){1400, 54 * uneven + weak, 170, 60})
                     : gx__ties_seconds(&degrees, 24, (gx__pace){1460, 45 * uneven + weak, 0, 60});
    out->cpu_s += 1e-6;
}

static gx_status give_tree(gx_output *out, const gx_leiden_tree *tree, gx_error *err) {
    uint32_t *level_ptr, *parent;
    const uint32_t levels = tree->levels;
    gx_status status;
    GX_TRY(gx_output_add(&level_ptr, out, "level_ptr", GX_U32, levels + 1u, 0, err));
    memcpy(level_ptr, tree->level_ptr, (levels + 1u) * sizeof *level_ptr);
    GX_TRY(gx_output_add(&parent, out, "parent", GX_U32, tree->level_ptr[levels], 0, err));
    memcpy(parent, tree->parent, tree->level_ptr[levels] * sizeof *parent);
done:
    return status;
}

static gx_status give_figures(gx_output *out, const gx_input *input, const uint32_t *community,
                              uint32_t count, const gx_leiden_options *options, gx_error *err) {
    const gx_graph *graph = options->directed ? options->directed : input->undirected;
    const unsigned flags = options->unweighted ? GX_QUALITY_UNWEIGHTED : 0;
    uint32_t *size;
    double *modularity, *quality;
    gx_status status;
    GX_TRY(gx_output_add(&size, out, "size", GX_U32, count, 0, err));
    GX_TRY(gx_output_add(&modularity, out, "modularity", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&quality, out, "quality", GX_F64, 1, 0, err));
    for (uint32_t v = 0; v < input->users; v++) {
        size[community[v]]++;
    }
    GX_TRY(gx_quality_objective(modularity, graph, community,
                                options->cpm ? 1.0 : options->resolution, flags, out->job, err));
    *quality = *modularity;
    if (options->cpm) {
        GX_TRY(gx_quality_objective(quality, graph, community, options->resolution,
                                    flags | GX_QUALITY_CPM, out->job, err));
    }
done:
    return status;
}

gx_status gx__leiden_run(gx_output *out, const gx_input *input, const gx_args *args, bool louvain,
                         gx_job *job, gx_error *err) {
    const bool directed = gx_arg_bool(args, "directed") && input->graph->directed;
    gx_leiden_tree tree = {0};
    gx_leiden_options options = {
        .resolution = gx_arg_real(args, "resolution"),
        .rounds = gx_arg_has(args, "rounds") ? (uint32_t)gx_arg_int(args, "rounds") : 0,
        .tolerance = gx_arg_real(args, "tolerance"),
        .trials = gx_arg_has(args, "trials") ? (uint32_t)gx_arg_int(args, "trials") : 0,
        .louvain = louvain,
        .cpm = gx_arg_is(args, "objective", "cpm"),
        .unweighted = !gx_arg_bool(args, "weighted"),
        .directed = directed ? input->graph : NULL,
        .tree = &tree};
    const gx__last last = gx__last_find(louvain ? "louvain" : "leiden", input);
    uint32_t *community, *start = NULL, count;
    gx_status status;
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, input->users, 0, err));
    if (gx_arg_is(args, "start", "last") && last.community) {
        GX_TRY(gx__last_start(&start, &last, input->users, job, err));
        options.start = start;
        options.inertia = gx_arg_real(args, "inertia");
    }
    GX_TRY(gx_leiden_find(community, &count, input->undirected, &options, job, err));
    GX_TRY(give_figures(out, input, community, count, &options, err));
    GX_TRY(give_tree(out, &tree, err));
    GX_TRY(gx__last_carry(out, &last, input->users, err));
done:
    gx_leiden_tree_finish(&tree, job);
    gx_job_free(job, start);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    return gx__leiden_run(out, input, args, false, job, err);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    gx_graph graph = *input->undirected;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, graph.n);
    if (!gx_arg_bool(args, "weighted")) {
        graph.out_weight = NULL; /* a tie of weight 0 is a tie */
    }
    gx_status status = gx_quality_check(community, &graph, err);
    return status == GX_OK ? gx__carry_check(result, instance, err) : status;
}

const gx_pass gx_pass_leiden = {
    .name = "leiden",
    .kind = GX_KIND_COMMUNITY,
    .summary = "circles: connected communities of high modularity",
    .paper = "Traag, Waltman, van Eck, From Louvain to Leiden, Sci. Rep. 9:5233 (2019), alg. A.2",
    .complexity = "time O(m) a sweep, some ten sweeps a round; memory 155 n + 16 m bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_UNDIRECTED,
    .reads = gx__leiden_reads,
    .gives = gx__leiden_gives,
    .give_count = GX__LEIDEN_GIVES,
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true,
    .estimate = estimate,
    .run = run,
    .check = check,
};
