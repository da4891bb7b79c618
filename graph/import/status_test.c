/* Statuses that a store holds from before they were checked. */
#include "graph/import/testing.h"

typedef struct lines {
    char text[4096];
    uint32_t count;
} lines;

static void keep_line(void *user, const char *line) {
    lines *l = user;
    const size_t at = strlen(l->text);
    snprintf(l->text + at, sizeof l->text - at, "%s\n", line);
    l->count++;
}

static void test_unknown_statuses_are_told(void **state) {
    (void)state;
    shop s = shop_open();
    gx_txn *txn;
    uint64_t unknown = 9;
    lines told = {.text = ""};
    assert_int_equal(
        import_text(&s, "items.csv",
                    "item_id,status\na,on\nb,Active\nc,hidden\nd,off\ne,deleted\nf,\n"),
        GX_OK);
    assert_int_equal(gx_txn_write(&txn, s.store, &s.err), GX_OK);
    assert_int_equal(gx_item_status_check(&unknown, txn, &s.job, keep_line, &told, &s.err), GX_OK);
    assert_int_equal(unknown, 0);
    assert_int_equal(told.count, 0);
    for (uint32_t i = 0; i < 13; i++) { /* as a program of before could write it */
        char word[16];
        uint32_t id;
        bool made;
        snprintf(word, sizeof word, "old-%u", i);
        gx_pair pair = {gx_str("status"), i == 1 ? gx_int(1) : gx_str(i ? "gone" : "On")};
        const gx_value fields = {.type = GX_MAP, .size = 1, .as.pairs = &pair};
        assert_int_equal(gx_word_intern(&id, &made, txn, GX_SPACE_ITEM, gx_slice_of(word), &s.err),
                         GX_OK);
        assert_int_equal(gx_record_merge(&made, txn, GX_SPACE_ITEM, id, &fields, &s.err), GX_OK);
    }
    assert_int_equal(gx_item_status_check(&unknown, txn, NULL, keep_line, &told, &s.err), GX_OK);
    assert_int_equal(unknown, 13);
    assert_int_equal(told.count, 11);
    assert_non_null(strstr(told.text, "item 'old-0': status 'On' is not on, active, hidden"));
    assert_non_null(strstr(told.text, "item 'old-1': status of type integer is not on"));
    assert_non_null(strstr(told.text, "items with such a status: 13; no list shows them"));
    gx_job_cancel(&s.job);
    assert_int_equal(gx_item_status_check(&unknown, txn, &s.job, keep_line, &told, &s.err),
                     GX_CANCELLED);
    gx_txn_abort(txn);
    shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_statuses_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
