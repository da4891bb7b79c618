/* Quality figures against their definitions written out over all pairs, and against values known by
 * hand. */
#include "engine/community/quality.h"

#include "engine/community/partition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N_MAX = 16 };

static gx_job a_job(void) {
    gx_job job;
    gx_job_init(&job, 1, 1);
    return job;
}

static gx_graph random_graph(uint64_t seed, uint32_t *community) {
    gx_rng rng = gx_rng_at(seed, 5);
    uint32_t n = 2 + (uint32_t)gx_rng_below(&rng, N_MAX - 1), src[40], dst[40];
    float weight[40];
    uint64_t m = gx_rng_below(&rng, 40);
    for (uint64_t i = 0; i < m; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, n);
        dst[i] = (uint32_t)gx_rng_below(&rng, n);
        weight[i] = (float)gx_rng_below(&rng, 5) / 2;
    }
    for (uint32_t v = 0; v < n; v++) {
        community[v] = (uint32_t)gx_rng_below(&rng, n);
    }
    gx_graph graph;
    gx_job job = a_job();
    unsigned flags = GX_GRAPH_UNDIRECTED | (seed % 3 == 0 ? GX_GRAPH_LOOPS : 0);
    assert_int_equal(
        gx_graph_build(&graph, n, m, src, dst, seed % 2 ? weight : NULL, flags, &job, NULL), GX_OK);
    return graph;
}

static void fill(double a[N_MAX][N_MAX], const gx_graph *graph) {
    memset(a, 0, sizeof(double[N_MAX][N_MAX]));
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            a[v][graph->out_dst[i]] += graph->out_weight ? (double)graph->out_weight[i] : 1;
        }
    }
}

static double naive_modularity(const gx_graph *graph, const uint32_t *community, double resolution,
                               double *out_coverage) {
    double a[N_MAX][N_MAX], degree[N_MAX] = {0}, all = 0, q = 0, inside = 0;
    fill(a, graph);
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint32_t u = 0; u < graph->n; u++) {
            degree[v] += a[v][u];
            all += a[v][u];
        }
    }
    for (uint32_t v = 0; v < graph->n && all > 0; v++) {
        for (uint32_t u = 0; u < graph->n; u++) {
            if (community[u] == community[v]) {
                q += (a[v][u] - resolution * degree[u] * degree[v] / all) / all;
                inside += a[v][u] / all;
            }
        }
    }
    *out_coverage = inside;
    return q;
}

static void test_against_definitions(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        uint32_t community[N_MAX];
        double total[N_MAX], inside[N_MAX], q, coverage;
        gx_graph graph = random_graph(seed, community);
        gx_job job = a_job();
        double resolution = (double)(1 + seed % 3) / 2;
        double expected = naive_modularity(&graph, community, resolution, &coverage);
        assert_int_equal(gx_quality_modularity(&q, &graph, community, resolution, &job, NULL),
                         GX_OK);
        assert_true(fabs(q - expected) < 1e-12);
        gx_quality_weights(total, inside, &graph, community, graph.n);
        assert_true(fabs(gx_quality_coverage(total, inside, graph.n) - coverage) < 1e-12);
        gx_graph_finish(&graph);
    }
}

/* Connectedness by repeated relaxation over the dense table. */
static bool naive_is_connected(double a[N_MAX][N_MAX], uint32_t n, const uint32_t *community,
                               uint32_t c) {
    bool reached[N_MAX] = {false}, any = false, all = true;
    for (uint32_t round = 0; round <= n; round++) {
        for (uint32_t v = 0; v < n; v++) {
            if (community[v] != c) {
                continue;
            }
            reached[v] = reached[v] || !any;
            any = true;
            for (uint32_t u = 0; u < n; u++) {
                if (community[u] == c && a[v][u] > 0 && reached[v]) {
                    reached[u] = true;
                }
            }
        }
    }
    for (uint32_t v = 0; v < n; v++) {
        all = all && (community[v] != c || reached[v]);
    }
    return all;
}

static void test_disconnected_and_split(void **state) {
    (void)state;
    uint32_t seen = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        uint32_t community[N_MAX], broken, expected = 0, count;
        double a[N_MAX][N_MAX];
        gx_graph graph = random_graph(seed, community);
        gx_job job = a_job();
        fill(a, &graph);
        for (uint32_t c = 0; c < graph.n; c++) {
            expected += !naive_is_connected(a, graph.n, community, c);
        }
        assert_int_equal(gx_quality_disconnected(&broken, &graph, community, &job, NULL), GX_OK);
        assert_int_equal(broken, expected);
        seen += broken > 0;
        uint32_t before[N_MAX];
        memcpy(before, community, sizeof before);
        assert_int_equal(gx_partition_split(community, &graph, &count, &job, NULL), GX_OK);
        for (uint32_t v = 0; v < graph.n; v++) {
            assert_true(community[v] < count && naive_is_connected(a, graph.n, community, v));
            for (uint32_t u = 0; u < v; u++) {
                assert_true(community[u] != community[v] || before[u] == before[v]);
                assert_true(!(a[u][v] > 0) || before[u] != before[v] ||
                            community[u] == community[v]);
            }
        }
        gx_graph_finish(&graph);
    }
    assert_true(seen > 100);
}

static void test_conductance(void **state) {
    (void)state;
    assert_true(gx_quality_conductance(0, 0, 10) == 0);
    assert_true(gx_quality_conductance(10, 10, 10) == 0);
    assert_true(gx_quality_conductance(4, 1, 20) == 0.75);
    assert_true(gx_quality_conductance(16, 13, 20) == 0.75); /* the rest is the smaller side */
}

static double nmi(const uint32_t *a, const uint32_t *b, uint32_t n) {
    gx_job job = a_job();
    double out = NAN;
    assert_int_equal(gx_quality_nmi(&out, a, b, n, &job, NULL), GX_OK);
    return out;
}

static void test_nmi(void **state) {
    (void)state;
    const uint32_t halves[] = {0, 0, 1, 1}, renamed[] = {3, 3, 0, 0}, crossed[] = {0, 1, 0, 1};
    const uint32_t one[] = {0, 0, 0, 0}, singles[] = {0, 1, 2, 3};
    assert_true(fabs(nmi(halves, renamed, 4) - 1) < 1e-12);
    assert_true(fabs(nmi(halves, crossed, 4)) < 1e-12);
    assert_true(fabs(nmi(halves, one, 4)) < 1e-12);
    /* H = log 2 and log 4, joint log 4: 2 log 2 / (log 2 + log 4) = 2/3. */
    assert_true(fabs(nmi(halves, singles, 4) - 2.0 / 3) < 1e-12);
    assert_true(nmi(one, one, 4) == 1);
    assert_true(nmi(one, one, 0) == 1);
}

static void test_order(void **state) {
    (void)state;
    uint32_t community[] = {4, 2, 2, 0, 0, 6, 6, 6}, count;
    const uint32_t expected[] = {3, 1, 1, 2, 2, 0, 0, 0};
    gx_job job = a_job();
    assert_int_equal(gx_partition_order(community, 8, &count, &job, NULL), GX_OK);
    assert_int_equal(count, 4);
    assert_memory_equal(community, expected, sizeof expected);
    assert_int_equal(gx_partition_order(community, 0, &count, &job, NULL), GX_OK);
    assert_int_equal(count, 0);
}

/* The check refuses each kind of breach. */
static void test_check_refuses(void **state) {
    (void)state;
    const uint32_t src[] = {0, 1, 3}, dst[] = {1, 2, 4};
    gx_job job = a_job();
    gx_graph graph;
    gx_error err;
    assert_int_equal(gx_graph_build(&graph, 5, 3, src, dst, NULL, GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
    const struct {
        uint32_t community[5];
        gx_status status;
    } cases[] = {
        {{0, 0, 0, 1, 1}, GX_OK},       {{1, 1, 1, 0, 0}, GX_INTERNAL}, /* not by size */
        {{0, 0, 0, 2, 2}, GX_INTERNAL},                                 /* a number left out */
        {{0, 0, 1, 0, 0}, GX_INTERNAL},                                 /* not connected */
        {{0, 0, 0, 1, 9}, GX_INTERNAL},                                 /* out of range */
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        assert_int_equal(gx_quality_check(cases[i].community, &graph, &err), cases[i].status);
    }
    assert_int_equal(gx_quality_check(NULL, &graph, &err), GX_INTERNAL);
    gx_graph_finish(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_definitions),
        cmocka_unit_test(test_disconnected_and_split),
        cmocka_unit_test(test_conductance),
        cmocka_unit_test(test_nmi),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_check_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
