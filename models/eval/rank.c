/* Lists of members in blocks, so that the scores take a fixed room. A list is one thread's work:
 * the same at any thread count. */
#include "models/eval/rank.h"

#include "models/factors.h"
#include "models/parallel.h"
#include "models/scoring.h"

#include <math.h>

enum { BLOCK_BYTES = 16 << 20, BLOCK_MEMBERS = 512, BLOCK_LEAST = 16 };

gx_status gx__ranker_open(gx__ranker *out, const gx_judged *what, const gx_matrix *fit,
                          const gx_matrix *history, uint32_t longest, gx_job *job, gx_error *err) {
    gx__ranker r = {
        .what = what, .fit = fit, .history = history, .items = fit->cols, .longest = longest};
    const uint64_t fits = BLOCK_BYTES / ((uint64_t)r.items * sizeof(float) + 1);
    gx_status status;
    r.block = fits > BLOCK_MEMBERS || !what->model ? BLOCK_MEMBERS
              : fits < BLOCK_LEAST                 ? BLOCK_LEAST
                                                   : (uint32_t)fits;
    const uint64_t places = (uint64_t)r.block * longest;
    const uint64_t cells = what->model ? (uint64_t)r.block * r.items : 0;
    GX_TRY(gx_job_alloc(job, &r.scores, cells, sizeof *r.scores, err));
    GX_TRY(gx_job_alloc(job, &r.ranked, what->model ? places : 0, sizeof *r.ranked, err));
    GX_TRY(gx_job_alloc(job, &r.list, places, sizeof *r.list, err));
    GX_TRY(gx_job_alloc(job, &r.length, r.block, sizeof *r.length, err));
    GX_TRY(gx_job_alloc(job, &r.member, r.block, sizeof *r.member, err));
    GX_TRY(gx_job_alloc(job, &r.row, r.block, sizeof *r.row, err));
    GX_TRY(gx__ones_make(&r.ones, gx__longest_row(history, 0, history->rows), job, err));
    *out = r;
done:
    if (status != GX_OK) {
        gx__ranker_close(&r, job);
    }
    return status;
}

void gx__ranker_close(gx__ranker *ranker, gx_job *job) {
    gx_job_free(job, ranker->scores);
    gx_job_free(job, ranker->ranked);
    gx_job_free(job, ranker->list);
    gx_job_free(job, ranker->length);
    gx_job_free(job, ranker->member);
    gx_job_free(job, ranker->row);
    gx_job_free(job, ranker->ones);
    *ranker = (gx__ranker){0};
}

static gx_status score_one(const gx__ranker *r, uint32_t u, float *scores, gx_error *err) {
    gx_history history = gx__row_history(r->history, u, r->ones);
    bool folded;
    history.user = r->history == r->fit ? u : GX_NONE;
    return r->what->model->score(scores, &folded, r->what->state, &history, err);
}

static gx_status fold_one(const gx__ranker *r, uint32_t b, float *w, gx_error *err) {
    const uint32_t u = r->member[b];
    gx_history history = gx__row_history(r->history, u, r->ones);
    gx_factors factors;
    bool folded;
    history.user = r->history == r->fit ? u : GX_NONE;
    return r->what->model->fold(&factors, w, &folded, r->what->state, &history, false, err);
}

/* A model whose scores are products of factors: each member's factors, then all products at once,
 * so that the items' factors are read once for all. */
static gx_status score_folded(const gx__ranker *r, gx_job *job, gx_error *err) {
    const gx_history none = {.user = GX_NONE};
    gx_status status;
    gx_error why = {0};
    gx_factors f;
    float *w = NULL;
    bool folded;
    GX_TRY(r->what->model->fold(&f, NULL, &folded, r->what->state, &none, false, err));
    GX_TRY(gx_job_alloc(job, &w, (size_t)r->count * f.d, sizeof *w, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < r->count; b++) {
        gx_error mine = {0};
        const gx_status one =
            gx_job_should_stop(job) ? GX_OK : fold_one(r, b, w + (size_t)b * f.d, &mine);
        if (one != GX_OK) {
#pragma omp critical(gx__rank)
            {
                status = one;
                why = mine;
            }
        }
    }
    if (status != GX_OK) {
        if (err) {
            *err = why;
        }
        goto done;
    }
    f.user = w;
    f.users = r->count;
    status = gx__factors_block(r->scores, &f, 0, r->count, job, err);
done:
    gx_job_free(job, w);
    return status;
}

/* Members held out whole or few among many, or a model without a faster way: one by one. */
static gx_status score_each(const gx__ranker *r, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_error why = {0};
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < r->count; b++) {
        gx_error mine = {0};
        const gx_status one =
            gx_job_should_stop(job)
                ? GX_OK
                : score_one(r, r->member[b], r->scores + (size_t)r->row[b] * r->items, &mine);
        if (one != GX_OK) {
#pragma omp critical(gx__rank)
            {
                status = one;
                why = mine;
            }
        }
    }
    if (status != GX_OK && err) {
        *err = why;
    }
    return status == GX_OK ? gx_job_check(job, err) : status;
}

static void take_given(const gx__ranker *r, uint32_t b) {
    const gx_lists *given = r->what->lists;
    const uint8_t *only = r->what->only;
    const uint32_t u = r->member[b];
    const uint64_t from = u < given->rows ? given->ptr[u] : 0;
    const uint64_t to = u < given->rows ? given->ptr[u + 1] : 0;
    uint32_t length = 0;
    for (uint64_t k = from; k < to && length < r->longest; k++) {
        const uint32_t item = given->item[k];
        if (!only || item == GX_NONE || (item < r->items && only[item])) {
            r->list[(size_t)b * r->longest + length++] = item;
        }
    }
    r->length[b] = length;
}

static gx_status rank_scores(const gx__ranker *r, uint32_t b, gx_error *err) {
    const uint32_t u = r->member[b];
    const uint8_t *only = r->what->only;
    float *scores = r->scores + (size_t)r->row[b] * r->items;
    gx_scored *ranked = r->ranked + (size_t)b * r->longest;
    if (r->what->adjust) {
        const gx_status status = r->what->adjust(scores, r->items, r->what->with, err);
        if (status != GX_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; only && i < r->items; i++) {
        scores[i] = only[i] ? scores[i] : -INFINITY;
    }
    for (uint64_t k = r->history->ptr[u]; k < r->history->ptr[u + 1]; k++) {
        scores[r->history->col[k]] = -INFINITY;
    }
    r->length[b] = gx_top(ranked, r->longest, scores, r->items, NULL, -INFINITY);
    for (uint32_t k = 0; k < r->length[b]; k++) {
        r->list[(size_t)b * r->longest + k] = ranked[k].item;
    }
    return GX_OK;
}

/* The lists of the block, each one thread's work. */
static gx_status rank_block(const gx__ranker *r, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_error why = {0};
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t b = 0; b < r->count; b++) {
        gx_error mine = {0};
        gx_status one = GX_OK;
        if (r->what->model) {
            one = rank_scores(r, b, &mine);
        } else {
            take_given(r, b);
        }
        if (one != GX_OK) {
#pragma omp critical(gx__rank)
            {
                status = one;
                why = mine;
            }
        }
    }
    if (status != GX_OK && err) {
        *err = why;
    }
    return status == GX_OK ? gx_job_check(job, err) : status;
}

/* A run of members is scored as a block, those not wanted too, where enough of it is wanted. */
static bool take_run(gx__ranker *r, uint32_t first, uint32_t count, const uint8_t *wanted) {
    const gx_model *model = r->what->model;
    r->count = 0;
    for (uint32_t k = 0; k < count; k++) {
        if (wanted[first + k]) {
            r->member[r->count] = first + k;
            r->row[r->count++] = k;
        }
    }
    return model && model->score_block && r->history == r->fit && r->count >= count / 4;
}

static uint32_t take_some(gx__ranker *r, uint32_t first, uint32_t users, const uint8_t *wanted) {
    r->count = 0;
    for (; first < users && r->count < r->block; first++) {
        if (wanted[first]) {
            r->row[r->count] = r->count;
            r->member[r->count++] = first;
        }
    }
    return first;
}

gx_status gx__rank_next(gx__ranker *r, uint32_t *at, uint32_t users, const uint8_t *wanted,
                        gx_job *job, gx_error *err) {
    const gx_model *model = r->what->model;
    gx_status status = GX_OK;
    while (*at < users && !wanted[*at]) {
        ++*at;
    }
    const uint32_t count = users - *at < r->block ? users - *at : r->block;
    if (take_run(r, *at, count, wanted)) {
        status = model->score_block(r->scores, r->what->state, r->fit, *at, count, job, err);
        *at += count;
    } else {
        *at = take_some(r, *at, users, wanted);
        status = !model ? GX_OK : model->fold ? score_folded(r, job, err) : score_each(r, job, err);
    }
    return status == GX_OK ? rank_block(r, job, err) : status;
}

/* ---- lists that are kept -----------------------------------------------------------------------
 */

/* The block's lists behind those that are there, and the members between without one. */
static void keep_block(gx_lists *out, const gx__ranker *r, uint32_t *done, uint32_t next) {
    for (uint32_t b = 0; b < r->count; b++) {
        for (; *done < r->member[b]; ++*done) {
            out->ptr[*done + 1] = out->ptr[*done];
        }
        const uint64_t at = out->ptr[*done];
        if (r->length[b]) {
            memcpy(out->item + at, r->list + (size_t)b * r->longest,
                   r->length[b] * sizeof *out->item);
        }
        out->ptr[++*done] = at + r->length[b];
    }
    for (; *done < next; ++*done) {
        out->ptr[*done + 1] = out->ptr[*done];
    }
}

gx_status gx_make_lists(gx_lists *out, const gx_judged *what, const gx_matrix *fit,
                        const gx_matrix *history, const uint8_t *wanted, uint32_t longest,
                        gx_job *job, gx_error *err) {
    gx__ranker r = {0};
    gx_lists made = {.rows = fit->rows};
    uint64_t members = 0;
    gx_status status;
    for (uint32_t u = 0; u < fit->rows; u++) {
        members += wanted[u] != 0;
    }
    gx_job_stage(job, "eval: ranking", fit->rows);
    GX_TRY(gx__ranker_open(&r, what, fit, history, longest, job, err));
    GX_TRY(gx_job_alloc(job, &made.ptr, fit->rows + 1ULL, sizeof *made.ptr, err));
    GX_TRY(gx_job_alloc(job, &made.item, members * longest, sizeof *made.item, err));
    for (uint32_t u = 0, done = 0; u < fit->rows;) {
        GX_TRY(gx__rank_next(&r, &u, fit->rows, wanted, job, err));
        keep_block(&made, &r, &done, u);
        gx_job_tick(job, u);
    }
    *out = made;
done:
    gx__ranker_close(&r, job);
    if (status != GX_OK) {
        gx_lists_finish(&made, job);
    }
    return status;
}

void gx_lists_finish(gx_lists *lists, gx_job *job) {
    gx_job_free(job, lists->ptr);
    gx_job_free(job, lists->item);
    *lists = (gx_lists){0};
}
