/* Opinion leaders as a snapshot has them, and how doors say it. */
#ifndef GX_API_PEOPLE_LEADER_H
#define GX_API_PEOPLE_LEADER_H

#include "api/support.h"
#include "engine/leaders/leaders.h"

/* clang-format off */
/* The row of a method that asks members to share; gx_risks_open reads it. */
#define GX_RISK_PARAM                                                                              \
    {"risk_most", GX_PARAM_REAL, NULL, 0, 100, NULL, NULL, 0,                                      \
     "nobody of a greater risk by the pass leaders, whose followers look bought or arranged (nobody whom that pass has excluded); 100: everybody"}
/* clang-format on */

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

/* A ranking within a category or topic, best first. */
typedef struct gx_ranked {
    const uint32_t *user;
    const float *score;
    uint64_t count;
} gx_ranked;

/* The leaders of top-level categories as a snapshot has them. */
typedef struct gx_category_leaders {
    const uint64_t *ptr;
    const uint32_t *user;
    const float *score;
    uint32_t categories;
    uint64_t kept; /* of a category at most: the parameter per_category of that run */
} gx_category_leaders;

/* `made`: the parameters the pass was run with (gx_made_with). conflict: the snapshot has none. */
GX_MUST_CHECK gx_status gx_category_leaders_resolve(gx_category_leaders *out, gx_arena *arena,
                                                    const gx_state *state, const gx_value *made,
                                                    gx_error *err);
gx_ranked gx_category_ranked(const gx_category_leaders *leaders, uint32_t category);

/* Who is of too great a risk to be asked to share. */
typedef struct gx_risks {
    const float *risk; /* NULL: nothing is known of it */
    const uint8_t *excluded;
    uint32_t n;  /* later members are of no risk */
    double most; /* who is above it is too risky */
    bool given;  /* it was asked for: who the pass excluded counts no more */
} gx_risks;

/* By the argument `risk_most`; where there is none, who the pass excluded and who is above
 * `otherwise`. Nobody in a snapshot without leaders. conflict names that pass where it is needed.
 */
GX_MUST_CHECK gx_status gx_risks_open(gx_risks *out, const gx_call_env *call, double otherwise,
                                      gx_error *err);
/* Adds a sentence to `notes` where nothing is known of risks and so nobody is left out for it,
 * unless everybody was asked for; and in a snapshot without leaders `effect`, what else that means
 * (NULL: nothing). Says what to run. */
void gx_risks_note(gx_value *notes, const gx_call_env *call, const char *effect);
bool gx_is_risky(const gx_risks *risks, uint32_t user);
/* 0 to 100; nil where nothing is known. */
gx_value gx_risk_value(const gx_risks *risks, uint32_t user);

gx_value gx_leader_parts_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user);
gx_value gx_leader_measures_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user);
/* [{flag, share, members or acts}], of the flags that are raised. */
gx_value gx_leader_flags_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user);
/* The card of a member, at most `n` rows a list: {user, attributes, interests, leads_in, audience,
 * sells, hidden, measures}. */
GX_MUST_CHECK gx_status gx_leader_card(gx_value *out, gx_call_env *call, const gx_leaders *leaders,
                                       uint32_t user, uint32_t n, gx_error *err);
/* Spearman's correlation of `by` (count) and plain follower count, over the members `user`; nil
 * where all are equal, of fewer than two too. */
GX_MUST_CHECK gx_status gx_leaders_correlate(gx_value *out, const gx_leaders *leaders,
                                             const uint32_t *user, const double *by, uint32_t count,
                                             gx_job *job, gx_error *err);
/* Adds fitted, weights and fit to an answer. */
void gx_leaders_put_about(gx_arena *arena, gx_value *out, const gx_leaders *leaders);

#endif
