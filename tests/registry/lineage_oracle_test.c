/* Circles over time: the lineage of two partitions against a naive twin, and whether members keep
 * their circle's id while ties change, on planted graphs and on LFR graphs. */
#include "datasets/datasets.h"
#include "engine/community/lineage.h"
#include "engine/community/quality.h"
#include "tests/registry/sample.h"

/* ---- the lineage, against a twin of whole tables ------------------------------------------------
 */

enum { PAIRS = 3000, MEMBERS_MAX = 40, CIRCLES_MAX = 12 };

typedef struct table {
    uint32_t count[CIRCLES_MAX][CIRCLES_MAX], from_size[CIRCLES_MAX], to_size[CIRCLES_MAX];
    uint32_t first[CIRCLES_MAX][CIRCLES_MAX]; /* member of both */
    uint32_t from_count, to_count, pairs;
} table;

static void fill_table(table *t, const uint32_t *before, uint32_t n0, const uint32_t *after,
                       uint32_t n1) {
    *t = (table){0};
    for (uint32_t v = 0; v < n0; v++) {
        t->from_size[before[v]]++;
        t->from_count = before[v] >= t->from_count ? before[v] + 1 : t->from_count;
    }
    for (uint32_t v = 0; v < n1; v++) {
        t->to_size[after[v]]++;
        t->to_count = after[v] >= t->to_count ? after[v] + 1 : t->to_count;
    }
    for (uint32_t v = 0; v < n0 && v < n1; v++) {
        if (t->count[before[v]][after[v]]++ == 0) {
            t->first[before[v]][after[v]] = v;
            t->pairs++;
        }
    }
}

/* The best pair left: most in common, then smallest union (those of as many members as there are
 * pairs are equal), then the lower older circle, then the first member of both. */
static bool best_pair(uint32_t *out_from, uint32_t *out_to, const table *t, const bool *had,
                      const bool *heired) {
    uint32_t best = 0, smallest = 0, earliest = 0;
    for (uint32_t f = 0; f < t->from_count; f++) {
        for (uint32_t g = 0; g < t->to_count; g++) {
            uint32_t c = t->count[f][g], a = t->from_size[f], b = t->to_size[g];
            uint32_t low = a < b ? a : b, high = a < b ? b : a;
            uint32_t both = a + b - c < t->pairs ? a + b - c : t->pairs;
            if (!c || had[f] || heired[g] || 4 * c < low || 20 * c < high) {
                continue;
            }
            if (c > best || (c == best && both < smallest) ||
                (c == best && both == smallest && f == *out_from && t->first[f][g] < earliest)) {
                best = c;
                smallest = both;
                earliest = t->first[f][g];
                *out_from = f;
                *out_to = g;
            }
        }
    }
    return best > 0;
}

static uint32_t from_of(const gx_lineage *l, uint32_t at) {
    return at == GX_NONE ? GX_NONE : l->overlap[at].from;
}

static uint32_t to_of(const gx_lineage *l, uint32_t at) {
    return at == GX_NONE ? GX_NONE : l->overlap[at].to;
}

static void assert_majorities(const gx_lineage *l, const table *t) {
    for (uint32_t f = 0; f < t->from_count; f++) {
        uint32_t into = GX_NONE;
        for (uint32_t g = 0; g < t->to_count; g++) {
            into = 2 * t->count[f][g] > t->from_size[f] ? g : into;
        }
        assert_int_equal(to_of(l, l->into[f]), into);
    }
    for (uint32_t g = 0; g < t->to_count; g++) {
        uint32_t out_of = GX_NONE;
        for (uint32_t f = 0; f < t->from_count; f++) {
            out_of = 2 * t->count[f][g] > t->to_size[g] ? f : out_of;
        }
        assert_int_equal(from_of(l, l->out_of[g]), out_of);
    }
}

static void assert_lineage(const gx_lineage *l, const table *t) {
    bool had[CIRCLES_MAX] = {0}, heired[CIRCLES_MAX] = {0};
    uint32_t from = 0, to = 0;
    assert_int_equal(l->from_count, t->from_count);
    assert_int_equal(l->to_count, t->to_count);
    assert_int_equal(l->overlap_count, t->pairs);
    for (uint32_t i = 0; i < l->overlap_count; i++) {
        const gx_overlap *o = &l->overlap[i];
        assert_int_equal(o->members, t->count[o->from][o->to]);
    }
    assert_majorities(l, t);
    while (best_pair(&from, &to, t, had, heired)) {
        had[from] = heired[to] = true;
        assert_int_equal(to_of(l, l->heir[from]), to);
        assert_int_equal(from_of(l, l->parent[to]), from);
    }
    for (uint32_t f = 0; f < t->from_count; f++) {
        assert_true(had[f] || l->heir[f] == GX_NONE);
    }
    for (uint32_t g = 0; g < t->to_count; g++) {
        assert_true(heired[g] || l->parent[g] == GX_NONE);
    }
}

static void test_lineage_is_the_twins(void **state) {
    (void)state;
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t seed = 0; seed < PAIRS; seed++) {
        gx_rng rng = gx_rng_at(seed, 31);
        uint32_t before[MEMBERS_MAX], after[MEMBERS_MAX];
        uint32_t n0 = (uint32_t)gx_rng_below(&rng, MEMBERS_MAX + 1);
        uint32_t n1 = (uint32_t)gx_rng_below(&rng, MEMBERS_MAX + 1);
        uint32_t k0 = 1 + (uint32_t)gx_rng_below(&rng, CIRCLES_MAX),
                 moved = 1 + (uint32_t)(seed % 9);
        for (uint32_t v = 0; v < MEMBERS_MAX; v++) {
            uint32_t drawn = (uint32_t)gx_rng_below(&rng, k0),
                     other = (uint32_t)gx_rng_below(&rng, k0);
            before[v] = n0 ? drawn % n0 : 0;
            after[v] = gx_rng_below(&rng, 10) < moved && n1 ? other % n1 : n1 ? drawn % n1 : 0;
        }
        gx_lineage lineage;
        table t;
        fill_table(&t, before, n0, after, n1);
        assert_int_equal(gx_lineage_find(&lineage, before, n0, after, n1, &job, NULL), GX_OK);
        assert_lineage(&lineage, &t);
        gx_lineage_finish(&lineage);
    }
    assert_int_equal(job.mem_used, 0);
}

/* Older circles a = 0–7, b = 8–11, c = 12–15, d = 16–19; then b and c are one, a is cut in two, and
 * d is spread. */
static void test_events_by_hand(void **state) {
    (void)state;
    const uint32_t before[20] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
    const uint32_t after[24] = {1, 1, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0,
                                0, 0, 0, 0, 0, 1, 4, 5, 3, 3, 3, 3};
    const uint32_t before_id[4] = {10, 11, 12, 13};
    uint32_t id[6], next = 14;
    gx_job job;
    gx_lineage l;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_lineage_find(&l, before, 20, after, 24, &job, NULL), GX_OK);
    gx_lineage_ids(id, &next, &l, before_id);
    assert_int_equal(id[0], 11); /* b and c bring as many: the lower number goes on */
    assert_int_equal(id[1], 10);
    assert_int_equal(id[2], 14); /* the smaller half of a is new, and out of a */
    assert_int_equal(from_of(&l, l.out_of[2]), 0);
    assert_int_equal(to_of(&l, l.into[2]), 0); /* c went into b */
    assert_int_equal(l.heir[2], GX_NONE);
    assert_int_equal(id[3], 15); /* newcomers: born */
    assert_int_equal(l.out_of[3], GX_NONE);
    assert_int_equal(id[4], 13); /* one of d's four is what is left of it */
    assert_int_equal(l.into[3], GX_NONE);
    assert_int_equal(id[5], 16);
    assert_int_equal(next, 17);
    gx_lineage_finish(&l);
    const uint32_t bad[2] = {0, 2};
    gx_error err = {0};
    assert_int_equal(gx_lineage_find(&l, bad, 2, before, 20, &job, &err), GX_CORRUPT);
    assert_non_null(strstr(err.message, "member 1 is in circle 2"));
    assert_int_equal(job.mem_used, 0);
}

/* ---- ids while ties change ---------------------------------------------------------------------
 */

enum { PER_MILLE = 15 };

/* Replaces 1.5% of the ties: that many go, as many come between ends of other ties, so that who has
 * many ties gets more of the new ones; half of them within a circle where `label` is given. */
static void change_ties(arc_list *arcs, const uint32_t *label, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 41);
    uint64_t changes = arcs->m * PER_MILLE / 1000;
    for (uint64_t k = 0; k < changes; k++) {
        uint64_t i = gx_rng_below(&rng, arcs->m);
        uint32_t u, v;
        int tries = 0;
        do {
            u = arcs->src[gx_rng_below(&rng, arcs->m)];
            v = arcs->dst[gx_rng_below(&rng, arcs->m)];
        } while (u == v || (label && k % 2 && label[u] != label[v] && tries++ < 1000));
        arcs->src[i] = u;
        arcs->dst[i] = v;
    }
}

/* An LFR graph (Lancichinetti, Fortunato and Radicchi 2008); returns the planted circles. */
static uint32_t *plant(arc_list *out, uint32_t n, const char *mu, uint64_t seed) {
    gx_arena *arena = gx_arena_create();
    gx_value map = gx_map(arena, 2);
    gx_edges edges;
    gx_job job;
    gx_job_init(&job, 1, seed + 1);
    gx_map_put(arena, &map, "members", gx_int(n));
    gx_map_put(arena, &map, "mu", gx_str(mu));
    assert_int_equal(gx_generate(&edges, "lfr", &map, &job, NULL), GX_OK);
    *out = (arc_list){.n = n};
    for (uint64_t i = 0; i < edges.m; i++) {
        arcs_add(out, edges.src[i], edges.dst[i]);
    }
    uint32_t *label = gx_alloc(n, sizeof *label);
    assert_non_null(label);
    memcpy(label, edges.label, n * sizeof *label);
    gx_edges_finish(&edges, &job);
    gx_arena_destroy(arena);
    return label;
}

static run_result circles_of(const gx_graph *graph, const gx_arrays *before, const char *start) {
    gx_input input = {.graph = graph, .undirected = graph, .before = before, .users = graph->n};
    return run("leiden", &input, 2, PARAMS("start", start));
}

typedef struct kept {
    double share, loss; /* members who keep their id; modularity below that of a run from alone */
} kept;

static void assert_connected(const run_result *r, const gx_graph *graph) {
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "leiden");
    gx_input input = {.graph = graph, .undirected = graph, .users = graph->n};
    gx_error err = {0};
    gx_args args;
    gx_status status = gx_args_parse(&args, r->arena, pass->params, pass->param_count, NULL, &err);
    if (status == GX_OK) {
        status = pass->check(r->arrays, "leiden", &input, &args, &err);
    }
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

static kept compare_runs(const run_result *a, const run_result *b, const gx_graph *graph) {
    const uint32_t *was = gx_arrays_get(a->arrays, "leiden.community", GX_U32, graph->n);
    const uint32_t *is = gx_arrays_get(b->arrays, "leiden.community", GX_U32, graph->n);
    const uint32_t *was_id = gx_arrays_get(a->arrays, "leiden.id", GX_U32, 0);
    const uint32_t *is_id = gx_arrays_get(b->arrays, "leiden.id", GX_U32, 0);
    const double *q = gx_arrays_get(b->arrays, "leiden.modularity", GX_F64, 1);
    uint32_t same = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        same += was_id[was[v]] == is_id[is[v]];
    }
    run_result fresh = circles_of(graph, NULL, "alone");
    const double *best = gx_arrays_get(fresh.arrays, "leiden.modularity", GX_F64, 1);
    assert_non_null(best);
    kept k = {(double)same / graph->n, *best - *q};
    assert_connected(b, graph);
    run_free(&fresh);
    return k;
}

/* Steps of change one after the other; the least share kept and the largest loss of them. */
static kept follow(arc_list *arcs, const uint32_t *label, int steps, const char *start,
                   uint64_t seed) {
    gx_graph graph;
    kept worst = {1, -1};
    graph_of(&graph, arcs, GX_GRAPH_UNDIRECTED, 1);
    run_result last = circles_of(&graph, NULL, start);
    gx_graph_finish(&graph);
    for (int k = 0; k < steps; k++) {
        change_ties(arcs, label, seed * 100 + (uint64_t)k);
        graph_of(&graph, arcs, GX_GRAPH_UNDIRECTED, 1);
        run_result now = circles_of(&graph, last.arrays, start);
        kept step = compare_runs(&last, &now, &graph);
        worst.share = step.share < worst.share ? step.share : worst.share;
        worst.loss = step.loss > worst.loss ? step.loss : worst.loss;
        run_free(&last);
        last = now;
        gx_graph_finish(&graph);
    }
    run_free(&last);
    return worst;
}

static void test_members_keep_their_id_on_drawn_graphs(void **state) {
    (void)state;
    const char *const mus[] = {"0.1", "0.3", "0.5"};
    for (size_t i = 0; i < GX_COUNT(mus); i++) {
        for (uint64_t seed = 0; seed < 2; seed++) {
            arc_list arcs;
            uint32_t *label = plant(&arcs, 4000, mus[i], seed);
            kept worst = follow(&arcs, seed % 2 ? label : NULL, 3, "last", seed);
            print_message("LFR, mu %s, seed %d: %.2f%% keep their id, modularity %+.4f\n", mus[i],
                          (int)seed, 100 * worst.share, -worst.loss);
            assert_true(worst.share >= 0.95);
            assert_true(worst.loss <= 0.002);
            gx_free(label);
            arcs_free(&arcs);
        }
    }
}

static void test_members_keep_their_id_on_given_graphs(void **state) {
    (void)state;
    const char *const names[] = {"lfr_10k_mu3", "lfr_100k_mu5"};
    int seen = 0;
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        char path[256];
        arc_list arcs;
        snprintf(path, sizeof path, "%s/%s/edges.txt.gz", DATA_GRAPHS, names[i]);
        if (!arcs_read(&arcs, path)) {
            print_message("skipped: no data at %s\n", path);
            continue;
        }
        seen++;
        kept worst = follow(&arcs, NULL, i ? 1 : 3, "last", 7);
        print_message("%s: %.2f%% keep their id, modularity %+.4f\n", names[i], 100 * worst.share,
                      -worst.loss);
        assert_true(worst.share >= 0.95);
        assert_true(worst.loss <= 0.002);
        arcs_free(&arcs);
    }
    if (!seen) {
        skip();
    }
}

/* Without a single tie left everybody is alone again, whatever the start was. */
static void test_no_tie_is_left(void **state) {
    (void)state;
    sample s, empty;
    sample_make(&s, 3, false);
    empty = s;
    arc_list none = {.n = s.arcs.n};
    graph_of(&empty.undirected, &none, GX_GRAPH_UNDIRECTED, 1);
    run_result a = circles_of(&s.undirected, NULL, "last");
    run_result b = circles_of(&empty.undirected, a.arrays, "last");
    const uint32_t *community = gx_arrays_get(b.arrays, "leiden.community", GX_U32, none.n);
    for (uint32_t v = 0; v < none.n; v++) {
        assert_int_equal(community[v], v);
    }
    run_free(&a);
    run_free(&b);
    gx_graph_finish(&empty.undirected);
    sample_free(&s);
}

/* ---- from any start
 * ------------------------------------------------------------------------------
 */

/* Level by level, every member ends in its circle. */
static void assert_tree(const run_result *r, uint32_t n) {
    const gx_array *levels = gx_arrays_find(r->arrays, "leiden.level_ptr");
    const uint32_t *at = levels->data,
                   *parent = gx_arrays_get(r->arrays, "leiden.parent", GX_U32, 0);
    const uint32_t *community = gx_arrays_get(r->arrays, "leiden.community", GX_U32, n);
    for (uint32_t v = 0; v < n; v++) {
        uint32_t part = v;
        for (uint64_t l = 0; l + 1 < levels->shape[0]; l++) {
            part = parent[at[l] + part];
        }
        assert_int_equal(part, community[v]);
    }
}

/* The circles of one small graph as the start on another, with more members, whatever the
 * objective: connected, with ids of their own, the same on two threads as on one. */
static void test_any_start_is_good(void **state) {
    (void)state;
    const char *const objective[] = {"modularity", "modularity", "cpm", "modularity", "cpm"};
    const char *const directed[] = {"false", "true", "false", "false", "true"};
    const char *const start[] = {"last", "last", "last", "alone", "last"};
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        sample a, b;
        sample_make(&a, seed, seed % 2);
        sample_make(&b, seed + SEEDS, seed % 2);
        const sample *small = a.graph.n < b.graph.n ? &a : &b, *large = small == &a ? &b : &a;
        const char *const *params = PARAMS("objective", objective[seed % 5], "directed",
                                           directed[seed % 5], "start", start[seed % 5]);
        run_result first = run("leiden", &small->input, 1, params);
        gx_input input = large->input;
        input.before = first.arrays;
        run_result one = run("leiden", &input, 1, params), two = run("leiden", &input, 2, params);
        const uint32_t *x = gx_arrays_get(one.arrays, "leiden.community", GX_U32, input.users);
        const uint32_t *y = gx_arrays_get(two.arrays, "leiden.community", GX_U32, input.users);
        const uint32_t *next = gx_arrays_get(one.arrays, "leiden.next_id", GX_U32, 1);
        const uint32_t *before = gx_arrays_get(first.arrays, "leiden.next_id", GX_U32, 1);
        assert_memory_equal(x, y, input.users * sizeof *x);
        assert_true(*next >= *before);
        assert_connected(&one, large->input.undirected);
        assert_tree(&one, input.users);
        run_free(&first);
        run_free(&one);
        run_free(&two);
        sample_free(&a);
        sample_free(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lineage_is_the_twins),
        cmocka_unit_test(test_events_by_hand),
        cmocka_unit_test(test_no_tie_is_left),
        cmocka_unit_test(test_any_start_is_good),
        cmocka_unit_test(test_members_keep_their_id_on_drawn_graphs),
        cmocka_unit_test(test_members_keep_their_id_on_given_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
