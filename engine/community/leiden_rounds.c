/* Leiden and Louvain communities: V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden:
 * guaranteeing well-connected communities", Scientific Reports 9:5233 (2019), algorithm A.2, for
 *
 *   modularity (Newman and Girvan 2004; resolution: Reichardt and Bornholdt 2006)
 *     Q = 1/(2m) Σ_ij (A_ij − γ k_i k_j / (2m)) [c_i = c_j]
 *   directed modularity (Leicht and Newman 2008)
 *     Q = 1/m Σ_ij (A_ij − γ kout_i kin_j / m) [c_i = c_j]
 *   the constant Potts model (Traag, Van Dooren and Nesterov 2011), divided by 2m
 *     Q = 1/(2m) Σ_ij (A_ij − γ) [c_i = c_j]
 *   and of directed ties, where every arc and every ordered pair counts once
 *     Q = 1/m Σ_ij (A_ij − γ) [c_i = c_j]
 *
 * A round moves nodes, refines communities into connected parts, and repeats both on the graph of
 * the parts until every part is a community of its own; the next round starts from what the last
 * one found. Rounds end when one adds less than the tolerance; unless told otherwise a large graph
 * gets three at most, one more than other programs give it.
 *
 * Louvain (Blondel et al. 2008) is the same without refinement: whole communities become nodes.
 *
 * What differs from the papers: the queue is served in batches (leiden_move.c), a node joins its
 * best part instead of drawing one (leiden_refine.c). Both are the same for any number of threads.
 * Time O(m) a sweep, some ten sweeps a round; memory about 155 bytes a node, 16 an arc and 12 a
 * node and thread; for directed ties, which are arcs at both ends, 24 an arc. */
#include "engine/community/leiden_parts.h"
#include "engine/community/leiden_tree.h"
#include "engine/community/partition.h"

#include <math.h>

enum {
    SWEEPS_MOST = 100,    /* a level: moves that chase each other in one batch must end */
    NODES_CHECKED = 1024, /* after so many a cancel is looked for */
    BLOCK_MOST = 8,       /* nodes visited one after the other, in a large level */
    BLOCKS_FEWEST = 1024, /* in a small level blocks are smaller, so that there are as many */
    TRIALS_SMALL = 4,     /* where nothing else is asked for, of a graph of fewer arcs than */
    TRIALS_ARCS = 1 << 16,
    ROUNDS = 10,      /* where nothing else is asked for, */
    ROUNDS_LARGE = 3, /* and of a graph of GX__LEIDEN_LARGE arcs or more */
    ROUNDS_LOUVAIN = 2,
};

/* A gain below this share of a node's weight is rounding. */
static const double GAIN_LEAST = 1e-10;

/* Of the tolerance of a round: what a long sweep must gain to be followed by another. */
static const double IDLE_SHARE = 0.125;

/* Of what a level gained: a sweep that adds less is its last. Of Louvain less, since whole
 * communities are merged for good; least where no further round makes up for moves left undone, and
 * of graphs that are not large, where a round costs more than the sweeps it makes up for. */
static const double IDLE_PART = 0.1, IDLE_PART_LOUVAIN = 0.05, IDLE_PART_LEAST = 0.002;

/* ---- the workspace ------------------------------------------------------------------------- */

/* Every array that is as long as the members: one list for taking, giving back and estimating. */
#define NODE_ARRAYS(X)                                                                             \
    X(mass)                                                                                        \
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
    X(inner_to)                                                                                    \
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

/* Those of directed ties alone. */
#define DIRECTED_ARRAYS(X)                                                                         \
    X(mass_in)                                                                                     \
    X(total_in)                                                                                    \
    X(part_total_in)                                                                               \
    X(rows[2].from)                                                                                \
    X(rows[2].to)

static void leiden_finish(gx__leiden *leiden) {
    gx_job *job = leiden->job;
#define X(field) gx_job_free(job, leiden->field);
    NODE_ARRAYS(X)
    DIRECTED_ARRAYS(X)
#undef X
    for (int i = 0; i < 3; i++) {
        gx_job_free(job, leiden->rows[i].dst);
        gx_job_free(job, leiden->rows[i].weight);
    }
    for (int t = 0; leiden->scratch && t < leiden->scratch_count; t++) {
        gx_job_free(job, leiden->scratch[t].weight);
        gx_job_free(job, leiden->scratch[t].touched);
    }
    gx_job_free(job, leiden->scratch);
    *leiden = (gx__leiden){.job = job};
}

static gx_status leiden_init(gx__leiden *leiden, const gx_graph *graph,
                             const gx_leiden_options *options, gx_job *job, gx_error *err) {
    *leiden = (gx__leiden){.graph = graph,
                           .options = options,
                           .job = job,
                           .n = graph->n,
                           .large = graph->m >= GX__LEIDEN_LARGE,
                           .idle = options->tolerance * IDLE_SHARE,
                           .idle_part = graph->m < GX__LEIDEN_LARGE || options->rounds == 1
                                            ? IDLE_PART_LEAST
                                        : options->louvain ? IDLE_PART_LOUVAIN
                                                           : IDLE_PART,
                           .directed = options->directed && !options->cpm};
    const size_t room = (size_t)graph->n + 1;
    leiden->scratch_count = gx__threads_worth(graph->m, GX__LEIDEN_ARCS_PER_THREAD, job->threads);
    gx_status status;
#define X(field) GX_TRY(gx_job_alloc(job, &leiden->field, room, sizeof *leiden->field, err));
    NODE_ARRAYS(X)
    if (options->directed) {
        DIRECTED_ARRAYS(X)
    }
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

uint64_t gx__leiden_bytes(uint64_t n, uint64_t arcs, bool directed, int threads) {
    const uint64_t arc = sizeof(uint32_t) + sizeof(float);
    const uint64_t levels = 44; /* results and levels of some rounds: 11 numbers a node */
    const uint64_t scratch = sizeof(double) + sizeof(uint32_t);
    uint64_t node = 0, more = 0;
#define X(field) node += sizeof *((const gx__leiden *)NULL)->field;
    NODE_ARRAYS(X)
#undef X
#define X(field) more += sizeof *((const gx__leiden *)NULL)->field;
    DIRECTED_ARRAYS(X)
#undef X
    node += (directed ? more : 0) + levels + scratch * (uint64_t)threads;
    return n * node + (directed ? 3 : 2) * arc * arcs + 4096;
}

/* ---- levels -------------------------------------------------------------------------------- */

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

static gx__level level_of(const gx_graph *graph, bool unweighted) {
    return (gx__level){.n = graph->n,
                       .from = graph->out_ptr,
                       .to = graph->out_ptr + 1,
                       .dst = graph->out_dst,
                       .weight = unweighted ? NULL : graph->out_weight,
                       .scale = 1.0,
                       .arcs = graph->m};
}

/* Directed ties as rows that hold each arc at both of its ends. */
static gx_status both_ways(gx__leiden *leiden, const gx_graph *graph, gx_error *err) {
    const gx__level level = leiden->level;
    gx__leiden_rows *rows = &leiden->rows[2];
    uint64_t at = 0;
    gx_status status;
    GX_TRY(gx__leiden_make_room(leiden, rows, 2 * level.arcs, err));
    memset(rows->to, 0, ((size_t)graph->n + 1) * sizeof *rows->to);
    for (uint64_t arc = 0; arc < level.arcs; arc++) {
        rows->to[level.dst[arc]]++;
    }
    for (uint32_t v = 0; v < graph->n; v++) {
        const uint64_t degree = rows->to[v] + (level.to[v] - level.from[v]);
        rows->from[v] = rows->to[v] = at;
        at += degree;
    }
    for (uint32_t v = 0; v < graph->n; v++) {
        if (v % NODES_CHECKED == 0) {
            GX_TRY(gx_job_check(leiden->job, err));
        }
        for (uint64_t arc = level.from[v]; arc < level.to[v]; arc++) {
            const uint32_t u = level.dst[arc];
            const uint64_t out = rows->to[v]++, in = rows->to[u]++;
            rows->dst[out] = u;
            rows->dst[in] = v;
            rows->weight[out] = rows->weight[in] = level.weight ? level.weight[arc] : 1.0f;
        }
    }
    leiden->level = (gx__level){.n = graph->n,
                                .from = rows->from,
                                .to = rows->to,
                                .dst = rows->dst,
                                .weight = level.weight ? rows->weight : NULL,
                                .scale = 1.0,
                                .arcs = 2 * level.arcs};
done:
    return status;
}

/* What the null model is made of; `mass` holds the weight of each row. */
static void set_null_model(gx__leiden *leiden) {
    const gx_leiden_options *options = leiden->options;
    const uint32_t n = leiden->level.n;
    const double scale = leiden->level.scale, all = leiden->weight2m;
    leiden->pull = options->resolution / all;
    const double least = options->inertia > GAIN_LEAST ? options->inertia : GAIN_LEAST;
    leiden->least = least;
    if (options->cpm) {
        for (uint32_t v = 0; v < n; v++) {
            leiden->mass[v] = 1.0;
        }
        leiden->pull = (options->directed ? 2.0 : 1.0) * options->resolution * scale;
        leiden->least = least * all / n;
    } else if (leiden->directed) {
        const gx__level out = level_of(options->directed, options->unweighted);
        for (uint32_t v = 0; v < n; v++) {
            const double both = leiden->mass[v];
            leiden->mass[v] = scale * row_weight(&out, v);
            leiden->mass_in[v] = both - leiden->mass[v];
        }
        leiden->pull = 2.0 * options->resolution / all;
    }
}

/* The graph itself as level 0. Weights are scaled by a power of two so that no sum of them leaves a
 * float. */
static gx_status load_graph(gx__leiden *leiden, gx_error *err) {
    const gx_leiden_options *options = leiden->options;
    gx__level *level = &leiden->level;
    const uint32_t n = leiden->n;
    gx_status status = GX_OK;
    *level = level_of(options->directed ? options->directed : leiden->graph, options->unweighted);
    if (options->directed) {
        GX_TRY(both_ways(leiden, options->directed, err));
    }
    const int threads = level->weight ? gx__leiden_threads(leiden) : 1;
    (void)threads;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (uint32_t v = 0; v < n; v++) {
        leiden->mass[v] = row_weight(level, v);
        leiden->node_of[v] = v;
    }
    double sum = 0.0;
    for (uint32_t v = 0; v < n; v++) {
        sum += leiden->mass[v];
    }
    if (level->weight && sum > 0.0) {
        level->scale = ldexp(1.0, -ilogb(sum));
        sum *= level->scale;
        for (uint32_t v = 0; v < n; v++) {
            leiden->mass[v] *= level->scale;
        }
    }
    leiden->weight2m = sum;
    if (sum > 0.0) {
        set_null_model(leiden);
    }
done:
    return status;
}

/* A random order of the level's blocks, by (seed, round, level). */
static void shuffle_blocks(gx__leiden *leiden, uint64_t stream) {
    gx_rng rng = gx_rng_at(leiden->job->seed, stream);
    const uint32_t n = leiden->level.n, fair = n / BLOCKS_FEWEST;
    const uint32_t block = fair < 1 ? 1 : fair > BLOCK_MOST ? BLOCK_MOST : fair;
    uint32_t *order = leiden->order;
    leiden->block = block;
    leiden->blocks = n / block + (n % block > 0);
    for (uint32_t i = 0; i < leiden->blocks; i++) {
        uint32_t j = (uint32_t)gx_rng_below(&rng, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* Masses and sizes of the communities, from the nodes. */
static void sum_communities(gx__leiden *leiden) {
    const uint32_t n = leiden->level.n;
    memset(leiden->total, 0, n * sizeof *leiden->total);
    memset(leiden->size, 0, n * sizeof *leiden->size);
    for (uint32_t v = 0; v < n; v++) {
        leiden->total[leiden->community[v]] += leiden->mass[v];
        leiden->size[leiden->community[v]]++;
    }
    if (leiden->directed) {
        memset(leiden->total_in, 0, n * sizeof *leiden->total_in);
        for (uint32_t v = 0; v < n; v++) {
            leiden->total_in[leiden->community[v]] += leiden->mass_in[v];
        }
    }
}

/* Quality of the present partition, read off the present level: what is inside of communities is
 * all weight less what leaves its nodes for others. */
static double level_quality(const gx__leiden *leiden, uint32_t communities) {
    const gx__level *level = &leiden->level;
    double inside = leiden->weight2m, expected = 0.0;
    for (uint32_t v = 0; v < level->n; v++) {
        if (v % NODES_CHECKED == 0 && gx_job_should_stop(leiden->job)) {
            break; /* nobody will see it */
        }
        for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
            if (leiden->community[level->dst[arc]] != leiden->community[v]) {
                inside -= gx__level_weight(level, arc);
            }
        }
    }
    for (uint32_t c = 0; c < communities; c++) {
        expected +=
            leiden->total[c] * (leiden->directed ? 2.0 * leiden->total_in[c] : leiden->total[c]);
    }
    return (inside - leiden->pull * expected) / leiden->weight2m;
}

/* ---- rounds -------------------------------------------------------------------------------- */

/* One round, from `community` at level 0 to a partition of the last level's nodes. *out_refined
 * tells whether each community is one refined part, and so connected. */
static gx_status run_round(gx__leiden *leiden, uint32_t round, gx__tree_levels *tree,
                           bool *out_refined, double *out_quality, gx_error *err) {
    uint32_t communities = 0, parts = 0;
    gx_status status;
    *out_refined = false;
    for (uint32_t depth = 0; depth < GX__TREE_LEVELS_MAX; depth++) {
        const uint32_t n = leiden->level.n;
        GX_TRY(gx_partition_compact(leiden->community, n, &communities, leiden->job, err));
        shuffle_blocks(leiden, (uint64_t)round << 32 | depth);
        sum_communities(leiden);
        GX_TRY(gx__leiden_move(leiden, SWEEPS_MOST, err));
        GX_TRY(gx_partition_compact(leiden->community, n, &communities, leiden->job, err));
        sum_communities(leiden);
        if (communities == n) {
            *out_refined = true;
            break;
        }
        GX_TRY(gx__leiden_renumber(leiden, communities, err));
        if (leiden->options->louvain) {
            memcpy(leiden->refined, leiden->community, n * sizeof *leiden->refined);
            parts = communities;
        } else {
            GX_TRY(
                gx__leiden_refine(leiden, communities, (uint64_t)round << 32 | depth, &parts, err));
        }
        if (parts == n) {
            break;
        }
        GX_TRY(gx__tree_push(tree, leiden->refined, leiden->group_item, n, leiden->job, err));
        GX_TRY(gx__leiden_aggregate(leiden, parts, err));
    }
    *out_quality = level_quality(leiden, communities);
    status = gx_job_check(leiden->job, err);
done:
    return status;
}

/* Rounds from `community` to the best partition they find; `stream` names their random orders.
 * *out_quality is -INFINITY where there is no weight. */
static gx_status run_rounds(uint32_t *community, gx__leiden *leiden, uint32_t stream,
                            gx__tree_levels *best_tree, double *out_quality, gx_error *err) {
    const gx_leiden_options *options = leiden->options;
    const uint32_t n = leiden->n;
    double best = -INFINITY, quality;
    bool refined = true, best_refined = !options->start; /* which may not be connected */
    uint32_t count;
    gx__tree_levels tree = {.wanted = options->tree != NULL};
    gx_status status = GX_OK;
    for (uint32_t round = 0; round < options->rounds; round++) {
        gx_job_stage(leiden->job, "leiden", options->rounds);
        GX_TRY(load_graph(leiden, err));
        if (leiden->weight2m <= 0.0) {
            break;
        }
        memcpy(leiden->community, community, n * sizeof *community);
        gx__tree_clear(&tree, leiden->job);
        GX_TRY(run_round(leiden, stream + round, &tree, &refined, &quality, err));
        if (quality <= best) {
            break;
        }
        for (uint32_t v = 0; v < n; v++) {
            community[v] = leiden->community[leiden->node_of[v]];
        }
        gx__tree_swap(best_tree, &tree);
        best_refined = refined;
        bool settled = quality - best < options->tolerance;
        best = quality;
        gx_job_tick(leiden->job, round + 1);
        if (settled) {
            break;
        }
    }
    if (!best_refined && !options->louvain) {
        gx_graph ties = *leiden->graph;
        if (options->unweighted) {
            ties.out_weight = NULL;
        }
        GX_TRY(gx_partition_split(community, &ties, &count, leiden->job, err));
    }
    *out_quality = best;
done:
    gx__tree_clear(&tree, leiden->job);
    return status;
}

static void set_start(uint32_t *community, uint32_t n, const uint32_t *start) {
    for (uint32_t v = 0; v < n; v++) {
        community[v] = start ? start[v] : v;
    }
}

/* The best of several trials, each with its own random orders. */
static gx_status run_trials(uint32_t *community, gx__leiden *leiden, uint32_t trials,
                            gx__tree_levels *best_tree, gx_error *err) {
    const gx_leiden_options *options = leiden->options;
    const uint32_t n = leiden->n;
    gx__tree_levels tree = {.wanted = options->tree != NULL};
    double best, quality;
    uint32_t *tried = NULL;
    gx_status status;
    set_start(community, n, options->start);
    GX_TRY(run_rounds(community, leiden, 0, best_tree, &best, err));
    for (uint32_t trial = 1; trial < trials; trial++) {
        if (!tried) {
            GX_TRY(gx_job_alloc(leiden->job, &tried, n, sizeof *tried, err));
        }
        set_start(tried, n, options->start);
        gx__tree_clear(&tree, leiden->job);
        GX_TRY(run_rounds(tried, leiden, trial * options->rounds, &tree, &quality, err));
        if (quality > best) {
            best = quality;
            memcpy(community, tried, n * sizeof *tried);
            gx__tree_swap(best_tree, &tree);
        }
    }
done:
    gx__tree_clear(&tree, leiden->job);
    gx_job_free(leiden->job, tried);
    return status;
}

static uint32_t trials_of(const gx_leiden_options *options, const gx_graph *graph) {
    const bool small = graph->m < TRIALS_ARCS && !options->start && !options->louvain;
    return options->trials ? options->trials : small ? TRIALS_SMALL : 1;
}

static uint32_t rounds_of(const gx_leiden_options *options, const gx_graph *graph) {
    const bool large = graph->m >= GX__LEIDEN_LARGE;
    if (options->rounds) {
        return options->rounds;
    }
    return options->louvain ? ROUNDS_LOUVAIN : large ? ROUNDS_LARGE : ROUNDS;
}

gx_status gx_leiden_find(uint32_t *community, uint32_t *out_count, const gx_graph *graph,
                         const gx_leiden_options *asked, gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    gx_leiden_options own = *asked;
    const gx_leiden_options *const options = &own;
    own.rounds = rounds_of(asked, graph);
    gx__leiden leiden = {.job = job};
    gx__tree_levels tree = {.wanted = options->tree != NULL};
    gx_status status;
    GX_TRY(leiden_init(&leiden, graph, options, job, err));
    GX_TRY(run_trials(community, &leiden, trials_of(options, graph), &tree, err));
    leiden_finish(&leiden);
    GX_TRY(gx_partition_order(community, n, out_count, job, err));
    if (options->tree) {
        GX_TRY(gx__tree_close(options->tree, &tree, community, n, job, err));
    }
done:
    leiden_finish(&leiden);
    gx__tree_clear(&tree, job);
    return status;
}
