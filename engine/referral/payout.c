/* Pots, payees and caps. Everything is whole numbers from the first to the last step. */
#include "engine/referral/payout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shares are proportional, so the heaviest reach the cap first: those capped are the shortest head
 * of that order behind which the next one's share of the rest fits. Rounded up it fits too, since
 * the cap is a whole number. */
int64_t gx_apportion_capped(int64_t *out, int64_t total, const uint64_t *weight, uint32_t count,
                            int64_t cap, gx_remainder *order, gx_remainder *scratch) {
    uint32_t some = 0, capped = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = 0;
        if (weight[i] > 0) {
            order[some++] = (gx_remainder){weight[i], i};
            sum += weight[i];
        }
    }
    if (some == 0) {
        return total;
    }
    if (cap == 0) {
        gx_apportion(out, total, weight, count, scratch);
        return 0;
    }
    qsort(order, some, sizeof *order, gx_remainder_order);
    while (capped < some && (gx__wide)total * order[capped].left > (gx__wide)cap * sum) {
        out[order[capped].place] = cap;
        total -= cap;
        sum -= order[capped++].left;
    }
    if (capped == some) {
        return total;
    }
    int64_t rest = total;
    for (uint32_t i = capped; i < some; i++) {
        const gx__wide share = (gx__wide)total * order[i].left;
        out[order[i].place] = (int64_t)(share / sum);
        scratch[i - capped] = (gx_remainder){(uint64_t)(share % sum), order[i].place};
        rest -= out[order[i].place];
    }
    gx_apportion_rest(out, rest, scratch, some - capped);
    return 0;
}

typedef struct settling {
    gx_payee *payees;
    gx_pot *pots;
    uint32_t payee_count, pot_count;
    const gx_payout_spec *spec;
    int64_t kept;
    uint64_t *weight; /* of pots, of payees or of members: room for the most of them, */
    int64_t *coins;   /* likewise */
    gx_remainder *order, *scratch;
} settling;

/* Each pot's part of what the rate comes to, none above the cap; a budget below their sum is cut in
 * proportion to them, so that none goes above its part. */
static void fill_to_rate(settling *s) {
    const gx_payout_spec *spec = s->spec;
    int64_t sum = 0;
    gx_apportion(s->coins, spec->rated, s->weight, s->pot_count, s->scratch);
    for (uint32_t i = 0; i < s->pot_count; i++) {
        if (spec->cap_sale > 0 && s->coins[i] > spec->cap_sale) {
            s->coins[i] = spec->cap_sale;
        }
        s->weight[i] = (uint64_t)s->coins[i];
        sum += s->coins[i];
    }
    if (sum > spec->budget) {
        gx_apportion(s->coins, spec->budget, s->weight, s->pot_count, s->scratch);
        sum = spec->budget;
    }
    s->kept = spec->budget - sum;
}

static void fill_pots(settling *s) {
    for (uint32_t i = 0; i < s->pot_count; i++) {
        s->weight[i] = s->pots[i].count > 0 ? s->pots[i].weight : 0;
    }
    if (s->spec->rated > 0) {
        fill_to_rate(s);
    } else {
        s->kept = gx_apportion_capped(s->coins, s->spec->budget, s->weight, s->pot_count,
                                      s->spec->cap_sale, s->order, s->scratch);
    }
    for (uint32_t i = 0; i < s->pot_count; i++) {
        s->pots[i].coins = s->coins[i];
    }
}

static void share_pot(settling *s, const gx_pot *pot) {
    const gx_credit_spec *credit = &s->spec->credit;
    gx_payee *payees = s->payees + pot->first;
    int64_t paid = 0;
    for (uint32_t k = 0; k < pot->count; k++) {
        s->weight[k] = gx_share_weight(payees[k].share);
    }
    if (gx_credit_spends_all(credit->rule)) {
        gx_apportion(s->coins, pot->coins, s->weight, pot->count, s->scratch);
    }
    for (uint32_t k = 0; k < pot->count; k++) {
        payees[k].coins =
            credit->rule == GX_CREDIT_RECURSIVE
                ? gx_split_proof_coins(pot->coins, credit->delta, k, 1)
            : credit->rule == GX_CREDIT_SPLIT_PROOF
                ? gx_split_proof_coins(pot->coins, credit->delta, k, pot->count - 1 - k)
                : s->coins[k];
        paid += payees[k].coins;
    }
    s->kept += pot->coins - paid;
}

/* What each member may have, from what it has. */
static void limit_members(settling *s) {
    const gx_payout_spec *spec = s->spec;
    const int64_t cap = spec->cap_member;
    int64_t total = 0;
    for (uint32_t u = 0; u < spec->users; u++) {
        total += (int64_t)s->weight[u];
    }
    if (gx_credit_spends_all(spec->credit.rule) && spec->cap_sale == 0 && spec->rated == 0) {
        s->kept +=
            gx_apportion_capped(s->coins, total, s->weight, spec->users, cap, s->order, s->scratch);
        return;
    }
    for (uint32_t u = 0; u < spec->users; u++) {
        const int64_t has = (int64_t)s->weight[u];
        s->coins[u] = has > cap ? cap : has;
        s->kept += has - s->coins[u];
    }
}

static uint32_t place_of(const gx_payout_spec *spec, uint32_t user) {
    return spec->place ? spec->place[user] : user;
}

/* Members stand by their places: what is equal goes to the first. */
static gx_status cap_members(settling *s, gx_job *job, gx_error *err) {
    const uint32_t users = s->spec->users;
    gx_status status;
    uint32_t *first = NULL, *line = NULL;
    int64_t *target = NULL;
    GX_TRY(gx_job_alloc(job, &first, (size_t)users + 2, sizeof *first, err));
    GX_TRY(gx_job_alloc(job, &line, s->payee_count, sizeof *line, err));
    GX_TRY(gx_job_alloc(job, &target, users, sizeof *target, err));
    memset(s->weight, 0, users * sizeof *s->weight);
    for (uint32_t i = 0; i < s->payee_count; i++) {
        const uint32_t u = place_of(s->spec, s->payees[i].user);
        s->weight[u] += (uint64_t)s->payees[i].coins;
        first[u + 2]++;
    }
    for (uint32_t u = 0; u < users; u++) {
        first[u + 2] += first[u + 1];
    }
    for (uint32_t i = 0; i < s->payee_count; i++) {
        line[first[place_of(s->spec, s->payees[i].user) + 1]++] = i;
    }
    limit_members(s);
    memcpy(target, s->coins, users * sizeof *target);
    for (uint32_t u = 0; u < users; u++) {
        const uint32_t count = first[u + 1] - first[u], *lines = line + first[u];
        for (uint32_t k = 0; k < count; k++) {
            s->weight[k] = (uint64_t)s->payees[lines[k]].coins;
        }
        gx_apportion(s->coins, target[u], s->weight, count, s->scratch);
        for (uint32_t k = 0; k < count; k++) {
            s->payees[lines[k]].coins = s->coins[k];
        }
    }
done:
    gx_job_free(job, first);
    gx_job_free(job, line);
    gx_job_free(job, target);
    return status;
}

static gx_status check(const settling *s, gx_error *err) {
    int64_t sum = s->kept;
    for (uint32_t i = 0; i < s->payee_count; i++) {
        sum += s->payees[i].coins;
    }
    return sum == s->spec->budget
               ? GX_OK
               : gx_fail(err, GX_INTERNAL, "payouts sum to %lld, not to the budget, %lld",
                         (long long)sum, (long long)s->spec->budget);
}

gx_status gx_payout_settle(gx_payee *payees, uint64_t payee_count, gx_pot *pots, uint32_t pot_count,
                           int64_t *out_kept, const gx_payout_spec *spec, gx_job *job,
                           gx_error *err) {
    gx_status status;
    settling s = {.payees = payees,
                  .pots = pots,
                  .payee_count = (uint32_t)payee_count,
                  .pot_count = pot_count,
                  .spec = spec};
    size_t room = pot_count > spec->users ? pot_count : spec->users;
    room = payee_count > room ? payee_count : room;
    if (spec->credit.rule == GX_CREDIT_SPLIT_PROOF && spec->cap_member > 0) {
        return gx_fail_at(
            err, GX_BAD_REQUEST, "cap_member",
            "cap_member does not go with split-proof: who comes as two would have the "
            "cap twice; cap_sale does");
    }
    if (payee_count >= UINT32_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "%llu payees; at most %u can be",
                       (unsigned long long)payee_count, UINT32_MAX - 1);
    }
    GX_TRY(gx_job_alloc(job, &s.weight, room, sizeof *s.weight, err));
    GX_TRY(gx_job_alloc(job, &s.coins, room, sizeof *s.coins, err));
    GX_TRY(gx_job_alloc(job, &s.order, room, sizeof *s.order, err));
    GX_TRY(gx_job_alloc(job, &s.scratch, room, sizeof *s.scratch, err));
    fill_pots(&s);
    for (uint32_t i = 0; i < pot_count; i++) {
        share_pot(&s, &pots[i]);
        if (i % 4096 == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    if (spec->cap_member > 0) {
        GX_TRY(cap_members(&s, job, err));
    }
    GX_TRY(check(&s, err));
    *out_kept = s.kept;
done:
    gx_job_free(job, s.weight);
    gx_job_free(job, s.coins);
    gx_job_free(job, s.order);
    gx_job_free(job, s.scratch);
    return status;
}
