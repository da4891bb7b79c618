/* Sorted arrays: where a value is or would be, by halving; quantiles; and orders for qsort. */
#ifndef GX_BASE_SORTED_H
#define GX_BASE_SORTED_H

#include <stdint.h>

/* First place in [from, to) that holds `value` or more; `to` where none does. */
static inline uint64_t gx_place_u32(const uint32_t *sorted, uint64_t from, uint64_t to,
                                    uint32_t value) {
    while (from < to) {
        const uint64_t middle = from + (to - from) / 2;
        if (sorted[middle] < value) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static inline uint64_t gx_place_i64(const int64_t *sorted, uint64_t from, uint64_t to,
                                    int64_t value) {
    while (from < to) {
        const uint64_t middle = from + (to - from) / 2;
        if (sorted[middle] < value) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* First place in [from, to) that holds more than `value`. */
static inline uint64_t gx_place_above_i64(const int64_t *sorted, uint64_t from, uint64_t to,
                                          int64_t value) {
    return value < INT64_MAX ? gx_place_i64(sorted, from, to, value + 1) : to;
}

/* Of `count` draws, one at least, what a fresh draw is below with the chance `share`: the k-th
 * smallest for share = k / (count + 1), which is exact of continuous draws, between two of them in
 * proportion (Hyndman and Fan, The American Statistician 50, 1996, definition 6). Beyond the first
 * and the last it is these. */
static inline double gx_quantile_f64(const double *sorted, uint32_t count, double share) {
    const double at = share * (count + 1.0) - 1;
    if (!(at > 0) || at >= count - 1.0) {
        return sorted[at > 0 ? count - 1 : 0];
    }
    const uint32_t i = (uint32_t)at;
    return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

/* Rising, for qsort. */
static inline int gx_by_i64(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static inline int gx_by_f64(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
