/* How well chances tell what came later: whenever somebody heeded passed on what a member could
 * still take, did the member take it within the window? */
#ifndef GX_INFLUENCE_JUDGE_H
#define GX_INFLUENCE_JUDGE_H

#include "graph/csr/firsts.h"

/* Trials of arcs as in evidence.h, one by one, in the order of arcs and items. */
typedef struct gx_influence_trials {
    uint64_t count;
    uint64_t *arc;    /* count; the job's */
    uint32_t *member; /* who heeds */
    uint8_t *acted;   /* 1: took it within the window, by way of whomever */
} gx_influence_trials;

/* Those that began in [from_ms, to_ms) and whose window the log goes on to the end of. O(Σ over
 * arcs of what is passed on). */
GX_MUST_CHECK gx_status gx_influence_trials_find(gx_influence_trials *out, const gx_graph *graph,
                                                 const gx_firsts *firsts, int64_t from_ms,
                                                 int64_t to_ms, int64_t window_ms, bool by_acts,
                                                 gx_job *job, gx_error *err);
void gx_influence_trials_finish(gx_influence_trials *trials, gx_job *job); /* safe on zeros */

typedef enum gx_influence_figure {
    GX_FIGURE_LOG_LOSS, /* mean of −ln of the chance of what came */
    GX_FIGURE_BRIER,    /* mean square of chance less what came */
    GX_FIGURE_AUC,      /* chance that one that acted is told likelier than one that did not */
    GX_FIGURES
} gx_influence_figure;

enum { GX_CALIBRATION_BINS = 10 };

typedef struct gx_influence_judged {
    double anyway; /* chance to act whatever is passed on */
    double figure[GX_FIGURES], low[GX_FIGURES], high[GX_FIGURES];
    double gap[GX_FIGURES], gap_low[GX_FIGURES], gap_high[GX_FIGURES]; /* less the first one's */
    struct {
        uint64_t trials;
        double told, came;      /* means */
    } bin[GX_CALIBRATION_BINS]; /* trials by rising chance, as many in each but for ties */
} gx_influence_judged;

typedef struct gx_influence_judging {
    const gx_influence_trials *earlier; /* from which `anyway` is fitted to the mean */
    const gx_influence_trials *later;
    uint32_t resamples; /* of members: Poisson bootstrap; 0: low and high are NaN */
    double level;
} gx_influence_judging;

/* Of `count` chances by arc, NULL: 0 each, out[k] of chance[k]. A trial comes off with
 * 1 − (1 − anyway) (1 − chance). O(count · trials · (log trials + resamples)). */
GX_MUST_CHECK gx_status gx_influence_judge(gx_influence_judged *out, const float *const *chance,
                                           uint32_t count, const gx_influence_judging *how,
                                           gx_job *job, gx_error *err);

#endif
