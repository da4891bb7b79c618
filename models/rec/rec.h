/* The recommender: candidates by four channels, filters, the blend, and reasons that are the true
 * parts of the score. It sees the snapshot's arrays and what the caller says is live: the member's
 * history and ties as they are at this moment. It knows numbers only; names and words are put on by
 * the api.
 *
 *   score(i) = Σ over channels c of weight_c × s_c(i),   0 ≤ s_c ≤ 1
 *
 * s_c is the channel's own evidence squashed by a scale of its own (independent of the other
 * channels and of their weights), so that taking a channel away lowers every score by exactly its
 * share. */
#ifndef GX_MODELS_REC_REC_H
#define GX_MODELS_REC_REC_H

#include "models/model.h"
#include "models/rec/alike.h"
#include "models/rec/attributes.h"
#include "models/rec/slate.h"

/* X(NAME, text, weight by default) */
#define GX_CHANNEL_MAP(X)                                                                          \
    X(FRIENDS, "friends", 0.20)                                                                    \
    X(CIRCLE, "circle", 0.15)                                                                      \
    X(LEADER, "leader", 0.10)                                                                      \
    X(INTEREST, "interest", 0.55)

typedef enum gx_channel {
#define X(name, text, weight) GX_CHANNEL_##name,
    GX_CHANNEL_MAP(X)
#undef X
        GX_CHANNEL_COUNT
} gx_channel;

const char *gx_channel_name(gx_channel channel);
double gx_channel_weight_default(gx_channel channel);

/* Which step of the cold-start ladder answered. */
#define GX_RUNG_MAP(X)                                                                             \
    X(FULL, "full")                 /* fitted on this member's history as it is now */             \
    X(FOLD_IN, "fold_in")           /* has history the fit has not seen */                         \
    X(FRIENDS_ONLY, "friends_only") /* no history; ties */                                         \
    X(ATTRIBUTES, "attributes")     /* no history, no ties; what was declared, members alike */    \
    X(POPULAR, "popular")           /* nothing is known: most popular, time-decayed */

typedef enum gx_rung {
#define X(name, text) GX_RUNG_##name,
    GX_RUNG_MAP(X)
#undef X
        GX_RUNG_COUNT
} gx_rung;

const char *gx_rung_name(gx_rung rung);

typedef struct gx_rec gx_rec;

/* Resolves the arrays of a snapshot (NULL: none yet): an interest model (the one named, or the
 * first that is there of `linear`, `ials` and the others in the order of their table), `popular`,
 * and what engine gives for friends (`strength`), circles (`leiden.community`, `circle`) and
 * leaders (`leaders`). What is missing switches its channel off; corrupt where what is there does
 * not fit together. The arrays outlive the recommender; any number of threads may ask it at once.
 */
GX_MUST_CHECK gx_status gx_rec_open(gx_rec **out, const gx_arrays *arrays,
                                    const char *interest_model, uint32_t users, uint32_t items,
                                    gx_error *err);
void gx_rec_close(gx_rec *rec);

/* What the snapshot keeps of the items' attributes; count 0: nothing. */
const gx_attributes *gx_rec_attributes(const gx_rec *rec);
/* The model behind the interest channel; NULL where there is none. */
const char *gx_rec_interest_model(const gx_rec *rec);
/* Whether that model knows which items are alike (gx_rec_similar). */
bool gx_rec_tells_alike(const gx_rec *rec);
/* The newest event the snapshot was made from, Unix ms; INT64_MIN where it is not known. */
int64_t gx_rec_newest_ms(const gx_rec *rec);
/* Ties of the snapshot, strongest first: *out_dst and *out_weight are borrowed; returns how many.
 */
uint32_t gx_rec_strengths(const uint32_t **out_dst, const float **out_weight, const gx_rec *rec,
                          uint32_t user);

/* One act of somebody the member knows: what the friends and leader channels are made of. */
typedef struct gx_act {
    uint32_t user, item, action;
    float weight; /* of the action beside a purchase: 1 for one, > 0 */
    int64_t ts_ms;
} gx_act;

/* What reasons call a tie, as bits. None of them: any other tie, or none. */
typedef enum gx_tied_as {
    GX_TIED_FRIEND = 1,   /* friends or family */
    GX_TIED_FOLLOWED = 2, /* the member follows them */
} gx_tied_as;

typedef struct gx_friend {
    uint32_t user;
    float strength; /* of the tie, in (0, 1]; 0: no tie, a leader of the member's circle */
    bool followed;  /* the member chose to listen */
    uint32_t act_from, act_to; /* [from, to) in `acts` */
    uint8_t tied_as;           /* bits of gx_tied_as: words only, no score depends on it */
} gx_friend;

/* How far each channel moves a member, learnt from what they took (docs/blend.md). */
typedef struct gx_susceptibility {
    float weight[GX_CHANNEL_COUNT]; /* sum 1 */
    uint32_t takes; /* that they were learnt from; 0: the mean of members with as long a history */
} gx_susceptibility;

/* false: the snapshot has none of them. */
bool gx_rec_susceptibility(gx_susceptibility *out, const gx_rec *rec, uint32_t user);
/* The weights that were learnt for a member who likes so many items; false: none were, and `out` is
 * as it was. */
bool gx_rec_learnt_weights(float out[GX_CHANNEL_COUNT], const gx_rec *rec, uint32_t user,
                           uint32_t likes);

/* An item the member had that it is time for again. */
typedef struct gx_again {
    uint32_t item;
    float due;  /* what the interest channel says of it, 0 … 1 */
    float days; /* the usual interval */
    bool own;   /* the member's own, not that of others */
} gx_again;

/* Everything live about one member, read from the store by the caller. */
typedef struct gx_rec_member {
    uint32_t user; /* GX_NONE: not in the store */
    gx_history history;
    const gx_friend *friends; /* strongest first */
    uint32_t friend_count;
    const gx_act *acts;
    /* What the member declared to like: of the k-th thing the items tag_items[tag_at[k] …
     * tag_at[k + 1]), rising. */
    const uint32_t *tag_items, *tag_at;
    uint32_t tag_count;
    const uint64_t *alike; /* what is known of a member without a history (alike.h) */
    uint32_t alike_count;
    const gx_columns *columns; /* what items are like now, those newer than the snapshot too; NULL:
                                  of those nothing is known */
    const gx_again *again;     /* of the history; the interest channel speaks for these */
    uint32_t again_count;
    uint32_t circle_given;  /* the circle to speak for, + 1; 0: the member's own */
    int64_t now_ms;         /* what recency counts back from */
    int64_t recent_from_ms; /* from here on an act is told as recent */
    float *raw; /* scores of the interest model, made before by gx_rec_score_members; changed by
                   whoever makes the list; NULL: made then */
} gx_rec_member;

/* The circle of a member: by the snapshot, or, for one it does not know or who stood alone in it,
 * the circle to which the friends' strengths add most. GX_NONE: none. */
uint32_t gx_rec_circle(const gx_rec *rec, uint32_t user, const gx_friend *friends, uint32_t count);
/* Its leaders, the first at most GX_REC_CIRCLE_LEADERS by score. */
#define GX_REC_CIRCLE_LEADERS 3
uint32_t gx_rec_circle_leaders(uint32_t out[GX_REC_CIRCLE_LEADERS], const gx_rec *rec,
                               uint32_t circle);

/* Place among the leaders of the whole shop, who are the first 5% of members and 10 at least, by a
 * score above 0; 0: not one of them. */
uint32_t gx_rec_leader_rank(const gx_rec *rec, uint32_t user);
#define GX_REC_EXPERTS 20 /* so many of a category are its leaders */

typedef struct gx_rec_request {
    uint32_t n;
    float weights[GX_CHANNEL_COUNT]; /* ≥ 0 */
    const uint8_t
        *pass; /* one an item: 0 filters it out (where, status, exclude, seen); NULL: all pass */
    uint32_t items;        /* length of `pass` and of the catalogue; may exceed the snapshot's */
    bool why;              /* fill the evidence */
    uint32_t why_least;    /* an action that so many did is told rather than one that fewer did */
    const gx_slate *slate; /* rules about the list; NULL: none */
} gx_rec_request;

/* Evidence: numbers only. Which field is set follows from the channel. */
typedef struct gx_why {
    gx_channel channel;
    double share;
    uint32_t people[8]; /* friends, strongest first, who did `action`; or the one leader */
    uint32_t people_shown, people_all, people_recent; /* recent: in the last 30 days */
    uint32_t action; /* each of the people did it: the weightiest that enough did, else of all */
    int64_t last_ms; /* when one of them did it */
    uint8_t any_tie, all_ties; /* gx_tied_as of one of the people, of each of them */
    uint32_t community;
    uint32_t community_count;                /* members of the circle who did */
    double community_share, community_times; /* times: share over that of all, as counted; 0: an
                                                older snapshot does not say */
    double leader_score;
    uint32_t leader_category; /* GX_NONE: over all */
    bool leader_tied;         /* else a leader of the circle */
    uint32_t items[3];        /* of the history, those that add most */
    double item_parts[3];
    uint32_t item_count;
    uint32_t tag; /* where more than half of the interest was declared: which thing, + 1; else 0 */
    bool alike;   /* only members alike speak for it */
    bool popular; /* of the interest: a model without taste; `community` speaks, GX_NONE: everybody
                   */
    gx_trait attribute; /* where more than half of the interest comes from what the item is
                               like: the value that says most; hash 0: it does not */
    double again_days;  /* > 0: it is time for it again, the usual interval */
    bool again_own;     /* which is the member's own */
} gx_why;

typedef struct gx_rec_item {
    uint32_t item;
    double score;  /* factor × Σ weight × s_c; on the rung `popular` the popularity, 1 for the most
                      popular item */
    double factor; /* of the slate's boosts and novelty; 1 without */
    uint32_t rank;
    uint32_t flags;    /* bits of gx_slate_flag */
    double propensity; /* the chance that this item is in this place; 1 without exploration */
    double channel[GX_CHANNEL_COUNT]; /* shares, sum 1; all 0 where only popularity speaks for it */
    gx_why why[GX_CHANNEL_COUNT];
    uint32_t why_count;
} gx_rec_item;

typedef struct gx_rec_list {
    gx_rec_item *items; /* made in the arena */
    uint32_t count;
    gx_rung rung;        /* of an empty list: where the member stands; see docs/recommend.md */
    uint32_t circle;     /* of the member; GX_NONE: none */
    uint32_t passing;    /* items that passed the filter: `short` is said from this */
    uint32_t full_limit; /* of the slate: the first that had no room left for the item it watches;
                            GX_NONE: none */
} gx_rec_list;

/* The interest model's scores of several members at once, for gx_rec_member.raw of the k-th: at
 * out + k × width, where width is at least the items of the request and of the snapshot; what is
 * behind those of the snapshot is left as it was. A product of the factors of the block with those
 * of all items, several times as fast as one by one. Scores are those of the fitted row, which
 * differ from the history folded in (as gx_rec_list_make does it) by rounding. made[k] false: the
 * fit did not see the member's history as it is now, and the row is of no use. Equal bytes for the
 * same members in the same places. */
GX_MUST_CHECK gx_status gx_rec_score_members(float *out, uint32_t width, bool *made,
                                             const gx_rec *rec, const gx_rec_member *const *members,
                                             uint32_t count, gx_job *job, gx_error *err);
/* The same of histories that the fit did not see, each folded in: what a snapshot says of a time
 * before or after its own. `count` is at most gx_rec_fold_block, for which `out` must have room
 * whatever `count` is; the same bytes for a member whoever else is in the block. made[k] false: as
 * above, of all of them. */
GX_MUST_CHECK gx_status gx_rec_fold_members(float *out, uint32_t width, bool *made,
                                            const gx_rec *rec, const gx_rec_member *const *members,
                                            uint32_t count, gx_job *job, gx_error *err);
/* How many at once, up to GX_REC_FOLD_BLOCK; 0: the model has no factors, or they are so few that
 * one by one is as fast. */
#define GX_REC_FOLD_BLOCK 64
uint32_t gx_rec_fold_block(const gx_rec *rec);
/* The same of so many items and factors, before there are any. */
uint32_t gx_rec_fold_block_of(uint32_t items, double factors);
/* false: that is no faster with this snapshot. */
bool gx_rec_scores_blocks(const gx_rec *rec);
/* At most so many members at once. */
#define GX_REC_BLOCK 32

/* The n best items that pass, by falling score, then by rising item, or as the slate has them.
 * Where the channels earn fewer than n, the most popular of the rest follow with score 0 and no
 * shares: the list is shorter than n only where fewer items pass, or limits of the slate are all
 * full. O(items) and the cost of the interest model. */
GX_MUST_CHECK gx_status gx_rec_list_make(gx_rec_list *out, const gx_rec *rec,
                                         const gx_rec_member *member, const gx_rec_request *request,
                                         gx_arena *arena, gx_job *job, gx_error *err);
/* One item as it would stand in the list of every item that passes, by its score: its parts and its
 * rank (0: filtered out; the parts are told all the same). Of a slate only what changes scores
 * counts: factors and novelty. */
GX_MUST_CHECK gx_status gx_rec_explain(gx_rec_item *out, uint32_t *out_rank, const gx_rec *rec,
                                       const gx_rec_member *member, const gx_rec_request *request,
                                       uint32_t item, gx_job *job, gx_error *err);
/* What the item scores on the rung `popular`: factor × its popularity, 1 for the most popular. */
double gx_rec_popular_score(const gx_rec *rec, uint32_t item, double factor);
/* What of the history pulls the item down in the interest channel: entries against an item without
 * which the model would score this one higher, those that take most first; parts are what they take
 * of the score it would have without them, 0 … 1. At most 16 of the strongest are tried, each by
 * scoring once more. */
#define GX_REC_AGAINST 3
typedef struct gx_against {
    uint32_t item[GX_REC_AGAINST];
    double part[GX_REC_AGAINST];
    uint32_t count;
} gx_against;

GX_MUST_CHECK gx_status gx_rec_against(gx_against *out, const gx_rec *rec,
                                       const gx_rec_member *member, uint32_t item, gx_arena *arena,
                                       gx_error *err);
/* The n items most like `item` of `items`, without itself: by the interest model, and by what they
 * are as far as their history is thin (attributes.h). `columns` as of a gx_rec_member. not_found:
 * it is newer than the snapshot and has no attributes that others have; conflict: no model with a
 * notion of likeness. */
GX_MUST_CHECK gx_status gx_rec_similar(gx_scored **out, uint32_t *out_count, const gx_rec *rec,
                                       uint32_t item, uint32_t n, const uint8_t *pass,
                                       uint32_t items, const gx_columns *columns, gx_arena *arena,
                                       gx_job *job, gx_error *err);

#endif
