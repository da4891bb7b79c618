/* The leading eigenvector of a matrix that is not symmetric, by power iteration: see leading.h. */
#include "engine/kernel/leading.h"

#include <math.h>

/* The part of its value that is added to the diagonal, so that circles of one length (whose other
 * eigenvalues are as large) die out. */
static const double SHIFT = 0.25;

enum { SUM, APART };

typedef struct power {
    gx__rows_view rows;
    double *x, *product;
    double value;
} power;

static void product_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    power *p = user;
    for (uint32_t v = first; v < end; v++) {
        p->product[v] = gx__pull(&p->rows, p->x, v);
        sums->of[SUM] += p->product[v];
    }
}

/* x sums to 1, and does so again; how far the product is from value · x. */
static void shift_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    power *p = user;
    double scale = 1 / (p->value * (1 + SHIFT)), keep = SHIFT / (1 + SHIFT);
    for (uint32_t v = first; v < end; v++) {
        sums->of[APART] += fabs(p->product[v] - p->value * p->x[v]);
        p->x[v] = p->product[v] * scale + p->x[v] * keep;
    }
}

static bool leads(const gx__rows_view *rows, uint64_t i) {
    return !rows->weight || rows->weight[i] > 0;
}

/* Takes off members to whom nothing comes, until none is left, or the rest runs in circles. */
static gx_status is_acyclic(bool *out, const gx_graph *graph, const gx__rows_view *in,
                            const gx__rows_view *from, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t n = graph->n, *left = NULL, *queue = NULL, head = 0, tail = 0;
    GX_TRY(gx_job_alloc(job, &left, n, sizeof *left, err));
    GX_TRY(gx_job_alloc(job, &queue, n, sizeof *queue, err));
    for (uint32_t v = 0; v < n; v++) {
        GX_TRY(v % GX__SWEEP_BLOCK == 0 ? gx_job_check(job, err) : GX_OK);
        for (uint64_t i = in->ptr[v]; i < in->ptr[v + 1]; i++) {
            left[v] += leads(in, i);
        }
        if (left[v] == 0) {
            queue[tail++] = v;
        }
    }
    while (head < tail) {
        uint32_t v = queue[head++];
        for (uint64_t i = from->ptr[v]; i < from->ptr[v + 1]; i++) {
            if (leads(from, i) && --left[from->end[i]] == 0) {
                queue[tail++] = from->end[i];
            }
        }
        GX_TRY(head % GX__SWEEP_BLOCK == 0 ? gx_job_check(job, err) : GX_OK);
    }
    *out = tail == n;
done:
    gx_job_free(job, left);
    gx_job_free(job, queue);
    return status;
}

static gx_status iterate(gx__leading *out, power *p, const gx__sweep *sweep, double tolerance,
                         uint32_t most, gx_error *err) {
    do {
        p->value = gx__sweep_run(sweep, product_block, p).of[SUM];
        double apart = gx__sweep_run(sweep, shift_block, p).of[APART];
        gx_status status = gx_job_check(sweep->job, err);
        if (status != GX_OK) {
            return status;
        }
        *out = (gx__leading){p->value, apart / p->value, out->products + 1};
        gx_job_tick(sweep->job, out->products);
    } while (out->residual > tolerance && out->products < most);
    return GX_OK;
}

gx_status gx__perron_find(gx__leading *out, double *out_x, const gx_graph *graph, bool weighted,
                          const gx__sweep *sweep, double tolerance, uint32_t most, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = sweep->job;
    gx__rows_view from = gx__rows_weighed(gx__rows_out(graph), weighted);
    power p = {.rows = gx__rows_weighed(gx__rows_in(graph), weighted), .x = out_x};
    bool acyclic;
    *out = (gx__leading){0};
    GX_TRY(is_acyclic(&acyclic, graph, &p.rows, &from, job, err));
    for (uint32_t v = 0; v < graph->n; v++) {
        out_x[v] = acyclic ? 1 : 1.0 / graph->n;
    }
    if (!acyclic) {
        GX_TRY(gx_job_alloc(job, &p.product, graph->n, sizeof *p.product, err));
        GX_TRY(iterate(out, &p, sweep, tolerance, most, err));
        gx__leading_normalise(out_x, graph->n);
    }
done:
    gx_job_free(job, p.product);
    return status;
}

uint64_t gx__perron_bytes(uint32_t n) {
    return (uint64_t)n * sizeof(double);
}
