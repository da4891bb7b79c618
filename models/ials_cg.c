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

enum { LANES = 16, TOGETHER = 4, FETCH_BYTES = 1 << 15 };

#define CONVERGED 1e-7F /* of a row's part of the objective */

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

static inline bundle bundle_of(const gx__ials_side *fixed, const gx__ials_row *row, uint64_t first,
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
GX__CLONES static void pull(float *restrict out, const float *restrict x,
                            const gx__ials_side *fixed, const gx__ials_row *row,
                            float weight_of_one, float target) {
    const uint32_t d = fixed->d, whole = d / LANES * LANES;
    memset(out, 0, padded(d) * sizeof *out);
    for (uint64_t first = 0; first < row->count; first += TOGETHER) {
        const bundle b = bundle_of(fixed, row, first, weight_of_one);
        const float *restrict f0 = b.f[0], *restrict f1 = b.f[1];
        const float *restrict f2 = b.f[2], *restrict f3 = b.f[3];
        lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        float t[TOGETHER], g[TOGETHER];
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

/* ---- vectors ----------------------------------------------------------------------------------
 */

static inline float sum_of(const float lane[LANES]) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) {
        sum += lane[i];
    }
    return sum;
}

/* Σ a_j b_j c_j; c may be NULL. */
GX__CLONES static float dot3(const float *restrict a, const float *restrict b,
                             const float *restrict c, uint32_t width) {
    lanes sum = {0};
    float lane[LANES];
    for (uint32_t j = 0; j < width; j += LANES) {
        lanes product = *(const lanes *)(a + j) * *(const lanes *)(b + j);
        if (c) {
            product *= *(const lanes *)(c + j);
        }
        sum += product;
    }
    memcpy(lane, &sum, sizeof lane);
    return sum_of(lane);
}

GX__CLONES static void prepare(const vectors *v, const float *gram, float unobserved, float lambda,
                               uint32_t d) {
    for (uint32_t j = 0; j < d; j++) {
        v->system[j] = unobserved * gram[j] + lambda;
        v->inverse[j] = 1 / v->system[j];
    }
}

/* r = q − D x, p = D^−1 r */
GX__CLONES static void set_out(const vectors *v, uint32_t width) {
    float *restrict r = v->r, *restrict p = v->p;
    for (uint32_t j = 0; j < width; j++) {
        r[j] = v->q[j] - v->system[j] * v->x[j];
        p[j] = v->inverse[j] * r[j];
    }
}

/* q = D p − q, where q was −FᵀCF p */
GX__CLONES static void add_system(const vectors *v, uint32_t width) {
    float *restrict q = v->q;
    for (uint32_t j = 0; j < width; j++) {
        q[j] = v->system[j] * v->p[j] - q[j];
    }
}

GX__CLONES static void advance(const vectors *v, float alpha, uint32_t width) {
    float *restrict x = v->x, *restrict r = v->r;
    for (uint32_t j = 0; j < width; j++) {
        x[j] += alpha * v->p[j];
        r[j] -= alpha * v->q[j];
    }
}

/* p = D^−1 r + β p */
GX__CLONES static void turn(const vectors *v, float beta, uint32_t width) {
    float *restrict p = v->p;
    for (uint32_t j = 0; j < width; j++) {
        p[j] = v->inverse[j] * v->r[j] + beta * p[j];
    }
}

static vectors vectors_at(float *room, uint32_t width) {
    return (vectors){room,
                     room + width,
                     room + 2 * (size_t)width,
                     room + 3 * (size_t)width,
                     room + 4 * (size_t)width,
                     room + 5 * (size_t)width};
}

void gx__ials_approach(float *w, float *room, const gx__ials_side *fixed, const gx__ials_row *row,
                       const gx__ials_loss *loss, float lambda, uint32_t steps) {
    const uint32_t d = fixed->d, width = padded(d);
    const float weight_of_one = (float)(1 / loss->unit);
    const vectors v = vectors_at(room, width);
    memset(room, 0, 6 * (size_t)width * sizeof *room);
    memcpy(v.x, w, d * sizeof *w);
    prepare(&v, fixed->gram, (float)loss->unobserved, lambda, d);
    pull(v.q, v.x, fixed, row, weight_of_one, 1);
    set_out(&v, width);
    float rz = dot3(v.r, v.r, v.inverse, width);
    const float least = CONVERGED * (rz + dot3(v.x, v.x, v.system, width));
    for (uint32_t s = 0; s < steps && rz > least; s++) {
        pull(v.q, v.p, fixed, row, weight_of_one, 0);
        add_system(&v, width);
        const float curve = dot3(v.p, v.q, NULL, width);
        if (!(curve > 0)) {
            break;
        }
        advance(&v, rz / curve, width);
        const float next = dot3(v.r, v.r, v.inverse, width);
        turn(&v, next / rz, width);
        rz = next;
    }
    memcpy(w, v.x, d * sizeof *w);
}

void gx__ials_fetch(const gx__ials_side *fixed, const gx__ials_row *row) {
    const uint64_t most = FETCH_BYTES / (fixed->d * sizeof(float));
    for (uint64_t k = 0; k < row->count && k < most; k++) {
        const float *at = fixed->factor + (size_t)row->col[k] * fixed->d;
        for (uint32_t j = 0; j < fixed->d; j += LANES) {
            __builtin_prefetch(at + j);
        }
    }
}
