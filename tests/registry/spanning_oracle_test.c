/* Bridges and spanners against igraph and against naive twins. */
#include "tests/registry/sample.h"

/* ---- bridges --------------------------------------------------------------------------------- */

/* Members that `from` reaches without the tie (u, v) and without the member `gone`. */
static uint32_t reach(bool *seen, const gx_graph *g, uint32_t from, uint32_t u, uint32_t v,
                      uint32_t gone) {
    uint32_t stack[N_MAX], depth = 0, count = 0;
    if (from == gone || seen[from]) {
        return 0;
    }
    seen[from] = true;
    stack[depth++] = from;
    while (depth > 0) {
        uint32_t x = stack[--depth];
        count++;
        for (uint64_t i = g->out_ptr[x]; i < g->out_ptr[x + 1]; i++) {
            uint32_t y = g->out_dst[i];
            bool closed = (x == u && y == v) || (x == v && y == u) || y == gone;
            if (!closed && !seen[y]) {
                seen[y] = true;
                stack[depth++] = y;
            }
        }
    }
    return count;
}

static uint32_t components_without(const gx_graph *g, uint32_t gone) {
    bool seen[N_MAX] = {0};
    uint32_t count = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        count += reach(seen, g, v, GX_NONE, GX_NONE, gone) > 0;
    }
    return count;
}

/* The smaller side of the tie (u, v), 0 where the rest holds together without it. */
static uint32_t naive_side(const gx_graph *g, uint32_t u, uint32_t v) {
    bool seen[N_MAX] = {0};
    uint32_t a = reach(seen, g, u, u, v, GX_NONE);
    uint32_t b = seen[v] ? 0 : reach(seen, g, v, u, v, GX_NONE);
    return a < b ? a : b;
}

static uint64_t igraph_bridge_count(const gx_graph *graph) {
    igraph_t g;
    igraph_vector_t weights;
    igraph_vector_int_t bridges;
    igraph_of(&g, &weights, graph);
    igraph_vector_int_init(&bridges, 0);
    assert_int_equal(igraph_bridges(&g, &bridges), IGRAPH_SUCCESS);
    uint64_t count = (uint64_t)igraph_vector_int_size(&bridges);
    igraph_vector_int_destroy(&bridges);
    igraph_vector_destroy(&weights);
    igraph_destroy(&g);
    return count;
}

static void test_bridges(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed % 2);
        const gx_graph *g = &s.undirected;
        run_result r = run("bridges", &s.input, 1, NULL);
        const gx_array *src = gx_arrays_find(r.arrays, "bridges.src");
        const uint32_t *from = src->data;
        const uint32_t *to = gx_arrays_get(r.arrays, "bridges.dst", GX_U32, src->shape[0]);
        const uint32_t *side = gx_arrays_get(r.arrays, "bridges.side", GX_U32, src->shape[0]);
        const uint32_t *parts = gx_arrays_get(r.arrays, "bridges.parts", GX_U32, g->n);
        uint64_t expected = 0, large = 0;
        for (uint32_t u = 0; u < g->n; u++) {
            for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
                expected += u < g->out_dst[i] && naive_side(g, u, g->out_dst[i]) > 0;
            }
        }
        assert_int_equal(src->shape[0], expected);
        assert_int_equal(src->shape[0], igraph_bridge_count(g));
        for (uint64_t k = 0; k < src->shape[0]; k++) {
            assert_int_equal(side[k], naive_side(g, from[k], to[k]));
            assert_true(side[k] > 0 && (k == 0 || side[k] <= side[k - 1]));
            large += side[k] >= 3;
        }
        uint32_t whole = components_without(g, GX_NONE);
        for (uint32_t v = 0; v < g->n; v++) {
            bool alone = g->out_ptr[v] == g->out_ptr[v + 1];
            assert_int_equal(parts[v], alone ? 0 : components_without(g, v) - whole);
        }
        run_free(&r);
        r = run("bridges", &s.input, 1, PARAMS("min_side", "3"));
        assert_int_equal(gx_arrays_find(r.arrays, "bridges.side")->shape[0], large);
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- spanners -------------------------------------------------------------------------------- */

typedef struct naive {
    double weight[N_MAX][N_MAX]; /* of member's ties to circle */
    uint32_t ties[N_MAX][N_MAX];
} naive;

static void naive_make(naive *out, const gx_graph *g, const uint32_t *community, bool weighted) {
    *out = (naive){0};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            uint32_t c = community[g->out_dst[i]];
            out->weight[v][c] += weighted && g->out_weight ? (double)g->out_weight[i] : 1;
            out->ties[v][c]++;
        }
    }
}

static void assert_member(const naive *x, const run_result *r, uint32_t v, uint32_t n,
                          const uint32_t *community) {
    const double *score = gx_arrays_get(r->arrays, "spanners.score", GX_F64, n);
    const double *z = gx_arrays_get(r->arrays, "spanners.z", GX_F64, n);
    const uint32_t *cross = gx_arrays_get(r->arrays, "spanners.cross", GX_U32, n);
    const uint32_t *circles = gx_arrays_get(r->arrays, "spanners.circles", GX_U32, n);
    double all = 0, squares = 0, sum = 0, power = 0, same = 0;
    uint32_t out = 0, others = 0, own = community[v];
    for (uint32_t c = 0; c < N_MAX; c++) {
        all += x->weight[v][c];
        squares += x->weight[v][c] * x->weight[v][c];
        out += c != own ? x->ties[v][c] : 0;
        others += c != own && x->ties[v][c] > 0;
    }
    for (uint32_t u = 0; u < n; u++) {
        if (community[u] == own) {
            same++;
            sum += x->weight[u][own];
        }
    }
    for (uint32_t u = 0; u < n; u++) {
        double gap = x->weight[u][own] - sum / same;
        power += community[u] == own ? gap * gap : 0;
    }
    double deviation = sqrt(power / same);
    double expected = deviation > 1e-9 ? (x->weight[v][own] - sum / same) / deviation : 0;
    assert_true(fabs(score[v] - (all > 0 ? 1 - squares / (all * all) : 0)) < 1e-12);
    assert_true(fabs(z[v] - expected) < 1e-9);
    assert_int_equal(cross[v], out);
    assert_int_equal(circles[v], others);
}

static void assert_pairs(const naive *x, const run_result *r, uint32_t n, uint32_t count,
                         const uint32_t *community) {
    const uint64_t *ptr = gx_arrays_get(r->arrays, "spanners.pair_ptr", GX_U64, count + 1);
    const uint32_t *circle = gx_arrays_get(r->arrays, "spanners.pair_circle", GX_U32, 0);
    const uint32_t *ties = gx_arrays_get(r->arrays, "spanners.pair_ties", GX_U32, 0);
    const double *weight = gx_arrays_get(r->arrays, "spanners.pair_weight", GX_F64, 0);
    const uint32_t *member = gx_arrays_get(r->arrays, "spanners.pair_member", GX_U32, 0);
    uint64_t pairs = 0;
    for (uint32_t a = 0; a < count; a++) {
        for (uint32_t b = 0; b < count; b++) {
            uint32_t between = 0, best = GX_NONE;
            double sum = 0;
            for (uint32_t v = 0; v < n && a != b; v++) {
                if (community[v] == a && x->ties[v][b]) {
                    between += x->ties[v][b];
                    sum += x->weight[v][b];
                    best = best == GX_NONE || x->weight[v][b] > x->weight[best][b] ? v : best;
                }
            }
            uint64_t k = ptr[a];
            while (k < ptr[a + 1] && circle[k] != b) {
                k++;
            }
            assert_int_equal(k < ptr[a + 1], between > 0);
            if (between > 0) {
                pairs++;
                assert_int_equal(ties[k], between);
                assert_true(fabs(weight[k] - sum) < 1e-9);
                assert_int_equal(member[k], best);
                assert_true(k == ptr[a] || weight[k] <= weight[k - 1]);
            }
        }
    }
    assert_int_equal(ptr[count], pairs);
}

static void test_spanners(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed % 2);
        gx_rng rng = gx_rng_at(seed, 51);
        uint32_t *community, count = 0, k = 1 + (uint32_t)gx_rng_below(&rng, 6);
        gx_arrays *given;
        assert_int_equal(gx_arrays_create(&given, NULL), GX_OK);
        assert_int_equal(
            gx_arrays_add(&community, given, "leiden.community", GX_U32, s.graph.n, 0, NULL, NULL),
            GX_OK);
        for (uint32_t v = 0; v < s.graph.n; v++) {
            community[v] = (uint32_t)gx_rng_below(&rng, k < s.graph.n ? k : s.graph.n);
            count = community[v] >= count ? community[v] + 1 : count;
        }
        s.input.arrays = given;
        bool weighted = seed % 4 < 2;
        run_result r =
            run("spanners", &s.input, 2, PARAMS("weighted", weighted ? "true" : "false"));
        naive x;
        naive_make(&x, &s.undirected, community, weighted);
        for (uint32_t v = 0; v < s.graph.n; v++) {
            assert_member(&x, &r, v, s.graph.n, community);
        }
        assert_pairs(&x, &r, s.graph.n, count, community);
        run_free(&r);
        gx_arrays_destroy(given);
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bridges),
        cmocka_unit_test(test_spanners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
