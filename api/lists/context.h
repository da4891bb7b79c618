/* What a list is asked for at this moment: the item on the page, the cart, the group it is shown
 * in, where and when. */
#ifndef GX_API_CONTEXT_H
#define GX_API_CONTEXT_H

#include "api/people/member.h"

/* clang-format off */
#define GX_CONTEXT_PARAM                                                                           \
    {"context", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                             \
     "of this moment {item, cart, group, geo, hour}: items count as put in the cart now and stay out of the list; a group or circle speaks in the circle channel; geo (latitude,longitude) and hour (0-23) are what distance and hour in where and boost speak of"}
/* Of a method whose answer is of no member: see gx_context_place_only. */
#define GX_CONTEXT_PLACE_PARAM                                                                     \
    {"context", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                             \
     "of this moment {geo, hour}: geo (latitude,longitude) and hour (0-23) are what distance and hour in where speak of"}
/* clang-format on */

typedef struct gx_context {
    uint32_t *items; /* rising, each once */
    uint32_t count;
    uint32_t circle; /* GX_NONE: the member's own */
    bool given;
} gx_context;

/* Where and when, of `context` where the method takes it: what `distance` and `hour` in a `where`
 * of the call are. bad_request names a wrong entry. */
GX_MUST_CHECK gx_status gx_moment_read(gx_moment *out, const gx_args *args, gx_error *err);
/* None where the method takes no `context`. Ids of items that are not in the store are left out.
 * bad_request names a wrong entry; not_found: a group the store does not know, or whose members
 * have no circle. */
GX_MUST_CHECK gx_status gx_context_read(gx_context *out, gx_call_env *call, gx_error *err);
/* bad_request: something else of the moment than where and when. */
GX_MUST_CHECK gx_status gx_context_place_only(const gx_args *args, gx_error *err);
/* Adds it to what is live about the member; in `arena`. */
GX_MUST_CHECK gx_status gx_context_apply(gx_member_live *live, const gx_context *context,
                                         const gx_rules *rules, gx_arena *arena, gx_error *err);

#endif
