/* Lists of items read from files. */
#include "graph/import/testing.h"

static gx_status read_all(const char *from, gx_arena *arena, gx_error *err) {
    gx_value lists;
    return gx_import_lists(&lists, from, arena, err);
}

/* "u1:a,b;u2:c" of {u1: [a, b], u2: [c]}. */
static void assert_lists(const char *name, const char *text, const char *want) {
    gx_error err = {0};
    gx_value lists;
    char got[400] = "";
    size_t at = 0;
    gx_arena *arena = gx_arena_create();
    write_file(name, text);
    if (gx_import_lists(&lists, file_path, arena, &err) != GX_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    for (uint32_t u = 0; u < lists.size; u++) {
        const gx_pair *pair = &lists.as.pairs[u];
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s:", u ? ";" : "",
                               (int)pair->key.size, pair->key.as.text);
        for (uint32_t k = 0; k < pair->value.size; k++) {
            const gx_value *item = &pair->value.as.items[k];
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s", k ? "," : "",
                                   (int)item->size, item->as.text);
        }
    }
    assert_string_equal(got, want);
    gx_arena_destroy(arena);
}

static void rows_become_lists(void **unused) {
    (void)unused;
    const char *want = "u1:a,b,c;u2:x";
    assert_lists("rank.csv", "user_id,item_id,rank\nu1,c,10\nu2,x,1\nu1,a,1\nu1,b,2\n", want);
    assert_lists("score.tsv", "Item\tUser\tscore\nc\tu1\t-3\nx\tu2\t0\na\tu1\t7.5\nb\tu1\t1\n",
                 want);
    assert_lists("order.csv", "uid,sku\nu1,a\nu2,x\nu1,b\nu1,c\n", want);
    assert_lists("both.csv", "user,item,score,rank\nu1,a,0,1\nu1,c,9,3\nu1,b,5,2\nu2,x,1,1\n",
                 want);
    assert_lists("rows.jsonl",
                 "{\"user_id\": \"u2\", \"item_id\": \"x\"}\n"
                 "{\"item_id\": \"b\", \"rank\": 2, \"user_id\": \"u1\"}\n"
                 "{\"user_id\": \"u1\", \"item_id\": \"a\", \"rank\": 1}\n"
                 "{\"user_id\": \"u1\", \"item_id\": \"c\", \"rank\": 3}\n",
                 want);
    assert_lists("quoted.csv", "user_id,item_id\n\"a,b\",\"c\"\"d\"\n", "a,b:c\"d");
}

static void assert_refused(const char *text, gx_status code, const char *says) {
    assert_file_refused(read_all, "bad.csv", text, code, says);
}

static void what_is_no_list_is_refused(void **unused) {
    (void)unused;
    assert_refused("user_id,item_id,rank\nu1,a,1\nu1,b,second\n", GX_BAD_REQUEST,
                   "bad.csv:3: 'second' is no rank");
    assert_refused("user_id,item_id,score\nu1,a,\n", GX_BAD_REQUEST, "is no score");
    assert_refused("user_id,name\nu1,a\n", GX_BAD_REQUEST, "has no item_id");
    assert_refused("name,item_id\nu1,a\n", GX_BAD_REQUEST, "has no user_id");
    assert_refused("user_id,item_id\n", GX_BAD_REQUEST, "no rows");
    assert_refused("", GX_BAD_REQUEST, "no rows");
    gx_error err = {0};
    gx_value lists;
    assert_int_equal(gx_import_lists(&lists, "/nowhere/at all.csv", NULL, &err), GX_NOT_FOUND);
}

static void memory_ends(void **unused) {
    (void)unused;
    assert_memory_ends(read_all, "user_id,item_id,rank\nu1,c,10\nu2,x,1\nu1,a,1\nu1,b,2\n", 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_lists),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
