/* The model behind the interest channel, and how it is fitted for lists (docs/interest.md). */
#ifndef GX_API_INTEREST_H
#define GX_API_INTEREST_H

#include "api/build/build.h"

/* Settles what `options` leave open, beside the usual passes alone: `interest`, where it is NULL,
 * is the model that finds more of what members took, and `params`, which is made anew in `arena`,
 * has what that model is served with beneath what was given. */
GX_MUST_CHECK gx_status gx_interest_settle(gx_build_options *options, gx_interest *out, gx_db *db,
                                           gx_arena *arena, gx_job *job, gx_error *err);
/* The same without trying: the model of what is served now where it is one of those tried, else the
 * first of them. For what is told before a build. */
GX_MUST_CHECK gx_status gx_interest_guess(gx_build_options *options, const gx_state *now,
                                          gx_arena *arena, gx_error *err);
/* What trying takes, of a matrix as large as that of `views`; `view` is what reading it took. All 0
 * where the model is given. */
GX_MUST_CHECK gx_status gx_interest_estimate(gx_estimate *out, const gx_build_options *options,
                                             const gx_views *views, gx_estimate view, gx_job *job,
                                             gx_error *err);
/* Whether the snapshot's model was found by trying, and not asked for. */
bool gx_interest_was_tried(const gx_arrays *arrays);
GX_MUST_CHECK gx_status gx_interest_note(gx_arrays *arrays, const gx_interest *interest,
                                         gx_error *err);
/* [{model, ndcg@20}]; empty: none were tried. */
gx_value gx_interest_told(gx_arena *arena, const gx_interest *interest);

#endif
