/* How well friends to meet are found: some ties are hidden, and looked for among all members that
 * one is not tied to. */
#ifndef GX_OPERATIONS_MEET_EVAL_H
#define GX_OPERATIONS_MEET_EVAL_H

#include "engine/operations/meet.h"
#include "graph/pass/pass.h"

typedef struct gx_meet_eval_options {
    double share;     /* of the ties that are hidden, each drawn by itself */
    uint32_t members; /* at most so many are judged, of those with a hidden tie; drawn at random */
    uint32_t cutoff;  /* length of the list */
    uint32_t k;       /* rows of the served graph hold so many ties, the strongest */
    gx_meet_weights weights;
    const gx_matrix *matrix; /* members × items, for taste; NULL: none */
    uint32_t pool;           /* taste is looked at of so many, the best by the graph */
    const uint8_t *shown;    /* n: only members of 1 are looked for and ranked; NULL: everybody */
} gx_meet_eval_options;

typedef struct gx_meet_figures {
    double auc; /* mean over hidden ties of the share of the members not tied that score lower; ties
                   count half */
    double precision; /* mean over members of the share of the list that was hidden */
} gx_meet_figures;

typedef struct gx_meet_eval {
    uint64_t ties, hidden; /* of the graph, and how many of them; each judged from every member
                            * judged who has it, where the other end may be shown */
    uint32_t members;
    gx_meet_figures own, adamic; /* the score as served; Adamic–Adar alone, over whole rows */
} gx_meet_eval;

/* `graph` is undirected; its weights are not looked at. Communities and strengths are made anew
 * without the hidden ties. The job's seed says which are hidden: tune with one, judge with another.
 * conflict: no tie was hidden, or none whose other end may be shown. O(members · (n + ties within
 * two steps)). */
GX_MUST_CHECK gx_status gx_meet_evaluate(gx_meet_eval *out, const gx_graph *graph,
                                         const gx_meet_eval_options *options, gx_job *job,
                                         gx_error *err);

/* What gx_meet_evaluate would take beyond `graph`: the parts of it, the passes, and the judging. */
typedef struct gx_meet_eval_cost {
    gx_estimate parts, strength, leiden, judging;
    gx_estimate whole;
} gx_meet_eval_cost;

void gx_meet_eval_estimate(gx_meet_eval_cost *out, const gx_graph *graph,
                           const gx_meet_eval_options *options, int threads);

#endif
