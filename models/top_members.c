/* Lists for everybody. Where scores are products of factors, a block of members is multiplied with
 * a tile of items, and each member's row of the tile, still in the second-level cache, is compared
 * with the least of the n best so far (top.c): scores are never written to memory. Time 2 d
 * operations a pair of member and item at the rate of sgemm; the comparison reads a float a pair at
 * the speed of the cache. Otherwise a block of members is scored by the model and then searched. */
#include "models/blas.h"
#include "models/scoring.h"
#include "models/top.h"

#include <math.h>

enum {
    MEMBERS = 256, /* of a block of factors */
    TILE = 512,    /* items */
    BLOCK_BYTES = 16 << 20,
    BLOCK_MEMBERS = 512
};

/* What is asked, and where the answer goes. */
typedef struct lists {
    gx_scored *out;
    uint32_t *length;
    uint32_t n, first, count, items;
    const gx_matrix *history;
    const uint8_t *skip;
} lists;

/* ---- by factors -------------------------------------------------------------------------------
 */

/* One thread's own. */
typedef struct tile {
    float *scores; /* MEMBERS × TILE */
    gx__top *top;  /* MEMBERS */
    uint64_t *at;  /* MEMBERS: the next entry of the history */
} tile;

/* The member's own items of the tile are left out. */
static void leave_out(float *scores, const gx_matrix *m, uint64_t *at, uint64_t end, uint32_t from,
                      uint32_t width) {
    for (; *at < end && m->col[*at] < from + width; (*at)++) {
        scores[m->col[*at] - from] = -INFINITY;
    }
}

static void rank_tile(const lists *l, const tile *t, uint32_t begin, uint32_t members,
                      uint32_t from, uint32_t width) {
    for (uint32_t k = 0; k < members; k++) {
        float *scores = t->scores + (size_t)k * width;
        const uint32_t u = l->first + begin + k;
        leave_out(scores, l->history, t->at + k, l->history->ptr[u + 1], from, width);
        gx__top_add(t->top + k, scores, from, width, l->skip ? l->skip + from : NULL);
    }
}

static void rank_block(const lists *l, const gx_factors *f, const tile *t, uint32_t begin,
                       uint32_t members, gx_job *job) {
    const int d = (int)f->d;
    for (uint32_t k = 0; k < members; k++) {
        t->top[k] =
            (gx__top){.heap = l->out + (size_t)(begin + k) * l->n, .n = l->n, .limit = -INFINITY};
        t->at[k] = l->history->ptr[l->first + begin + k];
    }
    for (uint32_t from = 0; from < l->items && !gx_job_should_stop(job); from += TILE) {
        const uint32_t width = l->items - from < TILE ? l->items - from : TILE;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)members, (int)width, d, 1,
                    f->user + (size_t)(l->first + begin) * f->d, d, f->item + (size_t)from * f->d,
                    d, 0, t->scores, (int)width);
        rank_tile(l, t, begin, members, from, width);
    }
    for (uint32_t k = 0; k < members; k++) {
        l->length[begin + k] = gx__top_end(t->top + k);
    }
}

static size_t tile_bytes(void) {
    return MEMBERS * (TILE * sizeof(float) + sizeof(gx__top) + sizeof(uint64_t));
}

static tile tile_at(char *bytes) {
    tile t = {.scores = (float *)(void *)bytes};
    t.top = (gx__top *)(void *)(t.scores + MEMBERS * TILE);
    t.at = (uint64_t *)(void *)(t.top + MEMBERS);
    return t;
}

static gx_status by_factors(const lists *l, const gx_factors *f, gx_job *job, gx_error *err) {
    char *bytes;
    gx_status status =
        gx_job_alloc(job, &bytes, (size_t)job->threads * tile_bytes(), sizeof *bytes, err);
    if (status != GX_OK) {
        return status;
    }
    const int before = gx__blas_enter();
    const uint32_t blocks = l->count / MEMBERS + 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < blocks; b++) {
        const uint32_t begin = b * MEMBERS, left = l->count - begin;
        if (left > 0 && !gx_job_should_stop(job)) {
            const tile t = tile_at(bytes + (size_t)gx__worker() * tile_bytes());
            rank_block(l, f, &t, begin, left < MEMBERS ? left : MEMBERS, job);
        }
    }
    gx__blas_leave(before);
    gx_job_free(job, bytes);
    return gx_job_check(job, err);
}

/* ---- by scores --------------------------------------------------------------------------------
 */

static uint32_t block_members(uint32_t items, uint32_t count) {
    const uint64_t fit = BLOCK_BYTES / ((uint64_t)items * sizeof(float) + 1) + 1;
    const uint32_t most = count < BLOCK_MEMBERS ? count : BLOCK_MEMBERS;
    return fit < most ? (uint32_t)fit : most;
}

/* One by one, where the model has no faster way. */
static gx_status score_each(float *scores, float *ones, const lists *l, const gx_model *model,
                            const void *state, uint32_t begin, uint32_t members, gx_job *job,
                            gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *m = l->history;
    for (uint32_t k = 0; k < members && status == GX_OK; k++) {
        const uint32_t u = l->first + begin + k;
        const gx_history h = gx__row_history(m, u, ones);
        bool folded;
        status = model->score(scores + (size_t)k * l->items, &folded, state, &h, err);
        if (status == GX_OK) {
            status = gx_job_check(job, err);
        }
    }
    return status;
}

static void rank_scores(const lists *l, float *scores, uint32_t begin, uint32_t members,
                        gx_job *job) {
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t k = 0; k < members; k++) {
        float *own = scores + (size_t)k * l->items;
        const uint32_t u = l->first + begin + k;
        uint64_t at = l->history->ptr[u];
        leave_out(own, l->history, &at, l->history->ptr[u + 1], 0, l->items);
        l->length[begin + k] =
            gx_top(l->out + (size_t)(begin + k) * l->n, l->n, own, l->items, l->skip, -INFINITY);
    }
}

static gx_status by_scores(const lists *l, const gx_model *model, const void *state, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    float *scores = NULL, *ones = NULL;
    const uint32_t block = block_members(l->items, l->count);
    GX_TRY(gx_job_alloc(job, &scores, (size_t)block * l->items, sizeof *scores, err));
    GX_TRY(gx__ones_make(&ones, l->items, job, err));
    for (uint32_t begin = 0; begin < l->count; begin += block) {
        const uint32_t members = l->count - begin < block ? l->count - begin : block;
        GX_TRY(
            model->score_block
                ? model->score_block(scores, state, l->history, l->first + begin, members, job, err)
                : score_each(scores, ones, l, model, state, begin, members, job, err));
        rank_scores(l, scores, begin, members, job);
        GX_TRY(gx_job_check(job, err));
    }
done:
    gx_job_free(job, scores);
    gx_job_free(job, ones);
    return status;
}

gx_status gx_top_members(gx_scored *out, uint32_t *out_length, uint32_t n, const gx_model *model,
                         const void *state, const gx_matrix *history, uint32_t items,
                         uint32_t first, uint32_t count, const uint8_t *skip, gx_job *job,
                         gx_error *err) {
    const lists l = {.out = out,
                     .length = out_length,
                     .n = n,
                     .first = first,
                     .count = count,
                     .items = items,
                     .history = history,
                     .skip = skip};
    if (items == 0 || count == 0) {
        memset(out_length, 0, count * sizeof *out_length);
        return GX_OK;
    }
    if (!model->factors) {
        return by_scores(&l, model, state, job, err);
    }
    gx_factors f;
    model->factors(&f, state);
    return by_factors(&l, &f, job, err);
}

uint64_t gx_top_members_bytes(const gx_model *model, uint32_t items, uint32_t count, int threads) {
    return model->factors ? (uint64_t)threads * tile_bytes()
                          : ((uint64_t)block_members(items, count) + 1) * items * sizeof(float);
}
