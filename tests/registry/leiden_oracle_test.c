/* Leiden and Louvain against naive definitions, igraph, and the best of all partitions, on
 * thousands of small seeded graphs: each objective, weighted or not, directed or not. */
#include "tests/registry/sample.h"

enum { GRAPHS = 1000, TINY_GRAPHS = 400, TINY_MAX = 7 };

static const double NEAR = 1e-9;

/* What is made large, over a plain matrix. */
typedef struct objective {
    uint32_t n;
    bool cpm;
    double resolution;
    double a[N_MAX][N_MAX];
    double out[N_MAX], in[N_MAX], all;
} objective;

static objective objective_of(const gx_graph *graph, bool weighted, bool cpm, double resolution) {
    objective o = {.n = graph->n, .cpm = cpm, .resolution = resolution};
    for (uint32_t u = 0; u < graph->n; u++) {
        for (uint64_t i = graph->out_ptr[u]; i < graph->out_ptr[u + 1]; i++) {
            double w = weighted && graph->out_weight ? (double)graph->out_weight[i] : 1;
            o.a[u][graph->out_dst[i]] += w;
            o.out[u] += w;
            o.in[graph->out_dst[i]] += w;
            o.all += w;
        }
    }
    return o;
}

static double value_of(const objective *o, const uint32_t *community) {
    double sum = 0;
    for (uint32_t u = 0; o->all > 0 && u < o->n; u++) {
        for (uint32_t v = 0; v < o->n; v++) {
            if (community[u] == community[v]) {
                double expected = o->cpm ? 1 : o->out[u] * o->in[v] / o->all;
                sum += o->a[u][v] - o->resolution * expected;
            }
        }
    }
    return o->all > 0 ? sum / o->all : 0;
}

/* ---- what both give ----------------------------------------------------------------------------
 */

static void assert_connected(const objective *o, const uint32_t *community) {
    bool reached[N_MAX] = {false};
    for (uint32_t first = 0; first < o->n; first++) {
        for (uint32_t v = 0; v < first; v++) {
            reached[first] |= community[v] == community[first]; /* not the first of its own */
        }
        bool seen[N_MAX] = {false}, more = !reached[first];
        seen[first] = true;
        while (more) {
            more = false;
            for (uint32_t u = 0; u < o->n; u++) {
                for (uint32_t v = 0; v < o->n; v++) {
                    bool step = seen[u] && !seen[v] && community[u] == community[v] &&
                                o->a[u][v] + o->a[v][u] > 0;
                    seen[v] |= step;
                    more |= step;
                }
            }
        }
        for (uint32_t v = 0; !reached[first] && v < o->n; v++) {
            assert_true(seen[v] || community[v] != community[first]);
        }
    }
}

/* Parts of each level lie in one part of the next and, for Leiden, are connected; the last are the
 * communities. */
static void assert_tree(const run_result *r, const char *pass, const objective *o,
                        const uint32_t *community) {
    char name[64];
    snprintf(name, sizeof name, "%s.level_ptr", pass);
    const gx_array *level_ptr = gx_arrays_find(r->arrays, name);
    snprintf(name, sizeof name, "%s.parent", pass);
    const gx_array *parent = gx_arrays_find(r->arrays, name);
    assert_true(level_ptr && parent && level_ptr->shape[0] >= 2);
    const uint32_t *at = level_ptr->data, *up = parent->data;
    const uint64_t levels = level_ptr->shape[0] - 1;
    uint32_t part[N_MAX];
    assert_int_equal(at[0], 0);
    assert_int_equal(at[1], o->n);
    assert_int_equal(at[levels], parent->shape[0]);
    for (uint32_t v = 0; v < o->n; v++) {
        part[v] = v;
    }
    for (uint64_t l = 0; l < levels; l++) {
        for (uint32_t v = 0; v < o->n; v++) {
            assert_true(part[v] < at[l + 1] - at[l]);
            part[v] = up[at[l] + part[v]];
        }
        if (*pass == 'l' && pass[1] == 'e') {
            assert_connected(o, part);
        }
    }
    assert_memory_equal(part, community, o->n * sizeof *part);
}

/* Its community array, once it has been compared with the definition. */
static const uint32_t *checked(const run_result *r, const char *pass, const objective *o) {
    const uint32_t *community = gx_result_get(r->arrays, pass, "community", GX_U32, o->n);
    const double *quality = gx_result_get(r->arrays, pass, "quality", GX_F64, 1);
    assert_true(community && quality);
    if (!(fabs(*quality - value_of(o, community)) < NEAR)) {
        fail_msg("%s: quality %.12g, by definition %.12g", pass, *quality, value_of(o, community));
    }
    assert_tree(r, pass, o, community);
    return community;
}

/* No two communities gain by being one: the last level of Louvain leaves none. */
static void assert_nothing_to_merge(const objective *o, const uint32_t *community) {
    uint32_t merged[N_MAX];
    const double value = value_of(o, community);
    for (uint32_t a = 0; a < o->n; a++) {
        for (uint32_t b = 0; b < a; b++) {
            for (uint32_t v = 0; v < o->n; v++) {
                merged[v] = community[v] == a ? b : community[v];
            }
            assert_true(value_of(o, merged) <= value + NEAR);
        }
    }
}

/* ---- igraph ------------------------------------------------------------------------------------
 */

/* Modularity by its Louvain, or the objective by its Leiden. */
static double value_of_igraph(const gx_graph *graph, const objective *o, bool weighted,
                              bool louvain) {
    igraph_t other;
    igraph_vector_t weights, mass;
    igraph_vector_int_t membership;
    uint32_t community[N_MAX];
    igraph_of(&other, &weights, graph);
    igraph_vector_int_init(&membership, 0);
    igraph_vector_init(&mass, graph->n);
    const igraph_vector_t *used = weighted ? &weights : NULL;
    if (o->all > 0 && louvain) {
        assert_int_equal(
            igraph_community_multilevel(&other, used, o->resolution, &membership, NULL, NULL),
            IGRAPH_SUCCESS);
    } else if (o->all > 0) {
        for (uint32_t v = 0; v < graph->n; v++) {
            VECTOR(mass)[v] = o->cpm ? 1 : o->out[v];
        }
        assert_int_equal(igraph_community_leiden(&other, used, &mass,
                                                 o->cpm ? o->resolution : o->resolution / o->all,
                                                 0.01, false, 2, &membership, NULL, NULL),
                         IGRAPH_SUCCESS);
    }
    for (uint32_t v = 0; v < graph->n; v++) {
        community[v] = o->all > 0 ? (uint32_t)VECTOR(membership)[v] : v;
    }
    igraph_vector_destroy(&mass);
    igraph_vector_int_destroy(&membership);
    igraph_vector_destroy(&weights);
    igraph_destroy(&other);
    return value_of(o, community);
}

static void assert_no_worse(const char *what, double ours, double theirs) {
    print_message("%s: mean %.5f, igraph %.5f\n", what, ours / GRAPHS, theirs / GRAPHS);
    assert_true(ours / GRAPHS >= theirs / GRAPHS - 0.001);
}

static void test_louvain(void **state) {
    (void)state;
    static const char *const resolutions[] = {"1", "0.5", "2"};
    double ours = 0, theirs = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        sample s;
        const bool weighted = seed / 2 % 2;
        const char *text = resolutions[seed / 4 % 3];
        sample_make(&s, seed, seed % 2);
        objective o = objective_of(&s.undirected, weighted, false, strtod(text, NULL));
        run_result r = run("louvain", &s.input, 2,
                           PARAMS("resolution", text, "weighted", weighted ? "true" : "false"));
        const uint32_t *community = checked(&r, "louvain", &o);
        assert_nothing_to_merge(&o, community);
        ours += value_of(&o, community);
        theirs += value_of_igraph(&s.undirected, &o, weighted, true);
        run_free(&r);
        sample_free(&s);
    }
    assert_no_worse("louvain", ours, theirs);
}

static void compare_leiden(const char *name, const char *const *resolutions) {
    double ours = 0, theirs = 0;
    const bool cpm = strcmp(name, "cpm") == 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        sample s;
        const bool weighted = seed / 2 % 2;
        const char *text = resolutions[seed / 4 % 3];
        sample_make(&s, seed, seed % 2);
        objective o = objective_of(&s.undirected, weighted, cpm, strtod(text, NULL));
        run_result r = run(
            "leiden", &s.input, 2,
            PARAMS("objective", name, "resolution", text, "weighted", weighted ? "true" : "false"));
        const uint32_t *community = checked(&r, "leiden", &o);
        ours += value_of(&o, community);
        theirs += value_of_igraph(&s.undirected, &o, weighted, false);
        run_free(&r);
        sample_free(&s);
    }
    assert_no_worse(name, ours, theirs);
}

static void test_modularity(void **state) {
    (void)state;
    static const char *const resolutions[] = {"1", "0.5", "2"};
    compare_leiden("modularity", resolutions);
}

static void test_cpm(void **state) {
    (void)state;
    static const char *const resolutions[] = {"0.1", "0.3", "0.8"};
    compare_leiden("cpm", resolutions);
}

/* ---- the best of all partitions ----------------------------------------------------------------
 */

/* Tries every partition of nodes v … n-1, those before being placed in `used` communities. */
static double best_value(const objective *o, uint32_t *community, uint32_t v, uint32_t used) {
    if (v == o->n) {
        return value_of(o, community);
    }
    double best = -INFINITY;
    for (uint32_t c = 0; c <= used; c++) {
        community[v] = c;
        best = fmax(best, best_value(o, community, v + 1, used + (c == used)));
    }
    return best;
}

static void compare_with_best(const char *name, const char *directed, const char *resolution) {
    double gap = 0;
    int hits = 0, graphs = 0;
    for (uint64_t seed = 0; graphs < TINY_GRAPHS; seed++) {
        sample s;
        uint32_t tried[N_MAX];
        sample_make(&s, seed, seed % 2);
        if (s.graph.n <= TINY_MAX) {
            graphs++;
            objective o = objective_of(*directed == 't' ? &s.graph : &s.undirected, true,
                                       strcmp(name, "cpm") == 0, strtod(resolution, NULL));
            run_result r =
                run("leiden", &s.input, 1,
                    PARAMS("objective", name, "directed", directed, "resolution", resolution));
            double value = value_of(&o, checked(&r, "leiden", &o));
            double best = best_value(&o, tried, 0, 0);
            assert_true(value <= best + NEAR);
            gap += best - value;
            hits += best - value < NEAR;
            run_free(&r);
        }
        sample_free(&s);
    }
    print_message("%s, directed %s: best found in %d of %d, mean gap %.5f\n", name, directed, hits,
                  graphs, gap / graphs);
    assert_true(hits >= graphs * 93 / 100);
    assert_true(gap / graphs < 0.002);
}

static void test_best_of_all(void **state) {
    (void)state;
    compare_with_best("modularity", "false", "1");
    compare_with_best("modularity", "true", "1");
    compare_with_best("modularity", "true", "0.5");
    compare_with_best("cpm", "false", "0.4");
    compare_with_best("cpm", "true", "0.2");
    compare_with_best("cpm", "true", "0.5");
}

/* On larger directed graphs: the quality is the definition's and each circle is connected. */
static void test_directed(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        sample s;
        const bool weighted = seed / 2 % 2, cpm = seed / 8 % 2;
        sample_make(&s, seed, seed % 2);
        objective o = objective_of(&s.graph, weighted, cpm, cpm ? 0.2 : 1);
        run_result r =
            run(seed / 4 % 2 ? "leiden" : "louvain", &s.input, 2,
                PARAMS("directed", "true", "weighted", weighted ? "true" : "false", "objective",
                       cpm ? "cpm" : "modularity", "resolution", cpm ? "0.2" : "1"));
        checked(&r, seed / 4 % 2 ? "leiden" : "louvain", &o);
        run_free(&r);
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_louvain),  cmocka_unit_test(test_modularity),
        cmocka_unit_test(test_cpm),      cmocka_unit_test(test_best_of_all),
        cmocka_unit_test(test_directed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
