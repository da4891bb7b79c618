/* Seeds: whom to begin with so that the most members are reached (R48, R50).
 *
 * Greedy over reverse-reachable sets R1, with bounds of OPIM-C's kind (Tang, Tang, Xiao, Yuan,
 * Online processing algorithms for influence maximization, SIGMOD 2018): sets R2 drawn after the
 * choice tell what it reaches (from below), R1 what any choice could (from above). A sample large
 * enough for that proof is still small enough for cheap heuristics to win, so sets are drawn until
 * the choice itself is settled: with c_i sets covered by the i-th seed, Σ √c_i / Σ c_i, the noise
 * of all gains together, falls to `eps`. The heuristics' choices are judged on R2 beside it, which
 * none of them has seen; those near the first are played forward where that says more, and the best
 * of all is given.
 *
 * Where sets hold more than 16 members and a 2,000th of all on average, the choice and the judging
 * are by whole worlds instead (worlds.h), some hundred of them and half as many; sets then give the
 * bounds alone. */
#ifndef GX_INFLUENCE_SEEDS_H
#define GX_INFLUENCE_SEEDS_H

#include "engine/influence/cover.h"
#include "engine/influence/simulate.h"
#include "engine/influence/worlds.h"

#define GX_SEED_EPS "0.03" /* what eps is where nobody says */

typedef struct gx_seed_options {
    gx_chance_options chance;
    gx_seed_limits limits;
    gx__aim aim;
    const double *weight; /* n: worth of reaching each member, to GX_WORTH_MOST; NULL: 1 */
    double eps;           /* noise of the gains together: 0.001 … 1 */
    double delta;         /* the bound may fail with this chance; 0: 1 / n */
    uint64_t sets;        /* draw as many, whatever eps says; 0: as many as it takes */
    bool heuristics;      /* judge degree and its like beside the sets */
} gx_seed_options;

enum { GX_SEED_METHODS_MOST = 8 };

typedef struct gx_seed_method {
    const char *name; /* "greedy", "degree" */
    double spread;    /* of its choice, by the sets or worlds that gx_seeds.spread is by */
    double played;    /* as played, where it was too near the first to tell; else NaN */
} gx_seed_method;

typedef struct gx_seeds {
    uint32_t count;
    uint32_t *seed; /* in the order of choice; the job's */
    double *gain;   /* expected worth reached beyond those before, as judged; the job's */
    double spread;  /* Σ of gains: unbiased */
    double error;   /* its standard error */
    double judges;  /* sets that tell what of all others the seeds reach; 0: worlds do */
    double lower;   /* of the spread, and */
    double upper;   /* of any choice's, both with chance 1 − delta; NaN with fairness */
    uint64_t sets;  /* R1 and R2 */
    uint64_t entries;
    uint32_t worlds;    /* 0: chosen by sets */
    const char *method; /* whose choice it is */
    const char *ended;  /* "eps", "sets" or "memory": what ended the drawing */
    gx_seed_method tried[GX_SEED_METHODS_MOST];
    uint32_t tried_count;
} gx_seeds;

/* The graph needs in-arrays. bad_request: what is out of range, limits that cannot be kept;
 * over_limit: memory. Memory: 4 bytes an entry of a set and, while they are drawn, of a fifth of
 * them 4 more; some 60 a member. */
GX_MUST_CHECK gx_status gx_seeds_choose(gx_seeds *out, const gx_graph *graph,
                                        const gx_seed_options *options, gx_job *job, gx_error *err);
void gx_seeds_finish(gx_seeds *seeds, gx_job *job);

/* What a choice would take, from the first sets of it, which are drawn (a few thousand, or a
 * million entries), and a simulation of it: what runs are to tell is as in `play`, whose seeds and
 * runs are not looked at. */
typedef struct gx_seeds_forecast {
    uint64_t sets, entries; /* drawn for this */
    double wanted;          /* entries of the whole */
    double share;           /* of all worth that the choice by the first sets reaches */
    uint32_t worlds;        /* 0: by sets */
    uint64_t mem_bytes;     /* of the job at the peak of the choice */
    uint64_t order_bytes;   /* while heuristics put members in order; 0: without them */
    double cpu_s, order_s;  /* the one by what the first took, the other by measured figures */
    double forward_s;       /* chances in the other direction, for a simulation; */
    double run_s;           /* of one run of it: seconds, both as timed */
} gx_seeds_forecast;

GX_MUST_CHECK gx_status gx_seeds_foresee(gx_seeds_forecast *out, const gx_graph *graph,
                                         const gx_seed_options *options,
                                         const gx_simulation_options *play, gx_job *job,
                                         gx_error *err);

/* ---- heuristics ------------------------------------------------------------------------------ */

/* An order of all members, best first, for so many seeds; beyond `depth` places any will do. */
typedef struct gx__heuristic {
    const char *name;
    gx_status (*order)(uint32_t *out, const gx_graph *graph, const gx_chances *chances,
                       uint32_t count, uint32_t depth, gx_job *job, gx_error *err);
} gx__heuristic;

extern const gx__heuristic gx__heuristics[];
extern const size_t gx__heuristic_count;
/* What any of them holds at its peak: PageRank and VoteRank need the undirected graph, made of both
 * directions. */
uint64_t gx__heuristic_bytes(const gx_graph *graph);

#endif
