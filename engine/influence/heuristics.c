/* Cheap orders of members to begin a spread with, judged beside the choice by sets. Who may be
 * chosen is the caller's. */
#include "engine/influence/seeds.h"

#include "engine/engine.h"
#include "engine/kernel/candidates.h"
#include "engine/kernel/rank.h"
#include "engine/kernel/room.h"
#include "engine/kernel/top.h"

enum {
    FEW = 16,  /* of so many places one is looked for, not sorted */
    LOOK = 256 /* members, and then whether to stop */
};
static const double NEAR = 1e-4; /* of PageRank: an order is all that is asked for */

static uint64_t heard_by(const gx_graph *graph, uint32_t v) {
    return graph->in_ptr[v + 1] - graph->in_ptr[v];
}

/* The order by falling score for `depth` places; the others follow as they are numbered. */
static gx_status by_score(uint32_t *out, const double *score, uint32_t n, uint32_t depth,
                          gx_job *job, gx_error *err) {
    gx__top top = {.capacity = depth};
    uint64_t *first = NULL;
    gx_status status = GX_OK;
    if (depth > n / FEW) {
        return gx__rank_falling(out, score, n, job, err);
    }
    GX_TRY(gx_job_alloc(job, &top.entry, depth, sizeof *top.entry, err));
    GX_TRY(gx_job_alloc(job, &first, n / 64 + 1, sizeof *first, err));
    for (uint32_t v = 0; v < n; v++) {
        gx__top_offer(&top, score[v], v, 0);
    }
    gx__top_sort(&top);
    uint32_t count = top.count;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = top.entry[i].id;
        gx__bit_set(first, out[i]);
    }
    for (uint32_t v = 0; v < n; v++) {
        if (!gx__bit_is_set(first, v)) {
            out[count++] = v;
        }
    }
done:
    gx_job_free(job, first);
    gx_job_free(job, top.entry);
    return status;
}

/* How many heed v. */
static gx_status by_degree(uint32_t *out, const gx_graph *graph, const gx_chances *chances,
                           uint32_t count, uint32_t depth, gx_job *job, gx_error *err) {
    double *score;
    (void)chances;
    (void)count;
    gx_status status = gx_job_alloc(job, &score, graph->n, sizeof *score, err);
    for (uint32_t v = 0; status == GX_OK && v < graph->n; v++) {
        score[v] = (double)heard_by(graph, v);
    }
    status = status == GX_OK ? by_score(out, score, graph->n, depth, job, err) : status;
    gx_job_free(job, score);
    return status;
}

/* The chance that a passes on what those it heeds have, shared evenly; what the chances of a's
 * row come to on average. */
static double mean_chance(const gx_chances *chances, uint32_t a) {
    const gx__chance_rows *rows = &chances->heeds;
    const uint64_t from = rows->ptr[a], to = rows->ptr[a + 1];
    if (rows->even) {
        return (double)gx__chance_at(rows, a, from);
    }
    if (rows->weight) {
        return to > from ? rows->weight[to - 1] / (double)(to - from) : 0;
    }
    double sum = 0;
    for (uint64_t i = from; i < to; i++) {
        sum += (double)rows->chance[i];
    }
    return to > from ? sum / (double)(to - from) : 0;
}

/* What v reaches in one step beyond those taken, in 2^-32; it only falls. */
static uint64_t discounted(const gx_graph *graph, const double *chance, const double *missing,
                           const uint8_t *taken, uint32_t v) {
    double worth = 1;
    for (uint64_t i = graph->in_ptr[v]; i < graph->in_ptr[v + 1]; i++) {
        const uint32_t a = graph->in_src[i];
        worth += taken[a] ? 0 : chance[a] * missing[a];
    }
    return (uint64_t)(worth * missing[v] * 0x1p32);
}

/* Degree discount (Chen, Wang, Yang, Efficient influence maximization in social networks, KDD 2009)
 * with the chances of each: what v reaches in one step, less what the chosen reach anyway. */
static gx_status by_discount(uint32_t *out, const gx_graph *graph, const gx_chances *chances,
                             uint32_t count, uint32_t depth, gx_job *job, gx_error *err) {
    const uint32_t n = graph->n;
    double *missing = NULL, *chance = NULL; /* missing: chance that nobody chosen reaches v */
    gx__candidates left = {0};
    uint8_t *taken = NULL;
    gx_status status = GX_OK;
    uint32_t done_count = 0;
    GX_TRY(gx_job_alloc(job, &missing, n, sizeof *missing, err));
    GX_TRY(gx_job_alloc(job, &chance, n, sizeof *chance, err));
    GX_TRY(gx_job_alloc(job, &taken, n, sizeof *taken, err));
    GX_TRY(gx_job_alloc(job, &left.heap, n, sizeof *left.heap, err));
#pragma omp parallel for schedule(static) num_threads(job->threads)
    for (uint32_t v = 0; v < n; v++) {
        missing[v] = 1;
        chance[v] = mean_chance(chances, v);
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t from = 0; from < n; from += LOOK) {
        const uint32_t to = n - from < LOOK ? n : from + LOOK;
        for (uint32_t v = gx_job_should_stop(job) ? to : from; v < to; v++) {
            left.heap[v] = (gx__candidate){discounted(graph, chance, missing, taken, v), v};
        }
    }
    left.count = n;
    gx__candidates_order(&left);
    for (uint32_t looked = 0; left.count > 0 && done_count < 4 * (uint64_t)count; looked++) {
        if (looked % LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        gx__candidate next = gx__candidates_take(&left);
        const uint64_t now = discounted(graph, chance, missing, taken, next.member);
        if (now < next.worth) {
            left.heap[left.count].worth = now;
            gx__candidates_put_back(&left);
            continue;
        }
        taken[next.member] = 1;
        for (uint64_t i = graph->in_ptr[next.member]; i < graph->in_ptr[next.member + 1]; i++) {
            missing[graph->in_src[i]] *= 1 - chance[graph->in_src[i]];
        }
        out[done_count++] = next.member;
    }
    for (uint32_t i = 0; i < done_count; i++) { /* they stay before all others, */
        chance[out[i]] = 0x1p100 * (done_count - i);
    }
    for (uint32_t i = 0; i < left.count; i++) { /* who follow as they stand */
        chance[left.heap[i].member] = (double)left.heap[i].worth;
    }
    GX_TRY(by_score(out, chance, n, depth, job, err));
done:
    gx_job_free(job, missing);
    gx_job_free(job, chance);
    gx_job_free(job, taken);
    gx_job_free(job, left.heap);
    return status;
}

/* The order of a pass's scores over the graph, with one of its parameters given. */
static gx_status by_pass(uint32_t *out, const char *name, const char *param, gx_value value,
                         const gx_graph *graph, uint32_t depth, gx_job *job, gx_error *err) {
    gx_arrays *results = NULL;
    gx_graph undirected = {0};
    gx_input input = {.graph = graph, .users = graph->n};
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), name);
    gx_arena *arena = gx_arena_create();
    gx_status status = arena ? GX_OK : gx_fail_memory(err, 0);
    GX_TRY(status);
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, param, value);
    GX_TRY(gx_graph_undirected(&undirected, graph, job, err));
    input.undirected = &undirected;
    GX_TRY(gx_arrays_create(&results, err));
    GX_TRY(gx_pass_run(results, pass, NULL, &input, &params, job, err));
    const double *score = gx_result_get(results, name, "score", GX_F64, graph->n);
    GX_TRY(by_score(out, score, graph->n, depth, job, err));
done:
    gx_arrays_drop(results, job);
    gx_graph_finish(&undirected);
    gx_arena_destroy(arena);
    return status;
}

static gx_status by_pagerank(uint32_t *out, const gx_graph *graph, const gx_chances *chances,
                             uint32_t count, uint32_t depth, gx_job *job, gx_error *err) {
    (void)chances;
    (void)count;
    return by_pass(out, "pagerank", "tolerance", gx_real(NEAR), graph, depth, job, err);
}

static gx_status by_votes(uint32_t *out, const gx_graph *graph, const gx_chances *chances,
                          uint32_t count, uint32_t depth, gx_job *job, gx_error *err) {
    (void)chances;
    (void)count;
    return by_pass(out, "voterank", "count", gx_int(depth), graph, depth, job, err);
}

const gx__heuristic gx__heuristics[] = {
    {"degree", by_degree},
    {"discount", by_discount},
    {"pagerank", by_pagerank},
    {"voterank", by_votes},
};
const size_t gx__heuristic_count = GX_COUNT(gx__heuristics);

uint64_t gx__heuristic_bytes(const gx_graph *graph) {
    const uint64_t n = graph->n, m = graph->m, ranked = 48 * n + 8 * m, joined = 32 * n + 16 * m;
    return ranked > joined ? ranked : joined;
}
