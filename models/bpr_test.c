/* BPR against a naive serial twin, bit for bit; its gradient against differences of the objective;
 * folding in against the same steps in double; planted tastes found again. */
#include "models/bpr.h"

#include "models/testing.h"

#include <math.h>

enum { USERS_MAX = 40, ITEMS_MAX = 60, EVENTS_MAX = 400, D = 16, ROUNDS = 300 };

static void draw(gx_matrix *out, uint64_t round) {
    static const shape shapes[] = {BINARY, WEIGHTED, ZEROS};
    draw_any_size(out, USERS_MAX, ITEMS_MAX, EVENTS_MAX, shapes[round % 3], round);
}

static gx__bpr draw_how(uint64_t round) {
    gx_rng rng = gx_rng_at(42, round);
    return (gx__bpr){.rate = 0.01 + 0.3 * gx_rng_real(&rng),
                     .regularisation = round % 4 == 0 ? 0 : 0.1 * gx_rng_real(&rng),
                     .unit = 1 + gx_rng_real(&rng),
                     .epochs = 1 + (uint32_t)gx_rng_below(&rng, 4),
                     .candidates = 1 + (uint32_t)gx_rng_below(&rng, 5),
                     .d = D * (1 + (uint32_t)gx_rng_below(&rng, 2)),
                     .seed = round};
}

/* ---- the twin ------------------------------------------------------------------------------- */

/* Sixteen sums, added in pairs. */
static float dot_in_lanes(const float *a, const float *b, uint32_t d) {
    float lane[16] = {0};
    for (uint32_t j = 0; j < d; j++) {
        lane[j % 16] += a[j] * b[j];
    }
    for (uint32_t l = 0; l < 8; l++) {
        lane[l] += lane[l + 8];
    }
    for (uint32_t l = 0; l < 4; l++) {
        lane[l] += lane[l + 4];
    }
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

typedef struct twin {
    const gx_matrix *m;
    const gx__bpr *how;
    float *user, *item;
    float rate;
} twin;

/* Of the drawn items of the block the hardest; ITEMS_MAX: none. */
static uint32_t twin_other(const twin *t, uint32_t u, float sign, const uint32_t *block,
                           uint32_t size, gx_rng *rng) {
    const uint32_t d = t->how->d;
    uint32_t best = ITEMS_MAX;
    float most = 0;
    for (uint32_t c = 0; c < t->how->candidates; c++) {
        const uint32_t j = block[gx_rng_below(rng, size)];
        const float score = sign * dot_in_lanes(t->user + u * d, t->item + j * d, d);
        bool has = false;
        for (uint64_t k = t->m->ptr[u]; k < t->m->ptr[u + 1]; k++) {
            has |= t->m->col[k] == j;
        }
        if (!has && (best == ITEMS_MAX || score > most)) {
            best = j;
            most = score;
        }
    }
    return best;
}

static void twin_step(const twin *t, uint32_t u, uint64_t k, const uint32_t *block, uint32_t size,
                      gx_rng *rng) {
    const uint32_t d = t->how->d;
    const double value = gx_matrix_value(t->m, k);
    if (value == 0) {
        return;
    }
    const float sign = value > 0 ? 1 : -1;
    const uint32_t j = twin_other(t, u, sign, block, size, rng);
    if (j == ITEMS_MAX) {
        return;
    }
    float *w = t->user + u * d, *hi = t->item + t->m->col[k] * d, *hj = t->item + j * d;
    const float x = sign * dot_in_lanes(w, hi, d) - sign * dot_in_lanes(w, hj, d);
    const float c = (float)fmin(fabs(value) / t->how->unit, 8) * t->rate;
    const float g = sign * c / (1 + expf(x)), shrink = c * (float)t->how->regularisation;
    for (uint32_t l = 0; l < d; l++) {
        const float own = w[l], liked = hi[l], other = hj[l];
        w[l] = own + (g * (liked - other) - shrink * own);
        hi[l] = liked + (g * own - shrink * liked);
        hj[l] = other - (g * own + shrink * other);
    }
}

/* Stripes as bpr_train.c cuts them. */
static uint32_t stripe_of(const gx_matrix *m, uint32_t u, uint32_t blocks) {
    uint32_t p = 0;
    while (p + 1 < blocks && m->ptr[u] >= m->nnz / blocks * (p + 1)) {
        p++;
    }
    return p;
}

static void twin_train(twin *t, uint32_t blocks) {
    const gx_matrix *m = t->m;
    for (uint32_t e = 0; e < t->how->epochs; e++) {
        const uint64_t seed = gx_mix64(t->how->seed ^ gx_mix64(e + 2));
        uint32_t block[16][ITEMS_MAX], size[16] = {0}, of[ITEMS_MAX];
        t->rate = (float)(t->how->rate * (t->how->epochs - e) / t->how->epochs);
        for (uint32_t i = 0; i < m->cols; i++) {
            of[i] = (uint32_t)(gx_mix64(seed ^ gx_mix64(i)) % blocks);
            block[of[i]][size[of[i]]++] = i;
        }
        for (uint32_t s = 0; s < blocks; s++) {
            for (uint32_t p = 0; p < blocks; p++) {
                const uint32_t b = (p + s) % blocks;
                gx_rng rng = gx_rng_at(seed, p * 16 + b);
                for (uint32_t u = 0; u < m->rows; u++) {
                    for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
                        if (stripe_of(m, u, blocks) == p && of[m->col[k]] == b) {
                            twin_step(t, u, k, block[b], size[b], &rng);
                        }
                    }
                }
            }
        }
    }
}

static void training_is_the_naive_loop(void **unused) {
    (void)unused;
    static float user[2][USERS_MAX * 2 * D], item[2][ITEMS_MAX * 2 * D];
    uint32_t moved = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        gx_matrix m;
        gx_job job;
        gx_error err = {0};
        draw(&m, round);
        const gx__bpr how = draw_how(round);
        const uint32_t blocks = 1 + (uint32_t)(round % 7);
        gx_job_init(&job, 1 + (int)(round % 3), 1);
        gx__bpr_start(user[0], m.rows, how.d, round, &job);
        gx__bpr_start(item[0], m.cols, how.d, round + 1000, &job);
        memcpy(user[1], user[0], sizeof user[0]);
        memcpy(item[1], item[0], sizeof item[0]);
        must(gx__bpr_train(user[0], item[0], &m, &how, blocks, &job, &err), &err);
        moved += memcmp(user[1], user[0], sizeof user[0]) != 0;
        twin t = {.m = &m, .how = &how, .user = user[1], .item = item[1]};
        twin_train(&t, blocks);
        assert_memory_equal(user[0], user[1], (size_t)m.rows * how.d * sizeof(float));
        assert_memory_equal(item[0], item[1], (size_t)m.cols * how.d * sizeof(float));
        gx_matrix_finish(&m);
    }
    assert_true(moved > ROUNDS / 2);
}

/* ---- the gradient --------------------------------------------------------------------------- */

/* ln σ(w·h_0 − w·h_1) with the sign, less the regularisation; x is w, h_0, h_1. */
static double objective(const double *x, double sign, double lambda) {
    double apart = 0, size = 0;
    for (uint32_t j = 0; j < D; j++) {
        apart += sign * x[j] * (x[D + j] - x[2 * D + j]);
    }
    for (uint32_t j = 0; j < 3 * D; j++) {
        size += x[j] * x[j];
    }
    return -log1p(exp(-apart)) - lambda / 2 * size;
}

/* One member, two items, one event: the drawn item can only be the other. */
static void a_step_goes_along_the_gradient(void **unused) {
    (void)unused;
    const uint32_t row = 0, col = 0;
    for (uint64_t round = 0; round < 50; round++) {
        const float value = round % 2 ? -1 : 1;
        gx_matrix m;
        gx_job job;
        gx_error err = {0};
        gx_job_init(&job, 1, 1);
        must(gx_matrix_build(&m, 1, 2, 1, &row, &col, &value, NULL, &job, &err), &err);
        const gx__bpr how = {.rate = 1e-3,
                             .regularisation = 0.05,
                             .unit = 1,
                             .epochs = 1,
                             .candidates = 64, /* so that the other item is drawn for certain */
                             .d = D,
                             .seed = round};
        float user[D], item[2 * D];
        double x[3 * D];
        gx_rng rng = gx_rng_at(5, round);
        for (uint32_t j = 0; j < 3 * D; j++) {
            float *at = j < D ? user + j : item + (j - D);
            *at = (float)gx_rng_normal(&rng);
            x[j] = (double)*at;
        }
        must(gx__bpr_train(user, item, &m, &how, 1, &job, &err), &err);
        for (uint32_t j = 0; j < 3 * D; j++) {
            const double is = (double)(j < D ? user[j] : item[j - D]);
            const double before = x[j], e = 1e-5;
            x[j] = before + e;
            const double above = objective(x, (double)value, how.regularisation);
            x[j] = before - e;
            const double below = objective(x, (double)value, how.regularisation);
            x[j] = before;
            assert_true(fabs((is - before) / how.rate - (above - below) / (2 * e)) <= 1e-3);
        }
        gx_matrix_finish(&m);
    }
}

/* ---- folding in ----------------------------------------------------------------------------- */

static void folded_parts_sum(void **unused) {
    (void)unused;
    static float item[ITEMS_MAX * 2 * D], w[2 * D], again[2 * D];
    double parts[ITEMS_MAX];
    uint64_t had[ITEMS_MAX / 64 + 1] = {0};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        gx_matrix m;
        gx_job job;
        draw(&m, round);
        const gx__bpr how = draw_how(round);
        gx_job_init(&job, 1, 1);
        gx__bpr_start(item, m.cols, how.d, round, &job);
        for (uint32_t u = 0; u < m.rows; u++) {
            const uint64_t from = m.ptr[u];
            const gx__bpr_row row = {m.col + from, m.value ? m.value + from : NULL,
                                     (uint32_t)(m.ptr[u + 1] - from)};
            const float *against = item + u % m.cols * how.d;
            gx__bpr_fold(w, parts, had, item, m.cols, &row, against, &how);
            gx__bpr_fold(again, NULL, had, item, m.cols, &row, NULL, &how);
            assert_memory_equal(w, again, how.d * sizeof *w);
            assert_true(had[0] == 0);
            double sum = 0, size = 0, score = 0;
            for (uint32_t k = 0; k < row.count; k++) {
                sum += parts[k];
                size += fabs(parts[k]);
                assert_true(!row.value || row.value[k] != 0 || parts[k] == 0);
            }
            for (uint32_t j = 0; j < how.d; j++) {
                score += (double)w[j] * (double)against[j];
            }
            assert_true(fabs(sum - score) <= 1e-5 * (1 + size));
        }
        gx_matrix_finish(&m);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

enum { PEOPLE = 400, GOODS = 1100, TASTES = 4, TAKEN = 40 };

/* Each member takes the items whose planted product is largest; a fifth of them is kept out. */
static void plant(gx_matrix *out, uint8_t *hidden) {
    static float person[PEOPLE][TASTES], good[GOODS][TASTES];
    static uint32_t row[PEOPLE * TAKEN], col[PEOPLE * TAKEN];
    uint32_t count = 0;
    gx_rng rng = gx_rng_at(8, 8);
    for (uint32_t k = 0; k < PEOPLE * TASTES; k++) {
        person[k / TASTES][k % TASTES] = (float)gx_rng_normal(&rng);
    }
    for (uint32_t k = 0; k < GOODS * TASTES; k++) {
        good[k / TASTES][k % TASTES] = (float)gx_rng_normal(&rng);
    }
    memset(hidden, 0, (size_t)PEOPLE * GOODS);
    for (uint32_t u = 0; u < PEOPLE; u++) {
        float score[GOODS];
        gx_scored best[TAKEN];
        for (uint32_t i = 0; i < GOODS; i++) {
            score[i] = 0;
            for (uint32_t j = 0; j < TASTES; j++) {
                score[i] += person[u][j] * good[i][j];
            }
        }
        const uint32_t n = gx_top(best, TAKEN, score, GOODS, NULL, -INFINITY);
        for (uint32_t k = 0; k < n; k++) {
            if (gx_rng_below(&rng, 5) == 0) {
                hidden[(size_t)u * GOODS + best[k].item] = 1;
            } else {
                row[count] = u;
                col[count++] = best[k].item;
            }
        }
    }
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    must(gx_matrix_build(out, PEOPLE, GOODS, count, row, col, NULL, NULL, &job, &err), &err);
}

static gx_arrays *fit(const gx_matrix *m, int64_t epochs, int threads) {
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays = NULL;
    const gx_input input = {.matrix = m, .users = m->rows, .items = m->cols};
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "epochs", gx_int(epochs));
    gx_job_init(&job, threads, 1);
    must(gx_arrays_create(&arrays, &err), &err);
    must(gx_pass_run(arrays, &gx_model_find("bpr")->pass, NULL, &input, &params, &job, &err), &err);
    gx_arena_destroy(arena);
    return arrays;
}

/* How often a hidden item is above one the member would not have taken. */
static double area_under_curve(const float *scores, const gx_matrix *m, const uint8_t *hidden,
                               uint32_t u) {
    double above = 0, pairs = 0;
    for (uint32_t i = 0; i < GOODS; i++) {
        for (uint32_t j = 0; hidden[(size_t)u * GOODS + i] && j < GOODS; j++) {
            if (!hidden[(size_t)u * GOODS + j] && gx_matrix_find(m, u, j) == UINT64_MAX) {
                above += scores[i] > scores[j];
                pairs++;
            }
        }
    }
    return pairs > 0 ? above / pairs : 1;
}

static void planted_tastes_are_found(void **unused) {
    (void)unused;
    static uint8_t hidden[PEOPLE * GOODS];
    static float scores[GOODS];
    const gx_model *model = gx_model_find("bpr");
    gx_matrix m;
    gx_error err = {0};
    void *state;
    bool folded;
    plant(&m, hidden);
    gx_arrays *arrays = fit(&m, 40, 2);
    must(model->open(&state, arrays, "bpr", m.rows, m.cols, &err), &err);
    float ones[GOODS];
    double sum = 0;
    for (uint32_t i = 0; i < GOODS; i++) {
        ones[i] = 1;
    }
    for (uint32_t u = 0; u < PEOPLE; u++) {
        const gx_history h = {.user = GX_NONE,
                              .count = (uint32_t)(m.ptr[u + 1] - m.ptr[u]),
                              .item = m.col + m.ptr[u],
                              .weight = ones};
        must(model->score(scores, &folded, state, &h, &err), &err);
        assert_true(folded);
        sum += area_under_curve(scores, &m, hidden, u) / PEOPLE;
    }
    print_message("hidden items above the others: %.4f\n", sum);
    assert_true(sum > 0.97);
    model->close(state);
    gx_arrays_destroy(arrays);
    gx_matrix_finish(&m);
}

/* Enough items for 16 blocks. */
static void same_bytes_with_all_blocks(void **unused) {
    (void)unused;
    static uint8_t hidden[PEOPLE * GOODS];
    gx_matrix m;
    plant(&m, hidden);
    gx_arrays *one = fit(&m, 3, 1);
    const int threads[] = {2, 16};
    for (size_t k = 0; k < GX_COUNT(threads); k++) {
        gx_arrays *more = fit(&m, 3, threads[k]);
        for (size_t i = 0; i < gx_arrays_count(one); i++) {
            const gx_array *a = gx_arrays_at(one, i), *b = gx_arrays_at(more, i);
            assert_int_equal(a->bytes, b->bytes);
            assert_memory_equal(a->data, b->data, a->bytes);
        }
        gx_arrays_destroy(more);
    }
    gx_arrays_destroy(one);
    gx_matrix_finish(&m);
}

static void what_no_fit_gives_is_refused(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("bpr");
    const double bad[] = {0, -1, NAN, INFINITY};
    for (uint32_t k = 0; k < 5; k++) {
        for (size_t b = 0; b < GX_COUNT(bad); b++) {
            gx_matrix m;
            gx_error err = {0};
            void *state = NULL;
            draw(&m, 1);
            gx_arrays *arrays = fit(&m, 1, 1);
            double *training = NULL;
            for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
                const gx_array *a = gx_arrays_at(arrays, i);
                training = strcmp(a->name, "bpr.training") == 0 ? a->data : training;
            }
            assert_non_null(training);
            training[k] = bad[b];
            const bool good = k == 1 && bad[b] == 0; /* no regularisation */
            const gx_status status = model->open(&state, arrays, "bpr", m.rows, m.cols, &err);
            assert_int_equal(status, good ? GX_OK : GX_CORRUPT);
            if (state) {
                model->close(state);
            }
            assert_int_equal(model->open(&state, arrays, "bpr", m.rows, m.cols + 1, &err),
                             GX_NOT_FOUND);
            gx_arrays_destroy(arrays);
            gx_matrix_finish(&m);
        }
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* More events than are told apart, on a matrix that is not there: refused before anything is read.
 */
static void too_many_events_are_refused(void **unused) {
    (void)unused;
    const gx_matrix m = {.rows = UINT32_MAX - 1, .cols = 100, .nnz = UINT64_C(1) << 32};
    const gx__bpr how = {.epochs = 1, .candidates = 1, .d = D};
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx__bpr_train(NULL, NULL, &m, &how, 0, &job, &err), GX_OVER_LIMIT);
    assert_non_null(strstr(err.message, "4294967296 events on 100 items; accepted are 4294967194"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_events_are_refused),
        cmocka_unit_test(training_is_the_naive_loop),
        cmocka_unit_test(a_step_goes_along_the_gradient),
        cmocka_unit_test(folded_parts_sum),
        cmocka_unit_test(planted_tastes_are_found),
        cmocka_unit_test(same_bytes_with_all_blocks),
        cmocka_unit_test(what_no_fit_gives_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
