/* eval.spreading: how well measures tell who spreads, judged by simulated epidemics that begin at
 * each member (docs/spreading-power.md). */
#include "api/build/estimate.h"
#include "api/support.h"
#include "engine/influence/epidemic.h"

#include <math.h>

static const gx_param params[] = {
    {"measures", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "which measures, each a pass that gives every member a score (degree, kcore, pagerank, "
     "hindex, "
     "local_gravity, neighbour_sum, percolation)"},
    {"times", GX_PARAM_REAL, NULL, 1e-6, 1e6, NULL, NULL, 0,
     "chance that a tie passes it on, in epidemic thresholds (1.5)"},
    {"rate", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0, "that chance itself, instead"},
    {"recovery", GX_PARAM_REAL, "1", 1e-3, 1, NULL, NULL, 0,
     "chance that the infected recover after each step; 1: they have one step to pass it on"},
    {"runs", GX_PARAM_INT, "10000", 1, 1e7, NULL, NULL, 0,
     "epidemics from each member, in each of the two truths"},
    {"outbreaks", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "play every epidemic through, also with recovery 1, where draws of which ties pass it on tell "
     "all at once"},
    {"direction", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "all|in|out", 0,
     "where it goes: both ways, to followers or to those followed; measures look the same way"},
    {"samples", GX_PARAM_INT, NULL, 1, 1e8, NULL, NULL, 0, "of percolation"},
    GX_ESTIMATE_PARAM,
    GX_VIEW_PARAMS,
};

static const char percolation[] = "percolation", at_rate[] = "percolation_at_rate";

/* What is asked for, and what is made for it. */
typedef struct asked {
    gx_call_env *call;
    gx_plan_step *steps;
    gx_value *given; /* parameters of each */
    size_t count;
    gx_plan plan;
    gx_views views;
    gx_spreading_options options;
    double threshold;
} asked;

static const gx_param *param_of(const gx_pass *pass, const char *name) {
    for (size_t i = 0; i < pass->param_count; i++) {
        if (strcmp(pass->params[i].name, name) == 0) {
            return &pass->params[i];
        }
    }
    return NULL;
}

static bool gives_scores(const gx_pass *pass) {
    bool gives = false;
    for (size_t i = 0; i < pass->give_count; i++) {
        const gx_gives *g = &pass->gives[i];
        gives = gives ||
                (strcmp(g->suffix, "score") == 0 && g->dtype == GX_F64 && g->rows == GX_LEN_USERS);
    }
    return gives;
}

static void add_step(asked *a, const gx_pass *pass, const char *instance) {
    gx_arena *arena = a->call->arena;
    gx_slice direction = gx_arg_text(a->call->args, "direction");
    const gx_param *own = param_of(pass, "direction");
    gx_value *given = &a->given[a->count];
    *given = gx_map(arena, 4);
    if (own && own->choices && strcmp(own->choices, "all|in|out") == 0) {
        gx_map_put(arena, given, "direction", gx_text_copy(arena, direction.data, direction.size));
    }
    if (param_of(pass, "directed")) {
        gx_map_put(arena, given, "directed", gx_bool(!gx_slice_is(direction, "all")));
    }
    if (strcmp(pass->name, percolation) == 0 && gx_arg_has(a->call->args, "samples")) {
        gx_map_put(arena, given, "samples", *gx_arg_value(a->call->args, "samples"));
    }
    a->steps[a->count++] = (gx_plan_step){.pass = pass, .instance = instance, .params = given};
}

static gx_value usual_measures(gx_arena *arena) {
    static const char *const names[] = {"degree",        "kcore",         "pagerank",   "hindex",
                                        "local_gravity", "neighbour_sum", "percolation"};
    gx_value list = gx_list(arena, GX_COUNT(names));
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        gx_list_add(arena, &list, gx_str(names[i]));
    }
    return list;
}

/* In epidemic thresholds. */
static double times_of(const gx_args *args) {
    return gx_arg_has(args, "times") ? gx_arg_real(args, "times") : 1.5;
}

static gx_status check_rate(const gx_args *args, gx_error *err) {
    return gx_arg_has(args, "times") && gx_arg_has(args, "rate")
               ? gx_fail_at(err, GX_BAD_REQUEST, "times",
                            "times and rate were given; accepted is one of them")
               : GX_OK;
}

/* What percolation takes by itself. */
static bool is_usual_rate(const gx_args *args) {
    return !gx_arg_has(args, "rate") && times_of(args) == 1.5;
}

/* Of percolation also with the true rate, where that is another, once it is known. */
static gx_status read_measures(asked *a, gx_error *err) {
    gx_arena *arena = a->call->arena;
    const gx_value usual = usual_measures(arena);
    const gx_value *list = gx_arg_value(a->call->args, "measures");
    list = list->type == GX_LIST ? list : &usual;
    a->steps = gx_arena_get(arena, (2 * (size_t)list->size) * sizeof *a->steps);
    a->given = gx_arena_get(arena, (2 * (size_t)list->size) * sizeof *a->given);
    if (!a->steps || !a->given) {
        return gx_fail_memory(err, (size_t)list->size * sizeof *a->steps);
    }
    for (uint32_t i = 0; i < list->size; i++) {
        const gx_value *text = &list->as.items[i];
        const gx_slice name = {text->as.text, text->size};
        const char *word = gx_arena_printf(arena, "%.*s", (int)text->size, text->as.text);
        const gx_pass *pass = word ? gx_any_pass_find(word) : NULL;
        if (!pass) {
            return gx_any_pass_missing(name, GX_KIND_CENTRALITY, err);
        }
        if (!gives_scores(pass)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "measures",
                              "measures: %s gives no score a member; accepted are those that "
                              "`guanxi run` lists under centrality, and leaders",
                              pass->name);
        }
        add_step(a, pass, pass->name);
        if (strcmp(pass->name, percolation) == 0 && !is_usual_rate(a->call->args)) {
            add_step(a, pass, at_rate);
        }
    }
    return GX_OK;
}

/* The views, the rate, and the plan with it. */
static gx_status prepare(asked *a, const gx_view_spec *spec, gx_error *err) {
    const gx_args *args = a->call->args;
    const bool both = gx_arg_is(args, "direction", "all");
    gx_plan first = {0};
    gx_status status = GX_OK;
    GX_TRY(gx_plan_make(&first, gx_pass_tables(), gx_pass_tables_count, a->steps, a->count, err));
    const unsigned needs =
        first.needs | (unsigned)(both ? GX_NEED_UNDIRECTED : GX_NEED_GRAPH | GX_NEED_IN);
    GX_TRY(gx_views_make(&a->views, a->call->db->store, &a->call->state->rules, needs, spec,
                         a->call->job, err));
    gx__spreading *spreading = &a->options.spreading;
    *spreading = gx__spreading_by(&a->views.input, args);
    a->threshold = gx__spreading_threshold(spreading);
    spreading->chance = gx_arg_has(args, "rate") ? gx_arg_real(args, "rate")
                                                 : fmin(1, times_of(args) * a->threshold);
    a->options.recovery = gx_arg_real(args, "recovery");
    a->options.runs = (uint32_t)gx_arg_int(args, "runs");
    a->options.outbreaks = gx_arg_bool(args, "outbreaks");
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->steps[i].instance, at_rate) == 0) {
            gx_map_put(a->call->arena, &a->given[i], "rate", gx_real(spreading->chance));
        }
    }
    GX_TRY(gx_plan_make(&a->plan, gx_pass_tables(), gx_pass_tables_count, a->steps, a->count, err));
done:
    gx_plan_finish(&first);
    return status;
}

/* A few draws tell how many an epidemic reaches, which is what playing one costs. */
static gx_status truth_estimate(gx_estimate *out, const asked *a, gx_error *err) {
    enum { DRAWS = 32 };
    const gx_graph *graph = a->options.spreading.graph;
    gx_job *job = a->call->job;
    const double runs = (double)a->options.runs * GX_SPREADING_TRUTHS;
    uint64_t *sum = NULL, reached = 0;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &sum, graph->n, sizeof *sum, err));
    const int64_t cpu = gx_clock_cpu_ns();
    GX_TRY(gx__percolate(sum, &a->options.spreading, 0, DRAWS, job, err));
    const double draw_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9 / DRAWS;
    for (uint32_t v = 0; v < graph->n; v++) {
        reached += sum[v];
    }
    const bool played = a->options.recovery < 1 || a->options.outbreaks;
    const double infected = (double)graph->n + (double)reached / DRAWS; /* a run from everybody */
    const uint64_t n = graph->n;
    out->mem_bytes = 24 * n + (played ? gx__outbreaks_bytes(graph->n, job->threads)
                                      : gx__percolation_bytes(&a->options.spreading, graph->n,
                                                              graph->m, job->threads));
    out->cpu_s = runs * (played ? 4e-8 * infected / a->options.recovery : draw_s) + 1e-6;
done:
    gx_job_free(job, sum);
    return status;
}

static gx_status tell_estimate(gx_value *out, asked *a, gx_estimate view, gx_error *err) {
    gx_part_estimate part = {.name = "epidemics"};
    gx_status status = truth_estimate(&part.estimate, a, err);
    if (status == GX_OK) {
        gx_job *job = a->call->job;
        const gx_estimate later = gx_plan_estimate(&a->plan, &a->views.input, job->threads);
        *out = gx_estimate_value(a->call->arena, &a->plan, view, atomic_load(&job->mem_used), later,
                                 NULL, &part, 1);
    }
    return status;
}

static gx_status add_result(gx_value *list, asked *a, const gx_spreading_truth *truth,
                            const gx_arrays *results, const char *instance, gx_error *err) {
    gx_arena *arena = a->call->arena;
    const double *score = gx_result_get(results, instance, "score", GX_F64, truth->n);
    const double *rate = gx_result_get(results, instance, "rate", GX_F64, 1);
    double tau, spearman;
    for (uint32_t v = 0; score && v < truth->n; v++) {
        if (!(score[v] >= 0 && isfinite(score[v]))) {
            return gx_fail_at(
                err, GX_BAD_REQUEST, "measures",
                "measures: %s leaves members without a score; accepted are those that "
                "score everybody",
                instance);
        }
    }
    gx_status status = score ? gx_spreading_judge(&tau, &spearman, truth, score, a->call->job, err)
                             : gx_fail(err, GX_INTERNAL, "%s gave no scores", instance);
    if (status == GX_OK) {
        gx_value row = gx_map(arena, 4);
        gx_map_put(arena, &row, "measure", gx_str(instance));
        gx_map_put(arena, &row, "tau_b", gx_real_or_nil(tau));
        gx_map_put(arena, &row, "spearman", gx_real_or_nil(spearman));
        gx_map_put(arena, &row, "rate", rate ? gx_real(*rate) : gx_nil());
        gx_list_add(arena, list, row);
    }
    return status;
}

static gx_status judge(gx_value *out, asked *a, gx_error *err) {
    gx_arena *arena = a->call->arena;
    gx_job *job = a->call->job;
    gx_arrays *results = NULL;
    gx_spreading_truth truth = {0};
    gx_status status = GX_OK;
    gx_value list = gx_list(arena, (uint32_t)a->count);
    const gx__spreading *spreading = &a->options.spreading;
    GX_TRY(gx_arrays_create(&results, err));
    a->views.input.arrays = results;
    GX_TRY(gx_spreading_play(&truth, &a->options, job, err));
    GX_TRY(gx_plan_run(results, &a->plan, &a->views.input, job, err));
    for (size_t i = 0; i < a->count; i++) {
        GX_TRY(add_result(&list, a, &truth, results, a->steps[i].instance, err));
    }
    *out = gx_map(arena, 10);
    gx_map_put(arena, out, "members", gx_int(truth.n));
    gx_map_put(
        arena, out, "ties",
        gx_int((int64_t)(spreading->directed ? spreading->graph->m : spreading->graph->m / 2)));
    gx_map_put(arena, out, "threshold", gx_real(a->threshold));
    gx_map_put(arena, out, "rate", gx_real(spreading->chance));
    gx_map_put(arena, out, "reached", gx_real(truth.mean));
    gx_map_put(arena, out, "ceiling", gx_real_or_nil(truth.ceiling));
    gx_map_put(arena, out, "results", list);
done:
    a->views.input.arrays = NULL;
    gx_spreading_truth_finish(&truth, job);
    gx_arrays_drop(results, job);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    asked a = {.call = call};
    gx_view_spec spec;
    gx_status status = GX_OK;
    const int64_t cpu = gx_clock_cpu_ns();
    GX_TRY(check_rate(call->args, err));
    GX_TRY(gx_spec_from_args(&spec, call->arena, call->args, err));
    GX_TRY(read_measures(&a, err));
    GX_TRY(prepare(&a, &spec, err));
    if (gx_arg_bool(call->args, "estimate")) {
        const gx_estimate view = {.mem_bytes = atomic_load(&call->job->mem_peak),
                                  .cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9};
        GX_TRY(tell_estimate(out, &a, view, err));
    } else {
        GX_TRY(judge(out, &a, err));
    }
done:
    gx_views_finish(&a.views);
    gx_plan_finish(&a.plan);
    return status;
}

const gx_method gx_method_eval_spreading = {
    .name = "eval.spreading",
    .summary = "how well measures tell who spreads, by simulated epidemics from each member",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{members, ties, threshold, rate (chance that a tie passes it on), reached (mean over "
        "members), ceiling (tau-b of one truth with the other), results: [{measure, tau_b, "
        "spearman, rate?}]} or {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
