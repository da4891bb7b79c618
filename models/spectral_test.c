/* The low-pass filter against its definition: eigenvectors of the dense matrix by Jacobi rotations
 * in double. */
#include "models/testing.h"

#include <math.h>

enum { USERS = 45, ITEMS = 40, EVENTS = 400 };

typedef struct setting {
    double a, b, beta, sharpness;
    int64_t factors;
} setting;

/* The definition: r scaled, G = RᵀR. */
typedef struct twin {
    double r[USERS][ITEMS], degree[ITEMS], unit;
    double vector[ITEMS][ITEMS], value[ITEMS]; /* columns are eigenvectors of G */
} twin;

static void scale_matrix(twin *t, const gx_matrix *m, const setting *s) {
    double of_user[USERS] = {0}, largest = 0, count = 0;
    memset(t, 0, sizeof *t);
    for (uint64_t k = 0; k < m->nnz; k++) {
        largest = fmax(largest, gx_matrix_value(m, k));
    }
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            const double value = fmax(gx_matrix_value(m, k), 0);
            t->r[u][m->col[k]] = value / largest;
            of_user[u] += value / largest;
            t->degree[m->col[k]] += value / largest;
            t->unit += value;
            count += value > 0;
        }
    }
    t->unit /= count;
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (t->r[u][i] > 0) {
                t->r[u][i] *= pow(of_user[u], -s->a) * pow(t->degree[i], -s->b);
            }
        }
    }
}

/* One rotation that makes g[p][q] zero. */
static void rotate(double g[ITEMS][ITEMS], double v[ITEMS][ITEMS], int p, int q) {
    if (fabs(g[p][q]) < 1e-15) {
        return;
    }
    const double theta = (g[q][q] - g[p][p]) / (2 * g[p][q]);
    const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < ITEMS; k++) {
        const double a = g[k][p], b = g[k][q];
        g[k][p] = c * a - s * b;
        g[k][q] = s * a + c * b;
    }
    for (int k = 0; k < ITEMS; k++) {
        const double a = g[p][k], b = g[q][k], x = v[k][p], y = v[k][q];
        g[p][k] = c * a - s * b;
        g[q][k] = s * a + c * b;
        v[k][p] = c * x - s * y;
        v[k][q] = s * x + c * y;
    }
}

static void find_vectors(twin *t) {
    double g[ITEMS][ITEMS] = {{0}};
    for (int i = 0; i < ITEMS; i++) {
        for (int j = 0; j < ITEMS; j++) {
            t->vector[i][j] = i == j;
            for (int u = 0; u < USERS; u++) {
                g[i][j] += t->r[u][i] * t->r[u][j];
            }
        }
    }
    for (int sweep = 0; sweep < 60; sweep++) {
        for (int p = 0; p < ITEMS; p++) {
            for (int q = p + 1; q < ITEMS; q++) {
                rotate(g, t->vector, p, q);
            }
        }
    }
    for (int i = 0; i < ITEMS; i++) {
        t->value[i] = fmax(g[i][i], 0);
    }
}

static int kept(const setting *s) {
    return s->factors < ITEMS / 8 ? (int)s->factors : ITEMS / 8;
}

/* Σ over the k largest of σ^(2s) V[i] V[j] */
static double filter(const twin *t, const setting *s, uint32_t i, uint32_t j) {
    double sum = 0;
    for (int c = 0; c < ITEMS; c++) {
        int above = 0;
        for (int other = 0; other < ITEMS; other++) {
            above += t->value[other] > t->value[c];
        }
        if (above < kept(s) && t->value[c] > 1e-9) {
            sum += pow(t->value[c], s->sharpness) * t->vector[i][c] * t->vector[j][c];
        }
    }
    return sum;
}

static double power_of(double degree, double exponent) {
    return degree > 0 ? pow(degree, exponent) : 0;
}

static void put(gx_arena *arena, gx_value *params, const setting *s) {
    gx_map_put(arena, params, "factors", gx_int(s->factors));
    gx_map_put(arena, params, "member_exponent", gx_real(s->a));
    gx_map_put(arena, params, "item_exponent", gx_real(s->b));
    gx_map_put(arena, params, "degree_exponent", gx_real(s->beta));
    gx_map_put(arena, params, "sharpness", gx_real(s->sharpness));
    gx_map_put(arena, params, "sweeps", gx_int(8));
}

static void assert_filter(bool weighted, const setting *s) {
    static twin t;
    const gx_model *model = gx_model_find("spectral");
    gx_matrix m;
    gx_error err = {0};
    draw_matrix(&m, USERS, ITEMS, EVENTS, weighted ? DISLIKES : BINARY, 17);
    scale_matrix(&t, &m, s);
    find_vectors(&t);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 6);
    put(arena, &params, s);
    fitted_model f = fit_with(model, &m, &params, 2);
    for (uint32_t u = 0; u < USERS; u++) {
        float scores[ITEMS], ones[ITEMS];
        const gx_history h = history_of(&m, u, ones);
        bool folded = true;
        must(model->score(scores, &folded, f.state, &h, &err), &err);
        assert_false(folded);
        for (uint32_t j = 0; j < ITEMS; j++) {
            double want = 0, size = 0;
            for (uint32_t k = 0; k < h.count; k++) {
                const double part = (double)h.weight[k] / t.unit *
                                    power_of(t.degree[h.item[k]], -s->beta) *
                                    power_of(t.degree[j], s->beta) * filter(&t, s, h.item[k], j);
                want += part;
                size += fabs(part);
            }
            if (!(fabs(want - (double)scores[j]) <= 2e-4 * (size + 0.1))) {
                fail_msg("member %u item %u: %g, by definition %g", u, j, (double)scores[j], want);
            }
        }
    }
    fit_drop(model, &f);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void scores_are_the_filter(void **unused) {
    (void)unused;
    const setting settings[] = {
        {.a = 0.5, .b = 0.5, .beta = 0.5, .factors = 6},
        {.a = 0.5, .b = 0.5, .beta = 0.45, .factors = 11, .sharpness = 0.5},
        {.a = 1, .b = 0.3, .beta = 0.2, .factors = 3, .sharpness = 1},
        {.a = 0.4, .b = 0.6, .beta = 0, .factors = 200, .sharpness = 1},
        {.a = 0.5, .b = 0.5, .beta = 0.45, .factors = 1},
    };
    for (size_t i = 0; i < GX_COUNT(settings); i++) {
        assert_filter(false, &settings[i]);
        assert_filter(true, &settings[i]);
    }
}

/* Arrays that do not fit together are refused before anything is followed. */
static void broken_arrays_are_refused(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("spectral");
    const uint64_t shapes[][4] = {{5, 3, 5, 3}, {4, 3, 5, 3}, {5, 2, 5, 3}, {5, 3, 4, 3}};
    for (size_t s = 0; s < GX_COUNT(shapes); s++) {
        gx_arrays *arrays = NULL;
        void *state = NULL;
        float *data;
        gx_error err = {0};
        must(gx_arrays_create(&arrays, &err), &err);
        assert_int_equal(model->open(&state, arrays, "x", 9, 5, &err), GX_NOT_FOUND);
        must(gx_arrays_add(&data, arrays, "x.item_factor", GX_F32, shapes[s][0], shapes[s][1], NULL,
                           &err),
             &err);
        must(gx_arrays_add(&data, arrays, "x.item_scale", GX_F32, shapes[s][2], 0, NULL, &err),
             &err);
        must(gx_arrays_add(&data, arrays, "x.spectrum", GX_F32, shapes[s][3], 0, NULL, &err), &err);
        assert_int_equal(model->open(&state, arrays, "x", 9, 5, &err), s == 0 ? GX_OK : GX_CORRUPT);
        model->close(state);
        gx_arrays_destroy(arrays);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_filter),
        cmocka_unit_test(broken_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
