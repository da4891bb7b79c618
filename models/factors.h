/* What models have in common that score by a member's factors times an item's. */
#ifndef GX_MODELS_FACTORS_H
#define GX_MODELS_FACTORS_H

#include "models/model.h"

/* internal where a factor is not finite. */
GX_MUST_CHECK gx_status gx__factors_check(const gx_factors *f, const char *instance, gx_error *err);
/* Scores of members first … first + count − 1, rows of f->items floats, by tiles of items whose
 * factors stay in the second-level cache while all members of the block pass; threads of the job.
 */
GX_MUST_CHECK gx_status gx__factors_block(float *scores, const gx_factors *f, uint32_t first,
                                          uint32_t count, gx_job *job, gx_error *err);
/* The scores of all items for the factors w. */
void gx__factors_score(float *scores, const gx_factors *f, const float *w);
/* The cosine of every item's factors with those of `item`. not_found: it is not of the fit. */
GX_MUST_CHECK gx_status gx__factors_similar(float *scores, const gx_factors *f, uint32_t item,
                                            gx_error *err);
/* The same of `count` items only; 0 of an item that is not of the fit. */
void gx__factors_like_items(float *scores, const gx_factors *f, uint32_t item,
                            const uint32_t *items, uint32_t count);
/* The same for the same items liked and disliked, in any order; weight NULL: all liked. */
uint64_t gx__history_hash(const uint32_t *item, const float *weight, uint64_t count);

#endif
