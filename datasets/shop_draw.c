/* Draws of the sample shop, from named streams and exact arithmetic. */
#include "datasets/shop.h"

#include <math.h>

gx_rng gx__shop_rng(const gx__shop *shop, gx__stream stream, uint64_t number) {
    return gx_rng_at(gx_mix64(shop->options.seed) ^ (uint64_t)stream << 56, number);
}

uint32_t gx__below(gx_rng *rng, uint32_t bound) {
    return (uint32_t)gx_rng_below(rng, bound);
}

bool gx__chance(gx_rng *rng, uint32_t of_10000) {
    return gx_rng_below(rng, 10000) < of_10000;
}

double gx__pareto(gx_rng *rng, double cap) {
    double value = 1 / sqrt(1 - gx_rng_real(rng));
    return value < cap ? value : cap;
}

uint32_t gx__round_up_or_down(gx_rng *rng, uint64_t of_10000) {
    return (uint32_t)(of_10000 / 10000) + gx__chance(rng, (uint32_t)(of_10000 % 10000));
}

/* Share of a day's events in each hour of the day, in thousandths: few at night, most after dinner.
 */
static const uint16_t hour_share[24] = {14, 7,  4,  3,  3,  6,  14, 28, 40, 44,  46, 50,
                                        58, 50, 42, 40, 42, 46, 54, 72, 98, 112, 86, 41};

static int64_t time_of_day(gx_rng *rng) {
    uint32_t at = gx__below(rng, 1000), hour = 0;
    while (hour < 23 && at >= hour_share[hour]) {
        at -= hour_share[hour++];
    }
    return (int64_t)hour * 3600 + gx__below(rng, 3600);
}

int64_t gx__moment(gx_rng *rng, int64_t from_s) {
    int64_t first = from_s > GX__START_S ? (from_s - GX__START_S) / GX__DAY_S + 1 : 0;
    if (first >= GX__YEAR_DAYS) {
        return GX__END_S;
    }
    int64_t day = first + gx__below(rng, (uint32_t)(GX__YEAR_DAYS - first));
    return GX__START_S + day * GX__DAY_S + time_of_day(rng);
}

int64_t gx__later(gx_rng *rng, int64_t from_s, double mean_s) {
    return from_s + 60 + (int64_t)(mean_s * (gx__pareto(rng, 100) - 1));
}
