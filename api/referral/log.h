/* What the log says of who brought whom: events with `via`, purchases that stand, shares, and
 * invites, as arrays. docs/cascades.md. */
#ifndef GX_API_REFERRAL_LOG_H
#define GX_API_REFERRAL_LOG_H

#include "api/support.h"
#include "engine/referral/cascade.h"
#include "engine/referral/coins.h"

/* What a member did to an item; in the order of the log: by time, then by key. */
typedef struct gx_log_act {
    int64_t ts_ms;
    int64_t coins; /* of a sale; 0 where the log does not say */
    uint64_t id;   /* into gx_log.ids, where ids were asked for; 0: it has none */
    uint32_t user, item, action;
    uint32_t via;      /* somebody else who has a name; GX_NONE */
    uint32_t campaign; /* GX_NONE */
    bool inside;       /* of the time asked for */
    bool joins;        /* of the actions asked for */
    bool share;        /* a share */
    bool sale;         /* a purchase that was not taken back */
    bool returned;     /* a purchase that was */
} gx_log_act;

/* What was met inside (gx_log_act.inside) and could not be used as it stands. */
typedef struct gx_log_told {
    uint64_t self_via;    /* events via the member itself */
    uint64_t unknown_via; /* via somebody who has been forgotten */
    uint64_t no_amount;   /* sales without an amount: 0 */
    uint64_t bad_amount;  /* sales of less than 0, or of GX_SALE_COINS_MAX and more: 0 */
} gx_log_told;

typedef struct gx_log {
    gx_job *job;
    uint64_t held; /* bytes counted against the job */
    gx_log_act *acts;
    uint64_t count;
    char *ids; /* texts that end with 0; the first is empty */
    gx_log_told told;
} gx_log;

typedef struct gx_log_spec {
    const gx_value *actions; /* which join: a list of names; else purchases and shares */
    uint32_t item, campaign; /* these alone; GX_NONE: all */
    int64_t from_ms, to_ms;  /* 0, 0: all */
    int decimals;
    bool ids;                    /* read event ids too */
    bool of_items, of_campaigns; /* vias are told of events alone that name one */
} gx_log_spec;

/* One reading of all events: O(events), and O(p log p) in purchases and returns. Kept are acts with
 * a via, acts that join, and purchases. not_found: an action the store does not know. */
GX_MUST_CHECK gx_status gx_log_read(gx_log *out, gx_call_env *call, const gx_log_spec *spec,
                                    gx_error *err);
void gx_log_finish(gx_log *log); /* safe on zeros */

/* That a member passed an item on, or joined it. */
typedef struct gx_log_pass {
    uint32_t user, item;
    int64_t ts_ms;
} gx_log_pass;

int gx_log_pass_order(const void *a, const void *b); /* for qsort: by member, item, time */

enum { GX_INFLUENCE_DAYS = 14 }; /* the usual window of the pass influence */

/* Mean days from a share to who came by it: of every act of `spec` that joins by way of somebody,
 * since that one's latest share of the item before it, no more than GX_INFLUENCE_DAYS old (which
 * may be of before the time asked for). In a log without shares whatever joins is passed on.
 * *out_seen: of how many; 0: the log says nothing. */
GX_MUST_CHECK gx_status gx_log_delay(double *out_days, uint64_t *out_seen, gx_call_env *call,
                                     const gx_log_spec *spec, gx_error *err);

/* Who invited each member: `invited_by` of its record, else the earliest tie of kind invite that
 * reaches it (the smallest number of equals). Of members by number: */
typedef struct gx_invites {
    gx_job *job;
    uint32_t users;
    uint32_t *by;     /* GX_NONE: nobody */
    int64_t *ts_ms;   /* joined_at, else the tie's time; INT64_MIN: not known */
    uint8_t *live;    /* has a name: was not forgotten */
    uint64_t self;    /* invited by themselves: nobody */
    uint64_t unknown; /* `invited_by` says somebody the store does not know: nobody */
} gx_invites;

GX_MUST_CHECK gx_status gx_invites_read(gx_invites *out, gx_call_env *call, gx_error *err);
void gx_invites_finish(gx_invites *invites); /* safe on zeros */

/* Trees of members. A node is a member in the forest of one item, of one campaign, or of all. */
typedef enum gx_tree_by { GX_TREE_ITEM, GX_TREE_CAMPAIGN, GX_TREE_ALL, GX_TREE_INVITE } gx_tree_by;

typedef struct gx_trees {
    gx_job *job;
    gx_tree_by by;
    uint32_t count; /* nodes, forest by forest */
    uint32_t forests;
    uint32_t *first; /* forests + 1 */
    uint32_t *key;   /* of each forest: item or campaign; GX_NONE */
    uint32_t *user, *parent, *circle, *sales, *shares;
    int64_t *ts_ms, *revenue;
    gx_forest forest;
    gx_cascade_facts facts;
    gx_log_told told;
    uint64_t implied;    /* members who are there only because others came via them */
    uint64_t unrecorded; /* of these, who have no record as members */
    uint64_t undated;    /* invites: members of whom no time is known */
    uint64_t again;      /* acts via somebody of members who were there already */
    uint64_t cycles; /* of these, via somebody they had brought; of invites: cycles that were cut */
    uint64_t early;  /* invites: members who joined before their inviter */
    bool has_circles;
} gx_trees;

/* The trees of the acts inside the time (by item, campaign or all), or of the invites. A member
 * joins a forest with its first act that joins, and hangs below the via of that act, or else below
 * the last via it had there before; that member becomes a root at that moment where it has not
 * joined. O(acts log acts + nodes). */
GX_MUST_CHECK gx_status gx_trees_make(gx_trees *out, gx_call_env *call, gx_tree_by by,
                                      const gx_log_spec *spec, gx_error *err);
void gx_trees_finish(gx_trees *trees); /* safe on zeros */

/* Of methods that tell money; `what` counts the smallest coin. */
#define GX_DECIMALS_PARAM(what)                                                                    \
    {"decimals",                                                                                   \
     GX_PARAM_INT,                                                                                 \
     "2",                                                                                          \
     0,                                                                                            \
     GX_DECIMALS_MAX,                                                                              \
     NULL,                                                                                         \
     NULL,                                                                                         \
     0,                                                                                            \
     "of the currency: " what " its smallest coin"}

#endif
