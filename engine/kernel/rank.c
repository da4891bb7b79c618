/* Ranks of scores. The bits of a double that is 0 or more, read as a number, are in the order of
 * the doubles: a radix sort of six digits of eleven bits orders them in O(n). */
#include "engine/kernel/rank.h"

#include <math.h>

enum { DIGIT_BITS = 11, DIGITS = 6, BUCKETS = 1 << DIGIT_BITS };

typedef struct keyed {
    uint64_t key;
    uint32_t number;
} keyed;

/* Falling scores have rising keys. Adding 0 makes -0 into 0. */
static uint64_t key_of(double score) {
    uint64_t bits;
    double positive = score + 0.0;
    memcpy(&bits, &positive, sizeof bits);
    return ~bits;
}

/* How often each value of each digit occurs. */
static void count_digits(uint32_t count[DIGITS][BUCKETS], const keyed *in, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        for (int digit = 0; digit < DIGITS; digit++) {
            count[digit][in[i].key >> digit * DIGIT_BITS & (BUCKETS - 1)]++;
        }
    }
}

/* By one digit, which `place` counts. */
static void sort_digit(keyed *out, const keyed *in, uint32_t n, uint32_t *place, int shift) {
    uint32_t sum = 0;
    for (int b = 0; b < BUCKETS; b++) {
        uint32_t here = place[b];
        place[b] = sum;
        sum += here;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[place[in[i].key >> shift & (BUCKETS - 1)]++] = in[i];
    }
}

/* Digits that are the same in all change nothing: of counts and of small numbers, most are. */
gx_status gx__rank_falling(uint32_t *order, const double *score, uint32_t n, gx_job *job,
                           gx_error *err) {
    uint32_t count[DIGITS][BUCKETS] = {{0}};
    keyed *a = NULL, *b = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &a, n, sizeof *a, err));
    GX_TRY(gx_job_alloc(job, &b, n, sizeof *b, err));
    for (uint32_t v = 0; v < n; v++) {
        a[v] = (keyed){key_of(score[v]), v};
    }
    count_digits(count, a, n);
    for (int digit = 0; digit < DIGITS && n > 0; digit++) {
        const int shift = digit * DIGIT_BITS;
        if (count[digit][a[0].key >> shift & (BUCKETS - 1)] < n) {
            GX_TRY(gx_job_check(job, err));
            sort_digit(b, a, n, count[digit], shift);
            keyed *sorted = b;
            b = a;
            a = sorted;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        order[i] = a[i].number;
    }
done:
    gx_job_free(job, b);
    gx_job_free(job, a);
    return status;
}

/* One past the last place that holds the same score as place i. */
static uint32_t ties_end(const double *score, const uint32_t *order, uint32_t n, uint32_t i) {
    uint32_t end = i + 1;
    while (end < n && score[order[end]] == score[order[i]]) {
        end++;
    }
    return end;
}

void gx__rank_places(double *place, const double *score, const uint32_t *order, uint32_t n) {
    const double all = log((double)n + 1.0);
    uint32_t i = 0;
    while (i < n && score[order[i]] > 0.0) {
        uint32_t end = ties_end(score, order, n, i);
        double middle = ((double)i + (double)end + 1.0) / 2.0;
        for (; i < end; i++) {
            place[order[i]] = 1.0 - log(middle) / all;
        }
    }
    for (; i < n; i++) {
        place[order[i]] = 0.0;
    }
}

/* The place of each score, counted from the middle of the ranking, ties sharing the mean. */
static gx_status centred_places(double *place, const double *score, uint32_t n, uint32_t *order,
                                gx_job *job, gx_error *err) {
    gx_status status = gx__rank_falling(order, score, n, job, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t i = 0, end; i < n; i = end) {
        end = ties_end(score, order, n, i);
        for (uint32_t k = i; k < end; k++) {
            place[order[k]] = ((double)i + (double)end - (double)n) / 2.0;
        }
    }
    return GX_OK;
}

gx_status gx__rank_spearman(double *out, const double *a, const double *b, uint32_t n, gx_job *job,
                            gx_error *err) {
    double *x = NULL, *y = NULL, xy = 0.0, xx = 0.0, yy = 0.0;
    uint32_t *order = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &x, n, sizeof *x, err));
    GX_TRY(gx_job_alloc(job, &y, n, sizeof *y, err));
    GX_TRY(gx_job_alloc(job, &order, n, sizeof *order, err));
    GX_TRY(centred_places(x, a, n, order, job, err));
    GX_TRY(centred_places(y, b, n, order, job, err));
    for (uint32_t v = 0; v < n; v++) {
        xy += x[v] * y[v];
        xx += x[v] * x[v];
        yy += y[v] * y[v];
    }
    *out = xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : NAN;
done:
    gx_job_free(job, order);
    gx_job_free(job, y);
    gx_job_free(job, x);
    return status;
}

/* class_of[v]: how many different scores are above v's. Gives the pairs whose scores are the same.
 */
static double classes(uint32_t *class_of, const double *score, const uint32_t *order, uint32_t n) {
    double same = 0;
    uint32_t class = 0;
    for (uint32_t i = 0, end; i < n; i = end, class ++) {
        end = ties_end(score, order, n, i);
        same += (double)(end - i) * (double)(end - i - 1) / 2;
        for (uint32_t k = i; k < end; k++) {
            class_of[order[k]] = class;
        }
    }
    return same;
}

/* Sorts x, and gives the pairs that stood in falling order. `room`: as many. */
static double sort_and_count(uint32_t *x, uint32_t *room, uint32_t n) {
    double turned = 0;
    for (uint64_t half = 1; half < n; half *= 2) {
        for (uint64_t from = 0; from < n; from += 2 * half) {
            const uint64_t middle = from + half < n ? from + half : n;
            const uint64_t end = middle + half < n ? middle + half : n;
            uint64_t i = from, k = middle, out = from;
            while (i < middle && k < end) {
                const bool later = x[k] < x[i];
                turned += later ? (double)(middle - i) : 0;
                room[out++] = later ? x[k++] : x[i++];
            }
            memcpy(room + out, x + i, (middle - i) * sizeof *x);
            memcpy(room + out + (middle - i), x + k, (end - k) * sizeof *x);
        }
        memcpy(x, room, n * sizeof *x);
    }
    return turned;
}

/* Pairs that are the same in both, of classes that lie beside each other for one `a`; within each
 * they are sorted already. */
static double same_in_both(const uint32_t *b_of, const uint32_t *order, const uint32_t *a_of,
                           uint32_t n) {
    double same = 0;
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && a_of[order[end]] == a_of[order[i]] && b_of[end] == b_of[i];) {
            end++;
        }
        same += (double)(end - i) * (double)(end - i - 1) / 2;
    }
    return same;
}

/* `order` by a, and by b among equals: a stable count of classes of a, in the order of b. */
static void order_by_both(uint32_t *order, const uint32_t *by_b, const uint32_t *a_of,
                          uint32_t *place, uint32_t n) {
    memset(place, 0, ((size_t)n + 1) * sizeof *place);
    for (uint32_t v = 0; v < n; v++) {
        place[a_of[v] + 1]++;
    }
    for (uint32_t c = 0; c < n; c++) {
        place[c + 1] += place[c];
    }
    for (uint32_t i = 0; i < n; i++) {
        order[place[a_of[by_b[i]]]++] = by_b[i];
    }
}

gx_status gx__rank_kendall(double *out, const double *a, const double *b, uint32_t n, gx_job *job,
                           gx_error *err) {
    uint32_t *a_of = NULL, *b_of = NULL, *order = NULL, *by_b = NULL, *room = NULL;
    gx_status status;
    *out = NAN;
    GX_TRY(gx_job_alloc(job, &a_of, n, sizeof *a_of, err));
    GX_TRY(gx_job_alloc(job, &b_of, n, sizeof *b_of, err));
    GX_TRY(gx_job_alloc(job, &order, n, sizeof *order, err));
    GX_TRY(gx_job_alloc(job, &by_b, n, sizeof *by_b, err));
    GX_TRY(gx_job_alloc(job, &room, (size_t)n + 1, sizeof *room, err));
    if (n < 2) {
        goto done;
    }
    GX_TRY(gx__rank_falling(order, a, n, job, err));
    const double same_a = classes(a_of, a, order, n);
    GX_TRY(gx__rank_falling(by_b, b, n, job, err));
    const double same_b = classes(b_of, b, by_b, n);
    order_by_both(order, by_b, a_of, room, n);
    for (uint32_t i = 0; i < n; i++) {
        by_b[i] = b_of[order[i]];
    }
    const double same = same_in_both(by_b, order, a_of, n);
    const double pairs = (double)n * ((double)n - 1) / 2;
    const double turned = sort_and_count(by_b, room, n);
    const double apart = sqrt(pairs - same_a) * sqrt(pairs - same_b);
    *out = apart > 0 ? (pairs - same_a - same_b + same - 2 * turned) / apart : NAN;
done:
    gx_job_free(job, room);
    gx_job_free(job, by_b);
    gx_job_free(job, order);
    gx_job_free(job, b_of);
    gx_job_free(job, a_of);
    return status;
}
