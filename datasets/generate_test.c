/* Random graphs: the shape they are said to have, the same bytes for the same seed, and what cannot
 * be is refused. */
#include "datasets/generate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static gx_status make(gx_edges *out, gx_job *job, const char *name, int threads, uint64_t seed,
                      size_t count, const char *const (*given)[2]) {
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 4);
    gx_error err = {0};
    gx_job_init(job, threads, seed);
    for (size_t i = 0; i < count; i++) {
        gx_map_put(arena, &params, given[i][0], gx_str(given[i][1]));
    }
    gx_status status = gx_generate(out, name, &params, job, &err);
    gx_arena_destroy(arena);
    return status;
}

#define MAKE(out, job, name, threads, seed, ...)                                                   \
    make(out, job, name, threads, seed, GX_COUNT(((const char *const[][2]){__VA_ARGS__})),         \
         (const char *const[][2]){__VA_ARGS__})

/* Sorted, each edge once, no member tied to itself, ends in range. */
static void check_simple(const gx_edges *edges) {
    uint64_t before = 0, turned = 0;
    for (uint64_t i = 0; i < edges->m; i++) {
        uint64_t key = gx__pair(edges->src[i], edges->dst[i]);
        assert_true(edges->src[i] < edges->n && edges->dst[i] < edges->n);
        assert_int_not_equal(edges->src[i], edges->dst[i]);
        assert_true(i == 0 || key > before);
        turned += edges->src[i] > edges->dst[i];
        before = key;
    }
    if (edges->m > 1000) {
        assert_true(fabs((double)turned / (double)edges->m - 0.5) < 0.1);
    }
}

static uint32_t *degrees(const gx_edges *edges) {
    uint32_t *degree = calloc(edges->n, sizeof *degree);
    for (uint64_t i = 0; i < edges->m; i++) {
        degree[edges->src[i]]++;
        degree[edges->dst[i]]++;
    }
    return degree;
}

static double mixing(const gx_edges *edges) {
    uint64_t across = 0;
    for (uint64_t i = 0; i < edges->m; i++) {
        across += edges->label[edges->src[i]] != edges->label[edges->dst[i]];
    }
    return (double)across / (double)edges->m;
}

/* The exponent of the tail from `low` on, by maximum likelihood (Clauset et al. 2009, eq. 3.7). */
static double tail_exponent(const uint32_t *degree, uint32_t n, uint32_t low) {
    double sum = 0, count = 0;
    for (uint32_t v = 0; v < n; v++) {
        if (degree[v] >= low) {
            sum += log(degree[v] / (low - 0.5));
            count++;
        }
    }
    return 1 + count / sum;
}

static void test_exact_functions(void **state) {
    (void)state;
    for (double x = 1e-12; x < 1e12; x *= 1.37) {
        assert_true(fabs(gx__ln(x) - log(x)) <= 4e-16 * fabs(log(x)) + 2e-16);
    }
    for (double x = -40; x < 40; x += 0.37) {
        assert_true(fabs(gx__exp(x) / exp(x) - 1) < 2e-15);
    }
}

static void test_rmat(void **state) {
    (void)state;
    gx_job job;
    gx_edges edges;
    assert_int_equal(MAKE(&edges, &job, "rmat", 2, 1, {"scale", "14"}), GX_OK);
    check_simple(&edges);
    assert_int_equal(edges.n, 1 << 14);
    /* Some draws fall on the same pair, the more the denser the core. */
    assert_in_range(edges.m, 195000, 230000);
    uint32_t *degree = degrees(&edges), most = 0, none = 0;
    for (uint32_t v = 0; v < edges.n; v++) {
        most = degree[v] > most ? degree[v] : most;
        none += degree[v] == 0;
    }
    assert_true(most > 60 * 2 * edges.m / edges.n);  /* hubs */
    assert_in_range(none, edges.n / 6, edges.n / 2); /* and many without a tie */
    free(degree);
    gx_edges_finish(&edges, &job);
    /* Equal quarters are a random graph without hubs. */
    assert_int_equal(MAKE(&edges, &job, "rmat", 1, 1, {"scale", "12"}, {"a", "0.25"}, {"b", "0.25"},
                          {"c", "0.25"}),
                     GX_OK);
    degree = degrees(&edges);
    for (uint32_t v = 0; v < edges.n; v++) {
        assert_in_range(degree[v], 6, 70);
    }
    free(degree);
    gx_edges_finish(&edges, &job);
    assert_int_equal(job.mem_used, 0);
}

static void test_ba(void **state) {
    (void)state;
    gx_job job;
    gx_edges edges;
    assert_int_equal(MAKE(&edges, &job, "ba", 2, 3, {"members", "50000"}, {"m", "4"}), GX_OK);
    check_simple(&edges);
    assert_int_equal(edges.n, 50000);
    assert_int_equal(edges.m, (50000 - 4) * 4);
    uint32_t *degree = degrees(&edges);
    for (uint32_t v = 4; v < edges.n; v++) {
        assert_true(degree[v] >= 4);
    }
    double exponent = tail_exponent(degree, edges.n, 20);
    assert_true(exponent > 2.7 && exponent < 3.2);
    free(degree);
    gx_edges_finish(&edges, &job);
    assert_int_equal(MAKE(&edges, &job, "ba", 1, 3, {"members", "2"}, {"m", "1"}), GX_OK);
    assert_int_equal(edges.m, 1);
    gx_edges_finish(&edges, &job);
}

static void test_lfr(void **state) {
    (void)state;
    static const char *const mus[] = {"0.1", "0.5", "0.8"};
    for (size_t i = 0; i < GX_COUNT(mus); i++) {
        gx_job job;
        gx_edges edges;
        assert_int_equal(MAKE(&edges, &job, "lfr", 2, 5, {"members", "20000"}, {"mu", mus[i]}),
                         GX_OK);
        check_simple(&edges);
        assert_true(fabs(mixing(&edges) - strtod(mus[i], NULL)) < 0.01);
        assert_in_range(edges.m, 195000, 205000); /* 20,000 × 20 / 2 */
        uint32_t *degree = degrees(&edges), size[2000] = {0}, groups = 0;
        for (uint32_t v = 0; v < edges.n; v++) {
            assert_true(degree[v] <= 50);
            assert_true(edges.label[v] < GX_COUNT(size));
            size[edges.label[v]]++;
            groups = edges.label[v] >= groups ? edges.label[v] + 1 : groups;
        }
        for (uint32_t c = 0; c < groups; c++) {
            assert_in_range(size[c], 20, 101);
        }
        double exponent = tail_exponent(degree, edges.n, 12);
        assert_true(exponent > 1.5 && exponent < 3.5); /* 2, cut off at 50 */
        free(degree);
        gx_edges_finish(&edges, &job);
        assert_int_equal(job.mem_used, 0);
    }
}

/* Small communities as tight as they can be, and two communities only. */
static void test_lfr_narrow(void **state) {
    (void)state;
    gx_job job;
    gx_edges edges;
    assert_int_equal(MAKE(&edges, &job, "lfr", 1, 5, {"members", "500"}, {"mu", "0"},
                          {"degree", "8"}, {"max_degree", "9"}, {"min_community", "10"},
                          {"max_community", "10"}),
                     GX_OK);
    check_simple(&edges);
    assert_true(mixing(&edges) < 0.02);
    assert_in_range(edges.m, 1900, 2100);
    gx_edges_finish(&edges, &job);
    assert_int_equal(MAKE(&edges, &job, "lfr", 1, 5, {"members", "200"}, {"mu", "0.5"},
                          {"min_community", "100"}, {"max_community", "100"}),
                     GX_OK);
    check_simple(&edges);
    assert_true(fabs(mixing(&edges) - 0.5) < 0.05);
    assert_in_range(edges.m, 1850, 2150);
    gx_edges_finish(&edges, &job);
}

static void test_sbm(void **state) {
    (void)state;
    gx_job job;
    gx_edges edges;
    assert_int_equal(MAKE(&edges, &job, "sbm", 2, 5, {"members", "20001"}, {"blocks", "40"}),
                     GX_OK);
    check_simple(&edges);
    assert_true(fabs((double)edges.m / 200010 - 1) < 0.02);
    assert_true(fabs(mixing(&edges) - 0.3) < 0.01);
    uint32_t size[40] = {0};
    for (uint32_t v = 0; v < edges.n; v++) {
        size[edges.label[v]]++;
    }
    for (int b = 0; b < 40; b++) {
        assert_in_range(size[b], 500, 501);
    }
    gx_edges_finish(&edges, &job);
    /* Every pair within, none beyond. */
    assert_int_equal(MAKE(&edges, &job, "sbm", 1, 5, {"members", "60"}, {"blocks", "6"},
                          {"degree", "9"}, {"mu", "0"}),
                     GX_OK);
    assert_int_equal(edges.m, 6 * 45);
    gx_edges_finish(&edges, &job);
}

/* ---- what holds for all of them ---------------------------------------------------------------
 */

static void test_same_bytes(void **state) {
    (void)state;
    size_t count;
    const gx_generator *const *rows = gx_generators(&count);
    for (size_t i = 0; i < count; i++) {
        gx_edges a, b, c;
        gx_job job_a, job_b, job_c;
        assert_int_equal(make(&a, &job_a, rows[i]->name, 1, 9, 0, NULL), GX_OK);
        assert_int_equal(make(&b, &job_b, rows[i]->name, 4, 9, 0, NULL), GX_OK);
        assert_int_equal(make(&c, &job_c, rows[i]->name, 4, 10, 0, NULL), GX_OK);
        assert_int_equal(a.m, b.m);
        assert_memory_equal(a.src, b.src, a.m * sizeof *a.src);
        assert_memory_equal(a.dst, b.dst, a.m * sizeof *a.dst);
        assert_int_equal(a.label != NULL, rows[i]->labels);
        if (a.label) {
            assert_memory_equal(a.label, b.label, a.n * sizeof *a.label);
        }
        assert_true(a.m != c.m || memcmp(a.src, c.src, a.m * sizeof *a.src) != 0);
        gx_edges_finish(&a, &job_a);
        gx_edges_finish(&b, &job_b);
        gx_edges_finish(&c, &job_c);
        assert_int_equal(job_a.mem_used, 0);
    }
}

/* A hash of the graphs as they are today, on any machine. */
static void test_same_graphs_as_ever(void **state) {
    (void)state;
    static const uint64_t known[] = {UINT64_C(0xbf213e12a7fad61), UINT64_C(0xe21dc065c2e7db4),
                                     UINT64_C(0xb893c50e895a8fff), UINT64_C(0xe680a259ea43336e)};
    size_t count;
    const gx_generator *const *rows = gx_generators(&count);
    assert_int_equal(count, GX_COUNT(known));
    for (size_t i = 0; i < count; i++) {
        gx_edges edges;
        gx_job job;
        assert_int_equal(make(&edges, &job, rows[i]->name, 1, 1, 0, NULL), GX_OK);
        uint64_t hash = edges.m;
        for (uint64_t k = 0; k < edges.m; k++) {
            hash = gx_mix64(hash ^ ((uint64_t)edges.src[k] << 32 | edges.dst[k]));
        }
        gx_edges_finish(&edges, &job);
        assert_int_equal(hash, known[i]);
    }
}

static void test_refusals(void **state) {
    (void)state;
    gx_job job;
    gx_edges edges = {0};
    assert_int_equal(MAKE(&edges, &job, "tree", 1, 1, {"members", "9"}), GX_NOT_FOUND);
    assert_int_equal(MAKE(&edges, &job, "rmat", 1, 1, {"members", "9"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "rmat", 1, 1, {"a", "0.9"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "ba", 1, 1, {"members", "5"}, {"m", "5"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "lfr", 1, 1, {"degree", "49.9"}, {"max_degree", "49"}),
                     GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "lfr", 1, 1, {"degree", "1"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "lfr", 1, 1, {"max_degree", "400"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "lfr", 1, 1, {"min_community", "200"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "sbm", 1, 1, {"blocks", "20000"}), GX_BAD_REQUEST);
    assert_int_equal(MAKE(&edges, &job, "sbm", 1, 1, {"degree", "900"}), GX_BAD_REQUEST);
    assert_null(edges.src);
}

static void test_failed_allocations(void **state) {
    (void)state;
    size_t count;
    const gx_generator *const *rows = gx_generators(&count);
    for (size_t i = 0; i < count; i++) {
        gx_status status = GX_NO_MEMORY;
        for (uint64_t k = 1; status != GX_OK; k++) {
            gx_edges edges = {0};
            gx_job job;
            gx_error err;
            uint64_t before = gx_alloc_live_blocks();
            gx_job_init(&job, 1, 1);
            gx_alloc_fail_at(k);
            status = gx_generate(&edges, rows[i]->name, NULL, &job, &err);
            gx_alloc_fail_at(0);
            gx_edges_finish(&edges, &job);
            assert_int_equal(gx_alloc_live_blocks(), before);
            assert_true(k < 200);
        }
    }
}

static void test_text(void **state) {
    (void)state;
    gx_edges edges;
    gx_job job;
    char path[] = "/tmp/guanxi_generate_XXXXXX", text[64] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(MAKE(&edges, &job, "ba", 1, 1, {"members", "3"}, {"m", "2"}), GX_OK);
    assert_int_equal(gx_edges_write(fd, &edges, false, &job, NULL), GX_OK);
    assert_int_equal(gx_edges_write_labels(fd, &edges, false, &job, NULL), GX_BAD_REQUEST);
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    assert_int_equal(size, 8);
    assert_int_equal(text[1], ' ');
    assert_int_equal(text[3], '\n');
    close(fd);
    unlink(path);
    gx_edges_finish(&edges, &job);
}

/* What is told beforehand is what is made then, and held. */
static void test_estimates(void **state) {
    (void)state;
    const struct {
        const char *name, *key, *value;
        double least; /* edges made of those told */
    } made[] = {{"rmat", "scale", "14", 0.8},
                {"ba", "members", "20000", 1},
                {"lfr", "members", "20000", 0.97},
                {"sbm", "members", "20000", 0.97}};
    for (size_t i = 0; i < GX_COUNT(made); i++) {
        gx_edges edges;
        gx_edges_expected expected;
        gx_job job;
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 1);
        gx_map_put(arena, &params, made[i].key, gx_str(made[i].value));
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_generate_estimate(&expected, made[i].name, &params, NULL), GX_OK);
        assert_int_equal(gx_generate(&edges, made[i].name, &params, &job, NULL), GX_OK);
        assert_int_equal(edges.n, expected.n);
        double share = (double)edges.m / (double)expected.m;
        assert_true(share >= made[i].least && share <= 2 - made[i].least);
        double held = (double)atomic_load(&job.mem_peak) / (double)expected.mem_bytes;
        assert_true(held > 0.85 && held < 1.03);
        FILE *file = tmpfile();
        assert_int_equal(gx_edges_write(fileno(file), &edges, false, &job, NULL), GX_OK);
        double text = (double)lseek(fileno(file), 0, SEEK_END) / (double)expected.text_bytes;
        assert_true(text > 0.75 && text < 1.01);
        fclose(file);
        gx_edges_finish(&edges, &job);
        gx_arena_destroy(arena);
    }
    gx_edges_expected expected;
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 2);
    gx_map_put(arena, &params, "members", gx_int(100));
    gx_map_put(arena, &params, "m", gx_int(100));
    assert_int_equal(gx_generate_estimate(&expected, "ba", &params, NULL), GX_BAD_REQUEST);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_estimates),
        cmocka_unit_test(test_exact_functions),
        cmocka_unit_test(test_rmat),
        cmocka_unit_test(test_ba),
        cmocka_unit_test(test_lfr),
        cmocka_unit_test(test_lfr_narrow),
        cmocka_unit_test(test_sbm),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_same_graphs_as_ever),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_failed_allocations),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
