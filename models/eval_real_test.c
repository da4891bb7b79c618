/* The bars on real data: Recall@20 and NDCG@20 of the LightGCN splits in ../shared/data/rec (or the
 * folder in GX_DATA). lastfm always; gowalla, yelp2018 and douban-book with GX_LONG=1. Says
 * `skipped: no data` where there are none. */
#include "models/model.h"
#include "models/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct pairs {
    uint32_t *row, *col;
    uint64_t count, room;
    uint32_t rows, cols;
} pairs;

static void add_pair(pairs *p, uint32_t row, uint32_t col) {
    if (p->count == p->room) {
        p->room = p->room ? 2 * p->room : 1 << 16;
        p->row = gx_realloc(p->row, p->room, sizeof *p->row);
        p->col = gx_realloc(p->col, p->room, sizeof *p->col);
        assert_true(p->row && p->col);
    }
    p->row[p->count] = row;
    p->col[p->count++] = col;
    p->rows = row >= p->rows ? row + 1 : p->rows;
    p->cols = col >= p->cols ? col + 1 : p->cols;
}

/* "user item item …" a line, gzip'ed. False where the file is not there. */
static bool read_pairs(pairs *p, const char *set, const char *file) {
    const char *data = getenv("GX_DATA") ? getenv("GX_DATA") : "../shared/data";
    char path[512], command[600];
    snprintf(path, sizeof path, "%s/rec/%s/%s.txt.gz", data, set, file);
    FILE *there = fopen(path, "rb");
    if (!there) {
        print_message("skipped: no data (%s)\n", path);
        return false;
    }
    fclose(there);
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *in = popen(command, "r");
    assert_non_null(in);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) > 0) {
        char *at = line, *end;
        const uint32_t user = (uint32_t)strtoul(at, &end, 10);
        for (at = end;; at = end) {
            const uint32_t item = (uint32_t)strtoul(at, &end, 10);
            if (end == at) {
                break;
            }
            add_pair(p, user, item);
        }
    }
    free(line);
    pclose(in);
    return true;
}

static void free_pairs(pairs *p) {
    gx_free(p->row);
    gx_free(p->col);
}

/* Fits with default parameters but for one, ranks, and asserts the bars. */
static void reach_with(const char *set, const char *model, const char *name, double value,
                       double recall, double ndcg) {
    pairs train = {0}, test = {0};
    if (read_pairs(&train, set, "train") && read_pairs(&test, set, "test")) {
        gx_error err = {0};
        gx_job job;
        gx_job_init(&job, 0, 1);
        gx_matrix a = {0}, b = {0};
        const uint32_t rows = train.rows > test.rows ? train.rows : test.rows;
        const uint32_t cols = train.cols > test.cols ? train.cols : test.cols;
        must(gx_matrix_build(&a, rows, cols, train.count, train.row, train.col, NULL, NULL, &job,
                             &err),
             &err);
        must(
            gx_matrix_build(&b, rows, cols, test.count, test.row, test.col, NULL, NULL, &job, &err),
            &err);
        const gx_input input = {.matrix = &a, .users = rows, .items = cols};
        gx_eval_result r;
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 1);
        if (name) {
            gx_map_put(arena, &params, name, gx_real(value));
        }
        must(gx_eval(&r, gx_model_find(model), &params, &input, &b, 20, &job, &err), &err);
        print_message("%s %s: recall@20 %.4f ndcg@20 %.4f coverage %.3f, fit %.2f CPU s, "
                      "score %.2f CPU s, %llu MiB\n",
                      set, model, r.recall, r.ndcg, r.coverage, r.fit_cpu_s, r.score_cpu_s,
                      (unsigned long long)(r.rss_bytes >> 20));
        assert_true(r.recall >= recall);
        assert_true(r.ndcg >= ndcg);
        gx_arena_destroy(arena);
        gx_matrix_finish(&a);
        gx_matrix_finish(&b);
    }
    free_pairs(&train);
    free_pairs(&test);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void reach(const char *set, const char *model, double recall, double ndcg) {
    reach_with(set, model, NULL, 0, recall, ndcg);
}

static void lastfm(void **unused) {
    (void)unused;
    reach("lastfm", "popular", 0.036, 0.020);
    reach("lastfm", "linear", 0.265, 0.205);
    reach("lastfm", "item_knn", 0.272, 0.213);
    reach("lastfm", "rp3beta", 0.276, 0.214);
    reach("lastfm", "ridge", 0.261, 0.207);
    reach("lastfm", "spectral", 0.265, 0.211);
    reach("lastfm", "userknn", 0.250, 0.196);
    reach("lastfm", "bpr", 0.250, 0.195);
    reach("lastfm", "ials", 0.282, 0.222);
    reach("lastfm", "fusion", 0.285, 0.225);
}

static bool is_long(void) {
    const char *wanted = getenv("GX_LONG");
    if (!wanted || strcmp(wanted, "1") != 0) {
        print_message("skipped: set GX_LONG=1 for the full check\n");
        return false;
    }
    return true;
}

static void gowalla(void **unused) {
    (void)unused;
    if (is_long()) {
        reach("gowalla", "popular", 0.0415, 0.0315);
        reach("gowalla", "linear", 0.185, 0.152);
        reach("gowalla", "item_knn", 0.160, 0.126);
        reach("gowalla", "bpr", 0.158, 0.133);
        reach("gowalla", "rp3beta", 0.173, 0.139);
        reach("gowalla", "ridge", 0.136, 0.119);
        reach("gowalla", "spectral", 0.186, 0.154);
        reach("gowalla", "userknn", 0.181, 0.152);
        reach("gowalla", "ials", 0.184, 0.153);
        reach("gowalla", "fusion", 0.196, 0.165);
    }
}

static void yelp2018(void **unused) {
    (void)unused;
    if (is_long()) {
        reach_with("yelp2018", "linear", "target_exponent", 0.5, 0.068, 0.056);
        reach("yelp2018", "item_knn", 0.0639, 0.0531);
        reach("yelp2018", "bpr", 0.0615, 0.0505);
        reach("yelp2018", "rp3beta", 0.063, 0.052);
        reach("yelp2018", "spectral", 0.0725, 0.0600);
        reach("yelp2018", "userknn", 0.058, 0.0483);
        reach("yelp2018", "ials", 0.067, 0.0555);
        reach("yelp2018", "fusion", 0.0715, 0.0592);
    }
}

static void douban_book(void **unused) {
    (void)unused;
    if (is_long()) {
        reach_with("douban-book", "linear", "target_exponent", 0.5, 0.173, 0.153);
        reach("douban-book", "item_knn", 0.189, 0.174);
        reach("douban-book", "rp3beta", 0.175, 0.154);
        reach("douban-book", "ridge", 0.207, 0.200);
        reach("douban-book", "spectral", 0.200, 0.185);
        reach("douban-book", "userknn", 0.149, 0.120);
        reach("douban-book", "ials", 0.185, 0.165);
        reach("douban-book", "fusion", 0.185, 0.165);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lastfm),
        cmocka_unit_test(gowalla),
        cmocka_unit_test(yelp2018),
        cmocka_unit_test(douban_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
