/* The item–item models against dense twins of their formulas in double: item_knn and rp3beta on
 * many small matrices with weights, dislikes, equal values, and members and items with nothing. */
#include "models/testing.h"

#include <math.h>
#include <stdlib.h>

enum { USERS_MAX = 24, ITEMS_MAX = 18, EVENTS_MAX = 200, ROUNDS = 60 };

/* The positive values over their largest, and their sums. */
typedef struct twin {
    double x[USERS_MAX][ITEMS_MAX], of_user[USERS_MAX], of_item[ITEMS_MAX];
    double b[ITEMS_MAX][ITEMS_MAX];
    uint32_t users, items;
} twin;

static void take(twin *t, const gx_matrix *m) {
    double largest = 0;
    memset(t, 0, sizeof *t);
    t->users = m->rows;
    t->items = m->cols;
    for (uint64_t k = 0; k < m->nnz; k++) {
        largest = fmax(largest, gx_matrix_value(m, k));
    }
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            const double value = fmax(gx_matrix_value(m, k), 0);
            t->x[u][m->col[k]] = value > 0 ? (double)((float)value / (float)largest) : 0;
            t->of_user[u] += t->x[u][m->col[k]];
            t->of_item[m->col[k]] += t->x[u][m->col[k]];
        }
    }
}

/* ---- the formulas --------------------------------------------------------------------------- */

typedef struct setting {
    const char *model, *likeness, *weighting;
    double shrinkage, alpha, beta;
    int64_t keep, items; /* items: of ridge, whose lambda is `shrinkage` */
    bool of_target;      /* item_knn: `keep` is of each column */
} setting;

static double weighed(const twin *t, const setting *s, uint32_t u, uint32_t i, double mean) {
    const double r = t->x[u][i], idf = log(1 + t->items / t->of_user[u]);
    if (r == 0 || strcmp(s->weighting, "none") == 0) {
        return r;
    }
    if (strcmp(s->weighting, "tfidf") == 0) {
        return sqrt(r) * idf;
    }
    return idf * r * 2.2 / (1.2 * (0.25 + 0.75 * t->of_item[i] / mean) + r);
}

static void dense_knn(twin *t, const setting *s) {
    double mean = 0, square[ITEMS_MAX] = {0}, x[USERS_MAX][ITEMS_MAX];
    for (uint32_t i = 0; i < t->items; i++) {
        mean += t->of_item[i] / t->items;
    }
    for (uint32_t u = 0; u < t->users; u++) {
        for (uint32_t i = 0; i < t->items; i++) {
            x[u][i] = weighed(t, s, u, i, mean);
            square[i] += x[u][i] * x[u][i];
        }
    }
    for (uint32_t i = 0; i < t->items; i++) {
        for (uint32_t j = 0; j < t->items; j++) {
            double dot = 0, below = pow(square[i], 1 - s->alpha) * pow(square[j], s->alpha);
            for (uint32_t u = 0; u < t->users; u++) {
                dot += x[u][i] * x[u][j];
            }
            if (strcmp(s->likeness, "jaccard") == 0) {
                below = square[i] + square[j] - dot;
            } else if (strcmp(s->likeness, "conditional") == 0) {
                below = square[i] * pow(square[j], s->alpha);
            }
            t->b[i][j] = dot > 0 && i != j ? dot / (below + s->shrinkage) : 0;
        }
    }
}

static void dense_rp3beta(twin *t, const setting *s) {
    for (uint32_t i = 0; i < t->items; i++) {
        for (uint32_t j = 0; j < t->items; j++) {
            double sum = 0;
            for (uint32_t u = 0; u < t->users; u++) {
                if (t->x[u][i] > 0 && t->x[u][j] > 0) {
                    sum += pow(t->x[u][i] / t->of_item[i], s->alpha) *
                           pow(t->x[u][j] / t->of_user[u], s->alpha);
                }
            }
            t->b[i][j] = sum > 0 && i != j ? sum / pow(t->of_item[j], s->beta) : 0;
        }
    }
}

/* Items by falling sum, then by number; those beyond the first `most` and those of nobody are out.
 */
static bool is_covered(const twin *t, uint32_t i, int64_t most) {
    int64_t before = 0;
    const float own = (float)t->of_item[i]; /* as the model ranks them */
    for (uint32_t j = 0; j < t->items; j++) {
        const float other = (float)t->of_item[j];
        before += other > own || (other == own && j < i);
    }
    return t->of_item[i] > 0 && (most == 0 || before < most);
}

/* a becomes its inverse, by Gauss and Jordan; it is positive definite. */
static void invert(double a[ITEMS_MAX][ITEMS_MAX], uint32_t n) {
    for (uint32_t k = 0; k < n; k++) {
        const double pivot = a[k][k];
        a[k][k] = 1;
        for (uint32_t j = 0; j < n; j++) {
            a[k][j] /= pivot;
        }
        for (uint32_t i = 0; i < n; i++) {
            const double factor = a[i][k];
            for (uint32_t j = 0; j < n && i != k; j++) {
                a[i][j] = (j == k ? 0 : a[i][j]) - factor * a[k][j];
            }
        }
    }
}

static void dense_ridge(twin *t, const setting *s) {
    double p[ITEMS_MAX][ITEMS_MAX] = {{0}};
    bool covered[ITEMS_MAX];
    for (uint32_t i = 0; i < t->items; i++) {
        covered[i] = is_covered(t, i, s->items);
        p[i][i] = 1;
    }
    for (uint32_t i = 0; i < t->items; i++) {
        for (uint32_t j = 0; j < t->items && covered[i]; j++) {
            p[i][j] = i == j ? s->shrinkage : 0;
            for (uint32_t u = 0; u < t->users && covered[j]; u++) {
                const double both = t->x[u][i] * t->x[u][j];
                p[i][j] += both > 0 ? both * pow(t->of_user[u], -s->alpha) : 0;
            }
        }
    }
    invert(p, t->items);
    for (uint32_t i = 0; i < t->items; i++) {
        for (uint32_t j = 0; j < t->items; j++) {
            t->b[i][j] = covered[i] && covered[j] && i != j ? -p[i][j] / p[j][j] : 0;
        }
    }
}

/* ---- against the model ---------------------------------------------------------------------- */

static int falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The row is the N largest of the formula by size; of equal ones, any. */
static void assert_row(const twin *t, const setting *s, uint32_t i, const float *row) {
    double sorted[ITEMS_MAX];
    const double slack =
        strcmp(s->model, "ridge") == 0 ? 1e-5 : 0; /* ridge: a float's share of the largest */
    uint32_t kept = 0;
    for (uint32_t j = 0; j < t->items; j++) {
        sorted[j] = fabs(t->b[i][j]);
    }
    qsort(sorted, t->items, sizeof *sorted, falling);
    const double last = s->keep <= t->items ? sorted[s->keep - 1] : 0;
    for (uint32_t j = 0; j < t->items; j++) {
        const double size = fabs(t->b[i][j]), near = 1e-5 * size + slack;
        const bool is_kept = row[j] != 0;
        kept += is_kept;
        const double want = is_kept || size > last + near ? t->b[i][j] : 0;
        if (!(fabs(want - (double)row[j]) <= near) || (is_kept && size < last - near)) {
            fail_msg("%s %s %s: %u to %u is %g, by definition %g", s->model, s->likeness,
                     s->weighting, i, j, (double)row[j], t->b[i][j]);
        }
    }
    assert_true(kept <= s->keep);
}

/* Every row, or where targets keep theirs every column. */
static void assert_kept(const twin *t, const setting *s, float (*rows)[ITEMS_MAX]) {
    static twin turned;
    turned = *t;
    for (uint32_t i = 0; i < t->items; i++) {
        float line[ITEMS_MAX];
        for (uint32_t j = 0; j < t->items; j++) {
            turned.b[i][j] = s->of_target ? t->b[j][i] : t->b[i][j];
            line[j] = s->of_target ? rows[j][i] : rows[i][j];
        }
        assert_row(&turned, s, i, line);
    }
}

static void assert_scores(const gx_model *model, const void *state, const gx_matrix *m,
                          float (*rows)[ITEMS_MAX]) {
    for (uint32_t u = 0; u < m->rows; u++) {
        float scores[ITEMS_MAX], ones[ITEMS_MAX];
        for (uint32_t i = 0; i < ITEMS_MAX; i++) {
            ones[i] = 1;
        }
        const gx_history h = gx__row_history(m, u, ones);
        gx_error err = {0};
        bool folded = true;
        must(model->score(scores, &folded, state, &h, &err), &err);
        for (uint32_t j = 0; j < m->cols; j++) {
            double want = 0, size = 0;
            for (uint32_t k = 0; k < h.count; k++) {
                const double part = (double)h.weight[k] * (double)rows[h.item[k]][j];
                want += part;
                size += fabs(part);
            }
            assert_true(fabs(want - (double)scores[j]) <= 1e-5 * size);
        }
    }
}

static void put(gx_arena *arena, gx_value *params, const setting *s) {
    gx_map_put(arena, params, "neighbours", gx_int(s->keep));
    if (strcmp(s->model, "ridge") == 0) {
        gx_map_put(arena, params, "items", gx_int(s->items));
        gx_map_put(arena, params, "regularisation", gx_real(s->shrinkage));
        gx_map_put(arena, params, "member_exponent", gx_real(s->alpha));
        return;
    }
    if (strcmp(s->model, "rp3beta") == 0) {
        gx_map_put(arena, params, "alpha", gx_real(s->alpha));
        gx_map_put(arena, params, "beta", gx_real(s->beta));
        return;
    }
    gx_map_put(arena, params, "kept_by", gx_str(s->of_target ? "target" : "history"));
    gx_map_put(arena, params, "likeness", gx_str(s->likeness));
    gx_map_put(arena, params, "weighting", gx_str(s->weighting));
    gx_map_put(arena, params, "shrinkage", gx_real(s->shrinkage));
    gx_map_put(arena, params, "target_exponent", gx_real(s->alpha));
}

static void dense(twin *t, const setting *s) {
    if (strcmp(s->model, "ridge") == 0) {
        dense_ridge(t, s);
    } else if (strcmp(s->model, "rp3beta") == 0) {
        dense_rp3beta(t, s);
    } else {
        dense_knn(t, s);
    }
}

static void assert_formula(const gx_matrix *m, const setting *s) {
    static twin t;
    static float rows[ITEMS_MAX][ITEMS_MAX];
    const gx_model *model = gx_model_find(s->model);
    gx_error err = {0};
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 6);
    put(arena, &params, s);
    take(&t, m);
    dense(&t, s);
    fitted_model f = fit_with(model, m, &params, 2);
    for (uint32_t i = 0; i < m->cols; i++) {
        must(model->similar(rows[i], f.state, i, &err), &err);
    }
    assert_kept(&t, s, rows);
    assert_scores(model, f.state, m, rows);
    fit_drop(model, &f);
    gx_arena_destroy(arena);
}

static void assert_all(const setting *settings, size_t count) {
    static const shape shapes[] = {BINARY, WEIGHTED, DISLIKES};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        gx_matrix m;
        draw_any_size(&m, USERS_MAX, ITEMS_MAX, EVENTS_MAX, shapes[round % 3], round);
        for (size_t k = 0; k < count; k++) {
            assert_formula(&m, &settings[k]);
        }
        gx_matrix_finish(&m);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void item_knn_is_its_formula(void **unused) {
    (void)unused;
    static const char *const likeness[] = {"cosine", "jaccard", "conditional"};
    static const char *const weighting[] = {"none", "tfidf", "bm25"};
    for (int l = 0; l < 3; l++) {
        for (int w = 0; w < 3; w++) {
            const setting settings[] = {
                {"item_knn", likeness[l], weighting[w], 0, 0.4, 0, 1000, 0, false},
                {"item_knn", likeness[l], weighting[w], 10, 1, 0, 3, 0, false},
                {"item_knn", likeness[l], weighting[w], 0.5, 0, 0, 1, 0, false},
                {"item_knn", likeness[l], weighting[w], 0, 0.4, 0, 1000, 0, true},
                {"item_knn", likeness[l], weighting[w], 10, 0.8, 0, 3, 0, true},
                {"item_knn", likeness[l], weighting[w], 0.5, 0, 0, 1, 0, true},
            };
            assert_all(settings, GX_COUNT(settings));
        }
    }
}

static void rp3beta_is_its_formula(void **unused) {
    (void)unused;
    const setting settings[] = {
        {"rp3beta", "", "", 0, 0.8, 0.4, 1000, 0, false}, {"rp3beta", "", "", 0, 1, 0, 4, 0, false},
        {"rp3beta", "", "", 0, 2, 1, 1000, 0, false},     {"rp3beta", "", "", 0, 0, 0, 2, 0, false},
        {"rp3beta", "", "", 0, 1.3, 2, 1, 0, false},
    };
    assert_all(settings, GX_COUNT(settings));
}

static void ridge_is_its_formula(void **unused) {
    (void)unused;
    const setting settings[] = {
        {"ridge", "", "", 10, 0, 0, 1000, 0, false}, {"ridge", "", "", 0.5, 0, 0, 1000, 9, false},
        {"ridge", "", "", 1, 0.5, 0, 4, 0, false},   {"ridge", "", "", 3, 1, 0, 1, 3, false},
        {"ridge", "", "", 2, 0, 0, 1000, 1, false},
    };
    assert_all(settings, GX_COUNT(settings));
}

/* A catalogue that is too large is refused with what it would hold. */
static void ridge_refuses(void **unused) {
    (void)unused;
    const uint32_t items = 100000, at = 3;
    gx_matrix m;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = NULL;
    gx_job_init(&job, 1, 1);
    must(gx_matrix_build(&m, 1, items, 1, (const uint32_t[]){0}, &at, NULL, NULL, &job, &err),
         &err);
    const gx_input input = {.matrix = &m, .users = 1, .items = items};
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "items", gx_int(0));
    must(gx_arrays_create(&arrays, &err), &err);
    assert_int_equal(
        gx_pass_run(arrays, &gx_model_find("ridge")->pass, NULL, &input, &params, &job, &err),
        GX_OVER_LIMIT);
    assert_non_null(strstr(err.message, "ridge of 100000 items would hold 18 GiB"));
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_knn_is_its_formula),
        cmocka_unit_test(rp3beta_is_its_formula),
        cmocka_unit_test(ridge_is_its_formula),
        cmocka_unit_test(ridge_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
