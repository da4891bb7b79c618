#include "engine/kernel/path_draw.h"

enum { LOOK_EVERY = 4096 };

static const double TOO_LARGE = 1e150, SCALE = 0x1p-400, LEAST = 1e-150;
static const double SMALL = 1e-150; /* keeps a product of two counts within a double */

gx_status gx__path_draw_init(gx__path_draw *out, const gx__paths *paths, gx_job *job,
                             gx_error *err) {
    gx__path_draw work = {0};
    gx_status status = GX_OK;
    uint32_t n = paths->n;
    for (int i = 0; i < 2 && paths->weighted; i++) {
        GX_TRY(gx__brandes_init(&work.end[i], paths, job, err));
    }
    for (int i = 0; i < 2 && !paths->weighted; i++) {
        gx__path_side *side = &work.side[i];
        GX_TRY(gx_job_alloc(job, &side->level, n, sizeof *side->level, err));
        GX_TRY(gx_job_alloc(job, &side->queue, n, sizeof *side->queue, err));
        GX_TRY(gx_job_alloc(job, &side->count, n, sizeof *side->count, err));
        for (uint32_t v = 0; v < n; v++) {
            side->level[v] = GX_NONE;
        }
    }
    *out = work;
    return GX_OK;
done:
    gx__path_draw_finish(&work, job);
    return status;
}

uint64_t gx__path_draw_bytes(uint32_t n, bool weighted) {
    return weighted ? 2 * gx__brandes_bytes(n, true)
                    : 2 * (uint64_t)n * (2 * sizeof(uint32_t) + sizeof(double));
}

void gx__path_draw_finish(gx__path_draw *work, gx_job *job) {
    for (int i = 0; i < 2; i++) {
        gx__brandes_finish(&work->end[i], job);
        gx_job_free(job, work->side[i].level);
        gx_job_free(job, work->side[i].queue);
        gx_job_free(job, work->side[i].count);
    }
    *work = (gx__path_draw){0};
}

static void hit(uint64_t *hits, uint32_t v) {
#pragma omp atomic
    hits[v]++;
}

/* ---- without lengths ----------------------------------------------------------------------- */

static void begin(gx__path_side *side, const gx__rows_view *along, uint32_t v) {
    for (uint32_t i = 0; i < side->reached; i++) {
        side->level[side->queue[i]] = GX_NONE;
    }
    side->level[v] = 0;
    side->count[v] = 1;
    side->queue[0] = v;
    side->reached = 1;
    side->first = side->depth = 0;
    side->ahead = gx__row_length(along, v);
}

/* Finds the next level; whether it meets the other side. */
static bool grow(gx__path_side *side, const gx__rows_view *along, const gx__path_side *other,
                 gx_job *job) {
    uint32_t end = side->reached, level = ++side->depth;
    bool met = false;
    side->ahead = 0;
    for (uint32_t i = side->first; i < end; i++) {
        uint32_t v = side->queue[i];
        if (i % LOOK_EVERY == LOOK_EVERY - 1 && gx_job_should_stop(job)) {
            break;
        }
        for (uint64_t k = along->ptr[v]; k < along->ptr[v + 1]; k++) {
            uint32_t u = along->end[k];
            if (side->level[u] == GX_NONE) {
                side->level[u] = level;
                side->count[u] = side->count[v];
                side->queue[side->reached++] = u;
                side->ahead += gx__row_length(along, u);
                met |= other->level[u] != GX_NONE;
            } else if (side->level[u] == level) {
                side->count[u] += side->count[v];
            }
        }
    }
    side->first = end;
    double largest = 0;
    for (uint32_t i = end; i < side->reached; i++) {
        double count = side->count[side->queue[i]];
        largest = count > largest ? count : largest;
    }
    for (uint32_t i = end; largest > TOO_LARGE && i < side->reached; i++) {
        double *count = &side->count[side->queue[i]];
        *count = fmax(*count * SCALE, LEAST);
    }
    return met;
}

/* Where the last level of `side` meets the other. */
static uint32_t draw_meeting(const gx__path_side *side, const gx__path_side *other, gx_rng *rng) {
    double all = 0;
    for (uint32_t i = side->first; i < side->reached; i++) {
        uint32_t v = side->queue[i];
        all += other->level[v] != GX_NONE ? side->count[v] * other->count[v] : 0;
    }
    double left = gx_rng_real(rng) * all;
    uint32_t chosen = GX_NONE;
    for (uint32_t i = side->first; i < side->reached && left >= 0; i++) {
        uint32_t v = side->queue[i];
        if (other->level[v] != GX_NONE) {
            chosen = v;
            left -= side->count[v] * other->count[v];
        }
    }
    return chosen;
}

/* From v back to the end a side began at, that end left out. */
static void draw_back(const gx__path_side *side, const gx__rows_view *back, uint32_t v, gx_rng *rng,
                      uint64_t *hits) {
    for (uint32_t level = side->level[v]; level > 1; level--) {
        double all = 0;
        for (uint64_t i = back->ptr[v]; i < back->ptr[v + 1]; i++) {
            uint32_t u = back->end[i];
            all += side->level[u] == level - 1 ? side->count[u] : 0;
        }
        double left = gx_rng_real(rng) * all;
        uint32_t chosen = GX_NONE;
        for (uint64_t i = back->ptr[v]; i < back->ptr[v + 1] && left >= 0; i++) {
            uint32_t u = back->end[i];
            if (side->level[u] == level - 1) {
                chosen = u;
                left -= side->count[u];
            }
        }
        v = chosen;
        hit(hits, v);
    }
}

static void draw_plain(gx__path_draw *work, const gx__paths *paths, uint32_t s, uint32_t t,
                       gx_rng *rng, uint64_t *hits, gx_job *job) {
    const gx__rows_view *along[2] = {&paths->out, &paths->in};
    gx__path_side *side = work->side;
    begin(&side[0], along[0], s);
    begin(&side[1], along[1], t);
    for (;;) {
        int k = side[0].ahead <= side[1].ahead ? 0 : 1;
        if (side[k].first == side[k].reached || gx_job_should_stop(job)) {
            return;
        }
        work->looked_at += side[k].ahead;
        if (grow(&side[k], along[k], &side[1 - k], job)) {
            uint32_t v = draw_meeting(&side[k], &side[1 - k], rng);
            if (v != s && v != t) {
                hit(hits, v);
            }
            draw_back(&side[0], along[1], v, rng, hits);
            draw_back(&side[1], along[0], v, rng, hits);
            return;
        }
    }
}

/* ---- with lengths -------------------------------------------------------------------------- */

/* Who comes before v on a path from the end that was searched from, along `paths`. */
static uint32_t draw_before(const gx__brandes *search, const gx__paths *paths, uint32_t v,
                            gx_rng *rng) {
    double all = 0;
    for (uint64_t i = paths->in.ptr[v]; i < paths->in.ptr[v + 1]; i++) {
        uint32_t u = paths->in.end[i];
        all += gx__brandes_leads(search, paths, &paths->in, i, u, v)
                   ? gx__brandes_share(search, u, v)
                   : 0;
    }
    double left = gx_rng_real(rng) * all;
    uint32_t chosen = GX_NONE;
    for (uint64_t i = paths->in.ptr[v]; i < paths->in.ptr[v + 1] && left >= 0; i++) {
        uint32_t u = paths->in.end[i];
        if (gx__brandes_leads(search, paths, &paths->in, i, u, v)) {
            chosen = u;
            left -= gx__brandes_share(search, u, v);
        }
    }
    return chosen;
}

/* All between v and the end that was searched from. */
static void draw_to_end(const gx__brandes *search, const gx__paths *paths, uint32_t v, gx_rng *rng,
                        uint64_t *hits) {
    for (v = draw_before(search, paths, v, rng); v != GX_NONE && search->dijkstra.distance[v] > 0;
         v = draw_before(search, paths, v, rng)) {
        hit(hits, v);
    }
}

/* Settles members from both ends; the length of a shortest path, INFINITY where there is none. */
static double search_both(gx__path_draw *work, const gx__paths *ways[2], gx_job *job) {
    double shortest = (double)INFINITY, radius[2] = {0, 0};
    uint64_t ties[2] = {0, 0};
    while (radius[0] + radius[1] <= shortest * (1 + 4 * GX__PATHS_EQUAL)) {
        int k = ties[0] <= ties[1] ? 0 : 1;
        gx__dijkstra *search = &work->end[k].dijkstra;
        const double *other = work->end[1 - k].dijkstra.distance;
        uint32_t v = gx__dijkstra_next(search, ways[k]);
        if (v == GX_NONE || (search->settled % LOOK_EVERY == 0 && gx_job_should_stop(job))) {
            break; /* whoever can be settled from this end is */
        }
        const gx__rows_view *out = &ways[k]->out;
        radius[k] = search->distance[v];
        ties[k] += gx__row_length(out, v) + 1;
        for (uint64_t i = out->ptr[v]; i < out->ptr[v + 1]; i++) {
            double through = radius[k] + gx__path_length(ways[k], out, i) + other[out->end[i]];
            shortest = through < shortest ? through : shortest;
        }
    }
    work->looked_at += ties[0] + ties[1];
    return shortest;
}

/* A tie from one of those settled from the first end to another who is not, on a path that is
 * `shortest` long: number of paths through it, in a unit that all share. */
static double paths_through(const gx__path_draw *work, const gx__paths *paths, double shortest,
                            uint32_t u, uint64_t i, uint32_t power) {
    const gx__brandes *from = &work->end[0], *to = &work->end[1];
    uint32_t v = paths->out.end[i];
    if (from->level[v] != GX_NONE || to->level[v] == GX_NONE ||
        from->dijkstra.distance[u] + gx__path_length(paths, &paths->out, i) +
                to->dijkstra.distance[v] >
            shortest * (1 + GX__PATHS_EQUAL)) {
        return 0;
    }
    uint32_t apart = power - from->power[u] - to->power[v];
    return apart == 0 ? from->count[u] * SMALL * (to->count[v] * SMALL) : 0;
}

/* Scaled counts: of paths through ties of unequal power only the most powerful are worth
 * counting. */
static uint32_t highest_power(const gx__path_draw *work, const gx__paths *paths, double shortest) {
    const gx__brandes *from = &work->end[0], *to = &work->end[1];
    uint32_t highest = 0;
    for (uint32_t k = 0; k < from->dijkstra.settled; k++) {
        uint32_t u = from->dijkstra.order[k];
        for (uint64_t i = paths->out.ptr[u]; i < paths->out.ptr[u + 1]; i++) {
            uint32_t v = paths->out.end[i];
            uint32_t power = to->level[v] != GX_NONE ? from->power[u] + to->power[v] : 0;
            if (power > highest && paths_through(work, paths, shortest, u, i, power) > 0) {
                highest = power;
            }
        }
    }
    return highest;
}

static void draw_with_lengths(gx__path_draw *work, const gx__paths *paths, uint32_t s, uint32_t t,
                              gx_rng *rng, uint64_t *hits, gx_job *job) {
    gx__paths back = gx__paths_backwards(paths);
    const gx__paths *ways[2] = {paths, &back};
    gx__brandes *from = &work->end[0], *to = &work->end[1];
    gx__brandes_start(from, s);
    gx__brandes_start(to, t);
    double shortest = search_both(work, ways, job);
    if (isinf(shortest) || gx_job_should_stop(job)) {
        return;
    }
    gx__brandes_count(from, paths, job);
    gx__brandes_count(to, &back, job);
    if (from->level[t] != GX_NONE) { /* all of the path is settled from its first end */
        draw_to_end(from, paths, t, rng, hits);
        return;
    }
    uint32_t power = highest_power(work, paths, shortest), chosen_u = GX_NONE, chosen_v = GX_NONE;
    double all = 0, left = 0;
    for (int round = 0; round < 2; round++) { /* adds up, then draws */
        left = round ? gx_rng_real(rng) * all : 0;
        for (uint32_t k = 0; k < from->dijkstra.settled && left >= 0; k++) {
            uint32_t u = from->dijkstra.order[k];
            for (uint64_t i = paths->out.ptr[u]; i < paths->out.ptr[u + 1] && left >= 0; i++) {
                double through = paths_through(work, paths, shortest, u, i, power);
                if (through > 0) {
                    chosen_u = u;
                    chosen_v = paths->out.end[i];
                    all += round ? 0 : through;
                    left -= round ? through : 0;
                }
            }
        }
    }
    if (chosen_u == GX_NONE || gx_job_should_stop(job)) {
        return;
    }
    if (chosen_u != s) {
        hit(hits, chosen_u);
        draw_to_end(from, paths, chosen_u, rng, hits);
    }
    if (chosen_v != t) {
        hit(hits, chosen_v);
        draw_to_end(to, &back, chosen_v, rng, hits);
    }
}

void gx__path_draw_one(gx__path_draw *work, const gx__paths *paths, uint32_t s, uint32_t t,
                       gx_rng *rng, uint64_t *hits, gx_job *job) {
    work->looked_at++;
    if (paths->weighted) {
        draw_with_lengths(work, paths, s, t, rng, hits, job);
    } else {
        draw_plain(work, paths, s, t, rng, hits, job);
    }
}
