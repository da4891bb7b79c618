/* Parts of friends to meet against sums over dense tables, and the evaluation by hidden ties. */
#include "engine/operations/meet_eval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_MAX = 20 };

typedef struct world {
    uint32_t n;
    bool tie[N_MAX][N_MAX];
    gx_graph graph;
    gx_meet_graph rows;
    gx_job job;
} world;

static void world_make(world *w, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 9);
    uint32_t src[4 * N_MAX], dst[4 * N_MAX];
    uint64_t m = 0;
    *w = (world){.n = 1 + (uint32_t)gx_rng_below(&rng, N_MAX)};
    gx_job_init(&w->job, 1, 1);
    for (uint64_t i = gx_rng_below(&rng, 4 * w->n); i > 0; i--) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, w->n), v = (uint32_t)gx_rng_below(&rng, w->n);
        if (u != v && !w->tie[u][v]) {
            w->tie[u][v] = w->tie[v][u] = true;
            src[m] = u;
            dst[m++] = v;
        }
    }
    assert_int_equal(
        gx_graph_build(&w->graph, w->n, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, &w->job, NULL),
        GX_OK);
    w->rows = (gx_meet_graph){.n = w->n, .ptr = w->graph.out_ptr, .dst = w->graph.out_dst};
}

static double degree(const world *w, uint32_t u) {
    double sum = 0;
    for (uint32_t v = 0; v < w->n; v++) {
        sum += w->tie[u][v];
    }
    return sum;
}

/* `own` is the row that was given for u, of the graph or not. */
static gx_meet_parts expected(const world *w, const bool *own, uint32_t u, uint32_t v) {
    gx_meet_parts p = {0};
    for (uint32_t z = 0; z < w->n; z++) {
        if (!own[z]) {
            continue;
        }
        p.common += w->tie[z][v];
        p.adamic += w->tie[z][v] ? 1 / log(fmax(degree(w, z), 2)) : 0;
        p.near += w->tie[z][v] ? 1 / degree(w, z) : 0;
        for (uint32_t x = 0; x < w->n; x++) {
            bool path = x != u && w->tie[z][x] && w->tie[x][v];
            p.far += path ? 1 / (degree(w, z) * degree(w, x)) : 0;
        }
    }
    return p;
}

static void assert_parts(const world *w, const gx_meet *meet, const bool *own, uint32_t u) {
    for (uint32_t v = 0; v < w->n; v++) {
        gx_meet_parts p = v == u || own[v] ? (gx_meet_parts){0} : expected(w, own, u, v);
        const gx_meet_parts *made = &meet->parts[v];
        assert_int_equal(made->common, p.common);
        assert_true(fabs(made->adamic - p.adamic) < 1e-9);
        assert_true(fabs(made->near - p.near) < 1e-9);
        assert_true(fabs(made->far - p.far) < 1e-9);
    }
    for (uint32_t i = 0; i < meet->touched_count; i++) {
        assert_true(meet->touched[i] != u && !own[meet->touched[i]]);
    }
}

static void test_parts_against_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        world w;
        gx_meet meet;
        gx_rng rng = gx_rng_at(seed, 10);
        world_make(&w, seed);
        assert_int_equal(gx_meet_open(&meet, &w.rows, &w.job, NULL), GX_OK);
        for (uint32_t u = 0; u < w.n; u++) {
            bool own[N_MAX] = {false};
            uint32_t row[N_MAX + 1], count = 0;
            for (uint32_t v = 0; v < w.n; v++) { /* some new ties, some gone */
                own[v] = v != u && (w.tie[u][v] != (gx_rng_below(&rng, 6) == 0));
                row[count] = v;
                count += own[v];
            }
            row[count++] = w.n + 5; /* newer than the graph */
            assert_int_equal(gx_meet_from(&meet, u, row, count, GX_NONE, &w.job, NULL), GX_OK);
            assert_parts(&w, &meet, own, u);
        }
        gx_meet_close(&meet, &w.job);
        gx_graph_finish(&w.graph);
    }
}

/* Members on a ring, each tied to the next `reach` on either side: the hidden are near. */
static void ring(gx_graph *out, uint32_t n, uint32_t reach, gx_job *job) {
    uint32_t *src = gx_alloc(n * reach, sizeof *src), *dst = gx_alloc(n * reach, sizeof *dst);
    uint64_t m = 0;
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t k = 1; k <= reach; k++) {
            src[m] = u;
            dst[m++] = (u + k) % n;
        }
    }
    assert_int_equal(gx_graph_build(out, n, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, job, NULL),
                     GX_OK);
    gx_free(src);
    gx_free(dst);
}

static void test_hidden_ties_are_found(void **state) {
    (void)state;
    gx_graph graph;
    gx_meet_eval first, again;
    gx_meet_eval_options options = {.share = 0.1,
                                    .members = 300,
                                    .cutoff = 10,
                                    .k = 200,
                                    .pool = 140,
                                    .weights = gx_meet_weights_default};
    gx_job job;
    gx_job_init(&job, 1, 3);
    ring(&graph, 400, 6, &job);
    assert_int_equal(gx_meet_evaluate(&first, &graph, &options, &job, NULL), GX_OK);
    assert_int_equal(first.ties, 2400);
    assert_true(first.hidden > 180 && first.hidden < 300 && first.members > 200);
    const gx_meet_figures *both[] = {&first.own, &first.adamic};
    for (int i = 0; i < 2; i++) {
        assert_true(both[i]->auc > 0.97 && both[i]->auc <= 1);
        assert_true(both[i]->precision > 0.1 && both[i]->precision <= 1);
    }
    job.threads = 2;
    assert_int_equal(gx_meet_evaluate(&again, &graph, &options, &job, NULL), GX_OK);
    assert_memory_equal(&first, &again, sizeof first);
    uint8_t shown[400];
    for (uint32_t u = 0; u < GX_COUNT(shown); u++) {
        shown[u] = 1;
    }
    options.shown = shown; /* all of them: the same */
    assert_int_equal(gx_meet_evaluate(&again, &graph, &options, &job, NULL), GX_OK);
    assert_memory_equal(&first, &again, sizeof first);
    for (uint32_t u = 0; u < GX_COUNT(shown); u++) {
        shown[u] = u % 4 == 0; /* fewer compete for the places of a list */
    }
    assert_int_equal(gx_meet_evaluate(&again, &graph, &options, &job, NULL), GX_OK);
    assert_true(again.hidden == first.hidden && again.members < first.members);
    assert_true(again.own.auc > 0.97 && again.own.precision > 0.09);
    memset(shown, 0, sizeof shown);
    assert_int_equal(gx_meet_evaluate(&again, &graph, &options, &job, NULL), GX_CONFLICT);
    gx_job_cancel(&job);
    assert_int_equal(gx_meet_evaluate(&again, &graph, &options, &job, NULL), GX_CANCELLED);
    gx_graph_finish(&graph);
}

/* A random graph has nothing to be found: AUC about a half, by degree alone. */
static void test_chance_is_a_half(void **state) {
    (void)state;
    enum { N = 2000, M = 4000 };
    gx_graph graph;
    gx_meet_eval eval;
    gx_meet_eval_options options = {
        .share = 0.1, .members = 2000, .cutoff = 10, .k = 200, .pool = 140};
    options.weights = gx_meet_weights_adamic;
    gx_rng rng = gx_rng_at(1, 1);
    uint32_t *src = gx_alloc(M, sizeof *src), *dst = gx_alloc(M, sizeof *dst);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t i = 0; i < M; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, N);
        dst[i] = (uint32_t)gx_rng_below(&rng, N);
    }
    assert_int_equal(gx_graph_build(&graph, N, M, src, dst, NULL, GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
    assert_int_equal(gx_meet_evaluate(&eval, &graph, &options, &job, NULL), GX_OK);
    assert_true(fabs(eval.adamic.auc - 0.5) < 0.02);
    assert_true(fabs(eval.own.auc - eval.adamic.auc) < 0.02);
    options.share = 1e-6;
    gx_error err = {0};
    assert_int_equal(gx_meet_evaluate(&eval, &graph, &options, &job, &err), GX_CONFLICT);
    gx_graph_finish(&graph);
    gx_free(src);
    gx_free(dst);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_against_the_definition),
        cmocka_unit_test(test_hidden_ties_are_found),
        cmocka_unit_test(test_chance_is_a_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
