/* model.tune: searches a model's parameters. Members are held out whole; the half of them that
 * chooses among trials says nothing of the gain, which is told, and tested, on the other half.
 * docs/tune.md. */
#include "api/build/estimate.h"
#include "api/eval/eval.h"
#include "api/eval/tuned.h"
#include "models/eval/tune.h"

#include <math.h>
#include <stdio.h>

/* clang-format off */
static const gx_param params[] = {
    {"model", GX_PARAM_TEXT, "linear", GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "whose parameters"},
    {"parameters", GX_PARAM_LIST, NULL, 1, 16, NULL, NULL, 0,
     "which of them (those of which better values may be found, by the model's table)"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "map of the model to parameters that stay as given"},
    {"metric", GX_PARAM_TEXT, "ndcg@20", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "what to make most of: a metric of eval and a length, as recall@20"},
    {"trials", GX_PARAM_INT, NULL, 1, GX_TUNE_TRIALS_MOST, NULL, NULL, 0,
     "how many, the defaults included (as many as there is time for)"},
    {"budget", GX_PARAM_DURATION, NULL, 1, 3.2e10, NULL, NULL, 0,
     "no trial begins that would not be done by then (5m, where trials are not given)"},
    {"split", GX_PARAM_TEXT, "member:0.8", GX_PARAM_UNCHECKED, NULL, NULL, 0, gx_tune_split_help},
    {"members", GX_PARAM_INT, "6000", 20, 4e9, "members", NULL, 0,
     "judge by so many of those with something to find, drawn: half choose, half confirm"},
    {"resamples", GX_PARAM_INT, "1000", 100, 1e5, NULL, NULL, 0, "of the gain's interval and test"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the gain's interval"},
    {"write", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "keep what is better than the defaults as a setting, for the builds to come"},
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only say what one fit would take; a trial is a fit and the lists"},
};
/* clang-format on */

static const int64_t USUAL_BUDGET_MS = 300000;
static const double CHOOSING = 0.5, PART = 1.0 / 3;
enum { SIDE_LEAST = 10, PART_LEAST = 500, STAGE_BYTES = 80 };

/* What one way of judging costs and is judged by. */
typedef struct tier {
    gx_eval_data data; /* borrows all but the fit of the other tier's */
    const gx_matrix *test;
    double longest_s; /* of its trials so far */
} tier;

typedef struct told {
    double fit_cpu_s, score_cpu_s;
    const char *note; /* what failed; NULL: nothing */
} told;

typedef struct tuning {
    gx_call_env *call;
    gx_arena *arena;
    gx_job *job;
    const char *name;
    const gx_model *model;
    gx_value fixed; /* map or nil */
    gx_eval_data data;
    gx_matrix part_fit, part_test;
    tier whole, part;
    gx_eval_options options;
    size_t metric;
    const char *metric_text;
    gx_tune_space space;
    gx_tune_search search;
    gx_tune_trial *trials;
    told *told;
    uint32_t count, best;
    gx_tune_end end;
    /* Figures of the members who confirm, of the defaults and of the best so far. */
    uint32_t *member, members;
    double *usual, *found, worth;
    uint32_t choosing;
    int64_t begun_ns, budget_ms; /* 0: no limit */
    char stage[STAGE_BYTES];
    gx_progress_fn progress;
    void *progress_user;
} tuning;

/* ---- arguments ------------------------------------------------------------------------------- */

static gx_status read_metric(tuning *t, gx_error *err) {
    const gx_slice text = gx_arg_text(t->call->args, "metric");
    const char *at = memchr(text.data, '@', text.size);
    const gx_slice name = {text.data, at ? (size_t)(at - text.data) : text.size};
    int64_t cutoff = 20;
    t->metric = 0;
    while (t->metric < GX_MEMBER_METRICS && !gx_slice_is(name, gx_member_metrics[t->metric].name)) {
        t->metric++;
    }
    const bool is_number =
        !at || gx_parse_int((gx_slice){at + 1, text.size - name.size - 1}, &cutoff);
    if (t->metric == GX_MEMBER_METRICS || !is_number || cutoff < 1 || cutoff > GX_CUTOFF_LONGEST) {
        char shown[64], known[160];
        size_t used = 0;
        for (size_t k = 0; k < GX_MEMBER_METRICS; k++) {
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", k ? ", " : "",
                                     gx_member_metrics[k].name);
        }
        return gx_fail_at(err, GX_BAD_REQUEST, "metric",
                          "metric: %s was given; accepted is one of %s, with @ and a length from 1 "
                          "to %d",
                          gx_quote(shown, sizeof shown, text.data, text.size), known,
                          GX_CUTOFF_LONGEST);
    }
    t->options = (gx_eval_options){.cutoff = {(uint32_t)cutoff}, .cutoff_count = 1};
    t->metric_text =
        gx_arena_printf(t->arena, "%s@%u", gx_member_metrics[t->metric].name, (uint32_t)cutoff);
    return t->metric_text ? GX_OK : gx_fail_memory(err, text.size);
}

/* {model: {…}}: of this model alone. */
static gx_status read_fixed(tuning *t, gx_error *err) {
    const gx_value *given = gx_arg_value(t->call->args, "params");
    const gx_eval_model one = {.name = t->name, .model = t->model};
    gx_status status = gx_eval_check_params(&one, 1, given, err);
    const gx_value *own =
        status == GX_OK && given->type == GX_MAP ? gx_map_get(given, t->name) : NULL;
    t->fixed = own ? *own : gx_nil();
    if (own && own->type != GX_MAP) {
        return gx_fail_at(err, GX_BAD_REQUEST, "params",
                          "params: %s has a %s; accepted is a map of its parameters", t->name,
                          gx_type_name(own->type));
    }
    return status;
}

static gx_status read_model(tuning *t, gx_error *err) {
    const gx_slice name = gx_arg_text(t->call->args, "model");
    t->name = gx_arena_printf(t->arena, "%.*s", (int)name.size, name.data);
    t->model = t->name ? gx_model_find(t->name) : NULL;
    return t->model ? GX_OK : gx_any_pass_missing(name, GX_KIND_MODEL, err);
}

/* ---- the data -------------------------------------------------------------------------------- */

static bool chooses(const tuning *t, uint32_t user) {
    return gx_split_lot(t->job, user) < CHOOSING;
}

static gx_status count_sides(tuning *t, gx_error *err) {
    const gx_matrix *test = &t->data.split.test;
    for (uint32_t u = 0; u < test->rows; u++) {
        if (test->ptr[u + 1] > test->ptr[u]) {
            t->choosing += chooses(t, u);
            t->members += !chooses(t, u);
        }
    }
    const uint32_t all = t->choosing + t->members;
    if (t->choosing < SIDE_LEAST || t->members < SIDE_LEAST) {
        return gx_fail_at(
            err, GX_CONFLICT, "split",
            "%u %s something to find in this split: too few to choose by half of them "
            "and to confirm by the others",
            all, gx_plural(all, "member has", "members have"));
    }
    return GX_OK;
}

/* Counted against the job until the end. */
static gx_status draw_rows(gx_matrix *out, const tuning *t, const gx_matrix *of, double share,
                           gx_error *err) {
    gx_status status = gx_split_rows(out, of, share, t->job, err);
    if (status == GX_OK) {
        status = gx_job_charge(t->job, gx_matrix_bytes(out), err);
        if (status != GX_OK) {
            gx_matrix_finish(out);
        }
    }
    return status;
}

/* A third of the members to fit on, and of those who choose. */
static gx_status make_part(tuning *t, gx_error *err) {
    gx_status status = GX_OK;
    t->whole = (tier){.data = t->data, .test = &t->data.split.test};
    if (t->choosing * PART < PART_LEAST) {
        return GX_OK;
    }
    GX_TRY(draw_rows(&t->part_test, t, &t->data.split.test, CHOOSING * PART, err));
    t->part = (tier){.data = t->data, .test = &t->part_test};
    if (t->data.split.by_member) {
        GX_TRY(draw_rows(&t->part_fit, t, &t->data.split.fit, PART, err));
        t->part.data.input.matrix = &t->part_fit;
    }
    t->search.has_small = true;
done:
    return status;
}

static gx_status make_data(tuning *t, gx_error *err) {
    gx_eval_model probe = {0};
    const gx_value none = gx_nil();
    gx_status status = gx_eval_model_make(&probe, t->call, gx_slice_of(t->name), &none, err);
    const unsigned needs = probe.plan.needs;
    gx_eval_model_finish(&probe, t->job);
    GX_TRY(status);
    GX_TRY(gx_eval_data_make(&t->data, t->call, gx_arg_text(t->call->args, "split"), needs, err));
    if (t->data.split.cold) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "split",
                          "split: cold-items judges what items are like, which no parameter of a "
                          "model is chosen by; accepted are the other splits"));
    }
    GX_TRY(gx_eval_data_check(&t->data, err));
    GX_TRY(gx_split_sample(&t->data.split, (uint32_t)gx_arg_int(t->call->args, "members"), t->job,
                           err));
    GX_TRY(count_sides(t, err));
    GX_TRY(make_part(t, err));
    GX_TRY(gx_job_alloc(t->job, &t->member, t->members, sizeof *t->member, err));
    GX_TRY(gx_job_alloc(t->job, &t->usual, t->members, sizeof *t->usual, err));
    GX_TRY(gx_job_alloc(t->job, &t->found, t->members, sizeof *t->found, err));
done:
    return status;
}

/* ---- a trial --------------------------------------------------------------------------------- */

/* The mean over those who choose; of those who confirm the figures are kept, if they may be needed.
 */
static double take_figures(tuning *t, uint32_t trial, const gx_judgement *j) {
    double sum = 0;
    uint32_t count = 0;
    for (uint32_t k = 0; k < j->users; k++) {
        if (chooses(t, j->user[k])) {
            sum += j->figure[(size_t)k * j->columns + t->metric];
            count++;
        }
    }
    const double worth = count ? sum / count : 0;
    if (trial > 0 && !(worth > t->worth)) {
        return worth;
    }
    for (uint32_t k = 0, at = 0; k < j->users; k++) {
        if (!chooses(t, j->user[k])) {
            const double figure = j->figure[(size_t)k * j->columns + t->metric];
            t->member[at] = j->user[k];
            t->found[at] = figure;
            t->usual[at] = trial == 0 ? figure : t->usual[at];
            at++;
        }
    }
    t->worth = worth;
    return worth;
}

/* What a trial with other parameters may be free of. */
static bool is_own_fault(gx_status status) {
    return status == GX_BAD_REQUEST || status == GX_OVER_LIMIT || status == GX_INTERNAL ||
           status == GX_CONFLICT;
}

static gx_value params_of(const tuning *t, const gx_tune_point *point) {
    gx_value map = t->fixed.type == GX_MAP ? gx_value_copy(t->arena, &t->fixed)
                                           : gx_map(t->arena, GX_TUNE_AXES);
    gx_tune_put(&map, t->arena, &t->space, point);
    return map;
}

static gx_status fit_and_judge(gx_judgement *out, tuning *t, const tier *on, const gx_value *own,
                               told *of, gx_error *err) {
    gx_eval_model model = {0};
    gx_value all = gx_map(t->arena, 1);
    gx_eval_data data = on->data;
    gx_status status;
    gx_map_put(t->arena, &all, t->name, *own);
    GX_TRY(gx_eval_model_make(&model, t->call, gx_slice_of(t->name), &all, err));
    GX_TRY(gx_eval_model_fit(&model, &data, t->job, err));
    of->fit_cpu_s += model.fit_cpu_s;
    const gx_judged what = {.model = model.model, .state = model.state};
    const gx_matrix *history = t->data.split.by_member ? &t->data.split.past : &t->data.split.fit;
    const gx_matrix *fit = t->data.split.by_member ? data.input.matrix : history;
    GX_TRY(gx_judge(out, &what, fit, history, on->test, &t->options, t->job, err));
    of->score_cpu_s += out->score_cpu_s;
done:
    gx_eval_model_finish(&model, t->job);
    return status;
}

static double since(int64_t ns) {
    return (double)(gx_clock_ns() - ns) / 1e9;
}

static gx_status judge(double *out, void *user, uint32_t trial, const gx_tune_point *point,
                       bool small, gx_error *err) {
    tuning *t = user;
    tier *on = small ? &t->part : &t->whole;
    gx_judgement judgement = {0};
    gx_error why = {0};
    const int64_t begun = gx_clock_ns();
    const gx_value own = params_of(t, point);
    gx_status status = fit_and_judge(&judgement, t, on, &own, &t->told[trial], &why);
    if (status == GX_OK && small) {
        *out = judgement.mean[t->metric];
    } else if (status == GX_OK) {
        *out = take_figures(t, trial, &judgement);
    } else if (trial > 0 && is_own_fault(status)) {
        const char *note = gx_arena_printf(t->arena, "%s", why.message);
        t->told[trial].note = note ? note : "failed";
        *out = NAN;
        status = GX_OK;
    } else if (err) {
        *err = why;
    }
    gx_judgement_finish(&judgement);
    const double took = since(begun);
    on->longest_s = took > on->longest_s ? took : on->longest_s;
    t->count = trial + 1 > t->count ? trial + 1 : t->count;
    snprintf(t->stage, sizeof t->stage, "tune: %u tried, best %s %.4f", t->count, t->metric_text,
             t->worth);
    return status;
}

/* Whether it would be done in time, and for what is cheap also what must come after it. */
static bool may_go_on(void *user, bool small) {
    const tuning *t = user;
    const double left = (double)t->budget_ms / 1e3 - since(t->begun_ns);
    return t->budget_ms == 0 || left >= (small ? t->part.longest_s : 0) + t->whole.longest_s;
}

/* Stages of fits as one that tells what was found. */
static void show(void *user, const char *stage, uint64_t done, uint64_t total, uint64_t mem_bytes) {
    const tuning *t = user;
    (void)stage, (void)done, (void)total;
    const uint64_t spent = (uint64_t)(since(t->begun_ns) * 1e3);
    if (t->budget_ms > 0) {
        const uint64_t most = (uint64_t)t->budget_ms;
        t->progress(t->progress_user, t->stage, spent < most ? spent : most, most, mem_bytes);
    } else {
        t->progress(t->progress_user, t->stage, t->count, t->search.most, mem_bytes);
    }
}

/* ---- the answer ------------------------------------------------------------------------------ */

static gx_value trial_rows(const tuning *t) {
    gx_value list = gx_list(t->arena, t->count);
    for (uint32_t k = 0; k < t->count; k++) {
        const gx_tune_trial *trial = &t->trials[k];
        gx_value row = gx_map(t->arena, 8), values = gx_map(t->arena, GX_TUNE_AXES);
        for (size_t a = 0; a < t->space.count; a++) {
            gx_map_put(t->arena, &values, t->space.axis[a].param->name,
                       gx_tune_value(&t->space.axis[a], trial->point.at[a], t->arena));
        }
        gx_map_put(t->arena, &row, "trial", gx_int(k));
        gx_map_put(t->arena, &row, "params", values);
        gx_map_put(t->arena, &row, t->metric_text, gx_real_or_nil(trial->whole));
        if (t->search.has_small) {
            gx_map_put(t->arena, &row, "on_a_part", gx_real_or_nil(trial->small));
        }
        gx_map_put(t->arena, &row, "fit_cpu_s", gx_real(t->told[k].fit_cpu_s));
        gx_map_put(t->arena, &row, "score_cpu_s", gx_real(t->told[k].score_cpu_s));
        if (t->told[k].note) {
            gx_map_put(t->arena, &row, "note", gx_str(t->told[k].note));
        }
        gx_list_add(t->arena, &list, row);
    }
    return list;
}

static const char *end_name(const tuning *t) {
    static const char *const names[] = {"trials", "budget", "exhausted", "cancelled"};
    return t->end == GX_TUNE_END_STOPPED && t->job->deadline_ns && !t->job->cancelled
               ? "deadline"
               : names[t->end];
}

/* The gain on members who had no say in the choice. A job that was stopped still tells it. */
static gx_status test_gain(gx_paired *out, const tuning *t, gx_error *err) {
    gx_job job;
    gx_job_init(&job, t->job->threads, t->job->seed);
    const gx_resampling how = {.resamples = (uint32_t)gx_arg_int(t->call->args, "resamples"),
                               .level = gx_arg_real(t->call->args, "level"),
                               .seed = t->job->seed};
    return gx_paired_test(out, t->found, t->usual, t->member, t->members, 1, &how, &job, err);
}

static double mean_of(const double *figure, uint32_t count) {
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        sum += figure[k];
    }
    return count ? sum / count : 0;
}

static const char *verdict_of(const tuning *t, const gx_paired *gain, bool better, bool written) {
    const double usual = mean_of(t->usual, t->members), found = mean_of(t->found, t->members);
    if (t->best == 0) {
        return gx_arena_printf(t->arena,
                               "the defaults are the best of %u trials: %s %.4f of the %u members "
                               "who confirm (the trials are those of the %u who choose)",
                               t->count, t->metric_text, usual, t->members, t->choosing);
    }
    const char *span = isnan(gain->low)
                           ? "no interval"
                           : gx_arena_printf(t->arena, "%+.4f to %+.4f", gain->low, gain->high);
    return gx_arena_printf(
        t->arena,
        "%s %.4f with what was found, %.4f with the defaults (of the %u members who "
        "confirm; the trials are those of the %u who choose): difference %+.4f (%s): "
        "%s; %s",
        t->metric_text, found, usual, t->members, t->choosing, gain->difference, span ? span : "",
        better           ? "better"
        : gain->high < 0 ? "worse"
                         : "the data cannot tell them apart",
        written  ? "kept in the store for the next build"
        : better ? "not kept in the store"
                 : "the defaults stay");
}

static gx_status put_answer(gx_value *out, tuning *t, gx_error *err) {
    gx_paired gain = {0};
    gx_value best = params_of(t, &t->trials[t->best].point), by_model = gx_map(t->arena, 1);
    gx_value difference = gx_map(t->arena, 4);
    gx_status status = test_gain(&gain, t, err);
    const bool better = t->best > 0 && gain.low > 0;
    const bool write = better && t->end != GX_TUNE_END_STOPPED &&
                       gx_arg_bool(t->call->args, "write") && !t->call->db->options.read_only;
    if (status == GX_OK && write) {
        status = gx_tuned_put(t->call->db, t->name, &best, t->call->principal, t->arena, err);
    }
    const char *verdict = verdict_of(t, &gain, better, write);
    gx_map_put(t->arena, &by_model, t->name, best);
    gx_map_put(t->arena, &difference, "difference", gx_real(gain.difference));
    gx_map_put(t->arena, &difference, "low", gx_real_or_nil(gain.low));
    gx_map_put(t->arena, &difference, "high", gx_real_or_nil(gain.high));
    gx_map_put(t->arena, &difference, "p", gx_real_or_nil(gain.p));
    *out = gx_map(t->arena, 16);
    gx_map_put(t->arena, out, "model", gx_str(t->name));
    gx_map_put(t->arena, out, "metric", gx_str(t->metric_text));
    gx_map_put(t->arena, out, "params", by_model);
    gx_map_put(t->arena, out, "best", gx_int(t->best));
    gx_map_put(t->arena, out, "choosing", gx_int(t->choosing));
    gx_map_put(t->arena, out, "confirming", gx_int(t->members));
    gx_map_put(t->arena, out, "usual", gx_real(mean_of(t->usual, t->members)));
    gx_map_put(t->arena, out, "found", gx_real(mean_of(t->found, t->members)));
    gx_map_put(t->arena, out, "gain", difference);
    gx_map_put(t->arena, out, "better", gx_bool(better));
    gx_map_put(t->arena, out, "written", gx_bool(write));
    gx_map_put(t->arena, out, "ended", gx_str(end_name(t)));
    gx_map_put(t->arena, out, "verdict", gx_str(verdict ? verdict : ""));
    gx_map_put(t->arena, out, "trials", trial_rows(t));
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gx_status read_search(tuning *t, gx_tune_point *start, gx_error *err) {
    const gx_args *args = t->call->args;
    const bool counted = gx_arg_has(args, "trials");
    gx_status status = GX_OK;
    gx_value kept;
    GX_TRY(read_model(t, err));
    GX_TRY(read_metric(t, err));
    GX_TRY(read_fixed(t, err));
    GX_TRY(gx_tune_space_make(&t->space, t->arena, &t->model->pass,
                              gx_arg_value(args, "parameters"), &t->fixed, err));
    t->search = (gx_tune_search){.space = &t->space,
                                 .most = counted ? (uint32_t)gx_arg_int(args, "trials")
                                                 : GX_TUNE_TRIALS_MOST,
                                 .seed = t->job->seed,
                                 .judge = judge,
                                 .may_go_on = may_go_on,
                                 .user = t};
    t->budget_ms = gx_arg_has(args, "budget") ? gx_arg_int(args, "budget")
                   : counted                  ? 0
                                              : USUAL_BUDGET_MS;
    /* What the store has of an earlier search is tried beside the defaults. */
    GX_TRY(gx_tuned_get(&kept, t->call->db, t->arena, err));
    const gx_value *own = kept.type == GX_MAP ? gx_map_get(&kept, t->name) : NULL;
    *start = gx_tune_usual();
    for (size_t k = 0; own && own->type == GX_MAP && k < t->space.count; k++) {
        const gx_value *value = gx_map_get(own, t->space.axis[k].param->name);
        start->at[k] = value ? gx_tune_place(&t->space.axis[k], value) : NAN;
        t->search.start = start;
    }
    GX_TRY(gx_job_alloc(t->job, &t->trials, t->search.most, sizeof *t->trials, err));
    GX_TRY(gx_job_alloc(t->job, &t->told, t->search.most, sizeof *t->told, err));
done:
    return status;
}

/* Of the defaults and what is given; the data are made for real. */
static gx_status estimate_fit(gx_value *out, tuning *t, gx_estimate data, uint64_t held,
                              gx_error *err) {
    gx_eval_model model = {0};
    gx_value all = gx_map(t->arena, 1);
    if (t->fixed.type == GX_MAP) {
        gx_map_put(t->arena, &all, t->name, t->fixed);
    }
    gx_status status = gx_eval_model_make(&model, t->call, gx_slice_of(t->name), &all, err);
    if (status == GX_OK) {
        const gx_estimate fit = gx_plan_estimate(&model.plan, &t->data.input, t->job->threads);
        *out = gx_estimate_value(t->arena, &model.plan, data, held, fit, NULL, NULL, 0);
    }
    gx_eval_model_finish(&model, t->job);
    return status;
}

static gx_status tune(gx_value *out, tuning *t, gx_error *err) {
    gx_status status;
    gx_tune_point start;
    const int64_t cpu = gx_clock_cpu_ns();
    const uint64_t before = atomic_load(&t->job->mem_used);
    t->begun_ns = gx_clock_ns();
    atomic_store(&t->job->mem_peak, before);
    GX_TRY(read_search(t, &start, err));
    GX_TRY(make_data(t, err));
    if (gx_arg_bool(t->call->args, "estimate")) {
        const gx_estimate data = {.mem_bytes = atomic_load(&t->job->mem_peak) - before,
                                  .cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9};
        GX_TRY(estimate_fit(out, t, data, atomic_load(&t->job->mem_used) - before, err));
        goto done;
    }
    snprintf(t->stage, sizeof t->stage, "tune: the defaults");
    t->progress = t->job->progress;
    t->progress_user = t->job->progress_user;
    if (t->progress) {
        t->job->progress = show;
        t->job->progress_user = t;
    }
    status = gx_tune_run(t->trials, &t->count, &t->best, &t->end, &t->search, err);
    t->job->progress = t->progress;
    t->job->progress_user = t->progress_user;
    t->job->stage = "tune"; /* the other one ends with this call */
    const bool stopped = status == GX_CANCELLED || status == GX_DEADLINE;
    if (status == GX_OK || (stopped && t->best != GX_NONE)) {
        status = put_answer(out, t, err);
    }
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    tuning *t = gx_alloc0(1, sizeof *t);
    if (!t) {
        return gx_fail_memory(err, sizeof *t);
    }
    t->call = call;
    t->arena = call->arena;
    t->job = call->job;
    gx_status status = tune(out, t, err);
    gx_job_free(t->job, t->trials);
    gx_job_free(t->job, t->told);
    gx_job_free(t->job, t->member);
    gx_job_free(t->job, t->usual);
    gx_job_free(t->job, t->found);
    gx_job_refund(t->job, gx_matrix_bytes(&t->part_fit) + gx_matrix_bytes(&t->part_test));
    gx_matrix_finish(&t->part_fit);
    gx_matrix_finish(&t->part_test);
    gx_eval_data_finish(&t->data);
    gx_free(t);
    return status;
}

const gx_method gx_method_model_tune = {
    .name = "model.tune",
    .summary = "search a model's parameters on members held out, and keep what is better",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{model, metric, params: {model: {parameter: value}}, best, choosing, confirming, "
              "usual, found, gain: {difference, low, high, p}, better, written, ended, verdict, "
              "trials: [{trial, params, METRIC, on_a_part?, fit_cpu_s, score_cpu_s, note?}]} or "
              "{steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
