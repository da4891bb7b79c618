/* What a choice of seeds must keep to, as people say it. */
#ifndef GX_API_SPREAD_LIMITS_H
#define GX_API_SPREAD_LIMITS_H

#include "api/people/leader.h"
#include "api/spread/spread.h"
#include "engine/influence/limits.h"

/* clang-format off */
/* The rows of a method that chooses seeds. */
#define GX_SPREAD_LIMIT_PARAMS                                                                     \
    {"k", GX_PARAM_INT, NULL, 1, 1e7, "members", NULL, 0,                                          \
     "how many seeds (10; with a budget as many as it pays for)"},                                 \
    {"n", GX_PARAM_INT, NULL, 1, 1e7, "members", NULL, 0, "as k"},                                 \
    {"budget", GX_PARAM_REAL, NULL, 0, 1e15, NULL, NULL, 0,                                        \
     "the seeds may cost so much together"},                                                       \
    {"cost", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                                \
     "with a budget: what each costs, a number field of the members or a map of members to numbers"}, \
    {"cost_else", GX_PARAM_REAL, NULL, 0, 1e15, NULL, NULL, 0,                                     \
     "with a budget: what those cost of whom cost does not say (1)"},                                  \
    {"include", GX_PARAM_LIST, NULL, 1, 1000000, "members", NULL, GX_PARAM_WHOM,                   \
     "seeds in any case, whatever else is asked; the others complete them"},                       \
    {"exclude", GX_PARAM_LIST, NULL, 1, 1000000, "members", NULL, GX_PARAM_WHOM,                   \
     "never these"},                                                                               \
    {"segment", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                            \
     "only these may be seeds: a group, a circle like c-17, or an expression over members' fields"}, \
    {"min_activity", GX_PARAM_INT, NULL, 0, 1e9, "events", NULL, 0,                                \
     "only members with so many events (since and until count) may be seeds"},                     \
    {"used_in", GX_PARAM_LIST, NULL, 1, 10000, "campaigns", NULL, 0,                               \
     "nobody who has an event in one of these campaigns"},                                         \
    GX_RISK_PARAM,                                                                                 \
    {"by", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                                 \
     "what quotas and fairness are by: circle (the usual), or a text field of the members; those in none, or without it, are one circle, -"},       \
    {"least", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                               \
     "at least so many seeds of these circles, like c-17=2; several: c-17=2,c-3=1, given several times, or a JSON file {\"c-17\": 2}"},                                      \
    {"most", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                                \
     "at most so many seeds of these circles"},                                                    \
    {"least_each", GX_PARAM_INT, NULL, 0, 1e7, "members", NULL, 0,                                 \
     "at least so many of every circle that least does not name"},                                 \
    {"most_each", GX_PARAM_INT, NULL, 0, 1e7, "members", NULL, 0,                                  \
     "at most so many of any circle that most does not name"},                                     \
    {"fair", GX_PARAM_REAL, "0", 0, 1, NULL, NULL, 0,                                              \
     "how much it counts that every circle is reached: 0 counts members, 1 takes the logarithm of each circle's share"}
/* clang-format on */

/* Why members may not be seeds; each is counted under the first that holds. */
typedef enum gx_spread_bar {
    GX_SPREAD_EXCLUDED,
    GX_SPREAD_DEPARTED, /* their status or left_at says that they have gone */
    GX_SPREAD_RISK,     /* as the pass leaders has it */
    GX_SPREAD_SEGMENT,
    GX_SPREAD_INACTIVE,
    GX_SPREAD_USED,
    GX_SPREAD_BARS
} gx_spread_bar;

typedef struct gx_spread_limits {
    gx_seed_limits limits; /* its arrays are the job's or the arena's */
    gx_spread_circles circles;
    bool has_circles;
    gx_risks risks;
    uint32_t left_out[GX_SPREAD_BARS]; /* those given are not */
    gx_value unknown;                  /* of `exclude`: ids that the store does not know */
    uint8_t *barred;                   /* 0, or 1 + why */
    double *cost;
} gx_spread_limits;

/* bad_request and not_found name the argument, what was given and what is accepted. Whether the
 * limits can be kept is for the choice to say. gx_spread_limits_finish in any case. */
GX_MUST_CHECK gx_status gx_spread_limits_read(gx_spread_limits *out, const gx_spread *spread,
                                              gx_error *err);
/* {excluded, departed, risk, segment, inactive, used}: how many may not be seeds, and why. */
gx_value gx_spread_left_out(gx_arena *arena, const gx_spread_limits *limits);
/* Why nobody is chosen beyond these seeds: the quotas, the budget, or nobody is left. */
const char *gx_spread_nobody_else(const gx_spread_limits *limits, const uint32_t *seed,
                                  uint32_t count);
/* Adds `risk` to the row of a seed, where who is risky may be one. */
void gx_spread_put_risk(gx_arena *arena, gx_value *row, const gx_spread_limits *limits,
                        uint32_t user);
void gx_spread_limits_finish(gx_spread_limits *limits, gx_job *job);

#endif
