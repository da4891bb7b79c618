/* Which model of taste a build makes lists by: two are fitted on the earlier part of the log and
 * judged by what came after. The first stands unless the other is better and a paired test says so:
 * two builds of nearly the same log shall not differ by a draw. */
#include "api/build/interest.h"

#include "api/eval/eval.h"
#include "api/eval/tuned.h"

#include <math.h>

/* Members judged at the most, and fewest that say anything. */
enum { JUDGED_MOST = 2000, JUDGED_LEAST = 100, CUTOFF = 20 };

/* What a list reads of a model of factors is items × factors bytes, and the blend multiplies all of
 * it for every take: beyond this neither the sample shop nor Ciao gains. */
#define SERVED_FACTORS 128

static const char *const tried_models[GX_INTEREST_TRIED] = {GX_INTEREST_MODEL, "linear"};

/* ---- trying -----------------------------------------------------------------------------------
 */

static gx_status make_model(gx_eval_model *out, const char *name, const gx_value *params,
                            gx_error *err) {
    const gx_model *model = gx_model_find(name);
    const gx_plan_step wanted = {.pass = &model->pass,
                                 .params = params ? gx_map_get(params, name) : NULL};
    *out = (gx_eval_model){.name = name, .model = model};
    return gx_plan_make(&out->plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err);
}

static gx_status judge(gx_judgement *out, const char *name, const gx_value *params,
                       gx_eval_data *data, gx_job *job, gx_error *err) {
    static const gx_eval_options how = {.cutoff = {CUTOFF}, .cutoff_count = 1};
    gx_eval_model model;
    gx_status status = make_model(&model, name, params, err);
    status = status == GX_OK ? gx_eval_model_fit(&model, data, job, err) : status;
    if (status == GX_OK) {
        const gx_judged what = {.model = model.model, .state = model.state};
        status = gx_judge(out, &what, &data->split.fit, gx_split_history(&data->split),
                          &data->split.test, &how, job, err);
    }
    gx_eval_model_finish(&model, job);
    return status;
}

/* Members of whom something is known and something else looked for. */
static uint32_t count_judged(const gx_split *split) {
    const gx_matrix *known = gx_split_history(split), *test = &split->test;
    uint32_t count = 0;
    for (uint32_t u = 0; u < test->rows && u < known->rows; u++) {
        bool found = false;
        for (uint64_t k = test->ptr[u]; k < test->ptr[u + 1] && !found; k++) {
            found = gx_matrix_find(known, u, test->col[k]) == UINT64_MAX;
        }
        count += found && known->ptr[u + 1] > known->ptr[u] ? 1 : 0;
    }
    return count;
}

/* By time, or by chance where hardly anybody did something since: a log without times. *out_enough
 * false: too little happened to tell. */
static gx_status make_data(gx_eval_data *out, bool *out_enough, gx_call_env *call,
                           const gx_view_spec *spec, gx_error *err) {
    static const char *const splits[] = {"time:0.9", "random:0.8"};
    const int64_t from = spec->from_ms ? spec->from_ms : INT64_MIN + 1;
    const int64_t to = spec->to_ms ? spec->to_ms : INT64_MAX;
    *out_enough = false;
    for (size_t i = 0; i < GX_COUNT(splits); i++) {
        gx_error why = {0};
        gx_status status =
            gx_eval_data_between(out, call, gx_slice_of(splits[i]), GX_NEED_MATRIX, from, to, &why);
        if (status == GX_OK && count_judged(&out->split) >= JUDGED_LEAST) {
            *out_enough = true;
            return GX_OK;
        }
        if (status != GX_OK && status != GX_CONFLICT) {
            *err = why;
            return status;
        }
        gx_eval_data_finish(out);
        *out = (gx_eval_data){0};
    }
    return GX_OK;
}

/* The first unless a later one is better, and not by chance. */
static gx_status choose(gx_interest *out, const gx_judgement *judged, gx_job *job, gx_error *err) {
    const gx_resampling how = {.resamples = 1000, .level = 0.95, .seed = job->seed};
    const gx_judgement *first = &judged[0], *other = &judged[1];
    gx_paired tests[GX_MEMBER_METRICS]; /* columns of one cutoff */
    gx_status status = gx_paired_test(tests, other->figure, first->figure, first->user,
                                      first->users, first->columns, &how, job, err);
    if (status != GX_OK) {
        return status;
    }
    for (size_t i = 0; i < GX_INTEREST_TRIED; i++) {
        out->ndcg[i] = judged[i].mean[GX_METRIC_ndcg];
    }
    out->members = first->users;
    out->p = tests[GX_METRIC_ndcg].p;
    out->chosen = tests[GX_METRIC_ndcg].difference > 0 && out->p <= 0.05 ? 1 : 0;
    return GX_OK;
}

static gx_status try_models(gx_interest *out, const gx_build_options *options, gx_call_env *call,
                            gx_error *err) {
    gx_eval_data data = {0};
    gx_judgement judged[GX_INTEREST_TRIED] = {{0}};
    gx_job *job = call->job;
    bool enough;
    gx_status status;
    gx_job_stage(job, "interest", 0);
    GX_TRY(make_data(&data, &enough, call, &options->spec, err));
    if (!enough) {
        goto done;
    }
    GX_TRY(gx_split_sample(&data.split, JUDGED_MOST, job, err));
    GX_TRY(judge(&judged[0], tried_models[0], options->params, &data, job, err));
    for (size_t i = 1; i < GX_INTEREST_TRIED; i++) {
        gx_error why = {0};
        status = judge(&judged[i], tried_models[i], options->params, &data, job, &why);
        if (status == GX_OVER_LIMIT ||
            status == GX_NO_MEMORY) { /* no room to be tried: none to serve it */
            status = GX_OK;
            goto done;
        }
        if (status != GX_OK) {
            *err = why;
            goto done;
        }
    }
    GX_TRY(choose(out, judged, job, err));
done:
    for (size_t i = 0; i < GX_INTEREST_TRIED; i++) {
        gx_judgement_finish(&judged[i]);
    }
    gx_eval_data_finish(&data);
    return status;
}

/* ---- what is left open ------------------------------------------------------------------------
 */

/* Beneath what was given for the model: of factors no more than a list has time for. */
static gx_value served_params(gx_arena *arena, const gx_value *given, const char *model) {
    const bool some = given && given->type == GX_MAP;
    const gx_value *own = some ? gx_map_get(given, model) : NULL;
    gx_value under = gx_map(arena, 1), none = gx_map(arena, 1);
    if (strcmp(model, "ials") != 0 || (own && own->type != GX_MAP)) {
        return some ? *given : gx_nil(); /* what is told to be wrong later */
    }
    gx_map_put(arena, &under, "factors_most", gx_int(SERVED_FACTORS));
    gx_value all = gx_params_over(NULL, some ? given : &none, arena);
    gx_map_put(arena, &all, model, gx_params_over(own, &under, arena));
    return all;
}

static gx_status settle_params(gx_build_options *options, gx_arena *arena, gx_error *err) {
    gx_value *params = gx_arena_get(arena, sizeof *params);
    if (!params) {
        return gx_fail_memory(err, sizeof *params);
    }
    *params = served_params(arena, options->params, options->interest);
    options->params = params;
    return gx_arena_status(arena) == GX_OK ? GX_OK : gx_fail_memory(err, 0);
}

gx_status gx_interest_settle(gx_build_options *options, gx_interest *out, gx_db *db,
                             gx_arena *arena, gx_job *job, gx_error *err) {
    gx_state *state = NULL;
    gx_status status = GX_OK;
    *out = (gx_interest){0};
    if (!gx_build_is_usual(options)) {
        return GX_OK;
    }
    if (!options->interest) {
        state = gx_db_hold_state(db);
        gx_build_options tried = *options;
        gx_value params = served_params(arena, options->params, GX_INTEREST_MODEL);
        gx_call_env call = {.db = db, .job = job, .arena = arena, .state = state};
        tried.params = &params;
        GX_TRY(try_models(out, &tried, &call, err));
        options->interest = tried_models[out->chosen];
    }
    out->model = options->interest;
    status = settle_params(options, arena, err);
done:
    gx_state_release(state);
    return status;
}

gx_status gx_interest_guess(gx_build_options *options, const gx_state *now, gx_arena *arena,
                            gx_error *err) {
    const char *served = now->rec ? gx_rec_interest_model(now->rec) : NULL;
    if (!gx_build_is_usual(options)) {
        return GX_OK;
    }
    for (size_t i = 0; !options->interest && served && i < GX_INTEREST_TRIED; i++) {
        options->interest = strcmp(served, tried_models[i]) == 0 ? tried_models[i] : NULL;
    }
    options->interest = options->interest ? options->interest : GX_INTEREST_MODEL;
    return settle_params(options, arena, err);
}

gx_status gx_interest_estimate(gx_estimate *out, const gx_build_options *options,
                               const gx_views *views, gx_estimate view, gx_job *job,
                               gx_error *err) {
    static const double judged_s = 1.2e-8; /* a member and item */
    const double part = 0.9;
    const double judged = fmin(JUDGED_MOST, (double)views->input.users);
    uint64_t most = 0;
    gx_status status = GX_OK;
    *out = (gx_estimate){.cpu_s = 2 * view.cpu_s + GX_INTEREST_TRIED * judged_s * judged *
                                                       (double)views->input.items};
    for (size_t i = 0; i < GX_INTEREST_TRIED && status == GX_OK; i++) {
        gx_eval_model model;
        status = make_model(&model, tried_models[i], options->params, err);
        if (status == GX_OK) {
            const gx_estimate one = gx_plan_estimate(&model.plan, &views->input, job->threads);
            out->cpu_s += part * one.cpu_s;
            most = one.mem_bytes > most ? one.mem_bytes : most;
        }
        gx_eval_model_finish(&model, job);
    }
    out->mem_bytes = (uint64_t)(part * (double)(gx_matrix_bytes(&views->matrix) + most));
    return status;
}

/* ---- told -------------------------------------------------------------------------------------
 */

#define NOTE "interest.tried"

gx_status gx_interest_note(gx_arrays *arrays, const gx_interest *interest, gx_error *err) {
    return interest->members ? gx_arrays_note(arrays, NOTE, interest->model, err) : GX_OK;
}

bool gx_interest_was_tried(const gx_arrays *arrays) {
    return gx_arrays_noted(arrays, NOTE) != NULL;
}

gx_value gx_interest_told(gx_arena *arena, const gx_interest *interest) {
    gx_value list = gx_list(arena, GX_INTEREST_TRIED);
    for (size_t i = 0; interest->members && i < GX_INTEREST_TRIED; i++) {
        gx_value row = gx_map(arena, 2);
        gx_map_put(arena, &row, "model", gx_str(tried_models[i]));
        gx_map_put(arena, &row, "ndcg@20", gx_real(interest->ndcg[i]));
        gx_list_add(arena, &list, row);
    }
    return list;
}
