/* Pictures: discs that do not overlap, circles that lie apart, and everybody inside of the square.
 */
#include "engine/operations/layout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SIDE = 12, NODES = 2 * SIDE };

static double apart(const double *xy, uint32_t a, uint32_t b) {
    return hypot(xy[2 * a] - xy[2 * b], xy[2 * a + 1] - xy[2 * b + 1]);
}

/* Two cliques and one tie between them. */
static void two_cliques(gx_graph *out) {
    uint32_t src[SIDE * SIDE], dst[SIDE * SIDE], m = 0;
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t v = 0; v < NODES; v++) {
        for (uint32_t u = v < SIDE ? 0 : SIDE; u < v; u++) {
            src[m] = u;
            dst[m++] = v;
        }
    }
    src[m] = 0;
    dst[m++] = SIDE;
    assert_int_equal(gx_graph_build(out, NODES, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
}

static void cliques_lie_apart(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        gx_graph graph;
        gx_job job;
        double xy[2 * NODES], low = 0, high = 0, inside = 0, across = 0;
        two_cliques(&graph);
        gx_job_init(&job, 1, seed);
        assert_int_equal(gx_layout_find(xy, &graph, false, 500, &job, NULL), GX_OK);
        for (uint32_t v = 0; v < NODES; v++) {
            for (uint32_t u = 0; u < v; u++) {
                *(u < SIDE && v >= SIDE ? &across : &inside) += apart(xy, u, v);
            }
        }
        for (size_t i = 0; i < 2 * NODES; i++) {
            low = fmin(low, xy[i]);
            high = fmax(high, xy[i]);
        }
        assert_true(low >= -1 - 1e-9 && high <= 1 + 1e-9 && high - low > 1);
        assert_true(2 * inside / (SIDE * (SIDE - 1)) < across / (SIDE * SIDE));
        gx_graph_finish(&graph);
    }
}

static void discs_are_separated(void **state) {
    (void)state;
    enum { DISCS = 60 };
    for (uint64_t seed = 1; seed <= 50; seed++) {
        gx_rng rng = gx_rng_at(seed, 3);
        double xy[2 * DISCS], radius[DISCS];
        for (uint32_t v = 0; v < DISCS; v++) {
            radius[v] = 0.02 + 0.1 * gx_rng_real(&rng);
            xy[2 * v] = v < 3 ? 0 : gx_rng_real(&rng); /* some at the very same place */
            xy[2 * v + 1] = v < 3 ? 0 : gx_rng_real(&rng);
        }
        assert_int_equal(gx_layout_separate(xy, radius, DISCS, 5000), 0);
        for (uint32_t v = 0; v < DISCS; v++) {
            for (uint32_t u = 0; u < v; u++) {
                assert_true(apart(xy, u, v) >= radius[u] + radius[v] - 1e-6);
            }
        }
    }
}

static void nothing_and_one(void **state) {
    (void)state;
    gx_job job;
    double xy[2] = {7, 7};
    gx_job_init(&job, 1, 1);
    for (uint32_t n = 0; n <= 1; n++) {
        gx_graph graph;
        assert_int_equal(
            gx_graph_build(&graph, n, 0, NULL, NULL, NULL, GX_GRAPH_UNDIRECTED, &job, NULL), GX_OK);
        assert_int_equal(gx_layout_find(xy, &graph, true, 10, &job, NULL), GX_OK);
        gx_graph_finish(&graph);
    }
    assert_true(xy[0] == 0 && xy[1] == 0);
    assert_int_equal(gx_layout_separate(xy, (double[]){1}, 1, 10), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cliques_lie_apart),
        cmocka_unit_test(discs_are_separated),
        cmocka_unit_test(nothing_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
