/* Payouts on 10,000 random trees: to the coin under every rule and cap, and no gain from a split
 * identity under the rule that says so. */
#include "engine/referral/payout.h"
#include "graph/csr/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TREES = 10000, MEMBERS = 24, MORE = 6, SALES = 30, MOST = SALES * (MEMBERS + MORE) };

typedef struct world {
    uint32_t members, sales;
    uint32_t parent[MEMBERS + MORE]; /* GX_NONE: nobody */
    uint32_t buyer[SALES];
    uint64_t weight[SALES];
    bool buyers; /* take part */
} world;

typedef struct settled {
    gx_payee payees[MOST];
    gx_pot pots[SALES];
    uint64_t count;
    int64_t kept;
    int64_t has[MEMBERS + MORE];
} settled;

static world draw_world(gx_rng *rng) {
    world w = {.members = 1 + (uint32_t)gx_rng_below(rng, MEMBERS),
               .sales = 1 + (uint32_t)gx_rng_below(rng, SALES)};
    const uint64_t roots = 1 + gx_rng_below(rng, 5), chains = gx_rng_below(rng, 4);
    for (uint32_t v = 0; v < w.members; v++) {
        w.parent[v] = v == 0 || gx_rng_below(rng, 8) < roots ? GX_NONE
                      : gx_rng_below(rng, 3) < chains        ? v - 1
                                                             : (uint32_t)gx_rng_below(rng, v);
    }
    for (uint32_t s = 0; s < w.sales; s++) {
        w.buyer[s] = (uint32_t)gx_rng_below(rng, w.members);
        w.weight[s] = gx_rng_below(rng, 5) ? gx_rng_below(rng, 100000) : 0;
    }
    w.buyers = gx_rng_below(rng, 2);
    return w;
}

static void settle(settled *out, const world *w, const gx_payout_spec *spec) {
    gx_job job;
    gx_error err;
    gx_job_init(&job, 1, 1);
    memset(out, 0, sizeof *out);
    for (uint32_t s = 0; s < w->sales; s++) {
        gx_touch path[MEMBERS + MORE];
        double share[MEMBERS + MORE];
        uint32_t count = 0, at = w->buyers ? w->buyer[s] : w->parent[w->buyer[s]];
        for (; at != GX_NONE; at = w->parent[at]) {
            path[count] = (gx_touch){.ts_ms = -1000 * (int64_t)count, .user = at, .hop = count};
            count++;
        }
        /* a chain, for shapley: each is brought by the next */
        uint32_t most = spec->credit.rule == GX_CREDIT_SHAPLEY && count > 8 ? 8 : count;
        for (uint32_t k = 0; k < most; k++) {
            path[k].from = k + 1 < most ? UINT32_C(2) << k : 0;
        }
        gx_credit_shares(share, &spec->credit, path, most, 1);
        out->pots[s] = (gx_pot){.first = out->count, .count = most, .weight = w->weight[s]};
        for (uint32_t k = 0; k < most; k++) {
            out->payees[out->count++] = (gx_payee){path[k].user, k, share[k], 0};
        }
    }
    if (gx_payout_settle(out->payees, out->count, out->pots, w->sales, &out->kept, spec, &job,
                         &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(job.mem_used, 0);
    for (uint64_t i = 0; i < out->count; i++) {
        assert_true(out->payees[i].coins >= 0);
        out->has[out->payees[i].user] += out->payees[i].coins;
    }
}

static int64_t draw_coins(gx_rng *rng) {
    return (int64_t)gx_rng_below(rng, UINT64_C(1) << gx_rng_below(rng, 48));
}

static void payouts_sum_to_the_budget(void **state) {
    (void)state;
    static settled got;
    for (uint64_t seed = 0; seed < TREES; seed++) {
        gx_rng rng = gx_rng_at(seed, 21);
        const world w = draw_world(&rng);
        gx_payout_spec spec = {
            .credit = {.rule = (gx_credit_rule)(seed % GX_CREDIT_COUNT),
                       .delta = 1 + (int)gx_rng_below(&rng, 999),
                       .half_life_ms = 1 + (double)gx_rng_below(&rng, 5000)},
            .budget = draw_coins(&rng),
            .users = w.members,
        };
        spec.cap_sale = gx_rng_below(&rng, 3) ? 0 : 1 + draw_coins(&rng) / w.sales;
        spec.cap_member = spec.credit.rule == GX_CREDIT_SPLIT_PROOF || gx_rng_below(&rng, 3)
                              ? 0
                              : 1 + draw_coins(&rng) / w.members;
        if (gx_rng_below(&rng, 2)) { /* a rate; the budget is as much or less */
            spec.rated = draw_coins(&rng);
            spec.budget = gx_rng_below(&rng, 2) ? spec.rated : spec.rated / 3;
        }
        settle(&got, &w, &spec);
        int64_t sum = got.kept;
        bool some = false, pots_full = true, members_full = true;
        long double all = 0;
        for (uint32_t s = 0; s < w.sales; s++) {
            all += got.pots[s].count > 0 ? (long double)w.weight[s] : 0;
        }
        for (uint32_t s = 0; s < w.sales; s++) {
            int64_t paid = 0;
            const bool counts = got.pots[s].count > 0 && got.pots[s].weight > 0;
            for (uint32_t k = 0; k < got.pots[s].count; k++) {
                paid += got.payees[got.pots[s].first + k].coins;
            }
            sum += paid;
            some |= counts;
            pots_full = pots_full && (!counts || got.pots[s].coins == spec.cap_sale);
            assert_true(counts || got.pots[s].coins == 0);
            assert_true(spec.cap_sale == 0 || got.pots[s].coins <= spec.cap_sale);
            assert_true(spec.cap_sale == 0 || paid <= spec.cap_sale);
            if (spec.rated > 0 && counts) {
                const long double part = spec.rated / all * (long double)w.weight[s];
                assert_true((long double)got.pots[s].coins < part + 1.001L);
                assert_true(paid <= got.pots[s].coins);
            }
        }
        for (uint32_t u = 0; u < w.members; u++) {
            assert_true(spec.cap_member == 0 || got.has[u] <= spec.cap_member);
            members_full = members_full && (got.has[u] == 0 || got.has[u] == spec.cap_member);
        }
        assert_int_equal(sum, spec.budget);
        if (gx_credit_spends_all(spec.credit.rule) && some && got.kept > 0) {
            assert_true(spec.rated > 0      ? spec.cap_sale > 0 || spec.cap_member > 0
                        : spec.cap_sale > 0 ? pots_full || spec.cap_member > 0
                                            : spec.cap_member > 0 && members_full);
        }
        assert_true(some || got.kept == spec.budget);
    }
}

/* Members numbered the other way round, as by another order of import, get the same each. */
static void caps_go_by_place_not_by_number(void **state) {
    (void)state;
    static settled once, again;
    uint32_t apart = 0;
    for (uint64_t seed = 0; seed < TREES / 10; seed++) {
        gx_rng rng = gx_rng_at(seed, 23);
        const world w = draw_world(&rng);
        world turned = w;
        uint32_t place[MEMBERS];
        const uint32_t last = w.members - 1;
        for (uint32_t v = 0; v < w.members; v++) {
            turned.parent[last - v] = w.parent[v] == GX_NONE ? GX_NONE : last - w.parent[v];
            place[v] = last - v;
        }
        for (uint32_t s = 0; s < w.sales; s++) {
            turned.buyer[s] = last - w.buyer[s];
        }
        gx_payout_spec spec = {
            .credit = {.rule = GX_CREDIT_LAST, .delta = 500, .half_life_ms = 1000},
            .budget = (int64_t)gx_rng_below(&rng, 1000),
            .cap_member = 1 + (int64_t)gx_rng_below(&rng, 200),
            .users = w.members,
        };
        settle(&once, &w, &spec);
        settle(&again, &turned, &spec);
        for (uint32_t v = 0; v < w.members; v++) {
            apart += again.has[last - v] != once.has[v];
        }
        spec.place = place;
        settle(&again, &turned, &spec);
        for (uint32_t v = 0; v < w.members; v++) {
            assert_int_equal(again.has[last - v], once.has[v]);
        }
    }
    assert_true(apart > 0);
}

/* The identities of u hang below u's parent or below one another; whoever came by u comes by one of
 * them, and one of them buys what u bought. */
static world split(const world *w, uint32_t u, uint32_t more, gx_rng *rng) {
    world s = *w;
    uint32_t identity[MORE + 1] = {u};
    for (uint32_t k = 1; k <= more; k++) {
        const uint64_t below = gx_rng_below(rng, k + 1);
        identity[k] = s.members++;
        s.parent[identity[k]] = below == k ? w->parent[u] : identity[below];
    }
    for (uint32_t v = 0; v < w->members; v++) {
        if (w->parent[v] == u) {
            s.parent[v] = identity[gx_rng_below(rng, more + 1)];
        }
    }
    for (uint32_t i = 0; i < w->sales; i++) {
        if (w->buyer[i] == u) {
            s.buyer[i] = identity[gx_rng_below(rng, more + 1)];
        }
    }
    return s;
}

static bool buys(const world *w, uint32_t u) {
    for (uint32_t i = 0; i < w->sales; i++) {
        if (w->buyer[i] == u) {
            return true;
        }
    }
    return false;
}

/* How often a split gains under the rule, of those tried. */
static uint32_t gains(gx_credit_rule rule, bool of_buyers, uint32_t *out_tried) {
    static settled before, after;
    uint32_t gained = 0;
    *out_tried = 0;
    for (uint64_t seed = 0; seed < TREES; seed++) {
        gx_rng rng = gx_rng_at(seed, 22);
        world w = draw_world(&rng);
        const uint32_t u = (uint32_t)gx_rng_below(&rng, w.members);
        const uint32_t more = 1 + (uint32_t)gx_rng_below(&rng, MORE);
        w.buyers = of_buyers;
        gx_payout_spec spec = {.credit = {rule, 1 + (int)gx_rng_below(&rng, 999), 1000},
                               .budget = draw_coins(&rng),
                               .users = w.members};
        spec.cap_sale = gx_rng_below(&rng, 3) ? 0 : 1 + draw_coins(&rng) / w.sales;
        const world two = split(&w, u, more, &rng);
        if (!of_buyers && buys(&w, u)) {
            continue;
        }
        ++*out_tried;
        settle(&before, &w, &spec);
        spec.users = two.members;
        settle(&after, &two, &spec);
        int64_t had = before.has[u], has = after.has[u];
        for (uint32_t v = w.members; v < two.members; v++) {
            has += after.has[v];
        }
        gained += has > had;
    }
    return gained;
}

static void splitting_an_identity_never_pays(void **state) {
    (void)state;
    uint32_t tried;
    assert_int_equal(gains(GX_CREDIT_SPLIT_PROOF, true, &tried), 0);
    assert_int_equal(tried, TREES);
    assert_int_equal(gains(GX_CREDIT_SPLIT_PROOF, false, &tried), 0);
    assert_true(tried > TREES / 8);
    /* and the test sees it where it does */
    assert_true(gains(GX_CREDIT_GEOMETRIC, true, &tried) > 1000);
    assert_true(gains(GX_CREDIT_RECURSIVE, true, &tried) > 1000);
    assert_true(gains(GX_CREDIT_LINEAR, true, &tried) > 1000);
}

/* f(near, far) ≥ f(near + 1, far) + f(near, far + 1), and floors of what they should be. */
static void floors_are_exact(void **state) {
    (void)state;
    gx_rng rng = gx_rng_at(5, 23);
    for (int i = 0; i < 100000; i++) {
        const int64_t pot = draw_coins(&rng);
        const int delta = 1 + (int)gx_rng_below(&rng, 999);
        const uint32_t near = (uint32_t)gx_rng_below(&rng, i % 2 ? 5 : 66);
        const uint32_t far = (uint32_t)gx_rng_below(&rng, i % 3 ? 5 : 66);
        const int64_t one = gx_split_proof_coins(pot, delta, near, far);
        const int64_t two = gx_split_proof_coins(pot, delta, near + 1, far) +
                            gx_split_proof_coins(pot, delta, near, far + 1);
        assert_true(two <= one);
        const long double d = delta / 1000.0L;
        const long double exact = (long double)pot * powl(d, near) * powl(1 - d, far);
        if (near + far < GX_SPLIT_PROOF_MOST) {
            assert_true((long double)one <= exact + 1e-3L && (long double)one > exact - 1.001L);
        }
    }
    assert_int_equal(gx_split_proof_coins(1000, 500, 0, 0), 1000);
    assert_int_equal(gx_split_proof_coins(1000, 500, 1, 0), 500);
    assert_int_equal(gx_split_proof_coins(1000, 300, 0, 1), 700);
    assert_int_equal(gx_split_proof_coins(GX_COINS_MAX, 1, 0, 0), GX_COINS_MAX);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void shares_are(gx_credit_rule rule, const gx_touch *path, uint32_t count, uint32_t direct,
                       const double *want) {
    double share[GX_SHAPLEY_MOST];
    const gx_credit_spec spec = {rule, 250, 1000};
    gx_credit_shares(share, &spec, path, count, direct);
    for (uint32_t k = 0; k < count; k++) {
        assert_true(fabs(share[k] - want[k]) < 1e-12);
    }
}

static void rules_do_what_they_say(void **state) {
    (void)state;
    const gx_touch path[3] = {
        {.ts_ms = 3000, .from = 2}, {.ts_ms = 2000, .from = 4}, {.ts_ms = 1000, .from = 0}};
    shares_are(GX_CREDIT_LAST, path, 3, 1, (const double[]){1, 0, 0});
    shares_are(GX_CREDIT_FIRST, path, 3, 1, (const double[]){0, 0, 1});
    shares_are(GX_CREDIT_LINEAR, path, 3, 1, (const double[]){1 / 3., 1 / 3., 1 / 3.});
    shares_are(GX_CREDIT_DECAY, path, 3, 1, (const double[]){4 / 7., 2 / 7., 1 / 7.});
    shares_are(GX_CREDIT_GEOMETRIC, path, 3, 1, (const double[]){16 / 21., 4 / 21., 1 / 21.});
    shares_are(GX_CREDIT_RECURSIVE, path, 3, 1, (const double[]){.75, .1875, .046875});
    shares_are(GX_CREDIT_SPLIT_PROOF, path, 3, 1, (const double[]){.5625, .1875, .0625});
    /* a chain needs everybody; two who came by nobody would each do */
    shares_are(GX_CREDIT_SHAPLEY, path, 3, 1, (const double[]){1 / 3., 1 / 3., 1 / 3.});
    const gx_touch apart[2] = {{.from = 0}, {.from = 0}};
    shares_are(GX_CREDIT_SHAPLEY, apart, 2, 3, (const double[]){.5, .5});
    /* b alone, or a and d */
    const gx_touch both[3] = {{.from = 4}, {.from = 0}, {.from = 0}};
    shares_are(GX_CREDIT_SHAPLEY, both, 3, 3, (const double[]){1 / 6., 2 / 3., 1 / 6.});
}

/* Shapley against the mean over all orders of coming, and it is efficient. */
static void shapley_is_the_mean_over_orders(void **state) {
    (void)state;
    enum { N = 5 };
    for (uint64_t seed = 0; seed < 300; seed++) {
        gx_rng rng = gx_rng_at(seed, 24);
        const uint32_t n = 1 + (uint32_t)gx_rng_below(&rng, N);
        const uint32_t direct = 1 + (uint32_t)gx_rng_below(&rng, (1U << n) - 1);
        gx_touch path[N] = {{0}};
        double share[N], mean[N] = {0};
        for (uint32_t k = 0; k < n; k++) { /* later ones come earlier: no cycles */
            for (uint32_t j = k + 1; j < n; j++) {
                path[k].from |= gx_rng_below(&rng, 3) ? 0 : 1U << j;
            }
        }
        uint32_t orders = 0;
        for (uint32_t code = 0; code < 3125; code++) { /* n^n words, permutations kept */
            uint32_t seen = 0, rest = code, place[N];
            bool fits = true;
            for (uint32_t k = 0; k < N; k++, rest /= 5) {
                place[k] = rest % 5;
                fits = fits && (k < n ? place[k] < n && !(seen & 1U << place[k]) : place[k] == 0);
                seen |= k < n ? 1U << place[k] : 0;
            }
            if (!fits) {
                continue;
            }
            orders++;
            uint32_t there = 0;
            for (uint32_t k = 0; k < n; k++) {
                there |= 1U << place[k];
                bool won = false; /* every simple way, by relaxation */
                uint32_t ways = direct & there;
                for (uint32_t round = 0; round < n; round++) {
                    for (uint32_t v = 0; v < n; v++) {
                        ways |= ways & 1U << v ? path[v].from & there : 0;
                    }
                }
                for (uint32_t v = 0; v < n; v++) {
                    won |= (ways & 1U << v) && path[v].from == 0;
                }
                if (won) {
                    mean[place[k]] += 1;
                    break;
                }
            }
        }
        const gx_credit_spec spec = {GX_CREDIT_SHAPLEY, 500, 1};
        gx_credit_shares(share, &spec, path, n, direct);
        double sum = 0;
        for (uint32_t k = 0; k < n; k++) {
            assert_true(fabs(share[k] - mean[k] / orders) < 1e-12);
            sum += share[k];
        }
        assert_true(fabs(sum - 1) < 1e-12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payouts_sum_to_the_budget),
        cmocka_unit_test(caps_go_by_place_not_by_number),
        cmocka_unit_test(splitting_an_identity_never_pays),
        cmocka_unit_test(floors_are_exact),
        cmocka_unit_test(rules_do_what_they_say),
        cmocka_unit_test(shapley_is_the_mean_over_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
