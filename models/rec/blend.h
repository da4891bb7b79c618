/* The blend of the channels, learnt from what members took, and how far each member is moved by
 * each channel (docs/blend.md). It sees numbers only: for every take the channels' scores of what
 * was taken and of what stood against it, as they were just before. */
#ifndef GX_MODELS_REC_BLEND_H
#define GX_MODELS_REC_BLEND_H

#include "models/rec/rec.h"

/* Members are told apart by how many items they like: bucket b is from gx_blend_least[b] on. */
enum { GX_BLEND_BUCKETS = 7 };
extern const uint32_t gx_blend_least[GX_BLEND_BUCKETS];
uint32_t gx_blend_bucket(uint32_t likes);

/* ---- evidence ------------------------------------------------------------------------------ */

enum {
    GX_BLEND_TOP = 32, /* of each channel, so many stand against what was taken */
    GX_BLEND_CELLS = GX_CHANNEL_COUNT * GX_BLEND_TOP + 1,
    GX_BLEND_POWERS = 4,  /* of evidence: 1, 2, 3, 4 */
    GX_BLEND_REACHES = 3, /* how far in time it reaches */
    GX_BLEND_SHAPES = GX_BLEND_REACHES * GX_BLEND_POWERS
};
/* The age at which what friends and leaders did counts half, and on either side of a take the days
 * in which others of the circle took the same. */
extern const double gx_blend_days[GX_BLEND_REACHES], gx_blend_window_days[GX_BLEND_REACHES];

/* A list that could have been asked for, and what stood against what was taken in it. */
typedef struct gx_blend_list {
    uint64_t from; /* its cells are [from, from + count); the first is what was taken */
    uint32_t count;
    uint32_t likes;        /* items liked by then */
    uint32_t popular_rank; /* of what was taken, by popularity, where the model of interest is
                              silent; else GX_NONE */
} gx_blend_list;

/* One take: somebody bought an item they had never touched. */
typedef struct gx_blend_take {
    uint32_t user, item;
    int64_t ts_ms;
    gx_blend_list some_time; /* before the take */
    gx_blend_list just;      /* before it */
    /* P(what was taken | one channel alone) of all that could have been, just before: by how far
     * evidence reaches × its power; interest has the powers alone. The circle's is filled by the
     * caller. */
    double chance[GX_CHANNEL_COUNT][GX_BLEND_SHAPES];
    double taste; /* likewise by categories of the history and popularity */
} gx_blend_take;

typedef struct gx_blend_cell {
    float s[GX_CHANNEL_COUNT];
} gx_blend_cell;

/* The evidence on `item` for a member as they were when the list was asked for; `member` holds
 * nothing of then or later. `skip`: one an item of the snapshot, items that could not be taken.
 * Writes at most GX_BLEND_CELLS cells, and all of `out` but `from`. Where the list is of just
 * before a take, `take` is told how likely each channel alone makes it: `chance` (not the circle's)
 * and `taste`; else it is NULL. O(items) and the model's scoring; with `take` GX_BLEND_REACHES
 * walks over the acts. */
GX_MUST_CHECK gx_status gx_rec_evidence(gx_blend_list *out, gx_blend_cell *cells,
                                        gx_blend_take *take, const gx_rec *rec,
                                        const gx_rec_member *member, const uint8_t *skip,
                                        uint32_t item, gx_error *err);

/* ---- learning ------------------------------------------------------------------------------ */

/* Where a bucket's weights come from. */
#define GX_BLEND_SOURCE_MAP(X)                                                                     \
    X(CONFIGURED, "configured") /* too little was taken to learn from */                           \
    X(INTEREST, "interest")     /* ties did not help: interest alone */                            \
    X(LEARNT, "learnt")

typedef enum gx_blend_source {
#define X(name, text) GX_BLEND_SOURCE_##name,
    GX_BLEND_SOURCE_MAP(X)
#undef X
        GX_BLEND_SOURCE_COUNT
} gx_blend_source;

const char *gx_blend_source_name(gx_blend_source source);

typedef struct gx_blend_part {
    uint32_t takes, members;
    gx_blend_source source;
    float weight[GX_CHANNEL_COUNT]; /* sum 1 */
    float mix[GX_CHANNEL_COUNT];    /* share of the takes that each channel explains, sum 1 */
    /* Mean gain of a member's takes where they had no part in the learning, 0 … 1: with the
     * weights learnt, of interest alone, with the configured weights; NaN: there are none. */
    double learnt, interest, configured;
} gx_blend_part;

typedef struct gx_blend {
    gx_blend_part part[GX_BLEND_BUCKETS];
    double sharpness[GX_CHANNEL_COUNT]; /* 1 … GX_BLEND_POWERS: the power that fits takes */
    double days[GX_CHANNEL_COUNT];      /* the reach that does; 0: has none */
    double prior;                       /* takes that a bucket's mix weighs in a member's own */
    double personal;                    /* how far a member's own moves their weights: 0, ½ or 1 */
} gx_blend;

/* `takes` by rising user, then by time. `susceptibility` (users × GX_CHANNEL_COUNT, sum 1 a row)
 * and `taken` (users) are for members who like `likes[user]` items now. Too few takes: every part
 * says CONFIGURED. The same doubles at any thread count. */
GX_MUST_CHECK gx_status gx_blend_learn(gx_blend *out, float *susceptibility, uint32_t *taken,
                                       const uint32_t *likes, uint32_t users, uint32_t items,
                                       const gx_blend_take *takes, uint32_t count,
                                       const gx_blend_cell *cells, gx_job *job, gx_error *err);

/* What a blend is worth with weights w: mean over members of their takes' gain, by the rank r of
 * what was taken, 1 / log2(1 + r) up to GX_BLEND_TOP and 0 beyond. What no channel speaks for has
 * the rank that popularity gives it behind what they speak for, where interest is silent. */
double gx_blend_gain(const gx_blend_list *list, const gx_blend_cell *cells,
                     const float weight[GX_CHANNEL_COUNT]);

#endif
