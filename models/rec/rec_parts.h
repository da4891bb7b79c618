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

/* What one call works in. Kept between calls, since fresh pages of this size cost more than the
 * work done in them. */
typedef struct gx__scratch {
    uint32_t items;
    uint32_t *slot; /* items; all 0 between calls */
    float *raw;     /* items: scores of the model */
    float *total;   /* items */
    uint8_t *open;  /* items: 1 where `raw` is only a bound */
} gx__scratch;

enum { GX__SCRATCH_BYTES = 13 }; /* of an item in all of these */

typedef struct gx__pool gx__pool;

GX_MUST_CHECK gx_status gx__pool_create(gx__pool **out, gx_error *err);
void gx__pool_destroy(gx__pool *pool);
/* With room for `items`; any thread. */
GX_MUST_CHECK gx_status gx__scratch_take(gx__scratch **out, gx__pool *pool, uint32_t items,
                                         gx_error *err);
void gx__scratch_give(gx__pool *pool, gx__scratch *scratch); /* accepts NULL */

typedef struct gx__bounds gx__bounds;

struct gx_rec {
    gx__pool *pool;
    gx__bounds *bounds; /* of a model of many factors; NULL: it scores every item */
    uint32_t users, items;
    const gx_model *model; /* interest; NULL: none */
    void *model_state;
    const float *popular;            /* NULL: none */
    float popular_max, popular_mean; /* the mean of those above 0 */
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
    const uint32_t *circle_everywhere; /* members of any circle; NULL: an older snapshot */

    const double *leader_score; /* NULL: no leaders */
    const uint32_t *leader_rank;
    uint32_t leader_last;     /* the last rank that counts as a leader of the whole shop */
    uint32_t *circle_leaders; /* GX_REC_CIRCLE_LEADERS a circle, GX_NONE behind the last */
    const uint32_t *category; /* of items */
    gx__expert *experts;      /* by user, then category */
    uint32_t expert_count;

    gx_attributes attributes; /* count 0: none */
    gx_attribute_plan *plan;  /* of them */
    gx_alike alike;           /* the same */

    const float *blend_weight; /* GX_BLEND_BUCKETS × channels; NULL: nothing was learnt */
    const float *blend_mix;
    const uint32_t *blend_source;
    double blend_personal;
    const float *susceptibility; /* users × channels */
    const uint32_t *susceptibility_takes;
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
    uint32_t likes;        /* items of the history with a weight above 0 */
    const float *interest; /* raw scores of all `items`, in the scratch; NULL: none */
    float interest_scale;  /* s = raw × this, within 0 … 1 */
    uint8_t *open;         /* in the scratch: 1 where `interest` is only a bound; NULL: nowhere */
    float *w, *added;      /* what settles those: factors of the history, what attributes add */
    bool from_alike;
    double fade_ms;       /* the age at which an act counts half */
    gx__scratch *scratch; /* slot: an item's candidate + 1; 0: none */
    gx__candidate *candidates;
    uint32_t count;
} gx__scores;

/* `lazily`: `interest` may hold bounds that are settled when somebody needs them. */
GX_MUST_CHECK gx_status gx__scores_make(gx__scores *out, const gx_rec *rec,
                                        const gx_rec_member *member, uint32_t items, bool lazily,
                                        gx_error *err);
void gx__scores_finish(gx__scores *scores);
/* s of every channel for one item. */
void gx__scores_of(float s[GX_CHANNEL_COUNT], const gx__scores *scores, uint32_t item);

/* ---- rec_bounds.c ---- */

/* *out NULL: every item is scored. Any thread may use it. */
GX_MUST_CHECK gx_status gx__bounds_open(gx__bounds **out, const gx_rec *rec, gx_error *err);
void gx__bounds_close(gx__bounds *bounds); /* accepts NULL */
/* What the model says into the scratch's `raw`; with `lazily` perhaps bounds, and scores->open is
 * set. */
GX_MUST_CHECK gx_status gx__bounds_fill(gx__scores *scores, bool lazily, gx_error *err);
/* After it: the mean of every value of an attribute (*out to be freed; NULL: take it from the
 * scores), and room for what attributes add where that is needed. */
GX_MUST_CHECK gx_status gx__bounds_means(float **out, gx__scores *scores, gx_error *err);
/* Makes what is a bound exact: of one item, of all. */
void gx__scores_settle(gx__scores *scores, uint32_t item);
void gx__scores_settle_all(gx__scores *scores);
/* Of the first so many items, where scores->open is set; at least 0. */
float gx__scores_largest(gx__scores *scores, uint32_t items);

/* Everything a list or an explanation is read from. */
typedef struct gx__ranking {
    gx__scores scores;
    const gx_rec_request *request;
    float *total; /* one an item of the request, in the scratch; 0 where filtered out; a bound where
                     the score is one */
    float *before; /* a copy of the totals to keep settled with them; NULL: none */
    uint32_t passing;
} gx__ranking;

/* By what the scores say of it now. */
float gx__total_of(const gx__ranking *r, uint32_t item);
void gx__ranking_settle(gx__ranking *r, uint32_t item);
/* The n best above 0, as gx_top has them, all settled. */
uint32_t gx__ranking_top(gx_scored *out, uint32_t n, gx__ranking *r);
#define GX__TAKEN (-1.0F) /* the total of what is not to be drawn (again) */
/* Where no channel speaks: the total of what passes and has one of 0 becomes its popularity, that
 * of all others GX__TAKEN. */
void gx__ranking_turn_to_popular(gx__ranking *r);

/* How much of the interest in an item, 0 … 1, the member declared; *out_tag is the first thing that
 * says so, + 1, or 0. */
double gx__declared(const gx__scores *scores, uint32_t item, uint32_t *out_tag);

/* How a person leads the member. */
typedef struct gx__lead {
    double overall; /* 0–100: the score of a leader of the whole shop or of the circle; 0: of
                       neither */
    double reach;   /* by the tie between the two, 0 … 1 */
    const gx__expert *expert; /* the categories the person leads */
    uint32_t experts;
} gx__lead;

/* The best act of each person on each candidate, person after person. `wanted` (may be NULL) says
 * which items to look at: bit item mod 4096. */
enum { GX__WANTED_WORDS = 64 };
typedef void (*gx__walk_fn)(void *user, const gx_friend *person, const gx__lead *lead,
                            gx__candidate *candidate);
void gx__walk_acts(gx__scores *scores, const uint64_t *wanted, gx__walk_fn fn, void *user);
/* What a person's best act on the candidate adds to the evidence of friends and of leaders. */
typedef struct gx__evidence {
    double friends, leader;
} gx__evidence;

gx__evidence gx__evidence_of(const gx_rec *rec, const gx_friend *person, const gx__lead *lead,
                             const gx__candidate *candidate);
/* How much a person leads the member on an item, 0 … 1, and the score and category that say so. */
double gx__authority(double *out_score, uint32_t *out_category, const gx_rec *rec,
                     const gx__lead *lead, uint32_t item);

static inline float gx__popularity(const gx_rec *rec, uint32_t item) {
    float p = rec->popular && item < rec->items ? rec->popular[item] : 0;
    return p > 0 ? p : 0;
}

static inline bool gx__passes(const gx_rec_request *request, uint32_t item) {
    return item < request->items && (!request->pass || request->pass[item]);
}

/* What the slate multiplies a score by; above 0. */
static inline float gx__factor(const gx_rec *rec, const gx_slate *slate, uint32_t item) {
    float factor = slate && slate->factor ? slate->factor[item] : 1;
    float p = slate && slate->novelty > 0 ? gx__popularity(rec, item) : 0;
    return p > 0 ? factor * (1 - slate->novelty * (p / (p + rec->popular_mean))) : factor;
}

typedef struct gx__pick {
    uint32_t item;
    uint32_t flags;
    bool earned; /* a channel speaks for it */
    double propensity;
} gx__pick;

/* The list of the request's slate from the totals, which it overwrites: at most n picks, in their
 * order. *out_limit as in gx_rec_list. */
GX_MUST_CHECK gx_status gx__slate_pick(gx__pick *picks, uint32_t *out_count, uint32_t *out_limit,
                                       gx__ranking *ranking, uint32_t n, gx_error *err);

/* Fills share and evidence of the items of a list; `least` as `why_least` of the request. */
GX_MUST_CHECK gx_status gx__why_fill(gx_rec_item *items, uint32_t count, uint32_t least,
                                     gx__scores *scores, gx_error *err);

#endif
