/* Suite `store`: point reads, a full scan, and bulk writes of the store, without any wire. */
#include "graph/store/store.h"
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { USERS = 100000, EVENTS = 1000000, READS = 200000 };

typedef struct bed {
    gx_bench *bench;
    gx_store *store;
    gx_event *events;
    uint64_t count;
} bed;

static gx_status make_words(bed *b, gx_error *err) {
    gx_txn *txn = NULL;
    uint32_t id;
    bool created;
    gx_status status = GX_OK;
    GX_TRY(gx_txn_write(&txn, b->store, err));
    for (uint32_t u = 0; u < USERS; u++) {
        char name[16];
        int size = snprintf(name, sizeof name, "u%u", u);
        gx_slice word = {name, (size_t)size};
        GX_TRY(gx_word_intern(&id, &created, txn, GX_SPACE_USER, word, err));
        if (u < USERS / 10) {
            GX_TRY(gx_word_intern(&id, &created, txn, GX_SPACE_ITEM, word, err));
        }
    }
    GX_TRY(gx_word_intern(&id, &created, txn, GX_SPACE_ACTION, gx_slice_of("buy"), err));
    status = gx_txn_commit(txn, err);
    txn = NULL;
done:
    gx_txn_abort(txn);
    return status;
}

static void make_events(bed *b) {
    gx_rng rng = gx_rng_at(b->bench->job->seed, 1);
    for (uint32_t i = 0; i < EVENTS; i++) {
        b->events[i] = (gx_event){.ts_ms = 1760000000000 + (int64_t)i * 1000,
                                  .user = (uint32_t)gx_rng_below(&rng, USERS),
                                  .item = (uint32_t)gx_rng_below(&rng, USERS / 10),
                                  .channel = GX_NONE,
                                  .group = GX_NONE,
                                  .via = GX_NONE,
                                  .campaign = GX_NONE,
                                  .coupon = GX_NONE,
                                  .value = 1,
                                  .qty = 1,
                                  .amount = 1};
    }
}

static gx_status write_events(void *user, gx_error *err) {
    bed *b = user;
    gx_txn *txn;
    uint64_t created;
    gx_status status = gx_txn_write(&txn, b->store, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_event_put_many(&created, NULL, txn, b->events, EVENTS, b->bench->job, err);
    if (status != GX_OK) {
        gx_txn_abort(txn);
        return status;
    }
    return gx_txn_commit(txn, err);
}

static gx_status find_words(void *user, gx_error *err) {
    bed *b = user;
    gx_txn *txn;
    gx_rng rng = gx_rng_at(b->bench->job->seed, 2);
    gx_status status = gx_txn_read(&txn, b->store, err);
    for (uint32_t i = 0; status == GX_OK && i < READS; i++) {
        char name[16];
        uint32_t id;
        int size = snprintf(name, sizeof name, "u%u", (unsigned)gx_rng_below(&rng, USERS));
        status = gx_word_find(&id, txn, GX_SPACE_USER, (gx_slice){name, (size_t)size});
    }
    gx_txn_abort(txn);
    return status;
}

static gx_status count_event(void *user, const gx_event *event, gx_error *err) {
    (void)event;
    (void)err;
    (*(uint64_t *)user)++;
    return GX_OK;
}

static gx_status read_histories(void *user, gx_error *err) {
    bed *b = user;
    gx_txn *txn;
    gx_rng rng = gx_rng_at(b->bench->job->seed, 3);
    gx_status status = gx_txn_read(&txn, b->store, err);
    b->count = 0;
    for (uint32_t i = 0; status == GX_OK && i < READS; i++) {
        status = gx_event_of_user(txn, (uint32_t)gx_rng_below(&rng, USERS), 0, count_event,
                                  &b->count, err);
    }
    gx_txn_abort(txn);
    return status;
}

static gx_status count_run(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    (void)events;
    (void)err;
    *(uint64_t *)user += count;
    return GX_OK;
}

static gx_status scan_events(void *user, gx_error *err) {
    bed *b = user;
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, b->store, err);
    b->count = 0;
    if (status == GX_OK) {
        status = gx_event_scan(txn, count_run, &b->count, err);
        gx_txn_abort(txn);
    }
    return status;
}

static gx_status measure(bed *b, const char *task, gx_bench_fn fn, int runs, double units,
                         const char *name, gx_error *err) {
    gx_bench_line line = {.task = task, .tool = "guanxi", .graph = "generated", .threads = 1};
    gx_status status = gx_bench_time(&line, runs, fn, NULL, b, err);
    if (status == GX_OK) {
        line.value = units / line.cpu_s;
        line.value_name = name;
        b->bench->emit(b->bench->user, &line, b->bench->suite);
    }
    return status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    bed b = {.bench = bench};
    gx_status status = GX_OK;
    char folder[GX_FOLDER_MAX];
    status = gx_folder_make(folder, sizeof folder, err);
    if (status != GX_OK) {
        return status;
    }
    gx_store_options options = {.create = true};
    b.events = gx_alloc(EVENTS, sizeof *b.events);
    if (!b.events) {
        GX_TRY(gx_fail_memory(err, EVENTS * sizeof *b.events));
    }
    make_events(&b);
    GX_TRY(gx_store_open(&b.store, folder, &options, err));
    GX_TRY(make_words(&b, err));
    /* The first write is the one that counts; what is there already is measured as such. */
    gx_bench_line first = {
        .task = "bulk_write", .tool = "guanxi", .graph = "generated", .threads = 1};
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    GX_TRY(write_events(&b, err));
    first.wall_s = first.wall_min_s = (double)(gx_clock_ns() - wall) / 1e9;
    first.cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9;
    first.rss_bytes = gx_bench_rss_peak();
    first.value = EVENTS / first.cpu_s;
    first.value_name = "events_a_cpu_s";
    bench->emit(bench->user, &first, bench->suite);
    GX_TRY(measure(&b, "bulk_again", write_events, bench->runs, EVENTS, "events_a_cpu_s", err));
    GX_TRY(measure(&b, "point_read", find_words, bench->runs, READS, "reads_a_cpu_s", err));
    GX_TRY(measure(&b, "history", read_histories, bench->runs, READS, "histories_a_cpu_s", err));
    GX_TRY(measure(&b, "scan", scan_events, bench->runs, EVENTS, "events_a_cpu_s", err));
done:
    gx_store_close(b.store);
    gx_free(b.events);
    gx_folder_remove(folder);
    return status;
}

const gx_bench_task gx_bench_store = {
    .suite = "store",
    .summary = "point reads, histories, scans and bulk writes of the store",
    .run = run,
};
