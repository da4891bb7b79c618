/* What the last expressions passed, kept with the columns: an expression that is asked again is
 * evaluated only where rows have changed since. Internal to models/rec. */
#ifndef GX_MODELS_REC_MASKS_H
#define GX_MODELS_REC_MASKS_H

#include "graph/base/base.h"

typedef struct gx__masks gx__masks;

/* An expression's mask, held until gx__masks_release. */
typedef struct gx__mask {
    char *text;
    size_t size;
    uint32_t count; /* rows it is of */
    uint64_t at;    /* how often the columns had changed when it was made */
    uint64_t used;
    uint8_t *pass;
} gx__mask;

GX_MUST_CHECK gx_status gx__masks_create(gx__masks **out, gx_error *err);
void gx__masks_destroy(gx__masks *masks); /* accepts NULL */
/* The mask of an expression; NULL (and nothing is held): it is not kept. Nobody else gets one until
 * it is released. */
gx__mask *gx__masks_hold(gx__masks *masks, gx_slice text);
void gx__masks_release(gx__masks *masks);
/* Room for `count` rows of a mask that is held; false: there is no memory, and it is as it was. */
bool gx__mask_reserve(gx__mask *mask, uint32_t count);
/* Keeps a copy of pass[count] in place of what was asked for longest ago. Where there is no memory,
 * or the masks of a catalogue of this size would take too much, it is not kept. */
void gx__masks_keep(gx__masks *masks, gx_slice text, const uint8_t *pass, uint32_t count,
                    uint64_t at);

#endif
