/* The methods on ties, paths and neighbourhoods on many small stores, against a table of who is
 * tied to whom: plain shapes, members without ties, ties of no weight and of a huge one, and stores
 * of nobody and of one. */
#include "api/testing.h"

#include <math.h>

enum { N_MAX = 9, STORES = 160, SHAPES = 8, FAR = 1000 };

typedef struct world {
    uint32_t n;
    bool follow;                     /* ties of direction, and none without */
    double tie[N_MAX][N_MAX];        /* weight; less than 0: none */
    uint32_t steps[2][N_MAX][N_MAX]; /* without direction, and along it; FAR: no path */
} world;

static bool tied(const world *w, uint32_t u, uint32_t v, bool directed) {
    return w->tie[u][v] >= 0 || (!directed && w->tie[v][u] >= 0);
}

/* A path, a ring, a star, a clique, cliques apart, two sides, nothing, or chance. */
static bool drawn(uint32_t shape, uint32_t n, uint32_t u, uint32_t v, gx_rng *rng) {
    const bool has[SHAPES] = {v == u + 1,     v == (u + 1) % n, u == 0, true,
                              u % 3 == v % 3, u % 2 != v % 2,   false,  gx_rng_below(rng, 4) == 0};
    return u != v && has[shape];
}

static void world_make(world *w, uint64_t seed) {
    static const double extremes[] = {0, 0x1p-100, 1, 1e30};
    gx_rng rng = gx_rng_at(seed, 81);
    *w = (world){.n = (uint32_t)(seed / SHAPES % (N_MAX + 1)), .follow = seed % 3 == 0};
    bool extreme = seed % 5 == 0;
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t v = 0; v < w->n; v++) {
            bool is =
                drawn(seed % SHAPES, w->n, u, v, &rng) && (w->follow || w->tie[v][u] < 0 || u < v);
            double usual = (double)(1 + gx_rng_below(&rng, 8)) / 4;
            w->tie[u][v] = !is ? -1 : extreme ? extremes[gx_rng_below(&rng, 4)] : usual;
        }
    }
    for (uint32_t u = 0; u < w->n; u++) { /* of a friendship the first direction is kept */
        for (uint32_t v = 0; v < u && !w->follow; v++) {
            w->tie[u][v] = w->tie[v][u] = fmax(w->tie[u][v], w->tie[v][u]);
        }
    }
    for (int d = 0; d < 2; d++) {
        for (uint32_t u = 0; u < w->n; u++) {
            for (uint32_t v = 0; v < w->n; v++) {
                w->steps[d][u][v] = u == v ? 0 : tied(w, u, v, d) ? 1 : FAR;
            }
        }
        for (uint32_t k = 0; k < w->n; k++) {
            for (uint32_t u = 0; u < w->n; u++) {
                for (uint32_t v = 0; v < w->n; v++) {
                    uint32_t by = w->steps[d][u][k] + w->steps[d][k][v];
                    w->steps[d][u][v] = by < w->steps[d][u][v] ? by : w->steps[d][u][v];
                }
            }
        }
    }
}

static void world_store(const world *w, test_shop *s) {
    gx_value people = gx_list(s->arena, N_MAX), ties = gx_list(s->arena, 64);
    for (uint32_t u = 0; u < w->n; u++) {
        gx_value row = gx_map(s->arena, 1);
        test_put_int(s, &row, "user_id", "u", u);
        gx_list_add(s->arena, &people, row);
        for (uint32_t v = 0; v < w->n; v++) {
            if (w->tie[u][v] >= 0 && (w->follow || u < v)) {
                row = gx_map(s->arena, 4);
                test_put_int(s, &row, "src", "u", u);
                test_put_int(s, &row, "dst", "u", v);
                gx_map_put(s->arena, &row, "kind", gx_str(w->follow ? "follow" : "friend"));
                gx_map_put(s->arena, &row, "weight", gx_real(w->tie[u][v]));
                gx_list_add(s->arena, &ties, row);
            }
        }
    }
    if (people.size > 0) {
        test_put(s, "user.put", "users", people);
    }
    if (ties.size > 0) {
        test_put(s, "tie.put", "ties", ties);
    }
}

static double real(const gx_value *map, const char *key) {
    double value = NAN;
    const gx_value *given = gx_map_get(map, key);
    assert_true(given && gx_value_as_real(given, &value));
    return value;
}

static uint32_t user_of(const gx_value *row) {
    const gx_value *name = gx_map_get(row, "user");
    assert_true(name && name->type == GX_TEXT && name->size == 2);
    return (uint32_t)(name->as.text[1] - '0');
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void assert_reach(const world *w, test_shop *s, uint32_t u, bool directed) {
    gx_value found = test_call(s, "graph.reach", "{'of': 'u%u', 'steps': 20, 'along': '%s'}", u,
                               directed ? "directed" : "all");
    const gx_value *levels = gx_map_get(&found, "levels");
    uint32_t within = 0, level = 0;
    for (uint32_t step = 1; step < N_MAX; step++) {
        uint32_t members = 0;
        for (uint32_t v = 0; v < w->n; v++) {
            members += w->steps[directed][u][v] == step;
        }
        within += members;
        if (members > 0) {
            const gx_value *row = &levels->as.items[level++];
            assert_true(level <= levels->size);
            assert_true(real(row, "steps") == step && real(row, "members") == members);
            assert_true(real(row, "within") == within);
            assert_true(real(row, "share") == (double)within / (w->n - 1));
        }
    }
    assert_int_equal(level, levels->size);
}

static double count_ways(const world *w, uint32_t u, uint32_t v, bool directed) {
    double ways = u == v;
    for (uint32_t x = 0; x < w->n && u != v; x++) {
        bool next =
            tied(w, u, x, directed) && w->steps[directed][x][v] + 1 == w->steps[directed][u][v];
        ways += next ? count_ways(w, x, v, directed) : 0;
    }
    return ways;
}

static void assert_paths(const world *w, test_shop *s, uint32_t u, uint32_t v, bool directed) {
    gx_value path = test_call(s, "graph.path", "{'src': 'u%u', 'dst': 'u%u', 'directed': %s}", u, v,
                              directed ? "true" : "false");
    uint32_t steps = w->steps[directed][u][v];
    assert_int_equal(gx_map_get(&path, "connected")->as.boolean, steps < FAR);
    gx_value strong =
        test_call(s, "graph.path", "{'src': 'u%u', 'dst': 'u%u', 'directed': %s, 'by': 'strength'}",
                  u, v, directed ? "true" : "false");
    assert_int_equal(gx_map_get(&strong, "connected")->as.boolean, steps < FAR);
    if (steps < FAR) {
        assert_true(real(&path, "hops") == steps);
        assert_true(real(&path, "ways") == count_ways(w, u, v, directed));
        assert_true(real(&strong, "hops") >= steps && isfinite(real(&strong, "length")));
    }
}

static void assert_ego(const world *w, test_shop *s, uint32_t u, uint32_t depth) {
    gx_value ego = test_call(s, "graph.ego", "{'user': 'u%u', 'depth': %u}", u, depth);
    const gx_value *members = gx_map_get(&ego, "members");
    uint32_t expected = 0;
    for (uint32_t v = 0; v < w->n; v++) {
        expected += w->steps[0][u][v] <= depth;
    }
    assert_int_equal(members->size, expected);
    for (uint32_t i = 0; i < members->size; i++) {
        const gx_value *row = &members->as.items[i];
        assert_true(real(row, "depth") == w->steps[0][u][user_of(row)]);
    }
}

/* ---- a walk with restarts -------------------------------------------------------------------- */

static void assert_ppr(const world *w, test_shop *s, uint32_t u, bool directed, bool weighted) {
    double share[N_MAX][N_MAX] = {{0}}, at[N_MAX] = {0}, seen[N_MAX] = {0}, missing = 0;
    for (uint32_t x = 0; x < w->n; x++) {
        double sum = 0;
        for (uint32_t y = 0; y < w->n; y++) {
            double both = directed ? w->tie[x][y] : fmax(w->tie[x][y], w->tie[y][x]);
            share[x][y] = both < 0 ? 0 : weighted ? both : 1;
            sum += share[x][y];
        }
        for (uint32_t y = 0; y < w->n; y++) {
            share[x][y] = sum > 0 ? share[x][y] / sum : y == u; /* who is stuck begins again */
        }
    }
    at[u] = 1;
    for (int round = 0; round < 250; round++) {
        double next[N_MAX] = {0};
        next[u] = 0.15;
        for (uint32_t x = 0; x < w->n; x++) {
            for (uint32_t y = 0; y < w->n; y++) {
                next[y] += 0.85 * at[x] * share[x][y];
            }
        }
        memcpy(at, next, sizeof next);
    }
    gx_value found = test_call(s, "graph.ppr",
                               "{'user': 'u%u', 'directed': %s, 'weighted': %s, 'epsilon': 1e-5}",
                               u, directed ? "true" : "false", weighted ? "true" : "false");
    const gx_value *members = gx_map_get(&found, "members");
    double last = INFINITY, bound = real(&found, "bound");
    seen[u] = real(&found, "own");
    for (uint32_t i = 0; i < members->size; i++) {
        const gx_value *row = &members->as.items[i];
        assert_true(real(row, "score") <= last);
        last = seen[user_of(row)] = real(row, "score");
        assert_true(at[user_of(row)] - last <= real(row, "short") + 1e-9);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        assert_true(seen[v] <= at[v] + 1e-7 && at[v] - seen[v] <= bound + 1e-7);
        missing += at[v] - seen[v];
    }
    assert_true(fabs(missing - bound) <= 1e-6);
}

/* ---- ties ------------------------------------------------------------------------------------ */

static void assert_ties(const world *w, test_shop *s, uint32_t u) {
    gx_value found = test_call(s, "graph.ties", "{'of': 'u%u'}", u);
    const gx_value *ties = gx_map_get(&found, "ties");
    uint32_t degree = 0;
    double strength[N_MAX] = {0};
    for (uint32_t i = 0; i < ties->size; i++) {
        strength[user_of(&ties->as.items[i])] = real(&ties->as.items[i], "strength");
    }
    for (uint32_t v = 0; v < w->n; v++) {
        bool is = u != v && tied(w, u, v, false);
        degree += is;
        if (u != v) {
            gx_value tie = test_call(s, "graph.tie", "{'src': 'u%u', 'dst': 'u%u'}", u, v);
            gx_value back = test_call(s, "graph.tie", "{'src': 'u%u', 'dst': 'u%u'}", v, u);
            assert_int_equal(gx_map_get(&tie, "tied")->as.boolean, is);
            if (is) {
                double is_now = real(&tie, "strength");
                uint32_t common = 0;
                for (uint32_t x = 0; x < w->n; x++) {
                    common += x != u && x != v && tied(w, u, x, false) && tied(w, v, x, false);
                }
                assert_true(is_now >= 0 && is_now <= 1);
                assert_true(fabs(is_now - strength[v]) < 1e-6);
                assert_true(fabs(is_now - real(&back, "strength")) < 1e-6);
                assert_true(real(&tie, "common") == common);
            }
        }
    }
    assert_int_equal(ties->size, degree);
    assert_true(real(&found, "degree") == degree);
}

/* ---- after a build --------------------------------------------------------------------------- */

static bool joins(const world *w, uint32_t u, uint32_t v) { /* without the tie of u and v */
    bool met[N_MAX] = {false}, more = true;
    met[u] = true;
    while (more) {
        more = false;
        for (uint32_t x = 0; x < w->n; x++) {
            for (uint32_t y = 0; y < w->n; y++) {
                bool cut = (x == u && y == v) || (x == v && y == u);
                if (met[x] && !met[y] && !cut && tied(w, x, y, false)) {
                    met[y] = more = true;
                }
            }
        }
    }
    return met[v];
}

static void assert_built(const world *w, test_shop *s) {
    static const char *const modes[] = {"close", "cross-circle", "expert"};
    uint32_t bridges = 0, ties = 0;
    test_call(s, "model.build", "{'check': true}");
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t v = 0; v < u; v++) {
            ties += tied(w, u, v, false);
            bridges += tied(w, u, v, false) && !joins(w, u, v);
        }
        for (size_t m = 0; m < GX_COUNT(modes); m++) {
            gx_value lists =
                test_call(s, "rec.friends", "{'users': ['u%u'], 'mode': '%s'}", u, modes[m]);
            const gx_value *list = gx_map_get(&lists.as.items[0], "friends");
            for (uint32_t i = 0; list && i < list->size; i++) {
                uint32_t v = user_of(&list->as.items[i]);
                assert_true(v != u && !tied(w, u, v, false));
            }
        }
        assert_ties(w, s, u);
        test_call(s, "graph.community", "{'user': 'u%u'}", u);
        test_call(s, "rec.user", "{'users': ['u%u']}", u);
    }
    gx_value found = test_call(s, "graph.bridges", "{'show': 'ties', 'n': 100}");
    assert_int_equal(gx_map_get(&found, "bridges")->size, bridges);
    gx_value stats = test_call(s, "graph.stats", "{}");
    const gx_value *whole = &gx_map_get(&stats, "stats")->as.items[0];
    assert_true(real(whole, "members") == w->n && real(whole, "ties") == ties);
    static const char *const others[] = {"graph.bridges", "graph.map", "graph.communities",
                                         "graph.leaders"};
    for (size_t i = 0; i < GX_COUNT(others); i++) {
        test_call(s, others[i], "{}");
    }
    test_call(s, "graph.communities", "{'quality': true, 'members': true}");
    test_call(s, "graph.stats", "{'show': 'circles'}");
    test_call(s, "model.build", "{}");
    test_call(s, "graph.lineage", "{}"); /* of the second from the first */
}

static void test_small_graphs(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < STORES; seed++) {
        test_shop s;
        world w;
        world_make(&w, seed);
        test_shop_open(&s);
        world_store(&w, &s);
        for (uint32_t u = 0; u < w.n; u++) {
            assert_reach(&w, &s, u, false);
            assert_reach(&w, &s, u, true);
            assert_ego(&w, &s, u, 1 + u % 3);
            assert_ppr(&w, &s, u, false, u % 2);
            assert_ppr(&w, &s, u, true, u % 2);
            assert_ties(&w, &s, u);
            for (uint32_t v = 0; v < w.n; v++) {
                assert_paths(&w, &s, u, v, v % 2);
            }
        }
        if (seed % 4 == seed / SHAPES % 4) {
            assert_built(&w, &s);
        }
        test_shop_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
