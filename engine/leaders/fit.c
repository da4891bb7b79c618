/* Weights of the leader score, learnt from what followers did: Poisson regression with a log link
 * (McCullagh and Nelder: Generalized Linear Models, 2nd ed. 1989, chapter 6),
 *
 *   E y = exp(b + Σ_p w_p x_p),  w_p ≥ 0,  with a penalty ridge · Σ y · Σ w²/2,
 *
 * y how much later acts of followers are to a member's credit. A count with a log link, since heed
 * multiplies: an audience without acts is not led, nor are acts without an audience. Iteratively
 * reweighted least squares, half a step at a time; each least-squares problem with its bounds by
 * coordinate descent. Sums run in the order of rows: O(rows · p²) a round, at most 60 rounds; no
 * memory of its own. */
#include "engine/leaders/measures.h"

#include <math.h>

enum { P = GX_LEADER_MEASURE_COUNT, ROUNDS = 60, SWEEPS = 100, ROWS_A_LOOK = 4096 };

/* Weighted sums of one round. */
typedef struct moments {
    double w, z;     /* Σ w, mean of z */
    double x[P];     /* means */
    double xx[P][P]; /* centred products */
    double xz[P];
} moments;

static double told(const double *x, const double *weight, double b) {
    for (int p = 0; p < P; p++) {
        b += weight[p] * x[p];
    }
    return b < -20.0 ? -20.0 : b > 12.0 ? 12.0 : b;
}

/* Working weight and response of a row: w = μ, z = η + (y − μ) / μ. */
static double respond(double *z, const double *x, double y, const double *weight, double b) {
    const double eta = told(x, weight, b), mu = exp(eta);
    *z = eta + (y - mu) / mu;
    return mu;
}

static void sum_up(moments *m, const double *x, const double *y, uint32_t rows,
                   const double *weight, double b, gx_job *job) {
    *m = (moments){0};
    for (int centred = 0; centred < 2; centred++) {
        for (uint32_t i = 0; i < rows; i++) {
            const double *row = x + (size_t)i * P;
            double z, w = respond(&z, row, y[i], weight, b);
            if (i % ROWS_A_LOOK == 0 && gx_job_should_stop(job)) {
                return;
            }
            if (!centred) {
                m->w += w;
                m->z += w * z;
                for (int p = 0; p < P; p++) {
                    m->x[p] += w * row[p];
                }
                continue;
            }
            for (int p = 0; p < P; p++) {
                const double gap = w * (row[p] - m->x[p]);
                m->xz[p] += gap * (z - m->z);
                for (int q = 0; q <= p; q++) {
                    m->xx[p][q] += gap * (row[q] - m->x[q]);
                }
            }
        }
        for (int p = 0; !centred && p < P; p++) {
            m->x[p] /= m->w;
        }
        m->z /= centred ? 1.0 : m->w;
    }
    for (int p = 0; p < P; p++) {
        for (int q = p + 1; q < P; q++) {
            m->xx[p][q] = m->xx[q][p];
        }
    }
}

/* The weights, none below 0, that fit the moments best. */
static void solve(double *weight, const moments *m, double ridge) {
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (int p = 0; p < P; p++) {
            const double own = m->xx[p][p] + ridge;
            double left = m->xz[p] - ridge * weight[p];
            for (int q = 0; q < P; q++) {
                left -= m->xx[p][q] * weight[q];
            }
            weight[p] = m->xx[p][p] > 0.0 ? fmax(0.0, weight[p] + left / own) : 0.0;
        }
    }
}

gx_status gx__leaders_poisson(double weight[GX_LEADER_MEASURE_COUNT], const double *x,
                              const double *y, uint32_t rows, double ridge, gx_job *job,
                              gx_error *err) {
    double sum = 0.0;
    memset(weight, 0, P * sizeof *weight);
    for (uint32_t i = 0; i < rows; i++) {
        sum += y[i];
    }
    double b = sum > 0.0 ? log(sum / rows) : 0.0;
    for (int round = 0; sum > 0.0 && round < ROUNDS; round++) {
        double next[P];
        moments m;
        sum_up(&m, x, y, rows, weight, b, job);
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        memcpy(next, weight, sizeof next);
        solve(next, &m, ridge * sum);
        b = m.z;
        for (int p = 0; p < P; p++) {
            weight[p] = (weight[p] + next[p]) / 2.0;
            b -= m.x[p] * weight[p];
        }
    }
    double most = 0.0;
    for (int p = 0; p < P; p++) {
        most = weight[p] > most ? weight[p] : most;
    }
    for (int p = 0; p < P; p++) { /* what halving leaves of a weight that is held at 0 */
        weight[p] = weight[p] < 1e-6 * most ? 0.0 : weight[p];
    }
    return GX_OK;
}
