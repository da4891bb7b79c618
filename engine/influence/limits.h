/* What a choice of seeds must keep to: how many or what they may cost, who is barred, who is in it
 * already, and how many of each circle at the least and at the most. Whoever is refused once is
 * refused for good, so a greedy choice looks at nobody twice. */
#ifndef GX_INFLUENCE_LIMITS_H
#define GX_INFLUENCE_LIMITS_H

#include "graph/base/job.h"

typedef struct gx_seed_limits {
    uint32_t n;            /* members */
    uint32_t count;        /* seeds at the most, those given among them */
    const double *cost;    /* n, 0 or more; NULL: 0 each */
    double budget;         /* Σ of costs at the most; read where there are costs */
    bool by_gain;          /* a greedy choice goes by what is added, not by that over the cost */
    const uint8_t *barred; /* n; NULL: nobody. Those given may be barred */
    const uint32_t *given; /* chosen whatever they bring; distinct */
    uint32_t given_count;
    const uint32_t *circle; /* n, below `circles` or GX_NONE; NULL: no quotas */
    uint32_t circles;
    const uint32_t *least, *most;   /* circles; NULL: 0, and as many as there are */
    const char *const *circle_name; /* circles: for what is said of them; NULL: their numbers */
} gx_seed_limits;

/* How far a choice has come. */
typedef struct gx__chosen_so_far {
    const gx_seed_limits *limits;
    uint32_t *order; /* limits->count: those chosen */
    uint32_t count;
    double spent, reserve; /* `reserve`: what the circles still short will cost at the least */
    uint32_t outstanding;  /* seeds that circles are still short of */
    uint32_t *have;        /* circles */
    uint8_t *taken;        /* n */
    uint32_t *cheap;       /* n: members of each circle by rising cost; NULL: no need */
    uint64_t *cheap_at;    /* circles + 1 */
} gx__chosen_so_far;

/* bad_request, with the reason, where no choice keeps to the limits; those given are taken. */
GX_MUST_CHECK gx_status gx__chosen_start(gx__chosen_so_far *out, const gx_seed_limits *limits,
                                         gx_job *job, gx_error *err);
/* Whether anybody is given or may be chosen; refuses as gx__chosen_start does. */
GX_MUST_CHECK gx_status gx_seed_limits_admit(bool *out, const gx_seed_limits *limits, gx_job *job,
                                             gx_error *err);
/* Whether v may be next. */
bool gx__chosen_admits(const gx__chosen_so_far *chosen, uint32_t v);
void gx__chosen_take(gx__chosen_so_far *chosen, uint32_t v);
void gx__chosen_finish(gx__chosen_so_far *chosen, gx_job *job);

static inline double gx__seed_cost(const gx_seed_limits *limits, uint32_t v) {
    return limits->cost ? limits->cost[v] : 0;
}

#endif
