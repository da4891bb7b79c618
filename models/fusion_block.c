/* The fusion's scores for many members at once.
 *
 * Of each member, in one pass while the row of scores is in the cache: the first part's scores, the
 * candidates, and what the parts say that read rows of events. Of a block of members, the parts
 * that are products of factors: the candidates of all are put in the order of items, so that the
 * factors of an item come from memory once for everyone who wants them, while those of the members
 * stay in the second-level cache. Member by member, 300 rows of factors come from anywhere in
 * memory, which takes as long as all the rest (docs/models.md). */
#include "models/fusion.h"

#include "models/factors.h"
#include "models/parallel.h"
#include "models/scoring.h"

enum {
    MEMBERS = 128,    /* of a block, at most: of 512 floats each they fill 256 KiB */
    ENTRIES = 1 << 18 /* candidates and events of a block, where it has more than one member */
};

/* What is used by one block after the other. */
typedef struct block {
    const gx__fusion_parts *parts;
    const gx_matrix *history;
    uint32_t first, count;
    uint64_t begin[MEMBERS + 1]; /* where each member's items begin */
    gx__fusion_room room[MEMBERS];
    uint32_t *item;     /* of all rooms */
    float *score;       /* of all rooms: parts rows of begin[count] */
    gx__wanted *wanted; /* the same, by rising item */
    uint32_t *place;    /* items + 1: where each item's begin */
    float *factors;     /* of the members, for one part */
    float *ones;        /* the longest history */
    char *scratch;      /* of each thread */
    uint64_t scratch_bytes;
} block;

static uint64_t entries_of(const block *b, uint32_t u) {
    return b->parts->candidates + b->history->ptr[u + 1] - b->history->ptr[u];
}

/* The members from `first` on, of `left`, that make a block. */
static void take_members(block *b, uint32_t first, uint32_t left) {
    b->first = first;
    b->count = 0;
    do {
        b->begin[b->count + 1] = b->begin[b->count] + entries_of(b, first + b->count);
        b->count++;
    } while (b->count < left && b->count < MEMBERS &&
             b->begin[b->count] + entries_of(b, first + b->count) <= ENTRIES);
}

/* Floats of the longest factors that a part has; 0: none has any. */
static gx_status find_width(uint32_t *out, const gx__fusion_parts *parts, gx_error *err) {
    gx_status status = GX_OK;
    *out = 0;
    for (size_t p = 1; status == GX_OK && p < GX__FUSION_PARTS; p++) {
        gx_factors f = {.d = 0};
        if (parts->model[p]->fold) {
            status = parts->model[p]->fold(&f, NULL, NULL, parts->state[p], NULL, false, err);
        }
        *out = f.d > *out ? f.d : *out;
    }
    return status;
}

static gx_status block_make(block *b, uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t longest = gx__longest_row(b->history, first, count);
    uint64_t entries = 0;
    uint32_t width;
    for (uint32_t n = 0; n < count; n += b->count) {
        take_members(b, first + n, count - n);
        entries = b->begin[b->count] > entries ? b->begin[b->count] : entries;
    }
    b->scratch_bytes = gx__fusion_scratch_bytes(b->parts->items, b->parts->candidates, longest);
    GX_TRY(find_width(&width, b->parts, err));
    GX_TRY(gx_job_alloc(job, &b->item, entries, sizeof *b->item, err));
    GX_TRY(gx_job_alloc(job, &b->score, entries * GX__FUSION_PARTS, sizeof *b->score, err));
    GX_TRY(gx_job_alloc(job, &b->wanted, entries, sizeof *b->wanted, err));
    GX_TRY(gx_job_alloc(job, &b->place, (size_t)b->parts->items + 1, sizeof *b->place, err));
    GX_TRY(gx_job_alloc(job, &b->factors, (size_t)MEMBERS * width, sizeof *b->factors, err));
    GX_TRY(gx__ones_make(&b->ones, longest, job, err));
    GX_TRY(gx_job_alloc(job, &b->scratch, (size_t)job->threads, b->scratch_bytes, err));
done:
    return status;
}

static void block_free(block *b, gx_job *job) {
    gx_job_free(job, b->item);
    gx_job_free(job, b->score);
    gx_job_free(job, b->wanted);
    gx_job_free(job, b->place);
    gx_job_free(job, b->factors);
    gx_job_free(job, b->ones);
    gx_job_free(job, b->scratch);
}

/* The k-th member's own pass. `scores` gets the first part's, weighed. */
static gx_status rate_alone(float *scores, block *b, uint32_t k, gx_error *err) {
    const gx__fusion_parts *parts = b->parts;
    const gx_history h = gx__row_history(b->history, b->first + k, b->ones);
    gx__fusion_room *room = &b->room[k];
    bool folded;
    *room = (gx__fusion_room){.item = b->item + b->begin[k],
                              .score = b->score + b->begin[k],
                              .stride = (uint32_t)b->begin[b->count]};
    gx__fusion_scratch_lay(room, b->scratch + (size_t)gx__worker() * b->scratch_bytes, parts->items,
                           parts->candidates);
    gx_status status = parts->model[0]->score(scores, &folded, parts->state[0], &h, err);
    if (status != GX_OK) {
        return status;
    }
    gx__fusion_pick(room, parts, &h, scores);
    const float by = gx__fusion_weigh(room, parts, 0, &h);
    for (uint32_t i = 0; i < parts->items; i++) {
        scores[i] *= by;
    }
    for (size_t p = 1; status == GX_OK && p < GX__FUSION_PARTS; p++) {
        if (!parts->model[p]->fold && gx__fusion_counts(parts, p, &h)) {
            status = gx__fusion_rate_by(room, parts, p, &h, true, err);
        }
    }
    return status;
}

/* What all members want, by rising item; returns how much that is. */
static uint64_t sort_wanted(block *b) {
    const uint32_t items = b->parts->items;
    uint32_t *place = b->place, before = 0;
    memset(place, 0, ((size_t)items + 1) * sizeof *place);
    for (uint32_t k = 0; k < b->count; k++) {
        for (uint32_t c = 0; c < b->room[k].count; c++) {
            place[b->room[k].item[c]]++;
        }
    }
    for (uint32_t i = 0; i < items; i++) {
        const uint32_t own = place[i];
        place[i] = before;
        before += own;
    }
    for (uint32_t k = 0; k < b->count; k++) {
        for (uint32_t c = 0; c < b->room[k].count; c++) {
            const uint32_t item = b->room[k].item[c];
            b->wanted[place[item]++] = (gx__wanted){item, k, (uint32_t)b->begin[k] + c};
        }
    }
    return before;
}

/* By part p, whose scores are products of factors. */
static gx_status rate_together(block *b, size_t p, uint64_t wanted, gx_job *job, gx_error *err) {
    const gx_model *model = b->parts->model[p];
    const void *state = b->parts->state[p];
    gx_factors f;
    gx_status worst = GX_OK;
    gx_status status = model->fold(&f, NULL, NULL, state, NULL, false, err);
    if (status != GX_OK) {
        return status;
    }
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t k = 0; k < b->count; k++) {
        const gx_history h = gx__row_history(b->history, b->first + k, b->ones);
        gx_factors own;
        bool folded;
        const gx_status one =
            model->fold(&own, b->factors + (size_t)k * f.d, &folded, state, &h, true, NULL);
        if (one != GX_OK) {
#pragma omp atomic write
            worst = one;
        }
    }
    if (worst != GX_OK) {
        return gx_fail(err, worst, "the factors of members %u to %u", b->first,
                       b->first + b->count - 1);
    }
    f.user = b->factors;
    f.users = b->count;
    gx__factors_exact_wanted(b->score + p * b->begin[b->count], &f, b->wanted, wanted, job);
    return gx_job_check(job, err);
}

static void add_parts(float *scores, block *b, uint32_t k) {
    const gx_history h = gx__row_history(b->history, b->first + k, b->ones);
    float by[GX__FUSION_PARTS];
    for (size_t p = 1; p < GX__FUSION_PARTS; p++) {
        if (b->parts->model[p]->fold) {
            gx__fusion_measure(&b->room[k], p);
        }
        by[p] = gx__fusion_weigh(&b->room[k], b->parts, p, &h);
    }
    gx__fusion_add(scores, by, &b->room[k]);
}

static gx_status score_members(float *scores, block *b, gx_job *job, gx_error *err) {
    gx_status status = GX_OK, worst = GX_OK;
    const uint32_t items = b->parts->items;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t k = 0; k < b->count; k++) {
        const gx_status one =
            gx_job_should_stop(job) ? GX_OK : rate_alone(scores + (size_t)k * items, b, k, NULL);
        if (one != GX_OK) {
#pragma omp atomic write
            worst = one;
        }
    }
    GX_TRY(worst != GX_OK
               ? gx_fail(err, worst, "scoring members %u to %u", b->first, b->first + b->count - 1)
               : gx_job_check(job, err));
    const uint64_t wanted = sort_wanted(b);
    for (size_t p = 1; p < GX__FUSION_PARTS; p++) {
        if (b->parts->model[p]->fold) {
            GX_TRY(rate_together(b, p, wanted, job, err));
        }
    }
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t k = 0; k < b->count; k++) {
        add_parts(scores + (size_t)k * items, b, k);
    }
done:
    return status;
}

gx_status gx__fusion_score_block(float *scores, const gx__fusion_parts *parts,
                                 const gx_matrix *history, uint32_t first, uint32_t count,
                                 gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    block b = {.parts = parts, .history = history};
    GX_TRY(block_make(&b, first, count, job, err));
    for (uint32_t n = 0; n < count; n += b.count) {
        take_members(&b, first + n, count - n);
        GX_TRY(score_members(scores + (size_t)n * parts->items, &b, job, err));
    }
done:
    block_free(&b, job);
    return status;
}
