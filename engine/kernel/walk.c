#include "engine/kernel/walk.h"

#include <math.h>

enum { LENGTH, LEAK };

uint64_t gx__walk_bytes(uint32_t n) {
    return 3 * (uint64_t)n * sizeof(double) + gx__sweep_bytes(n);
}

static double leak_of(const gx__walk *w, uint32_t v, double share) {
    return w->inverse[v] > 0 ? w->ground * share : w->score[v];
}

typedef struct beginning {
    gx__walk *walk;
    gx__rows_view out;
} beginning;

static void begin_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const beginning *b = user;
    gx__walk *w = b->walk;
    for (uint32_t v = first; v < end; v++) {
        double weight = gx__row_strength(&b->out, v), all = weight + w->ground;
        sums->most[0] = fmax(sums->most[0], weight);
        w->inverse[v] = all > 0 ? 1 / all : 0;
        w->score[v] = gx__walk_start(w, v);
        w->share[0][v] = w->score[v] * w->inverse[v];
        sums->of[LEAK] += leak_of(w, v, w->share[0][v]);
    }
}

gx_status gx__walk_begin(gx__walk *walk, const gx_graph *graph, bool weighted, gx_job *job,
                         gx_error *err) {
    gx_status status = GX_OK;
    uint32_t n = graph->n;
    beginning b = {walk, gx__rows_weighed(gx__rows_out(graph), weighted)};
    walk->in = gx__rows_weighed(gx__rows_in(graph), weighted);
    GX_TRY(gx__sweep_init(&walk->sweep, n, graph->m, job, err));
    GX_TRY(gx_job_alloc(job, &walk->share[0], n, sizeof *walk->share[0], err));
    GX_TRY(gx_job_alloc(job, &walk->share[1], n, sizeof *walk->share[1], err));
    GX_TRY(gx_job_alloc(job, &walk->inverse, n, sizeof *walk->inverse, err));
    gx__sums sums = gx__sweep_run(&walk->sweep, begin_block, &b);
    walk->strongest = sums.most[0];
    walk->leak = sums.of[LEAK];
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

void gx__walk_finish(gx__walk *walk) {
    gx_job *job = walk->sweep.job;
    if (job) {
        gx_job_free(job, walk->share[0]);
        gx_job_free(job, walk->share[1]);
        gx_job_free(job, walk->inverse);
        gx__sweep_finish(&walk->sweep);
    }
    walk->share[0] = walk->share[1] = walk->inverse = NULL;
}

static void step_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    gx__walk *w = user;
    const double *share = w->share[0];
    double *fresh = w->share[1], length = 0, leak = 0;
    for (uint32_t v = first; v < end; v++) {
        double score = w->damping * gx__pull(&w->in, share, v) + w->refill * gx__walk_start(w, v);
        length += fabs(score - w->score[v]);
        w->score[v] = score;
        fresh[v] = score * w->inverse[v];
        leak += leak_of(w, v, fresh[v]);
    }
    sums->of[LENGTH] = length;
    sums->of[LEAK] = leak;
}

double gx__walk_step(gx__walk *walk) {
    walk->refill = 1 - walk->damping + walk->damping * walk->leak;
    gx__sums sums = gx__sweep_run(&walk->sweep, step_block, walk);
    double *fresh = walk->share[1];
    walk->share[1] = walk->share[0];
    walk->share[0] = fresh;
    walk->leak = sums.of[LEAK];
    return sums.of[LENGTH];
}

/* ---- from a score found in another way ------------------------------------------------------ */

typedef struct scaling {
    gx__walk *walk;
    double factor;
} scaling;

static void sum_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const scaling *s = user;
    for (uint32_t v = first; v < end; v++) {
        sums->of[0] += s->walk->score[v];
    }
}

static void scale_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const scaling *s = user;
    gx__walk *w = s->walk;
    for (uint32_t v = first; v < end; v++) {
        w->score[v] *= s->factor;
        w->share[0][v] = w->score[v] * w->inverse[v];
        sums->of[LEAK] += leak_of(w, v, w->share[0][v]);
    }
}

void gx__walk_settle(gx__walk *walk) {
    scaling s = {.walk = walk};
    s.factor = 1 / gx__sweep_run(&walk->sweep, sum_block, &s).of[0];
    walk->leak = gx__sweep_run(&walk->sweep, scale_block, &s).of[LEAK];
}
