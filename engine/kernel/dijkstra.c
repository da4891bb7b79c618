#include "engine/kernel/dijkstra.h"

enum { CHILDREN = 4, LOOK_EVERY = 1024 };

gx_status gx__dijkstra_init(gx__dijkstra *out, uint32_t n, gx_job *job, gx_error *err) {
    gx__dijkstra search = {.n = n};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &search.distance, n, sizeof *search.distance, err));
    GX_TRY(gx_job_alloc(job, &search.order, n, sizeof *search.order, err));
    GX_TRY(gx_job_alloc(job, &search.heap, n, sizeof *search.heap, err));
    GX_TRY(gx_job_alloc(job, &search.place, n, sizeof *search.place, err));
    for (uint32_t v = 0; v < n; v++) {
        search.distance[v] = (double)INFINITY;
        search.place[v] = GX_NONE;
    }
    *out = search;
    return GX_OK;
done:
    gx__dijkstra_finish(&search, job);
    return status;
}

uint64_t gx__dijkstra_bytes(uint32_t n) {
    return (uint64_t)n * (sizeof(double) + 3 * sizeof(uint32_t));
}

void gx__dijkstra_finish(gx__dijkstra *search, gx_job *job) {
    gx_job_free(job, search->distance);
    gx_job_free(job, search->order);
    gx_job_free(job, search->heap);
    gx_job_free(job, search->place);
    *search = (gx__dijkstra){0};
}

static void put(gx__dijkstra *search, uint32_t at, uint32_t v) {
    search->heap[at] = v;
    search->place[v] = at;
}

/* Moves v, which belongs at `at` or nearer to the root, to its place. */
static void rise(gx__dijkstra *search, uint32_t at, uint32_t v) {
    double distance = search->distance[v];
    while (at > 0) {
        uint32_t parent = (at - 1) / CHILDREN, u = search->heap[parent];
        if (search->distance[u] <= distance) {
            break;
        }
        put(search, at, u);
        at = parent;
    }
    put(search, at, v);
}

/* Moves v, put in the root's place, down to its own. */
static void sink(gx__dijkstra *search, uint32_t v) {
    double distance = search->distance[v];
    uint32_t at = 0;
    for (;;) {
        uint64_t child = (uint64_t)at * CHILDREN + 1, end = child + CHILDREN;
        uint32_t best = at;
        double nearest = distance;
        for (; child < end && child < search->waiting; child++) {
            double there = search->distance[search->heap[child]];
            best = there < nearest ? (uint32_t)child : best;
            nearest = there < nearest ? there : nearest;
        }
        if (best == at) {
            break;
        }
        put(search, at, search->heap[best]);
        at = best;
    }
    put(search, at, v);
}

static void offer(gx__dijkstra *search, uint32_t v, double distance) {
    if (distance < search->distance[v]) {
        bool waits = search->place[v] != GX_NONE;
        search->distance[v] = distance;
        rise(search, waits ? search->place[v] : search->waiting++, v);
    }
}

void gx__dijkstra_start(gx__dijkstra *search, const uint32_t *sources, uint32_t count) {
    for (uint32_t i = 0; i < search->settled; i++) {
        search->distance[search->order[i]] = (double)INFINITY;
    }
    for (uint32_t i = 0; i < search->waiting; i++) {
        search->distance[search->heap[i]] = (double)INFINITY;
        search->place[search->heap[i]] = GX_NONE;
    }
    search->settled = search->waiting = 0;
    for (uint32_t i = 0; i < count; i++) {
        offer(search, sources[i], 0);
    }
}

uint32_t gx__dijkstra_next(gx__dijkstra *search, const gx__paths *paths) {
    if (search->waiting == 0) {
        return GX_NONE;
    }
    uint32_t v = search->heap[0], last = search->heap[--search->waiting];
    search->place[v] = GX_NONE;
    if (search->waiting) {
        sink(search, last);
    }
    search->order[search->settled++] = v;
    double distance = search->distance[v];
    for (uint64_t i = paths->out.ptr[v]; i < paths->out.ptr[v + 1]; i++) {
        offer(search, paths->out.end[i], distance + gx__path_length(paths, &paths->out, i));
    }
    return v;
}

gx_status gx__dijkstra_run(gx__dijkstra *search, const gx__paths *paths, const uint32_t *sources,
                           uint32_t count, gx_job *job, gx_error *err) {
    gx__dijkstra_start(search, sources, count);
    while (gx__dijkstra_next(search, paths) != GX_NONE) {
        if (search->settled % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            break;
        }
    }
    return gx_job_check(job, err);
}
