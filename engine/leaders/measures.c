/* What the leader score is made of. An arc a → b says that a follows, trusts or befriends b:
 * influence flows against it, from b to a. Every measure is summed by one thread in the order of a
 * row, or counted in integers: the same bytes at any number of threads. */
#include "engine/leaders/measures.h"

#include "engine/kernel/parallel.h"

enum { MEMBERS_CHUNK = 256, SEARCH_RATIO = 8 };

void gx__leaders_followers(double *followers, double *weight, const gx_graph *graph) {
    for (uint32_t v = 0; v < graph->n; v++) {
        followers[v] = (double)(graph->in_ptr[v + 1] - graph->in_ptr[v]);
        weight[v] = followers[v];
        if (graph->in_weight) {
            weight[v] = 0.0;
            for (uint64_t i = graph->in_ptr[v]; i < graph->in_ptr[v + 1]; i++) {
                weight[v] += (double)graph->in_weight[i];
            }
        }
    }
}

/* out[v] = Σ of in[u] over followers u. */
static void sum_followers(double *out, const double *in, const gx_graph *graph, gx_job *job) {
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, MEMBERS_CHUNK)
    for (uint32_t v = 0; v < graph->n; v++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        double sum = 0.0;
        for (uint64_t i = graph->in_ptr[v]; i < graph->in_ptr[v + 1]; i++) {
            sum += in[graph->in_src[i]];
        }
        out[v] = sum;
    }
}

gx_status gx__leaders_reach(double *reach, const double *followers, const gx_graph *graph,
                            gx_job *job, gx_error *err) {
    double *once = NULL, highest = 0.0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &once, graph->n, sizeof *once, err));
    sum_followers(once, followers, graph, job);
    sum_followers(reach, once, graph, job);
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

/* ---- breadth -----------------------------------------------------------------------------------
 */

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
    for (uint32_t v = 0; v < n; v++) {
        if (community[v] >= n) {
            GX_TRY(gx_fail(err, GX_CORRUPT, "leiden.community of member %u is %u of %u members", v,
                           community[v], n));
        }
    }
#pragma omp parallel num_threads(job->threads)
    {
        uint32_t *count = counts + (size_t)gx_thread() * n;
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            breadth[v] = breadth_of(graph, v, community, count);
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, counts);
    return status;
}

/* ---- credit ------------------------------------------------------------------------------------
 */

/* Credit for acts before a follower's own, after Goyal, Bonchi and Lakshmanan, A data-based
 * approach to social influence maximization (VLDB 2012), with the direct credit shared evenly
 * (section 4). */
typedef struct credits {
    const gx_graph *graph;
    const gx_matrix *matrix;
    uint64_t *credit; /* per entry */
    int64_t window_ms;
} credits;

static bool is_earlier(const credits *c, uint64_t theirs, uint64_t own) {
    int64_t before = c->matrix->ts[theirs], after = c->matrix->ts[own];
    return before < after && (c->window_ms == 0 || after - before <= c->window_ms);
}

/* First place in [from, to) whose item is `item` or above. */
static uint64_t seek(const gx_matrix *matrix, uint64_t from, uint64_t to, uint32_t item) {
    while (from < to) {
        uint64_t middle = from + (to - from) / 2;
        if (matrix->col[middle] < item) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* Walks the items that u and v both acted on. `sharers` has a place for each of u's acts: on the
 * first visit (give false) it counts who came before, on the second each of them is given a share.
 */
static void visit_common(const credits *c, uint32_t u, uint32_t v, uint32_t *sharers, bool give) {
    const gx_matrix *m = c->matrix;
    const uint64_t start = m->ptr[u], u_end = m->ptr[u + 1], v_end = m->ptr[v + 1];
    const uint64_t u_length = u_end - start, v_length = v_end - m->ptr[v];
    const bool search_u = u_length / SEARCH_RATIO > v_length;
    const bool search_v = v_length / SEARCH_RATIO > u_length;
    uint64_t a = start, b = m->ptr[v];
    while (a < u_end && b < v_end) {
        if (m->col[a] < m->col[b]) {
            a = search_u ? seek(m, a + 1, u_end, m->col[b]) : a + 1;
        } else if (m->col[a] > m->col[b]) {
            b = search_v ? seek(m, b + 1, v_end, m->col[a]) : b + 1;
        } else {
            if (is_earlier(c, b, a)) {
                if (give) {
                    uint64_t part = GX_CREDIT_ONE / sharers[a - start];
                    __atomic_fetch_add(&c->credit[b], part, __ATOMIC_RELAXED);
                } else {
                    sharers[a - start]++;
                }
            }
            a++;
            b++;
        }
    }
}

static void credit_follower(const credits *c, uint32_t u, uint32_t *sharers) {
    const uint64_t acts = c->matrix->ptr[u + 1] - c->matrix->ptr[u];
    if (acts == 0) {
        return;
    }
    memset(sharers, 0, acts * sizeof *sharers);
    for (int give = 0; give < 2; give++) {
        for (uint64_t arc = c->graph->out_ptr[u]; arc < c->graph->out_ptr[u + 1]; arc++) {
            if (c->graph->out_dst[arc] != u) {
                visit_common(c, u, c->graph->out_dst[arc], sharers, give == 1);
            }
        }
    }
}

gx_status gx__leaders_credit(uint64_t *credit, const gx_graph *graph, const gx_matrix *matrix,
                             int64_t window_ms, gx_job *job, gx_error *err) {
    const credits c = {graph, matrix, credit, window_ms};
    uint64_t longest = 0;
    uint32_t *sharers = NULL;
    gx_status status = GX_OK;
    if (!matrix->ts) {
        return GX_OK;
    }
    for (uint32_t u = 0; u < matrix->rows; u++) {
        uint64_t acts = matrix->ptr[u + 1] - matrix->ptr[u];
        longest = acts > longest ? acts : longest;
    }
    GX_TRY(gx_job_alloc(job, &sharers, longest, (size_t)job->threads * sizeof *sharers, err));
#pragma omp parallel num_threads(job->threads)
    {
        uint32_t *own = sharers + (size_t)gx_thread() * longest;
#pragma omp for schedule(dynamic, 16)
        for (uint32_t u = 0; u < graph->n; u++) {
            if (!gx_job_should_stop(job)) {
                credit_follower(&c, u, own);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, sharers);
    return status;
}
