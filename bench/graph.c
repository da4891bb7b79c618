/* Suite `graph`: every task of graph_tasks.def on every graph given, beside the peers there are. */
#include "bench/graph.h"

#include <errno.h>
#include <stdio.h>

static const gx__task tasks[] = {
#define GX_TASK GX__TASK_ROW
#include "bench/graph_tasks.def"
#undef GX_TASK
};

/* What is run, and for whom. */
typedef struct request {
    gx_bench *bench;
    const gx__task *tasks;
    size_t count;
} request;

/* The peers, "igraph" is its C library; the others are scripts. */
static const char *const peer_names[] = {"igraph", "python_igraph", "networkit", "leidenalg",
                                         "networkx"};

enum { PEERS = GX_COUNT(peer_names) };
#define COST_MOST 1e10    /* what tasks that are not linear grow with; beyond, they must be named */
#define NETWORKX_MOST 2e6 /* edges: it takes a kilobyte for each */

/* ---- what was asked for ------------------------------------------------------------------------
 */

static bool listed(const gx_value *list, const char *name) {
    for (uint32_t i = 0; list && i < list->size; i++) {
        const gx_value *item = &list->as.items[i];
        if (item->type == GX_TEXT && gx_slice_is((gx_slice){item->as.text, item->size}, name)) {
            return true;
        }
    }
    return false;
}

static gx_status check_names(const request *asked, gx_error *err) {
    const gx_value *only = asked->bench->only;
    for (uint32_t i = 0; only && i < only->size; i++) {
        const gx_value *item = &only->as.items[i];
        const char *names[GX__TASKS_MAX];
        size_t count = asked->count < GX__TASKS_MAX ? asked->count : GX__TASKS_MAX;
        bool known = false;
        for (size_t k = 0; k < count; k++) {
            names[k] = asked->tasks[k].name;
            known = known || gx_slice_is((gx_slice){item->as.text, item->size}, names[k]);
        }
        if (!known) {
            char given[64], text[64];
            snprintf(text, sizeof text, "%.*s", (int)(item->size < 60 ? item->size : 60),
                     item->as.text);
            const char *near = gx_nearest(text, names, count);
            return gx_fail_at(err, GX_NOT_FOUND, "only", "there is no task %s%s%s%s",
                              gx_quote(given, sizeof given, item->as.text, item->size),
                              near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        }
    }
    return GX_OK;
}

/* Among the lines of a run before this one. */
static bool is_had(const gx__ground *g, const gx__task *task) {
    const gx_value *have = g->bench->have;
    for (uint32_t i = 0; have && i < have->size; i++) {
        const gx_value *name = gx_map_get(&have->as.items[i], "task");
        const gx_value *graph = gx_map_get(&have->as.items[i], "graph");
        if (name && name->type == GX_TEXT && graph && graph->type == GX_TEXT &&
            gx_slice_is((gx_slice){name->as.text, name->size}, task->name) &&
            gx_slice_is((gx_slice){graph->as.text, graph->size}, g->arcs->name)) {
            return true;
        }
    }
    return false;
}

static bool wanted(const gx__ground *g, const gx__task *task) {
    if (is_had(g, task)) {
        return false;
    }
    if (g->bench->only) {
        return listed(g->bench->only, task->name);
    }
    double n = (double)g->arcs->n, m = (double)g->undirected.m;
    double work = task->cost == GX__QUADRATIC  ? n * m
                  : task->cost == GX__SEARCHES ? 2000 * m
                  : task->cost == GX__SLOW     ? 2e5 * n
                  : task->cost == GX__SLOWEST  ? 30 * n * m
                                               : 0;
    for (uint32_t v = 0; task->cost == GX__TWO_STEPS && v < g->undirected.n; v++) {
        double degree = (double)(g->undirected.out_ptr[v + 1] - g->undirected.out_ptr[v]);
        work += degree * degree;
    }
    return work < COST_MOST;
}

/* ---- weights ------------------------------------------------------------------------------------
 */

uint8_t gx__pair_weight(uint32_t u, uint32_t v) {
    uint32_t ends[2] = {u < v ? u : v, u < v ? v : u};
    return (uint8_t)(1 + gx_bench_hash(0, ends, sizeof ends) % 10);
}

bool gx__is_weighted(const gx__task *task) {
    return strstr(task->params, "weighted=true") != NULL;
}

static gx_status weigh_rows(float **out, const uint64_t *ptr, const uint32_t *end, uint32_t n,
                            gx_error *err) {
    float *weight = gx_alloc(ptr[n] + 1, sizeof *weight);
    if (!weight) {
        return gx_fail_memory(err, ptr[n] * sizeof *weight);
    }
    for (uint32_t v = 0; v < n; v++) {
        for (uint64_t i = ptr[v]; i < ptr[v + 1]; i++) {
            weight[i] = gx__pair_weight(v, end[i]);
        }
    }
    *out = weight;
    return GX_OK;
}

gx_status gx__weigh(gx__ground *ground, bool directed, gx_error *err) {
    const gx_graph *g = directed ? &ground->ties : &ground->undirected;
    float **weight = ground->weight[directed];
    gx_status status = GX_OK;
    if (!weight[0]) {
        status = weigh_rows(&weight[0], g->out_ptr, g->out_dst, g->n, err);
    }
    if (status == GX_OK && directed && !weight[1]) {
        status = weigh_rows(&weight[1], g->in_ptr, g->in_src, g->n, err);
    }
    return status;
}

gx_graph gx__ties_of(const gx__ground *ground, bool directed, bool weighted) {
    gx_graph graph = directed ? ground->ties : ground->undirected;
    if (weighted) {
        graph.out_weight = ground->weight[directed][0];
        graph.in_weight = ground->weight[directed][directed];
    }
    return graph;
}

/* ---- peers --------------------------------------------------------------------------------------
 */

static FILE *open_in(char *path, size_t size, const gx__ground *g, const char *name,
                     const char *ending) {
    snprintf(path, size, "%s/%s%s", g->folder, name, ending);
    return fopen(path, "wb");
}

/* Pairs of u32, each tie once, in the folder; and beside them their weights, a byte each. */
static gx_status write_ends(const gx__ground *g, const char *name, const gx_graph *graph,
                            gx_error *err) {
    char path[GX_FOLDER_MAX + 32], weights_path[GX_FOLDER_MAX + 32];
    FILE *file = open_in(path, sizeof path, g, name, "");
    FILE *weights = open_in(weights_path, sizeof weights_path, g, name, ".weights");
    bool good = file && weights;
    for (uint32_t u = 0; good && u < graph->n; u++) {
        for (uint64_t i = graph->out_ptr[u]; good && i < graph->out_ptr[u + 1]; i++) {
            uint32_t pair[2] = {u, graph->out_dst[i]};
            if (graph->directed || pair[1] >= u) {
                good = fwrite(pair, sizeof pair, 1, file) == 1 &&
                       putc(gx__pair_weight(u, pair[1]), weights) != EOF;
            }
        }
    }
    good = good && fflush(file) == 0 && fflush(weights) == 0;
    gx_status status = good ? GX_OK : gx_fail_errno(err, errno, "writing", path);
    if (file) {
        fclose(file);
    }
    if (weights) {
        fclose(weights);
    }
    return status;
}

static gx_status write_arcs(const gx__ground *g, gx_error *err) {
    char path[GX_FOLDER_MAX + 16];
    snprintf(path, sizeof path, "%s/arcs", g->folder);
    FILE *file = fopen(path, "wb");
    if (!file) {
        return gx_fail_errno(err, errno, "writing", path);
    }
    bool good = true;
    for (uint64_t i = 0; good && i < g->arcs->m; i++) {
        uint32_t pair[2] = {g->arcs->src[i], g->arcs->dst[i]};
        good = fwrite(pair, sizeof pair, 1, file) == 1;
    }
    return fclose(file) == 0 && good ? GX_OK : gx_fail_errno(err, errno, "writing", path);
}

static gx_status open_igraph(gx__peer **out, const gx__ground *g, gx_error *err) {
    gx__peer *igraph;
    gx_status status = gx__peer_igraph(&igraph, g, err);
    return status == GX_OK ? gx__peer_apart(out, igraph, g, err) : status;
}

static gx_status check_tools(const gx_value *tools, gx_error *err) {
    for (uint32_t i = 0; tools && i < tools->size; i++) {
        const gx_slice name = {tools->as.items[i].as.text, tools->as.items[i].size};
        char given[64], names[160] = "";
        bool known = false;
        for (size_t k = 0; k < PEERS; k++) {
            size_t used = strlen(names);
            known = known || gx_slice_is(name, peer_names[k]);
            snprintf(names + used, sizeof names - used, "%s%s", k ? ", " : "", peer_names[k]);
        }
        if (!known) {
            return gx_fail_at(err, GX_NOT_FOUND, "tools", "there is no tool %s; there are %s",
                              gx_quote(given, sizeof given, name.data, name.size), names);
        }
    }
    return GX_OK;
}

/* Those that are installed; what cannot be started is left out. */
static gx_status open_peers(gx__peer **peers, size_t *out_count, gx__ground *g, gx_error *err) {
    gx_status status = GX_OK;
    const gx_bench *bench = g->bench;
    GX_TRY(gx_folder_make(g->folder, sizeof g->folder, err));
    GX_TRY(write_arcs(g, err));
    GX_TRY(write_ends(g, "directed", &g->ties, err));
    GX_TRY(write_ends(g, "undirected", &g->undirected, err));
    for (size_t i = 0; i < PEERS; i++) {
        const char *name = peer_names[i];
        gx_error why;
        bool large = strcmp(name, "networkx") == 0 && (double)g->ties.m > NETWORKX_MOST;
        if ((bench->tools && !listed(bench->tools, name)) || (!bench->tools && large)) {
            continue;
        }
        status = i == 0 ? open_igraph(&peers[*out_count], g, &why)
                        : gx__peer_script(&peers[*out_count], name, g, &why);
        if (status == GX_OK) {
            bench->say(bench->user, "peer %s %s", name, peers[*out_count]->version);
            ++*out_count;
        } else {
            bench->say(bench->user, "peer %s: skipped, %s", name, why.message);
        }
        status = GX_OK;
    }
done:
    return status;
}

/* ---- a graph ------------------------------------------------------------------------------------
 */

static gx_status on_graph(void *user, const gx_bench_arcs *arcs, gx_error *err) {
    const request *asked = user;
    gx__ground g = {.bench = asked->bench, .arcs = arcs};
    gx__peer *peers[PEERS];
    size_t peer_count = 0;
    gx_status status = GX_OK;
    gx_job job;
    gx_job_init(&job, g.bench->threads, 1);
    GX_TRY(gx_graph_build(&g.ties, arcs->n, arcs->m, arcs->src, arcs->dst, NULL, GX_GRAPH_IN, &job,
                          err));
    GX_TRY(gx_graph_undirected(&g.undirected, &g.ties, &job, err));
    g.tie_count = g.undirected.m / 2;
    GX_TRY(gx_matrix_build(&g.groups, arcs->n, 0, 0, NULL, NULL, NULL, NULL, &job, err));
    if (g.bench->peers) {
        GX_TRY(open_peers(peers, &peer_count, &g, err));
    }
    for (size_t i = 0; i < asked->count; i++) {
        if (wanted(&g, &asked->tasks[i])) {
            GX_TRY(gx__contest(&g, &asked->tasks[i], peers, peer_count, err));
        }
    }
done:
    for (size_t i = 0; i < peer_count; i++) {
        peers[i]->close(peers[i]);
    }
    if (g.folder[0]) {
        gx_folder_remove(g.folder);
    }
    gx_graph_finish(&g.ties);
    gx_graph_finish(&g.undirected);
    gx_matrix_finish(&g.groups);
    for (int i = 0; i < 4; i++) {
        gx_free(g.weight[i / 2][i % 2]);
    }
    return status;
}

gx_status gx__graph_run(gx_bench *bench, const gx__task *table, size_t count, gx_error *err) {
    request asked = {bench, table, count};
    if (!bench->data) {
        return gx_fail_at(err, GX_BAD_REQUEST, "data",
                          "the suite %s needs --data: an edge list, or a folder of them",
                          bench->suite);
    }
    gx_status status = check_names(&asked, err);
    if (status == GX_OK) {
        status = check_tools(bench->tools, err);
    }
    return status == GX_OK ? gx_bench_each_graph(bench->data, on_graph, &asked, bench->job, err)
                           : status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    return gx__graph_run(bench, tasks, GX_COUNT(tasks), err);
}

const gx_bench_task gx_bench_graph = {
    .suite = "graph",
    .summary = "the view and the passes, beside whatever peers are installed",
    .run = run,
};
