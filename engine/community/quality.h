/* How good a partition is: for tests, checks and profiles. Graphs are undirected, A_ij is the
 * stored weight of the arc, a node's degree the sum of its row. */
#ifndef GX_COMMUNITY_QUALITY_H
#define GX_COMMUNITY_QUALITY_H

#include "graph/csr/graph.h"

/* Q = 1/(2m) Σ_ij (A_ij − γ k_i k_j / (2m)) [c_i = c_j]; 0 where there is no weight (Newman and
 * Girvan 2004; resolution: Reichardt and Bornholdt 2006). Community numbers are below n. O(n + m).
 */
GX_MUST_CHECK gx_status gx_quality_modularity(double *out, const gx_graph *graph,
                                              const uint32_t *community, double resolution,
                                              gx_job *job, gx_error *err);

enum { GX_QUALITY_CPM = 1, GX_QUALITY_UNWEIGHTED = 2 };

/* What Leiden makes large, 0 where there is no weight. By default the modularity above; of a
 * directed graph that of Leicht and Newman (2008), Q = 1/m Σ_ij (A_ij − γ kout_i kin_j / m) [c_i =
 * c_j]. With GX_QUALITY_CPM the constant Potts model over all weight (Traag, Van Dooren and
 * Nesterov 2011), Q = 1/(2m) Σ_ij (A_ij − γ) [c_i = c_j], i = j counted; of a directed graph 1/m in
 * the place of 1/(2m). O(n + m). */
GX_MUST_CHECK gx_status gx_quality_objective(double *out, const gx_graph *graph,
                                             const uint32_t *community, double resolution,
                                             unsigned flags, gx_job *job, gx_error *err);

/* Weights per community: total is the degrees of its members, inside the part of it that stays
 * (every edge counted from both ends). Arrays of `count` entries, filled. O(n + m), on one
 * thread, with nothing held; cancelled, deadline. */
GX_MUST_CHECK gx_status gx_quality_weights(double *total, double *inside, const gx_graph *graph,
                                           const uint32_t *community, uint32_t count, gx_job *job,
                                           gx_error *err);

/* Share of all weight that lies inside communities; 0 where there is none. */
double gx_quality_coverage(const double *total, const double *inside, uint32_t count);

/* cut / min(total, rest): 0 is a community nothing leaves, also where there is nothing (Kannan,
 * Vempala and Vetta 2004). */
double gx_quality_conductance(double total, double inside, double all);

/* How many communities are not connected inside. */
GX_MUST_CHECK gx_status gx_quality_disconnected(uint32_t *out, const gx_graph *graph,
                                                const uint32_t *community, gx_job *job,
                                                gx_error *err);

/* All figures of a partition on its graph. */
typedef struct gx_quality {
    double modularity;  /* at resolution 1 */
    double coverage;    /* share of weight inside communities */
    double performance; /* share of pairs of members that are tied and together, or neither (van
                         * Dongen 2000); ties count once whatever they weigh; 1 where no pair is */
    double conductance, conductance_most; /* mean over communities, and the largest */
    uint32_t disconnected;                /* communities that are not connected inside */
} gx_quality;

/* Community numbers are dense and below n. O(n + m), 24 bytes a member. */
GX_MUST_CHECK gx_status gx_quality_measure(gx_quality *out, const gx_graph *graph,
                                           const uint32_t *community, gx_job *job, gx_error *err);

/* Normalised mutual information, arithmetic mean of the entropies (Danon et al. 2005); 1 where both
 * are one and the same single community. Numbers of both are below n, or GX_NONE, and whoever has
 * none in either is left out. O(n). */
GX_MUST_CHECK gx_status gx_quality_nmi(double *out, const uint32_t *a, const uint32_t *b,
                                       uint32_t n, gx_job *job, gx_error *err);

/* How far two partitions of the same members agree. */
typedef struct gx_agreement {
    uint32_t members; /* who were compared: those with a number in both */
    double nmi;       /* 0 to 1, as above; not corrected for chance */
    double ami; /* adjusted for chance, mean of the entropies (Vinh et al. 2010): 1 the same, 0
                 * what chance gives, and a little below it */
    double ari; /* adjusted Rand index (Hubert and Arabie 1985), of the same range */
} gx_agreement;

/* Numbers as for gx_quality_nmi. O(n) and the expectation, at worst O(n √n); 28 bytes a member. */
GX_MUST_CHECK gx_status gx_quality_agreement(gx_agreement *out, const uint32_t *a,
                                             const uint32_t *b, uint32_t n, gx_job *job,
                                             gx_error *err);

/* What every community pass promises: numbers 0.. by falling size, ties by smallest member.
 * GX_INTERNAL names what breaks it; `community` NULL is GX_INTERNAL too. */
GX_MUST_CHECK gx_status gx_quality_check_order(const uint32_t *community, uint32_t n,
                                               gx_error *err);
/* The same, and every community is connected. */
GX_MUST_CHECK gx_status gx_quality_check(const uint32_t *community, const gx_graph *graph,
                                         gx_error *err);

#endif
