/* The blend of the channels as a build learns it: the store is read as it was at a time T, what is
 * served is computed from that, and everything that members took since is looked at just before it
 * was taken (docs/blend.md). */
#ifndef GX_API_BLEND_H
#define GX_API_BLEND_H

#include "api/blend_crowd.h"
#include "api/build.h"
#include "models/rec/blend.h"

enum { GX_BLEND_TAKES_MOST = 10000 };

/* Takes after T, drawn by the job's seed where there are more than GX_BLEND_TAKES_MOST, and the
 * evidence on each; by user, then time. */
typedef struct gx_blend_evidence {
    uint32_t first_round; /* of those looked at */
    uint64_t found;       /* takes before the draw */
    uint32_t count;
    gx_blend_take *take;
    gx_blend_cell *cell;
    gx_crowd crowd; /* every take from the longest window before the first of these on */
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

#endif
