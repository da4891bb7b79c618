/* Random numbers inside the loops that spread: a stream a trial, named by (seed, number), so that a
 * trial is the same whoever runs it. A counter by the golden ratio behind one multiplication of 128
 * bits (Yi's wyrand); a stream costs nothing to begin. */
#ifndef GX_INFLUENCE_DRAWS_H
#define GX_INFLUENCE_DRAWS_H

#include "graph/base/base.h"

#include <math.h>

typedef struct gx__draws {
    uint64_t at;
} gx__draws;

static inline gx__draws gx__draws_of(uint64_t seed, uint64_t number) {
    return (gx__draws){gx_mix64(seed ^ gx_mix64(number + 0x9e3779b97f4a7c15U))};
}

/* What streams of one world are named by, beside the member. */
static inline uint64_t gx__world_of(uint64_t seed, uint32_t run) {
    return gx_mix64(seed ^ gx_mix64(run + UINT64_C(0x51ed270b)));
}

static inline uint64_t gx__draws_next(gx__draws *d) {
    d->at += 0xa0761d6478bd642fU;
    const gx__wide product = (gx__wide)d->at * (d->at ^ 0xe7037ed1a0b428dbU);
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

/* Below n, evenly to within n / 2^64. */
static inline uint32_t gx__draws_below(gx__draws *d, uint32_t n) {
    return (uint32_t)(((gx__wide)gx__draws_next(d) * n) >> 64);
}

/* In (0, 1]. */
static inline double gx__draws_real(gx__draws *d) {
    return ((double)(gx__draws_next(d) >> 11) + 1) * 0x1p-53;
}

/* −ln x for x in (0, 1], to 1e-9 and never below 0: by 2 artanh of the mantissa's distance from √2.
 */
static inline double gx__minus_ln(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int64_t exponent = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffU) | 0x3ff0000000000000U;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    const double s = (mantissa - 1.41421356237309505) / (mantissa + 1.41421356237309505);
    const double t = s * s;
    const double series = 1 + t * (1.0 / 3 + t * (1.0 / 5 + t * (1.0 / 7 + t * (1.0 / 9))));
    const double ln = ((double)exponent + 0.5) * 0.693147180559945309 + 2 * s * series;
    return ln < 0 ? -ln : 0;
}

/* How far it is to the next of those that are kept with a chance is geometric: −ln of a draw, times
 * this, rounded down. Without end for 0, 0 where it is sure. */
static inline double gx__stride_of(double chance) {
    return chance > 0 ? -1 / log1p(-chance) : INFINITY;
}

/* Chance that none of `count` is kept. */
static inline double gx__none_of(uint64_t count, double chance) {
    return count ? exp((double)count * log1p(-chance)) : 1;
}

#endif
