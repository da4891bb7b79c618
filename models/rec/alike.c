/* Members alike: what a build keeps of each value of the members' attributes, and its use. */
#include "models/rec/alike.h"

#include <math.h>
#include <stdlib.h>

enum { KEPT = 128, POPULAR = 64, SEEN = 3 };
enum { LOOK = 1024 /* members between looks at whether to stop */ };

static const double SHRINK = 20;

uint64_t gx_alike_hash(gx_slice field, gx_slice value) {
    const gx_slice part[] = {field, value};
    uint64_t h = 1;
    for (size_t p = 0; p < GX_COUNT(part); p++) {
        h = gx_mix64(h ^ part[p].size);
        for (size_t from = 0; from < part[p].size; from += 8) {
            uint64_t piece = 0;
            const size_t left = part[p].size - from;
            memcpy(&piece, part[p].data + from, left < 8 ? left : 8);
            h = gx_mix64(h ^ piece);
        }
    }
    return h;
}

/* ---- the fit -------------------------------------------------------------------------------- */

typedef struct counted {
    uint32_t item, count;
} counted;

typedef struct fit {
    const gx_matrix *history;
    gx_job *job;
    uint32_t *all;    /* items: by how many members chosen */
    uint32_t *count;  /* items: of the value looked at; 0 between values */
    uint8_t *popular; /* items: 1 for the most chosen of all */
    uint32_t most[POPULAR], most_count;
    counted *touched; /* items: chosen by anybody with the value, or most chosen of all */
    uint32_t touched_count, members;
} fit;

static int by_hash(const void *a, const void *b) {
    const gx_alike_entry *x = a, *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

static int by_count(const void *a, const void *b) {
    const counted *x = a, *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static gx_status open_fit(fit *f, const gx_matrix *m, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *f = (fit){.history = m, .job = job};
    GX_TRY(gx_job_alloc(job, &f->all, (size_t)m->cols + 1, sizeof *f->all, err));
    GX_TRY(gx_job_alloc(job, &f->count, (size_t)m->cols + 1, sizeof *f->count, err));
    GX_TRY(gx_job_alloc(job, &f->popular, (size_t)m->cols + 1, 1, err));
    GX_TRY(gx_job_alloc(job, &f->touched, (size_t)m->cols + 1, sizeof *f->touched, err));
    for (uint32_t u = 0; u < m->rows; u++) {
        bool any = false;
        if (u % LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            const bool chose = gx_matrix_value(m, k) > 0;
            f->all[m->col[k]] += chose;
            any |= chose;
        }
        f->members += any;
    }
    for (uint32_t i = 0; i < m->cols; i++) {
        f->touched[i] = (counted){i, f->all[i]};
    }
    qsort(f->touched, m->cols, sizeof *f->touched, by_count);
    for (uint32_t k = 0; k < m->cols && k < POPULAR && f->touched[k].count > 0; k++) {
        f->most[f->most_count++] = f->touched[k].item;
        f->popular[f->touched[k].item] = 1;
    }
done:
    return status;
}

static void close_fit(fit *f) {
    gx_job_free(f->job, f->all);
    gx_job_free(f->job, f->count);
    gx_job_free(f->job, f->popular);
    gx_job_free(f->job, f->touched);
}

/* Counts what the members of a run chose; returns how many of them chose anything. Those of the
 * most popular items are looked at even where none of them chose it. Cut short where the job is to
 * stop: the caller looks too. */
static uint32_t count_run(fit *f, const gx_alike_entry *run, size_t count) {
    const gx_matrix *m = f->history;
    uint32_t members = 0, made = 0;
    for (size_t e = 0; e < count; e++) {
        if (e % LOOK == 0 && gx_job_should_stop(f->job)) {
            break;
        }
        const uint32_t user = run[e].user;
        const uint64_t from = user < m->rows ? m->ptr[user] : 0;
        const uint64_t to = user < m->rows ? m->ptr[user + 1] : 0;
        bool any = false;
        for (uint64_t k = from; k < to; k++) {
            const uint32_t item = m->col[k];
            if (gx_matrix_value(m, k) > 0) {
                if (f->count[item]++ == 0) {
                    f->touched[made++].item = item;
                }
                any = true;
            }
        }
        members += any;
    }
    for (uint32_t k = 0; k < f->most_count; k++) {
        if (f->count[f->most[k]] == 0) {
            f->touched[made++].item = f->most[k];
        }
    }
    for (uint32_t k = 0; k < made; k++) {
        f->touched[k].count = f->count[f->touched[k].item];
        f->count[f->touched[k].item] = 0;
    }
    f->touched_count = made;
    return members;
}

/* The kept items of a run into item and lift (both may be NULL: only counted); returns how many. */
static uint32_t keep_run(uint32_t *item, float *lift, fit *f, uint32_t members) {
    uint32_t made = 0;
    qsort(f->touched, f->touched_count, sizeof *f->touched, by_count);
    for (uint32_t k = 0; k < f->touched_count && made < KEPT; k++) {
        const counted *c = &f->touched[k];
        const double p = (double)f->all[c->item] / f->members;
        const double l = (c->count + SHRINK * p) / ((members + SHRINK) * p);
        if (c->count >= SEEN || (f->popular[c->item] && l < 1)) {
            if (item) {
                item[made] = c->item;
                lift[made] = (float)l;
            }
            made++;
        }
    }
    return made;
}

static size_t run_of(const gx_alike_entry *entries, size_t count, size_t from) {
    size_t to = from;
    while (to < count && entries[to].hash == entries[from].hash) {
        to++;
    }
    return to - from;
}

gx_status gx_alike_add(gx_arrays *results, gx_alike_entry *entries, size_t count,
                       const gx_matrix *history, uint32_t least, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t *hash = NULL, *ptr = NULL, room = 0, made = 0;
    uint32_t *item = NULL, values = 0;
    float *lift = NULL;
    fit f;
    GX_TRY(open_fit(&f, history, job, err));
    qsort(entries, count, sizeof *entries, by_hash);
    for (int pass = 0; pass < 2; pass++) { /* first how much, then what */
        uint32_t v = 0;
        for (size_t from = 0, size; from < count; from += size) {
            size = run_of(entries, count, from);
            const uint32_t members = size < least ? 0 : count_run(&f, entries + from, size);
            GX_TRY(gx_job_check(job, err));
            if (members < least || f.members == 0) {
                continue;
            }
            if (pass == 0) {
                room += keep_run(NULL, NULL, &f, members);
                values++;
            } else {
                made += keep_run(item + made, lift + made, &f, members);
                hash[v] = entries[from].hash;
                ptr[++v] = made;
            }
        }
        if (values == 0) {
            break;
        }
        if (pass == 0) {
            GX_TRY(gx_arrays_add(&hash, results, "alike.hash", GX_U64, values, 0, job, err));
            GX_TRY(gx_arrays_add(&ptr, results, "alike.ptr", GX_U64, (uint64_t)values + 1, 0, job,
                                 err));
            GX_TRY(gx_arrays_add(&item, results, "alike.item", GX_U32, room, 0, job, err));
            GX_TRY(gx_arrays_add(&lift, results, "alike.lift", GX_F32, room, 0, job, err));
        }
    }
done:
    close_fit(&f);
    return status;
}

gx_estimate gx_alike_estimate(gx_alike_entry *entries, size_t count, const gx_matrix *history,
                              uint32_t least) {
    static const double entry_s = 1e-7, choice_s = 1e-8, kept_s = 1e-7;
    uint64_t values = 0, kept = 0;
    const double each = history->rows ? (double)history->nnz / history->rows : 0;
    qsort(entries, count, sizeof *entries, by_hash);
    for (size_t from = 0, size; from < count; from += size) {
        size = run_of(entries, count, from);
        const double chosen = (double)size * each / SEEN + POPULAR;
        values += size >= least;
        kept += size < least ? 0 : chosen < KEPT ? (uint64_t)chosen : KEPT;
    }
    return (gx_estimate){
        .mem_bytes = (4 + 4 + 1 + sizeof(counted)) * ((uint64_t)history->cols + 1) + 8 * values +
                     8 * (values + 1) + 8 * kept,
        .cpu_s = (double)count * (entry_s + 2 * choice_s * each) + 2 * kept_s * (double)kept};
}

/* ---- the use -------------------------------------------------------------------------------- */

gx_status gx_alike_open(gx_alike *out, const gx_arrays *arrays, uint32_t items, gx_error *err) {
    const uint64_t count = gx_arrays_rows(arrays, "alike.hash");
    const uint64_t kept = gx_arrays_rows(arrays, "alike.item");
    gx_alike a = {.count = (uint32_t)count, .items = items};
    *out = (gx_alike){0};
    if (count == 0 || count >= GX_NONE) {
        return GX_OK;
    }
    a.hash = gx_arrays_get(arrays, "alike.hash", GX_U64, count);
    a.ptr = gx_arrays_get(arrays, "alike.ptr", GX_U64, count + 1);
    a.item = gx_arrays_get(arrays, "alike.item", GX_U32, kept);
    a.lift = gx_arrays_get(arrays, "alike.lift", GX_F32, kept);
    bool good = a.hash && a.ptr && a.item && a.lift && gx_row_ptr_is_valid(a.ptr, count, kept) &&
                gx_all_below(a.item, kept, items);
    for (uint64_t k = 0; good && k < kept; k++) {
        good = a.lift[k] >= 0 && isfinite(a.lift[k]);
    }
    if (!good) {
        return gx_fail_at(err, GX_CORRUPT, "alike",
                          "the snapshot's alike: its arrays do not fit together");
    }
    *out = a;
    return GX_OK;
}

bool gx_alike_apply(float *score, const gx_alike *a, const uint64_t *hash, uint32_t count) {
    bool any = false;
    for (uint32_t h = 0; h < count; h++) {
        uint32_t low = 0, high = a->count;
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            if (a->hash[middle] < hash[h]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == a->count || a->hash[low] != hash[h]) {
            continue;
        }
        any = true;
        for (uint64_t k = a->ptr[low]; k < a->ptr[low + 1]; k++) {
            score[a->item[k]] *= a->lift[k];
        }
    }
    return any;
}
