/* Lists as rec.user would have made them at a time, for evaluation: with the weights that a build
 * of then would have learnt, with the configured ones, or by one channel alone. Built, read and
 * made by what builds and rec.user use themselves (besides.h, api/lists/member_list.h). */
#ifndef GX_API_BLEND_LISTS_H
#define GX_API_BLEND_LISTS_H

#include "api/build/blend.h"
#include "api/lists/listing.h"
#include "models/eval/eval.h"

enum { GX_BLEND_LISTS_MOST = GX_CHANNEL_COUNT + 2 };

/* `blend` (what was learnt), `configured`, or a channel: friends, circle, leader, interest. The
 * first two have no weights yet: the shop's are read when lists are made. false: none of them. */
bool gx_blend_list_find(gx_weighing *out, gx_slice name);

/* One gx_lists for each of `how`, at most `longest` items for every member with wanted[u] ≠ 0 (one
 * of `users`): what rec.user with this `seen` and nothing else would have answered at `cut_ms`, on
 * the snapshot that a build of then would have made of the ties and events before it, the blend
 * too. Of items and members the records of now hold, but for what is hidden or sold out. The caller
 * gives them to gx_lists_finish, after a failure too. */
GX_MUST_CHECK gx_status gx_blend_lists_make(gx_lists *out, const gx_weighing *how, size_t count,
                                            gx_db *db, gx_slice seen, int64_t cut_ms,
                                            const uint8_t *wanted, uint32_t users, uint32_t longest,
                                            gx_job *job, gx_error *err);

#endif
