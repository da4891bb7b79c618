/* The blend of the channels as a build learns it: the store is read as it was at a time T, what is
 * served is computed from that, and everything that members took since is looked at just before it
 * was taken (docs/blend.md). */
#ifndef GX_API_BLEND_H
#define GX_API_BLEND_H

#include "api/build/blend_takes.h"
#include "api/build/build.h"
#include "models/rec/blend.h"

/* The takes of a build and the evidence on each, in their order. */
typedef struct gx_blend_evidence {
    gx_takes takes;
    uint32_t count;
    gx_blend_take *take;
    gx_blend_cell *cell;
    gx_job *job;
} gx_blend_evidence;

GX_MUST_CHECK gx_status gx_blend_gather(gx_blend_evidence *out, gx_db *db,
                                        const gx_build_options *options, gx_job *job,
                                        gx_error *err);
void gx_blend_evidence_finish(gx_blend_evidence *evidence); /* safe on zeros */

/* Adds `blend.…` and `susceptibility.…` to what a build made of `views`. O(builds of the channels'
 * passes + takes × (items + acts read)). */
GX_MUST_CHECK gx_status gx_blend_add(gx_arrays *results, gx_db *db, const gx_views *views,
                                     const gx_build_options *options, gx_job *job, gx_error *err);
/* What that would take beside what a build holds: `views` are the build's, and `view` what making
 * them took. All 0 where too little was taken to learn from. */
GX_MUST_CHECK gx_status gx_blend_estimate(gx_estimate *out, gx_db *db,
                                          const gx_build_options *options, const gx_views *views,
                                          gx_estimate view, gx_job *job, gx_error *err);

#endif
