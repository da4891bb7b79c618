/* What is wanted again: what a member bought comes back into the list when it is about to be due,
 * where the item is marked as such or the call asks for it. docs/signals.md. */
#ifndef GX_API_REPEAT_H
#define GX_API_REPEAT_H

#include "api/people/member.h"

/* clang-format off */
#define GX_REPEAT_PARAM                                                                            \
    {"repeat", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|on|off", 0,                \
     "what of the bought comes back when it is due again: what is marked as wanted again, anything, or nothing"}
/* clang-format on */

typedef struct gx_repeat {
    bool any, off;          /* by the argument `repeat` */
    gx_where *where;        /* of the setting; NULL: none */
    double days;            /* of the setting: where nothing better is known */
    uint32_t min_count;     /* members an item's own interval must come from */
    const float *item_days; /* of the snapshot; NULL: none */
    const uint32_t *item_members;
    uint32_t items;
} gx_repeat;

/* Reads the argument `repeat` and the setting `repeat`: {where, interval}. */
GX_MUST_CHECK gx_status gx_repeat_read(gx_repeat *out, gx_call_env *call, gx_error *err);
/* bad_request: what is wrong with a value for the setting. */
GX_MUST_CHECK gx_status gx_repeat_check(const gx_value *setting, gx_arena *arena, gx_error *err);
/* Marks what is due (GX_DID_AGAIN) and tells the recommender; in `arena`. Before gx_filter_member.
 */
GX_MUST_CHECK gx_status gx_repeat_apply(gx_member_live *live, const gx_repeat *repeat,
                                        const gx_columns *columns, gx_arena *arena, gx_error *err);

#endif
