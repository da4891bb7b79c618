/* Betweenness: how many shortest paths between others lead through a member, a path counting in
 * part where there are several shortest ones.
 *
 * Exact, or from some sources: the dependencies of each source on everybody (kernel/brandes.h),
 * summed in the order of the sources. With more members than `samples`, paths start at that many
 * members drawn at random without replacement, and sums are scaled by n / samples (Brandes and Pich
 * 2007): unbiased. A dependency is at most n − 2, which gives the bound (Serfling 1974).
 *
 * With `epsilon`: pairs of members are drawn at random, and one shortest path of each (Riondato and
 * Kornaropoulos 2016; by two searches that meet, Borassi and Natale 2019). The share of paths that
 * lead through a member is then the mean of independent draws of 0 or 1, so Hoeffding's theorem 1
 * bounds its error by the share itself. Draws go on until that bound, for all members together and
 * at whichever of the points where it is looked at, is within epsilon: it holds with probability
 * 1 − delta (union bound). Once draws have looked at as many ties as all sources would, those are
 * taken instead, and the answer is exact.
 *
 * O(samples (n + m)) time, weighted O(samples (m log n)), sources or draws in parallel. Memory: 40
 * bytes a member and thread, weighted 60; for paths drawn 32, weighted 104; and the result. */
#include "engine/kernel/bfs.h"
#include "engine/kernel/bounds.h"
#include "engine/kernel/degrees.h"
#include "engine/kernel/draw.h"
#include "engine/kernel/ordered.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/path_draw.h"

enum {
    FEW = 64,      /* up to so many sources each is a part of its own … */
    PART = 8,      /* … and beyond, so many are a part together */
    SAMPLES = 256, /* members from whom paths start, unless told */
    DRAWS = 4096   /* at most, between two looks at whether all sources would cost less */
};

/* Of the number of draws, from one look at the bound to the next. */
static const double GROWTH = 1.2;

static const gx_param params[] = {
    {.name = "samples",
     .type = GX_PARAM_INT,
     .low = 0,
     .high = 4294967295.0,
     .unit = "members",
     .help = "members from whom paths start, 256 unless given; 0: all of them, which is exact; the "
             "bound of a fixed number is a worst case: epsilon sets the bound"},
    {.name = "epsilon",
     .type = GX_PARAM_REAL,
     .low = 1e-6,
     .high = 1,
     .help = "instead of samples: draw paths until every normalized score is this near"},
    {.name = "delta",
     .type = GX_PARAM_REAL,
     .fallback = "0.05",
     .low = 1e-9,
     .high = 0.5,
     .help = "probability that some score is farther off than the bound given"},
    GX__PATHS_PARAMS,
    GX__PARAM_BOOL("normalized", "false",
                   "divide by the number of pairs of others, so that 1 is the most there can be"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "shortest paths of others that lead through"},
    {"bound", GX_F64, GX_LEN_OTHER,
     "one number: no score is farther off, with probability 1 - delta; 0: exact"},
    {"samples", GX_U64, GX_LEN_OTHER, "one number: sources, or paths drawn, that it came from"},
};

typedef struct task {
    const gx__paths *paths;
    gx_job *job;
    uint32_t *source;
    uint32_t count, part; /* sources, and how many make a part */
    gx__brandes *brandes; /* one a thread */
    gx__path_draw *draw;  /* one a thread */
    int threads;
} task;

static uint32_t sample_count(const gx_args *args, uint32_t n) {
    int64_t samples = gx_arg_has(args, "samples") ? gx_arg_int(args, "samples") : SAMPLES;
    return samples == 0 || samples > n ? n : (uint32_t)samples;
}

/* All paths: ordered pairs of others, or unordered ones where direction does not matter. */
static double pairs(uint32_t n, bool directed) {
    double ordered = n > 2 ? (double)(n - 1) * (double)(n - 2) : 1;
    return directed ? ordered : n > 2 ? ordered / 2 : 1;
}

static double unit(const gx__paths *paths, const gx_args *args) {
    return gx_arg_bool(args, "normalized") ? 1 / pairs(paths->n, paths->directed) : 1;
}

/* ---- sources -------------------------------------------------------------------------------- */

static void add_part(void *user, int worker, uint64_t part, double *into) {
    task *t = user;
    uint64_t first = part * t->part, end = first + t->part;
    for (uint64_t i = first; i < end && i < t->count && !gx_job_should_stop(t->job); i++) {
        gx__brandes_add(&t->brandes[worker], t->paths, t->source[i], into, t->job);
    }
}

static gx_status from_sources(double *score, double *bound, uint64_t *samples, task *t,
                              uint32_t count, double delta, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = t->job;
    uint32_t n = t->paths->n, parts;
    double scale = (double)n / count / (t->paths->directed ? 1 : 2);
    t->count = count;
    t->part = count <= FEW ? 1 : PART;
    parts = (count + t->part - 1) / t->part;
    t->threads = (uint32_t)t->threads < parts ? t->threads : (int)parts;
    gx_job_stage(job, "betweenness", parts);
    GX_TRY(gx__draw(&t->source, count, n, job->seed, job, err));
    GX_TRY(gx_job_alloc(job, &t->brandes, (size_t)t->threads, sizeof *t->brandes, err));
    for (int i = 0; i < t->threads; i++) {
        GX_TRY(gx__brandes_init(&t->brandes[i], t->paths, job, err));
    }
    GX_TRY(gx__ordered_sum(score, n, parts, t->threads, add_part, t, job, err));
    for (uint32_t v = 0; v < n; v++) {
        score[v] *= scale;
    }
    *bound = scale * count * (n > 2 ? n - 2 : 0) * gx__bound_hoeffding(count, n, delta / n);
    *samples = count;
done:
    for (int i = 0; t->brandes && i < t->threads; i++) {
        gx__brandes_finish(&t->brandes[i], job);
    }
    gx_job_free(job, t->brandes);
    gx_job_free(job, t->source);
    t->brandes = NULL;
    t->source = NULL;
    return status;
}

/* ---- paths drawn ---------------------------------------------------------------------------- */

/* The i-th draw is the same whoever makes it. */
static void draw_paths(uint64_t *hits, task *t, uint64_t first, uint64_t end) {
    uint32_t n = t->paths->n;
#pragma omp parallel for schedule(dynamic, 16) num_threads(t->threads) if (t->threads > 1)
    for (uint64_t i = first; i < end; i++) {
        gx_rng rng = gx_rng_at(t->job->seed, i + 1);
        uint32_t from = (uint32_t)gx_rng_below(&rng, n), to = (uint32_t)gx_rng_below(&rng, n - 1);
        to += to >= from;
        if (!gx_job_should_stop(t->job)) {
            gx__path_draw_one(&t->draw[gx_thread()], t->paths, from, to, &rng, hits, t->job);
        }
    }
}

/* When to look at the bound: after `first` draws, and `looks` − 1 times more, each time after more
 * by GROWTH; the last is where Hoeffding's theorem 2 alone is enough, so that the bound holds. */
static uint64_t plan_looks(uint32_t *out_looks, uint32_t n, double epsilon, double delta) {
    double first = ceil(log(2.0 * n / delta) / epsilon), looks = 1;
    for (int i = 0; i < 100; i++) {
        double most = log(2.0 * n * looks / delta) / (2 * epsilon * epsilon);
        looks = fmax(looks, 1 + ceil(log(fmax(1, most / first)) / log(GROWTH)));
    }
    *out_looks = (uint32_t)looks;
    return (uint64_t)first;
}

static bool is_worth_it(const task *t) {
    uint64_t looked_at = 0;
    for (int i = 0; i < t->threads; i++) {
        looked_at += t->draw[i].looked_at;
    }
    double all = ((double)t->paths->m + t->paths->n) * t->paths->n;
    return (double)looked_at < 2 * all; /* there and back */
}

/* The widest bound of all members: of shares up to a half it widens with the share. */
static double widest_bound(const uint64_t *hits, uint32_t n, uint64_t drawn, double delta) {
    uint64_t most = 0;
    double widest = 0;
    for (uint32_t v = 0; v < n; v++) {
        if (hits[v] > drawn / 2) {
            widest = fmax(widest, gx__bound_hits(hits[v], drawn, delta));
        } else if (hits[v] > most) {
            most = hits[v];
        }
    }
    return fmax(widest, gx__bound_hits(most, drawn, delta));
}

/* Whether the bound was reached; what it is then, as a share of all paths drawn. */
static gx_status draw_until(bool *reached, double *bound, uint64_t *drawn, uint64_t *hits, task *t,
                            double epsilon, double delta, gx_error *err) {
    uint32_t n = t->paths->n, looks;
    uint64_t next = plan_looks(&looks, n, epsilon, delta);
    gx_job_stage(t->job, "betweenness", 0);
    *bound = 1;
    *drawn = 0;
    while (*bound > epsilon && is_worth_it(t)) {
        uint64_t end = *drawn + DRAWS < next ? *drawn + DRAWS : next;
        draw_paths(hits, t, *drawn, end);
        gx_status status = gx_job_check(t->job, err);
        if (status != GX_OK) {
            return status;
        }
        *drawn = end;
        gx_job_tick(t->job, end);
        if (end == next) {
            *bound = widest_bound(hits, n, end, delta / n / looks);
            next = (uint64_t)ceil((double)next * GROWTH);
        }
    }
    *reached = *bound <= epsilon;
    return GX_OK;
}

static gx_status from_draws(bool *reached, double *score, double *bound, uint64_t *samples, task *t,
                            const gx_args *args, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = t->job;
    uint32_t n = t->paths->n;
    uint64_t *hits = NULL;
    /* Draws are of all ordered pairs; normalized scores are shares of pairs of others. */
    double all = (double)n * (n - 1), others = pairs(n, true);
    GX_TRY(gx_job_alloc(job, &hits, n, sizeof *hits, err));
    GX_TRY(gx_job_alloc(job, &t->draw, (size_t)t->threads, sizeof *t->draw, err));
    for (int i = 0; i < t->threads; i++) {
        GX_TRY(gx__path_draw_init(&t->draw[i], t->paths, job, err));
    }
    GX_TRY(draw_until(reached, bound, samples, hits, t, gx_arg_real(args, "epsilon") * others / all,
                      gx_arg_real(args, "delta"), err));
    all /= t->paths->directed ? 1 : 2;
    for (uint32_t v = 0; *reached && v < n; v++) {
        score[v] = (double)hits[v] / (double)*samples * all;
    }
    *bound *= all;
done:
    for (int i = 0; t->draw && i < t->threads; i++) {
        gx__path_draw_finish(&t->draw[i], job);
    }
    gx_job_free(job, t->draw);
    gx_job_free(job, hits);
    t->draw = NULL;
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------- */

/* There and back, of one source. */
static double source_seconds(const gx__paths *paths) {
    const gx__reach reach = gx__bfs_reach(paths);
    const gx__degrees degrees = gx__degrees_of_rows(paths->out.ptr, paths->n, (double)paths->m);
    const double reads = degrees.arcs * reach.ties, whole = 1e-9 * paths->n;
    if (paths->weighted) {
        return whole * (12 + 150 * reach.members) +
               gx__reads_seconds(&degrees, reads, 48, (gx__pace){0, 9, 62, 150});
    }
    if (paths->directed) { /* levels are mostly found forwards */
        return whole * (5 + 60 * reach.members) +
               gx__reads_seconds(&degrees, reads, 64, (gx__pace){0, 5, 2, 10});
    }
    return gx__ties_seconds(&degrees, 64, (gx__pace){5.8, 2.7, 0, 9.7});
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__paths paths = gx__paths_asked(input, args);
    uint32_t n = input->users, count = sample_count(args, n);
    bool weighted = paths.weighted;
    uint32_t parts = count <= FEW ? count : (count + PART - 1) / PART;
    uint64_t workers = (uint64_t)threads < parts || parts == 0 ? (uint64_t)threads : parts;
    const double m = (double)paths.m, source_s = source_seconds(&paths);
    out->mem_bytes = (uint64_t)n * sizeof(double) + 2 * sizeof(double) +
                     (uint64_t)n * sizeof(uint32_t) +
                     workers * (gx__brandes_bytes(n, weighted) + sizeof(gx__brandes)) +
                     gx__ordered_bytes(n, (int)workers);
    out->cpu_s = count * source_s + 1e-6;
    if (gx_arg_has(args, "epsilon")) {
        uint64_t each = gx__path_draw_bytes(n, weighted) + sizeof(gx__path_draw);
        uint64_t draw = (uint64_t)threads * each + (n + 1ull) * 2 * sizeof(double);
        double epsilon = gx_arg_real(args, "epsilon"), delta = gx_arg_real(args, "delta");
        uint32_t looks;
        double first = (double)plan_looks(&looks, n > 2 ? n : 2, epsilon, delta);
        double last =
            fmax(first, log(2 * fmax(n, 2) * fmax(looks, 1) / delta) / (2 * epsilon * epsilon));
        /* A search from both ends meets after about √m ties; how many draws are enough, between the
         * first look and the last, hangs on how many paths one member is on. */
        double draw_s = weighted ? source_s / 2 : fmin(3.5e-8 * sqrt(m), source_s);
        out->mem_bytes = out->mem_bytes > draw ? out->mem_bytes : draw; /* may end with sources */
        out->cpu_most_s = fmin(last * draw_s, 3.0 * n * source_s) + 1e-6;
        out->cpu_s = fmin(sqrt(first * last) * draw_s, out->cpu_most_s);
    }
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    gx__paths paths = gx__paths_asked(input, args);
    uint32_t n = paths.n, count = sample_count(args, n);
    task t = {.paths = &paths, .job = job, .threads = job->threads};
    double *score, *bound;
    uint64_t *samples;
    bool done = n < 3;
    if (gx_arg_has(args, "epsilon") && gx_arg_has(args, "samples")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "samples",
                          "epsilon and samples were both given; accepted is one of them");
    }
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&bound, out, "bound", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&samples, out, "samples", GX_U64, 1, 0, err));
    if (!done && gx_arg_has(args, "epsilon")) {
        count = n;
        GX_TRY(from_draws(&done, score, bound, samples, &t, args, err));
    }
    if (!done) {
        GX_TRY(from_sources(score, bound, samples, &t, count, gx_arg_real(args, "delta"), err));
    }
    for (uint32_t v = 0; v < n; v++) {
        score[v] *= unit(&paths, args);
    }
    *bound *= unit(&paths, args);
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

/* Nobody is on more paths than there are between the others; a member with one tie, or whom no tie
 * leads to or away from, is on none. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const double *bound = gx_result_get(result, instance, "bound", GX_F64, 1);
    gx__paths paths = gx__paths_asked(input, args);
    double most = pairs(input->users, paths.directed) * unit(&paths, args);
    if (status == GX_OK && (!bound || !(*bound >= 0))) {
        return gx_fail(err, GX_INTERNAL, "%s.bound is not there, or below 0", instance);
    }
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        const uint64_t out = gx__row_length(&paths.out, v), in = gx__row_length(&paths.in, v);
        const bool end = paths.directed ? in == 0 || out == 0 : out < 2;
        if (score[v] > (most + *bound) * (1 + 1e-9) || (end && score[v] > 1e-9 * most)) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u with %llu ties is %g", instance,
                           v, (unsigned long long)out, score[v]);
        }
    }
    return status;
}

const gx_pass gx_pass_betweenness = {
    .name = "betweenness",
    .kind = GX_KIND_CENTRALITY,
    .summary = "shortest paths between others that lead through a member",
    .paper =
        "Brandes: A faster algorithm for betweenness centrality, 2001; Brandes, Pich: Centrality "
        "estimation in large networks, 2007; Riondato, Kornaropoulos: Fast approximation of "
        "betweenness centrality through sampling, 2016; Borassi, Natale: KADABRA is an adaptive "
        "algorithm for betweenness via random approximation, 2019",
    .complexity = "O(samples (n + m)) time, weighted O(samples m log n); 40 bytes a member and "
                  "thread, weighted 60",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_ties,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* which members are drawn depends on their numbers */
    .estimate = estimate,
    .run = run,
    .check = check,
};
