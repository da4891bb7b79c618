/* What was shown and what came of it: the store's impressions joined with its events. */
#ifndef GX_API_IMPRESSIONS_H
#define GX_API_IMPRESSIONS_H

#include "api/eval/eval.h"

typedef struct gx_impressions_asked {
    int64_t since_ms, until_ms; /* since ≤ time < until */
    const gx_value *arms;       /* only these; nil: all */
    const gx_value *actions;    /* what is a reward; nil: any whose weight is above 0 */
    int64_t window_ms;          /* how long after it was shown */
} gx_impressions_asked;

/* Rows sorted by member and request; the reward of a place is 1 where the member did one of the
 * actions with the item within the window, and had not been shown it again by then; else 0. */
typedef struct gx_impressions {
    gx_logged *rows;
    uint64_t count;
    uint64_t asked;   /* in the window and of the arms */
    uint64_t without; /* of them without a propensity: left out */
    uint64_t outside; /* of them with one that is 0 or above 1: left out */
    uint64_t requests, members, rewards;
    uint32_t longest; /* places of the longest request */
    uint64_t deepest; /* the place furthest down, from 1 */
    int64_t first_ms; /* of the first row */
} gx_impressions;

/* Counted against the job. not_found: an action the store does not know. O(n log n). */
GX_MUST_CHECK gx_status gx_impressions_read(gx_impressions *out, gx_call_env *call,
                                            const gx_impressions_asked *asked, gx_error *err);
void gx_impressions_finish(gx_impressions *impressions, gx_job *job); /* safe on zeros */

#endif
