/* Susceptibility: which channel moves whom (docs/blend.md).
 *
 * A take is drawn from one channel, as if the member had looked at that channel alone:
 *
 *   P(i | u) = Σ_c θ_uc · s_c(i)^γ_c / Σ_j s_c(j)^γ_c + θ_u0 / items
 *
 * the last for what no channel explains. θ_u ~ Dirichlet(A · m_b), m_b the mean of the members'
 * bucket of history, itself pulled to the mean of all. m and the chance r that a take came from
 * each channel are found by expectation and maximisation (Dempster, Laird and Rubin 1977), where a
 * take has no part in the θ it is judged by; γ and A are those under which takes so left out are
 * likeliest. A member's susceptibility is the posterior mean of θ, (Σ r + A m_b) / (takes + A),
 * θ_u0 counted to interest: one who took nothing is their bucket's mean. */
#include "models/rec/blend_parts.h"

#include <math.h>

enum { PARTS = GX_CHANNEL_COUNT + 1, ROUNDS = 25, MEMBER_ROUNDS = 8, BUCKET_PRIOR = 50 };
static const double RATIO_MOST = 8;

typedef double parts[PARTS];

typedef struct mixing {
    gx__learning *l;
    parts *chance;   /* per take: P(what was taken | channel) */
    parts *r;        /* per take: the chance that it came from the channel */
    uint8_t *bucket; /* per take: of its member just before */
    parts mean[GX_BLEND_BUCKETS];
    uint32_t shape[GX_CHANNEL_COUNT];
} mixing;

static void fill_chances(mixing *m) {
    const gx__learning *l = m->l;
    for (uint32_t k = 0; k < l->count; k++) {
        const gx_blend_take *take = &l->takes[k];
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            m->chance[k][c] = take->chance[c][m->shape[c]];
        }
        m->chance[k][GX_CHANNEL_COUNT] = fmax(take->taste, 0.1 / (l->items ? l->items : 1));
    }
}

/* r of one take under θ; its chance. */
static double respond(parts r, const parts chance, const parts theta) {
    double sum = 0;
    for (int p = 0; p < PARTS; p++) {
        r[p] = theta[p] * chance[p];
        sum += r[p];
    }
    for (int p = 0; p < PARTS; p++) {
        r[p] = sum > 0 ? r[p] / sum : theta[p];
    }
    return sum;
}

/* One mean for all takes of a bucket (GX_BLEND_BUCKETS: of all), pulled to `prior` by so many
 * takes; returns the log chance of them. */
static double fit_mean(parts mean, const mixing *m, uint32_t bucket, const parts prior,
                       double pull) {
    const gx__learning *l = m->l;
    double said = 0;
    for (int p = 0; p < PARTS; p++) {
        mean[p] = prior[p];
    }
    for (int round = 0; round < ROUNDS; round++) {
        parts sum, r;
        double all = pull;
        said = 0;
        for (int p = 0; p < PARTS; p++) {
            sum[p] = pull * prior[p];
        }
        for (uint32_t k = 0; k < l->count; k++) {
            if (bucket == GX_BLEND_BUCKETS || m->bucket[k] == bucket) {
                double share = l->share[k];
                said += share * log(fmax(respond(r, m->chance[k], mean), 1e-300));
                all += share;
                for (int p = 0; p < PARTS; p++) {
                    sum[p] += share * r[p];
                }
            }
        }
        for (int p = 0; p < PARTS; p++) {
            mean[p] = all > 0 ? sum[p] / all : prior[p];
        }
    }
    return said;
}

static gx_status fit_shapes(mixing *m, gx_error *err) {
    parts even, mean;
    gx_status status = GX_OK;
    for (int p = 0; p < PARTS; p++) {
        even[p] = 1.0 / PARTS;
    }
    fill_chances(m);
    double best = fit_mean(mean, m, GX_BLEND_BUCKETS, even, 1);
    for (int sweep = 0; sweep < 2; sweep++) {
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            uint32_t kept = m->shape[c];
            uint32_t shapes = c == GX_CHANNEL_INTEREST ? GX_BLEND_POWERS : GX_BLEND_SHAPES;
            for (uint32_t p = 0; p < shapes; p++) {
                m->shape[c] = p;
                fill_chances(m);
                double said = p == kept ? best : fit_mean(mean, m, GX_BLEND_BUCKETS, even, 1);
                if (said > best + 1e-9) {
                    best = said;
                    kept = p;
                }
                GX_TRY(gx_job_check(m->l->job, err));
            }
            m->shape[c] = kept;
        }
    }
    fill_chances(m);
    fit_mean(mean, m, GX_BLEND_BUCKETS, even, 1);
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        fit_mean(m->mean[b], m, b, mean, BUCKET_PRIOR);
    }
done:
    return status;
}

/* ---- members ------------------------------------------------------------------------------- */

/* θ of a member with `takes` takes that `sum` tells of. */
static void posterior(parts theta, const parts sum, double takes, const parts mean, double prior) {
    for (int p = 0; p < PARTS; p++) {
        theta[p] = (fmax(sum[p], 0) + prior * mean[p]) / (takes + prior);
    }
}

/* The takes of one member, [from, to), each judged by the others. */
static void respond_member(mixing *m, uint32_t from, uint32_t to, double prior) {
    parts sum = {0};
    for (uint32_t k = from; k < to; k++) {
        for (int p = 0; p < PARTS; p++) {
            sum[p] += m->r[k][p];
        }
    }
    for (uint32_t k = from; k < to; k++) {
        parts others, theta, r;
        for (int p = 0; p < PARTS; p++) {
            others[p] = sum[p] - m->r[k][p];
        }
        posterior(theta, others, to - from - 1, m->mean[m->bucket[k]], prior);
        (void)respond(r, m->chance[k], theta);
        for (int p = 0; p < PARTS; p++) {
            sum[p] += r[p] - m->r[k][p];
            m->r[k][p] = r[p];
        }
    }
}

static uint32_t end_of(const gx__learning *l, uint32_t from) {
    uint32_t to = from;
    while (to < l->count && l->takes[to].user == l->takes[from].user) {
        to++;
    }
    return to;
}

static void respond_all(mixing *m, double prior) {
    for (uint32_t k = 0; k < m->l->count; k++) {
        (void)respond(m->r[k], m->chance[k], m->mean[m->bucket[k]]);
    }
    for (int round = 0; round < MEMBER_ROUNDS; round++) {
        for (uint32_t from = 0, to; from < m->l->count; from = to) {
            to = end_of(m->l, from);
            respond_member(m, from, to, prior);
        }
    }
}

/* The log chance of all takes, each judged by the member's earlier ones: what they are worth
 * together under the prior, with nothing of a take in what judges it. */
static double foresee_all(const mixing *m, double prior) {
    double said = 0;
    for (uint32_t from = 0, to; from < m->l->count; from = to) {
        parts sum = {0};
        to = end_of(m->l, from);
        for (uint32_t k = from; k < to; k++) {
            parts theta, r;
            posterior(theta, sum, k - from, m->mean[m->bucket[k]], prior);
            said += log(fmax(respond(r, m->chance[k], theta), 1e-300));
            for (int p = 0; p < PARTS; p++) {
                sum[p] += r[p];
            }
        }
    }
    return said;
}

static gx_status fit_prior(double *out, mixing *m, gx_error *err) {
    static const double tried[] = {0.5, 1, 1.4, 2, 2.8, 4, 5.6, 8, 16, 32, 64, 128};
    double best = -INFINITY;
    gx_status status = GX_OK;
    for (size_t k = 0; k < GX_COUNT(tried); k++) {
        double said = foresee_all(m, tried[k]);
        if (said > best) {
            best = said;
            *out = tried[k];
        }
        GX_TRY(gx_job_check(m->l->job, err));
    }
    respond_all(m, *out);
done:
    return status;
}

/* What no channel explains was the member's own choice, though the model of interest did not see
 * it coming. */
static void channels_of(float out[GX_CHANNEL_COUNT], const parts theta) {
    double sum = theta[GX_CHANNEL_COUNT];
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        sum += theta[c];
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        double own = theta[c] + (c == GX_CHANNEL_INTEREST ? theta[GX_CHANNEL_COUNT] : 0);
        out[c] = (float)(sum > 0 ? own / sum : 1.0 / GX_CHANNEL_COUNT);
    }
}

static void tell_members(float *susceptibility, uint32_t *taken, const uint32_t *likes,
                         uint32_t users, const mixing *m, double prior) {
    const gx__learning *l = m->l;
    uint32_t k = 0;
    for (uint32_t u = 0; u < users; u++) {
        parts sum = {0}, theta;
        uint32_t takes = 0;
        for (; k < l->count && l->takes[k].user == u; k++, takes++) {
            for (int p = 0; p < PARTS; p++) {
                sum[p] += m->r[k][p];
            }
        }
        posterior(theta, sum, takes, m->mean[gx_blend_bucket(likes[u])], prior);
        channels_of(susceptibility + (size_t)u * GX_CHANNEL_COUNT, theta);
        taken[u] = takes;
    }
}

/* ---- a member's own weights ---------------------------------------------------------------- */

void gx__blend_personal(float out[GX_CHANNEL_COUNT], const float weight[GX_CHANNEL_COUNT],
                        const float mix[GX_CHANNEL_COUNT], const float own[GX_CHANNEL_COUNT],
                        double personal) {
    double sum = 0, w[GX_CHANNEL_COUNT];
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        double ratio = mix[c] > 0 ? (double)own[c] / (double)mix[c] : 1;
        ratio = fmin(fmax(ratio, 1 / RATIO_MOST), RATIO_MOST);
        w[c] = (double)weight[c] * (personal > 0 ? pow(ratio, personal) : 1);
        sum += w[c];
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        out[c] = sum > 0 ? (float)(w[c] / sum) : weight[c];
    }
}

/* Gains of a member's takes where θ is of the earlier ones alone. */
static void try_member(const mixing *m, const gx_blend *blend, uint32_t from, uint32_t to,
                       double personal, double *gain) {
    parts sum = {0};
    for (uint32_t k = from; k < to; k++) {
        const gx_blend_part *part = &blend->part[m->bucket[k]];
        parts theta, r;
        float own[GX_CHANNEL_COUNT], w[GX_CHANNEL_COUNT];
        posterior(theta, sum, k - from, m->mean[m->bucket[k]], blend->prior);
        channels_of(own, theta);
        bool learnt =
            part->source == GX_BLEND_SOURCE_LEARNT; /* what is configured is everybody's */
        gx__blend_personal(w, part->weight, part->mix, own, learnt ? personal : 0);
        gain[k] = gx_blend_gain(&m->l->takes[k].just, m->l->cells, w);
        (void)respond(r, m->chance[k], theta);
        for (int p = 0; p < PARTS; p++) {
            sum[p] += r[p];
        }
    }
}

static void try_all(const mixing *m, const gx_blend *blend, double personal, double *gain) {
    const gx__learning *l = m->l;
#pragma omp parallel for num_threads(l->job->threads) schedule(dynamic, 64)
    for (uint32_t k = 0; k < l->count; k++) {
        if (k == 0 || l->takes[k - 1].user != l->takes[k].user) {
            try_member(m, blend, k, end_of(l, k), personal, gain);
        }
    }
}

/* Kept only where it beats no difference between members by more than a standard error. */
static gx_status fit_personal(gx_blend *out, const mixing *m, gx_error *err) {
    static const double tried[] = {0.5, 1};
    gx__learning *l = m->l;
    double *plain = NULL, *own = NULL, best = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(l->job, &plain, l->count, sizeof *plain, err));
    GX_TRY(gx_job_alloc(l->job, &own, l->count, sizeof *own, err));
    try_all(m, out, 0, plain);
    for (size_t t = 0; t < GX_COUNT(tried); t++) {
        double sum = 0, square = 0, n = l->members;
        try_all(m, out, tried[t], own);
        for (uint32_t from = 0, to; from < l->count; from = to) {
            double d = 0;
            to = end_of(l, from);
            for (uint32_t k = from; k < to; k++) {
                d += l->share[k] * (own[k] - plain[k]);
            }
            sum += d;
            square += d * d;
        }
        double mean = sum / n, error = sqrt(fmax(square / n - mean * mean, 0) / n);
        if (mean > error && mean > best) {
            best = mean;
            out->personal = tried[t];
        }
    }
done:
    gx_job_free(l->job, plain);
    gx_job_free(l->job, own);
    return status;
}

/* ---- the whole ----------------------------------------------------------------------------- */

gx_status gx__blend_mix(gx_blend *out, float *susceptibility, uint32_t *taken,
                        const uint32_t *likes, uint32_t users, gx__learning *l, gx_error *err) {
    mixing m = {.l = l};
    gx_status status;
    GX_TRY(gx_job_alloc(l->job, &m.chance, l->count, sizeof *m.chance, err));
    GX_TRY(gx_job_alloc(l->job, &m.r, l->count, sizeof *m.r, err));
    GX_TRY(gx_job_alloc(l->job, &m.bucket, l->count, sizeof *m.bucket, err));
    for (uint32_t k = 0; k < l->count; k++) {
        m.bucket[k] = (uint8_t)gx_blend_bucket(l->takes[k].just.likes);
    }
    GX_TRY(fit_shapes(&m, err));
    GX_TRY(fit_prior(&out->prior, &m, err));
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        channels_of(out->part[b].mix, m.mean[b]);
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        const double *days = c == GX_CHANNEL_CIRCLE ? gx_blend_window_days : gx_blend_days;
        out->sharpness[c] = m.shape[c] % GX_BLEND_POWERS + 1.0;
        out->days[c] = c == GX_CHANNEL_INTEREST ? 0 : days[m.shape[c] / GX_BLEND_POWERS];
    }
    tell_members(susceptibility, taken, likes, users, &m, out->prior);
    GX_TRY(fit_personal(out, &m, err));
done:
    gx_job_free(l->job, m.chance);
    gx_job_free(l->job, m.r);
    gx_job_free(l->job, m.bucket);
    return status;
}
