/* Roles: Gould and Fernandez's brokerage against a naive twin over dense tables, and every rule on
 * members made to fire it. */
#include "engine/engine.h"
#include "engine/leaders/leaders.h"
#include "engine/leaders/roles.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N_MAX = 24, SEEDS = 1500 };
static const int64_t day_ms = 86400000;

typedef struct world {
    uint32_t n;
    bool arc[N_MAX][N_MAX];
    uint32_t community[N_MAX], rank[N_MAX], circles[N_MAX];
    double score[N_MAX], participation[N_MAX], z[N_MAX], constraint[N_MAX];
    float flag[N_MAX * GX_LEADER_FLAG_COUNT];
    gx_fact fact[N_MAX];
} world;

static void add(gx_arrays *arrays, const char *name, gx_dtype dtype, uint64_t rows, uint64_t cols,
                const void *from, size_t size) {
    void *data;
    assert_int_equal(gx_arrays_add(&data, arrays, name, dtype, rows, cols, NULL, NULL), GX_OK);
    memcpy(data, from, rows * (cols ? cols : 1) * size);
}

static gx_arrays *run(const world *w, bool facts, int threads) {
    const uint32_t n = w->n;
    uint32_t src[N_MAX * N_MAX], dst[N_MAX * N_MAX];
    uint64_t m = 0;
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < n; v++) {
            if (w->arc[u][v]) {
                src[m] = u;
                dst[m++] = v;
            }
        }
    }
    gx_graph graph;
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays;
    gx_facts all = {.n = n, .end_ms = 1000 * day_ms, .of = (gx_fact *)(uintptr_t)w->fact};
    gx_job_init(&job, threads, 1);
    assert_int_equal(gx_graph_build(&graph, n, m, src, dst, NULL, GX_GRAPH_IN, &job, NULL), GX_OK);
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    add(arrays, "leaders.score", GX_F64, n, 0, w->score, sizeof(double));
    add(arrays, "leaders.rank", GX_U32, n, 0, w->rank, sizeof(uint32_t));
    add(arrays, "leaders.flag", GX_F32, n, GX_LEADER_FLAG_COUNT, w->flag, sizeof(float));
    add(arrays, "spanners.score", GX_F64, n, 0, w->participation, sizeof(double));
    add(arrays, "spanners.z", GX_F64, n, 0, w->z, sizeof(double));
    add(arrays, "spanners.circles", GX_U32, n, 0, w->circles, sizeof(uint32_t));
    add(arrays, "constraint.score", GX_F64, n, 0, w->constraint, sizeof(double));
    add(arrays, "leiden.community", GX_U32, n, 0, w->community, sizeof(uint32_t));
    gx_input input = {.graph = &graph, .arrays = arrays, .facts = facts ? &all : NULL, .users = n};
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), "roles");
    gx_status status = gx_pass_run(arrays, pass, "roles", &input, NULL, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    assert_int_equal(pass->check(arrays, "roles", &input, NULL, &err), GX_OK);
    gx_graph_finish(&graph);
    return arrays;
}

static void naive(double pairs[GX_BROKERAGE_COUNT], const world *w, uint32_t v) {
    const uint32_t *c = w->community;
    memset(pairs, 0, GX_BROKERAGE_COUNT * sizeof *pairs);
    for (uint32_t a = 0; a < w->n; a++) {
        for (uint32_t b = 0; b < w->n; b++) {
            if (a == b || a == v || b == v || !w->arc[a][v] || !w->arc[v][b] || w->arc[a][b]) {
                continue;
            }
            const bool av = c[a] == c[v], vb = c[v] == c[b], ab = c[a] == c[b];
            pairs[av && vb ? 0 : ab ? 1 : vb ? 2 : av ? 3 : 4]++;
        }
    }
}

static void test_brokerage_against_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static world w;
        gx_rng rng = gx_rng_at(seed, 77);
        w = (world){.n = 1 + (uint32_t)gx_rng_below(&rng, N_MAX)};
        for (uint32_t u = 0; u < w.n; u++) {
            w.community[u] = (uint32_t)gx_rng_below(&rng, w.n < 4 ? w.n : 4);
            for (uint32_t v = 0; v < w.n; v++) {
                w.arc[u][v] = u != v && gx_rng_below(&rng, 3) == 0;
            }
        }
        gx_arrays *arrays = run(&w, false, 1 + (int)(seed % 2));
        const float *pairs = gx_arrays_get(arrays, "roles.brokerage", GX_F32, w.n);
        for (uint32_t v = 0; v < w.n; v++) {
            double expected[GX_BROKERAGE_COUNT];
            naive(expected, &w, v);
            for (uint32_t b = 0; b < GX_BROKERAGE_COUNT; b++) {
                assert_true(fabs((double)pairs[v * GX_BROKERAGE_COUNT + b] - expected[b]) < 1e-6);
            }
        }
        gx_arrays_destroy(arrays);
    }
}

/* Member r is made to fire rule r, the one behind them is ordinary; facts of an older member. */
static void test_each_rule_fires(void **state) {
    (void)state;
    static world w;
    w = (world){.n = N_MAX};
    for (uint32_t v = 0; v < w.n; v++) {
        w.rank[v] = v + 10;
        w.fact[v] = (gx_fact){.joined_ms = 0,
                              .first_ms = day_ms,
                              .last_ms = 999 * day_ms,
                              .events = 8,
                              .looks = 5,
                              .purchases = 1};
    }
    w.fact[GX_ROLE_NEWCOMER].joined_ms = 990 * day_ms;
    w.fact[GX_ROLE_DORMANT].last_ms = 800 * day_ms;
    w.rank[GX_ROLE_LEADER] = 1;
    w.score[GX_ROLE_LEADER] = 60;
    w.fact[GX_ROLE_BARGAIN_HUNTER].purchases = w.fact[GX_ROLE_BARGAIN_HUNTER].coupons = 4;
    w.fact[GX_ROLE_HELPER].answers = 20;
    w.fact[GX_ROLE_PROMOTER].shares = w.fact[GX_ROLE_PROMOTER].events = 25;
    w.z[GX_ROLE_CONNECTOR] = 3;
    w.participation[GX_ROLE_CONNECTOR] = 0.5;
    w.fact[GX_ROLE_BUYER].purchases = 15;
    w.fact[GX_ROLE_LURKER].events = w.fact[GX_ROLE_LURKER].looks = 12;
    w.fact[GX_ROLE_LURKER].purchases = 0;
    w.fact[GX_ROLE_ACTIVE].events = 50;
    /* A bridge stands between members of three circles. */
    const uint32_t bridge = GX_ROLE_BRIDGE;
    w.circles[bridge] = 3;
    w.participation[bridge] = 0.7;
    w.constraint[bridge] = 0.2;
    for (uint32_t v = N_MAX - 3; v < N_MAX; v++) {
        w.community[v] = v - (N_MAX - 3) + 1;
        w.arc[v][bridge] = w.arc[bridge][v] = true;
    }
    gx_arrays *arrays = run(&w, true, 1);
    const uint32_t *role = gx_arrays_get(arrays, "roles.role", GX_U32, w.n);
    const uint32_t *fired = gx_arrays_get(arrays, "roles.fired", GX_U32, w.n);
    for (uint32_t r = 0; r < GX_ROLE_COUNT; r++) {
        if (role[r] != r) {
            fail_msg("member made a %s is a %s", gx_roles[r].name, gx_roles[role[r]].name);
        }
        assert_true(fired[r] >> r & 1);
    }
    gx_arrays_destroy(arrays);
    w.flag[GX_ROLE_LEADER * GX_LEADER_FLAG_COUNT] = 0.5f; /* no leader with a flag */
    arrays = run(&w, false, 1);                           /* what nobody counted fires nothing */
    role = gx_arrays_get(arrays, "roles.role", GX_U32, w.n);
    for (uint32_t r = 0; r < GX_ROLE_COUNT; r++) {
        const bool by_ties = r == GX_ROLE_CONNECTOR || r == GX_ROLE_BRIDGE;
        assert_int_equal(role[r], by_ties ? r : GX_ROLE_ORDINARY);
    }
    gx_arrays_destroy(arrays);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brokerage_against_the_definition),
        cmocka_unit_test(test_each_rule_fires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
