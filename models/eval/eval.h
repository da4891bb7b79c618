/* Offline evaluation: splits, metrics, intervals, paired tests, off-policy estimates. Sees
 * matrices and lists only; docs/evaluation.md has each formula and its source. */
#ifndef GX_MODELS_EVAL_EVAL_H
#define GX_MODELS_EVAL_EVAL_H

#include "models/model.h"

enum { GX_CUTOFFS_MAX = 8, GX_CUTOFF_LONGEST = 1000, GX_THIRDS = 3 };

/* ---- splits ------------------------------------------------------------------------------------
 */

/* What is fitted on, what a member is known by when the list is made, and what is looked for.
 * `history` is `fit` itself unless members were held out whole. */
typedef struct gx_split {
    gx_matrix fit, past, test;
    bool by_member; /* `past` is the history, and not the fit's */
    uint8_t
        *cold; /* items: 1 for those held out whole, which alone are looked for; NULL: none are */
    uint32_t cold_count;
} gx_split;

const gx_matrix *gx_split_history(const gx_split *split);
void gx_split_finish(gx_split *split); /* safe twice */

/* Of every member with two pairs or more a share, drawn; at least one pair stays on either side. */
GX_MUST_CHECK gx_status gx_split_random(gx_split *out, const gx_matrix *all, double share,
                                        gx_job *job, gx_error *err);
/* Of every member with two pairs or more the latest; of several at one time a drawn one. */
GX_MUST_CHECK gx_status gx_split_last(gx_split *out, const gx_matrix *all, gx_job *job,
                                      gx_error *err);
/* A share of the members, drawn, is fitted on whole. Of each other one 0.8 of the pairs are the
 * history, drawn, and the rest is looked for: the fit has never seen them (strong generalisation,
 * Marlin 2004; Liang et al. 2018, 4.1). */
GX_MUST_CHECK gx_status gx_split_members(gx_split *out, const gx_matrix *all, double share,
                                         gx_job *job, gx_error *err);

/* A share of the items that anybody did, drawn, is held out whole: no event of theirs is fitted on,
 * and they are looked for among each other, of members who did something else too (Schein et al.
 * 2002, item cold start). One item at least stays on either side. */
GX_MUST_CHECK gx_status gx_split_cold_items(gx_split *out, const gx_matrix *all, double share,
                                            gx_job *job, gx_error *err);

/* Leaves the test items of so many members only, drawn by the job's seed; of fewer all. */
GX_MUST_CHECK gx_status gx_split_sample(gx_split *split, uint32_t members, gx_job *job,
                                        gx_error *err);

/* A number from 0 to 1 (not 1 itself) that is each member's own, by the job's seed. */
double gx_split_lot(const gx_job *job, uint32_t user);
/* The rows of the members whose number is below `share`; those of the others are empty. */
GX_MUST_CHECK gx_status gx_split_rows(gx_matrix *out, const gx_matrix *all, double share,
                                      gx_job *job, gx_error *err);

/* ---- lists ------------------------------------------------------------------------------------
 */

/* Lists made elsewhere: the items of member u, best first, are item[ptr[u] … ptr[u + 1]), none of
 * them twice. GX_NONE: an item nobody knows, which has its place and can be no hit. */
typedef struct gx_lists {
    uint32_t rows;
    uint64_t *ptr; /* rows + 1 */
    uint32_t *item;
} gx_lists;

/* ---- metrics ----------------------------------------------------------------------------------
 */

typedef enum gx_member_metric {
#define GX_MEMBER_METRIC(name, better, help) GX_METRIC_##name,
#include "models/eval/metrics.def"
    GX_MEMBER_METRICS
} gx_member_metric;

typedef enum gx_list_metric {
#define GX_LIST_METRIC(name, better, help) GX_METRIC_##name,
#include "models/eval/metrics.def"
    GX_LIST_METRICS
} gx_list_metric;

typedef struct gx_metric {
    const char *name;
    int better; /* 1: more is better, -1: less, 0: neither */
    const char *help;
} gx_metric;

extern const gx_metric gx_member_metrics[GX_MEMBER_METRICS], gx_list_metrics[GX_LIST_METRICS];

/* A member's list as a metric sees it: hit[k] says whether place k, from 0, holds a test item. */
typedef struct gx_listed {
    const uint8_t *hit;
    uint32_t length; /* of the list, at most `cutoff` */
    uint32_t cutoff;
    uint32_t tested; /* how many test items there are to find, at least 1 */
} gx_listed;

/* All GX_MEMBER_METRICS of one list. */
void gx_measure_list(double *out, const gx_listed *list);

/* All lists as item counts: enough for every metric of lists, so nothing grows with members. */
typedef struct gx_shown {
    uint32_t items;
    uint64_t *count;         /* items: in how many lists each is */
    double *weight;          /* items: the same, each list with 1 / sqrt(its length) */
    uint64_t lists;          /* with a place at least */
    uint64_t places;         /* of all lists together */
    uint32_t members;        /* whom `popular` counts: all with an item in the fit */
    const uint32_t *popular; /* items: how many members have each in the fit */
    double taken; /* mean of popular / members over the pairs of the test; 0: there are none */
} gx_shown;

/* All GX_LIST_METRICS; NaN where there is nothing to tell from. O(items log items). */
GX_MUST_CHECK gx_status gx_measure_lists(double *out, const gx_shown *shown, gx_job *job,
                                         gx_error *err);

/* Adds one list, items best first; GX_NONE is passed over. */
void gx_shown_add(gx_shown *shown, const uint32_t *list, uint32_t length);
/* popular[i]: how many members have item i in the fit. Returns how many have any. */
uint32_t gx_count_popular(uint32_t *popular, const gx_matrix *fit);
/* The same of given lists: those of a matrix's members, popularity by the matrix. Nothing is taken,
 * so there is no bias. */
GX_MUST_CHECK gx_status gx_measure_given(double *out, const gx_lists *lists, const gx_matrix *fit,
                                         gx_job *job, gx_error *err);

/* ---- judging ----------------------------------------------------------------------------------
 */

/* What is judged: a fitted model, or lists. */
typedef struct gx_judged {
    const gx_model *model; /* NULL: lists */
    const void *state;     /* opened */
    const gx_lists *lists;
    const uint8_t *only; /* items: lists hold those with 1 alone; NULL: all */
    /* Changes a member's scores before they are ranked, as what items are like does where nobody
     * has chosen them; any thread. NULL: they are as the model gives them. */
    gx_status (*adjust)(float *scores, uint32_t items, const void *with, gx_error *err);
    const void *with; /* for `adjust` */
} gx_judged;

typedef struct gx_eval_options {
    uint32_t cutoff[GX_CUTOFFS_MAX]; /* rising, each 1 … GX_CUTOFF_LONGEST */
    uint32_t cutoff_count;
} gx_eval_options;

/* One model, judged. Counted against the job that judged it. */
typedef struct gx_judgement {
    gx_job *job;
    uint32_t users;                                  /* members with at least one test item */
    uint32_t columns;                                /* cutoff_count × GX_MEMBER_METRICS */
    uint32_t *user;                                  /* users, rising */
    double *figure;                                  /* users × columns: [member][cutoff][metric] */
    double mean[GX_CUTOFFS_MAX * GX_MEMBER_METRICS]; /* columns of them */
    double list[GX_CUTOFFS_MAX][GX_LIST_METRICS];
    /* By popularity third (see docs/evaluation.md), the most popular first, at the longest cutoff:
     * shares of the places shown, of the pairs taken, and of the catalogue. */
    double shown[GX_THIRDS], taken[GX_THIRDS], catalogue[GX_THIRDS];
    uint64_t repeats;  /* pairs of the test that the history has too: no model's list has them */
    uint64_t known;    /* places of given lists with an item of the history */
    uint32_t unlisted; /* members with a test item and an empty list: all figures 0 */
    double score_cpu_s, score_wall_s;
} gx_judgement;

/* Ranks all items for every member with a test item, those of the history left out, and measures.
 * `fit` has all members and items; the rows and columns of `history` and `test` are among them. The
 * same doubles at any thread count. Memory: a block of scores (16 MiB), 12 bytes an item and
 * cutoff, 8 bytes a member and figure. bad_request: a cutoff, a shape. */
GX_MUST_CHECK gx_status gx_judge(gx_judgement *out, const gx_judged *what, const gx_matrix *fit,
                                 const gx_matrix *history, const gx_matrix *test,
                                 const gx_eval_options *options, gx_job *job, gx_error *err);
void gx_judgement_finish(gx_judgement *judgement); /* safe on zeros */

/* ---- intervals and tests ----------------------------------------------------------------------
 */

typedef struct gx_resampling {
    uint32_t resamples; /* 0: none, and the intervals are NaN */
    double level;       /* 0.95 */
    uint64_t seed;
} gx_resampling;

typedef struct gx_interval {
    double mean, low, high;
} gx_interval;

/* The mean of each column over members and a percentile interval of it: a Poisson bootstrap, where
 * member m counts Poisson(1) times in resample b, drawn by (seed, m, b), so that two models judged
 * on the same members are resampled alike (Efron 1979; Chamandy et al. 2012). figure[i * columns +
 * c] is member `user[i]`. O(count × resamples × columns), nothing for figures that are 0; the same
 * at any thread count. */
GX_MUST_CHECK gx_status gx_bootstrap(gx_interval *out, const double *figure, const uint32_t *user,
                                     uint32_t count, uint32_t columns, const gx_resampling *how,
                                     gx_job *job, gx_error *err);

/* One column of two models on the same members. */
typedef struct gx_paired {
    double difference, low, high; /* a − b, and the interval of it */
    double p; /* two-sided, of the sign-flip permutation test: (1 + as far or farther) / (1 + drawn)
               */
} gx_paired;

/* The paired permutation test of Fisher and Pitman (Smucker, Allan and Carterette 2007 compare it
 * with others) beside the bootstrap interval of the difference. */
GX_MUST_CHECK gx_status gx_paired_test(gx_paired *out, const double *a, const double *b,
                                       const uint32_t *user, uint32_t count, uint32_t columns,
                                       const gx_resampling *how, gx_job *job, gx_error *err);

/* Ratios of sums over members, each with an interval by the same bootstrap: out[c] is Σ figure[c] /
 * Σ figure[over[c]], NaN where the latter is 0. */
GX_MUST_CHECK gx_status gx_bootstrap_ratios(gx_interval *out, const double *figure,
                                            const uint32_t *over, const uint32_t *user,
                                            uint32_t count, uint32_t columns,
                                            const gx_resampling *how, gx_job *job, gx_error *err);

/* Makes p of `count` tests of one question hold for all of them together (Holm 1979). */
void gx_holm(double *p, uint32_t count);

/* ---- off-policy -------------------------------------------------------------------------------
 */

/* One place that was shown: the chance that it would be, and what came of it. */
typedef struct gx_logged {
    uint32_t user, item, place; /* place from 0 */
    uint32_t request;           /* the same number: shown at once */
    double propensity;          /* above 0, at most 1 */
    double reward;              /* finite */
} gx_logged;

typedef enum gx_match {
    GX_MATCH_PLACE, /* the propensity is that of the item being in its place; so is the match */
    GX_MATCH_ITEM   /* … of the item being anywhere in the list */
} gx_match;

typedef struct gx_policy_options {
    gx_match match;
    double clip;  /* no weight above this; 0: none is clipped */
    double prior; /* of the reward model: places at the mean reward an item begins with */
    gx_resampling resampling; /* over members: what is shown to one is not independent */
} gx_policy_options;

/* The worth of a request, were the target's lists shown: the sum of the rewards of its places. */
typedef struct gx_policy_value {
    uint64_t requests, places, matched, clipped;
    double effective;   /* (Σ w)² / Σ w²: how many matched places of equal weight it is worth */
    double largest;     /* weight */
    gx_interval logged; /* what was shown */
    gx_interval ips, snips, direct, dr;
    gx_interval gain; /* dr − logged */
} gx_policy_value;

/* What `target` would have earned, from what was logged: `rows` sorted by user and then request;
 * the first `longest` items of the member's list are the target's, and of them a request has no
 * more than it showed: by place those of the places that were logged, by item the first ones.
 * Weight w = [match] / propensity: IPS    Σ w r / requests                               (Horvitz
 * and Thompson 1952) SNIPS  (Σ w r / Σ w) × places of a request, mean        (Swaminathan and
 * Joachims 2015) direct Σ_requests Σ_{i in its target list} q(i) / requests DR     direct + Σ w (r
 * − q(item)) / requests              (Dudík, Langford and Li 2011) q(i): the item's mean reward
 * over the other half of the members and `prior` places of the mean of all, so that no reward is
 * explained by itself. Rewards of places are added up, so a place is taken to earn the same
 * whatever else is shown. bad_request: a propensity, an order. */
GX_MUST_CHECK gx_status gx_off_policy(gx_policy_value *out, const gx_logged *rows, uint64_t count,
                                      uint32_t users, uint32_t items, const gx_lists *target,
                                      uint32_t longest, const gx_policy_options *options,
                                      gx_job *job, gx_error *err);

/* The lists of the members with wanted[u] ≠ 0, at most `longest` items each; `history` as in
 * gx_judge. */
GX_MUST_CHECK gx_status gx_make_lists(gx_lists *out, const gx_judged *what, const gx_matrix *fit,
                                      const gx_matrix *history, const uint8_t *wanted,
                                      uint32_t longest, gx_job *job, gx_error *err);
void gx_lists_finish(gx_lists *lists, gx_job *job); /* of gx_make_lists; safe on zeros */

/* ---- experiments ------------------------------------------------------------------------------
 */

/* A figure of the members of an arm, as sums. */
typedef struct gx_arm_sums {
    double count, sum, squares; /* members, Σ x, Σ x² */
} gx_arm_sums;

/* The mean, and Student's interval of it; of a share (x 0 or 1) Wilson's (1927). NaN where there
 * are too few. */
gx_interval gx_arm_mean(const gx_arm_sums *arm, bool is_share, double level);

typedef enum gx_arm_by { GX_ARM_TOO_FEW, GX_ARM_WELCH, GX_ARM_FISHER } gx_arm_by;

typedef struct gx_arm_test {
    double difference, low, high;     /* arm − control */
    double lift, lift_low, lift_high; /* over the control's mean; the interval of a log ratio (Katz
                                         et al. 1978); NaN where a mean is not above 0 */
    double p;                         /* two-sided */
    gx_arm_by by;                     /* what p is of */
} gx_arm_test;

/* Means by Welch's test and interval (1947); too few, and NaN but the difference and the lift,
 * where an arm has fewer than 10 members or all of it alike. Shares (x 0 or 1) have the interval of
 * Newcombe (1998, method 10), which is never of no width, and where fewer than 5 would be expected
 * in a cell, or an arm is all alike, Fisher's exact p and no interval of the lift. All NaN where an
 * arm is empty. */
void gx_arm_compare(gx_arm_test *out, const gx_arm_sums *arm, const gx_arm_sums *control,
                    bool is_share, double level);

/* Fisher's exact test (1935) of yes of count against other_yes of other_count, two-sided: the
 * chance of all tables with these margins that are no likelier than this one. Steps: the smallest
 * margin. NaN where there are more yes than members. */
double gx_fisher_p(double yes, double count, double other_yes, double other_count);

/* The chance of counts so far from the weights: Pearson's chi-squared, count − 1 degrees. NaN where
 * there is nothing to tell by. An arm of weight 0 with members in it is impossible: 0. */
double gx_sample_ratio(const uint64_t *members, const double *weight, uint32_t count);

/* The chance that |t| of `freedom` degrees is as large or larger; and the t that is with `p`. */
double gx_student_p(double t, double freedom);
double gx_student_t(double p, double freedom);
double gx_chi_squared_p(double x, double freedom);

#endif
