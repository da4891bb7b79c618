/* What the tests of models share: matrices that are drawn, and fits of them. */
#ifndef GX_MODELS_TESTING_H
#define GX_MODELS_TESTING_H

#include "models/model.h"
#include "models/scoring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline void must(gx_status status, const gx_error *err) {
    if (status != GX_OK) {
        fail_msg("%s: %s: %s", gx_status_name(status), err->at, err->message);
    }
}

/* ---- matrices ------------------------------------------------------------------------------- */

/* Of the values: none, 1 to 5, those with dislikes, with zeros too, reals with dislikes, … */
typedef enum shape { BINARY, WEIGHTED, DISLIKES, ZEROS, REALS, EQUAL, ENORMOUS, SHAPES } shape;

static inline float draw_value(shape kind, gx_rng *rng) {
    const float value = (float)(1 + gx_rng_below(rng, 5));
    switch (kind) {
    case DISLIKES:
        return gx_rng_below(rng, 4) == 0 ? -value : value;
    case ZEROS:
        return gx_rng_below(rng, 4) == 0 ? (gx_rng_below(rng, 3) ? -value : 0) : value;
    case REALS:
        return (float)(1 + gx_rng_real(rng)) * (gx_rng_below(rng, 6) == 0 ? -1.0F : 1.0F);
    case EQUAL:
        return 2.5F;
    case ENORMOUS:
        return gx_rng_below(rng, 2) ? value * 1e36F : value * 1e-36F;
    default:
        return value;
    }
}

/* At most `events` pairs, each once. Skewed, so that some items are in most histories; the last two
 * items and the last member are in none, where there are others. With values there are times. */
static inline void draw_matrix(gx_matrix *out, uint32_t users, uint32_t items, uint32_t events,
                               shape kind, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, (uint64_t)kind);
    uint8_t *there = gx_alloc0((size_t)users * items + 1, 1);
    uint32_t *row = gx_alloc((size_t)events + 1, sizeof *row), kept = 0;
    uint32_t *col = gx_alloc((size_t)events + 1, sizeof *col);
    float *value = gx_alloc((size_t)events + 1, sizeof *value);
    int64_t *ts = gx_alloc((size_t)events + 1, sizeof *ts);
    assert_true(there && row && col && value && ts);
    for (uint32_t k = 0; k < events; k++) {
        const double skewed = gx_rng_real(&rng);
        row[kept] = (uint32_t)gx_rng_below(&rng, users > 1 ? users - 1 : 1);
        col[kept] = (uint32_t)(skewed * skewed * (items > 2 ? items - 2 : 1));
        value[kept] = draw_value(kind, &rng);
        ts[kept] = 1700000000000 + (int64_t)gx_rng_below(&rng, 100) * 86400000;
        uint8_t *is_there = &there[(size_t)row[kept] * items + col[kept]];
        kept += !*is_there;
        *is_there = 1;
    }
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    const bool plain = kind == BINARY;
    must(gx_matrix_build(out, users, items, kept, row, col, plain ? NULL : value, plain ? NULL : ts,
                         &job, &err),
         &err);
    gx_free(there);
    gx_free(row);
    gx_free(col);
    gx_free(value);
    gx_free(ts);
}

/* Of 2 to `users` members and 2 to `items` items, with fewer than `events` events. */
static inline void draw_any_size(gx_matrix *out, uint32_t users, uint32_t items, uint32_t events,
                                 shape kind, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, SHAPES);
    const uint32_t rows = 2 + (uint32_t)gx_rng_below(&rng, users - 1);
    const uint32_t cols = 2 + (uint32_t)gx_rng_below(&rng, items - 1);
    draw_matrix(out, rows, cols, (uint32_t)gx_rng_below(&rng, events), kind, seed);
}

static inline double value_at(const gx_matrix *m, uint32_t u, uint32_t i) {
    const uint64_t k = gx_matrix_find(m, u, i);
    return k == UINT64_MAX ? 0 : gx_matrix_value(m, k);
}

static inline gx_input input_of(const gx_matrix *m) {
    return (gx_input){.matrix = m, .users = m->rows, .items = m->cols};
}

/* `ones`: as many as there are items. */
static inline gx_history history_of(const gx_matrix *m, uint32_t u, float *ones) {
    for (uint32_t i = 0; i < m->cols; i++) {
        ones[i] = 1;
    }
    return gx__row_history(m, u, ones);
}

/* ---- fits ----------------------------------------------------------------------------------- */

/* A fit and its opened state. */
typedef struct fitted_model {
    gx_arrays *arrays;
    void *state;
} fitted_model;

/* `params` NULL: the defaults. */
static inline fitted_model fit_input(const gx_model *model, const gx_input *input,
                                     const gx_value *params, int threads) {
    gx_job job;
    gx_error err = {0};
    fitted_model f = {0};
    gx_job_init(&job, threads, 1);
    must(gx_arrays_create(&f.arrays, &err), &err);
    must(gx_pass_run(f.arrays, &model->pass, NULL, input, params, &job, &err), &err);
    must(model->open(&f.state, f.arrays, model->pass.name, input->users, input->items, &err), &err);
    return f;
}

static inline fitted_model fit_with(const gx_model *model, const gx_matrix *m,
                                    const gx_value *params, int threads) {
    const gx_input input = input_of(m);
    return fit_input(model, &input, params, threads);
}

static inline void fit_drop(const gx_model *model, fitted_model *f) {
    model->close(f->state);
    gx_arrays_destroy(f->arrays);
}

#endif
