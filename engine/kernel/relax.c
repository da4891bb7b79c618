/* The fixed point of a walk on ties with directions, by Gauss–Seidel between parts.
 *
 * Up to its length the fixed point is the solution of y = refill · start + d P y for any refill,
 * with P = A W⁻¹: members who lead nowhere give nothing back, since what they would give goes to
 * everybody's start alike (Langville and Meyer, Deeper inside PageRank, 2004, section 5.2). Where
 * much ends with them, this settles sooner than with the refill that fits the present y, as steps
 * of the walk have it; where little does, the length of y is what settles last, and the fitting
 * refill spares it. So it is fitted only after a sweep that was slow.
 *
 * Members are done in up to PARTS parts, one after the other, and each sees what those before it
 * have just become. Within a part everybody sees the part as it was, so the threads may share it,
 * and the result is the same at any number of them. */
#include "engine/kernel/walk.h"

#include <math.h>

enum { PARTS = 64, BLOCKS_LEAST = 4, CHANGE = 0, SUM, END };

static const double SLOW = 0.6;

typedef struct part {
    gx__walk *walk;
    uint32_t from;
} part;

static void part_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const part *p = user;
    gx__walk *w = p->walk;
    const double *share = w->share[0];
    double *fresh = w->share[1], change = 0, sum = 0, at_end = 0;
    for (uint32_t v = p->from + first; v < p->from + end; v++) {
        double score = w->damping * gx__pull(&w->in, share, v) + w->refill * gx__walk_start(w, v);
        change += fabs(score - w->score[v]);
        sum += score;
        at_end += w->inverse[v] > 0 ? 0 : score;
        w->score[v] = score;
        fresh[v] = score * w->inverse[v];
    }
    sums->of[CHANGE] = change;
    sums->of[SUM] = sum;
    sums->of[END] = at_end;
}

/* Over all members once; the sums of all parts. */
static gx__sums relax_all(gx__walk *w) {
    uint32_t n = w->sweep.n, size = (n + PARTS - 1) / PARTS;
    size = size > BLOCKS_LEAST * GX__SWEEP_BLOCK ? size : BLOCKS_LEAST * GX__SWEEP_BLOCK;
    gx__sums all = {{0}, {0}};
    for (uint32_t from = 0, count; from < n; from += count) {
        count = n - from < size ? n - from : size;
        part p = {w, from};
        gx__sweep sweep = w->sweep;
        sweep.n = count;
        gx__sums sums = gx__sweep_run(&sweep, part_block, &p);
        memcpy(w->share[0] + from, w->share[1] + from, count * sizeof(double));
        for (int k = CHANGE; k <= END; k++) {
            all.of[k] += sums.of[k];
        }
    }
    return all;
}

gx_status gx__walk_relax(uint32_t *out_sweeps, gx__walk *walk, double length, uint32_t most,
                         gx_error *err) {
    gx_job *job = walk->sweep.job;
    double before = 0;
    walk->refill = 1 - walk->damping;
    for (*out_sweeps = 0; *out_sweeps < most && walk->sweep.n > 0;) {
        gx__sums sums = relax_all(walk);
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        gx_job_tick(job, ++*out_sweeps);
        /* The next step would be about as long as the next change of a sweep. */
        double change = sums.of[CHANGE] / sums.of[SUM];
        double ratio = before > 0 ? fmin(change / before, 1) : 1;
        if (change * ratio <= length) {
            break;
        }
        if (ratio > SLOW && before > 0) {
            walk->refill = sums.of[SUM] - walk->damping * (sums.of[SUM] - sums.of[END]);
        }
        before = change;
    }
    return gx_job_check(job, err);
}
