/* A row of implicit ALS by conjugate gradients. With the factors of the fixed side rotated so that
 * their Gramian is diagonal, the normal equations of a row are
 *
 *   (D + Fᵀ C F) w = Fᵀ C y,     D = unobserved · diag(gram) + λ I
 *
 * and D, the part common to all rows, is the preconditioner: what is left has the form I + SᵀS with
 * S of as many rows as the row has entries m. So m + 1 steps are exact, and few are enough where w
 * starts from the row of the sweep before. A step reads the factors of the entries once:
 *
 *   q = D p + Σ_k c_k (f_k·p) f_k                               4 m d operations
 *
 * where the unrotated form multiplies with the d × d Gramian too, 2 d². Sums go over 16 lanes,
 * whatever the machine's vectors are. */
#include "models/ials_solve.h"

#include "models/parallel.h"

#include <math.h>

enum {
    LANES = 16,
    TOGETHER = 4,        /* entries at once */
    SOON = 2 * TOGETHER, /* entries ahead whose factors are asked for into the first-level cache */
    FETCH_BYTES = 1 << 18, /* of the next row, at most, into the second-level cache */
};

#define CONVERGED 1e-7F /* of a row's part of the objective */

/* All that a row needs is compiled as one piece for each kind of vectors. */
#define INLINE static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(64), aligned(4), __may_alias__));

static uint32_t padded(uint32_t d) {
    return (d + LANES - 1) / LANES * LANES;
}

/* Vectors of one row, padded with zeros to whole lanes. */
typedef struct vectors {
    float *x;       /* the solution */
    float *p;       /* direction */
    float *q;       /* the system times p */
    float *r;       /* residual */
    float *system;  /* D */
    float *inverse; /* D^−1 */
} vectors;

size_t gx__ials_approach_floats(uint32_t d) {
    return 6 * (size_t)padded(d) + 2 * LANES;
}

/* ---- what comes next --------------------------------------------------------------------------
 */

/* Factors of the row that comes next are asked for a few at each bundle of this one, so that they
 * arrive while it is worked on. */
typedef struct coming {
    const uint32_t *col;
    uint64_t at, count, a_turn;
} coming;

INLINE void ask(const float *factor, uint32_t d, int near) {
    for (uint32_t j = 0; j < d; j += LANES) {
        if (near) {
            __builtin_prefetch(factor + j, 0, 3);
        } else {
            __builtin_prefetch(factor + j, 0, 2);
        }
    }
}

INLINE void ask_next(coming *next, const float *factor, uint32_t d) {
    const uint64_t until =
        next->at + next->a_turn < next->count ? next->at + next->a_turn : next->count;
    for (; next->at < until; next->at++) {
        ask(factor + (size_t)next->col[next->at] * d, d, 0);
    }
}

/* ---- passes over the entries ------------------------------------------------------------------
 */

/* The sums of four times 16 lanes. */
#define SUM_LANES(t, a, b, c, d)                                                                   \
    do {                                                                                           \
        const lanes ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, \
                                                 21, 22, 23) +                                     \
                         __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26,   \
                                                 27, 28, 29, 30, 31);                              \
        const lanes cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, \
                                                 21, 22, 23) +                                     \
                         __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26,   \
                                                 27, 28, 29, 30, 31);                              \
        const lanes of4 = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18,    \
                                                  19, 24, 25, 26, 27) +                            \
                          __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22,  \
                                                  23, 28, 29, 30, 31);                             \
        for (int i = 0; i < TOGETHER; i++) {                                                       \
            (t)[i] = (of4[4 * i] + of4[4 * i + 1]) + (of4[4 * i + 2] + of4[4 * i + 3]);            \
        }                                                                                          \
    } while (0)

/* Up to four entries at once; those missing are the last one again with weight 0. */
typedef struct bundle {
    const float *f[TOGETHER];
    float c[TOGETHER], y[TOGETHER];
} bundle;

INLINE bundle bundle_of(const gx__ials_side *fixed, const gx__ials_row *row, uint64_t first,
                        float weight_of_one) {
    bundle b;
    for (uint64_t i = 0; i < TOGETHER; i++) {
        const uint64_t k = first + i < row->count ? first + i : row->count - 1;
        const float value = row->value ? row->value[k] * weight_of_one : 1;
        b.f[i] = fixed->factor + (size_t)row->col[k] * fixed->d;
        b.c[i] = first + i < row->count ? fabsf(value) : 0;
        b.y[i] = value > 0 ? 1 : 0;
    }
    return b;
}

/* out = Σ_k c_k (target · y_k − f_k·x) f_k */
INLINE void pull(float *restrict out, const float *restrict x, const gx__ials_side *fixed,
                 uint32_t d, const gx__ials_row *row, float weight_of_one, float target,
                 coming *next) {
    const uint32_t whole = d / LANES * LANES;
    memset(out, 0, padded(d) * sizeof *out);
    for (uint64_t first = 0; first < row->count; first += TOGETHER) {
        const bundle b = bundle_of(fixed, row, first, weight_of_one);
        const float *restrict f0 = b.f[0], *restrict f1 = b.f[1];
        const float *restrict f2 = b.f[2], *restrict f3 = b.f[3];
        lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        float t[TOGETHER], g[TOGETHER];
        ask_next(next, fixed->factor, d);
        for (uint64_t k = first + SOON; k < first + SOON + TOGETHER && k < row->count; k++) {
            ask(fixed->factor + (size_t)row->col[k] * d, d, 1);
        }
        for (uint32_t j = 0; j < whole; j += LANES) {
            const lanes at = *(const lanes *)(x + j);
            s0 += *(const lanes *)(f0 + j) * at;
            s1 += *(const lanes *)(f1 + j) * at;
            s2 += *(const lanes *)(f2 + j) * at;
            s3 += *(const lanes *)(f3 + j) * at;
        }
        SUM_LANES(t, s0, s1, s2, s3);
        for (uint32_t j = whole; j < d; j++) {
            for (int i = 0; i < TOGETHER; i++) {
                t[i] += b.f[i][j] * x[j];
            }
        }
        for (int i = 0; i < TOGETHER; i++) {
            g[i] = b.c[i] * (target * b.y[i] - t[i]);
        }
        for (uint32_t j = 0; j < whole; j += LANES) {
            *(lanes *)(out + j) +=
                (g[0] * *(const lanes *)(f0 + j) + g[1] * *(const lanes *)(f1 + j)) +
                (g[2] * *(const lanes *)(f2 + j) + g[3] * *(const lanes *)(f3 + j));
        }
        for (uint32_t j = whole; j < d; j++) {
            out[j] += (g[0] * f0[j] + g[1] * f1[j]) + (g[2] * f2[j] + g[3] * f3[j]);
        }
    }
}

/* ---- a row ------------------------------------------------------------------------------------
 */

#define SUM_OF(sum, v)                                                                             \
    do {                                                                                           \
        float lane[LANES];                                                                         \
        memcpy(lane, &(v), sizeof lane);                                                           \
        for (int half = LANES / 2; half > 0; half /= 2) {                                          \
            for (int i = 0; i < half; i++) {                                                       \
                lane[i] += lane[i + half];                                                         \
            }                                                                                      \
        }                                                                                          \
        (sum) = lane[0];                                                                           \
    } while (0)

#define AT(vector, j) (*(lanes *)((vector) + (j)))

static vectors vectors_at(float *room, uint32_t width) {
    return (vectors){room,
                     room + width,
                     room + 2 * (size_t)width,
                     room + 3 * (size_t)width,
                     room + 4 * (size_t)width,
                     room + 5 * (size_t)width};
}

INLINE void prepare(const vectors *v, const float *w, const float *gram, float unobserved,
                    float lambda, uint32_t d, uint32_t width) {
    memcpy(v->x, w, d * sizeof *w);
    for (uint32_t j = 0; j < d; j++) {
        v->system[j] = unobserved * gram[j] + lambda;
        v->inverse[j] = 1 / v->system[j];
    }
    for (uint32_t j = d; j < width; j++) {
        v->x[j] = v->system[j] = v->inverse[j] = 0;
    }
}

/* r = q − D x, p = D^−1 r. Answers r·p, and x·D x in *size. */
INLINE float set_out(float *size, const vectors *v, uint32_t width) {
    lanes fall = {0}, own = {0};
    float rz;
    for (uint32_t j = 0; j < width; j += LANES) {
        const lanes x = AT(v->x, j), pulled = AT(v->system, j) * x;
        const lanes r = AT(v->q, j) - pulled, p = AT(v->inverse, j) * r;
        own += x * pulled;
        fall += r * p;
        AT(v->r, j) = r;
        AT(v->p, j) = p;
    }
    SUM_OF(*size, own);
    SUM_OF(rz, fall);
    return rz;
}

/* q = D p − q, where q was −FᵀCF p. Answers p·q. */
INLINE float add_system(const vectors *v, uint32_t width) {
    lanes sum = {0};
    float curve;
    for (uint32_t j = 0; j < width; j += LANES) {
        const lanes p = AT(v->p, j), q = AT(v->system, j) * p - AT(v->q, j);
        sum += p * q;
        AT(v->q, j) = q;
    }
    SUM_OF(curve, sum);
    return curve;
}

INLINE void advance(const vectors *v, float alpha, uint32_t width) {
    for (uint32_t j = 0; j < width; j += LANES) {
        AT(v->x, j) += alpha * AT(v->p, j);
    }
}

/* r −= α q. Answers r·D^−1 r. */
INLINE float fall_back(const vectors *v, float alpha, uint32_t width) {
    lanes sum = {0};
    float rz;
    for (uint32_t j = 0; j < width; j += LANES) {
        const lanes r = AT(v->r, j) - alpha * AT(v->q, j);
        sum += r * r * AT(v->inverse, j);
        AT(v->r, j) = r;
    }
    SUM_OF(rz, sum);
    return rz;
}

/* p = D^−1 r + β p */
INLINE void turn(const vectors *v, float beta, uint32_t width) {
    for (uint32_t j = 0; j < width; j += LANES) {
        AT(v->p, j) = AT(v->inverse, j) * AT(v->r, j) + beta * AT(v->p, j);
    }
}

/* One row, and what its solution takes. */
typedef struct task {
    const gx__ials_side *fixed;
    const gx__ials_row *row;
    vectors v;
    coming next;
    float unobserved, weight_of_one, lambda;
    uint32_t steps;
} task;

INLINE void solve(float *w, task *t, uint32_t d) {
    const uint32_t width = padded(d);
    const vectors *v = &t->v;
    float size, rz;
    prepare(v, w, t->fixed->gram, t->unobserved, t->lambda, d, width);
    pull(v->q, v->x, t->fixed, d, t->row, t->weight_of_one, 1, &t->next);
    rz = set_out(&size, v, width);
    const float least = CONVERGED * (rz + size);
    for (uint32_t s = 0; s < t->steps && rz > least; s++) {
        pull(v->q, v->p, t->fixed, d, t->row, t->weight_of_one, 0, &t->next);
        const float curve = add_system(v, width);
        if (!(curve > 0)) {
            break;
        }
        advance(v, rz / curve, width);
        if (s + 1 < t->steps) {
            const float left = fall_back(v, rz / curve, width);
            turn(v, left / rz, width);
            rz = left;
        }
    }
    memcpy(w, v->x, d * sizeof *w);
}

/* Loops of a length that is known are unrolled, and the factors of a bundle stay in registers. */
GX__CLONES static void solve_any(float *w, task *t) {
    switch (t->fixed->d) {
    case 64:
        solve(w, t, 64);
        break;
    case 128:
        solve(w, t, 128);
        break;
    default:
        solve(w, t, t->fixed->d);
    }
}

static coming coming_of(const gx__ials_row *next, const gx__ials_row *row, uint32_t d,
                        uint32_t steps) {
    const uint64_t most = FETCH_BYTES / (d * sizeof(float));
    const uint64_t turns = (steps + 1) * ((row->count + TOGETHER - 1) / TOGETHER);
    coming c = {.col = next->col, .count = next->count < most ? next->count : most};
    c.a_turn = turns > 0 ? (c.count + turns - 1) / turns : 0;
    return c;
}

void gx__ials_approach(float *w, float *room, const gx__ials_side *fixed, const gx__ials_row *row,
                       const gx__ials_row *next, const gx__ials_loss *loss, float lambda,
                       uint32_t steps) {
    task t = {.fixed = fixed,
              .row = row,
              .v = vectors_at(room, padded(fixed->d)),
              .next = coming_of(next, row, fixed->d, steps),
              .unobserved = (float)loss->unobserved,
              .weight_of_one = (float)(1 / loss->unit),
              .lambda = lambda,
              .steps = steps};
    solve_any(w, &t);
}
