/* How far something spreads from given seeds, by playing it through (R49): run r draws which arcs
 * are kept from streams named by (seed, r, member), whoever the seeds are. So two plans simulated
 * with one seed meet the same worlds, and their difference run by run is far less noisy than either
 * (common random numbers). */
#ifndef GX_INFLUENCE_SIMULATE_H
#define GX_INFLUENCE_SIMULATE_H

#include "engine/influence/chances.h"

enum { GX_SPREAD_STEPS = 64 }; /* steps told apart; what comes later is in the last */

typedef struct gx_simulation {
    uint32_t runs;
    double *reached;                 /* runs: worth reached in each, seeds included; the job's */
    double mean, error;              /* over runs, and its standard error */
    double least, most;              /* worth of the seeds, and of everybody: no run leaves these */
    double by_step[GX_SPREAD_STEPS]; /* members reached at each step, mean; 0: the seeds */
    double *by_circle;               /* circles + 1: mean members reached; the job's, or NULL */
    double *by_day;  /* days + 1: mean members reached on each day, the last: later; or NULL */
    double *by_seed; /* count: mean worth that it reaches beyond those before it; or NULL */
} gx_simulation;

typedef struct gx_simulation_options {
    const uint32_t *seed;
    uint32_t count;
    uint32_t runs;
    const double *weight;   /* n: worth of each member, to GX_WORTH_MOST; NULL: 1 */
    const uint32_t *circle; /* n, below `circles` or GX_NONE; NULL: not asked for */
    uint32_t circles;
    uint32_t days; /* days told apart, 0: none; then every kept arc takes `delay` days */
    double delay;  /* on average */
    /* Seeds are played one after the other, so that by_seed is told, which sums to the mean; the
     * same are reached. Then there are no steps, and no days. Worth is 0 or more. */
    bool seeds;
} gx_simulation_options;

/* The chances need rows forward. The seeds are below n; one given twice counts once. Time: of each
 * run some nanoseconds for each member reached and arc tried; memory 5 bytes a member and thread
 * (21 with days, 9 for thresholds without) and 8 a run. With `seeds` 8 a seed and thread. */
GX_MUST_CHECK gx_status gx_simulate(gx_simulation *out, const gx_chances *chances,
                                    const gx_simulation_options *options, gx_job *job,
                                    gx_error *err);
/* Mean of a number a run and its standard error: 0 where all are the same, whatever rounding says.
 */
void gx_runs_mean(double *out_mean, double *out_error, const double *number, uint32_t runs);
void gx_simulation_finish(gx_simulation *simulation, gx_job *job);

#endif
