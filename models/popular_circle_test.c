/* The most popular by circle against a dense twin of its formula on many small matrices: weights,
 * dislikes, fading, members alone in their circle, members the fit has not seen. */
#include "models/model.h"
#include "models/testing.h"

#include <math.h>

enum { USERS_MAX = 30, ITEMS_MAX = 20, EVENTS_MAX = 200, ROUNDS = 200, DAY = 86400000 };

typedef struct scene {
    gx_matrix matrix;
    gx_arrays *circles, *arrays;
    uint32_t community[USERS_MAX];
    double half_life_days, shrinkage, against[ITEMS_MAX];
    void *state;
} scene;

static void draw(scene *s, uint64_t round) {
    uint32_t row[EVENTS_MAX], col[EVENTS_MAX];
    float value[EVENTS_MAX];
    int64_t ts[EVENTS_MAX];
    gx_rng rng = gx_rng_at(61, round);
    const uint32_t users = 1 + (uint32_t)gx_rng_below(&rng, USERS_MAX);
    const uint32_t items = 1 + (uint32_t)gx_rng_below(&rng, ITEMS_MAX);
    const uint64_t events = gx_rng_below(&rng, EVENTS_MAX);
    const uint32_t circles = 1 + (uint32_t)gx_rng_below(&rng, users);
    for (uint64_t k = 0; k < events; k++) {
        row[k] = (uint32_t)gx_rng_below(&rng, users);
        col[k] = (uint32_t)gx_rng_below(&rng, items);
        value[k] = (float)(1 + gx_rng_below(&rng, 5));
        value[k] = round % 3 == 2 && gx_rng_below(&rng, 5) == 0 ? -value[k] : value[k];
        ts[k] = (int64_t)gx_rng_below(&rng, 100) * DAY;
    }
    gx_job job;
    gx_error err = {0};
    uint32_t *community;
    gx_job_init(&job, 1, 1);
    must(gx_matrix_build(&s->matrix, users, items, events, row, col, value, ts, &job, &err), &err);
    must(gx_arrays_create(&s->circles, &err), &err);
    must(gx_arrays_add(&community, s->circles, "leiden.community", GX_U32, users, 0, NULL, &err),
         &err);
    for (uint32_t u = 0; u < users; u++) {
        community[u] = (uint32_t)gx_rng_below(&rng, circles);
        s->community[u] = community[u];
    }
    s->half_life_days = round % 2 ? 5 + 20 * gx_rng_real(&rng) : 0;
    for (uint32_t i = 0; i < items; i++) {
        s->against[i] = round % 5 == 4 ? 3 * gx_rng_real(&rng) : 0;
    }
    s->shrinkage = 0.5 + 20 * gx_rng_real(&rng);
}

static void fit(scene *s) {
    const gx_model *model = gx_model_find("popular_circle");
    const gx_input input = {.matrix = &s->matrix,
                            .against = s->against,
                            .arrays = s->circles,
                            .users = s->matrix.rows,
                            .items = s->matrix.cols};
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 2);
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 2, 1);
    gx_map_put(arena, &params, "half_life", gx_int((int64_t)(s->half_life_days * DAY)));
    gx_map_put(arena, &params, "shrinkage", gx_real(s->shrinkage));
    must(gx_arrays_create(&s->arrays, &err), &err);
    must(gx_pass_run(s->arrays, &model->pass, NULL, &input, &params, &job, &err), &err);
    must(model->open(&s->state, s->arrays, "popular_circle", input.users, input.items, &err), &err);
    gx_arena_destroy(arena);
}

static void finish(scene *s) {
    gx_model_find("popular_circle")->close(s->state);
    gx_arrays_destroy(s->arrays);
    gx_arrays_destroy(s->circles);
    gx_matrix_finish(&s->matrix);
}

/* Sums of circle c, or of everybody (GX_NONE); their positive mass. */
static double sums(double sum[ITEMS_MAX], const scene *s, uint32_t c) {
    const gx_matrix *m = &s->matrix;
    double newest = 0, positive = 0, count = 0, mass = 0;
    for (uint64_t k = 0; k < m->nnz; k++) {
        newest = fmax(newest, (double)m->ts[k]);
        positive += fmax((double)m->value[k], 0);
        count += m->value[k] > 0;
    }
    memset(sum, 0, ITEMS_MAX * sizeof *sum);
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            const double days = (newest - (double)m->ts[k]) / DAY;
            const double faded = s->half_life_days > 0 ? pow(0.5, days / s->half_life_days) : 1;
            const double value = (double)m->value[k] * faded / (count > 0 ? positive / count : 1);
            sum[m->col[k]] += c == GX_NONE || s->community[u] == c ? value : 0;
        }
    }
    for (uint32_t i = 0; i < m->cols; i++) {
        sum[i] -= c == GX_NONE ? s->against[i] / (count > 0 ? positive / count : 1) : 0;
        mass += fmax(sum[i], 0);
    }
    return mass;
}

static void assert_scores(const scene *s, uint32_t user) {
    const gx_matrix *m = &s->matrix;
    const gx_history h = {.user = user};
    float got[ITEMS_MAX];
    double all[ITEMS_MAX], own[ITEMS_MAX], members = 0;
    bool folded;
    gx_error err = {0};
    must(gx_model_find("popular_circle")->score(got, &folded, s->state, &h, &err), &err);
    const double of_all = sums(all, s, GX_NONE);
    double mass = 0;
    for (uint32_t v = 0; user < m->rows && v < m->rows; v++) {
        members += s->community[v] == s->community[user];
    }
    if (members > 1) {
        mass = sums(own, s, s->community[user]);
    }
    for (uint32_t i = 0; i < m->cols; i++) {
        const double share = of_all > 0 ? all[i] / of_all : 0;
        const double count = members > 1 ? own[i] : 0;
        const double want = (count + s->shrinkage * share) / (mass + s->shrinkage);
        if (!(fabs(want - (double)got[i]) <= 1e-5 * (1 + fabs(want)))) {
            fail_msg("member %u item %u: %g is not %g", user, i, (double)got[i], want);
        }
    }
}

static void scores_are_the_formula(void **unused) {
    (void)unused;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        scene s = {0};
        draw(&s, round);
        fit(&s);
        for (uint32_t u = 0; u < s.matrix.rows; u++) {
            assert_scores(&s, u);
        }
        assert_scores(&s, s.matrix.rows + 3);
        assert_scores(&s, GX_NONE);
        finish(&s);
    }
}

/* An array of a fit, to be damaged. */
static void *array_of(const scene *s, const char *name) {
    for (size_t i = 0; i < gx_arrays_count(s->arrays); i++) {
        if (strcmp(gx_arrays_at(s->arrays, i)->name, name) == 0) {
            return gx_arrays_at(s->arrays, i)->data;
        }
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void broken_arrays_are_refused(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("popular_circle");
    for (int round = 0; round < 3; round++) {
        scene s = {0};
        gx_error err = {0};
        void *state = NULL;
        draw(&s, 4);
        fit(&s);
        if (round == 0) {
            ((uint64_t *)array_of(&s, "popular_circle.ptr"))[1] = 1u << 30;
        } else if (round == 1) {
            ((uint32_t *)array_of(&s, "popular_circle.item"))[0] = s.matrix.cols;
        } else {
            ((uint32_t *)array_of(&s, "popular_circle.circle"))[0] = USERS_MAX;
        }
        assert_int_equal(
            model->open(&state, s.arrays, "popular_circle", s.matrix.rows, s.matrix.cols, &err),
            GX_CORRUPT);
        assert_null(state);
        assert_int_equal(
            model->open(&state, s.arrays, "popular_circle", s.matrix.rows + 1, s.matrix.cols, &err),
            GX_NOT_FOUND);
        finish(&s);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_formula),
        cmocka_unit_test(broken_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
