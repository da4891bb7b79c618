/* The highest scores, exactly, without those of everybody: members are searched from in the order
 * of their ties, most first, and a search ends as soon as what it has seen, and how many can be
 * at the next level at most, shows that the member cannot be among the highest so far (Borassi,
 * Crescenzi, Marino 2015; Bergamini, Borassi, Crescenzi, Marino, Meyerhenke: Computing top-k
 * closeness centrality faster in unweighted graphs, 2019, section 4; with lengths, by the
 * distance reached). Who is compared with whom depends on the threads, but not the result:
 * whoever may be among the highest is searched from to the end, and of equal scores the first
 * members count.
 *
 * In the worst case as many searches as members; in a small world most end after their first ties.
 * Memory: 44 bytes a member, and a search a thread. */
#include "engine/centrality/nearness.h"

#include "engine/kernel/bfs.h"
#include "engine/kernel/dijkstra.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/rank.h"
#include "engine/kernel/top.h"

enum {
    LOOK_EVERY = 8, /* members settled between two looks at the bound */
    ROWS = 4096     /* members between two looks at whether to stop */
};

static const double SLACK = 1 + 1e-12; /* sums in different order differ in their last digits */

typedef struct contest {
    const gx__nearness *a;
    uint32_t *order;
    uint32_t *part; /* of each member: the representative of its component, direction aside */
    uint32_t *size; /* by representative */
    gx__bfs *bfs;
    gx__dijkstra *dijkstra;
    gx__top top;
    double bar; /* what the lowest of the highest has; below 0 while there are too few */
} contest;

static double bar_of(contest *c) {
    double bar;
#pragma omp atomic read
    bar = c->bar;
    return bar;
}

static void offer(contest *c, uint32_t v, double score) {
#pragma omp critical(gx__nearness_top)
    {
        gx__top_offer(&c->top, score, v, 0);
        if (c->top.count == c->top.capacity) {
#pragma omp atomic write
            c->bar = c->top.entry[0].score;
        }
    }
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* What is known: the sum over `seen` others, at most `next` more at the distance `near`, all the
 * rest at `far` or more. */
typedef struct view {
    double sum, seen, next, near, far;
} view;

/* With `reached` others in all. */
static double highest_with(const gx__nearness *a, const view *k, double reached) {
    double rest = fmax(0, reached - k->seen), next = fmin(k->next, rest);
    double sum = a->harmonic ? k->sum + next / k->near + (rest - next) / k->far
                             : k->sum + next * k->near + (rest - next) * k->far;
    return gx__nearness_score(a, sum, k->seen + rest);
}

/* The score as a function of the number reached has no maximum inside of a range in which all the
 * rest is at one distance, so the ends are enough. */
static double highest(const gx__nearness *a, const view *k, double most, bool exactly) {
    double high = highest_with(a, k, most);
    if (!a->harmonic && !exactly) {
        high = fmax(high, highest_with(a, k, k->seen));
        high = fmax(high, highest_with(a, k, fmin(most, k->seen + k->next)));
    }
    return high;
}

/* ---- one member ----------------------------------------------------------------------------- */

static void try_plain(contest *c, gx__bfs *bfs, uint32_t v) {
    const gx__nearness *a = c->a;
    double most = c->size[c->part[v]] - 1.0;
    view k = {0};
    gx__bfs_start(bfs, &a->paths, &v, 1);
    for (;;) {
        uint32_t size = bfs->reached - bfs->first;
        k.near = bfs->depth + 1.0;
        k.far = k.near + 1;
        k.next = (double)bfs->arcs_ahead;
        if (!a->paths.directed && bfs->depth > 0) {
            k.next -= size; /* a tie of each leads back */
        }
        if (highest(a, &k, most, !a->paths.directed) * SLACK < bar_of(c)) {
            return;
        }
        if (!gx__bfs_step(bfs, &a->paths, a->job)) {
            break;
        }
        size = bfs->reached - bfs->first;
        k.seen += size;
        k.sum += a->harmonic ? size / (double)bfs->depth : (double)size * bfs->depth;
    }
    if (!gx_job_should_stop(a->job)) {
        offer(c, v, gx__nearness_score(a, k.sum, k.seen));
    }
}

static void try_weighted(contest *c, gx__dijkstra *search, uint32_t v) {
    const gx__nearness *a = c->a;
    double most = c->size[c->part[v]] - 1.0;
    view k = {0};
    gx__dijkstra_start(search, &v, 1);
    gx__dijkstra_next(search, &a->paths);
    for (;;) {
        uint32_t u = gx__dijkstra_next(search, &a->paths);
        if (u == GX_NONE) {
            break;
        }
        k.near = k.far = search->distance[u];
        k.seen += 1;
        k.sum += a->harmonic ? 1 / k.near : k.near;
        if (search->settled % LOOK_EVERY == 0 &&
            (highest(a, &k, most, false) * SLACK < bar_of(c) || gx_job_should_stop(a->job))) {
            return;
        }
    }
    offer(c, v, gx__nearness_score(a, k.sum, k.seen));
}

/* ---- before and after ----------------------------------------------------------------------- */

static uint32_t root_of(uint32_t *part, uint32_t v) {
    while (part[v] != v) {
        part[v] = part[part[v]];
        v = part[v];
    }
    return v;
}

static void find_parts(contest *c) {
    const gx__paths *paths = &c->a->paths;
    for (uint32_t v = 0; v < paths->n; v++) {
        c->part[v] = v;
    }
    for (uint32_t v = 0; v < paths->n; v++) {
        if (v % ROWS == 0 && gx_job_should_stop(c->a->job)) {
            return;
        }
        for (uint64_t i = paths->out.ptr[v]; i < paths->out.ptr[v + 1]; i++) {
            uint32_t x = root_of(c->part, v), y = root_of(c->part, paths->out.end[i]);
            c->part[x > y ? x : y] = x > y ? y : x;
        }
    }
    for (uint32_t v = 0; v < paths->n; v++) {
        c->part[v] = root_of(c->part, v);
        c->size[c->part[v]]++;
    }
}

/* Most ties first. */
static gx_status make_order(contest *c, gx_error *err) {
    const gx__rows_view *out = &c->a->paths.out;
    double *degree;
    gx_status status = gx_job_alloc(c->a->job, &degree, c->a->n, sizeof *degree, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t v = 0; v < c->a->n; v++) {
        degree[v] = (double)(out->ptr[v + 1] - out->ptr[v]);
    }
    status = gx__rank_falling(c->order, degree, c->a->n, c->a->job, err);
    gx_job_free(c->a->job, degree);
    return status;
}

static gx_status prepare(contest *c, gx_error *err) {
    const gx__nearness *a = c->a;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(a->job, &c->order, a->n, sizeof *c->order, err));
    GX_TRY(make_order(c, err));
    GX_TRY(gx_job_alloc(a->job, &c->part, a->n, sizeof *c->part, err));
    GX_TRY(gx_job_alloc(a->job, &c->size, a->n, sizeof *c->size, err));
    GX_TRY(gx_job_alloc(a->job, &c->top.entry, a->top, sizeof *c->top.entry, err));
    GX_TRY(gx_job_alloc(a->job, &c->bfs, (size_t)a->threads, sizeof *c->bfs, err));
    GX_TRY(gx_job_alloc(a->job, &c->dijkstra, (size_t)a->threads, sizeof *c->dijkstra, err));
    for (int i = 0; i < a->threads; i++) {
        GX_TRY(a->paths.weighted ? gx__dijkstra_init(&c->dijkstra[i], a->n, a->job, err)
                                 : gx__bfs_init(&c->bfs[i], a->n, a->job, err));
    }
    find_parts(c);
done:
    return status;
}

static void finish(contest *c) {
    gx_job *job = c->a->job;
    for (int i = 0; i < c->a->threads; i++) {
        if (c->bfs && c->dijkstra) {
            gx__bfs_finish(&c->bfs[i], job);
            gx__dijkstra_finish(&c->dijkstra[i], job);
        }
    }
    gx_job_free(job, c->order);
    gx_job_free(job, c->part);
    gx_job_free(job, c->size);
    gx_job_free(job, c->bfs);
    gx_job_free(job, c->dijkstra);
    gx_job_free(job, c->top.entry);
}

gx_status gx__nearness_top(double *score, const gx__nearness *a, gx_error *err) {
    gx_status status = GX_OK;
    contest c = {.a = a, .top = {.capacity = a->top}, .bar = -1};
    gx_job_stage(a->job, a->harmonic ? "harmonic" : "closeness", a->n);
    GX_TRY(prepare(&c, err));
#pragma omp parallel for schedule(dynamic, 4) num_threads(a->threads) if (a->threads > 1)
    for (uint32_t i = 0; i < a->n; i++) {
        int worker = gx_thread();
        if (gx_job_should_stop(a->job)) {
            continue;
        }
        if (a->paths.weighted) {
            try_weighted(&c, &c.dijkstra[worker], c.order[i]);
        } else {
            try_plain(&c, &c.bfs[worker], c.order[i]);
        }
        if (worker == 0) {
            gx_job_tick(a->job, i);
        }
    }
    GX_TRY(gx_job_check(a->job, err));
    for (uint32_t i = 0; i < c.top.count; i++) {
        score[c.top.entry[i].id] = c.top.entry[i].score;
    }
done:
    finish(&c);
    return status;
}

uint64_t gx__nearness_top_bytes(const gx__nearness *a, bool weighted, int threads) {
    uint64_t n = a->n, each = weighted ? gx__dijkstra_bytes(a->n) : gx__bfs_bytes(a->n);
    uint64_t ordering = n * (sizeof(uint32_t) + sizeof(double) + 32);
    uint64_t search = n * 3 * sizeof(uint32_t) + a->top * sizeof(gx__top_entry) +
                      (uint64_t)threads * (each + sizeof(gx__bfs) + sizeof(gx__dijkstra));
    return ordering > search ? ordering : search;
}
