/* What the leader score is made of, one number a member. Private to engine/leaders. */
#ifndef GX_ENGINE_LEADERS_MEASURES_H
#define GX_ENGINE_LEADERS_MEASURES_H

#include "engine/leaders/leaders.h"
#include "graph/pass/pass.h"

enum { GX_CREDIT_ONE = 1 << 24 }; /* one follower's act, as credit is counted */

/* The ties of those who are still here, with in-arrays: who has departed heeds nobody. Empty where
 * nobody has. On the job's account until gx__leaders_leave. */
GX_MUST_CHECK gx_status gx__leaders_here(gx_graph *out, const gx_input *input, gx_job *job,
                                         gx_error *err);
void gx__leaders_leave(gx_graph *here, gx_job *job);

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

/* Σ over categories of the items v acted on × those its followers did: how much of what v knows is
 * what they care for. */
GX_MUST_CHECK gx_status gx__leaders_topic(double *topic, const gx_graph *graph,
                                          const gx_matrix *matrix, const gx_labels *category,
                                          gx_job *job, gx_error *err);

/* How followers acted after members. */
typedef struct gx__leaders_after {
    int64_t window_ms; /* so soon after; 0: whenever */
    int64_t since_ms;  /* only acts of followers from then on; INT64_MIN: all */
    int64_t until_ms;  /* and before then; INT64_MAX: all */
    bool whole;        /* credit is kept whole, also what chance would have done */
} gx__leaders_after;

/* Credit of each entry of the matrix, cleared by the caller: acts of followers on the same item,
 * later and within the window, each shared evenly by all whom the follower follows and who acted
 * so; then the share of a member's credit that goes beyond chance (credit.c), which `kept` holds
 * where it is not NULL. `first`: per entry when the member began (NULL: the matrix's times), whose
 * own times are those of the latest acts. GX_CREDIT_ONE is a whole act. Without times all credit is
 * 0. */
GX_MUST_CHECK gx_status gx__leaders_credit(uint64_t *credit, double *kept, const gx_graph *graph,
                                           const gx_matrix *matrix, const int64_t *first,
                                           const gx__leaders_after *after, gx_job *job,
                                           gx_error *err);

/* CPU seconds of that: an entry is sorted among those of its item, and looked up there. */
double gx__leaders_credit_seconds(const gx_graph *graph, const gx_matrix *matrix, uint32_t items);
/* Histories are read at random: how much dearer that is once the caches no longer hold so many
 * entries. */
double gx__leaders_far(double entries);

/* Each member's, in acts of followers. */
void gx__leaders_sum_credit(double *out, const uint64_t *credit, const gx_matrix *matrix);

/* kept · followers who did something in `bought` within the window after v acted on it, over those
 * who ever did anything there and 5 more. Rows of both matrices are the members. */
GX_MUST_CHECK gx_status gx__leaders_conversion(double *conversion, const double *kept,
                                               const gx_graph *graph, const gx_matrix *matrix,
                                               const int64_t *first, const gx_matrix *bought,
                                               const gx__leaders_after *after, gx_job *job,
                                               gx_error *err);

/* ---- what looks bought or arranged (authentic.c) --------------------------------------------- */

/* authentic[v]: what of the score is left, 0.01 to 1; flag[v × flags + f]: the share of v's
 * followers that f is about, 0 where it is not raised; count: how many they are. */
typedef struct gx__leaders_signs {
    double *authentic;
    float *flag;
    uint32_t *count;
} gx__leaders_signs;

GX_MUST_CHECK gx_status gx__leaders_authentic(const gx__leaders_signs *out, const gx_input *input,
                                              const double *kept, int64_t burst_ms, gx_job *job,
                                              gx_error *err);

/* Raises `flood` on those who flood (flood.c); the count is of acts, the share of what they did. */
void gx__leaders_flood(const gx__leaders_signs *out, const gx_facts *facts);

/* ---- weights (fit.c) ------------------------------------------------------------------------- */

/* Poisson regression with a log link: E y = exp(b + Σ_p weight_p x_p), weights 0 or more, of `rows`
 * members, x row by row; `ridge` × Σ y holds the weights back. All 0 where y says nothing. */
GX_MUST_CHECK gx_status gx__leaders_poisson(double weight[GX_LEADER_MEASURE_COUNT], const double *x,
                                            const double *y, uint32_t rows, double ridge,
                                            gx_job *job, gx_error *err);

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
