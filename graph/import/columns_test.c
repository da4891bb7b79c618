/* What a file is told to be: its kind by its header, columns by name and alias, options, presets.
 */
#include "graph/import/testing.h"

static void test_kind_of_a_file(void **state) {
    (void)state;
    shop s = shop_open();
    assert_int_equal(import_text(&s, "x.csv", "a,b\n1,2\n"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "'a', 'b'"));
    assert_non_null(strstr(s.err.message, "ties (src, dst)"));
    assert_int_equal(import_text(&s, "x.csv", "user_id,item_id\nu,p\n"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "users and items"));
    s.options.kind = "users";
    import_good(&s, "x.csv", "user_id,item_id\nu,p\n");
    assert_string_equal(s.report.ignored_columns, "item_id");
    s.options.kind = "tie";
    assert_int_equal(import_name(&s, "x.csv"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "there is no kind 'tie'"));
    s.options.kind = "events";
    assert_int_equal(import_name(&s, "x.csv"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "events needs the column action"));
    s.options.kind = NULL;
    s.options.format = "xml";
    assert_int_equal(import_name(&s, "x.csv"), GX_BAD_REQUEST);
    s.options.format = NULL;
    import_good(&s, "empty.csv", "");
    assert_string_equal(s.err.message, "the file is empty");
    import_good(&s, "empty.csv", "\n\n");
    assert_string_equal(s.err.message, "the file holds neither a header nor a row");
    assert_int_equal(s.report.rows, 0);
    import_good(&s, "header.csv", "src,dst\n");
    assert_string_equal(s.report.kind, "ties");
    assert_int_equal(s.report.rows, 0);
    shop_close(&s);
}

static void test_map_and_aliases(void **state) {
    (void)state;
    shop s = shop_open();
    const char *const map[] = {"user_id=buyer", "ts=when", NULL};
    s.options.map = map;
    s.options.action = "buy";
    import_good(&s, "x.csv", "buyer,SKU,when,Rating\nu1,p1,1700000000,4\n");
    assert_string_equal(s.report.kind, "events");
    assert_string_equal(s.report.ignored_columns, "");
    assert_string_equal(s.report.time_unit, "seconds");
    assert_int_equal(import_text(&s, "x.csv", "buyer,sku,when,item_id,product_id\nu1,a,1,b,c\n"),
                     GX_OK); /* an alias steps back for the name itself */
    assert_string_equal(s.report.ignored_columns, "sku,product_id");
    assert_int_equal(import_text(&s, "x.csv", "buyer,sku,when,product_id\nu1,a,1,c\n"),
                     GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "'sku' and 'product_id' both give item_id"));
    const char *const turned[] = {"buyer=user_id", "when=ts", NULL};
    s.options.map = turned;
    import_good(&s, "x.csv", "buyer,sku,when\nu1,p1,1700000000\n");
    const char *const wrong[] = {"buyer=customer", NULL};
    s.options.map = wrong;
    assert_int_equal(import_name(&s, "x.csv"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "column=name"));
    shop_close(&s);
}

static void test_options(void **state) {
    (void)state;
    shop s = shop_open();
    s.options.tie_kind = "trust";
    s.options.source = "crm";
    import_good(&s, "ties.csv", "src,dst\na,b\n");
    s.options.undirected = true;
    import_good(&s, "ties.csv", "src,dst,kind\na,c,follow\n");
    import_good(&s, "events.csv", "user_id,item_id,action,ts\na,p,view,5\n");
    gx_buffer out = {0};
    dump(&out, &s, "csv");
    assert_non_null(strstr(out.bytes, "a,b,trust,true\n"));
    assert_non_null(strstr(out.bytes, "a,c,follow,false\n"));
    assert_non_null(strstr(out.bytes, "user_id,item_id,action,ts,source\n"
                                      "a,p,view,1970-01-01T00:00:05Z,crm\n"));
    gx_buffer_finish(&out);
    shop_close(&s);
}

static void test_presets(void **state) {
    (void)state;
    shop s = shop_open();
    s.options.preset = "snap";
    import_good(&s, "edges.txt", "# Nodes: 3\n1\t2\n2 1\n3 3\n2,3,0.5\n");
    assert_string_equal(s.report.kind, "ties");
    assert_int_equal(s.report.rows, 4);
    assert_int_equal(s.report.skipped, 1);
    assert_int_equal(s.report.created, 3); /* 1→2 and 2→1 are two ties */
    assert_int_equal(stats_of(&s).users, 3);
    assert_int_equal(s.report.new_users, 3); /* 3 is a member although its tie is left out */
    import_good(&s, "self.txt", "9 9\n");
    assert_int_equal(s.report.skipped, 1);
    assert_int_equal(s.report.new_users, 1);
    assert_int_equal(stats_of(&s).users, 4);
    s.options.strict = true;
    assert_int_equal(import_text(&s, "strict.txt", "8 8\n"), GX_REJECTED);
    assert_string_equal(s.report.reasons[0].reason, "unknown id");
    s.options.strict = false;
    s.options.undirected = true; /* friendships beside the follows: 1–2 once, 2–3 */
    s.options.tie_kind = "friend";
    import_good(&s, "edges.txt", "# Nodes: 3\n1\t2\n2 1\n3 3\n2,3,0.5\n");
    assert_int_equal(s.report.created, 2);
    s.options.undirected = false;
    s.options.tie_kind = NULL;
    s.options.preset = "lightgcn";
    import_good(&s, "train.txt", "1 7 8 7\n9\n2 7\n");
    assert_int_equal(s.report.created, 3);
    assert_int_equal(s.report.unchanged, 1);
    s.options.preset = "movies";
    assert_int_equal(import_name(&s, "train.txt"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "snap, lightgcn"));
    shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind_of_a_file),
        cmocka_unit_test(test_map_and_aliases),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_presets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
