/* The randomised SVD against Jacobi's method on the dense AᵀA in double. */
#include "models/svd.h"
#include "models/testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROWS = 60, COLS = 40, EVENTS = 500 };

/* ---- the twin ---------------------------------------------------------------------------------
 */

/* Eigenvalues of the symmetric a (n × n) into its diagonal, by Jacobi's rotations. */
static void jacobi(double a[COLS][COLS], uint32_t n) {
    for (int sweep = 0; sweep < 30; sweep++) {
        for (uint32_t p = 0; p < n; p++) {
            for (uint32_t q = p + 1; q < n; q++) {
                if (fabs(a[p][q]) < 1e-300) {
                    continue;
                }
                const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
                const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
                const double c = 1 / sqrt(t * t + 1), s = t * c;
                for (uint32_t k = 0; k < n; k++) {
                    const double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                }
                for (uint32_t k = 0; k < n; k++) {
                    const double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                }
            }
        }
    }
}

static double entry(const gx__svd_input *in, uint32_t r, uint32_t c) {
    const uint64_t k = gx_matrix_find(in->rows, r, c);
    if (k == UINT64_MAX) {
        return 0;
    }
    const double given = in->rows->value ? (double)in->rows->value[k] : 1;
    const double value = given <= 0 ? 0 : in->entry == GX__SVD_ONES ? 1 : given;
    return value * (in->row_scale ? (double)in->row_scale[r] : 1) *
           (in->col_scale ? (double)in->col_scale[c] : 1);
}

/* AᵀA of every cell. */
static void square(double out[COLS][COLS], const gx__svd_input *in) {
    for (uint32_t i = 0; i < in->rows->cols; i++) {
        for (uint32_t j = 0; j < in->rows->cols; j++) {
            out[i][j] = 0;
            for (uint32_t r = 0; r < in->rows->rows; r++) {
                out[i][j] += entry(in, r, i) * entry(in, r, j);
            }
        }
    }
}

static void true_values(double *out, const gx__svd_input *in) {
    static double a[COLS][COLS];
    const uint32_t n = in->rows->cols;
    square(a, in);
    jacobi(a, n);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = sqrt(fmax(a[i][i], 0));
    }
    for (uint32_t i = 1; i < n; i++) { /* falling */
        for (uint32_t j = i; j > 0 && out[j] > out[j - 1]; j--) {
            const double swap = out[j];
            out[j] = out[j - 1];
            out[j - 1] = swap;
        }
    }
}

/* ---- scenes -----------------------------------------------------------------------------------
 */

typedef struct scene {
    gx_matrix rows, cols;
    float row_scale[ROWS], col_scale[COLS];
    gx__svd_input input;
} scene;

static void draw(scene *s, uint64_t seed) {
    uint32_t row[EVENTS], col[EVENTS];
    float value[EVENTS];
    gx_rng rng = gx_rng_at(21, seed);
    const uint32_t n = 1 + (uint32_t)gx_rng_below(&rng, ROWS);
    const uint32_t m = 1 + (uint32_t)gx_rng_below(&rng, COLS);
    const uint64_t events = gx_rng_below(&rng, EVENTS);
    for (uint64_t k = 0; k < events; k++) {
        row[k] = (uint32_t)gx_rng_below(&rng, n);
        col[k] = (uint32_t)gx_rng_below(&rng, 1 + gx_rng_below(&rng, m));
        value[k] = (float)(gx_rng_below(&rng, 6))-1; /* dislikes and zeros too */
    }
    for (uint32_t r = 0; r < ROWS; r++) {
        s->row_scale[r] = (float)(0.5 + gx_rng_real(&rng));
    }
    for (uint32_t c = 0; c < COLS; c++) {
        s->col_scale[c] = (float)(0.5 + gx_rng_real(&rng));
    }
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    must(gx_matrix_build(&s->rows, n, m, events, row, col, seed % 4 == 0 ? NULL : value, NULL, &job,
                         &err),
         &err);
    must(gx_matrix_transpose(&s->cols, &s->rows, &job, &err), &err);
    s->input = (gx__svd_input){.rows = &s->rows,
                               .cols = &s->cols,
                               .row_scale = seed % 2 ? s->row_scale : NULL,
                               .col_scale = seed % 3 ? s->col_scale : NULL,
                               .entry = seed % 5 < 2 ? GX__SVD_ONES : GX__SVD_POSITIVE};
}

static void drop(scene *s) {
    gx_matrix_finish(&s->rows);
    gx_matrix_finish(&s->cols);
}

/* AᵀA v = value² v, v of length 1, and the values are the true ones; zeros beyond the rank. */
static void assert_singular(const scene *s, const float *vectors, const float *values, uint32_t k,
                            uint64_t seed) {
    static double a[COLS][COLS];
    double truth[COLS] = {0};
    const uint32_t m = s->cols.rows;
    square(a, &s->input);
    true_values(truth, &s->input);
    const double most = truth[0] > 0 ? truth[0] : 1;
    for (uint32_t j = 0; j < k; j++) {
        const double want = j < m ? truth[j] : 0;
        if (!(fabs((double)values[j] - want) <= 2e-3 * most)) {
            fail_msg("seed %llu: value %u is %g, not %g of %g", (unsigned long long)seed, j,
                     (double)values[j], want, most);
        }
        double length = 0;
        for (uint32_t i = 0; i < m; i++) {
            double image = 0;
            for (uint32_t c = 0; c < m; c++) {
                image += a[i][c] * (double)vectors[c * k + j];
            }
            const double v = (double)vectors[i * k + j];
            length += v * v;
            assert_true(fabs(image - (double)values[j] * (double)values[j] * v) <=
                        2e-3 * most * most);
        }
        assert_true(fabs(length - (values[j] > 0)) <= 1e-3);
    }
}

static void finds_the_singular_vectors(void **unused) {
    (void)unused;
    static float vectors[COLS * 2 * COLS], values[2 * COLS];
    const gx__svd_options many = {.extra = 10, .sweeps = 40};
    for (uint64_t seed = 0; seed < 300; seed++) {
        scene s;
        gx_job job;
        gx_error err = {0};
        draw(&s, seed);
        gx_job_init(&job, 2, seed);
        const uint32_t k = 1 + (uint32_t)(seed % (COLS + 10));
        must(gx__svd(vectors, values, &s.input, k, &many, &job, &err), &err);
        assert_singular(&s, vectors, values, k, seed);
        assert_true(job.mem_peak <= gx__svd_bytes(s.rows.rows, s.rows.cols, k, &many, 2) + 4096);
        drop(&s);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void same_bytes_at_any_threads(void **unused) {
    (void)unused;
    static float one[COLS * COLS], more[COLS * COLS], value[COLS], values[COLS];
    for (uint64_t seed = 0; seed < 40; seed++) {
        scene s;
        gx_job job;
        gx_error err = {0};
        draw(&s, seed);
        gx_job_init(&job, 1, seed);
        must(gx__svd(one, value, &s.input, 9, NULL, &job, &err), &err);
        for (int threads = 2; threads <= 16; threads *= 2) {
            gx_job_init(&job, threads, seed);
            must(gx__svd(more, values, &s.input, 9, NULL, &job, &err), &err);
            assert_memory_equal(value, values, 9 * sizeof *value);
            assert_memory_equal(one, more, (size_t)s.rows.cols * 9 * sizeof *one);
        }
        drop(&s);
    }
}

static void products_are_those_of_the_matrix(void **unused) {
    (void)unused;
    enum { WIDTH = 150 }; /* a whole strip and a part of one */
    static float x[ROWS * WIDTH], out[ROWS * WIDTH];
    for (uint64_t seed = 0; seed < 20; seed++) {
        scene s;
        gx_job job;
        gx_error err = {0};
        gx_rng rng = gx_rng_at(5, seed);
        draw(&s, seed);
        gx_job_init(&job, 2, 1);
        for (uint32_t k = 0; k < ROWS * WIDTH; k++) {
            x[k] = (float)gx_rng_normal(&rng);
        }
        for (int turned = 0; turned < 2; turned++) {
            const uint32_t n = turned ? s.rows.cols : s.rows.rows;
            const uint32_t m = turned ? s.rows.rows : s.rows.cols;
            must((turned ? gx__svd_times_turned : gx__svd_times)(out, &s.input, x, WIDTH, &job,
                                                                 &err),
                 &err);
            for (uint32_t r = 0; r < n; r++) {
                for (uint32_t j = 0; j < WIDTH; j++) {
                    double sum = 0;
                    for (uint32_t c = 0; c < m; c++) {
                        const double a = turned ? entry(&s.input, c, r) : entry(&s.input, r, c);
                        sum += a != 0 ? a * (double)x[c * WIDTH + j] : 0;
                    }
                    assert_true(fabs(sum - (double)out[r * WIDTH + j]) <= 1e-3);
                }
            }
        }
        drop(&s);
    }
}

/* Stopped, out of memory, or with scales that make infinities: nothing is left behind. */
static void failures_leave_nothing(void **unused) {
    (void)unused;
    static float vectors[COLS * COLS], values[COLS];
    scene s;
    gx_job job;
    gx_error err = {0};
    draw(&s, 7);
    gx_job_init(&job, 2, 1);
    gx_job_cancel(&job);
    assert_int_equal(gx__svd(vectors, values, &s.input, 5, NULL, &job, &err), GX_CANCELLED);
    gx_job_init(&job, 2, 1);
    job.mem_limit = 1000;
    assert_int_equal(gx__svd(vectors, values, &s.input, 5, NULL, &job, &err), GX_OVER_LIMIT);
    gx_job_init(&job, 2, 1);
    for (uint32_t r = 0; r < ROWS; r++) {
        s.row_scale[r] = 1e38F;
    }
    assert_int_equal(gx__svd(vectors, values, &s.input, 5, NULL, &job, &err), GX_INTERNAL);
    drop(&s);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_singular_vectors),
        cmocka_unit_test(same_bytes_at_any_threads),
        cmocka_unit_test(products_are_those_of_the_matrix),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
