/* The table of actions read from files. */
#include "graph/codec/codec.h"
#include "graph/import/testing.h"

static gx_status read_all(const char *from, gx_arena *arena, gx_error *err) {
    gx_value rows, places;
    return gx_import_actions(&rows, &places, from, arena, err);
}

/* The rows as JSON, and where the last stands. */
static void assert_rows(const char *name, const char *text, const char *want, const char *last) {
    gx_error err = {0};
    gx_value rows, places;
    gx_buffer json = {0};
    gx_arena *arena = gx_arena_create();
    write_file(name, text);
    if (gx_import_actions(&rows, &places, file_path, arena, &err) != GX_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    gx_json_write(&json, &rows, GX_JSON_COMPACT);
    gx_buffer_append(&json, "", 1);
    assert_string_equal((const char *)json.bytes, want);
    assert_int_equal(places.size, rows.size);
    const char *place = places.as.items[places.size - 1].as.text;
    assert_string_equal(place + strlen(place) - strlen(last), last);
    gx_buffer_finish(&json);
    gx_arena_destroy(arena);
}

static void every_format_gives_the_same_rows(void **unused) {
    (void)unused;
    const char *want = "[{\"action\":\"buy\",\"weight\":5.5,\"half_life\":\"30d\",\"polarity\":-1,"
                       "\"repeat\":true,\"share\":false,\"undoes\":\"\"},"
                       "{\"action\":\"nod\",\"half_life\":60000,\"undoes\":\"like\"}]";
    assert_rows("t.csv",
                "action,weight,half_life,polarity,repeat,share,undoes,from,used\n"
                "buy,5.5,30d,-1,yes,False,,table,true\nnod,,60000,,,,like,setting,no\n",
                want, "t.csv:3");
    assert_rows("t.tsv",
                "action\tweight\thalf_life\tpolarity\trepeat\tshare\tundoes\n"
                "buy\t5.5\t30d\t-1\t1\t0\t\nnod\t\t60000\t\t\t\tlike\n",
                want, "t.tsv:3");
    assert_rows("t.jsonl",
                "{\"action\": \"buy\", \"weight\": 5.5, \"half_life\": \"30d\", \"polarity\": -1, "
                "\"repeat\": true, \"share\": false, \"undoes\": \"\", \"used\": true}\n"
                "{\"action\": \"nod\", \"half_life\": 60000, \"undoes\": \"like\"}\n",
                want, "t.jsonl:2");
    assert_rows("t.json",
                " {\"actions\": [\n{\"action\": \"buy\", \"weight\": 5.5, \"half_life\": \"30d\", "
                "\"polarity\": -1,\n\"repeat\": true, \"share\": false, \"undoes\": \"\", "
                "\"from\": \"table\"},\n"
                "{\"action\": \"nod\", \"weight\": null, \"half_life\": 60000, \"undoes\": "
                "\"like\"}\n]}",
                want, "t.json: entry 1");
    assert_rows("one.json", "{\"actions\": [{\"action\": \"a\", \"weight\": 1}]}",
                "[{\"action\":\"a\",\"weight\":1}]", "entry 0");
    assert_rows("list.json", "[{\"action\": \"a\"}]", "[{\"action\":\"a\"}]", "entry 0");
    assert_rows("marked.json", "\xEF\xBB\xBF[{\"action\": \"a\"}]", "[{\"action\":\"a\"}]",
                "entry 0");
    assert_rows("marked.csv",
                "\xEF\xBB\xBF"
                "action,weight\na,1\n",
                "[{\"action\":\"a\",\"weight\":1}]", "marked.csv:2");
}

/* Whoever takes the row says what is wrong with it, by its value. */
static void what_is_no_value_stays_a_text(void **unused) {
    (void)unused;
    assert_rows("odd.csv", "action,weight,half_life,repeat\na,much,soon,maybe\n",
                "[{\"action\":\"a\",\"weight\":\"much\",\"half_life\":\"soon\",\"repeat\":"
                "\"maybe\"}]",
                "odd.csv:2");
    assert_rows("odd.jsonl", "{\"action\": \"a\", \"weight\": \"3\", \"repeat\": \"true\"}\n",
                "[{\"action\":\"a\",\"weight\":\"3\",\"repeat\":\"true\"}]", "odd.jsonl:1");
}

static void assert_refused(const char *text, const char *says) {
    assert_file_refused(read_all, "bad", text, GX_BAD_REQUEST, says);
}

static void what_is_no_table_is_refused(void **unused) {
    (void)unused;
    assert_refused("action,wieght\nbuy,3\n", "bad:2: 'wieght' is no column");
    assert_refused("action,weight\nbuy,3\nview,1\nbuy,4\n",
                   "bad:4: 'buy' is there twice, first in");
    assert_refused("action,weight\nbuy,3\n,1\n", "bad:3: a row has its name");
    assert_refused("weight,centre\n3,1\n", "bad:2: a row has its name");
    assert_refused("action,weight\nbuy,3,4,5\n", "bad:2");
    assert_refused("action,weight\nb\xff,3\n", "bad:2: ");
    assert_refused("[{\"action\": \"a\"}, {\"action\": \"b\", \"wieght\": 1}]",
                   "bad: entry 1: 'wieght' is no column");
    assert_refused("[{\"action\": \"a\"}, {\"action\": \"a\"}]", "entry 1: 'a' is there twice");
    assert_refused("[{\"action\": 7}]", "entry 0: a row has its name");
    assert_refused("[7]", "given: integer");
    assert_refused("[{\"action\": \"a\"},]", "not JSON");
    assert_refused("{\"rows\":\n[]}", "accepted is a list");
    assert_refused("action,weight\n", "no rows");
    assert_refused("[]", "no rows");
    assert_refused("", "no rows");
    gx_error err = {0};
    gx_value rows, places;
    gx_arena *arena = gx_arena_create();
    assert_int_equal(gx_import_actions(&rows, &places, "/nowhere/at all.csv", arena, &err),
                     GX_NOT_FOUND);
    gx_arena_destroy(arena);
}

static void memory_ends(void **unused) {
    (void)unused;
    assert_memory_ends(read_all, "action,weight\nbuy,3\nview,1\n", 3);
    assert_memory_ends(read_all, "{\"actions\": [{\"action\": \"a\", \"weight\": 1}]}", 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_the_same_rows),
        cmocka_unit_test(what_is_no_value_stays_a_text),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
