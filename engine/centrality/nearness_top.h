/* The highest scores, exactly, by searches that end early. */
#ifndef GX_CENTRALITY_NEARNESS_TOP_H
#define GX_CENTRALITY_NEARNESS_TOP_H

#include "engine/centrality/nearness_score.h"

/* The `top` highest; NaN to all others. */
GX_MUST_CHECK gx_status gx__nearness_top(double *score, const gx__nearness *a, gx_error *err);
uint64_t gx__nearness_top_bytes(const gx__nearness *a, int threads);

#endif
