#include "engine/influence/percolation.h"

#include "engine/influence/worlds.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/rank.h"

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

/* ---- weights --------------------------------------------------------------------------------- */

static bool weighs(const gx__spreading *spreading) {
    return spreading->weighted && spreading->graph->out_weight;
}

/* Of all ties to others; 0 where there are none. */
static double mean_weight(const gx__rows_view *rows, uint32_t n) {
    double sum = 0, count = 0;
    for (uint32_t v = 0; v < n; v++) {
        sum += gx__others_strength(rows, v);
        count += (double)gx__others(rows, v);
    }
    return count > 0 ? sum / count : 0;
}

/* Of a tie that weighs x times the mean. */
static float chance_of(double chance, double x) {
    return x > 0 ? (float)-expm1(x * log1p(-chance)) : 0;
}

/* ---- without direction ----------------------------------------------------------------------- */

/* Each tie once, from its end of lower number: one row of chances, falling where they differ. */
typedef struct ties {
    uint64_t count;
    uint32_t *from, *to;
    gx__even even; /* where they do not differ */
    float *chance;
    float *stride;
    gx__chance_rows row;
} ties;

static void ties_finish(ties *t, gx_job *job) {
    gx_job_free(job, t->from);
    gx_job_free(job, t->to);
    gx_job_free(job, t->chance);
    gx_job_free(job, t->stride);
    *t = (ties){0};
}

static gx_status ties_list(ties *out, double *weight, const gx__rows_view *rows, uint32_t n,
                           gx_job *job, gx_error *err) {
    for (uint32_t v = 0; v < n; v++) {
        for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
            if (rows->end[i] > v) {
                if (weight) {
                    weight[out->count] = gx__row_weight(rows, i);
                }
                out->from[out->count] = v;
                out->to[out->count++] = rows->end[i];
            }
        }
    }
    return gx_job_check(job, err);
}

/* Puts the ties, which weigh `weight`, in falling order with their chances. */
static gx_status ties_weigh(ties *t, const double *weight, double mean, double chance, gx_job *job,
                            gx_error *err) {
    const uint32_t count = (uint32_t)t->count;
    ties old = *t;
    uint32_t *order = NULL;
    gx_status status = GX_OK;
    if (t->count > UINT32_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "percolation: %llu weighted ties; accepted are %u",
                       (unsigned long long)t->count, UINT32_MAX);
    }
    t->from = t->to = NULL;
    GX_TRY(gx_job_alloc(job, &order, count, sizeof *order, err));
    GX_TRY(gx__rank_falling(order, weight, count, job, err));
    GX_TRY(gx_job_alloc(job, &t->from, count, sizeof *t->from, err));
    GX_TRY(gx_job_alloc(job, &t->to, count, sizeof *t->to, err));
    GX_TRY(gx_job_alloc(job, &t->chance, count, sizeof *t->chance, err));
    GX_TRY(gx_job_alloc(job, &t->stride, count, sizeof *t->stride, err));
    for (uint32_t i = 0; i < count; i++) {
        t->from[i] = old.from[order[i]];
        t->to[i] = old.to[order[i]];
        t->chance[i] = mean > 0 ? chance_of(chance, weight[order[i]] / mean) : 0;
        t->stride[i] = (float)gx__stride_of((double)t->chance[i]);
    }
done:
    gx_job_free(job, order);
    gx_job_free(job, old.from);
    gx_job_free(job, old.to);
    return status;
}

static gx_status ties_init(ties *out, const gx__spreading *spreading, gx_job *job, gx_error *err) {
    const gx__rows_view rows = gx__rows_out(spreading->graph);
    const uint32_t n = spreading->graph->n;
    double *weight = NULL;
    gx_status status = GX_OK;
    uint64_t others = 0;
    for (uint32_t v = 0; v < n; v++) {
        others += gx__others(&rows, v);
    }
    GX_TRY(gx_job_alloc(job, &out->from, others / 2, sizeof *out->from, err));
    GX_TRY(gx_job_alloc(job, &out->to, others / 2, sizeof *out->to, err));
    if (weighs(spreading)) {
        GX_TRY(gx_job_alloc(job, &weight, others / 2, sizeof *weight, err));
    }
    GX_TRY(ties_list(out, weight, &rows, n, job, err));
    if (weight) {
        GX_TRY(ties_weigh(out, weight, mean_weight(&rows, n), spreading->chance, job, err));
    }
    out->even = (gx__even){.stride = gx__stride_of(spreading->chance),
                           .none = gx__none_of(out->count, spreading->chance)};
    out->row = (gx__chance_rows){.chance = out->chance, .stride = out->stride};
done:
    gx_job_free(job, weight);
    return status;
}

/* Parts of one sample, of one thread: a forest of those who have a kept tie. */
typedef struct parts {
    uint64_t *sum;   /* n */
    uint32_t *above; /* n */
    uint32_t *size;  /* n: of a root, members of its part; 0: nobody's tie is kept yet */
    uint32_t *met;   /* n: those in it */
    uint32_t met_count;
} parts;

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

static void sample(parts *p, const ties *t, gx__draws d, gx_job *job) {
    gx__kept kept = {0, t->count, t->even.stride, t->even.none};
    uint64_t some = 0;
    p->met_count = 0;
    for (uint64_t i; (i = gx__kept_next(&kept, &t->row, &d)) < kept.to;) {
        join(p, t->from[i], t->to[i]);
        if (++some % LOOK == 0 && gx_job_should_stop(job)) {
            break;
        }
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
    GX_TRY(ties_init(&all, spreading, job, err));
    GX_TRY(gx_job_alloc(job, &of, (size_t)threads, sizeof *of, err));
    for (int t = 0; t < threads; t++) {
        GX_TRY(parts_init(&of[t], n, job, err));
    }
#pragma omp parallel for schedule(dynamic, RUNS_CHUNK) num_threads(threads) if (threads > 1)
    for (uint32_t i = 0; i < count; i++) {
        if (!gx_job_should_stop(job)) {
            sample(&of[gx_thread()], &all, gx__draws_of(job->seed, (uint64_t)first + i), job);
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

/* A tie a → b says that a heeds b, so worlds lead from b to a: along the rows of who is heeded. */
static gx_graph led(const gx__spreading *spreading) {
    gx_graph graph = *spreading->graph;
    if (spreading->along) {
        graph.out_ptr = spreading->graph->in_ptr;
        graph.out_dst = spreading->graph->in_src;
        graph.out_weight = spreading->graph->in_weight;
        graph.in_ptr = spreading->graph->out_ptr;
        graph.in_src = spreading->graph->out_dst;
    }
    graph.in_weight = NULL;
    return graph;
}

static gx_status chances_of(gx_chances *out, gx_graph *graph, const gx__spreading *spreading,
                            gx_job *job, gx_error *err) {
    const gx__rows_view rows = gx__rows_out(graph);
    gx_chance_options options = {.model = GX_SPREAD_CASCADE,
                                 .rule = GX_CHANCE_CONSTANT,
                                 .constant = spreading->chance,
                                 .raise = 1};
    float *given = NULL;
    gx_status status = GX_OK;
    if (weighs(spreading)) {
        const double mean = mean_weight(&rows, graph->n);
        GX_TRY(gx_job_alloc(job, &given, graph->m, sizeof *given, err));
        for (uint64_t i = 0; i < graph->m; i++) {
            given[i] = mean > 0 ? chance_of(spreading->chance, gx__row_weight(&rows, i) / mean) : 0;
        }
        options.rule = GX_CHANCE_GIVEN;
        options.given = given;
    }
    graph->out_weight = NULL;
    GX_TRY(gx_chances_make(out, graph, &options, true, job, err));
done:
    gx_job_free(job, given);
    return status;
}

static gx_status percolate_one_way(uint64_t *sum, const gx__spreading *spreading, uint32_t first,
                                   uint32_t count, gx_job *job, gx_error *err) {
    gx_graph graph = led(spreading);
    gx_chances chances = {0};
    gx__worlds worlds = {0};
    double *reached = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &reached, graph.n, sizeof *reached, err));
    GX_TRY(chances_of(&chances, &graph, spreading, job, err));
    for (uint32_t i = 0; i < count; i += WORLDS_AT_ONCE) {
        const uint32_t some = count - i < WORLDS_AT_ONCE ? count - i : WORLDS_AT_ONCE;
        GX_TRY(gx__worlds_make(&worlds, &chances, NULL, first + i, some, job, err));
        GX_TRY(gx__worlds_alone(reached, &worlds, job, err));
        gx__worlds_finish(&worlds, job);
        gx_job_tick(job, (uint64_t)first + i);
    }
    for (uint32_t v = 0; v < graph.n; v++) {
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

/* Members who keep ties in one sample; where there is no graph yet, as if all had as many. */
static double keepers_of(const gx__spreading *spreading, uint32_t n, uint64_t m) {
    const gx_graph *graph = spreading->graph;
    const uint64_t *ptr = !graph ? NULL : spreading->along ? graph->out_ptr : graph->in_ptr;
    double sum = 0;
    for (uint32_t v = 0; ptr && v < n; v++) {
        sum += 1 - gx__none_of(ptr[v + 1] - ptr[v], spreading->chance);
    }
    return ptr || m == 0 ? sum : -(double)n * expm1((double)m / n * log1p(-spreading->chance));
}

/* Of rows of one chance, by length. */
static uint64_t tables_bytes(const gx_graph *graph, uint32_t n) {
    return graph && graph->out_ptr && graph->in_ptr
               ? sizeof(gx__even) * (gx__chances_longest(graph->out_ptr, n) +
                                     gx__chances_longest(graph->in_ptr, n) + 2)
               : 0;
}

uint64_t gx__percolation_bytes(const gx__spreading *spreading, uint32_t n, uint64_t m,
                               int threads) {
    const gx_graph *graph = spreading->graph;
    const bool weights = spreading->weighted && (!graph || !graph->out_ptr || graph->out_weight);
    const uint64_t all = n;
    if (!spreading->directed) {
        const uint64_t held =
            (weights ? 8 : 4) * m + (uint64_t)threads_for(n, threads) * (20 * all + sizeof(parts));
        const uint64_t sorting = weights ? 26 * m : 44 * all; /* of ties, of members alike */
        return held > sorting ? held : sorting;
    }
    /* Worlds at once with what is kept of their arcs, what makes them or adds them up, what is
     * reached, and chances of ties that differ; others take next to nothing. */
    const double kept = (double)m * spreading->chance;
    const double world = 0.5 * n + 17 * keepers_of(spreading, n, m) + 4 * kept;
    const uint64_t some = (uint64_t)(threads < 8 ? threads : 8);
    const uint64_t makers = (uint64_t)(threads < WORLDS_AT_ONCE ? threads : WORLDS_AT_ONCE);
    const uint64_t arcs = makers * sizeof(uint32_t) * ((uint64_t)(1.25 * kept) + 64);
    const uint64_t making = 29 * (uint64_t)threads * all + arcs, adding = (64 + 13 * some) * all;
    const uint64_t held = (making > adding ? making : adding) + 8 * all + (weights ? 24 * m : 0) +
                          (uint64_t)(WORLDS_AT_ONCE * world);
    const gx_chance_options options = {.rule = weights ? GX_CHANCE_GIVEN : GX_CHANCE_CONSTANT};
    const uint64_t before = 8 * all + (weights ? 4 * m : 0) + gx_chances_bytes(&options, n, m);
    return tables_bytes(graph, n) + (held > before ? held : before);
}
