/* What the leader score is made of. An arc a → b says that a follows, trusts or befriends b:
 * influence flows against it, from b to a. Every measure is summed by one thread in the order of a
 * row, or counted in integers: the same bytes at any number of threads. */
#include "engine/leaders/measures.h"

#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"

enum { MEMBERS_CHUNK = 256, MEMBERS_A_ROUND = 16 };

gx_status gx__leaders_here(gx_graph *out, const gx_input *input, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx_graph){.n = 0};
    if (!input->departed) {
        return GX_OK;
    }
    GX_TRY(gx_graph_without(out, input->graph, input->departed, NULL,
                            GX_GRAPH_IN | GX_GRAPH_UNWEIGHTED, job, err));
    status = gx_job_charge(job, gx_graph_bytes(out), err);
    if (status != GX_OK) {
        gx_graph_finish(out);
    }
done:
    return status;
}

void gx__leaders_leave(gx_graph *here, gx_job *job) {
    if (here->owner) {
        gx_job_refund(job, gx_graph_bytes(here));
        gx_graph_finish(here);
    }
}

void gx__leaders_followers(double *followers, const gx_graph *graph) {
    for (uint32_t v = 0; v < graph->n; v++) {
        followers[v] = (double)(graph->in_ptr[v + 1] - graph->in_ptr[v]);
    }
}

gx_status gx__leaders_reach(double *reach, const double *followers, const gx_graph *graph,
                            gx_job *job, gx_error *err) {
    const gx__rows_view rows = {graph->in_ptr, graph->in_src, NULL}; /* followers, each once */
    double *once = NULL, highest = 0.0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &once, graph->n, sizeof *once, err));
    gx__neighbour_sums(once, followers, &rows, graph->n, job);
    gx__neighbour_sums(reach, once, &rows, graph->n, job);
    for (uint32_t v = 0; v < graph->n; v++) {
        highest = reach[v] > highest ? reach[v] : highest;
    }
    for (uint32_t v = 0; highest > 0.0 && v < graph->n; v++) {
        reach[v] /= highest;
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, once);
    return status;
}

/* ---- breadth ------------------------------------------------------------------------------- */

static double breadth_of(const gx_graph *graph, uint32_t v, const uint32_t *community,
                         uint32_t *count) {
    const uint64_t from = graph->in_ptr[v], to = graph->in_ptr[v + 1];
    double squares = 0.0, all = (double)(to - from);
    for (uint64_t i = from; i < to; i++) {
        /* (c + 1)² − c² = 2c + 1: squares grow as counts do. */
        squares += 2.0 * count[community[graph->in_src[i]]]++ + 1.0;
    }
    for (uint64_t i = from; i < to; i++) {
        count[community[graph->in_src[i]]] = 0;
    }
    return squares > 0.0 ? all * all / squares : 0.0;
}

gx_status gx__leaders_breadth(double *breadth, const gx_graph *graph, const uint32_t *community,
                              gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    uint32_t *counts = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &counts, n, (size_t)job->threads * sizeof *counts, err));
#pragma omp parallel num_threads(job->threads)
    {
        uint32_t *count = counts + (size_t)gx_thread() * n;
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            if (!gx_job_should_stop(job)) {
                breadth[v] = breadth_of(graph, v, community, count);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, counts);
    return status;
}

/* ---- topic --------------------------------------------------------------------------------- */

static double topic_of(const gx_graph *graph, const gx_matrix *matrix, const gx_labels *category,
                       uint32_t v, double *own) {
    double sum = 0.0;
    bool any = false;
    for (uint64_t i = matrix->ptr[v]; i < matrix->ptr[v + 1]; i++) {
        uint32_t c = category->label[matrix->col[i]];
        if (c != GX_NONE) {
            own[c] += 1.0;
            any = true;
        }
    }
    for (uint64_t k = graph->in_ptr[v]; any && k < graph->in_ptr[v + 1]; k++) {
        const uint32_t u = graph->in_src[k];
        for (uint64_t i = matrix->ptr[u]; u != v && i < matrix->ptr[u + 1]; i++) {
            uint32_t c = category->label[matrix->col[i]];
            sum += c != GX_NONE ? own[c] : 0.0;
        }
    }
    for (uint64_t i = matrix->ptr[v]; any && i < matrix->ptr[v + 1]; i++) {
        uint32_t c = category->label[matrix->col[i]];
        if (c != GX_NONE) {
            own[c] = 0.0;
        }
    }
    return sum;
}

gx_status gx__leaders_topic(double *topic, const gx_graph *graph, const gx_matrix *matrix,
                            const gx_labels *category, gx_job *job, gx_error *err) {
    double *owns = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &owns, category->count, (size_t)job->threads * sizeof *owns, err));
#pragma omp parallel num_threads(job->threads)
    {
        double *own = owns + (size_t)gx_thread() * category->count;
#pragma omp for schedule(dynamic, MEMBERS_A_ROUND)
        for (uint32_t v = 0; v < graph->n; v++) {
            if (!gx_job_should_stop(job)) {
                topic[v] = topic_of(graph, matrix, category, v, own);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, owns);
    return status;
}

/* ---- conversion ---------------------------------------------------------------------------- */

/* Whether u did something in `bought` within the window after v acted on it. */
static bool came_after(const gx_matrix *matrix, const int64_t *first, uint32_t v,
                       const gx_matrix *bought, uint32_t u, const gx__leaders_after *after) {
    uint64_t a = matrix->ptr[v], b = bought->ptr[u];
    const uint64_t a_end = matrix->ptr[v + 1], b_end = bought->ptr[u + 1];
    while (a < a_end && b < b_end) {
        const uint32_t item = matrix->col[a], other = bought->col[b];
        if (item == other) {
            const int64_t then = bought->ts[b];
            const int64_t before = matrix->ts[a] < then ? matrix->ts[a] : first[a];
            uint64_t apart = (uint64_t)then - (uint64_t)before;
            if (before < then && then < after->until_ms &&
                (after->window_ms == 0 || apart <= (uint64_t)after->window_ms)) {
                return true;
            }
        }
        a += item <= other;
        b += other <= item;
    }
    return false;
}

gx_status gx__leaders_conversion(double *conversion, const double *kept, const gx_graph *graph,
                                 const gx_matrix *matrix, const int64_t *first,
                                 const gx_matrix *bought, const gx__leaders_after *after,
                                 gx_job *job, gx_error *err) {
    enum { USUAL = 5 };
    memset(conversion, 0, graph->n * sizeof *conversion);
    if (!matrix->ts || !bought->ts) {
        return GX_OK;
    }
    first = first ? first : matrix->ts;
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, MEMBERS_A_ROUND)
    for (uint32_t v = 0; v < graph->n; v++) {
        uint32_t converted = 0, active = 0;
        for (uint64_t k = graph->in_ptr[v]; kept[v] > 0.0 && k < graph->in_ptr[v + 1]; k++) {
            const uint32_t u = graph->in_src[k];
            if (u != v && bought->ptr[u + 1] > bought->ptr[u] && !gx_job_should_stop(job)) {
                active++;
                converted += came_after(matrix, first, v, bought, u, after);
            }
        }
        conversion[v] = kept[v] * converted / (active + USUAL);
    }
    return gx_job_check(job, err);
}
