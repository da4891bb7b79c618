/* Suite `models`: an iteration of implicit ALS, by conjugate gradients and exactly, and top-20
 * lists for everybody; with peers, beside the package implicit (bench/peers/als_implicit.py).
 *
 * Both minimise implicit's loss, whose objective after ITERATIONS is the value of a line:
 *
 *   Σ_all s² + Σ_observed ((C − 1) s² − 2 C s + C) + λ (|W|² + |H|²),   s = w·h
 *
 * With y = C / (C − 1) that is guanxi's loss of factors shrunk by √y, at unobserved = 1 / (C − 1),
 * frequency 0 and regularisation λ / C. Each takes few enough steps to come as far: implicit its
 * usual 3, guanxi 2. */
#include "bench/bench.h"
#include "bench/graph.h"
#include "models/blas.h"
#include "models/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ITERATIONS = 6, TOP = 20, BLOCK = 4096, TILE = 4096, TASKS = 5, LISTS = TASKS - 1 };

static const double C = 100, LAMBDA = 100;
static const double AS_GOOD = 1.001; /* times the peer's objective */

static const struct {
    const char *name;
    int factors;
    bool exact;
} tasks[TASKS] = {{"als_64_cg", 64, false},
                  {"als_64_exact", 64, true},
                  {"als_128_cg", 128, false},
                  {"als_128_exact", 128, true},
                  {"top_20", 64, false}};

typedef struct bed {
    gx_bench *bench;
    gx_matrix matrix;
    gx_input input;
    gx_job job;
    gx_arena *arena;
    gx_arrays *fit;
    const gx_model *model;
    int task, iterations;
    void *state;
    gx_scored *lists; /* BLOCK × TOP */
    uint32_t *length;
    float *product; /* BLOCK × TILE: of the multiplication that is the measure of the machine */
    char how[120];
    gx_bench_line own[TASKS];
} bed;

static gx_status fit(void *user, gx_error *err) {
    bed *b = user;
    gx_value params = gx_map(b->arena, 8);
    gx_map_put(b->arena, &params, "factors", gx_int(tasks[b->task].factors));
    gx_map_put(b->arena, &params, "iterations", gx_int(b->iterations));
    gx_map_put(b->arena, &params, "solver", gx_str(tasks[b->task].exact ? "exact" : "cg"));
    gx_map_put(b->arena, &params, "steps", gx_int(2));
    gx_map_put(b->arena, &params, "frequency", gx_real(0));
    gx_map_put(b->arena, &params, "unobserved", gx_real(1 / (C - 1)));
    gx_map_put(b->arena, &params, "regularisation", gx_real(LAMBDA / C));
    return gx_pass_run(b->fit, &b->model->pass, NULL, &b->input, &params, &b->job, err);
}

static gx_status fresh(void *user, gx_error *err) {
    bed *b = user;
    gx_arrays_destroy(b->fit);
    b->fit = NULL;
    return gx_arrays_create(&b->fit, err);
}

/* ---- the objective ----------------------------------------------------------------------------
 */

static double cell(const float *factor, uint32_t rows, uint32_t d, uint32_t p, uint32_t q) {
    double sum = 0;
    for (uint32_t r = 0; r < rows; r++) {
        sum += (double)factor[(size_t)r * d + p] * (double)factor[(size_t)r * d + q];
    }
    return sum;
}

/* Of the fit; factors are √y times what the model has, so that a score is y times its own. */
static double objective(const bed *b, const gx_factors *f) {
    const double y = C / (C - 1);
    double all = 0, size = 0, observed = 0;
    for (uint32_t p = 0; p < f->d; p++) {
        for (uint32_t q = 0; q <= p; q++) {
            const double users = y * cell(f->user, f->users, f->d, p, q);
            const double items = y * cell(f->item, f->items, f->d, p, q);
            all += (p == q ? 1 : 2) * users * items;
            size += p == q ? users + items : 0;
        }
    }
    for (uint32_t u = 0; u < f->users; u++) {
        for (uint64_t k = b->matrix.ptr[u]; k < b->matrix.ptr[u + 1]; k++) {
            const float *item = f->item + (size_t)b->matrix.col[k] * f->d;
            double s = 0;
            for (uint32_t j = 0; j < f->d; j++) {
                s += (double)f->user[(size_t)u * f->d + j] * (double)item[j];
            }
            s *= y;
            observed += (C - 1) * s * s - 2 * C * s + C;
        }
    }
    return all + observed + LAMBDA * size;
}

/* ---- guanxi -----------------------------------------------------------------------------------
 */

/* The lists of everybody, what the member has left out. */
static gx_status everybody(void *user, gx_error *err) {
    bed *b = user;
    gx_status status = GX_OK;
    const gx_matrix *m = &b->matrix;
    for (uint32_t first = 0; status == GX_OK && first < m->rows; first += BLOCK) {
        uint32_t count = m->rows - first < BLOCK ? m->rows - first : BLOCK;
        status = gx_top_members(b->lists, b->length, TOP, b->model, b->state, m, m->cols, first,
                                count, NULL, &b->job, err);
    }
    return status;
}

/* All scores as one plain product a block of members, by the same BLAS on one thread, and nothing
 * else done. */
static gx_status multiply(void *user, gx_error *err) {
    bed *b = user;
    gx_factors f;
    (void)err;
    b->model->factors(&f, b->state);
    const int d = (int)f.d, before = gx__blas_enter();
    for (uint32_t first = 0; first < f.users; first += BLOCK) {
        const int count = (int)(f.users - first < BLOCK ? f.users - first : BLOCK);
        for (uint32_t from = 0; from < f.items; from += TILE) {
            const int width = (int)(f.items - from < TILE ? f.items - from : TILE);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, width, d, 1,
                        f.user + (size_t)first * f.d, d, f.item + (size_t)from * f.d, d, 0,
                        b->product, width);
        }
    }
    gx__blas_leave(before);
    return GX_OK;
}

static gx_status opened(bed *b, gx_error *err) {
    return b->model->open(&b->state, b->fit, b->model->pass.name, b->matrix.rows, b->matrix.cols,
                          err);
}

static void closed(bed *b) {
    if (b->state) {
        b->model->close(b->state);
    }
    b->state = NULL;
}

/* An iteration is the difference between a long fit and a short one: what a fit does once drops
 * out. */
static gx_status time_iteration(bed *b, int task, gx_error *err) {
    gx_bench_line *one = &b->own[task], many = {0};
    gx_status status = GX_OK;
    gx_factors factors;
    b->task = task;
    b->iterations = 1;
    GX_TRY(gx_bench_time(one, b->bench->runs, fit, fresh, b, err));
    b->iterations = ITERATIONS;
    GX_TRY(gx_bench_time(&many, b->bench->runs, fit, fresh, b, err));
    one->wall_s = (many.wall_s - one->wall_s) / (ITERATIONS - 1);
    one->wall_min_s = (many.wall_min_s - one->wall_min_s) / (ITERATIONS - 1);
    one->cpu_s = (many.cpu_s - one->cpu_s) / (ITERATIONS - 1);
    one->rss_bytes = many.rss_bytes;
    GX_TRY(opened(b, err));
    b->model->factors(&factors, b->state);
    one->value = objective(b, &factors);
    one->value_name = "objective";
done:
    closed(b);
    return status;
}

static gx_status time_lists(bed *b, gx_error *err) {
    gx_bench_line *line = &b->own[LISTS];
    gx_status status = GX_OK;
    b->task = LISTS;
    b->iterations = ITERATIONS;
    GX_TRY(fresh(b, err));
    GX_TRY(fit(b, err));
    GX_TRY(opened(b, err));
    gx_bench_line plain = {0};
    GX_TRY(gx_bench_time(line, b->bench->runs, everybody, NULL, b, err));
    GX_TRY(gx_bench_time(&plain, b->bench->runs, multiply, NULL, b, err));
    const double flops = 2.0 * b->matrix.rows * b->matrix.cols * tasks[LISTS].factors;
    snprintf(b->how, sizeof b->how,
             "%.1f Gflop a CPU s, %.2f of sgemm's %.1f in this run, lists made on the way",
             flops / line->cpu_s / 1e9, plain.cpu_s / line->cpu_s, flops / plain.cpu_s / 1e9);
    line->how = b->how;
    line->value = (double)b->matrix.rows / line->cpu_s;
    line->value_name = "members_a_cpu_s";
done:
    closed(b);
    return status;
}

/* ---- the peer ---------------------------------------------------------------------------------
 */

typedef struct call {
    const bed *bed;
    char script[4096], threads[16], runs[16], iterations[16];
} call;

static void become(void *user, int in, int out) {
    const call *c = user;
    const gx_bench *bench = c->bed->bench;
    (void)in;
    if (dup2(out, 1) >= 0) {
        execl(bench->python, bench->python, c->script, bench->data, c->threads, c->runs,
              c->iterations, (char *)NULL);
    }
    _exit(127);
}

static double real_of(const gx_value *map, const char *key) {
    double value = NAN;
    const gx_value *found = gx_map_get(map, key);
    return found && gx_value_as_real(found, &value) ? value : NAN;
}

static void emit(const bed *b, gx_bench_line *line, const char *task, const char *tool) {
    line->task = task;
    line->tool = tool;
    line->graph = "train";
    line->threads = b->job.threads;
    line->input =
        gx_bench_hash(b->matrix.rows, b->matrix.col, b->matrix.nnz * sizeof *b->matrix.col);
    b->bench->emit(b->bench->user, line, b->bench->suite);
}

/* One line of the peer's, and what it says of our own. */
static bool take(bed *b, const char *text) {
    gx_value map;
    bool any = false;
    if (gx_json_read(&map, b->arena, text, strlen(text), NULL) != GX_OK || map.type != GX_MAP) {
        return false;
    }
    const gx_value *version = gx_map_get(&map, "version");
    const gx_slice task = gx_bench_text(gx_map_get(&map, "task"));
    for (int t = 0; t < TASKS; t++) {
        gx_bench_line *own = &b->own[t];
        if (!gx_slice_is(task, tasks[t].name)) {
            continue;
        }
        gx_bench_line line = {.wall_s = real_of(&map, "wall_s"),
                              .wall_min_s = real_of(&map, "wall_min_s"),
                              .cpu_s = real_of(&map, "cpu_s"),
                              .value = real_of(&map, "value"),
                              .value_name = own->value_name,
                              .is_peer = true,
                              .version = version ? gx_bench_text(version).data : NULL};
        own->has_peer = true;
        own->ratio = own->wall_min_s / line.wall_min_s;
        own->agrees = t == LISTS || own->value <= AS_GOOD * line.value;
        line.equal = t == LISTS || line.value <= AS_GOOD * own->value;
        emit(b, &line, tasks[t].name, "implicit");
        any = true;
    }
    return any;
}

static gx_status ask_peer(bed *b, gx_error *err) {
    const gx_bench *bench = b->bench;
    call c = {.bed = b};
    gx__child child = {0};
    snprintf(c.script, sizeof c.script, "%s/als_implicit.py", bench->scripts);
    snprintf(c.threads, sizeof c.threads, "%d", b->job.threads);
    snprintf(c.runs, sizeof c.runs, "%d", bench->runs);
    snprintf(c.iterations, sizeof c.iterations, "%d", ITERATIONS);
    if (access(bench->python, X_OK) != 0 || access(c.script, R_OK) != 0) {
        bench->say(bench->user, "peer implicit: skipped, it is not installed");
        return GX_OK;
    }
    gx_status status = gx__child_start(&child, become, &c, "implicit", err);
    if (status != GX_OK) {
        return status;
    }
    FILE *answer = fdopen(dup(child.out), "r");
    char *line = NULL;
    size_t room = 0;
    int answers = 0;
    while (answer && getline(&line, &room, answer) > 0) {
        answers += take(b, line);
    }
    if (answers < TASKS) {
        bench->say(
            bench->user,
            "peer implicit: it ended after %d of %d tasks (what it said of it is above); the "
            "others have no peer",
            answers, TASKS);
    }
    free(line);
    if (answer) {
        fclose(answer);
    }
    gx__child_stop(&child);
    return GX_OK;
}

static gx_status run(gx_bench *bench, gx_error *err) {
    bed b = {.bench = bench, .model = gx_model_find("ials"), .arena = gx_arena_create()};
    gx_status status = GX_OK;
    gx_job_init(&b.job, bench->threads, bench->job->seed);
    b.lists = gx_alloc((size_t)BLOCK * TOP, sizeof *b.lists);
    b.length = gx_alloc(BLOCK, sizeof *b.length);
    b.product = gx_alloc((size_t)BLOCK * TILE, sizeof *b.product);
    if (!b.lists || !b.length || !b.product) {
        GX_TRY(gx_fail_memory(err, (size_t)BLOCK * TOP * sizeof *b.lists));
    }
    if (!bench->data || !b.model || !b.arena) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "data",
                          "the suite models needs --data: a file of `user item item …` lines"));
    }
    GX_TRY(gx_bench_matrix(&b.matrix, bench->data, bench->job, err));
    b.input = (gx_input){.matrix = &b.matrix, .users = b.matrix.rows, .items = b.matrix.cols};
    for (int t = 0; t < LISTS; t++) {
        GX_TRY(time_iteration(&b, t, err));
    }
    GX_TRY(time_lists(&b, err));
    if (bench->peers) {
        GX_TRY(ask_peer(&b, err));
    }
    for (int t = 0; t < TASKS; t++) {
        emit(&b, &b.own[t], tasks[t].name, "guanxi");
    }
done:
    gx_arrays_destroy(b.fit);
    gx_matrix_finish(&b.matrix);
    gx_arena_destroy(b.arena);
    gx_free(b.lists);
    gx_free(b.length);
    gx_free(b.product);
    return status;
}

const gx_bench_task gx_bench_models = {
    .suite = "models",
    .summary = "an ALS iteration, and top-20 lists for everybody",
    .run = run,
};
