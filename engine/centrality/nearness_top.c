/* The highest scores, exactly, without those of everybody. First everybody gets a bound: there are
 * at most as many members at a distance of h as ways of h ties that do not turn back at once, which
 * is a sum over the neighbours for each h, O(m) for all members together. Then members are searched
 * from in the order of their bounds, until no bound is above the lowest of the highest so far; and
 * a search ends as soon as what it has seen, and how many can be at the next level at most, shows
 * that the member cannot be among them (Borassi, Crescenzi, Marino 2015; Bergamini, Borassi,
 * Crescenzi, Marino, Meyerhenke: Computing top-k closeness centrality faster in unweighted graphs,
 * 2019, sections 4 and 5.1). With lengths the h-th tie of a way is at least as long as the shortest
 * of all, the first as the member's own shortest, and a search ends by the distance reached.
 *
 * Who is compared with whom depends on the threads, but not the result: whoever may be among the
 * highest is searched from to the end, and of equal scores the first members count.
 *
 * In the worst case as many searches as members; in a small world few begin and most of them end
 * after their first ties. Memory: 52 bytes a member, 112 a member and thread, weighted 20. */
#include "engine/centrality/nearness_top.h"

#include "engine/centrality/nearness_many.h"
#include "engine/kernel/bfs.h"
#include "engine/kernel/dijkstra.h"
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/rank.h"
#include "engine/kernel/top.h"

#include <float.h>

enum {
    LOOK_EVERY = 8, /* members settled between two looks at the bound */
    ROWS = 4096     /* members between two looks at whether to stop */
};

static const double SLACK = 1 + 1e-12; /* sums in different order differ in their last digits */

typedef struct contest {
    const gx__nearness *a;
    double *bound;   /* of each member: its score is not above */
    double shortest; /* length of the shortest tie of all; 1 where they have none */
    uint32_t *order; /* by falling bound */
    uint32_t *part;  /* of each member: the representative of its component, direction aside */
    uint32_t *size;  /* by representative */
    gx__bfs *bfs;    /* one a thread, as those below */
    gx__many *many;  /* where a search would go on to much of the graph, many do at once */
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

/* Ways of 1, 2 and 3 ties that lead on from a member. */
typedef struct ways {
    double *of[3];
} ways;

static double bound_of(const contest *c, const ways *w, uint32_t v) {
    const gx__nearness *a = c->a;
    const bool exactly = !a->paths.directed && !a->paths.weighted;
    const double most = c->size[c->part[v]] - 1.0;
    const double first = a->paths.weighted ? gx__nearness_shortest(a, v) : 1;
    double high = 0;
    view k = {.near = first};
    if (w->of[0][v] <= 0 || first > DBL_MAX) {
        return 0;
    }
    for (int h = 0; h < 3; h++) {
        k.next = fmax(0, w->of[h][v]);
        k.far = k.near + c->shortest;
        if (h == 2 || (!a->harmonic && !exactly)) {
            high = fmax(high, highest(a, &k, h == 2 ? most : fmin(most, k.seen + k.next), exactly));
        }
        k.next = fmin(k.next, fmax(0, most - k.seen));
        k.seen += k.next;
        k.sum += a->harmonic ? k.next / k.near : k.next * k.near;
        k.near = k.far;
    }
    return high < DBL_MAX ? high : DBL_MAX;
}

static void count_ways(ways *w, const gx__nearness *a) {
    gx__rows_view rows = a->paths.out;
    rows.weight = NULL;
    for (uint32_t v = 0; v < a->n; v++) {
        w->of[0][v] = (double)gx__others(&rows, v);
    }
    gx__neighbour_sums(w->of[1], w->of[0], &rows, a->n, a->job);
    if (!a->paths.directed) { /* not those that turn back */
        for (uint32_t v = 0; v < a->n; v++) {
            w->of[1][v] -= w->of[0][v];
        }
    }
    gx__neighbour_sums(w->of[2], w->of[1], &rows, a->n, a->job);
    for (uint32_t v = 0; v < a->n && !a->paths.directed; v++) {
        w->of[2][v] -= (w->of[0][v] - 1) * w->of[0][v];
    }
}

static gx_status find_bounds(contest *c, gx_error *err) {
    const gx__nearness *a = c->a;
    gx_status status = GX_OK;
    ways w = {{NULL}};
    for (int h = 0; h < 3; h++) {
        GX_TRY(gx_job_alloc(a->job, &w.of[h], a->n, sizeof *w.of[h], err));
    }
    count_ways(&w, a);
    c->shortest = a->paths.weighted ? (double)INFINITY : 1;
    for (uint32_t v = 0; v < a->n && a->paths.weighted; v++) {
        GX_TRY(v % ROWS == 0 ? gx_job_check(a->job, err) : GX_OK);
        c->shortest = fmin(c->shortest, gx__nearness_shortest(a, v));
    }
    c->shortest = c->shortest > DBL_MAX ? 1 : c->shortest;
    GX_TRY(gx_job_check(a->job, err));
    for (uint32_t v = 0; v < a->n; v++) {
        GX_TRY(v % ROWS == 0 ? gx_job_check(a->job, err) : GX_OK);
        c->bound[v] = bound_of(c, &w, v);
    }
done:
    for (int h = 0; h < 3; h++) {
        gx_job_free(a->job, w.of[h]);
    }
    return status;
}

/* ---- one member ----------------------------------------------------------------------------- */

/* Searches at once from those who wait, less whoever has no chance any more. */
static void search_many(contest *c, gx__many *many) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < many->count; i++) {
        if (c->bound[many->member[i]] * SLACK >= bar_of(c)) {
            many->member[kept++] = many->member[i];
        }
    }
    many->count = kept;
    gx__many_run(many);
    for (uint32_t i = 0; i < kept && !gx_job_should_stop(c->a->job); i++) {
        offer(c, many->member[i], gx__nearness_score(c->a, many->sum[i], many->reached[i]));
    }
    many->count = 0;
}

static void try_plain(contest *c, gx__bfs *bfs, gx__many *many, uint32_t v) {
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
        const double high = highest(a, &k, most, !a->paths.directed);
        if (high * SLACK < bar_of(c)) {
            return;
        }
        if (2 * bfs->arcs_ahead > a->n && bfs->depth > 0) {
            c->bound[v] = fmin(c->bound[v], high);
            many->member[many->count++] = v;
            if (many->count == GX__LANES) {
                search_many(c, many);
            }
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
        k.near = search->distance[u];
        k.far = k.near + c->shortest; /* of those not waiting: behind one who waits */
        k.next = search->waiting.count;
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

static gx_status prepare(contest *c, gx_error *err) {
    const gx__nearness *a = c->a;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(a->job, &c->part, a->n, sizeof *c->part, err));
    GX_TRY(gx_job_alloc(a->job, &c->size, a->n, sizeof *c->size, err));
    find_parts(c);
    GX_TRY(gx_job_check(a->job, err));
    GX_TRY(gx_job_alloc(a->job, &c->bound, a->n, sizeof *c->bound, err));
    GX_TRY(find_bounds(c, err));
    GX_TRY(gx_job_alloc(a->job, &c->order, a->n, sizeof *c->order, err));
    GX_TRY(gx__rank_falling(c->order, c->bound, a->n, a->job, err));
    GX_TRY(gx_job_alloc(a->job, &c->top.entry, a->top, sizeof *c->top.entry, err));
    GX_TRY(gx_job_alloc(a->job, &c->bfs, (size_t)a->threads, sizeof *c->bfs, err));
    GX_TRY(gx_job_alloc(a->job, &c->many, (size_t)a->threads, sizeof *c->many, err));
    GX_TRY(gx_job_alloc(a->job, &c->dijkstra, (size_t)a->threads, sizeof *c->dijkstra, err));
    for (int i = 0; i < a->threads; i++) {
        GX_TRY(a->paths.weighted ? gx__dijkstra_init(&c->dijkstra[i], a->n, a->job, err)
                                 : gx__bfs_init(&c->bfs[i], a->n, a->job, err));
        GX_TRY(a->paths.weighted ? GX_OK : gx__many_init(&c->many[i], a, err));
    }
done:
    return status;
}

static void finish(contest *c) {
    gx_job *job = c->a->job;
    for (int i = 0; i < c->a->threads; i++) {
        if (c->bfs && c->many && c->dijkstra) {
            gx__bfs_finish(&c->bfs[i], job);
            gx__many_finish(&c->many[i], job);
            gx__dijkstra_finish(&c->dijkstra[i], job);
        }
    }
    gx_job_free(job, c->bound);
    gx_job_free(job, c->order);
    gx_job_free(job, c->part);
    gx_job_free(job, c->size);
    gx_job_free(job, c->bfs);
    gx_job_free(job, c->many);
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
        if (c.bound[c.order[i]] * SLACK < bar_of(&c) || gx_job_should_stop(a->job)) {
            continue; /* as will be all that follow */
        }
        if (a->paths.weighted) {
            try_weighted(&c, &c.dijkstra[worker], c.order[i]);
        } else {
            try_plain(&c, &c.bfs[worker], &c.many[worker], c.order[i]);
        }
        if (worker == 0) {
            gx_job_tick(a->job, i);
        }
    }
#pragma omp parallel for schedule(static, 1) num_threads(a->threads) if (a->threads > 1)
    for (int i = 0; i < a->threads; i++) {
        if (!a->paths.weighted && c.many[i].count && !gx_job_should_stop(a->job)) {
            search_many(&c, &c.many[i]);
        }
    }
    GX_TRY(gx_job_check(a->job, err));
    for (uint32_t v = 0; v < a->n; v++) {
        score[v] = (double)NAN; /* not computed, which is not 0 */
    }
    for (uint32_t i = 0; i < c.top.count; i++) {
        score[c.top.entry[i].id] = c.top.entry[i].score;
    }
done:
    finish(&c);
    return status;
}

uint64_t gx__nearness_top_bytes(const gx__nearness *a, int threads) {
    uint64_t n = a->n, each = a->paths.weighted ? gx__dijkstra_bytes(a->n) + sizeof(gx__many)
                                                : gx__bfs_bytes(a->n) + gx__many_bytes(a->n);
    uint64_t ordering = n * (3 * sizeof(uint32_t) + sizeof(double) + 32);
    uint64_t search = n * (3 * sizeof(uint32_t) + sizeof(double)) + a->top * sizeof(gx__top_entry) +
                      (uint64_t)threads * (each + sizeof(gx__bfs) + sizeof(gx__dijkstra));
    return ordering > search ? ordering : search;
}
