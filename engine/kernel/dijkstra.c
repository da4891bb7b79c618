#include "engine/kernel/dijkstra.h"

enum { LOOK_EVERY = 1024 };

gx_status gx__dijkstra_init(gx__dijkstra *out, uint32_t n, gx_job *job, gx_error *err) {
    gx__dijkstra search = {.n = n};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &search.distance, n, sizeof *search.distance, err));
    GX_TRY(gx_job_alloc(job, &search.order, n, sizeof *search.order, err));
    GX_TRY(gx_job_alloc(job, &search.waiting.item, n, sizeof *search.waiting.item, err));
    GX_TRY(gx_job_alloc(job, &search.waiting.place, n, sizeof *search.waiting.place, err));
    search.waiting.key = search.distance;
    for (uint32_t v = 0; v < n; v++) {
        search.distance[v] = (double)INFINITY;
        search.waiting.place[v] = GX_NONE;
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

double gx__dijkstra_seconds(const gx__degrees *degrees) {
    return gx__ties_seconds(degrees, 48, (gx__pace){67, 1.7, 24, 68});
}

void gx__dijkstra_finish(gx__dijkstra *search, gx_job *job) {
    gx_job_free(job, search->distance);
    gx_job_free(job, search->order);
    gx_job_free(job, search->waiting.item);
    gx_job_free(job, search->waiting.place);
    *search = (gx__dijkstra){0};
}

static void offer(gx__dijkstra *search, uint32_t v, double distance) {
    if (distance < search->distance[v]) {
        gx__heap_lower(&search->waiting, v, distance);
    }
}

void gx__dijkstra_start(gx__dijkstra *search, const uint32_t *sources, uint32_t count) {
    for (uint32_t i = 0; i < search->settled; i++) {
        search->distance[search->order[i]] = (double)INFINITY;
    }
    for (uint32_t i = 0; i < search->waiting.count; i++) {
        uint32_t v = search->waiting.item[i];
        search->distance[v] = (double)INFINITY;
        search->waiting.place[v] = GX_NONE;
    }
    search->settled = search->waiting.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        offer(search, sources[i], 0);
    }
}

uint32_t gx__dijkstra_next(gx__dijkstra *search, const gx__paths *paths) {
    if (search->waiting.count == 0) {
        return GX_NONE;
    }
    uint32_t v = gx__heap_take(&search->waiting);
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
