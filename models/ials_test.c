/* Implicit ALS against its definition: normal equations solved densely in double, the objective
 * computed over every cell, folding in against the fitted rows. */
#include "models/ials_solve.h"
#include "models/model.h"
#include "models/testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { USERS = 70, ITEMS = 50, EVENTS = 900, D = 12 };

static const gx__ials_loss LOSS = {.unobserved = 0.05, .regularisation = 0.02, .frequency = 0.8};

/* Member 0 has nearly every item (a long row), the last member and item have nothing. */
static void draw(gx_matrix *out, bool dislikes) {
    uint32_t row[EVENTS], col[EVENTS];
    float value[EVENTS];
    gx_rng rng = gx_rng_at(9, dislikes);
    for (uint32_t k = 0; k < EVENTS; k++) {
        row[k] = k < 60 ? 0 : (uint32_t)gx_rng_below(&rng, USERS - 1);
        col[k] = (uint32_t)gx_rng_below(&rng, ITEMS - 1);
        value[k] = (float)(1 + gx_rng_below(&rng, 5));
        if (dislikes && gx_rng_below(&rng, 4) == 0) {
            value[k] = -value[k];
        }
    }
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    must(gx_matrix_build(out, USERS, ITEMS, EVENTS, row, col, value, NULL, &job, &err), &err);
}

static double mean_positive(const gx_matrix *m) {
    double sum = 0, count = 0;
    for (uint64_t k = 0; k < m->nnz; k++) {
        sum += m->value[k] > 0 ? (double)m->value[k] : 0;
        count += m->value[k] > 0;
    }
    return sum / count;
}

static double dot(const float *a, const float *b, uint32_t d) {
    double sum = 0;
    for (uint32_t j = 0; j < d; j++) {
        sum += (double)a[j] * (double)b[j];
    }
    return sum;
}

/* ---- one row, by Gaussian elimination of the dense normal equations
 * ------------------------------ */

static void solve_densely(double *x, double a[D][D + 1]) {
    for (uint32_t p = 0; p < D; p++) {
        for (uint32_t r = 0; r < D; r++) { /* positive definite: no pivoting */
            const double by = r == p ? 0 : a[r][p] / a[p][p];
            for (uint32_t c = p; c <= D; c++) {
                a[r][c] -= by * a[p][c];
            }
        }
    }
    for (uint32_t j = 0; j < D; j++) {
        x[j] = a[j][D] / a[j][j];
    }
}

static void dense_row(double *x, const gx_matrix *m, uint32_t r, const float *fixed,
                      const gx__ials_loss *loss) {
    double a[D][D + 1] = {{0}}, total = 0;
    for (uint32_t i = 0; i < m->cols; i++) {
        const uint64_t k = gx_matrix_find(m, r, i);
        const double value = k == UINT64_MAX ? 0 : (double)m->value[k] / loss->unit;
        const float *f = fixed + (size_t)i * D;
        total += fabs(value);
        for (uint32_t p = 0; p < D; p++) {
            for (uint32_t q = 0; q < D; q++) {
                a[p][q] += (fabs(value) + loss->unobserved) * (double)f[p] * (double)f[q];
            }
            a[p][D] += value > 0 ? value * (double)f[p] : 0;
        }
    }
    const double lambda =
        loss->regularisation * pow(total + loss->unobserved * m->cols, loss->frequency);
    for (uint32_t p = 0; p < D; p++) {
        a[p][p] += lambda;
    }
    solve_densely(x, a);
}

static void random_side(gx__ials_side *side, float *factor, float *gram, uint32_t n) {
    gx_rng rng = gx_rng_at(4, n);
    *side = (gx__ials_side){.factor = factor, .gram = gram, .n = n, .d = D};
    for (uint32_t k = 0; k < n * D; k++) {
        factor[k] = (float)(0.3 * gx_rng_normal(&rng));
    }
}

static void rows_solve_the_normal_equations(void **unused) {
    (void)unused;
    static float items[ITEMS * D], gram[D], users[USERS * D];
    for (int dislikes = 0; dislikes < 2; dislikes++) {
        gx_matrix m;
        gx_job job;
        gx_error err = {0};
        gx__ials_side side;
        gx__ials_loss loss = LOSS;
        draw(&m, dislikes);
        loss.unit = mean_positive(&m);
        gx_job_init(&job, 2, 1);
        random_side(&side, items, gram, ITEMS);
        must(gx__ials_rotate(&side, NULL, 0, &job, &err), &err);
        must(gx__ials_half_step(users, &m, &side, &loss, 0, &job, &err), &err);
        bool is_short = false, is_long = false;
        for (uint32_t u = 0; u < USERS; u++) {
            const uint64_t count = m.ptr[u + 1] - m.ptr[u];
            is_short |= count > 0 && count <= D;
            is_long |= count > D;
            double x[D];
            dense_row(x, &m, u, items, &loss);
            for (uint32_t j = 0; j < D; j++) {
                assert_true(fabs(x[j] - (double)users[u * D + j]) <= 2e-5);
            }
        }
        assert_true(is_short && is_long); /* both forms of the system were solved */
        gx_matrix_finish(&m);
    }
}

static void rotation_keeps_products(void **unused) {
    (void)unused;
    static float factor[ITEMS * D], before[ITEMS * D], gram[D];
    gx_job job;
    gx_error err = {0};
    gx__ials_side side;
    gx_job_init(&job, 2, 1);
    random_side(&side, factor, gram, ITEMS);
    memcpy(before, factor, sizeof before);
    must(gx__ials_rotate(&side, NULL, 0, &job, &err), &err);
    for (uint32_t a = 0; a < ITEMS; a++) {
        for (uint32_t b = 0; b <= a; b++) {
            const double was = dot(before + a * D, before + b * D, D);
            const double is = dot(factor + a * D, factor + b * D, D);
            assert_true(fabs(was - is) <= 1e-5);
        }
    }
    for (uint32_t p = 0; p < D; p++) {
        for (uint32_t q = 0; q < D; q++) {
            double sum = 0;
            for (uint32_t i = 0; i < ITEMS; i++) {
                sum += (double)factor[i * D + p] * (double)factor[i * D + q];
            }
            assert_true(fabs(sum - (p == q ? (double)gram[p] : 0)) <= 1e-4);
        }
    }
}

/* ---- the whole fit
 * -------------------------------------------------------------------------------- */

static double penalty(const gx_matrix *m, const float *factor, const gx__ials_loss *loss) {
    double sum = 0;
    for (uint32_t r = 0; r < m->rows; r++) {
        double total = 0;
        for (uint64_t k = m->ptr[r]; k < m->ptr[r + 1]; k++) {
            total += fabs((double)m->value[k]) / loss->unit;
        }
        sum += gx__ials_lambda(loss, total, m->cols) *
               dot(factor + (size_t)r * D, factor + (size_t)r * D, D);
    }
    return sum;
}

static double objective(const gx_matrix *m, const gx_matrix *turned, const float *users,
                        const float *items, const gx__ials_loss *loss) {
    double sum = penalty(m, users, loss) + penalty(turned, items, loss);
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint32_t i = 0; i < m->cols; i++) {
            const double score = dot(users + (size_t)u * D, items + (size_t)i * D, D);
            const uint64_t k = gx_matrix_find(m, u, i);
            sum += loss->unobserved * score * score;
            if (k != UINT64_MAX) {
                const double y = m->value[k] > 0 ? 1 : 0;
                sum += fabs((double)m->value[k]) / loss->unit * (score - y) * (score - y);
            }
        }
    }
    return sum;
}

/* 24 half-steps, exact or by conjugate gradients; the objective after the last. */
static double descend(uint32_t steps, bool from_nothing) {
    static float items[ITEMS * D], users[USERS * D], item_gram[D], user_gram[D];
    gx_matrix m, turned;
    gx_job job;
    gx_error err = {0};
    gx__ials_side i, u;
    gx__ials_loss loss = LOSS;
    gx_job_init(&job, 2, 1);
    draw(&m, true);
    loss.unit = mean_positive(&m);
    must(gx_matrix_transpose(&turned, &m, &job, &err), &err);
    random_side(&i, items, item_gram, ITEMS);
    random_side(&u, users, user_gram, USERS);
    if (from_nothing) {
        memset(users, 0, sizeof users);
    }
    double last = objective(&m, &turned, users, items, &loss);
    for (int step = 0; step < 24; step++) {
        if (step % 2 == 0) {
            must(gx__ials_rotate(&i, users, USERS, &job, &err), &err);
            must(gx__ials_half_step(users, &m, &i, &loss, steps, &job, &err), &err);
        } else {
            must(gx__ials_rotate(&u, items, ITEMS, &job, &err), &err);
            must(gx__ials_half_step(items, &turned, &u, &loss, steps, &job, &err), &err);
        }
        const double now = objective(&m, &turned, users, items, &loss);
        assert_true(now <= last * (1 + 1e-6));
        assert_true(step > 3 || now < last);
        last = now;
    }
    gx_matrix_finish(&m);
    gx_matrix_finish(&turned);
    return last;
}

static void objective_never_rises(void **unused) {
    (void)unused;
    for (uint32_t steps = 0; steps <= 5; steps++) {
        descend(steps, false);
        descend(steps, true);
    }
}

/* As many steps as a row can need give the exact row, whatever it started from. */
static void conjugate_gradients_solve_rows(void **unused) {
    (void)unused;
    static float items[ITEMS * D], gram[D], exact[USERS * D], users[USERS * D], none[D];
    for (int dislikes = 0; dislikes < 2; dislikes++) {
        gx_matrix m;
        gx_job job;
        gx_error err = {0};
        gx__ials_side side, start;
        gx__ials_loss loss = LOSS;
        draw(&m, dislikes);
        loss.unit = mean_positive(&m);
        gx_job_init(&job, 2, 1);
        random_side(&side, items, gram, ITEMS);
        random_side(&start, users, none, USERS);
        must(gx__ials_rotate(&side, NULL, 0, &job, &err), &err);
        must(gx__ials_half_step(exact, &m, &side, &loss, 0, &job, &err), &err);
        must(gx__ials_half_step(users, &m, &side, &loss, 2 * D, &job, &err), &err);
        for (uint32_t k = 0; k < USERS * D; k++) {
            assert_true(fabs((double)(users[k] - exact[k])) <= 2e-3);
        }
        gx_matrix_finish(&m);
    }
}

/* The objective of a whole fit. */
static double fitted_objective(const gx_matrix *m, const char *solver, const char *start) {
    const gx_model *model = gx_model_find("ials");
    gx_matrix turned;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = NULL;
    gx_job_init(&job, 2, 1);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 3);
    gx_map_put(arena, &params, "factors", gx_int(D));
    gx_map_put(arena, &params, "solver", gx_str(solver));
    gx_map_put(arena, &params, "start", gx_str(start));
    const gx_input input = {.matrix = m, .users = USERS, .items = ITEMS};
    must(gx_matrix_transpose(&turned, m, &job, &err), &err);
    must(gx_arrays_create(&arrays, &err), &err);
    must(gx_pass_run(arrays, &model->pass, NULL, &input, &params, &job, &err), &err);
    const double *kept = gx_result_get(arrays, "ials", "loss", GX_F64, 4);
    const gx__ials_loss loss = {kept[0], kept[1], kept[2], kept[3]};
    const double value =
        objective(m, &turned, gx_result_get(arrays, "ials", "user_factor", GX_F32, USERS),
                  gx_result_get(arrays, "ials", "item_factor", GX_F32, ITEMS), &loss);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    gx_matrix_finish(&turned);
    return value;
}

static void a_few_steps_come_as_far(void **unused) {
    (void)unused;
    for (int dislikes = 0; dislikes < 2; dislikes++) {
        gx_matrix m;
        draw(&m, dislikes);
        const double exact = fitted_objective(&m, "exact", "svd");
        const double few = fitted_objective(&m, "cg", "svd");
        const double drawn = fitted_objective(&m, "exact", "random");
        if (!(few <= exact * 1.001)) {
            fail_msg("conjugate gradients end at %g, exact rows at %g", few, exact);
        }
        assert_true(exact <= 1.05 * drawn);
        gx_matrix_finish(&m);
    }
}

static void folding_in_is_the_fitted_row(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("ials");
    gx_matrix m;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = NULL;
    void *state = NULL;
    float alone[ITEMS], fitted[ITEMS];
    draw(&m, true);
    gx_job_init(&job, 2, 1);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "factors", gx_int(D));
    const gx_input input = {.matrix = &m, .users = USERS, .items = ITEMS};
    must(gx_arrays_create(&arrays, &err), &err);
    must(gx_pass_run(arrays, &model->pass, NULL, &input, &params, &job, &err), &err);
    must(model->open(&state, arrays, "ials", USERS, ITEMS, &err), &err);
    for (uint32_t u = 0; u < USERS; u++) {
        const uint64_t from = m.ptr[u];
        gx_history h = {.user = u,
                        .count = (uint32_t)(m.ptr[u + 1] - from),
                        .item = m.col + from,
                        .weight = m.value + from};
        bool folded = true;
        must(model->score(alone, &folded, state, &h, &err), &err);
        assert_false(folded);
        must(model->score_block(fitted, state, &m, u, 1, &job, &err), &err);
        for (uint32_t i = 0; i < ITEMS; i++) {
            assert_true(fabs((double)(alone[i] - fitted[i])) <= 1e-5);
        }
        if (h.count > 1) { /* one item less is another history */
            h.count--;
            must(model->score(alone, &folded, state, &h, &err), &err);
            assert_true(folded);
        }
        h = (gx_history){.user = GX_NONE, .count = h.count, .item = h.item, .weight = h.weight};
        must(model->score(alone, &folded, state, &h, &err), &err);
        assert_true(folded);
    }
    model->close(state);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* Two circles that buy different things are told apart. */
static void finds_planted_tastes(void **unused) {
    (void)unused;
    enum { N = 40, HALF = 20, EACH = 8 };
    uint32_t row[N * EACH], col[N * EACH];
    gx_rng rng = gx_rng_at(1, 1);
    for (uint32_t u = 0; u < N; u++) {
        for (uint32_t k = 0; k < EACH; k++) {
            row[u * EACH + k] = u;
            col[u * EACH + k] = (u < HALF ? 0 : HALF) + (uint32_t)gx_rng_below(&rng, HALF);
        }
    }
    const gx_model *model = gx_model_find("ials");
    gx_matrix m;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = NULL;
    void *state = NULL;
    float scores[N];
    gx_job_init(&job, 2, 1);
    must(gx_matrix_build(&m, N, N, N * EACH, row, col, NULL, NULL, &job, &err), &err);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "factors", gx_int(2));
    const gx_input input = {.matrix = &m, .users = N, .items = N};
    must(gx_arrays_create(&arrays, &err), &err);
    must(gx_pass_run(arrays, &model->pass, NULL, &input, &params, &job, &err), &err);
    must(model->open(&state, arrays, "ials", N, N, &err), &err);
    for (uint32_t u = 0; u < N; u++) {
        must(model->score_block(scores, state, &m, u, 1, &job, &err), &err);
        double own = 0, other = 0;
        for (uint32_t i = 0; i < N; i++) {
            *((i < HALF) == (u < HALF) ? &own : &other) += (double)scores[i];
        }
        assert_true(own > 5 * fabs(other));
    }
    model->close(state);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_solve_the_normal_equations),
        cmocka_unit_test(rotation_keeps_products),
        cmocka_unit_test(conjugate_gradients_solve_rows),
        cmocka_unit_test(objective_never_rises),
        cmocka_unit_test(a_few_steps_come_as_far),
        cmocka_unit_test(folding_in_is_the_fitted_row),
        cmocka_unit_test(finds_planted_tastes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
