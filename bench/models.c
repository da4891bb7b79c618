/* Suite `models`: an iteration of implicit ALS, and top-20 lists for everybody. */
#include "bench/bench.h"
#include "models/model.h"

#include <stdio.h>

enum { FACTORS = 64, LONG = 6, TOP = 20, BLOCK = 256 };

typedef struct bed {
    gx_bench *bench;
    gx_matrix matrix;
    gx_input input;
    gx_job job;
    gx_arena *arena;
    gx_arrays *fit;
    const gx_model *model;
    int iterations;
    void *state;
} bed;

static gx_status fit(void *user, gx_error *err) {
    bed *b = user;
    gx_value params = gx_map(b->arena, 2);
    gx_map_put(b->arena, &params, "factors", gx_int(FACTORS));
    gx_map_put(b->arena, &params, "iterations", gx_int(b->iterations));
    return gx_pass_run(b->fit, &b->model->pass, NULL, &b->input, &params, &b->job, err);
}

static gx_status fresh(void *user, gx_error *err) {
    bed *b = user;
    gx_arrays_destroy(b->fit);
    b->fit = NULL;
    return gx_arrays_create(&b->fit, err);
}

/* The lists of everybody, what the member has left out; the scores of a block at a time. */
static gx_status everybody(void *user, gx_error *err) {
    bed *b = user;
    gx_status status = GX_OK;
    const gx_matrix *m = &b->matrix;
    gx_scored top[TOP];
    uint8_t *skip = gx_alloc0(m->cols, 1);
    float *scores = gx_alloc((size_t)BLOCK * m->cols, sizeof *scores);
    if (!skip || !scores) {
        status = gx_fail_memory(err, (size_t)BLOCK * m->cols * sizeof *scores);
    }
    for (uint32_t first = 0; status == GX_OK && first < m->rows; first += BLOCK) {
        uint32_t count = m->rows - first < BLOCK ? m->rows - first : BLOCK;
        status = b->model->score_block(scores, b->state, m, first, count, &b->job, err);
        for (uint32_t u = first; status == GX_OK && u < first + count; u++) {
            for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
                skip[m->col[k]] = 1;
            }
            gx_top(top, TOP, scores + (size_t)(u - first) * m->cols, m->cols, skip, -1e30f);
            for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
                skip[m->col[k]] = 0;
            }
        }
    }
    gx_free(skip);
    gx_free(scores);
    return status;
}

static void emit(const bed *b, gx_bench_line *line) {
    line->tool = "guanxi";
    line->graph = "train";
    line->threads = b->job.threads;
    line->input =
        gx_bench_hash(b->matrix.rows, b->matrix.col, b->matrix.nnz * sizeof *b->matrix.col);
    b->bench->emit(b->bench->user, line, b->bench->suite);
}

/* An iteration is the difference between a long fit and a short one: what a fit does once drops
 * out. */
static gx_status time_iteration(bed *b, gx_error *err) {
    gx_bench_line one = {.task = "als_iteration"}, many = {0};
    gx_status status = GX_OK;
    b->iterations = 1;
    GX_TRY(gx_bench_time(&one, b->bench->runs, fit, fresh, b, err));
    b->iterations = LONG;
    GX_TRY(gx_bench_time(&many, b->bench->runs, fit, fresh, b, err));
    one.wall_s = (many.wall_s - one.wall_s) / (LONG - 1);
    one.wall_min_s = (many.wall_min_s - one.wall_min_s) / (LONG - 1);
    one.cpu_s = (many.cpu_s - one.cpu_s) / (LONG - 1);
    one.rss_bytes = many.rss_bytes;
    one.value = FACTORS;
    one.value_name = "factors";
    emit(b, &one);
done:
    return status;
}

static gx_status time_lists(bed *b, gx_error *err) {
    gx_bench_line line = {.task = "top_20"};
    gx_status status = GX_OK;
    GX_TRY(b->model->open(&b->state, b->fit, b->model->pass.name, b->matrix.rows, b->matrix.cols,
                          err));
    GX_TRY(gx_bench_time(&line, b->bench->runs, everybody, NULL, b, err));
    line.value = (double)b->matrix.rows / line.cpu_s;
    line.value_name = "members_a_cpu_s";
    emit(b, &line);
done:
    if (b->state) {
        b->model->close(b->state);
    }
    return status;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    bed b = {.bench = bench, .model = gx_model_find("ials"), .arena = gx_arena_create()};
    gx_status status = GX_OK;
    char path[4096];
    gx_job_init(&b.job, bench->threads, bench->job->seed);
    if (!bench->data || !b.model || !b.arena) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "data",
                          "the suite models needs --data: a file of `user item item …` lines"));
    }
    snprintf(path, sizeof path, "%s", bench->data);
    GX_TRY(gx_bench_matrix(&b.matrix, path, bench->job, err));
    b.input = (gx_input){.matrix = &b.matrix, .users = b.matrix.rows, .items = b.matrix.cols};
    GX_TRY(time_iteration(&b, err));
    GX_TRY(time_lists(&b, err));
done:
    gx_arrays_destroy(b.fit);
    gx_matrix_finish(&b.matrix);
    gx_arena_destroy(b.arena);
    return status;
}

const gx_bench_task gx_bench_models = {
    .suite = "models",
    .summary = "an ALS iteration, and top-20 lists for everybody",
    .run = run,
};
