/* What a circle took around a take.
 *
 *   x(j) = max(0, k(j) − K · p(j)),   P(i | circle) = x(i)^γ / Σ_j x(j)^γ
 *
 * k(j): others of the circle who took j within the window; K: what they took there of j's category;
 * p(j): j's share of all takes in its category, everybody's. A circle of tea drinkers takes much
 * tea, and of teas the popular ones: that is their interest. What they take beyond is the circle's.
 */
#include "api/build/blend_crowd.h"

#include "models/parallel.h"

#include <math.h>
#include <stdlib.h>

static const double DAY_MS = 86400000.0;

typedef struct looking {
    const gx_crowd *crowd;
    size_t *first; /* of each circle's takes; one more */
    uint32_t circles, categories;
    uint32_t *of_item, *of_category; /* takes of everybody */
    gx_job *job;
} looking;

/* What one thread counts with: all 0 between takes. */
typedef struct tally {
    uint32_t *item, *category, *seen; /* seen: the items counted */
    uint32_t count;
} tally;

static uint32_t category_of(const gx_crowd *crowd, uint32_t item) {
    bool has = crowd->category && item < crowd->category->n;
    uint32_t label = has ? crowd->category->label[item] : GX_NONE;
    return label == GX_NONE ? 0 : label + 1;
}

/* By circle, then by time; those of no circle last. */
static int by_circle(const void *a, const void *b) {
    const gx_crowd_take *x = a, *y = b;
    if (x->circle != y->circle) {
        return x->circle < y->circle ? -1 : 1;
    }
    if (x->ts_ms != y->ts_ms) {
        return x->ts_ms < y->ts_ms ? -1 : 1;
    }
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static gx_status looking_make(looking *l, gx_crowd *crowd, gx_error *err) {
    gx_status status;
    l->crowd = crowd;
    l->categories = (crowd->category ? crowd->category->count : 0) + 1;
    GX_TRY(gx_job_alloc(l->job, &l->of_item, crowd->items, sizeof *l->of_item, err));
    GX_TRY(gx_job_alloc(l->job, &l->of_category, l->categories, sizeof *l->of_category, err));
    for (size_t k = 0; k < crowd->count; k++) {
        gx_crowd_take *t = &crowd->take[k];
        t->circle = crowd->circle && t->user < crowd->users ? crowd->circle[t->user] : GX_NONE;
        l->circles = t->circle != GX_NONE && t->circle >= l->circles ? t->circle + 1 : l->circles;
        if (t->item < crowd->items) {
            l->of_item[t->item]++;
            l->of_category[category_of(crowd, t->item)]++;
        }
    }
    if (crowd->count) {
        qsort(crowd->take, crowd->count, sizeof *crowd->take, by_circle);
    }
    GX_TRY(gx_job_alloc(l->job, &l->first, l->circles + 1ULL, sizeof *l->first, err));
    for (size_t k = 0, c = 0; c <= l->circles; c++) {
        while (k < crowd->count && crowd->take[k].circle < c) {
            k++;
        }
        l->first[c] = k;
    }
done:
    return status;
}

/* Every take of the run [from, to) that is not the member's own. */
static void count_takes(tally *t, const gx_crowd *crowd, size_t from, size_t to, uint32_t user) {
    for (size_t k = from; k < to; k++) {
        const gx_crowd_take *other = &crowd->take[k];
        if (other->user != user && other->item < crowd->items) {
            if (t->item[other->item]++ == 0) {
                t->seen[t->count++] = other->item;
            }
            t->category[category_of(crowd, other->item)]++;
        }
    }
}

static double beyond(const looking *l, const tally *t, uint32_t item) {
    uint32_t category = category_of(l->crowd, item);
    double expected = (double)t->category[category] * (double)l->of_item[item] /
                      fmax((double)l->of_category[category], 1);
    return fmax((double)t->item[item] - expected, 0);
}

static void tell(double *chance, const looking *l, const tally *t, uint32_t item) {
    double mass[GX_BLEND_POWERS] = {0};
    for (uint32_t k = 0; k < t->count; k++) {
        double x = beyond(l, t, t->seen[k]), power = 1;
        for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
            power *= x;
            mass[p] += power;
        }
    }
    double x = item < l->crowd->items ? beyond(l, t, item) : 0, power = 1;
    for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
        power *= x;
        chance[p] = mass[p] > 0 ? power / mass[p] : 0;
    }
}

static void forget(tally *t, const gx_crowd *crowd) {
    for (uint32_t k = 0; k < t->count; k++) {
        t->item[t->seen[k]] = 0;
        t->category[category_of(crowd, t->seen[k])] = 0;
    }
    t->count = 0;
}

/* The first of a circle's takes at or after a time. */
static size_t at_time(const looking *l, uint32_t circle, double ts_ms) {
    size_t low = l->first[circle], high = l->first[circle + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((double)l->crowd->take[middle].ts_ms < ts_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The windows lie within each other: each adds to the counts of the one before. */
static void look(gx_blend_take *take, const looking *l, tally *t) {
    const gx_crowd *crowd = l->crowd;
    uint32_t circle =
        crowd->circle && take->user < crowd->users ? crowd->circle[take->user] : GX_NONE;
    if (circle == GX_NONE || circle >= l->circles) {
        return;
    }
    size_t from = at_time(l, circle, (double)take->ts_ms), to = from;
    for (uint32_t r = 0; r < GX_BLEND_REACHES; r++) {
        double reach = gx_blend_window_days[r] * DAY_MS;
        size_t low = at_time(l, circle, (double)take->ts_ms - reach);
        size_t high = at_time(l, circle, (double)take->ts_ms + reach);
        count_takes(t, crowd, low, from, take->user);
        count_takes(t, crowd, to, high, take->user);
        from = low;
        to = high;
        tell(take->chance[GX_CHANNEL_CIRCLE] + (size_t)r * GX_BLEND_POWERS, l, t, take->item);
    }
    forget(t, crowd);
}

static gx_status tallies_make(tally *tallies, const looking *l, gx_error *err) {
    gx_status status = GX_OK;
    for (int k = 0; k < l->job->threads; k++) {
        tally *t = &tallies[k];
        GX_TRY(gx_job_alloc(l->job, &t->item, l->crowd->items, sizeof *t->item, err));
        GX_TRY(gx_job_alloc(l->job, &t->seen, l->crowd->items, sizeof *t->seen, err));
        GX_TRY(gx_job_alloc(l->job, &t->category, l->categories, sizeof *t->category, err));
    }
done:
    return status;
}

gx_status gx_crowd_look(gx_blend_take *takes, uint32_t count, gx_crowd *crowd, gx_job *job,
                        gx_error *err) {
    looking l = {.job = job};
    tally *tallies = NULL;
    gx_status status;
    GX_TRY(looking_make(&l, crowd, err));
    GX_TRY(gx_job_alloc(job, &tallies, (size_t)job->threads, sizeof *tallies, err));
    GX_TRY(tallies_make(tallies, &l, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 16)
    for (uint32_t k = 0; k < count; k++) {
        if (!gx_job_should_stop(job)) {
            look(&takes[k], &l, &tallies[gx__worker()]);
        }
    }
    status = gx_job_check(job, err);
done:
    for (int k = 0; tallies && k < job->threads; k++) {
        gx_job_free(job, tallies[k].item);
        gx_job_free(job, tallies[k].seen);
        gx_job_free(job, tallies[k].category);
    }
    gx_job_free(job, tallies);
    gx_job_free(job, l.first);
    gx_job_free(job, l.of_item);
    gx_job_free(job, l.of_category);
    return status;
}
