/* What the parts of Leiden share: the graph of one level of aggregation, the partition being worked
 * on and the scratch of each thread. Private to
 * engine/community/leiden*.c and louvain.c. */
#ifndef GX_COMMUNITY_LEIDEN_PARTS_H
#define GX_COMMUNITY_LEIDEN_PARTS_H

#include "engine/community/leiden.h"
#include "graph/pass/pass.h"

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

typedef struct gx__leiden {
    gx_job *job;
    uint32_t n; /* members: the room of every array below */
    double resolution;
    bool louvain;    /* whole communities become nodes */
    double pull;     /* resolution / (2m): what a unit of degree costs against a unit of total */
    double weight2m; /* scaled */

    gx__level level;
    double *degree;      /* of each node of the level, loops counted */
    uint32_t *community; /* of each node of the level */
    uint32_t *order;     /* the level's nodes as they are visited: a random permutation */

    double *total;  /* per community: degrees of its nodes */
    uint32_t *size; /* per community: its nodes */

    /* moving */
    uint32_t *queue;      /* the nodes of the present sweep */
    uint32_t *touched_at; /* per node: the last batch in which a neighbour left for elsewhere */
    uint32_t *seen_at;    /* per node: the last batch that weighed it */
    uint32_t *target;     /* per place in the batch */
    double *gain;         /* per place in the batch: weight won by the move */
    uint32_t *mover;      /* the nodes that moved in the last batch */
    uint32_t *vacant;     /* stack of empty community numbers */

    /* refinement */
    uint32_t *refined;   /* per node: the part it was merged into */
    double *part_total;  /* per part: degrees of its nodes */
    double *part_cut;    /* per part: weight to the rest of its community */
    uint32_t *part_size; /* per part: its nodes */

    /* grouping: items of group g are group_item[group_at[g] … group_at[g + 1]) */
    uint32_t *group_at;
    uint32_t *group_item;

    uint32_t *node_of;       /* per member: its node in the present level */
    gx__leiden_rows rows[2]; /* odd and even levels */
    gx__scratch *scratch;
    int scratch_count;
} gx__leiden;

static inline void gx__scratch_add(gx__scratch *scratch, uint32_t community, double weight) {
    scratch->touched[scratch->count] = community;
    scratch->count += (scratch->weight[community] == 0.0) & (weight > 0.0);
    scratch->weight[community] += weight;
}

static inline void gx__scratch_clear(gx__scratch *scratch) {
    for (uint32_t i = 0; i < scratch->count; i++) {
        scratch->weight[scratch->touched[i]] = 0.0;
    }
    scratch->count = 0;
}

static inline double gx__level_weight(const gx__level *level, uint64_t arc) {
    return level->weight ? level->scale * (double)level->weight[arc] : level->scale;
}

/* Bytes held at the peak for n nodes and m arcs. */
uint64_t gx__leiden_bytes(uint64_t n, uint64_t m, int threads);

/* Threads worth waking for this many arcs of work: the result does not depend on it. */
int gx__leiden_threads(const gx__leiden *leiden, uint64_t arcs);

/* Moves nodes between communities until no single move gains, or `sweeps` sweeps are over. Keeps
 * `total` and `size`, which must be those of `community`. */
GX_MUST_CHECK gx_status gx__leiden_move(gx__leiden *leiden, uint32_t sweeps, gx_error *err);

/* Splits every community into well-connected parts: `refined` becomes dense, *out_parts counts. */
GX_MUST_CHECK gx_status gx__leiden_refine(gx__leiden *leiden, uint32_t communities,
                                          uint32_t *out_parts, gx_error *err);

/* Makes the parts the nodes of the next level, in `rows[into]`, each in the community its nodes
 * were in. */
GX_MUST_CHECK gx_status gx__leiden_aggregate(gx__leiden *leiden, uint32_t parts, int into,
                                             gx_error *err);

/* The same of both passes. */
void gx__leiden_estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads);
/* Finds communities and adds `community`, `size` and `modularity`. */
GX_MUST_CHECK gx_status gx__leiden_give(gx_output *out, const gx_input *input,
                                        const gx_leiden_options *options, gx_job *job,
                                        gx_error *err);

#endif
