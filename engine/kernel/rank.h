/* Ranks of scores: the order by falling score, ranks with ties shared, and how far two rankings
 * agree. */
#ifndef GX_KERNEL_RANK_H
#define GX_KERNEL_RANK_H

#include "graph/base/job.h"

/* order[0] is the number of the highest score; ties by lowest number. Scores are 0 or more and
 * finite. Radix sort: O(n) time, 32 bytes a score while it runs. */
GX_MUST_CHECK gx_status gx__rank_falling(uint32_t *order, const double *score, uint32_t n,
                                         gx_job *job, gx_error *err);

/* 1 − log(r) / log(n + 1), r the place from 1 for the best, ties sharing their mean: each halving
 * of the place is worth the same, so that the top of a heavy tail is told apart without its values
 * deciding. 0 for a score of 0. `order` is that of gx__rank_falling. */
void gx__rank_places(double *place, const double *score, const uint32_t *order, uint32_t n);

/* Spearman's rank correlation, ties sharing the mean of their places (Kendall and Gibbons
 * 1990, 3.4); NaN where all of either are equal, of fewer than two too. Scores 0 or more and
 * finite. */
GX_MUST_CHECK gx_status gx__rank_spearman(double *out, const double *a, const double *b, uint32_t n,
                                          gx_job *job, gx_error *err);

/* Kendall's tau-b: of all pairs those in the same order less those in the other, over the geometric
 * mean of those that either tells apart (Kendall, The treatment of ties in ranking problems, 1945);
 * NaN where all of either are equal. By merging (Knight, A computer method for calculating
 * Kendall's tau with ungrouped data, 1966): O(n log n) time, 52 bytes a score while it runs. Scores
 * 0 or more and finite. */
GX_MUST_CHECK gx_status gx__rank_kendall(double *out, const double *a, const double *b, uint32_t n,
                                         gx_job *job, gx_error *err);

/* Two scores of the same, ranked once to be compared in many resamples: in each of them v stands
 * times[v] times. */
typedef struct gx__rank_pair {
    uint32_t n, a_classes, b_classes; /* how many different scores there are */
    uint32_t *order;                  /* by falling a, those of equal a by falling b */
    uint32_t *a_of, *b_of;            /* n: how many different scores are above v's */
} gx__rank_pair;

/* Each n long. */
typedef struct gx__rank_room {
    double *a, *b;
    uint64_t *x, *y;
} gx__rank_room;

/* As above; finish in any case. */
GX_MUST_CHECK gx_status gx__rank_pair_make(gx__rank_pair *out, const double *a, const double *b,
                                           uint32_t n, gx_job *job, gx_error *err);
void gx__rank_pair_finish(gx__rank_pair *pair, gx_job *job);
GX_MUST_CHECK gx_status gx__rank_room_make(gx__rank_room *out, uint32_t n, gx_job *job,
                                           gx_error *err);
void gx__rank_room_finish(gx__rank_room *room, gx_job *job);

/* O(n). */
double gx__rank_pair_spearman(const gx__rank_pair *pair, const uint32_t *times,
                              gx__rank_room *room);
/* O(n + m log m), m those drawn that are not in the last class of b. */
double gx__rank_pair_kendall(const gx__rank_pair *pair, const uint32_t *times, gx__rank_room *room);

#endif
