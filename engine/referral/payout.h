/* A budget cut into pots, one a sale, and each pot among those on its path, in whole coins. */
#ifndef GX_ENGINE_PAYOUT_H
#define GX_ENGINE_PAYOUT_H

#include "engine/referral/credit.h"

typedef struct gx_payee {
    uint32_t user;
    uint32_t hop;
    double share;  /* of the pot, by the rule */
    int64_t coins; /* filled */
} gx_payee;

typedef struct gx_pot {
    uint64_t first; /* its payees: first … first + count − 1, nearest the buyer first */
    uint32_t count;
    uint64_t weight; /* what it counts in the budget; 0: nothing */
    int64_t coins;   /* filled */
} gx_pot;

typedef struct gx_payout_spec {
    gx_credit_spec credit;
    int64_t budget; /* 0 … GX_COINS_MAX */
    int64_t rated;  /* what a rate of the sales comes to, the budget or more: no pot is above its
                       part of it, and nobody is paid above the pot; 0: there is none */
    int64_t cap_sale, cap_member; /* 0: none */
    uint32_t users;               /* every payee's user is below */
    const uint32_t *place; /* users, each once: of equal remainders under cap_member the lowest
                              place first; NULL: the lowest user */
} gx_payout_spec;

enum { GX_SETTLE_BYTES = 48 }; /* for the largest of payees, pots and users */

/* Fills the coins of pots and payees. Σ payees' coins + *out_kept = budget, always.
 *
 * Pots: the budget in proportion to the weights of those with a payee, by largest remainders, none
 * above cap_sale; what a cap leaves over goes to the others. With `rated`, parts of that, none
 * above cap_sale, and of a budget below their sum in proportion to them. Within a pot: largest
 * remainders of the shares where the rule spends all, floors otherwise. Members above cap_member
 * are brought down to it, their lines in proportion; what that leaves over goes to the other
 * members in proportion to what they have, where the rule spends all and a sale has neither cap nor
 * rate; else it is kept.
 *
 * Kept is what nobody may have: everybody is at a cap or a rate, no sale has a payee, or the rule
 * leaves it.
 * O(n log n). bad_request: split-proof with a cap a member, which two identities would have twice.
 */
GX_MUST_CHECK gx_status gx_payout_settle(gx_payee *payees, uint64_t payee_count, gx_pot *pots,
                                         uint32_t pot_count, int64_t *out_kept,
                                         const gx_payout_spec *spec, gx_job *job, gx_error *err);

/* Cuts `total` in proportion to the weights, none above `cap` (0: no cap), by largest remainders;
 * returns what is left over where all are at the cap, or no weight is above 0. `order` and
 * `scratch` have room for `count`. */
int64_t gx_apportion_capped(int64_t *out, int64_t total, const uint64_t *weight, uint32_t count,
                            int64_t cap, gx_remainder *order, gx_remainder *scratch);

#endif
