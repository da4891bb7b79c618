/* Who of an audience may be asked to come: members of a segment, near the item's place, who agreed
 * to be written to, not too many of one circle; and of an event how many places are left, when it
 * is, and who joined already. Every member that is left out is counted under the first of the
 * reasons.
 *
 * An item tells by its fields, or by those with attr_ before: `lat` and `lon` (degrees), `capacity`
 * (places), `starts_at` and `ends_at` (times). A member's place is its own lat and lon. */
#ifndef GX_API_INVITE_H
#define GX_API_INVITE_H

#include "api/lists/audience.h"
#include "api/lists/filter.h"
#include "api/lists/segment.h"

/* clang-format off */
#define GX_INVITE_PARAMS                                                                           \
    GX_SEGMENT_PARAM,                                                                              \
    {"within", GX_PARAM_REAL, NULL, 0.001, 20100, "km", NULL, 0,                                   \
     "only members whose place (lat, lon) is so near that of the item"},                           \
    {"per_circle", GX_PARAM_INT, NULL, 1, 10000, "members", NULL, 0,                               \
     "at most so many of any one circle"},                                                         \
    {"consent", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                            \
     "a field of members that has to say yes; to an event, and where this is given, nobody is asked whose field push says no"}
/* clang-format on */

#define GX_INVITE_LEFT_MAP(X)                                                                      \
    X(JOINED, "joined")           /* of an event: is coming, or was there */                       \
    X(SEGMENT, "segment")         /* not of the segment */                                         \
    X(PLACE, "no_place")          /* nobody knows how far it is for them */                        \
    X(FAR, "far")                 /* further than `within` */                                      \
    X(CONSENT, "no_consent")      /* said no, or did not say yes where that is asked */            \
    X(DEPARTED, "departed")       /* has gone: their status or left_at says so */                  \
    X(CIRCLE, "circle")           /* enough of their circle are better */                          \
    X(UNCLEAR, "unclear_consent") /* what they said is neither yes nor no, which is no yes */      \
    X(RULE, "rule") /* a rule of lists keeps the item from them: seen, blocked, age, … */

typedef enum gx_invite_left {
#define X(name, text) GX_INVITE_LEFT_##name,
    GX_INVITE_LEFT_MAP(X)
#undef X
        GX_INVITE_LEFT_COUNT,
    GX_INVITE_GOES = GX_INVITE_LEFT_COUNT
} gx_invite_left;

typedef struct gx_invite {
    gx_audience *audience;
    gx_segment segment;
    const char *consent;
    bool event;                /* the item is one */
    bool asks;                 /* anything about a member's record */
    double within;             /* km; 0: anywhere */
    double place[2];           /* latitude and longitude; NaN: the item has none */
    int64_t capacity, ends_ms; /* GX_NO_END: not told */
    uint32_t joined, per_circle;
    uint32_t *of_circle; /* listed so far */
    uint32_t left[GX_INVITE_LEFT_COUNT];
} gx_invite;

/* Reads the arguments and the item. bad_request: `within` where the item has no place; else as
 * gx_segment_read. */
GX_MUST_CHECK gx_status gx_invite_read(gx_invite *out, gx_audience *audience,
                                       const gx_columns *columns, uint32_t item, gx_error *err);
/* How many to list: `n` where it was given, else the places left, else 100. */
uint32_t gx_invite_wanted(const gx_invite *invite);
/* Takes out of the audience, which is scored, whom nobody asks. O(events + members that score). */
GX_MUST_CHECK gx_status gx_invite_choose(gx_invite *invite, const gx_columns *columns,
                                         uint32_t item, bool joined_too, gx_error *err);
/* Whether the next best member is one more of a circle than is wanted; else it is counted in. */
bool gx_invite_circle_full(gx_invite *invite, uint32_t user);
/* Kilometres from the member to the item; NaN where either has no place. */
GX_MUST_CHECK gx_status gx_invite_distance(double *out, const gx_invite *invite, uint32_t user,
                                           gx_error *err);
/* {rule: over} where an event has ended; nil else. */
gx_value gx_invite_over(const gx_invite *invite, int64_t now_ms);
/* capacity, joined and places of an event, and left_out with each reason's count, into `out`. */
void gx_invite_tell(gx_value *out, const gx_invite *invite);

#endif
