/* Leiden and Louvain communities: V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden: guaranteeing
 * well-connected communities", Scientific Reports 9:5233 (2019), algorithm A.2, for modularity with
 * a resolution (Reichardt and Bornholdt 2006):
 *
 *   Q = 1/(2m) Σ_ij (A_ij − γ k_i k_j / (2m)) [c_i = c_j]
 *
 * A round moves nodes, refines communities into connected parts, and repeats both on the graph of
 * the parts until every part is a community of its own; the next round starts from what the last
 * one found. Rounds end when one adds less than the tolerance.
 *
 * Louvain (Blondel et al. 2008) is the same without refinement: whole communities become nodes.
 *
 * What differs from the papers: the queue is served in batches (leiden_move.c), a node joins its
 * best part instead of drawing one (leiden_refine.c). Both are the same for any number of threads.
 * Time O(m) a sweep, some ten sweeps a round; memory about 140 bytes a node, 14 an arc and 12 a
 * node and thread. */
#include "engine/community/leiden.h"
#include "engine/community/leiden_parts.h"
#include "engine/community/partition.h"
#include "engine/community/quality.h"

#include <math.h>

enum {
    SWEEPS_MOST = 100,         /* a level: moves that chase each other in one batch must end */
    LEVELS_MOST = 64,          /* a round */
    ARCS_PER_THREAD = 1 << 16, /* fewer are not worth waking a thread for */
};

int gx__leiden_threads(const gx__leiden *leiden, uint64_t arcs) {
    uint64_t worth = arcs / ARCS_PER_THREAD + 1;
    return worth < (uint64_t)leiden->scratch_count ? (int)worth : leiden->scratch_count;
}

/* ---- the workspace -----------------------------------------------------------------------------
 */

/* Every array that is as long as the members: one list for taking, giving back and estimating. */
#define NODE_ARRAYS(X)                                                                             \
    X(degree)                                                                                      \
    X(community)                                                                                   \
    X(order)                                                                                       \
    X(total)                                                                                       \
    X(size)                                                                                        \
    X(queue)                                                                                       \
    X(touched_at)                                                                                  \
    X(seen_at)                                                                                     \
    X(target)                                                                                      \
    X(gain)                                                                                        \
    X(mover)                                                                                       \
    X(vacant)                                                                                      \
    X(refined)                                                                                     \
    X(part_total)                                                                                  \
    X(part_cut)                                                                                    \
    X(part_size)                                                                                   \
    X(group_at)                                                                                    \
    X(group_item)                                                                                  \
    X(node_of)                                                                                     \
    X(rows[0].from)                                                                                \
    X(rows[0].to)                                                                                  \
    X(rows[1].from)                                                                                \
    X(rows[1].to)

static void leiden_finish(gx__leiden *leiden) {
    gx_job *job = leiden->job;
#define X(field) gx_job_free(job, leiden->field);
    NODE_ARRAYS(X)
#undef X
    for (int i = 0; i < 2; i++) {
        gx_job_free(job, leiden->rows[i].dst);
        gx_job_free(job, leiden->rows[i].weight);
    }
    for (int t = 0; leiden->scratch && t < leiden->scratch_count; t++) {
        gx_job_free(job, leiden->scratch[t].weight);
        gx_job_free(job, leiden->scratch[t].touched);
    }
    gx_job_free(job, leiden->scratch);
    leiden->scratch = NULL;
}

static gx_status leiden_init(gx__leiden *leiden, const gx_graph *graph, gx_job *job,
                             gx_error *err) {
    *leiden = (gx__leiden){.job = job, .n = graph->n};
    const size_t room = (size_t)graph->n + 1;
    uint64_t worth = graph->m / ARCS_PER_THREAD + 1;
    leiden->scratch_count = worth < (uint64_t)job->threads ? (int)worth : job->threads;
    gx_status status;
#define X(field) GX_TRY(gx_job_alloc(job, &leiden->field, room, sizeof *leiden->field, err));
    NODE_ARRAYS(X)
#undef X
    size_t threads = (size_t)leiden->scratch_count;
    GX_TRY(gx_job_alloc(job, &leiden->scratch, threads, sizeof *leiden->scratch, err));
    for (size_t t = 0; t < threads; t++) {
        gx__scratch *scratch = &leiden->scratch[t];
        GX_TRY(gx_job_alloc(job, &scratch->weight, room, sizeof(double), err));
        GX_TRY(gx_job_alloc(job, &scratch->touched, room, sizeof(uint32_t), err));
    }
done:
    return status;
}

uint64_t gx__leiden_bytes(uint64_t n, uint64_t m, int threads) {
    uint64_t node = 0;
#define X(field) node += sizeof *((const gx__leiden *)NULL)->field;
    NODE_ARRAYS(X)
#undef X
    return n * (node + 16 + 12 * (uint64_t)threads) + 14 * m;
}

/* ---- levels ------------------------------------------------------------------------------------
 */

static double row_weight(const gx__level *level, uint32_t v) {
    if (!level->weight) {
        return (double)(level->to[v] - level->from[v]);
    }
    double sum = 0.0;
    for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
        sum += gx__level_weight(level, arc);
    }
    return sum;
}

/* The graph itself as level 0. Weights are scaled by a power of two so that no sum of them leaves a
 * float. */
static void load_graph(gx__leiden *leiden, const gx_graph *graph) {
    gx__level *level = &leiden->level;
    *level = (gx__level){.n = graph->n,
                         .from = graph->out_ptr,
                         .to = graph->out_ptr + 1,
                         .dst = graph->out_dst,
                         .weight = graph->out_weight,
                         .scale = 1.0,
                         .arcs = graph->m};
    double sum = 0.0;
    for (uint32_t v = 0; v < graph->n; v++) {
        leiden->degree[v] = row_weight(level, v);
        sum += leiden->degree[v];
        leiden->node_of[v] = v;
    }
    if (level->weight && sum > 0.0) {
        level->scale = ldexp(1.0, -ilogb(sum));
        sum *= level->scale;
        for (uint32_t v = 0; v < graph->n; v++) {
            leiden->degree[v] *= level->scale;
        }
    }
    leiden->weight2m = sum;
    leiden->pull = sum > 0.0 ? leiden->resolution / sum : 0.0;
}

/* A random order of the level's nodes, by (seed, round, level). */
static void shuffle_nodes(gx__leiden *leiden, uint64_t stream) {
    gx_rng rng = gx_rng_at(leiden->job->seed, stream);
    uint32_t *order = leiden->order;
    for (uint32_t i = 0; i < leiden->level.n; i++) {
        uint32_t j = (uint32_t)gx_rng_below(&rng, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* Degrees and sizes of the communities, from the nodes. */
static void sum_communities(gx__leiden *leiden) {
    const uint32_t n = leiden->level.n;
    memset(leiden->total, 0, n * sizeof *leiden->total);
    memset(leiden->size, 0, n * sizeof *leiden->size);
    for (uint32_t v = 0; v < n; v++) {
        leiden->total[leiden->community[v]] += leiden->degree[v];
        leiden->size[leiden->community[v]]++;
    }
}

/* Modularity of the present partition, read off the present level: what is inside a community is
 * its degrees less what leaves its nodes for others. */
static double level_modularity(const gx__leiden *leiden, uint32_t communities) {
    const gx__level *level = &leiden->level;
    double inside = 0.0, expected = 0.0;
    for (uint32_t v = 0; v < level->n; v++) {
        inside += leiden->degree[v];
        for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
            if (leiden->community[level->dst[arc]] != leiden->community[v]) {
                inside -= gx__level_weight(level, arc);
            }
        }
    }
    for (uint32_t c = 0; c < communities; c++) {
        expected += leiden->total[c] * leiden->total[c];
    }
    return (inside - leiden->pull * expected) / leiden->weight2m;
}

/* One round, from `community` at level 0 to a partition of the last level's nodes. *out_refined
 * tells whether each community is one refined part, and so connected. */
static gx_status run_round(gx__leiden *leiden, uint32_t round, bool *out_refined,
                           double *out_modularity, gx_error *err) {
    uint32_t communities = 0, parts = 0;
    gx_status status;
    *out_refined = false;
    for (uint32_t depth = 0; depth < LEVELS_MOST; depth++) {
        const uint32_t n = leiden->level.n;
        GX_TRY(gx_partition_compact(leiden->community, n, &communities, leiden->job, err));
        shuffle_nodes(leiden, (uint64_t)round << 32 | depth);
        sum_communities(leiden);
        GX_TRY(gx__leiden_move(leiden, SWEEPS_MOST, err));
        GX_TRY(gx_partition_compact(leiden->community, n, &communities, leiden->job, err));
        sum_communities(leiden);
        if (communities == n) {
            *out_refined = true;
            break;
        }
        if (leiden->louvain) {
            memcpy(leiden->refined, leiden->community, n * sizeof *leiden->refined);
            parts = communities;
        } else {
            GX_TRY(gx__leiden_refine(leiden, communities, &parts, err));
        }
        if (parts == n) {
            break;
        }
        GX_TRY(gx__leiden_aggregate(leiden, parts, (int)(depth & 1), err));
    }
    *out_modularity = level_modularity(leiden, communities);
done:
    return status;
}

static gx_status run_rounds(uint32_t *community, gx__leiden *leiden, const gx_graph *graph,
                            const gx_leiden_options *options, gx_error *err) {
    const uint32_t n = graph->n;
    double best = -INFINITY, modularity;
    bool refined = true, best_refined = true;
    uint32_t count;
    gx_status status = GX_OK;
    for (uint32_t round = 0; round < options->rounds; round++) {
        gx_job_stage(leiden->job, "leiden", options->rounds);
        load_graph(leiden, graph);
        if (leiden->weight2m <= 0.0) {
            break;
        }
        memcpy(leiden->community, community, n * sizeof *community);
        GX_TRY(run_round(leiden, round, &refined, &modularity, err));
        if (modularity <= best) {
            break;
        }
        for (uint32_t v = 0; v < n; v++) {
            community[v] = leiden->community[leiden->node_of[v]];
        }
        best_refined = refined;
        bool settled = modularity - best < options->tolerance;
        best = modularity;
        gx_job_tick(leiden->job, round + 1);
        if (settled) {
            break;
        }
    }
    if (!best_refined && !leiden->louvain) {
        GX_TRY(gx_partition_split(community, graph, &count, leiden->job, err));
    }
done:
    return status;
}

gx_status gx_leiden_find(uint32_t *community, uint32_t *out_count, const gx_graph *graph,
                         const gx_leiden_options *options, gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    gx__leiden leiden = {0};
    leiden.job = job;
    for (uint32_t v = 0; v < n; v++) {
        community[v] = options->start ? options->start[v] : v;
    }
    gx_status status;
    GX_TRY(leiden_init(&leiden, graph, job, err));
    leiden.resolution = options->resolution;
    leiden.louvain = options->louvain;
    GX_TRY(run_rounds(community, &leiden, graph, options, err));
    GX_TRY(gx_partition_order(community, n, out_count, job, err));
done:
    leiden_finish(&leiden);
    return status;
}
