/* One member's list as rec.user and rec.batch make it: what a call asks of every list, read once,
 * and the list of one member by it. */
#ifndef GX_API_MEMBER_LIST_H
#define GX_API_MEMBER_LIST_H

#include "api/lists/exposure.h"
#include "api/lists/listing.h"
#include "api/lists/now.h"

/* clang-format off */
#define GX_LIST_N_PARAM {"n", GX_PARAM_INT, "20", 1, 1000, "items", NULL, 0, "how many for each"}
/* The rows that a method of such lists has beside `users`, `n` and `why`. */
#define GX_LIST_PARAMS                                                                             \
    GX_FILTER_PARAMS, GX_SEEN_PARAM, GX_REPEAT_PARAM, GX_CHANNELS_PARAM, GX_SLATE_PARAMS,          \
        GX_CONTEXT_PARAM, GX_EXPOSURE_PARAMS
/* clang-format on */

/* Stays where it is: the slate points into it. Read by any number of threads. */
typedef struct gx_list_asked {
    gx_filter filter;
    gx_asked_slate slate;
    gx_exposure exposure;
    gx_now now;
    gx_weighing weighing;
    uint32_t n, min_count;
    bool why;
} gx_list_asked;

/* `columns` is held by the caller as long as it is used. `then_ms`: lists as they would have been
 * at that time, where call->state holds the snapshot of then; 0: of now. */
GX_MUST_CHECK gx_status gx_list_asked_read(gx_list_asked *out, gx_call_env *call,
                                           const gx_columns *columns, int64_t then_ms,
                                           gx_error *err);

/* A member's list on the way: what is live, then the list. */
typedef struct gx_member_list {
    gx_member_live live;
    gx_rec_list list;
    gx_slice word;               /* the member's id */
    const gx_weighing *weighing; /* in place of that of the call; NULL: that one */
} gx_member_list;

/* What is live about the member: `id` GX_NONE is one the store does not know. In the arena of
 * `call`, whose transaction is read; threads have a call of their own each. */
GX_MUST_CHECK gx_status gx_member_list_read(gx_member_list *out, const gx_list_asked *asked,
                                            gx_call_env *call, uint32_t id, gx_slice word,
                                            gx_error *err);
/* Then the list. `mask` has room for asked->filter.items + 1, and is the member's afterwards;
 * `skip` are items kept out besides (NULL: none). */
GX_MUST_CHECK gx_status gx_member_list_make(gx_member_list *list, const gx_list_asked *asked,
                                            gx_call_env *call, uint8_t *mask, const uint32_t *skip,
                                            uint32_t skip_count, gx_error *err);
/* Said where fewer items came back than were asked for, with the number that each rule about the
 * member keeps out; nil otherwise. `mask` is the member's. */
gx_value gx_member_list_short(const gx_member_list *made, const gx_list_asked *asked,
                              const uint8_t *mask, gx_arena *arena);

#endif
