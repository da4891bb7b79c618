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
    for (uint64_t seed = 0; seed < 2000; seed++) {
        uint32_t community[N_MAX];
        double total[N_MAX], inside[N_MAX], q, coverage;
        gx_graph graph = random_graph(seed, community);
        gx_job job = a_job();
        double resolution = (double)(1 + seed % 3) / 2;
        double expected = naive_modularity(&graph, community, resolution, &coverage);
        assert_int_equal(gx_quality_modularity(&q, &graph, community, resolution, &job, NULL),
                         GX_OK);
        assert_true(fabs(q - expected) < 1e-12);
        assert_int_equal(gx_quality_weights(total, inside, &graph, community, graph.n, &job, NULL),
                         GX_OK);
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
    for (uint64_t seed = 0; seed < 2000; seed++) {
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

/* ---- against chance ------------------------------------------------------------------------ */

static double naive_information(const uint32_t *a, const uint32_t *b, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            double both = 0, in_a = 0, in_b = 0;
            for (uint32_t v = 0; v < n; v++) {
                both += a[v] == i && b[v] == j;
                in_a += a[v] == i;
                in_b += b[v] == j;
            }
            sum += both > 0 ? both / n * log(n * both / (in_a * in_b)) : 0;
        }
    }
    return sum;
}

/* Sum of f over every order of b (Heap's algorithm), and their number. */
static double sum_over_orders(const uint32_t *a, uint32_t *b, uint32_t n, uint32_t k,
                              double *out_orders) {
    if (k <= 1) {
        *out_orders += 1;
        return naive_information(a, b, n);
    }
    double sum = 0;
    for (uint32_t i = 0; i < k; i++) {
        sum += sum_over_orders(a, b, n, k - 1, out_orders);
        uint32_t other = k % 2 ? 0 : i, kept = b[other];
        b[other] = b[k - 1];
        b[k - 1] = kept;
    }
    return sum;
}

static double naive_ari(const uint32_t *a, const uint32_t *b, uint32_t n) {
    double both = 0, in_a = 0, in_b = 0, all = 0;
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < u; v++) {
            both += a[u] == a[v] && b[u] == b[v];
            in_a += a[u] == a[v];
            in_b += b[u] == b[v];
            all++;
        }
    }
    double chance = all > 0 ? in_a * in_b / all : 0, most = (in_a + in_b) / 2;
    return most - chance != 0 ? (both - chance) / (most - chance) : 1;
}

/* Adjusted mutual information from its definition: the mean over all orders of the members. */
static void test_agreement_with_chance(void **state) {
    (void)state;
    enum { MOST = 6 };
    for (uint64_t seed = 0; seed < 300; seed++) {
        gx_rng rng = gx_rng_at(seed, 6);
        gx_job job = a_job();
        uint32_t n = 1 + (uint32_t)gx_rng_below(&rng, MOST), a[MOST], b[MOST];
        uint32_t most = 1 + (uint32_t)gx_rng_below(&rng, n);
        for (uint32_t v = 0; v < n; v++) {
            a[v] = (uint32_t)gx_rng_below(&rng, most);
            b[v] = (uint32_t)gx_rng_below(&rng, n);
        }
        gx_agreement found;
        assert_int_equal(gx_quality_agreement(&found, a, b, n, &job, NULL), GX_OK);
        assert_int_equal(found.members, n);
        assert_true(fabs(found.nmi - nmi(a, b, n)) < 1e-12);
        assert_true(fabs(found.ari - naive_ari(a, b, n)) < 1e-12);
        double orders = 0, given = naive_information(a, b, n);
        double most_given = (naive_information(a, a, n) + naive_information(b, b, n)) / 2;
        double chance = sum_over_orders(a, b, n, n, &orders) / orders;
        double expected =
            most_given - chance > 1e-12 ? (given - chance) / (most_given - chance) : 1;
        if (!(fabs(found.ami - expected) < 1e-9)) {
            fail_msg("seed %u: AMI %.12g, by definition %.12g", (unsigned)seed, found.ami,
                     expected);
        }
    }
}

static void test_agreement_by_hand(void **state) {
    (void)state;
    enum { MANY = 20000 };
    const uint32_t split[] = {0, 0, 1, 2}, halves[] = {0, 0, 1, 1};
    const uint32_t some[] = {0, GX_NONE, 0, 1, 1, 3}, others[] = {2, 2, 2, 0, 0, GX_NONE};
    gx_job job = a_job();
    gx_agreement found;
    assert_int_equal(gx_quality_agreement(&found, split, halves, 4, &job, NULL), GX_OK);
    assert_true(fabs(found.ari - 4.0 / 7) < 1e-12);
    assert_int_equal(gx_quality_agreement(&found, some, others, 6, &job, NULL), GX_OK);
    assert_int_equal(found.members, 4);
    assert_true(fabs(found.nmi - 1) < 1e-12 && fabs(found.ami - 1) < 1e-12 && found.ari == 1);
    assert_int_equal(gx_quality_agreement(&found, some, others, 0, &job, NULL), GX_OK);
    assert_true(found.members == 0 && found.nmi == 1 && found.ami == 1 && found.ari == 1);
    /* Chance alone: NMI grows with the number of communities, the other two stay at 0. */
    uint32_t *a = gx_alloc(MANY, sizeof *a), *b = gx_alloc(MANY, sizeof *b);
    gx_rng rng = gx_rng_at(1, 7);
    assert_true(a && b);
    for (uint32_t v = 0; v < MANY; v++) {
        a[v] = (uint32_t)gx_rng_below(&rng, 2000);
        b[v] = (uint32_t)gx_rng_below(&rng, 2000);
    }
    assert_int_equal(gx_quality_agreement(&found, a, b, MANY, &job, NULL), GX_OK);
    assert_true(found.nmi > 0.5 && fabs(found.ami) < 0.01 && fabs(found.ari) < 0.01);
    assert_int_equal(gx_quality_agreement(&found, a, a, MANY, &job, NULL), GX_OK);
    assert_true(fabs(found.ami - 1) < 1e-9 && found.ari == 1);
    gx_free(a);
    gx_free(b);
}

/* Performance by its definition, and the other figures beside the functions that give them alone.
 */
static void test_measure(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        uint32_t community[N_MAX], count, broken;
        double a[N_MAX][N_MAX], right = 0, pairs = 0, modularity;
        gx_graph graph = random_graph(seed, community);
        gx_job job = a_job();
        gx_quality found;
        bool tied[N_MAX][N_MAX] = {{false}};
        assert_int_equal(gx_partition_compact(community, graph.n, &count, &job, NULL), GX_OK);
        for (uint32_t v = 0; v < graph.n; v++) {
            for (uint64_t i = graph.out_ptr[v]; i < graph.out_ptr[v + 1]; i++) {
                tied[v][graph.out_dst[i]] = true;
            }
        }
        fill(a, &graph);
        for (uint32_t v = 0; v < graph.n; v++) {
            for (uint32_t u = 0; u < v; u++) {
                right += tied[u][v] == (community[u] == community[v]);
                pairs++;
            }
        }
        double mean = 0, most = 0, all = 0, total[N_MAX], inside[N_MAX];
        assert_int_equal(gx_quality_weights(total, inside, &graph, community, count, &job, NULL),
                         GX_OK);
        for (uint32_t c = 0; c < count; c++) {
            all += total[c];
        }
        for (uint32_t c = 0; c < count; c++) {
            double conductance = gx_quality_conductance(total[c], inside[c], all);
            mean += conductance / count;
            most = fmax(most, conductance);
        }
        assert_int_equal(gx_quality_measure(&found, &graph, community, &job, NULL), GX_OK);
        assert_int_equal(gx_quality_modularity(&modularity, &graph, community, 1, &job, NULL),
                         GX_OK);
        assert_int_equal(gx_quality_disconnected(&broken, &graph, community, &job, NULL), GX_OK);
        assert_true(found.modularity == modularity && found.disconnected == broken);
        assert_true(fabs(found.performance - right / pairs) < 1e-12);
        assert_true(fabs(found.conductance - mean) < 1e-12 && found.conductance_most == most);
        assert_true(found.coverage == gx_quality_coverage(total, inside, count));
        gx_graph_finish(&graph);
    }
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
        cmocka_unit_test(test_agreement_with_chance),
        cmocka_unit_test(test_agreement_by_hand),
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_check_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
