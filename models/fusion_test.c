/* The fusion against its formula, from the dense scores of its own parts; and its weights. */
#include "models/fusion.h"
#include "models/scoring.h"
#include "models/testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { USERS = 400, ITEMS = 90, EACH = 12, CIRCLES = 4, CANDIDATES = 20 };

/* Members of circles who mostly take what their circle takes; the last item is nobody's. */
static void draw(gx_matrix *out, bool dated) {
    static uint32_t row[USERS * EACH], col[USERS * EACH];
    static int64_t ts[USERS * EACH];
    gx_rng rng = gx_rng_at(31, dated);
    for (uint32_t k = 0; k < USERS * EACH; k++) {
        row[k] = k / EACH;
        const uint32_t width = (ITEMS - 1) / CIRCLES, circle = row[k] % CIRCLES;
        col[k] = gx_rng_below(&rng, 5) == 0 ? (uint32_t)gx_rng_below(&rng, ITEMS - 1)
                                            : circle * width + (uint32_t)gx_rng_below(&rng, width);
        ts[k] = 1700000000000 + (int64_t)gx_rng_below(&rng, 1000) * 3600000;
    }
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    must(gx_matrix_build(out, USERS, ITEMS, USERS * EACH, row, col, NULL, dated ? ts : NULL, &job,
                         &err),
         &err);
}

typedef struct fitted {
    gx_arrays *arrays;
    gx_arena *arena;
    void *state;
} fitted;

static fitted fit(const gx_matrix *m, bool learn, int threads, uint64_t seed) {
    const gx_model *model = gx_model_find("fusion");
    gx_job job;
    gx_error err = {0};
    fitted f = {.arena = gx_arena_create()};
    gx_value params = gx_map(f.arena, 5);
    gx_map_put(f.arena, &params, "candidates", gx_int(CANDIDATES));
    gx_map_put(f.arena, &params, "factors", gx_int(8));
    gx_map_put(f.arena, &params, "signals", gx_int(8));
    gx_map_put(f.arena, &params, "trust", gx_real(0.001));
    gx_map_put(f.arena, &params, "learn", gx_bool(learn));
    const gx_input input = {.matrix = m, .users = m->rows, .items = m->cols};
    gx_job_init(&job, threads, seed);
    must(gx_arrays_create(&f.arrays, &err), &err);
    must(gx_pass_run(f.arrays, &model->pass, NULL, &input, &params, &job, &err), &err);
    must(model->open(&f.state, f.arrays, "fusion", m->rows, m->cols, &err), &err);
    return f;
}

static void drop(fitted *f) {
    gx_model_find("fusion")->close(f->state);
    gx_arrays_destroy(f->arrays);
    gx_arena_destroy(f->arena);
}

static const float *floats(const fitted *f, const char *name) {
    return gx_arrays_get(f->arrays, name, GX_F32, GX__FUSION_PARTS);
}

/* Dense scores of a part, opened by its own name. */
static void score_part(float *out, const fitted *f, const char *const *part, const gx_history *h) {
    const gx_model *model = gx_model_find(part[0]);
    char name[64];
    void *state = NULL;
    bool folded;
    gx_error err = {0};
    snprintf(name, sizeof name, "fusion.%s", part[1]);
    must(model->open(&state, f->arrays, name, USERS, ITEMS, &err), &err);
    must(model->score(out, &folded, state, h, &err), &err);
    model->close(state);
}

static bool has(const gx_history *h, uint32_t item) {
    for (uint32_t k = 0; k < h->count; k++) {
        if (h->item[k] == item) {
            return true;
        }
    }
    return false;
}

static void fuse_densely(double *out, const fitted *f, const gx_history *h) {
    static const char *const names[][2] = {{"linear", "linear"},      {"spectral", "spectral1"},
                                           {"spectral", "spectral2"}, {"spectral", "spectral3"},
                                           {"spectral", "spectral4"}, {"userknn", "userknn"},
                                           {"ials", "ials"},          {"ridge", "ridge"}};
    static float part[GX__FUSION_PARTS][ITEMS];
    bool candidate[ITEMS] = {false};
    for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
        score_part(part[p], f, names[p], h);
    }
    double count = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t above = 0;
        for (uint32_t j = 0; j < ITEMS; j++) {
            above += !has(h, j) && (part[0][j] > part[0][i] || (part[0][j] == part[0][i] && j < i));
        }
        candidate[i] = !has(h, i) && part[0][i] > 0 && above < CANDIDATES;
        count += candidate[i];
        out[i] = 0;
    }
    for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
        double sum = 0, most = 0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            sum += candidate[i] ? (double)part[p][i] * (double)part[p][i] : 0;
            most = candidate[i] || has(h, i) ? fmax(most, fabs((double)part[p][i])) : most;
        }
        const double size = fmax(count > 0 ? sqrt(sum / count) : 0, most / 1000);
        const double weight =
            fmax((double)floats(f, "fusion.weight")[p] +
                     (double)floats(f, "fusion.slope")[p] * (log(fmax(h->count, 1)) - 3),
                 0);
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (p == 0 || candidate[i] || has(h, i)) {
                out[i] += size > 0 ? weight * (double)part[p][i] / size : 0;
            }
        }
    }
}

static void scores_are_the_formula(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("fusion");
    gx_matrix m;
    float ones[ITEMS], scores[ITEMS];
    gx_error err = {0};
    draw(&m, false);
    fitted f = fit(&m, true, 2, 1);
    for (uint32_t i = 0; i < ITEMS; i++) {
        ones[i] = 1;
    }
    for (uint32_t u = 0; u < USERS; u += 7) {
        const gx_history h = gx__row_history(&m, u, ones);
        bool folded = true;
        double want[ITEMS];
        must(model->score(scores, &folded, f.state, &h, &err), &err);
        assert_false(folded);
        fuse_densely(want, &f, &h);
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (!(fabs(want[i] - (double)scores[i]) <= 1e-4 * (fabs(want[i]) + 1))) {
                fail_msg("member %u item %u: %g, by the formula %g", u, i, (double)scores[i],
                         want[i]);
            }
        }
    }
    drop(&f);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* Two blocks and more on two threads, against every member alone. */
static void blocks_are_each_alone(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("fusion");
    static float together[USERS][ITEMS], alone[ITEMS], one[ITEMS];
    gx_matrix m;
    gx_job job;
    gx_error err = {0};
    draw(&m, false);
    fitted f = fit(&m, true, 2, 1);
    float ones[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++) {
        ones[i] = 1;
    }
    gx_job_init(&job, 2, 1);
    must(model->score_block(together[3], f.state, &m, 3, USERS - 3, &job, &err), &err);
    gx_job_init(&job, 1, 1);
    for (uint32_t u = 3; u < USERS; u++) {
        const gx_history h = gx__row_history(&m, u, ones);
        bool folded;
        must(model->score_block(alone, f.state, &m, u, 1, &job, &err), &err);
        assert_memory_equal(together[u], alone, sizeof alone);
        must(model->score(one, &folded, f.state, &h, &err), &err);
        for (uint32_t i = 0; i < ITEMS; i++) { /* the fitted factors of ials are a step behind */
            assert_true(fabs((double)one[i] - (double)alone[i]) <=
                        0.02 * fabs((double)one[i]) + 0.02);
        }
    }
    drop(&f);
    gx_matrix_finish(&m);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void weights_are_learnt(void **unused) {
    (void)unused;
    for (int dated = 0; dated < 2; dated++) {
        gx_matrix m;
        draw(&m, dated);
        fitted plain = fit(&m, false, 2, 1), learnt = fit(&m, true, 2, 1),
               again = fit(&m, true, 1, 1);
        const float *before = floats(&plain, "fusion.weight");
        const float *after = floats(&learnt, "fusion.weight");
        const float *same = floats(&again, "fusion.weight");
        double moved = 0;
        for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
            assert_true(floats(&plain, "fusion.slope")[p] == 0);
            assert_true(isfinite(after[p]) && after[p] >= 0.72F * before[p] * 0.999F);
            moved = fmax(moved, fabs((double)(after[p] - before[p])));
        }
        assert_true(moved > 0.01);
        assert_memory_equal(after, same, GX__FUSION_PARTS * sizeof *after);
        drop(&plain);
        drop(&learnt);
        drop(&again);
        gx_matrix_finish(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_formula),
        cmocka_unit_test(blocks_are_each_alone),
        cmocka_unit_test(weights_are_learnt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
