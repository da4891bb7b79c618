/* From a store's transaction to views. The same bytes for the same store state and the same spec.
 */
#ifndef GX_CSR_VIEW_H
#define GX_CSR_VIEW_H

#include "graph/csr/firsts.h"
#include "graph/store/store.h"

/* The tie kinds and actions a store knows of old, and how the engine reads one it was not told of:
 * an unknown tie kind is a social tie of weight 1, an unknown action counts like a view. What an
 * action's event says of an item is in signal.h alone. */
typedef struct gx_kind_rule {
    char name[32];
    float weight; /* multiplies the tie's own weight; 0: not a social tie (block, invite by channel)
                   */
    bool directed; /* default of a tie whose row does not say */
    bool blocks;   /* the two are never shown to each other */
    bool acts;     /* something done to somebody (chat, gift, comment), not a standing relation: the
                    * weight of the row says how often */
} gx_kind_rule;

typedef struct gx_action_rule {
    char name[32];
    float weight;        /* of one event, with its polarity; < 0: against the item; 0: neither */
    double half_life_ms; /* 0: never fades */
    bool is_purchase;    /* counts as owning the item: `seen` by default, `buy` in reasons */
    bool is_share;       /* spreads: feeds cascades and the leader channel */
    bool scaled;         /* multiply by what the value says where one is given (ratings) */
    float centre;    /* scaled: (value − centre) / (5 − centre); 0 … 4: stars that say neither */
    bool repeat;     /* wanted again and again: does not make the item `seen` */
    bool known;      /* in the built-in table or the setting; else the rule is the fallback */
    char undoes[32]; /* GX_UNDOES_PURCHASE or the name of an action it takes back; empty: none */
} gx_action_rule;

#define GX_UNDOES_PURCHASE "purchase" /* any action that is one */

typedef struct gx_rules {
    gx_kind_rule *kinds; /* indexed by the word id in GX_SPACE_TIE_KIND */
    uint32_t kind_count;
    gx_action_rule *actions; /* indexed by the word id in GX_SPACE_ACTION */
    uint32_t action_count;
} gx_rules;

/* The built-in table, overridden by the settings "tie_kinds" and "actions". */
GX_MUST_CHECK gx_status gx_rules_load(gx_rules *out, gx_txn *txn, gx_error *err);
void gx_rules_finish(gx_rules *rules);
/* The rule of a tie kind by its word id, also of one that is newer than the rules. */
const gx_kind_rule *gx_kind_rule_of(const gx_rules *rules, gx_txn *txn, uint32_t kind);
/* The same of an action; never NULL. */
const gx_action_rule *gx_action_rule_of(const gx_rules *rules, gx_txn *txn, uint32_t action);
/* By its name, with the settings where the store has the word. */
const gx_action_rule *gx_action_rule_named(const gx_rules *rules, const char *name);
/* The built-in actions in the order of the table; NULL behind the last. */
const gx_action_rule *gx_action_rule_at(size_t index);
/* `io` as one entry of the setting "actions" changes it. bad_request, with the field and what is
 * accepted. */
GX_MUST_CHECK gx_status gx_action_rule_change(gx_action_rule *io, gx_slice name,
                                              const gx_value *fields, gx_error *err);
/* Every entry of a value for the setting "tie_kinds", also of kinds no tie has had. bad_request
 * likewise. */
GX_MUST_CHECK gx_status gx_kind_rules_check(const gx_value *setting, gx_error *err);
/* The built-in rule by name, or the fallback rule. */
const gx_kind_rule *gx_kind_rule_default(gx_slice name);
const gx_action_rule *gx_action_rule_default(gx_slice name);

/* Ties taken one at a time. Zeroed: every one. */
typedef struct gx_tie_filter {
    bool *kind; /* by kind id, whether it was asked for; NULL: all are taken */
    uint32_t kind_count;
    int64_t from_ms, to_ms; /* as in gx_tie_view */
} gx_tie_filter;

/* not_found: a kind that neither the store nor the built-in table knows. */
GX_MUST_CHECK gx_status gx_tie_filter_make(gx_tie_filter *out, gx_txn *txn,
                                           const char *const *kinds, int64_t from_ms, int64_t to_ms,
                                           gx_error *err);
bool gx_tie_filter_takes(const gx_tie_filter *filter, const gx_tie *tie);
void gx_tie_filter_finish(gx_tie_filter *filter);

typedef struct gx_tie_view {
    const char *const *kinds; /* only these, NULL-ended; NULL: every social kind */
    int64_t from_ms, to_ms;   /* ties without a time are always in; 0, 0: no window */
    unsigned flags;           /* GX_GRAPH_* */
    double half_life_ms; /* weight × 2^(−age / half-life) against to_ms or the newest tie; 0: off */
} gx_tie_view;

/* Whether a time lies in [from_ms, to_ms); to_ms 0: no end; 0, 0: no window. */
static inline bool gx__in_window(int64_t ts_ms, int64_t from_ms, int64_t to_ms) {
    return (from_ms == 0 && to_ms == 0) || (ts_ms >= from_ms && (to_ms == 0 || ts_ms < to_ms));
}

/* n is the number of user ids given so far. */
GX_MUST_CHECK gx_status gx_view_ties(gx_graph *out, gx_txn *txn, const gx_rules *rules,
                                     const gx_tie_view *view, gx_job *job, gx_error *err);

typedef struct gx_event_view {
    const char *const *actions; /* only these; NULL: all */
    int64_t from_ms, to_ms;
    int64_t now_ms;     /* what decay counts back from; 0: the newest event */
    bool decay;         /* apply the actions' half-lives */
    bool purchases;     /* purchases alone, those that stand: their weights and latest time */
    bool opposed;       /* with purchases: those of what the member is against now, too */
    bool first;         /* the time of an entry is that of the first event, not of the latest */
    bool keep_negative; /* values ≤ 0 stay (dislikes); else the entry is dropped */
    struct gx_item_sums *items; /* filled besides; NULL: not wanted */
} gx_event_view;

/* What all members' events say of each item, beside the matrix. Of the job: gx_item_sums_finish. */
typedef struct gx_item_sums {
    double *against; /* Σ of −value over the members against it */
    double *gap_ms;  /* Σ of the mean time between purchases, over `again` */
    uint32_t *again; /* members who bought it more than once */
    uint32_t count;  /* items */
    bool any_against;
} gx_item_sums;

void gx_item_sums_finish(gx_item_sums *sums, gx_job *job);

/* members × items: what the events of each member with each item come to (signal.h). */
GX_MUST_CHECK gx_status gx_view_events(gx_matrix *out, gx_txn *txn, const gx_rules *rules,
                                       const gx_event_view *view, gx_job *job, gx_error *err);

/* members × members: when two members were last tied by a social tie, seen from both ends; values
 * say nothing. Ties without a time are not in it, nor those outside [from_ms, to_ms), as in a
 * gx_tie_view; 0, 0: all. */
GX_MUST_CHECK gx_status gx_view_times(gx_matrix *out, gx_txn *txn, const gx_rules *rules,
                                      int64_t from_ms, int64_t to_ms, gx_job *job, gx_error *err);
/* members × groups: who is in which at the end of [from_ms, to_ms), or now (0, 0); those who had
 * left by then, or joined later, are left out. The value is 1, and more for a host: a member with
 * the role owner, host, admin or moderator, or the `owner` of the group's record. Times are NULL.
 */
GX_MUST_CHECK gx_status gx_view_groups(gx_matrix *out, gx_txn *txn, int64_t from_ms, int64_t to_ms,
                                       gx_job *job, gx_error *err);

/* members × members: how often one did something to another: the rows' own weights of ties whose
 * kind `acts`, under their src (an undirected one under its smaller number alone), and under its
 * user each event `via` somebody else. [from_ms, to_ms) as in a gx_tie_view; 0, 0: all. O(ties +
 * events), both read twice. Times are NULL. */
GX_MUST_CHECK gx_status gx_view_interactions(gx_matrix *out, gx_txn *txn, const gx_rules *rules,
                                             int64_t from_ms, int64_t to_ms, gx_job *job,
                                             gx_error *err);

/* When each member first took each item and first passed it on, of the events in [from_ms, to_ms):
 * purchases are takes and shares pass on. Where no event is a purchase, whatever speaks for an item
 * and is no share is a take. `since` is `joined_at` of their
 * records. O(events), 24 bytes each while it runs. */
GX_MUST_CHECK gx_status gx_view_firsts(gx_firsts *out, gx_txn *txn, const gx_rules *rules,
                                       int64_t from_ms, int64_t to_ms, gx_job *job, gx_error *err);

/* What members did in [from_ms, to_ms), as in a gx_tie_view; joined_at is taken whenever it was. On
 * the job's account. O(events + ties + records). */
GX_MUST_CHECK gx_status gx_view_facts(gx_facts *out, gx_txn *txn, const gx_rules *rules,
                                      int64_t from_ms, int64_t to_ms, gx_job *job, gx_error *err);
void gx_facts_finish(gx_facts *facts, gx_job *job);

/* 1 for members who had departed (gx_is_departed) by to_ms, 0: by now; a time that is past knows
 * those whose `left_at` says so. The job's; NULL: nobody had. O(records). */
GX_MUST_CHECK gx_status gx_view_departed(uint8_t **out, gx_txn *txn, int64_t to_ms, gx_job *job,
                                         gx_error *err);

/* Of `space`, by one field of its records; of a category "a/b/c" only "a" where `top_level`. */
GX_MUST_CHECK gx_status gx_view_labels(gx_labels *out, gx_txn *txn, gx_space space,
                                       const char *field, bool top_level, gx_job *job,
                                       gx_error *err);

/* gx_event_scan and gx_event_between as a stage of the job: progress, cancel and deadline.
 * INT64_MIN, INT64_MAX: all events. */
GX_MUST_CHECK gx_status gx_view_scan(gx_txn *txn, const char *stage, gx_event_run_fn run,
                                     void *user, gx_job *job, gx_error *err);
GX_MUST_CHECK gx_status gx_view_each(gx_txn *txn, int64_t from_ms, int64_t to_ms, const char *stage,
                                     gx_event_fn each, void *user, gx_job *job, gx_error *err);

#endif
