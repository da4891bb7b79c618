/* Money as whole numbers of the smallest coin (minor units), and how a sum is cut into such. */
#ifndef GX_ENGINE_COINS_H
#define GX_ENGINE_COINS_H

#include "graph/base/job.h"

/* Decimals of a currency: 0 (yen), 2 (yuan, euro), 3 (dinar); no more than 4. */
enum { GX_DECIMALS_MAX = 4, GX_COINS_TEXT = 32 };
/* Of one sale, and of a budget: sums of many million sales stay below 2^63. */
#define GX_SALE_COINS_MAX INT64_C(100000000000)
#define GX_COINS_MAX INT64_C(1000000000000000)

/* An amount as the store holds it, a double, read as the decimal of 15 digits that it stands for
 * (19.99 is 1999, not 1998) and rounded once, halves away from zero. false: not finite, or beyond
 * GX_COINS_MAX. */
bool gx_coins_of(int64_t *out, double amount, int decimals);
/* "1000", "1000.5", "1000.50": exact. false: no such number, negative, more decimals than there
 * are, or beyond GX_COINS_MAX. */
bool gx_coins_parse(int64_t *out, gx_slice text, int decimals);
/* The same of a number, read as the shortest decimal that stands for it, which is the one that was
 * written: 1000.5, not 1000.505. */
bool gx_coins_exact(int64_t *out, double amount, int decimals);
/* "1000.50". Returns `out`. */
const char *gx_coins_text(char out[GX_COINS_TEXT], int64_t coins, int decimals);

/* What is left of a part when it is rounded down, or its weight. */
typedef struct gx_remainder {
    uint64_t left;
    uint32_t place;
} gx_remainder;

/* The largest `left` first, of equals the smallest place: for qsort. */
int gx_remainder_order(const void *a, const void *b);
/* One more for each of the first `rest` (≤ count) in that order, into which `of` is put. */
void gx_apportion_rest(int64_t *out, int64_t rest, gx_remainder *of, uint32_t count);

/* Cuts `total` (0 … GX_COINS_MAX) in proportion to the weights, whose sum is below 2^63, by largest
 * remainders (Hamilton), the first of equals first: the parts sum to `total` exactly, and each is
 * its exact share rounded down or up. All 0 where the weights are. O(count log count); exact. */
void gx_apportion(int64_t *out, int64_t total, const uint64_t *weight, uint32_t count,
                  gx_remainder *scratch);

#endif
