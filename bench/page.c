/* Lines of the suite graph as a table for a page: a row a graph and task. */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>

static double real_at(const gx_value *line, const char *key) {
    double value = NAN;
    const gx_value *found = gx_map_get(line, key);
    return found && gx_value_as_real(found, &value) ? value : (double)NAN;
}

static bool same_text(const gx_value *a, const gx_value *b, const char *key) {
    const gx_value *x = gx_map_get(a, key), *y = gx_map_get(b, key);
    return x && y && gx_value_equal(x, y);
}

static bool is_ours(const gx_value *line) {
    const gx_value *tool = gx_map_get(line, "tool");
    return tool && tool->type == GX_TEXT &&
           gx_slice_is((gx_slice){tool->as.text, tool->size}, "guanxi");
}

static bool is_equal(const gx_value *line) {
    const gx_value *equal = gx_map_get(line, "equal");
    return equal && equal->type == GX_BOOL && equal->as.boolean;
}

/* Of the same task and graph, at most as many threads; NULL: none. */
static const gx_value *fastest_of(const gx_value *lines, const gx_value *ours, bool equal) {
    const gx_value *best = NULL;
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (!is_ours(line) && (!equal || is_equal(line)) && same_text(line, ours, "task") &&
            same_text(line, ours, "graph") && isfinite(real_at(line, "wall_min_s")) &&
            real_at(line, "threads") <= real_at(ours, "threads") &&
            (!best || real_at(line, "wall_min_s") < real_at(best, "wall_min_s"))) {
            best = line;
        }
    }
    return best;
}

/* As good an answer; where guanxi's is better than all, which its ratio tells, the fastest of
 * those. */
static const gx_value *fastest(const gx_value *lines, const gx_value *ours) {
    const gx_value *best = fastest_of(lines, ours, true);
    bool better = !best && isfinite(real_at(ours, "ratio"));
    return better ? fastest_of(lines, ours, false) : best;
}

/* ".0123 s" as people write it: three digits. */
static gx_value number(gx_arena *arena, double value) {
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
    double threads = real_at(ours, "threads"), wall = real_at(ours, "wall_min_s");
    const gx_value *peer = fastest(lines, ours);
    const gx_value *tool = peer ? gx_map_get(peer, "tool") : NULL;
    gx_value name = gx_str("–");
    if (tool) {
        char *text = gx_arena_printf(arena, "%.*s %.3g", (int)tool->size, tool->as.text,
                                     real_at(peer, "wall_min_s"));
        name = gx_str(text ? text : "");
    }
    put_keyed(arena, row, "fastest peer, s", threads, name);
    put_keyed(arena, row, "guanxi, s", threads, number(arena, wall));
    put_keyed(arena, row, "ratio", threads,
              number(arena, peer ? wall / real_at(peer, "wall_min_s") : (double)NAN));
    put_keyed(arena, row, "CPU ratio", threads,
              number(arena, peer ? real_at(ours, "cpu_s") / real_at(peer, "cpu_s") : (double)NAN));
}

/* How its answer compares with that of the peer it is measured against. */
static gx_value answers(gx_arena *arena, const gx_value *lines, const gx_value *ours) {
    const gx_value *peer = fastest(lines, ours), *agrees = gx_map_get(ours, "agrees");
    const gx_value *how = gx_map_get(ours, "how");
    how = how ? how : peer ? gx_map_get(peer, "how") : NULL;
    char *text = gx_arena_printf(arena, "%s%.*s", agrees && !agrees->as.boolean ? "differ: " : "",
                                 how ? (int)how->size : 0, how ? how->as.text : "");
    return gx_str(text ? text : "");
}

static void add_memory(gx_arena *arena, gx_value *row, const gx_value *lines,
                       const gx_value *ours) {
    const gx_value *peer = fastest(lines, ours);
    double used = real_at(ours, "used_bytes"), told = real_at(ours, "estimate_bytes");
    used = isfinite(used) ? used : real_at(ours, "mem_bytes");
    gx_map_put(arena, row, "MB", number(arena, used / 1e6));
    gx_map_put(arena, row, "peer MB",
               number(arena, peer ? real_at(peer, "mem_bytes") / 1e6 : (double)NAN));
    gx_map_put(arena, row, "told/held", number(arena, told / used));
    gx_map_put(arena, row, "told/CPU s",
               number(arena, real_at(ours, "estimate_cpu_s") / real_at(ours, "cpu_s")));
}

/* Whether a peer ran it, well or not; where none ran anything, every task is shown. */
static bool has_rival(const gx_value *lines, const gx_value *ours) {
    bool any = false;
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        any = any || !is_ours(line);
        if (!is_ours(line) && same_text(line, ours, "task") && same_text(line, ours, "graph")) {
            return true;
        }
    }
    return !any;
}

static gx_value *row_of(gx_value *page, const gx_value *line) {
    for (uint32_t i = 0; i < page->size; i++) {
        gx_value *row = &page->as.items[i];
        if (same_text(row, line, "task") && same_text(row, line, "graph")) {
            return row;
        }
    }
    return NULL;
}

gx_value gx_bench_page(gx_arena *arena, const gx_value *lines) {
    gx_value page = gx_list(arena, 32);
    for (uint32_t i = 0; i < lines->size; i++) {
        const gx_value *line = &lines->as.items[i];
        if (!is_ours(line) || !has_rival(lines, line)) {
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
        gx_value *row = is_ours(line) ? row_of(&page, line) : NULL;
        if (row && !gx_map_get(row, "answers")) {
            add_memory(arena, row, lines, line);
            gx_map_put(arena, row, "answers", answers(arena, lines, line));
        }
    }
    return page;
}
