/* Matrices against a dense twin, and labels. */
#include "graph/csr/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SIDE_MAX = 20, ENTRIES_MAX = 200 };

typedef struct entries {
    uint32_t rows, cols;
    uint64_t count;
    uint32_t row[ENTRIES_MAX], col[ENTRIES_MAX];
    float value[ENTRIES_MAX];
    int64_t ts[ENTRIES_MAX];
} entries;

static entries random_entries(uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 0);
    entries e = {.rows = 1 + (uint32_t)gx_rng_below(&rng, SIDE_MAX),
                 .cols = 1 + (uint32_t)gx_rng_below(&rng, SIDE_MAX)};
    e.count = gx_rng_below(&rng, ENTRIES_MAX);
    for (uint64_t i = 0; i < e.count; i++) {
        e.row[i] = (uint32_t)gx_rng_below(&rng, e.rows);
        e.col[i] = (uint32_t)gx_rng_below(&rng, e.cols);
        e.value[i] = (float)gx_rng_below(&rng, 16) / 4 - 1;
        e.ts[i] = (int64_t)gx_rng_below(&rng, 1000) - 500;
    }
    return e;
}

static void assert_matrix(const gx_matrix *m, const entries *e, bool weighted, bool timed,
                          bool transposed) {
    uint64_t k = 0;
    assert_int_equal(m->rows, transposed ? e->cols : e->rows);
    assert_int_equal(m->cols, transposed ? e->rows : e->cols);
    for (uint32_t r = 0; r < m->rows; r++) {
        for (uint32_t c = 0; c < m->cols; c++) {
            double sum = 0;
            int64_t ts = INT64_MIN;
            bool there = false;
            for (uint64_t i = 0; i < e->count; i++) {
                if (transposed ? e->row[i] == c && e->col[i] == r
                               : e->row[i] == r && e->col[i] == c) {
                    there = true;
                    sum += weighted ? (double)e->value[i] : 1;
                    ts = e->ts[i] > ts ? e->ts[i] : ts;
                }
            }
            assert_int_equal(gx_matrix_find(m, r, c), there ? k : UINT64_MAX);
            if (there) {
                assert_int_equal(m->col[k], c);
                assert_true((m->value ? (double)m->value[k] : 1) == sum);
                assert_true(!timed || m->ts[k] == ts);
                k++;
            }
        }
        assert_int_equal(m->ptr[r + 1], k);
    }
    assert_int_equal(m->nnz, k);
    assert_int_equal(gx_matrix_find(m, m->rows, 0), UINT64_MAX);
}

static void test_against_dense(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        entries e = random_entries(seed);
        bool weighted = seed % 2, timed = seed / 2 % 2;
        gx_matrix m, t;
        gx_job job;
        gx_job_init(&job, 1 + (int)(seed % 3), 1);
        assert_int_equal(gx_matrix_build(&m, e.rows, e.cols, e.count, e.row, e.col,
                                         weighted ? e.value : NULL, timed ? e.ts : NULL, &job,
                                         NULL),
                         GX_OK);
        assert_matrix(&m, &e, weighted, timed && e.count > 0, false);
        assert_int_equal(gx_matrix_transpose(&t, &m, &job, NULL), GX_OK);
        assert_matrix(&t, &e, weighted, timed && e.count > 0, true);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        gx_matrix_finish(&m);
        gx_matrix_finish(&m);
        gx_matrix_finish(&t);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* Many buckets, several threads, and another order of the entries: the same bytes. */
static void test_same_bytes(void **state) {
    (void)state;
    enum { COUNT = 100000, ROWS = 3000, COLS = 700 };
    uint32_t *row = gx_alloc(COUNT, sizeof *row), *col = gx_alloc(COUNT, sizeof *col);
    float *value = gx_alloc(COUNT, sizeof *value);
    gx_matrix first, second;
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < COUNT; i++) {
            gx_rng rng = gx_rng_at(3, round ? COUNT - 1 - i : i);
            double r = gx_rng_real(&rng);
            row[i] = (uint32_t)(r * r * ROWS);
            col[i] = (uint32_t)gx_rng_below(&rng, COLS);
            value[i] = (float)exp(9 * gx_rng_normal(&rng));
        }
        gx_job job;
        gx_job_init(&job, 1 + 2 * round, 1);
        assert_int_equal(gx_matrix_build(round ? &second : &first, ROWS, COLS, COUNT, row, col,
                                         value, NULL, &job, NULL),
                         GX_OK);
    }
    assert_int_equal(first.nnz, second.nnz);
    assert_true(first.nnz < COUNT && first.nnz > COUNT / 2);
    assert_memory_equal(first.ptr, second.ptr, (ROWS + 1) * sizeof *first.ptr);
    assert_memory_equal(first.col, second.col, first.nnz * sizeof *first.col);
    assert_memory_equal(first.value, second.value, first.nnz * sizeof *first.value);
    gx_matrix_finish(&first);
    gx_matrix_finish(&second);
    gx_free(row);
    gx_free(col);
    gx_free(value);
}

static void test_refused_and_empty(void **state) {
    (void)state;
    const uint32_t row[] = {0, 1}, col[] = {1, 2};
    const float bad[] = {1, NAN}, worse[] = {-INFINITY, 1};
    gx_job job;
    gx_error err;
    gx_matrix m = {.nnz = 77};
    gx_job_init(&job, 2, 1);
    assert_int_equal(gx_matrix_build(&m, 2, 2, 2, row, col, NULL, NULL, &job, &err),
                     GX_BAD_REQUEST);
    assert_string_equal(err.at, "col");
    assert_int_equal(gx_matrix_build(&m, 1, 3, 2, row, col, NULL, NULL, &job, &err),
                     GX_BAD_REQUEST);
    assert_string_equal(err.at, "row");
    assert_int_equal(gx_matrix_build(&m, 2, 3, 2, row, col, bad, NULL, &job, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "entry 1"));
    assert_int_equal(gx_matrix_build(&m, 2, 3, 2, row, col, worse, NULL, &job, &err),
                     GX_BAD_REQUEST);
    assert_int_equal(m.nnz, 77);
    for (uint32_t side = 0; side < 3; side++) {
        gx_matrix t;
        assert_int_equal(gx_matrix_build(&m, side, 2 - side, 0, NULL, NULL, NULL, NULL, &job, NULL),
                         GX_OK);
        assert_int_equal(gx_matrix_transpose(&t, &m, &job, NULL), GX_OK);
        assert_int_equal(t.rows, 2 - side);
        assert_int_equal(t.ptr[t.rows], 0);
        gx_matrix_finish(&m);
        gx_matrix_finish(&t);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void test_failing_allocator(void **state) {
    (void)state;
    entries e = random_entries(4);
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_job job;
        gx_matrix m = {0}, t = {0};
        gx_job_init(&job, 2, 1);
        gx_alloc_fail_at(k);
        status =
            gx_matrix_build(&m, e.rows, e.cols, e.count, e.row, e.col, e.value, e.ts, &job, NULL);
        status = status == GX_OK ? gx_matrix_transpose(&t, &m, &job, NULL) : status;
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_matrix_finish(&m);
        gx_matrix_finish(&t);
        assert_int_equal(gx_alloc_live_blocks(), 0);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
}

static void test_labels(void **state) {
    (void)state;
    gx_labels labels = {.n = 2, .count = 2};
    labels.label = gx_alloc0(2, sizeof *labels.label);
    labels.name_at = gx_alloc0(3, sizeof *labels.name_at);
    labels.names = gx_strdup("hairskin");
    labels.name_at[1] = 4;
    labels.name_at[2] = 8;
    assert_true(gx_slice_is(gx_label_name(&labels, 0), "hair"));
    assert_true(gx_slice_is(gx_label_name(&labels, 1), "skin"));
    assert_int_equal(gx_label_name(&labels, 2).size, 0);
    assert_int_equal(gx_label_name(&labels, GX_NONE).size, 0);
    gx_labels_finish(&labels);
    gx_labels_finish(&labels);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_dense),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_refused_and_empty),
        cmocka_unit_test(test_failing_allocator),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
