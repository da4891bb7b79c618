/* Overlapping circles: the persona graph against its definition on small seeded graphs, and circles
 * on graphs where members were planted in several. */
#include "engine/community/personas.h"
#include "tests/registry/sample.h"

/* Taken together again, the personas are the members and their ties. */
static void expect_whole(const gx_graph *g, const gx__personas *p, bool weighted) {
    double there[N_MAX][N_MAX] = {{0}}, found[N_MAX][N_MAX] = {{0}};
    uint32_t member[N_MAX * N_MAX];
    for (uint32_t v = 0; v < g->n; v++) {
        assert_true(p->first[v + 1] > p->first[v]);
        for (uint32_t k = p->first[v]; k < p->first[v + 1]; k++) {
            member[k] = v;
        }
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            there[v][g->out_dst[i]] = weighted && g->out_weight ? (double)g->out_weight[i] : 1;
        }
        there[v][v] = 0;
    }
    for (uint32_t k = 0; k < p->graph.n; k++) {
        for (uint64_t i = p->ptr[k]; i < p->ptr[k + 1]; i++) {
            uint32_t other = p->dst[i];
            assert_true(i == p->ptr[k] || p->dst[i - 1] < other);
            found[member[k]][member[other]] += p->weight ? (double)p->weight[i] : 1;
            bool back = false;
            for (uint64_t j = p->ptr[other]; j < p->ptr[other + 1]; j++) {
                back = back || p->dst[j] == k;
            }
            assert_true(back);
        }
    }
    assert_memory_equal(there, found, sizeof there);
}

/* A persona of several has at least so many ties. */
static void expect_groups(const gx_graph *g, const gx__personas *p, uint32_t least) {
    for (uint32_t v = 0; v < g->n; v++) {
        uint32_t several = p->first[v + 1] - p->first[v];
        for (uint32_t k = p->first[v]; k < p->first[v + 1]; k++) {
            assert_true(several == 1 || p->ptr[k + 1] - p->ptr[k] >= least);
        }
    }
}

/* The group of v that each of its neighbours is in, by where its ties lead. */
static void groups_of(uint32_t group[N_MAX], const gx__personas *p, uint32_t v) {
    for (uint32_t k = p->first[v]; k < p->first[v + 1]; k++) {
        for (uint64_t i = p->ptr[k]; i < p->ptr[k + 1]; i++) {
            uint32_t u = 0;
            while (p->first[u + 1] <= p->dst[i]) {
                u++;
            }
            group[u] = k;
        }
    }
}

/* Where no group joins another: neighbours of one group know each other by way of neighbours, and
 * those who all know each other and nobody else there are one group. */
static void expect_acquainted(const gx_graph *g, const gx__personas *p, bool weighted) {
    bool tied[N_MAX][N_MAX] = {{false}};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            tied[v][g->out_dst[i]] = !weighted || !g->out_weight || g->out_weight[i] > 0;
        }
    }
    for (uint32_t v = 0; v < g->n; v++) {
        bool near[N_MAX][N_MAX] = {{false}};
        uint32_t group[N_MAX];
        groups_of(group, p, v);
        for (uint32_t a = 0; a < g->n; a++) {
            for (uint32_t b = 0; b < g->n; b++) {
                near[a][b] = tied[v][a] && tied[v][b] && (a == b || tied[a][b]);
            }
        }
        for (uint32_t k = 0; k < g->n; k++) {
            for (uint32_t a = 0; a < g->n; a++) {
                for (uint32_t b = 0; b < g->n; b++) {
                    near[a][b] |= near[a][k] && near[k][b];
                }
            }
        }
        for (uint32_t a = 0; a < g->n; a++) {
            bool clique = true;
            for (uint32_t x = 0; x < g->n; x++) {
                for (uint32_t y = 0; y < g->n; y++) {
                    clique &= !near[a][x] || !near[a][y] || x == y || tied[x][y];
                }
            }
            for (uint32_t b = 0; b < g->n; b++) {
                if (a != b && tied[v][a] && tied[v][b]) {
                    assert_true(group[a] != group[b] || near[a][b]);
                    assert_true(group[a] == group[b] || !near[a][b] || !clique);
                }
            }
        }
    }
}

static void test_personas(void **state) {
    (void)state;
    uint32_t split = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sample s;
        gx_job job;
        gx__personas p;
        sample_make(&s, seed, seed % 2);
        gx_job_init(&job, 1 + (int)(seed % 3), 1); /* the seed of the guess */
        const gx__personas_options options = {.least = 1 + (uint32_t)(seed / 2 % 3),
                                              .weighted = seed / 4 % 2};
        assert_int_equal(gx__personas_make(&p, &s.undirected, &options, &job, NULL), GX_OK);
        expect_whole(&s.undirected, &p, options.weighted);
        expect_groups(&s.undirected, &p, options.least);
        if (options.least == 1) {
            expect_acquainted(&s.undirected, &p, options.weighted);
        }
        assert_true(gx__personas_guess(&s.undirected, &options) == p.graph.n);
        split += p.graph.n > s.graph.n;
        gx__personas_finish(&p, &job);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        sample_free(&s);
    }
    assert_true(split > SEEDS / 4);
}

static bool same_arrays(const run_result *a, const run_result *b) {
    bool same = true;
    for (size_t i = 0; i < gx_arrays_count(a->arrays); i++) {
        const gx_array *x = gx_arrays_at(a->arrays, i), *y = gx_arrays_find(b->arrays, x->name);
        same &= y && x->bytes == y->bytes && memcmp(x->data, y->data, x->bytes) == 0;
    }
    return same;
}

/* Told not to, the pass does not look at weights (those of `plain` count parallel ties); told to,
 * it does. */
static void test_weights(void **state) {
    (void)state;
    uint32_t other = 0;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample s, plain;
        sample_make(&s, seed, true);
        sample_make(&plain, seed, false);
        run_result bare = run("overlapping", &plain.input, 1, PARAMS("weighted", "false"));
        run_result blind = run("overlapping", &s.input, 1, PARAMS("weighted", "false"));
        run_result weighted = run("overlapping", &s.input, 1, NULL);
        assert_true(same_arrays(&bare, &blind));
        other += !same_arrays(&bare, &weighted);
        run_free(&bare);
        run_free(&blind);
        run_free(&weighted);
        sample_free(&s);
        sample_free(&plain);
    }
    assert_true(other > SEEDS / 8);
}

/* A member between dense groups, whose ego network has more ties than are kept. */
static void test_a_hub(void **state) {
    (void)state;
    enum { GROUPS = 3, SIZE = 320 };
    arc_list arcs = {.n = GROUPS * SIZE + 1};
    gx_rng rng = gx_rng_at(51, 0);
    for (uint32_t v = 0; v < GROUPS * SIZE; v++) {
        arcs_add(&arcs, GROUPS * SIZE, v);
        for (uint32_t u = v % GROUPS; u < v; u += GROUPS) {
            if (gx_rng_below(&rng, 10) < 6) {
                arcs_add(&arcs, u, v);
            }
        }
    }
    gx_graph graph;
    gx__personas p;
    gx_job job;
    gx_job_init(&job, 2, 1);
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 1);
    const gx__personas_options options = {.least = 3};
    assert_int_equal(gx__personas_make(&p, &graph, &options, &job, NULL), GX_OK);
    assert_int_equal(p.first[arcs.n] - p.first[arcs.n - 1], GROUPS);
    for (uint32_t k = p.first[arcs.n - 1]; k < p.first[arcs.n]; k++) {
        assert_int_equal(p.ptr[k + 1] - p.ptr[k], SIZE);
    }
    assert_int_equal(p.graph.n, GROUPS * SIZE + GROUPS);
    gx__personas_finish(&p, &job);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

/* ---- planted circles ---------------------------------------------------------------------------
 */

enum { CIRCLES = 40, MEMBERS = 2000, TIES = 10 };

/* Everybody is in circle v % CIRCLES; every fourth in a second one too, and ties are drawn in each,
 * and one to anybody. */
static uint32_t second_circle(uint32_t v) {
    return v % 4 ? GX_NONE : (v % CIRCLES + 1 + v / CIRCLES % (CIRCLES - 1)) % CIRCLES;
}

static bool planted_in(uint32_t v, uint32_t circle) {
    return v % CIRCLES == circle || second_circle(v) == circle;
}

static void plant(arc_list *arcs) {
    gx_rng rng = gx_rng_at(52, 0);
    *arcs = (arc_list){.n = MEMBERS};
    for (uint32_t c = 0; c < CIRCLES; c++) {
        uint32_t member[MEMBERS], count = 0;
        for (uint32_t v = 0; v < MEMBERS; v++) {
            if (planted_in(v, c)) {
                member[count++] = v;
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t k = 0; k < TIES; k++) {
                arcs_add(arcs, member[i], member[gx_rng_below(&rng, count)]);
            }
            arcs_add(arcs, member[i], (uint32_t)gx_rng_below(&rng, MEMBERS));
        }
    }
}

/* Each circle that was found is taken for the planted one it shares most members with. */
static void score(const uint64_t *ptr, const uint32_t *item, uint32_t circles, double *out_found,
                  double *out_right, double *out_both) {
    uint32_t *common = gx_alloc0((size_t)circles * CIRCLES, sizeof *common);
    assert_non_null(common);
    double all = 0, given = 0, right = 0, two = 0, both = 0;
    for (uint32_t v = 0; v < MEMBERS; v++) {
        for (uint64_t i = ptr[v]; i < ptr[v + 1]; i++) {
            for (uint32_t c = 0; c < CIRCLES; c++) {
                common[item[i] * CIRCLES + c] += planted_in(v, c);
            }
        }
    }
    for (uint32_t v = 0; v < MEMBERS; v++) {
        bool seen[CIRCLES] = {false};
        uint32_t hits = 0, planted = 1 + (second_circle(v) != GX_NONE);
        for (uint64_t i = ptr[v]; i < ptr[v + 1]; i++) {
            uint32_t best = 0;
            for (uint32_t c = 1; c < CIRCLES; c++) {
                if (common[item[i] * CIRCLES + c] > common[item[i] * CIRCLES + best]) {
                    best = c;
                }
            }
            hits += planted_in(v, best) && !seen[best];
            seen[best] = true;
        }
        all += planted;
        given += (double)(ptr[v + 1] - ptr[v]);
        right += hits;
        two += planted == 2;
        both += planted == 2 && hits == 2;
    }
    *out_found = right / all;
    *out_right = right / given;
    *out_both = both / two;
    gx_free(common);
}

static void test_planted(void **state) {
    (void)state;
    arc_list arcs;
    gx_graph graph;
    plant(&arcs);
    graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 1);
    gx_input input = {.undirected = &graph, .users = graph.n};
    run_result one = run("overlapping", &input, 1, NULL);
    run_result more = run("overlapping", &input, 3, NULL);
    const gx_array *size = gx_arrays_find(one.arrays, "overlapping.size");
    const uint64_t *ptr = gx_result_get(one.arrays, "overlapping", "ptr", GX_U64, graph.n + 1);
    const uint32_t *item = gx_result_get(one.arrays, "overlapping", "item", GX_U32, ptr[graph.n]);
    double found, right, both;
    score(ptr, item, (uint32_t)size->shape[0], &found, &right, &both);
    print_message("%u circles; memberships found %.3f, right %.3f, both of two %.3f\n",
                  (unsigned)size->shape[0], found, right, both);
    for (size_t i = 0; i < gx_arrays_count(one.arrays); i++) {
        const gx_array *x = gx_arrays_at(one.arrays, i), *y = gx_arrays_at(more.arrays, i);
        assert_int_equal(x->bytes, y->bytes);
        assert_memory_equal(x->data, y->data, x->bytes);
    }
    assert_true(found > 0.9 && right > 0.9 && both > 0.8);
    assert_estimate_true("overlapping", &input, NULL);
    run_free(&one);
    run_free(&more);
    gx_graph_finish(&graph);
    arcs_free(&arcs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_personas),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_a_hub),
        cmocka_unit_test(test_planted),
    };
    return cmocka_run_group_tests_name("overlapping", tests, NULL, NULL);
}
