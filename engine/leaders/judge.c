/* The judge of leader scores: rank correlations and NDCG with what came later, and how sure one is
 * that one score tells it better than another (paired bootstrap over members, percentile
 * intervals: Efron and Tibshirani 1993, chapter 13).
 *
 * Kendall's tau-b by merge sort in O(n log n) (Knight, JASA 61, 1966); a resample is drawn from a
 * stream of its own number, so that threads do not matter. Memory: 64 bytes a member and thread. */
#include "engine/leaders/judge.h"

#include "engine/kernel/parallel.h"

#include <math.h>
#include <stdlib.h>

const char *const gx_tellings[GX_TELLING_COUNT] = {
#define X(name, text, help) text,
    GX_TELLING_MAP(X)
#undef X
};

typedef struct point {
    double score, came;
} point;

/* What one thread works on. */
typedef struct desk {
    point *point, *spare;
    double *rank;   /* by score, of the points in that order */
    double *came;   /* sorted */
    uint32_t *draw; /* members of the resample */
} desk;

static int by_score(const void *a, const void *b) {
    const point *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score ? -1 : 1)
                                : (x->came > y->came) - (x->came < y->came);
}

static int by_number(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Pairs out of order by what came; sorts by it. */
static double inversions(point *p, point *spare, uint32_t n) {
    if (n < 2) {
        return 0;
    }
    const uint32_t half = n / 2;
    double count = inversions(p, spare, half) + inversions(p + half, spare, n - half);
    uint32_t a = 0, b = half, to = 0;
    while (a < half && b < n) {
        if (p[b].came < p[a].came) {
            count += half - a;
            spare[to++] = p[b++];
        } else {
            spare[to++] = p[a++];
        }
    }
    memcpy(spare + to, p + a, (half - a) * sizeof *p);
    memcpy(p, spare, (to + half - a) * sizeof *p);
    return count;
}

static double pairs(double n) {
    return n * (n - 1) / 2;
}

/* Mean rank, from 1, of a value among n sorted ones. */
static double rank_of(const double *sorted, uint32_t n, double value) {
    uint32_t low = 0, high = n, below;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    below = low;
    high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle] <= value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return ((double)below + (double)low + 1) / 2;
}

static double correlation(const double *a, const point *p, const double *came, uint32_t n) {
    const double middle = ((double)n + 1) / 2;
    double ab = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double x = a[i] - middle, y = rank_of(came, n, p[i].came) - middle;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* Points sorted by score: the gain of the first k from the best; equal scores share theirs. */
static double gain(const point *p, uint32_t n, uint32_t k) {
    double sum = 0;
    for (uint32_t end = n, place = 0; end > 0 && place < k;) {
        uint32_t from = end;
        double all = 0, places = 0;
        while (from > 0 && p[from - 1].score == p[end - 1].score) {
            all += log2(1 + p[--from].came);
        }
        for (uint32_t i = 0; i < end - from && place + i < k; i++) {
            places += 1 / log2((double)(place + i) + 2);
        }
        sum += all / (end - from) * places;
        place += end - from;
        end = from;
    }
    return sum;
}

/* The points of the desk, in any order; afterwards they are sorted by what came. */
static void measure(double value[GX_TELLING_COUNT], desk *d, uint32_t n, uint32_t k) {
    double tied_score = 0, tied_came = 0, tied_both = 0, best = 0;
    qsort(d->point, n, sizeof *d->point, by_score);
    for (uint32_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && d->point[to].score == d->point[from].score;) {
            to++;
        }
        tied_score += pairs(to - from);
        for (uint32_t i = from, j; i < to; i = j) {
            for (j = i + 1; j < to && d->point[j].came == d->point[i].came;) {
                j++;
            }
            tied_both += pairs(j - i);
        }
        for (uint32_t i = from; i < to; i++) {
            d->rank[i] = ((double)from + (double)to + 1) / 2;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        d->came[i] = d->point[i].came;
    }
    qsort(d->came, n, sizeof *d->came, by_number);
    for (uint32_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && d->came[to] == d->came[from];) {
            to++;
        }
        tied_came += pairs(to - from);
    }
    for (uint32_t i = 0; i < k && i < n; i++) {
        best += log2(1 + d->came[n - 1 - i]) / log2((double)i + 2);
    }
    value[GX_TELLING_NDCG] = best > 0 ? gain(d->point, n, k) / best : 0;
    value[GX_TELLING_SPEARMAN] = correlation(d->rank, d->point, d->came, n);
    const double all = pairs(n), apart = (all - tied_score) * (all - tied_came);
    const double against = inversions(d->point, d->spare, n);
    value[GX_TELLING_KENDALL] =
        apart > 0 ? (all - tied_score - tied_came + tied_both - 2 * against) / sqrt(apart) : 0;
}

static void desk_finish(desk *d, gx_job *job) {
    gx_job_free(job, d->point);
    gx_job_free(job, d->spare);
    gx_job_free(job, d->rank);
    gx_job_free(job, d->came);
    gx_job_free(job, d->draw);
}

static gx_status desk_init(desk *d, uint32_t n, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &d->point, n, sizeof *d->point, err));
    GX_TRY(gx_job_alloc(job, &d->spare, n, sizeof *d->spare, err));
    GX_TRY(gx_job_alloc(job, &d->rank, n, sizeof *d->rank, err));
    GX_TRY(gx_job_alloc(job, &d->came, n, sizeof *d->came, err));
    GX_TRY(gx_job_alloc(job, &d->draw, n, sizeof *d->draw, err));
done:
    return status;
}

/* ---- resamples ------------------------------------------------------------------------------- */

typedef struct trial {
    const double *const *score;
    const double *came;
    size_t scores;
    uint32_t n, stride, drawn; /* every stride-th of n members: `drawn` of them */
    const gx_judge_options *options;
    uint64_t seed;
    double *gap; /* resamples × scores × tellings */
} trial;

static void resample(const trial *t, desk *d, uint32_t r) {
    gx_rng rng = gx_rng_at(t->seed, r);
    double first[GX_TELLING_COUNT], value[GX_TELLING_COUNT];
    for (uint32_t i = 0; i < t->drawn; i++) {
        d->draw[i] = (uint32_t)gx_rng_below(&rng, t->drawn) * t->stride;
    }
    for (size_t s = 0; s < t->scores; s++) {
        for (uint32_t i = 0; i < t->drawn; i++) {
            d->point[i] = (point){t->score[s][d->draw[i]], t->came[d->draw[i]]};
        }
        measure(s == 0 ? first : value, d, t->drawn, t->options->k);
        double *gap = t->gap + ((size_t)r * t->scores + s) * GX_TELLING_COUNT;
        for (int m = 0; s > 0 && m < GX_TELLING_COUNT; m++) {
            gap[m] = first[m] - value[m];
        }
    }
}

/* The percentiles of each difference. */
static void read_intervals(gx_judged *out, const trial *t, double *sorted) {
    const uint32_t resamples = t->options->resamples;
    const double tail = (1 - t->options->level) / 2;
    for (size_t s = 1; s < t->scores; s++) {
        for (int m = 0; m < GX_TELLING_COUNT; m++) {
            for (uint32_t r = 0; r < resamples; r++) {
                sorted[r] = t->gap[((size_t)r * t->scores + s) * GX_TELLING_COUNT + (size_t)m];
            }
            qsort(sorted, resamples, sizeof *sorted, by_number);
            out[s].low[m] = sorted[(uint32_t)(tail * (resamples - 1))];
            out[s].high[m] = sorted[(uint32_t)ceil((1 - tail) * (resamples - 1))];
        }
    }
}

gx_status gx_leaders_judge(gx_judged *out, const double *const *score, size_t scores,
                           const double *came, uint32_t n, const gx_judge_options *options,
                           gx_job *job, gx_error *err) {
    trial t = {score, came, scores, n, n / options->most + 1, 0, options, job->seed, NULL};
    desk *desks = NULL;
    double *sorted = NULL;
    const int threads = job->threads;
    gx_status status;
    t.drawn = n / t.stride + (n % t.stride > 0);
    gx_job_stage(job, "judging", options->resamples);
    GX_TRY(gx_job_alloc(job, &desks, (size_t)threads, sizeof *desks, err));
    for (int i = 0; i < threads; i++) {
        GX_TRY(desk_init(&desks[i], n, job, err));
    }
    GX_TRY(gx_job_alloc(job, &t.gap, (size_t)options->resamples * scores,
                        GX_TELLING_COUNT * sizeof *t.gap, err));
    GX_TRY(gx_job_alloc(job, &sorted, options->resamples, sizeof *sorted, err));
    for (size_t s = 0; s < scores; s++) {
        out[s] = (gx_judged){.value = {0}};
        for (uint32_t i = 0; i < n; i++) {
            desks[0].point[i] = (point){score[s][i], came[i]};
        }
        measure(out[s].value, &desks[0], n, options->k);
        for (int m = 0; m < GX_TELLING_COUNT; m++) {
            out[s].gap[m] = out[0].value[m] - out[s].value[m];
        }
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (uint32_t r = 0; r < options->resamples; r++) {
        if (!gx_job_should_stop(job) && t.drawn > 0) {
            resample(&t, &desks[gx_thread()], r);
        }
    }
    GX_TRY(gx_job_check(job, err));
    if (options->resamples > 0) {
        read_intervals(out, &t, sorted);
    }
done:
    gx_job_free(job, sorted);
    gx_job_free(job, t.gap);
    for (int i = 0; desks && i < threads; i++) {
        desk_finish(&desks[i], job);
    }
    gx_job_free(job, desks);
    return status;
}
