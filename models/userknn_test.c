/* The nearest members against the definition: dense, in double, neighbours by sorting. */
#include "models/testing.h"

#include <math.h>

enum { USERS = 40, ITEMS = 30, EVENTS = 420 };

typedef struct setting {
    double a, b, power;
    int64_t neighbours;
} setting;

typedef struct twin {
    double r[USERS][ITEMS], h[USERS][ITEMS]; /* liked, over the largest; histories over the mean */
    double of_user[USERS], of_item[ITEMS];
} twin;

static void define(twin *t, const gx_matrix *m) {
    double largest = 0, sum = 0, count = 0;
    memset(t, 0, sizeof *t);
    for (uint64_t k = 0; k < m->nnz; k++) {
        const double value = gx_matrix_value(m, k);
        largest = fmax(largest, value);
        sum += fmax(value, 0);
        count += value > 0;
    }
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            const double value = gx_matrix_value(m, k);
            const uint32_t i = m->col[k];
            t->h[u][i] = value / (sum / count);
            t->r[u][i] = fmax(value, 0) / largest;
            t->of_user[u] += t->r[u][i];
            t->of_item[i] += t->r[u][i];
        }
    }
}

static double power_of(double degree, double exponent) {
    return degree > 0 ? pow(degree, exponent) : 0;
}

static void score_densely(double *out, const twin *t, uint32_t u, const setting *s) {
    double near[USERS] = {0};
    memset(out, 0, ITEMS * sizeof *out);
    for (uint32_t v = 0; v < USERS; v++) {
        for (uint32_t i = 0; v != u && i < ITEMS; i++) {
            near[v] += t->h[u][i] * power_of(t->of_item[i], -s->a) * t->r[v][i] *
                       power_of(t->of_user[v], -s->b);
        }
    }
    for (uint32_t v = 0; v < USERS; v++) {
        int64_t above = 0;
        for (uint32_t w = 0; w < USERS; w++) {
            above += near[w] > near[v] || (near[w] == near[v] && w < v);
        }
        for (uint32_t j = 0; near[v] > 0 && above < s->neighbours && j < ITEMS; j++) {
            out[j] += pow(near[v], s->power) * t->r[v][j];
        }
    }
}

static void assert_scores(bool weighted, const setting *s) {
    static twin t;
    const gx_model *model = gx_model_find("userknn");
    gx_matrix m;
    gx_error err = {0};
    draw_matrix(&m, USERS, ITEMS, EVENTS, weighted ? REALS : BINARY, 23);
    define(&t, &m);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 4);
    gx_map_put(arena, &params, "neighbours", gx_int(s->neighbours));
    gx_map_put(arena, &params, "item_exponent", gx_real(s->a));
    gx_map_put(arena, &params, "member_exponent", gx_real(s->b));
    gx_map_put(arena, &params, "power", gx_real(s->power));
    fitted_model f = fit_with(model, &m, &params, 2);
    for (uint32_t u = 0; u < USERS; u++) {
        float ones[ITEMS], scores[ITEMS];
        const gx_history h = history_of(&m, u, ones);
        bool folded;
        double want[ITEMS];
        must(model->score(scores, &folded, f.state, &h, &err), &err);
        score_densely(want, &t, u, s);
        for (uint32_t j = 0; j < ITEMS; j++) {
            if (!(fabs(want[j] - (double)scores[j]) <= 1e-4 * (want[j] + 0.01))) {
                fail_msg("member %u item %u: %g, by definition %g", u, j, (double)scores[j],
                         want[j]);
            }
        }
    }
    fit_drop(model, &f);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* One item, a few, and all many times over: from the items' side and from the members', with 1 for
 * every value and without. */
static void some_are_as_all(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("userknn");
    for (int weighted = 0; weighted < 2; weighted++) {
        gx_matrix m;
        gx_error err = {0};
        uint32_t items[8 * ITEMS];
        float ones[ITEMS], all[ITEMS], some[8 * ITEMS];
        draw_matrix(&m, USERS, ITEMS, EVENTS, weighted ? REALS : BINARY, 29);
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 1);
        gx_map_put(arena, &params, "neighbours", gx_int(3));
        fitted_model f = fit_with(model, &m, &params, 2);
        for (uint32_t k = 0; k < 8 * ITEMS; k++) {
            items[k] = k * 7 % ITEMS;
        }
        for (uint32_t u = 0; u < USERS; u++) {
            const gx_history h = history_of(&m, u, ones);
            bool folded;
            must(model->score(all, &folded, f.state, &h, &err), &err);
            for (uint32_t count = 1; count <= 8 * ITEMS; count *= count < 8 ? 2 : 30) {
                must(model->score_items(some, &folded, f.state, &h, false, items, count, &err),
                     &err);
                for (uint32_t c = 0; c < count; c++) {
                    assert_true(some[c] == all[items[c]]);
                }
            }
        }
        fit_drop(model, &f);
        gx_arena_destroy(arena);
        gx_matrix_finish(&m);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void scores_are_by_definition(void **unused) {
    (void)unused;
    /* Of binary events many are equally near, and floats break such ties otherwise than doubles:
     * there all members are asked. */
    const setting settings[] = {
        {.a = 1, .b = 0.5, .power = 1, .neighbours = 7},
        {.a = 0.5, .b = 0, .power = 1.5, .neighbours = 3},
        {.a = 0, .b = 1, .power = 0.5, .neighbours = USERS},
    };
    for (size_t i = 0; i < GX_COUNT(settings); i++) {
        setting all = settings[i];
        all.neighbours = USERS;
        assert_scores(true, &settings[i]);
        assert_scores(false, &all);
    }
}

static void broken_arrays_are_refused(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("userknn");
    gx_matrix m;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = NULL;
    void *state = NULL;
    draw_matrix(&m, USERS, ITEMS, EVENTS, BINARY, 23);
    gx_job_init(&job, 1, 1);
    const gx_input input = input_of(&m);
    must(gx_arrays_create(&arrays, &err), &err);
    assert_int_equal(model->open(&state, arrays, "userknn", USERS, ITEMS, &err), GX_NOT_FOUND);
    must(gx_pass_run(arrays, &model->pass, NULL, &input, NULL, &job, &err), &err);
    assert_int_equal(model->open(&state, arrays, "userknn", USERS, ITEMS - 1, &err), GX_CORRUPT);
    uint32_t *member = gx_arrays_find(arrays, "userknn.member")->data;
    const uint32_t before = member[3];
    member[3] = USERS;
    assert_int_equal(model->open(&state, arrays, "userknn", USERS, ITEMS, &err), GX_CORRUPT);
    member[3] = before;
    must(model->open(&state, arrays, "userknn", USERS, ITEMS, &err), &err);
    model->close(state);
    gx_arrays_destroy(arrays);
    gx_matrix_finish(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_by_definition),
        cmocka_unit_test(some_are_as_all),
        cmocka_unit_test(broken_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
