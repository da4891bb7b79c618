/* What the strength of a tie is made of. Each part lies between 0 and 1 and is the same seen from
 * either end; the strength is their mean, weighted by shares that sum to 1. The pass `strength` and
 * the look-up of one tie use the same formulas. */
#ifndef GX_OPERATIONS_TIE_PARTS_H
#define GX_OPERATIONS_TIE_PARTS_H

#include "graph/csr/graph.h"

/* X(NAME, parameter, weight by default, what it says) */
#define GX_TIE_PART_MAP(X)                                                                         \
    X(WEIGHT, "weight", "1", "the tie's own weight and kind")                                      \
    X(RECENCY, "recency", "0.5", "how lately the two were tied; needs times of ties")              \
    X(RECIPROCITY, "reciprocity", "1", "that both chose each other")                               \
    X(GROUPS, "groups", "0.5", "groups both are in; needs members of groups")                      \
    X(COMMON, "common", "1", "common neighbours")                                                  \
    X(PURCHASES, "purchases", "0.5", "buying the same; needs events")

typedef enum gx_tie_part {
#define X(name, parameter, weight, help) GX_TIE_##name,
    GX_TIE_PART_MAP(X)
#undef X
        GX_TIE_PART_COUNT
} gx_tie_part;

const char *gx_tie_part_name(gx_tie_part part); /* the parameter */
double gx_tie_part_default(gx_tie_part part);

/* x / (1 + x) with x = log2(1 + weight / usual): 1/2 for a usual tie. `usual` is the geometric mean
 * of all weights above 0. */
double gx_tie_weight_part(double weight, double usual);
/* 2^(−age / half-life), 1 where the tie is newer than `now`; 1/2 where its time is not known. */
double gx_tie_recency_part(int64_t ts_ms, int64_t now_ms, double half_life_ms);
#define GX_TIE_RECENCY_UNKNOWN 0.5
/* min / max of the weights there and back. */
double gx_tie_reciprocity_part(double there, double back);
/* x / (1 + x), where x sums gx_tie_group_weight of the groups both are in. */
double gx_tie_groups_part(double x);
/* 1 / log2(1 + members): a group of everybody says little (after Adamic and Adar 2003). */
double gx_tie_group_weight(uint64_t members);
/* Neighbourhood overlap |N(u) ∩ N(v)| / (k_u + k_v − 2 − |N(u) ∩ N(v)|) (Onnela et al. 2007,
 * Structure and tie strengths in mobile communication networks, PNAS 104, eq. 1). */
double gx_tie_common_part(double common, uint64_t degree_u, uint64_t degree_v);
/* Σ value · value over the columns that two rows share, and √Σ value² over one. */
double gx_tie_dot(const gx_matrix *matrix, uint32_t u, uint32_t v);
double gx_tie_norm(const gx_matrix *matrix, uint32_t u);
/* The next column that both rows have, from *a and *b on; false at the end of either. */
static inline bool gx_tie_next_shared(const gx_matrix *m, uint64_t *a, uint64_t *b, uint64_t a_end,
                                      uint64_t b_end) {
    while (*a < a_end && *b < b_end && m->col[*a] != m->col[*b]) {
        if (m->col[*a] < m->col[*b]) {
            ++*a;
        } else {
            ++*b;
        }
    }
    return *a < a_end && *b < b_end;
}
/* Cosine of what the two bought, from the dot product and the two norms. */
double gx_tie_purchases_part(double dot, double norm_u, double norm_v);

/* Scales `share` to the sum 1; false where all of them are 0. */
bool gx_tie_shares(double share[GX_TIE_PART_COUNT]);
/* Σ share × part, at most 1. */
double gx_tie_strength(const double share[GX_TIE_PART_COUNT], const double part[GX_TIE_PART_COUNT]);

/* Places of `strength.scale`. */
enum { GX_TIE_SCALE_WEIGHT, GX_TIE_SCALE_NOW, GX_TIE_SCALE_HALF_LIFE, GX_TIE_SCALES };

/* exp of the mean log of the weights above 0 of a graph, in fixed blocks; 1 where it has none.
 * O(m). */
GX_MUST_CHECK gx_status gx_tie_usual_weight(double *out, const gx_graph *graph, gx_job *job,
                                            gx_error *err);

/* The first share × degree of a member's ties, strongest first and at least one, are strong ones,
 * the others weak: close ties are few, and each member has their own measure of close. */
#define GX_TIE_STRONG_SHARE_DEFAULT 0.2
bool gx_tie_is_strong(uint64_t place, uint64_t degree, double share); /* place from 0 */

#endif
