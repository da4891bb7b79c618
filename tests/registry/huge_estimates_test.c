/* Estimates of graphs that are not there and have up to four thousand million members: nothing in
 * them may wrap in 32 bits, so that no larger graph is told to take less. */
#include "engine/engine.h"
#include "tests/registry/sample.h"

static gx_estimate estimate_of(const gx_pass *pass, uint32_t n, const char *const *params) {
    gx_arena *arena = gx_arena_create();
    const gx_graph graph = {.n = n, .m = 10 * (uint64_t)n, .directed = true};
    const gx_graph undirected = {.n = n, .m = 20 * (uint64_t)n};
    const gx_input input = {.graph = &graph, .undirected = &undirected, .users = n};
    gx_value map = gx_map(arena, 4);
    gx_estimate out = {0};
    gx_args args;
    for (; params && params[0]; params += 2) {
        gx_map_put(arena, &map, params[0], gx_str(params[1]));
    }
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, &map, NULL),
                     GX_OK);
    pass->estimate(&out, &input, &args, 2);
    gx_arena_destroy(arena);
    return out;
}

static void expect_rising(const gx_pass *pass, const char *const *params) {
    const double millions[] = {100, 150, 220, 400, 900, 1500, 2100, 2147.483648, 2200, 3000, 4200};
    gx_estimate before = {0};
    for (size_t i = 0; i < GX_COUNT(millions); i++) {
        gx_estimate now = estimate_of(pass, (uint32_t)(millions[i] * 1e6), params);
        if (!(now.mem_bytes >= before.mem_bytes && now.cpu_s >= before.cpu_s &&
              now.cpu_most_s >= before.cpu_most_s && isfinite(now.cpu_s + now.cpu_most_s))) {
            fail_msg("%s of %g million members: %llu bytes, %g s, at most %g s; of fewer: %llu "
                     "bytes, %g s, at most %g s",
                     pass->name, millions[i], (unsigned long long)now.mem_bytes, now.cpu_s,
                     now.cpu_most_s, (unsigned long long)before.mem_bytes, before.cpu_s,
                     before.cpu_most_s);
        }
        before = now;
    }
}

static void test_every_pass(void **state) {
    (void)state;
    const gx_pass_table *table = gx_engine_passes();
    for (size_t i = 0; i < table->count; i++) {
        const gx_pass *pass = table->rows[i];
        const unsigned graphs = GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_UNDIRECTED;
        if (!pass->arrays && !(pass->needs & ~graphs)) {
            expect_rising(pass, NULL);
        }
    }
}

static void test_drawn_paths(void **state) {
    (void)state;
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "betweenness");
    expect_rising(pass, PARAMS("epsilon", "0.01"));
    expect_rising(pass, PARAMS("epsilon", "0.01", "weighted", "1"));
}

/* One way, where chances of ties and worlds are held. */
static void test_percolation_one_way(void **state) {
    (void)state;
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "percolation");
    expect_rising(pass, PARAMS("direction", "in"));
    expect_rising(pass, PARAMS("direction", "out", "rate", "0.3"));
    assert_true(estimate_of(pass, 1000, PARAMS("direction", "in", "rate", "0.3")).mem_bytes < 1e7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pass),
        cmocka_unit_test(test_drawn_paths),
        cmocka_unit_test(test_percolation_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
