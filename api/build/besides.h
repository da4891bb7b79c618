/* What a snapshot has beside its passes, from the views and the records: what lists need of it is
 * the same in every build, also in one of a time that has passed. */
#ifndef GX_API_BESIDES_H
#define GX_API_BESIDES_H

#include "api/build/estimate.h"
#include "api/db.h"
#include "api/views.h"

/* `history.…`, `attributes.…`, `alike.…`, `repeat.…` and `category.…`, of views with
 * GX_BUILD_NEEDS. Records of items and members are those of now: they have no earlier ones. */
GX_MUST_CHECK gx_status gx_besides_add(gx_arrays *results, const gx_views *views, gx_db *db,
                                       gx_job *job, gx_error *err);

/* What that would take, as the steps `attributes` and `alike`; the rest is a few numbers a member
 * and item. */
enum { GX_BESIDES = 2 };
GX_MUST_CHECK gx_status gx_besides_estimate(gx_part_estimate out[GX_BESIDES], gx_db *db,
                                            const gx_views *views, gx_job *job, gx_error *err);

#endif
