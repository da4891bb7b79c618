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

enum { COMMUNITIES_CHUNK = 4, NODES_CHECKED = 1024 };

/* Weight from v to the rest of its community. */
static double inner_weight(const gx__leiden *leiden, uint32_t v) {
    const gx__level *level = &leiden->level;
    const uint64_t to = leiden->inner_to[v];
    double sum = 0.0;
    for (uint64_t arc = level->from[v]; arc < to; arc++) {
        sum += level->dst[arc] != v ? gx__level_weight(level, arc) : 0.0;
    }
    return sum;
}

/* Mass of a node, a part or a community. */
typedef struct mass {
    double out, in;
} mass;

static mass part_mass(const gx__leiden *leiden, uint32_t part) {
    return (mass){leiden->part_total[part], leiden->directed ? leiden->part_total_in[part] : 0.0};
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

static void join_best_part(gx__leiden *leiden, uint32_t v, mass community, gx__scratch *scratch) {
    const mass own = part_mass(leiden, v);
    double best = 0.0;
    uint32_t target = v;
    gx__scratch_add_arcs(scratch, &leiden->level, v, leiden->level.from[v], leiden->inner_to[v],
                         leiden->refined);
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

/* Every node of [first, last) a part of its own, and the nodes in random order. */
static void part_all(gx__leiden *leiden, uint32_t first, uint32_t last, gx_rng rng) {
    uint32_t *const order = leiden->order;
    for (uint32_t v = first; v < last; v++) {
        const uint32_t j = first + (uint32_t)gx_rng_below(&rng, v - first + 1u);
        order[v] = order[j];
        order[j] = v;
        leiden->refined[v] = v;
        leiden->part_size[v] = 1;
        leiden->part_total[v] = leiden->mass[v];
        if (leiden->directed) {
            leiden->part_total_in[v] = leiden->mass_in[v];
        }
        leiden->part_cut[v] = inner_weight(leiden, v);
    }
}

static void refine_community(gx__leiden *leiden, uint32_t c, uint64_t stream,
                             gx__scratch *scratch) {
    const uint32_t first = leiden->group_at[c], last = leiden->group_at[c + 1];
    const mass total = {leiden->total[c], leiden->directed ? leiden->total_in[c] : 0.0};
    if (last - first < 2) {
        leiden->refined[first] = first;
        return;
    }
    part_all(leiden, first, last, gx_rng_at(leiden->job->seed, gx_mix64(stream) + c));
    for (uint32_t i = first; i < last; i++) {
        const uint32_t v = leiden->order[i];
        if ((i - first) % NODES_CHECKED == 0 && gx_job_should_stop(leiden->job)) {
            return;
        }
        bool alone = leiden->refined[v] == v && leiden->part_size[v] == 1;
        if (alone && is_well_connected(leiden, v, total)) {
            join_best_part(leiden, v, total, scratch);
        }
    }
}

gx_status gx__leiden_refine(gx__leiden *leiden, uint32_t communities, uint64_t stream,
                            uint32_t *out_parts, gx_error *err) {
    const int threads = gx__leiden_threads(leiden);
    (void)threads;
#pragma omp parallel num_threads(threads)
    {
        gx__scratch *scratch = &leiden->scratch[gx_thread()];
#pragma omp for schedule(dynamic, COMMUNITIES_CHUNK)
        for (uint32_t c = 0; c < communities; c++) {
            if (!gx_job_should_stop(leiden->job)) {
                refine_community(leiden, c, stream, scratch);
            }
        }
    }
    gx_status status = gx_job_check(leiden->job, err);
    if (status != GX_OK) {
        return status;
    }
    return gx_partition_compact(leiden->refined, leiden->level.n, out_parts, leiden->job, err);
}
