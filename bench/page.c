/* Lines of the suite graph as a table for a page: a row a graph and task. */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>

double gx_bench_real(const gx_value *line, const char *key) {
    double value = NAN;
    const gx_value *found = gx_map_get(line, key);
    return found && gx_value_as_real(found, &value) ? value : (double)NAN;
}

bool gx_bench_same(const gx_value *a, const gx_value *b, const char *key) {
    const gx_value *x = gx_map_get(a, key), *y = gx_map_get(b, key);
    return x && y && gx_value_equal(x, y);
}

gx_slice gx_bench_text(const gx_value *value) {
    return value && value->type == GX_TEXT ? (gx_slice){value->as.text, value->size}
                                           : (gx_slice){"", 0};
}

bool gx_bench_lists(const gx_value *list, const char *text) {
    for (uint32_t i = 0; list && i < list->size; i++) {
        if (gx_slice_is(gx_bench_text(&list->as.items[i]), text)) {
            return true;
        }
    }
    return false;
}

gx_status gx_bench_check_only(const gx_value *only, const char *const *names, size_t count,
                              gx_error *err) {
    for (uint32_t i = 0; only && i < only->size; i++) {
        const gx_slice asked = gx_bench_text(&only->as.items[i]);
        bool known = false;
        for (size_t k = 0; k < count; k++) {
            known = known || gx_slice_is(asked, names[k]);
        }
        if (!known) {
            char given[64], text[64];
            snprintf(text, sizeof text, "%.*s", (int)(asked.size < 60 ? asked.size : 60),
                     asked.data);
            const char *near = gx_nearest(text, names, count);
            return gx_fail_at(err, GX_NOT_FOUND, "only", "there is no task %s%s%s%s",
                              gx_quote(given, sizeof given, asked.data, asked.size),
                              near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        }
    }
    return GX_OK;
}

bool gx_bench_is_ours(const gx_value *line) {
    return gx_slice_is(gx_bench_text(gx_map_get(line, "tool")), "guanxi");
}

static bool is_equal(const gx_value *line) {
    const gx_value *equal = gx_map_get(line, "equal");
    return equal && equal->type == GX_BOOL && equal->as.boolean;
}

static bool is_rival(const gx_value *line, const gx_value *ours) {
    return !gx_bench_is_ours(line) && gx_bench_same(line, ours, "task") &&
           gx_bench_same(line, ours, "graph");
}

/* Of the same task and graph, at most as many threads, the one with the least of `key`; NULL: none.
 */
static const gx_value *fastest_of(const gx_value *lines, const gx_value *ours, bool equal,
                                  const char *key) {
    const gx_value *best = NULL;
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (is_rival(line, ours) && (!equal || is_equal(line)) &&
            isfinite(gx_bench_real(line, key)) &&
            gx_bench_real(line, "threads") <= gx_bench_real(ours, "threads") &&
            (!best || gx_bench_real(line, key) < gx_bench_real(best, key))) {
            best = line;
        }
    }
    return best;
}

/* As good an answer; where guanxi's is better than all, which its ratio tells, the fastest of
 * those; else one that was stopped, which took longer than guanxi (the limit is above its time). */
gx_bench_pair gx_bench_pair_of(const gx_value *lines, const gx_value *ours) {
    gx_bench_pair pair = {.ours = ours, .ratio = (double)NAN};
    const char *key = "wall_min_s";
    pair.peer = fastest_of(lines, ours, true, key);
    if (!pair.peer && isfinite(gx_bench_real(ours, "ratio"))) {
        pair.peer = fastest_of(lines, ours, false, key);
    }
    if (!pair.peer) {
        key = "over_s";
        pair.peer = fastest_of(lines, ours, false, key);
        pair.stopped = pair.peer != NULL;
    }
    if (pair.peer) {
        pair.ratio = gx_bench_real(ours, "wall_min_s") / gx_bench_real(pair.peer, key);
    }
    return pair;
}

gx_value gx_bench_digits(gx_arena *arena, double value) {
    char text[32];
    if (!isfinite(value)) {
        return gx_str("–");
    }
    snprintf(text, sizeof text, "%.3g", value);
    return gx_text_copy(arena, text, strlen(text));
}

static void put_keyed(gx_arena *arena, gx_value *row, const char *what, double threads,
                      gx_value value) {
    char *key = gx_arena_printf(arena, "%s (%g)", what, threads);
    if (key) {
        gx_map_put(arena, row, key, value);
    }
}

/* What differs by the number of threads. */
static void add_threads(gx_arena *arena, gx_value *row, const gx_value *lines,
                        const gx_value *ours) {
    double threads = gx_bench_real(ours, "threads");
    const gx_bench_pair pair = gx_bench_pair_of(lines, ours);
    const gx_value *tool = pair.peer ? gx_map_get(pair.peer, "tool") : NULL;
    gx_value name = gx_str("–"), ratio = gx_bench_digits(arena, pair.ratio);
    double cpu = (double)NAN;
    if (tool) {
        char *text = gx_arena_printf(
            arena, "%.*s %s%.3g", (int)tool->size, tool->as.text, pair.stopped ? "> " : "",
            gx_bench_real(pair.peer, pair.stopped ? "over_s" : "wall_min_s"));
        name = gx_str(text ? text : "");
        cpu = gx_bench_real(ours, "cpu_s") / gx_bench_real(pair.peer, "cpu_s");
    }
    if (pair.stopped) {
        char *text = gx_arena_printf(arena, "< %.3g", pair.ratio);
        ratio = gx_str(text ? text : "");
    }
    put_keyed(arena, row, "fastest peer, s", threads, name);
    put_keyed(arena, row, "guanxi, s", threads,
              gx_bench_digits(arena, gx_bench_real(ours, "wall_min_s")));
    put_keyed(arena, row, "ratio", threads, ratio);
    put_keyed(arena, row, "CPU ratio", threads, gx_bench_digits(arena, cpu));
}

/* How its answer compares with that of the peer it is measured against. */
static gx_value answers(gx_arena *arena, const gx_value *lines, const gx_value *ours) {
    const gx_bench_pair pair = gx_bench_pair_of(lines, ours);
    const gx_value *agrees = gx_map_get(ours, "agrees"), *how = gx_map_get(ours, "how");
    how = how ? how : pair.peer ? gx_map_get(pair.peer, "how") : NULL;
    char *text = gx_arena_printf(arena, "%s%.*s", agrees && !agrees->as.boolean ? "differ: " : "",
                                 how ? (int)how->size : 0, how ? how->as.text : "");
    return gx_str(text ? text : "");
}

static void add_memory(gx_arena *arena, gx_value *row, const gx_value *lines,
                       const gx_value *ours) {
    const gx_bench_pair pair = gx_bench_pair_of(lines, ours);
    double used = gx_bench_real(ours, "used_bytes"), told = gx_bench_real(ours, "estimate_bytes");
    used = isfinite(used) ? used : gx_bench_real(ours, "mem_bytes");
    double peer = pair.peer ? gx_bench_real(pair.peer, "mem_bytes") : (double)NAN;
    gx_map_put(arena, row, "MB", gx_bench_digits(arena, used / 1e6));
    gx_map_put(arena, row, "peer MB", gx_bench_digits(arena, peer / 1e6));
    gx_map_put(arena, row, "told/held", gx_bench_digits(arena, told / used));
    gx_map_put(arena, row, "told/CPU s",
               gx_bench_digits(arena, gx_bench_real(ours, "estimate_cpu_s") /
                                          gx_bench_real(ours, "cpu_s")));
}

/* Whether a peer ran it, well or not; where none ran anything, every task is shown. */
static bool has_rival(const gx_value *lines, const gx_value *ours) {
    bool any = false;
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        any = any || !gx_bench_is_ours(line);
        if (is_rival(line, ours)) {
            return true;
        }
    }
    return !any;
}

static gx_value *row_of(gx_value *page, const gx_value *line) {
    for (uint32_t i = 0; i < page->size; i++) {
        gx_value *row = &page->as.items[i];
        if (gx_bench_same(row, line, "task") && gx_bench_same(row, line, "graph")) {
            return row;
        }
    }
    return NULL;
}

gx_value gx_bench_page(gx_arena *arena, const gx_value *lines) {
    gx_value page = gx_list(arena, 32);
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (!gx_bench_is_ours(line) || !has_rival(lines, line)) {
            continue;
        }
        gx_value *row = row_of(&page, line);
        if (!row) {
            gx_value fresh = gx_map(arena, 20);
            gx_map_put(arena, &fresh, "graph", *gx_map_get(line, "graph"));
            gx_map_put(arena, &fresh, "task", *gx_map_get(line, "task"));
            gx_list_add(arena, &page, fresh);
            row = row_of(&page, line);
        }
        if (row) {
            add_threads(arena, row, lines, line);
        }
    }
    /* What does not differ comes last, from the line of the most threads. */
    for (uint32_t i = lines->size; i-- > 0;) {
        const gx_value *line = &lines->as.items[i];
        gx_value *row = gx_bench_is_ours(line) ? row_of(&page, line) : NULL;
        if (row && !gx_map_get(row, "answers")) {
            add_memory(arena, row, lines, line);
            gx_map_put(arena, row, "answers", answers(arena, lines, line));
        }
    }
    return page;
}
