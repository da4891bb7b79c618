/* What the files of the recommender share: the resolved snapshot and one member's channel scores.
 * Internal to models/rec. */
#ifndef GX_MODELS_REC_REC_PARTS_H
#define GX_MODELS_REC_REC_PARTS_H

#include "models/rec/rec.h"

/* A leader of one category. */
typedef struct gx__expert {
    uint32_t user, category;
    float score;
} gx__expert;

struct gx_rec {
    uint32_t users, items;
    const gx_model *model; /* interest; NULL: none */
    void *model_state;
    const float *popular; /* NULL: none */
    float popular_max;
    const uint32_t *history_count;
    const int64_t *history_last;
    int64_t newest_ms;

    const uint64_t *strength_ptr; /* NULL: no ties in the snapshot */
    const uint32_t *strength_dst;
    const float *strength;

    const uint32_t *community; /* NULL: no circles */
    uint32_t circles;
    const uint32_t *circle_size;
    const uint64_t *circle_ptr; /* NULL: no items by circle */
    const uint32_t *circle_item, *circle_count;
    const float *circle_lift;

    const double *leader_score; /* NULL: no leaders */
    const uint32_t *leader_rank;
    uint32_t leader_last;     /* the last rank that counts as a leader of the whole shop */
    uint32_t *circle_leaders; /* GX_REC_CIRCLE_LEADERS a circle, GX_NONE behind the last */
    const uint32_t *category; /* of items */
    gx__expert *experts;      /* by user, then category */
    uint32_t expert_count;
};

/* An item that somebody near the member did something with, or that the circle is fond of. */
typedef struct gx__candidate {
    uint32_t item;
    uint32_t chosen;        /* its place in the list + 1; 0: not in it */
    double friends, leader; /* evidence before squashing */
    float circle;           /* s of the circle channel */
    float best;             /* of the person being walked; 0 between persons */
    uint32_t best_act;
    uint32_t place; /* in the row of the circle; GX_NONE: not there */
} gx__candidate;

/* One member's channels before any filter and any weight. */
typedef struct gx__scores {
    const gx_rec *rec;
    const gx_rec_member *member;
    uint32_t items;
    uint32_t circle;
    uint32_t likes;       /* items of the history with a weight above 0 */
    float *interest;      /* raw scores of the model; NULL: none */
    float interest_scale; /* s = raw × this, within 0 … 1 */
    bool from_tags, folded;
    uint32_t *slot; /* an item's candidate + 1; 0: none */
    gx__candidate *candidates;
    uint32_t count;
} gx__scores;

GX_MUST_CHECK gx_status gx__scores_make(gx__scores *out, const gx_rec *rec,
                                        const gx_rec_member *member, uint32_t items, gx_error *err);
void gx__scores_finish(gx__scores *scores);
/* s of every channel for one item. */
void gx__scores_of(float s[GX_CHANNEL_COUNT], const gx__scores *scores, uint32_t item);

/* The best act of each person on each candidate, person after person. */
typedef void (*gx__walk_fn)(void *user, const gx_friend *person, gx__candidate *candidate);
void gx__walk_acts(gx__scores *scores, gx__walk_fn fn, void *user);
/* How much a person leads the member on an item, 0 … 1, and the score and category that say so. */
double gx__authority(double *out_score, uint32_t *out_category, const gx_rec *rec, uint32_t circle,
                     const gx_friend *person, uint32_t item);

/* Fills share and evidence of the items of a list. */
GX_MUST_CHECK gx_status gx__why_fill(gx_rec_item *items, uint32_t count, gx__scores *scores,
                                     gx_error *err);

#endif
