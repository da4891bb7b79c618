/* Inside the room only: the world of the sample shop. What it is, and why, is in
 * docs/sample-shop.md.
 *
 * The world is drawn first (members, circles, leaders, catalogue, ties: some 40 bytes a member and
 * 4 a direction of a tie); the log of events is then written member by member and never held. Every
 * draw comes from a stream named by (seed, purpose, number), and uses integers, +, ×, ÷ and sqrt
 * only, so that the same options give the same bytes on any machine. */
#ifndef GX_DATASETS_SHOP_H
#define GX_DATASETS_SHOP_H

#include "datasets/datasets.h"
#include "datasets/shop_csv.h"

enum {
    GX__SHOP_TOPS = 12,   /* "tea" */
    GX__SHOP_LEAVES = 48, /* "tea/oolong", four a top */
    GX__SHOP_REGIONS = 10,
    GX__SHOP_HOT = 6,    /* items that are hot in a circle in a quarter */
    GX__SHOP_FOLLOW = 8, /* follows of one member at most */
    GX__DAY_S = 86400,
    GX__YEAR_DAYS = 365
};

/* The year of the log: up to 2026-11-01T00:00:00Z. */
#define GX__END_S (INT64_C(20758) * GX__DAY_S)
#define GX__START_S (GX__END_S - (int64_t)GX__YEAR_DAYS * GX__DAY_S)

typedef enum gx__cause { GX__INTEREST, GX__FRIENDS, GX__CIRCLE, GX__LEADER, GX__CAUSES } gx__cause;

extern const char *const gx__cause_name[GX__CAUSES];

/* What streams are for: the high half of a stream's number. */
typedef enum gx__stream {
    GX__STREAM_CIRCLE = 1,
    GX__STREAM_MEMBER,
    GX__STREAM_PROFILE,
    GX__STREAM_LEADER,
    GX__STREAM_SHARE,
    GX__STREAM_FOLLOW,
    GX__STREAM_TIE,
    GX__STREAM_TIE_FACTS,
    GX__STREAM_ITEM,
    GX__STREAM_HOT,
    GX__STREAM_GROUP,
    GX__STREAM_COUPON,
    GX__STREAM_EVENTS,
    GX__STREAM_FILLER,
    GX__STREAM_DISLIKE,
    GX__STREAM_EXTRA
} gx__stream;

typedef struct gx__member {
    uint32_t circle;
    uint16_t activity;        /* hundredths of a purchase a year, before influence */
    int16_t joined_day;       /* of the year; negative: before it */
    uint8_t sway[GX__CAUSES]; /* how much each influence counts, per cent, sum 100 */
    uint8_t taste[2];         /* leaf categories, the favourite first */
    uint8_t region;
    bool bargain; /* buys with a coupon only */
} gx__member;

typedef struct gx__circle {
    uint32_t start; /* of its members in `roster`; it ends where the next one starts */
    uint8_t theme;  /* leaf category */
    uint8_t region;
    uint8_t age;     /* band */
    uint8_t quarter; /* of its coupon */
} gx__circle;

typedef struct gx__leader {
    uint32_t user;
    uint16_t shares;  /* in the year */
    uint16_t reach;   /* weight with which strangers find it */
    uint8_t leaf;     /* what it knows about */
    uint8_t strength; /* per cent; 0: a decoy, much followed and never heeded */
} gx__leader;

typedef struct gx__item {
    uint32_t price_cents;
    int16_t listed_day;
    uint8_t leaf;
} gx__item;

/* Accounts behind the members (shop_extras.c): fakes first, then one of each role, over and over.
 */
typedef enum gx__extra_kind {
    GX__EXTRA_STAR, /* whose followers are bought */
    GX__EXTRA_BOT,
    GX__EXTRA_RING,
    GX__EXTRA_BURST,
    GX__EXTRA_LURKER,
    GX__EXTRA_BUYER,
    GX__EXTRA_NEWCOMER,
    GX__EXTRA_DORMANT,
    GX__EXTRA_BRIDGE,
    GX__EXTRA_CONNECTOR,
    GX__EXTRA_HELPER,
    GX__EXTRA_PROMOTER,
    GX__EXTRA_COUNT
} gx__extra_kind;

typedef struct gx__extra {
    uint32_t scheme, first; /* of fakes: the scheme, and its first account; else GX_NONE, itself */
    uint32_t circle;
    int16_t joined_day;
    uint8_t kind; /* gx__extra_kind */
    uint8_t leaf;
} gx__extra;

typedef struct gx__shop {
    gx_shop_options options;
    uint32_t users, circles, leaders, decoys; /* decoys come after the leaders in `leader` */
    uint32_t products, contents;              /* contents come after the products in `item` */
    gx__member *member;
    gx__circle *circle;                     /* one more, whose start is `users` */
    uint32_t *roster;                       /* members by circle */
    gx__leader *leader;                     /* by top category; decoys last */
    uint64_t *reach;                        /* running sums of `reach` over `leader`, one more */
    uint32_t top_leader[GX__SHOP_TOPS + 1]; /* first leader of a top category */
    uint32_t
        *leader_of; /* first leader of a circle, as a place in `leader`; the others follow it */
    gx__item *item;
    uint32_t *shelf;    /* products by leaf, the most popular first */
    double *popularity; /* running sums along `shelf`, within a leaf */
    uint32_t leaf_start[GX__SHOP_LEAVES + 1];
    uint64_t *friend_start; /* friendships both ways */
    uint32_t *friends;
    gx__extra *extra; /* accounts users … users + extras − 1 */
    uint32_t extras;
} gx__shop;

/* ---- drawing (shop_draw.c) ------------------------------------------------------------------- */

gx_rng gx__shop_rng(const gx__shop *shop, gx__stream stream, uint64_t number);
uint32_t gx__below(gx_rng *rng, uint32_t bound);
bool gx__chance(gx_rng *rng, uint32_t of_10000);
/* At least 1, mean 2, P(> x) = 1 / x². */
double gx__pareto(gx_rng *rng, double cap);
/* `of_10000` / 10,000 on average: its whole part, and one more by chance. */
uint32_t gx__round_up_or_down(gx_rng *rng, uint64_t of_10000);
/* A moment at or after `from_s`, by the hours at which people shop; GX__END_S where none is left.
 */
int64_t gx__moment(gx_rng *rng, int64_t from_s);
/* `from_s` and a heavy-tailed wait of `mean_s` on average. */
int64_t gx__later(gx_rng *rng, int64_t from_s, double mean_s);

/* ---- the world ------------------------------------------------------------------------------- */

/* shop_members.c, shop_catalogue.c, shop_ties.c: each draws its part, freed by gx__shop_finish. */
GX_MUST_CHECK gx_status gx__shop_draw_members(gx__shop *shop, gx_job *job, gx_error *err);
GX_MUST_CHECK gx_status gx__shop_draw_catalogue(gx__shop *shop, gx_job *job, gx_error *err);
GX_MUST_CHECK gx_status gx__shop_draw_ties(gx__shop *shop, gx_job *job, gx_error *err);
void gx__shop_finish(gx__shop *shop, gx_job *job);

uint32_t gx__circle_size(const gx__shop *shop, uint32_t circle);
uint32_t gx__circle_leaders(const gx__shop *shop, uint32_t circle); /* how many, at least 1 */
/* A product of the leaf, by popularity. */
uint32_t gx__shelf_pick(const gx__shop *shop, uint32_t leaf, gx_rng *rng);
/* The k-th hot item of a circle in a quarter of the year. */
uint32_t gx__hot_item(const gx__shop *shop, uint32_t circle, uint32_t quarter, uint32_t k);

typedef struct gx__follow {
    uint32_t user;   /* who is followed */
    uint32_t leader; /* its place in `leader`, GX_NONE: a friend */
} gx__follow;

/* Who `user` follows; returns how many, at most GX__SHOP_FOLLOW. */
uint32_t gx__follows(gx__follow out[GX__SHOP_FOLLOW], const gx__shop *shop, uint32_t user);

typedef struct gx__tie_facts {
    uint8_t weight; /* hundredths, 1 to 100 */
    bool family;
    int64_t since_s;
} gx__tie_facts;

/* Of a friendship, in whichever order its ends are given. */
gx__tie_facts gx__tie_about(const gx__shop *shop, uint32_t a, uint32_t b);
/* Chance, in ten-thousandths, that what `from` shares makes its friend `to` buy. */
uint32_t gx__tie_chance(const gx__shop *shop, uint32_t from, uint32_t to);
/* Chance that what the leader shares makes a follower buy. */
uint32_t gx__leader_chance(const gx__shop *shop, const gx__leader *leader, uint32_t to);

typedef struct gx__share {
    uint32_t item;
    int64_t at_s;
} gx__share;

/* The k-th share of a leader. */
gx__share gx__leader_share(const gx__shop *shop, uint32_t leader, uint32_t k);

/* ---- accounts behind the members (shop_extras.c) ----------------------------------------------
 */

GX_MUST_CHECK gx_status gx__shop_draw_extras(gx__shop *shop, gx_job *job, gx_error *err);
bool gx__extra_is_fake(const gx__extra *extra);
const char *gx__extra_role(const gx__extra *extra); /* "lurker"; of a fake: its kind of scheme */
const char *gx__extra_part(const gx__extra *extra); /* of a fake: "star", "follower", "member" */

typedef enum gx__extra_act { GX__EXTRA_VIEWS, GX__EXTRA_SHARES, GX__EXTRA_BUYS } gx__extra_act;

typedef struct gx__extra_tie {
    uint32_t src, dst;
    const char *kind;
    uint32_t hundredths; /* weight */
    int64_t since_s;
    bool directed;
} gx__extra_tie;

/* Who writes down what they do. */
typedef struct gx__extra_out {
    void *data;
    void (*tie)(void *data, const gx__extra_tie *tie);
    void (*act)(void *data, uint32_t user, uint32_t item, gx__extra_act what, int64_t at_s);
} gx__extra_out;

void gx__extra_put_ties(const gx__extra_out *out, const gx__shop *shop, uint32_t place);
void gx__extra_put_acts(const gx__extra_out *out, const gx__shop *shop, uint32_t place);

/* ---- words (shop_words.c) ---------------------------------------------------------------------
 */

typedef struct gx__leaf_words {
    const char *top, *leaf, *noun, *chinese;
    uint32_t price; /* typical, whole units */
} gx__leaf_words;

extern const gx__leaf_words gx__leaf_word[GX__SHOP_LEAVES];
extern const char *const gx__region_name[GX__SHOP_REGIONS];
extern const char *const gx__city_name[GX__SHOP_REGIONS];
extern const char *const gx__season_name[4];

uint32_t gx__top_of(uint32_t leaf);
/* Title, brand and the rest of an item that follows from its number. */
typedef struct gx__item_words {
    char title[160];
    const char *brand, *seller;
} gx__item_words;
gx__item_words gx__item_about(const gx__shop *shop, uint32_t item);

void gx__put_user(gx__csv *csv, uint32_t user);
void gx__put_item(gx__csv *csv, const gx__shop *shop, uint32_t item);
void gx__put_group(gx__csv *csv, uint32_t group);
void gx__put_circle(gx__csv *csv, uint32_t circle);
void gx__put_leaf(gx__csv *csv, uint32_t leaf);
/* "cp-m3": of the month 0 … 11 of the log; "cp-g7": of the group of circle 7. */
void gx__put_month_coupon(gx__csv *csv, uint32_t month);
void gx__put_circle_coupon(gx__csv *csv, uint32_t circle);

/* ---- files ------------------------------------------------------------------------------------
 */

/* shop_files.c: everything but events and their causes. */
GX_MUST_CHECK gx_status gx__shop_write_files(const char *path, const gx__shop *shop, gx_job *job,
                                             gx_error *err);
/* shop_truth.c */
GX_MUST_CHECK gx_status gx__shop_write_truth(const char *path, const gx__shop *shop, gx_job *job,
                                             gx_error *err);
/* shop_events.c: events.csv and truth/causes.csv. */
GX_MUST_CHECK gx_status gx__shop_write_events(const char *path, const gx__shop *shop, gx_job *job,
                                              gx_error *err);

#endif
