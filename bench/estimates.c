/* Suite `estimates`: what every pass tells before it runs (memory and CPU seconds), beside what it
 * then held and took. A line is one of the suite graph, without peers. */
#include "bench/graph.h"

#include <math.h>
#include <stdio.h>

static const gx__task tasks[] = {
#define GX_TASK GX__TASK_ROW
#include "bench/estimate_tasks.def"
#include "bench/graph_tasks.def"
#undef GX_TASK
};

static gx_status run(gx_bench *bench, gx_error *err) {
    gx__task passes[GX_COUNT(tasks)];
    size_t count = 0;
    for (size_t i = 0; i < GX_COUNT(tasks); i++) {
        if (tasks[i].pass) {
            passes[count++] = tasks[i];
        }
    }
    gx_bench alone = *bench;
    alone.peers = false;
    return gx__graph_run(&alone, passes, count, err);
}

/* ---- the page -----------------------------------------------------------------------------------
 */

#define NEAR 0.2        /* how far an estimate may be from what was measured */
#define SHORT_S 0.01    /* what takes less is not judged by its time */
#define SMALL_BYTES 1e6 /* what holds less is not judged by its memory */

static double real_at(const gx_value *line, const char *key) {
    double value = NAN;
    const gx_value *found = gx_map_get(line, key);
    return found && gx_value_as_real(found, &value) ? value : (double)NAN;
}

static gx_value digits(gx_arena *arena, double value) {
    char text[32];
    snprintf(text, sizeof text, isfinite(value) ? "%.3g" : "–", value);
    return gx_text_copy(arena, text, strlen(text));
}

static bool is_near(double told, double taken) {
    return fabs(told - taken) <= NEAR * taken;
}

static gx_value row_of(gx_arena *arena, const gx_value *line) {
    static const char *const names[] = {"graph", "task", "threads"};
    gx_value row = gx_map(arena, 10);
    double told = real_at(line, "estimate_bytes"), held = real_at(line, "used_bytes");
    double told_s = real_at(line, "estimate_cpu_s"), taken_s = real_at(line, "cpu_s");
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        const gx_value *value = gx_map_get(line, names[i]);
        gx_map_put(arena, &row, names[i], value ? *value : gx_nil());
    }
    gx_map_put(arena, &row, "told MB", digits(arena, told / 1e6));
    gx_map_put(arena, &row, "held MB", digits(arena, held / 1e6));
    gx_map_put(arena, &row, "told/held", digits(arena, told / held));
    gx_map_put(arena, &row, "told CPU s", digits(arena, told_s));
    gx_map_put(arena, &row, "CPU s", digits(arena, taken_s));
    gx_map_put(arena, &row, "told/CPU s", digits(arena, told_s / taken_s));
    bool memory = held < SMALL_BYTES || is_near(told, held);
    bool time = taken_s < SHORT_S || is_near(told_s, taken_s);
    bool range = taken_s <= real_at(line, "estimate_most_s"); /* no: it is not there */
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

const gx_bench_task gx_bench_estimates = {
    .suite = "estimates",
    .summary = "memory and CPU seconds as every pass tells them, beside what it held and took",
    .run = run,
};
