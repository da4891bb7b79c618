#include "engine/kernel/contacts.h"

#include "engine/kernel/parallel.h"

enum { MEMBERS_CHUNK = 32, BLOCK = 1024, SMALL = 1 << 10, MUCH_LONGER = 16 };

/* The weight of j in i's row, 0 where it is not there. *at moves on, since j only grows. */
static float weight_at(const gx__rows_view *rows, uint64_t *at, uint64_t end, uint32_t j,
                       bool weighted) {
    while (*at < end && rows->end[*at] < j) {
        (*at)++;
    }
    bool there = *at < end && rows->end[*at] == j;
    return !there ? 0 : weighted && rows->weight ? rows->weight[*at] : 1;
}

/* Halves are added, so that the largest weights do not overflow. */
static void join_row(float *own, const gx__rows_view *rows, const gx_graph *graph, uint32_t i,
                     bool weighted) {
    const gx__rows_view out = gx__rows_out(graph), in = gx__rows_in(graph);
    uint64_t p = out.ptr[i], q = in.ptr[i];
    for (uint64_t k = rows->ptr[i]; k < rows->ptr[i + 1]; k++) {
        uint32_t j = rows->end[k];
        own[k] = 0.5f * weight_at(&out, &p, out.ptr[i + 1], j, weighted) +
                 0.5f * weight_at(&in, &q, in.ptr[i + 1], j, weighted);
    }
}

gx_status gx__contacts_make(gx__contacts *out, const gx_input *input, bool directed, bool weighted,
                            gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx_graph *view = input->undirected;
    gx__contacts c = {.n = view->n, .rows = gx__rows_out(view)};
    const int threads = c.n > SMALL ? job->threads : 1;
    c.rows.weight = weighted ? c.rows.weight : NULL;
    GX_TRY(gx_job_alloc(job, &c.strength, c.n, sizeof *c.strength, err));
    if (directed) {
        GX_TRY(gx_job_alloc(job, &c.own, view->m, sizeof *c.own, err));
        c.rows.weight = c.own;
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, BLOCK) if (threads > 1)
    for (uint32_t i = 0; i < c.n; i++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        if (directed) {
            join_row(c.own, &c.rows, input->graph, i, weighted);
        }
        double sum = 0;
        for (uint64_t k = c.rows.ptr[i]; k < c.rows.ptr[i + 1]; k++) {
            sum += c.rows.end[k] != i ? gx__row_weight(&c.rows, k) : 0;
        }
        c.strength[i] = sum;
    }
    GX_TRY(gx_job_check(job, err));
    *out = c;
    c = (gx__contacts){0};
done:
    gx__contacts_free(&c, job);
    return status;
}

void gx__contacts_free(gx__contacts *contacts, gx_job *job) {
    gx_job_free(job, contacts->strength);
    gx_job_free(job, contacts->own);
    *contacts = (gx__contacts){0};
}

uint64_t gx__contacts_bytes(const gx_input *input, bool directed) {
    uint64_t m = input->undirected && directed ? input->undirected->m : 0;
    return sizeof(double) * (uint64_t)input->users + sizeof(float) * m;
}

/* ---- each member -------------------------------------------------------------------------- */

uint64_t gx__contacts_each_bytes(uint64_t n, int threads) {
    return n * sizeof(double) * (n > SMALL ? (uint64_t)threads : 1);
}

gx_status gx__contacts_each(double *score, const gx__contacts *contacts, gx__contacts_fn measure,
                            const char *stage, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = contacts->n;
    const int threads = n > SMALL ? job->threads : 1;
    double *values = NULL;
    gx_job_stage(job, stage, n);
    GX_TRY(gx_job_alloc(job, &values, n, (size_t)threads * sizeof *values, err));
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        double *value = values + (size_t)gx_thread() * n;
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            if (gx_job_should_stop(job)) {
                continue;
            }
            score[v] = measure(contacts, v, value);
            if (gx_thread() == 0 && v % MEMBERS_CHUNK == 0) {
                gx_job_tick(job, v);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, values);
    return status;
}

double gx__contacts_shared(const gx__contacts *contacts, const double *value, uint32_t i,
                           uint32_t j) {
    const gx__rows_view *rows = &contacts->rows;
    const uint64_t from = rows->ptr[j], end = rows->ptr[j + 1];
    const uint64_t own = rows->ptr[i], own_end = rows->ptr[i + 1];
    double sum = 0;
    if (end - from <= MUCH_LONGER * (own_end - own)) {
        for (uint64_t k = from; k < end; k++) {
            uint32_t q = rows->end[k];
            sum += q == i || q == j ? 0 : value[q] * gx__row_weight(rows, k);
        }
        return sum;
    }
    for (uint64_t k = own, at = from; k < own_end; k++) {
        uint32_t q = rows->end[k];
        uint64_t found = q == i || q == j ? end : gx__row_find(rows->end, at, end, q);
        if (found < end) {
            sum += value[q] * gx__row_weight(rows, found);
            at = found + 1;
        }
    }
    return sum;
}

double gx__contacts_work(const gx_graph *graph) {
    double work = 0;
    for (uint32_t v = 0; graph && v < graph->n; v++) {
        double ties = (double)(graph->out_ptr[v + 1] - graph->out_ptr[v]);
        work += ties * ties;
    }
    return work;
}
