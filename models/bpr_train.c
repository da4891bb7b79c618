/* Stochastic gradient descent on BPR-Opt (Rendle et al. 2009, algorithm LearnBPR):
 *
 *   Σ over events (u, i) and items j that u has not    ln σ(w_u·h_i − w_u·h_j) − λ/2 (|w_u|² +
 * |h_i|² + |h_j|²)
 *
 * An event is taken once an epoch instead of being drawn, with one j: of `candidates` drawn ones
 * the one that scores highest, which is the one whose gradient has not vanished yet (dynamic
 * negative sampling, Zhang et al. 2013). A dislike is a pair turned around: j is to come before i.
 *
 * Two steps at once must not share a row, and the result must not depend on who comes first. So
 * members are cut into stripes of about as many events, items by a draw into as many blocks, anew
 * every epoch, and in a part s of the epoch stripe p takes its events in block (p + s) mod blocks
 * and draws j from that block too: nobody else touches the stripe's members or the block's items
 * (Gemulla et al. 2011, for matrix completion). The streams of random numbers are those of the pair
 * of stripe and block. Fewer items get fewer blocks, down to one.
 *
 * Time O(epochs · events · (candidates + 3) d). Memory 4 bytes an event and 5 an item beside the
 * factors. A block's items, a sixteenth, are meant to lie in the second-level cache. */
#include "models/bpr.h"

#include "models/parallel.h"

#include <math.h>

enum {
    LOOK = 256,            /* steps between looks at whether to stop */
    SHARED_ITEMS = 1 << 16 /* fewer are not worth several threads */
};

#define WEIGHT_MAX 8.0

typedef struct trainer {
    const gx_matrix *history;
    const gx__bpr *how;
    float *user, *item;
    uint32_t blocks;
    uint32_t from[GX__BPR_BLOCKS + 1]; /* members of stripe p: from[p] … from[p + 1] − 1 */
    uint8_t *block_of;                 /* items */
    uint32_t *in_block;                /* items by block */
    uint32_t block_at[GX__BPR_BLOCKS + 1];
    /* Events of a stripe by block, counted from the stripe's first. */
    uint32_t *order;
    uint64_t cell_at[GX__BPR_BLOCKS][GX__BPR_BLOCKS + 1];
    uint64_t seed; /* of the epoch */
    float rate;
} trainer;

float gx__bpr_weight(const gx__bpr *how, double value) {
    return (float)fmin(fabs(value) / how->unit, WEIGHT_MAX);
}

void gx__bpr_start(float *factor, uint32_t rows, uint32_t d, uint64_t seed, gx_job *job) {
    const double width = 0.2 * sqrt(3);
    const uint32_t runs = rows / LOOK + 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t run = 0; run < runs; run++) {
        const uint32_t end = rows - run * LOOK < LOOK ? rows : (run + 1) * LOOK;
        for (uint32_t r = run * LOOK; r < end && !gx_job_should_stop(job); r++) {
            gx_rng rng = gx_rng_at(seed, r);
            for (uint32_t j = 0; j < d; j++) {
                factor[(size_t)r * d + j] = (float)(width * (gx_rng_real(&rng) - 0.5));
            }
        }
    }
}

/* ---- an epoch's blocks ---------------------------------------------------------------------- */

static uint32_t blocks_for(uint32_t items) {
    const uint32_t fit = items / GX__BPR_BLOCK_LEAST;
    return fit < 1 ? 1 : fit < GX__BPR_BLOCKS ? fit : GX__BPR_BLOCKS;
}

/* About as many events a stripe; a member is in one. */
static void cut_stripes(trainer *t) {
    const gx_matrix *h = t->history;
    uint32_t u = 0;
    for (uint32_t p = 0; p < t->blocks; p++) {
        t->from[p] = u;
        const uint64_t end = h->nnz / t->blocks * (p + 1);
        while (u < h->rows && h->ptr[u] < end) {
            u++;
        }
    }
    t->from[t->blocks] = h->rows;
}

static void draw_blocks(trainer *t, int threads) {
    const uint32_t items = t->history->cols, blocks = t->blocks;
#pragma omp parallel for schedule(static) num_threads(threads) if (items > SHARED_ITEMS)
    for (uint32_t i = 0; i < items; i++) {
        t->block_of[i] = (uint8_t)(gx_mix64(t->seed ^ gx_mix64(i)) % blocks);
    }
    uint32_t count[GX__BPR_BLOCKS] = {0};
    for (uint32_t i = 0; i < items; i++) {
        count[t->block_of[i]]++;
    }
    t->block_at[0] = 0;
    for (uint32_t b = 0; b < blocks; b++) {
        t->block_at[b + 1] = t->block_at[b] + count[b];
        count[b] = t->block_at[b];
    }
    for (uint32_t i = 0; i < items; i++) {
        t->in_block[count[t->block_of[i]]++] = i;
    }
}

static void order_stripe(trainer *t, uint32_t p) {
    const gx_matrix *h = t->history;
    const uint64_t begin = h->ptr[t->from[p]], end = h->ptr[t->from[p + 1]];
    uint64_t *at = t->cell_at[p], next[GX__BPR_BLOCKS] = {0};
    for (uint64_t k = begin; k < end; k++) {
        next[t->block_of[h->col[k]]]++;
    }
    at[0] = begin;
    for (uint32_t b = 0; b < t->blocks; b++) {
        at[b + 1] = at[b] + next[b];
        next[b] = at[b];
    }
    for (uint64_t k = begin; k < end; k++) {
        t->order[next[t->block_of[h->col[k]]]++] = (uint32_t)(k - begin);
    }
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* Of `candidates` drawn from the block the one hardest to tell apart: the highest score below a
 * liked item, the lowest above a disliked one. GX_NONE: the member has all that were drawn. */
GX__BPR_INLINE uint32_t draw_other(float *out_score, const trainer *t, uint32_t u, uint32_t b,
                                   const float *w, float sign, gx_rng *rng) {
    const uint32_t *items = t->in_block + t->block_at[b];
    const uint32_t count = t->block_at[b + 1] - t->block_at[b], d = t->how->d;
    uint32_t other = GX_NONE;
    float best = 0;
    for (uint32_t c = 0; c < t->how->candidates; c++) {
        const uint32_t j = items[gx_rng_below(rng, count)];
        const float score = sign * gx__bpr_dot(w, t->item + (size_t)j * d, d);
        if ((other == GX_NONE || score > best) && gx_matrix_find(t->history, u, j) == UINT64_MAX) {
            other = j;
            best = score;
        }
    }
    *out_score = best;
    return other;
}

/* w·(h_i − h_j) grows by the gradient, g being the rate times σ(−x) with the sign. */
GX__BPR_INLINE void move(float *w, float *hi, float *hj, float g, float shrink, uint32_t d) {
    for (uint32_t j = 0; j < d; j += GX__BPR_LANES) {
        gx__bpr_lanes *pw = (gx__bpr_lanes *)(w + j), *pi = (gx__bpr_lanes *)(hi + j);
        gx__bpr_lanes *pj = (gx__bpr_lanes *)(hj + j);
        const gx__bpr_lanes own = *pw, liked = *pi, other = *pj;
        *pw = own + (g * (liked - other) - shrink * own);
        *pi = liked + (g * own - shrink * liked);
        *pj = other - (g * own + shrink * other);
    }
}

GX__BPR_INLINE void step(const trainer *t, uint32_t u, uint32_t b, uint64_t k, gx_rng *rng) {
    const uint32_t d = t->how->d;
    const double value = gx_matrix_value(t->history, k);
    float *w = t->user + (size_t)u * d, *hi = t->item + (size_t)t->history->col[k] * d, theirs;
    const float sign = value > 0 ? 1 : -1;
    const uint32_t j = value == 0 ? GX_NONE : draw_other(&theirs, t, u, b, w, sign, rng);
    if (j != GX_NONE) {
        const float x = sign * gx__bpr_dot(w, hi, d) - theirs;
        const float weight = t->rate * gx__bpr_weight(t->how, value);
        move(w, hi, t->item + (size_t)j * d, sign * weight / (1 + expf(x)),
             weight * (float)t->how->regularisation, d);
    }
}

GX__CLONES static void train_cell(const trainer *t, uint32_t p, uint32_t b, gx_job *job) {
    const uint64_t *ptr = t->history->ptr, begin = ptr[t->from[p]];
    gx_rng rng = gx_rng_at(t->seed, p * GX__BPR_BLOCKS + b);
    uint32_t u = t->from[p];
    for (uint64_t at = t->cell_at[p][b]; at < t->cell_at[p][b + 1]; at++) {
        if (at % LOOK == 0 && gx_job_should_stop(job)) {
            return;
        }
        const uint64_t k = begin + t->order[at];
        while (ptr[u + 1] <= k) {
            u++;
        }
        step(t, u, b, k, &rng);
    }
}

static void train_epoch(trainer *t, gx_job *job) {
    const uint32_t blocks = t->blocks;
    const int threads = job->threads < (int)blocks ? job->threads : (int)blocks;
    draw_blocks(t, threads);
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (uint32_t p = 0; p < blocks; p++) {
        if (!gx_job_should_stop(job)) {
            order_stripe(t, p);
        }
    }
    for (uint32_t s = 0; s < blocks && !gx_job_should_stop(job); s++) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
        for (uint32_t p = 0; p < blocks; p++) {
            train_cell(t, p, (p + s) % blocks, job);
        }
    }
}

gx_status gx__bpr_train(float *user, float *item, const gx_matrix *history, const gx__bpr *how,
                        uint32_t blocks, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    trainer t = {.history = history, .how = how, .user = user, .item = item};
    t.blocks = blocks ? blocks : blocks_for(history->cols);
    /* A stripe's events are numbered in 32 bits; it has at most a history more than its share. */
    if (history->nnz / t.blocks >= UINT32_MAX - (uint64_t)history->cols) {
        return gx_fail(err, GX_OVER_LIMIT, "bpr: %llu events on %u items; accepted are %llu",
                       (unsigned long long)history->nnz, history->cols,
                       (unsigned long long)t.blocks * (UINT32_MAX - (uint64_t)history->cols) - 1);
    }
    GX_TRY(gx_job_alloc(job, &t.block_of, history->cols, sizeof *t.block_of, err));
    GX_TRY(gx_job_alloc(job, &t.in_block, history->cols, sizeof *t.in_block, err));
    GX_TRY(gx_job_alloc(job, &t.order, history->nnz, sizeof *t.order, err));
    cut_stripes(&t);
    gx_job_stage(job, "bpr: epochs", how->epochs);
    for (uint32_t e = 0; e < how->epochs; e++) {
        t.seed = gx_mix64(how->seed ^ gx_mix64(e + 2));
        t.rate = (float)(how->rate * (how->epochs - e) / how->epochs);
        train_epoch(&t, job);
        GX_TRY(gx_job_check(job, err));
        gx_job_tick(job, e + 1);
    }
done:
    gx_job_free(job, t.block_of);
    gx_job_free(job, t.in_block);
    gx_job_free(job, t.order);
    return status;
}

uint64_t gx__bpr_train_bytes(const gx_matrix *history) {
    return history->nnz * sizeof(uint32_t) + (uint64_t)history->cols * 5;
}
