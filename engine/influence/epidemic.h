/* An epidemic played through, member by member: susceptible, infected, recovered (Kermack and
 * McKendrick 1927, in steps). In each step whoever is infected meets each neighbour and passes it
 * on with one chance, then recovers with another; those infected in a step pass it on from the
 * next. And what rankings of spreaders are judged by: how many the outbreak of each member reaches.
 */
#ifndef GX_INFLUENCE_EPIDEMIC_H
#define GX_INFLUENCE_EPIDEMIC_H

#include "engine/influence/percolation.h"

/* The chance that a tie passes it on at all, when it does in each step with `rate` and the infected
 * recovers after each with `recovery`: rate / (1 − (1 − rate)(1 − recovery)); and the rate that
 * makes it so. Both are within 0 … 1, also as doubles: sums of what is 0 or more, no difference of
 * what is nearly the same. */
double gx__epidemic_passed(double rate, double recovery);
double gx__epidemic_rate(double passed, double recovery);

/* sum[v] += members infected beyond v itself in `runs` outbreaks that begin at v, for each member.
 * spreading->chance is of a meeting. Outbreak r of v is named by (the job's seed, v, r): the same
 * at any number of threads. Time: runs · members · members reached, some 20 ns each and what they
 * pass on; 9 bytes a member and thread. */
GX_MUST_CHECK gx_status gx__outbreaks(uint64_t *sum, const gx__spreading *spreading,
                                      double recovery, uint32_t runs, gx_job *job, gx_error *err);
uint64_t gx__outbreaks_bytes(uint32_t n, int threads);

/* ---- how well scores tell spreaders ---------------------------------------------------------- */

enum { GX_SPREADING_TRUTHS = 2 };

typedef struct gx_spreading_options {
    gx__spreading spreading; /* its chance that a tie passes it on at all */
    double recovery;         /* above 0, at most 1 */
    uint32_t runs;           /* of each truth */
    bool outbreaks;          /* play each outbreak, also where recovery is 1 */
} gx_spreading_options;

/* Truths alike but for their draws, so that how well one tells the other shows what any score can
 * reach. Where recovery is 1 both are by percolation, unless outbreaks are asked for; their draws
 * are not those that the pass `percolation` makes with the job's seed. */
typedef struct gx_spreading_truth {
    uint32_t n;
    double *reached[GX_SPREADING_TRUTHS]; /* n, the member itself included, mean; the job's */
    double ceiling;                       /* Kendall's tau-b between them; NaN: not defined */
    double mean;                          /* members reached, over all members and truths */
} gx_spreading_truth;

GX_MUST_CHECK gx_status gx_spreading_play(gx_spreading_truth *out,
                                          const gx_spreading_options *options, gx_job *job,
                                          gx_error *err);
void gx_spreading_truth_finish(gx_spreading_truth *truth, gx_job *job);
/* Kendall's tau-b and Spearman's correlation of scores (n, 0 or more, finite) with the truths, each
 * the mean over both; NaN where that is not defined. */
GX_MUST_CHECK gx_status gx_spreading_judge(double *out_tau, double *out_spearman,
                                           const gx_spreading_truth *truth, const double *score,
                                           gx_job *job, gx_error *err);

#endif
