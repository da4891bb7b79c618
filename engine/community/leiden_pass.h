/* What the passes `leiden` and `louvain` share: parameters, arrays, and the run. */
#ifndef GX_COMMUNITY_LEIDEN_PASS_H
#define GX_COMMUNITY_LEIDEN_PASS_H

#include "engine/community/carry.h"

#define GX__LEIDEN_PARAMS                                                                          \
    {.name = "resolution",                                                                         \
     .type = GX_PARAM_REAL,                                                                        \
     .fallback = "1",                                                                              \
     .low = 1e-6,                                                                                  \
     .high = 1e6,                                                                                  \
     .help = "above 1 finds more and smaller circles, below 1 fewer and larger; for cpm the "      \
             "density that a circle must have"},                                                   \
        {.name = "objective",                                                                      \
         .type = GX_PARAM_CHOICE,                                                                  \
         .fallback = "modularity",                                                                 \
         GX_PARAM_UNCHECKED,                                                                       \
         .choices = "modularity|cpm",                                                              \
         .help = "what is made large: modularity, or the constant Potts model"},                   \
        {.name = "weighted",                                                                       \
         .type = GX_PARAM_BOOL,                                                                    \
         .fallback = "true",                                                                       \
         GX_PARAM_UNCHECKED,                                                                       \
         .help = "ties count by their weights"},                                                   \
        {.name = "directed",                                                                       \
         .type = GX_PARAM_BOOL,                                                                    \
         .fallback = "false",                                                                      \
         GX_PARAM_UNCHECKED,                                                                       \
         .help = "of directed ties: modularity tells who sends and who receives apart, cpm "       \
                 "counts each arc"},                                                               \
        {.name = "rounds",                                                                         \
         .type = GX_PARAM_INT,                                                                     \
         .low = 1,                                                                                 \
         .high = 1000,                                                                             \
         .unit = "rounds",                                                                         \
         .help = "at most so many rounds, each from the result of the one before; unless given "   \
                 "10, or 3 from 4,194,304 arcs on (louvain: 2)"},                                  \
        {.name = "trials",                                                                         \
         .type = GX_PARAM_INT,                                                                     \
         .low = 1,                                                                                 \
         .high = 1000,                                                                             \
         .help = "start so often and keep the best; 4 below 65,536 arcs unless given (louvain: "   \
                 "1)"},                                                                            \
        {.name = "tolerance",                                                                      \
         .type = GX_PARAM_REAL,                                                                    \
         .fallback = "1e-4",                                                                       \
         .low = 0,                                                                                 \
         .high = 1,                                                                                \
         .unit = "modularity",                                                                     \
         .help = "a round that adds less is the last"},                                            \
        GX__CARRY_PARAMS

enum { GX__LEIDEN_GIVES = 8 };
extern const gx_gives gx__leiden_gives[GX__LEIDEN_GIVES];

unsigned gx__leiden_reads(const gx_args *args);
/* Of a graph whose communities are strong; where they are weak both take longer. */
void gx__leiden_estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads);
/* Finds communities and adds the arrays above. */
GX_MUST_CHECK gx_status gx__leiden_run(gx_output *out, const gx_input *input, const gx_args *args,
                                       bool louvain, gx_job *job, gx_error *err);

#endif
