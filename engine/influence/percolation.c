#include "engine/influence/percolation.h"

#include "engine/influence/worlds.h"
#include "engine/kernel/parallel.h"

#include <math.h>

enum {
    SMALL = 1 << 10, /* members, below which one thread does it */
    RUNS_CHUNK = 4,  /* samples that a thread takes at once */
    LOOK = 1 << 15,  /* ties kept between two looks at whether to stop */
    WORLDS_AT_ONCE = 1 << 4
};

gx__spreading gx__spreading_by(const gx_input *input, const gx_args *args) {
    const bool directed = !gx_arg_is(args, "direction", "all");
    return (gx__spreading){.graph = directed ? input->graph : input->undirected,
                           .directed = directed,
                           .along = gx_arg_is(args, "direction", "out")};
}

double gx__spreading_threshold(const gx__spreading *spreading) {
    const gx__rows_view out = gx__rows_out(spreading->graph);
    const gx__rows_view in = spreading->directed ? gx__rows_in(spreading->graph) : out;
    double ties = 0, on = 0;
    for (uint32_t v = 0; v < spreading->graph->n; v++) {
        const double given = (double)gx__others(&out, v);
        ties += given;
        on += given * (spreading->directed ? (double)gx__others(&in, v) : given - 1);
    }
    return ties < on ? ties / on : 1;
}

/* ---- without direction ----------------------------------------------------------------------- */

/* Each tie once, from its end of lower number. */
typedef struct ties {
    uint64_t count;
    uint32_t *from, *to;
} ties;

/* Parts of one sample, of one thread: a forest of those who have a kept tie. */
typedef struct parts {
    uint64_t *sum;   /* n */
    uint32_t *above; /* n */
    uint32_t *size;  /* n: of a root, members of its part; 0: nobody's tie is kept yet */
    uint32_t *met;   /* n: those in it */
    uint32_t met_count;
} parts;

static gx_status ties_init(ties *out, const gx_graph *graph, gx_job *job, gx_error *err) {
    const gx__rows_view rows = gx__rows_out(graph);
    gx_status status = GX_OK;
    uint64_t others = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        others += gx__others(&rows, v);
    }
    *out = (ties){0};
    GX_TRY(gx_job_alloc(job, &out->from, others / 2, sizeof *out->from, err));
    GX_TRY(gx_job_alloc(job, &out->to, others / 2, sizeof *out->to, err));
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = rows.ptr[v]; i < rows.ptr[v + 1]; i++) {
            if (rows.end[i] > v) {
                out->from[out->count] = v;
                out->to[out->count++] = rows.end[i];
            }
        }
    }
done:
    return status;
}

static void ties_finish(ties *t, gx_job *job) {
    gx_job_free(job, t->from);
    gx_job_free(job, t->to);
}

static uint32_t root_of(parts *p, uint32_t v) {
    while (p->above[v] != v) {
        v = p->above[v] = p->above[p->above[v]];
    }
    return v;
}

static void meet(parts *p, uint32_t v) {
    if (p->size[v] == 0) {
        p->size[v] = 1;
        p->above[v] = v;
        p->met[p->met_count++] = v;
    }
}

static void join(parts *p, uint32_t u, uint32_t v) {
    meet(p, u);
    meet(p, v);
    u = root_of(p, u);
    v = root_of(p, v);
    if (u != v) {
        const uint32_t low = p->size[u] < p->size[v] ? u : v, high = u + v - low;
        p->above[low] = high;
        p->size[high] += p->size[low];
    }
}

/* Between kept ties lie gaps that are geometric. */
static void sample(parts *p, const ties *t, double chance, gx__draws d, gx_job *job) {
    const double stride = 1 / -log1p(-chance);
    uint64_t at = 0, kept = 0;
    bool stop = !(chance > 0);
    p->met_count = 0;
    while (!stop) {
        const double gap = gx__minus_ln(gx__draws_real(&d)) * stride;
        if (!(gap < (double)(t->count - at))) {
            break;
        }
        at += gap > 0 ? (uint64_t)gap : 0;
        join(p, t->from[at], t->to[at]);
        at++;
        stop = ++kept % LOOK == 0 && gx_job_should_stop(job);
    }
    for (uint32_t i = 0; i < p->met_count; i++) {
        const uint32_t v = p->met[i];
        p->sum[v] += p->size[root_of(p, v)] - 1;
    }
    for (uint32_t i = 0; i < p->met_count; i++) {
        p->size[p->met[i]] = 0;
    }
}

static gx_status parts_init(parts *out, uint32_t n, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &out->sum, n, sizeof *out->sum, err));
    GX_TRY(gx_job_alloc(job, &out->above, n, sizeof *out->above, err));
    GX_TRY(gx_job_alloc(job, &out->size, n, sizeof *out->size, err));
    GX_TRY(gx_job_alloc(job, &out->met, n, sizeof *out->met, err));
done:
    return status;
}

static void parts_finish(parts *p, gx_job *job) {
    gx_job_free(job, p->sum);
    gx_job_free(job, p->above);
    gx_job_free(job, p->size);
    gx_job_free(job, p->met);
}

static int threads_for(uint32_t n, int threads) {
    return n > SMALL ? threads : 1;
}

static gx_status percolate_both_ways(uint64_t *sum, const gx__spreading *spreading, uint32_t first,
                                     uint32_t count, gx_job *job, gx_error *err) {
    const uint32_t n = spreading->graph->n;
    const int threads = threads_for(n, job->threads);
    ties all = {0};
    parts *of = NULL;
    gx_status status = GX_OK;
    GX_TRY(ties_init(&all, spreading->graph, job, err));
    GX_TRY(gx_job_alloc(job, &of, (size_t)threads, sizeof *of, err));
    for (int t = 0; t < threads; t++) {
        GX_TRY(parts_init(&of[t], n, job, err));
    }
#pragma omp parallel for schedule(dynamic, RUNS_CHUNK) num_threads(threads) if (threads > 1)
    for (uint32_t i = 0; i < count; i++) {
        if (!gx_job_should_stop(job)) {
            sample(&of[gx_thread()], &all, spreading->chance,
                   gx__draws_of(job->seed, (uint64_t)first + i), job);
        }
        if (gx_thread() == 0) {
            gx_job_tick(job, (uint64_t)first + i);
        }
    }
    GX_TRY(gx_job_check(job, err));
    for (int t = 0; t < threads; t++) {
        for (uint32_t v = 0; v < n; v++) {
            sum[v] += of[t].sum[v];
        }
    }
done:
    for (int t = 0; of && t < threads; t++) {
        parts_finish(&of[t], job);
    }
    gx_job_free(job, of);
    ties_finish(&all, job);
    return status;
}

/* ---- with directions ------------------------------------------------------------------------- */

static gx_status percolate_one_way(uint64_t *sum, const gx__spreading *spreading, uint32_t first,
                                   uint32_t count, gx_job *job, gx_error *err) {
    /* A tie a → b says that a heeds b, so worlds lead from b to a: along the rows of who is heeded.
     */
    gx_graph graph = *spreading->graph;
    if (spreading->along) {
        graph.out_ptr = spreading->graph->in_ptr;
        graph.out_dst = spreading->graph->in_src;
        graph.in_ptr = spreading->graph->out_ptr;
        graph.in_src = spreading->graph->out_dst;
    }
    graph.out_weight = graph.in_weight = NULL;
    const gx_chance_options options = {.model = GX_SPREAD_CASCADE,
                                       .rule = GX_CHANCE_CONSTANT,
                                       .constant = spreading->chance,
                                       .raise = 1};
    const uint32_t n = graph.n;
    gx_chances chances = {0};
    gx__worlds worlds = {0};
    double *reached = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &reached, n, sizeof *reached, err));
    GX_TRY(gx_chances_make(&chances, &graph, &options, true, job, err));
    for (uint32_t i = 0; i < count; i += WORLDS_AT_ONCE) {
        const uint32_t some = count - i < WORLDS_AT_ONCE ? count - i : WORLDS_AT_ONCE;
        GX_TRY(gx__worlds_make(&worlds, &chances, NULL, first + i, some, job, err));
        GX_TRY(gx__worlds_alone(reached, &worlds, job, err));
        gx__worlds_finish(&worlds, job);
        gx_job_tick(job, (uint64_t)first + i);
    }
    for (uint32_t v = 0; v < n; v++) {
        sum[v] += (uint64_t)reached[v] - count;
    }
done:
    gx__worlds_finish(&worlds, job);
    gx_chances_finish(&chances, job);
    gx_job_free(job, reached);
    return status;
}

gx_status gx__percolate(uint64_t *sum, const gx__spreading *spreading, uint32_t first,
                        uint32_t count, gx_job *job, gx_error *err) {
    return spreading->graph->n == 0 ? GX_OK
           : spreading->directed    ? percolate_one_way(sum, spreading, first, count, job, err)
                                    : percolate_both_ways(sum, spreading, first, count, job, err);
}

uint64_t gx__percolation_bytes(uint32_t n, uint64_t m, double chance, bool directed, int threads) {
    if (!directed) {
        return 4 * m + (uint64_t)threads_for(n, threads) * (20 * (uint64_t)n + sizeof(parts));
    }
    /* Worlds at once, what makes them, their chances and sums. */
    return (uint64_t)n * (WORLDS_AT_ONCE * 16 + (uint64_t)threads * 24 + 8 + 64) +
           (uint64_t)((double)m * chance) * WORLDS_AT_ONCE * 4;
}
