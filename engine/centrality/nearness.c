/* Closeness and harmonic centrality: exact by searches from everybody, 256 at once, or from a
 * sample with a bound. All searches run backwards from those distances are measured to, so that
 * each adds to the sums of whoever it reaches.
 *
 * A member's own ties are known, so only distances of 2 and more are sampled. Bound: distances to
 * members drawn without replacement from those of a component (of all, where direction matters) are
 * a sample from a known range (Hoeffding 1963, Serfling 1974; for closeness Eppstein and Wang
 * 2004), for all members at once by the union bound. */
#include "engine/centrality/nearness.h"
#include "engine/centrality/nearness_strata.h"
#include "engine/centrality/nearness_top.h"

#include "engine/kernel/bfs.h"
#include "engine/kernel/bounds.h"
#include "engine/kernel/dijkstra.h"
#include "engine/kernel/msbfs.h"
#include "engine/kernel/neighbours.h"
#include "engine/kernel/ordered.h"
#include "engine/kernel/parallel.h"

enum {
    ROWS = 16,        /* members whose searches a thread takes at a time */
    LOOK_EVERY = 4096 /* members between two looks at whether to stop */
};

gx__nearness gx__nearness_asked(const gx_input *input, const gx_args *args, bool harmonic) {
    gx__nearness a = {.paths = gx__paths_asked(input, args),
                      .harmonic = harmonic,
                      .scaled = gx_arg_bool(args, "scaled"),
                      .n = input->users,
                      .delta = gx_arg_real(args, "delta")};
    int64_t samples = gx_arg_int(args, "samples"), top = gx_arg_int(args, "top");
    a.samples = samples == 0 || samples > a.n ? a.n : (uint32_t)samples;
    a.top = top > a.n ? a.n : (uint32_t)top;
    if (gx_arg_is(args, "direction", "in")) {
        a.paths = gx__paths_backwards(&a.paths);
    }
    a.back = gx__paths_backwards(&a.paths);
    return a;
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* What searches add up: for each member a sum, and, where `counts`, how many it reaches. */
typedef struct sums {
    const gx__nearness *a;
    const gx__strata *strata; /* NULL: exact */
    gx__msbfs *many;          /* one a thread; or … */
    gx__dijkstra *single;     /* … with lengths */
    uint16_t *lane;           /* a thread's part has up to n sources */
    double *into;             /* of the part at work */
    bool counts;
    int workers;
} sums;

typedef struct target {
    const gx__nearness *a;
    double *sum, *reached; /* NULL: not counted */
    bool sampled;
} target;

static void visit(void *user, uint32_t v, uint32_t level, uint32_t searches) {
    const target *t = user;
    double count = searches, distance = level;
    if (t->sampled && level < 2) {
        return;
    }
    t->sum[v] += t->a->harmonic ? count / distance : count * (t->sampled ? distance - 2 : distance);
    if (t->reached) {
        t->reached[v] += count;
    }
}

static target target_of(const sums *s, double *into) {
    return (target){s->a, into, s->counts ? into + s->a->n : NULL, s->strata != NULL};
}

static void add_many(void *user, int worker, uint64_t part, double *into) {
    sums *s = user;
    const gx__nearness *a = s->a;
    target t = target_of(s, into);
    uint32_t first = (uint32_t)part * GX__LANES;
    if (s->strata) {
        const gx__strata *strata = s->strata;
        uint32_t end = first + GX__LANES < strata->numbers ? first + GX__LANES : strata->numbers;
        uint16_t *lane = s->lane + (size_t)worker * a->n;
        uint32_t count = 0;
        for (uint32_t j = first; j < end; j++) {
            for (uint64_t i = strata->at[j]; i < strata->at[j + 1]; i++) {
                lane[count++] = (uint16_t)(j - first);
            }
        }
        gx__msbfs_run(&s->many[worker], &a->back, strata->pivot + strata->at[first], lane, count,
                      visit, &t, a->job);
        return;
    }
    uint32_t source[GX__LANES], count = a->n - first < GX__LANES ? a->n - first : GX__LANES;
    for (uint32_t i = 0; i < count; i++) {
        source[i] = first + i;
    }
    gx__msbfs_run(&s->many[worker], &a->back, source, NULL, count, visit, &t, a->job);
}

static void add_single(void *user, int worker, uint64_t part, double *into) {
    sums *s = user;
    const gx__nearness *a = s->a;
    const gx__strata *strata = s->strata;
    target t = target_of(s, into);
    gx__dijkstra *search = &s->single[worker];
    if (gx__dijkstra_run(search, &a->back, strata->pivot + strata->at[part],
                         (uint32_t)(strata->at[part + 1] - strata->at[part]), a->job,
                         NULL) != GX_OK) {
        return;
    }
    for (uint32_t i = 0; i < search->settled; i++) {
        uint32_t v = search->order[i];
        double distance = search->distance[v];
        if (distance > 0) {
            t.sum[v] += a->harmonic ? 1 / distance : distance;
            if (t.reached) {
                t.reached[v] += 1;
            }
        }
    }
}

static gx_status sums_init(sums *s, uint32_t searches, gx_error *err) {
    gx_status status = GX_OK;
    const gx__nearness *a = s->a;
    GX_TRY(a->paths.weighted
               ? gx_job_alloc(a->job, &s->single, (size_t)s->workers, sizeof *s->single, err)
               : gx_job_alloc(a->job, &s->many, (size_t)s->workers, sizeof *s->many, err));
    for (int i = 0; i < s->workers; i++) {
        GX_TRY(a->paths.weighted ? gx__dijkstra_init(&s->single[i], a->n, a->job, err)
                                 : gx__msbfs_init(&s->many[i], a->n, searches, a->job, err));
    }
    if (s->strata && !a->paths.weighted) {
        GX_TRY(gx_job_alloc(a->job, &s->lane, (size_t)s->workers * a->n, sizeof *s->lane, err));
    }
done:
    return status;
}

static void sums_finish(sums *s) {
    for (int i = 0; i < s->workers; i++) {
        if (s->single) {
            gx__dijkstra_finish(&s->single[i], s->a->job);
        }
        if (s->many) {
            gx__msbfs_finish(&s->many[i], s->a->job);
        }
    }
    gx_job_free(s->a->job, s->single);
    gx_job_free(s->a->job, s->many);
    gx_job_free(s->a->job, s->lane);
}

static uint64_t part_count(const gx__nearness *a, uint32_t searches) {
    return a->paths.weighted ? searches : ((uint64_t)searches + GX__LANES - 1) / GX__LANES;
}

/* `sum` and, behind it, counts: n or 2 n long. */
static gx_status add_all(double *sum, const gx__nearness *a, const gx__strata *strata, bool counts,
                         gx_error *err) {
    gx_status status = GX_OK;
    uint32_t searches = strata ? strata->numbers : a->n;
    uint64_t parts = part_count(a, searches);
    sums s = {.a = a, .strata = strata, .counts = counts};
    s.workers = (uint64_t)a->threads < parts ? a->threads : (int)parts;
    gx_job_stage(a->job, a->harmonic ? "harmonic" : "closeness", parts);
    GX_TRY(sums_init(&s, searches, err));
    GX_TRY(gx__ordered_sum(sum, a->n * (counts ? 2ull : 1ull), parts, s.workers,
                           a->paths.weighted ? add_single : add_many, &s, a->job, err));
done:
    sums_finish(&s);
    return status;
}

/* ---- exact ---------------------------------------------------------------------------------- */

static double sum_of(const gx__nearness *a, const gx__dijkstra *search) {
    double sum = 0;
    for (uint32_t i = 1; i < search->settled; i++) {
        double distance = search->distance[search->order[i]];
        sum += a->harmonic ? 1 / distance : distance;
    }
    return sum;
}

/* With lengths each member's own search gives its score. */
static gx_status exact_weighted(double *score, const gx__nearness *a, gx_error *err) {
    gx_status status = GX_OK;
    sums s = {.a = a, .workers = a->threads};
    gx_job_stage(a->job, a->harmonic ? "harmonic" : "closeness", a->n);
    GX_TRY(sums_init(&s, 1, err));
#pragma omp parallel for schedule(dynamic, ROWS) num_threads(s.workers) if (s.workers > 1)
    for (uint32_t v = 0; v < a->n; v++) {
        gx__dijkstra *search = &s.single[gx_thread()];
        if (gx_job_should_stop(a->job)) {
            continue;
        }
        if (gx__dijkstra_run(search, &a->paths, &v, 1, a->job, NULL) == GX_OK) {
            score[v] = gx__nearness_score(a, sum_of(a, search), search->settled - 1);
        }
        if (gx_thread() == 0) {
            gx_job_tick(a->job, v);
        }
    }
    GX_TRY(gx_job_check(a->job, err));
done:
    sums_finish(&s);
    return status;
}

static gx_status exact(double *score, const gx__nearness *a, gx_error *err) {
    double *sum = NULL;
    gx_status status = GX_OK;
    bool counts = !a->harmonic;
    if (a->paths.weighted) {
        return exact_weighted(score, a, err);
    }
    GX_TRY(gx_job_alloc(a->job, &sum, a->n * (counts ? 2ull : 1ull), sizeof *sum, err));
    GX_TRY(add_all(sum, a, NULL, counts, err));
    for (uint32_t v = 0; v < a->n; v++) {
        score[v] = gx__nearness_score(a, sum[v], counts ? sum[a->n + v] : 0);
    }
done:
    gx_job_free(a->job, sum);
    return status;
}

/* ---- sampled -------------------------------------------------------------------------------- */

/* What is known of one member, and how far off. */
typedef struct guess {
    double sum, reached;
    double sum_off, reached_off; /* at most, on either side */
    double near, shortest;       /* how many are at the shortest distance there is */
} guess;

static guess harmonic_guess(const gx__nearness *a, double sum, double scale, double off,
                            uint32_t v) {
    guess g = {.sum = sum * scale};
    if (a->paths.weighted) {
        double shortest = gx__nearness_shortest(a, v);
        g.sum_off = isinf(shortest) ? 0 : off / shortest;
    } else {
        g.sum += (double)gx__others(&a->paths.out, v);
        g.sum_off = off / 2; /* beyond its ties nobody is nearer than 2 */
    }
    return g;
}

/* `scale` is from the sample to all; `off` is for a range of 1, in the same unit. `counted` is how
 * many of the sample are reached, where direction matters. */
static guess closeness_guess(const gx__nearness *a, const gx__strata *s, double sum, double counted,
                             double scale, double off, uint32_t v) {
    guess g = {.shortest = 1};
    double range = s->reach ? s->reach[v] : (double)a->n - 1;
    if (a->paths.weighted) {
        g.shortest = gx__nearness_shortest(a, v);
        g.near = isinf(g.shortest) ? 0 : 1;
        range = s->reach ? range : (double)INFINITY;
    } else {
        g.near = (double)gx__others(&a->paths.out, v);
    }
    g.reached = s->reach ? gx__strata_size(s, v) - 1 : counted * scale;
    g.reached_off = s->reach ? 0 : off;
    if (!a->paths.weighted) { /* the sums are of distance − 2, of those beyond its ties */
        g.reached += s->reach ? 0 : g.near;
        g.sum = g.near + 2 * (g.reached - g.near) + sum * scale;
        g.sum_off = off * fmax(0, range - 2) + 2 * g.reached_off;
    } else {
        g.sum = sum * scale;
        g.sum_off = off > 0 ? off * range : 0;
    }
    return g;
}

/* How far the score may be off, given how far what it is made of may be. */
static double score_off(const gx__nearness *a, const guess *g, double score) {
    if (a->harmonic) {
        return gx__nearness_score(a, g->sum_off, 0);
    }
    if (g->near == 0 || (g->sum_off <= 0 && g->reached_off <= 0)) {
        return 0; /* nobody, for certain; or exact */
    }
    double most = fmin(a->n - 1.0, g->reached + g->reached_off);
    double least = fmax(g->near, g->reached - g->reached_off);
    double beyond = a->paths.weighted ? g->shortest : 2;
    double sum_least = g->near * g->shortest + beyond * (most - g->near);
    double high = gx__nearness_score(a, fmax(g->sum - g->sum_off, sum_least), most);
    double low = gx__nearness_score(a, g->sum + g->sum_off, least);
    if (!a->scaled && g->reached_off > 0) { /* a share of few who are near may be as high as that */
        high = fmax(high, 1 / g->shortest);
    }
    return fmax(high - score, score - low);
}

static gx_status sampled(double *score, double *bound, const gx__nearness *a, gx_error *err) {
    gx_status status = GX_OK;
    double *sum = NULL;
    uint32_t n = a->n, unsure = 0;
    gx__strata s = {0};
    bool counts = !a->harmonic && a->paths.directed;
    GX_TRY(gx__strata_init(&s, a, err));
    GX_TRY(gx_job_alloc(a->job, &sum, n * (counts ? 2ull : 1ull), sizeof *sum, err));
    GX_TRY(add_all(sum, a, &s, counts, err));
    for (uint32_t v = 0; v < n; v++) {
        unsure += gx__strata_size(&s, v) > a->samples;
    }
    for (uint32_t v = 0; v < n; v++) {
        GX_TRY(v % LOOK_EVERY == 0 ? gx_job_check(a->job, err) : GX_OK);
        uint32_t size = gx__strata_size(&s, v), drawn = size < a->samples ? size : a->samples;
        double each = a->delta / (unsure ? unsure : 1) / (counts ? 2 : 1);
        double scale = (double)size / drawn, off = size * gx__bound_hoeffding(drawn, size, each);
        double counted = counts ? sum[n + v] : 0;
        guess g = a->harmonic ? harmonic_guess(a, sum[v], scale, off, v)
                              : closeness_guess(a, &s, sum[v], counted, scale, off, v);
        score[v] = gx__nearness_score(a, g.sum, g.reached);
        *bound = fmax(*bound, score_off(a, &g, score[v]));
    }
done:
    gx_job_free(a->job, sum);
    gx__strata_finish(&s, a->job);
    return status;
}

/* ---- the passes ----------------------------------------------------------------------------- */

void gx__nearness_estimate(gx_estimate *out, const gx__nearness *asked, int threads) {
    gx__nearness a = *asked;
    bool weighted = a.paths.weighted, all = a.samples >= a.n;
    uint64_t n = a.n, cols = !a.harmonic && (all || a.paths.directed) ? 2 : 1;
    uint64_t parts = part_count(&a, a.samples);
    uint64_t workers = (uint64_t)threads < parts ? (uint64_t)threads : parts;
    const gx__degrees degrees = gx__degrees_of_rows(a.paths.out.ptr, a.n, (double)a.paths.m);
    const double part_s =
        weighted
            ? gx__dijkstra_seconds(&degrees) * gx__bfs_reach(&a.paths).ties
            : gx__ties_seconds(&degrees, 64,
                               (gx__pace){38, 12.3 + 6 * log(gx__unevenness(&degrees)), 0, 114});
    out->mem_bytes = n * sizeof(double) + 2 * sizeof(double);
    if (a.top) { /* at the most a search from everybody, mostly far fewer */
        double searches = (double)part_count(&a, a.n);
        out->mem_bytes += gx__nearness_top_bytes(&a, threads);
        const double bounds_s = gx__ties_seconds(&degrees, 16, (gx__pace){100, 10, 8, 20});
        /* Without lengths some few times as many as go at once are searched from, whatever n is. */
        const double usual = weighted ? 0.3 * searches : fmin(a.harmonic ? 4 : 10, searches);
        out->cpu_most_s = 1.3 * searches * part_s + bounds_s + 1e-6;
        out->cpu_s = usual * part_s + bounds_s + 1e-6;
        return;
    }
    uint64_t each = weighted ? gx__dijkstra_bytes(a.n) + sizeof(gx__dijkstra)
                             : gx__msbfs_bytes(a.n, a.samples) + sizeof(gx__msbfs);
    uint64_t lanes = all || weighted ? 0 : n * sizeof(uint16_t);
    uint64_t adding = n * cols * sizeof(double) + workers * (each + lanes) +
                      gx__ordered_bytes(n * cols, (int)workers);
    uint64_t making = 0, strata = all ? 0 : gx__strata_bytes(&a, &making);
    if (all && weighted) {
        adding = (uint64_t)threads * each;
    }
    out->mem_bytes += adding + strata > making ? adding + strata : making;
    out->cpu_s = (weighted ? a.samples : (double)parts) * part_s + 1e-6;
}

gx_status gx__nearness_run(gx_output *out, const gx_input *input, const gx__nearness *asked,
                           gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__nearness a = *asked;
    double *score, *bound;
    uint64_t *samples;
    a.job = job;
    a.threads = job->threads;
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&bound, out, "bound", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&samples, out, "samples", GX_U64, 1, 0, err));
    *samples = a.top ? a.n : a.samples;
    if (a.n == 0) {
        goto done;
    }
    if (a.top) {
        GX_TRY(gx__nearness_top(score, &a, err));
    } else if (a.samples < a.n) {
        GX_TRY(sampled(score, bound, &a, err));
    } else {
        GX_TRY(exact(score, &a, err));
    }
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

gx_status gx__nearness_check(const gx_arrays *result, const char *instance, const gx_input *input,
                             const gx__nearness *asked, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check_top(&score, result, instance, input,
                                            asked->top ? asked->top : asked->n, err);
    const double *bound = gx_result_get(result, instance, "bound", GX_F64, 1);
    if (status == GX_OK && (!bound || !(*bound >= 0))) {
        return gx_fail(err, GX_INTERNAL, "%s.bound is not there, or below 0", instance);
    }
    for (uint32_t v = 0; status == GX_OK && v < asked->n && !asked->paths.weighted; v++) {
        bool alone = gx__others(&asked->paths.out, v) == 0;
        double most = asked->harmonic && !asked->scaled ? asked->n : 1;
        if ((alone && score[v] > 0) || score[v] > most + *bound + 1e-9) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g", instance, v, score[v]);
        }
    }
    return status;
}
