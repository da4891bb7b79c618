/* How near others are: what closeness and harmonic centrality share. Both are a function of the
 * distances from a member to everybody it reaches; docs/paths.md has definitions and bounds. */
#ifndef GX_CENTRALITY_NEARNESS_H
#define GX_CENTRALITY_NEARNESS_H

#include "engine/centrality/nearness_score.h"

#define GX__NEARNESS_PARAMS(scaled_help)                                                           \
    {.name = "samples",                                                                            \
     .type = GX_PARAM_INT,                                                                         \
     .fallback = "256",                                                                            \
     .low = 0,                                                                                     \
     .high = 4294967295.0,                                                                         \
     .unit = "members",                                                                            \
     .help = "members distances are measured to; 0: all of them, which is exact; the bound of "    \
             "fewer is a worst case"},                                                             \
        {.name = "delta",                                                                          \
         .type = GX_PARAM_REAL,                                                                    \
         .fallback = "0.05",                                                                       \
         .low = 1e-9,                                                                              \
         .high = 0.5,                                                                              \
         .help = "probability that some score is farther off than the bound given"},               \
        {.name = "top",                                                                            \
         .type = GX_PARAM_INT,                                                                     \
         .fallback = "0",                                                                          \
         .low = 0,                                                                                 \
         .high = 4294967295.0,                                                                     \
         .unit = "members",                                                                        \
         .help =                                                                                   \
             "instead of samples: the exact scores of so many of the highest, none for others"},   \
        {.name = "direction",                                                                      \
         .type = GX_PARAM_CHOICE,                                                                  \
         .fallback = "out",                                                                        \
         GX_PARAM_UNCHECKED,                                                                       \
         .choices = "out|in",                                                                      \
         .help = "with directed: distances from the member, or to the member"},                    \
        GX__PATHS_PARAMS, GX__PARAM_BOOL("scaled", "true", scaled_help)

#define GX__NEARNESS_GIVES(what)                                                                   \
    {"score", GX_F64, GX_LEN_USERS, what},                                                         \
        {"bound", GX_F64, GX_LEN_OTHER,                                                            \
         "one number: no score given is farther off, with probability 1 - delta; 0: exact"},       \
        {"samples", GX_U64, GX_LEN_OTHER, "one number: members distances were measured to"}

gx__nearness gx__nearness_asked(const gx_input *input, const gx_args *args, bool harmonic);
void gx__nearness_estimate(gx_estimate *out, const gx__nearness *asked, int threads);
GX_MUST_CHECK gx_status gx__nearness_run(gx_output *out, const gx_input *input,
                                         const gx__nearness *asked, gx_job *job, gx_error *err);
/* Scores are within 0 and the most there can be; with `top`, NaN is the score of those not
 * computed. */
GX_MUST_CHECK gx_status gx__nearness_check(const gx_arrays *result, const char *instance,
                                           const gx_input *input, const gx__nearness *asked,
                                           gx_error *err);

/* The functions of a pass, and what both tell of it beside name, summary, source and cost. */
#define GX__NEARNESS_CALLS(harmonic)                                                               \
    static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args,             \
                         int threads) {                                                            \
        gx__nearness asked = gx__nearness_asked(input, args, harmonic);                            \
        gx__nearness_estimate(out, &asked, threads);                                               \
    }                                                                                              \
    static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,  \
                         gx_error *err) {                                                          \
        gx__nearness asked = gx__nearness_asked(input, args, harmonic);                            \
        return gx__nearness_run(out, input, &asked, job, err);                                     \
    }                                                                                              \
    static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,   \
                           const gx_args *args, gx_error *err) {                                   \
        gx__nearness asked = gx__nearness_asked(input, args, harmonic);                            \
        return gx__nearness_check(result, instance, input, &asked, err);                           \
    }

#define GX__NEARNESS_ROWS                                                                          \
    .kind = GX_KIND_CENTRALITY, .needs = GX__NEED_TIES, .reads = gx__reads_ties, .gives = gives,   \
    .give_count = GX_COUNT(gives), .params = params, .param_count = GX_COUNT(params),              \
    .label_dependent = true, /* which members are drawn depends on their numbers */                \
        .estimate = estimate, .run = run, .check = check

#endif
