/* eval.influence: how well chances learned from the earlier part of the log tell who acts after
 * whom in the later part, method by method, beside the fallbacks as they are. */
#include "api/build/compute.h"
#include "api/build/estimate.h"
#include "api/eval/eval.h"
#include "engine/influence/judge.h"

#include <math.h>

/* clang-format off */
static const gx_param params[] = {
    {"share", GX_PARAM_REAL, "0.7", 0.1, 0.95, NULL, NULL, 0,
     "of the events, in the order of time, that chances are learned from; the later ones are to be told"},
    {"window", GX_PARAM_DURATION, "14d", 1, 1e13, "ms", NULL, 0,
     "an act counts when it came so soon after, learned and later"},
    {"trigger", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|share|act", 0,
     "what others may follow: shares, or whatever a member does (auto: shares where there are any)"},
    {"resamples", GX_PARAM_INT, "200", 0, 1e5, NULL, NULL, 0, "of members, for the intervals; 0: none of them"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the intervals"},
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

enum { METHODS = 4, CHANCES = 8 };

/* The first knows no pair: what the others are held against. */
static const char *const names[CHANCES] = {"constant", "weighted", "strength", "bernoulli",
                                           "jaccard",  "credit",   "decayed",  "unshrunk"};

typedef struct trial {
    gx_call_env *call;
    int64_t cut_ms;
    gx_graph graph; /* ties up to then */
    gx_firsts log;  /* all of it */
    gx_influence_trials earlier, later;
    gx_arrays *learned[CHANCES];
    float *shape[2]; /* weighted, strength */
    const float *chance[CHANCES];
    bool by_acts;
} trial;

static gx_status read_log(trial *t, gx_error *err) {
    gx_call_env *call = t->call;
    const double share = gx_arg_real(call->args, "share");
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx_eval_cuts(&t->cut_ms, &share, 1, INT64_MAX, txn, call->job, err));
    const gx_tie_view ties = {.to_ms = t->cut_ms};
    GX_TRY(gx_view_ties(&t->graph, txn, &call->state->rules, &ties, call->job, err));
    GX_TRY(gx_view_firsts(&t->log, txn, &call->state->rules, 0, 0, call->job, err));
done:
    gx_txn_abort(txn);
    return status;
}

static gx_status find_trials(trial *t, gx_error *err) {
    gx_call_env *call = t->call;
    const int64_t window = gx_arg_int(call->args, "window");
    const int64_t cut = t->cut_ms, before = cut > INT64_MIN + window ? cut - window : INT64_MIN;
    gx_status status;
    t->by_acts = gx_arg_is(call->args, "trigger", "act") ||
                 (gx_arg_is(call->args, "trigger", "auto") && t->log.passed.count == 0);
    GX_TRY(gx_influence_trials_find(&t->earlier, &t->graph, &t->log, INT64_MIN, before, window,
                                    t->by_acts, call->job, err));
    GX_TRY(gx_influence_trials_find(&t->later, &t->graph, &t->log, cut, INT64_MAX, window,
                                    t->by_acts, call->job, err));
    if (t->earlier.count == 0 || t->later.count == 0) {
        GX_TRY(gx_fail(err, GX_CONFLICT,
                       "members passed on what those who heed them could take %llu time%s before "
                       "the cut and %llu time%s after it, a window before the end of each part; "
                       "both must be some: take another share, or a shorter window",
                       (unsigned long long)t->earlier.count, gx_plural(t->earlier.count, "", "s"),
                       (unsigned long long)t->later.count, gx_plural(t->later.count, "", "s")));
    }
done:
    return status;
}

/* ---- chances --------------------------------------------------------------------------------- */

static gx_status learn(trial *t, uint32_t k, gx_error *err) {
    gx_arena *arena = t->call->arena;
    const gx_view_spec spec = {.to_ms = t->cut_ms};
    const bool raw = strcmp(names[k], "unshrunk") == 0;
    gx_value given = gx_map(arena, 4);
    gx_status status;
    gx_map_put(arena, &given, "method", gx_str(raw ? "decayed" : names[k]));
    gx_map_put(arena, &given, "window", *gx_arg_value(t->call->args, "window"));
    gx_map_put(arena, &given, "trigger", gx_str(t->by_acts ? "act" : "share"));
    if (raw) {
        gx_map_put(arena, &given, "prior", gx_real(0));
    }
    GX_TRY(gx_compute(&t->learned[k], t->call->db, gx_any_pass_find("influence"), "influence",
                      &given, &spec, t->call->job, err));
    t->chance[k] = gx_arrays_get(t->learned[k], "influence.shared", GX_F32, t->graph.m);
    if (!t->chance[k]) {
        GX_TRY(gx_fail(err, GX_CONFLICT, "ties changed while chances were learned; ask again"));
    }
done:
    return status;
}

static gx_status make_shapes(trial *t, gx_error *err) {
    const gx_graph *g = &t->graph;
    gx_status status;
    GX_TRY(gx_job_alloc(t->call->job, &t->shape[0], g->m, sizeof(float), err));
    GX_TRY(gx_job_alloc(t->call->job, &t->shape[1], g->m, sizeof(float), err));
    for (uint32_t a = 0; a < g->n; a++) {
        const double heeds = (double)(g->out_ptr[a + 1] - g->out_ptr[a]);
        double sum = 0;
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            sum += g->out_weight ? (double)g->out_weight[i] : 1;
        }
        for (uint64_t i = g->out_ptr[a]; i < g->out_ptr[a + 1]; i++) {
            const double weight = g->out_weight ? (double)g->out_weight[i] : 1;
            t->shape[0][i] = (float)(1 / heeds);
            t->shape[1][i] = sum > 0 ? (float)(weight / sum) : 0;
        }
    }
    t->chance[1] = t->shape[0];
    t->chance[2] = t->shape[1];
done:
    return status;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put(gx_arena *arena, gx_value *row, const char *name, double value, double low,
                double high) {
    gx_map_put(arena, row, name, gx_real_or_nil(value));
    gx_map_put(arena, row, gx_arena_printf(arena, "%s_low", name), gx_real_or_nil(low));
    gx_map_put(arena, row, gx_arena_printf(arena, "%s_high", name), gx_real_or_nil(high));
}

static gx_value result_row(gx_arena *arena, const char *name, const gx_influence_judged *j) {
    static const char *const figures[GX_FIGURES] = {"log_loss", "brier", "auc"};
    static const char *const gaps[GX_FIGURES] = {"log_loss_gap", "brier_gap", "auc_gap"};
    gx_value row = gx_map(arena, 24);
    gx_map_put(arena, &row, "chances", gx_str(name));
    for (int f = 0; f < GX_FIGURES; f++) {
        put(arena, &row, figures[f], j->figure[f], j->low[f], j->high[f]);
    }
    for (int f = 0; f < GX_FIGURES; f++) {
        put(arena, &row, gaps[f], j->gap[f], j->gap_low[f], j->gap_high[f]);
    }
    gx_map_put(arena, &row, "anyway", gx_real(j->anyway));
    return row;
}

static void add_bins(gx_value *list, gx_arena *arena, const char *name,
                     const gx_influence_judged *j) {
    for (int b = 0; b < GX_CALIBRATION_BINS; b++) {
        if (j->bin[b].trials > 0) {
            gx_value row = gx_map(arena, 4);
            gx_map_put(arena, &row, "chances", gx_str(name));
            gx_map_put(arena, &row, "trials", gx_int((int64_t)j->bin[b].trials));
            gx_map_put(arena, &row, "told", gx_real_or_nil(j->bin[b].told));
            gx_map_put(arena, &row, "came", gx_real_or_nil(j->bin[b].came));
            gx_list_add(arena, list, row);
        }
    }
}

static gx_status judge(gx_value *out, trial *t, gx_error *err) {
    gx_arena *arena = t->call->arena;
    const gx_influence_judging how = {&t->earlier, &t->later,
                                      (uint32_t)gx_arg_int(t->call->args, "resamples"),
                                      gx_arg_real(t->call->args, "level")};
    gx_influence_judged judged[CHANCES];
    uint64_t acted = 0;
    gx_value results = gx_list(arena, CHANCES), bins = gx_list(arena, CHANCES * 10);
    gx_status status = gx_influence_judge(judged, t->chance, CHANCES, &how, t->call->job, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint64_t i = 0; i < t->later.count; i++) {
        acted += t->later.acted[i];
    }
    for (int k = 0; k < CHANCES; k++) {
        gx_list_add(arena, &results, result_row(arena, names[k], &judged[k]));
        add_bins(&bins, arena, names[k], &judged[k]);
    }
    *out = gx_map(arena, 6);
    gx_map_put(arena, out, "split", gx_int(t->cut_ms));
    gx_map_put(arena, out, "trigger", gx_str(t->by_acts ? "act" : "share"));
    gx_map_put(arena, out, "trials", gx_int((int64_t)t->later.count));
    gx_map_put(arena, out, "acted", gx_int((int64_t)acted));
    gx_map_put(arena, out, "results", results);
    gx_map_put(arena, out, "calibration", bins);
    return GX_OK;
}

/* ---- beforehand ------------------------------------------------------------------------------ */

/* Seconds of judging with so many resamples, on one thread: the fallbacks stand for all. */
static gx_status time_judging(double *out, const trial *t, uint32_t resamples, gx_error *err) {
    gx_job *job = t->call->job;
    const int threads = job->threads;
    const gx_influence_judging how = {&t->earlier, &t->later, resamples, 0.95};
    const float *chance[CHANCES];
    gx_influence_judged judged[CHANCES];
    for (int k = 0; k < CHANCES; k++) {
        chance[k] = k == 0 ? NULL : t->shape[k % 2];
    }
    const int64_t begun = gx_clock_thread_ns();
    job->threads = 1;
    const gx_status status = gx_influence_judge(judged, chance, CHANCES, &how, job, err);
    job->threads = threads;
    *out = (double)(gx_clock_thread_ns() - begun) / 1e9;
    return status;
}

/* What is read until here is done and timed, and so is judging with few resamples. Learning is told
 * by the pass, which reads the same again each time. */
static gx_status estimate(gx_value *out, trial *t, int64_t begun_ns, gx_error *err) {
    enum { SOME = 4, LEARNED = METHODS + 1, BUFFERS = 1 << 19 /* of readers */ };
    gx_job *job = t->call->job;
    const double resamples = (double)gx_arg_int(t->call->args, "resamples");
    const double read_s = (double)(gx_clock_thread_ns() - begun_ns) / 1e9;
    const uint64_t read = atomic_load(&job->mem_peak), held = atomic_load(&job->mem_used);
    const gx_input input = {
        .graph = &t->graph, .takes = &t->log, .users = t->graph.n, .items = t->log.items};
    const gx_args none = {0};
    gx_estimate pass = {0};
    double first, more;
    gx_status status;
    gx_any_pass_find("influence")->estimate(&pass, &input, &none, job->threads);
    atomic_store(&job->mem_peak, held);
    GX_TRY(time_judging(&first, t, 0, err));
    GX_TRY(time_judging(&more, t, SOME, err));
    /* its arrays by arc and member stay */
    const uint64_t learned = LEARNED * sizeof(float) * (5 * t->graph.m + t->graph.n);
    const uint64_t rows = (uint64_t)resamples * CHANCES * GX_FIGURES * sizeof(double);
    const gx_part_estimate steps[] = {
        {"read", {.mem_bytes = read, .cpu_s = read_s}},
        {"influence",
         {.mem_bytes = held + read + learned + pass.mem_bytes + BUFFERS,
          .cpu_s = LEARNED * (read_s + pass.cpu_s)}},
        {"judging",
         {.mem_bytes = atomic_load(&job->mem_peak) + learned + rows,
          .cpu_s = first + resamples * fmax(more - first, 0) / SOME}}};
    *out = gx_estimate_steps(t->call->arena, steps, GX_COUNT(steps), 1);
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    trial t = {.call = call};
    const int64_t begun = gx_clock_thread_ns();
    gx_status status;
    GX_TRY(read_log(&t, err));
    GX_TRY(find_trials(&t, err));
    GX_TRY(make_shapes(&t, err));
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, &t, begun, err));
        goto done;
    }
    for (uint32_t k = CHANCES - METHODS - 1; k < CHANCES; k++) {
        GX_TRY(learn(&t, k, err));
    }
    GX_TRY(judge(out, &t, err));
done:
    for (int k = 0; k < CHANCES; k++) {
        gx_arrays_drop(t.learned[k], call->job);
    }
    gx_job_free(call->job, t.shape[0]);
    gx_job_free(call->job, t.shape[1]);
    gx_influence_trials_finish(&t.earlier, call->job);
    gx_influence_trials_finish(&t.later, call->job);
    gx_firsts_finish(&t.log);
    gx_graph_finish(&t.graph);
    return status;
}

const gx_method gx_method_eval_influence = {
    .name = "eval.influence",
    .summary = "how well learned chances told who acted after whom later, beside fallbacks as they "
               "are",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{split, trigger, trials (something passed on to somebody who could take it), acted, "
        "results: [{chances, log_loss, brier, auc, and of each _low, _high, and _gap: less "
        "constant, anyway}], calibration: [{chances, trials, told, came}]} or {steps, mem_bytes, "
        "cpu_s, cpu_most_s}",
    .run = run,
};
