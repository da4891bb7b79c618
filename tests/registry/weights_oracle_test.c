/* What weights mean, for every pass that counts them: on small seeded graphs all weights times 2⁶⁰
 * or 2⁻⁶⁰ scale the result as the definition says, and ties of weight 0 change nothing where what
 * is carried, or a length, is the weight. */
#include "tests/registry/sample.h"

enum { GRAPHS = 300, SCALE = 60 };

typedef struct rule {
    const char *pass, *array;
    int power;     /* the result grows with this power of the weights */
    bool no_zeros; /* a tie of weight 0 is no tie */
    const char *params[9];
} rule;

static const rule rules[] = {
    {"degree", "score", 1, true, {"weighted", "1", "direction", "in", NULL}},
    {"degree", "score", 1, true, {"weighted", "1", NULL}},
    {"pagerank", "score", 0, true, {NULL}},
    {"kcore", "score", 1, true, {"weighted", "1", NULL}},
    {"clustering", "score", 0, false, {"weighted", "1", NULL}},
    {"neighbour_sum", "score", 2, true, {"weighted", "1", "steps", "2", NULL}},
    {"local_gravity", "score", 2, false, {"weighted", "1", NULL}},
    {"constraint", "score", 0, false, {"weighted", "1", NULL}},
    {"effective_size", "score", 0, false, {"weighted", "1", NULL}},
    {"betweenness", "score", 0, true, {"weighted", "1", NULL}},
    {"betweenness", "score", 0, true, {"weighted", "1", "length", "weight", "directed", "1", NULL}},
    {"closeness", "score", 1, true, {"weighted", "1", NULL}},
    {"closeness", "score", -1, true, {"weighted", "1", "length", "weight", "directed", "1", NULL}},
    {"harmonic", "score", 1, true, {"weighted", "1", NULL}},
    {"harmonic", "score", -1, true, {"weighted", "1", "length", "weight", NULL}},
    {"distances", "distance", -1, true, {"weighted", "1", "sources", "0", NULL}},
    {"eigenvector", "value", 1, true, {NULL}},
    {"katz", "score", 0, true, {NULL}},
    {"katz", "alpha", -1, true, {NULL}},
    {"hits", "score", 0, true, {NULL}},
    {"hits", "value", 2, true, {NULL}},
    {"leaderrank", "score", 0, true, {NULL}},
    {"leiden", "community", 0, true, {NULL}},
    {"leiden", "quality", 0, true, {"directed", "1", NULL}},
    {"louvain", "community", 0, false, {NULL}},
    {"label_propagation", "community", 0, false, {NULL}},
    {"infomap", "community", 0, true, {NULL}},
    {"infomap", "length", 0, true, {"directed", "1", NULL}},
    {"walktrap", "community", 0, true, {NULL}},
    {"overlapping", "community", 0, false, {NULL}},
    {"strength", "weight", 0, false, {"k", "1000", NULL}},
    {"spanners", "score", 0, true, {NULL}},
    {"spanners", "z", 0, true, {NULL}},
};

/* Weights times `factor`; with `zeros`, those of every third pair are 0, and in `out_without` they
 * are left out. Both ways of a pair alike. */
static void reweigh(sample *out, sample *out_without, uint64_t seed, float factor, bool zeros) {
    sample_make(out, seed, true);
    sample_make(out_without, seed, true);
    out_without->arcs.m = 0;
    for (uint64_t i = 0; i < out->arcs.m; i++) {
        uint32_t u = out->arcs.src[i], v = out->arcs.dst[i];
        bool zero = zeros && (u + v) % 3 == 0;
        float weight = out->arcs.weight[i];
        out->arcs.weight[i] = zero ? 0 : weight * factor;
        if (!zero) {
            out_without->arcs.src[out_without->arcs.m] = u;
            out_without->arcs.dst[out_without->arcs.m] = v;
            out_without->arcs.weight[out_without->arcs.m++] = weight;
        }
    }
    sample *const both[] = {out, out_without};
    for (int i = 0; i < 2; i++) {
        gx_graph_finish(&both[i]->graph);
        gx_graph_finish(&both[i]->undirected);
        sample_settle(both[i], 0, 1);
    }
}

/* What a pass may ask for beside ties: circles, and a matrix of nothing. */
typedef struct beside {
    gx_arrays *arrays;
    gx_matrix matrix, groups;
} beside;

static void beside_make(beside *b, sample *s) {
    uint32_t *community;
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_arrays_create(&b->arrays, NULL), GX_OK);
    assert_int_equal(
        gx_arrays_add(&community, b->arrays, "leiden.community", GX_U32, s->graph.n, 0, NULL, NULL),
        GX_OK);
    for (uint32_t v = 0; v < s->graph.n; v++) {
        community[v] = s->graph.n < 3 ? 0 : v % 3;
    }
    assert_int_equal(
        gx_matrix_build(&b->matrix, s->graph.n, 1, 0, NULL, NULL, NULL, NULL, &job, NULL), GX_OK);
    s->input.arrays = b->arrays;
    s->input.matrix = &b->matrix;
    s->input.items = 1;
}

static void beside_free(beside *b) {
    gx_arrays_destroy(b->arrays);
    gx_matrix_finish(&b->matrix);
}

static void expect_scaled(const rule *k, const run_result *plain, const run_result *scaled,
                          int exponent, uint64_t seed) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", k->pass, k->array);
    const gx_array *a = gx_arrays_find(plain->arrays, name);
    const gx_array *b = gx_arrays_find(scaled->arrays, name);
    assert_true(a && b && a->shape[0] == b->shape[0]);
    double near = a->dtype == GX_F32 ? 1e-6 : 1e-9;
    for (uint64_t i = 0; i < a->shape[0]; i++) {
        double expected = ldexp(element(a, i), k->power * exponent), found = element(b, i);
        bool same = isinf(expected) ? isinf(found)
                                    : fabs(found - expected) <=
                                          near * (fabs(expected) + ldexp(1, k->power * exponent));
        if (!same) {
            fail_msg("%s of graph %u, weights times 2^%d: entry %u is %.12g, not %.12g", name,
                     (unsigned)seed, exponent, (unsigned)i, found, expected);
        }
    }
}

static void compare(uint64_t seed, int exponent, bool zeros) {
    sample with, without;
    beside a, b;
    reweigh(&with, &without, seed, ldexpf(1, exponent), zeros);
    beside_make(&a, &with);
    beside_make(&b, &without);
    for (size_t i = 0; i < GX_COUNT(rules); i++) {
        if (without.graph.m > 0 && (!zeros || rules[i].no_zeros)) {
            run_result scaled = run(rules[i].pass, &with.input, 2, rules[i].params);
            run_result plain = run(rules[i].pass, &without.input, 2, rules[i].params);
            expect_scaled(&rules[i], &plain, &scaled, exponent, seed);
            run_free(&plain);
            run_free(&scaled);
        }
    }
    beside_free(&a);
    beside_free(&b);
    sample_free(&with);
    sample_free(&without);
}

static void test_scaled(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        compare(seed, seed % 2 ? SCALE : -SCALE, false);
    }
}

static void test_weights_of_0(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        compare(seed, 0, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_weights_of_0),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
