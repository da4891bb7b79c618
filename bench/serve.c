/* Suite `serve`: calls over the Unix socket, client and server in one process and on the same
 * cores, at one connection and at fifty, with one call in flight on each and with sixteen. */
#include "api/db.h"
#include "bench/bench.h"
#include "bench/served.h"

#include <stdio.h>
#include <stdlib.h>

enum { USERS = 2000, CALLERS = 500 };

typedef struct bed {
    gx_bench *bench;
    gx_db *db;
    gx_served served;
    gx_arena *arena; /* of the arguments */
    gx_value users[CALLERS];
} bed;

/* Members in turn, so that no answer is the last one's. */
static gx_status make_arguments(bed *b, gx_error *err) {
    b->arena = gx_arena_create();
    if (!b->arena) {
        return gx_fail_memory(err, sizeof b->users);
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        const char *name = gx_arena_printf(b->arena, "u%u", i * 31 % USERS + 1);
        gx_value users = gx_list(b->arena, 1), map = gx_map(b->arena, 2);
        gx_list_add(b->arena, &users, gx_str(name ? name : ""));
        gx_map_put(b->arena, &map, "users", users);
        gx_map_put(b->arena, &map, "n", gx_int(20));
        b->users[i] = map;
    }
    return gx_arena_status(b->arena) == GX_OK ? GX_OK : gx_fail_memory(err, sizeof b->users);
}

typedef struct task {
    const char *name, *method;
    uint32_t connections, depth, calls;
} task;

static gx_status crowd(bed *b, const task *t, gx_error *err) {
    bool lists = strcmp(t->method, "rec.user") == 0;
    gx_load load = {.address = b->served.address,
                    .connections = t->connections,
                    .depth = t->depth,
                    .calls = t->calls,
                    .method = t->method,
                    .args = b->users,
                    .args_count = lists ? CALLERS : 0};
    gx_load_result result;
    int64_t cpu = gx_clock_cpu_ns();
    gx_status status = gx_load_run(&result, &load, err);
    if (status != GX_OK) {
        return status;
    }
    if (result.errors) {
        return gx_fail(err, GX_INTERNAL, "%llu of %llu calls of %s failed",
                       (unsigned long long)result.errors, (unsigned long long)result.calls,
                       t->method);
    }
    gx_bench_line line = {.task = t->name,
                          .tool = "guanxi",
                          .graph = "sample shop",
                          .threads = b->bench->threads,
                          .wall_s = result.wall_s,
                          .wall_min_s = result.wall_s,
                          .cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9,
                          .rss_bytes = gx_bench_rss_peak(),
                          .value = (double)result.calls / result.wall_s,
                          .value_name = "calls_a_s",
                          .p50_us = result.p50_us,
                          .p99_us = result.p99_us};
    b->bench->emit(b->bench->user, &line, b->bench->suite);
    return GX_OK;
}

static gx_status open_bed(bed *b, const char *folder, gx_error *err) {
    char path[GX_FOLDER_MAX + 16];
    gx_status status = GX_OK;
    gx_db_options how = {.threads = b->bench->threads};
    snprintf(path, sizeof path, "%s/shop.gx", folder);
    GX_TRY(gx_bench_shop(folder, USERS, b->bench->job, err));
    GX_TRY(gx_db_open(&b->db, path, &how, err));
    status = gx_served_begin(&b->served, b->db, folder, b->bench->threads, false, err);
done:
    return status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    static const task tasks[] = {
        {"ping_1", "sys.ping", 1, 1, 20000},
        {"ping_50", "sys.ping", 50, 1, 100000},
        {"ping_50_deep_16", "sys.ping", 50, 16, 500000},
        {"rec_user_1", "rec.user", 1, 1, 2000},
        {"rec_user_50", "rec.user", 50, 1, 10000},
        {"rec_user_50_deep_16", "rec.user", 50, 16, 10000},
    };
    bed b = {.bench = bench};
    char folder[GX_FOLDER_MAX];
    gx_status status = GX_OK;
    status = gx_folder_make(folder, sizeof folder, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(open_bed(&b, folder, err));
    GX_TRY(make_arguments(&b, err));
    for (size_t i = 0; i < GX_COUNT(tasks); i++) {
        GX_TRY(crowd(&b, &tasks[i], err));
    }
done:
    gx_served_end(&b.served);
    gx_db_close(b.db);
    gx_arena_destroy(b.arena);
    gx_folder_remove(folder);
    return status;
}

const gx_bench_task gx_bench_serve = {
    .suite = "serve",
    .summary = "calls over the Unix socket, at 1 and at 50 connections",
    .run = run,
};
