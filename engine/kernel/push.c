#include "engine/kernel/push.h"

#include <math.h>

enum { POLL_EVERY = 256 };

typedef struct pusher {
    gx__push *push;
    gx__rows_view out;
    uint32_t n, source;
    double alpha, epsilon;
    uint32_t *queue; /* a ring: nobody is in it twice */
    uint32_t head, waiting;
    uint8_t *state;
} pusher;

enum { REACHED = 1, WAITS = 2 };

static double threshold(const pusher *p, uint32_t v) {
    uint64_t count = gx__row_length(&p->out, v);
    return p->epsilon * (double)(count > 0 ? count : 1);
}

static void receive(pusher *p, uint32_t v, double amount) {
    double held = p->push->residual[v] += amount;
    if (!(p->state[v] & REACHED)) {
        p->state[v] |= REACHED;
        p->push->reached[p->push->count++] = v;
    }
    if (!(p->state[v] & WAITS) && held >= threshold(p, v)) {
        p->state[v] |= WAITS;
        uint32_t before_end = p->n - p->head;
        p->queue[p->waiting < before_end ? p->head + p->waiting : p->waiting - before_end] = v;
        p->waiting++;
    }
}

/* Keeps alpha of what v holds, and hands the rest on. */
static void follow(pusher *p, uint32_t v) {
    uint64_t first = p->out.ptr[v], end = p->out.ptr[v + 1];
    double held = p->push->residual[v], weight = 0;
    p->push->residual[v] = 0;
    p->push->score[v] += p->alpha * held;
    p->push->arcs += end - first;
    for (uint64_t i = first; p->out.weight && i < end; i++) {
        weight += (double)p->out.weight[i];
    }
    weight = p->out.weight ? weight : (double)(end - first);
    double rest = (1 - p->alpha) * held;
    if (!(weight > 0)) {
        receive(p, p->source, rest);
        return;
    }
    double share = rest / weight;
    for (uint64_t i = first; i < end; i++) {
        double part = share * gx__row_weight(&p->out, i);
        if (part > 0) {
            receive(p, p->out.end[i], part);
        }
    }
}

static gx_status follow_all(pusher *p, gx_job *job, gx_error *err) {
    for (uint32_t k = 0; p->waiting > 0; k++) {
        uint32_t v = p->queue[p->head];
        p->head = p->head + 1 < p->n ? p->head + 1 : 0;
        p->waiting--;
        p->state[v] &= (uint8_t)~WAITS;
        follow(p, v);
        if (k % POLL_EVERY == 0) {
            gx_status status = gx_job_check(job, err);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    return GX_OK;
}

/* What everybody holds ends there with probability alpha at least. */
static void settle(gx__push *push, const gx__rows_view *out, bool directed, double alpha) {
    push->bound = push->worst = 0;
    for (uint32_t i = 0; i < push->count; i++) {
        uint32_t v = push->reached[i];
        push->score[v] += alpha * push->residual[v];
        push->residual[v] *= 1 - alpha;
        push->bound += push->residual[v];
        double strength = directed ? 0 : gx__row_strength(out, v);
        push->worst = strength > 0 ? fmax(push->worst, push->residual[v] / strength) : push->worst;
    }
}

double gx__push_short(const gx__push *push, const gx_graph *graph, bool weighted, uint32_t v) {
    gx__rows_view out = gx__rows_weighed(gx__rows_out(graph), weighted);
    double strength = graph->directed ? 0 : gx__row_strength(&out, v);
    return strength > 0 ? fmin(push->bound, push->worst * strength) : push->bound;
}

gx_status gx__push_run(gx__push *out, const gx_graph *graph, bool weighted, uint32_t source,
                       double alpha, double epsilon, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t n = graph->n;
    pusher p = {.push = out,
                .out = gx__rows_weighed(gx__rows_out(graph), weighted),
                .n = n,
                .source = source,
                .alpha = alpha,
                .epsilon = epsilon};
    *out = (gx__push){0};
    GX_TRY(gx_job_alloc(job, &out->score, n, sizeof *out->score, err));
    GX_TRY(gx_job_alloc(job, &out->residual, n, sizeof *out->residual, err));
    GX_TRY(gx_job_alloc(job, &out->reached, n, sizeof *out->reached, err));
    GX_TRY(gx_job_alloc(job, &p.queue, n, sizeof *p.queue, err));
    GX_TRY(gx_job_alloc(job, &p.state, n, sizeof *p.state, err));
    receive(&p, source, 1);
    GX_TRY(follow_all(&p, job, err));
    settle(out, &p.out, graph->directed, alpha);
done:
    gx_job_free(job, p.queue);
    gx_job_free(job, p.state);
    return status;
}

void gx__push_finish(gx__push *push, gx_job *job) {
    gx_job_free(job, push->score);
    gx_job_free(job, push->residual);
    gx_job_free(job, push->reached);
    *push = (gx__push){0};
}
