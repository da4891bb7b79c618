/* Members alike (models/rec/alike.h): what of a member's record says so, and the build's part. */
#ifndef GX_API_ALIKE_H
#define GX_API_ALIKE_H

#include "api/db.h"
#include "models/rec/alike.h"

/* The values of region, city, gender, age_band, occupation and channel; returns how many. */
uint32_t gx_alike_of(uint64_t out[GX_ALIKE_MAX], const gx_value *record);
/* Adds `alike.…` to what a build made. */
GX_MUST_CHECK gx_status gx_alike_build(gx_arrays *results, gx_txn *txn, const gx_matrix *history,
                                       gx_job *job, gx_error *err);
/* What that would take; nothing where no record says anything. */
GX_MUST_CHECK gx_status gx_alike_would(gx_estimate *out, gx_txn *txn, const gx_matrix *history,
                                       gx_error *err);

#endif
