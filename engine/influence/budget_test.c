/* Seeds within a budget against every choice within it, on tiny graphs whose ties pass on for sure,
 * so that what a choice reaches is counted. */
#include "engine/influence/seeds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 10, GRAPHS = 500 };

typedef struct shop {
    uint32_t n, reached[MOST]; /* a bit a member */
    double cost[MOST], budget;
    gx_graph graph;
    gx_job job;
} shop;

/* An arc a → b: a heeds b. */
static void settle(shop *s, const uint32_t *src, const uint32_t *dst, uint64_t m, uint64_t seed) {
    gx_job_init(&s->job, 1, seed);
    assert_int_equal(gx_graph_build(&s->graph, s->n, m, src, dst, NULL, GX_GRAPH_IN, &s->job, NULL),
                     GX_OK);
    for (uint32_t v = 0; v < s->n; v++) {
        s->reached[v] = 1u << v;
    }
    for (uint32_t round = 0; round < s->n; round++) {
        for (uint64_t i = 0; i < m; i++) {
            s->reached[dst[i]] |= s->reached[src[i]];
        }
    }
}

static int reach_of(const shop *s, uint32_t bits) {
    uint32_t all = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        all |= bits >> v & 1 ? s->reached[v] : 0;
    }
    return __builtin_popcount(all);
}

static double cost_of(const shop *s, uint32_t bits) {
    double sum = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        sum += bits >> v & 1 ? s->cost[v] : 0;
    }
    return sum;
}

static uint32_t choice_of(shop *s, const char **out_method) {
    gx_seeds seeds;
    uint32_t bits = 0;
    const gx_seed_options options = {
        .chance = {.rule = GX_CHANCE_CONSTANT, .constant = 1, .raise = 1},
        .limits = {.n = s->n, .count = s->n, .cost = s->cost, .budget = s->budget},
        .eps = 0.1,
        .sets = 4000};
    assert_int_equal(gx_seeds_choose(&seeds, &s->graph, &options, &s->job, NULL), GX_OK);
    for (uint32_t i = 0; i < seeds.count; i++) {
        bits |= 1u << seeds.seed[i];
    }
    *out_method = seeds.method;
    assert_true(cost_of(s, bits) <= s->budget + 1e-9);
    gx_seeds_finish(&seeds, &s->job);
    return bits;
}

/* ½ (1 − 1/e) of the best choice at the least, and no less than the best single member. Sets tell
 * what a choice reaches within a few hundredths. */
static void the_better_of_two_is_given(void **state) {
    (void)state;
    const double guaranteed = 0.5 * (1 - exp(-1));
    uint32_t by_gain = 0;
    double sum = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        gx_rng rng = gx_rng_at(seed, 6);
        uint32_t src[3 * MOST], dst[3 * MOST];
        uint64_t m = 0;
        int best = 0, single = 0;
        const char *method;
        shop s = {.n = 3 + (uint32_t)gx_rng_below(&rng, MOST - 2)};
        const uint64_t wanted = gx_rng_below(&rng, 3 * MOST);
        for (uint64_t i = 0; i < wanted; i++) {
            src[m] = (uint32_t)gx_rng_below(&rng, s.n);
            dst[m] = (uint32_t)gx_rng_below(&rng, s.n / 2);
            m += src[m] != dst[m];
        }
        settle(&s, src, dst, m, seed);
        for (uint32_t v = 0; v < s.n; v++) { /* whoever reaches many is dear */
            s.cost[v] = 1 + (double)gx_rng_below(&rng, 3) +
                        2 * (double)gx_rng_below(&rng, 3) * __builtin_popcount(s.reached[v]);
        }
        s.budget = 2 + (double)gx_rng_below(&rng, 30);
        for (uint32_t bits = 1; bits < 1u << s.n; bits++) {
            if (cost_of(&s, bits) <= s.budget) {
                const int reach = reach_of(&s, bits);
                best = reach > best ? reach : best;
                single = (bits & (bits - 1)) == 0 && reach > single ? reach : single;
            }
        }
        const int found = reach_of(&s, choice_of(&s, &method));
        by_gain += strcmp(method, "gain") == 0;
        if (found < guaranteed * best || found < single) {
            fail_msg("graph %u: %d by %s, the best %d, a single one %d", (unsigned)seed, found,
                     method, best, single);
        }
        sum += best > 0 ? (double)found / best : 1;
        gx_graph_finish(&s.graph);
        assert_int_equal(s.job.mem_used, 0);
    }
    print_message("mean share of the best: %.4f; by gain %u of %d\n", sum / GRAPHS, by_gain,
                  GRAPHS);
    assert_true(by_gain > 0 && sum / GRAPHS > 0.95);
}

/* Whoever is cheap for what they reach leaves no budget for the hub. */
static void a_dear_hub_is_taken(void **state) {
    (void)state;
    uint32_t src[MOST], dst[MOST];
    const char *method;
    shop s = {.n = MOST, .budget = 100};
    for (uint32_t v = 0; v + 2 < MOST; v++) {
        src[v] = v + 1;
        dst[v] = 0;
    }
    for (uint32_t v = 0; v < MOST; v++) {
        s.cost[v] = 200;
    }
    s.cost[0] = 100;
    s.cost[MOST - 1] = 1;
    settle(&s, src, dst, MOST - 2, 3);
    assert_int_equal(choice_of(&s, &method), 1);
    assert_string_equal(method, "gain");
    gx_graph_finish(&s.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_better_of_two_is_given),
        cmocka_unit_test(a_dear_hub_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
