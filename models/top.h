/* The n best of scores that come in pieces. */
#ifndef GX_MODELS_TOP_H
#define GX_MODELS_TOP_H

#include "models/model.h"

/* Begin with {.heap = room for n, .n = n ≥ 1, .limit = the floor}. */
typedef struct gx__top {
    gx_scored *heap;
    uint32_t n, held;
    float limit; /* only what is above it counts: the floor, then the least of the n held */
} gx__top;

/* Items first … first + count − 1, all of higher numbers than those before; skip may be NULL. */
void gx__top_add(gx__top *t, const float *scores, uint32_t first, uint32_t count,
                 const uint8_t *skip);
/* The first place from `at` on, in steps of 64, whose 64 scores may hold one above the limit. */
uint32_t gx__top_next(const float *scores, uint32_t at, uint32_t count, float limit);
/* A limit, at least `floor`, above which n scores that count are, and few more; `floor` where there
 * are not many more than n scores, or fewer than n above it. `heap`: room for n. */
float gx__top_limit(gx_scored *heap, uint32_t n, const float *scores, uint32_t count,
                    const uint8_t *skip, float floor);
/* What gx_top gives, by rising item, without putting it in order: n ≥ 1, `out` room for 2 n. */
uint32_t gx__top_set(gx_scored *out, uint32_t n, const float *scores, uint32_t count, float floor);
/* The heap becomes the list, as gx_top has it; its length. */
uint32_t gx__top_end(gx__top *t);

#endif
