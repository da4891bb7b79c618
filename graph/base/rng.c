/* Random streams: xoshiro256** (Blackman and Vigna 2018), one stream an item. */
#include "graph/base/base.h"

#include <math.h>

uint64_t gx_mix64(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

gx_rng gx_rng_at(uint64_t seed, uint64_t item) {
    gx_rng rng;
    uint64_t state = gx_mix64(seed) ^ gx_mix64(item ^ 0xd1b54a32d192ed03u);
    for (int i = 0; i < 4; i++) {
        state += 0x9e3779b97f4a7c15u;
        rng.s[i] = gx_mix64(state);
    }
    return rng;
}

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t gx_rng_next(gx_rng *rng) {
    uint64_t *s = rng->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double gx_rng_real(gx_rng *rng) {
    return (double)(gx_rng_next(rng) >> 11) * 0x1.0p-53;
}

/* Lemire (2019): multiply, and reject the few low products that would be over-represented. */
uint64_t gx_rng_below(gx_rng *rng, uint64_t bound) {
    if (bound == 0) {
        return 0;
    }
    gx__wide product = (gx__wide)gx_rng_next(rng) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold) {
            product = (gx__wide)gx_rng_next(rng) * bound;
        }
    }
    return (uint64_t)(product >> 64);
}

/* Box and Muller (1958), one of the pair. */
double gx_rng_normal(gx_rng *rng) {
    double u = 1.0 - gx_rng_real(rng);
    double v = gx_rng_real(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
