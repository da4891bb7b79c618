/* graph.run and graph.centrality: the top, some members, what is kept in the snapshot, and
 * estimates of graphs that are not there. */
#include "api/build/estimate.h"
#include "api/testing.h"
#include "engine/engine.h"

#include <math.h>
#include <unistd.h>

static const gx_value *at(const gx_value *list, uint32_t i) {
    assert_true(list && list->type == GX_LIST && i < list->size);
    return &list->as.items[i];
}

static double real_at(const gx_value *row, const char *key) {
    double value = NAN;
    const gx_value *found = gx_map_get(row, key);
    assert_true(found && gx_value_as_real(found, &value));
    return value;
}

static gx_status refused_of(test_shop *s, const char *method, const char *json, gx_error *err) {
    gx_value out;
    const gx_value args = test_json(s, json);
    return gx_call(&out, s->db, method, &args, s->arena, err);
}

static gx_status refused(test_shop *s, const char *json, gx_error *err) {
    return refused_of(s, "graph.run", json, err);
}

static void test_refuse(test_shop *s, const char *method, const char *json, const char *says) {
    gx_error err = {0};
    assert_int_not_equal(refused_of(s, method, json, &err), GX_OK);
    assert_non_null(strstr(err.message, says));
}

static void test_top_and_of(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 1, 120, 0);
    gx_value top = test_call(&s, "graph.run", "{'pass': 'hits', 'top': 4}");
    const gx_value *members = gx_map_get(&top, "members");
    assert_int_equal(members->size, 4);
    for (uint32_t i = 1; i < 4; i++) {
        assert_true(real_at(at(members, i - 1), "score") >= real_at(at(members, i), "score"));
        assert_true(gx_map_get(at(members, i), "hub") != NULL); /* all that the pass gives */
    }
    gx_value all = test_call(&s, "graph.centrality", "{'measure': 'hits', 'top': 1}");
    assert_true(gx_value_equal(gx_map_get(at(gx_map_get(&all, "members"), 0), "user_id"),
                               gx_map_get(at(members, 0), "user_id")));
    gx_value of = test_call(&s, "graph.run", "{'pass': 'leiden', 'of': ['u7', 'u3']}");
    members = gx_map_get(&of, "members");
    assert_int_equal(members->size, 2);
    assert_true(test_is(gx_map_get(at(members, 0), "user_id"), "u7"));
    assert_true(gx_map_get(at(members, 1), "community") != NULL);
    gx_value same = test_call(&s, "graph.centrality", "{'measure': 'degree', 'of': ['u7']}");
    gx_value old = test_call(&s, "graph.centrality", "{'measure': 'degree', 'users': ['u7']}");
    assert_true(gx_value_equal(gx_map_get(&same, "members"), gx_map_get(&old, "members")));
    /* A pass that can leave out the rest is told to. */
    gx_value pruned = test_call(&s, "graph.run", "{'pass': 'closeness', 'top': 3}");
    gx_value full = test_call(
        &s, "graph.run", "{'pass': 'closeness', 'params': {'samples': 0, 'top': 0}, 'top': 3}");
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(fabs(real_at(at(gx_map_get(&pruned, "members"), i), "score") -
                         real_at(at(gx_map_get(&full, "members"), i), "score")) < 1e-12);
    }
    gx_error err = {0};
    assert_int_equal(refused(&s, "{'pass': 'leiden', 'top': 3}", &err), GX_BAD_REQUEST);
    assert_int_equal(refused(&s, "{'pass': 'degree', 'top': 3, 'of': ['u1']}", &err),
                     GX_BAD_REQUEST);
    assert_int_equal(refused(&s, "{'pass': 'degree', 'of': ['nobody']}", &err), GX_NOT_FOUND);
    assert_non_null(strstr(err.message, "nobody"));
    test_shop_close(&s);
}

/* What was left out is none, and not 0: neither in answers nor in what is kept. */
static void test_left_out(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 1, 120, 0);
    gx_value one = test_call(&s, "graph.run", "{'pass': 'closeness', 'of': ['u1']}");
    assert_true(real_at(at(gx_map_get(&one, "members"), 0), "score") > 0);
    gx_value all = test_call(&s, "graph.centrality",
                             "{'measure': 'harmonic', 'top': 3, 'all': true, 'fresh': true}");
    assert_int_equal(gx_map_get(&all, "members")->size, 120);
    assert_true(real_at(at(gx_map_get(&all, "members"), 4), "score") > 0);
    gx_value drawn =
        test_call(&s, "graph.run", "{'pass': 'closeness', 'params': {'samples': 30}, 'top': 3}");
    assert_int_equal(gx_map_get(&drawn, "samples")->as.integer, 30);
    test_call(&s, "model.build", "{'passes': ['degree']}");
    gx_value run = test_call(&s, "graph.run", "{'pass': 'closeness', 'top': 3, 'write': 'near'}");
    gx_value kept = test_call(&s, "graph.centrality", "{'measure': 'near', 'all': true}");
    assert_true(test_is(gx_map_get(&kept, "from"), "snapshot"));
    assert_true(gx_value_equal(gx_map_get(&kept, "members"), gx_map_get(&run, "members")));
    const gx_value *best = gx_map_get(at(gx_map_get(&kept, "members"), 0), "user_id");
    uint32_t without = 0;
    for (uint32_t u = 0; u < 120; u++) {
        gx_value of = test_call(&s, "graph.centrality", "{'measure': 'near', 'of': ['u%u']}", u);
        without += gx_map_get(at(gx_map_get(&of, "members"), 0), "score")->type == GX_NIL;
    }
    assert_int_equal(without, 117);
    assert_int_equal(best->type, GX_TEXT);
    gx_value heads =
        test_call(&s, "graph.run", "{'pass': 'closeness', 'params': {'top': 3}, 'n': 120}");
    const gx_value *arrays = gx_map_get(&heads, "arrays");
    without = 0;
    for (uint32_t i = 0; i < arrays->size; i++) {
        const gx_value *head = gx_map_get(at(arrays, i), "head");
        for (uint32_t u = 0; u < head->size; u++) {
            without += head->as.items[u].type == GX_NIL;
        }
    }
    assert_int_equal(without, 117);
    gx_error err = {0};
    assert_int_equal(
        refused(&s, "{'pass': 'betweenness', 'params': {'epsilon': 0.1, 'samples': 5}}", &err),
        GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "epsilon and samples"));
    test_shop_close(&s);
}

static void test_write(void **state) {
    (void)state;
    test_shop s;
    gx_error err = {0};
    test_shop_open(&s);
    test_shop_fill(&s, 2, 120, 0);
    assert_int_equal(refused(&s, "{'pass': 'pagerank', 'write': 'slow'}", &err), GX_CONFLICT);
    test_call(&s, "model.build", "{'passes': ['degree', 'pagerank']}");
    gx_value run =
        test_call(&s, "graph.run",
                  "{'pass': 'pagerank', 'params': {'damping': 0.5}, 'write': 'slow', 'top': 5}");
    assert_non_null(gx_map_get(&run, "snapshot"));
    gx_value kept = test_call(&s, "graph.centrality", "{'measure': 'slow', 'n': 5}");
    assert_true(test_is(gx_map_get(&kept, "from"), "snapshot"));
    assert_true(gx_value_equal(gx_map_get(&kept, "members"), gx_map_get(&run, "members")));
    /* What was there before is there still, as it was. */
    gx_value usual = test_call(&s, "graph.centrality", "{'measure': 'pagerank', 'n': 5}");
    assert_true(test_is(gx_map_get(&usual, "from"), "snapshot"));
    assert_false(gx_value_equal(gx_map_get(&usual, "members"), gx_map_get(&kept, "members")));
    /* Again under the same name: replaced. */
    test_call(&s, "graph.run", "{'pass': 'degree', 'write': 'slow'}");
    test_refuse(&s, "graph.centrality", "{'measure': 'slow', 'params': {'damping': 0.5}}", "kept");
    test_refuse(&s, "graph.centrality", "{'measure': 'slew'}", "kept are slow");
    gx_value again = test_call(&s, "graph.centrality", "{'measure': 'slow', 'n': 5}");
    gx_value degree = test_call(&s, "graph.centrality", "{'measure': 'degree', 'n': 5}");
    assert_true(gx_value_equal(gx_map_get(&again, "members"), gx_map_get(&degree, "members")));
    /* A build keeps its own passes only. */
    test_call(&s, "model.build", "{'passes': ['degree']}");
    gx_value args = gx_map(s.arena, 1), out;
    gx_map_put(s.arena, &args, "measure", gx_str("slow"));
    assert_int_equal(gx_call(&out, s.db, "graph.centrality", &args, s.arena, &err), GX_NOT_FOUND);
    assert_int_equal(refused(&s, "{'pass': 'pagerank', 'write': 'degree'}", &err), GX_CONFLICT);
    assert_int_equal(refused(&s, "{'pass': 'pagerank', 'write': 'history'}", &err), GX_CONFLICT);
    assert_int_equal(refused(&s, "{'pass': 'pagerank', 'write': 'x'}", &err), GX_CONFLICT);
    assert_int_equal(refused(&s, "{'pass': 'leiden', 'write': 'community'}", &err), GX_CONFLICT);
    assert_int_equal(refused(&s, "{'pass': 'pagerank', 'write': 'A b'}", &err), GX_BAD_REQUEST);
    test_shop_close(&s);
}

/* Each number that the pass gives stands beside the list: without its bound a drawn score says
 * little. */
static void test_numbers(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 3, 120, 0);
    const char *const calls[][2] = {
        {"graph.run", "{'pass': 'betweenness', 'params': {'samples': 20}, 'top': 3}"},
        {"graph.run", "{'pass': 'betweenness', 'params': {'samples': 20}, 'of': ['u3']}"},
        {"graph.centrality", "{'measure': 'betweenness', 'params': {'samples': 20}, 'n': 3}"},
    };
    for (size_t i = 0; i < GX_COUNT(calls); i++) {
        gx_value answer = test_call(&s, calls[i][0], calls[i][1]);
        assert_true(real_at(&answer, "bound") > 0);
        assert_true(real_at(&answer, "samples") > 0);
        assert_null(gx_map_get(&answer, "score"));
    }
    test_call(&s, "model.build", "{'passes': ['pagerank']}");
    test_call(&s, "graph.run",
              "{'pass': 'betweenness', 'params': {'samples': 20}, 'write': 'drawn'}");
    test_call(&s, "graph.run", "{'pass': 'degree', 'write': 'other'}");
    gx_value kept = test_call(&s, "graph.centrality", "{'measure': 'drawn', 'n': 3}");
    assert_true(real_at(&kept, "bound") > 0);
    gx_value built = test_call(&s, "graph.centrality", "{'measure': 'pagerank', 'n': 3}");
    assert_true(test_is(gx_map_get(&built, "from"), "snapshot"));
    assert_non_null(gx_map_get(&built, "bound"));
    test_shop_close(&s);
}

/* Arrays of members show ids: who is chosen first has the highest score. */
static void test_ids(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 5, 120, 0);
    gx_value heads = test_call(&s, "graph.run", "{'pass': 'voterank', 'n': 3}");
    gx_value top = test_call(&s, "graph.run", "{'pass': 'voterank', 'top': 3}");
    const gx_value *order = gx_map_get(at(gx_map_get(&heads, "arrays"), 0), "head");
    assert_true(test_is(gx_map_get(at(gx_map_get(&heads, "arrays"), 0), "name"), "voterank.order"));
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(gx_value_equal(at(order, i),
                                   gx_map_get(at(gx_map_get(&top, "members"), i), "user_id")));
    }
    /* An array with an entry a member, or a row, says whose they are. */
    gx_value leaders = test_call(&s, "graph.run", "{'pass': 'leaders', 'n': 3}");
    gx_value of = test_call(&s, "graph.run", "{'pass': 'leaders', 'of': ['u0', 'u1', 'u2']}");
    const gx_value *arrays = gx_map_get(&leaders, "arrays");
    int seen = 0;
    for (uint32_t i = 0; i < arrays->size; i++) {
        const gx_value *row = at(arrays, i), *ids = gx_map_get(row, "ids");
        assert_false(test_is(gx_map_get(row, "name"), "category.names"));
        if (test_is(gx_map_get(row, "name"), "leaders.score")) {
            seen++;
            for (uint32_t k = 0; k < 3; k++) {
                const gx_value *member = at(gx_map_get(&of, "members"), k);
                assert_true(gx_value_equal(at(ids, k), gx_map_get(member, "user_id")));
                assert_true(
                    gx_value_equal(at(gx_map_get(row, "head"), k), gx_map_get(member, "score")));
            }
        } else if (test_is(gx_map_get(row, "name"), "leaders.part")) {
            seen++;
            assert_int_equal(ids->size, 1); /* all three of the first member */
        } else if (test_is(gx_map_get(row, "name"), "leaders.category_score")) {
            seen++;
            assert_int_equal(ids->type, GX_NIL);
        }
    }
    assert_int_equal(seen, 3);
    test_shop_close(&s);
}

/* Two runs at once that are kept: neither loses the other's arrays. */
static void test_kept_at_once(void **state) {
    enum { RUNS = 4 }; /* as many as run at once */
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 9, 120, 0);
    test_call(&s, "model.build", "{'passes': ['degree']}");
    int64_t id[RUNS];
    for (int i = 0; i < RUNS; i++) {
        gx_value job =
            test_call(&s, "job.start",
                      "{'method': 'graph.run', 'args': {'pass': 'hits', 'write': 'run_%d'}}", i);
        id[i] = gx_map_get(&job, "job")->as.integer;
    }
    for (int i = 0; i < RUNS; i++) {
        for (;;) {
            gx_value job = test_call(&s, "job.get", "{'job': %lld}", (long long)id[i]);
            const gx_value *how = gx_map_get(&job, "state");
            assert_false(test_is(how, "failed"));
            if (test_is(how, "done")) {
                break;
            }
            usleep(1000);
        }
    }
    for (int i = 0; i < RUNS; i++) {
        gx_value kept = test_call(&s, "graph.centrality", "{'measure': 'run_%d', 'n': 3}", i);
        assert_true(test_is(gx_map_get(&kept, "from"), "snapshot"));
    }
    test_shop_close(&s);
}

/* What was kept serves again: as communities, and as the weights of a walk. */
static void test_kept(void **state) {
    (void)state;
    test_shop s;
    gx_error err = {0};
    test_shop_open(&s);
    test_shop_fill(&s, 4, 120, 0);
    test_call(&s, "model.build", "{'passes': ['degree', 'leiden']}");
    gx_value run =
        test_call(&s, "graph.run",
                  "{'pass': 'leiden', 'params': {'resolution': 2}, 'write': 'fine', 'of': ['u7']}");
    gx_value fine = test_call(&s, "graph.communities", "{'algorithm': 'fine', 'members': true}");
    assert_true(test_is(gx_map_get(&fine, "from"), "snapshot"));
    assert_true(test_is(gx_map_get(&fine, "algorithm"), "fine"));
    const gx_value *rows = gx_map_get(&fine, "members");
    const gx_value *circle = gx_map_get(at(gx_map_get(&run, "members"), 0), "circle");
    for (uint32_t i = 0; i < rows->size; i++) {
        if (test_is(gx_map_get(at(rows, i), "user_id"), "u7")) {
            assert_true(gx_value_equal(gx_map_get(at(rows, i), "community"), circle));
        }
    }
    assert_true(real_at(&fine, "modularity") == real_at(&run, "modularity"));
    test_call(&s, "graph.run", "{'pass': 'degree', 'write': 'slow'}");
    gx_value plain = test_call(&s, "graph.run", "{'pass': 'pagerank', 'of': ['u7']}");
    gx_value first = gx_nil();
    const char *const calls[] = {
        "{'pass': 'pagerank', 'params': {'teleport': 'slow.score'}, 'of': ['u7']}",
        "{'pass': 'pagerank', 'params': {'teleport': 'degree.score'}, 'of': ['u7']}"};
    for (size_t i = 0; i < GX_COUNT(calls); i++) {
        gx_value far = test_call(&s, "graph.run", calls[i]);
        const gx_value *members = gx_map_get(&far, "members");
        assert_false(gx_value_equal(members, gx_map_get(&plain, "members")));
        assert_true(i == 0 || gx_value_equal(members, &first));
        first = *members;
    }
    assert_int_equal(refused(&s, "{'pass': 'pagerank', 'params': {'teleport': 'no.score'}}", &err),
                     GX_BAD_REQUEST);
    test_shop_close(&s);
}

/* What a call computed on the way is not held against its job afterwards. */
static void test_what_is_computed_is_given_back(void **state) {
    (void)state;
    static const char *const calls[][2] = {
        {"graph.run", "{'pass': 'hits', 'top': 4}"},
        {"graph.centrality", "{'measure': 'hits'}"},
        {"graph.communities", "{'algorithm': 'label_propagation'}"},
        {"seed.simulate", "{'seeds': ['u1'], 'by': 'circle', 'runs': 50}"},
        {"cascade.predict", "{'item': 'i1', 'runs': 20}"},
        {"eval.influence", "{'resamples': 10}"},
        {"eval.spreading", "{'runs': 20, 'measures': ['degree', 'hits']}"},
        {"model.build", "{'passes': ['leiden']}"},
        {"graph.roles", "{}"},
    };
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 1, 120, 0);
    test_call(&s, "model.build", "{'passes': ['popular']}"); /* no circles, no roles */
    for (size_t c = 0; c < GX_COUNT(calls); c++) {
        gx_job job;
        gx_error err = {0};
        gx_value out;
        const gx_call_options options = {.job = &job};
        const gx_value args = test_json(&s, calls[c][1]);
        gx_job_init(&job, 1, 1);
        if (gx_db_call(&out, s.db, gx_method_find(calls[c][0]), &args, &options, s.arena, &err) !=
            GX_OK) {
            fail_msg("%s: %s", calls[c][0], err.message);
        }
        if (atomic_load(&job.mem_used) != 0) {
            fail_msg("%s keeps %llu bytes", calls[c][0],
                     (unsigned long long)atomic_load(&job.mem_used));
        }
    }
    test_shop_close(&s);
}

/* Every pass over ties tells what a billion of them would take, without a graph to look at. */
static void test_estimates_of_size(void **state) {
    (void)state;
    const gx_pass_table *table = gx_engine_passes();
    gx_arena *arena = gx_arena_create();
    const gx_graph_size few = {1000000, 10000000, false}, many = {100000000, 1000000000, false};
    int told = 0;
    for (size_t i = 0; i < table->count; i++) {
        const gx_pass *pass = table->rows[i];
        gx_value small, large;
        gx_status status = gx_estimate_graph(&small, pass, NULL, &few, 2, arena, NULL);
        if (pass->needs & (GX_NEED_MATRIX | GX_NEED_CATEGORY)) {
            assert_int_equal(status, GX_BAD_REQUEST);
            continue;
        }
        if (status != GX_OK) { /* stands on one that needs events */
            continue;
        }
        told++;
        assert_int_equal(gx_estimate_graph(&large, pass, NULL, &many, 2, arena, NULL), GX_OK);
        double bytes = real_at(&large, "mem_bytes");
        assert_true(bytes > 1e9 && bytes > 20 * real_at(&small, "mem_bytes"));
        assert_true(real_at(&large, "cpu_s") > 1);
    }
    assert_true(told > 20);
    gx_arena_destroy(arena);
    test_shop s;
    gx_error err = {0};
    test_shop_open(&s);
    gx_value by_call = test_call(&s, "graph.run",
                                 "{'pass': 'kcore', 'estimate': true, 'users': 100, 'ties': 1000}");
    assert_true(test_is(gx_map_get(at(gx_map_get(&by_call, "steps"), 0), "pass"), "view"));
    gx_value both = test_call(
        &s, "graph.run",
        "{'pass': 'pagerank', 'estimate': true, 'users': 100, 'ties': 1000, 'undirected': true}");
    gx_value twice = test_call(&s, "graph.run", "{'pass': 'pagerank', 'users': 100, 'ties': 2000}");
    assert_true(real_at(&both, "mem_bytes") == real_at(&twice, "mem_bytes"));
    assert_int_equal(refused(&s, "{'pass': 'kcore', 'ties': 1000}", &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "users"));
    gx_value named =
        test_call(&s, "graph.run", "{'pass': 'pagerank', 'members': 100, 'ties': 2000}");
    assert_true(gx_value_equal(&named, &twice));
    assert_int_equal(refused(&s, "{'pass': 'kcore', 'members': 10, 'ties': 91}", &err),
                     GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "90"));
    assert_int_equal(
        refused(&s, "{'pass': 'kcore', 'members': 10, 'ties': 46, 'undirected': true}", &err),
        GX_BAD_REQUEST);
    test_call(&s, "graph.run", "{'pass': 'kcore', 'members': 10, 'ties': 90}");
    test_shop_close(&s);
}

/* Every member, or every entry of one array, whether the pass gives scores or not. */
static void test_all(void **state) {
    (void)state;
    test_shop s;
    gx_error err = {0};
    test_shop_open(&s);
    test_shop_fill(&s, 1, 120, 0);
    gx_value of = test_call(&s, "graph.run", "{'pass': 'leiden', 'of': ['u0', 'u1']}");
    gx_value some = test_call(&s, "graph.communities", "{'of': ['u7', 'u3']}");
    assert_int_equal(gx_map_get(&some, "members")->size, 2);
    assert_true(test_is(gx_map_get(at(gx_map_get(&some, "members"), 0), "user_id"), "u7"));
    gx_value largest = test_call(&s, "graph.communities", "{'top': 1}");
    assert_int_equal(gx_map_get(&largest, "communities")->size, 1);
    gx_value all = test_call(&s, "graph.run", "{'pass': 'leiden', 'all': true}");
    const gx_value *members = gx_map_get(&all, "members");
    assert_int_equal(members->size, 120);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(gx_value_equal(at(members, i), at(gx_map_get(&of, "members"), i)));
    }
    gx_value one = test_call(&s, "graph.run", "{'pass': 'leiden', 'array': 'community'}");
    gx_value full = test_call(&s, "graph.run", "{'pass': 'leiden', 'array': 'leiden.community'}");
    const gx_value *entries = gx_map_get(&one, "entries");
    assert_true(gx_value_equal(entries, gx_map_get(&full, "entries")));
    assert_int_equal(entries->size, 120);
    assert_true(test_is(gx_map_get(at(entries, 5), "user_id"), "u5"));
    assert_true(real_at(at(entries, 5), "value") == real_at(at(members, 5), "community"));
    gx_value plain = test_call(&s, "graph.run", "{'pass': 'structure', 'array': 'density'}");
    assert_true(real_at(at(gx_map_get(&plain, "entries"), 0), "row") == 0);
    gx_value order = test_call(&s, "graph.run", "{'pass': 'voterank', 'array': 'order'}");
    assert_int_equal(gx_map_get(at(gx_map_get(&order, "entries"), 0), "value")->type, GX_TEXT);
    assert_int_equal(refused(&s, "{'pass': 'structure', 'all': true}", &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "density"));
    assert_int_equal(refused(&s, "{'pass': 'leiden', 'array': 'no'}", &err), GX_NOT_FOUND);
    assert_non_null(strstr(err.message, "community"));
    assert_int_equal(refused(&s, "{'pass': 'leiden', 'all': true, 'top': 3}", &err),
                     GX_BAD_REQUEST);
    test_shop_close(&s);
}

/* What the snapshot has takes nothing; what is computed takes what graph.run tells of the pass. */
static void test_estimates_of_answers(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 1, 120, 0);
    test_call(&s, "model.build", "{}");
    const struct {
        const char *method, *stored, *fresh, *run;
    } calls[] = {
        {"graph.centrality", NULL,
         "{'measure': 'pagerank', 'fresh': true, 'params': {'damping': 0.5}, 'estimate': true}",
         "{'pass': 'pagerank', 'params': {'damping': 0.5}, 'estimate': true}"},
        {"graph.communities", "{'estimate': true}", "{'fresh': true, 'estimate': true}",
         "{'pass': 'leiden', 'estimate': true}"},
    };
    for (size_t i = 0; i < GX_COUNT(calls); i++) {
        if (calls[i].stored) {
            gx_value stored = test_call(&s, calls[i].method, calls[i].stored);
            assert_true(test_is(gx_map_get(&stored, "from"), "snapshot"));
            assert_true(real_at(&stored, "mem_bytes") == 0);
        }
        gx_value fresh = test_call(&s, calls[i].method, calls[i].fresh);
        gx_value run = test_call(&s, "graph.run", calls[i].run);
        assert_int_equal(gx_map_get(&fresh, "steps")->size, gx_map_get(&run, "steps")->size);
        assert_true(real_at(&fresh, "mem_bytes") == real_at(&run, "mem_bytes"));
        assert_true(real_at(&fresh, "mem_bytes") > 1000);
        assert_null(gx_map_get(&fresh, "members"));
    }
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top_and_of),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_what_is_computed_is_given_back),
        cmocka_unit_test(test_estimates_of_size),
        cmocka_unit_test(test_kept_at_once),
        cmocka_unit_test(test_estimates_of_answers),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
