/* One task, run by every contestant in turns. The first turn warms up; whoever takes long in it has
 * it counted and gets fewer turns, or no more. */
#include "bench/graph.h"
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS_MAX = 101, CONTESTANTS_MAX = 24, THREADS_MAX = 8, PARAMS_MAX = 8 };

typedef struct contestant {
    gx__peer *peer; /* NULL: guanxi */
    int threads;
    int wanted, runs; /* counted ones */
    double wall[RUNS_MAX], cpu[RUNS_MAX];
    uint64_t rss_bytes, mem_bytes;
    double *answer;
    char note[120]; /* why it is out */
    double over_s;  /* it was stopped after so long */
    gx__verdict verdict;
    gx_estimate estimate; /* the two are of guanxi's passes, at this number of threads */
    uint64_t used_bytes;
} contestant;

typedef struct contest {
    gx__ground *ground;
    const gx__task *task;
    const gx_pass *pass;        /* NULL: a build */
    gx_graph graph, undirected; /* what it runs on, borrowed */
    contestant *all;
    size_t count;
    gx_arena *arena;
    gx_value params;
    bool same_bytes; /* guanxi's at every number of threads */
    double ours_s;   /* the longest of guanxi's runs */
} contest;

/* ---- guanxi -----------------------------------------------------------------------------------
 */

static gx_input input_of(contest *c) {
    const gx__ground *g = c->ground;
    bool weighted = gx__is_weighted(c->task);
    c->graph = gx__ties_of(g, c->task->directed, weighted);
    c->undirected = gx__ties_of(g, false, weighted && !c->task->directed);
    return (gx_input){.graph = &c->graph,
                      .undirected = &c->undirected,
                      .groups = &g->groups,
                      .users = g->arcs->n};
}

static double attenuation(const gx_graph *graph) {
    uint64_t most = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        uint64_t degree = graph->out_ptr[v + 1] - graph->out_ptr[v];
        most = degree > most ? degree : most;
    }
    return 1 / (1 + (double)most);
}

/* "a=1,b=@" as a map. */
static gx_value params_of(gx_arena *arena, const char *text, const gx_graph *graph) {
    gx_value map = gx_map(arena, PARAMS_MAX);
    for (const char *at = text; *at;) {
        size_t size = strcspn(at, ","), name = strcspn(at, "=");
        bool stands = at[name + 1] == '@';
        gx_map_put_text(arena, &map, gx_text(at, name),
                        stands ? gx_real(attenuation(graph))
                               : gx_text(at + name + 1, size - name - 1));
        at += size + (at[size] == ',');
    }
    return map;
}

/* How many of the bridges each member is an end of; NULL where there are no bridges to read. */
static gx_status count_bridges(double **out, const gx_arrays *results, uint32_t n, gx_error *err) {
    const gx_array *src = gx_arrays_find(results, "bridges.src");
    const gx_array *dst = gx_arrays_find(results, "bridges.dst");
    if (!src || !dst) {
        return GX_OK;
    }
    double *answer = gx_alloc0(n + 1u, sizeof *answer);
    if (!answer) {
        return gx_fail_memory(err, n * sizeof *answer);
    }
    for (uint64_t i = 0; i < src->shape[0]; i++) {
        answer[((const uint32_t *)src->data)[i]]++;
        answer[((const uint32_t *)dst->data)[i]]++;
    }
    *out = answer;
    return GX_OK;
}

static gx_status take_answer(double **out, const gx_arrays *results, const gx_pass *pass,
                             uint32_t n, gx_error *err) {
    const double *score = gx_result_get(results, pass->name, "score", GX_F64, n);
    const uint32_t *group = gx_result_get(results, pass->name, "community", GX_U32, n);
    score = score ? score : gx_result_get(results, pass->name, "distance", GX_F64, n);
    if (!score && !group) {
        return count_bridges(out, results, n, err);
    }
    double *answer = gx_alloc(n + 1u, sizeof *answer);
    if (!answer) {
        return gx_fail_memory(err, n * sizeof *answer);
    }
    for (uint32_t v = 0; v < n; v++) {
        answer[v] = score ? score[v] : group[v];
    }
    *out = answer;
    return GX_OK;
}

/* Communities, where the pass works on them: made by a job that is not measured. */
static gx_status make_ready(contest *c, gx_arrays *results, const gx_input *input, int threads,
                            gx_error *err) {
    bool wants = false;
    for (const char *const *name = c->pass ? c->pass->arrays : NULL; name && *name; name++) {
        wants = wants || strcmp(*name, "leiden.community") == 0;
    }
    if (!wants) {
        return GX_OK;
    }
    gx_job job;
    gx_job_init(&job, threads, c->ground->bench->job->seed);
    gx_value params = gx_map(c->arena, 0);
    return gx_pass_run(results, gx_pass_find(gx_engine_passes(), "leiden"), NULL, input, &params,
                       &job, err);
}

static gx_status build_again(contest *c, gx_job *job, gx_error *err) {
    const gx_bench_arcs *arcs = c->ground->arcs;
    gx_graph *graph = c->task->directed ? &c->ground->ties : &c->ground->undirected;
    unsigned flags = c->task->directed ? GX_GRAPH_IN : GX_GRAPH_UNDIRECTED;
    gx_graph_finish(graph);
    return gx_graph_build(graph, arcs->n, arcs->m, arcs->src, arcs->dst, NULL, flags, job, err);
}

/* What the pass is about to need, with all that is there by now. */
static gx_status tell_before(const contest *c, contestant *who, const gx_input *input,
                             gx_error *err) {
    gx_args args;
    if (!c->pass) {
        return GX_OK;
    }
    gx_status status =
        gx_args_parse(&args, c->arena, c->pass->params, c->pass->param_count, &c->params, err);
    if (status == GX_OK) {
        c->pass->estimate(&who->estimate, input, &args, who->threads);
    }
    return status;
}

typedef struct stop_line {
    gx_job *from, *to;
} stop_line;

/* A run has a job of its own, which stops when the benchmark's is told to. */
static void pass_on_stop(void *user, const char *stage, uint64_t done, uint64_t total,
                         uint64_t mem_used) {
    const stop_line *line = user;
    (void)stage;
    (void)done;
    (void)total;
    (void)mem_used;
    if (gx_job_should_stop(line->from)) {
        gx_job_cancel(line->to);
    }
}

static gx_status run_ours(contest *c, contestant *who, gx__result *out, gx_error *err) {
    gx_status status = GX_OK;
    gx_arrays *results = NULL;
    gx_job job;
    gx_input input = input_of(c);
    gx_job_init(&job, who->threads, c->ground->bench->job->seed);
    job.deadline_ns = c->ground->bench->job->deadline_ns;
    job.progress = pass_on_stop;
    job.progress_user = &(stop_line){c->ground->bench->job, &job};
    GX_TRY(gx_arrays_create(&results, err));
    input.arrays = results;
    GX_TRY(make_ready(c, results, &input, who->threads, err));
    GX_TRY(tell_before(c, who, &input, err));
    gx_bench_rss_reset();
    uint64_t before = gx_bench_rss_now();
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    if (c->pass) {
        GX_TRY(gx_pass_run(results, c->pass, NULL, &input, &c->params, &job, err));
    } else {
        GX_TRY(build_again(c, &job, err));
    }
    out->wall_s = (double)(gx_clock_ns() - wall) / 1e9;
    out->cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9;
    out->rss_bytes = gx_bench_rss_peak();
    out->mem_bytes = out->rss_bytes > before ? out->rss_bytes - before : 0;
    if (c->pass) {
        who->used_bytes = atomic_load(&job.mem_peak);
        GX_TRY(take_answer(&out->answer, results, c->pass, c->ground->arcs->n, err));
    }
done:
    gx_arrays_destroy(results);
    return status;
}

/* ---- turns ------------------------------------------------------------------------------------
 */

/* Whoever is stopped took longer than guanxi: the limit grows with guanxi's own time. */
static double peer_limit(const contest *c) {
    return fmax(c->ground->bench->peer_limit_s, 1.2 * c->ours_s);
}

/* How long the peer takes at least, as it was stopped with fewer threads and t threads are t times
 * as fast at best; 0: nothing is known. */
static double least_time(const contest *c, const contestant *who) {
    double least = 0;
    for (size_t i = 0; i < c->count; i++) {
        const contestant *other = &c->all[i];
        if (other->peer == who->peer && other->threads < who->threads) {
            least = fmax(least, other->over_s * other->threads / who->threads);
        }
    }
    return least;
}

static gx_status turn(contest *c, contestant *who, gx__result *out, gx_error *err) {
    *out = (gx__result){0};
    if (!who->peer) {
        gx_status status = run_ours(c, who, out, err);
        c->ours_s = fmax(c->ours_s, out->wall_s);
        return status;
    }
    return who->peer->run(who->peer, out, c->task, who->threads, peer_limit(c), err);
}

/* How many more turns after one that took so long. */
static int turns_after(const gx_bench *bench, double wall_s) {
    double fit = wall_s > 0 ? bench->budget_s / wall_s : RUNS_MAX;
    int runs = bench->runs < RUNS_MAX ? bench->runs : RUNS_MAX;
    return fit < 2 ? 0 : fit < runs ? (int)fit : runs;
}

static void count_turn(contestant *who, const gx__result *result) {
    who->wall[who->runs] = result->wall_s;
    who->cpu[who->runs++] = result->cpu_s;
}

/* A peer that fails or takes too long is out; guanxi failing ends the benchmark. */
static gx_status play(contest *c, contestant *who, bool warm_up, gx_error *err) {
    gx__result result;
    gx_error why = {0};
    gx_status status = gx_job_check(c->ground->bench->job, err);
    if (status != GX_OK) {
        return status;
    }
    double least_s = who->peer && warm_up ? least_time(c, who) : 0;
    if (least_s > c->ours_s * 1.2) {
        who->wanted = -1;
        who->over_s = least_s;
        snprintf(who->note, sizeof who->note, "stopped with fewer threads");
        return GX_OK;
    }
    status = turn(c, who, &result, &why);
    if (status != GX_OK) {
        if (!who->peer) {
            *err = why;
            return status;
        }
        who->wanted = -1;
        if (!who->runs) { /* else what was counted stays */
            who->over_s = status == GX_DEADLINE ? peer_limit(c) : 0;
            snprintf(who->note, sizeof who->note, "%.110s", why.message);
        }
        return GX_OK;
    }
    uint64_t limit = c->ground->bench->rss_limit;
    if (!who->peer && limit && result.rss_bytes > limit) {
        gx_free(result.answer);
        return gx_fail(err, GX_OVER_LIMIT, "%s on %s: the process held %llu bytes, of at most %llu",
                       c->task->name, c->ground->arcs->name, (unsigned long long)result.rss_bytes,
                       (unsigned long long)limit);
    }
    who->rss_bytes = result.rss_bytes > who->rss_bytes ? result.rss_bytes : who->rss_bytes;
    who->mem_bytes = result.mem_bytes > who->mem_bytes ? result.mem_bytes : who->mem_bytes;
    gx_free(who->answer);
    who->answer = result.answer;
    if (warm_up) {
        who->wanted = turns_after(c->ground->bench, result.wall_s);
    }
    if (!warm_up || who->wanted == 0) {
        count_turn(who, &result);
    }
    return GX_OK;
}

static gx_status play_all(contest *c, gx_error *err) {
    gx_status status = GX_OK;
    for (int round = -1; round < RUNS_MAX; round++) {
        bool any = false;
        for (size_t i = 0; i < c->count; i++) {
            contestant *who = &c->all[i];
            if (round < 0 || who->wanted > round) {
                GX_TRY(play(c, who, round < 0, err));
                any = true;
            }
        }
        if (!any) {
            break;
        }
    }
done:
    return status;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static gx_status judge(contest *c, gx_error *err) {
    gx_status status = GX_OK;
    const contestant *ours = &c->all[0];
    c->same_bytes = true;
    for (size_t i = 1; i < c->count; i++) {
        contestant *who = &c->all[i];
        if (who->peer && who->runs) {
            GX_TRY(gx__agree(&who->verdict, c->ground, c->task, ours->answer, who->answer, err));
        } else if (!who->peer && ours->answer && who->answer) {
            c->same_bytes = c->same_bytes && memcmp(ours->answer, who->answer,
                                                    c->ground->arcs->n * sizeof(double)) == 0;
        }
    }
done:
    return status;
}

static bool judges_groups(const contest *c) {
    return c->task->compare == GX__QUALITY || c->task->compare == GX__TRUTH;
}

/* Groups must be as good as everybody's; scores must be somebody's, as a peer may be wrong. */
static bool we_agree(const contest *c) {
    bool any = false, all = true, compared = false;
    for (size_t i = 0; i < c->count; i++) {
        const gx__verdict *v = &c->all[i].verdict;
        compared = compared || v->compared;
        any = any || (v->compared && v->agrees);
        all = all && (!v->compared || v->agrees);
    }
    return c->same_bytes && (!compared || (judges_groups(c) ? all : any));
}

static double least(const contestant *who) {
    double best = INFINITY;
    for (int r = 0; r < who->runs; r++) {
        best = fmin(best, who->wall[r]);
    }
    return best;
}

/* Of the peers at as many threads or fewer the fastest whose answer is as good; where all groups
 * are worse than guanxi's, the fastest of those. NULL: none. Shortest runs are compared: what else
 * the machine does only ever adds to a run (Chen and Revels 2016). */
static const contestant *fastest_peer(const contest *c, int threads) {
    const contestant *good = NULL, *worse = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const contestant *who = &c->all[i];
        if (who->peer && who->runs && who->threads <= threads) {
            const contestant **best = who->verdict.counts ? &good : &worse;
            *best = !*best || least(who) < least(*best) ? who : *best;
        }
    }
    return good ? good : judges_groups(c) ? worse : NULL;
}

/* What there is to say of guanxi's answer beside that of `best`; NULL: nothing. */
static const char *how_ours(const contest *c, contestant *who, const contestant *best) {
    bool compared = false;
    for (size_t i = 0; i < c->count; i++) {
        compared = compared || c->all[i].verdict.compared;
    }
    if (!c->same_bytes) {
        return "bytes differ between numbers of threads";
    }
    if (!best) {
        return compared ? "no peer agrees" : NULL;
    }
    if (!best->verdict.counts) {
        snprintf(who->verdict.how, sizeof who->verdict.how, "better than any peer: %.90s",
                 best->verdict.how);
        return who->verdict.how;
    }
    return compared ? NULL : "not compared";
}

static void set_ours(const contest *c, contestant *who, gx_bench_line *line) {
    const contestant *best = fastest_peer(c, who->threads);
    if (best) {
        line->has_peer = true;
        line->ratio = least(who) / least(best);
        line->agrees = we_agree(c);
    }
    if (c->pass) {
        line->has_estimate = true;
        line->estimate_bytes = who->estimate.mem_bytes;
        line->estimate_cpu_s = who->estimate.cpu_s;
        line->estimate_most_s = who->estimate.cpu_most_s;
        line->used_bytes = who->used_bytes;
    } else {
        const gx_graph *g = c->task->directed ? &c->ground->ties : &c->ground->undirected;
        double edges = c->task->directed ? (double)g->m : (double)g->m / 2;
        line->value = edges > 0 ? (double)gx_graph_bytes(g) / edges : 0;
        line->value_name = "bytes_an_edge";
    }
    line->how = how_ours(c, who, best);
}

static gx_status emit(contest *c, contestant *who, gx_error *err) {
    gx_bench *bench = c->ground->bench;
    gx_bench_line line = {.task = c->task->name,
                          .tool = who->peer ? who->peer->name : "guanxi",
                          .graph = c->ground->arcs->name,
                          .input = c->ground->arcs->hash,
                          .threads = who->threads,
                          .rss_bytes = who->rss_bytes,
                          .mem_bytes = who->mem_bytes,
                          .members = c->ground->arcs->n,
                          .ties = c->ground->tie_count,
                          .is_peer = who->peer != NULL,
                          .version = who->peer ? who->peer->version : NULL,
                          .over_s = who->over_s,
                          .equal = who->runs && who->verdict.counts,
                          .note = who->note[0] ? who->note : NULL};
    gx_status status =
        gx__value_of(&line.value, &line.value_name, c->ground, c->task, who->answer, err);
    if (who->runs) {
        line.wall_s = median(who->wall, who->runs);
        line.wall_min_s = who->wall[0]; /* sorted by now */
        line.cpu_s = median(who->cpu, who->runs);
    }
    if (who->peer && who->verdict.compared) {
        line.how = who->verdict.how;
    } else if (!who->peer) {
        set_ours(c, who, &line);
    }
    if (status == GX_OK) {
        bench->emit(bench->user, &line, bench->suite);
    }
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void add(contest *c, gx__peer *peer, int threads) {
    if (c->count < CONTESTANTS_MAX) {
        c->all[c->count] = (contestant){.peer = peer, .threads = threads};
        c->count++;
    }
}

/* The numbers of threads to run at: --threads as a list, else 1 and all. */
static size_t thread_counts(int out[THREADS_MAX], const gx_bench *bench) {
    size_t count = 0;
    const gx_value *list = bench->thread_list;
    for (uint32_t i = 0; list && i < list->size && count < THREADS_MAX; i++) {
        int64_t threads;
        const gx_value *item = &list->as.items[i];
        if (gx_parse_int((gx_slice){item->as.text, item->size}, &threads) && threads > 0) {
            out[count++] = (int)(threads < 1024 ? threads : 1024);
        }
    }
    if (count == 0) {
        out[count++] = 1;
        if (bench->threads > 1) {
            out[count++] = bench->threads;
        }
    }
    return count;
}

/* NetworkX is so slow that it runs only what nobody else among the peers has. */
static bool is_spare(const contest *c, const gx__peer *peer) {
    bool other = false;
    for (size_t i = 0; i < c->count; i++) {
        other = other || c->all[i].peer;
    }
    return other && strcmp(peer->name, "networkx") == 0;
}

static void invite(contest *c, gx__peer **peers, size_t peer_count) {
    int threads[THREADS_MAX];
    size_t count = thread_counts(threads, c->ground->bench);
    for (size_t t = 0; t < count; t++) {
        add(c, NULL, threads[t]);
    }
    for (size_t p = 0; p < peer_count; p++) {
        if (peers[p]->knows(peers[p], c->task->name) && !is_spare(c, peers[p])) {
            int most = peers[p]->threads_for ? peers[p]->threads_for(peers[p], c->task->name)
                                             : peers[p]->threads;
            for (size_t t = 0; t < (most > 1 ? count : 1); t++) {
                add(c, peers[p], most > 1 ? threads[t] : 1);
            }
        }
    }
}

gx_status gx__contest(gx__ground *ground, const gx__task *task, gx__peer **peers, size_t peer_count,
                      gx_error *err) {
    gx_status status = GX_OK;
    contest c = {.ground = ground, .task = task};
    if (task->pass) {
        c.pass = gx_pass_find(gx_engine_passes(), task->pass);
        if (!c.pass) {
            return GX_OK;
        }
    }
    c.arena = gx_arena_create();
    c.all = gx_alloc0(CONTESTANTS_MAX, sizeof *c.all);
    if (!c.arena || !c.all) {
        GX_TRY(gx_fail_memory(err, CONTESTANTS_MAX * sizeof *c.all));
    }
    c.params = params_of(c.arena, task->params, &ground->undirected);
    gx_job_stage(ground->bench->job, task->name, 0);
    if (gx__is_weighted(task)) {
        GX_TRY(gx__weigh(ground, task->directed, err));
    }
    invite(&c, peers, peer_count);
    GX_TRY(play_all(&c, err));
    GX_TRY(judge(&c, err));
    for (size_t i = 0; i < c.count; i++) {
        GX_TRY(emit(&c, &c.all[i], err));
    }
done:
    for (size_t i = 0; c.all && i < c.count; i++) {
        gx_free(c.all[i].answer);
    }
    gx_free(c.all);
    gx_arena_destroy(c.arena);
    return status;
}
