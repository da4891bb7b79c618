/* The judge of leader scores: rank correlations and NDCG with what came later, and how sure one is
 * that one score tells it better than another (paired bootstrap over members, percentile
 * intervals: Efron and Tibshirani 1993, chapter 13).
 *
 * A resample is drawn from a stream of its own number, so that threads do not matter, and is of as
 * many members as there are: NDCG of the first k depends on how many are ranked, so of fewer it
 * would be another figure. Scores are ranked once. O(n + m log m) for each score and resample, m
 * members after whom somebody came; memory 36 bytes a member and thread, 12 a member and score, 12
 * a member. */
#include "engine/leaders/judge.h"

#include "engine/kernel/parallel.h"
#include "engine/kernel/rank.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdlib.h>

const char *const gx_tellings[GX_TELLING_COUNT] = {
#define X(name, text, help) text,
    GX_TELLING_MAP(X)
#undef X
};

typedef struct trial {
    size_t scores;
    uint32_t n;
    const gx_judge_options *options;
    uint64_t seed;
    gx__rank_pair *pair; /* scores: each with what came */
    uint32_t *best;      /* members by falling `came` */
    double *gain;        /* n: of each member at the first place */
    double *discount;    /* k + 1: of the first places together */
    double *gap;         /* resamples × scores × tellings */
} trial;

/* What one thread works on. */
typedef struct desk {
    gx__rank_room room;
    uint32_t *times; /* n: how often each member was drawn */
} desk;

/* The gain of the first k in an order by classes; equal scores share theirs. */
static double gain(const trial *t, const uint32_t *order, const uint32_t *class_of,
                   const uint32_t *times) {
    const uint64_t k = t->options->k;
    double sum = 0;
    uint64_t place = 0;
    for (uint32_t i = 0, end; i < t->n && place < k; i = end) {
        double all = 0;
        uint64_t here = 0;
        for (end = i; end < t->n && class_of[order[end]] == class_of[order[i]]; end++) {
            all += times[order[end]] * t->gain[order[end]];
            here += times[order[end]];
        }
        const uint64_t next = place + here < k ? place + here : k;
        sum += here > 0 ? all / (double)here * (t->discount[next] - t->discount[place]) : 0;
        place = next;
    }
    return sum;
}

static void measure(double value[GX_TELLING_COUNT], const trial *t, size_t s, desk *d) {
    const gx__rank_pair *pair = &t->pair[s];
    const double best = gain(t, t->best, pair->b_of, d->times);
    value[GX_TELLING_KENDALL] = gx__rank_pair_kendall(pair, d->times, &d->room);
    value[GX_TELLING_SPEARMAN] = gx__rank_pair_spearman(pair, d->times, &d->room);
    value[GX_TELLING_NDCG] = best > 0 ? gain(t, pair->order, pair->a_of, d->times) / best : 0;
}

/* ---- once ------------------------------------------------------------------------------------ */

static void desk_finish(desk *d, gx_job *job) {
    gx__rank_room_finish(&d->room, job);
    gx_job_free(job, d->times);
}

static gx_status desk_init(desk *d, uint32_t n, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx__rank_room_make(&d->room, n, job, err));
    GX_TRY(gx_job_alloc(job, &d->times, n, sizeof *d->times, err));
    for (uint32_t v = 0; v < n; v++) {
        d->times[v] = 1;
    }
done:
    return status;
}

static void trial_finish(trial *t, gx_job *job) {
    for (size_t s = 0; t->pair && s < t->scores; s++) {
        gx__rank_pair_finish(&t->pair[s], job);
    }
    gx_job_free(job, t->pair);
    gx_job_free(job, t->best);
    gx_job_free(job, t->gain);
    gx_job_free(job, t->discount);
    gx_job_free(job, t->gap);
}

static gx_status trial_init(trial *t, const double *const *score, const double *came, gx_job *job,
                            gx_error *err) {
    const uint32_t n = t->n, k = t->options->k;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &t->pair, t->scores, sizeof *t->pair, err));
    for (size_t s = 0; s < t->scores; s++) {
        GX_TRY(gx__rank_pair_make(&t->pair[s], score[s], came, n, job, err));
    }
    GX_TRY(gx_job_alloc(job, &t->best, n, sizeof *t->best, err));
    GX_TRY(gx__rank_falling(t->best, came, n, job, err));
    GX_TRY(gx_job_alloc(job, &t->gain, n, sizeof *t->gain, err));
    for (uint32_t v = 0; v < n; v++) {
        t->gain[v] = log2(1 + came[v]);
    }
    GX_TRY(gx_job_alloc(job, &t->discount, (size_t)k + 1, sizeof *t->discount, err));
    for (uint32_t i = 0; i < k; i++) {
        t->discount[i + 1] = t->discount[i] + 1 / log2((double)i + 2);
    }
    GX_TRY(gx_job_alloc(job, &t->gap, (size_t)t->options->resamples * t->scores,
                        GX_TELLING_COUNT * sizeof *t->gap, err));
done:
    return status;
}

/* ---- resamples ------------------------------------------------------------------------------- */

static void resample(const trial *t, desk *d, uint32_t r) {
    gx_rng rng = gx_rng_at(t->seed, r);
    double first[GX_TELLING_COUNT], value[GX_TELLING_COUNT];
    memset(d->times, 0, t->n * sizeof *d->times);
    for (uint32_t i = 0; i < t->n; i++) {
        d->times[gx_rng_below(&rng, t->n)]++;
    }
    for (size_t s = 0; s < t->scores; s++) {
        measure(s == 0 ? first : value, t, s, d);
        double *gap = t->gap + ((size_t)r * t->scores + s) * GX_TELLING_COUNT;
        for (int m = 0; s > 0 && m < GX_TELLING_COUNT; m++) {
            gap[m] = first[m] - value[m];
        }
    }
}

/* The percentiles of each difference, of the resamples in which it is defined. */
static void read_intervals(gx_judged *out, const trial *t, double *sorted) {
    const uint32_t resamples = t->options->resamples;
    const double tail = (1 - t->options->level) / 2;
    for (size_t s = 1; s < t->scores; s++) {
        for (int m = 0; m < GX_TELLING_COUNT; m++) {
            uint32_t count = 0;
            for (uint32_t r = 0; r < resamples; r++) {
                const double gap =
                    t->gap[((size_t)r * t->scores + s) * GX_TELLING_COUNT + (size_t)m];
                if (!isnan(gap)) {
                    sorted[count++] = gap;
                }
            }
            out[s].low[m] = out[s].high[m] = NAN;
            if (count > 0) {
                qsort(sorted, count, sizeof *sorted, gx_by_f64);
                out[s].low[m] = sorted[(uint32_t)(tail * (count - 1))];
                out[s].high[m] = sorted[(uint32_t)ceil((1 - tail) * (count - 1))];
            }
        }
    }
}

gx_status gx_leaders_judge(gx_judged *out, const double *const *score, size_t scores,
                           const double *came, uint32_t n, const gx_judge_options *options,
                           gx_job *job, gx_error *err) {
    trial t = {.scores = scores, .n = n, .options = options, .seed = job->seed};
    desk *desks = NULL;
    double *sorted = NULL;
    const int threads = job->threads;
    gx_status status;
    gx_job_stage(job, "judging", options->resamples);
    GX_TRY(trial_init(&t, score, came, job, err));
    GX_TRY(gx_job_alloc(job, &desks, (size_t)threads, sizeof *desks, err));
    for (int i = 0; i < threads; i++) {
        GX_TRY(desk_init(&desks[i], n, job, err));
    }
    GX_TRY(gx_job_alloc(job, &sorted, options->resamples, sizeof *sorted, err));
    for (size_t s = 0; s < scores; s++) {
        out[s] = (gx_judged){.value = {0}};
        measure(out[s].value, &t, s, &desks[0]);
        for (int m = 0; m < GX_TELLING_COUNT; m++) {
            out[s].gap[m] = out[0].value[m] - out[s].value[m];
        }
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (uint32_t r = 0; r < options->resamples; r++) {
        if (!gx_job_should_stop(job)) {
            resample(&t, &desks[gx_thread()], r);
        }
    }
    GX_TRY(gx_job_check(job, err));
    if (options->resamples > 0) {
        read_intervals(out, &t, sorted);
    }
done:
    gx_job_free(job, sorted);
    for (int i = 0; desks && i < threads; i++) {
        desk_finish(&desks[i], job);
    }
    gx_job_free(job, desks);
    trial_finish(&t, job);
    return status;
}
