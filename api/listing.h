/* What rec.user and rec.explain share: the channels' weights, and an item of a list as a value. */
#ifndef GX_API_LISTING_H
#define GX_API_LISTING_H

#include "api/why.h"

/* clang-format off */
#define GX_CHANNELS_PARAM                                                                          \
    {"channels", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                            \
     "weights {friends, circle, leader, interest}; one not named keeps its configured weight"}
/* clang-format on */

/* Defaults, then the setting `channels`, then the argument. bad_request: an unknown channel, a
 * weight that is no number or below 0, all of them 0. */
GX_MUST_CHECK gx_status gx_listing_weights(float out[GX_CHANNEL_COUNT], gx_call_env *call,
                                           gx_error *err);
/* {friends, circle, leader, interest} */
gx_value gx_listing_shares(gx_arena *arena, const gx_rec_item *item);
/* What there is to say of it in a word: of the slate (gx_slate_flag), `popular`, `new`. */
gx_value gx_listing_flags(const gx_why_writer *writer, const gx_rec_item *item);
/* {id, title?, score, rank, channels, why?, flags} */
gx_value gx_listing_item(const gx_why_writer *writer, const gx_rec_item *item, bool why);

#endif
