/* The chances along which something spreads. A tie a → b says that a heeds b, so what b has reaches
 * a; a tie without direction lets it pass both ways.
 *
 *   independent cascade  whoever gets it passes it on along each arc once, with that arc's chance
 *   linear threshold     a member has it when the weights of those who have it among whom the
 *                        member heeds come to the member's threshold, drawn evenly from 0 … 1
 *                        (Kempe, Kleinberg, Tardos, Maximizing the spread of influence, KDD 2003)
 *
 * Both are live-edge models: arcs are kept at random, and who is reached along kept arcs has it. In
 * the second each member keeps at most one arc, with chance its weight. */
#ifndef GX_INFLUENCE_CHANCES_H
#define GX_INFLUENCE_CHANCES_H

#include "engine/influence/draws.h"
#include "engine/kernel/slabs.h"
#include "graph/csr/graph.h"

/* What reaching a member is worth, at the most: squares of sums of it are finite. */
#define GX_WORTH_MOST 1e100

typedef enum gx_spread_model { GX_SPREAD_CASCADE, GX_SPREAD_THRESHOLD } gx_spread_model;

/* Where the chance of an arc b → a (a heeds b) comes from. */
typedef enum gx_chance_rule {
    GX_CHANCE_WEIGHTED, /* 1 / how many a heeds: weighted cascade; a full threshold */
    GX_CHANCE_STRENGTH, /* the tie's share of the weight of all ties of a */
    GX_CHANCE_CONSTANT, /* `constant` for every arc */
    GX_CHANCE_GIVEN     /* `given`, one for each arc of the graph */
} gx_chance_rule;

typedef struct gx_chance_options {
    gx_spread_model model;
    gx_chance_rule rule;
    double constant;    /* 0 … 1 */
    const float *given; /* graph->m, 0 … 1, in the order of graph->out_dst */
    /* n, 0 … 1: chance that a member reached passes anything on at all; NULL: 1. Then `given` are
     * chances once it does. Seeds pass on for sure. Simulation and sets look at it, of a cascade;
     * worlds do not. */
    const float *passes;
    /* Chances are raised to 1 − (1 − p)^raise: a coupon, a second share; 1: as is; 0: none. A
     * threshold's weights still come to 1 at the most: those that do already are raised by nothing.
     */
    double raise;
} gx_chance_options;

/* Of each arc of a row whose arcs have one chance. */
typedef struct gx__even {
    double stride; /* 1 / −ln(1 − chance): what a jump is measured in */
    double none;   /* chance that no arc of the row is kept */
    float chance;
} gx__even;

/* Rows of arcs from one end. A rule that gives all arcs of a row one chance gives it by how many
 * they are, so what is known of such rows is one small table by length, which stays in the nearest
 * cache, and a row is its arcs alone. Elsewhere each arc has a chance of its own, falling within a
 * row. */
typedef struct gx__chance_rows {
    const uint64_t *ptr;
    const uint32_t *node;
    const gx__even *even; /* longest + 1: by length of row, or NULL: by arc, as follows */
    uint64_t longest;     /* of the longest row, where even */
    const float *chance;
    const float *stride;  /* enough: a jump is rounded down to whole arcs */
    const double *weight; /* thresholds, in place of both: Σ of chances up to each arc of its row */
} gx__chance_rows;

typedef struct gx_chances {
    uint32_t n;
    uint64_t m;
    gx_spread_model model;
    gx__chance_rows heeds; /* row a: those a heeds, where a's own could have come from */
    gx__chance_rows heard; /* row b: those who heed b, where it goes next; ptr NULL: not made */
    const float *passes;   /* of the options */
    void *owned[12];       /* blocks of the job */
    size_t owned_count;
    struct gx_chances *copy; /* copies: of the threads after the first; NULL: they read this one */
    uint32_t copies;
    gx__slabs slabs; /* of a copy: where its rows lie */
} gx_chances;

/* The same for this thread of a team to read. */
static inline const gx_chances *gx__chances_of(const gx_chances *chances, uint32_t thread) {
    return thread > 0 && thread <= chances->copies ? &chances->copy[thread - 1] : chances;
}

/* `graph` must have in-arrays for `forward` and must outlive the chances. `forward` makes the rows
 * that simulation reads. Over 1, weights of a threshold are scaled down to sum to 1. bad_request: a
 * chance out of range. Memory: where a row has one chance 24 bytes for each length that a row could
 * have up to the longest, and direction; else 12 an arc and direction (thresholds 8, of one), and
 * while they are made 12 an arc and 8 a member more. */
GX_MUST_CHECK gx_status gx_chances_make(gx_chances *out, const gx_graph *graph,
                                        const gx_chance_options *options, bool forward, gx_job *job,
                                        gx_error *err);
void gx_chances_finish(gx_chances *chances, gx_job *job);
uint64_t gx__chances_longest(const uint64_t *ptr, uint32_t n);
/* What they take at the most, with rows forward, on a graph of n members and m arcs that weigh
 * unlike, beside tables by length. */
uint64_t gx_chances_bytes(const gx_chance_options *options, uint64_t n, uint64_t m);

/* Whether a member that was reached passes on in this world, whatever its arcs. */
static inline bool gx__passes_on(const gx_chances *chances, uint32_t v, uint64_t world) {
    if (!chances->passes) {
        return true;
    }
    gx__draws d = gx__draws_of(world ^ UINT64_C(0x8f3b1d5a9c7e2461), v);
    return gx__draws_real(&d) <= (double)chances->passes[v];
}

/* ---- which arcs of a row are kept ------------------------------------------------------------ */

/* The chance of arc i of row v. */
static inline float gx__chance_at(const gx__chance_rows *rows, uint32_t v, uint64_t i) {
    return rows->even ? rows->even[rows->ptr[v + 1] - rows->ptr[v]].chance : rows->chance[i];
}

/* Walks through the kept arcs of a row in jumps over those that are not, at the cost of those kept
 * (Guo et al., Influence maximization revisited: efficient reverse reachable set generation with
 * bound tightened, SIGMOD 2020): with equal chances the gaps are geometric; with falling ones each
 * jump goes by the chance of the arc it starts at and what it meets is kept with the ratio. */
typedef struct gx__kept {
    uint64_t at, to;
    double stride, none; /* where the arcs have one chance; none: 0 after the first draw */
} gx__kept;

/* At the first arc of row v. */
static inline gx__kept gx__kept_of(const gx__chance_rows *rows, uint32_t v) {
    gx__kept kept = {.at = rows->ptr[v], .to = rows->ptr[v + 1]};
    if (rows->even) {
        const gx__even *even = &rows->even[kept.to - kept.at];
        kept.stride = even->stride;
        kept.none = even->none;
    }
    return kept;
}

/* Index of the next kept arc of the row, or kept->to. */
static inline uint64_t gx__kept_next(gx__kept *kept, const gx__chance_rows *rows, gx__draws *d) {
    if (!rows->chance) {
        const double u = gx__draws_real(d);
        if (u <= kept->none) {
            return kept->at = kept->to;
        }
        kept->none = 0;
        const double jump = gx__minus_ln(u) * kept->stride;
        if (!(jump < (double)(kept->to - kept->at))) {
            return kept->at = kept->to;
        }
        kept->at += (uint64_t)jump;
        return kept->at++;
    }
    while (kept->at < kept->to) {
        const double jump = gx__minus_ln(gx__draws_real(d)) * (double)rows->stride[kept->at];
        if (!(jump < (double)(kept->to - kept->at))) {
            break;
        }
        const uint64_t from = kept->at, there = from + (uint64_t)jump;
        kept->at = there + 1;
        if (rows->chance[there] == rows->chance[from] ||
            gx__draws_real(d) * (double)rows->chance[from] <= (double)rows->chance[there]) {
            return there;
        }
    }
    return kept->at = kept->to;
}

/* The one arc of row v that a threshold keeps, or ptr[v + 1]: none. */
static inline uint64_t gx__kept_one(const gx__chance_rows *rows, uint32_t v, gx__draws *d) {
    const uint64_t from = rows->ptr[v], to = rows->ptr[v + 1];
    const double u = gx__draws_real(d);
    if (rows->even) { /* all of them together chance · length */
        const double place = u / (double)rows->even[to - from].chance;
        return from == to || !(place <= (double)(to - from)) ? to
               : place >= (double)(to - from)                ? to - 1
                                                             : from + (uint64_t)place;
    }
    uint64_t low = from, high = to;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (rows->weight[middle] < u) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Whether what a keeps of those it heeds is the arc from `from`: its threshold's one choice. */
static inline bool gx__kept_is(const gx__chance_rows *heeds, uint32_t a, uint32_t from,
                               uint64_t world) {
    gx__draws d = gx__draws_of(world, a);
    const uint64_t arc = gx__kept_one(heeds, a, &d);
    return arc < heeds->ptr[a + 1] && heeds->node[arc] == from;
}

#endif
