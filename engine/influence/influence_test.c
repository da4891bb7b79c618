/* Sets, worlds and simulation against the exact spread of tiny graphs, over every world of kept
 * arcs; choices against every choice; limits over thousands of random ones; the same bytes at any
 * number of threads. */
#include "engine/influence/seeds.h"
#include "engine/influence/simulate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ARCS_MOST = 10, NODES_MOST = 6 };

typedef struct sample {
    uint32_t n;
    uint64_t m;
    uint32_t src[64], dst[64];
    float weight[64], given[64];
    gx_graph graph;
    gx_job job;
} sample;

static void settle(sample *s, int threads, uint64_t seed) {
    gx_job_init(&s->job, threads, seed);
    assert_int_equal(gx_graph_build(&s->graph, s->n, s->m, s->src, s->dst, s->weight, GX_GRAPH_IN,
                                    &s->job, NULL),
                     GX_OK);
}

/* At most ARCS_MOST arcs of different pairs, with weights and chances of their own. */
static void tiny(sample *s, uint64_t seed, int threads) {
    gx_rng rng = gx_rng_at(seed, 77);
    *s = (sample){.n = 2 + (uint32_t)gx_rng_below(&rng, NODES_MOST - 1)};
    const uint64_t wanted = gx_rng_below(&rng, ARCS_MOST + 1);
    bool there[NODES_MOST][NODES_MOST] = {{0}};
    for (uint64_t i = 0; i < wanted; i++) {
        const uint32_t u = (uint32_t)gx_rng_below(&rng, s->n),
                       v = (uint32_t)gx_rng_below(&rng, s->n);
        if (u != v && !there[u][v]) {
            there[u][v] = true;
            s->src[s->m] = u;
            s->dst[s->m] = v;
            s->weight[s->m] = (float)(1 + gx_rng_below(&rng, 4));
            s->m++;
        }
    }
    settle(s, threads, seed);
    for (uint64_t i = 0; i < s->graph.m; i++) {
        s->given[i] = (float)gx_rng_below(&rng, 5) / 4;
    }
}

static gx_chance_options options_of(const sample *s, uint64_t seed) {
    return (gx_chance_options){.model = seed % 2 ? GX_SPREAD_THRESHOLD : GX_SPREAD_CASCADE,
                               .rule = (gx_chance_rule)(seed / 2 % 4),
                               .constant = 0.3,
                               .given = s->given,
                               .raise = seed / 8 % 2    ? 1
                                        : seed / 16 % 3 ? 1.5
                                                        : 0};
}

/* ---- the truth ------------------------------------------------------------------------------- */

/* Chance of arc i of the graph, told anew. */
static void chances_of(double *p, const sample *s, const gx_chance_options *o) {
    const gx_graph *g = &s->graph;
    for (uint32_t a = 0; a < g->n; a++) {
        double weight = 0, sum = 0;
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            weight += g->out_weight ? (double)g->out_weight[i] : 1;
        }
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            const double share = g->out_weight ? (double)g->out_weight[i] : 1;
            const double rule[] = {1.0 / (double)(g->out_ptr[a + 1] - g->out_ptr[a]),
                                   share / weight, o->constant, (double)s->given[i]};
            p[i] = 1 - pow(1 - rule[o->rule], o->raise);
            sum += p[i];
        }
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            p[i] /= o->model == GX_SPREAD_THRESHOLD && sum > 1 ? sum : 1;
        }
    }
}

static uint32_t reached_in(const gx_graph *g, const uint32_t *heeds, uint64_t world,
                           uint32_t seeds) {
    uint32_t reached = seeds, before = 0;
    while (before != reached) {
        before = reached;
        for (uint64_t i = 0; i < g->m; i++) {
            if (world >> i & 1 && reached >> g->out_dst[i] & 1) {
                reached |= 1u << heeds[i];
            }
        }
    }
    return (uint32_t)__builtin_popcount(reached);
}

/* Exact: over all worlds; of a threshold only those in which each member keeps one arc or none. */
static double exact(const sample *s, const gx_chance_options *o, uint32_t seeds) {
    const gx_graph *g = &s->graph;
    double p[64], sum = 0;
    uint32_t heeds[64];
    chances_of(p, s, o);
    for (uint32_t a = 0; a < g->n; a++) {
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            heeds[i] = a;
        }
    }
    for (uint64_t world = 0; world < UINT64_C(1) << g->m; world++) {
        double chance = 1;
        for (uint32_t a = 0; a < g->n; a++) {
            double none = 1;
            uint32_t kept = 0;
            for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
                const bool keeps = world >> i & 1;
                kept += keeps;
                none -= p[i];
                if (o->model == GX_SPREAD_CASCADE || keeps) {
                    chance *= keeps ? p[i] : 1 - p[i];
                }
            }
            if (o->model == GX_SPREAD_THRESHOLD) {
                chance *= kept > 1 ? 0 : kept == 1 ? 1 : none < 0 ? 0 : none;
            }
        }
        sum += chance > 0 ? chance * reached_in(g, heeds, world, seeds) : 0;
    }
    return sum;
}

static uint32_t some_seeds(uint32_t *seed, const sample *s, uint64_t number) {
    uint32_t bits = 1 + (uint32_t)(gx_mix64(number) % ((1u << s->n) - 1)), count = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        if (bits >> v & 1) {
            seed[count++] = v;
        }
    }
    return count;
}

static uint32_t bits_of(const uint32_t *seed, uint32_t count) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits |= 1u << seed[i];
    }
    return bits;
}

/* ---- estimates ------------------------------------------------------------------------------- */

/* Sets of one are counted, the others are numbered and hold two or more. */
static void assert_alone(const gx__sets *sets) {
    static uint32_t size[20000], at_root[20000];
    uint64_t alone = 0;
    memset(size, 0, sizeof size);
    memset(at_root, 0, sizeof at_root);
    for (uint32_t v = 0; v < sets->n; v++) {
        alone += sets->alone[v];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            assert_true(sets->set[i] < sets->kept);
            assert_true(i == sets->ptr[v] || sets->set[i - 1] < sets->set[i]);
            size[sets->set[i]]++;
            at_root[sets->set[i]] += sets->root[sets->set[i]] == v;
        }
    }
    for (uint32_t s = 0; s < sets->kept; s++) {
        assert_true(size[s] >= 2 && at_root[s] == 1);
    }
    assert_int_equal(alone, sets->count - sets->kept);
    assert_int_equal(sets->entries, sets->ptr[sets->n] + alone);
}

static void near(double estimate, double error, double truth) {
    if (!(fabs(estimate - truth) <= 5 * error + 1e-3)) {
        fail_msg("%.5f ± %.5f is not %.5f", estimate, error, truth);
    }
}

static void spreads_are_those_of_all_worlds(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 96; seed++) {
        sample s;
        uint32_t chosen[NODES_MOST];
        tiny(&s, seed, 1);
        const gx_chance_options o = options_of(&s, seed);
        const uint32_t count = some_seeds(chosen, &s, seed);
        const double truth = exact(&s, &o, bits_of(chosen, count));
        gx_chances chances;
        gx_simulation simulation;
        gx__roots roots;
        gx__drawing *drawing;
        gx__sets sets;
        gx__cover cover;
        const gx__aim aim = {0};
        assert_int_equal(gx_chances_make(&chances, &s.graph, &o, true, &s.job, NULL), GX_OK);
        const gx_simulation_options with = {.seed = chosen, .count = count, .runs = 4000};
        assert_int_equal(gx_simulate(&simulation, &chances, &with, &s.job, NULL), GX_OK);
        near(simulation.mean, simulation.error, truth);
        assert_int_equal(gx__roots_make(&roots, NULL, s.n, &s.job, NULL), GX_OK);
        assert_int_equal(
            gx__drawing_create(&drawing, &chances, &roots, 20000, (gx__drawn){0}, &s.job, NULL),
            GX_OK);
        assert_int_equal(gx__sets_draw(&sets, drawing, 0, 20000, UINT64_MAX, true, NULL), GX_OK);
        gx__drawing_destroy(drawing);
        assert_int_equal(sets.count, 20000);
        assert_alone(&sets);
        assert_int_equal(gx__cover_make(&cover, &sets, 1, &aim, &s.job, NULL), GX_OK);
        for (uint32_t i = 0; i < count; i++) {
            gx__cover_take(&cover, chosen[i]);
        }
        const double share = (double)cover.covered_count / 20000;
        near(share * s.n, s.n * sqrt(share * (1 - share) / 20000), truth);
        gx__cover_finish(&cover, &s.job);
        if (o.model == GX_SPREAD_CASCADE) { /* worlds are those of the simulation */
            gx__worlds worlds;
            double mean, error;
            assert_int_equal(gx__worlds_make(&worlds, &chances, NULL, 0, 4000, &s.job, NULL),
                             GX_OK);
            assert_int_equal(
                gx__worlds_judge(&mean, &error, NULL, &worlds, chosen, count, &s.job, NULL), GX_OK);
            assert_true(fabs(mean - simulation.mean) < 1e-9);
            assert_true(fabs(error - simulation.error) < 1e-9);
            gx__worlds_finish(&worlds, &s.job);
        }
        gx__sets_finish(&sets, &s.job);
        gx__roots_finish(&roots, &s.job);
        gx_simulation_finish(&simulation, &s.job);
        gx_chances_finish(&chances, &s.job);
        gx_graph_finish(&s.graph);
        assert_int_equal(s.job.mem_used, 0);
    }
}

/* What each seed reaches beyond those before it is the difference of two simulations, of the same
 * worlds; with members who pass on or do not, and with worth. */
static void gains_are_of_the_same_worlds(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        sample s;
        uint32_t chosen[NODES_MOST];
        float passes[NODES_MOST];
        double worth[NODES_MOST], before = 0;
        tiny(&s, seed, 1 + (int)(seed % 2));
        for (uint32_t v = 0; v < s.n; v++) {
            passes[v] = (float)((seed + v) % 4) / 4;
            worth[v] = (double)((seed / 4 + v) % 5) / 3;
        }
        gx_chance_options o = options_of(&s, seed);
        o.passes = seed / 32 % 2 ? passes : NULL;
        const uint32_t count = some_seeds(chosen, &s, seed);
        gx_chances chances;
        gx_simulation whole;
        assert_int_equal(gx_chances_make(&chances, &s.graph, &o, true, &s.job, NULL), GX_OK);
        gx_simulation_options with = {
            .seed = chosen, .count = count, .runs = 60, .weight = worth, .seeds = true};
        assert_int_equal(gx_simulate(&whole, &chances, &with, &s.job, NULL), GX_OK);
        with.seeds = false;
        for (with.count = 1; with.count <= count; with.count++) {
            gx_simulation part;
            assert_int_equal(gx_simulate(&part, &chances, &with, &s.job, NULL), GX_OK);
            assert_true(fabs(whole.by_seed[with.count - 1] - (part.mean - before)) < 1e-9);
            before = part.mean;
            gx_simulation_finish(&part, &s.job);
        }
        assert_true(fabs(whole.mean - before) < 1e-9);
        gx_simulation_finish(&whole, &s.job);
        gx_chances_finish(&chances, &s.job);
        gx_graph_finish(&s.graph);
        assert_int_equal(s.job.mem_used, 0);
    }
}

/* ---- choices --------------------------------------------------------------------------------- */

/* The most that `count` members reach. */
static double best_of_all(const sample *s, const gx_chance_options *o, uint32_t count) {
    double best = 0;
    for (uint32_t bits = 0; bits < 1u << s->n; bits++) {
        if ((uint32_t)__builtin_popcount(bits) == count) {
            const double reached = exact(s, o, bits);
            best = reached > best ? reached : best;
        }
    }
    return best;
}

static void the_bounds_hold(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 96; seed++) {
        sample s;
        gx_seeds seeds;
        gx_error err = {0};
        tiny(&s, seed, 1);
        const gx_chance_options o = options_of(&s, seed);
        const uint32_t count = 1 + (uint32_t)(seed % 3 < s.n ? seed % 3 : 0);
        const gx_seed_options with = {
            .chance = o, .limits = {.n = s.n, .count = count}, .eps = 0.05, .heuristics = true};
        if (gx_seeds_choose(&seeds, &s.graph, &with, &s.job, &err) != GX_OK) {
            fail_msg("%s", err.message);
        }
        const double best = best_of_all(&s, &o, count < s.n ? count : s.n);
        const double truth = exact(&s, &o, bits_of(seeds.seed, seeds.count));
        assert_int_equal(seeds.count, count < s.n ? count : s.n);
        assert_true(seeds.lower <= truth + 1e-9);
        assert_true(seeds.upper >= best - 1e-9);
        assert_true(truth >= 0.98 * (1 - exp(-1)) * best);
        near(seeds.spread, seeds.error, truth);
        double gains = 0;
        for (uint32_t i = 0; i < seeds.count; i++) {
            gains += seeds.gain[i];
        }
        assert_true(fabs(gains - seeds.spread) < 1e-6);
        assert_true(seeds.spread >= seeds.count && seeds.lower >= seeds.count);
        gx_seeds_finish(&seeds, &s.job);
        gx_graph_finish(&s.graph);
        assert_int_equal(s.job.mem_used, 0);
    }
}

/* A graph of some hundred members in which many have few who heed them. */
static void wide(sample *s, uint32_t **src, uint32_t **dst, uint64_t seed, int threads) {
    enum { N = 400, M = 2400 };
    gx_rng rng = gx_rng_at(seed, 78);
    *s = (sample){.n = N, .m = M};
    *src = gx_alloc(M, sizeof **src);
    *dst = gx_alloc(M, sizeof **dst);
    for (uint32_t i = 0; i < M; i++) {
        const double x = gx_rng_real(&rng);
        (*src)[i] = (uint32_t)gx_rng_below(&rng, N);
        (*dst)[i] = (uint32_t)(x * x * x * N);
    }
    gx_job_init(&s->job, threads, seed);
    assert_int_equal(gx_graph_build(&s->graph, N, M, *src, *dst, NULL, GX_GRAPH_IN, &s->job, NULL),
                     GX_OK);
}

static void threads_change_nothing(void **state) {
    (void)state;
    const double constants[] = {0, 0.05, 0.5}; /* 0: weighted cascade */
    uint32_t by_sets = 0;
    for (uint64_t seed = 0; seed < 6; seed++) {
        gx_seeds one = {0};
        gx_job first_job = {0};
        for (int t = 0; t < 3; t++) {
            sample s;
            uint32_t *src, *dst;
            gx_seeds seeds;
            const int threads[] = {1, 2, 16};
            wide(&s, &src, &dst, seed, threads[t]);
            const double constant = constants[seed % 3];
            const gx_seed_options with = {
                .chance = {.model = seed == 3 ? GX_SPREAD_THRESHOLD : GX_SPREAD_CASCADE,
                           .rule = constant > 0 ? GX_CHANCE_CONSTANT : GX_CHANCE_WEIGHTED,
                           .constant = constant,
                           .raise = 1},
                .limits = {.n = s.n, .count = 10},
                .eps = 0.2,
                .heuristics = true};
            assert_int_equal(gx_seeds_choose(&seeds, &s.graph, &with, &s.job, NULL), GX_OK);
            assert_true(constant < 0.5 || seeds.worlds > 0);
            by_sets += seeds.worlds == 0;
            if (t == 0) {
                one = seeds;
                first_job.mem_used = s.job.mem_used;
            } else {
                assert_int_equal(seeds.count, one.count);
                assert_memory_equal(seeds.seed, one.seed, one.count * sizeof *one.seed);
                assert_memory_equal(seeds.gain, one.gain, one.count * sizeof *one.gain);
                assert_true(seeds.lower == one.lower && seeds.upper == one.upper);
                assert_string_equal(seeds.method, one.method);
                gx_seeds_finish(&seeds, &s.job);
            }
            gx_graph_finish(&s.graph);
            gx_free(src);
            gx_free(dst);
        }
        gx_seeds_finish(&one, &first_job);
    }
    assert_true(by_sets > 0);
}

/* ---- limits ---------------------------------------------------------------------------------- */

typedef struct trial {
    double cost[12];
    uint8_t barred[12];
    uint32_t circle[12], given[3], least[3], most[3];
    gx_seed_limits limits;
} trial;

static void draw_limits(trial *t, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 79);
    *t = (trial){.limits = {.n = 3 + (uint32_t)gx_rng_below(&rng, 6)}};
    gx_seed_limits *l = &t->limits;
    l->count = (uint32_t)gx_rng_below(&rng, 5);
    for (uint32_t v = 0; v < l->n; v++) {
        t->cost[v] = (double)gx_rng_below(&rng, 4);
        t->barred[v] = gx_rng_below(&rng, 4) == 0;
        t->circle[v] = gx_rng_below(&rng, 5) ? (uint32_t)gx_rng_below(&rng, 3) : GX_NONE;
    }
    for (uint32_t c = 0; c < 3; c++) {
        t->least[c] = gx_rng_below(&rng, 3) ? 0 : (uint32_t)gx_rng_below(&rng, 3);
        t->most[c] = (uint32_t)gx_rng_below(&rng, 4);
    }
    l->barred = gx_rng_below(&rng, 2) ? t->barred : NULL;
    if (gx_rng_below(&rng, 2)) {
        l->cost = t->cost;
        l->budget = (double)gx_rng_below(&rng, 8);
    }
    if (gx_rng_below(&rng, 2)) {
        l->circle = t->circle;
        l->circles = 3;
        l->least = gx_rng_below(&rng, 2) ? t->least : NULL;
        l->most = gx_rng_below(&rng, 2) ? t->most : NULL;
    }
    if (gx_rng_below(&rng, 3) == 0) {
        t->given[0] = (uint32_t)gx_rng_below(&rng, l->n);
        l->given = t->given;
        l->given_count = 1;
    }
}

/* Whether the set keeps to the limits. */
static bool keeps(const gx_seed_limits *l, uint32_t bits) {
    double spent = 0;
    uint32_t have[3] = {0};
    bool ok = (uint32_t)__builtin_popcount(bits) <= l->count;
    for (uint32_t i = 0; i < l->given_count; i++) {
        ok = ok && bits >> l->given[i] & 1;
    }
    for (uint32_t v = 0; v < l->n; v++) {
        if (bits >> v & 1) {
            const bool given = l->given_count && l->given[0] == v;
            ok = ok && (given || !(l->barred && l->barred[v]));
            spent += l->cost ? l->cost[v] : 0;
            if (l->circle && l->circle[v] != GX_NONE) {
                have[l->circle[v]]++;
            }
        }
    }
    for (uint32_t c = 0; c < l->circles; c++) {
        ok = ok && (!l->least || have[c] >= l->least[c]) && (!l->most || have[c] <= l->most[c]);
    }
    return ok && (!l->cost || spent <= l->budget);
}

static double take_number(void *of, uint32_t v) {
    (void)of;
    return (double)(v % 3);
}

static void numbers_of(void *of, double *worth, const uint32_t *member, uint32_t count, bool none) {
    (void)none;
    for (uint32_t i = 0; i < count; i++) {
        worth[i] = take_number(of, member[i]);
    }
}

/* A choice is made wherever there is one, keeps to the limits, and nobody who could still join is
 * left out. */
static void limits_are_kept(void **state) {
    (void)state;
    const gx__added added = {.worth = numbers_of, .at_once = 3, .take = take_number};
    uint32_t made = 0, refused = 0;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        trial t;
        gx_job job;
        gx_error err = {0};
        gx__chosen_so_far chosen;
        double gain[8];
        bool possible = false;
        draw_limits(&t, seed);
        gx_job_init(&job, 1, 1);
        for (uint32_t bits = 0; bits < 1u << t.limits.n && !possible; bits++) {
            possible = keeps(&t.limits, bits);
        }
        const gx_status status = gx__chosen_start(&chosen, &t.limits, &job, &err);
        if ((status == GX_OK) != possible) {
            fail_msg("limits %u: %s, possible: %d", (unsigned)seed,
                     status == GX_OK ? "taken" : err.message, possible);
        }
        if (status == GX_OK) {
            assert_int_equal(gx__greedy(&chosen, gain, &added, &job, NULL), GX_OK);
            const uint32_t bits = bits_of(chosen.order, chosen.count);
            assert_int_equal(__builtin_popcount(bits), chosen.count);
            assert_true(keeps(&t.limits, bits));
            for (uint32_t v = 0; v < t.limits.n; v++) {
                assert_true(bits >> v & 1 || (t.limits.barred && t.barred[v]) ||
                            !keeps(&t.limits, bits | 1u << v));
            }
            gx__chosen_finish(&chosen, &job);
            made++;
        } else {
            assert_int_equal(status, GX_BAD_REQUEST);
            assert_true(err.message[0]);
            refused++;
        }
        assert_int_equal(job.mem_used, 0);
    }
    assert_true(made > 2000 && refused > 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_are_those_of_all_worlds),
        cmocka_unit_test(gains_are_of_the_same_worlds),
        cmocka_unit_test(the_bounds_hold),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
