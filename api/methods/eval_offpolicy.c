/* eval.offpolicy: what models, or lists made elsewhere, would have earned, from impressions that
 * were logged with their propensities. Models are fitted on what was before the first impression.
 */
#include "api/build/build.h"
#include "api/eval/impressions.h"

#include <math.h>

/* clang-format off */
static const gx_param params[] = {
    {"models", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, GX_PARAM_POSITIONAL,
     "which models would have been shown (" GX_INTEREST_MODEL ", where no lists are given)"},
    {"lists", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "lists made elsewhere: {name: {user: [item, …]}}, best first"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "map of model to its parameters"},
    {"action", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "what is a reward (every action whose weight is above 0)"},
    {"window", GX_PARAM_DURATION, "1d", 1, 3.2e12, NULL, NULL, 0,
     "how long after it was shown an action with the item is a reward"},
    {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only impressions from this time on; models are fitted on what was before"},
    {"until", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only impressions before this time"},
    {"arm", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0, "only impressions of these arms, as they were logged: ARM where a call said so, EXPERIMENT:ARM of a push"},
    {"cutoff", GX_PARAM_INT, NULL, 1, GX_CUTOFF_LONGEST, "items", NULL, 0,
     "places of a request that would be shown (as many as it showed; more than that changes "
     "nothing)"},
    {"match", GX_PARAM_CHOICE, "place", GX_PARAM_UNCHECKED, NULL, "item|place", 0,
     "what a propensity is of: the item being in its place (pos, from 0), as guanxi logs it; or "
     "the item being anywhere in the list (item), of logs made elsewhere"},
    {"clip", GX_PARAM_REAL, "0", 0, 1e9, NULL, NULL, 0,
     "no weight above this, against a few places that decide all; 0: none is clipped"},
    {"prior", GX_PARAM_REAL, "10", 0, 1e9, "places", NULL, 0,
     "of the reward model: places at the mean reward each item begins with"},
    {"resamples", GX_PARAM_INT, "1000", 0, 1e5, NULL, NULL, 0, "of the bootstrap over members"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the intervals"},
};
/* clang-format on */

enum { MODELS_MAX = 64, FEW_PLACES = 50 };

typedef struct run_state {
    gx_call_env *call;
    gx_arena *arena;
    gx_impressions log;
    gx_policy_options options;
    uint32_t cutoff;
    gx_eval_model model[MODELS_MAX];
    size_t models;
    unsigned needs;
    gx_eval_data data;
    uint8_t *wanted; /* members of the log */
    gx_value rows, verdicts;
} run_state;

/* ---- what would be shown ----------------------------------------------------------------------
 */

static gx_status add_models(run_state *r, gx_error *err) {
    const gx_value *models = gx_arg_value(r->call->args, "models");
    const gx_value *all = gx_arg_value(r->call->args, "params");
    const gx_value usual = gx_str(GX_INTEREST_MODEL);
    const bool given = models->type == GX_LIST;
    const bool lists = gx_arg_value(r->call->args, "lists")->type != GX_NIL;
    const uint32_t count = given ? models->size : lists ? 0 : 1;
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < count && status == GX_OK; i++) {
        const gx_value *name = given ? &models->as.items[i] : &usual;
        status = gx_eval_model_make(&r->model[r->models], r->call,
                                    (gx_slice){name->as.text, name->size}, all, err);
        if (status == GX_OK) {
            r->needs |= r->model[r->models++].plan.needs;
        }
    }
    return status == GX_OK ? gx_eval_check_params(r->model, r->models, all, err) : status;
}

static gx_status make_data(run_state *r, gx_error *err) {
    if (r->models == 0) {
        return GX_OK;
    }
    const int64_t cut =
        gx_arg_has(r->call->args, "since") ? gx_arg_int(r->call->args, "since") : r->log.first_ms;
    gx_status status = gx_eval_data_until(&r->data, r->call, cut, r->needs, err);
    if (status == GX_OK && r->data.split.fit.nnz == 0) {
        char time[32];
        status = gx_fail_at(err, GX_CONFLICT, "since",
                            "there are no events before %s, when the impressions begin, to fit on; "
                            "--since TIME keeps those before it for the fit",
                            gx_format_time_ms(time, cut));
    }
    if (status == GX_OK) {
        status =
            gx_job_alloc(r->call->job, &r->wanted, r->data.split.fit.rows, sizeof *r->wanted, err);
    }
    for (uint64_t k = 0; status == GX_OK && k < r->log.count; k++) {
        r->wanted[r->log.rows[k].user] = 1;
    }
    return status;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

/* "linear would earn .12 a request (DR, 95%: .10 to .14) against .09 shown: better" */
static void add_verdict(run_state *r, const char *name, const gx_policy_value *v) {
    const double percent = 100 * r->options.resampling.level;
    const char *what = v->gain.low > 0    ? "better than what was shown"
                       : v->gain.high < 0 ? "worse than what was shown"
                                          : "the data cannot tell it from what was shown";
    const char *doubt = v->effective < FEW_PLACES
                            ? "; what matches is worth so few places that this is not to be trusted"
                            : "";
    if (isnan(v->gain.low)) {
        const char *bare = gx_arena_printf(
            r->arena,
            "%s: no interval to tell by: %.4f a request (DR) against %.4f, difference %+.4f; %.0f "
            "effective places%s",
            name, v->dr.mean, v->logged.mean, v->gain.mean, v->effective, doubt);
        gx_list_add(r->arena, &r->verdicts, gx_str(bare ? bare : ""));
        return;
    }
    const char *text = gx_arena_printf(
        r->arena,
        "%s: %s: %.4f a request (DR, %g%%: %.4f to %.4f) against %.4f, difference %+.4f (%+.4f to "
        "%+.4f); %.0f effective places%s",
        name, what, v->dr.mean, percent, v->dr.low, v->dr.high, v->logged.mean, v->gain.mean,
        v->gain.low, v->gain.high, v->effective, doubt);
    gx_list_add(r->arena, &r->verdicts, gx_str(text ? text : ""));
}

static gx_status add_row(run_state *r, const char *name, const gx_lists *lists, gx_value *more,
                         gx_error *err) {
    gx_policy_value v;
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, r->call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    const uint32_t users = gx_word_count(txn, GX_SPACE_USER);
    const uint32_t items = gx_word_count(txn, GX_SPACE_ITEM);
    gx_txn_abort(txn);
    status = gx_off_policy(&v, r->log.rows, r->log.count, users, items, lists, r->cutoff,
                           &r->options, r->call->job, err);
    if (status != GX_OK) {
        return status;
    }
    gx_value row = gx_map(r->arena, 32);
    gx_map_put(r->arena, &row, "model", gx_str(name));
    gx_interval_put(&row, r->arena, "dr", &v.dr);
    gx_interval_put(&row, r->arena, "snips", &v.snips);
    gx_interval_put(&row, r->arena, "ips", &v.ips);
    gx_interval_put(&row, r->arena, "direct", &v.direct);
    gx_interval_put(&row, r->arena, "logged", &v.logged);
    gx_interval_put(&row, r->arena, "gain", &v.gain);
    gx_map_put(r->arena, &row, "matched", gx_int((int64_t)v.matched));
    gx_map_put(r->arena, &row, "effective", gx_real(v.effective));
    gx_map_put(r->arena, &row, "largest_weight", gx_real(v.largest));
    gx_map_put(r->arena, &row, "clipped", gx_int((int64_t)v.clipped));
    for (uint32_t i = 0; i < more->size; i++) {
        gx_map_put_text(r->arena, &row, more->as.pairs[i].key, more->as.pairs[i].value);
    }
    gx_list_add(r->arena, &r->rows, row);
    add_verdict(r, name, &v);
    return GX_OK;
}

static gx_status add_fitted(run_state *r, gx_eval_model *model, gx_error *err) {
    gx_job *job = r->call->job;
    gx_lists lists = {0};
    gx_value more = gx_map(r->arena, 2);
    gx_status status = gx_eval_model_fit(model, &r->data, job, err);
    if (status == GX_OK) {
        const gx_judged what = {.model = model->model, .state = model->state};
        status = gx_make_lists(&lists, &what, &r->data.split.fit, &r->data.split.fit, r->wanted,
                               r->cutoff, job, err);
    }
    if (status == GX_OK) {
        gx_map_put(r->arena, &more, "fit_cpu_s", gx_real(model->fit_cpu_s));
        status = add_row(r, model->name, &lists, &more, err);
    }
    gx_lists_finish(&lists, job);
    gx_eval_model_drop(model, job);
    return status;
}

static gx_status add_given(run_state *r, gx_error *err) {
    const gx_value *lists = gx_arg_value(r->call->args, "lists");
    gx_status status = GX_OK;
    for (uint32_t i = 0; lists->type == GX_MAP && i < lists->size && status == GX_OK; i++) {
        const gx_pair *pair = &lists->as.pairs[i];
        const char *name =
            gx_arena_printf(r->arena, "%.*s", (int)pair->key.size, pair->key.as.text);
        gx_given_lists given;
        gx_value more = gx_map(r->arena, 8);
        status = gx_given_lists_read(&given, r->call, name ? name : "", &pair->value, err);
        if (status == GX_OK) {
            gx_given_lists_put(&more, r->arena, &given);
            status = add_row(r, name ? name : "", &given.lists, &more, err);
        }
    }
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* Places of the target that a request may stand against. */
static uint32_t target_places(const run_state *r) {
    const gx_args *args = r->call->args;
    const uint64_t shown = r->options.match == GX_MATCH_PLACE ? r->log.deepest : r->log.longest;
    const uint64_t most =
        gx_arg_has(args, "cutoff") ? (uint64_t)gx_arg_int(args, "cutoff") : GX_CUTOFF_LONGEST;
    return (uint32_t)(shown < most ? shown : most);
}

static const char *presumed(gx_match match) {
    return match == GX_MATCH_PLACE
               ? "a propensity is the chance of the item to be in its place, as guanxi logs it"
               : "a propensity is the chance of the item to be anywhere in the list; what guanxi "
                 "logs is that of its place, which is less: of its own log, match place";
}

static gx_status read_log(run_state *r, gx_error *err) {
    const gx_args *args = r->call->args;
    const gx_impressions_asked asked = {
        .since_ms = gx_arg_has(args, "since") ? gx_arg_int(args, "since") : INT64_MIN,
        .until_ms = gx_arg_has(args, "until") ? gx_arg_int(args, "until") : INT64_MAX,
        .arms = gx_arg_value(args, "arm"),
        .actions = gx_arg_value(args, "action"),
        .window_ms = gx_arg_int(args, "window")};
    gx_status status =
        gx_times_in_order(args, "since", asked.since_ms, "until", asked.until_ms, err);
    if (status == GX_OK) {
        status = gx_impressions_read(&r->log, r->call, &asked, err);
    }
    if (status == GX_OK && r->log.count == 0) {
        status =
            gx_fail_at(err, GX_CONFLICT, "impressions",
                       "of %llu impression%s of the time and arms asked for %llu %s no "
                       "propensity and %llu one that is not above 0 and at most 1: none is "
                       "left to estimate from",
                       (unsigned long long)r->log.asked, gx_plural(r->log.asked, "", "s"),
                       (unsigned long long)r->log.without, gx_plural(r->log.without, "has", "have"),
                       (unsigned long long)r->log.outside);
    }
    r->options = (gx_policy_options){
        .match = gx_arg_is(args, "match", "place") ? GX_MATCH_PLACE : GX_MATCH_ITEM,
        .clip = gx_arg_real(args, "clip"),
        .prior = gx_arg_real(args, "prior"),
        .resampling = {(uint32_t)gx_arg_int(args, "resamples"), gx_arg_real(args, "level"),
                       r->call->job->seed}};
    r->cutoff = target_places(r);
    return status;
}

static gx_status answer(gx_value *out, run_state *r, gx_error *err) {
    gx_value map = gx_map(r->arena, 14);
    char time[32];
    const char *since = gx_arena_printf(r->arena, "%s", gx_format_time_ms(time, r->log.first_ms));
    gx_map_put(r->arena, &map, "impressions", gx_int((int64_t)r->log.asked));
    gx_map_put(r->arena, &map, "used", gx_int((int64_t)r->log.count));
    gx_map_put(r->arena, &map, "without_propensity", gx_int((int64_t)r->log.without));
    gx_map_put(r->arena, &map, "bad_propensity", gx_int((int64_t)r->log.outside));
    gx_map_put(r->arena, &map, "requests", gx_int((int64_t)r->log.requests));
    gx_map_put(r->arena, &map, "members", gx_int((int64_t)r->log.members));
    gx_map_put(r->arena, &map, "rewards", gx_int((int64_t)r->log.rewards));
    gx_map_put(r->arena, &map, "cutoff", gx_int(r->cutoff));
    gx_map_put(r->arena, &map, "match",
               gx_str(r->options.match == GX_MATCH_PLACE ? "place" : "item"));
    gx_map_put(r->arena, &map, "presumed", gx_str(presumed(r->options.match)));
    gx_map_put(r->arena, &map, "since", gx_str(since ? since : ""));
    gx_map_put(r->arena, &map, "results", r->rows);
    gx_map_put(r->arena, &map, "verdicts", r->verdicts);
    *out = map;
    return gx_arena_status(r->arena) == GX_OK ? GX_OK
                                              : gx_fail_memory(err, gx_arena_bytes(r->arena));
}

static gx_status evaluate(gx_value *out, run_state *r, gx_error *err) {
    gx_status status;
    GX_TRY(add_models(r, err));
    GX_TRY(read_log(r, err));
    GX_TRY(make_data(r, err));
    r->rows = gx_list(r->arena, 4);
    r->verdicts = gx_list(r->arena, 4);
    for (size_t i = 0; i < r->models; i++) {
        GX_TRY(add_fitted(r, &r->model[i], err));
    }
    GX_TRY(add_given(r, err));
    GX_TRY(answer(out, r, err));
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    run_state *r = gx_alloc0(1, sizeof *r);
    if (!r) {
        return gx_fail_memory(err, sizeof *r);
    }
    r->call = call;
    r->arena = call->arena;
    gx_status status = evaluate(out, r, err);
    for (size_t i = 0; i < r->models; i++) {
        gx_eval_model_finish(&r->model[i], call->job);
    }
    gx_job_free(call->job, r->wanted);
    gx_impressions_finish(&r->log, call->job);
    gx_eval_data_finish(&r->data);
    gx_free(r);
    return status;
}

const gx_method gx_method_eval_offpolicy = {
    .name = "eval.offpolicy",
    .summary = "what models would have earned, from impressions logged with propensities",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{impressions, used, without_propensity, bad_propensity, requests, members, rewards, "
              "cutoff, match, presumed, since, results: [{model, dr, dr_low, dr_high, snips, …, "
              "ips, …, direct, …, "
              "logged, …, gain, …, matched, effective, largest_weight, clipped}], verdicts}",
    .run = run,
};
