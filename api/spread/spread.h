/* What questions about spreading have in common: over which ties and along which chances, whom it
 * is worth to reach, and the circles by their names. */
#ifndef GX_API_SPREAD_H
#define GX_API_SPREAD_H

#include "api/graphs.h"
#include "api/support.h"
#include "engine/influence/chances.h"

/* clang-format off */
/* The rows of a method that plays spreading; gx_spread_open reads them. */
#define GX_SPREAD_PARAMS                                                                           \
    {"model", GX_PARAM_CHOICE, "cascade", GX_PARAM_UNCHECKED, NULL, "cascade|threshold", 0,        \
     "independent cascade: whoever has it passes it on along each tie once, with the tie's chance; linear threshold: one has it once those who have it weigh as much as one's own threshold"}, \
    {"chances", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL,                                 \
     "auto|learned|weighted|strength|constant", 0,                                                 \
     "of a tie: as the pass influence learnt it from the log where that was built, else, and with model threshold, 1 / how many one heeds (auto); its share of the weight of one's ties; or p for every tie"}, \
    {"p", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0, "the chance of every tie, with chances constant"}, \
    {"raise", GX_PARAM_REAL, "1", 0, 1000, NULL, NULL, 0,                                          \
     "a coupon or further shares: every chance becomes 1 - (1 - chance)^raise"},                   \
    GX_VIEW_PARAMS
#define GX_SPREAD_SHARING_PARAM                                                                    \
    {"sharing", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,                        \
     "with chances learned: the seeds pass it on, and whoever is reached does or does not, as members did in the log; else (false), and with model threshold, both in one chance for each tie, of seeds too"}
/* The same where somebody is told to share: the pass influence says how likely those who heed a
 * sharer take it. gx_spread_open_told reads them. */
#define GX_SPREAD_TOLD_PARAMS                                                                      \
    {"chances", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL,                                 \
     "auto|learned|weighted|strength|constant", 0,                                                 \
     "that one takes what another shares: as the pass influence learnt it where that was built, else 1 / how many one heeds; the tie's share of the weight of one's ties; or p for every tie"}, \
    {"model", GX_PARAM_CHOICE, "cascade", GX_PARAM_UNCHECKED, NULL, "cascade", GX_PARAM_HIDDEN, "each tie by itself"}, \
    {"p", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0, "the chance of every tie, with chances constant"}, \
    {"raise", GX_PARAM_REAL, "1", 0, 1000, NULL, NULL, 0,                                          \
     "a coupon or further shares: every chance becomes 1 - (1 - chance)^raise"},                   \
    GX_VIEW_PARAMS
/* Whom it is worth to reach; gx_spread_worth reads them. */
#define GX_SPREAD_WORTH_PARAMS                                                                     \
    {"audience", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                           \
     "only these members are worth reaching: a group, a circle like c-17, or an expression over members' fields"}, \
    {"category", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                           \
     "only members who took to something of this category are worth reaching"},                    \
    {"weight", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                              \
     "what reaching a member is worth: a number field of the members, or a map of members to numbers (0 for others)"}
/* clang-format on */

/* The ties as they are now, and the chances asked for. */
typedef struct gx_spread {
    gx_call_env *call; /* with a transaction */
    const gx_held *held;
    const gx_graph *graph; /* with in-arrays; without the ties of those who are gone */
    uint32_t n;            /* of its nodes: members by number; some may be newer than call->txn */
    /* n: 1 for those who have departed (gx_is_departed) or have no name (forgotten, or newer than
     * call->txn): they are not reached and pass nothing on. NULL: nobody. */
    uint8_t *gone;
    uint32_t here;  /* how many are not gone */
    gx_graph own;   /* `graph`, where somebody is gone */
    float *thin[2]; /* arrays of the snapshot by its arcs; NULL: as they are */
    gx_view_spec spec;
    gx_chance_options chance;
    const char *unfit; /* see gx_spread_unfit */
    /* With chances learned: by arc, once a member passes on, and by member whether it does. */
    const float *shared, *passes;
} gx_spread;

/* bad_request: `p` without constant chances, or the other way round; conflict: no chances were
 * learnt, or of other ties than there are now. gx_spread_close in any case. */
GX_MUST_CHECK gx_status gx_spread_open(gx_spread *out, gx_call_env *call, gx_error *err);
/* bad_request: the argument `name` raises weights of a threshold that come to 1 as they are, so
 * nothing would change. */
GX_MUST_CHECK gx_status gx_spread_check_raise(const gx_spread *spread, const char *name,
                                              gx_error *err);
/* bad_request: `sharing` is false with other chances, or of a threshold, where there is none. */
GX_MUST_CHECK gx_status gx_spread_check_sharing(const gx_spread *spread, gx_error *err);
/* With chances learned, and cascades: the seeds share for sure, and whoever is reached shares or
 * does not (GX_SPREAD_SHARING_PARAM); else nothing changes. */
void gx_spread_share(gx_chance_options *io, const gx_spread *spread);
/* influence.probability or influence.shared of the snapshot: a number for each arc of `graph`; NULL
 * where there is none, or it is of other ties. */
const float *gx_spread_of_arcs(const gx_spread *spread, const char *name);
/* Why the chances that the snapshot has learnt cannot be taken, where `chances` asks for them: they
 * are of other arcs (gx_graph_digest; of an older snapshot, of another number). In the arena. NULL:
 * they can, or there are none. */
const char *gx_spread_unfit(const gx_spread *spread);
/* Adds sentences to `notes`: where chances `auto` came to be others than learned ones, and why
 * (none where there are no events to learn from); where they are learned ones and the model has no
 * sharing; where there are no ties. */
void gx_spread_note(gx_value *notes, const gx_spread *spread);
/* Where the arguments leave no chance at all: which of them, and that nobody takes what is shared;
 * else NULL. */
const char *gx_spread_never(const gx_spread *spread);
/* gx_spread_open of GX_SPREAD_TOLD_PARAMS; *out_chances: which they came to be. */
GX_MUST_CHECK gx_status gx_spread_open_told(gx_spread *out, const char **out_chances,
                                            gx_call_env *call, gx_error *err);
/* How many of those reached take an item that suits them on average: `rate`, where it is given;
 * else 1 with learned chances, and constant ones if these are of taking, which say so themselves;
 * else one that is assumed. Returns which it is: "given", "learned" or "assumed". */
const char *gx_spread_rate(double *out, const gx_spread *spread, bool constant_takes);
void gx_spread_close(gx_spread *spread);

/* ---- members ----------------------------------------------------------------------------------
 */

/* Takes those who are gone out of a list, the order kept; returns how many are left. */
uint32_t gx_spread_keep_here(uint32_t *io, uint32_t count, const gx_spread *spread);
/* A number for each member, out of the argument: a text names a number field of their records, a
 * map gives member → number. `otherwise` where there is none. bad_request: nobody has one, or
 * something else stands there. `out`: n. */
GX_MUST_CHECK gx_status gx_spread_numbers(double *out, const gx_spread *spread,
                                          const char *argument, double otherwise, gx_error *err);
/* Worth of each by GX_SPREAD_WORTH_PARAMS, 0 for those who are gone; *out is the job's, NULL where
 * all are worth 1. bad_request where nobody of an audience or a category is worth anything. */
GX_MUST_CHECK gx_status gx_spread_worth(double **out, const gx_spread *spread, gx_error *err);

/* ---- circles ----------------------------------------------------------------------------------
 */

typedef struct gx_spread_circles {
    uint32_t *of;        /* n: GX_NONE: in none, or gone; the job's */
    const uint8_t *gone; /* of the gx_spread, which must outlive it */
    uint32_t count;
    const char **name; /* count; in the arena */
    bool has_rest;     /* the last is of those in none (gx_spread_circles_join_rest) */
} gx_spread_circles;

/* By nothing or "circle": those of the snapshot, or as leiden finds them where there is none; else
 * by a text field of the members. bad_request: nobody has such a field. */
GX_MUST_CHECK gx_status gx_spread_circles_find(gx_spread_circles *out, const gx_spread *spread,
                                               gx_slice by, gx_error *err);
/* Makes one more circle, called -, of those who are in none and are not gone, if there are any. */
void gx_spread_circles_join_rest(gx_spread_circles *io, uint32_t n);
void gx_spread_circles_finish(gx_spread_circles *circles, gx_job *job);
/* Which one is called so; not_found names the argument, what was given and the nearest there are.
 */
GX_MUST_CHECK gx_status gx_spread_circle_find(uint32_t *out, const gx_spread_circles *circles,
                                              const char *argument, gx_slice name, gx_arena *arena,
                                              gx_error *err);
/* The circle of a member, `count` for those in none. */
uint32_t gx_spread_circle_of(const gx_spread_circles *circles, uint32_t user);
/* Its name; nil for those in none. */
gx_value gx_spread_circle_value(const gx_spread_circles *circles, uint32_t circle);
/* Circles by `by` (count + 1 numbers, the last of those in none), the most first, then the greater;
 * of those with nothing by it as many as make 1,000 in all, if they have members (`size`, of as
 * many). *out_unlisted: how many more there are. NULL: out of memory. In the arena. */
const uint32_t *gx_spread_circles_listed(uint32_t *out_count, uint32_t *out_unlisted,
                                         const gx_spread_circles *circles, const double *by,
                                         const uint32_t *size, gx_arena *arena);
/* How many of the members (where `members` is NULL all n but those gone) are in each, and in none:
 * count + 1 numbers, in the arena. */
GX_MUST_CHECK gx_status gx_spread_circles_tally(uint32_t **out, const gx_spread_circles *circles,
                                                const uint32_t *members, uint32_t n,
                                                gx_arena *arena, gx_error *err);

/* ---- words ------------------------------------------------------------------------------------
 */

/* weighted, strength, constant, learned */
const char *gx_spread_chances_name(gx_chance_rule rule);

/* What is reached on average, as runs or sets say it. */
typedef struct gx_spread_average {
    double mean, error; /* and its standard error */
    double runs;        /* so many say it; INFINITY: more than matter */
    double low, high;   /* between which it is whatever they say; infinite: not known */
    double sets;        /* above 0: mean is low and a share of the rest, which so many sets say */
} gx_spread_average;

/* [low, high] that 95 of 100 averages are between; never beyond what is known. Far from that it is
 * Student's. Else, of a share of sets it is Wilson's (Probable inference, the law of succession,
 * and statistical inference, JASA 22, 1927), which has a width where no set is hit; of runs
 * Student's of the log odds of (mean - low) / (high - low), by the delta method (the logit interval
 * of Brown, Cai, DasGupta, Interval estimation for a binomial proportion, Statistical Science 16,
 * 2001): longer to the side where there is room, as what is reached is spread. */
gx_value gx_spread_interval(gx_arena *arena, const gx_spread_average *average);

#endif
