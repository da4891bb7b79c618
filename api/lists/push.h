/* Lists that are pushed to members: who is left out and why, and when each is sent.
 *
 * A push is what one request id of the log (impressions) that begins with "push/" showed to one
 * member; rec.batch writes such ids itself. Everything that is drawn follows from hashes of the
 * member's id and a name, so that it is the same again whatever the order or the number of
 * threads. */
#ifndef GX_API_PUSH_H
#define GX_API_PUSH_H

#include "api/eval/experiment.h"
#include "api/lists/zone.h"
#include "api/privacy.h"

/* clang-format off */
#define GX_PUSH_PARAMS                                                                             \
    {"push", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                               \
     "what this push is called, in the log and for the spread over time (the time of send); the same name again is the same push"}, \
    {"holdout", GX_PARAM_REAL, "0", 0, 0.9, NULL, NULL, 0,                                         \
     "share of the members left out on purpose, by a hash of their id"},                           \
    {"holdout_name", GX_PARAM_TEXT, "holdout", GX_PARAM_UNCHECKED, NULL, NULL, 0,                  \
     "of the hash: pushes of one name leave out the same members"},                                \
    {"experiment", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                         \
     "leave out its holdout and, with arm, whoever is in another arm; the log has each member's EXPERIMENT:ARM"}, \
    {"cap", GX_PARAM_INT, NULL, 1, 1000, "pushes", NULL, 0,                                        \
     "at most so many pushes a member within any cap_window, by the log"},                         \
    {"cap_window", GX_PARAM_DURATION, "7d", 60000, 1e12, NULL, NULL, 0, "the time that cap is of"}, \
    {"again", GX_PARAM_DURATION, NULL, 60000, 1e12, NULL, NULL, 0,                                 \
     "an item that was pushed to the member is not pushed again within this time"},                \
    {"consent", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                            \
     "a field of members that has to say yes; whose field push says no is left out in any case"},  \
    {"send", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "when it begins (now)"},      \
    {"over", GX_PARAM_DURATION, "0", 0, 2678400000.0, NULL, NULL, 0,                               \
     "spread evenly over so long a time"},                                                         \
    {"quiet", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                              \
     "no push at these hours of the member's day, like 22:00-08:00: it waits for their end"},      \
    {"tz", GX_PARAM_TEXT, "UTC", GX_PARAM_UNCHECKED, NULL, NULL, 0,                                \
     "time zone of members without a field tz, like +08:00 or Asia/Shanghai"}
/* clang-format on */

#define GX_PUSH_LEFT_MAP(X)                                                                        \
    X(HOLDOUT, "holdout")         /* of this push, or of the experiment */                         \
    X(ARM, "arm")                 /* in another arm of the experiment */                           \
    X(CONSENT, "no_consent")      /* said no, or did not say yes where that is asked */            \
    X(DEPARTED, "departed")       /* has gone: their status or left_at says so */                  \
    X(CAP, "cap")                 /* has had as many pushes as the cap allows */                   \
    X(NOTHING, "nothing")         /* nothing passes the filters */                                 \
    X(UNKNOWN, "unknown")         /* named, but not in the store */                                \
    X(SEGMENT, "segment")         /* named, but not of the segment */                              \
    X(UNCLEAR, "unclear_consent") /* what they said is neither yes nor no, which is no yes */

typedef enum gx_push_left {
#define X(name, text) GX_PUSH_LEFT_##name,
    GX_PUSH_LEFT_MAP(X)
#undef X
        GX_PUSH_LEFT_COUNT,
    GX_PUSH_GOES = GX_PUSH_LEFT_COUNT
} gx_push_left;

const char *gx_push_left_name(gx_push_left why);

/* Whether a member may be written to. YES: the record's field push does not say no, and the field
 * `consent`, where one is named, says yes. UNCLEAR: one of them is neither yes nor no; else NO. */
gx_answer gx_push_answer(const char *consent, const gx_value *record);

#define GX_PUSH_NAME_BYTES 128

/* Read once a call, used by any number of threads. */
typedef struct gx_push_rules {
    const char *name;
    gx_experiment holdout; /* no arms but a share and a salt */
    bool has_experiment;
    gx_experiment experiment;
    uint32_t arm;             /* the one that gets it; GX_NONE: all */
    uint32_t cap;             /* 0: none */
    int64_t cap_ms, again_ms; /* again 0: an item may come again */
    const char *consent;      /* NULL: need not be said */
    int64_t send_ms, over_ms;
    int quiet_from, quiet_to; /* minutes of the day; from = to: no quiet hours */
    gx_zones *zones;
    const gx_zone *zone;
} gx_push_rules;

/* bad_request names the argument, what was given and what is accepted. */
GX_MUST_CHECK gx_status gx_push_rules_read(gx_push_rules *out, gx_call_env *call, gx_error *err);
void gx_push_rules_finish(gx_push_rules *rules); /* safe on zeros */

/* Whether the member's id and record leave them out, before their log is looked at; *out_arm is
 * their arm, GX_NONE without an experiment. */
gx_push_left gx_push_who(uint32_t *out_arm, const gx_push_rules *rules, gx_slice user,
                         const gx_value *record);
/* When the member gets it: a whole minute, in [send, send + over] or later where that is in their
 * quiet hours. *out_moved: it was. */
int64_t gx_push_time(bool *out_moved, const gx_push_rules *rules, gx_slice user,
                     const gx_value *record);
/* "push/NAME/HASH", in the arena; nil when memory ended. */
gx_value gx_push_request(gx_arena *arena, const gx_push_rules *rules, gx_slice user);

/* What the log says of the member. */
typedef struct gx_push_log {
    bool full;             /* one more push would be more than the cap */
    const uint32_t *items; /* not again; in the arena */
    uint32_t item_count;
} gx_push_log;

/* A push at `at_ms` counts with those less than a window before or after it; the push itself, where
 * it is in the log already, does not. */
GX_MUST_CHECK gx_status gx_push_log_read(gx_push_log *out, const gx_push_rules *rules, gx_txn *txn,
                                         uint32_t user, gx_slice word, int64_t at_ms,
                                         gx_arena *arena, gx_error *err);

#endif
