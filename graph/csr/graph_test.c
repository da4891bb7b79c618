/* Graphs against a naive twin that keeps its arcs in a dense table, on many small seeded inputs. */
#include "graph/csr/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N_MAX = 24, ARCS_MAX = 160 };

typedef struct arcs {
    uint32_t n;
    uint64_t m;
    uint32_t src[ARCS_MAX], dst[ARCS_MAX];
    float weight[ARCS_MAX];
} arcs;

static arcs random_arcs(uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 0);
    arcs a = {.n = 1 + (uint32_t)gx_rng_below(&rng, N_MAX)};
    a.m = gx_rng_below(&rng, ARCS_MAX);
    for (uint64_t i = 0; i < a.m; i++) {
        a.src[i] = (uint32_t)gx_rng_below(&rng, a.n);
        a.dst[i] = (uint32_t)gx_rng_below(&rng, a.n);
        a.weight[i] = (float)gx_rng_below(&rng, 8) / 4;
    }
    return a;
}

static gx_job a_job(int threads) {
    gx_job job;
    gx_job_init(&job, threads, 1);
    return job;
}

static void build(gx_graph *out, const arcs *a, bool weighted, unsigned flags, int threads) {
    gx_job job = a_job(threads);
    gx_error err = {0};
    gx_status status = gx_graph_build(out, a->n, a->m, a->src, a->dst, weighted ? a->weight : NULL,
                                      flags, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

/* ---- the naive twin ------------------------------------------------------------------------- */

typedef struct table {
    bool there[N_MAX][N_MAX];
    double weight[N_MAX][N_MAX];
} table;

static table table_of(const arcs *a, bool weighted, unsigned flags) {
    table t = {0};
    bool count = !(flags & GX_GRAPH_UNWEIGHTED);
    for (uint64_t i = 0; i < a->m; i++) {
        uint32_t u = a->src[i], v = a->dst[i];
        if (u != v || flags & GX_GRAPH_LOOPS) {
            double w = count && weighted ? (double)a->weight[i] : 1;
            t.weight[u][v] = count ? t.weight[u][v] + w : 1;
            t.there[u][v] = true;
        }
    }
    for (uint32_t u = 0; flags & GX_GRAPH_UNDIRECTED && u < a->n; u++) {
        for (uint32_t v = 0; v < u; v++) {
            t.there[u][v] = t.there[v][u] = t.there[u][v] || t.there[v][u];
            t.weight[u][v] = t.weight[v][u] = fmax(t.weight[u][v], t.weight[v][u]);
        }
    }
    return t;
}

static void assert_rows(const table *t, uint32_t n, const uint64_t *ptr, const uint32_t *end,
                        const float *weight, bool transposed) {
    uint64_t i = 0;
    assert_int_equal(ptr[0], 0);
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < n; v++) {
            if (transposed ? t->there[v][u] : t->there[u][v]) {
                double w = transposed ? t->weight[v][u] : t->weight[u][v];
                assert_true(i < ptr[u + 1]);
                assert_int_equal(end[i], v);
                assert_true(w == (weight ? (double)weight[i] : 1)); /* quarters: exact */
                i++;
            }
        }
        assert_int_equal(ptr[u + 1], i);
    }
}

static bool all_one(const float *weight, uint64_t m) {
    for (uint64_t i = 0; i < m; i++) {
        if (weight[i] != 1.0f) {
            return false;
        }
    }
    return true;
}

static void assert_same(const gx_graph *a, const gx_graph *b) {
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->m, b->m);
    assert_int_equal(a->directed, b->directed);
    assert_memory_equal(a->out_ptr, b->out_ptr, (a->n + 1) * sizeof *a->out_ptr);
    assert_memory_equal(a->out_dst, b->out_dst, a->m * sizeof *a->out_dst);
    assert_int_equal(!a->out_weight, !b->out_weight);
    if (a->out_weight) {
        assert_memory_equal(a->out_weight, b->out_weight, a->m * sizeof *a->out_weight);
    }
    assert_int_equal(!a->in_ptr, !b->in_ptr);
    if (a->in_ptr) {
        assert_memory_equal(a->in_ptr, b->in_ptr, (a->n + 1) * sizeof *a->in_ptr);
        assert_memory_equal(a->in_src, b->in_src, a->m * sizeof *a->in_src);
    }
}

static void test_against_table(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++) {
        arcs a = random_arcs(seed);
        unsigned flags = (unsigned)seed % 16;
        bool weighted = seed / 16 % 2;
        table t = table_of(&a, weighted, flags);
        gx_graph g;
        build(&g, &a, weighted, flags, 1 + (int)(seed % 3));
        assert_int_equal(g.directed, !(flags & GX_GRAPH_UNDIRECTED));
        assert_rows(&t, a.n, g.out_ptr, g.out_dst, g.out_weight, false);
        assert_true(!g.out_weight || !all_one(g.out_weight, g.m));
        assert_int_equal(g.in_ptr != NULL, !g.directed || flags & GX_GRAPH_IN);
        if (g.in_ptr) {
            assert_rows(&t, a.n, g.in_ptr, g.in_src, g.in_weight, true);
        }
        gx_graph_finish(&g);
        gx_graph_finish(&g);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void test_without_is_as_if_they_had_never_been_given(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        const unsigned flags = GX_GRAPH_IN | (seed % 3 ? 0 : GX_GRAPH_UNWEIGHTED);
        arcs a = random_arcs(seed), fewer = {.n = a.n};
        uint8_t gone[N_MAX];
        const uint8_t *from = seed % 2 ? gone : NULL, *to = seed / 2 % 2 ? gone : NULL;
        for (uint32_t v = 0; v < a.n; v++) {
            gone[v] = (seed >> (v % 7)) % 3 == 0;
        }
        for (uint64_t i = 0; i < a.m; i++) {
            if (!(from && from[a.src[i]]) && !(to && to[a.dst[i]])) {
                fewer.src[fewer.m] = a.src[i];
                fewer.dst[fewer.m] = a.dst[i];
                fewer.weight[fewer.m++] = a.weight[i];
            }
        }
        gx_graph all, without, wanted;
        gx_job job = a_job(2);
        build(&all, &a, true, GX_GRAPH_IN, 1);
        build(&wanted, &fewer, true, flags, 1);
        assert_int_equal(gx_graph_without(&without, &all, from, to, flags, &job, NULL), GX_OK);
        assert_same(&without, &wanted);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        gx_graph_finish(&all);
        gx_graph_finish(&without);
        gx_graph_finish(&wanted);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void test_undirected_later_is_undirected_at_once(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        arcs a = random_arcs(seed);
        gx_graph directed, at_once, later, again;
        gx_job job = a_job(2);
        unsigned in = seed % 2 ? GX_GRAPH_IN : 0;
        build(&directed, &a, true, GX_GRAPH_LOOPS | in, 1);
        build(&at_once, &a, true, GX_GRAPH_LOOPS | GX_GRAPH_UNDIRECTED, 2);
        assert_int_equal(gx_graph_undirected(&later, &directed, &job, NULL), GX_OK);
        assert_same(&later, &at_once);
        assert_int_equal(gx_graph_undirected(&again, &later, &job, NULL), GX_OK);
        gx_graph_finish(&later); /* `again` still holds it */
        assert_same(&again, &at_once);
        gx_graph_finish(&again);
        gx_graph_finish(&at_once);
        gx_graph_finish(&directed);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* ---- sizes that use many buckets ------------------------------------------------------------ */

enum { BIG_N = 5000, BIG_M = 120000 };

/* A heavy tail of sources and repeated arcs with weights whose sum depends on the order. */
static void big_arcs(uint32_t *src, uint32_t *dst, float *weight) {
    gx_rng rng = gx_rng_at(7, 7);
    for (uint64_t i = 0; i < BIG_M; i++) {
        double r = gx_rng_real(&rng);
        src[i] = (uint32_t)(r * r * r * BIG_N);
        dst[i] = (uint32_t)gx_rng_below(&rng, src[i] % 7 ? BIG_N : 40);
        weight[i] = (float)exp(8 * gx_rng_normal(&rng));
    }
}

static void test_same_bytes(void **state) {
    (void)state;
    uint32_t *src = gx_alloc(BIG_M, sizeof *src), *dst = gx_alloc(BIG_M, sizeof *dst);
    float *weight = gx_alloc(BIG_M, sizeof *weight);
    big_arcs(src, dst, weight);
    for (unsigned flags = GX_GRAPH_UNDIRECTED; flags <= GX_GRAPH_IN; flags++) {
        gx_graph first = {0};
        for (int round = 0; round < 5; round++) {
            gx_graph g;
            gx_job job = a_job(1 + round);
            assert_int_equal(gx_graph_build(&g, BIG_N, BIG_M, src, dst, weight, flags, &job, NULL),
                             GX_OK);
            if (round == 0) {
                first = g;
                continue;
            }
            assert_same(&first, &g);
            gx_graph_finish(&g);
            /* The same arcs in another order. */
            gx_rng rng = gx_rng_at(8, (uint64_t)round);
            for (uint64_t i = BIG_M; i-- > 1;) {
                uint64_t k = gx_rng_below(&rng, i + 1);
                uint32_t u = src[i], v = dst[i];
                float w = weight[i];
                src[i] = src[k], dst[i] = dst[k], weight[i] = weight[k];
                src[k] = u, dst[k] = v, weight[k] = w;
            }
        }
        assert_true(first.m > 1000);
        gx_graph_finish(&first);
    }
    gx_free(src);
    gx_free(dst);
    gx_free(weight);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void test_star(void **state) {
    (void)state;
    enum { LEAVES = 60000 };
    uint32_t *hub = gx_alloc0(LEAVES, sizeof *hub), *leaf = gx_alloc(LEAVES, sizeof *leaf);
    for (uint32_t i = 0; i < LEAVES; i++) {
        leaf[i] = LEAVES - i;
    }
    gx_graph g;
    gx_job job = a_job(3);
    assert_int_equal(
        gx_graph_build(&g, LEAVES + 1, LEAVES, hub, leaf, NULL, GX_GRAPH_IN, &job, NULL), GX_OK);
    assert_int_equal(g.m, LEAVES);
    assert_int_equal(g.out_ptr[1], LEAVES);
    for (uint32_t i = 0; i < LEAVES; i++) {
        assert_int_equal(g.out_dst[i], i + 1);
        assert_int_equal(g.in_ptr[i + 1], i);
    }
    assert_null(g.out_weight);
    gx_graph_finish(&g);
    gx_free(hub);
    gx_free(leaf);
}

/* ---- degenerate and hostile ---------------------------------------------------------------- */

static void test_empty(void **state) {
    (void)state;
    for (unsigned flags = 0; flags < 16; flags++) {
        for (uint32_t n = 0; n < 3; n++) {
            gx_graph g;
            gx_job job = a_job(2);
            assert_int_equal(gx_graph_build(&g, n, 0, NULL, NULL, NULL, flags, &job, NULL), GX_OK);
            assert_int_equal(g.n, n);
            assert_int_equal(g.m, 0);
            assert_int_equal(g.out_ptr[n], 0);
            gx_graph_finish(&g);
        }
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void test_refused(void **state) {
    (void)state;
    const uint32_t src[] = {0, 1, 2}, dst[] = {1, 2, 0}, past[] = {1, 3, 0};
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY, -1, -1e-30f};
    gx_job job = a_job(1);
    gx_graph g = {.n = 77};
    gx_error err;
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        float weight[] = {1, bad[i], bad[i]};
        assert_int_equal(gx_graph_build(&g, 3, 3, src, dst, weight, 0, &job, &err), GX_BAD_REQUEST);
        assert_string_equal(err.at, "weight");
        assert_non_null(strstr(err.message, "arc 1:"));
        assert_int_equal(
            gx_graph_build(&g, 3, 3, src, dst, weight, GX_GRAPH_UNWEIGHTED, &job, &err), GX_OK);
        gx_graph_finish(&g);
        g.n = 77;
    }
    assert_int_equal(gx_graph_build(&g, 3, 3, src, past, NULL, 0, &job, &err), GX_BAD_REQUEST);
    assert_string_equal(err.at, "dst");
    assert_int_equal(gx_graph_build(&g, 3, 3, past, dst, NULL, 0, &job, &err), GX_BAD_REQUEST);
    assert_string_equal(err.at, "src");
    assert_int_equal(gx_graph_build(&g, 0, 1, src, dst, NULL, 0, &job, &err), GX_BAD_REQUEST);
    assert_int_equal(g.n, 77); /* outputs are untouched on failure */
    float huge[] = {3e38f, 3e38f, 1};
    const uint32_t one[] = {1, 1, 1}, two[] = {2, 2, 2};
    assert_int_equal(gx_graph_build(&g, 3, 3, one, two, huge, 0, &job, &err), GX_OK);
    assert_true(isfinite(g.out_weight[0]));
    gx_graph_finish(&g);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static gx_status both(gx_job *job) {
    arcs a = random_arcs(5);
    gx_graph g = {0}, u = {0};
    gx_status status = GX_OK;
    GX_TRY(gx_graph_build(&g, a.n, a.m, a.src, a.dst, a.weight, GX_GRAPH_IN, job, NULL));
    GX_TRY(gx_graph_undirected(&u, &g, job, NULL));
done:
    gx_graph_finish(&g);
    gx_graph_finish(&u);
    assert_int_equal(gx_alloc_live_blocks(), 0);
    assert_int_equal(atomic_load(&job->mem_used), 0);
    return status;
}

static void test_failing_allocator(void **state) {
    (void)state;
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_job job = a_job(2);
        gx_alloc_fail_at(k);
        status = both(&job);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_true(k < 200);
    }
}

/* The same where several workers allocate at once. */
static void test_failing_allocator_in_parallel(void **state) {
    (void)state;
    uint32_t *src = gx_alloc(BIG_M, sizeof *src), *dst = gx_alloc(BIG_M, sizeof *dst);
    float *weight = gx_alloc(BIG_M, sizeof *weight);
    big_arcs(src, dst, weight);
    gx_status status = GX_NO_MEMORY;
    uint64_t before = gx_alloc_live_blocks(), k = 1;
    for (; status != GX_OK; k++) {
        gx_graph g = {0};
        gx_error err = {0};
        gx_job job = a_job(3);
        gx_alloc_fail_at(k);
        status = gx_graph_build(&g, BIG_N, BIG_M, src, dst, weight, GX_GRAPH_IN, &job, &err);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(status == GX_OK, !err.message[0]);
        gx_graph_finish(&g);
        assert_int_equal(gx_alloc_live_blocks(), before);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    assert_true(k > 20);
    gx_free(src);
    gx_free(dst);
    gx_free(weight);
}

static void test_stop_and_limit(void **state) {
    (void)state;
    gx_job job = a_job(2);
    gx_job_cancel(&job);
    assert_int_equal(both(&job), GX_CANCELLED);
    job = a_job(2);
    job.deadline_ns = 1;
    assert_int_equal(both(&job), GX_DEADLINE);
    job = a_job(2);
    job.mem_limit = 1;
    assert_int_equal(both(&job), GX_OVER_LIMIT);
}

/* The same for the same arcs in any order and of any weight, another where one arc is moved. */
static void test_a_digest_is_of_the_arcs(void **state) {
    (void)state;
    uint32_t moved = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        arcs a = random_arcs(seed), back = a, other = a;
        gx_graph one, same, third;
        for (uint64_t i = 0; i < a.m; i++) {
            back.src[i] = a.src[a.m - 1 - i];
            back.dst[i] = a.dst[a.m - 1 - i];
            back.weight[i] = 1;
        }
        build(&one, &a, true, 0, 1);
        build(&same, &back, true, GX_GRAPH_IN, 2);
        assert_int_equal(gx_graph_digest(&one), gx_graph_digest(&same));
        if (a.m > 0) {
            const uint32_t k = (uint32_t)(seed % a.m);
            other.dst[k] = (other.dst[k] + 1) % a.n;
            build(&third, &other, true, 0, 1);
            const bool alike =
                one.m == third.m &&
                memcmp(one.out_ptr, third.out_ptr, (one.n + 1) * sizeof *one.out_ptr) == 0 &&
                (one.m == 0 || memcmp(one.out_dst, third.out_dst, one.m * sizeof(uint32_t)) == 0);
            assert_int_equal(alike, gx_graph_digest(&one) == gx_graph_digest(&third));
            moved += !alike;
            gx_graph_finish(&third);
        }
        gx_graph_finish(&one);
        gx_graph_finish(&same);
    }
    assert_true(moved > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_digest_is_of_the_arcs),
        cmocka_unit_test(test_against_table),
        cmocka_unit_test(test_undirected_later_is_undirected_at_once),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_star),
        cmocka_unit_test(test_without_is_as_if_they_had_never_been_given),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failing_allocator),
        cmocka_unit_test(test_failing_allocator_in_parallel),
        cmocka_unit_test(test_stop_and_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
