#include "engine/influence/cover.h"

#include "engine/kernel/rank.h"

#include <math.h>

static bool is_covered(const uint64_t *bits, uint32_t set) {
    return bits[set / 64] >> set % 64 & 1;
}

gx_status gx__cover_make(gx__cover *out, const gx__sets *sets, size_t count, const gx__aim *aim,
                         gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx__cover){.sets = sets, .count = count, .aim = aim};
    GX_TRY(gx_job_alloc(job, &out->covered, count, sizeof(uint64_t *), err));
    for (size_t k = 0; k < count; k++) {
        out->total += sets[k].count;
        GX_TRY(gx_job_alloc(job, &out->covered[k], (size_t)sets[k].count / 64 + 1, sizeof(uint64_t),
                            err));
    }
    if (aim->fairness > 0) {
        const size_t circles = (size_t)aim->circles + 1;
        GX_TRY(gx_job_alloc(job, &out->in, circles, sizeof *out->in, err));
        GX_TRY(gx_job_alloc(job, &out->hit, circles, sizeof *out->hit, err));
        GX_TRY(gx_job_alloc(job, &out->more, circles, sizeof *out->more, err));
        GX_TRY(gx_job_alloc(job, &out->touched, circles, sizeof *out->touched, err));
        for (size_t k = 0; k < count; k++) {
            for (uint32_t s = 0; s < sets[k].count; s++) {
                const uint32_t c = aim->circle[sets[k].root[s]];
                out->in[c == GX_NONE ? aim->circles : c]++;
            }
        }
    }
done:
    if (status != GX_OK) {
        gx__cover_finish(out, job);
    }
    return status;
}

void gx__cover_finish(gx__cover *cover, gx_job *job) {
    for (size_t k = 0; cover->covered && k < cover->count; k++) {
        gx_job_free(job, cover->covered[k]);
    }
    gx_job_free(job, cover->covered);
    gx_job_free(job, cover->in);
    gx_job_free(job, cover->hit);
    gx_job_free(job, cover->more);
    gx_job_free(job, cover->touched);
    *cover = (gx__cover){0};
}

/* ---- what a member would add ----------------------------------------------------------------- */

static uint64_t list_length(const gx__cover *c, uint32_t v) {
    uint64_t sum = 0;
    for (size_t k = 0; k < c->count; k++) {
        sum += c->sets[k].ptr[v + 1] - c->sets[k].ptr[v];
    }
    return sum;
}

/* Sets not covered yet. */
static uint64_t sets_added(const gx__cover *c, uint32_t v) {
    uint64_t sum = 0;
    for (size_t k = 0; k < c->count; k++) {
        const gx__sets *sets = &c->sets[k];
        const uint64_t *covered = c->covered[k];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            sum += !is_covered(covered, sets->set[i]);
        }
    }
    return sum;
}

/* Of a circle of which `hit` of `in` sets are covered; one set counts for half where none is, so
 * that the logarithm has a beginning. */
static double welfare(const gx__cover *c, uint64_t in, double hit) {
    const double share = (hit + 0.5) / ((double)in + 0.5), power = 1 - c->aim->fairness;
    return (double)in * (power > 0 ? pow(share, power) / power : log(share));
}

static double fair_added(gx__cover *c, uint32_t v) {
    const gx__aim *aim = c->aim;
    uint32_t touched = 0;
    double sum = 0;
    for (size_t k = 0; k < c->count; k++) {
        const gx__sets *sets = &c->sets[k];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            if (!is_covered(c->covered[k], sets->set[i])) {
                uint32_t circle = aim->circle[sets->root[sets->set[i]]];
                circle = circle == GX_NONE ? aim->circles : circle;
                if (c->more[circle]++ == 0) {
                    c->touched[touched++] = circle;
                }
            }
        }
    }
    for (uint32_t t = 0; t < touched; t++) {
        const uint32_t circle = c->touched[t];
        sum += welfare(c, c->in[circle], (double)(c->hit[circle] + c->more[circle])) -
               welfare(c, c->in[circle], (double)c->hit[circle]);
        c->more[circle] = 0;
    }
    return sum;
}

static void added_by(void *of, double *worth, const uint32_t *member, uint32_t count, bool none) {
    gx__cover *c = of;
    for (uint32_t i = 0; i < count; i++) {
        worth[i] = c->aim->fairness > 0 ? fair_added(c, member[i])
                   : none               ? (double)list_length(c, member[i])
                                        : (double)sets_added(c, member[i]);
    }
}

/* ---- choosing -------------------------------------------------------------------------------- */

uint64_t gx__cover_take(gx__cover *c, uint32_t v) {
    uint64_t added = 0;
    for (size_t k = 0; k < c->count; k++) {
        const gx__sets *sets = &c->sets[k];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            const uint32_t set = sets->set[i];
            if (!is_covered(c->covered[k], set)) {
                c->covered[k][set / 64] |= UINT64_C(1) << set % 64;
                added++;
                if (c->hit) {
                    const uint32_t circle = c->aim->circle[sets->root[set]];
                    c->hit[circle == GX_NONE ? c->aim->circles : circle]++;
                }
            }
        }
    }
    c->covered_count += added;
    return added;
}

/* ---- the bound ------------------------------------------------------------------------------- */

/* The most that members with these additions, in the order of `added` per cost, come to. */
static double best_of(const double *added, const uint32_t *order, const gx_seed_limits *limits,
                      uint32_t room, double budget) {
    double sum = 0;
    for (uint32_t i = 0; i < limits->n; i++) {
        const uint32_t v = order[i];
        if (!limits->cost) {
            if (i >= room) {
                break;
            }
            sum += added[v];
        } else if (limits->cost[v] <= budget) {
            sum += added[v];
            budget -= limits->cost[v];
        } else {
            sum += added[v] * budget / limits->cost[v]; /* a part of it: never less than the best */
            break;
        }
    }
    return sum;
}

/* Lowers cover->most to what the bound is now. */
static gx_status look_at_bound(void *of, const gx__chosen_so_far *chosen, gx_job *job,
                               gx_error *err) {
    gx__cover *cover = of;
    const gx_seed_limits *l = chosen->limits;
    const uint32_t n = l->n;
    double *added = NULL, *by = NULL;
    uint32_t *order = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &added, n, sizeof *added, err));
    GX_TRY(gx_job_alloc(job, &by, n, sizeof *by, err));
    GX_TRY(gx_job_alloc(job, &order, n, sizeof *order, err));
#pragma omp parallel for schedule(dynamic, 256) num_threads(job->threads)
    for (uint32_t v = 0; v < n; v++) {
        if (!chosen->taken[v] && !(l->barred && l->barred[v])) {
            added[v] = (double)sets_added(cover, v);
            by[v] = l->cost ? added[v] / (l->cost[v] + 1e-300) : added[v];
            by[v] = by[v] < 1e300 ? by[v] : 1e300;
        }
    }
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx__rank_falling(order, by, n, job, err));
    cover->most =
        fmin(cover->most, (double)cover->covered_count +
                              best_of(added, order, l, l->count - l->given_count, l->budget));
done:
    gx_job_free(job, added);
    gx_job_free(job, by);
    gx_job_free(job, order);
    return status;
}

static double take_and_tell(void *of, uint32_t v) {
    return (double)gx__cover_take(of, v);
}

gx_status gx__cover_choose(double *out_most, gx__chosen_so_far *chosen, double *gain,
                           gx__cover *cover, gx_job *job, gx_error *err) {
    const gx__added added = {
        .of = cover, .worth = added_by, .at_once = 1, .take = take_and_tell, .look = look_at_bound};
    cover->most = (double)cover->total;
    const gx_status status = gx__greedy(chosen, gain, &added, job, err);
    *out_most = cover->most;
    return status;
}
