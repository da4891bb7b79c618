/* What the leader score is made of. An arc a → b says that a follows, trusts or befriends b:
 * influence flows against it, from b to a. Every measure is summed by one thread in the order of a
 * row, or counted in integers: the same bytes at any number of threads. */
#include "engine/leaders/measures.h"

#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"

enum { MEMBERS_CHUNK = 256 };

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
