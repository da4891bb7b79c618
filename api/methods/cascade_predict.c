/* cascade.predict: how far a past cascade should have gone, by what was known before it began, set
 * beside how far it went: docs/cascades.md. */
#include "api/referral/cascades.h"
#include "api/referral/foresight.h"
#include "engine/influence/simulate.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
static const gx_param params[] = {
    GX_CASCADE_TREE_PARAMS,
    {"runs", GX_PARAM_INT, "1000", 2, 1e6, "runs", NULL, 0, "prediction: how often it is played"},
    {"within", GX_PARAM_REAL, "0.9", 0.01, 0.999, NULL, NULL, 0,
     "prediction: one campaign ends between low and high with this chance"},
};
/* clang-format on */

typedef struct prediction {
    gx_call_env *call;
    gx_trees trees;
    gx_foresight known;
    double *size;  /* runs: members reached; in the arena */
    double *drawn; /* draws: their mean in each */
    uint32_t runs, draws;
    double mean, error;
    double by_step[GX_SPREAD_STEPS]; /* members, mean */
} prediction;

/* The one cascade asked for, and what was known before it. */
static gx_status observe(prediction *p, gx_error *err) {
    gx_call_env *call = p->call;
    gx_log_spec spec;
    gx_status status;
    const char *asked = gx_arg_is(call->args, "by", "campaign") ? "campaign" : "item";
    if (!gx_arg_has(call->args, asked) || gx_arg_is(call->args, "by", "all") ||
        gx_arg_is(call->args, "by", "invite")) {
        return gx_fail_at(err, GX_BAD_REQUEST, asked,
                          "a prediction is of one cascade: accepted is item, or by campaign and "
                          "campaign");
    }
    GX_TRY(gx_log_spec_of(&spec, call, err));
    GX_TRY(gx_cascade_trees(&p->trees, call, 0, err));
    GX_TRY(gx_foresight_make(&p->known, call, &p->trees, &spec, err));
done:
    return status;
}

/* ---- playing ----------------------------------------------------------------------------------
 */

enum { DRAWS_MOST = 100, DRAWS_LEAST = 10 };
static const double DRAWN_ARCS = 2e7; /* in all draws of a large graph */

/* Into how many draws of chances the runs are cut. */
static uint32_t draws_of(const prediction *p) {
    const double each = fmax((double)p->known.held->graph.m, 1);
    const double draws = fmin(fmax(DRAWN_ARCS / each, DRAWS_LEAST), DRAWS_MOST);
    return draws < p->runs ? (uint32_t)draws : p->runs;
}

/* The runs of one draw. */
static gx_status play_some(prediction *p, const gx_chances *chances, uint32_t draw, uint32_t from,
                           uint32_t runs, gx_error *err) {
    const gx_simulation_options options = {
        .seed = p->known.root, .count = p->known.roots, .runs = runs};
    gx_simulation played;
    const gx_status status = gx_simulate(&played, chances, &options, p->call->job, err);
    if (status == GX_OK) {
        memcpy(p->size + from, played.reached, runs * sizeof *p->size);
        p->drawn[draw] = played.mean;
        for (uint32_t s = 0; s < GX_SPREAD_STEPS; s++) {
            p->by_step[s] += played.by_step[s] * runs;
        }
        gx_simulation_finish(&played, p->call->job);
    }
    return status;
}

/* Runs of one draw share its chances: the draws alone are independent, so the error is theirs. */
static void sum_up(prediction *p) {
    double other; /* of draws alike, where one may have a run more */
    for (uint32_t s = 0; s < GX_SPREAD_STEPS; s++) {
        p->by_step[s] /= p->runs; /* whole numbers until here */
    }
    gx_runs_mean(&other, &p->error, p->drawn, p->draws);
    gx_runs_mean(&p->mean, &other, p->size, p->runs);
}

static gx_status play(prediction *p, gx_error *err) {
    gx_job *job = p->call->job;
    const gx_graph *g = &p->known.held->graph;
    const uint64_t seed = job->seed;
    gx_chance_options chance = {
        .model = GX_SPREAD_CASCADE, .rule = GX_CHANCE_GIVEN, .passes = p->known.passes, .raise = 1};
    gx_chances chances = {0};
    float *given = NULL;
    gx_status status = GX_OK;
    p->runs = (uint32_t)gx_arg_int(p->call->args, "runs");
    p->draws = draws_of(p);
    p->size = gx_arena_get(p->call->arena, p->runs * sizeof *p->size);
    p->drawn = gx_arena_get(p->call->arena, p->draws * sizeof *p->drawn);
    if (!p->size || !p->drawn) {
        GX_TRY(gx_fail_memory(err, p->runs * sizeof *p->size));
    }
    GX_TRY(gx_job_alloc(job, &given, (size_t)g->m + 1, sizeof *given, err));
    chance.given = given;
    for (uint32_t k = 0; k < p->draws; k++) {
        const uint32_t from = (uint32_t)((uint64_t)p->runs * k / p->draws);
        const uint32_t to = (uint32_t)((uint64_t)p->runs * (k + 1) / p->draws);
        gx_foresight_draw(given, &p->known, k);
        GX_TRY(gx_chances_make(&chances, g, &chance, true, job, err));
        job->seed = gx_mix64(gx_mix64(seed) + k); /* the next seed has others */
        status = play_some(p, &chances, k, from, to - from, err);
        job->seed = seed;
        gx_chances_finish(&chances, job);
        GX_TRY(status);
    }
    sum_up(p);
done:
    gx_chances_finish(&chances, job);
    gx_job_free(job, given);
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* Days of log before it began. */
static double history_days(const prediction *p) {
    const gx_foresight *known = &p->known;
    return known->log_ms < known->began_ms ? (double)(known->began_ms - known->log_ms) / 86400000
                                           : 0;
}

/* No share's window was over by then: how unsure the chances are is not known either. */
static bool is_guess(const prediction *p) {
    return history_days(p) < GX_INFLUENCE_DAYS || !(p->known.fit[GX_FIT_TRIALS] > 0);
}

/* Of members brought, run by run; without low and high where chances are a guess. */
static gx_value predicted_row(const prediction *p) {
    gx_arena *arena = p->call->arena;
    gx_value row = gx_map(arena, 5);
    double *size = p->size;
    const double within = gx_arg_real(p->call->args, "within");
    const double seeds = round(p->by_step[0]);
    qsort(size, p->runs, sizeof *size, gx_by_f64);
    const double low = gx_quantile_f64(size, p->runs, (1 - within) / 2);
    const double high = gx_quantile_f64(size, p->runs, (1 + within) / 2);
    gx_map_put(arena, &row, "mean", gx_real(p->mean - seeds));
    gx_map_put(arena, &row, "error", gx_real(p->error));
    gx_map_put(arena, &row, "low", is_guess(p) ? gx_nil() : gx_real(low - seeds));
    gx_map_put(arena, &row, "median", gx_real(gx_quantile_f64(size, p->runs, 0.5) - seeds));
    gx_map_put(arena, &row, "high", is_guess(p) ? gx_nil() : gx_real(high - seeds));
    return row;
}

static gx_value generation_rows(const prediction *p) {
    gx_arena *arena = p->call->arena;
    const gx_trees *t = &p->trees;
    uint32_t seen[GX_SPREAD_STEPS] = {0}, last = 0;
    gx_value list = gx_list(arena, 8);
    for (uint32_t v = 0; v < t->count; v++) {
        const uint32_t g = p->known.generation[v];
        seen[g < GX_SPREAD_STEPS ? g : GX_SPREAD_STEPS - 1]++;
    }
    for (uint32_t g = 0; g < GX_SPREAD_STEPS; g++) {
        last = seen[g] > 0 || p->by_step[g] > 0 ? g : last;
    }
    for (uint32_t g = 0; g <= last; g++) {
        gx_value row = gx_map(arena, 3);
        gx_map_put(arena, &row, "generation", gx_int(g));
        gx_map_put(arena, &row, "observed", gx_int(seen[g]));
        gx_map_put(arena, &row, "predicted", gx_real(p->by_step[g]));
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* From when on there is something to learn from is told where that is why there is nothing. */
static const char *guessed(const prediction *p) {
    const gx_foresight *known = &p->known;
    const double days = history_days(p);
    const int64_t first = days > 0 ? known->log_ms : known->began_ms;
    char from[32];
    return days < GX_INFLUENCE_DAYS
               ? gx_arena_printf(
                     p->call->arena,
                     "the log began %.1f days before: too short to learn from. The "
                     "chances are a guess, and no interval is given; since (--since) "
                     "%s or later takes the cascade from where there is a log to "
                     "learn from",
                     days, gx_format_time_ms(from, first + GX_INFLUENCE_DAYS * INT64_C(86400000)))
               : gx_arena_printf(p->call->arena,
                                 "the log before has no share whose followers can be counted. "
                                 "The chances are a guess, and no interval is given; since "
                                 "(--since) takes the cascade from later on");
}

static gx_value warning(const prediction *p, double mean) {
    const char *text = NULL;
    if (is_guess(p)) {
        text = guessed(p);
    } else if (!(mean > 0)) {
        text = gx_arena_printf(p->call->arena,
                               "nobody was known to heed those who began it before it began");
    }
    return text ? gx_str(text) : gx_nil();
}

static void answer(gx_value *out, const prediction *p) {
    gx_arena *arena = p->call->arena;
    const gx_foresight *known = &p->known;
    gx_value row = gx_map(arena, 17);
    const gx_value predicted = predicted_row(p);
    const double mean = p->mean - round(p->by_step[0]);
    const double low = gx_map_real(&predicted, "low");
    const double high = gx_map_real(&predicted, "high");
    const bool inside = low <= known->along && known->along <= high;
    gx_trees_put_key(&row, p->call, &p->trees, 0);
    gx_map_put(arena, &row, "began", gx_int(known->began_ms));
    gx_map_put(arena, &row, "members", gx_int(p->trees.count));
    gx_map_put(arena, &row, "roots", gx_int(p->trees.count - known->along));
    gx_map_put(arena, &row, "brought", gx_int(known->along));
    gx_map_put(arena, &row, "beyond", gx_int(known->beyond));
    gx_map_put(arena, &row, "predicted", predicted);
    gx_map_put(arena, &row, "ratio", mean > 0 ? gx_real(known->along / mean) : gx_nil());
    gx_map_put(arena, &row, "inside", is_guess(p) ? gx_nil() : gx_bool(inside));
    gx_map_put(arena, &row, "generations", generation_rows(p));
    gx_map_put(arena, &row, "runs", gx_int(p->runs));
    gx_map_put(arena, &row, "history_days", gx_real(history_days(p)));
    gx_map_put(arena, &row, "short", warning(p, mean));
    *out = row;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    prediction p = {.call = call};
    GX_TRY(observe(&p, err));
    GX_TRY(play(&p, err));
    answer(out, &p);
done:
    gx_foresight_finish(&p.known);
    gx_trees_finish(&p.trees);
    return status;
}

const gx_method gx_method_cascade_predict = {
    .name = "cascade.predict",
    .summary =
        "how far a past cascade should have gone by what was known before, and how far it did",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{item?, campaign?, began, members, roots, brought, beyond, predicted: {mean, error, low, "
        "median, high}, ratio, inside, generations: [{generation, observed, predicted}], "
        "runs, history_days, short}",
    .run = run,
};
