/* seed.simulate: how far given seeds reach (R49): over runs, by circle, step and day; and what
 * changes with other seeds or higher chances, in the same worlds: docs/spread.md. */
#include "api/build/estimate.h"
#include "api/lists/lists.h"
#include "api/referral/log.h"
#include "api/spread/spread.h"
#include "engine/influence/copies.h"
#include "engine/influence/simulate.h"
#include "engine/influence/unsure.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const gx_param params[] = {
    {"seeds", GX_PARAM_LIST, NULL, 1, 1e7, "members", NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM, "whom it begins with"},
    {"against", GX_PARAM_LIST, NULL, 1, 1e7, "members", NULL, GX_PARAM_WHOM,
     "another plan, in the same worlds: its seeds (those of the first)"},
    {"against_raise", GX_PARAM_REAL, NULL, 0, 1000, NULL, NULL, 0,
     "another plan, in the same worlds: its raise (that of the first)"},
    GX_SPREAD_PARAMS,
    GX_SPREAD_WORTH_PARAMS,
    {"runs", GX_PARAM_INT, "1000", 2, 1e7, "runs", NULL, 0, "how often it is played"},
    {"within", GX_PARAM_REAL, "0.9", 0.01, 0.999, NULL, NULL, 0,
     "one campaign ends between `low` and `high` with this chance"},
    {"by", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "reach by: circle (the usual once there is a snapshot), or a text field of the members"},
    {"delay", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, "days", NULL, 0,
     "by day as well: how many days it takes from one to the next on average, or learned: as it took from a share to who came by it, with chances learned as the pass influence found it, else (or with --since, --until) in the log"},
    {"days", GX_PARAM_INT, NULL, 1, 3660, "days", NULL, 0, "with delay: how many days are told apart (30)"},
    GX_SPREAD_SHARING_PARAM,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

typedef struct plan {
    const uint32_t *seed;
    uint32_t count;
    double raise;
    gx_simulation played;
} plan;

typedef struct asking {
    gx_call_env *call;
    gx_spread spread;
    gx_spread_circles circles;
    double *worth;
    double delay;  /* 0: no days */
    uint32_t days; /* told apart */
    double delays; /* that it was learnt from; 0: it was given */
    const char *delay_from;
    plan plan, other;
    bool has_other;
    gx_value unknown, departed; /* seeds that are not in the store, or have departed */
} asking;

/* ---- what is asked ----------------------------------------------------------------------------
 */

/* Members newer than the graph have no ties, and nobody to reach; they are left out, and so is who
 * has departed. */
static gx_status read_seeds(plan *p, asking *a, const char *argument, gx_error *err) {
    gx_lists_ids found;
    gx_status status = gx_lists_find(&found, a->call, GX_SPACE_USER, argument, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t i = 0; i < found.count; i++) {
        const uint32_t user = found.id[i];
        if (user < a->spread.n && a->spread.gone && a->spread.gone[user]) {
            gx_list_add(a->call->arena, &a->departed,
                        gx_word_value(a->call->arena, a->call->txn, GX_SPACE_USER, user));
        } else if (user < a->spread.n) {
            found.id[p->count++] = user;
        }
    }
    p->seed = found.id;
    for (uint32_t i = 0; i < found.unknown.size; i++) {
        gx_list_add(a->call->arena, &a->unknown, found.unknown.as.items[i]);
    }
    return GX_OK;
}

static gx_status read_plans(asking *a, gx_error *err) {
    const gx_args *args = a->call->args;
    const bool seeds = gx_arg_has(args, "against"), raise = gx_arg_has(args, "against_raise");
    a->unknown = gx_list(a->call->arena, 4);
    a->departed = gx_list(a->call->arena, 4);
    a->plan.raise = gx_arg_real(args, "raise");
    gx_status status = gx_spread_check_raise(&a->spread, "against_raise", err);
    if (status == GX_OK) {
        status = read_seeds(&a->plan, a, "seeds", err);
    }
    a->other = (plan){.seed = a->plan.seed,
                      .count = a->plan.count,
                      .raise = raise ? gx_arg_real(args, "against_raise") : a->plan.raise};
    a->has_other = seeds || raise;
    if (status == GX_OK && seeds) {
        a->other.count = 0;
        status = read_seeds(&a->other, a, "against", err);
    }
    return status;
}

/* As the pass learnt it with the chances, where these are taken and no time is asked for. */
static bool take_delay(asking *a) {
    const gx_spread *s = &a->spread;
    if (s->chance.rule != GX_CHANCE_GIVEN || s->spec.from_ms != 0 || s->spec.to_ms != 0) {
        return false;
    }
    const double *fit = gx_arrays_get(a->call->state->arrays, "influence.fit", GX_F64, GX_FITS);
    if (!fit || !(fit[GX_FIT_ACTS] > 0 && fit[GX_FIT_DAYS] > 0)) {
        return false;
    }
    a->delay = fit[GX_FIT_DAYS];
    a->delays = fit[GX_FIT_ACTS];
    a->delay_from = "influence";
    return true;
}

static gx_status learn_delay(asking *a, gx_error *err) {
    const gx_view_spec *of = &a->spread.spec;
    const gx_log_spec spec = {
        .item = GX_NONE, .campaign = GX_NONE, .from_ms = of->from_ms, .to_ms = of->to_ms};
    uint64_t seen;
    if (take_delay(a)) {
        return GX_OK;
    }
    const gx_status status = gx_log_delay(&a->delay, &seen, a->call, &spec, err);
    if (status != GX_OK) {
        return status;
    }
    a->delays = (double)seen;
    a->delay_from = "log";
    return a->delay > 0
               ? GX_OK
               : gx_fail_at(
                     err, GX_CONFLICT, "delay",
                     "delay: nothing can be learnt: the log%s has nobody who came by a share "
                     "of somebody in %d days; accepted is a number of days",
                     of->from_ms || of->to_ms ? " of that time" : "", GX_INFLUENCE_DAYS);
}

static gx_status read_delay(asking *a, gx_error *err) {
    const gx_value *given = gx_arg_value(a->call->args, "delay");
    char shown[60] = "something that is no number";
    double days = 0;
    enum { USUAL = 30 };
    const bool asked = gx_arg_has(a->call->args, "days");
    if (given->type == GX_NIL) {
        return !asked ? GX_OK
                      : gx_fail_at(err, GX_BAD_REQUEST, "days",
                                   "days was given without a delay; it goes with one");
    }
    a->days = asked ? (uint32_t)gx_arg_int(a->call->args, "days") : USUAL;
    if (given->type == GX_TEXT && gx_slice_is((gx_slice){given->as.text, given->size}, "learned")) {
        return learn_delay(a, err);
    }
    const bool read = gx_value_as_number(given, &days);
    if (!read || !(days > 0 && days <= 36600)) {
        if (given->type == GX_TEXT) {
            gx_quote(shown, sizeof shown, given->as.text, given->size);
        } else if (read) {
            snprintf(shown, sizeof shown, "%g", days);
        }
        return gx_fail_at(err, GX_BAD_REQUEST, "delay",
                          "delay is %s; accepted is a number of days above 0 and up to 36600, or "
                          "learned",
                          shown);
    }
    a->delay = days;
    return GX_OK;
}

static gx_status read_circles(asking *a, gx_error *err) {
    const gx_slice by = gx_arg_text(a->call->args, "by");
    return by.size == 0 && a->call->state->circles == 0
               ? GX_OK
               : gx_spread_circles_find(&a->circles, &a->spread, by, err);
}

/* ---- playing ----------------------------------------------------------------------------------
 */

static gx_status play(plan *p, const asking *a, uint32_t runs, gx_error *err) {
    gx_job *job = a->call->job;
    gx_chance_options chance = a->spread.chance;
    const gx_simulation_options options = {.seed = p->seed,
                                           .count = p->count,
                                           .runs = runs,
                                           .weight = a->worth,
                                           .circle = a->circles.of,
                                           .circles = a->circles.count,
                                           .days = a->days,
                                           .delay = a->delay};
    gx_chances chances = {0};
    gx_status status = GX_OK;
    chance.raise = p->raise;
    gx_spread_share(&chance, &a->spread);
    GX_TRY(gx_chances_make(&chances, a->spread.graph, &chance, true, job, err));
    GX_TRY(gx_chances_copy(&chances, job, err));
    GX_TRY(gx_simulate(&p->played, &chances, &options, job, err));
done:
    gx_chances_finish(&chances, job);
    return status;
}

static gx_status time_runs(double *out, asking *a, uint32_t runs, gx_error *err) {
    plan few = a->plan;
    const int64_t begun = gx_clock_cpu_ns();
    const gx_status status = play(&few, a, runs, err);
    *out = (double)(gx_clock_cpu_ns() - begun) / 1e9;
    gx_simulation_finish(&few.played, a->call->job);
    return status;
}

/* Plays more and more runs until it can be told what all of them take. */
static gx_status estimate(gx_value *out, asking *a, gx_error *err) {
    static const double ENOUGH = 0.1; /* s */
    gx_job *job = a->call->job;
    const double all = (double)gx_arg_int(a->call->args, "runs"), plans = a->has_other ? 2 : 1;
    gx_status status = GX_OK;
    double first, last;
    uint32_t runs = 64;
    const uint64_t read = atomic_load(&job->mem_peak);
    atomic_store(&job->mem_peak, atomic_load(&job->mem_used));
    GX_TRY(time_runs(&first, a, 2, err));
    GX_TRY(time_runs(&last, a, runs, err));
    while (last < first + ENOUGH && runs < all) {
        runs *= 4;
        GX_TRY(time_runs(&last, a, runs, err));
    }
    const double each = fmax(last - first, 0) / (runs - 2.0);
    const double more = 8 * fmax(all - runs, 0) * plans;
    const gx_part_estimate steps[] = {
        {"chances", {.mem_bytes = read, .cpu_s = plans * first}},
        {"runs",
         {.mem_bytes = atomic_load(&job->mem_peak) + (uint64_t)more, .cpu_s = plans * all * each}}};
    *out = gx_estimate_steps(a->call->arena, steps, GX_COUNT(steps), 1);
done:
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* {mean, error, interval, low, median, high} of a number a run, which is between least and most
 * whatever comes. */
static gx_status put_runs(gx_value *row, const asking *a, const double *number, uint32_t count,
                          double least, double most, gx_error *err) {
    gx_arena *arena = a->call->arena;
    double *sorted = gx_arena_get(arena, count * sizeof *sorted);
    gx_spread_average average = {.runs = count, .low = least, .high = most};
    const double within = gx_arg_real(a->call->args, "within");
    if (!sorted) {
        return gx_fail_memory(err, count * sizeof *sorted);
    }
    memcpy(sorted, number, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, gx_by_f64);
    gx_runs_mean(&average.mean, &average.error, number, count);
    gx_map_put(arena, row, "mean", gx_real(average.mean));
    gx_map_put(arena, row, "error", gx_real(average.error));
    gx_map_put(arena, row, "interval", gx_spread_interval(arena, &average));
    gx_map_put(arena, row, "low", gx_real(gx_quantile_f64(sorted, count, (1 - within) / 2)));
    gx_map_put(arena, row, "median", gx_real(gx_quantile_f64(sorted, count, 0.5)));
    gx_map_put(arena, row, "high", gx_real(gx_quantile_f64(sorted, count, (1 + within) / 2)));
    return GX_OK;
}

/* New members: each seed's in the first step, and each member's in all. */
static void put_k(gx_value *row, gx_arena *arena, const plan *p) {
    double members = 0;
    for (uint32_t s = 0; s < GX_SPREAD_STEPS; s++) {
        members += p->played.by_step[s];
    }
    const double seeds = p->played.by_step[0];
    gx_map_put(arena, row, "k", seeds > 0 ? gx_real(p->played.by_step[1] / seeds) : gx_nil());
    gx_map_put(arena, row, "k_all", members > 0 ? gx_real((members - seeds) / members) : gx_nil());
    gx_map_put(arena, row, "per_seed", seeds > 0 ? gx_real(members / seeds) : gx_nil());
}

static gx_status plan_row(gx_value *out, const asking *a, const plan *p, gx_error *err) {
    gx_arena *arena = a->call->arena;
    *out = gx_map(arena, 12);
    gx_map_put(arena, out, "seeds", gx_int((int64_t)(p->played.by_step[0] + 0.5)));
    gx_map_put(arena, out, "raise", gx_real(p->raise));
    const gx_status status =
        put_runs(out, a, p->played.reached, p->played.runs, p->played.least, p->played.most, err);
    put_k(out, arena, p);
    return status;
}

static gx_value step_rows(const asking *a) {
    gx_arena *arena = a->call->arena;
    const double *by = a->plan.played.by_step;
    gx_value list = gx_list(arena, 16);
    double sum = 0;
    for (uint32_t s = 0; s < GX_SPREAD_STEPS && by[s] > 0; s++) {
        gx_value row = gx_map(arena, 4);
        sum += by[s];
        gx_map_put(arena, &row, "step", gx_int(s));
        gx_map_put(arena, &row, "members", gx_real(by[s]));
        gx_map_put(arena, &row, "reached", gx_real(sum));
        gx_map_put(arena, &row, "growth", s ? gx_real(by[s] / by[s - 1]) : gx_nil());
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* Without `later` the last is what the campaign has reached by then. */
static gx_value day_rows(const asking *a) {
    gx_arena *arena = a->call->arena;
    const double *by = a->plan.played.by_day;
    const uint32_t days = a->days;
    gx_value list = gx_list(arena, days + 1);
    double sum = 0;
    for (uint32_t d = 0; d <= days; d++) {
        gx_value row = gx_map(arena, 3);
        sum += by[d];
        gx_map_put(arena, &row, "day", d < days ? gx_int(d + 1) : gx_str("later"));
        gx_map_put(arena, &row, "members", gx_real(by[d]));
        gx_map_put(arena, &row, "reached", gx_real(sum));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value circle_row(const asking *a, uint32_t circle, uint32_t size, uint32_t seeds) {
    gx_arena *arena = a->call->arena;
    const double reached = a->plan.played.by_circle[circle];
    gx_value row = gx_map(arena, 6);
    gx_map_put(arena, &row, "circle", gx_spread_circle_value(&a->circles, circle));
    gx_map_put(arena, &row, "members", gx_int(size));
    gx_map_put(arena, &row, "seeds", gx_int(seeds));
    gx_map_put(arena, &row, "reached", gx_real(reached));
    gx_map_put(arena, &row, "share", size ? gx_real(reached / size) : gx_nil());
    if (a->has_other) {
        gx_map_put(arena, &row, "against", gx_real(a->other.played.by_circle[circle]));
    }
    return row;
}

/* The one with most members reached first, those that nobody reached too. */
static gx_status circle_rows(gx_value *list, uint32_t *unlisted, const asking *a, gx_error *err) {
    gx_arena *arena = a->call->arena;
    const gx_spread_circles *c = &a->circles;
    uint32_t *size, *seeds, count;
    gx_status status = gx_spread_circles_tally(&size, c, NULL, a->spread.n, arena, err);
    *list = gx_list(arena, 32);
    if (status == GX_OK) {
        status = gx_spread_circles_tally(&seeds, c, a->plan.seed, a->plan.count, arena, err);
    }
    if (status != GX_OK) {
        return status;
    }
    const uint32_t *top =
        gx_spread_circles_listed(&count, unlisted, c, a->plan.played.by_circle, size, arena);
    if (!top) {
        return gx_fail_memory(err, c->count * sizeof *top);
    }
    for (uint32_t i = 0; i < count; i++) {
        gx_list_add(arena, list, circle_row(a, top[i], size[top[i]], seeds[top[i]]));
    }
    return GX_OK;
}

/* Of the first plan over the other, run by run. */
static gx_status difference_row(gx_value *out, const asking *a, gx_error *err) {
    gx_arena *arena = a->call->arena;
    const uint32_t runs = a->plan.played.runs;
    double *by = gx_arena_get(arena, runs * sizeof *by), more = 0, less = 0;
    *out = gx_map(arena, 10);
    if (!by) {
        return gx_fail_memory(err, runs * sizeof *by);
    }
    for (uint32_t r = 0; r < runs; r++) {
        by[r] = a->plan.played.reached[r] - a->other.played.reached[r];
        more += by[r] > 0;
        less += by[r] < 0;
    }
    const gx_status status = put_runs(out, a, by, runs, -INFINITY, INFINITY, err);
    const double other = a->other.played.mean;
    gx_map_put(arena, out, "share",
               other > 0 ? gx_real((a->plan.played.mean - other) / other) : gx_nil());
    gx_map_put(arena, out, "more_in", gx_real(more / runs));
    gx_map_put(arena, out, "less_in", gx_real(less / runs));
    return status;
}

/* What there is to reach. */
static double worth_of_all(const asking *a) {
    double sum = a->worth ? 0 : a->spread.here;
    for (uint32_t v = 0; a->worth && v < a->spread.n; v++) {
        sum += a->worth[v];
    }
    return sum;
}

static gx_status answer(gx_value *out, const asking *a, gx_error *err) {
    gx_arena *arena = a->call->arena;
    const gx_args *args = a->call->args;
    gx_value row = gx_map(arena, 23), reach, against = gx_nil(), difference = gx_nil();
    gx_value circles = gx_nil(), notes = gx_list(arena, 2);
    uint32_t unlisted = 0;
    gx_status status = GX_OK;
    GX_TRY(plan_row(&reach, a, &a->plan, err));
    if (a->has_other) {
        GX_TRY(plan_row(&against, a, &a->other, err));
        GX_TRY(difference_row(&difference, a, err));
    }
    if (a->circles.of) {
        GX_TRY(circle_rows(&circles, &unlisted, a, err));
    }
    gx_map_put(arena, &row, "members", gx_int(a->spread.here));
    gx_map_put(arena, &row, "worth", gx_real(worth_of_all(a)));
    gx_map_put(arena, &row, "model", *gx_arg_value(args, "model"));
    gx_map_put(arena, &row, "chances", gx_str(gx_spread_chances_name(a->spread.chance.rule)));
    gx_map_put(arena, &row, "runs", gx_int(a->plan.played.runs));
    gx_map_put(arena, &row, "reach", reach);
    gx_map_put(arena, &row, "against", against);
    gx_map_put(arena, &row, "difference", difference);
    gx_map_put(arena, &row, "delay_days", a->delay > 0 ? gx_real(a->delay) : gx_nil());
    gx_map_put(arena, &row, "delays_seen",
               a->delays > 0 ? gx_int((int64_t)llround(a->delays)) : gx_nil());
    gx_map_put(arena, &row, "delay_from", a->delay_from ? gx_str(a->delay_from) : gx_nil());
    gx_map_put(arena, &row, "steps", step_rows(a));
    gx_map_put(arena, &row, "days", a->delay > 0 ? day_rows(a) : gx_nil());
    gx_map_put(arena, &row, "circles", circles);
    gx_map_put(arena, &row, "circles_more", a->circles.of ? gx_int(unlisted) : gx_nil());
    gx_spread_note(&notes, &a->spread);
    gx_map_put(arena, &row, "notes", notes);
    gx_map_put(arena, &row, "unknown", a->unknown);
    if (a->departed.size > 0) {
        gx_map_put(arena, &row, "departed", a->departed);
    }
    *out = row;
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    asking a = {.call = call};
    const uint32_t runs = (uint32_t)gx_arg_int(call->args, "runs");
    GX_TRY(gx_spread_open(&a.spread, call, err));
    GX_TRY(gx_spread_check_sharing(&a.spread, err));
    GX_TRY(read_plans(&a, err));
    GX_TRY(read_delay(&a, err));
    GX_TRY(gx_spread_worth(&a.worth, &a.spread, err));
    GX_TRY(read_circles(&a, err));
    if (gx_arg_bool(call->args, "estimate")) {
        status = estimate(out, &a, err);
        goto done;
    }
    GX_TRY(play(&a.plan, &a, runs, err));
    if (a.has_other) {
        GX_TRY(play(&a.other, &a, runs, err));
    }
    GX_TRY(answer(out, &a, err));
done:
    gx_simulation_finish(&a.plan.played, call->job);
    gx_simulation_finish(&a.other.played, call->job);
    gx_spread_circles_finish(&a.circles, call->job);
    gx_job_free(call->job, a.worth);
    gx_spread_close(&a.spread);
    return status;
}

const gx_method gx_method_seed_simulate = {
    .name = "seed.simulate",
    .summary = "how far given seeds reach, by circle, step and day, and what another plan changes",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{members, worth (of all there is to reach), model, chances, runs, reach: {seeds, raise, "
        "mean, error, interval: [low, high], "
        "low, median, high, k, k_all, per_seed}, against, difference: {mean, error, interval, low, "
        "median, high, share, more_in, less_in}, delay_days, delays_seen, steps: [{step, members, "
        "reached, growth}], days: [{day, members, reached}], circles: [{circle, members, seeds, "
        "reached, share, against?}], circles_more, notes: [text], unknown, departed? (seeds that "
        "have)}",
    .run = run,
};
