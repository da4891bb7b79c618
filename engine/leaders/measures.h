/* What the leader score is made of, one number a member. Private to engine/leaders. */
#ifndef GX_ENGINE_LEADERS_MEASURES_H
#define GX_ENGINE_LEADERS_MEASURES_H

#include "engine/leaders/leaders.h"
#include "graph/pass/pass.h"

enum { GX_CREDIT_ONE = 1 << 24 }; /* one follower's act, as credit is counted */

/* Those who follow v. */
void gx__leaders_followers(double *followers, const gx_graph *graph);

/* A³·1 over followers: the number of walks of three steps that end at v, two neighbour sums of the
 * follower count. Values are scaled to 1 for the highest. */
GX_MUST_CHECK gx_status gx__leaders_reach(double *reach, const double *followers,
                                          const gx_graph *graph, gx_job *job, gx_error *err);

/* The effective number of circles v's followers come from: inverse Simpson index of their counts.
 * Numbers of circles are below the members. */
GX_MUST_CHECK gx_status gx__leaders_breadth(double *breadth, const gx_graph *graph,
                                            const uint32_t *community, gx_job *job, gx_error *err);

/* Credit of each entry of the matrix, cleared by the caller: acts of followers on the same item,
 * later and within window_ms (0: whenever), each shared evenly by all whom the follower follows and
 * who acted so; then the share of a member's credit that goes beyond chance (credit.c).
 * GX_CREDIT_ONE is a whole act. Without times all credit is 0. */
GX_MUST_CHECK gx_status gx__leaders_credit(uint64_t *credit, const gx_graph *graph,
                                           const gx_matrix *matrix, int64_t window_ms, gx_job *job,
                                           gx_error *err);

/* Leaders of each category: `structure` is each member's standing among people, 0 to 1. Gives
 * category_ptr, category_user, category_score. */
GX_MUST_CHECK gx_status gx__leaders_by_category(gx_output *out, const gx_input *input,
                                                const double *structure, const uint64_t *credit,
                                                uint32_t keep, gx_job *job, gx_error *err);

/* What an act weighs: its value, never below 0. */
static inline double gx__leaders_act(const gx_matrix *matrix, uint64_t i) {
    double value = gx_matrix_value(matrix, i);
    return value > 0.0 ? value : 0.0;
}

#endif
