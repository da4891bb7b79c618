/* Lists as rec.user would have made them at a time, for evaluation: with the weights that a build
 * of then would have learnt, with the configured ones, or by one channel alone. */
#ifndef GX_API_BLEND_LISTS_H
#define GX_API_BLEND_LISTS_H

#include "api/build/blend.h"
#include "api/lists/listing.h"
#include "models/eval/eval.h"

enum { GX_BLEND_LISTS_MOST = GX_CHANNEL_COUNT + 2 };

/* `blend` (what was learnt), `configured`, or a channel: friends, circle, leader, interest. false:
 * none of them. */
bool gx_blend_list_find(gx_weighing *out, gx_slice name);

/* One gx_lists for each of `how`, at most `longest` items for every member with wanted[u] ≠ 0 (one
 * of `users`): everything is computed from the ties and events before `cut_ms`, the blend too, and
 * what a member touched before is left out. No other filter holds. The caller gives them to
 * gx_lists_finish, after a failure too. */
GX_MUST_CHECK gx_status gx_blend_lists_make(gx_lists *out, const gx_weighing *how, size_t count,
                                            gx_db *db, int64_t cut_ms, const uint8_t *wanted,
                                            uint32_t users, uint32_t longest, gx_job *job,
                                            gx_error *err);

#endif
