/* Whom a member could meet: those two or three steps away who are not tied to them, scored by what
 * the ties between say. One source at a time, over rows of a graph; the caller brings the source's
 * own row, which may be newer than the graph.
 *
 *   common   |N(u) ∩ N(v)|
 *   adamic   Σ over common z of 1 / log k_z (Adamic and Adar 2003)
 *   near     Σ over common z of 1 / k_z: a random walk of two steps, times k_u (resource
 *            allocation, Zhou, Lü and Zhang 2009)
 *   far      Σ over paths u z w v of 1 / (k_z k_w): one of three steps, times k_u; with `near` the
 *            superposed local random walk (Liu and Lü 2010)
 *   circle   whether u and v are in the same community
 *
 * A graph's score is Σ weight × part, each squashed to below 1 by a scale of its own. */
#ifndef GX_OPERATIONS_MEET_H
#define GX_OPERATIONS_MEET_H

#include "graph/csr/graph.h"

/* Rows in any order, without self-loops. */
typedef struct gx_meet_graph {
    uint32_t n;
    const uint64_t *ptr; /* n + 1 */
    const uint32_t *dst;
    const uint32_t *degree;    /* n: of the whole rows, where `dst` has them cut; NULL: not cut */
    const uint32_t *community; /* n; NULL: not known */
} gx_meet_graph;

typedef struct gx_meet_weights {
    double adamic, near, far, circle;
    double taste; /* of a cosine in [0, 1] that the caller adds */
} gx_meet_weights;

extern const gx_meet_weights gx_meet_weights_default;
extern const gx_meet_weights gx_meet_weights_adamic; /* Adamic–Adar alone: the yardstick */

typedef struct gx_meet_parts {
    uint32_t common;
    double adamic, near, far;
} gx_meet_parts;

/* Scratch of one thread. 40 bytes a member. */
typedef struct gx_meet {
    const gx_meet_graph *graph;
    gx_meet_parts *parts;             /* n; of those touched */
    double *reach;                    /* n */
    uint8_t *state;                   /* n */
    uint32_t *touched, touched_count; /* candidates: not the source, not in its row */
    uint32_t *middle;
    uint32_t circle; /* of the source */
} gx_meet;

GX_MUST_CHECK gx_status gx_meet_open(gx_meet *out, const gx_meet_graph *graph, gx_job *job,
                                     gx_error *err);
void gx_meet_close(gx_meet *meet, gx_job *job);
uint64_t gx_meet_bytes(uint32_t n);
/* Fills parts of everybody within three steps of `source` (GX_NONE or ≥ n: nobody of the graph),
 * whose row is `row`: distinct members, of whom those ≥ n are passed over. `circle` is the source's
 * community, GX_NONE where it has none. O(the ties of those within two steps). */
GX_MUST_CHECK gx_status gx_meet_from(gx_meet *meet, uint32_t source, const uint32_t *row,
                                     uint32_t count, uint32_t circle, gx_job *job, gx_error *err);
/* Whether `v` is among the candidates. */
static inline bool gx_meet_is_touched(const gx_meet *meet, uint32_t v) {
    return meet->state[v] != 0;
}
/* Of anybody in the graph, met or not. */
double gx_meet_score(const gx_meet *meet, const gx_meet_weights *weights, uint32_t v);
/* The squashed parts behind it, in [0, 1). */
void gx_meet_shares(double *out_adamic, double *out_walk, double *out_circle, const gx_meet *meet,
                    const gx_meet_weights *weights, uint32_t v);

#endif
