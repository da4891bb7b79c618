/* The one path for every door: dispatch, group commit, columns as new as the reader, jobs,
 * swapping. */
#include "api/db.h"
#include "api/support.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct bed {
    char folder[64];
    gx_db *db;
    gx_arena *arena;
} bed;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int set_up(void **state) {
    bed *b = calloc(1, sizeof *b);
    strcpy(b->folder, "/tmp/gx-api-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    gx_db_options options = {.create = true, .threads = 1};
    assert_int_equal(gx_db_open(&b->db, b->folder, &options, NULL), GX_OK);
    b->arena = gx_arena_create();
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    bed *b = *state;
    gx_db_close(b->db);
    gx_arena_destroy(b->arena);
    nftw(b->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(b);
    return 0;
}

static gx_value json(bed *b, const char *text) {
    gx_value value;
    gx_error err;
    if (gx_json_read(&value, b->arena, text, strlen(text), &err) != GX_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return value;
}

static gx_value must(bed *b, const char *method, const char *args) {
    gx_value result, given = json(b, args);
    gx_error err;
    if (gx_call(&result, b->db, method, &given, b->arena, &err) != GX_OK) {
        fail_msg("%s %s: %s", method, args, err.message);
    }
    return result;
}

static gx_error fails(bed *b, const char *method, const char *args, gx_status code) {
    gx_value result, given = json(b, args);
    gx_error err = {0};
    assert_int_equal(gx_call(&result, b->db, method, &given, b->arena, &err), code);
    assert_int_equal(err.code, code);
    assert_true(strlen(err.message) > 10);
    return err;
}

static int64_t number(const gx_value *map, const char *key) {
    const gx_value *value = gx_map_get(map, key);
    assert_non_null(value);
    assert_int_equal(value->type, GX_INT);
    return value->as.integer;
}

/* ---- dispatch ------------------------------------------------------------------------------- */

static void every_method_is_described_and_checks_its_arguments(void **state) {
    bed *b = *state;
    const gx_method_table *table = gx_methods();
    for (size_t i = 0; i < table->count; i++) {
        const gx_method *m = table->rows[i];
        assert_non_null(strchr(m->name, '.'));
        assert_ptr_equal(gx_method_find(m->name), m);
        assert_true(m->summary && m->result && m->run);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(m->name, table->rows[k]->name);
        }
        for (size_t p = 0; p < m->param_count; p++) {
            assert_true(m->params[p].name && m->params[p].help);
            assert_true(m->params[p].type != GX_PARAM_CHOICE || m->params[p].choices);
            for (size_t c = 0; c < gx_method_common_count; c++) {
                assert_string_not_equal(m->params[p].name, gx_method_common[c].name);
            }
        }
        if (m->tolerant) {
            must(b, m->name, "{\"nothing_like_it\": 1}");
            continue;
        }
        gx_error err = fails(b, m->name, "{\"nothing_like_it\": 1}", GX_BAD_REQUEST);
        assert_non_null(strstr(err.message, "nothing_like_it"));
    }
}

static void what_is_not_there_is_said_with_what_is_near(void **state) {
    bed *b = *state;
    assert_non_null(strstr(fails(b, "sys.pin", "{}", GX_NOT_FOUND).message, "sys.ping"));
    assert_non_null(
        strstr(fails(b, "graph.ego", "{\"user\": \"u9\"}", GX_NOT_FOUND).message, "'u9'"));
    fails(b, "graph.leaders", "{}", GX_CONFLICT); /* no snapshot yet */
    fails(b, "graph.centrality", "{\"measure\": \"leiden\"}", GX_NOT_FOUND);
    fails(b, "job.get", "{\"job\": 5}", GX_NOT_FOUND);
    gx_error err = fails(b, "job.watch", "{\"job\": 5}", GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "job.get"));
}

static void a_deadline_that_has_passed_is_refused_before_anything_is_done(void **state) {
    bed *b = *state;
    gx_value result;
    gx_error err;
    gx_job job;
    gx_job_init(&job, 1, 1);
    job.deadline_ns = 1;
    gx_call_options options = {.job = &job};
    assert_int_equal(
        gx_db_call(&result, b->db, gx_method_find("sys.ping"), NULL, &options, b->arena, &err),
        GX_DEADLINE);
    assert_true(job.deadline_ns == 1); /* the caller's job is as it was */
}

static void no_caller_gets_more_threads_than_the_store_was_opened_with(void **state) {
    bed *b = *state;
    gx_value result, args = json(b, "{\"threads\": 1024}");
    gx_error err;
    gx_job job;
    gx_job_init(&job, 1, 1);
    gx_call_options options = {.job = &job};
    const gx_method *ping = gx_method_find("sys.ping");
    assert_int_equal(gx_db_call(&result, b->db, ping, &args, &options, b->arena, &err), GX_OK);
    assert_int_equal(job.threads, 1);
    gx_db_close(b->db);
    gx_db_options three = {.threads = 3};
    assert_int_equal(gx_db_open(&b->db, b->folder, &three, NULL), GX_OK);
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_db_call(&result, b->db, ping, &args, &options, b->arena, &err), GX_OK);
    assert_int_equal(job.threads, 3);
    args = json(b, "{\"threads\": 2}");
    assert_int_equal(gx_db_call(&result, b->db, ping, &args, &options, b->arena, &err), GX_OK);
    assert_int_equal(job.threads, 2);
    gx_job_init(&job, 64, 1); /* the door's own word is free */
    args = json(b, "{}");
    assert_int_equal(gx_db_call(&result, b->db, ping, &args, &options, b->arena, &err), GX_OK);
    assert_int_equal(job.threads, 64);
}

static void many_lists_at_once_are_a_long_call(void **state) {
    bed *b = *state;
    static const struct {
        const char *args;
        bool is_long;
    } cases[] = {
        {"{}", false},
        {"{\"users\": \"u1\", \"n\": 400}", false},
        {"{\"users\": \"u1\", \"n\": 401}", true},
        {"{\"users\": [\"u1\", \"u2\"], \"n\": 200.0}", false},
        {"{\"users\": [\"u1\", \"u2\"], \"n\": 201.0}", true},
        {"{\"users\": [\"u1\", \"u2\"], \"n\": \"201\"}", true},
        {"{\"users\": [\"u1\", \"u2\"], \"n\": []}", false},
        {"{\"users\": [], \"n\": 1000}", false},
    };
    const gx_method *method = gx_method_find("rec.user");
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_value args = json(b, cases[i].args);
        assert_int_equal(method->is_long(&args), cases[i].is_long);
    }
    gx_value nothing = gx_nil();
    assert_false(method->is_long(&nothing));
}

/* ---- writes --------------------------------------------------------------------------------- */

static void rows_are_idempotent_and_come_back(void **state) {
    bed *b = *state;
    const char *event =
        "{\"events\": [{\"event_id\": \"e1\", \"user_id\": \"u1\", \"item_id\": \"i1\", "
        "\"action\": \"buy\", \"ts\": \"2026-01-01\", \"value\": 2.5, \"store\": \"south\"}]}";
    gx_value first = must(b, "event.put", event), again = must(b, "event.put", event);
    assert_int_equal(number(&first, "created"), 1);
    assert_int_equal(number(&first, "new_users"), 1);
    assert_int_equal(number(&again, "created"), 0);
    assert_int_equal(number(&again, "unchanged"), 1);
    gx_value got = must(b, "event.get", "{\"events\": [\"e1\", \"e2\"]}");
    const gx_value *rows = gx_map_get(&got, "events");
    assert_int_equal(rows->size, 2);
    assert_string_equal(gx_map_get(&rows->as.items[0], "item_id")->as.text, "i1");
    assert_string_equal(gx_map_get(&rows->as.items[0], "store")->as.text, "south");
    assert_true(gx_map_get(&rows->as.items[0], "value")->as.real == 2.5);
    assert_non_null(gx_map_get(&rows->as.items[1], "error"));
    must(b, "user.put",
         "{\"users\": [{\"user_id\": \"u1\", \"region\": \"south\", \"attr_x\": 7}]}");
    gx_value user = must(b, "user.get", "{\"users\": \"u1\"}");
    const gx_value *row = &gx_map_get(&user, "users")->as.items[0];
    assert_string_equal(gx_map_get(row, "region")->as.text, "south");
}

static void a_bad_entry_names_itself_and_undoes_its_call(void **state) {
    bed *b = *state;
    gx_error err = fails(
        b, "event.put",
        "{\"events\": [{\"user_id\": \"u1\", \"item_id\": \"i1\", \"action\": \"buy\", \"ts\": 1}, "
        "{\"user_id\": \"u1\", \"item_id\": \"\", \"action\": \"buy\", \"ts\": 2}]}",
        GX_BAD_REQUEST);
    assert_string_equal(err.at, "[1].item_id");
    fails(b, "tie.put", "{\"ties\": [{\"src\": \"a\", \"dst\": \"b\", \"weight\": -1}]}",
          GX_BAD_REQUEST);
    fails(b, "tie.put", "{\"ties\": 5}", GX_BAD_REQUEST);
    fails(b, "tie.put", "{\"ties\": [5]}", GX_BAD_REQUEST);
    gx_value info = must(b, "sys.info", "{}");
    assert_int_equal(number(&info, "events"), 0);
    assert_int_equal(number(&info, "users"), 0);
}

static void calls_in_one_commit_fail_alone(void **state) {
    bed *b = *state;
    gx_value args[3] = {
        json(b, "{\"users\": [{\"user_id\": \"a\"}]}"),
        json(b, "{\"users\": [{\"user_id\": \"b\"}, {\"user_id\": \"\"}]}"),
        json(b, "{\"users\": [{\"user_id\": \"c\"}]}"),
    };
    gx_write_call calls[3] = {0};
    for (int i = 0; i < 3; i++) {
        calls[i] = (gx_write_call){
            .method = gx_method_find("user.put"), .args = &args[i], .arena = b->arena};
    }
    gx_db_write(b->db, calls, 3);
    assert_int_equal(calls[0].status, GX_OK);
    assert_int_equal(calls[1].status, GX_BAD_REQUEST);
    assert_int_equal(calls[2].status, GX_OK);
    gx_value info = must(b, "sys.info", "{}");
    assert_int_equal(number(&info, "users"), 2);
}

/* ---- item columns -----------------------------------------------------------------------------
 */

static double price_of(bed *b, uint32_t item) {
    gx_txn *txn;
    assert_int_equal(gx_txn_read(&txn, b->db->store, NULL), GX_OK);
    const gx_columns *columns = gx_db_items_lock(b->db, txn, NULL);
    assert_non_null(columns);
    gx_value value = gx_columns_get(columns, b->arena, item, "price");
    gx_db_items_unlock(b->db);
    gx_txn_abort(txn);
    double price = -1;
    return gx_value_as_real(&value, &price) ? price : -1;
}

static void columns_follow_own_commits_and_foreign_ones(void **state) {
    bed *b = *state;
    must(b, "item.put",
         "{\"items\": [{\"item_id\": \"i0\", \"price\": 10}, {\"item_id\": \"i1\", \"price\": "
         "20}]}");
    assert_true(price_of(b, 0) == 10 && price_of(b, 1) == 20);
    must(b, "item.put", "{\"items\": [{\"item_id\": \"i1\", \"price\": 21}]}");
    assert_true(price_of(b, 0) == 10 && price_of(b, 1) == 21);
    /* Somebody else's commit: through the store, behind the back of the columns. */
    gx_txn *txn;
    bool changed;
    gx_value fields = json(b, "{\"price\": 99}");
    assert_int_equal(gx_txn_write(&txn, b->db->store, NULL), GX_OK);
    assert_int_equal(gx_record_merge(&changed, txn, GX_SPACE_ITEM, 0, &fields, NULL), GX_OK);
    assert_int_equal(gx_txn_commit(txn, NULL), GX_OK);
    assert_true(price_of(b, 0) == 99 && price_of(b, 1) == 21);
    must(b, "item.put", "{\"items\": [{\"item_id\": \"i0\", \"price\": 5}]}");
    assert_true(price_of(b, 0) == 5);
}

/* ---- a whole path
 * --------------------------------------------------------------------------------- */

/* Two rings of eight with a bridge; everybody in a ring buys the ring's items. */
static void fill_two_rings(bed *b) {
    char text[512];
    for (int u = 0; u < 16; u++) {
        int ring = u / 8, next = ring * 8 + (u + 1) % 8, across = ring * 8 + (u + 3) % 8;
        snprintf(text, sizeof text,
                 "{\"ties\": [{\"src\": \"u%d\", \"dst\": \"u%d\"}, {\"src\": \"u%d\", \"dst\": "
                 "\"u%d\"}]}",
                 u, next, u, across);
        must(b, "tie.put", text);
        for (int i = 0; i < 4; i++) {
            snprintf(text, sizeof text,
                     "{\"events\": {\"user_id\": \"u%d\", \"item_id\": \"i%d\", \"action\": "
                     "\"buy\", \"ts\": %d}}",
                     u, ring * 6 + (u + i) % 6, 1790000000 + u * 10 + i);
            must(b, "event.put", text);
        }
    }
    must(b, "tie.put", "{\"ties\": [{\"src\": \"u0\", \"dst\": \"u8\"}]}");
    must(b, "item.put", "{\"items\": [{\"item_id\": \"i0\", \"category\": \"tea/green\"}]}");
}

static void a_build_is_served_and_swapped_whole(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    gx_value built = must(b, "model.build", "{\"check\": true}");
    assert_int_equal(number(&built, "snapshot"), 1);
    gx_value circles = must(b, "graph.communities", "{}");
    assert_int_equal(number(&circles, "count"), 2);
    gx_value leaders = must(b, "graph.leaders", "{\"n\": 3}");
    assert_int_equal(gx_map_get(&leaders, "leaders")->size, 3);
    gx_value card = must(b, "graph.community", "{\"user\": \"u3\"}");
    assert_int_equal(number(&card, "size"), 8);
    gx_state *held = gx_db_hold_state(b->db);
    must(b, "model.build", "{\"params\": {\"leiden\": {\"resolution\": 8}}}");
    gx_state *now = gx_db_hold_state(b->db);
    assert_ptr_not_equal(held, now);
    assert_int_equal(gx_snapshot_number(held->snapshot), 1);
    assert_int_equal(gx_snapshot_number(now->snapshot), 2);
    gx_state_release(held);
    gx_state_release(now);
    gx_value back = must(b, "model.rollback", "{}");
    assert_int_equal(number(&back, "snapshot"), 1);
    gx_value diff = must(b, "model.diff", "{\"from\": 1, \"to\": 2}");
    assert_true(gx_map_get(&diff, "arrays")->size > 10);
    fails(b, "model.build", "{\"passes\": [\"leidn\"]}", GX_NOT_FOUND);
    fails(b, "model.build", "{\"params\": {\"leiden\": {\"resolutoin\": 8}}}", GX_BAD_REQUEST);
    fails(b, "model.build", "{\"mem\": 1000}", GX_OVER_LIMIT);
    gx_value ego = must(b, "graph.ego", "{\"user\": \"u0\"}");
    assert_true(gx_map_get(&ego, "members")->size >= 5);
}

/* A clique of the members u<first> to u<last>. */
static void fill_clique(bed *b, int first, int last) {
    char text[128];
    for (int u = first; u <= last; u++) {
        for (int v = first; v < u; v++) {
            snprintf(text, sizeof text, "{\"ties\": [{\"src\": \"u%d\", \"dst\": \"u%d\"}]}", u, v);
            must(b, "tie.put", text);
        }
    }
}

static void assert_circle(bed *b, const char *call, const char *name, int size) {
    gx_value card = must(b, "graph.community", call);
    assert_int_equal(number(&card, "size"), size);
    const gx_value *text = gx_map_get(&card, "community");
    assert_true(gx_slice_equal((gx_slice){text->as.text, text->size}, gx_slice_of(name)));
}

static int64_t count_of(const gx_value *lineage, uint32_t step, const char *what) {
    return number(&gx_map_get(lineage, "steps")->as.items[step], what);
}

static void assert_first(bed *b, const char *call, const char *name) {
    gx_value result = must(b, "graph.communities", call);
    const gx_value *first = &gx_map_get(&result, "communities")->as.items[0];
    const gx_value *text = gx_map_get(first, "community");
    assert_true(gx_slice_is((gx_slice){text->as.text, text->size}, name));
}

/* What is found on demand begins with the circles of the snapshot and has their names, whatever it
 * is kept as; what is no circle of it has another kind of name. By size they are c-1,
 * c-3 and c-0. */
static void names_hold_for_other_runs(bed *b) {
    assert_first(b, "{\"fresh\": true}", "c-1");
    gx_value run =
        must(b, "graph.run", "{\"pass\": \"leiden\", \"write\": \"kept\", \"of\": [\"u45\"]}");
    const gx_value *row = &gx_map_get(&run, "members")->as.items[0];
    const gx_value *circle = gx_map_get(row, "circle");
    assert_int_equal(number(row, "community"), 1);
    assert_true(gx_slice_is((gx_slice){circle->as.text, circle->size}, "c-3"));
    assert_first(b, "{\"algorithm\": \"kept\"}", "c-1");
    assert_first(b, "{\"algorithm\": \"louvain\"}", "louvain-0");
    must(b, "graph.run", "{\"pass\": \"components\", \"write\": \"parts\"}");
    assert_first(b, "{\"algorithm\": \"parts\"}", "parts-0");
    fill_clique(b, 60, 84); /* who was in no circle is in none of the snapshot's */
    assert_first(b, "{\"fresh\": true}", "leiden-0");
}

/* A third circle is born, becomes the largest and so the first by number, and takes in a ring: ids
 * stay with whom they were given to. */
static void circles_keep_their_ids(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    must(b, "model.build", "{\"passes\": [\"leiden\", \"circle\", \"leaders\"]}");
    assert_circle(b, "{\"user\": \"u3\"}", "c-0", 8);
    assert_circle(b, "{\"user\": \"u11\"}", "c-1", 8);
    fails(b, "graph.lineage", "{}", GX_CONFLICT); /* the first */
    fill_clique(b, 20, 29);
    must(b, "model.build", "{\"passes\": [\"leiden\", \"circle\", \"leaders\"], \"check\": true}");
    assert_circle(b, "{\"user\": \"u3\"}", "c-0", 8);
    assert_circle(b, "{\"user\": \"u25\"}", "c-2", 10);
    assert_circle(b, "{\"community\": \"c-2\"}", "c-2", 10);
    fails(b, "graph.community", "{\"community\": \"c-3\"}", GX_NOT_FOUND);
    gx_value lineage = must(b, "graph.lineage", "{}");
    assert_int_equal(count_of(&lineage, 0, "continued"), 2);
    assert_int_equal(count_of(&lineage, 0, "born"), 1);
    assert_int_equal(gx_map_get(&lineage, "events")->size, 1);
    fill_clique(b, 8, 29);
    must(b, "model.build", "{\"passes\": [\"leiden\", \"circle\", \"leaders\"]}");
    assert_circle(b, "{\"user\": \"u11\"}", "c-2", 22);
    fails(b, "graph.leaders", "{\"community\": \"\"}", GX_BAD_REQUEST);
    gx_value leaders = must(b, "graph.leaders", "{\"community\": \"c-2\", \"n\": 50}");
    assert_int_equal(gx_map_get(&leaders, "leaders")->size, 22);
    lineage = must(b, "graph.lineage", "{\"from\": 1, \"chain\": true}");
    assert_int_equal(gx_map_get(&lineage, "steps")->size, 2);
    assert_int_equal(count_of(&lineage, 1, "merged"), 1);
    must(b, "model.build", "{\"passes\": [\"degree\"]}");
    must(b, "model.build", "{\"passes\": [\"leiden\", \"circle\", \"leaders\"]}");
    lineage = must(b, "graph.lineage", "{\"from\": 2, \"chain\": true}"); /* 4 has no circles */
    assert_int_equal(gx_map_get(&lineage, "steps")->size, 2);
    assert_int_equal(count_of(&lineage, 1, "from"), 3);
    assert_int_equal(count_of(&lineage, 1, "to"), 5);
    fails(b, "graph.lineage", "{\"to\": 4, \"from\": 3}", GX_NOT_FOUND);
    lineage = must(b, "graph.lineage", "{\"from\": 1, \"to\": 3, \"community\": \"c-1\"}");
    assert_int_equal(count_of(&lineage, 0, "continued"), 2); /* of the ends alone: c-1 grew */
    fails(b, "graph.lineage", "{\"from\": 3, \"to\": 2}", GX_BAD_REQUEST);
    fails(b, "graph.lineage", "{\"from\": 7, \"to\": 9}", GX_NOT_FOUND);
    fails(b, "graph.lineage", "{\"community\": \"seven\"}", GX_BAD_REQUEST);
    /* Snapshots 2 to 5 are abandoned: what they called c-2 is not what comes now. */
    must(b, "model.promote", "{\"number\": 1}");
    fill_clique(b, 40, 49);
    must(b, "graph.run", "{\"pass\": \"leiden\", \"write\": \"leiden\"}");
    must(b, "model.build", "{\"passes\": [\"leiden\", \"circle\", \"leaders\"], \"check\": true}");
    assert_circle(b, "{\"user\": \"u45\"}", "c-3", 10);
    names_hold_for_other_runs(b);
}

static const gx_value *first_of(const gx_value *result, const char *list) {
    const gx_value *rows = gx_map_get(result, list);
    assert_true(rows->size > 0);
    return &rows->as.items[0];
}

static void assert_text(const gx_value *map, const char *key, const char *text) {
    const gx_value *value = gx_map_get(map, key);
    assert_non_null(value);
    assert_int_equal(value->type, GX_TEXT);
    assert_true(gx_slice_equal((gx_slice){value->as.text, value->size}, gx_slice_of(text)));
}

/* The two rings hang together by the tie of u0 and u8. */
static void what_joins_circles_is_told(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    fails(b, "graph.bridges", "{}", GX_CONFLICT);
    must(b, "model.build", "{\"check\": true}");
    gx_value members = must(b, "graph.bridges", "{}");
    assert_int_equal(gx_map_get(&members, "bridges")->size, 2);
    const gx_value *row = first_of(&members, "bridges");
    assert_text(row, "user", "u0");
    assert_int_equal(number(row, "cross_ties"), 1);
    assert_text(first_of(row, "joins"), "community", "c-1");
    gx_value pairs = must(b, "graph.bridges", "{\"show\": \"pairs\", \"community\": \"c-1\"}");
    assert_int_equal(gx_map_get(&pairs, "bridges")->size, 1);
    row = first_of(&pairs, "bridges");
    assert_text(row, "community", "c-1");
    assert_text(row, "other", "c-0");
    assert_text(row, "user", "u8");
    assert_text(row, "other_user", "u0");
    assert_int_equal(number(row, "ties"), 1);
    gx_value ties = must(b, "graph.bridges", "{\"show\": \"ties\"}");
    assert_int_equal(gx_map_get(&ties, "bridges")->size, 1);
    assert_int_equal(number(first_of(&ties, "bridges"), "side"), 8);
    fails(b, "graph.bridges", "{\"show\": \"walls\"}", GX_BAD_REQUEST);
    fails(b, "graph.bridges", "{\"community\": \"c-9\"}", GX_NOT_FOUND);
    fails(b, "graph.bridges", "{\"community\": \"\"}", GX_BAD_REQUEST);
}

/* Figures of the two rings: each member has four ties inside, u0 and u8 one more to each other. */
static void the_structure_is_told(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    must(b, "group.put", "{\"groups\": [{\"group_id\": \"g\", \"owner\": \"u0\"}]}");
    must(b, "member.put",
         "{\"members\": [{\"group_id\": \"g\", \"user_id\": \"u1\", \"role\": \"member\"}]}");
    fails(b, "graph.stats", "{}", GX_CONFLICT);
    must(b, "model.build", "{\"check\": true}");
    gx_value stats = must(b, "graph.stats", "{}");
    const gx_value *whole = first_of(&stats, "stats");
    assert_int_equal(number(whole, "members"), 16);
    assert_int_equal(number(whole, "ties"), 33);
    assert_int_equal(number(whole, "hosts"), 1);
    const gx_value *vertical = gx_map_get(whole, "vertical");
    assert_int_equal(vertical->type, GX_REAL);
    assert_true(fabs(vertical->as.real - 1.0 / 33) < 1e-9);
    stats = must(b, "graph.stats", "{\"show\": \"circles\"}");
    assert_int_equal(gx_map_get(&stats, "stats")->size, 2);
    assert_text(first_of(&stats, "stats"), "community", "c-0");
    assert_int_equal(number(first_of(&stats, "stats"), "ties"), 16);
    must(b, "tie.put", "{\"ties\": [{\"src\": \"u9\", \"dst\": \"u15\"}]}");
    must(b, "model.build", "{}");
    stats = must(b, "graph.stats", "{\"show\": \"time\", \"community\": \"c-1\"}");
    assert_int_equal(gx_map_get(&stats, "stats")->size, 2);
    assert_int_equal(number(&gx_map_get(&stats, "stats")->as.items[0], "ties"), 16);
    assert_int_equal(number(&gx_map_get(&stats, "stats")->as.items[1], "ties"), 17);
    fails(b, "graph.stats", "{\"community\": \"c-7\"}", GX_NOT_FOUND);
    fails(b, "graph.stats", "{\"show\": \"nothing\"}", GX_BAD_REQUEST);
}

/* ---- a snapshot that cannot be served ---------------------------------------------------------
 */

static void write_model_file(bed *b, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/models/%s", b->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void cut_snapshot(bed *b, int number) {
    char path[128];
    snprintf(path, sizeof path, "%s/models/%06d.safetensors", b->folder, number);
    assert_int_equal(truncate(path, 5000), 0);
}

static void keep_line(void *user, int level, const char *line) {
    assert_int_equal(level, 0);
    snprintf(user, 400, "%s", line);
}

static void open_again(bed *b, char *logged) {
    gx_db_options options = {.threads = 1, .log = keep_line, .log_user = logged};
    logged[0] = '\0';
    gx_db_close(b->db);
    b->db = NULL;
    assert_int_equal(gx_db_open(&b->db, b->folder, &options, NULL), GX_OK);
}

static int64_t served(bed *b) {
    gx_value info = must(b, "sys.info", "{}");
    const gx_value *snapshot = gx_map_get(&info, "snapshot");
    return snapshot->type == GX_INT ? snapshot->as.integer : 0;
}

static void a_store_with_a_damaged_snapshot_opens_and_names_the_way_back(void **state) {
    bed *b = *state;
    char logged[400];
    fill_two_rings(b);
    must(b, "model.build", "{}");
    must(b, "model.build", "{}");
    cut_snapshot(b, 2);
    open_again(b, logged);
    assert_non_null(strstr(logged, "code=corrupt"));
    assert_non_null(strstr(logged, "snapshot 2 is damaged"));
    assert_int_equal(served(b), 0);
    gx_error err = fails(b, "graph.leaders", "{}", GX_CORRUPT);
    assert_non_null(strstr(err.message, "snapshot 2 is damaged"));
    assert_non_null(strstr(err.message, "guanxi model rollback"));
    gx_value health = must(b, "sys.health", "{}");
    const gx_value *warnings = gx_map_get(&health, "warnings");
    assert_int_equal(warnings->size, 1);
    assert_non_null(strstr(warnings->as.items[0].as.text, "snapshot 2 is damaged"));
    must(b, "graph.centrality", "{\"measure\": \"pagerank\"}"); /* computed, not served */
    must(b, "rec.user", "{\"users\": \"u1\"}");
    gx_value list = must(b, "model.list", "{}");
    assert_int_equal(gx_map_get(&list, "snapshots")->size, 2);
    must(b, "model.rollback", "{}");
    assert_int_equal(served(b), 1);
    must(b, "graph.leaders", "{}");

    cut_snapshot(b, 1); /* nothing to roll back to: a build is the way out */
    open_again(b, logged);
    fails(b, "model.rollback", "{}", GX_CONFLICT);
    fails(b, "model.promote", "{\"number\": 2}", GX_CORRUPT);
    must(b, "model.build", "{}");
    assert_int_equal(served(b), 3);

    write_model_file(b, "CURRENT", "rubbish\n");
    open_again(b, logged);
    assert_non_null(strstr(logged, "the current snapshot is damaged"));
    must(b, "model.promote", "{\"number\": 3}");
    assert_int_equal(served(b), 3);
    open_again(b, logged);
    assert_string_equal(logged, "");
}

static void a_reload_never_drops_what_is_served(void **state) {
    bed *b = *state;
    char path[128];
    fill_two_rings(b);
    must(b, "admin.reload", "{}"); /* nothing before, nothing after */
    must(b, "model.build", "{}");
    must(b, "admin.reload", "{}");
    write_model_file(b, "CURRENT", "rubbish\n");
    fails(b, "admin.reload", "{}", GX_CORRUPT);
    assert_int_equal(served(b), 1);
    write_model_file(b, "CURRENT", "000007\n");
    fails(b, "admin.reload", "{}", GX_NOT_FOUND);
    assert_int_equal(served(b), 1);
    snprintf(path, sizeof path, "%s/models/CURRENT", b->folder);
    assert_int_equal(unlink(path), 0);
    gx_error err = fails(b, "admin.reload", "{}", GX_NOT_FOUND);
    assert_non_null(strstr(err.message, "number 1 goes on serving"));
    assert_int_equal(served(b), 1);
    must(b, "graph.leaders", "{}");
    write_model_file(b, "CURRENT", "000001\n");
    must(b, "admin.reload", "{}");
    assert_int_equal(served(b), 1);
}

static void members_are_given_by_id_and_unknown_ones_named(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    gx_value list = must(b, "graph.centrality",
                         "{\"measure\": \"pagerank\", \"users\": [\"u10\", \"u2\"], "
                         "\"params\": {\"members\": [\"u9\", \"u10\"], \"damping\": 0.5}}");
    gx_value text = must(b, "graph.centrality",
                         "{\"measure\": \"pagerank\", \"users\": [\"u10\", \"u2\"], "
                         "\"params\": {\"members\": \"u9,u10\", \"damping\": 0.5}}");
    assert_true(gx_value_equal(&list, &text));
    const gx_value *rows = gx_map_get(&list, "members");
    /* Half of the walks begin at u9 or u10, and so a quarter of all steps are at each at least. */
    assert_true(gx_map_get(&rows->as.items[0], "score")->as.real > 0.25);
    assert_true(gx_map_get(&rows->as.items[1], "score")->as.real < 0.05);
    gx_error err =
        fails(b, "graph.centrality",
              "{\"measure\": \"pagerank\", \"params\": {\"members\": \"u9,u99\"}}", GX_NOT_FOUND);
    assert_non_null(strstr(err.message, "'u99'"));
    fails(b, "graph.centrality", "{\"measure\": \"pagerank\", \"params\": {\"members\": [3]}}",
          GX_BAD_REQUEST);
    fails(b, "graph.centrality", "{\"measure\": \"pagerank\", \"params\": {\"members\": 3}}",
          GX_BAD_REQUEST);
    err = fails(b, "model.build", "{\"params\": {\"pagerank\": {\"members\": [\"7\"]}}}",
                GX_NOT_FOUND); /* an internal number is no id */
    assert_non_null(strstr(err.message, "'7'"));
    must(b, "model.build", "{\"params\": {\"pagerank\": {\"members\": [\"u9\", \"u10\"]}}}");
    list = must(b, "graph.centrality", "{\"measure\": \"pagerank\", \"users\": [\"u10\"]}");
    rows = gx_map_get(&list, "members");
    text = must(b, "graph.centrality",
                "{\"measure\": \"pagerank\", \"users\": [\"u10\"], "
                "\"params\": {\"members\": \"u10,u9\"}}");
    assert_true(gx_value_equal(rows, gx_map_get(&text, "members")));
}

static void jobs_run_and_keep_their_answer(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    gx_value started = must(b, "job.start", "{\"method\": \"model.build\"}");
    char args[40];
    snprintf(args, sizeof args, "{\"job\": %lld}", (long long)number(&started, "job"));
    gx_value job = must(b, "job.get", args);
    for (int i = 0; i < 2000 && strcmp(gx_map_get(&job, "state")->as.text, "running") == 0; i++) {
        usleep(10000);
        job = must(b, "job.get", args);
    }
    assert_string_equal(gx_map_get(&job, "state")->as.text, "done");
    assert_int_equal(number(gx_map_get(&job, "result"), "snapshot"), 1);
    fails(b, "job.cancel", args, GX_CONFLICT);
    fails(b, "job.start", "{\"method\": \"sys.ping\"}", GX_BAD_REQUEST);
    fails(b, "job.start", "{\"method\": \"graph.run\", \"args\": {\"n\": -1}}", GX_BAD_REQUEST);
    started =
        must(b, "job.start", "{\"method\": \"graph.run\", \"args\": {\"pass\": \"nothing\"}}");
    snprintf(args, sizeof args, "{\"job\": %lld}", (long long)number(&started, "job"));
    job = must(b, "job.get", args);
    for (int i = 0; i < 2000 && strcmp(gx_map_get(&job, "state")->as.text, "running") == 0; i++) {
        usleep(10000);
        job = must(b, "job.get", args);
    }
    assert_string_equal(gx_map_get(&job, "state")->as.text, "failed");
    gx_value all = must(b, "job.list", "{}");
    assert_int_equal(gx_map_get(&all, "jobs")->size, 2);
}

static void a_forgotten_member_is_gone(void **state) {
    bed *b = *state;
    fill_two_rings(b);
    must(b, "user.forget", "{\"user\": \"u0\"}");
    fails(b, "graph.ego", "{\"user\": \"u0\"}", GX_NOT_FOUND);
    gx_value ego = must(b, "graph.ego", "{\"user\": \"u8\", \"depth\": 2}");
    const gx_value *rows = gx_map_get(&ego, "members");
    for (uint32_t i = 0; i < rows->size; i++) {
        assert_string_not_equal(gx_map_get(&rows->as.items[i], "user")->as.text, "u0");
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_method_is_described_and_checks_its_arguments),
        TEST(what_is_not_there_is_said_with_what_is_near),
        TEST(a_deadline_that_has_passed_is_refused_before_anything_is_done),
        TEST(no_caller_gets_more_threads_than_the_store_was_opened_with),
        TEST(many_lists_at_once_are_a_long_call),
        TEST(rows_are_idempotent_and_come_back),
        TEST(a_bad_entry_names_itself_and_undoes_its_call),
        TEST(calls_in_one_commit_fail_alone),
        TEST(columns_follow_own_commits_and_foreign_ones),
        TEST(a_build_is_served_and_swapped_whole),
        TEST(circles_keep_their_ids),
        TEST(what_joins_circles_is_told),
        TEST(the_structure_is_told),
        TEST(a_store_with_a_damaged_snapshot_opens_and_names_the_way_back),
        TEST(a_reload_never_drops_what_is_served),
        TEST(members_are_given_by_id_and_unknown_ones_named),
        TEST(jobs_run_and_keep_their_answer),
        TEST(a_forgotten_member_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
