/* The table of tasks and the stop-watch. */
#include "bench/bench.h"

#include "graph/base/sorted.h"

#include <stdio.h>
#include <stdlib.h>

#define GX_BENCH(name) extern const gx_bench_task gx_bench_##name;
#include "bench/tasks.def"
#undef GX_BENCH

static const gx_bench_task *const rows[] = {
#define GX_BENCH(name) &gx_bench_##name,
#include "bench/tasks.def"
#undef GX_BENCH
};

const gx_bench_table *gx_bench_tasks(void) {
    static const gx_bench_table table = {rows, GX_COUNT(rows)};
    return &table;
}

static gx_status refuse(const char *suite, gx_error *err) {
    char names[200] = "";
    size_t at = 0;
    for (size_t i = 0; i < GX_COUNT(rows) && at < sizeof names; i++) {
        if (i == 0 || strcmp(rows[i]->suite, rows[i - 1]->suite) != 0) {
            at += (size_t)snprintf(names + at, sizeof names - at, "%s, ", rows[i]->suite);
        }
    }
    return gx_fail_at(err, GX_NOT_FOUND, "suite", "there is no suite '%s'; there are %sall", suite,
                      names);
}

gx_status gx_bench_run(gx_bench *bench, gx_error *err) {
    bool all = strcmp(bench->suite, "all") == 0, any = false;
    for (size_t i = 0; i < GX_COUNT(rows); i++) {
        if (!all && strcmp(bench->suite, rows[i]->suite) != 0) {
            continue;
        }
        any = true;
        gx_bench one = *bench;
        one.suite = rows[i]->suite;
        gx_status status = rows[i]->run(&one, err);
        if (status != GX_OK) {
            return status;
        }
    }
    if (!any) {
        return refuse(bench->suite, err);
    }
    return GX_OK;
}

double gx_bench_median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, gx_by_f64);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

gx_status gx_bench_time(gx_bench_line *line, int runs, gx_bench_fn fn, gx_bench_fn setup,
                        void *user, gx_error *err) {
    enum { RUNS_MAX = 101 };
    double wall[RUNS_MAX], cpu[RUNS_MAX];
    gx_bench_rss_reset();
    runs = runs < 1 ? 1 : runs > RUNS_MAX ? RUNS_MAX : runs;
    for (int r = -1; r < runs; r++) {
        gx_status status = setup ? setup(user, err) : GX_OK;
        int64_t w = gx_clock_ns(), c = gx_clock_cpu_ns();
        if (status == GX_OK) {
            status = fn(user, err);
        }
        if (status != GX_OK) {
            return status;
        }
        if (r >= 0) {
            wall[r] = (double)(gx_clock_ns() - w) / 1e9;
            cpu[r] = (double)(gx_clock_cpu_ns() - c) / 1e9;
        }
    }
    line->wall_s = gx_bench_median(wall, runs);
    line->wall_min_s = wall[0]; /* sorted by now */
    line->cpu_s = gx_bench_median(cpu, runs);
    line->rss_bytes = gx_bench_rss_peak();
    return GX_OK;
}
