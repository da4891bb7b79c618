/* gx_eval against the definitions of its metrics, every list by sorting, and what it refuses. */
#include "models/testing.h"

#include <math.h>

enum { USERS = 60, ITEMS = 40 };

/* By the definitions, for the most popular items: every list by sorting. */
static gx_eval_result eval_by_definition(const gx_matrix *train, const gx_matrix *test,
                                         uint32_t cutoff) {
    gx_eval_result r = {.cutoff = cutoff};
    uint8_t shown[ITEMS] = {0};
    for (uint32_t u = 0; u < train->rows; u++) {
        const double tested = (double)(test->ptr[u + 1] - test->ptr[u]);
        double hits = 0, gain = 0, ideal = 0, first = 0, precisions = 0;
        bool taken[ITEMS] = {false};
        if (tested == 0) {
            continue;
        }
        for (uint32_t k = 1; k <= cutoff; k++) {
            uint32_t best = GX_NONE;
            double most = -1;
            for (uint32_t i = 0; i < train->cols; i++) {
                double sum = 0;
                for (uint32_t v = 0; v < train->rows; v++) {
                    sum += value_at(train, v, i);
                }
                if (!taken[i] && sum > most && gx_matrix_find(train, u, i) == UINT64_MAX) {
                    best = i;
                    most = sum;
                }
            }
            if (best == GX_NONE) {
                break;
            }
            taken[best] = true;
            shown[best] = 1;
            ideal += k <= tested ? 1 / log2(k + 1) : 0;
            if (gx_matrix_find(test, u, best) != UINT64_MAX) {
                hits++;
                gain += 1 / log2(k + 1);
                first = first > 0 ? first : 1.0 / k;
                precisions += hits / k;
            }
        }
        r.users++;
        r.recall += hits / tested;
        r.ndcg += gain / ideal;
        r.precision += hits / cutoff;
        r.hit_rate += hits > 0;
        r.mrr += first;
        r.map += precisions / fmin(tested, cutoff);
    }
    for (uint32_t i = 0; i < train->cols; i++) {
        r.coverage += shown[i] / (double)train->cols;
    }
    return r;
}

static void assert_near(double a, double b) {
    if (!(fabs(a - b) <= 1e-9)) {
        fail_msg("%.12g is not %.12g", a, b);
    }
}

static void eval_is_by_definition(void **unused) {
    (void)unused;
    const uint32_t cutoffs[] = {1, 5, 20};
    gx_matrix train, test;
    draw_matrix(&train, USERS, ITEMS, 300, BINARY, 3);
    draw_matrix(&test, USERS, ITEMS, 150, BINARY, 4);
    const gx_input input = input_of(&train);
    for (size_t c = 0; c < GX_COUNT(cutoffs); c++) {
        const gx_eval_result want = eval_by_definition(&train, &test, cutoffs[c]);
        for (int threads = 1; threads <= 2; threads++) {
            gx_eval_result got;
            gx_error err = {0};
            gx_job job;
            gx_job_init(&job, threads, 1);
            must(gx_eval(&got, gx_model_find("popular"), NULL, &input, &test, cutoffs[c], &job,
                         &err),
                 &err);
            assert_int_equal(got.users, want.users);
            assert_near(got.recall, want.recall / want.users);
            assert_near(got.ndcg, want.ndcg / want.users);
            assert_near(got.precision, want.precision / want.users);
            assert_near(got.hit_rate, want.hit_rate / want.users);
            assert_near(got.mrr, want.mrr / want.users);
            assert_near(got.map, want.map / want.users);
            assert_near(got.coverage, want.coverage);
        }
    }
    gx_matrix_finish(&train);
    gx_matrix_finish(&test);
}

static void eval_refuses(void **unused) {
    (void)unused;
    gx_matrix train, test, wide;
    draw_matrix(&train, 10, 10, 30, BINARY, 3);
    draw_matrix(&test, 10, 10, 10, BINARY, 4);
    draw_matrix(&wide, 10, 11, 10, BINARY, 3);
    const gx_input input = input_of(&train), empty = {.users = 10, .items = 10};
    const gx_model *model = gx_model_find("linear");
    gx_eval_result got;
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_eval(&got, model, NULL, &input, &test, 0, &job, &err), GX_BAD_REQUEST);
    assert_int_equal(gx_eval(&got, model, NULL, &input, &wide, 5, &job, &err), GX_BAD_REQUEST);
    assert_int_equal(gx_eval(&got, model, NULL, &empty, &test, 5, &job, &err), GX_BAD_REQUEST);
    gx_job_cancel(&job);
    assert_int_equal(gx_eval(&got, model, NULL, &input, &test, 5, &job, &err), GX_CANCELLED);
    gx_matrix_finish(&train);
    gx_matrix_finish(&test);
    gx_matrix_finish(&wide);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eval_is_by_definition),
        cmocka_unit_test(eval_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
