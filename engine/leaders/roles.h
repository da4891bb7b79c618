/* Social roles: the table of rules, one row a role, and the figures they look at. docs/roles.md. */
#ifndef GX_ENGINE_LEADERS_ROLES_H
#define GX_ENGINE_LEADERS_ROLES_H

#include "graph/base/base.h"

/* X(NAME, text, help), in the order of the columns of `roles.figure`; NaN: not known. */
#define GX_ROLE_FIGURE_MAP(X)                                                                      \
    X(JOINED_DAYS, "joined_days", "since the member joined, or first acted")                       \
    X(IDLE_DAYS, "idle_days", "since its latest event, or since it joined")                        \
    X(EVENTS, "events", "all of them")                                                             \
    X(LOOKS, "looks", "events that only looked")                                                   \
    X(PURCHASES, "purchases", "purchases")                                                         \
    X(COUPON_SHARE, "coupon_share", "share of the purchases with a coupon")                        \
    X(SHARES, "shares", "shares of items")                                                         \
    X(ANSWERS, "answers", "replies and comments to members: the weights of these ties")            \
    X(INVITES, "invites", "members invited or referred")                                           \
    X(SCORE, "score", "leader score, 0 to 100")                                                    \
    X(RANK, "rank", "place by leader score")                                                       \
    X(FLAGS, "flags", "flags of the leader score")                                                 \
    X(PARTICIPATION, "participation", "how far ties are spread over circles, 0 to 1")              \
    X(Z, "z", "ties within the circle, in deviations from its mean")                               \
    X(CIRCLES, "circles", "other circles it is tied to")                                           \
    X(CONSTRAINT, "constraint", "Burt's constraint")                                               \
    X(BROKERAGE, "brokerage", "share of the pairs it stands between that cross circles")

/* X(NAME, text, what the rule says, figures it looks at), the first that fires first. */
#define GX_ROLE_MAP(X)                                                                             \
    X(NEWCOMER, "newcomer", "joined within new_days", F(JOINED_DAYS))                              \
    X(DORMANT, "dormant", "did nothing for dormant_days", F(IDLE_DAYS) | F(EVENTS))                \
    X(LEADER, "leader", "among the first leader_share by score, without flags",                    \
      F(SCORE) | F(RANK) | F(FLAGS))                                                               \
    X(BARGAIN_HUNTER, "bargain_hunter",                                                            \
      "bought coupon_purchases or more, coupon_share of them with a coupon",                       \
      F(PURCHASES) | F(COUPON_SHARE))                                                              \
    X(HELPER, "helper",                                                                            \
      "answered helper_answers times or more (weights of ties of reply and comment)", F(ANSWERS))  \
    X(PROMOTER, "promoter",                                                                        \
      "shared and invited promoter_shares times or more, promoter_part of what it does",           \
      F(SHARES) | F(INVITES) | F(EVENTS))                                                          \
    X(CONNECTOR, "connector",                                                                      \
      "z from connector_z on and participation from "                                              \
      "connector_participation on",                                                                \
      F(Z) | F(PARTICIPATION))                                                                     \
    X(BRIDGE, "bridge",                                                                            \
      "ties to bridge_circles other circles or more, participation from bridge_participation on, " \
      "constraint up to bridge_constraint, brokerage from bridge_brokerage on",                    \
      F(CIRCLES) | F(PARTICIPATION) | F(CONSTRAINT) | F(BROKERAGE))                                \
    X(BUYER, "buyer",                                                                              \
      "bought buyer_purchases or more and shares, answers and invites hardly ever",                \
      F(PURCHASES) | F(SHARES) | F(ANSWERS) | F(INVITES))                                          \
    X(LURKER, "lurker", "looked lurker_looks times or more and did hardly anything else",          \
      F(LOOKS) | F(EVENTS) | F(PURCHASES) | F(SHARES) | F(ANSWERS))                                \
    X(ACTIVE, "active", "among the active_share with most events", F(EVENTS))                      \
    X(ORDINARY, "ordinary", "no other rule fires", 0)

typedef enum gx_role_figure {
#define X(name, text, help) GX_FIGURE_##name,
    GX_ROLE_FIGURE_MAP(X)
#undef X
        GX_ROLE_FIGURE_COUNT
} gx_role_figure;

typedef enum gx_role {
#define X(name, text, rule, figures) GX_ROLE_##name,
    GX_ROLE_MAP(X)
#undef X
        GX_ROLE_COUNT
} gx_role;

/* Gould and Fernandez's five, in the order of the columns of `roles.brokerage`. */
enum { GX_BROKERAGE_COUNT = 5 };

typedef struct gx_role_rule {
    const char *name, *rule;
    uint32_t figures; /* bit f: gx_role_figure f */
} gx_role_rule;

extern const gx_role_rule gx_roles[GX_ROLE_COUNT];
extern const char *const gx_role_figures[GX_ROLE_FIGURE_COUNT];
extern const char *const gx_brokerages[GX_BROKERAGE_COUNT];

#endif
