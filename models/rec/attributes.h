/* Attributes where history is thin: what an item is like says what may be expected of it before
 * anybody has chosen it (docs/cold-start.md).
 *
 * The build keeps, of every value of an attribute (a category on each of its levels, a brand, a
 * seller, a tag, a band of prices), the items with a history that carry it, and how much the
 * attribute tells: how much oftener two things that one member chose agree in it than two things
 * chosen at random. What a model says of an item without a history is then what it says of those
 * it shares values with:
 *
 *   mean(v) = c_v Σ h_i raw(i) / (Σ h_i + 2) over the items of v,   h_i = n_i / (n_i + 5)
 *   expected(c) = Σ_v w_v mean(v) / Σ_v w_v over the values of c,   w_v of the attribute
 *
 * n_i the number of members who chose i. The sum is over the 64 most chosen, and c_v, at most 1,
 * the mean h of all items of the value over theirs: what is chosen more is scored higher. This is
 * the centroid of a value's items, shrunk to nothing where there are few: for a model of factors it
 * is their mean factor, for any other the mean of their rows. An item with a short history gets
 * raw(c) + (1 − h_c) expected(c). */
#ifndef GX_MODELS_REC_ATTRIBUTES_H
#define GX_MODELS_REC_ATTRIBUTES_H

#include "graph/csr/graph.h"
#include "graph/pass/pass.h"
#include "graph/snapshot/arrays.h"
#include "models/rec/where.h"

/* X(NAME, column, how much it tells before anything is known) */
#define GX_ATTRIBUTE_MAP(X)                                                                        \
    X(CATEGORY1, "category", 0.5) /* a of a/b/c */                                                 \
    X(CATEGORY2, "category", 0.5) /* a/b */                                                        \
    X(CATEGORY, "category", 0.5)  /* the whole path, where it is longer */                         \
    X(BRAND, "brand", 0.5)                                                                         \
    X(SELLER, "seller", 0.25)                                                                      \
    X(TAG, "tags", 0.25)                                                                           \
    X(PRICE, "price", 0.1) /* half octaves */

typedef enum gx_attribute_field {
#define X(name, column, prior) GX_ATTRIBUTE_##name,
    GX_ATTRIBUTE_MAP(X)
#undef X
        GX_ATTRIBUTE_COUNT
} gx_attribute_field;

const char *gx_attribute_column(gx_attribute_field field);

typedef struct gx_trait {
    gx_attribute_field field;
    gx_slice text; /* borrowed from the columns; empty for a price */
    uint64_t hash; /* of both */
} gx_trait;

enum {
    GX_ATTRIBUTES_MAX = 24,     /* values of one item that are looked at */
    GX_ATTRIBUTE_TAGS_MAX = 8,  /* entries of one field */
    GX_ATTRIBUTE_NEW_MAX = 4096 /* items newer than the snapshot that are looked at: the newest */
};

/* The values of a row; returns how many. No two have the same hash. */
uint32_t gx_attributes_of(gx_trait out[GX_ATTRIBUTES_MAX], const gx_columns *columns, uint32_t row);

/* Adds to what a build made, for the items of `history` (members × items):
 *
 *   attributes.hash         u64 [values], rising
 *   attributes.weight       f32 [values]: how much the attribute tells
 *   attributes.field        f32 [GX_ATTRIBUTE_COUNT]: the same by attribute
 *   attributes.ptr          u64 [values + 1]: where each value's items begin
 *   attributes.item         u32: at most 64 of each value, those most chosen
 *   attributes.part         f32: what each of them adds to the value's mean
 *   attributes.item_ptr     u64 [items + 1]: where each item's values begin
 *   attributes.item_value   u32: their numbers
 *   attributes.trust        f32 [items]: h
 *
 * Nothing where no item has a value. O(items + choices of 20,000 members) × values of an item. */
GX_MUST_CHECK gx_status gx_attributes_add(gx_arrays *results, const gx_columns *columns,
                                          const gx_matrix *history, gx_job *job, gx_error *err);

/* What that would take, its arrays with it. Reads the items: O(values of all of them). */
GX_MUST_CHECK gx_status gx_attributes_estimate(gx_estimate *out, const gx_columns *columns,
                                               const gx_matrix *history, gx_job *job,
                                               gx_error *err);

/* How the sums of a list are laid out; the same bytes with it and without. */
typedef struct gx_attribute_plan gx_attribute_plan;

/* The arrays, resolved. count 0: there are none. */
typedef struct gx_attributes {
    uint32_t count, items;
    const uint64_t *hash, *ptr, *item_ptr;
    const float *weight, *field, *part, *trust;
    const uint32_t *item, *item_value;
    const gx_attribute_plan *plan; /* NULL: sums are made one by one */
} gx_attributes;

/* corrupt where they do not fit together. */
GX_MUST_CHECK gx_status gx_attributes_open(gx_attributes *out, const gx_arrays *arrays,
                                           uint32_t items, gx_error *err);
/* Made once for many lists; whoever asks for it sets a->plan, and destroys it. *out NULL: there are
 * no attributes. Memory: 8 bytes an item of a value and 4 a value of an item with a thin history.
 */
GX_MUST_CHECK gx_status gx_attributes_plan(gx_attribute_plan **out, const gx_attributes *a,
                                           gx_error *err);
void gx_attributes_plan_destroy(gx_attribute_plan *plan); /* accepts NULL */
/* raw[0 … items of the snapshot) is what a model says of each; adds what is expected by attributes
 * to those with a thin history, and sets those from there to `count` that the snapshot does not
 * know. `columns` NULL: of those nothing is known. `mean` (may be NULL) is the mean of
 * each value where the caller knows it; else it is made from raw of the items in a->item. What is
 * added to those of the snapshot is told in `added` (may be NULL). */
GX_MUST_CHECK gx_status gx_attributes_fill(float *raw, float *added, const float *mean,
                                           uint32_t count, const gx_attributes *a,
                                           const gx_columns *columns, gx_error *err);
/* The items of a value that its mean is made from; returns how many, 0: it is not known. */
uint32_t gx_attributes_items(const uint32_t **out, const gx_attributes *a, uint64_t hash);
/* out[0 … count): how much of what `item` is each other item shares, 0 … 1; 0 for itself. */
GX_MUST_CHECK gx_status gx_attributes_near(float *out, uint32_t count, const gx_attributes *a,
                                           const gx_columns *columns, uint32_t item, gx_error *err);
/* The values of an item as the snapshot numbers them: of one it does not know those that others
 * have. Returns how many. */
uint32_t gx_attributes_values(uint32_t out[GX_ATTRIBUTES_MAX], const gx_attributes *a,
                              const gx_columns *columns, uint32_t item);
/* Whether an item has a value that others with a history have. */
bool gx_attributes_known(const gx_attributes *a, const gx_columns *columns, uint32_t item);
/* How far its own history speaks for an item: 1 where it is not thin, 0 where it is new. */
float gx_attributes_trust(const gx_attributes *a, uint32_t item);
/* Of the values of `item` that a reader understands (no price) the one that adds most to what is
 * expected; false: none adds anything. raw as before gx_attributes_fill, or after. */
bool gx_attributes_reason(gx_trait *out, const float *raw, const gx_attributes *a,
                          const gx_columns *columns, uint32_t item);

#endif
