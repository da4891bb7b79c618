/* Shortest paths against all pairs by relaxation over a dense table, and graph.path over a store.
 */
#include "api/api.h"
#include "api/people/path.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { N_MAX = 14 };

typedef struct world {
    uint32_t n;
    double tie[N_MAX][N_MAX]; /* length, 0: none */
    double distance[N_MAX][N_MAX], ways[N_MAX][N_MAX];
    gx_step row[N_MAX];
} world;

/* Lengths are quarters: sums are exact, whatever their order. */
static void world_make(world *w, uint64_t seed, bool lengths) {
    gx_rng rng = gx_rng_at(seed, 5);
    *w = (world){.n = 1 + (uint32_t)gx_rng_below(&rng, N_MAX)};
    bool directed = gx_rng_below(&rng, 2);
    for (uint64_t m = gx_rng_below(&rng, 3 * w->n); m > 0; m--) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, w->n), v = (uint32_t)gx_rng_below(&rng, w->n);
        if (u != v) {
            w->tie[u][v] = lengths ? (double)(1 + gx_rng_below(&rng, 12)) / 4 : 1;
            w->tie[v][u] = directed ? w->tie[v][u] : w->tie[u][v];
        }
    }
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t v = 0; v < w->n; v++) {
            w->distance[u][v] = u == v ? 0 : w->tie[u][v] > 0 ? w->tie[u][v] : HUGE_VAL;
        }
    }
    for (uint32_t k = 0; k < w->n; k++) {
        for (uint32_t u = 0; u < w->n; u++) {
            for (uint32_t v = 0; v < w->n; v++) {
                w->distance[u][v] = fmin(w->distance[u][v], w->distance[u][k] + w->distance[k][v]);
            }
        }
    }
}

static double count_ways(const world *w, uint32_t u, uint32_t v) {
    double ways = u == v;
    for (uint32_t x = 0; x < w->n && u != v; x++) {
        bool next = w->tie[u][x] > 0 && w->tie[u][x] + w->distance[x][v] == w->distance[u][v];
        ways += next ? count_ways(w, x, v) : 0;
    }
    return ways;
}

static gx_status steps_of(void *context, const gx_step **out, size_t *out_count, uint32_t user,
                          bool backward, gx_error *err) {
    (void)err;
    world *w = context;
    *out_count = 0;
    for (uint32_t v = 0; v < w->n; v++) {
        double length = backward ? w->tie[v][user] : w->tie[user][v];
        if (length > 0) {
            w->row[(*out_count)++] = (gx_step){v, length};
        }
    }
    *out = w->row;
    return GX_OK;
}

static void assert_path(const world *w, const gx_path *path, uint32_t u, uint32_t v) {
    double length = 0;
    assert_int_equal(path->user[0], u);
    assert_int_equal(path->user[path->steps], v);
    for (uint32_t k = 0; k < path->steps; k++) {
        double tie = w->tie[path->user[k]][path->user[k + 1]];
        assert_true(tie > 0);
        length += tie;
    }
    assert_true(length == w->distance[u][v]);
}

static void assert_paths(world *w, uint32_t u, uint32_t v, bool lengths, uint32_t limit) {
    gx_arena *arena = gx_arena_create();
    gx_paths paths;
    gx_job job;
    const gx_path_query query = {u, v, lengths, limit, steps_of, w};
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_paths_find(&paths, &query, arena, &job, NULL), GX_OK);
    assert_int_equal(paths.connected, isfinite(w->distance[u][v]) ? 1 : 0);
    if (paths.connected) {
        assert_true(paths.length == w->distance[u][v]);
        double ways = lengths ? 1 : count_ways(w, u, v);
        assert_true(paths.ways == ways);
        assert_int_equal(paths.count, ways < limit ? (uint32_t)ways : limit);
    }
    uint64_t others = 0;
    for (uint32_t x = 0; x < w->n && !paths.connected; x++) {
        others += x != u && x != v &&
                  isfinite(paths.target_apart ? w->distance[x][v] : w->distance[u][x]);
    }
    assert_int_equal(paths.others, others);
    for (uint32_t i = 0; i < paths.count; i++) {
        assert_path(w, &paths.path[i], u, v);
        for (uint32_t k = 0; k < i; k++) {
            assert_memory_not_equal(paths.path[i].user, paths.path[k].user,
                                    (paths.path[i].steps + 1) * sizeof(uint32_t));
        }
    }
    gx_arena_destroy(arena);
}

static void test_against_all_pairs(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        world w;
        world_make(&w, seed, seed % 2);
        for (uint32_t u = 0; u < w.n; u++) {
            for (uint32_t v = 0; v < w.n; v++) {
                assert_paths(&w, u, v, seed % 2, seed % 3 ? 3 : 100);
            }
        }
    }
}

/* A ladder of diamonds: 2^40 shortest paths are counted, and the first are listed. */
static gx_status diamonds(void *context, const gx_step **out, size_t *out_count, uint32_t user,
                          bool backward, gx_error *err) {
    (void)err;
    gx_step *row = context;
    uint32_t at = user / 3, which = user % 3;
    *out = row;
    *out_count = 0;
    if (which == 0 && backward ? at > 0 : which == 0 && at < 40) {
        uint32_t base = backward ? 3 * (at - 1) : 3 * at;
        row[0] = (gx_step){base + 1, 1};
        row[1] = (gx_step){base + 2, 1};
        *out_count = 2;
    } else if (which != 0) {
        row[0] = (gx_step){backward ? 3 * at : 3 * at + 3, 1};
        *out_count = 1;
    }
    return GX_OK;
}

static void test_many_ways_are_counted(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_step row[2];
    gx_paths paths;
    gx_job job;
    gx_job_init(&job, 1, 1);
    gx_path_query query = {0, 120, false, 5, diamonds, row};
    assert_int_equal(gx_paths_find(&paths, &query, arena, &job, NULL), GX_OK);
    assert_true(paths.ways == exp2(40));
    assert_int_equal(paths.count, 5);
    assert_int_equal(paths.path[4].steps, 80);
    gx_job_cancel(&job);
    query.by_length = true;
    assert_int_equal(gx_paths_find(&paths, &query, arena, &job, NULL), GX_CANCELLED);
    gx_arena_destroy(arena);
}

/* ---- the method ---------------------------------------------------------------------------------
 */

static gx_value call(gx_db *db, gx_arena *arena, const char *method, const char *json) {
    char text[1024];
    gx_error err = {0};
    gx_value args, out;
    snprintf(text, sizeof text, "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    assert_int_equal(gx_json_read(&args, arena, text, strlen(text), &err), GX_OK);
    if (gx_call(&out, db, method, &args, arena, &err) != GX_OK) {
        fail_msg("%s %s: %s", method, text, err.message);
    }
    return out;
}

static int64_t hops(gx_db *db, gx_arena *arena, const char *json) {
    gx_value found = call(db, arena, "graph.path", json);
    const gx_value *value = gx_map_get(&found, "hops");
    return value->type == GX_INT ? value->as.integer : -1;
}

static void test_the_method(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    gx_db_options options = {.create = true, .threads = 1};
    gx_db *db;
    gx_arena *arena = gx_arena_create();
    assert_int_equal(gx_folder_make(folder, sizeof folder, NULL), GX_OK);
    assert_int_equal(gx_db_open(&db, folder, &options, NULL), GX_OK);
    call(db, arena, "tie.put",
         "{'ties': [{'src': 'a', 'dst': 'b', 'kind': 'friend', 'weight': 9},"
         "{'src': 'b', 'dst': 'c', 'kind': 'friend', 'weight': 9},"
         "{'src': 'a', 'dst': 'c', 'kind': 'friend', 'weight': 0.1},"
         "{'src': 'c', 'dst': 'd', 'kind': 'follow'}, {'src': 'a', 'dst': 'd', 'kind': 'block'},"
         "{'src': 'e', 'dst': 'f', 'kind': 'friend'}, {'src': 'b', 'dst': 'd', 'kind': 'friend',"
         "'weight': 2}]}");
    assert_int_equal(hops(db, arena, "{'src': 'a', 'dst': 'c'}"), 1);
    assert_int_equal(hops(db, arena, "{'src': 'a', 'dst': 'c', 'by': 'strength'}"), 2);
    assert_int_equal(hops(db, arena, "{'src': 'a', 'dst': 'd'}"), 2); /* not by the block */
    assert_int_equal(hops(db, arena, "{'src': 'd', 'dst': 'c'}"), 1);
    assert_int_equal(hops(db, arena, "{'src': 'd', 'dst': 'c', 'directed': true}"), 2);
    assert_int_equal(hops(db, arena, "{'src': 'a', 'dst': 'a'}"), 0);
    assert_int_equal(hops(db, arena, "{'src': 'a', 'dst': 'f'}"), -1);
    gx_value two = call(db, arena, "graph.path", "{'src': 'a', 'dst': 'd', 'n': 9}");
    assert_int_equal(gx_map_get(&two, "paths")->size, 2);
    const gx_value *first = &gx_map_get(&two, "paths")->as.items[0];
    assert_int_equal(gx_map_get(first, "members")->size, 3);
    const gx_value *ties = gx_map_get(&gx_map_get(first, "steps")->as.items[1], "ties");
    assert_int_equal(ties->size, 1);
    gx_value args, out;
    gx_error err = {0};
    const char many[] = "{\"src\": \"a\", \"dst\": \"d\", \"by\": \"strength\", \"n\": 3}";
    assert_int_equal(gx_json_read(&args, arena, many, strlen(many), NULL), GX_OK);
    assert_int_equal(gx_call(&out, db, "graph.path", &args, arena, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "by strength"));
    gx_value none = call(db, arena, "graph.path", "{'src': 'a', 'dst': 'f'}");
    assert_int_equal(gx_map_get(&none, "paths")->size, 0);
    const gx_value *says = gx_map_get(&none, "says");
    const char expected[] = "a and f are not connected: f is connected with 1 other in all";
    assert_int_equal(says->size, strlen(expected));
    assert_memory_equal(says->as.text, expected, says->size);
    gx_db_close(db);
    gx_folder_remove(folder);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_all_pairs),
        cmocka_unit_test(test_many_ways_are_counted),
        cmocka_unit_test(test_the_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
