/* Suite `influence`: 50 seeds by the default and by eps .1, under four ways of spreading; what they
 * reach in runs of an independent simulation beside what cheap heuristics reach in the same worlds,
 * and with peers beside a near-converged greedy choice. */
#include "bench/bench.h"
#include "engine/influence/copies.h"
#include "engine/influence/seeds.h"
#include "engine/influence/simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 50, PLAYED = 10000 };

static const double FAST = 0.1;
static const uint64_t CONVERGED = UINT64_C(20000000); /* sets, a fifth of them judges */
static const double CONVERGED_EPS =
    0.012; /* where whole worlds are drawn, which sets say nothing of */

static const struct {
    const char *name;
    gx_chance_options chance;
} ways[] = {
    {"weighted", {.rule = GX_CHANCE_WEIGHTED, .raise = 1}},
    {"threshold", {.model = GX_SPREAD_THRESHOLD, .rule = GX_CHANCE_WEIGHTED, .raise = 1}},
    {"constant_01", {.rule = GX_CHANCE_CONSTANT, .constant = 0.01, .raise = 1}},
    {"constant_1", {.rule = GX_CHANCE_CONSTANT, .constant = 0.1, .raise = 1}},
};

/* One way on one graph. */
typedef struct ground {
    gx_bench *bench;
    const gx_bench_arcs *arcs;
    gx_graph graph;
    size_t way;
    gx_chances chances; /* forward */
    gx_job job;         /* of what is played */
    double heuristic, converged;
    const char *best; /* heuristic */
} ground;

/* Mean over the same worlds whoever the seeds are. */
static gx_status play(double *out, double *out_error, ground *g, const uint32_t *seed,
                      uint32_t count, gx_error *err) {
    gx_simulation played;
    const gx_simulation_options options = {.seed = seed, .count = count, .runs = PLAYED};
    const gx_status status = gx_simulate(&played, &g->chances, &options, &g->job, err);
    if (status == GX_OK) {
        *out = played.mean;
        *out_error = played.error;
        gx_simulation_finish(&played, &g->job);
    }
    return status;
}

static gx_status play_heuristics(ground *g, gx_error *err) {
    uint32_t *order = NULL;
    gx_status status = GX_OK;
    const uint32_t n = g->graph.n, count = n < SEEDS ? n : SEEDS;
    double spread, error;
    g->heuristic = 0;
    GX_TRY(gx_job_alloc(&g->job, &order, n, sizeof *order, err));
    for (size_t h = 0; h < gx__heuristic_count; h++) {
        GX_TRY(gx__heuristics[h].order(order, &g->graph, &g->chances, count, count, &g->job, err));
        GX_TRY(play(&spread, &error, g, order, count, err));
        if (spread > g->heuristic) {
            g->heuristic = spread;
            g->best = gx__heuristics[h].name;
        }
    }
done:
    gx_job_free(&g->job, order);
    return status;
}

/* ---- a choice ----------------------------------------------------------------------------------
 */

typedef struct choice {
    gx_seeds seeds;
    gx_job job;
    double wall_s, cpu_s, spread, error;
} choice;

/* Medians of time over the runs; every run gives the same seeds. */
static gx_status choose(choice *out, ground *g, const gx_seed_options *options, int threads,
                        int runs, gx_error *err) {
    gx_status status = GX_OK;
    double *wall = gx_alloc0((size_t)runs * 2, sizeof *wall), *cpu = wall ? wall + runs : NULL;
    *out = (choice){0};
    if (!wall) {
        return gx_fail_memory(err, (size_t)runs * 2 * sizeof *wall);
    }
    for (int r = 0; r < runs; r++) {
        gx_seeds_finish(&out->seeds, &out->job);
        gx_job_init(&out->job, threads, g->bench->job->seed);
        const int64_t wall_ns = gx_clock_ns(), cpu_ns = gx_clock_cpu_ns();
        GX_TRY(gx_seeds_choose(&out->seeds, &g->graph, options, &out->job, err));
        wall[r] = (double)(gx_clock_ns() - wall_ns) / 1e9;
        cpu[r] = (double)(gx_clock_cpu_ns() - cpu_ns) / 1e9;
        GX_TRY(gx_job_check(g->bench->job, err));
    }
    out->wall_s = gx_bench_median(wall, runs);
    out->cpu_s = gx_bench_median(cpu, runs);
done:
    gx_free(wall);
    return status;
}

static void tell(ground *g, const choice *c, const char *task, const char *tool, int threads) {
    char how[300];
    int at = snprintf(
        how, sizeof how, "±%.2f; %.4f of %s; by %s, %llu sets, %u worlds, certified %.3f", c->error,
        c->spread / g->heuristic, g->best, c->seeds.method, (unsigned long long)c->seeds.sets,
        c->seeds.worlds, c->seeds.upper > 0 ? c->seeds.lower / c->seeds.upper : 0);
    if (g->converged > 0 && at > 0 && (size_t)at < sizeof how) {
        snprintf(how + at, sizeof how - (size_t)at, "; %.4f of converged",
                 c->spread / g->converged);
    }
    const gx_bench_line line = {.task = task,
                                .tool = tool,
                                .graph = g->arcs->name,
                                .input = g->arcs->hash,
                                .members = g->graph.n,
                                .ties = g->graph.m / 2,
                                .threads = threads,
                                .wall_s = c->wall_s,
                                .wall_min_s = c->wall_s,
                                .cpu_s = c->cpu_s,
                                .mem_bytes = atomic_load(&c->job.mem_peak),
                                .rss_bytes = gx_bench_rss_peak(),
                                .value = c->spread,
                                .value_name = "spread",
                                .how = how};
    g->bench->emit(g->bench->user, &line, g->bench->suite);
}

static gx_seed_options options_of(const ground *g, double eps) {
    const uint32_t n = g->graph.n;
    return (gx_seed_options){.chance = ways[g->way].chance,
                             .limits = {.n = n, .count = n < SEEDS ? n : SEEDS},
                             .eps = eps,
                             .heuristics = true};
}

static gx_status time_one(ground *g, const char *task, double eps, gx_error *err) {
    const gx_seed_options options = options_of(g, eps);
    double spread = 0, error = 0;
    for (int t = 1; t <= g->bench->threads; t = t < g->bench->threads ? g->bench->threads : t + 1) {
        choice c;
        gx_status status = choose(&c, g, &options, t, g->bench->runs, err);
        if (status == GX_OK && t == 1) {
            status = play(&spread, &error, g, c.seeds.seed, c.seeds.count, err);
        }
        c.spread = spread;
        c.error = error;
        if (status == GX_OK) {
            tell(g, &c, task, "guanxi", t);
        }
        gx_seeds_finish(&c.seeds, &c.job);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

/* As many sets as the near-converged choice has, or worlds where those are what a choice is by. */
static gx_status converge(ground *g, gx_error *err) {
    gx_seed_options options = options_of(g, CONVERGED_EPS);
    const gx_seed_options small = options_of(g, 1);
    choice c;
    gx_status status = choose(&c, g, &small, g->bench->threads, 1, err);
    const bool worlds = status == GX_OK && c.seeds.worlds > 0;
    gx_seeds_finish(&c.seeds, &c.job);
    if (status != GX_OK) {
        return status;
    }
    options.sets = worlds ? 0 : CONVERGED;
    options.heuristics = false;
    status = choose(&c, g, &options, g->bench->threads, 1, err);
    if (status == GX_OK) {
        status = play(&g->converged, &c.error, g, c.seeds.seed, c.seeds.count, err);
    }
    if (status == GX_OK) {
        c.spread = g->converged;
        tell(g, &c, ways[g->way].name, "converged", g->bench->threads);
    }
    gx_seeds_finish(&c.seeds, &c.job);
    return status;
}

static gx_status one_way(ground *g, gx_error *err) {
    char fast[40];
    gx_status status = GX_OK;
    snprintf(fast, sizeof fast, "%s_fast", ways[g->way].name);
    GX_TRY(gx_chances_make(&g->chances, &g->graph, &ways[g->way].chance, true, &g->job, err));
    GX_TRY(gx_chances_copy(&g->chances, &g->job, err));
    GX_TRY(play_heuristics(g, err));
    g->converged = 0;
    if (g->bench->peers) {
        GX_TRY(converge(g, err));
    }
    GX_TRY(time_one(g, ways[g->way].name, strtod(GX_SEED_EPS, NULL), err));
    GX_TRY(time_one(g, fast, FAST, err));
done:
    gx_chances_finish(&g->chances, &g->job);
    return status;
}

static gx_status one_graph(void *user, const gx_bench_arcs *arcs, gx_error *err) {
    ground g = {.bench = user, .arcs = arcs};
    gx_status status = GX_OK;
    gx_job_init(&g.job, g.bench->threads, gx_mix64(g.bench->job->seed));
    GX_TRY(gx_graph_build(&g.graph, arcs->n, arcs->m, arcs->src, arcs->dst, NULL,
                          GX_GRAPH_UNDIRECTED | GX_GRAPH_IN, &g.job, err));
    for (g.way = 0; g.way < GX_COUNT(ways); g.way++) {
        if (!g.bench->only || gx_bench_lists(g.bench->only, ways[g.way].name)) {
            GX_TRY(one_way(&g, err));
        }
    }
done:
    gx_graph_finish(&g.graph);
    return status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    if (!bench->data) {
        return gx_fail_at(err, GX_BAD_REQUEST, "data",
                          "the suite influence needs --data: an edge list or a folder of them");
    }
    const char *names[GX_COUNT(ways)];
    for (size_t k = 0; k < GX_COUNT(ways); k++) {
        names[k] = ways[k].name;
    }
    const gx_status status = gx_bench_check_only(bench->only, names, GX_COUNT(ways), err);
    return status == GX_OK ? gx_bench_each_graph(bench->data, one_graph, bench, bench->job, err)
                           : status;
}

const gx_bench_task gx_bench_influence = {
    .suite = "influence",
    .summary = "50 seeds under four ways of spreading, and what they reach",
    .run = run,
};
