/* What rec.user and rec.explain share: the channels' weights, and an item of a list as a value. */
#ifndef GX_API_LISTING_H
#define GX_API_LISTING_H

#include "api/lists/why.h"

/* clang-format off */
#define GX_CHANNELS_PARAM                                                                          \
    {"channels", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                            \
     "weights {friends, circle, leader, interest}; one not named keeps its configured weight"}
/* clang-format on */

/* Defaults, then the setting `channels`, then the argument. bad_request: an unknown channel, a
 * weight that is no number or below 0, all of them 0. */
GX_MUST_CHECK gx_status gx_listing_weights(float out[GX_CHANNEL_COUNT], gx_call_env *call,
                                           gx_error *err);
/* Whether the setting may be this map. bad_request as above. */
GX_MUST_CHECK gx_status gx_listing_weights_check(const gx_value *map, gx_error *err);
/* The weights of one request. */
typedef struct gx_weighing {
    float configured[GX_CHANNEL_COUNT];
    bool learnt; /* neither the setting nor the argument says any: what was learnt goes before */
} gx_weighing;

GX_MUST_CHECK gx_status gx_listing_weigh(gx_weighing *out, gx_call_env *call, gx_error *err);
/* Those for one member: what was learnt for members with a history as long, or what is configured.
 * Whether they were learnt. */
bool gx_listing_weights_of(float out[GX_CHANNEL_COUNT], const gx_weighing *how, const gx_rec *rec,
                           const gx_rec_member *member);
/* {friends, circle, leader, interest} */
gx_value gx_listing_channels(gx_arena *arena, const float value[GX_CHANNEL_COUNT]);
/* The same, learnt for one member: how far each channel moves them, and of how many `takes`; nil
 * where nothing was learnt. */
gx_value gx_listing_susceptibility(gx_call_env *call, uint32_t user);
gx_value gx_listing_shares(gx_arena *arena, const gx_rec_item *item);
/* What there is to say of it in a word: of the slate (gx_slate_flag), `popular`, `new`. */
gx_value gx_listing_flags(const gx_why_writer *writer, const gx_rec_item *item);
/* {id, title?, score, rank, channels, why?, flags} */
gx_value gx_listing_item(const gx_why_writer *writer, const gx_rec_item *item, bool why);

#endif
