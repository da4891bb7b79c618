#include "engine/operations/meet.h"

#include <math.h>

enum { NOBODY, CANDIDATE, OWN };

/* Where a part counts half. */
static const double adamic_scale = 1.0, near_scale = 0.1, far_scale = 0.1;

/* Tuned with ties hidden by seeds 7 and 8; docs/friends.md has figures with others. */
const gx_meet_weights gx_meet_weights_default = {
    .adamic = 1, .near = 1, .far = 0.2, .circle = 0.05, .taste = 0.3};
const gx_meet_weights gx_meet_weights_adamic = {.adamic = 1};

gx_status gx_meet_open(gx_meet *out, const gx_meet_graph *graph, gx_job *job, gx_error *err) {
    gx_status status;
    gx_meet m = {.graph = graph};
    GX_TRY(gx_job_alloc(job, &m.parts, graph->n, sizeof *m.parts, err));
    GX_TRY(gx_job_alloc(job, &m.reach, graph->n, sizeof *m.reach, err));
    GX_TRY(gx_job_alloc(job, &m.state, graph->n, sizeof *m.state, err));
    GX_TRY(gx_job_alloc(job, &m.touched, graph->n, sizeof *m.touched, err));
    GX_TRY(gx_job_alloc(job, &m.middle, graph->n, sizeof *m.middle, err));
    *out = m;
    return GX_OK;
done:
    gx_meet_close(&m, job);
    return status;
}

void gx_meet_close(gx_meet *meet, gx_job *job) {
    gx_job_free(job, meet->parts);
    gx_job_free(job, meet->reach);
    gx_job_free(job, meet->state);
    gx_job_free(job, meet->touched);
    gx_job_free(job, meet->middle);
    *meet = (gx_meet){0};
}

uint64_t gx_meet_bytes(uint32_t n) {
    return (uint64_t)n * (sizeof(gx_meet_parts) + sizeof(double) + 1 + 2 * sizeof(uint32_t));
}

static double degree_of(const gx_meet_graph *graph, uint32_t v) {
    uint64_t kept = graph->ptr[v + 1] - graph->ptr[v];
    return (double)(graph->degree && graph->degree[v] > kept ? graph->degree[v] : kept);
}

static void forget(gx_meet *meet) {
    for (uint32_t i = 0; i < meet->touched_count; i++) {
        meet->state[meet->touched[i]] = NOBODY;
        meet->parts[meet->touched[i]] = (gx_meet_parts){0};
    }
    meet->touched_count = 0;
}

static gx_meet_parts *touch(gx_meet *meet, uint32_t v) {
    if (meet->state[v] == NOBODY) {
        meet->state[v] = CANDIDATE;
        meet->touched[meet->touched_count++] = v;
    }
    return &meet->parts[v];
}

/* Two steps, by way of each of the row; `reach` of a member is the walk's two-step probability ×
 * k_u, for the source's own as well, by way of whom the third step may go. */
static uint32_t two_steps(gx_meet *meet, uint32_t source, const uint32_t *row, uint32_t count) {
    const gx_meet_graph *graph = meet->graph;
    uint32_t middle = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t z = row[i];
        if (z >= graph->n) {
            continue;
        }
        const double degree = degree_of(graph, z);
        const double adamic = 1 / log(fmax(degree, 2)), step = 1 / fmax(degree, 1);
        for (uint64_t k = graph->ptr[z]; k < graph->ptr[z + 1]; k++) {
            const uint32_t v = graph->dst[k];
            if (v == source) {
                continue;
            }
            if (meet->reach[v] == 0) {
                meet->middle[middle++] = v;
            }
            meet->reach[v] += step;
            if (meet->state[v] != OWN) {
                gx_meet_parts *p = touch(meet, v);
                p->common++;
                p->adamic += adamic;
                p->near += step;
            }
        }
    }
    return middle;
}

static gx_status third_step(gx_meet *meet, uint32_t source, uint32_t middle, gx_job *job,
                            gx_error *err) {
    const gx_meet_graph *graph = meet->graph;
    for (uint32_t i = 0; i < middle; i++) {
        const uint32_t w = meet->middle[i];
        const double step = meet->reach[w] / fmax(degree_of(graph, w), 1);
        for (uint64_t k = graph->ptr[w]; k < graph->ptr[w + 1]; k++) {
            const uint32_t v = graph->dst[k];
            if (v != source && meet->state[v] != OWN) {
                touch(meet, v)->far += step;
            }
        }
        meet->reach[w] = 0;
        if (i % 1024 == 0 && gx_job_should_stop(job)) {
            for (uint32_t rest = i; rest < middle; rest++) {
                meet->reach[meet->middle[rest]] = 0;
            }
            break;
        }
    }
    return gx_job_check(job, err);
}

gx_status gx_meet_from(gx_meet *meet, uint32_t source, const uint32_t *row, uint32_t count,
                       uint32_t circle, gx_job *job, gx_error *err) {
    forget(meet);
    for (uint32_t i = 0; i < count; i++) {
        if (row[i] < meet->graph->n) {
            meet->state[row[i]] = OWN;
        }
    }
    meet->circle = circle;
    uint32_t middle = two_steps(meet, source, row, count);
    gx_status status = third_step(meet, source, middle, job, err);
    for (uint32_t i = 0; i < count; i++) {
        if (row[i] < meet->graph->n) {
            meet->state[row[i]] = NOBODY;
        }
    }
    return status;
}

static double squash(double x, double scale) {
    return x / (x + scale);
}

static double in_circle(const gx_meet *meet, uint32_t v) {
    const uint32_t *community = meet->graph->community;
    return community && meet->circle != GX_NONE && community[v] == meet->circle ? 1 : 0;
}

double gx_meet_score(const gx_meet *meet, const gx_meet_weights *weights, uint32_t v) {
    const gx_meet_parts *p = &meet->parts[v];
    return weights->adamic * squash(p->adamic, adamic_scale) +
           weights->near * squash(p->near, near_scale) + weights->far * squash(p->far, far_scale) +
           weights->circle * in_circle(meet, v);
}

void gx_meet_shares(double *out_adamic, double *out_walk, double *out_circle, const gx_meet *meet,
                    const gx_meet_weights *weights, uint32_t v) {
    const gx_meet_parts *p = &meet->parts[v];
    *out_adamic = weights->adamic * squash(p->adamic, adamic_scale);
    *out_walk =
        weights->near * squash(p->near, near_scale) + weights->far * squash(p->far, far_scale);
    *out_circle = weights->circle * in_circle(meet, v);
}
