/* Lines of the suite graph as a page of Markdown. Numbers come from the lines, reasons from notes
 * that people write: a file of sections, each under "# NAME", so that making the page again keeps
 * them.
 *
 *   # before              how it was run, what the columns are
 *   # bars GRAPH          "task bar" a line: times igraph's speed at the most threads
 *   # after bars GRAPH    what is to say of them
 *   # above TASK GRAPH    what bounds a row above 1.0; without GRAPH, on any graph
 *   # after               behind those rows
 *   # told                how far estimates hold
 *   # memory GRAPH        how it was run, what there is to say of it
 *
 * What stands before the first section is for whoever edits the file. */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>

typedef struct document {
    gx_buffer *out;
    gx_arena *arena;
    const gx_value *lines; /* but those of the suite estimates */
    gx_value rows;
    const char *notes;
} document;

/* ---- notes ------------------------------------------------------------------------------------
 */

static bool is_heading(const char *line) {
    return line[0] == '#' && line[1] == ' ';
}

static const char *next_line(const char *at) {
    const char *newline = strchr(at, '\n');
    return newline ? newline + 1 : at + strlen(at);
}

/* Without empty lines around it. */
static gx_slice trimmed(const char *from, const char *to) {
    while (from < to && (*from == '\n' || *from == ' ')) {
        from++;
    }
    while (to > from && (to[-1] == '\n' || to[-1] == ' ')) {
        to--;
    }
    return (gx_slice){from, (size_t)(to - from)};
}

/* The text of a section; empty: there is none. */
static gx_slice note(const document *d, const char *name) {
    for (const char *at = d->notes ? d->notes : ""; *at; at = next_line(at)) {
        const char *body = next_line(at), *end = body;
        if (!is_heading(at) || !gx_slice_is(trimmed(at + 2, body), name)) {
            continue;
        }
        while (*end && !is_heading(end)) {
            end = next_line(end);
        }
        return trimmed(body, end);
    }
    return (gx_slice){NULL, 0};
}

static void put_note(const document *d, const char *name) {
    gx_slice text = note(d, name);
    if (text.size) {
        gx_buffer_append(d->out, text.data, text.size);
        gx_buffer_text(d->out, "\n\n");
    }
}

/* ---- small parts ------------------------------------------------------------------------------
 */

static void put_text(const document *d, const gx_value *value) {
    gx_slice text = gx_bench_text(value);
    gx_buffer_append(d->out, text.data, text.size);
}

static const char *c_text(const document *d, const gx_value *value) {
    gx_slice slice = gx_bench_text(value);
    const char *text = gx_arena_printf(d->arena, "%.*s", (int)slice.size, slice.data);
    return text ? text : "";
}

static const char *text_at(const document *d, const gx_value *line, const char *key) {
    return c_text(d, gx_map_get(line, key));
}

/* 1,234,567 */
static void put_count(const document *d, double count) {
    char digits[32];
    int size = snprintf(digits, sizeof digits, "%.0f", count);
    for (int i = 0; i < size; i++) {
        gx_buffer_printf(d->out, i > 0 && (size - i) % 3 == 0 ? ",%c" : "%c", digits[i]);
    }
}

static bool is_first(const document *d, uint32_t at, const char *key) {
    for (uint32_t i = 0; i < at; i++) {
        if (gx_bench_same(&d->lines->as.items[i], &d->lines->as.items[at], key)) {
            return false;
        }
    }
    return true;
}

/* Commit, machine and peers, as the lines tell. */
static void put_origin(const document *d) {
    const char *between = "Commit ";
    for (uint32_t i = 0; i < d->lines->size; i++) {
        if (is_first(d, i, "commit")) {
            gx_buffer_printf(d->out, "%s%s", between, text_at(d, &d->lines->as.items[i], "commit"));
            between = ", ";
        }
    }
    if (d->lines->size) {
        gx_buffer_printf(d->out, "; %s. Peers: ", text_at(d, &d->lines->as.items[0], "cpu"));
    }
    between = "";
    for (uint32_t i = 0; i < d->lines->size; i++) {
        const gx_value *line = &d->lines->as.items[i];
        if (gx_map_get(line, "version") && is_first(d, i, "tool")) {
            gx_buffer_printf(d->out, "%s%s %s", between, text_at(d, line, "tool"),
                             text_at(d, line, "version"));
            between = ", ";
        }
    }
    gx_buffer_text(d->out, between[0] ? ".\n\n" : "none.\n\n");
}

/* ---- a graph ----------------------------------------------------------------------------------
 */

static void put_heading(const document *d, const char *of, const gx_value *line) {
    double members = gx_bench_real(line, "members"), ties = gx_bench_real(line, "ties");
    gx_buffer_printf(d->out, "## %s%s", of, text_at(d, line, "graph"));
    if (isfinite(members) && isfinite(ties)) {
        gx_buffer_text(d->out, ": ");
        put_count(d, members);
        gx_buffer_text(d->out, " members, ");
        put_count(d, ties);
        gx_buffer_text(d->out, " ties");
    }
    gx_buffer_text(d->out, "\n\n");
}

/* The row with most columns has all there are. */
static const gx_value *widest(const document *d, const gx_value *line) {
    const gx_value *best = NULL;
    for (uint32_t i = 0; i < d->rows.size; i++) {
        const gx_value *row = &d->rows.as.items[i];
        if (gx_bench_same(row, line, "graph") && (!best || row->size > best->size)) {
            best = row;
        }
    }
    return best;
}

static bool is_column(const gx_pair *pair) {
    return !gx_slice_is(gx_bench_text(&pair->key), "graph");
}

static void put_table(const document *d, const gx_value *line) {
    const gx_value *columns = widest(d, line);
    for (uint32_t k = 0; columns && k < columns->size; k++) {
        if (is_column(&columns->as.pairs[k])) {
            gx_buffer_text(d->out, "| ");
            put_text(d, &columns->as.pairs[k].key);
            gx_buffer_text(d->out, " ");
        }
    }
    for (uint32_t k = 0; columns && k < columns->size; k++) {
        gx_buffer_text(d->out, k == 0 ? "|\n" : "|---");
    }
    for (uint32_t i = 0; columns && i < d->rows.size; i++) {
        const gx_value *row = &d->rows.as.items[i];
        if (!gx_bench_same(row, line, "graph")) {
            continue;
        }
        gx_buffer_text(d->out, "|\n");
        for (uint32_t k = 0; k < columns->size; k++) {
            const gx_pair *pair = &columns->as.pairs[k];
            if (is_column(pair)) {
                gx_buffer_text(d->out, "| ");
                put_text(d, gx_map_get(row, c_text(d, &pair->key)));
                gx_buffer_text(d->out, " ");
            }
        }
    }
    gx_buffer_text(d->out, columns ? "|\n\n" : "");
}

/* NULL: there is none. */
static const gx_value *find(const document *d, const char *graph, const char *task,
                            const char *tool, double threads) {
    for (uint32_t i = 0; i < d->lines->size; i++) {
        const gx_value *line = &d->lines->as.items[i];
        if (strcmp(text_at(d, line, "graph"), graph) == 0 &&
            strcmp(text_at(d, line, "task"), task) == 0 &&
            strcmp(text_at(d, line, "tool"), tool) == 0 &&
            gx_bench_real(line, "threads") == threads) {
            return line;
        }
    }
    return NULL;
}

/* What no peer has is told below the table. */
static void put_alone(const document *d, const gx_value *line) {
    const char *between = "No installed peer has these; shortest run, s: ", *last = "";
    bool any = false;
    for (uint32_t i = 0; i < d->lines->size; i++) {
        const gx_value *ours = &d->lines->as.items[i];
        bool shown = false;
        for (uint32_t k = 0; k < d->rows.size; k++) {
            const gx_value *row = &d->rows.as.items[k];
            shown =
                shown || (gx_bench_same(row, ours, "task") && gx_bench_same(row, ours, "graph"));
        }
        if (shown || !gx_bench_is_ours(ours) || !gx_bench_same(ours, line, "graph")) {
            continue;
        }
        const char *task = text_at(d, ours, "task");
        bool again = strcmp(task, last) == 0;
        gx_buffer_printf(d->out, "%s%s%s%.3g (%g)", again ? "" : between, again ? ", " : task,
                         again ? "" : " ", gx_bench_real(ours, "wall_min_s"),
                         gx_bench_real(ours, "threads"));
        between = "; ";
        last = task;
        any = true;
    }
    gx_buffer_text(d->out, any ? ".\n\n" : "");
}

/* ---- against igraph ---------------------------------------------------------------------------
 */

static double most_threads(const document *d) {
    double most = 1;
    for (uint32_t i = 0; i < d->lines->size; i++) {
        double threads = gx_bench_real(&d->lines->as.items[i], "threads");
        most = threads > most ? threads : most;
    }
    return most;
}

/* igraph's shortest run with at most so many threads; NAN: there is none. */
static double igraph_s(const document *d, const char *graph, const char *task, double threads) {
    double best = (double)NAN;
    for (double t = 1; t <= threads; t++) {
        const gx_value *line = find(d, graph, task, "igraph", t);
        best = line ? fmin(best, gx_bench_real(line, "wall_min_s")) : best; /* passes over NAN */
    }
    return best;
}

static void put_bar(const document *d, const char *graph, const char *task, double bar) {
    double most = most_threads(d);
    const gx_value *one = find(d, graph, task, "guanxi", 1);
    const gx_value *all = find(d, graph, task, "guanxi", most);
    double x = igraph_s(d, graph, task, 1), y = igraph_s(d, graph, task, most);
    if (!one || !all || !isfinite(x) || !isfinite(y)) {
        return;
    }
    double a = gx_bench_real(one, "wall_min_s"), b = gx_bench_real(all, "wall_min_s");
    gx_buffer_printf(d->out, "| %s | %.4g | %.4g | %.4g | %.4g | %.1f | %.1f | %g | %s |\n", task,
                     x, y, a, b, x / a, y / b, bar, y / b >= bar ? "met" : "below");
}

static void put_view_bytes(const document *d, const char *graph) {
    const gx_value *plain = find(d, graph, "build_undirected", "guanxi", 1);
    const gx_value *directed = find(d, graph, "build", "guanxi", 1);
    if (plain && directed) {
        gx_buffer_printf(
            d->out,
            "The view is %.2f bytes a tie without directions, %.2f a directed one with "
            "both directions.\n\n",
            gx_bench_real(plain, "value"), gx_bench_real(directed, "value"));
    }
}

static void put_bars(const document *d, const gx_value *line) {
    const char *graph = text_at(d, line, "graph");
    char name[96];
    snprintf(name, sizeof name, "bars %.80s", graph);
    gx_slice bars = note(d, name);
    if (!bars.size) {
        return;
    }
    double most = most_threads(d);
    gx_buffer_printf(
        d->out,
        "### Against igraph's C library, on %s\n\n"
        "Shortest runs of the same lines, how many times igraph's speed guanxi has, and "
        "the bar set for %g threads.\n\n"
        "| task | igraph, s (1) | igraph, s (%g) | guanxi, s (1) | guanxi, s (%g) | "
        "times (1) | times (%g) | bar | |\n|---|---|---|---|---|---|---|---|---|\n",
        graph, most, most, most, most);
    for (const char *at = bars.data; at < bars.data + bars.size; at = next_line(at)) {
        char task[64];
        double bar;
        if (sscanf(at, "%63s %lf", task, &bar) == 2) {
            put_bar(d, graph, task, bar);
        }
    }
    gx_buffer_text(d->out, "\n");
    put_view_bytes(d, graph);
    snprintf(name, sizeof name, "after bars %.80s", graph);
    put_note(d, name);
}

/* ---- above 1.0 --------------------------------------------------------------------------------
 */

static void put_reason(const document *d, const char *task, const char *graph) {
    char name[200];
    snprintf(name, sizeof name, "above %.80s %.80s", task, graph);
    gx_slice text = note(d, name);
    if (!text.size) {
        snprintf(name, sizeof name, "above %.80s", task);
        text = note(d, name);
    }
    gx_buffer_text(d->out, " ");
    gx_buffer_append(d->out, text.data, text.size);
    gx_buffer_text(d->out, text.size ? "\n" : "Not explained yet.\n");
}

static bool put_above(const document *d, const gx_value *row) {
    bool any = false;
    const char *task = text_at(d, row, "task"), *graph = text_at(d, row, "graph");
    for (uint32_t i = 0; i < d->lines->size; i++) {
        const gx_value *line = &d->lines->as.items[i];
        if (!gx_bench_is_ours(line) || !gx_bench_same(line, row, "task") ||
            !gx_bench_same(line, row, "graph")) {
            continue;
        }
        const gx_bench_pair pair = gx_bench_pair_of(d->lines, line);
        if (pair.ratio > 1 && !pair.stopped) {
            if (any) {
                gx_buffer_text(d->out, ", ");
            } else {
                gx_buffer_printf(d->out, "- %s on %s: ", task, graph);
            }
            gx_buffer_printf(d->out, "%.3g at %g thread%s (%s %.3g s)", pair.ratio,
                             gx_bench_real(line, "threads"),
                             gx_bench_real(line, "threads") > 1 ? "s" : "",
                             text_at(d, pair.peer, "tool"), gx_bench_real(pair.peer, "wall_min_s"));
            any = true;
        }
    }
    if (any) {
        gx_buffer_text(d->out, ".");
        put_reason(d, task, graph);
    }
    return any;
}

/* Whose answers nobody shares, or who has no time to be compared with. */
static bool is_undecided(const document *d, const gx_value *row) {
    bool any = false;
    for (uint32_t i = 0; i < d->lines->size; i++) {
        const gx_value *line = &d->lines->as.items[i];
        if (gx_bench_is_ours(line) && gx_bench_same(line, row, "task") &&
            gx_bench_same(line, row, "graph")) {
            any = any || !isfinite(gx_bench_pair_of(d->lines, line).ratio);
        }
    }
    return any;
}

static void put_where_above(const document *d) {
    uint32_t above = 0, undecided = 0;
    gx_buffer_text(d->out, "## Where a row is above 1.0\n\n");
    for (uint32_t i = 0; i < d->rows.size; i++) {
        above += put_above(d, &d->rows.as.items[i]);
        undecided += is_undecided(d, &d->rows.as.items[i]);
    }
    gx_buffer_printf(d->out, "%s%u of %u rows are above 1.0 at some number of threads.\n\n",
                     above ? "\n" : "", above, d->rows.size);
    if (undecided) {
        const char *between =
            "No peer's answer is guanxi's, so that there is no time to compare with: ";
        for (uint32_t i = 0; i < d->rows.size; i++) {
            const gx_value *row = &d->rows.as.items[i];
            if (is_undecided(d, row)) {
                gx_buffer_printf(d->out, "%s%s on %s", between, text_at(d, row, "task"),
                                 text_at(d, row, "graph"));
                between = ", ";
            }
        }
        gx_buffer_text(d->out, ".\n\n");
    }
}

/* ---- estimates --------------------------------------------------------------------------------
 */

/* What was told, of `lines` of any suite; and what a process held, of the suite estimates. */
static void put_estimates(const document *d, const gx_value *lines) {
    document of = *d;
    gx_value estimates = gx_bench_lines_of(d->arena, lines, true);
    of.lines = &estimates;
    bool told = false;
    for (uint32_t i = 0; i < lines->size && !told; i++) {
        told = gx_map_get(&lines->as.items[i], "estimate_cpu_s") != NULL;
    }
    if (told) {
        gx_buffer_text(d->out, "## How far estimates hold\n\n");
        put_note(d, "told");
        gx_bench_told(d->out, d->arena, lines);
    }
    for (uint32_t i = 0; i < estimates.size; i++) {
        if (is_first(&of, i, "graph")) {
            const gx_value *line = &estimates.as.items[i];
            char name[96];
            snprintf(name, sizeof name, "memory %.80s", text_at(d, line, "graph"));
            put_heading(d, "What a process holds of ", line);
            put_note(d, name);
            gx_bench_memory(d->out, &estimates, line);
        }
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */

void gx_bench_document(gx_buffer *out, gx_arena *arena, const gx_value *all, const char *notes) {
    const gx_value graph = gx_bench_lines_of(arena, all, false), *lines = &graph;
    document d = {.out = out, .arena = arena, .lines = all, .notes = notes};
    gx_buffer_text(out, "# Graph passes beside their peers\n\n");
    put_origin(&d);
    d.lines = lines;
    d.rows = gx_bench_page(arena, lines);
    put_note(&d, "before");
    for (uint32_t i = 0; i < lines->size; i++) {
        if (is_first(&d, i, "graph")) {
            const gx_value *line = &lines->as.items[i];
            put_heading(&d, "", line);
            put_table(&d, line);
            put_alone(&d, line);
            put_bars(&d, line);
        }
    }
    put_where_above(&d);
    put_note(&d, "after");
    put_estimates(&d, all);
    /* One newline at the end. */
    while (out->size > 1 && out->bytes[out->size - 1] == '\n' &&
           out->bytes[out->size - 2] == '\n') {
        out->size--;
    }
}
