/* Trials and figures on a log small enough to count by hand. */
#include "engine/influence/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DAY = 86400 };

/* 1 and 2 heed 0, who passes on items 0 … 3. */
static void make(gx_graph *graph, gx_firsts *firsts, gx_job *job) {
    const uint32_t src[] = {1, 2}, dst[] = {0, 0};
    const int64_t since[] = {INT64_MIN, INT64_MIN, 15 * DAY};
    gx_first_event event[] = {
        {10 * DAY, 0, 0, GX_NONE, true},  {20 * DAY, 0, 1, GX_NONE, true},
        {30 * DAY, 0, 2, GX_NONE, true},  {98 * DAY, 0, 3, GX_NONE, true}, /* not over */
        {12 * DAY, 1, 0, 0, false},                                        /* within */
        {40 * DAY, 1, 1, GX_NONE, false},                                  /* too late */
        {29 * DAY, 2, 2, GX_NONE, false},                                  /* had it */
        {100 * DAY, 1, 5, GX_NONE, false}};
    assert_int_equal(gx_graph_build(graph, 3, 2, src, dst, NULL, 0, job, NULL), GX_OK);
    assert_int_equal(gx_firsts_build(firsts, 3, 6, since, GX_COUNT(event), event, job, NULL),
                     GX_OK);
}

static void trials_are_counted(void **state) {
    (void)state;
    gx_job job;
    gx_graph graph;
    gx_firsts firsts;
    gx_influence_trials all;
    gx_job_init(&job, 1, 1);
    make(&graph, &firsts, &job);
    assert_int_equal(gx_influence_trials_find(&all, &graph, &firsts, INT64_MIN, INT64_MAX, 7 * DAY,
                                              false, &job, NULL),
                     GX_OK);
    /* 1 could take items 0, 1, 2 and took 0; 2 joined after item 0 and had item 2. */
    assert_int_equal(all.count, 4);
    const uint32_t member[] = {1, 1, 1, 2};
    const uint8_t acted[] = {1, 0, 0, 0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(all.member[i], member[i]);
        assert_int_equal(all.acted[i], acted[i]);
        assert_int_equal(all.arc[i], member[i] - 1);
    }
    gx_influence_trials_finish(&all, &job);
    gx_firsts_finish(&firsts);
    gx_graph_finish(&graph);
}

static void figures_are_theirs(void **state) {
    (void)state;
    gx_job job;
    gx_graph graph;
    gx_firsts firsts;
    gx_influence_trials all;
    gx_influence_judged judged[2], again[2];
    const float chance[] = {0.5f, 0.25f}, *const both[] = {NULL, chance};
    gx_job_init(&job, 1, 1);
    make(&graph, &firsts, &job);
    assert_int_equal(gx_influence_trials_find(&all, &graph, &firsts, INT64_MIN, INT64_MAX, 7 * DAY,
                                              false, &job, NULL),
                     GX_OK);
    const gx_influence_judging how = {&all, &all, 50, 0.9};
    assert_int_equal(gx_influence_judge(judged, both, 2, &how, &job, NULL), GX_OK);
    /* One in four acted: told by nothing but that, and by chances that say more than that. */
    assert_true(fabs(judged[0].anyway - 0.25) < 1e-9 && judged[1].anyway <= 0);
    assert_true(fabs(judged[0].figure[GX_FIGURE_LOG_LOSS] + (log(0.25) + 3 * log(0.75)) / 4) <
                1e-9);
    assert_true(fabs(judged[1].figure[GX_FIGURE_LOG_LOSS] + (3 * log(0.5) + log(0.75)) / 4) < 1e-9);
    assert_true(fabs(judged[1].figure[GX_FIGURE_BRIER] - (3 * 0.25 + 0.0625) / 4) < 1e-9);
    assert_true(fabs(judged[0].figure[GX_FIGURE_AUC] - 0.5) < 1e-9);
    assert_true(fabs(judged[1].figure[GX_FIGURE_AUC] - 2.0 / 3) < 1e-9); /* (½ + ½ + 1) / 3 */
    assert_true(judged[1].low[GX_FIGURE_BRIER] <= judged[1].figure[GX_FIGURE_BRIER]);
    job.threads = 3;
    assert_int_equal(gx_influence_judge(again, both, 2, &how, &job, NULL), GX_OK);
    for (int f = 0; f < GX_FIGURES; f++) {
        assert_true(again[1].gap_low[f] == judged[1].gap_low[f]);
        assert_true(again[1].high[f] == judged[1].high[f]);
    }
    gx_influence_trials_finish(&all, &job);
    gx_firsts_finish(&firsts);
    gx_graph_finish(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trials_are_counted),
        cmocka_unit_test(figures_are_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
