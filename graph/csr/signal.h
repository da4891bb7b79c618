/* What an event says: the one place where the actions table becomes a value. Every reader of events
 * (the matrix, a member's history, the acts of friends, takes, rewards) calls it, so that a buy, a
 * dislike and a refund mean the same everywhere. docs/signals.md tells the rules. */
#ifndef GX_CSR_SIGNAL_H
#define GX_CSR_SIGNAL_H

#include "graph/csr/view.h"

/* One event of a member with an item. */
typedef struct gx_deed {
    const gx_action_rule *rule;
    double weight; /* gx_event_weight */
    int64_t ts_ms;
    uint32_t item, action;
    uint32_t order; /* rising with time: what gx_deeds_sort keeps */
    uint32_t match; /* by gx_signal_make: the deed it takes back; GX_NONE: none */
    bool counts;    /* by gx_signal_make: it is part of what the member thinks of the item */
    bool undone;    /* likewise: a later one took it back */
} gx_deed;

/* What the deeds of a member with one item come to. */
typedef struct gx_signal {
    double value;      /* > 0: for the item; < 0: against it; 0: nothing is said */
    double bought;     /* weights of the purchases that stand, not faded */
    int64_t last_ms;   /* of the latest deed of any kind */
    int64_t bought_ms; /* of the latest purchase that stands; INT64_MIN: none */
    uint32_t action;   /* the weightiest of those that count, the latest of equals; GX_NONE: none */
    bool has;          /* bought or rated, and not taken back */
    bool seen;         /* the same by an action that is not wanted again and again */
    bool returned;     /* what stands against it is a purchase taken back */
    uint32_t times;    /* bought, or done with an action that is wanted again; days apart */
    int64_t first_ms, again_ms; /* the first and the last of those times */
} gx_signal;

/* The action's weight × (value − centre) / (5 − centre) where the action is scaled and the event
 * has a value: > 0 for the item, < 0 against it, 0 neither. */
double gx_event_weight(const gx_action_rule *rule, float value);
/* w × 2^(−age / half-life); what is newer than `now_ms` does not fade. */
double gx_event_fade(const gx_action_rule *rule, double weight, int64_t ts_ms, int64_t now_ms);
/* Whether events of the action can make what was said before count less or not at all. */
static inline bool gx_action_is_against(const gx_action_rule *rule) {
    return rule->weight < 0 || rule->undoes[0] != '\0';
}

/* A deed of an event of [from the store]; `order` is the caller's. */
gx_deed gx_deed_of(const gx_event_core *event, const gx_action_rule *rule, uint32_t order);
/* By item, then in the order of time. */
void gx_deeds_sort(gx_deed *deeds, size_t count);
/* The end of the run of deeds with the item of deeds[from]. */
size_t gx_deeds_run(const gx_deed *deeds, size_t from, size_t count);

/* All the deeds of a member with one item, oldest first. Events fade against `now_ms` where
 * `fades`.
 *
 *   - An action that takes back (`undoes`) strikes the latest deed before it that it can take back;
 *     both are as if they had not been, but where nothing of the kind is left standing it also
 *     counts as its own weight says: the only purchase returned is a word against the item.
 *   - A word against the item voids all that was said for it before.
 *   - One later deed at least as weighty as what was said against it voids that in turn; a lesser
 *     one changes nothing.
 *   - value = Σ of the faded weights that count, or the least of those against.
 *
 * O(count) but for pathological nesting. */
void gx_signal_make(gx_signal *out, gx_deed *deeds, size_t count, int64_t now_ms, bool fades);

#endif
