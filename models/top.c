/* Top-n: a scan that compares a run of scores with the least of the n best at once (vector units do
 * that at the speed of memory), and a heap of n for the few that pass. Where there are many more
 * than n, the largest of each block tell beforehand what cannot be among them. O(count + n log n
 * log count) for scores in no particular order, O(count log n) at worst; no memory but 16 KiB of
 * the stack. */
#include "models/top.h"

#include "models/parallel.h"

#include <float.h>
#include <math.h>

enum {
    RUN = 64,
    BLOCKS_MAX = 4096,
    BLOCK_MIN = 16 /* scores; fewer a block are not worth a look before */
};

/* Whether a stands after b in the answer: a lower score, or the same and a higher number. */
static inline bool after(gx_scored a, gx_scored b) {
    return a.score < b.score || (a.score == b.score && a.item > b.item);
}

/* heap[0] is the one that stands last among those kept. */
static void sift_down(gx_scored *heap, uint32_t n, uint32_t at) {
    gx_scored moved = heap[at];
    for (;;) {
        uint64_t child = 2 * (uint64_t)at + 1;
        if (child >= n) {
            break;
        }
        if (child + 1 < n && after(heap[child + 1], heap[child])) {
            child++;
        }
        if (!after(heap[child], moved)) {
            break;
        }
        heap[at] = heap[child];
        at = (uint32_t)child;
    }
    heap[at] = moved;
}

static void heapify(gx_scored *heap, uint32_t n) {
    for (uint32_t i = n / 2; i-- > 0;) {
        sift_down(heap, n, i);
    }
}

/* A heap whose root stands last, into the order of the answer. */
static void sort_heap(gx_scored *heap, uint32_t n) {
    for (uint32_t last = n; last > 1;) {
        last--;
        gx_scored root = heap[0];
        heap[0] = heap[last];
        heap[last] = root;
        sift_down(heap, last, 0);
    }
}

GX__CLONES uint32_t gx__top_next(const float *scores, uint32_t at, uint32_t count, float limit) {
    for (; count - at >= RUN; at += RUN) {
        const float *run = scores + at;
        int any = 0;
        for (int i = 0; i < RUN; i++) {
            any |= run[i] > limit;
        }
        if (any) {
            break;
        }
    }
    return at;
}

static inline bool counts(const gx__top *t, const float *scores, const uint8_t *skip, uint32_t i) {
    return scores[i] > t->limit && scores[i] <= FLT_MAX && (!skip || !skip[i]);
}

void gx__top_add(gx__top *t, const float *scores, uint32_t first, uint32_t count,
                 const uint8_t *skip) {
    uint32_t i = 0;
    while (t->held < t->n && (i = gx__top_next(scores, i, count, t->limit)) < count) {
        const uint32_t end = count - i >= RUN ? i + RUN : count;
        for (; i < end && t->held < t->n; i++) {
            if (counts(t, scores, skip, i)) {
                t->heap[t->held++] = (gx_scored){.item = first + i, .score = scores[i]};
            }
        }
        if (t->held == t->n) {
            heapify(t->heap, t->n);
            t->limit = t->heap[0].score;
        }
    }
    /* Items come by rising number, so one that only equals the last kept stands after it. */
    while ((i = gx__top_next(scores, i, count, t->limit)) < count) {
        uint32_t end = count - i >= RUN ? i + RUN : count;
        for (; i < end; i++) {
            if (counts(t, scores, skip, i)) {
                t->heap[0] = (gx_scored){.item = first + i, .score = scores[i]};
                sift_down(t->heap, t->n, 0);
                t->limit = t->heap[0].score;
            }
        }
    }
}

uint32_t gx__top_end(gx__top *t) {
    if (t->held < t->n) {
        heapify(t->heap, t->held);
    }
    sort_heap(t->heap, t->held);
    return t->held;
}

/* most[b] becomes the largest that counts of scores b, b + blocks, b + 2 blocks …; −infinity where
 * none does. */
GX__CLONES static void block_maxima(float *restrict most, const float *restrict scores,
                                    uint32_t blocks, uint32_t length) {
    for (uint32_t b = 0; b < blocks; b++) {
        most[b] = -INFINITY;
    }
    for (uint32_t r = 0; r < length; r++) {
        const float *row = scores + (size_t)r * blocks;
        for (uint32_t b = 0; b < blocks; b++) {
            const float own = row[b] <= FLT_MAX ? row[b] : -INFINITY;
            most[b] = own > most[b] ? own : most[b];
        }
    }
}

GX__CLONES static void block_maxima_but(float *restrict most, const float *restrict scores,
                                        const uint8_t *restrict skip, uint32_t blocks,
                                        uint32_t length) {
    for (uint32_t b = 0; b < blocks; b++) {
        most[b] = -INFINITY;
    }
    for (uint32_t r = 0; r < length; r++) {
        const float *row = scores + (size_t)r * blocks;
        const uint8_t *out = skip + (size_t)r * blocks;
        for (uint32_t b = 0; b < blocks; b++) {
            const float own = row[b] <= FLT_MAX && out[b] == 0 ? row[b] : -INFINITY;
            most[b] = own > most[b] ? own : most[b];
        }
    }
}

/* How many blocks are looked at before; 0: that is not worth it. */
static uint32_t blocks_of(uint32_t *length, uint32_t n, uint32_t count) {
    *length = BLOCK_MIN;
    while (count / *length > BLOCKS_MAX) {
        *length *= 2;
    }
    const uint32_t blocks = count / *length;
    return n < BLOCK_MIN || blocks < 256 || n > blocks / 2 ? 0 : blocks;
}

/* A limit below which nothing can be among the n best: of the largest scores of so many blocks the
 * n-th is at most the n-th of all. Most of what a heap would take in and give up again is never
 * looked at. */
float gx__top_limit(gx_scored *heap, uint32_t n, const float *scores, uint32_t count,
                    const uint8_t *skip, float floor) {
    float most[BLOCKS_MAX];
    uint32_t length;
    const uint32_t blocks = blocks_of(&length, n, count);
    if (blocks == 0) {
        return floor;
    }
    if (skip) {
        block_maxima_but(most, scores, skip, blocks, length);
    } else {
        block_maxima(most, scores, blocks, length);
    }
    gx__top t = {.heap = heap, .n = n, .limit = floor};
    gx__top_add(&t, most, 0, blocks, NULL);
    return t.held == n ? nextafterf(t.limit, -INFINITY) : floor;
}

uint32_t gx_top(gx_scored *out, uint32_t n, const float *scores, uint32_t count,
                const uint8_t *skip, float floor) {
    if (n == 0) {
        return 0;
    }
    gx__top t = {.heap = out, .n = n, .limit = gx__top_limit(out, n, scores, count, skip, floor)};
    gx__top_add(&t, scores, 0, count, skip);
    return gx__top_end(&t);
}

/* ---- without an order -----------------------------------------------------------------------
 */

/* Rises with the number. */
static inline uint32_t order_of(float x) {
    uint32_t bits;
    x += 0.0F; /* −0 is 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000U;
}

/* Leaves the n best of `held` ≥ n, which are by rising item, in that order; returns the least score
 * among them. The n-th is found digit by digit. */
static float cut(gx_scored *all, uint32_t held, uint32_t n) {
    uint32_t least = 0, mask = 0, rank = n, kept = 0;
    for (unsigned shift = 32; shift > 0;) {
        uint32_t bucket[256] = {0}, digit = 255;
        shift -= 8;
        for (uint32_t k = 0; k < held; k++) {
            const uint32_t order = order_of(all[k].score);
            bucket[order >> shift & 255] += (order & mask) == least;
        }
        while (bucket[digit] < rank) {
            rank -= bucket[digit--];
        }
        least |= digit << shift;
        mask |= 255U << shift;
    }
    float limit = 0;
    for (uint32_t k = 0; k < held; k++) { /* of those equal to the n-th the first `rank` */
        const uint32_t order = order_of(all[k].score);
        const bool keep = order > least || (order == least && rank > 0);
        limit = order == least ? all[k].score : limit;
        rank -= order == least && keep;
        all[kept] = all[k];
        kept += keep;
    }
    return limit;
}

/* Whatever passes is collected, and cut to n when there are 2 n: later ones must then beat the
 * least of those. */
static uint32_t collect(gx_scored *out, uint32_t n, const float *scores, uint32_t count,
                        float *limit) {
    uint32_t held = 0;
    for (uint32_t i = 0; (i = gx__top_next(scores, i, count, *limit)) < count;) {
        const uint32_t end = count - i >= RUN ? i + RUN : count;
        for (; i < end; i++) {
            if (scores[i] > *limit && scores[i] <= FLT_MAX) {
                if (held == 2 * (uint64_t)n) {
                    *limit = cut(out, held, n);
                    held = n;
                }
                if (scores[i] > *limit) {
                    out[held++] = (gx_scored){.item = i, .score = scores[i]};
                }
            }
        }
    }
    if (held >= n) {
        *limit = cut(out, held, n);
    }
    return held < n ? held : n;
}

uint32_t gx__top_set(gx_scored *out, uint32_t n, const float *scores, uint32_t count, float floor) {
    float most[BLOCKS_MAX], limit = floor;
    uint32_t length;
    const uint32_t blocks = blocks_of(&length, n, count);
    if (blocks > 0) {
        block_maxima(most, scores, blocks, length);
        limit = collect(out, n, most, blocks, &limit) == n ? nextafterf(limit, -INFINITY) : floor;
    }
    return collect(out, n, scores, count, &limit);
}
