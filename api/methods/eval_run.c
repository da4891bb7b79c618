/* eval.run: how well models, or lists made elsewhere, rank what members did later (or what was held
 * out of what they did). Full ranking, what the member is known for left out. Each model is fitted
 * with the passes it needs before it; all are judged on the same members. */
#include "api/build/blend_lists.h"
#include "api/eval/eval.h"

static const gx_param params[] = {
    {"models", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, GX_PARAM_POSITIONAL,
     "which models (" GX_INTEREST_MODEL
     ", where no lists are given): popular, linear, …, or NAME=MODEL to have "
     "one twice with other parameters; with a split by time also what rec.user would have shown: "
     "blend, configured, or a channel alone"},
    {"split", GX_PARAM_TEXT, "time:0.8", GX_PARAM_UNCHECKED, NULL, NULL, 0, gx_eval_split_help},
    {"cutoff", GX_PARAM_ANY, "20", GX_PARAM_UNCHECKED, "items", NULL, 0,
     "length of the list that is judged, 1 to 1000, or several"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "map of model to its parameters"},
    {"lists", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "lists made elsewhere, judged beside: {name: {user: [item, …]}}, best first"},
    {"history", GX_PARAM_ANY, "0,1,5,10,20,50,100", GX_PARAM_UNCHECKED, "items", NULL, 0,
     "also by length of the member's history: where each bucket begins"},
    {"seen", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "bought|all|none", 0,
     "of what rec.user would have shown, as rec.user has it: left out is all the member touched, "
     "as "
     "in the list of every model; with bought, rec.user's own default, a list may bring back what "
     "they only looked at"},
    {"members", GX_PARAM_INT, NULL, 1, 4e9, "members", NULL, 0,
     "judge so many of those with a test item, drawn (all)"},
    {"resamples", GX_PARAM_INT, "1000", 0, 1e5, NULL, NULL, 0,
     "of the bootstrap and of the permutation test; 0: no intervals and no tests"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the intervals and the tests"},
};

enum { ENTRIES_MAX = 64 };

/* One evaluation under way. */
typedef struct run_state {
    gx_call_env *call;
    gx_eval_data data;
    gx_eval_telling telling;
    gx_eval_entry entry[ENTRIES_MAX];
    gx_eval_model model[ENTRIES_MAX]; /* model NULL: lists */
    gx_given_lists given[ENTRIES_MAX];
    gx_weighing how[GX_BLEND_LISTS_MOST]; /* of lists as rec.user makes them */
    gx_lists made[GX_BLEND_LISTS_MOST];
    size_t made_at[GX_BLEND_LISTS_MOST], made_count; /* which entry */
    size_t count;
    unsigned needs; /* of all plans */
} run_state;

/* ---- what is judged ---------------------------------------------------------------------------
 */

static gx_status add_entry(run_state *r, const char *name, gx_error *err) {
    if (r->count == ENTRIES_MAX) {
        return gx_fail_at(err, GX_BAD_REQUEST, "models", "over %d models and lists", ENTRIES_MAX);
    }
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->entry[i].name, name) == 0) {
            return gx_fail_at(err, GX_BAD_REQUEST, "models", "%s is asked for twice", name);
        }
    }
    r->entry[r->count++].name = name;
    return GX_OK;
}

static gx_status add_model(run_state *r, gx_slice name, gx_error *err) {
    const size_t at = r->count;
    gx_eval_model made;
    gx_status status =
        gx_eval_model_make(&made, r->call, name, gx_arg_value(r->call->args, "params"), err);
    if (status != GX_OK) {
        return status;
    }
    status = add_entry(r, made.name, err);
    if (status != GX_OK) {
        gx_eval_model_finish(&made, r->call->job);
        return status;
    }
    r->model[at] = made;
    r->needs |= made.plan.needs;
    return GX_OK;
}

/* What rec.user would have shown, by one way of weighing the channels. */
static gx_status add_weighing(run_state *r, gx_slice name, const gx_weighing *how, gx_error *err) {
    const char *text = gx_arena_printf(r->call->arena, "%.*s", (int)name.size, name.data);
    const size_t at = r->count;
    gx_status status = add_entry(r, text ? text : "", err);
    if (status == GX_OK) {
        r->made_at[r->made_count] = at;
        r->how[r->made_count++] = *how;
    }
    return status;
}

static gx_status add_models(run_state *r, gx_error *err) {
    const gx_value *models = gx_arg_value(r->call->args, "models");
    gx_status status = GX_OK;
    for (uint32_t i = 0; models->type == GX_LIST && i < models->size && status == GX_OK; i++) {
        const gx_slice name = {models->as.items[i].as.text, models->as.items[i].size};
        gx_weighing how;
        status = gx_blend_list_find(&how, name) ? add_weighing(r, name, &how, err)
                                                : add_model(r, name, err);
    }
    if (models->type == GX_NIL && gx_arg_value(r->call->args, "lists")->type == GX_NIL) {
        status = add_model(r, gx_slice_of(GX_INTEREST_MODEL), err);
    }
    return status == GX_OK ? gx_eval_check_params(r->model, r->count,
                                                  gx_arg_value(r->call->args, "params"), err)
                           : status;
}

static gx_status add_lists(run_state *r, gx_error *err) {
    const gx_value *lists = gx_arg_value(r->call->args, "lists");
    gx_status status = GX_OK;
    for (uint32_t i = 0; lists->type == GX_MAP && i < lists->size && status == GX_OK; i++) {
        const gx_pair *pair = &lists->as.pairs[i];
        const char *name =
            gx_arena_printf(r->call->arena, "%.*s", (int)pair->key.size, pair->key.as.text);
        const size_t at = r->count;
        status = add_entry(r, name ? name : "", err);
        if (status == GX_OK) {
            r->entry[at].given = &r->given[at];
            status =
                gx_given_lists_read(&r->given[at], r->call, r->entry[at].name, &pair->value, err);
        }
    }
    return status;
}

/* ---- judging ----------------------------------------------------------------------------------
 */

static gx_status judge_lists(run_state *r, size_t at, gx_error *err) {
    gx_judged what = {.lists = &r->given[at].lists};
    for (size_t k = 0; k < r->made_count; k++) {
        what.lists = r->made_at[k] == at ? &r->made[k] : what.lists;
    }
    gx_eval_data_judged(&what, &r->data);
    return gx_judge(&r->entry[at].judgement, &what, &r->data.split.fit,
                    gx_split_history(&r->data.split), &r->data.split.test, &r->telling.options,
                    r->call->job, err);
}

/* The lists that rec.user would have made at the cut, for members with something to find. */
static gx_status make_lists(run_state *r, gx_error *err) {
    const gx_matrix *test = &r->data.split.test;
    gx_job *job = r->call->job;
    uint8_t *wanted = NULL;
    gx_status status;
    if (!r->data.cut_ms) {
        return gx_fail_at(
            err, GX_BAD_REQUEST, "models",
            "models: %s is what rec.user would have shown at a time; accepted with it "
            "is a split by time, time:SHARE",
            r->entry[r->made_at[0]].name);
    }
    GX_TRY(gx_job_alloc(job, &wanted, test->rows, 1, err));
    for (uint32_t u = 0; u < test->rows; u++) {
        wanted[u] = test->ptr[u + 1] > test->ptr[u];
    }
    const int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    GX_TRY(gx_blend_lists_make(
        r->made, r->how, r->made_count, r->call->db, gx_arg_text(r->call->args, "seen"),
        r->data.cut_ms, wanted, test->rows,
        r->telling.options.cutoff[r->telling.options.cutoff_count - 1], job, err));
    for (size_t k = 0; k < r->made_count; k++) {
        gx_eval_entry *entry = &r->entry[r->made_at[k]];
        entry->fit_cpu_s = (double)(gx_clock_cpu_ns() - cpu) * 1e-9;
        entry->fit_wall_s = (double)(gx_clock_ns() - wall) * 1e-9;
        entry->rss_bytes = gx_rss_peak_bytes();
    }
done:
    gx_job_free(job, wanted);
    return status;
}

static gx_status judge_model(run_state *r, size_t at, gx_error *err) {
    gx_job *job = r->call->job;
    gx_eval_model *model = &r->model[at];
    gx_status status = gx_eval_model_fit(model, &r->data, job, err);
    if (status == GX_OK) {
        gx_judged what = {.model = model->model, .state = model->state};
        gx_eval_data_judged(&what, &r->data);
        r->entry[at].scored = true;
        r->entry[at].fit_cpu_s = model->fit_cpu_s;
        r->entry[at].fit_wall_s = model->fit_wall_s;
        status = gx_judge(&r->entry[at].judgement, &what, &r->data.split.fit,
                          gx_split_history(&r->data.split), &r->data.split.test,
                          &r->telling.options, job, err);
    }
    gx_eval_model_drop(model, job);
    r->entry[at].rss_bytes = gx_rss_peak_bytes();
    return status;
}

static gx_status read_options(run_state *r, gx_error *err) {
    const gx_args *args = r->call->args;
    gx_eval_telling *t = &r->telling;
    t->resampling = (gx_resampling){.resamples = (uint32_t)gx_arg_int(args, "resamples"),
                                    .level = gx_arg_real(args, "level"),
                                    .seed = r->call->job->seed};
    gx_status status =
        gx_eval_numbers(t->options.cutoff, &t->options.cutoff_count, GX_CUTOFFS_MAX,
                        gx_arg_value(args, "cutoff"), "cutoff", 1, GX_CUTOFF_LONGEST, err);
    return status == GX_OK
               ? gx_eval_numbers(t->history, &t->history_count, GX_HISTORIES_MAX,
                                 gx_arg_value(args, "history"), "history", 0, 1000000, err)
               : status;
}

/* A model's list never has what its member is known for, so a test of nothing else is no test; of
 * lists made elsewhere it is. */
static gx_status check_findable(const run_state *r, gx_error *err) {
    for (size_t i = 0; i < r->count; i++) {
        if (!r->model[i].model) {
            return GX_OK;
        }
    }
    return gx_eval_data_check(&r->data, err);
}

static gx_status judge_all(gx_value *out, run_state *r, gx_error *err) {
    gx_status status;
    GX_TRY(read_options(r, err));
    GX_TRY(add_models(r, err));
    GX_TRY(add_lists(r, err));
    GX_TRY(
        gx_eval_data_make(&r->data, r->call, gx_arg_text(r->call->args, "split"), r->needs, err));
    if (gx_arg_has(r->call->args, "members")) {
        GX_TRY(gx_split_sample(&r->data.split, (uint32_t)gx_arg_int(r->call->args, "members"),
                               r->call->job, err));
    }
    r->telling.known = gx_split_history(&r->data.split);
    GX_TRY(check_findable(r, err));
    if (r->made_count) {
        GX_TRY(make_lists(r, err));
    }
    for (size_t i = 0; i < r->count; i++) {
        GX_TRY(r->model[i].model ? judge_model(r, i, err) : judge_lists(r, i, err));
    }
    GX_TRY(gx_eval_report(out, r->call->arena, r->entry, r->count, &r->telling, r->call->job, err));
    if (r->data.split.cold) {
        gx_map_put(r->call->arena, out, "cold_items", gx_int(r->data.split.cold_count));
    }
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    run_state *r = gx_alloc0(1, sizeof *r);
    if (!r) {
        return gx_fail_memory(err, sizeof *r);
    }
    r->call = call;
    gx_status status = judge_all(out, r, err);
    for (size_t i = 0; i < r->count; i++) {
        gx_judgement_finish(&r->entry[i].judgement);
        gx_eval_model_finish(&r->model[i], call->job);
    }
    for (size_t k = 0; k < r->made_count; k++) {
        gx_lists_finish(&r->made[k], call->job);
    }
    gx_eval_data_finish(&r->data);
    gx_free(r);
    return status;
}

const gx_method gx_method_eval_run = {
    .name = "eval.run",
    .summary = "how well models, or lists made elsewhere, rank what members did later",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{results: [{model, users, recall@N, ndcg@N, precision@N, hit_rate@N, mrr@N, map@N, "
        "coverage, gini, novelty, popularity, popularity_bias, personalisation, repeats, "
        "fit_cpu_s?, fit_wall_s?, rss_bytes?, score_cpu_s?, score_wall_s?, intervals: {recall@N: "
        "[low, high], …}, thirds: [{third, catalogue, taken, shown, bias}], history: "
        "[{history, users, recall@N, …}], against: [{model, verdict, tests: [{metric, "
        "difference, low, high, p, p_all, better}], history}]}], verdicts, cold_items (of a "
        "split by "
        "cold-items: among how many lists choose)}",
    .run = run,
};
