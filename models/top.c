/* Top-n: a scan that compares a run of scores with the least of the n best at once (vector units do
 * that at the speed of memory), and a heap of n for the few that pass. O(count + n log n log count)
 * for scores in no particular order, O(count log n) at worst; no memory of its own. */
#include "models/top.h"

#include "models/parallel.h"

#include <float.h>
#include <math.h>

enum { RUN = 64 };

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

/* The first run from `at` on, in steps of RUN, that may hold a score above the limit. */
GX__CLONES static uint32_t next_run(const float *scores, uint32_t at, uint32_t count, float limit) {
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
    for (; i < count && t->held < t->n; i++) {
        if (counts(t, scores, skip, i)) {
            t->heap[t->held++] = (gx_scored){.item = first + i, .score = scores[i]};
            if (t->held == t->n) {
                heapify(t->heap, t->n);
                t->limit = t->heap[0].score;
            }
        }
    }
    /* Items come by rising number, so one that only equals the last kept stands after it. */
    while ((i = next_run(scores, i, count, t->limit)) < count) {
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

uint32_t gx_top(gx_scored *out, uint32_t n, const float *scores, uint32_t count,
                const uint8_t *skip, float floor) {
    gx__top t = {.heap = out, .n = n, .limit = floor};
    if (n == 0) {
        return 0;
    }
    gx__top_add(&t, scores, 0, count, skip);
    return gx__top_end(&t);
}
