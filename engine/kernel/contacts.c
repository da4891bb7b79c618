#include "engine/kernel/contacts.h"

#include "engine/kernel/parallel.h"

#include <math.h>

enum { MEMBERS_CHUNK = 8, BLOCK = 1024, SMALL = 1 << 10, CHUNK_ARCS = 1 << 18, LOOK = 1 << 20 };

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

/* ---- pairs -------------------------------------------------------------------------------- */

typedef struct pairing {
    const gx__contacts *c;
    bool by_strength;
    double *shared; /* of the arcs of the members in hand that lead to a shorter row */
    double *values; /* a row of n a thread */
    int threads;
    gx_job *job;
} pairing;

static uint64_t row_length(const gx__rows_view *rows, uint32_t v) {
    return rows->ptr[v + 1] - rows->ptr[v];
}

/* Whether i's row is the one that is marked, and j's the one that is read. */
static bool marks(const gx__rows_view *rows, uint32_t i, uint32_t j) {
    uint64_t own = row_length(rows, i), other = row_length(rows, j);
    return own > other || (own == other && i > j);
}

/* Σ of the values along j's row. Two running sums, since one would wait for itself at every
 * addition. */
static double along(const gx__rows_view *rows, const double *value, uint32_t j) {
    const uint32_t *end = rows->end;
    uint64_t k = rows->ptr[j], last = rows->ptr[j + 1];
    double even = 0, odd = 0;
    for (; k + 1 < last; k += 2) {
        even += end[k] == j ? 0 : value[end[k]] * gx__row_weight(rows, k);
        odd += end[k + 1] == j ? 0 : value[end[k + 1]] * gx__row_weight(rows, k + 1);
    }
    return even + odd +
           (k < last && end[k] != j ? value[end[k]] * gx__row_weight(rows, k) : 0);
}

static void share_row(const pairing *p, double *shared, double *value, uint32_t i) {
    const gx__contacts *c = p->c;
    const gx__rows_view *rows = &c->rows;
    const uint64_t from = rows->ptr[i], to = rows->ptr[i + 1];
    uint64_t looked = 0;
    for (uint64_t k = from; k < to; k++) {
        uint32_t q = rows->end[k];
        double weight = q == i ? 0 : gx__row_weight(rows, k);
        value[q] = weight > 0 && p->by_strength ? weight / c->strength[q] : weight;
    }
    for (uint64_t k = from; k < to; k++) {
        uint32_t j = rows->end[k];
        if (marks(rows, i, j)) {
            shared[k - from] = along(rows, value, j);
            looked += row_length(rows, j);
            if (looked > LOOK) {
                looked = 0;
                if (gx_job_should_stop(p->job)) {
                    break;
                }
            }
        }
    }
    for (uint64_t k = from; k < to; k++) {
        value[rows->end[k]] = 0;
    }
}

/* Members [first, last). */
static void share_rows(const pairing *p, uint32_t first, uint32_t last) {
    const uint64_t *ptr = p->c->rows.ptr;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, MEMBERS_CHUNK)                  \
    if (p->threads > 1)
    for (uint32_t i = first; i < last; i++) {
        if (!gx_job_should_stop(p->job)) {
            share_row(p, p->shared + (ptr[i] - ptr[first]),
                      p->values + (size_t)gx_thread() * p->c->n, i);
        }
    }
}

static void hand_on(const pairing *p, uint32_t first, uint32_t last, gx__contacts_pair_fn each,
                    void *user) {
    const gx__rows_view *rows = &p->c->rows;
    for (uint32_t i = first; i < last; i++) {
        for (uint64_t k = rows->ptr[i]; k < rows->ptr[i + 1]; k++) {
            if (marks(rows, i, rows->end[k])) {
                each(user, i, rows->end[k], gx__row_weight(rows, k),
                     p->shared[k - rows->ptr[first]]);
            }
        }
    }
}

/* Arcs in hand at once: at least the longest row. */
static uint64_t arcs_in_hand(const gx__rows_view *rows, uint32_t n) {
    uint64_t most = 0;
    if (!rows->ptr) { /* of a graph that is not there */
        return n > CHUNK_ARCS ? n : CHUNK_ARCS;
    }
    for (uint32_t v = 0; v < n; v++) {
        most = row_length(rows, v) > most ? row_length(rows, v) : most;
    }
    most = most > CHUNK_ARCS ? most : CHUNK_ARCS;
    return n == 0 ? 0 : most < rows->ptr[n] ? most : rows->ptr[n];
}

gx_status gx__contacts_pairs(const gx__contacts *contacts, bool by_strength,
                             gx__contacts_pair_fn each, void *user, const char *stage, gx_job *job,
                             gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t *ptr = contacts->rows.ptr;
    const uint32_t n = contacts->n;
    const uint64_t room = arcs_in_hand(&contacts->rows, n);
    pairing p = {.c = contacts, .by_strength = by_strength, .job = job};
    p.threads = n > SMALL ? job->threads : 1;
    gx_job_stage(job, stage, n);
    GX_TRY(gx_job_alloc(job, &p.shared, room, sizeof *p.shared, err));
    GX_TRY(gx_job_alloc(job, &p.values, n, (size_t)p.threads * sizeof *p.values, err));
    for (uint32_t first = 0, last; first < n; first = last) {
        for (last = first + 1; last < n && ptr[last + 1] - ptr[first] <= room; last++) {
        }
        share_rows(&p, first, last);
        GX_TRY(gx_job_check(job, err));
        hand_on(&p, first, last, each, user);
        gx_job_tick(job, last);
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, p.shared);
    gx_job_free(job, p.values);
    return status;
}

uint64_t gx__contacts_pairs_bytes(const gx_input *input, int threads) {
    uint64_t n = input->users, room = 0;
    if (input->undirected) {
        gx__rows_view rows = gx__rows_out(input->undirected);
        room = arcs_in_hand(&rows, input->undirected->n);
    }
    return sizeof(double) * (room + n * (n > SMALL ? (uint64_t)threads : 1));
}

double gx__contacts_pairs_cpu_s(const gx_graph *graph) {
    double arcs = graph ? (double)graph->m : 0;
    return arcs * (1e-8 + 1.5e-10 * sqrt(arcs));
}
