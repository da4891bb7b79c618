/* Lists of models of factors, without scoring every item: `raw` holds a bound of each score
 * (sketch.h), and whoever needs an item's score settles it. Bounds go through the blend as scores
 * do, which never falls where one of its terms rises, so what is drawn from the totals is the same,
 * to the byte, as from exact scores of all items. */
#include "models/rec/rec_parts.h"

#include "models/factors.h"
#include "models/rec/sketch.h"
#include "models/top.h"

#include <math.h>
#include <stdatomic.h>

enum {
    FACTORS_MIN = 1 << 18 /* floats: what fits into the second-level cache is read fast enough */
};

struct gx__bounds {
    gx_factors factors;
    _Atomic(gx__sketch *) sketch;
    _Atomic(float *) means; /* of the items of each value of an attribute; NULL: not made yet */
    atomic_uint lists; /* asked for: the second makes the sketch, since one alone is not worth it */
};

gx_status gx__bounds_open(gx__bounds **out, const gx_rec *rec, gx_error *err) {
    gx_factors f = {0};
    *out = NULL;
    if (!rec->model || !rec->model->fold) {
        return GX_OK;
    }
    gx_status status = rec->model->fold(&f, NULL, NULL, rec->model_state, NULL, false, err);
    if (status != GX_OK || f.items != rec->items || (uint64_t)f.items * f.d < FACTORS_MIN) {
        return status;
    }
    gx__bounds *b = gx_alloc0(1, sizeof *b);
    if (!b) {
        return gx_fail_memory(err, sizeof *b);
    }
    b->factors = f;
    *out = b;
    return GX_OK;
}

void gx__bounds_close(gx__bounds *bounds) {
    if (bounds) {
        gx__sketch_destroy(atomic_load(&bounds->sketch));
        gx_free(atomic_load(&bounds->means));
        gx_free(bounds);
    }
}

/* NULL: not made yet, or never. Without memory for it lists are made the slow way. */
static const gx__sketch *sketch_of(gx__bounds *b) {
    gx__sketch *s = atomic_load(&b->sketch);
    if (!s && atomic_fetch_add(&b->lists, 1) == 1) {
        if (gx__sketch_create(&s, &b->factors, NULL) == GX_OK) {
            atomic_store(&b->sketch, s);
        }
    }
    return s;
}

/* The mean over a value's items of a score is the product with their mean factors, a row a value:
 * *out is made at the first list. Whoever makes it at the same time throws its own away. */
static gx_status means_of(const float **out, const gx_rec *rec, gx_error *err) {
    const gx_attributes *a = &rec->attributes;
    gx__bounds *b = rec->bounds;
    const size_t d = b->factors.d;
    float *none = NULL, *row = atomic_load(&b->means);
    double *sum = row ? NULL : gx_alloc(d + 1, sizeof *sum);
    float *made = row ? NULL : gx_alloc((size_t)a->count * d + 1, sizeof *made);
    if (!row && (!sum || !made)) {
        gx_free(sum);
        gx_free(made);
        return gx_fail_memory(err, (size_t)a->count * d * sizeof *made);
    }
    for (uint32_t v = 0; made && v < a->count; v++) {
        memset(sum, 0, d * sizeof *sum);
        for (uint64_t k = a->ptr[v]; k < a->ptr[v + 1]; k++) {
            const float *own = b->factors.item + (size_t)a->item[k] * d;
            for (size_t j = 0; j < d; j++) {
                sum[j] += (double)a->part[k] * (double)own[j];
            }
        }
        for (size_t j = 0; j < d; j++) {
            made[(size_t)v * d + j] = (float)sum[j];
        }
    }
    if (made && atomic_compare_exchange_strong(&b->means, &none, made)) {
        row = made;
    } else if (made) {
        row = none;
        gx_free(made);
    }
    gx_free(sum);
    *out = row;
    return GX_OK;
}

gx_status gx__bounds_means(float **out, gx__scores *scores, gx_error *err) {
    const gx_attributes *a = &scores->rec->attributes;
    gx_factors f;
    *out = NULL;
    if (!scores->w || a->count == 0) {
        return GX_OK;
    }
    f = (gx_factors){.items = a->count, .d = scores->rec->bounds->factors.d};
    gx_status status = means_of(&f.item, scores->rec, err);
    if (status != GX_OK) {
        return status;
    }
    *out = gx_alloc(a->count, sizeof **out);
    scores->added = scores->open ? gx_alloc0((size_t)scores->items + 1, sizeof(float)) : NULL;
    if (!*out || (scores->open && !scores->added)) {
        return gx_fail_memory(err, ((size_t)scores->items + a->count) * sizeof(float));
    }
    gx__factors_exact_all(*out, &f, scores->w);
    return GX_OK;
}

gx_status gx__bounds_fill(gx__scores *scores, bool lazily, gx_error *err) {
    const gx_rec *rec = scores->rec;
    gx__bounds *b = rec->bounds;
    float *raw = scores->scratch->raw;
    gx_factors f;
    bool folded;
    scores->w = gx_alloc((size_t)b->factors.d + 1, sizeof *scores->w);
    if (!scores->w) {
        return gx_fail_memory(err, b->factors.d * sizeof *scores->w);
    }
    gx_status status = rec->model->fold(&f, scores->w, &folded, rec->model_state,
                                        &scores->member->history, false, err);
    if (status != GX_OK) {
        return status;
    }
    const gx__sketch *sketch = lazily ? sketch_of(b) : NULL;
    if (!sketch || !gx__sketch_bounds(raw, sketch, scores->w)) {
        gx__factors_exact_all(raw, &b->factors, scores->w);
        return GX_OK;
    }
    scores->open = scores->scratch->open;
    memset(scores->open, 1, rec->items);
    memset(scores->open + rec->items, 0, scores->items - rec->items);
    return GX_OK;
}

void gx__scores_settle(gx__scores *scores, uint32_t item) {
    if (scores->open && item < scores->items && scores->open[item]) {
        const float exact = gx__factors_exact(&scores->rec->bounds->factors, scores->w, item);
        scores->scratch->raw[item] = scores->added ? exact + scores->added[item] : exact;
        scores->open[item] = 0;
    }
}

void gx__scores_settle_all(gx__scores *scores) {
    for (uint32_t i = 0; scores->open && i < scores->items; i++) {
        gx__scores_settle(scores, i);
    }
}

static uint32_t run_end(uint32_t at, uint32_t items) {
    return items - at < 64 ? items : at + 64;
}

/* From the largest bound on: whatever is above the largest score so far is settled. */
float gx__scores_largest(gx__scores *scores, uint32_t items) {
    const float *raw = scores->scratch->raw;
    gx_scored top;
    float largest = 0;
    if (gx_top(&top, 1, raw, items, NULL, 0) > 0) {
        gx__scores_settle(scores, top.item);
        largest = raw[top.item] > 0 ? raw[top.item] : 0;
    }
    for (uint32_t i = 0; (i = gx__top_next(raw, i, items, largest)) < items;) {
        for (const uint32_t end = run_end(i, items); i < end; i++) {
            if (raw[i] > largest) {
                gx__scores_settle(scores, i);
                largest = raw[i] > largest ? raw[i] : largest;
            }
        }
    }
    return largest;
}

/* ---- totals --------------------------------------------------------------------------------- */

void gx__ranking_settle(gx__ranking *r, uint32_t item) {
    if (!r->scores.open || item >= r->scores.items || !r->scores.open[item]) {
        return;
    }
    gx__scores_settle(&r->scores, item);
    if (item < r->request->items) {
        r->total[item] = gx__total_of(r, item);
        if (r->before) {
            r->before[item] = r->total[item];
        }
    }
}

/* The least of n settled totals is at most the n-th of all: what might be above it is settled. */
uint32_t gx__ranking_top(gx_scored *out, uint32_t n, gx__ranking *r) {
    const uint32_t items = r->request->items;
    uint32_t found = gx_top(out, n, r->total, items, NULL, 0);
    const uint8_t *open = r->scores.open;
    if (!open) {
        return found;
    }
    float least = found < n || n == 0 ? 0 : INFINITY;
    for (uint32_t k = 0; k < found; k++) {
        gx__ranking_settle(r, out[k].item);
        least = r->total[out[k].item] < least ? r->total[out[k].item] : least;
    }
    const float below = nextafterf(least, -1);
    for (uint32_t i = 0; (i = gx__top_next(r->total, i, items, below)) < items;) {
        for (const uint32_t end = run_end(i, items); i < end; i++) {
            if (r->total[i] >= least && open[i] && r->total[i] > 0) {
                gx__ranking_settle(r, i);
            }
        }
    }
    return gx_top(out, n, r->total, items, NULL, 0);
}
