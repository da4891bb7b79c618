/* What is competed on: the ties with and without weights, and the folder by which other processes
 * get them and give their answers. */
#include "bench/graph.h"

#include <errno.h>
#include <stdio.h>

gx_status gx__ground_make(gx__ground *out, gx_bench *bench, const gx_bench_arcs *arcs,
                          gx_error *err) {
    gx_status status = GX_OK;
    gx_job job;
    *out = (gx__ground){.bench = bench, .arcs = arcs};
    gx_job_init(&job, bench->threads, 1);
    GX_TRY(gx_graph_build(&out->ties, arcs->n, arcs->m, arcs->src, arcs->dst, NULL, GX_GRAPH_IN,
                          &job, err));
    GX_TRY(gx_graph_undirected(&out->undirected, &out->ties, &job, err));
    out->tie_count = out->undirected.m / 2;
    GX_TRY(gx_matrix_build(&out->groups, arcs->n, 0, 0, NULL, NULL, NULL, NULL, &job, err));
done:
    return status;
}

void gx__ground_finish(gx__ground *ground) {
    if (ground->folder[0]) {
        gx_folder_remove(ground->folder);
    }
    gx_graph_finish(&ground->ties);
    gx_graph_finish(&ground->undirected);
    gx_matrix_finish(&ground->groups);
    for (int i = 0; i < 4; i++) {
        gx_free(ground->weight[i / 2][i % 2]);
    }
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

/* ---- the folder ---------------------------------------------------------------------------------
 */

static FILE *open_in(char *path, size_t size, const gx__ground *g, const char *name,
                     const char *ending, const char *mode) {
    snprintf(path, size, "%s/%s%s", g->folder, name, ending);
    return fopen(path, mode);
}

/* Pairs of u32, each tie once, in the folder; and beside them their weights, a byte each. */
static gx_status write_ends(const gx__ground *g, const char *name, const gx_graph *graph,
                            gx_error *err) {
    char path[GX_FOLDER_MAX + 32], weights_path[GX_FOLDER_MAX + 32];
    FILE *file = open_in(path, sizeof path, g, name, "", "wb");
    FILE *weights = open_in(weights_path, sizeof weights_path, g, name, ".weights", "wb");
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
    char path[GX_FOLDER_MAX + 32];
    FILE *file = open_in(path, sizeof path, g, "arcs", "", "wb");
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

gx_status gx__ground_write(gx__ground *ground, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_folder_make(ground->folder, sizeof ground->folder, err));
    GX_TRY(write_arcs(ground, err));
    GX_TRY(write_ends(ground, "directed", &ground->ties, err));
    GX_TRY(write_ends(ground, "undirected", &ground->undirected, err));
done:
    return status;
}

gx_status gx__answer_write(const gx__ground *ground, const double *answer, gx_error *err) {
    char path[GX_FOLDER_MAX + 32];
    size_t n = ground->arcs->n;
    FILE *file = open_in(path, sizeof path, ground, "answer", "", "wb");
    bool whole = file && fwrite(answer, sizeof *answer, n, file) == n;
    return file && fclose(file) == 0 && whole ? GX_OK : gx_fail_errno(err, errno, "writing", path);
}

gx_status gx__answer_read(double **out, const gx__ground *ground, const char *peer, gx_error *err) {
    char path[GX_FOLDER_MAX + 32];
    size_t n = ground->arcs->n;
    FILE *file = open_in(path, sizeof path, ground, "answer", "", "rb");
    double *answer = gx_alloc(n + 1, sizeof *answer);
    bool whole = file && answer && fread(answer, sizeof *answer, n, file) == n;
    if (file) {
        fclose(file);
    }
    if (!whole) {
        gx_free(answer);
        return gx_fail(err, GX_CORRUPT, "%s gave no answer for every member", peer);
    }
    *out = answer;
    return GX_OK;
}
