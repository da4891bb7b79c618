/* Diversity: marginal relevance and determinants over a pool. */
#include "models/rec/diverse.h"

#include "models/rec/columns.h"

#include <math.h>

static const float SAME_CATEGORY = 0.5F, SAME_LEVEL = 0.25F, SAME_BRAND = 0.25F;
static const double LEAST_GAIN = 1e-6; /* of a determinant: what adds nothing still has a place */

typedef struct features {
    uint64_t category, level, brand; /* 0: none */
} features;

struct gx__diverse {
    const gx_rec *rec;
    const gx_scored *pool;
    uint32_t count;
    double diversity, largest;
    bool dpp;
    const gx__column *category, *brand;
    features *features; /* one a candidate */
    float *nearest;     /* mmr: likeness to the likest taken */
    double *gain;       /* dpp: d² of the candidate */
    float *factor;      /* dpp: taken × count */
    uint32_t taken;
    float *like;     /* mmr: by the model, one a candidate; NULL: it has none */
    uint32_t *known; /* of those in its fit, the items */
    uint32_t known_count;
    gx__scratch *scratch; /* where it gives only all of them */
};

static features features_of(const gx__diverse *d, uint32_t item) {
    features f = {.category = gx__column_key(d->category, item),
                  .brand = gx__column_key(d->brand, item)};
    f.level = gx__column_prefix(d->category, f.category, 1);
    return f;
}

static float likeness(const features *a, const features *b) {
    float like = a->category != 0 && a->category == b->category ? SAME_CATEGORY : 0;
    like += a->level != 0 && a->level == b->level ? SAME_LEVEL : 0;
    return like + (a->brand != 0 && a->brand == b->brand ? SAME_BRAND : 0);
}

void gx__diverse_close(gx__diverse *d) {
    if (d) {
        gx__scratch_give(d->rec->pool, d->scratch);
        gx_free(d->features);
        gx_free(d->nearest);
        gx_free(d->gain);
        gx_free(d->factor);
        gx_free(d->like);
        gx_free(d->known);
        gx_free(d);
    }
}

static gx_status make_room(gx__diverse *d, uint32_t n, gx_error *err) {
    size_t count = (size_t)d->count + 1;
    d->features = gx_alloc(count, sizeof *d->features);
    d->nearest = gx_alloc0(count, sizeof *d->nearest);
    if (d->dpp) {
        d->gain = gx_alloc(count, sizeof *d->gain);
        d->factor = gx_alloc(count * (n + 1), sizeof *d->factor);
    }
    bool good = d->features && d->nearest && (!d->dpp || (d->gain && d->factor));
    return good ? GX_OK : gx_fail_memory(err, count * (n + 1) * sizeof *d->factor);
}

static gx_status ask_model(gx__diverse *d, gx_error *err) {
    const size_t room = (size_t)d->count + 1;
    d->like = gx_alloc(room, sizeof *d->like);
    d->known = gx_alloc(room, sizeof *d->known);
    if (!d->like || !d->known) {
        return gx_fail_memory(err, room * (sizeof *d->like + sizeof *d->known));
    }
    for (uint32_t k = 0; k < d->count; k++) {
        if (d->pool[k].item < d->rec->items) {
            d->known[d->known_count++] = d->pool[k].item;
        }
    }
    return d->rec->model->like_items
               ? GX_OK
               : gx__scratch_take(&d->scratch, d->rec->pool, d->rec->items, err);
}

gx_status gx__diverse_open(gx__diverse **out, const gx_rec *rec, const gx_slate *rules,
                           const gx_scored *pool, uint32_t count, uint32_t n, gx_error *err) {
    gx__diverse *d = gx_alloc0(1, sizeof *d);
    if (!d) {
        return gx_fail_memory(err, sizeof *d);
    }
    *d = (gx__diverse){.rec = rec,
                       .pool = pool,
                       .count = count,
                       .diversity = (double)rules->diversity,
                       .dpp = rules->dpp,
                       .largest = count > 0 && pool[0].score > 0 ? (double)pool[0].score : 1,
                       .category = gx__columns_find(rules->columns, gx_slice_of("category")),
                       .brand = gx__columns_find(rules->columns, gx_slice_of("brand"))};
    gx_status status = make_room(d, n, err);
    if (status == GX_OK && !d->dpp && rec->model &&
        (rec->model->similar || rec->model->like_items)) {
        status = ask_model(d, err);
    }
    if (status != GX_OK) {
        gx__diverse_close(d);
        return status;
    }
    for (uint32_t k = 0; k < count; k++) {
        d->features[k] = features_of(d, pool[k].item);
        if (d->dpp) {
            d->gain[k] = 1;
        }
    }
    *out = d;
    return GX_OK;
}

double gx__diverse_value(const gx__diverse *d, uint32_t k) {
    double score = (1 - d->diversity) * (double)d->pool[k].score / d->largest;
    if (d->dpp) {
        return score + d->diversity * log(fmax(d->gain[k], LEAST_GAIN));
    }
    return score - d->diversity * (double)d->nearest[k];
}

/* The model's likeness of each candidate to `item`, into d->like; of an item to itself, and of what
 * the model does not know, 0. */
static gx_status like_pool(gx__diverse *d, uint32_t item, gx_error *err) {
    const gx_model *model = d->rec->model;
    if (model->like_items) {
        gx_status status =
            model->like_items(d->like, d->rec->model_state, item, d->known, d->known_count, err);
        for (uint32_t k = d->count, at = d->known_count; status == GX_OK && k-- > 0;) {
            const bool known = d->pool[k].item < d->rec->items;
            const float like = known ? d->like[--at] : 0;
            d->like[k] = known && d->pool[k].item != item ? like : 0;
        }
        return status;
    }
    float *raw = d->scratch->raw;
    gx_status status = model->similar(raw, d->rec->model_state, item, err);
    for (uint32_t k = 0; status == GX_OK && k < d->count; k++) {
        const uint32_t other = d->pool[k].item;
        d->like[k] = other < d->rec->items && other != item ? raw[other] : 0;
    }
    return status;
}

/* By the largest among them. */
static gx_status add_model(gx__diverse *d, uint32_t item, gx_error *err) {
    if (!d->like || item >= d->rec->items) {
        return GX_OK;
    }
    gx_status status = like_pool(d, item, err);
    float largest = 0;
    for (uint32_t k = 0; status == GX_OK && k < d->count; k++) {
        largest = d->like[k] > largest ? d->like[k] : largest;
    }
    for (uint32_t k = 0; status == GX_OK && largest > 0 && k < d->count; k++) {
        const float like = d->like[k] / largest;
        d->nearest[k] = like > d->nearest[k] ? like : d->nearest[k];
    }
    return status;
}

gx_status gx__diverse_beside(gx__diverse *d, uint32_t item, gx_error *err) {
    if (d->dpp) {
        return GX_OK;
    }
    features own = features_of(d, item);
    for (uint32_t k = 0; k < d->count; k++) {
        float like = likeness(&d->features[k], &own);
        d->nearest[k] = like > d->nearest[k] ? like : d->nearest[k];
    }
    return add_model(d, item, err);
}

/* One more row of the Cholesky factor: e = (S_jk − Σ c_j c_k) / d_j, d_k² −= e². */
static void add_row(gx__diverse *d, uint32_t j) {
    double own = sqrt(fmax(d->gain[j], LEAST_GAIN));
    float *row = d->factor + (size_t)d->taken * d->count;
    for (uint32_t k = 0; k < d->count; k++) {
        double e = k == j ? 1 : (double)likeness(&d->features[j], &d->features[k]);
        for (uint32_t t = 0; t < d->taken; t++) {
            const float *before = d->factor + (size_t)t * d->count;
            e -= (double)before[j] * (double)before[k];
        }
        row[k] = (float)(e / own);
        d->gain[k] -= (double)row[k] * (double)row[k];
    }
    d->taken++;
}

gx_status gx__diverse_take(gx__diverse *d, uint32_t k, gx_error *err) {
    if (d->dpp) {
        add_row(d, k);
        return GX_OK;
    }
    return gx__diverse_beside(d, d->pool[k].item, err);
}
