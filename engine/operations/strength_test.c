/* Tie strength against its definition over a dense table, on many seeded graphs. */
#include "engine/operations/tie_parts.h"
#include "graph/pass/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const gx_pass gx_pass_strength;

enum { N_MAX = 14, ITEMS = 6, GROUPS = 4, ARCS_MAX = 70 };

static const double half_life_ms = 365 * 86400000.0;

typedef struct world {
    uint32_t n;
    bool directed, weighted;
    double arc[N_MAX][N_MAX]; /* weight, 0: none */
    double act[N_MAX][ITEMS];
    int64_t time[N_MAX][N_MAX]; /* 0: not known */
    bool in_group[N_MAX][GROUPS];
    gx_graph graph, undirected;
    gx_matrix matrix, times, groups;
} world;

/* Of some ties the time is not known, and of some worlds no time and no group is. */
static void world_facts(world *w, gx_rng *rng, gx_job *job) {
    uint32_t row[2 * ARCS_MAX], col[2 * ARCS_MAX], group_row[N_MAX * GROUPS],
        group_col[N_MAX * GROUPS];
    int64_t ts[2 * ARCS_MAX];
    uint64_t times = 0, groups = 0;
    bool timed = gx_rng_below(rng, 3) != 0, grouped = gx_rng_below(rng, 3) != 0;
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t v = 0; v < w->n; v++) {
            if (timed && w->arc[u][v] > 0 && gx_rng_below(rng, 4) != 0) {
                int64_t at = 1 + (int64_t)gx_rng_below(rng, 800) * 86400000;
                int64_t last = w->time[v][u] > at ? w->time[v][u] : at;
                w->time[u][v] = w->time[v][u] = last;
                row[times] = u, col[times] = v, ts[times++] = at;
                row[times] = v, col[times] = u, ts[times++] = at;
            }
        }
        for (uint32_t g = 0; grouped && g < GROUPS; g++) {
            if (gx_rng_below(rng, 3) == 0) {
                w->in_group[u][g] = true;
                group_row[groups] = u, group_col[groups++] = g;
            }
        }
    }
    assert_int_equal(gx_matrix_build(&w->times, w->n, w->n, times, row, col, NULL, ts, job, NULL),
                     GX_OK);
    assert_int_equal(gx_matrix_build(&w->groups, w->n, GROUPS, groups, group_row, group_col, NULL,
                                     NULL, job, NULL),
                     GX_OK);
}

static void world_make(world *w, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 21);
    gx_job job;
    gx_job_init(&job, 1, 1);
    *w = (world){.n = 2 + (uint32_t)gx_rng_below(&rng, N_MAX - 1),
                 .directed = seed % 2 == 0,
                 .weighted = seed % 3 != 0};
    uint32_t src[ARCS_MAX], dst[ARCS_MAX], row[N_MAX * ITEMS], col[N_MAX * ITEMS];
    float weight[ARCS_MAX], value[N_MAX * ITEMS];
    uint64_t m = 0, nnz = 0;
    for (uint64_t i = gx_rng_below(&rng, ARCS_MAX); i > 0; i--) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, w->n), v = (uint32_t)gx_rng_below(&rng, w->n);
        if (u == v || w->arc[u][v] > 0 || (!w->directed && w->arc[v][u] > 0)) {
            continue;
        }
        weight[m] = w->weighted ? 0.5f + (float)gx_rng_below(&rng, 20) : 1.0f;
        w->arc[u][v] = (double)weight[m];
        src[m] = u;
        dst[m++] = v;
    }
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (gx_rng_below(&rng, 3) == 0) {
                row[nnz] = u;
                col[nnz] = i;
                value[nnz] = (float)(1 + gx_rng_below(&rng, 4));
                w->act[u][i] = (double)value[nnz++];
            }
        }
    }
    assert_int_equal(gx_graph_build(&w->graph, w->n, m, src, dst, w->weighted ? weight : NULL,
                                    w->directed ? 0 : GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
    assert_int_equal(gx_graph_undirected(&w->undirected, &w->graph, &job, NULL), GX_OK);
    assert_int_equal(
        gx_matrix_build(&w->matrix, w->n, ITEMS, nnz, row, col, value, NULL, &job, NULL), GX_OK);
    world_facts(w, &rng, &job);
}

static void world_free(world *w) {
    gx_graph_finish(&w->graph);
    gx_graph_finish(&w->undirected);
    gx_matrix_finish(&w->matrix);
    gx_matrix_finish(&w->times);
    gx_matrix_finish(&w->groups);
}

static gx_status run(gx_arrays **out, const world *w, const gx_value *params, gx_error *err) {
    gx_job job;
    gx_job_init(&job, 2, 1);
    gx_input input = {.graph = &w->graph,
                      .undirected = &w->undirected,
                      .matrix = &w->matrix,
                      .times = w->times.rows ? &w->times : NULL,
                      .groups = w->groups.rows ? &w->groups : NULL,
                      .users = w->n,
                      .items = ITEMS};
    assert_int_equal(gx_arrays_create(out, NULL), GX_OK);
    return gx_pass_run(*out, &gx_pass_strength, "strength", &input, params, &job, err);
}

/* ---- the definition ------------------------------------------------------------------------ */

static double tie(const world *w, uint32_t u, uint32_t v) {
    return fmax(w->arc[u][v], w->arc[v][u]);
}

static double usual_weight(const world *w) {
    double sum = 0, count = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t v = 0; v < w->n; v++) {
            if (tie(w, u, v) > 0) {
                sum += log(tie(w, u, v));
                count++;
            }
        }
    }
    return count > 0 ? exp(sum / count) : 1;
}

static double overlap(const world *w, uint32_t u, uint32_t v) {
    double common = 0, either = 0;
    for (uint32_t x = 0; x < w->n; x++) {
        bool a = tie(w, u, x) > 0, b = tie(w, v, x) > 0;
        if (x != u && x != v) {
            common += a && b;
            either += a || b;
        }
    }
    return either > 0 ? common / either : 0;
}

static double cosine(const world *w, uint32_t u, uint32_t v) {
    double dot = 0, uu = 0, vv = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        dot += w->act[u][i] * w->act[v][i];
        uu += w->act[u][i] * w->act[u][i];
        vv += w->act[v][i] * w->act[v][i];
    }
    return dot > 0 ? dot / sqrt(uu * vv) : 0;
}

static double recency(const world *w, uint32_t u, uint32_t v) {
    int64_t newest = 0;
    for (uint32_t x = 0; x < w->n; x++) {
        for (uint32_t y = 0; y < w->n; y++) {
            newest = w->time[x][y] > newest ? w->time[x][y] : newest;
        }
    }
    return w->time[u][v] ? exp2(-(double)(newest - w->time[u][v]) / half_life_ms) : 0.5;
}

static double shared_groups(const world *w, uint32_t u, uint32_t v) {
    double sum = 0;
    for (uint32_t g = 0; g < GROUPS; g++) {
        double size = 0;
        for (uint32_t x = 0; x < w->n; x++) {
            size += w->in_group[x][g];
        }
        sum += w->in_group[u][g] && w->in_group[v][g] ? 1 / log2(1 + size) : 0;
    }
    return sum / (1 + sum);
}

/* In the order of the parts. */
static double expected(const world *w, const double given[6], uint32_t u, uint32_t v) {
    double x = log2(1 + tie(w, u, v) / usual_weight(w));
    double back = fmin(w->arc[u][v], w->arc[v][u]) / tie(w, u, v);
    const bool is_known[6] = {true, w->times.nnz > 0, true, w->groups.nnz > 0,
                              true, w->matrix.nnz > 0};
    const double part[6] = {
        x / (1 + x),      recency(w, u, v), w->directed ? back : 1, shared_groups(w, u, v),
        overlap(w, u, v), cosine(w, u, v)};
    double sum = 0, all = 0;
    for (int p = 0; p < 6; p++) {
        sum += is_known[p] ? given[p] * part[p] : 0;
        all += is_known[p] ? given[p] : 0;
    }
    return sum / all;
}

static void assert_defined(const world *w, const gx_arrays *arrays, const double share[6],
                           uint64_t k) {
    const uint64_t *ptr = gx_arrays_get(arrays, "strength.ptr", GX_U64, w->n + 1);
    const uint32_t *dst = gx_arrays_get(arrays, "strength.dst", GX_U32, 0);
    const float *weight = gx_arrays_get(arrays, "strength.weight", GX_F32, 0);
    for (uint32_t u = 0; u < w->n; u++) {
        uint64_t ties = 0;
        for (uint32_t v = 0; v < w->n; v++) {
            ties += tie(w, u, v) > 0;
        }
        assert_int_equal(ptr[u + 1] - ptr[u], ties < k ? ties : k);
        bool listed[N_MAX] = {false};
        for (uint64_t i = ptr[u]; i < ptr[u + 1]; i++) {
            double strength = expected(w, share, u, dst[i]);
            assert_true(fabs((double)weight[i] - strength) < 1e-6);
            assert_true(i == ptr[u] || weight[i] <= weight[i - 1]);
            assert_false(listed[dst[i]]);
            listed[dst[i]] = true;
        }
        for (uint32_t v = 0; v < w->n && ptr[u + 1] > ptr[u]; v++) {
            double weakest = (double)weight[ptr[u + 1] - 1];
            assert_true(listed[v] || !(tie(w, u, v) > 0) ||
                        expected(w, share, u, v) <= weakest + 1e-6);
        }
    }
}

static void test_against_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        world w;
        world_make(&w, seed);
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 4);
        double share[6] = {1, 0.5, 1, 0.5, 1, seed % 5 ? 0.5 : 2};
        uint64_t k = seed % 4 ? 200 : 3;
        gx_map_put(arena, &params, "purchases", gx_real(share[5]));
        gx_map_put(arena, &params, "k", gx_int((int64_t)k));
        gx_arrays *arrays;
        gx_error err = {0};
        assert_int_equal(run(&arrays, &w, &params, &err), GX_OK);
        assert_defined(&w, arrays, share, k);
        gx_input input = {.undirected = &w.undirected, .users = w.n};
        assert_int_equal(gx_pass_strength.check(arrays, "strength", &input, NULL, &err), GX_OK);
        gx_arrays_destroy(arrays);
        gx_arena_destroy(arena);
        world_free(&w);
    }
}

static void test_refuses_that_nothing_counts(void **state) {
    (void)state;
    world w;
    world_make(&w, 1);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 6);
    static const char *const all[] = {"weight", "recency", "reciprocity",
                                      "groups", "common",  "purchases"};
    for (size_t p = 0; p < GX_COUNT(all); p++) {
        gx_map_put(arena, &params, all[p], gx_int(0));
    }
    gx_arrays *arrays;
    gx_error err = {0};
    assert_int_equal(run(&arrays, &w, &params, &err), GX_BAD_REQUEST);
    assert_int_equal(gx_arrays_count(arrays), 0);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    world_free(&w);
}

/* Two hubs with 400 neighbours each, every second shared: a sample of 16 or more sees about half.
 */
static void test_overlap_of_hubs_is_estimated(void **state) {
    (void)state;
    enum { HALF = 400, N = 2 + 3 * HALF / 2 };
    uint32_t src[2 * HALF + 1], dst[2 * HALF + 1];
    uint64_t m = 0;
    for (uint32_t i = 0; i < HALF; i++) {
        src[m] = 0;
        dst[m++] = 2 + i;
        src[m] = 1;
        dst[m++] = i < HALF / 2 ? 2 + 2 * i : 2 + HALF + i - HALF / 2;
    }
    src[m] = 0;
    dst[m++] = 1;
    static world w; /* of N members: its tables are not used */
    w.n = N;
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(
        gx_graph_build(&w.graph, N, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, &job, NULL), GX_OK);
    assert_int_equal(gx_graph_undirected(&w.undirected, &w.graph, &job, NULL), GX_OK);
    assert_int_equal(gx_matrix_build(&w.matrix, N, ITEMS, 0, NULL, NULL, NULL, NULL, &job, NULL),
                     GX_OK);
    gx_arena *arena = gx_arena_create();
    double overlap_of[2];
    for (int sampled = 0; sampled < 2; sampled++) {
        gx_value params = gx_map(arena, 4);
        gx_map_put(arena, &params, "weight", gx_int(0));
        gx_map_put(arena, &params, "reciprocity", gx_int(0));
        gx_map_put(arena, &params, "sample", gx_int(sampled ? 45 : 2000));
        gx_arrays *arrays;
        gx_error err = {0};
        assert_int_equal(run(&arrays, &w, &params, &err), GX_OK);
        const uint32_t *dst_of = gx_arrays_get(arrays, "strength.dst", GX_U32, 0);
        const float *weight = gx_arrays_get(arrays, "strength.weight", GX_F32, 0);
        assert_int_equal(dst_of[0], 1); /* the only tie of member 0 with anybody in common */
        overlap_of[sampled] = (double)weight[0];
        gx_arrays_destroy(arrays);
    }
    assert_true(fabs(overlap_of[0] - 200.0 / 600) < 1e-6);
    assert_true(fabs(overlap_of[1] - overlap_of[0]) < 0.1);
    gx_arena_destroy(arena);
    world_free(&w);
}

/* More weights than one block of the sum holds; every eighth is 0 and not counted. */
static void test_usual_weight_of_many(void **state) {
    (void)state;
    enum { N = 1000, TIES = 150000 };
    uint32_t *src = gx_alloc(TIES, sizeof *src), *dst = gx_alloc(TIES, sizeof *dst);
    float *weight = gx_alloc(TIES, sizeof *weight);
    gx_rng rng = gx_rng_at(7, 22);
    gx_graph graph;
    double usual, sum = 0, count = 0;
    for (uint64_t i = 0; i < TIES; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, N);
        dst[i] = (uint32_t)gx_rng_below(&rng, N);
        weight[i] = i % 8 ? (float)(1 + gx_rng_below(&rng, 100) + src[i] / 50) : 0;
    }
    for (int threads = 1; threads <= 4; threads += 3) {
        gx_job job;
        gx_job_init(&job, threads, 1);
        assert_int_equal(gx_graph_build(&graph, N, TIES, src, dst, weight, 0, &job, NULL), GX_OK);
        sum = count = 0;
        for (uint64_t i = 0; i < graph.m; i++) {
            if (graph.out_weight[i] > 0) {
                sum += log((double)graph.out_weight[i]);
                count++;
            }
        }
        assert_int_equal(gx_tie_usual_weight(&usual, &graph, &job, NULL), GX_OK);
        assert_true(graph.m > 1 << 17 && fabs(usual - exp(sum / count)) < 1e-9 * usual);
        gx_graph_finish(&graph);
    }
    gx_free(src);
    gx_free(dst);
    gx_free(weight);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_refuses_that_nothing_counts),
        cmocka_unit_test(test_overlap_of_hubs_is_estimated),
        cmocka_unit_test(test_usual_weight_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
