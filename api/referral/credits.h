/* What credit.stats and credit.report share: arguments, payees of sales, and suspicious chains. */
#ifndef GX_API_CREDITS_H
#define GX_API_CREDITS_H

#include "api/referral/paths.h"
#include "engine/referral/payout.h"

#define GX_CREDIT_PARAMS                                                                           \
    {"tree", GX_PARAM_CHOICE,                                                                      \
     "via",  GX_PARAM_UNCHECKED,                                                                   \
     NULL,   "via|invite",                                                                         \
     0,      "paths of shares and referrals of the item, or of who invited whom"},                 \
        {"window",                                                                                 \
         GX_PARAM_DURATION,                                                                        \
         NULL,                                                                                     \
         0,                                                                                        \
         1e13,                                                                                     \
         "ms",                                                                                     \
         NULL,                                                                                     \
         0,                                                                                        \
         "how long before a sale a referral counts; 0: always (30d of via, always of invite)"},    \
        {"half_life",                                                                              \
         GX_PARAM_DURATION,                                                                        \
         "7d",                                                                                     \
         1,                                                                                        \
         1e13,                                                                                     \
         "ms",                                                                                     \
         NULL,                                                                                     \
         0,                                                                                        \
         "of decay: a referral so much earlier than the last one counts half"},                    \
        {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "only sales of it"},      \
        {"campaign", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED,                                      \
         NULL,       NULL,          0,    "only sales of this campaign"},                          \
        {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED,                                         \
         NULL,    NULL,          0,    "only sales from this time on"},                            \
        {"until", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED,                                         \
         NULL,    NULL,          0,    "only sales before this time"},                             \
        GX_DECIMALS_PARAM("all that ends in _minor counts"),                                       \
        {"quick",                                                                                  \
         GX_PARAM_DURATION,                                                                        \
         "10m",                                                                                    \
         0,                                                                                        \
         1e13,                                                                                     \
         "ms",                                                                                     \
         NULL,                                                                                     \
         0,                                                                                        \
         "suspicious: who passes on so soon after it came"}

/* Reads the log for the paths that the arguments ask for; with event ids where `ids`. */
GX_MUST_CHECK gx_status gx_credit_paths(gx_paths *out, gx_call_env *call, bool ids, gx_error *err);
/* What is done with the i-th sale. */
typedef gx_status (*gx_credit_look)(void *user, uint32_t i, gx_error *err);
/* For an estimate: looks at some sales spread evenly over all of them, and walks their paths once
 * more, as gx_signs_read does. *out_s: the seconds that all take, by those. */
GX_MUST_CHECK gx_status gx_credit_try(double *out_s, uint32_t *out_tried, const gx_paths *paths,
                                      gx_credit_look look, void *user, gx_error *err);
/* By its name; the parameter's choices make sure that there is one. */
gx_credit_rule gx_credit_rule_of(gx_slice name);

/* What speaks for a member being one of several identities of somebody: bits. */
enum {
    GX_SIGN_RING =
        1, /* two of its paths or more, and half of them, came back to somebody on them */
    GX_SIGN_PASS = 2,     /* came via one member, brought one member, and bought nothing itself */
    GX_SIGN_QUICK = 4,    /* passed on within `quick` of coming */
    GX_SIGN_ONE_BUYER = 8 /* three sales or more, all by one member who came by nobody else */
};
enum { GX_SIGNS = 4 };
const char *gx_sign_name(uint32_t bit_number);
/* Suspicious: a ring, one buyer without a purchase of its own, or passing on both quickly and
 * alone. */
bool gx_signs_suspicious(uint32_t signs);

enum { GX_SIGNS_BYTES = 24 }; /* a member, while they are read */
/* Signs of every member; `out` has one a member, cleared. O(sales × path). */
GX_MUST_CHECK gx_status gx_signs_read(uint8_t *out, const gx_paths *paths, int64_t quick_ms,
                                      gx_error *err);
/* ["ring", …] */
gx_value gx_signs_value(gx_arena *arena, uint32_t signs);

#endif
