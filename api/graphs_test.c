/* Graphs kept between calls: made once, as new as the store, safe to hold while others write. */
#include "api/db.h"
#include "api/graphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct bed {
    char folder[64];
    gx_db *db;
} bed;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int set_up_with(void **state, uint64_t mem_bytes) {
    bed *b = calloc(1, sizeof *b);
    strcpy(b->folder, "/tmp/gx-graphs-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    gx_db_options options = {.create = true, .threads = 1, .mem_bytes = mem_bytes};
    assert_int_equal(gx_db_open(&b->db, b->folder, &options, NULL), GX_OK);
    *state = b;
    return 0;
}

static int set_up(void **state) {
    return set_up_with(state, 0);
}

static int set_up_small(void **state) {
    return set_up_with(state, 1 << 20);
}

static int tear_down(void **state) {
    bed *b = *state;
    gx_db_close(b->db);
    nftw(b->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(b);
    return 0;
}

static void call(bed *b, const char *method, const char *text) {
    gx_arena *arena = gx_arena_create();
    gx_value args, result;
    gx_error err = {0};
    assert_int_equal(gx_json_read(&args, arena, text, strlen(text), &err), GX_OK);
    if (gx_call(&result, b->db, method, &args, arena, &err) != GX_OK) {
        fail_msg("%s %s: %s", method, text, err.message);
    }
    gx_arena_destroy(arena);
}

static const gx_held *hold(bed *b, unsigned flags, const gx_view_spec *spec) {
    const gx_held *held = NULL;
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    gx_state *state = gx_db_hold_state(b->db);
    if (gx_graph_hold(&held, b->db, &state->rules, flags, spec, &job, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    gx_state_release(state);
    assert_true(atomic_load(&job.mem_used) == 0);
    return held;
}

static void it_is_made_once_until_a_tie_changes(void **state) {
    bed *b = *state;
    call(b, "tie.put", "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\"}]}");
    const gx_held *first = hold(b, GX_GRAPH_UNDIRECTED, NULL);
    assert_int_equal(first->graph.m, 2);
    call(b, "event.put",
         "{\"events\": {\"user_id\": \"z\", \"item_id\": \"i\", \"action\": \"buy\", \"ts\": 9}}");
    const gx_held *again = hold(b, GX_GRAPH_UNDIRECTED | GX_GRAPH_IN, NULL);
    assert_ptr_equal(first, again); /* an event is no tie, and the in-arrays are there */
    gx_graph_release(b->db, again);
    call(b, "tie.put", "{\"ties\": [{\"src\": \"b\", \"dst\": \"c\"}]}");
    const gx_held *next = hold(b, GX_GRAPH_UNDIRECTED, NULL);
    assert_ptr_not_equal(first, next);
    assert_int_equal(next->graph.m, 4);
    assert_int_equal(first->graph.m, 2); /* who holds it has it */
    assert_int_equal(first->graph.out_dst[0], 1);
    gx_graph_release(b->db, first);
    call(b, "tie.del", "{\"src\": \"b\", \"dst\": \"c\", \"kind\": \"friend\"}");
    const gx_held *last = hold(b, GX_GRAPH_UNDIRECTED, NULL);
    assert_int_equal(last->graph.m, 2);
    gx_graph_release(b->db, next);
    gx_graph_release(b->db, last);
    gx_graph_release(b->db, NULL);
}

static void every_view_is_a_graph_of_its_own(void **state) {
    bed *b = *state;
    call(b, "tie.put",
         "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\", \"kind\": \"follow\"}, {\"src\": \"a\", "
         "\"dst\": \"c\", \"kind\": \"friend\"}]}");
    static const char *const kinds[] = {"follow", NULL}, *const others[] = {"friend", NULL};
    gx_view_spec follow = {.kinds = kinds}, friend = {.kinds = others};
    const gx_held *held[7];
    held[0] = hold(b, GX_GRAPH_IN, NULL);
    held[1] = hold(b, 0, NULL); /* out-arrays are all it needs */
    held[2] = hold(b, GX_GRAPH_IN, &follow);
    held[3] = hold(b, GX_GRAPH_IN, &friend);
    held[4] = hold(b, GX_GRAPH_UNDIRECTED, &follow);
    held[5] = hold(b, GX_GRAPH_UNDIRECTED, &friend); /* one more than are kept */
    held[6] = hold(b, GX_GRAPH_UNDIRECTED, &follow);
    assert_ptr_equal(held[0], held[1]);
    assert_ptr_equal(held[4], held[6]);
    uint32_t count;
    uint64_t bytes;
    gx_graphs_stat(&count, &bytes, b->db->graphs);
    assert_int_equal(count, 4);
    assert_true(bytes > 4 * 4 * sizeof(uint64_t)); /* rows of three members, of each */
    assert_int_equal(held[0]->graph.m, 3);
    assert_int_equal(held[2]->graph.m, 1);
    assert_int_equal(held[3]->graph.m, 2);
    for (int i = 0; i < 7; i++) {
        gx_graph_release(b->db, held[i]);
    }
}

static void a_rule_of_kinds_makes_it_anew(void **state) {
    bed *b = *state;
    call(b, "tie.put", "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\", \"kind\": \"follow\"}]}");
    gx_state *served = gx_db_hold_state(b->db);
    gx_rules rules = served->rules;
    gx_kind_rule kind = *gx_kind_rule_default(gx_slice_of("follow"));
    kind.weight *= 3;
    rules.kinds = &kind;
    rules.kind_count = 1;
    const gx_held *plain = hold(b, 0, NULL), *heavy = NULL;
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_graph_hold(&heavy, b->db, &rules, 0, NULL, &job, NULL), GX_OK);
    assert_ptr_not_equal(plain, heavy);
    gx_graph_release(b->db, plain);
    gx_graph_release(b->db, heavy);
    gx_state_release(served);
}

static void a_failure_leaves_the_place_free(void **state) {
    bed *b = *state;
    call(b, "tie.put", "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\"}]}");
    gx_state *served = gx_db_hold_state(b->db);
    const gx_held *held = NULL;
    gx_job job;
    gx_job_init(&job, 1, 1);
    job.mem_limit = 1;
    assert_int_equal(gx_graph_hold(&held, b->db, &served->rules, 0, NULL, &job, NULL),
                     GX_OVER_LIMIT);
    gx_state_release(served);
    held = hold(b, 0, NULL);
    assert_int_equal(held->graph.m, 2);
    gx_graph_release(b->db, held);
}

/* Half of a mebibyte is room for one of these and not for two. */
static void what_is_kept_fits_the_memory_given(void **state) {
    bed *b = *state;
    char text[128];
    snprintf(text, sizeof text, "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\"}]}");
    call(b, "tie.put", text);
    gx_txn *txn;
    gx_error err;
    assert_int_equal(gx_txn_write(&txn, b->db->store, &err), GX_OK);
    for (int i = 0; i < 40000; i++) {
        uint32_t id;
        snprintf(text, sizeof text, "m%d", i);
        assert_int_equal(gx_word_intern(&id, NULL, txn, GX_SPACE_USER, gx_slice_of(text), &err),
                         GX_OK);
    }
    gx_tie tie = {.src = 0, .dst = 2, .weight = 1, .ts_ms = GX_TIME_UNKNOWN};
    assert_int_equal(gx_tie_put(NULL, txn, &tie, &err), GX_OK);
    assert_int_equal(gx_txn_commit(txn, &err), GX_OK);
    const gx_held *one = hold(b, 0, NULL);
    gx_graph_release(b->db, one);
    const gx_held *two = hold(b, GX_GRAPH_UNDIRECTED, NULL);
    const gx_held *same = hold(b, GX_GRAPH_UNDIRECTED, NULL);
    assert_ptr_equal(two, same);
    gx_graph_release(b->db, two);
    gx_graph_release(b->db, same);
    const gx_held *large = hold(b, GX_GRAPH_IN, NULL); /* 640 KB: given, not kept */
    assert_int_equal(large->graph.n, 40002);
    gx_graph_release(b->db, large);
}

typedef struct asker {
    bed *b;
    uint64_t last;
} asker;

static void *ask_on(void *opaque) {
    asker *a = opaque;
    for (int i = 0; i < 200; i++) {
        const gx_held *held = hold(a->b, i % 2 ? GX_GRAPH_UNDIRECTED : GX_GRAPH_IN, NULL);
        if (held->tie_state < a->last || held->graph.m % 2) {
            return a;
        }
        a->last = held->tie_state;
        gx_graph_release(a->b->db, held);
    }
    return NULL;
}

static void many_ask_while_one_writes(void **state) {
    enum { ASKERS = 3 };
    bed *b = *state;
    pthread_t thread[ASKERS];
    asker askers[ASKERS];
    call(b, "tie.put", "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\"}]}");
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (asker){.b = b};
        assert_int_equal(pthread_create(&thread[i], NULL, ask_on, &askers[i]), 0);
    }
    for (int i = 0; i < 30; i++) {
        char text[96];
        snprintf(text, sizeof text, "{\"ties\": [{\"src\": \"a\", \"dst\": \"n%d\"}]}", i);
        call(b, "tie.put", text);
        const gx_held *held = hold(b, GX_GRAPH_UNDIRECTED, NULL);
        assert_int_equal(held->graph.m, 2 * (uint64_t)(i + 2)); /* what was written is there */
        gx_graph_release(b->db, held);
    }
    for (int i = 0; i < ASKERS; i++) {
        void *wrong;
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
}

#define TEST(name, before) cmocka_unit_test_setup_teardown(name, before, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_is_made_once_until_a_tie_changes, set_up),
        TEST(every_view_is_a_graph_of_its_own, set_up),
        TEST(a_rule_of_kinds_makes_it_anew, set_up),
        TEST(a_failure_leaves_the_place_free, set_up),
        TEST(what_is_kept_fits_the_memory_given, set_up_small),
        TEST(many_ask_while_one_writes, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
