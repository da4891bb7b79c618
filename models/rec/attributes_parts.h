/* What the files of attributes share. Internal to models/rec. */
#ifndef GX_MODELS_REC_ATTRIBUTES_PARTS_H
#define GX_MODELS_REC_ATTRIBUTES_PARTS_H

#include "models/rec/attributes.h"
#include "models/rec/columns.h"

#define GX__TRUST_HALF 5.0   /* choices at which an item speaks half for itself */
#define GX__THIN_TRUST 0.8F  /* from here on, 20 choices, it is left to itself */
#define GX__VALUE_SHRINK 2.0 /* items of nothing beside those of a value */

#endif
