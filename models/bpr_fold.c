/* Folding a history in: the items' factors stand, and LearnBPR's steps for the member alone start
 * from nothing. What is maximised is then concave in w, so the start does not matter, and w is a
 * sum of multiples of h_i − h_j, each step's belonging to the event it was for:
 *
 *   w ← (1 − a) w + g (h_i − h_j)        a = rate c λ,  g = rate c σ(−x)
 *
 * which gives the reasons: an entry's part of w·h is the sum of its steps' g (h_i − h_j)·h, each
 * faded by the later a's. The drawn items are the same for everybody: the same history folded in
 * again is the same row. O(steps · (candidates + 2) d), at most FOLD_STEPS steps or one an entry.
 */
#include "models/bpr.h"

#include "models/parallel.h"

#include <math.h>

enum { FOLD_STEPS = 1024 };

#define FOLD_SEED 0x6270725f666f6c64u
#define SCALE_LEAST 1e-100

/* A history being folded in. */
typedef struct fold {
    const gx__bpr *how;
    const gx__bpr_row *row;
    const float *item, *against;
    const uint64_t *had;
    float *w;
    double *parts, scale; /* entry k's part is parts[k] · scale */
    uint32_t items;
} fold;

static inline const float *row_of(const fold *f, uint32_t item) {
    return f->item + (size_t)item * f->how->d;
}

static inline double value_of(const gx__bpr_row *row, uint32_t k) {
    return row->value ? (double)row->value[k] : 1;
}

static bool takes_part(const gx__bpr_row *row, uint32_t k, uint32_t items) {
    return row->item[k] < items && value_of(row, k) != 0;
}

static void flip_bits(uint64_t *had, const gx__bpr_row *row, uint32_t items) {
    for (uint32_t k = 0; k < row->count; k++) {
        if (takes_part(row, k, items)) {
            had[row->item[k] / 64] ^= (uint64_t)1 << (row->item[k] % 64);
        }
    }
}

GX__BPR_INLINE uint32_t draw_other(float *out_score, const fold *f, float sign, gx_rng *rng) {
    uint32_t other = GX_NONE;
    float best = 0;
    for (uint32_t c = 0; c < f->how->candidates; c++) {
        const uint32_t j = (uint32_t)gx_rng_below(rng, f->items);
        const float score = sign * gx__bpr_dot(f->w, row_of(f, j), f->how->d);
        const bool is_had = (f->had[j / 64] >> (j % 64) & 1) != 0;
        if (!is_had && (other == GX_NONE || score > best)) {
            other = j;
            best = score;
        }
    }
    *out_score = best;
    return other;
}

/* All parts fade alike, so the scale is kept apart. */
static void add_part(fold *f, uint32_t k, float g, float shrink, const float *hi, const float *hj) {
    const uint32_t d = f->how->d;
    f->scale *= 1 - (double)shrink;
    if (f->scale < SCALE_LEAST) {
        for (uint32_t e = 0; e < f->row->count; e++) {
            f->parts[e] *= f->scale;
        }
        f->scale = 1;
    }
    const float apart = gx__bpr_dot(hi, f->against, d) - gx__bpr_dot(hj, f->against, d);
    f->parts[k] += (double)g * (double)apart / f->scale;
}

GX__BPR_INLINE void step(fold *f, uint32_t k, float rate, gx_rng *rng) {
    const uint32_t d = f->how->d;
    const double value = value_of(f->row, k);
    const float sign = value > 0 ? 1 : -1, *hi = row_of(f, f->row->item[k]);
    float theirs;
    const uint32_t j = draw_other(&theirs, f, sign, rng);
    if (j == GX_NONE) {
        return;
    }
    const float *hj = row_of(f, j), x = sign * gx__bpr_dot(f->w, hi, d) - theirs;
    const float weight = rate * gx__bpr_weight(f->how, value);
    const float g = sign * weight / (1 + expf(x)), shrink = weight * (float)f->how->regularisation;
    for (uint32_t l = 0; l < d; l += GX__BPR_LANES) {
        gx__bpr_lanes *w = (gx__bpr_lanes *)(f->w + l);
        const gx__bpr_lanes apart =
            *(const gx__bpr_lanes *)(hi + l) - *(const gx__bpr_lanes *)(hj + l);
        *w = *w + (g * apart - shrink * *w);
    }
    if (f->parts) {
        add_part(f, k, g, shrink, hi, hj);
    }
}

GX__CLONES static void all_steps(fold *f, uint32_t rounds, uint32_t steps) {
    gx_rng rng = gx_rng_at(FOLD_SEED, 0);
    uint32_t done = 0;
    for (uint32_t r = 0; r < rounds; r++) {
        for (uint32_t k = 0; k < f->row->count; k++) {
            if (takes_part(f->row, k, f->items)) {
                step(f, k, (float)(f->how->rate * (steps - done) / steps), &rng);
                done++;
            }
        }
    }
}

uint64_t gx__bpr_fold_steps(uint64_t count, const gx__bpr *how) {
    const uint64_t fit = count ? (FOLD_STEPS - 1) / count + 1 : 0;
    return count * (fit < how->epochs ? fit : how->epochs);
}

void gx__bpr_fold(float *w, double *parts, uint64_t *had, const float *item, uint32_t items,
                  const gx__bpr_row *row, const float *against, const gx__bpr *how) {
    fold f = {.how = how,
              .row = row,
              .item = item,
              .against = against,
              .had = had,
              .w = w,
              .parts = parts,
              .scale = 1,
              .items = items};
    uint32_t count = 0;
    for (uint32_t k = 0; k < row->count; k++) {
        count += takes_part(row, k, items);
    }
    memset(w, 0, how->d * sizeof *w);
    if (parts) {
        memset(parts, 0, row->count * sizeof *parts);
    }
    if (count == 0) {
        return;
    }
    const uint32_t steps = (uint32_t)gx__bpr_fold_steps(count, how);
    flip_bits(had, row, items);
    all_steps(&f, steps / count, steps);
    flip_bits(had, row, items);
    for (uint32_t k = 0; parts && k < row->count; k++) {
        parts[k] *= f.scale;
    }
}
