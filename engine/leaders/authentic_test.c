/* What looks bought or arranged: each sign where it is planted and nowhere else; topic against its
 * definition; weights that are found again. */
#include "engine/leaders/measures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 400, ITEMS = 20, CATEGORIES = 3, ARCS_MAX = 20000 };
static const int64_t day_ms = 86400000;

typedef struct shop {
    uint32_t src[ARCS_MAX], dst[ARCS_MAX];
    int64_t since[ARCS_MAX];
    uint64_t m;
    gx_graph graph;
    gx_matrix matrix, times;
    float flag[N * GX_LEADER_FLAG_COUNT];
    uint32_t count[N * GX_LEADER_FLAG_COUNT];
    double authentic[N], kept[N];
} shop;

static void follow(shop *s, uint32_t u, uint32_t v, int64_t day) {
    for (uint64_t i = 0; i < s->m; i++) {
        if (s->src[i] == u && s->dst[i] == v) {
            return;
        }
    }
    s->src[s->m] = u;
    s->dst[s->m] = v;
    s->since[s->m++] = day * day_ms;
}

/* Members 0 … 299 act and follow one another at random; what is planted comes behind them. */
static void draw(shop *s, gx_rng *rng) {
    s->m = 0;
    for (uint32_t u = 0; u < 300; u++) {
        for (uint32_t k = 0; k < 8; k++) {
            uint32_t v = (uint32_t)gx_rng_below(rng, 300);
            if (u != v) {
                follow(s, u, v, (int64_t)gx_rng_below(rng, 365));
            }
        }
    }
}

static void look(shop *s, int64_t burst_ms) {
    static uint32_t row[2 * ARCS_MAX], col[2 * ARCS_MAX];
    static int64_t ts[2 * ARCS_MAX];
    uint64_t nnz = 0;
    gx_job job;
    gx_job_init(&job, 2, 1);
    assert_int_equal(
        gx_graph_build(&s->graph, N, s->m, s->src, s->dst, NULL, GX_GRAPH_IN, &job, NULL), GX_OK);
    for (uint32_t u = 0; u < 300; u++) {
        row[nnz] = u;
        col[nnz] = u % ITEMS;
        ts[nnz++] = day_ms;
    }
    assert_int_equal(gx_matrix_build(&s->matrix, N, ITEMS, nnz, row, col, NULL, ts, &job, NULL),
                     GX_OK);
    for (uint64_t i = nnz = 0; i < s->m; i++) {
        for (int end = 0; end < 2; end++) {
            row[nnz] = end ? s->dst[i] : s->src[i];
            col[nnz] = end ? s->src[i] : s->dst[i];
            ts[nnz++] = s->since[i];
        }
    }
    assert_int_equal(gx_matrix_build(&s->times, N, N, nnz, row, col, NULL, ts, &job, NULL), GX_OK);
    gx_input input = {.graph = &s->graph, .matrix = &s->matrix, .times = &s->times, .users = N};
    memset(s->flag, 0, sizeof s->flag);
    memset(s->count, 0, sizeof s->count);
    const gx__leaders_signs out = {s->authentic, s->flag, s->count};
    assert_int_equal(gx__leaders_authentic(&out, &input, s->kept, burst_ms, &job, NULL), GX_OK);
    assert_int_equal(job.mem_used, 0);
    gx_graph_finish(&s->graph);
    gx_matrix_finish(&s->matrix);
    gx_matrix_finish(&s->times);
}

static double flag_of(const shop *s, uint32_t v, gx_leader_flag flag) {
    return (double)s->flag[v * GX_LEADER_FLAG_COUNT + (uint32_t)flag];
}

/* Bots follow 7, sudden followers 8 (who is heeded) and 9 (who is not), a ring is behind them. */
static void test_each_sign_is_seen_where_it_is(void **state) {
    (void)state;
    static shop s;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        gx_rng rng = gx_rng_at(seed, 7);
        draw(&s, &rng);
        memset(s.kept, 0, sizeof s.kept);
        for (uint32_t bot = 300; bot < 340; bot++) {
            follow(&s, bot, 7, (int64_t)gx_rng_below(&rng, 365));
        }
        for (uint32_t k = 0; k < 40; k++) {
            follow(&s, 20 + 2 * k, 8, 200 + k % 3);
            follow(&s, 21 + 2 * k, 9, 100 + k % 3);
        }
        s.kept[8] = 1;
        for (uint32_t a = 350; a < 360; a++) {
            for (uint32_t b = 350; b < 360; b++) {
                if (a != b) {
                    follow(&s, a, b, (int64_t)gx_rng_below(&rng, 60));
                }
            }
        }
        look(&s, 3 * day_ms);
        for (uint32_t v = 0; v < N; v++) {
            const bool ring = v >= 350 && v < 360;
            assert_true((flag_of(&s, v, GX_FLAG_BOUGHT) > 0) == (v == 7));
            assert_true((flag_of(&s, v, GX_FLAG_GROWTH) > 0) == (v == 9));
            assert_true((flag_of(&s, v, GX_FLAG_RING) > 0) == ring);
            assert_true((s.authentic[v] < 1) == (v == 7 || v == 9 || ring));
            assert_true(s.authentic[v] >= 0.01);
        }
        assert_int_equal(s.count[7 * GX_LEADER_FLAG_COUNT + GX_FLAG_BOUGHT], 40);
        assert_int_equal(s.count[355 * GX_LEADER_FLAG_COUNT + GX_FLAG_RING], 10);
        assert_true(s.authentic[7] < 0.4 && s.authentic[9] < 0.4 && s.authentic[355] < 0.05);
        look(&s, 0); /* nobody asks how fast */
        assert_true(flag_of(&s, 9, GX_FLAG_GROWTH) == 0.0 && flag_of(&s, 7, GX_FLAG_BOUGHT) > 0);
    }
}

/* A day on which everybody gains followers (an import, a campaign) says nothing against anybody. */
static void test_a_day_of_the_whole_shop_is_no_sign(void **state) {
    (void)state;
    static shop s;
    gx_rng rng = gx_rng_at(3, 9);
    draw(&s, &rng);
    for (uint64_t i = 0; i < s.m; i++) {
        s.since[i] = 50 * day_ms;
    }
    for (uint32_t k = 0; k < 60; k++) {
        follow(&s, 20 + k, 9, 50);
    }
    look(&s, 3 * day_ms);
    for (uint32_t v = 0; v < N; v++) {
        assert_true(s.authentic[v] == 1.0);
    }
}

/* Sixty who came at the beginning of time came within days. */
static void test_growth_at_the_ends_of_time(void **state) {
    (void)state;
    static const int64_t ends[] = {INT64_MIN, INT64_MAX};
    static shop s;
    for (size_t e = 0; e < GX_COUNT(ends); e++) {
        gx_rng rng = gx_rng_at(3, 11);
        draw(&s, &rng);
        for (uint32_t k = 0; k < 60; k++) {
            const uint64_t before = s.m;
            follow(&s, 20 + k, 9, 0);
            s.since[s.m - 1] = s.m > before ? ends[e] : s.since[s.m - 1];
        }
        memset(s.kept, 0, sizeof s.kept);
        look(&s, 3 * day_ms);
        assert_true(flag_of(&s, 9, GX_FLAG_GROWTH) > 0);
        assert_true(flag_of(&s, 8, GX_FLAG_GROWTH) == 0);
    }
}

static void test_topic_against_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        enum { FEW = 12 };
        bool follows[FEW][FEW] = {{false}}, acts[FEW][ITEMS] = {{false}};
        uint32_t src[FEW * FEW], dst[FEW * FEW], row[FEW * ITEMS], col[FEW * ITEMS], label[ITEMS];
        uint64_t m = 0, nnz = 0;
        gx_rng rng = gx_rng_at(seed, 5);
        for (uint32_t i = 0; i < ITEMS; i++) {
            uint64_t drawn = gx_rng_below(&rng, CATEGORIES + 1);
            label[i] = drawn < CATEGORIES ? (uint32_t)drawn : GX_NONE;
        }
        for (uint32_t u = 0; u < FEW; u++) {
            for (uint32_t v = 0; v < FEW; v++) {
                if (u != v && gx_rng_below(&rng, 3) == 0) {
                    follows[u][v] = true;
                    src[m] = u;
                    dst[m++] = v;
                }
            }
            for (uint32_t i = 0; i < ITEMS; i++) {
                if (gx_rng_below(&rng, 4) == 0) {
                    acts[u][i] = true;
                    row[nnz] = u;
                    col[nnz++] = i;
                }
            }
        }
        gx_graph graph;
        gx_matrix matrix;
        gx_job job;
        double topic[FEW];
        gx_labels category = {.n = ITEMS, .count = CATEGORIES, .label = label};
        gx_job_init(&job, 2, 1);
        assert_int_equal(gx_graph_build(&graph, FEW, m, src, dst, NULL, GX_GRAPH_IN, &job, NULL),
                         GX_OK);
        assert_int_equal(
            gx_matrix_build(&matrix, FEW, ITEMS, nnz, row, col, NULL, NULL, &job, NULL), GX_OK);
        assert_int_equal(gx__leaders_topic(topic, &graph, &matrix, &category, &job, NULL), GX_OK);
        for (uint32_t v = 0; v < FEW; v++) {
            double sum = 0;
            for (uint32_t i = 0; i < ITEMS; i++) {
                for (uint32_t j = 0; j < ITEMS; j++) {
                    for (uint32_t u = 0; u < FEW; u++) {
                        sum += follows[u][v] && acts[v][i] && acts[u][j] && label[i] == label[j] &&
                               label[i] != GX_NONE;
                    }
                }
            }
            assert_true(fabs(topic[v] - sum) < 1e-9);
        }
        gx_graph_finish(&graph);
        gx_matrix_finish(&matrix);
    }
}

/* Counts drawn from known weights: found again, those of 0 near 0. */
static void test_weights_are_found_again(void **state) {
    (void)state;
    enum { ROWS = 20000, P = GX_LEADER_MEASURE_COUNT };
    double *x = gx_alloc(ROWS * P, sizeof *x), *y = gx_alloc(ROWS, sizeof *y), weight[P];
    const double truth[P] = {0.8, 0, 0, 0.5, 0, 0, 0, 1.2, 0};
    gx_rng rng = gx_rng_at(4, 4);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t i = 0; i < ROWS; i++) {
        double eta = -2, chance = 1, stop;
        for (int p = 0; p < P; p++) {
            x[i * P + (uint32_t)p] = gx_rng_real(&rng) * 2;
            eta += truth[p] * x[i * P + (uint32_t)p];
        }
        stop = exp(-exp(eta)); /* Knuth's way to a Poisson number */
        y[i] = -1;
        while (chance > stop) {
            chance *= gx_rng_real(&rng);
            y[i] += 1;
        }
    }
    assert_int_equal(gx__leaders_poisson(weight, x, y, ROWS, 1e-6, &job, NULL), GX_OK);
    for (int p = 0; p < P; p++) {
        assert_true(fabs(weight[p] - truth[p]) < 0.05);
    }
    memset(y, 0, ROWS * sizeof *y);
    assert_int_equal(gx__leaders_poisson(weight, x, y, ROWS, 0.003, &job, NULL), GX_OK);
    assert_true(weight[0] == 0 && weight[7] == 0);
    gx_free(x);
    gx_free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_sign_is_seen_where_it_is),
        cmocka_unit_test(test_a_day_of_the_whole_shop_is_no_sign),
        cmocka_unit_test(test_growth_at_the_ends_of_time),
        cmocka_unit_test(test_topic_against_the_definition),
        cmocka_unit_test(test_weights_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
