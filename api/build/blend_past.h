/* What is served as it was at a time: the passes behind the channels over the ties and events
 * before it. */
#ifndef GX_API_BLEND_PAST_H
#define GX_API_BLEND_PAST_H

#include "api/build/build.h"
#include "api/passes.h"
#include "api/state.h"

typedef struct gx_past {
    gx_plan plan;
    gx_views views;
    gx_arrays *arrays;
    gx_state state;       /* its rules are those of now */
    const char *interest; /* the model of interest; of the options */
    gx_job *job;          /* set by the caller */
} gx_past;

/* What the past is asked for. */
typedef enum gx_past_use {
    GX_PAST_LISTS, /* the lists of then: all is as a build of then would have made it */
    GX_PAST_LEARN  /* what the blend of now is learnt from: scores are weighed as those of now */
} gx_past_use;

/* The passes behind the channels, with the build's parameters, not run. */
GX_MUST_CHECK gx_status gx_past_plan(gx_plan *out, gx_past_use use, const gx_build_options *options,
                                     gx_error *err);
/* Runs them and adds what a build keeps beside its passes; more may be added to `arrays` before
 * gx_past_open makes the recommender of them. Takes what a build of those passes takes. */
GX_MUST_CHECK gx_status gx_past_make(gx_past *p, gx_past_use use, gx_db *db, const gx_state *now,
                                     const gx_build_options *options, int64_t cut_ms,
                                     gx_error *err);
GX_MUST_CHECK gx_status gx_past_open(gx_past *p, gx_error *err);
void gx_past_finish(gx_past *p); /* safe after a failure, and on zeros */

#endif
