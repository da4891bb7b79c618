#include "engine/influence/cover.h"

#include "engine/kernel/rank.h"
#include "engine/kernel/room.h"
#include "engine/kernel/top.h"

#include <math.h>

enum { LOOK_MORE = 64, LOOK = 1 << 10 }; /* members; between two looks at whether to stop */

/* aim->circles: none. */
static uint32_t circle_of(const gx__aim *aim, uint32_t v) {
    return aim->circle[v] == GX_NONE ? aim->circles : aim->circle[v];
}

gx_status gx__cover_make(gx__cover *out, const gx__sets *sets, size_t count, const gx__aim *aim,
                         gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx__cover){.sets = sets, .count = count, .aim = aim};
    GX_TRY(gx_job_alloc(job, &out->covered, count, sizeof(uint64_t *), err));
    GX_TRY(
        gx_job_alloc(job, &out->taken, count > 0 ? sets->n / 64 + 1 : 0, sizeof *out->taken, err));
    for (size_t k = 0; k < count; k++) {
        out->total += sets[k].count;
        GX_TRY(gx_job_alloc(job, &out->covered[k], (size_t)sets[k].kept / 64 + 1, sizeof(uint64_t),
                            err));
    }
    if (aim->fairness > 0) {
        const size_t circles = (size_t)aim->circles + 1;
        GX_TRY(gx_job_alloc(job, &out->in, circles, sizeof *out->in, err));
        GX_TRY(gx_job_alloc(job, &out->hit, circles, sizeof *out->hit, err));
        GX_TRY(gx_job_alloc(job, &out->more, circles, sizeof *out->more, err));
        GX_TRY(gx_job_alloc(job, &out->touched, circles, sizeof *out->touched, err));
        for (size_t k = 0; k < count; k++) {
            for (uint32_t s = 0; s < sets[k].kept; s++) {
                out->in[circle_of(aim, sets[k].root[s])]++;
            }
            for (uint32_t v = 0; v < sets[k].n; v++) {
                out->in[circle_of(aim, v)] += sets[k].alone[v];
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
    gx_job_free(job, cover->taken);
    gx_job_free(job, cover->known);
    gx_job_free(job, cover->in);
    gx_job_free(job, cover->hit);
    gx_job_free(job, cover->more);
    gx_job_free(job, cover->touched);
    *cover = (gx__cover){0};
}

/* ---- what a member would add ----------------------------------------------------------------- */

/* Sets of v alone that are not covered. */
static uint64_t alone_added(const gx__cover *c, uint32_t v) {
    uint64_t sum = 0;
    for (size_t k = 0; k < c->count && !gx__bit_is_set(c->taken, v); k++) {
        sum += c->sets[k].alone[v];
    }
    return sum;
}

static uint64_t list_length(const gx__cover *c, uint32_t v) {
    uint64_t sum = 0;
    for (size_t k = 0; k < c->count; k++) {
        sum += c->sets[k].ptr[v + 1] - c->sets[k].ptr[v] + c->sets[k].alone[v];
    }
    return sum;
}

/* Sets not covered yet. */
static uint64_t sets_added(const gx__cover *c, uint32_t v) {
    uint64_t sum = alone_added(c, v);
    for (size_t k = 0; k < c->count; k++) {
        const gx__sets *sets = &c->sets[k];
        const uint64_t *covered = c->covered[k];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            sum += !gx__bit_is_set(covered, sets->set[i]);
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
    const uint64_t alone = alone_added(c, v);
    uint32_t touched = 0;
    double sum = 0;
    if (alone > 0) {
        c->touched[touched++] = circle_of(aim, v);
        c->more[circle_of(aim, v)] = alone;
    }
    for (size_t k = 0; k < c->count; k++) {
        const gx__sets *sets = &c->sets[k];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            if (!gx__bit_is_set(c->covered[k], sets->set[i])) {
                const uint32_t circle = circle_of(aim, sets->root[sets->set[i]]);
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

/* So many sets that begin at v are covered now. */
static void count_begun(gx__cover *c, uint32_t v, uint64_t sets) {
    if (c->hit) {
        c->hit[circle_of(c->aim, v)] += sets;
    }
}

uint64_t gx__cover_take(gx__cover *c, uint32_t v) {
    uint64_t added = alone_added(c, v);
    if (added > 0) {
        gx__bit_set(c->taken, v);
        count_begun(c, v, added);
    }
    for (size_t k = 0; k < c->count; k++) {
        const gx__sets *sets = &c->sets[k];
        for (uint64_t i = sets->ptr[v]; i < sets->ptr[v + 1]; i++) {
            const uint32_t set = sets->set[i];
            if (gx__bit_take(c->covered[k], set)) {
                added++;
                count_begun(c, sets->root[set], 1);
            }
        }
    }
    c->covered_count += added;
    return added;
}

/* ---- the bound ------------------------------------------------------------------------------- */

/* known[v]: what v added when that was looked at last, which only falls; 0 who is out. */
static gx_status know(gx__cover *c, const gx__chosen_so_far *chosen, gx_job *job, gx_error *err) {
    const gx_seed_limits *l = chosen->limits;
    gx_status status = GX_OK;
    if (!c->known) {
        status = gx_job_alloc(job, &c->known, l->n, sizeof *c->known, err);
#pragma omp parallel for schedule(static) num_threads(job->threads)
        for (uint32_t v = 0; v < (status == GX_OK ? l->n : 0); v++) {
            c->known[v] = l->barred && l->barred[v] ? 0 : (double)list_length(c, v);
        }
    }
    for (uint32_t i = 0; status == GX_OK && i < chosen->count; i++) {
        c->known[chosen->order[i]] = 0;
    }
    return status;
}

/* The `capacity` members who add most, by what is known of them. */
static void largest_known(gx__top *top, const gx__cover *c, uint32_t n, uint32_t capacity) {
    top->count = 0;
    top->capacity = capacity;
    for (uint32_t v = 0; v < n; v++) {
        if (top->count < capacity || c->known[v] > top->entry[0].score) {
            gx__top_offer(top, c->known[v], v, 0);
        }
    }
}

/* Looks again at those; afterwards they are `fresh`. */
static void look_at(gx__cover *c, uint64_t *fresh, const gx__top *of, gx_job *job) {
#pragma omp parallel for schedule(dynamic, 16) num_threads(job->threads)
    for (uint32_t i = 0; i < of->count; i++) {
        const uint32_t v = of->entry[i].id;
        c->known[v] = c->known[v] > 0 ? (double)sets_added(c, v) : 0;
    }
    for (uint32_t i = 0; i < of->count; i++) {
        gx__bit_set(fresh, of->entry[i].id);
    }
}

/* … and at whoever else may add more than `least`. */
static void look_at_others(gx__cover *c, const uint64_t *fresh, uint32_t n, double least,
                           gx_job *job) {
#pragma omp parallel for schedule(dynamic, 256) num_threads(job->threads)
    for (uint32_t v = 0; v < n; v++) {
        if (v % LOOK == 0 && gx_job_should_stop(job)) {
            continue;
        }
        if (c->known[v] > least && !gx__bit_is_set(fresh, v)) {
            c->known[v] = (double)sets_added(c, v);
        }
    }
}

/* Of those in `top` the `room` who add most; the least of what each adds. */
static double keep_first(gx__top *top, const gx__cover *c, uint32_t room) {
    const uint32_t count = top->count;
    top->count = 0;
    top->capacity = room;
    for (uint32_t i = 0; i < count; i++) { /* lies behind those offered so far */
        const uint32_t v = top->entry[i].id;
        gx__top_offer(top, c->known[v], v, 0);
    }
    return top->entry[0].score;
}

/* Without costs: what the `room` who add most come to. Nobody adds more than is known, so some more
 * than `room` are looked at again, and then whoever may still be among them. */
static gx_status largest_of(double *out, gx__cover *c, uint32_t n, uint32_t room, gx_job *job,
                            gx_error *err) {
    gx__top top = {0};
    uint64_t *fresh = NULL;
    gx_status status = GX_OK;
    const uint64_t some = 2 * (uint64_t)room + LOOK_MORE;
    const uint32_t first = some < n ? (uint32_t)some : n;
    room = room < n ? room : n;
    *out = 0;
    if (room == 0) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &top.entry, first, sizeof *top.entry, err));
    GX_TRY(gx_job_alloc(job, &fresh, n / 64 + 1, sizeof *fresh, err));
    largest_known(&top, c, n, first);
    look_at(c, fresh, &top, job);
    look_at_others(c, fresh, n, keep_first(&top, c, room), job);
    GX_TRY(gx_job_check(job, err));
    largest_known(&top, c, n, room);
    for (uint32_t i = 0; i < top.count; i++) {
        *out += top.entry[i].score;
    }
done:
    gx_job_free(job, top.entry);
    gx_job_free(job, fresh);
    return status;
}

/* Within a budget: the first by what they add per cost, and of the next the part there is money
 * for, which is never less than the best. */
static gx_status most_within(double *out, const double *added, const gx_seed_limits *limits,
                             double budget, gx_job *job, gx_error *err) {
    const uint32_t n = limits->n;
    double *by = NULL;
    uint32_t *order = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &by, n, sizeof *by, err));
    GX_TRY(gx_job_alloc(job, &order, n, sizeof *order, err));
    for (uint32_t v = 0; v < n; v++) {
        by[v] = fmin(added[v] / (limits->cost[v] + 1e-300), 1e300);
    }
    GX_TRY(gx__rank_falling(order, by, n, job, err));
    *out = 0;
    for (uint32_t i = 0; i < n && budget >= 0; i++) {
        const uint32_t v = order[i];
        const double cost = limits->cost[v];
        *out += cost <= budget ? added[v] : added[v] * budget / cost;
        budget -= cost;
    }
done:
    gx_job_free(job, by);
    gx_job_free(job, order);
    return status;
}

/* Lowers cover->most to what the bound is now. */
static gx_status look_at_bound(void *of, const gx__chosen_so_far *chosen, gx_job *job,
                               gx_error *err) {
    gx__cover *c = of;
    const gx_seed_limits *l = chosen->limits;
    double more;
    gx_status status = GX_OK;
    GX_TRY(know(c, chosen, job, err));
    if (l->cost) {
#pragma omp parallel for schedule(dynamic, 256) num_threads(job->threads)
        for (uint32_t v = 0; v < l->n; v++) {
            c->known[v] = c->known[v] > 0 ? (double)sets_added(c, v) : 0;
        }
        GX_TRY(gx_job_check(job, err));
        GX_TRY(most_within(&more, c->known, l, l->budget, job, err));
    } else {
        GX_TRY(largest_of(&more, c, l->n, l->count - l->given_count, job, err));
    }
    c->most = fmin(c->most, (double)c->covered_count + more);
done:
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
