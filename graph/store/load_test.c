/* The loader: rows in any order, more of them than its buffer holds, and words given late.
 *
 *   graph_store_load_test                 the tests
 *   graph_store_load_test ROWS [USERS]    measures instead: loads ROWS generated events and reads
 * them
 */
#include "graph/store/testing.h"

enum { ROWS = 300000, MEMBERS = 5000, THINGS = 900 };

static void give_words(gx_txn *txn, gx_space space, const char *stem, uint32_t count) {
    enum { BYTES = 24 };
    gx_error err;
    char *text = gx_alloc(count, BYTES);
    gx_slice *words = gx_alloc(count, sizeof *words);
    assert_true(text && words);
    for (uint32_t i = 0; i < count; i++) {
        int size = snprintf(text + (size_t)i * BYTES, BYTES, "%s%u", stem, i);
        words[i] = (gx_slice){text + (size_t)i * BYTES, (size_t)size};
    }
    uint32_t first;
    must(gx_word_append(&first, txn, space, words, count, NULL, &err), &err);
    gx_free(words);
    gx_free(text);
}

/* Row i of the generated events: its user and item are drawn, its time and id follow i. */
static gx_event row(gx_rng *rng, uint64_t i, uint32_t users, char id[24]) {
    gx_event e = test_event((uint32_t)gx_rng_below(rng, users), (uint32_t)gx_rng_below(rng, THINGS),
                            1600000000000 + (int64_t)i * 1000);
    int size = snprintf(id, 24, "e%llu", (unsigned long long)i);
    e.event_id = (gx_slice){id, (size_t)size};
    e.value = (float)(i % 5);
    return e;
}

static void more_rows_than_the_buffer_holds(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_job job;
    gx_job_init(&job, 1, 1);
    job.mem_limit = 64 << 20; /* a buffer of 16 MiB: several rounds in one transaction */
    gx_txn *txn = write_txn(&t);
    intern(txn, GX_SPACE_ACTION, "view");
    give_words(txn, GX_SPACE_USER, "user", MEMBERS);
    give_words(txn, GX_SPACE_ITEM, "item", THINGS);
    gx_event_load *load = NULL;
    gx_rng rng = gx_rng_at(1, 2);
    uint64_t created = 0, rounds = 0;
    must(gx_event_load_open(&load, txn, &job, &err), &err);
    for (uint64_t i = 0; i < ROWS; i++) {
        char id[24];
        /* Many ids come more than once, in a mixed order, within a round and across rounds. */
        uint64_t n = i % 10 == 9 ? i / 2 / 10 * 10 : (i * 7919) % ROWS / 10 * 10 + i % 9;
        gx_event e = row(&rng, n, MEMBERS, id);
        rounds += gx_event_load_is_full(load);
        must(gx_event_load_add(load, &e, &err), &err);
    }
    must(gx_event_load_finish(&created, load, &err), &err);
    assert_true(rounds >= 1);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    assert_int_equal(created, gx_event_count(txn));
    assert_true(created > ROWS / 10 && created < ROWS);
    must(gx_txn_commit(txn, &err), &err);
    assert_int_equal(problems(&t), 0);
    test_close(&t);
}

static void words_may_come_after_the_rows(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_event_load *load = NULL;
    gx_txn *txn = write_txn(&t);
    const gx_event e = test_event(1, 0, 1000);
    uint64_t created = 0;
    must(gx_event_load_open(&load, txn, NULL, &err), &err);
    must(gx_event_load_add(load, &e, &err), &err);
    event_words(txn, 2, 1);
    must(gx_event_load_finish(&created, load, &err), &err);
    assert_int_equal(created, 1);
    must(gx_event_load_open(&load, txn, NULL, &err), &err);
    const gx_event stranger = test_event(2, 0, 1000);
    must(gx_event_load_add(load, &stranger, &err), &err);
    assert_int_equal(gx_event_load_finish(&created, load, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "number 2"));
    gx_event_load_abort(NULL);
    gx_txn_abort(txn);
    test_close(&t);
}

static void a_load_can_be_stopped(void **state) {
    (void)state;
    test_store t = test_open();
    gx_error err;
    gx_job job;
    gx_event_load *load = NULL;
    uint64_t created, live = gx_alloc_live_blocks();
    gx_job_init(&job, 1, 1);
    gx_txn *txn = write_txn(&t);
    event_words(txn, 2, 1);
    must(gx_event_load_open(&load, txn, &job, &err), &err);
    const gx_event e = test_event(1, 0, 1000);
    must(gx_event_load_add(load, &e, &err), &err);
    gx_job_cancel(&job);
    assert_int_equal(gx_event_load_finish(&created, load, &err), GX_CANCELLED);
    gx_txn_abort(txn);
    assert_int_equal(gx_alloc_live_blocks(), live);
    test_close(&t);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static gx_status sum_run(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    (void)err;
    for (size_t i = 0; i < count; i++) {
        *(uint64_t *)user += events[i].item;
    }
    return GX_OK;
}

static gx_status sum_one(void *user, const gx_event *event, gx_error *err) {
    (void)err;
    *(uint64_t *)user += event->item;
    return GX_OK;
}

static void report(const char *what, int64_t from_ns, uint64_t count) {
    double ns = (double)(gx_clock_cpu_ns() - from_ns);
    printf("%-24s %9.1f CPU ns each %12.0f a CPU second\n", what, ns / (double)count,
           (double)count * 1e9 / ns);
}

static void measure_reads(test_store *t, uint64_t rows, uint32_t users) {
    enum { LOOKUPS = 200000, LAST = 50 };
    gx_error err;
    uint64_t sum = 0;
    gx_rng rng = gx_rng_at(9, 9);
    gx_txn *txn = read_txn(t);
    for (int pass = 0; pass < 2; pass++) {
        int64_t from = gx_clock_cpu_ns();
        must(gx_event_scan(txn, sum_run, &sum, &err), &err);
        report(pass ? "scan, again" : "scan", from, rows);
    }
    int64_t from = gx_clock_cpu_ns();
    must(gx_event_between(txn, INT64_MIN + 1, INT64_MAX, sum_one, &sum, &err), &err);
    report("whole, by time", from, rows);
    from = gx_clock_cpu_ns();
    must(gx_event_each(txn, sum_one, &sum, &err), &err);
    report("whole, by user", from, rows);
    gx_txn_abort(txn);
    from = gx_clock_cpu_ns();
    for (int i = 0; i < LOOKUPS; i++) {
        gx_event_core last[LAST];
        size_t count = 0;
        txn = read_txn(t);
        must(gx_event_recent(last, &count, txn, (uint32_t)gx_rng_below(&rng, users), LAST, &err),
             &err);
        gx_txn_abort(txn);
    }
    report("txn + last 50 of a user", from, LOOKUPS);
}

static int measure(uint64_t rows, uint32_t users, uint64_t mem_mib) {
    test_store t = test_open();
    gx_error err;
    gx_job job;
    gx_event_load *load = NULL;
    uint64_t created = 0;
    gx_rng rng = gx_rng_at(1, 1);
    gx_job_init(&job, 1, 1);
    job.mem_limit = mem_mib << 20;
    gx_txn *txn = write_txn(&t);
    intern(txn, GX_SPACE_ACTION, "view");
    int64_t from = gx_clock_cpu_ns(), started = gx_clock_ns();
    give_words(txn, GX_SPACE_USER, "user", users);
    report("words", from, users);
    give_words(txn, GX_SPACE_ITEM, "item", THINGS);
    from = gx_clock_cpu_ns();
    must(gx_event_load_open(&load, txn, &job, &err), &err);
    for (uint64_t i = 0; i < rows; i++) {
        char id[24];
        gx_event e = row(&rng, i, users, id);
        must(gx_event_load_add(load, &e, &err), &err);
    }
    must(gx_event_load_finish(&created, load, &err), &err);
    must(gx_txn_commit(txn, &err), &err);
    must(gx_store_sync(t.store, &err), &err);
    report("events, with commit", from, rows);
    gx_store_stats stats;
    must(gx_store_stat(&stats, t.store, &err), &err);
    printf("%-24s %9.1f s wall, %.0f MB of file, %.0f MB of memory at the peak\n", "",
           (double)(gx_clock_ns() - started) / 1e9, (double)stats.file_bytes / 1e6,
           (double)gx_rss_peak_bytes() / 1e6);
    measure_reads(&t, rows, users);
    test_close(&t);
    return created == rows ? 0 : 1;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_rows_than_the_buffer_holds),
        cmocka_unit_test(words_may_come_after_the_rows),
        cmocka_unit_test(a_load_can_be_stopped),
    };
    if (argc > 1) {
        return measure(strtoull(argv[1], NULL, 10),
                       argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000,
                       argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
