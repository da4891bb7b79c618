/* The certified bounds where both sides are known: on stars and paths that share nobody what a
 * choice reaches is a sum, and the best choice is the centres of the largest, or the heads. */
#include "engine/influence/seeds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PARTS_MOST = 24 };

typedef enum shape { STARS, STARS_BOTH_WAYS, PATHS } shape;

/* Member from[i] is the centre or the head of part i, those up to from[i + 1] the rest. */
typedef struct ground {
    shape form;
    uint32_t parts, from[PARTS_MOST + 1], count;
    double p;
    gx_graph graph;
    gx_job job;
} ground;

static void lay(ground *g, shape form, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 80 + (uint64_t)form);
    *g = (ground){.form = form, .parts = 6 + (uint32_t)gx_rng_below(&rng, PARTS_MOST - 5)};
    g->count = 1 + (uint32_t)gx_rng_below(&rng, g->parts - 1);
    g->p = (const double[]){0.1, 0.3, 0.7}[gx_rng_below(&rng, 3)];
    g->p = form == STARS_BOTH_WAYS ? 0.5 : g->p;
    const uint32_t length = 3 + (uint32_t)gx_rng_below(&rng, 8);
    for (uint32_t i = 0; i < g->parts; i++) {
        const uint32_t more = form == PATHS   ? length
                              : form == STARS ? 4 + (uint32_t)gx_rng_below(&rng, 60)
                                              : 90 + (uint32_t)gx_rng_below(&rng, 40);
        g->from[i + 1] = g->from[i] + more;
    }
    const uint32_t n = g->from[g->parts];
    uint32_t *src = gx_alloc(n, sizeof *src), *dst = gx_alloc(n, sizeof *dst), m = 0;
    for (uint32_t i = 0; i < g->parts; i++) {
        for (uint32_t v = g->from[i] + 1; v < g->from[i + 1]; v++) { /* v heeds */
            src[m] = v;
            dst[m++] = form == PATHS ? v - 1 : g->from[i];
        }
    }
    gx_job_init(&g->job, 1 + (int)(seed % 2), seed);
    const unsigned both = form == STARS_BOTH_WAYS ? GX_GRAPH_UNDIRECTED : 0;
    assert_int_equal(
        gx_graph_build(&g->graph, n, m, src, dst, NULL, GX_GRAPH_IN | both, &g->job, NULL), GX_OK);
    gx_free(src);
    gx_free(dst);
}

/* What the seeds reach of part i. */
static double reached_in(const ground *g, uint32_t i, const bool *seed) {
    double sum = 0, chance = 0;
    if (g->form == PATHS) {
        for (uint32_t v = g->from[i]; v < g->from[i + 1]; v++) {
            sum += chance = seed[v] ? 1 : g->p * chance;
        }
        return sum;
    }
    uint32_t leaves = 0;
    for (uint32_t v = g->from[i] + 1; v < g->from[i + 1]; v++) {
        leaves += seed[v];
    }
    const double others = g->from[i + 1] - g->from[i] - 1 - leaves;
    chance = seed[g->from[i]] ? 1 : g->form == STARS ? 0 : 1 - pow(1 - g->p, leaves);
    return leaves + chance * (1 + g->p * others);
}

static double reached_by(const ground *g, const uint32_t *seeds, uint32_t count) {
    bool *seed = gx_alloc0(g->graph.n, sizeof *seed);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        seed[seeds[i]] = true;
    }
    for (uint32_t i = 0; i < g->parts; i++) {
        sum += reached_in(g, i, seed);
    }
    gx_free(seed);
    return sum;
}

/* The best: of as many parts as there are seeds, the largest, their firsts. */
static double best_of_all(const ground *g) {
    uint32_t first[PARTS_MOST];
    memcpy(first, g->from, g->parts * sizeof *first);
    for (uint32_t i = 0; i < g->count; i++) {
        for (uint32_t k = i + 1; k < g->parts; k++) {
            if (reached_by(g, &first[k], 1) > reached_by(g, &first[i], 1)) {
                const uint32_t swap = first[i];
                first[i] = first[k];
                first[k] = swap;
            }
        }
    }
    return reached_by(g, first, g->count);
}

/* Sums over runs. */
typedef struct tally {
    uint32_t runs, broken, by_worlds;
    double lower, upper, gap; /* over the truth; the spread's errors off it */
} tally;

static void run(tally *t, shape form, const gx_seed_options *asked, uint64_t seed) {
    ground g;
    gx_seeds seeds;
    lay(&g, form, seed);
    gx_seed_options with = *asked;
    with.chance.constant = g.p;
    with.limits = (gx_seed_limits){.n = g.graph.n, .count = g.count};
    assert_int_equal(gx_seeds_choose(&seeds, &g.graph, &with, &g.job, NULL), GX_OK);
    assert_int_equal(seeds.count, g.count);
    const double truth = reached_by(&g, seeds.seed, seeds.count), best = best_of_all(&g);
    assert_true(truth <= best + 1e-9);
    t->runs++;
    t->broken += seeds.lower > truth || seeds.upper < best;
    t->by_worlds += seeds.worlds > 0;
    t->lower += seeds.lower / truth;
    t->upper += seeds.upper / best;
    t->gap += seeds.error > 0 ? (seeds.spread - truth) / seeds.error : 0;
    gx_seeds_finish(&seeds, &g.job);
    gx_graph_finish(&g.graph);
    assert_int_equal(g.job.mem_used, 0);
}

/* No more bounds are broken than the chance they are given allows, they say something, and the
 * spread is off to neither side; the best of several, each told by the same sets, is flattered. */
static void judge(const tally *t, double delta, double off) {
    const double runs = t->runs, most = delta * runs + 3 * sqrt(delta * (1 - delta) * runs);
    if (t->broken > most || t->lower < 0.75 * runs || t->upper > 1.3 * runs ||
        fabs(t->gap) > 4 * sqrt(runs) + off * runs) {
        fail_msg("%u of %u broken; lower %.3f, upper %.3f of the truth; off by %.3f errors",
                 t->broken, t->runs, t->lower / runs, t->upper / runs, t->gap / runs);
    }
}

static void bounds_hold_as_often_as_they_say(void **state) {
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        const gx_seed_options asked = {
            .chance = {.model = kind & 1 ? GX_SPREAD_THRESHOLD : GX_SPREAD_CASCADE,
                       .rule = GX_CHANCE_CONSTANT,
                       .raise = 1},
            .eps = 0.1,
            .delta = 0.05,
            .sets = 20000,
            .heuristics = kind & 2};
        tally t = {0};
        for (uint64_t seed = 0; seed < 50; seed++) {
            run(&t, kind & 4 ? PATHS : STARS, &asked, seed);
        }
        judge(&t, asked.delta, asked.heuristics ? 0.5 : 0);
    }
}

static void bounds_hold_where_worlds_choose(void **state) {
    (void)state;
    const gx_seed_options asked = {
        .chance = {.model = GX_SPREAD_CASCADE, .rule = GX_CHANCE_CONSTANT, .raise = 1},
        .eps = 0.5,
        .delta = 0.05,
        .heuristics = true};
    tally t = {0};
    for (uint64_t seed = 0; seed < 24; seed++) {
        run(&t, STARS_BOTH_WAYS, &asked, seed);
    }
    assert_int_equal(t.by_worlds, t.runs);
    judge(&t, asked.delta, 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_hold_as_often_as_they_say),
        cmocka_unit_test(bounds_hold_where_worlds_choose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
