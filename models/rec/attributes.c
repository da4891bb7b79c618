/* Values of items, and what they say where history is thin. The fit is in attributes_fit.c. */
#include "models/rec/attributes_parts.h"

#include <math.h>

const char *gx_attribute_column(gx_attribute_field field) {
    static const char *const names[GX_ATTRIBUTE_COUNT] = {
#define X(name, column, prior) column,
        GX_ATTRIBUTE_MAP(X)
#undef X
    };
    return (unsigned)field < GX_ATTRIBUTE_COUNT ? names[field] : "unknown";
}

/* ---- the values of a row -------------------------------------------------------------------- */

typedef struct values {
    gx_trait *out;
    uint32_t count;
} values;

static uint64_t hash_of(gx_attribute_field field, const void *bytes, size_t size) {
    const char *at = bytes;
    uint64_t h = gx_mix64((uint64_t)field + 1) ^ size;
    for (size_t from = 0; from < size; from += 8) {
        uint64_t piece = 0;
        memcpy(&piece, at + from, size - from < 8 ? size - from : 8);
        h = gx_mix64(h ^ piece);
    }
    return gx_mix64(h);
}

static void add(values *v, gx_attribute_field field, const void *bytes, size_t size, bool text) {
    const uint64_t hash = hash_of(field, bytes, size);
    for (uint32_t k = 0; k < v->count; k++) {
        if (v->out[k].hash == hash) {
            return;
        }
    }
    if (v->count < GX_ATTRIBUTES_MAX && size > 0) {
        v->out[v->count++] =
            (gx_trait){field, text ? (gx_slice){bytes, size} : (gx_slice){"", 0}, hash};
    }
}

static void add_category(values *v, gx_slice path) {
    size_t end[2] = {0}, levels = 0;
    for (size_t k = 1; k < path.size && levels < 2; k++) {
        if (path.data[k] == '/' && k + 1 < path.size) {
            end[levels++] = k;
        }
    }
    add(v, GX_ATTRIBUTE_CATEGORY1, path.data, levels > 0 ? end[0] : path.size, true);
    if (levels > 0) {
        add(v, GX_ATTRIBUTE_CATEGORY2, path.data, levels > 1 ? end[1] : path.size, true);
    }
    if (levels > 1) {
        add(v, GX_ATTRIBUTE_CATEGORY, path.data, path.size, true);
    }
}

static void add_price(values *v, double price) {
    if (price > 0 && isfinite(price)) {
        const int32_t band = (int32_t)floor(2 * log2(price));
        add(v, GX_ATTRIBUTE_PRICE, &band, sizeof band, false);
    }
}

static void add_word(values *v, gx_attribute_field field, const gx__dict *dict, uint32_t word) {
    const gx__word *w = &dict->words[word];
    if (field == GX_ATTRIBUTE_PRICE) {
        add_price(v, w->number);
    } else if (w->kind == GX__WORD_TEXT && field == GX_ATTRIBUTE_CATEGORY) {
        add_category(v, gx__dict_bytes(dict, word));
    } else if (w->kind == GX__WORD_TEXT) {
        const gx_slice text = gx__dict_bytes(dict, word);
        add(v, field, text.data, text.size, true);
    }
}

static void add_field(values *v, gx_attribute_field field, const gx_columns *columns,
                      uint32_t row) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(gx_attribute_column(field)));
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    const uint32_t at = row % GX__PAGE_ROWS;
    const uint32_t cell = page && page->word ? page->word[at] : 0;
    if (page && page->number && !isnan(page->number[at])) {
        if (field == GX_ATTRIBUTE_PRICE) {
            add_price(v, page->number[at]);
        } else {
            add(v, field, &page->number[at], sizeof *page->number, false);
        }
    } else if (cell & GX__CELL_LIST) {
        const uint32_t *run = column->runs + (cell & ~GX__CELL_LIST);
        for (uint32_t k = 1; k <= run[0] && k <= GX_ATTRIBUTE_TAGS_MAX; k++) {
            add_word(v, field, &column->dict, run[k]);
        }
    } else if (cell != 0) {
        add_word(v, field, &column->dict, cell);
    }
}

uint32_t gx_attributes_of(gx_trait out[GX_ATTRIBUTES_MAX], const gx_columns *columns,
                          uint32_t row) {
    values v = {.out = out};
    add_field(&v, GX_ATTRIBUTE_CATEGORY, columns, row);
    add_field(&v, GX_ATTRIBUTE_BRAND, columns, row);
    add_field(&v, GX_ATTRIBUTE_SELLER, columns, row);
    add_field(&v, GX_ATTRIBUTE_PRICE, columns, row);
    add_field(&v, GX_ATTRIBUTE_TAG, columns, row);
    return v.count;
}

/* ---- what a snapshot has -------------------------------------------------------------------- */

static bool are_shares(const float *value, uint64_t count) {
    bool good = true;
    for (uint64_t i = 0; i < count; i++) {
        good &= value[i] >= 0 && value[i] <= 1;
    }
    return good;
}

gx_status gx_attributes_open(gx_attributes *out, const gx_arrays *arrays, uint32_t items,
                             gx_error *err) {
    const uint64_t count = gx_arrays_rows(arrays, "attributes.hash");
    const uint64_t reps = gx_arrays_rows(arrays, "attributes.item");
    const uint64_t carried = gx_arrays_rows(arrays, "attributes.item_value");
    gx_attributes a = {.count = (uint32_t)count, .items = items};
    *out = (gx_attributes){0};
    if (count == 0 || count >= GX_NONE) {
        return GX_OK;
    }
    a.hash = gx_arrays_get(arrays, "attributes.hash", GX_U64, count);
    a.weight = gx_arrays_get(arrays, "attributes.weight", GX_F32, count);
    a.field = gx_arrays_get(arrays, "attributes.field", GX_F32, GX_ATTRIBUTE_COUNT);
    a.ptr = gx_arrays_get(arrays, "attributes.ptr", GX_U64, count + 1);
    a.item = gx_arrays_get(arrays, "attributes.item", GX_U32, reps);
    a.part = gx_arrays_get(arrays, "attributes.part", GX_F32, reps);
    a.item_ptr = gx_arrays_get(arrays, "attributes.item_ptr", GX_U64, (uint64_t)items + 1);
    a.item_value = gx_arrays_get(arrays, "attributes.item_value", GX_U32, carried);
    a.trust = gx_arrays_get(arrays, "attributes.trust", GX_F32, items);
    const bool there = a.hash && a.weight && a.field && a.ptr && a.item && a.part && a.item_ptr &&
                       a.item_value && a.trust;
    if (!there || !gx_row_ptr_is_valid(a.ptr, count, reps) || !gx_all_below(a.item, reps, items) ||
        !gx_row_ptr_is_valid(a.item_ptr, items, carried) ||
        !gx_all_below(a.item_value, carried, a.count) || !are_shares(a.part, reps) ||
        !are_shares(a.trust, items)) {
        return gx_fail_at(err, GX_CORRUPT, "attributes",
                          "the snapshot's attributes: their arrays do not fit together");
    }
    *out = a;
    return GX_OK;
}

static uint32_t find(const gx_attributes *a, uint64_t hash) {
    uint32_t low = 0, high = a->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (a->hash[middle] < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < a->count && a->hash[low] == hash ? low : GX_NONE;
}

float gx_attributes_trust(const gx_attributes *a, uint32_t item) {
    if (item >= a->items) {
        return 0;
    }
    return a->trust[item] < GX__THIN_TRUST ? a->trust[item] : 1;
}

/* ---- what is expected ------------------------------------------------------------------------ */

void gx__profile_of(gx__profile *out, const gx_attributes *a, const gx_columns *columns,
                    uint32_t item) {
    *out = (gx__profile){0};
    if (a->count == 0) {
        return;
    }
    if (item < a->items) {
        for (uint64_t k = a->item_ptr[item];
             k < a->item_ptr[item + 1] && out->count < GX_ATTRIBUTES_MAX; k++) {
            out->value[out->count++] = a->item_value[k];
            out->weight += (double)a->weight[a->item_value[k]];
        }
    } else if (columns) {
        gx_trait row[GX_ATTRIBUTES_MAX];
        const uint32_t count = gx_attributes_of(row, columns, item);
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t value = find(a, row[k].hash);
            out->weight += (double)a->field[row[k].field];
            if (value != GX_NONE) {
                out->value[out->count++] = value;
            }
        }
    }
}

uint32_t gx_attributes_values(uint32_t out[GX_ATTRIBUTES_MAX], const gx_attributes *a,
                              const gx_columns *columns, uint32_t item) {
    gx__profile p;
    gx__profile_of(&p, a, columns, item);
    memcpy(out, p.value, p.count * sizeof *out);
    return p.count;
}

bool gx_attributes_known(const gx_attributes *a, const gx_columns *columns, uint32_t item) {
    gx__profile p;
    gx__profile_of(&p, a, columns, item);
    return p.count > 0;
}

uint32_t gx_attributes_items(const uint32_t **out, const gx_attributes *a, uint64_t hash) {
    const uint32_t value = a->count > 0 ? find(a, hash) : GX_NONE;
    if (value == GX_NONE) {
        return 0;
    }
    *out = a->item + a->ptr[value];
    return (uint32_t)(a->ptr[value + 1] - a->ptr[value]);
}

gx_status gx_attributes_near(float *out, uint32_t count, const gx_attributes *a,
                             const gx_columns *columns, uint32_t item, gx_error *err) {
    gx__profile p, other;
    memset(out, 0, count * sizeof *out);
    if (a->count == 0) {
        return GX_OK;
    }
    gx__profile_of(&p, a, columns, item);
    uint8_t *has = gx_alloc0(a->count, 1);
    if (!has) {
        return gx_fail_memory(err, a->count);
    }
    for (uint32_t k = 0; k < p.count; k++) {
        has[p.value[k]] = 1;
    }
    const uint32_t known = a->items < count ? a->items : count;
    const uint32_t first = gx__first_new(a, count);
    for (uint32_t i = known > 0 ? 0 : first; i < count; i = i + 1 == known ? first : i + 1) {
        double shared = 0;
        gx__profile_of(&other, a, columns, i);
        for (uint32_t k = 0; k < other.count; k++) {
            shared += has[other.value[k]] ? (double)a->weight[other.value[k]] : 0;
        }
        out[i] = i != item && p.weight > 0 ? (float)fmin(shared / p.weight, 1) : 0;
    }
    gx_free(has);
    return GX_OK;
}

bool gx_attributes_reason(gx_trait *out, const float *raw, const gx_attributes *a,
                          const gx_columns *columns, uint32_t item) {
    gx_trait row[GX_ATTRIBUTES_MAX];
    const uint32_t count = a->count > 0 && columns ? gx_attributes_of(row, columns, item) : 0;
    double most = 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t value = row[k].text.size > 0 ? find(a, row[k].hash) : GX_NONE;
        const double adds =
            value == GX_NONE ? 0 : (double)a->weight[value] * gx__mean_of(raw, a, value);
        if (adds > most) {
            most = adds;
            *out = row[k];
        }
    }
    return most > 0;
}
