/* How seeds are chosen, shared by the choice (seeds.c) and what is said of it beforehand
 * (foresee.c). */
#ifndef GX_INFLUENCE_CHOOSING_H
#define GX_INFLUENCE_CHOOSING_H

#include "engine/influence/reach.h"
#include "engine/influence/seeds.h"

enum {
    GX__FIRST = 1 << 13,         /* sets of the first round, */
    GX__FIRST_ENTRIES = 1 << 20, /* or as many as hold so many entries */
    GX__CHUNK = 1 << 20,         /* sets kept in one chunk at the most: they stay in a cache */
    GX__ROUNDS_MOST = 24,
    GX__JUDGES = 4, /* R2 is a quarter of R1, and at least as many sets as */
    GX__JUDGES_LEAST = 1 << 18,
    GX__JUDGES_ENTRIES = 1 << 21, /* … hold so many entries */
    GX__ENTRY = 4                 /* bytes */
};

#define GX__CLOSE                                                                                  \
    0.02 /* so near to the first by sets that it has to be played, in as many runs                 \
          */
#define GX__RUNS_LEAST 500.0
#define GX__RUNS_MOST 10000.0

/* A heuristic's choice, within the limits. */
typedef struct gx__picked {
    uint32_t *seed, count; /* NULL: not picked yet */
} gx__picked;

/* What is said of a choice. */
typedef struct gx__verdict {
    double mean, error; /* by sets or worlds */
    double elsewhere;   /* sets of R2 that begin at none of the seeds; by worlds 0, like */
    uint64_t covered;   /* sets of R2 that hold one */
} gx__verdict;

/* A choice to be compared. */
typedef struct gx__entrant {
    const char *name;
    uint32_t *seed, count;
    gx__verdict verdict;
    double played; /* NaN: it was not */
    bool out;      /* too far from the first to be played */
} gx__entrant;

typedef struct gx__choosing {
    gx_seeds *out;
    const gx_graph *graph;
    const gx_seed_options *options;
    gx_job *job;
    gx_chances chances;
    gx__roots roots;
    gx__sets *sets;            /* R1, and behind it R2 */
    size_t chosen_from, drawn; /* chunks of R1, and with R2 */
    uint64_t next;             /* number of the next set */
    uint64_t room;             /* entries */
    uint64_t r1, r2;           /* sets */
    uint32_t *seed, count;     /* the choice, and in the end */
    gx__verdict verdict;       /* … what is said of it */
    double *gain;
    gx__picked picked[GX_SEED_METHODS_MOST];    /* by each heuristic */
    bool beside;                                /* it was tried to pick them beside a drawing */
    gx__entrant entrants[GX_SEED_METHODS_MOST]; /* judged */
    size_t entered;
    bool large; /* by worlds: */
    uint32_t drawn_worlds;
    gx__worlds judges;
    double noise, most; /* Σ √c / Σ c; the bound on any choice's cover of R1 */
} gx__choosing;

GX_MUST_CHECK gx_status gx__choosing_prepare(gx__choosing *c, gx_error *err);
void gx__choosing_finish(gx__choosing *c);
uint64_t gx__choosing_entries(const gx__choosing *c);
/* Sets of one chunk at the most. */
uint64_t gx__choosing_chunk(const gx__choosing *c);
/* As many more, to choose by or to judge with, or as fit into `room` entries of all; how many it
 * were. */
GX_MUST_CHECK gx_status gx__choosing_draw(uint64_t *out, gx__choosing *c, uint64_t count,
                                          uint64_t room, bool judges, gx_error *err);
/* The choice into c->seed, its bound and its noise. */
GX_MUST_CHECK gx_status gx__choosing_choose(gx__choosing *c, const gx_seed_limits *limits,
                                            gx_error *err);
/* What reaching the seeds alone is worth. */
double gx__choosing_weight(const gx__choosing *c, const uint32_t *seed, uint32_t count);
/* Sets that R2 is to have, and R1 next. */
uint64_t gx__choosing_judges(const gx__choosing *c);
uint64_t gx__choosing_next_size(const gx__choosing *c);
/* Whether worlds tell more than sets, and how many there is room for. */
bool gx__choosing_is_large(const gx__choosing *c);
uint32_t gx__choosing_worlds(const gx__choosing *c);
/* The choice by worlds into c->seed; of the first one, those that judge are made too. */
GX_MUST_CHECK gx_status gx__choosing_by_worlds(gx__choosing *c, const gx_seed_limits *limits,
                                               gx_error *err);

/* ---- compared (compare.c) -------------------------------------------------------------------- */

/* Whether heuristics are to be compared with the choice. */
bool gx__choosing_compares(const gx__choosing *c);
/* Has all heuristics choose that have not. */
GX_MUST_CHECK gx_status gx__choosing_pick_all(gx__choosing *c, gx_job *job, gx_error *err);
/* … while the sets of a drawing are drawn. */
void gx__choosing_pick_beside(gx__choosing *c, gx__drawing *drawing);
/* Has the choice, within a budget greedy by gain, and heuristics judged, by sets or worlds that
 * none of them has seen; the choice is the first of c->entrants. */
GX_MUST_CHECK gx_status gx__choosing_enter_all(gx__choosing *c, gx_error *err);
void gx__choosing_forget_entrants(gx__choosing *c);
/* Replaces the choice by the entrant that reaches most, and tells its verdict. */
GX_MUST_CHECK gx_status gx__choosing_compare(gx__choosing *c, gx_error *err);

#endif
