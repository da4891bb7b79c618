/* Opinion leaders as a snapshot has them, and how doors say it. */
#ifndef GX_API_PEOPLE_LEADER_H
#define GX_API_PEOPLE_LEADER_H

#include "api/support.h"
#include "engine/leaders/leaders.h"

typedef struct gx_leaders {
    const double *score;
    const uint32_t *rank, *follower_rank, *flag_count;
    const float *part, *measure, *flag, *risk;
    const uint8_t *excluded;
    const double *weight, *fit, *correlation;
    uint32_t count; /* members */
} gx_leaders;

/* not_found: the snapshot has no leaders, or those of an older program. */
GX_MUST_CHECK gx_status gx_leaders_resolve(gx_leaders *out, const gx_state *state, gx_error *err);

gx_value gx_leader_parts_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user);
gx_value gx_leader_measures_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user);
/* [{flag, share, members or acts}], of the flags that are raised. */
gx_value gx_leader_flags_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user);
/* The card of a member, at most `n` rows a list: {user, attributes, interests, leads_in, audience,
 * sells, hidden, measures}. */
GX_MUST_CHECK gx_status gx_leader_card(gx_value *out, gx_call_env *call, const gx_leaders *leaders,
                                       uint32_t user, uint32_t n, gx_error *err);
/* Adds fitted, weights, fit and follower_correlation to an answer. */
void gx_leaders_put_about(gx_arena *arena, gx_value *out, const gx_leaders *leaders);

#endif
