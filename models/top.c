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

/* A limit below which nothing can be among the n best: of the largest scores of so many blocks the
 * n-th is at most the n-th of all. Most of what a heap would take in and give up again is never
 * looked at. */
float gx__top_limit(gx_scored *heap, uint32_t n, const float *scores, uint32_t count,
                    const uint8_t *skip, float floor) {
    float most[BLOCKS_MAX];
    uint32_t length = BLOCK_MIN;
    while (count / length > BLOCKS_MAX) {
        length *= 2;
    }
    const uint32_t blocks = count / length;
    if (n < BLOCK_MIN || blocks < 256 || n > blocks / 2) {
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
