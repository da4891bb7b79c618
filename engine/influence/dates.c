#include "engine/influence/dates.h"

#include <math.h>

enum { LOOK = 1 << 12 };

gx_status gx__dates_init(gx__dates *dates, uint32_t n, uint32_t days, double delay, gx_job *job,
                         gx_error *err) {
    gx_status status = GX_OK;
    *dates = (gx__dates){.days = days, .delay = delay};
    GX_TRY(gx_job_alloc(job, &dates->heap.key, n, sizeof *dates->heap.key, err));
    GX_TRY(gx_job_alloc(job, &dates->heap.item, n, sizeof *dates->heap.item, err));
    GX_TRY(gx_job_alloc(job, &dates->heap.place, n, sizeof *dates->heap.place, err));
    GX_TRY(gx_job_alloc(job, &dates->day, (size_t)days + 1, sizeof *dates->day, err));
    for (uint32_t v = 0; v < n; v++) {
        dates->heap.key[v] = INFINITY;
        dates->heap.place[v] = GX_NONE;
    }
done:
    return status;
}

void gx__dates_finish(gx__dates *dates, gx_job *job) {
    gx_job_free(job, dates->heap.key);
    gx_job_free(job, dates->heap.item);
    gx_job_free(job, dates->heap.place);
    gx_job_free(job, dates->day);
    *dates = (gx__dates){0};
}

/* A way over the kept arc `arc` to v, begun at `from`. */
static void offer(gx__dates *dates, uint32_t v, uint64_t arc, double from, uint64_t world) {
    const uint64_t delays = world ^ UINT64_C(0xd6e8feb86659fd93);
    gx__draws d = gx__draws_of(delays, arc);
    const double at = from + dates->delay * gx__minus_ln(gx__draws_real(&d));
    if (at < dates->heap.key[v]) {
        gx__heap_lower(&dates->heap, v, at);
    }
}

static void pass_on(gx__dates *dates, const gx_chances *chances, uint32_t v, uint64_t world) {
    const gx__chance_rows *rows = &chances->heard;
    const double from = dates->heap.key[v];
    gx__kept kept = gx__kept_of(rows, v);
    if (chances->model == GX_SPREAD_THRESHOLD) {
        for (uint64_t i = kept.at; i < kept.to; i++) {
            if (gx__kept_is(&chances->heeds, rows->node[i], v, world)) {
                offer(dates, rows->node[i], i, from, world);
            }
        }
        return;
    }
    gx__draws d = gx__draws_of(world, v);
    for (uint64_t arc; (arc = gx__kept_next(&kept, rows, &d)) < kept.to;) {
        offer(dates, rows->node[arc], arc, from, world);
    }
}

void gx__dates_add(gx__dates *dates, const gx_chances *chances, const uint32_t *reached,
                   uint32_t seeds, uint32_t count, uint64_t world, gx_job *job) {
    uint32_t looked = 0;
    for (uint32_t i = 0; i < seeds; i++) {
        gx__heap_lower(&dates->heap, reached[i], 0);
    }
    while (dates->heap.count > 0) {
        const uint32_t v = gx__heap_take(&dates->heap);
        const double day = floor(dates->heap.key[v]);
        dates->day[day < dates->days ? (uint32_t)day : dates->days]++;
        if (dates->heap.key[v] <= 0 || gx__passes_on(chances, v, world)) { /* 0: a seed */
            pass_on(dates, chances, v, world);
        }
        if (++looked % LOOK == 0 && gx_job_should_stop(job)) {
            break;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        dates->heap.key[reached[i]] = INFINITY;
        dates->heap.place[reached[i]] = GX_NONE;
    }
    dates->heap.count = 0;
}
