/* What fusion.c (the contract), fusion_parts.c, fusion_block.c (scores of many members) and
 * fusion_learn.c (weights) share. */
#ifndef GX_MODELS_FUSION_H
#define GX_MODELS_FUSION_H

#include "models/model.h"

/* The parts, in the order of the arrays `weight` and `slope`: linear, which finds candidates; four
 * bands of spectral; userknn; ials; ridge, which knows the most popular items only. */
enum {
    GX__FUSION_LINEAR,
    GX__FUSION_BAND,
    GX__FUSION_BANDS = 4,
    GX__FUSION_NEAR = GX__FUSION_BAND + GX__FUSION_BANDS,
    GX__FUSION_IALS,
    GX__FUSION_RIDGE,
    GX__FUSION_PARTS,
    GX__FUSION_WEIGHTS = 2 * GX__FUSION_PARTS
};

/* Opened parts of one fit. */
typedef struct gx__fusion_parts {
    const gx_model *model[GX__FUSION_PARTS];
    void *state[GX__FUSION_PARTS];
    const float *weight, *slope; /* of each part; not owned, NULL while they are learnt */
    uint32_t items, candidates;
} gx__fusion_parts;

/* What is learnt on members held out, or given. */
typedef struct gx__fusion_tuned {
    double target_exponent; /* of the part linear */
    float weight[GX__FUSION_WEIGHTS];
} gx__fusion_tuned;

/* Good in every shop that was tried (docs/models.md): weights, then slopes. */
extern const gx__fusion_tuned gx__fusion_usual;

/* Of one history: the items that all parts score, and their scores. */
typedef struct gx__fusion_room {
    uint32_t *item;               /* candidates, then items of the history; rising in each */
    float *score;                 /* parts rows of `stride` */
    uint32_t stride;              /* at least candidates and history */
    uint32_t count;               /* how many items there are, */
    uint32_t strange;             /* and how many of them are not in the history: they come first */
    float size[GX__FUSION_PARTS]; /* root mean square of a part's scores; 0: it has none */
    bool folded;
    /* Between uses nothing: */
    gx_scored *top; /* twice the candidates */
    float *aside;   /* the longest history */
    float *plain;   /* items: of a part that scores all or none */
} gx__fusion_room;

/* A multiple of 64. */
uint64_t gx__fusion_room_bytes(uint32_t items, uint32_t candidates, uint64_t longest);
/* Lays a room out in `memory` of that many bytes, aligned. */
void gx__fusion_room_lay(gx__fusion_room *out, void *memory, uint32_t items, uint32_t candidates,
                         uint64_t longest);

/* What of it one thread needs, whoever it works for; aligned too. */
uint64_t gx__fusion_scratch_bytes(uint32_t items, uint32_t candidates, uint64_t longest);
void gx__fusion_scratch_lay(gx__fusion_room *room, void *memory, uint32_t items,
                            uint32_t candidates);

/* With `dense` the first part's scores of the history (as they were afterwards): picks the
 * candidates, and their scores of that part. */
void gx__fusion_pick(gx__fusion_room *room, const gx__fusion_parts *parts,
                     const gx_history *history, float *dense);
/* What part p says of the room's items, and its size. `fitted`: see model.h. */
GX_MUST_CHECK gx_status gx__fusion_rate_by(gx__fusion_room *room, const gx__fusion_parts *parts,
                                           size_t p, const gx_history *history, bool fitted,
                                           gx_error *err);
void gx__fusion_measure(gx__fusion_room *room, size_t p); /* the size alone */
/* All of it: picks, and rates by every part that counts. */
GX_MUST_CHECK gx_status gx__fusion_rate(gx__fusion_room *room, const gx__fusion_parts *parts,
                                        const gx_history *history, bool fitted, float *dense,
                                        gx_error *err);

/* Whether part p has any weight for this history: else it need not be asked. */
bool gx__fusion_counts(const gx__fusion_parts *parts, size_t p, const gx_history *history);
/* What a unit of part p's score counts for this history; 0: nothing, and it may not be there. */
float gx__fusion_weigh(const gx__fusion_room *room, const gx__fusion_parts *parts, size_t p,
                       const gx_history *history);
/* `scores` holds the first part's, weighed already, and gets what the others add; by: what a unit
 * of each part counts. */
void gx__fusion_add(float *scores, const float *by, const gx__fusion_room *room);

/* For the contract of a model: count rows of scores. */
GX_MUST_CHECK gx_status gx__fusion_score_block(float *scores, const gx__fusion_parts *parts,
                                               const gx_matrix *history, uint32_t first,
                                               uint32_t count, gx_job *job, gx_error *err);

/* What a history's length adds to a weight is its slope times this. */
float gx__fusion_length(uint32_t count);

/* Fits all parts to the matrix of the input, under instance.PART; `halved`: ials with half the
 * factors. */
GX_MUST_CHECK gx_status gx__fusion_fit(gx_output *out, const gx_input *input, const gx_args *args,
                                       const gx__fusion_tuned *tuned, bool halved, gx_job *job,
                                       gx_error *err);
GX_MUST_CHECK gx_status gx__fusion_open(gx__fusion_parts *out, const gx_arrays *arrays,
                                        const char *instance, uint32_t users, uint32_t items,
                                        uint32_t candidates, gx_error *err);
void gx__fusion_close(gx__fusion_parts *parts);
/* Each part's own check of its arrays. */
GX_MUST_CHECK gx_status gx__fusion_check(const gx_arrays *result, const char *instance,
                                         const gx_input *input, const gx_args *args, gx_error *err);

/* The least that the weight of a part may be while it is learnt. */
double gx__fusion_least(size_t part, const gx_args *args);

/* Improves `tuned` by what held-out members hid; leaves it where there are too few of them. What
 * the arguments give is not touched. */
GX_MUST_CHECK gx_status gx__fusion_learn(gx__fusion_tuned *tuned, const gx_input *input,
                                         const gx_args *args, gx_job *job, gx_error *err);
/* Held at the peak while it learns. */
uint64_t gx__fusion_learn_bytes(const gx_input *input, const gx_args *args, int threads);
/* The same for a fit, all results included. */
uint64_t gx__fusion_fit_bytes(const gx_input *input, const gx_args *args, bool halved, int threads);
/* CPU seconds of a fit. */
double gx__fusion_fit_cpu(const gx_input *input, const gx_args *args, bool halved, int threads);

#endif
