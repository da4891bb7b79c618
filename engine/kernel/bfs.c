#include "engine/kernel/bfs.h"

enum {
    BACKWARDS_AT = 14, /* when the ties ahead are more than a 14th of those left … */
    FORWARDS_AT = 24,  /* … until a level is smaller than a 24th of all; both from the paper */
    LOOK_EVERY = 4096  /* members between two looks at whether to stop */
};

gx_status gx__bfs_init(gx__bfs *out, uint32_t n, gx_job *job, gx_error *err) {
    gx__bfs bfs = {.n = n};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &bfs.level, n, sizeof *bfs.level, err));
    GX_TRY(gx_job_alloc(job, &bfs.queue, n, sizeof *bfs.queue, err));
    GX_TRY(gx_job_alloc(job, &bfs.front, (size_t)n / 64 + 1, sizeof *bfs.front, err));
    for (uint32_t v = 0; v < n; v++) {
        bfs.level[v] = GX_NONE;
    }
    *out = bfs;
    return GX_OK;
done:
    gx__bfs_finish(&bfs, job);
    return status;
}

uint64_t gx__bfs_bytes(uint32_t n) {
    return (uint64_t)n * 2 * sizeof(uint32_t) + ((uint64_t)n / 64 + 1) * sizeof(uint64_t);
}

void gx__bfs_finish(gx__bfs *bfs, gx_job *job) {
    gx_job_free(job, bfs->level);
    gx_job_free(job, bfs->queue);
    gx_job_free(job, bfs->front);
    *bfs = (gx__bfs){0};
}

static void reach(gx__bfs *bfs, const gx__paths *paths, uint32_t v, uint32_t level) {
    bfs->level[v] = level;
    bfs->queue[bfs->reached++] = v;
    bfs->arcs_ahead += gx__row_length(&paths->out, v);
    if (paths->in.ptr) {
        bfs->arcs_left -= gx__row_length(&paths->in, v);
    }
}

void gx__bfs_start(gx__bfs *bfs, const gx__paths *paths, const uint32_t *sources, uint32_t count) {
    for (uint32_t i = 0; i < bfs->reached; i++) {
        bfs->level[bfs->queue[i]] = GX_NONE;
    }
    bfs->reached = bfs->first = bfs->depth = 0;
    bfs->arcs_ahead = 0;
    bfs->arcs_left = paths->m;
    bfs->backwards = false;
    for (uint32_t i = 0; i < count; i++) {
        if (bfs->level[sources[i]] == GX_NONE) {
            reach(bfs, paths, sources[i], 0);
        }
    }
}

static void step_forwards(gx__bfs *bfs, const gx__paths *paths, uint32_t end, gx_job *job) {
    uint32_t level = bfs->depth + 1;
    for (uint32_t i = bfs->first; i < end; i++) {
        uint32_t v = bfs->queue[i];
        if (i % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            return;
        }
        for (uint64_t k = paths->out.ptr[v]; k < paths->out.ptr[v + 1]; k++) {
            uint32_t u = paths->out.end[k];
            if (bfs->level[u] == GX_NONE) {
                reach(bfs, paths, u, level);
            }
        }
    }
}

static void set_front(gx__bfs *bfs, uint32_t end, bool on) {
    for (uint32_t i = bfs->first; i < end; i++) {
        uint32_t v = bfs->queue[i];
        uint64_t bit = (uint64_t)1 << v % 64;
        bfs->front[v / 64] = on ? bfs->front[v / 64] | bit : 0;
    }
}

static void step_backwards(gx__bfs *bfs, const gx__paths *paths, uint32_t end, gx_job *job) {
    uint32_t level = bfs->depth + 1;
    set_front(bfs, end, true);
    for (uint32_t v = 0; v < bfs->n; v++) {
        if (v % LOOK_EVERY == 0 && gx_job_should_stop(job)) {
            break;
        }
        if (bfs->level[v] != GX_NONE) {
            continue;
        }
        for (uint64_t k = paths->in.ptr[v]; k < paths->in.ptr[v + 1]; k++) {
            uint32_t u = paths->in.end[k];
            if (bfs->front[u / 64] >> u % 64 & 1) {
                reach(bfs, paths, v, level);
                break;
            }
        }
    }
    set_front(bfs, end, false);
}

bool gx__bfs_step(gx__bfs *bfs, const gx__paths *paths, gx_job *job) {
    uint32_t end = bfs->reached, size = end - bfs->first;
    bool can = paths->in.ptr != NULL;
    bfs->backwards = can && (bfs->backwards ? size > bfs->n / FORWARDS_AT
                                            : bfs->arcs_ahead > bfs->arcs_left / BACKWARDS_AT &&
                                                  size > bfs->n / FORWARDS_AT);
    bfs->arcs_ahead = 0;
    if (bfs->backwards) {
        step_backwards(bfs, paths, end, job);
    } else {
        step_forwards(bfs, paths, end, job);
    }
    bfs->first = end;
    bfs->depth += bfs->reached > end;
    return bfs->reached > end && !gx_job_should_stop(job);
}

gx_status gx__bfs_run(gx__bfs *bfs, const gx__paths *paths, const uint32_t *sources, uint32_t count,
                      gx_job *job, gx_error *err) {
    gx__bfs_start(bfs, paths, sources, count);
    while (gx__bfs_step(bfs, paths, job)) {
    }
    return gx_job_check(job, err);
}

/* ---- how far searches go -----------------------------------------------------------------------
 */

enum { WALKS = 8 };

gx__reach gx__bfs_reach(const gx__paths *paths) {
    gx__reach reach = {1, 1};
    double members = 0, ties = 0, walks = 0;
    gx_job job;
    gx__bfs bfs = {0};
    if (!paths->directed || !paths->out.ptr || paths->n == 0 || paths->m == 0) {
        return reach;
    }
    gx_job_init(&job, 1, 1);
    if (gx__bfs_init(&bfs, paths->n, &job, NULL) == GX_OK) {
        for (; walks < WALKS && 2 * ties < (double)paths->m; walks++) {
            uint32_t from = (uint32_t)(gx_mix64((uint64_t)walks) % paths->n);
            if (gx__bfs_run(&bfs, paths, &from, 1, &job, NULL) != GX_OK) {
                break;
            }
            for (uint32_t i = 0; i < bfs.reached; i++) {
                uint32_t v = bfs.queue[i];
                ties += (double)(paths->out.ptr[v + 1] - paths->out.ptr[v]);
            }
            members += bfs.reached;
        }
        reach = (gx__reach){fmin(members / fmax(walks, 1) / paths->n, 1),
                            fmin(ties / fmax(walks, 1) / (double)paths->m, 1)};
    }
    gx__bfs_finish(&bfs, &job);
    return reach;
}
