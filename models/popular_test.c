/* The most popular items against the sum of what everybody did, faded by age. */
#include "models/testing.h"

#include <math.h>

enum { USERS = 60, ITEMS = 40, EVENTS = 700 };

static void popular_fades(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("popular");
    gx_matrix m;
    draw_matrix(&m, USERS, ITEMS, EVENTS, DISLIKES, 3);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "half_life", gx_str("10d"));
    fitted_model f = fit_with(model, &m, &params, 2);
    const float *score = gx_arrays_get(f.arrays, "popular.score", GX_F32, ITEMS);
    assert_non_null(score);
    int64_t newest = 0;
    for (uint64_t k = 0; k < m.nnz; k++) {
        newest = m.ts[k] > newest ? m.ts[k] : newest;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        double sum = 0;
        for (uint32_t u = 0; u < USERS; u++) {
            const uint64_t k = gx_matrix_find(&m, u, i);
            if (k != UINT64_MAX) {
                sum += (double)m.value[k] * pow(0.5, (double)(newest - m.ts[k]) / 864000000.0);
            }
        }
        assert_true(fabs(sum - (double)score[i]) <= 1e-5 * (1 + fabs(sum)));
    }
    fit_drop(model, &f);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(popular_fades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
