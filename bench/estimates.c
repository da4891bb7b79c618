/* Suite `estimates`: what every pass tells before it runs (memory and CPU seconds), beside what it
 * then held and took, and the builds, which tell nothing. A line is one of the suite graph, without
 * peers. */
#include "bench/graph.h"

#include <math.h>
#include <stdio.h>

static const gx__task tasks[] = {
#define GX_TASK GX__TASK_ROW
#include "bench/estimate_tasks.def"
#include "bench/graph_tasks.def"
#undef GX_TASK
};

_Static_assert(GX_COUNT(tasks) <= GX__TASKS_MAX, "the largest table of tasks");

static gx_status run(gx_bench *bench, gx_error *err) {
    gx_bench alone = *bench;
    alone.peers = false;
    return gx__graph_run(&alone, tasks, GX_COUNT(tasks), err);
}

/* ---- the page -----------------------------------------------------------------------------------
 */

#define NEAR 0.2        /* how far an estimate may be from what was measured */
#define SHORT_S 0.01    /* what takes less is not judged by its time */
#define SMALL_BYTES 1e6 /* what holds less is not judged by its memory */

static bool is_near(double told, double taken) {
    return fabs(told - taken) <= NEAR * taken;
}

static gx_value row_of(gx_arena *arena, const gx_value *line) {
    static const char *const names[] = {"graph", "task", "threads"};
    gx_value row = gx_map(arena, 10);
    double told = gx_bench_real(line, "estimate_bytes"), held = gx_bench_real(line, "used_bytes");
    double told_s = gx_bench_real(line, "estimate_cpu_s"), taken_s = gx_bench_real(line, "cpu_s");
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        const gx_value *value = gx_map_get(line, names[i]);
        gx_map_put(arena, &row, names[i], value ? *value : gx_nil());
    }
    gx_map_put(arena, &row, "told MB", gx_bench_digits(arena, told / 1e6));
    gx_map_put(arena, &row, "held MB", gx_bench_digits(arena, held / 1e6));
    gx_map_put(arena, &row, "told/held", gx_bench_digits(arena, told / held));
    gx_map_put(arena, &row, "told CPU s", gx_bench_digits(arena, told_s));
    gx_map_put(arena, &row, "CPU s", gx_bench_digits(arena, taken_s));
    gx_map_put(arena, &row, "told/CPU s", gx_bench_digits(arena, told_s / taken_s));
    bool memory = held < SMALL_BYTES || is_near(told, held);
    bool time = taken_s < SHORT_S || is_near(told_s, taken_s);
    bool range = taken_s <= gx_bench_real(line, "estimate_most_s"); /* no: it is not there */
    gx_map_put(arena, &row, "within 20%",
               gx_str(memory && time    ? "yes"
                      : memory && range ? "range"
                      : memory          ? "memory"
                      : time            ? "time"
                                        : "no"));
    return row;
}

gx_value gx_bench_estimates_page(gx_arena *arena, const gx_value *lines) {
    gx_value page = gx_list(arena, lines->size);
    for (uint32_t i = 0; i < lines->size; i++) {
        if (gx_map_get(&lines->as.items[i], "estimate_bytes")) {
            gx_list_add(arena, &page, row_of(arena, &lines->as.items[i]));
        }
    }
    return page;
}

gx_value gx_bench_lines_of(gx_arena *arena, const gx_value *lines, bool estimates) {
    gx_value some = gx_list(arena, lines->size);
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (gx_slice_is(gx_bench_text(gx_map_get(line, "suite")), "estimates") == estimates) {
            gx_list_add(arena, &some, *line);
        }
    }
    return some;
}

/* ---- parts of the document ----------------------------------------------------------------------
 */

static void put(gx_buffer *out, const gx_value *line, const char *key) {
    gx_slice text = gx_bench_text(gx_map_get(line, key));
    gx_buffer_append(out, text.data, text.size);
}

static void put_real(gx_buffer *out, const char *format, double value) {
    gx_buffer_text(out, " | ");
    if (isfinite(value)) {
        gx_buffer_printf(out, format, value);
    } else {
        gx_buffer_text(out, "–");
    }
}

/* Of the lines whose time is judged, the first of each value of `key`, in order. */
static gx_value firsts_of(gx_arena *arena, const gx_value *timed, const char *key) {
    gx_value firsts = gx_list(arena, 32);
    for (uint32_t i = 0; i < timed->size; i++) {
        bool known = false;
        for (uint32_t k = 0; k < firsts.size; k++) {
            known = known || gx_bench_same(&firsts.as.items[k], &timed->as.items[i], key);
        }
        if (!known) {
            gx_list_add(arena, &firsts, timed->as.items[i]);
        }
    }
    return firsts;
}

static double time_ratio(const gx_value *line) {
    return gx_bench_real(line, "estimate_cpu_s") / gx_bench_real(line, "cpu_s");
}

/* Of one thread, long enough to be judged; others' CPU seconds also wait for memory. */
static gx_value timed_of(gx_arena *arena, const gx_value *lines) {
    gx_value timed = gx_list(arena, lines->size);
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (gx_bench_real(line, "threads") == 1 && gx_bench_real(line, "cpu_s") >= SHORT_S &&
            isfinite(time_ratio(line))) {
            gx_list_add(arena, &timed, *line);
        }
    }
    return timed;
}

static double ratio_at(const gx_value *timed, const gx_value *task, const gx_value *graph) {
    for (uint32_t i = 0; i < timed->size; i++) {
        const gx_value *line = &timed->as.items[i];
        if (gx_bench_same(line, task, "task") && gx_bench_same(line, graph, "graph")) {
            return time_ratio(line);
        }
    }
    return (double)NAN;
}

static void put_times(gx_buffer *out, gx_arena *arena, const gx_value *lines) {
    gx_value timed = timed_of(arena, lines);
    gx_value graphs = firsts_of(arena, &timed, "graph"), rows = firsts_of(arena, &timed, "task");
    uint32_t near = 0;
    if (!timed.size) {
        return;
    }
    for (uint32_t i = 0; i < timed.size; i++) {
        near += is_near(time_ratio(&timed.as.items[i]), 1);
    }
    gx_buffer_printf(out,
                     "CPU seconds told over those taken, at one thread, of what takes 10 ms or "
                     "more: %u of %u are within 20%%.\n\n| task",
                     near, timed.size);
    for (uint32_t g = 0; g < graphs.size; g++) {
        gx_buffer_text(out, " | ");
        put(out, &graphs.as.items[g], "graph");
    }
    gx_buffer_text(out, " |\n|---");
    for (uint32_t g = 0; g < graphs.size; g++) {
        gx_buffer_text(out, "|---");
    }
    for (uint32_t t = 0; t < rows.size; t++) {
        gx_buffer_text(out, "|\n| ");
        put(out, &rows.as.items[t], "task");
        for (uint32_t g = 0; g < graphs.size; g++) {
            put_real(out, "%.2f", ratio_at(&timed, &rows.as.items[t], &graphs.as.items[g]));
        }
        gx_buffer_text(out, " ");
    }
    gx_buffer_text(out, "|\n\n");
}

/* At any number of threads. */
static void put_held(gx_buffer *out, const gx_value *lines) {
    const gx_value *least = NULL, *most = NULL;
    double low = (double)INFINITY, high = 0;
    uint32_t count = 0, near = 0;
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        double held = gx_bench_real(line, "used_bytes");
        double ratio = gx_bench_real(line, "estimate_bytes") / held;
        if (!(held >= SMALL_BYTES) || !isfinite(ratio)) {
            continue;
        }
        count++;
        near += is_near(ratio, 1);
        least = ratio < low ? line : least;
        most = ratio > high ? line : most;
        low = fmin(low, ratio);
        high = fmax(high, ratio);
    }
    if (!count) {
        return;
    }
    gx_buffer_printf(out,
                     "Memory told over what the job held at the most, of what holds a megabyte or "
                     "more: %u of %u are within 20%%; from %.2f (",
                     near, count, low);
    put(out, least, "task");
    gx_buffer_text(out, " on ");
    put(out, least, "graph");
    gx_buffer_printf(out, ") to %.2f (", high);
    put(out, most, "task");
    gx_buffer_text(out, " on ");
    put(out, most, "graph");
    gx_buffer_text(out, ").\n\n");
}

void gx_bench_told(gx_buffer *out, gx_arena *arena, const gx_value *lines) {
    put_times(out, arena, lines);
    put_held(out, lines);
}

void gx_bench_memory(gx_buffer *out, const gx_value *lines, const gx_value *graph) {
    const gx_value *most = graph;
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (gx_bench_same(line, graph, "graph") &&
            gx_bench_real(line, "rss_bytes") > gx_bench_real(most, "rss_bytes")) {
            most = line;
        }
    }
    gx_buffer_printf(out, "The most that the process held is %.0f MB, in ",
                     gx_bench_real(most, "rss_bytes") / 1e6);
    put(out, most, "task");
    gx_buffer_text(out, ".\n\n| task | threads | CPU s | held by the job, MB | told before, MB | "
                        "process at the most, MB |\n|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (gx_bench_same(line, graph, "graph")) {
            gx_buffer_text(out, "| ");
            put(out, line, "task");
            put_real(out, "%g", gx_bench_real(line, "threads"));
            put_real(out, "%.3g", gx_bench_real(line, "cpu_s"));
            put_real(out, "%.1f", gx_bench_real(line, "used_bytes") / 1e6);
            put_real(out, "%.1f", gx_bench_real(line, "estimate_bytes") / 1e6);
            put_real(out, "%.0f", gx_bench_real(line, "rss_bytes") / 1e6);
            gx_buffer_text(out, " |\n");
        }
    }
    gx_buffer_text(out, "\n");
}

const gx_bench_task gx_bench_estimates = {
    .suite = "estimates",
    .summary = "memory and CPU seconds as every pass tells them, beside what it held and took",
    .run = run,
};
