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
        bool counts = (leiden->community[u] == own) & (u != v);
        sum += counts ? gx__level_weight(level, arc) : 0.0;
    }
    return sum;
}

/* Mass of a node, a part or a community. */
typedef struct mass {
    double out, in;
} mass;

static mass part_mass(const gx__leiden *leiden, uint32_t part) {
    return (mass){leiden->part_total[part],
                  leiden->directed ? leiden->part_total_in[part] : 0.0};
}

static double expected(const gx__leiden *leiden, mass a, mass b) {
    return leiden->pull * (leiden->directed ? a.out * b.in + a.in * b.out : a.out * b.out);
}

/* Equation (A.5): a part is well connected when it is tied to the rest of its community by at least
 * what the null model expects. */
static bool is_well_connected(const gx__leiden *leiden, uint32_t part, mass community) {
    const mass own = part_mass(leiden, part);
    const mass rest = {community.out - own.out, community.in - own.in};
    return leiden->part_cut[part] >= expected(leiden, own, rest);
}

/* Adds up v's weight towards the parts of its community. Arcs that leave it count 0 towards v's own
 * part instead of being jumped over: half of them do, in no order that could be predicted. */
static void weigh_parts(const gx__leiden *leiden, uint32_t v, gx__scratch *scratch) {
    const gx__level *level = &leiden->level;
    const uint32_t own = leiden->community[v];
    double *const restrict sum = scratch->weight;
    uint32_t *const restrict touched = scratch->touched;
    uint32_t count = scratch->count;
    for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
        const uint32_t u = level->dst[arc];
        const bool stays = leiden->community[u] == own;
        const uint32_t part = leiden->refined[stays ? u : v];
        const double weight = (stays & (u != v)) ? gx__level_weight(level, arc) : 0.0;
        touched[count] = part;
        count += (sum[part] == 0.0) & (weight > 0.0);
        sum[part] += weight;
    }
    scratch->count = count;
}

static void join_best_part(gx__leiden *leiden, uint32_t v, mass community, gx__scratch *scratch) {
    const mass own = part_mass(leiden, v);
    double best = 0.0;
    uint32_t target = v;
    weigh_parts(leiden, v, scratch);
    for (uint32_t i = 0; i < scratch->count; i++) {
        uint32_t part = scratch->touched[i];
        double gain = scratch->weight[part] - expected(leiden, own, part_mass(leiden, part));
        if (gain > best && is_well_connected(leiden, part, community)) {
            best = gain;
            target = part;
        }
    }
    if (target != v) {
        leiden->refined[v] = target;
        leiden->part_total[target] += own.out;
        if (leiden->directed) {
            leiden->part_total_in[target] += own.in;
        }
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
    const mass total = {leiden->total[c], leiden->directed ? leiden->total_in[c] : 0.0};
    for (uint32_t i = first; i < last; i++) {
        uint32_t v = leiden->group_item[i];
        gx__prefetch_rows(&leiden->level, leiden->group_item, i, last);
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
            leiden->part_total[v] = leiden->mass[v];
            if (leiden->directed) {
                leiden->part_total_in[v] = leiden->mass_in[v];
            }
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
