#include "engine/kernel/brandes.h"

enum { LOOK_EVERY = 512, PUSH_COST = 3 /* of a tie pushed along, in ties pulled along */ };

static const double TOO_LARGE = 1e250, SCALE = 0x1p-800, LEAST = 1e-280;

gx_status gx__brandes_init(gx__brandes *out, const gx__paths *paths, gx_job *job, gx_error *err) {
    uint32_t n = paths->n;
    gx__brandes work = {.n = n};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &work.level, n, sizeof *work.level, err));
    GX_TRY(gx_job_alloc(job, &work.count, n, sizeof *work.count, err));
    GX_TRY(gx_job_alloc(job, &work.share, n, sizeof *work.share, err));
    GX_TRY(gx_job_alloc(job, &work.through, n, sizeof *work.through, err));
    if (paths->weighted) {
        GX_TRY(gx_job_alloc(job, &work.power, n, sizeof *work.power, err));
        GX_TRY(gx__dijkstra_init(&work.dijkstra, n, job, err));
    } else {
        GX_TRY(gx_job_alloc(job, &work.queue, n, sizeof *work.queue, err));
        GX_TRY(gx_job_alloc(job, &work.scaled, (size_t)n / 64 + 1, sizeof *work.scaled, err));
    }
    for (uint32_t v = 0; v < n; v++) {
        work.level[v] = GX_NONE;
    }
    *out = work;
    return GX_OK;
done:
    gx__brandes_finish(&work, job);
    return status;
}

uint64_t gx__brandes_bytes(uint32_t n, bool weighted) {
    uint64_t both = (uint64_t)n * (sizeof(uint32_t) + 3 * sizeof(double));
    return both + (uint64_t)n * sizeof(uint32_t) +
           (weighted ? gx__dijkstra_bytes(n) : ((uint64_t)n / 64 + 1) * sizeof(uint64_t));
}

void gx__brandes_finish(gx__brandes *work, gx_job *job) {
    gx_job_free(job, work->level);
    gx_job_free(job, work->queue);
    gx_job_free(job, work->count);
    gx_job_free(job, work->share);
    gx_job_free(job, work->through);
    gx_job_free(job, work->scaled);
    gx_job_free(job, work->power);
    gx__dijkstra_finish(&work->dijkstra, job);
    *work = (gx__brandes){0};
}

static void forget(gx__brandes *work, const uint32_t *reached, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t v = reached[i];
        work->level[v] = GX_NONE;
        work->count[v] = work->share[v] = 0;
    }
}

/* ---- levels and counts --------------------------------------------------------------------- */

/* Whoever the members queue[first..end) lead to and is not reached; counts go to `through`. */
static void push_level(gx__brandes *work, const gx__paths *paths, uint32_t first, uint32_t end,
                       uint32_t level, gx_job *job) {
    for (uint32_t i = first; i < end; i++) {
        uint32_t v = work->queue[i];
        double count = work->count[v];
        if (i % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        for (uint64_t k = paths->out.ptr[v]; k < paths->out.ptr[v + 1]; k++) {
            uint32_t u = paths->out.end[k];
            if (work->level[u] == GX_NONE) {
                work->level[u] = level;
                work->queue[work->reached++] = u;
                work->through[u] = count;
            } else if (work->level[u] == level) {
                work->through[u] += count;
            }
        }
    }
}

static void pull_level(gx__brandes *work, const gx__paths *paths, uint32_t level, gx_job *job) {
    for (uint32_t v = 0; v < work->n; v++) {
        if (v % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        if (work->level[v] != GX_NONE) {
            continue;
        }
        double count = gx__pull(&paths->in, work->count, v);
        if (count > 0) {
            work->level[v] = level;
            work->queue[work->reached++] = v;
            work->through[v] = count;
        }
    }
}

/* Counts of a level just found, from `through` to their place. */
static void settle_level(gx__brandes *work, uint32_t first, uint32_t level) {
    double largest = 0;
    for (uint32_t i = first; i < work->reached; i++) {
        uint32_t v = work->queue[i];
        largest = work->through[v] > largest ? work->through[v] : largest;
        work->count[v] = work->through[v];
    }
    uint64_t bit = (uint64_t)1 << level % 64;
    work->scaled[level / 64] &= ~bit;
    if (largest > TOO_LARGE) {
        work->scaled[level / 64] |= bit;
        for (uint32_t i = first; i < work->reached; i++) {
            uint32_t v = work->queue[i];
            work->count[v] = fmax(work->count[v] * SCALE, LEAST);
        }
    }
}

/* All levels; returns the number of the last. */
static uint32_t find_levels(gx__brandes *work, const gx__paths *paths, uint32_t source,
                            gx_job *job) {
    uint64_t ahead = gx__row_length(&paths->out, source), left = paths->m;
    uint32_t first = 0, level = 0;
    left -= gx__row_length(&paths->in, source);
    work->level[source] = 0;
    work->count[source] = 1;
    work->queue[0] = source;
    work->reached = 1;
    while (first < work->reached && !gx_job_should_stop(job)) {
        uint32_t end = work->reached;
        level++;
        if (PUSH_COST * ahead > left + work->n) {
            pull_level(work, paths, level, job);
        } else {
            push_level(work, paths, first, end, level, job);
        }
        settle_level(work, end, level);
        first = end;
        ahead = 0;
        for (uint32_t i = first; i < work->reached; i++) {
            ahead += gx__row_length(&paths->out, work->queue[i]);
            left -= gx__row_length(&paths->in, work->queue[i]);
        }
    }
    return level - 1;
}

/* ---- dependencies, from the last level to the first ----------------------------------------- */

/* Gives each member of a level its dependency, from shares of the level behind it. */
static void pull_back(gx__brandes *work, const gx__paths *paths, uint32_t first, uint32_t end,
                      gx_job *job) {
    for (uint32_t i = first; i < end; i++) {
        uint32_t v = work->queue[i];
        if (i % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        work->through[v] = gx__pull(&paths->out, work->share, v);
    }
}

/* The same from the other side; `through` of levels that are done is of no use any more. */
static void push_back(gx__brandes *work, const gx__paths *paths, uint32_t first, uint32_t end,
                      uint32_t behind, gx_job *job) {
    for (uint32_t i = first; i < end; i++) {
        work->through[work->queue[i]] = 0;
    }
    for (uint32_t i = end; i < behind; i++) {
        uint32_t u = work->queue[i];
        double share = work->share[u];
        if (i % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        for (uint64_t k = paths->in.ptr[u]; k < paths->in.ptr[u + 1]; k++) {
            work->through[paths->in.end[k]] += share;
        }
    }
}

static void give_back(gx__brandes *work, const gx__paths *paths, uint32_t level, double *into,
                      gx_job *job) {
    uint64_t ties_behind = 0;
    uint32_t behind = work->reached, end = work->reached;
    for (; end > 1 && !gx_job_should_stop(job); level--) {
        uint32_t first = end;
        uint64_t ties = 0, ties_in = 0;
        while (work->level[work->queue[first - 1]] == level) {
            uint32_t v = work->queue[--first];
            ties += gx__row_length(&paths->out, v);
            ties_in += gx__row_length(&paths->in, v);
        }
        if (behind > end && PUSH_COST * ties_behind < ties) {
            push_back(work, paths, first, end, behind, job);
        } else if (behind > end) {
            pull_back(work, paths, first, end, job);
        }
        double scale = work->scaled[level / 64] >> level % 64 & 1 ? SCALE : 1;
        for (uint32_t i = first; i < end; i++) {
            uint32_t v = work->queue[i];
            double through = behind > end ? work->through[v] * work->count[v] : 0;
            into[v] += through;
            work->share[v] = scale * (1 + through) / work->count[v];
        }
        behind = end;
        end = first;
        ties_behind = ties_in;
    }
}

/* ---- with lengths --------------------------------------------------------------------------- */

bool gx__brandes_leads(const gx__brandes *work, const gx__paths *paths, const gx__rows_view *rows,
                       uint64_t i, uint32_t u, uint32_t v) {
    const double *distance = work->dijkstra.distance;
    return work->level[u] < work->level[v] && work->level[v] != GX_NONE &&
           distance[u] + gx__path_length(paths, rows, i) <= distance[v] * (1 + GX__PATHS_EQUAL);
}

double gx__brandes_share(const gx__brandes *work, uint32_t u, uint32_t v) {
    uint32_t apart = work->power[v] - work->power[u];
    double share = work->count[u] / work->count[v];
    return apart == 0 ? share : apart == 1 ? share * SCALE : 0;
}

static void add_count(gx__brandes *work, uint32_t u, uint32_t v) {
    while (work->power[v] < work->power[u]) {
        work->count[v] *= SCALE;
        work->power[v]++;
    }
    uint32_t apart = work->power[v] - work->power[u];
    work->count[v] += apart == 0 ? work->count[u] : apart == 1 ? work->count[u] * SCALE : 0;
    if (work->count[v] > TOO_LARGE) {
        work->count[v] *= SCALE;
        work->power[v]++;
    }
}

void gx__brandes_start(gx__brandes *work, uint32_t source) {
    forget(work, work->dijkstra.order, work->dijkstra.settled);
    gx__dijkstra_start(&work->dijkstra, &source, 1);
}

void gx__brandes_count(gx__brandes *work, const gx__paths *paths, gx_job *job) {
    const gx__dijkstra *search = &work->dijkstra;
    for (uint32_t i = 0; i < search->settled; i++) {
        uint32_t v = search->order[i];
        work->level[v] = i;
        work->power[v] = 0;
        work->count[v] = search->distance[v] > 0 ? 0 : 1;
    }
    for (uint32_t i = 0; i < search->settled; i++) {
        uint32_t u = search->order[i];
        if (i % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        for (uint64_t k = paths->out.ptr[u]; k < paths->out.ptr[u + 1]; k++) {
            uint32_t v = paths->out.end[k];
            if (gx__brandes_leads(work, paths, &paths->out, k, u, v)) {
                add_count(work, u, v);
            }
        }
    }
}

static void add_weighted(gx__brandes *work, const gx__paths *paths, uint32_t source, double *into,
                         gx_job *job) {
    gx__dijkstra *search = &work->dijkstra;
    gx__brandes_start(work, source);
    while (gx__dijkstra_next(search, paths) != GX_NONE) {
        if (search->settled % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
    }
    gx__brandes_count(work, paths, job);
    for (uint32_t i = search->settled; i-- > 1;) {
        uint32_t u = search->order[i];
        double through = 0;
        if (i % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        for (uint64_t k = paths->out.ptr[u]; k < paths->out.ptr[u + 1]; k++) {
            uint32_t v = paths->out.end[k];
            if (gx__brandes_leads(work, paths, &paths->out, k, u, v)) {
                through += gx__brandes_share(work, u, v) * (1 + work->through[v]);
            }
        }
        work->through[u] = through;
        into[u] += through;
    }
}

void gx__brandes_add(gx__brandes *work, const gx__paths *paths, uint32_t source, double *into,
                     gx_job *job) {
    if (paths->weighted) {
        add_weighted(work, paths, source, into, job);
        return;
    }
    gx__paths plain = *paths;
    plain.out.weight = plain.in.weight = NULL;
    uint32_t level = find_levels(work, &plain, source, job);
    give_back(work, &plain, level, into, job);
    forget(work, work->queue, work->reached);
}
