/* Metrics against small examples by hand and naive twins, splits, and what fails. */
#include "models/eval/testing.h"

enum { USERS = 50, ITEMS = 30, LONGEST = 12 };

/* ---- one list, by hand ------------------------------------------------------------------------
 */

static void one_list_by_hand(void **unused) {
    (void)unused;
    double f[GX_MEMBER_METRICS];
    const uint8_t hit[] = {0, 1, 0, 1, 0};
    /* Places 2 and 4 of a list of 5 are hits; 3 items were to be found. */
    gx_measure_list(f, &(gx_listed){.hit = hit, .length = 5, .cutoff = 5, .tested = 3});
    assert_near(f[GX_METRIC_recall], 2.0 / 3, 1e-15);
    assert_near(f[GX_METRIC_precision], 2.0 / 5, 1e-15);
    assert_near(f[GX_METRIC_hit_rate], 1, 0);
    assert_near(f[GX_METRIC_mrr], 0.5, 0);
    assert_near(f[GX_METRIC_map], (1.0 / 2 + 2.0 / 4) / 3, 1e-15);
    const double gain = 1 / log2(3) + 1 / log2(5), ideal = 1 + 1 / log2(3) + 1 / log2(4);
    assert_near(f[GX_METRIC_ndcg], gain / ideal, 1e-15);
    assert_near(f[GX_METRIC_ndcg], 0.49818925746641285, 1e-12);
    /* More to find than the list is long: the ideal is a list full of hits. */
    const uint8_t both[] = {1, 1};
    gx_measure_list(f, &(gx_listed){.hit = both, .length = 2, .cutoff = 2, .tested = 9});
    assert_near(f[GX_METRIC_ndcg], 1, 1e-15);
    assert_near(f[GX_METRIC_map], 1, 1e-15);
    assert_near(f[GX_METRIC_recall], 2.0 / 9, 1e-15);
    /* Shorter than asked for: precision is over the places asked for. */
    gx_measure_list(f, &(gx_listed){.hit = both, .length = 2, .cutoff = 4, .tested = 2});
    assert_near(f[GX_METRIC_precision], 0.5, 0);
    /* No list. */
    gx_measure_list(f, &(gx_listed){.hit = NULL, .length = 0, .cutoff = 5, .tested = 1});
    for (int m = 0; m < GX_MEMBER_METRICS; m++) {
        assert_near(f[m], 0, 0);
    }
}

static void all_lists_by_hand(void **unused) {
    (void)unused;
    /* Three lists of two: {0, 1}, {0, 2}, {0, 1}; four items; ten members. */
    uint64_t count[] = {3, 2, 1, 0};
    const double w = 1 / sqrt(2);
    double weight[] = {3 * w, 2 * w, w, 0}, f[GX_LIST_METRICS];
    const uint32_t popular[] = {8, 4, 0, 1};
    const gx_shown shown = {.items = 4,
                            .count = count,
                            .weight = weight,
                            .lists = 3,
                            .places = 6,
                            .members = 10,
                            .popular = popular,
                            .taken = 0.4};
    gx_job job = job_of(1, 1);
    gx_error err = {0};
    must(gx_measure_lists(f, &shown, &job, &err), &err);
    assert_near(f[GX_METRIC_coverage], 0.75, 0);
    assert_near(f[GX_METRIC_gini], (-3.0 * 0 - 1 * 1 + 1 * 2 + 3 * 3) / (4 * 6), 1e-15);
    assert_near(f[GX_METRIC_novelty], (3 * log2(10.0 / 8) + 2 * log2(10.0 / 4) + log2(10.0)) / 6,
                1e-15);
    assert_near(f[GX_METRIC_popularity], (3 * 0.8 + 2 * 0.4 + 0) / 6, 1e-15);
    assert_near(f[GX_METRIC_popularity_bias], (3 * 0.8 + 2 * 0.4) / 6 / 0.4, 1e-15);
    /* Overlaps ½, 1 and ½. */
    assert_near(f[GX_METRIC_personalisation], 1 - (0.5 + 1 + 0.5) / 3, 1e-12);
    uint64_t none[4] = {0};
    double nothing[4] = {0};
    const gx_shown empty = {
        .items = 4, .count = none, .weight = nothing, .members = 10, .popular = popular};
    must(gx_measure_lists(f, &empty, &job, &err), &err);
    assert_near(f[GX_METRIC_coverage], 0, 0);
    assert_true(isnan(f[GX_METRIC_gini]) && isnan(f[GX_METRIC_personalisation]));
}

/* ---- judging lists, against twins -------------------------------------------------------------
 */

static void draw(gx_matrix *out, uint32_t pairs, gx_rng *rng, bool timed) {
    static uint8_t there[USERS][ITEMS];
    uint32_t row[USERS * ITEMS], col[USERS * ITEMS], n = 0;
    int64_t ts[USERS * ITEMS];
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    memset(there, 0, sizeof there);
    for (uint32_t k = 0; k < pairs; k++) {
        const double skewed = gx_rng_real(rng);
        const uint32_t u = (uint32_t)gx_rng_below(rng, USERS - 1);
        const uint32_t i = (uint32_t)(skewed * skewed * (ITEMS - 1));
        if (!there[u][i]) {
            there[u][i] = 1;
            row[n] = u;
            col[n] = i;
            ts[n++] = 1000 * (int64_t)gx_rng_below(rng, 20);
        }
    }
    must(gx_matrix_build(out, USERS, ITEMS, n, row, col, NULL, timed ? ts : NULL, &job, &err),
         &err);
}

typedef struct made_lists {
    uint64_t ptr[USERS + 1];
    uint32_t item[USERS * LONGEST];
} made_lists;

static gx_lists draw_lists(made_lists *m, gx_rng *rng) {
    uint64_t at = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        uint32_t order[ITEMS];
        const uint32_t length = (uint32_t)gx_rng_below(rng, LONGEST + 1);
        for (uint32_t i = 0; i < ITEMS; i++) {
            order[i] = i;
        }
        m->ptr[u] = at;
        for (uint32_t k = 0; k < length; k++) {
            const uint32_t with = k + (uint32_t)gx_rng_below(rng, ITEMS - k);
            const uint32_t item = order[with];
            order[with] = order[k];
            m->item[at++] = item;
        }
    }
    m->ptr[USERS] = at;
    return (gx_lists){USERS, m->ptr, m->item};
}

static uint64_t shown_of(const gx_lists *l, uint32_t u, uint32_t cutoff) {
    const uint64_t n = l->ptr[u + 1] - l->ptr[u];
    return n < cutoff ? n : cutoff;
}

static double overlap(const gx_lists *l, uint32_t a, uint32_t b, uint32_t cutoff) {
    const uint64_t n = shown_of(l, a, cutoff), m = shown_of(l, b, cutoff);
    double same = 0;
    for (uint64_t x = 0; x < n; x++) {
        for (uint64_t y = 0; y < m; y++) {
            same += l->item[l->ptr[a] + x] == l->item[l->ptr[b] + y];
        }
    }
    return same / sqrt((double)n * (double)m);
}

/* Every pair of members; mean absolute differences for Gini. */
static void assert_lists_twin(const gx_judgement *j, const gx_lists *l, const gx_matrix *fit,
                              const gx_matrix *test, uint32_t c, uint32_t cutoff) {
    double count[ITEMS] = {0}, popular[ITEMS] = {0}, places = 0, pairs = 0, same = 0, members = 0;
    double bits = 0, gaps = 0, shown = 0, popularity = 0, taken = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        members += fit->ptr[u + 1] > fit->ptr[u];
        for (uint32_t i = 0; i < ITEMS; i++) {
            popular[i] += gx_matrix_find(fit, u, i) != UINT64_MAX;
        }
    }
    for (uint32_t u = 0; u < USERS; u++) {
        if (test->ptr[u + 1] == test->ptr[u] || l->ptr[u + 1] == l->ptr[u]) {
            continue;
        }
        for (uint64_t k = l->ptr[u]; k < l->ptr[u + 1] && k < l->ptr[u] + cutoff; k++) {
            count[l->item[k]]++;
            places++;
            bits -= log2(fmax(popular[l->item[k]], 1) / members);
            popularity += popular[l->item[k]] / members;
        }
        for (uint32_t v = u + 1; v < USERS; v++) {
            if (test->ptr[v + 1] > test->ptr[v] && l->ptr[v + 1] > l->ptr[v]) {
                same += overlap(l, u, v, cutoff);
                pairs++;
            }
        }
    }
    for (uint64_t k = 0; k < test->nnz; k++) {
        taken += popular[test->col[k]] / members / (double)test->nnz;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        shown += count[i] > 0;
        for (uint32_t k = 0; k < ITEMS; k++) {
            gaps += fabs(count[i] - count[k]);
        }
    }
    const double *f = j->list[c];
    assert_near(f[GX_METRIC_coverage], shown / ITEMS, 1e-12);
    assert_near(f[GX_METRIC_gini], gaps / (2 * ITEMS * places), 1e-12);
    assert_near(f[GX_METRIC_novelty], bits / places, 1e-12);
    assert_near(f[GX_METRIC_popularity], popularity / places, 1e-12);
    assert_near(f[GX_METRIC_popularity_bias], popularity / places / taken, 1e-12);
    assert_near(f[GX_METRIC_personalisation], 1 - same / pairs, 1e-12);
}

static void assert_member_twin(const gx_judgement *j, uint32_t row, const gx_lists *l,
                               const gx_matrix *test, uint32_t c, uint32_t cutoff) {
    const uint32_t u = j->user[row];
    double hits = 0, first = 0, gain = 0, ideal = 0, precisions = 0;
    const double tested = (double)(test->ptr[u + 1] - test->ptr[u]);
    for (uint64_t k = l->ptr[u]; k < l->ptr[u + 1] && k - l->ptr[u] < cutoff; k++) {
        const double place = (double)(k - l->ptr[u]) + 1;
        if (gx_matrix_find(test, u, l->item[k]) != UINT64_MAX) {
            hits++;
            first = first > 0 ? first : 1 / place;
            gain += log(2) / log(place + 1);
            precisions += hits / place;
        }
    }
    for (double place = 1; place <= fmin(tested, cutoff); place++) {
        ideal += log(2) / log(place + 1);
    }
    const double *f = j->figure + (size_t)row * j->columns + (size_t)c * GX_MEMBER_METRICS;
    assert_near(f[GX_METRIC_recall], hits / tested, 1e-12);
    assert_near(f[GX_METRIC_precision], hits / cutoff, 1e-12);
    assert_near(f[GX_METRIC_hit_rate], hits > 0, 0);
    assert_near(f[GX_METRIC_mrr], first, 1e-12);
    assert_near(f[GX_METRIC_ndcg], gain / ideal, 1e-12);
    assert_near(f[GX_METRIC_map], precisions / fmin(tested, cutoff), 1e-12);
}

static void lists_agree_with_twins(void **unused) {
    (void)unused;
    static made_lists made;
    const gx_eval_options options = {.cutoff = {1, 5, LONGEST}, .cutoff_count = 3};
    for (uint64_t round = 0; round < 200; round++) {
        gx_rng rng = gx_rng_at(7, round);
        gx_matrix fit, test;
        gx_error err = {0};
        gx_judgement j;
        gx_job job = job_of(1 + (int)(round % 2), 1);
        draw(&fit, 40 + (uint32_t)gx_rng_below(&rng, 300), &rng, false);
        draw(&test, 20 + (uint32_t)gx_rng_below(&rng, 150), &rng, false);
        const gx_lists lists = draw_lists(&made, &rng);
        const gx_judged what = {.lists = &lists};
        must(gx_judge(&j, &what, &fit, &fit, &test, &options, &job, &err), &err);
        double sum[3 * GX_MEMBER_METRICS] = {0}, thirds[3] = {0};
        for (uint32_t row = 0; row < j.users; row++) {
            for (uint32_t c = 0; c < 3; c++) {
                assert_member_twin(&j, row, &lists, &test, c, options.cutoff[c]);
            }
            for (uint32_t k = 0; k < j.columns; k++) {
                sum[k] += j.figure[(size_t)row * j.columns + k];
            }
        }
        for (uint32_t k = 0; k < j.columns; k++) {
            assert_near(j.mean[k], sum[k] / j.users, 1e-12);
        }
        for (uint32_t c = 0; c < 3; c++) {
            assert_lists_twin(&j, &lists, &fit, &test, c, options.cutoff[c]);
        }
        for (int t = 0; t < GX_THIRDS; t++) {
            thirds[0] += j.shown[t];
            thirds[1] += j.taken[t];
            thirds[2] += j.catalogue[t];
        }
        for (int t = 0; t < 3; t++) {
            assert_near(thirds[t], 1, 1e-9);
        }
        gx_judgement_finish(&j);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        gx_matrix_finish(&fit);
        gx_matrix_finish(&test);
    }
}

/* The same lists, whoever counts them. */
static void given_lists_are_measured_alike(void **unused) {
    (void)unused;
    static made_lists made;
    double figures[GX_LIST_METRICS];
    gx_rng rng = gx_rng_at(9, 1);
    gx_matrix fit;
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    gx_judgement j;
    const gx_eval_options options = {.cutoff = {LONGEST}, .cutoff_count = 1};
    draw(&fit, 300, &rng, false);
    gx_lists lists = draw_lists(&made, &rng);
    made.ptr[USERS] = made.ptr[USERS - 1]; /* the last member has no test item */
    const gx_judged what = {.lists = &lists};
    uint64_t test_ptr[USERS + 1];
    uint32_t test_col[USERS];
    for (uint32_t u = 0; u < USERS; u++) {
        test_ptr[u] = u;
        test_col[u] = u % ITEMS;
    }
    test_ptr[USERS] = USERS;
    const gx_matrix test = {USERS, ITEMS, USERS, test_ptr, test_col, NULL, NULL, NULL};
    must(gx_judge(&j, &what, &fit, &fit, &test, &options, &job, &err), &err);
    must(gx_measure_given(figures, &lists, &fit, &job, &err), &err);
    for (int m = 0; m < GX_LIST_METRICS; m++) {
        const bool bias = m == GX_METRIC_popularity_bias;
        assert_near(figures[m], bias ? (double)NAN : j.list[0][m], 1e-12);
    }
    gx_judgement_finish(&j);
    gx_matrix_finish(&fit);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

/* A list that repeats what is known is told, and a model's never does. */
static void known_and_unlisted_are_told(void **unused) {
    (void)unused;
    const uint32_t fit_row[] = {0, 0, 1, 2}, fit_col[] = {0, 1, 1, 2};
    const uint32_t test_row[] = {0, 1, 1}, test_col[] = {2, 1, 0};
    uint64_t ptr[] = {0, 2, 2, 2};
    uint32_t item[] = {1, 2};
    const gx_lists lists = {3, ptr, item};
    const gx_judged what = {.lists = &lists};
    const gx_eval_options options = {.cutoff = {2}, .cutoff_count = 1};
    gx_matrix fit, test;
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    gx_judgement j;
    must(gx_matrix_build(&fit, 3, 3, 4, fit_row, fit_col, NULL, NULL, &job, &err), &err);
    must(gx_matrix_build(&test, 3, 3, 3, test_row, test_col, NULL, NULL, &job, &err), &err);
    must(gx_judge(&j, &what, &fit, &fit, &test, &options, &job, &err), &err);
    assert_int_equal(j.users, 2);
    assert_int_equal(j.unlisted, 1);
    assert_int_equal(j.known, 1);
    assert_int_equal(j.repeats, 1);
    assert_near(j.mean[GX_METRIC_recall], 0.5, 0);
    assert_true(isnan(j.list[0][GX_METRIC_personalisation]));
    gx_judgement_finish(&j);
    const gx_eval_options falling = {.cutoff = {5, 2}, .cutoff_count = 2};
    assert_int_equal(gx_judge(&j, &what, &fit, &fit, &test, &falling, &job, &err), GX_BAD_REQUEST);
    gx_matrix_finish(&fit);
    gx_matrix_finish(&test);
}

/* ---- splits -----------------------------------------------------------------------------------
 */

typedef gx_status (*split_fn)(gx_split *out, const gx_matrix *all, gx_job *job, gx_error *err);

static gx_status by_random(gx_split *out, const gx_matrix *all, gx_job *job, gx_error *err) {
    return gx_split_random(out, all, 0.7, job, err);
}

static gx_status by_member(gx_split *out, const gx_matrix *all, gx_job *job, gx_error *err) {
    return gx_split_members(out, all, 0.5, job, err);
}

static bool in(const gx_matrix *m, uint32_t u, uint32_t i) {
    return u < m->rows && gx_matrix_find(m, u, i) != UINT64_MAX;
}

/* Every pair is in one part, with its time. */
static void assert_parts(const gx_split *s, const gx_matrix *all) {
    assert_int_equal(s->fit.nnz + s->past.nnz + s->test.nnz, all->nnz);
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint64_t k = all->ptr[u]; k < all->ptr[u + 1]; k++) {
            const uint32_t i = all->col[k];
            const int parts = in(&s->fit, u, i) + in(&s->past, u, i) + in(&s->test, u, i);
            assert_int_equal(parts, 1);
            const gx_matrix *m = in(&s->fit, u, i)    ? &s->fit
                                 : in(&s->past, u, i) ? &s->past
                                                      : &s->test;
            assert_true(!all->ts || m->ts[gx_matrix_find(m, u, i)] == all->ts[k]);
        }
    }
}

static uint64_t size(const gx_matrix *m, uint32_t u) {
    return u < m->rows ? m->ptr[u + 1] - m->ptr[u] : 0;
}

static void assert_random(const gx_split *s, const gx_matrix *all) {
    for (uint32_t u = 0; u < USERS; u++) {
        const double n = (double)size(all, u);
        const double kept = n < 2 ? n : fmin(fmax(round(0.7 * n), 1), n - 1);
        assert_near((double)size(&s->fit, u), kept, 0);
    }
}

static void assert_last(const gx_split *s, const gx_matrix *all) {
    for (uint32_t u = 0; u < USERS; u++) {
        assert_int_equal(size(&s->test, u), size(all, u) > 1);
        for (uint64_t k = all->ptr[u]; all->ts && size(&s->test, u) && k < all->ptr[u + 1]; k++) {
            assert_true(s->test.ts[s->test.ptr[u]] >= all->ts[k]);
        }
    }
}

static void assert_members(const gx_split *s, const gx_matrix *all) {
    for (uint32_t u = 0; u < USERS; u++) {
        const bool held = size(&s->past, u) + size(&s->test, u) > 0;
        assert_true(!held || size(&s->fit, u) == 0);
        assert_true(held || size(&s->fit, u) == size(all, u));
        assert_true(!size(&s->test, u) || size(&s->past, u));
    }
    assert_ptr_equal(gx_split_history(s), &s->past);
}

static void splits_hold(void **unused) {
    (void)unused;
    const struct {
        split_fn make;
        void (*check)(const gx_split *, const gx_matrix *);
    } splits[] = {
        {by_random, assert_random}, {gx_split_last, assert_last}, {by_member, assert_members}};
    for (uint64_t round = 0; round < 100; round++) {
        for (size_t k = 0; k < GX_COUNT(splits); k++) {
            gx_rng rng = gx_rng_at(11, round);
            gx_matrix all;
            gx_split one = {0}, two = {0};
            gx_error err = {0};
            gx_job job = job_of(1, round), again = job_of(2, round);
            draw(&all, 60 + (uint32_t)gx_rng_below(&rng, 400), &rng, round % 2 == 0);
            must(splits[k].make(&one, &all, &job, &err), &err);
            must(splits[k].make(&two, &all, &again, &err), &err);
            assert_parts(&one, &all);
            splits[k].check(&one, &all);
            assert_int_equal(one.test.nnz, two.test.nnz);
            assert_memory_equal(one.test.col, two.test.col, one.test.nnz * sizeof *one.test.col);
            gx_split_finish(&one);
            gx_split_finish(&two);
            gx_matrix_finish(&all);
            assert_int_equal(atomic_load(&job.mem_used), 0);
        }
    }
}

/* So many members are left, whole, and each as often as another. */
static void samples_are_of_members(void **unused) {
    (void)unused;
    enum { DRAWN = 7, TIMES = 400 };
    uint32_t times[USERS] = {0}, tested = 0;
    gx_rng rng = gx_rng_at(37, 1);
    gx_matrix all;
    gx_error err = {0};
    draw(&all, 400, &rng, true);
    for (uint64_t seed = 0; seed < TIMES; seed++) {
        gx_split s = {0};
        gx_job job = job_of(1, seed);
        uint32_t left = 0;
        must(gx_split_random(&s, &all, 0.5, &job, &err), &err);
        uint64_t whole[USERS];
        for (uint32_t u = 0; u < USERS; u++) {
            whole[u] = size(&s.test, u);
            tested += seed == 0 && whole[u];
        }
        must(gx_split_sample(&s, 1000, &job, &err), &err);
        for (uint32_t u = 0; u < USERS; u++) {
            assert_int_equal(size(&s.test, u), whole[u]);
        }
        must(gx_split_sample(&s, DRAWN, &job, &err), &err);
        for (uint32_t u = 0; u < USERS; u++) {
            assert_true(size(&s.test, u) == 0 || size(&s.test, u) == whole[u]);
            left += size(&s.test, u) > 0;
            times[u] += size(&s.test, u) > 0;
        }
        assert_int_equal(left, DRAWN);
        gx_split_finish(&s);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    const double expected = (double)DRAWN * TIMES / tested;
    for (uint32_t u = 0; u < USERS; u++) {
        assert_true(size(&all, u) < 2 || fabs(times[u] - expected) < 5 * sqrt(expected));
    }
    gx_matrix_finish(&all);
}

/* Of pairs at one time each is the last one equally often. */
static void last_of_equals_is_drawn(void **unused) {
    (void)unused;
    const uint32_t row[] = {0, 0, 0}, col[] = {0, 1, 2};
    const int64_t ts[] = {5, 9, 9};
    uint32_t times[3] = {0};
    gx_matrix all;
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    must(gx_matrix_build(&all, 1, 3, 3, row, col, NULL, ts, &job, &err), &err);
    for (job.seed = 0; job.seed < 1000; job.seed++) {
        gx_split s = {0};
        must(gx_split_last(&s, &all, &job, &err), &err);
        times[s.test.col[0]]++;
        gx_split_finish(&s);
    }
    assert_int_equal(times[0], 0);
    assert_true(times[1] > 430 && times[2] > 430);
    gx_matrix_finish(&all);
}

static void nothing_to_look_for(void **unused) {
    (void)unused;
    const uint32_t row[] = {0, 1}, col[] = {0, 1};
    gx_matrix all;
    gx_split s = {0};
    gx_error err = {0};
    gx_job job = job_of(1, 1);
    must(gx_matrix_build(&all, 2, 2, 2, row, col, NULL, NULL, &job, &err), &err);
    assert_int_equal(gx_split_random(&s, &all, 0.5, &job, &err), GX_CONFLICT);
    assert_int_equal(gx_split_last(&s, &all, &job, &err), GX_CONFLICT);
    gx_matrix_finish(&all);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* Held-out members are scored by their history alone, and the same at any thread count. */
static void held_out_members_are_judged(void **unused) {
    (void)unused;
    const gx_eval_options options = {.cutoff = {3, 10}, .cutoff_count = 2};
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_model *model = gx_models()->rows[k];
        gx_rng rng = gx_rng_at(13, 1);
        gx_matrix all;
        gx_split s = {0};
        gx_error err = {0};
        gx_arrays *arrays = NULL;
        void *state = NULL;
        gx_judgement one, two;
        gx_job job = job_of(1, 1), more = job_of(2, 1);
        if (model->pass.needs != GX_NEED_MATRIX || model->pass.arrays) {
            continue;
        }
        draw(&all, 400, &rng, true);
        must(gx_split_members(&s, &all, 0.6, &job, &err), &err);
        const gx_input input = {.matrix = &s.fit, .users = USERS, .items = ITEMS};
        must(gx_arrays_create(&arrays, &err), &err);
        must(gx_pass_run(arrays, &model->pass, NULL, &input, NULL, &job, &err), &err);
        must(model->open(&state, arrays, model->pass.name, USERS, ITEMS, &err), &err);
        const gx_judged what = {.model = model, .state = state};
        must(gx_judge(&one, &what, &s.fit, &s.past, &s.test, &options, &job, &err), &err);
        must(gx_judge(&two, &what, &s.fit, &s.past, &s.test, &options, &more, &err), &err);
        assert_true(one.users > 5 && one.mean[GX_MEMBER_METRICS + GX_METRIC_recall] > 0.1);
        assert_memory_equal(one.figure, two.figure,
                            (size_t)one.users * one.columns * sizeof *one.figure);
        assert_memory_equal(one.list, two.list, sizeof one.list);
        assert_int_equal(one.repeats, 0);
        gx_judgement_finish(&one);
        gx_judgement_finish(&two);
        model->close(state);
        gx_arrays_destroy(arrays);
        gx_split_finish(&s);
        gx_matrix_finish(&all);
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* ---- failures ---------------------------------------------------------------------------------
 */

static gx_status all_of_it(gx_job *job, gx_error *err) {
    static made_lists made;
    gx_rng rng = gx_rng_at(29, 1);
    gx_matrix all;
    gx_split s = {0};
    gx_judgement j = {0};
    gx_interval of[GX_MEMBER_METRICS];
    gx_paired pair[GX_MEMBER_METRICS];
    const gx_eval_options options = {.cutoff = {5}, .cutoff_count = 1};
    const gx_resampling how = {100, 0.9, 1};
    gx_status status;
    gx_alloc_fail_at(0);
    draw(&all, 200, &rng, true);
    const gx_lists lists = draw_lists(&made, &rng);
    const gx_judged what = {.lists = &lists};
    gx_alloc_fail_at(job->seed); /* the k-th from here */
    GX_TRY(gx_split_members(&s, &all, 0.5, job, err));
    GX_TRY(gx_split_sample(&s, 15, job, err));
    GX_TRY(gx_judge(&j, &what, &s.fit, &s.past, &s.test, &options, job, err));
    GX_TRY(gx_bootstrap(of, j.figure, j.user, j.users, j.columns, &how, job, err));
    GX_TRY(gx_paired_test(pair, j.figure, j.figure, j.user, j.users, j.columns, &how, job, err));
done:
    gx_alloc_fail_at(0);
    gx_judgement_finish(&j);
    gx_split_finish(&s);
    gx_matrix_finish(&all);
    return status;
}

static void failures_leave_nothing(void **unused) {
    (void)unused;
    gx_error err = {0};
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_job job = job_of(1, k);
        status = all_of_it(&job, &err);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), 0);
        assert_int_equal(atomic_load(&job.mem_used), 0);
        assert_true(k < 500);
    }
    gx_job job = job_of(2, 0);
    gx_job_cancel(&job);
    assert_int_equal(all_of_it(&job, &err), GX_CANCELLED);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_list_by_hand),
        cmocka_unit_test(all_lists_by_hand),
        cmocka_unit_test(lists_agree_with_twins),
        cmocka_unit_test(given_lists_are_measured_alike),
        cmocka_unit_test(known_and_unlisted_are_told),
        cmocka_unit_test(splits_hold),
        cmocka_unit_test(samples_are_of_members),
        cmocka_unit_test(last_of_equals_is_drawn),
        cmocka_unit_test(nothing_to_look_for),
        cmocka_unit_test(held_out_members_are_judged),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
