#include "engine/influence/limits.h"

#include "engine/kernel/rank.h"

#include <math.h>
#include <stdio.h>

static uint32_t circle_of(const gx_seed_limits *l, uint32_t v) {
    return l->circle ? l->circle[v] : GX_NONE;
}

static uint32_t least_of(const gx_seed_limits *l, uint32_t c) {
    return l->least ? l->least[c] : 0;
}

static bool is_barred(const gx_seed_limits *l, uint32_t v) {
    return l->barred && l->barred[v];
}

/* ---- what circles that are short will cost --------------------------------------------------- */

/* Whether v may be what its circle is short of. */
static bool is_wanted(const gx_seed_limits *l, uint32_t v) {
    const uint32_t circle = circle_of(l, v);
    return circle != GX_NONE && least_of(l, circle) > 0 && !is_barred(l, v);
}

/* Members by circle and then by rising cost, of circles with a least. */
static gx_status sort_by_cost(gx__chosen_so_far *c, gx_job *job, gx_error *err) {
    const gx_seed_limits *l = c->limits;
    gx_status status = GX_OK;
    uint32_t *falling = NULL;
    uint64_t *next = NULL;
    GX_TRY(gx_job_alloc(job, &c->cheap, l->n, sizeof *c->cheap, err));
    GX_TRY(gx_job_alloc(job, &c->cheap_at, (size_t)l->circles + 1, sizeof *c->cheap_at, err));
    GX_TRY(gx_job_alloc(job, &next, (size_t)l->circles + 1, sizeof *next, err));
    GX_TRY(gx_job_alloc(job, &falling, l->n, sizeof *falling, err));
    GX_TRY(gx__rank_falling(falling, l->cost, l->n, job, err));
    for (uint32_t v = 0; v < l->n; v++) {
        if (is_wanted(l, v)) {
            c->cheap_at[circle_of(l, v) + 1]++;
        }
    }
    for (uint32_t k = 0; k < l->circles; k++) {
        c->cheap_at[k + 1] += c->cheap_at[k];
        next[k] = c->cheap_at[k];
    }
    for (uint32_t i = l->n; i-- > 0;) {
        if (is_wanted(l, falling[i])) {
            c->cheap[next[circle_of(l, falling[i])]++] = falling[i];
        }
    }
done:
    gx_job_free(job, falling);
    gx_job_free(job, next);
    return status;
}

/* The least that the seeds `circle` is short of cost, were `without` chosen too; infinite where
 * there are too few. */
static double reserve_of(const gx__chosen_so_far *c, uint32_t circle, uint32_t without) {
    uint32_t want = least_of(c->limits, circle);
    const uint32_t have = c->have[circle] + (without != GX_NONE);
    double sum = 0;
    want = want > have ? want - have : 0;
    for (uint64_t i = c->cheap_at[circle]; want > 0 && i < c->cheap_at[circle + 1]; i++) {
        if (!c->taken[c->cheap[i]] && c->cheap[i] != without) {
            sum += gx__seed_cost(c->limits, c->cheap[i]);
            want--;
        }
    }
    return want > 0 ? INFINITY : sum;
}

/* ---- the choice ------------------------------------------------------------------------------ */

static double slack(double budget) {
    return 1e-9 *
           (budget > 1 ? budget : 1); /* sums of costs that come to the budget are within it */
}

bool gx__chosen_admits(const gx__chosen_so_far *c, uint32_t v) {
    const gx_seed_limits *l = c->limits;
    if (c->count >= l->count || c->taken[v] || is_barred(l, v)) {
        return false;
    }
    const uint32_t circle = circle_of(l, v);
    bool short_of = false;
    if (circle != GX_NONE) {
        if (l->most && c->have[circle] >= l->most[circle]) {
            return false;
        }
        short_of = c->have[circle] < least_of(l, circle);
    }
    if (!short_of && c->outstanding >= l->count - c->count) {
        return false;
    }
    if (!l->cost) {
        return true;
    }
    double reserve = c->reserve;
    if (short_of) {
        reserve += reserve_of(c, circle, v) - reserve_of(c, circle, GX_NONE);
    }
    return c->spent + l->cost[v] + reserve <= l->budget + slack(l->budget);
}

static double all_reserves(const gx__chosen_so_far *c) {
    double sum = 0;
    for (uint32_t k = 0; c->cheap && k < c->limits->circles; k++) {
        sum += reserve_of(c, k, GX_NONE);
    }
    return sum;
}

void gx__chosen_take(gx__chosen_so_far *c, uint32_t v) {
    const gx_seed_limits *l = c->limits;
    const uint32_t circle = circle_of(l, v);
    c->order[c->count++] = v;
    c->taken[v] = 1;
    c->spent += gx__seed_cost(l, v);
    if (circle != GX_NONE && l->circles > 0) {
        c->outstanding -= c->have[circle] < least_of(l, circle);
        c->have[circle]++;
        c->reserve = l->cost ? all_reserves(c) : 0;
    }
}

/* ---- whether there is one -------------------------------------------------------------------- */

/* As people call it. */
typedef struct named {
    char text[80];
} named;

static named name_of(const gx_seed_limits *l, uint32_t circle) {
    named name;
    if (l->circle_name) {
        snprintf(name.text, sizeof name.text, "%s", l->circle_name[circle]);
    } else {
        snprintf(name.text, sizeof name.text, "circle %u", circle);
    }
    return name;
}

static gx_status take_given(gx__chosen_so_far *c, gx_error *err) {
    const gx_seed_limits *l = c->limits;
    if (l->given_count > l->count) {
        return gx_fail(err, GX_BAD_REQUEST, "%u seeds are given, and %u are to be chosen in all",
                       l->given_count, l->count);
    }
    for (uint32_t i = 0; i < l->given_count; i++) {
        const uint32_t v = l->given[i], circle = circle_of(l, v);
        if (circle != GX_NONE && l->most && c->have[circle] >= l->most[circle]) {
            return gx_fail(err, GX_BAD_REQUEST,
                           "more seeds are given of %s than the %u that it may have",
                           name_of(l, circle).text, l->most[circle]);
        }
        gx__chosen_take(c, v);
    }
    if (l->cost && c->spent > l->budget + slack(l->budget)) {
        return gx_fail(err, GX_BAD_REQUEST, "the seeds given cost %g, and the budget is %g",
                       c->spent, l->budget);
    }
    return GX_OK;
}

static bool has_too_few(const gx__chosen_so_far *c, uint32_t circle) {
    return c->have[circle] < least_of(c->limits, circle);
}

/* Of the circles that lack seeds the first few by name. */
static gx_status refuse_room(const gx__chosen_so_far *c, gx_error *err) {
    enum { TOLD = 3 };
    const gx_seed_limits *l = c->limits;
    char names[TOLD * (sizeof(named) + 2) + 32] = "";
    uint32_t lacking = 0, told = 0;
    for (uint32_t k = 0; k < l->circles; k++) {
        lacking += has_too_few(c, k);
    }
    for (uint32_t k = 0; k < l->circles && told < TOLD; k++) {
        if (has_too_few(c, k)) {
            const char *before = told == 0 ? "" : told + 1 == lacking ? " and " : ", ";
            const size_t at = strlen(names);
            snprintf(names + at, sizeof names - at, "%s%s", before, name_of(l, k).text);
            told++;
        }
    }
    if (lacking > told) {
        const size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, " and %u more", lacking - told);
    }
    return gx_fail(err, GX_BAD_REQUEST,
                   "%s %s to have at least %u seeds more, and there is room for %u of %u", names,
                   lacking == 1 ? "is" : "are", c->outstanding, l->count - c->count, l->count);
}

static gx_status check_circles(const gx__chosen_so_far *c, const uint32_t *free_of, gx_error *err) {
    const gx_seed_limits *l = c->limits;
    for (uint32_t k = 0; k < l->circles; k++) {
        if (l->most && least_of(l, k) > l->most[k]) {
            return gx_fail(err, GX_BAD_REQUEST, "%s is to have at least %u seeds and at most %u",
                           name_of(l, k).text, least_of(l, k), l->most[k]);
        }
        if (c->have[k] + free_of[k] < least_of(l, k)) {
            return gx_fail(err, GX_BAD_REQUEST,
                           "%s is to have at least %u seeds, and %u of its members can be chosen",
                           name_of(l, k).text, least_of(l, k), c->have[k] + free_of[k]);
        }
    }
    if (c->outstanding > l->count - c->count) {
        return refuse_room(c, err);
    }
    if (l->cost && c->spent + c->reserve > l->budget + slack(l->budget)) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "the seeds that are given or that circles must have cost %g at least, and "
                       "the budget is %g",
                       c->spent + c->reserve, l->budget);
    }
    return GX_OK;
}

static gx_status check_costs(const gx_seed_limits *l, gx_error *err) {
    for (uint32_t v = 0; l->cost && v < l->n; v++) {
        if (!(l->cost[v] >= 0 && l->cost[v] < INFINITY)) {
            return gx_fail(err, GX_BAD_REQUEST, "a member costs %g; accepted is 0 or more, finite",
                           l->cost[v]);
        }
    }
    if (l->cost && !(l->budget >= 0)) {
        return gx_fail(err, GX_BAD_REQUEST, "the budget is %g; accepted is 0 or more", l->budget);
    }
    return GX_OK;
}

gx_status gx__chosen_start(gx__chosen_so_far *out, const gx_seed_limits *limits, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    uint32_t *free_of = NULL;
    *out = (gx__chosen_so_far){.limits = limits};
    GX_TRY(check_costs(limits, err));
    GX_TRY(gx_job_alloc(job, &out->order, limits->count, sizeof *out->order, err));
    GX_TRY(gx_job_alloc(job, &out->taken, limits->n, sizeof *out->taken, err));
    GX_TRY(gx_job_alloc(job, &out->have, limits->circles, sizeof *out->have, err));
    GX_TRY(gx_job_alloc(job, &free_of, limits->circles, sizeof *free_of, err));
    for (uint32_t k = 0; k < limits->circles; k++) {
        out->outstanding += least_of(limits, k);
    }
    if (limits->cost && limits->least) {
        GX_TRY(sort_by_cost(out, job, err));
    }
    GX_TRY(take_given(out, err));
    for (uint32_t v = 0; v < limits->n; v++) {
        const uint32_t circle = circle_of(limits, v);
        if (circle != GX_NONE && limits->circles && !out->taken[v] && !is_barred(limits, v)) {
            free_of[circle]++;
        }
    }
    out->reserve = limits->cost ? all_reserves(out) : 0;
    GX_TRY(check_circles(out, free_of, err));
done:
    gx_job_free(job, free_of);
    if (status != GX_OK) {
        gx__chosen_finish(out, job);
    }
    return status;
}

void gx__chosen_finish(gx__chosen_so_far *chosen, gx_job *job) {
    gx_job_free(job, chosen->order);
    gx_job_free(job, chosen->taken);
    gx_job_free(job, chosen->have);
    gx_job_free(job, chosen->cheap);
    gx_job_free(job, chosen->cheap_at);
    *chosen = (gx__chosen_so_far){0};
}

gx_status gx_seed_limits_admit(bool *out, const gx_seed_limits *limits, gx_job *job,
                               gx_error *err) {
    gx__chosen_so_far chosen;
    gx_status status = gx__chosen_start(&chosen, limits, job, err);
    *out = limits->given_count > 0;
    for (uint32_t v = 0; status == GX_OK && !*out && v < limits->n; v++) {
        *out = gx__chosen_admits(&chosen, v);
    }
    if (status == GX_OK) {
        gx__chosen_finish(&chosen, job);
    }
    return status;
}
