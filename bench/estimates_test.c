/* The suite `estimates`: every pass over ties is in it, what is told of memory is never too little,
 * and the page judges by a fifth. */
#include "bench/bench.h"
#include "engine/engine.h"
#include "graph/pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { MEMBERS = 400, TIES = 2000, LINES_MAX = 400 };

typedef struct seen {
    gx_bench_line line[LINES_MAX];
    int count;
} seen;

static void emit(void *user, const gx_bench_line *line, const char *suite) {
    seen *s = user;
    assert_string_equal(suite, "estimates");
    assert_true(s->count < LINES_MAX);
    s->line[s->count++] = *line;
}

static void say(void *user, const char *format, ...) {
    (void)user;
    (void)format;
}

static void write_ties(const char *folder) {
    char path[GX_FOLDER_MAX + 32];
    gx_rng rng = gx_rng_at(7, 0);
    snprintf(path, sizeof path, "%s/edges.txt", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < TIES; i++) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, MEMBERS);
        fprintf(file, "%u %u\n", u, (uint32_t)gx_rng_below(&rng, 1 + u));
    }
    fclose(file);
}

static gx_status run(seen *s, const char *data, const char *only) {
    gx_job job;
    gx_error err = {0};
    gx_arena *arena = gx_arena_create();
    gx_value tasks = gx_list(arena, 1);
    gx_list_add(arena, &tasks, gx_str(only ? only : ""));
    gx_job_init(&job, 2, 1);
    *s = (seen){.count = 0};
    gx_bench bench = {.suite = "estimates",
                      .runs = 1,
                      .threads = 2,
                      .data = data,
                      .only = only ? &tasks : NULL,
                      .budget_s = 0.01,
                      .job = &job,
                      .emit = emit,
                      .say = say,
                      .user = s};
    gx_status status = gx_bench_run(&bench, &err);
    gx_arena_destroy(arena);
    return status;
}

/* A task has the pass's name, or that and a way of asking: "katz", "katz_searched". */
static bool is_run(const seen *s, const char *pass) {
    for (int i = 0; i < s->count; i++) {
        if (strncmp(s->line[i].task, pass, strlen(pass)) == 0) {
            return true;
        }
    }
    return false;
}

static void test_every_pass_is_in_it(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    const gx_pass_table *passes = gx_engine_passes();
    assert_int_equal(gx_folder_make(folder, sizeof folder, NULL), GX_OK);
    write_ties(folder);
    assert_int_equal(run(&s, folder, NULL), GX_OK);
    for (size_t i = 0; i < passes->count; i++) {
        const gx_pass *pass = passes->rows[i];
        const unsigned other =
            GX_NEED_MATRIX | GX_NEED_CATEGORY | GX_NEED_TIMES | GX_NEED_TAKES | GX_NEED_FACTS;
        bool of_ties = !(pass->needs & other) && !(pass->wants & GX_NEED_FACTS);
        if (of_ties && !is_run(&s, pass->name)) {
            fail_msg("%s is not among the tasks of the suite estimates", pass->name);
        }
    }
    for (int i = 0; i < s.count; i++) {
        const gx_bench_line *line = &s.line[i];
        assert_true(!line->has_peer && line->rss_bytes > 0);
        if (strncmp(line->task, "build", 5) == 0) {
            continue;
        }
        assert_true(line->has_estimate);
        assert_true(line->estimate_cpu_s > 0 && line->cpu_s > 0);
        assert_true(!(line->estimate_most_s > 0) || line->estimate_most_s >= line->estimate_cpu_s);
        if (line->estimate_bytes < line->used_bytes) {
            fail_msg("%s told %llu bytes and held %llu", line->task,
                     (unsigned long long)line->estimate_bytes,
                     (unsigned long long)line->used_bytes);
        }
    }
    assert_int_equal(run(&s, folder, "pagerang"), GX_NOT_FOUND);
    assert_int_equal(run(&s, NULL, NULL), GX_BAD_REQUEST);
    gx_folder_remove(folder);
}

static const char *judged(gx_arena *arena, double told_mb, double held_mb, double told_s,
                          double taken_s, double most_s) {
    gx_value lines = gx_list(arena, 1), line = gx_map(arena, 8);
    gx_map_put(arena, &line, "graph", gx_str("g"));
    gx_map_put(arena, &line, "task", gx_str("kcore"));
    gx_map_put(arena, &line, "threads", gx_int(1));
    gx_map_put(arena, &line, "estimate_bytes", gx_int((int64_t)(told_mb * 1e6)));
    gx_map_put(arena, &line, "used_bytes", gx_int((int64_t)(held_mb * 1e6)));
    gx_map_put(arena, &line, "estimate_cpu_s", gx_real(told_s));
    gx_map_put(arena, &line, "cpu_s", gx_real(taken_s));
    gx_map_put(arena, &line, "estimate_most_s", gx_real(most_s));
    gx_list_add(arena, &lines, line);
    gx_value page = gx_bench_estimates_page(arena, &lines);
    assert_int_equal(page.size, 1);
    const gx_value *text = gx_map_get(&page.as.items[0], "within 20%");
    return gx_arena_printf(arena, "%.*s", (int)text->size, text->as.text);
}

static void test_page(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    assert_string_equal(judged(arena, 11.9, 10, 0.81, 1, 0), "yes");
    assert_string_equal(judged(arena, 11.9, 10, 0.79, 1, 0), "memory");
    assert_string_equal(judged(arena, 11.9, 10, 0.79, 1, 2), "range");
    assert_string_equal(judged(arena, 12.1, 10, 1.19, 1, 0), "time");
    assert_string_equal(judged(arena, 7.9, 10, 1.21, 1, 0), "no");
    assert_string_equal(judged(arena, 0.5, 0.1, 5e-3, 1e-3, 0), "yes"); /* too small to matter */
    gx_value none = gx_list(arena, 1);
    assert_int_equal(gx_bench_estimates_page(arena, &none).size, 0);
    gx_arena_destroy(arena);
}

static void add_line(gx_arena *arena, gx_value *lines, const char *suite, const char *task,
                     double told_s) {
    gx_value line = gx_map(arena, 16);
    gx_map_put(arena, &line, "suite", gx_str(suite));
    gx_map_put(arena, &line, "graph", gx_str("g"));
    gx_map_put(arena, &line, "tool", gx_str("guanxi"));
    gx_map_put(arena, &line, "task", gx_str(task));
    gx_map_put(arena, &line, "threads", gx_int(1));
    gx_map_put(arena, &line, "members", gx_int(1000));
    gx_map_put(arena, &line, "ties", gx_int(5000));
    gx_map_put(arena, &line, "wall_min_s", gx_real(0.5));
    gx_map_put(arena, &line, "cpu_s", gx_real(0.5));
    gx_map_put(arena, &line, "estimate_cpu_s", gx_real(told_s));
    gx_map_put(arena, &line, "estimate_bytes", gx_int(6000000));
    gx_map_put(arena, &line, "used_bytes", gx_int(5000000));
    gx_map_put(arena, &line, "rss_bytes", gx_int(90000000));
    gx_list_add(arena, lines, line);
}

static void assert_in(const gx_buffer *text, const char *part) {
    gx_arena *arena = gx_arena_create();
    const char *whole = gx_arena_printf(arena, "%.*s", (int)text->size, text->bytes);
    if (!strstr(whole, part)) {
        fail_msg("\"%s\" is not in:\n%s", part, whole);
    }
    gx_arena_destroy(arena);
}

/* Lines of the suite are sections of their own, and not rows beside peers. */
static void test_document(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value lines = gx_list(arena, 4);
    gx_buffer text = {0};
    add_line(arena, &lines, "graph", "kcore", 0.55);
    add_line(arena, &lines, "estimates", "kcore", 0.55);
    add_line(arena, &lines, "estimates", "leiden", 1);
    gx_bench_document(&text, arena, &lines, "# told\n\nAs it fits.\n\n# memory g\n\nAlone.\n");
    assert_in(&text, "0 of 1 rows are above 1.0");
    assert_in(&text, "## How far estimates hold\n\nAs it fits.\n\nCPU seconds told over");
    assert_in(&text, "2 of 3 are within 20%.\n\n| task | g |\n|---|---|\n"
                     "| kcore | 1.10 |\n| leiden | 2.00 |\n");
    assert_in(&text, "3 of 3 are within 20%; from 1.20 (kcore on g) to 1.20 (kcore on g).\n");
    assert_in(&text, "## What a process holds of g: 1,000 members, 5,000 ties\n\nAlone.\n\n"
                     "The most that the process held is 90 MB, in kcore.\n");
    assert_in(&text, "| leiden | 1 | 0.5 | 5.0 | 6.0 | 90 |\n");
    gx_buffer_finish(&text);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pass_is_in_it),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
