/* Guanxi's own runs of a task. */
#include "bench/graph.h"
#include "engine/engine.h"

enum { PARAMS_MAX = 8 };

/* One run. */
typedef struct own {
    gx__ground *ground;
    const gx__task *task;
    const gx_pass *pass;        /* NULL: a build */
    gx_graph graph, undirected; /* what it runs on, borrowed */
    int threads;
    gx_arena *arena;
    gx_value params;
} own;

static gx_input input_of(own *c) {
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
static gx_status make_ready(own *c, gx_arrays *results, const gx_input *input, gx_error *err) {
    bool wants = false;
    for (const char *const *name = c->pass ? c->pass->arrays : NULL; name && *name; name++) {
        wants = wants || strcmp(*name, "leiden.community") == 0;
    }
    if (!wants) {
        return GX_OK;
    }
    gx_job job;
    gx_job_init(&job, c->threads, c->ground->bench->job->seed);
    gx_value params = gx_map(c->arena, 0);
    return gx_pass_run(results, gx_pass_find(gx_engine_passes(), "leiden"), NULL, input, &params,
                       &job, err);
}

static gx_status build_again(own *c, gx_job *job, gx_error *err) {
    const gx_bench_arcs *arcs = c->ground->arcs;
    gx_graph *graph = c->task->directed ? &c->ground->ties : &c->ground->undirected;
    unsigned flags = c->task->directed ? GX_GRAPH_IN : GX_GRAPH_UNDIRECTED;
    gx_graph_finish(graph);
    return gx_graph_build(graph, arcs->n, arcs->m, arcs->src, arcs->dst, NULL, flags, job, err);
}

/* What the pass is about to need, with all that is there by now. */
static gx_status tell_before(gx__told *out, const own *c, const gx_input *input, gx_error *err) {
    gx_args args;
    if (!c->pass) {
        return GX_OK;
    }
    gx_status status =
        gx_args_parse(&args, c->arena, c->pass->params, c->pass->param_count, &c->params, err);
    if (status == GX_OK) {
        c->pass->estimate(&out->estimate, input, &args, c->threads);
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

static gx_status run(own *c, gx__result *out, gx__told *told, gx_error *err) {
    gx_status status = GX_OK;
    gx_arrays *results = NULL;
    gx_job job;
    gx_input input = input_of(c);
    gx_job_init(&job, c->threads, c->ground->bench->job->seed);
    job.deadline_ns = c->ground->bench->job->deadline_ns;
    job.progress = pass_on_stop;
    job.progress_user = &(stop_line){c->ground->bench->job, &job};
    GX_TRY(gx_arrays_create(&results, err));
    input.arrays = results;
    GX_TRY(make_ready(c, results, &input, err));
    GX_TRY(tell_before(told, c, &input, err));
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
        told->used_bytes = atomic_load(&job.mem_peak);
        GX_TRY(take_answer(&out->answer, results, c->pass, c->ground->arcs->n, err));
    }
done:
    gx_arrays_destroy(results);
    return status;
}

bool gx__is_ours(const gx__task *task) {
    return !task->pass || gx_pass_find(gx_engine_passes(), task->pass);
}

gx_status gx__run_ours(gx__result *out, gx__told *told, gx__ground *ground, const gx__task *task,
                       int threads, gx_error *err) {
    own c = {.ground = ground,
             .task = task,
             .pass = task->pass ? gx_pass_find(gx_engine_passes(), task->pass) : NULL,
             .threads = threads,
             .arena = gx_arena_create()};
    if (!c.arena) {
        return gx_fail_memory(err, 0);
    }
    c.params = params_of(c.arena, task->params, &ground->undirected);
    gx_status status = run(&c, out, told, err);
    gx_arena_destroy(c.arena);
    return status;
}
