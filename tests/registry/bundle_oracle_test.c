/* The pass `bundle` beside a naive twin over dense tables, on thousands of small seeded shops; and
 * on shops with planted complements and substitutes. */
#include "tests/registry/sample.h"

enum { USERS = 14, ITEMS = 7, PLANTED_USERS = 400, PLANTED_ITEMS = 40 };
static const int64_t DAY = 86400000;

typedef struct store {
    uint32_t users, items, count;
    uint32_t row[8192], col[8192];
    int64_t ts[8192];
    bool timed;
    gx_matrix matrix;
    gx_input input;
} store;

static void buy(store *s, uint32_t user, uint32_t item, int64_t ts) {
    for (uint32_t k = 0; k < s->count; k++) {
        if (s->row[k] == user && s->col[k] == item) {
            return; /* once */
        }
    }
    s->row[s->count] = user;
    s->col[s->count] = item;
    s->ts[s->count++] = ts;
}

static void settle(store *s) {
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_matrix_build(&s->matrix, s->users, s->items, s->count, s->row, s->col, NULL,
                                     s->timed ? s->ts : NULL, &job, NULL),
                     GX_OK);
    s->input = (gx_input){.matrix = &s->matrix, .users = s->users, .items = s->items};
}

/* ---- the twin ------------------------------------------------------------------------------- */

typedef struct twin {
    double with[ITEMS][ITEMS], after[ITEMS][ITEMS], both[ITEMS][ITEMS], buyers[ITEMS];
    double chance[ITEMS][ITEMS], lift[ITEMS][ITEMS], evidence[ITEMS][ITEMS];
    bool kept[ITEMS][ITEMS];
    double like[ITEMS][ITEMS]; /* 0: no substitute */
} twin;

static double xlogx(double x) {
    return x > 0 ? x * log(x) : 0;
}

static double g2(double k, double row, double col, double all) {
    double sum = xlogx(k) + xlogx(row - k) + xlogx(col - k) + xlogx(all - row - col + k) +
                 xlogx(all) - xlogx(row) - xlogx(col) - xlogx(all - row) - xlogx(all - col);
    return 2 * sum;
}

static void twin_count(twin *t, const store *s, double window, double together, double *active) {
    bool any[USERS] = {false};
    for (uint32_t k = 0; k < s->count; k++) {
        t->buyers[s->col[k]]++;
        any[s->row[k]] = true;
        for (uint32_t l = 0; l < s->count; l++) {
            if (k == l || s->row[k] != s->row[l]) {
                continue;
            }
            double gap = s->timed ? (double)(s->ts[l] - s->ts[k]) / (double)DAY : 0;
            t->both[s->col[k]][s->col[l]]++;
            t->with[s->col[k]][s->col[l]] += fabs(gap) <= together;
            t->after[s->col[k]][s->col[l]] += gap > together && gap <= window;
        }
    }
    for (uint32_t u = 0; u < USERS; u++) {
        *active += any[u];
    }
}

static void twin_make(twin *t, const store *s, double window, double together, double support,
                      double least, double order) {
    double row[ITEMS] = {0}, col[ITEMS] = {0}, all = 0, active = 0;
    *t = (twin){0};
    twin_count(t, s, window, together, &active);
    for (int a = 0; a < ITEMS; a++) {
        for (int b = 0; b < ITEMS; b++) {
            row[a] += t->with[a][b] + t->after[a][b];
            col[b] += t->with[a][b] + t->after[a][b];
            all += t->with[a][b] + t->after[a][b];
        }
    }
    for (int a = 0; a < ITEMS; a++) {
        for (int b = 0; b < ITEMS; b++) {
            double n = t->with[a][b] + t->after[a][b], e = all > 0 ? row[a] * col[b] / all : 0;
            double last = t->after[a][b] + t->with[a][b] / 2;
            t->chance[a][b] = e;
            t->lift[a][b] = (n + 1) / (e + 1);
            t->evidence[a][b] = n > 0 ? g2(n, row[a], col[b], all) : 0;
            t->kept[a][b] = n >= support && n > e + 1e-9 && t->evidence[a][b] >= least &&
                            last >= order * (n + t->after[b][a]);
        }
    }
    double profile[ITEMS][2 * ITEMS] = {{0}};
    for (int a = 0; a < ITEMS; a++) {
        for (int b = 0; b < ITEMS; b++) {
            double w = t->kept[a][b] ? log(t->lift[a][b]) : 0;
            profile[a][b] = w;
            profile[b][ITEMS + a] = w;
        }
    }
    for (int a = 0; a < ITEMS; a++) {
        for (int b = 0; b < ITEMS; b++) {
            double dot = 0, x = 0, y = 0;
            for (int k = 0; k < 2 * ITEMS; k++) {
                dot += profile[a][k] * profile[b][k];
                x += profile[a][k] * profile[a][k];
                y += profile[b][k] * profile[b][k];
            }
            double cosine = dot > 0 ? dot / sqrt(x * y) : 0;
            double chance = t->buyers[a] * t->buyers[b] / active;
            bool together_often = t->both[a][b] > chance + 1e-9 &&
                                  g2(t->both[a][b], t->buyers[a], t->buyers[b], active) >= least;
            bool apart = a != b && !t->kept[a][b] && !t->kept[b][a] && !together_often;
            t->like[a][b] = apart && cosine >= 0.4 ? cosine : 0;
        }
    }
}

/* Whether a number stands so near a bound that rounding may tell either. */
static bool is_near(double x, double bound) {
    return fabs(x - bound) < 1e-6 * (1 + bound);
}

static void compare(const store *s, const twin *t, const run_result *r) {
    const uint64_t *ptr = gx_result_get(r->arrays, "bundle", "ptr", GX_U64, ITEMS + 1);
    const uint32_t *item = gx_result_get(r->arrays, "bundle", "item", GX_U32, ptr[ITEMS]);
    const uint32_t *count = gx_result_get(r->arrays, "bundle", "count", GX_U32, ptr[ITEMS]);
    const uint32_t *after = gx_result_get(r->arrays, "bundle", "after", GX_U32, ptr[ITEMS]);
    const float *lift = gx_result_get(r->arrays, "bundle", "lift", GX_F32, ptr[ITEMS]);
    const float *chance = gx_result_get(r->arrays, "bundle", "expected", GX_F32, ptr[ITEMS]);
    const float *evidence = gx_result_get(r->arrays, "bundle", "evidence", GX_F32, ptr[ITEMS]);
    const uint32_t *buyers = gx_result_get(r->arrays, "bundle", "buyers", GX_U32, ITEMS);
    const uint64_t *like_ptr = gx_result_get(r->arrays, "bundle", "like_ptr", GX_U64, ITEMS + 1);
    const uint32_t *like_item =
        gx_result_get(r->arrays, "bundle", "like_item", GX_U32, like_ptr[ITEMS]);
    const float *like = gx_result_get(r->arrays, "bundle", "like", GX_F32, like_ptr[ITEMS]);
    (void)s;
    for (uint32_t a = 0; a < ITEMS; a++) {
        uint64_t expected = 0;
        assert_true(buyers[a] == t->buyers[a]);
        for (uint32_t b = 0; b < ITEMS; b++) {
            expected += t->kept[a][b];
        }
        assert_int_equal(ptr[a + 1] - ptr[a], expected);
        for (uint64_t k = ptr[a]; k < ptr[a + 1]; k++) {
            uint32_t b = item[k];
            assert_true(t->kept[a][b]);
            assert_true(count[k] == t->with[a][b] + t->after[a][b]);
            assert_true(after[k] == t->after[a][b]);
            assert_true(fabs((double)lift[k] - t->lift[a][b]) < 1e-5 * t->lift[a][b]);
            assert_true(fabs((double)chance[k] - t->chance[a][b]) < 1e-5 * t->chance[a][b]);
            assert_true(fabs((double)evidence[k] - t->evidence[a][b]) < 1e-4);
            assert_true(k == ptr[a] || evidence[k] <= evidence[k - 1]);
        }
        for (uint64_t k = like_ptr[a]; k < like_ptr[a + 1]; k++) {
            double cosine = t->like[a][like_item[k]];
            assert_true(fabs((double)like[k] - cosine) < 1e-5);
            assert_true(k == like_ptr[a] || like[k] <= like[k - 1]);
        }
        expected = 0;
        for (uint32_t b = 0; b < ITEMS; b++) {
            expected += t->like[a][b] > 0;
        }
        assert_int_equal(like_ptr[a + 1] - like_ptr[a], expected);
    }
}

/* No number on a bound: there the twin's rounding is as good as ours. */
static bool is_clear(const twin *t, double least) {
    bool clear = true;
    for (int a = 0; a < ITEMS; a++) {
        for (int b = 0; b < ITEMS; b++) {
            clear &= !is_near(t->evidence[a][b], least);
            clear &= !is_near(t->like[a][b], 0.4);
        }
    }
    return clear;
}

static void test_twin(void **state) {
    (void)state;
    uint32_t kept = 0, likes = 0;
    static store s;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        gx_rng rng = gx_rng_at(seed, 71);
        s = (store){.users = USERS, .items = ITEMS, .timed = seed % 5 != 0};
        uint64_t per_cent = 20 + gx_rng_below(&rng, 60);
        for (uint32_t u = 0; u < USERS; u++) {
            for (uint32_t i = 0; i < ITEMS; i++) {
                if (gx_rng_below(&rng, 100) < (i % 2 == u % 2 ? per_cent : 10)) {
                    buy(&s, u, i, (int64_t)gx_rng_below(&rng, 50) * DAY + (seed % 2 ? i * DAY : 0));
                }
            }
        }
        settle(&s);
        twin t;
        twin_make(&t, &s, 20, 1, 2, 1, 0.35);
        if (is_clear(&t, 1)) {
            run_result r =
                run("bundle", &s.input, 1 + (int)(seed % 2),
                    PARAMS("window", "20", "together", "1", "support", "2", "evidence", "1"));
            compare(&s, &t, &r);
            kept += (uint32_t)gx_arrays_find(r.arrays, "bundle.item")->shape[0];
            likes += (uint32_t)gx_arrays_find(r.arrays, "bundle.like_item")->shape[0];
            run_free(&r);
        }
        gx_matrix_finish(&s.matrix);
    }
    print_message("%u complements and %u substitutes agree\n", kept, likes);
    assert_true(kept > 2000 && likes > 100);
}

/* ---- a planted shop ------------------------------------------------------------------------- */

/* Phones 0 and 1, of which a member buys one; a case (2) and glass (3) follow within days; 4 … 39
 * are bought by anybody at any time. */
static void plant(store *s) {
    gx_rng rng = gx_rng_at(5, 72);
    *s = (store){.users = PLANTED_USERS, .items = PLANTED_ITEMS, .timed = true};
    for (uint32_t u = 0; u < PLANTED_USERS; u++) {
        for (uint32_t k = 0; k < 6; k++) {
            buy(s, u, 4 + (uint32_t)gx_rng_below(&rng, PLANTED_ITEMS - 4),
                (int64_t)gx_rng_below(&rng, 365) * DAY);
        }
        if (u % 2 == 0) {
            int64_t day = (int64_t)gx_rng_below(&rng, 300) * DAY;
            buy(s, u, u / 2 % 2, day);
            if (gx_rng_below(&rng, 10) < 5) {
                buy(s, u, 2, day + (int64_t)(1 + gx_rng_below(&rng, 20)) * DAY);
            }
            if (gx_rng_below(&rng, 10) < 3) {
                buy(s, u, 3, day + (int64_t)(1 + gx_rng_below(&rng, 20)) * DAY);
            }
        }
    }
    settle(s);
}

static bool row_has(const uint64_t *ptr, const uint32_t *item, uint32_t of, uint32_t wanted) {
    bool has = false;
    for (uint64_t k = ptr[of]; k < ptr[of + 1]; k++) {
        has = has || item[k] == wanted;
    }
    return has;
}

static void test_planted(void **state) {
    (void)state;
    static store s;
    plant(&s);
    run_result r = run("bundle", &s.input, 2, NULL);
    const uint64_t *ptr = gx_result_get(r.arrays, "bundle", "ptr", GX_U64, 0);
    const uint32_t *item = gx_result_get(r.arrays, "bundle", "item", GX_U32, 0);
    const uint64_t *like_ptr = gx_result_get(r.arrays, "bundle", "like_ptr", GX_U64, 0);
    const uint32_t *like = gx_result_get(r.arrays, "bundle", "like_item", GX_U32, 0);
    for (uint32_t phone = 0; phone < 2; phone++) {
        assert_true(row_has(ptr, item, phone, 2) && row_has(ptr, item, phone, 3));
        assert_false(row_has(ptr, item, 2, phone) || row_has(ptr, item, 3, phone));
        assert_false(row_has(ptr, item, phone, 1 - phone));
        assert_true(row_has(like_ptr, like, phone, 1 - phone));
        assert_int_equal(item[ptr[phone]], 2);
    }
    uint64_t strays = 0;
    for (uint32_t i = 4; i < PLANTED_ITEMS; i++) {
        strays += ptr[i + 1] - ptr[i];
    }
    print_message("%llu of %d pairs of nothing\n", (unsigned long long)strays,
                  (PLANTED_ITEMS - 4) * (PLANTED_ITEMS - 5));
    assert_true(strays < 5);
    run_free(&r);
    gx_matrix_finish(&s.matrix);
}

/* Members who buy much of everything lift nothing, and times at the ends of their range do no harm.
 */
static void test_busy_members(void **state) {
    (void)state;
    static store s;
    s = (store){.users = 60, .items = 30, .timed = true};
    gx_rng rng = gx_rng_at(6, 73);
    for (uint32_t u = 0; u < 60; u++) {
        for (uint32_t i = 0; i < 30; i++) {
            if (gx_rng_below(&rng, 100) < (u < 12 ? 80 : 6)) {
                buy(&s, u, i, (int64_t)gx_rng_below(&rng, 5) * DAY);
            }
        }
    }
    buy(&s, 59, 0, INT64_MAX);
    buy(&s, 59, 1, INT64_MIN);
    settle(&s);
    run_result r = run("bundle", &s.input, 1, NULL);
    assert_true(gx_arrays_find(r.arrays, "bundle.item")->shape[0] < 5);
    run_free(&r);
    r = run("bundle", &s.input, 1, PARAMS("busy", "1"));
    assert_int_equal(gx_arrays_find(r.arrays, "bundle.item")->shape[0], 0);
    run_free(&r);
    gx_matrix_finish(&s.matrix);
}

static void test_estimate(void **state) {
    (void)state;
    static store s;
    plant(&s);
    assert_estimate_true("bundle", &s.input, PARAMS("support", "1", "evidence", "0"));
    gx_matrix_finish(&s.matrix);
}

/* What is told beforehand of many items that few bought together, within a window: of all pairs
 * that could be, and of all rows that could be full, it would be many times what is taken. */
static void what_is_told_is_what_is_taken(void **state) {
    (void)state;
    static store s;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        gx_rng rng = gx_rng_at(seed, 11);
        s = (store){.users = 400, .items = 1500 * (uint32_t)seed, .timed = true};
        for (uint32_t k = 0; k < 8000; k++) {
            const uint32_t user = (uint32_t)gx_rng_below(&rng, s.users);
            const uint32_t kind = (uint32_t)gx_rng_below(&rng, 30) * 4; /* some are bought often */
            const bool often = gx_rng_below(&rng, 2);
            buy(&s, user,
                often ? kind + (uint32_t)gx_rng_below(&rng, 4)
                      : (uint32_t)gx_rng_below(&rng, s.items),
                1600000000000 + (int64_t)gx_rng_below(&rng, 700) * DAY);
        }
        settle(&s);
        assert_estimate_true("bundle", &s.input, NULL);
        gx_matrix_finish(&s.matrix);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_what_is_taken),
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_busy_members),
        cmocka_unit_test(test_estimate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
