/* Splits of a matrix of members and items. Every draw is by (seed, member), so a split does not
 * depend on the thread count nor on the other members. O(pairs). */
#include "models/eval/eval.h"

#include "models/scoring.h"

#include <math.h>
#include <stdlib.h>

enum { FIT, PAST, TEST, PARTS };

/* A part for every pair, then a matrix for every part. */
typedef struct cut {
    const gx_matrix *all;
    uint8_t *part;   /* all->nnz */
    uint32_t *order; /* the longest row: positions in it, shuffled */
    gx_rng rng;      /* of the member at hand */
} cut;

static const double HISTORY_SHARE = 0.8;

static const uint64_t SAMPLE_STREAM = 0x53414d50, LOT_STREAM = 0x4c4f54, COLD_STREAM = 0x434f4c44;
static const uint64_t RANDOM_STREAM = 0x53504c49; /* apart from the streams of models */

const gx_matrix *gx_split_history(const gx_split *split) {
    return split->by_member ? &split->past : &split->fit;
}

void gx_split_finish(gx_split *split) {
    gx_matrix_finish(&split->fit);
    gx_matrix_finish(&split->past);
    gx_matrix_finish(&split->test);
    split->by_member = false;
    gx_free(split->cold);
    split->cold = NULL;
    split->cold_count = 0;
}

static gx_status open_cut(cut *c, const gx_matrix *all, gx_job *job, gx_error *err) {
    gx_status status;
    const uint64_t longest = gx__longest_row(all, 0, all->rows);
    *c = (cut){.all = all};
    gx_job_stage(job, "eval: split", all->rows);
    GX_TRY(gx_job_alloc(job, &c->part, all->nnz, sizeof *c->part, err));
    GX_TRY(gx_job_alloc(job, &c->order, longest, sizeof *c->order, err));
done:
    return status;
}

static uint64_t begin_member(cut *c, uint32_t u, uint64_t seed) {
    c->rng = gx_rng_at(seed ^ RANDOM_STREAM, u);
    return c->all->ptr[u + 1] - c->all->ptr[u];
}

/* `kept` drawn pairs of member u are `one`, the others `other`. */
static void draw_pairs(cut *c, uint32_t u, uint64_t kept, uint8_t one, uint8_t other) {
    const uint64_t from = c->all->ptr[u], n = c->all->ptr[u + 1] - from;
    for (uint64_t k = 0; k < n; k++) {
        c->order[k] = (uint32_t)k;
        c->part[from + k] = other;
    }
    for (uint64_t k = 0; k < kept; k++) { /* Fisher and Yates, as far as needed */
        const uint64_t at = k + gx_rng_below(&c->rng, n - k);
        const uint32_t picked = c->order[at];
        c->order[at] = c->order[k];
        c->part[from + picked] = one;
    }
}

/* Both sides have a pair at least; n ≥ 2. */
static uint64_t share_of(uint64_t n, double share) {
    const uint64_t kept = (uint64_t)llround(share * (double)n);
    return kept < 1 ? 1 : kept > n - 1 ? n - 1 : kept;
}

static gx_status take_part(gx_matrix *out, const cut *c, uint8_t part, gx_job *job, gx_error *err) {
    gx_status status;
    const gx_matrix *all = c->all;
    uint32_t *row = NULL, *col = NULL;
    float *value = NULL;
    int64_t *ts = NULL;
    uint64_t count = 0, at = 0;
    for (uint64_t k = 0; k < all->nnz; k++) {
        count += c->part[k] == part;
    }
    GX_TRY(gx_job_alloc(job, &row, count, sizeof *row, err));
    GX_TRY(gx_job_alloc(job, &col, count, sizeof *col, err));
    GX_TRY(gx_job_alloc(job, &value, all->value ? count : 0, sizeof *value, err));
    GX_TRY(gx_job_alloc(job, &ts, all->ts ? count : 0, sizeof *ts, err));
    for (uint32_t u = 0; u < all->rows; u++) {
        for (uint64_t k = all->ptr[u]; k < all->ptr[u + 1]; k++) {
            if (c->part[k] != part) {
                continue;
            }
            row[at] = u;
            col[at] = all->col[k];
            if (all->value) {
                value[at] = all->value[k];
            }
            if (all->ts) {
                ts[at] = all->ts[k];
            }
            at++;
        }
    }
    GX_TRY(gx_matrix_build(out, all->rows, all->cols, count, row, col, all->value ? value : NULL,
                           all->ts ? ts : NULL, job, err));
done:
    gx_job_free(job, row);
    gx_job_free(job, col);
    gx_job_free(job, value);
    gx_job_free(job, ts);
    return status;
}

/* Fills `out` from the parts and drops the cut, whatever came before it. */
static gx_status close_cut(gx_split *out, cut *c, gx_status status, bool by_member, gx_job *job,
                           gx_error *err) {
    gx_split made = {.by_member = by_member};
    gx_matrix *const matrices[PARTS] = {&made.fit, &made.past, &made.test};
    for (uint8_t p = 0; p < PARTS && status == GX_OK; p++) {
        if (p != PAST || by_member) {
            status = take_part(matrices[p], c, p, job, err);
        }
    }
    if (status == GX_OK && made.test.nnz == 0) {
        status = gx_fail_at(err, GX_CONFLICT, "split",
                            "the split leaves nothing to look for: no member it tests has two "
                            "items");
    }
    gx_job_free(job, c->part);
    gx_job_free(job, c->order);
    if (status == GX_OK) {
        *out = made;
    } else {
        gx_split_finish(&made);
    }
    return status;
}

static gx_status look(gx_job *job, uint32_t u, gx_error *err) {
    if (u % 4096 != 0) {
        return GX_OK;
    }
    gx_job_tick(job, u);
    return gx_job_check(job, err);
}

gx_status gx_split_random(gx_split *out, const gx_matrix *all, double share, gx_job *job,
                          gx_error *err) {
    cut c;
    gx_status status = open_cut(&c, all, job, err);
    for (uint32_t u = 0; u < all->rows && status == GX_OK; u++) {
        const uint64_t n = begin_member(&c, u, job->seed);
        draw_pairs(&c, u, n < 2 ? n : share_of(n, share), FIT, TEST);
        status = look(job, u, err);
    }
    return close_cut(out, &c, status, false, job, err);
}

gx_status gx_split_last(gx_split *out, const gx_matrix *all, gx_job *job, gx_error *err) {
    cut c;
    gx_status status = open_cut(&c, all, job, err);
    for (uint32_t u = 0; u < all->rows && status == GX_OK; u++) {
        const uint64_t from = all->ptr[u], n = begin_member(&c, u, job->seed);
        uint64_t last = 0, alike = 0; /* of those at the latest time, one in `alike` is drawn */
        for (uint64_t k = 0; k < n && n > 1; k++) {
            const int64_t ts = all->ts ? all->ts[from + k] : 0;
            const int64_t latest = all->ts ? all->ts[from + last] : 0;
            alike = k == 0 || ts > latest ? 1 : ts == latest ? alike + 1 : alike;
            if (k == 0 || ts > latest || (ts == latest && gx_rng_below(&c.rng, alike) == 0)) {
                last = k;
            }
        }
        if (n > 1) {
            c.part[from + last] = TEST;
        }
        status = look(job, u, err);
    }
    return close_cut(out, &c, status, false, job, err);
}

gx_status gx_split_members(gx_split *out, const gx_matrix *all, double share, gx_job *job,
                           gx_error *err) {
    cut c;
    gx_status status = open_cut(&c, all, job, err);
    for (uint32_t u = 0; u < all->rows && status == GX_OK; u++) {
        const uint64_t n = begin_member(&c, u, job->seed);
        if (gx_rng_real(&c.rng) >= share) {
            draw_pairs(&c, u, n < 2 ? n : share_of(n, HISTORY_SHARE), PAST, TEST);
        }
        status = look(job, u, err);
    }
    return close_cut(out, &c, status, true, job, err);
}

/* ---- items held out whole ----------------------------------------------------------------------
 */

static int by_key(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of the items with a pair those with the lowest lots; `by` has room for them all. */
static uint32_t draw_items(uint8_t *cold, uint64_t *by, const gx_matrix *all, double share,
                           uint64_t seed) {
    uint32_t count = 0, marked = 0;
    for (uint64_t k = 0; k < all->nnz; k++) {
        cold[all->col[k]] = 1;
    }
    for (uint32_t i = 0; i < all->cols; i++) {
        if (cold[i]) {
            by[count++] = gx_mix64(gx_mix64(seed ^ COLD_STREAM) + i);
        }
    }
    if (count < 2) {
        return 0;
    }
    const uint64_t drawn = share_of(count, share);
    qsort(by, count, sizeof *by, by_key);
    for (uint32_t i = 0; i < all->cols; i++) { /* keys of two items are never equal */
        cold[i] = cold[i] && gx_mix64(gx_mix64(seed ^ COLD_STREAM) + i) < by[drawn];
        marked += cold[i];
    }
    return marked;
}

/* A member with cold items alone is known by nothing: nobody could tell what suits them. */
static void mark_cold(cut *c, uint32_t u, const uint8_t *cold) {
    const gx_matrix *all = c->all;
    bool known = false;
    for (uint64_t k = all->ptr[u]; k < all->ptr[u + 1]; k++) {
        known |= !cold[all->col[k]];
    }
    for (uint64_t k = all->ptr[u]; k < all->ptr[u + 1]; k++) {
        c->part[k] = !cold[all->col[k]] ? FIT : known ? TEST : PAST;
    }
}

gx_status gx_split_cold_items(gx_split *out, const gx_matrix *all, double share, gx_job *job,
                              gx_error *err) {
    cut c;
    uint64_t *by = NULL;
    uint8_t *cold = gx_alloc0((size_t)all->cols + 1, 1);
    uint32_t count = 0;
    gx_status status = open_cut(&c, all, job, err);
    if (status == GX_OK && !cold) {
        status = gx_fail_memory(err, all->cols);
    }
    if (status == GX_OK) {
        status = gx_job_alloc(job, &by, all->cols, sizeof *by, err);
    }
    if (status == GX_OK) {
        count = draw_items(cold, by, all, share, job->seed);
    }
    for (uint32_t u = 0; u < all->rows && status == GX_OK; u++) {
        mark_cold(&c, u, cold);
        status = look(job, u, err);
    }
    gx_job_free(job, by);
    status = close_cut(out, &c, status, false, job, err);
    if (status == GX_OK) {
        out->cold = cold;
        out->cold_count = count;
    } else {
        gx_free(cold);
    }
    return status;
}

/* ---- fewer members ----------------------------------------------------------------------------
 */

/* The members of the lowest keys are kept: two models are judged on the same ones. */
static uint64_t key_of(const gx_job *job, uint32_t u) {
    return gx_mix64(gx_mix64(job->seed ^ SAMPLE_STREAM) + u);
}

gx_status gx_split_sample(gx_split *split, uint32_t members, gx_job *job, gx_error *err) {
    cut c;
    uint64_t *key = NULL, tested = 0;
    gx_matrix less = {0};
    const gx_matrix *test = &split->test;
    gx_status status = open_cut(&c, test, job, err);
    GX_TRY(status);
    GX_TRY(gx_job_alloc(job, &key, test->rows, sizeof *key, err));
    for (uint32_t u = 0; u < test->rows; u++) {
        if (test->ptr[u + 1] > test->ptr[u]) {
            key[tested++] = key_of(job, u);
        }
    }
    if (tested > members) {
        qsort(key, tested, sizeof *key, by_key);
        for (uint32_t u = 0; u < test->rows; u++) {
            const uint8_t part = key_of(job, u) < key[members] ? TEST : FIT;
            memset(c.part + test->ptr[u], part, test->ptr[u + 1] - test->ptr[u]);
        }
        GX_TRY(take_part(&less, &c, TEST, job, err));
        gx_matrix_finish(&split->test);
        split->test = less;
    }
done:
    gx_job_free(job, key);
    gx_job_free(job, c.part);
    gx_job_free(job, c.order);
    return status;
}

double gx_split_lot(const gx_job *job, uint32_t user) {
    gx_rng rng = gx_rng_at(job->seed ^ LOT_STREAM, user);
    return gx_rng_real(&rng);
}

gx_status gx_split_rows(gx_matrix *out, const gx_matrix *all, double share, gx_job *job,
                        gx_error *err) {
    cut c;
    gx_status status = open_cut(&c, all, job, err);
    for (uint32_t u = 0; u < all->rows && status == GX_OK; u++) {
        const uint8_t part = gx_split_lot(job, u) < share ? FIT : TEST;
        memset(c.part + all->ptr[u], part, all->ptr[u + 1] - all->ptr[u]);
        status = look(job, u, err);
    }
    if (status == GX_OK) {
        status = take_part(out, &c, FIT, job, err);
    }
    gx_job_free(job, c.part);
    gx_job_free(job, c.order);
    return status;
}
