/* What a build keeps of the items' attributes.
 *
 * How much an attribute tells is a log lift: of the pairs of things that one member chose, how many
 * agree in it (share a value; tags: the number shared), over how many would if each were drawn by
 * popularity from all that was chosen, E = pairs × Σ_v P(v)². With 10 pairs of chance beside them:
 *
 *   w = (E log((A + 10) / (E + 10)) + 10 prior) / (E + 10), at least 0
 *
 * Read from at most 20,000 members, evenly over them, and 64 things of each. Serial: it is a small
 * part of a build. */
#include "models/rec/attributes_parts.h"

#include <math.h>
#include <stdlib.h>

enum { REPRESENTATIVES = 64, MEMBERS = 20000, CHOICES = 64 };
enum { LOOK = 1 << 16 /* choices, or items, between looks at whether to stop */ };

static const double PRIOR_PAIRS = 10;

typedef struct entry {
    uint64_t hash;
    uint32_t item;
    uint32_t field;
} entry;

typedef struct fit {
    const gx_columns *columns;
    const gx_matrix *history;
    gx_job *job;
    uint32_t items;
    uint32_t *chosen; /* items: by how many members */
    entry *entries;   /* of all items; sorted by hash, then item */
    uint64_t entry_count;
    uint32_t *value; /* one an entry: the value's number; GX_NONE: of no item with a history */
    uint32_t *field; /* of each value */
    uint64_t *hash;
    uint32_t values;
    uint64_t *item_ptr; /* items + 1 */
    uint32_t *item_value;
    float weight[GX_ATTRIBUTE_COUNT];
} fit;

static double trust_of(uint32_t chosen) {
    return chosen / (chosen + GX__TRUST_HALF);
}

/* By how many members each item was chosen: *out for the caller to free. */
static gx_status count_chosen(uint32_t **out, const gx_matrix *history, gx_job *job,
                              gx_error *err) {
    gx_status status = gx_job_alloc(job, out, (size_t)history->cols + 1, sizeof **out, err);
    for (uint64_t k = 0; status == GX_OK && k < history->nnz; k++) {
        (*out)[history->col[k]] += gx_matrix_value(history, k) > 0;
        status = k % LOOK == 0 ? gx_job_check(job, err) : GX_OK;
    }
    return status;
}

/* ---- values --------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static gx_status read_entries(fit *f, gx_error *err) {
    gx_status status = GX_OK;
    gx_trait row[GX_ATTRIBUTES_MAX];
    uint64_t count = 0;
    for (uint32_t i = 0; i < f->items; i++) {
        count += gx_attributes_of(row, f->columns, i);
    }
    GX_TRY(gx_job_alloc(f->job, &f->entries, count + 1, sizeof *f->entries, err));
    for (uint32_t i = 0; i < f->items; i++) {
        const uint32_t found = gx_attributes_of(row, f->columns, i);
        if (i % LOOK == 0) {
            GX_TRY(gx_job_check(f->job, err));
        }
        for (uint32_t k = 0; k < found; k++) {
            f->entries[f->entry_count++] = (entry){row[k].hash, i, (uint32_t)row[k].field};
        }
    }
    GX_TRY(gx_job_check(f->job, err));
    qsort(f->entries, f->entry_count, sizeof *f->entries, by_hash);
done:
    return status;
}

/* Numbers the values that an item with a history carries. */
static gx_status number_values(fit *f, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(f->job, &f->value, f->entry_count + 1, sizeof *f->value, err));
    GX_TRY(gx_job_alloc(f->job, &f->field, f->entry_count + 1, sizeof *f->field, err));
    GX_TRY(gx_job_alloc(f->job, &f->hash, f->entry_count + 1, sizeof *f->hash, err));
    for (uint64_t from = 0, to; from < f->entry_count; from = to) {
        bool warm = false;
        for (to = from; to < f->entry_count && f->entries[to].hash == f->entries[from].hash; to++) {
            warm |= f->chosen[f->entries[to].item] > 0;
        }
        for (uint64_t k = from; k < to; k++) {
            f->value[k] = warm ? f->values : GX_NONE;
        }
        if (warm) {
            f->field[f->values] = f->entries[from].field;
            f->hash[f->values++] = f->entries[from].hash;
        }
    }
done:
    return status;
}

/* Values of each item, rising. */
static gx_status gather_items(fit *f, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t known = 0;
    GX_TRY(gx_job_alloc(f->job, &f->item_ptr, (size_t)f->items + 2, sizeof *f->item_ptr, err));
    for (uint64_t k = 0; k < f->entry_count; k++) {
        if (f->value[k] != GX_NONE) {
            f->item_ptr[f->entries[k].item + 2]++;
            known++;
        }
    }
    GX_TRY(gx_job_alloc(f->job, &f->item_value, known + 1, sizeof *f->item_value, err));
    for (uint32_t i = 0; i < f->items; i++) {
        f->item_ptr[i + 2] += f->item_ptr[i + 1];
    }
    for (uint64_t k = 0; k < f->entry_count; k++) {
        if (f->value[k] != GX_NONE) {
            f->item_value[f->item_ptr[f->entries[k].item + 1]++] = f->value[k];
        }
    }
done:
    return status;
}

/* ---- how much an attribute tells ------------------------------------------------------------- */

typedef struct pairs {
    uint64_t *chosen; /* values: choices with it */
    uint32_t *mark;   /* values: of the member that is looked at; 0 between members */
    uint64_t choices;
    double all, agree[GX_ATTRIBUTE_COUNT];
} pairs;

static void look_at_member(pairs *p, const fit *f, uint32_t user) {
    const gx_matrix *m = f->history;
    uint32_t seen[CHOICES], count = 0;
    for (uint64_t k = m->ptr[user]; k < m->ptr[user + 1] && count < CHOICES; k++) {
        if (gx_matrix_value(m, k) > 0) {
            seen[count++] = m->col[k];
        }
    }
    for (uint32_t s = 0; s < count; s++) {
        for (uint64_t k = f->item_ptr[seen[s]]; k < f->item_ptr[seen[s] + 1]; k++) {
            const uint32_t value = f->item_value[k];
            p->agree[f->field[value]] += p->mark[value]++;
            p->chosen[value]++;
        }
    }
    for (uint32_t s = 0; s < count; s++) {
        for (uint64_t k = f->item_ptr[seen[s]]; k < f->item_ptr[seen[s] + 1]; k++) {
            p->mark[f->item_value[k]] = 0;
        }
    }
    p->all += count > 0 ? count * (count - 1) / 2 : 0;
    p->choices += count;
}

static void weigh(fit *f, const pairs *p) {
    static const double priors[GX_ATTRIBUTE_COUNT] = {
#define X(name, column, prior) prior,
        GX_ATTRIBUTE_MAP(X)
#undef X
    };
    double chance[GX_ATTRIBUTE_COUNT] = {0};
    for (uint32_t v = 0; v < f->values && p->choices > 0; v++) {
        const double share = (double)p->chosen[v] / (double)p->choices;
        chance[f->field[v]] += share * share * p->all;
    }
    for (uint32_t a = 0; a < GX_ATTRIBUTE_COUNT; a++) {
        const double lift = (p->agree[a] + PRIOR_PAIRS) / (chance[a] + PRIOR_PAIRS);
        const double told = chance[a] * log(lift) + PRIOR_PAIRS * priors[a];
        f->weight[a] = (float)fmax(told / (chance[a] + PRIOR_PAIRS), 0);
    }
}

static gx_status weigh_attributes(fit *f, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t rows = f->history->rows, step = rows / MEMBERS + 1;
    pairs p = {0};
    GX_TRY(gx_job_alloc(f->job, &p.chosen, (size_t)f->values + 1, sizeof *p.chosen, err));
    GX_TRY(gx_job_alloc(f->job, &p.mark, (size_t)f->values + 1, sizeof *p.mark, err));
    for (uint64_t u = 0; u < rows; u += step) {
        look_at_member(&p, f, (uint32_t)u);
        if (u % 1024 == 0) {
            GX_TRY(gx_job_check(f->job, err));
        }
    }
    weigh(f, &p);
done:
    gx_job_free(f->job, p.chosen);
    gx_job_free(f->job, p.mark);
    return status;
}

/* ---- the items of each value ---------------------------------------------------------------- */

typedef struct ranked {
    uint32_t chosen, item;
} ranked;

static int by_chosen(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->chosen != y->chosen) {
        return x->chosen > y->chosen ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* The items of the run of entries that begins at *in_out, best first; moves to the next run.
 * *out_usual: h of the mean item of the value, also of those that nobody chose. */
static uint32_t rank_run(ranked *out, double *out_usual, uint64_t *in_out, const fit *f) {
    uint64_t k = *in_out;
    const uint64_t from = k;
    const uint32_t value = f->value[k];
    uint32_t count = 0;
    double sum = 0;
    for (; k < f->entry_count && f->value[k] == value; k++) {
        const uint32_t item = f->entries[k].item;
        sum += trust_of(f->chosen[item]);
        if (f->chosen[item] > 0) {
            out[count++] = (ranked){f->chosen[item], item};
        }
    }
    *in_out = k;
    *out_usual = sum / (double)(k - from);
    qsort(out, count, sizeof *out, by_chosen);
    return count < REPRESENTATIVES ? count : REPRESENTATIVES;
}

static gx_status add_values(gx_arrays *results, const fit *f, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t *hash, *ptr, room = 0;
    uint32_t *item;
    float *weight, *part, *field;
    ranked *run = NULL;
    double usual = 0;
    gx_job *job = f->job;
    GX_TRY(gx_job_alloc(job, &run, (size_t)f->items + 1, sizeof *run, err));
    for (uint64_t k = 0; k < f->entry_count;) {
        if (f->value[k] == GX_NONE) {
            k++;
        } else {
            room += rank_run(run, &usual, &k, f);
        }
    }
    GX_TRY(gx_arrays_add(&hash, results, "attributes.hash", GX_U64, f->values, 0, job, err));
    GX_TRY(gx_arrays_add(&weight, results, "attributes.weight", GX_F32, f->values, 0, job, err));
    GX_TRY(gx_arrays_add(&field, results, "attributes.field", GX_F32, GX_ATTRIBUTE_COUNT, 0, job,
                         err));
    GX_TRY(gx_arrays_add(&ptr, results, "attributes.ptr", GX_U64, (uint64_t)f->values + 1, 0, job,
                         err));
    GX_TRY(gx_arrays_add(&item, results, "attributes.item", GX_U32, room, 0, job, err));
    GX_TRY(gx_arrays_add(&part, results, "attributes.part", GX_F32, room, 0, job, err));
    memcpy(field, f->weight, sizeof f->weight);
    uint64_t made = 0;
    for (uint64_t k = 0; k < f->entry_count;) {
        const uint32_t value = f->value[k];
        if (value == GX_NONE) {
            k++;
            continue;
        }
        const uint32_t count = rank_run(run, &usual, &k, f);
        double sum = 0;
        for (uint32_t r = 0; r < count; r++) {
            sum += trust_of(run[r].chosen);
        }
        /* The most chosen are scored above the usual item of the value. */
        const double fair = fmin(usual * count / sum, 1) / (sum + GX__VALUE_SHRINK);
        for (uint32_t r = 0; r < count; r++) {
            item[made] = run[r].item;
            part[made++] = (float)(trust_of(run[r].chosen) * fair);
        }
        hash[value] = f->hash[value];
        weight[value] = f->weight[f->field[value]];
        ptr[value + 1] = made;
    }
done:
    gx_job_free(job, run);
    return status;
}

static gx_status add_items(gx_arrays *results, const fit *f, gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t count = f->item_ptr[f->items];
    uint64_t *ptr;
    uint32_t *value;
    float *trust;
    GX_TRY(gx_arrays_add(&ptr, results, "attributes.item_ptr", GX_U64, (uint64_t)f->items + 1, 0,
                         f->job, err));
    GX_TRY(gx_arrays_add(&value, results, "attributes.item_value", GX_U32, count, 0, f->job, err));
    GX_TRY(gx_arrays_add(&trust, results, "attributes.trust", GX_F32, f->items, 0, f->job, err));
    memcpy(ptr, f->item_ptr, ((size_t)f->items + 1) * sizeof *ptr);
    if (count > 0) {
        memcpy(value, f->item_value, count * sizeof *value);
    }
    for (uint32_t i = 0; i < f->items; i++) {
        trust[i] = (float)trust_of(f->chosen[i]);
    }
done:
    return status;
}

/* ---- what it would take ---------------------------------------------------------------------- */

static int by_number(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Entries of all items, values that an item with a history carries and the items kept of them. */
typedef struct sizes {
    uint64_t entries, values, kept;
} sizes;

static gx_status count_sizes(sizes *out, const gx_columns *columns, const gx_matrix *history,
                             const uint32_t *chosen, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_trait row[GX_ATTRIBUTES_MAX];
    uint64_t *warm = NULL, count = 0, room = 0;
    sizes s = {0};
    for (uint32_t i = 0; i < history->cols; i++) {
        const uint32_t found = gx_attributes_of(row, columns, i);
        s.entries += found;
        room += chosen[i] > 0 ? found : 0;
    }
    GX_TRY(gx_job_alloc(job, &warm, room + 1, sizeof *warm, err));
    for (uint32_t i = 0; i < history->cols; i++) {
        const uint32_t found = chosen[i] > 0 ? gx_attributes_of(row, columns, i) : 0;
        for (uint32_t k = 0; k < found; k++) {
            warm[count++] = row[k].hash;
        }
    }
    qsort(warm, count, sizeof *warm, by_number);
    for (uint64_t from = 0, to; from < count; from = to) {
        for (to = from; to < count && warm[to] == warm[from]; to++) {
        }
        s.values++;
        s.kept += to - from < REPRESENTATIVES ? to - from : REPRESENTATIVES;
    }
    status = gx_job_check(job, err);
    *out = s;
done:
    gx_job_free(job, warm);
    return status;
}

gx_status gx_attributes_estimate(gx_estimate *out, const gx_columns *columns,
                                 const gx_matrix *history, gx_job *job, gx_error *err) {
    static const double entry_s = 2e-7, pair_s = 4e-9;
    gx_status status = GX_OK;
    sizes s = {0};
    uint32_t *chosen = NULL;
    const uint64_t items = history->cols;
    *out = (gx_estimate){0};
    GX_TRY(count_chosen(&chosen, history, job, err));
    GX_TRY(count_sizes(&s, columns, history, chosen, job, err));
    const uint64_t read = 4 * items + (sizeof(entry) + 16) * s.entries;
    const uint64_t more = (8 + 4 + 8) * items + 4 * s.entries;
    const uint64_t kept =
        12 * s.values + 8 * (s.values + 1) + 8 * s.kept + sizeof(float) * GX_ATTRIBUTE_COUNT;
    const uint64_t of_items = 8 * (items + 1) + 4 * s.entries + 4 * items;
    out->mem_bytes = s.values ? read + more + kept + of_items : read;
    const double members = fmin((double)history->rows, MEMBERS);
    const double choices = history->rows ? (double)history->nnz / history->rows : 0;
    out->cpu_s = entry_s * (double)s.entries + pair_s * members * fmin(choices, CHOICES) *
                                                   (double)s.entries / (double)(items + 1);
done:
    gx_job_free(job, chosen);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------ */

gx_status gx_attributes_add(gx_arrays *results, const gx_columns *columns, const gx_matrix *history,
                            gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    fit f = {.columns = columns, .history = history, .job = job, .items = history->cols};
    gx_job_stage(job, "attributes", 0);
    GX_TRY(count_chosen(&f.chosen, history, job, err));
    GX_TRY(read_entries(&f, err));
    GX_TRY(number_values(&f, err));
    if (f.values > 0) {
        GX_TRY(gather_items(&f, err));
        GX_TRY(weigh_attributes(&f, err));
        GX_TRY(add_values(results, &f, err));
        GX_TRY(add_items(results, &f, err));
    }
done:
    gx_job_free(job, f.chosen);
    gx_job_free(job, f.entries);
    gx_job_free(job, f.value);
    gx_job_free(job, f.field);
    gx_job_free(job, f.hash);
    gx_job_free(job, f.item_ptr);
    gx_job_free(job, f.item_value);
    return status;
}
