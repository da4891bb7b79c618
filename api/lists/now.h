/* A member as a list is made for them at this moment: what is live about them, what they want
 * again, and what the call says of the moment. The one place where `context` and `repeat` of a call
 * reach a member. */
#ifndef GX_API_NOW_H
#define GX_API_NOW_H

#include "api/lists/context.h"
#include "api/lists/repeat.h"

/* Read once a call, used by any number of threads. */
typedef struct gx_now {
    gx_context context;
    gx_repeat repeat;
    bool repeats; /* the method takes `repeat` */
    int64_t clock_ms;
    int64_t then_ms; /* the moment is a past one: nothing of then or later is read; 0: it is now */
} gx_now;

/* What the method takes of `context` and `repeat`; as gx_context_read and gx_repeat_read. */
GX_MUST_CHECK gx_status gx_now_read(gx_now *out, gx_call_env *call, int64_t then_ms, gx_error *err);
/* `user` GX_NONE: a member the store does not know. In the arena of `call`; as gx_member_read. */
GX_MUST_CHECK gx_status gx_now_member(gx_member_live *out, const gx_now *now, gx_call_env *call,
                                      const gx_columns *columns, uint32_t user, gx_error *err);
/* The same by id. */
GX_MUST_CHECK gx_status gx_now_member_named(gx_member_live *out, const gx_now *now,
                                            gx_call_env *call, const gx_columns *columns,
                                            gx_slice id, gx_error *err);

#endif
