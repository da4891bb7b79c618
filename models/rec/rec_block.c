/* Scores of a block of members at once. One by one, the factors of all items are read from memory
 * for every member, and that is most of the time a list takes where they do not fit into the cache;
 * here they are read once for the block, a tile of items at a time. Time 2 d operations a member
 * and item at the rate of sgemm. */
#include "models/rec/rec_parts.h"

#include "models/blas.h"

enum {
    TILE = 512,            /* items */
    FACTORS_MIN = 1 << 18, /* floats: what fits into the second-level cache is as fast one by one */
    FOLD_BYTES = 64 << 20  /* of the scores of a block, as long as it is of four members at least */
};

static bool is_worth_it(const gx_factors *f, const gx_rec *rec) {
    return f->items == rec->items && (double)f->items * f->d >= FACTORS_MIN;
}

static bool factors_of(gx_factors *out, const gx_rec *rec) {
    if (!rec->model || !rec->model->factors || !rec->model->score_items) {
        return false;
    }
    rec->model->factors(out, rec->model_state);
    return is_worth_it(out, rec);
}

bool gx_rec_scores_blocks(const gx_rec *rec) {
    gx_factors f;
    return factors_of(&f, rec);
}

/* Whether the fitted row is the answer to the history as it is now: the same items, and weights
 * that have not faded since. */
static gx_status is_fitted(bool *out, const gx_rec *rec, const gx_rec_member *member,
                           const gx_factors *f, gx_error *err) {
    static const uint32_t first = 0;
    const gx_history *history = &member->history;
    int64_t last = INT64_MIN;
    uint32_t likes = 0;
    bool folded = true;
    float score;
    *out = false;
    for (uint32_t k = 0; k < history->count; k++) {
        likes += history->weight[k] > 0 ? 1 : 0;
        last = history->ts && history->ts[k] > last ? history->ts[k] : last;
    }
    if (likes == 0 || member->user >= f->users || member->user >= rec->users ||
        member->now_ms != rec->newest_ms || !rec->history_count ||
        rec->history_count[member->user] != likes || last > rec->newest_ms) {
        return GX_OK;
    }
    gx_status status =
        rec->model->score_items(&score, &folded, rec->model_state, history, true, &first, 1, err);
    *out = status == GX_OK && !folded;
    return status;
}

/* The products of a block's rows with all items. Rows of members that are not there are 0, and are
 * multiplied too: so a row's scores are the same whoever else is in the block. */
static gx_status multiply(float *out, uint32_t width, const float *rows, uint32_t count,
                          const gx_factors *f, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const int before = gx__blas_enter();
    for (uint32_t from = 0; status == GX_OK && from < f->items; from += TILE) {
        const uint32_t tile = f->items - from < TILE ? f->items - from : TILE;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)tile, (int)f->d, 1,
                    rows, (int)f->d, f->item + (size_t)from * f->d, (int)f->d, 0, out + from,
                    (int)width);
        status = from / TILE % 64 == 63 ? gx_job_check(job, err) : GX_OK;
    }
    gx__blas_leave(before);
    return status;
}

static gx_status rows_make(float **out, uint32_t block, const gx_factors *f, gx_error *err) {
    *out = gx_alloc0((size_t)block * f->d, sizeof **out);
    return *out ? GX_OK : gx_fail_memory(err, (size_t)block * f->d * sizeof **out);
}

gx_status gx_rec_score_members(float *out, uint32_t width, bool *made, const gx_rec *rec,
                               const gx_rec_member *const *members, uint32_t count, gx_job *job,
                               gx_error *err) {
    gx_factors f;
    float *rows = NULL;
    gx_status status = GX_OK;
    memset(made, 0, count * sizeof *made);
    if (!factors_of(&f, rec)) {
        return GX_OK;
    }
    GX_TRY(rows_make(&rows, GX_REC_BLOCK, &f, err));
    for (uint32_t k = 0; k < count; k++) {
        GX_TRY(is_fitted(&made[k], rec, members[k], &f, err));
        if (made[k]) {
            memcpy(rows + (size_t)k * f.d, f.user + (size_t)members[k]->user * f.d,
                   f.d * sizeof *rows);
        }
    }
    status = multiply(out, width, rows, count, &f, job, err);
done:
    gx_free(rows);
    return status;
}

static bool folds(gx_factors *out, const gx_rec *rec) {
    return rec->model && rec->model->fold &&
           rec->model->fold(out, NULL, NULL, rec->model_state, NULL, false, NULL) == GX_OK &&
           is_worth_it(out, rec);
}

uint32_t gx_rec_fold_block_of(uint32_t items, double factors) {
    const uint64_t fit = FOLD_BYTES / ((items + 1ULL) * sizeof(float));
    if ((double)items * factors < FACTORS_MIN) {
        return 0;
    }
    return fit < 4 ? 4 : fit < GX_REC_FOLD_BLOCK ? (uint32_t)fit : GX_REC_FOLD_BLOCK;
}

uint32_t gx_rec_fold_block(const gx_rec *rec) {
    gx_factors f;
    return folds(&f, rec) ? gx_rec_fold_block_of(f.items, f.d) : 0;
}

gx_status gx_rec_fold_members(float *out, uint32_t width, bool *made, const gx_rec *rec,
                              const gx_rec_member *const *members, uint32_t count, gx_job *job,
                              gx_error *err) {
    gx_factors f;
    float *rows = NULL;
    gx_status status = GX_OK;
    memset(made, 0, count * sizeof *made);
    if (!folds(&f, rec)) {
        return GX_OK;
    }
    GX_TRY(rows_make(&rows, gx_rec_fold_block(rec), &f, err));
    for (uint32_t k = 0; k < count; k++) {
        bool folded;
        GX_TRY(rec->model->fold(&f, rows + (size_t)k * f.d, &folded, rec->model_state,
                                &members[k]->history, false, err));
        made[k] = true;
    }
    status = multiply(out, width, rows, gx_rec_fold_block(rec), &f, job, err);
done:
    gx_free(rows);
    return status;
}
