/* Triangles counted as often as their ties are there: the forward algorithm of triangles.c with a
 * factor for each tie. */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/triangles.h"

enum { ROWS_CHUNK = 64, SMALL = 1 << 14, LOOK = 1 << 20, TIMES = 3 /* the bits of a factor */ };

typedef struct counter {
    const gx__oriented *o;
    const uint8_t *times; /* of each edge */
    uint64_t *count;
    gx_job *job;
    /* This thread's, n: 0 outside of the row, else the factor and 4 × what is found, which is at
     * most 8 for each entry of a row. */
    uint32_t *mark;
    uint64_t looked;
} counter;

/* How often the ties of place p's row are there. Rows of both are in the order of the members. */
static void fill_times(uint8_t *times, const gx__oriented *o, const gx_graph *g, uint32_t p) {
    const uint32_t v = o->member[p];
    uint64_t out = g->out_ptr[v], out_end = g->out_ptr[v + 1];
    uint64_t in = g->in_ptr[v], in_end = g->in_ptr[v + 1];
    for (uint64_t i = o->ptr[p]; i < o->ptr[p + 1]; i++) {
        uint32_t u = o->member[o->dst[i]];
        while (out < out_end && g->out_dst[out] < u) {
            out++;
        }
        while (in < in_end && g->in_src[in] < u) {
            in++;
        }
        times[i] = (uint8_t)((out < out_end && g->out_dst[out] == u) +
                             (in < in_end && g->in_src[in] == u));
    }
}

/* Row q against the marks; returns Σ over those found of both their factors. */
static uint32_t match(const counter *c, uint32_t q, uint32_t times_q) {
    const gx__oriented *o = c->o;
    uint32_t *mark = c->mark, found = 0;
    for (uint64_t j = o->ptr[q], end = o->ptr[q + 1]; j < end; j++) {
        uint32_t before = mark[o->dst[j]], times = before & TIMES, more = c->times[j];
        found += times * more;
        mark[o->dst[j]] = before + (times ? 4 * more * times_q : 0);
    }
    return found;
}

static inline void add_count(uint64_t *to, uint64_t more) {
#pragma omp atomic
    *to += more;
}

/* The triangles whose highest place is p. */
static void count_row(counter *c, uint32_t p) {
    const gx__oriented *o = c->o;
    const uint64_t from = o->ptr[p], to = o->ptr[p + 1];
    uint32_t *mark = c->mark;
    uint64_t own = 0;
    for (uint64_t i = from; i < to; i++) {
        mark[o->dst[i]] = c->times[i];
    }
    for (uint64_t i = from; i < to && to - from > 1; i++) {
        uint32_t q = o->dst[i], found = match(c, q, c->times[i]);
        mark[q] += 4 * found;
        own += (uint64_t)found * c->times[i];
        c->looked += o->ptr[q + 1] - o->ptr[q];
        if (c->looked > LOOK) {
            c->looked = 0;
            if (gx_job_should_stop(c->job)) {
                break;
            }
        }
    }
    for (uint64_t i = from; i < to; i++) {
        uint32_t q = o->dst[i], found = mark[q] / 4 * c->times[i];
        mark[q] = 0;
        if (found) {
            add_count(&c->count[q], found);
        }
    }
    if (own) {
        add_count(&c->count[p], own);
    }
}

gx_status gx__triangles_count_directed(uint64_t *count, const gx__oriented *oriented,
                                       const gx_graph *graph, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t *marks = NULL;
    uint8_t *times = NULL;
    const uint32_t n = oriented->n;
    const int threads = oriented->m > SMALL ? job->threads : 1;
    gx_job_stage(job, "triangles", n);
    GX_TRY(gx_job_alloc(job, &times, oriented->m, sizeof *times, err));
    GX_TRY(gx_job_alloc(job, &marks, n, (size_t)threads * sizeof *marks, err));
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        counter c = {.o = oriented, .times = times, .count = count, .job = job};
        c.mark = marks + (size_t)gx_thread() * n;
#pragma omp for schedule(dynamic, ROWS_CHUNK)
        for (uint32_t p = 0; p < n; p++) {
            if (!gx_job_should_stop(job)) {
                fill_times(times, oriented, graph, p);
            }
        }
#pragma omp for schedule(dynamic, ROWS_CHUNK)
        for (uint32_t p = 0; p < n; p++) {
            if (gx_job_should_stop(job)) {
                continue;
            }
            count_row(&c, p);
            if (gx_thread() == 0 && p % ROWS_CHUNK == 0) {
                gx_job_tick(job, p);
            }
        }
    }
    gx_job_tick(job, n);
    status = gx_job_check(job, err);
done:
    gx_job_free(job, marks);
    gx_job_free(job, times);
    return status;
}

uint64_t gx__triangles_directed_bytes(uint64_t n, uint64_t m, int threads) {
    return gx__triangles_bytes(n, m, false, false, threads) + m / 2 * sizeof(uint8_t);
}
