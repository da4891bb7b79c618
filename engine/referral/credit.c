/* Shares of a pot along the path of a sale.
 *
 * geometric is the recursive scheme of the Red Balloon winners (Pickard et al., Science 2011) and
 * of multi-level marketing (Emek, Karidi, Tennenholtz and Zohar, EC 2011), scaled so that the pot
 * is spent; recursive is the same as published, with what is left kept. Both pay more to who comes
 * as two. split-proof pays δ^near (1 − δ)^far, the double geometric form with ratios that sum to 1
 * (Zhang, Zhang and Zhao, IJCAI 2020, on paths of referrals). */
#include "engine/referral/credit.h"

#include <math.h>

static const struct {
    const char *name;
    bool all;
} rules[] = {
#define X(name, text, all, help) {text, all},
    GX_CREDIT_RULES(X)
#undef X
};

uint64_t gx_share_weight(double share) {
    enum { FINE = 40 };
    return (uint64_t)llround(ldexp(share, FINE));
}

const char *gx_credit_name(gx_credit_rule rule) {
    return rules[rule].name;
}

bool gx_credit_spends_all(gx_credit_rule rule) {
    return rules[rule].all;
}

/* ---- shapley --------------------------------------------------------------------------------- */

/* Whether the coalition holds a chain from one whom nobody brought to the buyer. */
static bool brings(const gx_touch *path, uint32_t direct, uint32_t coalition, uint32_t origins) {
    uint32_t reached = direct & coalition, before = 0;
    while (reached != before && !(reached & origins)) {
        const uint32_t fresh = reached & ~before;
        before = reached;
        for (uint32_t left = fresh; left; left &= left - 1) {
            reached |= path[__builtin_ctz(left)].from & coalition;
        }
    }
    return (reached & origins) != 0;
}

static void linear(double *share, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        share[k] = 1 / (double)count;
    }
}

/* Σ over coalitions without k of s! (n − s − 1)! / n! where k makes the difference. */
static void shapley(double *share, const gx_touch *path, uint32_t count, uint32_t direct) {
    double weight[GX_SHAPLEY_MOST];
    uint8_t won[1 << GX_SHAPLEY_MOST];
    uint32_t origins = 0;
    const uint32_t all = (UINT32_C(1) << count) - 1;
    for (uint32_t k = 0; k < count; k++) {
        origins |= (path[k].from & all) == 0 ? UINT32_C(1) << k : 0;
        share[k] = 0;
    }
    if (!brings(path, direct, all, origins)) {
        linear(share, count);
        return;
    }
    for (uint32_t s = 0; s < count; s++) { /* 1 / (n · C(n − 1, s)) */
        weight[s] = s == 0 ? 1 / (double)count : weight[s - 1] * s / (double)(count - s);
    }
    for (uint32_t coalition = 0; coalition <= all; coalition++) {
        won[coalition] = brings(path, direct, coalition, origins);
    }
    for (uint32_t coalition = 0; coalition <= all; coalition++) {
        for (uint32_t k = 0; !won[coalition] && k < count; k++) {
            const uint32_t with = coalition | UINT32_C(1) << k;
            if (with != coalition && won[with]) {
                share[k] += weight[__builtin_popcount(coalition)];
            }
        }
    }
}

/* ---- the others ------------------------------------------------------------------------------ */

static void scale(double *share, uint32_t count) {
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        sum += share[k];
    }
    if (!(sum > 0)) {
        linear(share, count);
        return;
    }
    for (uint32_t k = 0; k < count; k++) {
        share[k] /= sum;
    }
}

static void powers(double *share, double first, double ratio, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        share[k] = first;
        first *= ratio;
    }
}

/* Ages count from the latest touch, so that old paths do not all come to nothing. */
static void decay(double *share, const gx_touch *path, uint32_t count, double half_life_ms) {
    int64_t latest = path[0].ts_ms;
    for (uint32_t k = 1; k < count; k++) {
        latest = path[k].ts_ms > latest ? path[k].ts_ms : latest;
    }
    for (uint32_t k = 0; k < count; k++) {
        const bool known = path[k].ts_ms != INT64_MIN && latest != INT64_MIN;
        share[k] = known ? exp2(-((double)latest - (double)path[k].ts_ms) / half_life_ms) : 0;
    }
    scale(share, count);
}

void gx_credit_shares(double *share, const gx_credit_spec *spec, const gx_touch *path,
                      uint32_t count, uint32_t direct) {
    const double delta = (double)spec->delta / GX_DELTA_ONE;
    if (count == 0) {
        return;
    }
    switch (spec->rule) {
    case GX_CREDIT_LAST:
        powers(share, 1, 0, count);
        break;
    case GX_CREDIT_FIRST:
        powers(share, 0, 0, count);
        share[count - 1] = 1;
        break;
    case GX_CREDIT_DECAY:
        decay(share, path, count, spec->half_life_ms);
        break;
    case GX_CREDIT_SHAPLEY:
        shapley(share, path, count, direct);
        break;
    case GX_CREDIT_GEOMETRIC:
        powers(share, 1, delta, count);
        scale(share, count);
        break;
    case GX_CREDIT_RECURSIVE:
        powers(share, 1 - delta, delta, count);
        break;
    case GX_CREDIT_SPLIT_PROOF:
        for (uint32_t k = 0; k < count; k++) {
            share[k] = count > GX_SPLIT_PROOF_MOST
                           ? 0
                           : pow(delta, k) * pow(1 - delta, (double)(count - 1 - k));
        }
        break;
    case GX_CREDIT_LINEAR:
    case GX_CREDIT_COUNT:
        linear(share, count);
        break;
    }
}

/* ---- exact floors ---------------------------------------------------------------------------- */

enum { LIMBS = 24 }; /* 50 bits of a pot and 10 for each of 63 steps */

static void times(uint32_t *limb, uint32_t by) {
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)limb[i] * by;
        limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void over(uint32_t *limb, uint32_t by) {
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | limb[i];
        limb[i] = (uint32_t)(rest / by);
        rest %= by;
    }
}

int64_t gx_split_proof_coins(int64_t pot, int delta, uint32_t near, uint32_t far) {
    uint32_t limb[LIMBS] = {(uint32_t)pot, (uint32_t)((uint64_t)pot >> 32)};
    if (pot <= 0 || near >= GX_SPLIT_PROOF_MOST || far >= GX_SPLIT_PROOF_MOST ||
        near + far >= GX_SPLIT_PROOF_MOST) {
        return 0;
    }
    for (uint32_t k = 0; k < near + far; k++) {
        times(limb, (uint32_t)(k < near ? delta : GX_DELTA_ONE - delta));
    }
    for (uint32_t k = 0; k < near + far; k++) {
        over(limb, GX_DELTA_ONE); /* floors of floors: the floor of the whole */
    }
    return (int64_t)((uint64_t)limb[1] << 32 | limb[0]);
}
