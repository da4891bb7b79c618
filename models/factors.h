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
/* The score of one item for the factors w; those of all, of `count` items in their order, and what
 * several members want: the same bytes each way, and on every machine. */
float gx__factors_exact(const gx_factors *f, const float *w, uint32_t item);
void gx__factors_exact_all(float *scores, const gx_factors *f, const float *w);
void gx__factors_exact_of(float *scores, const gx_factors *f, const float *w, const uint32_t *items,
                          uint32_t count);
/* A score that is wanted: of row `user` of f->user, to be written to scores[at]. */
typedef struct gx__wanted {
    uint32_t item, user, at;
} gx__wanted;
/* `wanted` is by rising item: the factors of an item are read from memory once for all who want its
 * score, while those of the members stay in the cache. Threads of the job. */
void gx__factors_exact_wanted(float *scores, const gx_factors *f, const gx__wanted *wanted,
                              uint64_t count, gx_job *job);

/* The cosine of every item's factors with those of `item`. not_found: it is not of the fit. */
GX_MUST_CHECK gx_status gx__factors_similar(float *scores, const gx_factors *f, uint32_t item,
                                            gx_error *err);
/* The same of `count` items only; 0 of an item that is not of the fit. */
void gx__factors_like_items(float *scores, const gx_factors *f, uint32_t item,
                            const uint32_t *items, uint32_t count);
/* The same for the same items liked and disliked, in any order; weight NULL: all liked. */
uint64_t gx__history_hash(const uint32_t *item, const float *weight, uint64_t count);

#endif
