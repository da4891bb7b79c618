/* The circles of the last snapshot, for a community pass: a partition to start from, and ids that
 * go on. */
#ifndef GX_COMMUNITY_CARRY_H
#define GX_COMMUNITY_CARRY_H

#include "graph/pass/pass.h"

/* Its parameters. */
#define GX__CARRY_PARAMS                                                                           \
    {.name = "start",                                                                              \
     .type = GX_PARAM_CHOICE,                                                                      \
     .fallback = "last",                                                                           \
     GX_PARAM_UNCHECKED,                                                                           \
     .choices = "last|alone",                                                                      \
     .help = "from the circles of the last snapshot, where there is one, or from everybody "       \
             "alone"},                                                                             \
        {.name = "inertia",                                                                        \
         .type = GX_PARAM_REAL,                                                                    \
         .fallback = "0.005",                                                                      \
         .low = 0,                                                                                 \
         .high = 1,                                                                                \
         .help = "from the last circles, a member or a part of a circle moves only for a gain of " \
                 "this share of the weight of its ties"}

/* What the pass gives beside `community`. */
#define GX__CARRY_GIVES                                                                            \
    {"id", GX_U32, GX_LEN_OTHER, "id of each circle, carried on from the last snapshot"},          \
        {"next_id", GX_U32, GX_LEN_OTHER, "one number: the first id never used"}

typedef struct gx__last {
    const uint32_t *community; /* NULL: there are none to go on from */
    const uint32_t *id;        /* NULL: their numbers are their ids */
    uint32_t members, next_id;
} gx__last;

/* Those of the pass in input->before, under its own name whatever this run is kept as; next_id is
 * at least input->ids_given. Arrays that do not fit together, or hold a number that is not below
 * the members, are none. O(n). */
gx__last gx__last_find(const char *pass, const gx_input *input);

/* A partition of n members to start from: the last one, and who came later alone; numbers below n.
 * last->community is not NULL. The caller gives it back to the job. */
GX_MUST_CHECK gx_status gx__last_start(uint32_t **out, const gx__last *last, uint32_t n,
                                       gx_job *job, gx_error *err);

/* Adds `id` and `next_id` beside `community`, which is there already: by maximum overlap
 * (lineage.h), or the numbers themselves where there is no last. */
GX_MUST_CHECK gx_status gx__last_carry(gx_output *out, const gx__last *last, uint32_t n,
                                       gx_error *err);

/* Every circle has an id of its own, below next_id; internal with what broke. */
GX_MUST_CHECK gx_status gx__carry_check(const gx_arrays *result, const char *instance,
                                        gx_error *err);

#endif
