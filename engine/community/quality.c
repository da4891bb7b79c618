/* Quality of a partition. Sums run in member order, or in fixed blocks of it: the same bytes
 * always. */
#include "engine/community/quality.h"
#include "engine/community/partition.h"
#include "engine/kernel/parallel.h"

#include <math.h>

enum { BLOCK = 4096, ARCS_PARALLEL = 1 << 17 };

gx_status gx_quality_weights(double *total, double *inside, const gx_graph *graph,
                             const uint32_t *community, uint32_t count, gx_job *job,
                             gx_error *err) {
    memset(total, 0, count * sizeof *total);
    memset(inside, 0, count * sizeof *inside);
    for (uint32_t v = 0; v < graph->n; v++) {
        gx_status status = v % BLOCK ? GX_OK : gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        const uint32_t own = community[v];
        double all = 0.0, stays = 0.0;
        for (uint64_t arc = graph->out_ptr[v]; arc < graph->out_ptr[v + 1]; arc++) {
            double w = graph->out_weight ? (double)graph->out_weight[arc] : 1.0;
            all += w;
            stays += community[graph->out_dst[arc]] == own ? w : 0.0;
        }
        total[own] += all;
        inside[own] += stays;
    }
    return GX_OK;
}

/* Sums of an objective: mass per community, weight inside of all, in fixed blocks of nodes. */
typedef struct sums {
    double *row, *total, *total_in; /* per node, per community, and where arcs come in */
    double *inside;                 /* per block */
    double all;
} sums;

static void sum_rows(sums *s, const gx_graph *graph, const float *weight, const uint32_t *community,
                     gx_job *job) {
    const uint32_t blocks = graph->n / BLOCK + 1;
    const int threads = graph->m < ARCS_PARALLEL ? 1 : job->threads;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (uint32_t b = 0; b < blocks; b++) {
        const uint32_t end = b + 1 < blocks ? (b + 1) * BLOCK : graph->n;
        const uint32_t last = gx_job_should_stop(job) ? 0 : end;
        double inside = 0.0;
        for (uint32_t v = b * BLOCK; v < last; v++) {
            double all = 0.0;
            for (uint64_t arc = graph->out_ptr[v]; arc < graph->out_ptr[v + 1]; arc++) {
                double w = weight ? (double)weight[arc] : 1.0;
                all += w;
                inside += community[graph->out_dst[arc]] == community[v] ? w : 0.0;
            }
            s->row[v] = all;
        }
        s->inside[b] = inside;
    }
}

/* Mass per community: the rows of its nodes, or its nodes for CPM. */
static void sum_totals(sums *s, const gx_graph *graph, const float *weight,
                       const uint32_t *community, bool cpm) {
    for (uint32_t v = 0; v < graph->n; v++) {
        s->all += s->row[v];
        s->total[community[v]] += cpm ? 1.0 : s->row[v];
    }
    for (uint64_t arc = 0; s->total_in != s->total && arc < graph->m; arc++) {
        s->total_in[community[graph->out_dst[arc]]] += weight ? (double)weight[arc] : 1.0;
    }
}

gx_status gx_quality_objective(double *out, const gx_graph *graph, const uint32_t *community,
                               double resolution, unsigned flags, gx_job *job, gx_error *err) {
    const float *weight = flags & GX_QUALITY_UNWEIGHTED ? NULL : graph->out_weight;
    const bool cpm = flags & GX_QUALITY_CPM;
    const uint32_t n = graph->n, blocks = n / BLOCK + 1;
    sums s = {0};
    double quality = 0.0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &s.row, n, sizeof *s.row, err));
    GX_TRY(gx_job_alloc(job, &s.total, n, sizeof *s.total, err));
    GX_TRY(gx_job_alloc(job, &s.inside, blocks, sizeof *s.inside, err));
    s.total_in = s.total;
    if (graph->directed && !cpm) {
        s.total_in = NULL;
        GX_TRY(gx_job_alloc(job, &s.total_in, n, sizeof *s.total_in, err));
    }
    sum_rows(&s, graph, weight, community, job);
    GX_TRY(gx_job_check(job, err));
    sum_totals(&s, graph, weight, community, cpm);
    for (uint32_t b = 0; s.all > 0.0 && b < blocks; b++) {
        quality += s.inside[b] / s.all;
    }
    for (uint32_t c = 0; s.all > 0.0 && c < n; c++) {
        double share = s.total[c] / s.all;
        quality -= resolution * share * (cpm ? s.total[c] : s.total_in[c] / s.all);
    }
    *out = quality;
done:
    gx_job_free(job, s.total_in == s.total ? NULL : s.total_in);
    gx_job_free(job, s.inside);
    gx_job_free(job, s.total);
    gx_job_free(job, s.row);
    return status;
}

gx_status gx_quality_modularity(double *out, const gx_graph *graph, const uint32_t *community,
                                double resolution, gx_job *job, gx_error *err) {
    return gx_quality_objective(out, graph, community, resolution, 0, job, err);
}

double gx_quality_coverage(const double *total, const double *inside, uint32_t count) {
    double all = 0.0, stays = 0.0;
    for (uint32_t c = 0; c < count; c++) {
        all += total[c];
        stays += inside[c];
    }
    return all > 0.0 ? stays / all : 0.0;
}

double gx_quality_conductance(double total, double inside, double all) {
    double cut = total - inside, rest = all - total, smaller = total < rest ? total : rest;
    if (cut <= 0.0) {
        return 0.0;
    }
    return smaller > 0.0 ? fmin(cut / smaller, 1.0) : 1.0;
}

gx_status gx_quality_disconnected(uint32_t *out, const gx_graph *graph, const uint32_t *community,
                                  gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    uint32_t *split = NULL, *parts_of = NULL, parts, broken = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &split, n, sizeof *split, err));
    GX_TRY(gx_job_alloc(job, &parts_of, n, sizeof *parts_of, err));
    memcpy(split, community, n * sizeof *split);
    GX_TRY(gx_partition_split(split, graph, &parts, job, err));
    /* Components are numbered by first appearance: a new number is a new part of its community. */
    uint32_t seen = 0;
    for (uint32_t v = 0; v < n; v++) {
        if (split[v] == seen) {
            seen++;
            broken += ++parts_of[community[v]] == 2;
        }
    }
    *out = broken;
done:
    gx_job_free(job, parts_of);
    gx_job_free(job, split);
    return status;
}

/* Pairs of members that are tied and together, or neither. */
static gx_status count_right_pairs(double *out, const gx_graph *graph, const uint32_t *community,
                                   gx_job *job, gx_error *err) {
    uint32_t *size = NULL;
    uint64_t together = 0, inside = 0, across = 0;
    const uint64_t n = graph->n, pairs = n ? n * (n - 1) / 2 : 0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &size, graph->n, sizeof *size, err));
    for (uint32_t v = 0; v < graph->n; v++) {
        if (v % BLOCK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        together += size[community[v]]++;
        for (uint64_t arc = graph->out_ptr[v]; arc < graph->out_ptr[v + 1]; arc++) {
            uint32_t u = graph->out_dst[arc];
            inside += u < v && community[u] == community[v];
            across += u < v && community[u] != community[v];
        }
    }
    *out = pairs ? (double)(inside + (pairs - together - across)) / (double)pairs : 1.0;
done:
    gx_job_free(job, size);
    return status;
}

gx_status gx_quality_measure(gx_quality *out, const gx_graph *graph, const uint32_t *community,
                             gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    const uint32_t communities = gx_partition_count(community, n);
    double *total = NULL, *inside = NULL, all = 0.0;
    gx_status status;
    gx_quality q = {0};
    GX_TRY(gx_quality_modularity(&q.modularity, graph, community, 1.0, job, err));
    GX_TRY(count_right_pairs(&q.performance, graph, community, job, err));
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx_quality_disconnected(&q.disconnected, graph, community, job, err));
    GX_TRY(gx_job_alloc(job, &total, n, sizeof *total, err));
    GX_TRY(gx_job_alloc(job, &inside, n, sizeof *inside, err));
    GX_TRY(gx_quality_weights(total, inside, graph, community, n, job, err));
    for (uint32_t v = 0; v < n; v++) {
        all += total[v];
    }
    q.coverage = gx_quality_coverage(total, inside, n);
    for (uint32_t c = 0; c < communities; c++) {
        double conductance = gx_quality_conductance(total[c], inside[c], all);
        q.conductance += conductance / communities;
        q.conductance_most = fmax(q.conductance_most, conductance);
    }
    *out = q;
done:
    gx_job_free(job, inside);
    gx_job_free(job, total);
    return status;
}

/* Numbers as promised: comparing with the same partition put in order. */
static gx_status check_order(const uint32_t *community, uint32_t n, gx_job *job, gx_error *err) {
    uint32_t *ordered = NULL, count;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &ordered, n, sizeof *ordered, err));
    memcpy(ordered, community, n * sizeof *ordered);
    GX_TRY(gx_partition_order(ordered, n, &count, job, err));
    for (uint32_t v = 0; v < n && status == GX_OK; v++) {
        if (ordered[v] != community[v]) {
            status = gx_fail(err, GX_INTERNAL,
                             "node %u is in community %u, which by size should be number %u", v,
                             community[v], ordered[v]);
        }
    }
done:
    gx_job_free(job, ordered);
    return status;
}

gx_status gx_quality_check_order(const uint32_t *community, uint32_t n, gx_error *err) {
    gx_job job;
    gx_job_init(&job, 1, 1);
    if (!community) {
        return gx_fail(err, GX_INTERNAL, "no community array of %u members", n);
    }
    for (uint32_t v = 0; v < n; v++) {
        if (community[v] >= n) {
            return gx_fail(err, GX_INTERNAL, "node %u is in community %u of a graph of %u", v,
                           community[v], n);
        }
    }
    return check_order(community, n, &job, err);
}

gx_status gx_quality_check(const uint32_t *community, const gx_graph *graph, gx_error *err) {
    gx_job job;
    gx_job_init(&job, 1, 1);
    uint32_t broken = 0;
    gx_status status;
    GX_TRY(gx_quality_check_order(community, graph->n, err));
    GX_TRY(gx_quality_disconnected(&broken, graph, community, &job, err));
    if (broken) {
        status = gx_fail(err, GX_INTERNAL, "%u communities are not connected", broken);
    }
done:
    return status;
}
