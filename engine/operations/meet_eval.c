#include "engine/operations/meet_eval.h"

#include "engine/kernel/degrees.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/top.h"
#include "engine/operations/tie_parts.h"
#include "graph/base/sorted.h"
#include "graph/pass/pass.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

extern const gx_pass gx_pass_leiden, gx_pass_strength;

/* Seconds: of a member scored for another, of an arc walked, of an arc put into a part. And bytes
 * of an arc while a part is made. Measured on `ba` of 20,000 members and R-MAT of 8,192. */
static const double SCORE_S = 4.6e-8, WALK_S = 3.9e-9, BUILD_S = 3e-8;
static const uint64_t BUILD_BYTES = 12;

/* What the draws are for. */
enum { DRAW_TIES = 0x4d454554, DRAW_MEMBERS };

enum score { SERVED, YARDSTICK };

typedef struct verdict {
    uint32_t hidden;
    double auc[2], hits[2]; /* by `enum score`; AUC summed over hidden ties */
} verdict;

typedef struct eval {
    const gx_graph *whole;
    const gx_meet_eval_options *options;
    gx_graph train, hidden; /* both undirected */
    gx_arrays *arrays;      /* of strength and leiden on `train` */
    gx_meet_graph served, exact;
    uint32_t *member, members;
    verdict *verdict;
} eval;

/* ---- what is hidden ------------------------------------------------------------------------ */

static uint64_t bits_of(uint64_t seed, uint64_t what, uint64_t number) {
    return gx_mix64(gx_mix64(seed ^ what << 32) + number);
}

static bool is_hidden(const eval *e, uint64_t seed, uint64_t arc) {
    return (double)(bits_of(seed, DRAW_TIES, arc) >> 11) * 0x1p-53 < e->options->share;
}

/* The kept or the hidden ties as a graph of their own. */
static gx_status part_of(gx_graph *out, const eval *e, bool hidden, gx_job *job, gx_error *err) {
    const gx_graph *g = e->whole;
    uint32_t *src = NULL, *dst = NULL;
    uint64_t m = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &src, g->m / 2 + 1, sizeof *src, err));
    GX_TRY(gx_job_alloc(job, &dst, g->m / 2 + 1, sizeof *dst, err));
    for (uint32_t u = 0; u < g->n; u++) {
        for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
            if (g->out_dst[i] > u && is_hidden(e, job->seed, i) == hidden) {
                src[m] = u;
                dst[m++] = g->out_dst[i];
            }
        }
    }
    GX_TRY(gx_graph_build(out, g->n, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, job, err));
done:
    gx_job_free(job, src);
    gx_job_free(job, dst);
    return status;
}

/* ---- what is known without it -------------------------------------------------------------- */

static gx_status run_passes(eval *e, gx_job *job, gx_error *err) {
    gx_status status;
    const gx_input input = {.graph = &e->train, .undirected = &e->train, .users = e->train.n};
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "k", gx_int(e->options->k));
    GX_TRY(gx_arrays_create(&e->arrays, err));
    GX_TRY(gx_pass_run(e->arrays, &gx_pass_strength, NULL, &input, &params, job, err));
    GX_TRY(gx_pass_run(e->arrays, &gx_pass_leiden, NULL, &input, NULL, job, err));
    const uint32_t n = e->train.n;
    e->served = (gx_meet_graph){
        .n = n,
        .ptr = gx_arrays_get(e->arrays, "strength.ptr", GX_U64, (uint64_t)n + 1),
        .dst = gx_arrays_get(e->arrays, "strength.dst", GX_U32, 0),
        .degree = gx_arrays_get(e->arrays, "strength.degree", GX_U32, n),
        .community = gx_arrays_get(e->arrays, "leiden.community", GX_U32, n),
    };
    e->exact = (gx_meet_graph){.n = n, .ptr = e->train.out_ptr, .dst = e->train.out_dst};
done:
    gx_arena_destroy(arena);
    return status;
}

static bool is_shown(const eval *e, uint32_t u) {
    return !e->options->shown || e->options->shown[u];
}

/* Hidden ties of a member that are looked for; their other ends in `out` (NULL: counted only). */
static uint32_t sought(uint32_t *out, const eval *e, uint32_t u) {
    const gx_graph *h = &e->hidden;
    uint32_t count = 0;
    for (uint64_t i = h->out_ptr[u]; i < h->out_ptr[u + 1]; i++) {
        if (is_shown(e, h->out_dst[i])) {
            if (out) {
                out[count] = h->out_dst[i];
            }
            count++;
        }
    }
    return count;
}

static int by_draw(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Those with a hidden tie that is looked for, by lot. */
static gx_status draw_members(eval *e, gx_job *job, gx_error *err) {
    uint64_t(*draw)[2] = NULL;
    uint32_t count = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &draw, e->hidden.n, sizeof *draw, err));
    for (uint32_t u = 0; u < e->hidden.n; u++) {
        if (sought(NULL, e, u) > 0) {
            draw[count][0] = bits_of(job->seed, DRAW_MEMBERS, u);
            draw[count++][1] = u;
        }
    }
    if (count == 0) {
        GX_TRY(gx_fail(err, GX_CONFLICT, "of %" PRIu64 " ties none was hidden%s: there are too few",
                       e->whole->m / 2,
                       e->options->shown ? " that leads to a member who may be shown" : ""));
    }
    qsort(draw, count, sizeof *draw, by_draw);
    e->members = count < e->options->members ? count : e->options->members;
    GX_TRY(gx_job_alloc(job, &e->member, e->members, sizeof *e->member, err));
    GX_TRY(gx_job_alloc(job, &e->verdict, e->members, sizeof *e->verdict, err));
    for (uint32_t i = 0; i < e->members; i++) {
        e->member[i] = (uint32_t)draw[i][1];
    }
done:
    gx_job_free(job, draw);
    return status;
}

/* ---- judging ------------------------------------------------------------------------------- */

typedef struct judge {
    gx_meet served, exact;
    double *score; /* n */
    gx__top pool;
    uint8_t *tied;           /* n: 1 in `train`, 2 hidden */
    uint32_t *sought;        /* other ends of the hidden ties that are looked for */
    double *hidden;          /* their scores */
    uint64_t *lower, *level; /* members not tied that score lower than, and as, each hidden one */
    gx__top top;
} judge;

static void mark(judge *j, const gx_graph *graph, uint32_t u, uint8_t as) {
    for (uint64_t i = graph->out_ptr[u]; i < graph->out_ptr[u + 1]; i++) {
        j->tied[graph->out_dst[i]] = as;
    }
}

/* Counts `score` at the hidden scores that are equal, and below the first that is above it. */
static void place(judge *j, uint32_t hidden, double score) {
    uint32_t low = 0, high = hidden;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (j->hidden[middle] < score) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (uint32_t i = low; i < hidden && j->hidden[i] == score; i++) {
        j->level[i]++;
        low = i + 1;
    }
    if (low < hidden) {
        j->lower[low]++;
    }
}

/* Whether `v` stands in what is ranked for `u`. */
static bool is_ranked(const eval *e, const judge *j, uint32_t u, uint32_t v) {
    return v != u && j->tied[v] != 1 && is_shown(e, v);
}

/* Of everybody who is no tie of `train`. */
static void score_all(const eval *e, judge *j, const gx_meet *meet, const gx_meet_weights *weights,
                      uint32_t u) {
    j->pool.count = 0;
    for (uint32_t v = 0; v < e->train.n; v++) {
        if (is_ranked(e, j, u, v)) {
            j->score[v] = gx_meet_score(meet, weights, v);
            gx__top_offer(&j->pool, j->score[v], v, 0);
        }
    }
}

static void add_taste(const eval *e, judge *j, uint32_t u) {
    const gx_matrix *m = e->options->matrix;
    const double norm = gx_tie_norm(m, u);
    for (uint32_t i = 0; i < j->pool.count; i++) {
        const uint32_t v = j->pool.entry[i].id;
        j->score[v] += e->options->weights.taste *
                       gx_tie_purchases_part(gx_tie_dot(m, u, v), norm, gx_tie_norm(m, v));
    }
}

/* By the score as served, or by the yardstick. */
static void judge_by(verdict *out, enum score which, const eval *e, judge *j, uint32_t u) {
    const uint32_t hidden = sought(j->sought, e, u);
    if (which == SERVED) {
        score_all(e, j, &j->served, &e->options->weights, u);
    } else {
        score_all(e, j, &j->exact, &gx_meet_weights_adamic, u);
    }
    if (which == SERVED && e->options->matrix && e->options->weights.taste > 0) {
        add_taste(e, j, u);
    }
    for (uint32_t i = 0; i < hidden; i++) {
        j->hidden[i] = j->score[j->sought[i]];
        j->lower[i] = j->level[i] = 0;
    }
    qsort(j->hidden, hidden, sizeof *j->hidden, gx_by_f64);
    uint64_t others = 0, lower = 0;
    j->top.count = 0;
    for (uint32_t v = 0; v < e->train.n; v++) {
        if (!is_ranked(e, j, u, v)) {
            continue;
        }
        double score = j->score[v];
        gx__top_offer(&j->top, score, v, 0);
        if (!j->tied[v]) {
            others++;
            place(j, hidden, score);
        }
    }
    for (uint32_t i = 0; i < hidden; i++) {
        lower += j->lower[i];
        double below = (double)lower + 0.5 * (double)j->level[i];
        out->auc[which] += others ? below / (double)others : 0.5;
    }
    for (uint32_t i = 0; i < j->top.count; i++) {
        out->hits[which] += j->tied[j->top.entry[i].id] == 2;
    }
    out->hidden = hidden;
}

static gx_status judge_member(const eval *e, judge *j, uint32_t at, gx_job *job, gx_error *err) {
    const uint32_t u = e->member[at];
    const gx_graph *g = &e->train;
    const uint32_t *row = g->out_dst + g->out_ptr[u];
    const uint32_t count = (uint32_t)(g->out_ptr[u + 1] - g->out_ptr[u]);
    gx_status status = gx_meet_from(&j->served, u, row, count, e->served.community[u], job, err);
    if (status == GX_OK) {
        status = gx_meet_from(&j->exact, u, row, count, GX_NONE, job, err);
    }
    if (status == GX_OK) {
        mark(j, g, u, 1);
        mark(j, &e->hidden, u, 2);
        judge_by(&e->verdict[at], SERVED, e, j, u);
        judge_by(&e->verdict[at], YARDSTICK, e, j, u);
        mark(j, g, u, 0);
        mark(j, &e->hidden, u, 0);
    }
    return status;
}

static uint32_t most_hidden(const gx_graph *hidden) {
    uint64_t most = 0;
    for (uint32_t u = 0; u < hidden->n; u++) {
        uint64_t count = hidden->out_ptr[u + 1] - hidden->out_ptr[u];
        most = count > most ? count : most;
    }
    return (uint32_t)most;
}

static gx_status judge_open(judge *j, const eval *e, gx_job *job, gx_error *err) {
    gx_status status;
    const uint32_t most = most_hidden(&e->hidden);
    GX_TRY(gx_meet_open(&j->served, &e->served, job, err));
    GX_TRY(gx_meet_open(&j->exact, &e->exact, job, err));
    GX_TRY(gx_job_alloc(job, &j->tied, e->train.n, 1, err));
    GX_TRY(gx_job_alloc(job, &j->sought, most, sizeof *j->sought, err));
    GX_TRY(gx_job_alloc(job, &j->hidden, most, sizeof *j->hidden, err));
    GX_TRY(gx_job_alloc(job, &j->lower, most, sizeof *j->lower, err));
    GX_TRY(gx_job_alloc(job, &j->level, most, sizeof *j->level, err));
    GX_TRY(gx_job_alloc(job, &j->score, e->train.n, sizeof *j->score, err));
    j->pool.capacity = e->options->pool;
    GX_TRY(gx_job_alloc(job, &j->pool.entry, j->pool.capacity, sizeof *j->pool.entry, err));
    j->top.capacity = e->options->cutoff;
    GX_TRY(gx_job_alloc(job, &j->top.entry, j->top.capacity, sizeof *j->top.entry, err));
done:
    return status;
}

static void judge_close(judge *j, gx_job *job) {
    gx_meet_close(&j->served, job);
    gx_meet_close(&j->exact, job);
    gx_job_free(job, j->tied);
    gx_job_free(job, j->sought);
    gx_job_free(job, j->hidden);
    gx_job_free(job, j->lower);
    gx_job_free(job, j->level);
    gx_job_free(job, j->top.entry);
    gx_job_free(job, j->pool.entry);
    gx_job_free(job, j->score);
}

static gx_status judge_all(eval *e, gx_job *job, gx_error *err) {
    judge *judges = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &judges, (size_t)job->threads, sizeof *judges, err));
    for (int t = 0; t < job->threads; t++) {
        GX_TRY(judge_open(&judges[t], e, job, err));
    }
    gx_job_stage(job, "judging members", 0);
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 4)
    for (uint32_t i = 0; i < e->members; i++) {
        if (!gx_job_should_stop(job)) {
            (void)(judge_member(e, &judges[gx_thread()], i, job, NULL) == GX_OK);
        }
    }
    status = gx_job_check(job, err);
done:
    for (int t = 0; judges && t < job->threads; t++) {
        judge_close(&judges[t], job);
    }
    gx_job_free(job, judges);
    return status;
}

static void sum_up(gx_meet_eval *out, const eval *e) {
    gx_meet_figures *figures[2] = {&out->own, &out->adamic};
    uint64_t judged = 0; /* a tie between two of the members twice: from either end */
    for (uint32_t i = 0; i < e->members; i++) {
        judged += e->verdict[i].hidden;
        for (int which = 0; which < 2; which++) {
            figures[which]->auc += e->verdict[i].auc[which];
            figures[which]->precision += e->verdict[i].hits[which];
        }
    }
    for (int which = 0; which < 2; which++) {
        figures[which]->auc /= (double)judged;
        figures[which]->precision /= (double)e->members * e->options->cutoff;
    }
    out->ties = e->whole->m / 2;
    out->hidden = e->hidden.m / 2;
    out->members = e->members;
}

gx_status gx_meet_evaluate(gx_meet_eval *out, const gx_graph *graph,
                           const gx_meet_eval_options *options, gx_job *job, gx_error *err) {
    eval e = {.whole = graph, .options = options};
    gx_meet_eval made = {0};
    gx_status status;
    GX_TRY(part_of(&e.train, &e, false, job, err));
    GX_TRY(part_of(&e.hidden, &e, true, job, err));
    GX_TRY(draw_members(&e, job, err));
    GX_TRY(run_passes(&e, job, err));
    GX_TRY(judge_all(&e, job, err));
    sum_up(&made, &e);
    *out = made;
done:
    gx_graph_finish(&e.train);
    gx_graph_finish(&e.hidden);
    gx_arrays_drop(e.arrays, job);
    gx_job_free(job, e.member);
    gx_job_free(job, e.verdict);
    return status;
}

/* ---- beforehand ------------------------------------------------------------------------------ */

/* With the passes' defaults but k, on the whole graph, which is not much more than what is kept. */
static void estimate_pass(gx_estimate *out, const gx_pass *pass, const gx_graph *graph,
                          const gx_value *params, int threads) {
    const gx_input input = {.graph = graph, .undirected = graph, .users = graph->n};
    gx_plan_step step = {.pass = pass, .instance = pass->name, .params = params};
    gx_plan plan = {.steps = &step, .count = 1};
    *out = gx_plan_estimate(&plan, &input, threads);
}

/* Of each member judged every other is scored twice, and the ties of those within two steps are
 * walked twice. */
static void estimate_judging(gx_estimate *out, const gx_graph *graph,
                             const gx_meet_eval_options *options, int threads) {
    const double n = graph->n, m = (double)graph->m;
    const gx__degrees degrees = gx__degrees_of(graph, graph->n);
    const double reached = n > 0 ? degrees.square / n : 0; /* within two steps */
    const double walked = m > 0 ? reached * degrees.square / m : 0;
    const double members = n < options->members ? n : options->members;
    out->mem_bytes = (uint64_t)threads * (2 * gx_meet_bytes(graph->n) + 9 * (uint64_t)graph->n) +
                     24 * (uint64_t)members;
    out->cpu_s = members * (SCORE_S * n + WALK_S * (walked < m ? walked : m));
}

void gx_meet_eval_estimate(gx_meet_eval_cost *out, const gx_graph *graph,
                           const gx_meet_eval_options *options, int threads) {
    const uint64_t n = graph->n, m = graph->m; /* arcs; train and hidden share them */
    const uint64_t split = 16 * (n + 1) + 4 * m;
    gx_arena *arena = gx_arena_create();
    gx_value params = arena ? gx_map(arena, 1) : gx_nil();
    memset(out, 0, sizeof *out);
    if (arena) {
        gx_map_put(arena, &params, "k", gx_int(options->k));
    }
    out->parts = (gx_estimate){.mem_bytes = split + BUILD_BYTES * m, .cpu_s = BUILD_S * (double)m};
    estimate_pass(&out->strength, &gx_pass_strength, graph, arena ? &params : NULL, threads);
    estimate_pass(&out->leiden, &gx_pass_leiden, graph, NULL, threads);
    estimate_judging(&out->judging, graph, options, threads);
    gx_arena_destroy(arena);
    const gx_estimate *steps[] = {&out->parts, &out->strength, &out->leiden, &out->judging};
    const uint64_t kept = n * options->k < m ? n * options->k : m; /* what the passes leave */
    const uint64_t left = split + 24 * n + 8 * kept;
    for (size_t i = 0; i < GX_COUNT(steps); i++) {
        uint64_t bytes = i == 0 ? steps[i]->mem_bytes : left + steps[i]->mem_bytes;
        out->whole.mem_bytes = bytes > out->whole.mem_bytes ? bytes : out->whole.mem_bytes;
        out->whole.cpu_s += steps[i]->cpu_s;
        out->whole.cpu_most_s += fmax(steps[i]->cpu_s, steps[i]->cpu_most_s);
    }
}
