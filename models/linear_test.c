/* Closed-form item–item weights against the dense closed form in double, and rows that do not hold
 * together. */
#include "models/testing.h"

#include <math.h>

enum { USERS = 60, ITEMS = 40, EVENTS = 700 };

typedef struct exponents {
    double a, s, d, p;
    uint32_t keep;
} exponents;

static double positive(const gx_matrix *m, uint32_t u, uint32_t i) {
    return fmax(value_at(m, u, i), 0);
}

/* B as the formula says, in double, row cut by sorting. */
static void dense_linear(double b[ITEMS][ITEMS], const gx_matrix *m, const exponents *e) {
    double largest = 0, du[USERS] = {0}, di[ITEMS] = {0};
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            largest = fmax(largest, positive(m, u, i));
        }
    }
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            du[u] += positive(m, u, i) / largest;
            di[i] += positive(m, u, i) / largest;
        }
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        double sorted[ITEMS];
        for (uint32_t j = 0; j < ITEMS; j++) {
            double sum = 0;
            for (uint32_t u = 0; u < USERS; u++) {
                const double both = positive(m, u, i) * positive(m, u, j) / largest / largest;
                sum += both > 0 ? both * pow(du[u], -e->a) : 0;
            }
            b[i][j] = sum > 0 ? pow(sum * pow(di[j], -e->d) * pow(di[i], -e->s), e->p) : 0;
            uint32_t at = j;
            for (; at > 0 && sorted[at - 1] < b[i][j]; at--) {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = b[i][j];
        }
        const double last = e->keep < ITEMS ? sorted[e->keep - 1] : 0;
        for (uint32_t j = 0; j < ITEMS; j++) {
            b[i][j] = b[i][j] >= last * (1 - 1e-6) ? b[i][j] : 0;
        }
    }
}

static void assert_linear(const gx_matrix *m, const exponents *e) {
    static double b[ITEMS][ITEMS];
    static float row[ITEMS];
    const gx_model *model = gx_model_find("linear");
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 8);
    gx_map_put(arena, &params, "member_exponent", gx_real(e->a));
    gx_map_put(arena, &params, "history_exponent", gx_real(e->s));
    gx_map_put(arena, &params, "target_exponent", gx_real(e->d));
    gx_map_put(arena, &params, "power", gx_real(e->p));
    gx_map_put(arena, &params, "neighbours", gx_int(e->keep));
    fitted_model f = fit_with(model, m, &params, 2);
    dense_linear(b, m, e);
    for (uint32_t i = 0; i < ITEMS; i++) {
        gx_error err = {0};
        must(model->similar(row, f.state, i, &err), &err);
        uint32_t kept = 0, positives = 0;
        for (uint32_t j = 0; j < ITEMS; j++) {
            kept += row[j] > 0;
            positives += b[i][j] > 0;
            if (row[j] > 0 || b[i][j] == 0) { /* of equal weights only some may be kept */
                assert_true(fabs((double)row[j] - b[i][j]) <= 1e-4 * (b[i][j] + 1e-12));
            }
        }
        assert_int_equal(kept, positives < e->keep ? positives : e->keep);
    }
    fit_drop(model, &f);
    gx_arena_destroy(arena);
}

static void linear_is_the_closed_form(void **unused) {
    (void)unused;
    const exponents all[] = {{1, 0.6, 0.3, 1, 1000}, {1, 0.6, 0.3, 1, 7},   {0.5, 0.5, 0.5, 0.5, 1},
                             {0, 0, 0, 2, 12},       {1, 1, 1, 0.7, ITEMS}, {0.3, 0, 1, 1, 3}};
    const shape kinds[] = {BINARY, WEIGHTED, DISLIKES, EQUAL};
    for (size_t k = 0; k < GX_COUNT(kinds); k++) {
        gx_matrix m;
        draw_matrix(&m, USERS, ITEMS, EVENTS, kinds[k], 3);
        for (size_t e = 0; e < GX_COUNT(all); e++) {
            assert_linear(&m, &all[e]);
        }
        gx_matrix_finish(&m);
    }
}

/* Rows from a file that does not hold together are refused, not followed. */
static void broken_rows_are_refused(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("linear");
    for (int round = 0; round < 3; round++) {
        gx_error err = {0};
        gx_arrays *arrays = NULL;
        uint64_t *ptr;
        uint32_t *item;
        float *weight;
        void *state = NULL;
        must(gx_arrays_create(&arrays, &err), &err);
        must(gx_arrays_add(&ptr, arrays, "linear.ptr", GX_U64, 3, 0, NULL, &err), &err);
        must(gx_arrays_add(&item, arrays, "linear.item", GX_U32, 2, 0, NULL, &err), &err);
        must(gx_arrays_add(&weight, arrays, "linear.weight", GX_F32, 2, 0, NULL, &err), &err);
        ptr[1] = round == 0 ? 3 : 1;
        ptr[2] = round == 1 ? 9 : 2;
        item[0] = round == 2 ? 2 : 0;
        assert_int_equal(model->open(&state, arrays, "linear", 1, 2, &err), GX_CORRUPT);
        assert_null(state);
        gx_arrays_destroy(arrays);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_is_the_closed_form),
        cmocka_unit_test(broken_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
