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

/* class_of[v]: how many different scores are above v's. Returns how many there are. */
static uint32_t classes(uint32_t *class_of, const double *score, const uint32_t *order,
                        uint32_t n) {
    uint32_t class = 0;
    for (uint32_t i = 0, end; i < n; i = end, class ++) {
        end = ties_end(score, order, n, i);
        for (uint32_t k = i; k < end; k++) {
            class_of[order[k]] = class;
        }
    }
    return class;
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

gx_status gx__rank_pair_make(gx__rank_pair *out, const double *a, const double *b, uint32_t n,
                             gx_job *job, gx_error *err) {
    uint32_t *by_b = NULL, *place = NULL;
    gx_status status;
    *out = (gx__rank_pair){.n = n};
    GX_TRY(gx_job_alloc(job, &out->order, n, sizeof *out->order, err));
    GX_TRY(gx_job_alloc(job, &out->a_of, n, sizeof *out->a_of, err));
    GX_TRY(gx_job_alloc(job, &out->b_of, n, sizeof *out->b_of, err));
    GX_TRY(gx_job_alloc(job, &by_b, n, sizeof *by_b, err));
    GX_TRY(gx__rank_falling(out->order, a, n, job, err));
    out->a_classes = classes(out->a_of, a, out->order, n);
    GX_TRY(gx__rank_falling(by_b, b, n, job, err));
    out->b_classes = classes(out->b_of, b, by_b, n);
    GX_TRY(gx_job_alloc(job, &place, (size_t)n + 1, sizeof *place, err));
    order_by_both(out->order, by_b, out->a_of, place, n);
done:
    gx_job_free(job, place);
    gx_job_free(job, by_b);
    return status;
}

void gx__rank_pair_finish(gx__rank_pair *pair, gx_job *job) {
    gx_job_free(job, pair->order);
    gx_job_free(job, pair->a_of);
    gx_job_free(job, pair->b_of);
    *pair = (gx__rank_pair){0};
}

gx_status gx__rank_room_make(gx__rank_room *out, uint32_t n, gx_job *job, gx_error *err) {
    gx_status status;
    *out = (gx__rank_room){0};
    GX_TRY(gx_job_alloc(job, &out->a, n, sizeof *out->a, err));
    GX_TRY(gx_job_alloc(job, &out->b, n, sizeof *out->b, err));
    GX_TRY(gx_job_alloc(job, &out->x, n, sizeof *out->x, err));
    GX_TRY(gx_job_alloc(job, &out->y, n, sizeof *out->y, err));
done:
    return status;
}

void gx__rank_room_finish(gx__rank_room *room, gx_job *job) {
    gx_job_free(job, room->a);
    gx_job_free(job, room->b);
    gx_job_free(job, room->x);
    gx_job_free(job, room->y);
    *room = (gx__rank_room){0};
}

/* The place of each class, counted from the middle of the ranking, ties sharing the mean. */
static void centred_places(double *place, const uint32_t *class_of, uint32_t count,
                           const uint32_t *times, uint32_t n) {
    double before = 0, all = 0;
    memset(place, 0, count * sizeof *place);
    for (uint32_t v = 0; v < n; v++) {
        place[class_of[v]] += times[v];
        all += times[v];
    }
    for (uint32_t c = 0; c < count; c++) {
        const double here = place[c];
        place[c] = (2 * before + here - all) / 2;
        before += here;
    }
}

double gx__rank_pair_spearman(const gx__rank_pair *pair, const uint32_t *times,
                              gx__rank_room *room) {
    double xy = 0, xx = 0, yy = 0;
    centred_places(room->a, pair->a_of, pair->a_classes, times, pair->n);
    centred_places(room->b, pair->b_of, pair->b_classes, times, pair->n);
    for (uint32_t v = 0; v < pair->n; v++) {
        const double x = room->a[pair->a_of[v]], y = room->b[pair->b_of[v]], t = times[v];
        xy += t * x * y;
        xx += t * x * x;
        yy += t * y * y;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* A class, and how many times. */
static uint64_t packed(uint32_t class, uint32_t times) {
    return (uint64_t)class << 32 | times;
}

/* Sorts x by class, and gives the pairs that stood in falling order. `room`: as many. */
static uint64_t sort_and_count(uint64_t *x, uint64_t *room, uint32_t n) {
    uint64_t turned = 0;
    for (uint64_t half = 1; half < n; half *= 2) {
        for (uint64_t from = 0; from < n; from += 2 * half) {
            const uint64_t middle = from + half < n ? from + half : n;
            const uint64_t end = middle + half < n ? middle + half : n;
            uint64_t i = from, k = middle, out = from, left = 0;
            for (uint64_t at = from; at < middle; at++) {
                left += (uint32_t)x[at];
            }
            while (i < middle && k < end) {
                const bool later = x[k] >> 32 < x[i] >> 32;
                turned += later ? left * (uint32_t)x[k] : 0;
                left -= later ? 0 : (uint32_t)x[i];
                room[out++] = later ? x[k++] : x[i++];
            }
            memcpy(room + out, x + i, (middle - i) * sizeof *x);
            memcpy(room + out + (middle - i), x + k, (end - k) * sizeof *x);
        }
        memcpy(x, room, n * sizeof *x);
    }
    return turned;
}

static double pairs_of(double count) {
    return count * (count - 1) / 2;
}

/* Pairs that are the same in a, in b and in both. */
typedef struct alike {
    double a, b, both;
} alike;

static alike count_alike(const gx__rank_pair *p, const uint32_t *times, double *of_b) {
    alike same = {0};
    double a = 0, both = 0;
    memset(of_b, 0, p->b_classes * sizeof *of_b);
    for (uint32_t i = 0; i < p->n; i++) {
        const uint32_t v = p->order[i], w = i ? p->order[i - 1] : v;
        const bool as_a = p->a_of[v] == p->a_of[w], as_b = p->b_of[v] == p->b_of[w];
        same.a += as_a ? 0 : pairs_of(a);
        same.both += as_a && as_b ? 0 : pairs_of(both);
        a = (as_a ? a : 0) + times[v];
        both = (as_a && as_b ? both : 0) + times[v];
        of_b[p->b_of[v]] += times[v];
    }
    same.a += pairs_of(a);
    same.both += pairs_of(both);
    for (uint32_t c = 0; c < p->b_classes; c++) {
        same.b += pairs_of(of_b[c]);
    }
    return same;
}

/* Of the last class of b, often most of all, it is enough to know how many came before. */
double gx__rank_pair_kendall(const gx__rank_pair *pair, const uint32_t *times,
                             gx__rank_room *room) {
    uint64_t all = 0, last = 0, turned = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < pair->n; i++) {
        const uint32_t v = pair->order[i], t = times[v], class = pair->b_of[v];
        all += t;
        if (class + 1 == pair->b_classes) {
            last += t;
        } else if (t > 0) {
            turned += last * t;
            room->x[count++] = packed(class, t);
        }
    }
    turned += sort_and_count(room->x, room->y, count);
    const alike same = count_alike(pair, times, room->b);
    const double pairs = pairs_of((double)all);
    const double apart = sqrt(pairs - same.a) * sqrt(pairs - same.b);
    return apart > 0 ? (pairs - same.a - same.b + same.both - 2 * (double)turned) / apart : NAN;
}

typedef double (*comparison)(const gx__rank_pair *pair, const uint32_t *times, gx__rank_room *room);

static gx_status compare(double *out, comparison of, const double *a, const double *b, uint32_t n,
                         gx_job *job, gx_error *err) {
    gx__rank_pair pair = {0};
    gx__rank_room room = {0};
    uint32_t *once = NULL;
    gx_status status;
    GX_TRY(gx__rank_pair_make(&pair, a, b, n, job, err));
    GX_TRY(gx__rank_room_make(&room, n, job, err));
    GX_TRY(gx_job_alloc(job, &once, n, sizeof *once, err));
    for (uint32_t v = 0; v < n; v++) {
        once[v] = 1;
    }
    *out = of(&pair, once, &room);
done:
    gx_job_free(job, once);
    gx__rank_room_finish(&room, job);
    gx__rank_pair_finish(&pair, job);
    return status;
}

gx_status gx__rank_spearman(double *out, const double *a, const double *b, uint32_t n, gx_job *job,
                            gx_error *err) {
    return compare(out, gx__rank_pair_spearman, a, b, n, job, err);
}

gx_status gx__rank_kendall(double *out, const double *a, const double *b, uint32_t n, gx_job *job,
                           gx_error *err) {
    return compare(out, gx__rank_pair_kendall, a, b, n, job, err);
}
