/* The suite `graph`: guanxi agrees with igraph on a small graph, and a peer that is slow, silent or
 * wrong is told from one that is not. */
#include "bench/graph.h"

#include "datasets/datasets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { LINES_MAX = 400 };

typedef struct seen {
    gx_bench_line line[LINES_MAX];
    char note[LINES_MAX][128]; /* why there is no time, or how answers compare */
    int count, said;
} seen;

static void emit(void *user, const gx_bench_line *line, const char *suite) {
    seen *s = user;
    (void)suite;
    assert_true(s->count < LINES_MAX);
    const char *note = line->note ? line->note : line->how ? line->how : "";
    snprintf(s->note[s->count], sizeof s->note[0], "%s", note);
    s->line[s->count++] = *line;
}

static void say(void *user, const char *format, ...) {
    (void)format;
    ((seen *)user)->said++;
}

static void write_karate(const char *folder) {
    char path[GX_FOLDER_MAX + 32];
    size_t count;
    const gx_classic *karate = gx_classics(&count);
    snprintf(path, sizeof path, "%s/edges.txt", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (uint32_t i = 0; i < karate->m; i++) {
        fprintf(file, "%u %u\n", karate->edges[i][0], karate->edges[i][1]);
    }
    fclose(file);
}

/* A throwaway folder with the karate club in it. */
static void open_folder(char folder[GX_FOLDER_MAX]) {
    assert_int_equal(gx_folder_make(folder, GX_FOLDER_MAX, NULL), GX_OK);
    write_karate(folder);
}

/* A peer in the language of the shell. */
static void write_peer(const char *folder, const char *name, const char *text) {
    char path[GX_FOLDER_MAX + 64];
    snprintf(path, sizeof path, "%s/with_%s.py", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static gx_status run(seen *s, const char *folder, const char *only, const char *tool,
                     double limit_s) {
    gx_job job;
    gx_error err = {0};
    gx_arena *arena = gx_arena_create();
    gx_value tasks = gx_list(arena, 1), tools = gx_list(arena, 1);
    gx_list_add(arena, &tasks, gx_str(only ? only : ""));
    gx_list_add(arena, &tools, gx_str(tool));
    gx_job_init(&job, 2, 1);
    *s = (seen){.count = 0};
    gx_bench bench = {.suite = "graph",
                      .runs = 1,
                      .threads = 2,
                      .peers = true,
                      .data = folder,
                      .only = only ? &tasks : NULL,
                      .tools = &tools,
                      .python = "/bin/sh",
                      .scripts = folder,
                      .peer_limit_s = limit_s,
                      .budget_s = 1,
                      .job = &job,
                      .emit = emit,
                      .say = say,
                      .user = s};
    gx_status status = gx_bench_run(&bench, &err);
    gx_arena_destroy(arena);
    return status;
}

static void test_igraph(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    assert_int_equal(run(&s, folder, NULL, "igraph", 60), GX_OK);
    int ours = 0, compared = 0;
    for (int i = 0; i < s.count; i++) {
        const gx_bench_line *line = &s.line[i];
        bool is_ours = strcmp(line->tool, "guanxi") == 0;
        bool luck = strcmp(line->task, "label_propagation") == 0; /* of few members, by the seed */
        if (!line->agrees && line->has_peer) {
            print_error("%s at %d threads does not agree with igraph\n", line->task, line->threads);
        }
        assert_true(line->wall_s > 0);
        assert_true(!is_ours || !line->has_peer || line->agrees || luck);
        assert_true(!is_ours || !line->has_peer || line->ratio > 0);
        ours += is_ours;
        compared += is_ours && line->has_peer;
    }
    assert_true(ours > 20 && compared > 20);
    assert_int_equal(run(&s, folder, "pagerang", "igraph", 60), GX_NOT_FOUND);
    gx_folder_remove(folder);
}

#define HELLO "echo '{\"version\": \"1\", \"threads\": 1, \"tasks\": [\"degree\"]}'; read line\n"

static void test_peers_that_fail(void **state) {
    (void)state;
    static const struct {
        const char *text, *note;
    } peers[] = {
        {HELLO "exec sleep 60\n", "over the limit"},
        {HELLO "exit 1\n", "ended"},
        {HELLO "echo '{\"error\": \"no such thing\"}'; read line\n", "no such thing"},
        {HELLO "echo 'hello'; read line\n", ""},
        {HELLO "echo '{\"wall_s\": 1e-9, \"members\": 34}'; read line\n", "no answer"},
    };
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    for (size_t i = 0; i < GX_COUNT(peers); i++) {
        write_peer(folder, "networkx", peers[i].text);
        assert_int_equal(run(&s, folder, "degree", "networkx", 0.3), GX_OK);
        assert_int_equal(s.count, 3); /* two of ours, and a note */
        assert_non_null(strstr(s.note[2], peers[i].note));
        assert_true(s.note[2][0]);
        assert_false(s.line[0].has_peer);
    }
    gx_folder_remove(folder);
}

/* What does not end on one thread within 0.3 s does not on two within 0.15. */
static void test_a_peer_stopped_once(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    write_peer(folder, "networkx",
               "echo '{\"version\": \"1\", \"threads\": 8, \"tasks\": [\"degree\"]}'\n"
               "read line\n"
               "echo '{\"loading\": true}'; sleep 0.6; echo '{\"loaded\": true}'\n"
               "exec sleep 60\n");
    assert_int_equal(run(&s, folder, "degree", "networkx", 0.3), GX_OK);
    assert_int_equal(s.count, 4);
    assert_string_equal(s.note[2], "over the limit of 0.3 s");
    assert_true(fabs(s.line[2].over_s - 0.3) < 1e-9);
    assert_string_equal(s.note[3], "stopped with fewer threads");
    assert_true(fabs(s.line[3].over_s - 0.15) < 1e-9);
    gx_folder_remove(folder);
}

/* Loading takes longer than the limit, the task does not. */
static void test_a_peer_that_loads(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    write_peer(folder, "networkx",
               HELLO "echo '{\"loading\": true}'; sleep 0.6; echo '{\"loaded\": true}'\n"
                     "while true; do echo '{\"wall_s\": 1e-9}'; read line || exit; done\n");
    assert_int_equal(run(&s, folder, "degree", "networkx", 0.3), GX_OK);
    assert_int_equal(s.count, 3);
    assert_string_equal(s.note[2], "");
    assert_true(s.line[2].wall_s > 0 && s.line[2].over_s == 0);
    gx_folder_remove(folder);
}

static void test_weights(void **state) {
    (void)state;
    bool seen_weight[11] = {false};
    for (uint32_t v = 1; v < 1000; v++) {
        uint8_t weight = gx__pair_weight(0, v);
        assert_true(weight >= 1 && weight <= 10 && weight == gx__pair_weight(v, 0));
        seen_weight[weight] = true;
    }
    for (int i = 1; i <= 10; i++) {
        assert_true(seen_weight[i]);
    }
}

/* Of directed ties it is the directed modularity: 1 − (1 · 1 + 2 · 2) / 3² here, where 1 / 2 would
 * be without directions. */
static void test_quality_has_directions(void **state) {
    (void)state;
    uint32_t src[] = {0, 2, 3}, dst[] = {1, 3, 2};
    const double group[] = {0, 0, 1, 1};
    const gx_bench_arcs arcs = {.n = 4, .m = 3, .src = src, .dst = dst};
    gx__task task = {.params = "", .compare = GX__QUALITY, .directed = true};
    gx_bench bench = {.threads = 1};
    gx__ground ground;
    const char *name;
    double value;
    assert_int_equal(gx__ground_make(&ground, &bench, &arcs, NULL), GX_OK);
    assert_int_equal(gx__value_of(&value, &name, &ground, &task, group, NULL), GX_OK);
    assert_string_equal(name, "modularity");
    assert_true(fabs(value - 4 / 9.0) < 1e-12);
    task.directed = false;
    assert_int_equal(gx__value_of(&value, &name, &ground, &task, group, NULL), GX_OK);
    assert_true(fabs(value - 0.5) < 1e-12);
    gx__ground_finish(&ground);
}

/* Fast and wrong: its time does not count, and it is not what we agree with. */
static void test_a_wrong_peer(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    write_peer(folder, "networkx",
               HELLO
               "head -c 272 /dev/zero > \"$1/answer\"\n"
               "while true; do echo '{\"wall_s\": 1e-9, \"members\": 34}'; read line; done\n");
    assert_int_equal(run(&s, folder, "degree", "networkx", 5), GX_OK);
    assert_int_equal(s.count, 3);
    assert_false(s.line[0].has_peer); /* no peer with the same result: no ratio */
    assert_string_equal(s.note[0], "no peer agrees");
    gx_folder_remove(folder);
}

/* Where groups are judged, fast and worse: a ratio, and it is said whose are better. */
static void test_a_worse_peer(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    write_peer(folder, "networkx",
               "echo '{\"version\": \"1\", \"threads\": 1, \"tasks\": [\"leiden\"]}'; read line\n"
               "head -c 272 /dev/zero > \"$1/answer\"\n"
               "while true; do echo '{\"wall_s\": 1e-9, \"members\": 34}'; read line; done\n");
    assert_int_equal(run(&s, folder, "leiden", "networkx", 5), GX_OK);
    assert_int_equal(s.count, 3);
    assert_true(s.line[0].has_peer && s.line[0].agrees && s.line[0].ratio > 1);
    assert_false(s.line[2].equal);
    assert_string_equal(s.note[0], "better than any peer: Q 0.4198 against 0.0000");
    gx_folder_remove(folder);
}

static void add_line(gx_arena *arena, gx_value *lines, const char *tool, int threads, double wall,
                     bool equal) {
    gx_value line = gx_map(arena, 8);
    gx_map_put(arena, &line, "graph", gx_str("g"));
    gx_map_put(arena, &line, "task", gx_str("kcore"));
    gx_map_put(arena, &line, "tool", gx_str(tool));
    gx_map_put(arena, &line, "threads", gx_int(threads));
    gx_map_put(arena, &line, "wall_min_s", gx_real(wall));
    gx_map_put(arena, &line, "cpu_s", gx_real(wall));
    gx_map_put(arena, &line, "equal", gx_bool(equal));
    gx_list_add(arena, lines, line);
}

static bool has(const gx_value *row, const char *key, const char *text) {
    const gx_value *value = gx_map_get(row, key);
    return value && gx_slice_is((gx_slice){value->as.text, value->size}, text);
}

/* Beside the fastest that is as good, at as many threads or fewer. */
static void test_page(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value lines = gx_list(arena, 8);
    add_line(arena, &lines, "guanxi", 1, 2, false);
    add_line(arena, &lines, "guanxi", 2, 1, false);
    add_line(arena, &lines, "igraph", 1, 4, true);
    add_line(arena, &lines, "networkit", 1, 1, false);
    add_line(arena, &lines, "networkit", 2, 0.5, true);
    gx_value page = gx_bench_page(arena, &lines);
    assert_int_equal(page.size, 1);
    assert_true(has(&page.as.items[0], "fastest peer, s (1)", "igraph 4"));
    assert_true(has(&page.as.items[0], "ratio (1)", "0.5"));
    assert_true(has(&page.as.items[0], "fastest peer, s (2)", "networkit 0.5"));
    assert_true(has(&page.as.items[0], "ratio (2)", "2"));

    lines = gx_list(arena, 8);
    add_line(arena, &lines, "guanxi", 1, 2, false);
    add_line(arena, &lines, "igraph", 1, 4, false);
    assert_true(has(&gx_bench_page(arena, &lines).as.items[0], "fastest peer, s (1)", "–"));
    gx_map_put(arena, &lines.as.items[0], "ratio", gx_real(0.5)); /* better than all of them */
    assert_true(has(&gx_bench_page(arena, &lines).as.items[0], "fastest peer, s (1)", "igraph 4"));
    gx_arena_destroy(arena);
}

/* A peer that was stopped is behind guanxi, and by how much at least is told. */
static void test_page_of_stopped(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value lines = gx_list(arena, 8);
    add_line(arena, &lines, "guanxi", 1, 2, false);
    add_line(arena, &lines, "igraph", 1, (double)NAN, false);
    gx_map_put(arena, &lines.as.items[1], "over_s", gx_real(20));
    gx_value page = gx_bench_page(arena, &lines);
    assert_true(has(&page.as.items[0], "fastest peer, s (1)", "igraph > 20"));
    assert_true(has(&page.as.items[0], "ratio (1)", "< 0.1"));
    add_line(arena, &lines, "networkit", 1, 1, true);
    page = gx_bench_page(arena, &lines);
    assert_true(has(&page.as.items[0], "fastest peer, s (1)", "networkit 1"));
    gx_arena_destroy(arena);
}

static void assert_in(const gx_buffer *text, const char *part) {
    gx_arena *arena = gx_arena_create();
    const char *whole = gx_arena_printf(arena, "%.*s", (int)text->size, text->bytes);
    if (!strstr(whole, part)) {
        fail_msg("\"%s\" is not in:\n%s", part, whole);
    }
    gx_arena_destroy(arena);
}

/* Numbers from the lines, reasons from the notes, and what nobody has explained is told. */
static void test_document(void **state) {
    (void)state;
    static const char notes[] =
        "for whoever edits\n\n# before\n\nHow it was run.\n\n# bars g\n"
        "kcore 0.5\n\n# above kcore\n\nThe peeling.\n\n# after\n\n## More\n";
    gx_arena *arena = gx_arena_create();
    gx_value lines = gx_list(arena, 8);
    gx_buffer text = {0};
    add_line(arena, &lines, "guanxi", 1, 2, false);
    add_line(arena, &lines, "igraph", 1, 1, true);
    gx_map_put(arena, &lines.as.items[0], "members", gx_int(1234567));
    gx_map_put(arena, &lines.as.items[0], "ties", gx_int(999));
    gx_map_put(arena, &lines.as.items[1], "version", gx_str("0.10"));
    gx_bench_document(&text, arena, &lines, notes);
    assert_in(&text,
              "Peers: igraph 0.10.\n\nHow it was run.\n\n## g: 1,234,567 members, 999 ties\n");
    assert_in(&text, "| task | fastest peer, s (1) |");
    assert_in(&text, "| kcore | igraph 1 | 2 | 2 | 2 |");
    assert_in(&text, "| kcore | 1 | 1 | 2 | 2 | 0.5 | 0.5 | 0.5 | met |");
    assert_in(&text, "- kcore on g: 2 at 1 thread (igraph 1 s). The peeling.\n");
    assert_in(&text, "1 of 1 rows are above 1.0 at some number of threads.\n\n## More\n");
    gx_buffer_finish(&text);

    text = (gx_buffer){0};
    gx_bench_document(&text, arena, &lines, NULL);
    assert_in(&text, "(igraph 1 s). Not explained yet.\n");
    gx_buffer_finish(&text);
    gx_arena_destroy(arena);
}

/* Two threads may hold more than one, and are told more for. */
static void test_estimates(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    static seen s;
    open_folder(folder);
    assert_int_equal(run(&s, folder, "betweenness", "igraph", 5), GX_OK);
    assert_int_equal(s.line[0].threads, 1);
    assert_int_equal(s.line[1].threads, 2);
    assert_true(s.line[0].has_estimate && s.line[1].has_estimate);
    assert_true(s.line[0].estimate_bytes < s.line[1].estimate_bytes);
    assert_true(s.line[0].used_bytes < s.line[1].used_bytes);
    gx_folder_remove(folder);
}

static void write_labels(const char *folder, const char *text) {
    char path[GX_FOLDER_MAX + 32];
    snprintf(path, sizeof path, "%s/labels.txt", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* How often each of the first labels is met, and how many nodes have none. */
typedef struct label_count {
    uint32_t of[3], none;
    bool any;
} label_count;

static gx_status count_labels(void *user, const gx_bench_arcs *arcs, gx_error *err) {
    label_count *count = user;
    (void)err;
    *count = (label_count){.any = arcs->label != NULL};
    for (uint32_t v = 0; arcs->label && v < arcs->n; v++) {
        assert_true(arcs->label[v] < 3 || arcs->label[v] == GX_NONE);
        count->none += arcs->label[v] == GX_NONE;
        if (arcs->label[v] < 3) {
            count->of[arcs->label[v]]++;
        }
    }
    return GX_OK;
}

/* Words are groups of their own, and whoever has no line has no group. */
static void test_labels(void **state) {
    (void)state;
    char folder[GX_FOLDER_MAX];
    gx_job job;
    gx_error err = {0};
    label_count count;
    gx_job_init(&job, 1, 1);
    open_folder(folder);
    write_labels(folder, "1 tvshow\n2 government\n3 tvshow\nnobody company\n4,tvshow\n");
    assert_int_equal(gx_bench_each_graph(folder, count_labels, &count, &job, &err), GX_OK);
    assert_true(count.any);
    assert_int_equal(count.of[0], 3);
    assert_int_equal(count.of[1], 1);
    assert_int_equal(count.none, 34 - 4);
    write_labels(folder, "nobody tvshow\n");
    assert_int_equal(gx_bench_each_graph(folder, count_labels, &count, &job, &err), GX_OK);
    assert_false(count.any);
    gx_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_igraph),
        cmocka_unit_test(test_peers_that_fail),
        cmocka_unit_test(test_a_wrong_peer),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_a_worse_peer),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_estimates),
        cmocka_unit_test(test_page_of_stopped),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_a_peer_stopped_once),
        cmocka_unit_test(test_quality_has_directions),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_a_peer_that_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
