/* What the parts of Leiden share: the graph of one level of aggregation, the partition being worked
 * on and the scratch of each thread. Private to engine/community/leiden_*.c. */
#ifndef GX_COMMUNITY_LEIDEN_PARTS_H
#define GX_COMMUNITY_LEIDEN_PARTS_H

#include "engine/community/leiden.h"
#include "engine/kernel/parallel.h"

enum { GX__LEIDEN_ARCS_PER_THREAD = 1 << 16 }; /* fewer are not worth waking a thread for */

/* A graph of one level. Rows need not be sorted and leave gaps between them: row v is [from[v],
 * to[v]). At level 0 it is the input; above, a node is a refined community of the level below and
 * the weight inside it is left out, since no move changes it. */
typedef struct gx__level {
    uint32_t n;
    const uint64_t *from, *to;
    const uint32_t *dst;
    const float *weight; /* NULL: all 1 */
    double scale;        /* every weight counts this many times */
    uint64_t arcs;       /* stored in the rows together */
} gx__level;

/* Weight from one node towards each community it touches: dense, so that adding is one store; what
 * was touched is listed, so that clearing costs no more than filling. The list has one place to
 * spare, which lets adding go without a branch. */
typedef struct gx__scratch {
    double *weight;
    uint32_t *touched;
    uint32_t count;
} gx__scratch;

/* A level that was made by aggregation; the arrays are kept from level to level. */
typedef struct gx__leiden_rows {
    uint64_t *from, *to;
    uint32_t *dst;
    float *weight;
    uint64_t capacity;
} gx__leiden_rows;

/* The null model: nodes u and v in one community are expected to share pull · mass_u · mass_v of
 * weight. Mass is the degree for modularity, the number of members for CPM. Directed modularity has
 * two, weight going out and weight coming in, and expects pull · (mass_u · mass_in_v + mass_in_u ·
 * mass_v) over the arcs both ways. */
typedef struct gx__leiden {
    const gx_graph *graph;
    const gx_leiden_options *options;
    gx_job *job;
    uint32_t n;       /* members: the room of every array below */
    bool large;       /* the input has GX__LEIDEN_LARGE arcs or more */
    bool directed;    /* the arrays named _in are there */
    double pull;      /* per unit of mass and mass */
    double least;     /* a gain below this share of the node's mass is rounding */
    double weight2m;  /* of all arcs, both ways, scaled */
    double idle;      /* a long sweep that adds less quality is the last of its level */
    double idle_part; /* so is one that adds less than this part of what the level gained */

    gx__level level;
    double *mass, *mass_in; /* of each node of the level */
    uint32_t *community;    /* of each node of the level */
    uint32_t *order;        /* the level's blocks of nodes as they are visited: in random order */
    uint32_t block, blocks; /* nodes in one, and how many there are */

    double *total, *total_in; /* per community: mass of its nodes */
    uint32_t *size;           /* per community: its nodes */

    /* moving */
    uint32_t *queue;      /* the nodes of the present sweep */
    uint32_t *touched_at; /* per node: the last batch in which a neighbour left for elsewhere */
    uint32_t *seen_at;    /* per node: the last batch that weighed it */
    uint32_t *target;     /* per place in the batch */
    double *gain;         /* per place in the batch: weight won by the move */
    uint32_t *mover;      /* the nodes that moved in the last batch */
    uint32_t *vacant;     /* stack of empty community numbers */

    /* refinement */
    uint64_t *inner_to;                 /* per node: where its arcs inside the community end */
    uint32_t *refined;                  /* per node: the part it was merged into */
    double *part_total, *part_total_in; /* per part: mass of its nodes */
    double *part_cut;                   /* per part: weight to the rest of its community */
    uint32_t *part_size;                /* per part: its nodes */

    /* grouping: items of group g are group_item[group_at[g] … group_at[g + 1]) */
    uint32_t *group_at;
    uint32_t *group_item;

    uint32_t *node_of;       /* per member: its node in the present level */
    gx__leiden_rows rows[3]; /* of a level, of it renumbered, of directed ties */
    gx__scratch *scratch;
    int scratch_count;
} gx__leiden;

static inline void gx__scratch_clear(gx__scratch *scratch) {
    for (uint32_t i = 0; i < scratch->count; i++) {
        scratch->weight[scratch->touched[i]] = 0.0;
    }
    scratch->count = 0;
}

static inline double gx__level_weight(const gx__level *level, uint64_t arc) {
    return level->weight ? level->scale * (double)level->weight[arc] : level->scale;
}

/* Adds the weight of v's arcs [from, to), but for loops, to the labels of their other ends. */
static inline void gx__scratch_add_arcs(gx__scratch *scratch, const gx__level *level, uint32_t v,
                                        uint64_t from, uint64_t to, const uint32_t *label) {
    double *const restrict sum = scratch->weight;
    uint32_t *const restrict touched = scratch->touched;
    uint32_t count = scratch->count;
    for (uint64_t arc = from; arc < to; arc++) {
        const uint32_t u = level->dst[arc], l = label[u];
        const double weight = u == v ? 0.0 : gx__level_weight(level, arc);
        touched[count] = l;
        count += (sum[l] == 0.0) & (weight > 0.0);
        sum[l] += weight;
    }
    scratch->count = count;
}

/* The same for the whole row. */
static inline void gx__scratch_add_row(gx__scratch *scratch, const gx__level *level, uint32_t v,
                                       const uint32_t *label) {
    gx__scratch_add_arcs(scratch, level, v, level->from[v], level->to[v], label);
}

/* Rows are visited in an order that no prefetcher guesses: asks for the bounds of the row of one
 * node and for the arcs of one whose bounds were asked for before. Always inline: gcc 12 takes a
 * function that only asks for one without effect, and drops its calls. */
__attribute__((always_inline)) static inline void
gx__prefetch_rows(const gx__level *level, const uint32_t *node, uint64_t i, uint64_t end) {
    enum { BOUNDS = 16, ARCS = 8, ARCS_A_LINE = 16 };
    if (i + BOUNDS < end) {
        __builtin_prefetch(&level->from[node[i + BOUNDS]]);
        __builtin_prefetch(&level->to[node[i + BOUNDS]]);
    }
    if (i + ARCS < end) {
        uint64_t arc = level->from[node[i + ARCS]];
        __builtin_prefetch(&level->dst[arc]);
        __builtin_prefetch(&level->dst[arc + ARCS_A_LINE]);
        if (level->weight) {
            __builtin_prefetch(&level->weight[arc]);
            __builtin_prefetch(&level->weight[arc + ARCS_A_LINE]);
        }
    }
}

/* Threads worth waking for the arcs of the level: the result does not depend on it. */
static inline int gx__leiden_threads(const gx__leiden *leiden) {
    return gx__threads_worth(leiden->level.arcs, GX__LEIDEN_ARCS_PER_THREAD, leiden->scratch_count);
}

/* Moves nodes between communities until no single move gains, or `sweeps` sweeps are over. Keeps
 * `total` and `size`, which must be those of `community`. */
GX_MUST_CHECK gx_status gx__leiden_move(gx__leiden *leiden, uint32_t sweeps, gx_error *err);

/* Splits every community of a level that was just renumbered into well-connected parts: `refined`
 * becomes dense, *out_parts counts. `stream` names the random orders. */
GX_MUST_CHECK gx_status gx__leiden_refine(gx__leiden *leiden, uint32_t communities, uint64_t stream,
                                          uint32_t *out_parts, gx_error *err);

/* Makes the parts the nodes of the next level, each in the community its nodes were in. */
GX_MUST_CHECK gx_status gx__leiden_aggregate(gx__leiden *leiden, uint32_t parts, gx_error *err);

/* Numbers the level's nodes by community, those of community c being [group_at[c], group_at[c +
 * 1]), with the arcs that stay inside of it first in each row, up to inner_to. group_item holds
 * their old numbers until the next grouping. */
GX_MUST_CHECK gx_status gx__leiden_renumber(gx__leiden *leiden, uint32_t communities,
                                            gx_error *err);

/* Room for `arcs` arcs in the rows of a level. */
GX_MUST_CHECK gx_status gx__leiden_make_room(gx__leiden *leiden, gx__leiden_rows *rows,
                                             uint64_t arcs, gx_error *err);

#endif
