/* Suite `graph`: the view and the near-linear passes, at one thread and at all, beside igraph. */
#include "bench/bench.h"
#include "engine/engine.h"

#include <math.h>

typedef struct bed {
    gx_bench *bench;
    const gx_bench_arcs *arcs;
    gx_graph ties, undirected;
    gx_peer_graph *peer_directed, *peer_undirected;
    const gx_pass *pass;
    gx_job job;
    gx_arrays *results;
    double *peer_score;
    double peer_value;
} bed;

typedef struct task {
    const char *pass;
    const char *array, *value_name; /* a scalar of the result, NULL: none */
    gx_status (*peer)(bed *b, gx_error *err);
    double tolerance; /* of scores against the peer's; 0: compares values */
} task;

/* ---- guanxi
 * ---------------------------------------------------------------------------------------- */

static gx_status fresh_results(void *user, gx_error *err) {
    bed *b = user;
    gx_arrays_destroy(b->results);
    b->results = NULL;
    return gx_arrays_create(&b->results, err);
}

static gx_status run_pass(void *user, gx_error *err) {
    bed *b = user;
    gx_input input = {.graph = &b->ties, .undirected = &b->undirected, .users = b->arcs->n};
    return gx_pass_run(b->results, b->pass, NULL, &input, NULL, &b->job, err);
}

static gx_status run_build(void *user, gx_error *err) {
    bed *b = user;
    gx_graph_finish(&b->ties);
    return gx_graph_build(&b->ties, b->arcs->n, b->arcs->m, b->arcs->src, b->arcs->dst, NULL,
                          GX_GRAPH_IN, &b->job, err);
}

/* ---- the peer
 * -------------------------------------------------------------------------------------- */

static gx_status peer_pagerank(bed *b, gx_error *err) {
    return gx_peer_pagerank(b->peer_score, b->peer_directed, err);
}

static gx_status peer_kcore(bed *b, gx_error *err) {
    return gx_peer_kcore(b->peer_score, b->peer_undirected, err);
}

static gx_status peer_leiden(bed *b, gx_error *err) {
    return gx_peer_leiden(&b->peer_value, b->peer_undirected, err);
}

static gx_status peer_components(bed *b, gx_error *err) {
    uint32_t count;
    gx_status status = gx_peer_components(&count, b->peer_undirected, err);
    if (status == GX_OK) {
        b->peer_value = count;
    }
    return status;
}

typedef struct peer_call {
    bed *b;
    const task *t;
} peer_call;

static gx_status run_peer(void *user, gx_error *err) {
    peer_call *call = user;
    return call->t->peer(call->b, err);
}

static gx_status run_peer_build(void *user, gx_error *err) {
    bed *b = user;
    gx_peer_close(b->peer_directed);
    b->peer_directed = NULL;
    return gx_peer_open(&b->peer_directed, b->arcs, true, err);
}

static const task tasks[] = {
    {"pagerank", NULL, NULL, peer_pagerank, 1e-8},
    {"components", NULL, "components", peer_components, 0},
    {"kcore", NULL, NULL, peer_kcore, 1e-9},
    {"leiden", "leiden.modularity", "modularity", peer_leiden, 0},
};

/* ---- lines
 * ------------------------------------------------------------------------------------------ */

static void emit(const bed *b, gx_bench_line *line, const gx_bench_line *peer) {
    line->graph = b->arcs->name;
    line->input = b->arcs->hash;
    if (peer && peer->wall_s > 0) {
        line->has_peer = true;
        line->ratio = line->wall_s / peer->wall_s;
    }
    b->bench->emit(b->bench->user, line, b->bench->suite);
}

static double value_of(const bed *b, const task *t) {
    if (t->array) {
        const double *scalar = gx_arrays_get(b->results, t->array, GX_F64, 1);
        return scalar ? *scalar : NAN;
    }
    const uint32_t *community =
        gx_result_get(b->results, b->pass->name, "community", GX_U32, b->arcs->n);
    double largest = -1;
    for (uint32_t u = 0; community && u < b->arcs->n; u++) {
        largest = fmax(largest, community[u]);
    }
    return largest + 1;
}

/* Scores entry by entry; a community pass by its value, which may be better than the peer's. */
static bool agrees(const bed *b, const task *t, double value) {
    if (t->tolerance <= 0) {
        return t->array ? value >= b->peer_value - 1e-3 : value == b->peer_value;
    }
    const double *score = gx_result_get(b->results, b->pass->name, "score", GX_F64, b->arcs->n);
    for (uint32_t u = 0; score && u < b->arcs->n; u++) {
        if (fabs(score[u] - b->peer_score[u]) > t->tolerance) {
            return false;
        }
    }
    return score != NULL;
}

static gx_status run_task(bed *b, const task *t, gx_error *err) {
    gx_bench_line peer = {.task = t->pass, .tool = "igraph", .threads = 1};
    peer_call call = {b, t};
    b->pass = gx_pass_find(gx_engine_passes(), t->pass);
    if (!b->pass) {
        return gx_fail(err, GX_INTERNAL, "the pass %s is not in the table", t->pass);
    }
    if (b->bench->peers) {
        gx_status status = gx_bench_time(&peer, b->bench->runs, run_peer, NULL, &call, err);
        if (status != GX_OK) {
            return status;
        }
        peer.value = t->value_name ? b->peer_value : 0;
        peer.value_name = t->value_name;
        emit(b, &peer, NULL);
    }
    for (int threads = 1; threads <= b->bench->threads;
         threads += b->bench->threads - 1 ? b->bench->threads - 1 : 1) {
        gx_bench_line line = {.task = t->pass, .tool = "guanxi", .threads = threads};
        gx_job_init(&b->job, threads, b->bench->job->seed);
        gx_status status = gx_bench_time(&line, b->bench->runs, run_pass, fresh_results, b, err);
        if (status != GX_OK) {
            return status;
        }
        if (t->value_name) {
            line.value = value_of(b, t);
            line.value_name = t->value_name;
        }
        line.agrees = b->bench->peers && agrees(b, t, line.value);
        emit(b, &line, b->bench->peers ? &peer : NULL);
    }
    return GX_OK;
}

static gx_status run_builds(bed *b, gx_error *err) {
    gx_bench_line peer = {.task = "build", .tool = "igraph", .threads = 1};
    gx_bench_line line = {
        .task = "build", .tool = "guanxi", .threads = b->bench->threads, .agrees = true};
    gx_status status = GX_OK;
    if (b->bench->peers) {
        GX_TRY(gx_bench_time(&peer, b->bench->runs, run_peer_build, NULL, b, err));
        emit(b, &peer, NULL);
    }
    gx_job_init(&b->job, b->bench->threads, 1);
    GX_TRY(gx_bench_time(&line, b->bench->runs, run_build, NULL, b, err));
    line.value = b->ties.m ? (double)gx_graph_bytes(&b->ties) / (2.0 * (double)b->ties.m) : 0;
    line.value_name = "bytes_an_arc";
    emit(b, &line, b->bench->peers ? &peer : NULL);
done:
    return status;
}

static gx_status on_graph(void *user, const gx_bench_arcs *arcs, gx_error *err) {
    bed b = {.bench = user, .arcs = arcs};
    gx_status status = GX_OK;
    gx_job_init(&b.job, b.bench->threads, 1);
    b.peer_score = gx_alloc0(arcs->n + 1u, sizeof *b.peer_score);
    if (!b.peer_score) {
        return gx_fail_memory(err, arcs->n * sizeof *b.peer_score);
    }
    if (b.bench->peers) {
        GX_TRY(gx_peer_open(&b.peer_directed, arcs, true, err));
        GX_TRY(gx_peer_open(&b.peer_undirected, arcs, false, err));
    }
    GX_TRY(run_builds(&b, err));
    GX_TRY(gx_graph_undirected(&b.undirected, &b.ties, &b.job, err));
    for (size_t i = 0; i < GX_COUNT(tasks); i++) {
        GX_TRY(run_task(&b, &tasks[i], err));
    }
done:
    gx_arrays_destroy(b.results);
    gx_graph_finish(&b.ties);
    gx_graph_finish(&b.undirected);
    gx_peer_close(b.peer_directed);
    gx_peer_close(b.peer_undirected);
    gx_free(b.peer_score);
    return status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    if (!bench->data) {
        return gx_fail_at(err, GX_BAD_REQUEST, "data",
                          "the suite graph needs --data: an edge list, or a folder of them");
    }
    return gx_bench_each_graph(bench->data, on_graph, bench, bench->job, err);
}

const gx_bench_task gx_bench_graph = {
    .suite = "graph",
    .summary = "the view and the near-linear passes, beside igraph",
    .run = run,
};
