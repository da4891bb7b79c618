#include "engine/influence/backward.h"

#include "engine/kernel/room.h"

#include <math.h>

enum { LOOK = 1 << 16 };
#define NO_ARC UINT64_MAX

/* ---- roots ----------------------------------------------------------------------------------- */

gx_status gx__roots_make(gx__roots *out, const double *weight, uint32_t n, gx_job *job,
                         gx_error *err) {
    *out = (gx__roots){.n = n, .total = n};
    if (!weight) {
        return GX_OK;
    }
    gx_status status = gx_job_alloc(job, &out->owned, n, sizeof *out->owned, err);
    out->total = 0;
    for (uint32_t v = 0; status == GX_OK && v < n; v++) {
        if (!(weight[v] >= 0 && weight[v] <= GX_WORTH_MOST)) {
            status = gx_fail(err, GX_BAD_REQUEST, "a member weighs %g; accepted is 0 to %g",
                             weight[v], GX_WORTH_MOST);
        } else {
            out->owned[v] = out->total += weight[v];
        }
    }
    if (status == GX_OK && n > 0 && !(out->total > 0)) {
        status = gx_fail(err, GX_BAD_REQUEST, "nobody is to be reached: all weights are 0");
    }
    out->up = out->owned;
    if (status != GX_OK) {
        gx__roots_finish(out, job);
    }
    return status;
}

void gx__roots_finish(gx__roots *roots, gx_job *job) {
    gx_job_free(job, roots->owned);
    *roots = (gx__roots){0};
}

/* The first whose sum is above `place`: nobody of weight 0. */
static uint32_t root_of(const gx__roots *roots, gx__draws *d) {
    if (!roots->up) {
        return gx__draws_below(d, roots->n);
    }
    const double place = (double)(gx__draws_next(d) >> 11) * 0x1p-53 * roots->total;
    uint32_t low = 0, high = roots->n - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (roots->up[middle] <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- one set --------------------------------------------------------------------------------- */

static gx_status make_room(gx__lane *l, uint64_t count, gx_job *job, gx_error *err) {
    return gx__numbers_grow(&l->node, &l->room, count, job, err);
}

/* Adds u, if it is new, and asks for where its row lies. */
static bool add(gx__lane *l, const gx__chance_rows *rows, uint32_t u) {
    if (!gx__bit_take(l->seen, u)) {
        return false;
    }
    l->node[l->end++] = u;
    __builtin_prefetch(&rows->ptr[u]);
    return true;
}

/* The line of an arc is asked for. */
static void ask(gx__lane *l, const gx__chance_rows *rows, uint64_t arc) {
    l->arc = arc;
    __builtin_prefetch(&rows->node[arc]);
}

static gx_status begin(gx__lane *l, gx__backward *b, uint64_t number, gx_error *err) {
    gx_status status = make_room(l, 1, b->job, err);
    if (status == GX_OK) {
        l->draws = gx__draws_of(b->job->seed, number);
        l->end = 0;
        l->arc = NO_ARC;
        (void)add(l, &b->chances->heeds, root_of(b->roots, &l->draws));
    }
    return status;
}

/* Adds whom the cascade could have come from. A seed passes on for sure, so whoever has an arc into
 * the set is in it; it is walked on from those alone who pass on what they get. */
static gx_status spread_back(gx__lane *l, gx__backward *b, gx_error *err) {
    const gx_chances *chances = b->chances;
    const gx__chance_rows *rows = &chances->heeds;
    gx_status status = GX_OK;
    for (uint64_t i = 0; i < l->end && status == GX_OK; i++) {
        const uint32_t v = l->node[i];
        if (i > 0 && chances->passes &&
            !(gx__draws_real(&l->draws) <= (double)chances->passes[v])) {
            continue;
        }
        gx__kept kept = gx__kept_of(rows, v);
        GX_TRY(make_room(l, l->end + (kept.to - kept.at), b->job, err));
        for (uint64_t arc; (arc = gx__kept_next(&kept, rows, &l->draws)) < kept.to;) {
            (void)add(l, rows, rows->node[arc]);
        }
        if (++b->looked % LOOK == 0) {
            status = gx_job_check(b->job, err);
        }
    }
done:
    return status;
}

/* The same of thresholds: a walk back along the one kept arc of each. */
static gx_status walk_back(bool *out_whole, gx__lane *l, gx__backward *b, gx_error *err) {
    const gx__chance_rows *rows = &b->chances->heeds;
    if (l->arc != NO_ARC) {
        const gx_status status = make_room(l, l->end + 1, b->job, err);
        *out_whole = status == GX_OK && !add(l, rows, rows->node[l->arc]);
        l->arc = NO_ARC;
        return status;
    }
    const uint32_t v = l->node[l->end - 1];
    const uint64_t arc = gx__kept_one(rows, v, &l->draws);
    *out_whole = arc == rows->ptr[v + 1];
    if (!*out_whole) {
        ask(l, rows, arc);
    }
    return GX_OK;
}

/* ---- several --------------------------------------------------------------------------------- */

gx_status gx__backward_init(gx__backward *out, const gx_chances *chances, const gx__roots *roots,
                            gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx__backward){.chances = chances, .roots = roots, .job = job};
    const int lanes = chances->model == GX_SPREAD_CASCADE ? 1 : GX__LANES;
    for (int l = 0; l < lanes; l++) {
        GX_TRY(gx_job_alloc(job, &out->lane[l].seen, chances->n / 64 + 1, sizeof(uint64_t), err));
    }
done:
    return status;
}

void gx__backward_finish(gx__backward *b) {
    for (int l = 0; l < GX__LANES; l++) {
        gx_job_free(b->job, b->lane[l].seen);
        gx__numbers_drop(b->lane[l].node, b->lane[l].room, b->job);
    }
}

static void forget(gx__lane *l) {
    for (uint64_t i = 0; i < l->end; i++) {
        l->seen[l->node[i] / 64] = 0;
    }
    l->end = 0;
}

/* One after the other: what takes time are the draws, and most sets are soon through. */
static gx_status draw_cascades(gx__backward *b, uint64_t first, uint32_t count,
                               gx__backward_keep *keep, void *user, gx_error *err) {
    gx__lane *l = &b->lane[0];
    gx_status status = GX_OK;
    for (uint32_t s = 0; s < count; s++) {
        GX_TRY(begin(l, b, first + s, err));
        GX_TRY(spread_back(l, b, err));
        GX_TRY(keep(user, l->node, l->end, err));
        forget(l);
    }
done:
    return status;
}

/* Several at once. */
static gx_status draw_walks(gx__backward *b, uint64_t first, uint32_t count,
                            gx__backward_keep *keep, void *user, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t begun = 0, lanes = 0;
    for (; lanes < GX__LANES && begun < count; lanes++, begun++) {
        GX_TRY(begin(&b->lane[lanes], b, first + begun, err));
    }
    while (lanes > 0) {
        for (uint32_t k = 0; k < lanes; k++) {
            gx__lane *l = &b->lane[k];
            bool whole = false;
            GX_TRY(walk_back(&whole, l, b, err));
            if (!whole) {
                continue;
            }
            GX_TRY(keep(user, l->node, l->end, err));
            forget(l);
            if (begun < count) {
                GX_TRY(begin(l, b, first + begun++, err));
            } else { /* the last lane goes on in its place */
                const gx__lane last = b->lane[--lanes];
                b->lane[lanes] = *l;
                *l = last;
            }
        }
        if (++b->looked % LOOK == 0) {
            GX_TRY(gx_job_check(b->job, err));
        }
    }
done:
    return status;
}

gx_status gx__backward_draw(gx__backward *b, uint64_t first, uint32_t count,
                            gx__backward_keep *keep, void *user, gx_error *err) {
    const bool cascade = b->chances->model == GX_SPREAD_CASCADE;
    const gx_status status = cascade ? draw_cascades(b, first, count, keep, user, err)
                                     : draw_walks(b, first, count, keep, user, err);
    for (uint32_t k = 0; k < GX__LANES; k++) {
        forget(&b->lane[k]);
    }
    return status;
}
