/* What the two halves of learning share. Internal to models/rec. */
#ifndef GX_MODELS_REC_BLEND_PARTS_H
#define GX_MODELS_REC_BLEND_PARTS_H

#include "models/rec/blend.h"

typedef struct gx__learning {
    const gx_blend_take *takes; /* by user, then by time */
    const gx_blend_cell *cells;
    uint32_t count, members, items;
    uint32_t *at;  /* takes chosen */
    double *share; /* per take: 1 over the member's takes */
    uint8_t *bucket, *fold;
    gx_job *job;
} gx__learning;

/* Fills the mixes, the sharpness, the prior, `personal`, and every member's row. */
GX_MUST_CHECK gx_status gx__blend_mix(gx_blend *out, float *susceptibility, uint32_t *taken,
                                      const uint32_t *likes, uint32_t users, gx__learning *l,
                                      gx_error *err);

/* The weights of a member of bucket `part` whose own mix is `own`. */
void gx__blend_personal(float out[GX_CHANNEL_COUNT], const float weight[GX_CHANNEL_COUNT],
                        const float mix[GX_CHANNEL_COUNT], const float own[GX_CHANNEL_COUNT],
                        double personal);

#endif
