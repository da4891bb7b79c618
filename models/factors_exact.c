/* Products of factors where a few are wanted, or always the same bytes: in lanes of sixteen that
 * are summed in one order, whatever vectors the machine has and whichever items are asked for. */
#include "models/factors.h"

#include "models/parallel.h"

enum {
    LANES = 16,
    FLOATS_AHEAD = 2048,    /* of rows that lie one after the other */
    ROWS_AHEAD = 4,         /* of rows that lie anywhere */
    WANTED_A_TURN = 1 << 12 /* of a thread */
};

typedef float lanes __attribute__((vector_size(64), aligned(4), __may_alias__));

/* In lanes, so that a vector is taken at a time, and the same in every copy. */
static inline float product(const float *restrict a, const float *restrict b, uint32_t d) {
    lanes sum = {0};
    float lane[LANES];
    uint32_t j = 0;
    for (; d - j >= LANES; j += LANES) {
        sum += *(const lanes *)(a + j) * *(const lanes *)(b + j);
    }
    memcpy(lane, &sum, sizeof lane);
    for (uint32_t l = 0; j < d; j++, l++) {
        lane[l] += a[j] * b[j];
    }
    for (uint32_t half = LANES / 2; half > 0; half /= 2) {
        for (uint32_t l = 0; l < half; l++) {
            lane[l] += lane[l + half];
        }
    }
    return lane[0];
}

/* Asks for a row that is read soon. What is behind the last one is never read, only asked for. */
static inline void fetch(const float *row, uint32_t d) {
    for (uint32_t j = 0; j < d; j += LANES) {
        __builtin_prefetch((const void *)((uintptr_t)row + j * sizeof *row));
    }
}

/* Rows are read once, one after the other, and faster than the processor asks for them by itself:
 * so far ahead a list of 272 factors took half the time. */
GX__CLONES static void products(float *restrict out, const float *restrict rows,
                                const float *restrict w, uint32_t count, uint32_t d) {
    for (uint32_t i = 0; i < count; i++) {
        const float *restrict row = rows + (size_t)i * d;
        if (count > 1) {
            fetch((const float *)((uintptr_t)row + FLOATS_AHEAD * sizeof *row), d);
        }
        out[i] = product(row, w, d);
    }
}

float gx__factors_exact(const gx_factors *f, const float *w, uint32_t item) {
    float score;
    products(&score, f->item + (size_t)item * f->d, w, 1, f->d);
    return score;
}

void gx__factors_exact_all(float *scores, const gx_factors *f, const float *w) {
    products(scores, f->item, w, f->items, f->d);
}

GX__CLONES void gx__factors_exact_of(float *scores, const gx_factors *f, const float *w,
                                     const uint32_t *items, uint32_t count) {
    const uint32_t d = f->d;
    for (uint32_t c = 0; c < count; c++) {
        if (count - c > ROWS_AHEAD) {
            fetch(f->item + (size_t)items[c + ROWS_AHEAD] * d, d);
        }
        scores[c] = product(f->item + (size_t)items[c] * d, w, d);
    }
}

GX__CLONES static void some_wanted(float *restrict scores, const gx_factors *f,
                                   const gx__wanted *wanted, uint64_t count) {
    const uint32_t d = f->d;
    uint32_t asked = GX_NONE;
    for (uint64_t k = 0; k < count; k++) {
        const uint32_t soon = wanted[count - k > LANES ? k + LANES : k].item;
        if (soon != asked) {
            fetch(f->item + (size_t)soon * d, d);
            asked = soon;
        }
        scores[wanted[k].at] =
            product(f->item + (size_t)wanted[k].item * d, f->user + (size_t)wanted[k].user * d, d);
    }
}

void gx__factors_exact_wanted(float *scores, const gx_factors *f, const gx__wanted *wanted,
                              uint64_t count, gx_job *job) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint64_t from = 0; from < count; from += WANTED_A_TURN) {
        if (!gx_job_should_stop(job)) {
            const uint64_t left = count - from;
            some_wanted(scores, f, wanted + from, left < WANTED_A_TURN ? left : WANTED_A_TURN);
        }
    }
}
