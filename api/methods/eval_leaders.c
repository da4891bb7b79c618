/* eval.leaders: how well the leader score of an earlier time tells who was followed in later
 * events, beside degree, follower count and PageRank of that time. */
#include "api/build/build.h"
#include "api/build/compute.h"
#include "api/build/estimate.h"
#include "api/people/leader.h"
#include "engine/leaders/judge.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdlib.h>

static const gx_param params[] = {
    {"share", GX_PARAM_REAL, "0.8", 0.1, 0.95, NULL, NULL, 0,
     "of the events, in the order of time, that scores may know; the later ones are to be told"},
    {"by", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|after|via", 0,
     "what counts later: acts of followers after the member's own on the item (after), events that "
     "name the member in `via`, or via where 100 events or more do (auto)"},
    {"window", GX_PARAM_DURATION, "30d", 0, 1e13, "ms", NULL, 0,
     "a follower's act counts when it came so soon after, in the score and later; 0: whenever"},
    {"k", GX_PARAM_INT, "100", 1, 1e6, "members", NULL, 0, "length of the list NDCG is of"},
    {"resamples", GX_PARAM_INT, "200", 0, 1e5, NULL, NULL, 0,
     "of members, for the intervals; 0: none of them"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the intervals"},
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only say what it would take"},
};

enum { VIA_LEAST = 100, TIME_SAMPLE = 1 << 16 };
enum { LEADERS, STRUCTURAL, FOLLOWERS, DEGREE, PAGERANK, SCORES };
static const char *const score_name[SCORES] = {"leaders", "structural", "followers", "degree",
                                               "pagerank"};

typedef struct trial {
    gx_call_env *call;
    int64_t split_ms;
    gx_graph graph; /* ties up to then */
    double *came;
    double *score[SCORES]; /* as they were then */
    bool fitted;
    uint32_t n; /* members when the trial began */
    uint64_t via;
} trial;

/* ---- when ------------------------------------------------------------------------------------ */

typedef struct times {
    int64_t *time;
    uint64_t count, room, seen, stride;
} times;

static gx_status note_times(void *context, const gx_event_core *events, size_t count,
                            gx_error *err) {
    times *t = context;
    for (size_t i = 0; i < count; i++) {
        if (t->seen++ % t->stride == 0 && t->count < t->room) {
            t->time[t->count++] = events[i].ts_ms;
        }
    }
    (void)err;
    return GX_OK;
}

static gx_status find_split(trial *t, gx_txn *txn, gx_error *err) {
    gx_job *job = t->call->job;
    const uint64_t events = gx_event_count(txn);
    times all = {.stride = events / TIME_SAMPLE + 1};
    gx_status status;
    all.room = events / all.stride + 1;
    GX_TRY(gx_job_alloc(job, &all.time, all.room, sizeof *all.time, err));
    GX_TRY(gx_view_scan(txn, "reading times", note_times, &all, job, err));
    if (all.count < 2) {
        GX_TRY(gx_fail(err, GX_CONFLICT,
                       "the store has %llu event%s; what came later can be told from two on",
                       (unsigned long long)events, gx_plural(events, "", "s")));
    }
    qsort(all.time, all.count, sizeof *all.time, gx_by_i64);
    t->split_ms =
        all.time[(uint64_t)(gx_arg_real(t->call->args, "share") * (double)(all.count - 1))];
done:
    gx_job_free(job, all.time);
    return status;
}

/* ---- what came ------------------------------------------------------------------------------- */

static gx_status note_via(void *context, const gx_event *event, gx_error *err) {
    trial *t = context;
    if (event->via < t->n && event->via != event->user) {
        t->came[event->via] += 1;
        t->via++;
    }
    (void)err;
    return GX_OK;
}

static gx_status read_after(trial *t, gx_txn *txn, gx_error *err) {
    gx_job *job = t->call->job;
    const gx_rules *rules = &t->call->state->rules;
    gx_matrix latest = {0}, first = {0};
    gx_event_view view = {.first = false};
    gx_status status;
    GX_TRY(gx_view_events(&latest, txn, rules, &view, job, err));
    view.first = true;
    GX_TRY(gx_view_events(&first, txn, rules, &view, job, err));
    GX_TRY(gx_leaders_later(t->came, &t->graph, &latest, first.ts, t->split_ms,
                            gx_arg_int(t->call->args, "window"), job, err));
done:
    gx_matrix_finish(&latest);
    gx_matrix_finish(&first);
    return status;
}

static gx_status read_later(trial *t, gx_txn *txn, gx_error *err) {
    gx_status status = GX_OK;
    if (!gx_arg_is(t->call->args, "by", "after")) {
        GX_TRY(gx_view_each(txn, t->split_ms, INT64_MAX, "reading what came later", note_via, t,
                            t->call->job, err));
    }
    if (gx_arg_is(t->call->args, "by", "via") && t->via == 0) {
        char when[32];
        gx_format_time_ms(when, t->split_ms);
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "by",
                          "by: via was given, and no event from %s on names another member in "
                          "`via`; accepted is after, or auto",
                          when));
    }
    if (gx_arg_is(t->call->args, "by", "via") ||
        (gx_arg_is(t->call->args, "by", "auto") && t->via >= VIA_LEAST)) {
        goto done;
    }
    t->via = 0;
    memset(t->came, 0, t->n * sizeof *t->came);
    GX_TRY(read_after(t, txn, err));
done:
    return status;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static gx_value params_of(const trial *t, bool fit) {
    gx_arena *arena = t->call->arena;
    gx_value given = gx_map(arena, 2);
    gx_map_put(arena, &given, "fit", gx_bool(fit));
    gx_map_put(arena, &given, "window", *gx_arg_value(t->call->args, "window"));
    return given;
}

/* The score, learned or not, and with the learned one PageRank, which goes before it. */
static gx_status compute(trial *t, bool fit, gx_error *err) {
    const gx_view_spec spec = {.to_ms = t->split_ms};
    const gx_value given = params_of(t, fit);
    gx_arrays *arrays = NULL;
    const double *score, *pagerank, *figures;
    gx_status status;
    GX_TRY(gx_compute(&arrays, t->call->db, gx_any_pass_find("leaders"), "leaders", &given, &spec,
                      t->call->job, err));
    GX_TRY(gx_arrays_need(&score, arrays, "leaders.score", GX_F64, t->n, err));
    memcpy(t->score[fit ? LEADERS : STRUCTURAL], score, t->n * sizeof *score);
    if (fit) {
        GX_TRY(gx_arrays_need(&pagerank, arrays, "pagerank.score", GX_F64, t->n, err));
        GX_TRY(gx_arrays_need(&figures, arrays, "leaders.fit", GX_F64, GX_LEADER_FIT_COUNT, err));
        memcpy(t->score[PAGERANK], pagerank, t->n * sizeof *pagerank);
        t->fitted = figures[GX_FIT_FITTED] > 0;
    }
done:
    gx_arrays_drop(arrays, t->call->job);
    return status;
}

/* Members tied to v, whichever way. */
static double degree_of(const gx_graph *g, uint32_t v) {
    uint64_t a = g->out_ptr[v], b = g->in_ptr[v], count = 0;
    const uint64_t a_end = g->out_ptr[v + 1], b_end = g->in_ptr[v + 1];
    while (a < a_end || b < b_end) {
        const uint32_t x = a < a_end ? g->out_dst[a] : GX_NONE;
        const uint32_t y = b < b_end ? g->in_src[b] : GX_NONE;
        count++;
        a += x <= y;
        b += y <= x;
    }
    return (double)count;
}

/* Packs those whom anybody followed at the split; returns how many. */
static uint32_t pack_scores(trial *t) {
    uint32_t count = 0;
    for (uint32_t v = 0; v < t->n; v++) {
        const double followers = (double)(t->graph.in_ptr[v + 1] - t->graph.in_ptr[v]);
        if (followers > 0) {
            t->score[FOLLOWERS][v] = followers;
            t->score[DEGREE][v] = degree_of(&t->graph, v);
            for (int s = 0; s < SCORES; s++) {
                t->score[s][count] = t->score[s][v];
            }
            t->came[count++] = t->came[v];
        }
    }
    return count;
}

static gx_value telling_map(gx_arena *arena, const double value[GX_TELLING_COUNT]) {
    gx_value map = gx_map(arena, GX_TELLING_COUNT);
    for (int m = 0; m < GX_TELLING_COUNT; m++) {
        gx_map_put(arena, &map, gx_tellings[m], gx_real_or_nil(value[m]));
    }
    return map;
}

static void put_scores(gx_value *out, gx_arena *arena, const gx_judged judged[SCORES],
                       bool intervals) {
    gx_value scores = gx_list(arena, SCORES), gaps = gx_list(arena, SCORES * GX_TELLING_COUNT);
    for (int s = 0; s < SCORES; s++) {
        gx_value row = telling_map(arena, judged[s].value);
        gx_map_put(arena, &row, "score", gx_str(score_name[s]));
        gx_list_add(arena, &scores, row);
        for (int m = 0; s > 0 && intervals && m < GX_TELLING_COUNT; m++) {
            gx_value gap = gx_map(arena, 5);
            gx_map_put(arena, &gap, "against", gx_str(score_name[s]));
            gx_map_put(arena, &gap, "figure", gx_str(gx_tellings[m]));
            gx_map_put(arena, &gap, "difference", gx_real_or_nil(judged[s].gap[m]));
            gx_map_put(arena, &gap, "low", gx_real_or_nil(judged[s].low[m]));
            gx_map_put(arena, &gap, "high", gx_real_or_nil(judged[s].high[m]));
            gx_list_add(arena, &gaps, gap);
        }
    }
    gx_map_put(arena, out, "scores", scores);
    gx_map_put(arena, out, "differences", gaps);
}

static gx_status judge(gx_value *out, trial *t, gx_error *err) {
    const gx_args *args = t->call->args;
    gx_arena *arena = t->call->arena;
    const gx_judge_options options = {.k = (uint32_t)gx_arg_int(args, "k"),
                                      .resamples = (uint32_t)gx_arg_int(args, "resamples"),
                                      .level = gx_arg_real(args, "level")};
    gx_judged judged[SCORES];
    const uint32_t members = pack_scores(t);
    uint32_t heeded = 0;
    gx_status status;
    GX_TRY(gx_leaders_judge(judged, (const double *const *)t->score, SCORES, t->came, members,
                            &options, t->call->job, err));
    for (uint32_t i = 0; i < members; i++) {
        heeded += t->came[i] > 0;
    }
    *out = gx_map(arena, 8);
    gx_map_put(arena, out, "split", gx_int(t->split_ms));
    gx_map_put(arena, out, "by", gx_str(t->via > 0 ? "via" : "after"));
    gx_map_put(arena, out, "members", gx_int(members));
    gx_map_put(arena, out, "heeded", gx_int(heeded));
    gx_map_put(arena, out, "fitted", gx_bool(t->fitted));
    put_scores(out, arena, judged, options.resamples > 0);
done:
    return status;
}

/* ---- beforehand ------------------------------------------------------------------------------ */

/* Seconds of judging with so many resamples, on one thread: what came stands for all scores, of all
 * members. */
static gx_status time_judging(double *out, const trial *t, uint32_t resamples, gx_error *err) {
    gx_job *job = t->call->job;
    const int threads = job->threads;
    const gx_judge_options options = {(uint32_t)gx_arg_int(t->call->args, "k"), resamples, 0.95};
    const double *score[SCORES];
    gx_judged judged[SCORES];
    for (int s = 0; s < SCORES; s++) {
        score[s] = t->came;
    }
    const int64_t begun = gx_clock_thread_ns();
    job->threads = 1;
    const gx_status status =
        gx_leaders_judge(judged, score, SCORES, t->came, t->n, &options, job, err);
    job->threads = threads;
    *out = (double)(gx_clock_thread_ns() - begun) / 1e9;
    return status;
}

/* The score and what goes before it, as one step beside what is held. */
static gx_status estimate_score(gx_part_estimate *out, const char *name, trial *t, bool fit,
                                gx_error *err) {
    gx_call_env *call = t->call;
    const uint64_t held = atomic_load(&call->job->mem_used);
    const gx_view_spec spec = {.to_ms = t->split_ms};
    const gx_value given = params_of(t, fit);
    gx_value told;
    const gx_status status = gx_estimate_pass(&told, call->db, gx_any_pass_find("leaders"), &given,
                                              &spec, call->arena, call->job, err);
    if (status == GX_OK) {
        *out = (gx_part_estimate){
            name,
            {.mem_bytes = held + (uint64_t)gx_map_get(&told, "mem_bytes")->as.integer,
             .cpu_s = gx_map_real(&told, "cpu_s")}};
    }
    return status;
}

/* What is read until here is done and timed, and so is judging with few resamples. */
static gx_status estimate(gx_value *out, trial *t, int64_t begun_ns, gx_error *err) {
    enum { SOME = 4 };
    gx_job *job = t->call->job;
    const double resamples = (double)gx_arg_int(t->call->args, "resamples");
    const double rows = resamples * SCORES * GX_TELLING_COUNT * sizeof(double);
    const double read_s = (double)(gx_clock_thread_ns() - begun_ns) / 1e9;
    gx_part_estimate step[4] = {
        {"read", {.mem_bytes = atomic_load(&job->mem_peak), .cpu_s = read_s}}};
    double first, more;
    gx_status status;
    atomic_store(&job->mem_peak, atomic_load(&job->mem_used));
    GX_TRY(time_judging(&first, t, 0, err));
    GX_TRY(time_judging(&more, t, SOME, err));
    step[3] = (gx_part_estimate){"judging",
                                 {.mem_bytes = atomic_load(&job->mem_peak) + (uint64_t)rows,
                                  .cpu_s = first + resamples * fmax(more - first, 0) / SOME}};
    GX_TRY(estimate_score(&step[1], "leaders", t, true, err));
    GX_TRY(estimate_score(&step[2], "structural", t, false, err));
    *out = gx_estimate_steps(t->call->arena, step, GX_COUNT(step), 1);
done:
    return status;
}

/* ---- the call -------------------------------------------------------------------------------- */

static gx_status take_arrays(trial *t, gx_error *err) {
    gx_job *job = t->call->job;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &t->came, t->n, sizeof *t->came, err));
    for (int s = 0; s < SCORES; s++) {
        GX_TRY(gx_job_alloc(job, &t->score[s], t->n, sizeof *t->score[s], err));
    }
done:
    return status;
}

static void finish(trial *t) {
    gx_job *job = t->call->job;
    gx_job_free(job, t->came);
    for (int s = 0; s < SCORES; s++) {
        gx_job_free(job, t->score[s]);
    }
    gx_graph_finish(&t->graph);
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    trial t = {.call = call};
    const int64_t begun = gx_clock_thread_ns();
    gx_txn *txn = NULL;
    gx_status status;
    GX_TRY(gx_txn_read(&txn, call->db->store, err));
    t.n = gx_word_count(txn, GX_SPACE_USER);
    GX_TRY(find_split(&t, txn, err));
    const gx_tie_view ties = {.to_ms = t.split_ms, .flags = GX_GRAPH_IN};
    GX_TRY(gx_view_ties(&t.graph, txn, &call->state->rules, &ties, call->job, err));
    GX_TRY(take_arrays(&t, err));
    GX_TRY(read_later(&t, txn, err));
    gx_txn_abort(txn);
    txn = NULL;
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, &t, begun, err));
        goto done;
    }
    GX_TRY(compute(&t, true, err));
    GX_TRY(compute(&t, false, err));
    GX_TRY(judge(out, &t, err));
done:
    if (txn) {
        gx_txn_abort(txn);
    }
    finish(&t);
    return status;
}

const gx_method gx_method_eval_leaders = {
    .name = "eval.leaders",
    .summary = "how well the leader score told who was followed later, beside follower count, "
               "degree and PageRank",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{split, by, members, heeded, fitted, scores: [{score, kendall, spearman, ndcg}], "
              "differences (of leaders and the score it is held against): [{against, figure, "
              "difference, low, high}]} or {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
