/* Two runs side by side, matched by suite, task, graph, tool and threads. */
#include "bench/bench.h"
#include "graph/codec/codec.h"

#include <errno.h>
#include <stdio.h>

gx_status gx_bench_read(gx_value *list, gx_arena *arena, const char *path, gx_error *err) {
    FILE *file = fopen(path, "r");
    if (!file) {
        return gx_fail_errno(err, errno, "reading", path);
    }
    gx_status status = GX_OK;
    char line[8192];
    for (int number = 1; status == GX_OK && fgets(line, sizeof line, file); number++) {
        size_t size = strcspn(line, "\n");
        gx_value row;
        gx_error why;
        if (size == 0) {
            continue;
        }
        const gx_value text = gx_text_copy(arena, line, size);
        if (gx_json_read(&row, arena, text.as.text, text.size, &why) != GX_OK ||
            row.type != GX_MAP) {
            status = gx_fail(err, GX_BAD_REQUEST, "%s:%d: not a line of a benchmark", path, number);
        } else {
            gx_list_add(arena, list, row);
        }
    }
    fclose(file);
    return status;
}

gx_status gx_bench_read_text(const char **out, gx_arena *arena, const char *path, gx_error *err) {
    enum { TEXT_MAX = 1 << 20 };
    FILE *file = fopen(path, "r");
    if (!file) {
        return gx_fail_errno(err, errno, "reading", path);
    }
    gx_status status = GX_OK;
    char *text = gx_arena_get(arena, TEXT_MAX + 1);
    if (!text) {
        status = gx_fail_memory(err, TEXT_MAX + 1);
    } else {
        size_t size = fread(text, 1, TEXT_MAX + 1, file);
        if (ferror(file)) {
            status = gx_fail_errno(err, errno, "reading", path);
        } else if (size > TEXT_MAX) {
            status = gx_fail(err, GX_BAD_REQUEST, "%s is longer than 1 MiB", path);
        } else {
            text[size] = '\0';
            *out = text;
        }
    }
    fclose(file);
    return status;
}

static const char *const keys[] = {"suite", "task", "graph", "tool", "threads"};

static bool same(const gx_value *a, const gx_value *b) {
    for (size_t i = 0; i < GX_COUNT(keys); i++) {
        const gx_value *x = gx_map_get(a, keys[i]), *y = gx_map_get(b, keys[i]);
        if (!x || !y || !gx_value_equal(x, y)) {
            return false;
        }
    }
    return true;
}

static gx_value pair_of(gx_arena *arena, const gx_value *a, const gx_value *b) {
    gx_value row = gx_map(arena, 10);
    double before = 0, after = 0;
    const gx_value *wall_a = gx_map_get(a, "wall_s"), *wall_b = gx_map_get(b, "wall_s");
    for (size_t i = 0; i < GX_COUNT(keys); i++) {
        gx_map_put(arena, &row, keys[i], *gx_map_get(a, keys[i]));
    }
    bool timed =
        wall_a && wall_b && gx_value_as_real(wall_a, &before) && gx_value_as_real(wall_b, &after);
    gx_map_put(arena, &row, "before_s", timed ? gx_real(before) : gx_nil());
    gx_map_put(arena, &row, "after_s", timed ? gx_real(after) : gx_nil());
    gx_map_put(arena, &row, "ratio", timed && before > 0 ? gx_real(after / before) : gx_nil());
    return row;
}

gx_status gx_bench_compare(gx_value *out, gx_arena *arena, const char *before, const char *after,
                           gx_error *err) {
    gx_value a = gx_list(arena, 64), b = gx_list(arena, 64);
    gx_status status = gx_bench_read(&a, arena, before, err);
    if (status == GX_OK) {
        status = gx_bench_read(&b, arena, after, err);
    }
    if (status != GX_OK) {
        return status;
    }
    *out = gx_list(arena, a.size);
    for (uint32_t i = 0; i < a.size; i++) {
        for (uint32_t k = 0; k < b.size; k++) {
            if (same(&a.as.items[i], &b.as.items[k])) {
                gx_list_add(arena, out, pair_of(arena, &a.as.items[i], &b.as.items[k]));
                break;
            }
        }
    }
    return GX_OK;
}
