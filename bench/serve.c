/* Suite `serve`: calls over the Unix socket, client and server in one process and on the same
 * cores, at one connection and at fifty, one call in flight each. */
#include "api/compute.h"
#include "bench/bench.h"
#include "server/server.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 2000, CONNECTIONS = 50, CALLS_ONE = 2000, CALLS_MANY = 200 };

typedef struct bed {
    gx_bench *bench;
    gx_db *db;
    gx_server *server;
    pthread_t thread;
    bool serving;
    char address[256];
    const char *method;
} bed;

typedef struct worker {
    bed *b;
    uint32_t number, calls;
    double *latency_us; /* one a call */
    pthread_t thread;
    gx_status status;
    gx_error error;
} worker;

static void *serve(void *user) {
    bed *b = user;
    gx_error err;
    gx_status status = gx_server_run(b->server, false, &err);
    (void)status;
    return NULL;
}

/* The arguments of the i-th call of a worker; members in turn, so that no answer is the last one's.
 */
static gx_value args_of(const worker *w, uint32_t i, gx_arena *arena) {
    gx_value map = gx_map(arena, 3);
    if (strcmp(w->b->method, "rec.user") == 0) {
        gx_value users = gx_list(arena, 1);
        uint32_t user = (w->number * 7919 + i * 31) % USERS + 1;
        const char *name = gx_arena_printf(arena, "u%u", user);
        gx_list_add(arena, &users, gx_str(name ? name : ""));
        gx_map_put(arena, &map, "users", users);
        gx_map_put(arena, &map, "n", gx_int(20));
    }
    return map;
}

static void *work(void *user) {
    worker *w = user;
    gx_client *client = NULL;
    gx_arena *arena = gx_arena_create();
    w->status = arena ? gx_client_open(&client, w->b->address, 5000, &w->error) : GX_NO_MEMORY;
    for (uint32_t i = 0; w->status == GX_OK && i < w->calls; i++) {
        gx_value result;
        gx_arena_reset(arena);
        gx_value args = args_of(w, i, arena);
        int64_t begun = gx_clock_ns();
        w->status = gx_client_call(&result, client, w->b->method, &args, arena, &w->error);
        w->latency_us[i] = (double)(gx_clock_ns() - begun) / 1e3;
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    return NULL;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static gx_status crowd(bed *b, const char *task, uint32_t connections, uint32_t calls,
                       gx_error *err) {
    worker workers[CONNECTIONS];
    gx_bench_line line = {.task = task, .tool = "guanxi", .graph = "sample shop"};
    size_t total = (size_t)connections * calls;
    double *latency = gx_alloc(total, sizeof *latency);
    if (!latency) {
        return gx_fail_memory(err, total * sizeof *latency);
    }
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    uint32_t started = 0;
    for (; started < connections; started++) {
        workers[started] = (worker){.b = b,
                                    .number = started,
                                    .calls = calls,
                                    .latency_us = latency + (size_t)started * calls};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) {
            break;
        }
    }
    gx_status status = started == connections ? GX_OK : gx_fail(err, GX_BUSY, "no more threads");
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        if (status == GX_OK && workers[i].status != GX_OK) {
            status = gx_fail(err, workers[i].status, "%s", workers[i].error.message);
        }
    }
    if (status == GX_OK) {
        line.threads = b->bench->threads;
        line.wall_s = line.wall_min_s = (double)(gx_clock_ns() - wall) / 1e9;
        line.cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9;
        line.rss_bytes = gx_rss_peak_bytes();
        line.value = (double)total / line.wall_s;
        line.value_name = "calls_a_s";
        qsort(latency, total, sizeof *latency, by_value);
        line.p50_us = latency[total / 2];
        line.p99_us = latency[total * 99 / 100];
        b->bench->emit(b->bench->user, &line, b->bench->suite);
    }
    gx_free(latency);
    return status;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static gx_status open_bed(bed *b, const char *folder, gx_error *err) {
    char path[300], listen[300];
    gx_status status = GX_OK;
    gx_server_options options;
    gx_db_options how = {.threads = b->bench->threads};
    snprintf(path, sizeof path, "%s/shop.gx", folder);
    snprintf(listen, sizeof listen, "unix:%s/s", folder);
    const char *addresses[] = {listen, NULL};
    gx_server_options_init(&options);
    options.listen = addresses;
    options.loops = b->bench->threads;
    GX_TRY(gx_bench_shop(folder, USERS, b->bench->job, err));
    GX_TRY(gx_db_open(&b->db, path, &how, err));
    GX_TRY(gx_server_open(&b->server, b->db, &options, err));
    snprintf(b->address, sizeof b->address, "%.255s", listen);
    if (pthread_create(&b->thread, NULL, serve, b) != 0) {
        GX_TRY(gx_fail(err, GX_BUSY, "no more threads"));
    }
    b->serving = true;
done:
    return status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    static const struct {
        const char *task, *method;
        uint32_t connections, calls;
    } tasks[] = {
        {"ping_1", "sys.ping", 1, CALLS_ONE},
        {"ping_50", "sys.ping", CONNECTIONS, CALLS_MANY * 5},
        {"rec_user_1", "rec.user", 1, CALLS_ONE},
        {"rec_user_50", "rec.user", CONNECTIONS, CALLS_MANY},
    };
    bed b = {.bench = bench};
    char folder[] = "/tmp/guanxi-bench-XXXXXX";
    gx_status status = GX_OK;
    if (!mkdtemp(folder)) {
        return gx_fail(err, GX_IO, "no folder could be made in /tmp");
    }
    GX_TRY(open_bed(&b, folder, err));
    for (size_t i = 0; i < GX_COUNT(tasks); i++) {
        b.method = tasks[i].method;
        GX_TRY(crowd(&b, tasks[i].task, tasks[i].connections, tasks[i].calls, err));
    }
done:
    if (b.serving) {
        gx_server_stop(b.server, 2000);
        pthread_join(b.thread, NULL);
    }
    gx_server_close(b.server);
    gx_db_close(b.db);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}

const gx_bench_task gx_bench_serve = {
    .suite = "serve",
    .summary = "calls over the Unix socket, at 1 and at 50 connections",
    .run = run,
};
