/* Leiden against the best of all partitions on tiny graphs, against igraph's on many random ones,
 * on graphs whose communities are known, and against what it promises: connected, ordered, the same
 * at any number of threads. */
#include "engine/community/leiden.h"

#include "engine/community/quality.h"

#include <igraph/igraph.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const gx_leiden_options usual = {.resolution = 1, .rounds = 10, .tolerance = 1e-4};

typedef struct edges {
    uint32_t n;
    uint64_t m;
    uint32_t *src, *dst;
    float *weight;
} edges;

static edges edges_make(uint32_t n, uint64_t room) {
    edges e = {.n = n};
    e.src = gx_alloc(room, sizeof *e.src);
    e.dst = gx_alloc(room, sizeof *e.dst);
    e.weight = gx_alloc(room, sizeof *e.weight);
    assert_true(e.src && e.dst && e.weight);
    return e;
}

static void edges_add(edges *e, uint32_t u, uint32_t v, float weight) {
    e->src[e->m] = u;
    e->dst[e->m] = v;
    e->weight[e->m++] = weight;
}

/* The graph of the edges, which are given back. */
static gx_graph graph_of(edges *e, bool weighted) {
    gx_job job;
    gx_graph graph;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_graph_build(&graph, e->n, e->m, e->src, e->dst, weighted ? e->weight : NULL,
                                    GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
    gx_free(e->src);
    gx_free(e->dst);
    gx_free(e->weight);
    return graph;
}

/* `groups` groups of `size`: each member draws `inside` ties into the own group and `outside`
 * anywhere. */
static gx_graph planted(uint64_t seed, uint32_t groups, uint32_t size, uint32_t inside,
                        uint32_t outside, bool weighted) {
    const uint32_t n = groups * size;
    gx_rng rng = gx_rng_at(seed, n);
    edges e = edges_make(n, (uint64_t)n * (inside + outside));
    for (uint32_t v = 0; v < n; v++) {
        uint32_t first = v / size * size;
        for (uint32_t i = 0; i < inside + outside; i++) {
            uint32_t u = i < inside ? first + (uint32_t)gx_rng_below(&rng, size)
                                    : (uint32_t)gx_rng_below(&rng, n);
            if (u != v) {
                edges_add(&e, v, u, 0.25f + (float)gx_rng_below(&rng, 8));
            }
        }
    }
    return graph_of(&e, weighted);
}

static uint32_t find(uint32_t *community, const gx_graph *graph, const gx_leiden_options *options,
                     int threads, uint64_t seed) {
    gx_job job;
    gx_error err = {0};
    uint32_t count = 0;
    gx_job_init(&job, threads, seed);
    gx_status status = gx_leiden_find(community, &count, graph, options, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    return count;
}

static double modularity(const gx_graph *graph, const uint32_t *community, double resolution) {
    gx_job job;
    double q = NAN;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_quality_modularity(&q, graph, community, resolution, &job, NULL), GX_OK);
    return q;
}

static void assert_promises(const gx_graph *graph, const uint32_t *community) {
    gx_error err = {0};
    gx_status status = gx_quality_check(community, graph, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

/* ---- the best of all partitions ------------------------------------------------------------ */

/* Tries every partition of nodes v … n-1, those before being placed in `used` communities. */
static double best_modularity(const gx_graph *graph, uint32_t *community, uint32_t v,
                              uint32_t used) {
    if (v == graph->n) {
        return modularity(graph, community, 1);
    }
    double best = -INFINITY;
    for (uint32_t c = 0; c <= used; c++) {
        community[v] = c;
        best = fmax(best, best_modularity(graph, community, v + 1, used + (c == used)));
    }
    return best;
}

static gx_graph tiny_graph(uint64_t seed, bool weighted) {
    gx_rng rng = gx_rng_at(seed, 3);
    edges e = edges_make(3 + (uint32_t)gx_rng_below(&rng, 5), 20);
    uint64_t m = 1 + gx_rng_below(&rng, 16);
    for (uint64_t i = 0; i < m; i++) {
        edges_add(&e, (uint32_t)gx_rng_below(&rng, e.n), (uint32_t)gx_rng_below(&rng, e.n),
                  (float)(1 + gx_rng_below(&rng, 4)));
    }
    return graph_of(&e, weighted);
}

static void test_against_every_partition(void **state) {
    (void)state;
    enum { GRAPHS = 300 };
    double gap = 0;
    int hits = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        uint32_t found[8], tried[8];
        gx_graph graph = tiny_graph(seed, seed % 2 == 1);
        double best = best_modularity(&graph, tried, 0, 0);
        find(found, &graph, &usual, 1, seed);
        double q = modularity(&graph, found, 1);
        assert_true(q <= best + 1e-12);
        assert_promises(&graph, found);
        gap += best - q;
        hits += best - q < 1e-12;
        gx_graph_finish(&graph);
    }
    assert_true(gap / GRAPHS < 0.001);
    assert_true(hits >= GRAPHS * 95 / 100);
}

/* ---- igraph -------------------------------------------------------------------------------- */

static double modularity_of_igraph(const gx_graph *graph, uint32_t *community, uint64_t seed) {
    igraph_t other;
    igraph_vector_int_t ends, membership;
    igraph_vector_t weight, strength;
    igraph_vector_int_init(&ends, 0);
    igraph_vector_int_init(&membership, 0);
    igraph_vector_init(&weight, 0);
    igraph_vector_init(&strength, 0);
    double sum = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            double w = graph->out_weight ? (double)graph->out_weight[i] : 1;
            sum += w;
            if (graph->out_dst[i] > v) {
                igraph_vector_int_push_back(&ends, v);
                igraph_vector_int_push_back(&ends, graph->out_dst[i]);
                igraph_vector_push_back(&weight, w);
            }
        }
    }
    igraph_create(&other, &ends, graph->n, false);
    igraph_strength(&other, &strength, igraph_vss_all(), IGRAPH_ALL, true, &weight);
    igraph_rng_seed(igraph_rng_default(), seed);
    assert_int_equal(igraph_community_leiden(&other, &weight, &strength, 1 / sum, 0.01, false, 2,
                                             &membership, NULL, NULL),
                     IGRAPH_SUCCESS);
    for (uint32_t v = 0; v < graph->n; v++) {
        community[v] = (uint32_t)VECTOR(membership)[v];
    }
    igraph_vector_int_destroy(&ends);
    igraph_vector_int_destroy(&membership);
    igraph_vector_destroy(&weight);
    igraph_vector_destroy(&strength);
    igraph_destroy(&other);
    return modularity(graph, community, 1);
}

static void test_no_worse_than_igraph(void **state) {
    (void)state;
    enum { GRAPHS = 200, MEMBERS_MAX = 400 };
    double ours = 0, theirs = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        uint32_t community[MEMBERS_MAX];
        gx_rng rng = gx_rng_at(seed, 77);
        uint32_t groups = 1 + (uint32_t)gx_rng_below(&rng, 12);
        uint32_t size = 5 + (uint32_t)gx_rng_below(&rng, 28);
        gx_graph graph = planted(seed, groups, size, (uint32_t)gx_rng_below(&rng, 4),
                                 1 + (uint32_t)gx_rng_below(&rng, 3), seed % 2 == 1);
        find(community, &graph, &usual, 1, seed);
        ours += modularity(&graph, community, 1);
        assert_promises(&graph, community);
        theirs += modularity_of_igraph(&graph, community, seed);
        gx_graph_finish(&graph);
    }
    assert_true(ours / GRAPHS > 0.3); /* or there was nothing to find */
    assert_true(ours >= theirs);
}

/* ---- known communities --------------------------------------------------------------------- */

static void test_finds_what_is_planted(void **state) {
    (void)state;
    enum { GROUPS = 40, SIZE = 50, MEMBERS = GROUPS * SIZE };
    uint32_t *community = gx_alloc(MEMBERS, sizeof *community);
    uint32_t *label = gx_alloc(MEMBERS, sizeof *label);
    gx_graph graph = planted(5, GROUPS, SIZE, 6, 3, false);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t v = 0; v < MEMBERS; v++) {
        label[v] = v / SIZE;
    }
    assert_int_equal(find(community, &graph, &usual, 1, 1), GROUPS);
    double nmi = 0;
    assert_int_equal(gx_quality_nmi(&nmi, community, label, MEMBERS, &job, NULL), GX_OK);
    assert_true(nmi > 0.98);
    gx_graph_finish(&graph);
    gx_free(community);
    gx_free(label);
}

/* A chain of cliques of eight, joined by one tie each: the textbook case. */
static void test_cliques_and_resolution(void **state) {
    (void)state;
    enum { CLIQUES = 10, SIZE = 8, MEMBERS = CLIQUES * SIZE };
    edges e = edges_make(MEMBERS, CLIQUES * SIZE * SIZE);
    for (uint32_t v = 0; v < MEMBERS; v++) {
        for (uint32_t u = v + 1; u < (v / SIZE + 1) * SIZE; u++) {
            edges_add(&e, v, u, 1);
        }
        if (v % SIZE == 0) {
            edges_add(&e, v, (v + SIZE) % MEMBERS, 1);
        }
    }
    gx_graph graph = graph_of(&e, false);
    uint32_t community[MEMBERS];
    assert_int_equal(find(community, &graph, &usual, 1, 1), CLIQUES);
    for (uint32_t v = 0; v < MEMBERS; v++) {
        assert_int_equal(community[v], v / SIZE); /* equal sizes: by smallest member */
    }
    gx_leiden_options options = usual;
    options.resolution = 1e-3;
    assert_int_equal(find(community, &graph, &options, 1, 1), 1);
    options.resolution = 100;
    assert_int_equal(find(community, &graph, &options, 1, 1), MEMBERS);
    gx_graph_finish(&graph);
}

/* ---- promises ------------------------------------------------------------------------------ */

static void test_connected_at_any_resolution(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        uint32_t community[200];
        gx_graph graph = planted(seed, 10, 20, 1, 1 + (uint32_t)(seed % 3), seed % 2 == 0);
        gx_leiden_options options = usual;
        options.resolution = ldexp(1.0, (int)(seed % 7) - 3);
        options.rounds = 1 + (uint32_t)(seed % 3);
        find(community, &graph, &options, 1, seed);
        assert_promises(&graph, community);
        gx_graph_finish(&graph);
    }
}

/* Large enough that every phase runs in parallel. */
static void test_same_bytes_at_any_thread_count(void **state) {
    (void)state;
    enum { GROUPS = 300, SIZE = 100, MEMBERS = GROUPS * SIZE };
    gx_graph graph = planted(9, GROUPS, SIZE, 14, 10, true);
    uint32_t *one = gx_alloc(MEMBERS, sizeof *one), *more = gx_alloc(MEMBERS, sizeof *more);
    gx_leiden_options options = usual;
    options.rounds = 2;
    find(one, &graph, &options, 1, 4);
    assert_promises(&graph, one);
    const int threads[] = {2, 5};
    for (size_t i = 0; i < GX_COUNT(threads); i++) {
        find(more, &graph, &options, threads[i], 4);
        assert_memory_equal(one, more, MEMBERS * sizeof *one);
    }
    gx_graph_finish(&graph);
    gx_free(one);
    gx_free(more);
}

/* Scaling all weights by the same power of two changes nothing, however far it goes. */
static void test_scale_of_weights_does_not_matter(void **state) {
    (void)state;
    enum { MEMBERS = 120 };
    uint32_t first[MEMBERS], other[MEMBERS];
    const float scales[] = {0x1p0f, 0x1p120f, 0x1p-120f};
    for (size_t k = 0; k < GX_COUNT(scales); k++) {
        gx_rng rng = gx_rng_at(3, 3);
        edges e = edges_make(MEMBERS, 600);
        for (int i = 0; i < 600; i++) {
            uint32_t v = (uint32_t)gx_rng_below(&rng, MEMBERS);
            uint32_t u = v / 12 * 12 + (uint32_t)gx_rng_below(&rng, i % 3 ? 12 : MEMBERS - v);
            edges_add(&e, v, u < MEMBERS ? u : v, scales[k] * (float)(1 + gx_rng_below(&rng, 4)));
        }
        gx_graph graph = graph_of(&e, true);
        find(k == 0 ? first : other, &graph, &usual, 1, 1);
        assert_true(k == 0 || memcmp(first, other, sizeof first) == 0);
        assert_promises(&graph, k == 0 ? first : other);
        gx_graph_finish(&graph);
    }
}

static void test_starts_from_what_it_is_given(void **state) {
    (void)state;
    enum { MEMBERS = 800 };
    uint32_t start[MEMBERS], found[MEMBERS];
    gx_graph graph = planted(21, 40, 20, 4, 3, false);
    gx_leiden_options options = usual;
    options.rounds = 1;
    find(start, &graph, &options, 1, 1);
    options.start = start;
    find(found, &graph, &options, 1, 2);
    assert_true(modularity(&graph, found, 1) >= modularity(&graph, start, 1));
    /* A start that nobody would leave is kept. */
    options.start = found;
    options.rounds = 20;
    options.tolerance = 0;
    find(start, &graph, &options, 1, 3);
    options.start = start;
    find(found, &graph, &options, 1, 3);
    gx_job job;
    double nmi = 0;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_quality_nmi(&nmi, start, found, MEMBERS, &job, NULL), GX_OK);
    assert_true(nmi > 0.95);
    gx_graph_finish(&graph);
}

/* ---- failure ------------------------------------------------------------------------------- */

static void test_out_of_memory_at_every_step(void **state) {
    (void)state;
    uint32_t community[60], count = 99;
    gx_graph graph = planted(1, 6, 10, 3, 1, true);
    const uint64_t before = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_job job;
        gx_error err = {0};
        gx_job_init(&job, 1, 1);
        gx_alloc_fail_at(k);
        status = gx_leiden_find(community, &count, &graph, &usual, &job, &err);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), before);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        assert_true(k < 1000);
    }
    assert_promises(&graph, community);
    gx_graph_finish(&graph);
}

static void test_stops_when_told(void **state) {
    (void)state;
    uint32_t community[60], count = 99;
    gx_graph graph = planted(1, 6, 10, 3, 1, true);
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    gx_job_cancel(&job);
    assert_int_equal(gx_leiden_find(community, &count, &graph, &usual, &job, &err), GX_CANCELLED);
    gx_job_init(&job, 1, 1);
    job.mem_limit = 4096;
    assert_int_equal(gx_leiden_find(community, &count, &graph, &usual, &job, &err), GX_OVER_LIMIT);
    assert_int_equal(count, 99);
    gx_graph_finish(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_every_partition),
        cmocka_unit_test(test_no_worse_than_igraph),
        cmocka_unit_test(test_finds_what_is_planted),
        cmocka_unit_test(test_cliques_and_resolution),
        cmocka_unit_test(test_connected_at_any_resolution),
        cmocka_unit_test(test_same_bytes_at_any_thread_count),
        cmocka_unit_test(test_scale_of_weights_does_not_matter),
        cmocka_unit_test(test_starts_from_what_it_is_given),
        cmocka_unit_test(test_out_of_memory_at_every_step),
        cmocka_unit_test(test_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
