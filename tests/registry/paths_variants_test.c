/* What pass_test.c asks of every pass with its defaults, asked of passes on paths, and of variants
 * for weighted and directed ties, with every other set of parameters: degenerate graphs, a failing
 * allocator at every place, cancels, the memory told beforehand, the pass's own check, and the same
 * bytes at any number of threads. */
#include "tests/registry/sample.h"

enum { ALLOCATIONS_MAX = 500, MANY = 900 };

typedef struct variant {
    const char *pass;
    const char *params[10];
} variant;

static const variant variants[] = {
    {"betweenness", {"samples", "0", NULL}},
    {"betweenness", {"samples", "5", "normalized", "1", NULL}},
    {"betweenness", {"samples", "5", "directed", "1", NULL}},
    {"betweenness", {"samples", "5", "weighted", "1", NULL}},
    {"betweenness", {"samples", "0", "weighted", "1", "length", "weight", "directed", "1", NULL}},
    {"betweenness", {"epsilon", "0.5", NULL}},
    {"betweenness", {"epsilon", "0.5", "directed", "1", "normalized", "1", NULL}},
    {"betweenness", {"epsilon", "0.5", "weighted", "1", NULL}},
    {"betweenness", {"epsilon", "0.5", "weighted", "1", "directed", "1", NULL}},
    {"betweenness", {"epsilon", "1e-6", NULL}},
    {"closeness", {"samples", "0", NULL}},
    {"closeness", {"samples", "0", "directed", "1", "direction", "in", "scaled", "0", NULL}},
    {"closeness", {"samples", "0", "weighted", "1", NULL}},
    {"closeness", {"samples", "5", NULL}},
    {"closeness", {"samples", "5", "scaled", "0", NULL}},
    {"closeness", {"samples", "5", "directed", "1", NULL}},
    {"closeness", {"samples", "5", "directed", "1", "scaled", "0", NULL}},
    {"closeness", {"samples", "5", "weighted", "1", NULL}},
    {"closeness", {"samples", "5", "weighted", "1", "directed", "1", "direction", "in", NULL}},
    {"closeness", {"top", "3", NULL}},
    {"closeness", {"top", "3", "directed", "1", NULL}},
    {"closeness", {"top", "3", "weighted", "1", "scaled", "0", NULL}},
    {"harmonic", {"samples", "0", NULL}},
    {"harmonic", {"samples", "0", "weighted", "1", "scaled", "0", NULL}},
    {"harmonic", {"samples", "5", NULL}},
    {"harmonic", {"samples", "5", "directed", "1", NULL}},
    {"harmonic", {"samples", "5", "weighted", "1", "length", "weight", NULL}},
    {"harmonic", {"top", "3", "directed", "1", "direction", "in", NULL}},
    {"harmonic", {"top", "3", "weighted", "1", NULL}},
    {"distances", {"sources", "0", NULL}},
    {"distances", {"sources", "0", "directed", "1", NULL}},
    {"distances", {"weighted", "1", NULL}},
    {"triangles", {"directed", "1", NULL}},
    {"triangles", {"weighted", "1", NULL}},
    {"triangles", {"directed", "1", "weighted", "1", NULL}},
    {"clustering", {"weighted", "1", NULL}},
    {"clustering", {"directed", "1", NULL}},
    {"clustering", {"directed", "1", "weighted", "1", NULL}},
    {"clustering", {"formula", "onnela", "weighted", "1", NULL}},
    {"clustering", {"formula", "onnela", "weighted", "1", "directed", "1", NULL}},
    {"pagerank", {"directed", "0", NULL}},
    {"pagerank", {"directed", "1", "weighted", "0", NULL}},
    {"leaderrank", {"directed", "0", NULL}},
    {"leaderrank", {"directed", "1", "weighted", "0", NULL}},
    {"hits", {"directed", "0", NULL}},
    {"hits", {"directed", "1", "weighted", "0", NULL}},
    {"hindex", {"weighted", "1", NULL}},
    {"hindex", {"weighted", "1", "direction", "in", "order", "4", NULL}},
    {"hindex", {"direction", "out", NULL}},
    {"percolation", {"samples", "30", "weighted", "1", NULL}},
    {"percolation", {"samples", "30", "direction", "in", NULL}},
    {"percolation", {"samples", "30", "direction", "out", "weighted", "1", NULL}},
    {"local_gravity", {"direction", "in", NULL}},
    {"local_gravity", {"direction", "out", "weighted", "1", NULL}},
    {"voterank", {"weighted", "1", NULL}},
    {"voterank", {"weighted", "1", "direction", "in", NULL}},
    {"voterank", {"direction", "out", NULL}},
    {"collective_influence", {"weighted", "1", NULL}},
    {"collective_influence", {"direction", "in", NULL}},
    {"collective_influence", {"direction", "out", "weighted", "1", "adaptive", "0", NULL}},
    {"kcore", {"weighted", "1", NULL}},
    {"kcore", {"direction", "in", NULL}},
    {"constraint", {"directed", "1", "weighted", "0", NULL}},
    {"effective_size", {"directed", "1", NULL}},
    {"effective_size", {"weighted", "0", NULL}},
    {"neighbour_sum", {"weighted", "1", "direction", "out", NULL}},
    {"degree", {"weighted", "1", NULL}},
    {"degree", {"direction", "in", "weighted", "1", NULL}},
    {"eigenvector", {"directed", "1", NULL}},
    {"katz", {"directed", "0", NULL}},
    {"katz", {"directed", "1", "weighted", "0", NULL}},
};

static gx_status run_variant(gx_arrays **out, const variant *k, const gx_input *input, gx_job *job,
                             bool check, gx_estimate *estimate, uint64_t fail_at, gx_error *err) {
    gx_arena *arena = gx_arena_create();
    gx_arrays *arrays = NULL;
    gx_args args;
    gx_status status = GX_OK;
    gx_value map = gx_map(arena, 8);
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), k->pass);
    for (const char *const *p = k->params; *p; p += 2) {
        gx_map_put(arena, &map, p[0], gx_str(p[1]));
    }
    GX_TRY(gx_args_parse(&args, arena, pass->params, pass->param_count, &map, err));
    if (estimate) {
        pass->estimate(estimate, input, &args, job->threads);
    }
    gx_alloc_fail_at(fail_at);
    GX_TRY(gx_arrays_create(&arrays, err));
    GX_TRY(gx_pass_run(arrays, pass, NULL, input, &map, job, err));
    if (check) {
        GX_TRY(pass->check(arrays, pass->name, input, &args, err));
    }
    *out = arrays;
    arrays = NULL;
done:
    gx_alloc_fail_at(0);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    return status;
}

static gx_arrays *run_well(const variant *k, const gx_input *input, int threads,
                           gx_estimate *estimate, uint64_t *peak) {
    gx_arrays *arrays = NULL;
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, threads, 1);
    gx_status status = run_variant(&arrays, k, input, &job, true, estimate, 0, &err);
    if (status != GX_OK) {
        fail_msg("%s %s=%s …: %s", k->pass, k->params[0], k->params[1], err.message);
    }
    if (peak) {
        *peak = atomic_load(&job.mem_peak);
    }
    return arrays;
}

static void build(sample *s, uint32_t n, uint32_t ties, float weight, unsigned flags) {
    gx_rng rng = gx_rng_at(n, ties);
    *s = (sample){.arcs.n = n};
    for (uint32_t i = 0; i < ties; i++) {
        arcs_add(&s->arcs, (uint32_t)gx_rng_below(&rng, n), (uint32_t)gx_rng_below(&rng, n));
    }
    if (ties) {
        s->arcs.weight = gx_alloc(ties, sizeof *s->arcs.weight);
    }
    for (uint32_t i = 0; i < ties; i++) {
        s->arcs.weight[i] = weight >= 0 ? weight : (float)(1 + gx_rng_below(&rng, 9)) / 4;
    }
    sample_settle(s, flags, 1);
}

static bool names_a_source(const variant *k) {
    return strcmp(k->params[0], "sources") == 0;
}

static void test_degenerate_graphs(void **state) {
    (void)state;
    static const struct {
        uint32_t n, ties;
        float weight;
        unsigned flags;
    } graphs[] = {
        {0, 0, 1, 0},
        {1, 0, 1, 0},
        {1, 2, 1, GX_GRAPH_LOOPS},
        {2, 1, 1, 0},
        {5, 0, 1, 0},
        {3, 9, 2, GX_GRAPH_LOOPS},
        {30, 20, -1, 0},
        {30, 90, -1, 0},
        {25, 60, 1e37f, 0},
        {25, 60, 1e-37f, 0},
        {25, 60, 1e-44f, 0},
        {20, 60, 0, 0},
        {300, 900, -1, GX_GRAPH_LOOPS},
    };
    for (size_t g = 0; g < GX_COUNT(graphs); g++) {
        sample s;
        build(&s, graphs[g].n, graphs[g].ties, graphs[g].weight, graphs[g].flags);
        for (size_t i = 0; i < GX_COUNT(variants); i++) {
            if (graphs[g].n > 0 || !names_a_source(&variants[i])) {
                gx_arrays_destroy(run_well(&variants[i], &s.input, 2, NULL, NULL));
            }
        }
        sample_free(&s);
    }
}

static void test_failing_allocator(void **state) {
    (void)state;
    sample s;
    build(&s, 20, 50, -1, 0);
    for (size_t i = 0; i < GX_COUNT(variants); i++) {
        uint64_t before = gx_alloc_live_blocks(), k = 0;
        for (gx_status status = GX_NO_MEMORY; status != GX_OK;) {
            gx_arrays *arrays = NULL;
            gx_error err;
            gx_job job;
            gx_job_init(&job, 2, 1);
            assert_true(++k < ALLOCATIONS_MAX);
            status = run_variant(&arrays, &variants[i], &s.input, &job, false, NULL, k, &err);
            assert_true(status == GX_OK || status == GX_NO_MEMORY);
            gx_arrays_destroy(arrays);
            assert_int_equal(gx_alloc_live_blocks(), before);
        }
    }
    sample_free(&s);
}

static void cancel_now(void *user, const char *stage, uint64_t done, uint64_t total,
                       uint64_t mem_bytes) {
    (void)stage, (void)done, (void)total, (void)mem_bytes;
    gx_job_cancel(user);
}

static void test_cancel(void **state) {
    (void)state;
    sample s;
    build(&s, 20 * MANY, 60 * MANY, -1, 0);
    for (size_t i = 0; i < GX_COUNT(variants); i++) {
        gx_arrays *arrays = NULL;
        gx_error err;
        gx_job job;
        gx_job_init(&job, 2, 1);
        job.progress = cancel_now; /* at the first report, inside of the run */
        job.progress_user = &job;
        int64_t start = gx_clock_ns();
        assert_int_equal(run_variant(&arrays, &variants[i], &s.input, &job, false, NULL, 0, &err),
                         GX_CANCELLED);
        assert_true(gx_clock_ns() - start < 2000000000); /* a busy machine's 100 ms */
        assert_null(arrays);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    sample_free(&s);
}

/* What is told beforehand is enough, and not much more; where a run may end early, it may be
 * more. */
static void test_memory_and_threads(void **state) {
    (void)state;
    sample s;
    build(&s, MANY, 2 * MANY, -1, 0);
    for (size_t i = 0; i < GX_COUNT(variants); i++) {
        const variant *k = &variants[i];
        bool early = strcmp(k->params[0], "epsilon") == 0;
        bool long_one = !early && strcmp(k->params[1], "0") == 0 && !names_a_source(k);
        gx_arrays *first = NULL;
        if (early && strcmp(k->params[1], "1e-6") == 0) {
            continue; /* as long as exact */
        }
        for (int threads = 1; threads <= (long_one ? 2 : 16); threads *= threads > 1 ? 8 : 2) {
            gx_estimate estimate = {0};
            uint64_t peak = 0;
            gx_arrays *arrays = run_well(k, &s.input, threads, &estimate, &peak);
            double ratio = (double)estimate.mem_bytes / (double)peak;
            if (!(ratio >= 1 && (early || ratio <= 1.2))) {
                fail_msg("%s %s=%s at %d: told %.0f, held %.0f", k->pass, k->params[0],
                         k->params[1], threads, (double)estimate.mem_bytes, (double)peak);
            }
            for (size_t a = 0; first && a < gx_arrays_count(first); a++) {
                const gx_array *x = gx_arrays_at(first, a), *y = gx_arrays_at(arrays, a);
                assert_int_equal(x->bytes, y->bytes);
                assert_memory_equal(x->data, y->data, x->bytes);
            }
            if (first) {
                gx_arrays_destroy(arrays);
            } else {
                first = arrays;
            }
        }
        gx_arrays_destroy(first);
    }
    sample_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_degenerate_graphs),
        cmocka_unit_test(test_failing_allocator),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_memory_and_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
