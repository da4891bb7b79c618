/* Learning the blend (docs/blend.md).
 *
 * Weights. What a blend is worth is the mean over members of their takes' gain 1 / log2(1 + rank),
 * the discount of NDCG, with the interest channel's weight at 1 and the others' found by coordinate
 * ascent over a few levels (Metzler and Croft, Linear feature-based models for information
 * retrieval, 2007): the gain itself is what is climbed, no surrogate. Buckets of history are pulled
 * towards the weights of all by SHRINK members.
 *
 * Leaving ties out. Members are cut into five parts; weights learnt on four are tried on the fifth.
 * A bucket keeps its weights where they beat interest alone there by OWN_MARGIN standard errors,
 * and by MARGIN with its difference pulled to the mean of all buckets by as much as they are alike
 * (DerSimonian and Laird 1986); else it gets interest alone. Members
 * without a history get the configured weights where there are few of them, or where those beat
 * popularity by OWN_MARGIN. */
#include "models/rec/blend_parts.h"

#include <math.h>

const uint32_t gx_blend_least[GX_BLEND_BUCKETS] = {0, 1, 5, 10, 20, 50, 100};
const double gx_blend_days[GX_BLEND_REACHES] = {7, 30, 180};
const double gx_blend_window_days[GX_BLEND_REACHES] = {30, 90, 360};

uint32_t gx_blend_bucket(uint32_t likes) {
    uint32_t b = GX_BLEND_BUCKETS - 1;
    while (likes < gx_blend_least[b]) {
        b--;
    }
    return b;
}

const char *gx_blend_source_name(gx_blend_source source) {
    static const char *const names[GX_BLEND_SOURCE_COUNT] = {
#define X(name, text) text,
        GX_BLEND_SOURCE_MAP(X)
#undef X
    };
    return (unsigned)source < GX_BLEND_SOURCE_COUNT ? names[source] : "unknown";
}

/* ---- the gain ------------------------------------------------------------------------------ */

static float score_of(const gx_blend_cell *cell, const float w[GX_CHANNEL_COUNT]) {
    float score = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        score += w[c] * cell->s[c];
    }
    return score;
}

static double gain_of_rank(double rank) {
    return rank <= GX_BLEND_TOP ? 1 / log2(1 + rank) : 0;
}

/* Of several with one score half are taken to be before it. What scores nothing comes behind all
 * that does: where interest is silent by popularity, else not at all. */
double gx_blend_gain(const gx_blend_list *list, const gx_blend_cell *cells,
                     const float weight[GX_CHANNEL_COUNT]) {
    const gx_blend_cell *of = cells + list->from;
    float own = score_of(&of[0], weight);
    uint32_t above = 0, beside = 0;
    if (!(own > 0) && list->popular_rank == GX_NONE) {
        return 0;
    }
    for (uint32_t k = 1; k < list->count; k++) {
        float score = score_of(&of[k], weight);
        above += score > own ? 1 : 0;
        beside += score == own ? 1 : 0;
    }
    return own > 0 ? gain_of_rank(1 + above + beside / 2.0)
                   : gain_of_rank(above + (double)list->popular_rank);
}

/* Of some takes, in the order of `at`. */
static double worth(const gx__learning *l, const uint32_t *at, uint32_t count,
                    const float w[GX_CHANNEL_COUNT]) {
    double sum = 0, all = 0;
    for (uint32_t k = 0; k < count && !gx_job_should_stop(l->job); k++) {
        sum += l->share[at[k]] * gx_blend_gain(&l->takes[at[k]].some_time, l->cells, w);
        all += l->share[at[k]];
    }
    return all > 0 ? sum / all : 0;
}

/* ---- the climb ----------------------------------------------------------------------------- */

enum { SWEEPS = 4, LEAST_MEMBERS = 50, LEAST_TAKES = 200, SHRINK = 100, FOLDS = 5 };

static const float levels[] = {0,   1.F / 32, 1.F / 16, 1.F / 8, .18F, .25F, .35F, .5F,
                               .7F, 1,        1.4F,     2,       2.8F, 4,    8};
static const float interest_alone[GX_CHANNEL_COUNT] = {[GX_CHANNEL_INTEREST] = 1};

/* What is configured until something was learnt. */
static void set_usual(float w[GX_CHANNEL_COUNT]) {
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        w[c] = (float)gx_channel_weight_default((gx_channel)c);
    }
}

static void normalise(float w[GX_CHANNEL_COUNT]) {
    float sum = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        sum += w[c];
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT && sum > 0; c++) {
        w[c] /= sum;
    }
}

/* The best level of one channel; whether it changed. */
static bool climb_channel(const gx__learning *l, const uint32_t *at, uint32_t count, uint32_t c,
                          float w[GX_CHANNEL_COUNT], double *best) {
    float kept = w[c];
    double gain[GX_COUNT(levels)];
#pragma omp parallel for num_threads(l->job->threads) schedule(dynamic, 1)
    for (size_t k = 0; k < GX_COUNT(levels); k++) {
        float tried[GX_CHANNEL_COUNT];
        memcpy(tried, w, sizeof tried);
        tried[c] = levels[k];
        gain[k] = worth(l, at, count, tried);
    }
    for (size_t k = 0; k < GX_COUNT(levels); k++) {
        if (gain[k] > *best + 1e-9) {
            *best = gain[k];
            kept = levels[k];
        }
    }
    bool changed = kept != w[c];
    w[c] = kept;
    return changed;
}

static double climb(const gx__learning *l, const uint32_t *at, uint32_t count,
                    float w[GX_CHANNEL_COUNT]) {
    double best = worth(l, at, count, w);
    bool changed = true;
    for (int sweep = 0; sweep < SWEEPS && changed; sweep++) {
        changed = false;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT && !gx_job_should_stop(l->job); c++) {
            changed |= c != GX_CHANNEL_INTEREST && climb_channel(l, at, count, c, w, &best);
        }
    }
    return best;
}

/* The better of the climbs from interest alone and from `from`; sum 1. */
static void climb_twice(const gx__learning *l, const uint32_t *at, uint32_t count,
                        const float *from, float out[GX_CHANNEL_COUNT]) {
    float a[GX_CHANNEL_COUNT], b[GX_CHANNEL_COUNT];
    memcpy(a, interest_alone, sizeof a);
    memcpy(b, from, sizeof b);
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT && b[GX_CHANNEL_INTEREST] > 0; c++) {
        b[c] = from[c] / from[GX_CHANNEL_INTEREST];
    }
    double first = climb(l, at, count, a), second = climb(l, at, count, b);
    memcpy(out, first >= second ? a : b, sizeof a);
    normalise(out);
}

/* Of the first bucket, whose rival is popularity: what it teaches says nothing of the others. */
static bool stands_alone(uint32_t bucket) {
    return gx_blend_least[bucket] == 0;
}

typedef float weights[GX_BLEND_BUCKETS][GX_CHANNEL_COUNT];

/* The takes of a bucket (GX_BLEND_BUCKETS: of all with a history) whose members are not in the part
 * left out (−1: none is), into l->at; returns how many. */
static uint32_t choose(gx__learning *l, uint32_t bucket, int left_out, uint32_t *out_members) {
    uint32_t count = 0, members = 0;
    for (uint32_t k = 0; k < l->count; k++) {
        bool in = bucket == GX_BLEND_BUCKETS ? !stands_alone(l->bucket[k]) : l->bucket[k] == bucket;
        if (in && (int)l->fold[k] != left_out) {
            members += count == 0 || l->takes[l->at[count - 1]].user != l->takes[k].user ? 1 : 0;
            l->at[count++] = k;
        }
    }
    *out_members = members;
    return count;
}

static void learn_weights(gx__learning *l, int left_out, weights out) {
    float usual[GX_CHANNEL_COUNT], all[GX_CHANNEL_COUNT];
    uint32_t members;
    set_usual(usual);
    uint32_t count = choose(l, GX_BLEND_BUCKETS, left_out, &members);
    climb_twice(l, l->at, count, usual, all);
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        memcpy(out[b], all, sizeof all);
        count = choose(l, b, left_out, &members);
        if (members >= LEAST_MEMBERS) {
            float own[GX_CHANNEL_COUNT];
            climb_twice(l, l->at, count, all, own);
            for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
                out[b][c] = ((float)members * own[c] + SHRINK * all[c]) / (float)(members + SHRINK);
            }
            normalise(out[b]);
        }
    }
}

/* ---- do ties help? ------------------------------------------------------------------------- */

/* Standard errors: one-sided, .05 over the buckets (Bonferroni), z(1 − .05 / 7). */
static const double MARGIN = 2.45;
/* The same of a bucket's own members alone, .05: where there are enough of them, the other buckets
 * do not carry it. */
static const double OWN_MARGIN = 1.645;

/* A bucket's difference between learnt and interest alone, of members. */
typedef struct difference {
    double mean, variance; /* of the mean */
    uint32_t members;
    bool usual; /* the configured weights beat interest alone by OWN_MARGIN */
} difference;

/* Where a part was left out, its takes' gains: learnt, interest alone, configured. */
static void try_weights(gx__learning *l, weights *parts, double *gain[3]) {
    float usual[GX_CHANNEL_COUNT];
    set_usual(usual);
#pragma omp parallel for num_threads(l->job->threads) schedule(static)
    for (uint32_t k = 0; k < l->count; k++) {
        const gx_blend_list *list = &l->takes[k].some_time;
        gain[0][k] = gx_blend_gain(list, l->cells, parts[l->fold[k]][l->bucket[k]]);
        gain[1][k] = gx_blend_gain(list, l->cells, interest_alone);
        gain[2][k] = gx_blend_gain(list, l->cells, usual);
    }
}

/* The mean over members of what a run of their takes in one bucket gained, and their difference. */
static void measure(const gx__learning *l, uint32_t b, double *const gain[3], gx_blend_part *part,
                    difference *out) {
    double sum[3] = {0}, square = 0, usual = 0, usual2 = 0;
    *out = (difference){0};
    part->takes = 0;
    for (uint32_t k = 0; k < l->count;) {
        uint32_t user = l->takes[k].user, takes = 0;
        double own[3] = {0};
        for (; k < l->count && l->takes[k].user == user; k++) {
            if (l->bucket[k] == b) {
                takes++;
                for (int g = 0; g < 3; g++) {
                    own[g] += gain[g][k];
                }
            }
        }
        if (takes > 0) {
            double d = (own[0] - own[1]) / takes;
            part->takes += takes;
            out->members++;
            out->mean += d;
            square += d * d;
            d = (own[2] - own[1]) / takes;
            usual += d;
            usual2 += d * d;
            for (int g = 0; g < 3; g++) {
                sum[g] += own[g] / takes;
            }
        }
    }
    double n = out->members;
    part->members = out->members;
    out->mean = n > 0 ? out->mean / n : 0;
    out->variance = n > 1 ? fmax(square / n - out->mean * out->mean, 0) / (n - 1) : INFINITY;
    out->variance = out->variance > 0 ? out->variance : 1e-12;
    usual = n > 0 ? usual / n : 0;
    out->usual = n > 1 && usual > OWN_MARGIN * sqrt(fmax(usual2 / n - usual * usual, 0) / (n - 1));
    part->learnt = n > 0 ? sum[0] / n : NAN;
    part->interest = n > 0 ? sum[1] / n : NAN;
    part->configured = n > 0 ? sum[2] / n : NAN;
}

/* Where ties did not prove worth it. Without a history the list is of ties or of popularity: few
 * members say nothing against the ladder, and more of them have to speak for it. */
static gx_blend_source otherwise(uint32_t bucket, const difference *d) {
    bool ladder = stands_alone(bucket) && (d->members < LEAST_MEMBERS || d->usual);
    return ladder ? GX_BLEND_SOURCE_CONFIGURED : GX_BLEND_SOURCE_INTEREST;
}

/* Weights: 1 / variance. Between buckets: DerSimonian and Laird, eq. 8. */
static void decide(gx_blend_part part[GX_BLEND_BUCKETS], const difference d[GX_BLEND_BUCKETS]) {
    double w = 0, w2 = 0, mean = 0, q = 0, between = 0;
    int counted = 0;
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        if (d[b].members > 1 && !stands_alone(b)) {
            w += 1 / d[b].variance;
            w2 += 1 / (d[b].variance * d[b].variance);
            mean += d[b].mean / d[b].variance;
            counted++;
        }
    }
    mean = w > 0 ? mean / w : 0;
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        bool pooled = d[b].members > 1 && !stands_alone(b);
        q += pooled ? (d[b].mean - mean) * (d[b].mean - mean) / d[b].variance : 0;
    }
    if (counted > 1 && w - w2 / w > 0) {
        between = fmax((q - (counted - 1)) / (w - w2 / w), 0);
    }
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        double near = d[b].members > 1 ? 1 / d[b].variance : 0;
        double far = stands_alone(b) ? 0 : 1 / (between + 1 / (w > 0 ? w : 1e-12));
        double all = near + far;
        double shrunk = all > 0 ? (near * d[b].mean + far * mean) / all : 0;
        double error = all > 0 ? sqrt(1 / all) : INFINITY;
        bool own = d[b].members < LEAST_MEMBERS || d[b].mean > OWN_MARGIN * sqrt(d[b].variance);
        part[b].source =
            own && shrunk > MARGIN * error ? GX_BLEND_SOURCE_LEARNT : otherwise(b, &d[b]);
    }
}

static gx_status learn(gx__learning *l, gx_blend *out, gx_error *err) {
    weights parts[FOLDS], whole;
    difference d[GX_BLEND_BUCKETS];
    double *gain[3] = {0};
    gx_status status = GX_OK;
    for (int g = 0; g < 3; g++) {
        GX_TRY(gx_job_alloc(l->job, &gain[g], l->count, sizeof(double), err));
    }
    for (int f = 0; f < FOLDS; f++) {
        learn_weights(l, f, parts[f]);
        GX_TRY(gx_job_check(l->job, err));
    }
    learn_weights(l, -1, whole);
    GX_TRY(gx_job_check(l->job, err));
    try_weights(l, parts, gain);
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        measure(l, b, gain, &out->part[b], &d[b]);
    }
    decide(out->part, d);
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        bool learnt = out->part[b].source == GX_BLEND_SOURCE_LEARNT;
        if (out->part[b].source != GX_BLEND_SOURCE_CONFIGURED) {
            memcpy(out->part[b].weight, learnt ? whole[b] : interest_alone, sizeof interest_alone);
        }
    }
done:
    for (int g = 0; g < 3; g++) {
        gx_job_free(l->job, gain[g]);
    }
    return status;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void configure(gx_blend *out) {
    *out = (gx_blend){.prior = 1, .personal = 0};
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        out->sharpness[c] = 1;
    }
    for (uint32_t b = 0; b < GX_BLEND_BUCKETS; b++) {
        gx_blend_part *part = &out->part[b];
        set_usual(part->weight);
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            part->mix[c] = 1.F / GX_CHANNEL_COUNT;
        }
        part->learnt = part->interest = part->configured = NAN;
    }
}

static gx_status prepare(gx__learning *l, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(l->job, &l->at, l->count, sizeof *l->at, err));
    GX_TRY(gx_job_alloc(l->job, &l->share, l->count, sizeof *l->share, err));
    GX_TRY(gx_job_alloc(l->job, &l->bucket, l->count, sizeof *l->bucket, err));
    GX_TRY(gx_job_alloc(l->job, &l->fold, l->count, sizeof *l->fold, err));
    for (uint32_t from = 0, to; from < l->count; from = to) {
        uint32_t user = l->takes[from].user;
        gx_rng rng = gx_rng_at(l->job->seed, user);
        uint8_t fold = (uint8_t)gx_rng_below(&rng, FOLDS);
        for (to = from; to < l->count && l->takes[to].user == user; to++) {
            l->bucket[to] = (uint8_t)gx_blend_bucket(l->takes[to].some_time.likes);
            l->fold[to] = fold;
        }
        for (uint32_t k = from; k < to; k++) {
            l->share[k] = 1.0 / (to - from);
        }
        l->members++;
    }
done:
    return status;
}

gx_status gx_blend_learn(gx_blend *out, float *susceptibility, uint32_t *taken,
                         const uint32_t *likes, uint32_t users, uint32_t items,
                         const gx_blend_take *takes, uint32_t count, const gx_blend_cell *cells,
                         gx_job *job, gx_error *err) {
    gx__learning l = {.takes = takes, .cells = cells, .count = count, .items = items, .job = job};
    gx_status status = GX_OK;
    configure(out);
    GX_TRY(prepare(&l, err));
    if (l.members >= LEAST_MEMBERS && count >= LEAST_TAKES) {
        GX_TRY(learn(&l, out, err));
        GX_TRY(gx__blend_mix(out, susceptibility, taken, likes, users, &l, err));
    } else {
        for (size_t i = 0; i < (size_t)users * GX_CHANNEL_COUNT; i++) {
            susceptibility[i] = 1.F / GX_CHANNEL_COUNT;
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, l.at);
    gx_job_free(job, l.share);
    gx_job_free(job, l.bucket);
    gx_job_free(job, l.fold);
    return status;
}
