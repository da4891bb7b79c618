/* seed.select: whom to begin with so that the most members are reached (R48, R50), within limits as
 * people say them: docs/spread.md. */
#include "api/build/estimate.h"
#include "api/spread/limits.h"
#include "engine/influence/copies.h"
#include "engine/influence/seeds.h"
#include "engine/influence/simulate.h"

#include <math.h>

/* clang-format off */
static const gx_param params[] = {
    GX_SPREAD_LIMIT_PARAMS,
    GX_SPREAD_WORTH_PARAMS,
    GX_SPREAD_PARAMS,
    {"eps", GX_PARAM_REAL, GX_SEED_EPS, 0.001, 1, NULL, NULL, 0,
     "the noise of all gains together that is small enough: smaller takes longer"},
    {"delta", GX_PARAM_REAL, NULL, 1e-12, 0.5, NULL, NULL, 0,
     "the bound may fail with this chance (1 / members)"},
    {"sets", GX_PARAM_INT, NULL, 100, 4e9, "sets", NULL, 0,
     "draw so many sets, whatever eps says, or as many as there is memory for"},
    {"heuristics", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "judge cheap choices (degree and its like) beside it, and give the best of all"},
    {"runs", GX_PARAM_INT, NULL, 0, 1e7, "runs", NULL, 0,
     "of the independent simulation of the answer; 0: none (a tenth of a second's worth)"},
    GX_SPREAD_SHARING_PARAM,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

typedef struct asking {
    gx_call_env *call;
    gx_spread spread;
    gx_spread_limits limits;
    double *worth;
    gx_seed_options options;
    gx_seeds seeds;
    gx_simulation played;
} asking;

/* ---- an independent simulation ----------------------------------------------------------------
 */

enum { RUNS_LEAST = 100, RUNS_MOST = 10000 };
static const double WORK = 2e6; /* members reached in all runs together */

static uint32_t runs_of(const asking *a) {
    if (gx_arg_has(a->call->args, "runs")) {
        return (uint32_t)gx_arg_int(a->call->args, "runs");
    }
    const double runs = WORK / fmax(a->seeds.spread, 1);
    return (uint32_t)fmin(fmax(runs, RUNS_LEAST), RUNS_MOST);
}

static gx_status check_runs(const gx_args *args, gx_error *err) {
    if (gx_arg_has(args, "runs") && gx_arg_int(args, "runs") == 1) {
        return gx_fail_at(err, GX_BAD_REQUEST, "runs",
                          "runs: 1 was given, of which nothing tells how sure it is; accepted is 2 "
                          "or more, or 0: none");
    }
    return GX_OK;
}

/* Plays the answer with random numbers that no choice has seen. */
static gx_status play(asking *a, gx_error *err) {
    gx_job *job = a->call->job;
    const uint64_t stream = job->seed;
    uint32_t *seed = gx_arena_get(a->call->arena, ((size_t)a->seeds.count + 1) * sizeof *seed);
    if (!seed) {
        return gx_fail_memory(err, a->seeds.count * sizeof *seed);
    }
    for (uint32_t i = 0; i < a->seeds.count; i++) {
        seed[i] = a->seeds.seed[i];
    }
    const gx_simulation_options options = {
        .seed = seed,
        .count = gx_spread_keep_here(seed, a->seeds.count, &a->spread),
        .runs = runs_of(a),
        .weight = a->worth,
        .circle = a->limits.circles.of,
        .circles = a->limits.circles.count};
    gx_chances chances = {0};
    gx_status status = GX_OK;
    if (options.runs == 0) {
        return GX_OK;
    }
    job->seed = gx_mix64(stream ^ UINT64_C(0x73656c656374));
    GX_TRY(gx_chances_make(&chances, a->spread.graph, &a->spread.chance, true, job, err));
    GX_TRY(gx_chances_copy(&chances, job, err));
    GX_TRY(gx_simulate(&a->played, &chances, &options, job, err));
done:
    job->seed = stream;
    gx_chances_finish(&chances, job);
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static gx_value seed_rows(const asking *a) {
    gx_arena *arena = a->call->arena;
    gx_value list = gx_list(arena, a->seeds.count);
    double sum = 0;
    for (uint32_t i = 0; i < a->seeds.count; i++) {
        const uint32_t user = a->seeds.seed[i];
        gx_value row = gx_map(arena, 7);
        sum += a->seeds.gain[i];
        gx_map_put(arena, &row, "user_id", gx_word_value(arena, a->call->txn, GX_SPACE_USER, user));
        gx_map_put(arena, &row, "gain", gx_real(a->seeds.gain[i]));
        gx_map_put(arena, &row, "cumulative", gx_real(sum));
        if (a->limits.cost) {
            gx_map_put(arena, &row, "cost", gx_real(a->limits.cost[user]));
        }
        if (a->limits.has_circles) {
            const gx_spread_circles *c = &a->limits.circles;
            gx_map_put(arena, &row, "circle",
                       gx_spread_circle_value(c, gx_spread_circle_of(c, user)));
        }
        if (a->limits.limits.given_count > 0) {
            gx_map_put(arena, &row, "included", gx_bool(i < a->limits.limits.given_count));
        }
        gx_spread_put_risk(arena, &row, &a->limits, user);
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* Of the spread: the seeds themselves are reached, and no more than everybody. */
static gx_value interval_of(const asking *a) {
    gx_spread_average spread = {.mean = a->seeds.spread,
                                .error = a->seeds.error,
                                .runs = INFINITY,
                                .sets = a->seeds.judges};
    for (uint32_t i = 0; i < a->seeds.count; i++) {
        spread.low += a->worth ? a->worth[a->seeds.seed[i]] : 1;
    }
    for (uint32_t v = 0; v < a->spread.n; v++) {
        spread.high += a->worth ? a->worth[v] : 1;
    }
    return gx_spread_interval(a->call->arena, &spread);
}

static gx_value bound_of(const asking *a) {
    gx_arena *arena = a->call->arena;
    const gx_seeds *s = &a->seeds;
    const double delta = gx_arg_has(a->call->args, "delta") ? gx_arg_real(a->call->args, "delta")
                                                            : 1 / fmax(a->spread.n, 2);
    gx_value bound = gx_map(arena, 4);
    const bool known = !isnan(s->upper);
    gx_map_put(arena, &bound, "lower", gx_real(s->lower));
    gx_map_put(arena, &bound, "upper", known ? gx_real(s->upper) : gx_nil());
    gx_map_put(arena, &bound, "ratio",
               known ? gx_real(s->upper > 0 ? s->lower / s->upper : 1) : gx_nil());
    gx_map_put(arena, &bound, "confidence", gx_real(1 - delta));
    return bound;
}

static gx_value simulated_of(const asking *a) {
    gx_arena *arena = a->call->arena;
    gx_value map = gx_map(arena, 4);
    gx_map_put(arena, &map, "runs", gx_int(a->played.runs));
    gx_map_put(arena, &map, "mean", gx_real(a->played.mean));
    gx_map_put(arena, &map, "error", gx_real(a->played.error));
    const gx_spread_average reached = {a->played.mean,  a->played.error, a->played.runs,
                                       a->played.least, a->played.most,  0};
    gx_map_put(arena, &map, "interval", gx_spread_interval(arena, &reached));
    return map;
}

static gx_value methods_of(const asking *a) {
    gx_arena *arena = a->call->arena;
    gx_value list = gx_list(arena, GX_SEED_METHODS_MOST);
    for (uint32_t i = 0; i < a->seeds.tried_count; i++) {
        const gx_seed_method *tried = &a->seeds.tried[i];
        gx_value row = gx_map(arena, 3);
        gx_map_put(arena, &row, "method", gx_str(tried->name));
        gx_map_put(arena, &row, "spread", gx_real(tried->spread));
        gx_map_put(arena, &row, "played", isnan(tried->played) ? gx_nil() : gx_real(tried->played));
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* Members, seeds and those reached of each circle that has seeds or a quota, or, where it is to be
 * fair, of the circles that are worth a line; how many others with members have none. */
static gx_status circle_rows(gx_value *list, uint32_t *unlisted, const asking *a, gx_error *err) {
    enum { LEAST_SIZE = 10 };
    gx_arena *arena = a->call->arena;
    const gx_spread_circles *c = &a->limits.circles;
    const gx_seed_limits *l = &a->limits.limits;
    const bool fair = a->options.aim.fairness > 0;
    uint32_t *size, *seeds;
    gx_status status = gx_spread_circles_tally(&size, c, NULL, a->spread.n, arena, err);
    *list = gx_list(arena, 16);
    *unlisted = 0;
    if (status == GX_OK) {
        status = gx_spread_circles_tally(&seeds, c, a->seeds.seed, a->seeds.count, arena, err);
    }
    for (uint32_t k = 0; status == GX_OK && k < c->count; k++) {
        const bool most = l->most && l->most[k] < UINT32_MAX;
        if (!seeds[k] && !(l->least && l->least[k]) &&
            !(most && gx_arg_has(a->call->args, "most")) && !(fair && size[k] >= LEAST_SIZE)) {
            *unlisted += size[k] > 0;
            continue;
        }
        gx_value row = gx_map(arena, 6);
        gx_map_put(arena, &row, "circle", gx_spread_circle_value(c, k));
        gx_map_put(arena, &row, "members", gx_int(size[k]));
        gx_map_put(arena, &row, "seeds", gx_int(seeds[k]));
        gx_map_put(arena, &row, "least", gx_int(l->least ? l->least[k] : 0));
        gx_map_put(arena, &row, "most", most ? gx_int(l->most[k]) : gx_nil());
        gx_map_put(arena, &row, "reached",
                   a->played.by_circle ? gx_real(a->played.by_circle[k]) : gx_nil());
        gx_list_add(arena, list, row);
    }
    return status;
}

/* Why there are fewer than asked for. */
static gx_value missing(const asking *a) {
    const gx_seed_limits *l = &a->limits.limits;
    const bool k = gx_arg_has(a->call->args, "k");
    const bool asked = k || gx_arg_has(a->call->args, "n");
    const uint32_t wanted =
        asked ? (uint32_t)gx_arg_int(a->call->args, k ? "k" : "n") : a->limits.limits.count;
    if (!asked && l->cost) {
        return a->seeds.count > 0 ? gx_nil()
               : l->most ? gx_str("no seeds: nobody who may be one is within the budget and "
                                  "the quotas (most, most_each)")
                         : gx_str("no seeds: nobody who may be one is within the budget");
    }
    if (a->seeds.count >= wanted) {
        return gx_nil();
    }
    char *text = gx_arena_printf(a->call->arena, "%u of %u: %s", a->seeds.count, wanted,
                                 gx_spread_nobody_else(&a->limits, a->seeds.seed, a->seeds.count));
    return gx_str(text ? text : "");
}

/* The choice is the best of several by the sets that judged them, a fifth of all: by few of them
 * one is best by luck, and the interval of its spread knows nothing of that. */
static gx_value notes_of(const asking *a) {
    enum { SETS_LEAST = 2500 };
    gx_arena *arena = a->call->arena;
    const gx_seeds *s = &a->seeds;
    gx_value list = gx_list(arena, 4);
    if (s->count > 0 && s->worlds == 0 && s->sets < SETS_LEAST) {
        const char *text = gx_arena_printf(
            arena,
            "only %llu sets were drawn: the choice, its spread and the interval are not to be "
            "trusted%s; accepted is more sets (usual: as many as eps needs)",
            (unsigned long long)s->sets, a->played.runs ? ", what is simulated is" : "");
        gx_list_add(arena, &list, gx_str(text ? text : "few sets were drawn"));
    }
    if (strcmp(s->ended, "memory") == 0) {
        gx_list_add(arena, &list,
                    gx_str(a->options.sets > 0
                               ? "memory ended it before there were as many sets as asked for: "
                                 "accepted is more memory, or fewer"
                               : "memory ended it before the choice was as sure as eps asks: "
                                 "accepted is more memory, or a larger eps"));
    }
    gx_spread_note(&list, &a->spread);
    gx_risks_note(&list, a->call, NULL);
    return list;
}

static gx_status answer(gx_value *out, const asking *a, gx_error *err) {
    gx_arena *arena = a->call->arena;
    const gx_seeds *s = &a->seeds;
    const gx_args *args = a->call->args;
    gx_value row = gx_map(arena, 22), circles;
    double spent = 0;
    gx_map_put(arena, &row, "seeds", seed_rows(a));
    gx_map_put(arena, &row, "spread", gx_real(s->spread));
    gx_map_put(arena, &row, "interval", interval_of(a));
    gx_map_put(arena, &row, "bound", bound_of(a));
    gx_map_put(arena, &row, "simulated", a->played.runs ? simulated_of(a) : gx_nil());
    gx_map_put(arena, &row, "method", gx_str(s->method));
    gx_map_put(arena, &row, "methods", methods_of(a));
    gx_map_put(arena, &row, "model", *gx_arg_value(args, "model"));
    gx_map_put(arena, &row, "chances", gx_str(gx_spread_chances_name(a->spread.chance.rule)));
    gx_map_put(arena, &row, "sets", gx_int((int64_t)s->sets));
    gx_map_put(arena, &row, "entries", gx_int((int64_t)s->entries));
    gx_map_put(arena, &row, "worlds", gx_int(s->worlds));
    gx_map_put(arena, &row, "ended", gx_str(s->ended));
    gx_map_put(arena, &row, "members", gx_int(a->spread.here));
    for (uint32_t i = 0; a->limits.cost && i < s->count; i++) {
        spent += a->limits.cost[s->seed[i]];
    }
    if (a->limits.cost) {
        gx_map_put(arena, &row, "spent", gx_real(spent));
        gx_map_put(arena, &row, "budget", gx_real(a->limits.limits.budget));
    }
    if (a->limits.has_circles) {
        uint32_t unlisted;
        const gx_status status = circle_rows(&circles, &unlisted, a, err);
        if (status != GX_OK) {
            return status;
        }
        gx_map_put(arena, &row, "circles", circles);
        gx_map_put(arena, &row, "circles_without", gx_int(unlisted));
    }
    gx_map_put(arena, &row, "left_out", gx_spread_left_out(arena, &a->limits));
    gx_map_put(arena, &row, "notes", notes_of(a));
    gx_map_put(arena, &row, "unknown", a->limits.unknown);
    gx_map_put(arena, &row, "short", missing(a));
    *out = row;
    return GX_OK;
}

/* ---- all --------------------------------------------------------------------------------------
 */

static void read_options(asking *a) {
    const gx_args *args = a->call->args;
    a->options =
        (gx_seed_options){.chance = a->spread.chance,
                          .limits = a->limits.limits,
                          .aim = {.fairness = gx_arg_real(args, "fair"),
                                  .circle = a->limits.circles.of,
                                  .circles = a->limits.circles.count},
                          .weight = a->worth,
                          .eps = gx_arg_real(args, "eps"),
                          .delta = gx_arg_has(args, "delta") ? gx_arg_real(args, "delta") : 0,
                          .sets = gx_arg_has(args, "sets") ? (uint64_t)gx_arg_int(args, "sets") : 0,
                          .heuristics = gx_arg_bool(args, "heuristics")};
}

/* What was read until here is done; the choice and the simulation are told from the first sets and
 * runs, which are drawn, played and timed. */
static gx_status estimate(gx_value *out, asking *a, int64_t begun_ns, gx_error *err) {
    const double read_s = (double)(gx_clock_thread_ns() - begun_ns) / 1e9;
    const uint64_t read_bytes = atomic_load(&a->call->job->mem_peak);
    const gx_graph *graph = a->spread.graph;
    const gx_simulation_options play = {
        .weight = a->worth, .circle = a->limits.circles.of, .circles = a->limits.circles.count};
    gx_seeds_forecast f;
    const gx_status status = gx_seeds_foresee(&f, graph, &a->options, &play, a->call->job, err);
    if (status != GX_OK) {
        return status;
    }
    a->seeds.spread = f.share * a->spread.here; /* for the number of runs */
    const double runs = runs_of(a);
    a->seeds.spread = 0;
    const gx_part_estimate steps[] = {
        {"read", {.mem_bytes = read_bytes, .cpu_s = read_s}},
        {f.worlds ? "worlds" : "sets", {.mem_bytes = f.mem_bytes, .cpu_s = f.cpu_s}},
        {"heuristics", {.mem_bytes = f.order_bytes, .cpu_s = f.order_s}},
        {"simulate",
         {.mem_bytes = gx_chances_bytes(&a->spread.chance, graph->n, graph->m),
          .cpu_s = f.forward_s + runs * f.run_s}}};
    *out = gx_estimate_steps(a->call->arena, steps, GX_COUNT(steps) - (runs == 0), 1);
    gx_map_put(a->call->arena, out, "entries", gx_int((int64_t)f.wanted));
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    asking a = {.call = call};
    const int64_t begun = gx_clock_thread_ns();
    GX_TRY(gx_spread_open(&a.spread, call, err));
    GX_TRY(gx_spread_check_sharing(&a.spread, err));
    gx_spread_share(&a.spread.chance, &a.spread);
    GX_TRY(gx_spread_limits_read(&a.limits, &a.spread, err));
    GX_TRY(gx_spread_worth(&a.worth, &a.spread, err));
    read_options(&a);
    GX_TRY(check_runs(call->args, err));
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, &a, begun, err));
        goto done;
    }
    bool any;
    GX_TRY(gx_seed_limits_admit(&any, &a.options.limits, call->job, err));
    if (any) {
        GX_TRY(gx_seeds_choose(&a.seeds, a.spread.graph, &a.options, call->job, err));
        GX_TRY(play(&a, err));
    } else { /* nothing to draw sets for */
        a.seeds = (gx_seeds){.method = "none", .ended = "nobody"};
    }
    GX_TRY(answer(out, &a, err));
done:
    gx_simulation_finish(&a.played, call->job);
    gx_seeds_finish(&a.seeds, call->job);
    gx_job_free(call->job, a.worth);
    gx_spread_limits_finish(&a.limits, call->job);
    gx_spread_close(&a.spread);
    return status;
}

const gx_method gx_method_seed_select = {
    .name = "seed.select",
    .summary = "whom to begin with so that the most members are reached",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{seeds: [{user_id, gain, cumulative, cost?, circle?, included?, risk?}], spread, "
        "interval: [low, "
        "high], bound: {lower, upper, ratio, confidence}, simulated: {runs, mean, error, "
        "interval}, "
        "method, methods: [{method, spread (as that of the answer is reckoned), played (in worlds "
        "of "
        "its own, where sets could not tell the nearest apart; else nil)}], model, chances, sets, "
        "entries, worlds, ended, "
        "members, spent?, budget?, circles?: [{circle, members, seeds, least, most, reached}], "
        "circles_without?, left_out: {excluded, departed, risk, segment, inactive, used}, notes: "
        "[text], unknown, "
        "short}; with "
        "estimate "
        "{steps, "
        "mem_bytes, cpu_s, cpu_most_s, entries}",
    .run = run,
};
