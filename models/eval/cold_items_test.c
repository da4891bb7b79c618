/* Items held out whole: what is drawn, and lists of those alone, scored with what is added. */
#include "models/eval/testing.h"

enum { USERS = 50, ITEMS = 40, LONGEST = 7 };

static void draw(gx_matrix *out, uint64_t pairs, gx_rng *rng) {
    uint32_t row[400], col[400];
    float value[400];
    int64_t ts[400];
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    for (uint64_t k = 0; k < pairs; k++) {
        row[k] = (uint32_t)gx_rng_below(rng, USERS);
        col[k] = (uint32_t)gx_rng_below(rng, ITEMS - 5); /* the last are nobody's */
        value[k] = (float)(1 + gx_rng_below(rng, 5));
        ts[k] = (int64_t)gx_rng_below(rng, 100);
    }
    must(gx_matrix_build(out, USERS, ITEMS, pairs, row, col, value, ts, &job, &err), &err);
}

static uint64_t pairs_of(const gx_matrix *m, uint32_t item) {
    uint64_t count = 0;
    for (uint64_t k = 0; k < m->nnz; k++) {
        count += m->col[k] == item;
    }
    return count;
}

static void assert_split(const gx_split *s, const gx_matrix *all, double share) {
    uint32_t chosen = 0, cold = 0;
    uint64_t left = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        const bool is_cold = s->cold[i] == 1;
        chosen += pairs_of(all, i) > 0;
        cold += is_cold;
        assert_true(!is_cold || pairs_of(all, i) > 0);
        assert_int_equal(pairs_of(&s->fit, i), is_cold ? 0 : pairs_of(all, i));
        assert_true(is_cold || pairs_of(&s->test, i) == 0);
    }
    assert_int_equal(cold, s->cold_count);
    assert_int_equal(cold, fmin(fmax(round(share * chosen), 1), chosen - 1));
    for (uint32_t u = 0; u < USERS; u++) {
        const bool known = s->fit.ptr[u + 1] > s->fit.ptr[u];
        for (uint64_t k = all->ptr[u]; k < all->ptr[u + 1]; k++) {
            const uint32_t i = all->col[k];
            const uint64_t at = gx_matrix_find(&s->test, u, i);
            assert_int_equal(at != UINT64_MAX, s->cold[i] && known);
            assert_true(at == UINT64_MAX ||
                        (s->test.ts[at] == all->ts[k] && s->test.value[at] == all->value[k]));
            left += s->cold[i] && !known;
        }
    }
    assert_int_equal(s->fit.nnz + s->test.nnz + left, all->nnz);
}

static void whole_items_are_held_out(void **unused) {
    (void)unused;
    uint32_t other = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        gx_rng rng = gx_rng_at(seed, 5);
        gx_error err = {0};
        gx_matrix all;
        gx_split s = {0}, again = {0}, next = {0};
        gx_job job = job_of(1, seed), four = job_of(4, seed), later = job_of(1, seed + 1000);
        const double share = 0.02 + 0.96 * gx_rng_real(&rng);
        draw(&all, 60 + gx_rng_below(&rng, 340), &rng);
        const gx_status status = gx_split_cold_items(&s, &all, share, &job, &err);
        if (status == GX_CONFLICT) { /* all that are known have nothing of the drawn items */
            gx_matrix_finish(&all);
            continue;
        }
        must(status, &err);
        assert_split(&s, &all, share);
        must(gx_split_cold_items(&again, &all, share, &four, &err), &err);
        assert_memory_equal(s.cold, again.cold, ITEMS);
        assert_int_equal(s.test.nnz, again.test.nnz);
        if (gx_split_cold_items(&next, &all, share, &later, &err) == GX_OK) {
            other += memcmp(s.cold, next.cold, ITEMS) != 0;
        }
        gx_split_finish(&s);
        gx_split_finish(&again);
        gx_split_finish(&next);
        gx_matrix_finish(&all);
    }
    assert_true(other > 250);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void one_item_is_too_few(void **unused) {
    (void)unused;
    const uint32_t row[] = {0, 1}, col[] = {3, 3};
    gx_matrix all;
    gx_split s = {0};
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    must(gx_matrix_build(&all, 2, 5, 2, row, col, NULL, NULL, &job, &err), &err);
    assert_int_equal(gx_split_cold_items(&s, &all, 0.5, &job, &err), GX_CONFLICT);
    assert_null(s.cold);
    gx_matrix_finish(&all);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* ---- lists ------------------------------------------------------------------------------------
 */

static float base_score(uint32_t history, uint32_t item) {
    return (float)((item * 37 + history * 11) % 23) / 8;
}

static gx_status score(float *scores, bool *folded, const void *state, const gx_history *history,
                       gx_error *err) {
    (void)state;
    (void)err;
    *folded = false;
    for (uint32_t i = 0; i < ITEMS; i++) {
        scores[i] = base_score(history->count, i);
    }
    return GX_OK;
}

static gx_status add(float *scores, uint32_t items, const void *with, gx_error *err) {
    const float *by = with;
    if (by[0] < 0) {
        return gx_fail(err, GX_CORRUPT, "no such thing");
    }
    for (uint32_t i = 0; i < items; i++) {
        scores[i] += by[i];
    }
    return GX_OK;
}

/* Repeatedly the best that is left. */
static void assert_list(const gx_split *s, const float *by, const gx_lists *made, uint32_t u) {
    bool taken[ITEMS] = {false};
    const uint64_t from = made->ptr[u], length = made->ptr[u + 1] - from;
    const uint32_t history = (uint32_t)(s->fit.ptr[u + 1] - s->fit.ptr[u]);
    for (uint64_t k = 0; k < length; k++) {
        uint32_t best = GX_NONE;
        for (uint32_t i = 0; i < ITEMS; i++) {
            const float own = base_score(history, i) + by[i];
            if (s->cold[i] && !taken[i] &&
                (best == GX_NONE || own > base_score(history, best) + by[best])) {
                best = i;
            }
        }
        assert_int_equal(made->item[from + k], best);
        taken[best] = true;
    }
    assert_int_equal(length, s->cold_count < LONGEST ? s->cold_count : LONGEST);
}

static void lists_hold_those_items_alone(void **unused) {
    (void)unused;
    static const gx_model model = {.score = score};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        gx_rng rng = gx_rng_at(seed, 6);
        gx_error err = {0};
        gx_matrix all;
        gx_split s = {0};
        gx_job job = job_of(seed % 2 ? 1 : 3, seed);
        float by[ITEMS];
        uint8_t wanted[USERS];
        gx_lists made;
        draw(&all, 350, &rng);
        for (uint32_t i = 0; i < ITEMS; i++) {
            by[i] = (float)gx_rng_real(&rng);
        }
        must(gx_split_cold_items(&s, &all, 0.3, &job, &err), &err);
        for (uint32_t u = 0; u < USERS; u++) {
            wanted[u] = s.test.ptr[u + 1] > s.test.ptr[u];
        }
        gx_judged what = {.model = &model, .only = s.cold, .adjust = add, .with = by};
        must(gx_make_lists(&made, &what, &s.fit, &s.fit, wanted, LONGEST, &job, &err), &err);
        for (uint32_t u = 0; u < USERS; u++) {
            if (wanted[u]) {
                assert_list(&s, by, &made, u);
            }
        }
        /* Lists that were given are told without the other items. */
        const gx_lists whole = made;
        gx_lists less;
        uint8_t half[ITEMS];
        for (uint32_t i = 0; i < ITEMS; i++) {
            half[i] = s.cold[i] && i % 2;
        }
        const gx_judged given = {.lists = &whole, .only = half};
        must(gx_make_lists(&less, &given, &s.fit, &s.fit, wanted, LONGEST, &job, &err), &err);
        for (uint32_t u = 0; u < USERS; u++) {
            uint64_t at = less.ptr[u];
            for (uint64_t k = whole.ptr[u]; k < whole.ptr[u + 1]; k++) {
                assert_true(whole.item[k] % 2 == 0 || less.item[at++] == whole.item[k]);
            }
            assert_int_equal(at, less.ptr[u + 1]);
        }
        gx_lists_finish(&less, &job);
        gx_lists_finish(&made, &job);
        by[0] = -1;
        assert_int_equal(gx_make_lists(&made, &what, &s.fit, &s.fit, wanted, LONGEST, &job, &err),
                         GX_CORRUPT);
        gx_split_finish(&s);
        gx_matrix_finish(&all);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void failures_leave_nothing(void **unused) {
    (void)unused;
    gx_rng rng = gx_rng_at(3, 7);
    gx_matrix all;
    gx_status status = GX_NO_MEMORY;
    draw(&all, 200, &rng);
    const uint64_t blocks = gx_alloc_live_blocks();
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_job job = job_of(1, 1);
        gx_error err = {0};
        gx_split s = {0};
        gx_alloc_fail_at(k);
        status = gx_split_cold_items(&s, &all, 0.3, &job, &err);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_split_finish(&s);
        assert_int_equal(gx_alloc_live_blocks(), blocks);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        assert_true(k < 100);
    }
    gx_job job = job_of(1, 1);
    gx_error err = {0};
    gx_split s = {0};
    gx_job_cancel(&job);
    assert_int_equal(gx_split_cold_items(&s, &all, 0.3, &job, &err), GX_CANCELLED);
    gx_matrix_finish(&all);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_items_are_held_out),
        cmocka_unit_test(one_item_is_too_few),
        cmocka_unit_test(lists_hold_those_items_alone),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
