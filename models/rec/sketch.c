#include "models/rec/sketch.h"

#include "models/parallel.h"

#include <float.h>
#include <math.h>

enum { WIDE = 32, BYTE_MAX = 127, WORD_MAX = 8191, WIDTH_MAX = 1024, AHEAD = 8192 };

/* What one item needs beside its bytes. */
typedef struct spread {
    float scale; /* of its bytes */
    float lost;  /* ‖f − s q‖, rounded up */
    float norm;  /* ‖f‖, rounded up */
} spread;

struct gx__sketch {
    uint32_t items, d, wide; /* wide: d, up to a multiple of WIDE */
    int8_t *byte;            /* items × wide, 0 behind d */
    spread *spread;
};

/* As in factors_exact.c: rows are read one after the other, and what is behind the last one is
 * never read, only asked for. */
static inline void fetch_ahead(const void *at) {
    __builtin_prefetch((const void *)((uintptr_t)at + AHEAD));
}

/* ---- the copy in bytes ---------------------------------------------------------------------- */

static uint32_t wide_of(uint32_t d) {
    return (d + WIDE - 1) / WIDE * WIDE;
}

uint64_t gx__sketch_bytes(uint32_t items, uint32_t d) {
    return sizeof(gx__sketch) + (uint64_t)items * (wide_of(d) + sizeof(spread));
}

/* Of what is at most a little above the largest whole number meant. */
static int32_t nearest(float x) {
    return (int32_t)(x + (x < 0 ? -0.5F : 0.5F));
}

static float up(double x) {
    return x > 0 ? nextafterf((float)x, FLT_MAX) : 0;
}

/* false: a factor is not finite. */
static bool write_row(int8_t *restrict byte, spread *out, const float *restrict f, uint32_t d) {
    float most = 0;
    bool finite = true;
    for (uint32_t j = 0; j < d; j++) {
        const float size = fabsf(f[j]);
        finite &= size <= FLT_MAX;
        most = size > most ? size : most;
    }
    const float scale = most / BYTE_MAX;
    const float by = scale >= FLT_MIN ? 1 / scale : 0; /* what is next to nothing is lost */
    double lost = 0, norm = 0;
    for (uint32_t j = 0; finite && j < d; j++) {
        const int32_t q = nearest(f[j] * by);
        const double off = (double)f[j] - (double)scale * (double)q;
        byte[j] = (int8_t)q;
        lost += off * off;
        norm += (double)f[j] * (double)f[j];
    }
    *out = (spread){scale, up(sqrt(lost)), up(sqrt(norm))};
    return finite;
}

gx_status gx__sketch_create(gx__sketch **out, const gx_factors *f, gx_error *err) {
    *out = NULL;
    if (f->d == 0 || f->d > WIDTH_MAX) {
        return GX_OK;
    }
    gx__sketch *s = gx_alloc0(1, sizeof *s);
    if (!s) {
        return gx_fail_memory(err, sizeof *s);
    }
    *s = (gx__sketch){.items = f->items, .d = f->d, .wide = wide_of(f->d)};
    s->byte = gx_alloc0((size_t)f->items * s->wide + 1, 1);
    s->spread = gx_alloc((size_t)f->items + 1, sizeof *s->spread);
    if (!s->byte || !s->spread) {
        gx__sketch_destroy(s);
        return gx_fail_memory(err, gx__sketch_bytes(f->items, f->d));
    }
    bool finite = true;
    for (uint32_t i = 0; finite && i < f->items; i++) {
        finite = write_row(s->byte + (size_t)i * s->wide, &s->spread[i], f->item + (size_t)i * f->d,
                           f->d);
    }
    if (!finite) {
        gx__sketch_destroy(s);
        return GX_OK;
    }
    *out = s;
    return GX_OK;
}

void gx__sketch_destroy(gx__sketch *sketch) {
    if (sketch) {
        gx_free(sketch->byte);
        gx_free(sketch->spread);
        gx_free(sketch);
    }
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* A history's factors as the sketch multiplies them. */
typedef struct asked {
    int16_t word[WIDTH_MAX];
    float scale;
    float by_lost, by_norm; /* what an item's ‖f − s q‖ and ‖f‖ add to its bound */
    float least;            /* against sums that vanish */
} asked;

static bool ask(asked *out, const float *w, uint32_t d, uint32_t wide) {
    float most = 0;
    double norm = 0, off = 0;
    for (uint32_t j = 0; j < d; j++) {
        const float size = fabsf(w[j]);
        if (!(size <= FLT_MAX)) {
            return false;
        }
        most = size > most ? size : most;
    }
    const float scale = most / WORD_MAX;
    const float by = scale >= FLT_MIN ? 1 / scale : 0;
    for (uint32_t j = 0; j < wide; j++) {
        const float own = j < d ? w[j] : 0;
        const int32_t v = nearest(own * by);
        const double left = (double)own - (double)scale * (double)v;
        out->word[j] = (int16_t)v;
        norm += (double)own * (double)own;
        off += left * left;
    }
    norm = sqrt(norm);
    off = sqrt(off);
    /* ‖s q‖ ≤ ‖f‖ + ‖f − s q‖. Rounding: of an exact score at most d + 6 steps of 2^−24 of
     * ‖w‖ ‖f‖, of a bound 6 more of twice that. */
    const double rounding = (d + 32) * 0x1p-24;
    out->scale = scale;
    out->by_lost = up((norm + off) * (1 + 1e-5));
    out->by_norm = up((off + norm * rounding) * (1 + 1e-5));
    out->least = norm > 0 ? (float)d * 4 * FLT_MIN : 0;
    return isfinite(out->by_lost) && isfinite(out->by_norm);
}

GX__CLONES static void bound_all(float *restrict upper, const int8_t *restrict byte,
                                 const spread *restrict rows, const int16_t *restrict word,
                                 const asked *restrict a, uint32_t items, uint32_t wide) {
    for (uint32_t i = 0; i < items; i++) {
        const int8_t *restrict q = byte + (size_t)i * wide;
        int32_t sum = 0;
        for (uint32_t j = 0; j < wide; j += GX_CACHE_LINE) {
            fetch_ahead(q + j);
        }
        for (uint32_t j = 0; j < wide; j++) {
            const int16_t own = q[j];
            sum += own * word[j];
        }
        const float middle = a->scale * rows[i].scale * (float)sum;
        const float around = rows[i].lost * a->by_lost + rows[i].norm * a->by_norm + a->least;
        upper[i] = rows[i].norm > 0 ? middle + around : 0;
    }
}

bool gx__sketch_bounds(float *upper, const gx__sketch *sketch, const float *w) {
    asked a;
    if (!ask(&a, w, sketch->d, sketch->wide)) {
        return false;
    }
    bound_all(upper, sketch->byte, sketch->spread, a.word, &a, sketch->items, sketch->wide);
    return true;
}
