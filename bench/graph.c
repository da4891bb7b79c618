/* Suite `graph`: every task of graph_tasks.def on every graph given, beside the peers there are. */
#include "bench/graph.h"

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

static gx_status check_names(const request *asked, gx_error *err) {
    const char *names[GX__TASKS_MAX];
    for (size_t k = 0; k < asked->count; k++) {
        names[k] = asked->tasks[k].name;
    }
    return gx_bench_check_only(asked->bench->only, names, asked->count, err);
}

/* Among the lines of a run before this one. */
static bool is_had(const gx__ground *g, const gx__task *task) {
    const gx_value *have = g->bench->have;
    for (uint32_t i = 0; have && i < have->size; i++) {
        const gx_value *line = &have->as.items[i];
        if (gx_slice_is(gx_bench_text(gx_map_get(line, "task")), task->name) &&
            gx_slice_is(gx_bench_text(gx_map_get(line, "graph")), g->arcs->name)) {
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
        return gx_bench_lists(g->bench->only, task->name);
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

/* ---- peers --------------------------------------------------------------------------------------
 */

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
    GX_TRY(gx__ground_write(g, err));
    for (size_t i = 0; i < PEERS; i++) {
        const char *name = peer_names[i];
        gx_error why;
        bool large = strcmp(name, "networkx") == 0 && (double)g->ties.m > NETWORKX_MOST;
        if ((bench->tools && !gx_bench_lists(bench->tools, name)) || (!bench->tools && large)) {
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
    gx__ground g;
    gx__peer *peers[PEERS];
    size_t peer_count = 0;
    gx_status status = GX_OK;
    GX_TRY(gx__ground_make(&g, asked->bench, arcs, err));
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
    gx__ground_finish(&g);
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
