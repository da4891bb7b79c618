/* Infomap and the layout, which igraph computes, on thousands of small seeded graphs: igraph called
 * directly gives the same, and the description length is the map equation's. */
#include "tests/registry/sample.h"

enum { TINY_MAX = 7 };

/* ---- the map equation --------------------------------------------------------------------------
 */

/* A random walk with jumps, over a plain matrix. */
typedef struct walk {
    uint32_t n;
    double share[N_MAX][N_MAX]; /* of what leaves u, to v */
    bool stuck[N_MAX];          /* no way out but a jump */
    double visits[N_MAX];
} walk;

static const double JUMP = 0.15;

static void walk_of(walk *w, const gx_graph *g, bool weighted) {
    *w = (walk){.n = g->n};
    for (uint32_t u = 0; u < g->n; u++) {
        double sum = 0;
        for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
            double weight = weighted && g->out_weight ? (double)g->out_weight[i] : 1;
            w->share[u][g->out_dst[i]] = weight;
            sum += weight;
        }
        w->stuck[u] = sum <= 0;
        for (uint32_t v = 0; v < g->n; v++) {
            w->share[u][v] /= sum > 0 ? sum : 1;
        }
        w->visits[u] = 1.0 / g->n;
    }
    for (int round = 0; round < 250; round++) { /* 0.85²⁵⁰ < 1e-17 */
        double next[N_MAX] = {0};
        for (uint32_t u = 0; u < w->n; u++) {
            for (uint32_t v = 0; v < w->n; v++) {
                double by_jump = (w->stuck[u] ? 1 : JUMP) / w->n;
                next[v] += w->visits[u] * (by_jump + (1 - JUMP) * w->share[u][v]);
            }
        }
        memcpy(w->visits, next, sizeof next);
    }
}

static double plogp(double p) {
    return p > 0 ? p * log2(p) : 0;
}

/* Bits a step, as the paper's equation 4 has it: L = plogp(Σ q) − 2 Σ plogp(q) − Σ plogp(p)
 * + Σ plogp(q + Σ p), q being how often a community is left, jumps included. */
static double length_of(const walk *w, const uint32_t *community) {
    double leaving = 0, sum = 0;
    for (uint32_t c = 0; c < w->n; c++) {
        double left = 0, inside = 0;
        for (uint32_t u = 0; u < w->n; u++) {
            for (uint32_t v = 0; v < w->n && community[u] == c; v++) {
                double step = (w->stuck[u] ? 1 : JUMP) / w->n + (1 - JUMP) * w->share[u][v];
                left += community[v] != c ? w->visits[u] * step : 0;
            }
            inside += community[u] == c ? w->visits[u] : 0;
        }
        leaving += left;
        sum += plogp(left + inside) - 2 * plogp(left);
    }
    for (uint32_t u = 0; u < w->n; u++) {
        sum -= plogp(w->visits[u]);
    }
    return plogp(leaving) + sum;
}

/* Tries every partition of members v … n-1, those before being placed in `used` communities. */
static double shortest(const walk *w, uint32_t *community, uint32_t v, uint32_t used) {
    if (v == w->n) {
        return length_of(w, community);
    }
    double best = INFINITY;
    for (uint32_t c = 0; c <= used; c++) {
        community[v] = c;
        best = fmin(best, shortest(w, community, v + 1, used + (c == used)));
    }
    return best;
}

/* ---- Infomap -----------------------------------------------------------------------------------
 */

/* igraph's answer from the seed that `run` gives. */
static double igraph_infomap(igraph_vector_int_t *out, const gx_graph *g, bool weighted,
                             int trials) {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_real_t length = 0;
    igraph_of(&graph, &weights, g);
    igraph_rng_seed(igraph_rng_default(), 1);
    assert_int_equal(
        igraph_community_infomap(&graph, weighted ? &weights : NULL, NULL, trials, out, &length),
        IGRAPH_SUCCESS);
    igraph_vector_destroy(&weights);
    igraph_destroy(&graph);
    return length;
}

/* Whether everybody is tied to everybody else by some path. */
static bool is_whole(const gx_input *input) {
    run_result r = run("components", input, 1, NULL);
    const uint32_t *part = gx_result_get(r.arrays, "components", "community", GX_U32, input->users);
    bool whole = true;
    for (uint32_t v = 0; v < input->users; v++) {
        whole &= part[v] == 0;
    }
    run_free(&r);
    return whole;
}

typedef struct tally {
    uint32_t whole, longer, tiny, best; /* connected graphs; where all as one is shorter */
} tally;

static void expect_map(const sample *s, uint64_t seed, bool directed, bool weighted, tally *t) {
    const char *const trials[] = {"1", "3"};
    const gx_graph *g = directed ? &s->graph : &s->undirected;
    walk w;
    uint32_t alone[N_MAX], one[N_MAX] = {0};
    igraph_vector_int_t theirs;
    igraph_vector_int_init(&theirs, 0);
    run_result r = run("infomap", &s->input, 2,
                       PARAMS("directed", directed ? "1" : "0", "weighted", weighted ? "1" : "0",
                              "trials", trials[seed / 8 % 2]));
    const uint32_t *found = gx_result_get(r.arrays, "infomap", "community", GX_U32, g->n);
    const double *length = gx_result_get(r.arrays, "infomap", "length", GX_F64, 1);
    double other = igraph_infomap(&theirs, g, weighted, seed / 8 % 2 ? 3 : 1);
    expect_same_parts(found, &theirs, g->n);
    walk_of(&w, g, weighted);
    for (uint32_t v = 0; v < g->n; v++) {
        alone[v] = v;
    }
    double expected = length_of(&w, found);
    if (!(fabs(*length - expected) <= 1e-7 && fabs(*length - other) <= 1e-12)) {
        fail_msg("seed %u: %.12g bits, by definition %.12g, igraph %.12g", (unsigned)seed, *length,
                 expected, other);
    }
    assert_true(*length <= length_of(&w, alone) + 1e-7);
    if (is_whole(&s->input)) {
        t->whole++;
        t->longer += *length > length_of(&w, one) + 1e-7;
        t->tiny += g->n <= TINY_MAX;
        t->best += g->n <= TINY_MAX && *length <= shortest(&w, one, 0, 0) + 1e-7;
    }
    igraph_vector_int_destroy(&theirs);
    run_free(&r);
}

static void test_infomap(void **state) {
    (void)state;
    tally t = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed % 2);
        expect_map(&s, seed, seed / 2 % 2, seed / 4 % 2, &t);
        sample_free(&s);
    }
    print_message("connected graphs: all as one is shorter in %u of %u; tiny ones: the shortest of "
                  "all partitions in %u of %u\n",
                  t.longer, t.whole, t.best, t.tiny);
    assert_true(t.whole > SEEDS / 5 && t.tiny > SEEDS / 20);
    assert_true(t.longer <= t.whole * 5 / 100);
    assert_true(t.best >= t.tiny * 98 / 100);
}

/* Ties of weight 0 are no ties, and nothing else changes. */
static void test_infomap_without_weights_of_0(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 4; seed++) {
        sample s, less;
        sample_make(&s, seed, true);
        sample_make(&less, seed, true);
        gx_graph_finish(&s.graph), gx_graph_finish(&s.undirected);
        gx_graph_finish(&less.graph), gx_graph_finish(&less.undirected);
        less.arcs.m = 0;
        for (uint64_t i = 0; i < s.arcs.m; i++) {
            uint32_t u = s.arcs.src[i], v = s.arcs.dst[i];
            if ((u + v) % 3 == 0) { /* every tie of a pair alike */
                s.arcs.weight[i] = 0;
            } else {
                less.arcs.src[less.arcs.m] = u;
                less.arcs.dst[less.arcs.m] = v;
                less.arcs.weight[less.arcs.m++] = s.arcs.weight[i];
            }
        }
        sample_settle(&s, 0, 1);
        sample_settle(&less, 0, 1);
        const char *const params[] = {"directed", seed % 2 ? "1" : "0", NULL};
        run_result a = run("infomap", &s.input, 1, params);
        run_result b = run("infomap", &less.input, 1, params);
        assert_memory_equal(gx_result_get(a.arrays, "infomap", "community", GX_U32, s.graph.n),
                            gx_result_get(b.arrays, "infomap", "community", GX_U32, s.graph.n),
                            s.graph.n * sizeof(uint32_t));
        run_free(&a);
        run_free(&b);
        sample_free(&s);
        sample_free(&less);
    }
}

/* ---- the layout --------------------------------------------------------------------------------
 */

/* igraph's positions, moved so that the box around them is in the middle and 2 wide. */
static void igraph_layout(double *xy, const gx_graph *g, bool weighted, int rounds) {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_matrix_t place;
    igraph_of(&graph, &weights, g);
    igraph_matrix_init(&place, 0, 0);
    igraph_rng_seed(igraph_rng_default(), 1);
    assert_int_equal(igraph_layout_fruchterman_reingold(
                         &graph, &place, false, rounds, sqrt(g->n) / 10, IGRAPH_LAYOUT_AUTOGRID,
                         weighted ? &weights : NULL, NULL, NULL, NULL, NULL),
                     IGRAPH_SUCCESS);
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (uint32_t v = 0; v < g->n; v++) {
        for (int axis = 0; axis < 2; axis++) {
            low[axis] = fmin(low[axis], MATRIX(place, v, axis));
            high[axis] = fmax(high[axis], MATRIX(place, v, axis));
        }
    }
    double side = fmax(high[0] - low[0], high[1] - low[1]);
    for (uint32_t v = 0; v < g->n; v++) {
        for (int axis = 0; axis < 2; axis++) {
            double middle = low[axis] + (high[axis] - low[axis]) / 2;
            xy[2 * v + (uint32_t)axis] =
                side > 0 ? (MATRIX(place, v, axis) - middle) * 2 / side : 0;
        }
    }
    igraph_matrix_destroy(&place);
    igraph_vector_destroy(&weights);
    igraph_destroy(&graph);
}

/* In the box, which touches its sides; nobody on top of somebody else. */
static void expect_picture(const double *x, const double *y, uint32_t n) {
    double widest = 0;
    for (uint32_t v = 0; v < n; v++) {
        assert_true(fabs(x[v]) <= 1 + 1e-9 && fabs(y[v]) <= 1 + 1e-9);
        widest = fmax(widest, fmax(fabs(x[v]), fabs(y[v])));
        for (uint32_t u = 0; u < v; u++) {
            assert_true(hypot(x[u] - x[v], y[u] - y[v]) > 1e-9);
        }
    }
    assert_true(n > 1 ? fabs(widest - 1) < 1e-9 : widest == 0);
}

static void test_layout(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        double xy[2 * N_MAX];
        bool weighted = seed / 2 % 2;
        const char *rounds = seed % 3 ? "20" : "100";
        sample_make(&s, seed, seed % 2);
        const gx_graph *g = &s.undirected;
        run_result r = run("layout", &s.input, 1 + (int)(seed % 2),
                           PARAMS("iterations", rounds, "weighted", weighted ? "1" : "0"));
        const double *x = gx_result_get(r.arrays, "layout", "x", GX_F64, g->n);
        const double *y = gx_result_get(r.arrays, "layout", "y", GX_F64, g->n);
        igraph_layout(xy, g, weighted, seed % 3 ? 20 : 100);
        expect_picture(x, y, g->n);
        for (uint32_t v = 0; v < g->n; v++) {
            if (!(hypot(x[v] - xy[2 * v], y[v] - xy[2 * v + 1]) <= 1e-9)) {
                fail_msg("seed %u: member %u lies at %g, %g, and at %g, %g by igraph",
                         (unsigned)seed, v, x[v], y[v], xy[2 * v], xy[2 * v + 1]);
            }
        }
        run_free(&r);
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_infomap),
        cmocka_unit_test(test_infomap_without_weights_of_0),
        cmocka_unit_test(test_layout),
    };
    return cmocka_run_group_tests_name("by igraph", tests, NULL, NULL);
}
