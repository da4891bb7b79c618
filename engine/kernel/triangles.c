#include "engine/kernel/triangles.h"

#include "engine/kernel/parallel.h"

enum { ROWS_CHUNK = 64, SMALL = 1 << 14, LOOK = 1 << 20, BLOCK = 1 << 16 };

/* ---- the orientation ---------------------------------------------------------------------- */

/* Counting sort. */
gx_status gx__places_by_degree(uint32_t *order, uint32_t *place, const gx_graph *graph, gx_job *job,
                               gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = graph->n;
    const uint64_t *ptr = graph->out_ptr;
    uint64_t *bucket = NULL;
    GX_TRY(gx_job_alloc(job, &bucket, (size_t)n + 1, sizeof *bucket, err));
    for (uint32_t v = 0; v < n; v++) {
        bucket[n - (ptr[v + 1] - ptr[v])]++;
    }
    uint64_t before = 0;
    for (uint32_t b = 0; b <= n; b++) {
        uint64_t here = bucket[b];
        bucket[b] = before;
        before += here;
    }
    for (uint32_t v = 0; v < n && status == GX_OK; v++) {
        uint64_t p = bucket[n - (ptr[v + 1] - ptr[v])]++;
        place[v] = (uint32_t)p;
        order[p] = v;
        if (v % BLOCK == 0) {
            status = gx_job_check(job, err);
        }
    }
done:
    gx_job_free(job, bucket);
    return status;
}

static void count_lower(gx__oriented *o, const uint32_t *place, const gx_graph *graph, int threads,
                        gx_job *job) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, ROWS_CHUNK) if (threads > 1)
    for (uint32_t p = 0; p < o->n; p++) {
        uint32_t v = o->member[p];
        uint64_t lower = 0, end = gx_job_should_stop(job) ? 0 : graph->out_ptr[v + 1];
        for (uint64_t i = graph->out_ptr[v]; i < end; i++) {
            lower += place[graph->out_dst[i]] < p;
        }
        o->ptr[p + 1] = lower;
    }
    o->ptr[0] = 0;
    for (uint32_t p = 0; p < o->n; p++) {
        o->ptr[p + 1] += o->ptr[p];
    }
    o->m = o->ptr[o->n];
}

static void fill_row(gx__oriented *o, const uint32_t *place, const gx_graph *graph, uint32_t p) {
    uint32_t v = o->member[p];
    uint64_t at = o->ptr[p];
    for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
        uint32_t q = place[graph->out_dst[i]];
        if (q < p) {
            o->dst[at] = q;
            if (o->weight) {
                o->weight[at] = graph->out_weight[i];
            }
            at++;
        }
    }
}

gx_status gx__orient(gx__oriented *out, const gx_graph *graph, bool weighted, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    gx__oriented o = {.n = graph->n};
    uint32_t *place = NULL;
    const int threads = graph->m > SMALL ? job->threads : 1;
    GX_TRY(gx_job_alloc(job, &o.member, o.n, sizeof *o.member, err));
    GX_TRY(gx_job_alloc(job, &place, o.n, sizeof *place, err));
    GX_TRY(gx__places_by_degree(o.member, place, graph, job, err));
    GX_TRY(gx_job_alloc(job, &o.ptr, (size_t)o.n + 1, sizeof *o.ptr, err));
    count_lower(&o, place, graph, threads, job);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx_job_alloc(job, &o.dst, o.m, sizeof *o.dst, err));
    if (weighted && graph->out_weight) {
        GX_TRY(gx_job_alloc(job, &o.weight, o.m, sizeof *o.weight, err));
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, ROWS_CHUNK) if (threads > 1)
    for (uint32_t p = 0; p < o.n; p++) {
        if (!gx_job_should_stop(job)) {
            fill_row(&o, place, graph, p);
        }
    }
    GX_TRY(gx_job_check(job, err));
    *out = o;
    o = (gx__oriented){0};
done:
    gx_job_free(job, place);
    gx__oriented_free(&o, job);
    return status;
}

void gx__oriented_free(gx__oriented *oriented, gx_job *job) {
    gx_job_free(job, oriented->member);
    gx_job_free(job, oriented->ptr);
    gx_job_free(job, oriented->dst);
    gx_job_free(job, oriented->weight);
    *oriented = (gx__oriented){0};
}

/* ---- counting ----------------------------------------------------------------------------- */

typedef struct counter {
    const gx__oriented *o;
    uint64_t *count;
    uint32_t *support;
    gx_job *job;
    uint32_t *mark; /* this thread's, n: 0 outside of the row, else 1 + triangles found there */
    uint64_t looked;
} counter;

static inline void add_count(uint64_t *to, uint64_t more) {
#pragma omp atomic
    *to += more;
}

static inline void add_support(uint32_t *to, uint32_t more) {
#pragma omp atomic
    *to += more;
}

/* Row q against the marks. Whether an entry is marked cannot be foreseen, so there is no branch. */
static uint32_t match(uint32_t *mark, const gx__oriented *o, uint32_t q) {
    const uint32_t *dst = o->dst;
    uint32_t found = 0;
    for (uint64_t j = o->ptr[q], end = o->ptr[q + 1]; j < end; j++) {
        uint32_t before = mark[dst[j]], hit = before != 0;
        mark[dst[j]] = before + hit;
        found += hit;
    }
    return found;
}

static uint32_t match_support(uint32_t *mark, const gx__oriented *o, uint32_t q,
                              uint32_t *support) {
    uint32_t found = 0;
    for (uint64_t j = o->ptr[q], end = o->ptr[q + 1]; j < end; j++) {
        uint32_t r = o->dst[j];
        if (mark[r]) {
            mark[r]++;
            add_support(&support[j], 1);
            found++;
        }
    }
    return found;
}

/* The triangles whose highest place is p: two entries q > r of its row with r in the row of q. */
static void count_row(counter *c, uint32_t p) {
    const gx__oriented *o = c->o;
    const uint64_t from = o->ptr[p], to = o->ptr[p + 1];
    uint32_t *mark = c->mark;
    uint64_t own = 0;
    for (uint64_t i = from; i < to; i++) {
        mark[o->dst[i]] = 1;
    }
    for (uint64_t i = from; i < to && to - from > 1; i++) {
        uint32_t q = o->dst[i];
        uint32_t found = c->support ? match_support(mark, o, q, c->support) : match(mark, o, q);
        mark[q] += found;
        own += found;
        c->looked += o->ptr[q + 1] - o->ptr[q];
        if (c->looked > LOOK) {
            c->looked = 0;
            if (gx_job_should_stop(c->job)) {
                break;
            }
        }
    }
    for (uint64_t i = from; i < to; i++) {
        uint32_t q = o->dst[i], found = mark[q] - 1;
        mark[q] = 0;
        if (found) {
            add_count(&c->count[q], found);
        }
        if (found && c->support) {
            add_support(&c->support[i], found);
        }
    }
    if (own) {
        add_count(&c->count[p], own);
    }
}

gx_status gx__triangles_count(uint64_t *count, uint32_t *support, const gx__oriented *oriented,
                              gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t *marks = NULL;
    const uint32_t n = oriented->n;
    const int threads = oriented->m > SMALL ? job->threads : 1;
    gx_job_stage(job, "triangles", n);
    GX_TRY(gx_job_alloc(job, &marks, n, (size_t)threads * sizeof *marks, err));
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        counter c = {.o = oriented, .count = count, .support = support, .job = job};
        c.mark = marks + (size_t)gx_thread() * n;
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
    return status;
}

/* ---- before it ---------------------------------------------------------------------------- */

uint64_t gx__triangles_bytes(uint64_t n, uint64_t m, bool weighted, bool support, int threads) {
    uint64_t edges = m / 2, marks = n * (edges > SMALL ? (uint64_t)threads : 1);
    return n * sizeof(uint32_t) + (2 * n + 1) * sizeof(uint64_t) + marks * sizeof(uint32_t) +
           edges * sizeof(uint32_t) * (1 + (uint64_t)weighted + (uint64_t)support);
}

double gx__triangles_cpu_s(const gx__degrees *d) {
    return gx__ties_seconds(d, 48, (gx__pace){0, 19, 7.5, 122}) +
           gx__reads_seconds(d, d->lower, 48, (gx__pace){0, 0, 1.5, 0});
}
