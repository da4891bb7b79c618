/* Off-policy estimates on simulated logs whose truth is known. */
#include "models/eval/testing.h"

enum { USERS = 400, ITEMS = 12, REQUESTS = 4, PLACES = 3, TRIALS = 200 };

/* What a place with the item earns of the member: tastes differ, and some items are better. */
static double truth(uint32_t user, uint32_t item) {
    return 0.05 + 0.03 * (item % 4) + (user % ITEMS == item ? 0.4 : 0);
}

/* Places of each request of a member. */
static const uint32_t one[REQUESTS] = {1, 1, 1, 1}, even[REQUESTS] = {3, 3, 3, 3},
                      uneven[REQUESTS] = {3, 1, 1, 2};

typedef struct log_made {
    gx_logged rows[USERS * REQUESTS * PLACES];
    uint64_t count;
    uint64_t ptr[USERS + 1];
    uint32_t item[USERS * PLACES];
    gx_lists target;
    double worth; /* of a request of the target */
} log_made;

/* The target has the member's favourite and two more, and shows as many as each request did. */
static void make_target(log_made *m, const uint32_t *places) {
    m->worth = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        m->ptr[u] = (uint64_t)u * PLACES;
        for (uint32_t k = 0; k < PLACES; k++) {
            const uint32_t item = (u + 5 * k) % ITEMS;
            m->item[m->ptr[u] + k] = item;
            for (uint32_t r = 0; r < REQUESTS; r++) {
                m->worth += k < places[r] ? truth(u, item) / USERS / REQUESTS : 0;
            }
        }
    }
    m->ptr[USERS] = (uint64_t)USERS * PLACES;
    m->target = (gx_lists){USERS, m->ptr, m->item};
}

/* One place a request, drawn with odds that favour low numbers. */
static void log_single(log_made *m, uint64_t seed) {
    double odds[ITEMS], sum = 0;
    m->count = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        odds[i] = 1.0 / (2 + i);
        sum += odds[i];
    }
    for (uint32_t u = 0; u < USERS; u++) {
        gx_rng rng = gx_rng_at(seed, u);
        for (uint32_t r = 0; r < REQUESTS; r++) {
            double at = gx_rng_real(&rng) * sum;
            uint32_t item = 0;
            while (item + 1 < ITEMS && at >= odds[item]) {
                at -= odds[item++];
            }
            m->rows[m->count++] = (gx_logged){.user = u,
                                              .item = item,
                                              .request = u * REQUESTS + r,
                                              .propensity = odds[item] / sum,
                                              .reward = gx_rng_real(&rng) < truth(u, item) ? 1 : 0};
        }
    }
}

/* So many of the items drawn without order: each item is there with chance places / ITEMS, and in
 * each place with 1 / ITEMS. */
static void log_lists(log_made *m, uint64_t seed, gx_match match, const uint32_t *places) {
    m->count = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        gx_rng rng = gx_rng_at(seed, u);
        for (uint32_t r = 0; r < REQUESTS; r++) {
            uint32_t order[ITEMS];
            for (uint32_t i = 0; i < ITEMS; i++) {
                order[i] = i;
            }
            for (uint32_t k = 0; k < places[r]; k++) {
                const uint32_t with = k + (uint32_t)gx_rng_below(&rng, ITEMS - k);
                const uint32_t item = order[with];
                order[with] = order[k];
                m->rows[m->count++] =
                    (gx_logged){.user = u,
                                .item = item,
                                .place = k,
                                .request = u * REQUESTS + r,
                                .propensity = (match == GX_MATCH_ITEM ? places[r] : 1.0) / ITEMS,
                                .reward = gx_rng_real(&rng) < truth(u, item) ? 1 : 0};
            }
        }
    }
}

typedef struct tally {
    double sum, squares;
    int held;
} tally;

static void add(tally *t, const gx_interval *of, double worth) {
    t->sum += of->mean;
    t->squares += (of->mean - worth) * (of->mean - worth);
    t->held += of->low <= worth && worth <= of->high;
}

/* The mean over trials is the truth within four of its own standard errors. */
static void assert_unbiased(const char *name, const tally *t, double worth, double slack) {
    const double mean = t->sum / TRIALS, error = sqrt(t->squares / TRIALS / TRIALS);
    if (!(fabs(mean - worth) <= 4 * error + slack)) {
        fail_msg("%s: mean %.4f, the truth is %.4f ± %.4f", name, mean, worth, error);
    }
}

static void assert_covers(const char *name, const tally *t) {
    if (!(t->held >= 0.88 * TRIALS && t->held <= 0.99 * TRIALS)) {
        fail_msg("%s: %d of %d intervals of 0.95 hold the truth", name, t->held, TRIALS);
    }
}

static void try_policy(bool lists, gx_match match, const uint32_t *places) {
    static log_made m;
    tally ips = {0}, snips = {0}, dr = {0}, direct = {0};
    make_target(&m, places);
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        gx_error err = {0};
        gx_job job;
        gx_policy_value v;
        const gx_policy_options options = {
            .match = match, .prior = 10, .resampling = {300, 0.95, trial}};
        gx_job_init(&job, 1, 1);
        if (lists) {
            log_lists(&m, 100 + trial, match, places);
        } else {
            log_single(&m, 100 + trial);
        }
        must(gx_off_policy(&v, m.rows, m.count, USERS, ITEMS, &m.target, PLACES, &options, &job,
                           &err),
             &err);
        assert_int_equal(v.requests, USERS * REQUESTS);
        assert_int_equal(v.places, m.count);
        assert_true(v.effective <= (double)v.matched + 1e-6 && v.matched < v.places);
        add(&ips, &v.ips, m.worth);
        add(&snips, &v.snips, m.worth);
        add(&dr, &v.dr, m.worth);
        add(&direct, &v.direct, m.worth);
        assert_int_equal(atomic_load(&job.mem_used), 0);
    }
    assert_unbiased("ips", &ips, m.worth, 0);
    assert_unbiased("snips", &snips, m.worth, 0.005);
    assert_unbiased("dr", &dr, m.worth, 0);
    assert_covers("ips", &ips);
    assert_covers("snips", &snips);
    assert_covers("dr", &dr);
    /* What is known of it: normalising and a model make it steadier, and the model alone, which
     * does not know members, is wrong. */
    assert_true(snips.squares < ips.squares);
    assert_true(dr.squares < ips.squares);
    assert_true(direct.held < TRIALS / 2);
}

static void single_places(void **unused) {
    (void)unused;
    try_policy(false, GX_MATCH_ITEM, one);
}

static void lists_by_item(void **unused) {
    (void)unused;
    try_policy(true, GX_MATCH_ITEM, even);
}

static void lists_by_place(void **unused) {
    (void)unused;
    try_policy(true, GX_MATCH_PLACE, even);
}

static void uneven_by_item(void **unused) {
    (void)unused;
    try_policy(true, GX_MATCH_ITEM, uneven);
}

static void uneven_by_place(void **unused) {
    (void)unused;
    try_policy(true, GX_MATCH_PLACE, uneven);
}

/* One request logged its third place alone: by place the target has its third item there, by item
 * its first. */
static void a_place_by_itself(void **unused) {
    (void)unused;
    const gx_logged rows[] = {
        {.user = 0, .item = 2, .place = 2, .request = 0, .propensity = 0.5, .reward = 1},
        {.user = 0, .item = 1, .place = 9, .request = 1, .propensity = 0.5, .reward = 1},
    };
    uint64_t ptr[] = {0, 3};
    uint32_t item[] = {0, 1, 2};
    const gx_lists target = {1, ptr, item};
    gx_policy_options options = {.match = GX_MATCH_PLACE, .resampling = {0, 0.95, 1}};
    gx_error err = {0};
    gx_job job;
    gx_policy_value v;
    gx_job_init(&job, 1, 1);
    must(gx_off_policy(&v, rows, 2, 1, 3, &target, 10, &options, &job, &err), &err);
    assert_true(v.requests == 2 && v.matched == 1);
    assert_true(fabs(v.ips.mean - 2 / 2.0) < 1e-12);
    assert_true(fabs(v.snips.mean - 1 / 2.0) < 1e-12); /* the tenth place shows nothing */
    options.match = GX_MATCH_ITEM;
    must(gx_off_policy(&v, rows, 2, 1, 3, &target, 10, &options, &job, &err), &err);
    assert_true(v.matched == 0 && v.ips.mean == 0);
}

/* Two members, by hand. */
static void by_hand(void **unused) {
    (void)unused;
    const gx_logged rows[] = {
        {.user = 0, .item = 0, .request = 0, .propensity = 0.5, .reward = 1},
        {.user = 0, .item = 1, .request = 1, .propensity = 0.25, .reward = 0},
        {.user = 2, .item = 1, .request = 2, .propensity = 0.25, .reward = 1},
    };
    uint64_t ptr[] = {0, 1, 1, 2};
    uint32_t item[] = {0, 1};
    const gx_lists target = {3, ptr, item};
    gx_policy_options options = {.match = GX_MATCH_ITEM, .resampling = {0, 0.95, 1}};
    gx_error err = {0};
    gx_job job;
    gx_policy_value v;
    gx_job_init(&job, 1, 1);
    must(gx_off_policy(&v, rows, 3, 3, 2, &target, 1, &options, &job, &err), &err);
    assert_int_equal(v.requests, 3);
    assert_int_equal(v.matched, 2);
    assert_true(fabs(v.ips.mean - (2 + 4) / 3.0) < 1e-12);
    assert_true(fabs(v.snips.mean - 1) < 1e-12);
    assert_true(fabs(v.logged.mean - 2 / 3.0) < 1e-12);
    assert_true(fabs(v.effective - 36 / 20.0) < 1e-12);
    assert_true(v.largest == 4 && v.clipped == 0 && isnan(v.ips.low));
    options.clip = 3;
    must(gx_off_policy(&v, rows, 3, 3, 2, &target, 1, &options, &job, &err), &err);
    assert_true(fabs(v.ips.mean - (2 + 3) / 3.0) < 1e-12 && v.clipped == 1);
}

static void bad_logs_are_refused(void **unused) {
    (void)unused;
    uint64_t ptr[] = {0, 0, 0};
    const gx_lists target = {2, ptr, NULL};
    const gx_policy_options options = {.resampling = {10, 0.95, 1}};
    const gx_logged bad[][2] = {{{.propensity = 0}, {.propensity = 1}},
                                {{.propensity = 1.5}, {.propensity = 1}},
                                {{.propensity = (double)NAN}, {.propensity = 1}},
                                {{.user = 1, .propensity = 1}, {.user = 0, .propensity = 1}},
                                {{.user = 2, .propensity = 1}, {.user = 2, .propensity = 1}},
                                {{.item = 9, .propensity = 1}, {.propensity = 1}}};
    gx_policy_value v;
    for (size_t k = 0; k < GX_COUNT(bad); k++) {
        gx_error err = {0};
        gx_job job;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_off_policy(&v, bad[k], 2, 2, 3, &target, 1, &options, &job, &err),
                         GX_BAD_REQUEST);
    }
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    must(gx_off_policy(&v, NULL, 0, 2, 3, &target, 1, &options, &job, &err), &err);
    assert_true(v.requests == 0 && isnan(v.ips.mean));
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void failures_leave_nothing(void **unused) {
    (void)unused;
    static log_made m;
    gx_status status = GX_NO_MEMORY;
    make_target(&m, one);
    log_single(&m, 1);
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_error err = {0};
        gx_job job;
        gx_policy_value v;
        const gx_policy_options options = {.prior = 1, .resampling = {100, 0.95, 1}};
        gx_job_init(&job, 1, 1);
        gx_alloc_fail_at(k);
        status =
            gx_off_policy(&v, m.rows, m.count, USERS, ITEMS, &m.target, 1, &options, &job, &err);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(single_places),
        cmocka_unit_test(lists_by_item),
        cmocka_unit_test(lists_by_place),
        cmocka_unit_test(uneven_by_item),
        cmocka_unit_test(uneven_by_place),
        cmocka_unit_test(a_place_by_itself),
        cmocka_unit_test(bad_logs_are_refused),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
