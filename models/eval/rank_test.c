/* Lists of members held out, whose factors are multiplied a block at a time, against the scores of
 * one history after the other. */
#include "models/eval/eval.h"
#include "models/testing.h"

#include <math.h>

enum { USERS = 60, ITEMS = 50, LONGEST = 6, ROUNDS = 25 };

/* No item outside the list is better than one in it; the list falls, and has nothing of the
 * history. Scores are alike but for rounding. */
static void assert_list(const float *scores, const gx_matrix *history, uint32_t u,
                        const uint32_t *list, uint64_t length) {
    bool out[ITEMS] = {false};
    float size = 0;
    uint64_t left = ITEMS;
    for (uint32_t i = 0; i < ITEMS; i++) {
        size = fmaxf(size, fabsf(scores[i]));
    }
    const float near = 1e-5F * size;
    for (uint64_t k = history->ptr[u]; k < history->ptr[u + 1]; k++) {
        out[history->col[k]] = true;
        left--;
    }
    assert_int_equal(length, left < LONGEST ? left : LONGEST);
    for (uint64_t k = 0; k < length; k++) {
        assert_false(out[list[k]]);
        out[list[k]] = true;
        assert_true(k == 0 || scores[list[k]] <= scores[list[k - 1]] + near);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_true(out[i] || length == 0 || scores[i] <= scores[list[length - 1]] + near);
    }
}

static void assert_lists(const gx_model *model, shape kind, uint64_t seed, int threads) {
    gx_matrix fit, history;
    gx_job job;
    gx_error err = {0};
    gx_lists made = {0};
    uint8_t wanted[USERS];
    gx_rng rng = gx_rng_at(seed, 9);
    gx_job_init(&job, threads, seed);
    draw_matrix(&fit, USERS, ITEMS, 500, kind, seed);
    draw_matrix(&history, USERS, ITEMS, 300, kind, seed + 1000);
    for (uint32_t u = 0; u < USERS; u++) {
        wanted[u] = gx_rng_below(&rng, 3) > 0;
    }
    fitted_model f = fit_with(model, &fit, NULL, threads);
    const gx_judged what = {.model = model, .state = f.state};
    must(gx_make_lists(&made, &what, &fit, &history, wanted, LONGEST, &job, &err), &err);
    for (uint32_t u = 0; u < USERS; u++) {
        float scores[ITEMS], ones[ITEMS];
        gx_history h = history_of(&history, u, ones);
        bool folded;
        h.user = GX_NONE;
        must(model->score(scores, &folded, f.state, &h, &err), &err);
        if (wanted[u]) {
            assert_list(scores, &history, u, made.item + made.ptr[u],
                        made.ptr[u + 1] - made.ptr[u]);
        } else {
            assert_int_equal(made.ptr[u + 1], made.ptr[u]);
        }
    }
    gx_lists_finish(&made, &job);
    fit_drop(model, &f);
    gx_matrix_finish(&fit);
    gx_matrix_finish(&history);
}

static void lists_of_held_out_members_are_of_their_scores(void **unused) {
    (void)unused;
    static const char *const names[] = {"spectral", "ials", "bpr", "item_knn"};
    for (size_t n = 0; n < GX_COUNT(names); n++) {
        const gx_model *model = gx_model_find(names[n]);
        assert_true((model->fold != NULL) == (strcmp(names[n], "item_knn") != 0));
        for (uint64_t round = 0; round < ROUNDS; round++) {
            const shape kinds[] = {BINARY, WEIGHTED, DISLIKES};
            assert_lists(model, kinds[round % 3], round, round % 2 ? 1 : 3);
        }
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_held_out_members_are_of_their_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
