/* Components, members drawn of each, and how far anybody is from anybody at most. */
#include "engine/centrality/nearness_strata.h"

#include "engine/kernel/bfs.h"
#include "engine/kernel/dijkstra.h"
#include "engine/kernel/draw.h"

/* Either search. */
typedef struct search {
    const gx__paths *paths;
    gx__bfs bfs;
    gx__dijkstra dijkstra;
    const uint32_t *order; /* members reached, nearest first */
    uint32_t reached;
} search;

static gx_status search_init(search *s, const gx__paths *paths, gx_job *job, gx_error *err) {
    *s = (search){.paths = paths};
    return paths->weighted ? gx__dijkstra_init(&s->dijkstra, paths->n, job, err)
                           : gx__bfs_init(&s->bfs, paths->n, job, err);
}

static void search_finish(search *s, gx_job *job) {
    gx__bfs_finish(&s->bfs, job);
    gx__dijkstra_finish(&s->dijkstra, job);
}

static gx_status search_from(search *s, uint32_t v, gx_job *job, gx_error *err) {
    gx_status status = s->paths->weighted
                           ? gx__dijkstra_run(&s->dijkstra, s->paths, &v, 1, job, err)
                           : gx__bfs_run(&s->bfs, s->paths, &v, 1, job, err);
    s->order = s->paths->weighted ? s->dijkstra.order : s->bfs.queue;
    s->reached = s->paths->weighted ? s->dijkstra.settled : s->bfs.reached;
    return status;
}

static double distance_of(const search *s, uint32_t v) {
    return s->paths->weighted ? s->dijkstra.distance[v] : s->bfs.level[v];
}

/* By way of the member with most ties nobody is farther from v than v from it, and it from the
 * farthest. */
static gx_status measure_reach(gx__strata *s, search *find, gx_job *job, gx_error *err) {
    const gx__rows_view *out = &find->paths->out;
    uint32_t hub = find->order[0];
    for (uint32_t i = 1; i < find->reached; i++) {
        uint32_t v = find->order[i];
        hub = gx__row_length(out, v) > gx__row_length(out, hub) ? v : hub;
    }
    gx_status status = search_from(find, hub, job, err);
    double farthest = distance_of(find, find->order[find->reached - 1]);
    for (uint32_t i = 0; i < find->reached; i++) {
        uint32_t v = find->order[i];
        s->reach[v] = distance_of(find, v) + farthest;
    }
    return status;
}

static gx_status find_parts(gx__strata *s, const gx__nearness *a, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = a->job;
    search find = {0};
    GX_TRY(gx_job_alloc(job, &s->part, a->n, sizeof *s->part, err));
    GX_TRY(gx_job_alloc(job, &s->size, a->n, sizeof *s->size, err));
    if (!a->harmonic) {
        GX_TRY(gx_job_alloc(job, &s->reach, a->n, sizeof *s->reach, err));
    }
    GX_TRY(search_init(&find, &a->paths, job, err));
    memset(s->part, 0xff, a->n * sizeof *s->part);
    for (uint32_t v = 0; v < a->n; v++) {
        if (s->part[v] != GX_NONE) {
            continue;
        }
        GX_TRY(search_from(&find, v, job, err));
        for (uint32_t i = 0; i < find.reached; i++) {
            s->part[find.order[i]] = s->parts;
        }
        s->size[s->parts++] = find.reached;
        if (s->reach && find.reached > a->samples) {
            GX_TRY(measure_reach(s, &find, job, err));
        }
    }
done:
    search_finish(&find, job);
    return status;
}

static uint32_t drawn_of(const gx__strata *s, const gx__nearness *a, uint32_t part) {
    return s->size[part] < a->samples ? s->size[part] : a->samples;
}

/* Every member of a random order is drawn until its part has enough. */
static gx_status draw_pivots(gx__strata *s, const gx__nearness *a, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = a->job;
    uint32_t n = a->n, *order = NULL, *drawn = NULL;
    GX_TRY(gx__draw(&order, n - 1, n, job->seed, job, err));
    GX_TRY(gx_job_alloc(job, &drawn, s->parts, sizeof *drawn, err));
    GX_TRY(gx_job_alloc(job, &s->pivot, n, sizeof *s->pivot, err));
    for (uint32_t c = 0; c < s->parts; c++) {
        s->numbers = drawn_of(s, a, c) > s->numbers ? drawn_of(s, a, c) : s->numbers;
    }
    GX_TRY(gx_job_alloc(job, &s->at, (size_t)s->numbers + 1, sizeof *s->at, err));
    for (uint32_t c = 0; c < s->parts; c++) {
        for (uint32_t j = 0; j < drawn_of(s, a, c); j++) {
            s->at[j + 1]++;
        }
    }
    for (uint32_t j = 0; j < s->numbers; j++) {
        s->at[j + 1] += s->at[j];
    }
    for (uint32_t i = 0; i < n; i++) { /* each start runs to its end, the next one's start */
        uint32_t c = s->part ? s->part[order[i]] : 0;
        if (drawn[c] < a->samples) {
            s->pivot[s->at[drawn[c]++]++] = order[i];
        }
    }
    memmove(s->at + 1, s->at, s->numbers * sizeof *s->at);
    s->at[0] = 0;
done:
    gx_job_free(job, order);
    gx_job_free(job, drawn);
    return status;
}

gx_status gx__strata_init(gx__strata *out, const gx__nearness *a, gx_error *err) {
    gx__strata s = {0};
    gx_status status = GX_OK;
    if (a->paths.directed) {
        s.parts = 1;
        GX_TRY(gx_job_alloc(a->job, &s.size, 1, sizeof *s.size, err));
        s.size[0] = a->n;
    } else {
        GX_TRY(find_parts(&s, a, err));
    }
    GX_TRY(draw_pivots(&s, a, err));
    *out = s;
    return GX_OK;
done:
    gx__strata_finish(&s, a->job);
    return status;
}

uint64_t gx__strata_bytes(const gx__nearness *a, uint64_t *out_peak) {
    uint64_t n = a->n, pivots = n * sizeof(uint32_t) + (a->samples + 1ull) * sizeof(uint64_t);
    uint64_t drawing = pivots + n * sizeof(uint32_t), finding = 0, kept = sizeof(uint32_t);
    if (!a->paths.directed) {
        drawing += n * sizeof(uint32_t); /* as many parts as members, at worst */
        kept = n * 2 * sizeof(uint32_t) + (a->harmonic ? 0 : n * sizeof(double));
        finding = a->paths.weighted ? gx__dijkstra_bytes(a->n) : gx__bfs_bytes(a->n);
    }
    *out_peak = kept + (finding > drawing ? finding : drawing);
    return kept + pivots;
}

void gx__strata_finish(gx__strata *strata, gx_job *job) {
    gx_job_free(job, strata->part);
    gx_job_free(job, strata->size);
    gx_job_free(job, strata->pivot);
    gx_job_free(job, strata->at);
    gx_job_free(job, strata->reach);
    *strata = (gx__strata){0};
}
