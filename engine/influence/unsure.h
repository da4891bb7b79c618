/* How sure learnt chances are: each is a product of factors, of who heeds, of who is heeded and of
 * the pair (shrink.h), and each factor a gamma of mean 1 and variance 1 / (S + κ) about what it was
 * learnt to be, with S the acts it was learnt from. Of members heeded by many it moves all their
 * arcs together, so that campaigns differ more than those of chances that are known. κ of who is
 * heeded is held to AT_MOST: a gamma hides that some who are heeded by hundreds move nobody, and
 * of whom the log has little yet such a one is among those who begin a campaign.
 *
 * One factor is common to all, of the scale. It was learnt from A acts, which are of members who
 * differ, so that their number has the variance A + Σ E_b² / κ_b + Σ E_a² / κ_a of counts that are
 * Poisson given their gammas (Clayton and Kaldor, Empirical Bayes estimates of age-standardized
 * relative risks, Biometrics 43, 1987, section 3), for E² the unbiased S (S − 1). Its gamma has the
 * relative variance of that sum: in a log of few acts all chances may be wrong together. */
#ifndef GX_INFLUENCE_UNSURE_H
#define GX_INFLUENCE_UNSURE_H

#include "graph/csr/graph.h"

/* What the array influence.fit holds. */
typedef enum gx_influence_fit {
    GX_FIT_TRIALS,
    GX_FIT_ACTS,
    GX_FIT_DAYS, /* mean */
    GX_FIT_SHAPE,
    GX_FIT_SCALE,
    GX_FIT_HEEDING, /* κ of who heeds, */
    GX_FIT_HEEDED,  /* of whom they heed, */
    GX_FIT_PAIR,    /* of pairs */
    GX_FIT_BY_ACTS,
    GX_FITS
} gx_influence_fit;

typedef struct gx_unsure {
    const gx_graph *graph;
    const float *shared, *acts; /* m */
    double pair;                /* κ */
    double scale;               /* shape of the factor that all have */
    double *heeding, *heeded;   /* n: S + κ; the job's */
    double *a, *b;              /* n: factors of one draw */
} gx_unsure;

/* shared, acts and fit (GX_FITS) as the pass influence gives them, of this graph; they must outlive
 * it. 32 bytes a member, O(m). gx_unsure_finish in any case. */
GX_MUST_CHECK gx_status gx_unsure_make(gx_unsure *out, const gx_graph *graph, const float *shared,
                                       const float *acts, const double *fit, gx_job *job,
                                       gx_error *err);
void gx_unsure_finish(gx_unsure *unsure, gx_job *job);

/* chance (m): one draw of what shared could be, in 0 … 1; its random numbers are named by (seed,
 * draw). O(m). */
void gx_unsure_draw(float *chance, gx_unsure *unsure, uint64_t seed, uint32_t draw);

/* A gamma of mean 1 and variance 1 / shape, above 0. */
double gx_unsure_gamma(double shape, gx_rng *rng);

#endif
