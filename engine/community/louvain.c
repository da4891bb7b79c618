/* Louvain communities: V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre, "Fast unfolding
 * of communities in large networks", J. Stat. Mech. P10008 (2008), by the moving and the
 * aggregating of Leiden (leiden_move.c, leiden_aggregate.c), with its queue in place of whole
 * sweeps. Communities may be disconnected inside, as is known of Louvain; `leiden` is the pass
 * without that. Time O(m) a sweep, memory as leiden's. */
#include "engine/community/leiden.h"
#include "engine/community/leiden_pass.h"
#include "engine/community/quality.h"
#include "engine/community/weakness.h"
#include "engine/kernel/neighbours.h"

#include <math.h>

static const gx_param params[] = {GX__LEIDEN_PARAMS};

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    return gx__leiden_run(out, input, args, true, job, err);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const uint32_t n = input->undirected->n;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, n);
    return gx_quality_check_order(community, n, err);
}

/* Without refining, less than half the time; but of weak communities sweeps go on to the end. */
static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__leiden_estimate(out, input, args, threads);
    const double weakness = gx__community_weakness(input->undirected);
    const gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    const double uneven = log(gx__unevenness(&degrees)), weak = 300 * weakness;
    out->cpu_s =
        gx__weighs(input->undirected, args)
            ? gx__ties_seconds(&degrees, 48, (gx__pace){540, 5 * uneven + weak, 137, 69})
            : gx__ties_seconds(&degrees, 48, (gx__pace){80, 20 + 12 * uneven + weak, 60, 60});
    out->cpu_s += 1e-6;
}

const gx_pass gx_pass_louvain = {
    .name = "louvain",
    .kind = GX_KIND_COMMUNITY,
    .summary = "communities of high modularity by moving and merging alone",
    .paper = "Blondel, Guillaume, Lambiotte, Lefebvre, Fast unfolding of communities in large "
             "networks, J. Stat. Mech. P10008 (2008)",
    .complexity = "time O(m) a sweep, some ten sweeps; memory 155 n + 16 m bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_UNDIRECTED,
    .reads = gx__leiden_reads,
    .gives = gx__leiden_gives,
    .give_count = GX__LEIDEN_GIVES,
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* the order of visits follows the numbers */
    .estimate = estimate,
    .run = run,
    .check = check,
};
