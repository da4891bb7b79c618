#include "engine/kernel/contacts.h"

#include "engine/kernel/parallel.h"
#include "engine/kernel/triangles.h"

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

/* What the contacts are made of. */
typedef struct making {
    const gx_graph *view, *graph; /* `graph` NULL: weights are the view's */
    const uint32_t *place;
    uint64_t *ptr;
    uint32_t *end;
    float *weight;
    double *root; /* cube roots instead of weights */
    bool weighted;
} making;

/* From u to v and back, halved so that the largest weights do not overflow. */
static void join_row(const making *m, uint32_t v) {
    const gx_graph *view = m->view;
    const gx__rows_view out = gx__rows_out(m->graph), in = gx__rows_in(m->graph);
    uint64_t at = m->ptr[m->place[v]], p = out.ptr[v], q = in.ptr[v];
    for (uint64_t k = view->out_ptr[v]; k < view->out_ptr[v + 1]; k++) {
        uint32_t u = view->out_dst[k];
        float given = weight_at(&out, &p, out.ptr[v + 1], u, m->weighted);
        float got = weight_at(&in, &q, in.ptr[v + 1], u, m->weighted);
        if (u != v && m->root) {
            m->root[at++] = cbrt((double)given) + cbrt((double)got);
        } else if (u != v) {
            m->weight[at++] = 0.5f * given + 0.5f * got;
        }
    }
}

static double fill_row(const making *m, uint32_t v) {
    const gx_graph *view = m->view;
    uint64_t at = m->ptr[m->place[v]], from = at;
    double sum = 0;
    for (uint64_t k = view->out_ptr[v]; k < view->out_ptr[v + 1]; k++) {
        if (view->out_dst[k] != v) {
            m->end[at] = m->place[view->out_dst[k]];
            if (m->root && !m->graph) {
                m->root[at] = cbrt((double)view->out_weight[k]);
            } else if (m->weight && !m->graph) {
                m->weight[at] = view->out_weight[k];
            }
            at++;
        }
    }
    if (m->graph) {
        join_row(m, v);
    }
    for (uint64_t k = from; k < at && m->weight; k++) {
        sum += (double)m->weight[k];
    }
    return m->weight ? sum : (double)(at - from);
}

/* Rows by place, and what they weigh. */
static gx_status fill_rows(making *m, double *strength, const uint32_t *member, bool weights,
                           bool roots, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx__rows_view rows = gx__rows_out(m->view);
    const uint32_t n = m->view->n;
    const int threads = n > SMALL ? job->threads : 1;
    GX_TRY(gx_job_alloc(job, &m->ptr, (size_t)n + 1, sizeof *m->ptr, err));
    for (uint32_t p = 0; p < n && !gx_job_should_stop(job); p++) {
        m->ptr[p + 1] = m->ptr[p] + gx__others(&rows, member[p]);
    }
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx_job_alloc(job, &m->end, m->ptr[n], sizeof *m->end, err));
    if (roots) {
        GX_TRY(gx_job_alloc(job, &m->root, m->ptr[n], sizeof *m->root, err));
    } else if (weights) {
        GX_TRY(gx_job_alloc(job, &m->weight, m->ptr[n], sizeof *m->weight, err));
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, BLOCK) if (threads > 1)
    for (uint32_t v = 0; v < n; v++) {
        if (!gx_job_should_stop(job)) {
            strength[m->place[v]] = fill_row(m, v);
        }
    }
    status = gx_job_check(job, err);
done:
    return status;
}

static gx_status make(gx__contacts *out, const gx_input *input, bool directed, bool weighted,
                      bool roots, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx_graph *view = input->undirected;
    const bool weights = directed || (weighted && view->out_weight);
    making m = {.view = view, .graph = directed ? input->graph : NULL, .weighted = weighted};
    gx__contacts c = {.n = view->n};
    uint32_t *place = NULL;
    GX_TRY(gx_job_alloc(job, &c.member, c.n, sizeof *c.member, err));
    GX_TRY(gx_job_alloc(job, &c.strength, c.n, sizeof *c.strength, err));
    GX_TRY(gx_job_alloc(job, &place, c.n, sizeof *place, err));
    GX_TRY(gx__places_by_degree(c.member, place, view, job, err));
    m.place = place;
    status = fill_rows(&m, c.strength, c.member, weights, roots, job, err);
    c.rows = (gx__rows_view){m.ptr, m.end, m.weight};
    c.root = m.root;
    GX_TRY(status);
    *out = c;
    c = (gx__contacts){0};
done:
    gx_job_free(job, place);
    gx__contacts_free(&c, job);
    return status;
}

gx_status gx__contacts_make(gx__contacts *out, const gx_input *input, bool directed, bool weighted,
                            gx_job *job, gx_error *err) {
    return make(out, input, directed, weighted, false, job, err);
}

gx_status gx__contacts_make_roots(gx__contacts *out, const gx_input *input, bool directed,
                                  gx_job *job, gx_error *err) {
    return make(out, input, directed, true, directed || input->undirected->out_weight, job, err);
}

void gx__contacts_free(gx__contacts *contacts, gx_job *job) {
    gx_job_free(job, contacts->member);
    gx_job_free(job, contacts->strength);
    gx_job_free(job, (void *)(uintptr_t)contacts->rows.ptr);
    gx_job_free(job, (void *)(uintptr_t)contacts->rows.end);
    gx_job_free(job, (void *)(uintptr_t)contacts->rows.weight);
    gx_job_free(job, contacts->root);
    *contacts = (gx__contacts){0};
}

/* ---- pairs -------------------------------------------------------------------------------- */

typedef struct pairing {
    const gx__contacts *c;
    bool by_strength;
    double *shared; /* of the arcs of the places in hand that lead to a later one */
    double *values; /* a row of n a thread */
    int threads;
    gx_job *job;
} pairing;

static double weight_of(const gx__contacts *c, uint64_t k) {
    return c->root ? c->root[k] : gx__row_weight(&c->rows, k);
}

/* Σ of the values along j's row, as gx__pull. */
static double along(const gx__contacts *c, const double *value, uint32_t j) {
    if (!c->root) {
        return gx__pull(&c->rows, value, j);
    }
    const uint32_t *end = c->rows.end;
    uint64_t k = c->rows.ptr[j], last = c->rows.ptr[j + 1];
    double even = 0, odd = 0;
    for (; k + 1 < last; k += 2) {
        even += value[end[k]] * c->root[k];
        odd += value[end[k + 1]] * c->root[k + 1];
    }
    return even + odd + (k < last ? value[end[k]] * c->root[k] : 0);
}

static void share_row(const pairing *p, double *shared, double *value, uint32_t i) {
    const gx__contacts *c = p->c;
    const gx__rows_view *rows = &c->rows;
    const uint64_t from = rows->ptr[i], to = rows->ptr[i + 1];
    uint64_t looked = 0;
    for (uint64_t k = from; k < to; k++) {
        uint32_t q = rows->end[k];
        double weight = weight_of(c, k);
        value[q] = weight > 0 && p->by_strength ? weight / c->strength[q] : weight;
    }
    for (uint64_t k = from; k < to; k++) {
        uint32_t j = rows->end[k];
        if (i < j) { /* whose row is the shorter */
            shared[k - from] = along(c, value, j);
            looked += gx__row_length(rows, j);
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

/* Places [first, last). */
static void share_rows(const pairing *p, uint32_t first, uint32_t last) {
    const uint64_t *ptr = p->c->rows.ptr;
#pragma omp parallel for num_threads(p->threads)                                                   \
    schedule(dynamic, MEMBERS_CHUNK) if (p->threads > 1)
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
            if (i < rows->end[k]) {
                each(user, i, rows->end[k], weight_of(p->c, k), p->shared[k - rows->ptr[first]]);
            }
        }
    }
}

/* Arcs in hand at once: at least the longest row. */
static uint64_t arcs_in_hand(uint64_t longest, uint64_t arcs) {
    uint64_t most = longest > CHUNK_ARCS ? longest : CHUNK_ARCS;
    return most < arcs ? most : arcs;
}

gx_status gx__contacts_pairs(const gx__contacts *contacts, bool by_strength,
                             gx__contacts_pair_fn each, void *user, const char *stage, gx_job *job,
                             gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t *ptr = contacts->rows.ptr;
    const uint32_t n = contacts->n;
    const uint64_t room = n ? arcs_in_hand(ptr[1] + 1, ptr[n]) : 0; /* the first is the longest */
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

uint64_t gx__contacts_bytes(const gx_input *input, bool directed, bool weighted, int threads) {
    const gx_graph *view = input->undirected;
    uint64_t n = input->users, m = view ? view->m : 0, longest = n;
    if (view && view->out_ptr) { /* else of a graph that is not there */
        const gx__rows_view rows = gx__rows_out(view);
        longest = gx__row_longest(&rows, view->n);
    }
    bool weights = directed || (weighted && view && view->out_weight);
    uint64_t held = n * (sizeof(uint32_t) + sizeof(double)) + (n + 1) * sizeof(uint64_t) +
                    m * (sizeof(uint32_t) + (weights ? sizeof(float) : 0));
    uint64_t marks = n * sizeof(double) * (n > SMALL ? (uint64_t)threads : 1);
    return held + sizeof(double) * arcs_in_hand(longest + 1, m) + marks;
}

uint64_t gx__contacts_roots_bytes(const gx_input *input, int threads) {
    uint64_t m = input->undirected ? input->undirected->m : 0;
    return gx__contacts_bytes(input, false, false, threads) + m * sizeof(double);
}

double gx__contacts_cpu_s(const gx__degrees *d, bool directed, bool weighted) {
    double seconds = gx__ties_seconds(d, 48, (gx__pace){0, 21.5, 11, 220}) +
                     gx__reads_seconds(d, d->lower, 48, (gx__pace){0, 0, 3.3, 0});
    seconds += directed ? gx__ties_seconds(d, 48, (gx__pace){0, 4, 64, 0}) : 0;
    return seconds + (weighted ? gx__ties_seconds(d, 48, (gx__pace){0, 0, 70, 0}) : 0);
}
