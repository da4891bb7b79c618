/* Whom a member could meet (rec.friends): candidates by the graph, by groups and by leaders; who
 * may be shown is decided from the store at this moment, whatever a snapshot knew. docs/friends.md.
 */
#ifndef GX_API_FRIENDS_H
#define GX_API_FRIENDS_H

#include "api/graphs.h"
#include "api/people/member.h"
#include "api/people/people.h"
#include "engine/operations/meet.h"

typedef enum gx_meet_mode { GX_MEET_CLOSE, GX_MEET_CROSS_CIRCLE, GX_MEET_EXPERT } gx_meet_mode;

/* X(NAME, text) */
#define GX_MEET_REASON_MAP(X)                                                                      \
    X(MUTUAL, "mutual")                                                                            \
    X(WALK, "walk")                                                                                \
    X(CIRCLE, "circle")                                                                            \
    X(GROUP, "group")                                                                              \
    X(TASTE, "taste")                                                                              \
    X(CITY, "city")                                                                                \
    X(EXPERT, "expert")

typedef enum gx_meet_reason {
#define X(name, text) GX_REASON_##name,
    GX_MEET_REASON_MAP(X)
#undef X
        GX_REASON_COUNT
} gx_meet_reason;

const char *gx_meet_reason_name(gx_meet_reason reason);

typedef struct gx_meet_one {
    uint32_t user;
    double score, part[GX_REASON_COUNT]; /* the score is their sum */
    uint32_t group;                      /* the smallest of those both are in, or GX_NONE */
    uint32_t items;                      /* liked by both */
    double leader_score;
    uint32_t leader_rank; /* in the whole shop, or in the category; 0: no leader */
} gx_meet_one;

/* What is read once for a call. */
typedef struct gx_meeting {
    gx_call_env *call;
    gx_meet_mode mode;
    uint32_t n;
    bool same_city;
    const gx_held *held; /* of the graph, where there is no snapshot */
    gx_meet_graph graph;
    gx_meet meet;
    const double *leader_score; /* state->users; NULL: not known, or by category */
    uint32_t category;          /* of expert; GX_NONE: over all */
} gx_meeting;

/* `category` is empty: over all. The caller closes it in any case. conflict: expert or cross-circle
 * without a snapshot; not_found: a category that is not there. */
GX_MUST_CHECK gx_status gx_meeting_open(gx_meeting *out, gx_call_env *call, gx_meet_mode mode,
                                        uint32_t n, bool same_city, gx_slice category,
                                        gx_error *err);
void gx_meeting_close(gx_meeting *meeting);
/* Those who did not agree to be named and stood before or among the ones looked at are counted in
 * `hidden`: from the minimum count on it may be told. */
typedef struct gx_meet_list {
    gx_meet_one *one;
    uint32_t count, hidden;
} gx_meet_list;

/* The n best for a member, by falling score, then by rising number: never the member, anybody they
 * have a tie of any kind with in either direction, a forgotten or a departed one, or one who did
 * not agree to be named. Fills `own` with the member's people, for evidence. */
GX_MUST_CHECK gx_status gx_meeting_list(gx_meet_list *out, gx_people *own, gx_meeting *meeting,
                                        uint32_t user, gx_error *err);

/* 1 in `mark` (n) for members whom a list may show at all: known, not departed, and agreed to be
 * named; 0 for others. Reads every record there is. */
GX_MUST_CHECK gx_status gx_meeting_mark(uint8_t *mark, uint32_t n, gx_txn *txn, gx_job *job,
                                        gx_error *err);

/* Of how many candidates records and events are read, for a list of n. */
uint32_t gx_meeting_pool(uint32_t n);

#endif
