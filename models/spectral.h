/* Bands of the low-pass filter, for those who weigh them by themselves. */
#ifndef GX_MODELS_SPECTRAL_H
#define GX_MODELS_SPECTRAL_H

#include "models/model.h"

/* How many signals a fit keeps where `wanted` are asked for. */
uint32_t gx__spectral_width(const gx_input *input, uint64_t wanted);

/* Gives the signals from, from + 1, … to − 1 of the fit `instance` as a fit of its own, which the
 * model spectral opens. */
GX_MUST_CHECK gx_status gx__spectral_band(gx_output *out, const gx_arrays *arrays,
                                          const char *instance, uint32_t items, uint32_t from,
                                          uint32_t to, gx_error *err);

#endif
