/* Copies of rows for threads say what the rows say, in memory of their own, once where the two
 * directions are one; and there are none of what is too large. */
#include "engine/influence/copies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 40, M = 150, MANY = 400000, THREADS = 3, CASES = 200 };

static void is_copy(const void *copy, const void *from, size_t bytes) {
    if (!from) {
        assert_null(copy);
        return;
    }
    assert_ptr_not_equal(copy, from);
    assert_memory_equal(copy, from, bytes);
}

static void rows_are_copies(const gx__chance_rows *copy, const gx__chance_rows *from, size_t n,
                            size_t m) {
    is_copy(copy->ptr, from->ptr, (n + 1) * sizeof *from->ptr);
    is_copy(copy->node, from->node, m * sizeof *from->node);
    is_copy(copy->chance, from->chance, m * sizeof *from->chance);
    is_copy(copy->even, from->even, (from->longest + 1) * sizeof *from->even);
    is_copy(copy->stride, from->stride, m * sizeof *from->stride);
    is_copy(copy->weight, from->weight, m * sizeof *from->weight);
}

/* `m` ties of random members; of every rule and model, with and without directions. */
static void make(gx_chances *out, gx_graph *graph, uint64_t number, uint32_t n, uint64_t m,
                 gx_job *job) {
    uint32_t *src = gx_alloc0((size_t)m * 2, sizeof *src), *dst = src + m;
    float *given = gx_alloc0((size_t)m * 2, sizeof *given);
    gx_rng rng = gx_rng_at(number, 5);
    assert_non_null(src);
    assert_non_null(given);
    for (uint64_t i = 0; i < m; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, n);
        dst[i] = (uint32_t)gx_rng_below(&rng, n);
    }
    for (uint64_t i = 0; i < 2 * m; i++) {
        given[i] = (float)gx_rng_below(&rng, 5) / 8;
    }
    const gx_chance_options o = {.model = (gx_spread_model)(number % 2),
                                 .rule = (gx_chance_rule)(number / 2 % 4),
                                 .constant = 0.3,
                                 .given = given,
                                 .raise = 1};
    const unsigned flags = number / 8 % 2 ? GX_GRAPH_UNDIRECTED | GX_GRAPH_IN : GX_GRAPH_IN;
    assert_int_equal(gx_graph_build(graph, n, m, src, dst, NULL, flags, job, NULL), GX_OK);
    assert_int_equal(gx_chances_make(out, graph, &o, number / 16 % 2, job, NULL), GX_OK);
    assert_int_equal(gx_chances_copy(out, job, NULL), GX_OK);
    gx_free(src);
    gx_free(given);
}

static void copies_say_the_same(void **state) {
    (void)state;
    for (uint64_t number = 0; number < CASES; number++) {
        gx_job job;
        gx_graph graph;
        gx_chances chances;
        gx_job_init(&job, THREADS, 1);
        make(&chances, &graph, number, N, M, &job);
        const gx_chances *first = gx__chances_of(&chances, 0);
        assert_ptr_equal(first, &chances);
        for (uint32_t t = 1; t < THREADS; t++) {
            const gx_chances *copy = gx__chances_of(&chances, t);
            assert_ptr_not_equal(copy, gx__chances_of(&chances, t - 1));
            assert_int_equal(copy->n, chances.n);
            assert_int_equal(copy->m, chances.m);
            assert_int_equal(copy->model, chances.model);
            rows_are_copies(&copy->heeds, &chances.heeds, chances.n, chances.m);
            rows_are_copies(&copy->heard, &chances.heard, chances.n, chances.m);
            assert_int_equal(copy->heeds.node == copy->heard.node,
                             chances.heeds.node == chances.heard.node);
        }
        gx_chances_finish(&chances, &job);
        gx_graph_finish(&graph);
        assert_int_equal(job.mem_used, 0);
    }
}

static void what_is_too_large_is_shared(void **state) {
    (void)state;
    for (int limited = 0; limited < 2; limited++) {
        gx_job job;
        gx_graph graph;
        gx_chances chances;
        gx_job_init(&job, THREADS, 1);
        job.mem_limit = limited ? 20000 : 0; /* the graph of M ties and its rows take less */
        make(&chances, &graph, 0, limited ? N : MANY, limited ? M : MANY, &job);
        assert_ptr_equal(gx__chances_of(&chances, 1), &chances);
        gx_chances_finish(&chances, &job);
        gx_graph_finish(&graph);
        assert_int_equal(job.mem_used, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_say_the_same),
        cmocka_unit_test(what_is_too_large_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
