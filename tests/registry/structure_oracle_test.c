/* Figures of the structure of a community, whole and by circle, against igraph and naive twins; and
 * whether the errors of sampled distances hold. */
#include "engine/kernel/draw.h"
#include "tests/registry/sample.h"

enum { CIRCLES = 4, GROUPS = 3 };

typedef struct scene {
    sample s;
    gx_arrays *given;
    gx_matrix groups, acts;
    double act[N_MAX][N_MAX]; /* how often one did something to another */
    uint32_t *community;
    uint32_t circles;
    uint8_t role[N_MAX][GROUPS]; /* 0: not in it, 1: a member, 2: a host */
} scene;

/* Interactions, also with oneself and with those one is not tied to. */
static void draw_acts(scene *c, gx_rng *rng) {
    uint32_t row[3 * N_MAX], col[3 * N_MAX], n = c->s.graph.n;
    float value[3 * N_MAX];
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t i = 0; i < 3 * n; i++) {
        row[i] = (uint32_t)gx_rng_below(rng, n);
        col[i] = (uint32_t)gx_rng_below(rng, n);
        value[i] = (float)(1 + gx_rng_below(rng, 5));
        c->act[row[i]][col[i]] += (double)value[i];
    }
    assert_int_equal(gx_matrix_build(&c->acts, n, n, 3 * n, row, col, value, NULL, &job, NULL),
                     GX_OK);
}

static void scene_make(scene *c, uint64_t seed) {
    uint32_t row[N_MAX * GROUPS], col[N_MAX * GROUPS], count = 0;
    float value[N_MAX * GROUPS];
    gx_rng rng = gx_rng_at(seed, 61);
    gx_job job;
    *c = (scene){0};
    gx_job_init(&job, 1, 1);
    sample_make(&c->s, seed, seed % 2);
    uint32_t n = c->s.graph.n, k = 1 + (uint32_t)gx_rng_below(&rng, CIRCLES);
    assert_int_equal(gx_arrays_create(&c->given, NULL), GX_OK);
    assert_int_equal(
        gx_arrays_add(&c->community, c->given, "leiden.community", GX_U32, n, 0, NULL, NULL),
        GX_OK);
    for (uint32_t v = 0; v < n; v++) {
        c->community[v] = (uint32_t)gx_rng_below(&rng, k) % n;
        c->circles = c->community[v] >= c->circles ? c->community[v] + 1 : c->circles;
        for (uint32_t g = 0; g < GROUPS; g++) {
            uint64_t drawn = gx_rng_below(&rng, 8);
            c->role[v][g] = drawn < 4 ? 0 : drawn < 7 || seed % 5 == 0 ? 1 : 2;
            if (c->role[v][g]) {
                row[count] = v;
                col[count] = g;
                value[count++] = c->role[v][g];
            }
        }
    }
    assert_int_equal(
        gx_matrix_build(&c->groups, n, GROUPS, count, row, col, value, NULL, &job, NULL), GX_OK);
    c->s.input.arrays = c->given;
    c->s.input.groups = &c->groups;
    if (seed % 7) {
        draw_acts(c, &rng);
        c->s.input.acts = &c->acts;
    }
}

static void scene_free(scene *c) {
    gx_matrix_finish(&c->groups);
    gx_matrix_finish(&c->acts);
    gx_arrays_destroy(c->given);
    sample_free(&c->s);
}

static double figure(const run_result *r, const char *name, uint32_t entry) {
    return ((const double *)gx_result_get(r->arrays, "structure", name, GX_F64, 0))[entry];
}

/* NaN agrees with NaN. */
static void assert_near(double is, double expected, const char *what, uint64_t seed) {
    if (!(isnan(is) && isnan(expected)) && !(fabs(is - expected) <= 1e-9)) {
        fail_msg("%s of seed %d is %.12g and not %.12g", what, (int)seed, is, expected);
    }
}

/* ---- igraph's figures of an induced graph ------------------------------------------------------
 */

static void igraph_induced(igraph_t *out, const gx_graph *graph, const uint32_t *community,
                           uint32_t circle) {
    igraph_vector_int_t edges;
    uint32_t place[N_MAX], count = 0;
    igraph_vector_int_init(&edges, 0);
    for (uint32_t v = 0; v < graph->n; v++) {
        place[v] = circle == GX_NONE || community[v] == circle ? count++ : GX_NONE;
    }
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            uint32_t u = graph->out_dst[i];
            if (place[v] != GX_NONE && place[u] != GX_NONE && (graph->directed || v < u)) {
                igraph_vector_int_push_back(&edges, place[v]);
                igraph_vector_int_push_back(&edges, place[u]);
            }
        }
    }
    igraph_create(out, &edges, count, graph->directed);
    igraph_vector_int_destroy(&edges);
}

/* Over pairs that a path joins: mean, and the interpolated 90th percentile. */
static void igraph_spread(const igraph_t *g, double *mean, double *diameter, double *reach) {
    double count[N_MAX + 1] = {0}, pairs = 0, sum = 0, below = 0;
    igraph_integer_t n = igraph_vcount(g);
    igraph_matrix_t distance;
    igraph_matrix_init(&distance, 0, 0);
    igraph_distances(g, &distance, igraph_vss_all(), igraph_vss_all(), IGRAPH_ALL);
    for (igraph_integer_t i = 0; i < n; i++) {
        for (igraph_integer_t k = 0; k < n; k++) {
            double d = MATRIX(distance, i, k);
            if (i != k && isfinite(d)) {
                count[(int)d]++;
                pairs++;
                sum += d;
            }
        }
    }
    igraph_matrix_destroy(&distance);
    *mean = pairs > 0 ? sum / pairs : (double)NAN;
    *reach = n > 1 ? pairs / ((double)n * ((double)n - 1)) : (double)NAN;
    *diameter = (double)NAN;
    for (int d = 1; d <= N_MAX && pairs > 0; d++) {
        if (below + count[d] >= 0.9 * pairs) {
            *diameter = d - 1 + (0.9 * pairs - below) / count[d];
            break;
        }
        below += count[d];
    }
}

static void assert_igraph(const scene *c, const run_result *r, uint32_t entry, uint64_t seed) {
    igraph_t both, directed;
    igraph_real_t value;
    double mean, diameter, reach;
    uint32_t circle = entry == 0 ? GX_NONE : entry - 1;
    igraph_induced(&both, &c->s.undirected, c->community, circle);
    igraph_induced(&directed, &c->s.graph, c->community, circle);
    igraph_integer_t n = igraph_vcount(&both);
    igraph_density(&both, &value, false);
    assert_near(figure(r, "density", entry), n > 1 ? value : (double)NAN, "density", seed);
    igraph_reciprocity(&directed, &value, true, IGRAPH_RECIPROCITY_DEFAULT);
    assert_near(figure(r, "reciprocity", entry), igraph_ecount(&directed) ? value : (double)NAN,
                "reciprocity", seed);
    igraph_transitivity_undirected(&both, &value, IGRAPH_TRANSITIVITY_NAN);
    assert_near(figure(r, "clustering", entry), value, "clustering", seed);
    igraph_transitivity_avglocal_undirected(&both, &value, IGRAPH_TRANSITIVITY_NAN);
    assert_near(figure(r, "local_clustering", entry), value, "local clustering", seed);
    igraph_assortativity_degree(&both, &value, false);
    assert_near(figure(r, "assortativity", entry), value, "assortativity", seed);
    igraph_spread(&both, &mean, &diameter, &reach);
    assert_near(figure(r, "distance", entry), mean, "distance", seed);
    assert_near(figure(r, "diameter", entry), diameter, "diameter", seed);
    assert_near(figure(r, "reach", entry), reach, "reach", seed);
    assert_near(figure(r, "distance_error", entry), 0, "distance error", seed);
    assert_int_equal(((const uint64_t *)gx_arrays_find(r->arrays, "structure.ties")->data)[entry],
                     igraph_ecount(&both));
    assert_int_equal(((const uint64_t *)gx_arrays_find(r->arrays, "structure.arcs")->data)[entry],
                     igraph_ecount(&directed));
    assert_int_equal(
        ((const uint32_t *)gx_arrays_find(r->arrays, "structure.members")->data)[entry], n);
    igraph_destroy(&both);
    igraph_destroy(&directed);
}

/* ---- hosts -------------------------------------------------------------------------------------
 */

static bool vertical(const scene *c, uint32_t u, uint32_t v) {
    for (uint32_t g = 0; g < GROUPS; g++) {
        if (c->role[u][g] && c->role[v][g] && c->role[u][g] + c->role[v][g] > 2) {
            return true;
        }
    }
    return false;
}

static bool hosts_any(const scene *c, uint32_t v) {
    return c->role[v][0] == 2 || c->role[v][1] == 2 || c->role[v][2] == 2;
}

static void assert_hosts(const scene *c, const run_result *r, uint32_t entry, uint64_t seed) {
    const gx_graph *g = &c->s.graph;
    uint32_t hosts = 0, all_hosts = 0;
    double with = 0, all = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        bool in = entry == 0 || c->community[v] == entry - 1;
        hosts += in && hosts_any(c, v);
        all_hosts += hosts_any(c, v);
        for (uint64_t i = g->out_ptr[v]; in && i < g->out_ptr[v + 1]; i++) {
            uint32_t u = g->out_dst[i];
            double weight = g->out_weight ? (double)g->out_weight[i] : 1;
            if (entry == 0 || c->community[u] == entry - 1) {
                all += weight;
                with += vertical(c, v, u) ? weight : 0;
            }
        }
    }
    assert_int_equal(((const uint32_t *)gx_arrays_find(r->arrays, "structure.hosts")->data)[entry],
                     hosts);
    assert_near(figure(r, "vertical", entry), all > 0 && all_hosts ? with / all : (double)NAN,
                "vertical", seed);
}

static void assert_interactions(const scene *c, const run_result *r, uint32_t entry,
                                uint64_t seed) {
    const bool known = c->s.input.acts;
    uint32_t all_hosts = 0;
    double with = 0, all = 0;
    for (uint32_t v = 0; v < c->s.graph.n; v++) {
        all_hosts += hosts_any(c, v);
        for (uint32_t u = 0; u < c->s.graph.n; u++) {
            bool in = entry == 0 || (c->community[v] == entry - 1 && c->community[u] == entry - 1);
            if (u != v && in) {
                all += c->act[v][u];
                with += vertical(c, v, u) ? c->act[v][u] : 0;
            }
        }
    }
    assert_near(figure(r, "interactions", entry), known ? all : (double)NAN, "interactions", seed);
    assert_near(figure(r, "vertical_interactions", entry),
                known && all > 0 && all_hosts ? with / all : (double)NAN, "vertical interactions",
                seed);
}

/* ---- by weight --------------------------------------------------------------------------------
 */

/* Weights of the ties that lie within the entry, as a table. */
static void weights_within(double w[N_MAX][N_MAX], const scene *c, const gx_graph *g,
                           uint32_t entry) {
    memset(w, 0, N_MAX * sizeof *w);
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            uint32_t u = g->out_dst[i];
            bool in = entry == 0 || (c->community[v] == entry - 1 && c->community[u] == entry - 1);
            w[v][u] = in && u != v ? (g->out_weight ? (double)g->out_weight[i] : 1) : 0;
        }
    }
}

/* Transitivity over triplets, and Barrat's coefficient as it is written. */
static void naive_clustering(double w[N_MAX][N_MAX], uint32_t n, double *whole, double *local) {
    double closed = 0, all = 0, sum = 0, members = 0;
    for (uint32_t v = 0; v < n; v++) {
        double own_closed = 0, strength = 0, degree = 0;
        for (uint32_t a = 0; a < n; a++) {
            strength += w[v][a];
            degree += w[v][a] > 0;
            for (uint32_t b = 0; b < n; b++) {
                double mean = a != b && w[v][a] > 0 && w[v][b] > 0 ? (w[v][a] + w[v][b]) / 2 : 0;
                all += mean;
                own_closed += w[a][b] > 0 ? mean : 0;
            }
        }
        closed += own_closed;
        if (degree > 1) {
            sum += own_closed / (strength * (degree - 1));
            members++;
        }
    }
    *whole = all > 0 ? closed / all : (double)NAN;
    *local = members > 0 ? sum / members : (double)NAN;
}

/* Pearson's correlation of the strengths at the two ends of each tie, over ties as ordered pairs.
 */
static double naive_assortativity(double w[N_MAX][N_MAX], uint32_t n) {
    double strength[N_MAX] = {0}, ends = 0, mean = 0, spread = 0, shared = 0;
    for (uint32_t v = 0; v < n; v++) {
        for (uint32_t u = 0; u < n; u++) {
            strength[v] += w[v][u];
        }
    }
    for (uint32_t v = 0; v < n; v++) {
        for (uint32_t u = 0; u < n; u++) {
            ends += w[v][u] > 0;
            mean += w[v][u] > 0 ? strength[v] : 0;
        }
    }
    mean /= ends;
    for (uint32_t v = 0; v < n; v++) {
        for (uint32_t u = 0; u < n; u++) {
            spread += w[v][u] > 0 ? (strength[v] - mean) * (strength[v] - mean) : 0;
            shared += w[v][u] > 0 ? (strength[v] - mean) * (strength[u] - mean) : 0;
        }
    }
    return ends > 0 && spread > 1e-9 * ends * mean * mean ? shared / spread : (double)NAN;
}

static void assert_weighted(const scene *c, const run_result *r, uint32_t entry, uint64_t seed) {
    double w[N_MAX][N_MAX], all = 0, returned = 0, whole, local;
    const uint32_t n = c->s.graph.n;
    uint32_t members = 0;
    weights_within(w, c, &c->s.graph, entry);
    for (uint32_t v = 0; v < n; v++) {
        members += entry == 0 || c->community[v] == entry - 1;
        for (uint32_t u = 0; u < n; u++) {
            all += w[v][u];
            returned += fmin(w[v][u], w[u][v]);
        }
    }
    assert_near(figure(r, "weighted_reciprocity", entry), all > 0 ? returned / all : (double)NAN,
                "weighted reciprocity", seed);
    weights_within(w, c, &c->s.undirected, entry);
    all = 0;
    for (uint32_t v = 0; v < n; v++) {
        for (uint32_t u = 0; u < v; u++) {
            all += w[v][u];
        }
    }
    assert_near(figure(r, "weight", entry), all, "weight", seed);
    assert_near(figure(r, "weighted_density", entry),
                members > 1 ? all / (members * (members - 1.0) / 2) : (double)NAN,
                "weighted density", seed);
    naive_clustering(w, n, &whole, &local);
    assert_near(figure(r, "weighted_clustering", entry), whole, "weighted clustering", seed);
    assert_near(figure(r, "weighted_local_clustering", entry), local, "weighted local clustering",
                seed);
    assert_near(figure(r, "weighted_assortativity", entry), naive_assortativity(w, n),
                "weighted assortativity", seed);
}

static void test_figures(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        scene c;
        scene_make(&c, seed);
        run_result r = run("structure", &c.s.input, 2, NULL);
        for (uint32_t entry = 0; entry <= c.circles; entry++) {
            assert_igraph(&c, &r, entry, seed);
            assert_hosts(&c, &r, entry, seed);
            assert_interactions(&c, &r, entry, seed);
            assert_weighted(&c, &r, entry, seed);
        }
        run_free(&r);
        scene_free(&c);
    }
}

/* ---- sampled distances -------------------------------------------------------------------------
 */

/* A ring of n with n / 2 chords; a tail of 6 to make distances uneven. */
static void draw_world(arc_list *out, uint32_t n) {
    gx_rng rng = gx_rng_at(5, 71);
    *out = (arc_list){.n = n + 6};
    for (uint32_t v = 0; v < n; v++) {
        arcs_add(out, v, (v + 1) % n);
        if (v % 2) {
            arcs_add(out, v, (uint32_t)gx_rng_below(&rng, n));
        }
    }
    for (uint32_t v = n; v < n + 6; v++) {
        arcs_add(out, v - 1, v);
    }
}

/* A jackknife of eight groups is itself uncertain: 95 in 100 runs are within 2.365 of it (Student's
 * t of 7), where sources are not too uneven. */
static void test_the_error_holds(void **state) {
    (void)state;
    enum { RUNS = 200 };
    arc_list arcs;
    gx_graph graph, undirected;
    gx_arrays *given;
    gx_matrix groups = {0};
    uint32_t *community, good[2] = {0, 0};
    draw_world(&arcs, 600);
    graph_of(&graph, &arcs, GX_GRAPH_IN, 1);
    graph_of(&undirected, &arcs, GX_GRAPH_UNDIRECTED, 1);
    uint64_t *none = gx_alloc0((size_t)graph.n + 1, sizeof *none);
    groups = (gx_matrix){.rows = graph.n, .ptr = none};
    assert_int_equal(gx_arrays_create(&given, NULL), GX_OK);
    assert_int_equal(
        gx_arrays_add(&community, given, "leiden.community", GX_U32, graph.n, 0, NULL, NULL),
        GX_OK);
    gx_input input = {.graph = &graph,
                      .undirected = &undirected,
                      .groups = &groups,
                      .arrays = given,
                      .users = graph.n};
    run_result exact = run("structure", &input, 2, PARAMS("samples", "0"));
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        run_result r = run_seeded("structure", &input, 2, seed,
                                  PARAMS("samples", "64", "circle_samples", "1"));
        good[0] += fabs(figure(&r, "distance", 0) - figure(&exact, "distance", 0)) <=
                   2.365 * figure(&r, "distance_error", 0);
        good[1] += fabs(figure(&r, "diameter", 0) - figure(&exact, "diameter", 0)) <=
                   2.365 * figure(&r, "diameter_error", 0);
        run_free(&r);
    }
    print_message("within 2.365 errors: distance %u, diameter %u of %d\n", good[0], good[1], RUNS);
    assert_true(good[0] >= RUNS * 90 / 100 && good[1] >= RUNS * 88 / 100);
    run_free(&exact);
    gx_arrays_destroy(given);
    gx_free(none);
    gx_graph_finish(&graph);
    gx_graph_finish(&undirected);
    arcs_free(&arcs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_the_error_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
