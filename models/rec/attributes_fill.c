/* What is expected of every item with a thin history, for one member.
 *
 * The sums of a list are of the same items and values each time, so a plan lays them out once:
 * those of as many terms stand side by side, in as many lanes as a vector has, and what does not
 * fill the lanes is summed one by one. Each sum has its terms in the same order either way, so the
 * bytes are the same. */
#include "models/parallel.h"
#include "models/rec/attributes_parts.h"

#include <math.h>

double gx__mean_of(const float *raw, const gx_attributes *a, uint32_t value) {
    double sum = 0;
    for (uint64_t k = a->ptr[value]; k < a->ptr[value + 1]; k++) {
        sum += (double)a->part[k] * (double)raw[a->item[k]];
    }
    return sum;
}

/* What every value adds: its weight times its mean. */
typedef struct filling {
    const gx_attributes *a;
    float *adds; /* a->count */
} filling;

static float expected_of_new(const filling *f, const gx_columns *columns, uint32_t item) {
    gx__profile p;
    double sum = 0;
    gx__profile_of(&p, f->a, columns, item);
    for (uint32_t k = 0; k < p.count; k++) {
        sum += (double)f->adds[p.value[k]];
    }
    return p.weight > 0 ? (float)(sum / p.weight) : 0;
}

/* The same of an item of the snapshot. */
static float expected(const filling *f, uint32_t item) {
    const gx_attributes *a = f->a;
    const uint64_t from = a->item_ptr[item], last = from + GX_ATTRIBUTES_MAX;
    const uint64_t to = a->item_ptr[item + 1] < last ? a->item_ptr[item + 1] : last;
    float sum = 0, weight = 0;
    for (uint64_t k = from; k < to; k++) {
        sum += f->adds[a->item_value[k]];
        weight += a->weight[a->item_value[k]];
    }
    return weight > 0 ? sum / weight : 0;
}

/* ---- a plan --------------------------------------------------------------------------------- */

enum { VALUES = 8, ITEMS = 16 }; /* side by side: sums in double, and in single precision */

/* Sums of `terms` terms each, the first of them at `at` of the plan's terms. */
typedef struct group {
    uint64_t at;
    uint32_t terms;
} group;

/* Sums of one kind: what each is of, lane after lane, then what does not fill a group. */
typedef struct sums {
    group *groups;
    uint32_t count;
    uint32_t *owner; /* lanes × count, then the rest */
    uint32_t rest;   /* how many stand alone */
    uint32_t *from;  /* of each term, lane by lane */
} sums;

struct gx_attribute_plan {
    sums means, thin;
    float *part;           /* of means.from */
    float *weight, *share; /* of thin.owner: Σ weights of its values, 1 − trust */
};

static uint32_t terms_of_value(const gx_attributes *a, uint32_t value) {
    return (uint32_t)(a->ptr[value + 1] - a->ptr[value]);
}

/* 0: nothing is added to the item. */
static uint32_t terms_of_item(const gx_attributes *a, uint32_t item) {
    const uint64_t count = a->item_ptr[item + 1] - a->item_ptr[item];
    const bool thin = a->trust[item] < GX__THIN_TRUST;
    return !thin ? 0 : count < GX_ATTRIBUTES_MAX ? (uint32_t)count : GX_ATTRIBUTES_MAX;
}

typedef uint32_t terms_fn(const gx_attributes *a, uint32_t owner);

static void sums_finish(sums *s) {
    gx_free(s->groups);
    gx_free(s->owner);
    gx_free(s->from);
}

/* Owners 0 … count with at least one term, by how many they have and then by number. */
static gx_status sums_make(sums *out, const gx_attributes *a, uint32_t count, uint32_t lanes,
                           terms_fn *terms, gx_error *err) {
    uint32_t most = 0, owners = 0;
    uint64_t all = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t own = terms(a, i);
        most = own > most ? own : most;
        owners += own > 0;
        all += own;
    }
    uint32_t *first = gx_alloc0((size_t)most + 2, sizeof *first);
    uint32_t *sorted = gx_alloc((size_t)owners + 1, sizeof *sorted);
    out->owner = gx_alloc((size_t)owners + 1, sizeof *out->owner);
    out->groups = gx_alloc((size_t)owners / lanes + 1, sizeof *out->groups);
    out->from = gx_alloc(all + 1, sizeof *out->from);
    if (!first || !sorted || !out->owner || !out->groups || !out->from) {
        gx_free(first);
        gx_free(sorted);
        return gx_fail_memory(err, (all + 2 * (uint64_t)owners) * sizeof *out->from);
    }
    for (uint32_t i = 0; i < count; i++) {
        first[terms(a, i) + 1] += terms(a, i) > 0;
    }
    for (uint32_t t = 0; t <= most; t++) {
        first[t + 1] += first[t];
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t own = terms(a, i);
        if (own > 0) {
            sorted[first[own]++] = i; /* first[own] is then where those of own + 1 begin */
        }
    }
    uint32_t grouped = 0;
    uint64_t at = 0;
    for (uint32_t t = 1, k = 0; t <= most; t++) {
        for (; first[t] - k >= lanes; k += lanes) {
            memcpy(out->owner + grouped, sorted + k, lanes * sizeof *sorted);
            grouped += lanes;
            out->groups[out->count++] = (group){at, t};
            at += (uint64_t)t * lanes;
        }
        while (k < first[t]) {
            out->owner[owners - ++out->rest] = sorted[k++];
        }
    }
    gx_free(first);
    gx_free(sorted);
    return GX_OK;
}

static gx_status plan_means(gx_attribute_plan *plan, const gx_attributes *a, gx_error *err) {
    sums *s = &plan->means;
    gx_status status = sums_make(s, a, a->count, VALUES, terms_of_value, err);
    const uint64_t terms = status == GX_OK ? a->ptr[a->count] : 0;
    plan->part = gx_alloc(terms + 1, sizeof *plan->part);
    if (status != GX_OK || !plan->part) {
        return status != GX_OK ? status : gx_fail_memory(err, terms * sizeof *plan->part);
    }
    for (uint32_t g = 0; g < s->count; g++) {
        for (uint32_t k = 0; k < s->groups[g].terms; k++) {
            for (uint32_t l = 0; l < VALUES; l++) {
                const uint64_t to = s->groups[g].at + (uint64_t)k * VALUES + l;
                const uint64_t own = a->ptr[s->owner[g * VALUES + l]] + k;
                s->from[to] = a->item[own];
                plan->part[to] = a->part[own];
            }
        }
    }
    return GX_OK;
}

static gx_status plan_thin(gx_attribute_plan *plan, const gx_attributes *a, gx_error *err) {
    sums *s = &plan->thin;
    gx_status status = sums_make(s, a, a->items, ITEMS, terms_of_item, err);
    const size_t lanes = (size_t)s->count * ITEMS;
    plan->weight = gx_alloc(lanes + 1, sizeof *plan->weight);
    plan->share = gx_alloc(lanes + 1, sizeof *plan->share);
    if (status != GX_OK || !plan->weight || !plan->share) {
        return status != GX_OK ? status : gx_fail_memory(err, lanes * 2 * sizeof *plan->share);
    }
    for (size_t at = 0; at < lanes; at++) {
        const group *g = &s->groups[at / ITEMS];
        const uint32_t item = s->owner[at];
        float weight = 0;
        for (uint32_t k = 0; k < g->terms; k++) {
            const uint32_t value = a->item_value[a->item_ptr[item] + k];
            s->from[g->at + (uint64_t)k * ITEMS + at % ITEMS] = value;
            weight += a->weight[value];
        }
        plan->weight[at] = weight;
        plan->share[at] = 1 - a->trust[item];
    }
    return GX_OK;
}

gx_status gx_attributes_plan(gx_attribute_plan **out, const gx_attributes *a, gx_error *err) {
    *out = NULL;
    if (a->count == 0) {
        return GX_OK;
    }
    gx_attribute_plan *plan = gx_alloc0(1, sizeof *plan);
    if (!plan) {
        return gx_fail_memory(err, sizeof *plan);
    }
    gx_status status = plan_means(plan, a, err);
    if (status == GX_OK) {
        status = plan_thin(plan, a, err);
    }
    if (status != GX_OK) {
        gx_attributes_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return GX_OK;
}

void gx_attributes_plan_destroy(gx_attribute_plan *plan) {
    if (plan) {
        sums_finish(&plan->means);
        sums_finish(&plan->thin);
        gx_free(plan->part);
        gx_free(plan->weight);
        gx_free(plan->share);
        gx_free(plan);
    }
}

/* ---- by a plan ------------------------------------------------------------------------------ */

GX__CLONES static void mean_group(double sum[VALUES], const float *restrict raw,
                                  const uint32_t *restrict item, const float *restrict part,
                                  uint32_t terms) {
    double lane[VALUES] = {0};
    for (uint32_t k = 0; k < terms; k++) {
        for (uint32_t l = 0; l < VALUES; l++) {
            lane[l] += (double)part[k * VALUES + l] * (double)raw[item[k * VALUES + l]];
        }
    }
    memcpy(sum, lane, sizeof lane);
}

GX__CLONES static void thin_group(float *restrict out, const float *restrict adds,
                                  const uint32_t *restrict value, const float *restrict weight,
                                  const float *restrict share, uint32_t terms) {
    float sum[ITEMS] = {0};
    for (uint32_t k = 0; k < terms; k++) {
        for (uint32_t l = 0; l < ITEMS; l++) {
            sum[l] += adds[value[k * ITEMS + l]];
        }
    }
    for (uint32_t l = 0; l < ITEMS; l++) {
        const float mean = sum[l] / weight[l];
        out[l] = share[l] * (weight[l] > 0 ? mean : 0);
    }
}

/* What every value adds, where its mean is not known. */
static void fill_adds(const filling *f, const float *raw) {
    const gx_attributes *a = f->a;
    const sums *s = &a->plan->means;
    const uint32_t *rest = s->owner + (size_t)s->count * VALUES;
    memset(f->adds, 0, a->count * sizeof *f->adds); /* of no item: no mean */
    for (uint32_t g = 0; g < s->count; g++) {
        double sum[VALUES];
        mean_group(sum, raw, s->from + s->groups[g].at, a->plan->part + s->groups[g].at,
                   s->groups[g].terms);
        for (uint32_t l = 0; l < VALUES; l++) {
            const uint32_t value = s->owner[g * VALUES + l];
            f->adds[value] = a->weight[value] * (float)sum[l];
        }
    }
    for (uint32_t k = 0; k < s->rest; k++) {
        f->adds[rest[k]] = a->weight[rest[k]] * (float)gx__mean_of(raw, a, rest[k]);
    }
}

static void add_one(float *raw, float *added, const filling *f, uint32_t item) {
    const float adds = (1 - f->a->trust[item]) * expected(f, item);
    raw[item] += adds;
    if (added) {
        added[item] = adds;
    }
}

static void add_planned(float *raw, float *added, const filling *f) {
    const gx_attribute_plan *plan = f->a->plan;
    const sums *s = &plan->thin;
    for (uint32_t g = 0; g < s->count; g++) {
        float adds[ITEMS];
        const uint32_t *item = s->owner + (size_t)g * ITEMS;
        thin_group(adds, f->adds, s->from + s->groups[g].at, plan->weight + (size_t)g * ITEMS,
                   plan->share + (size_t)g * ITEMS, s->groups[g].terms);
        for (uint32_t l = 0; l < ITEMS; l++) {
            raw[item[l]] += adds[l];
        }
        for (uint32_t l = 0; added && l < ITEMS; l++) {
            added[item[l]] = adds[l];
        }
    }
    for (uint32_t k = 0; k < s->rest; k++) {
        add_one(raw, added, f, s->owner[(size_t)s->count * ITEMS + k]);
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

/* All means come from `raw` as the model gave it: they are made before anything is added. */
gx_status gx_attributes_fill(float *raw, float *added, const float *mean, uint32_t count,
                             const gx_attributes *a, const gx_columns *columns, gx_error *err) {
    const uint32_t known = a->items < count ? a->items : count;
    if (a->count == 0) {
        return GX_OK;
    }
    float *adds = gx_alloc(a->count, sizeof *adds);
    if (!adds) {
        return gx_fail_memory(err, (size_t)a->count * sizeof *adds);
    }
    const filling f = {a, adds};
    const bool planned = a->plan && known == a->items;
    if (planned && !mean) {
        fill_adds(&f, raw);
    }
    for (uint32_t v = 0; (mean || !planned) && v < a->count; v++) {
        adds[v] = a->weight[v] * (mean ? mean[v] : (float)gx__mean_of(raw, a, v));
    }
    for (uint32_t i = gx__first_new(a, count); i < count; i++) {
        raw[i] = expected_of_new(&f, columns, i);
    }
    if (added) {
        memset(added, 0, known * sizeof *added);
    }
    if (planned) {
        add_planned(raw, added, &f);
    }
    for (uint32_t i = 0; !planned && i < known; i++) {
        if (a->trust[i] < GX__THIN_TRUST) {
            add_one(raw, added, &f, i);
        }
    }
    gx_free(adds);
    return GX_OK;
}
