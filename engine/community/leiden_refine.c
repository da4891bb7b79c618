/* Leiden, second phase: refinement (Traag, Waltman and van Eck 2019, algorithm A.2,
 * MergeNodesSubset).
 *
 * Inside each community every node starts alone; in random order, a node that is still alone and
 * well connected to its community joins the well-connected part it gains most by. Parts are
 * therefore connected, and so is whatever is made of them. The paper draws the part with
 * probability exp(gain/θ), θ small; here it is the best one, and chance is left to the order (Sahu
 * 2024 finds the same quality).
 *
 * A community is refined by one thread and looks at nothing outside of itself. O(arcs) time. */
#include "engine/community/leiden_parts.h"
#include "engine/community/partition.h"
#include "engine/kernel/parallel.h"

enum { NODES_CHUNK = 1024, COMMUNITIES_CHUNK = 4 };

/* Weight from v to the rest of its community. */
static double inner_weight(const gx__leiden *leiden, uint32_t v) {
    const gx__level *level = &leiden->level;
    const uint32_t own = leiden->community[v];
    double sum = 0.0;
    for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
        uint32_t u = level->dst[arc];
        if (leiden->community[u] == own && u != v) {
            sum += gx__level_weight(level, arc);
        }
    }
    return sum;
}

/* Equation (A.5): a part is well connected when it is tied to the rest of its community by at least
 * what the null model expects. */
static bool is_well_connected(const gx__leiden *leiden, uint32_t part, double community_total) {
    double total = leiden->part_total[part];
    return leiden->part_cut[part] >= leiden->pull * total * (community_total - total);
}

static void weigh_parts(const gx__leiden *leiden, uint32_t v, gx__scratch *scratch) {
    const gx__level *level = &leiden->level;
    const uint32_t own = leiden->community[v];
    for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
        uint32_t u = level->dst[arc];
        if (leiden->community[u] == own && u != v) {
            gx__scratch_add(scratch, leiden->refined[u], gx__level_weight(level, arc));
        }
    }
}

static void join_best_part(gx__leiden *leiden, uint32_t v, double community_total,
                           gx__scratch *scratch) {
    const double cost = leiden->pull * leiden->degree[v];
    double best = 0.0;
    uint32_t target = v;
    weigh_parts(leiden, v, scratch);
    for (uint32_t i = 0; i < scratch->count; i++) {
        uint32_t part = scratch->touched[i];
        double gain = scratch->weight[part] - cost * leiden->part_total[part];
        if (gain > best && is_well_connected(leiden, part, community_total)) {
            best = gain;
            target = part;
        }
    }
    if (target != v) {
        leiden->refined[v] = target;
        leiden->part_total[target] += leiden->degree[v];
        leiden->part_cut[target] += leiden->part_cut[v] - 2.0 * scratch->weight[target];
        leiden->part_size[target]++;
        leiden->part_size[v] = 0;
    }
    gx__scratch_clear(scratch);
}

static void refine_community(gx__leiden *leiden, uint32_t c, gx__scratch *scratch) {
    const uint32_t first = leiden->group_at[c], last = leiden->group_at[c + 1];
    if (last - first < 2) {
        return;
    }
    const double total = leiden->total[c];
    for (uint32_t i = first; i < last; i++) {
        uint32_t v = leiden->group_item[i];
        bool alone = leiden->refined[v] == v && leiden->part_size[v] == 1;
        if (alone && is_well_connected(leiden, v, total)) {
            join_best_part(leiden, v, total, scratch);
        }
    }
}

gx_status gx__leiden_refine(gx__leiden *leiden, uint32_t communities, uint32_t *out_parts,
                            gx_error *err) {
    const uint32_t n = leiden->level.n;
    const int threads = gx__leiden_threads(leiden, leiden->level.arcs);
    (void)threads;
    gx_partition_group(leiden->group_at, leiden->group_item, leiden->community, communities,
                       leiden->order, n);
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(dynamic, NODES_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            leiden->refined[v] = v;
            leiden->part_size[v] = 1;
            leiden->part_total[v] = leiden->degree[v];
            leiden->part_cut[v] = inner_weight(leiden, v);
        }
        gx__scratch *scratch = &leiden->scratch[gx_thread()];
#pragma omp for schedule(dynamic, COMMUNITIES_CHUNK)
        for (uint32_t c = 0; c < communities; c++) {
            if (!gx_job_should_stop(leiden->job)) {
                refine_community(leiden, c, scratch);
            }
        }
    }
    gx_status status = gx_job_check(leiden->job, err);
    if (status != GX_OK) {
        return status;
    }
    return gx_partition_compact(leiden->refined, n, out_parts, leiden->job, err);
}
