/* Label propagation against what it promises on thousands of small seeded graphs, and on graphs
 * with known communities, large enough for several threads. */
#include "engine/community/quality.h"
#include "tests/registry/sample.h"

/* ---- planted communities
 * ---------------------------------------------------------------------------- */

typedef struct planted {
    arc_list arcs;
    gx_graph graph, directed;
    gx_input input;
    uint32_t *label;
} planted;

/* Groups of one size; each member draws `inside` ties to its own group and `outside` to anybody. */
static void planted_make(planted *p, uint32_t groups, uint32_t size, uint32_t inside,
                         uint32_t outside) {
    gx_rng rng = gx_rng_at(31, groups);
    *p = (planted){.arcs.n = groups * size};
    p->label = gx_alloc(p->arcs.n, sizeof *p->label);
    assert_non_null(p->label);
    for (uint32_t v = 0; v < p->arcs.n; v++) {
        p->label[v] = v % groups;
        for (uint32_t k = 0; k < inside; k++) {
            arcs_add(&p->arcs, v, (uint32_t)gx_rng_below(&rng, size) * groups + v % groups);
        }
        for (uint32_t k = 0; k < outside; k++) {
            arcs_add(&p->arcs, v, (uint32_t)gx_rng_below(&rng, p->arcs.n));
        }
    }
    graph_of(&p->graph, &p->arcs, GX_GRAPH_UNDIRECTED, 2);
    graph_of(&p->directed, &p->arcs, GX_GRAPH_IN, 2);
    p->input = (gx_input){.graph = &p->directed, .undirected = &p->graph, .users = p->graph.n};
}

static void planted_free(planted *p) {
    gx_graph_finish(&p->graph);
    gx_graph_finish(&p->directed);
    arcs_free(&p->arcs);
    gx_free(p->label);
}

static double nmi_of(const uint32_t *a, const uint32_t *b, uint32_t n) {
    gx_job job;
    double nmi = 0;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_quality_nmi(&nmi, a, b, n, &job, NULL), GX_OK);
    return nmi;
}

/* ---- label propagation
 * ------------------------------------------------------------------------------ */

/* ---- a naive twin, over dense tables, everything summed anew whenever it is asked for ---------
 */

typedef struct twin {
    uint32_t n;
    double asked[N_MAX][N_MAX]; /* what v has from u's label: [v][u]; below 0: does not ask */
    double attenuation, penalty, all;
    uint64_t seed;
    uint32_t label[N_MAX];
    float strength[N_MAX];
    bool waiting[N_MAX];
} twin;

static twin twin_of(const gx_graph *g, const char *direction, bool weighted, double attenuation,
                    double penalty) {
    twin t = {.n = g->n, .attenuation = attenuation, .penalty = penalty, .seed = gx_mix64(1)};
    for (uint32_t v = 0; v < t.n; v++) {
        for (uint32_t u = 0; u < t.n; u++) {
            t.asked[v][u] = -1;
        }
        t.label[v] = v;
        t.strength[v] = 1;
    }
    for (uint32_t u = 0; u < t.n; u++) {
        for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
            uint32_t v = g->out_dst[i];
            double w = weighted && g->out_weight ? (double)g->out_weight[i] : 1;
            *(*direction == 'i' ? &t.asked[v][u] : &t.asked[u][v]) = w;
            t.all += w;
        }
    }
    return t;
}

/* Of all that v asks, or of all that ask v. */
static double twin_degree(const twin *t, uint32_t v, bool asks) {
    double sum = 0;
    for (uint32_t u = 0; u < t->n; u++) {
        sum += fmax(asks ? t->asked[v][u] : t->asked[u][v], 0);
    }
    return sum;
}

static uint64_t twin_hash(const twin *t, uint64_t a, uint64_t b) {
    return gx_mix64(t->seed ^ gx_mix64(a << 32 | b));
}

static double twin_worth(const twin *t, uint32_t v, uint32_t label) {
    double weight = 0, others = 0;
    for (uint32_t u = 0; u < t->n; u++) {
        bool counts = u != v && t->label[u] == label;
        weight += counts && t->asked[v][u] > 0 ? t->asked[v][u] * (double)t->strength[u] : 0;
        others += counts ? twin_degree(t, u, false) : 0;
    }
    if (weight <= 0 && label != t->label[v]) {
        return -INFINITY; /* nobody who is asked has it */
    }
    /* The same arithmetic as the pass: equals are told apart by a hash, so they must be equal. */
    return weight - t->penalty / t->all * twin_degree(t, v, true) * others;
}

static void twin_weigh(const twin *t, uint32_t v, uint32_t *label, float *strength) {
    const uint32_t own = t->label[v];
    const double degree = twin_degree(t, v, true);
    double best = twin_worth(t, v, own) + 1e-10 * degree;
    *label = own;
    *strength = t->strength[v];
    for (uint32_t l = 0; l < t->n; l++) {
        double worth = twin_worth(t, v, l);
        bool first = *label == own;
        if (l == own || worth < best || (first && worth == best)) {
            continue;
        }
        if (worth > best || twin_hash(t, v, l) > twin_hash(t, v, *label)) {
            *label = l;
            best = worth;
        }
    }
    if (*label != own) {
        float most = 0;
        for (uint32_t u = 0; u < t->n; u++) {
            bool counts = t->label[u] == *label && t->asked[v][u] > 0;
            most = counts && t->strength[u] > most ? t->strength[u] : most;
        }
        *strength = most > (float)t->attenuation ? most - (float)t->attenuation : 0;
    }
}

/* One sweep: batch after batch, all of one against the labels before it. */
static void twin_sweep(twin *t, uint32_t sweep) {
    enum { BATCHES = 32 };
    uint32_t batch[N_MAX], weighed[N_MAX] = {0}, changed[N_MAX] = {0};
    for (uint32_t v = 0; v < t->n; v++) {
        batch[v] = t->waiting[v] ? 1 + (uint32_t)(twin_hash(t, sweep, v) % BATCHES) : 0;
        t->waiting[v] = false;
    }
    for (uint32_t b = 1; b <= BATCHES; b++) {
        uint32_t label[N_MAX];
        float strength[N_MAX];
        for (uint32_t v = 0; v < t->n; v++) {
            if (batch[v] == b) {
                twin_weigh(t, v, &label[v], &strength[v]);
                weighed[v] = b;
            }
        }
        for (uint32_t v = 0; v < t->n; v++) {
            if (batch[v] == b && label[v] != t->label[v]) {
                t->label[v] = label[v];
                t->strength[v] = strength[v];
                changed[v] = b;
            }
        }
    }
    for (uint32_t v = 0; v < t->n; v++) {
        for (uint32_t u = 0; u < t->n; u++) {
            t->waiting[v] |= changed[u] && t->asked[v][u] >= 0 && t->label[u] != t->label[v] &&
                             weighed[v] <= changed[u];
        }
    }
}

static void twin_run(twin *t) {
    for (uint32_t v = 0; v < t->n; v++) {
        t->waiting[v] = twin_degree(t, v, true) > 0;
    }
    for (uint32_t sweep = 0; sweep < 100; sweep++) {
        bool any = false;
        for (uint32_t v = 0; v < t->n; v++) {
            any |= t->waiting[v];
        }
        if (!any) {
            break;
        }
        twin_sweep(t, sweep);
    }
}

/* Whether a path of ties joins two members within one label. */
static bool twin_joined(const twin *t, uint32_t from, uint32_t to) {
    bool seen[N_MAX] = {false}, more = true;
    seen[from] = true;
    while (more) {
        more = false;
        for (uint32_t v = 0; v < t->n; v++) {
            for (uint32_t u = 0; u < t->n; u++) {
                bool tied = t->asked[v][u] > 0 || t->asked[u][v] > 0;
                bool step = seen[u] && !seen[v] && tied && t->label[u] == t->label[v];
                seen[v] |= step;
                more |= step;
            }
        }
    }
    return seen[to];
}

static void test_label_propagation_is_the_twins(void **state) {
    (void)state;
    static const char *const directions[] = {"all", "in", "out"};
    static const char *const attenuations[] = {"0", "0.25"}, *const penalties[] = {"0", "0.5", "1"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        sample_make(&s, seed, seed / 3 % 2);
        const char *direction = directions[seed % 3], *attenuation = attenuations[seed / 6 % 2];
        const char *penalty = penalties[seed / 12 % 3];
        twin t = twin_of(*direction == 'a' ? &s.undirected : &s.graph, direction, true,
                         strtod(attenuation, NULL), strtod(penalty, NULL));
        twin_run(&t);
        run_result r =
            run("label_propagation", &s.input, 1,
                PARAMS("direction", direction, "attenuation", attenuation, "penalty", penalty));
        const uint32_t *found = community_of(&r, "label_propagation", &s.input);
        for (uint32_t u = 0; u < t.n; u++) {
            for (uint32_t v = 0; v < u; v++) {
                bool together = t.label[u] == t.label[v] && twin_joined(&t, u, v);
                if (together != (found[u] == found[v])) {
                    fail_msg("members %u and %u of seed %d, %s", v, u, (int)seed, direction);
                }
            }
        }
        run_free(&r);
        sample_free(&s);
    }
}

/* ---- what holds on its own ---------------------------------------------------------------------
 */

/* Where nothing is attenuated nor priced, nobody has more weight towards any other community than
 * towards the own one, once nobody changes. */
static void expect_heaviest(const gx_input *input, const uint32_t *community, bool weighted) {
    const gx_graph *g = input->undirected;
    for (uint32_t v = 0; v < g->n; v++) {
        double weight[N_MAX] = {0};
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            weight[community[g->out_dst[i]]] +=
                weighted && g->out_weight ? (double)g->out_weight[i] : 1;
        }
        for (uint32_t c = 0; c < g->n; c++) {
            assert_true(weight[c] <= weight[community[v]]);
        }
    }
}

static void test_label_propagation_settles(void **state) {
    (void)state;
    uint32_t settled = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        bool weighted = seed / 2 % 2;
        sample_make(&s, seed, seed % 2);
        run_result r = run(
            "label_propagation", &s.input, 1,
            PARAMS("attenuation", "0", "penalty", "0", "weighted", weighted ? "true" : "false"));
        const uint32_t *sweeps = gx_result_get(r.arrays, "label_propagation", "sweeps", GX_U32, 1);
        if (*sweeps < 100) {
            settled++;
            expect_heaviest(&s.input, community_of(&r, "label_propagation", &s.input), weighted);
        }
        run_free(&r);
        sample_free(&s);
    }
    assert_true(settled >= SEEDS * 99 / 100);
}

/* Everybody reaches everybody of the own community over ties of weight within it; and who has no
 * tie of weight is alone. */
static void expect_connected(const gx_graph *g, const uint32_t *community, bool weighted) {
    bool met[N_MAX][N_MAX] = {{false}};
    for (uint32_t v = 0; v < g->n; v++) {
        met[v][v] = true;
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            bool counts = !weighted || !g->out_weight || g->out_weight[i] > 0;
            met[v][g->out_dst[i]] |= counts && community[v] == community[g->out_dst[i]];
        }
    }
    for (uint32_t k = 0; k < g->n; k++) {
        for (uint32_t u = 0; u < g->n; u++) {
            for (uint32_t v = 0; v < g->n; v++) {
                met[u][v] |= met[u][k] && met[k][v];
            }
        }
    }
    for (uint32_t u = 0; u < g->n; u++) {
        for (uint32_t v = 0; v < g->n; v++) {
            assert_true(met[u][v] == (community[u] == community[v]));
        }
    }
}

/* Members who would gain by another label at the price of `penalty`: few, since only those are
 * asked again whose neighbours changed, and not all whose price did. */
static uint32_t count_unsettled(const gx_graph *g, const uint32_t *community, bool weighted,
                                double penalty) {
    double degree[N_MAX] = {0}, total[N_MAX] = {0}, towards[N_MAX][N_MAX] = {{0}}, all = 0;
    uint32_t unsettled = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            double weight = weighted && g->out_weight ? (double)g->out_weight[i] : 1;
            degree[v] += weight;
            towards[v][community[g->out_dst[i]]] += weight;
        }
        total[community[v]] += degree[v];
        all += degree[v];
    }
    for (uint32_t v = 0; v < g->n; v++) {
        uint32_t own = community[v];
        double price = all > 0 ? penalty * degree[v] / all : 0;
        double best = towards[v][own] - price * (total[own] - degree[v]);
        bool gains = false;
        for (uint32_t c = 0; c < g->n; c++) {
            gains |= c != own && towards[v][c] - price * total[c] > best + 1e-6 * degree[v];
        }
        unsettled += gains;
    }
    return unsettled;
}

static void test_label_propagation_at_a_price(void **state) {
    (void)state;
    static const char *const penalties[] = {"0.5", "1", "0.2"};
    uint32_t unsettled = 0, members = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        bool weighted = seed / 2 % 2, kept = seed / 4 % 2;
        const char *penalty = penalties[seed / 8 % 3];
        sample_make(&s, seed, seed % 2);
        run_result r = run("label_propagation", &s.input, 2,
                           PARAMS("attenuation", kept ? "0" : "0.1", "penalty", penalty, "weighted",
                                  weighted ? "true" : "false"));
        const uint32_t *community = community_of(&r, "label_propagation", &s.input);
        expect_connected(&s.undirected, community, weighted);
        if (kept) {
            members += s.graph.n;
            unsettled += count_unsettled(&s.undirected, community, weighted, strtod(penalty, NULL));
        }
        run_free(&r);
        sample_free(&s);
    }
    print_message("of %u members %u would gain\n", members, unsettled);
    assert_true(unsettled <= members / 300);
}

/* Batches of many members, several threads: the same bytes, and the communities that are there. */
static void test_label_propagation_of_many(void **state) {
    (void)state;
    static const char *const directions[] = {"all", "in", "out"};
    planted p;
    planted_make(&p, 800, 100, 6, 4);
    for (size_t d = 0; d < GX_COUNT(directions); d++) {
        const char *const *params = PARAMS("direction", directions[d]);
        run_result one = run("label_propagation", &p.input, 1, params);
        const uint32_t *found = community_of(&one, "label_propagation", &p.input);
        double nmi = nmi_of(found, p.label, p.graph.n);
        print_message("planted, direction %s: NMI %.4f\n", directions[d], nmi);
        assert_true(nmi >= (d ? 0.9 : 0.99));
        for (int threads = d ? 16 : 2; threads <= 16; threads *= 8) {
            run_result more = run("label_propagation", &p.input, threads, params);
            assert_memory_equal(found, community_of(&more, "label_propagation", &p.input),
                                p.graph.n * sizeof *found);
            run_free(&more);
        }
        run_free(&one);
        assert_estimate_true("label_propagation", &p.input, params);
    }
    planted_free(&p);
}

/* A dense graph with a core: plain propagation floods it, the defaults do not. */
static void test_label_propagation_does_not_flood(void **state) {
    (void)state;
    planted p;
    planted_make(&p, 10, 100, 8, 9);
    run_result plain =
        run("label_propagation", &p.input, 1, PARAMS("attenuation", "0", "penalty", "0"));
    run_result usual = run("label_propagation", &p.input, 1, NULL);
    double flooded =
        nmi_of(community_of(&plain, "label_propagation", &p.input), p.label, p.graph.n);
    double kept = nmi_of(community_of(&usual, "label_propagation", &p.input), p.label, p.graph.n);
    print_message("planted in noise: NMI %.4f plain, %.4f by default\n", flooded, kept);
    assert_true(flooded < 0.5);
    assert_true(kept > 0.8);
    run_free(&plain);
    run_free(&usual);
    planted_free(&p);
}

static void test_label_propagation_of_lfr(void **state) {
    (void)state;
    arc_list arcs;
    char line[64];
    gzFile file = gzopen(DATA_GRAPHS "/lfr_100k_mu5/labels.txt.gz", "rb");
    if (!file || !arcs_read(&arcs, DATA_GRAPHS "/lfr_100k_mu5/edges.txt.gz")) {
        print_message("skipped: no data\n");
        skip();
    }
    gx_graph graph;
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 2);
    uint32_t *label = gx_alloc0(graph.n, sizeof *label);
    while (gzgets(file, line, sizeof line)) {
        unsigned v, l;
        if (sscanf(line, "%u %u", &v, &l) == 2 && v < graph.n && l < graph.n) {
            label[v] = l;
        }
    }
    gzclose(file);
    gx_input input = {.undirected = &graph, .users = graph.n};
    run_result r = run("label_propagation", &input, 2, NULL);
    double nmi = nmi_of(community_of(&r, "label_propagation", &input), label, graph.n);
    print_message("lfr_100k_mu5: NMI %.4f\n", nmi);
    assert_true(nmi >= 0.99);
    run_free(&r);
    gx_free(label);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label_propagation_is_the_twins),
        cmocka_unit_test(test_label_propagation_settles),
        cmocka_unit_test(test_label_propagation_at_a_price),
        cmocka_unit_test(test_label_propagation_of_many),
        cmocka_unit_test(test_label_propagation_does_not_flood),
        cmocka_unit_test(test_label_propagation_of_lfr),
    };
    return cmocka_run_group_tests_name("communities", tests, NULL, NULL);
}
