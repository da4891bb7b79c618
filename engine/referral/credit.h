/* Who is credited with a sale, and what of its pot each gets: docs/credit.md. */
#ifndef GX_ENGINE_CREDIT_H
#define GX_ENGINE_CREDIT_H

#include "engine/referral/coins.h"

/* X(NAME, "name", whether it spends the whole pot, help) */
#define GX_CREDIT_RULES(X)                                                                         \
    X(LAST, "last", true, "all to whoever sent the buyer")                                         \
    X(FIRST, "first", true, "all to whoever began the path")                                       \
    X(LINEAR, "linear", true, "everybody on the path alike")                                       \
    X(DECAY, "decay", true, "half as much for every half-life before the sale")                    \
    X(SHAPLEY, "shapley", true, "what the sale owes to each, over all orders of coming")           \
    X(GEOMETRIC, "geometric", true, "delta of the one before, from the buyer up")                  \
    X(RECURSIVE, "recursive", false, "1 - delta of the pot, then delta of the one before")         \
    X(SPLIT_PROOF, "split-proof", false, "no gain from more identities")

typedef enum gx_credit_rule {
#define X(name, text, all, help) GX_CREDIT_##name,
    GX_CREDIT_RULES(X)
#undef X
        GX_CREDIT_COUNT
} gx_credit_rule;

/* "last|first|…", for a parameter. */
#define GX_CREDIT_CHOICES "last|first|linear|decay|shapley|geometric|recursive|split-proof"

/* A share as a weight for gx_apportion, in parts of 2^40. */
uint64_t gx_share_weight(double share);
const char *gx_credit_name(gx_credit_rule rule);
bool gx_credit_spends_all(gx_credit_rule rule);

enum {
    GX_DELTA_ONE = 1000,     /* delta is in thousandths */
    GX_SHAPLEY_MOST = 12,    /* members of one sale; 2^12 coalitions are looked at */
    GX_SPLIT_PROOF_MOST = 64 /* members of one path; a longer one is paid nothing */
};

/* A member on the path of a sale; touches stand nearest the buyer first. */
typedef struct gx_touch {
    int64_t ts_ms;
    uint32_t user;
    uint32_t hop;  /* members between it and the buyer */
    uint32_t from; /* of shapley, bit k: the k-th touch of the sale had brought this one */
} gx_touch;

typedef struct gx_credit_spec {
    gx_credit_rule rule;
    int delta;           /* of GX_DELTA_ONE: 1 … 999 */
    double half_life_ms; /* of decay */
} gx_credit_spec;

/* Each one's share of the pot: they sum to 1, or to less where the rule does not spend all.
 * `direct`, of shapley: bit k: the k-th touch brought the buyer. With it, a coalition brings the
 * sale where it holds a whole chain from one whom nobody brought to the buyer; a share is the
 * Shapley value of that game (Shapley 1953), exact; count ≤ GX_SHAPLEY_MOST. */
void gx_credit_shares(double *share, const gx_credit_spec *spec, const gx_touch *path,
                      uint32_t count, uint32_t direct);

/* floor(pot × δ^near × (1 − δ)^far), exact, where δ = delta / 1000: what split-proof pays who has
 * `near` members on the path between it and its end at the buyer and `far` beyond. For near + far ≥
 * GX_SPLIT_PROOF_MOST nothing. pot ≤ GX_COINS_MAX.
 *
 * Whoever stands on the path as two in a row, anywhere in its stretch, is paid δ^(near+1) (1 −
 * δ)^far + δ^near (1 − δ)^(far+1) = δ^near (1 − δ)^far: not more; and floors of parts never exceed
 * the floor of their sum. */
int64_t gx_split_proof_coins(int64_t pot, int delta, uint32_t near, uint32_t far);

#endif
