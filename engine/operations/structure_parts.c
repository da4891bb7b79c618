/* Figures of the structure of a community: ties within circles, texture, distances. */
#include "engine/operations/structure.h"

#include "engine/community/partition.h"
#include "engine/kernel/neighbours.h"
#include "engine/kernel/triangles.h"

#include <math.h>

enum { MEMBERS_CHUNK = 512, SMALL = 1 << 14, DISTANCES_FIRST = 64 };

/* ---- ties within circles --------------------------------------------------------------------- */

static void count_row(gx__inner *inner, const gx_graph *graph, uint32_t place, bool write) {
    const uint32_t v = inner->member[place], c = inner->community[v];
    uint64_t at = write ? inner->ptr[place] : 0;
    for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
        uint32_t u = graph->out_dst[i];
        if (u != v && inner->community[u] == c) {
            if (write) {
                inner->dst[at] = inner->place[u];
            }
            if (write && inner->weight) {
                inner->weight[at] = graph->out_weight[i];
            }
            at++;
        }
    }
    if (!write) {
        inner->ptr[place + 1] = at;
    }
}

static void walk_rows(gx__inner *inner, const gx_graph *graph, bool write, gx_job *job) {
    const int threads = graph->m + graph->n > SMALL ? job->threads : 1;
    const uint32_t n = inner->n;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, MEMBERS_CHUNK) if (threads > 1)
    for (uint32_t p = 0; p < n; p++) {
        if (!gx_job_should_stop(job)) {
            count_row(inner, graph, p, write);
        }
    }
}

gx_status gx__inner_init(gx__inner *out, const gx_graph *graph, const uint32_t *community,
                         uint32_t circles, gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    gx__inner inner = {.n = n, .circles = circles, .community = community};
    gx_status status;
    GX_TRY(gx_job_alloc(job, &inner.at, (size_t)inner.circles + 1, sizeof *inner.at, err));
    GX_TRY(gx_job_alloc(job, &inner.member, n, sizeof *inner.member, err));
    GX_TRY(gx_job_alloc(job, &inner.place, n, sizeof *inner.place, err));
    GX_TRY(gx_job_alloc(job, &inner.ptr, (size_t)n + 1, sizeof *inner.ptr, err));
    gx_partition_group(inner.at, inner.member, community, inner.circles, NULL, n);
    for (uint32_t p = 0; p < n; p++) {
        inner.place[inner.member[p]] = p;
    }
    walk_rows(&inner, graph, false, job);
    GX_TRY(gx_job_check(job, err));
    for (uint32_t p = 0; p < n; p++) {
        inner.ptr[p + 1] += inner.ptr[p];
    }
    GX_TRY(gx_job_alloc(job, &inner.dst, inner.ptr[n], sizeof *inner.dst, err));
    if (graph->out_weight) {
        GX_TRY(gx_job_alloc(job, &inner.weight, inner.ptr[n], sizeof *inner.weight, err));
    }
    walk_rows(&inner, graph, true, job);
    GX_TRY(gx_job_check(job, err));
    *out = inner;
    return GX_OK;
done:
    gx__inner_finish(&inner, job);
    return status;
}

void gx__inner_localise(gx__inner *inner) {
    for (uint32_t c = 0; c < inner->circles; c++) {
        for (uint64_t i = inner->ptr[inner->at[c]]; i < inner->ptr[inner->at[c + 1]]; i++) {
            inner->dst[i] -= inner->at[c];
        }
    }
}

void gx__inner_finish(gx__inner *inner, gx_job *job) {
    gx_job_free(job, inner->at);
    gx_job_free(job, inner->member);
    gx_job_free(job, inner->place);
    gx_job_free(job, inner->ptr);
    gx_job_free(job, inner->dst);
    gx_job_free(job, inner->weight);
    *inner = (gx__inner){0};
}

/* ---- texture --------------------------------------------------------------------------------- */

typedef struct weave {
    const gx_graph *graph;
    uint32_t *degree;    /* without self-loops */
    uint64_t *triangles; /* by member */
    double *strength;    /* weight of the member's ties, without self-loops; NULL: all weigh 1 */
    double *closed;      /* of the closed paths around the member: their mean weights, summed */
} weave;

/* Sums over members: of d, d², d³, of d times the neighbours' degrees, and what clustering needs.
 */
typedef struct strands {
    double ends, squares, cubes, products;
    double closed, paths, local, counted;
} strands;

/* Likewise by weight: of s, d s, d s², s times the neighbours' strengths. */
typedef struct heavy_strands {
    double weight, first, second, products;
    double closed, paths, local, counted;
} heavy_strands;

static void add_heavy_member(heavy_strands *h, const weave *w, uint32_t v) {
    const gx_graph *g = w->graph;
    const double d = w->degree[v], s = w->strength[v], paths = s * (d - 1) / 2;
    double around = 0;
    for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
        around += g->out_dst[i] == v ? 0 : w->strength[g->out_dst[i]];
    }
    h->weight += s;
    h->first += d * s;
    h->second += d * s * s;
    h->products += s * around;
    if (w->degree[v] > 1 && s > 0) {
        h->closed += w->closed[v];
        h->paths += paths;
        h->local += w->closed[v] / paths;
        h->counted += 1;
    }
}

/* Newman's r of M ties between values j and k at their ends: Σ jk, ½ Σ (j + k) and ½ Σ (j² + k²)
 * are sums over members; `ends` is 2 M. */
static double correlation(double first, double second, double products, double ends) {
    const double mean = first / ends, spread = second / ends - mean * mean;
    return ends > 0 && spread > 1e-12 * mean * mean ? (products / ends - mean * mean) / spread
                                                    : (double)NAN;
}

static void close_heavy(gx__texture *t, const heavy_strands *h, double ends) {
    t->weight = h->weight / 2;
    t->weighted_clustering = t->weighted_local_clustering = (double)NAN;
    if (h->paths > 0) {
        t->weighted_clustering = fmin(h->closed / h->paths, 1);
        t->weighted_local_clustering = fmin(h->local / h->counted, 1);
    }
    t->weighted_assortativity = correlation(h->first, h->second, h->products, ends);
}

static void add_member(strands *s, const weave *w, uint32_t v) {
    const gx_graph *g = w->graph;
    const double d = w->degree[v], triangles = (double)w->triangles[v];
    uint64_t around = 0;
    for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
        around += g->out_dst[i] == v ? 0 : w->degree[g->out_dst[i]];
    }
    s->ends += d;
    s->squares += d * d;
    s->cubes += d * d * d;
    s->products += d * (double)around;
    s->closed += triangles;
    s->paths += d * (d - 1) / 2;
    if (w->degree[v] > 1) {
        s->local += triangles / (d * (d - 1) / 2);
        s->counted += 1;
    }
}

static gx__texture close_strands(const strands *s) {
    gx__texture t = {
        .ties = s->ends / 2, .clustering = (double)NAN, .local_clustering = (double)NAN};
    if (s->paths > 0) {
        t.clustering = s->closed / s->paths;
        t.local_clustering = s->local / s->counted;
    }
    t.assortativity = correlation(s->squares, s->cubes, s->products, s->ends);
    t.weight = t.ties;
    t.weighted_clustering = t.clustering;
    t.weighted_local_clustering = t.local_clustering;
    t.weighted_assortativity = t.assortativity;
    return t;
}

/* A tie is half of each path it closes: around each of its ends, half its weight for every triangle
 * it is in. */
static void weigh_closed(weave *w, const gx__oriented *oriented, const uint32_t *support) {
    for (uint32_t p = 0; p < oriented->n; p++) {
        for (uint64_t i = oriented->ptr[p]; i < oriented->ptr[p + 1]; i++) {
            double half = (double)oriented->weight[i] * support[i] / 2;
            w->closed[oriented->member[p]] += half;
            w->closed[oriented->member[oriented->dst[i]]] += half;
        }
    }
}

static gx_status count_triangles(weave *w, gx_job *job, gx_error *err) {
    gx__oriented oriented = {0};
    uint64_t *by_place = NULL;
    uint32_t *support = NULL;
    gx_status status;
    GX_TRY(gx__orient(&oriented, w->graph, w->strength != NULL, job, err));
    GX_TRY(gx_job_alloc(job, &by_place, oriented.n, sizeof *by_place, err));
    if (w->strength) {
        GX_TRY(gx_job_alloc(job, &support, oriented.m, sizeof *support, err));
    }
    GX_TRY(gx__triangles_count(by_place, support, &oriented, job, err));
    for (uint32_t p = 0; p < oriented.n; p++) {
        w->triangles[oriented.member[p]] = by_place[p];
    }
    if (w->strength) {
        weigh_closed(w, &oriented, support);
    }
done:
    gx_job_free(job, support);
    gx_job_free(job, by_place);
    gx__oriented_free(&oriented, job);
    return status;
}

gx_status gx__texture_of(gx__texture *out, const gx_graph *graph, const uint32_t *at,
                         uint32_t parts, gx_job *job, gx_error *err) {
    const uint32_t n = graph->n, whole[2] = {0, n};
    const gx__rows_view rows = gx__rows_out(graph);
    weave w = {.graph = graph};
    gx_status status;
    at = at ? at : whole;
    GX_TRY(gx_job_alloc(job, &w.degree, n, sizeof *w.degree, err));
    GX_TRY(gx_job_alloc(job, &w.triangles, n, sizeof *w.triangles, err));
    gx__others_all(w.degree, &rows, n, job);
    GX_TRY(gx_job_check(job, err));
    if (graph->out_weight) {
        GX_TRY(gx_job_alloc(job, &w.strength, n, sizeof *w.strength, err));
        GX_TRY(gx_job_alloc(job, &w.closed, n, sizeof *w.closed, err));
        for (uint32_t v = 0; v < n; v++) {
            w.strength[v] = gx__others_strength(&rows, v);
        }
    }
    GX_TRY(count_triangles(&w, job, err));
    for (uint32_t k = 0; k < parts; k++) {
        strands s = {0};
        heavy_strands heavy = {0};
        for (uint32_t v = at[k]; v < at[k + 1]; v++) {
            add_member(&s, &w, v);
            if (w.strength) {
                add_heavy_member(&heavy, &w, v);
            }
            if (v % (1 << 14) == 0) {
                GX_TRY(gx_job_check(job, err));
            }
        }
        out[k] = close_strands(&s);
        if (w.strength) {
            close_heavy(&out[k], &heavy, s.ends);
        }
    }
done:
    gx_job_free(job, w.closed);
    gx_job_free(job, w.strength);
    gx_job_free(job, w.triangles);
    gx_job_free(job, w.degree);
    return status;
}

uint64_t gx__texture_bytes(uint64_t n, uint64_t m, bool weighted, int threads) {
    return (weighted ? 36 : 20) * n + gx__triangles_bytes(n, m, weighted, weighted, threads);
}

/* ---- distances ------------------------------------------------------------------------------- */

static bool make_room(gx__distances *d, uint32_t level) {
    uint32_t room = d->room ? d->room : DISTANCES_FIRST;
    uint64_t *count;
    if (level < d->room) {
        return true;
    }
    while (room <= level) {
        room *= 2;
    }
    if (gx_job_alloc(d->job, &count, room, sizeof *count, NULL) != GX_OK) {
        d->failed = true;
        return false;
    }
    if (d->room) {
        memcpy(count, d->count, d->room * sizeof *count);
    }
    gx_job_free(d->job, d->count);
    d->count = count;
    d->room = room;
    return true;
}

static void arrive(void *user, uint32_t v, uint32_t level, uint32_t searches) {
    gx__distances *d = user;
    (void)v;
    if (make_room(d, level)) {
        d->count[level] += searches;
        d->longest = level > d->longest ? level : d->longest;
    }
}

gx_status gx__spread_group(gx__distances *out, gx__msbfs *work, const gx__paths *paths,
                           const uint32_t *sources, uint32_t count, gx_job *job, gx_error *err) {
    out->job = job;
    for (uint32_t first = 0; first < count; first += GX__SPREAD_LANES) {
        uint32_t some = count - first < GX__SPREAD_LANES ? count - first : GX__SPREAD_LANES;
        gx__msbfs_run(work, paths, sources + first, NULL, some, arrive, out, job);
        gx_status status = gx_job_check(job, err);
        if (status == GX_OK && out->failed) {
            status = gx_fail_memory(err, 2 * out->room * sizeof *out->count);
        }
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

void gx__distances_finish(gx__distances *distances) {
    if (distances->job) {
        gx_job_free(distances->job, distances->count);
    }
    *distances = (gx__distances){0};
}

typedef struct figures {
    double pairs, mean, diameter;
} figures;

/* Of all groups but one (`left_out` beyond them: of all). The distance that 90 in 100 are at most,
 * between the last that is too low and the next (Leskovec, Kleinberg and Faloutsos 2005). */
static figures figures_of(const gx__distances *groups, uint32_t group_count, uint32_t left_out) {
    uint32_t longest = 0;
    figures f = {0, (double)NAN, (double)NAN};
    double sum = 0, below = 0;
    for (uint32_t g = 0; g < group_count; g++) {
        longest = g != left_out && groups[g].longest > longest ? groups[g].longest : longest;
        for (uint32_t d = 1; g != left_out && d <= groups[g].longest; d++) {
            f.pairs += (double)groups[g].count[d];
            sum += (double)groups[g].count[d] * d;
        }
    }
    for (uint32_t d = 1; d <= longest; d++) {
        double here = 0;
        for (uint32_t g = 0; g < group_count; g++) {
            here += g != left_out && d <= groups[g].longest ? (double)groups[g].count[d] : 0;
        }
        if (below + here >= 0.9 * f.pairs) {
            f.mean = sum / f.pairs;
            f.diameter = d - 1 + (0.9 * f.pairs - below) / here;
            return f;
        }
        below += here;
    }
    return f;
}

/* √((G − 1) / G · Σ (θ_g − mean θ)²), times √(1 − samples / n). */
static double jackknife(const double *without, uint32_t count, uint32_t n, uint32_t samples) {
    double mean = 0, squares = 0;
    for (uint32_t g = 0; g < count; g++) {
        mean += without[g] / count;
    }
    for (uint32_t g = 0; g < count; g++) {
        squares += (without[g] - mean) * (without[g] - mean);
    }
    double left = 1 - (double)samples / n;
    return sqrt(squares * (count - 1) / count * (left > 0 ? left : 0));
}

void gx__spread_close(gx__spread *out, const gx__distances *groups, uint32_t group_count,
                      uint32_t n, uint32_t samples) {
    const figures all = figures_of(groups, group_count, GX_NONE);
    double mean[GX__SPREAD_GROUPS], diameter[GX__SPREAD_GROUPS];
    *out = (gx__spread){.mean = all.mean, .diameter = all.diameter, .samples = samples};
    out->reached = n > 1 && samples > 0 ? all.pairs / ((double)samples * (n - 1)) : (double)NAN;
    if (samples >= n) {
        return;
    }
    for (uint32_t g = 0; g < group_count; g++) {
        figures f = figures_of(groups, group_count, g);
        mean[g] = f.mean;
        diameter[g] = f.diameter;
    }
    out->mean_error = jackknife(mean, group_count, n, samples);
    out->diameter_error = jackknife(diameter, group_count, n, samples);
}
