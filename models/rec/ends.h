/* When rows of kind event end, kept from call to call: reading tens of thousands of times takes as
 * long as a list. A row is read anew when one near it was set. Internal to models/rec; the public
 * side is where.h. */
#ifndef GX_MODELS_REC_ENDS_H
#define GX_MODELS_REC_ENDS_H

#include "graph/base/base.h"

typedef struct gx__ends gx__ends;

GX_MUST_CHECK gx_status gx__ends_create(gx__ends **out, gx_error *err);
void gx__ends_destroy(gx__ends *ends); /* accepts NULL */

#endif
