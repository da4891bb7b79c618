/* Ids of members read from files. */
#include "graph/import/testing.h"

static gx_status read_all(const char *from, gx_arena *arena, gx_error *err) {
    gx_value ids;
    return gx_import_ids(&ids, from, arena, err);
}

/* "a b c" of [a, b, c]. */
static void assert_ids(const char *name, const char *text, const char *want) {
    gx_error err = {0};
    gx_value ids;
    char got[400] = "";
    size_t at = 0;
    gx_arena *arena = gx_arena_create();
    write_file(name, text);
    if (gx_import_ids(&ids, file_path, arena, &err) != GX_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    for (uint32_t i = 0; i < ids.size; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s", i ? " " : "",
                               (int)ids.as.items[i].size, ids.as.items[i].as.text);
    }
    assert_string_equal(got, want);
    gx_arena_destroy(arena);
}

static void one_a_line(void **unused) {
    (void)unused;
    assert_ids("plain.txt", "u1\nu2\n\nu3\n", "u1 u2 u3");
    assert_ids("comments.txt", "# of May\nu1\n# these, too\nu2\n", "u1 u2");
    assert_ids("header.csv", "user_id\nu1\n", "u1");
    assert_ids("none.csv", "user_id\n", "");
    assert_ids("empty.txt", "", "");
}

static void tables(void **unused) {
    (void)unused;
    assert_ids("t.csv", "rank,User,gain\n1,u2,5\n2,u1,3\n", "u2 u1");
    assert_ids("best.csv", "id,user_id\n7,u1\n", "u1");
    assert_ids("t.tsv", "rank\tmember\n1\tu1\n", "u1");
    assert_ids("t.jsonl", "{\"rank\": 1, \"user\": \"u1\"}\n{\"user\": 7}\n{\"user\": null}\n",
               "u1 7");
}

static void lists_of_members(void **unused) {
    (void)unused;
    assert_ids("teams.csv",
               "rank,members,starter\n1,\"[{\"\"user\"\":\"\"u1\"\",\"\"willing\"\":0.5},"
               "{\"\"user\"\":\"\"u2\"\"}]\",u2\n2,\"[\"\"u3\"\",4]\",u3\n3,,\n",
               "u1 u2 u3 4");
    assert_ids("teams.jsonl",
               "{\"rank\":1,\"starter\":\"u2\",\"members\":[{\"user\":\"u1\"},{\"user\":\"u2\"}]}\n"
               "{\"rank\":2,\"members\":[]}\n",
               "u1 u2");
}

static void assert_refused(const char *text, const char *says) {
    assert_file_refused(read_all, "bad.csv", text, GX_BAD_REQUEST, says);
}

static void what_has_no_ids_is_refused(void **unused) {
    (void)unused;
    assert_refused("rank,score\n1,0.5\n", "of the columns 'rank', 'score' none");
    assert_refused("rank,score\n1,0.5\n", "user_id, user, uid, member_id, member, id, members");
    assert_refused("u1,0.5\nu2,0.3\n", "one id a line");
    assert_refused("{\"rank\": 1, \"team\": \"u1\"}\n", "of the columns 'rank', 'team' none");
    assert_refused("u1\nu2,u3\n", "bad.csv:2: ragged row 'u2,u3'");
    assert_refused("user_id,fee\nu1,2\nu2\n", "bad.csv:3: ragged row");
    assert_refused("{\"user\": \"u1\"}\n{\"user\": \n", "bad.csv:2: bad JSON");
    assert_refused("rank,members\n1,u1 u2\n", "a list in JSON, not 'u1 u2'");
    assert_refused("rank,members\n1,\"[{\"\"name\"\":1}]\"\n", "has no id");
}

static void memory_ends(void **unused) {
    (void)unused;
    assert_memory_ends(read_all, "rank,members\n1,\"[{\"\"user\"\":\"\"u1\"\"}]\"\n", 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_a_line),       cmocka_unit_test(tables),
        cmocka_unit_test(lists_of_members), cmocka_unit_test(what_has_no_ids_is_refused),
        cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
