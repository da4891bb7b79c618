/* How well scores of members tell whom others came after later: the judge of leader scores. */
#ifndef GX_ENGINE_LEADERS_JUDGE_H
#define GX_ENGINE_LEADERS_JUDGE_H

#include "graph/csr/graph.h"

/* X(NAME, text, help) */
#define GX_TELLING_MAP(X)                                                                          \
    X(KENDALL, "kendall", "Kendall's tau-b")                                                       \
    X(SPEARMAN, "spearman", "Spearman's rank correlation")                                         \
    X(NDCG, "ndcg", "gain log2(1 + what came) of the first k, of the most there could be")

typedef enum gx_telling {
#define X(name, text, help) GX_TELLING_##name,
    GX_TELLING_MAP(X)
#undef X
        GX_TELLING_COUNT
} gx_telling;

extern const char *const gx_tellings[GX_TELLING_COUNT];

/* Of each member: acts of those who follow it, from `since_ms` on, on items it acted on before
 * them and within the window, each shared evenly by all whom the follower follows and who did.
 * `first`: per entry of the matrix when the member began; its own times are of the latest acts. */
GX_MUST_CHECK gx_status gx_leaders_later(double *out, const gx_graph *graph,
                                         const gx_matrix *matrix, const int64_t *first,
                                         int64_t since_ms, int64_t window_ms, gx_job *job,
                                         gx_error *err);

typedef struct gx_judge_options {
    uint32_t k;         /* of NDCG */
    uint32_t resamples; /* of members, with replacement; 0: no intervals */
    double level;       /* of the intervals */
} gx_judge_options;

typedef struct gx_judged {
    double value[GX_TELLING_COUNT];
    /* What score 0 is better by, and a percentile interval of it over resampled members. */
    double gap[GX_TELLING_COUNT], low[GX_TELLING_COUNT], high[GX_TELLING_COUNT];
} gx_judged;

/* out[s] of score[s], n long each, 0 or more and finite, against `came`, likewise. A correlation is
 * NaN where it is not defined: all scores are equal, or all that came. Sums and draws depend on the
 * job's seed alone. */
GX_MUST_CHECK gx_status gx_leaders_judge(gx_judged *out, const double *const *score, size_t scores,
                                         const double *came, uint32_t n,
                                         const gx_judge_options *options, gx_job *job,
                                         gx_error *err);

#endif
