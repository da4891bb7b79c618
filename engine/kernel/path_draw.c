#include "engine/kernel/path_draw.h"

enum { LOOK_EVERY = 4096 };

static const double TOO_LARGE = 1e150, SCALE = 0x1p-400, LEAST = 1e-150;

gx_status gx__path_draw_init(gx__path_draw *out, const gx__paths *paths, gx_job *job,
                             gx_error *err) {
    gx__path_draw work = {0};
    gx_status status = GX_OK;
    uint32_t n = paths->n;
    if (paths->weighted) {
        GX_TRY(gx__brandes_init(&work.with_lengths, paths, job, err));
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
    return weighted ? gx__brandes_bytes(n, true)
                    : 2 * (uint64_t)n * (2 * sizeof(uint32_t) + sizeof(double));
}

void gx__path_draw_finish(gx__path_draw *work, gx_job *job) {
    gx__brandes_finish(&work->with_lengths, job);
    for (int i = 0; i < 2; i++) {
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
    side->ahead = along->ptr[v + 1] - along->ptr[v];
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
                side->ahead += along->ptr[u + 1] - along->ptr[u];
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

/* Who comes before v on the path. */
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

static void draw_with_lengths(gx__path_draw *work, const gx__paths *paths, uint32_t s, uint32_t t,
                              gx_rng *rng, uint64_t *hits, gx_job *job) {
    gx__brandes *search = &work->with_lengths;
    uint32_t v;
    gx__brandes_start(search, s);
    do {
        v = gx__dijkstra_next(&search->dijkstra, paths);
        work->looked_at += v != GX_NONE ? paths->out.ptr[v + 1] - paths->out.ptr[v] : 0;
        if (search->dijkstra.settled % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
    } while (v != GX_NONE && v != t);
    if (v == GX_NONE) {
        return;
    }
    gx__brandes_count(search, paths, job);
    if (gx_job_should_stop(job)) {
        return;
    }
    for (v = draw_before(search, paths, t, rng); v != s && v != GX_NONE;
         v = draw_before(search, paths, v, rng)) {
        hit(hits, v);
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
