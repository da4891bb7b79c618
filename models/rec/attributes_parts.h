/* What the files of attributes share. Internal to models/rec. */
#ifndef GX_MODELS_REC_ATTRIBUTES_PARTS_H
#define GX_MODELS_REC_ATTRIBUTES_PARTS_H

#include "models/rec/attributes.h"
#include "models/rec/columns.h"

#define GX__TRUST_HALF 5.0   /* choices at which an item speaks half for itself */
#define GX__THIN_TRUST 0.8F  /* from here on, 20 choices, it is left to itself */
#define GX__VALUE_SHRINK 2.0 /* items of nothing beside those of a value */

/* The values of an item as the snapshot numbers them, and what all of them, known or not, weigh. */
typedef struct gx__profile {
    uint32_t value[GX_ATTRIBUTES_MAX];
    uint32_t count;
    double weight;
} gx__profile;

void gx__profile_of(gx__profile *out, const gx_attributes *a, const gx_columns *columns,
                    uint32_t item);
/* Of what a model says of the items of a value, in the order of a->item. */
double gx__mean_of(const float *raw, const gx_attributes *a, uint32_t value);
/* Of `count` items, the first that is newer than the snapshot and looked at: the newest are. */
static inline uint32_t gx__first_new(const gx_attributes *a, uint32_t count) {
    const uint32_t known = a->items < count ? a->items : count;
    return count - known > GX_ATTRIBUTE_NEW_MAX ? count - GX_ATTRIBUTE_NEW_MAX : known;
}

#endif
